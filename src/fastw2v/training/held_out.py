"""The loss of held-out sentences: how well a model predicts text that it was not trained on.

Windows are never reduced, no token is subsampled, and the negatives come from a separate random stream. The loss
therefore depends only on the weights and the sentences, and the losses of different epochs, or of different models with
the same vocabulary, can be compared.
"""

from __future__ import annotations

import numpy as np

from fastw2v.common.validation import as_int, random_state
from fastw2v.engine.network import Network
from fastw2v.engine.scoring import held_out_loss
from fastw2v.text.encoded_corpus import EncodedCorpus

STATES = 1 << 48  # number of states of the generator that draws the negatives


def mean_loss(network: Network, corpus: EncodedCorpus, seed: int) -> float:
    """Return the mean loss of an example, which is a skip-gram pair or a CBOW window.

    Parameters
    ----------
    network : Network
        The network, which is not changed.
    corpus : EncodedCorpus
        The held-out sentences.
    seed : int
        The seed of the negatives.

    Raises
    ------
    ValueError
        If there is no example, because no sentence has two words of the vocabulary; if `seed` is negative or too large.
    TypeError
        If `seed` is not an integer.
    """
    seed = as_int("seed", seed, 0, 2**32 - 1)
    first_state = random_state(seed).randint(
        STATES, dtype=np.int64
    )  # the states of small seeds are too close
    total, examples = held_out_loss(network, corpus.ids, corpus.offsets, int(first_state))
    if not examples:
        raise ValueError(
            "the held-out corpus has no sentence with two words of the vocabulary, so there is no loss; "
            "give sentences as the model was trained on, as lists of words"
        )
    return total / examples
