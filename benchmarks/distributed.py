"""Compare distributed training with one process, with gensim and with the Word2Vec of Spark.

    python -m benchmarks.distributed --corpus FILE --evaluation DIR --results FILE

Each training is skip-gram and runs in a fresh process. Its name says what it is:

fastw2v:N    one process with N workers
group:N:W    `fastw2v.distributed` with N members (threads of one process) of one worker each, which merge their
             replicas every W words of a member; W is a number, or "epoch" for one merge at the end of each epoch
gensim:N     gensim with N workers and `corpus_file`
spark:N      `pyspark.ml.feature.Word2Vec` with N partitions on N threads of this machine (needs pyspark and Java). It
             has hierarchical softmax only and no downsampling of frequent words, and merges its partitions once an
             epoch

The figures are appended to the results file, and trainings that are already there are skipped, as `benchmarks.seeds`
does. The columns of the table are:

words/s    raw words for each second of processor time from the text to the vectors, as other work of the machine
           disturbs processor time less than elapsed time; the largest over the seeds. A group of N members on N cores
           trains up to N times as many words in a second. The processor time of Spark needs Linux
bytes      what a member gives to allreduce for each raw word that it trains
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import machine, measure, quality
from benchmarks.arguments import number, numbers
from benchmarks.configurations import COMMON
from benchmarks.corpus import unpacked
from benchmarks.results_file import Results, complete, results_parser
from benchmarks.table import markdown, mean_and_spread

TRAINERS = ("fastw2v", "group", "gensim", "spark")
EPOCH = "epoch"
# A pool of BLAS threads would spend processor time on waiting between the small products of the merges.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
DEFAULTS = (
    "fastw2v:1", "fastw2v:2", "fastw2v:4",
    *(f"group:{members}:{words}" for members in (2, 4) for words in (2500, 5000, 20000, 80000, 320000, EPOCH)),
    "gensim:1", "gensim:2", "spark:1", "spark:2", "spark:4",
)  # fmt: skip


@dataclass(frozen=True)
class Training:
    """One training: who trains, with how many workers, members or partitions, and how often a group merges."""

    trainer: str
    size: int
    words: int | str | None = None


def training(text: str) -> Training:
    """Parse the name of a training.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    trainer, *rest = text.split(":")
    if trainer not in TRAINERS or len(rest) != (2 if trainer == "group" else 1):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a training such as fastw2v:2, group:2:5000, gensim:2 or spark:2"
        )
    words = None if trainer != "group" else EPOCH if rest[1] == EPOCH else number(rest[1])
    return Training(trainer, number(rest[0]), words)


def trainings(text: str) -> list[Training]:
    """Parse a list of trainings."""
    return [training(part) for part in text.split(",")]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the trainings that are missing and print the table; return the exit status."""
    return complete("benchmarks.distributed", make_parser(), argv, train_all, table)


def train_all(options: argparse.Namespace, results: Results) -> None:
    """Run every training that `options` select and that is not in `results`."""
    quality.check_directory(options.evaluation)
    evaluation = os.path.abspath(options.evaluation)
    parameters = {**COMMON, "sg": 1, "vector_size": options.dim, "epochs": options.epochs}
    with unpacked(options.corpus) as corpus:
        for seed in options.seeds:
            for chosen in options.trainings:
                facts = {
                    "parameters": {**parameters, "seed": seed},
                    "corpus": corpus.name,
                    "tokens": corpus.tokens,
                }
                row = {**asdict(chosen), **facts}
                with results.claim(_key(row)) as claimed:
                    if not claimed or _key(row) in map(_key, results.read()):
                        continue
                    label = ":".join(str(part) for part in asdict(chosen).values() if part is not None)
                    print(f"{label} seed={seed} ...", file=sys.stderr, flush=True)
                    task = json.dumps({**row, "path": os.path.abspath(corpus.path), "evaluation": evaluation})
                    figures = measure.run_module(
                        "benchmarks.distributed_child", task, name=label, settings=ENVIRONMENT
                    )
                    results.add({**row, **figures, "measured_on": machine.conditions()})


def _key(result: dict[str, Any]) -> str:
    """Return a string that identifies a training."""
    identifying = ("trainer", "size", "words", "parameters", "corpus", "tokens")
    return json.dumps({name: result[name] for name in identifying}, sort_keys=True)


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return a table with a row for each training: means and standard deviations over the seeds."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for result in results:
        place = TRAINERS.index(result["trainer"])
        words = result["tokens"] if result["words"] == EPOCH else result["words"] or 0
        rest = json.dumps([result["corpus"], {**result["parameters"], "seed": None}], sort_keys=True)
        groups.setdefault((place, result["size"], words, rest), []).append(result)
    rows = [["trainer", "size", "merged every", "seeds", *quality.MEASURES, "words/s", "bytes"]]
    for key in sorted(groups):
        members = groups[key]
        first = members[0]
        every = f"{first['words']:,}" if isinstance(first["words"], int) else first["words"] or ""
        bytes_per_word = first.get("bytes_per_word")
        rows.append(
            [
                first["trainer"],
                str(first["size"]),
                every,
                str(len(members)),
                *(mean_and_spread([member.get(name) for member in members]) for name in quality.MEASURES),
                f"{max(member['words_per_second'] for member in members):,.0f}",
                "" if bytes_per_word is None else f"{bytes_per_word:,.0f}",
            ]
        )
    return markdown(rows, left={0})


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = results_parser("benchmarks.distributed", __doc__)
    parser.add_argument(
        "--trainings", type=trainings, default=[training(name) for name in DEFAULTS], metavar="NAME,...",
        help="trainings, as described above (default: " + ",".join(DEFAULTS) + ")",
    )  # fmt: skip
    parser.add_argument("--seeds", type=numbers, default=[1], metavar="N,...", help="seeds (default: 1)")
    parser.add_argument("--dim", type=number, default=100, metavar="N", help="dimensions (default: 100)")
    parser.add_argument("--epochs", type=number, default=1, metavar="N", help="number of epochs (default: 1)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
