"""The bound on the norms of the vectors."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v import Word2Vec
from helpers.corpora import zipf_sentences
from helpers.naive_training import assert_trains_as_defined
from helpers.parameters import one_in

CORPUS = zipf_sentences(600, 60, seed=5, length=9)
SETTINGS = {"min_count": 1, "workers": 1, "vector_size": 10}
OBJECTIVES = {
    "negative": {"negative": 4},
    "hs": {"hs": 1, "negative": 0},
    "softmax": {"objective": "sampled_softmax", "negative": 5},
    "tied": {"objective": "sampled_softmax", "negative": 5, "tied_weights": True},
}


def norms(model: Word2Vec) -> np.ndarray:
    return np.linalg.norm(model.wv.vectors, axis=1)


@pytest.mark.parametrize("sg", one_in(2, [1, 0]))
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_one_job_agrees_with_the_definition(objective, sg):
    model = Word2Vec(**SETTINGS, **OBJECTIVES[objective], sg=sg, sample=0.05, max_norm=0.09)
    model.build_vocab(CORPUS)
    assert (norms(model) > 0.09).sum() > 10
    assert_trains_as_defined(model, CORPUS)
    assert (norms(model) > 0.09001).sum() < 3  # words that subsampling has dropped


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("options", [{}, {"sg": 1}, {"sg": 1, "shared_negatives": True}, {"sg": 1, "hs": 1}])
def test_no_trained_vector_is_longer(options, workers):
    options = {**SETTINGS, **options, "workers": workers, "alpha": 0.2, "epochs": 3}
    assert norms(Word2Vec(CORPUS, **options)).max() > 0.5
    limit = 0.25 if workers == 1 else 0.26  # two workers may update a vector at the same time
    assert norms(Word2Vec(CORPUS, **options, max_norm=0.25)).max() < limit + 1e-6


def test_locked_vectors_stay():
    model = Word2Vec(**SETTINGS, max_norm=0.01, sample=0)
    model.build_vocab(CORPUS)
    model.wv.vectors_lockf = np.ones(len(model.wv), dtype=np.float32)
    model.wv.vectors_lockf[2] = 0.0
    before = model.wv.vectors[2].copy()
    model.train(CORPUS, total_examples=len(CORPUS), epochs=1)
    np.testing.assert_array_equal(model.wv.vectors[2], before)
    assert np.delete(norms(model), 2).max() < 0.01001


def test_a_bound_that_is_never_reached_changes_nothing():
    one, other = (Word2Vec(CORPUS, **SETTINGS, max_norm=bound) for bound in (None, 100))
    np.testing.assert_array_equal(one.wv.vectors, other.wv.vectors)


def test_a_loaded_model_keeps_the_bound(tmp_path):
    model = Word2Vec(CORPUS, **SETTINGS, max_norm=0.2, alpha=0.2)
    model.save(tmp_path / "model")
    loaded = Word2Vec.load(tmp_path / "model")
    for each in (model, loaded):
        each.build_vocab([["fresh", *CORPUS[0]]], update=True)
        each.train(CORPUS, total_examples=len(CORPUS), epochs=2)
        assert norms(each).max() < 0.20001
    np.testing.assert_array_equal(model.wv.vectors, loaded.wv.vectors)


@pytest.mark.parametrize("bound", [0, -1.0, float("nan")])
def test_a_bound_of_nothing_is_refused(bound):
    with pytest.raises(ValueError, match="max_norm="):
        Word2Vec(max_norm=bound)
