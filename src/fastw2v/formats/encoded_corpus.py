"""An encoded corpus with its words and counts in fastw2v's own file format, to be memory-mapped.

corpus.ids            int32, shape (tokens,)         the arrays of `EncodedCorpus`
corpus.offsets        int64, shape (sentences + 1,)
corpus.raw_lengths    int64, shape (sentences,)
corpus.counts         int64, shape (words,)          occurrences of each id
corpus.first_seen     int64, shape (words that occur,)  their ids in the order of first occurrence
keys.*                                               the words (`keys`)
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from fastw2v.formats import native
from fastw2v.formats.keys import decode_keys, encode_keys
from fastw2v.text.encoded_corpus import EncodedCorpus

KIND = "corpus"
PathLike = str | os.PathLike[str]

_DTYPES = {
    "ids": np.int32,
    "offsets": np.int64,
    "raw_lengths": np.int64,
    "counts": np.int64,
    "first_seen": np.int64,
}


def write(path: PathLike, corpus: EncodedCorpus) -> None:
    """Write a corpus that knows its words, atomically."""
    arrays = {f"corpus.{name}": np.asarray(getattr(corpus, name), dtype) for name, dtype in _DTYPES.items()}
    metadata = {"kind": KIND, "n_sentences": corpus.n_sentences, "raw_words": corpus.raw_words}
    native.write(path, {**arrays, **encode_keys(corpus.words or [])}, metadata)


def read(path: PathLike, mmap: str | None = "r") -> dict[str, Any]:
    """Read the fields of an `EncodedCorpus`.

    Raises
    ------
    ValueError
        If the file is damaged, or holds something else. In a mapped file, the ids themselves are not read; training
        checks them.
    """
    arrays, metadata = native.read(path, mmap)
    if metadata.get("kind") != KIND:
        raise ValueError(
            f"{str(path)!r} holds {metadata.get('kind', 'something else')!r}, not an encoded corpus; make one with "
            "EncodedCorpus.build"
        )
    fields: dict[str, Any] = {}
    for name, dtype in _DTYPES.items():
        array = arrays.get(f"corpus.{name}")
        if array is None or array.dtype != dtype or array.ndim != 1:
            raise _damaged(
                path, f"array 'corpus.{name}' is missing, or has another type or shape than it must"
            )
        fields[name] = np.asarray(array)
    fields["words"] = words = decode_keys(arrays)
    _check(path, fields, len(words))
    return fields


def _check(path: PathLike, fields: dict[str, Any], n_words: int) -> None:
    offsets, raw_lengths, first_seen = fields["offsets"], fields["raw_lengths"], fields["first_seen"]
    if len(offsets) != len(raw_lengths) + 1 or offsets[0] != 0 or offsets[-1] != len(fields["ids"]):
        raise _damaged(path, "array 'corpus.offsets' does not divide 'corpus.ids' into sentences")
    lengths = np.diff(offsets)
    if len(lengths) and (lengths.min() < 0 or (raw_lengths < lengths).any()):
        raise _damaged(
            path, "the lengths of sentences in 'corpus.offsets' and 'corpus.raw_lengths' are out of range"
        )
    if len(fields["counts"]) != n_words:
        raise _damaged(path, f"array 'corpus.counts' has {len(fields['counts'])} entries for {n_words} words")
    if not np.array_equal(np.sort(first_seen), np.flatnonzero(fields["counts"])):
        raise _damaged(path, "array 'corpus.first_seen' is not an order of the words that occur")


def _damaged(path: PathLike, problem: str) -> ValueError:
    return ValueError(f"cannot read {str(path)!r}: {problem}; the file is damaged, build it again")
