"""Generated corpora."""

from __future__ import annotations

import numpy as np


def zipf_sentences(n_words: int, n_types: int, *, seed: int = 0, length: int = 23) -> list[list[str]]:
    """Return sentences of `length` words whose frequencies follow Zipf's law, as in natural language."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(2, n_types + 2)
    ids = rng.choice(n_types, size=n_words, p=weights / weights.sum())
    words = [f"w{i}" for i in ids]
    return [words[start : start + length] for start in range(0, n_words, length)]
