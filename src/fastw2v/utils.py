"""What ``gensim.utils`` offers to a word2vec user: text to tokens, trim rules, corpus wrappers.

Plain functions and small wrappers without state of their own, with gensim's signatures and results.
Nothing here knows of models or vectors, and everything but the standard library and NumPy is imported on use.
"""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fastw2v.common.files import open_atomic
from fastw2v.text.trim_rule import (
    RULE_DEFAULT,
    RULE_DISCARD,
    RULE_KEEP,
    TrimRule,
    keep_vocab_item,
    prune_vocab,
)

__all__ = [
    "RULE_DEFAULT",
    "RULE_DISCARD",
    "RULE_KEEP",
    "ClippedCorpus",
    "RepeatCorpus",
    "RepeatCorpusNTimes",
    "SlicedCorpus",
    "TrimRule",
    "any2unicode",
    "any2utf8",
    "call_on_class_only",
    "chunkize_serial",
    "deaccent",
    "grouper",
    "keep_vocab_item",
    "open",
    "prune_vocab",
    "save_as_line_sentence",
    "simple_preprocess",
    "simple_tokenize",
    "to_unicode",
    "to_utf8",
    "tokenize",
]

T = TypeVar("T")

_ALPHABETIC_RUN = re.compile(r"(?:(?!\d)\w)+")


def call_on_class_only(*args: Any, **kwargs: Any) -> None:
    """Raise an AttributeError. gensim's models have it as their ``load``, so that pickles of theirs name it."""
    raise AttributeError("load() makes a new object: call it on the class, as in Word2Vec.load(path)")


# --- text to tokens


def any2unicode(text: str | bytes, encoding: str = "utf8", errors: str = "strict") -> str:
    """Return `text` as str, decoding it if it is bytes-like.

    Raises
    ------
    UnicodeDecodeError
        If the bytes are not valid in `encoding` and `errors` is ``"strict"``.
    """
    return text if isinstance(text, str) else str(text, encoding, errors=errors)


def any2utf8(text: str | bytes, errors: str = "strict", encoding: str = "utf8") -> bytes:
    """Return `text` as UTF-8 bytes; bytes-like input is decoded from `encoding` first."""
    return any2unicode(text, encoding, errors).encode("utf8")


to_unicode = any2unicode
to_utf8 = any2utf8


def deaccent(text: str | bytes) -> str:
    """Return `text` without its combining marks: ``"Šéf"`` becomes ``"Sef"``."""
    decomposed = unicodedata.normalize("NFD", any2unicode(text))
    bare = "".join(char for char in decomposed if unicodedata.category(char) != "Mn")
    return unicodedata.normalize("NFC", bare)


def simple_tokenize(text: str) -> Iterator[str]:
    """Yield the maximal runs of word characters that are not digits, in order."""
    for match in _ALPHABETIC_RUN.finditer(text):
        yield match.group()


def tokenize(
    text: str | bytes,
    lowercase: bool = False,
    deacc: bool = False,
    encoding: str = "utf8",
    errors: str = "strict",
    to_lower: bool = False,
    lower: bool = False,
) -> Iterator[str]:
    """Return an iterator over the alphabetic tokens of `text`.

    Parameters
    ----------
    text
        Text, or bytes in `encoding`.
    lowercase, to_lower, lower
        Lower-case the text first; three spellings of one switch.
    deacc
        Strip accents first.
    encoding, errors
        How bytes are decoded.
    """
    text = any2unicode(text, encoding, errors)
    if lowercase or to_lower or lower:
        text = text.lower()
    if deacc:
        text = deaccent(text)
    return simple_tokenize(text)


def simple_preprocess(
    doc: str | bytes, deacc: bool = False, min_len: int = 2, max_len: int = 15
) -> list[str]:
    """Return the lower-cased tokens of `doc` that have `min_len` to `max_len` characters.

    Digits split words, tokens that start with an underscore are dropped, and bytes that are not UTF-8 are
    ignored.
    """
    return [
        token
        for token in tokenize(doc, lower=True, deacc=deacc, errors="ignore")
        if min_len <= len(token) <= max_len and not token.startswith("_")
    ]


# --- files


def open(uri: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
    """Open a path or URI, compressed or not, with smart_open (imported on the first call)."""
    import smart_open

    return smart_open.open(uri, mode, *args, **kwargs)


def save_as_line_sentence(corpus: Iterable[Sequence[str]], filename: str | os.PathLike[str]) -> None:
    """Write `corpus` as UTF-8 text, a sentence a line and its tokens separated by spaces.

    Raises
    ------
    TypeError
        If a token is not a str.
    """
    with open_atomic(filename, "wb") as out:
        for sentence in corpus:
            out.write((" ".join(sentence) + "\n").encode("utf8"))


# --- wrappers around a corpus


class RepeatCorpus:
    """The first `reps` documents of `corpus` repeated without end."""

    def __init__(self, corpus: Iterable[Any], reps: int) -> None:
        self.corpus = corpus
        self.reps = reps

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(itertools.cycle(self.corpus), self.reps)


class RepeatCorpusNTimes:
    """All documents of `corpus`, `n` times over; `corpus` is iterated afresh each time."""

    def __init__(self, corpus: Iterable[Any], n: int) -> None:
        self.corpus = corpus
        self.n = n

    def __iter__(self) -> Iterator[Any]:
        for _ in range(self.n):
            yield from self.corpus


class ClippedCorpus:
    """The first `max_docs` documents of `corpus`; all of them where it is None."""

    def __init__(self, corpus: Any, max_docs: int | None = None) -> None:
        self.corpus = corpus
        self.max_docs = max_docs

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(self.corpus, self.max_docs)

    def __len__(self) -> int:
        size = len(self.corpus)
        return size if self.max_docs is None else min(self.max_docs, size)


class SlicedCorpus:
    """The documents of `corpus` that a slice, or a sequence of positions, chooses.

    A slice needs no more of `corpus` than iteration, unless it counts from the end. Positions, and slices
    that count from the end, need a corpus that can be indexed.
    """

    def __init__(self, corpus: Any, slice_: slice | Sequence[int] | npt.NDArray[np.integer[Any]]) -> None:
        self.corpus = corpus
        self.slice_ = slice_
        self.length: int | None = None

    def _positions(self) -> Sequence[int]:
        if isinstance(self.slice_, slice):
            return range(*self.slice_.indices(len(self.corpus)))
        return [int(position) for position in self.slice_]

    def __iter__(self) -> Iterator[Any]:
        if isinstance(self.slice_, slice):
            parts = (self.slice_.start, self.slice_.stop, self.slice_.step)
            if all(part is None or part >= 0 for part in parts):
                return itertools.islice(self.corpus, *parts)
        return (self.corpus[position] for position in self._positions())

    def __len__(self) -> int:
        if self.length is None:
            sized = hasattr(self.corpus, "__len__")
            if isinstance(self.slice_, slice) and not sized:
                self.length = sum(1 for _ in self)
            else:
                self.length = len(self._positions())
        return self.length


def chunkize_serial(
    iterable: Iterable[T], chunksize: int, as_numpy: bool = False, dtype: npt.DTypeLike = np.float32
) -> Iterator[list[Any]]:
    """Yield lists of `chunksize` items of `iterable`; the last may be shorter.

    With `as_numpy` each item becomes an array of `dtype`.
    """
    items: Iterator[Any] = iter(iterable)
    while chunk := list(itertools.islice(items, int(chunksize))):
        yield [np.array(item, dtype=dtype) for item in chunk] if as_numpy else chunk


grouper = chunkize_serial
