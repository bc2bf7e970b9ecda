"""A page with a map of words, which one can search, zoom and move, and which lists the neighbours of each word.

The page is one file. It has all its data, loads nothing, and its Content-Security-Policy forbids it to. It holds no
vectors: two coordinates of each word as 16-bit integers, a colour, and the nearest neighbours with their cosines, so
that 50,000 words take 3 MB. The page itself is ``explorer.html`` beside this module.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from html import escape
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.display import projection
from fastw2v.vectors import similarity

MAX_WORDS = 50_000
_HUES = 8
_AT_ONCE = 1024  # words whose neighbours are searched between two reports

METHOD_NAMES = {"pca": "principal components", "tsne": "t-SNE", "umap": "UMAP"}


def page(
    words: Sequence[Any],
    vectors: NDArray[Any],
    *,
    counts: NDArray[Any] | None = None,
    method: str = "pca",
    topn: int = 10,
    title: str = "Word vectors",
    report: Callable[[int], Any] = lambda done: None,
) -> str:
    """Return the page of some words, most frequent first.

    Parameters
    ----------
    words : sequence, at most `MAX_WORDS`
    vectors : ndarray, shape (len(words), D)
    counts : ndarray, shape (len(words),), optional
        Their frequencies, which the page shows.
    method : str
        See `projection.project`.
    topn : int
        Number of neighbours of each word.
    title : str
    report : callable, optional
        Called with the number of words whose neighbours were found.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.display import explorer
    >>> explorer.page(["east", "north"], np.eye(2))[:15]
    '<!doctype html>'
    """
    method = projection.choose(method)
    points = projection.project(vectors, method)
    neighbours, scores = nearest(vectors, topn, report)
    n_words, size = vectors.shape
    data = {
        "title": title,
        "summary": f"{n_words:,} words, {size} dimensions",
        "note": f"Position: {METHOD_NAMES[method]}. Colour: third principal component. Neighbours: cosine of the "
        f"{size}-dimensional vectors.",
        "words": [str(word) for word in words],
        "counts": None if counts is None else [int(count) for count in counts],
        "topn": neighbours.shape[1],
        "places": _encoded(np.rint(points * 32767), np.int16),
        "hues": _encoded(_hues(vectors), np.uint8),
        "neighbours": _encoded(neighbours, np.uint16),
        "scores": _encoded(np.rint(np.clip(np.nan_to_num(scores), -1, 1) * 127), np.int8),
    }
    # "<" only occurs within strings; escaped, no word can end the element that holds the data.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")  # lone surrogates, as JSON writes them
    template = resources.files(__package__).joinpath("explorer.html").read_text(encoding="utf-8")
    head, _, rest = template.partition("__TITLE__")
    middle, _, tail = rest.partition("__DATA__")
    return "".join((head, escape(title), middle, text, tail))


def nearest(
    vectors: NDArray[Any], topn: int, report: Callable[[int], Any] = lambda done: None
) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return the `topn` other rows nearest to each row, and their cosines, both of shape (n, min(topn, n - 1)).

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.display.explorer import nearest
    >>> rows, scores = nearest(np.array([[1.0, 0], [1, 1], [0, 3]]), 1)
    >>> rows.tolist()
    [[1], [0], [1]]
    """
    n_rows = len(vectors)
    topn = max(0, min(topn, n_rows - 1))
    rows = np.empty((n_rows, topn), dtype=np.intp)
    scores = np.empty((n_rows, topn), dtype=np.float32)
    norms = similarity.row_norms(vectors)
    for start in range(0, n_rows if topn else 0, _AT_ONCE):
        some = slice(start, min(start + _AT_ONCE, n_rows))
        queries = similarity.normed(vectors[some], norms[some])
        found, cosines = similarity.nearest_rows(vectors, norms, queries, topn + 1)
        own = found == np.arange(some.start, some.stop)[:, None]
        own[~own.any(axis=1), -1] = True  # the word itself is behind equal vectors: leave out the last one
        rows[some] = found[~own].reshape(-1, topn)
        scores[some] = cosines[~own].reshape(-1, topn)
        report(some.stop)
    return rows, scores


def _hues(vectors: NDArray[Any]) -> NDArray[np.intp]:
    """Return one of `_HUES` colours for each row: the same number of rows has each, by the third component."""
    rows = similarity.normed(vectors, similarity.row_norms(vectors)).astype(np.float32, copy=False)
    third = projection.principal_components(np.nan_to_num(rows), 3)[:, 2]
    ranks = np.argsort(np.argsort(third, kind="stable"), kind="stable")
    hues: NDArray[np.intp] = ranks * _HUES // max(1, len(ranks))
    return hues


def _encoded(values: NDArray[Any], dtype: type[np.generic]) -> str:
    little_endian = np.ascontiguousarray(values).astype(np.dtype(dtype).newbyteorder("<"))
    return base64.b64encode(little_endian.tobytes()).decode("ascii")
