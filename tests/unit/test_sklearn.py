"""The transformer for scikit-learn behaves as scikit-learn expects of an estimator."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from fastw2v import Word2Vec
from fastw2v.sklearn import Word2VecTransformer

TEXTS = [
    "the cat sat",
    "the dog sat down",
    "a cat and a dog",
    "rain and snow",
    "snow on the hills",
    "rain again",
] * 4
LABELS = [0, 0, 0, 1, 1, 1] * 4


def small(**parameters) -> Word2VecTransformer:
    return Word2VecTransformer(**{"vector_size": 6, "min_count": 1, "epochs": 2, **parameters})


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")  # it fits no estimator of texts
def test_the_checks_of_scikit_learn():
    done = {result["check_name"]: result["status"] for result in estimator_checks.check_estimator(small())}
    assert set(done.values()) == {"passed"}
    for name in ("get_params_invariance", "set_params", "no_attributes_set_in_init", "estimator_repr"):
        getattr(estimator_checks, f"check_{name}")("Word2VecTransformer", small())


def test_texts_and_words_give_the_vectors_of_word2vec():
    words = [text.split() for text in TEXTS]
    wv = Word2Vec(words, vector_size=6, min_count=1, epochs=2, workers=1).wv
    expected = [wv[document].mean(axis=0) for document in words]
    np.testing.assert_allclose(small().fit_transform(TEXTS), expected, atol=1e-6)
    np.testing.assert_allclose(small().fit_transform(words), expected, atol=1e-6)
    np.testing.assert_allclose(small().fit(iter(words)).transform(np.array(TEXTS)), expected, atol=1e-6)


def test_a_tokenizer():
    transformer = small(tokenizer=lambda text: text.upper().split()).fit(TEXTS)
    assert "CAT" in transformer.wv_
    assert transformer.transform(["cat", "unheard-of"]).any(axis=1).tolist() == [True, False]


def test_tfidf_gives_frequent_words_less_weight():
    transformer = small(pooling="tfidf").fit(TEXTS)
    wv = transformer.wv_
    weight = {word: np.log((1 + 24) / (1 + df)) + 1 for word, df in (("the", 12), ("cat", 8))}
    expected = (2 * weight["the"] * wv["the"] + weight["cat"] * wv["cat"]) / (
        2 * weight["the"] + weight["cat"]
    )
    np.testing.assert_allclose(transformer.transform(["the cat the"])[0], expected, atol=1e-6)


def test_clone_pickle_and_feature_names():
    transformer = small(pooling="tfidf", word2vec_params={"ns_exponent": 0.5}).fit(TEXTS)
    copy = clone(transformer)
    assert copy.get_params() == transformer.get_params()
    with pytest.raises(NotFittedError):
        copy.transform(TEXTS)
    loaded = pickle.loads(pickle.dumps(transformer))
    np.testing.assert_array_equal(loaded.transform(TEXTS), transformer.transform(TEXTS))
    assert transformer.model_.ns_exponent == 0.5
    assert transformer.get_feature_names_out()[[0, 5]].tolist() == [
        "word2vectransformer0",
        "word2vectransformer5",
    ]


def test_pipeline_and_grid_search():
    pipeline = make_pipeline(small(), LogisticRegression())
    grid = {"word2vectransformer__vector_size": [4, 8], "word2vectransformer__pooling": ["mean", "tfidf"]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(TEXTS, LABELS)
    assert len(search.cv_results_["params"]) == 4
    assert search.predict(["the cat", "snow"]).shape == (2,)


@pytest.mark.parametrize(
    ("parameters", "documents", "error", "message"),
    [
        ({"pooling": "max"}, TEXTS, ValueError, "pooling must be one of 'mean', 'tfidf', not 'max'"),
        ({"min_count": 100}, TEXTS, ValueError, "no word occurs at least 100 times in 24 documents"),
        ({}, [], ValueError, "no word occurs"),
        ({}, "the cat", ValueError, "not a single text"),
        ({}, ["the cat", 3], TypeError, "document 1 of X is a int"),
        ({"word2vec_params": {"sg": 1}}, TEXTS, ValueError, "word2vec_params must not name 'sg'"),
    ],
)
def test_errors(parameters, documents, error, message):
    with pytest.raises(error, match=message):
        small(**parameters).fit(documents)
