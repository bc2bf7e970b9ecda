"""``fastw2v demo``: what the library does, shown on a corpus that every machine has.

The corpus is the English of the Python installation itself: the topics of the manual that ``help()`` shows,
and the docstrings of the standard library. Source files are parsed, never imported, in the order of their
names, so that the same Python gives the same corpus. It is a small one, some 300,000 words: enough to see
that words of a kind come together, far too little for vectors that know the world.
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

from fastw2v.engine import kernels
from fastw2v.common.files import check_writable
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.word2vec import Word2Vec

TOPICS = os.path.join("pydoc_data", "topics.py")
# Tests and bundled tools speak of themselves, not of Python; what is installed beside the library varies.
LEFT_OUT = {
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
EXAMPLE_CODE = re.compile(r"^\s*(>>>|\.\.\. ).*$", re.MULTILINE)
PARAGRAPH_END = re.compile(r"\n\s*\n")

PARAMETERS: dict[str, Any] = {
    "vector_size": 100, "window": 5, "min_count": 8, "negative": 10, "sample": 1e-4, "alpha": 0.05,
    "epochs": 30, "seed": 1,
}  # fmt: skip
WORDS = ("file", "list", "thread", "exception", "integer", "returns", "month", "connection")
SHOWN_WORDS, SHOWN_NEIGHBOURS = 6, 5
ANALOGIES = (
    ("read", "write", "input"), ("read", "write", "encode"), ("create", "creates", "raise"),
    ("int", "integer", "str"),
)  # fmt: skip


def run(workers: int, save: str | None = None) -> None:
    """Train, show, save and load.

    Parameters
    ----------
    workers : int
        Threads; -1 for one a core.
    save : str, optional
        Where to keep the model; by default it goes to a temporary file and is deleted.

    Raises
    ------
    FileNotFoundError
        If this Python has no source files of its standard library.
    """
    if save is not None:
        check_writable(save)
    heading("The corpus: the English of this Python installation, its manual and its docstrings")
    start = time.perf_counter()
    sentences = corpus()
    words = sum(map(len, sentences))
    print(f"  Python {sys.version.split()[0]}: {words:,} words in {len(sentences):,} paragraphs", end="")
    print(f", gathered in {time.perf_counter() - start:.1f} s; nothing was downloaded")
    model = train(sentences, workers)
    show_neighbours(model.wv)
    show_analogies(model.wv)
    show_files(model, save)
    show_next_steps(save)


# ---------------------------------------------------------------------------------------- the corpus


def corpus() -> list[list[str]]:
    """Return the paragraphs of the manual and of the docstrings as lists of lower-case words.

    Raises
    ------
    FileNotFoundError
        If this Python has no source files of its standard library.
    """
    library = sysconfig.get_path("stdlib")
    texts = [*manual(library), *docstrings(library)]
    sentences = [WORD.findall(paragraph.lower()) for text in texts for paragraph in paragraphs(text)]
    sentences = [sentence for sentence in sentences if len(sentence) > 1]
    if not sentences:
        raise FileNotFoundError(
            f"no source files of the standard library in {library}; train on a text of your own"
        )
    return sentences


def manual(library: str) -> Iterator[str]:
    """Yield the texts that ``help()`` shows on topics; none where the installation has left them out."""
    tree = parsed(os.path.join(library, TOPICS))
    for node in tree.body if tree is not None else ():
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Dict):
            for text in node.value.values:
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield text.value


def docstrings(library: str) -> Iterator[str]:
    """Yield the docstrings of all modules, classes and functions of a library, in order of file names."""
    for directory, children, names in os.walk(library):
        children[:] = sorted(name for name in children if name not in LEFT_OUT and name.isidentifier())
        for name in sorted(names):
            tree = parsed(os.path.join(directory, name)) if name.endswith(".py") else None
            for node in ast.walk(tree) if tree is not None else ():
                if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                    text = ast.get_docstring(node)
                    if text:
                        yield text


def parsed(path: str) -> ast.Module | None:
    """Return the syntax tree of a source file, or None if there is none to be had."""
    try:
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about invalid escapes in old source
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def paragraphs(text: str) -> list[str]:
    """Split a text at blank lines and drop interactive examples."""
    return PARAGRAPH_END.split(EXAMPLE_CODE.sub("", text))


# ---------------------------------------------------------------------------------------- what is shown


def train(sentences: list[list[str]], workers: int) -> Word2Vec:
    """Train on the corpus and tell how fast it went."""
    heading("Training: CBOW with negative sampling")
    settings = ", ".join(f"{name}={value:g}" for name, value in PARAMETERS.items())
    print(f"  Word2Vec(sentences, {settings}, workers={workers})")
    start = time.perf_counter()
    model = Word2Vec(sentences, **PARAMETERS, workers=workers, progress=sys.stderr.isatty())
    seconds = time.perf_counter() - start
    raw_words = (model.corpus_total_words or 0) * model.epochs
    print(
        f"  {len(model.wv):,} words got vectors of {model.vector_size} dimensions in {seconds:.1f} s, "
        "vocabulary included"
    )
    print(f"  {raw_words / max(model.total_train_time, 1e-9):,.0f} raw words/s", end="")
    print(f" on {threads(workers)}, instruction set {kernels.active_instruction_set()}")
    return model


def threads(workers: int) -> str:
    """Return the number of threads in words."""
    from fastw2v.training.trainer import thread_count

    count = thread_count(workers)
    return f"{count} thread{'s' if count != 1 else ''}"


def show_neighbours(vectors: KeyedVectors) -> None:
    """Print some words, each with its nearest neighbours and their cosines."""
    heading("Neighbours: model.wv.most_similar(word)")
    chosen = [word for word in WORDS if word in vectors][:SHOWN_WORDS]
    width = max(map(len, chosen), default=0)
    for word in chosen:
        ranking = vectors.most_similar(word, topn=SHOWN_NEIGHBOURS)
        print(f"  {word:{width}}   " + "  ".join(f"{near} {score:.2f}" for near, score in ranking))


def show_analogies(vectors: KeyedVectors) -> None:
    """Print the answers to some questions of the kind "a is to b as c is to ?", right or wrong."""
    heading("Analogies: model.wv.most_similar(positive=[b, c], negative=[a])")
    for a, b, c in ANALOGIES:
        if all(word in vectors for word in (a, b, c)):
            answers = [word for word, _ in vectors.most_similar([b, c], [a], topn=3)]
            print(f"  {a} is to {b} as {c} is to ...  {answers[0]}  (then {', '.join(answers[1:])})")
    print("  These are chosen: so small a corpus answers few; good ones take a hundred times the text.")


def show_files(model: Word2Vec, save: str | None) -> None:
    """Save the model, load it and compare the two."""
    heading("Files: model.save(path), Word2Vec.load(path)")
    with tempfile.TemporaryDirectory(prefix="fastw2v-demo-") as directory:
        path = save or os.path.join(directory, "demo.fw2v")
        start = time.perf_counter()
        model.save(path)
        saved = time.perf_counter()
        loaded = Word2Vec.load(path)
        seconds = time.perf_counter() - saved
        size = os.path.getsize(path)
    if not same(model, loaded):
        raise AssertionError(
            "the loaded model differs from the saved one; this is a fault of fastw2v, please report it"
        )
    print(
        f"  {size / 1e6:.1f} MB saved in {1e3 * (saved - start):.0f} ms, loaded in {1e3 * seconds:.0f} ms; ",
        end="",
    )
    print("words and weights are the same, bit for bit")


def same(model: Word2Vec, other: Word2Vec) -> bool:
    """Return whether two models have the same words and weights."""
    return (
        model.wv.index_to_key == other.wv.index_to_key
        and np.array_equal(model.wv.vectors, other.wv.vectors)
        and model.syn1neg is not None
        and other.syn1neg is not None
        and np.array_equal(model.syn1neg, other.syn1neg)
    )


def show_next_steps(save: str | None) -> None:
    """Print what to try next."""
    heading("Next")
    if save is None:
        print("  fastw2v demo --save demo.fw2v                  keep this model")
    name = save or "demo.fw2v"
    print(f"  fastw2v similar {name} tuple")
    print(f"  fastw2v info {name}")
    print("  fastw2v train TEXT model.fw2v --sg             a text of your own, one sentence a line")
    print(
        "  from fastw2v import Word2Vec                   gensim's Word2Vec, the same arguments and methods"
    )


def heading(text: str) -> None:
    """Print a title, bold on a terminal."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}", flush=True)
