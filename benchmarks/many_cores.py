"""Measure how the training scales with the number of workers: ``python -m benchmarks.many_cores --corpus FILE``.

Each configuration is trained for one epoch with each number of workers, in fresh processes, and quality is measured if
`--evaluation` names a directory with evaluation sets. Beside the threads of one model, the same number of separate
processes train a model each with one worker. They share no rows, so their speed is what the machine can do: its cores
may share caches, memory and their clock rate. With the default of 3 million tokens and 1 to 16 workers, a machine with
16 cores needs less than 8 minutes.

On a machine with several NUMA nodes, the largest number of workers is trained a second time under ``numactl
--interleave=all``, if that is installed. These rows are named "interleaved".

s          seconds of training in one epoch, the median of the rounds
x one      how many times as fast as one worker
processes  how many times as fast as one worker as many separate processes are together
of limit   the ratio of these two
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine, quality
from benchmarks.arguments import names, number, numbers
from benchmarks.table import aligned
from fastw2v.common.files import open_input

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "sg": {"sg": 1},
    "cbow": {"sg": 0},
    "sg-shared-5": {"sg": 1, "shared_negatives": True},
    "sg-pool": {"sg": 1, "negative_pool": 1024},
    "cbow-pool": {"sg": 0, "negative_pool": 1024},
    "sg-hs": {"sg": 1, "hs": 1, "negative": 0},
}
DEFAULT = ("sg", "cbow", "sg-shared-5", "sg-pool")
ROOT = Path(__file__).resolve().parent.parent

INTERLEAVED = "interleaved "  # precedes the name of the configuration

Run = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the arguments select and print the table; return the exit status."""
    options = make_parser().parse_args(argv)
    try:
        if options.evaluation:
            quality.check_directory(options.evaluation)
        with tempfile.TemporaryDirectory(prefix="fastw2v-benchmark-") as directory:
            corpus = os.path.join(directory, "text")
            tokens = copy_tokens(options.corpus, corpus, options.tokens)
            runs = measure(options, corpus)
    except (OSError, RuntimeError) as error:
        print(f"benchmarks.many_cores: error: {error}", file=sys.stderr)
        return 1
    nodes = machine.numa_nodes()
    print(f"{machine.conditions()}; {nodes} NUMA node{'s' if nodes > 1 else ''}")
    print(f"{tokens:,} tokens, {options.dim} dimensions, one epoch, medians of {options.repeat} rounds\n")
    print(aligned(list(rows(runs)), left={0}))
    return 0


def copy_tokens(source: str, target: str, n: int) -> int:
    """Copy the first lines of a text, plain or compressed, until they have `n` tokens; return their number."""
    copied = 0
    with open_input(source) as lines, open(target, "wb") as file:
        for line in lines:
            file.write(line)
            copied += len(line.split())
            if copied >= n:
                break
    return copied


def measure(options: argparse.Namespace, corpus: str) -> dict[tuple[str, int], list[Run]]:
    """Return the rounds of each configuration and number of workers."""
    runs: dict[tuple[str, int], list[Run]] = {
        (name, workers): [] for name in options.only for workers in sorted({1, *options.workers})
    }
    interleave = numactl()
    if interleave and max(options.workers) > 1:
        runs.update({(INTERLEAVED + name, max(options.workers)): [] for name in options.only})
    for round_number in range(options.repeat):
        for (name, workers), done in runs.items():
            parameters = {
                **CONFIGURATIONS[name.removeprefix(INTERLEAVED)],
                "vector_size": options.dim,
                "epochs": 1,
                "seed": 1 + round_number,
            }
            job = {"corpus": corpus, "parameters": {**parameters, "workers": workers}}
            prefix = interleave if name.startswith(INTERLEAVED) else []
            (one,) = train_together({**job, "evaluation": options.evaluation}, 1, prefix)
            if prefix:
                one["processes"] = runs[name.removeprefix(INTERLEAVED), workers][-1]["processes"]
            elif workers > 1:
                alone = train_together({**job, "parameters": {**parameters, "workers": 1}}, workers)
                one["processes"] = statistics.mean(each["seconds"] for each in alone)
            else:
                one["processes"] = one["seconds"]
            done.append(one)
            print(
                f"{round_number + 1}/{options.repeat}: {name} workers={workers}: {one['seconds']:.2f} s",
                file=sys.stderr,
                flush=True,
            )
    return runs


def numactl() -> list[str]:
    """Return the command that interleaves the memory of a program; empty with one NUMA node or without numactl."""
    program = shutil.which("numactl") if machine.numa_nodes() > 1 else None
    return [program, "--interleave=all"] if program else []


def train_together(job: dict[str, Any], n: int, prefix: Sequence[str] = ()) -> list[Run]:
    """Train a model in each of `n` processes, which start their training together; return their figures.

    `prefix` is a command that runs the program, such as ``numactl``.
    """
    command = [*prefix, sys.executable, "-m", "benchmarks.many_cores_child", json.dumps(job)]
    processes = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(n)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()  # the vocabulary is built, or the process has failed
        for process in processes:
            assert process.stdin is not None
            try:
                process.stdin.write("\n")
                process.stdin.flush()
            except BrokenPipeError:
                pass  # the process has failed, and says below why
        figures = []
        for process in processes:
            output, errors = process.communicate()
            if process.returncode:
                last_lines = "\n".join(errors.splitlines()[-5:])
                raise RuntimeError(f"a training exited with status {process.returncode}:\n{last_lines}")
            figures.append(json.loads(output))
        return figures
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.communicate()


def rows(runs: dict[tuple[str, int], list[Run]]) -> Iterator[list[str]]:
    """Yield the rows of the table."""
    measures = [
        name for name in quality.MEASURES if any(name in one for rounds in runs.values() for one in rounds)
    ]
    yield ["configuration", "workers", "s", "x one", "processes", "of limit", *measures]
    for (name, workers), rounds in runs.items():
        one = statistics.median(each["seconds"] for each in runs[name.removeprefix(INTERLEAVED), 1])
        seconds, alone = (statistics.median(each[key] for each in rounds) for key in ("seconds", "processes"))
        limit = workers * one / alone
        scores = (statistics.mean(each.get(score) or 0.0 for each in rounds) for score in measures)
        yield [
            name,
            str(workers),
            f"{seconds:.2f}",
            f"{one / seconds:.2f}",
            f"{limit:.2f}",
            f"{one / seconds / limit:.2f}",
            *(f"{score:.3f}" for score in scores),
        ]


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.many_cores",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--corpus",
        metavar="FILE",
        required=True,
        help="text file with one sentence per line, plain or compressed",
    )
    parser.add_argument("--evaluation", metavar="DIR", help="directory with evaluation sets")
    parser.add_argument(
        "--only", type=names(CONFIGURATIONS), default=list(DEFAULT), metavar="NAME,...",
        help="configurations, of " + ", ".join(CONFIGURATIONS) + " (default: " + ",".join(DEFAULT) + ")",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=numbers, default=[1, 2, 4, 8, 16], metavar="N,...",
        help="numbers of threads (default: 1,2,4,8,16); 1 is always among them",
    )  # fmt: skip
    parser.add_argument("--dim", type=number, default=100, metavar="N", help="dimensions (default: 100)")
    parser.add_argument(
        "--tokens", type=number, default=3_000_000, metavar="N",
        help="train on the first N tokens of the text (default: 3000000)",
    )  # fmt: skip
    parser.add_argument("--repeat", type=number, default=2, metavar="N", help="number of rounds (default: 2)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
