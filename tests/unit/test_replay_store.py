"""ReplayStore: what it keeps, what an update draws from it, and what is on the disk after a crash."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, ReplayStore, Update, Word2Vec
from fastw2v.corpora import EncodedCorpus, encode
from fastw2v.formats import replay_manifest
from fastw2v.training import replay_store
from fastw2v.training.replay import EncodedText, Replay
from helpers.corpora import zipf_sentences

OPTIONS = {"vector_size": 8, "min_count": 2, "workers": 1, "epochs": 2, "batch_words": 1000}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store"


def numbered(n, first=0, length=3):
    """Sentences that can be told apart: each begins with its number."""
    return [[f"s{i}", *("w" * j for j in range(1, length))] for i in range(first, first + n)]


def numbers(store):
    return [int(sentence[0][1:]) for sentence in store]


def drawn(store, words, key_to_index, seed=0):
    """Return the ids of the sentences of one draw."""
    corpus = store.encoded(key_to_index).draw(np.random.default_rng(seed)).take(words)
    return sentences_of(corpus)


def sentences_of(corpus):
    return [corpus.ids[a:b].tolist() for a, b in pairwise(corpus.offsets.tolist())]


# --- what it keeps


def test_without_a_limit_it_has_every_sentence_once(path, tmp_path):
    store = ReplayStore(path)
    text = tmp_path / "text.txt"
    text.write_text("".join(" ".join(sentence) + "\n" for sentence in numbered(300)), encoding="utf-8")
    assert store.add(text) == 300
    assert store.add([numbered(200, 300), iter(numbered(100, 500))]) == 300
    assert store.add(EncodedCorpus.build(numbered(50, 600), tmp_path / "text.fw2v")) == 50
    assert sorted(numbers(store)) == list(range(650))
    assert sorted(store) == sorted(numbered(650))
    reopened = ReplayStore(path)
    assert (reopened.n_sentences, reopened.n_words) == (650, 1950)
    assert [entry["sentences"] for entry in reopened.texts] == [300, 200, 100, 50]


def test_the_same_text_is_added_once_whatever_its_form(path, tmp_path, caplog):
    store = ReplayStore(path)
    store.add(numbered(30))
    text = tmp_path / "text.txt"
    text.write_text("".join(" ".join(sentence) + "\n" for sentence in numbered(30)), encoding="utf-8")
    assert store.add(text) == 0
    assert store.texts[0]["added"] in caplog.text
    assert store.n_sentences == 30


@pytest.mark.slow
def test_every_sentence_has_the_same_chance_whenever_it_was_added(path, monkeypatch):
    """Ten additions of unequal size, a third of which fits; the shares that stay agree within the sampling error."""
    monkeypatch.setattr(replay_store, "MAX_SEGMENTS", 6)
    sizes = [4000, 500, 500, 1000, 9000, 300, 700, 4000, 5000, 5000]
    kept = np.zeros(len(sizes))
    trials = 3
    for trial in range(trials):
        store = ReplayStore(path.with_name(f"store-{trial}"), max_words=30_000, seed=trial)
        first = 0
        for size in sizes:
            store.add(numbered(size, first))
            first += size
            assert store.n_words <= 30_000
        assert store.n_words > 29_000
        found = numbers(store)
        assert len(set(found)) == len(found) == store.n_sentences
        kept += np.histogram(found, np.cumsum([0, *sizes]))[0]
    shares = kept / (trials * np.array(sizes))
    error = np.sqrt(shares.mean() * (1 - shares.mean()) / (trials * np.array(sizes)))
    assert (np.abs(shares - shares.mean()) < 4 * error).all(), shares


def test_the_first_text_may_be_larger_than_the_store(path):
    store = ReplayStore(path, max_words=300)
    assert store.add(numbered(1000)) == 100
    store.add(numbered(1000, 1000))
    assert store.n_words <= 300
    assert 20 < sum(number >= 1000 for number in numbers(store)) < 80


def test_by_age_the_newest_sentences_stay(path):
    store = ReplayStore(path, max_words=600, keep="newest")
    for first in range(0, 1000, 40):
        store.add(numbered(40, first))
    found = numbers(store)
    assert store.n_words <= 600
    assert set(found) >= set(range(840, 1000))
    assert min(found) >= 760


def test_dropped_sentences_free_their_space_and_segments_stay_few(path, monkeypatch):
    monkeypatch.setattr(replay_store, "MAX_SEGMENTS", 8)
    store = ReplayStore(path, max_words=3000)
    largest = 0
    for week in range(30):
        kept = store.add(numbered(100, 100 * week))
        assert kept == sum(number >= 100 * week for number in numbers(store))
        segments = [name for name in os.listdir(path) if name.startswith("segment")]
        assert len(segments) <= 9
        largest = max(largest, sum(os.path.getsize(path / name) for name in segments))
    assert largest < 150_000
    assert all(sum(len(word) > 0 for word in sentence) == 3 for sentence in store)


def test_a_new_limit_takes_effect_with_the_next_text(path):
    ReplayStore(path).add(numbered(100))
    store = ReplayStore(path, max_words=150)
    assert (store.n_words, ReplayStore(path).max_words) == (300, 150)
    store.add(numbered(100, 100))
    assert store.n_words <= 150


def test_the_same_seed_keeps_the_same_sentences(path):
    stores = [ReplayStore(path.with_name(name), max_words=300, seed=3) for name in ("first", "second")]
    for store in stores:
        store.add(numbered(100))
        store.add(numbered(100, 100))
    assert list(stores[0]) == list(stores[1])


# --- what is refused


def test_what_is_no_store_or_another_one_is_refused(path, tmp_path):
    (tmp_path / "text").write_text("a b\n")
    with pytest.raises(ValueError, match="not empty and is no replay store"):
        ReplayStore(tmp_path)
    store = ReplayStore(path)
    for name, value in (("keep", "newest"), ("seed", 5)):
        with pytest.raises(ValueError, match=f"{name}=.*leave out {name}"):
            ReplayStore(path, **{name: value})
    with pytest.raises(TypeError, match="'no such text' is neither a file nor a directory"):
        store.add("no such text")
    with pytest.raises(TypeError, match="pass ReplayStore"):
        store.add([path])
    with pytest.raises(ValueError, match="local directory"):
        ReplayStore("s3://bucket/store")


@pytest.mark.parametrize("change", ["text", "checksum", "version", "segment"])
def test_a_damaged_store_is_refused_by_the_name_of_the_file(path, change):
    store = ReplayStore(path)
    store.add(numbered(10))
    manifest = path / "replay-store.json"
    if change == "segment":
        (path / "segment-00000000.fw2v").write_bytes(b"nothing")
        with pytest.raises(ValueError, match="segment-00000000"):
            list(store)
        return
    entry = json.loads(manifest.read_text())
    entry["version"] = 2 if change == "version" else 1
    entry["content"] = (
        entry["content"].replace('"seed":0', '"seed":1') if change == "checksum" else entry["content"]
    )
    manifest.write_text("{" if change == "text" else json.dumps(entry))
    with pytest.raises(ValueError, match=r"cannot read .*replay-store\.json"):
        ReplayStore(path)


def test_two_changes_at_a_time_are_refused(path):
    store, other = ReplayStore(path), ReplayStore(path)

    def text():
        yield ["a"]
        other.add([["b"]])

    with pytest.raises(RuntimeError, match="another process is changing"):
        store.add(text())
    store.add([["c"]])
    other.add([["d"]])
    assert sorted(store) == [["c"], ["d"]]


# --- what is drawn


def test_a_draw_takes_each_sentence_once_and_no_more_words_than_asked(path, monkeypatch):
    monkeypatch.setattr("fastw2v.training.replay_segments.RUN", 7)
    monkeypatch.setattr("fastw2v.training.replay_segments.RUNS_AT_ONCE", 3)
    store = ReplayStore(path)
    store.add(numbered(100))
    store.add(numbered(50, 100))
    index = {f"s{i}": i for i in range(150)}
    whole = drawn(store, 1e9, index)
    assert sorted(whole) == [[i] for i in range(150)]
    assert whole != sorted(whole)
    draw = store.encoded(index).draw(np.random.default_rng(0))
    parts = [draw.take(words) for words in (100, 101, 200, 1e9)]
    assert [part.raw_words for part in parts] == [99, 0, 99, 252]
    assert np.concatenate([part.ids for part in parts]).tolist() == [
        i for sentence in whole for i in sentence
    ]


def test_sentences_of_all_texts_are_drawn_in_proportion(path, monkeypatch):
    monkeypatch.setattr("fastw2v.training.replay_segments.RUN", 4)
    store = ReplayStore(path)
    for first, size in ((0, 300), (300, 100), (400, 200)):
        store.add(numbered(size, first))
    index = {f"s{i}": i for i in range(600)}
    found = Counter()
    for seed in range(40):
        found.update(number for (number,) in drawn(store, 180, index, seed))
    counts = np.array([sum(found[i] for i in range(a, b)) for a, b in ((0, 300), (300, 400), (400, 600))])
    assert counts.sum() == 40 * 60
    np.testing.assert_allclose(counts / counts.sum(), [1 / 2, 1 / 6, 1 / 3], atol=0.06)
    assert max(found.values()) < 15


def test_words_that_the_model_lacks_are_left_out(path):
    store = ReplayStore(path)
    store.add([["a", "b", "c"], ["c"]])
    corpus = store.encoded({"c": 1, "a": 5}).draw(np.random.default_rng(1)).take(100)
    assert sorted(sentences_of(corpus)) == [[1], [5, 1]]
    assert sorted(corpus.raw_lengths.tolist()) == [1, 3]


# --- updates


@pytest.fixture(scope="module")
def trained(old):
    return Word2Vec(old, **OPTIONS)


def updated(trained, new, **update):
    model = copy.deepcopy(trained)
    model.build_vocab(new, update=True)
    model.train(new, total_examples=len(new), epochs=2, update=Update(**update))
    return model


def test_an_update_replays_the_store(path, trained, old, new):
    store = ReplayStore(path)
    store.add(old)
    model = updated(trained, new, replay=store)
    again = updated(trained, new, replay=str(path))
    np.testing.assert_array_equal(model.wv.vectors, again.wv.vectors)
    plain = updated(trained, new)
    replayed = updated(trained, new, replay=old)

    def loss(model):
        return model.evaluate_loss(old[:100])

    assert loss(model) < loss(plain)
    assert abs(loss(model) - loss(replayed)) < 0.5 * (loss(plain) - loss(replayed))


def test_the_vocabulary_may_have_been_sorted_since(path, trained, old, new):
    store = ReplayStore(path)
    store.add(old)
    model = copy.deepcopy(trained)
    model.build_vocab(new, update=True)
    model.wv.sort_by_descending_frequency()
    update = Update(replay=store, old_words=len(trained.wv))
    model.train(new, total_examples=len(new), epochs=1, update=update)
    index = model.wv.key_to_index
    sentences = Counter(tuple(index[word] for word in sentence if word in index) for sentence in old)
    corpus = store.encoded(index).draw(np.random.default_rng(0)).take(1e9)
    found = Counter(map(tuple, sentences_of(corpus)))
    assert found == sentences


def test_the_draw_of_an_encoded_text_and_of_a_store_mix_alike(path, old, new):
    store = ReplayStore(path)
    store.add(old)
    index = {
        word: i for i, word in enumerate(sorted({word for sentence in [*old, *new] for word in sentence}))
    }
    fresh = encode(new, index)
    mixtures = [
        list(Replay(text, 0.5, [1]).mix(fresh, 0))
        for text in (EncodedText(encode(old, index)), store.encoded(index))
    ]
    for mixture in mixtures:
        words = sum(piece.raw_words for piece in mixture)
        assert 0 <= 1.5 * fresh.raw_words - words < 100


def test_a_store_without_known_words_is_refused(path, trained, new):
    store = ReplayStore(path)
    store.add([["unknown", "words"]])
    with pytest.raises(ValueError, match="no word of the vocabulary"):
        updated(trained, new, replay=store)


class Interrupt(CallbackAny2Vec):
    def on_epoch_end(self, model):
        raise KeyError("my own")


def test_an_update_is_resumed_with_its_store(path, tmp_path, trained, old, new):
    store = ReplayStore(path)
    store.add(old)
    whole = updated(trained, new, replay=store, anchor=1.0)
    model = copy.deepcopy(trained)
    model.build_vocab(new, update=True)
    checkpoint = tmp_path / "update.ckpt"
    with pytest.raises(KeyError, match="my own"):
        model.train(
            new, total_examples=len(new), epochs=2, update=Update(replay=store, anchor=1.0),
            checkpoint=checkpoint, callbacks=[Interrupt()],
        )  # fmt: skip
    resumed = Word2Vec.resume(checkpoint, new, replay=store)
    np.testing.assert_array_equal(resumed.wv.vectors, whole.wv.vectors)
    store.add([["another", "text"]])
    with pytest.raises(ValueError, match="replay is not that of the checkpoint"):
        Word2Vec.resume(checkpoint, new, replay=store)


def test_a_store_may_change_while_it_is_replayed(path, monkeypatch, trained, old, new):
    monkeypatch.setattr(replay_store, "MAX_SEGMENTS", 2)
    store = ReplayStore(path)
    store.add(old)
    whole = updated(trained, new, replay=store)

    class Add(CallbackAny2Vec):
        def on_epoch_begin(self, model):
            store.add([["text", str(model.min_alpha_yet_reached)]])

    model = copy.deepcopy(trained)
    model.build_vocab(new, update=True)
    model.train(new, total_examples=len(new), epochs=2, update=Update(replay=store), callbacks=[Add()])
    np.testing.assert_array_equal(model.wv.vectors, whole.wv.vectors)
    assert len(store.texts) == 3
    assert len([name for name in os.listdir(path) if name.startswith("segment")]) == 1


# --- crashes


def test_a_failed_addition_leaves_the_store_as_it_was(path):
    store = ReplayStore(path)
    store.add(numbered(10))
    before = sorted(os.listdir(path))

    def text():
        yield ["a"]
        raise KeyError("my own")

    with pytest.raises(KeyError, match="my own"):
        store.add([numbered(5, 10), text()])
    assert numbers(store) == numbers(ReplayStore(path))
    assert sorted(numbers(store)) == list(range(10))
    store.add(numbered(5, 10))
    assert len(os.listdir(path)) == len(before) + 1


def test_staged_text_is_admitted_or_dropped_as_the_model_says(path, caplog):
    store = ReplayStore(path)
    store.add(numbered(10))
    (first,) = store.stage(numbered(5, 10))
    store.stage(numbered(5, 15))
    assert sorted(numbers(store)) == list(range(10))
    store = ReplayStore(path)  # the process has ended between the two steps
    store.settle([{"fingerprint": first, "trained": "2026-01-01"}])
    assert sorted(numbers(store)) == list(range(15))
    assert "is in the model and was added" in caplog.text
    assert "is not in the model and was dropped" in caplog.text
    assert not store.staged
    assert store.add(numbered(5, 15)) == 5


def test_a_text_that_is_not_staged_cannot_be_admitted(path):
    store = ReplayStore(path)
    staged = store.stage(numbered(5))
    store.settle([])
    with pytest.raises(ValueError, match="another program has settled the store"):
        store.commit(staged)
    store.add(numbered(5))
    store.commit(staged)
    assert store.n_sentences == 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_words", "5"), ("keep", "oldest"), ("segments", 5), ("segments", [{"number": 0}]), ("texts", [5]),
        ("staged_texts", [{"fingerprint": "0"}]), ("generation", None), ("no_such_field", 1),
        ("segments", [{"number": 0, "sentences": 11, "words": 30, "written": 10, "rate": 1}]),
    ],
)  # fmt: skip
def test_a_field_of_the_manifest_that_no_store_has_is_refused(path, field, value):
    ReplayStore(path).add(numbered(10))
    manifest = path / "replay-store.json"
    entry = json.loads(manifest.read_text())
    entry["content"] = json.dumps({**json.loads(entry["content"]), field: value})
    entry["checksum"] = replay_manifest._checksum(entry["content"])
    manifest.write_text(json.dumps(entry))
    with pytest.raises(ValueError, match=r"cannot read .*replay-store\.json"):
        ReplayStore(path)


def test_a_store_is_a_corpus_too(path, trained, old, new):
    store = ReplayStore(path)
    store.add(old)
    both = updated(trained, new, replay=[store, new[:5]])
    assert both.history()[-1]["update"] == "replay"
    model = Word2Vec(store, **OPTIONS)
    assert model.wv.expandos["count"].sum() == trained.wv.expandos["count"].sum()


_ADDING = """
import sys
from fastw2v import ReplayStore
store = ReplayStore(sys.argv[1], max_words=3000)
week = len(store.texts)
print("ready", flush=True)
while True:
    week += 1
    store.add([[f"s{week}-{i}", "a", "b"] for i in range(300)])
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_addition_leaves_a_complete_store(path):
    generator = np.random.default_rng(0)
    n_texts = 0
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", _ADDING, str(path)], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(generator.uniform(0.0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = ReplayStore(path)
        assert len(store.texts) >= n_texts
        n_texts = len(store.texts)
        sentences = list(store)
        assert len(sentences) == store.n_sentences
        assert store.n_words <= 3000
        weeks = {int(sentence[0].split("-")[0][1:]) for sentence in sentences}
        assert all(week <= n_texts for week in weeks)
    assert n_texts > 12
    store.add([["the", "end"]])
    named = {f"segment-{segment.number:08}.fw2v" for segment in store._manifest.segments}
    assert set(os.listdir(path)) == {"replay-store.json", *named}


def test_zipf_sentences_are_stored_as_they_are(path):
    sentences = zipf_sentences(3_000, 200, seed=4)
    store = ReplayStore(path)
    store.add(sentences)
    assert Counter(map(tuple, store)) == Counter(map(tuple, sentences))
