"""The mean of several trainings on the same text, whose neighbours depend less on the seed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from fastw2v.common.validation import as_list
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.vectors import alignment, queries
from fastw2v.word2vec import Word2Vec

__all__ = ["mean_of_runs"]


def mean_of_runs(runs: Iterable[Word2Vec | KeyedVectors]) -> KeyedVectors:
    """Return the mean of the vectors of several trainings, after rotating them onto one another.

    The nearest neighbours of a word depend on the seed: some of them are neighbours in one training only. The mean of
    several trainings has fewer of these. The vectors of two trainings differ by a rotation, which is removed before the
    mean is computed (orthogonal Procrustes alignment; Schönemann, 1966, and for more than two, Gower, 1975).

    Parameters
    ----------
    runs : iterable of Word2Vec or KeyedVectors
        Two or more trainings on the same text, with the same parameters and different values of `seed`. Their vectors
        have the same width.

    Returns
    -------
    KeyedVectors
        The words that all runs have, in the order of the first run and with its attributes, such as ``count``. The
        vectors are float32 and oriented as those of the first run. A model must not be trained any further with them,
        because its output weights do not fit.

    Raises
    ------
    ValueError
        If there are fewer than two runs, their vectors differ in width, they have no word in common, or a vector is not
        finite.
    TypeError
        If an element of `runs` is neither a model nor vectors.

    Examples
    --------
    >>> from fastw2v import KeyedVectors, mean_of_runs
    >>> first, second = KeyedVectors(2), KeyedVectors(2)
    >>> first.add_vectors(["a", "b"], [[4, 0], [0, 2]])
    >>> second.add_vectors(["a", "b"], [[0, 2], [-2, 0]])  # turned by 90 degrees
    >>> mean_of_runs([first, second]).vectors.round(3).tolist()
    [[3.0, 0.0], [0.0, 2.0]]
    """
    vectors = [_vectors(run) for run in as_list("runs", runs, "models or vectors")]
    if len(vectors) < 2:
        raise ValueError(f"runs has {len(vectors)} of the two or more trainings that a mean needs")
    widths = sorted({wv.vector_size for wv in vectors})
    if len(widths) > 1:
        raise ValueError(
            f"runs has vectors of {widths[0]} and {widths[-1]} dimensions; they must have the same"
        )
    first, *others = vectors
    words = [
        key
        for key in first.index_to_key
        if key is not None and all(key in other.key_to_index for other in others)
    ]
    if not words:
        raise ValueError("runs has no word that all of them know; pass trainings on the same text")
    matrices = [wv._table.matrix for wv in vectors]
    for wv, matrix in zip(vectors, matrices, strict=True):
        queries.check_finite(wv.index_to_key, matrix)
    rows = [np.array([wv.key_to_index[word] for word in words], dtype=np.intp) for wv in vectors]
    mean = first.subset(words).astype(np.float32)
    mean._table.replace_vectors(alignment.mean_of_aligned(matrices, rows))
    return mean


def _vectors(run: Any) -> KeyedVectors:
    wv = run.wv if isinstance(run, Word2Vec) else run
    if not isinstance(wv, KeyedVectors):
        raise TypeError(f"runs must contain models or vectors, not {run!r:.80}")
    return wv
