"""SIGTERM as an interrupt: what ends a job on a cluster then takes the way of Ctrl-C, cleanup included.

By default SIGTERM kills a Python process where it stands. Files are whole even so, but the model in memory is lost, and
a file that was being written aside stays behind.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any, NoReturn


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived, within `sigterm_as_interrupt`."""


def _raise(signum: int, frame: Any) -> NoReturn:
    raise Terminated


@contextlib.contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Context manager: SIGTERM raises `Terminated`, a KeyboardInterrupt, where it would have killed the process.

    The training within stops in less than a second, as it does for Ctrl-C, and leaves a usable model: to be saved, or
    to be trained on from its last checkpoint. A handler that was set already stays; so it does in any thread but the
    main one, since only that one can receive signals.
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
