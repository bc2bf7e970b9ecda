"""What must not happen: a hang, a crash of the interpreter, a half-changed model, a silent nothing."""

from __future__ import annotations

import logging
import mmap
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, KeyedVectors, StopTraining, Word2Vec
from fastw2v.common import memory
from fastw2v.training import trainer
from fastw2v.training.sharing import SharingPlan
from fastw2v.vocabulary.huffman import HuffmanTree
from helpers.corpora import zipf_sentences

CORPUS = zipf_sentences(3_000, 100, seed=5)
SMALL = {"vector_size": 8, "min_count": 1, "workers": 1, "sample": 0}
SCHEMES = [{"negative": 5}, {"hs": 1, "negative": 0}]


def trained(**options):
    return Word2Vec(CORPUS, **{**SMALL, **options})


def train(model, corpus=CORPUS, **options):
    return model.train(corpus, **{"total_examples": len(CORPUS), "epochs": 1, **options})


INTERRUPTED = """
    import _thread, logging, random, signal, time
    logging.disable()
    from fastw2v import Word2Vec
    corpus = [["a", "b", "c", "d"]] * 300
    class Stream:
        def __iter__(self):
            return iter(corpus)
    class Hooked(Word2Vec):
        def _raw_word_count(self, job):
            return super()._raw_word_count(job)
    models = []
    for cls, source in ((Word2Vec, corpus), (Word2Vec, Stream()), (Hooked, Stream())):
        model = cls(vector_size=8, min_count=1, workers=2)
        model.build_vocab(corpus)
        models.append((model, source))
    strikes = interrupts = 0
    def strike(signum, frame):
        global strikes, interrupts
        if strikes == 0:  # one that was on its way already
            return
        strikes -= 1
        interrupts += 1
        if strikes:
            signal.setitimer(signal.ITIMER_REAL, random.random() * 1e-4 + 1e-6)
        raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, strike)
    random = random.Random(1)
    end = time.monotonic() + 4
    while (now := time.monotonic()) < end or (interrupts <= 50 and now < end + 60):
        model, source = random.choice(models)
        try:
            try:
                strikes = STRIKES
                signal.setitimer(signal.ITIMER_REAL, random.random() * 0.004 + 1e-6)
                model.train(source, total_examples=300, epochs=3)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                while strikes:  # asleep: if a worker's last moment took the signal, one that holds the lock is not told
                    time.sleep(1e-6)
        except KeyboardInterrupt:
            pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    end = time.monotonic() + 20
    while _thread._count() and time.monotonic() < end:
        time.sleep(0.01)
    assert _thread._count() == 0, "workers were left behind"
    for model, source in models:
        assert model.train(source, total_examples=300, epochs=1)[1] == 1200
    print("survived", interrupts)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="interrupts by a POSIX timer")
@pytest.mark.parametrize("strikes", [1, 2])
def test_an_interrupt_at_any_moment_neither_hangs_nor_gets_lost(strikes):
    """A second one, microseconds later, finds the cleanup after the first under way; no worker may survive it."""
    code = textwrap.dedent(INTERRUPTED).replace("STRIKES", str(strikes))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    word, interrupts = done.stdout.split()
    assert word == "survived"
    assert int(interrupts) > 50


@pytest.mark.parametrize("streamed", [False, True])
def test_an_error_of_a_worker_reaches_the_caller(monkeypatch, streamed):
    class Broken(trainer.Worker):
        def run(self, feed):
            raise MemoryError("a worker's own")

    model = trained()
    monkeypatch.setattr(trainer, "Worker", Broken)
    start = time.monotonic()
    with pytest.raises(MemoryError, match="a worker's own"):
        train(model, map(list, CORPUS) if streamed else CORPUS)
    assert time.monotonic() - start < 20


def test_an_index_outside_the_vocabulary_is_an_error():
    model = trained()
    for index in (len(model.wv), 100_000_000, -1):
        model.wv.key_to_index["new"] = index
        with pytest.raises((IndexError, ValueError), match=r"index|indices"):
            train(model, [["new", "w1"]] * 50)


def test_a_callback_may_sort_or_remove_words():
    class Sort(CallbackAny2Vec):
        def on_epoch_end(self, model):
            model.wv.sort_by_descending_frequency()

    model = Word2Vec(CORPUS, **SMALL, sorted_vocab=0, epochs=3, callbacks=[Sort()])
    assert np.isfinite(model.wv.vectors).all()

    class Remove(CallbackAny2Vec):
        def on_epoch_end(self, model):
            model.wv.remove_keys([word for word in ("w3", "w4") if word in model.wv])

    model = Word2Vec(CORPUS, **SMALL, epochs=3, callbacks=[Remove()])
    assert "w3" not in model.wv
    assert len(model.wv) == len(model.syn1neg) == len(model.cum_table)
    with pytest.raises(ValueError, match="syn1 has shape"):
        Word2Vec(CORPUS, **SMALL, hs=1, negative=0, epochs=3, callbacks=[Remove()])


def test_growing_after_a_removal_is_refused_under_hierarchical_softmax():
    model = trained(hs=1, negative=0)
    model.wv.remove_keys(["w3"])
    words = len(model.wv)
    with pytest.raises(RuntimeError, match="words were removed"):
        model.build_vocab([["brand", "new"]] * 3, update=True)
    assert len(model.wv) == words


def test_a_damaged_tree_is_refused():
    model = trained(hs=1, negative=0)
    tree = model.huffman_tree
    broken = tree.offsets.copy()
    broken[1:-1] = 10**6
    for offsets, points in ((broken, tree.points), (tree.offsets[:-1], tree.points),
                            (tree.offsets, tree.points + np.uint32(10**6))):  # fmt: skip
        model.huffman_tree = HuffmanTree(offsets, points, tree.codes)
        with pytest.raises(ValueError, match="Huffman tree"):
            train(model)


def test_hierarchical_softmax_without_a_tree_is_an_error_not_a_silence():
    model = trained(negative=5)
    model.hs, model.negative = 1, 0
    with pytest.raises(RuntimeError, match="Huffman tree"):
        train(model)
    other = Word2Vec(**SMALL, hs=1, negative=0)
    other.reset_from(trained(negative=5))
    before = other.wv.vectors.copy()
    train(other)
    assert np.abs(other.wv.vectors - before).max() > 0


def test_vectors_without_lock_factors_or_keep_probabilities_train():
    model = Word2Vec(**{**SMALL, "sample": 1e-3})
    model.build_vocab(CORPUS)
    wv = KeyedVectors(8)
    wv.add_vectors(model.wv.index_to_key, model.wv.vectors)
    wv.expandos["count"] = model.wv.expandos["count"].copy()
    model.wv = wv
    train(model)
    assert np.isfinite(model.wv.vectors).all()
    model.wv.vectors_lockf = np.full(1, np.nan, dtype=np.float32)
    with pytest.raises(ValueError, match="vectors_lockf"):
        train(model)


def test_a_system_without_huge_pages(monkeypatch):
    class Refusing(mmap.mmap):
        def madvise(self, *args):
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr(memory.mmap, "mmap", Refusing)
    array = memory.zeros((1_000, 1_000))
    assert array.sum() == 0.0
    assert array.ctypes.data % 64 == 0


def test_a_failing_train_leaves_the_settings_alone():
    model = trained()
    before = model.alpha, model.min_alpha, model.epochs, model.compute_loss, len(model.lifecycle_events)
    asked = {"epochs": 9, "start_alpha": 0.5, "end_alpha": 0.3, "compute_loss": True}
    with pytest.raises(TypeError):
        train(model, [["w1"], None], **asked)
    model.wv.vectors.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        train(model, **asked)
    after = model.alpha, model.min_alpha, model.epochs, model.compute_loss, len(model.lifecycle_events)
    assert after == before


@pytest.mark.parametrize(("start_alpha", "warns"), [(None, True), (0.2, True), (1e-6, False)])
def test_a_rising_learning_rate_is_said(caplog, start_alpha, warns):
    model = trained()
    with caplog.at_level(logging.WARNING):
        train(model, start_alpha=start_alpha)
    assert ("Effective 'alpha' higher" in caplog.text) is warns


def test_training_may_be_stopped_before_it_begins():
    class Stop(CallbackAny2Vec):
        def on_train_begin(self, model):
            raise StopTraining

    assert train(trained(), callbacks=[Stop()], epochs=4) == (0, 0)


def test_the_random_state_must_be_one_that_files_can_hold():
    model = trained()
    for other in (np.random.default_rng(1), np.random.RandomState(np.random.SFC64(1)), None):
        model.random = other
        with pytest.raises(ValueError, match=r"model\.random"):
            train(model)


def test_a_corpus_may_draw_from_the_models_random_state():
    model = trained()

    class Shuffled:
        def __iter__(self):
            return (CORPUS[i] for i in model.random.permutation(len(CORPUS)))

    assert train(model, Shuffled(), epochs=3)[1] == 3 * 3_000


def test_scoring_a_read_only_model(tmp_path):
    model = trained(hs=1, negative=0)
    model.save(tmp_path / "m")
    mapped = Word2Vec.load(tmp_path / "m", mmap="r")
    np.testing.assert_array_equal(mapped.score(CORPUS), model.score(CORPUS))
    assert len(model.score(CORPUS * 20)) == 20 * len(CORPUS)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("n_types", [50, 100, 200])
def test_a_second_build_vocab_starts_afresh(scheme, n_types):
    other = zipf_sentences(3_000, n_types, seed=7)
    model = trained(**scheme)
    model.build_vocab(other)
    fresh = Word2Vec(**SMALL, **scheme)
    fresh.build_vocab(other)
    np.testing.assert_array_equal(model.wv.vectors, fresh.wv.vectors)
    assert model.wv.index_to_key == fresh.wv.index_to_key
    train(model, other)


@pytest.mark.slow
def test_the_bar_is_not_redrawn_for_every_poll(capsys):
    class Slow:
        def __iter__(self):
            for sentence in CORPUS * 20:
                time.sleep(0.0002)
                yield sentence

    train(trained(), Slow(), progress=True)
    assert capsys.readouterr().err.count("\r") < 60


@pytest.mark.parametrize("workers", [2, 16, 200])
def test_any_number_of_workers_trains_every_word(workers):
    model = Word2Vec(**{**SMALL, "workers": workers}, batch_words=100)
    model.build_vocab(CORPUS)
    assert train(model, epochs=2) == (6_000, 6_000)
    assert train(model, map(list, CORPUS)) == (3_000, 3_000)


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("n_rows", [1, 30, 5_000])
def test_replicas_of_frequent_rows_lose_nothing(monkeypatch, sg, n_rows):
    """Several workers keep replicas of the rows drawn most often; all updates of a replica reach the shared row.

    One job, of which one worker takes all: the result is that of training in place, up to rounding.
    """
    models = []
    for rows in (0, n_rows):
        plan = SharingPlan(words=rows, nodes=rows, uses=40, partitions=4)
        monkeypatch.setattr(trainer, "plan_for", lambda *_, plan=plan, **__: plan)
        model = Word2Vec(**{**SMALL, "workers": 3, "sg": sg}, compute_loss=True)
        model.build_vocab(CORPUS)
        assert train(model, map(list, CORPUS)) == (3_000, 3_000)
        models.append(model)
    np.testing.assert_allclose(models[1].syn1neg, models[0].syn1neg, rtol=0, atol=1e-4)
    np.testing.assert_allclose(models[1].wv.vectors, models[0].wv.vectors, rtol=0, atol=1e-4)
    assert models[1].get_latest_training_loss() == pytest.approx(
        models[0].get_latest_training_loss(), rel=1e-3
    )
