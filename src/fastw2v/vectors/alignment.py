"""Alignment of vectors from several trainings by rotations, and their mean.

Two trainings on the same text with different seeds give vectors that agree up to a rotation, which no objective of
word2vec determines, and up to noise. The rotation of A that is nearest to B in the least-squares sense solves the
orthogonal Procrustes problem (Schönemann, 1966): with the singular value decomposition ``A.T @ B = U S V``, it is
``U @ V``. For more than two matrices, each in turn is rotated onto the sum of the others, until the rotations no longer
change (generalized Procrustes analysis; Gower, 1975, and ten Berge, 1977). The rotations depend only on the products
``A.T @ B`` of pairs of matrices, so the rounds compute with matrices of shape (D, D).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]

MAX_ROUNDS = 100
TOLERANCE = 1e-5  # largest change of an element of a rotation in a round, after which there is no further one
ROWS_AT_ONCE = 1 << 14


def rotation(product: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the orthogonal matrix R that minimizes the Frobenius norm of ``A @ R - B``, shape (D, D).

    Parameters
    ----------
    product : ndarray, shape (D, D)
        ``A.T @ B``.
    """
    u, _, v = np.linalg.svd(product)
    nearest: NDArray[np.float64] = u @ v
    return nearest


def rotations(runs: Sequence[Floats]) -> list[NDArray[np.float64]]:
    """Return the orthogonal matrices that rotate matrices onto one another; the first is the identity.

    They minimize the sum of the squared distances between the rows of all pairs of rotated matrices, as far as a local
    search finds it.
    """
    products = {(i, j): _product(runs[i], runs[j]) for i in range(len(runs)) for j in range(i + 1, len(runs))}
    products.update({(j, i): product.T for (i, j), product in products.items()})
    found = [np.eye(runs[0].shape[1]), *(rotation(products[i, 0]) for i in range(1, len(runs)))]
    for _ in range(MAX_ROUNDS if len(runs) > 2 else 0):  # the rotation of two matrices is exact
        change = 0.0
        for i, previous in enumerate(found):
            found[i] = rotation(
                np.sum([products[i, j] @ other for j, other in enumerate(found) if j != i], axis=0)
            )
            change = max(change, float(np.abs(found[i] - previous).max()))
        if change <= TOLERANCE:
            break
    return [each @ found[0].T for each in found]


def mean_of_aligned(matrices: Sequence[NDArray[np.floating]], rows: Sequence[Rows]) -> Floats:
    """Return the mean of matrices that are rotated onto one another, shape (words, D), oriented as the first is.

    Parameters
    ----------
    matrices : sequence of ndarray, each of shape (keys, D)
    rows : sequence of ndarray of intp, each of shape (words,)
        The rows of the words in each matrix.
    """
    runs = [
        matrix[chosen].astype(np.float32, copy=False) for matrix, chosen in zip(matrices, rows, strict=True)
    ]
    mean = np.zeros_like(runs[0])
    for run, turned in zip(runs, rotations(runs), strict=True):
        mean += run @ turned.astype(np.float32)
    mean /= len(runs)
    return mean


def _product(a: Floats, b: Floats) -> NDArray[np.float64]:
    """Return ``a.T @ b`` in double precision."""
    total = np.zeros((a.shape[1], b.shape[1]))
    for first in range(0, len(a), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        total += a[part].T.astype(np.float64) @ b[part].astype(np.float64)
    return total
