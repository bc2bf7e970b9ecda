"""What plain pickles of gensim's objects hold, under today's names.

While fastw2v is installed as gensim, ``pickle.load`` of such a file makes fastw2v's objects, by way of their
``__setstate__``; so it is with objects of other packages that contain a model. Unlike `Word2Vec.load`, pickle runs
whatever the file says: only load pickles that you trust.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Attributes of gensim's models that have no place here or another name.
_OBSOLETE = {
    "callbacks", "iter", "layer1_size", "load", "model_trimmed_post_training", "neg_labels", "trainables", "vocabulary",
    "syn0", "syn0norm", "syn0_lockf", "vocab", "index2word", "vectors_lockf",
}  # fmt: skip


def vectors_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a KeyedVectors of gensim 4 from those of any version."""
    state = {name: value for name, value in state.items() if not name.startswith("__")}
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
    columns: dict[str, Array] = {}
    for name in records[0].keys() - {"index"} if records else ():
        values = [record.get(name) for record in records]
        if name == "sample_int":  # 2**32 meant "keep always" before gensim 4
            columns[name] = np.array(values).clip(0, 2**32 - 1).astype(np.uint32)
        elif name == "count":
            columns[name] = np.array(values, dtype=np.int64)
        else:
            columns[name] = np.empty(len(values), dtype=object)
            for row, value in enumerate(values):
                columns[name][row] = np.asarray(value) if name in ("code", "point") else value
    return columns


def is_gensims(state: dict[str, Any]) -> bool:
    """Whether the attributes of a Word2Vec are those of gensim's."""
    return "_read_once" not in state


def model_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a Word2Vec of gensim 4 from those of any version, those of its subclasses included.

    Models that kept their words and vectors themselves (up to 0.13.3) have ``wv`` as a dictionary here.
    """
    holders = [vars(state[name]) for name in ("vocabulary", "trainables") if name in state]
    merged = {name: value for holder in [*holders, state] for name, value in holder.items()}
    renamed = {
        "epochs": merged.get("epochs", merged.get("iter")),
        "vector_size": merged.get("vector_size", merged.get("layer1_size")),
        "vectors_lockf": merged.get("vectors_lockf", merged.get("syn0_lockf")),
    }
    if "wv" not in merged:
        renamed["wv"] = vectors_state({name: merged[name] for name in ("vocab", "index2word", "syn0")})
    kept = {
        name: value for name, value in merged.items() if name not in _OBSOLETE and not name.startswith("__")
    }
    return kept | {name: value for name, value in renamed.items() if value is not None}
