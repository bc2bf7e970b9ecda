"""The values to which all updates of a model are anchored, kept with the model.

Without them, each update has a new anchor: it pulls words towards the values that the previous update has left, and
after many updates the words have moved as far as without an anchor. `KeptAnchor` holds the values at the start of the
first update with `keep_anchor`. They are rows of the table of words, so they move when words are sorted or removed, and
grow with the vocabulary. A word that has no value yet has a row of NaN. The next update with `keep_anchor` gives it the
present value, which is the value after the first training of the word if all updates keep the anchor.

The weights of hierarchical softmax have one row for each inner node of the Huffman tree instead. Nodes keep their
numbers while a tree grows, and are renumbered when a tree loses words. When a model builds a new tree, it discards
these values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import memory
from fastw2v.vectors.row_table import Array, Column, RowTable, take_rows

Matrix = NDArray[np.float32]

OF_WORDS = ("vectors", "syn1neg", "syn1neg_bias")
OF_NODES = "syn1"


class _AnchorRows(Column):
    """A column in which words without a value have NaN."""

    def taken(self, table: RowTable, rows: NDArray[np.intp]) -> Array | None:
        """Return the values for a table that keeps `rows`, in this order."""
        if self.values is None or len(self.values) > len(table):
            return self.values
        return take_rows(_extended(self.values, len(table)), rows)

    def grown(self, rows: int) -> Array | None:
        """Return the values unchanged, because words that are added have no values yet."""
        return self.values


class _AnchorNodes(Column):
    """The values of inner nodes, which do not move with the rows; the table restores them if a change fails."""

    def taken(self, table: RowTable, rows: NDArray[np.intp]) -> Array | None:
        """Return the values as they are."""
        return self.values

    def grown(self, rows: int) -> Array | None:
        """Return the values as they are."""
        return self.values


class KeptAnchor:
    """The values of the weights of a model to which its updates are anchored.

    Parameters
    ----------
    arrays : mapping of str to float32 array, optional
        The values by the names of their weights: ``vectors``, ``syn1neg``, ``syn1neg_bias``, ``syn1``.
    """

    def __init__(self, arrays: Mapping[str, Array] | None = None) -> None:
        arrays = arrays or {}
        self._columns: dict[str, Column] = {name: _AnchorRows(arrays.get(name)) for name in OF_WORDS}
        self._columns[OF_NODES] = _AnchorNodes(arrays.get(OF_NODES))

    def attach(self, table: RowTable) -> None:
        """Let the values of words move with the rows of `table`."""
        for column in self._columns.values():
            table.attach(column)

    def detach(self, table: RowTable) -> None:
        """Let the values of words no longer move with the rows of `table`."""
        for column in self._columns.values():
            table.detach(column)

    def __bool__(self) -> bool:
        return any(column.values is not None for column in self._columns.values())

    def arrays(self) -> dict[str, Array]:
        """Return the values by the names of their weights, for files and copies."""
        return {name: column.values for name, column in self._columns.items() if column.values is not None}

    def clear(self) -> None:
        """Discard all values."""
        for column in self._columns.values():
            column.values = None

    def take_nodes(self, nodes: NDArray[np.intp]) -> None:
        """Let the values of inner nodes follow an update of the Huffman tree.

        Parameters
        ----------
        nodes : ndarray of intp
            The present inner nodes that the tree has kept, in the order of their new numbers.
        """
        values: Any = self._columns[OF_NODES].values
        if values is not None:
            known = nodes < len(values)
            moved = np.full((len(nodes), *values.shape[1:]), np.nan, dtype=np.float32)
            moved[known] = values[nodes[known]]
            self._columns[OF_NODES].values = moved

    def forget_nodes(self) -> None:
        """Discard the values of the inner nodes, because the Huffman tree is built anew."""
        self._columns[OF_NODES].values = None

    def values_of(self, name: str, weights: Matrix, rows: int) -> Matrix:
        """Return the values for the first rows of some weights; the present values of rows without kept values.

        Parameters
        ----------
        name : str
            The name of the weights.
        weights : float32 array
            The present weights.
        rows : int
            Number of rows that need a value.

        Returns
        -------
        float32 array
            At least `rows` rows. They are kept once `keep` is called with them.

        Raises
        ------
        ValueError
            If the kept values do not fit the weights, because these were replaced.
        """
        kept: Any = self._columns[name].values
        if kept is None:
            kept = memory.zeros((0, *weights.shape[1:]))
        if kept.shape[1:] != weights.shape[1:] or len(kept) > len(weights) or kept.dtype != np.float32:
            raise ValueError(
                f"the kept anchor has {kept.dtype} values of shape {kept.shape} for {name} of shape {weights.shape}, "
                "which was replaced since; call discard_anchor(), and the next update keeps the present values"
            )
        n_kept = len(kept)
        missing = np.flatnonzero(np.isnan(kept if kept.ndim == 1 else kept[:, 0]))
        missing = missing[missing < rows]
        values: Matrix = kept
        if len(missing):
            values = kept.copy()
            values[missing] = weights[missing]
        if n_kept < rows:
            values = memory.grown(values, rows)
            values[n_kept:] = weights[n_kept:rows]
        return values

    def keep(self, name: str, values: Matrix) -> None:
        """Keep the values of some weights."""
        self._columns[name].values = values


def _extended(values: Array, rows: int) -> Array:
    """Return an array with rows of NaN appended."""
    if len(values) == rows:
        return values
    result: Array = memory.empty((rows, *values.shape[1:]), values.dtype)
    result[: len(values)] = values
    result[len(values) :] = np.nan
    return result
