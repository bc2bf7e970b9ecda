"""Compare reproducible training with threads that share the weights, over several seeds.

    python -m benchmarks.reproducible --corpus FILE --evaluation DIR --results FILE

The table has these rows for skip-gram and for CBOW: one worker; several threads that update the shared weights without
locks ("shared weights"); and for each shape of a round, such as "8x16000", `reproducible=True` with as many threads, 8
virtual workers and 16,000 raw words of a round. Each training runs in a fresh process. Its figures are appended to the
results file, and trainings that are already there are skipped, as `benchmarks.seeds` does; several commands can share a
results file.

ns         processor time of `train` for each effective word, all threads together. Other processes can only lengthen
           it, so the smallest one over the seeds counts. The text is encoded before.
speed      the "ns" of shared weights, divided by that of the row
deficit    by how many standard deviations (over the seeds of one worker) the mean of a score is below that of one
           worker, for the score where this is the most; 0: no score is below
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import machine, measure, quality
from benchmarks.arguments import names, number, numbers, shape
from benchmarks.configurations import COMMON
from benchmarks.corpus import unpacked
from benchmarks.options import ARCHITECTURES
from benchmarks.results_file import Results, complete, results_parser
from benchmarks.table import markdown, mean_and_spread

ONE_WORKER = "one worker"
SHARED_WEIGHTS = "shared weights"
SHAPES = "8x16000,16x32000"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the trainings that are missing and print the table; return the exit status."""
    return complete("benchmarks.reproducible", make_parser(), argv, train_all, table)


def jobs(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield each training that is selected, ordered by seed, so that an early table has all rows."""
    settings: dict[str, dict[str, Any]] = {}
    if not options.rounds_only:
        settings = {ONE_WORKER: {"workers": 1}, SHARED_WEIGHTS: {"workers": options.threads}}
    for text in options.rounds.split(","):
        virtual_workers, round_words = shape(text)
        settings[text] = {
            "workers": options.threads,
            "reproducible": True,
            "virtual_workers": virtual_workers,
            "round_words": round_words,
        }
    for seed in options.seeds:
        for architecture in options.architectures:
            for training, setting in settings.items():
                yield {
                    "training": training,
                    "architecture": architecture,
                    "parameters": {
                        **COMMON,
                        "sg": ARCHITECTURES[architecture],
                        **({"epochs": options.epochs} if options.epochs else {}),
                        **setting,
                    },
                    "seed": seed,
                }


def train_all(options: argparse.Namespace, results: Results) -> None:
    """Run every training that `options` select and that is not in `results`."""
    from fastw2v.corpora import EncodedCorpus

    quality.check_directory(options.evaluation)
    evaluation = os.path.abspath(options.evaluation)
    with (
        unpacked(options.corpus) as corpus,
        tempfile.TemporaryDirectory(prefix="fastw2v-benchmark-") as directory,
    ):
        encoded = os.path.join(directory, "corpus.fw2v")
        for job in jobs(options):
            result = {**job, "corpus": corpus.name, "tokens": corpus.tokens}
            label = f"{job['architecture']} {job['training']} seed={job['seed']}"
            with results.claim(_key(result)) as claimed:
                if not claimed or _key(result) in map(_key, results.read()):
                    reason = "already in the results" if claimed else "running in another process"
                    print(f"{label}: {reason}", file=sys.stderr, flush=True)
                    continue
                print(f"{label} ...", file=sys.stderr, flush=True)
                if not os.path.exists(encoded):
                    EncodedCorpus.build(corpus.path, encoded, min_count=COMMON["min_count"])
                task = json.dumps({**job, "path": encoded, "evaluation": evaluation})
                figures = measure.run_module("benchmarks.reproducible_child", task, name=label)
                results.add({**result, **figures, "measured_on": machine.conditions()})


def _key(result: dict[str, Any]) -> str:
    """Return a string that identifies a training."""
    identifying = ("training", "architecture", "parameters", "seed", "corpus", "tokens")
    return json.dumps({name: result.get(name) for name in identifying}, sort_keys=True)


def table(results: list[dict[str, Any]]) -> str:
    """Return a table with the quality over the seeds and the time of each training.

    The rows are grouped by architecture, text and number of epochs, and in the order in which they were measured first.
    """
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for result in results:
        facts = json.dumps([result["corpus"], result["tokens"], result["parameters"]["epochs"]])
        threads = result["parameters"]["workers"]
        training = result["training"] if threads == 1 else f"{result['training']}, {threads} threads"
        groups.setdefault((result["architecture"], facts, training), []).append(result)
    measures = [name for name in quality.MEASURES if any(result.get(name) is not None for result in results)]
    rows = [["model", "tokens", "epochs", "training", "seeds", *measures, "deficit", "ns", "speed"]]
    for (architecture, facts, training), members in sorted(groups.items(), key=lambda item: item[0][:2]):
        _, tokens, epochs = json.loads(facts)
        threads = members[0]["parameters"]["workers"]
        one_worker = groups.get((architecture, facts, ONE_WORKER), [])
        shared = groups.get((architecture, facts, f"{SHARED_WEIGHTS}, {threads} threads"), [])
        rows.append(
            [
                architecture,
                f"{tokens:,}",
                str(epochs),
                training,
                str(len(members)),
                *(mean_and_spread([member.get(name) for member in members]) for name in measures),
                "-" if training == ONE_WORKER else deficit(members, one_worker, measures),
                f"{_ns(members):,.0f}",
                f"{_ns(shared) / _ns(members):.2f}" if shared else "-",
            ]
        )
    return markdown(rows, left={0, 3})


def deficit(members: list[dict[str, Any]], one_worker: list[dict[str, Any]], measures: Sequence[str]) -> str:
    """Return how far the worst score is below that of one worker, in standard deviations, with its name."""
    worst, where = 0.0, ""
    for name in measures:
        scores, usual = (
            [m[name] for m in group if m.get(name) is not None] for group in (members, one_worker)
        )
        if scores and len(usual) > 1 and statistics.stdev(usual) > 0:
            below = (statistics.mean(usual) - statistics.mean(scores)) / statistics.stdev(usual)
            if below > worst:
                worst, where = below, f" ({name})"
    return f"{worst:.1f}{where}" if len(one_worker) > 1 else "-"


def _ns(members: list[dict[str, Any]]) -> float:
    return float(min(1e9 * member["seconds"] / member["effective_words"] for member in members))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = results_parser("benchmarks.reproducible", __doc__)
    parser.add_argument(
        "--architectures", type=names(ARCHITECTURES), default=list(ARCHITECTURES), metavar="NAME,...",
        help="sg, cbow or both (default: sg,cbow)",
    )  # fmt: skip
    parser.add_argument(
        "--rounds", type=_shapes, default=SHAPES, metavar="VxW,...",
        help=f"virtual workers and raw words of a round (default: {SHAPES})",
    )  # fmt: skip
    parser.add_argument(
        "--rounds-only", action="store_true", help="leave out one worker and the shared weights"
    )
    parser.add_argument(
        "--threads", type=number, default=2, metavar="N", help="number of threads (default: 2)"
    )
    parser.add_argument(
        "--seeds", type=numbers, default=[1, 2, 3, 4, 5], metavar="N,...", help="seeds (default: 1,2,3,4,5)"
    )
    parser.add_argument(
        "--epochs", type=number, metavar="N", help=f"number of epochs (default: {COMMON['epochs']})"
    )
    return parser


def _shapes(text: str) -> str:
    """Check a list of shapes such as "8x16000,16x32000", and return it."""
    for part in text.split(","):
        shape(part)
    return text


if __name__ == "__main__":
    sys.exit(main())
