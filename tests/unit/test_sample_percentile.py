"""The threshold of subsampling as a percentile of the counts of words."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v import Vocab, Word2Vec
from fastw2v.vocab import subsample_threshold
from helpers.corpora import zipf_sentences

CORPUS = zipf_sentences(1000, 80, seed=5, length=9)
SETTINGS = {"min_count": 1, "workers": 1, "vector_size": 10, "epochs": 1}


def share_of(model: Word2Vec, percent: float) -> float:
    counts = model.wv.expandos["count"]
    return float(np.percentile(counts, percent) / counts.sum())


def test_a_percentile_is_the_share_of_its_count():
    model = Word2Vec(CORPUS, **SETTINGS, sample="75%")
    same = Word2Vec(CORPUS, **SETTINGS, sample=share_of(model, 75))
    np.testing.assert_array_equal(model.wv.vectors, same.wv.vectors)
    dropped = model.wv.expandos["sample_int"] < 2**32 - 1
    assert 0 < dropped.sum() < 20
    counts = model.wv.expandos["count"]
    assert counts[dropped].min() > 2 * np.percentile(counts, 75)


def test_an_update_takes_the_percentile_of_the_merged_counts(tmp_path):
    model = Word2Vec(CORPUS, **SETTINGS, sample="75%")
    model.save(tmp_path / "model")
    loaded = Word2Vec.load(tmp_path / "model")
    assert loaded.sample == "75%"
    for each in (model, loaded):
        each.build_vocab([["fresh", *line] for line in CORPUS[:60]], update=True)
        each.train(CORPUS, total_examples=len(CORPUS), epochs=1)
    np.testing.assert_array_equal(model.wv.vectors, loaded.wv.vectors)
    counts = model.wv.expandos["count"]
    vocab = Vocab(model.wv.index_to_key, counts, sample=share_of(model, 75))
    np.testing.assert_array_equal(
        model.wv.expandos["sample_int"], (vocab.keep_probabilities * (2**32 - 1)).astype(np.uint32)
    )


def test_a_vocabulary_keeps_the_percentile(tmp_path):
    vocab = Vocab(["a", "b", "c"], [100, 2, 1], sample="50 %")
    vocab.save(tmp_path / "vocab.json")
    loaded = Vocab.load(tmp_path / "vocab.json")
    assert loaded.sample == "50%"
    assert loaded.keep_probabilities.tolist() == vocab.keep_probabilities.tolist()
    assert vocab.keep_probabilities[0] < 0.2
    assert vocab.keep_probabilities[1:].tolist() == [1.0, 1.0]


def test_gensim_gets_the_share(tmp_path):
    model = Word2Vec(CORPUS, **SETTINGS, sample="90%")
    model.save_gensim(tmp_path / "model")
    assert Word2Vec.load(tmp_path / "model").sample == pytest.approx(share_of(model, 90))


def test_thresholds():
    counts = np.array([100, 40, 10, 2, 1])
    assert [subsample_threshold(153, f"{percent}%", counts) for percent in (0, 50, 100)] == [1.0, 10.0, 100.0]
    with pytest.raises(ValueError, match="sample='50%' needs counts"):
        subsample_threshold(153, "50%")


@pytest.mark.parametrize("sample", ["50", "101%", "-1%", "nan%", "%", "1e1%", "a%"])
def test_what_is_no_percentile_is_refused(sample):
    for make in (lambda: Word2Vec(sample=sample), lambda: Vocab(["a"], [1], sample=sample)):
        with pytest.raises(ValueError, match='must be a number, or a percentile from "0%" to "100%"'):
            make()
