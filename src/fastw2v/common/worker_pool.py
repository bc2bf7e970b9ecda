"""Threads that work for a calling thread, which can always stop them and never loses one.

Ctrl-C may interrupt the calling thread between any two of its steps. `threading.Event.wait` and `Thread.join` consist
of many such steps, some of them with a lock held. An interrupt there can leave the lock held forever, or make a running
thread look finished. A worker thread may be interrupted as well: packages that limit the time of a call raise an
exception in another thread (`PyThreadState_SetAsyncExc`), which may strike before its first ``try`` or in its
``finally``. No Python code is therefore trusted to say that a thread has ended. The interpreter holds the only
reference to the function of a thread and drops it when the thread ends, and a weak reference to the function tells the
pool. A thread that ended and did not say before that its work is complete was lost: the work of all threads is stopped,
and the calling thread gets an error.

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
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

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
        self._shut_down = False
        # These lists hold one entry per thread, because appending is a single step. A function is kept in `_functions`
        # from its creation to the start of its thread, since a local variable would live on in the traceback of an
        # interrupt.
        self._functions: list[Callable[[], None]] = []
        self._started: list[weakref.ref[Any]] = []  # dead once the thread has ended
        self._completed: list[None] = []
        self._errors: list[BaseException] = []
        self._wake_ups: queue.SimpleQueue[Any] = queue.SimpleQueue()
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
        self._functions.append(partial(self._run, work))
        self._started.append(weakref.ref(self._functions[-1], self._wake_ups.put))
        try:
            _thread.start_new_thread(self._functions.pop(), ())
        except RuntimeError:
            self._started.pop()
            raise

    def _run(self, work: Callable[[], None]) -> None:
        try:
            if not self._shut_down:
                work()
        except BaseException as error:
            self._errors.append(error)
            self._stop()
        self._completed.append(None)

    def _stop_when_released(self) -> None:
        with self.guard:
            self._stop()

    def busy(self, timeout: float) -> bool:
        """Wait until a thread ends, for at most `timeout` seconds; return whether a thread still works."""
        if self._is_running():
            self._wait(timeout)
        self.check()
        return self._is_running()

    def check(self) -> None:
        """Stop the work if a thread was lost; call it from time to time where the calling thread waits."""
        if self._is_lost():
            self._stop()

    def check_process(self) -> None:
        """Raise a RuntimeError in a child of `fork`, which has none of the threads that would do the work."""
        if self._process != os.getpid():
            raise RuntimeError(
                "this process was forked while threads of its parent were at work, for example in a corpus iterator, "
                "and cannot go on with that work; end the child where it was forked (os._exit()), or begin anew there"
            )

    def shutdown(self) -> None:
        """Stop the work and wait until the last thread has ended; a thread that has not begun will do nothing."""
        self._shut_down = True
        self._functions.clear()
        if self._process != os.getpid():
            return  # there is nothing to stop, and a thread of the parent may have held a lock of the work
        self._stop()
        while self._is_running():
            self._wait(0.05)

    def raise_error(self) -> None:
        """Raise the first exception of any thread, or a RuntimeError if one was lost."""
        if self._errors:
            raise self._errors[0]
        if self._is_lost():
            raise RuntimeError(
                "a worker thread was ended by an exception outside its work: memory ran out while it started or ended, "
                "or another thread raised an exception in it; call the function again"
            )

    def _is_running(self) -> bool:
        return self._n_ended() < len(self._started) and self._threads_run()

    def _is_lost(self) -> bool:
        """Return whether a thread has ended that did not complete."""
        n_ended = self._n_ended()  # read first: a thread completes before it ends
        return len(self._completed) < n_ended and self._threads_run()

    def _n_ended(self) -> int:
        return sum(function() is None for function in self._started)

    def _wait(self, timeout: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._wake_ups.get(timeout=timeout)

    def _threads_run(self) -> bool:
        return self._process == os.getpid() and not sys.is_finalizing()
