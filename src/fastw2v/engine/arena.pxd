"""Memory for one thread: an arena of arrays whose sizes are known beforehand, and arrays that grow.

An arena is one block of memory from which arrays are taken one after another. Each array starts on a cache line of its
own, so two threads with separate arenas never write to the same cache line, which would be false sharing. The function
that lays out the arrays runs twice: once on an arena without a block, to measure the size, and once on the allocated
block.
"""

from libc.stdint cimport int64_t, uintptr_t
from libc.stdlib cimport realloc

cdef enum:
    ARENA_ALIGNMENT = 128            # bytes: some processors fetch cache lines of 64 bytes in pairs


cdef struct Arena:
    uintptr_t start              # address of the block, a multiple of ARENA_ALIGNMENT; 0: only measure
    int64_t used                 # bytes handed out so far


cdef inline void *arena_alloc(Arena *arena, int64_t n_bytes) noexcept:
    """Return the next `n_bytes` of the block. If the arena only measures, the address must not be used."""
    cdef void *memory = <void *>(arena.start + <uintptr_t>arena.used)
    arena.used += (n_bytes + ARENA_ALIGNMENT - 1) // ARENA_ALIGNMENT * ARENA_ALIGNMENT
    return memory


cdef inline bint reserve(void **array, int64_t *capacity, int64_t n_items, int64_t item_size) noexcept nogil:
    """Let a growing array hold at least `n_items` items; return False if there is no memory for them.

    The array keeps its contents. It gets half more space than needed, so that it seldom grows again.
    """
    cdef void *grown
    if n_items <= capacity[0]:
        return True
    n_items += n_items // 2
    grown = realloc(array[0], n_items * item_size)
    if grown == NULL:
        return False
    array[0], capacity[0] = grown, n_items
    return True
