"""``fastw2v update`` and ``fastw2v store``: what they change, refuse and repair."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from fastw2v import ReplayStore, Update, Word2Vec
from fastw2v.cli import entry_point, parser, update
from helpers.corpora import zipf_sentences

OPTIONS = {"vector_size": 8, "min_count": 2, "workers": 1, "epochs": 2, "batch_words": 1000}
BY_COUNT = "rare_count=40.0, frequent_count=120.0"
OLD = zipf_sentences(6_000, 200, seed=1)
NEW = [[*sentence, "axolotl"] for sentence in zipf_sentences(2_000, 200, seed=2)]


def run(*arguments):
    return entry_point.main([str(argument) for argument in arguments])


def write(path, sentences):
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in sentences), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    model = Word2Vec(**OPTIONS)
    write(folder / "old.txt", OLD)
    write(folder / "new.txt", NEW)
    model.build_vocab(corpus_file=folder / "old.txt", keep_raw_vocab=True)
    model.train(corpus_file=folder / "old.txt", total_examples=model.corpus_count, epochs=2)
    model.save(folder / "model.fw2v")
    ReplayStore(folder / "store", max_words=5_000).add(folder / "old.txt")
    return folder


@pytest.fixture
def folder(prepared, tmp_path, monkeypatch):
    shutil.copytree(prepared, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def model_of(folder):
    return Word2Vec.load(folder / "model.fw2v")


def test_an_update_is_that_of_the_classes_and_prints_nothing(folder, capsys):
    expected = model_of(folder)
    expected.build_vocab(corpus_file="new.txt", update=True)
    expected.train(
        corpus_file="new.txt", total_examples=len(NEW), epochs=3,
        update=Update.recommended(replay=ReplayStore("store"), alpha=0.01),
    )  # fmt: skip
    options = ["--replay", "store", "--epochs", 3, "--alpha", 0.01, "--workers", 1]
    assert run("update", "model.fw2v", "new.txt", *options) == 0
    model = model_of(folder)
    np.testing.assert_array_equal(model.wv.vectors, expected.wv.vectors)
    assert model.raw_vocab == expected.raw_vocab
    assert [(row["text"], row["epochs"]) for row in model.history()] == [("old.txt", 2), ("new.txt", 3)]
    assert capsys.readouterr() == ("", "")
    store = ReplayStore("store")
    assert [text["words"] for text in store.texts] == [sum(map(len, OLD)), sum(map(len, NEW))]
    assert any("axolotl" in sentence for sentence in store)


def test_a_text_in_the_model_is_refused_or_skipped(folder, capsys):
    assert run("update", "model.fw2v", "new.txt", "--replay", "store") == 0
    before = (folder / "model.fw2v").read_bytes()
    trained = model_of(folder).history()[-1]["trained"]
    write(folder / "other.txt", NEW[:50])
    capsys.readouterr()
    assert run("update", "model.fw2v", "other.txt", "new.txt", "--replay", "store") == 2
    error = capsys.readouterr().err
    assert (
        f"TEXT new.txt: the model was trained on this text of {sum(map(len, NEW)):,} words on {trained}"
        in error
    )
    assert (folder / "model.fw2v").read_bytes() == before
    assert run("update", "model.fw2v", "new.txt", "--replay", "store", "--skip-known") == 0
    assert (folder / "model.fw2v").read_bytes() == before
    assert run("update", "model.fw2v", "other.txt", "new.txt", "--skip-known", "--report", "report.json") == 0
    report = json.loads((folder / "report.json").read_text())
    assert [row["text"] for row in report["texts"]] == ["other.txt"]
    assert [row["text"] for row in report["skipped"]] == ["new.txt"]
    assert model_of(folder).wv.get_vecattr("axolotl", "count") == len(NEW) + 50
    assert run("update", "model.fw2v", "old.txt", "old.txt") == 2


def test_the_report_says_what_was_done(folder, capsys):
    write(folder / "more.txt", NEW[:30])
    options = [
        "--replay",
        "store",
        "--report",
        "report.json",
        "--json",
        "--drift-threshold",
        1.0,
        "--output",
        "next.fw2v",
    ]
    assert run("update", "model.fw2v", "new.txt", "more.txt", *options) == 0
    output, error = capsys.readouterr()
    assert "drift_threshold=1" in error
    report = json.loads((folder / "report.json").read_text())
    assert json.loads(output) == report
    assert [row["text"] for row in report["texts"]] == ["new.txt", "more.txt"]
    model, before = Word2Vec.load("next.fw2v"), model_of(folder)
    assert "axolotl" not in before.wv
    assert report["new_words"] == len(model.wv) - len(before.wv) > 0
    assert report["drift"]["mean_cosine"] == pytest.approx(model.drift(before).mean_cosine)
    assert report["store"]["words"] == ReplayStore("store").n_words


def test_old_text_may_be_replayed_without_a_store(folder):
    os.mkdir("texts")
    write(folder / "texts" / "1.txt", NEW)
    assert (
        run("update", "model.fw2v", "texts", "--replay", "old.txt", "--replay", "new.txt", "--anchor", 0) == 0
    )
    assert model_of(folder).history()[-1]["text"] == "texts"
    assert model_of(folder).history()[-1]["update"] == f"lockf=0.5, {BY_COUNT}, replay_ratio=3.0, replay"


@pytest.mark.parametrize(
    ("options", "update"),
    [
        ([], "anchor=1.0, outputs=True"),
        (["--lockf", 0], "lockf=0.0, anchor=1.0, outputs=True"),
        (["--replay", "store"], f"lockf=0.5, {BY_COUNT}, anchor=1.0, replay_ratio=3.0, replay"),
        (
            ["--replay", "store", "--lockf", 1, "--anchor", 2],
            f"{BY_COUNT}, anchor=2.0, replay_ratio=3.0, replay",
        ),
        (["--replay", "store", "--replay-ratio", 1], f"lockf=0.5, {BY_COUNT}, anchor=1.0, replay"),
        (["--replay", "store", "--anchor-to", "model.fw2v"], "anchor=1.0, outputs=True, replay, anchor_to"),
    ],
)
def test_what_is_kept_depends_on_the_old_text_and_the_reference(folder, options, update):
    assert run("update", "model.fw2v", "new.txt", "--quiet", *options) == 0
    assert model_of(folder).history()[-1]["update"] == update


def test_a_store_is_made_and_grows(folder, capsys):
    assert run("store", "s", "old.txt", "--max-words", "3K", "--keep", "newest") == 0
    assert "of at most 3,000 words, keep='newest'" in capsys.readouterr().err
    assert run("store", "s", "new.txt", "--json") == 0
    assert json.loads(capsys.readouterr().out)["texts"] == 2
    assert run("store", "s", "new.txt", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-model", "new.txt"], "no-model"),
        (["model.fw2v", "no-text"], "no-text: no such file"),
        (["model.fw2v", "new.txt", "--replay", "no-store"], "fastw2v store no-store TEXT"),
        (
            ["model.fw2v", "new.txt", "--replay", "store", "--replay", "old.txt"],
            "one store or any number of texts",
        ),
        (["model.fw2v", "store"], "TEXT store is a replay store"),
        (["model.fw2v", "new.txt", "--output", "new.txt"], "OUTPUT='new.txt' would overwrite the text"),
        (["model.fw2v", "new.txt", "--report", "model.fw2v"], "would overwrite the model"),
        (
            ["model.fw2v", "new.txt", "--anchor", "0", "--anchor-to", "model.fw2v"],
            "--anchor-to needs --anchor",
        ),
        (["model.fw2v", "new.txt", "--anchor", "-1"], "Update.anchor"),
        (["vectors.txt", "new.txt"], "holds vectors only"),
        (["gensim", "new.txt"], "name a file with --output"),
        (["model.fw2v", "empty.txt"], "TEXT has no words"),
        (["model.fw2v", "-"], "name a file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(folder, capsys, arguments, message):
    model = model_of(folder)
    model.wv.save_word2vec_format("vectors.txt")
    model.save_gensim("gensim")
    (folder / "empty.txt").write_text("\n")
    before = (folder / "model.fw2v").read_bytes()
    assert run("update", *arguments) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in error
    assert error.startswith("fastw2v: error: ")
    assert (folder / "model.fw2v").read_bytes() == before
    assert (folder / "new.txt").read_text().startswith(NEW[0][0])


def test_a_model_of_gensim_is_updated_into_another_file(folder):
    model_of(folder).save_gensim("gensim")
    assert run("update", "gensim", "new.txt", "--output", "next.fw2v") == 0
    assert "axolotl" in Word2Vec.load("next.fw2v").wv


def test_two_updates_of_one_model_at_a_time_do_not_lose_one(folder, monkeypatch, capsys):
    train = update._train

    def start_another_update(*arguments):
        write(folder / "other.txt", NEW[:60])
        assert run("update", "model.fw2v", "other.txt") == 2
        assert "another update of model.fw2v is running" in capsys.readouterr().err
        train(*arguments)

    monkeypatch.setattr(update, "_train", start_another_update)
    assert run("update", "model.fw2v", "new.txt", "--replay", "store") == 0

    def save_another_model(*arguments):
        train(*arguments)
        model_of(folder).save("model.fw2v")

    monkeypatch.setattr(update, "_train", save_another_model)
    assert run("update", "model.fw2v", "other.txt") == 2
    assert "was changed by another program" in capsys.readouterr().err
    assert [row["text"] for row in model_of(folder).history()] == ["old.txt", "new.txt"]


# --- crashes


class Killed(BaseException):
    pass


@pytest.mark.parametrize("moment", ["before the model is saved", "after the model is saved"])
def test_an_end_between_model_and_store_is_repaired(folder, monkeypatch, capsys, moment):
    def end(*arguments):
        raise Killed

    with monkeypatch.context() as patch:
        if moment.startswith("before"):
            patch.setattr(update.files, "save", end)
        else:
            patch.setattr(ReplayStore, "commit", end)
        with pytest.raises(Killed):
            run("update", "model.fw2v", "new.txt", "--replay", "store")
    store = ReplayStore("store")
    assert [len(store.texts), len(store.staged)] == [1, 1]
    saved = moment.startswith("after")
    assert len(model_of(folder).history()) == 1 + saved
    assert run("update", "model.fw2v", "new.txt", "--replay", "store", "--skip-known") == 0
    expected = "is in the model and was added" if saved else "is not in the model and was dropped"
    assert expected in capsys.readouterr().err
    assert [row["text"] for row in model_of(folder).history()] == ["old.txt", "new.txt"]
    assert model_of(folder).wv.get_vecattr("axolotl", "count") == len(NEW)
    store = ReplayStore("store")
    assert [len(store.texts), len(store.staged)] == [2, 0]
    assert any("axolotl" in sentence for sentence in store)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_update_can_be_repeated(folder):
    """Kill updates at random moments; model and store agree after the repetition, and no text is counted twice."""
    generator = np.random.default_rng(0)
    finished = total = 0
    for week in range(6):
        text = write(folder / f"week-{week}.txt", [[*sentence, f"week{week}"] for sentence in NEW])
        command = [
            sys.executable,
            "-m",
            "fastw2v",
            "update",
            "model.fw2v",
            text.name,
            "--replay",
            "store",
            "--skip-known",
        ]
        for _ in range(3):
            process = subprocess.Popen(
                command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(generator.uniform(0.1, 1.0))
            process.kill()
            total += 1
            finished += process.wait() == 0
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        model, store = model_of(folder), ReplayStore("store")
        assert [row["text"] for row in model.history()][-1] == text.name
        assert len(model.history()) == len(store.texts) == week + 2
        assert not store.staged
        assert model.wv.get_vecattr(f"week{week}", "count") == len(NEW)
        assert store.n_words <= 5_000
    assert finished < total


def test_every_option_has_a_help_text():
    assert set(parser.UPDATE_HELP) == set(parser.UPDATE_OPTIONS)
    assert set(parser.STORE_HELP) == set(parser.STORE_OPTIONS)
    parsed = parser.make_parser().parse_args(["update", "model", "text"])
    assert (parsed.command, parsed.epochs, parsed.replay) == ("update", None, [])
