"""Train and evaluate a row of `benchmarks.reproducible`: ``python -m benchmarks.reproducible_child JOB RESULT``.

JOB is JSON with the keys parameters, seed, path (of an encoded corpus) and evaluation (a directory). The figures are
written to the file RESULT as JSON.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks import quality
from benchmarks.training_child import run_child


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Return the processor time of `train`, the effective words of all epochs, and the quality of the vectors."""
    from fastw2v import Word2Vec, __version__
    from fastw2v.corpora import EncodedCorpus

    corpus = EncodedCorpus.open(job["path"])
    model = Word2Vec(seed=job["seed"], **job["parameters"])
    model.build_vocab(corpus)
    start = time.process_time()
    effective_words, _ = model.train(corpus, total_examples=model.corpus_count, epochs=model.epochs)
    seconds = time.process_time() - start
    return {
        "seconds": seconds,
        "effective_words": effective_words,
        "vocabulary": len(model.wv),
        "version": __version__,
        **quality.evaluate(model.wv.index_to_key, model.wv.vectors, job["evaluation"]),
    }


if __name__ == "__main__":
    run_child(measure)
