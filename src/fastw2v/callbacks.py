"""Training callbacks: the protocol of gensim and early stopping.

A callback runs in the thread that called `train`, between epochs, when no worker is training. It may therefore read and
change the model. Early stopping is a callback like any other: it raises `StopTraining`, which user callbacks may raise
too.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fastw2v.common.logs import get_logger
from fastw2v.common.validation import as_flag, as_float, as_int
from fastw2v.training.run_callbacks import StopTraining

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CallbackAny2Vec", "EarlyStopping", "StopTraining"]

logger = get_logger(__name__, "models.word2vec")


class CallbackAny2Vec:
    """Base class of training callbacks.

    Inheriting from this class is optional: any object with these four methods is a callback. The methods run in the
    thread that called `train`. An exception that a method raises ends the training and propagates to the caller of
    `train`, except for `StopTraining`, which ends the training without an error.

    Examples
    --------
    >>> from fastw2v import CallbackAny2Vec, Word2Vec
    >>> class EpochCounter(CallbackAny2Vec):
    ...     epochs = 0
    ...
    ...     def on_epoch_end(self, model):
    ...         self.epochs += 1
    >>> counter = EpochCounter()
    >>> model = Word2Vec([["cat", "dog"], ["dog", "cow"]], min_count=1, epochs=3, callbacks=[counter])
    >>> counter.epochs
    3
    """

    def on_train_begin(self, model: Any) -> None:
        """Run before the first epoch of a training."""

    def on_epoch_begin(self, model: Any) -> None:
        """Run at the beginning of each epoch."""

    def on_epoch_end(self, model: Any) -> None:
        """Run at the end of each epoch, when the model contains all updates of the epoch."""

    def on_train_end(self, model: Any) -> None:
        """Run after the last epoch of a training."""


class EarlyStopping(CallbackAny2Vec):
    """Callback that ends the training when the loss of held-out sentences stops decreasing.

    Parameters
    ----------
    held_out : iterable of list of str, or path
        Sentences that are not part of the training corpus. They are evaluated before the training and at the end of
        each epoch. A path names a text file in the format of `corpus_file`. See `Word2Vec.evaluate_loss`.
    patience : int, default 1
        Number of consecutive epochs without an improvement after which the training ends.
    min_delta : float, default 0.0
        How far the loss must fall below the best one so far to count as an improvement.
    restore_best : bool, default False
        Whether to restore, at the end of the training, the vectors and output weights of the best epoch. This needs
        memory for a copy of them. A checkpoint does not contain the copy: if a training is resumed and the best epoch
        was before the interruption, the model keeps the weights of the last epoch, and a warning is logged.

    Attributes
    ----------
    losses : list of float
        The mean loss per training example after each epoch.
    best_epoch : int or None
        The index of the best epoch in `losses`; None before the first epoch has ended.

    Raises
    ------
    ValueError
        If `patience` is less than 1 or `min_delta` is negative. At the start of the training, if no held-out sentence
        contains two words of the vocabulary.
    TypeError
        If `held_out` is an iterator. At the start of the training, if it contains anything but sentences or is a path
        without a file.

    Examples
    --------
    >>> from fastw2v import EarlyStopping, Word2Vec
    >>> sentences = [["cat", "dog", "cow"], ["red", "green", "blue"]] * 500
    >>> stopping = EarlyStopping(sentences[:10], patience=2, min_delta=0.1)
    >>> model = Word2Vec(sentences[10:], min_count=1, epochs=100, workers=1, callbacks=[stopping])
    >>> len(stopping.losses) < 100
    True
    """

    def __init__(
        self,
        held_out: Iterable[Any] | str | os.PathLike[str],
        *,
        patience: int = 1,
        min_delta: float = 0.0,
        restore_best: bool = False,
    ) -> None:
        patience = as_int("patience", patience, minimum=1)
        min_delta = as_float("min_delta", min_delta, minimum=0)
        restore_best = as_flag("restore_best", restore_best)
        if not isinstance(held_out, (str, os.PathLike, Iterable)):
            raise TypeError(f"held_out must be a list of sentences or a path, not {held_out!r:.80}")
        if isinstance(held_out, Iterator):
            raise TypeError(
                "held_out is an iterator, which can be read only once, but it is needed after each epoch; pass a list "
                "of sentences or a path"
            )
        self.held_out = held_out
        self.patience = patience
        self.min_delta = min_delta
        self.restore_best = restore_best
        self.losses: list[float] = []
        self.best_epoch: int | None = None
        self._best_weights: dict[str, NDArray[np.float32]] | None = None

    def on_train_begin(self, model: Any) -> None:
        """Clear the losses of a previous training and check that the held-out sentences have a loss."""
        self.losses, self.best_epoch, self._best_weights = [], None, None
        self._loss_of(model)

    def on_epoch_end(self, model: Any) -> None:
        """Compute the loss; raise `StopTraining` after `patience` epochs without improvement or if it is not finite."""
        loss = self._loss_of(model)
        self.losses.append(loss)
        epoch = len(self.losses) - 1
        if self.best_epoch is None or loss < self.losses[self.best_epoch] - self.min_delta:
            self.best_epoch = epoch
            if self.restore_best:
                self._best_weights = {name: weights.copy() for name, weights in _weights(model).items()}
        logger.info("held-out loss after epoch %i: %.6f (best: epoch %i)", epoch, loss, self.best_epoch)
        if epoch - self.best_epoch >= self.patience or not math.isfinite(loss):
            raise StopTraining

    def on_train_end(self, model: Any) -> None:
        """Restore the weights of the best epoch if `restore_best` is true."""
        self._restore_best_weights(model)
        self._best_weights = None

    def _restore_best_weights(self, model: Any) -> None:
        last = len(self.losses) - 1
        if not self.restore_best or self.best_epoch is None or self.best_epoch == last:
            return
        if self._best_weights is None:
            logger.warning(
                "cannot restore the weights of the best epoch (%i): they were lost when the training was interrupted; "
                "the model keeps the weights of the last epoch (%i)",
                self.best_epoch, last,
            )  # fmt: skip
            return
        for name, weights in _weights(model).items():
            weights[...] = self._best_weights[name]
        model.wv.invalidate_norms()

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a checkpoint stores: the losses and the best epoch, without the weights."""
        return {"losses": self.losses, "best_epoch": self.best_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set the state to that of a checkpoint.

        Raises
        ------
        ValueError
            If it is not what `state_dict` returns.
        """
        state = state if isinstance(state, dict) else {}
        losses, best = state.get("losses"), state.get("best_epoch")
        if not isinstance(losses, list) or not all(isinstance(loss, (int, float)) for loss in losses):
            raise ValueError(
                f"the state of EarlyStopping in the checkpoint has losses={losses!r:.80}; expected a list of numbers"
            )
        if best is not None and not (isinstance(best, int) and 0 <= best < len(losses)):
            raise ValueError(
                f"the state of EarlyStopping in the checkpoint has best_epoch={best!r:.80}; expected the number of "
                f"one of {len(losses)} epochs, or None"
            )
        self.losses, self.best_epoch = list(losses), best

    def _loss_of(self, model: Any) -> float:
        if isinstance(self.held_out, (str, os.PathLike)):
            return float(model.evaluate_loss(corpus_file=self.held_out))
        return float(model.evaluate_loss(self.held_out))


def _weights(model: Any) -> dict[str, NDArray[np.float32]]:
    weights = {"vectors": model.wv.vectors, "syn1neg": model.syn1neg, "syn1": model.syn1}
    return {name: matrix for name, matrix in weights.items() if matrix is not None}
