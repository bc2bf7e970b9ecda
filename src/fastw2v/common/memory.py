"""Large arrays, aligned to cache lines and backed by huge pages where the system has them.

Training reads and writes rows of the weight matrices at random, so that every access to a 4 KiB page is a likely
miss of the address-translation cache. An anonymous mapping whose start lies on a 2 MiB boundary and that asks for
huge pages (Linux: ``madvise(MADV_HUGEPAGE)``) removes most of them. Such a mapping comes zeroed from the kernel and
takes memory only as it is touched. Small arrays, and systems without `madvise`, get cache-line alignment alone.

What is mapped but never touched costs addresses, not memory. So a mapping is made twice as long as its array where
addresses are free, and `grown` appends rows by showing more of it: a matrix of any size grows without a second copy,
and no view of it is left behind. The mapping remembers how much of it was ever shown, so that two arrays that share
their rows never share the rows that either of them appends.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import mmap
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

CACHE_LINE = 64
HUGE_PAGE = 2 * 1024 * 1024
_HAS_HUGE_PAGES = hasattr(mmap, "MADV_HUGEPAGE")
_MADV_POPULATE_WRITE = 23  # of which `mmap` does not know
_NEVER_OVERCOMMIT = "2"  # the system then counts what is mapped, touched or not

_growing = threading.Lock()


def _start_anew_in_child() -> None:
    """A child of `fork` has no other thread that would ever give back a lock that was held."""
    global _growing
    _growing = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_in_child)


class _Mapping(mmap.mmap):
    """Anonymous memory of one array and of what may be appended to it; `shown` is the end of the array's bytes."""

    shown: int = 0


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


def grown(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return `array` with zero rows appended, so that it has `rows` of them.

    An array of this module's that has room behind it grows where it lies: the result and `array` share the rows
    that both have. Any other array is copied.

    Parameters
    ----------
    array : ndarray, at least one-dimensional
        Numbers; it keeps its rows.
    rows : int
        At least as many as `array` has.
    """
    if rows == len(array):
        return array
    extended = _extended(array, rows)
    if extended is None:
        extended = zeros((rows, *array.shape[1:]), array.dtype)
        extended[: len(array)] = array
    return extended


def _extended(array: NDArray[Any], rows: int) -> NDArray[Any] | None:
    """`array` with zero rows appended in place, or None where the memory behind it is not its own."""
    octets = array.base
    if not isinstance(octets, np.ndarray) or octets.dtype != np.uint8 or not array.flags.c_contiguous:
        return None
    buffer: Any = octets.base
    mapping = buffer.obj if isinstance(buffer, memoryview) else buffer
    if not isinstance(mapping, _Mapping):
        return None
    start = array.ctypes.data - octets.ctypes.data
    end = start + rows * array.strides[0]
    with _growing:
        if start + array.nbytes != mapping.shown or end > octets.size:
            return None
        mapping.shown = end
    extended: NDArray[Any] = octets[start:end].view(array.dtype).reshape(rows, *array.shape[1:])
    return extended


class FirstTouch:
    """Context manager: threads touch an array that is being filled from the front, some way ahead of that.

    The system makes a page of memory when it is first touched: it clears it, and in a virtual machine it may have to
    ask the host for it, which takes far longer than to fill it. Those who fill an array alone would wait for that.

    Parameters
    ----------
    array : ndarray, shape (rows, width)
        Memory from `empty`, nothing of it in use. If it is small, or the system knows no such request, nothing is
        done.
    """

    _LEAST = 16 * HUGE_PAGE
    _LEAD = 512 * HUGE_PAGE
    _THREADS = 4  # at most

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array
        self._end = 0
        self._offsets: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        if array.nbytes >= self._LEAST and _HAS_HUGE_PAGES:
            workers = min(self._THREADS, os.cpu_count() or 1)
            self._threads = [
                threading.Thread(target=self._touch, name="fastw2v-touch", daemon=True)
                for _ in range(workers)
            ]

    def __enter__(self) -> FirstTouch:
        for thread in self._threads:
            thread.start()
        self.before(0)
        return self

    def before(self, rows: int) -> None:
        """Tell that the first `rows` rows are being filled."""
        wanted = min(rows * self._array.strides[0] + self._LEAD, self._array.nbytes) if self._threads else 0
        while self._end < wanted:
            self._offsets.put(self._end)
            self._end += HUGE_PAGE

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._offsets.get_nowait()
        for _ in self._threads:
            self._offsets.put(None)
        for thread in self._threads:
            thread.join()

    def _touch(self) -> None:
        populate, start, end = _populating(), self._array.ctypes.data, self._array.nbytes
        while (offset := self._offsets.get()) is not None:
            populate(start + offset, min(HUGE_PAGE, end - offset))


def release_freed() -> None:
    """Give back to the system what was freed in between memory that is still in use, which glibc keeps otherwise.

    Reading a large text leaves many megabytes of such holes behind.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # other C libraries have no such function
        ctypes.CDLL(None).malloc_trim(0)


def _allocate(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.hasobject:
        raise ValueError(f"dtype {dtype} holds Python objects; raw memory can hold numbers only")
    n_bytes = math.prod(shape) * dtype.itemsize
    if n_bytes >= HUGE_PAGE and _HAS_HUGE_PAGES:
        mapping = _map(n_bytes)
        buffer: Any = np.frombuffer(mapping, dtype=np.uint8)
        start = -buffer.ctypes.data % HUGE_PAGE
        mapping.shown = start + n_bytes
    else:
        buffer = np.empty(n_bytes + CACHE_LINE, dtype=np.uint8)
        start = -buffer.ctypes.data % CACHE_LINE
    array: NDArray[Any] = buffer[start : start + n_bytes].view(dtype).reshape(shape)
    return array


def _map(n_bytes: int) -> _Mapping:
    """Map memory for so many bytes that start on a huge page, and as many behind them where addresses are free."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    try:
        mapping = _Mapping(-1, n_bytes * (2 if _addresses_are_free() else 1) + HUGE_PAGE, flags=flags)
    except (OSError, OverflowError):  # more than the system would ever have
        try:
            mapping = _Mapping(-1, n_bytes + HUGE_PAGE, flags=flags)
        except (OSError, OverflowError):
            raise MemoryError(f"no memory for an array of {n_bytes:,} bytes") from None
    with contextlib.suppress(OSError):  # advice, which kernels without huge pages refuse
        mapping.madvise(mmap.MADV_HUGEPAGE)
    return mapping


def _populating() -> Callable[[int, int], Any]:
    """The function that has the system make the pages from an address on, as if each were written to.

    It lets go of the interpreter's lock. Linux before 5.14 refuses the request, and nothing is lost.
    """
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return lambda address, n_bytes: madvise(address, n_bytes, _MADV_POPULATE_WRITE)


def _addresses_are_free() -> bool:
    """Whether mapping more than will be touched takes nothing away from anybody."""
    import resource

    if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
        return False
    try:
        with open("/proc/sys/vm/overcommit_memory") as file:
            return file.read().strip() != _NEVER_OVERCOMMIT
    except OSError:
        return False
