"""Divergence: weights that grow without limit, because the learning rate is too large."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.logs import get_logger

logger = get_logger(__name__, "models.word2vec")

DIVERGED = 1e3  # components of trained weights stay below 10; diverging ones exceed this within an epoch


def warn_if_diverged(weights: Mapping[str, NDArray[np.float32] | None], alpha: float) -> None:
    """Log a warning if an array holds a value of at least `DIVERGED`, or NaN; called at the end of each epoch.

    Parameters
    ----------
    weights : mapping of str to ndarray or None
        The vectors and the output weights. Output weights are checked too, because the vectors no longer change when
        the output weights are so large that every gradient is 0.
    alpha : float
        The learning rate that the warning names.
    """
    for name, values in weights.items():
        if values is None:
            continue
        largest = max(-values.min(initial=0.0), values.max(initial=0.0))
        if not largest < DIVERGED:  # also true for NaN
            logger.warning(
                "training diverged: %s hold values up to %g at alpha=%g; start again with a smaller alpha",
                name, largest, alpha,
            )  # fmt: skip
            return
