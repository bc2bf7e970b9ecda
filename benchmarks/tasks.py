"""Tasks that are measured besides training: building vocabularies, loading, saving, evaluation, queries, imports.

fastw2v has the API of gensim, so that one function measures both libraries; docstrings note the exceptions. Each task
runs once, in a fresh process (`task_child`), because a user also waits for the imports and allocations of a first
call. A function prepares the task and returns the callable to be timed and a number of repetitions, by which the time
is divided.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Timed = Callable[[], Any]
ONE_BY_ONE = 100  # number of queries for a library without batches; the time per query is reported
QUERIES = 1000


@dataclass(frozen=True)
class Inputs:
    """The input files of the tasks.

    Attributes
    ----------
    corpus : str
        Text with one sentence per line.
    vectors : str
        Random vectors in the binary and, with the suffix ".txt", the text format.
    trained : str
        Vectors trained on the corpus, in the binary format.
    questions : str or None
        File of analogy questions.
    directory : str
        Directory for output files.
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
    """Map words to ids. gensim has no such function; in each epoch it does what the list comprehension does."""
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
    """Answer a thousand queries in one call, or fewer one by one with a library that has no batches."""
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
    """A task: one row of the table."""

    title: str
    prepare: Callable[[str, Inputs], tuple[Timed, float]]
    needs: str | None = None  # the field of `Inputs` that must be created for it


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
