"""Convert the attributes in plain pickles of gensim's objects to those of gensim 4.

After `install_as_gensim`, ``pickle.load`` of a model that gensim pickled creates fastw2v's objects and hands gensim's
attributes to their ``__setstate__``, which calls these functions. The same happens to models inside objects of other
packages. Unlike `Word2Vec.load`, ``pickle.load`` can execute code from the file: load only pickles that you trust.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.formats.settings import SAVED_PARTS

Array = NDArray[Any]

# Attributes of gensim's models that have no counterpart here, or have another name.
_OBSOLETE = {
    "callbacks", "iter", "layer1_size", "load", "model_trimmed_post_training", "neg_labels", "trainables", "vocabulary",
    "syn0", "syn0norm", "syn0_lockf", "vocab", "index2word", "vectors_lockf",
}  # fmt: skip


def vectors_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a gensim 4 `KeyedVectors`, given those of any version of gensim."""
    state = {name: value for name, value in state.items() if not name.startswith("__") or name in SAVED_PARTS}
    if "vocab" not in state:
        return state
    keys = list(state.pop("index2word"))
    records = state.pop("vocab")
    vectors = state.pop("syn0", None)
    for cache in ("syn0norm", "vectors_norm"):
        state.pop(cache, None)
    state.setdefault("vectors", vectors)
    state.update(
        index_to_key=keys,
        key_to_index={key: row for row, key in enumerate(keys)},
        next_index=len(keys),
        expandos=_columns([vars(records[key]) for key in keys]),
        norms=None,
        mapfile_path=None,
    )
    state.setdefault("vector_size", state["vectors"].shape[1])
    return state


def _columns(records: list[dict[str, Any]]) -> dict[str, Array]:
    """Return one array for each attribute of the words, given one dictionary for each word."""
    columns: dict[str, Array] = {}
    for name in records[0].keys() - {"index"} if records else ():
        values = [record.get(name) for record in records]
        if name == "sample_int":  # before gensim 4, 2**32 meant "keep always"
            columns[name] = np.array(values).clip(0, 2**32 - 1).astype(np.uint32)
        elif name == "count":
            columns[name] = np.array(values, dtype=np.int64)
        else:
            columns[name] = np.empty(len(values), dtype=object)
            for row, value in enumerate(values):
                columns[name][row] = np.asarray(value) if name in ("code", "point") else value
    return columns


def is_gensim_model(state: dict[str, Any]) -> bool:
    """Return whether the attributes of a `Word2Vec` are those of gensim's class."""
    return "corpus_budget" not in state


def model_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a gensim 4 `Word2Vec`, given those of any version of gensim.

    Attributes that a subclass has added are kept. For versions up to 0.13.3, whose models held the words and vectors
    themselves, ``wv`` is a dictionary of attributes instead of an object.
    """
    parts = [vars(state[name]) for name in ("vocabulary", "trainables") if name in state]
    merged = {name: value for part in [*parts, state] for name, value in part.items()}
    renamed = {
        "epochs": merged.get("epochs", merged.get("iter")),
        "vector_size": merged.get("vector_size", merged.get("layer1_size")),
        "vectors_lockf": merged.get("vectors_lockf", merged.get("syn0_lockf")),
    }
    if "wv" not in merged:
        renamed["wv"] = vectors_state({name: merged[name] for name in ("vocab", "index2word", "syn0")})
    kept = {
        name: value
        for name, value in merged.items()
        if name not in _OBSOLETE and (not name.startswith("__") or name in SAVED_PARTS)
    }
    return kept | {name: value for name, value in renamed.items() if value is not None}
