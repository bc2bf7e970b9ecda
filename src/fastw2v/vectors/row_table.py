"""The table of rows: keys, and every array that has one row for each key.

A `RowTable` owns the keys, the vectors, the lock factors and the attributes of the keys. All operations that move rows
(`take`, `drop`, `add`, `grow`) move all of these together, or change nothing. Two kinds of things move with them:

* A *follower* belongs to the table and depends on the order of the rows without being an array of rows: the paths of a
  Huffman tree, or the number of rows that were there before an update. It has a method `take` that returns its
  successor.
* A `Column` is an array of rows that belongs to a model, such as the output weights. The table refers to it weakly:
  ``wv = model.wv; del model`` frees the output weights, and a pickle of ``wv`` does not contain them. Several models
  may share one table, each with columns of its own.

The arrays are plain NumPy arrays. Users read them, write into them and replace them. Norms of the rows are computed
when they are first needed; all methods of this class that change vectors discard them. A write into ``vectors[...]``
is not noticed.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from weakref import WeakSet

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.common import memory
from fastw2v.common.validation import as_dtype, as_int, check_hashable
from fastw2v.vectors import similarity
from fastw2v.vectors.growable_array import GrowableArray
from fastw2v.vectors.initialization import extend_vectors, prep_vectors

Key = str | int | np.integer[Any]
Array = NDArray[Any]
Rows = NDArray[np.intp]

KEY_TYPES = (str, int, np.integer)

Method = TypeVar("Method", bound=Callable[..., Any])

_moving = threading.RLock()  # held while rows move, or while a consistent state of them is read


def _renew_lock_in_child() -> None:
    """Make a new lock after `fork`: a thread that held the old one does not exist in the child."""
    global _moving
    _moving = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock_in_child)


def _moves_rows(method: Method) -> Method:
    """Let a method of `RowTable` wait until no other thread moves rows or reads a consistent state of them."""

    @functools.wraps(method)
    def moving(self: RowTable, *args: Any, **kwargs: Any) -> Any:
        with _moving:
            self.n_moves += 1
            return method(self, *args, **kwargs)

    return moving  # type: ignore[return-value]


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
        The array. It may be replaced at any time by an array of any shape, which is checked when it is trained.
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
    """The last entry of the pickled state of a model: it refuses to be pickled if rows moved since it was made.

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
    vectors: Array
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
    matrix : ndarray, shape (keys, vector_size)
        The vectors, as a plain attribute that is fast to read. Assign to `vectors`, which checks the shape.
    norms : ndarray or None
        Euclidean norms of the rows, where they are known.
    n_moves : int
        Number of calls that moved, added or removed rows.
    """

    def __init__(self, vector_size: int, count: int = 0, dtype: DTypeLike = np.float32) -> None:
        self.vector_size = as_int("vector_size", vector_size, minimum=0)
        count = as_int("count", count, minimum=0)
        dtype = as_dtype("dtype", dtype)
        self.index_to_key: list[Any] = [None] * count
        self.key_to_index: dict[Any, int] = {}
        self.next_index = 0
        self.attributes: dict[str, Array] = {}
        self.lock_factors: Array | None = None
        self.followers: dict[str, Follower] = {}
        self.norms: Array | None = None
        self.matrix: Array = memory.zeros((count, self.vector_size), dtype)
        self._columns: WeakSet[Column] = WeakSet()
        self._buffers: dict[str, GrowableArray] = {}
        self._in_training = False
        self.n_moves = 0

    def __len__(self) -> int:
        return len(self.index_to_key)

    # --- columns of models

    def attach(self, column: Column) -> None:
        """Let `column` move with the rows, as long as its owner keeps it alive."""
        self._columns.add(column)

    def detach(self, column: Column) -> None:
        """Let `column` no longer move with the rows."""
        self._columns.discard(column)

    # --- a consistent state

    @property
    def unmoved(self) -> AbstractContextManager[Any]:
        """Lock to hold, by ``with``, while keys, arrays and columns are read that have to belong together.

        No other thread moves, adds or removes rows of any table meanwhile. The arrays keep belonging together
        afterwards, because moves make new arrays; lists and dictionaries of keys have to be copied in the block.
        """
        return _moving  # itself: an interrupt in Python code that acquires it could leave it held

    # --- vectors and norms

    @property
    def vectors(self) -> Array:
        """Matrix of shape (keys, vector_size).

        An assigned array is kept without a copy, also if it is a memory map. Its width becomes `vector_size`.
        """
        return self.matrix

    @vectors.setter
    def vectors(self, value: Array) -> None:
        array = value if isinstance(value, np.ndarray) else np.asarray(value)
        if array.ndim != 2:
            raise ValueError(f"vectors must have 2 dimensions (keys, vector_size), not {array.ndim}")
        # Users replace the list, the dict and the matrix one after the other, in any order.
        expected = {len(self.index_to_key), len(self.key_to_index)} - {0}
        if expected and len(array) not in expected:
            raise ValueError(
                f"vectors has {len(array)} rows for {len(self.index_to_key)} keys; "
                "assign index_to_key and key_to_index first, or use subset() or remove_keys()"
            )
        if len(array):
            self.vector_size = array.shape[1]
        self.replace_vectors(array)

    def replace_vectors(self, vectors: Array) -> None:
        """Replace the matrix without a check; its shape may contradict the keys until `grow` is called."""
        self.matrix = vectors
        self.norms = None

    def set_training(self, in_training: bool) -> None:
        """Say whether a training is changing the vectors; norms are not kept during one."""
        self._in_training = in_training
        if not in_training:
            self.norms = None

    def fill_norms(self, force: bool = False) -> None:
        """Compute the norms, unless they are known; with `force` in any case."""
        if force or self.norms is None or len(self.norms) != len(self.matrix):
            self.norms = similarity.row_norms(self.matrix)

    def current_norms(self) -> Array:
        """Return the norms, and compute them if necessary.

        The returned array stays valid when another thread discards the norms of the table.
        """
        if self._in_training:
            return similarity.row_norms(self.matrix)
        norms = self.norms
        if norms is None or len(norms) != len(self.matrix):
            norms = similarity.row_norms(self.matrix)
            self.norms = norms
        return norms

    def normalize(self) -> None:
        """Scale every vector to length 1, in place; zero vectors stay zero."""
        norms = self.current_norms()
        for rows in similarity.row_blocks(self.matrix):
            self.matrix[rows] = similarity.normed(self.matrix[rows], norms[rows])
        self.norms = (norms > 0).astype(norms.dtype)

    # --- keys

    def row_of(self, key: Key) -> int:
        """Return the row of `key`; an integer that is not a key is not taken as a row.

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
        """Return the row of `key`; an integer that is not a key is taken as a row.

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
        self.index_to_key = keys
        self.key_to_index = {key: row for row, key in enumerate(keys) if key is not None}
        self.next_index = self._first_empty_row(0)

    @_moves_rows
    def append_keys(self, keys: Iterable[Any]) -> None:
        """Append keys that are not in the table yet; `grow` gives them rows."""
        for key in keys:
            self.key_to_index[key] = len(self.index_to_key)
            self.index_to_key.append(key)

    @_moves_rows
    def rename(self, old: Key, new: Key) -> None:
        """Give the row of `old` the key `new`.

        Raises
        ------
        KeyError
            If `old` is missing.
        ValueError
            If `new` is present already, or is None.
        """
        row = self.row_of(old)
        if new is None:
            raise ValueError("new must be a key, not None")
        check_hashable("new", new)
        if new in self.key_to_index and new != old:
            raise ValueError(f"new key {new!r} is present already; remove it first with remove_keys()")
        del self.key_to_index[old]
        self.key_to_index[new] = row
        self.index_to_key[row] = new

    # --- attributes

    def allocate_attributes(self, names: Sequence[str], dtypes: Sequence[np.dtype[Any]]) -> None:
        """Give each attribute a value for each key; new values are 0.

        Raises
        ------
        TypeError
            If an attribute exists with another type.
        """
        for name, dtype in zip(names, dtypes, strict=True):
            existing = self.attributes.get(name)
            if existing is None:
                self.attributes[name] = np.zeros(len(self), dtype=dtype)
                continue
            if not np.issubdtype(dtype, existing.dtype):
                raise TypeError(
                    f"Can't allocate type {dtype} for attribute {name}, "
                    f"conflicts with its existing type {existing.dtype}"
                )
            self._extend_attribute(name)

    def _extend_attribute(self, name: str) -> None:
        existing = self.attributes[name]
        if len(existing) != len(self):
            self.attributes[name] = self._buffer(f"attributes.{name}").resize(existing, len(self))

    def _extend_attributes(self) -> None:
        for name in list(self.attributes):
            self._extend_attribute(name)

    # --- growth

    @_moves_rows
    def add(
        self, keys: Sequence[Key], vectors: Array, extras: Mapping[str, Any] | None, replace: bool
    ) -> None:
        """Add keys with their vectors; empty rows are used first, then the table grows.

        The columns of models do not grow: `grow` extends them, once the vocabulary of the model is updated.

        Parameters
        ----------
        keys : sequence of str or int
            If a key is given twice, the first vector counts; with `replace`, the last one.
        vectors : ndarray, shape (len(keys), vector_size)
        extras : mapping of str to array-like, shape (len(keys),), optional
            Attributes of the keys.
        replace : bool
            Whether keys that are present already get the new vectors and attributes.

        Raises
        ------
        ValueError, TypeError
            If a shape or a type is wrong, or a key is None. Nothing is changed then.
        """
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
        chosen = chosen.astype(self.matrix.dtype, copy=False)  # may fail: before anything is changed
        self._extend(max(len(self), max(row_of_new.values(), default=-1) + 1))
        for key, row in row_of_new.items():
            self.index_to_key[row] = key
            self.key_to_index[key] = row
        self.matrix[targets] = chosen
        self.allocate_attributes(list(columns), [column.dtype for column in columns.values()])
        for name, column in columns.items():
            self.attributes[name][targets] = column[sources]
        self.next_index = self._first_empty_row(min(self.next_index, len(self.index_to_key)))
        self.norms = None

    @_moves_rows
    def grow(self, seed: int | None = 0) -> None:
        """Give every array, the columns of models included, a row for each key of `index_to_key`.

        Parameters
        ----------
        seed : int, default 0
            New vectors are those that `prep_vectors` makes with this seed. New rows of columns are zero.
        """
        rows, before = len(self.index_to_key), len(self.matrix)
        if 0 < before < rows and self.matrix.shape[1] == self.vector_size:
            vectors = extend_vectors(self.matrix, rows, seed)
        else:
            prior = self.matrix if before else None
            vectors = prep_vectors(
                (rows, self.vector_size), prior_vectors=prior, seed=seed, dtype=self.matrix.dtype
            )
        grown = [(column, column.grown(rows)) for column in self._columns]
        self.matrix, self.norms = vectors, None
        self._extend_lock_factors(before, rows)
        self._extend_attributes()
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
        self.matrix[rows] = vectors
        self.norms = None
        if lock_factors is None:
            return
        factors = self.lock_factors
        if factors is None or not len(factors):
            factors = np.ones(1, dtype=np.float32)
        factors = np.resize(factors, len(self)).astype(np.float32)  # repeats: each row keeps its factor
        factors[rows] = lock_factors
        self.lock_factors = factors

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
        """Return the first row from `start` on that has no key, which may be the row behind the last one."""
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
        if existing is not None and not np.issubdtype(column.dtype, existing.dtype):
            raise TypeError(
                f"extras[{name!r}] is of type {column.dtype}, the attribute of type {existing.dtype}"
            )
        return column

    def _extend(self, rows: int) -> None:
        """Append rows without keys, up to `rows` rows; repeated calls take amortised constant time a row."""
        before = len(self.matrix)
        if rows > len(self.index_to_key):
            self.index_to_key.extend([None] * (rows - len(self.index_to_key)))
        if rows > before:
            self.matrix = self._buffer("vectors").resize(self.matrix, rows)
            self._extend_lock_factors(before, rows)
        self._extend_attributes()

    def _extend_lock_factors(self, before: int, rows: int) -> None:
        """Append factors of 1 for new rows, if each row has a factor of its own."""
        factors = self.lock_factors
        if factors is not None and len(factors) == before > 1 and rows > before:
            self.lock_factors = np.concatenate([factors, np.ones(rows - before, dtype=np.float32)])

    def _buffer(self, name: str) -> GrowableArray:
        return self._buffers.setdefault(name, GrowableArray())

    # --- order, removal, copies

    @_moves_rows
    def take(self, rows: Rows) -> None:
        """Keep `rows`, in this order, of every array; the rows may be a permutation, or a part, of all rows.

        Raises
        ------
        ValueError
            If the matrix of vectors has another number of rows than there are keys. Nothing is changed then.
        """
        n_keys = len(self)
        if len(self.matrix) not in (0, n_keys):
            raise ValueError(
                f"vectors has {len(self.matrix)} rows for {n_keys} keys; call resize_vectors() first"
            )
        columns = [(column, column.taken(self, rows)) for column in self._columns]
        followers = {name: follower.take(rows) for name, follower in self.followers.items()}
        attributes = {name: values[rows] for name, values in self.attributes.items()}
        matrix = take_rows(self.matrix, rows) if len(self.matrix) else self.matrix
        factors = self.lock_factors
        if factors is not None and len(factors) == n_keys > 1:
            factors = factors[rows]
        self.matrix, self.lock_factors, self.norms = matrix, factors, None
        self.attributes, self.followers = attributes, followers
        for column, values in columns:
            column.values = values
        self.set_keys([self.index_to_key[row] for row in rows.tolist()])

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
        new = RowTable(self.vector_size, dtype=self.matrix.dtype)
        new.index_to_key = list(keys)
        new.key_to_index = {key: row for row, key in enumerate(keys) if key is not None}
        new.next_index = len(keys)
        if len(rows):
            new.matrix = take_rows(self.matrix, rows)
            new.attributes = {name: values[rows] for name, values in self.attributes.items()}
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
        vectors = memory.empty(self.matrix.shape, target)
        with np.errstate(over="ignore"):
            vectors[...] = self.matrix
        if target.itemsize < self.matrix.dtype.itemsize and bool(
            np.isinf(vectors).any() > np.isinf(self.matrix).any()
        ):
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

        No array is copied. Arrays that grow in place only show more of their memory, so the arrays of the snapshot
        keep their values unless somebody writes into them.
        """
        return Snapshot(
            len(self),
            self.index_to_key,
            self.key_to_index,
            self.next_index,
            self.matrix,
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

    @contextlib.contextmanager
    def unchanged_by_failure(self) -> Iterator[None]:
        """Context manager that restores the table and its columns if the block raises an exception."""
        snapshot = self.snapshot()
        try:
            yield
        except BaseException:
            self.restore(snapshot)
            raise


def take_rows(matrix: Array, rows: Rows) -> Array:
    """Return a copy of some rows of a matrix of numbers, in memory that is aligned for training."""
    out = memory.empty((len(rows), *matrix.shape[1:]), matrix.dtype)
    np.take(matrix, rows, axis=0, out=out, mode="clip")
    return out
