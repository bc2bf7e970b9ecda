"""A small text for tests of the command line, and how they run a command in this process."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest

from fastw2v.cli import entry_point

ANIMALS = ["cat", "dog", "cow", "hen", "pig"]
COLOURS = ["red", "blue", "green", "black", "white"]
SMALL = ["--vector-size", "16", "--min-count", "1", "--sample", "0", "--epochs", "3", "--workers", "1"]


def lines(count: int = 300) -> list[str]:
    random = np.random.RandomState(1)
    return [" ".join(random.choice(ANIMALS if n % 2 else COLOURS, 8)) for n in range(count)]


def run(*arguments: object) -> int:
    return entry_point.main([str(argument) for argument in arguments])


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the error message, which must be a single line."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("fastw2v: error: ")
    assert captured.err.count("\n") == 1
    return captured.err


class Stream(SimpleNamespace):
    """A text stream with a buffer of bytes, in place of sys.stdin or sys.stdout."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__(buffer=io.BytesIO(content), flush=lambda: None, isatty=lambda: False)
