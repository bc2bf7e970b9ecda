"""Changes of trained vectors that need no further training.

All vectors of a model have a large component in common. In a few directions, they differ mostly by the frequencies of
their words. Mu and Viswanath ("All-but-the-Top: Simple and Effective Postprocessing for Word Representations", 2018)
remove both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.vectors import similarity

Array = NDArray[Any]


def without_common_directions(vectors: Array, *, center: bool, remove: int) -> Array:
    """Return vectors without their mean and their components in the main directions.

    Parameters
    ----------
    vectors : ndarray, shape (n, dim)
    center : bool
        Whether to subtract the mean. The main directions are those of the vectors after the subtraction.
    remove : int
        The number of main directions, from 0 to ``dim``: the eigenvectors of the largest eigenvalues of the matrix of
        second moments.

    Returns
    -------
    ndarray
        A new array of the same dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.vectors.postprocessing import without_common_directions
    >>> without_common_directions(np.array([[9.0, 1.0], [7.0, 1.0]]), center=True, remove=0)
    array([[ 1.,  0.],
           [-1.,  0.]])
    """
    compute_dtype = similarity.compute_dtype(vectors.dtype)
    mean = vectors.mean(axis=0, dtype=np.float64) if center else np.zeros(vectors.shape[1])
    moments = np.zeros((vectors.shape[1], vectors.shape[1]))
    for rows in similarity.row_blocks(vectors):
        block = vectors[rows].astype(np.float64) - mean
        moments += block.T @ block
    directions = np.linalg.eigh(moments)[1][:, vectors.shape[1] - remove :]
    result = np.empty_like(vectors)
    for rows in similarity.row_blocks(vectors):
        block = vectors[rows].astype(np.float64) - mean
        result[rows] = (block - (block @ directions) @ directions.T).astype(compute_dtype)
    return result
