"""The files of the TensorBoard embedding projector: ``tensors.tsv`` and ``metadata.tsv``."""

from __future__ import annotations

import os

import numpy as np

from fastw2v.common.files import PathLike, open_atomic
from fastw2v.export.words import Words

_LINE_BREAKS = str.maketrans(dict.fromkeys("\t\n\x0b\x0c\r\x1c\x1d\x1e\x85\u2028\u2029", " "))
_BLOCK = 4096  # rows that are turned into text at a time


def write(folder: PathLike, words: Words) -> None:
    """Write the vectors and the keys with their attributes into `folder`, which is created.

    The files have no escape sequences: tabs and line breaks in keys become spaces. A file of metadata with a single
    column has no header, as the projector requires.
    """
    labels = [name.translate(_LINE_BREAKS) for name in words.names]
    os.makedirs(folder, exist_ok=True)
    columns = [labels, *(map(str, values.tolist()) for values in words.attributes.values())]
    with open_atomic(os.path.join(folder, "metadata.tsv"), "w", newline="\n") as stream:
        if words.attributes:
            stream.write("\t".join(["word", *words.attributes]) + "\n")
        for row in zip(*columns, strict=True):
            stream.write("\t".join(row) + "\n")
    with open_atomic(os.path.join(folder, "tensors.tsv"), "w", newline="\n") as stream:
        for start in range(0, len(labels), _BLOCK):
            block = np.asarray(words.vectors[start : start + _BLOCK])
            # str() of a float32 is its shortest decimal; that of a Python float would have the digits of a float64.
            stream.writelines("\t".join(map(str, row)) + "\n" for row in block)
