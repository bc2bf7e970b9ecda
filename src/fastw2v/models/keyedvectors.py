"""The names of ``gensim.models.keyedvectors``. Here, as in gensim, `Vocab` is gensim 3's record of one word."""

import logging

from fastw2v.keyedvectors import (
    _EXTENDED_KEY_TYPES as _EXTENDED_KEY_TYPES,
    _KEY_TYPES as _KEY_TYPES,
    REAL,
    CompatVocab,
    Doc2VecKeyedVectors,
    EuclideanKeyedVectors,
    KeyedVectors,
    Vocab,
    Word2VecKeyedVectors,
    _load_word2vec_format as _load_word2vec_format,
    load_word2vec_format,
    prep_vectors,
    pseudorandom_weak_vector,
)

logger = logging.getLogger("gensim.models.keyedvectors")  # programs set its level or add handlers

__all__ = [
    "REAL",
    "CompatVocab",
    "Doc2VecKeyedVectors",
    "EuclideanKeyedVectors",
    "KeyedVectors",
    "Vocab",
    "Word2VecKeyedVectors",
    "load_word2vec_format",
    "prep_vectors",
    "pseudorandom_weak_vector",
]
