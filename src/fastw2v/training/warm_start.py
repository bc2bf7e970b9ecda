"""Starting a training from vectors of another one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastw2v.formats.detect import load_vectors
from fastw2v.keyedvectors import KeyedVectors

logger = logging.getLogger("gensim.models.word2vec")  # the name that users of gensim filter and parse


@dataclass(frozen=True, eq=False)
class WarmStart:
    """Vectors that a vocabulary, once it is built, starts from; see `init_from` of `Word2Vec`."""

    vectors: KeyedVectors
    lockf: float | Mapping[Any, float]

    def apply(self, wv: KeyedVectors) -> None:
        """Take over the vectors of those words that both have.

        Raises
        ------
        ValueError
            If one of these vectors is not finite: every sentence with its word would spread that.
        """
        shared = [word for word in wv.index_to_key if word in self.vectors.key_to_index]
        rows = np.array([self.vectors.key_to_index[word] for word in shared], dtype=np.intp)
        if isinstance(self.lockf, Mapping):
            factors = np.array([self.lockf.get(word, 1.0) for word in shared], dtype=np.float32)
        else:
            factors = np.full(len(shared), self.lockf, dtype=np.float32)
        taken = self.vectors.vectors[rows]
        sound = np.isfinite(taken.sum(axis=1, dtype=np.float64))
        if not sound.all():
            first, others = shared[int(np.argmin(sound))], np.count_nonzero(~sound) - 1
            raise ValueError(
                f"init_from holds NaN or infinity for {first!r:.80} and {others} other words; remove them from it, and "
                "they start from random vectors"
            )
        wv.take_over(shared, taken, None if (factors == 1).all() else factors)
        logger.info(
            "initialised %i of %i words from %s; %i of them learn at another rate",
            len(shared), len(wv), self.vectors, int(np.count_nonzero(factors != 1)),
        )  # fmt: skip


def warm_start(init_from: Any, lockf: float | Mapping[Any, float], vector_size: int) -> WarmStart | None:
    """Return the start that `Word2Vec(init_from=..., init_lockf=...)` asks for; None if it asks for none.

    Raises
    ------
    ValueError
        If the vectors have another width, a factor is no finite number or without vectors, or a file has no known
        format.
    TypeError
        If `init_from` is neither vectors, nor a model, nor a path.
    OSError
        If a file cannot be read.
    """
    factors = list(lockf.values()) if isinstance(lockf, Mapping) else [lockf]
    if not all(isinstance(factor, (int, float, np.number)) and np.isfinite(factor) for factor in factors):
        raise ValueError(f"init_lockf={lockf!r:.80} must be a finite number, or a mapping of words to such")
    if init_from is None:
        if isinstance(lockf, Mapping) or lockf != 1:
            raise ValueError(f"init_lockf={lockf!r:.80} needs init_from=, the vectors that it is for")
        return None
    vectors = getattr(init_from, "wv", init_from)
    if isinstance(vectors, (str, bytes)) or hasattr(vectors, "__fspath__"):
        vectors = load_vectors(vectors)
    if not isinstance(vectors, KeyedVectors):
        raise TypeError(
            f"init_from must be KeyedVectors, a model, or a path to either, not {type(init_from).__name__}"
        )
    if vectors.vector_size != vector_size:
        raise ValueError(
            f"init_from holds vectors of {vectors.vector_size} dimensions and vector_size={vector_size}; "
            f"use vector_size={vectors.vector_size}"
        )
    return WarmStart(vectors, lockf)
