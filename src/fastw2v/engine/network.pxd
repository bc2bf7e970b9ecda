"""What the training and scoring loops may see of a network: one struct of plain pointers and numbers."""

from cpython.pythread cimport PyThread_type_lock
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from fastw2v.engine.negative_sampling cimport noise_table
from fastw2v.engine.kernels cimport row_kernels

cdef extern from *:
    """
    /* NumPy's stable interface to its bit generators (numpy/random/bitgen.h), without a build dependency on NumPy. */
    typedef struct {
        void *state;
        uint64_t (*next_uint64)(void *state);
        uint32_t (*next_uint32)(void *state);
        double (*next_double)(void *state);
        uint64_t (*next_raw)(void *state);
    } bit_generator;
    """
    ctypedef struct bit_generator:
        void *state
        uint32_t (*next_uint32)(void *state) noexcept nogil


cdef struct Net:
    int64_t dim
    int64_t n_words
    float *syn0
    float *syn1
    float *syn1neg
    const float *lockf
    int64_t n_lockf
    const uint32_t *sample_ints      # NULL: no subsampling
    noise_table noise
    const int64_t *path_starts       # Huffman paths of all words, one after another
    const uint32_t *points
    const uint8_t *codes
    int64_t longest_path
    int64_t near_nodes               # inner nodes from here on are used so often that they stay in the cache
    bint skip_gram
    bint hs
    int negative
    bint shared_negatives            # one set of negatives for all pairs of a window
    int64_t window
    bint shrink_windows
    bint cbow_mean
    bint draws_seed
    bint tally_loss
    int64_t row_lines                # cache lines of a row, at most
    int64_t early_lines              # those that are sent for as soon as the row is known to come
    const row_kernels *kernels
    bit_generator *generator
    PyThread_type_lock generator_lock


cdef class Network:
    cdef Net net
    cdef object _arrays

    cdef int _check_rows(self, str name, float[:, ::1] rows) except -1
    cdef int _take_tree(self, const int64_t[::1] starts, const uint32_t[::1] points,
                        const uint8_t[::1] codes) except -1


cdef inline float *row_of(float *matrix, const Net *net, int64_t word) noexcept nogil:
    return matrix + word * net.dim


cdef inline float lock_factor(const Net *net, int64_t word) noexcept nogil:
    if net.n_lockf == 1:
        return net.lockf[0]
    return net.lockf[word if word < net.n_lockf else word % net.n_lockf]
