"""Windows: one-sided and asymmetric ones, weights by distance, full windows only, and windows that change by epoch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.common.windows import window_of_epoch
from helpers.corpora import zipf_sentences
from helpers.interruptions import FailingCorpus
from helpers.naive_training import TABLE, NaiveTrainer, assert_is_gradient, assert_trains_as_defined, examples
from helpers.parameters import one_in

CORPUS = zipf_sentences(450, 60, seed=5, length=9)
SETTINGS = {"min_count": 1, "workers": 1, "vector_size": 10}
OBJECTIVES = {
    "negative": {"negative": 4},
    "hs": {"hs": 1, "negative": 0},
    "both": {"hs": 1, "negative": 2},
    "softmax": {"objective": "sampled_softmax", "negative": 5},
    "tied": {"objective": "sampled_softmax", "negative": 5, "tied_weights": True},
}
WINDOWS = {
    "left": {"window": (3, 0)},
    "right": {"window": (0, 4), "window_weights": "linear"},
    "asymmetric": {"window": (2, 5), "window_weights": [1.5, 1.0, 0.0, 0.25, 2.0]},
    "fixed": {"window": (1, 3), "shrink_windows": False, "window_weights": ([0.5], [0.25, 2.0, 1.0])},
    "linear": {"window": 4, "window_weights": "linear", "cbow_mean": 0},
    "harmonic": {"window": 6, "window_weights": "harmonic", "shrink_windows": False},
    "harmonic, corrected": {"window": 3, "window_weights": "harmonic", "cbow_update": "corrected"},
    "full": {"window": (2, 1), "full_windows": True},
    "full and fixed": {
        "window": 2,
        "full_windows": True,
        "shrink_windows": False,
        "window_weights": [1, 0.5],
    },
}


# Each kind of window meets both architectures and several objectives quickly.
@pytest.mark.parametrize(
    ("window", "objective", "sg"), one_in(11, itertools.product(WINDOWS, OBJECTIVES, (0, 1)))
)
def test_one_job_agrees_with_the_definition(window, objective, sg):
    model = Word2Vec(**{**SETTINGS, **OBJECTIVES[objective], **WINDOWS[window]}, sg=sg, sample=0.05)
    model.build_vocab(CORPUS)
    assert_trains_as_defined(model, CORPUS)


@pytest.mark.parametrize("simd", ["scalar", ""])
@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("vector_size", [7, 33, 100])
def test_every_instruction_set_agrees_with_the_definition(simd, sg, vector_size, monkeypatch):
    monkeypatch.setenv("FASTW2V_SIMD", simd)
    for objective in ("negative", "hs"):
        model = Word2Vec(
            **{**SETTINGS, **OBJECTIVES[objective], "vector_size": vector_size},
            sg=sg,
            window_weights="linear",
        )
        model.build_vocab(CORPUS[:30])
        assert_trains_as_defined(model, CORPUS[:30])


def test_equal_sides_are_the_window_of_one_number():
    one, other = (Word2Vec(CORPUS, **SETTINGS, window=window, epochs=1) for window in (3, (3, 3)))
    assert other.window == 3
    np.testing.assert_array_equal(one.wv.vectors, other.wv.vectors)


@pytest.mark.parametrize(
    "options",
    [{"shared_negatives": True, "sg": 1}, {"sg": 1}, {"sg": 1, "hs": 1}],
    ids=["shared", "pairs", "hs"],
)
def test_equal_weights_of_pairs_are_a_factor_on_the_learning_rate(options):
    models = []
    for weights, alpha in ((None, 0.05), ([0.25] * 5, 0.2)):
        model = Word2Vec(**SETTINGS, **options, window_weights=weights)
        model.build_vocab(CORPUS)
        model.syn1neg[:] = np.random.default_rng(1).standard_normal(model.syn1neg.shape)
        model.train(CORPUS, total_examples=len(CORPUS), epochs=1, start_alpha=alpha, end_alpha=alpha)
        models.append(model)
    np.testing.assert_allclose(models[0].wv.vectors, models[1].wv.vectors, atol=2e-6)
    np.testing.assert_allclose(models[0].syn1neg, models[1].syn1neg, atol=2e-6)


def test_shared_negatives_weigh_each_pair_by_its_own_distance():
    """One window of two context words: the words at the distances 1 and 2 move by their own weights."""
    moves = []
    for weights in ([1.0, 1.0], [1.0, 0.25]):
        model = Word2Vec(
            **SETTINGS, sg=1, shared_negatives=True, window=(2, 0), full_windows=True, shrink_windows=False, sample=0,
            window_weights=weights,
        )  # fmt: skip
        model.build_vocab([["a", "b", "c"]])
        model.syn1neg[:] = np.random.default_rng(1).standard_normal(model.syn1neg.shape) / 100
        before = model.wv.vectors.copy()
        model.train([["a", "b", "c"]], total_examples=1, epochs=1, start_alpha=0.01, end_alpha=0.01)
        moved = model.wv.vectors - before
        moves.append([np.linalg.norm(moved[model.wv.key_to_index[word]]) for word in "ab"])
    assert moves[1][0] / moves[0][0] == pytest.approx(0.25, rel=0.02)
    assert moves[1][1] / moves[0][1] == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("cbow_mean", [0, 1])
def test_the_weighted_update_is_the_gradient(cbow_mean):
    """Central differences in double precision for the corrected CBOW update of a weighted window."""
    model = Word2Vec(CORPUS, **SETTINGS, cbow_mean=cbow_mean, cbow_update="corrected", epochs=1)
    trainer = NaiveTrainer(model)
    example = next(iter(examples(model, CORPUS)))
    example.contexts, example.weights = [3, 8, 3, 5], np.array([1.0, 0.25, 2.0, 0.5])
    signs = np.array([1, -1, -1])
    outputs = trainer.outputs[[7, 3, 20]]

    def loss() -> float:
        return float(np.log1p(np.exp(-signs * (outputs @ trainer.hidden(example)))).sum())

    error = (signs / (1 + np.exp(signs * (outputs @ trainer.hidden(example))))) @ outputs
    update = np.zeros_like(trainer.inputs)
    np.add.at(update, example.contexts, np.outer(trainer.factors(example), error))
    assert_is_gradient(trainer, update, loss, (3, 5, 8))


@pytest.mark.parametrize(("sg", "expected"), [(0, 2), (1, 2 * 4)])
def test_centers_without_a_full_window_are_no_examples(sg, expected):
    sentences = [["a", "b", "c", "d", "e", "f"], ["a", "b", "c", "d"], ["a"]]
    model = Word2Vec(
        **SETTINGS,
        sg=sg,
        window=2,
        full_windows=True,
        shrink_windows=False,
        sample=0,
        compute_loss=True,
        alpha=0,
    )
    model.build_vocab(sentences)
    model.train(sentences, total_examples=3, epochs=1, compute_loss=True, start_alpha=0.0, end_alpha=0.0)
    loss = model.get_latest_training_loss()
    assert loss / model.loss_history[0] == pytest.approx(expected)  # the number of examples


def test_a_corpus_without_a_full_window_changes_nothing():
    model = Word2Vec(**SETTINGS, window=5, full_windows=True, shrink_windows=False)
    model.build_vocab([["a", "b", "c"]] * 5)
    before = model.wv.vectors.copy()
    model.train([["a", "b", "c"]] * 5, total_examples=5, epochs=2)
    np.testing.assert_array_equal(model.wv.vectors, before)


@pytest.mark.parametrize(
    ("window", "final", "expected"),
    [
        (5, None, [5, 5, 5, 5]),
        (2, 8, [2, 4, 6, 8]),
        (6, 3, [6, 5, 4, 3]),
        ((0, 2), (3, 2), [(0, 2), (1, 2), 2, (3, 2)]),
    ],
)
def test_the_window_changes_from_epoch_to_epoch(window, final, expected):
    assert [window_of_epoch(window, final, epoch, 4) for epoch in range(4)] == expected


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("weights", [None, "linear", [1.0, 0.5, 0.25]])
def test_a_schedule_trains_each_epoch_with_its_window(weights, workers):
    """An epoch with a window of its own equals a training of one epoch with that window."""
    options = {**SETTINGS, "alpha": 0.05, "min_alpha": 0.05, "sg": 1, "workers": workers}
    model = Word2Vec(CORPUS, **options, window=1, final_window=3, window_weights=weights, epochs=3)
    steps = Word2Vec(**options)
    steps.build_vocab(CORPUS)
    for window in (1, 2, 3):
        steps.window = window
        steps.window_weights = weights[:window] if isinstance(weights, list) else weights
        steps.train(CORPUS, total_examples=len(CORPUS), epochs=1)
    np.testing.assert_array_equal(model.wv.vectors, steps.wv.vectors)


OPTIONS = {
    "window": (3, 1), "final_window": (1, 2), "window_weights": [1.0, 0.5, 0.25], "full_windows": True, "sg": 1,
}  # fmt: skip


def test_a_loaded_model_trains_on_with_its_windows(tmp_path):
    model = Word2Vec(CORPUS, **SETTINGS, **OPTIONS, epochs=2)
    model.save(tmp_path / "model")
    loaded = Word2Vec.load(tmp_path / "model")
    for name in ("window", "final_window", "window_weights", "full_windows"):
        assert getattr(loaded, name) == getattr(model, name)
    for each in (model, loaded):
        each.build_vocab([["fresh", *line] for line in CORPUS[:9]], update=True)
        each.train(CORPUS, total_examples=len(CORPUS), epochs=2)
    np.testing.assert_array_equal(model.wv.vectors, loaded.wv.vectors)


def test_a_checkpoint_is_resumed_with_the_window_of_its_epoch(tmp_path):
    options = {**SETTINGS, **OPTIONS, "epochs": 3, "batch_words": 100}
    whole = Word2Vec(CORPUS, **options)

    model = Word2Vec(**options)
    model.build_vocab(CORPUS)
    with pytest.raises(KeyError):
        model.train(
            FailingCorpus(CORPUS, len(CORPUS) * 5 // 2),
            total_examples=len(CORPUS),
            epochs=3,
            checkpoint=tmp_path / "c",
            checkpoint_every=200,
        )
    np.testing.assert_array_equal(Word2Vec.resume(tmp_path / "c", CORPUS).wv.vectors, whole.wv.vectors)


def test_gensim_gets_the_longer_side(tmp_path):
    model = Word2Vec(CORPUS, **SETTINGS, window=(2, 4), window_weights="linear", epochs=1)
    model.save_gensim(tmp_path / "model")
    loaded = Word2Vec.load(tmp_path / "model")
    assert (loaded.window, loaded.window_weights) == (4, None)


def test_scores_follow_the_windows():
    """The log-probability of a sentence uses the words on the left only, and the weighted mean of CBOW."""
    model = Word2Vec(
        CORPUS, **SETTINGS, hs=1, negative=0, window=(2, 0), window_weights=[1.0, 0.25], epochs=1, alpha=0.2
    )
    ids = [model.wv.key_to_index[word] for word in CORPUS[0]]
    tree, expected = model.huffman_tree, 0.0
    for i, word in enumerate(ids):
        weights = np.array([0.25, 1.0])[-min(i, 2) :] if i else np.ones(0)
        rows = model.wv.vectors[ids[max(0, i - 2) : i]].astype(np.float64)
        hidden = weights @ rows / weights.sum() if i else np.zeros(model.vector_size)
        path = slice(tree.offsets[word], tree.offsets[word + 1])
        signs = 1.0 - 2.0 * tree.codes[path]
        logits = signs * (model.syn1[tree.points[path]] @ hidden)
        expected += np.log(TABLE[((logits + 6) * 83).astype(int)]).sum()
    assert model.score([CORPUS[0]])[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": (0, 0)}, r"window=\(0, 0\) leaves no context words"),
        ({"window": (1, 2, 3)}, "must be one number of words, or a pair"),
        ({"window": (1, -2)}, "window=-2 must be at least 0"),
        ({"final_window": 0}, "final_window=0 must be at least 1"),
        (
            {"window_weights": "cubic"},
            "window_weights='cubic' must be None, 'linear', 'harmonic' or an array",
        ),
        ({"window_weights": [1, 0.5]}, "2 weights, but the largest window has distances up to 5"),
        ({"window": 2, "final_window": 3, "window_weights": [1, 0.5]}, "distances up to 3"),
        ({"window": (1, 2), "window_weights": ([1], [1])}, "1 and 1 weights, .* up to 1 and 2"),
        ({"window": 2, "window_weights": [0, 0]}, "no weight above 0"),
        ({"window": 2, "window_weights": [1, -1]}, "window_weights=-1 must be a finite number of at least 0"),
    ],
)
def test_contradictory_windows_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Word2Vec(**options)
