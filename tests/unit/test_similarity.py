"""Similarity queries: gensim's results, float32 rounding aside, and the mathematics below them."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

from fastw2v.keyedvectors import KeyedVectors
from fastw2v.vectors import similarity
from helpers.oracle import gensim

SIZE, WIDTH = 3000, 24
WORDS = [f"w{i}" for i in range(SIZE)]
MATRIX = np.random.default_rng(7).standard_normal((SIZE, WIDTH)).astype(np.float32)
MATRIX *= np.random.default_rng(8).uniform(0.1, 9, (SIZE, 1)).astype(np.float32)


def filled(kind, words=WORDS, matrix=MATRIX, **options):
    vectors = kind(matrix.shape[1], **options)
    vectors.add_vectors(words, matrix)
    return vectors


@pytest.fixture(scope="module")
def ours():
    return filled(KeyedVectors)


@pytest.fixture(scope="module")
def theirs():
    return filled(gensim.models.KeyedVectors)


def assert_same_ranking(found, expected, tolerance=2e-6):
    assert [key for key, _ in found] == [key for key, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=tolerance)
    assert all(type(score) is float for _, score in found)


QUERIES = [
    {"positive": "w5"},
    {"positive": ["w5", "w6"], "negative": ["w7"]},
    {"positive": "w5", "negative": "w8"},
    {"negative": ["w5", "w9"]},
    {"positive": [("w5", 0.25), ("w6", -2.0), "w7"]},
    {"positive": ["w5"], "negative": [("w6", 0.5)]},
    {"positive": ["w5", "w5"]},
    {"positive": 5},
    {"positive": [np.int64(5), "w6"]},
    {"positive": MATRIX[5]},
    {"positive": MATRIX[5:8]},
    {"positive": [MATRIX[5], "w9", (MATRIX[11], 2.0)]},
    {"positive": "w5", "topn": 1},
    {"positive": "w5", "topn": 200},
    {"positive": "w5", "topn": SIZE + 50},
    {"positive": "w5", "topn": np.uint8(4)},
    {"positive": "w5", "restrict_vocab": 100},
    {"positive": "w2999", "topn": 7, "restrict_vocab": 7},
    {"positive": "w5", "clip_start": 2, "clip_end": 40},
    {"positive": "w5", "clip_start": 2900, "topn": 300},
    {"positive": "w5", "restrict_vocab": 0},
    {"positive": "w5", "topn": 0},
    {"positive": "w5", "topn": -3},
    {"positive": "w5", "topn": np.uint8(0)},
    {"positive": "w5", "topn": False},
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_most_similar_ranks_as_gensim_does(ours, theirs, query):
    assert_same_ranking(ours.most_similar(**query), theirs.most_similar(**query))


@pytest.mark.parametrize("restrict", [None, 50])
def test_most_similar_without_topn_gives_all_cosines(ours, theirs, restrict):
    found = ours.most_similar("w3", topn=None, restrict_vocab=restrict)
    expected = theirs.most_similar("w3", topn=None, restrict_vocab=restrict)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize(
    ("positive", "error"),
    [
        ("absent", KeyError),
        (["w1", "absent"], KeyError),
        ([], ValueError),
        (None, ValueError),
        (np.ones(3), ValueError),
    ],
)
def test_most_similar_refuses_what_it_cannot_answer(ours, positive, error):
    with pytest.raises(error):
        ours.most_similar(positive)


def test_most_similar_accepts_a_tuple_of_keys_and_names_a_bad_item(ours):
    assert ours.most_similar(("w1", "w2")) == ours.most_similar(["w1", "w2"])
    with pytest.raises(TypeError, match="neither a key"):
        ours.most_similar(("w1", 0.5))
    with pytest.raises(TypeError, match=r"topn=2\.5 must be an integer"):
        ours.most_similar("w1", topn=2.5)


def test_an_indexer_is_asked_instead_of_searching(ours):
    class Indexer:
        def most_similar(self, vector, topn):
            return vector, topn

    vector, topn = ours.most_similar("w4", indexer=Indexer(), topn=3)
    np.testing.assert_allclose(vector, MATRIX[4] / np.linalg.norm(MATRIX[4]), atol=1e-6)
    assert topn == 3


def test_a_key_and_its_unit_vector_give_exactly_equal_scores(ours):
    for word in WORDS[:40]:
        by_key = ours.most_similar(word, topn=SIZE)
        by_vector = ours.most_similar(positive=[ours.get_vector(word, norm=True)], topn=SIZE)
        assert by_key == [(key, score) for key, score in by_vector if key != word]
        by_key = ours.most_similar_cosmul(word, topn=20)
        by_vector = ours.most_similar_cosmul(positive=[ours.get_vector(word, norm=True)], topn=21)
        assert by_key == [(key, score) for key, score in by_vector if key != word]


def test_candidates_limit_the_search(ours):
    chosen = ["w17", "w2", "w900", "w5", "w2"]
    found = ours.most_similar("w5", topn=10, candidates=chosen)
    everything = ours.most_similar("w5", topn=SIZE)
    assert_same_ranking(found, [(key, score) for key, score in everything if key in chosen], 1e-6)
    np.testing.assert_allclose(
        ours.most_similar("w5", topn=None, candidates=["w17", "w2"]),
        [ours.similarity("w5", "w17"), ours.similarity("w5", "w2")],
        atol=1e-6,
    )
    assert {key for key, _ in ours.most_similar_cosmul("w5", candidates=chosen)} == {"w17", "w2", "w900"}
    assert ours.most_similar("w5", candidates=[]) == []
    with pytest.raises(KeyError):
        ours.most_similar("w5", candidates=["absent"])
    with pytest.raises(ValueError, match="candidates"):
        ours.most_similar("w5", candidates=chosen, restrict_vocab=10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_a_batch_answers_as_single_queries_do(dtype):
    vectors = filled(KeyedVectors, dtype=dtype)
    queries = ["w1", 3, ["w1", ("w2", -1.0)], MATRIX[9], [MATRIX[4], "w4"], *WORDS[100:160]]
    batch = vectors.most_similar_batch(queries, topn=6)
    assert len(batch) == len(queries)
    for query, found in zip(queries, batch, strict=True):
        assert_same_ranking(found, vectors.most_similar(query, topn=6))
    restricted = vectors.most_similar_batch(queries, topn=6, restrict_vocab=50)
    for query, found in zip(queries, restricted, strict=True):
        assert_same_ranking(found, vectors.most_similar(query, topn=6, restrict_vocab=50))
    picked = vectors.most_similar_batch(MATRIX[:3], topn=4, candidates=WORDS[40:60])
    for row, found in enumerate(picked):
        assert_same_ranking(found, vectors.most_similar(MATRIX[row], topn=4, candidates=WORDS[40:60]))
    assert vectors.most_similar_batch(queries[:2], topn=None).shape == (2, SIZE)
    assert vectors.most_similar_batch([]) == []
    assert vectors.most_similar_batch(["w1", "w2"], topn=0) == [[], []]


COSMUL = [
    {"positive": "w5"},
    {"positive": ["w5", "w6"], "negative": ["w7"]},
    {"positive": ["w5", "w6"], "negative": "w7", "topn": 300},
    {"positive": [MATRIX[5] / 9, "w6"], "negative": [MATRIX[7] / 9]},
    {"positive": MATRIX[5] / 9},
    {"positive": MATRIX[5:7] / 9},
    {"positive": "w5", "topn": 0},
]


@pytest.mark.parametrize("query", COSMUL, ids=str)
def test_cosmul_ranks_as_gensim_does(ours, theirs, query):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # gensim's own, on every call
        expected = theirs.most_similar_cosmul(**query)
    assert_same_ranking(ours.most_similar_cosmul(**query), expected, 1e-5)


def test_cosmul_honours_restrict_vocab_and_needs_something_positive(ours):
    everything = ours.most_similar_cosmul("w5", topn=SIZE)
    found = ours.most_similar_cosmul("w5", topn=SIZE, restrict_vocab=60)
    assert found == [(key, score) for key, score in everything if int(key[1:]) < 60]
    assert ours.most_similar_cosmul("w5", topn=None).shape == (SIZE,)
    with pytest.raises(ValueError, match="no input"):
        ours.most_similar_cosmul(negative="w5")
    with pytest.raises(KeyError):
        ours.most_similar_cosmul("absent")
    with pytest.raises(TypeError, match="weights"):
        ours.most_similar_cosmul([("w5", 2.0)])


def test_similarities_of_given_keys_are_gensims(ours, theirs):
    for first, second in [("w0", "w1"), ("w3", "w2000"), ("w9", "w9")]:
        assert ours.similarity(first, second) == pytest.approx(theirs.similarity(first, second), abs=1e-6)
        assert ours.distance(first, second) == pytest.approx(theirs.distance(first, second), abs=1e-6)
        assert ours.rank(first, second) == theirs.rank(first, second)
        assert ours.closer_than(first, second) == theirs.closer_than(first, second)
    assert isinstance(ours.similarity("w0", "w1"), np.float32)
    for lists in [(["w0"], ["w1"]), (["w0", "w4"], ["w1", "absent", "w7"]), (["absent"], ["w1"])]:
        assert ours.n_similarity(*lists) == pytest.approx(theirs.n_similarity(*lists), abs=1e-6)
    assert ours.most_similar_to_given("w0", WORDS[1:50]) == theirs.most_similar_to_given("w0", WORDS[1:50])
    for arguments in [
        ("w0",),
        ("w0", ["w3", "w1"]),
        (MATRIX[0], ("w3",)),
        (MATRIX[0],),
        (list(MATRIX[0]), ["w1"]),
    ]:
        np.testing.assert_allclose(ours.distances(*arguments), theirs.distances(*arguments), atol=2e-6)
    np.testing.assert_allclose(
        KeyedVectors.cosine_similarities(MATRIX[1], MATRIX),
        gensim.models.KeyedVectors.cosine_similarities(MATRIX[1], MATRIX),
        atol=2e-6,
    )
    for word in ("w0", "w8"):
        assert_same_ranking(ours.similar_by_word(word, 4), theirs.similar_by_word(word, 4))
        assert_same_ranking(ours.similar_by_key(word, 4, 90), theirs.similar_by_key(word, 4, 90))
        assert_same_ranking(ours.similar_by_vector(ours[word], 4), theirs.similar_by_vector(theirs[word], 4))
        assert ours.relative_cosine_similarity(word, "w1") == pytest.approx(
            theirs.relative_cosine_similarity(word, "w1"), abs=1e-6
        )


def test_exactness_of_a_word_with_itself(ours):
    for word in WORDS[:300]:
        assert ours.distance(word, word) == 0
        assert ours.similarity(word, word) == 1
        assert ours.closer_than(word, word) == []
        assert ours.rank(word, word) == 1
        assert ours.n_similarity([word], ["w7"]) == ours.similarity(word, "w7")


@pytest.mark.parametrize("lists", [([], ["w1"]), (["w1"], []), ([], [])])
def test_n_similarity_of_nothing_is_a_division_by_zero(ours, lists):
    with pytest.raises(ZeroDivisionError):
        ours.n_similarity(*lists)


@pytest.mark.parametrize("use_norm", [True, False])
def test_centrality_is_gensims(ours, theirs, use_norm, caplog):
    words = ["w1", "w2", "absent", "w3", "w44"]
    found = ours.rank_by_centrality(words, use_norm=use_norm)
    assert "absent" in caplog.text
    expected = theirs.rank_by_centrality(words, use_norm=use_norm)
    assert [word for _, word in found] == [word for _, word in expected]
    np.testing.assert_allclose([c for c, _ in found], [c for c, _ in expected], rtol=1e-5)
    assert ours.doesnt_match(words) == theirs.doesnt_match(words)
    with pytest.raises(ValueError, match="empty list"):
        ours.doesnt_match(["absent"])


def test_small_questions_without_an_answer(ours):
    with pytest.raises(ValueError, match="keys_list"):
        ours.most_similar_to_given("w0", [])
    with pytest.raises(ValueError, match="without any similar words"):
        ours.relative_cosine_similarity("w0", "w1", topn=0)
    with pytest.raises(NotImplementedError):
        ours.similarity_unseen_docs()


MEANS = [
    (["w1", "w2"], {}),
    (["w1", "absent", "w2"], {}),
    (["absent"], {}),
    (["w1", "w2"], {"weights": [0.5, -2]}),
    (["w1", "w2"], {"weights": np.array([0.0, 0.0])}),
    (["w1", MATRIX[3]], {"pre_normalize": False}),
    (["w1", MATRIX[3]], {}),
    (["w1", 4], {"post_normalize": True}),
]


@pytest.mark.parametrize(("keys", "options"), MEANS, ids=str)
def test_mean_vectors_are_gensims(ours, theirs, keys, options):
    np.testing.assert_allclose(
        ours.get_mean_vector(keys, **options), theirs.get_mean_vector(keys, **options), atol=2e-6
    )
    assert ours.get_mean_vector(keys, **options).dtype == np.float32


def test_mean_vectors_of_one_key_and_of_bad_input(ours):
    assert np.array_equal(ours.get_mean_vector("w1"), ours.get_mean_vector(["w1"]))
    with pytest.raises(ValueError, match="no input"):
        ours.get_mean_vector([])
    with pytest.raises(ValueError, match="same number"):
        ours.get_mean_vector(["w1", "w2"], weights=[1.0])
    with pytest.raises(KeyError, match="absent"):
        ours.get_mean_vector(["absent"], ignore_missing=False)


@pytest.mark.parametrize("norm", [True, False])
def test_word_movers_distance_is_gensims(ours, theirs, norm):
    documents = [
        (["w1", "w2"], ["w3", "w4"]),
        (["w1"], ["w1"]),
        (["w1", "w2"], ["w2", "w1"]),
        (["w1", "absent", "w1", "w5"], ["w3"]),
        (["absent"], ["w3"]),
        (["w1", "w2", "w3"], ["w3", "w4", "w5", "w5"]),
    ]
    for first, second in documents:
        expected = theirs.wmdistance(first, second, norm=norm)
        assert ours.wmdistance(first, second, norm=norm) == pytest.approx(expected, abs=1e-5)


def test_word_movers_distance_says_what_it_needs(ours, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ot", None)
    with pytest.raises(ImportError, match=r"fastw2v\[wmd\]"):
        ours.wmdistance(["w1"], ["w2"])


def test_zero_vectors_are_similar_to_nothing():
    matrix = np.vstack([np.zeros(WIDTH, np.float32), MATRIX[:5]])
    vectors = filled(KeyedVectors, WORDS[:6], matrix)
    assert vectors.similarity("w0", "w1") == 0
    assert vectors.similarity("w0", "w0") == 0
    assert not vectors.get_vector("w0", norm=True).any()
    assert not vectors.get_normed_vectors()[0].any()
    assert dict(vectors.most_similar("w1"))["w0"] == 0.0
    assert [score for _, score in vectors.most_similar("w0")] == [0.0] * 5
    assert vectors.distances("w1")[0] == 1
    assert len(vectors.most_similar_cosmul("w1")) == 5
    assert vectors.n_similarity(["w0"], ["w1"]) == 0


def test_half_precision_vectors_do_not_overflow():
    large = (MATRIX * 2000).astype(np.float16)
    assert np.abs(large).max() > 10000
    half, full = filled(KeyedVectors, WORDS, large, dtype=np.float16), filled(KeyedVectors, WORDS, large)
    assert half.vectors.dtype == np.float16
    assert_same_ranking(half.most_similar("w3"), full.most_similar("w3"))
    assert half.similarity("w3", "w4") == full.similarity("w3", "w4")
    np.testing.assert_array_equal(half.get_mean_vector(["w1", "w2"]), full.get_mean_vector(["w1", "w2"]))
    half.fill_norms()
    assert np.isfinite(half.norms).all()


def test_double_precision_is_used_where_vectors_are_stored_so():
    vectors = filled(KeyedVectors, dtype=np.float64)
    expected = MATRIX.astype(np.float64) @ MATRIX[3] / np.linalg.norm(MATRIX.astype(np.float64), axis=1)
    expected /= np.linalg.norm(MATRIX[3].astype(np.float64))
    np.testing.assert_allclose(vectors.most_similar("w3", topn=None), expected, atol=1e-14)


@pytest.mark.parametrize("length", [1, 63, 64, 65, 640, 10007])
@pytest.mark.parametrize("count", [1, 2, 7, 150, 5000])
def test_the_best_scores_are_those_of_a_full_sort(length, count):
    scores = np.random.default_rng(length).integers(-40, 40, length).astype(np.float32)
    expected = np.lexsort((np.arange(length), -scores))[:count]
    np.testing.assert_array_equal(similarity.top_indices(scores, count), expected)


def test_the_best_scores_where_some_are_not_numbers():
    scores = np.random.default_rng(1).standard_normal(5000).astype(np.float32)
    scores[::3] = np.nan
    expected = sorted(np.flatnonzero(~np.isnan(scores)), key=lambda i: -scores[i])[:10]
    np.testing.assert_array_equal(similarity.top_indices(scores, 10), expected)


def test_norms_of_rows_larger_than_a_block():
    matrix = np.random.default_rng(2).standard_normal((3000, 800)).astype(np.float32)
    exact = np.linalg.norm(matrix.astype(np.float64), axis=1)
    np.testing.assert_allclose(similarity.row_norms(matrix), exact, rtol=1e-6)


ADDED_PARAMETERS = {"most_similar": ["candidates"], "most_similar_cosmul": ["candidates"]}


def test_signatures_are_gensims():
    """The parameters are those of gensim; additional ones are keyword-only.

    The exception is `save`: it names the parameters that are ``*args, **kwargs`` in gensim.
    """
    theirs = vars(gensim.models.KeyedVectors).items()
    methods = {name for name, value in theirs if name[0] != "_" and not isinstance(value, property)}
    for name in sorted((methods - {"save"}) | {"__init__", "load"}):
        expected = inspect.signature(getattr(gensim.models.KeyedVectors, name)).parameters.values()
        found = list(inspect.signature(getattr(KeyedVectors, name)).parameters.values())
        added = [parameter for parameter in found if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
        shared = [(p.name, p.kind, p.default) for p in found[: len(found) - len(added)]]
        assert shared == [(p.name, p.kind, p.default) for p in expected], name
        assert [parameter.name for parameter in added] == ADDED_PARAMETERS.get(name, []), name
