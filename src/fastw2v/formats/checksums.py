"""The checksums of the native format, which show that a file is damaged.

The last array of a native file has the name `NAME`, dtype uint8 and shape (1 + number of arrays, 8). Each row is one
XXH64, a little-endian unsigned 64-bit integer: first that of the header, then one for each array, in the order of the
file. The array is written last, after everything that it covers. A row of zeros says nothing: the rows of arrays are
set to zero when a file is mapped for writing in place.

Hashing takes about as long as reading, so a thread of its own hashes a large array while the next piece is read.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.worker_pool import WorkerPool
from fastw2v.formats.xxh64 import XXH64

NAME = "__checksums__"
_ROW = 8
_WORTH_A_THREAD = 1 << 24

Array = NDArray[Any]


def compute(data: bytes) -> int:
    """Return the XXH64 of `data`."""
    checksum = XXH64()
    checksum.update(data)
    return checksum.value


def encode(values: Sequence[int]) -> Array:
    """Return the array that holds `values`: uint8, shape (len(values), 8)."""
    return np.array(values, dtype="<u8").view(np.uint8).reshape(-1, _ROW)


def check_header(rows: Array, header: bytes, count: int) -> None:
    """Raise ValueError unless `rows` holds the checksums of `header` and of `count` arrays."""
    if rows.dtype != np.uint8 or rows.shape != (count + 1, _ROW):
        raise ValueError(
            f"its checksums are not one for each array: shape {rows.shape}; expected {(count + 1, _ROW)}; "
            "the file is damaged"
        )
    if not _matches(rows[0], compute(header)):
        raise ValueError(
            "its header does not match its checksum: the file is damaged, get it again from its source"
        )


def check_arrays(rows: Array, names: Sequence[str], values: Sequence[int]) -> None:
    """Raise ValueError unless `values`, the checksums of the arrays that were read, are those in `rows`."""
    for row, name, value in zip(rows[1:], names, values, strict=True):
        if not _matches(row, value):
            raise ValueError(
                f"array {name!r:.80} does not match its checksum: the file is damaged, get it again from its source"
            )


def _matches(row: Array, value: int) -> bool:
    return int.from_bytes(row.tobytes(), "little") in (0, value)


class Reading:
    """The checksum of an array that is being read piece by piece.

    Attributes
    ----------
    checksum : XXH64
        Complete when the block of `reading` has ended.
    """

    def __init__(self) -> None:
        self.checksum = XXH64()
        self._pieces: queue.SimpleQueue[memoryview | None] | None = None

    def take(self, piece: memoryview) -> None:
        """Add a piece, which must not change any more."""
        if self._pieces is None:
            self.checksum.update(piece)
        else:
            self._pieces.put(piece)


@contextlib.contextmanager
def reading(length: int) -> Iterator[Reading]:
    """Context manager: a `Reading` of `length` bytes in all."""
    if length < _WORTH_A_THREAD:
        yield Reading()
        return
    current = Reading()
    pieces: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()

    def update() -> None:
        while (piece := pieces.get()) is not None:
            current.checksum.update(piece)

    pool = WorkerPool(stop=lambda: pieces.put(None))
    try:
        with pool.guard:
            with contextlib.suppress(RuntimeError):  # without another thread, `take` does the work
                pool.start(update)
                current._pieces = pieces
            yield current
            pieces.put(None)
            while pool.busy(0.05):
                pass
    finally:
        pool.shutdown()
    pool.raise_error()
