"""``fastw2v word2vec``: the flags and defaults of word2vec.c."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fastw2v import FileSentences, KeyedVectors, Word2Vec
from fastw2v.cli import word2vec_tool
from helpers.command_line import Stream, error_of, lines, run


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join([*lines(), " ".join(["cat", "dog"] * 700), "rare"]) + "\n")
    return path


def test_the_defaults_are_those_of_word2vec_c(text, tmp_path, monkeypatch):
    given = {}

    class Recorded(Word2Vec):
        def __init__(self, **parameters):
            given.update(parameters)
            super().__init__(**parameters)

    monkeypatch.setattr(word2vec_tool, "Word2Vec", Recorded)
    monkeypatch.setattr(word2vec_tool, "thread_count", lambda workers: 64)
    assert run("word2vec", "-train", text, "-output", tmp_path / "v.txt", "-debug", 0) == 0
    assert given == {
        "vector_size": 100, "alpha": 0.05, "min_alpha": pytest.approx(5e-6), "window": 5, "min_count": 5,
        "sample": 1e-3, "workers": 12, "sg": 0, "hs": 0, "negative": 5, "epochs": 5,
    }  # fmt: skip


def test_a_script_of_the_original_tool_runs(text, tmp_path, capsys):
    flags = (
        "-cbow 0 -size 12 -window 3 -negative 4 -hs 1 -sample 1e-2 -threads 1 -binary 1 -iter 2 -min-count 1"
    )
    out = tmp_path / "vectors.any"
    assert run("word2vec", "-train", text, "-output", out, *flags.split(), "-alpha", 0.03) == 0
    assert "vocabulary of 11 words, 3,801 words in the text" in capsys.readouterr().err
    expected = Word2Vec(
        FileSentences(text, max_sentence_length=1000), sg=1, vector_size=12, window=3, negative=4, hs=1,
        sample=1e-2, workers=1, epochs=2, min_count=1, alpha=0.03, min_alpha=3e-6,
    )  # fmt: skip
    vectors = KeyedVectors.load_word2vec_format(out, binary=True)
    assert vectors.index_to_key == expected.wv.index_to_key
    np.testing.assert_array_equal(vectors.vectors, expected.wv.vectors)


def test_vocabularies_are_written_and_read(text, tmp_path, monkeypatch, capsys):
    vocab = tmp_path / "vocab.txt"
    assert run("word2vec", "-train", text, "-save-vocab", vocab, "-min-count", 1, "-debug", 0) == 0
    counts = dict(line.split() for line in vocab.read_text().splitlines())
    assert len(counts) == 11
    assert counts["rare"] == "1"
    assert list(map(int, counts.values())) == sorted(map(int, counts.values()), reverse=True)
    vocab.write_text("</s> 302\n" + vocab.read_text().replace("cow ", "cow 9"))
    options = ["-threads", 1, "-size", 4, "-debug", 0]
    monkeypatch.setattr("sys.stdin", Stream(text.read_bytes()))
    command = ["word2vec", "-train", "-", "-read-vocab", vocab, "-output", tmp_path / "v.txt"]
    assert run(*command, *options, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["vocabulary"], summary["words"]) == (10, 3801)
    vectors = KeyedVectors.load_word2vec_format(tmp_path / "v.txt")
    assert vectors.index_to_key[0] == "cow"
    assert "rare" not in vectors


def test_what_is_not_supported_has_a_remedy(text, tmp_path, capsys):
    out = tmp_path / "v.txt"
    for arguments, message in (
        (["-output", out, "-classes", 500], "KMeans"),
        ([], "add -output FILE"),
        (["-save-vocab", "-"], "name a file"),
        (["-output", out, "-save-vocab", out], "are one file"),
        (["-output", text], "would overwrite"),
        (["-output", tmp_path / "no" / "v.txt"], "directory"),
        (["-output", out, "-sizes", 5], "unknown option -sizes"),
    ):
        assert run("word2vec", "-train", text, *arguments) == 2
        assert message in error_of(capsys)
        assert not out.exists()
