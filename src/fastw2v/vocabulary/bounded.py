"""A bounded vocabulary: which words an update evicts, how counts decay, and which counts of other words are remembered.

A model that is updated for years meets new words with every text. These pure functions keep the vocabulary, and the
counts that are remembered of words outside of it, at a fixed size. `Vocabulary.plan_update` applies them to the words
of a model, and `RowTable.take` moves all arrays when words are evicted.

References
----------
Misra and Gries, "Finding Repeated Elements", 1982; Agarwal et al., "Mergeable Summaries", PODS 2012, whose reduction
`bounded_counts` is.
Kaji and Kobayashi, "Incremental Skip-gram Model with Negative Sampling", EMNLP 2017, and May et al., "Streaming Word
Embeddings with the Space-Saving Algorithm", 2017, who bound the vocabulary of a stream by such counts.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastw2v.text.trim_rule import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP, TrimRule
from fastw2v.vocabulary.selection import Counts, Selection

CANDIDATES_PER_WORD = 4  # counts of words outside the vocabulary that are remembered for each word within it

Mask = npt.NDArray[np.bool_]


def decayed(counts: Counts, factor: float, random: np.random.Generator) -> Counts:
    """Return counts multiplied by `factor`, each rounded up or down at random so that its expectation is exact.

    Rounding to the nearest number would leave small counts as they are for ever.

    Parameters
    ----------
    counts : ndarray of int64, shape (words,)
    factor : float
        From 0 to 1.
    random : numpy.random.Generator

    Examples
    --------
    >>> from fastw2v.vocabulary.bounded import decayed
    >>> decayed(np.array([100, 10]), 0.5, np.random.default_rng(1)).tolist()
    [50, 5]
    """
    result: Counts = np.floor(counts * factor + random.random(len(counts))).astype(np.int64)
    return np.minimum(result, counts)


def decayed_raw_counts(
    raw_counts: Mapping[Any, int], present: Mapping[Any, int], factor: float, random: np.random.Generator
) -> dict[Any, int]:
    """Return raw counts after `decayed`; words that reach 0 are left out.

    Parameters
    ----------
    raw_counts : mapping of word to int
    present : mapping of word to int
        The decayed counts of the words in the vocabulary, which have the same counts in the result.
    factor, random
        As for `decayed`.
    """
    counts = np.fromiter(raw_counts.values(), np.int64, len(raw_counts))
    rest = zip(raw_counts, decayed(counts, factor, random).tolist(), strict=True)
    merged = ((word, present.get(word, count)) for word, count in rest)
    return {word: count for word, count in merged if count}


def verdicts(
    words: list[Any], counts: Counts, min_count: int, trim_rule: TrimRule | None
) -> tuple[Mask, Mask]:
    """Return which words a trim rule keeps in any case, and which it discards."""
    if trim_rule is None:
        return np.zeros(len(words), np.bool_), np.zeros(len(words), np.bool_)
    decisions = []
    for word, count in zip(words, counts.tolist(), strict=True):
        decision = trim_rule(word, count, min_count)
        decisions.append(decision if decision in (RULE_KEEP, RULE_DISCARD) else RULE_DEFAULT)
    array = np.array(decisions, dtype=np.int64)
    return array == RULE_KEEP, array == RULE_DISCARD


def retained(counts: Counts, is_pinned: Mask, max_words: int) -> Mask:
    """Return which words stay if there may be at most `max_words`: the pinned ones, and the most frequent others.

    Of words with equal counts, the earlier ones stay, so that new words do not displace old ones without a reason.

    Raises
    ------
    ValueError
        If more words than `max_words` are pinned.

    Examples
    --------
    >>> from fastw2v.vocabulary.bounded import retained
    >>> retained(np.array([5, 1, 2, 2]), np.array([False, True, False, False]), max_words=3).tolist()
    [True, True, True, False]
    """
    n_pinned = int(np.count_nonzero(is_pinned))
    if n_pinned > max_words:
        raise ValueError(
            f"max_words={max_words} leaves no room for {n_pinned} words that are pinned or kept by trim_rule; raise "
            "max_words, or unpin words with pin(words, False)"
        )
    stays = is_pinned.copy()
    others = np.flatnonzero(~is_pinned)
    n_free = max_words - n_pinned
    if len(others) > n_free:
        others = others[np.argsort(-counts[others], kind="stable")[:n_free]]
    stays[others] = True
    return stays


def bounded_selection(selection: Selection, max_words: int, trim_rule: TrimRule | None) -> Selection:
    """Return the part of the selection for a first vocabulary that a bound allows; see `retained`."""
    if len(selection.words) <= max_words:
        return selection
    words = list(selection.words)
    is_kept, _ = verdicts(words, selection.counts, selection.effective_min_count, trim_rule)
    stays = retained(selection.counts, is_kept, max_words)
    return replace(selection, words=list(itertools.compress(words, stays)), counts=selection.counts[stays])


def bounded_counts(raw_counts: dict[Any, int], vocabulary: Container[Any], limit: int) -> dict[Any, int]:
    """Return raw counts that remember at most `limit` words outside the vocabulary.

    If there are more of them, the ``limit + 1``-th largest of their counts is subtracted from each, and words without a
    positive count are forgotten: the reduction of Misra and Gries. A remembered count is therefore never too large, and
    over any number of calls at most the number of all their occurrences divided by ``limit + 1`` too small. Counts of
    the words in the vocabulary stay exact.

    Examples
    --------
    >>> from fastw2v.vocabulary.bounded import bounded_counts
    >>> bounded_counts({"the": 9, "cat": 4, "dog": 3, "rare": 1}, {"the"}, 2)
    {'the': 9, 'cat': 3, 'dog': 2}
    """
    if len(raw_counts) <= limit:
        return raw_counts
    outside = np.array(
        [count for word, count in raw_counts.items() if word not in vocabulary], dtype=np.int64
    )
    if len(outside) <= limit:
        return raw_counts
    rank = len(outside) - 1 - limit
    excess = int(np.partition(outside, rank)[rank])
    reduced = ((word, count if word in vocabulary else count - excess) for word, count in raw_counts.items())
    return {word: count for word, count in reduced if count > 0}
