"""Writing pickles that name gensim's classes, without importing gensim.

`pickle.Pickler` must import a class to write it. `Pickler` takes names instead: `Global` stands for a class or
function, `Object` for the result of calling it. Otherwise it writes None, numbers, strings, bytes, lists, tuples,
dictionaries and NumPy arrays, which is what a model consists of. Only globals and dtypes are memoised, and matrices are
written from their own memory without a copy.

The pickles have protocol 4. They name NumPy's functions by the modules of NumPy 1, which NumPy 2 finds as well.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Global(NamedTuple):
    """A class or function, by name."""

    module: str
    name: str


class Object(NamedTuple):
    """The result of a call of `kind`, whose items and state are then set.

    If `arguments` is None, the object is made by ``kind.__new__``.
    """

    kind: Global
    arguments: tuple[Any, ...] | None
    items: Mapping[Any, Any] | None = None
    state: Any = None


_RECONSTRUCT = Global("numpy.core.multiarray", "_reconstruct")
_EMPTY_ARRAY = (Global("numpy", "ndarray"), (0,), b"b")


class Pickler:
    """Writer of one object to a binary file."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle = handle
        self._memo: dict[Any, int] = {}

    def dump(self, value: Any) -> None:
        """Write `value` as a complete pickle.

        Raises
        ------
        TypeError
            If a part of `value` has a type that no model holds.
        """
        self._handle.write(b"\x80\x04")
        self._save(value)
        self._handle.write(b".")

    def _save(self, value: Any) -> None:
        write = self._handle.write
        if type(value) is str:
            write(_text(value))
        elif isinstance(value, np.ndarray):
            self._array(value)
        elif value is None:
            write(b"N")
        elif isinstance(value, (bool, np.bool_)):
            write(b"\x88" if value else b"\x89")
        elif isinstance(value, (int, np.integer)):
            write(_integer(int(value)))
        elif isinstance(value, (float, np.floating)):
            write(b"G" + struct.pack(">d", value))
        elif isinstance(value, str):
            write(_text(value))
        elif isinstance(value, bytes):
            write(b"\x8e" + struct.pack("<Q", len(value)) + value)
        elif isinstance(value, Global):
            self._global(value)
        elif isinstance(value, Object):
            self._object(value)
        elif isinstance(value, tuple):
            self._sequence(b"(", value, b"t")
        elif isinstance(value, list):
            self._sequence(b"](", value, b"e")
        elif isinstance(value, Mapping):
            write(b"}")
            self._items(value)
        else:
            raise TypeError(f"a {type(value).__name__} cannot be part of a gensim model: {value!r:.80}")

    def _sequence(self, begin: bytes, items: list[Any] | tuple[Any, ...], end: bytes) -> None:
        self._handle.write(begin)
        for item in items:
            self._save(item)
        self._handle.write(end)

    def _items(self, mapping: Mapping[Any, Any]) -> None:
        self._handle.write(b"(")
        for key, value in mapping.items():
            self._save(key)
            self._save(value)
        self._handle.write(b"u")

    def _write_from_memo(self, key: Any) -> bool:
        """If `key` is memoised, write an opcode that fetches it and return True."""
        index = self._memo.get(key)
        if index is not None:
            self._handle.write(b"j" + struct.pack("<I", index))
        return index is not None

    def _memoise(self, key: Any) -> None:
        self._memo[key] = len(self._memo)
        self._handle.write(b"\x94")

    def _global(self, value: Global) -> None:
        if not self._write_from_memo(value):
            self._handle.write(_text(value.module) + _text(value.name) + b"\x93")
            self._memoise(value)

    def _object(self, value: Object) -> None:
        self._global(value.kind)
        if value.arguments is None:
            self._handle.write(b")\x81")
        else:
            self._save(value.arguments)
            self._handle.write(b"R")
        if value.items is not None:
            self._items(value.items)
        if value.state is not None:
            self._save(value.state)
            self._handle.write(b"b")

    def _array(self, array: Array) -> None:
        """Write an array as NumPy pickles it: an empty one, whose state is shape, dtype, order and contents."""
        write = self._handle.write
        self._global(_RECONSTRUCT)
        if not self._write_from_memo(_EMPTY_ARRAY):
            self._save(_EMPTY_ARRAY)
            self._memoise(_EMPTY_ARRAY)
        write(b"R(K\x01(")
        for length in array.shape:
            write(_integer(length))
        write(b"t")
        self._dtype(array.dtype)
        write(b"\x89")
        if array.dtype.hasobject:
            self._save(list(array.reshape(-1)))
        elif array.nbytes < 256:
            write(b"C" + bytes([array.nbytes]) + array.tobytes())
        else:
            write(b"\x8e" + struct.pack("<Q", array.nbytes))
            write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        write(b"tb")

    def _dtype(self, dtype: np.dtype[Any]) -> None:
        if self._write_from_memo(dtype.str):
            return
        simple = dtype.str.lstrip("<>|=")
        self._save(Global("numpy", "dtype"))
        self._save((f"{simple}8" if simple == "O" else simple, False, True))
        self._handle.write(b"R")
        self._memoise(dtype.str)
        flags = 63 if dtype.hasobject else 0
        self._save((3, dtype.str[0], None, None, None, -1, -1, flags))
        self._handle.write(b"b")


def _integer(value: int) -> bytes:
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def _text(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(encoded)) + encoded
