"""Compare the speed and memory of two builds of fastw2v.

    python -m benchmarks.compare_builds OLD/bin/python NEW/bin/python --corpus FILE

Build A is installed for the first interpreter, build B for the second. Each training runs in a fresh process, and the
builds alternate (A B A B ...), so that a machine whose speed changes from minute to minute affects both alike. A build
that is not installed, such as a checkout with extensions built in place, is given as ``PYTHON:DIRECTORY``, where
DIRECTORY contains the package.

Measured for each configuration and number of workers, as medians over the rounds:

A s, B s    `model.total_train_time` of ``Word2Vec(corpus_file=FILE, ...)``, in seconds
A/B         the speed of B relative to A: below 1, B is slower
best A/B    the same ratio of the fastest rounds, on which other processes have the least influence
range       the smallest and the largest ratio of a single round, which show the noise
A MiB       the maximum resident set size of the process, and its ratio in the same sense: below 1, B needs more memory

The last line is the time that ``from fastw2v import Word2Vec`` takes, over all processes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks import configurations, machine
from benchmarks.arguments import names, number, numbers
from benchmarks.corpus import unpacked
from benchmarks.table import aligned

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    name: configurations.CONFIGURATIONS[name]
    for name in ("sg", "cbow", "sg-hs", "cbow-hs", "sg-shared-5", "sg-shared-10")
}

# Runs in the interpreter of a build, which need not have this package.
CHILD = """
import json, re, resource, sys, time
start = time.perf_counter()
from fastw2v import Word2Vec
import_seconds = time.perf_counter() - start
import fastw2v
model = Word2Vec(corpus_file=sys.argv[1], **json.loads(sys.argv[2]))
log = " ".join(str(event.get("msg", "")) for event in model.lifecycle_events)
print(json.dumps({
    "seconds": model.total_train_time,
    "import_seconds": import_seconds,
    "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    "raw_words": model.corpus_total_words * model.epochs,
    "effective_words": int(re.findall(r"\\((\\d+) effective words\\)", log)[-1]),
    "vocabulary": len(model.wv),
    "version": fastw2v.__version__,
    "package": fastw2v.__path__[0],
}))
"""


class Build(NamedTuple):
    """An interpreter, and the directory of the package if it is not installed."""

    python: str
    directory: str

    def train(self, corpus: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Train in a fresh process and return its figures."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        if self.directory:
            environment["PYTHONPATH"] = os.path.abspath(self.directory)
        command = [self.python, "-c", CHILD, corpus, json.dumps(parameters)]
        with tempfile.TemporaryDirectory() as directory:  # not the checkout, from which Python would import
            done = subprocess.run(command, env=environment, cwd=directory, capture_output=True, text=True)
        if done.returncode:
            last_lines = "\n".join(done.stderr.splitlines()[-5:])
            raise RuntimeError(f"{self.python} exited with status {done.returncode}:\n{last_lines}")
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures


Case = tuple[str, int]  # configuration, workers
Pair = tuple[dict[str, Any], dict[str, Any]]  # the figures of A and B in one round


def main(argv: Sequence[str] | None = None) -> int:
    """Compare the builds that the arguments name; return the exit status."""
    options = make_parser().parse_args(argv)
    common = {
        "vector_size": options.vector_size,
        "window": 5,
        "min_count": 5,
        "epochs": options.epochs,
        "seed": 1,
    }
    try:
        with unpacked(options.corpus) as corpus:
            pairs = measure(options, os.path.abspath(corpus.path), common)
    except (OSError, RuntimeError) as error:
        print(f"benchmarks.compare_builds: error: {error}", file=sys.stderr)
        return 1
    facts = machine.facts()
    print(f"machine   {facts['cpu']}, {facts['cores']} cores; {facts['system']}; {facts['date']}")
    for name, argument, figures in zip(
        "AB", (options.a, options.b), next(iter(pairs.values()))[0], strict=True
    ):
        commit = machine.commit(figures["package"]) if ":" in argument else None
        suffix = f", commit {commit}" if commit else ""
        print(f"build {name}   fastw2v {figures['version']} in {figures['package']}{suffix}")
    print(f"corpus    {corpus.name}: {corpus.tokens:,} words, {corpus.types:,} distinct")
    print("common    " + ", ".join(f"{name}={value}" for name, value in common.items()))
    print(
        f"figures   medians of {options.rounds} rounds; ratios A/B: below 1, B is slower or needs more memory\n"
    )
    print(aligned(rows(pairs), left={0}))
    return 0


def measure(options: argparse.Namespace, corpus: str, common: dict[str, Any]) -> dict[Case, list[Pair]]:
    """Train every case with both builds, round by round."""
    builds = [Build(*(text.partition(":")[::2])) for text in (options.a, options.b)]
    pairs: dict[Case, list[Pair]] = {
        (name, workers): [] for name in options.only for workers in options.workers
    }
    for round_number in range(options.rounds):
        for (name, workers), done in pairs.items():
            parameters = {**common, **CONFIGURATIONS[name], "workers": workers}
            a, b = (build.train(corpus, parameters) for build in builds)
            done.append((a, b))
            message = f"{round_number + 1}/{options.rounds}: {name} workers={workers}"
            print(f"{message}: {a['seconds']:.2f} s, {b['seconds']:.2f} s", file=sys.stderr, flush=True)
    return pairs


def rows(pairs: dict[Case, list[Pair]]) -> list[list[str]]:
    """Return the rows of the table."""
    table = [
        ["configuration", "workers", "vocabulary", "raw words", "effective words", "A s", "B s", "A/B", "best A/B",
         "range", "A MiB", "B MiB", "A/B"],
    ]  # fmt: skip
    for (name, workers), rounds in pairs.items():
        first = rounds[0][0]
        table.append(
            [
                name,
                str(workers),
                *(f"{first[figure]:,}" for figure in ("vocabulary", "raw_words", "effective_words")),
                *compare(rounds, "seconds"),
                *compare(rounds, "peak_bytes", scale=2.0**-20)[:3],
            ]
        )
    everything = [pair for rounds in pairs.values() for pair in rounds]
    return [*table, ["import", *["-"] * 4, *compare(everything, "import_seconds"), *["-"] * 3]]


def compare(rounds: list[Pair], figure: str, scale: float = 1.0) -> list[str]:
    """Return the medians of A and B, their ratio, the ratio of the best rounds, and the range of the ratios."""
    a, b = ([pair[i][figure] * scale for pair in rounds] for i in (0, 1))
    ratios = [x / y for x, y in zip(a, b, strict=True)]
    medians = statistics.median(a), statistics.median(b)
    figures = [*medians, medians[0] / medians[1], min(a) / min(b)]
    return [*(f"{value:.3f}" for value in figures), f"{min(ratios):.2f}-{max(ratios):.2f}"]


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare_builds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "a", metavar="A", help="interpreter of build A (the old one), as PYTHON or PYTHON:DIRECTORY"
    )
    parser.add_argument("b", metavar="B", help="interpreter of build B (the new one), likewise")
    parser.add_argument(
        "--corpus", metavar="FILE", required=True, help="text file with one sentence per line"
    )
    parser.add_argument(
        "--only", type=names(CONFIGURATIONS), default=list(CONFIGURATIONS), metavar="NAME,...",
        help="configurations to train, of " + ", ".join(CONFIGURATIONS) + " (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=numbers, default=[1, 2], metavar="N,...", help="numbers of workers (default: 1,2)"
    )
    parser.add_argument(
        "--vector-size", type=number, default=100, metavar="N", help="dimensions (default: 100)"
    )
    parser.add_argument("--epochs", type=number, default=1, metavar="N", help="epochs (default: 1)")
    parser.add_argument("--rounds", type=number, default=7, metavar="N", help="rounds (default: 7)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
