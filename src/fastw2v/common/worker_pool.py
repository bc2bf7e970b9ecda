"""Threads that work for a calling thread, which can always stop them and never loses one.

Ctrl-C may interrupt the calling thread between any two of its steps. `threading.Event.wait` and `Thread.join` consist
of many such steps, some of them with a lock held. An interrupt there can leave the lock held forever, or make a running
thread look finished. A `WorkerPool` therefore tracks completion by two counters, each of which changes in a single
step. A queue wakes the calling thread early; a lost wake-up costs one poll.

A second Ctrl-C may interrupt the cleanup after the first one. The calling thread therefore holds a lock, the `guard`,
while threads work. The interpreter releases the lock in a single step, however the calling thread leaves the ``with``
block, and a thread of the pool that waits for the lock then stops the work.

Two situations leave no threads to wait for: a child of `fork` has none of its parent's threads, and while the
interpreter shuts down only its main thread runs. `busy` and `shutdown` return at once there.

This is the only mechanism for threads in the package. `parallel` builds ordered results on top of it.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import queue
import sys
from collections.abc import Callable

__all__ = ["WorkerPool"]


class WorkerPool:
    """Threads that end together: the first one that fails stops the others.

    Parameters
    ----------
    stop : callable
        Called without arguments to make the work of all threads end soon. It may be called several times, and by any
        thread.

    Attributes
    ----------
    guard : lock
        To be held, by ``with``, from before the first `start` until the work is done. When it is released, the work
        is stopped.

    Examples
    --------
    >>> from fastw2v.common.worker_pool import WorkerPool
    >>> results = []
    >>> pool = WorkerPool(stop=lambda: None)
    >>> try:
    ...     with pool.guard:
    ...         pool.start(lambda: results.append("done"))
    ...         while pool.busy(timeout=0.05):
    ...             pass
    ... finally:
    ...     pool.shutdown()
    >>> pool.raise_error()
    >>> results
    ['done']
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._process = os.getpid()
        self._watched = False
        self._started = 0
        self._shut_down = False
        # These lists hold one entry per thread, because appending is a single step. `_started` alone would not do: an
        # interrupt may come between starting a thread and counting it.
        self._begun: list[None] = []
        self._finished: list[None] = []
        self._errors: list[BaseException] = []
        self._wake_ups: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.guard = _thread.allocate_lock()

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` in a new thread.

        Raises
        ------
        RuntimeError
            If the system allows no more threads, or the interpreter is shutting down. Threads that were started before
            go on.
        """
        if not self._watched:
            _thread.start_new_thread(self._stop_when_released, ())
            self._watched = True
        _thread.start_new_thread(self._run, (work,))
        self._started += 1

    def _run(self, work: Callable[[], None]) -> None:
        self._begun.append(None)
        try:
            if not self._shut_down:
                work()
        except BaseException as error:
            self._errors.append(error)
            self._stop()
        finally:
            self._finished.append(None)
            self._wake_ups.put(None)

    def _stop_when_released(self) -> None:
        with self.guard:
            self._stop()

    def busy(self, timeout: float) -> bool:
        """Wait until a thread ends, for at most `timeout` seconds; return whether a thread still works."""
        if len(self._finished) < self._started and self._threads_run():
            self._wait(timeout)
        return len(self._finished) < self._started and self._threads_run()

    def shutdown(self) -> None:
        """Stop the work and wait until the last thread is done; a thread that has not begun will do nothing."""
        self._shut_down = True
        self._stop()
        while len(self._finished) < len(self._begun) and self._threads_run():
            self._wait(0.05)

    def raise_error(self) -> None:
        """Raise the first exception of any thread."""
        if self._errors:
            raise self._errors[0]

    def _wait(self, timeout: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._wake_ups.get(timeout=timeout)

    def _threads_run(self) -> bool:
        return self._process == os.getpid() and not sys.is_finalizing()
