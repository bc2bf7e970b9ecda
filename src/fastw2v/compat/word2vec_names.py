"""Module-level names of ``gensim.models.word2vec`` that fastw2v itself does not use.

`fastw2v.models.word2vec` exports them. The functions are gensim's training loops, for programs that train or score
batches of sentences themselves: each call trains with the compiled engine. The arguments for working memory are
accepted and ignored, because the engine allocates its own. The classes and constants are named by pickles and by bug
reports.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from fastw2v.engine.scoring import score_sentences
from fastw2v.text.encoding import encode
from fastw2v.training.network import make_network

if TYPE_CHECKING:
    from fastw2v.word2vec import Word2Vec

FAST_VERSION = 2  # gensim's number for compiled training loops that need no BLAS
CORPUSFILE_VERSION = 1
MAX_WORDS_IN_BATCH = 10000  # the most words of a job in gensim; there is no such limit here


class Heapitem(namedtuple("Heapitem", "count, index, left, right")):
    """A node of a Huffman tree under construction, ordered by `count` alone."""

    __module__ = "fastw2v.models.word2vec"  # which exports it; pickles name the module
    __slots__ = ()

    def __lt__(self, other: Any) -> bool:
        return bool(self.count < other.count)


class Word2VecVocab:
    """The part of a gensim 3.3 to 3.8 model that held the settings of the vocabulary; any attributes."""

    __module__ = "fastw2v.models.word2vec"


class Word2VecTrainables:
    """The part of a gensim 3.3 to 3.8 model that held the output weights; any attributes."""

    __module__ = "fastw2v.models.word2vec"


def train_batch_sg(
    model: Word2Vec, sentences: Iterable[Any], alpha: float, _work: Any, compute_loss: bool
) -> int:
    """Train a skip-gram `model` on `sentences` as one job and return the number of trained words."""
    return _train_batch(model, sentences, alpha, compute_loss, sg=1)


def train_batch_cbow(
    model: Word2Vec, sentences: Iterable[Any], alpha: float, _work: Any, _neu1: Any, compute_loss: bool
) -> int:
    """Train a CBOW `model` on `sentences` as one job and return the number of trained words."""
    return _train_batch(model, sentences, alpha, compute_loss, sg=0)


def score_sentence_sg(model: Word2Vec, sentence: Iterable[Any], _work: Any) -> float:
    """Return the log probability of `sentence` under a skip-gram model with hierarchical softmax."""
    return _score(model, sentence, sg=1)


def score_sentence_cbow(model: Word2Vec, sentence: Iterable[Any], _work: Any, _neu1: Any) -> float:
    """Return the log probability of `sentence` under a CBOW model with hierarchical softmax."""
    return _score(model, sentence, sg=0)


def _train_batch(model: Word2Vec, sentences: Iterable[Any], alpha: float, loss: bool, sg: int) -> int:
    return model._train_sentences(sentences, alpha, sg=sg, compute_loss=loss).effective_words


def _score(model: Word2Vec, sentence: Iterable[Any], sg: int) -> float:
    encoded = encode([sentence], model.wv.key_to_index, budget=float("inf"))
    scores = score_sentences(make_network(model, sg=sg), encoded.ids, encoded.offsets.astype(np.int64))
    return float(scores[0])
