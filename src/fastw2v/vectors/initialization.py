"""Initial vectors: the contents of a row before any training.

A random row `i` depends only on the seed, the width and `i`. A matrix that grows therefore gets the rows that a larger
matrix would have had from the start. The generator is NumPy's PCG64, which can advance by any number of draws, so only
the missing rows are drawn.

Rows can also start from the vectors of another training; `starting_rows` selects those.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.common import memory, parallel
from fastw2v.common.validation import as_array, as_dtype, as_int, as_list, as_optional_int, check_str

REAL = np.float32
_BLOCK = 1 << 17  # numbers that are drawn and scaled at a time, while they are in the cache
_BLOCKS_FOR_THREADS = 16  # from this number of blocks on, several threads draw

Array = NDArray[Any]


def prep_vectors(
    target_shape: tuple[int, int],
    prior_vectors: Array | None = None,
    seed: int | None = 0,
    dtype: DTypeLike = REAL,
) -> Array:
    """Return a matrix of random rows that starts with the rows of `prior_vectors`.

    Parameters
    ----------
    target_shape : (int, int)
        Number of rows and columns D of the result.
    prior_vectors : ndarray, shape (n, D), optional
        Rows to keep, ``n <= target_shape[0]``. If it already has the target shape, it is returned without a copy.
    seed : int, default 0
        Seed of the stream. The same seed gives the same row `i` for every number of rows.
    dtype : dtype, default float32
        Type of the result. float64 has a separate random stream; narrower types are rounded from float32.

    Returns
    -------
    ndarray, shape `target_shape`
        New rows are uniform in [-1/D, 1/D).

    Raises
    ------
    ValueError
        If `prior_vectors` has more rows than `target_shape`, or another width.

    Examples
    --------
    >>> from fastw2v.keyedvectors import prep_vectors
    >>> small, large = prep_vectors((2, 4), seed=1), prep_vectors((3, 4), seed=1)
    >>> bool((small == large[:2]).all())
    True
    """
    rows, width = _checked_shape(target_shape)
    seed, dtype = as_optional_int("seed", seed, minimum=0), as_dtype("dtype", dtype)
    kept = 0
    if prior_vectors is not None:
        prior_vectors = as_array("prior_vectors", prior_vectors, ndim=2)
        if prior_vectors.shape == (rows, width):
            return prior_vectors
        kept = len(prior_vectors)
        if kept > rows or (kept and prior_vectors.shape[1] != width):
            raise ValueError(
                f"prior_vectors of shape {prior_vectors.shape} do not fit into target_shape {(rows, width)}: "
                "it needs at least as many rows, of the same width"
            )
    vectors = memory.empty((rows, width), dtype)
    if kept:
        assert prior_vectors is not None
        vectors[:kept] = prior_vectors
    _fill_random(vectors[kept:], seed, kept * width)
    return vectors


def _checked_shape(target_shape: Any) -> tuple[int, int]:
    shape = as_list("target_shape", target_shape, "two integers")
    if len(shape) != 2:
        raise ValueError(
            f"target_shape={target_shape!r:.80} must be two integers, the numbers of rows and columns"
        )
    rows, width = (as_int("target_shape", number, minimum=0) for number in shape)
    return rows, width


def extend_vectors(vectors: Array, rows: int, seed: int | None = 0) -> Array:
    """Return `vectors` with random rows appended, in place where `memory.grown` can.

    Parameters
    ----------
    vectors : ndarray, shape (n, D)
    rows : int
        Number of rows of the result, at least n.
    seed : int, default 0
        The new rows are those that `prep_vectors` makes with this seed.
    """
    kept, width = vectors.shape
    extended = memory.grown(vectors, rows)
    _fill_random(extended[kept:], seed, kept * width)
    return extended


def starting_rows(
    keys: Sequence[Any], source_index: Mapping[Any, int], source_vectors: Array, name: str = "init_from"
) -> tuple[NDArray[np.intp], Array]:
    """Select initial vectors for those keys that another set of vectors has.

    Parameters
    ----------
    keys : sequence
        The key of each row.
    source_index : mapping of key to int
        Row of each key in `source_vectors`.
    source_vectors : ndarray, shape (n, D)
    name : str
        The argument that holds the other set, for the message.

    Returns
    -------
    rows : ndarray of intp, shape (shared,)
        The rows of `keys` that the other set has.
    vectors : ndarray, shape (shared, D)
        Copies of their vectors.

    Raises
    ------
    ValueError
        If one of these vectors is not finite, because training would spread it to every word of its sentences.
    """
    rows = np.array([row for row, key in enumerate(keys) if key in source_index], dtype=np.intp)
    sources = np.array([source_index[keys[row]] for row in rows.tolist()], dtype=np.intp)
    vectors = source_vectors[sources]
    finite = np.isfinite(vectors.sum(axis=tuple(range(1, vectors.ndim)), dtype=np.float64))
    if not finite.all():
        first, others = keys[rows[int(np.argmin(finite))]], np.count_nonzero(~finite) - 1
        raise ValueError(
            f"{name} holds NaN or infinity for {first!r:.80} and {others} other words; remove them from it"
        )
    return rows, vectors


def starting_lock_factors(
    keys: Sequence[Any], lock_factors: float | Mapping[Any, float]
) -> NDArray[np.float32] | None:
    """Return the factor on the learning rate for each of `keys`, or None if all of them are 1.

    Parameters
    ----------
    keys : sequence
    lock_factors : float or mapping of key to float
        One factor for all keys, or factors by key, where missing keys have the factor 1.
    """
    if isinstance(lock_factors, Mapping):
        factors = np.array([lock_factors.get(key, 1.0) for key in keys], dtype=np.float32)
    else:
        factors = np.full(len(keys), lock_factors, dtype=np.float32)
    return None if (factors == 1).all() else factors


def _fill_random(out: Array, seed: int | None, skipped: int) -> None:
    """Fill `out` with the stream of `seed`, uniform in [-1/D, 1/D), starting after `skipped` numbers."""
    width = out.shape[1]
    step = max(1, _BLOCK // max(1, width))
    starts = range(0, len(out), step)
    if seed is None:
        seed = secrets.randbits(128)

    def fill(start: int) -> None:
        _fill_block(out[start : start + step], seed, skipped + start * width)

    # The first write to new memory takes longer than drawing the numbers; several threads share both.
    for _ in parallel.ordered_map(fill, starts, None if len(starts) > _BLOCKS_FOR_THREADS else 1):
        pass


def _fill_block(out: Array, seed: int | None, skipped: int) -> None:
    generator = np.random.default_rng(seed)
    if out.dtype == np.float64:
        generator.bit_generator.advance(skipped)  # type: ignore[attr-defined]
        generator.random(out=out)
    else:
        # A float32 uses half of a 64-bit draw; the generator keeps the other half for the next number.
        generator.bit_generator.advance(skipped // 2)  # type: ignore[attr-defined]
        if skipped % 2:
            generator.random(dtype=np.float32)
        if out.dtype == np.float32:
            generator.random(dtype=np.float32, out=out)
        else:
            numbers = generator.random(out.shape, dtype=np.float32)
            out[...] = (numbers * 2 - 1) / np.float32(out.shape[1])
            return
    out *= 2
    out -= 1
    out /= out.shape[1]


def pseudorandom_weak_vector(
    size: int, seed_string: str | None = None, hashfxn: Callable[[str], int] = hash
) -> NDArray[np.float32]:
    """Return a float32 vector, uniform in [-0.5/size, 0.5/size), seeded by a hash of `seed_string`.

    Parameters
    ----------
    size : int
        Number of components.
    seed_string : str, optional
        The string to hash; without it, each call returns another vector.
    hashfxn : callable, default `hash`
        The lower 32 bits of its result are the seed. The result of the built-in function differs between processes.

    Examples
    --------
    >>> from fastw2v.keyedvectors import pseudorandom_weak_vector
    >>> pseudorandom_weak_vector(3, "word", hashfxn=len).shape
    (3,)
    """
    size = as_int("size", size, minimum=1)
    if seed_string is not None:
        check_str("seed_string", seed_string)
    if seed_string is None:
        generator = np.random.default_rng()
    else:
        generator = np.random.Generator(np.random.SFC64(hashfxn(seed_string) & 0xFFFFFFFF))
    return ((generator.random(size).astype(REAL) - REAL(0.5)) / REAL(size)).astype(REAL, copy=False)
