"""SIGTERM as an interrupt, in a process that goes on with its model."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from fastw2v import Terminated, sigterm_as_interrupt
from helpers.fresh import run_fresh

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGTERM is POSIX's")

GOES_ON = """
    import os, signal, sys, threading
    import numpy as np
    from fastw2v import CallbackAny2Vec, Terminated, Word2Vec, sigterm_as_interrupt

    class Strike(CallbackAny2Vec):
        def on_epoch_begin(self, model):
            if model.wv.vectors[0, 0] != first:  # in the second epoch
                Strike.timer = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGTERM))
                Strike.timer.start()
                Strike.on_epoch_begin = CallbackAny2Vec.on_epoch_begin

    corpus = [[f"w{i * j % 50}" for j in range(20)] for i in range(1, 2001)]
    model = Word2Vec(vector_size=20, min_count=1, workers=2, sample=0)
    model.build_vocab(corpus)
    untrained, first = model.wv.vectors.copy(), model.wv.vectors[0, 0]
    try:
        with sigterm_as_interrupt():
            model.train(corpus, total_examples=len(corpus), epochs=1_000_000, callbacks=[Strike()])
    except Terminated:
        print("interrupted")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    Strike.timer.join()
    assert threading.active_count() == 1
    assert (model.wv.vectors != untrained).any()
    assert np.isfinite(model.wv.vectors).all()
    assert len(model.wv.most_similar("w1", topn=3)) == 3
    assert model.train(corpus, total_examples=len(corpus), epochs=1)[1] == 40_000
    model.build_vocab([["new", "w1"]] * 9, update=True)
    model.save(sys.argv[1])
    np.testing.assert_array_equal(Word2Vec.load(sys.argv[1]).wv.vectors, model.wv.vectors)
"""


@pytest.mark.slow
def test_the_process_goes_on_with_the_model_it_has(tmp_path):
    assert run_fresh(GOES_ON, tmp_path / "m") == "interrupted\n"
    assert os.listdir(tmp_path) == ["m"]


def test_it_is_a_keyboard_interrupt_within_and_the_default_after():
    with pytest.raises(KeyboardInterrupt) as raised, sigterm_as_interrupt():
        signal.raise_signal(signal.SIGTERM)
    assert raised.type is Terminated
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_that_is_set_already_stays():
    received = []
    signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        with sigterm_as_interrupt():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert received == [signal.SIGTERM]


def test_in_another_thread_it_changes_nothing():
    handlers = []

    def look():
        with sigterm_as_interrupt():
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert handlers == [signal.SIG_DFL]
