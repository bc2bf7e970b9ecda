"""Names of ``gensim.models.word2vec`` that old pickles and bug reports mention, and nothing here needs."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

FAST_VERSION = 2  # gensim's number for compiled training loops that need no BLAS
CORPUSFILE_VERSION = 1
MAX_WORDS_IN_BATCH = 10000  # gensim's limit of a job; here there is none


class Heapitem(namedtuple("Heapitem", "count, index, left, right")):
    """A node of a Huffman tree under construction, ordered by `count` alone."""

    __slots__ = ()

    def __lt__(self, other: Any) -> bool:
        return bool(self.count < other.count)


class Word2VecVocab:
    """What gensim 3.3 to 3.8 kept of the vocabulary beside the words: a bag of attributes."""


class Word2VecTrainables:
    """What gensim 3.3 to 3.8 kept of the weights: a bag of attributes."""
