"""Processes that are forked in a corpus iterator, and while other threads train, grow, sort or save a model.

The child uses the model and new models, or goes on with the iteration, which is refused. Neither process hangs.
"""

from __future__ import annotations

import os
import random
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from fastw2v import Word2Vec

from . import use, watched
from .watched import Done


def _use_in_child(subject: Word2Vec, directory: str, may_use: bool) -> None:
    """Use a model of the parent, and one of its own, in a forked process."""
    own = use.model()
    use.train(own)
    use.grow(own)
    own.save(os.path.join(directory, "own"))
    use.check_rows(Word2Vec.load(os.path.join(directory, "own")))
    if may_use:  # no thread of the parent was changing the words
        subject.wv.most_similar(positive=[subject.wv.vectors[0]])
        subject.save(os.path.join(directory, "model"))
        Word2Vec.load(os.path.join(directory, "model"))
        use.check_usable(subject)


class _ForkingCorpus:
    """A corpus whose iterator forks; the child uses models, or goes on with the iteration."""

    def __init__(self, rng: random.Random, use_in_child: Callable[[], None]) -> None:
        self._when = rng.randrange(300)
        self._goes_on = rng.random() < 0.5
        self._use = use_in_child
        self._parent = os.getpid()

    def __iter__(self) -> Iterator[list[str]]:
        for number in range(300):
            if number == self._when and os.getpid() == self._parent:
                if self._goes_on:
                    self.child = os.fork()
                    self._goes_on = self.child != 0
                else:
                    watched.in_grandchild(self._use)
            yield ["a", "b", "c", "d"]


def in_iterator(rng: random.Random, done: Done) -> None:
    """Fork in the iterator of a corpus that is trained or counted."""
    with tempfile.TemporaryDirectory() as directory:
        subject, parent = use.model(), os.getpid()
        operation = rng.choice(["train", "build_vocab"])
        corpus = _ForkingCorpus(rng, lambda: _use_in_child(subject, directory, may_use=False))
        try:
            if operation == "train":
                assert use.train(subject, corpus) == use.N_TOKENS
            else:
                subject.build_vocab(corpus, update=True)
        except BaseException as error:
            if os.getpid() == parent:
                raise
            refused = operation == "train" and isinstance(error, RuntimeError) and "forked" in str(error)
            if not refused:
                traceback.print_exc()
            os._exit(0 if refused else 1)
        if os.getpid() != parent:
            os._exit(0 if operation == "build_vocab" else 1)
        if hasattr(corpus, "child"):
            assert os.waitstatus_to_exitcode(os.waitpid(corpus.child, 0)[1]) == 0
            done(f"{operation}: the child went on")
        else:
            done(f"{operation}: the child used models")
        use.check_usable(subject)


def while_threads_work(rng: random.Random, done: Done) -> None:
    """Fork while another thread trains, grows or saves."""
    with tempfile.TemporaryDirectory() as directory:
        subject, stop = use.model(), threading.Event()
        works: dict[str, Callable[[Word2Vec], Any]] = {
            "trains": use.train,
            "grows": use.grow,
            "saves": lambda model: model.save(os.path.join(directory, "parent")),
            "queries": lambda model: model.wv.most_similar("a"),
        }
        name, work = use.any_of(rng, works)
        errors: list[BaseException] = []

        def run() -> None:
            try:
                while not stop.is_set():
                    work(subject)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            for _ in range(5):
                stop.wait(0.02 * rng.random())
                watched.in_grandchild(lambda: _use_in_child(subject, directory, may_use=name != "grows"))
                done(f"while a thread {name}")
        finally:
            stop.set()
            thread.join()
        assert errors == []
        use.check_usable(subject)


KINDS: dict[str, watched.Attempts] = {
    "forks in a corpus iterator": in_iterator,
    "forks while threads work": while_threads_work,
}


def main(seconds: float, seed: int) -> None:
    """Run each kind for some seconds, and print what was tried."""
    for name, attempts in KINDS.items():
        print(f"{name}: {watched.summary(watched.repeat(attempts, seconds, seed))}; 0 hangs", flush=True)
