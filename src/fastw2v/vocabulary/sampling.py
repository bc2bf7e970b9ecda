"""Sampling tables from word counts: subsampling of frequent words, and the noise distribution.

The functions are pure and give gensim's numbers bit for bit. Sums are accumulated from left to right in float64, and
each power is computed by the C library, as in gensim's scalar loops. The vectorised power of NumPy may differ in the
last bit, and one bit can move an entry of the noise table.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["downsampling", "keep_probabilities", "noise_table", "sample_ints", "subsample_threshold"]

Counts = npt.NDArray[np.int64]


def subsample_threshold(retain_total: float, sample: float | None) -> float:
    """Return the count above which occurrences of a word are dropped.

    Parameters
    ----------
    retain_total : float
        Number of tokens whose words are in the vocabulary.
    sample : float or None
        Below 1, a share of `retain_total`; otherwise an absolute measure. 0 or None means that nothing is dropped.

    Examples
    --------
    >>> from fastw2v.vocab import subsample_threshold
    >>> subsample_threshold(100_000, 0.001)
    100.0
    """
    if not sample:
        return float(retain_total)
    if sample < 1.0:
        return sample * retain_total
    return float(int(sample * (3 + math.sqrt(5)) / 2))


def keep_probabilities(counts: Counts, threshold: float) -> npt.NDArray[np.float64]:
    """Return the probability of each word that an occurrence of it is trained.

    Parameters
    ----------
    counts : ndarray of int64, shape (words,)
    threshold : float
        The result of `subsample_threshold`.

    Returns
    -------
    ndarray of float64, shape (words,)
        ``(sqrt(count / threshold) + 1) * threshold / count``, at most 1; 1 for words with the count 0.

    Examples
    --------
    >>> from fastw2v.vocab import keep_probabilities
    >>> keep_probabilities(np.array([400, 100, 1]), 100.0).tolist()
    [0.75, 1.0, 1.0]
    """
    seen = np.maximum(counts, 1).astype(np.float64)
    if threshold <= 0:
        return np.ones(len(counts))
    probabilities: npt.NDArray[np.float64] = (np.sqrt(seen / threshold) + 1) * (threshold / seen)
    return np.where(counts > 0, np.minimum(probabilities, 1.0), 1.0)


def downsampling(counts: Counts, probabilities: npt.NDArray[np.float64]) -> tuple[int, float]:
    """Return the number of words that are subsampled, and the expected number of tokens that remain.

    Examples
    --------
    >>> from fastw2v.vocab import downsampling
    >>> downsampling(np.array([400, 100]), np.array([0.75, 1.0]))
    (1, 400.0)
    """
    expected = np.cumsum(probabilities * counts)
    return int((probabilities < 1.0).sum()), float(expected[-1]) if len(expected) else 0.0


def sample_ints(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    """Return `probabilities` times 2**32 - 1, for comparison with 32 random bits.

    Examples
    --------
    >>> from fastw2v.vocab import sample_ints
    >>> sample_ints(np.array([0.5, 1.0])).tolist()
    [2147483647, 4294967295]
    """
    return (probabilities * (2**32 - 1)).astype(np.uint32)


def _power(count: int, exponent: float) -> float:
    if count == 0 and exponent < 0:  # a word that does not occur is never drawn
        return 0.0
    try:
        return math.pow(count, exponent)
    except OverflowError as error:
        raise ValueError(f"ns_exponent={exponent} is too large: {count}**{exponent} overflows") from error


def _distinct(counts: Counts) -> tuple[Counts, npt.NDArray[np.intp]]:
    """Return the distinct counts, and the position of each count among them."""
    if (counts[1:] > counts[:-1]).any():
        distinct, positions = np.unique(counts, return_inverse=True)
        return distinct, positions
    # The counts descend, as those of a sorted vocabulary do. Equal counts are neighbours, so that no sort is needed:
    # for two million words this takes 0.05 s instead of 0.3 s.
    begins = np.concatenate(([True], counts[1:] != counts[:-1]))
    return counts[begins], np.cumsum(begins) - 1


def noise_table(counts: Counts, ns_exponent: float, domain: int = 2**31 - 1) -> npt.NDArray[np.uint32]:
    """Return the cumulative distribution from which negative samples are drawn.

    Parameters
    ----------
    counts : ndarray of int64, shape (words,)
    ns_exponent : float
        Words are drawn in proportion to ``count ** ns_exponent``. If it is negative, words with the count 0 are not
        drawn.
    domain : int, default 2**31 - 1
        Value of the last entry.

    Returns
    -------
    ndarray of uint32, shape (words,)
        A random number `r` in ``[0, domain)`` stands for the first word whose entry is greater than `r`.

    Raises
    ------
    ValueError
        If a power overflows.

    Examples
    --------
    >>> from fastw2v.vocab import noise_table
    >>> noise_table(np.array([3, 1]), ns_exponent=1.0, domain=100).tolist()
    [75, 100]
    """
    if len(counts) == 0:
        return np.empty(0, dtype=np.uint32)
    distinct, positions = _distinct(counts)
    powers = np.array([_power(count, float(ns_exponent)) for count in distinct.tolist()])
    cumulative = np.cumsum(powers[positions])
    if cumulative[-1] == 0.0:
        cumulative = np.arange(1.0, len(counts) + 1)
    table: npt.NDArray[np.uint32] = np.rint(cumulative / cumulative[-1] * domain).astype(np.uint32)
    return table
