"""Initial vectors: what a row holds before any training, given a seed.

Row ``i`` depends on the seed, the width and ``i`` alone: a matrix that grows gets the rows that a larger one
would have had from the start. The stream is NumPy's PCG64, which can jump ahead, so that only the missing
rows are drawn.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.common import memory, parallel

REAL = np.float32
_BLOCK = 1 << 17  # numbers that are drawn and scaled while they are in the cache
_WORTH_THREADS = 16  # blocks

Array = NDArray[Any]


def prep_vectors(
    target_shape: tuple[int, int],
    prior_vectors: Array | None = None,
    seed: int | None = 0,
    dtype: DTypeLike = REAL,
) -> Array:
    """Return a matrix of random rows, the first of them taken over from `prior_vectors`.

    Parameters
    ----------
    target_shape : (int, int)
        Rows and columns D of the result.
    prior_vectors : ndarray, shape (n, D), optional
        Rows to keep, ``n <= target_shape[0]``. If it has the target shape already, it is returned itself.
    seed : int, default 0
        Seed of the stream; the same seed gives the same row ``i`` whatever the number of rows.
    dtype : dtype, default float32
        Type of the result. float64 draws from its own stream; narrower types are rounded from float32.

    Returns
    -------
    ndarray, shape `target_shape`
        New rows are uniform in [-1/D, 1/D).

    Raises
    ------
    ValueError
        If `prior_vectors` has more rows, or another width, than `target_shape`.
    """
    rows, width = target_shape
    kept = 0
    if prior_vectors is not None:
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


def grown_vectors(vectors: Array, rows: int, seed: int | None = 0) -> Array:
    """Return `vectors` with initial rows appended, in place where `memory.grown` can.

    Parameters
    ----------
    vectors : ndarray, shape (n, D)
    rows : int
        At least n.
    seed : int, default 0
        The new rows are those that `prep_vectors` would have made there.
    """
    kept, width = vectors.shape
    grown = memory.grown(vectors, rows)
    _fill_random(grown[kept:], seed, kept * width)
    return grown


def _fill_random(out: Array, seed: int | None, skipped: int) -> None:
    """Fill `out` with the stream of `seed`, uniform in [-1/D, 1/D), from its `skipped`-th number on."""
    width = out.shape[1]
    step = max(1, _BLOCK // max(1, width))
    starts = range(0, len(out), step)
    if seed is None:
        seed = secrets.randbits(128)

    def fill(start: int) -> None:
        _fill_block(out[start : start + step], seed, skipped + start * width)

    # A large matrix is new memory, whose first touch takes longer than the drawing: several threads share both.
    for _ in parallel.ordered_map(fill, starts, None if len(starts) > _WORTH_THREADS else 1):
        pass


def _fill_block(out: Array, seed: int | None, skipped: int) -> None:
    generator = np.random.default_rng(seed)
    if out.dtype == np.float64:
        generator.bit_generator.advance(skipped)  # type: ignore[attr-defined]
        generator.random(out=out)
    else:
        # A float32 takes half of a 64-bit draw; the other half is kept for the next one.
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
        What is hashed; without it each call draws anew.
    hashfxn : callable, default `hash`
        Its lower 32 bits are the seed. The built-in one differs between processes.
    """
    if seed_string is None:
        generator = np.random.default_rng()
    else:
        generator = np.random.Generator(np.random.SFC64(hashfxn(seed_string) & 0xFFFFFFFF))
    return ((generator.random(size).astype(REAL) - REAL(0.5)) / REAL(size)).astype(REAL, copy=False)
