"""A child process that tries one input after another, and a parent that notices how it ends.

The input at hand lies in memory that both share, so that it survives the crash that it causes. A limit of address
space turns unbounded memory into a `MemoryError`, which no target may raise; an input that takes longer than the
parent's patience is a hang.
"""

from __future__ import annotations

import contextlib
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

LARGEST_INPUT = 1 << 20
MEMORY = 1 << 30  # bytes beyond what the parent has: no input here is larger than a few KiB
PATIENCE = 60.0  # seconds for one input, which takes milliseconds
REPORT_EVERY = 200


class Source(Protocol):
    """Where inputs come from; it may learn from what they led to."""

    def __next__(self) -> bytes: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def learn(self, data: bytes, outcome: str) -> bool: ...
    def go_on(self, used: int) -> None: ...  # in the parent, which never saw the inputs that its child took


@dataclass
class Tally:
    """What became of some inputs."""

    inputs: int = 0
    seconds: float = 0.0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by kind of exception
    failures: list[tuple[str, bytes]] = field(default_factory=list)  # crashes, hangs, undocumented exceptions
    found: dict[str, bytes] = field(default_factory=dict)  # the first input of each outcome

    def add(self, other: Tally) -> None:
        self.inputs += other.inputs
        self.seconds += other.seconds
        self.accepted += other.accepted
        self.refused += other.refused
        self.failures += other.failures
        self.found = {**other.found, **self.found}

    def line(self, name: str) -> str:
        rate = self.inputs / self.seconds if self.seconds else 0
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.refused.items()))
        return (
            f"{name:<12} {self.inputs:>9,} inputs {rate:>8,.0f}/s  loaded {self.accepted:,}, refused: {kinds or 0}; "
            f"outcomes {len(self.found)}, failures {len(self.failures)}"
        )


def outcome_of(error: BaseException) -> str:
    """The kind of an exception and the last place of this package that it passed."""
    place, trace = "", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "fastw2v" in name:
            place = f"{os.path.basename(name)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} {place}"


def try_all(
    source: Source,
    act: Callable[[bytes], Any],
    kinds: tuple[type[BaseException], ...],
    inputs: int,
    seconds: float = float("inf"),
    memory: int = MEMORY,
    patience: float = PATIENCE,
) -> Tally:
    """Let a child call `act` with inputs of `source`; one that ends early is replaced until there were `inputs`.

    Parameters
    ----------
    source : Source
    act : callable
        Returns something that tells what was made of the input, or raises one of `kinds`.
    kinds : tuple of exception types
        The documented refusals.
    inputs : int
    seconds : float
        Stop after so long.
    memory : int
        Bytes that may be allocated.
    patience : float
        Seconds after which one input counts as a hang.
    """
    total = Tally()
    end = time.monotonic() + seconds
    while total.inputs < inputs and time.monotonic() < end and len(total.failures) < 20:
        total.add(_one_child(source, act, kinds, inputs - total.inputs, end, memory, patience))
        source.go_on(total.inputs)
    return total


def _one_child(
    source: Source,
    act: Callable[[bytes], Any],
    kinds: tuple[type[BaseException], ...],
    inputs: int,
    end: float,
    memory: int,
    patience: float,
) -> Tally:
    started = time.monotonic()
    shared = mmap.mmap(-1, LARGEST_INPUT + 16)
    with tempfile.TemporaryFile() as report:
        child = os.fork()
        if child == 0:
            status = 1
            with contextlib.suppress(BaseException):
                _limit(memory)
                tally = _work(source, act, kinds, inputs, end, shared)
                report.write(pickle.dumps(tally))
                report.flush()
                status = 0
            os._exit(status)
        status = _watch(child, shared, patience)
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
    most = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(child: int, shared: mmap.mmap, patience: float) -> int:
    """Wait for the child; negative is the signal that ended it, SIGXCPU standing for a hang."""
    descriptor = os.pidfd_open(child)
    try:
        seen, since = -1, time.monotonic()
        while not select.select([descriptor], [], [], 0.5)[0]:
            count = struct.unpack_from("<Q", shared)[0]
            if count != seen:
                seen, since = count, time.monotonic()
            elif time.monotonic() - since > patience:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return -signal.SIGXCPU
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(descriptor)


def _work(
    source: Source,
    act: Callable[[bytes], Any],
    kinds: tuple[type[BaseException], ...],
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
            outcome = f"made {act(data)}"
            tally.accepted += 1
        except kinds as error:
            outcome = outcome_of(error)
            tally.refused[type(error).__name__] += 1
        except BaseException as error:
            outcome = outcome_of(error)
            tally.failures.append((f"{outcome}: {error!s:.200}", data))
            if len(tally.failures) > 10:
                break
        tally.inputs += 1
        if source.learn(data, outcome):
            tally.found[outcome] = data
        if tally.inputs >= inputs or (tally.inputs % REPORT_EVERY == 0 and time.monotonic() > end):
            break
    return tally


class Listed:
    """A source of inputs that are known beforehand."""

    def __init__(self, inputs: list[bytes]) -> None:
        self._all = inputs
        self._inputs = iter(inputs)
        self._outcomes: set[str] = set()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._inputs)

    def go_on(self, used: int) -> None:
        self._inputs = iter(self._all[used:])

    def learn(self, data: bytes, outcome: str) -> bool:
        new = outcome not in self._outcomes
        self._outcomes.add(outcome)
        return new
