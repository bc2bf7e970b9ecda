"""Reading the formats of the original word2vec tool, and GloVe's, which is its text format without the header.

    text:    "V D\n", then V lines "word number ... number\n" binary:  "V D\n", then V records: word, space, D
    little-endian float32; a newline before the word is ignored

In text a line is cut from the right, so that words may contain spaces. Both readers take what arrives in
order, drop all but the first of words that occur twice, and allocate no more rows than a file of that size
can hold. Where the size is not known (compressed files, pipes, URIs), memory grows with what has arrived; lines
have a largest length, so that endless ones do not fill it.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import logging
import math
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.formats import word2vec_rows
from fastw2v.common import parallel
from fastw2v.common import memory
from fastw2v.common.files import PathLike, compression, local_path, open_input
from fastw2v.formats.rows import Positions, Rows

logger = logging.getLogger("gensim.models.keyedvectors")

Array = NDArray[Any]
Octets = NDArray[np.uint8]

_READ_SIZE = 1 << 20  # what is read stays in the caches until it is put into place
_BLOCK_SIZE = 1 << 20
_LEFT, _BLANK, _SHORT = -1, -2, -3  # in place of the end of a word: see word2vec_rows.read_lines
_FIRST_NUMBERS = 1 << 22  # room to begin with where the size of the file tells nothing of its content
_WIDEST = 1 << 24  # components of a vector in such a file
_FLOAT = np.dtype("<f4")  # of a binary file
_LONGEST = 1 << 26  # bytes of a line, or of a word in the binary format


def read_text(
    path: PathLike,
    limit: int | None = None,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    datatype: DTypeLike = np.float32,
    no_header: bool = False,
    only: Collection[str] | None = None,
) -> tuple[dict[str, int], Array]:
    """Read vectors from text.

    Parameters
    ----------
    path : str or os.PathLike
    limit : int, optional
        Read the first so many vectors only.
    encoding, unicode_errors : str
        How to decode words.
    datatype : dtype, default float32
        Type of the matrix.
    no_header : bool, default False
        The first line is a vector already. A first line that can only be a vector is recognised anyway.
    only : collection of str, optional
        Words to keep.

    Returns
    -------
    index : dict of str to int
        The row of each word, in the order of the rows.
    matrix : ndarray, shape (len(index), D)

    Raises
    ------
    EOFError
        If the file ends before the number of vectors that its header promises.
    ValueError
        If the header or a line, which the message names, is malformed.
    UnicodeDecodeError
        If a word is not valid in `encoding`.
    """
    limit = _checked_limit(limit)
    with open_input(path, "rb") as stream:
        first = next(_lines(stream, path), b"")
        sizes = None if no_header else _sizes(first, path)
        if sizes is None:
            logger.debug("no header in %s", path)
            width = len(first.split()) - 1
            if width < 1:
                raise ValueError(f"line 1 of {str(path)!r} holds no vector: {first[:80]!r}")
            expected = _possible_rows(path, limit, len(first) // 2, width)
            rows = Rows(width, datatype, only, expected, encoding, unicode_errors)
            _read_lines(_blocks(stream, path, first), rows, limit, False, 1, path)
        else:
            count, width = sizes
            wanted = min(count, limit)
            expected = _possible_rows(path, wanted, 1 + 2 * width, width)
            rows = Rows(width, datatype, only, expected, encoding, unicode_errors)
            _read_lines(_blocks(stream, path), rows, wanted, True, 2, path)
    return rows.index, rows.matrix()


def read_binary(
    path: PathLike,
    limit: int | None = None,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    datatype: DTypeLike = np.float32,
    only: Collection[str] | None = None,
    chunk_size: int = _READ_SIZE,
) -> tuple[dict[str, int], Array]:
    """Read vectors from the binary format; see `read_text`.

    Parameters
    ----------
    chunk_size : int, default 1 MiB
        Bytes to read at a time.
    """
    limit = _checked_limit(limit)
    with open_input(path, "rb") as stream:
        sizes = _sizes(next(_lines(stream, path), b""), path, binary=True)
        assert sizes is not None
        count, width = sizes
        wanted = min(count, limit)
        expected = _possible_rows(path, wanted, 1 + 4 * width, width)
        rows = Rows(width, datatype, only, expected, encoding, unicode_errors)
        with memory.prefault(rows.room):
            for buffer, starts, ends in _blocks_of_records(stream, 4 * width, wanted, path, chunk_size):
                kept, target = rows.take(buffer, starts, ends)
                _place(buffer, ends if kept is None else ends[kept], target)
    return rows.index, rows.matrix()


def read_counts(path: PathLike, encoding: str = "utf8", unicode_errors: str = "strict") -> dict[str, int]:
    """Read a vocabulary file: lines "word count".

    Raises
    ------
    ValueError
        If a line, which the message names, is malformed.
    """
    counts: dict[str, int] = {}
    with open_input(path, "rb") as stream:
        for number, line in enumerate(_lines(stream, path), 1):
            if not line.strip():
                continue
            try:
                word, count = line.rstrip().rsplit(None, 1)
                counts[word.decode(encoding, unicode_errors)] = int(count)
            except UnicodeDecodeError:
                raise
            except ValueError:
                message = f"line {number} of {str(path)!r} is not a word and a count: {line[:80]!r}"
                raise ValueError(message) from None
    return counts


def _checked_limit(limit: int | None) -> int:
    if limit is not None and limit < 0:
        raise ValueError(f"limit must be positive, or None for all vectors, not {limit}")
    return limit or sys.maxsize


def _sizes(line: bytes, path: PathLike, binary: bool = False) -> tuple[int, int] | None:
    """Number and width of the vectors by the header, checked; None if the line is a vector itself."""
    fields = line.split()
    try:
        count, width = map(int, fields)
    except ValueError:
        if not binary and len(fields) > 2 and _all_numbers(fields[1:]):
            return None
        message = (
            f"{str(path)!r} does not begin with the number of vectors and their size, but with {line[:80]!r}"
        )
        raise ValueError(message) from None
    size = _file_size(path)
    largest = _WIDEST if size is None else size
    if (
        count < 0
        or width < 1
        or width > largest
        or (size is not None and count > size)
        or count * width > sys.maxsize // 8
    ):
        raise ValueError(
            f"the header of {str(path)!r} tells of {count} vectors of size {width}, which cannot be"
        )
    return count, width


def _all_numbers(fields: Sequence[bytes]) -> bool:
    try:
        return all(map(math.isfinite, map(float, fields)))
    except ValueError:
        return False


def _file_size(path: PathLike) -> int | None:
    """Bytes of the file; None where that says nothing of its content: compressed files, pipes, URIs."""
    local = local_path(path)
    if local is None or compression(path) is not None or not os.path.isfile(local):
        return None
    return os.path.getsize(local)


def _possible_rows(path: PathLike, wanted: int, row_length: int, width: int) -> int:
    """How many of the `wanted` rows, of `row_length` bytes at least, to make room for at first."""
    size = _file_size(path)
    most = _FIRST_NUMBERS // width if size is None else size // max(1, row_length)
    return min(wanted, most + 1)


def _too_short(path: PathLike, wanted: int, seen: int) -> EOFError:
    return EOFError(
        f"unexpected end of input; is count incorrect or file otherwise damaged? "
        f"{str(path)!r} promises {wanted} vectors and holds {seen}"
    )


def _endless(path: PathLike, where: str) -> ValueError:
    return ValueError(f"{where} of {str(path)!r} does not end within {_LONGEST:,} bytes; the file is damaged")


def _lines(stream: IO[bytes], path: PathLike) -> Iterator[bytes]:
    """The lines of a file, with their ends."""
    number = 1
    while line := stream.readline(_LONGEST):
        if len(line) == _LONGEST:
            raise _endless(path, f"line {number}")
        yield line
        number += 1


def _blocks(stream: IO[bytes], path: PathLike, first: bytes = b"") -> Iterator[bytes]:
    """Whole lines, some at a time: `first`, and what is left of the file."""
    parts = [first]
    while data := stream.read(_BLOCK_SIZE):
        if len(parts) > _LONGEST // _BLOCK_SIZE:
            raise _endless(path, "a line")
        cut = data.rfind(b"\n") + 1
        if cut:
            yield b"".join((*parts, memoryview(data)[:cut]))
            parts = []
        parts.append(data[cut:])
    if rest := b"".join(parts):
        yield rest


def _read_lines(
    blocks: Iterable[bytes],
    rows: Rows,
    wanted: int,
    promised: bool,
    number: int,
    path: PathLike,
) -> None:
    """Read up to `wanted` vectors into `rows`; `number` is that of the first line."""
    # The compiled reader knows float32 only; other types are read by NumPy, or rounded from float64.
    compiled = rows.dtype == np.float32
    read = word2vec_rows.read_lines if compiled else _leave
    reader = _LineReader(rows, wanted, number, path)
    width = rows.width
    if wanted:
        results = parallel.ordered_map(
            lambda block: (block, *read(block, width)), blocks, None if compiled else 1
        )
        with contextlib.closing(results):
            for block, starts, ends, vectors in results:
                if not reader.take(block, starts, ends, vectors):
                    break
    if promised and reader.seen < wanted:
        raise _too_short(path, wanted, reader.seen)


def _leave(block: bytes, width: int) -> tuple[Positions, Positions, Array]:
    """As `word2vec_rows.read_lines`, but leaving every line to `_parsed`."""
    lines = io.BytesIO(block).readlines()
    starts = [0, *itertools.accumulate(map(len, lines))][: len(lines)]
    lengths = (len(line.rstrip()) for line in lines)
    ends = [_BLANK if not length else _SHORT if length < 2 * width else _LEFT for length in lengths]
    return np.array(starts, np.int64), np.array(ends, np.int64), np.empty((ends.count(_LEFT), width))


class _LineReader:
    """Takes blocks of lines, most of them read, and reads the others."""

    def __init__(self, rows: Rows, wanted: int, number: int, path: PathLike) -> None:
        self.seen = 0
        self._rows = rows
        self._wanted = wanted
        self._first_line = self._number = number
        self._path = path

    def take(self, block: bytes, starts: Positions, ends: Positions, vectors: Array) -> bool:
        """Keep what is wanted of some lines; False once that is enough."""
        blank_or_not = len(ends)
        lines = np.flatnonzero(ends != _BLANK)[: self._wanted - self.seen]
        starts, ends = starts[lines], ends[lines]
        for row in np.flatnonzero(ends < 0).tolist():
            number = self._number + int(lines[row])
            if ends[row] == _SHORT:
                raise self._invalid(block, starts[row], number)
            word, vectors[row] = self._parsed(block, starts[row], number)
            ends[row] = starts[row] + len(word)
        self._number += blank_or_not
        self.seen += len(lines)
        kept, target = self._rows.take(block, starts, ends)
        target[...] = vectors[: len(lines)] if kept is None else vectors[kept]
        return self.seen < self._wanted

    def _parsed(self, block: bytes, start: int, number: int) -> tuple[bytes, Array]:
        line = _line(block, start)
        width, dtype = self._rows.width, self._rows.dtype
        try:
            word, vector = _parsed(
                line.rstrip(), width, dtype if dtype in (np.float32, np.float64) else np.dtype(np.float64)
            )
            if number == self._first_line and b" " in word and _all_numbers(word.split()[1:]):
                raise ValueError  # numbers to spare in the very first line: the header's size is wrong
        except ValueError:
            raise self._invalid(block, start, number) from None
        return word, vector

    def _invalid(self, block: bytes, start: int, number: int) -> ValueError:
        where = f"invalid vector on line {number} of {str(self._path)!r}"
        line = _line(block, start)[:80]
        return ValueError(f"{where}: not a word and {self._rows.width} numbers, but {line!r}")


def _line(block: bytes, start: int) -> bytes:
    return block[start : block.find(b"\n", start) + 1 or len(block)]


def _parsed(line: bytes, width: int, dtype: np.dtype[Any]) -> tuple[bytes, Array]:
    """Word and numbers of a line; ValueError if it does not end in `width` numbers."""
    for separator in (b" ", None):  # one space between numbers, as a rule; anything else is slower to cut
        fields: list[Any] = line.rsplit(separator, width)
        if len(fields) == width + 1:
            try:
                return fields[0], np.array(fields[1:], dtype=dtype)
            except ValueError:
                continue
    raise ValueError


def _blocks_of_records(
    stream: IO[bytes], size: int, wanted: int, path: PathLike, chunk_size: int
) -> Iterator[tuple[Octets, Positions, Positions]]:
    """Whole records, some at a time, in a buffer that is used again; where their words start and end."""
    seen, used, buffer = 0, 0, np.empty(max(1, chunk_size), np.uint8)
    while seen < wanted:
        if used == len(buffer):  # not even one record fits
            if used > _LONGEST + size:
                raise _endless(path, f"vector {seen + 1}")
            buffer = np.concatenate((buffer, np.empty_like(buffer)))
        count = stream.readinto(buffer.data[used:])  # type: ignore[attr-defined]
        if not count:
            raise _too_short(path, wanted, seen)
        used += count
        starts, ends, position = word2vec_rows.find_records(buffer[:used], wanted - seen, size)
        seen += len(starts)
        yield buffer, starts, ends
        buffer[: used - position] = buffer[position:used]
        used -= position


def _place(buffer: Octets, ends: Positions, target: Array) -> None:
    """Copy the vectors of records, whose words end at `ends`, into their rows."""
    if target.dtype == _FLOAT:
        word2vec_rows.copy_records(buffer, ends, target.view(np.uint8))
    else:
        vectors = np.empty(target.shape, _FLOAT)
        word2vec_rows.copy_records(buffer, ends, vectors.view(np.uint8))
        target[...] = vectors
