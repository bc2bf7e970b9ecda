"""Noise partitions: with several workers, each job draws its negatives from a part of the noise distribution.

The draws are read off the output rows. The text consists of one word, whose input vector is 1 and stays so. Each draw
of another word subtracts the same small step from the output row of that word.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from fastw2v import Word2Vec
from fastw2v._inner import Worker
from fastw2v.callbacks import CallbackAny2Vec
from fastw2v.engine.job_queue import JobQueue
from fastw2v.engine.network import Network
from fastw2v.vocabulary import noise_distribution
from helpers.parameters import one_in

N_WORDS, TOKENS, NEGATIVE = 20_000, 500, 20  # words, tokens of a job, negatives of each token
N_PARTITIONS = [1, 2, 4, 16]
WHOLE = [0, 1, 100, 1_000]  # first words that all partitions have in common
N_UNPARTITIONED = 32  # the first jobs of an epoch, which draw from the whole distribution
# The logits stay where gensim's table of the logistic function is 0.5, and all steps are exact in float32.
START, ALPHA = 2.0**-8, 2.0**-26
COUNTS = np.maximum(1, 1e9 / np.arange(1, N_WORDS + 1)).astype(np.int64)
NOISE = COUNTS**0.75 / np.sum(COUNTS**0.75)
RARE = NOISE < 1 / 512  # narrower than a stripe
TEXT, UNKNOWN = ["w0"] * TOKENS, ["unknown"] * TOKENS  # the sentences; each of them is a job


def counted(rows: np.ndarray) -> np.ndarray:
    """Return how often each word was drawn, given the output rows; the word of the text counts 0."""
    drawn = ((START - rows[:, 0]) / (ALPHA * 0.5)).astype(np.int64)
    drawn[0] = 0
    return drawn


def job_queue(n_jobs: int) -> JobQueue:
    """Return a closed queue of jobs, each of which consists of TOKENS times the first word."""
    queue = JobQueue(n_jobs, 1)
    queue.push(
        np.zeros(n_jobs * TOKENS, dtype=np.int32),
        np.arange(n_jobs + 1) * TOKENS,
        np.full(n_jobs, TOKENS),
        np.arange(n_jobs + 1),
        np.full(n_jobs, ALPHA, dtype=np.float32),
    )
    queue.close()
    return queue


def draws_of_worker(
    n_jobs: int, *, first: int = 0, n_partitions: int = 1, whole: int = 0, seed: int = 1
) -> np.ndarray:
    """Return how often each word is drawn in the first jobs of an epoch, if one worker trains all of them."""
    syn1neg = np.full((N_WORDS, 1), START, dtype=np.float32)
    network = Network(
        np.ones((N_WORDS, 1), dtype=np.float32),
        lockf=np.zeros(1, dtype=np.float32),
        random=np.random.RandomState(seed),
        window=1,
        skip_gram=False,
        negative=NEGATIVE,
        syn1neg=syn1neg,
        cum_table=noise_distribution.noise_table(COUNTS, 0.75),
    )
    queue = job_queue(n_jobs)
    Worker(network, first_partition=first, n_partitions=n_partitions, n_whole_words=whole).run(queue)
    return counted(syn1neg)


def draws_of_job(partition: int, n_partitions: int, whole: int = 0) -> np.ndarray:
    """Return the draws of one job from the given partition: that of job 32, as 32 is a multiple of `n_partitions`."""
    seed = partition  # so that the random numbers of the jobs differ
    drawn = draws_of_worker(
        N_UNPARTITIONED + 1, first=partition, n_partitions=n_partitions, whole=whole, seed=seed
    )
    return drawn - draws_of_worker(N_UNPARTITIONED, seed=seed)


@pytest.mark.parametrize("window", [4, (4, 2)])
def test_jobs_of_a_partition_have_windows_of_each_size_equally_often(window):
    """They do not draw the windows from the generator that the workers share."""
    pairs = []
    for n_partitions in (1, 2):
        network = Network(
            np.zeros((9, 1), dtype=np.float32),
            lockf=np.zeros(1, dtype=np.float32),
            random=np.random.RandomState(1),
            window=window,
            skip_gram=True,
            negative=1,
            syn1neg=np.zeros((9, 1), dtype=np.float32),
            cum_table=noise_distribution.noise_table(np.full(9, 100), 0.75),
        )
        queue = job_queue(N_UNPARTITIONED + 60)
        worker = Worker(network, n_partitions=n_partitions)
        worker.run(queue)
        pairs.append(worker.tallies()[3])
    left, right = np.broadcast_to(window, 2)
    expected = TOKENS * (N_UNPARTITIONED + 60) * (left + 1 + right + 1) / 2
    np.testing.assert_allclose(pairs, expected, rtol=0.01)
    assert pairs[0] != pairs[1]


class EpochDraws(CallbackAny2Vec):
    """Collects the draws of each epoch of a model's training."""

    def __init__(self) -> None:
        self.of_epochs: list[np.ndarray] = []
        self._total = np.zeros(N_WORDS, dtype=np.int64)

    def on_epoch_end(self, model: Word2Vec) -> None:
        total = counted(model.syn1neg)
        self.of_epochs.append(total - self._total)
        self._total = total


def draws_of_model(
    corpus: list[list[str]], *, workers: int, trainings: int = 1, epochs: int = 1
) -> list[np.ndarray]:
    """Return the draws of each epoch, over several calls of `Word2Vec.train`."""
    model = Word2Vec(
        vector_size=1, window=1, negative=NEGATIVE, sample=0, min_count=1, batch_words=TOKENS, workers=workers
    )
    model.build_vocab_from_freq({f"w{i}": int(count) for i, count in enumerate(COUNTS)})
    model.wv.vectors[:], model.syn1neg[:] = 1.0, START
    model.wv.vectors_lockf = np.zeros(1, dtype=np.float32)
    draws = EpochDraws()
    for _ in range(trainings):
        model.train(
            corpus,
            total_examples=len(corpus),
            epochs=epochs,
            start_alpha=ALPHA,
            end_alpha=ALPHA,
            callbacks=[draws],
        )
    return draws.of_epochs


def assert_noise(drawn: np.ndarray) -> None:
    """Check that each word was drawn as often as its share of the noise distribution says."""
    edges = np.concatenate(([1, 2, 4, 8, 16, 32, 64], np.arange(100, N_WORDS, 100)))
    drawn, expected = np.add.reduceat(drawn, edges), np.add.reduceat(NOISE, edges)
    assert stats.chisquare(drawn, expected * (drawn.sum() / expected.sum())).pvalue > 1e-4


def share_of_common(jobs: list[np.ndarray], first: int = 0) -> float:
    """Return which share of the draws of rare words, from word `first` on, more than one of the jobs drew."""
    drawn = np.stack(jobs)[:, first:][:, RARE[first:]]
    common = np.count_nonzero(drawn, axis=0) > 1
    return drawn[:, common].sum() / drawn.sum()


@pytest.mark.parametrize("n_partitions", N_PARTITIONS[1:])
def test_the_first_jobs_draw_from_the_whole_distribution(n_partitions):
    drawn = draws_of_worker(N_UNPARTITIONED, first=1, n_partitions=n_partitions)
    np.testing.assert_array_equal(drawn, draws_of_worker(N_UNPARTITIONED))


@pytest.mark.parametrize("workers", [2, 3])
def test_a_short_text_draws_the_same_negatives_with_any_number_of_workers(workers):
    """The workers share one stream of job seeds; an update may get lost where two of them train a row at once."""
    (drawn,) = draws_of_model([TEXT] * 16, workers=workers)
    (expected,) = draws_of_model([TEXT] * 16, workers=1)
    assert np.abs(drawn - expected).sum() < 0.01 * expected.sum()


@pytest.mark.parametrize(
    ("n_partitions", "first", "whole"), one_in(3, itertools.product(N_PARTITIONS, (0, 1_000_003), WHOLE))
)
def test_jobs_together_draw_from_the_whole_distribution(n_partitions, first, whole):
    """This holds for any consecutive jobs whose number is a multiple of the number of partitions."""
    n_jobs = 4 * max(N_PARTITIONS)
    drawn = draws_of_worker(N_UNPARTITIONED + n_jobs, first=first, n_partitions=n_partitions, whole=whole)
    assert_noise(drawn - draws_of_worker(N_UNPARTITIONED))


@pytest.mark.parametrize("workers", [1, 3])
def test_an_epoch_draws_from_the_whole_distribution(workers):
    (drawn,) = draws_of_model([UNKNOWN] * N_UNPARTITIONED + [TEXT] * 64, workers=workers)
    assert_noise(drawn)


@pytest.mark.parametrize("n_partitions", [2, 4, pytest.param(16, marks=pytest.mark.slow)])
def test_jobs_of_different_partitions_have_only_frequent_words_in_common(n_partitions):
    jobs = [draws_of_job(partition, n_partitions) for partition in range(n_partitions)]
    assert share_of_common(jobs) < 0.15  # the words on the borders between stripes
    assert np.count_nonzero((np.count_nonzero(jobs, axis=0) > 1) & RARE) <= 512
    assert share_of_common([draws_of_job(partition, 1) for partition in range(n_partitions)]) > 0.3


def test_all_partitions_have_the_first_words_in_common():
    jobs = np.stack([draws_of_job(partition, 16, whole=1_000) for partition in range(16)])
    frequent = np.arange(1, 100)
    expected = NEGATIVE * TOKENS * NOISE[frequent].sum()
    np.testing.assert_allclose(jobs[:, frequent].sum(axis=1), expected, rtol=0.1)
    behind = jobs[:, 1_000:]
    common = np.count_nonzero(behind, axis=0) > 1
    assert behind[:, common].sum() < 0.15 * behind.sum()


@pytest.mark.parametrize("trainings", [1, 2])
def test_a_job_changes_its_partition_from_epoch_to_epoch_and_from_training_to_training(trainings):
    """The jobs before it hold no known word, so that all draws of an epoch are those of one job."""
    corpus, epochs = [UNKNOWN] * N_UNPARTITIONED + [TEXT], 2 // trainings

    def share(workers):
        epochs_draws = draws_of_model(corpus, workers=workers, trainings=trainings, epochs=epochs)
        return share_of_common(epochs_draws, first=1_024)  # all jobs draw the words before it

    assert share(workers=2) < 0.15
    assert share(workers=1) > 0.2


def test_the_number_of_partitions_must_be_a_power_of_two():
    with pytest.raises(ValueError, match=r"n_partitions=3 must be a power of two, 16 at most"):
        draws_of_worker(1, n_partitions=3)
