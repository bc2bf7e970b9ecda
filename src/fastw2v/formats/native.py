"""fastw2v's own file format: named arrays and JSON metadata in the safetensors layout.

Layout
------
    8 bytes      length N of the header in bytes, unsigned, little-endian
    N bytes      header, a JSON object, padded with spaces so that the data begins at a multiple of 64 bytes
    the rest     data: the arrays, little-endian, in C order, one after another without gaps

The header has one entry for each array::

    "NAME": {"dtype": "F32", "shape": [rows, columns], "data_offsets": [begin, end]}

where the offsets are bytes from the beginning of the data, and an entry ``"__metadata__": {key: value}``, in which keys
and values are strings. The values of "format" ("fastw2v") and "format_version" ("2") mark the file. Every other value
is a JSON text of its own.

The last array, ``__checksums__``, holds an XXH64 of the header and of every other array (`checksums`). `read` verifies
them; a mapped file is not read, so only its header is verified. Files of version 1 have no checksums.

Design
------
* The file can be read from other languages and memory-mapped, and nothing in it is executable.
* The layout allows no padding between arrays, so their order decides their alignment. They are sorted by the largest
  power of two, up to 64, that divides their length in bytes, in descending order. Every array then begins at a multiple
  of its item size, and a long array whose length is a multiple of 64 begins at a multiple of 64.
* The reader does not trust the file: it checks every number of the header against the size of the file before it
  allocates memory. If the size is not known (compressed files, URIs), arrays grow with the data that has arrived.

Reference: https://huggingface.co/docs/safetensors (section "Format").
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import files
from fastw2v.common.files import PathLike
from fastw2v.common.memory import empty
from fastw2v.common.progress_bar import ProgressBar
from fastw2v.formats import checksums
from fastw2v.formats.streams import OnPiece, fill, read_growing
from fastw2v.formats.xxh64 import XXH64

ALIGNMENT = 64
MAX_HEADER = 100_000_000  # bytes; the limit of the safetensors layout
FORMAT = "fastw2v"
VERSION = 2
_READABLE_VERSIONS = ("1", "2")

_BLOCK = 1 << 24
_PIECE = 1 << 20  # bytes that are copied and hashed at a time, so that they stay in the cache
_MAX_DIMENSIONS = 32
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}
_DTYPE_NAMES = {np.dtype(code).str: name for name, code in _DTYPES.items()}

Array = NDArray[Any]


class _Entry(NamedTuple):
    """One array of the header; `begin` and `end` are bytes from the beginning of the data."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    end: int


class _Header(NamedTuple):
    """The header of a file."""

    entries: list[_Entry]  # in the order of the data, without the checksums
    checksums: _Entry | None
    metadata: dict[str, Any]
    raw: bytes  # the length and the header as they are in the file

    @property
    def data_length(self) -> int:
        """Length of the data in bytes."""
        last = self.checksums or (self.entries[-1] if self.entries else None)
        return last.end if last else 0


def is_native(first_bytes: bytes) -> bool:
    """Return whether a file that begins with `first_bytes`, at least 9 of them, is in the safetensors layout."""
    length = int.from_bytes(first_bytes[:8], "little")
    return 2 <= length <= MAX_HEADER and first_bytes[8:9] == b"{"


def write(path: PathLike, arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> None:
    """Write `arrays` and `metadata` to one file, atomically.

    Arrays are written through a buffer of 1 MiB, from which the checksums are computed. A checksum is therefore that of
    the bytes in the file even if another thread changes the array meanwhile.

    Parameters
    ----------
    path : str or os.PathLike
        The file, compressed if its suffix says so; see `files.open_atomic`. A compressed file cannot be
        memory-mapped.
    arrays : mapping of str to numpy.ndarray
        Arrays of bool, int8 to int64, uint8 to uint64, or float16 to float64, of any shape and strides.
    metadata : mapping of str to object
        Values that `json.dumps` accepts, or NumPy scalars. "format" and "format_version" are reserved.

    Raises
    ------
    TypeError, ValueError
        If the format cannot express an array or a value of the metadata; an existing file is not changed.
    OSError
        If the file cannot be written; an existing file is not changed.
    """
    ordered = sorted(
        ((name, _check_storable(name, array)) for name, array in arrays.items()),
        key=lambda item: (-math.gcd(item[1].nbytes, ALIGNMENT), -item[1].nbytes, item[0]),
    )
    header = _encode_header(ordered, metadata)
    sums = [checksums.compute(header)]
    buffer = memoryview(bytearray(_PIECE))
    with files.open_atomic(path, "wb") as handle:
        handle.write(header)
        for _, array in ordered:
            checksum = XXH64()
            for block in _blocks(array):
                for begin in range(0, len(block), _PIECE):
                    piece = block[begin : begin + _PIECE]
                    buffer[: len(piece)] = piece
                    checksum.update(buffer[: len(piece)])
                    handle.write(buffer[: len(piece)])
            sums.append(checksum.value)
        handle.write(checksums.encode(sums).tobytes())


def read(path: PathLike, mmap: str | None = None) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read the arrays and the metadata of a file that `write` wrote.

    Parameters
    ----------
    path : str or os.PathLike
        A regular file, compressed or not, or a URI.
    mmap : {None, "r", "c", "r+"}, default None
        None reads the arrays into memory and verifies the checksums. The others return `numpy.memmap` views:
        read-only, copy-on-write (changes stay in memory), or read-write (changes go to the file, whose checksums are
        cleared). Only the header of a mapped file is verified.

    Returns
    -------
    arrays : dict of str to numpy.ndarray
        C-contiguous arrays.
    metadata : dict of str to object

    Raises
    ------
    ValueError
        If the file is truncated, damaged, or in another format; the message names the field.
    OSError
        If the file cannot be read, or is a directory, a pipe or a device.
    io.UnsupportedOperation
        If `mmap` is given for a compressed file or a URI.
    """
    if mmap not in (None, "r", "c", "r+"):
        raise ValueError(f"mmap must be None, 'r', 'c' or 'r+', not {mmap!r}")
    name = os.fspath(path)
    local = files.local_path(path)
    streamed = local is None or files.compression(path) is not None
    if streamed and mmap is not None:
        raise io.UnsupportedOperation(
            f"mmap={mmap!r} needs an uncompressed local file, and {name!r} is not one: "
            "load it without mmap, or store it uncompressed on this machine"
        )
    if local is not None:
        files.check_regular(local)
    try:
        if streamed:
            with files.open_input(path, "rb") as stream:
                return _read_stream(stream)
        assert local is not None
        with open(local, "r+b" if mmap == "r+" else "rb", buffering=0) as raw:
            return _read_file(raw, mmap)
    except ValueError as error:
        raise ValueError(f"cannot read {name!r}: {error}") from error


def _encode_header(ordered: list[tuple[str, Array]], metadata: Mapping[str, Any]) -> bytes:
    """Return the length and the header, padded to a multiple of ALIGNMENT bytes."""
    texts = {"format": FORMAT, "format_version": str(VERSION)}
    for key, value in metadata.items():
        if key in texts:
            raise ValueError(f"metadata key {key!r} is reserved for the format itself; choose another")
        try:
            texts[_check_name(key)] = json_text(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise type(error)(f"metadata[{key!r}] cannot be written as JSON: {error}") from None
    entries: dict[str, Any] = {"__metadata__": texts}
    offset = 0
    for name, array in ordered:
        end = offset + array.nbytes
        dtype = _DTYPE_NAMES[array.dtype.newbyteorder("<").str]
        entries[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, end]}
        offset = end
    shape = [len(ordered) + 1, 8]
    entries[checksums.NAME] = {
        "dtype": "U8",
        "shape": shape,
        "data_offsets": [offset, offset + math.prod(shape)],
    }
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    if len(text) > MAX_HEADER:
        raise ValueError(
            f"the metadata takes {len(text):,} bytes and the format allows {MAX_HEADER:,}; "
            "store long lists as arrays"
        )
    return len(text).to_bytes(8, "little") + text


def _check_storable(name: str, array: Array) -> Array:
    """Return `array` as a plain ndarray; raise if the format cannot express it under `name`."""
    if _check_name(name) in ("__metadata__", checksums.NAME):
        raise ValueError(f"an array cannot be named {name!r}: the format reserves it")
    plain = np.asarray(array)
    if plain.dtype.newbyteorder("<").str not in _DTYPE_NAMES:
        raise TypeError(
            f"array {name!r} has dtype {plain.dtype}, which the format cannot express; "
            "convert it to a bool, integer or float (16 to 64 bits) dtype"
        )
    if plain.ndim > _MAX_DIMENSIONS:
        raise ValueError(
            f"array {name!r} has {plain.ndim} dimensions, and the format allows {_MAX_DIMENSIONS}; reshape it"
        )
    return plain


def _check_name(name: str) -> str:
    """Return `name`; raise if it is not a string that UTF-8 can express."""
    if not isinstance(name, str):
        raise TypeError(f"names of arrays and metadata must be str, not {type(name).__name__}: {name!r}")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(f"the name {name!r} cannot be encoded as UTF-8; rename it") from None
    return name


def json_text(value: Any) -> str:
    """Return a value as JSON that `read` accepts.

    Raises
    ------
    TypeError, ValueError, RecursionError
        If JSON cannot express the value, or if two keys of a dictionary become the same text.
    """
    text = json.dumps(value, default=plain_scalar, separators=(",", ":"))
    json.loads(text, object_pairs_hook=_reject_duplicates)
    return text


def plain_scalar(value: object) -> Any:
    """Return a NumPy scalar as a Python number; the `default` argument of `json.dumps`."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not a JSON type")


def _blocks(array: Array) -> Iterator[memoryview]:
    """Yield the bytes of `array` in C order, little-endian, by blocks; an array in that form is not copied."""
    if array.size == 0:
        return
    if array.ndim == 0:
        array = array.reshape(1)
    little = array.dtype.newbyteorder("<")
    if array.flags.c_contiguous and array.dtype == little:
        data = array.reshape(-1).view(np.uint8).data
        for begin in range(0, len(data), _BLOCK):
            yield data[begin : begin + _BLOCK]
        return
    rows = max(1, _BLOCK // max(1, array.nbytes // array.shape[0]))
    for begin in range(0, array.shape[0], rows):
        block = np.ascontiguousarray(array[begin : begin + rows], dtype=little)
        yield block.reshape(-1).view(np.uint8).data


def _read_file(raw: io.FileIO, mmap: str | None) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read or map an uncompressed local file, whose size is known."""
    size = os.fstat(raw.fileno()).st_size
    header = _read_header(raw, size)
    start = len(header.raw)
    if start + header.data_length != size:
        what = "truncated" if start + header.data_length > size else "followed by something else"
        raise ValueError(
            f"the file is {what}: it has {size:,} bytes; its header says {start + header.data_length:,}; "
            "get it again from its source"
        )
    if mmap is not None:
        mapped = np.memmap(raw, dtype=np.uint8, mode=mmap, shape=(size,))  # type: ignore[call-overload]
        return _mapped(mapped, header, writes_through=mmap == "r+"), header.metadata
    return _read_arrays(header, lambda entry, on_piece: _filled(raw, entry, on_piece)), header.metadata


def _read_stream(stream: IO[bytes]) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read from a stream of unknown size, whose arrays grow with the data that has arrived."""
    header = _read_header(stream, None)
    arrays = _read_arrays(header, lambda entry, on_piece: _read_growing_array(stream, entry, on_piece))
    if stream.read(1):
        raise ValueError("there is more data than its header says; get the file again from its source")
    return arrays, header.metadata


def _read_arrays(header: _Header, read_array: Callable[[_Entry, OnPiece], Array]) -> dict[str, Array]:
    """Read all arrays with `read_array` and verify their checksums."""
    arrays: dict[str, Array] = {}
    sums = []
    n_read = 0
    with ProgressBar("reading", total=header.data_length, unit="B", show=None) as bar:
        for entry in header.entries:
            with checksums.reading(entry.end - entry.begin) as reading:

                def take(piece: Any, into: checksums.Reading = reading) -> None:
                    nonlocal n_read
                    into.take(piece)
                    n_read += len(piece)
                    bar.move_to(n_read)

                arrays[entry.name] = read_array(entry, take)
            sums.append(reading.checksum.value)
    if header.checksums is not None:
        rows = read_array(header.checksums, lambda piece: None)
        checksums.check_header(rows, header.raw, len(sums))
        checksums.check_arrays(rows, list(arrays), sums)
    for entry in header.entries:
        _check_booleans(arrays[entry.name], entry)
    return arrays


def _filled(raw: io.FileIO, entry: _Entry, taken: OnPiece) -> Array:
    array = _allocate(entry)
    fill(raw, array.reshape(-1).view(np.uint8), f"array {entry.name!r:.80}", taken)
    return array


def _read_growing_array(stream: IO[bytes], entry: _Entry, on_piece: OnPiece) -> Array:
    data = read_growing(stream, entry.end - entry.begin, f"array {entry.name!r:.80}")
    on_piece(data.data)
    return data.view(entry.dtype).reshape(entry.shape)


def _mapped(mapped: Array, header: _Header, writes_through: bool) -> dict[str, Array]:
    """Return views of the arrays in a mapped file."""
    data = mapped[len(header.raw) :]
    arrays = {entry.name: _view(data, entry) for entry in header.entries}
    if header.checksums is not None:
        rows = _view(data, header.checksums)
        checksums.check_header(rows, header.raw, len(arrays))
        if writes_through:
            rows[1:] = 0
            mapped.flush()  # type: ignore[attr-defined]  # before the caller can write anything else
    return arrays


def _read_header(stream: IO[bytes] | io.FileIO, size: int | None) -> _Header:
    """Read and check the header. `size` is the size of the file in bytes, or None if it is not known."""
    prefix = stream.read(8) or b""
    if len(prefix) < 8:
        raise ValueError(
            f"the file is {'empty' if not prefix else 'truncated'}: the length of its header takes 8 bytes"
        )
    length = int.from_bytes(prefix, "little")
    if not 2 <= length <= MAX_HEADER or (size is not None and length > size - 8):
        raise ValueError(
            f"its header cannot be {length:,} bytes long; the file is damaged or not in fastw2v's format"
        )
    text = bytearray()
    while len(text) < length:
        piece = stream.read(min(length - len(text), _BLOCK))
        if not piece:
            raise ValueError("the file is truncated within its header; get it again from its source")
        text += piece
    header = _parse_json(bytes(text), "header")
    if not isinstance(header, dict):
        raise ValueError("its header is not a JSON object; the file is damaged or not in fastw2v's format")
    metadata, version = _decode_metadata(header.pop("__metadata__", None))
    entries = _decode_entries(header)
    sums = None
    if version > 1:
        if not entries or entries[-1].name != checksums.NAME:
            raise ValueError(
                f"its last array holds no checksums; expected an array {checksums.NAME!r}: the file is damaged"
            )
        sums = entries.pop()
    return _Header(entries, sums, metadata, prefix + bytes(text))


def _parse_json(text: bytes | str, what: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_reject_duplicates)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its {what} is not valid JSON ({error}); the file is damaged") from None


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key occurs twice")
    return result


def _decode_metadata(texts: Any) -> tuple[dict[str, Any], int]:
    """Return the decoded metadata and the version of the format; raise if this module cannot read the file."""
    if not isinstance(texts, dict) or texts.get("format") != FORMAT:
        raise ValueError(
            "the file is in the safetensors layout, but not one that fastw2v wrote; load its arrays with safetensors"
        )
    version = texts.get("format_version")
    if version not in _READABLE_VERSIONS:
        raise ValueError(
            f"its format_version is {version!r:.40}; this version of fastw2v reads "
            f"{', '.join(_READABLE_VERSIONS)}; upgrade fastw2v"
        )
    metadata = {}
    for key, text in texts.items():
        if key in ("format", "format_version"):
            continue
        if not isinstance(text, str):
            raise ValueError(f"its metadata value {key!r:.80} is not a string; the file is damaged")
        metadata[key] = _parse_json(text, f"metadata value {key!r:.80}")
    return metadata, int(version)


def _decode_entries(header: dict[str, Any]) -> list[_Entry]:
    """Return the arrays in the order of their data; raise if there is a gap or an overlap."""
    entries = sorted(
        (_decode_entry(name, value) for name, value in header.items()), key=lambda entry: entry[3:]
    )
    position = 0
    for entry in entries:
        if entry.begin != position:
            raise ValueError(
                f"the data of array {entry.name!r:.80} begins at {entry.begin}, not at {position}; the file is damaged"
            )
        position = entry.end
    return entries


def _decode_entry(name: str, value: Any) -> _Entry:
    """Return one entry of the header; raise if it is malformed."""
    try:
        code, shape, (begin, end) = value["dtype"], tuple(value["shape"]), value["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise ValueError(
            f"the entry of array {name!r:.80} is malformed; expected dtype, shape and two data_offsets; "
            "the file is damaged"
        ) from None
    if not isinstance(code, str) or code not in _DTYPES:
        raise ValueError(
            f"array {name!r:.80} has dtype {code!r:.40}, which is not supported; "
            f"convert it to F32 and write the file again (supported: {', '.join(_DTYPES)})"
        )
    if len(shape) > _MAX_DIMENSIONS or any(type(n) is not int or n < 0 for n in (*shape, begin, end)):
        raise ValueError(
            f"the shape {shape!r:.80} or the offsets ({begin!r:.40}, {end!r:.40}) of array {name!r:.80} are "
            f"impossible; expected integers >= 0 and at most {_MAX_DIMENSIONS} dimensions; the file is damaged"
        )
    dtype = np.dtype(_DTYPES[code])
    # NumPy multiplies the non-zero dimensions even if the array is empty.
    if math.prod(max(n, 1) for n in shape) * dtype.itemsize > sys.maxsize:
        raise ValueError(f"array {name!r:.80} is larger than any memory; the file is damaged")
    if end - begin != math.prod(shape) * dtype.itemsize:
        raise ValueError(
            f"the shape and the offsets of array {name!r:.80} disagree: {math.prod(shape) * dtype.itemsize} bytes and "
            f"{end - begin} bytes; the file is damaged"
        )
    return _Entry(name, dtype, shape, begin, end)


def _allocate(entry: _Entry) -> Array:
    """Return an uninitialised array for `entry`, aligned as the training loops need it."""
    return empty(entry.shape, entry.dtype)


def _view(data: Array, entry: _Entry) -> Array:
    """Return the array of `entry` as a view of the mapped data."""
    section = data[entry.begin : entry.end]
    if section.ctypes.data % entry.dtype.itemsize:
        raise ValueError(
            f"array {entry.name!r:.80} is not aligned to its item size; load the file without mmap"
        )
    array = section.view(entry.dtype).reshape(entry.shape)
    _check_booleans(array, entry)
    return array


def _check_booleans(array: Array, entry: _Entry) -> None:
    """Raise ValueError if an array of bool holds bytes other than 0 and 1, which NumPy would take over."""
    if entry.dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
        raise ValueError(
            f"array {entry.name!r:.80} holds bytes that are no booleans (0 or 1); the file is damaged"
        )
