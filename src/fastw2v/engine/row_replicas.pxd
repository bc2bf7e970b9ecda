"""Each worker's private replicas of the weight rows that are updated most often.

Two cores that update the same row transfer its cache lines back and forth at every update. If the cores share no cache,
that takes longer than the arithmetic. With several workers, each worker therefore updates its own replica of a frequent
row. After a number of uses, and whenever the worker waits for a job, the replica is flushed: its change since it was
copied is added to the shared row (Vuurens, Eickhoff and de Vries, "Efficient Parallel Learning of Word2Vec", 2016).
Without replicas (n = 0), every function here uses the shared rows.

The address at which a row is trained, which is that of its replica or of the shared row, does not change while a worker
runs: a replica that is flushed and copied again keeps its address. An address therefore stays valid when other rows, or
the same row again, are acquired after it.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy

from fastw2v.engine.arena cimport ARENA_ALIGNMENT, Arena, arena_alloc
from fastw2v.engine.network cimport Net, limit_norm


cdef struct RowReplicas:
    float *matrix                # the shared rows, (n_words, dim)
    int64_t dim
    int64_t first                # rows first .. first + n - 1 of the matrix may have replicas
    int64_t n
    int64_t stride               # of replicas and originals: dim rounded up to 16 floats, a cache line
    void *memory                 # holds the next two; NULL until `make_replicas`
    float *replicas              # (n, stride)
    float *originals             # (n, stride): the shared rows at the time they were copied
    uint8_t *uses                # (n,): how often each replica was acquired since; 0: no replica exists
    uint8_t max_uses             # a replica is flushed after this number of uses
    const Net *bounded           # the network whose bound on norms the shared rows obey; NULL: none
    float *(*acquire_replica)(RowReplicas *, int64_t) noexcept nogil


cdef inline float *peek(const RowReplicas *rows, int64_t row) noexcept nogil:
    """Return the address where `row` is stored now, for a prefetch: its replica, or else the shared row."""
    cdef int64_t i = row - rows.first
    if <uint64_t>i < <uint64_t>rows.n and rows.uses[i]:
        return rows.replicas + i * rows.stride
    return rows.matrix + row * rows.dim


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
    """Flush every replica that exists."""
    cdef int64_t i
    for i in range(rows.n):
        if rows.uses[i]:
            flush(rows, i)


cdef inline float *acquire_replica(RowReplicas *rows, int64_t i) noexcept nogil:
    """Count a use of replica i, create it if it does not exist, and return its address."""
    cdef float *shared = rows.matrix + (rows.first + i) * rows.dim
    if rows.uses[i] == rows.max_uses:
        flush(rows, i)
    if rows.uses[i] == 0:
        memcpy(rows.replicas + i * rows.stride, shared, rows.dim * sizeof(float))
        memcpy(rows.originals + i * rows.stride, rows.replicas + i * rows.stride, rows.dim * sizeof(float))
    rows.uses[i] += 1
    return rows.replicas + i * rows.stride


cdef inline void alloc_replicas(Arena *arena, RowReplicas *rows, float *matrix, int64_t dim, int64_t first, int64_t n,
                                int max_uses) noexcept:
    """Set up replicas of rows first .. first + n - 1 of a matrix. The memory of the arena must be zero.

    `make_replicas` allocates the replicas themselves.
    """
    rows.matrix, rows.dim, rows.first, rows.n = matrix, dim, first, n
    rows.stride, rows.max_uses = (dim + 15) // 16 * 16, max_uses
    rows.memory = rows.replicas = rows.originals = NULL
    rows.uses = <uint8_t *>arena_alloc(arena, n)
    rows.acquire_replica = acquire_replica


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
    return True


cdef inline void free_replicas(RowReplicas *rows) noexcept:
    """Free the memory of the replicas."""
    free(rows.memory)
    rows.memory = rows.replicas = rows.originals = NULL


cdef inline float *acquire(RowReplicas *rows, int64_t row) noexcept nogil:
    """Return the address at which to train `row`: its replica, which counts as a use, or else the shared row.

    It is short, so that compilers inline it. Replicas are used through a function pointer, so that their code is not
    inlined into the loops.
    """
    cdef int64_t i = row - rows.first
    if <uint64_t>i >= <uint64_t>rows.n:          # as unsigned integers: i < 0 is included
        return rows.matrix + row * rows.dim
    return rows.acquire_replica(rows, i)


cdef inline void acquire_rows(RowReplicas *rows, const uint32_t *indices, int64_t n, float **addresses) noexcept nogil:
    """Set the addresses at which to train n rows; a row that occurs twice counts as used twice.

    The local variables tell the compiler that storing an address changes none of them.
    """
    cdef float *matrix = rows.matrix
    cdef int64_t dim = rows.dim, i
    if rows.n == 0:
        for i in range(n):
            addresses[i] = matrix + indices[i] * dim
    else:
        for i in range(n):
            addresses[i] = acquire(rows, indices[i])
