"""Learning-rate schedules: the rate of each job, given how much of the corpus was handed out before it.

A schedule is an object with the methods of `LearningRate`. A subclass defines another schedule by another method `at`.
`TrainingSession` makes one for each epoch. Its method `of_jobs` gives the rates of the jobs that `Trainer` is about to
hand out. If a subclass of `Word2Vec` overrides gensim's methods, `Word2Vec._get_next_alpha` calls `at` instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LearningRate:
    """A rate that falls linearly over all epochs, from `alpha` to `min_alpha`.

    It is constant within a job. The progress within an epoch is the share of its sentences that were handed out before
    the job. If the number of sentences is not known, it is the share of its raw words.

    Parameters
    ----------
    alpha, min_alpha : float
        The rate at the start of the first epoch, and the lowest rate.
    epochs : int
        The number of epochs.
    total_examples, total_words : int or None
        The number of sentences and of raw words of one epoch; one of them is needed.
    """

    alpha: float
    min_alpha: float
    epochs: int
    total_examples: int | None
    total_words: int | None

    def of_jobs(
        self, epoch: int, sentences_before: NDArray[np.int64], words_before: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the rate of each job of an epoch, float64 of shape (jobs,).

        Parameters
        ----------
        epoch : int
            The number of the epoch, from 0.
        sentences_before, words_before : ndarray, shape (jobs,)
            The sentences and raw words of the epoch that were handed out before each job.
        """
        return self.at((epoch + self.progress(sentences_before, words_before)) / self.epochs)

    def at(self, done: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the rate at each share of the whole training, from 0 at its start to 1 at its end."""
        rates: NDArray[np.float64] = np.maximum(
            self.min_alpha, self.alpha - (self.alpha - self.min_alpha) * done
        )
        return rates

    def progress(self, sentences: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the share of an epoch that is done after these numbers of sentences and raw words."""
        if self.total_examples:
            return sentences / self.total_examples
        return words / (self.total_words or 1)
