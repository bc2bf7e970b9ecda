"""A group of threads of one process, for tests and for trying the settings of a distributed training."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.validation import as_int
from fastw2v.distributed.communicator import Communicator, CommunicatorError

__all__ = ["run_threads"]


class _Rendezvous:
    """A point at which the members of a group exchange one value each."""

    def __init__(self, size: int) -> None:
        self._barrier = threading.Barrier(size)
        self._values: list[Any] = [None] * size
        self.failed: BaseException | None = None

    def exchange(self, rank: int, value: Any) -> list[Any]:
        """Return the values of all members, by rank."""
        self._values[rank] = value
        self._wait()
        values = list(self._values)
        self._wait()  # nobody gives the next value before all have taken these
        return values

    def abort(self, error: BaseException) -> None:
        self.failed = self.failed or error
        self._barrier.abort()

    def _wait(self) -> None:
        try:
            self._barrier.wait()
        except threading.BrokenBarrierError:
            raise CommunicatorError("another thread of the group failed") from self.failed


class _ThreadCommunicator(Communicator):
    """A thread as a member of a group."""

    def __init__(self, rank: int, size: int, rendezvous: _Rendezvous) -> None:
        self.rank, self.size, self._rendezvous = rank, size, rendezvous

    def allreduce(self, array: NDArray[Any]) -> None:
        arrays = self._rendezvous.exchange(self.rank, array)
        total = arrays[0].copy()
        for other in arrays[1:]:
            total += other
        self._rendezvous.exchange(self.rank, None)  # all have read `array`
        np.copyto(array, total)

    def broadcast(self, value: Any) -> Any:
        return self._rendezvous.exchange(self.rank, value)[0]

    def gather(self, value: Any) -> list[Any] | None:
        values = self._rendezvous.exchange(self.rank, value)
        return values if self.rank == 0 else None

    def barrier(self) -> None:
        self._rendezvous.exchange(self.rank, None)

    def abort(self, error: BaseException) -> None:
        self._rendezvous.abort(error)


def run_threads(size: int, function: Callable[[Communicator], Any]) -> list[Any]:
    """Call `function` in `size` threads, each a member of one group.

    Parameters
    ----------
    size : int
        The number of members, at least 1.
    function : callable
        A function that is called with the `Communicator` of each member.

    Returns
    -------
    list
        The results of `function`, by rank.

    Raises
    ------
    Exception
        The first exception of a member. The others then end with a `CommunicatorError`.

    Examples
    --------
    >>> from fastw2v.distributed import run_threads
    >>> run_threads(3, lambda communicator: communicator.broadcast(communicator.rank + 10))
    [10, 10, 10]
    """
    size = as_int("size", size, minimum=1)
    rendezvous = _Rendezvous(size)
    results: list[Any] = [None] * size

    def run(rank: int) -> None:
        try:
            results[rank] = function(_ThreadCommunicator(rank, size, rendezvous))
        except BaseException as error:
            rendezvous.abort(error)

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if rendezvous.failed is not None:
        raise rendezvous.failed
    return results
