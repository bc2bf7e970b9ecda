"""Sampling tables from word counts: subsampling of frequent words, and the noise distribution.

Pure functions that give gensim's numbers bit for bit. Sums run left to right in float64 and powers go through
the C library one value at a time, as gensim's scalar loops do: NumPy's own vectorised power may differ in the
last bit, and one bit can move a boundary of the noise table.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["downsampling", "keep_probabilities", "noise_table", "sample_ints", "subsample_threshold"]

Counts = npt.NDArray[np.int64]


def subsample_threshold(retain_total: float, sample: float | None) -> float:
    """Return the count above which words are thinned out.

    Parameters
    ----------
    retain_total
        Tokens in the vocabulary.
    sample
        A fraction of `retain_total` where below 1, else an absolute measure; 0 or None for no thinning.
    """
    if not sample:
        return float(retain_total)
    if sample < 1.0:
        return sample * retain_total
    return float(int(sample * (3 + math.sqrt(5)) / 2))


def keep_probabilities(counts: Counts, threshold: float) -> npt.NDArray[np.float64]:
    """Return the probability with which each occurrence of a word is trained on.

    Parameters
    ----------
    counts : ndarray of int64, shape (words,)
    threshold
        From :func:`subsample_threshold`.

    Returns
    -------
    ndarray of float64, shape (words,)
        ``(sqrt(count / threshold) + 1) * threshold / count``, at most 1; 1 for words that were never seen.
    """
    seen = np.maximum(counts, 1).astype(np.float64)
    if threshold <= 0:
        return np.ones(len(counts))
    probabilities: npt.NDArray[np.float64] = (np.sqrt(seen / threshold) + 1) * (threshold / seen)
    return np.where(counts > 0, np.minimum(probabilities, 1.0), 1.0)


def downsampling(counts: Counts, probabilities: npt.NDArray[np.float64]) -> tuple[int, float]:
    """Return how many words are thinned out, and the expected number of tokens that remain."""
    expected = np.cumsum(probabilities * counts)
    return int((probabilities < 1.0).sum()), float(expected[-1]) if len(expected) else 0.0


def sample_ints(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    """Return `probabilities` as fractions of 2**32 - 1, for comparison with 32 random bits."""
    return (probabilities * (2**32 - 1)).astype(np.uint32)


def _power(count: int, exponent: float) -> float:
    if count == 0 and exponent < 0:  # never seen, and never drawn
        return 0.0
    try:
        return math.pow(count, exponent)
    except OverflowError as error:
        raise ValueError(f"ns_exponent={exponent} is too large: {count}**{exponent} overflows") from error


def _different(counts: Counts) -> tuple[Counts, npt.NDArray[np.intp]]:
    """The different counts, and which of them each one is."""
    if (counts[1:] > counts[:-1]).any():
        different, which = np.unique(counts, return_inverse=True)
        return different, which
    begins = np.concatenate(
        ([True], counts[1:] != counts[:-1])
    )  # falling, as those of a vocabulary: no need to sort
    return counts[begins], np.cumsum(begins) - 1


def noise_table(counts: Counts, ns_exponent: float, domain: int = 2**31 - 1) -> npt.NDArray[np.uint32]:
    """Return the cumulative distribution from which negative samples are drawn.

    Parameters
    ----------
    counts : ndarray of int64, shape (words,)
    ns_exponent
        Words are drawn in proportion to ``count ** ns_exponent``. It may be negative; words never seen are
        then not drawn.
    domain
        Value of the last entry.

    Returns
    -------
    ndarray of uint32, shape (words,)
        A draw ``r`` from ``[0, domain)`` means the first word whose entry exceeds ``r``.

    Raises
    ------
    ValueError
        If the powers overflow.
    """
    if len(counts) == 0:
        return np.empty(0, dtype=np.uint32)
    different, which = _different(counts)
    powers = np.array([_power(count, float(ns_exponent)) for count in different.tolist()])
    running = np.cumsum(powers[which])
    if running[-1] == 0.0:
        running = np.arange(1.0, len(counts) + 1)
    table: npt.NDArray[np.uint32] = np.rint(running / running[-1] * domain).astype(np.uint32)
    return table
