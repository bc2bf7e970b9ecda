"""``python -m benchmarks.overhead --corpus FILE``: what of a training's time is not spent in the loops.

All workers together have workers x wall seconds, less those for which others had their cores. A part of them is spent
in the compiled training loops, which hold no lock of the interpreter and which more workers share; the rest is printed
here, in percent, for `train()` after `build_vocab()` and for the whole constructor, which counts the words first:

rest     not in the loops: the sum of
around   outside of `Worker.run`: arguments, encoding, jobs, threads, reports, the end of an epoch, where one worker
         has no more jobs and another finishes its last; in the constructor, the vocabulary and the weights
waiting  asleep inside it: no job there yet
held up  what was left out: a worker could have gone on, but had no core, as the calling thread had it, or another
         process, or another guest of the same host (in percent of workers x wall time); where this is more than a few
         percent the machine was not free, and the figures mean less

Each training runs in a process of its own (`overheadchild`); the cases take turns, and medians are shown.
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
WAYS = ("train", "constructor")
PARTS = ("rest", "around", "waiting", "held up")

Case = tuple[str, str, int, str]  # configuration, source, workers, call
Run = tuple[Case, dict[str, float]]


def shares(figures: dict[str, float], workers: int) -> dict[str, float]:
    """Return each of `PARTS` as a share of the workers' time."""
    whole = workers * figures["wall"]
    around = whole - figures["run"]
    waiting = figures["run"] - figures["loops"] - figures["held_up"]
    had = whole - figures["held_up"]
    return {
        "rest": (around + waiting) / had,
        "around": around / had,
        "waiting": waiting / had,
        "held up": figures["held_up"] / whole,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table of all combinations that the arguments name; return the exit status."""
    options = make_parser().parse_args(argv)
    try:
        with unpacked(options.corpus) as corpus:
            runs = list(trainings(options, os.path.abspath(corpus.path)))
    except (OSError, RuntimeError) as error:
        print(f"benchmarks.overhead: error: {error}", file=sys.stderr)
        return 1
    print(
        f"{machine.cpu_model()}, {machine.usable_cores()} cores; {corpus.name}: {corpus.tokens:,} tokens; "
        f"{options.epochs} epochs; medians of {options.repeat}"
    )
    print(", ".join(PARTS) + ": percent of the workers' time; see --help\n")
    print(aligned([["trainer", "from", "workers", "call", "wall s", *PARTS], *rows(runs)], left={0, 1, 3}))
    return 0


def trainings(options: argparse.Namespace, corpus: str) -> Iterator[Run]:
    """Yield the figures of each training that `options` ask for."""
    cases = list(itertools.product(options.only, options.sources, options.workers, options.ways))
    for round_number, case in itertools.product(range(options.repeat), cases):
        print(f"{round_number + 1}/{options.repeat}:", *case, file=sys.stderr, flush=True)
        configuration, source, workers, way = case
        chosen = parameters(configuration, {"epochs": options.epochs, "workers": workers, "seed": 1})
        job = {"corpus": corpus, "source": source, "way": way, "parameters": chosen}
        for call, seconds in run_module("benchmarks.overheadchild", json.dumps(job)).items():
            yield (configuration, source, workers, call), seconds


def rows(runs: Iterable[Run]) -> Iterator[list[str]]:
    """Yield a line of the table for each case, with the medians of its runs."""
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
    trainers = [name for name in CONFIGURATIONS if name not in SYNTHETIC]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.overhead",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--corpus", metavar="FILE", required=True, help="text of one sentence a line, plain or compressed"
    )
    parser.add_argument("--only", type=names(trainers), default=["sg", "cbow"], metavar="NAME,...",
                        help="of " + ", ".join(trainers) + " (default: sg,cbow)")  # fmt: skip
    parser.add_argument("--sources", type=names(SOURCES), default=list(SOURCES), metavar="NAME,...",
                        help="of " + ", ".join(SOURCES) + " (default: both)")  # fmt: skip
    parser.add_argument("--ways", type=names(WAYS), default=list(WAYS), metavar="NAME,...",
                        help="of " + ", ".join(WAYS) + " (default: both)")  # fmt: skip
    parser.add_argument("--workers", type=numbers, default=[1, 2], metavar="N,...", help="(default: 1,2)")
    parser.add_argument(
        "--epochs", type=number, default=COMMON["epochs"], metavar="N", help=f"(default: {COMMON['epochs']})"
    )
    parser.add_argument("--repeat", type=number, default=3, metavar="N", help="rounds (default: 3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
