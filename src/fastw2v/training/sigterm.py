"""SIGTERM as an interrupt: when a cluster ends a job, the training ends as after Ctrl-C.

By default SIGTERM ends a Python process at once. Saved files are intact even then, but the model in memory is lost, and
a temporary file that was being written is not removed.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any, NoReturn


class Terminated(KeyboardInterrupt):
    """SIGTERM was received within `sigterm_as_interrupt`."""

    __module__ = "fastw2v"  # the module from which users import it, and which pickles name


def _raise(signum: int, frame: Any) -> NoReturn:
    raise Terminated


@contextlib.contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Context manager in which SIGTERM raises `Terminated`, a KeyboardInterrupt, instead of ending the process.

    A training in the block stops in less than a second, as it does after Ctrl-C, and leaves a usable model, which can
    be saved, or trained further from its last checkpoint. The model that the constructor was training is the attribute
    `model` of the exception. A handler that is already set stays in place. In threads other than the main thread, which
    alone can receive signals, the context manager has no effect.

    Examples
    --------
    >>> import fastw2v
    >>> with fastw2v.sigterm_as_interrupt():
    ...     model = fastw2v.Word2Vec([["a", "b"]] * 10, vector_size=4, min_count=1)
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
