"""Run one training of `stream` and write its figures: ``python -m benchmarks.stream_child JOB RESULT``.

JOB is JSON with the keys method, text, held_out, words, parameters, max_words, chunk_words and evaluation. The figures
are written to the file RESULT as JSON.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from benchmarks import machine, quality
from benchmarks.training_child import run_child
from fastw2v import LineSentence, Word2Vec

NOISE_SEED = 1  # of the negative samples of the loss
MIB = 2**20


def train(job: dict[str, Any]) -> dict[str, Any]:
    """Train and measure one model."""
    memory: list[int] = []
    parameters = {**job["parameters"], "max_words": job["max_words"], "epochs": 1}
    start, wall = time.process_time(), time.perf_counter()
    if job["method"] == "stream":
        model = Word2Vec(**parameters)
        sentences = _watched(job["text"], job["words"], memory)
        model.train_stream(sentences, chunk_words=job["chunk_words"], total_words=job["words"])
    else:
        model = Word2Vec(corpus_file=job["text"], **parameters)
    seconds = {"cpu_seconds": time.process_time() - start, "seconds": time.perf_counter() - wall}
    peak, _ = machine.peak_memory()
    with open(job["held_out"], encoding="utf8") as lines:
        held_out = [line.split() for line in lines]
    return {
        **seconds,
        "peak_mib": peak / MIB,
        "memory_mib": memory,
        "vocabulary": len(model.wv),
        "loss": model.evaluate_loss(held_out, seed=NOISE_SEED),
        **quality.evaluate(model.wv.index_to_key, model.wv.vectors, job["evaluation"]),
    }


def _watched(path: str, n_words: int, memory: list[int]) -> Iterator[list[str]]:
    """Yield the sentences of a text, and note the memory of the process after each tenth of its words."""
    seen = 0
    for sentence in LineSentence(path):
        yield sentence
        seen += len(sentence)
        if seen * 10 >= n_words * (len(memory) + 1):
            memory.append(_memory_mib())


def _memory_mib() -> int:
    """Return the resident memory of this process; its peak where the system does not tell more."""
    try:
        with open("/proc/self/status", encoding="ascii") as lines:
            return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS:"))
    except OSError:
        return machine.peak_memory()[0] // MIB


if __name__ == "__main__":
    run_child(train)
