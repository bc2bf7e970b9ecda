"""Reading a number of bytes that a header announces, without trusting the header.

`fill` reads into memory that exists. `read_growing` is for streams of unknown size: a header that announces terabytes
costs no more memory than the data that follows it. `BinaryInput` reads the numbers, strings and arrays of a binary
format, and applies both to its arrays.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import memory

Array = NDArray[Any]
OnPiece = Callable[[memoryview], None]

_PIECE = 1 << 22  # bytes read at a time; another thread may use one piece while the next one is read
_FIRST_ALLOCATION = 1 << 26  # bytes
_CHUNK = 1 << 20  # bytes that `BinaryInput` reads at a time for numbers and strings


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


class BinaryInput:
    """A stream of numbers, strings and arrays.

    Parameters
    ----------
    stream : binary file
    size : int or None
        Its number of bytes, if that is known.
    name : str
        What messages call the file, such as "fastText model".
    """

    def __init__(self, stream: IO[bytes], size: int | None, name: str) -> None:
        self._stream = stream
        self._size = size
        self._name = name
        self._buffer = b""
        self._at = 0
        self._n_read = 0  # bytes of the stream that are in the buffer or were returned

    @property
    def position(self) -> int:
        """Number of bytes that have been returned."""
        return self._n_read - len(self._buffer) + self._at

    @property
    def left(self) -> int | None:
        """Number of bytes that have not been returned, or None if it is not known."""
        return None if self._size is None else self._size - self.position

    @property
    def at_end(self) -> bool:
        """Whether all bytes have been returned, as the stream itself says."""
        return self._at == len(self._buffer) and not self._more()

    def _more(self) -> bool:
        """Add data to the buffer; return False at the end of the stream."""
        data = self._stream.read(_CHUNK)
        self._n_read += len(data)
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        return bool(data)

    def numbers(self, form: str, what: str) -> tuple[Any, ...]:
        """Return the numbers that a format of `struct` describes."""
        length = struct.calcsize(form)
        while len(self._buffer) - self._at < length:
            if not self._more():
                raise ValueError(f"the {self._name} ends within {what}")
        values = struct.unpack_from(form, self._buffer, self._at)
        self._at += length
        return values

    def string(self, what: str, longest: int) -> bytes:
        """Return the bytes before the next zero byte, of which there may be at most `longest`."""
        searched = self._at
        while (end := self._buffer.find(b"\0", searched)) < 0:
            searched = len(self._buffer) - self._at
            if searched > longest:
                break
            if not self._more():
                raise ValueError(f"the {self._name} ends within {what}")
        if end < 0 or end - self._at > longest:
            raise ValueError(f"{what} of the {self._name} is longer than {longest} bytes")
        value = self._buffer[self._at : end]
        self._at = end + 1
        return value

    def array(self, dtype: str, shape: tuple[int, ...], what: str) -> Array:
        """Return an array; no memory is allocated for more data than there is."""
        kind = np.dtype(dtype)
        length = int(np.prod([int(n) for n in shape], dtype=object)) * kind.itemsize
        left = self.left
        if left is None:
            octets = read_growing(self, length, what)  # type: ignore[arg-type]
            return octets.view(kind).reshape(shape)
        if length > left:
            raise ValueError(f"{what} of the {self._name} need {length} bytes, and the file has {left} more")
        array = memory.empty(shape, kind)
        if length:
            fill(self, array.reshape(-1).view(np.uint8), what)  # type: ignore[arg-type]
        return array

    def readinto(self, target: memoryview) -> int:
        """Fill `target` from the buffer, or else from the stream; return the number of bytes."""
        buffered = self._buffer[self._at : self._at + len(target)]
        if buffered:
            target[: len(buffered)] = buffered
            self._at += len(buffered)
            return len(buffered)
        count = self._stream.readinto(target) or 0  # type: ignore[attr-defined]
        self._n_read += count
        return int(count)
