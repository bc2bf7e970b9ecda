"""The draws of a job: a 48-bit linear congruential generator, and the negatives that it chooses.

The generator and its use of bits are gensim's, so that the same seed gives the same negatives.
"""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

cdef extern from "engine/noise.h" nogil:
    enum:
        NOISE_STEP
    ctypedef struct noise_table:
        const uint32_t *cum_table
        int64_t n
        uint32_t domain
        const int32_t *guide
        int shift
    ctypedef struct noise_part:
        pass
    noise_part part_of_noise(uint32_t part, uint32_t n_parts)
    uint32_t lcg_draw(uint64_t *state)
    void draw_noise(const noise_table *noise, noise_part part, uint64_t *state, uint32_t *draws, int64_t n)
    void expect_entries(const noise_table *noise, const uint32_t *draws, int64_t n)
    void find_negatives(const noise_table *noise, uint32_t *draws, int64_t n)

cdef enum:
    SEED_HALF = 0xFFFFFF             # randint(0, 2**24) rejects nothing


cdef inline uint32_t draw_mask(uint32_t largest) noexcept nogil:
    """The smallest 2^k - 1 that covers `largest`: RandomState.randint masks its draws and rejects what is above."""
    largest |= largest >> 1
    largest |= largest >> 2
    largest |= largest >> 4
    largest |= largest >> 8
    return largest | largest >> 16
