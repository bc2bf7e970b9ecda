"""The draws of a job: a 48-bit linear congruential generator, and the negatives that it chooses.

The generator and its use of bits are gensim's, so that the same seed gives the same negatives.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from fastw2v._network cimport Net

cdef enum:
    MERSENNE_31 = 0x7FFFFFFF
    SEED_HALF = 0xFFFFFF             # randint(0, 2**24) rejects nothing


cdef inline uint32_t lcg_draw(uint64_t *state) noexcept nogil:
    cdef uint32_t value = <uint32_t>(state[0] >> 16)
    state[0] = (state[0] * <uint64_t>25214903917 + 11) & <uint64_t>0xFFFFFFFFFFFF
    return value


cdef inline uint32_t draw_mask(uint32_t largest) noexcept nogil:
    """The smallest 2^k - 1 that covers `largest`: RandomState.randint masks its draws and rejects what is above."""
    largest |= largest >> 1
    largest |= largest >> 2
    largest |= largest >> 4
    largest |= largest >> 8
    return largest | largest >> 16


cdef inline uint32_t draw_noise(uint64_t *state, const Net *net) noexcept nogil:
    """The index that bisect_left(cum_table, value) gives, by a table of bucket starts and a short scan."""
    cdef uint32_t value = lcg_draw(state), last = net.cum_last
    cdef int64_t index
    if last == MERSENNE_31:
        value = (value & MERSENNE_31) + (value >> 31)
        if value >= MERSENNE_31:
            value -= MERSENNE_31
    else:
        value = value % last
    index = net.guide[value >> net.guide_shift]
    # Most draws end within two steps, which cost less as arithmetic than as branches that nobody can predict.
    index += net.cum_table[index] < value
    index += net.cum_table[index] < value
    while net.cum_table[index] < value:
        index += 1
    return <uint32_t>index
