"""Each worker's private replicas of the weight rows that are updated most often.

Two cores that update the same row transfer its cache lines back and forth at every update. If the cores share no cache,
that takes longer than the arithmetic. With several workers, each worker therefore updates its own replica of a frequent
row. After a number of uses, and whenever the worker waits for a job, the replica is flushed: its change since it was
copied is added to the shared row (Vuurens, Eickhoff and de Vries, "Efficient Parallel Learning of Word2Vec", 2016).
Without replicas (n = 0), every function here uses the shared rows.

The address at which a row is trained, which is that of its replica or of the shared row, does not change while a worker
runs: a replica that is flushed and copied again keeps its address. An address therefore stays valid when other rows, or
the same row again, are acquired after it.

Words with and without replicas follow one another irregularly, so a branch would often be mispredicted. It took a
quarter of the time of CBOW. Therefore `peek`, `acquire` and `acquire_rows` choose between two addresses by arithmetic:
with a mask that is -1 for a replica and 0 for a shared row. All rows without a replica count as slot n of `uses`.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy

from fastw2v.engine.arena cimport ARENA_ALIGNMENT, Arena, arena_alloc
from fastw2v.engine.network cimport Net, limit_norm


cdef extern from "common/platform.h" nogil:
    void prefetch_row(const float *row, int64_t n_lines)

cdef extern from *:
    bint likely(bint) nogil          # of Cython's own C code


cdef enum:
    FLUSH_DISTANCE = 2               # number of rows by which a prefetch is ahead of the flush


cdef struct RowReplicas:
    float *matrix                # the shared rows, (n_words, dim)
    int64_t dim
    int64_t first                # rows first .. first + n - 1 of the matrix may have replicas
    int64_t n
    int64_t stride               # of replicas and originals: dim rounded up to 16 floats, a cache line
    void *memory                 # holds the next two; NULL until `make_replicas`
    float *replicas              # (n, stride)
    float *originals             # (n, stride): the shared rows at the time they were copied
    uint8_t *uses                # (n + 1,): how often each was acquired since; 0: no replica exists; slot n is 1
    uint8_t kept_uses            # a replica with 1 to this number of uses is used once more before it is flushed
    const Net *bounded           # the network whose bound on norms the shared rows obey; NULL: none
    void (*renew)(RowReplicas *, int64_t) noexcept nogil


cdef inline int64_t replica_mask(int64_t i, int64_t n) noexcept nogil:
    """Return -1 if 0 <= i < n, and 0 otherwise."""
    return -<int64_t>(<uint64_t>i < <uint64_t>n)


cdef inline int64_t slot_of(int64_t i, int64_t n, int64_t mask) noexcept nogil:
    """Return i, the slot of a replica, if the mask is -1, and n, that of all other rows, if it is 0."""
    return n ^ ((n ^ i) & mask)


cdef inline float *chosen(float *shared, float *replica, int64_t mask) noexcept nogil:
    """Return `replica` if the mask is -1, and `shared` if it is 0."""
    return <float *>(<uintptr_t>shared ^ ((<uintptr_t>shared ^ <uintptr_t>replica) & <uintptr_t>mask))


cdef inline float *peek(const RowReplicas *rows, int64_t row) noexcept nogil:
    """Return the address of `row` to prefetch: the shared row if its next use copies or flushes it, or its replica."""
    cdef int64_t i = row - rows.first, mask, slot
    if likely(rows.n == 0):
        return rows.matrix + row * rows.dim
    mask = replica_mask(i, rows.n)
    slot = slot_of(i, rows.n, mask)
    mask &= -<int64_t>(<uint8_t>(rows.uses[slot] - 1) < rows.kept_uses)
    return chosen(rows.matrix + row * rows.dim, rows.replicas + i * rows.stride, mask)


cdef inline void flush(RowReplicas *rows, int64_t i) noexcept nogil:
    """Add the change of replica i to its shared row, and drop the replica.

    A replica without a change, such as that of a locked word, leaves the shared row bit for bit as it is. The sum of
    the changes of several workers may exceed the bound on norms, so the norm of the shared row is limited too.
    """
    cdef float *shared = rows.matrix + (rows.first + i) * rows.dim
    cdef const float *replica = rows.replicas + i * rows.stride
    cdef const float *original = rows.originals + i * rows.stride
    cdef int64_t c
    rows.uses[i] = 0
    if memcmp(replica, original, rows.dim * sizeof(float)) == 0:
        return
    for c in range(rows.dim):
        shared[c] += replica[c] - original[c]
    if rows.bounded != NULL:
        limit_norm(rows.bounded, shared)


cdef inline void flush_all(RowReplicas *rows) noexcept nogil:
    """Flush every replica that exists, and prefetch shared rows, which other workers may have written."""
    cdef int64_t n_lines = rows.stride // 16 + 1, i
    for i in range(rows.n):
        if i + FLUSH_DISTANCE < rows.n and rows.uses[i + FLUSH_DISTANCE]:
            prefetch_row(rows.matrix + (rows.first + i + FLUSH_DISTANCE) * rows.dim, n_lines)
        if rows.uses[i]:
            flush(rows, i)


cdef inline void renew(RowReplicas *rows, int64_t i) noexcept nogil:
    """Flush replica i if it exists, and copy the shared row to it again. Slot n stands for all rows without one."""
    cdef float *shared = rows.matrix + (rows.first + i) * rows.dim
    cdef float *replica = rows.replicas + i * rows.stride
    cdef float *original = rows.originals + i * rows.stride
    cdef int64_t dim = rows.dim, c
    if i == rows.n:
        return
    if rows.uses[i] and replica[0] != original[0] and rows.bounded == NULL:     # in a single pass, as most often
        for c in range(dim):
            shared[c] = replica[c] = original[c] = shared[c] + (replica[c] - original[c])
        rows.uses[i] = 0
        return
    if rows.uses[i]:
        flush(rows, i)
    memcpy(replica, shared, dim * sizeof(float))
    memcpy(original, shared, dim * sizeof(float))


cdef inline void alloc_replicas(Arena *arena, RowReplicas *rows, float *matrix, int64_t dim, int64_t first, int64_t n,
                                int max_uses) noexcept:
    """Set up replicas of rows first .. first + n - 1 of a matrix. The memory of the arena must be zero.

    `make_replicas` allocates the replicas themselves.
    """
    rows.matrix, rows.dim, rows.first, rows.n = matrix, dim, first, n
    rows.stride, rows.kept_uses = (dim + 15) // 16 * 16, max_uses - 1
    rows.memory = rows.replicas = rows.originals = NULL
    rows.uses = <uint8_t *>arena_alloc(arena, n + 1)
    rows.renew = renew


cdef inline bint make_replicas(RowReplicas *rows) noexcept nogil:
    """Allocate the memory of the replicas, unless they have it already; return False if there is none.

    The thread that uses the replicas calls this. The replicas of many workers are many megabytes, which the thread that
    sets up all of them would clear one after another, and which would lie on the NUMA node of that thread.
    """
    cdef int64_t n_floats = rows.n * rows.stride
    cdef uintptr_t start
    if rows.memory == NULL and rows.n > 0:
        rows.memory = malloc(2 * n_floats * sizeof(float) + ARENA_ALIGNMENT)
        if rows.memory == NULL:
            return False
        start = <uintptr_t>rows.memory + ARENA_ALIGNMENT - <uintptr_t>rows.memory % ARENA_ALIGNMENT
        rows.replicas = <float *>start
        rows.originals = rows.replicas + n_floats
        rows.uses[rows.n] = 1
    return True


cdef inline void free_replicas(RowReplicas *rows) noexcept:
    """Free the memory of the replicas."""
    free(rows.memory)
    rows.memory = rows.replicas = rows.originals = NULL


cdef inline float *acquire(RowReplicas *rows, int64_t row) noexcept nogil:
    """Return the address at which to train `row`: its replica, which counts as a use, or else the shared row.

    Replicas are renewed through a function pointer, so that this code is not inlined into the loops.
    """
    cdef int64_t i = row - rows.first, mask, slot
    if likely(rows.n == 0):
        return rows.matrix + row * rows.dim
    mask = replica_mask(i, rows.n)
    slot = slot_of(i, rows.n, mask)
    if <uint8_t>(rows.uses[slot] - 1) >= rows.kept_uses:
        rows.renew(rows, slot)
    rows.uses[slot] -= <uint8_t>mask
    return chosen(rows.matrix + row * rows.dim, rows.replicas + i * rows.stride, mask)


cdef inline void acquire_rows(RowReplicas *rows, const uint32_t *indices, int64_t n, float **addresses) noexcept nogil:
    """Set the addresses at which to train n rows, as `acquire` does; a row that occurs twice counts as used twice.

    The local variables tell the compiler that storing an address or counting a use changes none of them.
    """
    cdef float *matrix = rows.matrix
    cdef float *replicas = rows.replicas
    cdef uint8_t *uses = rows.uses
    cdef uint8_t kept_uses = rows.kept_uses
    cdef int64_t dim = rows.dim, stride = rows.stride, first = rows.first, n_replicas = rows.n
    cdef int64_t k, i, mask, slot
    if likely(n_replicas == 0):
        for k in range(n):
            addresses[k] = matrix + indices[k] * dim
        return
    for k in range(n):
        i = <int64_t>indices[k] - first
        mask = replica_mask(i, n_replicas)
        slot = slot_of(i, n_replicas, mask)
        if <uint8_t>(uses[slot] - 1) >= kept_uses:
            rows.renew(rows, slot)
        uses[slot] -= <uint8_t>mask
        addresses[k] = chosen(matrix + indices[k] * dim, replicas + i * stride, mask)
