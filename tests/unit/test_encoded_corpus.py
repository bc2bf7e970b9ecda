"""`EncodedCorpus`: built once, mapped into memory, and trained with the results of its sentences."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from fastw2v import Vocab, Word2Vec, corpora
from fastw2v.corpora import EncodedCorpus
from fastw2v.text import corpus_builder, encoding

RANDOM = np.random.default_rng(1)
SENTENCES = [
    [f"word{i}" for i in RANDOM.zipf(1.5, size=RANDOM.integers(0, 15)) if i < 300] for _ in range(300)
]
SETTINGS = {"vector_size": 8, "workers": 1, "epochs": 2, "seed": 3}


def same_model(model, expected):
    assert model.wv.index_to_key == expected.wv.index_to_key
    assert (model.corpus_count, model.corpus_total_words) == (
        expected.corpus_count,
        expected.corpus_total_words,
    )
    np.testing.assert_array_equal(model.wv.vectors, expected.wv.vectors)
    np.testing.assert_array_equal(model.syn1neg, expected.syn1neg)


@pytest.mark.parametrize("built", [1, 3])
@pytest.mark.parametrize(
    "settings", [{}, {"sorted_vocab": 0}, {"max_final_vocab": 40}, {"max_vocab_size": 50}]
)
def test_training_gives_the_results_of_the_sentences(tmp_path, built, settings):
    if built != 1 and "max_vocab_size" in settings:
        pytest.skip("pruning depends on the words that were left out")
    settings = {**SETTINGS, "min_count": 3, **settings}
    path = tmp_path / "corpus"
    corpus = EncodedCorpus.build(SENTENCES, path, min_count=built)
    expected = Word2Vec(SENTENCES, **settings)
    same_model(Word2Vec(corpus, **settings), expected)
    model = Word2Vec(**settings)
    model.build_vocab(EncodedCorpus.open(path))
    model.train(EncodedCorpus.open(path, mmap=None), total_examples=model.corpus_count, epochs=2)
    same_model(model, expected)


def test_the_ids_are_used_where_they_are_and_the_file_never_changes(tmp_path):
    path = tmp_path / "corpus"
    corpus = EncodedCorpus.build(SENTENCES, path, min_count=3)
    before = path.read_bytes()
    model = Word2Vec(corpus, min_count=3, **SETTINGS)
    encoded = corpora.encode(corpus, model.wv.key_to_index)
    assert np.shares_memory(encoded.ids, corpus.ids)
    assert not corpus.ids.flags.writeable
    assert path.read_bytes() == before
    again = EncodedCorpus.build(corpus, tmp_path / "again", min_count=1)
    assert again.words == corpus.words
    np.testing.assert_array_equal(again.ids, corpus.ids)
    assert path.read_bytes() == before


def test_other_vocabularies_encode_it_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(encoding, "_SENTENCES", 7)
    corpus = EncodedCorpus.build(SENTENCES, tmp_path / "corpus")
    index = {"word7": 0, "word2": 1, "absent": 2, "word1": 3}
    found, expected = corpora.encode(corpus, index), corpora.encode(SENTENCES, index)
    for name in ("ids", "offsets", "raw_lengths"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    model = Word2Vec(SENTENCES, min_count=3, **SETTINGS)
    assert model.evaluate_loss(corpus) == model.evaluate_loss(SENTENCES)


def test_building_with_a_given_vocabulary(tmp_path, monkeypatch):
    monkeypatch.setattr(corpora, "_TOKENS", 11)
    model = Word2Vec(SENTENCES, min_count=3, **SETTINGS)
    expected = EncodedCorpus.build(SENTENCES, tmp_path / "one", min_count=3)
    for vocabulary in (model, model.wv, model.wv.key_to_index):
        corpus = EncodedCorpus.build(SENTENCES, tmp_path / "two", vocabulary=vocabulary)
        assert corpus.words == expected.words
        for name in ("ids", "offsets", "raw_lengths", "counts", "first_seen"):
            np.testing.assert_array_equal(getattr(corpus, name), getattr(expected, name))
    with pytest.raises(ValueError, match="either vocabulary or min_count"):
        EncodedCorpus.build(SENTENCES, tmp_path / "two", vocabulary=model, min_count=2)
    with pytest.raises(ValueError, match="numbers from 0 to 1"):
        EncodedCorpus.build(SENTENCES, tmp_path / "two", vocabulary={"a": 0, "b": 2})
    with pytest.raises(TypeError, match="vocabulary must map words to ids"):
        EncodedCorpus.build(SENTENCES, tmp_path / "two", vocabulary=["a"])


def test_files_and_columns_as_sources(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(map(" ".join, filter(None, SENTENCES))))
    expected = EncodedCorpus.build(list(filter(None, SENTENCES)), tmp_path / "one")
    walks = np.arange(30).reshape(5, 6) % 7
    for source in (
        text,
        str(text),
        corpora.LineSentence(text),
        corpora.Column(text.read_text().splitlines()),
    ):
        corpus = EncodedCorpus.build(source, tmp_path / "two.gz" if source is text else tmp_path / "two")
        assert corpus.words == expected.words
        np.testing.assert_array_equal(corpus.ids, expected.ids)
    assert list(corpus) == list(filter(None, SENTENCES))
    assert list(EncodedCorpus.build(corpora.Column(walks), tmp_path / "walks")) == walks.tolist()


def test_a_corpus_larger_than_the_budget(tmp_path, monkeypatch):
    spilled = []
    move = corpus_builder._Column.move_to_file
    monkeypatch.setattr(corpus_builder._Column, "move_to_file", lambda self: (spilled.append(1), move(self)))
    corpus = EncodedCorpus.build(SENTENCES, tmp_path / "corpus", budget=10)
    assert spilled
    assert list(corpus) == SENTENCES


def test_vocab_and_updates(tmp_path):
    corpus = EncodedCorpus.build(SENTENCES, tmp_path / "corpus")
    assert Vocab.from_corpus(corpus, min_count=2).itos == Vocab.from_corpus(SENTENCES, min_count=2).itos
    models = [Word2Vec(SENTENCES[:100], min_count=2, **SETTINGS) for _ in range(2)]
    for model, sentences in zip(models, (corpus, SENTENCES), strict=True):
        model.build_vocab(sentences, update=True)
        model.train(sentences, total_examples=model.corpus_count, epochs=1)
    same_model(*models)


def test_empty_corpora_and_pickles(tmp_path):
    for sentences in ([], [[]], [[], ["a"]]):
        corpus = EncodedCorpus.build(sentences, tmp_path / "corpus")
        assert list(corpus) == sentences
        assert list(pickle.loads(pickle.dumps(corpus))) == sentences
    part = corpora.encode([["a"]], {"a": 0})
    assert pickle.loads(pickle.dumps(part)).raw_words == 1
    with pytest.raises(TypeError, match="does not know its words"):
        corpora.scan(part)


def test_damaged_and_other_files_are_refused(tmp_path):
    path = tmp_path / "corpus"
    EncodedCorpus.build(SENTENCES, path)
    content = bytearray(path.read_bytes())
    path.write_bytes(content[:-100])
    with pytest.raises(ValueError, match="cannot read"):
        EncodedCorpus.open(path)
    content[-1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="cannot read"):
        EncodedCorpus.open(path, mmap=None)
    model = Word2Vec(SENTENCES, min_count=3, **SETTINGS)
    model.save(str(tmp_path / "model"))
    with pytest.raises(ValueError, match="not an encoded corpus"):
        EncodedCorpus.open(tmp_path / "model")
    corpus = EncodedCorpus.build(SENTENCES, path)
    for name, change in (
        ("offsets", (1, -1)),
        ("offsets", (-1, 0)),
        ("raw_lengths", (5, -1)),
        ("first_seen", (0, 10**6)),
    ):
        other = EncodedCorpus.open(path, mmap="c")
        getattr(other, name)[change[0]] = change[1]
        corpora.encoded_corpus.write(tmp_path / "other", other)
        with pytest.raises(ValueError, match=rf"corpus\.{name}.*the file is damaged"):
            EncodedCorpus.open(tmp_path / "other")
    other = EncodedCorpus.open(path, mmap="c")
    other.ids[3] = 10**6
    corpora.encoded_corpus.write(tmp_path / "other", other)
    for min_count in (1, 3):
        with pytest.raises(IndexError):
            Word2Vec(EncodedCorpus.open(tmp_path / "other"), min_count=min_count, **SETTINGS)
    with pytest.raises(FileNotFoundError):
        EncodedCorpus.build(corpus, tmp_path / "absent" / "corpus")
