"""Checks of arguments: a value that cannot be valid raises an exception that names the argument.

Every public function checks its arguments by these functions, before it does anything else with them. The `as_*`
functions return the value as the rest of the package uses it:

* An integer may be given as any whole number: an int, a NumPy integer, a float such as ``5e5``, and True or False for 1
  or 0. A float with a fraction, text and everything else is refused.
* A number may be given as any finite real number. Text is refused.
* A flag may be given as True or False, 1 or 0; None means False.
"""

from __future__ import annotations

import codecs
import math
import operator
import os
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "as_array",
    "as_budget",
    "as_callbacks",
    "as_choice",
    "as_dtype",
    "as_flag",
    "as_float",
    "as_int",
    "as_list",
    "as_optional_float",
    "as_optional_int",
    "check_encoding",
    "check_function",
    "check_hashable",
    "check_lines",
    "check_mapping",
    "check_path",
    "check_str",
    "checked_random_state",
    "random_state",
]

RandomStateTuple = tuple[str, NDArray[np.uint32], int, int, float]

LARGEST_INT = 2**63 - 1


def as_int(name: str, value: Any, minimum: float = -LARGEST_INT, maximum: int = LARGEST_INT) -> int:
    """Return an argument as an int, if it is a whole number.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : object
        Its value.
    minimum, maximum : int
        Smallest and largest valid value.

    Raises
    ------
    TypeError
        If it is not a whole number.
    ValueError
        If it is too small or too large.

    Examples
    --------
    >>> from fastw2v.common.validation import as_int
    >>> as_int("window", 5.0)
    5
    >>> as_int("epochs", 2.5, minimum=1)
    Traceback (most recent call last):
    ...
    TypeError: epochs=2.5 must be an integer of at least 1
    """
    if type(value) is int:
        number = value
    else:
        scalar = _scalar(value)
        try:
            number = operator.index(scalar)
        except TypeError:
            if not (isinstance(scalar, Real) and float(scalar).is_integer()):
                expected = f"must be an integer{_of_at_least(minimum)}"
                raise TypeError(f"{name}={value!r:.80} {expected}") from None
            number = int(float(scalar))
    if number < minimum:
        raise ValueError(f"{name}={value!r:.80} must be at least {minimum}")
    if number > maximum:
        raise ValueError(f"{name}={value!r:.80} must be at most {maximum}")
    return number


def as_optional_int(
    name: str, value: Any, minimum: float = -LARGEST_INT, maximum: int = LARGEST_INT
) -> int | None:
    """Return None for None, and otherwise what `as_int` returns."""
    return None if value is None else as_int(name, value, minimum, maximum)


def as_float(name: str, value: Any, minimum: float = -math.inf) -> float:
    """Return an argument as a float, if it is a finite number of at least `minimum`; see `as_int`.

    Examples
    --------
    >>> from fastw2v.common.validation import as_float
    >>> as_float("alpha", 1)
    1.0
    >>> as_float("alpha", -1, minimum=0)
    Traceback (most recent call last):
    ...
    ValueError: alpha=-1 must be a finite number of at least 0
    """
    scalar = _scalar(value)
    if not isinstance(scalar, Real):
        raise TypeError(f"{name}={value!r:.80} must be a number{_of_at_least(minimum)}")
    try:
        number = float(scalar)
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and number >= minimum):
        raise ValueError(f"{name}={value!r:.80} must be a finite number{_of_at_least(minimum)}")
    return number


def as_budget(name: str, value: Any) -> float | None:
    """Return a number of bytes, infinity for no limit, or None for the default."""
    unlimited = isinstance(value, float) and value == math.inf
    return math.inf if unlimited else as_optional_float(name, value, minimum=0)


def as_optional_float(name: str, value: Any, minimum: float = -math.inf) -> float | None:
    """Return None for None, and otherwise what `as_float` returns."""
    return None if value is None else as_float(name, value, minimum)


def _scalar(value: Any) -> Any:
    """Return a NumPy bool or an array of no dimension as a Python object, and any other value as it is."""
    return (
        value.item()
        if isinstance(value, np.bool_) or (isinstance(value, np.ndarray) and not value.ndim)
        else value
    )


def _of_at_least(minimum: float) -> str:
    return f" of at least {minimum}" if minimum > -LARGEST_INT else ""


def as_flag(name: str, value: Any) -> bool:
    """Return an argument that turns something on or off as a bool.

    Raises
    ------
    TypeError, ValueError
        If it is none of True, False, 1, 0 and None. Text such as ``"False"``, which is true in Python, is refused.

    Examples
    --------
    >>> from fastw2v.common.validation import as_flag
    >>> as_flag("hs", 1)
    True
    >>> as_flag("sg", 2)
    Traceback (most recent call last):
    ...
    ValueError: sg=2 must be True or False (1 or 0)
    """
    if value is True or value is False:
        return bool(value)
    if value is None:
        return False
    is_number = isinstance(_scalar(value), Real)
    if is_number and value in (0, 1):
        return bool(value)
    raise (ValueError if is_number else TypeError)(f"{name}={value!r:.80} must be True or False (1 or 0)")


def as_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """Return an argument that names one of several choices.

    Raises
    ------
    TypeError, ValueError
        If it is none of them; the message lists them.
    """
    if not isinstance(value, str) or value not in choices:
        kind = ValueError if isinstance(value, str) else TypeError
        raise kind(f"{name} must be {' or '.join(map(repr, choices))}, not {value!r:.80}")
    return value


def check_str(name: str, value: Any) -> None:
    """Raise a TypeError unless an argument is a str."""
    if not isinstance(value, str):
        raise TypeError(f"{name}={value!r:.80} must be a str")


def check_encoding(encoding: Any, errors: Any = "strict", *, errors_name: str = "errors") -> None:
    """Check an encoding, and the treatment of bytes that are not valid in it.

    Raises
    ------
    TypeError, LookupError
        If Python knows no encoding, or no error handler, of this name.
    """
    for name, value, find in (
        ("encoding", encoding, codecs.lookup),
        (errors_name, errors, codecs.lookup_error),
    ):
        check_str(name, value)
        try:
            find(value)
        except (LookupError, ValueError) as error:
            raise LookupError(f"{name}={value!r:.80}: {error}") from None


def as_dtype(name: str, value: Any) -> np.dtype[Any]:
    """Return an argument as a dtype; raise a TypeError if it is no NumPy dtype of numbers."""
    dtype: np.dtype[Any] | None
    try:
        dtype = np.dtype(value)
    except (TypeError, ValueError):
        dtype = None
    if dtype is None or dtype.kind not in "biuf":
        raise TypeError(f"{name}={value!r:.80} must be a NumPy dtype of numbers, such as np.float32")
    return dtype


def as_list(name: str, value: Any, items: str = "values") -> list[Any]:
    """Return an argument that must be iterable as a list.

    Parameters
    ----------
    name, value
        The argument.
    items : str
        What it contains, in the plural, for the message.

    Raises
    ------
    TypeError
        If it cannot be iterated.
    """
    try:
        iterator = iter(value)
    except TypeError:
        raise TypeError(
            f"{name} must be a list (or any other iterable) of {items}, not {value!r:.80}"
        ) from None
    return list(iterator)


def as_array(name: str, value: Any, ndim: int | None = None) -> NDArray[Any]:
    """Return an argument as an array of numbers, of the type and shape that NumPy gives it.

    Raises
    ------
    TypeError, ValueError
        If it contains something else, or rows of different lengths, or has another number of dimensions than `ndim`.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is no array: {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold numbers, not {value!r:.80}")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimensions, not {array.ndim}")
    return array


def check_path(name: str, value: Any) -> None:
    """Raise a TypeError unless an argument is a path: a str or an os.PathLike."""
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{name} must be a path (a str or an os.PathLike), not {value!r:.80}")


def check_hashable(name: str, key: Any) -> None:
    """Raise a TypeError if a key or word is not hashable, as a list is not."""
    try:
        hash(key)
    except TypeError:
        raise TypeError(f"{name} must be a str or an int, not {key!r:.80}") from None


def check_lines(name: str, source: Any) -> None:
    """Raise a TypeError unless the argument `name` is a path or an iterable of lines."""
    if not isinstance(source, (str, os.PathLike, Iterable)):
        raise TypeError(f"{name} must be a path, or a list of lines, not {source!r:.80}")


def check_mapping(name: str, value: Any, contents: str) -> None:
    """Raise a TypeError unless an argument is a mapping; `contents` says of what to what."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must map {contents}, as a dict does, not {value!r:.80}")


def check_function(name: str, value: Any) -> None:
    """Raise a TypeError unless an argument is a function or None."""
    if value is not None and not callable(value):
        raise TypeError(f"{name}={value!r:.80} must be a function, or None")


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
    return np.random.RandomState(as_optional_int("seed", seed, 0, 2**32 - 1))


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
        If `callbacks` cannot be iterated: a single callback, for example; or if one of them lacks a method.
    """
    if callbacks is not None and (not isinstance(callbacks, Iterable) or isinstance(callbacks, (str, bytes))):
        raise TypeError(
            f"callbacks must be a list of callbacks, not a {type(callbacks).__name__}; put it into a list"
        )
    given = () if callbacks is None else tuple(callbacks)
    for callback in given:
        if isinstance(callback, type):
            raise TypeError(
                f"callbacks holds the class {callback.__name__}; put an object of it into the list"
            )
        for event in ("on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end"):
            if not callable(getattr(callback, event, None)):
                raise TypeError(
                    f"callbacks holds {callback!r:.80}, which has no method {event}; derive its class from "
                    "CallbackAny2Vec"
                )
    return given
