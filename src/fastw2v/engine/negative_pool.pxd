"""The pool of recently drawn words from which windows with shared negatives take most of their negatives.

A fresh negative usually misses the L2 cache, both in the noise table and in `syn1neg`; together these misses take as
long as a quarter of a window's arithmetic. The row of a recently drawn word is usually still in the L2 cache. So each
job keeps a pool of 512 words:

* While the pool fills, all negatives of a window are fresh draws from the noise distribution and are added to the pool.
* Once it is full, a quarter of a window's negatives (rounded up) is fresh. The others are the words in randomly chosen
  slots of the pool. Each fresh word then replaces the word in one of these slots.

A word is therefore used three to four times, by windows that are usually some sentences apart. Each negative still
follows the noise distribution. GraphVite trains node embeddings on a part of their rows at a time for the same reason
(Zhu et al., 2019).
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from fastw2v.engine.noise cimport lcg_draw

cdef enum:
    POOL_BITS = 9
    POOL_SIZE = 1 << POOL_BITS       # words


cdef struct pool_slot:
    uint32_t index               # into the words of the pool


cdef struct NegativePool:
    uint32_t words[POOL_SIZE]
    int64_t n                    # slots that are filled, or reserved for a window whose draws are not looked up yet


cdef inline int64_t reserve_slots(NegativePool *pool, int64_t n_negatives) noexcept nogil:
    """Reserve slots for a window's negatives; return the position of the first, or POOL_SIZE if the pool is full."""
    cdef int64_t pool_position = pool.n
    pool.n = min(pool_position + n_negatives, POOL_SIZE)
    return pool_position


cdef inline int64_t count_fresh(int64_t pool_position, int64_t n_negatives) noexcept nogil:
    """Return how many of a window's negatives are drawn from the noise distribution, given its reserved position."""
    return n_negatives if pool_position < POOL_SIZE else (n_negatives + 3) // 4


cdef inline void draw_slots(uint64_t *lcg, pool_slot *slots, int64_t n) noexcept nogil:
    """Choose n slots of the pool at random."""
    cdef int64_t i
    for i in range(n):
        slots[i].index = lcg_draw(lcg) >> (32 - POOL_BITS)


cdef inline void resolve_slots(NegativePool *pool, int64_t pool_position, const pool_slot *slots, uint32_t *negatives,
                               int64_t n_negatives) noexcept nogil:
    """Complete the negatives of a window, of which the fresh ones are known, and update the pool.

    While the pool fills, the fresh words are stored from the reserved position on. Afterwards the other negatives are
    the words in `slots`, and fresh word i replaces the word in slot i.
    """
    cdef int64_t n_fresh = count_fresh(pool_position, n_negatives), i
    for i in range(min(n_negatives, POOL_SIZE - pool_position)):
        pool.words[pool_position + i] = negatives[i]
    for i in range(n_negatives - n_fresh):
        negatives[n_fresh + i] = pool.words[slots[i].index]
        if i < n_fresh:
            pool.words[slots[i].index] = negatives[i]
