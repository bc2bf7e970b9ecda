"""Which negatives several workers draw: each from its part of the noise distribution, all together from the whole.

What a worker drew is read off its output rows. All of the text is one word, whose vector is 1 and stays so; every draw
of another word takes the same small step from that word's row, which began at 0.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fastw2v import _inner, _jobs, _network, sampling

N_WORDS, TOKENS, NEGATIVE = 20_000, 500, 20  # words, tokens of a job, negatives of each
JOBS = 32  # of an epoch, until its workers draw from parts, and between two changes of them
STEP = 1e-6 * 0.5  # learning rate x the logistic function of 0
COUNTS = np.maximum(1, 1e9 / np.arange(1, N_WORDS + 1)).astype(np.int64)
NOISE = COUNTS**0.75 / np.sum(COUNTS**0.75)
RARE = NOISE < 1 / 512  # narrower than a stripe


def draws(n_jobs: int, *, part: int = 0, n_parts: int = 1, seed: int = 1) -> np.ndarray:
    """How often one worker drew each word in so many jobs of an epoch; the word of the text never counts."""
    syn1neg = np.zeros((N_WORDS, 1), dtype=np.float32)
    network = _network.Network(
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
    feed = _jobs.Feed(n_jobs, N_WORDS)
    feed.push(
        np.zeros(n_jobs * TOKENS, dtype=np.int32),
        np.arange(n_jobs + 1) * TOKENS,
        lengths,
        np.arange(n_jobs + 1),
        np.full(n_jobs, 1e-6, dtype=np.float32),
    )
    feed.close()
    _inner.Worker(network, part=part, n_parts=n_parts).run(feed)
    drawn = np.rint(syn1neg[:, 0] / -STEP).astype(np.int64)
    drawn[0] = 0
    return drawn


def of_parts(part: int, n_parts: int, seed: int = 1) -> np.ndarray:
    """What a worker drew in the first jobs that draw from a part, which is the one after `part`."""
    return draws(2 * JOBS, part=part, n_parts=n_parts, seed=seed) - draws(JOBS, seed=seed)


@pytest.mark.parametrize("n_parts", _inner.PARTS)
def test_the_first_jobs_draw_from_the_whole(n_parts):
    np.testing.assert_array_equal(draws(JOBS, part=1, n_parts=n_parts), draws(JOBS))


@pytest.mark.parametrize("n_parts", _inner.PARTS)
def test_a_worker_comes_round_to_the_whole_distribution(n_parts):
    drawn = draws((1 + n_parts) * JOBS, part=3, n_parts=n_parts) - draws(JOBS)
    expected = NOISE * n_parts * JOBS * TOKENS * NEGATIVE
    edges = np.concatenate(([1, 2, 4, 8, 16, 32, 64], np.arange(100, N_WORDS, 100)))
    drawn, expected = np.add.reduceat(drawn, edges), np.add.reduceat(expected, edges)
    expected *= drawn.sum() / expected.sum()
    assert stats.chisquare(drawn, expected).pvalue > 1e-4


@pytest.mark.parametrize("n_parts", [parts for parts in _inner.PARTS if parts > 1])
def test_workers_at_a_time_meet_in_the_frequent_words_only(n_parts):
    together = np.stack([of_parts(part, n_parts, seed=part) for part in range(n_parts)])
    met = np.count_nonzero(together, axis=0) > 1
    assert np.count_nonzero(met & RARE) <= 512  # those on the borders of stripes
    assert together[:, met & RARE].sum() < 0.15 * together[:, RARE].sum()
    alike = np.stack([of_parts(0, 1, seed=part) for part in range(n_parts)])
    met = np.count_nonzero(alike, axis=0) > 1
    assert alike[:, met & RARE].sum() > 0.9 * alike[:, RARE].sum()


def test_a_part_that_there_is_not():
    with pytest.raises(ValueError, match=r"n_parts=3 must be one of \(1, 2, 4, 8, 16\)"):
        draws(1, n_parts=3)
