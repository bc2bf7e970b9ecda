"""Reading and writing models and vectors in every supported format.

The content of a file determines how it is read; the suffix of a file or an option determines how it is written. This
module selects the class (`Word2Vec` or `KeyedVectors`) and the method.
"""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile

from fastw2v.common.files import COMPRESSED_SUFFIXES, local_path
from fastw2v.formats.detect import VECTORS_ONLY, input_format, mapping_of
from fastw2v.keyedvectors import KeyedVectors, load_any
from fastw2v.word2vec import Word2Vec

__all__ = [
    "FORMATS",
    "STANDARD_STREAM",
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
# Suffixes that stand for formats that fastw2v does not write.
OTHER_SUFFIXES = (
    ".7z", ".csv", ".h5", ".hdf5", ".json", ".jsonl", ".npy", ".npz", ".parquet", ".pickle", ".pkl", ".tar", ".tsv",
    ".zip",
)  # fmt: skip
STANDARD_STREAM = "-"  # stands for stdin or stdout


def output_format(path: str) -> str:
    """Return the element of `FORMATS` that the suffix of `path` selects; a suffix of compression is ignored.

    Raises
    ------
    ValueError
        If the suffix stands for another format.
    """
    if path == STANDARD_STREAM:
        return "text"
    stem, suffix = os.path.splitext(path)
    if suffix.lower() in COMPRESSED_SUFFIXES:
        suffix = os.path.splitext(stem)[1]
    if suffix.lower() in TEXT_SUFFIXES:
        return "text"
    if suffix.lower() in BINARY_SUFFIXES:
        return "binary"
    if suffix.lower() in OTHER_SUFFIXES:
        raise ValueError(
            f"OUTPUT is {path}, and fastw2v does not write {suffix} files; the suffixes .txt and .vec select word2vec "
            "text, .bin selects word2vec binary, and .fw2v the format of fastw2v; --format selects one of "
            f"{', '.join(FORMATS)} whatever the suffix is"
        )
    return "native"


def load(path: str) -> Word2Vec | KeyedVectors:
    """Load the model in a file, or the vectors if the file holds no model."""
    file_format = input_format(path)
    if file_format not in VECTORS_ONLY:
        try:
            return Word2Vec.load(path, mmap=mapping_of(path, file_format))
        except AttributeError:  # `Word2Vec.load` raises it for a file of vectors
            pass
    return load_any(path)


def save(model: Word2Vec | KeyedVectors, path: str, file_format: str) -> None:
    """Save a model or vectors in one of `FORMATS`; "text" and "binary" save only the vectors.

    The path ``-`` stands for stdout.
    """
    if path == STANDARD_STREAM:
        with tempfile.TemporaryDirectory(prefix="fastw2v-stdout-") as folder:
            copy = os.path.join(folder, "output")
            save(model, copy, file_format)
            with open(copy, "rb") as stream:
                shutil.copyfileobj(stream, sys.stdout.buffer, 1 << 20)
    elif file_format == "native":
        model.save(path)
    elif file_format == "gensim":
        model.save_gensim(path)
    else:
        vectors_of(model).save_word2vec_format(path, binary=file_format == "binary")


def vectors_of(model: Word2Vec | KeyedVectors) -> KeyedVectors:
    """Return the vectors of a model; return an argument that is vectors unchanged."""
    return model.wv if isinstance(model, Word2Vec) else model


def file_sizes(path: str) -> dict[str, int]:
    """Return the size in bytes of a file and of the ``.npy`` files that gensim saved beside it, by path."""
    local = local_path(path)
    if local is None:
        return {}
    paths = [local, *sorted(glob.glob(glob.escape(local) + ".*.npy"))]
    return {each: os.path.getsize(each) for each in paths}
