"""gensim's kernel functions, for code that trains or scores sentences of its own accord."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from fastw2v.engine.scoring import score_sentences
from fastw2v.text.encoding import encode
from fastw2v.training.network import make_network

if TYPE_CHECKING:
    from fastw2v.word2vec import Word2Vec


def train_batch_sg(
    model: Word2Vec, sentences: Iterable[Any], alpha: float, _work: Any, compute_loss: bool
) -> int:
    """Train `model` on sentences by skip-gram, as one job; return the number of words trained."""
    return _train_batch(model, sentences, alpha, compute_loss, sg=1)


def train_batch_cbow(
    model: Word2Vec, sentences: Iterable[Any], alpha: float, _work: Any, _neu1: Any, compute_loss: bool
) -> int:
    """Train `model` on sentences by CBOW, as one job; return the number of words trained."""
    return _train_batch(model, sentences, alpha, compute_loss, sg=0)


def score_sentence_sg(model: Word2Vec, sentence: Iterable[Any], _work: Any) -> float:
    """Return the log-probability of a sentence under a skip-gram model with hierarchical softmax."""
    return _score(model, sentence, sg=1)


def score_sentence_cbow(model: Word2Vec, sentence: Iterable[Any], _work: Any, _neu1: Any) -> float:
    """Return the log-probability of a sentence under a CBOW model with hierarchical softmax."""
    return _score(model, sentence, sg=0)


def _train_batch(model: Word2Vec, sentences: Iterable[Any], alpha: float, loss: bool, sg: int) -> int:
    return model._train_sentences(sentences, alpha, sg=sg, compute_loss=loss).effective_words


def _score(model: Word2Vec, sentence: Iterable[Any], sg: int) -> float:
    encoded = encode([sentence], model.wv.key_to_index, budget=float("inf"))
    scores = score_sentences(make_network(model, sg=sg), encoded.ids, encoded.offsets.astype(np.int64))
    return float(scores[0])
