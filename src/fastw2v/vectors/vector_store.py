"""Storage of keyed vectors that changes: rows added, removed, renamed, reordered, copied.

Growth keeps room for more out of sight (`spareroom`), so that adding keys one by one costs amortised constant time.
Every change takes the keys, the matrix, the attributes and the norms along together, or changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.common import memory
from fastw2v.vectors.initialization import grown_vectors, prep_vectors
from fastw2v.vectors.keyed_rows import KEY_TYPES, Array, Key, KeyedRows
from fastw2v.vocabulary.huffman import HuffmanTree

logger = logging.getLogger("gensim.models.keyedvectors")

Store = TypeVar("Store", bound="VectorStore")

MIXED = -1  # words_before_update, where the words of before the update are not the first ones any more


class VectorStore(KeyedRows):
    """Keys, their vectors and attributes; see `fastw2v.KeyedVectors`, which adds queries and files."""

    vectors_lockf: NDArray[np.float32] | None = None
    words_before_update: int | None = None

    # --- growth

    def resize_vectors(self, seed: int | None = 0) -> None:
        """Give the matrix and the attributes a row for each key of `index_to_key`.

        Parameters
        ----------
        seed : int, default 0
            New rows are those that `prep_vectors` makes of this seed.
        """
        rows = len(self.index_to_key)
        before = len(self._vectors)
        if 0 < before < rows and self._vectors.shape[1] == self.vector_size:
            self._vectors = grown_vectors(self._vectors, rows, seed)
        else:
            prior = self._vectors if before else None
            self._vectors = prep_vectors(
                (rows, self.vector_size), prior_vectors=prior, seed=seed, dtype=self._vectors.dtype
            )
        self._norms = None
        self._extend_lock_factors(before, rows)
        self.allocate_vecattrs()

    def add_vector(self, key: Key, vector: Array | Sequence[float]) -> int:
        """Add one key and return its row; a key that is there already keeps its vector.

        The first empty slot of a store made with ``count=`` is used, else the store grows by one row, in
        amortised constant time.
        """
        self.add_vectors([key], np.asarray(vector)[None])
        return self.key_to_index[key]

    def add_vectors(
        self,
        keys: Key | Iterable[Key],
        weights: Array | Sequence[Any],
        extras: Mapping[str, Any] | None = None,
        replace: bool = False,
    ) -> None:
        """Add keys with their vectors; empty slots are filled first, then the store grows.

        Parameters
        ----------
        keys : str, int or iterable of them
            An integer is a key here, never a row. If a key is given twice, the first vector counts (with
            `replace`, the last).
        weights : array-like, shape (len(keys), vector_size)
            Converted to the dtype of the store.
        extras : mapping of str to array-like, shape (len(keys),), optional
            Attributes of the keys.
        replace : bool, default False
            Whether keys that are there already get the new vectors and extras, or keep theirs.

        Raises
        ------
        ValueError
            If the shapes disagree, or a key is None. Nothing is changed then.
        TypeError
            If an attribute exists with another type. Nothing is changed then.
        """
        if isinstance(keys, KEY_TYPES):
            keys, weights = [keys], np.asarray(weights).reshape(1, -1)
        key_list = list(keys)
        matrix = np.asarray(weights)
        if not key_list:
            return
        if matrix.shape != (len(key_list), self.vector_size):
            raise ValueError(
                f"weights must have shape {(len(key_list), self.vector_size)} (keys, vector_size), "
                f"not {matrix.shape}"
            )
        columns = {name: self._column(name, values, len(key_list)) for name, values in (extras or {}).items()}
        placed, sources, targets = self._place(key_list, replace)
        if not sources:
            return
        chosen = matrix if len(sources) == len(key_list) else matrix[sources]
        chosen = chosen.astype(
            self._vectors.dtype, copy=False
        )  # fails, if it fails, before anything is changed
        self._grow(max(len(self), max(placed.values(), default=-1) + 1))
        for key, row in placed.items():
            self.index_to_key[row] = key
            self.key_to_index[key] = row
        self._vectors[targets] = chosen
        self.allocate_vecattrs(columns, [column.dtype for column in columns.values()])
        for name, column in columns.items():
            self.expandos[name][targets] = column[sources]
        self.next_index = self._free_slot(min(self.next_index, len(self.index_to_key)))
        self._norms = None

    def __setitem__(self, keys: Key | Iterable[Key], weights: Array | Sequence[Any]) -> None:
        """Set or add the vectors of one or several keys; an integer that is no key means a row."""
        if isinstance(keys, KEY_TYPES):
            keys, weights = [keys], np.asarray(weights).reshape(1, -1)
        self.add_vectors([self._named(key) for key in keys], weights, replace=True)

    def _named(self, key: Key) -> Key:
        """The key of row `key`, where `key` is no key itself but a row of a key that is not an integer."""
        if key in self.key_to_index or not isinstance(key, (int, np.integer)) or not 0 <= key < len(self):
            return key
        name: Key | None = self.index_to_key[key]
        return key if name is None or isinstance(name, (int, np.integer)) else name

    def _place(self, keys: list[Key], replace: bool) -> tuple[dict[Key, int], list[int], list[int]]:
        """Choose rows: (rows of new keys, positions in `keys` to store, the row of each of those)."""
        new: dict[Key, int] = {}
        sources, targets = [], []
        row = self._free_slot(min(self.next_index, len(self.index_to_key)))
        for source, key in enumerate(keys):
            if key is None:
                raise ValueError(f"keys[{source}] is None, which marks an empty slot; give it a name")
            known = self.key_to_index.get(key, new.get(key, -1))
            if known < 0:
                new[key] = known = row
                row = self._free_slot(row + 1)
            elif not replace:
                continue
            sources.append(source)
            targets.append(known)
        return new, sources, targets

    def _free_slot(self, start: int) -> int:
        """First row from `start` on that has no key; rows beyond the last one count as free."""
        while start < len(self.index_to_key) and self.index_to_key[start] is not None:
            start += 1
        return start

    def _column(self, name: str, values: Any, count: int) -> Array:
        """The values of an extra attribute, checked against the number of keys and its type so far."""
        column = np.asarray(values)
        if column.dtype.kind in "US":
            column = column.astype(object)
        if column.shape != (count,):
            raise ValueError(f"extras[{name!r}] must have shape {(count,)}, not {column.shape}")
        existing = self.expandos.get(name)
        if existing is not None and not np.issubdtype(column.dtype, existing.dtype):
            raise TypeError(
                f"extras[{name!r}] is of type {column.dtype}, the attribute of type {existing.dtype}"
            )
        return column

    def _grow(self, rows: int) -> None:
        """Give the store `rows` rows, the new ones without a key."""
        before = len(self._vectors)
        if rows > len(self.index_to_key):
            self.index_to_key.extend([None] * (rows - len(self.index_to_key)))
        if rows > before:
            self._vectors = self._spare.resized("vectors", self._vectors, rows)
            self._extend_lock_factors(before, rows)
        self.allocate_vecattrs()

    def take_over(self, keys: Sequence[Key], vectors: Array, lockf: float | Array | None = None) -> None:
        """Overwrite the vectors of keys that are all there, and give them lock factors.

        Parameters
        ----------
        keys : sequence of str or int
        vectors : ndarray, shape (len(keys), vector_size)
        lockf : float or ndarray of shape (len(keys),), optional
            Factors on the learning rate of these rows; None leaves the factors as they are.
        """
        rows = np.array([self.key_to_index[key] for key in keys], dtype=np.intp)
        self._vectors[rows] = vectors
        self._norms = None
        if lockf is None:
            return
        # A factor belongs to row i modulo their number: cycling over the rows keeps what each row had.
        factors = self.vectors_lockf
        if factors is None or not len(factors):
            factors = np.ones(1, dtype=np.float32)
        factors = np.resize(factors, len(self)).astype(np.float32)
        factors[rows] = lockf
        self.vectors_lockf = factors

    def _extend_lock_factors(self, before: int, rows: int) -> None:
        """Let new rows learn freely where each row has a factor of its own."""
        if self.vectors_lockf is not None and len(self.vectors_lockf) == before > 1 and rows > before:
            self.vectors_lockf = np.concatenate(
                [self.vectors_lockf, np.ones(rows - before, dtype=np.float32)]
            )

    # --- removal, renaming, order, copies

    def remove_keys(self, keys: Key | Iterable[Key]) -> None:
        """Remove keys with their vectors and attributes; the other keys keep their order.

        Raises
        ------
        KeyError
            If a key is missing. Nothing is changed then.
        """
        doomed = {self._row_of(key) for key in _as_keys(keys)}
        self._reorder(np.array([row for row in range(len(self)) if row not in doomed], dtype=np.intp))

    def rename_key(self, old: Key, new: Key) -> None:
        """Give the vector of `old` the key `new`.

        Raises
        ------
        KeyError
            If `old` is missing.
        ValueError
            If `new` is there already, or None.
        """
        row = self._row_of(old)
        if new is None:
            raise ValueError("new must be a key, not None")
        if new in self.key_to_index and new != old:
            raise ValueError(f"new key {new!r} is present already; remove it first with remove_keys()")
        del self.key_to_index[old]
        self.key_to_index[new] = row
        self.index_to_key[row] = new

    def subset(self: Store, keys: Iterable[Key]) -> Store:
        """Return a new store of some keys, in the order given, with copies of their vectors and attributes.

        Parameters
        ----------
        keys : iterable of str or int
            A key that is given twice counts once.

        Raises
        ------
        KeyError
            If a key is missing; ``vectors_for_all`` leaves such keys out instead.
        """
        chosen = list(dict.fromkeys(_as_keys(keys)))
        return self._of_rows(chosen, np.array([self._row_of(key) for key in chosen], dtype=np.intp))

    def astype(self: Store, dtype: DTypeLike) -> Store:
        """Return a copy whose vectors are stored in another floating type.

        float16 takes half the memory at three significant digits; queries on it are computed in float32.

        Raises
        ------
        ValueError
            If `dtype` is not a floating type, or a number is too large for it.
        """
        target = np.dtype(dtype)
        if target.kind != "f":
            raise ValueError(f"dtype must be a floating type such as float16 or float32, not {target}")
        copy = self._of_rows(self.index_to_key, np.arange(0), dtype=target)
        rows = memory.empty(self._vectors.shape, target)
        with np.errstate(over="ignore"):
            rows[...] = self._vectors
        if target.itemsize < self._vectors.dtype.itemsize and bool(
            np.isinf(rows).any() > np.isinf(self._vectors).any()
        ):
            raise ValueError(
                f"some numbers of vectors are too large for dtype {target}; scale the vectors first"
            )
        copy._vectors = rows
        copy.expandos = {name: values.copy() for name, values in self.expandos.items()}
        copy.next_index = self.next_index
        if self.vectors_lockf is not None:
            copy.vectors_lockf = self.vectors_lockf.copy()
        return copy

    def sort_by_descending_frequency(self) -> None:
        """Reorder everything by falling ``count``; among equal counts, the key that came last goes first.

        Raises
        ------
        KeyError
            If the keys have no attribute ``count``.
        ValueError
            If the matrix has another number of rows than there are keys.
        """
        if not len(self):
            return
        self.allocate_vecattrs()
        order = np.argsort(self.expandos["count"], kind="stable")[::-1]
        if len(self._vectors):
            logger.warning("sorting after vectors have been allocated is expensive & error-prone")
        self._reorder(order)

    def _row_of(self, key: Key) -> int:
        """Row of a key; rows themselves do not count as keys here."""
        try:
            return self.key_to_index[key]
        except KeyError:
            raise KeyError(f"Key '{key}' not present") from None

    def _reorder(self, order: NDArray[np.intp]) -> None:
        """Keep the rows named by `order`, in that order."""
        keys = len(self)
        if len(self._vectors) not in (0, keys):
            raise ValueError(
                f"vectors has {len(self._vectors)} rows for {keys} keys; call resize_vectors() first"
            )
        if len(self._vectors):
            self._vectors = _taken(self._vectors, order)
        self.expandos = {name: values[order] for name, values in self.expandos.items()}
        if self.vectors_lockf is not None and len(self.vectors_lockf) == keys > 1:
            self.vectors_lockf = self.vectors_lockf[order]
        tree = self.huffman_tree
        if tree is not None and len(tree.code_rows) == keys:
            self.huffman_tree = HuffmanTree.from_rows(
                [tree.point(row) for row in order.tolist()], [tree.code(row) for row in order.tolist()]
            )
        if self.words_before_update is not None:
            is_old = order < self.words_before_update
            n_old = int(np.count_nonzero(is_old))
            known = self.words_before_update != MIXED and bool(is_old[:n_old].all())
            self.words_before_update = n_old if known else MIXED
        self.index_to_key = [self.index_to_key[row] for row in order.tolist()]
        self.key_to_index = {key: row for row, key in enumerate(self.index_to_key) if key is not None}
        self.next_index = self._free_slot(0)
        self._norms = None

    def _of_rows(
        self: Store, keys: Sequence[Key], rows: NDArray[np.intp], dtype: DTypeLike | None = None
    ) -> Store:
        """A new store of `keys` with copies of `rows`."""
        new = type(self)(self.vector_size, dtype=dtype or self._vectors.dtype)
        new.index_to_key = list(keys)
        new.key_to_index = {key: row for row, key in enumerate(keys) if key is not None}
        new.next_index = len(keys)
        if len(rows):
            new._vectors = _taken(self._vectors, rows)
            new.expandos = {name: values[rows] for name, values in self.expandos.items()}
        return new


def _as_keys(keys: Key | Iterable[Key]) -> Iterable[Key]:
    return [keys] if isinstance(keys, KEY_TYPES) else keys


def _taken(matrix: Array, rows: NDArray[np.intp]) -> Array:
    """Copy of some rows, in memory fit for training."""
    out = memory.empty((len(rows), matrix.shape[1]), matrix.dtype)
    np.take(matrix, rows, axis=0, out=out, mode="clip")
    return out
