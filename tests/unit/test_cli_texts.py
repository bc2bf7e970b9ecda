"""The texts of the command line: several files, directories, patterns and stdin, and how lines become words."""

from __future__ import annotations

import gzip
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from fastw2v import FileSentences, KeyedVectors, LineSentence, Word2Vec
from fastw2v.cli import commands
from helpers.command_line import SMALL, Stream, error_of, lines, run

TOKENIZER = "def comma(line):\n    return [word.strip() for word in line.split(',')]\n\nNUMBER = 3\n"
TOKENIZER += "def fail(line):\n    return {}[line]\n\ndef strip(line):\n    return line.strip()\n"


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Three files with the lines of one text, the second compressed."""
    folder = tmp_path / "parts"
    folder.mkdir()
    paths = [folder / name for name in ("b.txt", "a.txt.gz", "c.text")]
    for path, part in zip(paths, np.array_split(lines(), 3), strict=True):
        content = "".join(f"{line}\n" for line in part).encode()
        if path.suffix == ".gz":
            content = gzip.compress(content)
        path.write_bytes(content)
    return paths


def words(path: Path) -> list[str]:
    return [word for sentence in LineSentence(path) for word in sentence]


def joined(tmp_path: Path, paths: list[Path], *options: object) -> list[str]:
    """Return the words that a command reads, in their order; without phrases, the text is written as it is."""
    out = tmp_path / "joined.txt"
    assert run("phrases", *paths, out, "--threshold", "1e9", "--quiet", *options) == 0
    return words(out)


def test_each_line_of_several_inputs_is_trained_once_in_the_order_given(parts, tmp_path, monkeypatch, capsys):
    whole = tmp_path / "whole.txt"
    whole.write_text("\n".join(lines()) + "\n")
    assert run("train", whole, tmp_path / "whole.fw2v", *SMALL, "--quiet") == 0
    assert run("train", *parts, tmp_path / "parts.fw2v", *SMALL, "--quiet") == 0
    # the output is the last of all arguments that are no options
    assert run("train", parts[0], "--quiet", *parts[1:], *SMALL, tmp_path / "mixed.fw2v") == 0
    monkeypatch.setattr("sys.stdin", Stream(parts[1].read_bytes()))
    assert run("train", parts[0], "-", parts[2], tmp_path / "stdin.fw2v", *SMALL, "--quiet") == 0
    expected = KeyedVectors.load(tmp_path / "whole.fw2v")
    for name in ("parts", "mixed", "stdin"):
        vectors = KeyedVectors.load(tmp_path / f"{name}.fw2v")
        assert vectors.index_to_key == expected.index_to_key
        np.testing.assert_array_equal(vectors.vectors, expected.vectors)
    assert joined(tmp_path, parts) == words(whole)


def test_directories_and_patterns_are_read_in_the_order_of_the_names(parts, tmp_path, capsys):
    folder = parts[0].parent
    (folder / "deeper").mkdir()
    (folder / "deeper" / "d.txt").write_text("one two\n")
    by_name = [word for path in sorted(parts) for word in words(path)]
    assert joined(tmp_path, [folder]) == by_name
    assert joined(tmp_path, [folder / "*.txt*"]) == words(parts[1]) + words(parts[0])
    assert joined(tmp_path, [tmp_path / "parts" / "**" / "*.txt"]) == [*words(parts[0]), "one", "two"]
    capsys.readouterr()
    assert joined(tmp_path, [parts[2], folder]) == words(parts[2]) + words(parts[1]) + words(parts[0])
    assert capsys.readouterr().err == ""  # --quiet
    assert run("phrases", parts[2], os.path.relpath(parts[2]), tmp_path / "once.txt") == 0
    assert "are one file, which is read once" in capsys.readouterr().err
    assert len(words(tmp_path / "once.txt")) == len(words(parts[2]))


def test_inputs_that_cannot_be_read_are_named(parts, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for inputs, message in (
        ([parts[0], "nosuch.txt"], "nosuch.txt: no such file"),
        ([tmp_path / "*.md"], "no file matches"),
        ([tmp_path / "empty"], "empty has no files"),
        ([*parts, parts[0]], "would overwrite the corpus file"),
    ):
        output = parts[0] if message.startswith("would") else tmp_path / "m.fw2v"
        assert run("train", *inputs, output, *SMALL, "--quiet") == 2
        assert message in error_of(capsys)
    assert run("train", *parts, tmp_path / "m.fw2v", *SMALL, "--checkpoint", parts[1]) == 2
    assert "the checkpoint would overwrite INPUT" in error_of(capsys)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_pipes_are_read_among_files(parts, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(parts[0].read_bytes()))
    writer.start()
    assert joined(tmp_path, [pipe, parts[1]]) == words(parts[0]) + words(parts[1])
    writer.join()


def test_how_lines_become_words(tmp_path, monkeypatch):
    text = tmp_path / "text.txt"
    text.write_text("Don't STOP, Étienne!\nsnake_case, No 3\n")
    assert joined(tmp_path, [text], "--lower") == ["don't", "stop,", "étienne!", "snake_case,", "no", "3"]
    expected = ["Don", "t", "STOP", "Étienne", "snake", "case", "No", "3"]
    assert joined(tmp_path, [text], "--tokenizer", "words") == expected
    assert joined(tmp_path, [text], "--tokenizer=words", "--lower") == [word.lower() for word in expected]
    (tmp_path / "tokens_of_test.py").write_text(TOKENIZER)
    monkeypatch.chdir(tmp_path)
    options = ["--tokenizer", "tokens_of_test:comma", "--min-count", 1, "--vector-size", 4, "--workers", 1]
    assert run("train", text, "m.fw2v", *options, "--quiet") == 0
    assert set(KeyedVectors.load("m.fw2v").index_to_key) == {"Don't STOP", "Étienne!", "snake_case", "No 3"}


def test_a_text_with_a_tokenizer_is_read_by_the_compiled_reader(tmp_path, monkeypatch):
    """Iterating a corpus in Python is several times slower; only a function of the user needs that."""
    text = tmp_path / "text.txt"
    text.write_text("\n".join(lines()) + "\n")

    def fail(self):
        raise AssertionError("the corpus was iterated")

    monkeypatch.setattr(FileSentences, "__iter__", fail)
    for options in ([], ["--lower"], ["--tokenizer", "words"], ["--tokenizer", "words", "--lower"]):
        assert run("train", text, tmp_path / "m.fw2v", *SMALL, "--quiet", *options) == 0
        assert Word2Vec.load(tmp_path / "m.fw2v").corpus_total_words == 2400


def test_tokenizers_that_do_not_exist_or_fail_are_named(tmp_path, monkeypatch, capsys):
    text = tmp_path / "text.txt"
    text.write_text("one two\n")
    (tmp_path / "tokens_of_errors.py").write_text(TOKENIZER)
    monkeypatch.chdir(tmp_path)
    for name, message in (
        ("word", "none of whitespace, words and PACKAGE:FUNCTION"),
        ("no_such_module_here:f", "No module named 'no_such_module_here'"),
        ("tokens_of_errors:nothing", "has no attribute 'nothing'"),
        ("tokens_of_errors:NUMBER", "is a int; name a function"),
        ("tokens_of_errors:fail", r"failed for the line 'one two\n': KeyError"),
        ("tokens_of_errors:strip", "returned 'one two'; it must return a list of words"),
    ):
        assert run("train", text, "m.fw2v", *SMALL, "--tokenizer", name) == 2
        assert message in error_of(capsys)


def test_a_training_on_several_inputs_is_resumed(parts, tmp_path, monkeypatch, capsys):
    options = [*SMALL, "--quiet", "--lower", "--checkpoint", tmp_path / "run.ckpt"]

    def interrupt(self, model):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(commands.TrainingObserver, "on_epoch_end", interrupt)
        assert run("train", *parts, tmp_path / "m.fw2v", *options, "--checkpoint-every", "0.1K") == 130
    assert run("train", *parts, tmp_path / "m.fw2v", *options, "--resume") == 0
    assert run("train", *parts, tmp_path / "whole.fw2v", *SMALL, "--quiet", "--lower") == 0
    resumed, whole = (KeyedVectors.load(tmp_path / name) for name in ("m.fw2v", "whole.fw2v"))
    np.testing.assert_array_equal(resumed.vectors, whole.vectors)


def test_summaries_as_json(parts, tmp_path, capsys):
    assert run("phrases", *parts, tmp_path / "p.txt", "--json", "--quiet") == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["sentences"], summary["words"]) == (300, 2400)
    assert run("train", *parts, tmp_path / "m.fw2v", *SMALL, "--quiet") == 0
    assert run("convert", tmp_path / "m.fw2v", tmp_path / "v.txt", "--json", "--quiet") == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["kind"], summary["format"], summary["words"]) == ("vectors", "text", 10)
    assert run("info", tmp_path / "m.fw2v", "--json", tmp_path / "v.txt") == 0
    assert [facts["kind"] for facts in json.loads(capsys.readouterr().out)] == ["model", "vectors"]
    for command in (["phrases", *parts, "-"], ["convert", tmp_path / "m.fw2v", "-"]):
        assert run(*command, "--json") == 2
        assert "cannot both be written to stdout" in error_of(capsys)
