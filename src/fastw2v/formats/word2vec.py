"""The formats of the original word2vec tool, text and binary, and GloVe's, which is the text format without the header.

Layout, for V vectors of D components
-------------------------------------
    text      a line "V D", then V lines "word number ... number", separated by single spaces
    binary    a line "V D", then V records: the word, a space, D little-endian float32; a line feed before a word is
              ignored
    counts    a vocabulary file: lines "word count"

Reading
-------
A line of text is split from the right, so that words may contain spaces. Of words that occur twice the first is kept.
A row is allocated only if the file is large enough to contain it. If the size of the file is not known (compressed
files, pipes, URIs), memory grows with the data that has arrived, and lines have a maximum length.

The compiled functions of `word2vec_rows` read and write blocks of ordinary lines or records, in several threads. They
report the lines that need the rules of Python or NumPy, which are then processed here, so that the result is the same
as without compiled code.

Writing
-------
Each number is written as the shortest decimal that reads back as the same float32. Words that could not be read back
are refused before anything is written.
"""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import math
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.common import codecs, memory, parallel
from fastw2v.common.files import PathLike, known_size, open_atomic, open_input
from fastw2v.common.logs import get_logger
from fastw2v.common.progress_bar import ProgressBar
from fastw2v.formats import word2vec_rows

logger = get_logger(__name__, "models.keyedvectors")

Array = NDArray[Any]
Octets = NDArray[np.uint8]
Positions = NDArray[np.int64]

_READ_SIZE = (
    1 << 20
)  # bytes of binary records read at a time, so that they stay in the cache until they are copied
_BLOCK_SIZE = 1 << 20  # bytes of text read at a time
# What word2vec_rows.read_lines returns in place of the end of a word.
_NOT_READ, _BLANK, _TOO_SHORT = -1, -2, -3
_FIRST_NUMBERS = 1 << 22  # numbers to allocate at first if the size of the file is not known
_MAX_WIDTH = 1 << 24  # components of a vector in such a file
_FLOAT32 = np.dtype("<f4")  # in a binary file
_MAX_LINE = 1 << 26  # bytes of a line, or of a word in the binary format
_ROWS_PER_BLOCK = 256  # rows written at a time
_SAMPLE_SIZE = 1 << 16  # bytes that tell text from binary records
_SPACE_AND_NUMBER = re.compile(r"[ \t\r\x0b\x0c][-+.\d]")
_NUMBER_BYTES = b"0123456789+-.,eE \t\r\n"
# A field that is a decimal number, or begins with one (two lines without the line feed between them).
_DECIMAL_FIELD = re.compile(rb"[-+]?(?:\d*\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]\d+)(?:[^\d.].*)?", re.DOTALL)


# --- reading


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
        Read the first `limit` vectors only.
    encoding, unicode_errors : str
        How to decode words; see `bytes.decode`.
    datatype : dtype, default float32
        Type of the matrix.
    no_header : bool, default False
        The first line is a vector. A first line that can only be a vector is read as one even if this is False.
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
        If the file contains fewer vectors than its header says.
    ValueError
        If the header or a line is malformed; the message gives the number of the line.
    UnicodeDecodeError
        If a word is not valid in `encoding`.
    """
    limit = _checked_limit(limit)
    with open_input(path, "rb") as stream:
        size = known_size(path, stream)
        lines = _lines(stream, path)
        first, second = next(lines, b""), b""
        if no_header:
            second = next(lines, b"")
        sizes = None
        if not no_header or _are_header_and_vector(first, second):
            sizes = _parse_header(first, path, size)
        if sizes is None:
            logger.debug("no header in %s", path)
            width = _width_of(first)
            if width < 1:
                raise ValueError(f"line 1 of {str(path)!r} holds no vector: {first[:80]!r}")
            first += second
            expected = _rows_to_allocate(size, limit, len(first) // 2, width)
            rows = _RowCollector(width, datatype, only, expected, encoding, unicode_errors)
            _read_lines(_blocks_of_lines(stream, path, first), rows, limit, False, 1, path)
        else:
            if no_header:
                logger.warning("%s has a header, which is used although no_header=True says otherwise", path)
            count, width = sizes
            n_vectors = min(count, limit)
            expected = _rows_to_allocate(size, n_vectors, 1 + 2 * width, width)
            rows = _RowCollector(width, datatype, only, expected, encoding, unicode_errors)
            _read_lines(_blocks_of_lines(stream, path, second), rows, n_vectors, True, 2, path)
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
        size = known_size(path, stream)
        sizes = _parse_header(next(_lines(stream, path), b""), path, size, binary=True)
        assert sizes is not None
        count, width = sizes
        n_vectors = min(count, limit)
        sample = stream.read(_SAMPLE_SIZE)
        if n_vectors and is_text_vectors(sample, width):
            raise ValueError(f"{str(path)!r} is in the text format; leave out binary=True")
        expected = _rows_to_allocate(size, n_vectors, 1 + 4 * width, width)
        rows = _RowCollector(width, datatype, only, expected, encoding, unicode_errors)
        with memory.prefault(rows.buffer), _progress_bar("reading", n_vectors) as bar:
            seen = 0
            for buffer, starts, ends in _blocks_of_records(
                stream, sample, 4 * width, n_vectors, path, chunk_size
            ):
                place = functools.partial(_place_of_vector, path, seen + 1)
                kept, target = rows.add(buffer, starts, ends, place)
                seen += len(starts)
                bar.move_to(seen)
                _copy_vectors(buffer, ends if kept is None else ends[kept], target)
    return rows.index, rows.matrix()


def _progress_bar(description: str, total: int | None) -> ProgressBar:
    return ProgressBar(description, total=total, unit=" vectors", show=None, log=logger)


def _place_of_vector(path: PathLike, first: int, at: int) -> str:
    return f"vector {first + at} of {str(path)!r}"


def read_counts(path: PathLike, encoding: str = "utf8", unicode_errors: str = "strict") -> dict[str, int]:
    """Read a vocabulary file: lines "word count".

    Raises
    ------
    ValueError
        If a line is malformed; the message gives its number.
    """
    counts: dict[str, int] = {}
    with open_input(path, "rb") as stream:
        for number, line in enumerate(_lines(stream, path), 1):
            if not line.strip():
                continue
            try:
                word, count = line.rstrip().rsplit(None, 1)
                counts[word.decode(encoding, unicode_errors)] = int(count)
            except UnicodeDecodeError as error:
                raise _decode_error(error, f"line {number} of {str(path)!r}") from None
            except ValueError:
                message = f"line {number} of {str(path)!r} is not a word and a count: {line[:80]!r}"
                raise ValueError(message) from None
    return counts


def _checked_limit(limit: int | None) -> int:
    if limit is not None and limit < 0:
        raise ValueError(f"limit must be positive, or None for all vectors, not {limit}")
    return limit or sys.maxsize


def is_text_vectors(sample: bytes, width: int) -> bool:
    """Return whether the beginning of the vectors, after the header, is text and not binary records.

    Text has no control characters. It is UTF-8, or consists mostly of the characters of numbers, or its first line is a
    word and `width` numbers.
    """
    numbers = sample.split(b"\n", 1)[0].split()[-width:]
    if len(numbers) == width and are_numbers(numbers):
        return True
    if not sample or codecs.has_control_characters(sample):
        return False
    return codecs.is_utf8(sample) or 2 * len(sample.translate(None, _NUMBER_BYTES)) < len(sample)


def are_numbers(fields: Sequence[bytes]) -> bool:
    """Return whether Python reads every field as a number."""
    try:
        list(map(float, fields))
    except ValueError:
        return False
    return True


def _are_header_and_vector(first: bytes, second: bytes) -> bool:
    """Return whether the first line can only be a header: two integers, before a vector of that size."""
    header, fields = first.split(), second.split()
    if len(header) != 2 or not all(field.isdigit() for field in header):
        return False
    width = int(header[1])
    # With one number on each line, the first one may be a vector, too.
    return width > 1 and len(fields) in (width, width + 1) and are_numbers(fields[-width:])


def _width_of(line: bytes) -> int:
    """Return the number of components of the vector on a line; the word is empty if the line begins with a space."""
    fields = line.split()
    return len(fields) - (not (line[:1].isspace() and _all_numbers(fields)))


def _decode_error(error: UnicodeDecodeError, where: str) -> UnicodeDecodeError:
    """Return a copy of `error` that names the place and the remedy."""
    reason = (
        f"{error.reason} ({where}; pass the encoding= of the file, or unicode_errors='replace' or 'ignore')"
    )
    return UnicodeDecodeError(error.encoding, error.object, error.start, error.end, reason)


def _parse_header(
    line: bytes, path: PathLike, size: int | None, binary: bool = False
) -> tuple[int, int] | None:
    """Return number and width of the vectors, given the header; None if the line is a vector instead.

    `size` is that of the file, None if it is unknown.
    """
    fields = line.split()
    try:
        count, width = map(int, fields)
    except ValueError:
        if not binary and len(fields) > 2 and _all_numbers(fields[1:]):
            return None
        message = (
            f"{str(path)!r} does not begin with the number of vectors and their size, but with {line[:80]!r}"
        )
        if binary and len(fields) > 2 and _all_numbers(fields[1:]):
            message += "; this is the text format without a header: leave out binary=True"
        raise ValueError(message) from None
    largest = _MAX_WIDTH if size is None else size
    if (
        count < 0
        or width < 1
        or width > largest
        or (size is not None and count > size)
        or count * width > sys.maxsize // 8
    ):
        raise ValueError(
            f"the header of {str(path)!r} says {count} vectors of size {width}, which cannot be in such a file"
        )
    return count, width


def _all_numbers(fields: Sequence[bytes]) -> bool:
    try:
        return all(map(math.isfinite, map(float, fields)))
    except ValueError:
        return False


def _rows_to_allocate(size: int | None, n_vectors: int, row_length: int, width: int) -> int:
    """Return how many of `n_vectors` rows to allocate at first; a row takes at least `row_length` bytes of `size`."""
    most = _FIRST_NUMBERS // width if size is None else size // max(1, row_length)
    return min(n_vectors, most + 1)


def _truncated_error(path: PathLike, n_vectors: int, seen: int) -> EOFError:
    return EOFError(
        f"unexpected end of input; is count incorrect or file otherwise damaged? "
        f"{str(path)!r} promises {n_vectors} vectors and holds {seen}"
    )


def _line_too_long_error(path: PathLike, what: str) -> ValueError:
    return ValueError(f"{what} of {str(path)!r} does not end within {_MAX_LINE:,} bytes; the file is damaged")


def _lines(stream: IO[bytes], path: PathLike) -> Iterator[bytes]:
    """Yield the lines of a file with their line feeds."""
    number = 1
    while line := stream.readline(_MAX_LINE):
        if number == 1:
            codecs.check_content(line, path)
            line = line.removeprefix(codecs.BYTE_ORDER_MARK)
        if len(line) == _MAX_LINE:
            raise _line_too_long_error(path, f"line {number}")
        yield line
        number += 1


def _blocks_of_lines(stream: IO[bytes], path: PathLike, first: bytes = b"") -> Iterator[bytes]:
    """Yield blocks of complete lines: `first`, and the rest of the file."""
    parts = [first]
    while data := stream.read(_BLOCK_SIZE):
        if len(parts) > _MAX_LINE // _BLOCK_SIZE:
            raise _line_too_long_error(path, "a line")
        cut = data.rfind(b"\n") + 1
        if cut:
            yield b"".join((*parts, memoryview(data)[:cut]))
            parts = []
        parts.append(data[cut:])
    if rest := b"".join(parts):
        yield rest


def _read_lines(
    blocks: Iterable[bytes],
    rows: _RowCollector,
    n_vectors: int,
    exact: bool,
    number: int,
    path: PathLike,
) -> None:
    """Read up to `n_vectors` vectors into `rows`; the first line has the given number.

    With `exact`, raise EOFError if there are fewer.
    """
    # The compiled reader produces float32 only. NumPy reads the other types, or rounds them from float64.
    compiled = rows.dtype == np.float32
    read = word2vec_rows.read_lines if compiled else _leave_all_lines
    reader = _LineReader(rows, n_vectors, number, path)
    width = rows.width
    if n_vectors:
        results = parallel.ordered_map(
            lambda block: (block, *read(block, width)), blocks, None if compiled else 1
        )
        with contextlib.closing(results), _progress_bar("reading", n_vectors if exact else None) as bar:
            for block, starts, ends, vectors in results:
                needs_more = reader.add(block, starts, ends, vectors)
                bar.move_to(reader.seen)
                if not needs_more:
                    break
    if exact and reader.seen < n_vectors:
        raise _truncated_error(path, n_vectors, reader.seen)


def _leave_all_lines(block: bytes, width: int) -> tuple[Positions, Positions, Array]:
    """Return what `word2vec_rows.read_lines` returns, with every line but the blank and short ones not read."""
    lines = io.BytesIO(block).readlines()
    starts = [0, *itertools.accumulate(map(len, lines))][: len(lines)]
    lengths = (len(line.rstrip()) for line in lines)
    ends = [_BLANK if not length else _TOO_SHORT if length < 2 * width else _NOT_READ for length in lengths]
    return np.array(starts, np.int64), np.array(ends, np.int64), np.empty((ends.count(_NOT_READ), width))


class _LineReader:
    """Adds blocks of lines to a `_RowCollector`, after reading those that the compiled reader has not read."""

    def __init__(self, rows: _RowCollector, n_vectors: int, number: int, path: PathLike) -> None:
        self.seen = 0
        self._rows = rows
        self._n_vectors = n_vectors
        self._first_line = self._number = number
        self._path = path

    def add(self, block: bytes, starts: Positions, ends: Positions, vectors: Array) -> bool:
        """Add the vectors of a block; return whether more are needed."""
        n_lines = len(ends)
        lines = np.flatnonzero(ends != _BLANK)[: self._n_vectors - self.seen]
        starts, ends = starts[lines], ends[lines]
        first = self._number
        for row in np.flatnonzero(ends < 0).tolist():
            number = self._number + int(lines[row])
            if ends[row] == _TOO_SHORT:
                raise self._invalid(block, starts[row], number)
            word, vectors[row] = self._parse_line(block, starts[row], number)
            ends[row] = starts[row] + len(word)
        self._number += n_lines
        self.seen += len(lines)
        kept, target = self._rows.add(
            block, starts, ends, lambda at: f"line {first + int(lines[at])} of {str(self._path)!r}"
        )
        target[...] = vectors[: len(lines)] if kept is None else vectors[kept]
        return self.seen < self._n_vectors

    def _parse_line(self, block: bytes, start: int, number: int) -> tuple[bytes, Array]:
        line = _line(block, start)
        width, dtype = self._rows.width, self._rows.dtype
        try:
            word, vector = _parse_line(
                line.rstrip(), width, dtype if dtype in (np.float32, np.float64) else np.dtype(np.float64)
            )
            more = word.split()[1:]
            if number == self._first_line and more and _all_numbers(more):
                raise ValueError  # the first line has more numbers than the header says, so the header is wrong
            if _has_decimals(more):
                raise ValueError  # too many numbers, or two lines without the line feed between them
        except ValueError:
            raise self._invalid(block, start, number) from None
        return word, vector

    def _invalid(self, block: bytes, start: int, number: int) -> ValueError:
        where = f"invalid vector on line {number} of {str(self._path)!r}"
        line = _line(block, start)[:80]
        message = f"{where}: not a word and {self._rows.width} numbers, but {line!r}"
        if codecs.has_control_characters(block[:_SAMPLE_SIZE]):
            message += "; if the file is in the binary format, pass binary=True"
        return ValueError(message)


def _has_decimals(fields: Sequence[bytes]) -> bool:
    """Return whether a field after the first is a decimal number, which no phrase contains ("new 3" has none)."""
    return any(map(_DECIMAL_FIELD.fullmatch, fields))


def _line(block: bytes, start: int) -> bytes:
    return block[start : block.find(b"\n", start) + 1 or len(block)]


def _parse_line(line: bytes, width: int, dtype: np.dtype[Any]) -> tuple[bytes, Array]:
    """Return the word and the numbers of a line; raise ValueError if it does not end in `width` numbers."""
    for separator in (b" ", None):  # usually one space; splitting at any white space is slower
        fields: list[Any] = line.rsplit(separator, width)
        if len(fields) == width + 1:
            try:
                return fields[0], np.array(fields[1:], dtype=dtype)
            except ValueError:
                continue
    raise ValueError


def _blocks_of_records(
    stream: IO[bytes], sample: bytes, size: int, n_vectors: int, path: PathLike, chunk_size: int
) -> Iterator[tuple[Octets, Positions, Positions]]:
    """Yield blocks of complete records: a buffer, which is used again, and where the words in it start and end.

    `sample` has been read from the stream already.
    """
    seen, used, buffer = 0, len(sample), np.empty(max(1, chunk_size, len(sample)), np.uint8)
    buffer[:used] = np.frombuffer(sample, np.uint8)
    while seen < n_vectors:
        starts, ends, position = word2vec_rows.find_records(buffer[:used], n_vectors - seen, size)
        seen += len(starts)
        yield buffer, starts, ends
        buffer[: used - position] = buffer[position:used]
        used -= position
        if seen == n_vectors:
            break
        if used == len(buffer):  # not even one record fits
            if used > _MAX_LINE + size:
                raise _line_too_long_error(path, f"vector {seen + 1}")
            buffer = np.concatenate((buffer, np.empty_like(buffer)))
        count = stream.readinto(buffer.data[used:])  # type: ignore[attr-defined]
        if not count:
            raise _truncated_error(path, n_vectors, seen)
        used += count


def _copy_vectors(buffer: Octets, ends: Positions, target: Array) -> None:
    """Copy the vectors that follow the words ending at `ends` to the rows of `target`."""
    if target.dtype == _FLOAT32:
        word2vec_rows.copy_records(buffer, ends, target.view(np.uint8))
    else:
        vectors = np.empty(target.shape, _FLOAT32)
        word2vec_rows.copy_records(buffer, ends, vectors.view(np.uint8))
        target[...] = vectors


class _RowCollector:
    """A matrix that grows as vectors are read, and the words of its rows.

    Parameters
    ----------
    width : int
        Components of a vector.
    datatype : dtype-like
        Type of the matrix.
    only : collection of str, optional
        Words to keep.
    expected : int
        Rows to allocate at first.
    encoding, errors : str
        How to decode words.

    Attributes
    ----------
    index : dict of str to int
        The row of each word, in the order of the rows.
    buffer : ndarray, shape (at least len(index), width)
        The rows, followed by unused ones.
    """

    def __init__(
        self,
        width: int,
        datatype: DTypeLike,
        only: Collection[str] | None,
        expected: int,
        encoding: str,
        errors: str,
    ) -> None:
        self.index: dict[str, int] = {}
        self._only = only
        self._encoding = encoding
        self._errors = errors
        self._compiled = (
            only is None and errors == "strict" and encoding.lower() in ("utf8", "utf-8", "utf_8")
        )  # what word2vec_rows.number_words supports
        self.buffer = memory.empty((expected if only is None else min(expected, len(only)), width), datatype)

    @property
    def width(self) -> int:
        """Components of a vector."""
        return int(self.buffer.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the matrix."""
        return self.buffer.dtype

    def add(
        self, text: Any, starts: Positions, ends: Positions, place: Callable[[int], str]
    ) -> tuple[Positions | None, Array]:
        """Give a row to each word of a block that is new and in `only`.

        Parameters
        ----------
        text : buffer of bytes
        starts, ends : ndarray of int64, shape (n,)
            Where each word starts and ends in `text`.
        place : callable
            Returns the place of a word in the file, for messages, given its position.

        Returns
        -------
        kept : ndarray of int64, or None
            Which of the words got a row; None if all did, which is the usual case.
        target : ndarray, shape (len(kept), width)
            Their rows, for the caller to fill.

        Raises
        ------
        UnicodeDecodeError
            If a word is not valid in the encoding.
        """
        used = len(self.index)
        try:
            left_out = self._number(text, starts, ends)
        except UnicodeDecodeError as error:
            raise _decode_error(error, place(self._first_invalid(text, starts, ends))) from None
        kept = np.delete(np.arange(len(starts)), left_out) if left_out else None
        needed = len(self.index)
        if needed > len(self.buffer):
            buffer = memory.empty((max(needed, len(self.buffer) * 3 // 2), self.width), self.dtype)
            buffer[:used] = self.buffer[:used]
            self.buffer = buffer
        return kept, self.buffer[used:needed]

    def matrix(self) -> Array:
        """Return the rows of all words; a copy if more than half of the buffer is unused."""
        rows = self.buffer[: len(self.index)]
        if 2 * len(rows) >= len(self.buffer):
            return rows
        copy = memory.empty(rows.shape, rows.dtype)
        copy[...] = rows
        return copy

    def _first_invalid(self, text: Any, starts: Positions, ends: Positions) -> int:
        """Return the position of the first word that cannot be decoded."""
        for at, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            try:
                bytes(text[start:end]).decode(self._encoding, self._errors)
            except UnicodeDecodeError:
                return at
        return 0

    def _number(self, text: Any, starts: Positions, ends: Positions) -> list[int]:
        """Add the words to the index; return the positions of those that got no row."""
        left_out: list[int] = []
        at = 0
        while at < len(starts):
            if self._compiled:
                at += word2vec_rows.number_words(self.index, text, starts[at:], ends[at:])
                if at == len(starts):
                    break
            word = bytes(text[starts[at] : ends[at]]).decode(self._encoding, self._errors)
            if not self._add_word(word):
                left_out.append(at)
            at += 1
        return left_out

    def _add_word(self, word: str) -> bool:
        """Give the next row to `word` if it is new and in `only`, and return whether it got one."""
        if self._only is not None and word not in self._only:
            return False
        if word in self.index:
            logger.warning("duplicate word %r in word2vec file, ignoring all but first", word)
            return False
        self.index[word] = len(self.index)
        return True


# --- writing


def write_text(
    path: PathLike,
    words: Sequence[str],
    matrix: Array,
    rows: NDArray[np.intp],
    header: str | None,
    append: bool = False,
) -> None:
    """Write vectors as text, each number as the shortest decimal that reads back as the same float.

    Parameters
    ----------
    path : str or os.PathLike
    words : sequence of str
        In the order of the file; word ``i`` has the vector ``matrix[rows[i]]``.
    matrix : ndarray, shape (V, D)
    rows : ndarray of int
    header : str or None
        First line, without line feed; None writes none.
    append : bool, default False
        Append to the file.

    Raises
    ------
    ValueError
        If a word could not be read back; nothing is written.
    """
    check_words(words, binary=False)
    with open_atomic(path, "wb", append=append) as stream:
        if header is not None:
            stream.write(header.encode("ascii") + b"\n")
        compiled = _is_float32(matrix)
        texts = parallel.ordered_map(
            lambda block: _text_lines(words[block], matrix, rows[block], compiled),
            _row_blocks(len(words)),
            None if compiled and len(words) > _ROWS_PER_BLOCK else 1,
        )
        with contextlib.closing(texts), _progress_bar("writing", len(words)) as bar:
            for block, parts in zip(_row_blocks(len(words)), texts, strict=True):
                for part in parts:
                    stream.write(part)
                bar.move_to(block.stop)


def write_binary(
    path: PathLike,
    words: Sequence[str],
    matrix: Array,
    rows: NDArray[np.intp],
    header: str | None,
    append: bool = False,
) -> None:
    """Write vectors as float32 records; see `write_text`."""
    check_words(words, binary=True)
    with open_atomic(path, "wb", append=append) as stream, _progress_bar("writing", len(words)) as bar:
        if header is not None:
            stream.write(header.encode("ascii") + b"\n")
        compiled = _is_float32(matrix) and sys.byteorder == "little"
        for block in _row_blocks(len(words)):
            names = [word.encode("utf-8") for word in words[block]]
            if compiled:
                stream.write(word2vec_rows.write_records(matrix, rows[block], names))
            else:
                numbers = np.ascontiguousarray(matrix[rows[block]], dtype="<f4")
                parts = (
                    part for name, row in zip(names, numbers, strict=True) for part in (name, b" ", row.data)
                )
                stream.write(b"".join(parts))
            bar.move_to(block.stop)


def write_counts(path: PathLike, words: Sequence[str], counts: Sequence[Any]) -> None:
    """Write a vocabulary file: lines "word count"."""
    with open_atomic(path, "w", newline="\n") as stream:
        stream.writelines(f"{word} {count}\n" for word, count in zip(words, counts, strict=True))


def check_words(words: Sequence[str], binary: bool) -> None:
    """Raise ValueError if a word could not be read back, or if UTF-8 cannot express it.

    In the binary format a space ends a word. In text a word may contain spaces, but no line feeds, and no space at its
    end.
    """
    together = "\n".join(words)
    if _are_valid(together, len(words), binary):
        return
    for word in words:
        try:
            word.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(
                f"key {word!r} cannot be encoded as UTF-8; rename it with rename_key()"
            ) from None
        if " " in word if binary else word.endswith(" ") or _has_decimals(word.encode("utf-8").split()[1:]):
            raise ValueError(
                f"key {word!r} contains a space where the word2vec format could not read it back; "
                "rename it with rename_key(), or use save()"
            )
        if "\n" in word and (not binary or word.startswith("\n")):
            raise ValueError(
                f"key {word!r} contains a line break, which the word2vec format could not read back; "
                "rename it with rename_key(), or use save()"
            )


def _are_valid(together: str, n_words: int, binary: bool) -> bool:
    """Return True if all words, joined by line feeds, are certainly valid; False if each must be checked."""
    if together.count("\n") != max(0, n_words - 1):
        return False
    if " " in together if binary else " \n" in together or together.endswith(" "):
        return False
    if not binary and _SPACE_AND_NUMBER.search(together):
        return False  # perhaps a phrase with a decimal number
    try:
        together.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _row_blocks(count: int) -> Iterator[slice]:
    """Return slices that divide `count` rows into blocks."""
    return (slice(start, min(start + _ROWS_PER_BLOCK, count)) for start in range(0, count, _ROWS_PER_BLOCK))


def _is_float32(matrix: Array) -> bool:
    """Return whether the compiled writers accept `matrix`."""
    return matrix.dtype == np.float32 and matrix.dtype.isnative and matrix.flags.c_contiguous


def _text_lines(
    words: Sequence[str], matrix: Array, rows: NDArray[np.intp], compiled: bool
) -> list[bytes | memoryview]:
    """Return lines of text in parts; each number is written as ``str`` of the NumPy scalar writes it."""
    names = [word.encode("utf-8") for word in words]
    lines: list[bytes | memoryview] = []
    start = 0
    while start < len(names):
        if compiled:
            text, written = word2vec_rows.write_lines(matrix, rows[start:], names[start:])
            lines.append(text)
            start += written
        if start < len(names):
            numbers = " ".join(map(str, np.asarray(matrix[rows[start]])))
            lines.append(names[start] + b" " + numbers.encode("ascii") + b"\n")
            start += 1
    return lines
