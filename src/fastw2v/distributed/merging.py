"""Merging the replicas of a model: how the changes that the members of a group made to a row become one change.

Each member trains a replica. At a merge, with the changes d[0], d[1], ... of a row on the members since its last
merge, the row becomes, on all of them,

    old value + factor * (d[0] + d[1] + ...)

A row that was trained a few times takes the sum: one process would have made all these updates, one after the other.
For a row that every member has trained some hundred times, the sum would overshoot. Each member has then moved the row
most of the way to where its text wants it, and the members' texts want nearly the same. If the updates of one member
take the row the share 1 - exp(-c) of that way, those of all `size` members, one after the other, would take it
1 - exp(-size * c), so that

    factor = (1 - exp(-size * c)) / (size * (1 - exp(-c)))

which falls from 1 (the sum) to 1 / size (the mean). An update of one target moves a row by about alpha times the
curvature of the loss, so c is alpha times the number of updates of the row by one member, times `CURVATURE * size`. The
factor `size` keeps large groups stable: if the members' changes all lead nearly to the same place, their sum must not
lead far beyond it, and with a smaller c, 8 and 16 members diverged. The number of updates is the expected one: it
follows from the words trained since the last merge and from the counts of the vocabulary, so all members compute the
same factors. `docs/development/experiments.md` compares this rule with sums and means.

Frequent rows are merged often, all rows rarely: the ruler schedule of pWord2Vec (Ji, Satish, Li and Dubey 2016,
"Parallelizing Word2Vec in Shared and Distributed Memory"). Merge number t of an epoch takes the 2**(number of trailing
zero bits of t) times `frequent_rows` most frequent rows, and the last merge of an epoch all rows. Under Zipf's law,
rows of all frequencies are then trained about as often from one of their merges to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.distributed.communicator import Communicator

CURVATURE = 0.005  # for each member; found by measurement with 2 to 16 of them
_BLOCK_BYTES = 1 << 23  # of a matrix that is merged at a time, which bounds the temporary memory


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
        How often a row is updated, on the average, for each raw word of the text.
    order : ndarray of int or None
        The rows by falling frequency; None: they are in this order.
    """

    values: NDArray[np.float32]
    updates: NDArray[np.float64]
    order: NDArray[np.intp] | None = None


class Merger:
    """The merges of replicas that were equal when this object was made.

    Parameters
    ----------
    communicator : Communicator
    arrays : sequence of Replicated

    Attributes
    ----------
    merged_bytes : int
        The bytes that this member has given to allreduce.
    """

    def __init__(self, communicator: Communicator, arrays: Sequence[Replicated]) -> None:
        self._communicator = communicator
        self._arrays = arrays
        self._merged = [array.values.copy() for array in arrays] if communicator.size > 1 else []
        self._trained = [
            np.zeros(len(array.values)) for array in arrays
        ]  # words at the last merge of each row
        self.merged_bytes = 0

    def merge(self, n_rows: int | None, words: float, alpha: float) -> None:
        """Merge the most frequent rows of every array.

        Parameters
        ----------
        n_rows : int or None
            How many; None: all rows.
        words : float
            The raw words that each member has trained, on the average, since this object was made.
        alpha : float
            The present learning rate.
        """
        if self._communicator.size == 1:
            return
        for array, merged, trained in zip(self._arrays, self._merged, self._trained, strict=True):
            for rows in _blocks(array, n_rows):
                updates = array.updates[rows] * (words - trained[rows])
                size = self._communicator.size
                factors = merge_factors(CURVATURE * size * alpha * updates, size)
                self._merge_rows(array.values, merged, rows, factors)
                trained[rows] = words

    def _merge_rows(self, values: Any, merged: Any, rows: Any, factors: NDArray[np.float32]) -> None:
        change = values[rows] - merged[rows]
        self._communicator.allreduce(change)
        self.merged_bytes += change.nbytes
        change *= factors.reshape(-1, *[1] * (change.ndim - 1))
        merged[rows] += change
        values[rows] = merged[rows]


def merge_factors(steps: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Return by what the sums of the changes of rows are multiplied.

    Parameters
    ----------
    steps : ndarray, shape (rows,)
        The c of each row, as the head of this module defines it.
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
        block = slice(start, min(start + step, count))
        yield block if array.order is None else array.order[block]
