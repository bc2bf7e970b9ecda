"""The command line of the original word2vec tool, as ``gensim.scripts.word2vec_standalone`` has it.

``fastw2v word2vec`` has the flags and defaults of word2vec.c itself, and ``fastw2v train`` has more options.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from fastw2v.common.logs import get_logger
from fastw2v.corpora import LineSentence
from fastw2v.scripts.word2vec_flags import add_flags, training_parameters
from fastw2v.text.corpus import check_not_read
from fastw2v.word2vec import Word2Vec

logger = get_logger("fastw2v.scripts.word2vec_standalone", "scripts.word2vec_standalone")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="word2vec_standalone", description="Train word vectors on a text file."
    )
    add = parser.add_argument
    add("-train", required=True, metavar="FILE", help="text file to train on, one sentence per line")
    add(
        "-output",
        metavar="FILE",
        help="file to write the vectors to; default: the model to FILE.model and the vectors to FILE.model.txt or "
        ".bin, where FILE is the training file without its suffix",
    )
    add_flags(parser, threads=3)
    add(
        "-accuracy",
        metavar="FILE",
        help="evaluate the vectors on the analogies in this file, which has the format of questions-words.txt",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Train a model, write its vectors, and evaluate them if ``-accuracy`` is given. Nothing is written to stdout.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line arguments; by default those of the process.
    """
    logging.basicConfig(
        format="%(asctime)s : %(threadName)s : %(levelname)s : %(message)s", level=logging.INFO
    )
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.output:
        try:
            check_not_read("-output", options.output, options.train)
        except ValueError as error:
            parser.error(str(error))
    model = Word2Vec(LineSentence(options.train), **training_parameters(options))
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
