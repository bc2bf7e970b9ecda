# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Training in rounds: the same weights for every number of threads.

A round is a fixed number of consecutive jobs, the virtual workers. All of them start from the weights as they were at
the beginning of the round and train copies of the rows that they need (engine/job_rows.pxd). When all jobs of the round
are trained, their changes are merged into the weights, for each row in the order of the jobs. Threads only decide who
trains which job, and who merges which range of rows; neither changes a result. The random numbers of a job depend on
the key of the epoch and on the number of the job.

    claim a job of the round -> train its copies -> group them by ranges of rows      until all jobs are trained
    -> claim a range -> merge the copies of its rows                                  until all ranges are merged
    -> count the words and mark the jobs as done                                      one thread, then the next round

How the changes of a row are merged is in engine/row_merging.pxd: their sum for rows that were updated little, their
mean for those that were updated much, and something between them for the others. A row that one job has trained takes
the value of its copy.

docs/development/many-cores.md has the measurements behind the constants.
"""

from cpython.pythread cimport PyThread_allocate_lock, PyThread_free_lock, PyThread_type_lock
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from fastw2v._inner cimport train_job
from fastw2v.engine.arena cimport ARENA_ALIGNMENT, Arena, arena_alloc
from fastw2v.engine.job_queue cimport (
    Job, JobQueue, counter_add, counter_advance, counter_load, counter_store, short_sleep,
)
from fastw2v.engine.job_rows cimport (
    N_RANGES, JobRows, RowCopies, RowNumbering, add_sample, forget_slots, free_job_rows, free_numbering, number_words,
    order_copies, rows_in_range,
)
from fastw2v.engine.network cimport Net, Network, bit_generator, limit_norm, lock_factor
from fastw2v.engine.noise cimport partition_of_job
from fastw2v.engine.row_merging cimport (
    Curvature, MergedRow, Moments, add_to_moments, add_updates, alloc_moments, clear_moments, dot_product,
    factor_across, factor_along, set_curvature,
)
from fastw2v.engine.scratch cimport Scratch, alloc_scratch, free_scratch

cdef extern from "common/platform.h" nogil:
    void prefetch_row(const float *row, int64_t n_lines)

CURVATURE = 0.1                      # of an update, for an input of length 1
ACROSS_SHARE = 0.02                  # of the variance of the rows that is in one direction

cdef enum:
    PREFETCH_DISTANCE = 4            # rows that a merge prefetches ahead
    N_SPINS = 400                    # how often a thread looks for work before it sleeps
    MAX_ROUND_PARTITIONS = 128       # each of them has 4 stripes of the distribution


cdef struct RoundCounters:
    # Atomic counters since the beginning of the epoch; those that different threads write are on lines of their own.
    int64_t n_trained                # jobs
    int64_t pad0[15]
    int64_t claimed_ranges           # the number of the next range to be claimed
    int64_t pad1[15]
    int64_t n_merged                 # ranges
    int64_t pad2[15]
    int64_t n_ended                  # rounds whose last range is merged; their jobs are not marked as done yet
    int64_t n_rounds                 # rounds that are complete
    int64_t pad3[14]
    # What the complete rounds have trained; the calling thread reads it.
    int64_t effective_words
    int64_t raw_words
    int64_t sentences
    int64_t examples
    int64_t loss_bits                # of a double


cdef class Rounds:
    """The rounds of one epoch: the copies of the virtual workers, the counters of the threads, and the tallies.

    Parameters
    ----------
    network : Network
        What to train.
    virtual_workers : int
        The number of jobs of a round.
    key : int
        The random numbers of the epoch follow from it; 0 to 2**64 - 1.
    first_job : int, default 0
        The number of jobs of the epoch that were trained before: a multiple of `virtual_workers`.
    first_partition, n_partitions, n_whole_words : int, default 0, 1, 0
        The partitions of the noise distribution, as those of `fastw2v._inner.Worker`.
    curvature, across_share : float, optional
        The constants of the rule of the merge; `CURVATURE` and `ACROSS_SHARE` by default.

    Raises
    ------
    ValueError
        If a number is out of its range.
    MemoryError
        If the tables of the virtual workers cannot be allocated.
    """

    cdef Network network
    cdef JobRows *jobs               # (virtual_workers,): of the present round
    cdef RoundCounters counters
    cdef double loss
    cdef int64_t n_jobs              # of a complete round
    cdef int64_t first_job
    cdef uint64_t key
    cdef uint32_t first_partition
    cdef uint32_t n_partitions
    cdef uint32_t undivided
    cdef float curvature
    cdef float across_share

    def __cinit__(self, Network network not None, int64_t virtual_workers, uint64_t key, int64_t first_job=0,
                  uint32_t first_partition=0, uint32_t n_partitions=1, int64_t n_whole_words=0, curvature=None,
                  across_share=None):
        cdef int64_t i
        if virtual_workers < 1:
            raise ValueError(f"virtual_workers={virtual_workers} must be at least 1")
        if first_job < 0 or first_job % virtual_workers:
            raise ValueError(f"first_job={first_job} must be a multiple of virtual_workers={virtual_workers}, because "
                             "a training continues at the beginning of a round")
        if n_partitions < 1 or n_partitions > MAX_ROUND_PARTITIONS or n_partitions & (n_partitions - 1):
            raise ValueError(f"n_partitions={n_partitions} must be a power of two, {MAX_ROUND_PARTITIONS} at most")
        self.network, self.n_jobs, self.key, self.first_job = network, virtual_workers, key, first_job
        self.first_partition, self.n_partitions = first_partition, n_partitions
        if n_whole_words > 0 and network.net.negative:
            self.undivided = network.net.noise.cum_table[min(n_whole_words, network.net.n_words) - 1] + 1
        self.curvature = CURVATURE if curvature is None else curvature
        self.across_share = ACROSS_SHARE if across_share is None else across_share
        self.jobs = <JobRows *>calloc(virtual_workers, sizeof(JobRows))
        if self.jobs == NULL:
            raise MemoryError(f"no memory for {virtual_workers} virtual workers; use fewer virtual_workers")
        for i in range(virtual_workers):
            if not (alloc_moments(&self.jobs[i].inputs, network.net.dim)
                    and alloc_moments(&self.jobs[i].targets, network.net.dim)):
                raise MemoryError(f"no memory for {virtual_workers} virtual workers; use fewer virtual_workers")

    def __dealloc__(self):
        cdef int64_t i
        if self.jobs != NULL:
            for i in range(self.n_jobs):
                free_job_rows(&self.jobs[i])
            free(self.jobs)

    def tallies(self):
        """Return (effective words, raw words, sentences, examples, loss) of the complete rounds."""
        cdef int64_t loss_bits = counter_load(&self.counters.loss_bits)
        cdef double loss
        memcpy(&loss, &loss_bits, sizeof(double))
        return (counter_load(&self.counters.effective_words), counter_load(&self.counters.raw_words),
                counter_load(&self.counters.sentences), counter_load(&self.counters.examples), loss)

    cdef void end_round(self, JobQueue queue, int64_t first, int64_t n_jobs) noexcept nogil:
        """Count what a round has trained, mark its jobs as done, and let the threads begin the next one."""
        cdef RoundCounters *counters = &self.counters
        cdef int64_t i, loss_bits
        for i in range(n_jobs):
            counter_add(&counters.effective_words, self.jobs[i].effective_words)
            counter_add(&counters.raw_words, queue.jobs[(first + i) % queue.capacity].raw_words)
            counter_add(&counters.sentences, queue.jobs[(first + i) % queue.capacity].n_sentences)
            counter_add(&counters.examples, self.jobs[i].examples)
            self.loss += self.jobs[i].loss
        memcpy(&loss_bits, &self.loss, sizeof(double))
        counter_store(&counters.loss_bits, loss_bits)
        counter_store(&counters.n_rounds, counters.n_rounds + 1)
        for i in range(n_jobs):
            counter_store(&queue.done[(first + i) % queue.capacity], first + i + 1)

    cdef void merge_range(self, int64_t number, int64_t n_jobs, MergedRow *merged, const Curvature *of_inputs,
                          const Curvature *of_targets) noexcept nogil:
        """Merge the rows of one range of each matrix.

        Parameters
        ----------
        number : int
            The number of the range, 0 to N_RANGES - 1.
        n_jobs : int
            The jobs of the round.
        merged : array
            Zeros, one for each row of a range; zeros again afterwards.
        of_inputs, of_targets : Curvature
            For the rows of inputs, from the targets of the round, and for those of targets, from its inputs.
        """
        cdef const Net *net = &self.network.net
        cdef int64_t first = number * rows_in_range(net.n_words)
        cdef int64_t n = min(rows_in_range(net.n_words), net.n_words - first), i
        cdef float *row
        if n <= 0:
            return
        for i in range(n_jobs):
            self.collect(&self.jobs[i].syn0, net.syn0, self.jobs[i].alpha, of_inputs, number, merged)
        add_changes(net, net.syn0, first, n, merged, of_inputs)
        if net.max_norm > 0:                     # a sum of changes may be longer than each of them
            for i in range(first, first + n):
                row = net.syn0 + i * net.dim
                if merged[i - first].n_jobs and lock_factor(net, i) != 0:
                    limit_norm(net, row)
        memset(merged, 0, n * sizeof(MergedRow))
        if net.negative and not net.tied_weights:
            for i in range(n_jobs):
                self.collect(&self.jobs[i].syn1neg, net.syn1neg, self.jobs[i].alpha, of_targets, number, merged)
            add_changes(net, net.syn1neg, first, n, merged, of_targets)
            memset(merged, 0, n * sizeof(MergedRow))
        if net.biases != NULL:
            for i in range(n_jobs):
                self.collect_biases(&self.jobs[i], number, merged)
            add_bias_changes(net.biases + first, n, merged, self.curvature)
            memset(merged, 0, n * sizeof(MergedRow))
        if net.hs:
            for i in range(n_jobs):
                self.collect(&self.jobs[i].syn1, net.syn1, self.jobs[i].alpha, of_targets, number, merged)
            add_changes(net, net.syn1, first, n, merged, of_targets)
            memset(merged, 0, n * sizeof(MergedRow))

    cdef void collect(self, RowCopies *copies, const float *matrix, float alpha, const Curvature *curvature,
                      int64_t number, MergedRow *merged) noexcept nogil:
        """Add up the changes of one job to the rows of a range of a matrix."""
        cdef int64_t first = number * rows_in_range(self.network.net.n_words), i, c
        cdef int64_t end = copies.range_starts[number + 1], dim = self.network.net.dim
        cdef int64_t n_lines = self.network.net.row_lines
        cdef int32_t slot
        cdef float *values
        cdef float *total
        cdef const float *row
        cdef MergedRow *target
        for i in range(copies.range_starts[number], end):
            if i + PREFETCH_DISTANCE < end:
                slot = copies.order[i + PREFETCH_DISTANCE]
                target = &merged[copies.rows[slot] - first]
                if target.n_jobs:
                    prefetch_row(copies.values + slot * dim, n_lines)
                    prefetch_row(target.values, n_lines)
                    prefetch_row(matrix + copies.rows[slot] * dim, n_lines)
            slot = copies.order[i]
            values, target = copies.values + slot * dim, &merged[copies.rows[slot] - first]
            if add_updates(target, alpha * copies.updates[slot], curvature):
                target.values = values
            else:
                total, row = target.values, matrix + copies.rows[slot] * dim
                for c in range(dim):
                    total[c] += values[c] - row[c]

    cdef void collect_biases(self, JobRows *job, int64_t number, MergedRow *merged) noexcept nogil:
        """Add up the changes of one job to the biases of a range, whose input is always 1."""
        cdef int64_t first = number * rows_in_range(self.network.net.n_words), i
        cdef const RowCopies *copies = &job.syn1neg
        cdef Curvature curvature = bias_curvature(self.curvature)
        cdef int32_t slot
        cdef MergedRow *target
        for i in range(copies.range_starts[number], copies.range_starts[number + 1]):
            slot = copies.order[i]
            target = &merged[copies.rows[slot] - first]
            if add_updates(target, job.alpha * copies.updates[slot], &curvature):
                target.values = job.biases + slot
            else:
                target.values[0] += job.biases[slot] - self.network.net.biases[copies.rows[slot]]


cdef inline void add_changes(const Net *net, float *matrix, int64_t first, int64_t n, const MergedRow *merged,
                             const Curvature *curvature) noexcept nogil:
    """Add the changes of rows first .. first + n - 1, whose parts along the mean and across it have their factors."""
    cdef int64_t i, c, dim = net.dim, n_lines = net.row_lines
    cdef float across, along
    cdef float *row
    cdef float *change
    cdef const float *direction = curvature.direction
    for i in range(n):
        if i + PREFETCH_DISTANCE < n and merged[i + PREFETCH_DISTANCE].n_jobs:
            prefetch_row(merged[i + PREFETCH_DISTANCE].values, n_lines)
            prefetch_row(matrix + (first + i + PREFETCH_DISTANCE) * dim, n_lines)
        if merged[i].n_jobs == 0:
            continue
        row, change = matrix + (first + i) * dim, merged[i].values
        if merged[i].n_jobs == 1:
            memcpy(row, change, dim * sizeof(float))
            continue
        for c in range(dim):
            change[c] -= row[c]
        across = factor_across(&merged[i], curvature)
        along = (factor_along(&merged[i], curvature) - across) * dot_product(change, direction, dim)
        for c in range(dim):
            row[c] += across * change[c] + along * direction[c]


cdef inline Curvature bias_curvature(float rate) noexcept nogil:
    return Curvature(NULL, rate, rate)


cdef inline void add_bias_changes(float *biases, int64_t n, const MergedRow *merged, float rate) noexcept nogil:
    cdef Curvature curvature = bias_curvature(rate)
    cdef int64_t i
    for i in range(n):
        if merged[i].n_jobs:
            biases[i] += factor_across(&merged[i], &curvature) * (merged[i].values[0] - biases[i])


# --- threads

cdef uint64_t mix_bits(uint64_t x) noexcept nogil:
    """The finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014)."""
    x = (x ^ (x >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    x = (x ^ (x >> 27)) * <uint64_t>0x94D049BB133111EB
    return x ^ (x >> 31)


cdef uint32_t next_random(void *state) noexcept nogil:
    """Return 32 random bits of the SplitMix64 generator with this state."""
    cdef uint64_t *counter = <uint64_t *>state
    counter[0] += <uint64_t>0x9E3779B97F4A7C15
    return <uint32_t>(mix_bits(counter[0]) >> 32)


cdef class RoundWorker:
    """The working memory of one thread that trains rounds.

    Parameters
    ----------
    rounds : Rounds
        What the threads of an epoch share.
    reports : bool, default True
        Whether `tallies` are those of the rounds, or zeros: one thread reports for all.

    Raises
    ------
    MemoryError
        If the working memory cannot be allocated.
    """

    cdef Rounds rounds
    cdef bint reports
    cdef void *memory                # holds the arena with `s`
    cdef Scratch *s
    cdef Net net                     # its words are the slots of a job
    cdef RowNumbering numbering
    cdef MergedRow *merged
    cdef bit_generator generator     # of the job, in place of the model's
    cdef uint64_t random_state
    cdef Moments moments
    cdef Curvature of_inputs         # of the loss in round `measured_round`
    cdef Curvature of_targets
    cdef int64_t measured_round
    cdef PyThread_type_lock lock     # never contended: the engine locks the generator that workers share

    def __cinit__(self, Rounds rounds not None, bint reports=True):
        cdef const Net *shared = &rounds.network.net
        cdef RowNumbering *numbering = &self.numbering
        cdef Arena arena = Arena(0, 0)
        cdef Scratch measured
        cdef int64_t slots_size = shared.n_words * sizeof(int32_t)
        self.rounds, self.reports = rounds, reports
        self.net = shared[0]
        self.generator.state, self.generator.next_uint32 = &self.random_state, next_random
        self.lock = PyThread_allocate_lock()
        self.net.generator, self.net.generator_lock = &self.generator, self.lock
        arena_alloc(&arena, sizeof(Scratch))
        alloc_scratch(&arena, &measured, &self.net, 0, 0, 1, 0, 1)
        self.memory = calloc(arena.used + ARENA_ALIGNMENT, 1)     # more, to align the start
        self.merged = <MergedRow *>calloc(rows_in_range(shared.n_words), sizeof(MergedRow))
        self.of_inputs.direction = <float *>calloc(shared.dim, sizeof(float))
        self.of_targets.direction = <float *>calloc(shared.dim, sizeof(float))
        self.measured_round = -1
        numbering.word_slots = <int32_t *>malloc(slots_size)
        numbering.node_slots = <int32_t *>malloc(slots_size if shared.hs else 1)
        if self.lock == NULL or self.memory == NULL or self.merged == NULL or numbering.word_slots == NULL \
                or numbering.node_slots == NULL or self.of_inputs.direction == NULL \
                or self.of_targets.direction == NULL or not alloc_moments(&self.moments, shared.dim):
            raise MemoryError("no memory for the buffers of a worker; use fewer workers")
        memset(numbering.word_slots, 0xFF, slots_size)
        if shared.hs:
            memset(numbering.node_slots, 0xFF, slots_size)
        arena = Arena(<uintptr_t>self.memory + ARENA_ALIGNMENT - <uintptr_t>self.memory % ARENA_ALIGNMENT, 0)
        self.s = <Scratch *>arena_alloc(&arena, sizeof(Scratch))
        alloc_scratch(&arena, self.s, &self.net, 0, 0, 1, 0, 1)
        numbering.shared, numbering.net, numbering.number = shared, &self.net, number_words
        numbering.syn0, numbering.syn1neg, numbering.syn1 = &self.s.syn0, &self.s.syn1neg, &self.s.syn1
        numbering.contexts = (shared.left + shared.right + (shared.left > 0) + (shared.right > 0)) / 2.0 \
            if shared.shrink_windows else shared.left + shared.right
        self.s.pipeline.numbering = numbering

    def __dealloc__(self):
        if self.s != NULL:
            free_scratch(self.s)
        free(self.memory)
        free(self.merged)
        free(self.moments.rows)
        free(self.of_inputs.direction)
        free(self.of_targets.direction)
        free_numbering(&self.numbering)
        if self.lock != NULL:
            PyThread_free_lock(self.lock)

    def run(self, JobQueue queue not None):
        """Train and merge rounds of a queue until it is closed and empty, or stopped.

        Raises
        ------
        MemoryError
            If the copies of a job cannot be allocated. The queue is stopped then.
        """
        cdef Rounds rounds = self.rounds
        cdef RoundCounters *counters = &rounds.counters
        cdef bint trained = True
        cdef int64_t n_rounds, first, published, closed, n_jobs, number, n_idle = 0
        with nogil:
            while trained and not counter_load(&queue.counters.stopped):
                n_rounds = counter_load(&counters.n_rounds)
                first = n_rounds * rounds.n_jobs
                closed = counter_load(&queue.counters.closed)        # before `published`: pushes come before it
                published = counter_load(&queue.counters.published)
                n_jobs = min(published - first, rounds.n_jobs)       # of this round, as far as they are known
                if closed and n_jobs <= 0:
                    break
                number = counter_load(&queue.counters.claimed)
                if number < first + n_jobs:
                    if counter_advance(&queue.counters.claimed, number):
                        trained = self.train(rounds, queue, number)
                        if not trained:
                            counter_store(&queue.counters.stopped, 1)
                        elif not counter_load(&queue.counters.stopped):
                            # A job that was stopped may have slots whose rows are not copied yet, so that its round
                            # must never be merged.
                            counter_add(&counters.n_trained, 1)
                    n_idle = 0
                    continue
                if ((n_jobs == rounds.n_jobs or closed) and counter_load(&counters.n_trained) == first + n_jobs
                        and self.merge(rounds, queue, n_rounds, n_jobs)):
                    n_idle = 0
                    continue
                n_idle += 1
                if n_idle > N_SPINS:
                    short_sleep()
        if not trained:
            raise MemoryError("no memory for the rows of a job; lower batch_words or virtual_workers, or cut long "
                              "sentences")

    def tallies(self):
        """Return (effective words, raw words, sentences, examples, loss); any thread may call it."""
        return self.rounds.tallies() if self.reports else (0, 0, 0, 0, 0.0)

    cdef bint train(self, Rounds rounds, JobQueue queue, int64_t number) noexcept nogil:
        """Train the copies of a job; return False if memory runs out."""
        cdef const Job *job = &queue.jobs[number % queue.capacity]
        cdef JobRows *rows = &rounds.jobs[number % rounds.n_jobs]
        cdef int64_t in_epoch = rounds.first_job + number, n_words = self.numbering.shared.n_words
        cdef bint trained
        self.random_state = mix_bits(rounds.key + mix_bits(<uint64_t>in_epoch))
        self.s.pipeline.partition = partition_of_job(in_epoch, rounds.first_partition, rounds.n_partitions,
                                                     rounds.undivided)
        self.numbering.job = rows
        trained = train_job(&self.net, self.s, job, &queue.counters)
        rows.effective_words, rows.examples, rows.loss = self.s.pipeline.n_kept, self.s.examples, self.s.loss
        rows.alpha = job.alpha
        self.sample_moments(rows)
        forget_slots(&rows.syn0, self.numbering.word_slots)
        forget_slots(&rows.syn1neg, self.numbering.word_slots)
        if self.numbering.shared.hs:
            forget_slots(&rows.syn1, self.numbering.node_slots)
        return (trained and order_copies(&rows.syn0, n_words) and order_copies(&rows.syn1neg, n_words)
                and order_copies(&rows.syn1, n_words))

    cdef void sample_moments(self, JobRows *rows) noexcept nogil:
        """Set the moments of a job."""
        cdef int64_t dim = self.net.dim
        clear_moments(&rows.inputs, dim)
        clear_moments(&rows.targets, dim)
        add_sample(&rows.inputs, &rows.syn0, dim)
        add_sample(&rows.targets, &rows.syn0 if self.net.tied_weights else &rows.syn1neg, dim)
        add_sample(&rows.targets, &rows.syn1, dim)

    cdef void measure(self, Rounds rounds, int64_t n_rounds, int64_t n_jobs) noexcept nogil:
        """Set the curvature of a round, if it is not set yet."""
        cdef const Net *net = &self.net
        cdef double n_averaged = 1.0, rate = rounds.curvature
        cdef int64_t i
        if n_rounds == self.measured_round:
            return
        self.measured_round = n_rounds
        clear_moments(&self.moments, net.dim)
        for i in range(n_jobs):
            add_to_moments(&self.moments, &rounds.jobs[i].targets, net.dim)
        set_curvature(&self.of_inputs, &self.moments, net.dim, rate, rounds.across_share, 1.0)
        clear_moments(&self.moments, net.dim)
        for i in range(n_jobs):
            add_to_moments(&self.moments, &rounds.jobs[i].inputs, net.dim)
        if not net.skip_gram:
            n_averaged = max(self.numbering.contexts, <float>1.0)
            if not net.cbow_mean:                # the input is the sum of the rows: n_averaged times their mean
                rate *= n_averaged * n_averaged
        set_curvature(&self.of_targets, &self.moments, net.dim, rate, rounds.across_share, n_averaged)

    cdef bint merge(self, Rounds rounds, JobQueue queue, int64_t n_rounds, int64_t n_jobs) noexcept nogil:
        """Merge one range of a round whose jobs are trained; return False if all ranges are claimed."""
        cdef RoundCounters *counters = &rounds.counters
        cdef int64_t end = (n_rounds + 1) * N_RANGES
        cdef int64_t number = counter_load(&counters.claimed_ranges)
        if number >= end:
            return False
        if counter_advance(&counters.claimed_ranges, number):
            self.measure(rounds, n_rounds, n_jobs)
            rounds.merge_range(number - n_rounds * N_RANGES, n_jobs, self.merged, &self.of_inputs, &self.of_targets)
            counter_add(&counters.n_merged, 1)
            # Several threads may see the last range merged; one of them ends the round.
            if counter_load(&counters.n_merged) == end and counter_advance(&counters.n_ended, n_rounds):
                rounds.end_round(queue, n_rounds * rounds.n_jobs, n_jobs)
        return True
