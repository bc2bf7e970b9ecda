"""What of a model training reads and writes, checked and put before the engine.

Users write into the arrays of a model and replace them; whatever stands there when a training begins is either usable
as it is, or refused with a remedy. Nothing is copied, so nothing can drift away from what users see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.training import update
from fastw2v.engine.network import Network

if TYPE_CHECKING:
    from fastw2v.word2vec import Word2Vec


def network_of(
    model: Word2Vec,
    *,
    sg: int | None = None,
    compute_loss: bool | None = None,
    random: np.random.RandomState | None = None,
    scoring: bool = False,
) -> Network:
    """Return the network of a model.

    Parameters
    ----------
    sg, compute_loss, random : optional
        Instead of the model's own.
    scoring : bool, default False
        Only read: take arrays of any kind, by copy where it must be.

    Raises
    ------
    ValueError, RuntimeError
        If an array, a table or the random state cannot be trained with; the message says which and what to do.
    """
    wv = model.wv
    usable = _readable if scoring else _trainable
    vectors = usable("wv.vectors", wv.vectors)
    syn1neg = None if model.syn1neg is None or not model.negative else usable("syn1neg", model.syn1neg)
    syn1 = None if model.syn1 is None or not model.hs else usable("syn1", model.syn1)
    if len(vectors) != len(model._vocabulary.counts):
        raise RuntimeError(
            "words were added to wv since the vocabulary was built; use build_vocab(update=True)"
        )
    lockf = np.ascontiguousarray(
        np.ones(1) if wv.vectors_lockf is None else wv.vectors_lockf, dtype=np.float32
    )
    if lockf.ndim != 1 or not lockf.size or not np.isfinite(lockf).all():
        raise ValueError(
            "wv.vectors_lockf must be a 1-D array of finite factors, one at least; assign np.ones(1) for no locks"
        )
    running = update.run_of(model)
    if running is not None:
        lockf = running.lock_factors(lockf)
    if model.hs and model.huffman_tree is None:
        raise RuntimeError(
            "hs=1, but the vocabulary was built without a Huffman tree; build it anew with hs=1"
        )
    tree = model.huffman_tree if model.hs else None
    return Network(
        vectors,
        lockf=lockf,
        random=_checked_random(model.random) if random is None else random,
        skip_gram=bool(model.sg if sg is None else sg),
        window=model.window,
        shrink_windows=model.shrink_windows,
        cbow_mean=bool(model.cbow_mean),
        negative=model.negative,
        syn1neg=syn1neg,
        cum_table=model.cum_table if model.negative else None,
        syn1=syn1,
        tree=(tree.offsets, tree.points, tree.codes) if tree is not None else None,
        # gensim draws for every token unless sample is 0 itself: with None it draws and drops nothing.
        sample_ints=model._vocabulary.sample_ints(model.sample) if model.sample or model.sample is None else None,
        draws_seed=bool(model.negative) or model.sample != 0,
        shared_negatives=model.shared_negatives,
        tally_loss=bool(model.compute_loss if compute_loss is None else compute_loss),
    )


def _readable(name: str, matrix: NDArray[Any]) -> NDArray[np.float32]:
    return np.require(matrix, np.float32, ["C", "A", "W"])


def _trainable(name: str, matrix: NDArray[Any]) -> NDArray[np.float32]:
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
        return random
    raise ValueError(
        f"model.random is {random!r}; training draws from np.random.RandomState(seed), assign one"
    )
