"""Apply a function to the items of an iterable with several threads, and get the results in order.

The calling thread iterates over the items and receives the results; the threads of a `WorkerPool` call the function.
The calling thread iterates only a little ahead of the results, so that memory is bounded however many items there are.
Where the system allows no more threads, fewer threads do the work, and without any thread the calling thread does it.
"""

from __future__ import annotations

import _thread
import queue
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import Generic, TypeVar

from fastw2v.common.cores import usable_cores
from fastw2v.common.worker_pool import WorkerPool

__all__ = ["ordered_map", "ordered_map_by"]

POLL_SECONDS = 0.05  # how long the loss of a thread may wait to be noticed

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> Generator[Result, None, None]:
    """Yield ``function(item)`` for each item, in order, while threads work on the items that follow.

    Parameters
    ----------
    function : callable
        Several threads call it at the same time. Threads help only if it releases the interpreter's lock.
    items : iterable
        The calling thread iterates over it, at most two items per worker ahead of the results.
    workers : int, optional
        Number of threads. By default it is the number of cores that the process may use. With 1, the calling thread
        does the work.

    Raises
    ------
    Exception
        An exception of `function` or of `items` is raised in its turn, after the results of the items before it.

    Examples
    --------
    >>> from fastw2v.common.parallel import ordered_map
    >>> list(ordered_map(str.upper, ["a", "b", "c"], workers=2))
    ['A', 'B', 'C']
    """
    workers = workers or usable_cores()
    if workers == 1:
        yield from map(function, items)
    else:
        yield from ordered_map_by([function] * workers, items)


def ordered_map_by(
    functions: Sequence[Callable[[Item], Result]], items: Iterable[Item]
) -> Generator[Result, None, None]:
    """Do what `ordered_map` does, with a function for each thread.

    A function is called by one thread at a time, with its items in order, so it may keep a state of its own. Which of
    the functions is called for an item is not specified.

    Parameters
    ----------
    functions : sequence of callable
        One for each thread.
    items : iterable
        See `ordered_map`.
    """
    calls = _CallQueue[Item, Result](len(functions))
    pool = WorkerPool(calls.stop)
    unused = list(functions)
    pending: deque[_Call[Item, Result]] = deque()
    iterator = iter(items)
    failure: Exception | None = None
    try:
        with pool.guard:
            while failure is None:
                try:
                    item = next(iterator)
                except StopIteration:
                    break
                except Exception as error:
                    failure = error
                    break
                if unused and _start(pool, partial(calls.run, unused[-1])):
                    unused.pop()
                if len(unused) == len(functions):  # there is no thread
                    yield unused[-1](item)
                    continue
                pending.append(calls.submit(item))
                if len(pending) > 2 * len(functions):
                    yield pending.popleft().result(pool)
            while pending:
                yield pending.popleft().result(pool)
    finally:
        pool.shutdown()
    if failure is not None:
        raise failure


def _start(pool: WorkerPool, work: Callable[[], None]) -> bool:
    """Start a thread of `pool`; return False if the system allows none."""
    try:
        pool.start(work)
    except RuntimeError:
        return False
    return True


class _Call(Generic[Item, Result]):
    """One call of a function: its argument, then its result or exception."""

    def __init__(self, item: Item) -> None:
        self._item = item
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self._done = _thread.allocate_lock()
        self._done.acquire()

    def run(self, function: Callable[[Item], Result]) -> None:
        try:
            self._results.append(function(self._item))
        except BaseException as error:
            self._error = error
        finally:
            self._done.release()

    def result(self, pool: WorkerPool) -> Result:
        """Wait for the call; return its result, or raise its exception or that of a thread of `pool` that was lost."""
        while not self._done.acquire(timeout=POLL_SECONDS):
            pool.check_process()
            pool.raise_error()
        if self._error is not None:
            raise self._error
        return self._results.pop()


class _CallQueue(Generic[Item, Result]):
    """The calls that wait for a thread.

    Parameters
    ----------
    n_threads : int
        Number of threads that may take calls.
    """

    def __init__(self, n_threads: int) -> None:
        self._n_threads = n_threads
        self._stopped = False
        self._calls: queue.SimpleQueue[_Call[Item, Result] | None] = queue.SimpleQueue()

    def submit(self, item: Item) -> _Call[Item, Result]:
        call = _Call[Item, Result](item)
        self._calls.put(call)
        return call

    def run(self, function: Callable[[Item], Result]) -> None:
        """Take calls and make them, until the queue is stopped; the work of one thread."""
        while (call := self._calls.get()) is not None and not self._stopped:
            call.run(function)

    def stop(self) -> None:
        """End `run` in all threads; calls that wait are not made."""
        self._stopped = True
        for _ in range(self._n_threads):
            self._calls.put(None)
