"""One epoch of training: consecutive jobs, each with a learning rate, are handed to worker threads.

The calling thread hands out jobs through a bounded queue, runs barriers between them, reports progress, and raises the
first error of any thread. Each worker is a Python thread inside one long call of `Worker.run`; several workers update
the shared weights without locks (Hogwild: Niu et al. 2011). No thread ever waits for an event that cannot happen. A
worker that fails stops the queue. If the calling thread is interrupted by an error of the corpus or by Ctrl-C, it stops
the queue too, and then joins the workers.

The loop in `Trainer` serves two kinds of jobs. Encoded jobs (`EncodedJobs`, this module) run in the compiled loops of
`fastw2v._inner` without the GIL. Jobs of plain sentences (`sentence_jobs`) go through the methods of `Word2Vec` that a
subclass has overridden.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastw2v._inner import Worker
from fastw2v.common.cores import usable_cores
from fastw2v.common.logs import get_logger
from fastw2v.common.worker_pool import WorkerPool
from fastw2v.engine.job_queue import JobQueue, cut_jobs
from fastw2v.engine.network import Network
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.training.barriers import Barrier, BarrierSchedule, TrainingPosition, check_same_position
from fastw2v.training.progress import ProgressReporter, Tally
from fastw2v.training.sharing import plan_for

logger = get_logger(__name__, "models.word2vec")

POLL_SECONDS = 0.05  # longest time until a report, an error or Ctrl-C is noticed
MAX_THREADS_PER_CORE = 16
STREAM_WORDS = 50_000  # raw words that are encoded at a time if the corpus is iterated anew in each epoch
QUEUE_WORDS = 2_000_000  # raw words that may wait for the workers of such a corpus
PUSHED_JOBS = 64  # at most at a time, so that workers begin while the jobs after these are checked

JobAlphas = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]


def thread_count(workers: int) -> int:
    """Return the number of threads to start for `workers`.

    -1 means one thread for each core that the process may use, -2 one less, and so on. There are at most 16 threads for
    each of these cores: with more, threads that wait for jobs take time from those that train.

    Raises
    ------
    ValueError
        If `workers` is 0.
    """
    if workers == 0:
        raise ValueError("workers=0 would train nothing; use workers=1 or more, or -1 for one a core")
    cores = usable_cores()
    if workers < 0:
        return max(cores + 1 + workers, 1)
    return min(workers, MAX_THREADS_PER_CORE * cores)


def chunk_words(batch_words: int) -> int:
    """Return the smallest number of raw words that a chunk of a streamed corpus should hold."""
    return max(STREAM_WORDS, batch_words)


class Queue(Protocol):
    """A bounded queue of jobs, filled by the calling thread and emptied by the workers."""

    @property
    def n_free(self) -> int:
        """The number of jobs that can be pushed now; the whole capacity only when every job is done."""

    @property
    def n_waiting(self) -> int:
        """The number of jobs that no worker has taken yet."""

    @property
    def stopped(self) -> bool: ...
    def close(self) -> None: ...
    def stop(self) -> None: ...


class QueueWorker(Protocol):
    """Trains the jobs of a queue until the queue is closed or stopped."""

    def run(self, queue: Any) -> None: ...
    def tallies(self) -> tuple[int, int, int, int, float]: ...


class JobBatch(Protocol):
    """Consecutive jobs that are available together.

    Attributes
    ----------
    sentences_at, words_at : ndarray of int64, shape (jobs + 1,)
        The sentences and raw words of the batch before each job, and those of the whole batch at the end.
    """

    @property
    def sentences_at(self) -> NDArray[np.int64]: ...
    @property
    def words_at(self) -> NDArray[np.int64]: ...
    def push(self, queue: Any, first: int, last: int, alphas: NDArray[np.float64]) -> None:
        """Push the jobs from `first` up to `last`, which is excluded, with the learning rate of each."""


class CallingThreadQueue:
    """The queue if the system allows no thread: a job is trained when it is pushed.

    Parameters
    ----------
    make_queue : callable
        Returns a new queue of one job for the worker.
    worker : QueueWorker
    """

    n_free = 1
    n_waiting = 0
    stopped = False

    def __init__(self, make_queue: Callable[[], Any], worker: QueueWorker) -> None:
        self._make_queue = make_queue
        self._worker = worker

    def push(self, *job: Any) -> None:
        """Train a job."""
        queue = self._make_queue()
        queue.push(*job)
        queue.close()
        self._worker.run(queue)

    def close(self) -> None:
        """Do nothing, because every job is trained already."""

    def stop(self) -> None:
        """Do nothing, because there is no thread to stop."""


@dataclass(frozen=True, eq=False)
class EncodedJobs:
    """Jobs of an encoded corpus.

    Attributes
    ----------
    corpus : EncodedCorpus
    sentences_at : ndarray of int64, shape (jobs + 1,)
        The sentence that each job starts at, and the number of sentences.
    """

    corpus: EncodedCorpus
    sentences_at: NDArray[np.int64]

    @property
    def words_at(self) -> NDArray[np.int64]:
        """The raw words before each job."""
        words_at = np.zeros(self.corpus.n_sentences + 1, dtype=np.int64)
        np.cumsum(self.corpus.raw_lengths, out=words_at[1:])
        return words_at[self.sentences_at]

    def push(self, queue: JobQueue, first: int, last: int, alphas: NDArray[np.float64]) -> None:
        """Push the jobs from `first` up to `last`."""
        corpus, starts = self.corpus, self.sentences_at[first : last + 1]
        queue.push(
            corpus.ids, corpus.offsets, corpus.raw_lengths, starts, alphas.astype(np.float32), corpus.weights
        )


class Trainer:
    """Trains one epoch.

    Parameters
    ----------
    queue : Queue
    workers : sequence of QueueWorker
        One thread is started for each.
    alphas : callable
        Maps (sentences handed out before each job, raw words handed out before each job) to the learning rate of each
        job.
    reporter : ProgressReporter
    barriers : sequence of Barrier
    start : TrainingPosition
        Where to begin: the jobs before it were trained already and are skipped.
    make_queue : callable, optional
        Returns a new queue of one job, for a calling thread that has to train the jobs itself.
    round_jobs : int, default 1
        Barriers are only run after a multiple of this number of jobs.
    """

    def __init__(
        self,
        queue: Queue,
        workers: Sequence[QueueWorker],
        *,
        alphas: JobAlphas,
        reporter: ProgressReporter,
        barriers: Sequence[Barrier] = (),
        start: TrainingPosition | None = None,
        make_queue: Callable[[], Any] | None = None,
        round_jobs: int = 1,
    ) -> None:
        self._queue = queue
        self._round_jobs = round_jobs
        self._make_queue = make_queue
        self._workers = workers
        self._alphas = alphas
        self._reporter = reporter
        self._pool: WorkerPool | None = None
        self._start = start or TrainingPosition()
        self._schedule = BarrierSchedule(barriers, self._start)
        self._capacity = queue.n_free
        self._jobs = self._sentences = self._raw_words = 0  # handed out, including those before the start
        self._rates = array("d")  # of the jobs that were handed out

    def train_epoch(self, batches: Iterable[JobBatch]) -> Tally:
        """Train every job of consecutive batches once, while the calling thread iterates over `batches`.

        Returns
        -------
        Tally
            The counts of what the epoch has trained, including the part before the start.

        Raises
        ------
        CorpusChangedError
            If the corpus before the start has changed.
        Exception
            Any exception of the corpus, a barrier or a worker; the weights keep what was trained before it.
        """
        pool = self._pool = WorkerPool(self._queue.stop)
        try:
            with pool.guard:
                self._start_workers(pool)
                self._hand_out(batches)
                self._check_process()
                self._queue.close()
                while pool.busy(POLL_SECONDS):
                    self._report()
        finally:
            pool.shutdown()
        pool.raise_error()
        position = self._position(complete=True)
        if not self._start.complete:
            self._schedule.run(position)
        return position.tally

    @property
    def alpha(self) -> float | None:
        """The learning rate of the job that a worker has taken last, or of the first job; None before there is one.

        At a barrier and at the end of an epoch, no job is waiting, and it is the rate of the last job.
        """
        n_taken = len(self._rates) - self._queue.n_waiting
        return self._rates[min(max(n_taken, 1), len(self._rates)) - 1] if self._rates else None

    def _start_workers(self, pool: WorkerPool) -> None:
        """Start a thread for each worker, or as many as the system allows; without any, train in the calling thread."""
        for n_started, worker in enumerate(self._workers):
            try:
                pool.start(partial(worker.run, self._queue))
            except RuntimeError as error:
                if not n_started and self._make_queue is None:
                    raise
                logger.warning(
                    "the system allows %i of %i worker threads (%s); training goes on with %s",
                    n_started, len(self._workers), error, "these" if n_started else "the calling thread alone",
                )  # fmt: skip
                if not n_started and self._make_queue is not None:
                    self._queue = CallingThreadQueue(self._make_queue, worker)
                    self._capacity = self._queue.n_free
                return

    def _hand_out(self, batches: Iterable[JobBatch]) -> None:
        for batch in batches:
            self._check_process()  # before any use of the queue, whose lock a worker of the parent may have held
            sentences_before = self._sentences + batch.sentences_at
            words_before = self._raw_words + batch.words_at
            first, n_jobs = self._skip(sentences_before, words_before), len(sentences_before) - 1
            alphas = self._alphas(sentences_before[first:-1], words_before[first:-1])
            done = first
            while done < n_jobs:
                due = words_before[done] >= self._schedule.next_words and self._jobs % self._round_jobs == 0
                if not self._wait_for_space(self._capacity if due else 1):
                    return
                if due:
                    self._schedule.run(self._position())
                before_barrier = np.searchsorted(words_before[done + 1 : -1], self._schedule.next_words)
                to_barrier = 1 + int(before_barrier)
                to_barrier += -(self._jobs + to_barrier) % self._round_jobs
                last = min(done + min(to_barrier, self._queue.n_free, PUSHED_JOBS), n_jobs)
                batch.push(self._queue, done, last, alphas[done - first : last - first])
                self._rates.extend(alphas[done - first : last - first].tolist())
                self._count(last - done, int(sentences_before[last]), int(words_before[last]))
                done = last
            self._report()
            if self._queue.stopped:
                return
        if self._start.complete or self._jobs < self._start.jobs:
            check_same_position(self._start, self._sentences, self._raw_words)

    def _check_process(self) -> None:
        """Raise a RuntimeError in a child that the corpus iterator has forked."""
        if self._pool is not None:
            self._pool.check_process()

    def _skip(self, sentences_before: NDArray[np.int64], words_before: NDArray[np.int64]) -> int:
        """Count the jobs of a batch before the start as handed out, without training them; return their number."""
        n_jobs = len(sentences_before) - 1
        n_skipped = n_jobs if self._start.complete else min(self._start.jobs - self._jobs, n_jobs)
        if n_skipped <= 0:
            return 0
        self._count(n_skipped, int(sentences_before[n_skipped]), int(words_before[n_skipped]))
        if self._jobs == self._start.jobs and not self._start.complete:
            check_same_position(self._start, self._sentences, self._raw_words)
        return n_skipped

    def _count(self, jobs: int, sentences: int, raw_words: int) -> None:
        """Count `jobs` more jobs; the other arguments are the numbers handed out since the beginning of the epoch."""
        self._jobs += jobs
        self._sentences, self._raw_words = sentences, raw_words

    def _wait_for_space(self, n_jobs: int) -> bool:
        """Wait until `n_jobs` can be pushed; return False if the queue was stopped."""
        while self._queue.n_free < n_jobs:
            time.sleep(0.001)
            if self._pool is not None:
                self._pool.check()
            self._report()
            if self._queue.stopped:
                return False
        return True

    def _report(self) -> None:
        alpha = self.alpha
        if alpha is not None and self._reporter.is_observed:
            self._reporter.report(self._tally(), alpha, self._queue.n_waiting)

    def _tally(self) -> Tally:
        return sum((Tally(*worker.tallies()) for worker in self._workers), self._start.tally)

    def _position(self, *, complete: bool = False) -> TrainingPosition:
        return TrainingPosition(
            self._start.epoch, self._jobs, self._sentences, self._raw_words, complete, self._tally()
        )


def prepare_encoded(
    network: Network,
    corpus: EncodedCorpus | Iterable[EncodedCorpus],
    *,
    workers: int,
    batch_words: int,
    first_partition: int,
) -> tuple[JobQueue, list[Worker], Iterable[EncodedJobs]]:
    """Return the queue, the workers and the jobs that train `network` on an encoded corpus.

    Parameters
    ----------
    network : Network
        The weights, tables and settings.
    corpus : EncodedCorpus or iterable of EncodedCorpus
        The whole corpus, or its consecutive chunks.
    workers : int
        See `thread_count`. A whole corpus gets no more workers than it has jobs.
    batch_words : int
        Largest number of raw words of a job; a longer sentence is a job of its own.
    first_partition : int
        The noise partition of the first job. It differs from epoch to epoch, so that a job does not draw from the same
        partition in each epoch.
    """
    n_workers = thread_count(workers)
    jobs: Iterable[EncodedJobs]
    n_jobs = None
    if isinstance(corpus, EncodedCorpus):
        jobs = list(cut_into_jobs([corpus], batch_words))
        capacity = n_jobs = sum(len(batch.sentences_at) - 1 for batch in jobs)
        n_workers = min(n_workers, capacity)
    else:
        jobs = cut_into_jobs(corpus, batch_words)
        capacity = max(4 * n_workers, QUEUE_WORDS // batch_words)
    return (
        JobQueue(max(capacity, 1), network.n_words),
        _make_workers(network, n_workers, n_jobs, first_partition),
        jobs,
    )


def _make_workers(network: Network, n: int, jobs: int | None, first_partition: int) -> list[Worker]:
    plan = plan_for(
        n,
        network.dim,
        network.cum_table,
        cores=usable_cores(),
        jobs=jobs,
        pair_negatives=network.pair_negatives,
    )
    return [
        Worker(
            network,
            replicated_words=plan.words,
            replicated_nodes=plan.nodes,
            replica_uses=plan.uses,
            first_partition=first_partition,
            n_partitions=plan.partitions,
            n_whole_words=plan.whole_words,
            replicated_inputs=plan.inputs,
            input_uses=plan.input_uses,
        )
        for _ in range(n)
    ]


def cut_into_jobs(chunks: Iterable[EncodedCorpus], batch_words: int) -> Iterator[EncodedJobs]:
    """Cut the consecutive chunks of a corpus into jobs.

    The jobs are those of the undivided corpus: the last job of a chunk waits for the next chunk, because its sentences
    may continue there.
    """
    pending: EncodedCorpus | None = None
    first = True
    for chunk in chunks:
        pending = chunk if pending is None else pending.joined(chunk)
        starts = cut_jobs(pending.raw_lengths, batch_words, first)
        if starts.size > 2:
            yield EncodedJobs(pending, starts[:-1])
            pending, first = pending.sentences(int(starts[-2]), pending.n_sentences), False
    if pending is not None and pending.n_sentences:
        yield EncodedJobs(pending, cut_jobs(pending.raw_lengths, batch_words, first))
