"""Arrays that grow by single rows in amortised constant time.

A `GrowableArray` owns a buffer that is longer than the array that users see. The array is a view of the start of this
buffer. The buffer is reused only while the array is such a view, so arrays that users assign are never written past
their end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import memory

Array = NDArray[Any]


class GrowableArray:
    """The buffer behind one array that grows."""

    def __init__(self) -> None:
        self._buffer: Array | None = None

    def resize(self, array: Array, rows: int) -> Array:
        """Return `array` with `rows` rows: shortened, or with zero rows appended.

        The first buffer has exactly the requested size, because most arrays are filled once. Each later buffer has
        at least half as many rows again.

        Parameters
        ----------
        array : ndarray, shape (n, ...)
            The result of the last call, or any other array.
        rows : int
            Number of rows of the result.

        Returns
        -------
        ndarray, shape (rows, ...)
            A view of the buffer; if `rows` is at most n, a view of `array`.
        """
        before = len(array)
        if rows <= before:
            return array[:rows]
        buffer = self._buffer
        if buffer is None or len(buffer) < rows or not _is_start_of(array, buffer):
            shape = (max(rows, before + before // 2), *array.shape[1:])
            has_objects = array.dtype.hasobject
            buffer = np.zeros(shape, array.dtype) if has_objects else memory.zeros(shape, array.dtype)
            buffer[:before] = array
            self._buffer = buffer
        buffer[before:rows] = 0
        return buffer[:rows]


def _is_start_of(array: Array, buffer: Array) -> bool:
    """Return whether `array` is a view of the first rows of `buffer`."""
    return (
        array.dtype == buffer.dtype
        and array.shape[1:] == buffer.shape[1:]
        and array.strides == buffer.strides
        and array.ctypes.data == buffer.ctypes.data
    )
