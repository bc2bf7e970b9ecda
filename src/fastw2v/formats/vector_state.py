"""Keyed vectors to and from files: what of a store goes into which array, line or record.

The layouts themselves are in `formats`, which knows words and arrays only.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastw2v import formats
from fastw2v.common import memory
from fastw2v.formats import word2vec
from fastw2v.formats.keys import decode_keys, encode_keys
from fastw2v.vectors.keyed_rows import Array
from fastw2v.vectors.vector_store import VectorStore

if TYPE_CHECKING:
    from fastw2v.formats.gensim import VectorsState

logger = logging.getLogger("gensim.models.keyedvectors")

PathLike = str | os.PathLike[str]

MODEL_PREFIX = "wv."  # of the arrays of a whole model's vectors

_STRUCTURE = {"vector_size", "index_to_key", "key_to_index", "next_index", "expandos", "mapfile_path"}
_STRUCTURE |= {"vectors_lockf", "huffman_tree", "vectors", "norms", "_vectors", "_norms", "_spare"}
_STRUCTURE |= {"words_before_update"}  # of the model, which keeps it in its own file


def to_state(
    store: VectorStore, ignore: Collection[str] = frozenset()
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return a store as (named arrays, JSON-able metadata).

    Parameters
    ----------
    ignore : collection of str
        Attributes to leave out, of the keys or of the object.

    Raises
    ------
    ValueError
        If an attribute is neither numbers nor made of JSON types, or a key is neither str nor int.
    """
    arrays: dict[str, Array] = {"vectors": store.vectors, **encode_keys(store.index_to_key)}
    objects: dict[str, list[Any]] = {}
    attributes: dict[str, Any] = {}
    for name, values in store.expandos.items():
        if name in ignore:
            continue
        if values.dtype.kind in "biuf":
            arrays[f"expandos.{name}"] = values
        elif _is_ragged(values):
            arrays[f"ragged.{name}.values"] = np.concatenate(values)
            arrays[f"ragged.{name}.lengths"] = np.array([len(value) for value in values], dtype=np.int64)
        else:
            objects[name] = _jsonable(f"expandos[{name!r}]", values.tolist(), name)
    if store.vectors_lockf is not None and "vectors_lockf" not in ignore:
        arrays["vectors_lockf"] = store.vectors_lockf
    for name, value in store.__dict__.items():
        if name in _STRUCTURE or name in ignore:
            continue
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            arrays[f"attributes.{name}"] = value
        else:
            attributes[name] = _jsonable(name, value, name)
    metadata = {
        "kind": "keyedvectors",
        "vector_size": store.vector_size,
        "next_index": store.next_index,
        "mapfile_path": store.mapfile_path,
        "expandos": [name for name in store.expandos if name not in ignore],
        "object_expandos": objects,
        "attributes": attributes,
    }
    return arrays, metadata


def from_state(
    store: VectorStore, arrays: dict[str, Array], metadata: dict[str, Any], mapped: bool = False
) -> None:
    """Fill an empty store with what `to_state` returned.

    Parameters
    ----------
    mapped : bool, default False
        The arrays are memory maps. The matrix is then kept as it is; the attributes are read into memory.

    Raises
    ------
    ValueError
        If the parts contradict each other.
    """
    keys = metadata["index_to_key"] if "index_to_key" in metadata else decode_keys(arrays)
    vectors = arrays["vectors"]
    if vectors.ndim != 2 or len(vectors) not in (0, len(keys)) or vectors.dtype.kind not in "biuf":
        raise ValueError(
            f"the file holds {len(keys)} keys and vectors of shape {vectors.shape}; it is damaged"
        )
    foreign = _STRUCTURE & set(metadata.get("attributes", ()))
    if foreign:
        raise ValueError(f"{foreign.pop()!r} cannot be an attribute; the file is damaged")
    store.index_to_key = keys
    store.key_to_index = {key: row for row, key in enumerate(keys) if key is not None}
    store.vectors = vectors if mapped or vectors.flags.writeable else _writable(vectors)
    store.next_index = int(metadata.get("next_index", len(keys)))
    store.mapfile_path = metadata.get("mapfile_path")
    objects = metadata.get("object_expandos", {})
    for name in metadata.get("expandos", ()):
        if name in objects:
            store.expandos[name] = _object_column(objects[name])
        elif f"ragged.{name}.values" in arrays:
            ends = np.cumsum(arrays[f"ragged.{name}.lengths"])
            store.expandos[name] = _object_column(
                np.split(np.array(arrays[f"ragged.{name}.values"]), ends[:-1])
            )
        else:
            store.expandos[name] = np.array(arrays[f"expandos.{name}"])
        if len(store.expandos[name]) != len(keys):
            raise ValueError(
                f"the attribute {name!r:.80} of its words is not one value for each of {len(keys)}"
            )
    if "vectors_lockf" in arrays:
        store.vectors_lockf = np.array(arrays["vectors_lockf"])
    for name, value in metadata.get("attributes", {}).items():
        setattr(store, name, value)
    for name, array in arrays.items():
        if name.startswith("attributes."):
            setattr(store, name.removeprefix("attributes."), np.array(array))


def save(path: PathLike, arrays: dict[str, Array], metadata: dict[str, Any]) -> None:
    """Write a state of a store to one file."""
    from fastw2v.formats import native

    native.write(path, arrays, metadata)


def load(path: PathLike, mmap: str | None = None) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read the state of a store from its own file, that of a whole model, or one that gensim saved."""
    if formats.detect_saved_format(path) == "gensim":
        from fastw2v.formats import gensim

        return state_from_gensim(gensim.read_keyedvectors(path, mmap))
    from fastw2v.formats import native

    arrays, metadata = native.read(path, mmap)
    if "wv" in metadata:
        own = {name: array for name, array in arrays.items() if name.startswith(MODEL_PREFIX)}
        return {name.removeprefix(MODEL_PREFIX): array for name, array in own.items()}, metadata["wv"]
    if metadata.get("kind") != "keyedvectors":
        raise ValueError(
            f"{str(path)!r} holds {metadata.get('kind', 'something else')!r}, not vectors with keys"
        )
    return arrays, metadata


def state_from_gensim(state: VectorsState) -> tuple[dict[str, Array], dict[str, Any]]:
    """Turn vectors that gensim saved into what `from_state` takes."""
    arrays: dict[str, Array] = {"vectors": state["vectors"]}
    objects: dict[str, list[Any]] = {}
    for name, values in state["expandos"].items():
        if values.dtype.hasobject:
            objects[name] = list(values)
        else:
            arrays[f"expandos.{name}"] = values
    if state["vectors_lockf"] is not None:
        arrays["vectors_lockf"] = state["vectors_lockf"]
    metadata = {
        "index_to_key": state["index_to_key"],
        "vector_size": state["vector_size"],
        "expandos": list(state["expandos"]),
        "object_expandos": objects,
    }
    return arrays, metadata


def save_gensim(store: VectorStore, path: PathLike) -> None:
    """Write a pickle that gensim 4 loads as KeyedVectors."""
    from fastw2v.formats import gensim

    state: VectorsState = {
        "kind": "keyedvectors",
        "index_to_key": store.index_to_key,
        "vectors": store.vectors,
        "vector_size": store.vector_size,
        "expandos": store.expandos,
        "vectors_lockf": store.vectors_lockf,
        "lifecycle_events": [],
    }
    gensim.write_keyedvectors(path, state)


def save_word2vec_format(
    store: VectorStore,
    path: PathLike,
    vocabulary_path: PathLike | None,
    binary: bool,
    total: int | None,
    write_header: bool,
    prefix: str,
    append: bool,
    sort_attr: str,
) -> None:
    """Write a store in the word2vec format; see ``KeyedVectors.save_word2vec_format``."""
    total = len(store.index_to_key) if total is None else total
    if sort_attr not in store.expandos:
        if vocabulary_path is not None:
            raise ValueError(
                f"Cannot store vocabulary with '{sort_attr}' because that attribute does not exist"
            )
        logger.warning(
            "attribute %s not present in %s; will store in internal index_to_key order", sort_attr, store
        )
    if None in store.index_to_key:
        raise ValueError(
            f"row {store.index_to_key.index(None)} has no key; name it with add_vector() or remove it"
        )
    rows = _writing_order(store, sort_attr)
    words = [f"{prefix}{store.index_to_key[row]}" for row in rows.tolist()]
    if vocabulary_path is not None:
        word2vec.check_words(words, binary)  # before anything is written, this file included
        logger.info("storing vocabulary in %s", vocabulary_path)
        word2vec.write_counts(vocabulary_path, words, store.expandos[sort_attr][rows].tolist())
    logger.info("storing %sx%s projection weights into %s", total, store.vector_size, path)
    header = f"{total} {store.vector_size}" if write_header else None
    write = word2vec.write_binary if binary else word2vec.write_text
    write(path, words, store.vectors, rows, header, append)


def intersect_word2vec_format(
    store: VectorStore, path: PathLike, lockf: float, binary: bool, encoding: str, unicode_errors: str
) -> int:
    """Overwrite the vectors of those keys that a word2vec file has too, and return how many there were."""
    logger.info("loading projection weights from %s", path)
    read = word2vec.read_binary if binary else word2vec.read_text
    index, matrix = read(path, encoding=encoding, unicode_errors=unicode_errors, only=store.key_to_index)
    if matrix.shape[1] != store.vector_size:
        raise ValueError(
            f"incompatible vector size {matrix.shape[1]} in file {path}: "
            f"the vectors here have size {store.vector_size}"
        )
    store.take_over(list(index), matrix, lockf)
    return len(index)


def _writing_order(store: VectorStore, sort_attr: str) -> NDArray[np.intp]:
    """Rows in the order of a word2vec file: keys that are their own row number, then by falling attribute."""
    count = len(store.index_to_key)
    leading = 0
    while leading < count and _is_integer(store.index_to_key[leading], leading):
        leading += 1
    rest = list(range(leading, count))
    if sort_attr in store.expandos:
        values = store.expandos[sort_attr].tolist()
        rest.sort(key=values.__getitem__, reverse=True)  # stable: equal ones stay in order of row
    return np.array([*range(leading), *rest], dtype=np.intp)


def _is_integer(key: Any, value: int) -> bool:
    return isinstance(key, (int, np.integer)) and key == value


def _jsonable(what: str, value: Any, name: str) -> Any:
    """`value`, if JSON gives back the same."""
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
    """Whether an attribute holds one array of numbers a key, such as the codes of a Huffman tree."""
    return len(values) > 0 and all(
        isinstance(value, np.ndarray)
        and value.ndim == 1
        and value.dtype == values[0].dtype
        and value.dtype.kind in "biuf"
        for value in values
    )


def _object_column(values: list[Any]) -> Array:
    column = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):  # a slice assignment would take arrays apart
        column[row] = value
    return column


def _writable(array: Array) -> Array:
    copy = memory.empty(array.shape, array.dtype)
    copy[...] = array
    return copy
