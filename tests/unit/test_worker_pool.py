"""Worker threads: errors, interrupts, systems that allow no thread, and children of fork."""

import _thread
import itertools
import os
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from fastw2v.common import parallel
from fastw2v.common.worker_pool import WorkerPool
from fastw2v.corpora import LineSentence, encode, scan
from fastw2v.text import file_reader


def assert_threads_ended(before=0):
    deadline = time.monotonic() + 10
    while _thread._count() > before and time.monotonic() < deadline:
        time.sleep(0.001)
    assert _thread._count() == before


@pytest.fixture
def no_threads(monkeypatch):
    """The system allows no thread."""

    def refuse(function, arguments):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)


def test_the_first_error_stops_the_others_and_is_raised():
    stop = threading.Event()
    pool = WorkerPool(stop.set)

    def fail():
        raise ZeroDivisionError("mine")

    try:
        with pool.guard:
            pool.start(lambda: stop.wait(30))
            pool.start(fail)
            while pool.busy(0.05):
                pass
    finally:
        pool.shutdown()
    with pytest.raises(ZeroDivisionError, match="mine"):
        pool.raise_error()
    assert_threads_ended()


def test_releasing_the_guard_stops_the_work_even_without_shutdown():
    stop = threading.Event()
    pool = WorkerPool(stop.set)

    def work_until_interrupted():
        with pool.guard:
            pool.start(lambda: stop.wait(30))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work_until_interrupted()
    assert stop.wait(10)
    assert_threads_ended()


def test_a_pool_without_threads_shuts_down():
    pool = WorkerPool(lambda: None)
    assert not pool.busy(1)
    pool.shutdown()
    pool.raise_error()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX's")
def test_a_child_of_fork_does_not_wait_for_threads_of_its_parent():
    code = """
        import os, signal, threading
        from fastw2v.common.worker_pool import WorkerPool

        stop = threading.Event()
        pool = WorkerPool(stop.set)
        with pool.guard:
            pool.start(stop.wait)
            while not pool._begun:
                pass
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                assert not pool.busy(10)
                pool.shutdown()
                os._exit(0)
            _, status = os.waitpid(child, 0)
            assert pool.busy(0)
        pool.shutdown()
        assert status == 0, status
        print("done")
    """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_an_error_of_the_items_is_raised_after_the_results_before_it(workers):
    def items():
        yield from range(10)
        raise ZeroDivisionError("of the items")

    results = parallel.ordered_map(str, items(), workers)
    assert list(itertools.islice(results, 10)) == list(map(str, range(10)))
    with pytest.raises(ZeroDivisionError, match="of the items"):
        next(results)
    assert_threads_ended()


def test_each_function_gets_its_items_in_order():
    seen = [[] for _ in range(4)]
    functions = [items.append for items in seen]
    assert list(parallel.ordered_map_by(functions, range(1000))) == [None] * 1000
    assert all(items == sorted(items) for items in seen)
    assert sorted(itertools.chain(*seen)) == list(range(1000))


def test_closing_early_ends_the_threads():
    results = parallel.ordered_map(str, itertools.count(), 3)
    assert next(results) == "0"
    results.close()
    assert_threads_ended()


def test_without_threads_the_calling_thread_does_the_work(no_threads):
    assert list(parallel.ordered_map(str, range(100), 4)) == list(map(str, range(100)))


@pytest.mark.parametrize("allowed", range(1, 6))
def test_fewer_threads_than_asked_for_do_the_work(monkeypatch, allowed):
    start, started = _thread.start_new_thread, []

    def some(function, arguments):
        if len(started) == allowed:
            raise RuntimeError("can't start new thread")
        started.append(None)
        return start(function, arguments)

    monkeypatch.setattr(_thread, "start_new_thread", some)
    assert list(parallel.ordered_map(str, range(100), 8)) == list(map(str, range(100)))
    assert_threads_ended()


def test_text_is_read_without_threads(tmp_path, monkeypatch, no_threads):
    path = tmp_path / "text"
    path.write_text("some words and more\n" * 1000)
    monkeypatch.setattr(file_reader, "BLOCK_SIZE", 100)
    reader = LineSentence(path)
    assert scan(reader).counts == dict.fromkeys(["some", "words", "and", "more"], 1000)
    assert encode(reader, {"more": 3}).n_tokens == 1000
