"""The operations that distributed training needs from an engine that connects processes.

A group has `size` members; each has a `rank` from 0 on. All members call the same operations in the same order, as in
MPI. An engine is adapted by a subclass of `Communicator` with five methods.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

__all__ = ["Communicator", "CommunicatorError", "SingleProcess"]


class CommunicatorError(RuntimeError):
    """Another member of the group failed or was lost, so that the operation cannot be completed.

    Examples
    --------
    The other members raise it. `run_threads` raises the exception of the member that failed:

    >>> from fastw2v.distributed import CommunicatorError, run_threads
    >>> def work(communicator):
    ...     if communicator.rank == 1:
    ...         raise ValueError("a broken part")
    ...     try:
    ...         communicator.barrier()
    ...     except CommunicatorError:
    ...         print("another member failed")
    ...         raise
    >>> run_threads(2, work)
    Traceback (most recent call last):
    ValueError: a broken part
    """


class Communicator(ABC):
    """The members of a group of processes, as one of them sees it.

    Attributes
    ----------
    rank : int
        The number of this member, from 0 to ``size - 1``.
    size : int
        The number of members.

    Examples
    --------
    Each member is a thread here; the functions of `fastw2v.distributed` take any such object:

    >>> from fastw2v.distributed import run_threads
    >>> run_threads(2, lambda communicator: (communicator.rank, communicator.size, communicator.gather("part")))
    [(0, 2, ['part', 'part']), (1, 2, None)]
    """

    rank: int
    size: int

    @abstractmethod
    def allreduce(self, array: NDArray[Any]) -> None:
        """Replace `array` by the sum of the arrays of all members. Every member gets the same sum, bit for bit.

        Parameters
        ----------
        array : ndarray
            A contiguous array, which is changed in place. The arrays of all members have the same shape and type.

        Raises
        ------
        CommunicatorError
            If another member failed or was lost. The other operations raise it too.
        """

    @abstractmethod
    def broadcast(self, value: Any) -> Any:
        """Return the value of rank 0 on all members.

        Parameters
        ----------
        value : object
            An object that can be pickled. Only that of rank 0 is used.

        Returns
        -------
        object
        """

    @abstractmethod
    def gather(self, value: Any) -> list[Any] | None:
        """Return the values of all members on rank 0.

        Parameters
        ----------
        value : object
            An object that can be pickled.

        Returns
        -------
        list or None
            The values by rank; None on the other members.
        """

    @abstractmethod
    def barrier(self) -> None:
        """Wait until all members have called this method."""

    @contextlib.contextmanager
    def abort_on_error(self) -> Iterator[None]:
        """Context manager that calls `abort` if an exception leaves the block."""
        try:
            yield
        except BaseException as error:
            self.abort(error)
            raise

    def abort(self, error: BaseException) -> None:  # noqa: B027 - most engines notice it themselves
        """Tell the others that this member has failed, so that they do not wait for it.

        Parameters
        ----------
        error : BaseException
            The exception of this member.
        """


class SingleProcess(Communicator):
    """A group of one member.

    Examples
    --------
    >>> from fastw2v.distributed import SingleProcess
    >>> SingleProcess().broadcast("a value")
    'a value'
    """

    rank, size = 0, 1

    def allreduce(self, array: NDArray[Any]) -> None:
        """Leave the array as it is."""

    def broadcast(self, value: Any) -> Any:
        """Return `value`."""
        return value

    def gather(self, value: Any) -> list[Any] | None:
        """Return `value` in a list."""
        return [value]

    def barrier(self) -> None:
        """Return at once."""
