"""Run inputs in a child process that the parent watches.

The child tries one input after another. The current input is in memory that it shares with the parent, so that the
parent still has it if it crashes the child. A limit of the address space turns unbounded allocation into a
`MemoryError`, which is a failure unless a target documents it. An input that takes longer than the timeout is a hang.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import mmap
import os
import pickle
import resource
import select
import signal
import struct
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

MAX_INPUT_SIZE = 1 << 20
MEMORY = 1 << 30  # bytes in addition to those of the parent; inputs are no larger than a few KiB
TIMEOUT = 60.0  # seconds for one input, which normally takes milliseconds
REPORT_EVERY = 200


class Source(Protocol):
    """An iterator of inputs that may adapt to their outcomes."""

    def __next__(self) -> bytes: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def report(self, data: bytes, outcome: str) -> bool: ...  # returns whether the outcome is new
    def skip(
        self, used: int
    ) -> None: ...  # called in the parent, whose copy did not see the inputs of the child


@dataclass
class Tally:
    """The outcomes of some inputs."""

    inputs: int = 0
    seconds: float = 0.0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)  # by type of exception
    failures: list[tuple[str, bytes]] = field(default_factory=list)  # crashes, hangs, undocumented exceptions
    found: dict[str, bytes] = field(default_factory=dict)  # the first input of each outcome

    def add(self, other: Tally) -> None:
        """Add the outcomes of other inputs."""
        self.inputs += other.inputs
        self.seconds += other.seconds
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.failures += other.failures
        self.found = {**other.found, **self.found}

    def line(self, name: str) -> str:
        """Return a summary in one line."""
        rate = self.inputs / self.seconds if self.seconds else 0
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.rejected.items()))
        return (
            f"{name:<12} {self.inputs:>9,} inputs {rate:>8,.0f}/s  accepted {self.accepted:,}, rejected: {kinds or 0}; "
            f"outcomes {len(self.found)}, failures {len(self.failures)}"
        )


def outcome_of(error: BaseException) -> str:
    """Return the type of an exception and the last line of fastw2v in its traceback."""
    location, trace = "", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "fastw2v" in name:
            location = f"{os.path.basename(name)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} {location}"


def try_all(
    source: Source,
    parse: Callable[[bytes], Any],
    exceptions: tuple[type[BaseException], ...],
    inputs: int,
    seconds: float = float("inf"),
    memory: int = MEMORY,
    timeout: float = TIMEOUT,
) -> Tally:
    """Call `parse` with `inputs` inputs of `source` in a child process; replace the child whenever it ends early.

    Parameters
    ----------
    source : Source
    parse : callable
        Returns a short description of the result, or raises one of `exceptions`.
    exceptions : tuple of exception types
        The documented exceptions. Any other exception is a failure.
    inputs : int
    seconds : float
        Maximum duration.
    memory : int
        Number of bytes that the child may allocate.
    timeout : float
        Number of seconds after which one input counts as a hang.
    """
    total = Tally()
    end = time.monotonic() + seconds
    while total.inputs < inputs and time.monotonic() < end and len(total.failures) < 20:
        total.add(_one_child(source, parse, exceptions, inputs - total.inputs, end, memory, timeout))
        source.skip(total.inputs)
    return total


def _one_child(
    source: Source,
    parse: Callable[[bytes], Any],
    exceptions: tuple[type[BaseException], ...],
    inputs: int,
    end: float,
    memory: int,
    timeout: float,
) -> Tally:
    started = time.monotonic()
    shared = mmap.mmap(-1, MAX_INPUT_SIZE + 16)
    with tempfile.TemporaryFile() as report:
        child = os.fork()
        if child == 0:
            faulthandler.disable()  # the parent reports crashes
            status = 1
            with contextlib.suppress(BaseException):
                _limit(memory)
                tally = _run_inputs(source, parse, exceptions, inputs, end, shared)
                report.write(pickle.dumps(tally))
                report.flush()
                status = 0
            os._exit(status)
        status = _watch(child, shared, timeout)
        count, length = struct.unpack_from("<QQ", shared)
        last = shared[16 : 16 + length]
        if status == 0:
            report.seek(0)
            tally: Tally = pickle.loads(report.read())
        else:
            what = (
                "hang"
                if status == -signal.SIGXCPU
                else f"ended by signal {-status}"
                if status < 0
                else "died"
            )
            tally = Tally(inputs=count + 1, failures=[(what, last)])
    tally.seconds = time.monotonic() - started
    return tally


def _limit(memory: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(child: int, shared: mmap.mmap, timeout: float) -> int:
    """Wait for the child and return its exit status: the negative signal that ended it, or -SIGXCPU for a hang."""
    descriptor = os.pidfd_open(child)
    try:
        seen, since = -1, time.monotonic()
        while not select.select([descriptor], [], [], 0.5)[0]:
            count = struct.unpack_from("<Q", shared)[0]
            if count != seen:
                seen, since = count, time.monotonic()
            elif time.monotonic() - since > timeout:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return -signal.SIGXCPU
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(descriptor)


def _run_inputs(
    source: Source,
    parse: Callable[[bytes], Any],
    exceptions: tuple[type[BaseException], ...],
    inputs: int,
    end: float,
    shared: mmap.mmap,
) -> Tally:
    logging.disable()
    warnings.simplefilter("ignore")
    tally = Tally()
    for data in source:
        struct.pack_into("<QQ", shared, 0, tally.inputs, len(data))
        shared[16 : 16 + len(data)] = data
        try:
            outcome = f"accepted {parse(data)}"
            tally.accepted += 1
        except exceptions as error:
            outcome = outcome_of(error)
            tally.rejected[type(error).__name__] += 1
        except BaseException as error:
            outcome = outcome_of(error)
            tally.failures.append((f"{outcome}: {error!s:.200}", data))
            if len(tally.failures) > 10:
                break
        tally.inputs += 1
        if source.report(data, outcome):
            tally.found[outcome] = data
        if tally.inputs >= inputs or (tally.inputs % REPORT_EVERY == 0 and time.monotonic() > end):
            break
    return tally


class FixedInputs:
    """A source of given inputs."""

    def __init__(self, inputs: list[bytes]) -> None:
        self._all = inputs
        self._inputs = iter(inputs)
        self._outcomes: set[str] = set()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._inputs)

    def skip(self, used: int) -> None:
        self._inputs = iter(self._all[used:])

    def report(self, data: bytes, outcome: str) -> bool:
        new = outcome not in self._outcomes
        self._outcomes.add(outcome)
        return new
