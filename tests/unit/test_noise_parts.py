"""Which negatives jobs draw where there are several workers: each from a part of the noise, together from the whole.

What a job drew is read off its output rows. All of the text is one word, whose vector is 1 and stays so; every draw
of another word takes the same small step from that word's row.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from helpers.corpora import zipf_sentences
from fastw2v import Word2Vec, _inner
from fastw2v.training import trainer
from fastw2v.vocabulary import sampling
from fastw2v.engine import job_queue
from fastw2v.engine import network

N_WORDS, TOKENS, NEGATIVE = 20_000, 500, 20  # words, tokens of a job, negatives of each
PARTS = [1, 2, 4, 16]
WHOLE_JOBS = 32  # the first of an epoch, which draw from the whole distribution
START, ALPHA = 2.0**-8, 2.0**-26  # dot products stay where gensim's table of the logistic function says 0.5
COUNTS = np.maximum(1, 1e9 / np.arange(1, N_WORDS + 1)).astype(np.int64)
NOISE = COUNTS**0.75 / np.sum(COUNTS**0.75)
RARE = NOISE < 1 / 512  # narrower than a stripe


def draws(n_jobs: int, *, first_part: int = 0, n_parts: int = 1, seed: int = 1) -> np.ndarray:
    """How often each word was drawn in so many jobs of an epoch; the word of the text never counts."""
    syn1neg = np.full((N_WORDS, 1), START, dtype=np.float32)
    net = network.Network(
        np.ones((N_WORDS, 1), dtype=np.float32),
        lockf=np.zeros(1, dtype=np.float32),
        random=np.random.RandomState(seed),
        window=1,
        skip_gram=False,
        negative=NEGATIVE,
        syn1neg=syn1neg,
        cum_table=sampling.noise_table(COUNTS, 0.75),
    )
    lengths = np.full(n_jobs, TOKENS)
    feed = job_queue.Feed(n_jobs, N_WORDS)
    feed.push(
        np.zeros(n_jobs * TOKENS, dtype=np.int32),
        np.arange(n_jobs + 1) * TOKENS,
        lengths,
        np.arange(n_jobs + 1),
        np.full(n_jobs, ALPHA, dtype=np.float32),
    )
    feed.close()
    _inner.Worker(net, first_part=first_part, n_parts=n_parts).run(feed)
    drawn = ((START - syn1neg[:, 0]) / (ALPHA * 0.5)).astype(np.int64)  # exact, all being powers of two
    drawn[0] = 0
    return drawn


def of_job(part: int, n_parts: int) -> np.ndarray:
    """What one job after those drew, which was to draw from that part (32 jobs end where the parts begin anew)."""
    seed = part  # other draws for each
    return draws(WHOLE_JOBS + 1, first_part=part, n_parts=n_parts, seed=seed) - draws(WHOLE_JOBS, seed=seed)


@pytest.mark.parametrize("n_parts", PARTS[1:])
def test_the_first_jobs_draw_from_the_whole(n_parts):
    np.testing.assert_array_equal(draws(WHOLE_JOBS, first_part=1, n_parts=n_parts), draws(WHOLE_JOBS))


@pytest.mark.parametrize("first_part", [0, 3, 1_000_001])
@pytest.mark.parametrize("n_parts", PARTS)
def test_jobs_together_draw_from_the_whole(n_parts, first_part):
    """Any jobs in a row, as many as parts, draw each word as often as its share of the noise distribution says."""
    n_jobs = 4 * max(PARTS)
    drawn = draws(WHOLE_JOBS + n_jobs, first_part=first_part, n_parts=n_parts) - draws(WHOLE_JOBS)
    edges = np.concatenate(([1, 2, 4, 8, 16, 32, 64], np.arange(100, N_WORDS, 100)))
    drawn, expected = np.add.reduceat(drawn, edges), np.add.reduceat(NOISE, edges)
    assert stats.chisquare(drawn, expected * (drawn.sum() / expected.sum())).pvalue > 1e-4


@pytest.mark.parametrize("n_parts", PARTS[1:])
def test_jobs_of_different_parts_meet_in_the_frequent_words_only(n_parts):
    parts = np.stack([of_job(part, n_parts) for part in range(n_parts)])
    met = np.count_nonzero(parts, axis=0) > 1
    assert np.count_nonzero(met & RARE) <= 512  # those on the borders of stripes
    assert parts[:, met & RARE].sum() < 0.15 * parts[:, RARE].sum()
    whole = np.stack([of_job(part, 1) for part in range(n_parts)])
    met = np.count_nonzero(whole, axis=0) > 1
    assert whole[:, met & RARE].sum() > 0.3 * whole[:, RARE].sum()


def test_a_number_of_parts_that_there_is_not():
    with pytest.raises(ValueError, match=r"n_parts=3 must be a power of two, 16 at most"):
        draws(1, n_parts=3)


@pytest.mark.parametrize("workers", [1, 2, 3, 17])
def test_jobs_of_several_workers_take_turns(monkeypatch, workers):
    """In each epoch, also of a later training, a job begins where the next one began before."""
    made: list[tuple[int, int]] = []

    class Noted(_inner.Worker):
        def __new__(cls, network, *copies_and_parts):
            made.append(copies_and_parts[-2:] if copies_and_parts else (0, 1))
            return super().__new__(cls, network, *copies_and_parts)

    monkeypatch.setattr(trainer, "Worker", Noted)
    monkeypatch.setattr(trainer, "thread_count", lambda workers: workers)
    corpus = zipf_sentences(2_000, 50)
    model = Word2Vec(corpus, vector_size=4, workers=workers, batch_words=50, epochs=2, min_count=1)
    model.train(corpus, total_examples=len(corpus), epochs=1)
    turns = [0, 1, 1] if workers > 1 else [0] * 3
    n_parts = 4 if workers > 1 else 1
    assert made == [(turn, n_parts) for turn in turns for _ in range(workers)]
