"""Generated corpora."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def zipf_sentences(n_words: int, n_types: int, *, seed: int = 0, length: int = 23) -> list[list[str]]:
    """Return sentences of `length` words whose frequencies follow Zipf's law, as in natural language."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(2, n_types + 2)
    ids = rng.choice(n_types, size=n_words, p=weights / weights.sum())
    words = [f"w{i}" for i in ids]
    return [words[start : start + length] for start in range(0, n_words, length)]


def ragged_sentences(seed: int, sentences: int = 400, words: int = 300) -> list[list[str]]:
    """Return sentences of 0 to 29 words out of `words`, with frequencies that follow Zipf's law."""
    rng = np.random.default_rng(seed)
    return [
        [f"w{rank % words}" for rank in rng.zipf(1.3, rng.integers(0, 30)).tolist()] for _ in range(sentences)
    ]


class Reiterable:
    """A corpus that is an iterable and not a list; `passes` counts the iterations."""

    def __init__(self, sentences: list[list[str]]) -> None:
        self.sentences = sentences
        self.passes = 0

    def __iter__(self) -> Iterator[list[str]]:
        self.passes += 1
        return iter(self.sentences)
