"""Models and vectors in whatever format a file has: what the command line opens and writes.

A file to read is recognised by its content, a file to write by its suffix. What the user named is a path;
which class and which method belong to it is decided here and nowhere else.
"""

from __future__ import annotations

import glob
import os
from typing import Any

from fastw2v.formats import recognise
from fastw2v.formats.atomic import COMPRESSED_SUFFIXES, check_regular, compression, local_path, open_input
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.word2vec import Word2Vec

FORMATS = ("native", "text", "binary", "gensim")
VECTORS_ONLY = ("text", "binary")
TEXT_SUFFIXES = (".txt", ".vec")
BINARY_SUFFIXES = (".bin",)

_LONGEST_HEADER = 1 << 16
_BYTES_A_NUMBER = 32


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


def input_format(path: str) -> str:
    """Return what a file holds, by its first bytes: "native", "gensim", "text" or "binary".

    Raises
    ------
    ValueError
        If it is none of these.
    OSError
        If it cannot be read.
    """
    if local_path(path) is not None:
        check_regular(path)  # it will be opened twice, which a pipe cannot be
    try:
        return recognise(path)
    except ValueError:
        return _word2vec_layout(path)


def load(path: str) -> Word2Vec | KeyedVectors:
    """Return the model that a file holds, or its vectors if there is no more."""
    form = input_format(path)
    if form in VECTORS_ONLY:
        return KeyedVectors.load_word2vec_format(path, binary=form == "binary")
    try:
        return Word2Vec.load(path, mmap=_mapping(path, form))
    except AttributeError:  # what `Word2Vec.load` raises for vectors without a model
        return KeyedVectors.load(path, mmap=_mapping(path, form))


def load_vectors(path: str) -> KeyedVectors:
    """Return the vectors that a file holds, alone or as part of a model."""
    form = input_format(path)
    if form in VECTORS_ONLY:
        return KeyedVectors.load_word2vec_format(path, binary=form == "binary")
    return KeyedVectors.load(path, mmap=_mapping(path, form))


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


def _mapping(path: str, form: str) -> str | None:
    """Large arrays need not be read to answer one query; only an uncompressed file of ours can be mapped."""
    return "r" if form == "native" and compression(path) is None and local_path(path) is not None else None


def _word2vec_layout(path: str) -> str:
    with open_input(path) as stream:
        first = stream.readline(_LONGEST_HEADER)
        header: list[Any] = first.split()
        if len(header) == 2 and all(field.isdigit() for field in header):
            width = int(header[1])
            record = stream.read(min(_LONGEST_HEADER + _BYTES_A_NUMBER * width, 1 << 24))
            line = record.split(b"\n", 1)[0].split()
            return "text" if not record or _are_numbers(line[-width:], width) else "binary"
    if _are_numbers(first.split()[1:]):
        return "text"
    raise ValueError(f"{path}: no model or vectors in a known format (fastw2v, gensim, word2vec, GloVe)")


def _are_numbers(fields: list[bytes], count: int | None = None) -> bool:
    if not fields or (count is not None and len(fields) != count):
        return False
    try:
        for field in fields:
            float(field)
    except ValueError:
        return False
    return True
