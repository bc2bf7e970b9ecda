"""Train and evaluate rows of `benchmarks.options`: ``python -m benchmarks.options_child JOB RESULT``.

JOB is JSON with the keys options, parameters, seed, path (of the corpus) and evaluation (a directory). All options use
the same trained models. The figures of each option are written to the file RESULT as JSON.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks import quality
from benchmarks.options import OPTIONS, run_seeds
from benchmarks.training_child import run_child


def measure(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the figures of each option: the processor time from the text to the vectors, and their quality."""
    from fastw2v import Word2Vec, __version__

    start = time.process_time()
    models = [
        Word2Vec(corpus_file=job["path"], seed=seed, **job["parameters"])
        for seed in run_seeds(job["options"][0], job["seed"])
    ]
    training = time.process_time() - start
    figures = {}
    for option in job["options"]:
        start = time.process_time()
        vectors = OPTIONS[option].vectors(models)
        figures[option] = {
            "seconds": training + time.process_time() - start,
            "vocabulary": len(vectors),
            "version": __version__,
            **quality.evaluate(vectors.index_to_key, vectors.vectors, job["evaluation"]),
        }
    return figures


if __name__ == "__main__":
    run_child(measure)
