"""Several text files as one corpus, with a choice of how a line is split into tokens.

`LineSentence` and `PathLineSentences` have gensim's arguments and always split at white space. This reader has no
counterpart in gensim. With a tokenizer of `normalization`, the compiled reader reads its files. A function of the user
is called for each line, and its tokens are Python objects.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastw2v.common.files import open_input
from fastw2v.common.validation import as_choice, as_flag, as_int, as_list, check_path
from fastw2v.text.file_reader import TextFiles
from fastw2v.text.normalization import TOKENIZERS, make_transform
from fastw2v.text.readers import Source, decode_line, split_evenly

__all__ = ["FileSentences"]


class FileSentences:
    """Text files with one sentence per line, read one after another, as a re-iterable corpus.

    Lines are UTF-8. A line with more than `max_sentence_length` tokens becomes several sentences, and lines without
    tokens are skipped. With the default arguments, the sentences of a file are those of `LineSentence`.

    Parameters
    ----------
    paths : str, os.PathLike, or iterable of them
        Paths or URIs. A file with the suffix .gz, .bz2, .xz or .zst is decompressed.
    tokenizer : {"whitespace", "words"} or callable, default "whitespace"
        How a line is split into tokens. "whitespace" splits as ``str.split()`` does. "words" keeps the words, which are
        sequences of letters and digits of any script, with the combining marks that follow them; punctuation, symbols
        and underscores separate words. A function is called with the line as a str, including its line feed, and
        returns its tokens.
    lower : bool, default False
        Convert each line to lower case first.
    max_sentence_length : int, default 10000
        Maximum number of tokens of a sentence.

    Attributes
    ----------
    paths : list of str or os.PathLike
        The files.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong. While iterating, TypeError if the tokenizer does not return an iterable of tokens.
    UnicodeDecodeError
        While iterating, if a line is not UTF-8; the message names the line and the file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from fastw2v import FileSentences
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     first, second = pathlib.Path(directory, "b.txt"), pathlib.Path(directory, "a.txt")
    ...     _ = first.write_text("Don't panic!\\n")
    ...     _ = second.write_text("A 2nd file.\\n")
    ...     list(FileSentences([first, second], tokenizer="words", lower=True))
    [['don', 't', 'panic'], ['a', '2nd', 'file']]
    """

    __module__ = "fastw2v.corpora"

    def __init__(
        self,
        paths: Source | Iterable[Source],
        tokenizer: str | Callable[[str], Iterable[Any]] = "whitespace",
        lower: bool = False,
        max_sentence_length: int = 10000,
    ) -> None:
        self.paths: list[Any] = (
            [paths] if isinstance(paths, (str, os.PathLike)) else as_list("paths", paths, "paths")
        )
        for path in self.paths:
            check_path("paths", path)
        self.tokenizer = tokenizer if callable(tokenizer) else as_choice("tokenizer", tokenizer, TOKENIZERS)
        self.lower = as_flag("lower", lower)
        self.max_sentence_length = as_int("max_sentence_length", max_sentence_length, minimum=1)

    def __iter__(self) -> Iterator[list[Any]]:
        split = line_splitter(self.tokenizer, self.lower)
        for path in self.paths:
            with open_input(path) as lines:
                yield from split_lines(enumerate(lines, 1), path, split, self.max_sentence_length)

    def text_files(self) -> TextFiles | None:
        """Return the files for the compiled reader; None if a function splits the lines."""
        if callable(self.tokenizer):
            return None
        transform = make_transform(self.tokenizer, self.lower)
        return TextFiles(self.paths, self.max_sentence_length, transform=transform)


def line_splitter(tokenizer: str | Callable[[str], Iterable[Any]], lower: bool) -> Callable[[str], list[Any]]:
    """Return the function that splits a line into tokens; the arguments are those of `FileSentences`."""
    if not callable(tokenizer):
        transform = make_transform(tokenizer, lower)
        return str.split if transform is None else lambda line: transform(line).split()

    def split(line: str) -> list[Any]:
        tokens = tokenizer(line.lower() if lower else line)
        if isinstance(tokens, (str, bytes)) or not isinstance(tokens, Iterable):
            raise TypeError(
                f"tokenizer returned {tokens!r:.80} ({type(tokens).__name__}) for the line {line!r:.80}; it must "
                "return a list of tokens"
            )
        return list(tokens)

    return split


def split_lines(
    lines: Iterable[tuple[int, bytes]], path: Any, split: Callable[[str], list[Any]], max_sentence_length: int
) -> Iterator[list[Any]]:
    """Yield the sentences of numbered lines; `path` is named in messages."""
    for number, line in lines:
        tokens = split(decode_line(line, number, path))
        if len(tokens) > max_sentence_length:
            yield from split_evenly(tokens, max_sentence_length)
        elif tokens:
            yield tokens
