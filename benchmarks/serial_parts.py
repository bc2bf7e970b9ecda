"""Measure what only one thread at a time does in a training: ``python -m benchmarks.serial_parts --corpus FILE``.

However many workers there are, some work is done by one thread: the calling thread hands out the jobs, sets up the
workers and encodes lists and iterables, and a lock lets one worker at a time use the random generator of the model. If
this work takes the share s of the time of one worker, it takes all of the time of 1/s workers, and more of them would
only wait. The benchmark measures processor time of threads, with one worker, so that it needs no large machine.

First table, for one epoch of each kind of corpus:

worker ns    processor time of the worker for each raw word
calling ns   that of the calling thread, without reports and waiting, which take their time from no worker
workers      how many workers the calling thread can keep busy

Second table, for parts that do not depend on the kind of corpus: nanoseconds for each effective word, which is one that
subsampling has kept, and again the number of workers that the part can keep busy:

windows       drawing the windows of a job from the generator of the model, as a single worker does
seeds         drawing the seed of a job from the generator of the model, as all workers do
epoch         what the calling thread does before the first jobs of an epoch are handed out and after the last one
set-up        making 64 workers, in the calling thread, for an epoch in which each of them trains 25 jobs

The last lines give the share of the calling thread's time that adding up the tallies of 64 workers takes, which it does
20 times a second, and the share of system time in the time of 16 workers. That is mainly page faults of memory that is
touched for the first time. The workers need not wait for one another there.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from benchmarks import machine
from benchmarks.arguments import names, number
from benchmarks.configurations import CONFIGURATIONS, SYNTHETIC, parameters
from benchmarks.corpus import unpacked
from benchmarks.table import aligned
from benchmarks.training_child import as_on
from fastw2v import LineSentence, Word2Vec, word2vec
from fastw2v._inner import Worker
from fastw2v.corpora import EncodedCorpus
from fastw2v.engine.job_queue import JobQueue
from fastw2v.training import session, trainer
from fastw2v.training.barriers import TrainingPosition
from fastw2v.training.network import make_network
from fastw2v.training.progress import Tally
from fastw2v.training.session import TrainingSession

try:
    import resource

    THREAD: int | None = resource.RUSAGE_THREAD
except (ImportError, AttributeError):  # only Linux counts the system time of a thread
    THREAD = None

MANY = 64  # workers of the second table
JOBS = 25  # of each worker in an epoch
JOB_WORDS = 6_000  # effective words of a job of 10,000 raw words


class Sentences:
    """Sentences that are iterated anew in each epoch, as those of a reader."""

    def __init__(self, sentences: list[list[str]]) -> None:
        self._sentences = sentences

    def __iter__(self) -> Iterator[list[str]]:
        return iter(self._sentences)


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """Yield a dict that contains seconds of processor time after the block.

    worker, system : of the workers, and the part of it that is system time
    epoch : of the calling thread, while no job is in the queue
    waiting : of the calling thread, while it waits for workers and reports on them
    """
    seconds = {"worker": 0.0, "system": 0.0, "epoch": 0.0, "waiting": 0.0}
    lock = threading.Lock()
    first_push: list[float] = []

    class TimedWorker(Worker):
        def run(self, queue: JobQueue) -> None:
            begin, system = time.thread_time(), system_time()
            super().run(queue)
            with lock:
                seconds["worker"] += time.thread_time() - begin
                seconds["system"] += system_time() - system

    class TimedQueue(JobQueue):
        def push(self, *arrays: Any) -> None:
            super().push(*arrays)
            first_push.append(time.thread_time())

    class TimedTrainer(trainer.Trainer):
        def train_epoch(self, batches: Any) -> Tally:
            tally = super().train_epoch(batches)
            seconds["epoch"] -= time.thread_time() - first_push[0]
            seconds["waiting"] += time.thread_time() - self._handed_out
            return tally

        def _hand_out(self, batches: Any) -> None:
            super()._hand_out(batches)
            self._handed_out = time.thread_time()

        def _wait_for_space(self, n_jobs: int) -> bool:
            begin = time.thread_time()
            has_space = super()._wait_for_space(n_jobs)
            seconds["waiting"] += time.thread_time() - begin
            return has_space

    class TimedSession(TrainingSession):
        def train_epoch(self, start: TrainingPosition) -> Tally:
            begin = time.thread_time()
            tally = super().train_epoch(start)
            seconds["epoch"] += time.thread_time() - begin
            return tally

    with (
        mock.patch.object(trainer, "Worker", TimedWorker),
        mock.patch.object(trainer, "JobQueue", TimedQueue),
        mock.patch.object(session, "Trainer", TimedTrainer),
        mock.patch.object(word2vec, "TrainingSession", TimedSession),
    ):
        yield seconds


def system_time() -> float:
    """Return the system time of this thread in seconds; 0 where the system does not count it."""
    return 0.0 if THREAD is None else resource.getrusage(THREAD).ru_stime


def trained(configuration: str, corpus: Any, workers: int = 1) -> tuple[Word2Vec, dict[str, float]]:
    """Train two epochs and return the model and the figures of the second one, in which its memory is touched already.

    The figures are seconds of processor time: "worker" and "system" of the workers, "calling" of the calling thread;
    and the effective words, "words".
    """
    model = Word2Vec(**{**parameters(configuration, {}), "workers": workers, "seed": 1})
    model.build_vocab(corpus)
    figures: dict[str, float] = {}
    for _ in range(2):
        with watched() as seconds:
            begin = time.thread_time()
            words, _ = model.train(corpus, total_examples=model.corpus_count, epochs=1)
            calling = time.thread_time() - begin - seconds["waiting"]
            figures = {**seconds, "calling": calling, "words": words}
    return model, figures


def kinds_of_corpus(
    options: argparse.Namespace, corpora: dict[str, Any], n_words: int
) -> Iterator[list[str]]:
    """Yield the rows of the first table."""
    yield ["configuration", "corpus", "worker ns", "calling ns", "workers"]
    for configuration in options.only:
        for kind, corpus in corpora.items():
            runs = [trained(configuration, corpus)[1] for _ in range(options.repeat)]
            worker, calling = (statistics.median(run[name] for run in runs) for name in ("worker", "calling"))
            nanoseconds = (f"{1e9 * seconds / n_words:.1f}" for seconds in (worker, calling))
            yield [configuration, kind, *nanoseconds, f"{worker / calling:,.0f}"]


def other_parts(options: argparse.Namespace, corpus: EncodedCorpus) -> Iterator[list[str]]:
    """Yield the rows of the second table."""
    yield ["part", "ns", *(f"workers, {name}" for name in options.only)]
    runs = [trained(name, corpus) for name in options.only]  # with one worker
    model = runs[0][0]

    def draws(high: int) -> float:
        return seconds_of(lambda: model.random.randint(0, high, JOB_WORDS)) / JOB_WORDS

    with as_on(MANY):
        network = make_network(model)
        parts = {
            "windows, one worker": draws(parameters(options.only[0], {})["window"]),
            "seeds": 2 * draws(1 << 24) / JOB_WORDS,
            "set-up": seconds_of(lambda: make_workers(network)) / (MANY * JOBS * JOB_WORDS),
        }
        workers = make_workers(network)
        tallies = seconds_of(lambda: sum((Tally(*worker.tallies()) for worker in workers), Tally()))
    parts["epoch"] = statistics.median(figures["epoch"] / figures["words"] for _, figures in runs)
    for name, seconds in parts.items():
        limits = (f"{figures['worker'] / figures['words'] / seconds:,.0f}" for _, figures in runs)
        yield [name, f"{1e9 * seconds:.2f}", *limits]
    yield ["tallies", "", *[f"{100 * tallies / trainer.POLL_SECONDS:.1f} %"] * len(runs)]
    with as_on(16):
        many = [trained(name, corpus, 16)[1] for name in options.only]
    yield ["system time", "", *(f"{100 * figures['system'] / figures['worker']:.1f} %" for figures in many)]


def make_workers(network: Any) -> list[Worker]:
    """Return the workers that train a long text on as many cores."""
    return trainer._make_workers(network, MANY, MANY * JOBS, 0)


def seconds_of(call: Callable[[], Any], n: int = 20) -> float:
    """Return the processor time of a call in seconds, the median of `n` calls."""
    times = []
    for _ in range(n):
        begin = time.thread_time()
        call()
        times.append(time.thread_time() - begin)
    return statistics.median(times)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; return the exit status."""
    options = make_parser().parse_args(argv)
    try:
        with (
            unpacked(options.corpus) as text,
            tempfile.TemporaryDirectory(prefix="fastw2v-benchmark-") as directory,
        ):
            sentences = list(LineSentence(text.path))
            path = os.path.join(directory, "corpus.fw2v")
            EncodedCorpus.build(text.path, path, min_count=5)
            encoded = EncodedCorpus.open(path)
            corpora = {
                "EncodedCorpus": encoded,
                "file": LineSentence(text.path),
                "list": sentences,
                "iterable": Sentences(sentences),
            }
            print(f"{machine.conditions()}\n{text.name}: {text.tokens:,} tokens\n")
            print(aligned(list(kinds_of_corpus(options, corpora, text.tokens)), left={0, 1}) + "\n")
            print(aligned(list(other_parts(options, encoded)), left={0}))
    except OSError as error:
        print(f"benchmarks.serial_parts: error: {error}", file=sys.stderr)
        return 1
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    trainers = [name for name in CONFIGURATIONS if name not in SYNTHETIC]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serial_parts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--corpus",
        metavar="FILE",
        required=True,
        help="text file with one sentence per line, plain or compressed",
    )
    parser.add_argument(
        "--only", type=names(trainers), default=["sg", "sg-shared", "cbow"], metavar="NAME,...",
        help="configurations, of " + ", ".join(trainers) + " (default: sg,sg-shared,cbow)",
    )  # fmt: skip
    parser.add_argument("--repeat", type=number, default=3, metavar="N", help="number of rounds (default: 3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
