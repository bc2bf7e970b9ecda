"""fastw2v's own file format: named arrays and JSON metadata in the safetensors layout.

    8 bytes      length N of the header, unsigned, little-endian
    N bytes      header: JSON object {name: {"dtype", "shape", "data_offsets"}, "__metadata__": {str: str}},
                 padded with spaces so that the data begins at a multiple of 64 bytes
    the rest     the arrays, little-endian, C order, one after another without gaps

Nothing in it is executable, other languages read it, and it can be memory-mapped. Each value of
"__metadata__" is a JSON text of its own, except for the marker "format": "fastw2v" and "format_version".

The layout allows no gaps, so the order of the arrays alone decides their alignment: sorted by the largest
power of two that divides their byte length, downwards, each begins at a multiple of its own item size at
least, and the long ones at a multiple of 16 to 64 bytes.

The last array holds checksums of the header and of all others, which reading verifies and mapping does not: see
`checksums`. Files of version 1 have none.

The reader trusts nothing: every number of the header is checked against the size of the file before
anything is allocated, and where the size is not known (compressed files, URIs) arrays grow with the data
that has arrived.

Layout: https://huggingface.co/docs/safetensors (format section).
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

from fastw2v.formats.xxh64 import XXH64
from fastw2v.formats import checksums
from fastw2v.common import files
from fastw2v.common.files import PathLike
from fastw2v.formats.streams import Taker, fill, read_growing
from fastw2v.common.memory import empty

ALIGNMENT = 64
MAX_HEADER = 100_000_000  # the layout's own limit
FORMAT = "fastw2v"
VERSION = 2
_READABLE = ("1", "2")

_BLOCK = 1 << 24
_PIECE = 1 << 20  # what is hashed or copied while it is in the cache
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
_NAMES = {np.dtype(code).str: name for name, code in _DTYPES.items()}

Array = NDArray[Any]


class _Entry(NamedTuple):
    """Where one array lies in the data section."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    end: int


class _Header(NamedTuple):
    """What a file tells of itself before its data."""

    entries: list[_Entry]  # in the order of the data, the one of the checksums left out
    checksums: _Entry | None
    metadata: dict[str, Any]
    octets: bytes  # the header, with its length, as it lies in the file

    @property
    def end(self) -> int:
        """Where the data ends, counted from its beginning."""
        last = self.checksums or (self.entries[-1] if self.entries else None)
        return last.end if last else 0


def is_native(first_bytes: bytes) -> bool:
    """Whether a file that begins with `first_bytes` (9 of them or more) is in the safetensors layout."""
    length = int.from_bytes(first_bytes[:8], "little")
    return 2 <= length <= MAX_HEADER and first_bytes[8:9] == b"{"


def write(path: PathLike, arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> None:
    """Write `arrays` and `metadata` to one file, atomically.

    No array is copied as a whole: what is written goes, piece by piece, through a buffer of 1 MiB, so that the
    checksum is that of the bytes that were written, whoever changes the array meanwhile.

    Parameters
    ----------
    path : str or os.PathLike
        Where to; see `files.open_atomic`. A compressed file cannot be memory-mapped.
    arrays : mapping of str to numpy.ndarray
        Arrays of bool, int8 to int64, uint8 to uint64, float16, float32 or float64, any shape and strides.
    metadata : mapping of str to object
        Anything that `json.dumps` takes, NumPy scalars included. "format" and "format_version" are reserved.

    Raises
    ------
    TypeError, ValueError
        If an array or a value of the metadata cannot be expressed in the format; the file is not touched.
    OSError
        If the file cannot be written; the old one is untouched.
    """
    ordered = sorted(
        ((name, _storable(name, array)) for name, array in arrays.items()),
        key=lambda item: (-math.gcd(item[1].nbytes, ALIGNMENT), -item[1].nbytes, item[0]),
    )
    header = _header(ordered, metadata)
    sums = [checksums.of(header)]
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
        handle.write(checksums.encoded(sums).tobytes())


def read(path: PathLike, mmap: str | None = None) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read the arrays and the metadata of a file that `write` wrote.

    Parameters
    ----------
    path : str or os.PathLike
        A regular file, compressed or not, or a URI.
    mmap : {None, "r", "c", "r+"}, default None
        None reads into memory and verifies the checksums. The others give `numpy.memmap` views: read-only,
        copy-on-write (changes stay in memory), or read-write (changes go to the file, which loses its
        checksums). Of a mapped file only the header is verified, as the arrays are not read.

    Returns
    -------
    arrays : dict of str to numpy.ndarray
        C-contiguous arrays.
    metadata : dict of str to object

    Raises
    ------
    ValueError
        If the content is not a whole, consistent file of this format.
    OSError
        If there is no such file, or it is a directory, a pipe or a device; `io.UnsupportedOperation` if
        `mmap` is asked for a compressed file or a URI.
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


def _header(ordered: list[tuple[str, Array]], metadata: Mapping[str, Any]) -> bytes:
    """Length and header, padded to a multiple of ALIGNMENT."""
    texts = {"format": FORMAT, "format_version": str(VERSION)}
    for key, value in metadata.items():
        if key in texts:
            raise ValueError(f"metadata key {key!r} is reserved for the format itself; choose another")
        try:
            texts[_utf8(key)] = json.dumps(value, default=plain_scalar, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            raise type(error)(f"metadata[{key!r}] cannot be written as JSON: {error}") from None
    entries: dict[str, Any] = {"__metadata__": texts}
    offset = 0
    for name, array in ordered:
        end = offset + array.nbytes
        dtype = _NAMES[array.dtype.newbyteorder("<").str]
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


def _storable(name: str, array: Array) -> Array:
    """`array` as a base-class array, if the format can express it under `name`."""
    if _utf8(name) in ("__metadata__", checksums.NAME):
        raise ValueError(f"an array cannot be named {name!r}: the format reserves it")
    plain = np.asarray(array)
    if plain.dtype.newbyteorder("<").str not in _NAMES:
        raise TypeError(
            f"array {name!r} has dtype {plain.dtype}, which the format cannot express; "
            "convert it to a bool, integer or float (16 to 64 bits) dtype"
        )
    return plain


def _utf8(name: str) -> str:
    """`name`, if it is a string that UTF-8 can express."""
    if not isinstance(name, str):
        raise TypeError(f"names of arrays and metadata must be str, not {type(name).__name__}: {name!r}")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(f"the name {name!r} cannot be encoded as UTF-8; rename it") from None
    return name


def plain_scalar(value: object) -> Any:
    """Return a NumPy scalar as Python's: the `default` of `json.dumps` for metadata."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not a JSON type")


def _blocks(array: Array) -> Iterator[memoryview]:
    """The bytes of `array` in C order, little-endian, by blocks; copied only where they must be."""
    if array.size == 0:
        return
    if array.ndim == 0:
        array = array.reshape(1)
    little = array.dtype.newbyteorder("<")
    if array.flags.c_contiguous and array.dtype == little:
        octets = array.reshape(-1).view(np.uint8).data
        for begin in range(0, len(octets), _BLOCK):
            yield octets[begin : begin + _BLOCK]
        return
    rows = max(1, _BLOCK // max(1, array.nbytes // array.shape[0]))
    for begin in range(0, array.shape[0], rows):
        block = np.ascontiguousarray(array[begin : begin + rows], dtype=little)
        yield block.reshape(-1).view(np.uint8).data


def _read_file(raw: io.FileIO, mmap: str | None) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read from an uncompressed local file, whose size is known."""
    size = os.fstat(raw.fileno()).st_size
    header = _read_header(raw, size)
    start = len(header.octets)
    if start + header.end != size:
        verb = "truncated" if start + header.end > size else "followed by something else"
        raise ValueError(
            f"it is {verb}: {size:,} bytes where its header tells {start + header.end:,}; "
            "get it again from its source"
        )
    if mmap is not None:
        mapped = np.memmap(raw, dtype=np.uint8, mode=mmap, shape=(size,))  # type: ignore[call-overload]
        return _mapped(mapped, header, writes_through=mmap == "r+"), header.metadata
    return _read_arrays(header, lambda entry, taken: _filled(raw, entry, taken)), header.metadata


def _read_stream(stream: IO[bytes]) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read from a stream of unknown size: no array grows far beyond the data that has arrived."""
    header = _read_header(stream, None)
    arrays = _read_arrays(header, lambda entry, taken: _grown(stream, entry, taken))
    if stream.read(1):
        raise ValueError("there is more data than its header tells; get it again from its source")
    return arrays, header.metadata


def _read_arrays(header: _Header, read_one: Callable[[_Entry, Taker], Array]) -> dict[str, Array]:
    """All arrays by `read_one`, verified."""
    arrays: dict[str, Array] = {}
    sums = []
    for entry in header.entries:
        with checksums.reading(entry.end - entry.begin) as reading:
            arrays[entry.name] = read_one(entry, reading.take)
        sums.append(reading.checksum.value)
    if header.checksums is not None:
        rows = read_one(header.checksums, lambda piece: None)
        checksums.check_header(rows, header.octets, len(sums))
        checksums.check_arrays(rows, list(arrays), sums)
    for entry in header.entries:
        _check_booleans(arrays[entry.name], entry)
    return arrays


def _filled(raw: io.FileIO, entry: _Entry, taken: Taker) -> Array:
    array = _allocate(entry)
    fill(raw, array.reshape(-1).view(np.uint8), f"array {entry.name!r:.80}", taken)
    return array


def _grown(stream: IO[bytes], entry: _Entry, taken: Taker) -> Array:
    octets = read_growing(stream, entry.end - entry.begin, f"array {entry.name!r:.80}")
    taken(octets.data)
    return octets.view(entry.dtype).reshape(entry.shape)


def _mapped(mapped: Array, header: _Header, writes_through: bool) -> dict[str, Array]:
    """Views of the arrays in a file that is mapped as a whole."""
    data = mapped[len(header.octets) :]
    arrays = {entry.name: _view(data, entry) for entry in header.entries}
    if header.checksums is not None:
        rows = _view(data, header.checksums)
        checksums.check_header(rows, header.octets, len(arrays))
        if writes_through:
            rows[1:] = 0
            mapped.flush()  # type: ignore[attr-defined]  # before anything else may be written
    return arrays


def _read_header(stream: IO[bytes] | io.FileIO, size: int | None) -> _Header:
    """Read and check the header. `size` is the file's, None if not known."""
    prefix = stream.read(8) or b""
    if len(prefix) < 8:
        raise ValueError(f"it is {'empty' if not prefix else 'truncated'}, so it holds no model")
    length = int.from_bytes(prefix, "little")
    if not 2 <= length <= MAX_HEADER or (size is not None and length > size - 8):
        raise ValueError(
            f"its header cannot be {length:,} bytes long; it is damaged or not in fastw2v's format"
        )
    text = bytearray()
    while len(text) < length:
        piece = stream.read(min(length - len(text), _BLOCK))
        if not piece:
            raise ValueError("it is truncated within its header; get it again from its source")
        text += piece
    header = _parse(bytes(text), "header")
    if not isinstance(header, dict):
        raise ValueError("its header is not a JSON object; it is damaged or not in fastw2v's format")
    metadata, version = _metadata(header.pop("__metadata__", None))
    entries = _entries(header)
    sums = None
    if version > 1:
        if not entries or entries[-1].name != checksums.NAME:
            raise ValueError("its last array holds no checksums; the file is damaged")
        sums = entries.pop()
    return _Header(entries, sums, metadata, prefix + bytes(text))


def _parse(text: bytes | str, what: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its {what} is not valid JSON ({error}); the file is damaged") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key appears twice")
    return result


def _metadata(texts: Any) -> tuple[dict[str, Any], int]:
    """Decoded metadata, and the version of the format; raises unless both are of a file that can be read."""
    if not isinstance(texts, dict) or texts.get("format") != FORMAT:
        raise ValueError(
            "it is a safetensors file, but not one that fastw2v wrote; load its arrays with safetensors"
        )
    version = texts.get("format_version")
    if version not in _READABLE:
        raise ValueError(
            f"its format version is {version!r:.40} and this fastw2v knows {', '.join(_READABLE)}; upgrade fastw2v"
        )
    metadata = {}
    for key, text in texts.items():
        if key in ("format", "format_version"):
            continue
        if not isinstance(text, str):
            raise ValueError(f"its metadata value {key!r:.80} is not a string; the file is damaged")
        metadata[key] = _parse(text, f"metadata value {key!r:.80}")
    return metadata, int(version)


def _entries(header: dict[str, Any]) -> list[_Entry]:
    """The arrays in the order of their data, which has no gap and no overlap."""
    entries = sorted((_entry(name, value) for name, value in header.items()), key=lambda entry: entry[3:])
    position = 0
    for entry in entries:
        if entry.begin != position:
            raise ValueError(
                f"array {entry.name!r:.80} begins at {entry.begin}, not at {position}: the file is damaged"
            )
        position = entry.end
    return entries


def _entry(name: str, value: Any) -> _Entry:
    """One validated entry of the header."""
    try:
        code, shape, (begin, end) = value["dtype"], tuple(value["shape"]), value["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise ValueError(f"the entry of array {name!r:.80} is malformed; the file is damaged") from None
    if not isinstance(code, str) or code not in _DTYPES:
        raise ValueError(
            f"array {name!r:.80} has dtype {code!r:.40}, which is not supported; "
            f"convert it to F32 and write the file again (supported: {', '.join(_DTYPES)})"
        )
    if len(shape) > _MAX_DIMENSIONS or any(type(n) is not int or n < 0 for n in (*shape, begin, end)):
        raise ValueError(
            f"the shape or the offsets of array {name!r:.80} are impossible; the file is damaged"
        )
    dtype = np.dtype(_DTYPES[code])
    # NumPy multiplies the non-zero dimensions even where the array is empty.
    if math.prod(max(n, 1) for n in shape) * dtype.itemsize > sys.maxsize:
        raise ValueError(f"the shape of array {name!r:.80} is larger than any memory; the file is damaged")
    if end - begin != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"the shape and the offsets of array {name!r:.80} disagree; the file is damaged")
    return _Entry(name, dtype, shape, begin, end)


def _allocate(entry: _Entry) -> Array:
    """An uninitialised array: aligned and on huge pages where the training loops will walk over it."""
    return empty(entry.shape, entry.dtype)


def _view(data: Array, entry: _Entry) -> Array:
    """The array of `entry` as a view into the mapped data section."""
    octets = data[entry.begin : entry.end]
    if octets.ctypes.data % entry.dtype.itemsize:
        raise ValueError(
            f"array {entry.name!r:.80} is not aligned to its item size; load the file without mmap"
        )
    array = octets.view(entry.dtype).reshape(entry.shape)
    _check_booleans(array, entry)
    return array


def _check_booleans(array: Array, entry: _Entry) -> None:
    """Raise ValueError if bytes are no values of their dtype: only of bool are there some that are not."""
    if entry.dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
        raise ValueError(f"array {entry.name!r:.80} holds bytes that are no booleans; the file is damaged")
