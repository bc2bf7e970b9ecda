"""Keys (words or integers) as arrays, for formats that store arrays.

    all keys are integers      "keys.ints"     int64, shape (V,)
    all keys are strings       "keys.blob"     uint8, the UTF-8 texts of all keys, one after another
                               "keys.offsets"  int64, shape (V + 1,); key i is blob[offsets[i]:offsets[i + 1]]
    both, or rows without key  the two arrays for strings, where an integer is its decimal text, and
                               "keys.kinds"    uint8, shape (V,): 0 string, 1 integer, 2 no key

Lone surrogates, which come from files that were read with ``errors="surrogateescape"``, are preserved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.text.tokens import as_word

Array = NDArray[Any]

STRING, INTEGER, NO_KEY = 0, 1, 2
_KINDS = {str: STRING, int: INTEGER, type(None): NO_KEY}
_INT64 = np.iinfo(np.int64)


def plain_keys(keys: Sequence[Any]) -> list[Any]:
    """Return keys as the types that files hold: str, int, and None for a row without a key.

    Raises
    ------
    ValueError
        If a key is neither; the message names the type.
    """
    result = list(keys)
    if set(map(type, result)) <= {str, int, type(None)}:
        return result
    for row, key in enumerate(result):
        if type(key) not in (str, int) and key is not None:
            word = as_word(key)
            if word is None:
                raise ValueError(
                    f"key {key!r:.80} is a {type(key).__name__}; only str and int keys can be saved. Give it another "
                    "name before you save, for example by rename_key(key, str(key))"
                )
            result[row] = word
    return result


def encode_keys(keys: Sequence[Any]) -> dict[str, Array]:
    """Return the arrays that hold `keys`, as the head of this module describes them.

    Parameters
    ----------
    keys : sequence of str, int or None
        None is a row without a key.

    Raises
    ------
    ValueError
        If a key is neither a string nor an integer.
    """
    keys = plain_keys(keys)
    kinds = np.fromiter(map(_KINDS.__getitem__, map(type, keys)), dtype=np.uint8, count=len(keys))
    if len(keys) and (kinds == INTEGER).all() and all(_INT64.min <= key <= _INT64.max for key in keys):
        return {"keys.ints": np.array(keys, dtype=np.int64)}
    if not kinds.any():
        texts = [key.encode("utf-8", "surrogatepass") for key in keys]
    else:
        texts = [_encode(key, kind) for key, kind in zip(keys, kinds.tolist(), strict=True)]
    arrays: dict[str, Array] = {
        "keys.blob": np.frombuffer(b"".join(texts), dtype=np.uint8),
        "keys.offsets": np.fromiter(
            accumulate(map(len, texts), initial=0), dtype=np.int64, count=len(texts) + 1
        ),
    }
    if kinds.any():
        arrays["keys.kinds"] = kinds
    return arrays


def decode_keys(arrays: Mapping[str, Array]) -> list[Any]:
    """Return the keys that `encode_keys` put into `arrays`.

    Raises
    ------
    ValueError
        If the arrays do not fit together.
    """
    if "keys.ints" in arrays:
        return [int(key) for key in _column(arrays, "keys.ints", np.int64).tolist()]
    if "keys.blob" not in arrays or "keys.offsets" not in arrays:
        raise ValueError("no keys in this file; expected 'keys.ints', or 'keys.blob' and 'keys.offsets'")
    blob = _column(arrays, "keys.blob", np.uint8).tobytes()
    offsets = _column(arrays, "keys.offsets", np.int64).tolist()
    if not offsets or offsets[0] != 0 or offsets[-1] != len(blob) or offsets != sorted(offsets):
        raise ValueError("array 'keys.offsets' does not divide 'keys.blob' into keys; the file is damaged")
    texts = [blob[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(offsets)]
    if "keys.kinds" not in arrays:
        return texts
    kinds = _column(arrays, "keys.kinds", np.uint8).tolist()
    if len(kinds) != len(texts):
        raise ValueError(
            f"array 'keys.kinds' has {len(kinds)} entries; expected {len(texts)}, one for each key: the file is damaged"
        )
    return [_decode(text, kind) for text, kind in zip(texts, kinds, strict=True)]


def _column(arrays: Mapping[str, Array], name: str, dtype: type[np.generic]) -> Array:
    array = arrays[name]
    if array.ndim != 1 or array.dtype != dtype:
        raise ValueError(
            f"array {name!r} has dtype {array.dtype} and shape {array.shape}; "
            f"expected {dtype.__name__} and one dimension: the file is damaged"
        )
    return array


def _encode(key: Any, kind: int) -> bytes:
    if kind == STRING:
        encoded: bytes = key.encode("utf-8", "surrogatepass")
        return encoded
    return b"" if kind == NO_KEY else str(key).encode("ascii")


def _decode(text: str, kind: int) -> str | int | None:
    if kind == STRING:
        return text
    return None if kind == NO_KEY else int(text)
