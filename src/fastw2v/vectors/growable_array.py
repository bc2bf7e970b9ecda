"""Room for growth behind arrays, kept out of sight: each is the front of a larger buffer.

So that adding rows one by one costs amortised constant time. A buffer is used again only while the array still lies
at its start, hence arrays that a user assigned are never written past their end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import memory

Array = NDArray[Any]


class SpareRoom:
    """The buffers behind some arrays, by name."""

    def __init__(self) -> None:
        self._buffers: dict[str, Array] = {}

    def resized(self, name: str, visible: Array, rows: int) -> Array:
        """Return `visible` cut or grown to `rows` rows, new ones zero; room to spare is remembered under `name`."""
        before = len(visible)
        if rows <= before:
            return visible[:rows]
        buffer = self._buffers.get(name)
        if buffer is None or len(buffer) < rows or not _lies_at_start(visible, buffer):
            # The first filling is exact: most arrays are filled once. Whoever comes again gets half as much
            # on top.
            shape = (max(rows, before + before // 2), *visible.shape[1:])
            hold_objects = visible.dtype.hasobject
            buffer = np.zeros(shape, visible.dtype) if hold_objects else memory.zeros(shape, visible.dtype)
            buffer[:before] = visible
            self._buffers[name] = buffer
        buffer[before:rows] = 0
        return buffer[:rows]


def _lies_at_start(visible: Array, buffer: Array) -> bool:
    """Whether `visible` is the front of `buffer`."""
    return (
        visible.dtype == buffer.dtype
        and visible.shape[1:] == buffer.shape[1:]
        and visible.strides == buffer.strides
        and visible.ctypes.data == buffer.ctypes.data
    )
