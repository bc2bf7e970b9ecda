"""Postprocessed and combined vectors, compared with their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v import KeyedVectors, Word2Vec
from helpers.corpora import zipf_sentences


@pytest.fixture
def vectors() -> KeyedVectors:
    rng = np.random.default_rng(1)
    kv = KeyedVectors(12)
    kv.add_vectors([f"w{i}" for i in range(200)], rng.standard_normal((200, 12)) * np.arange(1, 13) + 3.0)
    return kv


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("remove", [0, 1, 3, 12])
def test_postprocessing_is_all_but_the_top(vectors, center, remove):
    matrix = vectors.vectors.astype(np.float64)
    matrix = matrix - matrix.mean(axis=0) if center else matrix
    top = np.linalg.svd(matrix, full_matrices=False)[2][:remove]
    expected = matrix - matrix @ top.T @ top
    before = vectors.vectors.copy()
    np.testing.assert_allclose(vectors.postprocess(center=center, remove=remove).vectors, expected, atol=2e-5)
    np.testing.assert_array_equal(vectors.vectors, before)


def test_a_direction_is_removed_for_each_100_dimensions(vectors):
    assert np.array_equal(vectors.postprocess().vectors, vectors.postprocess(remove=0).vectors)
    wide = KeyedVectors(150)
    wide.add_vectors(["a", "b", "c"], np.random.default_rng(2).standard_normal((3, 150)))
    assert np.array_equal(wide.postprocess().vectors, wide.postprocess(remove=2).vectors)


def test_vectors_that_are_not_finite_are_named(vectors):
    vectors.vectors[7, 2] = np.nan
    with pytest.raises(ValueError, match="'w7'"):
        vectors.postprocess()


def test_other_types_and_attributes_are_kept(vectors):
    vectors.set_vecattr("w3", "count", 5)
    half = vectors.astype("float16").postprocess(remove=1)
    assert half.vectors.dtype == np.float16
    assert half.get_vecattr("w3", "count") == 5
    np.testing.assert_allclose(half.vectors, vectors.postprocess(remove=1).vectors, atol=0.1)


def test_combined_vectors_are_the_sum_of_both():
    model = Word2Vec(zipf_sentences(2_000, 50), vector_size=8, min_count=1, workers=1)
    combined = model.combined_vectors()
    np.testing.assert_array_equal(combined.vectors, model.wv.vectors + model.syn1neg)
    assert combined.index_to_key == model.wv.index_to_key
    combined.vectors[:] = 0.0
    assert model.wv.vectors.any()


@pytest.mark.parametrize(
    "options", [{"hs": 1, "negative": 0}, {"objective": "sampled_softmax", "tied_weights": True}]
)
def test_models_without_output_vectors_have_no_combined_ones(options):
    model = Word2Vec(zipf_sentences(500, 20), vector_size=4, min_count=1, workers=1, **options)
    with pytest.raises(RuntimeError, match="output vector for each word"):
        model.combined_vectors()
