"""Sampled softmax: comparison with a plain NumPy trainer, a gradient check, and what users can observe."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
from benchmarks.pytorch_objectives import examples_of_one_job

from fastw2v import EarlyStopping, Update, Word2Vec
from helpers.corpora import zipf_sentences
from helpers.interruptions import FailingCorpus
from helpers.parameters import one_in

CORPUS = zipf_sentences(4_000, 120, seed=5, length=9)
SETTINGS = {"objective": "sampled_softmax", "negative": 6, "min_count": 1, "workers": 1, "vector_size": 10}
VARIANTS = list(itertools.product((0, 1), (False, True)))
OPTIONS = [
    {},
    {"negative": 1, "window": 1},
    {"negative": 40, "vector_size": 33, "ns_exponent": 0.0},
    {"logq_correction": True, "cbow_mean": 0, "vector_size": 100},
]
each_variant = pytest.mark.parametrize(("sg", "tied_weights"), VARIANTS)


class Parameters:
    """The weights of a model in float64."""

    def __init__(self, model: Word2Vec) -> None:
        self.inputs = model.wv.vectors.astype(np.float64)
        self.outputs = self.inputs if model.tied_weights else model.syn1neg.astype(np.float64)
        n_words = len(self.inputs)
        self.has_biases = not model.tied_weights
        self.biases = model.syn1neg_bias.astype(np.float64) if self.has_biases else np.zeros(n_words)
        self.log_noise = np.zeros(n_words)
        if model.logq_correction:
            self.log_noise = np.log(
                np.diff(model.cum_table.astype(np.float64), prepend=0) / model.cum_table[-1]
            )
        self.mean = bool(model.cbow_mean)

    def loss(self, contexts: list[int], targets: list[int]) -> float:
        """Return -log p of the first target; `targets` holds one entry for each draw."""
        hidden = self.inputs[contexts].sum(axis=0) / (len(contexts) if self.mean else 1)
        logits = self.outputs[targets] @ hidden + self.biases[targets] - self.log_noise[targets]
        return float(np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[0])

    def gradients(self, contexts: list[int], targets: list[int]) -> tuple[np.ndarray, ...]:
        """Return the gradients of the loss for the inputs, the outputs and the biases, as arrays of their shapes."""
        share = 1 / len(contexts) if self.mean else 1.0
        hidden = self.inputs[contexts].sum(axis=0) * share
        logits = self.outputs[targets] @ hidden + self.biases[targets] - self.log_noise[targets]
        errors = np.exp(logits - logits.max())
        errors /= errors.sum()
        errors[0] -= 1.0
        inputs, outputs, biases = (np.zeros_like(array) for array in (self.inputs, self.outputs, self.biases))
        np.add.at(inputs, contexts, share * (errors @ self.outputs[targets]))
        np.add.at(outputs, targets, np.outer(errors, hidden))
        np.add.at(biases, targets, errors)
        return inputs, outputs, biases

    def step(self, contexts: list[int], targets: list[int], alpha: float) -> float:
        """Make a step against the gradients, and return the loss before it."""
        loss = self.loss(contexts, targets)
        inputs, outputs, biases = self.gradients(contexts, targets)
        self.inputs -= alpha * inputs
        self.outputs -= alpha * outputs  # tied weights: the same array
        if self.has_biases:
            self.biases -= alpha * biases
        return loss


def train_by_definition(
    model: Word2Vec, sentences: list[list[str]], alpha: float
) -> tuple[Parameters, float]:
    """Train one job by the definition; the random numbers are drawn in gensim's order."""
    parameters, loss = Parameters(model), 0.0
    for contexts, targets in examples_of_one_job(model, sentences):
        loss += parameters.step(contexts, targets, alpha)
    return parameters, loss


# An odd step: each variant meets several of the options quickly.
@pytest.mark.parametrize(
    ("sg", "tied_weights", "options"),
    one_in(3, [(*variant, options) for options in OPTIONS for variant in VARIANTS]),
)
@pytest.mark.parametrize("simd", ["", pytest.param("scalar", marks=pytest.mark.slow)])
def test_one_job_agrees_with_the_definition(sg, tied_weights, simd, options, monkeypatch):
    monkeypatch.setenv("FASTW2V_SIMD", simd)
    sentences = CORPUS[:25]
    model = Word2Vec(
        **{
            **SETTINGS,
            "sg": sg,
            "tied_weights": tied_weights,
            "sample": 0.02,
            "compute_loss": True,
            **options,
        }
    )
    model.build_vocab(sentences)
    if not tied_weights:  # zeros would hide errors
        model.syn1neg[:] = np.random.default_rng(1).standard_normal(model.syn1neg.shape) / 10
    expected, loss = train_by_definition(model, sentences, 0.05)
    before = model.wv.vectors.copy()
    model.train(
        sentences,
        total_examples=len(sentences),
        epochs=1,
        start_alpha=0.05,
        end_alpha=0.05,
        compute_loss=True,
    )
    assert np.abs(before - model.wv.vectors).max() > 1e-3
    np.testing.assert_allclose(model.wv.vectors, expected.inputs, atol=3e-6)
    if not tied_weights:
        np.testing.assert_allclose(model.syn1neg, expected.outputs, atol=3e-6)
        np.testing.assert_allclose(model.syn1neg_bias, expected.biases, atol=3e-6)
    assert model.get_latest_training_loss() == pytest.approx(loss, rel=1e-4)


@each_variant
@pytest.mark.parametrize("cbow_mean", [0, 1])
def test_the_definition_follows_the_gradient(sg, tied_weights, cbow_mean):
    """Central differences in double precision; contexts and targets have words in common, and repeat."""
    model = Word2Vec(CORPUS, **SETTINGS, sg=sg, tied_weights=tied_weights, cbow_mean=cbow_mean, epochs=2)
    parameters = Parameters(model)
    contexts, targets = ([3] if sg else [3, 8, 3, 5]), [5, 3, 20, 20, 31]
    inputs, outputs, biases = parameters.gradients(contexts, targets)
    arrays = [(parameters.inputs, inputs + outputs if tied_weights else inputs)]
    if not tied_weights:
        arrays += [(parameters.outputs, outputs), (parameters.biases, biases)]
    step = 1e-6
    for array, gradient in arrays:
        for row in sorted({*contexts, *targets}):
            for index in [(row,)] if array.ndim == 1 else [(row, column) for column in range(array.shape[1])]:
                value = array[index]
                array[index] = value + step
                above = parameters.loss(contexts, targets)
                array[index] = value - step
                below = parameters.loss(contexts, targets)
                array[index] = value
                assert gradient[index] == pytest.approx((above - below) / (2 * step), abs=1e-8)


def assert_same(one: Word2Vec, other: Word2Vec) -> None:
    np.testing.assert_array_equal(one.wv.vectors, other.wv.vectors)
    for name in ("syn1neg", "syn1neg_bias"):
        first, second = getattr(one, name), getattr(other, name)
        assert (first is None) == (second is None)
        if first is not None:
            np.testing.assert_array_equal(first, second)
    assert (one.objective, one.tied_weights) == (other.objective, other.tied_weights)


@each_variant
def test_a_model_is_saved_copied_grown_and_trained_further(tmp_path, sg, tied_weights):
    model = Word2Vec(CORPUS, **SETTINGS, sg=sg, tied_weights=tied_weights, epochs=1)
    assert (model.syn1neg is None) == tied_weights
    model.save(tmp_path / "model")
    models = [model, Word2Vec.load(tmp_path / "model"), copy.deepcopy(model)]
    new = [["fresh", *sentence] for sentence in CORPUS[:50]]
    for each in models:
        assert_same(each, model)
    for each in models:
        each.build_vocab(new, update=True)
        each.train(new, total_examples=len(new), epochs=2)
        assert_same(each, models[0])
    assert "fresh" in model.wv
    if not tied_weights:
        assert len(model.syn1neg_bias) == len(model.wv)


@each_variant
def test_a_checkpoint_is_resumed_bit_for_bit(tmp_path, sg, tied_weights):
    options = {**SETTINGS, "sg": sg, "tied_weights": tied_weights, "epochs": 2, "batch_words": 500}
    whole = Word2Vec(CORPUS, **options)

    model = Word2Vec(**options)
    model.build_vocab(CORPUS)
    with pytest.raises(KeyError):
        model.train(
            FailingCorpus(CORPUS, len(CORPUS) * 3 // 2),
            total_examples=len(CORPUS),
            epochs=2,
            checkpoint=tmp_path / "c",
            checkpoint_every=900,
        )
    assert_same(Word2Vec.resume(tmp_path / "c", CORPUS), whole)


def test_rows_are_sorted_and_removed_with_their_biases():
    model = Word2Vec(CORPUS, **SETTINGS, sorted_vocab=0, epochs=1)
    biases = dict(zip(model.wv.index_to_key, model.syn1neg_bias.tolist(), strict=True))
    assert len(set(biases.values())) > 50
    model.wv.sort_by_descending_frequency()
    assert dict(zip(model.wv.index_to_key, model.syn1neg_bias.tolist(), strict=True)) == biases


@each_variant
def test_locked_words_keep_their_vectors(sg, tied_weights):
    model = Word2Vec(**SETTINGS, sg=sg, tied_weights=tied_weights)
    model.build_vocab(CORPUS)
    model.wv.vectors_lockf = np.ones(len(model.wv), dtype=np.float32)
    model.wv.vectors_lockf[3] = 0.0
    before = model.wv.vectors.copy()
    model.train(CORPUS, total_examples=len(CORPUS), epochs=1)
    np.testing.assert_array_equal(model.wv.vectors[3], before[3])
    assert (model.wv.vectors[4] != before[4]).any()


@each_variant
def test_frozen_outputs_stay_in_an_update(sg, tied_weights):
    model = Word2Vec(CORPUS, **SETTINGS, sg=sg, tied_weights=tied_weights, epochs=1)
    old = copy.deepcopy(model)
    new = [["fresh", *sentence] for sentence in CORPUS[:50]]
    model.build_vocab(new, update=True)
    model.train(new, total_examples=len(new), epochs=1, update=Update(lockf=0.0, outputs=True))
    n = len(old.wv)
    np.testing.assert_array_equal(model.wv.vectors[:n], old.wv.vectors)
    if not tied_weights:
        np.testing.assert_array_equal(model.syn1neg[:n], old.syn1neg)
        np.testing.assert_array_equal(model.syn1neg_bias[:n], old.syn1neg_bias)
    assert (model.wv["fresh"] != 0).any()


@each_variant
def test_several_workers_learn_the_topics_of_words(sg, tied_weights):
    rng = np.random.default_rng(1)
    topics = [[f"{name}{i}" for i in range(15)] for name in "abc"]
    sentences = [rng.choice(topics[i % 3], 10).tolist() for i in range(3000)]
    options = {**SETTINGS, "workers": 2, "vector_size": 20, "sg": sg, "tied_weights": tied_weights, "seed": 3}
    model = Word2Vec(sentences, **options, alpha=0.1, cbow_mean=0)
    for word in ("a1", "b2", "c3"):
        assert {near[0] for near, _ in model.wv.most_similar(word, topn=10)} == {word[0]}


@each_variant
def test_log_probabilities_are_those_of_the_definition(sg, tied_weights):
    model = Word2Vec(CORPUS, **SETTINGS, sg=sg, tied_weights=tied_weights, epochs=2)
    contexts = [["w0", "w3", "w3"], ["w7", 2, "unknown"]]
    row_of = model.wv.key_to_index
    ids = [[row_of["w0"], row_of["w3"], row_of["w3"]], [row_of["w7"], 2]]
    result = model.log_proba(contexts)
    assert result.dtype == np.float32
    np.testing.assert_allclose(np.exp(result).sum(axis=1), 1.0, atol=1e-5)
    parameters = Parameters(model)
    offsets = parameters.biases + np.log(
        np.diff(model.cum_table.astype(float), prepend=0) / model.cum_table[-1]
    )

    def log_softmax(logits):
        return logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())

    for row, words in zip(result, ids, strict=True):
        if sg:
            shares = model.wv.expandos["count"] / model.wv.expandos["count"].sum()
            single = [log_softmax(parameters.outputs @ parameters.inputs[word] + offsets) for word in words]
            expected = log_softmax(sum(single) - (len(words) - 1) * np.log(shares))
        else:
            expected = log_softmax(parameters.outputs @ parameters.inputs[words].mean(axis=0) + offsets)
        np.testing.assert_allclose(row, expected, atol=1e-4)
    np.testing.assert_allclose(model.log_proba(contexts[0]), result[0], atol=1e-5)
    best, probability = model.predict_output_word(contexts[0], topn=1)[0]
    assert best == model.wv.index_to_key[int(result[0].argmax())]
    assert probability == pytest.approx(np.exp(result[0].max()))


@pytest.mark.parametrize("options", [{"ns_exponent": 0.0}, {"logq_correction": True}, {}])
def test_probabilities_approach_the_shares_of_words(options):
    """Words that follow one another at random: whatever the context, a word has the probability of its share."""
    rng = np.random.default_rng(2)
    shares = np.linspace(0.2, 1.8, 60) / 60
    text = [[f"w{i}" for i in row] for row in rng.choice(60, (4_000, 10), p=shares)]
    settings = {
        **SETTINGS,
        "sample": 0,
        "alpha": 0.1,
        "min_alpha": 0.001,
        "negative": 3,
        "sg": 1,
        "window": 2,
    }
    model = Word2Vec(text, **{**settings, **options, "vector_size": 2})
    row_of = model.wv.key_to_index
    found = np.exp(model.log_proba(["w1"]))[[row_of[f"w{i}"] for i in range(60)]]
    assert np.abs(np.log(found / shares)).mean() < 0.15


def test_log_proba_refuses_what_it_cannot_answer():
    with pytest.raises(RuntimeError, match="objective='sampled_softmax'"):
        Word2Vec(CORPUS, min_count=1, epochs=1).log_proba(["w1"])
    with pytest.raises(ValueError, match="context_words: no word of context 1"):
        Word2Vec(CORPUS, **SETTINGS, epochs=1).log_proba([["w1"], ["nobody"]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"objective": "softmax"},
            "objective='softmax' must be one of 'negative_sampling', 'sampled_softmax'",
        ),
        ({"objective": None}, "objective=None must be one of"),
        ({"tied_weights": True}, "tied_weights=True needs objective='sampled_softmax'"),
        ({"logq_correction": True}, "logq_correction=True needs objective='sampled_softmax'"),
        ({"objective": "sampled_softmax", "negative": 0}, "needs negative=1 or more"),
        ({"objective": "sampled_softmax", "hs": 1}, "set hs=0"),
        ({"objective": "sampled_softmax", "sg": 1, "shared_negatives": True}, "needs shared_negatives=False"),
    ],
)
def test_contradictory_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Word2Vec(**options)


def test_held_out_loss_falls():
    stopping = EarlyStopping(CORPUS[:40])
    model = Word2Vec(CORPUS[40:], **SETTINGS, sg=1, epochs=3, alpha=0.05, callbacks=[stopping])
    losses = stopping.losses
    assert losses[-1] < losses[0]
    assert losses[0] < np.log(1 + model.negative) + 0.5
