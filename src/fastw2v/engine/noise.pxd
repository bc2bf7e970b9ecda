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
        uint32_t mask
    noise_partition make_noise_partition(uint32_t index, uint32_t n_partitions, uint32_t undivided)
    uint32_t lcg_draw(uint64_t *state)
    void draw_noise(const noise_table *noise, noise_partition partition, uint64_t *state, noise_draw *draws, int64_t n)
    void prefetch_noise_entries(const noise_table *noise, const noise_draw *draws, int64_t n)
    void look_up_noise(const noise_table *noise, const noise_draw *draws, int64_t n, uint32_t *words)

cdef enum:
    N_UNPARTITIONED_JOBS = 32        # the first jobs of an epoch, which draw from the whole noise distribution
    MAX_PARTITIONS = 16              # each of them has 32 stripes of the distribution
    HALF_SEED_MASK = 0xFFFFFF        # the mask of randint(0, 2**24), which rejects no draw


cdef inline uint32_t randint_mask(uint32_t largest) noexcept nogil:
    """Return the smallest 2^k - 1 >= `largest`; `RandomState.randint` masks its draws and rejects those above."""
    largest |= largest >> 1
    largest |= largest >> 2
    largest |= largest >> 4
    largest |= largest >> 8
    return largest | largest >> 16


cdef inline noise_partition partition_of_job(int64_t number, uint32_t first_partition, uint32_t n_partitions,
                                             uint32_t undivided) noexcept nogil:
    """Return the part of the noise distribution from which job `number` of an epoch draws its negatives.

    The first jobs of an epoch draw from the whole distribution, so that a short text, in particular one of a single
    job, is trained as with one worker.
    """
    if number < N_UNPARTITIONED_JOBS:
        return make_noise_partition(0, 1, 0)
    return make_noise_partition(first_partition + <uint32_t>number, n_partitions, undivided)
