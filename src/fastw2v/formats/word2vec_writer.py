"""Writing the formats of the original word2vec tool; see `word2vec`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v import _vectors, parallel
from fastw2v.formats.atomic import PathLike, open_atomic

Array = NDArray[Any]

_ROWS_AT_A_TIME = 256


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
        blocks = (slice(start, start + _ROWS_AT_A_TIME) for start in range(0, len(words), _ROWS_AT_A_TIME))
        compiled = _is_plain(matrix)
        texts = parallel.ordered(
            lambda block: _text_lines(words[block], matrix, rows[block], compiled),
            blocks,
            None if compiled and len(words) > _ROWS_AT_A_TIME else 1,
        )
        with contextlib.closing(texts):
            for text in texts:
                stream.write(text)


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
        compiled = _is_plain(matrix) and sys.byteorder == "little"
        for start in range(0, len(words), _ROWS_AT_A_TIME):
            names = [word.encode("utf-8") for word in words[start : start + _ROWS_AT_A_TIME]]
            chosen = rows[start : start + _ROWS_AT_A_TIME]
            if compiled:
                stream.write(_vectors.write_records(matrix, chosen, names))
            else:
                block = np.ascontiguousarray(matrix[chosen], dtype="<f4")
                pieces = (
                    part for name, row in zip(names, block, strict=True) for part in (name, b" ", row.data)
                )
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


def _is_plain(matrix: Array) -> bool:
    """Whether the compiled writers can take `matrix` as it is."""
    return matrix.dtype == np.float32 and matrix.dtype.isnative and matrix.flags.c_contiguous


def _text_lines(words: Sequence[str], matrix: Array, rows: NDArray[np.intp], compiled: bool) -> bytes:
    """Lines of text: numbers separated by a space, each as ``str`` of the NumPy scalar gives it."""
    names = [word.encode("utf-8") for word in words]
    lines: list[bytes] = []
    start = 0
    while start < len(names):
        if compiled:
            text, written = _vectors.write_lines(matrix, rows[start:], names[start:])
            lines.append(text)
            start += written
        if start < len(names):
            numbers = " ".join(map(str, np.asarray(matrix[rows[start]])))
            lines.append(names[start] + b" " + numbers.encode("ascii") + b"\n")
            start += 1
    return b"".join(lines)
