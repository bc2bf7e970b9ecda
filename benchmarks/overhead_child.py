"""Run one training of `overhead` and write its times: ``python -m benchmarks.overhead_child JOB RESULT``.

JOB is JSON with the keys corpus, source, call and parameters. The figures are written to the file RESULT as JSON.

A worker stays in `Worker.run`, one call without the GIL, for a whole epoch, and sleeps there while it has no job. The
loops are measured without changing them, by two clocks: the wall clock around `run` and the CPU clock of the thread.
The difference is time asleep, or time in which the thread was preempted. Linux reports preemption by other threads of
the same system but not by other guests of the host. Therefore the time asleep is computed from the number of sleeps.
On other systems, the whole difference counts as time asleep.
"""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from benchmarks.training_child import run_child
from fastw2v import LineSentence, Word2Vec
from fastw2v._inner import Worker
from fastw2v.engine.job_queue import JobQueue
from fastw2v.training import trainer

try:
    import resource

    THREAD = resource.RUSAGE_THREAD
except (ImportError, AttributeError):
    THREAD = None

SLEEP_SECONDS = 5e-5  # what the loops request; the actual duration is longer

Corpus = str | list[list[str]]  # the path of a text, or its sentences


def seconds_preempted() -> float:
    """Return how long this thread was ready to run but had no core; 0 where the system does not count it."""
    try:
        with open("/proc/thread-self/schedstat", encoding="ascii") as counts:
            return int(counts.read().split()[1]) / 1e9
    except OSError:
        return 0.0


def sleep_count() -> int:
    """Return how often this thread has gone to sleep; 0 where the system does not count it."""
    return 0 if THREAD is None else resource.getrusage(THREAD).ru_nvcsw


def seconds_per_sleep() -> float:
    """Return the actual duration of a short sleep; infinity where the system does not count sleeps."""
    clock, lasted, before = time.perf_counter, [], sleep_count()
    for _ in range(100):
        begin = clock()
        time.sleep(SLEEP_SECONDS)
        lasted.append(clock() - begin)
    return statistics.median(lasted) if sleep_count() - before >= 100 else math.inf


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """Yield a dict that contains these times in seconds after the block, summed over the workers.

    wall : wall time of the block
    run : wall time in `Worker.run`
    loops : CPU time in `Worker.run`
    preempted : time in `Worker.run` in which a worker was ready to run but had no core
    """
    seconds_asleep_once = seconds_per_sleep()
    seconds = dict.fromkeys(("wall", "run", "loops", "preempted"), 0.0)
    lock = threading.Lock()

    class TimedWorker(Worker):
        def run(self, queue: JobQueue) -> None:
            queued, sleeps = seconds_preempted(), sleep_count()
            begin, cpu = time.perf_counter(), time.thread_time()
            try:
                super().run(queue)
            finally:
                wall, cpu = time.perf_counter() - begin, time.thread_time() - cpu
                queued, sleeps = seconds_preempted() - queued, sleep_count() - sleeps
                lost = max(wall - cpu - queued, 0.0)
                asleep = lost if math.isinf(seconds_asleep_once) else min(sleeps * seconds_asleep_once, lost)
                with lock:
                    seconds["run"] += wall
                    seconds["loops"] += cpu
                    seconds["preempted"] += wall - cpu - asleep

    with mock.patch.object(trainer, "Worker", TimedWorker):
        begin = time.perf_counter()
        yield seconds
        seconds["wall"] = time.perf_counter() - begin


def measure(job: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Run the training that `job` describes and return the times of each measured call."""
    corpus = job["corpus"] if job["source"] == "file" else list(LineSentence(job["corpus"]))
    run = by_constructor if job["call"] == "constructor" else by_train
    return run(corpus, job["parameters"])


def by_train(corpus: Corpus, parameters: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Measure ``train()`` after ``build_vocab()``; ``train()`` reads the text again."""
    named: dict[str, Any] = {"corpus_file" if isinstance(corpus, str) else "corpus_iterable": corpus}
    model = Word2Vec(**parameters)
    model.build_vocab(**named)
    with watched() as seconds:
        model.train(**named, total_examples=model.corpus_count, epochs=model.epochs)
    return {"train()": seconds}


def by_constructor(corpus: Corpus, parameters: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Measure the constructor and the ``train()`` that it calls, which gets the encoded text."""
    named: dict[str, Any] = {"corpus_file" if isinstance(corpus, str) else "sentences": corpus}
    within: list[dict[str, float]] = []

    class Timed(Word2Vec):
        def train(self, *args: Any, **kwargs: Any) -> tuple[int, int]:
            with watched() as seconds:
                within.append(seconds)
                return super().train(*args, **kwargs)

    begin = time.perf_counter()
    Timed(**named, **parameters)
    wall = time.perf_counter() - begin
    return {"train() in constructor": within[0], "constructor": {**within[0], "wall": wall}}


if __name__ == "__main__":
    run_child(measure)
