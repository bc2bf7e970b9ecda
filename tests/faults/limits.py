"""Memory that runs out: each call ends with a MemoryError or its result, and the model and the files stay complete.

The address space of a forked process is limited to a random size, so that one of the allocations of a call fails. A
call of the system that fails for want of memory gives an OSError, and a thread that cannot be started is done without.
"""

from __future__ import annotations

import errno
import os
import pickle
import random
import resource
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from fastw2v import KeyedVectors, Word2Vec

from . import use, watched
from .watched import Done

LARGE = 4_000  # words


def _large() -> Word2Vec:
    """Return a model whose matrices take a megabyte."""
    made = Word2Vec(vector_size=64, min_count=1, workers=2, sample=0)
    made.build_vocab_from_freq({**dict.fromkeys("abcd", LARGE), **{f"w{i}": 5 for i in range(LARGE)}})
    return made


def _grow(subject: Word2Vec) -> None:
    first = len(subject.wv)
    subject.build_vocab_from_freq({f"n{first + i}": 5 for i in range(LARGE)}, update=True)


def _add(subject: Word2Vec) -> None:
    first = len(subject.wv)
    subject.wv.add_vectors([f"v{first + i}" for i in range(LARGE)], np.ones((LARGE, 64), np.float32))


def _limited(rng: random.Random, work: Any) -> str:
    """Call a function in limited memory; return how it ended."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    allowed = int(2 ** rng.uniform(12, 24))
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + allowed, hard))
    try:
        work()
    except (MemoryError, OSError, RuntimeError, pickle.UnpicklingError) as error:
        if isinstance(error, RuntimeError) and "memory ran out while it started or ended" not in str(error):
            raise
        if isinstance(error, OSError) and error.errno != errno.ENOMEM:
            raise
        if isinstance(error, pickle.UnpicklingError) and "more memory than there is" not in str(error):
            raise
        return "out of memory"
    else:
        return "done"
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def attempts(rng: random.Random, done: Done) -> None:
    """Make one call after another in limited memory, each in a process of its own."""
    with tempfile.TemporaryDirectory() as directory:
        model, path = _large(), os.path.join(directory, "model")
        vectors = os.path.join(directory, "vectors")
        model.save(path)
        model.wv.save_word2vec_format(vectors, binary=True)
        operations: dict[str, Any] = {
            "train": lambda: use.train(model),
            "train a stream": lambda: use.train(model, use.Streamed()),
            "grow": lambda: _grow(model),
            "add": lambda: _add(model),
            "sort": model.wv.sort_by_descending_frequency,
            "save": lambda: model.save(path),
            "save_gensim": lambda: model.save_gensim(path),
            "save text": lambda: model.wv.save_word2vec_format(vectors, binary=True),
            "load": lambda: Word2Vec.load(path),
            "load vectors": lambda: KeyedVectors.load_word2vec_format(vectors, binary=True),
            "query": lambda: model.wv.most_similar("a"),
            "pickle": lambda: use.OPERATIONS["pickle"](model),
            "create": lambda: use.OPERATIONS["create"](model),
        }
        for _ in range(30):
            name = rng.choice(list(operations))
            source, sink = os.pipe()

            def try_it(name: str = name, sink: int = sink) -> None:
                names = set(os.listdir(directory))
                os.write(sink, _limited(rng, operations[name]).encode())
                assert set(os.listdir(directory)) == names
                use.check_rows(Word2Vec.load(path))
                assert len(KeyedVectors.load_word2vec_format(vectors, binary=True)) >= LARGE
                if name == "add":  # the vectors have more words than the model, which is refused by name
                    assert len(model.wv) == len(model.wv.key_to_index) == len(model.wv.vectors)
                    model.wv.save(os.path.join(directory, "model.kv"))
                    os.unlink(os.path.join(directory, "model.kv"))
                else:
                    use.check_rows(model)
                    use.train(model)

            rng.random()  # the next process gets other random numbers
            watched.in_grandchild(try_it, seconds=60)
            os.close(sink)
            with open(source) as answer:
                done(answer.read())


def main(seconds: float, seed: int) -> None:
    """Run for some seconds, and print what was tried."""
    counts = watched.repeat(attempts, seconds, seed)
    print(f"calls in limited memory: {watched.summary(counts)}; 0 crashes, damaged models or files")
