"""The demo: its output, its training text and the files that it leaves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fastw2v import Word2Vec
from fastw2v.cli import demo
from helpers.fresh import ENVIRONMENT


@pytest.mark.slow
def test_the_demo_trains_shows_and_saves_within_seconds(tmp_path):
    kept = tmp_path / "demo.fw2v"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "fastw2v", "demo", "--workers", "2", "--save", kept],
        env={**ENVIRONMENT, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    after = os.times()
    assert done.returncode == 0, done.stderr
    # The limit is on CPU time, because the wall time depends on other processes.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 60
    assert done.stderr == ""
    words = int(re.search(r"([\d,]+) words in [\d,]+ paragraphs", done.stdout)[1].replace(",", ""))
    assert words > 100_000
    assert re.search(r"[\d,]+ raw words/s on 2 threads, instruction set \w+", done.stdout)
    assert re.search(r"^  file +\w+ 0\.\d\d  \w+ 0\.\d\d", done.stdout, re.MULTILINE)
    assert re.search(
        r"^  create is to creates as raise is to \w+ \((correct|wrong)", done.stdout, re.MULTILINE
    )
    assert "identical to the saved ones" in done.stdout
    model = Word2Vec.load(kept)
    assert model.corpus_total_words == words
    assert list(temporary.iterdir()) == []


def test_the_text_contains_the_language_reference():
    texts = demo.reference_topics(os.path.dirname(os.__file__))
    sentences = [demo.WORD.findall(text.lower()) for text in texts]
    assert sum(map(len, sentences)) > 20_000
    assert any("statement" in sentence for sentence in sentences)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    for name, source in {
        "b.py": '"""The second module."""\nraise SystemExit("imported")\n',
        "a.py": '"""The first module."""\nclass A:\n  """A class."""\n  async def f(s):\n   "A method."\n',
        "package/c.py": 'def g():\n    """A function."""\n',
        "package/test/d.py": '"""A test."""\n',
        "site-packages/e.py": '"""Something installed."""\n',
        "broken.py": '"""Broken."""\ndef (:\n',
        "latin.py": '"""caf\xe9"""\n',
        "pydoc_data/topics.py": 'topics = {"one": "The first topic.", "two": "The " "second."}\n',
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.encode("latin-1"))
    return root


def test_docstrings_are_read_in_order_without_running_the_source(library):
    assert list(demo.docstrings(str(library))) == [
        "The first module.", "A class.", "A method.", "The second module.", "A function.",
    ]  # fmt: skip
    assert list(demo.reference_topics(str(library))) == ["The first topic.", "The second."]


def test_paragraphs_are_lists_of_words_without_example_code(library, monkeypatch):
    (library / "a.py").write_text(
        '"""Return Two things.\n\n>>> print(secret)\nsays two\n... more\n\nIt\'s done."""\n', encoding="utf8"
    )
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(library))
    sentences = demo.read_sentences()
    assert ["return", "two", "things"] in sentences
    assert ["says", "two"] in sentences
    assert ["it's", "done"] in sentences
    assert not any("secret" in sentence for sentence in sentences)


def test_a_python_without_source_files_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    with pytest.raises(FileNotFoundError, match="a text of your own"):
        demo.read_sentences()
