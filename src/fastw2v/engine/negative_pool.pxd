"""The pool that windows with shared negatives take most of these from.

A negative drawn anew is a row that comes from afar, and its table entries before it, which together take as long as a
quarter of a window's arithmetic. A word that was drawn lately has its row in the second cache still. So a job keeps
512 words that it drew; once they are that many, a window draws a quarter of its negatives anew and takes the others
from the pool, at random, where the new ones then replace as many of those taken. A word is so used four times on
average, or fewer, by windows that lie some sentences apart, and each negative of a window is any word with the odds
of the noise distribution, as before. (Node embeddings are trained with a part of their rows at a time for the same
reason: Zhu et al., "GraphVite", 2019.)
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from fastw2v.engine.negative_sampling cimport lcg_draw

cdef enum:
    POOL_BITS = 9
    POOL = 1 << POOL_BITS            # words


cdef struct Pool:
    uint32_t words[POOL]
    int64_t n                        # how many there are, or will be when what was drawn has become words


cdef inline int64_t claim_places(Pool *pool, int64_t negative) noexcept nogil:
    """Return from which place on the words of the next window fill the pool; POOL: it is full."""
    cdef int64_t place = pool.n
    pool.n = min(place + negative, POOL)
    return place


cdef inline int64_t drawn_anew(int64_t place, int64_t negative) noexcept nogil:
    """How many negatives of a window are: all of them where they fill the pool."""
    return negative if place < POOL else (negative + 3) // 4


cdef inline void draw_slots(uint64_t *lcg, uint32_t *negatives, int64_t n_new, int64_t negative) noexcept nogil:
    """Choose places in the pool for the negatives that are not drawn anew."""
    cdef int64_t d
    for d in range(n_new, negative):
        negatives[d] = lcg_draw(lcg) >> (32 - POOL_BITS)


cdef inline void fill_or_take(Pool *pool, int64_t place, uint32_t *negatives, int64_t negative) noexcept nogil:
    """New words fill the pool; if it is full, places become words, and new words take the first of these places."""
    cdef int64_t n_new = drawn_anew(place, negative), d
    cdef uint32_t slot
    for d in range(min(negative, POOL - place)):
        pool.words[place + d] = negatives[d]
    for d in range(n_new, negative):
        slot = negatives[d]
        negatives[d] = pool.words[slot]
        if d < 2 * n_new:
            pool.words[slot] = negatives[d - n_new]
