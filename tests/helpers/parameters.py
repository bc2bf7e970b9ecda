"""Parameters of which the quick tests take some, spread over all, and the slow tests the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(step: int, values: Iterable[Any], first: int = 0) -> list[Any]:
    """Return `values` as parameters: one in `step`, from the position `first` on, is quick, and the others are slow.

    A value that is a tuple has the values of several parameters.
    """
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            marks=() if position % step == first else pytest.mark.slow,
        )
        for position, value in enumerate(values)
    ]
