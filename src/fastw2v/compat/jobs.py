"""Training through the methods of gensim's Word2Vec that subclasses override.

Where a subclass overrides none of them, training never comes here. Where it does, jobs are made of the sentences
themselves, as gensim makes them, and each goes through the model's own ``_do_train_job`` in one of the worker threads;
what that returns is counted. The base method trains its sentences with the engine, so a subclass may look at or change
the sentences and pass them on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from fastw2v._inner import Worker
from fastw2v._jobs import Feed
from fastw2v._network import Network
from fastw2v.crew import Crew
from fastw2v.encoding import encode
from fastw2v.progress import Reporter, Tally
from fastw2v.training import POLL_SECONDS, LearningRate, thread_count

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
        feed = Feed(1, self._network.n_words)
        worker = Worker(self._network)
        feed.push(
            encoded.ids,
            encoded.offsets,
            encoded.raw_lengths,
            np.array([0, encoded.n_sentences], dtype=np.int64),
            np.array([alpha], dtype=np.float32),
        )
        feed.close()
        worker.run(feed)
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


def train_epoch(
    model: Word2Vec, corpus: Iterable[Any], epoch: int, rate: LearningRate, reporter: Reporter
) -> Tally:
    """Train every sentence once, through the methods of `model`.

    Raises
    ------
    Exception
        Whatever the corpus or a method raised; the weights keep what was trained until then.
    """
    engine = model._engine = Engine(model._network(), model.wv.key_to_index)
    queue = _Queue(model)
    crew = Crew(queue.stop)
    try:
        for _ in range(thread_count(model.workers)):
            crew.start(queue.work)
        _hand_out(model, corpus, epoch, rate, reporter, queue)
        queue.close()
        while crew.busy(POLL_SECONDS):
            pass
    finally:
        crew.dismiss()
        del model._engine
    crew.raise_error()
    return queue.tally(engine)


def _hand_out(
    model: Word2Vec, corpus: Iterable[Any], epoch: int, rate: LearningRate, reporter: Reporter, queue: _Queue
) -> None:
    job: list[Any] = []
    size = sentences = words = 0

    def push() -> None:
        nonlocal sentences, words
        done, expected = (
            (sentences, rate.total_examples) if rate.total_examples else (words, rate.total_words)
        )
        alpha = model._get_next_alpha(done / (expected or 1), epoch)
        while not queue.put((job, alpha)) and not queue.stopped:
            if reporter.polls:
                reporter.within_epoch(queue.tally(), alpha, queue.waiting)
        sentences, words = sentences + len(job), words + size

    for sentence in corpus:
        length = model._raw_word_count([sentence])
        if size + length > model.batch_words:
            push()
            job, size = [], 0
            if queue.stopped:
                return
        job.append(sentence)
        size += length
    if job:
        push()


class _Queue:
    """Jobs on their way from the calling thread to the workers; short, so that the corpus is not read far ahead."""

    def __init__(self, model: Word2Vec) -> None:
        self.stopped = False
        self._model = model
        self._room = 2 * thread_count(model.workers)
        self._jobs: SimpleQueue[tuple[list[Any], float] | None] = SimpleQueue()
        self._done: list[tuple[int, int, int]] = []  # of each job: words trained, raw words, sentences

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
            self._done.append((trained, raw, len(job)))

    def put(self, job: tuple[list[Any], float]) -> bool:
        """Hand out a job; False if there is no room for it yet."""
        if self.waiting >= self._room:
            time.sleep(0.001)
            return False
        self._jobs.put(job)
        return True

    def close(self) -> None:
        self._jobs.put(None)

    def stop(self) -> None:
        self.stopped = True

    @property
    def waiting(self) -> int:
        return self._jobs.qsize()

    def tally(self, engine: Engine | None = None) -> Tally:
        trained, raw, sentences = (sum(column) for column in zip((0, 0, 0), *self._done, strict=True))
        return Tally(
            trained, raw, sentences, engine.examples if engine else 0, engine.loss if engine else 0.0
        )
