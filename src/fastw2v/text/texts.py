"""Texts: an argument that takes a corpus, the path of a text, or several of them.

A corpus is what `fastw2v.text.corpus` calls so. A path leads to a file that `LineSentence` can read, or to a directory
whose files it can read. A list may hold any number of paths, readers and lists of sentences. A str within a list is
therefore a path, and one that leads nowhere is refused; it is never a sentence of single characters.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from fastw2v.common.files import local_path
from fastw2v.text.corpus import is_reusable, open_corpus
from fastw2v.text.corpus_builder import CorpusBuilder
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.encoding import encode
from fastw2v.text.readers import LineSentence, PathLineSentences

STORE_FILE = (
    "replay-store.json"  # a directory with this file is a `ReplayStore`, and no directory of text files
)

_EXPECTED = (
    "pass the path of a text file or a directory, lists of words such as [text.split() for text in texts], a reader "
    "such as LineSentence(path), or a list of paths and readers"
)


def open_texts(texts: Any) -> list[Iterable[Any]]:
    """Return the corpora that an argument names.

    Parameters
    ----------
    texts : str, path, iterable of lists of str, or list of these
        A file has one sentence in each line; a directory stands for all its files, without its subdirectories.

    Raises
    ------
    TypeError
        If an object is none of these, for example a str that is not the path of a file or a directory.

    Examples
    --------
    >>> from fastw2v.text.texts import open_texts
    >>> [list(corpus) for corpus in open_texts([["a", "sentence"], ["another"]])]
    [[['a', 'sentence'], ['another']]]
    >>> open_texts(["a sentence", "another"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    TypeError: 'a sentence' is neither a file nor a directory; pass the path of ...
    """
    if isinstance(texts, (str, os.PathLike)):
        return [_open_path(texts)]
    if isinstance(texts, (list, tuple)) and any(map(_is_text, texts)):
        return [corpus for text in texts for corpus in open_texts(text)]
    corpus = open_corpus(texts, None, passes=1)
    return [corpus if is_reusable(corpus) and not isinstance(corpus, (list, tuple)) else _Sentences(corpus)]


def encode_texts(
    corpora: Iterable[Iterable[Any]], key_to_index: Mapping[Any, int], *, budget: float | None = None
) -> EncodedCorpus:
    """Return what `open_texts` has returned as one corpus of ids, as `encode` does."""
    corpora = list(corpora)
    if len(corpora) == 1:
        return encode(corpora[0], key_to_index, budget=budget)
    with CorpusBuilder(budget) as builder:
        for corpus in corpora:
            part = encode(corpus, key_to_index, budget=budget)
            builder.append(part.ids, np.diff(part.offsets), part.raw_lengths)
        return builder.finish()


def _is_text(item: Any) -> bool:
    """Return whether an item of a list is a whole text, and not one of its sentences."""
    if isinstance(item, (list, tuple)):
        return bool(item) and (isinstance(item[0], (list, tuple)) or _is_reader(item[0]))
    return isinstance(item, (str, os.PathLike)) or _is_reader(item)


def _is_reader(item: Any) -> bool:
    return hasattr(type(item), "text_files") or (is_reusable(item) and not isinstance(item, (list, tuple)))


def _open_path(path: Any) -> Iterable[Any]:
    try:
        local = local_path(path)
    except ValueError as error:
        raise TypeError(f"{path!r:.200} is no path: {error}; {_EXPECTED}") from None
    if local is None or os.path.isfile(local):
        return LineSentence(path)
    if os.path.isfile(os.path.join(local, STORE_FILE)):
        raise TypeError(f"{path!r:.200} is a replay store; pass ReplayStore(path) in place of the path")
    if os.path.isdir(local):
        return PathLineSentences(local)
    raise TypeError(f"{path!r:.200} is neither a file nor a directory; {_EXPECTED}")


class _Sentences:
    """The sentences of a corpus; a plain str among them raises a TypeError instead of becoming characters."""

    def __init__(self, corpus: Iterable[Any]) -> None:
        self._corpus = corpus

    def __iter__(self) -> Iterator[Any]:
        for number, sentence in enumerate(self._corpus):
            if isinstance(sentence, (str, bytes, bytearray)):
                raise TypeError(
                    f"sentence #{number} is {sentence!r:.80} ({type(sentence).__name__}); {_EXPECTED}"
                )
            yield sentence
