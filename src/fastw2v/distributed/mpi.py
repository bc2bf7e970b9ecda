"""MPI, through mpi4py: for clusters with a scheduler, and for several processes of one machine.

Install it with ``pip install "fastw2v[mpi]"``, which also installs an MPI library, and start a program with
``mpirun -n 4 python program.py``.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any

from numpy.typing import NDArray

from fastw2v.distributed.communicator import Communicator

__all__ = ["MPICommunicator"]


class MPICommunicator(Communicator):
    """The processes of an MPI communicator.

    An exception of one process ends all of them (`MPI_Abort`), because the others would otherwise wait for it forever.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm, optional
        By default, all processes that ``mpirun`` has started (`MPI.COMM_WORLD`).

    Raises
    ------
    ImportError
        If mpi4py is not installed.

    Examples
    --------
    A program that ``mpirun -n 4 python program.py`` starts:

    >>> from fastw2v import Word2Vec, distributed
    >>> communicator = distributed.MPICommunicator()  # doctest: +SKIP
    >>> model = Word2Vec(vector_size=100, workers=8)
    >>> distributed.build_vocab(model, corpus_file="corpus.txt", communicator=communicator)  # doctest: +SKIP
    >>> distributed.train(model, corpus_file="corpus.txt", communicator=communicator)  # doctest: +SKIP
    """

    exit_status = 1  # of the processes that `abort` ends

    def __init__(self, communicator: Any = None) -> None:
        try:
            from mpi4py import MPI
        except ImportError as error:
            raise ImportError('MPICommunicator needs mpi4py: pip install "fastw2v[mpi]"') from error
        self._mpi = MPI
        self._communicator = MPI.COMM_WORLD if communicator is None else communicator
        self.rank, self.size = self._communicator.Get_rank(), self._communicator.Get_size()

    def allreduce(self, array: NDArray[Any]) -> None:
        self._communicator.Allreduce(self._mpi.IN_PLACE, array)

    def broadcast(self, value: Any) -> Any:
        return self._communicator.bcast(value, root=0)

    def gather(self, value: Any) -> list[Any] | None:
        values: list[Any] | None = self._communicator.gather(value, root=0)
        return values

    def barrier(self) -> None:
        self._communicator.Barrier()

    def abort(self, error: BaseException) -> None:
        if self.size > 1:
            self.report(error)
            sys.stderr.flush()
            self._communicator.Abort(self.exit_status)

    def report(self, error: BaseException) -> None:
        """Print the exception, because `abort` ends the process before Python would do this."""
        traceback.print_exception(type(error), error, error.__traceback__)
