"""The target rows of a center word: output rows with labels, which an input is trained or scored against.

Under negative sampling the targets are rows of `syn1neg`: the center word, labelled 1, and its negatives, labelled 0.
Under hierarchical softmax they are rows of `syn1`: the inner nodes on the center word's Huffman path, labelled
1 - code. The training loops and the scoring functions build their targets here.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from fastw2v.engine.arena cimport Arena, arena_alloc
from fastw2v.engine.network cimport Net
from fastw2v.engine.row_replicas cimport RowReplicas, acquire_rows

cdef enum:
    TARGET_ALIGNMENT = 16            # floats: the window kernels work on groups of this number of targets


cdef struct Targets:
    int n
    bint distinct                # no row occurs twice
    int64_t stride               # n rounded up to TARGET_ALIGNMENT; set with the learning rates
    float **rows                 # (n,)
    float *labels                # (n,): 1 or 0
    uint32_t *words              # (n,): the words of the rows; negative sampling only
    float *logits                # (n,): dot products with the input, stored by the row kernels
    float *learning_rates        # (stride,): 0 from n on
    float *multiplicities        # (n,): the number of draws that each row represents
    float *gradients             # (n,): sampled softmax
    float *steps                 # (n,): sampled softmax, the factors of the updates of the rows


cdef inline void alloc_targets(Arena *arena, Targets *targets, int64_t capacity) noexcept:
    """Set up at most `capacity` targets. The memory of the arena must be zero."""
    capacity = (capacity + TARGET_ALIGNMENT - 1) // TARGET_ALIGNMENT * TARGET_ALIGNMENT
    targets.n, targets.stride, targets.distinct = 0, 0, True
    targets.rows = <float **>arena_alloc(arena, capacity * sizeof(float *))
    targets.labels = <float *>arena_alloc(arena, capacity * sizeof(float))
    targets.words = <uint32_t *>arena_alloc(arena, capacity * sizeof(uint32_t))
    targets.logits = <float *>arena_alloc(arena, capacity * sizeof(float))
    targets.learning_rates = <float *>arena_alloc(arena, capacity * sizeof(float))
    targets.multiplicities = <float *>arena_alloc(arena, capacity * sizeof(float))
    targets.gradients = <float *>arena_alloc(arena, capacity * sizeof(float))
    targets.steps = <float *>arena_alloc(arena, capacity * sizeof(float))


cdef inline int find_repeat(const uint32_t *words, int start, int end, uint32_t word, uint64_t *filter) noexcept nogil:
    """Return the index of `word` in words[start:end], or `end` if it does not occur there.

    `filter` starts at 0 and is passed for each word of the list in turn: it has one bit for all words that agree modulo
    64. If the bit of `word` is not yet set, no comparison is needed.
    """
    cdef uint64_t bit = <uint64_t>1 << (word & 63)
    cdef bint possible = (filter[0] & bit) != 0
    filter[0] |= bit
    if not possible:
        return end
    while start < end and words[start] != word:
        start += 1
    return start


cdef inline void set_noise_targets(Targets *targets, RowReplicas *syn1neg, uint32_t word, const uint32_t *negatives,
                                   int n_negatives) noexcept nogil:
    """Set the targets to a word and its negatives, with one target for each draw.

    A negative that is the word itself is left out. The labels of the negatives are 0 from the beginning.
    """
    cdef uint64_t filter = 0
    cdef uint32_t negative
    cdef bint distinct = True
    cdef int n = 1, i
    targets.words[0], targets.labels[0] = word, 1.0
    for i in range(n_negatives):
        negative = negatives[i]
        if negative == word:
            continue
        distinct = distinct and find_repeat(targets.words, 1, n, negative, &filter) == n
        targets.words[n] = negative
        n += 1
    acquire_rows(syn1neg, targets.words, n, targets.rows)
    targets.n, targets.distinct = n, distinct


cdef inline void set_merged_noise_targets(Targets *targets, RowReplicas *syn1neg, uint32_t word,
                                          const uint32_t *negatives, int n_negatives, float alpha) noexcept nogil:
    """Set the targets to a word and its distinct negatives, with learning rates.

    A negative that was drawn k times is one target of multiplicity k and learning rate k * alpha.
    """
    cdef uint64_t filter = 0
    cdef uint32_t negative
    cdef int n = 1, i, k
    targets.words[0], targets.labels[0] = word, 1.0
    targets.learning_rates[0], targets.multiplicities[0] = alpha, 1.0
    for i in range(n_negatives):
        negative = negatives[i]
        if negative == word:
            continue
        k = find_repeat(targets.words, 1, n, negative, &filter)
        if k < n:
            targets.multiplicities[k] += 1.0
            targets.learning_rates[k] = alpha * targets.multiplicities[k]
            continue
        targets.words[n], targets.learning_rates[n], targets.multiplicities[n] = negative, alpha, 1.0
        n += 1
    acquire_rows(syn1neg, targets.words, n, targets.rows)
    targets.n, targets.distinct = n, True
    pad_learning_rates(targets)


cdef inline void add_offsets(float *logits, const Targets *targets, const Net *net) noexcept nogil:
    """Add the biases of the targets to their logits, and subtract the logarithms of their noise probabilities."""
    cdef int k
    for k in range(targets.n):
        if net.biases != NULL:
            logits[k] += net.biases[targets.words[k]]
        if net.log_noise != NULL:
            logits[k] -= net.log_noise[targets.words[k]]


cdef inline void set_path_targets(Targets *targets, RowReplicas *syn1, const Net *net, uint32_t word) noexcept nogil:
    """Set the targets to the inner nodes on the Huffman path of a word. The label of a node is 1 - code."""
    cdef int64_t start = net.path_starts[word]
    cdef int n = <int>(net.path_starts[word + 1] - start), i
    acquire_rows(syn1, net.points + start, n, targets.rows)
    for i in range(n):
        targets.labels[i] = 1.0 - net.codes[start + i]
    targets.n, targets.distinct = n, True


cdef inline void set_learning_rate(Targets *targets, float alpha) noexcept nogil:
    """Give every target the learning rate `alpha` and the multiplicity 1."""
    cdef int k
    for k in range(targets.n):
        targets.learning_rates[k], targets.multiplicities[k] = alpha, 1.0
    pad_learning_rates(targets)


cdef inline void pad_learning_rates(Targets *targets) noexcept nogil:
    """Set the stride, and the learning rates from n up to it to 0."""
    cdef int64_t k
    targets.stride = (targets.n + TARGET_ALIGNMENT - 1) // TARGET_ALIGNMENT * TARGET_ALIGNMENT
    for k in range(targets.n, targets.stride):
        targets.learning_rates[k] = 0.0
