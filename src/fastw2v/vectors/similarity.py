"""The mathematics of queries on matrices: norms, cosines, nearest rows, centrality, transport.

float32 matrices are multiplied in float32, and float64 matrices in float64. Narrower types are converted to float32 a
block of rows at a time, so that half-precision vectors neither overflow nor need a second matrix. The similarity of a
zero vector with every vector, including itself, is 0. Equal scores are sorted by row.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import parallel
from fastw2v.common.cores import usable_cores
from fastw2v.vectors import ranking

Array = NDArray[Any]

_BLOCK = 1 << 20  # numbers of a matrix that are processed at a time if a temporary copy is needed
_SCORES_CACHED = 1 << 17  # scores of a block of rows with all queries: 512 KiB of float32
_QUERIES_TOGETHER = 1024
_WORTH_THREADS = 1 << 23  # numbers of a matrix; a query takes milliseconds, a thread some tenths of one
_WORTH_SORTING = 512  # up to this number of scores, sorting all of them is faster
_LEAST_ROWS = 128  # smallest number of rows of such a block for which products of matrices are efficient


def compute_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in which vectors of `dtype` are multiplied."""
    return np.dtype(np.float32) if dtype in (np.float16, np.float32) else np.dtype(np.float64)


def row_blocks(matrix: Array) -> Iterator[slice]:
    """Yield slices that divide the rows of `matrix` into blocks of about a million numbers."""
    step = max(1, _BLOCK // max(1, matrix.shape[1]))
    for start in range(0, len(matrix), step):
        yield slice(start, min(start + step, len(matrix)))


def row_norms(matrix: Array) -> Array:
    """Return the Euclidean norm of each row; temporary memory is limited to one block of rows."""
    norms = np.empty(len(matrix), dtype=compute_dtype(matrix.dtype))
    for rows in row_blocks(matrix):
        block = np.asarray(matrix[rows], dtype=norms.dtype)
        norms[rows] = np.sqrt(np.einsum("ij,ij->i", block, block))
    return norms


def normed(matrix: Array, norms: Array) -> Array:
    """Return the rows of `matrix`, shape (n, D), divided by `norms`; zero rows stay zero."""
    unit: Array = np.asarray(matrix, dtype=norms.dtype) / _divisors(norms)[:, None]
    return unit


def divided(vector: Array, norm: Any) -> Array:
    """Return a new vector, `vector` divided by its norm, in the type of the norm; a zero vector stays zero."""
    scaled: Array = np.asarray(vector, dtype=norm.dtype) / (norm if norm > 0 else norm.dtype.type(1))
    return scaled


def _divisors(norms: Array) -> Array:
    """Return `norms` with 1 instead of 0, so that the products of zero rows stay 0; `norms` itself if none is 0."""
    positive = norms > 0
    if positive.all():
        return norms
    divisors: Array = np.where(positive, norms, norms.dtype.type(1))
    return divisors


def unit(vector: Array) -> Array:
    """Return `vector` divided by its norm; a zero vector stays zero."""
    length = np.sqrt(np.dot(vector, vector))
    scaled: Array = vector / length if length > 0 else vector.copy()
    return scaled


def products(matrix: Array, queries: Array) -> Array:
    """Return the dot products of each row with one query (shape (n,)) or several (shape (queries, n))."""
    dtype = compute_dtype(matrix.dtype)
    queries = np.asarray(queries, dtype=dtype)
    if queries.ndim == 1 and matrix.dtype == np.float32 and matrix.flags.c_contiguous:
        return _row_products(np.asarray(matrix), np.ascontiguousarray(queries))
    if matrix.dtype == dtype:
        plain = np.asarray(matrix)
        found: Array = np.einsum("ij,j->i", plain, queries) if queries.ndim == 1 else queries @ plain.T
        return found
    out = np.empty((*queries.shape[:-1], len(matrix)), dtype=dtype)
    for rows in row_blocks(matrix):
        block = np.asarray(matrix[rows], dtype=dtype)
        out[..., rows] = block @ queries if queries.ndim == 1 else queries @ block.T
    return out


def _row_products(matrix: Array, query: Array) -> Array:
    """Return the products of all rows with one query, by several threads if the matrix is large.

    Each number of the matrix is read only once, and a single core does not use the whole bandwidth of the memory.
    """
    out = np.empty(len(matrix), dtype=np.float32)
    if matrix.size < _WORTH_THREADS:
        ranking.row_products(matrix, query, out)
        return out
    cores = usable_cores()
    step = max(1, -(-len(matrix) // cores))

    def multiply(start: int) -> None:
        ranking.row_products(matrix[start : start + step], query, out[start : start + step])

    for _ in parallel.ordered_map(multiply, range(0, len(matrix), step), cores):
        pass
    return out


def cosines(matrix: Array, norms: Array, queries: Array) -> Array:
    """Return the products of rows, scaled to length 1, with one query (shape (n,)) or several (shape (queries, n)).

    Queries are not scaled.
    """
    scores = products(matrix, queries)
    scores /= _divisors(norms)
    return scores


def cosine(first: Array, second: Array) -> np.float32:
    """Return the cosine of two vectors, computed in float64: exactly 1 for a vector with itself."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    length = np.sqrt(np.dot(a, a) * np.dot(b, b))
    return np.float32(np.dot(a, b) / length if length > 0 else 0.0)


def top_indices(scores: Array, count: int) -> NDArray[np.intp]:
    """Return the indices of the `count` highest of `scores`, shape (n,), highest first.

    Equal scores are ordered by index. NaN counts as the lowest score.
    """
    if len(scores) <= _WORTH_SORTING:
        return _sorted_indices(scores, count)
    scores = np.ascontiguousarray(scores, dtype=compute_dtype(scores.dtype))
    indices, _ = _best_of_blocks([(slice(0, len(scores)), scores[None])], np.ones_like(scores), 1, count)
    return indices[0] if indices.min(initial=0) >= 0 else _sorted_indices(scores, count)


def nearest_rows(matrix: Array, norms: Array, queries: Array, count: int) -> tuple[NDArray[np.intp], Array]:
    """Return the `count` rows whose unit vectors have the highest products with each of `queries`.

    Parameters
    ----------
    matrix, norms : ndarray, shapes (n, D) and (n,)
        The rows to choose from.
    queries : ndarray, shape (queries, D)
        They are used as they are, and are usually unit vectors.
    count : int
        At most n rows are returned.

    Returns
    -------
    rows : ndarray of int, shape (queries, count)
        Highest product first, equal ones in order of row; NaN counts as the lowest product.
    scores : ndarray, shape (queries, count)
        The products.
    """
    count = min(count, len(matrix))
    rows = np.empty((len(queries), count), dtype=np.intp)
    scores = np.empty((len(queries), count), dtype=norms.dtype)
    divisors = _divisors(norms)
    for start in range(0, len(queries), _QUERIES_TOGETHER):
        some = queries[start : start + _QUERIES_TOGETHER]
        part = slice(start, start + len(some))
        blocks = ((block, products(matrix[block], some)) for block in _cached_blocks(len(matrix), len(some)))
        rows[part], scores[part] = _best_of_blocks(blocks, divisors, len(some), count)
    for query in np.flatnonzero((rows < 0).any(axis=1)):
        found = cosines(matrix, norms, queries[query])
        rows[query] = _sorted_indices(found, count)
        scores[query] = found[rows[query]]
    return rows, scores


def _best_of_blocks(
    blocks: Iterable[tuple[slice, Array]], divisors: Array, n_queries: int, count: int
) -> tuple[NDArray[np.intp], Array]:
    """Return the best rows, and their scores, of blocks of scores with shape (queries, rows of the block).

    Only a row whose score is above -inf is found; the row of a missing one is -1.
    """
    count = max(0, min(count, len(divisors)))
    rows = np.full((n_queries, count), -1, dtype=np.int64)
    best = np.full((n_queries, count), -np.inf, dtype=divisors.dtype)
    if count:
        for block, scores in blocks:
            scores = np.ascontiguousarray(scores, dtype=divisors.dtype)
            ranking.merge_best(scores, divisors[block], block.start, best, rows)
        ranking.sort_best(best, rows)
    return rows.astype(np.intp, copy=False), best


def _sorted_indices(scores: Array, count: int) -> NDArray[np.intp]:
    """Return the result of `top_indices` by sorting all scores, for scores with NaN among the best."""
    indices: NDArray[np.intp] = np.argsort(-scores, kind="stable")[: max(0, count)]
    return indices


def best_answers(
    matrix: Array, norms: Array, units: Array, terms: NDArray[np.int64], excluded: Sequence[Sequence[int]]
) -> tuple[NDArray[np.int64], Array]:
    """Return the row nearest to b - a + c for each of some questions "a is to b as c is to ?" (3CosAdd).

    Mikolov, Yih and Zweig, "Linguistic Regularities in Continuous Space Word Representations" (NAACL 2013).

    Parameters
    ----------
    matrix, norms : ndarray, shapes (n, D) and (n,)
        The rows to choose from.
    units : ndarray, shape (m, D)
        Unit vectors of the words of the questions.
    terms : ndarray of int64, shape (questions, 3)
        The indices in `units` of a, b and c.
    excluded : sequence of sequence of int
        The rows that are excluded as answers to each question.

    Returns
    -------
    rows : ndarray of int64, shape (questions,)
        The first of equally near rows; -1 if there is none.
    scores : ndarray, shape (questions,)
        The product with b - a + c.
    """
    starts = np.cumsum([0, *map(len, excluded)], dtype=np.int64)
    struck = np.fromiter(itertools.chain.from_iterable(excluded), dtype=np.int64, count=int(starts[-1]))

    rows = np.full(len(terms), -1, dtype=np.int64)
    best = np.full(len(terms), -np.inf, dtype=norms.dtype)
    for block in _cached_blocks(len(matrix), len(units)):
        scores = np.ascontiguousarray(cosines(matrix[block], norms[block], units), dtype=norms.dtype)
        ranking.merge_answers(scores, terms, block.start, starts, struck, best, rows)
    return rows, best


def _cached_blocks(n_rows: int, n_queries: int) -> Iterator[slice]:
    """Divide `n_rows` rows into blocks whose scores for this number of queries fit the L2 cache."""
    step = max(_LEAST_ROWS, _SCORES_CACHED // max(1, n_queries) // _LEAST_ROWS * _LEAST_ROWS)
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def multiplicative(
    matrix: Array, norms: Array, positive: Sequence[Array], negative: Sequence[Array]
) -> Array:
    """Return the 3CosMul score of each row: the shifted cosines of positive terms, divided by those of negative terms.

    See Levy and Goldberg, "Linguistic Regularities in Sparse and Explicit Word Representations" (CoNLL 2014). The
    denominator has their epsilon of 1e-6. The terms are not scaled; they usually are unit vectors.
    """
    shifted = (1 + cosines(matrix, norms, np.stack([*positive, *negative]))) / 2
    scores: Array = shifted[: len(positive)].prod(axis=0)
    scores /= shifted[len(positive) :].prod(axis=0) + shifted.dtype.type(0.000001)
    return scores


def cosines_with(vector: Array, matrix: Array) -> Array:
    """Return the cosines of `vector` with each row of `matrix`."""
    return cosines(matrix, row_norms(matrix), unit(np.asarray(vector, dtype=compute_dtype(matrix.dtype))))


def centrality(vectors: Array) -> Array:
    """Return the product of each row with the mean of the rows, scaled to length 1."""
    return products(vectors, unit(np.mean(vectors, axis=0)))


def word_movers_distance(first: Array, first_mass: Array, second: Array, second_mass: Array) -> float:
    """Return the lowest cost of moving the mass at the rows of `first` to the rows of `second`.

    See Kusner et al., "From Word Embeddings to Document Distances" (ICML 2015). The cost of moving one unit is the
    Euclidean distance. Both masses sum to 1.

    Raises
    ------
    ImportError
        If the package POT, which solves the transport problem, is not installed.
    """
    try:
        from ot import emd2
    except ImportError:
        raise ImportError("wmdistance needs the POT package: pip install 'fastw2v[wmd]'") from None
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    costs = np.sqrt(((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2))
    return float(emd2(first_mass, second_mass, costs))
