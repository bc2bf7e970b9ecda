"""Progress bars: where they appear, and what they show."""

from __future__ import annotations

import functools
import io
import logging
import sys
import types

import pytest

from fastw2v import KeyedVectors, Word2Vec
from fastw2v.common import progress_bar
from fastw2v.common.progress_bar import ProgressBar
from fastw2v.corpora import scan

SENTENCES = [["a", "b", "c"], ["b", "c"]] * 50
SMALL = {"vector_size": 4, "min_count": 1, "epochs": 2, "workers": 1}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def use_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Replace stderr within a test; pytest sets its own between a fixture and the test."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def use_notebook(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Let the test run in what looks like the kernel of a notebook."""

    class ZMQInteractiveShell:
        pass

    module = types.ModuleType("IPython")
    module.get_ipython = ZMQInteractiveShell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", module)
    return module


def test_nothing_is_shown_where_nobody_sees_it(capsys, monkeypatch):
    monkeypatch.setattr(progress_bar, "QUIET_SECONDS", 0)
    Word2Vec(SENTENCES, **SMALL)
    assert capsys.readouterr().err == ""


def test_a_request_is_followed_everywhere(capsys):
    Word2Vec(SENTENCES, **SMALL, progress=True)
    shown = capsys.readouterr().err
    assert "counting words: 250" in shown
    assert "vocabulary=3" in shown
    assert "training: 100%" in shown
    assert "epoch=2/2" in shown


def test_a_terminal_shows_what_takes_longer_than_two_seconds(monkeypatch):
    terminal = use_terminal(monkeypatch)
    Word2Vec(SENTENCES, **SMALL)
    assert terminal.getvalue() == ""
    monkeypatch.setattr(progress_bar, "QUIET_SECONDS", 0)
    Word2Vec(SENTENCES, **SMALL, progress=False)
    assert terminal.getvalue() == ""
    Word2Vec(SENTENCES, **SMALL)
    assert "counting words" in terminal.getvalue()
    assert "training" in terminal.getvalue()


def test_long_reads_and_evaluations_show_how_far_they_are(monkeypatch, tmp_path):
    model = Word2Vec(SENTENCES, **SMALL)
    model.save(tmp_path / "model")
    terminal = use_terminal(monkeypatch)
    monkeypatch.setattr(progress_bar, "QUIET_SECONDS", 0)
    loaded = Word2Vec.load(tmp_path / "model")
    assert "reading:" in terminal.getvalue()
    loaded.wv.evaluate_word_analogies([": section", "a b c a"])
    assert "answering:" in terminal.getvalue()


def test_a_log_that_is_shown_replaces_the_bar(monkeypatch, caplog):
    terminal = use_terminal(monkeypatch)
    monkeypatch.setattr(progress_bar, "QUIET_SECONDS", 0)
    with caplog.at_level(logging.INFO):
        Word2Vec(SENTENCES, **SMALL)
    assert terminal.getvalue() == ""


def test_a_notebook_is_recognised(monkeypatch):
    module = use_notebook(monkeypatch)
    assert progress_bar.is_seen()
    module.get_ipython = type("Shell", (type(module.get_ipython()),), {})  # as Google's Colab
    assert progress_bar.is_seen()
    monkeypatch.setattr(sys, "stderr", None)
    assert progress_bar.is_seen()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not progress_bar.is_seen()


def test_a_notebook_without_widgets_shows_lines_of_text_and_no_warning(monkeypatch, capsys):
    use_notebook(monkeypatch)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    monkeypatch.delitem(sys.modules, "tqdm.auto", raising=False)  # it warns where it is imported first
    monkeypatch.setattr(progress_bar.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(progress_bar, "QUIET_SECONDS", 0)
    Word2Vec(SENTENCES, **SMALL, progress=True)
    assert "training: 100%" in capsys.readouterr().err


def test_build_vocab_and_train_take_the_argument(capsys):
    model = Word2Vec(vector_size=4, min_count=1, workers=1)
    model.build_vocab(SENTENCES, progress=True)
    assert "counting words: 250" in capsys.readouterr().err
    model.build_vocab([["d"]] * 3, update=True)
    assert capsys.readouterr().err == ""


def test_files_are_counted_with_a_bar(tmp_path, capsys):
    path = tmp_path / "corpus.txt"
    path.write_text("a b c\n" * 40)
    Word2Vec(corpus_file=str(path), **SMALL, progress=True)
    assert "counting words: 120" in capsys.readouterr().err


def test_a_bar_is_closed_by_an_error(capsys):
    def broken():
        yield ["a"]
        raise OSError("unreadable")

    with pytest.raises(OSError, match="unreadable"):
        scan(broken(), progress=True)
    assert capsys.readouterr().err.endswith("\n")


def test_the_clock_of_a_late_bar_starts_with_the_work(monkeypatch):
    terminal = use_terminal(monkeypatch)
    with ProgressBar("work", total=10, unit=" words", show=True) as bar:
        bar._start -= 60
        bar.move_to(5)
    assert "01:00" in terminal.getvalue()


@pytest.mark.parametrize("binary", [False, True])
def test_files_of_vectors_are_read_and_written_with_a_bar(monkeypatch, tmp_path, binary):
    vectors = Word2Vec(SENTENCES, **SMALL).wv
    terminal = use_terminal(monkeypatch)
    vectors.save_word2vec_format(tmp_path / "vectors", binary=binary)
    assert terminal.getvalue() == ""
    monkeypatch.setattr(progress_bar, "QUIET_SECONDS", 0)
    vectors.save_word2vec_format(tmp_path / "vectors", binary=binary)
    KeyedVectors.load_word2vec_format(tmp_path / "vectors", binary=binary)
    for what in ("writing", "reading"):
        assert f"{what}: 100%" in terminal.getvalue()


def test_a_bar_that_tqdm_is_told_to_hide_is_not_shown(monkeypatch, capsys):
    import tqdm.auto

    monkeypatch.setattr(tqdm.auto, "tqdm", functools.partial(tqdm.auto.tqdm, disable=True))  # TQDM_DISABLE=1
    Word2Vec(SENTENCES, **SMALL, progress=True)
    assert capsys.readouterr().err == ""
