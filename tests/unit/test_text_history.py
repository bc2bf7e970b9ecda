"""The record of the texts that a model was trained on, and what an update does with a text that it has already."""

from __future__ import annotations

import copy
import gzip
import logging
import pickle

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, EarlyStopping, LineSentence, PathLineSentences, Update, Word2Vec
from fastw2v.corpora import Column, EncodedCorpus, scan
from fastw2v.formats import settings
from fastw2v.formats.fingerprint import Fingerprint

OPTIONS = {"vector_size": 8, "min_count": 1, "workers": 1, "epochs": 2}
OLD = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 20
NEW = [["the", "axolotl", "sat"], ["an", "axolotl"]] * 10


def fingerprint_of(text):
    fingerprint = Fingerprint()
    return fingerprint.value(scan(text, digest=fingerprint).counts)


class Stream:
    def __init__(self, sentences):
        self.sentences = sentences

    def __iter__(self):
        return iter(self.sentences)


@pytest.fixture
def model():
    model = Word2Vec(**OPTIONS)
    model.build_vocab(OLD, keep_raw_vocab=True)
    model.train(OLD, total_examples=len(OLD), epochs=2)
    return model


# --- fingerprints


def test_the_fingerprint_is_that_of_the_sentences_in_any_form(tmp_path, monkeypatch):
    monkeypatch.setattr("fastw2v.formats.fingerprint._BATCH", 3)
    lines = "".join(" ".join(sentence) + "\n" for sentence in NEW)
    (tmp_path / "text.txt").write_text(lines)
    (tmp_path / "text.txt.gz").write_bytes(gzip.compress(lines.encode()))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "1.txt").write_text(lines)
    forms = [
        NEW,
        Stream(map(tuple, NEW)),
        [[], *NEW, []],
        LineSentence(tmp_path / "text.txt"),
        LineSentence(tmp_path / "text.txt.gz"),
        PathLineSentences(tmp_path / "folder"),
        Column(lines.splitlines()),
        EncodedCorpus.build(NEW, tmp_path / "encoded.fw2v"),
    ]
    assert len({fingerprint_of(form) for form in forms}) == 1


@pytest.mark.parametrize(
    "other",
    [
        NEW[:-1],
        NEW[::-1],
        [*NEW[:-2], NEW[-2] + NEW[-1]],
        [[word.upper() for word in sentence] for sentence in NEW],
        [[word.replace("axolotl", "cat") for word in sentence] for sentence in NEW],
        [["a", "xolotl"], ["an"]],
        [],
    ],
)
def test_another_text_has_another_fingerprint(other):
    assert fingerprint_of(NEW) != fingerprint_of(other)


def test_words_are_told_apart_from_integers_and_from_their_concatenation():
    assert (
        len(
            {
                fingerprint_of(text)
                for text in ([[1, 2]], [["1", "2"]], [["12", ""]], [["", "12"]], [[12, ""]])
            }
        )
        == 5
    )


# --- the record


def test_each_update_is_a_row(model):
    model.build_vocab(NEW, update=True)
    (row,) = [row for row in model.history() if row["trained"] is None]
    assert (row["words"], row["sentences"], row["new_words"], row["text"]) == (50, 20, 2, "list")
    model.train(NEW, total_examples=20, epochs=3, update=Update(alpha=0.01, replay=OLD, anchor=1.0))
    first, second = model.history()
    assert (first["words"], first["new_words"], first["epochs"], first["update"]) == (120, 5, 2, None)
    assert (second["epochs"], second["alpha"], second["update"]) == (3, 0.01, "anchor=1.0, replay")
    assert first["fingerprint"] == fingerprint_of(OLD)
    assert first["counted"] <= first["trained"] <= second["counted"] <= second["trained"]


def test_all_shards_belong_to_the_next_training(model):
    model.build_vocab(NEW[:7], update=True)
    model.build_vocab(NEW[7:], update=True)
    model.train(NEW, total_examples=20, epochs=1)
    assert [row["epochs"] for row in model.history()] == [2, 1, 1]
    assert all(row["trained"] for row in model.history())


def test_further_trainings_add_to_the_row_of_the_text_or_make_one(model):
    for _ in range(3):
        model.train(OLD, total_examples=len(OLD), epochs=2)
    assert [row["epochs"] for row in model.history()] == [8]
    for _ in range(2):
        model.train(NEW, total_examples=len(NEW), epochs=1)
    assert [(row["words"], row["epochs"], row["counted"] is None) for row in model.history()] == [
        (120, 8, False),
        (50, 2, True),
    ]


def test_a_new_vocabulary_begins_a_new_record(model):
    model.build_vocab(NEW)
    assert [row["fingerprint"] for row in model.history()] == [fingerprint_of(NEW)]
    model.build_vocab_from_freq({"a": 5})
    assert [(row["words"], row["fingerprint"]) for row in model.history()] == [(5, None)]


@pytest.mark.parametrize("how", ["save", "pickle", "copy"])
def test_the_record_is_kept_with_the_model(model, tmp_path, how):
    model.build_vocab(NEW, update=True)
    if how == "save":
        model.save(tmp_path / "model")
        again = Word2Vec.load(tmp_path / "model")
    else:
        again = pickle.loads(pickle.dumps(model)) if how == "pickle" else copy.deepcopy(model)
    assert again.history() == model.history()
    again.train(NEW, total_examples=20, epochs=1)
    assert model.history()[-1]["trained"] is None
    assert again.history()[-1]["trained"]


def test_models_without_a_record_get_one_with_the_next_text(model, tmp_path):
    model.save_gensim(tmp_path / "gensim")
    state = {name: value for name, value in model.__getstate__().items() if name != "text_history"}
    old = Word2Vec.__new__(Word2Vec)
    old.__setstate__(state)
    for other in (Word2Vec.load(tmp_path / "gensim"), old):
        assert other.history() == []
        other.build_vocab(NEW, update=True)
        other.train(NEW, total_examples=20, epochs=1)
        assert [row["words"] for row in other.history()] == [50]


def test_the_record_is_bounded(model, monkeypatch):
    monkeypatch.setattr("fastw2v.training.text_history.MAX_TEXTS", 3)
    for number in range(5):
        model.build_vocab([["the", f"word{number}"]], update=True)
    assert [row["new_words"] for row in model.history()] == [1, 1, 1]
    assert settings.MAX_TEXTS > 52 * 100


@pytest.mark.parametrize("field", ["words", "trained", "epochs", "alpha", "fingerprint"])
def test_a_field_of_a_wrong_type_is_refused_by_name(model, field):
    model.text_history[0][field] = [1]
    with pytest.raises(ValueError, match=f"text_history.{field}"):
        copy.deepcopy(model)


def test_the_table_shows_every_text(model):
    model.text_history[0]["text"] = "<2026>.txt"
    lines = repr(model.history()).splitlines()
    assert lines[0].split()[:3] == ["text", "words", "new_words"]
    assert lines[1].startswith("<2026>.txt    120          5")
    assert "&lt;2026&gt;.txt" in model.history()._repr_html_()


def test_pandas_takes_the_record(model):
    pandas = pytest.importorskip("pandas")
    assert pandas.DataFrame(model.history()).loc[0, "words"] == 120


# --- interrupted and repeated updates


class Interrupt(CallbackAny2Vec):
    def on_epoch_end(self, model):
        raise KeyError("my own")


def test_a_repeated_text_is_noticed_with_its_date(model, caplog):
    counts = model.wv.get_vecattr("the", "count")
    date = model.history()[0]["trained"]
    model.build_vocab(Stream(OLD), update=True)
    assert f"the model was trained on this text of 120 words on {date}" in caplog.text
    assert model.wv.get_vecattr("the", "count") == 2 * counts
    assert len(model.history()) == 2


def test_a_repeated_text_may_be_refused(model):
    before = copy.deepcopy(model)
    with pytest.raises(ValueError, match=r"trained on this text of 120 words on .*known_text='warn'"):
        model.build_vocab(OLD, update=True, known_text="refuse")
    assert model.history() == before.history()
    assert (model.corpus_count, model.raw_vocab) == (before.corpus_count, before.raw_vocab)
    model.build_vocab(NEW, update=True, known_text="refuse")
    assert len(model.history()) == 2


def test_an_interrupted_update_is_repeated_without_counting_twice(model, caplog):
    caplog.set_level(logging.WARNING)
    whole = copy.deepcopy(model)
    for each, callbacks in ((whole, []), (model, [Interrupt()])):
        each.build_vocab(NEW, update=True)
        try:
            each.train(NEW, total_examples=each.corpus_count, epochs=1, callbacks=callbacks)
        except KeyError:
            assert each.history()[-1]["trained"] is None
    model.corpus_count = 0
    model.build_vocab(NEW, update=True, known_text="skip")
    assert (model.corpus_count, model.corpus_total_words) == (20, 50)
    model.train(NEW, total_examples=model.corpus_count, epochs=1)
    assert model.raw_vocab == whole.raw_vocab
    np.testing.assert_array_equal(model.wv.expandos["count"], whole.wv.expandos["count"])
    assert [row["trained"] is None for row in model.history()] == [False, False]
    assert "counted" not in caplog.text


def test_texts_are_recognised_where_the_counts_are_limited(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    text = [[f"é{n % 37}", f"w{n}", "the"] for n in range(400)]
    (tmp_path / "text.txt").write_text(
        "".join(" ".join(sentence) + "\n" for sentence in text), encoding="utf-8"
    )
    forms = [
        text,
        map(iter, text),
        [[], *map(tuple, text)],
        [np.array(sentence) for sentence in text],
        [np.char.encode(sentence, "utf-8") for sentence in text],
        LineSentence(tmp_path / "text.txt"),
    ]
    model = Word2Vec(**OPTIONS, max_vocab_size=100)
    fingerprints = set()
    for form in forms:
        model.build_vocab(form)
        fingerprints.update(row["fingerprint"] for row in model.history())
    assert len(fingerprints) == 1
    assert not caplog.records
    with pytest.raises(ValueError, match="known_text='warn'"):
        model.build_vocab(text, update=True, known_text="refuse")
    for other in (
        text[:-1],
        text[::-1],
        [*text[:-2], text[-2] + text[-1]],
        [*text[:-1], ["é6w", "399", "the"]],
    ):
        model.build_vocab(other, update=True, known_text="refuse")
    assert len({row["fingerprint"] for row in model.history()}) == 5


def test_a_checkpoint_at_the_end_has_the_text_and_is_not_recorded_twice(model, tmp_path):
    model.build_vocab(NEW, update=True)
    checkpoint = tmp_path / "update.ckpt"
    options = {"total_examples": 20, "epochs": 2, "checkpoint": checkpoint}
    model.train(NEW, **options, update=Update(anchor=1.0))
    loaded = Word2Vec.load(checkpoint)
    assert [row["epochs"] for row in loaded.history()] == [2, 2]
    resumed = Word2Vec.resume(checkpoint, NEW)
    assert [row["epochs"] for row in resumed.history()] == [2, 2]


def test_an_interrupted_training_is_recorded_when_it_is_resumed(model, tmp_path):
    model.build_vocab(NEW, update=True)
    checkpoint = tmp_path / "update.ckpt"
    with pytest.raises(KeyError):
        model.train(NEW, total_examples=20, epochs=2, checkpoint=checkpoint, callbacks=[Interrupt()])
    assert Word2Vec.load(checkpoint).history()[-1]["trained"] is None
    resumed = Word2Vec.resume(checkpoint, NEW)
    assert resumed.history()[-1]["epochs"] == 2


def test_a_training_that_stops_early_has_the_epochs_that_it_trained(model):
    model.build_vocab(NEW, update=True)
    stop = EarlyStopping(OLD, patience=1, min_delta=1e9)
    model.train(NEW, total_examples=20, epochs=9, callbacks=[stop])
    assert 1 <= model.history()[-1]["epochs"] < 9
