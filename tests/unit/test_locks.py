"""Locks that no exception leaves held."""

from __future__ import annotations

import copy
import os
import pickle
import sys
import threading

import pytest

from fastw2v.common.locks import ExclusiveLock, holding
from helpers.threads import in_thread


@pytest.fixture
def lock():
    return ExclusiveLock("another thread is at work")


def acquire_and_release(lock):
    with lock.hold():
        return "acquired"


def test_another_thread_gets_an_error_at_once(lock):
    with lock.hold():
        error = in_thread(lambda: acquire_and_release(lock))
        assert isinstance(error, RuntimeError)
        assert str(error) == "another thread is at work"
    assert in_thread(lambda: acquire_and_release(lock)) == "acquired"


def test_the_same_thread_may_acquire_it_again(lock):
    with lock.hold(), lock.hold():
        assert lock.held
    assert not lock.held
    with lock.hold():
        with lock.hold():
            pass
        assert lock.held
        assert isinstance(in_thread(lambda: acquire_and_release(lock)), RuntimeError)


def test_it_is_held_by_the_thread_that_acquired_it_only(lock):
    with lock.hold():
        assert in_thread(lambda: lock.held) is False


def test_an_error_releases_it(lock):
    with pytest.raises(ZeroDivisionError), lock.hold():
        raise ZeroDivisionError
    assert in_thread(lambda: acquire_and_release(lock)) == "acquired"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX's")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_process_does_not_inherit_a_lock_of_another_thread(lock):
    acquired, done = threading.Event(), threading.Event()

    def hold():
        with lock.hold():
            acquired.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    acquired.wait(30)
    child = os.fork()
    if child == 0:
        # A new thread may get the identity of the thread that held the lock in the parent.
        held = any(in_thread(lambda: lock.held) for _ in range(20))
        os._exit(0 if not held and acquire_and_release(lock) == "acquired" else 1)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert status == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX's")
def test_the_thread_that_forks_keeps_its_lock_in_the_child(lock):
    with lock.hold():
        child = os.fork()
        if child == 0:
            refused = isinstance(in_thread(lambda: acquire_and_release(lock)), RuntimeError)
            os._exit(0 if lock.held and refused else 1)
        _, status = os.waitpid(child, 0)
    assert status == 0


def test_an_acquisition_whose_block_is_not_entered_ends_when_it_is_deleted(lock):
    """A signal handler may raise between the call of ``__enter__`` and the block."""
    hold = lock.hold()
    hold.__enter__()
    assert lock.held
    del hold
    assert not lock.held
    assert in_thread(lambda: acquire_and_release(lock)) == "acquired"


@pytest.mark.parametrize(
    "make_copy", [copy.copy, copy.deepcopy, lambda lock: pickle.loads(pickle.dumps(lock))]
)
def test_a_copy_is_a_lock_of_its_own_that_nobody_holds(lock, make_copy):
    with lock.hold():
        other = make_copy(lock)
        assert in_thread(lambda: acquire_and_release(other)) == "acquired"
    with other.hold():
        error = in_thread(lambda: acquire_and_release(other))
    assert str(error) == "another thread is at work"


def is_free(lock):
    """Return whether another thread can acquire a lock of `threading`."""

    def acquired_and_released():
        acquired = lock.acquire(blocking=False)
        if acquired:
            lock.release()
        return acquired

    return in_thread(acquired_and_released)


@pytest.mark.parametrize("kind", [threading.Lock, threading.RLock])
def test_a_lock_of_threading_is_held_while_the_block_runs(kind):
    lock = kind()
    with holding(lock):
        assert not is_free(lock)
    assert is_free(lock)
    with pytest.raises(ZeroDivisionError), holding(lock):
        raise ZeroDivisionError
    assert is_free(lock)


def test_a_reentrant_lock_is_held_until_the_outer_block_ends():
    lock = threading.RLock()
    with holding(lock):
        with holding(lock):
            pass
        assert not is_free(lock)
    assert is_free(lock)


def test_a_lock_of_threading_whose_block_is_not_entered_is_released():
    lock = threading.RLock()
    held = holding(lock)
    held.__enter__()
    assert not is_free(lock)
    del held
    assert is_free(lock)


def test_an_exception_at_any_instruction_releases_a_lock_of_threading():
    lock = threading.RLock()

    def hold():
        with holding(lock):
            len([])

    def interrupted(number):
        """Raise a KeyboardInterrupt at the instruction `number` of `hold`; return whether it has so many."""

        def trace(frame, event, argument):
            nonlocal number
            frame.f_trace_opcodes = True
            if event == "opcode":
                number -= 1
                if number < 0:
                    sys.settrace(None)
                    raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            hold()
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(None)
        return False

    number = 0
    while interrupted(number):
        assert is_free(lock), number
        number += 1
    assert number > 8
