"""Operations on small models, and the check that a model works, for the faults that interrupt or surround them."""

from __future__ import annotations

import copy
import os
import pickle
import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from fastw2v import KeyedVectors, Word2Vec

CORPUS = [["a", "b", "c", "d"]] * 300
N_TOKENS = 1200


class Streamed:
    """A corpus that is an iterable and not a list."""

    def __iter__(self) -> Any:
        return iter(CORPUS)


def model(workers: int = 2) -> Word2Vec:
    """Return a model with a vocabulary."""
    made = Word2Vec(vector_size=8, min_count=1, workers=workers, sample=0, batch_words=200)
    made.build_vocab(CORPUS)
    return made


def train(subject: Word2Vec, corpus: Any = CORPUS) -> int:
    """Train a model for one epoch; return the number of trained tokens."""
    return int(subject.train(corpus, total_examples=len(CORPUS), epochs=1)[1])


def grow(subject: Word2Vec) -> None:
    """Give a model a few new words."""
    first = len(subject.wv)
    subject.build_vocab([[f"w{first + i}" for i in range(3)]] * 20, update=True)


def change_vectors(subject: Word2Vec) -> None:
    """Sort the words of a model, add some to its vectors that it does not train, and remove these again."""
    subject.wv.sort_by_descending_frequency()
    subject.wv.remove_keys(subject.wv.index_to_key[8:])
    subject.wv.fill_norms()


def add_to_vectors(subject: Word2Vec) -> None:
    """Add keys to vectors of their own."""
    wv = KeyedVectors(4)
    wv.add_vectors([f"w{i}" for i in range(100)], np.ones((100, 4)))
    wv.add_vector("one more", np.ones(4))
    assert len(wv) == len(wv.vectors) == 101


def files_in(directory: str) -> dict[str, Callable[[Word2Vec], Any]]:
    """Return operations that write and read files in a directory."""
    native, other = os.path.join(directory, "model"), os.path.join(directory, "model.gensim")
    text = os.path.join(directory, "vectors.txt.gz")

    def saved(subject: Word2Vec) -> None:
        subject.save(native)
        check_rows(Word2Vec.load(native))

    def saved_as_gensim(subject: Word2Vec) -> None:
        subject.save_gensim(other)
        check_rows(Word2Vec.load(other))

    def saved_as_text(subject: Word2Vec) -> None:
        subject.wv.save_word2vec_format(text)
        KeyedVectors.load_word2vec_format(text)

    def checkpointed(subject: Word2Vec) -> None:
        subject.train(CORPUS, total_examples=len(CORPUS), epochs=2, checkpoint=native, checkpoint_every=400)

    return {
        "save and load": saved,
        "save and load gensim": saved_as_gensim,
        "save and load text": saved_as_text,
        "train with checkpoints": checkpointed,
    }


OPERATIONS: dict[str, Callable[[Word2Vec], Any]] = {
    "train": train,
    "train a stream": lambda subject: train(subject, Streamed()),
    "grow": grow,
    "change vectors": change_vectors,
    "add": add_to_vectors,
    "query": lambda subject: subject.wv.most_similar(positive=[subject.wv.vectors[0]], topn=2),
    "copy": lambda subject: check_rows(copy.deepcopy(subject)),
    "pickle": lambda subject: check_rows(pickle.loads(pickle.dumps(subject))),
    "create": lambda subject: Word2Vec(CORPUS, vector_size=4, min_count=1, workers=2, epochs=1),
}


def check_rows(subject: Word2Vec) -> None:
    """Raise an AssertionError unless all parts of a model have one row for each word."""
    words = subject.wv.index_to_key
    rows = [
        len(words),
        len(subject.wv.key_to_index),
        len(subject.wv.vectors),
        len(subject.syn1neg),
        len(subject.cum_table),
        len(subject.wv.expandos["count"]),
    ]
    assert len(set(rows)) == 1, rows
    assert [subject.wv.key_to_index[word] for word in words] == list(range(len(words)))
    assert np.isfinite(subject.wv.vectors).all()


def check_usable(subject: Word2Vec) -> None:
    """Raise an AssertionError unless a model is consistent, and another thread can train it and copy it."""
    check_rows(subject)
    results: list[Any] = []

    def use() -> None:
        try:
            results.append(train(subject))
            copy.deepcopy(subject)
            results.append(grow(subject))
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join(60)
    known = sum(word in subject.wv.key_to_index for word in "abcd")
    assert results == [known * len(CORPUS), None], results
    check_rows(subject)


def any_of(rng: random.Random, operations: dict[str, Callable[[Word2Vec], Any]]) -> Any:
    """Return one of some operations, and its name."""
    name = rng.choice(list(operations))
    return name, operations[name]
