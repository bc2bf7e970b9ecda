"""Keys (words, or integers) as arrays, and back: what every array container stores beside the vectors.

All-integer keys become one int64 array, all-string keys a UTF-8 blob with offsets; a mixture has one more
byte a key that tells its kind. Lone surrogates, which files read with ``errors="surrogateescape"`` bring in,
survive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

STRING, INTEGER, EMPTY = 0, 1, 2
_INT64 = np.iinfo(np.int64)


def encode_keys(keys: Sequence[Any]) -> dict[str, Array]:
    """Return arrays of `keys`: "keys.ints", or "keys.blob" with "keys.offsets" and, if mixed, "keys.kinds".

    Parameters
    ----------
    keys : sequence of str, int or None
        None is an empty slot.

    Raises
    ------
    ValueError
        If a key is neither a string nor an integer.
    """
    kinds = np.fromiter(map(_kind, keys), dtype=np.uint8, count=len(keys))
    if len(keys) and (kinds == INTEGER).all() and all(_INT64.min <= int(key) <= _INT64.max for key in keys):
        return {"keys.ints": np.array([int(key) for key in keys], dtype=np.int64)}
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
        If the arrays contradict each other.
    """
    if "keys.ints" in arrays:
        return [int(key) for key in _column(arrays, "keys.ints", np.int64).tolist()]
    if "keys.blob" not in arrays or "keys.offsets" not in arrays:
        raise ValueError("no keys in this file: neither 'keys.ints' nor 'keys.blob' with 'keys.offsets'")
    blob = _column(arrays, "keys.blob", np.uint8).tobytes()
    offsets = _column(arrays, "keys.offsets", np.int64).tolist()
    if not offsets or offsets[0] != 0 or offsets[-1] != len(blob) or offsets != sorted(offsets):
        raise ValueError("array 'keys.offsets' does not cut 'keys.blob' into keys; the file is damaged")
    texts = [blob[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(offsets)]
    if "keys.kinds" not in arrays:
        return texts
    kinds = _column(arrays, "keys.kinds", np.uint8).tolist()
    if len(kinds) != len(texts):
        raise ValueError(
            f"array 'keys.kinds' tells of {len(kinds)} keys, there are {len(texts)}; the file is damaged"
        )
    return [_decode(text, kind) for text, kind in zip(texts, kinds, strict=True)]


def _column(arrays: Mapping[str, Array], name: str, dtype: type[np.generic]) -> Array:
    array = arrays[name]
    if array.ndim != 1 or array.dtype != dtype:
        raise ValueError(f"array {name!r} is not a column of {dtype.__name__}; the file is damaged")
    return array


def _kind(key: Any) -> int:
    if isinstance(key, str):
        return STRING
    if isinstance(key, (int, np.integer)):
        return INTEGER
    if key is None:
        return EMPTY
    raise ValueError(f"key {key!r} is a {type(key).__name__}; only str and int keys can be saved")


def _encode(key: Any, kind: int) -> bytes:
    if kind == STRING:
        encoded: bytes = key.encode("utf-8", "surrogatepass")
        return encoded
    return b"" if kind == EMPTY else str(int(key)).encode("ascii")


def _decode(text: str, kind: int) -> str | int | None:
    if kind == STRING:
        return text
    return None if kind == EMPTY else int(text)
