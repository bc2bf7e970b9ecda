"""The table of rows: keys, and every array that has one row for each key.

A `RowTable` owns the keys, the vectors, the lock factors and the attributes of the keys. All operations that move rows
(`take`, `drop`, `add`, `grow`) move all of these together, or change nothing: they make every new array first and
assign afterwards, and undo the assignments if an exception arrives between them. Two kinds of objects move with them:

* A *follower* belongs to the table and depends on the order of the rows, but is not an array of rows: the paths of a
  Huffman tree, or the number of rows that existed before an update. It has a method `take` that returns its successor.
* A `Column` is an array of rows that belongs to a model, such as the output weights. The table refers to it weakly:
  ``wv = model.wv; del model`` frees the output weights, and a pickle of ``wv`` does not contain them. Several models
  may share one table, each with columns of its own.

The arrays are plain NumPy arrays. Users read them, write into them and replace them. They also replace the keys and the
vectors one after the other, in any order, so the numbers of keys and vectors may differ for a while. Assignments are
therefore not compared with each other. `matrix` makes this comparison, and all code that uses the vectors of keys reads
it.

Norms of the rows are computed when they are first needed; all methods of this class that change vectors discard them.
A write into ``vectors[...]`` is not noticed.
"""

from __future__ import annotations

import functools
import logging
import operator
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from weakref import WeakSet

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.common import memory
from fastw2v.common.locks import ExclusiveLock, holding
from fastw2v.common.undo import UndoOnError
from fastw2v.common.validation import as_dtype, as_int, check_hashable
from fastw2v.vectors import similarity
from fastw2v.vectors.growable_array import GrowableArray
from fastw2v.vectors.initialization import extend_vectors, prep_vectors

logger = logging.getLogger("gensim.models.keyedvectors")

Key = str | int | np.integer[Any]
Array = NDArray[Any]
Rows = NDArray[np.intp]

KEY_TYPES = (str, int, np.integer)

Method = TypeVar("Method", bound=Callable[..., Any])
Contents = TypeVar("Contents")

_moving = threading.RLock()  # held while rows move, or while a consistent state of them is read


def _renew_lock_in_child() -> None:
    """Make a new lock after `fork`: a thread that held the old one does not exist in the child."""
    global _moving
    _moving = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock_in_child)


def _moves_rows(method: Method) -> Method:
    """Make a method of `RowTable` wait until no other thread moves rows or reads a consistent state of them."""

    @functools.wraps(method)
    def moving(self: RowTable, *args: Any, **kwargs: Any) -> Any:
        with holding(_moving), self.changing.hold():
            self.n_moves += 1
            try:
                return method(self, *args, **kwargs)
            except MemoryError:
                self._buffers.clear()  # longer ones may have been made that no array uses
                raise

    return moving  # type: ignore[return-value]


_NO_MATRIX = (object(), None)  # an object that nobody assigns

MIXED = -1  # count of `LeadingRows` whose rows are no longer the first ones


class Follower(Protocol):
    """An object that depends on the order of the rows of a table."""

    def take(self, rows: Rows) -> Any:
        """Return the follower of a table that keeps `rows`, in this order."""


@dataclass(frozen=True)
class LeadingRows:
    """A follower that counts rows at the start of the table, for example those that existed before an update.

    Attributes
    ----------
    count : int
        Number of these rows, or `MIXED` if they are no longer the first ones.
    """

    count: int

    def take(self, rows: Rows) -> LeadingRows:
        """Return the count of a table that keeps `rows`, in this order."""
        is_leading = rows < self.count
        count = int(np.count_nonzero(is_leading))
        return LeadingRows(count if self.count != MIXED and bool(is_leading[:count].all()) else MIXED)


class Column:
    """An array with one row for each key of a table, owned by a model and attached to the table.

    Parameters
    ----------
    values : ndarray, optional
        The array. It may be replaced at any time by an array of any shape; the shape is checked when the array is
        trained.
    """

    def __init__(self, values: Array | None = None) -> None:
        self.values = values

    def taken(self, table: RowTable, rows: Rows) -> Array | None:
        """Return the values for a table that keeps `rows`, in this order.

        Keys that were added at the end of the table and have no value yet get zeros. An array that has more rows
        than the table does not belong to its keys, and is returned as it is.
        """
        if self.values is None or len(self.values) > len(table):
            return self.values
        return take_rows(memory.grown(self.values, len(table)), rows)

    def grown(self, rows: int) -> Array | None:
        """Return the values with zeros appended, so that there are `rows` of them; in place where possible."""
        if self.values is None or len(self.values) >= rows:
            return self.values
        return memory.grown(self.values, rows)


class UnmovedRows:
    """The last entry of the pickled state of a model; pickling it fails if rows moved since it was made.

    A pickler asks a model and its vectors for their states one after the other. If another thread moves rows in
    between, the output weights would be those of other words.

    Parameters
    ----------
    table : RowTable
    """

    def __init__(self, table: RowTable) -> None:
        self._table = table
        self._n_moves = table.n_moves

    def __reduce__(self) -> tuple[Any, ...]:
        if self._table.n_moves != self._n_moves:
            raise RuntimeError(
                "another thread sorted, removed or added words while the model was copied or pickled; copy or pickle "
                "it again once that thread is done"
            )
        return bool, (True,)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The contents of a table and of its columns, for `RowTable.restore`."""

    n_keys: int
    index_to_key: list[Any]
    key_to_index: dict[Any, int]
    next_index: int
    vectors: Any
    norms: Array | None
    lock_factors: Array | None
    attributes: dict[str, Array]
    attribute_values: dict[str, Array]
    followers: dict[str, Follower]
    columns: list[tuple[Column, Array | None]]


class RowTable:
    """Keys and all arrays with one row for each key.

    Parameters
    ----------
    vector_size : int
        Number of components of each vector.
    count : int, default 0
        Number of rows to allocate for keys that are added later.
    dtype : dtype, default float32
        Type of the vectors.

    Attributes
    ----------
    index_to_key : list
        Key of each row; None for a row that is allocated and not used.
    key_to_index : dict
        Row of each key.
    next_index : int
        Every row before this one has a key.
    attributes : dict of str to ndarray, shape (keys,)
        Attributes of the keys, such as ``count``. Users change this dict directly.
    lock_factors : ndarray or None
        Factors on the learning rate. Row `i` has the factor at `i` modulo their number.
    followers : dict of str to Follower
        Followers by name.
    norms : ndarray or None
        Euclidean norms of the rows, if they are known.
    n_moves : int
        Number of calls that moved, added or removed rows.
    changing : ExclusiveLock
        Held while keys, arrays and columns do not fit one another. Only a signal handler can find this state, because
        other threads wait.
    """

    def __init__(self, vector_size: int, count: int = 0, dtype: DTypeLike = np.float32) -> None:
        self._vector_size = as_int("vector_size", vector_size, minimum=0)
        count = as_int("count", count, minimum=0)
        dtype = as_dtype("dtype", dtype)
        self.index_to_key: list[Any] = [None] * count
        self.key_to_index: dict[Any, int] = {}
        self.next_index = 0
        self.attributes: dict[str, Array] = {}
        self.lock_factors: Array | None = None
        self.followers: dict[str, Follower] = {}
        self.norms: Array | None = None
        self._vectors: Any = None
        # `_vectors`, once it is known to be a matrix of width `vector_size`, and a view of it that cannot be written.
        self._fitting: tuple[Any, Any] = _NO_MATRIX
        self.matrix = memory.zeros((count, self.vector_size), dtype)
        self._columns: WeakSet[Column] = WeakSet()
        self._buffers: dict[str, GrowableArray] = {}
        self._in_training = False
        self.n_moves = 0
        self.changing = ExclusiveLock("another thread is changing the words of these vectors")

    def __len__(self) -> int:
        return len(self.index_to_key)

    # --- columns of models

    def attach(self, column: Column) -> None:
        """Make `column` move with the rows, as long as its owner keeps it alive."""
        self._columns.add(column)

    def detach(self, column: Column) -> None:
        """Stop moving `column` with the rows."""
        self._columns.discard(column)

    # --- a consistent state

    def read_unmoved(self, read: Callable[[], Contents]) -> Contents:
        """Return the result of `read`, a function that reads keys, arrays and columns that must fit one another.

        While `read` runs, no other thread moves, adds or removes rows of any table. If a signal handler has done so,
        `read` is called again. The arrays fit one another afterwards too, because moves make new arrays. `read` must
        copy lists and dictionaries of keys.

        Raises
        ------
        RuntimeError
            If the calling thread is changing rows: this is a call by a signal handler.
        """
        while True:
            with holding(_moving):
                if self.changing.held:
                    raise RuntimeError(
                        "the words are being changed by code that called this, or that a signal handler interrupted "
                        "for it, so they can be neither saved nor copied; do it again when that code has returned"
                    )
                n_moves = self.n_moves
                try:
                    contents = read()
                except Exception:
                    if n_moves == self.n_moves:
                        raise
                else:
                    if n_moves == self.n_moves:
                        return contents

    # --- vectors and norms

    @property
    def vectors(self) -> Any:
        """The object that was assigned as vectors, usually an array of shape (keys, vector_size); queries use `matrix`.

        An assigned array is kept without a copy, even if it is a memory map. Its width becomes `vector_size`. None, or
        an empty array, means that there are no vectors yet. An object that NumPy cannot convert, such as a sparse
        matrix, is kept as it is.
        """
        return self._vectors

    @vectors.setter
    def vectors(self, value: Any) -> None:
        if value is not None and not isinstance(value, np.ndarray):
            array = np.asarray(value)
            value = value if array.dtype.hasobject else array
        if isinstance(value, np.ndarray) and value.size:
            if value.ndim != 2:
                raise ValueError(f"vectors must have 2 dimensions (keys, vector_size), not {value.ndim}")
            self.vector_size = value.shape[1]
        self.replace_vectors(value)

    @property
    def vector_size(self) -> int:
        """Number of components of each vector."""
        return self._vector_size

    @vector_size.setter
    def vector_size(self, value: int) -> None:
        self._vector_size, self._fitting = value, _NO_MATRIX

    @property
    def matrix(self) -> Array:
        """The vectors, of shape (keys, vector_size).

        Every look-up of a vector reads this property, so it compares only the lengths, and the width of an array only
        once.

        Raises
        ------
        ValueError
            If the numbers of keys and of vectors differ, or the width is not `vector_size`.
        TypeError
            If something else than an array was assigned.
        """
        vectors: Array = self._fitting[0]
        if vectors is self._vectors and len(vectors) == len(self.index_to_key) >= len(self.key_to_index):
            return vectors  # type: ignore[no-any-return]
        rows, n_keys = self.allocated_rows, len(self.index_to_key)
        if len(rows) != n_keys:
            raise ValueError(
                f"vectors has {len(rows)} rows for {n_keys} keys; assign vectors, index_to_key and key_to_index that "
                "belong together, or call resize_vectors()"
            )
        if len(self.key_to_index) > n_keys:
            raise ValueError(
                f"key_to_index has {len(self.key_to_index)} keys and index_to_key {n_keys}; assign both"
            )
        if rows.shape[1] != self.vector_size:
            raise ValueError(
                f"vectors has {rows.shape[1]} columns for vector_size={self.vector_size}; assign vector_size too"
            )
        if rows is self._vectors and rows.ndim == 2:
            read_only = rows.view()
            read_only.setflags(write=False)
            self._fitting = (rows, read_only)
        return rows

    @matrix.setter
    def matrix(self, vectors: Array) -> None:
        self._vectors, self._fitting = vectors, _NO_MATRIX

    def vector(self, row: int) -> Array:
        """Return a row of `matrix`, as a view that cannot be written.

        Raises
        ------
        ValueError, TypeError
            As `matrix`.
        """
        vectors, read_only = self._fitting
        if vectors is self._vectors and len(vectors) == len(self.index_to_key) >= len(self.key_to_index):
            found: Array = read_only[row]
            return found
        found = self.matrix[row]
        found.setflags(write=False)
        return found

    @property
    def allocated_rows(self) -> Array:
        """The vectors as a matrix, whose number of rows may differ from that of the keys.

        Raises
        ------
        TypeError
            If something else than an array was assigned.
        """
        vectors = self._vectors
        if vectors is None or (isinstance(vectors, np.ndarray) and not vectors.size and not len(vectors)):
            dtype = (
                np.float32
                if vectors is None or vectors.dtype.kind != "f" or vectors.ndim != 2
                else vectors.dtype
            )
            return np.zeros((0, self.vector_size), dtype=dtype)
        if not isinstance(vectors, np.ndarray):
            kind = type(vectors)
            raise TypeError(
                f"vectors is a {kind.__module__}.{kind.__qualname__}; assign a NumPy array, which a sparse matrix "
                "returns from toarray()"
            )
        return vectors

    def replace_vectors(self, vectors: Any) -> None:
        """Replace the vectors without a check."""
        self.matrix, self.norms = vectors, None

    def set_training(self, in_training: bool) -> None:
        """Set whether a training is changing the vectors; norms are not kept during a training."""
        self._in_training = in_training
        if not in_training:
            self.norms = None

    def fill_norms(self, force: bool = False) -> None:
        """Compute the norms, unless they are known; with `force`, compute them even then."""
        matrix = self.matrix
        if force or self.norms is None or len(self.norms) != len(matrix):
            self.norms = similarity.row_norms(matrix)

    def current_norms(self) -> Array:
        """Return the norms, and compute them if necessary.

        The returned array stays valid when another thread discards the norms of the table.
        """
        matrix = self.matrix
        if self._in_training:
            return similarity.row_norms(matrix)
        norms = self.norms
        if norms is None or len(norms) != len(matrix):
            norms = similarity.row_norms(matrix)
            self.norms = norms
        return norms

    def normalize(self) -> None:
        """Scale every vector to length 1; in place, unless the array is read-only. Zero vectors stay zero."""
        norms, source = self.current_norms(), self.matrix
        target = source if source.flags.writeable else memory.empty(source.shape, source.dtype)
        self.norms = None  # after an error, scaling the scaled rows again changes nothing
        for rows in similarity.row_blocks(source):
            target[rows] = similarity.normed(source[rows], norms[rows])
        self.matrix = target
        self.norms = (norms > 0).astype(norms.dtype)

    # --- keys

    def row_of(self, key: Key) -> int:
        """Return the row of `key`; an integer that is not a key is not used as a row.

        Raises
        ------
        KeyError
            If the key is missing.
        """
        try:
            return self.key_to_index[key]
        except KeyError:
            raise KeyError(f"Key '{key}' not present") from None
        except TypeError:
            check_hashable("a key", key)
            raise

    def index_of(self, key: Key, default: int | None = None) -> int:
        """Return the row of `key`; an integer that is not a key is used as a row.

        Raises
        ------
        KeyError
            If the key is missing and there is no default.
        """
        try:
            index = self.key_to_index.get(key, -1)
        except TypeError:
            check_hashable("a key", key)
            raise
        if index >= 0:
            return index
        if isinstance(key, (int, np.integer)) and 0 <= key < len(self.index_to_key):
            return int(key)
        if default is not None:
            return default
        raise KeyError(f"Key '{key}' not present")

    @_moves_rows
    def set_keys(self, keys: list[Any]) -> None:
        """Replace all keys; None marks an empty row. The arrays stay as they are."""
        self.index_to_key, self.key_to_index, self.next_index = _indexed(keys)

    @_moves_rows
    def append_keys(self, keys: Iterable[Any]) -> None:
        """Append keys that are not in the table yet; `grow` gives them rows."""
        for key in keys:
            self.index_to_key.append(key)  # first, because `restore` looks there for keys to remove
            self.key_to_index[key] = len(self.index_to_key) - 1

    @_moves_rows
    def rename(self, old: Key, new: Key) -> None:
        """Give the row of `old` the key `new`.

        Raises
        ------
        KeyError
            If `old` is missing.
        ValueError
            If `new` is already present, or is None.
        """
        row = self.row_of(old)
        if new is None:
            raise ValueError("new must be a key, not None")
        check_hashable("new", new)
        if new in self.key_to_index and new != old:
            raise ValueError(f"new key {new!r} is present already; remove it first with remove_keys()")
        if row >= len(self.index_to_key):
            raise ValueError(
                f"key_to_index has row {row} for {old!r}, and index_to_key {len(self.index_to_key)} keys; assign both"
            )
        present = self.index_to_key[row]
        try:
            self.key_to_index[new] = row
            self.index_to_key[row] = new
            if new != old:
                del self.key_to_index[old]
        except BaseException:
            self.index_to_key[row] = present
            self.key_to_index.pop(new, None)
            self.key_to_index[old] = row
            raise

    def check_keys(self) -> None:
        """Raise a ValueError unless `index_to_key` and `key_to_index` agree; the row of equal keys is the last one."""
        keys, rows = self.index_to_key, self.key_to_index
        if len(rows) == len(keys) and all(map(operator.eq, map(rows.get, keys), range(len(keys)))):
            return
        expected = {key: row for row, key in enumerate(keys) if key is not None}
        if expected != rows:
            key = next((key for key, row in expected.items() if rows.get(key) != row), None)
            first = "" if key is None else f", first for {key!r} in row {expected[key]}"
            raise ValueError(
                f"index_to_key, with {len(expected)} keys, and key_to_index, with {len(rows)}, disagree{first}; "
                "assign key_to_index = {key: row for row, key in enumerate(index_to_key)}"
            )

    # --- attributes

    def allocate_attributes(self, names: Sequence[str], dtypes: Sequence[np.dtype[Any]]) -> None:
        """Give each attribute a value for each key; new values are 0.

        Raises
        ------
        TypeError
            If an attribute exists with another type.
        """
        allocated: dict[str, Array] = {}
        for name, dtype in zip(names, dtypes, strict=True):
            existing = self.attributes.get(name)
            if existing is None:
                allocated[name] = np.zeros(len(self), dtype=dtype)
                continue
            existing = self.attributes[name] = as_column(existing)
            if not np.issubdtype(dtype, existing.dtype):
                raise TypeError(
                    f"Can't allocate type {dtype} for attribute {name}, "
                    f"conflicts with its existing type {existing.dtype}"
                )
            allocated[name] = self._grown_attribute(name, len(self))
        self.attributes.update(allocated)

    def _grown_attribute(self, name: str, rows: int) -> Array:
        existing = self.attributes[name]
        return (
            existing if len(existing) == rows else self._buffer(f"attributes.{name}").resize(existing, rows)
        )

    def extend_attributes(self) -> None:
        """Give each attribute a value for each key; new values are 0. Drop attributes that have too many values."""
        self._drop_longer_attributes()
        self.attributes.update(self._grown_attributes(len(self)))

    def _grown_attributes(self, rows: int) -> dict[str, Array]:
        return {name: self._grown_attribute(name, rows) for name in self.attributes}

    def _drop_longer_attributes(self) -> None:
        """Delete the attributes that have more values than there are keys, with a warning.

        In this case users have replaced the keys, and it is not known which values belong to the new keys. An attribute
        with fewer values is extended when it is used, because keys were appended.
        """
        for name in list(self.attributes):
            values = self.attributes[name] = as_column(self.attributes[name])
            if not values.ndim or len(values) > len(self):
                warn_dropped(name, len(values) if values.ndim else 1, len(self))
                del self.attributes[name]

    def fitting_attributes(self) -> dict[str, Array]:
        """Return the attributes that have one value for each key, and log a warning for each of the others."""
        fitting = {}
        for name, values in self.attributes.items():
            array = as_column(values)
            if array.ndim and len(array) == len(self):
                fitting[name] = array
            else:
                warn_dropped(name, len(array) if array.ndim else 1, len(self))
        return fitting

    # --- growth

    @_moves_rows
    def add(
        self, keys: Sequence[Key], vectors: Array, extras: Mapping[str, Any] | None, replace: bool
    ) -> None:
        """Add keys with their vectors; empty rows are used first, then the table grows.

        The columns of models do not grow; `grow` extends them when the vocabulary of the model is updated.

        Parameters
        ----------
        keys : sequence of str or int
            If a key is given twice, the first vector counts; with `replace`, the last one.
        vectors : ndarray, shape (len(keys), vector_size)
        extras : mapping of str to array-like, shape (len(keys),), optional
            Attributes of the keys.
        replace : bool
            Whether keys that are already present get the new vectors and attributes.

        Raises
        ------
        ValueError, TypeError
            If a shape or a type is wrong, or a key is None. After any exception, nothing is changed.
        """
        matrix = self.matrix
        if vectors.shape != (len(keys), self.vector_size):
            raise ValueError(
                f"weights must have shape {(len(keys), self.vector_size)} (keys, vector_size), "
                f"not {vectors.shape}"
            )
        columns = {
            name: self._checked_attribute(name, values, len(keys)) for name, values in (extras or {}).items()
        }
        row_of_new, sources, targets = self._assign_rows(keys, replace)
        if not sources:
            return
        chosen = vectors if len(sources) == len(keys) else vectors[sources]
        chosen = chosen.astype(matrix.dtype, copy=False)
        self._drop_longer_attributes()
        rows = max(len(self), max(row_of_new.values(), default=-1) + 1)
        factors, attributes = self.lock_factors, self._grown_attributes(rows)
        if rows > len(matrix):
            factors = self._grown_lock_factors(len(matrix), rows)
            matrix = self._buffer("vectors").resize(matrix, rows)
        writes = [(matrix, chosen)]
        for name, column in columns.items():
            if name not in attributes:
                attributes[name] = np.zeros(rows, column.dtype)
            writes.append((attributes[name], column[sources].astype(attributes[name].dtype, copy=False)))
        at = np.array(targets, dtype=np.intp)
        overwritten = at[at < len(self)]
        old = [array[overwritten] for array, _ in writes] if len(overwritten) else []
        snapshot = self.snapshot()
        try:
            self.index_to_key.extend([None] * (rows - snapshot.n_keys))
            for key, row in row_of_new.items():
                self.index_to_key[row] = key
            self.key_to_index.update(row_of_new)
            self.matrix, self.lock_factors, self.norms = matrix, factors, None
            self.attributes.update(attributes)
            self.next_index = self._first_empty_row(min(self.next_index, rows))
            for array, values in writes:
                array[at] = values
        except BaseException:
            for (array, _), values in zip(writes, old, strict=False):
                array[overwritten] = values
            for key, row in row_of_new.items():  # `restore` does not undo keys in empty rows
                self.key_to_index.pop(key, None)
                if row < snapshot.n_keys:
                    self.index_to_key[row] = None
            self.restore(snapshot)
            raise

    @_moves_rows
    def grow(self, seed: int | None = 0) -> None:
        """Give every array, including the columns of models, a row for each key of `index_to_key`.

        Parameters
        ----------
        seed : int, default 0
            New vectors are those that `prep_vectors` makes with this seed. New rows of columns are zero.
        """
        existing = self.allocated_rows
        rows, before = len(self.index_to_key), len(existing)
        if 0 < before < rows and existing.shape[1] == self.vector_size:
            vectors = extend_vectors(existing, rows, seed)
        else:
            prior = existing if before else None
            vectors = prep_vectors(
                (rows, self.vector_size), prior_vectors=prior, seed=seed, dtype=existing.dtype
            )
        grown = [(column, column.grown(rows)) for column in self._columns]
        self._drop_longer_attributes()
        factors, attributes = self._grown_lock_factors(before, rows), self._grown_attributes(rows)
        with self.unchanged_by_failure():
            self.matrix, self.lock_factors, self.norms = vectors, factors, None
            self.attributes.update(attributes)
            for column, values in grown:
                column.values = values

    def overwrite(self, rows: Rows, vectors: Array, lock_factors: float | Array | None = None) -> None:
        """Replace the vectors of some rows, and their lock factors unless these are None.

        Parameters
        ----------
        rows : ndarray of intp, shape (n,)
        vectors : ndarray, shape (n, vector_size)
        lock_factors : float or ndarray of shape (n,), optional
        """
        factors = self.lock_factors
        if lock_factors is not None:
            if factors is None or not len(factors):
                factors = np.ones(1, dtype=np.float32)
            factors = np.resize(factors, len(self)).astype(np.float32)  # `resize` repeats factors
            factors[rows] = lock_factors
        vectors = np.asarray(vectors, dtype=self.matrix.dtype)
        self.lock_factors, self.norms = factors, None
        self.matrix[rows] = vectors

    def _assign_rows(self, keys: Sequence[Key], replace: bool) -> tuple[dict[Key, int], list[int], list[int]]:
        """Return the rows of new keys, the positions in `keys` to store, and the row of each of those."""
        new: dict[Key, int] = {}
        sources, targets = [], []
        empty = self._first_empty_row(min(self.next_index, len(self.index_to_key)))
        for source, key in enumerate(keys):
            if key is None:
                raise ValueError(f"keys[{source}] is None, which marks an empty slot; give it a name")
            try:
                row = self.key_to_index.get(key, new.get(key, -1))
            except TypeError:
                check_hashable(f"key {source} of keys", key)
                raise
            if row < 0:
                new[key] = row = empty
                empty = self._first_empty_row(empty + 1)
            elif not replace:
                continue
            sources.append(source)
            targets.append(row)
        return new, sources, targets

    def _first_empty_row(self, start: int) -> int:
        """Return the first row from `start` on that has no key, which may be the row after the last one."""
        while start < len(self.index_to_key) and self.index_to_key[start] is not None:
            start += 1
        return start

    def _checked_attribute(self, name: str, values: Any, count: int) -> Array:
        """Return the values of an attribute as an array, or raise an error if their shape or type is wrong."""
        column = np.asarray(values)
        if column.dtype.kind in "US":
            column = column.astype(object)
        if column.shape != (count,):
            raise ValueError(f"extras[{name!r}] must have shape {(count,)}, not {column.shape}")
        existing = self.attributes.get(name)
        if existing is not None and not np.issubdtype(column.dtype, as_column(existing).dtype):
            raise TypeError(
                f"extras[{name!r}] is of type {column.dtype}, the attribute of type {as_column(existing).dtype}"
            )
        return column

    def _grown_lock_factors(self, before: int, rows: int) -> Array | None:
        """Return the lock factors with 1 appended for each new row, if each row has a factor of its own."""
        factors = self.lock_factors
        if factors is not None and len(factors) == before > 1 and rows > before:
            return np.concatenate([factors, np.ones(rows - before, dtype=np.float32)])
        return factors

    def _buffer(self, name: str) -> GrowableArray:
        return self._buffers.setdefault(name, GrowableArray())

    # --- order, removal, copies

    @_moves_rows
    def take(self, rows: Rows) -> None:
        """Keep `rows`, in this order, of every array; they may be a permutation or a part of all rows.

        Raises
        ------
        ValueError
            If the number of rows of the matrix is not the number of keys. Nothing is changed then.
        """
        n_keys = len(self)
        matrix = self.allocated_rows
        if len(matrix):
            matrix = self.matrix
        self.extend_attributes()
        columns = [(column, column.taken(self, rows)) for column in self._columns]
        followers = {name: follower.take(rows) for name, follower in self.followers.items()}
        attributes = {name: values[rows] for name, values in self.attributes.items()}
        matrix = take_rows(matrix, rows) if len(matrix) else matrix
        factors = self.lock_factors
        if factors is not None and len(factors) == n_keys > 1:
            factors = factors[rows]
        keys = _indexed([self.index_to_key[row] for row in rows.tolist()])
        with self.unchanged_by_failure():
            self.matrix, self.lock_factors, self.norms = matrix, factors, None
            self.attributes, self.followers = attributes, followers
            for column, values in columns:
                column.values = values
            self.index_to_key, self.key_to_index, self.next_index = keys

    def drop(self, keys: Iterable[Key]) -> None:
        """Remove keys with all their rows; the other keys keep their order.

        Raises
        ------
        KeyError
            If a key is missing. Nothing is changed then.
        """
        dropped = {self.row_of(key) for key in keys}
        self.take(np.array([row for row in range(len(self)) if row not in dropped], dtype=np.intp))

    def selection(self, keys: Sequence[Key], rows: Rows) -> RowTable:
        """Return a new table of `keys` with copies of the vectors and attributes in `rows`."""
        matrix = self.allocated_rows
        new = RowTable(self.vector_size, dtype=matrix.dtype)
        new.index_to_key = list(keys)
        new.key_to_index = {key: row for row, key in enumerate(keys) if key is not None}
        new.next_index = len(keys)
        if len(rows):
            new.matrix = take_rows(self.matrix, rows)
            new.attributes = {name: values[rows] for name, values in self.fitting_attributes().items()}
        return new

    def astype(self, dtype: DTypeLike) -> RowTable:
        """Return a copy whose vectors have another floating type.

        Raises
        ------
        ValueError
            If `dtype` is not a floating type, or a number is too large for it.
        """
        target = as_dtype("dtype", dtype)
        if target.kind != "f":
            raise ValueError(f"dtype must be a floating type such as float16 or float32, not {target}")
        source = self.matrix if len(self.allocated_rows) else self.allocated_rows
        vectors = memory.empty(source.shape, target)
        with np.errstate(over="ignore"):
            vectors[...] = source
        if target.itemsize < source.dtype.itemsize and bool(np.isinf(vectors).any() > np.isinf(source).any()):
            raise ValueError(
                f"some numbers of vectors are too large for dtype {target}; scale the vectors first"
            )
        new = self.selection(self.index_to_key, np.arange(0))
        new.matrix = vectors
        new.attributes = {name: values.copy() for name, values in self.attributes.items()}
        new.next_index = self.next_index
        new.lock_factors = None if self.lock_factors is None else self.lock_factors.copy()
        return new

    # --- undoing a change that failed

    def snapshot(self) -> Snapshot:
        """Return the present contents, for `restore`.

        No array is copied. An array that grows in place becomes a longer view of the same memory, so the arrays of the
        snapshot keep their values unless somebody writes into them.
        """
        return Snapshot(
            len(self),
            self.index_to_key,
            self.key_to_index,
            self.next_index,
            self._vectors,
            self.norms,
            self.lock_factors,
            self.attributes,
            dict(self.attributes),
            dict(self.followers),
            [(column, column.values) for column in self._columns],
        )

    @_moves_rows
    def restore(self, snapshot: Snapshot) -> None:
        """Undo all changes since `snapshot` was taken; keys may have been appended, and arrays replaced."""
        self.index_to_key, self.key_to_index = snapshot.index_to_key, snapshot.key_to_index
        for key in self.index_to_key[snapshot.n_keys :]:
            self.key_to_index.pop(key, None)
        del self.index_to_key[snapshot.n_keys :]
        self.next_index, self.matrix, self.norms = snapshot.next_index, snapshot.vectors, snapshot.norms
        self.lock_factors, self.followers = snapshot.lock_factors, snapshot.followers
        self.attributes = snapshot.attributes
        self.attributes.clear()
        self.attributes.update(snapshot.attribute_values)
        for column, values in snapshot.columns:
            column.values = values

    def unchanged_by_failure(self) -> UndoOnError:
        """Return a context manager that restores the table and its columns if the block raises an exception."""
        return UndoOnError(functools.partial(self.restore, self.snapshot()))


def _indexed(keys: list[Any]) -> tuple[list[Any], dict[Any, int], int]:
    """Return `keys`, the row of each key, and the first row without one."""
    first_empty = next((row for row, key in enumerate(keys) if key is None), len(keys))
    return keys, {key: row for row, key in enumerate(keys) if key is not None}, first_empty


def take_rows(matrix: Array, rows: Rows) -> Array:
    """Return a copy of some rows of a matrix of numbers, in memory that is aligned for training."""
    out = memory.empty((len(rows), *matrix.shape[1:]), matrix.dtype)
    np.take(matrix, rows, axis=0, out=out, mode="clip")
    return out


def as_column(values: Any) -> Array:
    """Return the values of an attribute as an array; lists of different lengths are objects."""
    if isinstance(values, np.ndarray):
        return values
    try:
        return np.asarray(values)
    except ValueError:
        column = np.empty(len(values), dtype=object)
        column[:] = values
        return column


def warn_dropped(name: str, n_values: int, n_keys: int) -> None:
    """Log that an attribute is dropped because it does not have one value for each key."""
    logger.warning(
        "expandos[%.80r] has %d values for %d keys and is dropped; assign one value for each key to keep it",
        name,
        n_values,
        n_keys,
    )
