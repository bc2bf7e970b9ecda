"""The names of ``gensim.models.callbacks`` that concern word2vec, and `StopTraining`."""

from fastw2v.callbacks import CallbackAny2Vec, StopTraining

__all__ = ["CallbackAny2Vec", "StopTraining"]
