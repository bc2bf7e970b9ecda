"""Reading exactly as much as a header promises, into memory that grows with what has arrived."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Taker = Callable[[memoryview], None]

_READ = 1 << 22  # bytes at a time: another thread may look at one piece while the next one is read
_GROWTH = 1 << 26


def fill(stream: IO[bytes] | io.FileIO, octets: Array, what: str, taken: Taker = lambda piece: None) -> None:
    """Read exactly as many bytes as the uint8 array `octets` holds, and show `taken` each piece of them.

    Raises
    ------
    ValueError
        If the stream ends before; the message names `what`.
    """
    view = octets.data
    position = 0
    while position < len(view):
        count = stream.readinto(view[position : position + _READ])  # type: ignore[union-attr]
        if not count:
            raise ValueError(f"it is truncated within {what}; get it again from its source")
        taken(view[position : position + count])
        position += count


def read_growing(stream: IO[bytes] | io.FileIO, length: int, what: str) -> Array:
    """Read `length` bytes as a uint8 array that never grows far beyond the data that has arrived.

    Raises
    ------
    ValueError
        If the stream ends before; the message names `what`.
    """
    octets: Array = np.empty(min(length, _GROWTH), np.uint8)
    filled = 0
    while True:
        fill(stream, octets[filled:], what)
        filled = octets.size
        if filled == length:
            return octets
        # A large block is remapped, not copied, by the allocators in use, so this does not double the memory.
        octets.resize(min(length, 2 * filled), refcheck=False)
