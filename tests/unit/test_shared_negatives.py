"""Negatives shared over a window: comparison with a plain NumPy trainer, and what users can observe."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v import Word2Vec
from helpers.negatives import Draws


def corpus(n_sentences: int, seed: int = 0, longest: int = 12) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(2, 5 * longest + 2)
    drawn = rng.choice(5 * longest, size=(n_sentences, longest), p=weights / weights.sum())
    return [[f"w{i}" for i in row[: rng.integers(1, longest + 1)]] for row in drawn]


def sigmoid_table() -> np.ndarray:
    exps = np.exp((np.arange(1000) / 1000 * 2 - 1) * 6)
    return (exps / (exps + 1)).astype(np.float32)


def train_by_definition(
    model: Word2Vec, sentences: list[list[str]], alpha: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Train one job by the definition, in float64; return (vectors, syn1neg, loss).

    The draws are made in gensim's order, but once a window instead of once a pair. The gradient uses the exact logistic
    function; the reported loss uses gensim's table, as the other trainers do.
    """
    table = sigmoid_table()
    random = np.random.RandomState()
    random.set_state(model.random.get_state())
    size, period = (model.negative_pool, 16) if model.negative_pool else (512, 0)
    draws = Draws(random, model.cum_table, size, period)
    vectors, syn1neg = model.wv.vectors.astype(np.float64), model.syn1neg.astype(np.float64)
    loss = 0.0

    ids = [[model.wv.key_to_index[word] for word in sentence] for sentence in sentences]
    sample_ints = model.wv.expandos["sample_int"]
    kept = [[word for word in sentence if sample_ints[word] >= draws.draw()] for sentence in ids]
    reduced = random.randint(0, model.window, sum(map(len, kept)))
    position = 0
    for sentence in kept:
        for i, word in enumerate(sentence):
            reach = model.window - reduced[position]
            position += 1
            negatives: dict[int, int] = {}
            for drawn in draws.negatives(model.negative):
                if drawn != word:
                    negatives[drawn] = negatives.get(drawn, 0) + 1
            targets, multiplicities = [word, *negatives], np.array([1, *negatives.values()])
            labels = np.array([1] + [0] * len(negatives))
            context = sentence[max(0, i - reach) : i] + sentence[i + 1 : i + reach + 1]
            for batch in input_batches(context):
                logits = vectors[batch] @ syn1neg[targets].T
                covered = np.abs(logits) < 6
                sigma = 1 / (1 + np.exp(-np.where(covered, logits, 0)))
                gradients = np.where(covered, (labels - sigma) * alpha * multiplicities, 0.0)
                signed = np.where(covered, np.where(labels, logits, -logits), 0)
                likelihood = table[((signed + 6) * 83).astype(int)]
                loss -= (np.where(covered, np.log(likelihood), 0) * multiplicities).sum()
                for j, context_word in enumerate(batch):
                    x = vectors[context_word].copy()
                    vectors[context_word] += gradients[j] @ syn1neg[targets]
                    syn1neg[targets] += np.outer(gradients[j], x)
    return vectors, syn1neg, loss


def input_batches(context: list[int]) -> list[list[int]]:
    """Cut a window into sequences of at most 16 distinct words, which are trained together."""
    batches: list[list[int]] = [[]]
    for word in context:
        if word in batches[-1] or len(batches[-1]) == 16:
            batches.append([])
        batches[-1].append(word)
    return [batch for batch in batches if batch]


@pytest.mark.parametrize("simd", ["", "scalar"])
@pytest.mark.parametrize(
    ("window", "negative", "vector_size", "longest", "pool"),
    [
        (5, 10, 24, 12, 0), (2, 5, 7, 12, 0), (30, 3, 33, 50, 0), (3, 70, 20, 12, 0), (2, 1, 8, 12, 0),
        (5, 10, 24, 12, 40), (2, 1, 8, 12, 7),
    ],
)  # fmt: skip
def test_one_job_agrees_with_the_definition(simd, window, negative, vector_size, longest, pool, monkeypatch):
    monkeypatch.setenv("FASTW2V_SIMD", simd)
    sentences = corpus(70 if longest == 12 else 8, longest=longest)
    model = Word2Vec(
        vector_size=vector_size, window=window, negative=negative, sg=1, min_count=1, shared_negatives=True,
        negative_pool=pool, sample=0.05, compute_loss=True, workers=1,
    )  # fmt: skip
    model.build_vocab(sentences)
    vectors, syn1neg, loss = train_by_definition(model, sentences, 0.05)
    before = model.wv.vectors.copy()
    model.train(
        sentences,
        total_examples=len(sentences),
        epochs=1,
        start_alpha=0.05,
        end_alpha=0.05,
        compute_loss=True,
    )
    np.testing.assert_allclose(model.wv.vectors, vectors, atol=2e-6)
    np.testing.assert_allclose(model.syn1neg, syn1neg, atol=2e-6)
    assert np.abs(before - vectors).max() > 1e-3
    assert model.get_latest_training_loss() == pytest.approx(loss, rel=1e-3)


def test_the_definition_cuts_long_windows():
    assert max(len(batch) for batch in input_batches([i % 40 for i in range(60)])) == 16


@pytest.mark.parametrize("objective", [{"shared_negatives": True}, {"hs": 1, "negative": 0}])
def test_the_loss_is_computed_at_a_learning_rate_of_zero(objective):
    sentences = corpus(50)
    model = Word2Vec(sg=1, min_count=1, workers=1, alpha=0.0, min_alpha=0.0, vector_size=8, **objective)
    model.build_vocab(sentences)
    model.train(sentences, total_examples=len(sentences), epochs=1, compute_loss=True)
    assert model.get_latest_training_loss() > 0


def test_words_of_one_topic_become_similar():
    rng = np.random.default_rng(1)
    topics = [[f"{name}{i}" for i in range(15)] for name in "abc"]
    sentences = [rng.choice(topics[i % 3], 10).tolist() for i in range(3000)]
    model = Word2Vec(sentences, vector_size=20, sg=1, shared_negatives=True, negative=10, workers=2, seed=3)
    for word in ("a1", "b2", "c3"):
        assert {near[0] for near, _ in model.wv.most_similar(word, topn=10)} == {word[0]}


def test_sharing_affects_negatives_only():
    """With hs=1 as well, the result without negatives is that of hierarchical softmax alone."""
    sentences = corpus(300)
    settings = {"vector_size": 16, "sg": 1, "hs": 1, "min_count": 1, "workers": 1, "sample": 0.01}
    shared = Word2Vec(sentences, negative=0, shared_negatives=True, **settings)
    plain = Word2Vec(sentences, negative=0, **settings)
    np.testing.assert_array_equal(shared.wv.vectors, plain.wv.vectors)
    both = Word2Vec(sentences, negative=5, shared_negatives=True, **settings)
    assert np.isfinite(both.wv.vectors).all()
    assert both.syn1.any()
    assert both.syn1neg.any()


def test_cbow_is_the_same_with_and_without_sharing():
    sentences = corpus(300)
    one, other = (
        Word2Vec(sentences, min_count=1, workers=1, shared_negatives=shared) for shared in (True, False)
    )
    np.testing.assert_array_equal(one.wv.vectors, other.wv.vectors)


def test_locked_words_keep_their_vectors():
    sentences = corpus(200)
    model = Word2Vec(sg=1, min_count=1, shared_negatives=True, workers=1)
    model.build_vocab(sentences)
    model.wv.vectors_lockf = np.ones(len(model.wv), dtype=np.float32)
    model.wv.vectors_lockf[3] = 0.0
    before = model.wv.vectors.copy()
    model.train(sentences, total_examples=len(sentences), epochs=2)
    np.testing.assert_array_equal(model.wv.vectors[3], before[3])
    assert (model.wv.vectors[4] != before[4]).any()


def test_the_setting_is_saved(tmp_path):
    model = Word2Vec(corpus(100), sg=1, min_count=1, shared_negatives=True)
    model.save(tmp_path / "model")
    loaded = Word2Vec.load(tmp_path / "model")
    assert loaded.shared_negatives is True
    loaded.train(corpus(100), total_examples=100, epochs=1)
