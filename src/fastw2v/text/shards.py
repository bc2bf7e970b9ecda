"""The part of a text that one of several processes trains.

Plain local files are divided by bytes: the files are one sequence of bytes, which is cut into equal parts, and a line
belongs to the part in which it begins. Each line is therefore in exactly one part, for every number of parts. A process
cannot begin in the middle of a compressed file or of a file behind a URI. Such a file is read by all processes, and
each of them takes every n-th line.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastw2v.common.files import compression, local_path, open_input
from fastw2v.common.validation import as_choice, as_flag, as_int
from fastw2v.text.file_reader import FilePart, TextFiles
from fastw2v.text.file_sentences import line_splitter, split_lines
from fastw2v.text.normalization import TOKENIZERS, make_transform
from fastw2v.text.readers import LineSentence, PathLineSentences

__all__ = ["TextShard"]


class TextShard:
    """One of several parts of text files, as a re-iterable corpus; each line is in one part.

    Parameters
    ----------
    source : str, os.PathLike, or a list of these
        Files, directories or URIs, read as `LineSentence` and `PathLineSentences` read them.
    index : int
        The number of this part, from 0 on.
    count : int
        The number of parts.
    max_sentence_length : int, default 10000
        Maximum number of tokens of a sentence.
    tokenizer : {"whitespace", "words"} or callable, default "whitespace"
        How a line is split into tokens, as in `FileSentences`.
    lower : bool, default False
        Convert each line to lower case first.

    Raises
    ------
    TypeError, ValueError, OSError
        If an argument is out of range or a file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from fastw2v.corpora import TextShard
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = pathlib.Path(directory, "text.txt")
    ...     _ = path.write_text("one line\\nanother line\\nthe last line\\n")
    ...     [list(TextShard(path, index, 2)) for index in range(2)]
    [[['one', 'line'], ['another', 'line']], [['the', 'last', 'line']]]
    """

    __module__ = "fastw2v.corpora"

    is_reusable = True  # see `fastw2v.corpora.is_reusable`

    def __init__(
        self,
        source: Any,
        index: int,
        count: int,
        max_sentence_length: int = 10000,
        tokenizer: str | Callable[[str], Iterable[Any]] = "whitespace",
        lower: bool = False,
    ) -> None:
        self.count = as_int("count", count, minimum=1)
        self.index = as_int("index", index, minimum=0, maximum=self.count - 1)
        self.max_sentence_length = as_int("max_sentence_length", max_sentence_length, minimum=1)
        self.tokenizer = tokenizer if callable(tokenizer) else as_choice("tokenizer", tokenizer, TOKENIZERS)
        self.lower = as_flag("lower", lower)
        sources = list(source) if isinstance(source, (list, tuple)) else [source]
        self.paths = [path for each in sources for path in _files(each)]
        seekable = [path for path in self.paths if _is_seekable(path)]
        self._others = [path for path in self.paths if not _is_seekable(path)]
        self._parts = _cut(seekable, self.index, self.count)

    def __iter__(self) -> Iterator[list[Any]]:
        split = line_splitter(self.tokenizer, self.lower)
        for part in self._parts:
            with part.open() as lines:
                numbered = enumerate(lines, 2 if part.start else 1)
                yield from split_lines(numbered, part.path, split, self.max_sentence_length)
        for path in self._others:
            with open_input(path) as lines:
                own = itertools.islice(enumerate(lines, 1), self.index, None, self.count)
                yield from split_lines(own, path, split, self.max_sentence_length)

    def text_files(self) -> TextFiles | None:
        """Return the files for the compiled reader; None if lines are left out or a function splits them."""
        if callable(self.tokenizer) or (self._others and self.count > 1):
            return None
        transform = make_transform(self.tokenizer, self.lower)
        return TextFiles([*self._parts, *self._others], self.max_sentence_length, transform=transform)


def _files(source: Any) -> list[Any]:
    if isinstance(source, (str, os.PathLike)) and os.path.isdir(source):
        return list(PathLineSentences(source).input_files)
    return [LineSentence(source).source]


def _is_seekable(path: Any) -> bool:
    local = local_path(path)
    return local is not None and os.path.isfile(local) and compression(path) is None


def _cut(paths: list[Any], index: int, count: int) -> list[FilePart]:
    sizes = [os.path.getsize(local_path(path)) for path in paths]  # type: ignore[arg-type]
    total = sum(sizes)
    begin, end = total * index // count, total * (index + 1) // count
    parts, offset = [], 0
    for path, size in zip(paths, sizes, strict=True):
        start, stop = (_line_start(path, min(max(at - offset, 0), size), size) for at in (begin, end))
        if start < stop:
            parts.append(FilePart(path, start, stop))
        offset += size
    return parts


def _line_start(path: Any, at: int, size: int) -> int:
    """Return the position of the first line that begins at `at` or later."""
    if at in (0, size):
        return at
    with open_input(path) as stream:
        stream.seek(at - 1)
        stream.readline()
        return stream.tell()
