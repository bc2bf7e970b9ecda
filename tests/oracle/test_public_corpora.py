"""Real text: the public corpora, where they are at hand (see the `shared` fixture)."""

from __future__ import annotations

import lzma
from itertools import islice

import numpy as np
import pytest

from fastw2v import LineSentence, Word2Vec
from helpers.oracle import import_gensim

gensim_models = import_gensim("gensim.models")


@pytest.fixture(scope="module")
def english(shared):
    """The first 12,000 paragraphs of the English corpus, about 0.9 million tokens."""
    with lzma.open(shared / "corpora" / "enwiki-17m.txt.xz", "rt", encoding="utf-8") as lines:
        return [line.split() for line in islice(lines, 12_000)]


@pytest.mark.slow
@pytest.mark.parametrize("sg", [0, 1])
def test_english_gives_gensims_numbers(english, sg):
    options = {"vector_size": 50, "workers": 1, "epochs": 1, "sg": sg}
    ours, theirs = Word2Vec(english, **options), gensim_models.Word2Vec(english, **options)
    assert ours.wv.index_to_key == theirs.wv.index_to_key
    np.testing.assert_array_equal(ours.cum_table, theirs.cum_table)
    np.testing.assert_array_equal(ours.wv.expandos["sample_int"], theirs.wv.expandos["sample_int"])
    np.testing.assert_allclose(ours.wv.vectors, theirs.wv.vectors, rtol=0, atol=1e-3)
    assert ours.random.randint(2**30) == theirs.random.randint(2**30)


@pytest.mark.slow
def test_two_workers_learn_as_much_as_gensims_two(english, shared):
    """Hogwild costs no quality: rank correlation with human judgements, ours and gensim's, at two workers each."""
    options = {"vector_size": 100, "sg": 1, "workers": 2, "epochs": 5, "min_count": 5}
    pairs = str(shared / "evaluation" / "men3000.tsv")
    ours = Word2Vec(english, **options)
    theirs = gensim_models.Word2Vec(english, **options)
    correlations = [float(model.wv.evaluate_word_pairs(pairs)[1].statistic) for model in (ours, theirs)]
    assert min(correlations) > 0.2
    assert correlations[0] > correlations[1] - 0.05
    oov = [model.wv.evaluate_word_pairs(pairs)[2] for model in (ours, theirs)]
    assert oov[0] == oov[1]


@pytest.mark.slow
def test_chinese_from_a_compressed_file(shared, tmp_path):
    """Segmented Chinese, white space of several kinds: what is counted is trained, compressed or not."""
    compressed = shared / "corpora" / "zhwiki-sample.txt.xz"
    plain = tmp_path / "zh.txt"
    with lzma.open(compressed, "rb") as source:
        plain.write_bytes(source.read())
    theirs = gensim_models.Word2Vec(min_count=3)
    total, n_sentences = theirs.scan_vocab(gensim_models.word2vec.LineSentence(str(plain)))
    models = []
    for source in (compressed, plain):
        model = Word2Vec(vector_size=8, min_count=3, workers=1, sample=0)
        model.build_vocab(corpus_file=source, keep_raw_vocab=True)
        assert (model.corpus_total_words, model.corpus_count) == (total, n_sentences)
        assert dict(model.raw_vocab) == dict(theirs.raw_vocab)
        assert list(model.raw_vocab) == list(theirs.raw_vocab)
        trained = model.train(corpus_file=source, total_words=total, epochs=1)
        assert trained == (sum(count for count in theirs.raw_vocab.values() if count >= 3), total)
        models.append(model)
    np.testing.assert_array_equal(models[0].wv.vectors, models[1].wv.vectors)
    lines = LineSentence(compressed)
    assert sum(1 for _ in lines) == n_sentences
