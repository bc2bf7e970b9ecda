"""The pool of recently drawn words from which trainers take most of their negatives.

A fresh negative usually misses the L2 cache, both in the noise table and in `syn1neg`. The row of a recently drawn word
is usually still in the L2 cache, and no other core has changed it. A job may therefore keep a pool of words:

* While the pool fills, all negatives are fresh draws from the noise distribution and are added to the pool.
* When the pool is full, some negatives of a window are fresh. The others are the words in randomly chosen slots of the
  pool.
  Each fresh word then replaces the word in one of these slots.

There are two rules for the number of fresh negatives. Windows with shared negatives have a pool of 512 words by
default; a quarter of the set of a window, rounded up, is fresh. With a pool of the size `negative_pool`, every
sixteenth negative of a job is fresh, whatever window or pair it belongs to.

A word is therefore used three to four times with the first rule, and about sixteen times with the second, by windows
that are usually some sentences apart. Each negative still follows the noise distribution. The pool belongs to one job,
so it depends neither on other threads nor on the position at which a training was interrupted. GraphVite trains node
embeddings on a part of their rows at a time for the same reason (Zhu et al., 2019).
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from fastw2v.engine.arena cimport Arena, arena_alloc
from fastw2v.engine.noise cimport lcg_draw

cdef enum:
    SHARED_POOL_SIZE = 512           # words of the pool of shared negatives without `negative_pool`
    MAX_POOL_SIZE = 1 << 20
    FRESH_PERIOD = 16                # with `negative_pool`, one negative in this number is fresh


cdef struct pool_slot:
    uint32_t index               # into the words of the pool


cdef struct NegativePool:
    uint32_t *words              # (size,)
    int64_t size                 # 0: there is no pool, and all negatives are fresh
    int64_t period               # one negative in so many is fresh; 0: a quarter of each window's
    int64_t n                    # slots that are filled, or reserved for a window whose draws are not looked up yet
    int64_t n_since_full         # negatives of the job since the pool became full


cdef struct PoolShare:
    # How the negatives of one window are divided between fresh draws and the pool.
    int64_t n_fresh              # the first negatives of the window
    int64_t n_slots              # slots of the pool: of the other negatives, and where fresh words are stored
    int64_t position             # of the first slot that the fresh words fill; the size of the pool once it is full


cdef inline void alloc_pool(Arena *arena, NegativePool *pool, int64_t size, int64_t period) noexcept:
    """Set up a pool. The memory of the arena must be zero."""
    pool.size, pool.period = size, period
    pool.words = <uint32_t *>arena_alloc(arena, size * sizeof(uint32_t))


cdef inline void empty_pool(NegativePool *pool) noexcept nogil:
    """Begin a job."""
    pool.n = pool.n_since_full = 0


cdef inline PoolShare divide_negatives(NegativePool *pool, int64_t n_negatives) noexcept nogil:
    """Decide which of a window's negatives are fresh, and reserve slots while the pool fills."""
    cdef PoolShare share
    cdef int64_t end = pool.n_since_full + n_negatives
    share.position, share.n_fresh, share.n_slots = pool.n, n_negatives, 0
    if pool.n < pool.size or pool.size == 0:
        pool.n = min(pool.n + n_negatives, pool.size)
        return share
    if pool.period == 0:
        share.n_fresh = (n_negatives + 3) // 4
        share.n_slots = n_negatives - share.n_fresh
    else:
        share.n_fresh = end // pool.period - pool.n_since_full // pool.period
        share.n_slots = max(n_negatives - share.n_fresh, share.n_fresh)      # a fresh word always finds a slot
        pool.n_since_full = end
    return share


cdef inline void draw_slots(const NegativePool *pool, uint64_t *lcg, pool_slot *slots, int64_t n) noexcept nogil:
    """Choose n slots of the pool at random."""
    cdef uint64_t size = <uint64_t>pool.size
    cdef int64_t i
    for i in range(n):
        slots[i].index = <uint32_t>((lcg_draw(lcg) * size) >> 32)


cdef inline void resolve_slots(NegativePool *pool, PoolShare share, const pool_slot *slots, uint32_t *negatives,
                               int64_t n_negatives) noexcept nogil:
    """Complete the negatives of a window, of which the fresh ones are known, and update the pool.

    While the pool fills, the fresh words are stored from the reserved position on. Afterwards the other negatives are
    the words in `slots`, and fresh word i replaces the word in slot i.
    """
    cdef int64_t i
    if share.position < pool.size:
        for i in range(min(n_negatives, pool.size - share.position)):
            pool.words[share.position + i] = negatives[i]
        return
    for i in range(n_negatives - share.n_fresh):
        negatives[share.n_fresh + i] = pool.words[slots[i].index]
        if i < share.n_fresh:
            pool.words[slots[i].index] = negatives[i]
    for i in range(n_negatives - share.n_fresh, min(share.n_fresh, share.n_slots)):
        pool.words[slots[i].index] = negatives[i]
