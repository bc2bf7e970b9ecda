"""The command line of word2vec.c, as ``gensim.scripts.word2vec_standalone`` has it; ``fastw2v train`` offers more."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from fastw2v.corpora import LineSentence
from fastw2v.word2vec import Word2Vec

logger = logging.getLogger("gensim.scripts.word2vec_standalone")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="word2vec_standalone", description="Train word vectors on a text file."
    )
    add = parser.add_argument
    add("-train", required=True, metavar="FILE", help="text to train on, one sentence a line")
    add(
        "-output",
        metavar="FILE",
        help="where the vectors go; default: TRAIN.model, and as text TRAIN.model.txt",
    )
    add("-window", type=int, default=5, help="largest distance between a center and its context words")
    add("-size", type=int, default=100, help="dimensions of the vectors")
    add("-sample", type=float, default=1e-3, help="threshold for dropping tokens of frequent words; 0: off")
    add("-hs", type=int, default=0, choices=(0, 1), help="1: hierarchical softmax")
    add("-negative", type=int, default=5, help="noise words drawn for each target; 0: no negative sampling")
    add("-threads", type=int, default=3, help="threads to train with")
    add("-iter", type=int, default=5, help="passes over the text")
    add("-min_count", type=int, default=5, help="leave out words seen less often")
    add("-alpha", type=float, help="learning rate at the start; default: 0.025 for skip-gram, 0.05 for CBOW")
    add("-cbow", type=int, default=1, choices=(0, 1), help="1: CBOW; 0: skip-gram")
    add("-binary", type=int, default=0, choices=(0, 1), help="1: write the vectors as binary")
    add("-accuracy", metavar="FILE", help="analogies to answer afterwards, as in questions-words.txt")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, write the vectors, and answer analogies if asked; nothing goes to stdout."""
    logging.basicConfig(
        format="%(asctime)s : %(threadName)s : %(levelname)s : %(message)s", level=logging.INFO
    )
    options = _parser().parse_args(arguments)
    model = Word2Vec(
        LineSentence(options.train),
        vector_size=options.size,
        alpha=options.alpha or (0.05 if options.cbow else 0.025),
        window=options.window,
        min_count=options.min_count,
        sample=options.sample,
        workers=options.threads,
        sg=1 - options.cbow,
        hs=options.hs,
        negative=options.negative,
        epochs=options.iter,
    )
    if options.output:
        model.wv.save_word2vec_format(options.output, binary=bool(options.binary))
    else:
        stem = os.path.splitext(options.train)[0] + ".model"
        model.save(stem)
        suffix = ".bin" if options.binary else ".txt"
        model.wv.save_word2vec_format(stem + suffix, binary=bool(options.binary))
    if options.accuracy:
        model.wv.evaluate_word_analogies(options.accuracy)
    logger.info("finished running %s", os.path.basename(sys.argv[0]))


if __name__ == "__main__":
    main()
