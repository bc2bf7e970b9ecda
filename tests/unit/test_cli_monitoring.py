"""``fastw2v train --validation`` and ``--probe``: losses, the best weights, and neighbours after each epoch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fastw2v import EarlyStopping, KeyedVectors, ValidationLoss, Word2Vec
from helpers.command_line import ANIMALS, COLOURS, SMALL, error_of, lines, run

# Few words, few examples and a high rate: the loss of the held-out text rises again after some epochs.
OVERFITTED = [*SMALL, "--epochs", "8", "--alpha", "0.3", "--min-alpha", "0.3"]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(lines(40)) + "\n", encoding="utf8")
    return path


@pytest.fixture
def held_out(tmp_path: Path) -> Path:
    path = tmp_path / "held-out.txt"
    path.write_text("\n".join(lines(80)[40:]) + "\n", encoding="utf8")
    return path


def trained(text: Path, callbacks: list[object], epochs: int = 8) -> Word2Vec:
    """Return the model that the options `OVERFITTED` stand for."""
    return Word2Vec(
        corpus_file=text, vector_size=16, min_count=1, sample=0, epochs=epochs, workers=1,
        alpha=0.3, min_alpha=0.3, callbacks=callbacks,
    )  # fmt: skip


def test_the_validation_loss_is_shown_after_each_epoch_and_saved(text, held_out, tmp_path, capsys):
    assert run("train", text, tmp_path / "m", *OVERFITTED, "--validation", held_out, "--json") == 0
    captured = capsys.readouterr()
    validation = ValidationLoss(str(held_out))
    expected = trained(text, [validation])
    summary = json.loads(captured.out)
    assert summary["validation_losses"] == pytest.approx(validation.losses)
    assert summary["best_epoch"] == 1 + int(np.argmin(validation.losses)) < 8
    for epoch, loss in enumerate(validation.losses, start=1):
        assert f"epoch {epoch} of 8: validation loss {loss:.4f}" in captured.err
    model = Word2Vec.load(tmp_path / "m")
    assert model.validation_loss_history == pytest.approx(validation.losses)
    np.testing.assert_array_equal(model.wv.vectors, expected.wv.vectors)


def test_the_best_weights_are_kept(text, held_out, tmp_path, capsys):
    options = ["--validation", held_out, "--keep-best", "--probe", "cat"]
    assert run("train", text, tmp_path / "m", *OVERFITTED, *options) == 0
    stopping = EarlyStopping(str(held_out), patience=8, restore_best=True)
    expected = trained(text, [stopping])
    np.testing.assert_array_equal(KeyedVectors.load(tmp_path / "m").vectors, expected.wv.vectors)
    messages = capsys.readouterr().err
    assert f"the model has the weights of epoch {stopping.best_epoch + 1}" in messages
    assert "neighbours of cat with the best weights" in messages


def test_patience_ends_the_training(text, held_out, tmp_path, capsys):
    options = ["--validation", held_out, "--patience", 1, "--json", "--quiet"]
    assert run("train", text, tmp_path / "m", *OVERFITTED, *options) == 0
    captured = capsys.readouterr()
    losses = json.loads(captured.out)["validation_losses"]
    assert 2 <= len(losses) < 8
    assert losses[-1] >= losses[-2]
    assert captured.err == ""


def test_the_neighbours_of_probe_words_are_shown(text, tmp_path, capsys):
    assert run("train", text, tmp_path / "m", *SMALL, "--probe", "cat,red", "--probe-topn", 3, "--json") == 0
    captured = capsys.readouterr()
    neighbours = json.loads(captured.out)["neighbours"]
    assert list(neighbours) == ["cat", "red"]
    model = KeyedVectors.load(tmp_path / "m")
    assert [each["word"] for each in neighbours["red"]] == [
        word for word, _ in model.most_similar("red", topn=3)
    ]
    shown = [line for line in captured.err.splitlines() if "neighbours of cat after epoch" in line]
    assert len(shown) == 3
    assert shown[-1].endswith(", ".join(f"{each['word']} {each['score']:.2f}" for each in neighbours["cat"]))


def test_a_resumed_training_has_the_losses_and_the_best_weights_of_before(text, held_out, tmp_path, capsys):
    class Interruption(EarlyStopping):
        def on_epoch_begin(self, model):
            if len(self.losses) == 6:
                raise KeyboardInterrupt

    Interruption.__name__ = "EarlyStopping"  # as the command calls it
    checkpoint = tmp_path / "run.ckpt"
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(
            corpus_file=text, vector_size=16, min_count=1, sample=0, epochs=8, workers=1, alpha=0.3,
            min_alpha=0.3, checkpoint=checkpoint,
            callbacks=[Interruption(str(held_out), patience=8, restore_best=True)],
        )  # fmt: skip
    options = ["--validation", held_out, "--keep-best", "--json", "--quiet"]
    resumed = [*OVERFITTED, *options, "--checkpoint", checkpoint, "--resume"]
    assert run("train", text, tmp_path / "resumed", *resumed) == 0
    summary = json.loads(capsys.readouterr().out)
    assert run("train", text, tmp_path / "whole", *OVERFITTED, *options) == 0
    whole = json.loads(capsys.readouterr().out)
    assert summary["validation_losses"] == whole["validation_losses"]
    assert summary["best_epoch"] == whole["best_epoch"] < 5
    vectors = [KeyedVectors.load(tmp_path / name).vectors for name in ("resumed", "whole")]
    np.testing.assert_array_equal(*vectors)


def test_the_held_out_text_is_read_as_the_text_is(text, tmp_path, capsys):
    held_out = tmp_path / "held-out.txt"
    held_out.write_text("".join(f"{ANIMALS[0].upper()}.{ANIMALS[1]},{COLOURS[0]}\n" for _ in range(5)))
    options = ["--validation", held_out, "--quiet", "--json"]
    assert run("train", text, tmp_path / "m", *SMALL, *options, "--lower", "--tokenizer", "words") == 0
    assert len(json.loads(capsys.readouterr().out)["validation_losses"]) == 3
    assert run("train", text, tmp_path / "m", *SMALL, *options) == 2
    assert "no sentence has two words of the vocabulary" in error_of(capsys)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--keep-best"], "--keep-best needs --validation FILE"),
        (["--patience", "2"], "--patience needs --validation FILE"),
        (["--validation", "corpus.txt"], "--validation corpus.txt is trained too, as INPUT"),
        (["--validation", "m"], "OUTPUT m would overwrite --validation m"),
        (["--validation", "none.txt"], "none.txt"),
        (["--probe", "zebra,gnu"], "--probe zebra,gnu: none of these words is in the vocabulary of 10 words"),
        (["--probe", ","], "',' has no word"),
    ],
)
def test_mistakes_are_named(text, tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m").write_text("cat dog\n")
    assert run("train", "corpus.txt", "m", *SMALL, *options) == 2
    assert message in error_of(capsys)
    assert (tmp_path / "m").read_text() == "cat dog\n"
