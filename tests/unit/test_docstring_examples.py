"""Every public class and method has an example; ``nox -s docs`` runs the examples."""

from __future__ import annotations

import pytest

import fastw2v

CLASSES = ["FrozenPhrases", "KeyedVectors", "Phrases", "Vocab", "Word2Vec"]
# Methods that other methods call, that gensim's subclasses override, or that are called by the library itself.
INTERNAL = {
    "add_lifecycle_event", "add_null_word", "create_binary_tree", "init_weights", "log_accuracy",
    "log_evaluate_word_pairs", "make_cum_table", "prepare_weights", "reset_from", "similarity_unseen_docs",
    "update_weights",
}  # fmt: skip


def public_methods(cls):
    for name, value in vars(cls).items():
        function = getattr(value, "__func__", value)
        if not name.startswith("_") and callable(function) and name not in INTERNAL:
            yield name, function


@pytest.mark.parametrize("name", CLASSES)
def test_every_public_method_has_an_example(name):
    cls = getattr(fastw2v, name)
    assert "Examples\n" in (cls.__doc__ or "")
    assert not [
        method for method, function in public_methods(cls) if "Examples\n" not in (function.__doc__ or "")
    ]
