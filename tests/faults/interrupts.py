"""Interrupted calls: signal handlers that raise, train or save, and exceptions that other threads raise, at any moment.

After each interrupted call, no thread runs on, no lock is held, no descriptor is open, and the model works.
"""

from __future__ import annotations

import _thread
import ctypes
import gc
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastw2v import Word2Vec

from . import use, watched
from .watched import Done

CHECK_EVERY = 10  # interrupted calls


class Strike(BaseException):
    """What interrupts a call."""


def _operations(directory: str) -> dict[str, Callable[[Word2Vec], Any]]:
    return use.OPERATIONS | use.files_in(directory)


def _in_strike(error: BaseException | None) -> bool:
    """Return whether an exception is a strike or was raised because of one."""
    while error is not None:
        if isinstance(error, Strike):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def _nothing_left() -> Iterator[None]:
    """Context manager: afterwards there are no more threads and descriptors than before, at the latest soon."""
    gc.collect()
    descriptors, threads = watched.n_descriptors(), _thread._count()
    yield
    deadline = time.monotonic() + 20
    while watched.n_descriptors() > descriptors or _thread._count() > threads:
        found = watched.n_descriptors(), _thread._count()
        assert time.monotonic() < deadline, (
            f"{found} descriptors and threads, {(descriptors, threads)} before"
        )
        gc.collect()
        time.sleep(0.01)


@contextmanager
def _alarms(handler: Callable[[], None], rng: random.Random, again: bool) -> Iterator[list[bool]]:
    """Context manager: a signal arrives within it, or, with `again`, one after another, while the list holds True."""
    armed = [True]

    def handle(signum: int, frame: object) -> None:
        if armed[0]:
            armed[0] = False
            handler()
            armed[0] = again
            if again:
                signal.setitimer(signal.ITIMER_REAL, 1e-4 + 5e-3 * rng.random())

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 1e-6 + rng.choice((2e-4, 2e-3, 2e-2)) * rng.random())
    try:
        yield armed
    finally:
        armed[0] = False
        signal.setitimer(signal.ITIMER_REAL, 0)


def handler_raises(rng: random.Random, done: Done) -> None:
    """Interrupt calls of the main thread by a handler that raises."""

    def strike() -> None:
        raise Strike

    with tempfile.TemporaryDirectory() as directory:
        subject, operations = use.model(), _operations(directory)
        use.check_usable(subject)
        with _nothing_left():
            for _ in range(CHECK_EVERY):
                _, operation = use.any_of(rng, operations)
                try:
                    with _alarms(strike, rng, again=False):
                        operation(subject)
                except BaseException as error:
                    if not _in_strike(error):
                        raise
                    error.__traceback__ = None
                    done("interrupted")
                    use.check_rows(subject)
                else:
                    done("not interrupted")
        use.check_usable(subject)


def _handler_works(work: Callable[[Word2Vec, str], Any]) -> watched.Attempts:
    def attempts(rng: random.Random, done: Done) -> None:
        with tempfile.TemporaryDirectory() as directory:
            subject, operations = use.model(), _operations(directory)
            use.check_usable(subject)

            def handle() -> None:
                try:
                    work(subject, directory)
                    done("handler worked")
                except RuntimeError as error:
                    if "build_vocab()" not in str(error) and "words are being changed" not in str(error):
                        raise
                    done("handler refused")

            with _nothing_left():
                for _ in range(CHECK_EVERY):
                    _, operation = use.any_of(rng, operations)
                    with _alarms(handle, rng, again=True):
                        try:
                            operation(subject)
                        except RuntimeError as error:
                            # The rows moved, or the vocabulary grew, while the call used them.
                            if not any(
                                part in str(error) for part in ("again", "replaced", "sorted", "grow")
                            ):
                                raise
                            done("call refused")
                    done("calls")
                    use.check_rows(subject)
            use.check_usable(subject)

    return attempts


def _train_or_grow(subject: Word2Vec, directory: str) -> None:
    if len(subject.wv) % 2:
        use.train(subject)
    else:
        use.grow(subject)


def asynchronous(rng: random.Random, done: Done) -> None:
    """Raise exceptions in a thread that calls fastw2v, and in the threads that fastw2v has started."""
    sys.unraisablehook = lambda unraisable: None  # Python reports what ends a thread
    threading.excepthook = lambda arguments: None
    with tempfile.TemporaryDirectory() as directory:
        subject, operations = use.model(), _operations(directory)
        use.check_usable(subject)
        with _nothing_left():
            for _ in range(CHECK_EVERY):
                name, operation = use.any_of(rng, operations)
                failures: list[BaseException] = []

                def call(operation: Any = operation, failures: Any = failures) -> None:
                    try:
                        operation(subject)
                    except BaseException as caught:
                        caught.__traceback__ = None
                        failures.append(caught)

                others = set(sys._current_frames())
                thread = threading.Thread(target=call)
                thread.start()
                time.sleep(rng.choice((1e-4, 2e-3, 2e-2)) * rng.random())
                mine = [number for number in sys._current_frames() if number not in others]
                if mine:
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(rng.choice(mine)), ctypes.py_object(Strike)
                    )
                thread.join(watched.PATIENCE)
                assert not thread.is_alive(), f"{name} hangs"
                for error in failures:
                    if not _in_strike(error) and "thread was ended by an exception" not in str(error):
                        raise AssertionError(f"{name} raised {error!r}") from error
                done("interrupted" if failures else "not interrupted")
                use.check_rows(subject)
        use.check_usable(subject)


KINDS: dict[str, watched.Attempts] = {
    "handler that raises": handler_raises,
    "handler that trains and grows": _handler_works(_train_or_grow),
    "handler that saves": _handler_works(lambda subject, directory: subject.save(f"{directory}/handler")),
    "exceptions of other threads": asynchronous,
}


def main(seconds: float, seed: int) -> None:
    """Run each kind for some seconds, and print what was tried."""
    for name, attempts in KINDS.items():
        counts = watched.repeat(attempts, seconds, seed)
        print(f"{name}: {watched.summary(counts)}; 0 hangs, locks, threads or descriptors left", flush=True)
