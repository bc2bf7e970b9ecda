"""The distances of words between two sets of vectors, and the change of their neighbourhoods.

Distances and cosines compare the two vectors of a word. They are meaningful if one set was trained from the other: two
independent trainings differ by a rotation, which moves every word. Neighbourhoods are computed within each set, and a
rotation does not change them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.validation import as_int, as_optional_int
from fastw2v.vectors import similarity

Floats = NDArray[np.float32]

ROWS_AT_ONCE = 1 << 14


@dataclass(frozen=True, eq=False)
class Drift:
    """The distances of the words that two sets of vectors share.

    Attributes
    ----------
    words : list
        The shared words, in the order of the newer set.
    distance : ndarray of float32, shape (len(words),)
        Euclidean distance between the two vectors of each word.
    cosine : ndarray of float32, shape (len(words),)
        Cosine between the two vectors of each word; 0 if one of them is zero.
    overlap : ndarray of float32, shape (len(words),)
        Share of the `topn` nearest neighbours of each word, among the shared words, that both sets have; NaN for
        words whose neighbourhoods were not compared.
    topn : int
        Size of the neighbourhoods that were compared.

    Examples
    --------
    >>> from fastw2v import KeyedVectors
    >>> old, new = KeyedVectors(2), KeyedVectors(2)
    >>> old.add_vectors(["a", "b"], [[1, 0], [0, 1]])
    >>> new.add_vectors(["a", "b"], [[1, 0], [1, 0]])
    >>> moved = new.drift(old)
    >>> moved.cosine.tolist(), moved.most_moved(1)
    ([1.0, 0.0], [('b', 0.0)])
    """

    words: list[Any]
    distance: Floats
    cosine: Floats
    overlap: Floats
    topn: int

    @property
    def mean_distance(self) -> float:
        """Mean distance of the shared words; NaN if there are none, or if a vector has NaN."""
        return _mean(self.distance)

    @property
    def mean_cosine(self) -> float:
        """Mean cosine of the shared words; NaN if there are none, or if a vector has NaN."""
        return _mean(self.cosine)

    @property
    def mean_overlap(self) -> float:
        """Mean of `overlap` over the words whose neighbourhoods were compared; NaN if there are none."""
        return _mean(self.overlap[~np.isnan(self.overlap)])

    def most_moved(self, topn: int = 10) -> list[tuple[Any, float]]:
        """Return the words with the lowest cosines; words whose vectors have NaN come first.

        Parameters
        ----------
        topn : int, default 10
            The number of words.

        Returns
        -------
        list of (word, float)
            The words and their cosines, lowest first.

        Raises
        ------
        ValueError, TypeError
            If `topn` is negative, or not a whole number.

        Examples
        --------
        See `Drift`.
        """
        topn = as_int("topn", topn, minimum=0)
        order = np.argsort(np.nan_to_num(self.cosine, nan=-np.inf), kind="stable")[:topn]
        return [(self.words[i], float(self.cosine[i])) for i in order.tolist()]

    def as_dict(self, topn: int = 10) -> dict[str, Any]:
        """Return the means and the words that moved farthest, as values that JSON can hold.

        Parameters
        ----------
        topn : int, default 10
            The number of words in ``most_moved``.

        Returns
        -------
        dict
            ``words`` and ``compared_words``, the number of shared words and of those whose neighbourhoods were
            compared; ``topn``; ``neighbours_kept``, ``mean_cosine`` and ``mean_distance``, with None for NaN; and
            ``most_moved``, a list of [word, cosine].

        Raises
        ------
        ValueError, TypeError
            If `topn` is negative, or not a whole number.

        Examples
        --------
        >>> from fastw2v import KeyedVectors
        >>> old, new = KeyedVectors(2), KeyedVectors(2)
        >>> old.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> new.add_vectors(["a", "b"], [[1, 0], [1, 0]])
        >>> report = new.drift(old).as_dict(topn=1)
        >>> report["mean_cosine"], report["neighbours_kept"], report["most_moved"]
        (0.5, 1.0, [['b', 0.0]])
        """
        return {
            "words": len(self),
            "compared_words": int(np.count_nonzero(~np.isnan(self.overlap))),
            "topn": self.topn,
            "neighbours_kept": _finite(self.mean_overlap),
            "mean_cosine": _finite(self.mean_cosine),
            "mean_distance": _finite(self.mean_distance),
            "most_moved": [[word, _finite(cosine)] for word, cosine in self.most_moved(topn)],
        }

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        n_compared = int(np.count_nonzero(~np.isnan(self.overlap)))
        kept = ""
        if n_compared:
            kept = f", {self.mean_overlap:.1%} of {self.topn} neighbours kept (of {n_compared} words)"
        return (
            f"<Drift of {len(self)} words: mean distance {self.mean_distance:.4g}, "
            f"mean cosine {self.mean_cosine:.3f}{kept}>"
        )


def drift(
    words: Sequence[Any],
    old_rows: NDArray[np.intp],
    new_rows: NDArray[np.intp],
    old: NDArray[Any],
    new: NDArray[Any],
    *,
    topn: int = 10,
    sample: int | None = 1000,
) -> Drift:
    """Return the distances of `words` between two matrices.

    Parameters
    ----------
    words : sequence
        The shared words.
    old_rows, new_rows : ndarray of intp, shape (len(words),)
        The rows of the words in each matrix.
    old, new : ndarray, shape (keys, D)
    topn : int, default 10
        Number of neighbours to compare; 0 for none.
    sample : int, optional
        Number of words whose neighbourhoods are compared, evenly spread over `words`; None for all.

    Raises
    ------
    ValueError
        If the matrices differ in width, or `topn` or `sample` is negative.
    TypeError
        If `topn` or `sample` is not a whole number.
    """
    if old.shape[1] != new.shape[1]:
        raise ValueError(
            f"the vectors have {new.shape[1]} and {old.shape[1]} dimensions; drift needs the same"
        )
    topn = as_int("topn", topn, minimum=0)
    sample = as_optional_int("sample", sample, minimum=0)
    before, after = _Rows(old, old_rows), _Rows(new, new_rows)
    count = len(words)
    distance, cosine = np.empty(count, np.float32), np.zeros(count, np.float32)
    for first in range(0, count, ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        a, b = before.block(part), after.block(part)
        distance[part] = np.linalg.norm(b - a, axis=1)
        cosine[part] = np.einsum("ij,ij->i", a, b) * before.inverse_norms[part] * after.inverse_norms[part]
    overlap = np.full(count, np.nan, np.float32)
    topn = min(topn, count - 1)
    if topn > 0:
        n_compared = count if sample is None else min(sample, count)
        compared = np.linspace(0, count - 1, n_compared).astype(np.intp)
        overlap[compared] = _overlap(before, after, compared, topn)
    return Drift(list(words), distance, cosine, overlap, max(topn, 0))


def neighbour_overlap(
    old_rows: NDArray[np.intp],
    new_rows: NDArray[np.intp],
    old: NDArray[Any],
    new: NDArray[Any],
    *,
    topn: int,
    first: int,
) -> Floats:
    """Return the share of the neighbours that two matrices, of any widths, have in common, for the first words.

    Parameters
    ----------
    old_rows, new_rows : ndarray of intp, shape (words,)
        The rows of the shared words in each matrix. Neighbours are searched among all of them.
    old, new : ndarray, shape (keys, D)
    topn : int
        Number of neighbours to compare, less than the number of words.
    first : int
        Number of words whose neighbours are compared.

    Returns
    -------
    ndarray of float32, shape (first,)
    """
    return _overlap(_Rows(old, old_rows), _Rows(new, new_rows), np.arange(first), topn)


def _overlap(before: _Rows, after: _Rows, compared: NDArray[np.intp], topn: int) -> Floats:
    nearest = before.neighbours(compared, topn), after.neighbours(compared, topn)
    shared = [np.intersect1d(*pair, assume_unique=True).size for pair in zip(*nearest, strict=True)]
    return np.array(shared, np.float32) / np.float32(topn)


class _Rows:
    """Some rows of a matrix, without a copy if they are its first rows in order."""

    def __init__(self, matrix: NDArray[Any], rows: NDArray[np.intp]) -> None:
        in_order = np.array_equal(rows, np.arange(len(rows)))
        self._matrix = matrix[: len(rows)] if in_order else matrix[rows]
        self._norms = np.zeros(len(rows), np.float32)
        for first in range(0, len(rows), ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            self._norms[part] = np.linalg.norm(self.block(part), axis=1)
        self.inverse_norms = np.zeros(len(rows), np.float32)
        np.divide(1, self._norms, out=self.inverse_norms, where=self._norms > 0)

    def block(self, part: slice) -> Floats:
        return self._matrix[part].astype(np.float32, copy=False)

    def neighbours(self, words: NDArray[np.intp], topn: int) -> NDArray[np.intp]:
        """Return the `topn` rows with the highest cosine to each of `words`, without the word itself."""
        nearest, _ = similarity.nearest_rows(self._matrix, self._norms, self._matrix[words], topn + 1)
        own = nearest == words[:, None]
        own[~own.any(axis=1), -1] = True  # the word itself comes after equal vectors: leave out the last one
        neighbours: NDArray[np.intp] = nearest[~own].reshape(len(words), topn)
        return neighbours


def _mean(values: Floats) -> float:
    return float(values.mean(dtype=np.float64)) if values.size else float("nan")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


Drift.__module__ = "fastw2v.keyedvectors"  # the public module that exports the class, which pickles name
