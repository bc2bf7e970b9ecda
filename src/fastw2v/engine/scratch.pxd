"""The memory of one worker: what it knows of the job at hand, and what it has counted."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport realloc

from fastw2v.engine.negative_sampling cimport noise_part
from fastw2v.engine.row_replicas cimport HotRows
from fastw2v.engine.kernels cimport prefetch_queue
from fastw2v.engine.negative_pool cimport Pool

cdef enum:
    RUN = 16                         # input words of a window that are trained together
    OWN_LINES = 128                  # processors fetch cache lines in pairs
    CENTERS = 4                      # the one at hand and those ahead of it; a power of two


cdef struct Center:
    # One center word and what was drawn for it; positions are indices into the job's kept tokens.
    int64_t position
    int64_t low                  # its context is low .. high - 1 without position
    int64_t high
    uint32_t *negatives          # `negative` for each context word in order; CBOW, or shared: `negative` in all
    int64_t n_drawn              # how many of them are numbers yet, which the noise table makes words of
    int64_t place                # of the pool: where shared ones fill it, or its end
    int64_t capacity


cdef struct Run:
    # Distinct context words of one window, trained together by the window kernels, and what these need.
    int n
    int32_t words[RUN]
    float *inputs[RUN]               # their rows of syn0
    float *f                         # (n, stride): dot products of inputs and targets
    float *g                         # (n, stride): their errors
    float *rates                     # (stride,): learning rate of each target, 0 beyond them
    float *counts                    # how often each target was drawn
    int64_t stride                   # of f and g: the number of targets, rounded up to 16
    float inner[RUN * RUN]           # products of the inputs among each other


cdef struct Scratch:
    int32_t *kept                # tokens of the job that survived subsampling
    int64_t kept_capacity
    int32_t *reduced             # by how much the window of each is reduced
    int64_t reduced_capacity
    int64_t *ends                # end of each sentence in kept
    int64_t ends_capacity
    int64_t n_kept
    int64_t sentence             # where planning is: the sentence of the next center, and its bounds
    int64_t sentence_start
    uint64_t lcg
    noise_part part              # of the noise distribution: where the job's negatives come from
    Pool pool                    # of the job's shared negatives
    Center centers[CENTERS]      # the one at hand and the next ones, in turn
    Run run
    float **contexts             # CBOW: input rows of the window
    int64_t contexts_capacity
    float *factors               # CBOW: lock factors of the window
    int64_t factors_capacity
    float **rows                 # target rows of the pair at hand, and what they are
    uint32_t *targets
    float *dots
    prefetch_queue coming           # what the kernel at hand sends for
    float *path_labels
    float *noise_labels          # 1, 0, 0, ...
    float *neu1
    float *work
    HotRows words                # of syn1neg
    HotRows nodes                # of syn1
    int64_t examples             # tallies of the job at hand
    double loss


cdef struct Tally:
    # Published by one worker after each job, read by the calling thread.
    int64_t effective_words
    int64_t raw_words
    int64_t sentences
    int64_t examples
    int64_t loss_bits


cdef inline bint reserve(void **memory, int64_t *capacity, int64_t wanted, int64_t item_size) noexcept nogil:
    """Let memory hold at least `wanted` items; False if there is none."""
    cdef void *grown
    if wanted <= capacity[0]:
        return True
    wanted += wanted // 2
    grown = realloc(memory[0], wanted * item_size)
    if grown == NULL:
        return False
    memory[0], capacity[0] = grown, wanted
    return True


cdef struct Carver:
    # A block of memory and how much of it is given out. With start 0 there is no block yet: it sums up what is wanted,
    # and the addresses that it answers mean nothing.
    uintptr_t start
    int64_t used


cdef inline void *carve(Carver *carver, int64_t n_bytes) noexcept:
    """The next part of the block, on cache lines of its own."""
    cdef void *part = <void *>(carver.start + <uintptr_t>carver.used)
    carver.used += (n_bytes + OWN_LINES - 1) // OWN_LINES * OWN_LINES
    return part


cdef inline void carve_copies(Carver *carver, HotRows *hot, float *matrix, int64_t first, int64_t n, int64_t dim,
                              int most_uses) noexcept:
    """Lay out copies of n rows of a matrix."""
    cdef int64_t stride = (dim + 15) // 16 * 16
    hot.matrix, hot.first, hot.n, hot.dim, hot.stride, hot.most_uses = matrix, first, n, dim, stride, most_uses
    hot.copies = <float *>carve(carver, n * stride * sizeof(float))
    hot.origins = <float *>carve(carver, n * stride * sizeof(float))
    hot.uses = <uint8_t *>carve(carver, n)
