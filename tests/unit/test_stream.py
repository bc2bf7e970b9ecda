"""Training in one pass over a text of any length: `Word2Vec.train_stream`."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, LineSentence, Word2Vec
from fastw2v.training.session import TrainingSession

SETTINGS: dict[str, Any] = {"vector_size": 6, "min_count": 2, "sg": 1, "max_words": 40, "workers": 1}


def sentences(first: int = 0) -> Iterator[list[str]]:
    """Yield sentences without end; their words are others as time goes by."""
    random = np.random.default_rng(1)
    for number in itertools.count(first):
        yield [f"w{number // 50 + value}" for value in random.zipf(1.5, 10).tolist() if value < 1000]


def taken(n: int) -> list[list[str]]:
    return list(itertools.islice(sentences(), n))


@pytest.mark.parametrize(
    "settings", [{}, {"hs": 1, "negative": 0}, {"objective": "sampled_softmax"}, {"sg": 0}]
)
@pytest.mark.parametrize("workers", [1, 2])
def test_an_iterator_is_read_once_within_the_bound(settings: dict[str, Any], workers: int) -> None:
    model = Word2Vec(**{**SETTINGS, "count_decay": 0.5, "workers": workers, **settings})
    text = taken(1000)
    effective, raw = model.train_stream(iter(text), chunk_words=1500)
    assert raw == model.stream_words == sum(map(len, text))
    assert model.stream_sentences == 1000
    assert 0 < effective <= raw
    assert len(model.wv) <= 40
    assert model.raw_vocab is not None
    assert len(model.raw_vocab) <= 5 * 40
    assert f"w{1000 // 50}" in model.wv  # the frequent words of the end,
    assert "w1" not in model.wv  # and no longer those of the beginning
    assert np.isfinite(model.wv.vectors).all()


def test_one_chunk_is_the_ordinary_training() -> None:
    text = taken(200)
    streamed = Word2Vec(**{**SETTINGS, "max_words": 1000})
    streamed.train_stream(iter(text), epochs=2, total_words=sum(map(len, text)))
    ordinary = Word2Vec(text, epochs=2, **{**SETTINGS, "max_words": 1000})
    assert streamed.wv.index_to_key == ordinary.wv.index_to_key
    np.testing.assert_allclose(streamed.wv.vectors, ordinary.wv.vectors, atol=1e-6)


def test_counts_of_a_stream_are_those_of_the_text() -> None:
    text = taken(300)
    streamed = Word2Vec(**{**SETTINGS, "max_words": 1000})
    streamed.train_stream(iter(text), chunk_words=200)
    ordinary = Word2Vec(**{**SETTINGS, "max_words": 1000})
    ordinary.build_vocab(text)
    assert streamed._vocabulary.as_dict() == ordinary._vocabulary.as_dict()


def test_a_word_enters_when_its_chunks_together_have_enough() -> None:
    model = Word2Vec(**{**SETTINGS, "min_count": 3})
    chunks = [["a", "b"] * 5, ["a", "rare"], ["b", "rare"], ["a", "rare"]]
    model.train_stream(chunks[:3], chunk_words=1)
    assert "rare" not in model.wv
    model.train_stream(chunks[3:], chunk_words=1)
    assert model.wv.get_vecattr("rare", "count") == 3


def test_the_first_chunks_may_have_no_frequent_word() -> None:
    model = Word2Vec(**{**SETTINGS, "min_count": 3})
    model.train_stream([["a", "b"], ["a", "b"], ["a", "b"]], chunk_words=1)
    assert model.wv.get_vecattr("a", "count") == 3


def test_learning_rate_falls_over_the_whole_stream(tmp_path: Path) -> None:
    text = taken(400)
    n_words = sum(map(len, text))
    model = Word2Vec(**SETTINGS)
    model.train_stream(text[:200], chunk_words=300, total_words=n_words)
    assert model.alpha == 0.025
    assert 0.010 < model.min_alpha_yet_reached < 0.015
    model.save(str(tmp_path / "model"))
    model = Word2Vec.load(str(tmp_path / "model"))
    model.train_stream(text[200:], chunk_words=300, total_words=n_words)
    assert model.min_alpha_yet_reached < 0.003
    constant = Word2Vec(**SETTINGS)
    constant.train_stream(text, chunk_words=300)
    assert constant.min_alpha_yet_reached == constant.alpha


def test_an_interrupt_leaves_a_model_that_goes_on(tmp_path: Path) -> None:
    text = taken(400)
    path = str(tmp_path / "checkpoint")

    def interrupted() -> Iterator[list[str]]:
        yield from text[:250]
        raise KeyboardInterrupt

    model = Word2Vec(**SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        model.train_stream(interrupted(), chunk_words=500, checkpoint=path)
    assert 0 < model.stream_sentences < 250
    loaded = Word2Vec.load(path)
    whole = Word2Vec(**SETTINGS)
    whole.train_stream(text, chunk_words=500)
    for other in (model, loaded):
        assert len(other.wv.most_similar("w3")) == 10
        other.train_stream(text[other.stream_sentences :], chunk_words=500)
        assert other.stream_words == sum(map(len, text))
        np.testing.assert_array_equal(other.wv.vectors, whole.wv.vectors)


def test_an_interrupt_while_a_chunk_is_trained_keeps_the_chunks_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = taken(300)
    model = Word2Vec(**SETTINGS)
    run, calls = TrainingSession.run, itertools.count()

    def interrupted(session: TrainingSession) -> tuple[int, int]:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return run(session)

    monkeypatch.setattr(TrainingSession, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.train_stream(text, chunk_words=500, total_words=10_000)
    trained = model.stream_sentences
    assert sum(map(len, text[:trained])) == model.stream_words
    assert 1000 <= model.stream_words < 1100
    assert (model.alpha, model.min_alpha, model.epochs) == (0.025, 0.0001, 5)
    assert len(model.wv.most_similar("w3")) == 10
    model.train_stream(text[trained:], chunk_words=500, total_words=10_000)
    assert model.stream_sentences == 300


def test_the_record_has_a_row_for_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(map(" ".join, taken(200))), encoding="utf-8")
    model = Word2Vec(taken(50), **SETTINGS)
    model.build_vocab(taken(20), update=True)  # a text that is not trained before the stream
    model.train_stream(corpus_file=str(path), chunk_words=400, epochs=2, checkpoint=tmp_path / "model")
    for each in (model, Word2Vec.load(tmp_path / "model")):
        first, second, streamed = each.history()
        assert (streamed["text"], streamed["sentences"], streamed["epochs"]) == ("text.txt", 200, 2)
        assert streamed["words"] == model.stream_words
        assert all(row["trained"] for row in (first, second, streamed))

    def interrupted() -> Iterator[list[str]]:
        yield from taken(100)
        monkeypatch.setattr(TrainingSession, "run", fail)
        yield from taken(100)

    def fail(session: TrainingSession) -> tuple[int, int]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.train_stream(interrupted(), chunk_words=900)
    assert [row["sentences"] for row in model.history()] == [50, 20, 200, model.stream_sentences - 200]
    assert all(row["trained"] for row in model.history())


def test_a_stream_continues_a_trained_model_and_is_updated_later() -> None:
    text = taken(300)
    model = Word2Vec(text[:100], **SETTINGS)
    before = set(model.wv.key_to_index)
    model.pin(sorted(before)[:5])
    model.train_stream(text[100:], chunk_words=500)
    assert set(sorted(before)[:5]) <= set(model.wv.key_to_index)
    model.build_vocab([["new", "w5"]] * 99, update=True)
    model.train([["new", "w5"]] * 99, total_examples=99, epochs=1)
    assert "new" in model.wv


def test_files_are_streamed_too(tmp_path: Path) -> None:
    text = taken(200)
    path = tmp_path / "text.txt"
    path.write_text("\n".join(map(" ".join, text)), encoding="utf-8")
    from_file, from_list = Word2Vec(**SETTINGS), Word2Vec(**SETTINGS)
    from_file.train_stream(corpus_file=str(path), chunk_words=400)
    from_list.train_stream(text, chunk_words=400)
    np.testing.assert_array_equal(from_file.wv.vectors, from_list.wv.vectors)
    with pytest.raises(ValueError, match="checkpoint"):
        from_file.train_stream(corpus_file=str(path), checkpoint=str(path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_reader_of_a_pipe_is_trained_while_the_pipe_is_written(tmp_path: Path) -> None:
    pipe, checkpoint = tmp_path / "pipe", tmp_path / "stream.ckpt"
    os.mkfifo(pipe)
    in_time = []

    def write() -> None:
        with open(pipe, "w") as file:
            for line in taken(60):
                file.write(" ".join(line) + "\n")
            file.flush()
            deadline = time.monotonic() + 60
            while not checkpoint.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            in_time.append(checkpoint.exists())

    writer = threading.Thread(target=write)
    writer.start()
    Word2Vec(**SETTINGS).train_stream(LineSentence(pipe), chunk_words=100, checkpoint=checkpoint)
    writer.join()
    assert in_time == [True]


def test_what_cannot_be_streamed_is_refused() -> None:
    model = Word2Vec(**{**SETTINGS, "max_words": None})
    with pytest.raises(ValueError, match="max_words"):
        model.train_stream([["a", "b"]])
    with pytest.raises(ValueError, match="no sentences"):
        Word2Vec(**SETTINGS).train_stream(iter([]))

    class Nested(CallbackAny2Vec):
        def on_epoch_begin(self, model: Word2Vec) -> None:
            model.train_stream([["a", "b"]])

    with pytest.raises(RuntimeError, match=r"train_stream\(\) was called by a callback"):
        Word2Vec(taken(50), callbacks=[Nested()], **SETTINGS)

    class OwnLoop(Word2Vec):
        def _do_train_job(self, sentences: Any, alpha: float, inits: Any) -> tuple[int, int]:
            return 0, 0

    with pytest.raises(TypeError, match="OwnLoop overrides"):
        OwnLoop(**SETTINGS).train_stream([["a", "b"]])
