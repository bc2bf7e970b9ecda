"""Log-probabilities of all words given context words, by a model that was trained with sampled softmax.

The logits of such a model estimate log p(w | x) up to a constant for each input x, if negatives are drawn uniformly or
the log-Q correction was used. Without the correction, they estimate log p(w | x) - log q(w), where q is the noise
distribution; then log q(w) is added here (Bengio and Senecal, "Adaptive Importance Sampling to Accelerate Training of a
Neural Probabilistic Language Model", 2008).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def log_noise(cum_table: NDArray[np.uint32]) -> Matrix:
    """Return the logarithm of the probability of each word under the noise distribution.

    Words that are never drawn get the value of half a unit of the table, so that the logarithm is finite.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.training.log_probabilities import log_noise
    >>> np.exp(log_noise(np.array([50, 100], dtype=np.uint32)))
    array([0.5, 0.5], dtype=float32)
    """
    shares = np.maximum(np.diff(cum_table.astype(np.float64), prepend=0.0), 0.5)
    return np.log(shares / float(cum_table[-1])).astype(np.float32)


def log_softmax(logits: Matrix) -> Matrix:
    """Return the logarithm of the softmax of each row."""
    largest = logits.max(axis=-1, keepdims=True)
    total: Matrix = np.log(np.exp(logits - largest).sum(axis=-1, keepdims=True, dtype=np.float64))
    return np.asarray(logits - largest - total, dtype=np.float32)


class WordDistribution:
    """The distribution of center words that a model predicts.

    Parameters
    ----------
    inputs, outputs : float32 array (n_words, dim)
        Input and output vectors; one array if the weights are tied.
    offsets : float32 array (n_words,)
        What is added to the logits: biases, and the logarithm of the noise if training did not correct for it.
    """

    def __init__(self, inputs: Matrix, outputs: Matrix, offsets: Matrix) -> None:
        self._inputs, self._outputs, self._offsets = inputs, outputs, offsets

    def of_windows(self, contexts: Sequence[Sequence[int]], *, mean: bool) -> Matrix:
        """Return log p(w | mean or sum of the context vectors), of shape (n_contexts, n_words), for CBOW."""
        hidden = np.stack([self._inputs[list(words)].sum(axis=0) for words in contexts])
        if mean:
            hidden /= np.array([[len(words)] for words in contexts], dtype=np.float32)
        return log_softmax(hidden @ self._outputs.T + self._offsets)

    def of_words(self, contexts: Sequence[Sequence[int]], prior: NDArray[np.float64]) -> Matrix:
        """Return log p(w | all context words), of shape (n_contexts, n_words), for skip-gram.

        Each context word alone predicts p(w | c). If the context words are independent given the center word, Bayes'
        rule gives p(w | c_1 .. c_m) ~ p(w) ** (1 - m) * p(w | c_1) * ... * p(w | c_m), where p(w) is the share of the
        word in the text.
        """
        distinct = sorted({word for words in contexts for word in words})
        row = {word: i for i, word in enumerate(distinct)}
        single = log_softmax(self._inputs[distinct] @ self._outputs.T + self._offsets)
        log_prior = np.log(prior / prior.sum()).astype(np.float32)
        combined = [
            single[[row[word] for word in words]].sum(axis=0) - (len(words) - 1) * log_prior
            for words in contexts
        ]
        return log_softmax(np.stack(combined))
