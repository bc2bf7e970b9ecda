"""Numbers that users give: those that cannot be meant are refused by name, before anything is done with them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

WHOLE = (int, np.integer)
REAL = (*WHOLE, float, np.floating)


def check_number(name: str, value: Any, least: float = 0) -> None:
    """Refuse what is no finite number of at least `least`.

    Raises
    ------
    TypeError
        If it is no number at all.
    ValueError
        If it is NaN, infinite or too small.
    """
    _check_kind(name, value, REAL, "number", least)
    if not (math.isfinite(value) and value >= least):
        raise ValueError(f"{name}={value!r} must be a finite number{_of_at_least(least)}")


def check_whole(name: str, value: Any, least: int) -> None:
    """Refuse what is no whole number of at least `least`; raises as `check_number` does."""
    _check_kind(name, value, WHOLE, "whole number", least)
    if value < least:
        raise ValueError(f"{name}={value!r} must be at least {least}")


def _check_kind(name: str, value: Any, kinds: tuple[type, ...], what: str, least: float) -> None:
    if not isinstance(value, kinds):
        raise TypeError(f"{name}={value!r:.80} must be a {what}{_of_at_least(least)}")


def _of_at_least(least: float) -> str:
    return f" of at least {least}" if least > -math.inf else ""


def as_int(name: str, value: Any) -> int:
    """Return a number as gensim takes it, by `int`.

    Raises
    ------
    TypeError, ValueError
        If it is none.
    """
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}={value!r:.80} must be a whole number") from None


def as_float(name: str, value: Any) -> float:
    """Return a number as gensim takes it, by `float`; raises as `as_int` does."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}={value!r:.80} must be a number") from None


def random_state(seed: Any) -> np.random.RandomState:
    """Return the random state of a seed, an int from 0 to 2**32 - 1 or None.

    Raises
    ------
    TypeError, ValueError
        If it is neither.
    """
    try:
        return np.random.RandomState(seed)
    except (TypeError, ValueError) as error:
        raise type(error)(f"seed={seed!r:.80} must be an int from 0 to 2**32 - 1, or None") from None


def as_callbacks(callbacks: Iterable[Any] | None) -> tuple[Any, ...]:
    """Return callbacks as a tuple.

    Raises
    ------
    TypeError
        If they are no iterable, as a single callback is none.
    """
    if callbacks is not None and not isinstance(callbacks, Iterable):
        raise TypeError(
            f"callbacks must be a list of callbacks, not a {type(callbacks).__name__}; put it into one"
        )
    return tuple(callbacks or ())
