"""Reading and writing models and vectors in every supported format.

The content of a file determines how it is read; the suffix of a file or an option determines how it is written. This
module selects the class (`Word2Vec` or `KeyedVectors`) and the method.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from fastw2v.common.files import COMPRESSED_SUFFIXES, local_path
from fastw2v.formats import detect
from fastw2v.formats.detect import input_format, mapping_of
from fastw2v.keyedvectors import KeyedVectors, load_any
from fastw2v.word2vec import Word2Vec

__all__ = [
    "EXPORTS",
    "FOLDERS",
    "FORMATS",
    "STANDARD_STREAM",
    "VECTORS_ONLY",
    "check_folder",
    "file_sizes",
    "input_format",
    "load",
    "load_any",
    "output_format",
    "save",
    "vectors_of",
]

# What writes each format that `load` reads; native and gensim keep a whole model, the others its vectors.
_SAVE: dict[str, Callable[[Any, str], None]] = {
    "native": lambda model, path: model.save(path),
    "text": lambda model, path: vectors_of(model).save_word2vec_format(path, binary=False),
    "binary": lambda model, path: vectors_of(model).save_word2vec_format(path, binary=True),
    "gensim": lambda model, path: model.save_gensim(path),
    "finalfusion": lambda model, path: vectors_of(model).save_finalfusion(path),
}
FORMATS = tuple(_SAVE)
# What writes the vectors in formats of other libraries, which `load` does not read, except glove.
EXPORTS: dict[str, Callable[[KeyedVectors, str], None]] = {
    "glove": KeyedVectors.save_glove_format,
    "npz": KeyedVectors.save_npz,
    "parquet": KeyedVectors.save_parquet,
    "tensorboard": KeyedVectors.save_tensorboard,
    "static-embedding": KeyedVectors.save_static_embedding,
    "spacy": lambda vectors, path: vectors.to_spacy().to_disk(path),
    "hub": KeyedVectors.save_pretrained,
}
FOLDERS = ("tensorboard", "static-embedding", "spacy", "hub")  # formats of which OUTPUT is a folder
SUFFIXES = {
    ".fw2v": "native",
    ".txt": "text",
    ".vec": "text",
    ".bin": "binary",
    ".fifu": "finalfusion",
    ".glove": "glove",
    ".npz": "npz",
    ".parquet": "parquet",
}
VECTORS_ONLY = (*detect.VECTORS_ONLY, *EXPORTS)
# Suffixes that stand for formats that fastw2v does not write.
OTHER_SUFFIXES = (
    ".7z", ".csv", ".h5", ".hdf5", ".json", ".jsonl", ".npy", ".pickle", ".pkl", ".tar", ".tsv",
    ".zip",
)  # fmt: skip
STANDARD_STREAM = "-"  # stands for stdin or stdout


def output_format(path: str) -> str:
    """Return the format that the suffix of `path` selects, in `FORMATS` or `EXPORTS`; compression is ignored.

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
    if suffix.lower() in OTHER_SUFFIXES:
        raise ValueError(
            f"OUTPUT is {path}, and fastw2v does not write {suffix} files; the suffixes .txt and .vec select word2vec "
            "text, .bin selects word2vec binary, .fifu finalfusion, and .fw2v the format of fastw2v; --format selects "
            f"one of {', '.join((*FORMATS, *EXPORTS))} whatever the suffix is"
        )
    return SUFFIXES.get(suffix.lower(), "native")


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
    """Save a model or vectors in one of `FORMATS` or `EXPORTS`; those in `VECTORS_ONLY` save only the vectors.

    The path ``-`` stands for stdout.
    """
    if path == STANDARD_STREAM:
        with tempfile.TemporaryDirectory(prefix="fastw2v-stdout-") as folder:
            copy = os.path.join(folder, "output")
            save(model, copy, file_format)
            with open(copy, "rb") as stream:
                shutil.copyfileobj(stream, sys.stdout.buffer, 1 << 20)
    elif file_format in EXPORTS:
        EXPORTS[file_format](vectors_of(model), path)
    else:
        _SAVE[file_format](model, path)


def check_folder(path: str) -> None:
    """Raise an error if `path` cannot be the folder of one of the formats in `FOLDERS`."""
    if path == "-":
        raise ValueError(
            "this format is a folder of several files and cannot be written to stdout; name a folder"
        )
    if os.path.exists(path) and not os.path.isdir(path):
        raise NotADirectoryError(
            errno.ENOTDIR, "this format is a folder, and OUTPUT is a file; name a folder", path
        )


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
