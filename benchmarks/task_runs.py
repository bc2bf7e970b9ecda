"""Run the tasks alternately with both libraries, create their input files, and summarise the figures."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.measure import run_module
from benchmarks.tasks import TASKS, Inputs

LIBRARIES = ("fastw2v", "gensim")


@contextmanager
def make_inputs(
    names: Iterable[str], corpus: str, questions: str | None, shape: tuple[int, int]
) -> Iterator[Inputs]:
    """Create the input files of the named tasks in a temporary directory and yield their paths."""
    from fastw2v import KeyedVectors, Word2Vec

    needed = {TASKS[name].needs for name in names}
    with tempfile.TemporaryDirectory(prefix="fastw2v-benchmark-") as directory:
        vectors, trained = (os.path.join(directory, name) for name in ("vectors", "trained"))
        if "vectors" in needed:
            words = KeyedVectors(shape[1])
            random = np.random.default_rng(1).standard_normal(shape, dtype=np.float32)
            words.add_vectors([f"w{i}" for i in range(shape[0])], random / 10)
            words.save_word2vec_format(vectors, binary=True)
            words.save_word2vec_format(vectors + ".txt")
        if "trained" in needed:
            Word2Vec(corpus_file=corpus, epochs=1, min_count=1).wv.save_word2vec_format(trained, binary=True)
        yield Inputs(corpus, vectors, trained, questions, directory)


def run_tasks(
    names: Iterable[str], inputs: Inputs, repeat: int, log: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    """Run every task `repeat` times, alternately with both libraries, and yield the figures of each run."""
    names = list(names)
    for round_number in range(repeat):
        for name in names:
            for library in LIBRARIES:
                log(f"{round_number + 1}/{repeat}: {name} {library}")
                figures = run_module("benchmarks.task_child", library, name, json.dumps(asdict(inputs)))
                yield {"task": name, "library": library, "round": round_number + 1, **figures}


def summarise(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return for each task the medians of both libraries and the ratio of gensim to fastw2v."""
    summaries = []
    for name in dict.fromkeys(run["task"] for run in runs):
        summary: dict[str, Any] = {"task": name, "title": TASKS[name].title, "ratio": {}}
        for figure in ("seconds", "peak_rss"):
            medians = {}
            for library in LIBRARIES:
                values = [run[figure] for run in runs if (run["task"], run["library"]) == (name, library)]
                if values:
                    medians[library] = statistics.median(values)
            summary[figure] = medians
            if len(medians) == len(LIBRARIES):
                summary["ratio"][figure] = medians["gensim"] / medians["fastw2v"]
        summaries.append(summary)
    return summaries
