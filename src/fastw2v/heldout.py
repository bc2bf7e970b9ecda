"""The loss of sentences that are not trained: how well a model foretells text it has not seen.

Whole windows, every token, and negatives from a stream of their own make the figure a function of the weights and the
sentences alone, so that those of different epochs, and of models with the same vocabulary, can be compared.
"""

from __future__ import annotations

import numpy as np

from fastw2v._jobs import cut_jobs
from fastw2v._network import Network
from fastw2v._scoring import held_out_loss
from fastw2v.encoding import EncodedCorpus

TOKENS_AT_ONCE = 5_000  # between two looks at Ctrl-C
SEEDS = 1 << 48


def mean_loss(network: Network, corpus: EncodedCorpus, seed: int) -> float:
    """Return the loss of an average example: a skip-gram pair or a CBOW window.

    Parameters
    ----------
    network : Network
        Only read.
    corpus : EncodedCorpus
        Words that are not in the vocabulary are left out.
    seed : int
        Of the negatives.

    Raises
    ------
    ValueError
        If there is no example: no sentence with two known words.
    """
    starts = cut_jobs(np.diff(corpus.offsets), TOKENS_AT_ONCE)
    seeds = np.random.RandomState(seed).randint(SEEDS, size=len(starts), dtype=np.int64)
    total, examples = 0.0, 0
    for first, last, piece_seed in zip(starts[:-1], starts[1:], seeds, strict=False):
        loss, n = held_out_loss(network, corpus.ids, corpus.offsets[first : last + 1], int(piece_seed))
        total += loss
        examples += n
    if not examples:
        raise ValueError(
            "the held-out corpus has no sentence with two words of the vocabulary, so there is no loss; "
            "give sentences as the model was trained on, as lists of words"
        )
    return total / examples
