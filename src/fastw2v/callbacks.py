"""What user code may do at the epoch boundaries of a training: gensim's callback protocol, and a way to stop early."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastw2v.word2vec import Word2Vec


class CallbackAny2Vec:
    """Base class of training callbacks; any object with these four methods will do.

    All of them run in the thread that called `train`. An exception raised in one ends the training and reaches the
    caller of `train`; `StopTraining` ends it without an error.
    """

    def on_train_begin(self, model: Word2Vec) -> None:
        """Run before the first epoch."""

    def on_epoch_begin(self, model: Word2Vec) -> None:
        """Run before each epoch."""

    def on_epoch_end(self, model: Word2Vec) -> None:
        """Run after each epoch, when the vectors are as that epoch left them."""

    def on_train_end(self, model: Word2Vec) -> None:
        """Run after the last epoch."""


class StopTraining(Exception):  # noqa: N818 - a request, not an error, as StopIteration is
    """Raise it in a callback to end the training after the epoch at hand; `train` then returns as usual."""


def run_callbacks(callbacks: tuple[Any, ...], event: str, model: Word2Vec) -> bool:
    """Call method `event` of every callback; return whether one of them asked to stop."""
    stop = False
    for callback in callbacks:
        try:
            getattr(callback, event)(model)
        except StopTraining:
            stop = True
    return stop
