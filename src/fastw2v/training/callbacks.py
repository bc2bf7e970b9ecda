"""Calling the callbacks of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class StopTraining(Exception):  # noqa: N818 - a request, not an error, as StopIteration is
    """Raise it in a callback to end the training after the current epoch; `train` then returns as usual."""


StopTraining.__module__ = "fastw2v.callbacks"  # where users import it from, and what pickles name


def run_callbacks(callbacks: Sequence[Any], event: str, model: Any) -> bool:
    """Call the method `event` of every callback; return whether one of them raised `StopTraining`."""
    stop = False
    for callback in callbacks:
        try:
            getattr(callback, event)(model)
        except StopTraining:
            stop = True
    return stop
