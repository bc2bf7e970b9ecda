"""A ring of processes that are connected by the standard library's `multiprocessing.connection`.

It is for engines that start processes and let them exchange short texts, but have no operation for arrays: Ray and
Spark. Each member listens on a port, tells its address to the others through the engine, and connects to the next
member. The connections are authenticated by a key that rank 0 makes.

An allreduce passes the array around the ring twice, in as many pieces as there are members: in the first round the sums
are computed, in the second they are distributed. Each member sends and receives less than twice the size of the array,
for any number of members (Patarasuk and Yuan 2009, "Bandwidth Optimal All-reduce Algorithms for Clusters of
Workstations"). Each piece is summed in the same order, so every member has the same sum, bit for bit.
"""

from __future__ import annotations

import contextlib
import itertools
import pickle
import queue
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.distributed.communicator import Communicator, CommunicatorError

__all__ = ["RingCommunicator"]

_CONNECT_SECONDS = 60

Exchange = Callable[[str], list[str]]


class RingCommunicator(Communicator):
    """A member of a ring.

    Parameters
    ----------
    rank, size : int
    exchange : callable
        Every member calls it twice with a text; it returns the texts of all members, by rank.
    host : str, optional
        The name or address under which the others reach this member.

    Raises
    ------
    CommunicatorError
        If another member cannot be reached, or, in each operation, is lost.
    """

    def __init__(self, rank: int, size: int, exchange: Exchange, host: str | None = None) -> None:
        self.rank, self.size = rank, size
        self._next: Connection[Any, Any] | None = None
        self._previous: Connection[Any, Any] | None = None
        if size == 1:
            return
        # The key is exchanged first, because a listener needs it before it can accept.
        key = bytes.fromhex(exchange(secrets.token_hex(32) if rank == 0 else "")[0])
        host = host or _own_address()
        with Listener((host, 0), authkey=key) as listener:
            addresses = exchange(f"{host}:{listener.address[1]}")
            name, port = addresses[(rank + 1) % size].rsplit(":", 1)
            accepted: list[Any] = []
            stopped = threading.Event()
            accepting = threading.Thread(
                target=lambda: accepted.append(_attempt(lambda: _accept(listener, stopped))), daemon=True
            )
            accepting.start()
            connected = _attempt(lambda: Client((name, int(port)), authkey=key))
            if not isinstance(connected, BaseException):
                accepting.join(_CONNECT_SECONDS)
            missing = () if accepted else (TimeoutError("the member before this one does not connect"),)
            if missing:  # end the thread that accepts: it waits for a connection, whoever makes it
                stopped.set()
                with contextlib.suppress(OSError):
                    socket.create_connection(listener.address, timeout=1).close()
                accepting.join(1)
            for found in (connected, *accepted, *missing):
                if isinstance(found, BaseException):
                    raise CommunicatorError(
                        f"rank {rank} cannot connect to its neighbours in the ring: {found}; the machines must reach "
                        "one another by TCP"
                    ) from found
        self._next, self._previous = connected, accepted[0]
        _notice_lost_machines(connected)
        _notice_lost_machines(accepted[0])
        self._outgoing: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._send_error: BaseException | None = None
        self._sender = threading.Thread(target=self._send_all, daemon=True)
        self._sender.start()

    def close(self) -> None:
        """Send the waiting data and close the connections; the others then get a `CommunicatorError`."""
        if self._next is not None and self._previous is not None:
            self._outgoing.put(None)
            self._sender.join()
            self._previous.close()

    def abort(self, error: BaseException) -> None:
        for connection in (self._next, self._previous):
            if connection is not None:
                # A connection that is closed while another thread reads from it would leave that thread waiting.
                with contextlib.suppress(OSError), _socket_of(connection) as end:
                    end.shutdown(socket.SHUT_RDWR)

    def allreduce(self, array: NDArray[Any]) -> None:
        if self.size == 1:
            return
        flat = array.reshape(-1)
        bounds = [len(flat) * i // self.size for i in range(self.size + 1)]
        pieces = [flat[start:stop] for start, stop in itertools.pairwise(bounds)]
        for step in range(self.size - 1):
            self._send(pieces[(self.rank - step) % self.size].tobytes())
            piece = pieces[(self.rank - step - 1) % self.size]
            piece += np.frombuffer(self._receive(), dtype=array.dtype)
        for step in range(self.size - 1):
            self._send(pieces[(self.rank + 1 - step) % self.size].tobytes())
            piece = pieces[(self.rank - step) % self.size]
            piece[:] = np.frombuffer(self._receive(), dtype=array.dtype)

    def broadcast(self, value: Any) -> Any:
        if self.size == 1:
            return value
        if self.rank == 0:
            self._send(pickle.dumps(value))
            return value
        data = self._receive()
        if self.rank < self.size - 1:
            self._send(data)
        return pickle.loads(data)

    def gather(self, value: Any) -> list[Any] | None:
        if self.size == 1:
            return [value]
        if self.rank == 0:
            others: list[Any] = pickle.loads(self._receive())
            return [value, *others]
        before = [] if self.rank == 1 else pickle.loads(self._receive())
        self._send(pickle.dumps([*before, value]))
        return None

    def barrier(self) -> None:
        self.allreduce(np.zeros(1, dtype=np.int64))

    def _send(self, data: bytes) -> None:
        """Pass data to the thread that sends, because two members that send to each other would wait for each other."""
        if self._send_error is not None:
            raise CommunicatorError("the next member of the ring is lost") from self._send_error
        self._outgoing.put(data)

    def _send_all(self) -> None:
        assert self._next is not None
        while (data := self._outgoing.get()) is not None:
            try:
                self._next.send_bytes(data)
            except (OSError, ValueError) as error:
                self._send_error = error
                self.abort(error)  # so that the previous member does not wait
                return
        with contextlib.suppress(OSError):
            self._next.close()

    def _receive(self) -> bytes:
        assert self._previous is not None
        try:
            return self._previous.recv_bytes()
        except (EOFError, OSError) as error:
            self.abort(error)
            raise CommunicatorError("another member of the ring failed or was lost") from error


def _accept(listener: Listener, stopped: threading.Event) -> Connection[Any, Any]:
    """Return the connection of the first client that has the key."""
    while not stopped.is_set():
        with contextlib.suppress(AuthenticationError, EOFError):
            return listener.accept()
    raise TimeoutError("no member has connected")


def _attempt(function: Callable[[], Any]) -> Any:
    """Return the result of `function`, or its exception."""
    try:
        return function()
    except BaseException as error:
        return error


@contextlib.contextmanager
def _socket_of(connection: Any) -> Iterator[socket.socket]:
    """Return the socket of a connection, which the connection still owns."""
    end = socket.socket(fileno=connection.fileno())
    try:
        yield end
    finally:
        end.detach()


def _notice_lost_machines(connection: Any) -> None:
    """Make the system check that the other machine is there, because a machine without power closes no connection."""
    with _socket_of(connection) as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6)):
            if hasattr(socket, name):  # the default values of the system are some hours
                end.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _own_address() -> str:
    """Return the address of this machine that others can reach; no packet is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation, which no machine has
        return str(probe.getsockname()[0])
    return "127.0.0.1"
