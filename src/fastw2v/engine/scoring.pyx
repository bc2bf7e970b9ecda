# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""How well a network foretells sentences, without training on them: log-probabilities and held-out loss.

The weights are only read. Sums run in float64; this is no hot path. A sentence may take minutes, so Ctrl-C is looked
for within it, each time that so many numbers have been multiplied.
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport exp, log1p
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from fastw2v.engine.negative_sampling cimport draw_noise, find_negatives, part_of_noise
from fastw2v.engine.job_queue cimport check_ids
from fastw2v.engine.kernels cimport log_sigmoid
from fastw2v.engine.network cimport Net, Network, row_of

import numpy as np

cdef enum:
    PRODUCTS_BETWEEN_SIGNALS = 1 << 27   # tenths of a second


cdef struct Window:
    const float **contexts           # input rows
    int64_t n_contexts
    const float **targets            # output rows
    float *labels
    int n_targets
    float *mean                      # CBOW: what the targets are foretold from


cdef class Buffers:
    """Memory for the largest window of the sentences at hand."""

    cdef Window window
    cdef object _arrays

    def __cinit__(self, Network network not None, const int64_t[::1] offsets not None):
        cdef Net *net = &network.net
        cdef int64_t longest = int(np.max(np.diff(offsets))) if offsets.shape[0] > 1 else 0
        cdef size_t[::1] contexts = np.empty(min(2 * net.window, longest) + 1, dtype=np.uintp)
        cdef size_t[::1] targets = np.empty(max(net.longest_path, net.negative + 1), dtype=np.uintp)
        cdef float[::1] labels = np.empty(targets.shape[0], dtype=np.float32)
        cdef float[::1] mean = np.empty(net.dim, dtype=np.float32)
        self._arrays = (contexts, targets, labels, mean)
        self.window.contexts, self.window.targets = <const float **>&contexts[0], <const float **>&targets[0]
        self.window.labels, self.window.mean = &labels[0], &mean[0]


cdef inline void gather_contexts(const Net *net, Window *window, const int32_t *tokens, int64_t n,
                                 int64_t center) noexcept nogil:
    """The input rows of a whole window, and their mean (or sum) for CBOW."""
    cdef int64_t j, m = 0
    for j in range(max(<int64_t>0, center - net.window), min(n, center + net.window + 1)):
        if j != center:
            window.contexts[m] = row_of(net.syn0, net, tokens[j])
            m += 1
    window.n_contexts = m
    if not net.skip_gram:
        net.kernels.sum_rows(window.mean, <float **>window.contexts, m, net.dim,
                             1.0 / m if net.cbow_mean and m else 1.0)


cdef inline void path_targets(const Net *net, Window *window, int64_t word) noexcept nogil:
    """The inner nodes on a word's path; bit 0 is the positive label."""
    cdef int64_t start = net.path_starts[word], d
    window.n_targets = <int>(net.path_starts[word + 1] - start)
    for d in range(window.n_targets):
        window.targets[d] = row_of(net.syn1, net, net.points[start + d])
        window.labels[d] = 1.0 - net.codes[start + d]


cdef inline void noise_targets(const Net *net, Window *window, int64_t word, uint64_t *lcg) noexcept nogil:
    """The word itself and freshly drawn negatives; one that is the word itself is left out."""
    cdef int64_t _d
    cdef uint32_t drawn
    cdef int n = 1
    window.targets[0], window.labels[0] = row_of(net.syn1neg, net, word), 1.0
    for _d in range(net.negative):
        draw_noise(&net.noise, part_of_noise(0, 1), lcg, &drawn, 1)
        find_negatives(&net.noise, &drawn, 1)
        if drawn != word:
            window.targets[n], window.labels[n] = row_of(net.syn1neg, net, drawn), 0.0
            n += 1
    window.n_targets = n


cdef inline double dot(const float *x, const float *y, int64_t dim) noexcept nogil:
    """In four running sums, whose additions need not wait for one another."""
    cdef double a = 0.0, b = 0.0, c = 0.0, d = 0.0
    cdef int64_t i = 0
    while i + 4 <= dim:
        a += x[i] * y[i]
        b += x[i + 1] * y[i + 1]
        c += x[i + 2] * y[i + 2]
        d += x[i + 3] * y[i + 3]
        i += 4
    while i < dim:
        a += x[i] * y[i]
        i += 1
    return (a + b) + (c + d)


cdef inline int look_for_signals(const Net *net, const Window *window, int64_t *products) except -1 nogil:
    """Let Python handle signals, once enough was multiplied; `products` counts up to there."""
    cdef int64_t n_inputs = window.n_contexts if net.skip_gram else 1
    products[0] += n_inputs * window.n_targets * net.dim
    if products[0] < PRODUCTS_BETWEEN_SIGNALS:
        return 0
    products[0] = 0
    with gil:
        return PyErr_CheckSignals()


# --- log-probability under hierarchical softmax

cdef inline double path_log_probability(const Net *net, const Window *window, const float *x) noexcept nogil:
    cdef double total = 0.0, f
    cdef int k
    for k in range(window.n_targets):
        f = dot(x, window.targets[k], net.dim)
        total += log_sigmoid(<float>(f if window.labels[k] > 0.5 else -f))
    return total


def score_sentences(Network network not None, const int32_t[::1] ids not None, const int64_t[::1] offsets not None):
    """Return the log-probability of each sentence under hierarchical softmax, float32 (sentences,).

    Whole windows, no subsampling, no draws (Taddy 2015). The network must have a tree.
    """
    cdef Net *net = &network.net
    cdef int64_t n = offsets.shape[0] - 1, sentence, start, length, i, j, products = 0
    cdef double total
    if not net.hs:
        raise ValueError("scoring needs hierarchical softmax (hs=1)")
    check_ids(ids, offsets[0], offsets[n], net.n_words)
    cdef Buffers buffers = Buffers(network, offsets)
    cdef Window *window = &buffers.window
    scores_array = np.zeros(n, dtype=np.float32)
    cdef float[::1] scores = scores_array
    with nogil:
        for sentence in range(n):
            start, total = offsets[sentence], 0.0
            length = offsets[sentence + 1] - start
            for i in range(length):
                gather_contexts(net, window, &ids[start], length, i)
                path_targets(net, window, ids[start + i])
                if net.skip_gram:
                    for j in range(window.n_contexts):
                        total += path_log_probability(net, window, window.contexts[j])
                else:
                    total += path_log_probability(net, window, window.mean)
                look_for_signals(net, window, &products)
            scores[sentence] = <float>total
    return scores_array


# --- held-out loss

cdef inline double target_loss(const Net *net, const Window *window, const float *x) noexcept nogil:
    """Sum of -log sigma(+-f), exact: the training's table ends at 6, and a loss there must not vanish."""
    cdef double total = 0.0, f
    cdef int k
    for k in range(window.n_targets):
        f = dot(x, window.targets[k], net.dim)
        if window.labels[k] < 0.5:
            f = -f
        total += log1p(exp(-f)) if f > 0 else log1p(exp(f)) - f
    return total


cdef double window_loss(const Net *net, Window *window, const float *x, int64_t word, uint64_t *lcg) noexcept nogil:
    cdef double total = 0.0
    if net.hs:
        path_targets(net, window, word)
        total += target_loss(net, window, x)
    if net.negative:
        noise_targets(net, window, word, lcg)
        total += target_loss(net, window, x)
    return total


def held_out_loss(Network network not None, const int32_t[::1] ids not None, const int64_t[::1] offsets not None,
                  uint64_t seed):
    """Return (summed loss, examples) of sentences under the network's own objective, which is not trained.

    An example is a skip-gram pair or a CBOW window; a center without context words is none. Whole windows, no
    subsampling; the negatives come from a stream that `seed` alone decides, so that equal weights give equal losses.
    """
    cdef Net *net = &network.net
    cdef int64_t n = offsets.shape[0] - 1, sentence, start, length, i, j, examples = 0, products = 0
    cdef uint64_t lcg = seed & <uint64_t>0xFFFFFFFFFFFF
    cdef double total = 0.0
    check_ids(ids, offsets[0], offsets[n], net.n_words)
    cdef Buffers buffers = Buffers(network, offsets)
    cdef Window *window = &buffers.window
    with nogil:
        for sentence in range(n):
            start = offsets[sentence]
            length = offsets[sentence + 1] - start
            for i in range(length):
                gather_contexts(net, window, &ids[start], length, i)
                if window.n_contexts == 0:
                    continue
                if net.skip_gram:
                    for j in range(window.n_contexts):
                        total += window_loss(net, window, window.contexts[j], ids[start + i], &lcg)
                    examples += window.n_contexts
                else:
                    total += window_loss(net, window, window.mean, ids[start + i], &lcg)
                    examples += 1
                look_for_signals(net, window, &products)
    return total, examples
