"""Growing a vocabulary: which counts decide, and how a growth that fails is undone."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastw2v.vocabulary.lexicon import Lexicon

logger = logging.getLogger("gensim.models.word2vec")  # the name that users of gensim filter and parse


def merged(earlier: Mapping[Any, int], added: Mapping[Any, int]) -> dict[Any, int]:
    """Return the sums of two raw counts, in the order in which words were first seen."""
    counts = dict(earlier)
    for word, count in added.items():
        counts[word] = counts.get(word, 0) + count
    return counts


def log_what_decides(min_count: int, earlier: Mapping[Any, int] | None) -> None:
    """Say which counts of a word an update holds against `min_count`: those of all text, or of the new text alone."""
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


def begun_late(known: Mapping[Any, int], added: Mapping[Any, int]) -> dict[Any, int]:
    """Return the raw counts to keep after an update that is the first to keep them.

    Parameters
    ----------
    known : mapping of word to count
        The updated vocabulary, whose counts are those of all text.
    added : mapping of word to count
        The raw counts of the update's text.
    """
    logger.warning(
        "raw counts of earlier text were not kept, so those that are kept now lack its words outside the vocabulary: "
        "such a word counts from this update on"
    )
    return {**known, **{word: count for word, count in added.items() if word not in known}}


@contextlib.contextmanager
def unchanged_by_failure(model: Lexicon) -> Iterator[None]:
    """Give a model back the words, tables and weights that it had, where the block does not end well.

    Weights that grew in place only showed more of their memory, so the arrays of before are whole still.
    """
    wv = model.wv
    words, own, of_vectors = len(wv), dict(model.__dict__), dict(wv.__dict__)
    expandos = dict(wv.expandos)
    try:
        yield
    except BaseException:
        _restore(model.__dict__, own)
        _restore(wv.__dict__, {**of_vectors, "expandos": expandos})
        for word in wv.index_to_key[words:]:
            wv.key_to_index.pop(word, None)
        del wv.index_to_key[words:]
        raise


def _restore(attributes: dict[str, Any], before: dict[str, Any]) -> None:
    for name in attributes.keys() - before.keys():
        del attributes[name]
    attributes.update(before)
