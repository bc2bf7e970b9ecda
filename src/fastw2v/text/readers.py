"""Readers of text files: re-iterable corpora with gensim's names, arguments and sentences.

Each pass over a reader opens its files anew. Iterating a reader gives lists of str. A class that defines
`text_files` also tells which files it reads and how; the package then reads the files itself, with several threads and
without a Python object for each token (see `file_reader`), and finds the same sentences.

The classes belong to the public module `fastw2v.corpora`, which pickles of them name.
"""

from __future__ import annotations

import codecs
import contextlib
import itertools
import os
from collections.abc import Iterator
from typing import Any

from fastw2v.common.codecs import BYTE_ORDER_MARK, check_content
from fastw2v.common.files import open_input
from fastw2v.common.logs import get_logger
from fastw2v.common.validation import as_int, as_optional_int, check_path
from fastw2v.text.file_reader import TextFiles, line_error

__all__ = ["BrownCorpus", "LineSentence", "PathLineSentences", "Source", "Text8Corpus", "split_line"]

logger = get_logger(__name__, "models.word2vec")

Source = str | os.PathLike[str]

_BLOCK_SIZE = 1 << 18


@contextlib.contextmanager
def _open(source: Any) -> Iterator[Any]:
    """Open a path or URI for reading bytes, decompressed; rewind a file object and leave it open."""
    if hasattr(source, "seek"):
        source.seek(0)
        yield source
        return
    with open_input(source) as lines:
        yield lines


def _name_of(source: Any) -> str:
    return str(source if isinstance(source, os.PathLike) else getattr(source, "name", source))


def decode_line(line: str | bytes, number: int, source: Any) -> str:
    if isinstance(line, str):
        return line.removeprefix("\ufeff") if number == 1 else line
    if number == 1:
        check_content(line, _name_of(source))
        line = line.removeprefix(BYTE_ORDER_MARK)
    try:
        return line.decode("utf8")
    except UnicodeDecodeError as error:
        raise line_error(error, number, _name_of(source)) from None


def split_evenly(tokens: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(tokens), size):
        yield tokens[start : start + size]


def split_line(line: str | bytes, number: int, source: Any, max_sentence_length: int) -> Iterator[list[str]]:
    """Yield the sentences of a line: one if it has tokens, or several if these are too many for one.

    Parameters
    ----------
    line : str or bytes
    number : int
        1 for the first line of `source`, which may begin with a byte-order mark.
    source : object
        Where the line is from, for messages.
    max_sentence_length : int
    """
    tokens = decode_line(line, number, source).split()
    if len(tokens) > max_sentence_length:
        yield from split_evenly(tokens, max_sentence_length)
    elif tokens:
        yield tokens


class LineSentence:
    """A file with one sentence per line and tokens separated by white space, as a re-iterable corpus.

    Lines are UTF-8 and are split as ``str.split()`` splits them, so Unicode white space separates tokens too. A line
    with more than `max_sentence_length` tokens becomes several sentences. Blank lines are skipped.

    Parameters
    ----------
    source : str, os.PathLike or file object
        Path or URI; a suffix .gz, .bz2, .xz or .zst means that the file is compressed. A file object must be able to
        seek, as it is rewound for each pass.
    max_sentence_length : int, default 10000
        Maximum number of tokens of a sentence.
    limit : int, optional
        Maximum number of lines to read from the file. All lines are read by default.

    Raises
    ------
    TypeError, ValueError
        If `source` cannot be read, or `max_sentence_length` is less than 1.
    UnicodeDecodeError
        While iterating, if a line is not UTF-8; the message names the line and the file.

    Examples
    --------
    >>> import io
    >>> from fastw2v import LineSentence
    >>> list(LineSentence(io.BytesIO(b"first sentence\\n\\nthe second one\\n")))
    [['first', 'sentence'], ['the', 'second', 'one']]

    Train a model on a file:

    >>> from fastw2v import Word2Vec
    >>> model = Word2Vec(LineSentence("corpus.txt.gz"))  # doctest: +SKIP
    """

    __module__ = "fastw2v.corpora"

    def __init__(self, source: Any, max_sentence_length: int = 10000, limit: int | None = None) -> None:
        if not hasattr(source, "seek") and not isinstance(source, (str, os.PathLike)):
            raise TypeError(
                f"source must be a path, a URI or a file object with seek, got {type(source).__name__}"
            )
        self.source = source
        self.max_sentence_length = as_int("max_sentence_length", max_sentence_length, minimum=1)
        self.limit = as_optional_int("limit", limit, minimum=0)

    def __iter__(self) -> Iterator[list[str]]:
        with _open(self.source) as lines:
            for number, line in enumerate(itertools.islice(lines, self.limit), 1):
                yield from split_line(line, number, self.source, self.max_sentence_length)

    def text_files(self) -> TextFiles | None:
        """Return the files to read, for the compiled reader; None for a file object."""
        if hasattr(self.source, "seek"):
            return None
        return TextFiles([self.source], self.max_sentence_length, self.limit)


class PathLineSentences:
    """All files of a directory in the order of their names, each read as `LineSentence` reads a file.

    Parameters
    ----------
    source : str or os.PathLike
        A directory, whose subdirectories are ignored, or one file.
    max_sentence_length : int, default 10000
        Maximum number of tokens of a sentence.
    limit : int, optional
        Maximum number of lines to read from each file. All lines are read by default.

    Attributes
    ----------
    input_files : list of str
        The files to read. The list is made when the object is created.

    Raises
    ------
    ValueError
        If `source` is neither a file nor a directory, or `max_sentence_length` is less than 1.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from fastw2v import PathLineSentences
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     _ = pathlib.Path(directory, "b.txt").write_text("of the second file\\n")
    ...     _ = pathlib.Path(directory, "a.txt").write_text("of the first file\\n")
    ...     list(PathLineSentences(directory))
    [['of', 'the', 'first', 'file'], ['of', 'the', 'second', 'file']]
    """

    __module__ = "fastw2v.corpora"

    def __init__(self, source: Source, max_sentence_length: int = 10000, limit: int | None = None) -> None:
        check_path("source", source)
        self.source = os.fspath(source)
        self.max_sentence_length = as_int("max_sentence_length", max_sentence_length, minimum=1)
        self.limit = as_optional_int("limit", limit, minimum=0)
        if os.path.isdir(self.source):
            self.source = os.path.join(self.source, "")
            paths = (self.source + name for name in os.listdir(self.source))
            self.input_files = sorted(path for path in paths if os.path.isfile(path))
            logger.info("files read into PathLineSentences:%s", "\n".join(self.input_files))
        elif os.path.isfile(self.source):
            self.input_files = [self.source]
        else:
            raise ValueError(f"source is neither a file nor a directory: {self.source!r}")

    def __iter__(self) -> Iterator[list[str]]:
        for path in self.input_files:
            yield from LineSentence(path, self.max_sentence_length, self.limit)

    def text_files(self) -> TextFiles:
        """Return the files to read, for the compiled reader."""
        return TextFiles(self.input_files, self.max_sentence_length, self.limit)


class Text8Corpus:
    """A file as one sequence of tokens, whatever its lines, cut into sentences of equal length.

    Parameters
    ----------
    fname : str or os.PathLike
        Path or URI of UTF-8 text; a suffix .gz, .bz2, .xz or .zst means that the file is compressed.
    max_sentence_length : int, default 10000
        Number of tokens of each sentence. The last sentence may be shorter.

    Raises
    ------
    ValueError
        If `max_sentence_length` is less than 1.
    UnicodeDecodeError
        While iterating, if the text is not UTF-8; the message names the line and the file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from fastw2v import Text8Corpus
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = pathlib.Path(directory, "text8")
    ...     _ = path.write_text("anarchism originated as a term of abuse")
    ...     list(Text8Corpus(path, max_sentence_length=3))
    [['anarchism', 'originated', 'as'], ['a', 'term', 'of'], ['abuse']]
    """

    __module__ = "fastw2v.corpora"

    def __init__(self, fname: Source, max_sentence_length: int = 10000) -> None:
        if not hasattr(fname, "seek"):
            check_path("fname", fname)
        self.fname = fname
        self.max_sentence_length = as_int("max_sentence_length", max_sentence_length, minimum=1)

    def __iter__(self) -> Iterator[list[str]]:
        sentence: list[str] = []
        for tokens in self._blocks():
            sentence += tokens
            complete = len(sentence) - len(sentence) % self.max_sentence_length
            yield from split_evenly(sentence[:complete], self.max_sentence_length)
            del sentence[:complete]
        if sentence:
            yield sentence

    def text_files(self) -> TextFiles:
        """Return the files to read, for the compiled reader."""
        return TextFiles([self.fname], self.max_sentence_length, lines=False)

    def _blocks(self) -> Iterator[list[str]]:
        """Yield the tokens of each block; a token that the end of a block cuts belongs to the next block."""
        decoder = codecs.getincrementaldecoder("utf8")()
        rest = ""
        line = 1
        with _open(self.fname) as source:
            first = True
            while block := source.read(_BLOCK_SIZE):
                if first:
                    check_content(block, _name_of(self.fname))
                    block = block.removeprefix(BYTE_ORDER_MARK)
                    first = False
                rest += self._decode(decoder, block, line)
                line += block.count(b"\n")
                tokens = rest.split()
                rest = tokens.pop() if tokens and not rest[-1].isspace() else ""
                yield tokens
        rest += self._decode(decoder, b"", line)
        yield rest.split()

    def _decode(self, decoder: codecs.IncrementalDecoder, block: bytes, line: int) -> str:
        try:
            return decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            raise line_error(error, line, _name_of(self.fname)) from None


class BrownCorpus:
    """The Brown corpus as NLTK distributes it: files of ``word/TAG`` tokens, with one sentence per line.

    Tokens become the word in lower case, a slash and the first two letters of the tag. Tokens whose tag is not
    alphabetic (punctuation) are left out, and so are lines without any other token.

    Parameters
    ----------
    dirname : str or os.PathLike
        A directory. All its files are read, in the order in which the system lists them.

    Raises
    ------
    UnicodeDecodeError
        While iterating, if a line is not UTF-8; the message names the line and the file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from fastw2v import BrownCorpus
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     _ = pathlib.Path(directory, "ca01").write_text("The/at jury/nn said/vbd ./.\\n")
    ...     list(BrownCorpus(directory))
    [['the/at', 'jury/nn', 'said/vb']]
    """

    __module__ = "fastw2v.corpora"

    def __init__(self, dirname: Source) -> None:
        check_path("dirname", dirname)
        self.dirname = dirname

    def __iter__(self) -> Iterator[list[str]]:
        directory = os.fspath(self.dirname)
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            if not os.path.isfile(path):
                continue
            with _open(path) as lines:
                for number, line in enumerate(lines, 1):
                    pairs = (token.split("/") for token in decode_line(line, number, path).split())
                    words = [
                        f"{pair[0].lower()}/{pair[1][:2]}"
                        for pair in pairs
                        if len(pair) == 2 and pair[1][:2].isalpha()
                    ]
                    if words:
                        yield words
