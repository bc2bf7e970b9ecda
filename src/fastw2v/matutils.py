"""What ``gensim.matutils`` offers to a word2vec user: unit vectors, top indices, aligned arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["argsort", "unitvec", "zeros_aligned"]


def unitvec(vec: Any, norm: str = "l2", return_norm: bool = False) -> Any:
    """Return a vector scaled to length 1; a zero vector stays as it is.

    Parameters
    ----------
    vec : array-like of one dimension, or scipy sparse matrix
        Integers become floats.
    norm : {"l2", "l1"}, default "l2"
        Euclidean length, or sum of absolute values.
    return_norm : bool, default False
        Return (vector, its length before) instead; the length of a zero vector counts as 1.0.

    Raises
    ------
    ValueError
        If `norm` is neither.
    """
    if norm not in ("l1", "l2"):
        raise ValueError(f"norm={norm!r} is not a supported norm; use 'l1' or 'l2'")
    sparse = hasattr(vec, "tocsr")
    array = vec.tocsr() if sparse else np.asarray(vec)
    if array.dtype.kind not in "fc":
        array = array.astype(np.float64)
    values: Any = array.data if sparse else array
    length = float(np.abs(values).sum()) if norm == "l1" else float(np.sqrt((values * values).sum()))
    length = length or 1.0
    unit = array / array.dtype.type(length)
    return (unit, length) if return_norm else unit


def argsort(x: Any, topn: int | None = None, reverse: bool = False) -> NDArray[np.intp]:
    """Return the indices of the `topn` smallest elements of `x` in order; of the largest, with `reverse`."""
    values = np.asarray(x)
    wanted = values.size if topn is None else topn
    if wanted <= 0:
        return np.empty(0, dtype=np.intp)
    keys = -values if reverse else values
    if wanted >= values.size:
        return np.argsort(keys)
    chosen = np.argpartition(keys, wanted)[:wanted]
    return chosen[np.argsort(keys[chosen])]


def zeros_aligned(shape: Any, dtype: DTypeLike, order: str = "C", align: int = 128) -> NDArray[Any]:
    """Return zeros whose memory begins at a multiple of `align` bytes."""
    kind = np.dtype(dtype)
    nbytes = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    buffer = np.zeros(nbytes + align, dtype=np.uint8)
    start = -buffer.ctypes.data % align
    return np.ndarray(shape, dtype=kind, buffer=buffer.data, offset=start, order="F" if order == "F" else "C")
