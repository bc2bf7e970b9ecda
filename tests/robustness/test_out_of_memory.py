"""Operations that change several arrays are done completely or not at all, wherever memory runs out within them."""

from __future__ import annotations

import linecache
import os
import sys

import numpy as np
import pytest

from fastw2v import KeyedVectors, Word2Vec
from helpers.parameters import one_in

pytestmark = pytest.mark.skipif(
    sys.gettrace() is not None, reason="needs the trace function of Python for itself"
)

WHERE = tuple(
    os.path.join("fastw2v", *parts)
    for parts in (
        ("vectors", "row_table.py"), ("vectors", "growable_array.py"), ("vectors", "initialization.py"),
        ("common", "memory.py"), ("keyedvectors.py",), ("vocabulary", "vocabulary.py"), ("word2vec.py",),
    )
)  # fmt: skip


class MemoryLimit:
    """Within the block, the line number `n` of the modules in `WHERE` raises a MemoryError."""

    def __init__(self, n):
        self.left = n

    def __enter__(self):
        sys.settrace(self.trace)
        return self

    def __exit__(self, *args):
        sys.settrace(None)

    def trace(self, frame, event, argument):
        if not frame.f_code.co_filename.endswith(WHERE) or frame.f_code.co_name == "moving":
            return None
        # Python passes a line of `with` again when it is left; an error there would keep its lock from being released.
        # That is why `moving`, which holds the lock of all tables, is left out above, too. No signal arrives there.
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and not line.lstrip().startswith("with "):
            self.left -= 1
            if self.left == -1:
                raise MemoryError("no memory")
        return self.trace


def vectors():
    kv = KeyedVectors(3, count=4)
    kv.add_vectors(["a", "b"], [[1, 1, 1], [2, 2, 2]], extras={"count": [5, 7], "name": ["A", "B"]})
    kv.vectors_lockf = np.array([1, 0.5, 0, 1], dtype=np.float32)
    return kv


def full_vectors():
    kv = vectors()
    kv.add_vectors(["c", "d", "e"], np.ones((3, 3)), extras={"count": [9, 1, 3]})
    return kv


def model(**options):
    made = Word2Vec(vector_size=3, min_count=1, workers=1, **options)
    made.build_vocab([["a", "b", "c", "d", "a", "b", "c", "a"]])
    return made


def contents(kv):
    """Return all that a user sees of vectors, and of their model."""
    if isinstance(kv, Word2Vec):
        weights = [None if w is None else w.tolist() for w in (kv.syn1, kv.syn1neg, kv.cum_table)]
        return [*contents(kv.wv), weights, kv.corpus_count, kv.min_count]
    factors = None if kv.vectors_lockf is None else kv.vectors_lockf.tolist()
    attributes = {name: values.tolist() for name, values in kv.expandos.items()}
    return [
        list(kv.index_to_key), dict(kv.key_to_index), kv.next_index, kv.vectors.tolist(), factors, attributes
    ]  # fmt: skip


NEW = ["b", "x", "y", "z", "u", "v"]
EXTRAS = {"count": np.arange(6), "new": np.arange(6.0)}
OPERATIONS = {
    "add": (vectors, lambda kv: kv.add_vectors(NEW, np.full((6, 3), 7), EXTRAS)),
    "replace": (vectors, lambda kv: kv.add_vectors(NEW, np.full((6, 3), 7), EXTRAS, replace=True)),
    "add one": (full_vectors, lambda kv: kv.add_vector("x", [1, 2, 3])),
    "set item": (full_vectors, lambda kv: kv.__setitem__(["a", "x"], np.full((2, 3), 7))),
    "remove": (full_vectors, lambda kv: kv.remove_keys(["b", "e"])),
    "rename": (full_vectors, lambda kv: kv.rename_key("b", "x")),
    "sort": (full_vectors, lambda kv: kv.sort_by_descending_frequency()),
    "allocate": (full_vectors, lambda kv: kv.allocate_vecattrs(["count", "x", "y"], [int, int, float])),
    "grow": (model, lambda m: m.build_vocab([["b", "x", "y"]], update=True)),
    "grow counts": (model, lambda m: m.build_vocab_from_freq({"b": 2, "x": 1}, update=True)),
    "sort a model": (model, lambda m: m.wv.sort_by_descending_frequency()),
    "remove from a model": (model, lambda m: m.wv.remove_keys(["b"])),
}


@pytest.mark.parametrize("name", one_in(12, OPERATIONS, first=2))
def test_an_operation_is_done_or_not_done(name):
    make, operate = OPERATIONS[name]
    before = contents(make())
    complete = make()
    operate(complete)
    after = contents(complete)
    assert before != after
    failures = 0
    while True:
        subject = make()
        try:
            with MemoryLimit(failures):
                operate(subject)
        except MemoryError:
            failures += 1
        else:
            break
        assert contents(subject) in (before, after), failures
        if contents(subject) == before:
            operate(subject)
            assert contents(subject) == after, failures
    assert failures > 10


def test_vectors_that_did_not_fit_leave_vectors_that_load(tmp_path, monkeypatch):
    from fastw2v.common import memory

    kv = full_vectors()
    before = contents(kv)

    def refuse(*args):
        raise MemoryError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(memory, "_allocate", refuse)
        with pytest.raises(MemoryError):
            kv.add_vectors(["x", "y"], np.ones((2, 3), dtype=np.float32))
    kv.save(tmp_path / "kv")
    assert contents(KeyedVectors.load(tmp_path / "kv"))[:4] == before[:4]
