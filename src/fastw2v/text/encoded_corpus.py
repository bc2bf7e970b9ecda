"""`EncodedCorpus`: a corpus as int32 ids, the one form that training reads.

The ids of all sentences are in one array, and a second array holds the sentence boundaries. Words that are not in the
vocabulary have no id and are left out. The original length of each sentence is kept, because the learning rate and the
reports count all words of the text.

A corpus may have its words: `words`, `counts` and `first_seen`. It then replaces the text from which it was made: its
words are counted without reading the ids, and the ids are used as they are if the vocabulary is the same.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["EncodedCorpus"]


@dataclass(frozen=True, eq=False)
class EncodedCorpus:
    """A corpus as int32 ids, the one form that training reads.

    Attributes
    ----------
    ids : ndarray of int32, shape (n_tokens,)
        Vocabulary indices of the known tokens of all sentences, one after another.
    offsets : ndarray of int64, shape (n_sentences + 1,)
        The ids of sentence ``s`` are ``ids[offsets[s]:offsets[s + 1]]``.
    raw_lengths : ndarray of int64, shape (n_sentences,)
        Number of tokens of each sentence, unknown tokens included.
    words : list, optional
        The word of each id.
    counts : ndarray of int64, shape (n_words,), optional
        How often each id occurs.
    first_seen : ndarray of int64, optional
        The ids that occur, in the order of first occurrence.
    weights : ndarray of float32, shape (n_sentences,), optional
        Factors on the learning rates of the sentences.

    Examples
    --------
    >>> from fastw2v.corpora import encode
    >>> corpus = encode([["a", "rose"], ["is", "a", "rose"]], {"a": 0, "rose": 1})
    >>> corpus.ids
    array([0, 1, 0, 1], dtype=int32)
    >>> corpus.n_sentences, corpus.n_tokens, corpus.raw_words
    (2, 4, 5)
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    raw_lengths: npt.NDArray[np.int64]
    words: list[Any] | None = None
    counts: npt.NDArray[np.int64] | None = None
    first_seen: npt.NDArray[np.int64] | None = None
    weights: npt.NDArray[np.float32] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the corpus by the name of the public class, whose module may import this one but not the reverse."""
        public = getattr(sys.modules.get("fastw2v.corpora"), "EncodedCorpus", type(self))
        return public, tuple(getattr(self, field.name) for field in fields(self))

    @property
    def n_sentences(self) -> int:
        """Number of sentences, including empty ones."""
        return len(self.raw_lengths)

    @property
    def n_tokens(self) -> int:
        """Number of tokens that are in the vocabulary."""
        return len(self.ids)

    @property
    def raw_words(self) -> int:
        """Number of tokens, including unknown ones."""
        return int(self.raw_lengths.sum())

    @property
    def size(self) -> tuple[int, int]:
        """Numbers of sentences and of raw words, by which a checkpoint recognises its corpus."""
        return self.n_sentences, self.raw_words

    def known_words(self) -> list[Any]:
        """Return the word of each id.

        Returns
        -------
        list

        Raises
        ------
        TypeError
            If the corpus does not have its words.

        Examples
        --------
        >>> from fastw2v.corpora import EncodedCorpus, encode
        >>> corpus = encode([["a", "rose"]], {"a": 0, "rose": 1})
        >>> EncodedCorpus(corpus.ids, corpus.offsets, corpus.raw_lengths, words=["a", "rose"]).known_words()
        ['a', 'rose']
        """
        if self.words is None:
            raise TypeError("the encoded corpus does not know its words; make one with EncodedCorpus.build")
        return self.words

    def word_counts(self) -> dict[Any, int]:
        """Return the words and their counts, in the order of first occurrence.

        Returns
        -------
        dict of word to int

        Raises
        ------
        TypeError
            If the corpus does not have its words.
        """
        words, counts, first_seen = self.known_words(), self.counts, self.first_seen
        assert counts is not None
        assert first_seen is not None
        return dict(zip((words[i] for i in first_seen.tolist()), counts[first_seen].tolist(), strict=True))

    def sentences(self, first: int, last: int) -> EncodedCorpus:
        """Return the sentences from `first` up to `last`, exclusive, as a new corpus without words; the ids are a view.

        Parameters
        ----------
        first, last : int
            Numbers of sentences, from 0 to `n_sentences`.

        Returns
        -------
        EncodedCorpus

        Examples
        --------
        >>> from fastw2v.corpora import encode
        >>> corpus = encode([["a"], ["rose", "a"]], {"a": 0, "rose": 1})
        >>> corpus.sentences(1, 2).ids
        array([1, 0], dtype=int32)
        """
        start, end = int(self.offsets[first]), int(self.offsets[last])
        offsets = self.offsets[first : last + 1] - start
        weights = None if self.weights is None else self.weights[first:last]
        return EncodedCorpus(self.ids[start:end], offsets, self.raw_lengths[first:last], weights=weights)

    def selected(self, sentences: npt.NDArray[np.integer[Any]]) -> EncodedCorpus:
        """Return a new corpus of the sentences with these numbers, in this order; it has no words.

        Parameters
        ----------
        sentences : ndarray of int, shape (n,)

        Returns
        -------
        EncodedCorpus

        Examples
        --------
        >>> import numpy as np
        >>> from fastw2v.corpora import encode
        >>> corpus = encode([["a"], ["rose", "a"]], {"a": 0, "rose": 1})
        >>> corpus.selected(np.array([1, 0])).ids
        array([1, 0, 0], dtype=int32)
        """
        starts = self.offsets[sentences]
        lengths = self.offsets[np.asarray(sentences) + 1] - starts
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        indices = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return EncodedCorpus(self.ids[indices], offsets, self.raw_lengths[sentences])

    def renumbered(self, table: npt.NDArray[np.int32]) -> EncodedCorpus:
        """Return a new corpus with ``table[id]`` instead of each id; ids that become -1 are left out.

        Parameters
        ----------
        table : ndarray of int32, shape (n_words,)

        Returns
        -------
        EncodedCorpus

        Examples
        --------
        >>> import numpy as np
        >>> from fastw2v.corpora import encode
        >>> corpus = encode([["a"], ["rose", "a"]], {"a": 0, "rose": 1})
        >>> corpus.renumbered(np.array([-1, 7], dtype=np.int32)).ids
        array([7], dtype=int32)
        """
        ids = table[self.ids]
        kept = ids >= 0
        kept_before = np.zeros(len(ids) + 1, dtype=np.int64)
        np.cumsum(kept, out=kept_before[1:])
        return EncodedCorpus(ids[kept], kept_before[self.offsets], self.raw_lengths)

    def joined(self, following: EncodedCorpus) -> EncodedCorpus:
        """Return a new corpus of these sentences and then those of `following`.

        Parameters
        ----------
        following : EncodedCorpus
            Its ids must have the same meaning. Both corpora must have weights, or neither.

        Returns
        -------
        EncodedCorpus
        """
        weights = None
        if self.weights is not None and following.weights is not None:
            weights = np.concatenate((self.weights, following.weights))
        return EncodedCorpus(
            np.concatenate((self.ids, following.ids)),
            np.concatenate((self.offsets, following.offsets[1:] + self.offsets[-1])),
            np.concatenate((self.raw_lengths, following.raw_lengths)),
            weights=weights,
        )
