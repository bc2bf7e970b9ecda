"""Vectors in whatever format a file has, recognised by its content."""

from __future__ import annotations

from typing import Any

from fastw2v.common.files import check_regular, compression, local_path, open_input
from fastw2v.formats import detect_saved_format
from fastw2v.keyedvectors import KeyedVectors

VECTORS_ONLY = ("text", "binary")

_LONGEST_HEADER = 1 << 16
_BYTES_A_NUMBER = 32


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
        return detect_saved_format(path)
    except ValueError:
        return _word2vec_layout(path)


def load_vectors(path: str) -> KeyedVectors:
    """Return the vectors that a file holds, alone or as part of a model."""
    form = input_format(path)
    if form in VECTORS_ONLY:
        return KeyedVectors.load_word2vec_format(path, binary=form == "binary")
    return KeyedVectors.load(path, mmap=mapping_of(path, form))


def mapping_of(path: str, form: str) -> str | None:
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
