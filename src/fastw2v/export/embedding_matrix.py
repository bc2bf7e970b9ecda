"""A matrix for the embedding layer of a neural network, with rows for padding and for unknown words."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastw2v.export.words import Array, Words


def embedding_matrix(
    words: Words, padding: str | None = "<pad>", unknown: str | None = "<unk>"
) -> tuple[Array, dict[Any, int]]:
    """Return a new float32 matrix and the row of each word in it.

    The row of `padding` is zeros and comes first; that of `unknown` is the mean of all vectors. None leaves a row out.

    Raises
    ------
    ValueError
        If `padding` and `unknown` are the same, or one of them is a key.
    """
    if padding is not None and padding == unknown:
        raise ValueError(f"padding and unknown are both {padding!r}; choose two different words")
    rows: list[Array] = []
    index: dict[Any, int] = {}
    present = set(words.keys)
    mean = (
        words.vectors.mean(axis=0, dtype=np.float64) if len(words.keys) else np.zeros(words.vectors.shape[1])
    )
    for argument, word, row in (
        ("padding", padding, np.zeros_like(mean)),
        ("unknown", unknown, mean),
    ):
        if word is None:
            continue
        if word in present:
            raise ValueError(f"{argument}={word!r} is a key; choose another word, or None")
        index[word] = len(rows)
        rows.append(row)
    n_special = len(rows)
    matrix = np.empty((n_special + len(words.keys), words.vectors.shape[1]), dtype=np.float32)
    for number, row in enumerate(rows):
        matrix[number] = row
    matrix[n_special:] = words.vectors
    index.update((key, n_special + row) for row, key in enumerate(words.keys))
    return matrix, index
