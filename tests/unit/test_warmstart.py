"""Word2Vec(init_from=...): words start from the vectors of another training."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from fastw2v import KeyedVectors, Word2Vec
from helpers.corpora import zipf_sentences

OPTIONS = {"vector_size": 16, "min_count": 2, "workers": 1}


@pytest.fixture(scope="module")
def texts():
    return zipf_sentences(6_000, 200, seed=4)


@pytest.fixture(scope="module")
def older():
    """Vectors of every other word of `texts`, and of words that it lacks."""
    kv = KeyedVectors(16)
    words = [f"w{i}" for i in range(0, 200, 2)] + ["elsewhere"]
    kv.add_vectors(words, np.random.default_rng(0).normal(size=(len(words), 16)).astype(np.float32))
    return kv


def save_as(kv, form, path):
    if form in ("text", "binary"):
        kv.save_word2vec_format(path, binary=form == "binary")
    elif form == "gensim":
        kv.save_gensim(path)
    else:
        kv.save(path)
    return path


@pytest.mark.parametrize("form", ["vectors", "native", "text", "binary", "gensim", "model"])
def test_words_start_from_what_is_given(tmp_path, texts, older, form):
    source = older
    if form == "model":
        source = Word2Vec(**OPTIONS)
        source.wv = older
    elif form != "vectors":
        source = save_as(older, form, tmp_path / "older")
    model, plain = Word2Vec(**OPTIONS, init_from=source), Word2Vec(**OPTIONS)
    for each in (model, plain):
        each.build_vocab(texts)
    assert model.wv.index_to_key == plain.wv.index_to_key
    for word in model.wv.index_to_key:
        expected = older[word] if word in older.key_to_index else plain.wv[word]
        np.testing.assert_allclose(model.wv[word], expected, rtol=1e-6)
    assert not model.syn1neg.any()
    assert len(model.wv.vectors_lockf) == 1
    assert not np.shares_memory(model.wv.vectors, older.vectors)


def test_the_constructor_trains_on_from_it(texts, older):
    model = Word2Vec(texts, **OPTIONS, init_from=older)
    by_hand = Word2Vec(**OPTIONS)
    by_hand.build_vocab(texts)
    for word in older.index_to_key:
        if word in by_hand.wv.key_to_index:
            by_hand.wv.vectors[by_hand.wv.key_to_index[word]] = older[word]
    by_hand.train(texts, total_examples=len(texts), epochs=5)
    np.testing.assert_array_equal(model.wv.vectors, by_hand.wv.vectors)


@pytest.mark.parametrize("sg", [0, 1])
def test_lock_factors_word_by_word(texts, older, sg):
    frozen = Word2Vec(texts, **OPTIONS, sg=sg, init_from=older, init_lockf=0.0)
    partly = Word2Vec(texts, **OPTIONS, sg=sg, init_from=older, init_lockf={"w2": 0.0, "w4": 0.5})
    assert partly.wv.vectors_lockf[partly.wv.key_to_index["w4"]] == 0.5
    for model, still in ((frozen, set(older.index_to_key)), (partly, {"w2"})):
        for word in ("w0", "w1", "w2", "w3"):
            start = older[word] if word in older.key_to_index else None
            if word in still:
                np.testing.assert_array_equal(model.wv[word], start)
            elif start is not None:
                assert (model.wv[word] != start).any()
    assert (frozen.wv["w1"] != partly.wv["w1"]).any()


def test_a_model_that_waits_for_its_words_is_saved_and_copied(tmp_path, texts, older):
    model = Word2Vec(**OPTIONS, init_from=older)
    model.save(tmp_path / "empty")
    assert not len(Word2Vec.load(tmp_path / "empty").wv)
    model.build_vocab(texts)
    model.build_vocab([["other"] * 5])  # a vocabulary anew starts afresh
    assert model.wv.index_to_key == ["other"]


def test_what_cannot_be_started_from_is_refused_before_the_corpus_is_read(tmp_path, older):
    def texts():
        raise AssertionError("the corpus was read")
        yield

    for options, error, message in (
        ({"init_from": older, "vector_size": 8}, ValueError, "vector_size=16"),
        ({"init_from": {"a": 1}}, TypeError, "not dict"),
        ({"init_from": tmp_path / "none"}, FileNotFoundError, "none"),
        ({"init_from": older, "init_lockf": "0"}, ValueError, "init_lockf"),
        ({"init_from": older, "init_lockf": {"w2": float("nan")}}, ValueError, "init_lockf"),
    ):
        with pytest.raises(error, match=message):
            Word2Vec(texts(), **{**OPTIONS, **options})


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite_are_refused_by_word(texts, older, bad):
    broken = KeyedVectors(16)
    broken.add_vectors(older.index_to_key, older.vectors.copy())
    broken.vectors[broken.key_to_index["elsewhere"]] = bad  # a word that the corpus lacks
    Word2Vec(texts, **OPTIONS, init_from=broken, epochs=1)
    broken.vectors[broken.key_to_index["w4"], 3] = bad
    with pytest.raises(ValueError, match="init_from holds NaN or infinity for 'w4' and 0 other"):
        Word2Vec(texts, **OPTIONS, init_from=broken, epochs=1)


@pytest.mark.parametrize("how", ["corpus", "counts"])
@pytest.mark.parametrize("hs", [0, 1])
def test_words_of_an_update_start_from_what_is_given(tmp_path, texts, older, how, hs):
    """Old words keep their vectors, also if the other vectors have them; each update has vectors of its own."""
    model = Word2Vec(texts, **OPTIONS, hs=hs)
    before, known = model.wv.vectors.copy(), len(model.wv)
    plain = copy.deepcopy(model)
    later = KeyedVectors(16)
    later.add_vectors(["fresh", "w0", "third"], np.full((3, 16), 0.25, dtype=np.float32))
    path = save_as(later, "native", tmp_path / "later")
    for each, options in ((model, {"init_from": path, "init_lockf": {"fresh": 0.0}}), (plain, {})):
        if how == "corpus":
            each.build_vocab([["fresh", "other", "w0"]] * 3, update=True, **options)
        else:
            each.build_vocab_from_freq({"fresh": 3, "other": 3, "w0": 3}, update=True, **options)
        each.build_vocab([["third"] * 3], update=True)
    np.testing.assert_array_equal(model.wv["fresh"], later["fresh"])
    np.testing.assert_array_equal(model.wv.vectors[:known], before)
    for word in ("other", "third"):
        np.testing.assert_array_equal(model.wv[word], plain.wv[word])
    model.train([["fresh", "other", "w0", "w1"]] * 20, total_examples=20, epochs=1)
    np.testing.assert_array_equal(model.wv["fresh"], later["fresh"])  # it is locked
    assert (model.wv["other"] != plain.wv["other"]).any()


def test_the_first_vocabulary_may_be_given_vectors_when_it_is_built(texts, older):
    model, expected = Word2Vec(**OPTIONS), Word2Vec(**OPTIONS, init_from=older)
    model.build_vocab(texts, init_from=older)
    expected.build_vocab(texts)
    np.testing.assert_array_equal(model.wv.vectors, expected.wv.vectors)


def test_an_update_with_vectors_that_cannot_be_used_changes_nothing(texts, older):
    model = Word2Vec(texts, **OPTIONS)
    known = list(model.wv.index_to_key)
    broken = KeyedVectors(16)
    broken.add_vector("fresh", np.full(16, np.nan))
    for options, message in (
        ({"init_from": broken}, "init_from holds NaN or infinity for 'fresh'"),
        ({"init_from": KeyedVectors(3)}, "vector_size=3"),
        ({"init_lockf": 0.0}, "needs init_from="),
    ):
        with pytest.raises(ValueError, match=message):
            model.build_vocab([["fresh"] * 3], update=True, **options)
        assert model.wv.index_to_key == known
    model.build_vocab([["fresh"] * 3], update=True)
    assert np.isfinite(model.wv["fresh"]).all()


def test_vectors_of_other_words_alone_change_nothing(texts):
    elsewhere = KeyedVectors(16)
    elsewhere.add_vector("elsewhere", np.ones(16))
    model, plain = Word2Vec(**OPTIONS, init_from=elsewhere), Word2Vec(**OPTIONS)
    for each in (model, plain):
        each.build_vocab(texts)
    np.testing.assert_array_equal(model.wv.vectors, plain.wv.vectors)
