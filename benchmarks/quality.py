"""Quality of vectors: analogies and word similarities, from a directory that the user names.

The vectors of all libraries are evaluated by fastw2v, whose results are those of gensim. Evaluation sets that are not
in the directory are skipped.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

ANALOGIES = ("analogies", "questions-words.txt")
PAIRS = (
    ("ws353", "wordsim353.tsv"),
    ("simlex", "simlex999.txt"),
    ("men", "men3000.tsv"),
    ("rareword", "rareword.tsv"),
)
MEASURES = (ANALOGIES[0], *(name for name, _ in PAIRS))
RESTRICT_VOCAB = 30000


def evaluate(words: list[str], vectors: NDArray[np.float32], directory: str) -> dict[str, float | None]:
    """Return the accuracy of the analogies and Spearman's correlation of each set of word pairs.

    The value is None if too few words of a set have vectors.
    """
    from fastw2v import KeyedVectors

    wv = KeyedVectors(vectors.shape[1])
    wv.add_vectors(words, vectors)
    scores: dict[str, float | None] = {}
    path = os.path.join(directory, ANALOGIES[1])
    if os.path.exists(path):
        accuracy, sections = wv.evaluate_word_analogies(path, restrict_vocab=RESTRICT_VOCAB)
        answered = len(sections[-1]["correct"]) + len(sections[-1]["incorrect"])
        scores[ANALOGIES[0]] = float(accuracy) if answered else None
    for name, file in PAIRS:
        path = os.path.join(directory, file)
        if os.path.exists(path):
            scores[name] = _spearman(wv, path)
    return scores


def _spearman(wv: object, path: str) -> float | None:
    try:
        _, spearman, _ = wv.evaluate_word_pairs(path)  # type: ignore[attr-defined]
    except ValueError:  # fewer than two pairs have vectors
        return None
    value = float(spearman[0])
    return value if np.isfinite(value) else None


def check_directory(directory: str) -> None:
    """Raise FileNotFoundError if there is nothing to evaluate with."""
    files = [ANALOGIES[1], *(file for _, file in PAIRS)]
    if not any(os.path.exists(os.path.join(directory, file)) for file in files):
        raise FileNotFoundError(
            f"{directory}: the directory contains none of {', '.join(files)}; add one of them or remove --evaluation"
        )
