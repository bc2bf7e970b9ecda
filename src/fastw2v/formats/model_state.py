"""A model as plain arrays and settings, and back: what files of every format hold of it.

The native file keeps all of it: parameters, counts, weights, the Huffman tree as it was trained, the random state. A
model that is loaded and trained on therefore draws what it would have drawn had it never been saved.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from fastw2v import formats
from fastw2v.compat import pickle_state
from fastw2v.formats import native, vector_state
from fastw2v.formats.keys import decode_keys, encode_keys
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.vocabulary.huffman import HuffmanTree

if TYPE_CHECKING:
    from fastw2v.vocabulary.lexicon import Lexicon

logger = logging.getLogger(__name__)

Array = NDArray[Any]
RandomState = tuple[str, Array, int, int, float]
Model = TypeVar("Model", bound="Lexicon")

KIND = "Word2Vec"
SETTINGS = (
    "vector_size", "workers", "epochs", "train_count", "total_train_time", "batch_words", "sg", "alpha", "min_alpha",
    "window", "shrink_windows", "hs", "negative", "ns_exponent", "cbow_mean", "compute_loss", "running_training_loss",
    "loss_history", "min_alpha_yet_reached", "corpus_count", "corpus_total_words", "max_final_vocab", "max_vocab_size",
    "min_count", "effective_min_count", "sample", "sorted_vocab", "null_word", "seed", "comment", "corpus_budget",
    "lifecycle_events", "words_before_update", "shared_negatives",
)  # fmt: skip
LISTS = {"loss_history", "lifecycle_events"}
NOT_GENSIMS = {"loss_history", "corpus_budget", "words_before_update", "shared_negatives"}
WEIGHTS = ("syn1neg", "syn1")
ELSEWHERE = {
    "wv",
    "random",
    "_raw_counts",
    "huffman_tree",
    "cum_table",
    "hashfxn",
    "_read_once",
    "_warm_start",
    "_lock",
    "_session",
    *WEIGHTS,
}


def save(model: Lexicon, path: Any) -> None:
    """Write a model in the native format, to a path or to an open binary file."""
    arrays, metadata = to_state(model)
    if not hasattr(path, "write"):
        native.write(path, arrays, metadata)
        return
    with tempfile.TemporaryDirectory(prefix="fastw2v-") as directory:
        whole = os.path.join(directory, "model")
        native.write(whole, arrays, metadata)
        with open(whole, "rb") as source:
            shutil.copyfileobj(source, path)


def load(cls: type[Model], defaults: dict[str, Any], path: Any, mmap: str | None = None) -> Model:
    """Read a model from a native file or from one of gensim's.

    `defaults` are the attributes of a model made without arguments, for files that lack some.

    Raises
    ------
    AttributeError
        If the file holds vectors without a model, as gensim's `Word2Vec.load` does.
    ValueError, OSError, pickle.UnpicklingError
        If the file is neither, is damaged, or cannot be read.
    """
    if formats.detect_saved_format(path) == "gensim":
        return _from_gensim(cls, defaults, path, mmap)
    arrays, metadata = native.read(path, mmap=mmap)
    if metadata.get("kind") != KIND:
        raise _no_model(path, metadata.get("kind", "arrays"))
    with formats.describe_damage(path):
        return from_state(cls, defaults, arrays, metadata, mapped=mmap is not None)


def to_state(model: Lexicon) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return everything worth keeping as (named arrays, JSON-able metadata)."""
    wv_arrays, wv_metadata = model.wv._to_state()
    arrays = {f"wv.{name}": array for name, array in wv_arrays.items()}
    for name in WEIGHTS:
        weights = getattr(model, name)
        if weights is not None:
            arrays[name] = weights
    tree = model.huffman_tree
    if tree is not None:
        arrays.update({"tree.offsets": tree.offsets, "tree.points": tree.points, "tree.codes": tree.codes})
    if model.raw_vocab:
        arrays.update(
            {f"raw_vocab.{name}": array for name, array in encode_keys(list(model.raw_vocab)).items()}
        )
        arrays["raw_vocab.counts"] = np.fromiter(model.raw_vocab.values(), np.int64, len(model.raw_vocab))
    _, key, position, has_gauss, cached_gaussian = model.random.get_state()
    arrays["random.key"] = np.asarray(key, dtype=np.uint32)
    metadata = {
        "kind": KIND,
        "settings": _json_settings(model),
        "random": {"position": position, "has_gauss": has_gauss, "cached_gaussian": cached_gaussian},
        "wv": wv_metadata,
    }
    if model.hashfxn is not hash:
        logger.warning(
            "hashfxn is code and is not saved; nothing depends on it, and a loaded model has hash()"
        )
    if model._warm_start is not None:
        logger.warning(
            "init_from is not saved, and this model has no vocabulary yet to take its vectors over; build the "
            "vocabulary before saving, or the loaded model starts from random vectors"
        )
    return arrays, metadata


def _json_settings(model: Lexicon) -> dict[str, Any]:
    """The settings, and whatever else users or subclasses have set on the model, as far as JSON can hold it."""
    settings = {}
    own = [name for name in vars(model) if name not in SETTINGS and name not in ELSEWHERE]
    for name in (*SETTINGS, *own):
        value = getattr(model, name)
        if isinstance(value, np.generic):
            value = value.item()
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            logger.warning("attribute %s=%.100r cannot be written as JSON and is not saved", name, value)
            continue
        settings[name] = value
    return settings


def from_state(
    cls: type[Model],
    defaults: dict[str, Any],
    arrays: dict[str, Array],
    metadata: dict[str, Any],
    *,
    mapped: bool = False,
) -> Model:
    """Return the model that `to_state` described; arrays are taken over, not copied."""
    settings = _checked_settings(metadata["settings"])
    wv_arrays = {name.removeprefix("wv."): array for name, array in arrays.items() if name.startswith("wv.")}
    wv = KeyedVectors._from_state(wv_arrays, metadata["wv"], mapped=mapped)
    random = np.random.RandomState()
    state = metadata["random"]
    random.set_state(
        ("MT19937", arrays["random.key"], state["position"], state["has_gauss"], state["cached_gaussian"])
    )
    tree = None
    if "tree.offsets" in arrays:
        tree = HuffmanTree(
            *(np.ascontiguousarray(arrays[f"tree.{part}"]) for part in ("offsets", "points", "codes"))
        )
    raw_vocab: defaultdict[Any, int] = defaultdict(int)
    if "raw_vocab.counts" in arrays:
        keys = {
            name.removeprefix("raw_vocab."): a for name, a in arrays.items() if name.startswith("raw_vocab.")
        }
        counts = keys.pop("counts")
        raw_vocab.update(zip(decode_keys(keys), counts.tolist(), strict=True))
    return _assemble(
        cls,
        {**defaults, **settings},
        wv,
        random,
        tree,
        raw_vocab,
        {name: _checked_weights(name, arrays.get(name)) for name in WEIGHTS},
    )


def _checked_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Raise ValueError if a setting is of a type that it never has."""
    for name in SETTINGS:
        kinds = (list,) if name in LISTS else (int, float, type(None))
        if name != "comment" and not isinstance(settings.get(name, [] if name in LISTS else None), kinds):
            raise ValueError(f"its setting {name} is a {type(settings[name]).__name__}")
    return settings


def _checked_weights(name: str, weights: Array | None) -> Array | None:
    """Raise ValueError if `weights` are no matrix; whether they fit the words is asked when they are trained."""
    if weights is not None and (weights.ndim != 2 or weights.dtype.kind != "f"):
        raise ValueError(f"its {name} is no matrix of floats")
    return weights


def _from_gensim(cls: type[Model], defaults: dict[str, Any], path: Any, mmap: str | None) -> Model:
    from fastw2v.formats import gensim

    state = gensim.read_model(path, mmap=mmap)
    if state.kind != "word2vec":
        raise _no_model(path, state.kind)
    settings = {name: value for name, value in state.settings.items() if name not in ELSEWHERE}
    wv = KeyedVectors._from_state(*vector_state.state_from_gensim(state.vectors), mapped=mmap is not None)
    random = np.random.RandomState(settings.get("seed", 1))
    if state.random_state is not None:
        random.set_state(state.random_state)
    tree = _tree_of(wv)
    raw_vocab = defaultdict(int, state.raw_vocab)
    return _assemble(
        cls,
        {**defaults, **settings},
        wv,
        random,
        tree if settings.get("hs") else None,
        raw_vocab,
        {"syn1": state.syn1, "syn1neg": state.syn1neg},
    )


def save_gensim(model: Lexicon, path: Any) -> None:
    """Write a pickle that gensim 4 loads, queries and trains further."""
    from fastw2v.formats import gensim
    from fastw2v.formats.gensim import ModelState, VectorsState

    wv = model.wv
    expandos = dict(wv.expandos)
    if model.huffman_tree is not None:
        expandos["code"] = _object_array(model.huffman_tree.code_rows)
        expandos["point"] = _object_array(model.huffman_tree.point_rows)
    vectors: VectorsState = {
        "kind": "word2vec",
        "index_to_key": wv.index_to_key,
        "vectors": wv.vectors,
        "vector_size": wv.vector_size,
        "expandos": expandos,
        "vectors_lockf": wv.vectors_lockf,
        "lifecycle_events": [],
    }
    settings = {name: getattr(model, name) for name in SETTINGS if name not in NOT_GENSIMS}
    state = ModelState(
        vectors,
        settings,
        model.syn1,
        model.syn1neg,
        dict(model.raw_vocab or {}),
        cast(RandomState, model.random.get_state()),
    )
    gensim.write_model(path, state)


def from_pickle(model: Lexicon, defaults: dict[str, Any], state: dict[str, Any]) -> None:
    """Fill a new model with the attributes that a plain pickle of gensim's Word2Vec, of any version, holds."""
    settings = pickle_state.model_state(state)
    wv, lock_factors = settings.pop("wv"), settings.pop("vectors_lockf", None)
    if isinstance(wv, dict):
        vectors = KeyedVectors.__new__(KeyedVectors)
        vectors.__setstate__(wv)
        wv = vectors
    if wv.vectors_lockf is None:
        wv.vectors_lockf = lock_factors
    random, raw_vocab = settings.pop("random", None), settings.pop("raw_vocab", None) or {}
    if not isinstance(random, np.random.RandomState):
        random = np.random.RandomState(settings.get("seed", 1))
    tree = _tree_of(wv) if settings.get("hs") else None
    weights = {name: settings.pop(name, None) for name in WEIGHTS}
    _fill(model, {**defaults, **settings}, wv, random, tree, defaultdict(int, raw_vocab), weights)


def _tree_of(wv: KeyedVectors) -> HuffmanTree | None:
    """Take the Huffman tree out of the attributes of the words, where gensim has it."""
    codes, points = wv.expandos.pop("code", None), wv.expandos.pop("point", None)
    if codes is None or points is None:
        return None
    return HuffmanTree.from_rows(points.tolist(), codes.tolist())


def _object_array(rows: Sequence[Array]) -> Array:
    array = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        array[i] = row
    return array


def _no_model(path: Any, kind: str) -> AttributeError:
    return AttributeError(f"{path} holds {kind}, not a {KIND} model; use KeyedVectors.load() for vectors")


def _assemble(
    cls: type[Model],
    settings: dict[str, Any],
    wv: KeyedVectors,
    random: np.random.RandomState,
    tree: HuffmanTree | None,
    raw_vocab: dict[Any, int],
    weights: dict[str, Array | None],
) -> Model:
    model = cls.__new__(cls)
    _fill(model, settings, wv, random, tree, raw_vocab, weights)
    return model


def _fill(
    model: Lexicon,
    settings: dict[str, Any],
    wv: KeyedVectors,
    random: np.random.RandomState,
    tree: HuffmanTree | None,
    raw_vocab: dict[Any, int],
    weights: dict[str, Array | None],
) -> None:
    words_before_update = settings.pop("words_before_update", None)  # moves with the words of `wv`
    model.__dict__.update(settings)
    model.__dict__.update(weights)
    model.wv, model.random, model.raw_vocab = wv, random, raw_vocab
    model.words_before_update = words_before_update
    if wv.vectors_lockf is None:
        wv.vectors_lockf = np.ones(1, dtype=np.float32)
    model.huffman_tree = tree
    if model.hs and tree is None:
        model.create_binary_tree()
    if model.negative and "count" in wv.expandos:
        model.make_cum_table()
