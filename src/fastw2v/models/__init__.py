"""gensim's import paths for its models: ``s/gensim/fastw2v/`` in an import line is enough. Re-exports only."""

from fastw2v.models import callbacks, keyedvectors, word2vec
from fastw2v.models.keyedvectors import KeyedVectors
from fastw2v.models.word2vec import FAST_VERSION, Word2Vec

__all__ = ["FAST_VERSION", "KeyedVectors", "Word2Vec", "callbacks", "keyedvectors", "word2vec"]
