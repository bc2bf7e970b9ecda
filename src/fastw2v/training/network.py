"""The network of a model: its checked arrays, for the engine.

Users write into the arrays of a model and replace them. When a training begins, each array is either used as it is, or
refused with an error that names the remedy. Nothing is copied, so the arrays of the training are those that users see.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.validation import checked_random_state
from fastw2v.common.windows import weights_of_window, window_of_epoch
from fastw2v.engine.network import Network
from fastw2v.training.log_probabilities import log_noise
from fastw2v.training.objective_settings import CORRECTED, SAMPLED_SOFTMAX
from fastw2v.vocabulary.vocabulary import Vocabulary

Matrix = NDArray[np.float32]


class NetworkModel(Protocol):
    """The attributes of a model that `make_network` reads."""

    wv: Any
    syn1neg: Any
    syn1: Any
    cum_table: Any
    random: np.random.RandomState
    sg: int
    hs: int
    negative: int
    window: Any
    final_window: Any
    window_weights: Any
    full_windows: bool
    max_norm: float | None
    shrink_windows: bool
    cbow_mean: int
    cbow_update: str
    sample: float | str | None
    shared_negatives: bool
    negative_pool: int
    syn1neg_bias: Any
    objective: str
    tied_weights: bool
    logq_correction: bool
    compute_loss: bool

    @property
    def huffman_tree(self) -> Any: ...
    @property
    def _vocabulary(self) -> Vocabulary: ...


def make_network(
    model: NetworkModel,
    *,
    sg: int | None = None,
    compute_loss: bool | None = None,
    random: np.random.RandomState | None = None,
    lock_factors: Matrix | None = None,
    scoring: bool = False,
    epoch: int = 0,
    epochs: int = 1,
) -> Network:
    """Return the network of a model.

    Parameters
    ----------
    model : NetworkModel
    sg, compute_loss, random : optional
        Used instead of the attributes of the model.
    lock_factors : float32 array, optional
        Factors on the learning rates of the input rows; by default the result of `checked_lock_factors` for those of
        the model.
    epoch, epochs : int, default 0, 1
        The epoch that is trained, and the number of all epochs, for windows that change. By default, the network has
        those of the first epoch.
    scoring : bool, default False
        The weights are only read: accept arrays of any layout and floating type, and copy them if necessary.

    Raises
    ------
    ValueError, RuntimeError
        If an array, a table or the random state cannot be used; the message names it and the remedy.
    """
    wv = model.wv
    check = _readable if scoring else _trainable
    vectors = check("wv.vectors", wv._table.matrix)
    syn1neg = None if model.syn1neg is None or not model.negative else check("syn1neg", model.syn1neg)
    syn1 = None if model.syn1 is None or not model.hs else check("syn1", model.syn1)
    is_softmax = model.objective == SAMPLED_SOFTMAX
    biases = model.syn1neg_bias if is_softmax and not model.tied_weights else None
    window = window_of_epoch(model.window, model.final_window, epoch, epochs)
    if len(vectors) != len(model._vocabulary.counts):
        raise RuntimeError(
            "words were added to wv since the vocabulary was built; use build_vocab(update=True)"
        )
    if model.hs and model.huffman_tree is None:
        raise RuntimeError(
            "hs=1, but the vocabulary was built without a Huffman tree; build it anew with hs=1"
        )
    tree = model.huffman_tree if model.hs else None
    return Network(
        vectors,
        lockf=checked_lock_factors(wv.vectors_lockf) if lock_factors is None else lock_factors,
        random=_checked_random(model.random) if random is None else random,
        skip_gram=bool(model.sg if sg is None else sg),
        window=window,
        window_weights=weights_of_window(window, model.window_weights),
        full_windows=model.full_windows,
        max_norm=model.max_norm or 0.0,
        shrink_windows=model.shrink_windows,
        cbow_mean=bool(model.cbow_mean),
        corrected_cbow=model.cbow_update == CORRECTED,
        negative=model.negative,
        syn1neg=syn1neg,
        cum_table=model.cum_table if model.negative else None,
        syn1=syn1,
        tree=(tree.offsets, tree.points, tree.codes) if tree is not None else None,
        # gensim makes a draw for every token unless sample is 0; with None it makes the draws and drops nothing.
        sample_ints=model._vocabulary.sample_ints(model.sample)
        if model.sample or model.sample is None
        else None,
        draws_seed=bool(model.negative) or model.sample != 0,
        shared_negatives=model.shared_negatives,
        negative_pool=model.negative_pool,
        sampled_softmax=is_softmax,
        tied_weights=model.tied_weights,
        biases=None if biases is None else _checked_biases(biases),
        log_noise=log_noise(model.cum_table) if is_softmax and model.logq_correction else None,
        tally_loss=bool(model.compute_loss if compute_loss is None else compute_loss),
    )


def checked_lock_factors(factors: Any) -> Matrix:
    """Return lock factors as a contiguous float32 array; None means a factor of 1 for all rows."""
    lockf = np.ascontiguousarray(np.ones(1) if factors is None else factors, dtype=np.float32)
    if lockf.ndim != 1 or not lockf.size or not np.isfinite(lockf).all():
        raise ValueError(
            "wv.vectors_lockf must be a 1-D array of finite factors, one at least; assign np.ones(1) for no locks"
        )
    return lockf


def _checked_biases(biases: Any) -> Matrix:
    if not isinstance(biases, np.ndarray) or biases.dtype != np.float32 or biases.ndim != 1:
        raise ValueError("syn1neg_bias must be a float32 array with one bias for each word")
    if not (biases.flags.c_contiguous and biases.flags.aligned and biases.flags.writeable):
        raise ValueError("syn1neg_bias must be contiguous, aligned and writeable; assign a copy of it")
    return biases


def _readable(name: str, matrix: NDArray[Any]) -> Matrix:
    return np.require(matrix, np.float32, ["C", "A", "W"])


def _trainable(name: str, matrix: NDArray[Any]) -> Matrix:
    if matrix.dtype != np.float32 or not matrix.flags.c_contiguous:
        raise ValueError(
            f"{name} is a {matrix.dtype} array with strides {matrix.strides}; training needs C-contiguous float32: "
            f"assign np.ascontiguousarray({name}, dtype=np.float32)"
        )
    if not matrix.flags.aligned:
        raise ValueError(f"{name} does not start at a multiple of 4 bytes; assign a copy of it")
    if not matrix.flags.writeable:
        raise ValueError(
            f"{name} is read-only (loaded with mmap='r'?), so it cannot be trained; load the model without mmap, or "
            "with mmap='c' (changes in memory only) or 'r+' (changes written to the file)"
        )
    return matrix


def _checked_random(random: Any) -> np.random.RandomState:
    if (
        isinstance(random, np.random.RandomState)
        and random.get_state(legacy=False)["bit_generator"] == "MT19937"
    ):
        checked_random_state(random.get_state())  # an unpickled or assigned state may be damaged
        return random
    raise ValueError(
        f"model.random is {random!r}; training draws from np.random.RandomState(seed), assign one"
    )
