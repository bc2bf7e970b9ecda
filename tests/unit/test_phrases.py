"""Phrases: corpora, settings, files, pickles and the command line; tests/oracle compares them with gensim."""

from __future__ import annotations

import copy
import gzip
import itertools
import logging
import pickle
import random
import threading

import numpy as np
import pytest

from fastw2v import FrozenPhrases, LineSentence, Phrases, Word2Vec
from fastw2v.cli import entry_point
from fastw2v.formats import native
from fastw2v.models.phrases import ENGLISH_CONNECTOR_WORDS, TransformedCorpus, original_scorer
from fastw2v.text import phrase_table

TEXTS = [
    ["new", "york", "is", "big"],
    ["in", "new", "york"],
    ["bank", "of", "america"],
    ["the", "bank", "of", "america"],
] * 10
JOINED = [["new_york", "is", "big"], ["in", "new_york"], ["bank_of_america"], ["the", "bank_of_america"]] * 10
OPTIONS = {"min_count": 12, "threshold": 0.05, "connector_words": ENGLISH_CONNECTOR_WORDS}


@pytest.fixture
def phrases() -> Phrases:
    return Phrases(TEXTS, **OPTIONS)


class Sentences:
    """A corpus that is iterated anew in each epoch."""

    def __iter__(self):
        return iter(TEXTS)


def by_count(worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count):
    return bigram_count


# --- corpora


def test_a_transformed_corpus_is_iterated_many_times(phrases):
    corpus = phrases[TEXTS]
    assert isinstance(corpus, TransformedCorpus)
    assert list(corpus) == list(corpus) == JOINED
    assert len(corpus) == len(JOINED)
    assert corpus[2] == JOINED[2]
    assert list(corpus[1:3]) == JOINED[1:3]
    with pytest.raises(RuntimeError, match="slicing"):
        phrases[Sentences()][0]


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("source", ["list", "iterable", "file"])
def test_models_are_trained_on_transformed_corpora(phrases, source, frozen, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in TEXTS))
    corpus = {"list": TEXTS, "iterable": Sentences(), "file": LineSentence(path)}[source]
    options = {"min_count": 1, "vector_size": 8, "workers": 1, "epochs": 3, "seed": 5}
    model = Word2Vec((phrases.freeze() if frozen else phrases)[corpus], **options)
    expected = Word2Vec(JOINED, **options)
    assert model.wv.index_to_key == expected.wv.index_to_key
    np.testing.assert_array_equal(model.wv.vectors, expected.wv.vectors)


def test_lists_and_files_are_transformed_once_for_all_epochs(phrases, monkeypatch):
    passes = []
    iterate = TransformedCorpus.__iter__
    monkeypatch.setattr(TransformedCorpus, "__iter__", lambda self: passes.append(self) or iterate(self))
    Word2Vec(phrases[TEXTS], min_count=1, vector_size=4, epochs=4, workers=1)
    assert len(passes) == 1
    Word2Vec(phrases[Sentences()], min_count=1, vector_size=4, epochs=4, workers=1)
    assert len(passes) == 6


def test_an_iterator_is_transformed_once_and_refused_for_several_epochs(phrases):
    assert list(phrases[iter(TEXTS)]) == JOINED
    assert phrases[iter(TEXTS[0])] == JOINED[0]
    with pytest.raises(TypeError, match="generator"):
        Word2Vec(phrases[iter(TEXTS)], min_count=1)
    assert Phrases(phrases[iter(TEXTS)]).vocab["new_york"] == 20


@pytest.mark.parametrize("sentence", [[], (), iter(()), ""])
def test_nothing_is_an_empty_sentence(phrases, sentence):
    assert phrases[sentence] == []


def test_sentences_of_any_kind(phrases):
    kinds = (list, tuple, iter, np.array, lambda tokens: dict.fromkeys(tokens))
    assert all(phrases[kind(TEXTS[0])] == JOINED[0] for kind in kinds)
    assert Phrases([kind(sentence) for kind in kinds for sentence in TEXTS]).vocab["new_york"] == 100
    assert phrases[["new", "york", 7, None, "new", "york"]] == ["new_york", 7, None, "new_york"]


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ("a text", "sentences must be .* lists of strings"),
        ([["new", 5]], "5.*str"),
        ([["new", None]], "None"),
        ([["new"], None], "sentence #1"),
        (5, "5"),
    ],
)
def test_what_is_no_corpus_is_refused_and_changes_nothing(phrases, sentences, message):
    before = phrases.vocab.copy()
    with pytest.raises(TypeError, match=message):
        phrases.add_vocab(sentences)
    assert phrases.vocab == before
    assert phrases.corpus_word_count == sum(map(len, TEXTS))


def test_plain_text_as_a_sentence_is_warned_of(caplog):
    Phrases(["a text", "another one"])
    assert sum("should be a list of words" in message for message in caplog.messages) == 1


# --- settings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_count": "5"}, "min_count"),
        ({"threshold": None}, "threshold"),
        ({"max_vocab_size": None}, "max_vocab_size"),
        ({"delimiter": b"_"}, "delimiter"),
        ({"scoring": None}, "scoring"),
        ({"connector_words": "of the"}, "connector_words"),
        ({"progress_per": 0}, "progress_per"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Phrases(**options)


def test_counts_are_read_only_and_may_be_replaced(phrases):
    with pytest.raises(TypeError):
        phrases.vocab["new_york"] = 0  # type: ignore[index]
    assert "new_york" in phrases.vocab
    assert phrases.vocab.get("york_new", 0) == 0
    assert 5 not in phrases.vocab
    counts = phrases.vocab.copy()
    del counts["new_york"]
    phrases.vocab = counts
    assert phrases[TEXTS[0]] == TEXTS[0]
    assert dict(phrases.vocab) == counts


@pytest.mark.parametrize(
    "change",
    [
        lambda phrases: phrases.pop("new_york"),
        lambda phrases: phrases.__delitem__("new_york"),
        lambda phrases: phrases.clear(),
        lambda phrases: phrases.update(new_york=0.0),
        lambda phrases: phrases.__setitem__("new_york", 0.0),
        lambda phrases: phrases.__ior__({"new_york": 0.0}),
    ],
)
def test_changes_of_the_frozen_phrases_take_effect(phrases, change):
    frozen = phrases.freeze()
    assert frozen[TEXTS[0]] == JOINED[0]
    change(frozen.phrasegrams)
    assert frozen[TEXTS[0]] == TEXTS[0]
    frozen.phrasegrams["is_big"] = 1.0
    assert frozen[TEXTS[0]][-1] == "is_big"
    frozen.phrasegrams = {"york_is": 2.0}
    assert frozen[TEXTS[0]] == ["new", "york_is", "big"]


def test_counts_that_are_added_take_effect(phrases):
    assert phrases[["old", "town"]] == ["old", "town"]
    phrases.add_vocab([["old", "town"]] * 20)
    assert phrases[["old", "town"]] == ["old_town"]


@pytest.mark.parametrize("base", [Phrases, FrozenPhrases])
def test_a_subclass_may_decide_what_a_phrase_is(base, phrases):
    class NoCities(base):
        def score_candidate(self, word_a, word_b, in_between):
            return (None, None) if word_b == "york" else super().score_candidate(word_a, word_b, in_between)

    model = NoCities(TEXTS, **OPTIONS) if base is Phrases else NoCities(phrases)
    assert model[["new", "york", "bank", "of", "america"]] == ["new", "york", "bank_of_america"]
    assert list(model.find_phrases(TEXTS)) == ["bank_of_america"]
    if base is Phrases:
        assert list(model.export_phrases()) == ["bank_of_america"]


def test_a_scoring_function_may_use_the_phrases_and_take_any_arguments():
    def scoring(*, bigram_count, **_):
        assert phrases is None or phrases.vocab["new"] == 20
        if phrases is not None and bigram_count == 20:
            list(phrases[[["big", "city"], ["in", "new"]]])
        return bigram_count

    phrases = None
    phrases = Phrases(TEXTS, threshold=12, scoring=scoring)
    assert phrases[TEXTS[0]] == ["new_york", "is", "big"]
    assert phrases.export_phrases() == {"new_york": 20, "bank_of": 20, "of_america": 20}


def test_an_error_of_a_scoring_function_reaches_the_caller():
    def scoring(worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count):
        raise LookupError("no score")

    phrases = Phrases(TEXTS, scoring=scoring)
    for ask in (lambda: phrases[TEXTS[0]], phrases.freeze, lambda: phrases.find_phrases(TEXTS)):
        with pytest.raises(LookupError, match="no score"):
            ask()


def test_a_full_matcher_is_replaced(monkeypatch):
    draw = random.Random(1)
    corpus = [[f"w{draw.randrange(300)}" for _ in range(20)] for _ in range(400)]
    phrases = Phrases(corpus, min_count=1, threshold=1)
    expected = list(phrases[corpus])
    phrases._forget_matcher()

    class SmallMatcher(phrase_table.PhraseMatcher):
        is_full = True

    monkeypatch.setattr("fastw2v.phrases.PhraseMatcher", SmallMatcher)
    assert list(phrases[corpus]) == expected


def test_several_threads_join_the_same_phrases(phrases):
    draw = random.Random(2)
    corpus = [[f"w{draw.randrange(50)}" for _ in range(20)] for _ in range(300)]
    phrases = Phrases(corpus, min_count=1, threshold=0.5)
    expected, results = list(phrases[corpus]), []
    phrases._forget_matcher()
    threads = [threading.Thread(target=lambda: results.append(list(phrases[corpus]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


# --- files, pickles, copies


@pytest.mark.parametrize("name", ["phrases", "phrases.gz"])
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("scoring", ["default", "npmi"])
def test_a_saved_object_is_the_same_when_loaded(tmp_path, name, frozen, scoring):
    phrases = Phrases(TEXTS, min_count=2.5, threshold=0.05, scoring=scoring, delimiter="é", max_vocab_size=25,
                      connector_words=["of"], progress_per=7)  # fmt: skip
    phrases.add_vocab([["\udce9", "", "naïve"]])
    model = phrases.freeze() if frozen else phrases
    model.save(tmp_path / name)
    loaded = Phrases.load(tmp_path / name)
    assert type(loaded) is type(model) is type(FrozenPhrases.load(tmp_path / name))
    assert str(loaded) == str(model)
    assert list(loaded[TEXTS]) == list(model[TEXTS])
    for attribute in ("min_count", "threshold", "delimiter", "scoring", "connector_words"):
        assert getattr(loaded, attribute) == getattr(model, attribute)
    if frozen:
        assert list(loaded.phrasegrams.items()) == list(model.phrasegrams.items())
        return
    assert list(loaded.vocab.items()) == list(model.vocab.items())
    for attribute in ("max_vocab_size", "progress_per", "min_reduce", "corpus_word_count"):
        assert getattr(loaded, attribute) == getattr(model, attribute)
    loaded.add_vocab(TEXTS)
    assert loaded.vocab["new"] == 40


def test_subclasses_are_loaded_as_such(tmp_path, phrases):
    class Mine(Phrases):
        pass

    phrases.save(tmp_path / "phrases")
    assert type(Mine.load(tmp_path / "phrases")) is Mine
    phrases.freeze().save(tmp_path / "phrases")
    assert type(Mine.load(tmp_path / "phrases")) is FrozenPhrases


def test_a_function_of_the_users_is_not_saved(tmp_path, caplog):
    phrases = Phrases(TEXTS, scoring=by_count)
    path = tmp_path / "phrases"
    with pytest.raises(ValueError, match=r"scoring.*freeze\(\)"):
        phrases.save(path)
    assert not path.exists()
    phrases.freeze().save(path)
    assert "scoring" in caplog.text
    loaded = Phrases.load(path)
    assert loaded.scoring is None
    assert list(loaded[TEXTS]) == list(phrases[TEXTS])
    loaded.save(path)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("frozen", [False, True])
def test_pickles_and_copies(copied, frozen):
    phrases = Phrases(TEXTS, scoring=by_count, threshold=12)
    model = phrases.freeze() if frozen else phrases
    model.note = "kept"
    expected = list(model[TEXTS])
    again = copied(model)
    assert again.note == "kept"
    assert list(again[TEXTS]) == expected
    if frozen:
        again.phrasegrams.clear()
    else:
        again.add_vocab(TEXTS)
    assert list(again[TEXTS]) != expected or not frozen
    assert list(model[TEXTS]) == expected


def test_other_and_damaged_files_are_named(tmp_path, phrases):
    path = tmp_path / "file"
    Word2Vec(TEXTS, min_count=1, vector_size=4).save(path)
    with pytest.raises(ValueError, match="not phrases"):
        Phrases.load(path)
    phrases.save(path)
    with pytest.raises(AttributeError, match="holds phrases"):
        Word2Vec.load(path)
    data = path.read_bytes()
    path.write_bytes(data[:-50])
    with pytest.raises(ValueError, match="file"):
        Phrases.load(path)
    path.write_bytes(data)
    arrays, metadata = native.read(path)
    for change in (
        {"scoring": "eval"}, {"scoring": None}, {"delimiter": 5}, {"connector_words": [5]}, {"threshold": "high"},
        {"corpus_word_count": None},
    ):  # fmt: skip
        native.write(path, arrays, {"kind": "phrases", "settings": {**metadata["settings"], **change}})
        with pytest.raises(ValueError, match="cannot load"):
            Phrases.load(path)
    for name in ("counts", "keys.blob"):
        native.write(
            path, {**arrays, name: arrays[name][:-1]}, {"kind": "phrases", "settings": metadata["settings"]}
        )
        with pytest.raises(ValueError, match="cannot load"):
            Phrases.load(path)


# --- the command line


def run(*arguments) -> int:
    return entry_point.main([str(argument) for argument in arguments])


def test_the_command_joins_phrases_in_several_passes(tmp_path, capsys):
    source, target = tmp_path / "text.txt", tmp_path / "joined.txt.gz"
    sentences = [["new", "york", "city", "hall"], ["the", "bank", "of", "america"], ["a", "city"]] * 20
    source.write_text("".join(" ".join(sentence) + "\n" for sentence in sentences))
    options = {"min_count": 2, "threshold": 0.2, "connector_words": ENGLISH_CONNECTOR_WORDS}
    corpus = sentences
    for passes in (1, 2):
        corpus = Phrases(corpus, **options)[corpus]
        assert run("phrases", source, target, "--passes", passes, "--min-count", 2, "--threshold", 0.2,
                   "--connector-words", "english") == 0  # fmt: skip
        assert "sentences" in capsys.readouterr().err
        lines = gzip.decompress(target.read_bytes()).decode().splitlines()
        assert lines == [" ".join(sentence) for sentence in corpus]
    assert lines[:2] == ["new_york_city_hall", "the bank_of_america"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--passes", "0"], "--passes"),
        (["--delimiter", " "], "--delimiter"),
        (["--threshold", "0"], "threshold"),
        (["--scoring", "npmi"], "threshold"),
        (["--scoring", "pmi"], "scoring"),
    ],
)
def test_wrong_options_are_named_before_the_text_is_read(tmp_path, capsys, options, message):
    source, target = tmp_path / "text.txt", tmp_path / "joined.txt"
    source.write_bytes(b"\xff not UTF-8\n")
    assert run("phrases", source, target, *options) == 2
    assert message in capsys.readouterr().err
    assert not target.exists()


def test_the_command_writes_to_stdout(tmp_path, capsys):
    source = tmp_path / "text.txt"
    source.write_text("new york\n" * 3)
    assert run("phrases", source, "-", "--min-count", 1, "--threshold", 0.1, "--quiet") == 0
    assert capsys.readouterr() == ("new_york\n" * 3, "")


def test_the_command_does_not_overwrite_its_input(tmp_path, capsys):
    source = tmp_path / "text.txt"
    source.write_text("new york\n")
    assert run("phrases", source, source) == 2
    assert "overwrite" in capsys.readouterr().err
    assert source.read_text() == "new york\n"


# --- the compiled table


def test_the_table_grows_prunes_and_merges():
    draw = random.Random(3)
    texts = [f"{'long ' * draw.randrange(8)}{draw.randrange(10**6)}é" for _ in range(5000)]
    table, other = (phrase_table.PhraseTable({text: number + 1 for number, text in enumerate(part)})
                    for part in (texts[:3000], texts[2000:]))  # fmt: skip
    expected = dict(zip(texts[:3000], itertools.count(1)))
    for number, text in enumerate(texts[2000:]):
        expected[text] = expected.get(text, 0) + number + 1
    table.merge(other)
    assert dict(zip(table.texts(), table.counts().tolist(), strict=True)) == expected
    assert table.texts() == list(expected)
    table.prune(1500)
    assert table.texts() == [text for text, count in expected.items() if count >= 1500]
    assert table.get(texts[0]) is None
    assert original_scorer(0, 1, 1, 1, 1, 1) == -np.inf


def test_log_lines_of_a_built_model(caplog):
    caplog.set_level(logging.INFO)
    Phrases(TEXTS, progress_per=15)
    assert "PROGRESS: at sentence #15, processed 52 words and 16 word types" in caplog.messages
    assert any("collected 16 token types (unigram + bigrams)" in message for message in caplog.messages)
