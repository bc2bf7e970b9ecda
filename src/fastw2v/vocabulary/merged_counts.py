"""Raw counts when a vocabulary is updated: which counts decide about new words, and which are kept.

`Vocabulary.add_counts` appends the new words and adds the counts of the old ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastw2v.common.logs import get_logger

logger = get_logger(__name__, "models.word2vec")


def merge_counts(earlier: Mapping[Any, int], added: Mapping[Any, int]) -> dict[Any, int]:
    """Return the sums of two raw counts, in the order in which words were first seen."""
    counts = dict(earlier)
    for word, count in added.items():
        counts[word] = counts.get(word, 0) + count
    return counts


def log_counts_in_use(min_count: int, earlier: Mapping[Any, int] | None) -> None:
    """Log which counts an update compares with `min_count`: those of all text, or those of the new text alone."""
    if earlier:
        logger.info(
            "min_count=%i is judged on merged counts: raw counts of %i words were kept from earlier text",
            min_count, len(earlier),
        )  # fmt: skip
    else:
        logger.info(
            "min_count=%i is judged on the new corpus alone, since the raw counts of earlier text were not kept; "
            "build_vocab(keep_raw_vocab=True) keeps them", min_count,
        )  # fmt: skip


def first_kept_counts(known: Mapping[Any, int], added: Mapping[Any, int]) -> dict[Any, int]:
    """Return the raw counts to keep after an update, if those of the text before it were not kept.

    Parameters
    ----------
    known : mapping of word to int
        Words and counts of the updated vocabulary, which include the earlier text.
    added : mapping of word to int
        The raw counts of the text of the update.
    """
    logger.warning(
        "raw counts of earlier text were not kept, so the counts that are kept from now on lack the words of that "
        "text that are outside the vocabulary; such a word is counted from this update on"
    )
    return {**known, **{word: count for word, count in added.items() if word not in known}}
