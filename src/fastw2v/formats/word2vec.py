"""The formats of the original word2vec tool, and GloVe's, which is its text format without the header.

    text:    "V D\n", then V lines "word number ... number\n" binary:  "V D\n", then V records: word, space, D
    little-endian float32; a newline before the word is ignored

In text a line is cut from the right, so that words may contain spaces. Both readers take what arrives in
order, drop all but the first of words that occur twice, and allocate no more rows than a file of that size
can hold.
"""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v import memory
from fastw2v.formats.atomic import PathLike, compression, local_path, open_atomic, open_input

logger = logging.getLogger("gensim.models.keyedvectors")

Array = NDArray[Any]

_ROWS_AT_A_TIME = 1024
_READ_SIZE = 1 << 22
_FIRST_ROWS = 1 << 14  # rows to begin with where neither header nor size of the file tells how many there are


def read_text(
    path: PathLike,
    limit: int | None = None,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    datatype: DTypeLike = np.float32,
    no_header: bool = False,
    only: Collection[str] | None = None,
) -> tuple[list[str], Array]:
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
    words : list of str
    matrix : ndarray, shape (len(words), D)

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
        first = stream.readline()
        sizes = None if no_header else _sizes(first, path)
        if sizes is None:
            logger.debug("no header in %s", path)
            width = len(first.split()) - 1
            if width < 1:
                raise ValueError(f"line 1 of {str(path)!r} holds no vector: {first[:80]!r}")
            rows = _Rows(width, datatype, only, _possible_rows(path, limit, len(first) // 2))
            lines = _with_first(first, stream)
            _read_lines(lines, rows, limit, False, 1, path, encoding, unicode_errors)
        else:
            count, width = sizes
            wanted = min(count, limit)
            rows = _Rows(width, datatype, only, _possible_rows(path, wanted, 1 + 2 * width))
            _read_lines(stream, rows, wanted, True, 2, path, encoding, unicode_errors)
    return rows.words, rows.matrix()


def read_binary(
    path: PathLike,
    limit: int | None = None,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    datatype: DTypeLike = np.float32,
    only: Collection[str] | None = None,
    chunk_size: int = _READ_SIZE,
) -> tuple[list[str], Array]:
    """Read vectors from the binary format; see `read_text`.

    Parameters
    ----------
    chunk_size : int, default 4 MiB
        Bytes to read at a time.
    """
    limit = _checked_limit(limit)
    with open_input(path, "rb") as stream:
        sizes = _sizes(stream.readline(), path, binary=True)
        assert sizes is not None
        count, width = sizes
        wanted = min(count, limit)
        length = 4 * width
        rows = _Rows(width, datatype, only, _possible_rows(path, wanted, 1 + length))
        seen, pending = 0, b""
        while seen < wanted:
            chunk = stream.read(chunk_size)
            if not chunk:
                raise _too_short(path, wanted, seen)
            pending += chunk
            words, vectors, position = [], [], 0
            while seen < wanted:
                space = pending.find(b" ", position)
                if space < 0 or space + 1 + length > len(pending):
                    break
                word = pending[position:space].lstrip(b"\n").decode(encoding, unicode_errors)
                position = space + 1 + length
                seen += 1
                if rows.wants(word):
                    words.append(word)
                    vectors.append(pending[space + 1 : position])
            pending = pending[position:]
            rows.add(words, np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(words), width))
    return rows.words, rows.matrix()


def read_counts(path: PathLike, encoding: str = "utf8", unicode_errors: str = "strict") -> dict[str, int]:
    """Read a vocabulary file: lines "word count".

    Raises
    ------
    ValueError
        If a line, which the message names, is malformed.
    """
    counts: dict[str, int] = {}
    with open_input(path, "rb") as stream:
        for number, line in enumerate(stream, 1):
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
        In the order of writing; word ``i`` has the vector ``matrix[rows[i]]``.
    matrix : ndarray, shape (V, D)
    rows : ndarray of int
    header : str or None
        First line, without line break.
    append : bool, default False
        Add to what the file holds already.

    Raises
    ------
    ValueError
        If a word could not be read back. Nothing is written then.
    """
    check_words(words, binary=False)
    with open_atomic(path, "wb", append=append) as stream:
        if header is not None:
            stream.write(header.encode("ascii") + b"\n")
        for start in range(0, len(words), _ROWS_AT_A_TIME):
            lines = _formatted(np.asarray(matrix[rows[start : start + _ROWS_AT_A_TIME]]))
            block = zip(words[start : start + _ROWS_AT_A_TIME], lines, strict=True)
            stream.write("".join(f"{word} {line}\n" for word, line in block).encode("utf-8"))


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
    with open_atomic(path, "wb", append=append) as stream:
        if header is not None:
            stream.write(header.encode("ascii") + b"\n")
        for start in range(0, len(words), _ROWS_AT_A_TIME):
            block = np.ascontiguousarray(matrix[rows[start : start + _ROWS_AT_A_TIME]], dtype="<f4")
            data, length = block.tobytes(), 4 * block.shape[1]
            pieces: list[bytes] = []
            for i, word in enumerate(words[start : start + _ROWS_AT_A_TIME]):
                pieces += (word.encode("utf-8"), b" ", data[i * length : (i + 1) * length])
            stream.write(b"".join(pieces))


def write_counts(path: PathLike, words: Sequence[str], counts: Sequence[Any]) -> None:
    """Write a vocabulary file: lines "word count"."""
    with open_atomic(path, "w", newline="\n") as stream:
        stream.writelines(f"{word} {count}\n" for word, count in zip(words, counts, strict=True))


def check_words(words: Iterable[str], binary: bool) -> None:
    """Raise ValueError if one of `words` would come back as something else, or if UTF-8 cannot express it.

    Spaces end a word in the binary format. In text they are harmless inside a word, not so line breaks, and
    white space at the end.
    """
    for word in words:
        try:
            word.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(
                f"key {word!r} cannot be encoded as UTF-8; rename it with rename_key()"
            ) from None
        if " " in word if binary else word.endswith(" "):
            raise ValueError(
                f"key {word!r} contains a space where the word2vec format could not read it back; "
                "rename it with rename_key(), or use save()"
            )
        if "\n" in word and (not binary or word.startswith("\n")):
            raise ValueError(
                f"key {word!r} contains a line break, which the word2vec format could not read back; "
                "rename it with rename_key(), or use save()"
            )


class _Rows:
    """Words and vectors as they are read: the first of each word, in a matrix that grows if it must."""

    def __init__(self, width: int, datatype: DTypeLike, only: Collection[str] | None, expected: int) -> None:
        if only is not None:
            expected = min(expected, len(only))
        self.words: list[str] = []
        self._seen: set[str] = set()
        self._only = only
        self._rows = memory.empty((expected, width), datatype)

    def wants(self, word: str) -> bool:
        """Whether the vector of `word` is to be kept; notes that it was seen."""
        if self._only is not None and word not in self._only:
            return False
        if word in self._seen:
            logger.warning("duplicate word %r in word2vec file, ignoring all but first", word)
            return False
        self._seen.add(word)
        return True

    def add(self, words: list[str], vectors: Array) -> None:
        used = len(self.words)
        needed = used + len(words)
        if needed > len(self._rows):
            rows = memory.empty(
                (max(needed, len(self._rows) * 3 // 2), self._rows.shape[1]), self._rows.dtype
            )
            rows[:used] = self._rows[:used]
            self._rows = rows
        self._rows[used:needed] = vectors
        self.words += words

    def matrix(self) -> Array:
        """The rows read; if much more was set aside, a copy without it."""
        rows = self._rows[: len(self.words)]
        if 2 * len(rows) >= len(self._rows):
            return rows
        copy = memory.empty(rows.shape, rows.dtype)
        copy[...] = rows
        return copy


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
    largest = _file_size(path)
    if count < 0 or width < 1 or max(count, width) > largest or count * width > sys.maxsize // 8:
        raise ValueError(
            f"the header of {str(path)!r} tells of {count} vectors of size {width}, which cannot be"
        )
    return count, width


def _all_numbers(fields: Sequence[bytes]) -> bool:
    try:
        return all(map(math.isfinite, map(float, fields)))
    except ValueError:
        return False


def _file_size(path: PathLike) -> int:
    """Bytes of the file, or a number beyond any if it is compressed or remote."""
    local = local_path(path)
    if local is None or compression(path) is not None or not os.path.isfile(local):
        return sys.maxsize
    return os.path.getsize(local)


def _possible_rows(path: PathLike, wanted: int, row_length: int) -> int:
    """How many of the `wanted` rows, of `row_length` bytes at least, to make room for at first."""
    size = _file_size(path)
    return min(wanted, _FIRST_ROWS if size == sys.maxsize else size // max(1, row_length) + 1)


def _too_short(path: PathLike, wanted: int, seen: int) -> EOFError:
    return EOFError(
        f"unexpected end of input; is count incorrect or file otherwise damaged? "
        f"{str(path)!r} promises {wanted} vectors and holds {seen}"
    )


def _with_first(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _read_lines(
    lines: Iterable[bytes],
    rows: _Rows,
    wanted: int,
    promised: bool,
    number: int,
    path: PathLike,
    encoding: str,
    unicode_errors: str,
) -> None:
    """Read up to `wanted` vectors into `rows`; `number` is that of the first line."""
    width, dtype = rows._rows.shape[1], rows._rows.dtype
    # NumPy parses strings to float32 and float64 itself; other types are rounded from float64.
    parsed_type = dtype if dtype in (np.float32, np.float64) else np.dtype(np.float64)
    seen = 0
    words: list[str] = []
    vectors: list[Array] = []
    first_line = number
    iterator = iter(lines)
    while seen < wanted:
        line = next(iterator, None)
        if line is None:
            break
        if line.strip():
            try:
                raw_word, vector = _parsed(line.rstrip(), width, parsed_type)
                if number == first_line and b" " in raw_word and _all_numbers(raw_word.split()[1:]):
                    raise ValueError  # numbers to spare in the very first line: the header's size is wrong
                word = raw_word.decode(encoding, unicode_errors)
            except UnicodeDecodeError:
                raise
            except ValueError:
                message = f"invalid vector on line {number} of {str(path)!r}: not a word and {width} numbers"
                raise ValueError(f"{message}, but {line[:80]!r}") from None
            seen += 1
            if rows.wants(word):
                words.append(word)
                vectors.append(vector)
                if len(words) == _ROWS_AT_A_TIME:
                    rows.add(words, np.stack(vectors))
                    words, vectors = [], []
        number += 1
    if words:
        rows.add(words, np.stack(vectors))
    if promised and seen < wanted:
        raise _too_short(path, wanted, seen)


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


def _formatted(block: Array) -> list[str]:
    """Each row as text: numbers separated by a space, each as ``str`` of the NumPy scalar gives it."""
    decimals = _shortest_decimals(block) if block.dtype == np.float32 else None
    if decimals is not None:
        return [" ".join(map(repr, row)) for row in decimals.tolist()]
    return [" ".join(map(str, row)) for row in block]


def _shortest_decimals(block: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Float64 numbers whose ``repr`` is the shortest decimal for each float32; None if one resists.

    The shortest decimal has between 6 and 9 digits (or fewer, which are 6 with zeros at the end). A float64
    holds all of them, so that rounding to 6, 7, 8 digits and looking whether the float32 is still the same
    finds it.
    """
    exact = block.astype(np.float64)
    magnitude = np.abs(exact)
    # Beyond this range digits would not be exact, or NumPy's releases differ in where they write exponents.
    if not ((magnitude == 0) | ((magnitude > 1e-10) & (magnitude < 1e5))).all():
        return None
    exponent = np.floor(np.log10(np.where(magnitude > 0, magnitude, 1.0)))
    shortest = exact.copy()
    found = np.zeros(block.shape, dtype=bool)
    for digits in (6, 7, 8, 9):
        scale = 10.0 ** (digits - 1 - exponent)
        rounded = np.rint(exact * scale) / scale
        fits = (rounded.astype(np.float32) == block) & ~found
        shortest[fits] = rounded[fits]
        found |= fits
    # What rounds up to 0.0001 is the one number that Python and NumPy write in different styles.
    return shortest if found.all() and not (np.abs(shortest) == 1e-4).any() else None
