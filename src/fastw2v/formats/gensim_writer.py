"""Writing models that gensim 4 loads, queries and trains further, without gensim.

The layout is that of gensim 4.4: see `gensim`. A model of several files has no one moment at which the new one
replaces the old: files beside the main one have fixed names, and an old main file does not fit new arrays. So where
arrays of an old model lie in the way, a main file that holds everything itself comes first; the arrays beside it are
replaced while nobody refers to them, and at last the main file that does. Whatever interrupts this, a whole model is
there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import files
from fastw2v.common.files import PathLike
from fastw2v.formats.gensim_state import ModelState, VectorsState
from fastw2v.formats.pickler import Global, Object, Pickler

Array = NDArray[Any]
Beside = dict[str, Array]  # arrays for files of their own, by what is added to the name of the main one

SEPARATE_FROM = 10 * 1024**2  # elements from which gensim puts an array into a file of its own


def write_model(path: PathLike, state: ModelState, separate_from: int = SEPARATE_FROM) -> None:
    """Write a model that gensim 4 loads, queries and trains further.

    Parameters
    ----------
    path : str or os.PathLike
        The main file. Each file is written atomically; see above for their order. Where an old model with files
        beside it is replaced, the new arrays are written twice, and the disk needs room for them.
    state : ModelState
        `vectors["expandos"]` must hold "count" and "sample_int", and with hs "code" and "point".
    separate_from : int, default 10485760
        Matrices of this many elements or more go to files of their own, as gensim does.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    _write(path, lambda limit, beside: _model_object(state, limit, beside), separate_from)


def write_keyedvectors(path: PathLike, state: VectorsState, separate_from: int = SEPARATE_FROM) -> None:
    """Write KeyedVectors that gensim 4 loads; parameters and errors as for `write_model`."""
    _write(path, lambda limit, beside: _vectors_object("", state, limit, beside), separate_from)


def _write(path: PathLike, make: Callable[[int, Beside], Object], separate_from: int) -> None:
    """Write what `make` returns for a limit of separation, and the arrays that it notes to go beside it."""
    beside: Beside = {}
    root = make(separate_from, beside)
    suffix = ".npz" if files.compression(path) else ".npy"
    companions = {f"{os.fspath(path)}{name}{suffix}": array for name, array in beside.items()}
    if _exists(path) and any(map(_exists, companions)):
        _write_pickle(path, make(sys.maxsize, {}))
    for name, array in companions.items():
        with files.open_atomic(name) as handle:
            if suffix == ".npz":
                np.savez_compressed(handle, val=array)
            else:
                np.lib.format.write_array(handle, np.asarray(array), allow_pickle=False)
    _write_pickle(path, root)


def _exists(path: PathLike) -> bool:
    local = files.local_path(path)
    return local is not None and os.path.exists(local)


def _model_object(state: ModelState, separate_from: int, beside: Beside) -> Object:
    separate: list[str] = []
    settings = dict(state.settings)
    settings.pop("hashfxn", None)
    for name, matrix in (("syn1", state.syn1), ("syn1neg", state.syn1neg)):
        if matrix is not None:
            _place(settings, name, matrix, separate, separate_from, "", beside)
    settings |= {
        "layer1_size": settings["vector_size"],
        "hashfxn": Global("builtins", "hash"),
        "load": Global("gensim.utils", "call_on_class_only"),
        "raw_vocab": Object(
            Global("collections", "defaultdict"), (Global("builtins", "int"),), state.raw_vocab
        ),
        "wv": _vectors_object(".wv", state.vectors, separate_from, beside),
        "__numpys": separate,
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


def _vectors_object(part: str, state: VectorsState, separate_from: int, beside: Beside) -> Object:
    separate: list[str] = []
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
            _place(attributes, name, array, separate, separate_from, part, beside)
    attributes |= {"__numpys": separate, "__scipys": [], "__ignoreds": [], "__recursive_saveloads": []}
    return Object(Global("gensim.models.keyedvectors", "KeyedVectors"), None, state=attributes)


def _place(
    attributes: dict[str, Any],
    name: str,
    array: Array,
    separate: list[str],
    separate_from: int,
    part: str,
    beside: Beside,
) -> None:
    """Put an array among the attributes of an object, or note it for a file of its own if it is large."""
    if array.size < separate_from:
        attributes[name] = array
    else:
        separate.append(name)
        beside[f"{part}.{name}"] = array


def _write_pickle(path: PathLike, root: Object) -> None:
    with files.open_atomic(path) as handle:
        Pickler(handle).dump(root)
