"""Merging the replicas of a model: how the changes that the members of a group made to a row become one change.

Each member trains a replica. At a merge, the change of row `i` on member `r` since the last merge is d[r]. With the
sum S = sum_r d[r] and Q = sum_r |d[r]|^2, every replica becomes

    old value + S * min(1, Q / |S|^2)

Changes that are orthogonal, as those of members that met other contexts of a word, are added: |S|^2 = Q. Changes that
are equal are averaged: |S|^2 = size * Q, because what all members learnt is to be learnt once; their sum would
overshoot for frequent words, whose rows change by hundreds of updates between two merges. A row that one member has
trained takes that member's change. This is the idea of Adasum (Maleki et al. 2021, "Scaling Distributed Training with
Adaptive Summation"), written with sums, so that an allreduce computes it.

Frequent rows are merged often, all rows rarely: the ruler schedule of pWord2Vec (Ji, Satish, Li and Dubey 2016,
"Parallelizing Word2Vec in Shared and Distributed Memory"). Merge number t of an epoch takes the 2**(number of trailing
zero bits of t) times `frequent_rows` most frequent rows, and the last merge of an epoch all rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.distributed.communicator import Communicator

Matrix = NDArray[np.float32]

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
    order : ndarray of int or None
        The rows by falling frequency; None: they are in this order.
    """

    values: NDArray[np.float32]
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
        self.merged_bytes = 0

    def merge(self, n_rows: int | None = None) -> None:
        """Merge the `n_rows` most frequent rows of every array; None: all rows."""
        if self._communicator.size == 1:
            return
        for array, merged in zip(self._arrays, self._merged, strict=True):
            for rows in _blocks(array, n_rows):
                self._merge_rows(array.values, merged, rows)

    def _merge_rows(self, values: NDArray[np.float32], merged: NDArray[np.float32], rows: Any) -> None:
        old = merged[rows]
        changes = values[rows] - old
        flat = changes.reshape(len(changes), -1)
        # One allreduce for both: the changes of the rows, and in the last column the squares of their norms.
        sums = np.empty((len(flat), flat.shape[1] + 1), dtype=np.float32)
        sums[:, :-1] = flat
        np.einsum("ij,ij->i", flat, flat, out=sums[:, -1])
        self._communicator.allreduce(sums)
        self.merged_bytes += sums.nbytes
        total, squares = sums[:, :-1], sums[:, -1]
        norms = np.einsum("ij,ij->i", total, total)
        factors = np.ones_like(norms)
        np.divide(squares, norms, out=factors, where=norms > squares)
        new = old + (total * factors[:, None]).reshape(old.shape)
        values[rows] = merged[rows] = new


def _blocks(array: Replicated, n_rows: int | None) -> Iterator[Any]:
    """Yield the rows to merge in blocks: slices, or arrays of row numbers."""
    count = len(array.values) if n_rows is None else min(n_rows, len(array.values))
    step = max(1, _BLOCK_BYTES // max(1, array.values.nbytes // max(1, len(array.values))))
    for start in range(0, count, step):
        block = slice(start, min(start + step, count))
        yield block if array.order is None else array.order[block]
