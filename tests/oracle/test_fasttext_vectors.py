"""Models of fastText: gensim's reader gives the same vectors, and so does fastText itself, if it is installed."""

import logging

import numpy as np
import pytest

from fastw2v import KeyedVectors
from helpers.oracle import import_gensim

gensim_fasttext = import_gensim("gensim.models.fasttext")
gensim_utils = import_gensim("gensim.test.utils")

UNKNOWN = ["unknownesque", "Ärgernis", "词语", "x y"]


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.ERROR)


@pytest.mark.parametrize("name", ["lee_fasttext_new.bin", "crime-and-punishment.bin", "toy-model.bin"])
def test_gensim_reads_the_same_vectors(name):
    path = gensim_utils.datapath(name)
    theirs, ours = gensim_fasttext.load_facebook_vectors(path), KeyedVectors.load_fasttext(path)
    assert ours.index_to_key == theirs.index_to_key
    assert (ours.min_n, ours.max_n, ours.bucket) == (theirs.min_n, theirs.max_n, theirs.bucket)
    np.testing.assert_array_equal(ours.expandos["count"], theirs.expandos["count"])
    np.testing.assert_array_equal(ours.vectors_ngrams, theirs.vectors_ngrams)
    words = [word for word in ours.index_to_key if word != "</s>"]  # for which gensim adds n-grams
    np.testing.assert_allclose(ours[words], theirs[words], atol=1e-6)
    for word in UNKNOWN:
        assert word in ours
        assert word in theirs
        np.testing.assert_allclose(ours[word], theirs[word], atol=1e-6)
        assert ours.similarity(word, words[0]) == pytest.approx(theirs.similarity(word, words[0]), abs=1e-5)
    rankings = [dict(each.most_similar("unknownesque", topn=len(words) + 1)) for each in (ours, theirs)]
    assert len(rankings[0]) == len(ours)
    assert [rankings[0][word] for word in words] == pytest.approx(
        [rankings[1][word] for word in words], abs=1e-4
    )


def test_what_gensim_writes_is_read(tmp_path):
    texts = [["cat", "dog", "naïve", "中文词"] * 3] * 4
    model = gensim_fasttext.FastText(
        texts, vector_size=6, min_count=1, bucket=50, epochs=1, seed=1, workers=1
    )
    gensim_fasttext.save_facebook_model(model, str(tmp_path / "model.bin"))
    ours = KeyedVectors.load_fasttext(tmp_path / "model.bin")
    for word in [*model.wv.index_to_key, *UNKNOWN]:
        np.testing.assert_allclose(ours[word], model.wv[word], atol=1e-6)


@pytest.mark.parametrize("name", ["lee_fasttext_new.bin", "pang_lee_polarity_fasttext.bin"])
def test_fasttext_has_the_same_vectors_bit_for_bit(name):
    fasttext = pytest.importorskip("fasttext", reason="fastText is not installed: pip install fasttext-wheel")
    path = gensim_utils.datapath(name)
    theirs, ours = fasttext.load_model(path), KeyedVectors.load_fasttext(path)
    unknown = [word for word in UNKNOWN if word in ours]  # a model without n-grams has none
    words = [word for word in ours.index_to_key if "\\x" not in word]  # the others are not UTF-8 in the file
    for word in [*words, *unknown]:
        np.testing.assert_array_equal(ours[word], theirs.get_word_vector(word), err_msg=word)
