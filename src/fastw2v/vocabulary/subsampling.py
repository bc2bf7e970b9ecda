"""Subsampling: the probability with which each occurrence of a frequent word is kept.

The functions are pure and give gensim's numbers bit for bit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from fastw2v.common.validation import as_array, as_float, as_optional_float

__all__ = ["as_sample", "downsampling", "keep_probabilities", "sample_ints", "subsample_threshold"]

Counts = npt.NDArray[np.int64]


def as_sample(name: str, value: Any) -> float | str | None:
    """Return a threshold for subsampling: a number of at least 0, None, or a percentile such as ``"99%"``.

    Raises
    ------
    TypeError, ValueError
        If it is something else; the message names the argument.

    Examples
    --------
    >>> from fastw2v.vocabulary.subsampling import as_sample
    >>> as_sample("sample", 1e-3), as_sample("sample", "99.50 %")
    (0.001, '99.5%')
    """
    if not isinstance(value, str):
        return as_optional_float(name, value, minimum=0)
    digits = value.removesuffix("%").strip()
    percent = float(digits) if digits.replace(".", "", 1).isdecimal() and digits.isascii() else math.inf
    if not value.endswith("%") or percent > 100:
        raise ValueError(f'{name}={value!r:.80} must be a number, or a percentile from "0%" to "100%"')
    return f"{percent:.10g}%"


def subsample_threshold(
    retain_total: float, sample: float | str | None, counts: Counts | None = None
) -> float:
    """Return the count above which occurrences of a word are dropped.

    Parameters
    ----------
    retain_total : float
        Number of tokens whose words are in the vocabulary.
    sample : float, str or None
        Below 1, a share of `retain_total`; otherwise an absolute measure. 0 or None means that nothing is dropped. A
        str such as ``"99%"`` is a percentile of `counts`.
    counts : ndarray of int64, shape (words,), optional
        The counts of the words of the vocabulary, for a percentile.

    Examples
    --------
    >>> from fastw2v.vocab import subsample_threshold
    >>> subsample_threshold(100_000, 0.001)
    100.0
    """
    retain_total, sample = as_float("retain_total", retain_total), as_sample("sample", sample)
    counts = None if counts is None else as_array("counts", counts, ndim=1)
    if isinstance(sample, str):
        if counts is None:
            raise ValueError(f"sample={sample!r} needs counts, the counts of the words")
        return float(np.percentile(counts, float(sample[:-1]))) if len(counts) else 0.0
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
    counts, threshold = as_array("counts", counts, ndim=1), as_float("threshold", threshold)
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
    counts, probabilities = (
        as_array("counts", counts, ndim=1),
        as_array("probabilities", probabilities, ndim=1),
    )
    if len(counts) != len(probabilities):
        raise ValueError(
            f"counts and probabilities must have equal lengths, not {len(counts)} and {len(probabilities)}"
        )
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
    return (as_array("probabilities", probabilities, ndim=1) * (2**32 - 1)).astype(np.uint32)
