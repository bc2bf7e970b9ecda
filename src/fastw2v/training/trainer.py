"""One epoch of training: encoded sentences -> jobs with learning rates -> worker threads -> tallies.

The calling thread cuts jobs, hands them out, reports, and re-raises the first error of any thread. The workers are
Python threads, each inside one long call without the GIL (`_inner.Worker.run`) over the shared weights (Hogwild). No
thread ever waits for something that cannot come: a worker that fails stops the feed, and the calling thread, whatever
ends it (an error of the corpus, Ctrl-C), stops it too and then joins the workers.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastw2v._inner import Worker
from fastw2v.engine.job_queue import Feed, cut_jobs
from fastw2v.engine.network import Network
from fastw2v.common.worker_pool import WorkerPool
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.training.barriers import Pause, Position, Timetable, check_reached
from fastw2v.training.progress import Reporter, Tally

POLL_SECONDS = 0.05  # how long a report, an error or Ctrl-C may wait to be seen
THREADS_A_CORE = 16
STREAM_WORDS = 50_000  # raw words encoded at a time where the corpus is iterated afresh
# Parts of the noise distribution, in which the jobs of several workers take turns. So many keep neighbouring jobs apart
# even where one overtakes another; of more, a job would see too little: words of a topic come up in a few jobs only.
NOISE_PARTS = 4
# Rows of which each of several workers trains a copy. Words: those that all parts of the noise have in common. Of any
# other word one copy would learn as a negative only, and the others as a word of the text only.
HOT_WORDS = 16
HOT_NODES_BYTES = 307_200  # inner nodes: 768 of 100 dimensions
HOT_USES = 64  # of a copy before it gives back what it has learnt, with two workers; with more, fewer
RING_WORDS = 2_000_000  # raw words that may wait for the workers then

P = ParamSpec("P")
R = TypeVar("R")
JobAlphas = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]


@dataclass(frozen=True)
class LearningRate:
    """The learning rate, falling linearly over all epochs from `alpha` to `min_alpha`.

    It is constant within a job. Progress within an epoch is the share of sentences (of raw words, where the number of
    sentences is not known) handed out before the job.
    """

    alpha: float
    min_alpha: float
    epochs: int
    total_examples: int | None
    total_words: int | None

    def of_jobs(
        self, epoch: int, sentences_before: NDArray[np.int64], words_before: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the rate of each job of an epoch, given what was handed out before it."""
        if self.total_examples:
            within = sentences_before / self.total_examples
        else:
            within = words_before / (self.total_words or 1)
        progress = (epoch + within) / self.epochs
        rates: NDArray[np.float64] = np.maximum(
            self.min_alpha, self.alpha - (self.alpha - self.min_alpha) * progress
        )
        return rates


_UNDER_TRAINING: dict[int, int] = {}  # id of a model -> the thread that trains it, or lets it grow
_DOOR = threading.Lock()


def _start_anew_in_child() -> None:
    """The threads of the parent are not those of a child of `fork`, and none of them will open the door."""
    global _DOOR
    _DOOR = threading.Lock()
    _UNDER_TRAINING.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_in_child)


def by_one_thread(method: Callable[P, R]) -> Callable[P, R]:
    """Let only one thread at a time be within such methods of an object; the same one may be again, in a callback.

    Raises
    ------
    RuntimeError
        In any other thread meanwhile.
    """

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        key, me = id(args[0]), threading.get_ident()
        with _DOOR:
            outermost = key not in _UNDER_TRAINING
            owner = _UNDER_TRAINING.setdefault(key, me)
        if owner != me:
            raise RuntimeError(
                "another thread is training this model or growing its vocabulary; wait for it, or take a copy "
                "(copy.deepcopy(model)): workers=N trains one model by several threads"
            )
        try:
            return method(*args, **kwargs)
        finally:
            if outermost:
                _UNDER_TRAINING.pop(key, None)

    return guarded


def thread_count(workers: int) -> int:
    """Return how many threads to start for `workers`; -1 means one a core, -2 one core less, and so on.

    No more than 16 a core: beyond that, threads that wait for jobs take the time of those that train.

    Raises
    ------
    ValueError
        If `workers` is 0, which would train nothing.
    """
    if workers == 0:
        raise ValueError("workers=0 would train nothing; use workers=1 or more, or -1 for one a core")
    cores = os.cpu_count() or 1
    if workers < 0:
        return max(cores + 1 + workers, 1)
    return min(workers, THREADS_A_CORE * cores)


def hot_rows(dim: int) -> tuple[int, int]:
    """Return how many output rows of words, and of inner nodes, each of several workers keeps copies of."""
    return HOT_WORDS, max(1, HOT_NODES_BYTES // (dim * np.dtype(np.float32).itemsize))


class Trainer:
    """Trains a network, epoch by epoch.

    Parameters
    ----------
    network : Network
        The weights, the tables, the settings.
    workers : int
        Threads to train with.
    batch_words : int
        Raw words of a job, at most (a longer sentence is a job of its own).
    reporter : Reporter
        Told how far it is.
    pauses : sequence of Pause
        What to do between jobs, while all workers rest.
    turn : int
        A number that grows from epoch to epoch, so that a job does not meet the same part of the noise each time.
    """

    def __init__(
        self,
        network: Network,
        *,
        workers: int,
        batch_words: int,
        reporter: Reporter,
        pauses: Sequence[Pause] = (),
        turn: int = 0,
    ) -> None:
        if batch_words < 1:
            raise ValueError(f"batch_words={batch_words} must be at least 1")
        self._network = network
        self._workers = thread_count(workers)
        self._batch_words = batch_words
        self._reporter = reporter
        self._pauses = pauses
        self._turn = turn
        self.last_alpha: float | None = None

    @property
    def stream_words(self) -> int:
        """Raw words a chunk of a streamed corpus had best hold."""
        return max(STREAM_WORDS, self._batch_words)

    def train_epoch(
        self,
        corpus: EncodedCorpus | Iterable[EncodedCorpus],
        alphas: JobAlphas,
        start: Position | None = None,
    ) -> Tally:
        """Train every sentence once.

        Parameters
        ----------
        corpus : EncodedCorpus or iterable of them
            The whole corpus, or its consecutive chunks; these are taken by the calling thread while workers train.
        alphas : callable
            (sentences handed out before each job, raw words likewise) -> learning rate of each job.
        start : Position, optional
            Where to begin: the jobs before are skipped, as trained already. None: at the beginning.

        Returns
        -------
        Tally
            What was trained, up to `start` included.

        Raises
        ------
        CorpusChangedError
            If the corpus before `start` is not what it was.
        Exception
            Whatever the corpus, a pause or a worker raised; the weights keep what was trained until then.
        """
        start = start or Position()
        if isinstance(corpus, EncodedCorpus):
            jobs = list(cut_chunks([corpus], self._batch_words))
            capacity = sum(starts.size - 1 for _, starts in jobs)
            n_threads = min(self._workers, capacity)
            return self._run(iter(jobs), alphas, max(capacity, 1), n_threads, start)
        capacity = max(4 * self._workers, RING_WORDS // self._batch_words)
        return self._run(cut_chunks(corpus, self._batch_words), alphas, capacity, self._workers, start)

    def _run(
        self, jobs: Iterator[Any], alphas: JobAlphas, capacity: int, n_threads: int, start: Position
    ) -> Tally:
        feed = Feed(capacity, self._network.n_words)
        workers = self._make_workers(n_threads)
        timetable = Timetable(self._pauses, start)
        handed_out = _HandedOut(start, workers)
        pool = WorkerPool(feed.stop)
        try:
            with pool.guard:
                for worker in workers:
                    pool.start(partial(worker.run, feed))
                self._hand_out(jobs, alphas, feed, capacity, handed_out, timetable)
                feed.close()
                while pool.busy(POLL_SECONDS):
                    self._report(feed, handed_out)
        finally:
            pool.shutdown()
        pool.raise_error()
        position = handed_out.position(complete=True)
        if not start.complete:
            timetable.run(position)
        return position.tally

    def _make_workers(self, n: int) -> list[Worker]:
        if n < 2:
            return [Worker(self._network) for _ in range(n)]
        words, nodes = hot_rows(self._network.dim)
        uses = max(8, min(HOT_USES, 2 * HOT_USES // n))
        return [Worker(self._network, words, nodes, uses, self._turn, NOISE_PARTS) for _ in range(n)]

    def _hand_out(
        self,
        jobs: Iterator[Any],
        alphas: JobAlphas,
        feed: Feed,
        capacity: int,
        handed_out: _HandedOut,
        timetable: Timetable,
    ) -> None:
        for corpus, starts in jobs:
            words_at = np.zeros(corpus.n_sentences + 1, dtype=np.int64)
            np.cumsum(corpus.raw_lengths, out=words_at[1:])
            sentences_before = handed_out.sentences + starts
            words_before = handed_out.raw_words + words_at[starts]
            del words_at  # a number a sentence, not needed any more
            rates = alphas(sentences_before[:-1], words_before[:-1])
            rates32 = rates.astype(np.float32)
            n_jobs = starts.size - 1
            first = handed_out.skip(sentences_before, words_before)
            while first < n_jobs:
                due = words_before[first] >= timetable.next_words
                if not self._wait_for_room(capacity if due else 1, feed, handed_out):
                    return
                if due:
                    timetable.run(handed_out.position())
                before_pause = np.searchsorted(words_before[first + 1 : -1], timetable.next_words)
                last = first + min(1 + int(before_pause), feed.room)
                feed.push(
                    corpus.ids,
                    corpus.offsets,
                    corpus.raw_lengths,
                    starts[first : last + 1],
                    rates32[first:last],
                )
                self.last_alpha = float(rates[last - 1])
                handed_out.add(last - first, int(sentences_before[last]), int(words_before[last]))
                first = last
            self._report(feed, handed_out)
            if feed.stopped:
                return
        handed_out.check_complete()

    def _wait_for_room(self, n_jobs: int, feed: Feed, handed_out: _HandedOut) -> bool:
        """Wait until the feed takes so many jobs, its whole capacity once all are done; False if it was stopped."""
        while feed.room < n_jobs:
            time.sleep(0.001)
            self._report(feed, handed_out)
            if feed.stopped:
                return False
        return True

    def _report(self, feed: Feed, handed_out: _HandedOut) -> None:
        if self._reporter.polls:
            self._reporter.within_epoch(handed_out.tally(), self.last_alpha or 0.0, feed.waiting)


class _HandedOut:
    """How far an epoch is: the jobs that were handed out, those before its start included."""

    def __init__(self, start: Position, workers: list[Worker]) -> None:
        self.jobs = self.sentences = self.raw_words = 0
        self._start = start
        self._workers = workers

    def add(self, jobs: int, sentences: int, raw_words: int) -> None:
        """Count so many jobs more, after which so many sentences and words have been handed out in all."""
        self.jobs += jobs
        self.sentences, self.raw_words = sentences, raw_words

    def skip(self, sentences_before: NDArray[np.int64], words_before: NDArray[np.int64]) -> int:
        """Count those of the next jobs that are before the start; return how many they are."""
        n_jobs = len(sentences_before) - 1
        n_before = n_jobs if self._start.complete else min(self._start.jobs - self.jobs, n_jobs)
        if n_before <= 0:
            return 0
        self.add(n_before, int(sentences_before[n_before]), int(words_before[n_before]))
        if self.jobs == self._start.jobs and not self._start.complete:
            check_reached(self._start, self.sentences, self.raw_words)
        return n_before

    def check_complete(self) -> None:
        """Raise unless the corpus reached to the start."""
        if self._start.complete or self.jobs < self._start.jobs:
            check_reached(self._start, self.sentences, self.raw_words)

    def tally(self) -> Tally:
        return sum((Tally(*worker.tallies()) for worker in self._workers), self._start.tally)

    def position(self, *, complete: bool = False) -> Position:
        return Position(self._start.epoch, self.jobs, self.sentences, self.raw_words, complete, self.tally())


def cut_chunks(
    chunks: Iterable[EncodedCorpus], batch_words: int
) -> Iterator[tuple[EncodedCorpus, NDArray[np.int64]]]:
    """Cut consecutive chunks of a corpus into jobs; return each piece with the sentence index every job starts at.

    The jobs are those of the undivided corpus: the last one of a chunk waits for the next chunk, as it may go on there.
    """
    pending: EncodedCorpus | None = None
    first = True
    for chunk in chunks:
        pending = chunk if pending is None else pending.joined(chunk)
        starts = cut_jobs(pending.raw_lengths, batch_words, first)
        if starts.size > 2:
            yield pending, starts[:-1]
            pending, first = pending.sentences(int(starts[-2]), pending.n_sentences), False
    if pending is not None and pending.n_sentences:
        yield pending, cut_jobs(pending.raw_lengths, batch_words, first)
