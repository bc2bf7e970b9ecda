"""``fastw2v compare``."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fastw2v import KeyedVectors
from helpers.command_line import Stream, error_of, run

WORDS = [f"w{i}" for i in range(60)]


def save(path, words, vectors):
    kv = KeyedVectors(vectors.shape[1])
    kv.add_vectors(words, vectors.astype(np.float32))
    kv.save_word2vec_format(path)
    return path


@pytest.fixture
def files(tmp_path):
    """Vectors; the same, rotated, with one word moved and one replaced; and the first dimensions only."""
    random = np.random.RandomState(1)
    vectors = random.randn(60, 8)
    rotation = np.linalg.qr(random.randn(8, 8))[0]
    moved = vectors @ rotation
    moved[7] = -moved[7]
    a = save(tmp_path / "a.txt", WORDS, vectors)
    b = save(tmp_path / "b.txt", [*WORDS[:-1], "new"], moved)
    return a, b, save(tmp_path / "narrow.txt", WORDS, vectors[:, :5])


def compared(capsys, *arguments):
    assert run("compare", *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_rotation_changes_no_neighbours_and_the_word_that_moved_is_found(files, capsys):
    result = compared(capsys, *files[:2], "--topn", 5, "--moved", 3)
    assert (result["common_words"], result["compared_words"]) == (59, 59)
    assert (result["a"]["only_here"], result["b"]["only_here"]) == (1, 1)
    assert result["neighbours"]["kept"] > 0.9
    assert result["drift"]["mean_cosine"] < 0.5
    assert result["drift"]["mean_cosine_after_rotation"] > 0.95
    first, second, _ = result["most_moved"]
    assert first["word"] == "w7"
    assert first["cosine"] < -0.9
    assert second["cosine"] > 0.99
    expected = KeyedVectors.load_word2vec_format(files[1]).most_similar("w7", topn=5)
    assert first["neighbours_b"] == [word for word, _ in expected]


def test_the_same_file_twice_differs_in_nothing(files, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Stream(files[0].read_bytes()))
    result = compared(capsys, "-", files[0])
    assert result["a"]["file"] == "stdin"
    assert result["neighbours"]["kept"] == 1
    assert result["drift"]["mean_distance"] == 0
    assert result["drift"]["mean_cosine_after_rotation"] == pytest.approx(1, abs=1e-5)


def test_vectors_of_other_widths_have_neighbours_to_compare(files, capsys):
    result = compared(capsys, files[0], files[2], "--words", 20)
    assert result["drift"] is None
    assert result["compared_words"] == 20
    assert 0 < result["neighbours"]["kept"] < 1
    kept = [record["neighbours_kept"] for record in result["most_moved"]]
    assert kept == sorted(kept)


def test_scores_side_by_side(files, tmp_path, capsys):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(f"w{i}\tw{i + 1}\t{i}\n" for i in range(20)))
    result = compared(capsys, files[0], files[1], "--pairs", pairs)
    assert run("eval", files[1], "--pairs", pairs, "--json") == 0
    alone = json.loads(capsys.readouterr().out)[0]
    row = next(row for row in result["evaluation"] if row["measure"] == "spearman")
    assert (row["name"], row["b"]) == ("pairs", alone["spearman"])
    assert run("compare", *files[:2], "--pairs", pairs) == 0
    told = capsys.readouterr().out
    assert "59 common words" in told
    assert "pairs, spearman" in told
    assert "words that moved most" in told


def test_what_cannot_be_compared_is_refused(files, tmp_path, monkeypatch, capsys):
    other = save(tmp_path / "other.txt", ["x", "y"], np.eye(2))
    assert run("compare", files[0], other) == 2
    assert "0 words in common" in error_of(capsys)
    assert run("compare", "-", "-") == 2
    assert "A and B cannot both be -" in error_of(capsys)
    monkeypatch.setattr("sys.stdin", Stream(other.read_bytes()))
    assert run("compare", "-", files[0], "--pairs", "-") == 2
    assert "only one file can be stdin" in error_of(capsys)
