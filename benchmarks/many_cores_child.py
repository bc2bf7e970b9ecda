"""Run one training of `many_cores` and print its figures: ``python -m benchmarks.many_cores_child JOB``.

JOB is JSON with the keys corpus, parameters and, optionally, evaluation. The process builds the vocabulary, prints a
line, waits for a line of input, and then trains, so that several processes can train at the same time.
"""

from __future__ import annotations

import json
import sys

from benchmarks import quality
from fastw2v import Word2Vec


def main() -> None:
    """Train and print the figures as one line of JSON."""
    job = json.loads(sys.argv[1])
    model = Word2Vec(**job["parameters"])
    model.build_vocab(corpus_file=job["corpus"])
    print("ready", flush=True)
    sys.stdin.readline()
    model.train(
        corpus_file=job["corpus"],
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=model.epochs,
    )
    figures = {"seconds": model.total_train_time}
    if job.get("evaluation"):
        figures.update(quality.evaluate(model.wv.index_to_key, model.wv.vectors, job["evaluation"]))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
