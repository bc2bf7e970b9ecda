"""What a user notices of the trainer besides its numbers: no word lost, nothing hangs, errors arrive, loss is right."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, LineSentence, StopTraining, Word2Vec
from fastw2v.common.cores import usable_cores
from fastw2v.training import divergence
from fastw2v.training.trainer import Trainer, thread_count
from helpers.corpora import Reiterable, zipf_sentences
from helpers.parameters import one_in

SMALL = {"vector_size": 16, "min_count": 1, "workers": 1, "sample": 0}


def write_lines(path, sentences):
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in sentences), encoding="utf-8")
    return path


# --- every token counts


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("sg", [0, 1])
def test_a_sentence_of_any_length_is_trained_whole(workers, sg):
    corpus = zipf_sentences(25_000, 200, length=25_000)
    model = Word2Vec(**{**SMALL, "workers": workers, "sg": sg})
    model.build_vocab(corpus)
    assert model.train(corpus, total_examples=1, epochs=2) == (50_000, 50_000)


@pytest.mark.parametrize("batch_words", [100, 10_000, 50_000])
def test_jobs_of_any_size_lose_nothing(batch_words):
    corpus = zipf_sentences(50_000, 200, length=1_000)
    model = Word2Vec(**SMALL, batch_words=batch_words)
    model.build_vocab(corpus)
    assert model.train(corpus, total_examples=50, epochs=1) == (50_000, 50_000)


def test_words_beyond_gensims_limit_are_trained():
    """The vectors of words that only the end of a long sentence has do move."""
    corpus = [[f"a{i % 50}" for i in range(12_000)] + [f"z{i % 50}" for i in range(12_000)]]
    model = Word2Vec(**SMALL, sg=1)
    model.build_vocab(corpus)
    before = model.wv.vectors.copy()
    model.train(corpus, total_examples=1, epochs=1)
    assert (np.abs(model.wv.vectors - before).max(axis=1) > 0).all()


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_corpus_file_trains_every_line_once(tmp_path, workers):
    corpus = zipf_sentences(60_000, 500)
    path = write_lines(tmp_path / "corpus.txt", corpus)
    model = Word2Vec(**{**SMALL, "workers": workers})
    model.build_vocab(corpus_file=path)
    trained = model.train(corpus_file=path, total_words=model.corpus_total_words, epochs=3)
    assert trained == (180_000, 180_000)


@pytest.mark.parametrize("epochs", [1, 2])
def test_corpus_file_trains_what_the_vocabulary_counted(tmp_path, epochs):
    path = tmp_path / "spaces.txt"
    path.write_text(
        "no\u00a0break ideographic\u3000space\nfile\x1cseparator tab\tbed\u2028line\n" * 3, encoding="utf-8"
    )
    model = Word2Vec(**SMALL)
    model.build_vocab(corpus_file=path)
    words = model.corpus_total_words
    for word in ("no", "break", "ideographic", "space", "file", "separator", "tab", "bed", "line"):
        assert word in model.wv
    assert model.train(corpus_file=path, total_words=words, epochs=epochs) == (words * epochs, words * epochs)


# --- one result whatever the input


@pytest.mark.slow
@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("budget", [None, 1_000])
def test_list_iterable_and_file_give_the_same_vectors(tmp_path, sg, budget):
    corpus = zipf_sentences(250_000, 700, seed=8)
    path = write_lines(tmp_path / "corpus.txt", corpus)
    options = {
        "vector_size": 12,
        "min_count": 3,
        "workers": 1,
        "sg": sg,
        "epochs": 2,
        "corpus_budget": budget,
    }
    streamed = Reiterable(corpus)
    models = [
        Word2Vec(corpus, **options),
        Word2Vec(streamed, **options),
        Word2Vec(LineSentence(path), **options),
        Word2Vec(corpus_file=path, **options),
        Word2Vec(tuple(map(tuple, corpus)), **options),
    ]
    assert streamed.passes == 3
    for other in models[1:]:
        np.testing.assert_array_equal(other.wv.vectors, models[0].wv.vectors)
        assert other.wv.index_to_key == models[0].wv.index_to_key


LONG = {"vector_size": 4, "batch_words": 500}


@pytest.fixture
def long_list(monkeypatch):
    """One that is encoded by its first epoch, in several chunks, while that is trained."""
    monkeypatch.setattr("fastw2v.training.training_corpus.LONG_LIST_WORDS", 100_000)
    return zipf_sentences(120_000, 2_000, seed=2)


@pytest.mark.parametrize("epochs", [1, 3])
@pytest.mark.parametrize("budget", [None, 1_000])
def test_a_long_list_is_trained_as_its_file(tmp_path, long_list, epochs, budget):
    options = {**LONG, "min_count": 3, "workers": 1, "corpus_budget": budget}
    models = [Word2Vec(**options) for _ in range(3)]
    corpora = [{"corpus_file": write_lines(tmp_path / "corpus.txt", long_list)}]
    corpora += [{"corpus_iterable": form} for form in (long_list, tuple(long_list))]
    for model, corpus in zip(models, corpora, strict=True):
        model.build_vocab(**corpus)
        trained = model.train(**corpus, total_examples=model.corpus_count, epochs=epochs)
        assert trained[1] == epochs * 120_000
        np.testing.assert_array_equal(model.wv.vectors, models[0].wv.vectors)


def test_a_long_list_may_be_emptied_once_its_training_began(long_list):
    class Clear(CallbackAny2Vec):
        def on_train_begin(self, model):
            long_list.clear()

    model = Word2Vec(**LONG, min_count=1, sample=0)
    model.build_vocab(long_list)
    trained = model.train(long_list, total_examples=model.corpus_count, epochs=2, callbacks=[Clear()])
    assert trained == (240_000, 240_000)


@pytest.mark.parametrize("event", ["on_train_begin", "on_epoch_begin", "on_epoch_end"])
def test_words_of_a_long_list_may_be_sorted_between_epochs(long_list, event):
    """Its ids are those of the first epoch, unless words have got other numbers."""
    vectors = []
    for corpus in (long_list, Reiterable(long_list)):
        model = Word2Vec(**LONG, workers=1, sorted_vocab=0)
        model.build_vocab(corpus)
        sort = CallbackAny2Vec()
        setattr(sort, event, lambda model: model.wv.sort_by_descending_frequency())
        model.train(corpus, total_examples=model.corpus_count, epochs=2, callbacks=[sort])
        vectors.append(model.wv.vectors)
    np.testing.assert_array_equal(*vectors)


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_far_into_a_long_list(long_list, workers):
    """What is no sentence is found before anything is trained; after a token that is none, the model is sound."""

    class Unhashable:
        """Found out while the sentences before it are trained."""

        def __hash__(self):
            end = time.monotonic() + 60
            while np.array_equal(model.wv.vectors, before) and time.monotonic() < end:
                time.sleep(0.001)
            raise TypeError

    model = Word2Vec(**LONG, workers=workers)
    model.build_vocab(long_list)
    before, far = model.wv.vectors.copy(), len(long_list)
    for bad, message in (
        (None, f"sentence #{far} of the corpus is None"),
        (["w1", Unhashable()], f"#1 of sentence #{far}"),
    ):
        with pytest.raises(TypeError, match=message):
            model.train([*long_list, bad], total_examples=model.corpus_count, epochs=2)
        assert np.array_equal(model.wv.vectors, before) == (bad is None)
    assert np.isfinite(model.wv.vectors).all()
    assert model.train(long_list, total_examples=model.corpus_count, epochs=1)[1] == model.corpus_total_words


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_list_of_one_job_is_trained_the_same_by_any_number_of_workers(epochs):
    corpus = zipf_sentences(9_000, 100, seed=4)
    models = [Word2Vec(**{**SMALL, "workers": workers}) for workers in (1, 2, 5)]
    for model in models:
        model.build_vocab(corpus)
        model.train(corpus, total_examples=model.corpus_count, epochs=epochs)
        np.testing.assert_array_equal(model.wv.vectors, models[0].wv.vectors)


def test_an_iterable_may_change_between_epochs():
    class Growing:
        epoch = 0

        def __iter__(self):
            self.epoch += 1
            return iter([["a", "b"]] * (10 * self.epoch))

    model = Word2Vec(**SMALL)
    model.build_vocab([["a", "b"]] * 5)
    assert model.train(Growing(), total_examples=10, epochs=3) == (120, 120)


def test_build_vocab_and_train_equal_the_constructor():
    corpus = zipf_sentences(30_000, 500, seed=9)
    whole = Word2Vec(corpus, vector_size=8, workers=1, epochs=2)
    parts = Word2Vec(vector_size=8, workers=1)
    parts.build_vocab(corpus)
    parts.train(corpus, total_examples=parts.corpus_count, epochs=2)
    np.testing.assert_array_equal(parts.wv.vectors, whole.wv.vectors)


# --- errors and interrupts


class Failing:
    def __init__(self, error, after):
        self.error, self.after = error, after

    def __iter__(self):
        yield from [["a", "b", "c"]] * self.after
        raise self.error


@pytest.mark.parametrize("after", [0, 10, 100_000])
@pytest.mark.parametrize("workers", [1, 4])
def test_an_error_of_the_corpus_reaches_the_caller(after, workers):
    model = Word2Vec(**{**SMALL, "workers": workers})
    model.build_vocab([["a", "b", "c"]] * 5)
    start, threads = time.monotonic(), threading.active_count()
    with pytest.raises(KeyError, match="my own"):
        model.train(Failing(KeyError("my own"), after), total_examples=100, epochs=5)
    assert time.monotonic() - start < 20
    time.sleep(0.05)
    assert threading.active_count() == threads
    assert model.train([["a", "b"]], total_examples=1, epochs=1) == (2, 2)  # and the model still works


@pytest.mark.parametrize("bad", [None, 5, ["nested", ["list"]]])
def test_a_bad_sentence_is_named(bad):
    corpus = [["a", "b"]] * 3 + [bad]
    model = Word2Vec(**SMALL)
    model.build_vocab([["a", "b"]] * 3)
    for corpus_like in (corpus, Reiterable(corpus)):
        with pytest.raises(TypeError, match="3"):
            model.train(corpus_like, total_examples=4, epochs=2)
    with pytest.raises(TypeError, match="3"):
        Word2Vec(corpus, **SMALL)


def test_a_generator_is_refused_where_several_passes_are_needed():
    with pytest.raises(TypeError, match="generator"):
        Word2Vec((s for s in [["a", "b"]]), **SMALL)
    model = Word2Vec(**SMALL)
    model.build_vocab(s for s in [["a", "b"]])
    assert model.train((s for s in [["a", "b"]]), total_examples=1, epochs=1) == (2, 2)
    with pytest.raises(TypeError, match="generator"):
        model.train((s for s in [["a", "b"]]), total_examples=1, epochs=2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"total_examples": 3}, ValueError, "epochs"),
        ({"epochs": 2}, ValueError, "total_examples"),
        ({"total_examples": 0, "epochs": 2}, ValueError, "total_examples"),
        ({"total_examples": 3, "epochs": 0}, ValueError, "epochs"),
        ({"total_examples": 3, "epochs": 2, "start_alpha": float("nan")}, ValueError, "alpha"),
    ],
)
def test_train_says_what_is_missing(arguments, error, message):
    model = Word2Vec(**SMALL)
    model.build_vocab([["a", "b"]] * 3)
    with pytest.raises(error, match=message):
        model.train([["a", "b"]] * 3, **arguments)
    assert model.epochs == 5  # a call that fails leaves the settings alone
    assert model.alpha == 0.025


@pytest.mark.parametrize(
    "arguments",
    [{"vector_size": 0}, {"window": 0}, {"negative": -1}, {"alpha": -0.1}, {"alpha": float("nan")}, {"epochs": 0},
     {"sample": -1}, {"batch_words": 0}],
)  # fmt: skip
def test_parameters_without_sense_are_named(arguments):
    (name, _), *_ = arguments.items()
    with pytest.raises(ValueError, match=name):
        Word2Vec(**arguments)


def test_no_workers_would_train_nothing():
    with pytest.raises(ValueError, match="workers=0"):
        Word2Vec([["a", "b"]] * 5, **{**SMALL, "workers": 0})


def test_nothing_left_to_train():
    with pytest.raises(RuntimeError, match="vocabulary"):
        Word2Vec([["a"]], min_count=5)
    with pytest.raises(RuntimeError, match="vocabulary"):
        Word2Vec([], min_count=1)
    model = Word2Vec(hs=0, negative=0, min_count=1)
    model.build_vocab([["a", "b"]])
    with pytest.raises(ValueError, match="hs"):
        model.train([["a", "b"]], total_examples=1, epochs=1)


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("scheme", [{"negative": 5}, {"hs": 1, "negative": 0}, {"hs": 1, "negative": 2}])
@pytest.mark.parametrize("words", [["a"], ["a", "b"]])
def test_vocabularies_of_one_and_two_words(sg, scheme, words):
    model = Word2Vec([words] * 20, **SMALL, sg=sg, **scheme)
    assert np.isfinite(model.wv.vectors).all()
    assert len(model.wv) == len(words)


CHILD = """
    import signal, sys, threading, time
    import numpy as np
    from fastw2v import Word2Vec
    rng = np.random.default_rng(1)
    corpus = [[f"w{i}" for i in rng.integers(0, 3000, 50)] for _ in range(4000)]
    class Endless:
        def __iter__(self):
            while True:
                yield from corpus
    model = Word2Vec(vector_size=300, min_count=1, workers=2, sg=1, hs=1)
    model.build_vocab(corpus)
    source = SOURCE
    print("training", flush=True)
    try:
        model.train(source, total_examples=4000, epochs=100000)
    except KeyboardInterrupt:
        print("stopped", flush=True)
        assert np.isfinite(model.wv.vectors).all()
        vectors = model.wv.vectors.copy()
        time.sleep(0.2)
        assert (model.wv.vectors == vectors).all()  # nobody trains any more
        model.train(corpus[:10], total_examples=10, epochs=1)
        print("cleanly", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
@pytest.mark.parametrize("source", one_in(2, ["Endless()", "corpus"]))
def test_ctrl_c_stops_within_a_second(source):
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD).replace("SOURCE", source)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "training\n"
    time.sleep(0.2)
    start = time.monotonic()
    child.send_signal(signal.SIGINT)
    assert child.stdout.readline() == "stopped\n"
    assert (
        time.monotonic() - start < 5.0
    )  # within one on a machine that is free; else it would train for minutes
    out, _ = child.communicate(timeout=120)
    assert out == "cleanly\n"
    assert child.returncode == 0


# --- callbacks


class Recorder(CallbackAny2Vec):
    def __init__(self):
        self.events = []

    def on_train_begin(self, model):
        self.events.append("train begin")

    def on_epoch_begin(self, model):
        self.events.append("epoch begin")

    def on_epoch_end(self, model):
        self.events.append("epoch end")

    def on_train_end(self, model):
        self.events.append("train end")


def test_callbacks_in_gensims_order(one_job):
    recorder = Recorder()
    Word2Vec(one_job, **SMALL, epochs=2, callbacks=[recorder])
    assert recorder.events == ["train begin", *["epoch begin", "epoch end"] * 2, "train end"]


def test_callbacks_may_be_none_or_stop_the_training(one_job):
    class Stop(Recorder):
        def on_epoch_end(self, model):
            super().on_epoch_end(model)
            raise StopTraining

    recorder = Stop()
    model = Word2Vec(one_job, **SMALL, epochs=50, callbacks=[recorder])
    assert recorder.events == ["train begin", "epoch begin", "epoch end", "train end"]
    assert model.train(one_job, total_examples=len(one_job), epochs=2, callbacks=None)[1] == 2 * 6_000


def test_an_error_of_a_callback_reaches_the_caller(one_job):
    class Broken(CallbackAny2Vec):
        def on_epoch_begin(self, model):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        Word2Vec(one_job, **SMALL, callbacks=[Broken()])


def test_similarities_in_a_callback_are_those_of_the_vectors_then(one_job):
    class Watch(CallbackAny2Vec):
        def on_epoch_end(self, model):
            word, similarity = model.wv.most_similar("w1", topn=1)[0]
            a, b = model.wv["w1"], model.wv[word]
            assert similarity == pytest.approx(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)), abs=1e-5)

    Word2Vec(one_job, **SMALL, epochs=4, callbacks=[Watch()])


# --- loss, log, progress


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_loss_does_not_depend_on_the_number_of_workers(workers):
    corpus = zipf_sentences(200_000, 500, seed=11)
    options = {"vector_size": 16, "sg": 1, "epochs": 2, "compute_loss": True, "seed": 3}
    model = Word2Vec(corpus, **options, workers=workers)
    reference = Word2Vec(corpus, **options, workers=1)
    assert model.get_latest_training_loss() == pytest.approx(reference.get_latest_training_loss(), rel=0.03)
    assert len(model.loss_history) == 2
    assert model.loss_history[1] < model.loss_history[0]
    assert 0.5 < model.loss_history[1] < 6 * np.log(2) + 0.5  # no worse than six coin tosses


def test_a_loss_that_is_not_asked_for_is_zero(one_job):
    model = Word2Vec(one_job, **SMALL)
    assert model.get_latest_training_loss() == 0.0
    assert model.loss_history == []
    model.train(one_job, total_examples=len(one_job), epochs=1, compute_loss=True)
    assert model.get_latest_training_loss() > 0.0


def test_the_log_is_in_gensims_words(one_job, caplog):
    with caplog.at_level(logging.INFO):
        model = Word2Vec(one_job, **SMALL, epochs=2)
        model.train(one_job, total_examples=7, epochs=1, start_alpha=0.1)
    text = "\n".join(record.getMessage() for record in caplog.records)
    types, n = len({word for sentence in one_job for word in sentence}), len(one_job)
    assert f"collected {types} word types from a corpus of 6000 raw words and {n} sentences" in text
    assert "EPOCH 0: training on 6000 raw words (6000 effective words) took" in text
    assert f"EPOCH 0: supplied example count ({n}) did not equal expected count (7)" in text
    assert "Effective 'alpha' higher than previous training cycles" in text
    assert "Word2Vec lifecycle event" in text


@pytest.mark.slow
def test_progress_within_an_epoch_is_logged(caplog):
    class Slow:
        def __iter__(self):
            for _ in range(16):
                yield from [["a", "b", "c", "d"]] * 4_000
                time.sleep(0.1)

    model = Word2Vec(**SMALL)
    model.build_vocab([["a", "b", "c", "d"]])
    with caplog.at_level(logging.INFO):
        model.train(Slow(), total_examples=64_000, epochs=1, report_delay=0.2)
    assert "EPOCH 0 - PROGRESS: at" in caplog.text
    assert "% examples," in caplog.text


def test_the_bar_shows_speed_rate_and_loss(one_job, capsys):
    Word2Vec(one_job, **SMALL, epochs=2, progress=True, compute_loss=True)
    bar = capsys.readouterr().err
    assert "100%" in bar
    for part in ("words/s", "alpha=", "loss=", "epoch=2/2"):
        assert part in bar


def test_the_bar_shows_the_rate_of_the_job_that_is_trained():
    """All jobs are in the queue at once, and one more of them is taken between two reports."""
    taken = [0.05, 0.04, 0.03, 0.02, 0.01]
    seen = []

    class Queue:
        n_free, n_waiting, stopped, all_taken = 9, 0, False, threading.Event()

        def close(self):
            pass

        stop = close

    class Batch:
        sentences_at = words_at = np.arange(6)

        def push(self, queue, first, last, alphas):
            queue.n_waiting += last - first

    class Worker:
        def run(self, queue):
            queue.all_taken.wait(20)

        def tallies(self):
            return 0, 0, 0, 0, 0.0

    class Reporter:
        is_observed = True

        def report(self, tally, alpha, n_waiting):
            queue.n_waiting = max(n_waiting - 1, 0)
            if n_waiting < len(taken):
                seen.append(alpha)
            if not n_waiting:
                queue.all_taken.set()

    queue = Queue()
    trainer = Trainer(queue, [Worker()], alphas=lambda s, w: np.array(taken)[s], reporter=Reporter())
    trainer.train_epoch([Batch()])
    assert seen[:5] == taken


def test_divergence_is_said(one_job, caplog):
    Word2Vec(one_job, **{**SMALL, "sg": 1}, alpha=1e4, epochs=3)
    assert "diverged" in caplog.text
    assert "alpha=10000" in caplog.text


def test_the_jobs_of_a_long_text_are_handed_out_while_the_first_are_trained():
    pushed = []

    class Queue:
        n_free, n_waiting, stopped = 1_000, 0, False

        def close(self):
            pass

        stop = close

    class Batch:
        sentences_at = words_at = np.arange(201)

        def push(self, queue, first, last, alphas):
            assert len(alphas) == last - first
            pushed.append((first, last))

    class Worker:
        def run(self, queue):
            pass

        def tallies(self):
            return 0, 0, 0, 0, 0.0

    class Reporter:
        is_observed = False

    Trainer(Queue(), [Worker()], alphas=lambda s, w: s, reporter=Reporter()).train_epoch([Batch()])
    assert pushed == [(0, 64), (64, 128), (128, 192), (192, 200)]


@pytest.mark.parametrize("value", [np.nan, -1e4])
def test_divergence_is_noticed_in_any_row_of_a_large_matrix(value, caplog, monkeypatch):
    monkeypatch.setattr(divergence, "_BLOCK", 8)
    weights = np.zeros((50, 4), dtype=np.float32)
    weights[33, 2] = value
    divergence.warn_if_diverged({"vectors": weights, "syn1": None}, 0.025, threads=2)
    assert "vectors hold values up to " in caplog.text


def test_a_learning_rate_of_zero_trains_nothing(one_job):
    model = Word2Vec(one_job, **SMALL)
    before = model.wv.vectors.copy()
    model.train(one_job, total_examples=len(one_job), epochs=2, start_alpha=0.0, end_alpha=0.0)
    np.testing.assert_array_equal(model.wv.vectors, before)
    assert (model.alpha, model.min_alpha, model.min_alpha_yet_reached) == (0.0, 0.0, 0.0)
    model.train(one_job, total_examples=len(one_job), epochs=1, start_alpha=0.1, end_alpha=0)
    assert (model.alpha, model.min_alpha) == (0.1, 0.0)


# --- plain arrays


def test_training_sees_what_was_written_and_assigned(one_job, tmp_path):
    model = Word2Vec(**SMALL, sg=1)
    model.build_vocab(one_job)
    model.wv.vectors[:] = 0.25
    assigned = np.memmap(tmp_path / "out.bin", dtype=np.float32, mode="w+", shape=model.syn1neg.shape)
    assigned[:] = 0.01
    model.syn1neg = assigned
    model.train(one_job, total_examples=len(one_job), epochs=1)
    assert model.syn1neg is assigned
    assert (np.abs(assigned - 0.01) > 0).any(axis=1).all()
    for matrix in (model.wv.vectors, model.syn1neg):
        assert matrix.flags.c_contiguous
        assert matrix.dtype == np.float32


def test_arrays_that_cannot_be_trained_are_refused(one_job):
    model = Word2Vec(**SMALL)
    model.build_vocab(one_job)
    good = model.wv.vectors
    read_only = good.copy()
    read_only.flags.writeable = False
    for bad, message in ((read_only, "read-only"), (good.astype(np.float64), "float32"),
                         (np.asfortranarray(good), "C-contiguous")):  # fmt: skip
        model.wv.vectors = bad
        with pytest.raises(ValueError, match=message):
            model.train(one_job, total_examples=len(one_job), epochs=1)
    model.wv.vectors = good
    model.syn1neg = model.syn1neg[:, :8].copy()
    with pytest.raises(ValueError, match="syn1neg has shape"):
        model.train(one_job, total_examples=len(one_job), epochs=1)


def test_words_added_behind_the_vocabularys_back(one_job):
    model = Word2Vec(one_job, **SMALL)
    model.wv.add_vector("brand new", np.ones(16, dtype=np.float32))
    with pytest.raises((RuntimeError, ValueError), match=r"build_vocab|vocabulary"):
        model.train(one_job, total_examples=len(one_job), epochs=1)


def test_many_workers_on_little_text():
    model = Word2Vec([["a", "b", "c"]] * 10, **{**SMALL, "workers": 12})
    assert np.isfinite(model.wv.vectors).all()


def test_all_cores(one_job):
    assert Word2Vec(one_job, **{**SMALL, "workers": -1}).wv.vectors.any()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system binds no process to cores")
def test_all_cores_are_those_that_the_process_may_use():
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert usable_cores() == thread_count(-1) == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert thread_count(-1) == len(allowed)


def test_a_callback_that_switches_all_training_off_is_told():
    class Off(CallbackAny2Vec):
        def on_epoch_begin(self, model):
            model.negative = 0

    with pytest.raises(ValueError, match="negative is 0 and there is no Huffman tree"):
        Word2Vec([["a", "b", "c"]] * 50, sg=1, min_count=1, vector_size=4, callbacks=[Off()])
