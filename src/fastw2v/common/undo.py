"""Undoing a change that failed.

A generator with `contextlib.contextmanager` would not do. If Ctrl-C arrives when its block has ended and the generator
has not been resumed yet, the generator stays suspended for as long as somebody keeps the traceback. Python then closes
it by a GeneratorExit, and the change would be undone at that moment, after others have built on it.
"""

from __future__ import annotations

from collections.abc import Callable


class UndoOnError:
    """Context manager that calls a function if its block raises an exception, KeyboardInterrupt included.

    Parameters
    ----------
    undo : callable
        Called without arguments; the exception is raised again afterwards.

    Examples
    --------
    >>> words = ["a"]
    >>> try:
    ...     with UndoOnError(words.clear):
    ...         words.append("b")
    ...         raise ValueError
    ... except ValueError:
    ...     words
    []
    """

    def __init__(self, undo: Callable[[], None]) -> None:
        self._undo = undo

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if error is not None:
            self._undo()
