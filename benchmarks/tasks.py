"""What is measured beside training: vocabularies, files, evaluation, queries, imports.

fastw2v has gensim's names, so that one function serves both libraries; where fastw2v has a call of its own, or
gensim none, the function says so. Each runs in a process of its own (`taskchild`), once: what a user waits for
includes what a first call imports and allocates. A function does what the clock leaves out and returns what the
clock is to see, together with the number of things done, by which the time is divided.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Timed = Callable[[], Any]
ONE_BY_ONE = 100  # queries that a library without batches answers; its time for more is in proportion
QUERIES = 1000


@dataclass(frozen=True)
class Inputs:
    """Files that the tasks read, made once.

    Attributes
    ----------
    corpus : str
        Text of one sentence a line.
    vectors : str
        Random vectors in the binary and, with the suffix ".txt", the text format.
    trained : str
        Vectors of the corpus, in the binary format.
    questions : str or None
        Analogies.
    directory : str
        Where to write.
    """

    corpus: str
    vectors: str
    trained: str
    questions: str | None
    directory: str


def vocabulary_from_file(library: str, inputs: Inputs) -> tuple[Timed, float]:
    model = _name(library, "Word2Vec")(min_count=5, workers=2)
    return lambda: model.build_vocab(corpus_file=inputs.corpus), 1


def vocabulary_from_list(library: str, inputs: Inputs) -> tuple[Timed, float]:
    model = _name(library, "Word2Vec")(min_count=5, workers=2)
    sentences = list(_lines(inputs.corpus))
    return lambda: model.build_vocab(sentences), 1


def encode_list(library: str, inputs: Inputs) -> tuple[Timed, float]:
    """Words to numbers. gensim has no such call, and does in each epoch what this comprehension does."""
    sentences = list(_lines(inputs.corpus))
    index: dict[str, int] = {}
    for sentence in sentences:
        for word in sentence:
            index.setdefault(word, len(index))
    if library == "fastw2v":
        from fastw2v.text import encoding

        return lambda: encoding.encode(sentences, index), 1
    return lambda: [[index[word] for word in sentence if word in index] for sentence in sentences], 1


def load_text(library: str, inputs: Inputs) -> tuple[Timed, float]:
    load = _name(library, "KeyedVectors").load_word2vec_format
    return lambda: load(inputs.vectors + ".txt"), 1


def load_binary(library: str, inputs: Inputs) -> tuple[Timed, float]:
    load = _name(library, "KeyedVectors").load_word2vec_format
    return lambda: load(inputs.vectors, binary=True), 1


def save_text(library: str, inputs: Inputs) -> tuple[Timed, float]:
    vectors = _load(library, inputs.vectors)
    return lambda: vectors.save_word2vec_format(os.path.join(inputs.directory, "out")), 1


def save_binary(library: str, inputs: Inputs) -> tuple[Timed, float]:
    vectors = _load(library, inputs.vectors)
    return lambda: vectors.save_word2vec_format(os.path.join(inputs.directory, "out"), binary=True), 1


def analogies(library: str, inputs: Inputs) -> tuple[Timed, float]:
    vectors = _load(library, inputs.trained)
    vectors.fill_norms()
    return lambda: vectors.evaluate_word_analogies(inputs.questions, restrict_vocab=30000), 1


def one_query(library: str, inputs: Inputs) -> tuple[Timed, float]:
    vectors = _load(library, inputs.vectors)
    vectors.most_similar("w0")  # norms
    return lambda: [vectors.most_similar(f"w{i}") for i in range(ONE_BY_ONE)], ONE_BY_ONE


def many_queries(library: str, inputs: Inputs) -> tuple[Timed, float]:
    """A thousand queries in one call; of a library that has no such call, some of them one by one."""
    vectors = _load(library, inputs.vectors)
    vectors.most_similar("w0")
    if library == "fastw2v":
        words = [f"w{i}" for i in range(min(QUERIES, len(vectors)))]
        return lambda: vectors.most_similar_batch(words), len(words)
    return lambda: [vectors.most_similar(f"w{i}") for i in range(ONE_BY_ONE)], ONE_BY_ONE


def import_package(library: str, inputs: Inputs) -> tuple[Timed, float]:
    return lambda: importlib.import_module(_package(library)), 1


def import_classes(library: str, inputs: Inputs) -> tuple[Timed, float]:
    return lambda: (_name(library, "Word2Vec"), _name(library, "KeyedVectors")), 1


@dataclass(frozen=True)
class Task:
    """One line of the table."""

    title: str
    prepare: Callable[[str, Inputs], tuple[Timed, float]]
    needs: str | None = None  # which of the inputs is made for it


TASKS = {
    "vocabulary-file": Task("vocabulary from a file, 2 workers", vocabulary_from_file),
    "vocabulary-list": Task("vocabulary from a list of lists", vocabulary_from_list),
    "encode-list": Task("encoding a list of lists", encode_list),
    "load-text": Task("load_word2vec_format, text", load_text, "vectors"),
    "load-binary": Task("load_word2vec_format, binary", load_binary, "vectors"),
    "save-text": Task("save_word2vec_format, text", save_text, "vectors"),
    "save-binary": Task("save_word2vec_format, binary", save_binary, "vectors"),
    "analogies": Task("evaluate_word_analogies", analogies, "trained"),
    "query": Task("most_similar, one query", one_query, "vectors"),
    "queries": Task("most_similar, each of 1,000 at once", many_queries, "vectors"),
    "import": Task("import of the package", import_package),
    "import-classes": Task("import of Word2Vec and KeyedVectors", import_classes),
}


def _package(library: str) -> str:
    return "gensim.models" if library == "gensim" else library


def _name(library: str, name: str) -> Any:
    return getattr(importlib.import_module(_package(library)), name)


def _load(library: str, path: str) -> Any:
    return _name(library, "KeyedVectors").load_word2vec_format(path, binary=True)


def _lines(path: str) -> Any:
    with open(path, encoding="utf8") as text:
        for line in text:
            yield line.split()
