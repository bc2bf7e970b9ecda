"""Words that stay bytes until they are asked for behave as a dict of strings does."""

import numpy as np
import pytest

import fastw2v
from fastw2v.corpora import LineSentence, provisional_table, scan
from fastw2v.text.word_counts import WordCounts
from fastw2v.vocabulary import selection

TEXT = "the cat\n\u4e2d\u6587 the straße\nthe cat a-word-of-more-than-sixteen-bytes\n" * 3 + "once\n"


@pytest.fixture
def text(tmp_path):
    (tmp_path / "text").write_text(TEXT, encoding="utf-8")
    return tmp_path / "text"


@pytest.fixture
def counted(text):
    counts = scan(LineSentence(text)).counts
    assert isinstance(counts, WordCounts)
    return counts


@pytest.fixture
def expected(text):
    return scan(list(LineSentence(text))).counts


def test_they_are_a_mapping_in_first_seen_order(counted, expected):
    assert len(counted) == len(expected)
    assert list(counted.items()) == list(expected.items())
    assert counted == expected
    assert counted["\u4e2d\u6587"] == 3
    assert "dog" not in counted


def test_words_are_found_by_number_and_back(counted, expected):
    words = list(expected)
    order = np.array([4, 0, 3], dtype=np.int64)
    chosen = counted.select(order)
    assert (len(chosen), chosen[1], list(chosen)) == (3, words[0], [words[i] for i in order])
    assert chosen.reordered(np.array([2, 0])) == [words[3], words[4]]
    asked = [*reversed(words), "dog", "", "\ud800", 7]
    assert counted.numbers(asked).tolist() == [*reversed(range(len(words))), -1, -1, -1, -1]
    with pytest.raises(IndexError, match="word number 99 is out of range"):
        list(counted.select(np.array([99])))


def test_a_vocabulary_of_them_is_that_of_a_dict(counted, expected):
    for options in ({"min_count": 2}, {"min_count": 1, "max_final_vocab": 3}):
        ours, theirs = selection.select(counted, **options), selection.select(expected, **options)
        assert list(ours.words) == theirs.words
        assert ours.counts.tolist() == theirs.counts.tolist()
        order = selection.frequency_order(ours.counts)
        words = selection.in_order(ours.words, order)
        assert words == selection.in_order(theirs.words, order)
        index = {word: i for i, word in enumerate([*words, "of another corpus"])}
        assert provisional_table(counted, index).tolist() == provisional_table(expected, index).tolist()


def test_a_model_shows_them_as_a_dict(text, expected):
    model = fastw2v.Word2Vec(min_count=2)
    model.scan_vocab(corpus_file=text)
    assert type(model.raw_vocab) is dict
    model.raw_vocab["\u4e2d\u6587"] = 50
    model.prepare_vocab()
    assert model.wv.index_to_key[0] == "\u4e2d\u6587"
    assert len(model.raw_vocab) == 0
    model.build_vocab(corpus_file=text, keep_raw_vocab=True)
    assert model.raw_vocab == expected
