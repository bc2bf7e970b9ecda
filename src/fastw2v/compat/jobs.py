"""Training through the methods of gensim's Word2Vec that subclasses override.

Where a subclass overrides none of them, training never comes here. Where it does, jobs are made of the sentences
themselves, as gensim makes them, and each goes through the model's own ``_do_train_job`` in one of the worker threads;
what that returns is counted. The base method trains its sentences with the engine, so a subclass may look at or change
the sentences and pass them on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from fastw2v._inner import Worker
from fastw2v.engine.job_queue import JobQueue
from fastw2v.engine.network import Network
from fastw2v.common.worker_pool import WorkerPool
from fastw2v.text.encoding import encode
from fastw2v.training.epoch import Epoch
from fastw2v.training.barriers import Position, Timetable, check_reached
from fastw2v.training.progress import Tally
from fastw2v.training.trainer import POLL_SECONDS, thread_count

if TYPE_CHECKING:
    from fastw2v.word2vec import Word2Vec

Memory = tuple[NDArray[np.float32], NDArray[np.float32]]

_OVERRIDABLE = ("_do_train_job", "_raw_word_count", "_get_next_alpha", "_get_thread_working_mem")


class Engine:
    """Trains batches of sentences on a network that stays the same for an epoch."""

    def __init__(self, network: Network, key_to_index: dict[Any, int]) -> None:
        self._network = network
        self._key_to_index = key_to_index
        self._lock = threading.Lock()
        self.loss = 0.0
        self.examples = 0

    def train(self, sentences: Iterable[Any], alpha: float) -> Tally:
        """Train `sentences` as one job; safe to be called by many threads at a time."""
        encoded = encode(sentences, self._key_to_index, budget=float("inf"))
        queue = JobQueue(1, self._network.n_words)
        worker = Worker(self._network)
        queue.push(
            encoded.ids,
            encoded.offsets,
            encoded.raw_lengths,
            np.array([0, encoded.n_sentences], dtype=np.int64),
            np.array([alpha], dtype=np.float32),
        )
        queue.close()
        worker.run(queue)
        tally = Tally(*worker.tallies())
        with self._lock:
            self.loss += tally.loss
            self.examples += tally.examples
        return tally


class TrainingHooks:
    """The overridable methods, as `Word2Vec` has them."""

    _engine: Engine | None = None

    def _do_train_job(self, sentences: Sequence[Any], alpha: float, inits: Any) -> tuple[int, int]:
        """Train one job; return (words trained, raw words).

        Parameters
        ----------
        sentences : sequence of sequences of tokens
        alpha : float
            The learning rate of this job.
        inits
            What `_get_thread_working_mem` returned to this thread.
        """
        model = cast("Word2Vec", self)
        engine = self._engine or Engine(model._network(), model.wv.key_to_index)
        return engine.train(sentences, alpha).effective_words, self._raw_word_count(sentences)

    def _raw_word_count(self, job: Sequence[Any]) -> int:
        """Return the number of tokens of a job, by which jobs are cut and progress is measured."""
        return sum(len(sentence) for sentence in job)

    def _get_thread_working_mem(self) -> Memory:
        """Return what one thread passes to `_do_train_job` each time: two vectors to compute in."""
        size = cast("Word2Vec", self).layer1_size
        return np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)

    def _get_next_alpha(self, epoch_progress: float, cur_epoch: int) -> float:
        """Return the learning rate of a job, given the share of the epoch that was handed out before it."""
        model = cast("Word2Vec", self)
        progress = (cur_epoch + epoch_progress) / model.epochs
        alpha = max(model.min_alpha, model.alpha - (model.alpha - model.min_alpha) * progress)
        model.min_alpha_yet_reached = alpha
        return alpha

    def _clear_post_train(self) -> None:
        """Forget what training made stale; called once after the last epoch."""
        cast("Word2Vec", self).wv.invalidate_norms()


def are_overridden(model: TrainingHooks) -> bool:
    """Whether jobs of `model` must go through its own methods."""
    return any(
        getattr(type(model), name) is not getattr(TrainingHooks, name) or name in vars(model)
        for name in _OVERRIDABLE
    )


def train_epoch(model: Word2Vec, corpus: Iterable[Any], epoch: Epoch) -> Tally:
    """Train every sentence from the start of `epoch` on once, through the methods of `model`.

    Raises
    ------
    Exception
        Whatever the corpus or a method raised; the weights keep what was trained until then.
    """
    engine = model._engine = Engine(model._network(), model.wv.key_to_index)
    queue = _Queue(model, engine)
    pool = WorkerPool(queue.stop)
    hand_out = _HandOut(model, epoch, queue)
    try:
        with pool.guard:
            for _ in range(thread_count(model.workers)):
                pool.start(queue.work)
            hand_out.run(corpus)
            queue.close()
            while pool.busy(POLL_SECONDS):
                pass
    finally:
        pool.shutdown()
        del model._engine
    pool.raise_error()
    return hand_out.finish()


class _HandOut:
    """Hands out an epoch, job by job."""

    def __init__(self, model: Word2Vec, epoch: Epoch, queue: _Queue) -> None:
        self._model, self._queue = model, queue
        self._start, self._rate, self._reporter = epoch.start, epoch.rate, epoch.reporter
        self._timetable = Timetable(epoch.pauses, epoch.start)
        self._jobs = self._sentences = self._words = 0

    def run(self, corpus: Iterable[Any]) -> None:
        model, job, size = self._model, list[Any](), 0
        for sentence in corpus:
            length = model._raw_word_count([sentence])
            if size + length > model.batch_words:
                self._push(job, size)
                job, size = [], 0
                if self._queue.stopped:
                    return
            job.append(sentence)
            size += length
        if job:
            self._push(job, size)
        if self._start.complete or self._jobs < self._start.jobs:
            check_reached(self._start, self._sentences, self._words)

    def finish(self) -> Tally:
        position = self._position(complete=True)
        if not self._start.complete:
            self._timetable.run(position)
        return position.tally

    def _push(self, job: list[Any], size: int) -> None:
        if not self._start.complete and self._jobs >= self._start.jobs:
            if self._jobs == self._start.jobs:
                check_reached(self._start, self._sentences, self._words)
            if self._words >= self._timetable.next_words:
                self._wait(lambda: self._queue.done == self._jobs - self._start.jobs)
                if self._queue.stopped:
                    return
                self._timetable.run(self._position())
            done, expected = (
                (self._sentences, self._rate.total_examples)
                if self._rate.total_examples
                else (self._words, self._rate.total_words)
            )
            alpha = self._model._get_next_alpha(done / (expected or 1), self._start.epoch)
            self._wait(lambda: self._queue.has_room)
            self._queue.put((job, alpha))
        self._jobs, self._sentences, self._words = (
            self._jobs + 1, self._sentences + len(job), self._words + size
        )  # fmt: skip

    def _wait(self, ready: Callable[[], bool]) -> None:
        while not ready() and not self._queue.stopped:
            time.sleep(0.001)
            if self._reporter.polls:
                alpha = self._model.min_alpha_yet_reached
                self._reporter.within_epoch(self._tally(), alpha, self._queue.waiting)

    def _tally(self) -> Tally:
        return self._start.tally + self._queue.tally()

    def _position(self, *, complete: bool = False) -> Position:
        return Position(self._start.epoch, self._jobs, self._sentences, self._words, complete, self._tally())


class _Queue:
    """Jobs on their way from the calling thread to the workers; short, so that the corpus is not read far ahead."""

    def __init__(self, model: Word2Vec, engine: Engine) -> None:
        self.stopped = False
        self._model = model
        self._engine = engine
        self._room = 2 * thread_count(model.workers)
        self._jobs: SimpleQueue[tuple[list[Any], float] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._done = [0, 0, 0, 0]  # words trained, raw words, sentences, jobs

    def work(self) -> None:
        """What each worker does: train jobs until the queue is closed or stopped."""
        memory = self._model._get_thread_working_mem()
        while not self.stopped:
            try:
                item = self._jobs.get(timeout=POLL_SECONDS)
            except Empty:
                continue
            if item is None:
                self.close()  # for the next worker
                return
            job, alpha = item
            trained, raw = self._model._do_train_job(job, alpha, memory)
            with self._lock:
                more = trained, raw, len(job), 1
                self._done = [before + added for before, added in zip(self._done, more, strict=True)]

    def put(self, job: tuple[list[Any], float]) -> None:
        """Hand out a job."""
        self._jobs.put(job)

    @property
    def has_room(self) -> bool:
        return self.waiting < self._room

    @property
    def done(self) -> int:
        """How many jobs are trained."""
        return self._done[3]

    def close(self) -> None:
        self._jobs.put(None)

    def stop(self) -> None:
        self.stopped = True

    @property
    def waiting(self) -> int:
        return self._jobs.qsize()

    def tally(self) -> Tally:
        trained, raw, sentences, _ = self._done
        return Tally(trained, raw, sentences, self._engine.examples, self._engine.loss)
