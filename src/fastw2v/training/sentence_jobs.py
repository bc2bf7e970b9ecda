"""Jobs of plain sentences, trained through the methods of `Word2Vec` that subclasses override.

gensim's users override `_do_train_job`, `_raw_word_count`, `_get_next_alpha` and `_get_thread_working_mem`. If a
subclass overrides none of them, training does not use this module. Otherwise, jobs are made of the sentences
themselves, as in gensim, and a worker thread calls the `_do_train_job` of the model for each job. The method of the
base class trains its sentences with a `SentenceTrainer`, so a subclass may inspect or change the sentences before it
calls this method.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastw2v._inner import Worker
from fastw2v.common.locks import holding
from fastw2v.engine.job_queue import JobQueue
from fastw2v.engine.network import Network
from fastw2v.text.encoding import encode
from fastw2v.training.progress import Tally

POLL_SECONDS = 0.05
OVERRIDABLE = ("_do_train_job", "_raw_word_count", "_get_next_alpha", "_get_thread_working_mem")

Memory = tuple[NDArray[np.float32], NDArray[np.float32]]


class TrainingHooks(Protocol):
    """The overridable methods of `Word2Vec`."""

    def _do_train_job(self, sentences: Sequence[Any], alpha: float, inits: Any) -> tuple[int, int]: ...
    def _raw_word_count(self, job: Sequence[Any]) -> int: ...
    def _get_next_alpha(self, epoch_progress: float, cur_epoch: int) -> float: ...
    def _get_thread_working_mem(self) -> Any: ...


def are_overridden(model: TrainingHooks, base: type) -> bool:
    """Return whether `model` has its own version of one of the overridable methods of class `base`."""
    return any(
        getattr(type(model), name) is not getattr(base, name) or name in vars(model) for name in OVERRIDABLE
    )


class SentenceTrainer:
    """Trains lists of sentences on a network, one job per call; any number of threads may call it at the same time."""

    def __init__(self, network: Network, key_to_index: dict[Any, int]) -> None:
        self._network = network
        self._key_to_index = key_to_index
        self._lock = threading.Lock()
        self.loss = 0.0
        self.examples = 0

    def train(self, sentences: Iterable[Any], alpha: float) -> Tally:
        """Train `sentences` as one job at the learning rate `alpha`."""
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
        with holding(self._lock):
            self.loss += tally.loss
            self.examples += tally.examples
        return tally


@dataclass(frozen=True, eq=False)
class SentenceJob:
    """One job of plain sentences, as a batch for `Trainer`."""

    sentences: list[Any]
    raw_words: int

    @property
    def sentences_at(self) -> NDArray[np.int64]:
        """The sentences before the job and after it."""
        return np.array([0, len(self.sentences)], dtype=np.int64)

    @property
    def words_at(self) -> NDArray[np.int64]:
        """The raw words before the job and after it."""
        return np.array([0, self.raw_words], dtype=np.int64)

    def push(self, queue: SentenceQueue, first: int, last: int, alphas: NDArray[np.float64]) -> None:
        """Push the job."""
        queue.push(self.sentences, float(alphas[0]))


def cut_sentences(corpus: Iterable[Any], hooks: TrainingHooks, batch_words: int) -> Iterator[SentenceJob]:
    """Cut a corpus into jobs of at most `batch_words` words, as gensim cuts it."""
    job, size = list[Any](), 0
    for sentence in corpus:
        length = hooks._raw_word_count([sentence])
        if size + length > batch_words:
            yield SentenceJob(job, size)
            job, size = [], 0
        job.append(sentence)
        size += length
    if job:
        yield SentenceJob(job, size)


class SentenceQueue:
    """A bounded queue of jobs of sentences, between the calling thread and the workers.

    It is short, so that the corpus is not read far ahead of the training.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._jobs: SimpleQueue[tuple[list[Any], float] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._pushed = self._done = 0
        self.stopped = False

    @property
    def n_free(self) -> int:
        """The number of jobs that can be pushed; the whole capacity when every job is done."""
        return self._capacity - (self._pushed - self._done)

    @property
    def n_waiting(self) -> int:
        """The number of jobs that no worker has taken yet."""
        return self._jobs.qsize()

    def push(self, sentences: list[Any], alpha: float) -> None:
        """Hand out a job."""
        self._pushed += 1
        self._jobs.put((sentences, alpha))

    def jobs(self) -> Iterator[tuple[list[Any], float]]:
        """Yield jobs to a worker until the queue is closed or stopped; a job is done when the next one is asked for."""
        while not self.stopped:
            try:
                job = self._jobs.get(timeout=POLL_SECONDS)
            except Empty:
                continue
            if job is None:
                self.close()  # for the next worker
                return
            yield job
            with holding(self._lock):
                self._done += 1

    def close(self) -> None:
        """Tell the workers that no more jobs follow."""
        self._jobs.put(None)

    def stop(self) -> None:
        """Tell the workers to stop after their present job."""
        self.stopped = True


class SentenceWorker:
    """Trains the jobs of a queue through the hooks of a model."""

    def __init__(self, hooks: TrainingHooks, trainer: SentenceTrainer | None = None) -> None:
        self._hooks = hooks
        self._trainer = trainer  # only the worker that reports the loss of all workers has it
        self._effective_words = self._raw_words = self._sentences = 0

    def run(self, queue: SentenceQueue) -> None:
        """Train jobs until the queue is closed or stopped."""
        memory = self._hooks._get_thread_working_mem()
        for sentences, alpha in queue.jobs():
            effective_words, raw_words = self._hooks._do_train_job(sentences, alpha, memory)
            self._effective_words += effective_words
            self._raw_words += raw_words
            self._sentences += len(sentences)

    def tallies(self) -> tuple[int, int, int, int, float]:
        """Return (effective words, raw words, sentences, examples, loss) so far."""
        examples, loss = (self._trainer.examples, self._trainer.loss) if self._trainer else (0, 0.0)
        return self._effective_words, self._raw_words, self._sentences, examples, loss
