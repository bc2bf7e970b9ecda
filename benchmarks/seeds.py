"""Measure the quality over several seeds.

    python -m benchmarks.seeds --corpus FILE --evaluation DIR --results FILE

Each combination of configuration, number of negative samples, number of workers and seed is trained in a fresh process.
Its figures are appended to the results file as one line of JSON, with the machine, the commit and the date. Trainings
that are already in the file are skipped, so that the command can be stopped and restarted. Several commands can share
one results file: each training is claimed by a lock, which the system releases when the process ends. At the end, the
command prints the mean and the standard deviation over the seeds for all trainings in the file. Use a new results file
for each version of the library.

With `--cores N`, several workers of fastw2v share the weights as on a machine of N cores, so that the quality of many
workers can be measured on a few cores. The speed of such a training means nothing.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import machine, measure, quality
from benchmarks.adapters import ADAPTERS
from benchmarks.arguments import names, number, numbers, values_of_a_parameter
from benchmarks.configurations import COMMON, CONFIGURATIONS, parameters
from benchmarks.corpus import unpacked
from benchmarks.results_file import Results, complete, results_parser
from benchmarks.table import markdown, mean_and_spread

# The columns of the table that identify a row.
GROUP_COLUMNS = ("configuration", "library", "negative", "workers")
_SPEED = "effective_words_per_second"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the trainings that are missing and print the table; return the exit status."""
    return complete("benchmarks.seeds", make_parser(), argv, train_all, table)


def train_all(options: argparse.Namespace, results: Results) -> None:
    """Run every training that `options` select and that is not in `results`, seed by seed."""
    quality.check_directory(options.evaluation)
    evaluation = os.path.abspath(options.evaluation)
    with unpacked(options.corpus) as corpus:
        for job in jobs(options):
            chosen = job["parameters"]
            key = _key(job | {"corpus": corpus.name, "tokens": corpus.tokens})
            label = " ".join(f"{name}={chosen[name]}" for name in ("negative", "workers", "seed"))
            label = f"{job['configuration']} {job['library']} {label}"
            with results.claim(key) as claimed:
                if not claimed or key in map(_key, results.read()):
                    reason = "already in the results" if claimed else "running in another process"
                    print(f"{label}: {reason}", file=sys.stderr, flush=True)
                    continue
                print(f"{label} ...", file=sys.stderr, flush=True)
                figures = measure.run_child(
                    {
                        "library": job["library"],
                        "corpus": corpus.path,
                        "parameters": chosen,
                        "evaluation": evaluation,
                        "cores": job["cores"],
                    }
                )
                facts = {"corpus": corpus.name, "tokens": corpus.tokens, "measured_on": machine.conditions()}
                results.add({**job, **facts, **figures})


def jobs(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield each training once, ordered by seed."""
    seen: set[str] = set()
    varied = [{name: value} for name, values in options.vary for value in values] or [{}]
    combinations = itertools.product(
        options.seeds, options.config, options.negative or [None], options.workers, options.libraries, varied
    )
    for seed, configuration, negative, workers, library, variation in combinations:
        overrides = {**({"epochs": options.epochs} if options.epochs else {}), **variation}
        chosen = parameters(configuration, overrides, library)
        if negative and chosen["negative"]:
            chosen["negative"] = negative
        job = {
            "configuration": configuration,
            "library": library,
            "parameters": {**chosen, "workers": workers, "seed": seed},
            "cores": options.cores if workers > 1 else None,
        }
        if _key(job) not in seen:
            seen.add(_key(job))
            yield job


def _key(job: dict[str, Any]) -> str:
    """Return a string that identifies a training."""
    names = ("configuration", "library", "parameters", "corpus", "tokens", "cores")
    return json.dumps({name: job.get(name) for name in names}, sort_keys=True)


def table(results: list[dict[str, Any]]) -> str:
    """Return a table with the mean and standard deviation of each measure over the seeds."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        without_seed = {**result["parameters"], "seed": None}
        groups.setdefault(_key({**result, "parameters": without_seed}), []).append(result)
    measures = [name for name in quality.MEASURES if any(result.get(name) is not None for result in results)]
    others = ["other parameters"] if any(map(_other_parameters, results)) else []
    rows = [[*GROUP_COLUMNS, *others, "seeds", *measures, "eff kw/s"]]
    for members in groups.values():
        facts = {**members[0]["parameters"], **members[0]}
        rows.append(
            [str(facts[name]) for name in GROUP_COLUMNS]
            + [_other_parameters(members[0]) for _ in others]
            + [str(len(members))]
            + [mean_and_spread([member.get(name) for member in members], digits=4) for name in measures]
            + [f"{statistics.mean(member[_SPEED] for member in members) / 1e3:,.0f}"]
        )
    return markdown(rows, left={0, 1, 4} if others else {0, 1})


def _other_parameters(result: dict[str, Any]) -> str:
    """Return the parameters that differ from those of the configuration and have no column of their own."""
    usual = parameters(result["configuration"], {}, result["library"])
    varied = {
        name: value
        for name, value in result["parameters"].items()
        if name not in (*GROUP_COLUMNS, "seed") and usual.get(name) != value
    }
    if result.get("cores"):
        varied["cores"] = result["cores"]
    return " ".join(f"{name}={value:g}" for name, value in varied.items())


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = results_parser("benchmarks.seeds", __doc__)
    parser.add_argument(
        "--config", type=names(CONFIGURATIONS), default=["sg", "sg-shared-5"], metavar="NAME,...",
        help="configurations, of " + ", ".join(CONFIGURATIONS) + " (default: sg,sg-shared-5)",
    )  # fmt: skip
    parser.add_argument(
        "--negative", type=numbers, metavar="K,...",
        help="numbers of negative samples (default: that of each configuration); ignored without negative sampling",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=numbers, default=[1, 2], metavar="N,...", help="numbers of threads (default: 1,2)"
    )
    parser.add_argument(
        "--seeds", type=numbers, default=[1, 2, 3, 4, 5], metavar="N,...", help="seeds (default: 1,2,3,4,5)"
    )
    parser.add_argument(
        "--libraries", type=names(ADAPTERS), default=["fastw2v"], metavar="NAME,...",
        help="libraries, of " + ", ".join(ADAPTERS) + " (default: fastw2v)",
    )  # fmt: skip
    parser.add_argument(
        "--epochs", type=number, metavar="N", help=f"number of epochs (default: {COMMON['epochs']})"
    )
    parser.add_argument(
        "--vary", type=values_of_a_parameter, action="append", default=[], metavar="NAME=VALUE,...",
        help="train with each of these values of a parameter, one change at a time; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--cores", type=number, metavar="N",
        help="share the weights as on a machine of N cores (default: the cores of this machine)",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
