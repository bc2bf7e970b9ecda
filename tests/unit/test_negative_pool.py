"""The pool of negatives: comparison with a plain NumPy trainer, and what users can observe."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from fastw2v import Word2Vec
from helpers.corpora import zipf_sentences
from helpers.negatives import Draws

CORPUS = zipf_sentences(600, 60, seed=4)
SETTINGS = {"vector_size": 12, "window": 3, "min_count": 1, "sample": 0.05, "workers": 1, "seed": 2}


def train_by_definition(model: Word2Vec, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Train the corpus as one job, in float64; return the vectors and `syn1neg`.

    The logistic function is gensim's table. Where rounding leads to the next entry, a gradient differs by 0.003.
    """
    exps = np.exp((np.arange(1000) / 1000 * 2 - 1) * 6)
    table = exps / (exps + 1)
    random = np.random.RandomState()
    random.set_state(model.random.get_state())
    draws = Draws(random, model.cum_table, model.negative_pool, 16)
    vectors, syn1neg = model.wv.vectors.astype(np.float64), model.syn1neg.astype(np.float64)
    sample_ints = model.wv.expandos["sample_int"]
    ids = [[model.wv.key_to_index[word] for word in sentence] for sentence in CORPUS]
    kept = [[word for word in sentence if sample_ints[word] >= draws.draw()] for sentence in ids]
    reduced = iter(random.randint(0, model.window, sum(map(len, kept))))

    def step(x: np.ndarray, word: int, negatives: list[int]) -> np.ndarray:
        """Train the targets of an input; return the update of the input."""
        error = np.zeros_like(x)
        for target in [word, *(negative for negative in negatives if negative != word)]:
            logit = x @ syn1neg[target]
            if abs(logit) < 6:
                gradient = ((target == word) - table[int((logit + 6) * 83)]) * alpha
                error += gradient * syn1neg[target]
                syn1neg[target] += gradient * x
        return error

    for sentence in kept:
        for i, word in enumerate(sentence):
            reach = model.window - int(next(reduced))
            context = sentence[max(0, i - reach) : i] + sentence[i + 1 : i + reach + 1]
            if model.sg:
                negatives = draws.negatives(model.negative * len(context))
                for j, context_word in enumerate(context):
                    own = negatives[j * model.negative : (j + 1) * model.negative]
                    vectors[context_word] += step(vectors[context_word], word, own)
            else:
                negatives = draws.negatives(model.negative)
                error = step(vectors[context].sum(axis=0) / max(len(context), 1), word, negatives)
                np.add.at(vectors, context, error)
    return vectors, syn1neg


@pytest.mark.parametrize(
    ("sg", "negative", "pool"),
    [(1, 5, 100), (1, 1, 30), (1, 20, 33), (0, 5, 100), (0, 1, 40), (0, 40, 50), (1, 5, 5000)],
)
def test_one_job_agrees_with_the_definition(sg, negative, pool):
    model = Word2Vec(sg=sg, negative=negative, negative_pool=pool, **SETTINGS)
    model.build_vocab(CORPUS)
    vectors, syn1neg = train_by_definition(model, 0.05)
    before = model.wv.vectors.copy()
    model.train(CORPUS, total_examples=len(CORPUS), epochs=1, start_alpha=0.05, end_alpha=0.05)
    np.testing.assert_allclose(model.wv.vectors, vectors, atol=2e-4)
    np.testing.assert_allclose(model.syn1neg, syn1neg, atol=2e-4)
    assert np.abs(before - vectors).max() > 5e-3


def test_a_pool_that_a_job_never_fills_changes_nothing():
    plain, pooled = (Word2Vec(CORPUS, sg=1, negative_pool=size, **SETTINGS) for size in (0, 1 << 20))
    np.testing.assert_array_equal(plain.wv.vectors, pooled.wv.vectors)


@pytest.mark.parametrize(
    "options",
    [
        {"hs": 1},
        {"sg": 1, "hs": 1},
        {"objective": "sampled_softmax"},
        {"objective": "sampled_softmax", "sg": 1},
    ],
)
def test_every_objective_with_negatives_takes_them_from_the_pool(options):
    plain, pooled = (Word2Vec(CORPUS, negative_pool=size, **SETTINGS, **options) for size in (0, 30))
    assert np.isfinite(pooled.wv.vectors).all()
    assert (plain.wv.vectors != pooled.wv.vectors).any()


def test_hierarchical_softmax_has_no_pool():
    plain, pooled = (Word2Vec(CORPUS, hs=1, negative=0, negative_pool=size, **SETTINGS) for size in (0, 30))
    np.testing.assert_array_equal(plain.wv.vectors, pooled.wv.vectors)


def test_the_setting_is_saved(tmp_path):
    model = Word2Vec(CORPUS, negative_pool=30, **SETTINGS)
    model.save(tmp_path / "model")
    copies = [Word2Vec.load(tmp_path / "model"), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    for one in (model, *copies):
        assert one.negative_pool == 30
        one.train(CORPUS, total_examples=len(CORPUS), epochs=1)
        np.testing.assert_array_equal(one.wv.vectors, model.wv.vectors)


def test_models_from_before_the_setting_have_no_pool():
    model = Word2Vec(CORPUS, **SETTINGS)
    create, arguments, state, *_ = model.__reduce_ex__(4)
    del state["negative_pool"]
    old = create(*arguments)
    old.__setstate__(state)
    assert old.negative_pool == 0
    for one in (model, old):
        one.build_vocab(CORPUS, update=True)
        one.train(CORPUS, total_examples=len(CORPUS), epochs=1)
    np.testing.assert_array_equal(old.wv.vectors, model.wv.vectors)


def test_words_of_one_topic_become_similar_with_several_workers():
    rng = np.random.default_rng(1)
    topics = [[f"{name}{i}" for i in range(15)] for name in "abc"]
    sentences = [rng.choice(topics[i % 3], 10).tolist() for i in range(2000)]
    model = Word2Vec(
        sentences, vector_size=20, sg=1, negative_pool=200, workers=2, batch_words=1000, epochs=8, seed=3
    )
    for word in ("a1", "b2", "c3"):
        assert {near[0] for near, _ in model.wv.most_similar(word, topn=10)} == {word[0]}


def test_a_pool_that_is_too_large_is_refused():
    with pytest.raises(ValueError, match=r"negative_pool=1048577 must be between 0 and 1048576"):
        Word2Vec(CORPUS, negative_pool=(1 << 20) + 1, **SETTINGS)
