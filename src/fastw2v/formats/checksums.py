"""How damage within the native file is noticed: an XXH64 of its header and of each array, in its last array.

That array is written last, when all that it covers has gone out, and takes part in the layout like any other: rows
of 8 bytes (little-endian), first the header's, then one an array in the order of the file. A row of zeros makes no
claim; a file that is mapped for writing in place loses its rows to zeros.

Hashing is done beside the reading by a thread of its own, as it takes about as long.
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


def of(data: bytes) -> int:
    """XXH64 of `data`."""
    checksum = XXH64()
    checksum.update(data)
    return checksum.value


def encoded(values: Sequence[int]) -> Array:
    """The array that holds `values`: uint8, shape (len(values), 8)."""
    return np.array(values, dtype="<u8").view(np.uint8).reshape(-1, _ROW)


def check_header(rows: Array, header: bytes, count: int) -> None:
    """Raise ValueError if `rows` is no array of checksums of `count` arrays, or not of this header."""
    if rows.dtype != np.uint8 or rows.shape != (count + 1, _ROW):
        raise ValueError("its checksums are not one for each array; the file is damaged")
    if not _agree(rows[0], of(header)):
        raise ValueError(
            "its header does not match its checksum: the file is damaged, get it again from its source"
        )


def check_arrays(rows: Array, names: Sequence[str], values: Sequence[int]) -> None:
    """Raise ValueError if an array's checksum, in the order of the file, is not what `rows` tells."""
    for row, name, value in zip(rows[1:], names, values, strict=True):
        if not _agree(row, value):
            raise ValueError(
                f"array {name!r:.80} does not match its checksum: the file is damaged, get it again from its source"
            )


def _agree(row: Array, value: int) -> bool:
    told = int.from_bytes(row.tobytes(), "little")
    return told in (0, value)


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
