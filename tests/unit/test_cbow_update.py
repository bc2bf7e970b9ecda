"""The update of the context vectors of CBOW: that of word2vec.c, and the gradient."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v import Word2Vec
from helpers.corpora import zipf_sentences
from helpers.naive_training import Example, NaiveTrainer, assert_is_gradient, assert_trains_as_defined

CORPUS = zipf_sentences(600, 60, seed=5, length=9)
SETTINGS = {"min_count": 1, "workers": 1, "vector_size": 10}
NEGATIVE, HIERARCHICAL = {"negative": 4}, {"hs": 1, "negative": 0}


@pytest.mark.parametrize("update", ["word2vec", "corrected"])
@pytest.mark.parametrize("cbow_mean", [0, 1])
@pytest.mark.parametrize("objective", [NEGATIVE, HIERARCHICAL], ids=["negative", "hs"])
def test_one_job_agrees_with_the_definition(update, cbow_mean, objective):
    model = Word2Vec(**SETTINGS, **objective, sample=0.05, cbow_mean=cbow_mean, cbow_update=update)
    model.build_vocab(CORPUS)
    assert_trains_as_defined(model, CORPUS)


@pytest.mark.parametrize("cbow_mean", [0, 1])
def test_the_corrected_update_is_the_gradient(cbow_mean):
    """Central differences of the loss in double precision; a context word occurs twice."""
    model = Word2Vec(CORPUS, **SETTINGS, cbow_mean=cbow_mean, cbow_update="corrected", epochs=1)
    trainer = NaiveTrainer(model)
    example = Example([3, 8, 3, 5], np.ones(4), 7, [])
    targets, labels = [7, 3, 20], np.array([1.0, 0.0, 0.0])
    signs = 2 * labels - 1

    def loss() -> float:
        return float(np.log1p(np.exp(-signs * (trainer.outputs[targets] @ trainer.hidden(example)))).sum())

    probabilities = 1 / (1 + np.exp(-(trainer.outputs[targets] @ trainer.hidden(example))))
    error = (labels - probabilities) @ trainer.outputs[targets]
    update = np.zeros_like(trainer.inputs)
    np.add.at(update, example.contexts, np.outer(trainer.factors(example), error))
    assert_is_gradient(trainer, update, loss, set(example.contexts))


def test_sampled_softmax_and_skip_gram_do_not_depend_on_it():
    for options in ({"objective": "sampled_softmax"}, {"sg": 1}):
        one, other = (
            Word2Vec(CORPUS, **SETTINGS, **options, epochs=1, cbow_update=update)
            for update in ("word2vec", "corrected")
        )
        np.testing.assert_array_equal(one.wv.vectors, other.wv.vectors)


def test_a_loaded_model_keeps_the_update(tmp_path):
    model = Word2Vec(CORPUS, **SETTINGS, cbow_update="corrected", epochs=1)
    model.save(tmp_path / "model")
    loaded = Word2Vec.load(tmp_path / "model")
    for each in (model, loaded):
        each.build_vocab([["fresh", *CORPUS[0]]], update=True)
        each.train(CORPUS, total_examples=len(CORPUS), epochs=1)
    np.testing.assert_array_equal(model.wv.vectors, loaded.wv.vectors)


def test_an_unknown_update_is_refused():
    with pytest.raises(ValueError, match="cbow_update must be 'word2vec' or 'corrected', not 'gradient'"):
        Word2Vec(cbow_update="gradient")
