"""Keyed vectors as plain values, and the files that hold them.

A `VectorState` has everything that files hold of keyed vectors. The functions of this module translate it to and from
the arrays and the JSON metadata of a native file, the pickles of gensim, and the word2vec format. The layouts of these
files are the business of `native`, `gensim` and `word2vec`; the class `fastw2v.KeyedVectors` is built from a state by
its own module.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.formats import describe_damage, native, word2vec
from fastw2v.formats.detect import detect_saved_format
from fastw2v.formats.keys import decode_keys, encode_keys, plain_keys

if TYPE_CHECKING:
    from fastw2v.formats.gensim import VectorsState

logger = logging.getLogger("gensim.models.keyedvectors")

Array = NDArray[Any]
PathLike = str | os.PathLike[str]

MODEL_PREFIX = "wv."  # of the names of the vectors' arrays in the file of a model


@dataclass(eq=False)
class VectorState:
    """The contents of keyed vectors.

    Attributes
    ----------
    keys : list
        The key of each row, a str or an int; None for an empty row.
    vectors : ndarray, shape (len(keys), vector_size)
    vector_size : int
    next_index : int
        Every row before this one has a key.
    mapfile_path : str or None
    lock_factors : ndarray or None
        Factors on the learning rate.
    expandos : dict of str to ndarray, shape (len(keys),)
        Attributes of the keys.
    attributes : dict of str to object
        Other attributes that users have set on the object.
    """

    keys: list[Any]
    vectors: Array
    vector_size: int
    next_index: int
    mapfile_path: str | None = None
    lock_factors: Array | None = None
    expandos: dict[str, Array] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)


# --- native files


def to_arrays(state: VectorState) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return a state as named arrays and metadata that JSON can hold.

    Raises
    ------
    ValueError
        If an attribute is neither numbers nor made of JSON types, or a key is neither str nor int.
    """
    arrays: dict[str, Array] = {"vectors": state.vectors, **encode_keys(state.keys)}
    objects: dict[str, list[Any]] = {}
    attributes: dict[str, Any] = {}
    for name, values in state.expandos.items():
        if values.dtype.kind in "biuf":
            arrays[f"expandos.{name}"] = values
        elif _is_ragged(values):
            arrays[f"ragged.{name}.values"] = np.concatenate(values)
            arrays[f"ragged.{name}.lengths"] = np.array([len(value) for value in values], dtype=np.int64)
        else:
            objects[name] = _checked_json(f"expandos[{name!r}]", values.tolist(), name)
    if state.lock_factors is not None:
        arrays["vectors_lockf"] = state.lock_factors
    for name, value in state.attributes.items():
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            arrays[f"attributes.{name}"] = value
        else:
            attributes[name] = _checked_json(name, value, name)
    metadata = {
        "kind": "keyedvectors",
        "vector_size": state.vector_size,
        "next_index": state.next_index,
        "mapfile_path": state.mapfile_path,
        "expandos": list(state.expandos),
        "object_expandos": objects,
        "attributes": attributes,
    }
    return arrays, metadata


def from_arrays(arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> VectorState:
    """Return the state that `to_arrays` turned into arrays and metadata.

    The matrix of vectors is taken over without a copy; all other arrays are copied.

    Raises
    ------
    ValueError
        If the parts contradict each other. Parts that are missing or have another type lead to other exceptions; call
        this function within `describe_damage`.
    """
    keys = decode_keys(arrays)
    vectors = arrays["vectors"]
    if vectors.ndim != 2 or len(vectors) not in (0, len(keys)) or vectors.dtype.kind not in "biuf":
        raise ValueError(
            f"the file holds {len(keys)} keys and vectors of shape {vectors.shape}; it is damaged"
        )
    objects = metadata.get("object_expandos", {})
    expandos: dict[str, Array] = {}
    for name in metadata.get("expandos", ()):
        if name in objects:
            expandos[name] = _object_array(objects[name])
        elif f"ragged.{name}.values" in arrays:
            ends = np.cumsum(arrays[f"ragged.{name}.lengths"])
            expandos[name] = _object_array(np.split(np.array(arrays[f"ragged.{name}.values"]), ends[:-1]))
        else:
            expandos[name] = np.array(arrays[f"expandos.{name}"])
        if len(expandos[name]) != len(keys):
            raise ValueError(
                f"the attribute {name!r:.80} of its words is not one value for each of {len(keys)}"
            )
    attributes = dict(metadata.get("attributes", {}))
    for name, array in arrays.items():
        if name.startswith("attributes."):
            attributes[name.removeprefix("attributes.")] = np.array(array)
    return VectorState(
        keys=keys,
        vectors=vectors,
        vector_size=int(metadata["vector_size"]),
        next_index=int(metadata.get("next_index", len(keys))),
        mapfile_path=metadata.get("mapfile_path"),
        lock_factors=np.array(arrays["vectors_lockf"]) if "vectors_lockf" in arrays else None,
        expandos=expandos,
        attributes=attributes,
    )


def write(path: PathLike, state: VectorState) -> None:
    """Write a native file."""
    native.write(path, *to_arrays(state))


def read(path: PathLike, mmap: str | None = None) -> VectorState:
    """Read vectors from a native file, from the native file of a model, or from a file that gensim saved.

    Raises
    ------
    ValueError, pickle.UnpicklingError
        If the file holds no vectors, or is damaged; the message names it.
    OSError
        If the file cannot be read.
    """
    if detect_saved_format(path) == "gensim":
        from fastw2v.formats import gensim

        return from_gensim(gensim.read_keyedvectors(path, mmap))
    arrays, metadata = native.read(path, mmap)
    if "wv" in metadata:
        arrays, metadata = vectors_of_model(arrays), metadata["wv"]
    elif metadata.get("kind") != "keyedvectors":
        raise ValueError(
            f"{str(path)!r} holds {metadata.get('kind', 'something else')!r}, not vectors with keys"
        )
    with describe_damage(path):
        return from_arrays(arrays, metadata)


def vectors_of_model(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays of the vectors from those of a model."""
    return {
        name.removeprefix(MODEL_PREFIX): array
        for name, array in arrays.items()
        if name.startswith(MODEL_PREFIX)
    }


# --- files of gensim


def from_gensim(state: VectorsState) -> VectorState:
    """Return the vectors of a file that gensim saved."""
    return VectorState(
        keys=state["index_to_key"],
        vectors=state["vectors"],
        vector_size=int(state["vector_size"]),
        next_index=len(state["index_to_key"]),
        lock_factors=None if state["vectors_lockf"] is None else np.array(state["vectors_lockf"]),
        expandos={
            name: _object_array(list(values)) if values.dtype.hasobject else np.array(values)
            for name, values in state["expandos"].items()
        },
    )


def to_gensim(state: VectorState, kind: str = "keyedvectors") -> VectorsState:
    """Return a state as the dictionary that the module `gensim` writes.

    Raises
    ------
    ValueError
        If a key is neither str nor int: `gensim.read_keyedvectors` would refuse the file.
    """
    return {
        "kind": kind,
        "index_to_key": plain_keys(state.keys),
        "vectors": state.vectors,
        "vector_size": state.vector_size,
        "expandos": state.expandos,
        "vectors_lockf": state.lock_factors,
        "lifecycle_events": [],
    }


def write_gensim(path: PathLike, state: VectorState) -> None:
    """Write a pickle that gensim 4 loads as KeyedVectors."""
    from fastw2v.formats import gensim

    gensim.write_keyedvectors(path, to_gensim(state))


# --- the word2vec format


def write_word2vec_format(
    path: PathLike,
    state: VectorState,
    vocabulary_path: PathLike | None,
    binary: bool,
    total: int | None,
    write_header: bool,
    prefix: str,
    append: bool,
    sort_attr: str,
    name: str,
) -> None:
    """Write the word2vec format; the parameters are those of ``KeyedVectors.save_word2vec_format``.

    `name` is how log messages call the vectors.
    """
    total = len(state.keys) if total is None else total
    if sort_attr not in state.expandos:
        if vocabulary_path is not None:
            raise ValueError(
                f"Cannot store vocabulary with '{sort_attr}' because that attribute does not exist"
            )
        logger.warning(
            "attribute %s not present in %s; will store in internal index_to_key order", sort_attr, name
        )
    if None in state.keys:
        raise ValueError(f"row {state.keys.index(None)} has no key; name it with add_vector() or remove it")
    rows = _writing_order(state.keys, state.expandos.get(sort_attr))
    words = [f"{prefix}{state.keys[row]}" for row in rows.tolist()]
    if vocabulary_path is not None:
        word2vec.check_words(words, binary)  # before either file is written
        logger.info("storing vocabulary in %s", vocabulary_path)
        word2vec.write_counts(vocabulary_path, words, state.expandos[sort_attr][rows].tolist())
    logger.info("storing %sx%s projection weights into %s", total, state.vector_size, path)
    header = f"{total} {state.vector_size}" if write_header else None
    write_rows = word2vec.write_binary if binary else word2vec.write_text
    write_rows(path, words, state.vectors, rows, header, append)


def _writing_order(keys: list[Any], values: Array | None) -> NDArray[np.intp]:
    """Return the rows in the order of a word2vec file.

    Keys that are the number of their own row come first. The others are sorted by descending value; equal ones stay
    in the order of the rows.
    """
    count = len(keys)
    leading = 0
    while leading < count and _is_integer(keys[leading], leading):
        leading += 1
    rest = list(range(leading, count))
    if values is not None:
        rest.sort(key=values.tolist().__getitem__, reverse=True)
    return np.array([*range(leading), *rest], dtype=np.intp)


def _is_integer(key: Any, value: int) -> bool:
    return isinstance(key, (int, np.integer)) and key == value


# --- attributes


def _checked_json(what: str, value: Any, name: str) -> Any:
    """Return `value`, or raise a ValueError if JSON would not give back an equal value."""
    try:
        same = json.loads(json.dumps(value)) == value
    except (TypeError, ValueError, RecursionError):
        same = False
    if not same:
        raise ValueError(
            f"attribute {what} cannot be stored: it holds other things than numbers, strings, lists and "
            f"dicts of them; convert it, or leave it out with save(..., ignore=[{name!r}])"
        )
    return value


def _is_ragged(values: Array) -> bool:
    """Return whether an attribute is one array of numbers for each key, such as the codes of a Huffman tree."""
    return len(values) > 0 and all(
        isinstance(value, np.ndarray)
        and value.ndim == 1
        and value.dtype == values[0].dtype
        and value.dtype.kind in "biuf"
        for value in values
    )


def _object_array(values: list[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):  # a slice assignment would convert arrays in the list
        array[row] = value
    return array
