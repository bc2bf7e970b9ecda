"""Fixtures of the tests of updates: a text of the first training and a text of the update."""

from __future__ import annotations

import pytest

from helpers.corpora import zipf_sentences


@pytest.fixture(scope="module")
def old() -> list[list[str]]:
    """Return the text of the first training."""
    return zipf_sentences(12_000, 400, seed=1)


@pytest.fixture(scope="module")
def new() -> list[list[str]]:
    """Return the text of the update: half of the words are those of `old`, the other half is new."""
    new_words = [[f"new-{word}" for word in sentence] for sentence in zipf_sentences(4_000, 150, seed=2)]
    old_words = zipf_sentences(4_000, 300, seed=3)
    return [first + second for first, second in zip(old_words, new_words, strict=True)]
