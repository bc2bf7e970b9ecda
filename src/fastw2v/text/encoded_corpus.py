"""`EncodedCorpus`: a corpus as int32 ids, the one form that training reads.

The ids of all sentences lie in one array, and a second array holds the sentence boundaries. Words that are not in the
vocabulary have no id and are left out; the length of each sentence before that is kept, because the learning rate and
the reports count all words of the text.
"""

from __future__ import annotations

from dataclasses import dataclass

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

    @property
    def n_sentences(self) -> int:
        """Number of sentences, empty ones included."""
        return len(self.raw_lengths)

    @property
    def n_tokens(self) -> int:
        """Number of tokens that are in the vocabulary."""
        return len(self.ids)

    @property
    def raw_words(self) -> int:
        """Number of tokens, unknown ones included."""
        return int(self.raw_lengths.sum())

    @property
    def size(self) -> tuple[int, int]:
        """Number of sentences and of raw words, by which a checkpoint recognises its corpus."""
        return self.n_sentences, self.raw_words

    def sentences(self, first: int, last: int) -> EncodedCorpus:
        """Return the sentences from `first` to `last`, exclusive; the ids are a view."""
        start, end = int(self.offsets[first]), int(self.offsets[last])
        offsets = self.offsets[first : last + 1] - start
        return EncodedCorpus(self.ids[start:end], offsets, self.raw_lengths[first:last])

    def joined(self, following: EncodedCorpus) -> EncodedCorpus:
        """Return a new corpus with these sentences, followed by those of `following`."""
        return EncodedCorpus(
            np.concatenate((self.ids, following.ids)),
            np.concatenate((self.offsets, following.offsets[1:] + self.offsets[-1])),
            np.concatenate((self.raw_lengths, following.raw_lengths)),
        )


EncodedCorpus.__module__ = "fastw2v.corpora"  # the public module, which pickles name
