"""gensim's models and KeyedVectors, versions 0.12 to 4.4, read and written without gensim.

Layout
------
A file is a pickle of one object. Its large arrays may be in files of their own, ``NAME.ATTRIBUTE.npy`` for a main file
``NAME`` (``.npz`` if the suffix of NAME means compression); the object's attribute ``__numpys`` lists them. There are
four layouts, by the version that wrote the file:

    to 0.13.3     all on the model: vocab, index2word, syn0, syn0_lockf, syn1, syn1neg, iter
    0.13.4-3.2    words and vectors on ``wv`` (syn0, index2word, vocab), the rest on the model
    3.3-3.8       ``wv`` (vectors, index2word, vocab), ``vocabulary``, ``trainables``
    4.x           ``wv`` (vectors, index_to_key, expandos), the rest on the model

`read_model` and `read_keyedvectors` return all of them in one form, `ModelState` and `VectorsState`, under the names of
gensim 4. `write_model` and `write_keyedvectors` write the layout of gensim 4.4.

Reading
-------
`unpickler` returns data of unknown quality. Every attribute is checked before it is returned: its type,
shapes that must agree, Huffman paths that must stay within the tree, because training follows them without a check. The
readers raise `pickle.UnpicklingError` if the pickle asks for more than data or is damaged, and `ValueError` if its data
are no model.

Writing
-------
A model of several files cannot be replaced at one moment: separate files have fixed names, and an old
main file does not fit new arrays. If a model with separate files is replaced, a main file that contains all arrays is
written first, then the separate arrays, to which no file refers at that time, and then the main file that refers to
them. A complete model is on the disk at every moment. A reader that finds the main file in its place after it has
opened the separate arrays has a complete model, too; otherwise it reads again.
"""

from __future__ import annotations

import errno
import io
import math
import os
import pickle
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import files
from fastw2v.common.files import PathLike
from fastw2v.common.logs import get_logger
from fastw2v.common.validation import RandomStateTuple, checked_random_state
from fastw2v.formats import npy
from fastw2v.formats.pickle_globals import Constant, Instance, PickledRandomState, unwrap_array
from fastw2v.formats.pickler import Global, Object, Pickler
from fastw2v.formats.settings import MAX_WIDTH, SAVED_PARTS
from fastw2v.formats.unpickler import unpickle
from fastw2v.text.tokens import as_word
from fastw2v.vectors.row_table import warn_dropped

logger = get_logger(__name__, "models.keyedvectors")

Array = NDArray[Any]

__all__ = [
    "ModelState",
    "VectorsState",
    "is_gensim",
    "read_keyedvectors",
    "read_model",
    "write_keyedvectors",
    "write_model",
]

VectorsState = dict[str, Any]
"""The contents of a KeyedVectors.

kind : "keyedvectors" or "word2vec", the kind of the file's object. index_to_key : list of V keys (str or int; None for
a row that has no key yet). vectors : float array (V, vector_size). vector_size : int. expandos : dict of arrays of
length V, the attributes of words: "count" int64, "sample_int" uint32, "code" and "point" arrays of arrays.
vectors_lockf : float32 array (V,) or (1,), or None if the file has none. lifecycle_events : list of dict. saved_parts :
those of `settings.SAVED_PARTS` that the object has. mapfile_path : str or None; missing if the object has none. The
last two are not written.
"""


@dataclass
class ModelState:
    """The contents of a Word2Vec model, whatever version of gensim wrote it.

    Attributes
    ----------
    vectors : VectorsState
        The word vectors.
    settings : dict of str to object
        Parameters and counters under the names of gensim 4, with `hashfxn`, `effective_min_count`,
        `min_alpha_yet_reached` and `lifecycle_events`.
    syn1, syn1neg : numpy.ndarray or None
        float32 (V, vector_size): the vectors of the inner nodes of the Huffman tree, and the output vectors of negative
        sampling.
    raw_vocab : dict
        Counts that were kept for later growth; usually empty.
    random_state : tuple or None
        Argument of `numpy.random.RandomState.set_state`; None if the file has no Mersenne Twister.
    attributes : dict of str to object
        What users have set on the model, as far as it is plain data.
    saved_parts : dict of str to list of str
        Those of `settings.SAVED_PARTS` that the model has.
    kind : str
        "word2vec", or "keyedvectors" if the file holds vectors only; `settings` is empty then.
    """

    vectors: VectorsState
    settings: dict[str, Any] = field(default_factory=dict)
    syn1: Array | None = None
    syn1neg: Array | None = None
    raw_vocab: dict[Any, int] = field(default_factory=dict)
    random_state: RandomStateTuple | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    saved_parts: dict[str, list[str]] = field(default_factory=dict)
    kind: str = "word2vec"


Classes = Mapping[tuple[str, str], str]
"""Classes that derive from one of gensim's: (module, name) -> name of gensim's class."""

_MODEL_CLASSES = ("Word2Vec",)
_VECTORS_CLASSES = ("KeyedVectors", "Word2VecKeyedVectors", "EuclideanKeyedVectors", "Doc2VecKeyedVectors")
_PARTS = ("vocabulary", "trainables")
_TEXT_PICKLES = (b"ccopy_reg\n_reconstructor\n", b"ccopyreg\n_reconstructor\n", b"(igensim.", b"cgensim.")
_ATTRIBUTE = re.compile(r"[A-Za-z0-9_]{1,64}")
_MAX_PARTS = 1000
_MAX_PLAIN_ITEMS = 100_000
_MAX_PLAIN_DEPTH = 9
_MAX_READS = 5  # of a model that is replaced while it is read; each replacement spoils at most one

_REPLACE_KEYS = (
    "fastw2v reads words that are str or int. Load the file with gensim, replace the word in index_to_key and "
    "key_to_index by a str, for example by str(word), and save the file again"
)

_NUMBER: tuple[type, ...] = (int, float, bool)
_OPTIONAL: tuple[type, ...] = (int, float, bool, type(None))
# Name of each parameter in gensim 4 -> default, accepted types, older name.
_PARAMETERS: dict[str, tuple[Any, tuple[type, ...], str | None]] = {
    "vector_size": (100, _NUMBER, "layer1_size"),
    "alpha": (0.025, _NUMBER, None),
    "window": (5, _NUMBER, None),
    "min_count": (5, _OPTIONAL, None),
    "max_vocab_size": (None, _OPTIONAL, None),
    "sample": (1e-3, _OPTIONAL, None),
    "seed": (1, (*_OPTIONAL, list), None),
    "workers": (3, _NUMBER, None),
    "min_alpha": (0.0001, _NUMBER, None),
    "sg": (0, _NUMBER, None),
    "hs": (0, _NUMBER, None),
    "negative": (5, _NUMBER, None),
    "ns_exponent": (0.75, _NUMBER, None),
    "cbow_mean": (1, _NUMBER, None),
    "epochs": (5, _NUMBER, "iter"),
    "null_word": (0, _OPTIONAL, None),
    "sorted_vocab": (1, _OPTIONAL, None),
    "batch_words": (10000, _NUMBER, None),
    "compute_loss": (False, _OPTIONAL, None),
    "max_final_vocab": (None, _OPTIONAL, None),
    "shrink_windows": (True, _OPTIONAL, None),
    "corpus_count": (0, _OPTIONAL, None),
    "corpus_total_words": (None, _OPTIONAL, None),
    "train_count": (0, _NUMBER, None),
    "total_train_time": (0.0, _NUMBER, None),
    "running_training_loss": (0.0, _NUMBER, None),
}
_PLAIN_TYPES = (str, int, float, bool, type(None), list, dict)
# Attributes of gensim's models, of all versions, besides the parameters.
_ATTRIBUTES_OF_GENSIM = {
    *_PARAMETERS, *(older for _, _, older in _PARAMETERS.values()), *_PARTS, "build_vocab", "callbacks", "comment",
    "cum_table", "effective_min_count", "hashfxn", "index2word", "lifecycle_events", "load", "lockf", "loss",
    "max_distance", "min_alpha_yet_reached", "model_trimmed_post_training", "neg_labels", "random", "raw_vocab", "syn0",
    "syn0_lockf", "syn0norm", "syn1", "syn1neg", "table", "total_words", "vectors_lockf", "vocab", "wv",
}  # fmt: skip


# --- reading


def is_gensim(first_bytes: bytes) -> bool:
    """Return whether a file that begins with `first_bytes`, at least 32 of them, is a pickle of an object."""
    if first_bytes[:1] == b"\x80":
        return first_bytes[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    return first_bytes.startswith(_TEXT_PICKLES)


def read_model(path: PathLike, mmap: str | None = None, classes: Classes | None = None) -> ModelState:
    """Read a Word2Vec model that gensim (0.12 to 4.4) saved.

    Parameters
    ----------
    path : str or os.PathLike
        The main file. Arrays that were saved separately must be in the same directory.
    mmap : {None, "r", "c", "r+"}, default None
        Map separately saved arrays instead of reading them, as `numpy.load` does. Arrays in the main file are always
        read.
    classes : mapping of (module, name) to str, optional
        Subclasses that the file may hold; see `Classes`.

    Returns
    -------
    ModelState
        Its `kind` is "keyedvectors" if the file holds vectors without a model.

    Raises
    ------
    pickle.UnpicklingError
        If the file names anything that a model does not need, or is damaged.
    ValueError
        If its parts contradict each other.
    OSError
        If it cannot be read.
    FileNotFoundError
        If a separately saved array is missing.
    io.UnsupportedOperation
        If `mmap` is given for a compressed file.
    """

    def decode(root: _Node) -> ModelState:
        if root.name in _VECTORS_CLASSES:
            return ModelState(_decode_vectors(root, root.name), kind="keyedvectors")
        return _decode_model(root)

    return _read_unchanged(path, mmap, classes, decode)


def read_keyedvectors(
    path: PathLike, mmap: str | None = None, classes: Classes | None = None
) -> VectorsState:
    """Read the vectors of a KeyedVectors or Word2Vec file of gensim (0.12 to 4.4).

    Parameters and errors are those of `read_model`.

    Returns
    -------
    VectorsState
        Its `kind` is "word2vec" if the file holds a model, whose vectors are returned.
    """

    def decode(root: _Node) -> VectorsState:
        if root.name in _VECTORS_CLASSES:
            return _decode_vectors(root, root.name)
        return _decode_vectors(root.child("wv") or root, root.name, root.older_lock_factors())

    return _read_unchanged(path, mmap, classes, decode)


Contents = TypeVar("Contents")


def _read_unchanged(
    path: PathLike, mmap: str | None, classes: Classes | None, decode: Callable[[_Node], Contents]
) -> Contents:
    """Return what `decode` makes of the object in the main file; all files are of one moment.

    Another process may replace the model meanwhile. `write_model` replaces the main file before the first of the
    others, so these belong to the main file that was read if it is still in its place after they were opened. Other
    programs may write into the files; their sizes and times tell this. The files are then read again.

    Raises
    ------
    OSError
        If the files are replaced each time that they are read.
    """
    if mmap not in (None, "r", "c", "r+"):
        raise ValueError(f"mmap must be None, 'r', 'c' or 'r+', not {mmap!r}")
    if mmap is not None and files.compression(path) is not None:
        raise io.UnsupportedOperation(
            f"mmap={mmap!r} needs uncompressed files, and {os.fspath(path)!r} is compressed; load it without mmap"
        )
    for _ in range(_MAX_READS):
        with _FileSet(path) as file_set:
            try:
                contents = decode(_read_root(path, mmap, classes, file_set))
            except (ValueError, pickle.UnpicklingError) as error:
                if not file_set.has_changed():
                    raise _with_path(error, path) from error
            except FileNotFoundError:
                if not file_set.has_changed():
                    raise
            else:
                if file_set.is_of_one_moment():
                    return contents
    raise OSError(
        errno.EBUSY,
        "another program replaced this file while it was read; load it again later",
        os.fspath(path),
    )


class _FileSet:
    """The files of a model: the main one, and those with its separate arrays that were opened.

    Parameters
    ----------
    path : str or os.PathLike
        The main file. It is kept open within the ``with`` block, so that no new file can get its identity.
    """

    def __init__(self, path: PathLike) -> None:
        self._main = files.local_path(path)
        self._open: IO[bytes] | None = None
        self._states: dict[str, tuple[int, ...]] = {}

    def __enter__(self) -> _FileSet:
        if self._main is not None:
            self._open = open(files.check_regular(self._main), "rb")
            self._states[self._main] = _identity(os.fstat(self._open.fileno()))
        return self

    def __exit__(self, *error: object) -> None:
        if self._open is not None:
            self._open.close()

    def add(self, name: str) -> None:
        """Note that a further file is about to be opened."""
        self._states[name] = _identity(os.stat(name))

    def is_of_one_moment(self) -> bool:
        """Return whether what was read belongs together: one file, or files of which none has changed."""
        return len(self._states) < 2 or not self.has_changed()

    def has_changed(self) -> bool:
        """Return whether one of the files was replaced or written since it was opened."""
        try:
            return any(_identity(os.stat(name)) != state for name, state in self._states.items())
        except FileNotFoundError:
            return True


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _with_path(error: Exception, path: PathLike) -> Exception:
    kind = type(error) if isinstance(error, pickle.UnpicklingError) else ValueError
    return kind(f"cannot load {os.fspath(path)!r}: {error}")


class _Node:
    """One unpickled object with its attributes, including those in files of their own."""

    def __init__(
        self, instance: Instance, main: str, part: str, mmap: str | None, file_set: _FileSet
    ) -> None:
        self.name = instance.name
        self._state = instance.state
        self._main = main
        self._part = part
        self._mmap = mmap
        self._file_set = file_set
        separate = instance.state.get("__numpys") or []
        if not isinstance(separate, list) or not all(isinstance(name, str) for name in separate):
            raise ValueError("its '__numpys' is not a list of names; the file is damaged")
        self._separate = {name for name in separate if _ATTRIBUTE.fullmatch(name)}

    def child(self, name: str) -> _Node | None:
        """Return the object that an attribute holds, or None if it holds none."""
        instance = self._state.get(name)
        if not isinstance(instance, Instance):
            return None
        return _Node(instance, self._main, f"{self._part}.{name}", self._mmap, self._file_set)

    def get(self, name: str) -> Any:
        """Return an attribute, or None if there is none."""
        if name not in self._state and name in self._separate:
            return read_separate_array(self._main, self._part, name, self._mmap, self._file_set.add)
        return unwrap_array(self._state.get(name))

    def has(self, name: str) -> bool:
        """Return whether the main file holds an attribute, be it None."""
        return name in self._state

    def first(self, *names: str) -> Any:
        """Return the first attribute of `names` that is there and not None."""
        for name in names:
            value = self.get(name)
            if value is not None:
                return value
        return None

    def further_attributes(self) -> dict[str, Any]:
        """Return the attributes that no version of gensim gives a model, as far as they are plain data."""
        return {
            name: _plain(value)
            for name, value in self._state.items()
            if isinstance(name, str)
            and not name.startswith("__")
            and name not in _ATTRIBUTES_OF_GENSIM
            and type(value) in _PLAIN_TYPES
        }

    def saved_parts(self) -> dict[str, list[str]]:
        """Return those of `SAVED_PARTS` that the object has, as far as they are lists of names of attributes."""
        found = {name: self._state.get(name) for name in SAVED_PARTS}
        return {
            name: list(value)
            for name, value in found.items()
            if isinstance(value, list)
            and len(value) <= _MAX_PARTS
            and all(isinstance(part, str) and _ATTRIBUTE.fullmatch(part) for part in value)
        }

    def older_lock_factors(self) -> Any:
        """Return the lock factors that versions before 4.0 kept outside of the vectors."""
        trainables = self.child("trainables")
        return trainables.get("vectors_lockf") if trainables else self.get("syn0_lockf")


def _read_root(path: PathLike, mmap: str | None, classes: Classes | None, file_set: _FileSet) -> _Node:
    """Return the object that the main file holds."""
    with files.open_input(path) as stream:
        data = stream.read()
    if not is_gensim(data[:64]):
        raise ValueError("the file is not a pickle; expected a model that gensim saved")
    root = unpickle(data, classes)
    if not isinstance(root, Instance) or root.name not in (*_MODEL_CLASSES, *_VECTORS_CLASSES):
        raise ValueError("the file holds neither a Word2Vec model nor KeyedVectors")
    return _Node(root, files.local_path(path) or os.fspath(path), "", mmap, file_set)


def _decode_vectors(node: _Node, name: str, older_lock_factors: Any = None) -> VectorsState:
    """Return the contents of an object that holds vectors: a KeyedVectors, or a model of before 0.13.4."""
    keys = _decode_keys(node)
    vectors = node.first("vectors", "syn0")
    if vectors is None or (isinstance(vectors, list) and not vectors):  # a model that has no vocabulary yet
        vectors = np.zeros((0, min(_length_or(node.get("vector_size"), 0), MAX_WIDTH)), np.float32)
    # Keys may have no vectors yet.
    rows = 0 if isinstance(vectors, np.ndarray) and vectors.shape[:1] == (0,) else len(keys)
    vectors = _check_matrix(vectors, "vectors", rows)
    expandos = node.get("expandos")
    if expandos is None:
        expandos = _expandos_from_records(node.get("vocab") or {}, keys)
    own = node.first("vectors_lockf")
    of_model = name not in _VECTORS_CLASSES
    state = {
        "kind": "word2vec" if of_model else "keyedvectors",
        "index_to_key": keys,
        "vectors": vectors,
        "vector_size": vectors.shape[1],
        "expandos": check_expandos(expandos, len(keys), of_model),
        "vectors_lockf": _check_lock_factors(older_lock_factors if own is None else own),
        "lifecycle_events": _check_events(node.get("lifecycle_events")),
        "saved_parts": node.saved_parts(),
    }
    if node.has("mapfile_path"):
        mapfile_path = node.get("mapfile_path")
        state["mapfile_path"] = mapfile_path if isinstance(mapfile_path, str) else None
    return state


def _decode_keys(node: _Node) -> list[Any]:
    """Return the words of an object that holds vectors; users have saved the list of them as an array, too.

    Raises
    ------
    ValueError
        If a word is neither a str nor an int, or there is no list of words.
    """
    keys = node.first("index_to_key", "index2word")
    if isinstance(keys, np.ndarray) and keys.ndim == 1:
        keys = [
            word.decode("utf-8", "surrogateescape") if isinstance(word, bytes) else word
            for word in keys.tolist()
        ]
    keys = [] if keys is None else keys
    if not isinstance(keys, (list, tuple)):
        raise ValueError("its list of words is not a list; the file is damaged")
    result = list(keys)
    if not set(map(type, result)) <= {str, int, type(None)}:
        for row, key in enumerate(result):
            if key is not None:
                result[row] = as_word(key)
                if result[row] is None:
                    raise ValueError(
                        f"item {row} of its list of words is a {type(key).__name__}; {_REPLACE_KEYS}"
                    )
    # A row without a key has None in the list, but not in the dictionary of the rows.
    for name in ("key_to_index", "vocab"):
        rows = node.get(name)
        if isinstance(rows, dict) and None in rows:
            raise ValueError(f"None is one of the words of {name}; {_REPLACE_KEYS}")
    return result


def _decode_model(root: _Node) -> ModelState:
    """Return the contents of a Word2Vec object."""
    wv = root.child("wv")
    vectors = _decode_vectors(wv or root, root.name, root.older_lock_factors())
    parts = [root, *(part for name in _PARTS if (part := root.child(name)) is not None)]
    settings = {name: _parameter(parts, name) for name in _PARAMETERS}
    vectors["vectors"] = _as_float32(vectors["vectors"])
    if len(vectors["index_to_key"]):
        settings["vector_size"] = vectors["vector_size"]
    minimum = _find(parts, "effective_min_count")
    settings["effective_min_count"] = settings["min_count"] if minimum is None else _length_or(minimum, 0)
    reached = _find(parts, "min_alpha_yet_reached")
    settings["min_alpha_yet_reached"] = reached if isinstance(reached, (int, float)) else settings["alpha"]
    hash_function = _find(parts, "hashfxn")
    if hash_function is not None and not (
        isinstance(hash_function, Constant) and hash_function.name == "builtins.hash"
    ):
        raise ValueError(
            "its hashfxn is not the built-in hash; set it to hash in gensim and save the model again"
        )
    settings["hashfxn"] = hash
    settings["comment"] = _plain(_find(parts, "comment"))
    # None is a choice of the user: no events are recorded.
    events = root.get("lifecycle_events")
    settings["lifecycle_events"] = (
        None if events is None and root.has("lifecycle_events") else _check_events(events)
    )
    return ModelState(
        vectors=vectors,
        settings=settings,
        syn1=_output_weights(parts, "syn1", vectors),
        syn1neg=_output_weights(parts, "syn1neg", vectors),
        raw_vocab=_check_raw_vocab(_find(parts, "raw_vocab")),
        random_state=_check_random_state(root.get("random")),
        attributes=root.further_attributes(),
        saved_parts=root.saved_parts(),
    )


def _find(parts: Iterable[_Node], *names: str) -> Any:
    for part in parts:
        value = part.first(*names)
        if value is not None:
            return value
    return None


def _parameter(parts: list[_Node], name: str) -> Any:
    default, kinds, older = _PARAMETERS[name]
    value = _find(parts, name, *([older] if older else []))
    if value is None:
        return default
    if type(value) not in kinds:
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(
            f"its parameter {name} is a {type(value).__name__}; expected {expected}: the file is damaged"
        )
    return value


def _length_or(value: Any, default: int) -> int:
    """Return `value` if it is an int from 0 to 2**31 - 1, else `default`."""
    return value if type(value) is int and 0 <= value < 1 << 31 else default


def _output_weights(parts: list[_Node], name: str, vectors: VectorsState) -> Array | None:
    value = _find(parts, name)
    if value is None or (isinstance(value, list) and not value):
        return None
    weights = _as_float32(_check_matrix(value, name, None, vectors["vector_size"]))
    if len(weights) != len(vectors["index_to_key"]):
        logger.warning(
            "%s has %d rows for %d words: the words were replaced after the training, and the model cannot be trained "
            "any further",
            name,
            len(weights),
            len(vectors["index_to_key"]),
        )
    return weights


def read_separate_array(
    main: str,
    part: str,
    attribute: str,
    mmap: str | None,
    before_opening: Callable[[str], None] = lambda name: None,
) -> Array:
    """Return an array that was saved in a file of its own.

    Parameters
    ----------
    main : str
        Path of the main file.
    part : str
        Path of the object within the model: "", ".wv", ...
    attribute : str
        Name of the attribute.
    mmap : {None, "r", "c", "r+"}
        How to map the array; None reads it.
    before_opening : callable
        Called with the path of the file.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    ValueError
        If it is damaged, or holds anything but numbers and strings.
    """
    for suffix in (".npz", ".npy") if files.compression(main) else (".npy",):
        name = f"{main}{part}.{attribute}{suffix}"
        if os.path.exists(name):
            files.check_regular(name)
            before_opening(name)
            try:
                return npy.read_npz(name) if suffix == ".npz" else npy.read_npy(name, mmap)
            except npy.ERRORS as error:
                raise ValueError(
                    f"cannot read {name!r}, which belongs to {main!r}: {error}; copy it again from its source"
                ) from error
    message = f"this file belongs beside {main!r}, with the array {attribute!r} in it; copy it there"
    raise FileNotFoundError(errno.ENOENT, message, name)


# --- checks of the attributes


def _check_matrix(value: Any, name: str, rows: int | None, columns: int | None = None) -> Array:
    """Return `value`, possibly a memory map; raise unless it is a float matrix of this shape, where None is any."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.ndim != 2:
        raise ValueError(f"its {name} are no matrix of floats; the file is damaged")
    if rows not in (None, value.shape[0]) or columns not in (None, value.shape[1]):
        expected = f"{'?' if rows is None else rows} x {'?' if columns is None else columns}"
        raise ValueError(f"its {name} are {value.shape[0]} x {value.shape[1]}; expected {expected}")
    return value


def _as_float32(array: Array) -> Array:
    """Return `array` as float32 in C order, which training needs; without a copy if it is so already."""
    if array.dtype == np.float32 and array.flags.c_contiguous:
        return array
    return np.ascontiguousarray(array, dtype=np.float32)


def _check_lock_factors(value: Any) -> Array | None:
    if value is None:
        return None
    if not isinstance(value, np.ndarray) or value.ndim != 1 or value.dtype.kind != "f":
        raise ValueError("its lock factors (vectors_lockf, syn0_lockf) are not an array of floats")
    return np.asanyarray(value, dtype=np.float32)


def _expandos_from_records(vocab: Any, keys: list[Any]) -> dict[str, Array]:
    """Return the attributes of words, given the record that versions before 4.0 kept for each word."""
    if not isinstance(vocab, dict):
        raise ValueError("its vocab is not a dictionary; the file is damaged")
    records = [vocab.get(key) for key in keys]
    if not all(isinstance(record, Instance) for record in records):
        raise ValueError("its vocab lacks a record for some of its words; the file is damaged")
    states = [record.state for record in records if record is not None]
    names = [name for name in (states[0] if states else ()) if name != "index"]
    # The columns take memory in proportion to the file only if the records are distinct and have the same attributes.
    if len(set(map(id, states))) < len(states) or 2 * sum(map(len, states)) < len(names) * len(states):
        raise ValueError("the records of its vocab do not have the same attributes; the file is damaged")
    return {name: _column(name, [unwrap_array(state.get(name)) for state in states]) for name in names}


def _column(name: str, values: list[Any]) -> Array:
    """Return the values of an attribute as an array of integers, floats or objects."""
    if all(type(value) in (int, bool) for value in values):
        if not all(-(1 << 63) <= value < 1 << 63 for value in values):
            raise ValueError(f"the attribute {name!r:.60} of its words holds an integer of more than 64 bits")
        return np.array(values, dtype=np.int64)
    if all(type(value) in (int, float) for value in values):
        return np.array(list(map(_float, values)))
    column: Array = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        column[index] = value
    return column


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def check_expandos(expandos: Any, size: int, of_model: bool) -> dict[str, Array]:
    """Return the attributes of words; those that training reads have its dtypes, and those of a model are checked.

    Attributes that have not one value for each of `size` words are left out, with a warning.
    """
    if not isinstance(expandos, dict):
        raise ValueError("the attributes of its words (expandos) are malformed; the file is damaged")
    result: dict[str, Array] = {}
    for name, boxed in expandos.items():
        array = unwrap_array(boxed)
        if not isinstance(name, str) or not isinstance(array, np.ndarray) or not array.ndim:
            raise ValueError(
                f"the attribute {name!r:.60} of its words is not one value for each of {size} words"
            )
        if len(array) != size:  # a program has replaced the keys and the vectors, and not the attributes
            warn_dropped(name, len(array), size)
            continue
        if name != "index":  # 3.x kept the position of a word beside the word
            result[name] = array
    for name, dtype in (("count", np.int64), ("sample_int", np.uint32)):
        array = result.get(name)
        if array is not None and (of_model or array.dtype.kind in "iu"):  # vectors may have any attributes
            wide = _integers(array, name).astype(np.uint64 if array.dtype.kind == "u" else np.int64)
            if dtype is np.uint32:  # 2**32 meant "keep always" before 4.0; it would wrap to "drop always"
                wide = wide.clip(0, 2**32 - 1)
            result[name] = wide.astype(dtype)
    if of_model and ("code" in result or "point" in result):
        _check_huffman_paths(result, size)
    return result


def _integers(array: Array, name: str) -> Array:
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise ValueError(f"the attribute {name!r} of its words holds no integers; the file is damaged")
    return array


def _check_huffman_paths(expandos: dict[str, Array], size: int) -> None:
    """Check the paths through the Huffman tree, which training follows through `syn1` without a check."""
    for name, dtype in (("code", np.uint8), ("point", np.uint32)):
        array = expandos.get(name)
        if array is None or array.dtype != object or array.ndim != 1:
            raise ValueError(f"its Huffman tree has no array {name!r} of its words; the file is damaged")
        # A path that stands in the file once could be that of every word; two siblings do share one.
        lengths = {id(path): len(path) for path in array if isinstance(path, np.ndarray) and path.ndim}
        if sum(lengths.get(id(path), 0) for path in array) > 2 * sum(lengths.values()):
            raise ValueError(f"its Huffman tree has one {name!r} for many words; the file is damaged")
        for index, path in enumerate(array):
            if not isinstance(path, np.ndarray) or path.ndim != 1 or path.dtype.kind not in "iu":
                raise ValueError(
                    f"{name} {index} of its Huffman tree is no array of integers; the file is damaged"
                )
            if path.dtype != dtype:
                array[index] = path.astype(dtype)
    code, point = expandos["code"], expandos["point"]
    if any(len(a) != len(b) for a, b in zip(code, point, strict=True)):
        raise ValueError("the codes and points of its Huffman tree differ in length; the file is damaged")
    if size and (np.concatenate(code).max(initial=0) > 1 or np.concatenate(point).max(initial=0) >= size):
        raise ValueError("a path of its Huffman tree leads out of the tree; the file is damaged")


def _check_random_state(value: Any) -> RandomStateTuple | None:
    """Return the state of a Mersenne Twister for `RandomState.set_state`; None if `value` is another generator."""
    state = value.state if isinstance(value, PickledRandomState) else None
    name, key, position, has_gauss, gauss = None, None, None, None, None
    if isinstance(state, tuple) and len(state) == 5:
        name, key, position, has_gauss, gauss = state
    elif isinstance(state, dict) and isinstance(state.get("state"), dict):
        name, has_gauss, gauss = state.get("bit_generator"), state.get("has_gauss"), state.get("gauss")
        key, position = state["state"].get("key"), state["state"].get("pos")
    if name != "MT19937":
        if value is not None:
            logger.warning(
                "the random state of the file is not that of a Mersenne Twister; the model gets a new one from its seed"
            )
        return None
    return checked_random_state((name, unwrap_array(key), position, has_gauss, gauss))


def _check_raw_vocab(value: Any) -> dict[Any, int]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(type(count) is int for count in value.values()):
        raise ValueError(
            "its raw vocabulary (raw_vocab) is no dictionary of words and int counts; the file is damaged"
        )
    if set(map(type, value)) <= {str, int}:
        return value
    words = {key: word for key in value if (word := as_word(key)) is not None}
    if len(words) < len(value):
        logger.warning(
            "%i raw counts of words that are neither str nor int are left out", len(value) - len(words)
        )
    return {word: value[key] for key, word in words.items()}


def _check_events(value: Any) -> list[Any]:
    """Return the log of events as dicts of strings and numbers, without anything else in it."""
    events = _plain(value) if isinstance(value, list) else None
    return [event for event in events or () if isinstance(event, dict)]


def _plain(value: Any) -> Any:
    """Return lists and dicts of strings and numbers without anything else in them; None if they are very large."""
    n_items = 0

    def copied(item: Any, depth: int) -> Any:
        nonlocal n_items
        n_items += 1
        if n_items > _MAX_PLAIN_ITEMS or depth > _MAX_PLAIN_DEPTH:
            raise OverflowError
        if isinstance(item, dict):
            return {
                str(key): copied(part, depth + 1) for key, part in item.items() if type(key) in (str, int)
            }
        if isinstance(item, (list, tuple, set)):
            return [copied(part, depth + 1) for part in item]
        return item if isinstance(item, (str, int, float, type(None))) else None

    try:
        return copied(value, 0)
    except OverflowError:
        return None


# --- writing

SeparateArrays = dict[str, Array]
"""Arrays for files of their own, by what is added to the name of the main file."""

SEPARATE_FROM = 10 * 1024**2  # elements from which gensim saves an array in a file of its own


def write_model(path: PathLike, state: ModelState, separate_from: int = SEPARATE_FROM) -> None:
    """Write a model that gensim 4 loads, queries and trains further.

    Parameters
    ----------
    path : str or os.PathLike
        The main file. Each file is written atomically, in the order that the head of this module describes. If a
        model with separate files is replaced, the new arrays are written twice, and the disk must hold both.
    state : ModelState
        `vectors["expandos"]` must hold "count" and "sample_int", and with hierarchical softmax "code" and "point".
    separate_from : int, default 10485760
        Matrices of at least this many elements go to files of their own.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    _write(path, lambda limit, separate: _model_object(state, limit, separate), separate_from)


def write_keyedvectors(path: PathLike, state: VectorsState, separate_from: int = SEPARATE_FROM) -> None:
    """Write KeyedVectors that gensim 4 loads; the parameters and errors are those of `write_model`."""
    _write(path, lambda limit, separate: _vectors_object("", state, limit, separate), separate_from)


def _write(path: PathLike, make: Callable[[int, SeparateArrays], Object], separate_from: int) -> None:
    """Write the object that `make` returns, and the arrays that it has added to its second argument."""
    separate: SeparateArrays = {}
    root = make(separate_from, separate)
    paths = {separate_path(path, name): array for name, array in separate.items()}
    if _exists(path) and any(map(_exists, paths)):
        _write_pickle(path, make(sys.maxsize, {}))
    for name, array in paths.items():
        with files.open_atomic(name) as handle:
            if name.endswith(".npz"):
                np.savez_compressed(handle, val=array)
            else:
                np.lib.format.write_array(handle, np.asarray(array), allow_pickle=False)
    _write_pickle(path, root)


def separate_path(path: PathLike, name: str) -> str:
    """Return the path of the file for an array of the main file `path`."""
    return f"{os.fspath(path)}{name}{'.npz' if files.compression(path) else '.npy'}"


def separate_paths(path: PathLike) -> list[str]:
    """Return the paths of all files that `write_model` and `write_keyedvectors` may write beside the main file."""
    names = (".wv.vectors", ".wv.vectors_lockf", ".vectors", ".vectors_lockf", ".syn1", ".syn1neg")
    return [separate_path(path, name) for name in names]


def _exists(path: PathLike) -> bool:
    local = files.local_path(path)
    return local is not None and os.path.exists(local)


def _model_object(state: ModelState, separate_from: int, separate: SeparateArrays) -> Object:
    numpys: list[str] = []
    settings = dict(state.settings)
    settings.pop("hashfxn", None)
    for name, matrix in (("syn1", state.syn1), ("syn1neg", state.syn1neg)):
        if matrix is not None:
            _add_array(settings, name, matrix, numpys, separate_from, "", separate)
    settings |= {
        "layer1_size": settings["vector_size"],
        "hashfxn": Global("builtins", "hash"),
        "load": Global("gensim.utils", "call_on_class_only"),
        "raw_vocab": Object(
            Global("collections", "defaultdict"), (Global("builtins", "int"),), state.raw_vocab
        ),
        "wv": _vectors_object(".wv", state.vectors, separate_from, separate),
        "__numpys": numpys,
        "__scipys": [],
        "__ignoreds": ["cum_table"],
        "__recursive_saveloads": ["wv"],
    }
    if state.random_state is not None:
        name, key, position, has_gauss, gauss = state.random_state
        full = {
            "bit_generator": name,
            "state": {"key": key, "pos": position},
            "has_gauss": has_gauss,
            "gauss": gauss,
        }
        constructor = Global("numpy.random._pickle", "__randomstate_ctor")
        settings["random"] = Object(constructor, (name,), state=full)
    return Object(Global("gensim.models.word2vec", "Word2Vec"), None, state=settings)


def _vectors_object(part: str, state: VectorsState, separate_from: int, separate: SeparateArrays) -> Object:
    numpys: list[str] = []
    keys = state["index_to_key"]
    attributes: dict[str, Any] = {
        "vector_size": state["vector_size"],
        "index_to_key": keys,
        "next_index": len(keys),
        "key_to_index": {key: index for index, key in enumerate(keys) if key is not None},
        "norms": None,
        "expandos": state["expandos"],
        "mapfile_path": None,
    }
    if state["lifecycle_events"]:
        attributes["lifecycle_events"] = state["lifecycle_events"]
    for name, array in (("vectors", state["vectors"]), ("vectors_lockf", state["vectors_lockf"])):
        if array is not None:
            _add_array(attributes, name, array, numpys, separate_from, part, separate)
    attributes |= {"__numpys": numpys, "__scipys": [], "__ignoreds": [], "__recursive_saveloads": []}
    return Object(Global("gensim.models.keyedvectors", "KeyedVectors"), None, state=attributes)


def _add_array(
    attributes: dict[str, Any],
    name: str,
    array: Array,
    numpys: list[str],
    separate_from: int,
    part: str,
    separate: SeparateArrays,
) -> None:
    """Add an array to the attributes of an object, or, if it is large, to the arrays for files of their own."""
    if array.size < separate_from:
        attributes[name] = array
    else:
        numpys.append(name)
        separate[f"{part}.{name}"] = array


def _write_pickle(path: PathLike, root: Object) -> None:
    with files.open_atomic(path) as handle:
        Pickler(handle).dump(root)
