"""Keyed vectors as plain values, and the files that hold them.

A `VectorState` has everything that files hold of keyed vectors. The functions of this module translate it to and from
the arrays and the JSON metadata of a native file, the pickles of gensim, and the formats of word2vec and finalfusion.
The layouts of these files are the business of `native`, `gensim`, `word2vec` and `finalfusion`; the class
`fastw2v.KeyedVectors` is built from a state by its own module.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.files import is_same_file
from fastw2v.common.logs import get_logger
from fastw2v.formats import describe_damage, native, word2vec
from fastw2v.formats.detect import detect_saved_format
from fastw2v.formats.keys import decode_keys, encode_keys, plain_keys
from fastw2v.formats.settings import MAX_WIDTH, unexpected
from fastw2v.vectors.ngrams import Ngrams
from fastw2v.vectors.row_table import warn_dropped

if TYPE_CHECKING:
    from fastw2v.formats.gensim import VectorsState

logger = get_logger(__name__, "models.keyedvectors")

Array = NDArray[Any]
PathLike = str | os.PathLike[str]

KIND = "keyedvectors"
_NGRAM_SETTINGS = ("bucket", "min_n", "max_n", "encoding")
_NGRAM_ARRAYS = ("vectors", "kept", "rows")
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
    ngrams : Ngrams or None
        The vectors of character n-grams, of vectors that fastText trained.
    gensim_attributes : dict of str to object, or None
        Of a file of gensim: `mapfile_path`, `lifecycle_events` and `settings.SAVED_PARTS`, as far as the object in it
        has them. They are not saved. None for every other file.
    """

    keys: list[Any]
    vectors: Array
    vector_size: int
    next_index: int
    mapfile_path: str | None = None
    lock_factors: Array | None = None
    expandos: dict[str, Array] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    ngrams: Ngrams | None = None
    gensim_attributes: dict[str, Any] | None = None


# --- what a state must fulfil


def checked(state: VectorState) -> VectorState:
    """Return a state whose parts belong together: `state`, with lock factors as an array.

    Every function that translates a state from or to a file calls this one, so that a file that was written can be
    read.

    Raises
    ------
    ValueError
        If a field has a value that it never has; the message names the field.
    """
    n_keys, vectors, size = len(state.keys), state.vectors, state.vector_size
    if vectors.ndim != 2 or len(vectors) not in (0, n_keys) or vectors.dtype.kind not in "biuf":
        raise ValueError(
            f"field 'vectors' is {described(vectors)}; expected one row of numbers for each of {n_keys} keys"
        )
    if not isinstance(size, (int, np.integer)) or size < 0 or (size > MAX_WIDTH and not len(vectors)):
        raise unexpected("vector_size", size, f"an integer from 0 to {MAX_WIDTH}")
    if len(vectors) and vectors.shape[1] != size:
        raise unexpected("vector_size", size, f"{vectors.shape[1]}, the width of the vectors")
    if not isinstance(state.next_index, (int, np.integer)) or not 0 <= state.next_index <= n_keys:
        raise unexpected("next_index", state.next_index, f"an integer from 0 to {n_keys}, the number of keys")
    if state.mapfile_path is not None and not isinstance(state.mapfile_path, str):
        raise unexpected("mapfile_path", state.mapfile_path, "a string or None")
    if len(set(state.keys) - {None}) != n_keys - state.keys.count(None):
        raise ValueError("field 'index_to_key' holds a key twice; expected distinct keys")
    factors = None if state.lock_factors is None else np.asarray(state.lock_factors)
    if factors is not None and (factors.ndim != 1 or not len(factors) or factors.dtype.kind not in "biuf"):
        raise ValueError(
            f"field 'vectors_lockf' is {described(factors)}; expected one number, or one for each key"
        )
    for name, values in state.expandos.items():
        if not isinstance(values, np.ndarray) or not values.ndim or len(values) != n_keys:
            raise ValueError(
                f"field 'expandos.{name:.80}' is {described(values)}; expected one value for each of {n_keys} keys"
            )
    if state.ngrams is not None:
        state.ngrams.check(size)
    return replace(state, lock_factors=factors)


def described(value: Any) -> str:
    """Return the kind of a value, for messages."""
    if not isinstance(value, np.ndarray):
        return f"a {type(value).__name__}"
    return f"an array of dtype {value.dtype} and shape {value.shape}"


# --- native files


def to_arrays(state: VectorState) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return a state as named arrays and metadata that JSON can hold.

    Raises
    ------
    ValueError
        If an attribute is neither numbers nor made of JSON types, or a key is neither str nor int, or if `checked`
        refuses the state.
    """
    state = checked(state)
    arrays: dict[str, Array] = {"vectors": state.vectors, **encode_keys(state.keys)}
    objects: dict[str, list[Any]] = {}
    attributes: dict[str, Any] = {}
    for name, values in state.expandos.items():
        if not isinstance(name, str):
            raise ValueError(f"the name {name!r:.80} in expandos is not a string; rename it")
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
        "kind": KIND,
        "vector_size": state.vector_size,
        "next_index": state.next_index,
        "mapfile_path": state.mapfile_path,
        "expandos": list(state.expandos),
        "object_expandos": objects,
        "attributes": attributes,
    }
    if state.ngrams is not None:
        ngrams = state.ngrams
        metadata["ngrams"] = {name: getattr(ngrams, name) for name in _NGRAM_SETTINGS}
        parts = {name: getattr(ngrams, name) for name in _NGRAM_ARRAYS}
        arrays |= {f"ngrams.{name}": array for name, array in parts.items() if array is not None}
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
    objects, names = metadata.get("object_expandos", {}), metadata.get("expandos", [])
    attributes = metadata.get("attributes", {})
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise unexpected("expandos", names, "a list of names")
    if len(set(names)) != len(names):
        raise unexpected("expandos", names, "distinct names")
    for field_name, value in (("object_expandos", objects), ("attributes", attributes)):
        if not isinstance(value, dict):
            raise unexpected(field_name, value, "an object")
    expandos: dict[str, Array] = {}
    for name in names:
        if name in objects:
            if not isinstance(objects[name], list):
                raise unexpected(f"object_expandos.{name:.80}", objects[name], "a list")
            expandos[name] = _object_array(objects[name])
        elif f"ragged.{name}.values" in arrays:
            expandos[name] = _split_ragged(
                name, arrays[f"ragged.{name}.values"], arrays[f"ragged.{name}.lengths"]
            )
        else:
            expandos[name] = np.array(arrays[f"expandos.{name}"])
        if not expandos[name].ndim:
            raise ValueError(
                f"field 'expandos.{name:.80}' is one value; expected one for each of {len(keys)} keys"
            )
        if len(expandos[name]) != len(keys):
            warn_dropped(name, len(expandos[name]), len(keys))
            del expandos[name]
    attributes = dict(attributes)
    for name, array in arrays.items():
        if name.startswith("attributes."):
            attributes[name.removeprefix("attributes.")] = np.array(array)
    return checked(
        VectorState(
            keys=keys,
            vectors=arrays["vectors"],
            vector_size=metadata["vector_size"],
            next_index=metadata.get("next_index", len(keys)),
            mapfile_path=metadata.get("mapfile_path"),
            lock_factors=np.array(arrays["vectors_lockf"]) if "vectors_lockf" in arrays else None,
            expandos=expandos,
            attributes=attributes,
            ngrams=_ngrams_from_arrays(arrays, metadata["ngrams"]) if "ngrams" in metadata else None,
        )
    )


def _ngrams_from_arrays(arrays: Mapping[str, Array], settings: Any) -> Ngrams:
    """Return the vectors of n-grams, which are taken over without a copy; `checked` checks them."""
    if not isinstance(settings, dict):
        raise unexpected("ngrams", settings, "an object")
    kept, rows = arrays.get("ngrams.kept"), arrays.get("ngrams.rows")
    if (kept is None) != (rows is None):
        raise ValueError("one of the fields 'ngrams.kept' and 'ngrams.rows' is missing")
    return Ngrams(
        arrays["ngrams.vectors"], **{name: settings[name] for name in _NGRAM_SETTINGS}, kept=kept, rows=rows
    )


def _split_ragged(name: str, values: Array, lengths: Array) -> Array:
    """Return an attribute of which each value is an array."""
    if (
        values.ndim != 1
        or lengths.ndim != 1
        or lengths.dtype != np.int64
        or (len(lengths) and lengths.min() < 0)
        or lengths.sum(dtype=np.float64) != len(values)
    ):
        raise ValueError(
            f"field 'ragged.{name:.80}.lengths' does not divide the values into one array for each key"
        )
    values = np.array(values)
    ends = np.cumsum(lengths).tolist()
    return _object_array(
        [values[end - length : end] for end, length in zip(ends, lengths.tolist(), strict=True)]
    )


def write(path: PathLike, state: VectorState) -> None:
    """Write a native file."""
    native.write(path, *to_arrays(state))


def read(
    path: PathLike, mmap: str | None = None, classes: Mapping[tuple[str, str], str] | None = None
) -> VectorState:
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

        found = gensim.read_keyedvectors(path, mmap, classes)
        with describe_damage(path):
            return from_gensim(found)
    arrays, metadata = native.read(path, mmap)
    if "wv" in metadata:
        arrays, metadata = vectors_of_model(arrays), metadata["wv"]
        if not isinstance(metadata, dict):
            raise ValueError(f"cannot load {str(path)!r}: {unexpected('wv', metadata, 'an object')}")
    elif metadata.get("kind") != KIND:
        raise ValueError(
            f"cannot load {str(path)!r}, which holds no vectors with keys: "
            f"{unexpected('kind', metadata.get('kind'), KIND)}"
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
    """Return the vectors of a file that gensim saved.

    Raises
    ------
    ValueError
        If its words have no vectors, or `checked` refuses the state.
    """
    n_keys = len(state["index_to_key"])
    if n_keys and not len(state["vectors"]):
        raise ValueError(f"its {n_keys} words have no vectors; save it in gensim once it has some")
    copies: dict[int, Array] = {}  # an array that serves as several attributes is copied once
    for values in state["expandos"].values():
        if id(values) not in copies:
            objects = values.dtype.hasobject
            copies[id(values)] = _object_array(list(values)) if objects else np.array(values)
    attributes = dict(state["saved_parts"])
    if state["lifecycle_events"]:
        attributes["lifecycle_events"] = state["lifecycle_events"]
    if "mapfile_path" in state:
        attributes["mapfile_path"] = state["mapfile_path"]
    return checked(
        VectorState(
            keys=state["index_to_key"],
            vectors=state["vectors"],
            vector_size=int(state["vector_size"]),
            next_index=len(state["index_to_key"]),
            mapfile_path=state.get("mapfile_path"),
            lock_factors=None if state["vectors_lockf"] is None else np.array(state["vectors_lockf"]),
            expandos={name: copies[id(values)] for name, values in state["expandos"].items()},
            gensim_attributes=attributes,
        )
    )


def to_gensim(state: VectorState, kind: str = "keyedvectors") -> VectorsState:
    """Return a state as the dictionary that the module `gensim` writes.

    Raises
    ------
    ValueError
        If `checked` refuses the state, it does not fit a file of gensim, or a key is neither str nor int.
    """
    state = checked(state)
    if state.vectors.dtype.kind != "f" or state.vectors.dtype.itemsize > 8:
        raise ValueError(
            f"vectors are {state.vectors.dtype}, and the files of gensim have floats of at most 64 bits; "
            "convert them with astype"
        )
    if state.keys and not len(state.vectors):
        raise ValueError(
            f"{len(state.keys)} keys have no vectors, which gensim cannot read; call resize_vectors() first"
        )
    _check_gensim_columns(state, of_model=kind == "word2vec")
    n_keys, factors = len(state.keys), state.lock_factors
    if factors is not None and len(factors) not in (1, n_keys):
        raise ValueError(
            f"field 'vectors_lockf' holds {len(factors)} factors, which gensim cannot read; assign np.ones(1), or one "
            f"factor for each of {n_keys} keys"
        )
    return {
        "kind": kind,
        "index_to_key": plain_keys(state.keys),
        "vectors": state.vectors,
        "vector_size": state.vector_size,
        "expandos": state.expandos,
        "vectors_lockf": None if factors is None else factors.astype(np.float32, copy=False),
        "lifecycle_events": [],
    }


def _check_gensim_columns(state: VectorState, of_model: bool) -> None:
    """Raise a ValueError if an attribute of keys is of a kind that is not read from files of gensim."""
    from fastw2v.formats import gensim

    for name, values in state.expandos.items():
        flat = values.dtype.kind in "biuf" and values.dtype.itemsize <= 8
        objects = values.dtype.hasobject and all(
            isinstance(value, np.ndarray) or type(value) in (int, float, bool, str, type(None))
            for value in values.flat
        )
        if not isinstance(name, str) or not (flat or objects):
            raise ValueError(
                f"expandos[{name!r:.80}] of type {values.dtype} cannot be stored in a file of gensim; convert it to "
                "numbers, or to objects that are strings or numbers, or delete it"
            )
    columns = {name: values.copy() for name, values in state.expandos.items()}
    gensim.check_expandos(columns, len(state.keys), of_model)


def write_gensim(path: PathLike, state: VectorState) -> None:
    """Write a pickle that gensim 4 loads as KeyedVectors."""
    from fastw2v.formats import gensim

    if state.ngrams is not None:
        logger.warning(
            "the vectors of n-grams are not written to files of gensim, only those of words; save() writes both"
        )
    gensim.write_keyedvectors(path, to_gensim(state))


# --- the word2vec format


def write_word2vec_format(
    path: PathLike,
    state: VectorState,
    *,
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
    if vocabulary_path is not None and is_same_file(path, vocabulary_path):
        raise ValueError(
            f"fname={os.fspath(path)!r} and fvocab={os.fspath(vocabulary_path)!r} are one file; choose another name"
        )
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
    if state.vectors.dtype.kind not in "biuf":
        raise ValueError(f"vectors are {state.vectors.dtype}, and the word2vec format has real numbers only")
    state = checked(state)
    vectors = state.vectors.astype(np.float32) if state.vectors.dtype.kind == "b" else state.vectors
    rows = _writing_order(state.keys, state.expandos.get(sort_attr))
    words = [f"{prefix}{state.keys[row]}" for row in rows.tolist()]
    if vocabulary_path is not None:
        word2vec.check_words(words, binary)  # before either file is written
        logger.info("storing vocabulary in %s", vocabulary_path)
        word2vec.write_counts(vocabulary_path, words, state.expandos[sort_attr][rows].tolist())
    logger.info("storing %sx%s projection weights into %s", total, state.vector_size, path)
    header = f"{total} {state.vector_size}" if write_header else None
    write_rows = word2vec.write_binary if binary else word2vec.write_text
    write_rows(path, words, vectors, rows, header, append)


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


# --- the finalfusion format

METADATA = "finalfusion_metadata"  # the attribute that holds the metadata of a file


def write_finalfusion(path: PathLike, state: VectorState, names: list[str]) -> None:
    """Write the finalfusion format; `names` are the keys as strings."""
    from fastw2v.formats import finalfusion

    state = checked(state)
    metadata = state.attributes.get(METADATA)
    if metadata is not None and not isinstance(metadata, str):
        raise ValueError(
            f"attribute {METADATA} is a {type(metadata).__name__}; assign a TOML text to it, or delete it"
        )
    if state.ngrams is not None:
        logger.warning(
            "the vectors of n-grams are not written to files of finalfusion, only those of words; save() writes both"
        )
    finalfusion.write(path, names, state.vectors, metadata)


def read_finalfusion(path: PathLike) -> VectorState:
    """Read a file in the finalfusion format.

    Raises
    ------
    ValueError
        If the file is damaged, or has what is not read; the message names it.
    OSError
        If the file cannot be read.
    """
    from fastw2v.formats import finalfusion

    found = finalfusion.read(path)
    with describe_damage(path):
        return checked(
            VectorState(
                keys=list(found.words),
                vectors=found.vectors,
                vector_size=found.vectors.shape[1],
                next_index=len(found.words),
                attributes={} if found.metadata is None else {METADATA: found.metadata},
            )
        )


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
