"""What a Word2Vec model of gensim's holds, in one form for every version, and the checks of its parts.

The unpickler hands over data of unknown quality. Whatever is passed on from it goes through a function of
this file: types, shapes that must agree, Huffman paths that must stay within their tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.formats.admitted import Instance, RandomData, plain

Array = NDArray[Any]
VectorsState = dict[str, Any]
"""What a KeyedVectors holds.

kind : "keyedvectors" or "word2vec", what the file held. index_to_key : list of V keys (str or int; None for
a slot that was allocated and not filled). vectors : float array (V, vector_size). vector_size : int.
expandos : dict of arrays of V entries, the attributes of words: "count" int64, "sample_int" uint32, "code"
and "point" arrays of arrays. vectors_lockf : float32 array (V,) or (1,), or None if the file has none.
lifecycle_events : list of dict.
"""

_MAX_EVENT_PARTS = 100_000


@dataclass
class ModelState:
    """What a Word2Vec model holds, whatever version of gensim wrote it.

    Attributes
    ----------
    vectors : VectorsState
        The word vectors.
    settings : dict of str to object
        Parameters and progress under today's names, `hashfxn`, `effective_min_count`,
        `min_alpha_yet_reached` and `lifecycle_events` included.
    syn1, syn1neg : numpy.ndarray or None
        float32 (V, vector_size): inner nodes of the Huffman tree, output vectors of negative sampling.
    raw_vocab : dict
        Counts that were kept for later growth; empty as a rule.
    random_state : tuple or None
        For `numpy.random.RandomState.set_state`; None if the file has no Mersenne twister: seed a new one
        then.
    kind : str
        "word2vec", or "keyedvectors" where the file held vectors only (`settings` is empty then).
    """

    vectors: VectorsState
    settings: dict[str, Any] = field(default_factory=dict)
    syn1: Array | None = None
    syn1neg: Array | None = None
    raw_vocab: dict[Any, int] = field(default_factory=dict)
    random_state: tuple[str, Array, int, int, float] | None = None
    kind: str = "word2vec"


def matrix(value: Any, name: str, rows: int, columns: int | None = None) -> Array:
    """`value`, if it is a float matrix of this shape; memory-mapped ones stay what they are."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.ndim != 2:
        raise ValueError(f"its {name} are no matrix of floats; the file is damaged")
    if value.shape[0] != rows or columns not in (None, value.shape[1]):
        expected = f"{rows} x {'?' if columns is None else columns}"
        raise ValueError(f"its {name} are {value.shape[0]} x {value.shape[1]} where {expected} is needed")
    return value


def single(array: Array) -> Array:
    """`array` in single precision and C order, which training takes; itself where it is so already."""
    if array.dtype == np.float32 and array.flags.c_contiguous:
        return array
    return np.ascontiguousarray(array, dtype=np.float32)


def lock_factors(value: Any, rows: int) -> Array | None:
    if value is None:
        return None
    if (
        not isinstance(value, np.ndarray)
        or value.ndim != 1
        or value.size not in (1, rows)
        or value.dtype.kind != "f"
    ):
        raise ValueError(f"its lock factors are not one float, or one for each of {rows} words")
    return np.asanyarray(value, dtype=np.float32)


def expandos_of_vocab(vocab: Any, keys: list[Any]) -> dict[str, Array]:
    """The attributes of words from the record that versions before 4.0 keep for each word."""
    if not isinstance(vocab, dict):
        raise ValueError("its vocabulary is malformed; the file is damaged")
    records = [vocab.get(key) for key in keys]
    if not all(isinstance(record, Instance) for record in records):
        raise ValueError("its vocabulary lacks some of its words; the file is damaged")
    states = [record.state for record in records if record is not None]
    expandos: dict[str, Array] = {}
    for name in states[0] if states else ():
        values = [plain(state.get(name)) for state in states]
        if name == "index":
            continue
        if all(type(value) in (int, bool) for value in values):
            expandos[name] = np.array(values, dtype=np.int64)
        elif all(type(value) in (int, float) for value in values):
            expandos[name] = np.array(values, dtype=np.float64)
        else:
            expandos[name] = np.empty(len(values), dtype=object)
            for index, value in enumerate(values):
                expandos[name][index] = value
    return expandos


def checked_expandos(expandos: Any, size: int) -> dict[str, Array]:
    """Attributes of words with the dtypes that training counts on, and Huffman codes that are codes."""
    if not isinstance(expandos, dict):
        raise ValueError("the attributes of its words are malformed; the file is damaged")
    result: dict[str, Array] = {}
    for name, boxed in expandos.items():
        array = plain(boxed)
        if not isinstance(name, str) or not isinstance(array, np.ndarray) or len(array) != size:
            raise ValueError(
                f"the attribute {name!r:.60} of its words is not one value for each of {size} words"
            )
        if name != "index":  # 3.x kept the position of a word beside the word
            result[name] = array
    if "count" in result:
        result["count"] = _integers(result["count"], "count").astype(np.int64, copy=False)
    if "sample_int" in result:
        # 2**32 meant "keep always" before 4.0; as uint32 it would wrap to "drop always".
        kept = _integers(result["sample_int"], "sample_int").clip(0, 2**32 - 1)
        result["sample_int"] = kept.astype(np.uint32, copy=False)
    if "code" in result or "point" in result:
        _huffman_paths(result, size)
    return result


def _integers(array: Array, name: str) -> Array:
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise ValueError(f"the attribute {name!r} of its words holds no integers; the file is damaged")
    return array


def _huffman_paths(expandos: dict[str, Array], size: int) -> None:
    """Check the paths through the Huffman tree: training follows them through `syn1` without looking."""
    for name, dtype in (("code", np.uint8), ("point", np.uint32)):
        array = expandos.get(name)
        if array is None or array.dtype != object or array.ndim != 1:
            raise ValueError(f"its Huffman tree has no {name!r} for its words; the file is damaged")
        for index, path in enumerate(array):
            if not isinstance(path, np.ndarray) or path.ndim != 1 or path.dtype.kind not in "iu":
                raise ValueError(f"{name} {index} of its Huffman tree is no path; the file is damaged")
            if path.dtype != dtype:
                array[index] = path.astype(dtype)
    code, point = expandos["code"], expandos["point"]
    if any(len(a) != len(b) for a, b in zip(code, point, strict=True)):
        raise ValueError("codes and points of its Huffman tree differ in length; the file is damaged")
    if size and (np.concatenate(code).max(initial=0) > 1 or np.concatenate(point).max(initial=0) >= size):
        raise ValueError("a path of its Huffman tree leads out of the tree; the file is damaged")


def random_state(value: Any) -> tuple[str, Array, int, int, float] | None:
    """The state of a Mersenne twister for `RandomState.set_state`; None if `value` is something else."""
    if not isinstance(value, RandomData):
        return None
    state = value.state
    if isinstance(state, tuple) and len(state) == 5:
        name, key, position, has_gauss, gauss = state
    elif isinstance(state, dict) and isinstance(state.get("state"), dict):
        name, has_gauss, gauss = state.get("bit_generator"), state.get("has_gauss"), state.get("gauss")
        key, position = state["state"].get("key"), state["state"].get("pos")
    else:
        return None
    key = plain(key)
    whole = (
        name == "MT19937"
        and isinstance(key, np.ndarray)
        and key.shape == (624,)
        and key.dtype.kind in "iu"
        and type(position) is int
        and 0 <= position <= 624
        and type(has_gauss) is int
        and type(gauss) in (int, float)
    )
    return ("MT19937", key.astype(np.uint32), position, int(has_gauss != 0), float(gauss)) if whole else None


def checked_raw_vocab(value: Any) -> dict[Any, int]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(type(count) is int for count in value.values()):
        raise ValueError("its raw vocabulary is no mapping of words to counts; the file is damaged")
    return value


def checked_events(value: Any) -> list[Any]:
    """The log of events as lists and dicts of strings and numbers; anything else in it is left out."""
    parts = 0

    def copied(item: Any, depth: int) -> Any:
        nonlocal parts
        parts += 1
        if parts > _MAX_EVENT_PARTS or depth > 8:
            raise OverflowError
        if isinstance(item, dict):
            return {
                str(key): copied(part, depth + 1) for key, part in item.items() if type(key) in (str, int)
            }
        if isinstance(item, (list, tuple, set)):
            return [copied(part, depth + 1) for part in item]
        return item if isinstance(item, (str, int, float, type(None))) else None

    try:
        return [copied(event, 0) for event in value] if isinstance(value, list) else []
    except OverflowError:
        return []
