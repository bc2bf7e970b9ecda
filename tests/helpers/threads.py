"""Waiting until no thread is left but those that ran before the tests, such as one of a plugin of pytest."""

from __future__ import annotations

import _thread
import time

THREADS_BEFORE = _thread._count()


def assert_threads_ended() -> None:
    """Check that all threads of a test have ended; a thread that has done its work may take a moment to end."""
    deadline = time.monotonic() + 10
    while _thread._count() > THREADS_BEFORE and time.monotonic() < deadline:
        time.sleep(0.001)
    assert _thread._count() == THREADS_BEFORE
