"""Run the trainings alternately, each in a fresh process, and summarise them as medians and ratios.

The speed of a shared machine changes from minute to minute. The libraries alternate (A B A B ...), so that the changes
affect all of them alike. A ratio compares two libraries with the same configuration and number of workers.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.adapters import adapter
from benchmarks.configurations import SYNTHETIC
from benchmarks.quality import MEASURES

REFERENCE = "gensim"  # with an iterable corpus, which a thread puts into a queue
FIGURES = (
    "vocabulary_seconds", "training_seconds", "total_seconds", "raw_words", "effective_words",
    "raw_words_per_second", "effective_words_per_second", "peak_rss", "peak_rss_after_import", "vocabulary",
)  # fmt: skip
RATIOS = {
    "vocabulary": "vocabulary_seconds", "training": "training_seconds", "total": "total_seconds",
    "peak_rss": "peak_rss",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A configuration, a number of workers and a library: one row of the table."""

    configuration: str
    workers: int
    library: str


def run_all(
    cases: Iterable[Case],
    parameters: Callable[[str, str], dict[str, Any]],
    *,
    corpus: Callable[[str], str],
    evaluation: str | None,
    repeat: int,
    seed: int,
    log: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    """Run every case `repeat` times, each time in a fresh process, and yield the figures of each run.

    Round r uses the seed `seed` + r for all cases, so that all libraries are evaluated over the same seeds. Cases
    with identical trainings, such as the peers of two configurations, share one run per round.
    """
    cases = list(cases)
    for round_number in range(repeat):
        done: dict[str, dict[str, Any]] = {}
        for case in cases:
            chosen = parameters(case.configuration, case.library)
            chosen = {**chosen, "workers": case.workers, "seed": seed + round_number}
            log(f"{round_number + 1}/{repeat}: {case.configuration} {case.library} workers={case.workers}")
            job = {
                "library": case.library,
                "corpus": corpus(case.configuration),
                "parameters": chosen,
                "evaluation": None if case.configuration in SYNTHETIC else evaluation,
            }
            key = json.dumps(job, sort_keys=True)
            figures = done[key] = done.get(key) or run_child(job)
            log(f"    {figures['total_seconds']:.2f} s")
            yield {**asdict(case), "round": round_number + 1, "parameters": chosen, **figures}


def run_child(job: dict[str, Any]) -> dict[str, Any]:
    """Run one training in a fresh process and return its figures."""
    settings = getattr(adapter(job["library"]), "ENVIRONMENT", {})
    return run_module("benchmarks.training_child", json.dumps(job), name=job["library"], settings=settings)


def run_module(
    module: str, *arguments: str, name: str | None = None, settings: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """Run a module in a fresh process and return the figures that it writes.

    The path of the file for the figures is added as the last argument. `settings` are added to the environment.

    Raises
    ------
    RuntimeError
        If the process fails. The message ends with the last lines of its stderr.
    """
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, **settings, "PYTHONPATH": os.pathsep.join(paths)}
    with tempfile.TemporaryDirectory(prefix="fastw2v-benchmark-") as directory:
        result = os.path.join(directory, "figures.json")
        command = [sys.executable, "-m", module, *arguments, result]
        done = subprocess.run(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if done.returncode:
            last_lines = "\n".join(done.stderr.splitlines()[-5:])
            named = name or " ".join(arguments[:2])
            raise RuntimeError(f"{named} exited with status {done.returncode}:\n{last_lines}")
        with open(result, encoding="utf8") as file:
            figures: dict[str, Any] = json.load(file)
            return figures


def summarise(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return for each case the median and range of each figure, and its ratio to gensim with an iterable corpus.

    A ratio above 1 means less time or less memory than the reference.
    """
    groups: dict[Case, list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault(Case(run["configuration"], run["workers"], run["library"]), []).append(run)
    summaries = {}
    for case, members in groups.items():
        summary: dict[str, Any] = {
            **asdict(case),
            "rounds": len(members),
            "parameters": members[0]["parameters"],
        }
        for name in (*FIGURES, *MEASURES):
            values = [run[name] for run in members if run.get(name) is not None]
            if values:
                summary[name] = statistics.median(values)
                summary[f"{name}_range"] = [min(values), max(values)]
        summaries[case] = summary
    for case, summary in summaries.items():
        reference = summaries.get(Case(case.configuration, case.workers, REFERENCE))
        summary["ratio"] = reference and {
            name: reference[figure] / summary[figure]
            for name, figure in RATIOS.items()
            if summary.get(figure)
        }
    return list(summaries.values())
