"""Corpora: gensim's readers of text files, and sentences as integer ids.

A corpus is any iterable of sentences, and a sentence is any iterable of hashable tokens. The readers are
re-iterable: each pass opens its files anew.

This module is the public name of what the package `fastw2v.text` implements.

Examples
--------
Count the words of a corpus, then encode it with a vocabulary:

>>> from fastw2v import corpora
>>> sentences = [["a", "rose", "is", "a", "rose"], ["is", "it"]]
>>> corpora.scan(sentences).counts
{'a': 2, 'rose': 2, 'is': 2, 'it': 1}
>>> encoded = corpora.encode(sentences, {"rose": 0, "it": 1})
>>> encoded.ids.tolist(), encoded.offsets.tolist(), encoded.raw_lengths.tolist()
([0, 0, 1], [0, 2, 3], [5, 2])
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastw2v.common.files import check_writable, compression
from fastw2v.common.validation import as_int
from fastw2v.formats import encoded_corpus
from fastw2v.text import encoded_corpus as text_encoded_corpus
from fastw2v.text.column import Column
from fastw2v.text.corpus import is_long_list, is_reusable, open_corpus
from fastw2v.text.encoding import encode, stream
from fastw2v.text.file_sentences import FileSentences
from fastw2v.text.readers import BrownCorpus, LineSentence, PathLineSentences, Source, Text8Corpus
from fastw2v.text.scanning import Scan, provisional_table, renumber, scan
from fastw2v.text.shards import TextShard
from fastw2v.vocabulary.selection import frequency_order

if TYPE_CHECKING:
    from typing_extensions import Self

# So that an import of gensim's modules below this name gets an error that says what to use.
__path__: list[str] = []

__all__ = [
    "BrownCorpus",
    "Column",
    "EncodedCorpus",
    "FileSentences",
    "LineSentence",
    "PathLineSentences",
    "Scan",
    "Source",
    "Text8Corpus",
    "TextShard",
    "encode",
    "is_long_list",
    "is_reusable",
    "open_corpus",
    "provisional_table",
    "renumber",
    "scan",
    "stream",
]

_TOKENS = 1 << 20  # that are searched for first occurrences at a time


class EncodedCorpus(text_encoded_corpus.EncodedCorpus):
    """A corpus as int32 ids with its words and counts: encoded once, and trained on many times.

    `build` makes one from any corpus and stores it in a file; `open` maps the file into memory, so that the corpus may
    be larger than the memory. It is accepted wherever sentences are: ``Word2Vec(corpus)``, `build_vocab`, `train`. The
    vocabulary scan takes the counts from the file. Training reads the ids from the file if the vocabulary of the model
    is that of the corpus, and otherwise encodes them anew, which is faster than reading a text. The results are those
    of the corpus from which it was built, bit for bit, as long as the model uses no words that `build` left out.

    Iterating yields the sentences as lists of words, without those that were left out.

    Attributes
    ----------
    ids : ndarray of int32, shape (n_tokens,)
        Ids of the tokens of all sentences, one after another.
    offsets : ndarray of int64, shape (n_sentences + 1,)
        The ids of sentence ``s`` are ``ids[offsets[s]:offsets[s + 1]]``.
    raw_lengths : ndarray of int64, shape (n_sentences,)
        Number of tokens of each sentence, those that were left out included.
    words : list
        The word of each id.
    counts : ndarray of int64, shape (n_words,)
        How often each word occurs.
    first_seen : ndarray of int64
        The ids that occur, in the order of first occurrence.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from fastw2v import Word2Vec
    >>> from fastw2v.corpora import EncodedCorpus
    >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
    >>> directory = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(directory.name, "corpus.fw2v")
    >>> corpus = EncodedCorpus.build(sentences, path, min_count=1)
    >>> corpus.words[0], corpus.n_sentences, next(iter(corpus))
    ('the', 100, ['the', 'cat', 'sat'])
    >>> model = Word2Vec(EncodedCorpus.open(path), vector_size=16, min_count=1, workers=1)
    >>> len(model.wv)
    5
    >>> del corpus, model
    >>> directory.cleanup()
    """

    @classmethod
    def build(
        cls,
        corpus: Any,
        path: Source,
        *,
        min_count: int = 1,
        vocabulary: Any = None,
        budget: float | None = None,
    ) -> Self:
        """Encode a corpus, store it in a file, and return it as `open` does.

        Parameters
        ----------
        corpus : iterable, str or os.PathLike
            Sentences, or the path of a text with one sentence in each line. It is read once.
        path : str or os.PathLike
            The file to write. If its suffix makes it a compressed file, it cannot be memory-mapped.
        min_count : int, default 1
            Leave out words with fewer occurrences. With the value of the model, training needs no copy of the ids.
        vocabulary : mapping of word to int, KeyedVectors or Word2Vec, optional
            The words to keep, with ids from 0. By default they are the words of the corpus, in descending order of
            frequency.
        budget : float, optional
            Bytes to hold in memory; more ids are written to a temporary file. By default it is a quarter of the free
            memory.

        Returns
        -------
        EncodedCorpus

        Raises
        ------
        TypeError
            If `corpus` is not a corpus.
        ValueError
            If `vocabulary` is given together with `min_count`, or its ids are not 0 to its length, exclusive.

        Examples
        --------
        >>> from fastw2v.corpora import EncodedCorpus, LineSentence
        >>> EncodedCorpus.build("text.txt.gz", "text.fw2v", min_count=5)  # doctest: +SKIP
        """
        check_writable(path)
        min_count = as_int("min_count", min_count, minimum=0)
        is_path = isinstance(corpus, (str, os.PathLike))
        sentences = open_corpus(None if is_path else corpus, corpus if is_path else None, passes=1)
        if vocabulary is None:
            built = _by_counts(sentences, min_count, budget)
        elif min_count != 1:
            raise ValueError("the words follow from either vocabulary or min_count; leave one of them out")
        else:
            built = _by_vocabulary(sentences, _index_of(vocabulary), budget)
        encoded_corpus.write(path, built)
        del built
        return cls.open(path, mmap=None if compression(path) else "r")

    @classmethod
    def open(cls, path: Source, mmap: str | None = "r") -> Self:
        """Open a file that `build` wrote.

        Parameters
        ----------
        path : str or os.PathLike
            The file.
        mmap : {"r", "c", None}, default "r"
            "r" and "c" map the file into memory; None reads it and verifies its checksums.

        Returns
        -------
        EncodedCorpus

        Raises
        ------
        ValueError
            If the file is damaged, or does not contain an encoded corpus.

        Examples
        --------
        >>> from fastw2v.corpora import EncodedCorpus
        >>> corpus = EncodedCorpus.open("text.fw2v")  # doctest: +SKIP
        """
        return cls(**encoded_corpus.read(path, mmap))

    def __iter__(self) -> Iterator[list[Any]]:
        word_of = self.known_words().__getitem__
        start = 0
        for end in self.offsets[1:]:
            yield list(map(word_of, self.ids[start:end].tolist()))
            start = end


def _by_counts(
    sentences: Iterable[Any], min_count: int, budget: float | None
) -> text_encoded_corpus.EncodedCorpus:
    """Encode a corpus by its own words, sorted as a vocabulary is."""
    found = scan(sentences, keep_ids=True, budget=budget)
    all_words = list(found.counts)
    totals = np.fromiter(found.counts.values(), dtype=np.int64, count=len(all_words))
    kept = np.flatnonzero(totals >= min_count)
    order = kept[frequency_order(totals[kept])]
    words = [all_words[i] for i in order.tolist()]
    table = np.full(len(totals), -1, dtype=np.int32)
    table[order] = np.arange(len(order))
    if found.provisional is None:  # an encoded corpus, whose arrays must not be changed
        encoded = encode(sentences, dict(zip(words, range(len(words)), strict=True)), budget=budget)
    else:
        encoded = renumber(found.provisional, table)
    return text_encoded_corpus.EncodedCorpus(
        encoded.ids,
        encoded.offsets,
        encoded.raw_lengths,
        words=words,
        counts=totals[order],
        first_seen=table[kept].astype(np.int64),
    )


def _by_vocabulary(
    sentences: Iterable[Any], index: Mapping[Any, int], budget: float | None
) -> text_encoded_corpus.EncodedCorpus:
    encoded = encode(sentences, index, budget=budget)
    n_words, n_tokens = len(index), encoded.n_tokens
    counts, first = np.zeros(n_words, dtype=np.int64), np.full(n_words, n_tokens, dtype=np.int64)
    for start in range(0, n_tokens, _TOKENS):
        ids, positions = np.unique(encoded.ids[start : start + _TOKENS], return_index=True)
        counts += np.bincount(encoded.ids[start : start + _TOKENS], minlength=n_words)
        first[ids] = np.minimum(first[ids], positions + start)
    first_seen = np.argsort(first, kind="stable")[: np.count_nonzero(counts)]
    words = sorted(index, key=index.__getitem__)
    return text_encoded_corpus.EncodedCorpus(
        encoded.ids, encoded.offsets, encoded.raw_lengths, words=words, counts=counts, first_seen=first_seen
    )


def _index_of(vocabulary: Any) -> Mapping[Any, int]:
    """Return the index of each word of a mapping, of vectors or of a model."""
    index = getattr(getattr(vocabulary, "wv", vocabulary), "key_to_index", vocabulary)
    if not isinstance(index, Mapping):
        raise TypeError(f"vocabulary must map words to ids, not be a {type(vocabulary).__name__}")
    if sorted(index.values()) != list(range(len(index))):
        raise ValueError(f"the ids of vocabulary must be the numbers from 0 to {len(index) - 1}, each once")
    return index
