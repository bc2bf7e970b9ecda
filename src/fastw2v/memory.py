"""Large arrays, aligned to cache lines and backed by huge pages where the system has them.

Training reads and writes rows of the weight matrices at random, so that every access to a 4 KiB page is a likely
miss of the address-translation cache. An anonymous mapping whose start lies on a 2 MiB boundary and that asks for
huge pages (Linux: ``madvise(MADV_HUGEPAGE)``) removes most of them. Such a mapping comes zeroed from the kernel and
takes memory only as it is touched. Small arrays, and systems without `madvise`, get cache-line alignment alone.
"""

from __future__ import annotations

import contextlib
import math
import mmap
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

CACHE_LINE = 64
HUGE_PAGE = 2 * 1024 * 1024
_HAS_HUGE_PAGES = hasattr(mmap, "MADV_HUGEPAGE")


def empty(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Return an uninitialised C-contiguous array, aligned to 64 bytes (2 MiB if it is large).

    Parameters
    ----------
    shape : tuple of int
        Its dimensions.
    dtype : dtype-like, default float32
        A dtype without Python objects.
    """
    return _allocate(shape, np.dtype(dtype))


def zeros(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Return an array of zeros, aligned as `empty` aligns."""
    array = _allocate(shape, np.dtype(dtype))
    if (
        array.nbytes < HUGE_PAGE or not _HAS_HUGE_PAGES
    ):  # a fresh mapping is zero already, and still takes no memory
        array.fill(0)
    return array


def _allocate(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.hasobject:
        raise ValueError(f"dtype {dtype} holds Python objects; raw memory can hold numbers only")
    n_bytes = math.prod(shape) * dtype.itemsize
    if n_bytes >= HUGE_PAGE and _HAS_HUGE_PAGES:
        mapping = mmap.mmap(-1, n_bytes + HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        with contextlib.suppress(OSError):  # advice, which kernels without huge pages refuse
            mapping.madvise(mmap.MADV_HUGEPAGE)
        buffer: Any = np.frombuffer(mapping, dtype=np.uint8)
        alignment = HUGE_PAGE
    else:
        buffer = np.empty(n_bytes + CACHE_LINE, dtype=np.uint8)
        alignment = CACHE_LINE
    start = -buffer.ctypes.data % alignment
    array: NDArray[Any] = buffer[start : start + n_bytes].view(dtype).reshape(shape)
    return array
