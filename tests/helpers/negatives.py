"""The draws of a job and its pool of negatives, by their definition."""

from __future__ import annotations

import numpy as np

MASK = (1 << 48) - 1


class Draws:
    """The random numbers of one job, in gensim's order, and the pool from which it takes negatives.

    Parameters
    ----------
    random : numpy.random.RandomState
        It draws the seed of the job.
    cum_table : ndarray
        The cumulative noise distribution.
    pool_size : int
        0: there is no pool.
    period : int
        Once the pool is full, one negative of the job in so many is fresh; 0: a quarter of each window's.
    """

    def __init__(
        self, random: np.random.RandomState, cum_table: np.ndarray, pool_size: int, period: int
    ) -> None:
        self._lcg = (int(random.randint(0, 2**24)) << 24) + int(random.randint(0, 2**24))
        self._cum_table, self._size, self._period = cum_table, pool_size, period
        self._pool: list[int] = []
        self._n_taken = 0  # negatives since the pool is full

    def draw(self) -> int:
        """Return 32 random bits."""
        value = self._lcg >> 16
        self._lcg = (self._lcg * 25214903917 + 11) & MASK
        return value

    def negatives(self, n: int) -> list[int]:
        """Return the negatives of one window, and update the pool."""
        full = self._size > 0 and len(self._pool) == self._size
        if not full:
            n_fresh = n
        elif self._period == 0:
            n_fresh = -(-n // 4)
        else:
            numbers = range(self._n_taken + 1, self._n_taken + n + 1)
            n_fresh = sum(number % self._period == 0 for number in numbers)
            self._n_taken += n
        fresh = [
            int(np.searchsorted(self._cum_table, self.draw() % int(self._cum_table[-1])))
            for _ in range(n_fresh)
        ]
        if not full:
            self._pool.extend(fresh[: self._size - len(self._pool)])
            return fresh
        n_slots = n - n_fresh
        if self._period and n_slots < n_fresh:
            n_slots = n_fresh
        slots = [self.draw() * self._size >> 32 for _ in range(n_slots)]
        pooled = []
        for i, slot in enumerate(slots):
            if i < n - n_fresh:
                pooled.append(self._pool[slot])
            if i < n_fresh:
                self._pool[slot] = fresh[i]
        return fresh + pooled
