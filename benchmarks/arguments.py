"""Types of command-line arguments: numbers, shapes, and comma-separated lists of numbers or names."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection


def number(text: str) -> int:
    """Parse a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def numbers(text: str) -> list[int]:
    """Parse a list of numbers such as "1,2"."""
    return [number(part) for part in text.split(",")]


def values_of_a_parameter(text: str) -> tuple[str, list[float]]:
    """Parse a name and numbers such as "sample=1e-4,1e-5"; whole numbers are int."""
    name, equals, values = text.partition("=")
    try:
        return name, [int(value) if value.isdecimal() else float(value) for value in values.split(",")]
    except ValueError:
        pass
    expected = "is not NAME=VALUE,..." if not name or not equals else "holds a value that is not a number"
    raise argparse.ArgumentTypeError(f"{text!r} {expected}")


def shape(text: str) -> tuple[int, int]:
    """Parse a shape such as "200000x300"."""
    rows, _, width = text.partition("x")
    return number(rows), number(width)


def names(known: Collection[str]) -> Callable[[str], list[str]]:
    """Return a function that parses a list of names such as "sg,cbow" and rejects unknown names."""

    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(known)}")
        return chosen

    return parse
