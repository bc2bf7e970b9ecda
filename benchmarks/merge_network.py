"""Measure merges of replicas between hosts: ``python -m benchmarks.merge_network`` (Linux, root).

The hosts are network namespaces of this machine (`network_hosts`), with each bandwidth and delay that the arguments
name. Nothing is trained: the members merge matrices of random rows as `fastw2v.distributed` does, for one period of the
schedule, and then all rows. "ring" is the communicator of Ray and Spark; "mpi" is Open MPI over TCP, started by
``mpirun``, which must be on the PATH together with mpi4py.

ms 1st    a merge of the most frequent rows only, the median
ms mean   a merge on the average over the schedule
ms all    a merge of all rows, as at the end of an epoch
MB        what a member gives to allreduce in a merge, on the average over the schedule
words/s   the speed of a member's training at which merging takes as long as training: a faster one waits for merges
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.arguments import names, number, numbers
from benchmarks.network_hosts import Host, check_possible, hosts
from benchmarks.table import aligned

ENGINES = ("ring", "mpi")
ROOT = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 300  # of the merges of one setting


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the arguments select and print the table; return the exit status."""
    options = make_parser().parse_args(argv)
    found = []
    try:
        check_possible()
        if "mpi" in options.engines and shutil.which("mpirun") is None:
            raise RuntimeError('mpirun is not on the PATH; install "fastw2v[mpi]" or choose --engines ring')
        print(machine.conditions())
        for size in options.members:
            for rate in options.rates:
                for delay in options.delays:
                    with hosts(size, rate, delay / 1000) as made:
                        for engine in options.engines:
                            found.append(
                                [str(size), rate, f"{delay:g}", engine, *measure(made, engine, options)]
                            )
                            print(" ".join(found[-1]), file=sys.stderr)
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        print(f"benchmarks.merge_network: error: {error}", file=sys.stderr)
        return 1
    print(
        f"{options.rows:,} rows of {options.dim} numbers in two matrices, a merge every {options.words:,} words of a "
        f"member, {options.frequent_rows:,} rows and more\n"
    )
    titles = ["hosts", "rate", "delay ms", "engine", "ms 1st", "ms mean", "ms all", "MB", "words/s"]
    print(aligned([titles, *found], left={1, 3}))
    return 0


def measure(made: Sequence[Host], engine: str, options: argparse.Namespace) -> list[str]:
    """Return the figures of one setting."""
    job = {
        "engine": engine,
        "size": len(made),
        "rows": options.rows,
        "dim": options.dim,
        "frequent_rows": options.frequent_rows,
        "merges": options.merges,
    }
    figures = (run_mpi if engine == "mpi" else run_ring)(made, job)
    return [
        *(f"{figures[name] * 1000:.1f}" for name in ("smallest", "mean", "complete")),
        f"{figures['bytes'] / 1e6:.2f}",
        f"{options.words / figures['mean']:,.0f}",
    ]


def child(job: dict[str, Any]) -> list[str]:
    """Return the command of a member."""
    return [sys.executable, "-m", "benchmarks.merge_network_child", json.dumps(job)]


def run_ring(made: Sequence[Host], job: dict[str, Any]) -> dict[str, float]:
    """Start a process on each host, and pass on the texts that they exchange."""
    processes = [
        subprocess.Popen(
            host.command("timeout", str(LIMIT_SECONDS), *child({**job, "rank": rank, "address": host.address})),
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for rank, host in enumerate(made)
    ]  # fmt: skip
    try:
        for _ in range(2):
            texts = [read_line(process) for process in processes]
            for process in processes:
                assert process.stdin is not None
                process.stdin.write(json.dumps(texts) + "\n")
                process.stdin.flush()
        figures: dict[str, float] = read_line(processes[0])
        for process in processes:
            process.wait(timeout=30)
        return figures
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def read_line(process: subprocess.Popen[str]) -> Any:
    """Return the next line of JSON that a process prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a member has ended without a result; its error is above")
    return json.loads(line)


def run_mpi(made: Sequence[Host], job: dict[str, Any]) -> dict[str, float]:
    """Start ``mpirun`` on the first host; it starts its processes on the others by a command in place of ssh."""
    with tempfile.TemporaryDirectory(prefix="fastw2v-benchmark-") as folder:
        agent = Path(folder, "agent")
        cases = [f'{host.address}) set -- {host.namespace} "$*" ;;' for host in made]
        agent.write_text(
            "#!/bin/sh\naddress=$1\nshift\ncase $address in\n" + "\n".join(cases) + "\nesac\n"
            'exec ip netns exec "$1" unshare --uts sh -c "hostname $1; exec sh -c \'$2\'"\n'
        )
        agent.chmod(0o700)
        command = [
            "mpirun", "-n", str(len(made)), "--host", ",".join(f"{host.address}:1" for host in made),
            "--bind-to", "none", "--prtemca", "plm_ssh_agent", str(agent),
            "--mca", "pml", "ob1", "--mca", "btl", "tcp,self", "-x", "PYTHONPATH",
            # The hosts share the cores: a process that spins would keep the kernel from moving its packets.
            "--mca", "mpi_yield_when_idle", "1",
            # Large messages would go in pieces, each of which waits until the other process has a core.
            "--mca", "btl_tcp_eager_limit", str(1 << 22), *child(job),
        ]  # fmt: skip
        environment = {
            "PYTHONPATH": "",
            **os.environ,
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        }
        done = subprocess.run(
            made[0].command("timeout", str(LIMIT_SECONDS), *command),
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS + 10,
        )  # fmt: skip
    if done.returncode:
        last_lines = "\n".join(done.stderr.splitlines()[-5:])
        raise RuntimeError(f"mpirun exited with status {done.returncode}:\n{last_lines}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    figures: dict[str, float] = json.loads(lines[-1])
    return figures


def delays(text: str) -> list[float]:
    """Parse a list of milliseconds such as "0,0.5"."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of milliseconds such as 0,0.5") from None


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.merge_network",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--members", type=numbers, default=[2], metavar="N,...", help="hosts (default: 2)")
    parser.add_argument(
        "--rates", type=lambda text: text.split(","), default=["10gbit", "1gbit", "100mbit"], metavar="RATE,...",
        help="what a host can send, as tc takes it (default: 10gbit,1gbit,100mbit)",
    )  # fmt: skip
    parser.add_argument(
        "--delays", type=delays, default=[0.0], metavar="MS,...",
        help="milliseconds from host to host (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--engines", type=names(ENGINES), default=list(ENGINES), metavar="NAME,...",
        help="engines, of ring and mpi (default: both)",
    )  # fmt: skip
    parser.add_argument("--rows", type=number, default=74_036, metavar="N", help="words (default: 74036)")
    parser.add_argument("--dim", type=number, default=100, metavar="N", help="dimensions (default: 100)")
    parser.add_argument("--frequent-rows", type=number, default=256, metavar="N", help="default: 256")
    parser.add_argument(
        "--words", type=number, default=5_000, metavar="N",
        help="words between two merges, for the last column (default: 5000)",
    )  # fmt: skip
    parser.add_argument(
        "--merges", type=number, default=64, metavar="N",
        help="merges of the schedule that are timed (default: 64)",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
