"""The mean of several trainings after a Procrustes alignment."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fastw2v import KeyedVectors, Word2Vec, mean_of_runs
from fastw2v.vectors.alignment import rotations
from helpers.corpora import zipf_sentences


def vectors_of(matrix, words=None):
    wv = KeyedVectors(matrix.shape[1])
    wv.add_vectors(words or [f"w{i}" for i in range(len(matrix))], matrix)
    return wv


def random_rotation(rng, width):
    return np.linalg.qr(rng.normal(size=(width, width)))[0]


def test_a_rotation_is_found_and_undone():
    rng = np.random.default_rng(1)
    matrix, turned = rng.normal(size=(40_000, 7)), random_rotation(rng, 7)
    first, second = rotations([matrix, matrix @ turned])
    np.testing.assert_array_equal(first, np.eye(7))
    np.testing.assert_allclose(second, turned.T, atol=1e-9)
    wv = vectors_of(matrix.astype(np.float32))
    again = mean_of_runs([wv, vectors_of((matrix @ turned).astype(np.float32))])
    np.testing.assert_allclose(again.vectors, wv.vectors, atol=1e-4)


def test_the_mean_is_nearer_to_what_the_runs_have_in_common():
    rng = np.random.default_rng(2)
    common = rng.normal(size=(500, 20)).astype(np.float32)
    runs = [
        vectors_of((common + 0.7 * rng.normal(size=common.shape)) @ random_rotation(rng, 20))
        for _ in range(8)
    ]
    truth = vectors_of(common)
    single = np.mean([truth.drift(run).mean_overlap for run in runs])
    assert mean_of_runs(runs).drift(truth).mean_overlap > 1.5 * single


def topics(n_sentences, seed):
    """Return sentences of one of ten topics each."""
    rng = np.random.default_rng(seed)
    return [[f"t{topic}w{i}" for i in rng.integers(0, 30, 12)] for topic in rng.integers(0, 10, n_sentences)]


@pytest.mark.slow
def test_neighbours_of_the_mean_are_more_stable_than_those_of_single_runs():
    corpus = topics(400, seed=3)
    options = {"vector_size": 16, "min_count": 1, "workers": 1, "sample": 0, "epochs": 5, "sg": 1}
    runs = [Word2Vec(corpus, **options, seed=seed) for seed in range(1, 9)]
    single = np.mean([a.drift(b, sample=None).mean_overlap for a, b in itertools.combinations(runs, 2)])
    mean = mean_of_runs(runs[:4]).drift(mean_of_runs(runs[4:]), sample=None).mean_overlap
    assert mean > single + 0.05


def test_words_attributes_and_queries_are_those_of_the_first_run():
    corpus = zipf_sentences(3_000, 100, seed=1)
    first = Word2Vec(corpus, vector_size=8, min_count=1, workers=1, epochs=1)
    second = Word2Vec(
        [*corpus, ["more", "words"] * 5], vector_size=8, min_count=3, workers=1, epochs=1, seed=2
    )
    second.wv.sort_by_descending_frequency()
    mean = mean_of_runs(iter([first.wv, second]))
    assert mean.index_to_key == [word for word in first.wv.index_to_key if word in second.wv]
    assert mean.get_vecattr(mean.index_to_key[0], "count") == first.wv.get_vecattr(
        mean.index_to_key[0], "count"
    )
    assert mean.vectors.dtype == np.float32
    word = mean.index_to_key[3]
    assert mean.similarity(word, word) == pytest.approx(1, abs=1e-5)
    assert not np.shares_memory(mean.vectors, first.wv.vectors)


def test_the_order_of_the_runs_changes_only_the_orientation():
    corpus = zipf_sentences(3_000, 100, seed=1)
    runs = [Word2Vec(corpus, vector_size=8, min_count=1, workers=1, seed=seed) for seed in (1, 2, 3)]
    one, other = mean_of_runs(runs), mean_of_runs(runs[::-1])
    products = one.vectors @ one.vectors.T
    np.testing.assert_allclose(products, other.vectors @ other.vectors.T, atol=1e-4 * products.max())


def test_runs_that_have_no_mean_are_refused():
    two, three = vectors_of(np.eye(2)), vectors_of(np.eye(3))
    for runs, error, message in (
        ([], ValueError, "two or more"),
        ([two], ValueError, "two or more"),
        ([two, three], ValueError, "2 and 3 dimensions"),
        ([two, vectors_of(np.eye(2), ["x", "y"])], ValueError, "no word"),
        ([two, vectors_of(np.array([[np.nan, 1], [0, 1]]))], ValueError, "w0"),
        ([two, np.eye(2)], TypeError, "runs must contain"),
        (5, TypeError, "runs must be a list"),
    ):
        with pytest.raises(error, match=message):
            mean_of_runs(runs)
