"""Calls in another thread, and waiting until no thread is left but those that ran before the tests."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable
from typing import Any

THREADS_BEFORE = _thread._count()  # plugins of pytest may have started some


def assert_threads_ended() -> None:
    """Check that all threads of a test have ended; a thread that has done its work may take a moment to end."""
    deadline = time.monotonic() + 10
    while _thread._count() > THREADS_BEFORE and time.monotonic() < deadline:
        time.sleep(0.001)
    assert _thread._count() == THREADS_BEFORE


def in_thread(function: Callable[[], Any]) -> Any:
    """Call `function` in another thread and return its result, or the exception that it raises.

    The check fails if the thread does not end, for example because it waits for a lock.
    """
    results = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert results, "the thread has not ended after 60 s"
    return results[0]
