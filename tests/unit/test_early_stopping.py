"""The loss of held-out sentences and early stopping."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, EarlyStopping, LineSentence, StopTraining, Word2Vec
from helpers.corpora import zipf_sentences
from helpers.interruptions import InterruptAtEpoch

CORPUS = zipf_sentences(20_000, 200, seed=5)
HELD_OUT = zipf_sentences(2_000, 200, seed=6)
OPTIONS = {"vector_size": 10, "min_count": 1, "workers": 1}
SCHEMES = pytest.mark.parametrize(
    "scheme", [{"negative": 5}, {"hs": 1, "negative": 0}, {"hs": 1, "negative": 3}], ids=["ns", "hs", "both"]
)


def topics(words, seed):
    """Return sentences of one of four topics each, so that a word predicts its neighbors."""
    rng = np.random.default_rng(seed)
    return [[f"t{topic}w{i}" for i in rng.integers(0, 20, 20)] for topic in rng.integers(0, 4, words // 20)]


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, dtype=np.float64)))


# --- evaluate_loss


@SCHEMES
@pytest.mark.parametrize("sg", [0, 1])
def test_the_loss_falls_in_training_and_changes_nothing(scheme, sg):
    corpus, held_out = topics(20_000, seed=1), topics(2_000, seed=2)
    model = Word2Vec(**OPTIONS, **scheme, sg=sg, sample=0)
    model.build_vocab(corpus)
    untrained = model.evaluate_loss(held_out)
    if not scheme.get("hs"):
        # With output weights of zero, every probability is 1/2. A negative sample that equals the target is skipped.
        assert 0.97 * 6 * np.log(2) < untrained <= 6 * np.log(2)
    model.train(corpus, total_examples=len(corpus), epochs=5)
    twin = copy.deepcopy(model)
    loss = model.evaluate_loss(held_out)
    assert loss < untrained
    assert model.evaluate_loss(held_out) == loss
    for name in ("syn1", "syn1neg"):
        if getattr(model, name) is not None:
            np.testing.assert_array_equal(getattr(model, name), getattr(twin, name))
    for each in (model, twin):
        each.train(corpus, total_examples=len(corpus), epochs=1)
    np.testing.assert_array_equal(model.wv.vectors, twin.wv.vectors)  # random state included


def test_the_loss_of_a_pair_agrees_with_the_formula():
    model = Word2Vec([["a", "b"]] * 50, **OPTIONS, sg=1, hs=1, negative=0, alpha=0.5)
    codes = dict(
        zip(model.wv.index_to_key, (int(row[0]) for row in model.huffman_tree.code_rows), strict=True)
    )
    expected = [
        -np.log(sigmoid((1 - 2 * codes[center]) * (model.syn1[0] @ model.wv[context])))
        for center, context in ("ab", "ba")
    ]
    assert model.evaluate_loss([["a", "b"]]) == pytest.approx(np.mean(expected), rel=1e-5)
    assert model.evaluate_loss([["a", "unknown", "b"], ["a"], []] * 3) == pytest.approx(
        np.mean(expected), rel=1e-5
    )


def test_losses_of_large_logits_do_not_vanish():
    model = Word2Vec([["a", "b"]] * 5, **OPTIONS, sg=1, negative=1)
    model.wv.vectors[:] = 10.0
    model.syn1neg[:] = -10.0
    assert model.evaluate_loss([["a", "b"]]) == pytest.approx(1_000.0, rel=1e-6)


def test_the_loss_is_the_same_for_every_kind_of_corpus(tmp_path):
    path = tmp_path / "held_out.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in HELD_OUT))
    model = Word2Vec(CORPUS, **OPTIONS)
    loss = model.evaluate_loss(HELD_OUT)
    assert model.evaluate_loss(iter(HELD_OUT)) == loss
    assert model.evaluate_loss(corpus_file=path) == loss
    assert model.evaluate_loss(LineSentence(path)) == loss
    other = model.evaluate_loss(HELD_OUT, seed=1)
    assert other != loss
    assert other == pytest.approx(loss, rel=0.05)
    assert model.evaluate_loss(HELD_OUT * 30) == pytest.approx(loss, rel=0.05)


def test_a_read_only_model_can_be_evaluated(tmp_path):
    model = Word2Vec(CORPUS, **OPTIONS)
    model.save(tmp_path / "m")
    assert Word2Vec.load(tmp_path / "m", mmap="r").evaluate_loss(HELD_OUT) == model.evaluate_loss(HELD_OUT)


def test_sentences_without_a_loss_are_rejected():
    model = Word2Vec(CORPUS, **OPTIONS)
    for nothing in ([], [["unknown", "words"]], [["w1"]] * 100, [[]]):
        with pytest.raises(ValueError, match="two words of the vocabulary"):
            model.evaluate_loss(nothing)
    with pytest.raises(RuntimeError, match="vocabulary"):
        Word2Vec(**OPTIONS).evaluate_loss(HELD_OUT)
    with pytest.raises(TypeError, match="corpus"):
        model.evaluate_loss()
    with pytest.raises(TypeError, match="1"):
        model.evaluate_loss([["w1", "w2"], None])


# --- EarlyStopping


class Losses(Word2Vec):
    """A model that returns given losses instead of computing them."""

    def evaluate_loss(self, held_out):
        if not self.train_started:
            self.train_started = True
            return 4.0
        self.snapshots.append((self.wv.vectors.copy(), self.syn1neg.copy()))
        return self.given[len(self.snapshots) - 1]


def trained_on(losses, **options):
    model = Losses(**OPTIONS)
    model.given, model.snapshots, model.train_started = losses, [], False
    model.build_vocab(CORPUS)
    stopping = EarlyStopping(HELD_OUT, **options)
    model.train(CORPUS, total_examples=len(CORPUS), epochs=len(losses), callbacks=[stopping])
    return model, stopping


@pytest.mark.parametrize(
    ("losses", "options", "epochs", "best"),
    [
        ([3.0, 2.0, 1.0], {}, 3, 2),
        ([3.0, 2.0, 2.0, 1.0], {}, 3, 1),
        ([3.0, 2.0, 2.5, 1.0, 4.0], {"patience": 2}, 5, 3),
        ([3.0, 2.0, 2.5, 2.4, 1.0], {"patience": 2}, 4, 1),
        ([3.0, 2.0, 1.95, 1.9, 0.5], {"min_delta": 0.07}, 3, 1),
        ([3.0, 2.0, 1.95, 1.9, 0.5], {"min_delta": 0.07, "patience": 2}, 5, 4),
        ([3.0, float("nan"), 1.0], {"patience": 5}, 2, 0),
    ],
)
def test_it_stops_after_patience_without_improvement(losses, options, epochs, best):
    model, stopping = trained_on(losses, **options)
    assert len(model.snapshots) == epochs
    assert stopping.losses[:2] == pytest.approx(losses[:2], nan_ok=True)
    assert stopping.best_epoch == best


@pytest.mark.parametrize("losses", [[3.0, 1.0, 2.0, 2.0], [3.0, 1.0, 0.5]])
def test_it_restores_the_best_weights(losses):
    model, stopping = trained_on(losses, restore_best=True, patience=2)
    vectors, syn1neg = model.snapshots[stopping.best_epoch]
    np.testing.assert_array_equal(model.wv.vectors, vectors)
    np.testing.assert_array_equal(model.syn1neg, syn1neg)
    word = model.wv.index_to_key[0]
    cosine = vectors[0] @ vectors[1] / np.linalg.norm(vectors[0]) / np.linalg.norm(vectors[1])
    assert model.wv.similarity(word, model.wv.index_to_key[1]) == pytest.approx(cosine, rel=1e-5)


def test_it_can_be_reused_in_several_trainings_and_in_the_constructor():
    stopping = EarlyStopping(HELD_OUT, min_delta=100.0)  # no improvement is ever that large
    model = Word2Vec(CORPUS, **OPTIONS, epochs=10, callbacks=[stopping])
    assert len(stopping.losses) == 2
    assert model.train(CORPUS, total_examples=len(CORPUS), epochs=10, callbacks=[stopping])[1] == 40_000
    assert len(stopping.losses) == 2


def test_a_resumed_training_stops_where_the_uninterrupted_one_does(tmp_path):
    class Interrupt(CallbackAny2Vec):
        def on_epoch_end(self, model):
            raise StopTraining

    def stopping():
        return EarlyStopping(HELD_OUT, patience=2, min_delta=100.0)

    whole, first, second = stopping(), stopping(), stopping()
    Word2Vec(CORPUS, **OPTIONS, epochs=10, callbacks=[whole])
    path = tmp_path / "run.ckpt"
    Word2Vec(CORPUS, **OPTIONS, epochs=10, callbacks=[first, Interrupt()], checkpoint=path)
    assert len(first.losses) == 1
    Word2Vec.resume(path, CORPUS, callbacks=[second])
    assert second.losses == whole.losses
    assert len(whole.losses) == 3


class Snapshots(CallbackAny2Vec):
    """Callback that copies the weights after each epoch; `EarlyStopping` runs before it."""

    def __init__(self):
        self.weights = []

    def on_epoch_end(self, model):
        names = [name for name in ("syn1neg", "syn1neg_bias", "syn1") if getattr(model, name) is not None]
        self.weights.append([model.wv.vectors.copy(), *(getattr(model, name).copy() for name in names)])


@pytest.mark.parametrize(
    ("later", "best"), [([2.0, 2.5], 0), ([2.0, 0.5], 2), ([0.5, 2.5], 1)], ids=["before", "last", "between"]
)
@pytest.mark.parametrize("hs", [0, 1])
def test_a_resumed_training_restores_the_best_weights_of_before_the_interruption(
    tmp_path, monkeypatch, caplog, later, best, hs
):
    def stopping():
        return EarlyStopping(HELD_OUT, restore_best=True, patience=5)

    # The first value of each training is that before it starts; an interrupted epoch is evaluated again.
    given = iter([9.0, 1.0, *later, 9.0, 1.0, 2.0, 9.0, *later])
    monkeypatch.setattr(Word2Vec, "evaluate_loss", lambda self, held_out: next(given))
    snapshots = Snapshots()
    whole = Word2Vec(CORPUS, **OPTIONS, hs=hs, epochs=3, callbacks=[stopping(), snapshots])
    path = tmp_path / "run.ckpt"
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(
            CORPUS, **OPTIONS, hs=hs, epochs=3, callbacks=[stopping(), InterruptAtEpoch()], checkpoint=path
        )
    resumed = stopping()
    model = Word2Vec.resume(path, CORPUS, callbacks=[resumed])
    assert resumed.losses == model.validation_loss_history == [1.0, *later]
    assert resumed.best_epoch == best
    for each in (whole, model):
        weights = [each.wv.vectors, each.syn1neg, *([each.syn1] if hs else [])]
        for found, expected in zip(weights, snapshots.weights[best], strict=True):
            np.testing.assert_array_equal(found, expected)
    assert "cannot restore" not in caplog.text


def test_biases_are_among_the_best_weights(monkeypatch):
    given = iter([9.0, 1.0, 2.0])
    monkeypatch.setattr(Word2Vec, "evaluate_loss", lambda self, held_out: next(given))
    snapshots = Snapshots()
    callbacks = [EarlyStopping(HELD_OUT, restore_best=True), snapshots]
    model = Word2Vec(CORPUS, **OPTIONS, objective="sampled_softmax", epochs=2, callbacks=callbacks)
    np.testing.assert_array_equal(model.syn1neg_bias, snapshots.weights[0][2])
    assert (snapshots.weights[0][2] != snapshots.weights[1][2]).any()


def test_the_best_epoch_is_sought_anew_when_words_are_added(tmp_path, monkeypatch, caplog):
    class Grow(CallbackAny2Vec):
        epochs = 0

        def on_epoch_begin(self, model):
            self.epochs += 1
            if self.epochs == 2:
                model.build_vocab([["new", "words"]] * 5, update=True)

    given = iter([9.0, 1.0, 3.0, 4.0])
    monkeypatch.setattr(Word2Vec, "evaluate_loss", lambda self, held_out: next(given))
    stopping, snapshots = EarlyStopping(HELD_OUT, restore_best=True, patience=2), Snapshots()
    path = tmp_path / "run.ckpt"
    callbacks = [Grow(), stopping, snapshots]
    model = Word2Vec(CORPUS, **OPTIONS, epochs=3, callbacks=callbacks, checkpoint=path)
    assert stopping.best_epoch == 1
    np.testing.assert_array_equal(model.wv.vectors, snapshots.weights[1][0])
    assert "new" in model.wv
    assert "cannot restore" not in caplog.text


def test_a_checkpoint_without_the_best_weights_gives_a_warning(tmp_path, monkeypatch, caplog):
    given = iter([9.0, 1.0, 2.0, 9.0, 2.0, 3.0])
    monkeypatch.setattr(Word2Vec, "evaluate_loss", lambda self, held_out: next(given))
    path = tmp_path / "run.ckpt"
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(
            CORPUS,
            **OPTIONS,
            epochs=3,
            callbacks=[EarlyStopping(HELD_OUT, patience=5), InterruptAtEpoch()],
            checkpoint=path,
        )
    Word2Vec.resume(path, CORPUS, callbacks=[EarlyStopping(HELD_OUT, restore_best=True, patience=5)])
    assert "cannot restore the weights of the best epoch (0)" in caplog.text


def test_held_out_sentences_can_be_a_file(tmp_path):
    path = tmp_path / "held_out.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in HELD_OUT))
    losses = []
    for held_out in (HELD_OUT, path, str(path)):
        stopping = EarlyStopping(held_out, patience=5)
        Word2Vec(CORPUS, **OPTIONS, epochs=2, callbacks=[stopping])
        losses.append(stopping.losses)
    assert len(losses[0]) == 2
    assert losses[1] == losses[2] == losses[0]


@pytest.mark.parametrize(
    ("held_out", "error"),
    [([], ValueError), ([["unknown"]], ValueError), ([1, 2], TypeError), ("missing.txt", TypeError)],
)
def test_held_out_sentences_without_a_loss_are_rejected_before_the_training(
    tmp_path, monkeypatch, held_out, error
):
    monkeypatch.chdir(tmp_path)
    model = Word2Vec(**OPTIONS)
    model.build_vocab(CORPUS)
    before = model.wv.vectors.copy()
    with pytest.raises(error):
        model.train(CORPUS, total_examples=len(CORPUS), epochs=2, callbacks=[EarlyStopping(held_out)])
    np.testing.assert_array_equal(model.wv.vectors, before)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"patience": 0}, ValueError, "patience=0"),
        ({"min_delta": -1.0}, ValueError, "min_delta"),
        ({"min_delta": float("nan")}, ValueError, "min_delta"),
        ({"held_out": iter(HELD_OUT)}, TypeError, "held_out"),
    ],
)
def test_invalid_arguments_are_rejected(arguments, error, message):
    with pytest.raises(error, match=message):
        EarlyStopping(**{"held_out": HELD_OUT, **arguments})
