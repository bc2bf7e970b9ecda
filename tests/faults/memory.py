"""Compare the peak memory of a large model with the estimate of `Word2Vec.estimate_memory`."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from fastw2v import Word2Vec

_SENTENCES = 200
_SENTENCE = 1000


def peak() -> int:
    """Return the peak resident memory of this process in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def in_child(work: Callable[[], int]) -> int:
    """Call `work` in a child process and return the result."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(sink, str(work()).encode())
        finally:
            os._exit(0)
    os.close(sink)
    with open(source, "rb") as answer:
        result = answer.read()
    os.waitpid(child, 0)
    return int(result)


def peak_of(words: int, size: int, directory: str) -> int:
    """Create, train and save a model; return by how many bytes the peak memory of this process grows."""
    before = peak()
    model = Word2Vec(vector_size=size, min_count=1, workers=2, epochs=1)
    model.build_vocab_from_freq({f"word{i}": words - i for i in range(words)})
    corpus = (
        [f"word{(sentence * _SENTENCE + i) * 7919 % words}" for i in range(_SENTENCE)]
        for sentence in range(_SENTENCES)
    )
    model.train(list(corpus), total_examples=_SENTENCES, epochs=1)
    model.wv.vectors.sum(), model.syn1neg.fill(1e-3)  # memory is allocated only when it is touched
    model.save(os.path.join(directory, "model"))
    return peak() - before


def main(words: int = 2_000_000, size: int = 300) -> None:
    """Measure and print the memory; fail if the peak exceeds the estimate by more than 10 %."""
    estimate = Word2Vec(vector_size=size, workers=2).estimate_memory(vocab_size=words)
    with tempfile.TemporaryDirectory() as directory:
        measured = in_child(lambda: peak_of(words, size, directory))
    parts = ", ".join(f"{name} {value / 1e9:.2f}" for name, value in estimate.items())
    share = measured / estimate["total"]
    print(
        f"{words:,} words of size {size}: peak {measured / 1e9:.2f} GB, {share:.1%} of the estimate (GB: {parts})"
    )
    if share > 1.1:
        raise SystemExit(1)
