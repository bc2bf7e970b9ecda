"""The center pipeline: kept tokens, windows and negatives of a job, prepared ahead of the training loops.

Order of random numbers. The order is that of gensim with an iterable corpus. For each job, the random numbers are drawn
in these steps:

1. The model's Mersenne Twister gives the two halves of the seed of a 48-bit linear congruential generator (LCG).
2. The LCG decides for every token whether subsampling keeps it.
3. The Mersenne Twister gives one window reduction for each kept token; if the sides of the windows are of different
   lengths, it gives those of all left sides and then those of all right sides. In a job that draws from a partition of
   the noise distribution, which only several workers have, the LCG gives them. The Mersenne Twister is locked while it
   draws, for 10 to 15 ns for each kept token, so that 50 workers that train CBOW would keep it locked all the time.
4. The LCG draws the negatives, center by center.

Within a job, nothing depends on other threads. A corpus of one job therefore gives the same result with any number of
workers.

Stages. While the loops train the center at one position, the centers after it pass through three stages, so that what a
stage reads has been prefetched one center earlier:

* `draw_center` (position + 3) finds the window and draws random numbers: `Center.draws`, and `Center.slots` if some
  negatives come from the pool.
* `look_up_center` (position + 2) prefetches the entries of the noise table where the draws are searched for.
* `resolve_center` (position + 1) turns draws and slots into words, `Center.negatives`, and prefetches weight rows.

The stages do not change the order of the draws, because nothing else draws from the LCG in between. A center with more
than MAX_STAGED_DRAWS draws needs no separate stages, because the memory accesses of its draws overlap with one another.
Its first stage also looks the words up.
"""

from cpython.pythread cimport PyThread_acquire_lock, PyThread_release_lock
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

from fastw2v.engine.arena cimport reserve
from fastw2v.engine.job_queue cimport Job
from fastw2v.engine.job_rows cimport RowNumbering, copy_new_rows, count_negatives, number_tokens
from fastw2v.engine.kernels cimport prefetch_queue
from fastw2v.engine.negative_pool cimport (
    NegativePool, PoolShare, divide_negatives, draw_slots, empty_pool, pool_slot, resolve_slots,
)
from fastw2v.engine.noise cimport (
    HALF_SEED_MASK, draw_noise, lcg_draw, look_up_noise, noise_draw, noise_partition, prefetch_noise_entries,
    randint_mask,
)
from fastw2v.engine.network cimport N_CACHED_NODES, Net, row_of
from fastw2v.engine.row_replicas cimport RowReplicas, peek

cdef extern from "common/platform.h" nogil:
    void prefetch_row(const float *row, int64_t n_lines)

cdef enum:
    N_CENTERS = 4                    # centers in the pipeline, including the trained one; a power of two
    MAX_STAGED_DRAWS = 16            # a center with more draws is looked up at once


cdef struct Center:
    # A center word with its window and negatives. Positions are indices into the kept tokens of the job.
    int64_t position
    int64_t low                  # the context words are those at low .. high - 1, without `position`
    int64_t high
    float weight                 # of the sentence: a factor on the learning rate
    int64_t n_pending            # draws that are not looked up yet
    int64_t n_negatives          # of the whole window; set if there is a pool
    PoolShare share              # which of the negatives are fresh
    noise_draw *draws            # after stage 1: the random numbers of the fresh negatives
    pool_slot *slots             # after stage 1: the slots of the other negatives, if there is a pool
    # After stage 3: words. Skip-gram: `net.negative` for each context word, in order; CBOW and shared negatives:
    # `net.negative` for the whole window.
    uint32_t *negatives
    int64_t draws_capacity
    int64_t slots_capacity
    int64_t negatives_capacity


cdef struct CenterPipeline:
    uint64_t lcg                 # the state of the job's random generator
    noise_partition partition    # the part of the noise distribution from which the job draws
    NegativePool pool
    int32_t *kept                # (n_kept,): the tokens of the job that subsampling keeps
    int32_t *reductions          # (n_kept,): words by which the window of each is reduced on the left side
    int32_t *right_reductions    # (n_kept,): the same for the right side; one array if the lengths are equal
    int64_t *sentence_ends       # (n_sentences,): the end of each sentence in `kept`
    const float *weights         # (n_sentences,): weights of the sentences; NULL: all are 1
    RowNumbering *numbering      # training in rounds: replaces words by slots; NULL: words stay words
    int64_t n_kept
    int64_t sentence             # the sentence that stage 1 has reached, and its first position
    int64_t sentence_start
    Center centers[N_CENTERS]    # the center at position p is centers[p % N_CENTERS]
    prefetch_queue prefetches    # rows of which the next kernel prefetches the remaining cache lines
    int64_t kept_capacity
    int64_t reductions_capacity
    int64_t ends_capacity


cdef inline void free_pipeline(CenterPipeline *pipeline) noexcept:
    """Free the arrays that grow."""
    cdef int i
    free(pipeline.kept)
    free(pipeline.reductions)
    free(pipeline.sentence_ends)
    for i in range(N_CENTERS):
        free(pipeline.centers[i].draws)
        free(pipeline.centers[i].slots)
        free(pipeline.centers[i].negatives)


# --- the start of a job

cdef inline bint start_job(const Net *net, CenterPipeline *pipeline, const Job *job) noexcept nogil:
    """Make all random choices of a job except its negatives, in gensim's order; return False if memory runs out."""
    cdef uint64_t high, low
    cdef bint drawn
    # In rounds (`numbering`), the network itself has one generator for each job, and no other thread uses it.
    cdef bint windows_by_lcg = pipeline.partition.mask != 0 and pipeline.numbering == NULL
    if net.draws_seed or windows_by_lcg:
        PyThread_acquire_lock(net.generator_lock, 1)
        high = net.generator.next_uint32(net.generator.state) & HALF_SEED_MASK
        low = net.generator.next_uint32(net.generator.state) & HALF_SEED_MASK
        PyThread_release_lock(net.generator_lock)
        pipeline.lcg = (high << 24) + low
    if not subsample(net, pipeline, job):
        return False
    if windows_by_lcg:
        drawn = draw_reductions(net, pipeline, windows_by_lcg)
    else:
        PyThread_acquire_lock(net.generator_lock, 1)
        drawn = draw_reductions(net, pipeline, windows_by_lcg)
        PyThread_release_lock(net.generator_lock)
    pipeline.sentence = pipeline.sentence_start = 0
    empty_pool(&pipeline.pool)
    pipeline.weights = job.weights
    if drawn and pipeline.numbering != NULL:
        return number_tokens(pipeline.numbering, pipeline.kept, pipeline.n_kept)
    return drawn


cdef inline bint subsample(const Net *net, CenterPipeline *pipeline, const Job *job) noexcept nogil:
    """Set the kept tokens and the sentence ends. Every token takes one draw, even if it is always kept."""
    cdef int64_t n_tokens = job.offsets[job.n_sentences] - job.offsets[0]
    cdef int64_t sentence, t, n = 0
    cdef int32_t word
    if not (reserve(<void **>&pipeline.kept, &pipeline.kept_capacity, n_tokens, sizeof(int32_t))
            and reserve(<void **>&pipeline.sentence_ends, &pipeline.ends_capacity, job.n_sentences + 1,
                        sizeof(int64_t))):
        return False
    for sentence in range(job.n_sentences):
        for t in range(job.offsets[sentence], job.offsets[sentence + 1]):
            word = job.ids[t]
            pipeline.kept[n] = word              # the next token overwrites it if it is dropped
            n += net.sample_ints == NULL or net.sample_ints[word] >= lcg_draw(&pipeline.lcg)
        pipeline.sentence_ends[sentence] = n
    pipeline.n_kept = n
    return True


cdef inline bint draw_reductions(const Net *net, CenterPipeline *pipeline, bint by_lcg) noexcept nogil:
    """Set the window reductions of a job; return False if memory runs out.

    They come from the LCG of the job, or else from the generator of the network, whose lock the caller holds.
    """
    cdef bint equal = net.left == net.right
    cdef int64_t n = pipeline.n_kept if equal else 2 * pipeline.n_kept
    if not reserve(<void **>&pipeline.reductions, &pipeline.reductions_capacity, n, sizeof(int32_t)):
        return False
    pipeline.right_reductions = pipeline.reductions
    if not equal:
        pipeline.right_reductions += pipeline.n_kept
    draw_side_reductions(net, pipeline, pipeline.reductions, net.left, by_lcg)
    if not equal:
        draw_side_reductions(net, pipeline, pipeline.right_reductions, net.right, by_lcg)
    return True


cdef inline void draw_side_reductions(const Net *net, CenterPipeline *pipeline, int32_t *reductions, int64_t length,
                                      bint by_lcg) noexcept nogil:
    """Set the reductions of the left or right sides of all windows, uniform in [0, length).

    The generator of the network draws them as `RandomState.randint(0, length, n_kept)` does.
    """
    cdef uint32_t largest = <uint32_t>max(length - 1, <int64_t>0), mask = randint_mask(largest), value
    cdef int64_t i = 0, n = pipeline.n_kept
    if net.shrink_windows and largest > 0 and by_lcg:
        for i in range(n):
            reductions[i] = <int32_t>((lcg_draw(&pipeline.lcg) * (<uint64_t>largest + 1)) >> 32)
    elif net.shrink_windows and largest > 0:
        while i < n:
            value = net.generator.next_uint32(net.generator.state) & mask
            reductions[i] = <int32_t>value       # the next draw overwrites it if it is rejected
            i += value <= largest
    elif n:
        memset(reductions, 0, n * sizeof(int32_t))


# --- the stages

cdef inline Center *center_at(CenterPipeline *pipeline, int64_t position) noexcept nogil:
    return &pipeline.centers[position & (N_CENTERS - 1)]


cdef inline bint advance(const Net *net, CenterPipeline *pipeline, const RowReplicas *syn0,
                         const RowReplicas *syn1neg, int64_t position) noexcept nogil:
    """Move the centers after `position` on by one stage each; return False if memory runs out."""
    if pipeline.numbering != NULL:
        copy_new_rows(pipeline.numbering)
    if 0 <= position + 1 < pipeline.n_kept:
        if not resolve_center(net, pipeline, syn0, syn1neg, center_at(pipeline, position + 1)):
            return False
    if 0 <= position + 2 < pipeline.n_kept:
        look_up_center(net, center_at(pipeline, position + 2))
    return position + 3 >= pipeline.n_kept or draw_center(net, pipeline, position + 3)


cdef inline bint draw_center(const Net *net, CenterPipeline *pipeline, int64_t position) noexcept nogil:
    """Stage 1: find the window of a center, and draw random numbers for its negatives."""
    cdef int64_t low = position - net.left + pipeline.reductions[position]
    cdef int64_t high = position + net.right - pipeline.right_reductions[position] + 1
    cdef int64_t n_negatives = net.negative, n_draws
    cdef Center *center = center_at(pipeline, position)
    while position >= pipeline.sentence_ends[pipeline.sentence]:
        pipeline.sentence_start = pipeline.sentence_ends[pipeline.sentence]
        pipeline.sentence += 1
    center.position = position
    center.low = max(pipeline.sentence_start, low)
    center.high = min(pipeline.sentence_ends[pipeline.sentence], high)
    if net.full_windows and (center.low != low or center.high != high):
        center.low, center.high = position, position + 1
    center.weight = 1.0 if pipeline.weights == NULL else pipeline.weights[pipeline.sentence]
    center.n_pending = 0
    if net.negative == 0:
        return True
    if net.skip_gram and not net.shared_negatives:
        n_negatives *= center.high - center.low - 1
    n_draws = n_negatives
    if pipeline.pool.size:
        center.share = divide_negatives(&pipeline.pool, n_negatives)
        n_draws = center.share.n_fresh
        if not reserve(<void **>&center.slots, &center.slots_capacity, center.share.n_slots, sizeof(pool_slot)):
            return False
    if not (reserve(<void **>&center.draws, &center.draws_capacity, n_draws, sizeof(noise_draw))
            and reserve(<void **>&center.negatives, &center.negatives_capacity, n_negatives, sizeof(uint32_t))):
        return False
    draw_noise(&net.noise, pipeline.partition, &pipeline.lcg, center.draws, n_draws)
    if pipeline.pool.size:
        center.n_negatives = n_negatives
        draw_slots(&pipeline.pool, &pipeline.lcg, center.slots, center.share.n_slots)
    if n_draws <= MAX_STAGED_DRAWS:
        center.n_pending = n_draws
    else:
        prefetch_noise_entries(&net.noise, center.draws, n_draws)
        look_up_noise(&net.noise, center.draws, n_draws, center.negatives)
        if pipeline.numbering != NULL:
            return pipeline.numbering.number(pipeline.numbering, center.negatives, n_draws)
    return True


cdef inline void look_up_center(const Net *net, const Center *center) noexcept nogil:
    """Stage 2: prefetch the entries of the noise table that the draws of a center need."""
    prefetch_noise_entries(&net.noise, center.draws, center.n_pending)


cdef inline bint resolve_center(const Net *net, CenterPipeline *pipeline, const RowReplicas *syn0,
                                const RowReplicas *syn1neg, const Center *center) noexcept nogil:
    """Stage 3: find the words of the negatives, and prefetch the rows that do not depend on them.

    Return False if memory runs out.
    """
    cdef int64_t newest = min(center.position + net.right + 1, pipeline.n_kept - 1), node
    cdef int64_t word = pipeline.kept[center.position]
    pipeline.prefetches.n = 0
    schedule_prefetch(net, pipeline, peek(syn0, pipeline.kept[newest]))
    if net.negative:
        schedule_prefetch(net, pipeline, peek(syn1neg, word))
        look_up_noise(&net.noise, center.draws, center.n_pending, center.negatives)
        if pipeline.numbering != NULL and not pipeline.numbering.number(
                pipeline.numbering, center.negatives, center.n_pending):
            return False
    if pipeline.pool.size:
        resolve_slots(&pipeline.pool, center.share, center.slots, center.negatives, center.n_negatives)
        if pipeline.numbering != NULL:
            count_negatives(pipeline.numbering, center.negatives + center.share.n_fresh,
                            center.n_negatives - center.share.n_fresh)
    if net.hs:
        node = net.path_starts[word + 1] - 1
        while (node >= net.path_starts[word]
               and <uint64_t>(net.points[node] - net.first_cached_node) >= <uint64_t>N_CACHED_NODES):
            schedule_prefetch(net, pipeline, row_of(net.syn1, net, net.points[node]))
            node -= 1
    return True


# --- prefetching of weight rows

cdef inline void schedule_prefetch(const Net *net, CenterPipeline *pipeline, float *row) noexcept nogil:
    """Prefetch the first cache lines of a weight row now, and let the next kernel prefetch the others as it runs."""
    prefetch_row(row, net.eager_lines)
    if net.eager_lines < net.row_lines:
        pipeline.prefetches.rows[pipeline.prefetches.n] = row
        pipeline.prefetches.n += 1


cdef inline void prefetch_negatives(const Net *net, CenterPipeline *pipeline, const RowReplicas *syn1neg,
                                    const uint32_t *negatives) noexcept nogil:
    """Schedule prefetches for the rows of the next `net.negative` negatives that the loops train."""
    cdef int64_t i
    for i in range(net.negative):
        schedule_prefetch(net, pipeline, peek(syn1neg, negatives[i]))
