"""Systems that allow few threads or none, and code that runs when the interpreter is about to end."""

from __future__ import annotations

import _thread
import subprocess
import sys

import numpy as np
import pytest

from fastw2v import KeyedVectors, Word2Vec

pytestmark = pytest.mark.slow  # starts many interpreters

CORPUS = [["a", "b", "c", "d"]] * 300
SMALL = {"vector_size": 8, "min_count": 1, "sample": 0, "batch_words": 100}
N_KEYS = 100_000  # large enough for threads in every function that has some


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same large store in several formats."""
    folder = tmp_path_factory.mktemp("stores")
    kv = KeyedVectors(100)
    kv.add_vectors(
        [f"w{i}" for i in range(N_KEYS)], np.random.default_rng(0).random((N_KEYS, 100), np.float32)
    )
    kv.save(folder / "native")
    kv.save_gensim(folder / "gensim")
    kv.save_word2vec_format(folder / "binary", binary=True)
    kv.save_word2vec_format(folder / "text")
    return folder


USE = """
import os, sys
import numpy as np
from fastw2v import KeyedVectors

def use():
    folder = sys.argv[1]
    for load in (
        lambda: KeyedVectors.load(f"{folder}/native"),
        lambda: KeyedVectors.load(f"{folder}/gensim"),
        lambda: KeyedVectors.load_word2vec_format(f"{folder}/binary", binary=True),
        lambda: KeyedVectors.load_word2vec_format(f"{folder}/text"),
    ):
        kv = load()
        assert len(kv) == 100_000
        assert len(kv.most_similar("w7")) == 10
    kv.save_word2vec_format(os.devnull)
    print("used")
"""

NO_THREADS = """
import _thread
def refuse(function, arguments):
    raise RuntimeError("can't start new thread")
_thread.start_new_thread = refuse
use()
"""
AT_EXIT = """
import atexit
atexit.register(use)
"""
AFTER_THE_MAIN_THREAD = """
import threading
def wait_and_use():
    threading.main_thread().join()
    use()
threading.Thread(target=wait_and_use).start()
"""


@pytest.mark.parametrize(
    "where", [NO_THREADS, AT_EXIT, AFTER_THE_MAIN_THREAD], ids=["none", "atexit", "after"]
)
def test_large_stores_load_and_answer(files, where):
    done = subprocess.run(
        [sys.executable, "-c", USE + where, str(files)], capture_output=True, text=True, timeout=100
    )
    assert (done.returncode, done.stdout) == (0, "used\n"), done.stderr


@pytest.mark.parametrize("allowed", [2, 3])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_training_goes_on_with_the_threads_that_the_system_allows(monkeypatch, caplog, allowed, streamed):
    """One of them watches for interrupts."""
    model = Word2Vec(**SMALL, workers=4)
    model.build_vocab(CORPUS)
    start, started = _thread.start_new_thread, []

    def some(function, arguments):
        if len(started) == allowed:
            raise RuntimeError("can't start new thread")
        started.append(None)
        return start(function, arguments)

    monkeypatch.setattr(_thread, "start_new_thread", some)
    corpus = (sentence for sentence in CORPUS) if streamed else CORPUS
    assert model.train(corpus, total_examples=300, epochs=1) == (1_200, 1_200)
    assert f"the system allows {allowed - 1} of 4 worker threads" in caplog.text


class Hooked(Word2Vec):
    def _raw_word_count(self, job):
        return super()._raw_word_count(job)


@pytest.mark.parametrize("cls", [Word2Vec, Hooked])
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("allowed", [0, 1])
def test_without_worker_threads_the_calling_thread_trains(
    monkeypatch, tmp_path, caplog, cls, streamed, workers, allowed
):
    """Barriers included, and with one worker the same numbers."""

    class Stream:
        def __iter__(self):
            return iter(CORPUS)

    options = {"total_examples": 300, "epochs": 2, "checkpoint": tmp_path / "c"}
    if not streamed:
        options["checkpoint_every"] = 300
    models = []
    for n_threads in (99, allowed):
        model = cls(**SMALL, workers=workers, compute_loss=True)
        model.build_vocab(CORPUS)
        start, started = _thread.start_new_thread, []

        def some(function, arguments, start=start, started=started, n_threads=n_threads):
            if len(started) == n_threads:
                raise RuntimeError("can't start new thread")
            started.append(None)
            return start(function, arguments)

        with monkeypatch.context() as patch:
            patch.setattr(_thread, "start_new_thread", some)
            assert model.train(Stream() if streamed else CORPUS, **options) == (2_400, 2_400)
        models.append(model)
    assert "the calling thread alone" in caplog.text
    if workers == 1:
        np.testing.assert_array_equal(models[0].wv.vectors, models[1].wv.vectors)
        assert models[0].loss_history == models[1].loss_history
