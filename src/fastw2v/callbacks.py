"""What user code may do at the epoch boundaries of a training: gensim's callback protocol, and a way to stop early."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fastw2v.training.callbacks import StopTraining

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fastw2v.word2vec import Word2Vec

__all__ = ["CallbackAny2Vec", "EarlyStopping", "StopTraining"]

logger = logging.getLogger("gensim.models.word2vec")


class CallbackAny2Vec:
    """Base class of training callbacks; any object with these four methods will do.

    All of them run in the thread that called `train`. An exception raised in one ends the training and reaches the
    caller of `train`; `StopTraining` ends it without an error.
    """

    def on_train_begin(self, model: Word2Vec) -> None:
        """Run before the first epoch."""

    def on_epoch_begin(self, model: Word2Vec) -> None:
        """Run before each epoch."""

    def on_epoch_end(self, model: Word2Vec) -> None:
        """Run after each epoch, when the vectors are as that epoch left them."""

    def on_train_end(self, model: Word2Vec) -> None:
        """Run after the last epoch."""


class EarlyStopping(CallbackAny2Vec):
    """Ends the training when the loss of held-out sentences has not fallen for some epochs.

    Parameters
    ----------
    held_out : iterable of lists of str, or path
        Sentences that are not trained on, iterated before the training and at the end of each epoch; a path is a text
        file as in `corpus_file`. See `Word2Vec.evaluate_loss`.
    patience : int, default 1
        Epochs without an improvement after which to stop.
    min_delta : float, default 0.0
        By how much the loss must be below the best so far to be an improvement.
    restore_best : bool, default False
        At the end, give the vectors and the output weights the values that they had after the best epoch. Holds a
        copy of them meanwhile. A checkpoint does not keep that copy: where the best epoch was before an interruption,
        the model stays as its last epoch left it, and the log warns.

    Attributes
    ----------
    losses : list of float
        The mean loss of an example after each epoch.
    best_epoch : int or None
        Index into `losses` of the best one.

    Raises
    ------
    ValueError
        If `patience` is below 1 or `min_delta` negative; before the first epoch, if no held-out sentence has two known
        words.
    TypeError
        If `held_out` can be iterated once only; before the first epoch, if it holds no sentences or is no file.
    """

    def __init__(
        self,
        held_out: Iterable[Any] | str | os.PathLike[str],
        *,
        patience: int = 1,
        min_delta: float = 0.0,
        restore_best: bool = False,
    ) -> None:
        if not patience >= 1:
            raise ValueError(f"patience={patience!r} must be at least 1 epoch")
        if not 0 <= min_delta < math.inf:
            raise ValueError(f"min_delta={min_delta!r} must be a number of at least 0")
        if isinstance(held_out, Iterator):
            raise TypeError(
                "held_out can be iterated once only, and is needed after each epoch; give a list of sentences"
            )
        self.held_out = held_out
        self.patience = patience
        self.min_delta = min_delta
        self.restore_best = restore_best
        self.losses: list[float] = []
        self.best_epoch: int | None = None
        self._best_weights: dict[str, NDArray[np.float32]] | None = None

    def on_train_begin(self, model: Word2Vec) -> None:
        """Forget the losses of an earlier training; refuse held-out sentences that have no loss."""
        self.losses, self.best_epoch, self._best_weights = [], None, None
        self._loss_of(model)

    def on_epoch_end(self, model: Word2Vec) -> None:
        """Measure the loss; ask to stop if it has not fallen for `patience` epochs, or is no number any more."""
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

    def on_train_end(self, model: Word2Vec) -> None:
        """Put back the best weights, if that was asked for and they are still known."""
        self._put_back_best(model)
        self._best_weights = None

    def _put_back_best(self, model: Word2Vec) -> None:
        last = len(self.losses) - 1
        if not self.restore_best or self.best_epoch is None or self.best_epoch == last:
            return
        if self._best_weights is None:
            logger.warning(
                "the weights of the best epoch (%i) were lost when the training was interrupted and are not restored: "
                "the model is as its last epoch (%i) left it",
                self.best_epoch, last,
            )  # fmt: skip
            return
        for name, weights in _weights(model).items():
            weights[...] = self._best_weights[name]
        model.wv.invalidate_norms()

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: the losses. Of the weights it keeps the present ones only."""
        return {"losses": self.losses, "best_epoch": self.best_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the state from a checkpoint."""
        self.losses, self.best_epoch = list(state["losses"]), state["best_epoch"]

    def _loss_of(self, model: Word2Vec) -> float:
        if isinstance(self.held_out, (str, os.PathLike)):
            return model.evaluate_loss(corpus_file=self.held_out)
        return model.evaluate_loss(self.held_out)


def _weights(model: Word2Vec) -> dict[str, NDArray[np.float32]]:
    weights = {"vectors": model.wv.vectors, "syn1neg": model.syn1neg, "syn1": model.syn1}
    return {name: matrix for name, matrix in weights.items() if matrix is not None}
