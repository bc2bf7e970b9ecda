"""What the benchmarks of updates, `incremental` and `repeated_updates`, measure alike.

Models are compared by the cosines of their words: with the same words of another model, or with frequent words. Losses
are measured on lines as a training sees them.
"""

from __future__ import annotations

import os
import random
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v import KeyedVectors, Word2Vec
from fastw2v.vocabulary import subsampling

Sentences = list[list[str]]
Columns = dict[str, tuple[str, str]]  # for each figure, the title and the format of its column

MIN_OCCURRENCES = 10  # in the new text, of the new words that are compared
FREQUENT = 3_000  # number of frequent words to which similarities are compared
TOPN = 10
NOISE_SEED = 1  # of the negative samples of the losses
REFERENCE_SEED = 99
BLOCK = 500  # words whose cosines with all words are computed at a time


def downsampled(lines: Sentences, reference: Word2Vec, words: Iterable[str]) -> Sentences:
    """Return the lines as a training sees them: without other words, and with frequent words downsampled."""
    counts = reference.wv.expandos["count"]
    threshold = subsampling.subsample_threshold(int(counts.sum()), reference.sample)
    probabilities = subsampling.keep_probabilities(counts, threshold)
    keep = {word: probabilities[reference.wv.key_to_index[word]] for word in words}
    draw = random.Random(2).random
    return [[word for word in line if draw() < keep.get(word, 0)] for line in lines]


def cosines(wv: KeyedVectors, queries: Sequence[str], words: Sequence[str]) -> NDArray[np.float32]:
    """Return the cosines of `queries` with `words`, as an array of shape (queries, words)."""
    unit = (wv.subset(some).get_normed_vectors() for some in (list(queries), list(words)))
    found: NDArray[np.float32] = next(unit) @ next(unit).T
    return found


def nearest(wv: KeyedVectors, queries: Sequence[str], words: Sequence[str]) -> NDArray[np.intp]:
    """Return the positions in `words` of the `TOPN` nearest neighbors of `queries`, which are among them."""
    position = {word: i for i, word in enumerate(words)}
    rows = np.array([position[word] for word in queries], dtype=np.intp)
    matrix = wv.subset(list(words)).get_normed_vectors()
    found = []
    for some in np.array_split(rows, max(len(rows) // BLOCK, 1)):
        scores = matrix[some] @ matrix.T
        scores[np.arange(len(some)), some] = -1
        found.append(np.argpartition(-scores, TOPN, axis=1)[:, :TOPN])
    return np.concatenate(found)


def mean_overlap(one: NDArray[np.intp], other: NDArray[np.intp]) -> float:
    """Return the mean share of the neighbors in the rows of `one` that the same rows of `other` have."""
    return float(np.mean([len(np.intersect1d(a, b)) / TOPN for a, b in zip(one, other, strict=True)]))


def mean_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the mean correlation of the rows of two arrays."""
    return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(one, other, strict=True)]))


def load_or_train(path: str, train: Callable[[], Word2Vec]) -> Word2Vec:
    """Return the model in a file; train and save it if the file does not exist."""
    if not os.path.exists(path):
        train().save(path)
    return Word2Vec.load(path)


def mean_cells(lines: list[dict[str, Any]], columns: Columns) -> list[str]:
    """Return the mean of each figure over the lines that have it, in the format of its column."""
    cells = []
    for name, (_, form) in columns.items():
        values = [line[name] for line in lines if line.get(name) is not None]
        cells.append(form.format(statistics.fmean(values)) if values else "-")
    return cells
