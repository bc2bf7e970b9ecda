"""Stdin and pipes as input of commands that read a file several times, or map it into memory.

They are copied to a temporary file, which is deleted when the command ends.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from fastw2v.cli.files import STANDARD_STREAM
from fastw2v.cli.parser import UsageError
from fastw2v.common.codecs import suffix_of

Result = TypeVar("Result")


@contextlib.contextmanager
def temporary_copy(stream: Any) -> Iterator[str]:
    """Copy a stream to a temporary file and yield its path.

    The suffix of the file states the compression, which the first bytes of the stream identify.
    """
    first = stream.read(1 << 16)
    descriptor, path = tempfile.mkstemp(prefix="fastw2v-stdin-", suffix=suffix_of(first) or "")
    try:
        with open(descriptor, "wb") as file:
            file.write(first)
            shutil.copyfileobj(stream, file, 1 << 20)
        yield path
    finally:
        os.unlink(path)


def reads_stdin(
    *arguments: str,
) -> Callable[[Callable[[argparse.Namespace], Result]], Callable[[argparse.Namespace], Result]]:
    """Return a decorator of commands that read files of models: the name ``-`` stands for stdin.

    Parameters
    ----------
    *arguments : str
        The arguments that name the files. Only one of them may be ``-``.
    """

    def decorate(
        command: Callable[[argparse.Namespace], Result],
    ) -> Callable[[argparse.Namespace], Result]:
        @functools.wraps(command)
        def run(options: argparse.Namespace) -> Result:
            from_stdin = [name for name in arguments if getattr(options, name, None) == STANDARD_STREAM]
            if not from_stdin:
                return command(options)
            if len(from_stdin) > 1:
                raise UsageError(
                    f"{' and '.join(name.upper() for name in from_stdin)} cannot both be -; name a file"
                )
            with temporary_copy(sys.stdin.buffer) as path:
                copied = {from_stdin[0]: path, "stdin_copy": path}
                return command(argparse.Namespace(**{**vars(options), **copied}))

        return run

    return decorate


def input_name(options: argparse.Namespace, path: str) -> str:
    """Return the name of a file that a command reads, for messages."""
    return "stdin" if path == getattr(options, "stdin_copy", None) else path
