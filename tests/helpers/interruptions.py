"""Corpora and callbacks that end a training early, for tests of checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastw2v import CallbackAny2Vec


class FailingCorpus:
    """A corpus that is iterated afresh in each epoch, and fails once so many sentences of all epochs were read.

    Parameters
    ----------
    sentences : list of list of str
    fail_after : int, optional
        None: it does not fail.
    """

    def __init__(self, sentences: list[list[str]], fail_after: int | None = None) -> None:
        self.sentences, self.left = sentences, fail_after

    def __iter__(self) -> Iterator[list[str]]:
        for sentence in self.sentences:
            if self.left is not None:
                self.left -= 1
                if self.left < 0:
                    raise KeyError("my own")
            yield sentence


class InterruptAtEpoch(CallbackAny2Vec):
    """A callback that raises a KeyboardInterrupt at the end of an epoch, of which the first has the number 1."""

    def __init__(self, number: int = 2) -> None:
        self.left = number

    def on_epoch_end(self, model: Any) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt
