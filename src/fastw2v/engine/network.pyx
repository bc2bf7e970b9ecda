# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What is trained and all that training needs to know: weight arrays, sampling tables, settings, random state.

Every array is checked here, once, so that the loops may trust each index that they meet.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.pythread cimport PyThread_allocate_lock, PyThread_free_lock
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from fastw2v.engine.negative_sampling cimport NOISE_STEP
from fastw2v.engine.kernels cimport kernels_named

import numpy as np


def guide_table(const uint32_t[::1] cum_table):
    """Return (guide, shift): guide[x >> shift] is where the search for x in `cum_table` may start.

    There are two to four words a bucket, of which one step of the search passes over eight. Each start has as many
    entries from there on as a step takes, where there are so many words.
    """
    cdef int64_t n = cum_table.shape[0], n_buckets, bucket, index = 0, last_start = max(0, n - NOISE_STEP)
    cdef uint64_t last, least_buckets = <uint64_t>max(n // 4, 1024)
    cdef int shift = 31
    if n == 0 or cum_table[n - 1] == 0:
        raise ValueError("cum_table is empty or all zero; build the vocabulary first, or check its counts")
    if np.any(np.diff(np.asarray(cum_table).astype(np.int64)) < 0):
        raise ValueError("cum_table must be ascending: it is the cumulative distribution of the negatives")
    last = cum_table[n - 1]
    while shift > 0 and (last >> shift) < least_buckets:
        shift -= 1
    n_buckets = <int64_t>(last >> shift) + 1
    guide_array = np.empty(n_buckets, dtype=np.int32)
    cdef int32_t[::1] guide = guide_array
    for bucket in range(n_buckets):
        while cum_table[index] < (<uint64_t>bucket << shift):
            index += 1
        guide[bucket] = <int32_t>min(index, last_start)
    return guide_array, shift


cdef int64_t lines_of_row(int64_t dim) noexcept:
    """How many cache lines the rows of a matrix touch at most, by where they can start on a line."""
    cdef int64_t step = 4
    while step < 64 and dim * 4 % (2 * step) == 0:
        step *= 2
    return (64 - step + dim * 4 + 63) // 64


cdef int64_t early_lines(const Net *net) noexcept:
    """How much of a row to send for at once; the kernel that runs until it is needed sends for the rest.

    By measurement: a pair is over so soon that its short rows should all be on their way, and of long ones just the
    first lines.
    """
    if net.skip_gram and (net.hs or net.shared_negatives):
        return 0
    return net.row_lines if net.row_lines <= 10 else 2


cdef class Network:
    """What is trained, and everything that training needs to know; no model class, plain arrays.

    Parameters
    ----------
    syn0 : float32 array (n_words, dim)
        The input vectors; written in place, as are `syn1` and `syn1neg`.
    lockf : float32 array (>= 1,)
        Factor on the updates of input row i, taken at i modulo its length.
    random : numpy.random.RandomState
        The stream of job seeds and window sizes; it must not be used elsewhere while a worker runs.
    skip_gram, window, shrink_windows, cbow_mean, tally_loss
        As the model's parameters.
    syn1neg, cum_table, negative
        Negative sampling: output vectors (n_words, dim), cumulative noise table uint32 (n_words,), negatives a target.
    syn1, tree
        Hierarchical softmax: inner-node vectors, and a triple (starts int64 (n_words + 1,), points uint32, codes
        uint8) of the words' paths.
    sample_ints : uint32 array (n_words,), optional
        A token is dropped where this is less than its 32-bit draw. None: every token is kept.
    draws_seed : bool
        Whether a job draws a seed at all; gensim does where it samples negatives or its `sample` is not 0.
    shared_negatives : bool
        Skip-gram: draw one set of negatives for all pairs of a window (CBOW does so anyway).
    simd : str, optional
        A name from `instruction_sets()`.
    """

    def __cinit__(self):
        self.net.generator_lock = PyThread_allocate_lock()
        if self.net.generator_lock == NULL:
            raise MemoryError("no memory for a lock")

    def __dealloc__(self):
        if self.net.generator_lock != NULL:
            PyThread_free_lock(self.net.generator_lock)

    def __init__(self, float[:, ::1] syn0 not None, *, const float[::1] lockf not None, object random not None,
                 bint skip_gram, Py_ssize_t window, bint shrink_windows=True, bint cbow_mean=True, int negative=0,
                 float[:, ::1] syn1neg=None, const uint32_t[::1] cum_table=None, float[:, ::1] syn1=None,
                 tuple tree=None, const uint32_t[::1] sample_ints=None, bint draws_seed=True, bint tally_loss=False,
                 bint shared_negatives=False, str simd=None):
        cdef Net *net = &self.net
        cdef int32_t[::1] guide = None
        net.n_words, net.dim = syn0.shape[0], syn0.shape[1]
        if net.n_words == 0 or net.dim == 0:
            raise ValueError(f"syn0 has shape ({net.n_words}, {net.dim}); there is nothing to train")
        if window < 1 or window > 1 << 30:
            raise ValueError(f"window={window} must be between 1 and {1 << 30}")
        if negative < 0 or negative > 1 << 20:
            raise ValueError(f"negative={negative} must be between 0 and {1 << 20}")
        if lockf.shape[0] == 0:
            raise ValueError("lockf must hold at least one factor")
        net.syn0 = &syn0[0, 0]
        net.lockf, net.n_lockf = &lockf[0], lockf.shape[0]
        net.skip_gram, net.window, net.shrink_windows, net.cbow_mean = skip_gram, window, shrink_windows, cbow_mean
        net.negative, net.tally_loss, net.draws_seed = negative, tally_loss, draws_seed
        net.shared_negatives = shared_negatives and skip_gram and negative > 0
        net.kernels = kernels_named(simd)
        if sample_ints is not None:
            if sample_ints.shape[0] != net.n_words:
                raise ValueError(f"keep probabilities are known for {sample_ints.shape[0]} words, but there are "
                                 f"{net.n_words} vectors; build the vocabulary anew")
            net.sample_ints = &sample_ints[0]
        if not negative and tree is None:
            raise ValueError("nothing to train: negative is 0 and there is no Huffman tree; set negative or hs, and "
                             "build the vocabulary with it")
        if negative:
            if syn1neg is None or cum_table is None:
                raise ValueError("negative sampling needs syn1neg and cum_table; build the vocabulary first")
            self._check_rows("syn1neg", syn1neg)
            if cum_table.shape[0] != net.n_words:
                raise ValueError(f"cum_table holds {cum_table.shape[0]} words, but there are {net.n_words} vectors; "
                                 "call make_cum_table(), or build the vocabulary anew")
            net.syn1neg, net.noise.domain = &syn1neg[0, 0], cum_table[net.n_words - 1]
            guide, net.noise.shift = guide_table(cum_table)
            if net.n_words < NOISE_STEP:          # behind the words, what no draw reaches
                cum_table = np.pad(cum_table, (0, NOISE_STEP - net.n_words), constant_values=net.noise.domain)
            net.noise.cum_table, net.noise.n, net.noise.guide = &cum_table[0], cum_table.shape[0], &guide[0]
        if tree is not None:
            if syn1 is None:
                raise ValueError("hierarchical softmax needs syn1; build the vocabulary with hs=1 first")
            self._check_rows("syn1", syn1)
            self._take_tree(tree[0], tree[1], tree[2])
            net.syn1, net.hs = &syn1[0, 0], True
        net.row_lines = lines_of_row(net.dim)
        net.early_lines = early_lines(net)
        net.generator = <bit_generator *>PyCapsule_GetPointer(random._bit_generator.capsule, "BitGenerator")
        self._arrays = (syn0, lockf, random, syn1neg, cum_table, guide, syn1, tree, sample_ints)

    @property
    def n_words(self):
        """Rows that can be trained."""
        return self.net.n_words

    @property
    def dim(self):
        """Their dimension."""
        return self.net.dim

    cdef int _check_rows(self, str name, float[:, ::1] rows) except -1:
        if rows.shape[0] != self.net.n_words or rows.shape[1] != self.net.dim:
            raise ValueError(f"{name} has shape ({rows.shape[0]}, {rows.shape[1]}), but the vectors have shape "
                             f"({self.net.n_words}, {self.net.dim}): words were added or removed, or an array "
                             "replaced, since the vocabulary was built; build it anew, or assign an array that matches")
        return 0

    cdef int _take_tree(self, const int64_t[::1] starts, const uint32_t[::1] points,
                        const uint8_t[::1] codes) except -1:
        cdef int64_t word, length, node
        cdef bint whole = (starts.shape[0] == self.net.n_words + 1 and points.shape[0] == codes.shape[0]
                           and starts[0] == 0 and starts[self.net.n_words] == points.shape[0])
        if whole:
            for word in range(self.net.n_words):
                length = starts[word + 1] - starts[word]
                whole = whole and length >= 0
                self.net.longest_path = max(self.net.longest_path, length)
            for node in range(points.shape[0]):
                whole = whole and points[node] < self.net.n_words
        if not whole:
            raise ValueError("the Huffman tree does not belong to this vocabulary, or is damaged: words were removed, "
                             "or the file it came from was changed; build the vocabulary anew")
        self.net.path_starts = &starts[0]
        self.net.near_nodes = self.net.n_words - 512
        # A vocabulary of one word has an empty path, and then there is no first element to point at.
        self.net.points = &points[0] if points.shape[0] else NULL
        self.net.codes = &codes[0] if codes.shape[0] else NULL
        return 0
