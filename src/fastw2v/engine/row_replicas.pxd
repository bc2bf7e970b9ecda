"""Private copies of the output rows that are used most often, one set a worker.

Two cores that train the same row pass its cache lines to and fro for every update, and where they share no cache that
costs more than the arithmetic. Here each worker trains a copy of its own; after a number of uses, and whenever the
worker has nothing to do, what the copy has learnt is added to the shared row (Vuurens, Eickhoff and de Vries,
"Efficient Parallel Learning of Word2Vec", 2016). Copies start on cache lines of their own, whatever the dimension.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

cdef struct HotRows:
    float *matrix                # the shared rows, (words, dim)
    int64_t first                # rows first .. first + n - 1 of them may have copies
    int64_t n
    int64_t dim
    int64_t stride               # of copies and origins, in floats
    float *copies                # (n, stride)
    float *origins               # (n, stride): the shared rows as they were copied
    uint8_t *uses                # of each copy; 0: there is none now
    uint8_t most_uses            # of a copy, until it is given back


cdef inline float *shared_or_copied(const HotRows *hot, int64_t row) noexcept nogil:
    """Where a row would be read now: for prefetching."""
    cdef int64_t i = row - hot.first
    if <uint64_t>i < <uint64_t>hot.n and hot.uses[i]:
        return hot.copies + i * hot.stride
    return hot.matrix + row * hot.dim


cdef inline void give_back(HotRows *hot, int64_t i) noexcept nogil:
    """Add what a copy has learnt to the shared row."""
    cdef float *row = hot.matrix + (hot.first + i) * hot.dim
    cdef const float *copy = hot.copies + i * hot.stride
    cdef const float *origin = hot.origins + i * hot.stride
    cdef int64_t c
    for c in range(hot.dim):
        row[c] += copy[c] - origin[c]
    hot.uses[i] = 0


cdef inline void give_all_back(HotRows *hot) noexcept nogil:
    cdef int64_t i
    for i in range(hot.n):
        if hot.uses[i]:
            give_back(hot, i)


cdef inline float *row_to_train(HotRows *hot, int64_t row) noexcept nogil:
    """The shared row, or this worker's copy of it, which counts as a use."""
    cdef int64_t i = row - hot.first
    cdef float *shared = hot.matrix + row * hot.dim
    if <uint64_t>i >= <uint64_t>hot.n:           # nor is it below the first
        return shared
    if hot.uses[i] == hot.most_uses:
        give_back(hot, i)
    if hot.uses[i] == 0:
        memcpy(hot.copies + i * hot.stride, shared, hot.dim * sizeof(float))
        memcpy(hot.origins + i * hot.stride, hot.copies + i * hot.stride, hot.dim * sizeof(float))
    hot.uses[i] += 1
    return hot.copies + i * hot.stride
