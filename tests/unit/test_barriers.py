"""Barriers between jobs: no worker trains, nothing is lost, and one worker's numbers do not change."""

from __future__ import annotations

import time

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.text.encoding import encode
from fastw2v.training.arguments import Reports
from fastw2v.training.barriers import Barrier, CorpusChangedError, TrainingPosition
from fastw2v.training.checkpoints import TrainingState
from fastw2v.training.progress import Tally
from fastw2v.training.session import TrainingSession
from fastw2v.training.training_corpus import TrainingCorpus
from helpers.corpora import zipf_sentences
from helpers.parameters import one_in

CORPUS = zipf_sentences(20_000, 300, seed=3)
OPTIONS = {"vector_size": 12, "min_count": 1, "batch_words": 500}


class Hooked(Word2Vec):
    def _raw_word_count(self, job):
        return super()._raw_word_count(job)


class Stream:
    def __init__(self, sentences):
        self.sentences = sentences

    def __iter__(self):
        return iter(self.sentences)


def built(cls=Word2Vec, **options):
    model = cls(**{**OPTIONS, **options})
    model.build_vocab(CORPUS)
    return model


def train_epoch(model, corpus, barriers=(), start=None):
    """Train one epoch, with additional barriers, as `train` does."""
    model.epochs = 1
    by_hooks = isinstance(model, Hooked)
    encoded = encode(corpus, model.wv.key_to_index) if isinstance(corpus, list) and not by_hooks else None
    state = TrainingState(total_examples=len(CORPUS), total_words=None)
    training_corpus = TrainingCorpus(model, corpus, encoded)
    session = TrainingSession(
        model, training_corpus, state, reports=Reports(), by_hooks=by_hooks, barriers=barriers
    )
    model._session = session
    try:
        return session.train_epoch(start or TrainingPosition())
    finally:
        model._session = None


KINDS = pytest.mark.parametrize(
    ("cls", "source"),
    [(Word2Vec, list), (Word2Vec, Stream), (Hooked, Stream)],
    ids=["list", "stream", "hooks"],
)


@KINDS
@pytest.mark.parametrize("sg", [0, 1])
def test_barriers_do_not_change_the_numbers_of_one_worker(cls, source, sg):
    plain, interrupted = built(cls, workers=1, sg=sg), built(cls, workers=1, sg=sg)
    positions = []
    train_epoch(plain, source(CORPUS))
    train_epoch(interrupted, source(CORPUS), [Barrier(3_000, positions.append)])
    np.testing.assert_array_equal(interrupted.wv.vectors, plain.wv.vectors)
    np.testing.assert_array_equal(interrupted.syn1neg, plain.syn1neg)
    assert [p.raw_words // 3_000 for p in positions] == [1, 2, 3, 4, 5, 6, 6]
    assert [p.complete for p in positions] == [False] * 6 + [True]
    assert all(p.raw_words % 3_000 < 500 for p in positions[:-1])  # at the first boundary of jobs after it
    assert positions[-1].sentences == len(CORPUS)


@KINDS
def test_no_worker_trains_at_a_barrier(cls, source):
    model = built(cls, workers=4, sg=1)
    positions = []

    def look(position):
        before = model.wv.vectors.copy(), model.syn1neg.copy()
        time.sleep(0.01)
        np.testing.assert_array_equal(model.wv.vectors, before[0])
        np.testing.assert_array_equal(model.syn1neg, before[1])
        assert (position.tally.sentences, position.tally.raw_words) == (
            position.sentences,
            position.raw_words,
        )
        model.wv.vectors[0] = 7.0  # and what is written there is what training goes on from
        positions.append(position)

    tally = train_epoch(model, source(CORPUS), [Barrier(4_000, look)])
    assert len(positions) == 5
    assert tally.raw_words == 20_000
    assert (model.wv.vectors[0] == 7.0).all()


@KINDS
def test_several_barriers_run_in_order_each_at_its_own_distance(cls, source):
    seen = []
    barriers = [Barrier(n, lambda p, n=n: seen.append((p.raw_words // 1_000, n))) for n in (2_000, 5_000)]
    train_epoch(
        built(cls, workers=1), source(CORPUS), [*barriers, Barrier(None, lambda p: seen.append("end"))]
    )
    assert seen == [
        (2, 2_000), (4, 2_000), (5, 5_000), (6, 2_000), (8, 2_000), (10, 2_000), (10, 5_000), (12, 2_000),
        (14, 2_000), (15, 5_000), (16, 2_000), (18, 2_000), (20, 2_000), (20, 5_000), "end",
    ]  # fmt: skip


@KINDS
@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_of_an_action_reaches_the_caller(cls, source, workers):
    def fail(position):
        raise KeyError("my own")

    model = built(cls, workers=workers)
    for every in (None, 3_000):
        with pytest.raises(KeyError, match="my own"):
            train_epoch(model, source(CORPUS), [Barrier(every, fail)])
    assert train_epoch(model, source(CORPUS)).raw_words == 20_000


@KINDS
@pytest.mark.parametrize("scheme", one_in(2, [{"sample": 1e-2}, {}, {"hs": 1, "negative": 0}]))
def test_an_epoch_can_be_continued_at_a_barrier(cls, source, scheme):
    whole = built(cls, workers=1, **scheme)
    tally = train_epoch(whole, source(CORPUS))

    class Enough(Exception):  # noqa: N818
        pass

    model, reached, drawn = built(cls, workers=1, **scheme), [], []
    parts = 0

    def stop(position):
        reached.append(position)
        drawn.append(model.random.get_state()[1:3])
        raise Enough

    while not reached or not reached[-1].complete:
        parts += 1
        with pytest.raises(Enough):
            train_epoch(model, source(CORPUS), [Barrier(3_000, stop)], reached[-1] if reached else None)
    assert parts == 7
    np.testing.assert_array_equal(model.wv.vectors, whole.wv.vectors)
    assert reached[-1].tally == tally
    for finished in (model, whole):  # what the last action saw is how training left it
        np.testing.assert_array_equal(drawn[-1][0], finished.random.get_state()[1])
        assert drawn[-1][1] == finished.random.get_state()[2]
    assert train_epoch(model, source(CORPUS), [Barrier(3_000, stop)], reached[-1]) == tally  # nothing is left


@KINDS
@pytest.mark.parametrize("complete", [False, True])
def test_another_corpus_is_refused(cls, source, complete):
    model = built(cls, workers=1)
    position = TrainingPosition(0, 10, 50, 5_000, complete, Tally(5_000, 5_000, 50))
    before = model.wv.vectors.copy()
    for other in (CORPUS[:20], [["w1"] * 30] * 3_000, []):
        with pytest.raises(CorpusChangedError, match="not that of the checkpoint"):
            train_epoch(model, source(other), start=position)
    np.testing.assert_array_equal(model.wv.vectors, before)


def test_a_barrier_needs_a_distance():
    with pytest.raises(ValueError, match="every_words=0"):
        Barrier(0, print)
