"""The arguments and the results of queries: from keys to rows and weights, and from scores back to keys.

`fastw2v.KeyedVectors` looks up the keys, `similarity` computes the scores, and the functions of this module do the
steps before and after this. There is one difference from gensim: the similarity of a zero vector with every vector is
0.0 (gensim: NaN).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.validation import as_array, as_float, as_int, as_list, as_optional_int
from fastw2v.vectors import similarity
from fastw2v.vectors.row_table import KEY_TYPES, Array, Key

Item = Key | Array | tuple[Key | Array, float]
Items = Item | Sequence[Item] | None
Ranking = list[tuple[Any, float]]

EXTENDED_KEY_TYPES = (*KEY_TYPES, np.ndarray)


def key_list(name: str, keys: Any) -> list[Any]:
    """Return the argument `name`, several keys, as a list.

    Raises
    ------
    TypeError
        If it cannot be iterated, or is bytes, whose items are integers and would be used as rows.
    """
    if isinstance(keys, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"{name}={keys!r:.60} is {type(keys).__name__}, and keys are str or int: decode it; index_to_key lists all "
            "keys"
        )
    return as_list(name, keys, "keys")


def check_finite(keys: Sequence[Any], vectors: Array) -> None:
    """Raise a ValueError that names the first of `keys` whose row of `vectors` has NaN or infinity."""
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        raise ValueError(f"the vector of {keys[int(finite.argmin())]!r} has a number that is not finite")


def as_items(name: str, items: Any) -> list[Any]:
    """Return the items of the argument `name` of a query as a list: None, one key, one vector, or several of these."""
    if items is None:
        return []
    if isinstance(items, KEY_TYPES) or (
        isinstance(items, np.ndarray) and items.ndim == 1 and items.dtype.kind in "fiub"
    ):
        return [items]
    return key_list(name, items)


def weighted_items(positive: Any, negative: Any) -> tuple[list[Key | Array], list[float]]:
    """Return the keys and vectors of a query, and the weight of each.

    Parameters
    ----------
    positive, negative : key, ndarray, or sequence of these and of pairs (key or ndarray, weight)
        The weight of an item without one is 1.0 in `positive` and -1.0 in `negative`.

    Raises
    ------
    TypeError
        If an item is of another type.
    """
    keys: list[Key | Array] = []
    weights: list[float] = []
    for name, items, weight in (("positive", positive, 1.0), ("negative", negative, -1.0)):
        for item in as_items(name, items):
            if isinstance(item, EXTENDED_KEY_TYPES):
                keys.append(item)
                weights.append(weight)
            elif isinstance(item, (tuple, list)) and len(item) == 2:
                keys.append(item[0])
                weights.append(as_float(f"the weight in {name}", item[1]))
            else:
                raise TypeError(
                    f"{item!r:.80} in {name} is neither a key, nor a vector, nor a pair of one of them and its weight"
                )
    return keys, weights


def checked_vector(name: str, value: Any, vector_size: int) -> Array:
    """Return an argument as an array, or raise a ValueError if its shape is not (vector_size,)."""
    vector = as_array(name, value)
    if vector.shape != (vector_size,):
        raise ValueError(f"{name} must have shape {(vector_size,)}, not {vector.shape}")
    return vector


def weighted_mean(vectors: Iterable[tuple[Array, float]], vector_size: int, dtype: np.dtype[Any]) -> Array:
    """Return the weighted sum of vectors, divided by the sum of the absolute weights.

    Parameters
    ----------
    vectors : iterable of (ndarray of shape (vector_size,), float)
        Vectors and their weights. The mean of no vectors is zero.
    vector_size : int
    dtype : dtype
        Type in which to compute.
    """
    mean = np.zeros(vector_size, dtype=dtype)
    total = 0.0
    for vector, weight in vectors:
        mean += vector if weight == 1 else vector * mean.dtype.type(weight)
        total += abs(weight)
    if total > 0 and total != 1:
        mean /= mean.dtype.type(total)
    return mean


def searched_rows(
    n_rows: int,
    clip_start: int,
    clip_end: int | None,
    restrict_vocab: int | None,
    candidates: Sequence[int] | None,
) -> slice | NDArray[np.intp]:
    """Return the rows in which a query searches.

    Parameters
    ----------
    n_rows : int
        Number of all rows.
    clip_start, clip_end, restrict_vocab : int or None
        A range of rows; `restrict_vocab` is the end of a range that starts at 0 and overrides the other two. Negative
        numbers count from the end, as in a slice; 0 or None as an end means the last row.
    candidates : sequence of int, optional
        Rows given one by one.

    Raises
    ------
    ValueError
        If `candidates` is combined with a range.
    """
    clip_start = as_int("clip_start", 0 if clip_start is None else clip_start)
    clip_end = as_optional_int("clip_end", clip_end)
    restrict_vocab = as_optional_int("restrict_vocab", restrict_vocab, minimum=0)
    if candidates is not None:
        if clip_start or clip_end or restrict_vocab:
            raise ValueError(
                "candidates cannot be combined with restrict_vocab, clip_start or clip_end; give one"
            )
        return np.array(candidates, dtype=np.intp)
    if restrict_vocab:
        clip_start, clip_end = 0, restrict_vocab
    start, stop, _ = slice(clip_start, clip_end or None).indices(n_rows)
    return slice(start, stop)


def best_keys(
    keys: Sequence[Any],
    rows: slice | NDArray[np.intp],
    scores: Array,
    topn: int,
    excluded: set[int],
) -> Ranking:
    """Return the `topn` keys with the highest scores, best first.

    Parameters
    ----------
    keys : sequence
        The key of each row.
    rows : slice or ndarray of intp, shape (n,)
        The row of each score.
    scores : ndarray, shape (n,)
    topn : int
    excluded : set of int
        Rows that are left out.
    """
    positions = similarity.top_indices(scores, topn + len(excluded))
    return with_keys(keys, rows, positions.tolist(), scores[positions].tolist(), topn, excluded)


def with_keys(
    keys: Sequence[Any],
    rows: slice | NDArray[np.intp],
    positions: Sequence[int],
    scores: Sequence[float],
    topn: int,
    excluded: set[int],
) -> Ranking:
    """Return the first `topn` entries of a ranking as pairs of key and score, without the `excluded` rows.

    Parameters
    ----------
    keys, rows, topn, excluded
        As for `best_keys`.
    positions : sequence of int
        Positions within `rows`, best first.
    scores : sequence of float
        The score at each position.
    """
    ranking: Ranking = []
    for position, score in zip(positions, scores, strict=True):
        row = rows.start + position if isinstance(rows, slice) else int(rows[position])
        if row not in excluded:
            ranking.append((keys[row], score))
    return ranking[:topn]


def centrality_ranking(
    words: Sequence[Any], vectors: Array, mean: Array | None = None
) -> list[tuple[np.float32, Any]]:
    """Return pairs of closeness to the mean and word, closest first.

    Parameters
    ----------
    words : sequence
    vectors : ndarray, shape (len(words), D)
    mean : ndarray, shape (D,), optional
        A vector that is used instead of the mean of `vectors`, scaled to length 1.
    """
    vectors = vectors.astype(similarity.compute_dtype(vectors.dtype), copy=False)
    closeness = similarity.centrality(vectors) if mean is None else similarity.products(vectors, mean)
    order = sorted(range(len(words)), key=lambda i: (closeness[i], words[i]), reverse=True)
    return [(closeness[i], words[i]) for i in order]
