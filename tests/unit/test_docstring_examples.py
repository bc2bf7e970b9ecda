"""The examples in docstrings run as they are written."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    "fastw2v.keyedvectors", "fastw2v.vocab", "fastw2v.vectors.drift", "fastw2v.vectors.initialization",
    "fastw2v.vocabulary.huffman", "fastw2v.vocabulary.sampling", "fastw2v.vocabulary.selection",
]  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module)
    assert result.failed == 0


@pytest.mark.parametrize(
    ("name", "cls"), [("fastw2v.keyedvectors", "KeyedVectors"), ("fastw2v.vocab", "Vocab")]
)
def test_every_public_method_has_examples(name, cls):
    module = importlib.import_module(name)
    for method, value in vars(getattr(module, cls)).items():
        function = getattr(value, "__func__", value)
        if method.startswith(("_", "log_")) or not callable(function):
            continue
        if method in ("in_training", "similarity_unseen_docs"):
            continue
        assert "Examples\n" in (function.__doc__ or ""), f"{cls}.{method} has no examples"
