"""Worker threads that the calling thread waits for without ever being able to lose them.

Ctrl-C may strike between any two steps of the calling thread. Waiting on `threading.Event` or `Thread.join` is made of
many such steps, some of them with a lock in hand: an interrupt there leaves the lock held for ever, or a running thread
taken for dead. Here the truth is two plain counts, and the wake-up is a hint from a queue whose operations are single
steps; a lost hint costs one poll.

A second Ctrl-C may strike before the cleanup after the first has taken its first step. So that the workers stop all
the same, that step is not the calling thread's: it holds a lock, `Crew.presence`, which the interpreter lets go of in
a single step however the calling thread leaves, and a thread of its own waits for that lock and stops the work.
"""

from __future__ import annotations

import _thread
import contextlib
import queue
from collections.abc import Callable


class Crew:
    """Threads with a common end: the first that fails stops the rest.

    Parameters
    ----------
    stop : callable
        Tells the work of all threads to end soon.

    Attributes
    ----------
    presence : lock
        To be held, by ``with``, from before the first `start` until the work is done; letting it go stops the work.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._started = 0
        self._dismissed = False
        # One entry a thread: appending is atomic, and an interrupt may come between starting a thread and counting it.
        self._begun: list[None] = []
        self._finished: list[None] = []
        self._errors: list[BaseException] = []
        self._hints: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.presence = _thread.allocate_lock()

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread of its own."""
        if not self._started:
            _thread.start_new_thread(self._stop_in_absence, ())
        _thread.start_new_thread(self._run, (work,))
        self._started += 1

    def _run(self, work: Callable[[], None]) -> None:
        self._begun.append(None)
        try:
            if not self._dismissed:
                work()
        except BaseException as error:
            self._errors.append(error)
            self._stop()
        finally:
            self._finished.append(None)
            self._hints.put(None)

    def _stop_in_absence(self) -> None:
        with self.presence:
            self._stop()

    def busy(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a thread to end; return whether one still works."""
        if len(self._finished) < self._started:
            self._await_hint(timeout)
        return len(self._finished) < self._started

    def _await_hint(self, timeout: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._hints.get(timeout=timeout)

    def dismiss(self) -> None:
        """Stop the work and wait until the last thread is done; one that has yet to begin will do nothing."""
        self._dismissed = True
        self._stop()
        while len(self._finished) < len(self._begun):
            self._await_hint(0.05)

    def raise_error(self) -> None:
        """Raise the first error of any thread."""
        if self._errors:
            raise self._errors[0]
