"""The validation loss of each epoch, which models, files and checkpoints keep."""

from __future__ import annotations

import logging
import pickle

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, EarlyStopping, ValidationLoss, Word2Vec, plotting
from fastw2v.formats import native
from fastw2v.training.checkpoints import CallbackStateError
from helpers.corpora import zipf_sentences
from helpers.interruptions import InterruptAtEpoch

CORPUS = zipf_sentences(5_000, 100, seed=5)
HELD_OUT = zipf_sentences(500, 100, seed=6)
OPTIONS = {"vector_size": 10, "min_count": 1, "workers": 1, "compute_loss": True}


@pytest.mark.parametrize("workers", [1, 2])
def test_each_epoch_has_a_training_and_a_validation_loss(caplog, workers):
    caplog.set_level(logging.INFO)
    validation, seen = ValidationLoss(HELD_OUT), []

    class Evaluate(CallbackAny2Vec):
        def on_epoch_end(self, model):
            seen.append(model.evaluate_loss(HELD_OUT))

    options = {**OPTIONS, "workers": workers}
    model = Word2Vec(CORPUS, **options, epochs=3, callbacks=[validation, Evaluate()])
    assert model.validation_loss_history == validation.losses == seen
    assert len(model.loss_history) == 3
    assert (
        f"validation loss after epoch 2: {seen[2]:.6f} (training loss: {model.loss_history[2]:.6f})"
        in caplog.text
    )


def test_the_training_is_the_same_without_it():
    plain = Word2Vec(CORPUS, **OPTIONS)
    watched = Word2Vec(CORPUS, **OPTIONS, callbacks=[ValidationLoss(HELD_OUT)])
    np.testing.assert_array_equal(plain.wv.vectors, watched.wv.vectors)
    assert plain.validation_loss_history == []


def test_files_and_pickles_keep_the_history(tmp_path):
    model = Word2Vec(CORPUS, **OPTIONS, callbacks=[ValidationLoss(HELD_OUT)])
    model.save(tmp_path / "m")
    for again in (Word2Vec.load(tmp_path / "m"), pickle.loads(pickle.dumps(model))):
        assert again.validation_loss_history == model.validation_loss_history
        assert len(again.validation_loss_history) == 5
    model.save_gensim(tmp_path / "g")
    assert Word2Vec.load(tmp_path / "g").validation_loss_history == []
    model.train(CORPUS, total_examples=len(CORPUS), epochs=1)
    assert model.validation_loss_history == []  # each training begins a history


@pytest.mark.parametrize("kind", [ValidationLoss, EarlyStopping])
def test_a_resumed_training_continues_the_history(tmp_path, kind):
    whole = Word2Vec(CORPUS, **OPTIONS, epochs=4, callbacks=[kind(HELD_OUT)])
    path = tmp_path / "run.ckpt"
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(CORPUS, **OPTIONS, epochs=4, callbacks=[kind(HELD_OUT), InterruptAtEpoch()], checkpoint=path)
    assert Word2Vec.load(path).validation_loss_history == whole.validation_loss_history[:1]
    resumed = Word2Vec.resume(path, CORPUS, callbacks=[kind(HELD_OUT)])
    assert resumed.validation_loss_history == whole.validation_loss_history
    np.testing.assert_allclose(resumed.loss_history, whole.loss_history, rtol=1e-12)


def test_a_training_within_a_callback_does_not_change_the_history_of_the_outer_one():
    class Inner(CallbackAny2Vec):
        def on_epoch_begin(self, model):
            model.train(
                HELD_OUT, total_examples=len(HELD_OUT), epochs=1, callbacks=[ValidationLoss(HELD_OUT[:5])]
            )

    validation = ValidationLoss(HELD_OUT)
    model = Word2Vec(CORPUS, **OPTIONS, epochs=2, callbacks=[validation, Inner()])
    assert model.validation_loss_history == validation.losses
    assert len(validation.losses) == 2


def test_both_losses_are_drawn():
    pytest.importorskip("matplotlib")
    model = Word2Vec(CORPUS, **OPTIONS, epochs=2, callbacks=[ValidationLoss(HELD_OUT)])
    lines = plotting.plot_loss(model).axes[0].get_lines()
    drawn = [list(line.get_ydata()) for line in lines]
    assert model.loss_history in drawn
    assert model.validation_loss_history in drawn
    assert "validation loss" in model._repr_html_()


def test_arrays_of_any_callback_survive_a_checkpoint(tmp_path):
    class Mean(CallbackAny2Vec):
        """Callback that keeps a running sum of the vectors."""

        total = None

        def on_epoch_end(self, model):
            self.total = model.wv.vectors + (0 if self.total is None else self.total)

        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

        def state_arrays(self):
            return {} if self.total is None else {"total": self.total}

        def load_state_arrays(self, arrays):
            self.total = arrays.get("total")

    whole, resumed, path = Mean(), Mean(), tmp_path / "run.ckpt"
    Word2Vec(CORPUS, **OPTIONS, epochs=3, callbacks=[whole])
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(CORPUS, **OPTIONS, epochs=3, callbacks=[Mean(), InterruptAtEpoch()], checkpoint=path)
    Word2Vec.resume(path, CORPUS, callbacks=[resumed])
    np.testing.assert_allclose(resumed.total, whole.total, rtol=1e-6)


def test_arrays_that_no_file_can_hold_are_refused():
    from fastw2v.training.checkpoints import callback_arrays

    class Wrong(CallbackAny2Vec):
        def state_dict(self):
            return {}

        def state_arrays(self):
            return {"words": np.array(["a", None])}

    with pytest.raises(CallbackStateError, match="state_arrays"):
        callback_arrays([Wrong()])


@pytest.mark.parametrize("name", ["callback.5.vectors", "callback.vectors", "callback.-1.vectors"])
def test_arrays_of_no_callback_in_a_checkpoint_are_refused(tmp_path, name):
    path = tmp_path / "run.ckpt"
    Word2Vec(CORPUS, **OPTIONS, epochs=1, checkpoint=path, callbacks=[EarlyStopping(HELD_OUT)])
    arrays, metadata = native.read(path)
    native.write(path, {**arrays, name: np.zeros(3, np.float32)}, metadata)
    with pytest.raises(ValueError, match=f"run.ckpt.*{name}"):
        Word2Vec.resume(path, CORPUS)


def test_best_weights_of_another_shape_are_not_restored(tmp_path, monkeypatch, caplog):
    given = iter([9.0, 1.0, 2.0, 9.0, 2.0, 3.0])
    monkeypatch.setattr(Word2Vec, "evaluate_loss", lambda self, held_out: next(given))
    path, options = tmp_path / "run.ckpt", {"restore_best": True, "patience": 5}
    callbacks = [EarlyStopping(HELD_OUT, **options), InterruptAtEpoch()]
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(CORPUS, **OPTIONS, epochs=3, checkpoint=path, callbacks=callbacks)
    arrays, metadata = native.read(path)
    native.write(path, {**arrays, "callback.0.vectors": np.zeros(3, np.float32)}, metadata)
    Word2Vec.resume(path, CORPUS, callbacks=[EarlyStopping(HELD_OUT, **options)])
    assert "cannot restore" in caplog.text


def test_a_damaged_state_is_refused():
    with pytest.raises(ValueError, match="losses="):
        ValidationLoss(HELD_OUT).load_state_dict({"losses": "text"})
    with pytest.raises(ValueError, match="float32"):
        EarlyStopping(HELD_OUT).load_state_arrays({"vectors": np.zeros(3)})
