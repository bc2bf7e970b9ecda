"""``python -m benchmarks.seeds --corpus FILE --evaluation DIR --results FILE``: quality over seeds.

Each training of configurations x negatives x workers x seeds runs in a fresh process, and becomes one line of
JSON at the end of the file of results. What that file holds already is not run again, so that the command may be
stopped and started at will; several may run at once on one file, since each training is claimed by a lock that
the system takes back when its holder ends. Then the table: mean and standard deviation over the seeds, of all
trainings in the file. Trainings of another state of the library belong into another file.
"""

from __future__ import annotations

import argparse
import fcntl
import itertools
import json
import os
import statistics
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import measure, quality
from benchmarks.adapters import ADAPTERS
from benchmarks.arguments import names, number, numbers
from benchmarks.configurations import COMMON, CONFIGURATIONS, parameters
from benchmarks.corpus import unpacked
from benchmarks.table import markdown

# Beside seed and workers, these tell one line of the table from another.
_GROUP = ("configuration", "library", "negative", "workers")
_SPEED = "effective_words_per_second"


def main(argv: Sequence[str] | None = None) -> int:
    """Train what is missing and print the table; return the exit status."""
    parser = make_parser()
    options = parser.parse_args(argv)
    if not options.table and not (options.corpus and options.evaluation):
        parser.error("--corpus and --evaluation are needed, unless --table only prints what is there")
    results = Results(options.results)
    try:
        if not options.table:
            train_all(options, results)
    except (OSError, RuntimeError) as error:
        print(f"benchmarks.seeds: error: {error}", file=sys.stderr)
        return 1
    print(table(results.read()))
    return 0


class Results:
    """A file of results, one line of JSON each, that several processes add to."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def read(self) -> list[dict[str, Any]]:
        """Return all results; the last line does not count while somebody writes it."""
        if not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def add(self, result: dict[str, Any]) -> None:
        """Append one result, by one write, as a line."""
        line = (json.dumps(result) + "\n").encode()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    @contextmanager
    def claim(self, key: str) -> Iterator[bool]:
        """Claim the training of that key: False if another process has done so and is at it.

        A claim is a lock on one byte of a file beside the results, which the system gives up with the process.
        """
        with open(f"{self._path}.lock", "ab") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, zlib.crc32(key.encode()))
            except OSError:
                yield False
                return
            yield True


def train_all(options: argparse.Namespace, results: Results) -> None:
    """Run every training that `options` ask for and `results` lack, seed by seed."""
    quality.check_directory(options.evaluation)
    evaluation = os.path.abspath(options.evaluation)
    with unpacked(options.corpus) as corpus:
        for job in jobs(options):
            chosen = job["parameters"]
            key = _key(job | {"corpus": corpus.name, "tokens": corpus.tokens})
            told = " ".join(f"{name}={chosen[name]}" for name in ("negative", "workers", "seed"))
            told = f"{job['configuration']} {job['library']} {told}"
            with results.claim(key) as mine:
                if not mine or key in map(_key, results.read()):
                    print(f"{told}: {'there' if mine else 'claimed'}", file=sys.stderr, flush=True)
                    continue
                print(f"{told} ...", file=sys.stderr, flush=True)
                figures = measure.run_child(
                    {
                        "library": job["library"],
                        "corpus": corpus.path,
                        "parameters": chosen,
                        "evaluation": evaluation,
                    }
                )
                results.add({**job, "corpus": corpus.name, "tokens": corpus.tokens, **figures})


def jobs(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield each training once, those of the first seed first."""
    seen: set[str] = set()
    combinations = itertools.product(
        options.seeds, options.config, options.negative or [None], options.workers, options.libraries
    )
    for seed, configuration, negative, workers, library in combinations:
        overrides = {"epochs": options.epochs} if options.epochs else {}
        chosen = parameters(configuration, overrides, library)
        if negative and chosen["negative"]:
            chosen["negative"] = negative
        job = {
            "configuration": configuration,
            "library": library,
            "parameters": {**chosen, "workers": workers, "seed": seed},
        }
        if _key(job) not in seen:
            seen.add(_key(job))
            yield job


def _key(job: dict[str, Any]) -> str:
    """What tells a training from all others."""
    names = ("configuration", "library", "parameters", "corpus", "tokens")
    return json.dumps({name: job.get(name) for name in names}, sort_keys=True)


def table(results: list[dict[str, Any]]) -> str:
    """Return mean and standard deviation of each measure over the seeds, a line for each kind of training."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        alike = {**result["parameters"], "seed": None}
        groups.setdefault(_key({**result, "parameters": alike}), []).append(result)
    measures = [name for name in quality.MEASURES if any(result.get(name) is not None for result in results)]
    rows = [[*_GROUP, "seeds", *measures, "eff kw/s"]]
    for members in groups.values():
        facts = {**members[0]["parameters"], **members[0]}
        rows.append(
            [str(facts[name]) for name in _GROUP]
            + [str(len(members))]
            + [_mean_and_spread([member.get(name) for member in members]) for name in measures]
            + [f"{statistics.mean(member[_SPEED] for member in members) / 1e3:,.0f}"]
        )
    return markdown(rows, left={0, 1})


def _mean_and_spread(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    spread = f" ± {statistics.stdev(known):.4f}" if len(known) > 1 else ""
    return f"{statistics.mean(known):.4f}{spread}"


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seeds", description=__doc__)
    parser.add_argument(
        "--results", metavar="FILE", required=True, help="lines of JSON; what is there is not run again"
    )
    parser.add_argument("--corpus", metavar="FILE", help="text of one sentence a line, plain or compressed")
    parser.add_argument("--evaluation", metavar="DIR", help="directory of analogies and pairs of words")
    parser.add_argument(
        "--config", type=names(CONFIGURATIONS), default=["sg", "sg-shared"], metavar="NAME,...",
        help="of " + ", ".join(CONFIGURATIONS) + " (default: sg,sg-shared)",
    )  # fmt: skip
    parser.add_argument(
        "--negative", type=numbers, metavar="K,...",
        help="negatives, in place of what each configuration has; those without keep none",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=numbers, default=[1, 2], metavar="N,...", help="threads (default: 1,2)"
    )
    parser.add_argument(
        "--seeds", type=numbers, default=[1, 2, 3, 4, 5], metavar="N,...", help="(default: 1,2,3,4,5)"
    )
    parser.add_argument(
        "--libraries", type=names(ADAPTERS), default=["fastw2v"], metavar="NAME,...",
        help="of " + ", ".join(ADAPTERS) + " (default: fastw2v)",
    )  # fmt: skip
    parser.add_argument("--epochs", type=number, metavar="N", help=f"in place of {COMMON['epochs']}")
    parser.add_argument("--table", action="store_true", help="only print the table of what is there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
