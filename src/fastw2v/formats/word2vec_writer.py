"""Writing the formats of the original word2vec tool; `word2vec` describes and reads them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.formats import word2vec_rows
from fastw2v.common import parallel
from fastw2v.common.files import PathLike, open_atomic

Array = NDArray[Any]
Buffer = bytes | memoryview

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
        compiled = _is_plain(matrix)
        texts = parallel.ordered_map(
            lambda block: _text_lines(words[block], matrix, rows[block], compiled),
            _blocks(len(words)),
            None if compiled and len(words) > _ROWS_AT_A_TIME else 1,
        )
        with contextlib.closing(texts):
            for parts in texts:
                for part in parts:
                    stream.write(part)


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
        for block in _blocks(len(words)):
            names = [word.encode("utf-8") for word in words[block]]
            if compiled:
                stream.write(word2vec_rows.write_records(matrix, rows[block], names))
            else:
                numbers = np.ascontiguousarray(matrix[rows[block]], dtype="<f4")
                parts = (
                    part for name, row in zip(names, numbers, strict=True) for part in (name, b" ", row.data)
                )
                stream.write(b"".join(parts))


def write_counts(path: PathLike, words: Sequence[str], counts: Sequence[Any]) -> None:
    """Write a vocabulary file: lines "word count"."""
    with open_atomic(path, "w", newline="\n") as stream:
        stream.writelines(f"{word} {count}\n" for word, count in zip(words, counts, strict=True))


def check_words(words: Sequence[str], binary: bool) -> None:
    """Raise ValueError if one of `words` would come back as something else, or if UTF-8 cannot express it.

    Spaces end a word in the binary format. In text they are harmless inside a word, not so line breaks, and
    white space at the end.
    """
    together = "\n".join(words)
    if _is_sound(together, len(words), binary):
        return
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


def _is_sound(together: str, n_words: int, binary: bool) -> bool:
    """Whether `check_words` is sure to accept the words that line breaks join here; False where it has to look."""
    if together.count("\n") != max(0, n_words - 1):
        return False
    if " " in together if binary else " \n" in together or together.endswith(" "):
        return False
    try:
        together.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _blocks(count: int) -> Iterator[slice]:
    """Cut so many rows into blocks."""
    return (slice(start, start + _ROWS_AT_A_TIME) for start in range(0, count, _ROWS_AT_A_TIME))


def _is_plain(matrix: Array) -> bool:
    """Whether the compiled writers can take `matrix` as it is."""
    return matrix.dtype == np.float32 and matrix.dtype.isnative and matrix.flags.c_contiguous


def _text_lines(words: Sequence[str], matrix: Array, rows: NDArray[np.intp], compiled: bool) -> list[Buffer]:
    """Lines of text, in parts: numbers separated by a space, each as ``str`` of the NumPy scalar gives it."""
    names = [word.encode("utf-8") for word in words]
    lines: list[Buffer] = []
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
