"""KeyedVectors: vectors by key, similarity queries, evaluation, and files.

`KeyedVectors` is a facade. It holds a `RowTable`, which owns the keys and all arrays, and calls the functions of the
packages `vectors` (queries, similarity, evaluation, drift) and `formats` (files) with the arrays that they need. It
adds gensim's names, signatures and documentation. Signatures and results are those of `KeyedVectors` in gensim 4.4;
keyword-only parameters are additions. The methods for other libraries are those of `fastw2v.export.methods`.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.common import memory
from fastw2v.common.logs import get_logger
from fastw2v.common.validation import (
    as_array,
    as_choice,
    as_dtype,
    as_flag,
    as_float,
    as_int,
    as_list,
    as_optional_int,
    check_encoding,
    check_hashable,
    check_mapping,
    check_path,
    check_str,
)
from fastw2v.compat import pickle_state
from fastw2v.compat.attribute_dict import ExposesAttributes, own_attributes
from fastw2v.compat.class_alias import ReplaceableClass
from fastw2v.compat.gensim3 import CompatVocab, DeprecatedVectorNames
from fastw2v.display import html
from fastw2v.export.methods import ExportMethods
from fastw2v.export.words import Words
from fastw2v.formats import describe_damage, detect, vector_state, word2vec
from fastw2v.formats.pickle_globals import OtherClassError
from fastw2v.formats.settings import SAVED_PARTS, check_fields, instance_of, unexpected, without_taken_names
from fastw2v.formats.vector_state import VectorState
from fastw2v.text.tokens import as_word
from fastw2v.vectors import evaluation, queries, similarity
from fastw2v.vectors.drift import Drift, drift
from fastw2v.vectors.initialization import REAL, prep_vectors, pseudorandom_weak_vector
from fastw2v.vectors.ngrams import Ngrams
from fastw2v.vectors.postprocessing import without_common_directions
from fastw2v.vectors.queries import Item, Items, with_keys
from fastw2v.vectors.row_table import KEY_TYPES, Array, Key, LeadingRows, RowTable
from fastw2v.vocabulary.huffman import HuffmanTree

__all__ = [
    "REAL",
    "CompatVocab",
    "Doc2VecKeyedVectors",
    "EuclideanKeyedVectors",
    "FastTextKeyedVectors",
    "KeyedVectors",
    "Vocab",
    "Word2VecKeyedVectors",
    "load_any",
    "load_word2vec_format",
    "prep_vectors",
    "pseudorandom_weak_vector",
]

logger = get_logger(__name__, "models.keyedvectors")

PathLike = str | os.PathLike[str]
KV = TypeVar("KV", bound="KeyedVectors")

# gensim's names for the types of keys, and of the items of a query.
_KEY_TYPES = KEY_TYPES
_EXTENDED_KEY_TYPES = queries.EXTENDED_KEY_TYPES

_OWN_ATTRIBUTES = {"_table", "_ngrams", "mapfile_path"}
_NOT_SAVED = {*_OWN_ATTRIBUTES, *SAVED_PARTS, "lifecycle_events"}  # all other attributes are those of users


_NONE = type(None)
# The fields of a pickle that are used before an error about them could name them.
_PICKLED = {
    "index_to_key": instance_of(list, tuple, np.ndarray),
    "key_to_index": instance_of(dict),
    "expandos": instance_of(dict),
    "huffman_tree": instance_of(HuffmanTree, _NONE),
    "words_before_update": instance_of(int, np.integer, _NONE),
}


class _TableOnDemand:
    """The table of an object whose class does not call ``KeyedVectors.__init__``, or assigns `vectors` before it.

    An object that has a table stores it in its own attributes, which Python looks up before this descriptor.
    """

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return own_attributes(instance).setdefault("_table", RowTable(0))


class KeyedVectors(ExposesAttributes, DeprecatedVectorNames, ExportMethods, metaclass=ReplaceableClass):
    """A mapping from keys (usually words) to vectors of one size.

    Parameters
    ----------
    vector_size : int
        Number of components of each vector.
    count : int, default 0
        Number of rows to allocate for keys that `add_vector` and `add_vectors` will add.
    dtype : dtype, default float32
        Type in which the vectors are stored.
    mapfile_path : str, optional
        Unused; kept for gensim's signature.

    Attributes
    ----------
    vectors : ndarray, shape (len, vector_size)
        Row `i` belongs to ``index_to_key[i]``. The array may be replaced by assignment, before or after the keys. After
        a write into it, call ``fill_norms(force=True)``.
    index_to_key : list
        The key of each row.
    key_to_index : dict
        The row of each key.
    expandos : dict of str to ndarray
        Attributes with one value for each key, such as ``count``.
    norms : ndarray or None
        Euclidean norms of the rows; None until they are needed.
    vectors_lockf : ndarray or None
        Factors on the learning rate: row `i` has the factor at `i` modulo their number. A trained model has a single
        factor of 1.0.

    Examples
    --------
    >>> kv = KeyedVectors(2)
    >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
    >>> kv["northeast"].tolist()
    [1.0, 1.0]
    >>> [key for key, score in kv.most_similar("north")]
    ['northeast', 'east']
    """

    _shown: ClassVar[tuple[str, ...]] = (
        "vector_size", "index_to_key", "next_index", "key_to_index", "vectors", "norms", "expandos", "vectors_lockf",
    )  # fmt: skip
    _hidden: ClassVar[tuple[str, ...]] = ("_table",)

    _table: RowTable = _TableOnDemand()  # type: ignore[assignment]
    mapfile_path: str | None = None

    def __init__(
        self, vector_size: int, count: int = 0, dtype: DTypeLike = np.float32, mapfile_path: str | None = None
    ) -> None:
        self._table = RowTable(vector_size, count, dtype)
        self.mapfile_path = mapfile_path

    def __len__(self) -> int:
        return len(self._table.index_to_key)

    def __str__(self) -> str:
        return f"{type(self).__name__}<vector_size={self.vector_size}, {len(self)} keys>"

    def __repr__(self) -> str:
        vectors = self.vectors
        kind = vectors.dtype if isinstance(vectors, np.ndarray) else type(vectors).__name__
        return f"<{type(self).__name__}: {len(self)} keys, vector_size={self.vector_size}, {kind}>"

    def _repr_html_(self) -> str | None:
        vectors: Any = self.vectors
        if not isinstance(vectors, np.ndarray):
            return None  # notebooks show __repr__ instead
        keys = [str(key) for key in self.index_to_key[:10]]
        rows = [
            ("vocabulary", f"{len(self):,} words"),
            ("vectors", f"{self.vector_size} dimensions, {vectors.dtype}, {vectors.nbytes / 1e6:,.3g} MB"),
            (
                "first words",
                ", ".join(key if len(key) <= 40 else key[:39] + "\N{HORIZONTAL ELLIPSIS}" for key in keys),
            ),
        ]
        counts = self.expandos.get("count")
        if counts is not None and len(counts):
            rows.append(("occurrences", f"{int(counts.sum()):,}"))
        return html.facts(type(self).__name__, rows)

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(
            f"{type(self).__name__} cannot be iterated: its keys are in index_to_key (for word in wv.index_to_key), "
            "its rows in vectors"
        )

    def __getstate__(self) -> dict[str, Any]:
        # The state has gensim's attribute names. Its only object of a private class is the Huffman tree. Keys are
        # copied, because another thread may add some while the state is pickled.
        table = self._table

        def read() -> dict[str, Any]:
            leading = table.followers.get("words_before_update")
            return {
                **{name: value for name, value in own_attributes(self).items() if name != "_table"},
                "vector_size": table.vector_size,
                "index_to_key": list(table.index_to_key),
                "key_to_index": dict(table.key_to_index),
                "next_index": table.next_index,
                "expandos": dict(table.attributes),
                "vectors": table.vectors,
                "vectors_lockf": table.lock_factors,
                "huffman_tree": table.followers.get("huffman_tree"),
                "words_before_update": leading.count if isinstance(leading, LeadingRows) else None,
            }

        return table.read_unmoved(read)

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = pickle_state.vectors_state(state)  # the state may come from any version of gensim
        for name in ("index_to_key", "key_to_index"):
            if name not in state:
                raise ValueError(f"the pickle of these vectors has no field {name!r}; it is damaged")
        state = check_fields(state, _PICKLED)
        for name, values in state.get("expandos", {}).items():
            if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__len__"):
                raise unexpected(f"expandos.{name}", values, "an array with one value for each key")
        vectors = state.pop("_vectors", None)  # the name in version 0.1
        vectors = state.pop("vectors", vectors)
        for norms in ("norms", "_norms"):  # they may be stale in a pickle of gensim
            state.pop(norms, None)
        tree, leading = state.pop("huffman_tree", None), state.pop("words_before_update", None)
        size = state.pop("vector_size", None)  # None in pickles of gensim 3.2
        table = self._table = RowTable(vectors.shape[1] if size is None else size)
        table.index_to_key = state.pop("index_to_key")
        table.key_to_index = state.pop("key_to_index")
        table.next_index = state.pop("next_index", len(table.index_to_key))
        table.attributes = state.pop("expandos", {})
        table.lock_factors = state.pop("vectors_lockf", None)
        table.replace_vectors(vectors)
        if tree is not None:
            table.followers["huffman_tree"] = tree
        if leading is not None:
            table.followers["words_before_update"] = LeadingRows(leading)
        own_attributes(self).update(state)

    def _overrides(self, *names: str) -> bool:
        """Return whether a subclass, or this object, has a method of its own instead of one of `names`.

        If gensim computes a result by calling one of its public methods, fastw2v must call the override too.
        """
        for name in names:  # a loop over plain look-ups, because each query calls this method
            method, own = getattr(self, name), _METHODS[name]
            try:
                if method.__func__ is own and method.__self__ is self:
                    continue
            except AttributeError:  # not a method of an object
                pass
            if method is not own:  # like a static method
                return True
        return False

    # --- what the table holds

    @property
    def vector_size(self) -> int:
        """Number of components of each vector."""
        return self._table.vector_size

    @vector_size.setter
    def vector_size(self, value: int) -> None:
        self._table.vector_size = value

    @property
    def index_to_key(self) -> list[Any]:
        """Key of each row; None for a row that is allocated and not used."""
        return self._table.index_to_key

    @index_to_key.setter
    def index_to_key(self, keys: list[Any]) -> None:
        self._table.index_to_key = keys

    @property
    def key_to_index(self) -> dict[Any, int]:
        """Row of each key."""
        return self._table.key_to_index

    @key_to_index.setter
    def key_to_index(self, rows: dict[Any, int]) -> None:
        self._table.key_to_index = rows

    @property
    def next_index(self) -> int:
        """First row that `add_vector` examines for an empty slot."""
        return self._table.next_index

    @next_index.setter
    def next_index(self, row: int) -> None:
        self._table.next_index = row

    @property
    def expandos(self) -> dict[str, Array]:
        """Attributes with one value for each key."""
        return self._table.attributes

    @expandos.setter
    def expandos(self, attributes: dict[str, Array]) -> None:
        self._table.attributes = attributes

    @expandos.deleter
    def expandos(self) -> None:
        self._table.attributes = {}

    @property
    def vectors(self) -> Array:
        """Matrix of shape (len, vector_size): row `i` belongs to ``index_to_key[i]``.

        An assigned array is kept without a copy, even if it is a memory map. Its width becomes `vector_size`, and the
        norms are discarded. Keys and vectors may be assigned in any order. Queries, training and saving raise a
        ValueError if their numbers differ. None means that there are no vectors.
        """
        vectors: Array = self._table.vectors
        return vectors

    @vectors.setter
    def vectors(self, value: Array | None) -> None:
        self._table.vectors = value

    @vectors.deleter
    def vectors(self) -> None:
        self._table.vectors = None

    @property
    def norms(self) -> Array | None:
        """Euclidean norms of the rows, or None if they have not been computed; see `fill_norms`."""
        return self._table.norms

    @norms.setter
    def norms(self, value: Array | None) -> None:
        self._table.norms = value

    @norms.deleter
    def norms(self) -> None:
        self._table.norms = None

    @property
    def vectors_lockf(self) -> Array | None:
        """Factors on the learning rates of the vectors, or None."""
        return self._table.lock_factors

    @vectors_lockf.setter
    def vectors_lockf(self, factors: Array | None) -> None:
        self._table.lock_factors = factors

    @vectors_lockf.deleter
    def vectors_lockf(self) -> None:
        self._table.lock_factors = None

    # --- norms

    def invalidate_norms(self) -> None:
        """Discard the norms after the vectors were changed in place; the next query computes them again.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vector("a", [3, 4])
        0
        >>> kv.fill_norms()
        >>> kv.vectors[0] = 0
        >>> kv.invalidate_norms()
        >>> kv.get_vector("a", norm=True).tolist()
        [0.0, 0.0]
        """
        self._table.norms = None

    def fill_norms(self, force: bool = False) -> None:
        """Compute the norms of all rows, unless they are known.

        Parameters
        ----------
        force : bool, default False
            Compute them even if they are known. This is needed after a write into ``vectors[...]``, which is not
            noticed.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vector("a", [3, 4])
        0
        >>> kv.fill_norms()
        >>> kv.norms.tolist()
        [5.0]
        """
        self._table.fill_norms(as_flag("force", force))

    def get_normed_vectors(self) -> Array:
        """Return a new matrix with every row scaled to length 1; zero rows stay zero.

        Returns
        -------
        ndarray, shape (len, vector_size)

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vector("a", [0, 4])
        0
        >>> kv.get_normed_vectors().tolist()
        [[0.0, 1.0]]
        """
        return similarity.normed(self._table.matrix, self._current_norms())

    def _current_norms(self) -> Array:
        """Return the norms, which `fill_norms` computes if a subclass has one of its own."""
        if self._overrides("fill_norms"):
            self.fill_norms()
        return self._table.current_norms()

    def unit_normalize_all(self) -> None:
        """Scale every row to length 1, in place; zero rows stay zero.

        Vectors that are mapped read-only (``mmap="r"``) are copied into memory instead.

        The lengths are lost. A model needs them for training, so do not train it any further after this.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vector("a", [0, 4])
        0
        >>> kv.unit_normalize_all()
        >>> kv["a"].tolist()
        [0.0, 1.0]
        """
        self._current_norms()
        self._table.normalize()

    # --- look-up

    def get_index(self, key: Key, default: int | None = None) -> int:
        """Return the row of `key`; an integer that is not a key is used as the number of a row.

        Parameters
        ----------
        key : str or int
            If keys are integers, ``5`` means the key 5 if there is one, and otherwise row 5.
        default : int, optional
            The result for a missing key.

        Returns
        -------
        int

        Raises
        ------
        KeyError
            If the key is missing and no default is given.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> kv.get_index("b"), kv.get_index("c", default=-1)
        (1, -1)
        """
        try:  # the first step of `index_of`, without the time of a call
            row = self._table.key_to_index.get(key, -1)
            if row >= 0:
                return row
            if default is not None and type(key) is str:
                return default
        except TypeError:  # the key is not hashable
            pass
        return self._table.index_of(key, default)

    def has_index_for(self, key: Key) -> bool:
        """Return whether `get_index` finds `key`, which may be a key or the number of a row.

        Parameters
        ----------
        key : str or int

        Returns
        -------
        bool

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vector("a", [1, 0])
        0
        >>> kv.has_index_for("a"), kv.has_index_for("b")
        (True, False)
        """
        return self.get_index(key, -1) >= 0

    def __contains__(self, key: Key) -> bool:
        return self.has_index_for(key)

    def get_vector(self, key: Key, norm: bool = False) -> Array:
        """Return the vector of `key`, as an array that is not writable.

        Parameters
        ----------
        key : str or int
        norm : bool, default False
            Return a new array of length 1 (a zero vector stays zero). By default the result is a view of the row,
            which shows later changes.

        Returns
        -------
        ndarray, shape (vector_size,)

        Raises
        ------
        KeyError
            If the key is missing.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vector("a", [0, 4])
        0
        >>> kv.get_vector("a").tolist(), kv.get_vector("a", norm=True).tolist()
        ([0.0, 4.0], [0.0, 1.0])
        """
        index = self.get_index(key)
        vector = self._table.vector(index)
        if norm is not False and as_flag("norm", norm):
            vector = similarity.divided(vector, self._current_norms()[index])
            vector.setflags(write=False)
        return vector

    def __getitem__(self, key_or_keys: Key | Iterable[Key]) -> Array:
        """Return the vector of one key (a view, not writable), or the vectors of several keys (a new matrix)."""
        if isinstance(key_or_keys, KEY_TYPES):
            return self.get_vector(key_or_keys)
        return self._rows_of_keys(key_or_keys)

    def _rows_of_keys(self, keys: Any) -> Array:
        """Return a new matrix of the vectors of several keys."""
        keys = keys if type(keys) is list else queries.key_list("the keys", keys)
        if not keys:
            raise ValueError("no keys given: at least one is needed")
        table = self._table
        index_of = table.index_of
        if self._overrides("get_vector", "get_index"):
            if self._overrides("get_vector"):
                return np.stack([self.get_vector(key) for key in keys])
            index_of = self.get_index
        # For a few rows, `take` needs a third of the time of an index.
        vectors: Array = np.asarray(table.matrix).take([index_of(key) for key in keys], axis=0)
        return vectors

    # --- attributes of the keys

    def allocate_vecattrs(
        self, attrs: Iterable[str] | None = None, types: Iterable[DTypeLike] | None = None
    ) -> None:
        """Give attributes an array with one value for each key; new values are 0.

        Parameters
        ----------
        attrs : iterable of str, optional
            Names of the attributes; by default all that exist.
        types : iterable of dtype, optional
            Type of each attribute, required with `attrs`. int means int64, and str means object.

        Raises
        ------
        TypeError
            If an attribute exists with another type.
        ValueError
            If the numbers of attributes and types differ.

        Examples
        --------
        >>> kv = KeyedVectors(2, count=3)
        >>> kv.allocate_vecattrs(["count"], [int])
        >>> kv.expandos["count"].tolist()
        [0, 0, 0]
        """
        if attrs is None:
            names = list(self.expandos)
            dtypes = [np.asarray(self.expandos[name]).dtype for name in names]
        else:
            if isinstance(attrs, str):
                raise TypeError(f"attrs must be a list of names, not {attrs!r:.80}; put the name into a list")
            names = as_list("attrs", attrs, "names")
            given = () if types is None else as_list("types", types, "types")
            dtypes = [_attribute_dtype(kind) for kind in given]
            if len(names) != len(dtypes):
                raise ValueError(
                    f"types must name a type for each of the {len(names)} attrs, got {len(dtypes)}"
                )
        self._table.allocate_attributes(names, dtypes)

    def set_vecattr(self, key: Key, attr: str, val: Any) -> None:
        """Set the attribute `attr` of `key`; the first value determines the type of the attribute.

        Parameters
        ----------
        key : str or int
        attr : str
            Name of the attribute. If it does not exist, it is created, with 0 for all other keys.
        val : object
            The value.

        Raises
        ------
        KeyError
            If the key is missing.
        TypeError
            If the type of `val` does not fit that of the attribute.
        ValueError
            If `val` is a number that is too large for the type of the attribute.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vector("a", [1, 0])
        0
        >>> kv.set_vecattr("a", "count", 7)
        >>> int(kv.get_vecattr("a", "count"))
        7
        """
        check_str("attr", attr)
        index = self.get_index(key)
        self.allocate_vecattrs([attr], [type(val)])
        try:
            self.expandos[attr][index] = val
        except OverflowError as error:
            raise ValueError(f"val={val!r:.80} is too large for the attribute {attr!r}: {error}") from None

    def get_vecattr(self, key: Key, attr: str) -> Any:
        """Return the attribute `attr` of `key`.

        For the words of a model with hierarchical softmax, ``code`` and ``point`` are those of its Huffman tree.

        Parameters
        ----------
        key : str or int
        attr : str
            Name of the attribute, such as ``"count"``.

        Returns
        -------
        object
            The value, in the type of the attribute.

        Raises
        ------
        KeyError
            If the key or the attribute is missing.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]], extras={"count": [7, 5]})
        >>> int(kv.get_vecattr("b", "count"))
        5
        """
        check_str("attr", attr)
        row = self.get_index(key)
        if attr in ("code", "point") and attr not in self.expandos:
            tree: Any = self._table.followers.get("huffman_tree")
            if tree is not None:
                return tree.code(row) if attr == "code" else tree.point(row)
        if attr not in self.expandos:
            raise KeyError(
                f"attr={attr!r:.80} is no attribute of the keys; they have {sorted(self.expandos)}"
            )
        return self.expandos[attr][row]

    # --- growth

    def resize_vectors(self, seed: int | None = 0) -> None:
        """Give the matrix and the attributes a row for each key of `index_to_key`.

        Parameters
        ----------
        seed : int, default 0
            New vectors are random. They are those that `prep_vectors` makes with this seed.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.index_to_key, kv.key_to_index = ["a"], {"a": 0}
        >>> kv.resize_vectors(seed=1)
        >>> kv.vectors.shape
        (1, 2)
        """
        self._table.grow(as_optional_int("seed", seed, minimum=0))
        if self._overrides("allocate_vecattrs"):
            self.allocate_vecattrs()

    def add_vector(self, key: Key, vector: Array | Sequence[float]) -> int:
        """Add one key and return its row; a key that is present keeps its vector.

        The first empty slot is used (see the parameter `count` of the constructor). If there is none, one row is
        appended, in amortised constant time.

        Parameters
        ----------
        key : str or int
            An integer is a key here, never a row.
        vector : array-like, shape (vector_size,)
            It is converted to the dtype of `vectors`.

        Returns
        -------
        int
            The row of the key.

        Raises
        ------
        ValueError
            If `vector` has another shape, or `key` is None. Nothing is changed then.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vector("a", [1, 0]), kv.add_vector("b", [0, 1])
        (0, 1)
        """
        self.add_vectors([key], queries.checked_vector("vector", vector, self.vector_size)[None])
        return self.key_to_index[_plain_key(key)]

    def add_vectors(
        self,
        keys: Key | Iterable[Key],
        weights: Array | Sequence[Any],
        extras: Mapping[str, Any] | None = None,
        replace: bool = False,
    ) -> None:
        """Add keys with their vectors; empty slots are filled first, then rows are appended.

        Parameters
        ----------
        keys : str, int or iterable of them
            An integer is a key here, never a row. If a key is given twice, the first vector counts (with `replace`,
            the last one). Keys of other hashable types, such as tuples, can be looked up, but not saved.
        weights : array-like, shape (len(keys), vector_size)
            The vectors; they are converted to the dtype of `vectors`.
        extras : mapping of str to array-like, shape (len(keys),), optional
            Attributes of the keys.
        replace : bool, default False
            Whether keys that are present get the new vectors and attributes.

        Raises
        ------
        ValueError
            If the shapes disagree, or a key is None. Nothing is changed then.
        TypeError
            If an attribute exists with another type. Nothing is changed then.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]], extras={"count": [7, 5]})
        >>> kv.add_vectors(["b", "c"], [[2, 2], [3, 3]], replace=True)
        >>> kv.vectors.tolist()
        [[1.0, 0.0], [2.0, 2.0], [3.0, 3.0]]
        """
        matrix = as_array("weights", weights)
        if isinstance(keys, KEY_TYPES):
            keys, matrix = [keys], matrix.reshape(1, -1)
        if extras is not None:
            check_mapping("extras", extras, "names of attributes to their values")
        replace = as_flag("replace", replace)
        key_list = list(map(_plain_key, queries.key_list("keys", keys)))
        if key_list:
            self._table.add(key_list, matrix, extras, replace)

    def __setitem__(self, keys: Key | Iterable[Key], weights: Array | Sequence[Any]) -> None:
        """Set or add the vectors of one or several keys; an integer that is not a key means a row."""
        if isinstance(keys, KEY_TYPES):
            keys, weights = [keys], np.asarray(weights).reshape(1, -1)
        self.add_vectors(
            [self._key_of_row(key) for key in queries.key_list("keys", keys)], weights, replace=True
        )

    def _key_of_row(self, key: Key) -> Key:
        """Return the key of row `key`, if `key` is not a key itself and the row's key is not an integer."""
        if key in self.key_to_index or not isinstance(key, (int, np.integer)) or not 0 <= key < len(self):
            return key
        name: Key | None = self.index_to_key[key]
        return key if name is None or isinstance(name, (int, np.integer)) else name

    # --- removal, renaming, order, copies

    def remove_keys(self, keys: Key | Iterable[Key]) -> None:
        """Remove keys with their vectors and attributes; the other keys keep their order.

        If the vectors belong to a model, its output weights and noise table lose the same rows. A model that was
        trained with hierarchical softmax cannot be trained any further afterwards.

        Parameters
        ----------
        keys : str, int or iterable of them
            The keys to remove.

        Raises
        ------
        KeyError
            If a key is missing. Nothing is changed then.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b", "c"], [[1, 0], [0, 1], [1, 1]])
        >>> kv.remove_keys(["b"])
        >>> kv.index_to_key
        ['a', 'c']
        """
        self._table.drop(_as_keys(keys))

    def rename_key(self, old: Key, new: Key) -> None:
        """Give the vector of `old` the key `new`.

        Parameters
        ----------
        old, new : str or int

        Raises
        ------
        KeyError
            If `old` is missing.
        ValueError
            If `new` is already present, or is None.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vector("colour", [1, 0])
        0
        >>> kv.rename_key("colour", "color")
        >>> kv.index_to_key
        ['color']
        """
        self._table.rename(old, new)

    def subset(self: KV, keys: Iterable[Key]) -> KV:
        """Return new vectors of some keys, in the given order, with copies of their vectors and attributes.

        Parameters
        ----------
        keys : iterable of str or int
            A key that is given twice counts once.

        Returns
        -------
        KeyedVectors

        Raises
        ------
        KeyError
            If a key is missing; `vectors_for_all` leaves such keys out instead.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b", "c"], [[1, 0], [0, 1], [1, 1]])
        >>> kv.subset(["c", "a"]).index_to_key
        ['c', 'a']
        """
        chosen = list(dict.fromkeys(_as_keys(keys)))
        rows = np.array([self._table.row_of(key) for key in chosen], dtype=np.intp)
        return self._from_table(self._table.selection(chosen, rows))

    def vectors_for_all(
        self, keys: Iterable[Key], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> KeyedVectors:
        """Return new vectors of those of `keys` that are present, each once, in the given order.

        Parameters
        ----------
        keys : iterable of str or int
        allow_inference : bool, default True
            Whether the numbers of rows are accepted as keys. In gensim, subclasses infer vectors of unknown keys.
        copy_vecattrs : bool, default False
            Copy the attributes. Without it, the counts of n keys are n, n - 1, ..., 1.

        Returns
        -------
        KeyedVectors

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> kv.vectors_for_all(["b", "missing", "a"]).index_to_key
        ['b', 'a']
        """
        known = self if as_flag("allow_inference", allow_inference) else self.key_to_index
        copy_vecattrs = as_flag("copy_vecattrs", copy_vecattrs)
        present = [key for key in dict.fromkeys(queries.key_list("keys", keys)) if key in known]
        if present and self._overrides("get_vector", "__getitem__"):
            return self._collected(present, copy_vecattrs)
        rows = np.array([self.get_index(key) for key in present], dtype=np.intp)
        chosen = self._from_table(self._table.selection(present, rows))
        if not copy_vecattrs:
            chosen.expandos = {}
        if "count" not in chosen.expandos and present:
            chosen.expandos["count"] = np.arange(len(present), 0, -1, dtype=np.int64)
        return chosen

    def _collected(self, keys: list[Key], copy_vecattrs: bool) -> KeyedVectors:
        """Return new vectors of `keys`, which this object returns one by one."""
        vectors = np.stack([self[key] for key in keys])
        counts: dict[str, Any] = {"count": np.arange(len(keys), 0, -1, dtype=np.int64)}
        if copy_vecattrs:
            counts |= {name: [self.get_vecattr(key, name) for key in keys] for name in self.expandos}
        new = KeyedVectors(vectors.shape[1], dtype=vectors.dtype)
        new.add_vectors(keys, vectors, extras=counts)
        return new

    def astype(self: KV, dtype: DTypeLike) -> KV:
        """Return a copy whose vectors are stored in another floating type.

        float16 takes half the memory of float32 and has three significant digits. Queries on float16 vectors are
        computed in float32.

        Parameters
        ----------
        dtype : dtype
            A floating type.

        Returns
        -------
        KeyedVectors

        Raises
        ------
        ValueError
            If `dtype` is not a floating type, or a number is too large for it.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vector("a", [1, 0])
        0
        >>> kv.astype("float16").vectors.dtype
        dtype('float16')
        """
        return self._from_table(self._table.astype(dtype))

    def postprocess(self: KV, *, center: bool = True, remove: int | None = None) -> KV:
        """Return a copy without the mean and the main directions that the vectors have in common.

        This method is "all-but-the-top" (Mu and Viswanath, 2018). It improves similarities of words after some
        trainings and makes them worse after others, so evaluate the result. A model must not be trained any further
        with the result, because its output weights do not fit.

        Parameters
        ----------
        center : bool, default True
            Subtract the mean of all vectors.
        remove : int, optional
            The number of main directions to remove. By default it is one for each 100 dimensions, as in the paper.

        Returns
        -------
        KeyedVectors

        Raises
        ------
        ValueError
            If `remove` is negative or more than the number of dimensions, or a vector is not finite.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[9.0, 1.0], [7.0, 1.0]])
        >>> kv.postprocess(remove=0)["a"].tolist()
        [1.0, 0.0]
        """
        center = as_flag("center", center)
        remove = as_optional_int("remove", remove, 0, self.vector_size)
        matrix = self._table.matrix
        queries.check_finite(self.index_to_key, matrix)
        new = self.astype(matrix.dtype)
        new._table.replace_vectors(
            without_common_directions(
                matrix, center=center, remove=round(self.vector_size / 100) if remove is None else remove
            )
        )
        return new

    def _from_table(self: KV, table: RowTable) -> KV:
        cls = type(self)
        new = cls.__new__(cls)  # the constructor of a subclass may have other parameters
        own_attributes(new).update(own_attributes(self))
        new._table = table
        return new

    def sort_by_descending_frequency(self) -> None:
        """Sort all rows by descending ``count``; of keys with equal counts, the last one goes first.

        If the vectors belong to a model, its output weights, noise table and Huffman tree are sorted, too.

        Raises
        ------
        KeyError
            If the keys have no attribute ``count``.
        ValueError
            If the number of rows of the matrix is not the number of keys, or if ``count`` does not have one number for
            each key.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]], extras={"count": [5, 7]})
        >>> kv.sort_by_descending_frequency()
        >>> kv.index_to_key
        ['b', 'a']
        """
        if not len(self):
            return
        self._table.extend_attributes()
        if self._overrides("allocate_vecattrs"):
            self.allocate_vecattrs()
        counts = np.asarray(self.expandos["count"])
        if counts.shape != (len(self),):
            raise ValueError(
                f"the attribute 'count' has the shape {counts.shape}, but sorting needs one number for each of the "
                f"{len(self)} keys; set the counts with set_vecattr(key, 'count', n)"
            )
        order = np.argsort(counts, kind="stable")[::-1]
        if len(self.vectors):
            logger.warning("sorting after vectors have been allocated is expensive & error-prone")
        self._table.take(order)

    # --- nearest keys

    def get_mean_vector(
        self,
        keys: Iterable[Key | Array],
        weights: Iterable[float] | Array | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Array:
        """Return the weighted mean of the vectors of some keys, divided by the sum of the absolute weights.

        Parameters
        ----------
        keys : iterable of str, int or ndarray of shape (vector_size,)
            Arrays are used as they are. A single key or a single array is accepted as well.
        weights : iterable of float, optional
            One weight for each of `keys`; by default 1.0.
        pre_normalize : bool, default True
            Scale the vector of each key to length 1 first.
        post_normalize : bool, default False
            Scale the mean to length 1.
        ignore_missing : bool, default True
            Leave out missing keys. If all keys are missing, the result is zero.

        Returns
        -------
        ndarray, shape (vector_size,)
            float64 if the vectors have this type, and otherwise float32.

        Raises
        ------
        KeyError
            If a key is missing and `ignore_missing` is False.
        ValueError
            If there are no keys, the number of weights differs from that of the keys, or an array has another shape.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> kv.get_mean_vector(["a", "b"]).tolist()
        [0.5, 0.5]
        """
        pre_normalize = as_flag("pre_normalize", pre_normalize)
        post_normalize = as_flag("post_normalize", post_normalize)
        ignore_missing = as_flag("ignore_missing", ignore_missing)
        items = queries.as_items("keys", keys)
        if not items:
            raise ValueError("cannot compute mean with no input: keys is empty")
        if weights is None:
            factors = [1.0] * len(items)
        else:
            factors = [as_float("weights", weight) for weight in as_list("weights", weights, "numbers")]
        if len(factors) != len(items):
            raise ValueError(
                "keys and weights array must have same number of elements, "
                f"got {len(items)} and {len(factors)}"
            )
        vectors: list[tuple[Array, float]] = []
        for item, factor in zip(items, factors, strict=True):
            if isinstance(item, np.ndarray):
                vectors.append((queries.checked_vector("a vector in keys", item, self.vector_size), factor))
            elif item in self:
                vectors.append((self.get_vector(item, norm=pre_normalize), factor))
            elif not ignore_missing:
                raise KeyError(f"Key '{item}' not present in vocabulary")
        dtype = similarity.compute_dtype(self._table.matrix.dtype)
        mean = queries.weighted_mean(vectors, self.vector_size, dtype)
        return similarity.unit(mean) if post_normalize else mean

    def most_similar(
        self,
        positive: Items = None,
        negative: Items = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: Any = None,
        *,
        candidates: Iterable[Key] | None = None,
    ) -> Any:
        """Return the keys whose vectors have the highest cosine with a mean of vectors.

        Parameters
        ----------
        positive, negative : str, int, ndarray, or sequence of these and of ``(key or ndarray, weight)``, optional
            What to add and what to subtract. The vectors of keys are scaled to length 1 first; arrays are used as
            they are. A weight is used as it is given, in both arguments. A two-dimensional array is a sequence of
            vectors.
        topn : int or None, default 10
            Number of keys. With None, the result is the array of all cosines; with 0 or less, it is [].
        clip_start, clip_end : int, optional
            Search only in this range of rows. Negative numbers count from the end, as in a slice.
        restrict_vocab : int, optional
            Search only in this number of rows from the start. It overrides the range.
        indexer : object, optional
            An index of nearest neighbours. Its ``most_similar(vector, topn)`` is called instead of a full search.
        candidates : iterable of str or int, optional
            Search only among these keys.

        Returns
        -------
        list of (key, float), or ndarray of float32
            Best first, without the keys of the query. With ``topn=None``, the cosines of all searched rows, including
            those of the query's keys; with `candidates`, in their order.

        Raises
        ------
        KeyError
            If a key is missing.
        ValueError
            If neither `positive` nor `negative` has an element, or `candidates` is combined with a range.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
        >>> [key for key, score in kv.most_similar(positive=["east", "north"])]
        ['northeast']
        """
        topn = as_optional_int("topn", topn)
        if indexer is not None and not hasattr(indexer, "most_similar"):
            raise TypeError(
                f"indexer must have a method most_similar(vector, topn), as {indexer!r:.80} has not"
            )
        if topn is not None and topn < 1:
            return []
        query, own_rows = self._parse_query(positive, negative)
        if indexer is not None and topn is not None:
            return indexer.most_similar(query, topn)
        rows = self._searched_rows(clip_start, clip_end, restrict_vocab, candidates)
        scores = similarity.cosines(self._table.matrix[rows], self._current_norms()[rows], query)
        if topn is None:
            return scores
        return queries.best_keys(self.index_to_key, rows, scores, topn, own_rows)

    def most_similar_batch(
        self,
        queries: Iterable[Item | Sequence[Item]] | Array,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
        *,
        candidates: Iterable[Key] | None = None,
    ) -> Any:
        """Answer many `most_similar` queries at once, which is faster than one after the other.

        Parameters
        ----------
        queries : iterable of queries, or ndarray of shape (queries, vector_size)
            Each query is what `most_similar` accepts as `positive`: a key, a vector, or a list of these. Subtract a
            key as ``(key, -1.0)``.
        topn, restrict_vocab, candidates
            As for `most_similar`.

        Returns
        -------
        list of list of (key, float), or ndarray of shape (queries, rows)
            One ranking for each query; with ``topn=None``, the matrix of cosines.

        Raises
        ------
        KeyError
            If a key is missing.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
        >>> [ranking[0][0] for ranking in kv.most_similar_batch(["east", "north"])]
        ['northeast', 'northeast']
        """
        topn = as_optional_int("topn", topn)
        parsed = [self._parse_query(query, None) for query in as_list("queries", queries, "queries")]
        if topn is not None and topn < 1:
            return [[] for _ in parsed]
        rows = self._searched_rows(0, None, restrict_vocab, candidates)
        matrix, norms = self._table.matrix[rows], self._current_norms()[rows]
        stacked = np.array([vector for vector, _ in parsed], dtype=norms.dtype).reshape(-1, self.vector_size)
        if topn is None:
            return similarity.cosines(matrix, norms, stacked)
        count = topn + max((len(own_rows) for _, own_rows in parsed), default=0)
        best = similarity.nearest_rows(matrix, norms, stacked, count)
        return [
            with_keys(self.index_to_key, rows, positions, scores, topn, own_rows)
            for positions, scores, (_, own_rows) in zip(*map(np.ndarray.tolist, best), parsed, strict=True)
        ]

    def similar_by_word(self, word: Key, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """Return the keys most similar to `word`; see `most_similar`.

        Parameters
        ----------
        word : str or int
        topn : int or None, default 10
            Number of keys in the result; see `most_similar`.
        restrict_vocab : int, optional
            Search only in this number of rows from the start.

        Returns
        -------
        list of (key, float), or ndarray of float32
            As for `most_similar`.

        Raises
        ------
        KeyError
            If the word is missing.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
        >>> kv.similar_by_word("north", topn=1)[0][0]
        'northeast'
        """
        return self.similar_by_key(word, topn, restrict_vocab)

    def similar_by_key(self, key: Key, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """Return the keys most similar to `key`; see `most_similar`.

        Parameters
        ----------
        key : str or int
        topn : int or None, default 10
            Number of keys in the result; see `most_similar`.
        restrict_vocab : int, optional
            Search only in this number of rows from the start.

        Returns
        -------
        list of (key, float), or ndarray of float32
            As for `most_similar`.

        Raises
        ------
        KeyError
            If the key is missing.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
        >>> kv.similar_by_key("north", topn=1)[0][0]
        'northeast'
        """
        return self.most_similar(positive=[key], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_vector(
        self, vector: Array | Sequence[float], topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Return the keys whose vectors are most similar to `vector`; see `most_similar`.

        Parameters
        ----------
        vector : array-like, shape (vector_size,)
        topn : int or None, default 10
            Number of keys in the result; see `most_similar`.
        restrict_vocab : int, optional
            Search only in this number of rows from the start.

        Returns
        -------
        list of (key, float), or ndarray of float32
            As for `most_similar`.

        Raises
        ------
        ValueError
            If the vector has another shape.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
        >>> kv.similar_by_vector([2, 1], topn=1)[0][0]
        'northeast'
        """
        vector = queries.checked_vector("vector", vector, self.vector_size)
        return self.most_similar(positive=[vector], topn=topn, restrict_vocab=restrict_vocab)

    def most_similar_cosmul(
        self,
        positive: Items = None,
        negative: Items = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
        *,
        candidates: Iterable[Key] | None = None,
    ) -> Any:
        """Return the keys with the highest multiplicative score 3CosMul (Levy and Goldberg, CoNLL 2014).

        Parameters
        ----------
        positive, negative : str, int, ndarray, or sequence of these, optional
            Arrays are used as they are. Weights are not supported.
        topn, restrict_vocab, candidates
            As for `most_similar`. (gensim ignores `restrict_vocab` here.)

        Returns
        -------
        list of (key, float), or ndarray
            As for `most_similar`, but the scores are not cosines.

        Raises
        ------
        KeyError
            If a key is missing.
        ValueError
            If `positive` is empty.
        TypeError
            If an element is neither a key nor a vector.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
        >>> [key for key, score in kv.most_similar_cosmul(positive=["east", "north"])]
        ['northeast']
        """
        topn = as_optional_int("topn", topn)
        if topn is not None and topn < 1:
            return []
        positive_terms = queries.as_items("positive", positive)
        negative_terms = queries.as_items("negative", negative)
        if not positive_terms:
            raise ValueError("cannot compute similarity with no input: positive is empty")
        rows = self._searched_rows(0, None, restrict_vocab, candidates)
        scores = similarity.multiplicative(
            self._table.matrix[rows],
            self._current_norms()[rows],
            [self._factor("positive", term) for term in positive_terms],
            [self._factor("negative", term) for term in negative_terms],
        )
        if topn is None:
            return scores
        keys = [term for term in positive_terms + negative_terms if isinstance(term, KEY_TYPES)]
        own_rows = self._rows_of(keys)
        return queries.best_keys(self.index_to_key, rows, scores, topn, own_rows)

    def _parse_query(self, positive: Any, negative: Any) -> tuple[Array, set[int]]:
        """Return the mean vector of a query, scaled to length 1, and the rows of the query's keys."""
        items, weights = queries.weighted_items(positive, negative)
        mean = self.get_mean_vector(
            items, weights, pre_normalize=True, post_normalize=True, ignore_missing=False
        )
        return mean, self._rows_of([item for item in items if not isinstance(item, np.ndarray)])

    def _rows_of(self, keys: list[Any]) -> set[int]:
        """Return the rows of keys; those whose vectors a subclass makes have none."""
        get_index = self.get_index
        rows = {get_index(key, -1) for key in keys}
        rows.discard(-1)
        return rows

    def _factor(self, name: str, item: Any) -> Array:
        """Return the vector of one item of the argument `name` of a multiplicative query."""
        if isinstance(item, np.ndarray):
            return queries.checked_vector(f"a vector in {name}", item, self.vector_size)
        if isinstance(item, KEY_TYPES):
            return self.get_vector(item, norm=True)
        raise TypeError(
            f"{item!r:.80} in {name} is neither a key nor a vector; most_similar_cosmul takes no weights"
        )

    def _searched_rows(
        self,
        clip_start: int,
        clip_end: int | None,
        restrict_vocab: int | None,
        candidates: Iterable[Key] | None,
    ) -> slice | NDArray[np.intp]:
        rows = None
        if candidates is not None:
            rows = [self.get_index(key) for key in dict.fromkeys(queries.key_list("candidates", candidates))]
        return queries.searched_rows(len(self._table.matrix), clip_start, clip_end, restrict_vocab, rows)

    # --- similarities of given keys

    def similarity(self, w1: Key, w2: Key) -> np.float32:
        """Return the cosine of two keys; it is exactly 1 for a key and itself.

        Parameters
        ----------
        w1, w2 : str or int

        Returns
        -------
        float32

        Raises
        ------
        KeyError
            If a key is missing.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north"], [[1, 0], [0, 1]])
        >>> float(kv.similarity("east", "north"))
        0.0
        """
        if not (type(w1) is type(w2) is str):
            check_hashable("w1", w1)
            check_hashable("w2", w2)
        return similarity.cosine(self[w1], self[w2])

    def distance(self, w1: Key, w2: Key) -> np.float32:
        """Return ``1 - similarity(w1, w2)``.

        Parameters
        ----------
        w1, w2 : str or int

        Returns
        -------
        float32

        Raises
        ------
        KeyError
            If a key is missing.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north"], [[1, 0], [0, 1]])
        >>> float(kv.distance("east", "north"))
        1.0
        """
        return np.float32(1) - self.similarity(w1, w2)

    def n_similarity(self, ws1: Iterable[Key], ws2: Iterable[Key]) -> np.float32:
        """Return the cosine of the mean vectors of two lists of keys.

        Parameters
        ----------
        ws1, ws2 : iterable of str or int
            Missing keys are ignored. Vectors are not scaled before the mean.

        Returns
        -------
        float32

        Raises
        ------
        ZeroDivisionError
            If a list is empty.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
        >>> float(kv.n_similarity(["east", "north"], ["northeast"]))
        1.0
        """
        first, second = queries.key_list("ws1", ws1), queries.key_list("ws2", ws2)
        if not (first and second):
            raise ZeroDivisionError("At least one of the passed list is empty.")
        return similarity.cosine(
            self.get_mean_vector(first, pre_normalize=False),
            self.get_mean_vector(second, pre_normalize=False),
        )

    @staticmethod
    def cosine_similarities(vector_1: Array, vectors_all: Array) -> Array:
        """Return the cosines of one vector with each row of a matrix.

        Parameters
        ----------
        vector_1 : ndarray, shape (D,)
        vectors_all : ndarray, shape (n, D)

        Returns
        -------
        ndarray, shape (n,)

        Raises
        ------
        ValueError
            If the shapes disagree.

        Examples
        --------
        >>> KeyedVectors.cosine_similarities(np.array([1.0, 0.0]), np.array([[2.0, 0.0], [0.0, 3.0]])).tolist()
        [1.0, 0.0]
        """
        vector, matrix = as_array("vector_1", vector_1), as_array("vectors_all", vectors_all)
        if vector.ndim != 1 or matrix.shape[1:] != vector.shape:
            raise ValueError(
                f"vector_1 and vectors_all must have the shapes (D,) and (n, D), not {vector.shape} and {matrix.shape}"
            )
        return similarity.cosines_with(vector, matrix)

    def distances(
        self, word_or_vector: Key | Array | Sequence[float], other_words: Iterable[Key] = ()
    ) -> Array:
        """Return ``1 - cosine`` of a key or vector with each of several keys.

        Parameters
        ----------
        word_or_vector : str, int or array-like of shape (vector_size,)
        other_words : iterable of str or int, optional
            By default, the distances from every row are computed.

        Returns
        -------
        ndarray, shape (len(other_words),) or (len,)

        Raises
        ------
        KeyError
            If a key is missing.
        ValueError
            If the vector has another shape.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north"], [[1, 0], [0, 1]])
        >>> kv.distances("east").tolist()
        [0.0, 1.0]
        """
        if isinstance(word_or_vector, KEY_TYPES):
            vector = self.get_vector(word_or_vector)
        else:
            vector = queries.checked_vector("word_or_vector", word_or_vector, self.vector_size)
        others = queries.key_list("other_words", other_words)
        rows: Any = [self.get_index(key) for key in others] or slice(None)
        matrix = self._table.matrix
        if self._overrides("cosine_similarities"):
            return 1 - self.cosine_similarities(vector, matrix[rows])
        unit = similarity.unit(vector.astype(similarity.compute_dtype(matrix.dtype)))
        cosines = similarity.cosines(matrix[rows], self._current_norms()[rows], unit)
        distances: Array = 1 - cosines
        return distances

    def most_similar_to_given(self, key1: Key, keys_list: Sequence[Key]) -> Key:
        """Return the element of `keys_list` that is most similar to `key1`.

        Parameters
        ----------
        key1 : str or int
        keys_list : sequence of str or int
            The keys to choose from.

        Returns
        -------
        str or int
            The first such element if several are equally similar.

        Raises
        ------
        KeyError
            If a key is missing.
        ValueError
            If `keys_list` is empty.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
        >>> kv.most_similar_to_given("east", ["north", "northeast"])
        'northeast'
        """
        keys: list[Key] = as_list("keys_list", keys_list, "keys")
        if not keys:
            raise ValueError("keys_list is empty: give at least one key to choose from")
        return keys[int(np.argmax([self.similarity(key1, key) for key in keys]))]

    def closer_than(self, key1: Key, key2: Key) -> list[Any]:
        """Return the keys that are closer to `key1` than `key2` is, in the order of the rows.

        Parameters
        ----------
        key1, key2 : str or int

        Returns
        -------
        list of keys

        Raises
        ------
        KeyError
            If a key is missing.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
        >>> kv.closer_than("east", "north")
        ['northeast']
        """
        first, second = self.get_index(key1), self.get_index(key2)
        if first == second:
            return []
        distances = self.distances(key1)
        return [
            self.index_to_key[row] for row in np.flatnonzero(distances < distances[second]) if row != first
        ]

    def rank(self, key1: Key, key2: Key) -> int:
        """Return the rank of `key2` among all keys by distance from `key1`, counted from 1.

        Parameters
        ----------
        key1, key2 : str or int

        Returns
        -------
        int

        Raises
        ------
        KeyError
            If a key is missing.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
        >>> kv.rank("east", "north")
        2
        """
        return len(self.closer_than(key1, key2)) + 1

    def rank_by_centrality(self, words: Iterable[Key], use_norm: bool = True) -> list[tuple[np.float32, Any]]:
        """Return some keys with the closeness of their vectors to the mean, closest first.

        Parameters
        ----------
        words : iterable of str or int
            Missing keys are left out, and a warning is logged.
        use_norm : bool, default True
            Scale the vectors to length 1 first.

        Returns
        -------
        list of (float32, key)
            The dot product with the mean vector, which is scaled to length 1, and the key.

        Raises
        ------
        ValueError
            If none of the keys is present.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
        >>> kv.rank_by_centrality(["east", "north", "northeast"])[0][1]
        'northeast'
        """
        given = queries.key_list("words", words)
        use_norm = as_flag("use_norm", use_norm)
        present = [word for word in given if word in self]
        if len(present) != len(given):
            missing = set(given) - set(present)
            logger.warning("vectors for words %s are not present in the model, ignoring these words", missing)
        if not present:
            raise ValueError("cannot select a word from an empty list: words has no key of these vectors")
        vectors = np.stack([self.get_vector(word, norm=use_norm) for word in present])
        mean = None
        if self._overrides("get_mean_vector"):
            mean = self.get_mean_vector(list(vectors), post_normalize=True)
        return queries.centrality_ranking(present, vectors, mean)

    def doesnt_match(self, words: Iterable[Key]) -> Any:
        """Return the element of `words` that is farthest from their mean; see `rank_by_centrality`.

        Parameters
        ----------
        words : iterable of str or int
            Missing keys are left out, and a warning is logged.

        Returns
        -------
        str or int

        Raises
        ------
        ValueError
            If none of the keys is present.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "eastward", "west"], [[1, 0], [2, 0], [-1, 0]])
        >>> kv.doesnt_match(["east", "eastward", "west"])
        'west'
        """
        return self.rank_by_centrality(words)[-1][1]

    def relative_cosine_similarity(self, wa: Key, wb: Key, topn: int = 10) -> float:
        """Return the similarity of two keys divided by the sum of the similarities of the nearest keys of `wa`.

        A value above 0.10 suggests that the words are synonyms (Leeuwenberg et al., "A Minimally Supervised Approach
        for Synonym Extraction with Word Embeddings", 2016).

        Parameters
        ----------
        wa, wb : str or int
        topn : int, default 10
            The number of nearest keys.

        Returns
        -------
        float

        Raises
        ------
        KeyError
            If a key is missing.
        ValueError
            If there is no other key.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["big", "large"], [[1, 0], [2, 0]])
        >>> kv.relative_cosine_similarity("big", "large")
        1.0
        """
        nearest: queries.Ranking = self.similar_by_word(wa, as_int("topn", topn))
        if not nearest:
            raise ValueError("Cannot calculate relative cosine similarity without any similar words.")
        return float(self.similarity(wa, wb)) / sum(score for _, score in nearest)

    def wmdistance(self, document1: Iterable[Key], document2: Iterable[Key], norm: bool = True) -> float:
        """Return the Word Mover's Distance of two lists of keys (Kusner et al., ICML 2015).

        Parameters
        ----------
        document1, document2 : iterable of str or int
            Missing keys are left out.
        norm : bool, default True
            Scale the vectors to length 1 first.

        Returns
        -------
        float
            inf if no key of a document is present.

        Raises
        ------
        ValueError
            If the vector of a key has a number that is not finite; the message names the key.
        ImportError
            If the package POT is missing: ``pip install 'fastw2v[wmd]'``.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vector("east", [1, 0])
        0
        >>> kv.wmdistance(["east"], ["missing"])
        inf
        """
        given = queries.key_list("document1", document1), queries.key_list("document2", document2)
        norm = as_flag("norm", norm)
        first, second = (Counter(key for key in document if key in self) for document in given)
        dropped = len(given[0]) - first.total(), len(given[1]) - second.total()
        if any(dropped):
            logger.info("Removed %d and %d OOV words from document 1 and 2 (respectively).", *dropped)
        if not first or not second:
            logger.warning("At least one of the documents had no words that were in the vocabulary.")
            return float("inf")
        sides = []
        for document in (first, second):
            vectors = np.stack([self.get_vector(key, norm=norm) for key in document])
            queries.check_finite(list(document), vectors)
            sides.append(vectors)
            sides.append(np.array(list(document.values()), dtype=np.float64) / document.total())
        return similarity.word_movers_distance(*sides)

    def similarity_unseen_docs(self, *args: Any, **kwargs: Any) -> None:
        """Raise NotImplementedError: word vectors have no such method; gensim's Doc2Vec has it."""
        raise NotImplementedError("Call similarity_unseen_docs on a Doc2Vec model instead.")

    # --- evaluation

    def evaluate_word_analogies(
        self,
        analogies: PathLike | Iterable[str],
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """Answer questions of the form "a is to b as c is to ?", and return (accuracy, sections).

        Parameters
        ----------
        analogies : str, os.PathLike or iterable of str
            A file, or its lines. A line ": name" begins a section, and a line "a b c d" is a question.
        restrict_vocab : int, optional, default 300000
            Use only this number of words from the start, in questions and as answers. None uses all words.
        case_insensitive : bool, default True
            Compare words in upper case.
        dummy4unknown : bool, default False
            Count questions with unknown words as wrong, instead of skipping them.
        similarity_function : {"most_similar", "most_similar_cosmul"}
            It has no effect, as in gensim. Questions are answered by the additive method (3CosAdd), so that the
            results of different programs can be compared.

        Returns
        -------
        accuracy : float
            Share of right answers in all sections.
        sections : list of dict
            Name and questions of each section, under "section", "correct" and "incorrect". The last element, "Total
            accuracy", has the questions of all sections.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["man", "woman", "king", "queen"], [[1, 0], [0, 1], [5, 1], [4, 2]])
        >>> kv.evaluate_word_analogies([": family", "man woman king queen"])[0]
        1.0
        """
        as_choice("similarity_function", similarity_function, ("most_similar", "most_similar_cosmul"))
        return evaluation.word_analogies(
            self.index_to_key,
            self._table.matrix,
            self._current_norms(),
            analogies,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
            dummy4unknown=dummy4unknown,
            most_similar=self.most_similar if self._overrides("most_similar", *_VECTOR_METHODS) else None,
        )

    def evaluate_word_pairs(
        self,
        pairs: PathLike | Iterable[str],
        delimiter: str | None = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        """Correlate the similarities of pairs of words with human judgements.

        Parameters
        ----------
        pairs : str, os.PathLike or iterable of str
            A file, or its lines: two words and a number.
        delimiter : str or None, default tab
            Separates the three fields of a line; None means any white space.
        encoding : str, default "utf8"
            Encoding of the file.
        restrict_vocab, case_insensitive
            As for `evaluate_word_analogies`.
        dummy4unknown : bool, default False
            Give pairs with unknown words the similarity 0, instead of skipping them.

        Returns
        -------
        pearson, spearman : results of `scipy.stats.pearsonr` and `scipy.stats.spearmanr`
            Correlation and p-value.
        oov : float
            Percentage of pairs with unknown words.

        Examples
        --------
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["car", "auto", "tree"], [[1, 0], [1, 0.1], [0, 1]])
        >>> pearson, spearman, oov = kv.evaluate_word_pairs(["car\\tauto\\t9", "auto\\ttree\\t2", "car\\ttree\\t1"])
        >>> round(float(spearman[0]), 3), oov
        (1.0, 0.0)
        """
        return evaluation.word_pairs(
            self.index_to_key,
            self._table.matrix,
            pairs,
            delimiter=delimiter,
            encoding=encoding,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
            dummy4unknown=dummy4unknown,
            similarity_of=self.similarity if self._overrides("similarity", *_VECTOR_METHODS) else None,
        )

    def drift(self, other: Any, *, topn: int = 10, sample: int | None = 1000) -> Drift:
        """Return how far the shared words have moved since `other`, and how their neighbourhoods have changed.

        Parameters
        ----------
        other : KeyedVectors or Word2Vec
            The older vectors, from which these vectors were trained. For two independent trainings, only the overlap
            of the neighbourhoods is meaningful.
        topn : int, default 10
            Size of the neighbourhoods, which consist of shared words only. With 0, they are not compared.
        sample : int, optional
            Number of words whose neighbourhoods are compared, evenly spread over the shared words; None means all.

        Returns
        -------
        Drift
            Distance, cosine and overlap of neighbours of each shared word, and their means.

        Raises
        ------
        ValueError
            If the widths of the vectors differ, or a number is negative.
        TypeError
            If `other` is neither vectors nor a model.

        Examples
        --------
        >>> old, new = KeyedVectors(2), KeyedVectors(2)
        >>> old.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> new.add_vectors(["a", "b"], [[1, 0], [3, 1]])
        >>> new.drift(old).distance.tolist()
        [0.0, 3.0]
        """
        older = getattr(other, "wv", other)
        if not (hasattr(older, "key_to_index") and hasattr(older, "vectors")):
            raise TypeError(
                f"other must be KeyedVectors or a model, not {other!r:.80}; load what a file holds first"
            )
        words = [key for key in self.index_to_key if key is not None and key in older.key_to_index]
        old_rows, new_rows = (
            np.array([wv.key_to_index[word] for word in words], dtype=np.intp) for wv in (older, self)
        )
        return drift(words, old_rows, new_rows, older.vectors, self._table.matrix, topn=topn, sample=sample)

    log_accuracy = staticmethod(evaluation.log_accuracy)
    _log_evaluate_word_analogies = staticmethod(evaluation.log_accuracy)
    log_evaluate_word_pairs = staticmethod(evaluation.log_word_pairs)

    # --- files

    def save(
        self,
        fname: PathLike,
        separately: Any = None,
        sep_limit: int = 0,
        ignore: Collection[str] = frozenset(),
        pickle_protocol: int = 4,
    ) -> None:
        """Save to one file (arrays in the safetensors layout, and JSON), which `load` reads.

        Parameters
        ----------
        fname : str or os.PathLike
            The file is saved atomically: if saving fails, an existing file stays as it was.
        ignore : collection of str, optional
            Attributes to leave out.
        separately, sep_limit, pickle_protocol
            These have no effect; they are kept for gensim's signature.

        Raises
        ------
        ValueError
            If an attribute cannot be stored; the message names it. Nothing is written then.

        Examples
        --------
        >>> import os, tempfile
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kv.save(os.path.join(folder, "vectors"))
        ...     print(KeyedVectors.load(os.path.join(folder, "vectors")))
        KeyedVectors<vector_size=2, 2 keys>
        """
        if isinstance(ignore, str):
            raise TypeError(f"ignore must be a list of names, not {ignore!r:.80}; put the name into a list")
        ignored = frozenset() if ignore is None else frozenset(as_list("ignore", ignore, "names"))
        vector_state.write(fname, self._to_state(ignored))

    @classmethod
    def load(cls: type[KV], fname: PathLike, mmap: str | None = None) -> KV:
        """Load vectors from a file of `save`, from a saved Word2Vec model, or from vectors that gensim saved.

        Parameters
        ----------
        fname : str or os.PathLike
        mmap : {None, "r", "c", "r+"}, default None
            Map the vectors from the file instead of reading them: "r" read-only, "c" copy-on-write, "r+" with changes
            written to the file. Mapped arrays are not checked for damage.

        Returns
        -------
        KeyedVectors

        Raises
        ------
        ValueError, pickle.UnpicklingError
            If the file holds no vectors, or is damaged or incomplete; the message names the file.
        OSError
            If the file cannot be read.

        Examples
        --------
        See `save`.
        """
        try:
            state = vector_state.read(fname, mmap, cls.names_in_pickles("KeyedVectors"))
        except OtherClassError as error:
            other: KV = cls.load_other(error, fname, mmap)
            return other
        with describe_damage(fname):
            return cls._from_state(state, mapped=mmap is not None)

    def save_gensim(self, fname: PathLike) -> None:
        """Save to a file that gensim 4 loads; large arrays go into files beside it, as gensim expects.

        Parameters
        ----------
        fname : str or os.PathLike
            The other files have this name with a suffix.

        Examples
        --------
        >>> import os, tempfile
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kv.save_gensim(os.path.join(folder, "vectors.kv"))
        ...     print(KeyedVectors.load(os.path.join(folder, "vectors.kv")))
        KeyedVectors<vector_size=2, 2 keys>
        """
        check_path("fname", fname)
        vector_state.write_gensim(fname, self._to_state())

    def _to_state(self, ignore: Collection[str] = frozenset()) -> VectorState:
        """Return everything that files hold of these vectors, without the attributes in `ignore`.

        Raises
        ------
        ValueError, TypeError
            If the keys and the vectors contradict each other. There may be keys without any vectors.
        """
        table = self._table
        attributes = {name: value for name, value in own_attributes(self).items() if name not in _NOT_SAVED}

        def read() -> VectorState:
            table.check_keys()
            vectors = table.matrix if len(table.allocated_rows) else table.allocated_rows
            return VectorState(
                keys=list(table.index_to_key),
                vectors=vectors,
                vector_size=table.vector_size,
                next_index=min(table.next_index, len(table.index_to_key)),
                mapfile_path=self.mapfile_path,
                lock_factors=None
                if "vectors_lockf" in ignore or table.lock_factors is None
                else np.asarray(table.lock_factors, dtype=np.float32),
                expandos={
                    name: values for name, values in table.fitting_attributes().items() if name not in ignore
                },
                attributes={name: value for name, value in attributes.items() if name not in ignore},
                ngrams=own_attributes(self).get("_ngrams"),
            )

        return table.read_unmoved(read)

    @classmethod
    def _from_state(cls: type[KV], state: VectorState, mapped: bool = False) -> KV:
        """Return the vectors that `state` describes; a matrix is copied if it is read-only and not mapped.

        Raises
        ------
        ValueError
            If an attribute has a name that is not free.
        """
        if state.ngrams is not None and not issubclass(cls, FastTextKeyedVectors):
            cls = FastTextKeyedVectors  # type: ignore[assignment]
        new = cls.__new__(cls)  # the constructor of a subclass may have other parameters
        if state.ngrams is not None:
            own_attributes(new)["_ngrams"] = state.ngrams
        table = new._table = RowTable(state.vector_size)
        table.set_keys(state.keys)
        matrix = state.vectors
        table.vectors = matrix if mapped or matrix.flags.writeable else _writable_copy(matrix)
        table.next_index = state.next_index
        table.attributes = state.expandos
        table.lock_factors = state.lock_factors
        if state.gensim_attributes is None:
            new.mapfile_path = state.mapfile_path
        else:  # programs compare the names in vars(wv) with those that gensim shows
            own_attributes(new).update(state.gensim_attributes)
        for name in state.attributes:
            if name in _OWN_ATTRIBUTES or isinstance(getattr(KeyedVectors, name, None), property):
                raise ValueError(f"{name!r} cannot be an attribute; the file is damaged")
        for name, value in without_taken_names(state.attributes, KeyedVectors).items():
            setattr(new, name, value)
        return new

    def save_word2vec_format(
        self,
        fname: PathLike,
        fvocab: PathLike | None = None,
        binary: bool = False,
        total_vec: int | None = None,
        write_header: bool = True,
        prefix: str = "",
        append: bool = False,
        sort_attr: str = "count",
    ) -> None:
        """Save in the format of the original word2vec tool.

        Parameters
        ----------
        fname : str or os.PathLike
            The file is compressed according to its suffix (.gz, .bz2, .xz, .zst).
        fvocab : str or os.PathLike, optional
            A second file, for lines of a key and its value of `sort_attr`.
        binary : bool, default False
            Write numbers as raw float32. By default they are text, in the shortest form that gives the same number.
        total_vec : int, optional
            Number of vectors for the header, if more will be appended later.
        write_header : bool, default True
            Begin with a line of the number of vectors and their size.
        prefix : str, default ""
            Text that is written before each key.
        append : bool, default False
            Append to an existing file.
        sort_attr : str, default "count"
            Attribute by which keys are sorted, in descending order. Without this attribute they are in the order of
            the rows. Keys that are the integers of their own rows come first.

        Raises
        ------
        ValueError
            If `fvocab` is given and the attribute is missing, or if a key could not be read again (a space in a
            binary file, a line break in a text file, an empty slot).

        Examples
        --------
        >>> import os, tempfile
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]], extras={"count": [5, 7]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kv.save_word2vec_format(os.path.join(folder, "vectors.txt"))
        ...     print(KeyedVectors.load_word2vec_format(os.path.join(folder, "vectors.txt")).index_to_key)
        ['b', 'a']
        """
        check_str("prefix", prefix)
        check_str("sort_attr", sort_attr)
        self._table.matrix  # noqa: B018 - raises an error if there are keys without vectors
        state = self._to_state()
        if state.keys and self._overrides("__getitem__", "get_vector"):
            state.vectors = np.stack([self[key] for key in state.keys])
        vector_state.write_word2vec_format(
            fname,
            state,
            vocabulary_path=fvocab,
            binary=as_flag("binary", binary),
            total=as_optional_int("total_vec", total_vec, minimum=0),
            write_header=as_flag("write_header", write_header),
            prefix=prefix,
            append=as_flag("append", append),
            sort_attr=sort_attr,
            name=str(self),
        )

    @classmethod
    def load_word2vec_format(
        cls: type[KV],
        fname: PathLike,
        fvocab: PathLike | None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: DTypeLike = REAL,
        no_header: bool = False,
    ) -> KV:
        """Load a file in the format of the original word2vec tool, a ``.vec`` file of fastText, or a file of GloVe.

        Parameters
        ----------
        fname : str or os.PathLike
            The file is decompressed according to its suffix.
        fvocab : str or os.PathLike, optional
            A file of lines of a key and its count. Without it, the counts of n keys are n, n - 1, ..., 1.
        binary : bool, default False
            Whether the numbers are raw float32.
        encoding, unicode_errors : str, default "utf8", "strict"
            How to decode keys. With "ignore" or "replace", keys that were cut within a character can be read.
        limit : int, optional
            Read only this number of vectors.
        datatype : dtype, default float32
            Type in which the vectors are stored; float16 halves the memory.
        no_header : bool, default False
            The file begins with the first vector (GloVe). A text file without a header is recognised without this
            argument.

        Returns
        -------
        KeyedVectors

        Raises
        ------
        EOFError
            If the file has fewer vectors than its header says.
        ValueError
            If the header or a line is malformed; the message names the line.
        UnicodeDecodeError
            If a key is not valid in `encoding`.

        Examples
        --------
        See `save_word2vec_format`.
        """
        return _load_word2vec_format(
            cls, fname, fvocab, binary, encoding, unicode_errors, limit, datatype, no_header
        )

    @classmethod
    def load_fasttext(cls, fname: PathLike, encoding: str = "utf8") -> FastTextKeyedVectors:
        """Load the vectors of words and character n-grams from a model of fastText (``.bin`` or quantized ``.ftz``).

        gensim's name for this is `fastw2v.models.fasttext.load_facebook_vectors`. fastText's ``.vec`` files, which have
        no n-grams, are read by `load_word2vec_format`. fastw2v does not train models with n-grams: train them with
        fastText itself or with gensim's FastText, or train the words alone with `Word2Vec`.

        Parameters
        ----------
        fname : str or os.PathLike
            A model of version 11 or 12, which may be supervised or pruned. The file is decompressed according to its
            suffix.
        encoding : str, default "utf8"
            Encoding of the words in the file. Bytes that are invalid in it are shown as ``\\xNN``.

        Returns
        -------
        FastTextKeyedVectors
            Words with their counts and fastText's vectors. A supervised model has its labels in the attribute `labels`;
            they have no vectors.

        Raises
        ------
        ValueError
            If the file is not such a model, or is damaged; the message names the file and the field.
        OSError
            If the file cannot be read.

        Examples
        --------
        >>> vectors = KeyedVectors.load_fasttext("cc.en.300.bin")  # doctest: +SKIP
        >>> vectors.most_similar("wonderfull")  # doctest: +SKIP
        """
        from fastw2v.formats import fasttext

        check_path("fname", fname)
        check_encoding(encoding, "strict")
        found = fasttext.read(fname, encoding)
        with describe_damage(fname):
            vectors = FastTextKeyedVectors._from_state(
                vector_state.checked(
                    VectorState(
                        keys=found.words,
                        vectors=found.vectors,
                        vector_size=found.vectors.shape[1],
                        next_index=len(found.words),
                        expandos={"count": found.counts},
                        attributes={"labels": found.labels} if found.labels else {},
                        ngrams=found.ngrams,
                    )
                )
            )
        logger.info("loaded %s vectors of words from %s", vectors.vectors.shape, fname)
        return vectors

    def save_finalfusion(self, fname: PathLike) -> None:
        """Save in the format of finalfusion (``.fifu``), which its libraries for Python, Rust and other languages read.

        The file has a simple vocabulary, the vectors divided by their norms, and the norms, as finalfusion expects. An
        attribute `finalfusion_metadata`, which is a TOML text, becomes the metadata of the file.

        Parameters
        ----------
        fname : str or os.PathLike
            The file is compressed according to its suffix (.gz, .bz2, .xz, .zst); finalfusion itself does not read
            compressed files. Keys that are integers become strings.

        Raises
        ------
        ValueError
            If the norm of a vector is not finite, or if the format cannot hold a key. Nothing is written then.

        Examples
        --------
        >>> import os, tempfile
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[3, 4], [0, 2]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kv.save_finalfusion(os.path.join(folder, "vectors.fifu"))
        ...     print(KeyedVectors.load_finalfusion(os.path.join(folder, "vectors.fifu")))
        KeyedVectors<vector_size=2, 2 keys>
        """
        check_path("fname", fname)
        self._table.matrix  # noqa: B018 - raises an error if there are keys without vectors
        state = self._to_state()
        vector_state.write_finalfusion(fname, state, Words(state.keys, state.vectors).names)

    @classmethod
    def load_finalfusion(cls: type[KV], fname: PathLike) -> KV:
        """Load a file of finalfusion (``.fifu``) with a simple vocabulary and a matrix of float32.

        If the file stores norms, the vectors are multiplied by them, which restores their lengths up to rounding.

        Parameters
        ----------
        fname : str or os.PathLike
            The file is decompressed according to its suffix.

        Returns
        -------
        KeyedVectors
            If the file has metadata, the attribute `finalfusion_metadata` holds this TOML text.

        Raises
        ------
        ValueError
            If the file is damaged, or has n-grams or a quantized matrix; the message names the file, and the field or
            the remedy.
        OSError
            If the file cannot be read.

        Examples
        --------
        See `save_finalfusion`.
        """
        check_path("fname", fname)
        state = vector_state.read_finalfusion(fname)
        with describe_damage(fname):
            vectors = cls._from_state(state)
        logger.info("loaded %s vectors of words from %s", vectors.vectors.shape, fname)
        return vectors

    def intersect_word2vec_format(
        self,
        fname: PathLike,
        lockf: float = 0.0,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
    ) -> None:
        """Replace the vectors of those keys that a word2vec file also has; no key is added.

        Parameters
        ----------
        fname : str or os.PathLike
        lockf : float, default 0.0
            Factor on the learning rate of the replaced vectors: 0.0 freezes them, 1.0 trains them as usual.
            Afterwards `vectors_lockf` has an entry for each key.
        binary, encoding, unicode_errors
            As for `load_word2vec_format`.

        Raises
        ------
        ValueError
            If the vectors in the file have another size.

        Examples
        --------
        >>> import os, tempfile
        >>> kv, other = KeyedVectors(2), KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> other.add_vector("b", [7, 7])
        0
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     other.save_word2vec_format(os.path.join(folder, "other.txt"))
        ...     kv.intersect_word2vec_format(os.path.join(folder, "other.txt"))
        >>> kv.vectors.tolist()
        [[1.0, 0.0], [7.0, 7.0]]
        """
        binary, lockf = as_flag("binary", binary), as_float("lockf", lockf)
        check_encoding(encoding, unicode_errors, errors_name="unicode_errors")
        logger.info("loading projection weights from %s", fname)
        self._table.matrix  # noqa: B018 - raises an error if the keys and the vectors contradict each other
        read = word2vec.read_binary if binary else word2vec.read_text
        with detect.recognise_saved_object(fname):
            index, matrix = read(
                fname, encoding=encoding, unicode_errors=unicode_errors, only=self.key_to_index
            )
        if matrix.shape[1] != self.vector_size:
            raise ValueError(
                f"incompatible vector size {matrix.shape[1]} in file {fname}: "
                f"the vectors here have size {self.vector_size}"
            )
        rows = np.array([self.key_to_index[key] for key in index], dtype=np.intp)
        self._table.overwrite(rows, matrix, lockf)
        logger.info("merged %d vectors into %s matrix from %s", len(index), self.vectors.shape, fname)


class FastTextKeyedVectors(KeyedVectors):
    """Vectors that fastText trained; words that are not among the keys have vectors, too.

    `KeyedVectors.load_fasttext` returns this class. The vector of an unknown word is the mean of the vectors of its
    character n-grams (Bojanowski et al., "Enriching Word Vectors with Subword Information", 2017), as fastText computes
    it. `save` and `load` keep the n-grams. The formats of word2vec and gensim hold the words only. Rows, `index_to_key`
    and attributes exist for the keys only. Adding or changing the vectors of words does not change those of n-grams.

    Attributes
    ----------
    vectors_ngrams : ndarray of float32, shape (n, vector_size), or None
        The vectors of the n-grams.
    min_n, max_n : int
        The smallest and the largest number of characters of an n-gram.
    bucket : int
        The number of buckets into which n-grams are hashed; 0 if the words have no n-grams.

    Notes
    -----
    The vector of a word without n-grams, such as one that is shorter than `min_n`, is zero. If there are n-grams, `in`
    is True for each word, as in gensim; ``key in kv.key_to_index`` and `has_index_for` tell whether a word is a key.

    Examples
    --------
    >>> from fastw2v.vectors.ngrams import Ngrams
    >>> FastTextKeyedVectors(2).bucket  # there are no n-grams yet
    0
    """

    _shown = (*KeyedVectors._shown, "vectors_ngrams", "min_n", "max_n", "bucket")
    _hidden = (*KeyedVectors._hidden, "_ngrams")

    _ngrams: Ngrams | None = None

    @property
    def vectors_ngrams(self) -> Array | None:
        """Vectors of the n-grams, of shape (n, vector_size)."""
        return None if self._ngrams is None else self._ngrams.vectors

    @property
    def min_n(self) -> int:
        """The smallest number of characters of an n-gram."""
        return 0 if self._ngrams is None else self._ngrams.min_n

    @property
    def max_n(self) -> int:
        """The largest number of characters of an n-gram."""
        return 0 if self._ngrams is None else self._ngrams.max_n

    @property
    def bucket(self) -> int:
        """The number of buckets into which n-grams are hashed."""
        return 0 if self._ngrams is None else self._ngrams.bucket

    def _makes(self, key: Any) -> bool:
        """Return whether the vector of `key` is made from n-grams."""
        return (
            isinstance(key, str)
            and self._ngrams is not None
            and self._ngrams.found
            and not self.has_index_for(key)
        )

    def __contains__(self, key: Key) -> bool:
        return super().__contains__(key) or self._makes(key)

    def get_vector(self, key: Key, norm: bool = False) -> Array:
        """Return the vector of `key`, as an array that is not writable; that of an unknown word is made of its n-grams.

        Parameters
        ----------
        key : str or int
        norm : bool, default False
            Return a new array of length 1 (a zero vector stays zero).

        Returns
        -------
        ndarray, shape (vector_size,)

        Raises
        ------
        KeyError
            If the key is missing and there are no n-grams.

        Examples
        --------
        See `KeyedVectors.load_fasttext`.
        """
        if not self._makes(key):
            return super().get_vector(key, norm)
        assert self._ngrams is not None
        vector: Array = self._ngrams.vector(str(key)).astype(self._table.matrix.dtype, copy=False)
        if as_flag("norm", norm):
            vector = similarity.unit(vector)
        vector.setflags(write=False)
        return vector

    def get_sentence_vector(self, sentence: Iterable[Key | Array]) -> Array:
        """Return the mean of the vectors of the words of a sentence, each scaled to length 1, as gensim does.

        Parameters
        ----------
        sentence : iterable of str

        Returns
        -------
        ndarray, shape (vector_size,)

        Examples
        --------
        See `KeyedVectors.load_fasttext`.
        """
        return self.get_mean_vector(sentence)

    def postprocess(self, *, center: bool = True, remove: int | None = None) -> KeyedVectors:  # type: ignore[override]
        """Return `KeyedVectors.postprocess` of the words, without n-grams, whose vectors would not fit the result.

        Parameters
        ----------
        center, remove
            As for `KeyedVectors.postprocess`.

        Returns
        -------
        KeyedVectors

        Examples
        --------
        See `KeyedVectors.postprocess`.
        """
        words = KeyedVectors(self.vector_size)
        words._table = self._table.astype(self._table.matrix.dtype)
        return words.postprocess(center=center, remove=remove)

    def __getstate__(self) -> dict[str, Any]:
        ngrams = self._ngrams
        parts = (
            None if ngrams is None else {name: getattr(ngrams, name) for name in Ngrams.__dataclass_fields__}
        )
        return {**super().__getstate__(), "_ngrams": parts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        parts = state.pop("_ngrams", None)
        super().__setstate__(state)
        if parts is not None:
            ngrams = Ngrams(**check_fields(parts, {}, "_ngrams"))
            ngrams.check(self.vector_size)
            own_attributes(self)["_ngrams"] = ngrams


# Methods on which gensim's other methods are built.
_VECTOR_METHODS = ("get_mean_vector", "get_vector", "__getitem__", "get_index", "fill_norms")
_METHODS: dict[str, Any] = {
    name: getattr(KeyedVectors, name)
    for name in (*_VECTOR_METHODS, "allocate_vecattrs", "cosine_similarities", "most_similar", "similarity")
}

Vocab = CompatVocab
Word2VecKeyedVectors = KeyedVectors
Doc2VecKeyedVectors = KeyedVectors
EuclideanKeyedVectors = KeyedVectors


def load_any(path: PathLike) -> KeyedVectors:
    """Load vectors from a file in any format that the library reads, alone or as part of a model.

    Parameters
    ----------
    path : str or os.PathLike
        A file that fastw2v or gensim saved, a model of fastText, or a file in the format of finalfusion, word2vec or
        GloVe. The format is recognised by the contents of the file, not by its name. Arrays are mapped from the file
        where possible, read-only.

    Returns
    -------
    KeyedVectors

    Raises
    ------
    ValueError
        If the format is not recognised, or the file is damaged.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import os, tempfile
    >>> kv = KeyedVectors(2)
    >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kv.save_word2vec_format(os.path.join(folder, "vectors"), binary=True)
    ...     print(load_any(os.path.join(folder, "vectors")))
    KeyedVectors<vector_size=2, 2 keys>
    """
    form = detect.input_format(path)
    if form in ("native", "gensim"):
        return KeyedVectors.load(path, mmap=detect.mapping_of(path, form))
    load: dict[str, Callable[[PathLike], KeyedVectors]] = {
        "text": KeyedVectors.load_word2vec_format,
        "binary": functools.partial(KeyedVectors.load_word2vec_format, binary=True),
        "fasttext": KeyedVectors.load_fasttext,
        "finalfusion": KeyedVectors.load_finalfusion,
    }
    return load[form](path)


def load_word2vec_format(*args: Any, **kwargs: Any) -> KeyedVectors:
    """Load a file in the format of word2vec.

    Parameters
    ----------
    *args, **kwargs
        As for `KeyedVectors.load_word2vec_format`.

    Returns
    -------
    KeyedVectors

    Examples
    --------
    >>> import os, tempfile
    >>> from fastw2v.keyedvectors import KeyedVectors, load_word2vec_format
    >>> vectors = KeyedVectors(2)
    >>> vectors.add_vectors(["a", "b"], [[1.0, 0.0], [0.0, 1.0]])
    >>> path = os.path.join(tempfile.mkdtemp(), "vectors.txt")
    >>> vectors.save_word2vec_format(path)
    >>> load_word2vec_format(path).index_to_key
    ['a', 'b']
    """
    return KeyedVectors.load_word2vec_format(*args, **kwargs)


def _load_word2vec_format(
    cls: type[KV],
    fname: PathLike,
    fvocab: PathLike | None = None,
    binary: bool = False,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    limit: int | None = None,
    datatype: DTypeLike = REAL,
    no_header: bool = False,
    binary_chunk_size: int = 1 << 20,
) -> KV:
    """Load a word2vec file into a new object of `cls`; a binary file is read in chunks of `binary_chunk_size` bytes."""
    binary, no_header = as_flag("binary", binary), as_flag("no_header", no_header)
    limit = as_optional_int("limit", limit, minimum=0)
    datatype = as_dtype("datatype", datatype)
    check_encoding(encoding, unicode_errors, errors_name="unicode_errors")
    if binary and no_header:
        raise NotImplementedError("no_header only available for text-format files")
    with detect.recognise_saved_object(fname):
        if binary:
            index, matrix = word2vec.read_binary(
                fname, limit, encoding, unicode_errors, datatype, chunk_size=binary_chunk_size
            )
        else:
            index, matrix = word2vec.read_text(fname, limit, encoding, unicode_errors, datatype, no_header)
    new = cls(matrix.shape[1], dtype=matrix.dtype)
    new.index_to_key = list(index)
    new.key_to_index = index
    new.next_index = len(index)
    new.vectors = matrix
    if index:
        new.expandos["count"] = _read_counts(new.index_to_key, fvocab, encoding, unicode_errors)
    logger.info("loaded %s matrix of type %s from %s", matrix.shape, matrix.dtype, fname)
    return new


def _read_counts(
    words: list[str], fvocab: PathLike | None, encoding: str, unicode_errors: str
) -> NDArray[np.int64]:
    """Return the counts in a vocabulary file, 0 for missing words; without a file, n, n - 1, ..., 1."""
    if fvocab is None:
        return np.arange(len(words), 0, -1, dtype=np.int64)
    logger.info("loading word counts from %s", fvocab)
    counts = word2vec.read_counts(fvocab, encoding, unicode_errors)
    missing = [word for word in words if word not in counts]
    if missing:
        logger.warning(
            "vocabulary file is incomplete: %d words are missing, the first is %r", len(missing), missing[0]
        )
    return np.array([counts.get(word, 0) for word in words], dtype=np.int64)


def _attribute_dtype(kind: DTypeLike) -> np.dtype[Any]:
    """Return the dtype for values of some type; it is object for strings and for types that NumPy does not know."""
    if isinstance(kind, type) and issubclass(kind, (str, bytes)):
        return np.dtype(object)
    try:
        return np.dtype(kind)
    except TypeError:
        return np.dtype(object)


def _plain_key(key: Any) -> Any:
    """Return the str or int that a key of another library's type represents, so that the key is found by it."""
    word = None if type(key) in (str, int) else as_word(key)
    return key if word is None else word


def _as_keys(keys: Key | Iterable[Key]) -> list[Key]:
    return [keys] if isinstance(keys, KEY_TYPES) else queries.key_list("keys", keys)


def _writable_copy(array: Array) -> Array:
    copy = memory.empty(array.shape, array.dtype)
    copy[...] = array
    return copy
