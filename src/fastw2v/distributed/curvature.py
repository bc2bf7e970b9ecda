"""The curvature of the loss of a row, by direction: the second moment of the rows against which it is trained.

An update of a pair of rows u (input) and v (output) changes u by alpha * (label - sigmoid(u @ v)) * v. Near its
minimum, a row u at the displacement d from the minimum is moved back by alpha * slope * (v @ d) * v, with the slope
sigmoid * (1 - sigmoid). Averaged over the rows v with which u is trained, this is the matrix alpha * slope * M times d,
where M is the mean of the outer products of v with itself, weighted by the number of updates of each v. The same holds
for output rows, with the input rows in place of v.

The eigenvalues of M are very unequal. In a model of English Wikipedia with 100 dimensions, one direction, which nearly
all frequent words share, has 60 to 95 % of their sum. Ten more directions have most of the rest, and the median is a
thousandth. M is therefore described by the eigenvectors of its `N_DIRECTIONS` largest eigenvalues and the mean of its
other eigenvalues. They are found by orthogonal iteration (Golub and Van Loan, "Matrix Computations", section 8.2). The
iteration starts from the eigenvectors of the previous call, because they change slowly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_DIRECTIONS = 12
_ITERATIONS = 2


@dataclass
class Curvature:
    """The largest eigenvalues of a second moment and their eigenvectors.

    Attributes
    ----------
    directions : ndarray of float32, shape (D, N)
        The eigenvectors of the N largest eigenvalues, in its columns.
    values : ndarray of float, shape (N,)
        These eigenvalues.
    rest : float
        The mean of the other eigenvalues.
    """

    directions: NDArray[np.float32]
    values: NDArray[np.float64]
    rest: float

    @classmethod
    def unknown(cls, size: int) -> Curvature:
        """Return zero curvature for rows of `size` numbers, before any moment is known."""
        count = min(size, N_DIRECTIONS)
        start, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((size, count)))
        return cls(start.astype(np.float32), np.zeros(count), 0.0)

    def follow(self, groups: Iterable[tuple[NDArray[np.float32], NDArray[np.float64]]]) -> None:
        """Update the curvature to the second moment of some rows.

        Parameters
        ----------
        groups : iterable of (rows, weights)
            Matrices with D columns, and a weight for each of their rows. Only the ratios of the weights matter.
        """
        taken = [(rows, weights) for rows, weights in groups if len(rows)]
        total = sum(float(weights.sum()) for _, weights in taken)
        if not total > 0:
            return
        scaled = np.concatenate(
            [rows * np.sqrt(weights / total).astype(np.float32)[:, None] for rows, weights in taken]
        )
        trace = float(np.square(scaled).sum(dtype=np.float64))
        if not 0 < trace < np.inf:
            return
        found = self.directions
        for _ in range(_ITERATIONS):
            found, _ = np.linalg.qr(scaled.T @ (scaled @ found))
        projected = scaled @ found
        values, within = np.linalg.eigh((projected.T @ projected).astype(np.float64))
        self.directions = np.ascontiguousarray(found @ within.astype(np.float32))
        self.values = np.maximum(values, 0.0)
        others = len(found) - len(values)
        self.rest = max(0.0, trace - float(self.values.sum())) / others if others else 0.0
