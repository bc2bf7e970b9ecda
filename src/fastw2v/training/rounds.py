"""The queue, threads and jobs of a reproducible training, which is done in rounds (`fastw2v._rounds`).

The result depends on `virtual_workers`, the number of jobs of a round, and on `round_words`, their size together. It
does not depend on the number of threads. In this module, only the threads themselves and the capacity of the queue may
therefore depend on that number.

The negatives of a job come from one partition of the noise distribution, as with many workers (`sharing`). The reason
is a different one: a job copies each row that it trains, and the negatives of one partition have fewer different words.
A short job therefore draws from a small partition, so that it uses each row as often as a long job does. Where a window
has one set of negatives, as in CBOW, fewer words are in all partitions, for the same reason. Skip-gram draws five times
as many negatives in a job, and uses its copies of these words often enough.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fastw2v._rounds import Rounds, RoundWorker
from fastw2v.engine.job_queue import JobQueue
from fastw2v.engine.network import Network
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.training.sharing import MANY_WORKERS, head_of_whole_stripes, plan_for
from fastw2v.training.trainer import QUEUE_WORDS, EncodedJobs, cut_into_jobs, thread_count

VIRTUAL_WORKERS = 8
MAX_VIRTUAL_WORKERS = 1 << 16
ROUND_WORDS = 16_000
MAX_PARTITIONS = 128  # largest number that `Rounds` accepts
COMMON_WORDS = (
    512  # largest number of words that are in all partitions, where a window has one set of negatives
)
PARTITION_WORDS = 160_000  # the number of partitions times the raw words of a job is about this number


def prepare_rounds(
    network: Network,
    corpus: EncodedCorpus | Iterable[EncodedCorpus],
    *,
    workers: int,
    virtual_workers: int,
    round_words: int,
    key: int,
    first_partition: int,
    first_job: int = 0,
) -> tuple[JobQueue, list[RoundWorker], Iterable[EncodedJobs]]:
    """Return the queue, the workers and the jobs that train `network` on an encoded corpus in rounds.

    Parameters
    ----------
    network, corpus, workers, first_partition
        As in `prepare_encoded`. There are no more threads than virtual workers.
    virtual_workers : int
        The number of jobs of a round.
    round_words : int
        Largest number of raw words of a round, except for long sentences; all jobs have an equal share of it.
    key : int
        The key of the epoch, from `epoch_key`.
    first_job : int, default 0
        The number of jobs of the epoch that were trained before; it must be at the start of a round.
    """
    job_words = max(1, round_words // virtual_workers)
    n_workers = min(thread_count(workers), virtual_workers)
    jobs: Iterable[EncodedJobs]
    if isinstance(corpus, EncodedCorpus):
        jobs = list(cut_into_jobs([corpus], job_words))
        capacity = sum(len(batch.sentences_at) - 1 for batch in jobs)
        n_workers = min(n_workers, capacity)
    else:
        jobs = cut_into_jobs(corpus, job_words)
        capacity = max(2 * virtual_workers, QUEUE_WORDS // job_words)  # a round must fit into the queue
    n_partitions, n_common = _partitions(network, job_words)
    rounds = Rounds(
        network,
        virtual_workers,
        key,
        first_job=first_job,
        first_partition=first_partition,
        n_partitions=n_partitions,
        n_whole_words=n_common,
    )
    return (
        JobQueue(max(capacity, 1), network.n_words),
        [RoundWorker(rounds, reports=i == 0) for i in range(n_workers)],
        jobs,
    )


def _partitions(network: Network, job_words: int) -> tuple[int, int]:
    """Return the number of partitions, and how many of the first words are in all of them.

    They are those of many workers, with more partitions for short jobs, if the first words are the most frequent ones.
    Jobs that draw fewer negatives have fewer words in common.
    """
    plan = plan_for(MANY_WORKERS, network.dim, network.cum_table)
    n = plan.partitions
    if network.cum_table is None or not plan.whole_words:
        return n, 0
    while 2 * n <= MAX_PARTITIONS and 2 * n * job_words <= PARTITION_WORDS:
        n *= 2
    if network.pair_negatives:
        return n, plan.whole_words
    return n, head_of_whole_stripes(network.cum_table, min(plan.whole_words, COMMON_WORDS), n)


def epoch_key(random: np.random.RandomState, train_count: int, epoch: int) -> int:
    """Return the number from which all random draws of an epoch are derived.

    It depends on the state of `random`, which is not changed, so a training that is resumed has the same key.

    Parameters
    ----------
    random : numpy.random.RandomState
        The random state of the model.
    train_count : int
        The number of trainings of the model before this one.
    epoch : int
        The number of the epoch, from 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.training.rounds import epoch_key
    >>> random = np.random.RandomState(1)
    >>> keys = [epoch_key(random, 0, epoch) for epoch in (0, 1, 1)]
    >>> keys[0] == keys[1], keys[1] == keys[2]
    (False, True)
    """
    copy = np.random.RandomState()
    copy.set_state(random.get_state())
    drawn = copy.randint(2**32, size=2, dtype=np.uint32)
    entropy = [*map(int, drawn), int(train_count), epoch]
    return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])
