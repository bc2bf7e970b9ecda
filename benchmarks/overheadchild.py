"""One training in a fresh process: ``python -m benchmarks.overheadchild JOB RESULT``; seconds in and around the loops.

JOB is JSON (corpus, source, way, parameters); the figures go to the file RESULT as JSON.

A worker is inside `Worker.run`, one long call without the interpreter's lock, for a whole epoch, and naps there where
it finds no job. Two clocks tell training from the rest, and nothing is changed inside the loops: the wall clock around
`run`, and the CPU clock of the worker's own thread. What they differ by is sleep, or time for which another had the
core: a thread of this system, which tells for how long, or another guest of the host, which does not. So sleep goes by
the number of naps (Linux; elsewhere all of the difference counts as sleep).
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

from benchmarks.child import answer
from fastw2v import LineSentence, Word2Vec
from fastw2v.training import trainer
from fastw2v._inner import Worker
from fastw2v.engine.job_queue import JobQueue

try:
    import resource

    THREAD = resource.RUSAGE_THREAD
except (ImportError, AttributeError):
    THREAD = None

NAP_SECONDS = 5e-5  # as `short_sleep` asks for; the system makes more of it

Corpus = str | list[list[str]]  # the path of a text, or its sentences


def seconds_queued() -> float:
    """Return for how long this thread has waited for a core although it could go on; 0 where nobody counts it."""
    try:
        with open("/proc/thread-self/schedstat", encoding="ascii") as counts:
            return int(counts.read().split()[1]) / 1e9
    except OSError:
        return 0.0


def times_asleep() -> int:
    """Return how often this thread has given up its core of its own accord; always 0 where nobody counts it."""
    return 0 if THREAD is None else resource.getrusage(THREAD).ru_nvcsw


def seconds_of_a_nap() -> float:
    """Return how long one lasts here; infinity where nobody counts them."""
    clock, lasted, before = time.perf_counter, [], times_asleep()
    for _ in range(100):
        begin = clock()
        time.sleep(NAP_SECONDS)
        lasted.append(clock() - begin)
    return statistics.median(lasted) if times_asleep() - before >= 100 else math.inf


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """Yield a dict that holds, after the block, its wall seconds and those of all its workers together.

    wall : of the block
    run : of the workers within `Worker.run`, by the wall clock
    loops : of that, on a core
    held_up : of that, ready to go on, but without a core
    """
    nap = seconds_of_a_nap()
    seconds = dict.fromkeys(("wall", "run", "loops", "held_up"), 0.0)
    lock = threading.Lock()

    class TimedWorker(Worker):
        def run(self, queue: JobQueue) -> None:
            queued, naps = seconds_queued(), times_asleep()
            begin, cpu = time.perf_counter(), time.thread_time()
            try:
                super().run(queue)
            finally:
                wall, cpu = time.perf_counter() - begin, time.thread_time() - cpu
                queued, naps = seconds_queued() - queued, times_asleep() - naps
                lost = max(wall - cpu - queued, 0.0)
                asleep = lost if math.isinf(nap) else min(naps * nap, lost)
                with lock:
                    seconds["run"] += wall
                    seconds["loops"] += cpu
                    seconds["held_up"] += wall - cpu - asleep

    with mock.patch.object(trainer, "Worker", TimedWorker):
        begin = time.perf_counter()
        yield seconds
        seconds["wall"] = time.perf_counter() - begin


def measure(job: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Train as a job says and return the seconds of each call."""
    corpus = job["corpus"] if job["source"] == "file" else list(LineSentence(job["corpus"]))
    way = by_constructor if job["way"] == "constructor" else by_train
    return way(corpus, job["parameters"])


def by_train(corpus: Corpus, parameters: dict[str, Any]) -> dict[str, dict[str, float]]:
    """``train()`` after ``build_vocab()``, which reads the text once more."""
    named: dict[str, Any] = {"corpus_file" if isinstance(corpus, str) else "corpus_iterable": corpus}
    model = Word2Vec(**parameters)
    model.build_vocab(**named)
    with watched() as seconds:
        model.train(**named, total_examples=model.corpus_count, epochs=model.epochs)
    return {"train()": seconds}


def by_constructor(corpus: Corpus, parameters: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The constructor, and the ``train()`` that it ends with, to which it hands the text as numbers."""
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
    return {"train() in it": within[0], "constructor": {**within[0], "wall": wall}}


if __name__ == "__main__":
    answer(measure)
