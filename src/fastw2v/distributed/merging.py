"""Merging the replicas of a model: how the changes that the members of a group made to a row become one change.

Each member trains a replica. At a merge, with the changes d[0], d[1], ... of a row on the members since its last
merge, the row becomes, on all of them,

    old value + F (d[0] + d[1] + ...)

where F multiplies each of some orthogonal directions by a factor of its own. In a direction in which the row was moved
a little, the factor is 1, which gives the sum: one process would have made all these updates, one after another. If
every member has moved the row most of the distance to the minimum of the loss of its text, the sum would overshoot,
because the minima of the members are nearly the same. If the updates of one member move the row by the share 1 -
exp(-c) of this distance, those of all `size` members, one after another, would move it by 1 - exp(-size * c), so

    factor = (1 - exp(-size * c)) / (size * (1 - exp(-c)))

which falls from 1 (the sum) to 1 / size (the mean). c is alpha times the number of updates of the row by one member,
times the curvature of the loss in that direction, which is `SLOPE` times an eigenvalue of the second moment of the rows
against which the row is trained (`curvature`). The number of updates is the expected one: it follows from the words
trained since the last merge and from the counts of the vocabulary.

With hierarchical softmax, and for a bias, all directions have one factor. The few nodes near the root, which most
updates train, have other moments than the nodes of a single word, and a factor for each direction made the training
worse. The curvature is then `UNIFORM_CURVATURE` times `size`, which keeps large groups stable. For other rows, one
factor for all directions would have to suit the direction of the largest curvature, or the training would diverge. In
all other directions it would give little more than the mean, and with more members the group would learn less.
`docs/development/experiments.md` compares both, sums, and means.

Each member multiplies its own changes by F before they are added up. The result is the same, and only the sum is added
to the replicas, so these stay equal bit for bit even if the processors of the members round differently.

Frequent rows are merged often, and all rows rarely, by the ruler schedule of pWord2Vec (Ji, Satish, Li and Dubey 2016,
"Parallelizing Word2Vec in Shared and Distributed Memory"). Merge number t of an epoch takes the 2**(number of trailing
zero bits of t) times `frequent_rows` most frequent rows, and the last merge of an epoch all rows. Under Zipf's law,
rows of all frequencies then have about the same number of updates between two of their merges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.distributed.communicator import Communicator
from fastw2v.distributed.curvature import Curvature

SLOPE = 0.03  # the mean of sigmoid * (1 - sigmoid); found by measurement with 2 to 16 members
UNIFORM_CURVATURE = 0.005  # times the number of members: for all directions, if moments are not used
_MOMENT_ROWS = 4096  # the most frequent rows, from which second moments are computed
_MOMENT_MERGES = 8  # merges from one computation to the next, after
_FIRST_MERGES = 64  # the first ones, at each of which they are computed
_BLOCK_BYTES = 1 << 23  # bytes of a matrix that are merged at a time, which limits the temporary memory


def rows_of_merge(number: int, frequent_rows: int, n_rows: int) -> int:
    """Return how many of the most frequent rows the merge `number` of an epoch takes, from 1 on.

    Examples
    --------
    >>> [rows_of_merge(number, 100, 1000) for number in range(1, 9)]
    [100, 200, 100, 400, 100, 200, 100, 800]
    """
    return min(n_rows, frequent_rows * (number & -number))


@dataclass(frozen=True)
class Replicated:
    """An array with a row for each word, of which every member trains a replica.

    Attributes
    ----------
    values : ndarray of float32, shape (rows,) or (rows, D)
        The replica, which a merge changes in place.
    updates : ndarray of float, shape (rows,)
        The mean number of updates of each row for each raw word of the text.
    order : ndarray of int or None
        The rows by falling frequency; None: they are in this order.
    opposites : sequence of int
        The indices of the arrays of a `Merger` that hold the rows against which the rows of this array are trained. If
        it is empty, all directions have one factor.
    """

    values: NDArray[np.float32]
    updates: NDArray[np.float64]
    order: NDArray[np.intp] | None = None
    opposites: Sequence[int] = ()

    def most_frequent(self, start: int, stop: int) -> Any:
        """Return the places from `start` to `stop` by falling frequency as a slice or as row numbers."""
        return slice(start, stop) if self.order is None else self.order[start:stop]


class Merger:
    """The merges of replicas that were equal when this object was made.

    Parameters
    ----------
    communicator : Communicator
    arrays : sequence of Replicated

    Attributes
    ----------
    merged_bytes : int
        The bytes that this member has passed to allreduce.
    """

    def __init__(self, communicator: Communicator, arrays: Sequence[Replicated]) -> None:
        self._communicator = communicator
        self._arrays = arrays
        self._merged = [array.values.copy() for array in arrays] if communicator.size > 1 else []
        self._trained = [
            np.zeros(len(array.values)) for array in arrays
        ]  # words at the last merge of each row
        self._curvatures = [
            Curvature.unknown(array.values.shape[1]) if array.opposites else None for array in arrays
        ]
        self._n_merges = 0
        self.merged_bytes = 0

    def take(self, arrays: Sequence[Replicated]) -> None:
        """Continue with these arrays, which are equal on all members: callbacks may have changed or replaced them."""
        self._arrays = arrays
        self._merged = [array.values.copy() for array in arrays] if self._merged else []

    def merge(self, n_rows: int | None, words: float, alpha: float) -> None:
        """Merge the most frequent rows of every array.

        Parameters
        ----------
        n_rows : int or None
            How many; None: all rows.
        words : float
            The mean number of raw words that each member has trained since this object was made.
        alpha : float
            The present learning rate.
        """
        if self._communicator.size == 1:
            return
        self._n_merges += 1
        if self._n_merges <= _FIRST_MERGES or self._n_merges % _MOMENT_MERGES == 0:
            self._compute_curvatures()
        everything = zip(self._arrays, self._merged, self._trained, self._curvatures, strict=True)
        for array, merged, trained, curvature in everything:
            for rows in _blocks(array, n_rows):
                steps = alpha * array.updates[rows] * (words - trained[rows])
                change = _damped(array.values[rows] - merged[rows], steps, curvature, self._communicator.size)
                self._communicator.allreduce(change)
                self.merged_bytes += change.nbytes
                merged[rows] += change
                array.values[rows] = merged[rows]
                trained[rows] = words

    def _compute_curvatures(self) -> None:
        """Compute the second moments from the merged values, which all members have."""
        frequent = [
            (merged[rows], array.updates[rows])
            for array, merged in zip(self._arrays, self._merged, strict=True)
            for rows in (array.most_frequent(0, _MOMENT_ROWS),)
        ]
        for array, curvature in zip(self._arrays, self._curvatures, strict=True):
            if curvature is not None:
                curvature.follow([frequent[opposite] for opposite in array.opposites])


def _damped(change: Any, steps: NDArray[np.float64], curvature: Curvature | None, size: int) -> Any:
    """Return the changes of rows times F; `steps` are alpha times the number of updates."""
    if curvature is None:
        factors = merge_factors(UNIFORM_CURVATURE * size * steps, size)
        change *= factors.reshape(-1, *[1] * (change.ndim - 1))
        return change
    rest = merge_factors(SLOPE * steps * curvature.rest, size)
    factors = merge_factors(SLOPE * steps[:, None] * curvature.values, size)
    along = change @ curvature.directions
    along *= factors - rest[:, None]
    change *= rest[:, None]
    change += along @ curvature.directions.T
    return change


def merge_factors(steps: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Return by what the sums of the changes of rows are multiplied.

    Parameters
    ----------
    steps : ndarray
        Values of c, as the head of this module defines it.
    size : int
        The number of members.

    Examples
    --------
    >>> [round(float(factor), 2) for factor in merge_factors(np.array([0.0, 0.1, 1.0, 10.0]), 4)]
    [1.0, 0.87, 0.39, 0.25]
    """
    steps = np.maximum(steps, 1e-6)
    factors: NDArray[np.float32] = (np.expm1(-size * steps) / (size * np.expm1(-steps))).astype(np.float32)
    return factors


def _blocks(array: Replicated, n_rows: int | None) -> Iterator[Any]:
    """Yield the rows to merge in blocks: slices, or arrays of row numbers."""
    count = len(array.values) if n_rows is None else min(n_rows, len(array.values))
    step = max(1, _BLOCK_BYTES // max(1, array.values.nbytes // max(1, len(array.values))))
    for start in range(0, count, step):
        yield array.most_frequent(start, min(start + step, count))
