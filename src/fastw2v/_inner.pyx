# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The training loops: job -> kept tokens -> windows -> negatives -> row kernels, all without the GIL.

`_network.Network` holds what is trained and all that training needs to know. `Worker` owns one thread's scratch memory
and tallies; its `run` takes jobs from a `_jobs.Feed` until that is closed.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from fastw2v.engine.negative_sampling cimport noise_part, part_of_noise
from fastw2v.engine.row_replicas cimport give_all_back, row_to_train
from fastw2v.engine.job_queue cimport (
    NONE_YET, NO_MORE, Feed, Job, Ring, counter_add, counter_load, counter_store, short_sleep,
)
from fastw2v.engine.kernels cimport LINE_COLUMNS, log_sigmoid
from fastw2v.engine.network cimport Net, Network, lock_factor, row_of
from fastw2v.engine.center_pipeline cimport center_at, expect_negatives, prepare_centers, prepare_job
from fastw2v.engine.scratch cimport (
    CENTERS, OWN_LINES, RUN, Carver, Center, Run, Scratch, Tally, carve, carve_copies, reserve,
)

cdef enum:
    WHOLE_JOBS = 32                  # of an epoch, the first, draw from the whole noise distribution
    MOST_PARTS = 16                  # of it, and each has 32 stripes


cdef inline bint seen_before(uint64_t *seen, uint32_t word) noexcept nogil:
    """Whether a word may be among those seen: one bit for every 64th. False is certain, and spares comparisons."""
    cdef uint64_t bit = <uint64_t>1 << (word & 63), before = seen[0]
    seen[0] |= bit
    return (before & bit) != 0


cdef inline int noise_targets(const Net *net, Scratch *s, uint32_t word, const uint32_t *negatives,
                              bint *distinct) noexcept nogil:
    """The word itself and its negatives as target rows; a negative that is the word itself is left out."""
    cdef float **rows = s.rows
    cdef uint32_t *targets = s.targets
    cdef uint32_t negative
    cdef uint64_t seen = 0
    cdef int n = 1, k = net.negative, d, e
    distinct[0] = True
    rows[0] = row_to_train(&s.words, word)
    for d in range(k):
        negative = negatives[d]
        if negative == word:
            continue
        if distinct[0] and seen_before(&seen, negative):
            for e in range(1, n):
                if targets[e] == negative:
                    distinct[0] = False
        targets[n] = negative
        rows[n] = row_to_train(&s.words, negative)
        n += 1
    return n


cdef inline int path_targets(const Net *net, Scratch *s, uint32_t word) noexcept nogil:
    """The inner nodes on the word's Huffman path as target rows; bit 0 is the positive label."""
    cdef int64_t start = net.path_starts[word]
    cdef int n = <int>(net.path_starts[word + 1] - start), d
    for d in range(n):
        s.rows[d] = row_to_train(&s.nodes, net.points[start + d])
        s.path_labels[d] = 1.0 - net.codes[start + d]
    return n


cdef inline void tally_loss(Scratch *s, const float *labels, int n) noexcept nogil:
    cdef int k
    for k in range(n):
        s.loss -= log_sigmoid(s.dots[k] if labels[k] > 0.5 else -s.dots[k])


cdef inline void add_error(const Net *net, Scratch *s, float *x, const float *labels, int n, bint distinct,
                           float alpha) noexcept nogil:
    """Train the targets against x, the error into s.work: together if they are distinct, or else one by one."""
    cdef int k
    if distinct:
        net.kernels.train_targets(x, s.rows, labels, n, net.dim, alpha, s.work, False, s.dots, &s.coming)
        s.coming.n = 0
    else:
        for k in range(n):
            net.kernels.train_targets(x, s.rows + k, labels + k, 1, net.dim, alpha, s.work, k > 0, s.dots + k,
                                      &s.coming)
            s.coming.n = 0


cdef inline void train_pair(const Net *net, Scratch *s, int64_t input_word, const float *labels, int n, bint distinct,
                            float alpha) noexcept nogil:
    """One skip-gram pair: input row of the context word, target rows of the center."""
    cdef float *x = row_of(net.syn0, net, input_word)
    cdef float lockf = lock_factor(net, input_word)
    if distinct:
        net.kernels.train_pair(x, s.rows, labels, n, net.dim, alpha, lockf, s.work, s.dots, &s.coming)
        s.coming.n = 0
    else:
        add_error(net, s, x, labels, n, distinct, alpha)
        net.kernels.add_rows(&x, 1, s.work, net.dim, &lockf, 0)
    if net.tally_loss:
        tally_loss(s, labels, n)


cdef void train_pairs(const Net *net, Scratch *s, const Center *center, const Center *following,
                      float alpha) noexcept nogil:
    """Negative sampling, every context word against the center and negatives of its own."""
    cdef int64_t j, pair = 0, n_pairs = center.high - center.low - 1
    cdef uint32_t word = s.kept[center.position]
    cdef bint distinct
    cdef int n
    for j in range(center.low, center.high):
        if j == center.position:
            continue
        if pair + 1 < n_pairs:
            expect_negatives(net, s, center.negatives + (pair + 1) * net.negative)
        elif following != NULL and following.high - following.low > 1:
            expect_negatives(net, s, following.negatives)
        n = noise_targets(net, s, word, center.negatives + pair * net.negative, &distinct)
        train_pair(net, s, s.kept[j], s.noise_labels, n, distinct, alpha)
        pair += 1


cdef inline int64_t next_run(const Net *net, Scratch *s, const Center *center, int64_t j) noexcept nogil:
    """Fill s.run with context words from position j on, up to one that is among them already; where it ended."""
    cdef Run *run = &s.run
    cdef uint64_t seen = 0
    cdef int k
    run.n = 0
    while j < center.high and run.n < RUN:
        if j != center.position:
            if seen_before(&seen, s.kept[j]):
                for k in range(run.n):
                    if run.words[k] == s.kept[j]:
                        return j
            run.words[run.n] = s.kept[j]
            run.inputs[run.n] = row_of(net.syn0, net, s.kept[j])
            run.n += 1
        j += 1
    return j


cdef inline void set_rates(Run *run, int n, float alpha) noexcept nogil:
    """One learning rate for n targets, each of which counts once."""
    cdef int64_t k
    run.stride = (n + 15) // 16 * 16
    for k in range(n):
        run.rates[k], run.counts[k] = alpha, 1.0
    for k in range(n, run.stride):
        run.rates[k] = 0.0


cdef void train_run(const Net *net, Scratch *s, int n, const float *labels, bint in_turn) noexcept nogil:
    """Train a run against the n targets in s.rows; in turn, as if its words were trained one after another."""
    cdef Run *run = &s.run
    cdef float lockf[RUN]
    cdef int j, m = run.n
    net.kernels.products(run.inputs, m, s.rows, n, net.dim, run.f, run.stride)
    if in_turn:
        for j in range(0, m, 4):                       # what lies above the diagonal is not needed
            net.kernels.products(run.inputs + j, min(4, m - j), run.inputs, min(j + 3, m), net.dim,
                                 run.inner + j * RUN, RUN)
        net.kernels.sequential_gradients(run.f, run.inner, RUN, labels, run.rates, m, n, run.stride, run.g)
    else:
        net.kernels.gradients(run.f, labels, run.rates, m, n, run.stride, run.g)
    for j in range(m):
        lockf[j] = lock_factor(net, run.words[j])
    net.kernels.update(run.inputs, m, s.rows, n, run.g, run.stride, lockf, net.dim, &s.coming)
    s.coming.n = 0
    if net.tally_loss:
        tally_run(s, labels, n)


cdef inline int shared_targets(const Net *net, Scratch *s, uint32_t word, const uint32_t *negatives,
                               float alpha) noexcept nogil:
    """The center and the window's negatives as target rows; one that was drawn twice counts twice."""
    cdef float **rows = s.rows
    cdef float *rates = s.run.rates
    cdef float *counts = s.run.counts
    cdef uint32_t *targets = s.targets
    cdef uint32_t negative
    cdef uint64_t seen = 0
    cdef int n = 1, k = net.negative, d, e
    rows[0], rates[0], counts[0] = row_to_train(&s.words, word), alpha, 1.0
    for d in range(k):
        negative = negatives[d]
        if negative == word:
            continue
        e = 1 if seen_before(&seen, negative) else n
        while e < n and targets[e] != negative:
            e += 1
        if e < n:
            counts[e] += 1.0
            rates[e] = alpha * counts[e]
            continue
        targets[n], rates[n], counts[n] = negative, alpha, 1.0
        rows[n] = row_to_train(&s.words, negative)
        n += 1
    s.run.stride = (n + 15) // 16 * 16
    for e in range(n, <int>s.run.stride):
        rates[e] = 0.0
    return n


cdef void tally_run(Scratch *s, const float *labels, int n) noexcept nogil:
    """Add a run's loss; a target of several negatives counts as often."""
    cdef Run *run = &s.run
    cdef int j, k
    cdef float f
    for j in range(run.n):
        for k in range(n):
            f = run.f[j * run.stride + k]
            s.loss -= log_sigmoid(f if labels[k] > 0.5 else -f) * run.counts[k]


cdef void train_runs(const Net *net, Scratch *s, const Center *center, const Center *following,
                     float alpha) noexcept nogil:
    """Hierarchical softmax, shared negatives, or either with the other kind of negatives: run by run of a window."""
    cdef int64_t j = center.low, pair = 0
    cdef uint32_t word = s.kept[center.position]
    cdef bint distinct
    cdef int n, i
    if net.negative and following != NULL and following.high - following.low > 1:
        expect_negatives(net, s, following.negatives)  # the shared ones, or those of its first pair
    while True:
        j = next_run(net, s, center, j)
        if s.run.n == 0:
            return
        if net.hs:
            n = path_targets(net, s, word)
            if s.run.n == 1:
                train_pair(net, s, s.run.words[0], s.path_labels, n, True, alpha)
            else:
                set_rates(&s.run, n, alpha)
                train_run(net, s, n, s.path_labels, True)
        if net.shared_negatives:
            n = shared_targets(net, s, word, center.negatives, alpha)
            train_run(net, s, n, s.noise_labels, False)
        elif net.negative:
            for i in range(s.run.n):
                n = noise_targets(net, s, word, center.negatives + pair * net.negative, &distinct)
                train_pair(net, s, s.run.words[i], s.noise_labels, n, distinct, alpha)
                pair += 1


cdef void train_skip_gram(const Net *net, Scratch *s, const Center *center, const Center *following,
                          float alpha) noexcept nogil:
    """Train every context word of a center against the center; `following` is the next center, or NULL."""
    if net.hs or net.shared_negatives:
        train_runs(net, s, center, following, alpha)
    else:
        train_pairs(net, s, center, following, alpha)
    s.examples += center.high - center.low - 1


cdef void lock_window(const Net *net, Scratch *s, const Center *center, float share) noexcept nogil:
    """Fill s.factors with what each context word of the window takes of the error."""
    cdef int64_t m = 0, j
    for j in range(center.low, center.high):
        if j != center.position:
            s.factors[m] = share * lock_factor(net, s.kept[j])
            m += 1


cdef inline void train_window(const Net *net, Scratch *s, const Center *center, int64_t n_contexts,
                              const float *labels, int n, bint distinct, float alpha) noexcept nogil:
    """One CBOW window against its targets.

    As in gensim, the mean's error goes to every context word whole, the sum's error divided by their number.
    """
    cdef float share = 1.0 / n_contexts if n_contexts else 1.0
    net.kernels.sum_rows(s.neu1, s.contexts, n_contexts, net.dim, share if net.cbow_mean else 1.0)
    add_error(net, s, s.neu1, labels, n, distinct, alpha)
    if net.n_lockf == 1:
        share = net.lockf[0] if net.cbow_mean else net.lockf[0] * share
        net.kernels.add_rows(s.contexts, n_contexts, s.work, net.dim, &share, 0)
    else:
        lock_window(net, s, center, 1.0 if net.cbow_mean else share)
        net.kernels.add_rows(s.contexts, n_contexts, s.work, net.dim, s.factors, 1)
    if net.tally_loss:
        tally_loss(s, labels, n)


cdef bint train_cbow(const Net *net, Scratch *s, const Center *center, const Center *following,
                     float alpha) noexcept nogil:
    """Train the window of a center against the center; a window of no words still trains its targets' draws."""
    cdef int64_t j, n_contexts = 0
    cdef uint32_t word = s.kept[center.position]
    cdef bint distinct
    cdef int n
    if not (reserve(<void **>&s.contexts, &s.contexts_capacity, center.high - center.low, sizeof(float *))
            and reserve(<void **>&s.factors, &s.factors_capacity, center.high - center.low, sizeof(float))):
        return False
    for j in range(center.low, center.high):
        if j != center.position:
            s.contexts[n_contexts] = row_of(net.syn0, net, s.kept[j])
            n_contexts += 1
    if net.negative and following != NULL:
        expect_negatives(net, s, following.negatives)
    if net.hs:
        n = path_targets(net, s, word)
        train_window(net, s, center, n_contexts, s.path_labels, n, True, alpha)
    if net.negative:
        n = noise_targets(net, s, word, center.negatives, &distinct)
        train_window(net, s, center, n_contexts, s.noise_labels, n, distinct, alpha)
    s.examples += 1
    return True


cdef bint train_job(const Net *net, Scratch *s, const Job *job, const Ring *ring) noexcept nogil:
    """Train one job; False if memory ran out. A stopped feed leaves the rest of it untrained."""
    cdef int64_t position
    cdef Center *center
    cdef Center *following
    s.examples, s.loss = 0, 0.0
    if not prepare_job(net, s, job):
        return False
    for position in range(1 - CENTERS, s.n_kept):          # the first ones prepare the first center
        if counter_load(&ring.stopped):
            s.n_kept = max(position, 0)
            break
        if not prepare_centers(net, s, position):
            return False
        if position < 0:
            continue
        center = center_at(s, position)
        following = center_at(s, position + 1) if position + 1 < s.n_kept else NULL
        if net.skip_gram:
            train_skip_gram(net, s, center, following, job.alpha)
        elif not train_cbow(net, s, center, following, job.alpha):
            return False
    return True


cdef inline noise_part part_of_job(int64_t job, uint32_t first_part, uint32_t n_parts) noexcept nogil:
    """Where a job draws its negatives.

    The first jobs of an epoch draw from the whole: so little text, a single job above all, is trained as by one worker.
    """
    return part_of_noise(0, 1) if job < WHOLE_JOBS else part_of_noise(first_part + <uint32_t>job, n_parts)


cdef void carve_scratch(Carver *carver, Scratch *s, const Net *net, int64_t hot_words, int64_t hot_nodes,
                        int hot_uses) noexcept:
    """Lay out the arrays of a worker."""
    cdef int64_t n_targets = (max(net.negative + 1, net.longest_path, 1) + 15) // 16 * 16
    cdef int64_t n_run = RUN if net.skip_gram and (net.hs or net.shared_negatives) else 0
    cdef int64_t n_words = min(hot_words, net.n_words) if net.negative else 0
    cdef int64_t n_nodes = min(hot_nodes, net.n_words) if net.hs else 0
    s.rows = <float **>carve(carver, n_targets * sizeof(float *))
    s.targets = <uint32_t *>carve(carver, n_targets * sizeof(uint32_t))
    s.noise_labels = <float *>carve(carver, n_targets * sizeof(float))
    s.path_labels = <float *>carve(carver, n_targets * sizeof(float))
    s.dots = <float *>carve(carver, n_targets * sizeof(float))
    s.coming.rows = <float **>carve(carver, (2 + net.longest_path + net.negative) * sizeof(float *))
    s.coming.next = net.early_lines * LINE_COLUMNS
    s.neu1 = <float *>carve(carver, net.dim * sizeof(float))
    s.work = <float *>carve(carver, net.dim * sizeof(float))
    s.run.f = <float *>carve(carver, n_run * n_targets * sizeof(float))
    s.run.g = <float *>carve(carver, n_run * n_targets * sizeof(float))
    s.run.rates = <float *>carve(carver, n_targets * sizeof(float))
    s.run.counts = <float *>carve(carver, n_targets * sizeof(float))
    # The vocabulary is sorted by falling frequency as a rule, and a Huffman tree is numbered towards its root.
    carve_copies(carver, &s.words, net.syn1neg, 0, n_words, net.dim, hot_uses)
    carve_copies(carver, &s.nodes, net.syn1, net.n_words - n_nodes, n_nodes, net.dim, hot_uses)


cdef class Worker:
    """One thread's scratch memory and tallies.

    Parameters
    ----------
    network : Network
        What to train; the workers share it.
    hot_words, hot_nodes : int, default 0
        How many output rows of the most frequent words, and of the inner nodes next to the root, to keep private copies
        of; 0 for the exact order of updates.
    hot_uses : int, default 16
        After how many uses, 255 at most, a copy gives back what it has learnt.
    first_part, n_parts : int, default 0, 1
        Job k of the feed draws its negatives from part ``first_part + k`` modulo `n_parts` of the noise distribution,
        but the first 32 from the whole. `n_parts` is a power of two, 16 at most; 1: always the whole, as gensim does.
    """

    cdef Network network
    cdef void *memory                # of one thread alone: no cache line of it is shared with another worker's
    cdef Scratch *s
    cdef Tally *tally
    cdef double loss
    cdef uint32_t first_part
    cdef uint32_t n_parts

    def __cinit__(self, Network network not None, int64_t hot_words=0, int64_t hot_nodes=0, int hot_uses=16,
                  uint32_t first_part=0, uint32_t n_parts=1):
        cdef Net *net = &network.net
        cdef Carver carver = Carver(0, 0)
        cdef Scratch sizes                                              # its addresses mean nothing
        if not 1 <= hot_uses <= 255:
            raise ValueError(f"hot_uses={hot_uses} must be between 1 and 255")
        if n_parts < 1 or n_parts > MOST_PARTS or n_parts & (n_parts - 1):
            raise ValueError(f"n_parts={n_parts} must be a power of two, {MOST_PARTS} at most")
        self.first_part, self.n_parts = first_part, n_parts
        carve_scratch(&carver, &sizes, net, hot_words, hot_nodes, hot_uses)        # how much, then where
        self.memory = calloc(carver.used + sizeof(Scratch) + sizeof(Tally) + 4 * OWN_LINES, 1)
        if self.memory == NULL:
            raise MemoryError("no memory for a worker's buffers")
        carver = Carver(<uintptr_t>self.memory + OWN_LINES - <uintptr_t>self.memory % OWN_LINES, 0)
        self.s = <Scratch *>carve(&carver, sizeof(Scratch))
        self.tally = <Tally *>carve(&carver, sizeof(Tally))
        carve_scratch(&carver, self.s, net, hot_words, hot_nodes, hot_uses)
        self.s.noise_labels[0] = 1.0
        self.network = network

    def __dealloc__(self):
        if self.memory == NULL:
            return
        free(self.s.kept)
        free(self.s.reduced)
        free(self.s.ends)
        free(self.s.contexts)
        free(self.s.factors)
        for i in range(CENTERS):
            free(self.s.centers[i].negatives)
        free(self.memory)

    def run(self, Feed feed not None):
        """Train jobs of the feed until it is closed and empty, or stopped.

        Raises
        ------
        MemoryError
            If the scratch memory of a job could not be had; the feed is stopped then.
        """
        cdef bint trained = True, holding = False
        cdef int64_t number
        with nogil:
            while trained:
                number = feed.claim()
                if number == NO_MORE:
                    break
                if number == NONE_YET:
                    holding = self.rest(feed, holding)
                    short_sleep()
                    continue
                if not holding:
                    counter_add(&feed.ring.holding, 1)
                    holding = True
                self.s.part = part_of_job(number, self.first_part, self.n_parts)
                trained = self.train(&feed.jobs[number % feed.capacity], &feed.ring)
                if not trained:              # before the job counts as done: nobody may go on from there
                    counter_store(&feed.ring.stopped, 1)
                counter_store(&feed.done[number % feed.capacity], number + 1)
            self.rest(feed, holding)
        if not trained:
            raise MemoryError("no memory for the tokens of a job; lower batch_words or cut long sentences")

    cdef bint rest(self, Feed feed, bint holding) noexcept nogil:
        """Give back all that private copies have learnt; return False: nothing is held any more."""
        if holding:
            give_all_back(&self.s.words)
            give_all_back(&self.s.nodes)
            counter_add(&feed.ring.holding, -1)
        return False

    cdef bint train(self, const Job *job, const Ring *ring) noexcept nogil:
        cdef Tally *tally = self.tally
        cdef int64_t loss_bits
        cdef bint trained = train_job(&self.network.net, self.s, job, ring)
        if not trained:
            return False
        self.loss += self.s.loss
        memcpy(&loss_bits, &self.loss, sizeof(double))
        counter_store(&tally.effective_words, tally.effective_words + self.s.n_kept)
        counter_store(&tally.raw_words, tally.raw_words + job.raw_words)
        counter_store(&tally.sentences, tally.sentences + job.n_sentences)
        counter_store(&tally.examples, tally.examples + self.s.examples)
        counter_store(&tally.loss_bits, loss_bits)
        return True

    def tallies(self):
        """Return (effective words, raw words, sentences, examples, loss) so far; any thread may ask.

        An example is a skip-gram pair or a CBOW window.
        """
        cdef int64_t loss_bits = counter_load(&self.tally.loss_bits)
        cdef double loss
        memcpy(&loss, &loss_bits, sizeof(double))
        return (counter_load(&self.tally.effective_words), counter_load(&self.tally.raw_words),
                counter_load(&self.tally.sentences), counter_load(&self.tally.examples), loss)
