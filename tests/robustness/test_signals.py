"""Signal handlers that use the model that the interrupted code uses, and interrupts at any moment."""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
import textwrap

import pytest

from fastw2v import Word2Vec
from helpers.parameters import one_in
from helpers.threads import in_thread

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals by a POSIX timer")
SECONDS = pytest.mark.parametrize("seconds", [0.5, pytest.param(15, marks=pytest.mark.slow)])

PRELUDE = """
    import _thread, logging, random, signal, sys, threading, time
    import numpy as np
    logging.disable()
    from fastw2v import Word2Vec
    from fastw2v.common.locks import ExclusiveLock

    def in_thread(function):
        results = []
        def run():
            try:
                results.append(function())
            except BaseException as error:
                results.append(error)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(60)
        return results[0]

    corpus = [["a", "b", "c", "d"]] * 300
    def built():
        model = Word2Vec(vector_size=8, min_count=1, workers=2, sample=0)
        model.build_vocab(corpus)
        return model

    def train(model):
        return model.train(corpus, total_examples=300, epochs=1)

    random = random.Random(1)
    end = time.monotonic() + SECONDS
"""

HANDLER_USES_THE_MODEL = """
    model, n_signals, new_words = built(), 0, 4
    outcomes = {"done": 0, "refused": 0}

    def handle(signum, frame):
        global n_signals, new_words
        n_signals += 1
        try:
            if random.random() < 0.5:
                train(model)
            else:
                model.build_vocab([[f"h{n_signals}"]], update=True)
                new_words += 1
            outcomes["done"] += 1
        except RuntimeError as error:
            assert "build_vocab()" in str(error), error
            outcomes["refused"] += 1
        signal.setitimer(signal.ITIMER_REAL, random.random() * 2e-3 + 1e-6)

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 1e-3)
    rounds = 0
    while time.monotonic() < end:
        rounds += 1
        train(model)
        model.build_vocab([[f"m{rounds}"]] * 20, update=True)
        new_words += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    assert outcomes["done"] and outcomes["refused"], outcomes
    assert len(model.wv) == len(model.wv.key_to_index) == len(model.wv.vectors) == len(model.syn1neg) == new_words
    assert in_thread(lambda: train(model)[1]) == 1200
    print("survived")
"""

INTERRUPTS_OF_THE_LOCK = """
    lock, interrupts = ExclusiveLock("held by another thread"), 0

    def strike(signum, frame):
        global interrupts
        if striking:
            interrupts += 1
            raise KeyboardInterrupt

    def acquire():
        with lock.hold():
            return "acquired"

    striking = False
    signal.signal(signal.SIGALRM, strike)
    while time.monotonic() < end:
        try:
            striking = True
            signal.setitimer(signal.ITIMER_REAL, random.random() * 1e-4 + 1e-6)
            while True:
                with lock.hold():
                    with lock.hold():
                        pass
        except KeyboardInterrupt:
            striking = False
        assert not lock.held
        if interrupts % 50 == 0:
            assert in_thread(acquire) == "acquired", interrupts
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert in_thread(acquire) == "acquired"
    assert interrupts > 200 * SECONDS, interrupts
    print("survived")
"""

INTERRUPTS_OF_THE_MODEL = """
    model, interrupts, striking, rounds, kept = built(), 0, False, 0, None

    def strike(signum, frame):
        global interrupts
        if striking:
            interrupts += 1
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, strike)
    while time.monotonic() < end:
        rounds += 1
        try:
            striking = True
            signal.setitimer(signal.ITIMER_REAL, random.random() * 2e-3 + 1e-6)
            if rounds % 2:
                model.build_vocab([[f"w{rounds}"]] * 20, update=True)
            else:
                train(model)
            striking = False
        except KeyboardInterrupt as error:
            striking, kept = False, error  # an interactive interpreter keeps it, too
        if rounds % 20 == 0 or kept is not None:
            result = in_thread(lambda: train(model)[1])
            assert result == 1200, result
            result = in_thread(lambda: len(model.__getstate__()))
            assert result > 20, result
            kept = None
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert interrupts > 10 * SECONDS, interrupts
    print("survived")
"""


@SECONDS
@pytest.mark.parametrize(
    "code", one_in(3, [HANDLER_USES_THE_MODEL, INTERRUPTS_OF_THE_LOCK, INTERRUPTS_OF_THE_MODEL], first=2),
    ids=["handler", "lock", "model"],
)  # fmt: skip
def test_signals_at_any_moment_leave_no_lock_behind(code, seconds):
    code = textwrap.dedent(PRELUDE + code).replace("SECONDS", str(seconds))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr


def evict(model):
    model.max_words, model.count_decay = 4, 0.5
    model.build_vocab([["x", "y"]] * 30, update=True)


def train_stream(model):
    model.max_words = 4
    model.train_stream([*CORPUS, *[["x", "y"]] * 30], chunk_words=70)


CALLS = {
    "an update of the vocabulary": lambda model: model.build_vocab([["x", "y"]] * 3, update=True),
    "an update that evicts words": evict,
    "a training": lambda model: model.train(CORPUS, total_examples=20, epochs=1),
    "a stream": train_stream,
}
CORPUS = [["a", "b", "c", "d"]] * 20


def interrupted(call, number):
    """Call `call`, with a KeyboardInterrupt at the instruction `number` of its Python code; return that, or None."""
    n_begun = 0

    def trace(frame, event, argument):
        nonlocal n_begun
        # An interrupt within the standard library's own code can leave a lock of `logging` held for all tests.
        if "fastw2v" not in frame.f_code.co_filename and frame.f_code.co_filename != contextlib.__file__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            n_begun += 1
            if n_begun == number:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    logging.disable()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt as error:
        return error
    finally:
        sys.settrace(None)
        logging.disable(logging.NOTSET)
    return None


# Files that an interrupt left open.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("step", [907, pytest.param(23, marks=pytest.mark.slow)])
@pytest.mark.parametrize("call", one_in(3, CALLS.values(), first=1), ids=CALLS)
def test_an_interrupt_at_any_instruction_leaves_a_whole_model_however_long_its_traceback_is_kept(call, step):
    def trained(model):
        assert model.train(CORPUS, total_examples=20, epochs=1)[1] == 80

    number, was_interrupted = 1, True
    while was_interrupted:
        model = Word2Vec(vector_size=4, min_count=1, workers=1, sample=0, hs=1)
        model.build_vocab(CORPUS)
        kept = interrupted(lambda model=model: call(model), number)
        state = in_thread(model.__getstate__)
        assert isinstance(state, dict), (number, state)
        trained(model)
        model.build_vocab([["z"]] * 5, update=True)
        words = list(model.wv.index_to_key)
        was_interrupted, kept = kept is not None, None  # Python now closes what the interrupt left open
        assert model.wv.index_to_key == words, number
        trained(model)
        assert model._session is None, number
        number += step
    assert number > 3_000  # the calls have about 10,000 instructions
