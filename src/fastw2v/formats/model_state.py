"""A Word2Vec model as plain values, and the files that hold it.

A `ModelState` has everything that files hold of a model: settings, vectors, output weights, the Huffman tree as it was
trained, raw counts, and the state of the random generator. A model that is loaded and trained further therefore draws
the same numbers as the original. The functions of this module translate a state to and from native files and the
pickles of gensim; the class `fastw2v.Word2Vec` is built from a state by its own module.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fastw2v.formats import describe_damage, native, vector_state
from fastw2v.formats.detect import detect_saved_format
from fastw2v.formats.keys import decode_keys, encode_keys, plain_keys
from fastw2v.formats.vector_state import VectorState

logger = logging.getLogger(__name__)

Array = NDArray[Any]
RandomState = tuple[str, Array, int, int, float]

KIND = "Word2Vec"
SETTINGS = (
    "vector_size", "workers", "epochs", "train_count", "total_train_time", "batch_words", "sg", "alpha", "min_alpha",
    "window", "shrink_windows", "hs", "negative", "ns_exponent", "cbow_mean", "compute_loss", "running_training_loss",
    "loss_history", "min_alpha_yet_reached", "corpus_count", "corpus_total_words", "max_final_vocab", "max_vocab_size",
    "min_count", "effective_min_count", "sample", "sorted_vocab", "null_word", "seed", "comment", "corpus_budget",
    "lifecycle_events", "words_before_update", "shared_negatives",
)  # fmt: skip
LISTS = {"loss_history", "lifecycle_events"}
NOT_IN_GENSIM = {"loss_history", "corpus_budget", "words_before_update", "shared_negatives"}
WEIGHTS = ("syn1neg", "syn1")
TREE = ("tree.offsets", "tree.points", "tree.codes")
RAW_COUNTS = "raw_vocab."  # prefix of the names of arrays


@dataclass(eq=False)
class ModelState:
    """The contents of a model.

    Attributes
    ----------
    settings : dict of str to object
        `SETTINGS`, and whatever else users have set on the model.
    vectors : VectorState
        The words and their vectors.
    weights : dict of str to ndarray
        Those of `WEIGHTS` that the model has.
    tree : tuple of three ndarrays, or None
        Offsets, points and codes of the Huffman tree.
    raw_counts : mapping of word to int
        Counts that were kept for later updates.
    random_state : tuple or None
        State of the Mersenne twister, for `numpy.random.RandomState.set_state`; None means seeding a new one.
    """

    settings: dict[str, Any]
    vectors: VectorState
    weights: dict[str, Array] = field(default_factory=dict)
    tree: tuple[Array, Array, Array] | None = None
    raw_counts: Mapping[Any, int] = field(default_factory=dict)
    random_state: RandomState | None = None


# --- native files


def to_arrays(state: ModelState) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return a state as named arrays and metadata that JSON can hold.

    Raises
    ------
    ValueError
        If an attribute of the vectors, or a key, cannot be stored.
    """
    wv_arrays, wv_metadata = vector_state.to_arrays(state.vectors)
    arrays = {f"{vector_state.MODEL_PREFIX}{name}": array for name, array in wv_arrays.items()}
    arrays.update(state.weights)
    if state.tree is not None:
        arrays.update(zip(TREE, state.tree, strict=True))
    if state.raw_counts:
        keys = encode_keys(list(state.raw_counts))
        arrays.update({f"{RAW_COUNTS}{name}": array for name, array in keys.items()})
        arrays[f"{RAW_COUNTS}counts"] = np.fromiter(
            state.raw_counts.values(), np.int64, len(state.raw_counts)
        )
    assert state.random_state is not None
    _, key, position, has_gauss, cached_gaussian = state.random_state
    arrays["random.key"] = np.asarray(key, dtype=np.uint32)
    metadata = {
        "kind": KIND,
        "settings": _json_settings(state.settings),
        "random": {"position": position, "has_gauss": has_gauss, "cached_gaussian": cached_gaussian},
        "wv": wv_metadata,
    }
    return arrays, metadata


def from_arrays(arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> ModelState:
    """Return the state that `to_arrays` turned into arrays and metadata; matrices are taken over without a copy.

    Raises
    ------
    ValueError
        If a part is of a wrong type. Missing parts lead to other exceptions; call this function within
        `describe_damage`.
    """
    settings = _checked_settings(dict(metadata["settings"]))
    vectors = vector_state.from_arrays(vector_state.vectors_of_model(arrays), metadata["wv"])
    random = metadata["random"]
    tree = None
    if TREE[0] in arrays:
        offsets, points, codes = (np.ascontiguousarray(arrays[name]) for name in TREE)
        tree = offsets, points, codes
    raw_counts: dict[Any, int] = {}
    if f"{RAW_COUNTS}counts" in arrays:
        keys = {
            name.removeprefix(RAW_COUNTS): array
            for name, array in arrays.items()
            if name.startswith(RAW_COUNTS)
        }
        counts = keys.pop("counts")
        raw_counts.update(zip(decode_keys(keys), counts.tolist(), strict=True))
    return ModelState(
        settings,
        vectors,
        {name: _checked_weights(name, arrays[name]) for name in WEIGHTS if name in arrays},
        tree,
        raw_counts,
        (
            "MT19937",
            arrays["random.key"],
            random["position"],
            random["has_gauss"],
            random["cached_gaussian"],
        ),
    )


def write(path: Any, state: ModelState) -> None:
    """Write a native file, to a path or to an open binary file."""
    arrays, metadata = to_arrays(state)
    if not hasattr(path, "write"):
        native.write(path, arrays, metadata)
        return
    with tempfile.TemporaryDirectory(prefix="fastw2v-") as directory:
        file = os.path.join(directory, "model")
        native.write(file, arrays, metadata)
        with open(file, "rb") as source:
            shutil.copyfileobj(source, path)


def read(path: Any, mmap: str | None = None) -> ModelState:
    """Read a model from a native file, or from a file of gensim.

    Raises
    ------
    AttributeError
        If the file holds vectors without a model, as gensim's `Word2Vec.load` does.
    ValueError, OSError, pickle.UnpicklingError
        If the file holds something else, is damaged, or cannot be read.
    """
    if detect_saved_format(path) == "gensim":
        return _read_gensim(path, mmap)
    arrays, metadata = native.read(path, mmap=mmap)
    if metadata.get("kind") != KIND:
        raise _no_model(path, metadata.get("kind", "arrays"))
    with describe_damage(path):
        return from_arrays(arrays, metadata)


def _json_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that JSON can hold, and log a warning for each of the others."""
    kept = {}
    for name, value in settings.items():
        if isinstance(value, np.generic):
            value = value.item()
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            logger.warning("attribute %s=%.100r cannot be written as JSON and is not saved", name, value)
            continue
        kept[name] = value
    return kept


def _checked_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return `settings`, or raise a ValueError if one has a type that it never has in a model."""
    for name in SETTINGS:
        kinds = (list,) if name in LISTS else (int, float, type(None))
        if name != "comment" and not isinstance(settings.get(name, [] if name in LISTS else None), kinds):
            raise ValueError(f"its setting {name} is a {type(settings[name]).__name__}")
    return settings


def _checked_weights(name: str, weights: Array) -> Array:
    """Return `weights`, or raise a ValueError if they are not a matrix; training checks whether the shape fits."""
    if weights.ndim != 2 or weights.dtype.kind != "f":
        raise ValueError(f"its {name} is not a matrix of floats")
    return weights


def _no_model(path: Any, kind: str) -> AttributeError:
    return AttributeError(f"{path} holds {kind}, not a {KIND} model; use KeyedVectors.load() for vectors")


# --- files of gensim


def write_gensim(path: Any, state: ModelState) -> None:
    """Write a pickle that gensim 4 loads, queries and trains further."""
    from fastw2v.formats import gensim

    vectors = state.vectors
    if state.tree is not None:
        offsets, points, codes = state.tree
        paths = {"code": _split(codes, offsets), "point": _split(points, offsets)}
        vectors = replace(vectors, expandos={**vectors.expandos, **paths})
    settings = {name: state.settings[name] for name in SETTINGS if name not in NOT_IN_GENSIM}
    gensim_model = gensim.ModelState(
        vector_state.to_gensim(vectors, "word2vec"),
        settings,
        state.weights.get("syn1"),
        state.weights.get("syn1neg"),
        dict(zip(plain_keys(list(state.raw_counts)), state.raw_counts.values(), strict=True)),
        cast(RandomState, state.random_state),
    )
    gensim.write_model(path, gensim_model)


def _read_gensim(path: Any, mmap: str | None) -> ModelState:
    """Read a model that gensim saved; its Huffman tree becomes `tree`."""
    from fastw2v.formats import gensim

    found = gensim.read_model(path, mmap=mmap)
    if found.kind != "word2vec":
        raise _no_model(path, found.kind)
    vectors = vector_state.from_gensim(found.vectors)
    codes, points = vectors.expandos.pop("code", None), vectors.expandos.pop("point", None)
    tree = None
    if codes is not None and points is not None and found.settings.get("hs"):
        tree = _join(points, codes)
    weights = {"syn1": found.syn1, "syn1neg": found.syn1neg}
    return ModelState(
        dict(found.settings),
        vectors,
        {name: array for name, array in weights.items() if array is not None},
        tree,
        found.raw_vocab,
        found.random_state,
    )


def _join(points: Array, codes: Array) -> tuple[Array, Array, Array]:
    """Return offsets, points and codes of a tree, given an array of arrays, one for each word."""
    offsets = np.zeros(len(codes) + 1, dtype=np.int64)
    np.cumsum([len(code) for code in codes], out=offsets[1:])
    flat_points = np.concatenate([np.empty(0, np.uint32), *points]).astype(np.uint32, copy=False)
    flat_codes = np.concatenate([np.empty(0, np.uint8), *codes]).astype(np.uint8, copy=False)
    return offsets, flat_points, flat_codes


def _split(values: Array, offsets: Array) -> Array:
    """Return an array of arrays, one for each word, from a flat array and the offsets of the words."""
    rows = np.empty(len(offsets) - 1, dtype=object)
    for row in range(len(rows)):
        rows[row] = values[offsets[row] : offsets[row + 1]]
    return rows
