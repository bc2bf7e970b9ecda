"""Run attempts for some time in a child process that the parent watches.

The child counts its attempts in memory that it shares with the parent. If the count stands still, the child hangs: the
parent lets it print where its threads are, and ends it. An exception in the child, and its death by a signal, are
failures too.
"""

from __future__ import annotations

import faulthandler
import logging
import mmap
import os
import pickle
import random
import select
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable

PATIENCE = 60.0  # seconds in which no attempt ends

Done = Callable[[str], None]
"""Called with what an attempt was, or how it ended."""

Attempts = Callable[[random.Random, Done], None]
"""Makes attempts, given random numbers and what to call after each; it is called again until the time is over."""


class FaultError(Exception):
    """The child process crashed, hung, or found a broken guarantee."""


def repeat(attempts: Attempts, seconds: float, seed: int = 0, patience: float = PATIENCE) -> Counter[str]:
    """Call `attempts` in a child process, again and again for some seconds; return what was counted.

    Raises
    ------
    FaultError
        If the child did not end well; its traceback is printed.
    """
    shared = mmap.mmap(-1, 8)
    sys.stdout.flush()
    with tempfile.TemporaryFile() as report:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                faulthandler.enable()
                faulthandler.register(signal.SIGUSR1, all_threads=True)
                logging.disable()
                warnings.simplefilter("ignore")
                report.write(pickle.dumps(_repeat(attempts, seconds, seed, shared)))
                report.flush()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        _watch(child, shared, patience)
        report.seek(0)
        counts: Counter[str] = pickle.loads(report.read())
    return counts


def _repeat(attempts: Attempts, seconds: float, seed: int, shared: mmap.mmap) -> Counter[str]:
    counts: Counter[str] = Counter()
    rng, end = random.Random(seed), time.monotonic() + seconds

    def done(what: str) -> None:
        counts[what] += 1
        struct.pack_into("<Q", shared, 0, counts.total())

    while time.monotonic() < end:
        attempts(rng, done)
    return counts


def _watch(child: int, shared: mmap.mmap, patience: float) -> None:
    descriptor = os.pidfd_open(child)
    try:
        seen, since = -1, time.monotonic()
        while not select.select([descriptor], [], [], 0.2)[0]:
            count = struct.unpack_from("<Q", shared)[0]
            if count != seen:
                seen, since = count, time.monotonic()
            elif time.monotonic() - since > patience:
                os.kill(child, signal.SIGUSR1)  # print the stacks of all threads
                time.sleep(1)
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise FaultError(f"hang after {count} attempts")
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(descriptor)
    if status < 0:
        raise FaultError(f"ended by signal {-status} after {struct.unpack_from('<Q', shared)[0]} attempts")
    if status:
        raise FaultError("a guarantee is broken; the traceback is above")


def in_grandchild(work: Callable[[], None], seconds: int = 30) -> None:
    """Call `work` in a forked process, which must end well within some seconds."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(seconds)
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status != -signal.SIGALRM, "a forked process hung"
    assert status == 0, f"a forked process ended with status {status}"


def n_descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


def summary(counts: Counter[str]) -> str:
    """Return counts in one line."""
    return ", ".join(f"{what} {count:,}" for what, count in sorted(counts.items()))
