"""Phrases compared with gensim: counts, scores, joined sentences, pruning, phrases of phrases, and gensim's files."""

from __future__ import annotations

import logging
import pickle
import random

import pytest

from fastw2v import LineSentence
from fastw2v.models import phrases as ours
from helpers.oracle import import_gensim

theirs = import_gensim("gensim.models.phrases")

# Words with the delimiter, with characters of 1 to 4 bytes, longer than 16 bytes, a lone surrogate, and no character.
WORDS = [
    "new", "york", "city", "new_york", "york_city", "of", "the", "bank", "ďábel", "дом", "東京", "😀",
    "a" * 16, "b" * 17, "č" * 9, "\udce9", "_", "__", "", "x", "y", "z",
]  # fmt: skip
DOCUMENTS = [
    ["human", "interface", "computer"], ["survey", "user", "computer", "system", "response", "time"],
    ["eps", "user", "interface", "system"], ["system", "human", "system", "eps"], ["user", "response", "time"],
    ["trees"], ["graph", "trees"], ["graph", "minors", "trees"], ["graph", "minors", "survey"],
    ["graph", "minors", "survey", "human", "interface"],
]  # fmt: skip


def generated(seed: int, sentences: int = 300) -> list[list[str]]:
    draw = random.Random(seed)
    weights = [1 / rank for rank in range(1, len(WORDS) + 1)]
    words = draw.sample(WORDS, len(WORDS))
    return [draw.choices(words, weights, k=draw.randrange(12)) for _ in range(sentences)]


def both(*args, **kwargs):
    return ours.Phrases(*args, **kwargs), theirs.Phrases(*args, **kwargs)


def assert_same_counts(a, b):
    assert list(a.vocab.items()) == list(b.vocab.items())
    assert (a.corpus_word_count, a.min_reduce, str(a)) == (b.corpus_word_count, b.min_reduce, str(b))


def assert_same_phrases(a, b, corpus):
    """Compare everything that can be asked of two models of the same counts."""
    assert list(a.export_phrases().items()) == list(b.export_phrases().items())
    for mine, expected in ((a, b), (a.freeze(), b.freeze())):
        assert list(mine[corpus]) == list(expected[corpus])
        assert list(mine.find_phrases(corpus).items()) == list(expected.find_phrases(corpus).items())
        for sentence in corpus[:20]:
            assert mine[sentence] == expected[sentence]
            assert list(mine.analyze_sentence(sentence)) == list(expected.analyze_sentence(sentence))
    assert list(a.freeze().phrasegrams.items()) == list(b.freeze().phrasegrams.items())


def by_ratio(worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count):
    return bigram_count / (worda_count + wordb_count) + min_count / (len_vocab * corpus_word_count)


CONNECTORS = frozenset(["of", "the", "東京"])


@pytest.mark.parametrize("connector_words", [frozenset(), CONNECTORS], ids=["plain", "connectors"])
@pytest.mark.parametrize(
    "options",
    [
        {"min_count": 1, "threshold": 0.5},
        {"min_count": 2.5, "threshold": 3},
        {"min_count": 1, "threshold": 0.1, "delimiter": " - "},
        {"min_count": 1, "threshold": 0.1, "delimiter": "__"},
        {"min_count": 1, "threshold": 0.1, "delimiter": "é"},
        {"min_count": 1, "threshold": -1, "scoring": "npmi"},
        {"min_count": 3, "threshold": 0.2, "scoring": "npmi"},
        {"min_count": 1, "threshold": 0.05, "scoring": by_ratio},
    ],
    ids=lambda options: "-".join(str(getattr(value, "__name__", value)) for value in options.values()),
)
def test_scorings_thresholds_and_delimiters(options, connector_words):
    corpus = generated(1)
    a, b = both(corpus, connector_words=connector_words, **options)
    assert_same_counts(a, b)
    assert len(b.export_phrases()) > 1
    assert_same_phrases(a, b, corpus)
    assert_same_phrases(a, b, generated(2, 50))


def test_documents_of_the_docs():
    a, b = both(DOCUMENTS, min_count=1, threshold=1)
    assert_same_counts(a, b)
    assert_same_phrases(a, b, DOCUMENTS)
    more = [
        ["the", "mayor", "of", "new", "york", "was", "there"],
        ["machine", "learning", "can", "be", "new"],
    ]
    a.add_vocab(more)
    b.add_vocab(more)
    assert_same_counts(a, b)
    assert_same_phrases(a, b, DOCUMENTS + more)
    assert ours.ENGLISH_CONNECTOR_WORDS == theirs.ENGLISH_CONNECTOR_WORDS


def test_an_empty_delimiter():
    corpus = [["new", "york"], ["ne", "wyork", "newyork"]] * 3
    a, b = both(corpus, min_count=1, threshold=0.1, delimiter="")
    assert_same_counts(a, b)
    assert list(a[corpus]) == list(b[corpus])
    for model in (a, b):
        with pytest.raises(ValueError, match="empty"):
            model.export_phrases()


@pytest.mark.parametrize("connector_words", [frozenset(), CONNECTORS], ids=["plain", "connectors"])
@pytest.mark.parametrize("frozen", [False, True], ids=["phrases", "frozen"])
def test_phrases_of_phrases(frozen, connector_words):
    corpora = [generated(3), generated(3)]
    for _ in range(3):
        a, b = (
            module.Phrases(corpus, min_count=1, threshold=0.6, connector_words=connector_words)
            for module, corpus in zip((ours, theirs), corpora, strict=True)
        )
        assert_same_counts(a, b)
        assert_same_phrases(a, b, [list(sentence) for sentence in corpora[1]])
        corpora = [
            (model.freeze() if frozen else model)[corpus]
            for model, corpus in zip((a, b), corpora, strict=True)
        ]
    joined = [list(corpus) for corpus in corpora]
    assert joined[0] == joined[1]
    assert any(token.count("_") > 2 for sentence in joined[0] for token in sentence)


@pytest.mark.parametrize("max_vocab_size", [0, 1, 40, 200])
def test_pruning(max_vocab_size, caplog):
    caplog.set_level(logging.INFO)
    a, b = both(max_vocab_size=max_vocab_size, min_count=1, threshold=0.1, connector_words=CONNECTORS)
    for seed in range(3):
        corpus = generated(seed)
        a.add_vocab(corpus)
        b.add_vocab(corpus)
        assert_same_counts(a, b)
    assert_same_phrases(a, b, generated(4, 50))
    lines = [line for line in caplog.messages if line.startswith("pruned out")]
    assert len(lines) > 2


def test_words_are_forgotten_and_pairs_are_cleared(monkeypatch):
    from fastw2v.text import phrase_scanning

    monkeypatch.setattr(phrase_scanning, "_CHUNK_WORDS", 50)
    monkeypatch.setattr(phrase_scanning, "_MIN_ENCODED_WORDS", 3)
    corpus = generated(5)
    a, b = both(corpus, max_vocab_size=30, connector_words=CONNECTORS)
    assert_same_counts(a, b)
    a, b = both(corpus, max_vocab_size=100, connector_words=CONNECTORS)
    assert_same_counts(a, b)


def test_files_are_read_as_gensim_reads_them(tmp_path):
    draw = random.Random(6)
    words = [f"wort{number}é" for number in range(400)]
    text = "".join(
        " ".join(draw.choices(words, range(1, 401), k=draw.randrange(1, 40))) + "\n" for _ in range(2000)
    )
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    from gensim.models.word2vec import LineSentence as TheirLineSentence

    a = ours.Phrases(LineSentence(path, max_sentence_length=30), connector_words=words[-3:])
    b = theirs.Phrases(TheirLineSentence(str(path), max_sentence_length=30), connector_words=words[-3:])
    assert_same_counts(a, b)
    assert list(a[LineSentence(path)]) == list(b[TheirLineSentence(str(path))])


def test_log_lines(caplog):
    caplog.set_level(logging.INFO)
    corpus = generated(7)
    for module in (ours, theirs):
        module.Phrases(corpus, progress_per=100, max_vocab_size=100)
    lines = [line for line in caplog.messages if "lifecycle" not in line and not line.startswith("built")]
    half = len(lines) // 2
    assert lines[:half] == lines[half:]
    assert half > 6


def test_settings_that_are_changed_take_effect():
    corpus = generated(8)
    a, b = both(corpus, min_count=1, threshold=0.5)
    for name, value in (
        ("threshold", 2.0), ("min_count", 4), ("scoring", None), ("connector_words", CONNECTORS), ("delimiter", "-"),
        ("delimiter", "_"), ("vocab", {"new": 3, "york": 3, "new_york": 3}),
    ):  # fmt: skip
        assert list(a[corpus]) == list(b[corpus])
        for model, module in ((a, ours), (b, theirs)):
            setattr(model, name, module.npmi_scorer if name == "scoring" else value)
    assert list(a[corpus]) == list(b[corpus])


@pytest.mark.parametrize("scoring", ["default", "npmi"])
def test_files_of_gensim(tmp_path, scoring):
    corpus = generated(9)
    theirs_model = theirs.Phrases(
        corpus, min_count=1, threshold=0.5, scoring=scoring, connector_words=CONNECTORS
    )
    for model in (theirs_model, theirs_model.freeze()):
        model.save(str(tmp_path / "model.pkl"))
        loaded = ours.Phrases.load(tmp_path / "model.pkl")
        assert type(loaded).__name__ == type(model).__name__
        assert str(loaded) == str(model)
        assert list(loaded[corpus]) == list(model[corpus])
    loaded = ours.Phrases.load(tmp_path / "model.pkl")
    assert loaded.phrasegrams == model.phrasegrams


def test_files_of_older_versions_of_gensim(tmp_path):
    """Versions before 4.0 had bytes for str, tuples for phrases, and `common_terms`."""
    corpus = generated(10)
    model = theirs.Phrases(corpus, min_count=1, threshold=0.5, connector_words=["of"])
    frozen = model.freeze()
    expected = list(model[corpus]), list(frozen[corpus])
    encode = lambda text: text.encode("utf-8", "surrogateescape")  # noqa: E731
    for old in (model, frozen):
        old.delimiter = b"_"
        old.common_terms = frozenset([b"of"])
        del old.connector_words
    del model.scoring, model.corpus_word_count
    model.vocab = {encode(word): count for word, count in model.vocab.items()}
    frozen.phrasegrams = {
        tuple(map(encode, phrase.split("_"))): (7, score) for phrase, score in frozen.phrasegrams.items()
    }
    for old, joined in zip((model, frozen), expected, strict=True):
        (tmp_path / "old.pkl").write_bytes(pickle.dumps(old, 2))
        assert list(ours.Phraser.load(tmp_path / "old.pkl")[corpus]) == joined


def test_a_file_with_a_function_of_the_users_is_refused(tmp_path):
    theirs.Phrases(DOCUMENTS, scoring=by_ratio, threshold=0.1).save(str(tmp_path / "model.pkl"))
    with pytest.raises(pickle.UnpicklingError, match=r"by_ratio.*scoring"):
        ours.Phrases.load(tmp_path / "model.pkl")


def test_scorers():
    draw = random.Random(11)
    for _ in range(200):
        counts = *(draw.randrange(least, 50) for least in (1, 1, 0)), 1000, draw.randrange(1, 6), 5000
        for name in ("original_scorer", "npmi_scorer"):
            assert getattr(ours, name)(*counts) == getattr(theirs, name)(*counts)


@pytest.mark.parametrize(
    "options",
    [
        {"min_count": 0}, {"threshold": 0}, {"threshold": -1}, {"threshold": 2, "scoring": "npmi"},
        {"scoring": "pmi"}, {"scoring": lambda worda_count: 1},
    ],
    ids=["min_count", "threshold 0", "threshold -1", "threshold of npmi", "unknown scoring", "scoring without names"],
)  # fmt: skip
def test_the_same_arguments_are_refused(options):
    with pytest.raises(ValueError) as expected:
        theirs.Phrases(**options)
    with pytest.raises(ValueError) as found:
        ours.Phrases(**options)
    assert str(found.value).startswith(str(expected.value))
