"""The names of ``gensim.models.word2vec``.

``python -m fastw2v.models.word2vec`` accepts the arguments of the original word2vec tool.
"""

import logging

from fastw2v.compat.word2vec_names import (
    CORPUSFILE_VERSION,
    FAST_VERSION,
    MAX_WORDS_IN_BATCH,
    Heapitem,
    Word2VecTrainables,
    Word2VecVocab,
    score_sentence_cbow,
    score_sentence_sg,
    train_batch_cbow,
    train_batch_sg,
)
from fastw2v.corpora import BrownCorpus, LineSentence, PathLineSentences, Text8Corpus
from fastw2v.keyedvectors import REAL, KeyedVectors, Vocab, pseudorandom_weak_vector
from fastw2v.utils import keep_vocab_item
from fastw2v.word2vec import Word2Vec

logger = logging.getLogger("gensim.models.word2vec")  # programs set its level or add handlers

__all__ = [
    "CORPUSFILE_VERSION",
    "FAST_VERSION",
    "MAX_WORDS_IN_BATCH",
    "REAL",
    "BrownCorpus",
    "Heapitem",
    "KeyedVectors",
    "LineSentence",
    "PathLineSentences",
    "Text8Corpus",
    "Vocab",
    "Word2Vec",
    "Word2VecTrainables",
    "Word2VecVocab",
    "keep_vocab_item",
    "pseudorandom_weak_vector",
    "score_sentence_cbow",
    "score_sentence_sg",
    "train_batch_cbow",
    "train_batch_sg",
]

if __name__ == "__main__":
    from fastw2v.scripts.word2vec_standalone import main

    main()
