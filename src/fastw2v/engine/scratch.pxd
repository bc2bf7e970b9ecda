"""The working memory of one worker.

`Scratch` and all arrays of fixed size are in one arena, so none of their cache lines is shared with another worker. The
arrays whose size depends on a job grow when necessary.
"""

from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport free

from fastw2v.engine.arena cimport Arena, arena_alloc
from fastw2v.engine.center_pipeline cimport CenterPipeline, free_pipeline
from fastw2v.engine.kernels cimport LINE_COLUMNS
from fastw2v.engine.negative_pool cimport alloc_pool
from fastw2v.engine.network cimport Net
from fastw2v.engine.row_replicas cimport RowReplicas, alloc_replicas, free_replicas, make_replicas
from fastw2v.engine.targets cimport Targets, alloc_targets

cdef enum:
    MAX_INPUTS = 16                  # largest number of words of an input batch


cdef struct InputBatch:
    # Distinct context words of one window, which the window kernels train together, and the matrices of the kernels.
    # `stride` is the stride of the targets.
    int n
    uint32_t words[MAX_INPUTS]
    float *inputs[MAX_INPUTS]    # the addresses at which the rows of the words are trained
    float weights[MAX_INPUTS]    # of their distances; set if the network has weights
    float *logits                # (n, stride): dot products of inputs and targets
    float *gradients             # (n, stride): learning rate * (label - sigmoid(logit))
    float gram[MAX_INPUTS * MAX_INPUTS]      # dot products of the inputs with one another


cdef struct Scratch:
    CenterPipeline pipeline
    Targets noise                # the targets of the center under negative sampling,
    Targets path                 # and under hierarchical softmax
    RowReplicas syn0             # the rows of context words
    RowReplicas syn1neg
    RowReplicas syn1
    InputBatch batch             # skip-gram with window kernels
    float **contexts             # CBOW: the addresses at which the input rows are trained
    float *weights               # CBOW: the weight of each, if the network has weights
    float *shares                # CBOW: the factor of the update of each
    float *hidden                # CBOW, (dim,): mean or sum of the input rows
    float *input_update          # (dim,): sum of gradient * target row, the update of an input or of `hidden`
    int64_t examples             # tallies of the present job: skip-gram pairs or CBOW windows
    double loss
    int64_t contexts_capacity
    int64_t shares_capacity
    int64_t weights_capacity


cdef inline void alloc_scratch(Arena *arena, Scratch *s, const Net *net, int64_t replicated_words,
                               int64_t replicated_nodes, int replica_uses, int64_t replicated_inputs,
                               int input_uses) noexcept:
    """Set up the arrays of fixed size. The memory of the arena must be zero."""
    cdef bint uses_batches = net.skip_gram and (net.hs or net.shared_negatives)
    # A tied row is both an input and an output, and an update of one would not reach a replica of the other.
    cdef int64_t n_words = min(replicated_words, net.n_words) if net.negative and not net.tied_weights else 0
    cdef int64_t n_inputs = min(replicated_inputs, net.n_words) if not net.tied_weights else 0
    cdef int64_t n_nodes = min(replicated_nodes, net.root + 1) if net.hs else 0
    cdef int64_t n_targets = (max(net.negative + 1, net.longest_path, 1) + 15) // 16 * 16
    alloc_targets(arena, &s.noise, net.negative + 1)
    alloc_targets(arena, &s.path, net.longest_path)
    # A vocabulary is usually sorted by falling frequency. The nodes of a Huffman tree are numbered towards the root,
    # except for those that an update has added.
    alloc_replicas(arena, &s.syn0, net.syn0, net.dim, 0, n_inputs, input_uses)
    s.syn0.bounded = net if net.max_norm > 0 else NULL
    alloc_replicas(arena, &s.syn1neg, net.syn1neg, net.dim, 0, n_words, replica_uses)
    alloc_replicas(arena, &s.syn1, net.syn1, net.dim, net.root + 1 - n_nodes, n_nodes, replica_uses)
    s.batch.logits = <float *>arena_alloc(arena, uses_batches * MAX_INPUTS * n_targets * sizeof(float))
    s.batch.gradients = <float *>arena_alloc(arena, uses_batches * MAX_INPUTS * n_targets * sizeof(float))
    s.hidden = <float *>arena_alloc(arena, net.dim * sizeof(float))
    s.input_update = <float *>arena_alloc(arena, net.dim * sizeof(float))
    alloc_pool(arena, &s.pipeline.pool, net.pool_size, net.pool_period)
    # The largest number of rows that are scheduled at a time: one input, the center, its path and negatives.
    s.pipeline.prefetches.rows = <float **>arena_alloc(
        arena, (2 + net.longest_path + net.negative) * sizeof(float *))
    s.pipeline.prefetches.next = net.eager_lines * LINE_COLUMNS


cdef inline bint make_all_replicas(Scratch *s) noexcept nogil:
    """Allocate the row replicas in the thread that uses them; return False if there is no memory for them."""
    return make_replicas(&s.syn0) and make_replicas(&s.syn1neg) and make_replicas(&s.syn1)


cdef inline void free_scratch(Scratch *s) noexcept:
    """Free the row replicas and the arrays that grow."""
    free_replicas(&s.syn0)
    free_replicas(&s.syn1neg)
    free_replicas(&s.syn1)
    free_pipeline(&s.pipeline)
    free(s.contexts)
    free(s.shares)
    free(s.weights)
