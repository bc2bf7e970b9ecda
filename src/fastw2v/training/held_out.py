"""The loss of sentences that are not trained: how well a model foretells text it has not seen.

Whole windows, every token, and negatives from a stream of their own make the figure a function of the weights and the
sentences alone, so that those of different epochs, and of models with the same vocabulary, can be compared.
"""

from __future__ import annotations

import numpy as np

from fastw2v.engine.network import Network
from fastw2v.engine.scoring import held_out_loss
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.common.validation import check_integer, random_state

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
        If there is no example: no sentence with two known words; if `seed` is negative or too large.
    TypeError
        If `seed` is no whole number.
    """
    check_integer("seed", seed, minimum=0)
    first_draw = random_state(seed).randint(SEEDS, dtype=np.int64)  # small seeds lie too near one another
    total, examples = held_out_loss(network, corpus.ids, corpus.offsets, int(first_draw))
    if not examples:
        raise ValueError(
            "the held-out corpus has no sentence with two words of the vocabulary, so there is no loss; "
            "give sentences as the model was trained on, as lists of words"
        )
    return total / examples
