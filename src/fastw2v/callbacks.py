"""Training callbacks: the protocol of gensim, validation loss, early stopping and the neighbours of probe words.

A callback runs in the thread that called `train`, between epochs, when no worker is training. It may therefore read and
change the model. Early stopping is a callback like any other: it raises `StopTraining`, which user callbacks may raise
too.

A checkpoint is written at the end of an epoch, before the callbacks of that end run. It stores what the `state_dict` of
a callback returns, and the arrays of its `state_arrays`. A resumed training calls `on_epoch_end` for the epoch of the
checkpoint again, with the same weights, so that no callback misses an epoch.
"""

from __future__ import annotations

import importlib
import math
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.logs import get_logger
from fastw2v.common.progress_bar import is_notebook
from fastw2v.common.validation import as_flag, as_float, as_int, as_list, check_hashable
from fastw2v.display.html import NeighboursTable
from fastw2v.training.run_callbacks import StopTraining

__all__ = ["CallbackAny2Vec", "EarlyStopping", "ProbeWords", "StopTraining", "ValidationLoss"]

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
        """Run before the first epoch of a training.

        Parameters
        ----------
        model : Word2Vec
            The model that is trained.
        """

    def on_epoch_begin(self, model: Any) -> None:
        """Run at the beginning of each epoch.

        Parameters
        ----------
        model : Word2Vec
            The model that is trained.
        """

    def on_epoch_end(self, model: Any) -> None:
        """Run at the end of each epoch, when the model contains all updates of the epoch.

        Parameters
        ----------
        model : Word2Vec
            The model that is trained.
        """

    def on_train_end(self, model: Any) -> None:
        """Run after the last epoch of a training.

        Parameters
        ----------
        model : Word2Vec
            The model that is trained.
        """


class ValidationLoss(CallbackAny2Vec):
    """Callback that computes the loss of held-out sentences at the end of each epoch.

    The losses are in `losses`, and in ``model.validation_loss_history``, which is saved with the model. The training
    loss of each epoch is in ``model.loss_history`` with ``compute_loss=True``. The two losses cannot be compared: the
    training loss is a mean over an epoch in which the weights change, with reduced windows and without the tokens that
    subsampling drops.

    Parameters
    ----------
    held_out : iterable of list of str, or path
        Sentences that are not part of the training corpus. They are evaluated before the training and at the end of
        each epoch. A path names a text file in the format of `corpus_file`. See `Word2Vec.evaluate_loss`.

    Attributes
    ----------
    losses : list of float
        The mean loss per training example after each epoch.

    Raises
    ------
    ValueError
        At the start of the training, if no held-out sentence contains two words of the vocabulary.
    TypeError
        If `held_out` is an iterator. At the start of the training, if it contains anything but sentences or is a path
        without a file.

    Examples
    --------
    >>> from fastw2v import ValidationLoss, Word2Vec
    >>> sentences = [["cat", "dog", "cow"], ["red", "green", "blue"]] * 100
    >>> validation = ValidationLoss(sentences[:10])
    >>> model = Word2Vec(sentences[10:], min_count=1, epochs=3, compute_loss=True, callbacks=[validation])
    >>> len(model.loss_history), len(model.validation_loss_history)
    (3, 3)
    """

    def __init__(self, held_out: Iterable[Any] | str | os.PathLike[str]) -> None:
        if not isinstance(held_out, (str, os.PathLike, Iterable)):
            raise TypeError(f"held_out must be a list of sentences or a path, not {held_out!r:.80}")
        if isinstance(held_out, Iterator):
            raise TypeError(
                "held_out is an iterator, which can be read only once, but it is needed after each epoch; pass a list "
                "of sentences or a path"
            )
        self.held_out = held_out
        self.losses: list[float] = []

    def on_train_begin(self, model: Any) -> None:
        """Clear the losses of a previous training and check that the held-out sentences have a loss."""
        self.losses = []
        self._loss_of(model)

    def on_epoch_end(self, model: Any) -> None:
        """Compute the loss and append it to `losses` and to the history of the model."""
        self._evaluate(model)
        trained = model.loss_history[-1:] if model.compute_loss else []
        logger.info(
            "validation loss after epoch %i: %.6f%s",
            len(self.losses) - 1, self.losses[-1], "".join(f" (training loss: {loss:.6f})" for loss in trained),
        )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a checkpoint stores: the losses."""
        return {"losses": self.losses}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set the state to that of a checkpoint.

        Parameters
        ----------
        state : dict
            A result of `state_dict`.

        Raises
        ------
        ValueError
            If it is not such a dict.
        """
        losses = state.get("losses") if isinstance(state, dict) else None
        if not isinstance(losses, list) or not all(isinstance(loss, (int, float)) for loss in losses):
            raise ValueError(
                f"the state of {type(self).__name__} in the checkpoint has losses={losses!r:.80}; expected a list of "
                "numbers"
            )
        self.losses = list(losses)

    def _evaluate(self, model: Any) -> float:
        """Append the present loss to the losses, and return it."""
        loss = self._loss_of(model)
        self.losses.append(loss)
        model.validation_loss_history = list(self.losses)
        return loss

    def _loss_of(self, model: Any) -> float:
        if isinstance(self.held_out, (str, os.PathLike)):
            return float(model.evaluate_loss(corpus_file=self.held_out))
        return float(model.evaluate_loss(self.held_out))


class EarlyStopping(ValidationLoss):
    """Callback that ends the training when the loss of held-out sentences stops decreasing.

    It is a `ValidationLoss`: the losses are also in ``model.validation_loss_history``. If a callback lets the
    vocabulary grow or sorts it, earlier losses are not comparable or earlier weights do not fit, so the search for the
    best epoch starts anew.

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
        memory for a copy of them. Checkpoints contain the copy, which doubles their size, so that a resumed training
        restores an epoch from before the interruption too.

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

    _words: int | None = None  # checksum of the words of the latest epoch; pickles of version 0.1 have none

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
        super().__init__(held_out)
        self.patience = patience
        self.min_delta = min_delta
        self.restore_best = restore_best
        self.best_epoch: int | None = None
        self._best_weights: dict[str, NDArray[np.float32]] | None = None

    def on_train_begin(self, model: Any) -> None:
        """Clear the losses of a previous training and check that the held-out sentences have a loss."""
        self._forget_best()
        super().on_train_begin(model)

    def on_epoch_end(self, model: Any) -> None:
        """Compute the loss; raise `StopTraining` after `patience` epochs without improvement or if it is not finite."""
        loss = self._evaluate(model)
        epoch = len(self.losses) - 1
        words = _checksum(model.wv.index_to_key)
        if self._words not in (None, words):
            logger.info(
                "the words have changed since epoch %i, so the best epoch is sought anew", self.best_epoch
            )
            self._forget_best()
        self._words = words
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

    def _forget_best(self) -> None:
        self.best_epoch, self._words, self._best_weights = None, None, None

    def _restore_best_weights(self, model: Any) -> None:
        last = len(self.losses) - 1
        if not self.restore_best or self.best_epoch is None or self.best_epoch == last:
            return
        best, weights = self._best_weights, _weights(model)
        if best is None:
            reason = (
                "the checkpoint, which is of an older version or of a training without restore_best, has none"
            )
        elif self._words not in (None, _checksum(model.wv.index_to_key)) or _shapes(best) != _shapes(weights):
            reason = "the words of the model have changed since"
        else:
            for name, values in weights.items():
                values[...] = best[name]
            model.wv.invalidate_norms()
            return
        logger.warning(
            "cannot restore the weights of the best epoch (%i): %s; the model keeps the weights of the last epoch (%i)",
            self.best_epoch, reason, last,
        )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a checkpoint stores: the losses, the best epoch and a checksum of its words."""
        words = {} if self._words is None else {"words": self._words}
        return {**super().state_dict(), "best_epoch": self.best_epoch, **words}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set the state to that of a checkpoint.

        Parameters
        ----------
        state : dict
            A result of `state_dict`.

        Raises
        ------
        ValueError
            If it is not such a dict.
        """
        super().load_state_dict(state)
        best, words = state.get("best_epoch"), state.get("words")
        if best is not None and not (isinstance(best, int) and 0 <= best < len(self.losses)):
            raise ValueError(
                f"the state of EarlyStopping in the checkpoint has best_epoch={best!r:.80}; expected the number of "
                f"one of {len(self.losses)} epochs, or None"
            )
        if words is not None and not isinstance(words, int):
            raise ValueError(
                f"the state of EarlyStopping in the checkpoint has words={words!r:.80}; expected a checksum, or None"
            )
        self.best_epoch, self._words = best, words

    def state_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return the arrays that a checkpoint stores: the weights of the best epoch, if there are any."""
        return dict(self._best_weights or {})

    def load_state_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Set the weights of the best epoch to those of a checkpoint.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            A result of `state_arrays`.

        Raises
        ------
        ValueError
            If the arrays are not float32.
        """
        for name, array in arrays.items():
            if array.dtype != np.float32:
                raise ValueError(
                    f"the array {name!r} of EarlyStopping in the checkpoint is of type {array.dtype}; expected float32"
                )
        self._best_weights = dict(arrays) if arrays and self.restore_best else None


def _weights(model: Any) -> dict[str, NDArray[np.float32]]:
    names = ("syn1neg", "syn1neg_bias", "syn1")
    weights = {"vectors": model.wv.vectors, **{name: getattr(model, name) for name in names}}
    return {name: array for name, array in weights.items() if array is not None}


def _shapes(weights: Mapping[str, NDArray[Any]]) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in weights.items()}


def _checksum(words: Iterable[Any]) -> int:
    """Return a number that changes if words are added, removed or sorted."""
    return zlib.crc32("\0".join(map(repr, words)).encode(errors="surrogatepass"))


class ProbeWords(CallbackAny2Vec):
    """Callback that shows the nearest neighbours of some words as the training goes on.

    The neighbours are logged at the level INFO. In a notebook they are also shown as a table, which each epoch updates
    in place.

    Parameters
    ----------
    words : iterable of str
        The words. Those that are not in the vocabulary are left out, with a warning.
    topn : int, default 5
        The number of neighbours of each word.
    every : int, default 1
        Epochs from one display to the next. The neighbours at the end of the training are always shown.
    display : bool, optional
        Whether to show the table, in a notebook as HTML and elsewhere on stdout; None: in a notebook only.

    Attributes
    ----------
    history : dict of int to mapping of str to list of (str, float)
        For each epoch that was shown, by its number from 0, the neighbours of each word and their cosines, as
        `KeyedVectors.most_similar` returns them. Checkpoints contain it.

    Raises
    ------
    ValueError
        If `words` is empty or `topn` or `every` is less than 1. At the start of the training, if the vocabulary has
        none of the words.
    TypeError
        If `words` is a str or contains a key that is not hashable.

    Examples
    --------
    >>> from fastw2v import ProbeWords, Word2Vec
    >>> sentences = [["cat", "dog", "cow"], ["red", "green", "blue"]] * 100
    >>> probe = ProbeWords(["cat", "red"], topn=2)
    >>> model = Word2Vec(sentences, min_count=1, epochs=3, callbacks=[probe])
    >>> sorted(probe.history)
    [0, 1, 2]
    >>> len(probe.history[2]["cat"])
    2
    """

    def __init__(
        self, words: Iterable[Any], *, topn: int = 5, every: int = 1, display: bool | None = None
    ) -> None:
        if isinstance(words, str):
            raise TypeError(f"words must be a list of words, not the str {words!r:.80}; pass [{words!r:.80}]")
        self.words = as_list("words", words, "words")
        for word in self.words:
            check_hashable("a word of words", word)
        if not self.words:
            raise ValueError("words is empty: give at least one word")
        self.topn = as_int("topn", topn, minimum=1)
        self.every = as_int("every", every, minimum=1)
        self.display = None if display is None else as_flag("display", display)
        self.history: dict[int, NeighboursTable] = {}
        self._epochs = 0  # that have ended
        self._handle: Any = None  # of the table in a notebook

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_handle": None}

    def on_train_begin(self, model: Any) -> None:
        """Clear the neighbours of a previous training and look the words up."""
        self.history, self._epochs, self._handle = {}, 0, None
        unknown = [word for word in self.words if word not in model.wv.key_to_index]
        if len(unknown) == len(self.words):
            raise ValueError(
                f"words has no word of the vocabulary, only {unknown!r:.80}; give words that the corpus has at least "
                "min_count times"
            )
        if unknown:
            logger.warning("the probe words %.200r are not in the vocabulary and are left out", unknown)

    def on_epoch_end(self, model: Any) -> None:
        """Show the neighbours if `every` epochs have passed since the last display."""
        self._epochs += 1
        if self._epochs % self.every == 0:
            self._show(model)

    def on_train_end(self, model: Any) -> None:
        """Show the neighbours of the last epoch, after the other callbacks have changed the vectors."""
        if self._epochs:
            self._show(model)

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a checkpoint stores: the number of epochs, and the neighbours."""
        history = [
            [epoch, [[word, [list(pair) for pair in ranking]] for word, ranking in table.items()]]
            for epoch, table in self.history.items()
        ]
        return {"epochs": self._epochs, "history": history}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set the state to that of a checkpoint.

        Parameters
        ----------
        state : dict
            A result of `state_dict`.

        Raises
        ------
        ValueError
            If it is not such a dict.
        """
        try:
            epochs = as_int("epochs", state["epochs"], minimum=0)
            history = {
                as_int("epoch", epoch, minimum=0): NeighboursTable(
                    {word: [(key, float(score)) for key, score in ranking] for word, ranking in table}
                )
                for epoch, table in state["history"]
            }
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(
                f"the state of ProbeWords in the checkpoint is damaged ({error}): expected epochs and history"
            ) from None
        self._epochs, self.history = epochs, history

    def _show(self, model: Any) -> None:
        epoch = self._epochs - 1
        known = [word for word in self.words if word in model.wv.key_to_index]
        table = NeighboursTable({word: model.wv.most_similar([word], topn=self.topn) for word in known})
        if epoch in self.history and dict(table) == dict(self.history[epoch]):
            return
        self.history[epoch] = table
        for word, ranking in table.items():
            neighbours = ", ".join(f"{key} {score:.3f}" for key, score in ranking)
            logger.info("nearest neighbours of %s after epoch %i: %s", word, epoch, neighbours)
        in_notebook = is_notebook()
        if in_notebook if self.display is None else self.display:
            if in_notebook:
                self._show_in_notebook(table)
            else:
                print(f"nearest neighbours after epoch {epoch}:\n{table!r}", flush=True)

    def _show_in_notebook(self, table: NeighboursTable) -> None:
        if self._handle is None:
            self._handle = importlib.import_module("IPython.display").display(table, display_id=True)
        else:
            self._handle.update(table)

    def __repr__(self) -> str:
        return repr(self.history[max(self.history)]) if self.history else f"<ProbeWords {self.words!r:.80}>"

    def _repr_html_(self) -> str | None:
        return self.history[max(self.history)]._repr_html_() if self.history else None
