"""The names of ``gensim.models.keyedvectors``. Here, as in gensim, `Vocab` is gensim 3's record of one word."""

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
    logger as logger,
    prep_vectors,
    pseudorandom_weak_vector,
)

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
