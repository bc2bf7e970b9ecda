"""The index of approximate nearest neighbours answers as a full search does."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("faiss")

from fastw2v import KeyedVectors, Word2Vec
from fastw2v.similarities import HnswIndexer

SIZE = 500


@pytest.fixture(scope="module")
def kv() -> KeyedVectors:
    vectors = KeyedVectors(8)
    matrix = np.random.default_rng(1).normal(size=(SIZE, 8)).astype(np.float32)
    matrix[7] = 0
    vectors.add_vectors([f"w{row}" for row in range(SIZE)], matrix)
    return vectors


@pytest.fixture(scope="module")
def indexer(kv) -> HnswIndexer:
    return HnswIndexer(kv)


def test_the_keys_and_cosines_are_those_of_a_full_search(kv, indexer):
    n_found = 0
    for row in range(100, 120):
        vector = kv.get_vector(f"w{row}")
        exact = dict(kv.similar_by_vector(vector, topn=10))
        found = dict(kv.most_similar([vector], topn=10, indexer=indexer))
        n_found += len(exact.keys() & found.keys())
        for key in exact.keys() & found.keys():
            assert found[key] == pytest.approx(float(exact[key]), abs=1e-5)
        assert list(found.values()) == sorted(found.values(), reverse=True)
    assert n_found >= 190


def test_a_zero_vector_is_near_to_nothing(kv, indexer):
    assert dict(indexer.most_similar(kv["w1"], SIZE))["w7"] == pytest.approx(0, abs=1e-6)
    assert {score for _, score in indexer.most_similar(np.zeros(8), 5)} == {0.0}


def test_save_and_load(kv, indexer, tmp_path):
    indexer.save(tmp_path / "index")
    loaded = HnswIndexer.load(tmp_path / "index")
    assert len(loaded) == SIZE
    assert kv.most_similar("w3", indexer=loaded) == kv.most_similar("w3", indexer=indexer)
    data = bytearray((tmp_path / "index").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "index").write_bytes(data)
    with pytest.raises(ValueError, match="index"):
        HnswIndexer.load(tmp_path / "index")
    kv.save(tmp_path / "vectors")
    with pytest.raises(ValueError, match=r"does not hold an index.*HnswIndexer\.save"):
        HnswIndexer.load(tmp_path / "vectors")


def test_a_model_and_few_or_no_vectors(tmp_path):
    model = Word2Vec([["a", "b", "c"]], vector_size=4, min_count=1, workers=1)
    found = model.wv.most_similar("a", topn=10, indexer=HnswIndexer(model))
    assert found[0][0] == "a"
    assert len(found) == 3
    empty = HnswIndexer(KeyedVectors(4))
    assert empty.most_similar(np.ones(4), 3) == []
    empty.save(tmp_path / "index")
    assert HnswIndexer.load(tmp_path / "index").most_similar(np.ones(4), 3) == []


def test_errors(kv, indexer):
    with pytest.raises(ValueError, match=r"vector has the shape \(3,\)"):
        indexer.most_similar(np.ones(3), 1)
    with pytest.raises(ValueError, match="connectivity"):
        HnswIndexer(kv, connectivity=0)
