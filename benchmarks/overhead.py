"""Measure the time that a training spends outside its loops: ``python -m benchmarks.overhead --corpus FILE``.

The time available to all workers is (number of workers) x (wall time), minus the time in which they were preempted.
They spend most of it in the compiled training loops, which run without the GIL. The rest is printed in percent, for
`train()` after `build_vocab()` and for the whole constructor, which also builds the vocabulary:

overhead   the time outside the loops: the sum of the next two columns
around     outside `Worker.run`: arguments, encoding, jobs, threads, reports, the vocabulary and the weights in the
           constructor, and the end of an epoch, when some workers have finished and others have not
waiting    inside `Worker.run`, waiting for a job
preempted  in percent of (number of workers) x (wall time): a worker was ready to run but had no core, because the
           calling thread, another process or another guest of the host used it. If this is more than a few percent,
           the machine was busy, and the other figures are less reliable

Each training runs in a fresh process (`overhead_child`). The cases alternate, and medians are shown.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence

from benchmarks import machine
from benchmarks.arguments import names, number, numbers
from benchmarks.configurations import COMMON, CONFIGURATIONS, SYNTHETIC, parameters
from benchmarks.corpus import unpacked
from benchmarks.measure import run_module
from benchmarks.table import aligned

SOURCES = ("file", "list")
CALLS = ("train", "constructor")
PARTS = ("overhead", "around", "waiting", "preempted")

Case = tuple[str, str, int, str]  # configuration, source, workers, call
Run = tuple[Case, dict[str, float]]


def shares(figures: dict[str, float], workers: int) -> dict[str, float]:
    """Return each of `PARTS` as a fraction of the time of the workers."""
    total = workers * figures["wall"]
    around = total - figures["run"]
    waiting = figures["run"] - figures["loops"] - figures["preempted"]
    available = total - figures["preempted"]
    return {
        "overhead": (around + waiting) / available,
        "around": around / available,
        "waiting": waiting / available,
        "preempted": figures["preempted"] / total,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table of all combinations that the arguments select; return the exit status."""
    options = make_parser().parse_args(argv)
    try:
        with unpacked(options.corpus) as corpus:
            runs = list(trainings(options, os.path.abspath(corpus.path)))
    except (OSError, RuntimeError) as error:
        print(f"benchmarks.overhead: error: {error}", file=sys.stderr)
        return 1
    print(
        f"{machine.conditions()}\n{corpus.name}: {corpus.tokens:,} tokens, {corpus.types:,} types; "
        f"{COMMON['vector_size']} dimensions unless the name says otherwise; {options.epochs} epochs; "
        f"medians of {options.repeat} rounds"
    )
    print(", ".join(PARTS) + ": percent of the time of the workers; see --help\n")
    print(
        aligned(
            [["configuration", "corpus", "workers", "call", "wall s", *PARTS], *rows(runs)], left={0, 1, 3}
        )
    )
    return 0


def trainings(options: argparse.Namespace, corpus: str) -> Iterator[Run]:
    """Yield the figures of each training that `options` select."""
    cases = list(itertools.product(options.only, options.sources, options.workers, options.calls))
    for round_number, case in itertools.product(range(options.repeat), cases):
        print(f"{round_number + 1}/{options.repeat}:", *case, file=sys.stderr, flush=True)
        configuration, source, workers, call = case
        chosen = parameters(configuration, {"epochs": options.epochs, "workers": workers, "seed": 1})
        job = {"corpus": corpus, "source": source, "call": call, "parameters": chosen}
        for measured_call, seconds in run_module("benchmarks.overhead_child", json.dumps(job)).items():
            yield (configuration, source, workers, measured_call), seconds


def rows(runs: Iterable[Run]) -> Iterator[list[str]]:
    """Yield a row of the table for each case, with the medians of its runs."""
    cases: dict[Case, list[dict[str, float]]] = {}
    for case, seconds in runs:
        cases.setdefault(case, []).append(seconds)
    for (configuration, source, workers, call), rounds in cases.items():
        parts = [shares(seconds, workers) for seconds in rounds]
        wall = statistics.median(seconds["wall"] for seconds in rounds)
        medians = [statistics.median(each[part] for each in parts) for part in PARTS]
        yield [
            configuration, source, str(workers), call, f"{wall:.2f}", *(f"{100 * share:.1f}" for share in medians),
        ]  # fmt: skip


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    trainers = [name for name in CONFIGURATIONS if name not in SYNTHETIC]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.overhead",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--corpus",
        metavar="FILE",
        required=True,
        help="text file with one sentence per line, plain or compressed",
    )
    parser.add_argument("--only", type=names(trainers), default=["sg", "cbow"], metavar="NAME,...",
                        help="configurations, of " + ", ".join(trainers) + " (default: sg,cbow)")  # fmt: skip
    parser.add_argument("--sources", type=names(SOURCES), default=list(SOURCES), metavar="NAME,...",
                        help="kinds of corpus, of " + ", ".join(SOURCES) + " (default: both)")  # fmt: skip
    parser.add_argument("--calls", type=names(CALLS), default=list(CALLS), metavar="NAME,...",
                        help="calls to measure, of " + ", ".join(CALLS) + " (default: both)")  # fmt: skip
    parser.add_argument(
        "--workers", type=numbers, default=[1, 2], metavar="N,...", help="numbers of workers (default: 1,2)"
    )
    parser.add_argument(
        "--epochs",
        type=number,
        default=COMMON["epochs"],
        metavar="N",
        help=f"number of epochs (default: {COMMON['epochs']})",
    )
    parser.add_argument("--repeat", type=number, default=3, metavar="N", help="number of rounds (default: 3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
