"""The queue, threads and jobs of a reproducible training, which is done in rounds (`fastw2v._rounds`).

The result depends on `virtual_workers`, the number of jobs of a round, and on `round_words`, their size together. It
does not depend on the number of threads. In this module, only the threads themselves and the capacity of the queue may
therefore depend on that number.

The negatives of a job come from one partition of the noise distribution, as with many workers (`sharing`). The reason
is a different one: a job copies each row that it trains, and the negatives of one partition have fewer different words.
A short job therefore draws from a small partition, so that it uses each row as often as a long job does.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fastw2v._rounds import Rounds, RoundWorker
from fastw2v.engine.job_queue import JobQueue
from fastw2v.engine.network import Network
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.training.sharing import MANY_WORKERS, SharingPlan, plan_for
from fastw2v.training.trainer import QUEUE_WORDS, EncodedJobs, cut_into_jobs, thread_count

VIRTUAL_WORKERS = 8
MAX_VIRTUAL_WORKERS = 1 << 16
ROUND_WORDS = 16_000
MAX_PARTITIONS = 128  # largest number that `Rounds` accepts
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
    plan = plan_for(MANY_WORKERS, network.dim, network.cum_table)
    rounds = Rounds(
        network,
        virtual_workers,
        key,
        first_job=first_job,
        first_partition=first_partition,
        n_partitions=_n_partitions(plan, job_words),
        n_whole_words=plan.whole_words,
    )
    return (
        JobQueue(max(capacity, 1), network.n_words),
        [RoundWorker(rounds, reports=i == 0) for i in range(n_workers)],
        jobs,
    )


def _n_partitions(plan: SharingPlan, job_words: int) -> int:
    """Return the number of partitions: that of the plan, or more for short jobs."""
    n = plan.partitions
    if plan.whole_words:  # the most frequent words are in all of them
        while 2 * n <= MAX_PARTITIONS and 2 * n * job_words <= PARTITION_WORDS:
            n *= 2
    return n


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
