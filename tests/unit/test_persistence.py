"""Models on disk: whole, self-contained, and continuing exactly where they stood."""

from __future__ import annotations

import copy
import logging
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, KeyedVectors, Word2Vec
from helpers.oracle import gensim

SCHEMES = [{"negative": 5}, {"hs": 1, "negative": 0}, {"hs": 1, "negative": 3}]
OPTIONS = {"vector_size": 16, "min_count": 2, "workers": 1, "epochs": 2, "seed": 7}


def assert_equal_models(a, b):
    assert a.wv.index_to_key == b.wv.index_to_key
    np.testing.assert_array_equal(a.wv.vectors, b.wv.vectors)
    for name in ("syn1", "syn1neg", "cum_table"):
        if getattr(b, name, None) is not None:
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("mmap", [None, "c", "r+"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_loaded_model_trains_on_as_if_never_saved(tmp_path, one_job, scheme, mmap, suffix):
    path = tmp_path / f"model{suffix}"
    model = Word2Vec(one_job, **OPTIONS, **scheme)
    model.save(path)
    if suffix and mmap:
        with pytest.raises((OSError, ValueError), match=r"mmap|compressed"):
            Word2Vec.load(path, mmap=mmap)
        return
    loaded = Word2Vec.load(str(path), mmap=mmap)
    assert_equal_models(loaded, model)
    assert str(loaded) == str(model)
    for each in (model, loaded):
        each.train(one_job, total_examples=len(one_job), epochs=2)
    assert_equal_models(loaded, model)
    again = tmp_path / "again"
    loaded.save(again)
    assert_equal_models(Word2Vec.load(again), model)


def test_every_setting_survives(tmp_path, one_job):
    model = Word2Vec(
        vector_size=7, alpha=0.03, window=3, min_count=2, max_vocab_size=5_000, sample=1e-4, seed=11, workers=2,
        min_alpha=0.002, sg=1, hs=1, negative=4, ns_exponent=-0.5, cbow_mean=0, epochs=3, null_word=1, sorted_vocab=0,
        batch_words=777, compute_loss=True, comment="a comment", max_final_vocab=900, shrink_windows=False,
    )  # fmt: skip
    model.build_vocab(one_job, keep_raw_vocab=True)
    model.train(one_job, total_examples=len(one_job), epochs=3)
    model.my_own_note = {"source": ["web", 1]}
    model.save(tmp_path / "m")
    loaded = Word2Vec.load(tmp_path / "m")
    left, right = model.__getstate__(), loaded.__getstate__()
    assert left.keys() == right.keys()
    assert vars(model).keys() == vars(loaded).keys()
    for name in left.keys() - {"wv", "random", "syn1", "syn1neg", "cum_table", "hashfxn"}:
        assert right[name] == left[name], name
    assert_equal_models(loaded, model)


def test_a_model_file_is_safetensors(tmp_path, one_job):
    model = Word2Vec(one_job, **OPTIONS)
    model.save(tmp_path / "m.safetensors")
    load_file = pytest.importorskip("safetensors.numpy").load_file  # no wheel for the free-threaded CPython
    arrays = load_file(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(arrays["wv.vectors"], model.wv.vectors)
    np.testing.assert_array_equal(arrays["syn1neg"], model.syn1neg)


def test_read_only_mapping_answers_and_refuses_to_train(tmp_path, one_job):
    model = Word2Vec(one_job, **OPTIONS)
    model.save(tmp_path / "m")
    mapped = Word2Vec.load(tmp_path / "m", mmap="r")
    assert isinstance(mapped.wv.vectors, np.memmap)
    assert mapped.wv.most_similar("w1") == model.wv.most_similar("w1")
    with pytest.raises(ValueError, match=r"read-only.*mmap='c'"):
        mapped.train(one_job, total_examples=len(one_job), epochs=1)


def test_vectors_of_a_model_file(tmp_path, one_job):
    model = Word2Vec(one_job, **OPTIONS)
    model.save(tmp_path / "model")
    model.wv.save(tmp_path / "vectors")
    for name in ("model", "vectors"):
        wv = KeyedVectors.load(tmp_path / name)
        assert wv.most_similar("w1") == model.wv.most_similar("w1")
    with pytest.raises(AttributeError, match="KeyedVectors"):
        Word2Vec.load(tmp_path / "vectors")


def test_another_process_reads_the_file(tmp_path, one_job):
    model = Word2Vec(one_job, **OPTIONS)
    model.save(tmp_path / "m")
    code = "import sys; from fastw2v import Word2Vec; print(Word2Vec.load(sys.argv[1]).wv.most_similar('w1')[0][0])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "m")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == model.wv.most_similar("w1")[0][0]


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_are_independent_and_continue(one_job, clone):
    model = Word2Vec(one_job, **OPTIONS)
    twin = clone(model)
    assert_equal_models(twin, model)
    before = model.wv.vectors.copy()
    twin.train(one_job, total_examples=len(one_job), epochs=1)
    np.testing.assert_array_equal(model.wv.vectors, before)
    model.train(one_job, total_examples=len(one_job), epochs=1)
    assert_equal_models(twin, model)


class LockedText:
    """A corpus that can be neither copied nor pickled."""

    def __init__(self, sentences):
        self.sentences, self.lock = sentences, threading.Lock()

    def __iter__(self):
        return iter(self.sentences)


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("kind", [list, LockedText])
def test_copies_made_while_the_constructor_trains_leave_the_corpus_behind(one_job, clone, kind):
    copies = []

    class Snapshot(CallbackAny2Vec):
        def on_epoch_end(self, model):
            copies.append(clone(model))

    marked = [*one_job, ["seen-once"]]  # and in no vocabulary
    model = Word2Vec(kind(marked), **OPTIONS, callbacks=[Snapshot()])
    assert_equal_models(copies[-1], model)
    assert (copies[0].wv.vectors != model.wv.vectors).any()
    assert b"seen-once" not in pickle.dumps(copies[-1])
    for each in (copies[-1], model):
        each.train(one_job, total_examples=len(one_job), epochs=1)
    assert_equal_models(copies[-1], model)


def test_a_start_that_saving_would_lose_is_warned_of(tmp_path, one_job, caplog):
    older = Word2Vec(one_job, **OPTIONS)
    waiting = Word2Vec(**OPTIONS, init_from=older)
    with caplog.at_level(logging.WARNING):
        waiting.save(tmp_path / "m")
    assert "init_from is not saved" in caplog.text
    caplog.clear()
    waiting.build_vocab(one_job)
    waiting.save(tmp_path / "m")
    Word2Vec(**OPTIONS).save(tmp_path / "m")
    assert not caplog.text


@pytest.mark.parametrize("lockf", [0.0, {"w1": 0.0}])
def test_lock_factors_without_vectors_are_refused(lockf):
    with pytest.raises(ValueError, match=r"init_lockf=.* needs init_from="):
        Word2Vec(**OPTIONS, init_lockf=lockf)


# --- gensim's files


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("sg", [0, 1])
def test_gensims_model_continues_gensims_numbers(tmp_path, one_job, scheme, sg):
    theirs = gensim.models.Word2Vec(one_job, **OPTIONS, **scheme, sg=sg)
    theirs.save(str(tmp_path / "g"))
    ours = Word2Vec.load(tmp_path / "g")
    assert_equal_models(ours, theirs)
    for model in (ours, theirs):
        model.train(one_job, total_examples=len(one_job), epochs=2)
    np.testing.assert_allclose(ours.wv.vectors, theirs.wv.vectors, rtol=0, atol=1e-3)
    assert ours.random.randint(2**30) == theirs.random.randint(2**30)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_gensim_continues_our_model(tmp_path, one_job, scheme):
    ours = Word2Vec(one_job, **OPTIONS, **scheme)
    ours.save_gensim(tmp_path / "g")
    theirs = gensim.models.Word2Vec.load(str(tmp_path / "g"))
    assert_equal_models(ours, theirs)
    for model in (ours, theirs):
        model.train(one_job, total_examples=len(one_job), epochs=2)
    np.testing.assert_allclose(ours.wv.vectors, theirs.wv.vectors, rtol=0, atol=1e-3)
    assert ours.random.randint(2**30) == theirs.random.randint(2**30)


def test_loading_logs_no_creation_of_a_model(tmp_path, caplog):
    model = Word2Vec([["a", "b"]] * 5, min_count=1, vector_size=2)
    model.save(tmp_path / "native")
    model.save_gensim(tmp_path / "gensim")
    pickled = pickle.dumps(model)
    caplog.set_level(logging.INFO)
    loaded = [Word2Vec.load(tmp_path / "native"), Word2Vec.load(tmp_path / "gensim"), pickle.loads(pickled)]
    assert "created" not in caplog.text
    for each in loaded:
        assert [event["event"] for event in each.lifecycle_events].count("created") == 1
