"""Calling the callbacks of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class StopTraining(Exception):  # noqa: N818 - a request, not an error, as StopIteration is
    """Exception that a callback raises to end the training after the current epoch; `train` then returns normally.

    Examples
    --------
    >>> from fastw2v import CallbackAny2Vec, StopTraining, Word2Vec
    >>> class OneEpoch(CallbackAny2Vec):
    ...     def on_epoch_end(self, model):
    ...         raise StopTraining
    >>> model = Word2Vec([["cat", "dog"], ["dog", "cow"]], min_count=1, epochs=1000, callbacks=[OneEpoch()])
    """


StopTraining.__module__ = "fastw2v.callbacks"  # the module from which users import it, and which pickles name


def run_callbacks(callbacks: Sequence[Any], event: str, model: Any) -> bool:
    """Call the method `event` of every callback; return whether one of them raised `StopTraining`."""
    stop = False
    for callback in callbacks:
        try:
            getattr(callback, event)(model)
        except StopTraining:
            stop = True
    return stop
