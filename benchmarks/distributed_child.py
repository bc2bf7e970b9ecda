"""Run a training of `benchmarks.distributed`: ``python -m benchmarks.distributed_child JOB RESULT``.

JOB is JSON with the keys trainer, size, words, parameters, tokens, path (of the corpus) and evaluation (a directory).
The figures are written to the file RESULT as JSON.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import quality
from benchmarks.training_child import run_child
from fastw2v.distributed import Communicator

Vectors = tuple[list[str], NDArray[np.float32]]


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Return the speed and the quality of a training."""
    train = {"fastw2v": _train_process, "group": _train_group, "gensim": _train_gensim, "spark": _train_spark}
    seconds, (words, vectors), figures = train[job["trainer"]](job)
    return {
        **figures,
        "seconds": seconds,
        "words_per_second": job["tokens"] * job["parameters"]["epochs"] / seconds,
        "vocabulary": len(words),
        **quality.evaluate(words, vectors, job["evaluation"]),
    }


Figures = tuple[float, Vectors, dict[str, Any]]


def _train_process(job: dict[str, Any]) -> Figures:
    from fastw2v import Word2Vec

    return _train_model(Word2Vec, job)


def _train_gensim(job: dict[str, Any]) -> Figures:
    from gensim.models import Word2Vec

    return _train_model(Word2Vec, job)


def _train_model(model_class: Any, job: dict[str, Any]) -> Figures:
    start = time.process_time()
    model = model_class(corpus_file=job["path"], workers=job["size"], **job["parameters"])
    seconds = time.process_time() - start
    return seconds, (list(model.wv.index_to_key), model.wv.vectors), {}


class CountingCommunicator(Communicator):
    """A communicator that counts the bytes that its member gives to allreduce."""

    def __init__(self, inner: Communicator) -> None:
        self.rank, self.size = inner.rank, inner.size
        self._inner = inner
        self.reduced_bytes = 0

    def allreduce(self, array: NDArray[Any]) -> None:
        self.reduced_bytes += array.nbytes
        self._inner.allreduce(array)

    def broadcast(self, value: Any) -> Any:
        return self._inner.broadcast(value)

    def gather(self, value: Any) -> list[Any] | None:
        return self._inner.gather(value)

    def barrier(self) -> None:
        self._inner.barrier()

    def abort(self, error: BaseException) -> None:
        self._inner.abort(error)


def _train_group(job: dict[str, Any]) -> Figures:
    from benchmarks.distributed import EPOCH
    from fastw2v import Word2Vec
    from fastw2v.distributed import MergeSchedule, build_vocab, run_threads, train

    schedule = MergeSchedule(job["tokens"] if job["words"] == EPOCH else job["words"])

    def member(communicator: Communicator) -> tuple[Any, int]:
        counting = CountingCommunicator(communicator)
        model = Word2Vec(workers=1, **job["parameters"])
        build_vocab(model, corpus_file=job["path"], communicator=counting)
        train(model, corpus_file=job["path"], communicator=counting, schedule=schedule)
        return model, counting.reduced_bytes

    start = time.process_time()
    (model, reduced_bytes), *_ = run_threads(job["size"], member)
    seconds = time.process_time() - start
    words = job["tokens"] * job["parameters"]["epochs"] / job["size"]
    return seconds, (list(model.wv.index_to_key), model.wv.vectors), {"bytes_per_word": reduced_bytes / words}


def _train_spark(job: dict[str, Any]) -> Figures:
    from pyspark.ml.feature import Word2Vec
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import split

    os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    builder = SparkSession.builder.master(f"local[{job['size']}]").config("spark.ui.enabled", "false")
    session = (
        builder.config("spark.driver.memory", "6g").config("spark.driver.maxResultSize", "2g").getOrCreate()
    )
    parameters = job["parameters"]
    sentences = session.read.text(job["path"]).select(split("value", " ").alias("words"))
    start = _processor_seconds()
    model = Word2Vec(
        vectorSize=parameters["vector_size"], windowSize=parameters["window"], minCount=parameters["min_count"],
        maxIter=parameters["epochs"], seed=parameters["seed"], numPartitions=job["size"],
        inputCol="words", outputCol="vector",
    ).fit(sentences)  # fmt: skip
    rows = model.getVectors().collect()
    seconds = _processor_seconds() - start
    rows = [row for row in rows if row.word]  # the text between two spaces
    words = _by_frequency([row.word for row in rows], job["path"])
    vectors = {row.word: row.vector.toArray() for row in rows}
    session.stop()
    return seconds, (words, np.array([vectors[word] for word in words], dtype=np.float32)), {}


def _by_frequency(words: list[str], path: str) -> list[str]:
    """Return the words by falling frequency, as the evaluation of analogies takes the most frequent ones."""
    from fastw2v.corpora import LineSentence, scan

    counts = scan(LineSentence(path)).counts
    return sorted(words, key=lambda word: -counts.get(word, 0))


def _processor_seconds() -> float:
    """Return the processor time of this process and of its descendants that run, such as the JVM of Spark (Linux)."""
    times, parents = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        process = int(folder.name)
        parents[process] = int(fields[1])
        times[process] = sum(map(int, fields[11:15]))  # its own, and that of its children that have ended
    total, own = 0, os.getpid()
    for process, ticks in times.items():
        above = process
        while above not in (0, own):
            above = parents.get(above, 0)
        total += ticks if above == own else 0
    return total / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    run_child(measure)
