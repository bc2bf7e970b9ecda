"""Fixtures of the benchmarks: a small corpus, an evaluation set, and the path of the package."""

from pathlib import Path

import pytest

from helpers.corpora import zipf_sentences

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in zipf_sentences(3_000, 60, seed=1)))
    return path


@pytest.fixture
def evaluation(tmp_path):
    directory = tmp_path / "evaluation"
    directory.mkdir()
    (directory / "wordsim353.tsv").write_text("".join(f"w{i}\tw{i + 1}\t{i}\n" for i in range(1, 9)))
    return directory
