"""The import paths of ``gensim.models``: replace ``gensim`` by ``fastw2v`` in an import statement.

The modules only re-export names. They may import the public modules of fastw2v and `compat`.
"""

from fastw2v.models import callbacks, fasttext, keyedvectors, phrases, word2vec
from fastw2v.models.keyedvectors import KeyedVectors
from fastw2v.models.phrases import Phrases
from fastw2v.models.word2vec import FAST_VERSION, Word2Vec

__all__ = [
    "FAST_VERSION",
    "KeyedVectors",
    "Phrases",
    "Word2Vec",
    "callbacks",
    "fasttext",
    "keyedvectors",
    "phrases",
    "word2vec",
]
