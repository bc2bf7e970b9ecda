"""Every number of every file is untrusted: a changed field gives an error that names it, or a model that works."""

import sys
import tracemalloc

import numpy as np
import pytest

if sys.platform != "linux":
    pytest.skip("the child process needs Linux", allow_module_level=True)

from fastw2v import Word2Vec
from fastw2v.formats.pickler import Global, Object, Pickler
from faults import fields
from faults.fields import FORMS, MISSING
from helpers.parameters import one_in


@pytest.mark.parametrize("name", one_in(3, FORMS))
def test_some_changed_fields(name):
    tally = fields.try_fields(name, every=131)
    assert not tally.failures, tally.failures[:3]


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
def test_every_changed_field(name):
    tally = fields.try_fields(name)
    assert tally.inputs > 50
    assert not tally.failures, tally.failures[:3]


def test_the_fields_of_a_tree_are_found_and_replaced():
    tree = {"a": [1, 2, 3], "b": {"c": np.arange(2)}}
    assert list(fields.fields(tree)) == [("a",), ("a", 0), ("a", 2), ("b",), ("b", "c")]
    assert fields.replaced(tree, ("a", 2), -1)["a"] == [1, 2, -1]
    assert fields.replaced(tree, ("b", "c"), MISSING)["b"] == {}
    assert tree["a"] == [1, 2, 3]


class SharingPickler(Pickler):
    """A pickler that writes an array or object once, however often it occurs."""

    def _array(self, array):
        if not self._write_from_memo(id(array)):
            super()._array(array)
            self._memoise(id(array))

    def _object(self, value):
        if not self._write_from_memo(id(value)):
            super()._object(value)
            self._memoise(id(value))


def load_in_little_memory(path, tree):
    """Write a pickle, load it, and check that this takes a small multiple of its size; return the model."""
    with open(path, "wb") as file:
        SharingPickler(file).dump(tree)
    tracemalloc.start()
    try:
        return Word2Vec.load(path)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 64 * path.stat().st_size + (1 << 20)


def huge_gensim4(n_words):
    """Return a model of gensim 4 with some thousand words, as a tree."""
    model = Word2Vec(vector_size=1, min_count=1, hs=1)
    model.build_vocab_from_freq({f"w{i}": 1 for i in range(n_words)})
    tree = fields.gensim_tree(model)
    return tree, tree.state["wv"].state


def test_one_array_for_many_attributes_is_not_copied_for_each(tmp_path):
    tree, wv = huge_gensim4(700)
    shared = np.zeros(700, np.int64)
    wv["expandos"].update({f"{i}": shared for i in range(700)})
    assert len(load_in_little_memory(tmp_path / "model", tree).wv.expandos) > 700


def test_one_path_of_the_tree_for_all_words_is_refused(tmp_path):
    tree, wv = huge_gensim4(2000)
    for name, dtype in (("code", np.uint8), ("point", np.uint32)):
        wv["expandos"][name] = np.array([np.zeros(2000, dtype)] + [None] * 1999, object)
        wv["expandos"][name][:] = [wv["expandos"][name][0]] * 2000
    with pytest.raises(ValueError, match="for many words"):
        load_in_little_memory(tmp_path / "model", tree)


@pytest.mark.parametrize("shared", one_in(2, [True, False]))
def test_one_record_with_many_attributes_is_not_one_for_each_word(tmp_path, shared):
    tree, wv = huge_gensim4(2000)
    kind = Global("gensim.models.keyedvectors", "Vocab")
    first = Object(kind, (), state={"count": 1, **{f"{i}": 0 for i in range(2000)}})
    rest = [first if shared else Object(kind, (), state={"count": 1}) for _ in range(1999)]
    del wv["expandos"]
    wv["vocab"] = dict(zip(wv["index_to_key"], [first, *rest], strict=True))
    with pytest.raises(ValueError, match="same attributes"):
        load_in_little_memory(tmp_path / "model", tree)


def test_a_gensim_file_without_vectors_makes_none_of_the_size_that_it_names(tmp_path):
    tree, wv = huge_gensim4(2)
    for state in (tree.state, wv):
        for name in ("vectors", "syn1", "syn1neg"):
            state.pop(name, None)
    wv["vector_size"] = tree.state["vector_size"] = 1 << 27
    with pytest.raises(ValueError, match="2 words have no vectors"):
        load_in_little_memory(tmp_path / "model", tree)


def test_vectors_that_are_one_number_are_refused_with_the_file(tmp_path):
    tree, wv = huge_gensim4(2)
    wv["vectors"] = np.array(1.0)
    with pytest.raises(ValueError, match=r"cannot load .*model.* vectors are no matrix"):
        load_in_little_memory(tmp_path / "model", tree)
