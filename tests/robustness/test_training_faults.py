"""Faults injected into training: corpora, arguments, callbacks, threads, processes that misbehave."""

from __future__ import annotations

import copy
import io
import logging
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time

import joblib
import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, KeyedVectors, Terminated, Update, Word2Vec
from helpers.corpora import zipf_sentences
from helpers.fresh import TESTS
from helpers.parameters import one_in

CORPUS = zipf_sentences(6_000, 100, seed=7)
SMALL = {"vector_size": 8, "min_count": 1, "sample": 0}
WORKERS = pytest.mark.parametrize("workers", one_in(2, [4, 1]))


class Stream:
    """A corpus given by a function of the number of the pass, from 1."""

    def __init__(self, sentences_of_pass):
        self.sentences_of_pass = sentences_of_pass
        self.passes = 0

    def __iter__(self):
        self.passes += 1
        return iter(self.sentences_of_pass(self.passes))


def built(corpus=CORPUS, **options):
    model = Word2Vec(**{**SMALL, **options})
    model.build_vocab(corpus)
    return model


def train(model, corpus=CORPUS, **options):
    return model.train(corpus, **{"total_examples": model.corpus_count, "epochs": 1, **options})


def assert_sound(model):
    """The model answers, and trains on."""
    assert np.isfinite(model.wv.vectors).all()
    assert len(model.wv.most_similar(model.wv.index_to_key[0], topn=1)) == 1
    assert train(model) == (6_000, 6_000)


# --- corpora


@WORKERS
@pytest.mark.parametrize("where", [0, 5, 4_000])
@pytest.mark.parametrize("epoch", [1, 2])
def test_an_iterator_that_raises(workers, where, epoch):
    def sentences(number):
        for i in range(5_000):
            if number == epoch and i == where:
                raise ZeroDivisionError("of the corpus")
            yield CORPUS[i % len(CORPUS)]

    model = built(workers=workers)
    with pytest.raises(ZeroDivisionError, match="of the corpus"):
        train(model, Stream(sentences), epochs=3)
    assert_sound(model)


class Unwilling:
    def __iter__(self):
        raise ZeroDivisionError("of __iter__")


class Sentence(list):
    def __iter__(self):
        raise ZeroDivisionError("of a sentence")


@WORKERS
@pytest.mark.parametrize("corpus", [Unwilling(), [["w1"], Sentence(["w1"])]], ids=["corpus", "sentence"])
def test_iterators_that_cannot_be_had(workers, corpus):
    model = built(workers=workers)
    with pytest.raises(ZeroDivisionError, match="of"):
        train(model, corpus)
    assert_sound(model)


@WORKERS
@pytest.mark.parametrize("share", [0.0, 0.3, 3.0])
def test_an_iterator_that_ends_early_or_late(workers, share, caplog):
    n = int(len(CORPUS) * share)
    corpus = (CORPUS * 3)[:n]
    model = built(workers=workers)
    words = sum(map(len, corpus))
    with caplog.at_level(logging.WARNING):
        assert train(model, Stream(lambda number: corpus), epochs=2) == (2 * words, 2 * words)
    assert f"supplied example count ({n}) did not equal expected count ({len(CORPUS)})" in caplog.text
    assert model.min_alpha <= model.min_alpha_yet_reached <= model.alpha
    assert_sound(model)


@WORKERS
def test_a_corpus_that_changes_between_epochs(workers):
    corpora = [CORPUS[:10], [], [["w1", "unknown"]] * 7, CORPUS]
    model = built(workers=workers)
    expected = sum(map(len, CORPUS[:10])) + 7 + 6_000
    assert train(model, Stream(lambda number: corpora[number - 1]), epochs=4) == (expected, expected + 7)
    assert_sound(model)


BAD = {
    "None": None,
    "int": 5,
    "float": 1.5,
    "nested": ["w1", ["w2"]],
    "list of arrays": [np.zeros(2), np.zeros(2)],
    "dict in it": ["w1", {}],
    "array without dimension": np.array(3),
}


@WORKERS
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize(
    "kind", [list, tuple, lambda s: Stream(lambda number: s)], ids=["list", "tuple", "stream"]
)
def test_what_is_no_sentence_is_named_by_its_number(workers, bad, kind):
    corpus = kind([*CORPUS[:40], bad, *CORPUS])
    model = built(workers=workers)
    with pytest.raises(TypeError, match="40"):
        train(model, corpus, epochs=2)
    with pytest.raises(TypeError, match="40"):
        Word2Vec(corpus, **SMALL, workers=workers)
    with pytest.raises(TypeError, match="40"):
        model.build_vocab(corpus, update=True)
    assert_sound(model)


GOOD = {
    "generators": lambda s: (word for word in s),
    "tuples": tuple,
    "arrays of strings": np.array,
    "arrays of objects": lambda s: np.array(s, dtype=object),
    "dicts": dict.fromkeys,
    "integers": lambda s: [int(word[1:]) for word in s],
    "arrays of integers": lambda s: np.array([int(word[1:]) for word in s]),
    "arrays of bytes": lambda s: np.array([word.encode() for word in s]),
    "a mixture": lambda s: [*s, 1, np.int8(2), True, np.str_("b")],
    "empty ones between": lambda s: s if len(s) % 3 else [],
    "surrogates": lambda s: [*s, "\ud800"],
}


@WORKERS
@pytest.mark.parametrize("form", GOOD.values(), ids=GOOD)
def test_sentences_of_any_form(workers, form):
    """Any iterable of str and int is a sentence; list and stream give the same vectors."""
    lists = [list(form(sentence)) for sentence in CORPUS]
    words = sum(map(len, lists))
    whole = Word2Vec(lists, **SMALL, workers=1, epochs=2)
    stream = Stream(lambda number: map(form, CORPUS))
    model = Word2Vec(stream, **SMALL, workers=workers, epochs=2)
    assert model.corpus_total_words == words
    if workers == 1:
        np.testing.assert_array_equal(model.wv.vectors, whole.wv.vectors)
    assert np.isfinite(model.wv.vectors).all()


@WORKERS
@pytest.mark.parametrize("text", ["some words", b"some words"])
def test_a_plain_text_as_a_sentence_is_said(workers, text, caplog):
    with caplog.at_level(logging.WARNING):
        model = Word2Vec([["w1"], text] * 10, **SMALL, workers=workers)
    assert "should be a list of words" in caplog.text
    assert len(model.wv) == 1 + len(set(text))


@WORKERS
def test_a_million_empty_sentences(workers):
    corpus = [[]] * 1_000_000 + [["w1", "w2"]] * 3
    model = Word2Vec(corpus, **SMALL, workers=workers, epochs=2)
    assert model.corpus_count == 1_000_003
    assert train(model, Stream(lambda number: corpus), total_examples=1_000_003) == (6, 6)


@WORKERS
def test_nothing_but_empty_sentences(workers):
    model = built(workers=workers)
    before = model.wv.vectors.copy()
    for nothing in ([], [[]] * 10, [["unknown"]] * 10, ()):
        assert train(model, nothing)[0] == 0
        assert train(model, Stream(lambda number, nothing=nothing: nothing), epochs=2)[0] == 0
    np.testing.assert_array_equal(model.wv.vectors, before)


class ReadOnce:
    """An iterator that the check of the arguments cannot tell from one that begins anew."""

    def __init__(self, sentences):
        self.sentences = iter(sentences)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.sentences)


class HoldsAnIterator(ReadOnce):
    __next__ = None

    def __iter__(self):
        return self.sentences


class ReadsAnIterator(ReadOnce):
    __next__ = None

    def __iter__(self):
        yield from self.sentences


EXHAUSTED = pytest.mark.parametrize("kind", [ReadOnce, HoldsAnIterator, ReadsAnIterator])


@EXHAUSTED
def test_an_exhausted_corpus_is_not_taken_for_a_training(kind):
    with pytest.raises(ValueError, match=r"no sentences in epoch 0, .* an object whose __iter__ starts from"):
        Word2Vec(kind(CORPUS), **SMALL)
    model = built()
    before = model.wv.vectors.copy()
    with pytest.raises(ValueError, match="no sentences in epoch 1"):
        train(model, kind(CORPUS), epochs=2)
    assert (model.wv.vectors != before).any()  # of epoch 0
    assert_sound(model)
    assert train(model, kind(CORPUS), epochs=1) == (6_000, 6_000)


@pytest.mark.parametrize("kind", [ReadOnce, HoldsAnIterator])
def test_a_corpus_that_the_vocabulary_has_exhausted(kind, caplog):
    model, corpus = Word2Vec(**SMALL), kind(CORPUS)
    model.build_vocab(corpus)
    for update in (None, Update(anchor=1.0)):
        with pytest.raises(ValueError, match="no sentences in epoch 0"):
            train(model, corpus, update=update, total_examples=len(CORPUS))
    caplog.clear()
    model.build_vocab(corpus, update=True)
    assert "the corpus is empty: it has 0 sentences" in caplog.text
    assert "__iter__ starts from the beginning" in caplog.text


def test_a_subclass_with_hooks_is_told_of_an_exhausted_corpus():
    class Hooked(Word2Vec):
        def _raw_word_count(self, job):
            return super()._raw_word_count(job)

    with pytest.raises(ValueError, match="no sentences in epoch 0"):
        Hooked(ReadOnce(CORPUS), **SMALL)


@pytest.mark.parametrize(("corpus", "sentences"), [([], 0), ([[], []], 2), (ReadOnce([]), 0)])
def test_an_empty_corpus_is_said_to_be_empty(corpus, sentences, caplog):
    with pytest.raises(
        RuntimeError, match=f"first build vocabulary.* empty: it has {sentences} sentences, and no token"
    ):
        Word2Vec(corpus, **SMALL)
    assert f"the corpus is empty: it has {sentences} sentences" in caplog.text
    model = Word2Vec(**SMALL)
    for build in (lambda: None, lambda: model.build_vocab(corpus)):
        build()
        with pytest.raises(
            RuntimeError, match=r"no words yet: call build_vocab\(\) with a corpus that is not empty"
        ):
            train(model, CORPUS, total_examples=10)


def test_totals_of_an_empty_update_are_not_called_missing():
    model = built()
    model.build_vocab([], update=True)
    with pytest.raises(
        ValueError, match=r"total_examples=0 says that there is nothing to train\..*leave out train"
    ):
        train(model, [])
    with pytest.raises(ValueError, match="total_words=0 says"):
        train(model, [], total_examples=None, total_words=0)
    with pytest.raises(ValueError, match="You must specify either total_examples or total_words"):
        train(model, [], total_examples=None)


# --- arguments


@pytest.mark.parametrize("total", [1, 10, 10**12])
@pytest.mark.parametrize("name", ["total_examples", "total_words"])
def test_wrong_totals_cost_no_word_and_leave_the_rate_within_its_bounds(total, name):
    model = built(workers=1)
    totals = {"total_examples": None, name: total}
    assert train(model, epochs=2, **totals) == (12_000, 12_000)
    assert model.min_alpha <= model.min_alpha_yet_reached <= model.alpha
    assert_sound(model)


@pytest.mark.parametrize("total", [-1, float("nan"), -float("inf"), float("inf"), 0])
def test_totals_that_are_none_are_refused(total):
    model = built()
    before = model.wv.vectors.copy()
    for name in ("total_examples", "total_words"):
        with pytest.raises(ValueError, match=f"{name}={total}" if total else "total_examples or total_words"):
            train(model, **{"total_examples": None, name: total})
    np.testing.assert_array_equal(model.wv.vectors, before)


@pytest.mark.parametrize("bad", [-0.1, float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["alpha", "min_alpha"])
def test_rates_that_are_none_are_refused(bad, name):
    with pytest.raises(ValueError, match=name):
        Word2Vec(CORPUS, **SMALL, **{name: bad})
    model = built()
    setattr(model, name, bad)
    with pytest.raises(ValueError, match=name):
        train(model)
    argument = {"alpha": "start_alpha", "min_alpha": "end_alpha"}[name]
    model = built()
    with pytest.raises(ValueError, match=argument):
        train(model, **{argument: bad})
    assert_sound(model)


@pytest.mark.parametrize("epochs", [2.5, "2", float("nan")])
def test_epochs_that_are_no_whole_number_are_refused(epochs):
    model = Word2Vec(CORPUS, **SMALL, compute_loss=True, epochs=3)
    before = model.epochs, list(model.loss_history), model.running_training_loss
    with pytest.raises(TypeError, match="epochs="):
        train(model, epochs=epochs)
    assert (model.epochs, model.loss_history, model.running_training_loss) == before
    with pytest.raises(TypeError, match="epochs="):
        Word2Vec(CORPUS, **SMALL, epochs=epochs)
    assert train(model, epochs=np.int64(2)) == (12_000, 12_000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (name, value)
            for name in ("vector_size", "window", "negative", "workers")
            for value in (None, "many")
        ),
        *(
            (name, None)
            for name in ("alpha", "min_alpha", "epochs", "batch_words", "ns_exponent", "min_count")
        ),
        *(
            (name, "1")
            for name in ("sample", "max_vocab_size", "max_final_vocab", "corpus_budget", "ns_exponent")
        ),
        *((name, -1) for name in ("sample", "max_vocab_size", "max_final_vocab", "corpus_budget", "seed")),
        *(
            (name, float("nan"))
            for name in ("sample", "corpus_budget", "ns_exponent", "min_count", "workers")
        ),
        ("seed", 1.5),
        ("seed", 1 << 32),
        ("callbacks", CallbackAny2Vec()),
        ("vector_size", float("inf")),
    ],
)
def test_parameters_that_cannot_be_meant_are_refused_by_name(name, value):
    def corpus():
        raise AssertionError("read")
        yield

    with pytest.raises((TypeError, ValueError), match=name):
        Word2Vec(Stream(lambda number: corpus()), **{**SMALL, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("total_examples", "5"), ("start_alpha", "x"), ("report_delay", "x"), ("callbacks", CallbackAny2Vec())],
)
def test_arguments_of_no_sense_are_refused_by_name(name, value):
    model = built(workers=1)
    before = model.wv.vectors.copy()
    with pytest.raises(TypeError, match=name):
        train(model, **{name: value})
    np.testing.assert_array_equal(model.wv.vectors, before)
    assert_sound(model)


@pytest.mark.parametrize("dimensions", [10**12, 10**17])
def test_vectors_beyond_all_memory_are_a_memory_error(dimensions):
    with pytest.raises(MemoryError, match="bytes"):
        Word2Vec(CORPUS, **{**SMALL, "vector_size": dimensions})


def test_a_rate_of_zero_moves_nothing():
    model = built(alpha=0, min_alpha=0, workers=1)
    before = model.wv.vectors.copy()
    assert train(model) == (6_000, 6_000)
    np.testing.assert_array_equal(model.wv.vectors, before)
    assert not model.syn1neg.any()


@pytest.mark.parametrize("corpus", [list, lambda s: Stream(lambda number: s)], ids=["list", "stream"])
@pytest.mark.parametrize("workers", [-1, -1_000, 1_000])
def test_any_number_of_workers_trains(workers, corpus):
    model = built(workers=workers, batch_words=50)
    assert train(model, corpus(CORPUS), epochs=2) == (12_000, 12_000)


def test_no_workers_are_refused_whenever_set():
    with pytest.raises(ValueError, match="workers=0"):
        Word2Vec(CORPUS, **SMALL, workers=0)
    model = built()
    model.workers = 0
    with pytest.raises(ValueError, match="workers=0"):
        train(model)


@pytest.mark.parametrize("scheme", [{"negative": 5}, {"hs": 1, "negative": 0}])
@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("n_words", [0, 1, 2])
def test_vocabularies_of_no_one_and_two_words(scheme, sg, n_words):
    corpus = [["a", "b"][:n_words]] * 50
    if n_words == 0:
        with pytest.raises(RuntimeError, match="vocabulary"):
            Word2Vec(corpus, **SMALL, **scheme, sg=sg)
        return
    model = Word2Vec(corpus, **SMALL, **scheme, sg=sg, workers=4, alpha=0.5)
    assert np.isfinite(model.wv.vectors).all()
    assert len(model.wv.most_similar("a")) == n_words - 1
    assert train(model, corpus) == (50 * n_words, 50 * n_words)


@pytest.mark.parametrize("scheme", [{"negative": 5}, {"hs": 1, "negative": 0}])
@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("alpha", one_in(3, [1e4, 10.0, 1e30]))
@WORKERS
def test_numbers_that_diverge_name_alpha(caplog, scheme, sg, alpha, workers):
    with caplog.at_level(logging.WARNING):
        model = Word2Vec(CORPUS, **SMALL, **scheme, sg=sg, alpha=alpha, workers=workers, epochs=5)
    output = model.syn1neg if model.negative else model.syn1
    useless = not np.abs(model.wv.vectors).max() < 1e3 or not np.abs(output).max() < 1e3
    assert ("diverged" in caplog.text) == useless
    assert useless or alpha == 10.0
    if useless:
        assert f"alpha={alpha:g}; start again with a smaller alpha" in caplog.text


# --- callbacks


@WORKERS
@pytest.mark.parametrize(
    "event", one_in(2, ["on_epoch_end", "on_train_end", "on_train_begin", "on_epoch_begin"])
)
@pytest.mark.parametrize(
    "error", one_in(3, [ZeroDivisionError("mine"), KeyboardInterrupt(), SystemExit(3)]), ids=type
)
def test_an_exception_inside_a_callback(workers, event, error):
    def fail(model):
        raise error

    callback = CallbackAny2Vec()
    setattr(callback, event, fail)
    model = built(workers=workers)
    with pytest.raises(type(error)) as raised:
        train(model, epochs=3, callbacks=[callback])
    assert raised.value is error
    assert_sound(model)


def test_what_is_no_callback_is_an_error_not_a_silence():
    model = built()
    with pytest.raises((AttributeError, TypeError), match="on_train_begin"):
        train(model, callbacks=[print])
    assert_sound(model)


def test_a_callback_may_train_its_own_model():
    class Nested(CallbackAny2Vec):
        def on_epoch_end(self, model):
            assert train(model) == (6_000, 6_000)

    model = built(workers=2)
    assert train(model, epochs=2, callbacks=[Nested()]) == (12_000, 12_000)
    assert_sound(model)


def test_a_training_within_another_leaves_its_rates_epochs_and_losses_alone():
    """gensim's `train` takes the number of epochs of the inner one for the rates of the outer one."""
    rates = []

    class Nested(CallbackAny2Vec):
        def on_epoch_end(self, model):
            rates.append(model.min_alpha_yet_reached)
            assert train(model, start_alpha=0.2, compute_loss=False) == (6_000, 6_000)

    options = {"workers": 1, "alpha": 0.1, "min_alpha": 0.02, "compute_loss": True, "batch_words": 100}
    model = built(**options)
    train(model, epochs=4, callbacks=[Nested()])
    np.testing.assert_allclose(rates, [0.08, 0.06, 0.04, 0.02], atol=0.001)
    assert (model.epochs, model.alpha, model.compute_loss) == (4, 0.1, True)
    assert len(model.loss_history) == 4
    assert model.train_count == 5


# --- threads and processes


class Gate:
    """A corpus that waits in the middle until it is told to go on."""

    def __init__(self):
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __iter__(self):
        yield from CORPUS
        self.reached.set()
        assert self.go_on.wait(30)
        yield from CORPUS


def test_two_threads_cannot_train_one_model():
    model, gate, results = built(workers=2), Gate(), []
    thread = threading.Thread(target=lambda: results.append(train(model, gate)))
    thread.start()
    assert gate.reached.wait(30)
    with pytest.raises(RuntimeError, match="another thread is training this model"):
        train(model)
    other = built()
    assert train(other) == (6_000, 6_000)  # another model may be trained meanwhile
    assert train(copy.deepcopy(model)) == (6_000, 6_000)  # or a copy of this one
    gate.go_on.set()
    thread.join()
    assert results == [(12_000, 12_000)]
    assert_sound(model)


def test_a_vocabulary_does_not_grow_while_another_thread_trains():
    """Matrices that grew by a copy would leave that thread training arrays that belong to nobody."""
    model, gate, results = built(workers=2), Gate(), []
    words = list(model.wv.index_to_key)
    thread = threading.Thread(target=lambda: results.append(train(model, gate)))
    thread.start()
    assert gate.reached.wait(30)
    try:
        for update in (True, False):
            with pytest.raises(RuntimeError, match="another thread is training this model"):
                model.build_vocab([["new"]], update=update)
            with pytest.raises(RuntimeError, match="another thread is training this model"):
                model.build_vocab_from_freq({"new": 3}, update=update)
    finally:
        gate.go_on.set()
        thread.join()
    assert results == [(12_000, 12_000)]
    assert model.wv.index_to_key == words
    model.build_vocab([["new"]], update=True)
    assert model.wv.index_to_key == [*words, "new"]


def test_a_callback_may_let_the_vocabulary_grow():
    class Grow(CallbackAny2Vec):
        def on_epoch_begin(self, model):
            model.build_vocab([["new", "w1"]] * 10, update=True)

    model = built(workers=2)
    before = len(model.wv)
    assert train(model, [*CORPUS, ["new", "w1"]], epochs=2, callbacks=[Grow()]) == (12_004, 12_004)
    assert len(model.wv) == before + 1
    assert model.syn1neg[before].any()


def test_a_model_answers_while_another_thread_trains_it(tmp_path):
    model, stop, errors = built(workers=2, compute_loss=True), threading.Event(), []

    def query():
        try:
            while not stop.is_set():
                (_, similarity), *_ = model.wv.most_similar("w1", topn=3)
                assert np.isfinite(
                    similarity
                )  # no cosine: rows change between their norms and their products
                model.wv.similarity("w1", "w2")
                model.predict_output_word(["w1", "w2"])
                model.evaluate_loss(CORPUS[:3])
                model.get_latest_training_loss()
                model.save(tmp_path / "m")
                copy.deepcopy(model)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=query) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert train(model, Stream(lambda number: CORPUS), epochs=20) == (120_000, 120_000)
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    cosines = model.wv.vectors @ model.wv.vectors[model.wv.key_to_index["w1"]]
    cosines /= np.linalg.norm(model.wv.vectors, axis=1)
    ranked = [model.wv.index_to_key[i] for i in np.argsort(-cosines)]
    assert [word for word, _ in model.wv.most_similar("w1", topn=5)] == ranked[
        1:6
    ]  # no norm is of an earlier state
    assert len(Word2Vec.load(tmp_path / "m").wv) == len(model.wv)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX's")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_of_a_process_that_trained_train_on(method):
    code = f"""
        import multiprocessing, sys
        sys.path.insert(0, {str(TESTS)!r})
        from helpers.corpora import zipf_sentences
        from fastw2v import Word2Vec
        corpus = zipf_sentences(6_000, 100, seed=7)

        def use(model):
            trained = model.train(corpus, total_examples=model.corpus_count, epochs=2)
            return trained, len(model.wv.most_similar("w1")), model.wv.vectors.sum()

        if __name__ == "__main__":
            model = Word2Vec(corpus, vector_size=8, min_count=1, workers=2, sample=0)
            before = model.wv.vectors.copy()
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                for trained, neighbours, _ in pool.map(use, [model] * 4):
                    assert (trained, neighbours) == ((12_000, 12_000), 10)
            assert (model.wv.vectors == before).all()
            print("done")
    """
    script = io.StringIO(textwrap.dedent(code)).read()
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"fastw2v-test-{os.getpid()}-{method}.py")
    with open(path, "w") as file:
        file.write(script)
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", path], capture_output=True, text=True, timeout=100
        )
    finally:
        os.unlink(path)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


FORKED = """
    import os, signal, sys, threading
    import numpy as np
    from fastw2v import Update, Word2Vec
    from fastw2v.common import memory

    corpus = [["a", "b", "c", "d"]] * 300
    model = Word2Vec(corpus, vector_size=8, min_count=1, workers=1, sample=0)
    reached, go_on = threading.Event(), threading.Event()

    class Gate:
        def __iter__(self):
            yield from corpus
            reached.set()
            assert go_on.wait(30)

    frozen = {"epochs": 1, "total_examples": 300, "update": Update(lockf=0.0)}
    thread = threading.Thread(target=model.train, args=(Gate(),), kwargs=frozen)
    thread.start()
    assert reached.wait(30)
    with memory._growing:  # as another thread may hold them at that moment
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            before = model.wv.vectors.copy()
            assert model.train(corpus, total_examples=300, epochs=1) == (1200, 1200)
            assert (model.wv.vectors != before).any(axis=1).all()
            large = memory.zeros((1 << 20, 1))
            assert np.shares_memory(memory.grown(large, len(large) + 1), large)
            print("trained", flush=True)
            os._exit(0)
    _, status = os.waitpid(child, 0)
    go_on.set()
    thread.join()
    assert status == 0, status
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX's")
def test_a_child_forked_while_another_thread_trains_is_free_of_it():
    """Neither the update of the parent's training nor a lock that one of its threads held binds the child."""
    code = textwrap.dedent(FORKED)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "trained\n"), done.stderr


FORKED_IN_THE_ITERATOR = """
    import logging, os, signal, sys
    logging.disable()
    from fastw2v import Word2Vec

    corpus = [["a", "b", "c", "d"]] * 300
    SUBCLASS

    class Forking:
        child = None
        def __iter__(self):
            for i, sentence in enumerate(corpus * REPEATS):
                if i == AT and self.child is None:
                    self.child = os.fork()
                    if self.child == 0:
                        signal.alarm(20)
                yield sentence

    model = Model(vector_size=8, min_count=1, workers=2, sample=0, batch_words=100)
    model.build_vocab(corpus)
    forking = Forking()
    try:
        counts = model.train(forking, total_examples=300 * REPEATS, epochs=1)
    except RuntimeError as error:
        assert forking.child == 0 and "forked while threads of its parent were at work" in str(error), error
        model.build_vocab([["new"]], update=True)
        assert model.train(corpus, total_examples=300, epochs=1)[1] == 1200
        os._exit(7)
    assert forking.child
    assert counts == (1200 * REPEATS, 1200 * REPEATS), counts
    assert os.waitstatus_to_exitcode(os.waitpid(forking.child, 0)[1]) == 7
    print("trained")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX's")
@pytest.mark.parametrize(
    ("repeats", "at", "subclass"),
    one_in(
        3,
        [
            (*case, subclass)
            for case in [(1, 0), (1, 299), (200, 30_000)]
            for subclass in (
                "Model = Word2Vec",
                "class Model(Word2Vec): _raw_word_count = lambda self, job: sum(map(len, job))",
            )
        ],
    ),
)
def test_a_child_forked_in_the_corpus_iterator_is_told_that_it_cannot_go_on(subclass, repeats, at):
    """It has none of the workers; once it has left the training of its parent, it trains on its own."""
    code = textwrap.dedent(FORKED_IN_THE_ITERATOR)
    for name, value in {"SUBCLASS": subclass, "REPEATS": str(repeats), "AT": str(at)}.items():
        code = code.replace(name, value)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "trained\n"), done.stderr


def joblib_copy(thing):
    file = io.BytesIO()
    joblib.dump(thing, file)
    file.seek(0)
    return joblib.load(file)


COPIES = {
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda thing, protocol=protocol: pickle.loads(pickle.dumps(thing, protocol))
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
    "joblib": joblib_copy,
}


@pytest.mark.parametrize("scheme", [{"negative": 5}, {"hs": 1, "negative": 0}])
@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_copies_train_on_as_the_original_and_apart_from_it(scheme, copied):
    model = Word2Vec(CORPUS, **SMALL, **scheme, workers=1)
    model.wv.fill_norms()
    twin = copied(model)
    before = twin.wv.vectors.copy()
    train(model)
    np.testing.assert_array_equal(twin.wv.vectors, before)
    train(twin)
    np.testing.assert_array_equal(twin.wv.vectors, model.wv.vectors)
    assert twin.wv.most_similar("w1") == model.wv.most_similar("w1")


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_copies_of_vectors(copied):
    wv = Word2Vec(CORPUS, **SMALL, workers=1).wv
    twin = copied(wv)
    assert type(twin) is KeyedVectors
    assert twin.most_similar("w1") == wv.most_similar("w1")
    twin.add_vector("new", np.ones(8))
    assert "new" not in wv


def test_a_copy_taken_during_a_training_trains():
    copies = []

    class Copy(CallbackAny2Vec):
        def on_epoch_end(self, model):
            copies.extend(copied(model) for copied in COPIES.values())

    model = built(workers=2)
    train(model, callbacks=[Copy()])
    for twin in copies:
        assert train(twin) == (6_000, 6_000)


def test_joblib_workers_share_a_model():
    model = Word2Vec(CORPUS, **SMALL, workers=2)
    parallel = joblib.Parallel(n_jobs=2, backend="threading")
    rankings = parallel(joblib.delayed(model.wv.most_similar)(word) for word in ["w1", "w2"] * 4)
    assert rankings[::2] == [model.wv.most_similar("w1")] * 4


@WORKERS
def test_an_interrupted_model_is_left_by_its_workers(workers):
    """After an error nobody writes into the weights any more."""
    model = built(workers=workers, batch_words=100)

    def sentences(number):
        yield from CORPUS * 3
        raise ZeroDivisionError("of the corpus")

    with pytest.raises(ZeroDivisionError):
        train(model, Stream(sentences))
    before = model.wv.vectors.copy(), model.syn1neg.copy()
    time.sleep(0.05)
    np.testing.assert_array_equal(model.wv.vectors, before[0])
    np.testing.assert_array_equal(model.syn1neg, before[1])


class Interrupt(CallbackAny2Vec):
    """Raises an error at the end of the second epoch."""

    def __init__(self, error):
        self.error = error
        self.epochs = 0

    def on_epoch_end(self, model):
        self.epochs += 1
        if self.epochs == 2:
            raise self.error


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Terminated, ConnectionError])
def test_the_model_of_an_interrupted_constructor_is_with_the_exception(kind, tmp_path):
    error, again = kind(), kind()
    with pytest.raises(kind):
        Word2Vec(CORPUS, **SMALL, callbacks=[Interrupt(error)], checkpoint=tmp_path / "checkpoint")
    assert (error.model.wv.vectors != built().wv.vectors).any()
    assert_sound(error.model)
    has_note = issubclass(kind, KeyboardInterrupt) and hasattr(error, "add_note")
    assert hasattr(error, "__notes__") == has_note

    with pytest.raises(kind):
        Word2Vec.resume(tmp_path / "checkpoint", CORPUS, callbacks=[Interrupt(again)])
    assert_sound(again.model)


def test_an_attribute_model_that_an_exception_has_is_kept():
    error = ConnectionError()
    error.model = "of the user"
    with pytest.raises(ConnectionError):
        Word2Vec(CORPUS, **SMALL, callbacks=[Interrupt(error)])
    assert error.model == "of the user"
