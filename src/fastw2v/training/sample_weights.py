"""Weights of sentences: factors on the learning rates of the sentences of one training.

The weights are an array in addition to the corpus, in the order of its sentences. In each epoch they are attached to
the encoded sentences, all at once or chunk by chunk, so lists, files and iterables are treated in the same way.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.text.encoded_corpus import EncodedCorpus

_WHAT_COUNTS = (
    "In a file, blank lines are no sentences, and a line of more than 10,000 words is several; model.corpus_count has "
    "their number"
)


class SampleWeights:
    """The weights of the sentences of a corpus.

    Parameters
    ----------
    values : array-like of float, shape (n_sentences,)
        Finite numbers of at least 0.

    Raises
    ------
    TypeError, ValueError
        If `values` is not such an array; the message names `sample_weight`.
    """

    def __init__(self, values: Any) -> None:
        try:
            weights = np.ascontiguousarray(values, dtype=np.float32)
        except (TypeError, ValueError):
            raise TypeError(
                f"sample_weight must be an array with one number for each sentence, not {values!r:.60}"
            ) from None
        if weights.ndim != 1 or np.ndim(values) != 1 or isinstance(values, (str, bytes)):
            raise TypeError("sample_weight must be a 1-D array with one number for each sentence")
        if not np.isfinite(weights).all() or (weights < 0).any():
            raise ValueError(
                "sample_weight must hold finite numbers of at least 0; give 0 to a sentence to ignore it"
            )
        self._values: NDArray[np.float32] = weights

    @property
    def digest(self) -> int:
        """A checksum, by which a checkpoint recognises the weights."""
        return zlib.crc32(self._values.tobytes())

    def check_size(self, n_sentences: int) -> None:
        """Raise a ValueError if there are not as many weights as sentences."""
        if n_sentences != len(self._values):
            raise ValueError(
                f"sample_weight has {len(self._values)} weights, but the corpus has {n_sentences} sentences; give one "
                f"for each sentence. {_WHAT_COUNTS}"
            )

    def attached(
        self, corpus: EncodedCorpus | Iterable[EncodedCorpus]
    ) -> EncodedCorpus | Iterable[EncodedCorpus]:
        """Return the corpus of an epoch, given whole or as consecutive chunks, with the weights of its sentences.

        Raises
        ------
        ValueError
            If there are not as many weights as sentences; with chunks, as soon as the difference is found.
        """
        if isinstance(corpus, EncodedCorpus):
            self.check_size(corpus.n_sentences)
            return replace(corpus, weights=self._values)
        return self._chunks(corpus)

    def _chunks(self, corpus: Iterable[EncodedCorpus]) -> Iterator[EncodedCorpus]:
        first = 0
        for chunk in corpus:
            last = first + chunk.n_sentences
            if last > len(self._values):
                raise ValueError(
                    f"sample_weight has {len(self._values)} weights, but the corpus has more sentences; give one for "
                    f"each sentence. {_WHAT_COUNTS}"
                )
            yield replace(chunk, weights=self._values[first:last])
            first = last
        if first:  # an epoch without any sentence has an error of its own
            self.check_size(first)


def check_same_weights(known: int | None, weights: SampleWeights | None) -> None:
    """Raise a ValueError if `weights` are not those of the training that a checkpoint holds.

    Parameters
    ----------
    known : int or None
        The digest that the checkpoint holds; None: that training has no weights.
    weights : SampleWeights or None
        The weights that `resume` was given.
    """
    if known is not None and weights is None:
        raise ValueError(
            "the training of the checkpoint has weights of sentences; pass the same sample_weight"
        )
    if known is None and weights is not None:
        raise ValueError(
            "the training of the checkpoint has no weights of sentences; leave out sample_weight"
        )
    if weights is not None and weights.digest != known:
        raise ValueError(
            "sample_weight is not that of the checkpoint; pass the same weights in the same order"
        )
