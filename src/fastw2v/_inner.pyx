# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The training loops: skip-gram and CBOW, each with negative sampling and hierarchical softmax, without the GIL.

Data flow. A worker takes jobs from the queue, and each job passes through these steps:

    JobQueue -> Job             sentences of word indices, one learning rate      engine/job_queue.pyx, .pxd
    -> kept tokens              after subsampling                                 engine/center_pipeline.pxd
    -> Center: window           a center word and its context words               engine/center_pipeline.pxd
    -> Center: negatives        draws, pool slots, then words                     engine/noise.h, negative_pool.pxd
    -> Targets                  output rows with labels                           engine/targets.pxd
    -> row kernels              logits, gradients, both updates                   engine/simd/

This file holds the last two steps. Read it from the top: `Worker.run`, `train_job`, then one function for each
combination of model and objective. The other files, in reading order:

    engine/network.pxd          the weights, tables and settings that all functions take as `net`
    engine/scratch.pxd          the working memory of a worker, which they take as `s`
    engine/targets.pxd          the target rows of a center word
    engine/center_pipeline.pxd  windows and negatives, prepared ahead
    engine/negative_pool.pxd    the pool of recently drawn words, from which negatives are taken
    engine/row_replicas.pxd     private replicas of frequent input and output rows
    engine/arena.pxd            memory
    docs/development/mathematics.md     the notation and the derivation of all updates

Why `.pxd` files hold code. The loops call very short functions millions of times a second, so these must be inlined.
Cython inlines a function of another file only if it is `cdef inline` in a `.pxd` file, which the compiler then sees as
part of this module. Code that needs compiler intrinsics or macros is in C headers instead.

Notation. It is that of docs/development/mathematics.md: x is an input and t_k one of its targets (a row of `syn1neg` or
`syn1`), y_k the label of the target, f_k the logit, alpha the learning rate, sigmoid(z) = 1 / (1 + exp(-z)), and lock
the lock factor of a word. In skip-gram, x is the row of one context word in `syn0`. In CBOW, it is the mean or the sum
of the rows x_j of the context words. Every loop below computes, for one input,

    f_k   = x . t_k
    g_k   = (y_k - sigmoid(f_k)) * alpha
    e     = sum_k g_k * t_k                 with t_k before its update
    t_k  += g_k * x                         with x before its update
    x_j  += lock_j * e                      for each context word of the input; `train_window` has another factor
    loss -= log sigmoid(f_k if y_k = 1 else -f_k)
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from fastw2v.engine.arena cimport ARENA_ALIGNMENT, Arena, arena_alloc, reserve
from fastw2v.engine.center_pipeline cimport N_CENTERS, Center, advance, center_at, prefetch_negatives, start_job
from fastw2v.engine.job_queue cimport (
    QUEUE_CLOSED, QUEUE_EMPTY, Job, JobQueue, QueueCounters, counter_add, counter_load, counter_store, short_sleep,
)
from fastw2v.engine.kernels cimport log_sigmoid
from fastw2v.engine.noise cimport MAX_PARTITIONS, partition_of_job
from fastw2v.engine.network cimport Net, Network, distance_weight, limit_norm, lock_factor
from fastw2v.engine.row_replicas cimport acquire, acquire_rows, flush_all
from fastw2v.engine.scratch cimport MAX_INPUTS, InputBatch, Scratch, alloc_scratch, free_scratch, make_all_replicas
from fastw2v.engine.targets cimport (
    Targets, add_offsets, find_repeat, set_learning_rate, set_merged_noise_targets, set_noise_targets,
    set_path_targets,
)

cdef struct Tally:
    # What a worker has trained. It stores them after each job, and the calling thread reads them.
    int64_t effective_words
    int64_t raw_words
    int64_t sentences
    int64_t examples
    int64_t loss_bits                # of a double


# A training loop: trains a center with the learning rate of its sentence, and prefetches rows of the next center (NULL:
# there is none). The loops are called by a pointer, so that compilers do not merge them into one large function, in
# which they would no longer inline the short functions that the loops consist of.
ctypedef void (*CenterTrainer)(const Net *, Scratch *, const Center *, const Center *, float) noexcept nogil


# --- jobs

cdef class Worker:
    """The working memory and the tallies of one training thread.

    Parameters
    ----------
    network : Network
        What to train. The workers share it.
    replicated_words, replicated_nodes : int, default 0
        The number of output rows of which this worker trains private replicas: the first rows of `syn1neg` (the most
        frequent words), and the rows of `syn1` up to the root (the inner nodes next to it). 0 keeps the exact order of
        updates.
    replica_uses : int, default 16
        The number of uses, 1 to 255, after which a replica is flushed to the shared row.
    first_partition, n_partitions : int, default 0, 1
        Job k of the queue draws its negatives from partition ``first_partition + k`` modulo `n_partitions` of the noise
        distribution, but the first 32 jobs draw from the whole. `n_partitions` is a power of two, at most 16. With 1,
        all jobs draw from the whole distribution, as in gensim.
    n_whole_words : int, default 0
        The first words, which all partitions have in common: each job draws them as from the whole distribution.
    replicated_inputs : int, default 0
        The number of input rows of which this worker trains private replicas: the first rows of `syn0`.
    input_uses : int, default 16
        The number of uses, 1 to 255, after which a replica of an input row is flushed; the end of a job flushes it too.

    Raises
    ------
    ValueError
        If `replica_uses`, `input_uses` or `n_partitions` is out of its range.
    MemoryError
        If the working memory cannot be allocated.
    """

    cdef Network network
    cdef void *memory                # holds the arena with `s`, `tally` and the arrays of fixed size
    cdef Scratch *s
    cdef Tally *tally
    cdef double loss
    cdef uint32_t first_partition
    cdef uint32_t n_partitions
    cdef uint32_t undivided          # draws below are those of the words that all partitions have in common

    def __cinit__(self, Network network not None, int64_t replicated_words=0, int64_t replicated_nodes=0,
                  int replica_uses=16, uint32_t first_partition=0, uint32_t n_partitions=1,
                  int64_t n_whole_words=0, int64_t replicated_inputs=0, int input_uses=16):
        cdef Arena arena = Arena(0, 0)
        cdef Scratch measured
        if not 1 <= replica_uses <= 255:
            raise ValueError(f"replica_uses={replica_uses} must be between 1 and 255")
        if not 1 <= input_uses <= 255:
            raise ValueError(f"input_uses={input_uses} must be between 1 and 255")
        if n_partitions < 1 or n_partitions > MAX_PARTITIONS or n_partitions & (n_partitions - 1):
            raise ValueError(f"n_partitions={n_partitions} must be a power of two, {MAX_PARTITIONS} at most")
        self.network, self.first_partition, self.n_partitions = network, first_partition, n_partitions
        if n_whole_words > 0 and network.net.negative:
            self.undivided = network.net.noise.cum_table[min(n_whole_words, network.net.n_words) - 1] + 1
        arena_alloc(&arena, sizeof(Scratch))
        arena_alloc(&arena, sizeof(Tally))
        alloc_scratch(&arena, &measured, &network.net, replicated_words, replicated_nodes, replica_uses,
                      replicated_inputs, input_uses)
        self.memory = calloc(arena.used + ARENA_ALIGNMENT, 1)     # more, to align the start
        if self.memory == NULL:
            raise MemoryError("no memory for the buffers of a worker; use fewer workers")
        arena = Arena(<uintptr_t>self.memory + ARENA_ALIGNMENT - <uintptr_t>self.memory % ARENA_ALIGNMENT, 0)
        self.s = <Scratch *>arena_alloc(&arena, sizeof(Scratch))
        self.tally = <Tally *>arena_alloc(&arena, sizeof(Tally))
        alloc_scratch(&arena, self.s, &network.net, replicated_words, replicated_nodes, replica_uses,
                      replicated_inputs, input_uses)

    def __dealloc__(self):
        if self.memory != NULL:
            free_scratch(self.s)
            free(self.memory)

    def run(self, JobQueue queue not None):
        """Train jobs of a queue until it is closed and empty, or stopped.

        Raises
        ------
        MemoryError
            If the row replicas or the buffers of a job cannot be allocated. The queue is stopped then.
        """
        cdef bint trained = True, flushed = True
        cdef int64_t number
        if not make_all_replicas(self.s):
            counter_store(&queue.counters.stopped, 1)
            raise MemoryError("no memory for the row replicas of a worker; use fewer workers")
        with nogil:
            while trained:
                number = queue.claim()
                if number == QUEUE_CLOSED:
                    break
                if number == QUEUE_EMPTY:
                    if not flushed:
                        self.flush(queue)
                        flushed = True
                    short_sleep()
                    continue
                if flushed:
                    counter_add(&queue.counters.n_unflushed, 1)
                    flushed = False
                self.s.pipeline.partition = partition_of_job(number, self.first_partition, self.n_partitions,
                                                             self.undivided)
                trained = self.train(&queue.jobs[number % queue.capacity], &queue.counters)
                if not trained:              # before the job counts as done, so that no barrier starts from there
                    counter_store(&queue.counters.stopped, 1)
                counter_store(&queue.done[number % queue.capacity], number + 1)
            if not flushed:
                self.flush(queue)
        if not trained:
            raise MemoryError("no memory for the tokens of a job; lower batch_words or cut long sentences")

    def tallies(self):
        """Return (effective words, raw words, sentences, examples, loss) trained so far; any thread may call it.

        Effective words are those that subsampling kept. An example is a skip-gram pair or a CBOW window.
        """
        cdef int64_t loss_bits = counter_load(&self.tally.loss_bits)
        cdef double loss
        memcpy(&loss, &loss_bits, sizeof(double))
        return (counter_load(&self.tally.effective_words), counter_load(&self.tally.raw_words),
                counter_load(&self.tally.sentences), counter_load(&self.tally.examples), loss)

    cdef bint train(self, const Job *job, const QueueCounters *counters) noexcept nogil:
        """Train a job and add it to the tallies; return False if memory runs out."""
        cdef Tally *tally = self.tally
        cdef int64_t loss_bits
        if not train_job(&self.network.net, self.s, job, counters):
            return False
        flush_all(&self.s.syn0)
        self.loss += self.s.loss
        memcpy(&loss_bits, &self.loss, sizeof(double))
        counter_store(&tally.effective_words, tally.effective_words + self.s.pipeline.n_kept)
        counter_store(&tally.raw_words, tally.raw_words + job.raw_words)
        counter_store(&tally.sentences, tally.sentences + job.n_sentences)
        counter_store(&tally.examples, tally.examples + self.s.examples)
        counter_store(&tally.loss_bits, loss_bits)
        return True

    cdef void flush(self, JobQueue queue) noexcept nogil:
        """Add the updates of all replicas to the shared rows."""
        flush_all(&self.s.syn0)
        flush_all(&self.s.syn1neg)
        flush_all(&self.s.syn1)
        counter_add(&queue.counters.n_unflushed, -1)


cdef bint train_job(const Net *net, Scratch *s, const Job *job, const QueueCounters *counters) noexcept nogil:
    """Train a job; return False if memory runs out. If the queue is stopped, the remaining centers are not trained."""
    cdef int64_t position
    cdef CenterTrainer train_center = choose_trainer(net)
    cdef Center *center
    cdef Center *next_center                     # its rows are prefetched; NULL: this center is the last one
    s.examples, s.loss = 0, 0.0
    if not start_job(net, &s.pipeline, job) or not (net.skip_gram or reserve_window(net, s)):
        return False
    for position in range(1 - N_CENTERS, s.pipeline.n_kept):     # negative positions only fill the pipeline
        if counter_load(&counters.stopped):
            s.pipeline.n_kept = max(position, 0)
            break
        if not advance(net, &s.pipeline, &s.syn0, &s.syn1neg, position):
            return False
        if position < 0:
            continue
        center = center_at(&s.pipeline, position)
        next_center = center_at(&s.pipeline, position + 1) if position + 1 < s.pipeline.n_kept else NULL
        train_center(net, s, center, next_center, job.alpha * center.weight)
    return True


cdef CenterTrainer choose_trainer(const Net *net) noexcept nogil:
    """Return the training loop for the model and the objective."""
    if not net.skip_gram:
        return train_cbow
    if net.sampled_softmax:
        return train_skip_gram_softmax
    if net.hs or net.shared_negatives:
        return train_skip_gram_batches
    return train_skip_gram_pairs


# --- skip-gram: each context word of a window predicts the center word

cdef inline float pair_rate(const Net *net, const Center *center, int64_t j, float alpha) noexcept nogil:
    """Return the learning rate of the pair of the context word at position j: `alpha` times the weight of the pair."""
    return alpha if net.left_weights == NULL else alpha * distance_weight(net, j - center.position)


cdef void train_skip_gram_pairs(const Net *net, Scratch *s, const Center *center, const Center *next_center,
                                float alpha) noexcept nogil:
    """Skip-gram with negative sampling, where each pair has negatives of its own.

    The input of a pair is the row of the context word; the targets are the output rows of the center, with label 1,
    and of the negatives, with label 0.
    """
    cdef int64_t j, pair = 0, n_pairs = center.high - center.low - 1
    cdef uint32_t word = s.pipeline.kept[center.position]
    for j in range(center.low, center.high):
        if j == center.position:
            continue
        if pair + 1 < n_pairs:
            prefetch_negatives(net, &s.pipeline, &s.syn1neg, center.negatives + (pair + 1) * net.negative)
        elif next_center != NULL and next_center.high - next_center.low > 1:
            prefetch_negatives(net, &s.pipeline, &s.syn1neg, next_center.negatives)
        set_noise_targets(&s.noise, &s.syn1neg, word, center.negatives + pair * net.negative, net.negative)
        train_pair(net, s, s.pipeline.kept[j], acquire(&s.syn0, s.pipeline.kept[j]), &s.noise,
                   pair_rate(net, center, j, alpha))
        pair += 1
    s.examples += n_pairs


cdef void train_skip_gram_softmax(const Net *net, Scratch *s, const Center *center, const Center *next_center,
                                  float alpha) noexcept nogil:
    """Skip-gram with sampled softmax, where each pair has negatives of its own."""
    cdef int64_t j, pair = 0, n_pairs = center.high - center.low - 1
    cdef uint32_t word = s.pipeline.kept[center.position]
    cdef float *row
    cdef float lock, rate
    for j in range(center.low, center.high):
        if j == center.position:
            continue
        if pair + 1 < n_pairs:
            prefetch_negatives(net, &s.pipeline, &s.syn1neg, center.negatives + (pair + 1) * net.negative)
        elif next_center != NULL and next_center.high - next_center.low > 1:
            prefetch_negatives(net, &s.pipeline, &s.syn1neg, next_center.negatives)
        set_merged_noise_targets(&s.noise, &s.syn1neg, word, center.negatives + pair * net.negative, net.negative,
                                 alpha)
        rate = pair_rate(net, center, j, alpha)
        row = acquire(&s.syn0, s.pipeline.kept[j])
        lock = lock_factor(net, s.pipeline.kept[j])
        memcpy(s.hidden, row, net.dim * sizeof(float))       # tied weights: the row may be one of the targets
        train_softmax(net, s, s.hidden, &s.noise, rate)
        net.kernels.add_rows(&row, 1, s.input_update, net.dim, &lock, 0)
        if net.max_norm > 0:
            limit_input(net, s.pipeline.kept[j], row)
            limit_tied_targets(net, &s.noise)
        pair += 1
    s.examples += n_pairs


cdef void train_skip_gram_batches(const Net *net, Scratch *s, const Center *center, const Center *next_center,
                                  float alpha) noexcept nogil:
    """Skip-gram with hierarchical softmax, shared negatives, or hierarchical softmax and negatives of each pair.

    Where all pairs of a window have the same targets, batches of context words are trained together.
    """
    cdef int64_t j = center.low, pair = 0
    cdef uint32_t word = s.pipeline.kept[center.position]
    if net.negative and next_center != NULL and next_center.high - next_center.low > 1:
        prefetch_negatives(net, &s.pipeline, &s.syn1neg, next_center.negatives)
    while True:
        j = next_input_batch(net, s, center, j)
        if s.batch.n == 0:
            break
        if net.hs:
            train_batch_on_path(net, s, word, alpha)
        if net.shared_negatives:
            train_batch_on_shared_negatives(net, s, word, center.negatives, alpha)
        elif net.negative:
            train_batch_on_own_negatives(net, s, word, center.negatives + pair * net.negative, alpha)
            pair += s.batch.n
    s.examples += center.high - center.low - 1


cdef inline void train_batch_on_path(const Net *net, Scratch *s, uint32_t word, float alpha) noexcept nogil:
    """Hierarchical softmax for the pairs of an input batch, with the result of training them one after another."""
    set_path_targets(&s.path, &s.syn1, net, word)
    if s.batch.n == 1:
        train_pair(net, s, s.batch.words[0], s.batch.inputs[0], &s.path, batch_rate(net, s, 0, alpha))
    else:
        set_learning_rate(&s.path, alpha)
        train_batch(net, s, &s.path, True)


cdef inline void train_batch_on_shared_negatives(const Net *net, Scratch *s, uint32_t word, const uint32_t *negatives,
                                                 float alpha) noexcept nogil:
    """Negative sampling for the pairs of an input batch, with one set of negatives and one step for all of them."""
    set_merged_noise_targets(&s.noise, &s.syn1neg, word, negatives, net.negative, alpha)
    train_batch(net, s, &s.noise, False)


cdef inline void train_batch_on_own_negatives(const Net *net, Scratch *s, uint32_t word, const uint32_t *negatives,
                                              float alpha) noexcept nogil:
    """Negative sampling for the pairs of an input batch, one after another, each with negatives of its own."""
    cdef int i
    for i in range(s.batch.n):
        set_noise_targets(&s.noise, &s.syn1neg, word, negatives + i * net.negative, net.negative)
        train_pair(net, s, s.batch.words[i], s.batch.inputs[i], &s.noise, batch_rate(net, s, i, alpha))


cdef inline float batch_rate(const Net *net, const Scratch *s, int i, float alpha) noexcept nogil:
    """Return the learning rate of an input of the batch: `alpha` times the weight of the pair."""
    return alpha if net.left_weights == NULL else alpha * s.batch.weights[i]


cdef inline void train_pair(const Net *net, Scratch *s, int64_t context_word, float *row, Targets *targets,
                            float alpha) noexcept nogil:
    """Train one pair; the input x is `row`, that of the context word.

        e    = sum_k g_k * t_k
        t_k += g_k * x
        x   += lock * e
    """
    cdef float lock = lock_factor(net, context_word)
    if targets.distinct:
        net.kernels.train_pair(row, targets.rows, targets.labels, targets.n, net.dim, alpha, lock, s.input_update,
                               targets.logits, &s.pipeline.prefetches)
        s.pipeline.prefetches.n = 0
    else:
        train_targets(net, s, row, targets, alpha)
        net.kernels.add_rows(&row, 1, s.input_update, net.dim, &lock, 0)
    if net.max_norm > 0:
        limit_input(net, context_word, row)
    if net.tally_loss:
        tally_loss(s, targets)


cdef inline int64_t next_input_batch(const Net *net, Scratch *s, const Center *center, int64_t j) noexcept nogil:
    """Fill the input batch with context words from position j on; return the position after the last one.

    The words of a batch are distinct, because its updates are computed together: a batch ends before a word that it
    already contains.
    """
    cdef InputBatch *batch = &s.batch
    cdef uint64_t filter = 0
    cdef uint32_t word
    batch.n = 0
    while j < center.high and batch.n < MAX_INPUTS:
        if j != center.position:
            word = s.pipeline.kept[j]
            if find_repeat(batch.words, 0, batch.n, word, &filter) < batch.n:
                return j
            batch.words[batch.n] = word
            batch.inputs[batch.n] = acquire(&s.syn0, word)
            if net.left_weights != NULL:
                batch.weights[batch.n] = distance_weight(net, j - center.position)
            batch.n += 1
        j += 1
    return j


cdef void train_batch(const Net *net, Scratch *s, const Targets *targets, bint sequential) noexcept nogil:
    """Train the context words of the input batch, with the rows x_j, against the same targets.

        f_jk = x_j . t_k                                    kernel products
        g_jk = (y_k - sigmoid(f_jk)) * alpha_k              kernel gradients
        x_j += lock_j * sum_k g_jk * t_k                    kernel update
        t_k += sum_j g_jk * x_j

    This is a step on the sum of the losses. If `sequential` is True, the result is that of training the inputs one
    after another. All inputs are distinct rows, so only the targets change between them. Before input j is trained,
    t_k has received the updates of the inputs before it. The logits are then

        f_jk = x_j . t_k + sum_{l < j} (x_j . x_l) * g_lk

    The products x_j . x_l are the Gram matrix of the inputs. If pairs have weights w_j, g_jk is w_j times the above:
    the columns of the Gram matrix are multiplied by the weights first, and the gradients afterwards.
    """
    cdef InputBatch *batch = &s.batch
    cdef float lock[MAX_INPUTS]
    cdef int j, k, m = batch.n, n = targets.n
    net.kernels.products(batch.inputs, m, targets.rows, n, net.dim, batch.logits, targets.stride)
    if sequential:
        for j in range(0, m, 4):                 # four rows at a time, without the products above the diagonal
            net.kernels.products(batch.inputs + j, min(4, m - j), batch.inputs, min(j + 3, m), net.dim,
                                 batch.gram + j * MAX_INPUTS, MAX_INPUTS)
        if net.left_weights != NULL:
            for j in range(m):
                for k in range(j):
                    batch.gram[j * MAX_INPUTS + k] *= batch.weights[k]
        net.kernels.sequential_gradients(batch.logits, batch.gram, MAX_INPUTS, targets.labels, targets.learning_rates,
                                         m, n, targets.stride, batch.gradients)
    else:
        net.kernels.gradients(batch.logits, targets.labels, targets.learning_rates, m, n, targets.stride,
                              batch.gradients)
    if net.left_weights != NULL:
        for j in range(m):
            for k in range(n):
                batch.gradients[j * targets.stride + k] *= batch.weights[j]
    for j in range(m):
        lock[j] = lock_factor(net, batch.words[j])
    net.kernels.update(batch.inputs, m, targets.rows, n, batch.gradients, targets.stride, lock, net.dim,
                       &s.pipeline.prefetches)
    s.pipeline.prefetches.n = 0
    if net.max_norm > 0:
        for j in range(m):
            limit_input(net, batch.words[j], batch.inputs[j])
    if net.tally_loss:
        tally_batch_loss(s, targets)


# --- CBOW: the context words of a window together predict the center word

cdef inline bint reserve_window(const Net *net, Scratch *s) noexcept nogil:
    """Make space for the largest window of the job; return False if memory runs out."""
    cdef int64_t n = min(net.left, s.pipeline.n_kept) + min(net.right, s.pipeline.n_kept)
    return (reserve(<void **>&s.contexts, &s.contexts_capacity, n, sizeof(float *))
            and reserve(<void **>&s.shares, &s.shares_capacity, n, sizeof(float))
            and reserve(<void **>&s.weights, &s.weights_capacity, n if net.left_weights != NULL else 0, sizeof(float)))


cdef void train_cbow(const Net *net, Scratch *s, const Center *center, const Center *next_center,
                     float alpha) noexcept nogil:
    """CBOW with hierarchical softmax, negative sampling, or both.

    A window without context words changes no weight, as x = 0, but it counts as an example and in the loss. A center
    that is skipped because its window is not full counts nowhere.
    """
    cdef int64_t n_contexts
    cdef float total                             # of the weights of the context words
    cdef uint32_t word = s.pipeline.kept[center.position]
    n_contexts = acquire_contexts(s, center)
    total = n_contexts if net.left_weights == NULL else set_weights(net, s, center)
    if net.negative and next_center != NULL:
        prefetch_negatives(net, &s.pipeline, &s.syn1neg, next_center.negatives)
    if n_contexts == 0 and net.full_windows:
        return
    if net.hs:
        set_path_targets(&s.path, &s.syn1, net, word)
        train_window(net, s, center, n_contexts, total, &s.path, alpha)
    if net.sampled_softmax:
        if n_contexts == 0:                      # it predicts nothing, so it is no example
            return
        set_merged_noise_targets(&s.noise, &s.syn1neg, word, center.negatives, net.negative, alpha)
        train_window_softmax(net, s, center, n_contexts, total, &s.noise, alpha)
    elif net.negative:
        set_noise_targets(&s.noise, &s.syn1neg, word, center.negatives, net.negative)
        train_window(net, s, center, n_contexts, total, &s.noise, alpha)
    s.examples += 1


cdef inline int64_t acquire_contexts(Scratch *s, const Center *center) noexcept nogil:
    """Set where the rows of the context words are trained, and return how many there are."""
    cdef const uint32_t *kept = <const uint32_t *>s.pipeline.kept
    cdef int64_t n_left = center.position - center.low, n_right = center.high - center.position - 1
    acquire_rows(&s.syn0, kept + center.low, n_left, s.contexts)
    acquire_rows(&s.syn0, kept + center.position + 1, n_right, s.contexts + n_left)
    return n_left + n_right


cdef float set_weights(const Net *net, Scratch *s, const Center *center) noexcept nogil:
    """Set the weights of the context words by their distances, and return their sum."""
    cdef int64_t m = 0, j
    cdef float total = 0.0
    for j in range(center.low, center.high):
        if j != center.position:
            s.weights[m] = distance_weight(net, j - center.position)
            total += s.weights[m]
            m += 1
    return total


cdef inline void set_hidden(const Net *net, Scratch *s, int64_t n_contexts, float scale) noexcept nogil:
    """Set the input of a window: `scale` times the sum of the rows of its context words, each times its weight."""
    if net.left_weights == NULL:
        net.kernels.sum_rows(s.hidden, s.contexts, n_contexts, net.dim, scale)
    else:
        net.kernels.weigh_rows(s.hidden, s.contexts, s.weights, n_contexts, net.dim, scale)


cdef inline void train_window(const Net *net, Scratch *s, const Center *center, int64_t n_contexts, float total,
                              Targets *targets, float alpha) noexcept nogil:
    """Train a window of m context words; the input x is the mean of their rows x_j (`cbow_mean`), or the sum.

        e    = sum_k g_k * t_k
        t_k += g_k * x
        x_j += lock_j * e           if x is the mean
        x_j += lock_j * e / m       if x is the sum

    The factors of e are gensim's. The gradient of the loss (`corrected_cbow`) has them the other way round. If context
    words have weights w_j, m is `total`, their sum; x_j is multiplied by w_j, and so is the update of x_j.
    """
    cdef float inverse = 1.0 / total if total > 0 else 1.0
    cdef float share = inverse if net.cbow_mean == net.corrected_cbow else 1.0
    set_hidden(net, s, n_contexts, inverse if net.cbow_mean else 1.0)
    train_targets(net, s, s.hidden, targets, alpha)
    if net.n_lockf == 1 and net.left_weights == NULL:
        share = net.lockf[0] * share
        net.kernels.add_rows(s.contexts, n_contexts, s.input_update, net.dim, &share, 0)
    else:
        set_shares(net, s, center, share)
        net.kernels.add_rows(s.contexts, n_contexts, s.input_update, net.dim, s.shares, 1)
    if net.max_norm > 0:
        limit_contexts(net, s, center)
    if net.tally_loss:
        tally_loss(s, targets)


cdef inline void train_window_softmax(const Net *net, Scratch *s, const Center *center, int64_t n_contexts,
                                      float total, Targets *targets, float alpha) noexcept nogil:
    """Train a window of m context words by sampled softmax; the input x is the mean or the sum of their rows.

        x_j += lock_j * e / m       if x is the mean
        x_j += lock_j * e           if x is the sum

    The factors of e are those of the gradient, unlike in `train_window`.
    """
    cdef float share = 1.0 / total if net.cbow_mean and total > 0 else 1.0
    set_hidden(net, s, n_contexts, share)
    train_softmax(net, s, s.hidden, targets, alpha)
    set_shares(net, s, center, share)
    net.kernels.add_rows(s.contexts, n_contexts, s.input_update, net.dim, s.shares, 1)
    if net.max_norm > 0:
        limit_contexts(net, s, center)
        limit_tied_targets(net, targets)


cdef void set_shares(const Net *net, Scratch *s, const Center *center, float share) noexcept nogil:
    """Set the factor on the update of each context word: `share` times its lock factor and its weight."""
    cdef int64_t m = 0, j
    for j in range(center.low, center.high):
        if j != center.position:
            s.shares[m] = share * lock_factor(net, s.pipeline.kept[j])
            if net.left_weights != NULL:
                s.shares[m] *= s.weights[m]
            m += 1


# --- the bound on the norms of input vectors

cdef void limit_input(const Net *net, int64_t word, float *row) noexcept nogil:
    """Limit the norm of the row of a word that was trained as an input; a word whose vector is locked keeps it."""
    if lock_factor(net, word) != 0:
        limit_norm(net, row)


cdef void limit_contexts(const Net *net, const Scratch *s, const Center *center) noexcept nogil:
    """Limit the norms of the context words of a window."""
    cdef int64_t m = 0, j
    for j in range(center.low, center.high):
        if j != center.position:
            limit_input(net, s.pipeline.kept[j], s.contexts[m])
            m += 1


cdef void limit_tied_targets(const Net *net, const Targets *targets) noexcept nogil:
    """Limit the norms of the targets of sampled softmax, if they are input vectors."""
    cdef int k
    if net.tied_weights:
        for k in range(targets.n):
            limit_input(net, targets.words[k], targets.rows[k])


# --- shared by skip-gram and CBOW

cdef inline void train_targets(const Net *net, Scratch *s, float *hidden, Targets *targets, float alpha) noexcept nogil:
    """Update the targets of an input x, and compute the update e of the input.

        e    = sum_k g_k * t_k                      stored in s.input_update
        t_k += g_k * x

    Distinct targets are trained together. Where a row occurs twice, the second update must see the first, so the
    targets are trained one by one.
    """
    cdef int k
    if targets.distinct:
        net.kernels.train_targets(hidden, targets.rows, targets.labels, targets.n, net.dim, alpha, s.input_update,
                                  False, targets.logits, &s.pipeline.prefetches)
        s.pipeline.prefetches.n = 0
    else:
        for k in range(targets.n):
            net.kernels.train_targets(hidden, targets.rows + k, targets.labels + k, 1, net.dim, alpha, s.input_update,
                                      k > 0, targets.logits + k, &s.pipeline.prefetches)
            s.pipeline.prefetches.n = 0


cdef inline void train_softmax(const Net *net, Scratch *s, float *hidden, Targets *targets,
                               float alpha) noexcept nogil:
    """Sampled softmax of an input x: update its targets, and compute the update e of the input.

        f_k   = x . t_k + b_k - log q_k             b: biases; log q: the correction, if there is one
        p_k   = m_k * exp(f_k) / sum_l m_l * exp(f_l)           m_k: the multiplicity of the target
        g_k   = (y_k - p_k) * alpha
        e     = sum_k g_k * t_k                     stored in s.input_update
        t_k  += g_k * x                             with tied weights: times the lock factor of its word
        b_k  += g_k
        loss -= log p_0
    """
    cdef float loss
    cdef const float *steps = targets.gradients
    cdef int k
    net.kernels.products(&hidden, 1, targets.rows, targets.n, net.dim, targets.logits, targets.stride)
    add_offsets(targets.logits, targets, net)
    loss = net.kernels.softmax_gradients(targets.logits, targets.multiplicities, targets.n, alpha, targets.gradients)
    if net.biases != NULL:
        for k in range(targets.n):
            net.biases[targets.words[k]] += targets.gradients[k]
    if net.tied_weights:
        for k in range(targets.n):
            targets.steps[k] = targets.gradients[k] * lock_factor(net, targets.words[k])
        steps = targets.steps
    net.kernels.step_targets(hidden, targets.rows, targets.gradients, steps, targets.n, net.dim, s.input_update,
                             &s.pipeline.prefetches)
    s.pipeline.prefetches.n = 0
    if net.tally_loss:
        s.loss += loss


cdef inline void tally_loss(Scratch *s, const Targets *targets) noexcept nogil:
    """Add the loss of one input."""
    cdef int k
    for k in range(targets.n):
        s.loss -= log_sigmoid(targets.logits[k] if targets.labels[k] > 0.5 else -targets.logits[k])


cdef void tally_batch_loss(Scratch *s, const Targets *targets) noexcept nogil:
    """Add the loss of an input batch; a target of multiplicity k counts k times."""
    cdef InputBatch *batch = &s.batch
    cdef int j, k
    cdef float logit
    for j in range(batch.n):
        for k in range(targets.n):
            logit = batch.logits[j * targets.stride + k]
            s.loss -= log_sigmoid(logit if targets.labels[k] > 0.5 else -logit) * targets.multiplicities[k]
