"""Peak memory of making, training and saving a large model, against what `Word2Vec.estimate_memory` told before."""

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
    """Bytes that this process has had in memory at most."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def in_child(work: Callable[[], int]) -> int:
    """What `work` returns in a process of its own."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(sink, str(work()).encode())
        finally:
            os._exit(0)
    os.close(sink)
    with open(source, "rb") as told:
        answer = told.read()
    os.waitpid(child, 0)
    return int(answer)


def peak_of(words: int, size: int, directory: str) -> int:
    """Bytes by which this process grows at its peak while a model is made, trained and saved."""
    before = peak()
    model = Word2Vec(vector_size=size, min_count=1, workers=2, epochs=1)
    model.build_vocab_from_freq({f"word{i}": words - i for i in range(words)})
    corpus = (
        [f"word{(sentence * _SENTENCE + i) * 7919 % words}" for i in range(_SENTENCE)]
        for sentence in range(_SENTENCES)
    )
    model.train(list(corpus), total_examples=_SENTENCES, epochs=1)
    model.wv.vectors.sum(), model.syn1neg.fill(1e-3)  # whatever was not touched takes no memory yet
    model.save(os.path.join(directory, "model"))
    return peak() - before


def main(words: int = 2_000_000, size: int = 300) -> None:
    """Measure, print the figures, and fail if the peak exceeds the estimate by more than a tenth."""
    estimate = Word2Vec(vector_size=size, workers=2).estimate_memory(vocab_size=words)
    with tempfile.TemporaryDirectory() as directory:
        most = in_child(lambda: peak_of(words, size, directory))
    told = ", ".join(f"{name} {value / 1e9:.2f}" for name, value in estimate.items())
    share = most / estimate["total"]
    print(
        f"{words:,} words of size {size}: peak {most / 1e9:.2f} GB, {share:.1%} of the estimate (GB: {told})"
    )
    if share > 1.1:
        raise SystemExit(1)
