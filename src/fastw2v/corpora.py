"""Corpora: gensim's readers of text files, and which corpus a pair of arguments names.

A corpus is any iterable of sentences, a sentence any iterable of hashable tokens. The readers are
re-iterable: each pass opens its files anew. What becomes of the sentences is in `fastw2v.text.encoding`.
"""

from __future__ import annotations

import codecs
import contextlib
import itertools
import logging
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from fastw2v.text.encoding import EncodedCorpus, Scan, encode, provisional_table, renumber, scan, stream
from fastw2v.common.files import local_path, open_input
from fastw2v.text.file_reader import TextFiles, line_error

__all__ = [
    "BrownCorpus",
    "EncodedCorpus",
    "LineSentence",
    "PathLineSentences",
    "Scan",
    "Text8Corpus",
    "encode",
    "is_long_list",
    "is_reusable",
    "open_corpus",
    "provisional_table",
    "renumber",
    "scan",
    "stream",
]

logger = logging.getLogger("gensim.models.word2vec")

Source = str | os.PathLike[str]

_BLOCK = 1 << 18
_ONE_SHOT_MODULES = frozenset({"builtins", "itertools", "_io", "_csv"})


# --- files of text


@contextlib.contextmanager
def _opened(source: Any) -> Iterator[Any]:
    """Open a path or URI for reading bytes, decompressed; rewind a file object, and leave it open."""
    if hasattr(source, "seek"):
        source.seek(0)
        yield source
        return
    with open_input(source) as lines:
        yield lines


def _name_of(source: Any) -> str:
    return str(source if isinstance(source, os.PathLike) else getattr(source, "name", source))


def _decoded(line: str | bytes, number: int, source: Any) -> str:
    if isinstance(line, str):
        return line
    try:
        return line.decode("utf8")
    except UnicodeDecodeError as error:
        raise line_error(error, number, _name_of(source)) from None


def _pieces(tokens: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(tokens), size):
        yield tokens[start : start + size]


def _checked_length(max_sentence_length: int) -> int:
    if max_sentence_length < 1:
        raise ValueError(f"max_sentence_length must be at least 1, got {max_sentence_length!r}")
    return max_sentence_length


class LineSentence:
    """A file with one sentence a line and tokens separated by white space, as a re-iterable corpus.

    Lines are UTF-8 and split as ``str.split()`` does, so Unicode white space separates tokens too. A line of
    more than `max_sentence_length` tokens becomes several sentences; a blank one becomes none.

    Parameters
    ----------
    source
        Path (str or `pathlib.Path`) or URI, plain or compressed by suffix (gz, bz2, xz, zst), or a file
        object that can seek, which is rewound for each pass.
    max_sentence_length
        Most tokens of one sentence.
    limit
        Read only so many lines of the file; None for all.

    Raises
    ------
    UnicodeDecodeError
        While iterating, if a line is not UTF-8; it names the line and the file.
    """

    def __init__(self, source: Any, max_sentence_length: int = 10000, limit: int | None = None) -> None:
        if not hasattr(source, "seek") and not isinstance(source, (str, os.PathLike)):
            raise TypeError(
                f"source must be a path, a URI or a file object with seek, got {type(source).__name__}"
            )
        self.source = source
        self.max_sentence_length = _checked_length(max_sentence_length)
        self.limit = limit

    def __iter__(self) -> Iterator[list[str]]:
        with _opened(self.source) as lines:
            for number, line in enumerate(itertools.islice(lines, self.limit), 1):
                tokens = _decoded(line, number, self.source).split()
                if len(tokens) > self.max_sentence_length:
                    yield from _pieces(tokens, self.max_sentence_length)
                elif tokens:
                    yield tokens

    def text_files(self) -> TextFiles | None:
        """Return what is read, for the compiled reader; None for a file object."""
        if hasattr(self.source, "seek"):
            return None
        return TextFiles([self.source], self.max_sentence_length, self.limit)


class PathLineSentences:
    """All files of a directory, in the order of their names, each read as `LineSentence` reads one.

    Parameters
    ----------
    source
        A directory (its subdirectories are left out), or one file.
    max_sentence_length, limit
        As for `LineSentence`; `limit` holds for each file.

    Attributes
    ----------
    input_files : list of str
        What is read, fixed when the object is made.

    Raises
    ------
    ValueError
        If `source` is neither a file nor a directory.
    """

    def __init__(self, source: Source, max_sentence_length: int = 10000, limit: int | None = None) -> None:
        self.source = os.fspath(source)
        self.max_sentence_length = _checked_length(max_sentence_length)
        self.limit = limit
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
        """Return what is read, for the compiled reader."""
        return TextFiles(self.input_files, self.max_sentence_length, self.limit)


class Text8Corpus:
    """A file read as one run of tokens whatever its lines, cut every `max_sentence_length` tokens.

    Parameters
    ----------
    fname
        Path or URI of UTF-8 text, plain or compressed.
    max_sentence_length
        Tokens of each sentence; the last may be shorter.
    """

    def __init__(self, fname: Source, max_sentence_length: int = 10000) -> None:
        self.fname = fname
        self.max_sentence_length = _checked_length(max_sentence_length)

    def __iter__(self) -> Iterator[list[str]]:
        sentence: list[str] = []
        for tokens in self._blocks():
            sentence += tokens
            whole = len(sentence) - len(sentence) % self.max_sentence_length
            yield from _pieces(sentence[:whole], self.max_sentence_length)
            del sentence[:whole]
        if sentence:
            yield sentence

    def text_files(self) -> TextFiles:
        """Return what is read, for the compiled reader."""
        return TextFiles([self.fname], self.max_sentence_length, lines=False)

    def _blocks(self) -> Iterator[list[str]]:
        """Yield the tokens of each block; a token that a block's end cuts goes to the next."""
        decoder = codecs.getincrementaldecoder("utf8")()
        rest = ""
        line = 1
        with _opened(self.fname) as source:
            while block := source.read(_BLOCK):
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
    """The Brown corpus as NLTK distributes it: files of ``word/TAG`` tokens, a sentence a line.

    Tokens become ``lower-cased word/first two letters of the tag``; those whose tag is not alphabetic
    (punctuation) and lines without any other are left out.

    Parameters
    ----------
    dirname
        The directory; all its files are read, in the order in which the system lists them.
    """

    def __init__(self, dirname: Source) -> None:
        self.dirname = dirname

    def __iter__(self) -> Iterator[list[str]]:
        directory = os.fspath(self.dirname)
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            if not os.path.isfile(path):
                continue
            with _opened(path) as lines:
                for number, line in enumerate(lines, 1):
                    pairs = (token.split("/") for token in _decoded(line, number, path).split())
                    words = [
                        f"{pair[0].lower()}/{pair[1][:2]}"
                        for pair in pairs
                        if len(pair) == 2 and pair[1][:2].isalpha()
                    ]
                    if words:
                        yield words


# --- which corpus, and how often it can be read


def is_reusable(corpus: Any) -> bool:
    """Return whether `corpus` may be encoded once and trained on many times.

    True for a list, a tuple and this library's readers, by exact type: any other iterable, subclasses of
    these included, may give something new on each pass and is iterated afresh.
    """
    return type(corpus) in (list, tuple, LineSentence, PathLineSentences, Text8Corpus, BrownCorpus)


def is_long_list(corpus: Any, words: int, longest: int) -> bool:
    """Return whether `corpus` is a list or tuple of more than so many tokens, in sentences of `longest` tokens at most.

    Not if a sentence cannot tell its length.
    """
    if not isinstance(corpus, (list, tuple)):
        return False
    try:
        lengths = np.fromiter(map(len, corpus), dtype=np.int64, count=len(corpus))
    except Exception:  # whatever a class of the user's raises
        return False
    return bool(lengths.sum() > words and lengths.max() <= longest)


def _is_one_shot(corpus: Any) -> bool:
    # A class of the user's own may well return itself from __iter__ after a rewind, so only iterators known
    # to be exhausted by one pass are refused: generators, files, and those of the standard library.
    return isinstance(corpus, Iterator) and type(corpus).__module__ in _ONE_SHOT_MODULES


def open_corpus(corpus_iterable: Any, corpus_file: Any, passes: int) -> Iterable[Any]:
    """Return the one corpus that a pair of arguments names, ready for `passes` passes.

    Parameters
    ----------
    corpus_iterable
        An iterable of sentences, or None.
    corpus_file
        Path or URI of a text as `LineSentence` reads it, compressed or not, or None.
    passes
        How often the corpus will be iterated.

    Raises
    ------
    TypeError
        If both or neither are given, if `corpus_file` is not a file, if `corpus_iterable` is no corpus (a
        str, bytes or path among them), or if it can be iterated only once and `passes` is more.
    """
    if corpus_file is not None and corpus_iterable is not None:
        raise TypeError(
            "Both corpus_file and corpus_iterable must not be provided at the same time; leave one out"
        )
    if corpus_file is not None:
        return _open_corpus_file(corpus_file)
    if corpus_iterable is None:
        raise TypeError(
            "Either one of corpus_file or corpus_iterable value must be provided: "
            "an iterable of token lists, or the path of a text with one sentence a line"
        )
    wanted = "The corpus_iterable must be an iterable of lists of strings, got"
    if isinstance(corpus_iterable, (str, bytes, bytearray, os.PathLike)):
        raise TypeError(
            f"{wanted} {_shown(corpus_iterable)} instead; for a file pass corpus_file=path or "
            "LineSentence(path), for a text its list of tokenized sentences"
        )
    if not isinstance(corpus_iterable, Iterable) and not hasattr(corpus_iterable, "__getitem__"):
        raise TypeError(
            f"{wanted} {_shown(corpus_iterable)} instead; pass a list, or any object that can be iterated "
            "several times"
        )
    if passes > 1 and _is_one_shot(corpus_iterable):
        raise TypeError(
            f"Using a generator as corpus_iterable can't support {passes} passes. Try a re-iterable "
            f"sequence: a list, or an object whose __iter__ starts anew; {_shown(corpus_iterable)} can be iterated "
            "once only"
        )
    corpus: Iterable[Any] = corpus_iterable
    return corpus


def _shown(value: Any) -> str:
    """The beginning of what is no corpus, and its type; never called for a corpus, whose repr may be huge."""
    return f"{value!r:.80} ({type(value).__name__})"


def _open_corpus_file(corpus_file: Any) -> LineSentence:
    if isinstance(corpus_file, (str, os.PathLike)):
        local = local_path(corpus_file)
        if local is None or os.path.isfile(local):
            return LineSentence(corpus_file)
    raise TypeError(
        f"Parameter corpus_file must be a valid path to a file, got {corpus_file!r:.200} instead; "
        "check that the file exists, and pass an iterable of sentences as corpus_iterable"
    )
