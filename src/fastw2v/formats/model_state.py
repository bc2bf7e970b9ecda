"""A Word2Vec model as plain values, and the files that hold it.

A `ModelState` has everything that files hold of a model: settings, vectors, output weights, the Huffman tree as it was
trained, raw counts, and the state of the random generator. A model that is loaded and trained further therefore draws
the same numbers as the original. The functions of this module translate a state to and from native files and the
pickles of gensim; the class `fastw2v.Word2Vec` is built from a state by its own module.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.logs import get_logger
from fastw2v.common.validation import RandomStateTuple, checked_random_state
from fastw2v.common.windows import sides_of
from fastw2v.formats import describe_damage, native, vector_state
from fastw2v.formats.detect import detect_saved_format
from fastw2v.formats.keys import decode_keys, encode_keys, plain_keys
from fastw2v.formats.settings import (
    MAX_COUNT,
    MAX_WIDTH,
    NEGATIVE_SAMPLING,
    SETTINGS,
    checked_settings,
    unexpected,
)
from fastw2v.formats.vector_state import VectorState
from fastw2v.vocabulary.huffman import HuffmanTree
from fastw2v.vocabulary.subsampling import subsample_threshold

logger = get_logger(__name__, "models.word2vec")

Array = NDArray[Any]

KIND = "Word2Vec"
NOT_IN_GENSIM = {
    "loss_history", "corpus_budget", "words_before_update", "shared_negatives", "objective", "tied_weights",
    "logq_correction", "negative_pool", "max_words", "count_decay", "stream_sentences", "stream_words",
    "cbow_update", "final_window", "window_weights", "full_windows", "max_norm", "reproducible", "virtual_workers",
    "round_words",
    "text_history", "validation_loss_history",
}  # fmt: skip
WEIGHTS = ("syn1neg", "syn1neg_bias", "syn1")
TREE = ("tree.offsets", "tree.points", "tree.codes")
ANCHORS = (
    "anchor."  # prefix of the names of the values that updates are anchored to, one array for each weights
)
RAW_COUNTS = "raw_vocab."  # prefix of the names of arrays
_MAX_NOISE_BITS = 980  # of a power of a count, so that the sum of 2**40 of them is a finite float


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
    anchors : dict of str to float32 array
        The values that the model keeps for its updates, by the names of their weights.
    saved_parts : dict of str to list of str
        Those of `settings.SAVED_PARTS` that a model in a file of gensim has. They are not saved.
    """

    settings: dict[str, Any]
    vectors: VectorState
    weights: dict[str, Array] = field(default_factory=dict)
    tree: tuple[Array, Array, Array] | None = None
    raw_counts: Mapping[Any, int] = field(default_factory=dict)
    random_state: RandomStateTuple | None = None
    anchors: dict[str, Array] = field(default_factory=dict)
    saved_parts: dict[str, list[str]] = field(default_factory=dict)


# --- what a state must fulfil


def checked(state: ModelState) -> ModelState:
    """Return a state that a model can work with: `state`, with settings and counts in the form that files have.

    Every reader calls this function before it returns a state, and every writer before it opens a file. A file that was
    written can therefore be read, and each number of a file is checked before it is used. `vector_state.checked` does
    the same for the vectors.

    Raises
    ------
    ValueError
        If a field has a value that it has in no model; the message names the field.
    """
    vectors, n_keys = state.vectors, len(state.vectors.keys)
    settings = checked_settings(state.settings)
    if len(vectors.vectors):
        settings["vector_size"] = vectors.vector_size
    elif settings.get("vector_size", 0) > MAX_WIDTH:
        raise unexpected("vector_size", settings["vector_size"], f"at most {MAX_WIDTH}")
    words = settings.get("words_before_update")
    if words is not None and words > n_keys:
        raise unexpected("words_before_update", words, f"at most {n_keys}, the number of words")
    size = settings.get("vector_size", vectors.vector_size)
    if not n_keys and size != vectors.vector_size:
        raise unexpected("vector_size", size, f"{vectors.vector_size}, the width of its vectors")
    for name in ("tied_weights", "logq_correction"):
        if settings.get(name) and settings.get("objective", NEGATIVE_SAMPLING) == NEGATIVE_SAMPLING:
            raise unexpected(name, settings[name], f"0 where objective is {NEGATIVE_SAMPLING}")
    counts = {
        name: _checked_counts(f"expandos.{name}", vectors.expandos[name], dtype, largest)
        for name, dtype, largest in (("count", np.int64, MAX_COUNT), ("sample_int", np.uint32, 2**32 - 1))
        if name in vectors.expandos
    }
    exponent = settings.get("ns_exponent", 0.75)
    if (
        n_keys
        and "count" in counts
        and exponent * math.log2(max(int(counts["count"].max()), 1)) > _MAX_NOISE_BITS
    ):
        raise unexpected(
            "ns_exponent", exponent, "an exponent under which the powers of the counts do not overflow"
        )
    for name, weights in {"wv.vectors": vectors.vectors, **state.weights}.items():
        n_dimensions = 1 if name == "syn1neg_bias" else 2
        if not isinstance(weights, np.ndarray) or weights.ndim != n_dimensions or weights.dtype.kind != "f":
            raise ValueError(
                f"field {name!r} is {vector_state.described(weights)}; expected {n_dimensions}-dimensional floats"
            )
    for name, values in state.anchors.items():
        if name not in ("vectors", *WEIGHTS):
            raise unexpected("anchor", name, f"one of vectors, {', '.join(WEIGHTS)}")
        width = () if name == "syn1neg_bias" else (size,)
        if values.dtype != np.float32 or values.shape[1:] != width or not 1 <= len(values) <= n_keys:
            raise ValueError(
                f"field '{ANCHORS}{name}' is {vector_state.described(values)}; expected float32 values of at most "
                f"{n_keys} rows" + (f" and {size} columns" if width else "")
            )
    if state.tree is not None:
        HuffmanTree(*state.tree).check(n_keys)
    return replace(
        state,
        settings=settings,
        vectors=replace(vectors, expandos={**vectors.expandos, **counts}),
        raw_counts=_checked_raw_counts(state.raw_counts),
        random_state=None if state.random_state is None else checked_random_state(state.random_state),
    )


def _checked_counts(name: str, counts: Array, dtype: type[np.generic], largest: int) -> Array:
    """Return one count for each word as `dtype`."""
    if counts.ndim != 1 or counts.dtype.kind not in "iu":
        raise ValueError(
            f"field {name!r} is {vector_state.described(counts)}; expected one integer for each word"
        )
    if len(counts) and (counts.min() < 0 or counts.max() > largest):
        raise unexpected(
            name, int(counts.min() if counts.min() < 0 else counts.max()), f"integers from 0 to {largest}"
        )
    return counts.astype(dtype, copy=False)


def _checked_raw_counts(raw_counts: Mapping[Any, int]) -> dict[Any, int]:
    """Return raw counts of the words of a corpus as numbers of Python."""
    counts = {
        word: count.item() if isinstance(count, np.generic) else count for word, count in raw_counts.items()
    }
    total = 0
    for word, count in counts.items():
        if not isinstance(count, int) or not 0 <= count <= MAX_COUNT - total:
            raise unexpected(
                f"raw_vocab.{word!s:.40}", count, f"an integer >= 0, and a sum of at most {MAX_COUNT}"
            )
        total += count
    return counts


@contextlib.contextmanager
def _explain_saving() -> Iterator[None]:
    """Context manager that says what an error about a field means for somebody who saves a model."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"the model cannot be saved: {error}; assign such a value and save again") from error


# --- native files


def to_arrays(state: ModelState) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return a state as named arrays and metadata that JSON can hold.

    Raises
    ------
    ValueError
        If an attribute of the vectors, or a key, cannot be stored, or if `checked` refuses the state.
    """
    with _explain_saving():
        state = checked(state)
    wv_arrays, wv_metadata = vector_state.to_arrays(state.vectors)
    arrays = {f"{vector_state.MODEL_PREFIX}{name}": array for name, array in wv_arrays.items()}
    arrays.update(state.weights)
    arrays.update({f"{ANCHORS}{name}": array for name, array in state.anchors.items()})
    if state.tree is not None:
        arrays.update(zip(TREE, state.tree, strict=True))
    if state.raw_counts:
        keys = encode_keys(list(state.raw_counts))
        arrays.update({f"{RAW_COUNTS}{name}": array for name, array in keys.items()})
        arrays[f"{RAW_COUNTS}counts"] = np.fromiter(
            state.raw_counts.values(), np.int64, len(state.raw_counts)
        )
    if state.random_state is None:
        raise ValueError(
            "the model cannot be saved: field 'random' is None; assign np.random.RandomState(seed)"
        )
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
    settings, wv, random = (_checked_object(name, metadata[name]) for name in ("settings", "wv", "random"))
    vectors = vector_state.from_arrays(vector_state.vectors_of_model(arrays), wv)
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
        words = decode_keys(keys)
        if counts.shape != (len(words),):
            raise ValueError(
                f"field 'raw_vocab.counts' is {vector_state.described(counts)}; expected one integer for each of "
                f"{len(words)} words"
            )
        raw_counts.update(zip(words, counts.tolist(), strict=True))
    state = ModelState(
        settings,
        vectors,
        {name: arrays[name] for name in WEIGHTS if name in arrays},
        tree,
        raw_counts,
        (
            "MT19937",
            arrays["random.key"],
            random["position"],
            random["has_gauss"],
            random["cached_gaussian"],
        ),
        {name.removeprefix(ANCHORS): array for name, array in arrays.items() if name.startswith(ANCHORS)},
    )
    return checked(state)


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


def read(
    path: Any, mmap: str | None = None, classes: Mapping[tuple[str, str], str] | None = None
) -> ModelState:
    """Read a model from a native file, or from a file of gensim, which may hold one of the subclasses `classes`.

    Raises
    ------
    AttributeError
        If the file holds vectors without a model, as gensim's `Word2Vec.load` does.
    ValueError, OSError, pickle.UnpicklingError
        If the file holds something else, is damaged, or cannot be read.
    """
    if detect_saved_format(path) == "gensim":
        return _read_gensim(path, mmap, classes)
    arrays, metadata = native.read(path, mmap=mmap)
    kind = metadata.get("kind")
    if kind in (vector_state.KIND, "phrases"):
        raise _no_model(path, kind)
    if kind != KIND:
        raise ValueError(f"cannot load {str(path)!r}: {unexpected('kind', kind, KIND)}")
    with describe_damage(path):
        return from_arrays(arrays, metadata)


def _json_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that JSON can hold, and log a warning for each of the others."""
    kept = {}
    for name, value in settings.items():
        if isinstance(value, np.generic):
            value = value.item()
        try:
            native.json_text(value)
        except (TypeError, ValueError, RecursionError):
            logger.warning("attribute %s=%.100r cannot be written as JSON and is not saved", name, value)
            continue
        kept[name] = value
    return kept


def _checked_object(name: str, value: Any) -> dict[str, Any]:
    """Return a value of the metadata, or raise a ValueError if it is not an object of JSON."""
    if not isinstance(value, dict):
        raise unexpected(name, value, "an object")
    return value


def _no_model(path: Any, kind: str) -> AttributeError:
    return AttributeError(f"{path} holds {kind}, not a {KIND} model; use KeyedVectors.load() for vectors")


# --- files of gensim


def write_gensim(path: Any, state: ModelState) -> None:
    """Write a pickle that gensim 4 loads, queries and trains further."""
    from fastw2v.formats import gensim

    with _explain_saving():
        state = checked(state)
        _check_fit_for_gensim(state)
    vectors = state.vectors
    if state.tree is not None:
        offsets, points, codes = state.tree
        paths = {"code": _split(codes, offsets), "point": _split(points, offsets)}
        vectors = replace(vectors, expandos={**vectors.expandos, **paths})
    settings = {name: state.settings[name] for name in SETTINGS if name not in NOT_IN_GENSIM}
    if isinstance(settings["sample"], str):
        settings["sample"] = _share_of_percentile(settings["sample"], vectors.expandos.get("count"))
    settings["window"] = max(sides_of(settings["window"]))  # gensim knows windows with equal sides only
    gensim_model = gensim.ModelState(
        vector_state.to_gensim(vectors, "word2vec"),
        settings,
        state.weights.get("syn1"),
        state.weights.get("syn1neg"),
        dict(zip(plain_keys(list(state.raw_counts)), state.raw_counts.values(), strict=True)),
        state.random_state,
    )
    gensim.write_model(path, gensim_model)


def _share_of_percentile(sample: str, counts: Array | None) -> float:
    """Return the share of all tokens that a threshold for subsampling is; gensim knows no percentiles."""
    if counts is None or not len(counts):
        return 0.0
    threshold = subsample_threshold(0, sample, counts)
    share = threshold / max(int(counts.sum()), 1)
    return share if share < 1 else 0.0  # 0: nothing is dropped


def _check_fit_for_gensim(state: ModelState) -> None:
    """Raise a ValueError if weights or the tree do not have one row for each word, as those of gensim have."""
    n_keys = len(state.vectors.keys)
    rows = {
        "vectors": len(state.vectors.vectors),
        **{name: len(array) for name, array in state.weights.items()},
    }
    if state.tree is not None:
        rows["huffman_tree"] = len(state.tree[0]) - 1
    for name, n_rows in rows.items():
        if n_rows != n_keys and n_keys:
            raise ValueError(
                f"field {name!r} has {n_rows} rows for {n_keys} words, which gensim cannot read, because words were "
                "added or removed; use save(), or wv.save_gensim() for the vectors"
            )


def _read_gensim(path: Any, mmap: str | None, classes: Mapping[tuple[str, str], str] | None) -> ModelState:
    """Read a model that gensim saved; its Huffman tree becomes `tree`."""
    from fastw2v.formats import gensim

    found = gensim.read_model(path, mmap, classes)
    if found.kind != "word2vec":
        raise _no_model(path, found.kind)
    with describe_damage(path):
        vectors = vector_state.from_gensim(found.vectors)
        codes, points = vectors.expandos.pop("code", None), vectors.expandos.pop("point", None)
        tree = None
        if codes is not None and points is not None and found.settings.get("hs"):
            tree = _join(points, codes)
        weights = {"syn1": found.syn1, "syn1neg": found.syn1neg}
        return checked(
            ModelState(
                {**found.attributes, **found.settings},
                vectors,
                {name: array for name, array in weights.items() if array is not None},
                tree,
                found.raw_vocab,
                found.random_state,
                saved_parts=found.saved_parts,
            )
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
