"""Divergence: weights that grow without limit, because the learning rate is too large."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import parallel
from fastw2v.common.logs import get_logger

logger = get_logger(__name__, "models.word2vec")

DIVERGED = 1e3  # components of trained weights stay below 10; diverging ones exceed this within an epoch
_BLOCK = (
    1 << 20
)  # values that are compared at a time: 4 MiB, so that the second comparison finds them in the cache


def warn_if_diverged(
    weights: Mapping[str, NDArray[np.float32] | None], alpha: float, threads: int = 1
) -> None:
    """Log a warning if an array holds a value of at least `DIVERGED`, or NaN; called at the end of each epoch.

    Parameters
    ----------
    weights : mapping of str to ndarray or None
        The vectors and the output weights. Output weights are checked too, because the vectors no longer change when
        the output weights are so large that every gradient is 0.
    alpha : float
        The learning rate that the warning names.
    threads : int, default 1
        How many threads compare the values of large arrays. No job is trained meanwhile, so that one thread would let
        the workers of a machine with many cores wait for longer than some epochs take.
    """
    for name, values in weights.items():
        if values is None:
            continue
        largest = _largest(values, threads)
        if not largest < DIVERGED:  # also true for NaN
            logger.warning(
                "training diverged: %s hold values up to %g at alpha=%g; start again with a smaller alpha",
                name, largest, alpha,
            )  # fmt: skip
            return


def _largest(values: NDArray[np.float32], threads: int) -> float:
    """Return the largest absolute value, or NaN if there is one."""
    step = max(1, _BLOCK // max(1, values[:1].size))
    starts = range(0, len(values), step)

    def largest_of_block(start: int) -> float:
        block = values[start : start + step]
        return float(max(-block.min(initial=0.0), block.max(initial=0.0)))

    of_blocks = parallel.ordered_map(largest_of_block, starts, max(1, min(threads, len(starts))))
    return float(np.max(list(of_blocks), initial=0.0))
