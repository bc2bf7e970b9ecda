"""Short tests of everything that uses several threads, for ThreadSanitizer, which makes code about ten times slower.

``tests/sanitizers/run tsan`` runs them. They are not part of the test suite, which tests the same functions thoroughly.
"""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fastw2v import KeyedVectors, LineSentence, Word2Vec
from fastw2v.text import scanning

WORDS = [f"w{i % 97}" for i in range(6000)]
SENTENCES = [WORDS[i : i + 20] for i in range(0, len(WORDS), 20)]


@pytest.mark.parametrize(("hs", "negative"), [(0, 5), (1, 0)])
@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("streamed", [False, True])
def test_workers(sg, hs, negative, streamed):
    corpus = type("Streamed", (), {"__iter__": lambda self: iter(SENTENCES)})() if streamed else SENTENCES
    model = Word2Vec(
        corpus, sg=sg, hs=hs, negative=negative, workers=4, batch_words=200, vector_size=40, min_count=1, epochs=2,
        compute_loss=True,
    )  # fmt: skip
    assert np.isfinite(model.wv.vectors).all()


def test_files_are_read_by_several_threads(tmp_path, monkeypatch):
    from fastw2v.text import file_reader

    monkeypatch.setattr(file_reader, "BLOCK_SIZE", 500)
    (tmp_path / "text").write_text("\n".join(" ".join(sentence) for sentence in SENTENCES))
    found = scanning.scan(LineSentence(tmp_path / "text"), keep_ids=True)
    assert found.total_words == len(WORDS)
    assert len(found.counts) == 97


def test_vectors_are_written_and_read_by_several_threads(tmp_path):
    kv = KeyedVectors(30)
    kv.add_vectors([f"w{i}" for i in range(3000)], np.random.default_rng(0).random((3000, 30), np.float32))
    kv.save_word2vec_format(tmp_path / "text")
    np.testing.assert_array_equal(KeyedVectors.load_word2vec_format(tmp_path / "text").vectors, kv.vectors)


def test_checksums_are_made_beside_the_reading(tmp_path):
    kv = KeyedVectors(1000, count=0)
    kv.add_vectors([f"w{i}" for i in range(5000)], np.ones((5000, 1000), np.float32))
    kv.save(tmp_path / "kv")
    np.testing.assert_array_equal(KeyedVectors.load(tmp_path / "kv").vectors, kv.vectors)


def test_a_model_is_queried_while_it_is_trained():
    model = Word2Vec(SENTENCES, workers=2, batch_words=200, vector_size=40, min_count=1, epochs=1)
    training = threading.Thread(
        target=model.train, args=(SENTENCES,), kwargs={"total_examples": len(SENTENCES), "epochs": 3}
    )
    training.start()
    while training.is_alive():
        assert len(model.wv.most_similar("w1", topn=3)) == 3
    training.join()
