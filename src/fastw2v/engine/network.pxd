"""The network for the training and scoring loops: one struct of plain pointers and numbers."""

from cpython.pythread cimport PyThread_type_lock
from libc.math cimport sqrtf
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from fastw2v.engine.kernels cimport row_kernels
from fastw2v.engine.noise cimport noise_table

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


cdef enum:
    N_CACHED_NODES = 512             # inner nodes next to the root of the Huffman tree that stay in the cache


cdef struct Net:
    # weights
    int64_t dim
    int64_t n_words
    float *syn0                      # (n_words, dim): input vectors
    float *syn1                      # (n_words, dim): inner nodes of the Huffman tree; NULL without hs
    float *syn1neg                   # (n_words, dim): output vectors; NULL without negative sampling
    float *biases                    # (n_words,): biases of the output vectors; NULL: none
    const float *log_noise           # (n_words,): subtracted from logits of sampled softmax; NULL: no subtraction
    const float *lockf               # (n_lockf,): factors on the updates of input vectors
    int64_t n_lockf
    # sampling
    const uint32_t *sample_ints      # (n_words,): keep thresholds; NULL: no subsampling
    noise_table noise
    bit_generator *generator         # the model's Mersenne Twister, which several workers share under the lock
    PyThread_type_lock generator_lock
    bint draws_seed
    # the Huffman paths of all words, one after another
    const int64_t *path_starts       # (n_words + 1,)
    const uint32_t *points           # rows of syn1
    const uint8_t *codes             # 0 or 1
    int64_t longest_path
    int64_t root                     # the row of syn1 at which all paths begin
    # settings
    bint skip_gram                   # otherwise CBOW
    bint hs
    int negative
    bint shared_negatives            # skip-gram: all pairs of a window have the same negatives
    int64_t pool_size                # words of the pool of negatives; 0: all negatives are fresh
    int64_t pool_period              # one negative in so many is fresh; 0: a quarter of each window's
    bint sampled_softmax             # the objective of the negatives; otherwise negative sampling
    bint tied_weights                # sampled softmax: syn1neg is syn0
    int64_t left                     # the largest distance of a context word on either side of the center
    int64_t right
    const float *left_weights        # (left,), (right,): the weights of the distances 1, 2, ...; NULL: all are 1
    const float *right_weights
    bint full_windows                # only centers with all context words on both sides are trained
    bint shrink_windows
    bint cbow_mean                   # 0 or 1, as is `corrected_cbow`
    bint corrected_cbow              # CBOW: the update of the context words is the gradient
    float max_norm                   # of input vectors; 0: no bound
    bint tally_loss
    # settings that depend on the machine
    const row_kernels *kernels
    int64_t row_lines                # cache lines that a weight row touches at most
    int64_t eager_lines              # how many of them are prefetched as soon as the row is known
    int64_t first_cached_node        # N_CACHED_NODES inner nodes from here on, the last one the root, stay in the cache


cdef class Network:
    cdef Net net
    cdef object _arrays              # keeps the arrays alive to which `net` points

    cdef int _check_shape(self, str name, float[:, ::1] rows) except -1
    cdef float *_word_values(self, str name, const float[::1] values) except? NULL
    cdef int _set_windows(self, tuple window, object weights) except -1
    cdef int _set_tree(self, const int64_t[::1] starts, const uint32_t[::1] points,
                       const uint8_t[::1] codes) except -1


cdef inline float *row_of(float *matrix, const Net *net, int64_t index) noexcept nogil:
    """Return the address of a row of a weight matrix."""
    return matrix + index * net.dim


cdef inline float distance_weight(const Net *net, int64_t offset) noexcept nogil:
    """Return the weight of the context word at `offset` from the center; the network must have weights."""
    return net.left_weights[-offset - 1] if offset < 0 else net.right_weights[offset - 1]


cdef inline void limit_norm(const Net *net, float *row) noexcept nogil:
    """Scale a row to the norm `max_norm`, if its norm is larger; the network must have a bound."""
    cdef float squared, scale
    cdef int64_t i
    net.kernels.products(&row, 1, &row, 1, net.dim, &squared, 1)
    if squared > net.max_norm * net.max_norm:
        scale = net.max_norm / sqrtf(squared)
        for i in range(net.dim):
            row[i] *= scale


cdef inline float lock_factor(const Net *net, int64_t word) noexcept nogil:
    """Return the factor on the updates of the input vector of a word."""
    if net.n_lockf == 1:
        return net.lockf[0]
    return net.lockf[word if word < net.n_lockf else word % net.n_lockf]
