"""Cython declarations of `noise.h`, the sampling of negatives, and the mask of `RandomState.randint`."""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

cdef extern from "engine/noise.h" nogil:
    enum:
        NOISE_STEP
        STRIPE_BITS
    ctypedef struct noise_draw:
        uint32_t value
    ctypedef struct noise_table:
        const uint32_t *cum_table
        int64_t n
        uint32_t domain
        const int32_t *guide
        int shift
    ctypedef struct noise_partition:
        pass
    noise_partition make_noise_partition(uint32_t index, uint32_t n_partitions, uint32_t undivided)
    uint32_t lcg_draw(uint64_t *state)
    void draw_noise(const noise_table *noise, noise_partition partition, uint64_t *state, noise_draw *draws, int64_t n)
    void prefetch_noise_entries(const noise_table *noise, const noise_draw *draws, int64_t n)
    void look_up_noise(const noise_table *noise, const noise_draw *draws, int64_t n, uint32_t *words)

cdef enum:
    HALF_SEED_MASK = 0xFFFFFF        # of randint(0, 2**24), which rejects no draw


cdef inline uint32_t randint_mask(uint32_t largest) noexcept nogil:
    """Return the smallest 2^k - 1 >= `largest`; `RandomState.randint` masks its draws and rejects those above."""
    largest |= largest >> 1
    largest |= largest >> 2
    largest |= largest >> 4
    largest |= largest >> 8
    return largest | largest >> 16
