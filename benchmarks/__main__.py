"""Compare the speed, memory and quality of word2vec libraries: ``python -m benchmarks --corpus FILE``.

The result is a table and, with ``--json``, a file with the figures of all runs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import machine, measure, quality, table, task_runs
from benchmarks.adapters import ADAPTERS, fasttext_file
from benchmarks.arguments import names, number, numbers, shape
from benchmarks.configurations import COMMON, CONFIGURATIONS, DEFAULT, SYNTHETIC, parameters
from benchmarks.corpus import unpacked, zipf
from benchmarks.tasks import TASKS

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
    for part in (
        table.table(report["summary"]) if report["summary"] else "",
        table.task_table(report["tasks"]) if report["tasks"] else "",
    ):
        if part:
            print(f"\n{part}")
    return 0


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run everything and return the report; with --json, also write it after each run, so that no run is lost."""
    if options.evaluation:
        quality.check_directory(options.evaluation)
    if options.json:
        Path(options.json).touch()  # fails now, not after an hour, if the file cannot be written
    report: dict[str, Any] = {}
    with unpacked(options.corpus, QUICK_BYTES if options.quick else None) as corpus:
        runs: list[dict[str, Any]] = []
        task_results: list[dict[str, Any]] = []
        for one in itertools.chain(trainings(options, corpus.path), tasks(options, corpus.path)):
            (task_results if "task" in one else runs).append(one)
            report = {
                **conditions([*runs, *task_results]),
                "corpus": corpus.facts(),
                "parameters": {**COMMON, **_overrides(options)},
                "repeat": _repeat(options),
                "quick": options.quick,
                "evaluation": bool(options.evaluation),
                "summary": measure.summarise(runs),
                "tasks": task_runs.summarise(task_results),
                "runs": runs,
                "task_runs": task_results,
            }
            if options.json:
                Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf8")
    return report


def trainings(options: argparse.Namespace, corpus: str) -> Iterator[dict[str, Any]]:
    """Yield the figures of each training that `options` select."""
    configurations = [name for name in options.only if name in CONFIGURATIONS]
    cases = [
        measure.Case(configuration, workers, library)
        for configuration in configurations
        for workers in options.workers
        for library in options.libraries
    ]
    overrides = _overrides(options)
    with ExitStack() as files:
        texts = {
            size: files.enter_context(zipf(*((2000, 20_000) if options.quick else (size, 5 * size))))
            for size in {SYNTHETIC[name] for name in configurations if name in SYNTHETIC}
        }
        yield from measure.run_all(
            cases,
            lambda configuration, library: parameters(configuration, overrides, library),
            corpus=lambda configuration: texts.get(SYNTHETIC.get(configuration, 0), corpus),
            evaluation=options.evaluation and os.path.abspath(options.evaluation),
            repeat=_repeat(options),
            seed=options.seed,
            log=_log,
        )


def tasks(options: argparse.Namespace, corpus: str) -> Iterator[dict[str, Any]]:
    """Yield the figures of each task that `options` select."""
    questions = options.evaluation and os.path.join(os.path.abspath(options.evaluation), quality.ANALOGIES[1])
    chosen = [name for name in options.only if name in TASKS]
    if not questions or not os.path.exists(questions):
        chosen = [name for name in chosen if TASKS[name].needs != "trained"]
    if not chosen:
        return
    shape = (2000, 20) if options.quick else options.vectors
    with task_runs.make_inputs(chosen, os.path.abspath(corpus), questions, shape) as inputs:
        yield from task_runs.run_tasks(chosen, inputs, _repeat(options), _log)


def _overrides(options: argparse.Namespace) -> dict[str, Any]:
    epochs = options.epochs or (1 if options.quick else None)
    return {"epochs": epochs} if epochs else {}


def _repeat(options: argparse.Namespace) -> int:
    return 1 if options.quick else int(options.repeat)


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def conditions(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the machine, the versions of the libraries, and the sources of the memory figures."""
    facts = machine.facts()
    versions = {name: facts.pop(name) for name in ("python", "numpy", "scipy")}
    for one in runs:
        versions.update(one.get("versions", {}))
    sources = sorted({one["peak_rss_source"] for one in runs})
    return {"machine": facts, "versions": versions, "peak_rss_sources": sources}


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compare the speed, memory and quality of word2vec libraries.",
    )
    parser.add_argument(
        "--corpus",
        metavar="FILE",
        required=True,
        help="text file with one sentence per line, plain or compressed",
    )
    parser.add_argument(
        "--evaluation",
        metavar="DIR",
        help="directory with evaluation sets, any of " + ", ".join(_evaluation_files()),
    )
    parser.add_argument(
        "--only", "--config", type=names([*CONFIGURATIONS, *TASKS]), default=[*DEFAULT, *TASKS], metavar="NAME,...",
        help="what to run; trainings: " + ", ".join(CONFIGURATIONS) + "; tasks: " + ", ".join(TASKS)
        + " (default: all except " + ", ".join(sorted(set(CONFIGURATIONS) - set(DEFAULT))) + ")",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=numbers, default=[1, 2], metavar="N,...", help="numbers of threads (default: 1,2)"
    )
    usual = ["fastw2v", "gensim", "gensim-file", *(["fasttext"] if fasttext_file.installed() else [])]
    parser.add_argument(
        "--libraries", type=names(ADAPTERS), default=usual, metavar="NAME,...",
        help="libraries to train, of " + ", ".join(ADAPTERS) + f" (default: {','.join(usual)}); the tasks "
        "always compare fastw2v and gensim",
    )  # fmt: skip
    parser.add_argument(
        "--vectors", type=shape, default=(200_000, 300), metavar="NxD",
        help="number and dimensions of the vectors in the tasks on files and queries (default: 200000x300)",
    )  # fmt: skip
    parser.add_argument("--repeat", type=number, default=3, metavar="N", help="number of rounds (default: 3)")
    parser.add_argument(
        "--epochs",
        type=number,
        metavar="N",
        help=f"number of epochs (default: {COMMON['epochs']}; 1 in the configurations of a million words)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the first round; each further round adds 1 (default: 1)"
    )
    parser.add_argument("--json", metavar="OUT", help="write the figures of all runs to this file")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one round of one epoch on the first MiB of the corpus, to check that everything works",
    )
    return parser


def _evaluation_files() -> list[str]:
    return [quality.ANALOGIES[1], *(file for _, file in quality.PAIRS)]


if __name__ == "__main__":
    sys.exit(main())
