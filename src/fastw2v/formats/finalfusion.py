"""The format of finalfusion (``.fifu``), version 0: words, unit vectors, and the norms that these vectors had before.

Layout
------
All numbers are little-endian and stand one after the other:

    header      the bytes "FiFu", uint32 version (0), uint32 number of chunks, uint32 identifier of each chunk
    chunks      uint32 identifier, uint64 number of bytes that follow, and these bytes:

        metadata (5), optional    a TOML text in UTF-8
        simple vocabulary (1)     uint64 number of words; for each word: uint32 length, its bytes in UTF-8
        matrix (2)                uint64 rows, uint32 columns, uint32 type (10, float32), padding, the rows
        norms (6), optional       uint64 number of norms, uint32 type (10, float32), padding, the norms

The padding makes the position in the file a multiple of 4. The libraries of finalfusion write and skip 4 bytes where
none are needed. The specification would allow 0 there, which is read as well. Some of their versions leave the norms
out of the list in the header.

A row of the matrix has the length 1 if there are norms; times its norm, it is the vector before normalization. A vector
of zeros has the norm 0.

Vocabularies with n-grams (3, 7, 8, 9) and quantized matrices (4) are refused; the message says how to convert the file.

Reading
-------
Each number is checked before it is used. A local file must be as long as its header says before an array is made; for
compressed data, whose length is not known, memory grows with the data that arrives.

Specification: https://finalfusion.github.io/spec
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.files import PathLike, known_size, open_atomic, open_input
from fastw2v.formats import describe_damage
from fastw2v.formats.settings import MAX_WIDTH
from fastw2v.formats.streams import BinaryInput

Array = NDArray[Any]

MAGIC = b"FiFu"
VERSION = 0
_SIMPLE_VOCABULARY, _MATRIX, _METADATA, _NORMS = 1, 2, 5, 6
_FLORET = 9
_FLOAT32 = 10
_NAMES = {_SIMPLE_VOCABULARY: "vocabulary", _MATRIX: "matrix", _METADATA: "metadata", _NORMS: "norms"}
_CONVERT = (
    "convert it with 'ffp-convert -f finalfusion -t word2vec INPUT OUTPUT' (pip install finalfusion), and read the "
    "result with KeyedVectors.load_word2vec_format(OUTPUT, binary=True)"
)
# Chunks that only the libraries of finalfusion read; the one for Python does not know those of floret.
_NOT_READ = {
    3: "a vocabulary with n-grams in buckets",
    4: "a quantized matrix",
    7: "a vocabulary with n-grams of fastText",
    8: "a vocabulary with explicit n-grams",
    _FLORET: "a vocabulary with n-grams of floret",
}
_ROWS_PER_BLOCK = 4096  # rows normalized at a time


class _NotReadError(Exception):
    """A sound file that holds a chunk of `_NOT_READ`."""

    def __init__(self, identifier: int) -> None:
        super().__init__(identifier)
        self.identifier = identifier


@dataclass(eq=False)
class FinalfusionVectors:
    """What a finalfusion file holds.

    Attributes
    ----------
    words : list of str
    vectors : ndarray of float32, shape (words, D)
        With the lengths that they had before they were normalized, if the file has their norms.
    metadata : str or None
        A TOML text.
    """

    words: list[str]
    vectors: NDArray[np.float32]
    metadata: str | None = None


def is_finalfusion(first_bytes: bytes) -> bool:
    """Return whether a file that begins with `first_bytes` is in the finalfusion format, of any version below 2**24."""
    return first_bytes.startswith(MAGIC) and b"\0" in first_bytes[4:8]  # a text may begin with these letters


# --- reading


def read(path: PathLike) -> FinalfusionVectors:
    """Read a finalfusion file with a simple vocabulary and a matrix of float32.

    Parameters
    ----------
    path : str or os.PathLike
        Decompressed according to its suffix.

    Raises
    ------
    ValueError
        If the file is in another format or damaged, or if it holds n-grams or a quantized matrix; the message names the
        file and the field, or the remedy.
    OSError
        If it cannot be read.
    """
    try:
        with open_input(path) as stream, describe_damage(path):
            return _read(BinaryInput(stream, known_size(path, stream), "finalfusion file"))
    except _NotReadError as error:
        raise ValueError(
            f"cannot load {str(path)!r}: it has {_NOT_READ[error.identifier]}, which fastw2v does not read; "
            + (
                _CONVERT
                if error.identifier != _FLORET
                else "write its words and vectors as word2vec text in floret"
            )
        ) from None


def _read(source: BinaryInput) -> FinalfusionVectors:
    magic, version, n_chunks = source.numbers("<4s2I", "its header")
    if not is_finalfusion(magic + struct.pack("<I", version)):
        raise ValueError(
            "the file is not in the finalfusion format, but perhaps in one that load_any() reads"
        )
    _check("version", version, VERSION, VERSION)
    _check("number of chunks", n_chunks, 2, len(_NAMES))
    listed = source.numbers(f"<{n_chunks}I", "its header")
    for identifier in listed:
        if identifier in _NOT_READ:
            raise _NotReadError(identifier)

    metadata = norms = None
    found = [_METADATA] if listed[0] == _METADATA else []
    if found:
        metadata = _read_metadata(source, _begin_chunk(source, _METADATA))
    words = _read_words(source, _begin_chunk(source, _SIMPLE_VOCABULARY))
    vectors = _read_matrix(source, _begin_chunk(source, _MATRIX), len(words))
    found += [_SIMPLE_VOCABULARY, _MATRIX]
    if not source.at_end:
        norms = _read_norms(source, _begin_chunk(source, _NORMS), len(words))
        found.append(_NORMS)
    if list(listed) not in ([*found], [each for each in found if each != _NORMS]):
        raise ValueError(
            f"field 'chunk identifiers' of the finalfusion file is {list(listed)}; expected {found}"
        )
    if not source.at_end:
        raise ValueError("the finalfusion file goes on after its last chunk")
    if norms is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            vectors *= norms[:, None]
    return FinalfusionVectors(words, vectors, metadata)


def _begin_chunk(source: BinaryInput, expected: int) -> int:
    """Return the number of bytes of the chunk that begins here."""
    what = f"its {_NAMES[expected]}"
    identifier, length = source.numbers("<IQ", what)
    if identifier in _NOT_READ:
        raise _NotReadError(identifier)
    _check(f"chunk identifier of {what}", identifier, expected, expected)
    left = source.left
    if left is not None:
        _check(f"length of {what}", length, 0, left)
    return int(length)


def _read_metadata(source: BinaryInput, length: int) -> str:
    octets = source.array("u1", (length,), "its metadata")
    try:
        return octets.tobytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8("the metadata", error) from None


def _read_words(source: BinaryInput, length: int) -> list[str]:
    if length < 8:
        raise _unexpected("length of its vocabulary", length, "8 or more")
    (count,) = source.numbers("<Q", "its vocabulary")
    _check("number of words", count, 0, (length - 8) // 4)
    data = source.array("u1", (length - 8,), "its vocabulary").tobytes()
    words: list[str] = []
    at = 0
    for number in range(count):
        start = at + 4
        if start > len(data):
            raise ValueError(
                f"the vocabulary of the finalfusion file ends before word {number + 1} of {count}"
            )
        at = start + int.from_bytes(data[at:start], "little")
        if at > len(data):
            raise ValueError(
                f"the vocabulary of the finalfusion file ends within word {number + 1} of {count}"
            )
        try:
            words.append(data[start:at].decode("utf-8"))
        except UnicodeDecodeError as error:
            raise _not_utf8(f"word {number + 1}", error) from None
    if at != len(data):
        raise _unexpected("length of its vocabulary", length, f"{8 + at}, the end of the last word")
    if len(set(words)) != count:
        raise ValueError("the finalfusion file has a word twice")
    return words


def _not_utf8(what: str, error: UnicodeDecodeError) -> ValueError:
    return ValueError(f"{what} of the finalfusion file is not UTF-8 ({error})")


def _read_matrix(source: BinaryInput, length: int, n_words: int) -> NDArray[np.float32]:
    rows, columns, kind = source.numbers("<Q2I", "its matrix")
    _check("rows of the matrix", rows, n_words, n_words)
    _check("columns of the matrix", columns, 1, MAX_WIDTH)
    _check("type of the matrix", kind, _FLOAT32, _FLOAT32)
    _skip_padding(source, length - 16 - 4 * rows * columns, "matrix")
    return source.array("<f4", (rows, columns), "the vectors").astype(np.float32, copy=False)


def _read_norms(source: BinaryInput, length: int, n_words: int) -> NDArray[np.float32]:
    count, kind = source.numbers("<QI", "its norms")
    _check("number of norms", count, n_words, n_words)
    _check("type of the norms", kind, _FLOAT32, _FLOAT32)
    _skip_padding(source, length - 12 - 4 * count, "norms")
    norms = source.array("<f4", (count,), "the norms").astype(np.float32, copy=False)
    if not (np.isfinite(norms) & (norms >= 0)).all():
        raise ValueError("the norms of the finalfusion file are not finite numbers of 0 or more")
    return norms


def _skip_padding(source: BinaryInput, n_bytes: int, what: str) -> None:
    """Skip the padding of a chunk, whose number of bytes follows from the length of the chunk."""
    expected = _padding(source.position)
    if n_bytes not in (expected, expected % 4):
        raise ValueError(
            f"field 'length of its {what}' of the finalfusion file does not fit the numbers of the {what}"
        )
    source.numbers(f"<{n_bytes}s", f"its {what}")


def _padding(position: int) -> int:
    """Return the bytes of padding that the libraries of finalfusion write at a position: 1 to 4."""
    return 4 - position % 4


def _check(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise _unexpected(name, value, str(least) if least == most else f"a number from {least} to {most}")


def _unexpected(name: str, value: int, expected: str) -> ValueError:
    return ValueError(f"field {name!r} of the finalfusion file is {value}; expected {expected}")


# --- writing


def write(path: PathLike, words: Sequence[str], matrix: Array, metadata: str | None = None) -> None:
    """Write a finalfusion file with a simple vocabulary, a matrix of unit vectors, and their norms.

    Parameters
    ----------
    path : str or os.PathLike
    words : sequence of str
        Distinct words that UTF-8 can express.
    matrix : ndarray, shape (len(words), D)
        Real numbers of any type, which are written as float32.
    metadata : str, optional
        A TOML text.

    Raises
    ------
    ValueError
        If a vector has no finite norm, or if a reader would refuse the file; nothing is written.
    """
    width = matrix.shape[1]
    if not 1 <= width <= MAX_WIDTH:
        raise ValueError(
            f"vectors have {width} components, and the finalfusion format takes 1 to {MAX_WIDTH}; use save()"
        )
    norms = _norms(words, matrix)
    names = [word.encode("utf-8") for word in words]
    identifiers = [_SIMPLE_VOCABULARY, _MATRIX, _NORMS]
    if metadata is not None:
        identifiers.insert(0, _METADATA)
    with open_atomic(path, "wb") as stream:
        position = _write(stream, MAGIC, struct.pack("<2I", VERSION, len(identifiers)))
        position += _write(stream, struct.pack(f"<{len(identifiers)}I", *identifiers))
        if metadata is not None:
            text = metadata.encode("utf-8")
            position += _write(stream, struct.pack("<IQ", _METADATA, len(text)), text)
        length = 8 + sum(4 + len(name) for name in names)
        position += _write(stream, struct.pack("<I2Q", _SIMPLE_VOCABULARY, length, len(names)))
        for start in range(0, len(names), _ROWS_PER_BLOCK):
            block = names[start : start + _ROWS_PER_BLOCK]
            position += _write(stream, *(struct.pack("<I", len(name)) + name for name in block))
        padding = _padding(position + 28)
        length = 16 + padding + 4 * len(names) * width
        header = struct.pack(f"<I2Q2I{padding}x", _MATRIX, length, len(names), width, _FLOAT32)
        position += _write(stream, header)
        for rows, vectors in _blocks(matrix):
            divisors = np.where(norms[rows] == 0, 1, norms[rows]).astype(np.float64)
            position += _write(stream, (vectors / divisors[:, None]).astype("<f4").tobytes())
        padding = _padding(position + 24)
        length = 12 + padding + 4 * len(names)
        header = struct.pack(f"<I2QI{padding}x", _NORMS, length, len(names), _FLOAT32)
        _write(stream, header, norms.astype("<f4").tobytes())


def _write(stream: IO[bytes], *parts: bytes) -> int:
    """Write the parts and return their length, because a file that is compressed does not tell its position."""
    data = b"".join(parts)
    stream.write(data)
    return len(data)


def _norms(words: Sequence[str], matrix: Array) -> NDArray[np.float32]:
    """Return the norm of each row."""
    norms = np.empty(len(words), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for rows, block in _blocks(matrix):
            norms[rows] = np.sqrt(np.einsum("ij,ij->i", block, block))
    infinite = np.flatnonzero(~np.isfinite(norms))
    if len(infinite):
        raise ValueError(
            f"the vector of {words[infinite[0]]!r} has the norm {norms[infinite[0]]}, and the finalfusion format holds "
            "unit vectors and finite norms; replace the vector or remove the key with remove_keys(), or use save()"
        )
    return norms


def _blocks(matrix: Array) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield blocks of rows as float64, with their place."""
    for start in range(0, len(matrix), _ROWS_PER_BLOCK):
        rows = slice(start, start + _ROWS_PER_BLOCK)
        yield rows, matrix[rows].astype(np.float64)
