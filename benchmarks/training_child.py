"""Run one training and write its figures: ``python -m benchmarks.training_child JOB RESULT``.

JOB is JSON with the keys library, corpus, parameters and evaluation, and optionally cores: the number of cores for
which the workers of fastw2v share the weights. The figures are written to the file RESULT as JSON. The peak memory is
read before the evaluation, which is the same code for all libraries.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from unittest import mock

from benchmarks import machine, quality
from benchmarks.adapters import adapter


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Run the training that `job` describes and return its figures."""
    library = adapter(job["library"])
    versions = library.versions()
    imported, _ = machine.peak_memory()
    with as_on(job.get("cores")):
        trained = library.train(job["corpus"], job["parameters"])
    peak, source = machine.peak_memory()
    figures: dict[str, Any] = {
        "vocabulary_seconds": trained.vocabulary_seconds,
        "training_seconds": trained.training_seconds,
        "total_seconds": (trained.vocabulary_seconds or 0.0) + trained.training_seconds,
        "epoch_seconds": trained.epoch_seconds,
        "raw_words": trained.raw_words,
        "effective_words": trained.effective_words,
        "raw_words_per_second": trained.raw_words / trained.training_seconds,
        "effective_words_per_second": (
            trained.effective_words and trained.effective_words / trained.training_seconds
        ),
        "peak_rss": peak,
        "peak_rss_after_import": imported,
        "peak_rss_source": source,
        "vocabulary": len(trained.words),
        "versions": versions,
    }
    if job["evaluation"]:
        figures.update(quality.evaluate(trained.words, trained.vectors, job["evaluation"]))
    return figures


def as_on(cores: int | None) -> AbstractContextManager[Any]:
    """Let several workers of fastw2v share the weights as on a machine with this number of cores; None: as on this."""
    return mock.patch("fastw2v.training.trainer.usable_cores", return_value=cores) if cores else nullcontext()


def run_child(measure: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Call `measure` with the job on the command line and write the figures to the result file."""
    job, result = sys.argv[1:]
    figures = measure(json.loads(job))
    with open(result, "w", encoding="utf8") as file:
        json.dump(figures, file)


if __name__ == "__main__":
    run_child(measure)
