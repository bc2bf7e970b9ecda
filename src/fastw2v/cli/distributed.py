"""``fastw2v train --distributed``: the processes that ``mpirun`` has started train one model.

Every process runs the whole command. Rank 0 alone checks the files, shows progress, prints and writes; the others get
from it what to train.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from fastw2v import distributed
from fastw2v.cli import texts
from fastw2v.cli.errors import describe_error
from fastw2v.cli.files import STANDARD_STREAM
from fastw2v.cli.parser import UsageError
from fastw2v.common.files import local_path
from fastw2v.corpora import TextShard
from fastw2v.distributed import Communicator, MergeSchedule, MPICommunicator, SingleProcess
from fastw2v.word2vec import Word2Vec


class _MPIProcesses(MPICommunicator):
    """The processes of ``mpirun``, which report an error as commands do."""

    exit_status = 2

    def __init__(self, debug: bool) -> None:
        super().__init__()
        self._debug = debug

    def report(self, error: BaseException) -> None:
        if self._debug:
            super().report(error)
        what = (
            "interrupted; nothing was saved but the checkpoint, if there is one"
            if isinstance(error, KeyboardInterrupt)
            else f"error: {describe_error(error)}"
        )
        print(f"fastw2v: {what} (rank {self.rank} of {self.size})", file=sys.stderr, flush=True)


@contextlib.contextmanager
def group(options: argparse.Namespace) -> Iterator[Communicator]:
    """Yield the group of processes that runs the command; without ``--distributed``, it is this process.

    The processes other than rank 0 print no messages inside the block. An error of one of them ends all.
    """
    if options.distributed is None:
        if options.merge_words is not None:
            raise UsageError("--merge-words needs --distributed")
        yield SingleProcess()
        return
    communicator = _MPIProcesses(options.debug)
    with communicator.abort_on_error():
        if communicator.rank:
            options.quiet, options.json = True, False
            logging.disable(logging.WARNING)
        try:
            yield communicator
        finally:
            logging.disable(logging.NOTSET)


def check_options(options: argparse.Namespace) -> None:
    """Raise an error if an option of ``fastw2v train`` does not work with ``--distributed``."""
    if options.distributed is None:
        return
    if options.checkpoint_every is not None:
        raise UsageError(
            "--checkpoint-every does not work with --distributed, which saves checkpoints at the ends of epochs"
        )
    if options.keep_partial:
        raise UsageError("--keep-partial does not work with --distributed; use --checkpoint")
    if STANDARD_STREAM in (*options.inputs, options.validation):
        raise UsageError(
            "--distributed cannot read stdin, since every process reads a part of the text; name files"
        )


def train(
    options: argparse.Namespace,
    inputs: Sequence[str],
    communicator: Communicator,
    *,
    parameters: dict[str, Any],
    resume: bool,
    callbacks: Sequence[Any],
    progress: bool | None,
) -> Word2Vec:
    """Train the part of this process, and return the model, which all processes then have.

    Parameters
    ----------
    options : argparse.Namespace
        Those of ``fastw2v train``.
    inputs : sequence of str
        The files, as `texts.find_files` returns them.
    communicator : Communicator
    parameters : dict
        Those of `Word2Vec`.
    resume : bool
        Whether the training continues from the checkpoint.
    callbacks : sequence of CallbackAny2Vec
        Called on rank 0.
    progress : bool or None
        See `Word2Vec`.
    """
    for path in inputs:
        if local_path(path) is not None and not os.path.isfile(path):
            raise UsageError(
                f"{path} is no file of this machine; with --distributed, every process must find the texts under the "
                "same names, and pipes cannot be read"
            )
    schedule = MergeSchedule(options.merge_words)
    tokenizer = texts.find_tokenizer(options.tokenizer)
    part = TextShard(
        list(inputs), communicator.rank, communicator.size, tokenizer=tokenizer, lower=options.lower
    )
    if resume:
        return distributed.resume(
            options.checkpoint,
            part,
            communicator=communicator,
            workers=options.workers,
            schedule=schedule,
            callbacks=callbacks,
            progress=progress,
        )
    model = Word2Vec(**parameters)
    distributed.build_vocab(model, part, communicator=communicator)
    if not len(model.wv):
        raise RuntimeError(
            f"no word is left to train (is INPUT empty, or is --min-count={options.min_count} too high?)"
        )
    distributed.train(
        model,
        part,
        communicator=communicator,
        schedule=schedule,
        callbacks=callbacks,
        checkpoint=options.checkpoint,
        progress=progress,
    )
    return model
