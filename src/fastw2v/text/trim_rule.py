"""Trim rules: which words a vocabulary keeps.

A trim rule is a function of the user that overrides the minimum count. It is called with a word, its count and the
minimum count, and returns `RULE_KEEP`, `RULE_DISCARD` or `RULE_DEFAULT`; the last leaves the decision to the minimum
count. The names and the constants are those of ``gensim.utils``, and `fastw2v.utils` exports them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, MutableMapping
from typing import Any

from fastw2v.common.validation import as_int, check_function, check_mapping

__all__ = ["RULE_DEFAULT", "RULE_DISCARD", "RULE_KEEP", "TrimRule", "keep_vocab_item", "prune_vocab"]

logger = logging.getLogger("gensim.utils")

#: ``(word, count, min_count)`` -> one of the RULE constants.
TrimRule = Callable[[Any, int, int], int]

RULE_DEFAULT = 0
RULE_DISCARD = 1
RULE_KEEP = 2


def keep_vocab_item(word: Hashable, count: int, min_count: int, trim_rule: TrimRule | None = None) -> bool:
    """Return whether a word stays in the vocabulary.

    Parameters
    ----------
    word : hashable
        The word.
    count : int
        Number of its occurrences.
    min_count : int
        Without a trim rule, a word needs at least this count to stay.
    trim_rule : callable, optional
        ``(word, count, min_count)`` -> ``RULE_KEEP``, ``RULE_DISCARD`` or ``RULE_DEFAULT``; the last one means
        ``count >= min_count``.

    Examples
    --------
    >>> from fastw2v.utils import RULE_KEEP, RULE_DEFAULT, keep_vocab_item
    >>> keep_vocab_item("rare", 1, min_count=5)
    False
    >>> def keep_names(word, count, min_count):
    ...     return RULE_KEEP if word.istitle() else RULE_DEFAULT
    >>> keep_vocab_item("Prague", 1, min_count=5, trim_rule=keep_names)
    True
    """
    count, min_count = as_int("count", count), as_int("min_count", min_count)
    if trim_rule is not None:
        check_function("trim_rule", trim_rule)
        decision = trim_rule(word, count, min_count)
        if decision == RULE_KEEP:
            return True
        if decision == RULE_DISCARD:
            return False
    return count >= min_count


def prune_vocab(vocab: MutableMapping[Any, int], min_reduce: int, trim_rule: TrimRule | None = None) -> int:
    """Delete the words that `keep_vocab_item` drops from a dict of counts, in place.

    Parameters
    ----------
    vocab : mutable mapping of word to int
        The count of each word; it is changed.
    min_reduce : int
        Words with a smaller count are deleted.
    trim_rule : callable, optional
        See `keep_vocab_item`.

    Returns
    -------
    int
        The sum of the counts of the deleted words.

    Examples
    --------
    >>> from fastw2v.utils import prune_vocab
    >>> counts = {"often": 9, "rare": 1, "rarer": 1}
    >>> prune_vocab(counts, 2)
    2
    >>> counts
    {'often': 9}
    """
    check_mapping("vocab", vocab, "words to counts")
    min_reduce = as_int("min_reduce", min_reduce)
    before = len(vocab)
    if trim_rule is None:
        dropped = [word for word, count in vocab.items() if count < min_reduce]
    else:
        items = vocab.items()
        dropped = [word for word, count in items if not keep_vocab_item(word, count, min_reduce, trim_rule)]
    lost = sum(vocab.pop(word) for word in dropped)
    logger.info(
        "pruned out %i tokens with count <=%i (before %i, after %i)",
        len(dropped),
        min_reduce,
        before,
        len(vocab),
    )
    return lost


for _function in (keep_vocab_item, prune_vocab):
    _function.__module__ = "fastw2v.utils"  # the public module, which pickles name
