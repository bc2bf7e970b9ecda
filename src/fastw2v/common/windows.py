"""The windows of a training: the number of context words on either side, and the weights of their distances.

Settings are kept in a plain form, which files can hold and which compares by value: a window is an int, or a pair of
ints for its left and its right side; weights are None, a name, a tuple of numbers, or a pair of such tuples. The
functions here bring arguments and values of files into this form, and derive from it what the training loops read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.validation import as_float, as_int

LINEAR = "linear"
HARMONIC = "harmonic"
LARGEST_WINDOW = 1 << 30
LARGEST_WEIGHTED_WINDOW = 1 << 20  # with weights by a formula, whose arrays take memory

Window = int | tuple[int, int]
Weights = str | tuple[float, ...] | tuple[tuple[float, ...], tuple[float, ...]] | None
Side = NDArray[np.float32]


def as_window(name: str, value: Any) -> Window:
    """Return a window as an int, or as a pair of ints if its sides are of different lengths.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : object
        The largest distance of a context word, or the largest distances on the left and on the right.

    Raises
    ------
    TypeError, ValueError
        If it is something else, or there would be no context words.

    Examples
    --------
    >>> from fastw2v.common.windows import as_window
    >>> as_window("window", 5), as_window("window", [5, 5]), as_window("window", (5, 0))
    (5, 5, (5, 0))
    """
    if not isinstance(value, (tuple, list)):
        return as_int(name, value, 1)
    if len(value) != 2:
        raise ValueError(f"{name}={value!r:.80} must be one number of words, or a pair (left, right)")
    left, right = (as_int(name, length, 0, LARGEST_WINDOW) for length in value)
    if not left and not right:
        raise ValueError(f"{name}={value!r:.80} leaves no context words; give one side at least 1 word")
    return left if left == right else (left, right)


def as_window_weights(name: str, value: Any) -> Weights:
    """Return weights of distances in the form that settings have.

    Raises
    ------
    TypeError, ValueError
        If they are neither None, a known name, numbers of at least 0, nor a pair of sequences of such numbers.

    Examples
    --------
    >>> from fastw2v.common.windows import as_window_weights
    >>> as_window_weights("window_weights", [1, 0.5])
    (1.0, 0.5)
    """
    if value is None:
        return None
    if isinstance(value, str):
        if value not in (LINEAR, HARMONIC):
            raise ValueError(
                f"{name}={value!r:.80} must be None, {LINEAR!r}, {HARMONIC!r} or an array of weights"
            )
        return value
    if not isinstance(value, (list, tuple, np.ndarray)):
        raise TypeError(
            f"{name} must be None, {LINEAR!r}, {HARMONIC!r} or an array of weights, not {type(value).__name__}"
        )
    if len(value) == 2 and all(isinstance(side, (list, tuple, np.ndarray)) for side in value):
        left, right = (_numbers(name, side) for side in value)
        if not any(left) and not any(right):
            raise ValueError(f"{name} has no weight above 0; nothing would be trained")
        return left, right
    weights = _numbers(name, value)
    if not any(weights):
        raise ValueError(f"{name} has no weight above 0; nothing would be trained")
    return weights


def _numbers(name: str, values: Iterable[Any]) -> tuple[float, ...]:
    return tuple(as_float(name, value, minimum=0) for value in values)


def sides_of(window: Window) -> tuple[int, int]:
    """Return the lengths of the left and the right side of a window.

    Examples
    --------
    >>> from fastw2v.common.windows import sides_of
    >>> sides_of(5), sides_of((5, 0))
    ((5, 5), (5, 0))
    """
    return window if isinstance(window, tuple) else (window, window)


def check_windows(window: Window, final_window: Window | None, weights: Weights) -> None:
    """Raise a ValueError if weights are not as many as the distances of the largest window.

    Parameters
    ----------
    window, final_window, weights : object
        As `as_window` and `as_window_weights` return them.
    """
    if weights is None or isinstance(weights, str):
        return
    lengths = largest_sides(window, final_window)
    given = (weights,) if not isinstance(weights[0], tuple) else weights
    expected = (max(lengths),) if len(given) == 1 else lengths
    found = tuple(len(side) if isinstance(side, tuple) else 0 for side in given)
    if found != expected:
        raise ValueError(
            f"window_weights has {' and '.join(map(str, found))} weights, but the largest window has distances up to "
            f"{' and '.join(map(str, expected))}; give one weight for each distance"
        )


def largest_sides(window: Window, final_window: Window | None) -> tuple[int, int]:
    """Return the largest lengths that the sides of the windows have in any epoch."""
    (left, right), (last_left, last_right) = sides_of(window), sides_of(final_window or window)
    return max(left, last_left), max(right, last_right)


def window_of_epoch(window: Window, final_window: Window | None, epoch: int, epochs: int) -> Window:
    """Return the window of an epoch: it changes linearly from `window` in the first to `final_window` in the last one.

    Parameters
    ----------
    window : int or (int, int)
    final_window : int, (int, int) or None
        None: `window` in every epoch.
    epoch, epochs : int
        The number of the epoch, from 0 on, and of all epochs.

    Examples
    --------
    >>> from fastw2v.common.windows import window_of_epoch
    >>> [window_of_epoch(2, 8, epoch, 5) for epoch in range(5)]
    [2, 4, 5, 7, 8]
    """
    if final_window is None or epochs < 2:
        return window
    share = min(epoch / (epochs - 1), 1.0)
    left, right = (
        math.floor(first + (last - first) * share + 0.5)
        for first, last in zip(sides_of(window), sides_of(final_window), strict=True)
    )
    return as_window("window", (left, right))


def weights_of_window(window: Window, weights: Weights) -> tuple[Side, Side] | None:
    """Return the weights of the distances 1, 2, ... on the left and on the right side of a window.

    Parameters
    ----------
    window : int or (int, int)
    weights : object
        As `as_window_weights` returns it. ``"linear"`` is (n - d + 1) / n at distance d on a side of n words, and
        ``"harmonic"`` is 1 / d. Numbers beyond the window are left out.

    Returns
    -------
    tuple of two float32 arrays, or None
        None if all weights are 1.

    Examples
    --------
    >>> from fastw2v.common.windows import weights_of_window
    >>> weights_of_window((4, 1), "linear")
    (array([1.  , 0.75, 0.5 , 0.25], dtype=float32), array([1.], dtype=float32))
    """
    if weights is None:
        return None
    sides = []
    for number, length in enumerate(sides_of(window)):
        if length > LARGEST_WEIGHTED_WINDOW:
            raise ValueError(
                f"window_weights needs a window of at most {LARGEST_WEIGHTED_WINDOW} words on each side"
            )
        distances = np.arange(1, length + 1, dtype=np.float64)
        if isinstance(weights, str):
            side = 1 / distances if weights == HARMONIC else (length + 1 - distances) / max(length, 1)
        else:
            given = weights[number] if isinstance(weights[0], tuple) else weights
            side = np.array(given, dtype=np.float64)[:length]
        sides.append(side.astype(np.float32))
    return sides[0], sides[1]
