"""How far words moved between two sets of vectors, and how much of their neighbourhoods is left.

Distances and cosines compare a word's two vectors, so they mean something where one set grew out of the other: two
trainings from scratch differ by a rotation, which moves every word. Neighbourhoods are compared within each set, and
do not see rotations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.validation import check_whole

Floats = NDArray[np.float32]

SCORES_AT_ONCE = 1 << 24  # similarities held at a time
ROWS_AT_ONCE = 1 << 14


@dataclass(frozen=True, eq=False)
class Drift:
    """How far the words that two sets of vectors share moved from one to the other.

    Attributes
    ----------
    words : list
        The shared words, in the order of the newer set.
    distance : ndarray of float32, shape (len(words),)
        Euclidean distance between the two vectors of each word.
    cosine : ndarray of float32, shape (len(words),)
        Cosine between them: 1 where the word did not turn; 0 if either is a zero vector.
    overlap : ndarray of float32, shape (len(words),)
        Share of the word's `topn` nearest neighbours that stayed, among the shared words; NaN where it was not asked.
    topn : int
        Size of the neighbourhoods that were compared.
    """

    words: list[Any]
    distance: Floats
    cosine: Floats
    overlap: Floats
    topn: int

    @property
    def mean_distance(self) -> float:
        """Mean distance of the shared words; NaN if there are none, or a vector holds NaN."""
        return _mean(self.distance)

    @property
    def mean_cosine(self) -> float:
        """Mean cosine of the shared words; NaN if there are none, or a vector holds NaN."""
        return _mean(self.cosine)

    @property
    def mean_overlap(self) -> float:
        """Mean share of neighbours that stayed, over the words that were asked; NaN if none was."""
        return _mean(self.overlap[~np.isnan(self.overlap)])

    def most_moved(self, topn: int = 10) -> list[tuple[Any, float]]:
        """Return the `topn` words that turned farthest, with their cosines; vectors that hold NaN come first.

        Raises
        ------
        ValueError, TypeError
            If `topn` is negative, or no whole number.
        """
        check_whole("topn", topn, least=0)
        order = np.argsort(np.nan_to_num(self.cosine, nan=-np.inf), kind="stable")[:topn]
        return [(self.words[i], float(self.cosine[i])) for i in order.tolist()]

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        asked = int(np.count_nonzero(~np.isnan(self.overlap)))
        kept = f", {self.mean_overlap:.1%} of {self.topn} neighbours kept (of {asked} words)" if asked else ""
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
    """Return how far `words` moved from one matrix to another.

    Parameters
    ----------
    words : sequence
        The words that both have.
    old_rows, new_rows : ndarray of intp, shape (len(words),)
        Their rows.
    old, new : ndarray, shape (keys, D)
    topn : int, default 10
        Neighbours to compare; 0 for none.
    sample : int, optional
        Compare the neighbourhoods of so many words, evenly spread over `words`; None for all.

    Raises
    ------
    ValueError
        If the matrices differ in width, or `topn` or `sample` is negative.
    TypeError
        If one of these is no whole number.
    """
    if old.shape[1] != new.shape[1]:
        raise ValueError(
            f"the vectors have {new.shape[1]} and {old.shape[1]} dimensions; drift needs the same"
        )
    check_whole("topn", topn, least=0)
    if sample is not None:
        check_whole("sample", sample, least=0)
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
        n_asked = count if sample is None else min(sample, count)
        asked = np.linspace(0, count - 1, n_asked).astype(np.intp)
        step = max(SCORES_AT_ONCE // count, 1)
        for first in range(0, n_asked, step):
            some = asked[first : first + step]
            nearest = before.neighbours(some, topn), after.neighbours(some, topn)
            for word, left, right in zip(some.tolist(), *nearest, strict=True):
                overlap[word] = np.intersect1d(left, right, assume_unique=True).size / topn
    return Drift(list(words), distance, cosine, overlap, max(topn, 0))


class _Rows:
    """Some rows of a matrix: the matrix itself, without a copy, where they are its first ones in order."""

    def __init__(self, matrix: NDArray[Any], rows: NDArray[np.intp]) -> None:
        in_order = np.array_equal(rows, np.arange(len(rows)))
        self._matrix = matrix[: len(rows)] if in_order else matrix[rows]
        self.inverse_norms = np.zeros(len(rows), np.float32)
        for first in range(0, len(rows), ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            norms = np.linalg.norm(self.block(part), axis=1)
            np.divide(1, norms, out=self.inverse_norms[part], where=norms > 0)

    def block(self, part: slice) -> Floats:
        return self._matrix[part].astype(np.float32, copy=False)

    def neighbours(self, words: NDArray[np.intp], topn: int) -> NDArray[np.intp]:
        """The rows nearest to each of `words` by cosine, itself left out; in no order."""
        scores = self._matrix[words].astype(np.float32, copy=False) @ self.block(slice(None)).T
        scores *= self.inverse_norms
        scores[np.arange(len(words)), words] = -np.inf
        nearest: NDArray[np.intp] = np.argpartition(-scores, topn - 1, axis=1)[:, :topn]
        return nearest


def _mean(values: Floats) -> float:
    return float(values.mean(dtype=np.float64)) if values.size else float("nan")


Drift.__module__ = "fastw2v.keyedvectors"  # the public module, which pickles name
