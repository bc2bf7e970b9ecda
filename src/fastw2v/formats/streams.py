"""Reading a number of bytes that a header announces, without trusting the header.

`fill` reads into memory that exists. `read_growing` is for streams of unknown size: a header that announces terabytes
costs no more memory than the data that follows it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
OnPiece = Callable[[memoryview], None]

_PIECE = 1 << 22  # bytes read at a time; another thread may use one piece while the next one is read
_FIRST_ALLOCATION = 1 << 26  # bytes


def fill(
    stream: IO[bytes] | io.FileIO, octets: Array, what: str, on_piece: OnPiece = lambda piece: None
) -> None:
    """Read as many bytes as the uint8 array `octets` holds, and call `on_piece` with each piece that was read.

    Raises
    ------
    ValueError
        If the stream ends before; the message names `what`.
    """
    view = octets.data
    position = 0
    while position < len(view):
        count = stream.readinto(view[position : position + _PIECE])  # type: ignore[union-attr]
        if not count:
            raise ValueError(f"the file is truncated within {what}; get it again from its source")
        on_piece(view[position : position + count])
        position += count


def read_growing(stream: IO[bytes] | io.FileIO, length: int, what: str) -> Array:
    """Read `length` bytes into a uint8 array that is at most twice as long as the data that has arrived.

    Raises
    ------
    ValueError
        If the stream ends before; the message names `what`.
    """
    octets: Array = np.empty(min(length, _FIRST_ALLOCATION), np.uint8)
    filled = 0
    while True:
        fill(stream, octets[filled:], what)
        filled = octets.size
        if filled == length:
            return octets
        # The usual allocators remap a large block instead of copying it, so this does not double the memory.
        octets.resize(min(length, 2 * filled), refcheck=False)
