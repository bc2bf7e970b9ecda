"""Chunks of a text that is read once: those of a file are those of its sentences."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from fastw2v.corpora import LineSentence
from fastw2v.text import file_reader
from fastw2v.text.counted_chunks import counted_chunks
from fastw2v.text.tokenizer import WordTable


@pytest.mark.parametrize("block_size", [64, 5_000, 1 << 20])
@pytest.mark.parametrize("chunk_words", [1, 97, 2_000, 10**9])
@pytest.mark.parametrize("end", ["", "\n"])
def test_chunks_of_a_file_are_those_of_its_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_size: int, chunk_words: int, end: str
) -> None:
    draw = random.Random(1)
    words = [f"wört{i}" for i in range(300)]
    path = tmp_path / "text.txt"
    lines = [" ".join(draw.choices(words, k=draw.choice([0, 1, 3, 40]))) for _ in range(200)]
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    monkeypatch.setattr(file_reader, "BLOCK_SIZE", block_size)
    sentences = LineSentence(path, max_sentence_length=30)
    from_file = list(counted_chunks(sentences, chunk_words))
    from_sentences = list(counted_chunks(list(sentences), chunk_words))
    assert len(from_file) == len(from_sentences) > 0
    for one, other in zip(from_file, from_sentences, strict=True):
        assert list(one.counts.items()) == list(other.counts.items())
        for name in ("ids", "offsets", "raw_lengths"):
            np.testing.assert_array_equal(getattr(one.provisional, name), getattr(other.provisional, name))


def test_an_empty_file_has_no_chunk(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("\n\n")
    assert list(counted_chunks(LineSentence(path), 10)) == []


def test_a_known_vocabulary_is_not_cleared() -> None:
    with pytest.raises(ValueError, match="known vocabulary"):
        WordTable({"a": 0}).clear([])
