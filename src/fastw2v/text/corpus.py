"""The corpus that a pair of arguments names, which files it reads, and how often that corpus can be iterated.

A corpus is any iterable of sentences, and a sentence is any iterable of hashable tokens. gensim's methods take either
such an iterable (``corpus_iterable``) or the path of a text file (``corpus_file``); `open_corpus` checks the pair and
returns one iterable. `is_reusable` and `is_long_list` tell the caller how to read it: encode it once, encode it while
the first epoch is trained, or iterate it anew in every epoch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from fastw2v.common.files import is_same_file, local_path
from fastw2v.common.validation import as_int
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.file_sentences import FileSentences
from fastw2v.text.readers import BrownCorpus, LineSentence, PathLineSentences, Text8Corpus
from fastw2v.text.tokens import as_word, describe_table, is_column

__all__ = ["gives_one_iterator", "is_long_list", "is_reusable", "open_corpus"]

# Iterators of these modules are exhausted by one pass.
_ONE_SHOT_MODULES = frozenset({"builtins", "itertools", "_io", "_csv"})


def is_reusable(corpus: Any) -> bool:
    """Return whether `corpus` may be encoded once and trained on many times.

    This is true for an `EncodedCorpus` and, by exact type, for a list, a tuple and the readers of this package. Any
    other iterable, subclasses of these included, may give different sentences on each pass, so it is iterated anew. A
    class whose own body defines an attribute `is_reusable` answers for itself.

    Examples
    --------
    >>> from fastw2v.corpora import LineSentence, is_reusable
    >>> is_reusable([["a", "sentence"]]), is_reusable(LineSentence("corpus.txt")), is_reusable({"a": 1})
    (True, True, False)
    """
    if "is_reusable" in vars(type(corpus)):
        return bool(corpus.is_reusable)
    return isinstance(corpus, EncodedCorpus) or type(corpus) in (
        list,
        tuple,
        LineSentence,
        PathLineSentences,
        Text8Corpus,
        BrownCorpus,
        FileSentences,
    )


def is_long_list(corpus: Any, words: int, longest: int) -> bool:
    """Return whether `corpus` is a list or tuple with many tokens in sentences of moderate length.

    Parameters
    ----------
    corpus : object
        The corpus.
    words : int
        The corpus must have more tokens than this.
    longest : int
        No sentence may have more tokens than this.

    Returns
    -------
    bool
        False also if a sentence has no length.

    Examples
    --------
    >>> from fastw2v.corpora import is_long_list
    >>> is_long_list([["a", "cat"], ["a", "dog"]], words=3, longest=10)
    True
    >>> is_long_list([["a", "cat"], ["a", "dog"]], words=3, longest=1)
    False
    """
    words, longest = as_int("words", words), as_int("longest", longest)
    if not isinstance(corpus, (list, tuple)):
        return False
    try:
        lengths = np.fromiter(map(len, corpus), dtype=np.int64, count=len(corpus))
    except Exception:  # a user's class may raise anything
        return False
    return bool(lengths.sum() > words and lengths.max(initial=0) <= longest)


def _is_one_shot(corpus: Any) -> bool:
    """Return whether `corpus` is an iterator that one pass exhausts.

    A user's class may return itself from ``__iter__`` after it has rewound itself. So only iterators of Python
    itself count: generators, files, and those of the standard library.
    """
    return isinstance(corpus, Iterator) and type(corpus).__module__ in _ONE_SHOT_MODULES


def gives_one_iterator(corpus: Any) -> bool:
    """Return whether `corpus` gives the same iterator each time, so that it may be exhausted.

    It calls `iter`, which may have side effects.

    Examples
    --------
    >>> from fastw2v.text.corpus import gives_one_iterator
    >>> gives_one_iterator(iter([["a"]])), gives_one_iterator([["a"]])
    (True, False)
    """
    try:
        return iter(corpus) is iter(corpus)
    except Exception:  # a user's class may raise anything
        return False


def check_not_read(argument: str, path: Any, corpus: Any, what: str = "the corpus file") -> None:
    """Check that a file which is about to be written is not one that a corpus reads.

    Parameters
    ----------
    argument : str
        What the user gave `path` as.
    path : str or os.PathLike
        The file to write, or a URI, which is not checked.
    corpus : object
        A reader of files of this package, the path of a file, or any other corpus, which is not checked.
    what : str
        What the file is to the reader, for the message.

    Raises
    ------
    ValueError
        If both are one file, possibly by a link.
    """
    output = local_path(path)
    if output is None or not os.path.isfile(output):  # pipes and devices are not replaced
        return
    for source in _paths_of(corpus):
        if is_same_file(output, source):
            raise ValueError(
                f"{argument}={os.fspath(path)!r} would overwrite {what} {os.fspath(source)!r}; "
                "choose another file name"
            )


def _paths_of(corpus: Any) -> list[Any]:
    """Return the paths of the files that `corpus` reads, as far as its class tells them."""
    if isinstance(corpus, PathLineSentences):
        return list(corpus.input_files)
    if isinstance(corpus, FileSentences):
        return list(corpus.paths)
    if isinstance(corpus, BrownCorpus):
        return [entry.path for entry in os.scandir(corpus.dirname)]
    if isinstance(corpus, LineSentence):
        corpus = corpus.source
    elif isinstance(corpus, Text8Corpus):
        corpus = corpus.fname
    if hasattr(corpus, "seek"):  # an open file
        corpus = getattr(corpus, "name", None)
    return [corpus] if isinstance(corpus, (str, os.PathLike)) and os.fspath(corpus) else []


def name_of(corpus: Any) -> str:
    """Return a short name of a corpus: that of its file or directory, without the folder, or of its type.

    Examples
    --------
    >>> from fastw2v.corpora import LineSentence
    >>> from fastw2v.text.corpus import name_of
    >>> name_of(LineSentence("texts/2026-W01.txt.gz")), name_of([["a"]])
    ('2026-W01.txt.gz', 'list')
    """
    if isinstance(corpus, PathLineSentences):
        return os.path.basename(os.path.normpath(os.fsdecode(corpus.source)))
    paths = [] if isinstance(corpus, BrownCorpus) else _paths_of(corpus)
    return os.path.basename(os.fsdecode(paths[0])) if paths else type(corpus).__name__


def open_corpus(corpus_iterable: Any, corpus_file: Any, passes: int) -> Iterable[Any]:
    """Return the one corpus that a pair of arguments names.

    Parameters
    ----------
    corpus_iterable : iterable or None
        Sentences, each an iterable of tokens.
    corpus_file : str, os.PathLike or None
        Path or URI of a text that `LineSentence` can read.
    passes : int
        How often the corpus will be iterated.

    Returns
    -------
    iterable
        `corpus_iterable` itself, or a `LineSentence` that reads `corpus_file`.

    Raises
    ------
    TypeError
        If both arguments or neither are given, if `corpus_file` is not a file, if `corpus_iterable` is not a corpus
        (for example a str, bytes, a path, or a table with columns), or if it can be iterated only once and `passes` is
        greater than 1.

    Examples
    --------
    >>> from fastw2v.corpora import open_corpus
    >>> open_corpus([["a", "sentence"]], None, passes=5)
    [['a', 'sentence']]
    >>> open_corpus((line.split() for line in ["a sentence"]), None, passes=5)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    TypeError: Using a generator as corpus_iterable can't support 5 passes. ...
    """
    passes = as_int("passes", passes, minimum=0)
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
    check_corpus(corpus_iterable)
    if passes > 1 and _is_one_shot(corpus_iterable):
        raise TypeError(
            f"Using a generator as corpus_iterable can't support {passes} passes. Try a re-iterable "
            "sequence: a list, or an object whose __iter__ starts from the beginning; "
            f"{_describe(corpus_iterable)} can be iterated only once"
        )
    corpus: Iterable[Any] = corpus_iterable
    return corpus


def check_corpus(corpus_iterable: Any) -> None:
    """Raise a TypeError if an argument cannot be a corpus: a str, bytes, a path, a table, or not iterable."""
    expected = "The corpus_iterable must be an iterable of lists of strings, got"
    if isinstance(corpus_iterable, (str, bytes, bytearray, os.PathLike)):
        raise TypeError(
            f"{expected} {_describe(corpus_iterable)} instead; for a file pass corpus_file=path or "
            "LineSentence(path), for a text its list of tokenized sentences"
        )
    remedy = _remedy_for_table(corpus_iterable)
    if remedy is not None:
        raise TypeError(f"{expected} {type(corpus_iterable).__name__} instead; {remedy}")
    if isinstance(corpus_iterable, EncodedCorpus):
        return  # which may have no words to iterate over; its error says so
    sequence = hasattr(corpus_iterable, "__getitem__") and not isinstance(corpus_iterable, np.generic)
    if not isinstance(corpus_iterable, Iterable) and not sequence:
        raise TypeError(
            f"{expected} {_describe(corpus_iterable)} instead; pass a list, or any object that can be iterated "
            "several times"
        )


def _remedy_for_table(corpus: Any) -> str | None:
    """Return what to pass in place of a table, or of a column of texts; None if `corpus` is neither."""
    remedy = describe_table(corpus)
    if remedy is not None:
        return remedy
    if isinstance(corpus, Mapping):
        first = next(iter(corpus), None)
        if hasattr(type(corpus), "column_names"):  # Hugging Face
            return f"pass one column of token lists of one split, such as dataset[{first!r:.40}]['tokens']"
        if isinstance(first, str):
            return f"its keys are the names of columns; pass the column of token lists, such as columns[{first!r:.40}]"
    elif is_column(corpus) and isinstance(as_word(next(iter(corpus), None)), str):
        return "its items are texts or tokens; pass token lists, such as [text.split() for text in texts]"
    return None


def _describe(value: Any) -> str:
    """Return the beginning of the repr of an argument that is not a corpus, and its type.

    It is never called for a corpus, whose repr may be huge.
    """
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


for _function in (is_long_list, is_reusable, open_corpus):
    _function.__module__ = "fastw2v.corpora"
