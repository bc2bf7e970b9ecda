"""Held-out loss: comparison with a plain NumPy version, and its effects on the model (none)."""

from __future__ import annotations

import itertools
import signal

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.engine.scoring import held_out_loss, score_sentences
from fastw2v.training.network import make_network

LCG_MASK = (1 << 48) - 1
SENTENCES = [[f"w{(i * i + j) % 23}" for j in range(3 + i % 9)] for i in range(60)] + [["w1"], []]


def model_of(**parameters) -> Word2Vec:
    model = Word2Vec(
        SENTENCES, vector_size=12, window=3, min_count=1, epochs=3, alpha=0.1, workers=1, seed=4, **parameters
    )
    return model


def encoded(model: Word2Vec) -> tuple[np.ndarray, np.ndarray]:
    ids = [[model.wv.key_to_index[word] for word in sentence] for sentence in SENTENCES]
    offsets = np.cumsum([0, *map(len, ids)]).astype(np.int64)
    return np.array([i for sentence in ids for i in sentence], dtype=np.int32), offsets


def loss_by_definition(model: Word2Vec, seed: int) -> tuple[float, int]:
    """Return (loss, examples) by the definition, one word at a time, in float64."""
    vectors = model.wv.vectors.astype(np.float64)
    lcg, total, examples = seed & LCG_MASK, 0.0, 0

    def loss(x, row, label):
        f = float(x @ row.astype(np.float64))
        return float(np.logaddexp(0.0, -f if label else f))

    def targets(word):
        nonlocal lcg
        found = []
        if model.hs:
            tree = model.huffman_tree
            for k in range(tree.offsets[word], tree.offsets[word + 1]):
                found.append((model.syn1[tree.points[k]], 1 - tree.codes[k]))
        if model.negative:
            found.append((model.syn1neg[word], 1))
            for _ in range(model.negative):
                value = (lcg >> 16) % int(model.cum_table[-1])
                lcg = (lcg * 25214903917 + 11) & LCG_MASK
                drawn = int(np.searchsorted(model.cum_table, value))
                if drawn != word:
                    found.append((model.syn1neg[drawn], 0))
        return found

    for sentence in SENTENCES:
        ids = [model.wv.key_to_index[word] for word in sentence]
        for i, word in enumerate(ids):
            context = ids[max(0, i - model.window) : i] + ids[i + 1 : i + model.window + 1]
            if not context:
                continue
            inputs = [vectors[j] for j in context]
            if not model.sg:
                total_of_window = np.sum(inputs, axis=0)
                inputs = [total_of_window / len(context) if model.cbow_mean else total_of_window]
            for x in inputs:
                total += sum(loss(x, row, label) for row, label in targets(word))
            examples += len(inputs)
    return total, examples


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("objective", [{"negative": 5}, {"hs": 1, "negative": 0}, {"hs": 1, "negative": 3}])
@pytest.mark.parametrize("cbow_mean", [0, 1])
def test_held_out_loss_agrees_with_the_definition(sg, objective, cbow_mean):
    model = model_of(sg=sg, cbow_mean=cbow_mean, **objective)
    for seed in (0, 12345):
        loss, examples = held_out_loss(make_network(model), *encoded(model), seed)
        expected, n = loss_by_definition(model, seed)
        assert examples == n
        assert loss == pytest.approx(expected, rel=1e-6)


def test_held_out_loss_changes_neither_weights_nor_the_random_state():
    model = model_of(sg=1, hs=1)
    before = [array.copy() for array in (model.wv.vectors, model.syn1, model.syn1neg)]
    state = model.random.get_state()
    held_out_loss(make_network(model), *encoded(model), 1)
    for old, new in zip(before, (model.wv.vectors, model.syn1, model.syn1neg), strict=True):
        np.testing.assert_array_equal(old, new)
    for old, new in zip(state, model.random.get_state(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_ids_beyond_the_vocabulary_are_refused():
    model = model_of(sg=1)
    with pytest.raises(IndexError, match="word index 23, but 23 words"):
        held_out_loss(make_network(model), np.array([0, 23], dtype=np.int32), np.array([0, 2]), 0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="setitimer needs POSIX")
@pytest.mark.parametrize("score", [score_sentences, lambda *sentences: held_out_loss(*sentences, 1)])
def test_signals_are_handled_within_a_sentence(score):
    model = Word2Vec(vector_size=300, window=10, sg=1, hs=1, negative=0, min_count=1, workers=1)
    model.build_vocab(SENTENCES)
    ids = np.arange(400_000, dtype=np.int32) % len(model.wv)
    sentences = make_network(model, scoring=True), ids, np.array([0, len(ids)])
    handled = []

    def count(signum, frame):
        handled.append(signum)
        if len(handled) == 4:  # only once: the timer still runs while pytest inspects the error
            raise ZeroDivisionError("of the handler")

    before = signal.signal(signal.SIGALRM, count)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        with pytest.raises(ZeroDivisionError, match="of the handler"):
            score(*sentences)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_total_sentences_limits_how_many_are_scored():
    model = model_of(hs=1, negative=0)
    for total, n_scored in ((0, 0), (-1, 0), (2, 2), (10**9, len(SENTENCES))):
        assert model.score(SENTENCES, total_sentences=total).shape == (n_scored,)


def test_scoring_reads_no_more_sentences_than_asked_for(caplog):
    model = model_of(hs=1, negative=0)
    endless = itertools.cycle(SENTENCES[:3])
    assert (
        model.score(endless, total_sentences=4).tolist()
        == model.score([*SENTENCES[:3], SENTENCES[0]]).tolist()
    )
    assert next(endless) == SENTENCES[1]
    assert "raise total_sentences" not in caplog.text
    model.score(SENTENCES, total_sentences=2)
    assert "scored only the first 2 sentences" in caplog.text


@pytest.mark.parametrize("seed", [None, -1, 1.5, "1", 1 << 32])
def test_held_out_loss_rejects_seeds_that_are_no_32_bit_integers(seed):
    with pytest.raises((TypeError, ValueError), match="seed"):
        model_of().evaluate_loss(SENTENCES, seed=seed)
