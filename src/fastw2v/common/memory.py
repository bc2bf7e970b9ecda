"""Large arrays, aligned to cache lines and backed by huge pages where the system has them.

Training accesses rows of the weight matrices at random, and with pages of 4 KiB nearly every access misses the
translation cache of the processor. An anonymous mapping that begins on a 2 MiB boundary and asks for huge pages (Linux:
``madvise(MADV_HUGEPAGE)``) avoids most of these misses. The kernel returns such a mapping filled with zeros, and it
takes memory only where it is touched. Small arrays, and systems without `madvise`, get the alignment alone.

Memory that is mapped but never touched costs addresses only. A mapping is therefore twice as long as its array, where
addresses cost nothing, and `grown` appends rows by using more of the mapping. So a matrix of any size grows without a
second copy, and all views of it stay valid. The mapping records how much of it is in use. Two arrays that share their
rows can therefore never share the rows that are appended to either of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import mmap
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.common.cores import usable_cores
from fastw2v.common.locks import holding
from fastw2v.common.worker_pool import WorkerPool

__all__ = ["CACHE_LINE", "HUGE_PAGE", "empty", "grown", "prefault", "release_freed", "zeros"]

CACHE_LINE = 64
HUGE_PAGE = 2 * 1024 * 1024
_HAS_HUGE_PAGES = hasattr(mmap, "MADV_HUGEPAGE")
_MADV_POPULATE_WRITE = 23  # missing in the module `mmap`
_NO_OVERCOMMIT = "2"  # in this mode the system counts mapped memory, touched or not

_PREFAULT_MINIMUM = 16 * HUGE_PAGE
_PREFAULT_THREADS = 4

_growing = threading.RLock()  # of one thread at a time, and of a signal handler that interrupts this thread


def _renew_lock_in_child() -> None:
    """Make a new lock after `fork`: a thread that held the old one does not exist in the child."""
    global _growing
    _growing = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock_in_child)


class _Mapping(mmap.mmap):
    """Anonymous memory for an array and for rows that may be appended; `used` is the end of the array in bytes."""

    used: int = 0


def empty(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Return an uninitialised C-contiguous array, aligned to 64 bytes, or to 2 MiB if it is large.

    Parameters
    ----------
    shape : tuple of int
        Shape of the array.
    dtype : dtype-like, default float32
        A dtype without Python objects.

    Raises
    ------
    MemoryError
        If the system has no memory for the array.
    ValueError
        If the dtype holds Python objects.
    """
    return _allocate(shape, np.dtype(dtype))


def zeros(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Return an array of zeros, aligned as the arrays of `empty` are."""
    array = _allocate(shape, np.dtype(dtype))
    if array.nbytes < HUGE_PAGE or not _HAS_HUGE_PAGES:  # a new mapping is zero, and stays untouched
        array.fill(0)
    return array


def grown(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return `array` with rows of zeros appended.

    An array of this module with free memory behind it grows in place: the result and `array` share the rows of `array`.
    Any other array is copied.

    Parameters
    ----------
    array : ndarray, at least one-dimensional
        Numbers.
    rows : int
        Number of rows of the result, at least that of `array`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.common.memory import grown
    >>> grown(np.ones((1, 2)), 2)
    array([[1., 1.],
           [0., 0.]])
    """
    if rows == len(array):
        return array
    result = _grown_in_place(array, rows)
    if result is None:
        result = zeros((rows, *array.shape[1:]), array.dtype)
        result[: len(array)] = array
    return result


def _grown_in_place(array: NDArray[Any], rows: int) -> NDArray[Any] | None:
    """Return `array` with zeros appended in its own mapping, or None if the memory behind it is not free."""
    octets = array.base
    if not isinstance(octets, np.ndarray) or octets.dtype != np.uint8 or not array.flags.c_contiguous:
        return None
    buffer: Any = octets.base
    mapping = buffer.obj if isinstance(buffer, memoryview) else buffer
    if not isinstance(mapping, _Mapping):
        return None
    start = array.ctypes.data - octets.ctypes.data
    end = start + rows * array.strides[0]
    with holding(_growing):
        if start + array.nbytes != mapping.used or end > octets.size:
            return None
        mapping.used = end
    result: NDArray[Any] = octets[start:end].view(array.dtype).reshape(rows, *array.shape[1:])
    return result


@contextlib.contextmanager
def prefault(array: NDArray[Any]) -> Iterator[None]:
    """Context manager: threads touch the pages of an array while the block fills it from the front.

    The system provides a page of memory when the page is first touched. It clears the page, and a virtual machine may
    have to request it from its host. A single thread that fills an array would wait for each page.

    This is worth its threads for an array that is filled by Python calls for small pieces: it shortens the reading of
    a word2vec binary file of 1 GB by 12 to 25 % on two cores. It gains nothing for an array that is read in large
    pieces (`readinto`), as in the native format: without it, reading 1 GB took 6 % less time.

    Parameters
    ----------
    array : ndarray
        Memory from `empty` whose content is not used yet. Nothing is done for a small array, or where the system does
        not support the request.
    """
    threads = min(_PREFAULT_THREADS, usable_cores())
    stopped: list[bool] = []  # not empty: stopped
    pool = WorkerPool(lambda: stopped.append(True))
    try:
        with pool.guard:
            if array.nbytes >= _PREFAULT_MINIMUM and _HAS_HUGE_PAGES and threads > 1:
                with contextlib.suppress(RuntimeError):  # the system allows no more threads
                    for first in range(threads):
                        pages = range(first, array.nbytes // HUGE_PAGE, threads)
                        pool.start(partial(_touch_pages, array, pages, stopped))
            yield
    finally:
        pool.shutdown()


def _touch_pages(array: NDArray[Any], pages: range, stopped: list[bool]) -> None:
    populate, start = _populate_function(), array.ctypes.data
    for page in pages:
        if stopped:
            return
        populate(start + page * HUGE_PAGE, HUGE_PAGE)


def release_freed() -> None:
    """Return memory to the system that was freed between blocks that are still in use; glibc keeps it otherwise.

    Reading a large text leaves many megabytes of such memory behind.
    """
    with contextlib.suppress(
        AttributeError, OSError, TypeError
    ):  # other C libraries do not have this function
        ctypes.CDLL(None).malloc_trim(0)


def _allocate(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.hasobject:
        raise ValueError(f"dtype {dtype} holds Python objects; raw memory can hold numbers only")
    n_bytes = math.prod(shape) * dtype.itemsize
    if n_bytes >= HUGE_PAGE and _HAS_HUGE_PAGES:
        mapping = _map(n_bytes)
        buffer: Any = np.frombuffer(mapping, dtype=np.uint8)
        start = -buffer.ctypes.data % HUGE_PAGE
        mapping.used = start + n_bytes
    else:
        buffer = np.empty(n_bytes + CACHE_LINE, dtype=np.uint8)
        start = -buffer.ctypes.data % CACHE_LINE
    array: NDArray[Any] = buffer[start : start + n_bytes].view(dtype).reshape(shape)
    return array


def _map(n_bytes: int) -> _Mapping:
    """Map `n_bytes` and the alignment to a huge page; twice as much where addresses cost nothing."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    try:
        mapping = _Mapping(-1, n_bytes * (2 if _addresses_are_free() else 1) + HUGE_PAGE, flags=flags)
    except (OSError, OverflowError):  # the system may still have half as much
        try:
            mapping = _Mapping(-1, n_bytes + HUGE_PAGE, flags=flags)
        except (OSError, OverflowError):
            raise MemoryError(f"no memory for an array of {n_bytes:,} bytes") from None
    with contextlib.suppress(OSError):  # kernels without huge pages reject the advice
        mapping.madvise(mmap.MADV_HUGEPAGE)
    return mapping


def _populate_function() -> Callable[[int, int], Any]:
    """Return a function that makes the system provide the pages of (address, length), as if each were written to.

    It releases the interpreter's lock. Linux before 5.14 rejects the request, which does no harm.
    """
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return lambda address, n_bytes: madvise(address, n_bytes, _MADV_POPULATE_WRITE)


def _addresses_are_free() -> bool:
    """Return whether memory that is mapped but not touched counts against no limit."""
    import resource

    if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
        return False
    try:
        with open("/proc/sys/vm/overcommit_memory") as file:
            return file.read().strip() != _NO_OVERCOMMIT
    except OSError:
        return False
