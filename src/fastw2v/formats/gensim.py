"""gensim's models and KeyedVectors of every version from 0.12 to 4.4, read and written without gensim.

A file of gensim's is a pickle of one object; its large arrays may lie beside it as ``NAME.ATTRIBUTE.npy`` (or
``.npz``, where NAME ends in a suffix of compression). Four layouts exist, by the version that wrote them:

    to 0.13.3    everything on the model: vocab, index2word, syn0, syn0_lockf, syn1, syn1neg, iter
    0.13.4-3.2   vectors on ``wv`` (syn0, index2word, vocab), the rest on the model
    3.3-3.8      ``wv`` (vectors, index2word, vocab), ``vocabulary``, ``trainables``
    4.x          ``wv`` (vectors, index_to_key, expandos), the rest on the model

All become one form here, `ModelState` with a `VectorsState` in it, under today's names. What the machine in
`unpickler` hands over is data of unknown quality, so every attribute is checked before it is passed on:
types, shapes that must agree, Huffman paths that must stay within their tree.

`pickle.UnpicklingError` means that the pickle asks for more than data or is damaged; `ValueError`, that the
data make no model.
"""

from __future__ import annotations

import io
import os
import pickle
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import files
from fastw2v.formats.admitted import Constant, Instance, plain
from fastw2v.common.files import PathLike
from fastw2v.formats.companions import read_companion
from fastw2v.formats.gensim_state import (
    ModelState,
    VectorsState,
    checked_events,
    checked_expandos,
    checked_raw_vocab,
    expandos_of_vocab,
    lock_factors,
    matrix,
    random_state,
    single,
)
from fastw2v.formats.gensim_writer import write_keyedvectors, write_model
from fastw2v.formats.unpickler import unpickle

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

_MODELS = ("Word2Vec",)
_VECTORS = ("KeyedVectors", "Word2VecKeyedVectors", "EuclideanKeyedVectors", "Doc2VecKeyedVectors")
_PARTS = ("vocabulary", "trainables")
_TEXT_PICKLES = (b"ccopy_reg\n_reconstructor\n", b"ccopyreg\n_reconstructor\n", b"(igensim.", b"cgensim.")
_ATTRIBUTE = re.compile(r"[A-Za-z0-9_]{1,64}")

_NUMBER: tuple[type, ...] = (int, float, bool)
_OPTIONAL: tuple[type, ...] = (int, float, bool, type(None))
# Parameters under today's names: default, admitted types, older name.
_PARAMETERS: dict[str, tuple[Any, tuple[type, ...], str | None]] = {
    "vector_size": (100, _NUMBER, "layer1_size"),
    "alpha": (0.025, _NUMBER, None),
    "window": (5, _NUMBER, None),
    "min_count": (5, _OPTIONAL, None),
    "max_vocab_size": (None, _OPTIONAL, None),
    "sample": (1e-3, _OPTIONAL, None),
    "seed": (1, _OPTIONAL, None),
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
    "comment": (None, (str, type(None)), None),
    "max_final_vocab": (None, _OPTIONAL, None),
    "shrink_windows": (True, _OPTIONAL, None),
    "corpus_count": (0, _OPTIONAL, None),
    "corpus_total_words": (None, _OPTIONAL, None),
    "train_count": (0, _NUMBER, None),
    "total_train_time": (0.0, _NUMBER, None),
    "running_training_loss": (0.0, _NUMBER, None),
}


def is_gensim(first_bytes: bytes) -> bool:
    """Whether a file that begins with `first_bytes` (32 of them or more) is a pickle of an object."""
    if first_bytes[:1] == b"\x80":
        return first_bytes[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    return first_bytes.startswith(_TEXT_PICKLES)


def read_model(path: PathLike, mmap: str | None = None) -> ModelState:
    """Read a Word2Vec model that gensim (0.12 to 4.4) saved.

    Parameters
    ----------
    path : str or os.PathLike
        The main file. Arrays that were saved separately must lie beside it under their own names.
    mmap : {None, "r", "c", "r+"}, default None
        How to map separately saved arrays, as `numpy.load` has it. Arrays within the main file are read
        always.

    Returns
    -------
    ModelState
        Its `kind` is "keyedvectors" if the file holds no model but vectors.

    Raises
    ------
    pickle.UnpicklingError
        If the file refers to anything that a model does not need, or is damaged.
    ValueError
        If its parts contradict each other.
    OSError
        If it cannot be read; `FileNotFoundError` if a file that belongs beside it is missing;
        `io.UnsupportedOperation` if `mmap` is asked for a compressed file.
    """
    root = _root(path, mmap)
    try:
        if root.name in _VECTORS:
            return ModelState(_vectors(root, root.name), kind="keyedvectors")
        return _model(root)
    except (ValueError, pickle.UnpicklingError) as error:
        raise _named(error, path) from error


def read_keyedvectors(path: PathLike, mmap: str | None = None) -> VectorsState:
    """Read the vectors of a KeyedVectors or Word2Vec file of gensim (0.12 to 4.4).

    Parameters, errors: as for `read_model`.

    Returns
    -------
    VectorsState
        Its `kind` is "word2vec" if the file holds a whole model, whose vectors these are.
    """
    root = _root(path, mmap)
    try:
        if root.name in _VECTORS:
            return _vectors(root, root.name)
        return _vectors(root.child("wv") or root, root.name, root.older_lock_factors())
    except (ValueError, pickle.UnpicklingError) as error:
        raise _named(error, path) from error


def _named(error: Exception, path: PathLike) -> Exception:
    kind = pickle.UnpicklingError if isinstance(error, pickle.UnpicklingError) else ValueError
    return kind(f"cannot load {os.fspath(path)!r}: {error}")


class _Node:
    """One unpickled object with its attributes, those included that lie in files beside the main one."""

    def __init__(self, instance: Instance, main: str, part: str, mmap: str | None) -> None:
        self.name = instance.name
        self._state = instance.state
        self._main = main
        self._part = part
        self._mmap = mmap
        separate = instance.state.get("__numpys") or []
        if not isinstance(separate, list) or not all(isinstance(name, str) for name in separate):
            raise ValueError("its list of separate arrays is malformed; the file is damaged")
        self._separate = {name for name in separate if _ATTRIBUTE.fullmatch(name)}

    def child(self, name: str) -> _Node | None:
        instance = self._state.get(name)
        if not isinstance(instance, Instance):
            return None
        return _Node(instance, self._main, f"{self._part}.{name}", self._mmap)

    def get(self, name: str) -> Any:
        """An attribute, or None if there is none."""
        if name not in self._state and name in self._separate:
            return read_companion(self._main, self._part, name, self._mmap)
        return plain(self._state.get(name))

    def first(self, *names: str) -> Any:
        """The first of some attributes that is there."""
        for name in names:
            value = self.get(name)
            if value is not None:
                return value
        return None

    def older_lock_factors(self) -> Any:
        """Lock factors that older versions kept outside of the vectors."""
        trainables = self.child("trainables")
        return trainables.get("vectors_lockf") if trainables else self.get("syn0_lockf")


def _root(path: PathLike, mmap: str | None) -> _Node:
    """The object that the main file holds."""
    if mmap not in (None, "r", "c", "r+"):
        raise ValueError(f"mmap must be None, 'r', 'c' or 'r+', not {mmap!r}")
    name = files.local_path(path) or os.fspath(path)
    if mmap is not None and files.compression(path) is not None:
        raise io.UnsupportedOperation(
            f"mmap={mmap!r} needs uncompressed files, and {name!r} is compressed; load it without mmap"
        )
    if files.local_path(path) is not None:
        files.check_regular(path)
    with files.open_input(path) as stream:
        data = stream.read()
    try:
        if not is_gensim(data[:64]):
            raise ValueError("it is not a pickle, so no model of gensim's")
        root = unpickle(data)
        if not isinstance(root, Instance) or root.name not in (*_MODELS, *_VECTORS):
            raise ValueError("it holds neither a Word2Vec model nor KeyedVectors")
        return _Node(root, name, "", mmap)
    except (ValueError, pickle.UnpicklingError) as error:
        raise _named(error, path) from error


def _vectors(node: _Node, name: str, older_lock_factors: Any = None) -> VectorsState:
    """The normal form of an object that holds vectors: KeyedVectors, or a model of before 0.13.4."""
    keys = node.first("index_to_key", "index2word")
    keys = [] if keys is None else keys
    if not isinstance(keys, list) or not set(map(type, keys)) <= {str, int, type(None)}:
        raise ValueError("its list of words is malformed; the file is damaged")
    vectors = node.first("vectors", "syn0")
    if vectors is None or (isinstance(vectors, list) and not vectors):  # a model without vocabulary
        vectors = np.zeros((len(keys), _integer(node.get("vector_size"), 0)), np.float32)
    vectors = matrix(vectors, "vectors", len(keys))
    expandos = node.get("expandos")
    if expandos is None:
        expandos = expandos_of_vocab(node.get("vocab") or {}, keys)
    own = node.first("vectors_lockf")
    return {
        "kind": "keyedvectors" if name in _VECTORS else "word2vec",
        "index_to_key": keys,
        "vectors": vectors,
        "vector_size": vectors.shape[1],
        "expandos": checked_expandos(expandos, len(keys)),
        "vectors_lockf": lock_factors(older_lock_factors if own is None else own, len(keys)),
        "lifecycle_events": checked_events(node.get("lifecycle_events")),
    }


def _model(root: _Node) -> ModelState:
    """The normal form of a Word2Vec object."""
    wv = root.child("wv")
    vectors = _vectors(wv or root, root.name, root.older_lock_factors())
    holders = [root, *(part for name in _PARTS if (part := root.child(name)) is not None)]
    settings = {name: _parameter(holders, name) for name in _PARAMETERS}
    vectors["vectors"] = single(vectors["vectors"])
    if len(vectors["index_to_key"]):
        settings["vector_size"] = vectors["vector_size"]
    minimum = _found(holders, "effective_min_count")
    settings["effective_min_count"] = settings["min_count"] if minimum is None else _integer(minimum, 0)
    reached = _found(holders, "min_alpha_yet_reached")
    settings["min_alpha_yet_reached"] = reached if isinstance(reached, (int, float)) else settings["alpha"]
    hash_function = _found(holders, "hashfxn")
    if hash_function is not None and not (
        isinstance(hash_function, Constant) and hash_function.name == "builtins.hash"
    ):
        raise ValueError("its hashfxn is not the built-in hash; set it to hash in gensim and save again")
    settings["hashfxn"] = hash
    settings["lifecycle_events"] = checked_events(root.get("lifecycle_events"))
    return ModelState(
        vectors=vectors,
        settings=settings,
        syn1=_output(holders, "syn1", vectors),
        syn1neg=_output(holders, "syn1neg", vectors),
        raw_vocab=checked_raw_vocab(_found(holders, "raw_vocab")),
        random_state=random_state(root.get("random")),
    )


def _found(holders: Iterable[_Node], *names: str) -> Any:
    for holder in holders:
        value = holder.first(*names)
        if value is not None:
            return value
    return None


def _parameter(holders: list[_Node], name: str) -> Any:
    default, kinds, older = _PARAMETERS[name]
    value = _found(holders, name, *([older] if older else []))
    if value is None:
        return default
    if type(value) not in kinds:
        raise ValueError(f"its parameter {name} is a {type(value).__name__}; the file is damaged")
    return value


def _integer(value: Any, default: int) -> int:
    return value if type(value) is int and 0 <= value < 1 << 31 else default


def _output(holders: list[_Node], name: str, vectors: VectorsState) -> Array | None:
    value = _found(holders, name)
    if value is None or (isinstance(value, list) and not value):
        return None
    return single(matrix(value, name, len(vectors["index_to_key"]), vectors["vector_size"]))
