"""``fastw2v stream``: train a model in one pass over a text, by `Word2Vec.train_stream`.

The text is read as it arrives and never kept. A checkpoint is the model itself after a chunk; the number of sentences
that it was trained on says where the same text continues.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from fastw2v.cli import texts
from fastw2v.cli.parser import UsageError, streaming_defaults
from fastw2v.word2vec import Word2Vec


def check_options(options: argparse.Namespace) -> None:
    """Raise an error if options contradict each other."""
    if options.resume and options.checkpoint is None:
        raise UsageError("--resume needs --checkpoint FILE")
    if options.no_skip and not options.resume:
        raise UsageError(
            "--no-skip needs --resume; without it, the whole text is read from its beginning anyway"
        )


def parameters_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of `Word2Vec` that the options give."""
    parameters = {name: getattr(options, name) for name in (*streaming_defaults(), "max_words", "epochs")}
    parameters["shrink_windows"] = bool(options.shrink_windows)
    return parameters


def train(model: Word2Vec, inputs: Sequence[str], options: argparse.Namespace) -> None:
    """Train a model on the text of files that `texts.find_files` returned, or on what follows its checkpoint.

    Parameters
    ----------
    model : Word2Vec
        A new model, or with ``--resume`` the one of the checkpoint.
    inputs : sequence of str
    options : argparse.Namespace
        Those of ``fastw2v stream``.
    """
    sentences: Iterator[list[Any]] = texts.read_once(inputs, options.tokenizer, options.lower)
    if model.stream_sentences:  # it is from a checkpoint
        if not options.no_skip:
            sentences = itertools.islice(sentences, model.stream_sentences, None)
        following = list(itertools.islice(sentences, 1))
        if not following:
            return  # the checkpoint has the whole text
        sentences = itertools.chain(following, sentences)
    model.train_stream(
        sentences,
        chunk_words=options.chunk_words,
        epochs=options.epochs,
        total_words=options.total_words,
        checkpoint=options.checkpoint,
        progress=False if options.quiet else None,
    )
