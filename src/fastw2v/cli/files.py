"""Models and vectors in whatever format a file has: what the command line opens and writes.

A file to read is recognised by its content, a file to write by its suffix. What the user named is a path;
which class and which method belong to it is decided here and nowhere else.
"""

from __future__ import annotations

import glob
import os

from fastw2v.common.files import COMPRESSED_SUFFIXES, local_path
from fastw2v.formats.detect import VECTORS_ONLY, input_format, mapping_of
from fastw2v.keyedvectors import KeyedVectors, load_any
from fastw2v.word2vec import Word2Vec

__all__ = [
    "FORMATS",
    "VECTORS_ONLY",
    "file_sizes",
    "input_format",
    "load",
    "load_any",
    "output_format",
    "save",
    "vectors_of",
]

FORMATS = ("native", "text", "binary", "gensim")
TEXT_SUFFIXES = (".txt", ".vec")
BINARY_SUFFIXES = (".bin",)


def output_format(path: str) -> str:
    """Return the one of `FORMATS` that the suffix of `path` asks for, a suffix of compression aside."""
    stem, suffix = os.path.splitext(path)
    if suffix.lower() in COMPRESSED_SUFFIXES:
        suffix = os.path.splitext(stem)[1]
    if suffix.lower() in TEXT_SUFFIXES:
        return "text"
    if suffix.lower() in BINARY_SUFFIXES:
        return "binary"
    return "native"


def load(path: str) -> Word2Vec | KeyedVectors:
    """Return the model that a file holds, or its vectors if there is no more."""
    form = input_format(path)
    if form in VECTORS_ONLY:
        return KeyedVectors.load_word2vec_format(path, binary=form == "binary")
    try:
        return Word2Vec.load(path, mmap=mapping_of(path, form))
    except AttributeError:  # what `Word2Vec.load` raises for vectors without a model
        return KeyedVectors.load(path, mmap=mapping_of(path, form))


def save(model: Word2Vec | KeyedVectors, path: str, form: str) -> None:
    """Write a model, or vectors, in one of `FORMATS`; text and binary hold the vectors only."""
    if form == "native":
        model.save(path)
    elif form == "gensim":
        model.save_gensim(path)
    else:
        vectors_of(model).save_word2vec_format(path, binary=form == "binary")


def vectors_of(model: Word2Vec | KeyedVectors) -> KeyedVectors:
    """Return the vectors of a model, or the vectors themselves."""
    return model.wv if isinstance(model, Word2Vec) else model


def file_sizes(path: str) -> dict[str, int]:
    """Return the bytes of a file and of the arrays that gensim writes beside a large one, by path."""
    local = local_path(path)
    if local is None:
        return {}
    parts = [local, *sorted(glob.glob(glob.escape(local) + ".*.npy"))]
    return {part: os.path.getsize(part) for part in parts}
