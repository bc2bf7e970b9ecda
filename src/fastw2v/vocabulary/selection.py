"""The choice of the words that enter a vocabulary, and their order.

`select` and `frequency_order` are pure functions and give gensim's choice and order.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastw2v.common.validation import as_array, as_int, as_optional_int, check_function, check_mapping
from fastw2v.text.trim_rule import TrimRule, keep_vocab_item
from fastw2v.text.word_counts import SelectedWords, WordCounts

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Selection:
    """The retained words of raw counts, and the numbers that gensim reports about them.

    Attributes
    ----------
    words : sequence
        Retained words, in the order of the raw counts.
    counts : ndarray of int64, shape (len(words),)
        Counts of these words.
    calc_min_count : int
        The minimum count that `max_final_vocab` alone requires; 1 if it requires none.
    effective_min_count : int
        The minimum count that was applied.
    original_unique, original_total : int
        Number of distinct words and of tokens before the selection.

    Examples
    --------
    >>> from fastw2v.vocab import select
    >>> chosen = select({"the": 9, "rare": 1}, min_count=2)
    >>> list(chosen.words), chosen.counts.tolist(), chosen.original_total
    (['the'], [9], 10)
    """

    words: Sequence[Any]
    counts: Counts
    calc_min_count: int
    effective_min_count: int
    original_unique: int
    original_total: int

    @property
    def retain_unique(self) -> int:
        """Number of retained words."""
        return len(self.words)

    @property
    def retain_total(self) -> int:
        """Number of tokens of the retained words."""
        return int(self.counts.sum())

    @property
    def drop_unique(self) -> int:
        """Number of dropped words."""
        return self.original_unique - self.retain_unique

    @property
    def drop_total(self) -> int:
        """Number of tokens of the dropped words."""
        return self.original_total - self.retain_total


def as_counts(values: Sequence[Any] | Counts, words: Iterable[Any]) -> Counts:
    """Return `values` as int64, or raise a ValueError that names the first word whose count is not valid."""
    with contextlib.suppress(ValueError):  # NumPy raises it for values of unequal shapes
        counts = np.array(values) if len(values) else np.empty(0, dtype=np.int64)
        if counts.dtype.kind in "bi" and counts.ndim == 1 and counts.min(initial=0) >= 0:
            return counts.astype(np.int64)
    for word, count in zip(words, values, strict=True):
        if not _is_count(count):
            raise ValueError(
                f"counts must be whole numbers from 0 to 2**63 - 1, got {count!r} for the word {word!r}"
            )
    return np.array([int(count) for count in values], dtype=np.int64)


def _is_count(count: Any) -> bool:
    try:
        return not isinstance(count, (str, bytes)) and int(count) == count and 0 <= count < 2**63
    except (OverflowError, TypeError, ValueError):
        return False


def select(
    raw_counts: Mapping[Any, int],
    *,
    min_count: int,
    max_final_vocab: int | None = None,
    trim_rule: TrimRule | None = None,
) -> Selection:
    """Choose the words of `raw_counts` that enter the vocabulary.

    Parameters
    ----------
    raw_counts : mapping of word to int
    min_count : int
        Words with a smaller count are dropped.
    max_final_vocab : int, optional
        Raise the minimum count until at most this number of words is left. If words with equal counts cross the limit,
        all of them are dropped.
    trim_rule : callable, optional
        ``(word, count, min_count)`` -> one of the RULE constants of `fastw2v.utils`; it decides for single words.

    Raises
    ------
    ValueError
        If a count is not a whole number.

    Examples
    --------
    >>> from fastw2v.vocab import select
    >>> chosen = select({"the": 9, "rare": 1}, min_count=2)
    >>> chosen.words, chosen.drop_unique
    (['the'], 1)
    """
    min_count = as_int("min_count", min_count)
    max_final_vocab = as_optional_int("max_final_vocab", max_final_vocab, minimum=0)
    check_function("trim_rule", trim_rule)
    check_mapping("raw_counts", raw_counts, "words to counts")
    if isinstance(raw_counts, WordCounts):
        counts = raw_counts.totals
    else:
        counts = as_counts(list(raw_counts.values()), raw_counts)
    calc_min_count = 1
    if max_final_vocab is not None and max_final_vocab < len(counts):
        rank = len(counts) - 1 - max_final_vocab
        calc_min_count = int(np.partition(counts, rank)[rank]) + 1
    effective = min_count if max_final_vocab is None else max(calc_min_count, min_count)
    if trim_rule is None:
        keep = counts >= effective
    else:
        verdicts = (keep_vocab_item(word, count, effective, trim_rule) for word, count in raw_counts.items())
        keep = np.fromiter(verdicts, dtype=np.bool_, count=len(counts))
    words: Sequence[Any]
    if isinstance(raw_counts, WordCounts):
        words = raw_counts.select(np.flatnonzero(keep).astype(np.int64))
    else:
        words = list(itertools.compress(raw_counts, keep.tolist()))
    return Selection(
        words=words,
        counts=counts[keep],
        calc_min_count=calc_min_count,
        effective_min_count=effective,
        original_unique=len(counts),
        original_total=int(counts.sum()),
    )


def in_order(words: Sequence[Any], order: npt.NDArray[np.int64]) -> list[Any]:
    """Return `words` permuted by `order`."""
    if isinstance(words, SelectedWords):
        return words.reordered(order)
    return [words[i] for i in order.tolist()]


def frequency_order(counts: Counts) -> npt.NDArray[np.int64]:
    """Return the permutation that sorts by descending count; of equal counts, the last one comes first.

    Examples
    --------
    >>> from fastw2v.vocab import frequency_order
    >>> frequency_order(np.array([2, 5, 2])).tolist()
    [1, 2, 0]
    """
    counts = as_array("counts", counts, ndim=1)
    bits = len(counts).bit_length()
    if len(counts) and counts.min() >= 0 and counts.max() < 1 << (63 - bits):
        # Sorting numbers that contain both the count and the index is faster than `argsort`: for two million words it
        # takes 0.2 s instead of 0.7 s.
        packed = np.sort(counts.astype(np.int64) << bits | np.arange(len(counts)))
        return (packed & ((1 << bits) - 1))[::-1].copy()
    return np.argsort(counts, kind="stable")[::-1].astype(np.int64)
