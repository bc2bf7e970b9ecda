"""Vectors in two dimensions: principal components, t-SNE and UMAP.

Principal components are computed here, in one pass over blocks of rows, and take a second for 50,000 words. t-SNE
(scikit-learn) and UMAP (umap-learn) keep neighbours together better and take minutes for as many.
"""

from __future__ import annotations

import contextlib
import importlib.util
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.export.optional import require
from fastw2v.vectors import similarity

Floats = NDArray[np.float32]

METHODS = ("auto", "pca", "tsne", "umap")

_FIRST_COMPONENTS = 50  # that t-SNE and UMAP get, which is enough for neighbours and takes less time


def choose(method: str) -> str:
    """Return `method`; for "auto", that of "umap", "tsne" and "pca" which is installed, in this order.

    Examples
    --------
    >>> from fastw2v.display.projection import choose
    >>> choose("pca")
    'pca'
    """
    if method != "auto":
        return method
    installed = {"umap": "umap", "tsne": "sklearn"}
    return next((name for name, module in installed.items() if importlib.util.find_spec(module)), "pca")


def project(vectors: NDArray[Any], method: str = "pca", seed: int = 0) -> Floats:
    """Return two coordinates for each row.

    The rows are scaled to length 1 before, because words are compared by cosines.

    Parameters
    ----------
    vectors : ndarray, shape (n, D)
    method : {"pca", "auto", "tsne", "umap"}
        See `choose`.
    seed : int
        Of t-SNE and UMAP.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Centred, and between -1 and 1.

    Raises
    ------
    ImportError
        If the library of `method` is not installed; the message names the extra.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.display.projection import project
    >>> project(np.array([[3.0, 0, 0], [0, 1, 0], [0, 0, 1]])).shape
    (3, 2)
    """
    method = choose(method)
    rows = similarity.normed(vectors, similarity.row_norms(vectors)).astype(np.float32, copy=False)
    np.nan_to_num(rows, copy=False)
    # With few points, neither method has enough neighbours to arrange them.
    if method == "pca" or len(rows) < 5:
        if method != "pca":
            _library(method)
        points = principal_components(rows, 2)
    else:
        library = _library(method)
        with _quiet():
            points = _neighbour_embedding(library, method, rows, seed)
    points = points - points.mean(axis=0) if len(points) else points
    largest = float(np.abs(points).max(initial=0.0))
    scaled: Floats = (points / (largest or 1.0)).astype(np.float32)
    return scaled


def _library(method: str) -> Any:
    if method == "umap":
        return require("umap", "umap")
    require("sklearn", "sklearn")
    return require("sklearn.manifold", "sklearn")


def _neighbour_embedding(library: Any, method: str, rows: Floats, seed: int) -> NDArray[Any]:
    reduced = principal_components(rows, _FIRST_COMPONENTS)
    if method == "umap":
        embedding = library.UMAP(
            n_neighbors=min(15, len(rows) - 1), min_dist=0.1, random_state=seed, n_jobs=1
        )
    else:
        embedding = library.TSNE(
            perplexity=min(30.0, (len(rows) - 1) / 3), init="pca", learning_rate="auto", random_state=seed
        )
    points: NDArray[Any] = np.asarray(embedding.fit_transform(reduced))
    return points


def principal_components(rows: Floats, count: int) -> Floats:
    """Return the first `count` principal components of each row, those of the largest variance first.

    The sign of a component is such that its largest entry is positive, so that a map does not flip when it is drawn
    again. Components that the rows do not have are 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.display.projection import principal_components
    >>> principal_components(np.array([[0, 1], [0, 3]], dtype=np.float32), 1).tolist()
    [[-1.0], [1.0]]
    """
    n_rows, size = rows.shape
    components = np.zeros((n_rows, count), dtype=np.float32)
    if not n_rows:
        return components
    centre = rows.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((size, size))
    for block in similarity.row_blocks(rows):
        part = rows[block] - centre
        covariance += part.T @ part
    found = min(count, size)
    directions = np.linalg.eigh(covariance)[1][:, ::-1][:, :found]
    largest = np.abs(directions).argmax(axis=0)
    directions = directions * np.where(directions[largest, np.arange(found)] < 0, -1.0, 1.0)
    for block in similarity.row_blocks(rows):
        components[block, :found] = (rows[block] - centre) @ directions
    return components


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Context manager without the warnings of the libraries, which are about their own settings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
