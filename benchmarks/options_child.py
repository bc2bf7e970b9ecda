"""Train and evaluate one row of `benchmarks.options`: ``python -m benchmarks.options_child JOB RESULT``.

JOB is JSON with the keys option, parameters, seed, path (of the corpus) and evaluation (a directory). The figures are
written to the file RESULT as JSON.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks import quality
from benchmarks.options import OPTIONS, run_seeds
from benchmarks.training_child import run_child


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of the row: the seconds from the text to the vectors, and their quality."""
    from fastw2v import Word2Vec, __version__

    start = time.perf_counter()
    models = [
        Word2Vec(corpus_file=job["path"], seed=seed, **job["parameters"])
        for seed in run_seeds(job["option"], job["seed"])
    ]
    vectors = OPTIONS[job["option"]].vectors(models)
    seconds = time.perf_counter() - start
    figures = quality.evaluate(vectors.index_to_key, vectors.vectors, job["evaluation"])
    return {"seconds": seconds, "vocabulary": len(vectors), "version": __version__, **figures}


if __name__ == "__main__":
    run_child(measure)
