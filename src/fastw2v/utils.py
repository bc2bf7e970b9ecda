"""Functions of ``gensim.utils`` that word2vec users need: text to tokens, trim rules, wrappers of corpora.

All have gensim's signatures and return what gensim's functions return. smart_open is imported only by `open`.
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
from fastw2v.common.validation import as_dtype, as_flag, as_int, as_optional_int, check_encoding, check_str
from fastw2v.text.corpus import check_corpus
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
    """Raise an AttributeError that says how to load a model.

    gensim's models store this function as their ``load``, so their pickles name it.

    Examples
    --------
    >>> from fastw2v.utils import call_on_class_only
    >>> call_on_class_only()
    Traceback (most recent call last):
    AttributeError: load() makes a new object: call it on the class, as in Word2Vec.load(path)
    """
    raise AttributeError("load() makes a new object: call it on the class, as in Word2Vec.load(path)")


# --- text to tokens


def any2unicode(text: str | bytes, encoding: str = "utf8", errors: str = "strict") -> str:
    """Return `text` as str; decode it if it is bytes-like.

    Parameters
    ----------
    text : str or bytes
        The text.
    encoding, errors : str
        How to decode bytes; see `bytes.decode`.

    Raises
    ------
    UnicodeDecodeError
        If the bytes are not valid in `encoding` and `errors` is ``"strict"``.

    Examples
    --------
    >>> from fastw2v.utils import any2unicode
    >>> any2unicode(b"na\\xc3\\xafve")
    'naïve'
    """
    if isinstance(text, str):
        return text
    check_encoding(encoding, errors)
    try:
        return str(text, encoding, errors=errors)
    except TypeError:
        raise TypeError(f"text must be a str or bytes, not {text!r:.80}") from None


def any2utf8(text: str | bytes, errors: str = "strict", encoding: str = "utf8") -> bytes:
    """Return `text` as UTF-8 bytes; bytes-like input is decoded from `encoding` first.

    Examples
    --------
    >>> from fastw2v.utils import any2utf8
    >>> any2utf8("naïve")
    b'na\\xc3\\xafve'
    """
    return any2unicode(text, encoding, errors).encode("utf8")


to_unicode = any2unicode
to_utf8 = any2utf8


def deaccent(text: str | bytes) -> str:
    """Remove the accents of `text`.

    Examples
    --------
    >>> from fastw2v.utils import deaccent
    >>> deaccent("Šéf")
    'Sef'
    """
    decomposed = unicodedata.normalize("NFD", any2unicode(text))
    bare = "".join(char for char in decomposed if unicodedata.category(char) != "Mn")
    return unicodedata.normalize("NFC", bare)


def simple_tokenize(text: str) -> Iterator[str]:
    """Yield the longest sequences of word characters that are not digits, in order.

    Examples
    --------
    >>> from fastw2v.utils import simple_tokenize
    >>> list(simple_tokenize("a1b, c"))
    ['a', 'b', 'c']
    """
    check_str("text", text)
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
    text : str or bytes
        The text.
    lowercase, to_lower, lower : bool, default False
        Convert the text to lower case first. The three names mean the same.
    deacc : bool, default False
        Remove the accents first.
    encoding, errors : str
        How to decode bytes; see `bytes.decode`.

    Examples
    --------
    >>> from fastw2v.utils import tokenize
    >>> list(tokenize("Nic nemůže", lowercase=True, deacc=True))
    ['nic', 'nemuze']
    """
    lowercase, to_lower, lower = (
        as_flag(name, value)
        for name, value in (("lowercase", lowercase), ("to_lower", to_lower), ("lower", lower))
    )
    deacc = as_flag("deacc", deacc)
    text = any2unicode(text, encoding, errors)
    if lowercase or to_lower or lower:
        text = text.lower()
    if deacc:
        text = deaccent(text)
    return simple_tokenize(text)


def simple_preprocess(
    doc: str | bytes, deacc: bool = False, min_len: int = 2, max_len: int = 15
) -> list[str]:
    """Return the tokens of a document in lower case.

    Digits separate tokens, tokens that start with an underscore are left out, and bytes that are not UTF-8 are ignored.

    Parameters
    ----------
    doc : str or bytes
        The text.
    deacc : bool, default False
        Remove the accents first.
    min_len, max_len : int
        Shortest and longest token to return, in characters.

    Examples
    --------
    >>> from fastw2v.utils import simple_preprocess
    >>> simple_preprocess("A quick brown fox, and a dog!")
    ['quick', 'brown', 'fox', 'and', 'dog']
    """
    min_len, max_len = as_int("min_len", min_len), as_int("max_len", max_len)
    if not isinstance(doc, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"doc must be a str or bytes, not {doc!r:.80}")
    return [
        token
        for token in tokenize(doc, lower=True, deacc=deacc, errors="ignore")
        if min_len <= len(token) <= max_len and not token.startswith("_")
    ]


# --- files


def open(uri: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
    """Open a path or URI, compressed or not, with ``smart_open.open``, which gets all arguments.

    Examples
    --------
    >>> import os, tempfile
    >>> from fastw2v import utils
    >>> path = os.path.join(tempfile.mkdtemp(), "text.txt.gz")
    >>> with utils.open(path, "w") as file:
    ...     _ = file.write("the cat sat")
    >>> with utils.open(path) as file:
    ...     file.read()
    'the cat sat'
    """
    import smart_open

    return smart_open.open(uri, mode, *args, **kwargs)


def save_as_line_sentence(corpus: Iterable[Sequence[str]], filename: str | os.PathLike[str]) -> None:
    """Write a corpus as UTF-8 text that `LineSentence` reads: one sentence per line, tokens separated by spaces.

    Parameters
    ----------
    corpus : iterable of sequence of str
        The sentences.
    filename : str or os.PathLike
        The file, which is saved atomically; a suffix .gz, .bz2, .xz or .zst compresses it.

    Raises
    ------
    TypeError
        If a token is not a str.

    Examples
    --------
    >>> import os, tempfile
    >>> from fastw2v import LineSentence
    >>> from fastw2v.utils import save_as_line_sentence
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = os.path.join(directory, "corpus.txt")
    ...     save_as_line_sentence([["a", "rose"], ["is", "a", "rose"]], path)
    ...     list(LineSentence(path))
    [['a', 'rose'], ['is', 'a', 'rose']]
    """
    check_corpus(corpus)
    with open_atomic(filename, "wb") as out:
        for sentence in corpus:
            out.write((" ".join(sentence) + "\n").encode("utf8"))


# --- wrappers around a corpus


class RepeatCorpus:
    """Documents of `corpus`, repeated as often as needed to yield `reps` of them.

    Examples
    --------
    >>> from fastw2v.utils import RepeatCorpus
    >>> list(RepeatCorpus(["a", "b"], 5))
    ['a', 'b', 'a', 'b', 'a']
    """

    def __init__(self, corpus: Iterable[Any], reps: int) -> None:
        self.corpus = corpus
        self.reps = as_int("reps", reps, minimum=0)

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(itertools.cycle(self.corpus), self.reps)


class RepeatCorpusNTimes:
    """All documents of `corpus`, `n` times; each time, `corpus` is iterated anew.

    Examples
    --------
    >>> from fastw2v.utils import RepeatCorpusNTimes
    >>> list(RepeatCorpusNTimes(["a", "b"], 2))
    ['a', 'b', 'a', 'b']
    """

    def __init__(self, corpus: Iterable[Any], n: int) -> None:
        self.corpus = corpus
        self.n = as_int("n", n, minimum=0)

    def __iter__(self) -> Iterator[Any]:
        for _ in range(self.n):
            yield from self.corpus


class ClippedCorpus:
    """The first `max_docs` documents of `corpus`, or all of them if `max_docs` is None.

    Examples
    --------
    >>> from fastw2v.utils import ClippedCorpus
    >>> list(ClippedCorpus(["a", "b", "c"], 2))
    ['a', 'b']
    """

    def __init__(self, corpus: Any, max_docs: int | None = None) -> None:
        self.corpus = corpus
        self.max_docs = as_optional_int("max_docs", max_docs, minimum=0)

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(self.corpus, self.max_docs)

    def __len__(self) -> int:
        size = len(self.corpus)
        return size if self.max_docs is None else min(self.max_docs, size)


class SlicedCorpus:
    """The documents of `corpus` that a slice or a sequence of positions selects.

    The corpus must support indexing for positions and for slices that count from the end. For all other slices it need
    only be iterable.

    Examples
    --------
    >>> from fastw2v.utils import SlicedCorpus
    >>> list(SlicedCorpus(["a", "b", "c", "d"], slice(1, None, 2)))
    ['b', 'd']
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
            bounds = (self.slice_.start, self.slice_.stop, self.slice_.step)
            if all(bound is None or bound >= 0 for bound in bounds):
                return itertools.islice(self.corpus, *bounds)
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
    """Yield lists of `chunksize` items of `iterable`; the last list may be shorter.

    Parameters
    ----------
    iterable : iterable
        The items.
    chunksize : int
        Number of items of a list.
    as_numpy : bool, default False
        Convert each item to an array.
    dtype : dtype-like, default float32
        Type of these arrays.

    Examples
    --------
    >>> from fastw2v.utils import chunkize_serial
    >>> list(chunkize_serial(range(5), 2))
    [[0, 1], [2, 3], [4]]
    """
    if not isinstance(iterable, Iterable):
        raise TypeError(f"iterable={iterable!r:.80} must be iterable")
    items: Iterator[Any] = iter(iterable)
    chunksize, as_numpy, dtype = (
        as_int("chunksize", chunksize, minimum=0),
        as_flag("as_numpy", as_numpy),
        as_dtype("dtype", dtype),
    )
    while chunk := list(itertools.islice(items, chunksize)):
        yield [np.array(item, dtype=dtype) for item in chunk] if as_numpy else chunk


grouper = chunkize_serial
