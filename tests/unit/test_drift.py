"""How far words moved between two models, and how their neighbourhoods changed."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from fastw2v import KeyedVectors, Word2Vec
from helpers.corpora import zipf_sentences


@pytest.fixture(scope="module")
def model():
    return Word2Vec(zipf_sentences(12_000, 400, seed=1), vector_size=16, min_count=2, workers=1, epochs=3)


def test_a_copy_has_not_drifted(model):
    drift = model.drift(copy.deepcopy(model))
    assert drift.words == model.wv.index_to_key
    assert len(drift) == len(model.wv)
    assert drift.mean_distance == 0
    assert drift.mean_cosine == pytest.approx(1, abs=1e-6)
    assert drift.mean_overlap == 1


def test_it_tells_what_numpy_and_most_similar_tell(model):
    older = copy.deepcopy(model.wv)
    newer = copy.deepcopy(model)
    newer.build_vocab([["new", *older.index_to_key[:30]]] * 9, update=True)
    newer.train([["new", *older.index_to_key[:30]]] * 9, total_examples=9, epochs=20)
    drift = newer.drift(older, topn=5, sample=None)
    assert "new" not in drift.words
    old, new = (np.array([wv[word] for word in drift.words]) for wv in (older, newer.wv))
    np.testing.assert_allclose(drift.distance, np.linalg.norm(new - old, axis=1), rtol=1e-5, atol=1e-6)
    cosines = [newer.wv.cosine_similarities(b, a[None])[0] for a, b in zip(old, new, strict=True)]
    np.testing.assert_allclose(drift.cosine, cosines, atol=1e-5)
    newer.wv.remove_keys(["new"])  # neighbourhoods are those of shared words
    compared = 0
    for i in range(0, len(drift), 20):
        six = [wv.most_similar(drift.words[i], topn=6) for wv in (older, newer.wv)]
        if min(found[4][1] - found[5][1] for found in six) < 1e-6:
            continue  # the fifth and the sixth are the same but for the order of sums
        near = [{word for word, _ in found[:5]} for found in six]
        assert drift.overlap[i] == pytest.approx(len(near[0] & near[1]) / 5)
        compared += 1
    assert compared > len(drift) / 20 / 2
    word, cosine = drift.most_moved(1)[0]
    assert cosine == drift.cosine.min()
    assert drift.cosine[drift.words.index(word)] == cosine


def test_neighbourhoods_do_not_see_rotations_and_order_does_not_matter(model):
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.normal(size=(16, 16)))[0].astype(np.float32)
    order = rng.permutation(len(model.wv))
    turned = KeyedVectors(16)
    turned.add_vectors([model.wv.index_to_key[i] for i in order], model.wv.vectors[order] @ rotation)
    drift = turned.drift(model, sample=None)
    assert drift.mean_overlap > 0.99
    assert drift.mean_cosine < 0.5
    assert drift.words == turned.index_to_key


def test_sampling_and_degenerate_sizes(model):
    assert np.count_nonzero(~np.isnan(model.drift(model, sample=7).overlap)) == 7
    assert np.isnan(model.drift(model, topn=0).overlap).all()
    empty = model.drift(KeyedVectors(16))
    assert len(empty) == 0
    assert np.isnan(empty.mean_cosine)
    one = KeyedVectors(16)
    one.add_vector(model.wv.index_to_key[0], np.zeros(16))
    lonely = model.drift(one)
    assert lonely.cosine.tolist() == [0]
    assert np.isnan(lonely.mean_overlap)
    assert "1 words" in repr(lonely)


def test_what_cannot_be_compared_is_refused(model):
    other = KeyedVectors(3)
    other.add_vector(model.wv.index_to_key[0], np.ones(3))
    with pytest.raises(ValueError, match="16 and 3 dimensions"):
        model.drift(other)
    with pytest.raises(ValueError, match="topn=-1"):
        model.drift(model, topn=-1)


@pytest.mark.parametrize("other", [None, "model.fw2v", 5])
def test_what_is_no_vectors_is_refused(model, other):
    with pytest.raises(TypeError, match="KeyedVectors or a model"):
        model.drift(other)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"topn": -1}, ValueError),
        ({"sample": -1}, ValueError),
        ({"topn": "5"}, TypeError),
        ({"sample": 2.5}, TypeError),
    ],
)
def test_sizes_without_sense_are_refused_by_name(model, arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        model.drift(model, **arguments)
    with pytest.raises(ValueError, match="topn=-3"):
        model.drift(model).most_moved(-3)


def test_a_vector_that_diverged_is_not_passed_over(model):
    newer = copy.deepcopy(model)
    newer.wv.vectors[7] = np.nan
    drift = newer.drift(model)
    assert np.isnan(drift.mean_distance)
    assert np.isnan(drift.mean_cosine)
    assert drift.most_moved(1)[0][0] == newer.wv.index_to_key[7]


def test_nothing_is_said_of_neighbourhoods_that_were_not_asked(model):
    assert "neighbours kept (of 100 words)" in repr(model.drift(model, sample=100))
    for drift in (model.drift(model, topn=0), model.drift(KeyedVectors(16))):
        assert "neighbours" not in repr(drift)
