"""In which directions, and how strongly, the loss of a row curves: the second moment of the rows it is trained against.

An update of a pair of rows u (input) and v (output) changes u by alpha * (label - sigmoid(u @ v)) * v. Near the place
where a row settles, that pulls it back by alpha * slope * (v @ d) * v for a distance d from there, with the slope
sigmoid * (1 - sigmoid). On the average over the v that u meets, these pulls are the matrix alpha * slope * M, where M
is the mean of the outer products of v with itself, weighted by how often each v is updated. Output rows are pulled in
the same way by the input rows.

M is very uneven. In a model of English Wikipedia with 100 dimensions, one direction, which nearly all frequent words
share, has 60 to 95 % of the sum of the eigenvalues, ten more have most of the rest, and the median is a thousandth. So
M is described by its `N_DIRECTIONS` largest eigenvectors and the mean of its other eigenvalues. They are found by
orthogonal iteration (Golub and Van Loan, "Matrix Computations", section 8.2), which starts from those of last time, as
they change slowly.
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
    """The eigenvalues and eigenvectors of a second moment, as far as they are kept.

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
        """Return the curvature of rows of `size` numbers before anything is known: none."""
        count = min(size, N_DIRECTIONS)
        start, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((size, count)))
        return cls(start.astype(np.float32), np.zeros(count), 0.0)

    def follow(self, groups: Iterable[tuple[NDArray[np.float32], NDArray[np.float64]]]) -> None:
        """Take over the second moment of some rows.

        Parameters
        ----------
        groups : iterable of (rows, weights)
            Matrices with D columns, and a number for each of their rows. Only the ratios of the weights count.
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
