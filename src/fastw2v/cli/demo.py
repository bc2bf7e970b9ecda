"""``fastw2v demo``: train a small model on text that every Python installation contains, and show the results.

The text is the documentation of Python itself: the topics of the language reference that ``help()`` shows, and the
docstrings of the standard library. The source files are parsed and never imported; they are read in the order of their
names, so that one Python version always gives the same text. The text has only some 300,000 words. That is enough to
see that related words get similar vectors, and far too little for good embeddings, as the output says.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import sysconfig
import tempfile
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from fastw2v.common.files import check_writable
from fastw2v.engine import kernels
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.training.trainer import thread_count
from fastw2v.word2vec import Word2Vec

TOPICS = os.path.join("pydoc_data", "topics.py")
# Tests and bundled tools do not document Python; the installed packages differ from machine to machine.
EXCLUDED_DIRECTORIES = {
    "__pycache__",
    "site-packages",
    "dist-packages",
    "test",
    "tests",
    "idlelib",
    "lib2to3",
    "turtledemo",
}
WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
INTERACTIVE_EXAMPLE = re.compile(r"^\s*(>>>|\.\.\. ).*$", re.MULTILINE)
BLANK_LINES = re.compile(r"\n\s*\n")

PARAMETERS: dict[str, Any] = {
    "vector_size": 100, "window": 5, "min_count": 8, "negative": 10, "sample": 1e-4, "alpha": 0.05,
    "epochs": 30, "seed": 1,
}  # fmt: skip
WORDS = ("file", "list", "thread", "exception", "integer", "returns", "month", "connection")
N_WORDS_SHOWN, N_NEIGHBORS_SHOWN = 6, 5
# The last word of each question is the correct answer.
ANALOGIES = (
    ("read", "write", "input", "output"), ("read", "write", "encode", "decode"),
    ("create", "creates", "raise", "raises"), ("int", "integer", "str", "string"),
)  # fmt: skip


def run(workers: int, save: str | None = None) -> None:
    """Run the demo: train a model, show neighbors and analogies, save the model and load it again.

    Parameters
    ----------
    workers : int
        Number of threads; -1 uses one thread per core.
    save : str, optional
        File in which to save the model. By default, the model is saved in a temporary file, which is deleted.

    Raises
    ------
    FileNotFoundError
        If this Python installation has no source files of the standard library.
    """
    if save is not None:
        check_writable(save)
    heading("Text: the documentation of this Python installation")
    start = time.perf_counter()
    sentences = read_sentences()
    words = sum(map(len, sentences))
    print(f"  Python {sys.version.split()[0]}: {words:,} words in {len(sentences):,} paragraphs, ", end="")
    print(f"read in {time.perf_counter() - start:.1f} s; nothing was downloaded")
    model = train(sentences, workers)
    show_neighbors(model.wv)
    show_analogies(model.wv)
    show_saving(model, save)
    show_next_steps(save)


# --- text


def read_sentences() -> list[list[str]]:
    """Return the paragraphs of the documentation of Python, each as a list of lower-case words.

    Raises
    ------
    FileNotFoundError
        If this Python installation has no source files of the standard library.
    """
    library = sysconfig.get_path("stdlib")
    texts = [*reference_topics(library), *docstrings(library)]
    sentences = [WORD.findall(paragraph.lower()) for text in texts for paragraph in split_paragraphs(text)]
    sentences = [sentence for sentence in sentences if len(sentence) > 1]
    if not sentences:
        raise FileNotFoundError(
            f"{library} contains no source files of the standard library, so the demo has no text to train on; use "
            "'fastw2v train' with a text of your own"
        )
    return sentences


def reference_topics(library: str) -> Iterator[str]:
    """Yield the topics of the language reference that ``help()`` shows; some installations do not have them."""
    tree = parse(os.path.join(library, TOPICS))
    for node in tree.body if tree is not None else ():
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Dict):
            for text in node.value.values:
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield text.value


def docstrings(library: str) -> Iterator[str]:
    """Yield the docstrings of all modules, classes and functions below a directory, in the order of file names."""
    for directory, children, names in os.walk(library):
        children[:] = sorted(
            name for name in children if name not in EXCLUDED_DIRECTORIES and name.isidentifier()
        )
        for name in sorted(names):
            tree = parse(os.path.join(directory, name)) if name.endswith(".py") else None
            for node in ast.walk(tree) if tree is not None else ():
                if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                    text = ast.get_docstring(node)
                    if text:
                        yield text


def parse(path: str) -> ast.Module | None:
    """Return the syntax tree of a source file, or None if the file cannot be read or parsed."""
    try:
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old source files contain invalid escape sequences
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def split_paragraphs(text: str) -> list[str]:
    """Split a text at blank lines and remove the interactive examples (lines that start with ``>>>`` or ``...``)."""
    return BLANK_LINES.split(INTERACTIVE_EXAMPLE.sub("", text))


# --- output


def train(sentences: list[list[str]], workers: int) -> Word2Vec:
    """Train the model and print the parameters and the speed."""
    heading("Training: CBOW with negative sampling")
    settings = ", ".join(f"{name}={value:g}" for name, value in PARAMETERS.items())
    print(f"  Word2Vec(sentences, {settings}, workers={workers})")
    start = time.perf_counter()
    model = Word2Vec(sentences, **PARAMETERS, workers=workers, progress=sys.stderr.isatty())
    seconds = time.perf_counter() - start
    raw_words = (model.corpus_total_words or 0) * model.epochs
    print(
        f"  {len(model.wv):,} vectors of {model.vector_size} dimensions in {seconds:.1f} s, "
        "including the construction of the vocabulary"
    )
    print(f"  {raw_words / max(model.total_train_time, 1e-9):,.0f} raw words/s", end="")
    print(f" on {describe_threads(workers)}, instruction set {kernels.active_instruction_set()}")
    print("  (raw words are all words of the text, including those that the model ignores or downsamples)")
    return model


def describe_threads(workers: int) -> str:
    """Return the number of threads that `workers` stands for, followed by the noun."""
    count = thread_count(workers)
    return f"{count} thread{'s' if count != 1 else ''}"


def show_neighbors(vectors: KeyedVectors) -> None:
    """Print some words, each with its nearest neighbors and their cosine similarities."""
    heading("Nearest neighbors by cosine similarity: model.wv.most_similar(word)")
    shown = [word for word in WORDS if word in vectors][:N_WORDS_SHOWN]
    width = max(map(len, shown), default=0)
    for word in shown:
        ranking = vectors.most_similar(word, topn=N_NEIGHBORS_SHOWN)
        print(f"  {word:{width}}   " + "  ".join(f"{neighbor} {score:.2f}" for neighbor, score in ranking))


def show_analogies(vectors: KeyedVectors) -> None:
    """Print the answers to some questions "a is to b as c is to which word?" and how many are correct."""
    heading("Analogies: model.wv.most_similar(positive=[b, c], negative=[a])")
    questions = [question for question in ANALOGIES if all(word in vectors for word in question)]
    n_correct = 0
    for a, b, c, expected in questions:
        answers = [word for word, _ in vectors.most_similar([b, c], [a], topn=3)]
        n_correct += answers[0] == expected
        verdict = "correct" if answers[0] == expected else f"wrong, expected {expected}"
        print(
            f"  {a} is to {b} as {c} is to {answers[0]} ({verdict}; next answers: {', '.join(answers[1:])})"
        )
    print(
        f"  {n_correct} of {len(questions)} answers are correct. The questions were chosen to suit this text."
    )
    print("  The text is small: good embeddings need far more, for example 100 million words.")


def show_saving(model: Word2Vec, save: str | None) -> None:
    """Save the model, load it, and compare the two."""
    heading("Saving and loading: model.save(path), Word2Vec.load(path)")
    with tempfile.TemporaryDirectory(prefix="fastw2v-demo-") as directory:
        path = save or os.path.join(directory, "demo.fw2v")
        start = time.perf_counter()
        model.save(path)
        saved = time.perf_counter()
        loaded = Word2Vec.load(path)
        seconds = time.perf_counter() - saved
        size = os.path.getsize(path)
    if not are_equal(model, loaded):
        raise AssertionError("the loaded model differs from the saved model; this is a bug in fastw2v")
    print(
        f"  {size / 1e6:.1f} MB saved in {1e3 * (saved - start):.0f} ms and loaded in {1e3 * seconds:.0f} ms; ",
        end="",
    )
    print("the loaded words and weights are identical to the saved ones")


def are_equal(model: Word2Vec, other: Word2Vec) -> bool:
    """Return whether two models have identical words and weights."""
    return (
        model.wv.index_to_key == other.wv.index_to_key
        and np.array_equal(model.wv.vectors, other.wv.vectors)
        and model.syn1neg is not None
        and other.syn1neg is not None
        and np.array_equal(model.syn1neg, other.syn1neg)
    )


def show_next_steps(save: str | None) -> None:
    """Print commands to try next."""
    heading("Next steps")
    if save is None:
        print("  fastw2v demo --save demo.fw2v               save this model")
    name = save or "demo.fw2v"
    print(f"  fastw2v similar {name} tuple")
    print(f"  fastw2v info {name}")
    print("  fastw2v train TEXT model.fw2v --sg          train on your own text, one sentence per line")
    print("  from fastw2v import Word2Vec                use fastw2v in Python, with the API of gensim")


def heading(text: str) -> None:
    """Print a heading, in bold if stdout is a terminal."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}", flush=True)
