"""Functions of ``gensim.matutils`` that word2vec users need: unit vectors, largest elements, aligned arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.common.validation import as_array, as_choice, as_dtype, as_flag, as_int

__all__ = ["argsort", "unitvec", "zeros_aligned"]


def unitvec(vec: Any, norm: str = "l2", return_norm: bool = False) -> Any:
    """Return a vector scaled to length 1; a zero vector is returned unchanged.

    Parameters
    ----------
    vec : array-like of one dimension, or scipy sparse matrix
        The vector. Integers are converted to float64.
    norm : {"l2", "l1"}, default "l2"
        Euclidean length, or sum of absolute values.
    return_norm : bool, default False
        Return the pair (scaled vector, original length) instead. The length of a zero vector is given as 1.0.

    Raises
    ------
    ValueError
        If `norm` is neither.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.matutils import unitvec
    >>> unitvec(np.array([3.0, 4.0]))
    array([0.6, 0.8])
    """
    as_choice("norm", norm, ("l1", "l2"))
    return_norm = as_flag("return_norm", return_norm)
    sparse = hasattr(vec, "tocsr")
    array = vec.tocsr() if sparse else as_array("vec", vec)
    if array.dtype.kind not in "fc":
        array = array.astype(np.float64)
    values: Any = array.data if sparse else array
    length = float(np.abs(values).sum()) if norm == "l1" else float(np.sqrt((values * values).sum()))
    length = length or 1.0
    unit = array / array.dtype.type(length)
    return (unit, length) if return_norm else unit


def argsort(x: Any, topn: int | None = None, reverse: bool = False) -> NDArray[np.intp]:
    """Return the indices of the smallest elements in ascending order, or of the largest in descending order.

    Parameters
    ----------
    x : array-like of one dimension
        The elements.
    topn : int, optional
        Number of indices to return. By default all are returned.
    reverse : bool, default False
        Return the indices of the largest elements.

    Examples
    --------
    >>> from fastw2v.matutils import argsort
    >>> argsort([0.3, 0.1, 0.2], topn=2, reverse=True)
    array([0, 2])
    """
    values, reverse = as_array("x", x), as_flag("reverse", reverse)
    n = values.size if topn is None else as_int("topn", topn)
    if n <= 0:
        return np.empty(0, dtype=np.intp)
    keys = -values if reverse else values
    if n >= values.size:
        return np.argsort(keys)
    smallest = np.argpartition(keys, n)[:n]
    return smallest[np.argsort(keys[smallest])]


def zeros_aligned(shape: Any, dtype: DTypeLike, order: str = "C", align: int = 128) -> NDArray[Any]:
    """Return an array of zeros whose memory begins at a multiple of `align` bytes.

    Parameters
    ----------
    shape : int or tuple of int
        Shape of the array.
    dtype : dtype-like
        Type of the elements.
    order : {"C", "F"}, default "C"
        Memory layout.
    align : int, default 128
        Alignment in bytes.

    Examples
    --------
    >>> from fastw2v.matutils import zeros_aligned
    >>> zeros_aligned((2, 2), "float32", align=64).ctypes.data % 64
    0
    """
    kind, align = as_dtype("dtype", dtype), as_int("align", align, minimum=1)
    as_choice("order", order, ("C", "F"))
    sizes = shape if isinstance(shape, (tuple, list)) else [shape]
    shape = tuple(as_int("shape", size, minimum=0) for size in sizes)
    nbytes = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    buffer = np.zeros(nbytes + align, dtype=np.uint8)
    start = -buffer.ctypes.data % align
    return np.ndarray(shape, dtype=kind, buffer=buffer.data, offset=start, order="F" if order == "F" else "C")
