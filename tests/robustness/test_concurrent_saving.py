"""Saving, copying and pickling a model while another thread trains, grows or sorts it."""

from __future__ import annotations

import copy
import io
import os
import pickle
import sys
import threading
import time

import numpy as np
import pytest

from fastw2v import KeyedVectors, Word2Vec
from helpers.parameters import one_in

SMALL = {"vector_size": 4, "min_count": 1, "workers": 1, "epochs": 1}


def saved(model, path):
    model.save(path)
    return Word2Vec.load(path)


def saved_as_gensim(model, path):
    model.save_gensim(path)
    return Word2Vec.load(path)


WAYS = {
    "save": saved,
    "save_gensim": saved_as_gensim,
    "deepcopy": lambda model, path: copy.deepcopy(model),
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
}
WAY = pytest.mark.parametrize("way", one_in(4, WAYS.values()), ids=WAYS)


@pytest.fixture(autouse=True)
def frequent_switches():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def tagged(n_words=300):
    """A model in which the vector, the output weights and the count of a word are its number."""
    model = Word2Vec(**SMALL, sorted_vocab=0)
    model.build_vocab_from_freq({f"w{i}": i + 1 for i in range(n_words)})
    tag(model)
    return model


def tag(model):
    numbers = np.array([number(word) for word in model.wv.index_to_key], dtype=np.float32)
    model.wv.vectors[...] = numbers[:, None]
    model.syn1neg[...] = numbers[:, None]


def number(word):
    return int(word[1:]) + 1


def assert_rows_are_of_their_words(model):
    words = model.wv.index_to_key
    assert len(words) == len(model.wv.key_to_index) == len(model.wv.vectors) == len(model.syn1neg)
    numbers = np.array([number(word) for word in words])
    np.testing.assert_array_equal(model.wv.vectors[:, 0], numbers)
    np.testing.assert_array_equal(model.syn1neg[:, 0], numbers)
    np.testing.assert_array_equal(model.wv.expandos["count"], numbers)
    assert len(model.cum_table) == len(words)


def repeated_in_thread(function):
    """Run `function` again and again in a thread; return a function that ends this and raises its error."""
    stop, errors, started = threading.Event(), [], threading.Event()

    def run():
        try:
            while not stop.is_set():
                function()
                started.set()
        except BaseException as error:
            errors.append(error)
            started.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(60)

    def end():
        stop.set()
        thread.join()
        assert errors == []

    return end


@WAY
def test_while_another_thread_sorts_no_word_gets_the_rows_of_others(way, tmp_path):
    model = tagged()

    def sort():
        model.wv.sort_by_descending_frequency()
        model.wv._table.take(np.arange(len(model.wv))[::-1])

    end = repeated_in_thread(sort)
    copies = refused = 0
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline or not copies + refused:
        try:
            twin = way(model, tmp_path / "m")
        except RuntimeError:  # of pickles and copies only
            refused += 1
        else:
            assert_rows_are_of_their_words(twin)
            copies += 1
    end()
    if way in (saved, saved_as_gensim):
        assert copies
        assert not refused
    assert_rows_are_of_their_words(way(model, tmp_path / "m"))


@WAY
def test_while_another_thread_grows_the_model_files_and_copies_are_whole_or_refused(way, tmp_path):
    model = tagged()
    state = {"next": len(model.wv)}  # the number of the next new word

    def grow():
        state["next"] += 7
        words = {f"w{i}": i + 1 for i in range(state["next"] - 7, state["next"])}
        model.build_vocab_from_freq(words, update=True)

    end = repeated_in_thread(grow)
    copies = refused = 0
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        try:
            twin = way(model, tmp_path / "m")
        except RuntimeError:
            refused += 1
            continue
        copies += 1
        words = len(twin.wv)
        assert words % 7 == 300 % 7
        assert words == len(twin.wv.key_to_index) == len(twin.wv.vectors) == len(twin.syn1neg)
        assert words == len(twin.cum_table) == len(twin.wv.expandos["count"])
        np.testing.assert_array_equal(twin.wv.vectors[:300, 0], np.arange(1, 301))
        assert not twin.syn1neg[300:].any()
    end()
    assert copies + refused
    assert len(way(model, tmp_path / "m").wv) == state["next"]


class Gate:
    """A corpus whose iterator waits in its middle."""

    def __init__(self, words=("a", "b")):
        self.words = words
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __iter__(self):
        yield list(self.words)
        self.reached.set()
        assert self.go_on.wait(60)
        yield list(self.words)


@WAY
def test_it_is_refused_while_another_thread_grows_the_model(way, tmp_path):
    model, gate = tagged(), Gate(["w300", "w301"])
    thread = threading.Thread(target=model.build_vocab, args=(gate,), kwargs={"update": True})
    thread.start()
    assert gate.reached.wait(60)
    try:
        with pytest.raises(
            RuntimeError, match=r"another thread is growing the vocabulary .* neither saved nor"
        ):
            way(model, tmp_path / "m")
        assert not list(tmp_path.iterdir())
    finally:
        gate.go_on.set()
        thread.join()
    assert len(way(model, tmp_path / "m").wv) == 302


@WAY
def test_it_is_possible_while_another_thread_trains_the_model(way, tmp_path):
    model, gate = tagged(), Gate(["w0", "w1"])
    thread = threading.Thread(target=model.train, args=(gate,), kwargs={"total_examples": 2, "epochs": 1})
    thread.start()
    assert gate.reached.wait(60)
    try:
        assert way(model, tmp_path / "m").wv.index_to_key == model.wv.index_to_key
    finally:
        gate.go_on.set()
        thread.join()


def test_the_growing_thread_itself_may_save(tmp_path):
    model = tagged()

    class Corpus:
        def __iter__(self):
            model.save(tmp_path / "m")
            copy.deepcopy(model)
            yield ["w300"]

    model.build_vocab(Corpus(), update=True)
    assert_rows_are_of_their_words(Word2Vec.load(tmp_path / "m"))
    assert len(model.wv) == 301


def test_vectors_are_saved_and_pickled_whole_while_another_thread_sorts_or_adds(tmp_path):
    wv = tagged().wv
    added = [300]

    def change():
        wv.sort_by_descending_frequency()
        wv.add_vectors([f"w{added[0]}"], [[added[0] + 1] * 4], {"count": [added[0] + 1]})
        added[0] += 1

    end = repeated_in_thread(change)
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        wv.save(tmp_path / "v")
        for twin in (KeyedVectors.load(tmp_path / "v"), copy.deepcopy(wv), pickle.loads(pickle.dumps(wv))):
            numbers = np.array([number(word) for word in twin.index_to_key])
            np.testing.assert_array_equal(twin.vectors[:, 0], numbers)
            np.testing.assert_array_equal(twin.expandos["count"], numbers)
            assert [twin.key_to_index[word] for word in twin.index_to_key] == list(range(len(numbers)))
    end()


def test_a_pickle_holds_the_identity_of_model_and_vectors():
    model = tagged()
    twin, wv = copy.deepcopy((model, model.wv))
    assert twin.wv is wv
    twin, wv = pickle.loads(pickle.dumps((model, model.wv)))
    assert twin.wv is wv


class SortingFile(io.BytesIO):
    """A file whose first write sorts the model that is pickled to it, as another thread might."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def write(self, data):
        model, self.model = self.model, None
        if model is not None:
            model.wv.sort_by_descending_frequency()
        return super().write(data)


def test_a_pickle_during_which_rows_move_is_refused():
    model = tagged()
    model.comment = "x" * 200_000  # pickled before the vectors; it fills the first frame
    with pytest.raises(RuntimeError, match="copy or pickle it again"):
        pickle.dump(model, SortingFile(model), protocol=4)
    assert_rows_are_of_their_words(pickle.loads(pickle.dumps(model)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX's")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_forked_while_another_thread_moves_rows_saves(tmp_path):
    model = tagged()
    end = repeated_in_thread(lambda: model.wv.sort_by_descending_frequency())
    statuses = []
    for i in range(10):
        child = os.fork()
        if child == 0:
            try:
                other = tagged(20)
                other.save(tmp_path / f"m{i}")
                copy.deepcopy(other)
                os._exit(0)
            finally:
                os._exit(1)
        statuses.append(os.waitpid(child, 0)[1])
    end()
    assert statuses == [0] * 10


# --- models of several files that are replaced while they are read


@pytest.fixture
def separate_files(monkeypatch):
    """Let `save_gensim` write arrays of any size to files of their own."""
    from fastw2v.formats import gensim

    write = gensim.write_model
    monkeypatch.setattr(gensim, "write_model", lambda path, state: write(path, state, separate_from=1))


def generation(number, n_words=5):
    model = Word2Vec(**SMALL)
    model.build_vocab_from_freq({f"w{i}": 1 for i in range(n_words)})
    model.wv.vectors[...] = model.syn1neg[...] = number
    return model


def saved_while_reading(monkeypatch, models, path, before="model.wv.vectors.npy"):
    """Save the next one of `models` whenever a certain separate file of the model is about to be read."""
    from fastw2v.formats import npy

    read, models = npy.read_npy, iter(models)

    def read_later(name, mmap=None):
        if name.endswith(before):
            for model in models:
                model.save_gensim(path)
                break
        return read(name, mmap)

    monkeypatch.setattr(npy, "read_npy", read_later)


@pytest.mark.parametrize("load", [Word2Vec.load, KeyedVectors.load])
@pytest.mark.parametrize("mmap", [None, "r", "r+"])
@pytest.mark.parametrize("n_words", [5, 6])
def test_a_model_of_several_files_that_is_replaced_is_read_again(
    tmp_path, monkeypatch, separate_files, load, mmap, n_words
):
    path = tmp_path / "model"
    generation(1).save_gensim(path)
    saved_while_reading(monkeypatch, [generation(2, n_words)], path)
    loaded = load(path, mmap=mmap)
    wv = getattr(loaded, "wv", loaded)
    assert (wv.vectors == 2).all()
    assert len(wv) == n_words
    if loaded is not wv:
        assert (loaded.syn1neg == 2).all()


def test_a_model_that_is_replaced_each_time_is_an_error(tmp_path, monkeypatch, separate_files):
    path = tmp_path / "model"
    generation(0).save_gensim(path)
    saved_while_reading(monkeypatch, map(generation, range(1, 100)), path)
    with pytest.raises(OSError, match="another program replaced this file while it was read") as caught:
        Word2Vec.load(path)
    assert caught.value.filename == str(path)


def test_a_separate_file_that_is_written_while_it_is_read_is_noticed(tmp_path, monkeypatch, separate_files):
    from fastw2v.formats import npy

    path = tmp_path / "model"
    generation(1).save_gensim(path)
    read, written = npy.read_npy, []

    def write_in_place(name, mmap=None):
        array = read(name, mmap)
        if name.endswith("syn1neg.npy") and not written:
            written.append(name)
            np.save(name, np.full_like(array, 2))  # as gensim writes it
        return array

    monkeypatch.setattr(npy, "read_npy", write_in_place)
    assert (Word2Vec.load(path).syn1neg == 2).all()


def test_a_model_of_one_file_may_be_replaced_at_any_time(tmp_path, monkeypatch):
    from fastw2v.formats import gensim

    path = tmp_path / "model"
    generation(1).save_gensim(path)
    unpickle = gensim.unpickle

    def replaced(*args):
        generation(2).save_gensim(path)
        return unpickle(*args)

    monkeypatch.setattr(gensim, "unpickle", replaced)
    assert (Word2Vec.load(path).wv.vectors == 1).all()


# --- calls by signal handlers, which run in the middle of other code of the same thread


@WAY
def test_it_is_refused_in_code_that_interrupts_a_growth(way, tmp_path):
    class Interrupted(Word2Vec):
        def prepare_weights(self, update=False):
            with pytest.raises(RuntimeError, match="the words are being changed"):
                way(self, tmp_path / "m")
            super().prepare_weights(update)

    model = Interrupted(**SMALL)
    model.build_vocab_from_freq({"w0": 1})
    model.build_vocab_from_freq({"w1": 1}, update=True)
    assert not list(tmp_path.iterdir())
    model.__class__ = Word2Vec
    assert len(way(model, tmp_path / "m").wv) == 2


@WAY
def test_it_is_refused_in_code_that_interrupts_a_sort(way, tmp_path, monkeypatch):
    from fastw2v.vectors import row_table

    model, take_rows = tagged(), row_table.take_rows

    def interrupted(matrix, rows):
        with pytest.raises(RuntimeError, match="the words are being changed"):
            way(model, tmp_path / "m")
        return take_rows(matrix, rows)

    with monkeypatch.context() as patch:
        patch.setattr(row_table, "take_rows", interrupted)
        model.wv.sort_by_descending_frequency()
    assert_rows_are_of_their_words(way(model, tmp_path / "m"))


@pytest.mark.parametrize("way", [saved, saved_as_gensim])
def test_a_handler_that_sorts_while_a_model_is_read_makes_it_be_read_again(way, tmp_path, monkeypatch):
    from fastw2v.vectors.row_table import RowTable

    model, read = tagged(), RowTable.fitting_attributes
    sorts = iter([model.wv.sort_by_descending_frequency])

    def interrupted(table):
        for sort in sorts:
            sort()
        return read(table)

    monkeypatch.setattr(RowTable, "fitting_attributes", interrupted)
    assert_rows_are_of_their_words(way(model, tmp_path / "m"))
