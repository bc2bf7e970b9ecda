"""``python -m benchmarks --corpus FILE``: libraries beside each other, as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine, measure, quality, table
from benchmarks.adapters import ADAPTERS
from benchmarks.arguments import names, number, numbers
from benchmarks.configurations import COMMON, CONFIGURATIONS, parameters
from benchmarks.corpus import unpacked

QUICK_BYTES = 1 << 20


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark that the arguments describe; return the exit status."""
    options = make_parser().parse_args(argv)
    try:
        report = run(options)
    except (OSError, RuntimeError) as error:
        print(f"benchmarks: error: {error}", file=sys.stderr)
        return 1
    print(table.header(report))
    print()
    print(table.table(report["summary"]))
    return 0


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and return everything; write it after each run, if it is wanted, so that no run is lost."""
    if options.evaluation:
        quality.check_directory(options.evaluation)
    if options.json:
        Path(options.json).touch()  # a path that cannot be written shows now, not after an hour
    overrides = {"epochs": options.epochs} if options.epochs else {}
    repeat = options.repeat
    if options.quick:
        overrides, repeat = {"epochs": 1, **overrides}, 1
    cases = [
        measure.Case(configuration, workers, library)
        for configuration in options.config
        for workers in options.workers
        for library in options.libraries
    ]
    report: dict[str, Any] = {}
    runs: list[dict[str, Any]] = []
    with unpacked(options.corpus, QUICK_BYTES if options.quick else None) as corpus:
        for one in measure.run_all(
            cases,
            lambda configuration, library: parameters(configuration, overrides, library),
            corpus=corpus.path,
            evaluation=options.evaluation and os.path.abspath(options.evaluation),
            repeat=repeat,
            seed=options.seed,
            tell=lambda text: print(text, file=sys.stderr, flush=True),
        ):
            runs.append(one)
            report = {
                **surroundings(runs),
                "corpus": corpus.facts(),
                "parameters": {**COMMON, **overrides},
                "repeat": repeat,
                "quick": options.quick,
                "evaluation": bool(options.evaluation),
                "summary": measure.summarise(runs),
                "runs": runs,
            }
            if options.json:
                Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf8")
    return report


def surroundings(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the machine, the versions of what ran, and where the memory figures come from."""
    facts = machine.facts()
    versions = {name: facts.pop(name) for name in ("python", "numpy", "scipy")}
    for one in runs:
        versions.update(one["versions"])
    sources = sorted({one["peak_rss_source"] for one in runs})
    return {"machine": facts, "versions": versions, "peak_rss_sources": sources}


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--corpus", metavar="FILE", required=True, help="text of one sentence a line, plain or compressed"
    )
    parser.add_argument(
        "--evaluation", metavar="DIR", help="directory with any of " + ", ".join(_evaluation_files())
    )
    parser.add_argument(
        "--config", type=names(CONFIGURATIONS), default=["sg", "cbow"], metavar="NAME,...",
        help="of " + ", ".join(CONFIGURATIONS) + " (default: sg,cbow)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=numbers, default=[1, 2], metavar="N,...", help="threads (default: 1,2)"
    )
    parser.add_argument(
        "--libraries", type=names(ADAPTERS), default=["fastw2v", "gensim", "gensim-file"], metavar="NAME,...",
        help="of " + ", ".join(ADAPTERS) + " (default: fastw2v,gensim,gensim-file)",
    )  # fmt: skip
    parser.add_argument("--repeat", type=number, default=3, metavar="N", help="rounds (default: 3)")
    parser.add_argument("--epochs", type=number, metavar="N", help=f"in place of {COMMON['epochs']}")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first round; each round adds 1 (default: 1)"
    )
    parser.add_argument("--json", metavar="OUT", help="write all figures of all runs here")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one round of one epoch on the first MiB: shows that all is in place",
    )
    return parser


def _evaluation_files() -> list[str]:
    return [quality.ANALOGIES[1], *(file for _, file in quality.PAIRS)]


if __name__ == "__main__":
    sys.exit(main())
