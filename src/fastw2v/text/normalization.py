"""Changes of a text after which white space separates its tokens, applied to files while they are read.

A change is a function of str that keeps the line feeds and treats every part between two white-space characters
independently of the rest. It may therefore be applied to a line or to a block of lines, with the same result. This
lets the compiled reader do the rest: it reads the bytes of `NormalizedFile` as it reads those of a file.
"""

from __future__ import annotations

import functools
import io
import unicodedata
from collections.abc import Callable
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from fastw2v.common.codecs import BYTE_ORDER_MARK, check_content

__all__ = ["NormalizedFile", "Transform", "line_error", "make_transform", "separate_words"]

Transform = Callable[[str], str]

TOKENIZERS = ("whitespace", "words")

_BLOCK_SIZE = 1 << 20
_JOINERS = "\u200c\u200d"  # they join the letters of a word in Persian and in the scripts of India
# What a character is to a word: its beginning or a later part, only a later part, or no part.
_INITIAL, _EXTENDING, _SEPARATOR, _LINE_FEED = range(4)


def make_transform(tokenizer: str, lower: bool) -> Transform | None:
    """Return the change of a text that one of `TOKENIZERS` stands for, or None if the text stays as it is."""
    if tokenizer == "whitespace":
        return str.lower if lower else None
    return _lower_words if lower else separate_words


def separate_words(text: str) -> str:
    r"""Replace everything between the words of a text by spaces; line feeds are kept.

    A word is a sequence of letters and digits of any script (the Unicode categories L and N), with the combining marks
    (category M) and the joiners U+200C and U+200D that follow them. All other characters separate words.

    Examples
    --------
    >>> from fastw2v.text.normalization import separate_words
    >>> separate_words("Don't stop: 3.5 km/h!").split()
    ['Don', 't', 'stop', '3', '5', 'km', 'h']
    >>> separate_words("naïve हिन्दी snake_case\n").split()
    ['naïve', 'हिन्दी', 'snake', 'case']
    """
    if text.isascii():
        return text.translate(_ascii_table())
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    kinds = _kinds((int(codes.max()) >> 16) + 1)[codes]
    replaced = kinds == _SEPARATOR
    extending = np.flatnonzero(kinds == _EXTENDING)
    if extending.size:  # a mark belongs to the last character before it that is no mark
        positions = np.arange(len(codes))
        positions[extending] = 0
        bases = np.maximum.accumulate(positions)[extending]
        replaced[extending] = kinds[bases] != _INITIAL
    return np.where(replaced, np.uint32(ord(" ")), codes).tobytes().decode("utf-32-le")


def _lower_words(text: str) -> str:
    return separate_words(text.lower())


def _kind(character: str) -> int:
    category = unicodedata.category(character)[0]
    if category in "LN":
        return _INITIAL
    if category == "M" or character in _JOINERS:
        return _EXTENDING
    return _LINE_FEED if character == "\n" else _SEPARATOR


@functools.cache
def _ascii_table() -> dict[int, str]:
    return {code: " " for code in range(128) if _kind(chr(code)) == _SEPARATOR}


@functools.cache
def _kinds(n_planes: int) -> npt.NDArray[np.uint8]:
    """Return the kind of each character of the first `n_planes` planes of Unicode; a plane takes about 15 ms."""
    if n_planes == 0:
        return np.empty(0, dtype=np.uint8)
    plane = range((n_planes - 1) << 16, n_planes << 16)
    return np.concatenate(
        [_kinds(n_planes - 1), np.array([_kind(chr(code)) for code in plane], dtype=np.uint8)]
    )


def line_error(error: UnicodeDecodeError, line: int, name: Any) -> UnicodeDecodeError:
    """Return a copy of `error` that names the line and the file."""
    where = f"{error.reason} (line {line} of {name})"
    return UnicodeDecodeError(error.encoding, error.object, error.start, error.end, where)


class NormalizedFile(io.RawIOBase):
    """The content of a UTF-8 file after a change of its text.

    Parameters
    ----------
    source : binary file object
        The file, decompressed. It is closed together with this object.
    transform : callable
        The change: a function of str, as the head of this module describes it.
    name : object
        Name of the file, for messages.
    """

    def __init__(self, source: IO[bytes], transform: Transform, name: Any) -> None:
        self._source = source
        self._transform = transform
        self._name = name
        self._line = 1
        self._first = True
        self._rest = b""
        self._output = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._output:
            data = self._next_part()
            if not data:
                return 0
            self._output = memoryview(self._transformed(data))
        count = min(len(buffer), len(self._output))
        buffer[:count] = self._output[:count]
        self._output = self._output[count:]
        return count

    def _next_part(self) -> bytes:
        """Return the next bytes up to a line feed or, if there is none, up to a space; nothing at the end."""
        while True:
            block = self._source.read(max(_BLOCK_SIZE, len(self._rest)))
            data, self._rest = self._rest + block, b""
            end = len(data) if not block else data.rfind(b"\n") + 1 or data.rfind(b" ") + 1
            if end or not data:
                self._rest = data[end:]
                return data[:end]
            self._rest = data

    def _transformed(self, data: bytes) -> bytes:
        if self._first:
            self._first = False
            check_content(data, self._name)
            data = data.removeprefix(BYTE_ORDER_MARK)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._error_in_line(data, error.start) from None
        self._line += data.count(b"\n")
        return self._transform(text).encode("utf-8")

    def _error_in_line(self, data: bytes, position: int) -> UnicodeDecodeError:
        start = data.rfind(b"\n", 0, position) + 1
        end = data.find(b"\n", position) + 1 or len(data)
        try:
            data[start:end].decode("utf-8")
        except UnicodeDecodeError as error:
            return line_error(error, self._line + data.count(b"\n", 0, start), self._name)
        raise AssertionError("a line of the block that cannot be decoded can be decoded")

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._source.close()
