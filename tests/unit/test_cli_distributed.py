"""``fastw2v train --distributed``: one process gives the ordinary model; wrong options and a missing library are named.

`tests/distributed/test_mpi.py` runs the command in several processes.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.cli import distributed
from fastw2v.distributed import SingleProcess
from helpers.command_line import SMALL, error_of, lines, run


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines()).upper() + "\n")
    return path


@pytest.fixture
def one_process(monkeypatch):
    monkeypatch.setattr(distributed, "_MPIProcesses", lambda debug: SingleProcess())


@pytest.mark.usefixtures("one_process")
def test_one_process_trains_the_ordinary_model(text, tmp_path, capsys):
    options = [*SMALL, "--lower", "--merge-words", "1k", "--checkpoint", tmp_path / "checkpoint"]
    assert run("train", text, tmp_path / "a.fw2v", "--distributed", "mpi", *options) == 0
    assert "trained on 2,400 words in 300 sentences" in capsys.readouterr().err
    assert run("train", text, tmp_path / "b.fw2v", *SMALL, "--lower") == 0
    one, other = (Word2Vec.load(tmp_path / name) for name in ("a.fw2v", "b.fw2v"))
    assert one.wv.index_to_key == other.wv.index_to_key
    np.testing.assert_array_equal(one.wv.vectors, other.wv.vectors)
    assert run("train", text, tmp_path / "c.fw2v", "--distributed", "mpi", *options, "--resume") == 0
    np.testing.assert_array_equal(Word2Vec.load(tmp_path / "c.fw2v").wv.vectors, one.wv.vectors)


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--keep-partial"], "--keep-partial does not work with --distributed"),
        (["--checkpoint-every", "1M", "--checkpoint", "c"], "--checkpoint-every does not work"),
        (["--min-count", "100000"], "no word is left to train"),
    ],
)
def test_wrong_options_are_named(text, tmp_path, capsys, arguments, message):
    assert run("train", text, tmp_path / "model", *SMALL, "--distributed", "mpi", *arguments) == 2
    assert message in error_of(capsys)


@pytest.mark.usefixtures("one_process")
def test_stdin_is_refused(tmp_path, capsys):
    assert run("train", "-", tmp_path / "model", "--distributed", "mpi") == 2
    assert "cannot read stdin" in error_of(capsys)


def test_what_is_missing_is_named(text, tmp_path, capsys, monkeypatch):
    assert run("train", text, tmp_path / "model", "--merge-words", "10k") == 2
    assert "--merge-words needs --distributed" in error_of(capsys)
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert run("train", text, tmp_path / "model", "--distributed", "mpi") == 2
    assert 'pip install "fastw2v[mpi]"' in error_of(capsys)
