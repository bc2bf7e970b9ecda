"""Corpora as every library can read them: plain text files, decompressed and counted once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fastw2v.common.files import compression, open_input


@dataclass(frozen=True)
class Corpus:
    """The path of a plain text and its statistics."""

    path: str
    name: str
    tokens: int
    types: int
    lines: int
    bytes: int

    def facts(self) -> dict[str, Any]:
        """Return everything but the path."""
        return {name: value for name, value in asdict(self).items() if name != "path"}


@contextmanager
def unpacked(source: str, max_bytes: int | None = None) -> Iterator[Corpus]:
    """Count a text and yield it as a plain file.

    A text that is compressed, or longer than `max_bytes`, is copied to a temporary file, because gensim's
    ``corpus_file`` reads only plain files. Counting also reads the file into the page cache, so that no training has to
    wait for the disk.
    """
    plain = compression(source) is None and (max_bytes is None or os.path.getsize(source) <= max_bytes)
    name = os.path.basename(source)
    if plain:
        yield _counted(source, source, name, None, None)
        return
    descriptor, path = tempfile.mkstemp(prefix="fastw2v-benchmark-", suffix=".txt")
    os.close(descriptor)
    try:
        yield _counted(source, path, name, path, max_bytes)
    finally:
        os.unlink(path)


def _counted(source: str, path: str, name: str, copy: str | None, max_bytes: int | None) -> Corpus:
    types: set[str] = set()
    tokens = lines = size = 0
    with open_input(source) as text, open(copy, "wb") if copy else nullcontext() as target:
        for line in text:
            if max_bytes is not None and size + len(line) > max_bytes and lines:
                break
            words = line.decode("utf8").split()
            types.update(words)
            tokens += len(words)
            lines += 1
            size += len(line)
            if target is not None:
                target.write(line)
    return Corpus(path, name, tokens, len(types), lines, size)


@contextmanager
def zipf(vocabulary: int, words: int, seed: int = 1) -> Iterator[str]:
    """Write an artificial text to a temporary file and yield its path.

    Each of the `vocabulary` distinct words occurs once; the remaining words are drawn from the Zipf-Mandelbrot law of
    `kernels`. A line has 50 words.
    """
    from benchmarks.kernels import zipf_ids

    ids = np.concatenate((np.arange(vocabulary), zipf_ids(vocabulary, max(0, words - vocabulary), seed)))
    np.random.default_rng(seed).shuffle(ids)
    with tempfile.NamedTemporaryFile(
        "w", prefix="fastw2v-benchmark-", suffix=".txt", encoding="ascii"
    ) as file:
        for start in range(0, len(ids), 50):
            file.write(" ".join(f"w{number}" for number in ids[start : start + 50].tolist()) + "\n")
        file.flush()
        yield file.name
