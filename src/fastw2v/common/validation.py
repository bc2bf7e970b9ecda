"""Checks of arguments: a value that cannot be valid raises an exception that names the argument.

The check_* functions raise and return nothing; the as_* functions convert a value as gensim converts it. All checks
happen before anything else is done with the arguments.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "as_callbacks",
    "as_float",
    "as_int",
    "check_integer",
    "check_number",
    "checked_random_state",
    "random_state",
]

RandomStateTuple = tuple[str, NDArray[np.uint32], int, int, float]

_INTEGER = (int, np.integer)
_REAL = (*_INTEGER, float, np.floating)


def check_number(name: str, value: Any, minimum: float = 0) -> None:
    """Check that an argument is a finite number of at least `minimum`.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : object
        Its value.
    minimum : float, default 0
        Smallest valid value.

    Raises
    ------
    TypeError
        If it is not a number.
    ValueError
        If it is NaN, infinite or too small.

    Examples
    --------
    >>> from fastw2v.common.validation import check_number
    >>> check_number("alpha", 0.025)
    >>> check_number("alpha", -1)
    Traceback (most recent call last):
    ...
    ValueError: alpha=-1 must be a finite number of at least 0
    """
    _check_type(name, value, _REAL, "number", minimum)
    if not (math.isfinite(value) and value >= minimum):
        raise ValueError(f"{name}={value!r} must be a finite number{_of_at_least(minimum)}")


def check_integer(name: str, value: Any, minimum: int) -> None:
    """Check that an argument is an integer of at least `minimum`; see `check_number`.

    Examples
    --------
    >>> from fastw2v.common.validation import check_integer
    >>> check_integer("epochs", 2.5, minimum=1)
    Traceback (most recent call last):
    ...
    TypeError: epochs=2.5 must be an integer of at least 1
    """
    _check_type(name, value, _INTEGER, "integer", minimum)
    if value < minimum:
        raise ValueError(f"{name}={value!r} must be at least {minimum}")


def _check_type(name: str, value: Any, types: tuple[type, ...], noun: str, minimum: float) -> None:
    if not isinstance(value, types):
        article = "an" if noun[0] == "i" else "a"
        raise TypeError(f"{name}={value!r:.80} must be {article} {noun}{_of_at_least(minimum)}")


def _of_at_least(minimum: float) -> str:
    return f" of at least {minimum}" if minimum > -math.inf else ""


def as_int(name: str, value: Any) -> int:
    """Convert an argument by `int`, as gensim does.

    Raises
    ------
    TypeError, ValueError
        If it cannot be converted.

    Examples
    --------
    >>> from fastw2v.common.validation import as_int
    >>> as_int("window", 5.0)
    5
    """
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}={value!r:.80} must be an integer") from None


def as_float(name: str, value: Any) -> float:
    """Convert an argument by `float`, as gensim does; raise as `as_int` does."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}={value!r:.80} must be a number") from None


def random_state(seed: Any) -> np.random.RandomState:
    """Return a random state.

    Parameters
    ----------
    seed : int or None
        An int from 0 to 2**32 - 1, or None for a state that differs on each call.

    Raises
    ------
    TypeError, ValueError
        If the seed is neither.
    """
    try:
        return np.random.RandomState(seed)
    except (TypeError, ValueError) as error:
        raise type(error)(f"seed={seed!r:.80} must be an int from 0 to 2**32 - 1, or None") from None


def checked_random_state(state: Any) -> RandomStateTuple:
    """Return the state of a Mersenne Twister in the form that `numpy.random.RandomState.set_state` takes.

    NumPy does not check the position, and reads outside of the state if it is wrong.

    Parameters
    ----------
    state : tuple of (str, array, int, int, float)
        What `RandomState.get_state` returns.

    Raises
    ------
    ValueError
        If a part has a value that no generator has; the message names the part.
    """
    if not isinstance(state, tuple) or len(state) != 5 or state[0] != "MT19937":
        raise ValueError("field 'random' is not the state of a Mersenne Twister (numpy.random.RandomState)")
    name, key, position, has_gauss, gaussian = state
    if not isinstance(key, np.ndarray) or key.shape != (624,) or key.dtype.kind not in "iu":
        raise ValueError("field 'random.key' is not an array of 624 integers")
    for field, value, largest in (("position", position, 624), ("has_gauss", has_gauss, 1)):
        if not isinstance(value, (int, np.integer)) or not 0 <= value <= largest:
            raise ValueError(
                f"field 'random.{field}' is {value!r:.80}; expected an integer from 0 to {largest}"
            )
    if not isinstance(gaussian, (int, float, np.floating)) or not math.isfinite(gaussian):
        raise ValueError(f"field 'random.cached_gaussian' is {gaussian!r:.80}; expected a finite number")
    return name, key.astype(np.uint32), int(position), int(has_gauss), float(gaussian)


def as_callbacks(callbacks: Iterable[Any] | None) -> tuple[Any, ...]:
    """Return callbacks as a tuple.

    Raises
    ------
    TypeError
        If `callbacks` cannot be iterated: a single callback, for example.
    """
    if callbacks is not None and not isinstance(callbacks, Iterable):
        raise TypeError(
            f"callbacks must be a list of callbacks, not a {type(callbacks).__name__}; put it into a list"
        )
    return tuple(callbacks or ())
