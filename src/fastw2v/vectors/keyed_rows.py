"""Keys and the rows of a matrix that belong to them: look-up, norms, attributes of each key.

The matrix is always one C-contiguous array with a row for each key; the ways to add, remove and reorder rows are
in `vectorstore`.

Norms are computed when first needed. Whatever changes the matrix through these classes forgets them. Writing
into ``store.vectors[...]`` goes unseen: call ``fill_norms(force=True)`` after it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.common import memory
from fastw2v.compat.pickle_state import vectors_state
from fastw2v.vectors import similarity
from fastw2v.vectors.growable_array import SpareRoom
from fastw2v.vocabulary.huffman import HuffmanTree

Key = str | int | np.integer[Any]
Array = NDArray[Any]

KEY_TYPES = (str, int, np.integer)


class KeyedRows:
    """Keys, their vectors and attributes, to be read and written where they are; the base of `VectorStore`."""

    huffman_tree: HuffmanTree | None = None

    def __init__(
        self, vector_size: int, count: int = 0, dtype: DTypeLike = np.float32, mapfile_path: str | None = None
    ) -> None:
        if vector_size < 0 or count < 0:
            raise ValueError(f"vector_size and count must not be negative, got {vector_size} and {count}")
        self.vector_size = int(vector_size)
        self.index_to_key: list[Any] = [None] * count
        self.key_to_index: dict[Any, int] = {}
        self.next_index = 0
        self.expandos: dict[str, Array] = {}
        self.mapfile_path = mapfile_path
        self._spare = SpareRoom()
        self._norms: Array | None = None
        self._vectors: Array = memory.zeros((count, self.vector_size), dtype)

    _in_training = False

    def __len__(self) -> int:
        return len(self.index_to_key)

    def __str__(self) -> str:
        return f"{type(self).__name__}<vector_size={self.vector_size}, {len(self)} keys>"

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_spare"]
        state.pop("_in_training", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = vectors_state(state)  # of a pickle of gensim's, perhaps
        state.setdefault("_vectors", state.pop("vectors", None))
        state["_norms"] = state.pop("_norms", None)
        state.pop("norms", None)
        self.__dict__.update(state)
        self._spare = SpareRoom()

    # --- the matrix and its norms

    @property
    def vectors(self) -> Array:
        """Matrix of shape (len, vector_size): row ``i`` belongs to ``index_to_key[i]``.

        An assigned array is kept as it is (a memory map too), and forgets the norms. Its width becomes
        `vector_size`.
        """
        return self._vectors

    @vectors.setter
    def vectors(self, value: Array) -> None:
        array = value if isinstance(value, np.ndarray) else np.asarray(value)
        if array.ndim != 2:
            raise ValueError(f"vectors must have 2 dimensions (keys, vector_size), not {array.ndim}")
        # Keys and vectors are replaced one after the other: either side of the keys may be the new one
        # already.
        expected = {len(self.index_to_key), len(self.key_to_index)} - {0}
        if expected and len(array) not in expected:
            raise ValueError(
                f"vectors has {len(array)} rows for {len(self.index_to_key)} keys; "
                "assign index_to_key and key_to_index first, or use subset() or remove_keys()"
            )
        self._vectors = array
        if len(array):
            self.vector_size = array.shape[1]
        self._norms = None

    @property
    def norms(self) -> Array | None:
        """Euclidean norms of the rows, or None while they are not known; see `fill_norms`."""
        return self._norms

    @norms.setter
    def norms(self, value: Array | None) -> None:
        self._norms = value

    def invalidate_norms(self) -> None:
        """Forget the norms, because rows were written in place; they are computed again when needed."""
        self._norms = None

    def fill_norms(self, force: bool = False) -> None:
        """Compute the norms of all rows, unless they are known.

        Parameters
        ----------
        force : bool, default False
            Compute them in any case: needed after writing into ``vectors[...]`` directly, which goes unseen.
        """
        if force or self._norms is None or len(self._norms) != len(self._vectors):
            self._norms = similarity.row_norms(self._vectors)

    def _known_norms(self) -> Array:
        """Norms, computed if they must be, as a reference that no other thread can take away."""
        if self._in_training:
            return similarity.row_norms(self._vectors)
        norms = self._norms
        if norms is None or len(norms) != len(self._vectors):
            norms = similarity.row_norms(self._vectors)
            self._norms = norms
        return norms

    @contextlib.contextmanager
    def in_training(self) -> Iterator[None]:
        """Context manager: rows change in place all the time, so that queries keep no norms for the next one."""
        self._in_training = True
        try:
            yield
        finally:
            self._in_training = False
            self.invalidate_norms()

    def get_normed_vectors(self) -> Array:
        """Return a new matrix of unit rows (zero rows stay zero)."""
        return similarity.normed(self._vectors, self._known_norms())

    def unit_normalize_all(self) -> None:
        """Scale every row to length 1, in place; zero rows stay zero.

        The lengths, which training gives a meaning, are lost.
        """
        norms = self._known_norms()
        for rows in similarity.row_blocks(self._vectors):
            self._vectors[rows] = similarity.normed(self._vectors[rows], norms[rows])
        self._norms = (norms > 0).astype(norms.dtype)

    # --- look-up

    def get_index(self, key: Key, default: int | None = None) -> int:
        """Return the row of `key`; an integer that is no key is taken as a row.

        Parameters
        ----------
        key : str or int
            Where keys are integers, ``5`` means the key 5 if there is one, else row 5.
        default : int, optional
            What to return for a missing key.

        Raises
        ------
        KeyError
            If the key is missing and no default is given.
        """
        index = self.key_to_index.get(key, -1)
        if index >= 0:
            return index
        if isinstance(key, (int, np.integer)) and 0 <= key < len(self.index_to_key):
            return int(key)
        if default is not None:
            return default
        raise KeyError(f"Key '{key}' not present")

    def has_index_for(self, key: Key) -> bool:
        """Whether `get_index` finds `key`: keys, and integers that are valid rows."""
        return self.get_index(key, -1) >= 0

    def __contains__(self, key: Key) -> bool:
        return self.has_index_for(key)

    def get_vector(self, key: Key, norm: bool = False) -> Array:
        """Return the vector of `key`, not writable.

        Parameters
        ----------
        key : str or int
        norm : bool, default False
            Return a new unit vector (a zero vector stays zero) rather than a view of the row, which shows
            later changes.

        Raises
        ------
        KeyError
            If the key is missing.
        """
        index = self.key_to_index.get(key, -1)
        if index < 0:
            index = self.get_index(key)
        vector: Array = self._vectors[index]
        if norm:
            vector = similarity.normed(vector[None], self._known_norms()[index : index + 1])[0]
        vector.setflags(write=False)
        return vector

    def __getitem__(self, key_or_keys: Key | Iterable[Key]) -> Array:
        """Vector of one key (a view, not writable), or vectors of several keys (a new matrix)."""
        if isinstance(key_or_keys, KEY_TYPES):
            return self.get_vector(key_or_keys)
        rows = [self.get_index(key) for key in key_or_keys]
        if not rows:
            raise ValueError("no keys given: at least one is needed")
        vectors: Array = np.asarray(self._vectors)[rows]
        return vectors

    # --- attributes of each key

    def allocate_vecattrs(
        self, attrs: Iterable[str] | None = None, types: Iterable[DTypeLike] | None = None
    ) -> None:
        """Give attributes an array with a value for each key; new values are 0.

        Parameters
        ----------
        attrs : iterable of str, optional
            Their names; all existing ones by default.
        types : iterable of dtype, optional
            The type of each; int means int64, str means object.

        Raises
        ------
        TypeError
            If an attribute exists with another type.
        """
        if attrs is None:
            names = list(self.expandos)
            dtypes = [self.expandos[name].dtype for name in names]
        else:
            names = list(attrs)
            dtypes = [_column_type(kind) for kind in types or ()]
            if len(names) != len(dtypes):
                raise ValueError(
                    f"types must name a type for each of the {len(names)} attrs, got {len(dtypes)}"
                )
        for name, dtype in zip(names, dtypes, strict=True):
            existing = self.expandos.get(name)
            if existing is None:
                self.expandos[name] = np.zeros(len(self), dtype=dtype)
                continue
            if not np.issubdtype(dtype, existing.dtype):
                raise TypeError(
                    f"Can't allocate type {dtype} for attribute {name}, "
                    f"conflicts with its existing type {existing.dtype}"
                )
            if len(existing) != len(self):
                self.expandos[name] = self._spare.resized(f"expandos.{name}", existing, len(self))

    def set_vecattr(self, key: Key, attr: str, val: Any) -> None:
        """Set attribute `attr` of `key`; the first value fixes the type of the attribute.

        Raises
        ------
        KeyError
            If the key is missing.
        TypeError
            If `val` does not fit the type of the attribute.
        """
        index = self.get_index(key)
        self.allocate_vecattrs([attr], [type(val)])
        self.expandos[attr][index] = val

    def get_vecattr(self, key: Key, attr: str) -> Any:
        """Return attribute `attr` of `key`; ``code`` and ``point`` of a model's words are those of its Huffman tree.

        Raises
        ------
        KeyError
            If the key or the attribute is missing.
        """
        row = self.get_index(key)
        if attr in ("code", "point") and attr not in self.expandos and self.huffman_tree is not None:
            return self.huffman_tree.code(row) if attr == "code" else self.huffman_tree.point(row)
        return self.expandos[attr][row]


def _column_type(kind: DTypeLike) -> np.dtype[Any]:
    """Type of the array for values of some type; what NumPy has no type for, and strings, are objects."""
    if isinstance(kind, type) and issubclass(kind, (str, bytes)):
        return np.dtype(object)
    try:
        return np.dtype(kind)
    except TypeError:
        return np.dtype(object)
