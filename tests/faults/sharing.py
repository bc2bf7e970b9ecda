"""Threads and processes that use one model, or save to one path.

The table of allowed uses is in ``docs/robustness.md``. A use gives a consistent result, or the error of the table.
"""

from __future__ import annotations

import copy
import os
import pickle
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fastw2v import Word2Vec

from . import use, watched
from .samples import FORMATS, Format, model_of
from .watched import Done

ROUND = 2.0  # seconds


def _in_threads(works: list[Callable[[], None]], seconds: float) -> None:
    """Call functions, each in a thread of its own, again and again for some seconds; raise the first exception."""
    errors: list[BaseException] = []
    end = time.monotonic() + seconds

    def run(work: Callable[[], None]) -> None:
        try:
            while time.monotonic() < end and not errors:
                work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error


# --- saves to one path


def _saves(form: Format, n_threads: int, n_processes: int) -> watched.Attempts:
    """Return attempts in which all threads of all processes save to one path, which other threads read."""

    def attempts(rng: random.Random, done: Done) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, form.name)
            form.write(model_of(0), path)
            names = set(os.listdir(directory))
            numbers = [rng.randrange(1, 7) for _ in range(n_threads * n_processes)]

            def save(number: int, count: Callable[[str], None]) -> None:
                form.write(models[number], path)
                count("saves")

            def read() -> None:
                form.read(path)  # raises an AssertionError if the file is a mixture
                done("reads")

            models = {number: model_of(number) for number in {*numbers}}
            source, sink = os.pipe()

            def child(mine: list[int]) -> None:
                works = [lambda n=n: save(n, lambda what: os.write(sink, b"s") and None) for n in mine]
                _in_threads(works, ROUND)

            children = []
            for process in range(1, n_processes):
                mine = numbers[process * n_threads : (process + 1) * n_threads]
                children.append(_forked(lambda mine=mine: child(mine)))
            _in_threads([*[lambda n=n: save(n, done) for n in numbers[:n_threads]], read], ROUND)
            for number in children:
                assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0
            os.close(sink)
            with open(source, "rb") as reports:
                for _ in reports.read():
                    done("saves")
            form.read(path)
            assert set(os.listdir(directory)) == names, os.listdir(directory)

    return attempts


def _forked(work: Callable[[], None]) -> int:
    number = os.fork()
    if number == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return number


# --- one model in several threads

READS: dict[str, Callable[[Word2Vec, str], Any]] = {
    "save": lambda subject, path: (subject.save(path), Word2Vec.load(path))[1],
    "save_gensim": lambda subject, path: (subject.save_gensim(path), Word2Vec.load(path))[1],
    "copy": lambda subject, path: copy.deepcopy(subject),
    "pickle": lambda subject, path: pickle.loads(pickle.dumps(subject)),
}
QUERIES: list[Callable[[Word2Vec], Any]] = [
    lambda subject: subject.wv.most_similar("a", topn=3),
    lambda subject: subject.wv["a"].sum(),
    lambda subject: subject.wv.doesnt_match(["a", "b", "c"]),
    lambda subject: subject.predict_output_word(["a", "b"]),
    lambda subject: subject.wv.similarity("a", "d"),
    lambda subject: subject.wv.fill_norms(force=True),
]


def _sort(subject: Word2Vec) -> None:
    subject.wv.sort_by_descending_frequency()
    subject.wv._table.take(np.arange(len(subject.wv))[::-1])


WRITES: dict[str, tuple[Callable[[Word2Vec], Any], bool]] = {  # and whether queries are allowed meanwhile
    "trains": (use.train, True),
    "trains a stream": (lambda subject: use.train(subject, use.Streamed()), True),
    "grows": (use.grow, False),
    "sorts": (_sort, False),
}


def _uses(write: Callable[[Word2Vec], Any], queries_allowed: bool) -> watched.Attempts:
    def attempts(rng: random.Random, done: Done) -> None:
        sys.setswitchinterval(rng.choice((1e-5, 1e-4, 5e-3)))
        with tempfile.TemporaryDirectory() as directory:
            subject = use.model()
            for _ in range(20):
                use.grow(subject)

            def change() -> None:
                write(subject)
                done("changes")

            def read(number: int) -> None:
                _, way = use.any_of(rng, READS)
                try:
                    twin = way(subject, os.path.join(directory, f"{number}"))
                except RuntimeError as error:
                    refusal = "again" in str(error) or "another thread is growing" in str(error)
                    if queries_allowed or not refusal:  # if queries are allowed, these are, too
                        raise
                    done("reads refused")
                else:
                    use.check_rows(twin)
                    done("reads")

            def query() -> None:
                try:
                    rng.choice(QUERIES)(subject)
                    done("queries")
                except Exception as error:
                    if queries_allowed:
                        raise
                    done(f"queries that raised {type(error).__name__}")

            _in_threads([change, lambda: read(0), lambda: read(1), query, query], ROUND)
            use.check_usable(subject)

    return attempts


def kinds(n_threads: int = 3, n_processes: int = 3) -> dict[str, watched.Attempts]:
    """Return all attempts by their names."""
    found: dict[str, watched.Attempts] = {}
    for name, form in FORMATS.items():
        # Several writers of a model of several files are not supported.
        several = name != "gensim"
        who = f"{n_threads} threads of {n_processes} processes save" if several else "one thread saves"
        found[f"{who} one {name} file"] = _saves(
            form, n_threads if several else 1, n_processes if several else 1
        )
    for name, (write, queries_allowed) in WRITES.items():
        found[f"others use a model that one thread {name}"] = _uses(write, queries_allowed)
    return found


def main(seconds: float, seed: int) -> None:
    """Run each kind for some seconds, and print what was tried."""
    for name, attempts in kinds().items():
        print(f"{name}: {watched.summary(watched.repeat(attempts, seconds, seed))}; 0 mixtures", flush=True)
