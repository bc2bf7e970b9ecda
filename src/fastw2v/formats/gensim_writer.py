"""Writing models that gensim 4 loads, queries and trains further, without gensim.

The layout is that of gensim 4.4: see `gensim`. Files beside the main one are written first, so that a
failure leaves an old main file with the arrays it may still fit rather than a new one without.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.formats import atomic
from fastw2v.formats.atomic import PathLike
from fastw2v.formats.gensim_state import ModelState, VectorsState
from fastw2v.formats.pickler import Global, Object, Pickler

Array = NDArray[Any]

SEPARATE_FROM = 10 * 1024**2  # elements from which gensim puts an array into a file of its own


def write_model(path: PathLike, state: ModelState, separate_from: int = SEPARATE_FROM) -> None:
    """Write a model that gensim 4 loads, queries and trains further.

    Parameters
    ----------
    path : str or os.PathLike
        The main file. Each file is written atomically, those beside the main one first.
    state : ModelState
        `vectors["expandos"]` must hold "count" and "sample_int", and with hs "code" and "point".
    separate_from : int, default 10485760
        Matrices of this many elements or more go to files of their own, as gensim does.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    separate: list[str] = []
    settings = dict(state.settings)
    settings.pop("hashfxn", None)
    for name, matrix in (("syn1", state.syn1), ("syn1neg", state.syn1neg)):
        if matrix is not None:
            _place(path, settings, name, matrix, separate, separate_from)
    settings |= {
        "layer1_size": settings["vector_size"],
        "hashfxn": Global("builtins", "hash"),
        "load": Global("gensim.utils", "call_on_class_only"),
        "raw_vocab": Object(
            Global("collections", "defaultdict"), (Global("builtins", "int"),), state.raw_vocab
        ),
        "wv": _vectors_object(path, ".wv", state.vectors, separate_from),
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
    _write_pickle(path, Object(Global("gensim.models.word2vec", "Word2Vec"), None, state=settings))


def write_keyedvectors(path: PathLike, state: VectorsState, separate_from: int = SEPARATE_FROM) -> None:
    """Write KeyedVectors that gensim 4 loads; parameters and errors as for `write_model`."""
    _write_pickle(path, _vectors_object(path, "", state, separate_from))


def _vectors_object(path: PathLike, part: str, state: VectorsState, separate_from: int) -> Object:
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
            _place(path, attributes, name, array, separate, separate_from, part)
    attributes |= {"__numpys": separate, "__scipys": [], "__ignoreds": [], "__recursive_saveloads": []}
    return Object(Global("gensim.models.keyedvectors", "KeyedVectors"), None, state=attributes)


def _place(
    path: PathLike,
    attributes: dict[str, Any],
    name: str,
    array: Array,
    separate: list[str],
    separate_from: int,
    part: str = "",
) -> None:
    """Put an array among the attributes of an object, or into a file of its own if it is large."""
    if array.size < separate_from:
        attributes[name] = array
        return
    separate.append(name)
    beside = f"{os.fspath(path)}{part}.{name}"
    if atomic.compression(path):
        with atomic.open_atomic(f"{beside}.npz") as handle:
            np.savez_compressed(handle, val=array)
    else:
        with atomic.open_atomic(f"{beside}.npy") as handle:
            np.lib.format.write_array(handle, np.asarray(array), allow_pickle=False)


def _write_pickle(path: PathLike, root: Object) -> None:
    with atomic.open_atomic(path) as handle:
        Pickler(handle).dump(root)
