"""Worker threads: errors, interrupts, systems that allow no thread, and children of fork."""

import _thread
import itertools
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from fastw2v.common import parallel
from fastw2v.common.worker_pool import WorkerPool
from fastw2v.corpora import LineSentence, encode, scan
from fastw2v.text import file_reader
from helpers.threads import assert_threads_ended


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

        stop, begun = threading.Event(), threading.Event()
        pool = WorkerPool(stop.set)
        with pool.guard:
            pool.start(lambda: begun.set() or stop.wait())
            begun.wait()
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


# --- exceptions that another thread raises in a worker, as packages do that limit the time of a call


LOST = """
    import ctypes, logging, sys, _thread, threading
    logging.disable()
    sys.unraisablehook = lambda unraisable: None
    from fastw2v import Word2Vec
    from fastw2v.common import worker_pool, parallel

    def raise_in(thread):
        error = ctypes.py_object(ZeroDivisionError)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)

    def lost(pool, work):  # the worker never gets to the first step of `_run`
        raise_in(_thread.get_ident())
        for _ in range(1000):
            pass

    def lost_at_the_end(pool, work):
        work()
        lost(pool, work)

    worker_pool.WorkerPool._run = RUN
    corpus = [["a", "b", "c", "d"]] * 300
    model = Word2Vec(vector_size=8, min_count=1, workers=2)
    model.build_vocab(corpus)
    class Stream:
        def __iter__(self):
            return iter(corpus * 2000)
    for source in (corpus, Stream()):
        try:
            model.train(source, total_examples=300, epochs=1)
        except RuntimeError as error:
            assert "ended by an exception" in str(error), error
        else:
            raise AssertionError("no error")
    try:
        list(parallel.ordered_map(str, range(100), 2))
    except RuntimeError as error:
        assert "ended by an exception" in str(error), error
    print("done")
"""


@pytest.mark.parametrize("run", ["lost", "lost_at_the_end"])
def test_a_worker_that_an_exception_ends_outside_its_work_is_an_error(run):
    code = textwrap.dedent(LOST).replace("RUN", run)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


STRUCK = """
    import ctypes, logging, random, sys, threading, time
    logging.disable()
    sys.unraisablehook = lambda unraisable: None
    sys.setswitchinterval(1e-5)
    from fastw2v import Word2Vec
    corpus = [["a", "b", "c", "d"]] * 300
    model = Word2Vec(vector_size=8, min_count=1, workers=2, batch_words=100)
    model.build_vocab(corpus)
    class Stream:
        def __iter__(self):
            return iter(corpus)
    main, stop, strikes = threading.get_ident(), threading.Event(), 0

    def strike():
        global strikes
        error, own = ctypes.py_object(ZeroDivisionError), threading.get_ident()
        while not stop.is_set():
            for thread in list(sys._current_frames()):
                if thread not in (main, own):
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)
                    strikes += 1
            time.sleep(random.random() * 1e-4)

    striker = threading.Thread(target=strike)
    striker.start()
    end, trained, failed = time.monotonic() + SECONDS, 0, 0
    while time.monotonic() < end:
        try:
            model.train(random.choice([corpus, Stream()]), total_examples=300, epochs=1)
            trained += 1
        except (ZeroDivisionError, RuntimeError):
            failed += 1
    stop.set()
    striker.join()
    assert model.train(corpus, total_examples=300, epochs=1)[1] == 1200
    assert failed, (trained, strikes)
    print("survived", strikes, trained, failed)
"""


@pytest.mark.parametrize("seconds", [0.5, pytest.param(20, marks=pytest.mark.slow)])
def test_exceptions_in_workers_at_any_moment_do_not_make_the_caller_wait(seconds):
    code = textwrap.dedent(STRUCK).replace("SECONDS", str(seconds))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("survived")
