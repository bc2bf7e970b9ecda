# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Scoring of sentences without training: log-probabilities, and the loss on held-out text.

The functions read the weights and change nothing. They use whole windows, no subsampling, and sums in float64, because
speed is less important than in training. A long sentence may take minutes, so the functions check for Ctrl-C whenever a
number of multiplications has been done.
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport exp, log, log1p
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free

from fastw2v.engine.arena cimport ARENA_ALIGNMENT, Arena, arena_alloc
from fastw2v.engine.job_queue cimport check_ids
from fastw2v.engine.kernels cimport log_sigmoid
from fastw2v.engine.noise cimport draw_noise, look_up_noise, make_noise_partition, noise_draw
from fastw2v.engine.network cimport Net, Network, distance_weight, row_of
from fastw2v.engine.row_replicas cimport RowReplicas, alloc_replicas
from fastw2v.engine.targets cimport (
    Targets, add_offsets, alloc_targets, set_merged_noise_targets, set_noise_targets, set_path_targets,
)

import numpy as np

cdef enum:
    PRODUCTS_PER_SIGNAL_CHECK = 1 << 27      # these take some tenths of a second


# --- the windows of a sentence

cdef struct Window:
    float **contexts             # (n_contexts,): the input rows of the context words
    float *weights               # (n_contexts,): the weights of their distances, if the network has weights
    int64_t n_contexts
    float *mean                  # CBOW, (dim,): the mean or the sum of these rows
    Targets noise                # the targets of the center word under negative sampling,
    Targets path                 # and under hierarchical softmax
    RowReplicas syn1neg          # without replicas: the shared rows
    RowReplicas syn1
    noise_draw *draws            # (negative,)
    uint32_t *negatives          # (negative,)
    int64_t n_products           # multiplications since the last check for signals


cdef void alloc_window(Arena *arena, Window *window, const Net *net, int64_t max_contexts) noexcept:
    """Set up the arrays of a window. The memory of the arena must be zero."""
    window.contexts = <float **>arena_alloc(arena, max_contexts * sizeof(float *))
    window.weights = <float *>arena_alloc(arena, max_contexts * sizeof(float))
    window.mean = <float *>arena_alloc(arena, net.dim * sizeof(float))
    alloc_targets(arena, &window.noise, net.negative + 1)
    alloc_targets(arena, &window.path, net.longest_path)
    alloc_replicas(arena, &window.syn1neg, net.syn1neg, net.dim, 0, 0, 1)
    alloc_replicas(arena, &window.syn1, net.syn1, net.dim, 0, 0, 1)
    window.draws = <noise_draw *>arena_alloc(arena, net.negative * sizeof(noise_draw))
    window.negatives = <uint32_t *>arena_alloc(arena, net.negative * sizeof(uint32_t))


cdef class WindowBuffers:
    """The memory of the largest window among the sentences of a corpus."""

    cdef Window window
    cdef void *memory

    def __cinit__(self, Network network not None, const int64_t[::1] offsets not None):
        cdef Net *net = &network.net
        cdef int64_t longest = int(np.max(np.diff(offsets))) if offsets.shape[0] > 1 else 0
        cdef int64_t max_contexts = min(net.left + net.right, longest)
        cdef Arena arena = Arena(0, 0)
        alloc_window(&arena, &self.window, net, max_contexts)
        self.memory = calloc(arena.used + ARENA_ALIGNMENT, 1)
        if self.memory == NULL:
            raise MemoryError("no memory for the buffers of a window")
        arena = Arena(<uintptr_t>self.memory + ARENA_ALIGNMENT - <uintptr_t>self.memory % ARENA_ALIGNMENT, 0)
        alloc_window(&arena, &self.window, net, max_contexts)

    def __dealloc__(self):
        free(self.memory)


cdef inline void gather_contexts(const Net *net, Window *window, const int32_t *tokens, int64_t n,
                                 int64_t position) noexcept nogil:
    """Set the input rows of the window at a position of a sentence of n tokens and, for CBOW, their mean or sum."""
    cdef int64_t j, m = 0, low = max(<int64_t>0, position - net.left), high = min(n, position + net.right + 1)
    cdef float total = 0.0
    if net.full_windows and high - low != net.left + net.right + 1:
        low, high = position, position
    for j in range(low, high):
        if j != position:
            window.contexts[m] = row_of(net.syn0, net, tokens[j])
            if net.left_weights != NULL:
                window.weights[m] = distance_weight(net, j - position)
                total += window.weights[m]
            m += 1
    window.n_contexts = m
    if not net.skip_gram and net.left_weights != NULL:
        net.kernels.weigh_rows(window.mean, window.contexts, window.weights, m, net.dim,
                               1.0 / total if net.cbow_mean and total > 0 else 1.0)
    elif not net.skip_gram:
        net.kernels.sum_rows(window.mean, window.contexts, m, net.dim, 1.0 / m if net.cbow_mean and m else 1.0)


cdef inline double dot(const float *x, const float *y, int64_t dim) noexcept nogil:
    """Return the dot product in float64. The four running sums are independent, so their additions overlap in time."""
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


cdef inline double signed_logit(const Net *net, const Targets *targets, int k, const float *hidden) noexcept nogil:
    """Return x . t_k for a target with label 1, and -x . t_k for label 0; the loss is -log sigmoid of it."""
    cdef double logit = dot(hidden, targets.rows[k], net.dim)
    return logit if targets.labels[k] > 0.5 else -logit


cdef inline int check_signals(const Net *net, Window *window) except -1 nogil:
    """Count the multiplications of a window, and let Python handle signals if there were enough of them."""
    cdef int64_t n_inputs = window.n_contexts if net.skip_gram else 1
    window.n_products += n_inputs * (window.noise.n + window.path.n) * net.dim
    if window.n_products < PRODUCTS_PER_SIGNAL_CHECK:
        return 0
    window.n_products = 0
    with gil:
        return PyErr_CheckSignals()


# --- log-probability under hierarchical softmax

cdef inline double path_log_probability(const Net *net, const Window *window, const float *hidden) noexcept nogil:
    """Return log p(center | x): the sum of log sigmoid(+-x . t_k) over the nodes of the center's path."""
    cdef double total = 0.0
    cdef int k
    for k in range(window.path.n):
        total += log_sigmoid(<float>signed_logit(net, &window.path, k, hidden))
    return total


def score_sentences(Network network not None, const int32_t[::1] ids not None, const int64_t[::1] offsets not None):
    """Return the log-probability of each sentence under hierarchical softmax (Taddy 2015).

    It is the sum over all skip-gram pairs or CBOW windows of the sentence.

    Parameters
    ----------
    network : Network
        A network with a Huffman tree.
    ids : int32 array (n_tokens,)
        Word indices of all sentences.
    offsets : int64 array (n_sentences + 1,)
        Sentence s holds ``ids[offsets[s]:offsets[s + 1]]``.

    Returns
    -------
    float32 array (n_sentences,)

    Raises
    ------
    ValueError
        If the network has no Huffman tree.
    IndexError
        If an id is not the index of a word of the network.
    """
    cdef Net *net = &network.net
    cdef int64_t n = offsets.shape[0] - 1, sentence, start, length, i, j
    cdef double total
    if not net.hs:
        raise ValueError("scoring needs hierarchical softmax (hs=1)")
    check_ids(ids, offsets[0], offsets[n], net.n_words)
    cdef WindowBuffers buffers = WindowBuffers(network, offsets)
    cdef Window *window = &buffers.window
    scores_array = np.zeros(n, dtype=np.float32)
    cdef float[::1] scores = scores_array
    with nogil:
        for sentence in range(n):
            start, total = offsets[sentence], 0.0
            length = offsets[sentence + 1] - start
            for i in range(length):
                gather_contexts(net, window, &ids[start], length, i)
                set_path_targets(&window.path, &window.syn1, net, ids[start + i])
                if net.skip_gram:
                    for j in range(window.n_contexts):
                        total += path_log_probability(net, window, window.contexts[j])
                else:
                    total += path_log_probability(net, window, window.mean)
                check_signals(net, window)
            scores[sentence] = <float>total
    return scores_array


# --- loss on held-out text

cdef inline double targets_loss(const Net *net, const Targets *targets, const float *hidden) noexcept nogil:
    """Return the sum of -log sigmoid(+-x . t_k) over the targets.

    It is exact. With the table of the training, targets whose logits are beyond 6 would have no loss.
    """
    cdef double total = 0.0, z
    cdef int k
    for k in range(targets.n):
        z = signed_logit(net, targets, k, hidden)
        total += log1p(exp(-z)) if z > 0 else log1p(exp(z)) - z
    return total


cdef inline double softmax_loss(const Net *net, Targets *targets, const float *hidden) noexcept nogil:
    """Return -log p_0 of sampled softmax, whose notation is that of `_inner.train_softmax`."""
    cdef double largest, total = 0.0
    cdef int k
    for k in range(targets.n):
        targets.logits[k] = <float>dot(hidden, targets.rows[k], net.dim)
    add_offsets(targets.logits, targets, net)
    largest = targets.logits[0]
    for k in range(targets.n):
        largest = max(largest, targets.logits[k])
    for k in range(targets.n):
        total += targets.multiplicities[k] * exp(targets.logits[k] - largest)
    return log(total) + largest - targets.logits[0]


cdef double input_loss(const Net *net, Window *window, const float *hidden, uint32_t word,
                       uint64_t *lcg) noexcept nogil:
    """Return the loss of predicting a word from an input, with fresh negatives."""
    cdef double total = 0.0
    if net.hs:
        set_path_targets(&window.path, &window.syn1, net, word)
        total += targets_loss(net, &window.path, hidden)
    if net.negative:
        draw_noise(&net.noise, make_noise_partition(0, 1, 0), lcg, window.draws, net.negative)
        look_up_noise(&net.noise, window.draws, net.negative, window.negatives)
        if net.sampled_softmax:
            set_merged_noise_targets(&window.noise, &window.syn1neg, word, window.negatives, net.negative, 0.0)
            return softmax_loss(net, &window.noise, hidden)
        set_noise_targets(&window.noise, &window.syn1neg, word, window.negatives, net.negative)
        total += targets_loss(net, &window.noise, hidden)
    return total


def held_out_loss(Network network not None, const int32_t[::1] ids not None, const int64_t[::1] offsets not None,
                  uint64_t seed):
    """Return the summed loss of sentences under the objective of a network, and the number of examples.

    An example is a skip-gram pair or a CBOW window. A center word without context words is not an example. The
    negatives depend on `seed` only, so that equal weights give equal losses.

    Parameters
    ----------
    network : Network
    ids : int32 array (n_tokens,)
        Word indices of all sentences.
    offsets : int64 array (n_sentences + 1,)
        Sentence s holds ``ids[offsets[s]:offsets[s + 1]]``.
    seed : int
        The lower 48 bits are the state of the random generator.

    Returns
    -------
    loss : float
    n_examples : int

    Raises
    ------
    IndexError
        If an id is not the index of a word of the network.
    """
    cdef Net *net = &network.net
    cdef int64_t n = offsets.shape[0] - 1, sentence, start, length, i, j, examples = 0
    cdef uint64_t lcg = seed & <uint64_t>0xFFFFFFFFFFFF
    cdef double total = 0.0
    check_ids(ids, offsets[0], offsets[n], net.n_words)
    cdef WindowBuffers buffers = WindowBuffers(network, offsets)
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
                        total += input_loss(net, window, window.contexts[j], ids[start + i], &lcg)
                    examples += window.n_contexts
                else:
                    total += input_loss(net, window, window.mean, ids[start + i], &lcg)
                    examples += 1
                check_signals(net, window)
    return total, examples
