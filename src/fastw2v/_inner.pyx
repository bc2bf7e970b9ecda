# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The training loops: job -> kept tokens -> windows -> negatives -> row kernels, all without the GIL.

`Network` holds what is trained and all that training needs to know: the weight arrays, the sampling tables, the
settings, the random state. `Worker` owns one thread's scratch memory and tallies; its `run` takes jobs from a
`_jobs.Feed` until that is closed.

The draws and their order are those of gensim's iterable mode. Per job: the two halves of the seed of a 48-bit linear
congruential generator come from the model's Mersenne Twister; the generator decides for every token whether it is
kept; one reduced window per kept token comes from the Mersenne Twister again; then the generator draws the negatives,
pair by pair. Within a job nothing depends on other threads, so a corpus of one job is trained the same by any number
of workers.

Negatives of a center are drawn one center ahead of their use, which changes no draw (nothing else draws in between)
and lets their rows travel from memory while the center before is trained.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.pythread cimport (
    PyThread_acquire_lock, PyThread_allocate_lock, PyThread_free_lock, PyThread_release_lock, PyThread_type_lock,
)
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset

from fastw2v._jobs cimport Feed, Job, Ring, check_ids, counter_load, counter_store

import os

import numpy as np

cdef extern from "dispatch.h" nogil:
    ctypedef struct row_kernels:
        const char *name
        void (*train_pair)(float *x, float **rows, const float *labels, int n, int64_t dim, float alpha, float lockf,
                           float *work, float *dots) noexcept nogil
        void (*train_targets)(float *x, float **rows, const float *labels, int n, int64_t dim, float alpha,
                              float *work, int added, float *dots) noexcept nogil
        void (*sum_rows)(float *total, float **rows, int64_t n, int64_t dim, float scale) noexcept nogil
        void (*add_rows)(float **rows, int64_t n, const float *delta, int64_t dim, const float *factors,
                         int64_t stride) noexcept nogil
    const row_kernels *row_kernels_at(int index)
    void sigmoid_init()
    float log_sigmoid(float f)
    void prefetch_row(const float *row, int64_t n_lines)

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

sigmoid_init()

SIMD_VARIABLE = "FASTW2V_SIMD"


# --- instruction sets

def instruction_sets():
    """Return the names of the kernel sets that this machine can run, fastest first."""
    cdef int i = 0
    names = []
    while row_kernels_at(i) != NULL:
        names.append(row_kernels_at(i).name.decode())
        i += 1
    return tuple(names)


cdef const row_kernels *_kernels(str name) except NULL:
    """The kernel set of that name; the environment variable FASTW2V_SIMD, or else the fastest one, if it is None."""
    wanted = name or os.environ.get(SIMD_VARIABLE) or None
    names = instruction_sets()
    if wanted is None:
        return row_kernels_at(0)
    if wanted not in names:
        raise ValueError(f"{SIMD_VARIABLE}={wanted!r} is not available here; choose one of {', '.join(names)}")
    return row_kernels_at(names.index(wanted))


def active_instruction_set():
    """Return the name of the kernel set that training uses now."""
    return _kernels(None).name.decode()


# --- random draws

cdef uint64_t LCG_FACTOR = 25214903917
cdef uint64_t LCG_MASK = (<uint64_t>1 << 48) - 1
cdef uint32_t MERSENNE_31 = 0x7FFFFFFF
cdef uint32_t SEED_HALF = (1 << 24) - 1       # randint(0, 2**24) rejects nothing


cdef inline uint32_t lcg_draw(uint64_t *state) noexcept nogil:
    cdef uint32_t value = <uint32_t>(state[0] >> 16)
    state[0] = (state[0] * LCG_FACTOR + 11) & LCG_MASK
    return value


cdef inline uint32_t draw_mask(uint32_t largest) noexcept nogil:
    """The smallest 2^k - 1 that covers `largest`: RandomState.randint masks its draws and rejects what is above."""
    largest |= largest >> 1
    largest |= largest >> 2
    largest |= largest >> 4
    largest |= largest >> 8
    return largest | largest >> 16


cdef inline uint32_t draw_noise(uint64_t *state, const Net *net) noexcept nogil:
    """The index that bisect_left(cum_table, value) gives, by a table of bucket starts and a short scan."""
    cdef uint32_t value = lcg_draw(state), last = net.cum_last
    cdef int64_t index
    if last == MERSENNE_31:
        value = (value & MERSENNE_31) + (value >> 31)
        if value >= MERSENNE_31:
            value -= MERSENNE_31
    else:
        value = value % last
    index = net.guide[value >> net.guide_shift]
    # Most draws end within two steps, which cost less as arithmetic than as branches that nobody can predict.
    index += net.cum_table[index] < value
    index += net.cum_table[index] < value
    while net.cum_table[index] < value:
        index += 1
    return <uint32_t>index


def guide_table(const uint32_t[::1] cum_table):
    """Return (guide, shift): guide[x >> shift] is where the search for x in `cum_table` may start.

    There is at least one bucket a word, so that the scan from there takes half a step on average.
    """
    cdef int64_t n = cum_table.shape[0], n_buckets, bucket, index = 0
    cdef uint64_t last, least_buckets = <uint64_t>max(n, 1024)
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
        guide[bucket] = <int32_t>index
    return guide_array, shift


# --- the network

cdef struct Net:
    int64_t dim
    int64_t n_words
    float *syn0
    float *syn1
    float *syn1neg
    const float *lockf
    int64_t n_lockf
    const uint32_t *sample_ints      # NULL: no subsampling
    const uint32_t *cum_table
    uint32_t cum_last
    const int32_t *guide
    int guide_shift
    const int64_t *path_starts       # Huffman paths of all words, one after another
    const uint32_t *points
    const uint8_t *codes
    int64_t longest_path
    bint skip_gram
    bint hs
    int negative
    int64_t window
    bint shrink_windows
    bint cbow_mean
    bint draws_seed
    bint tally_loss
    int64_t row_lines                # cache lines of a row that are prefetched
    const row_kernels *kernels
    bit_generator *generator
    PyThread_type_lock generator_lock


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
    simd : str, optional
        A name from `instruction_sets()`.
    """

    cdef Net net
    cdef object _arrays

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
                 str simd=None):
        cdef Net *net = &self.net
        cdef int32_t[::1] guide
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
        net.kernels = _kernels(simd)
        net.row_lines = min((net.dim * 4 + 63) // 64 + (1 if net.dim % 16 else 0), 10)
        guide_array = None
        if sample_ints is not None:
            if sample_ints.shape[0] != net.n_words:
                raise ValueError(f"keep probabilities are known for {sample_ints.shape[0]} words, but there are "
                                 f"{net.n_words} vectors; build the vocabulary anew")
            net.sample_ints = &sample_ints[0]
        if negative:
            if syn1neg is None or cum_table is None:
                raise ValueError("negative sampling needs syn1neg and cum_table; build the vocabulary first")
            self._check_rows("syn1neg", syn1neg)
            if cum_table.shape[0] != net.n_words:
                raise ValueError(f"cum_table holds {cum_table.shape[0]} words, but there are {net.n_words} vectors; "
                                 "call make_cum_table(), or build the vocabulary anew")
            guide_array, net.guide_shift = guide_table(cum_table)
            guide = guide_array
            net.syn1neg, net.guide = &syn1neg[0, 0], &guide[0]
            net.cum_table, net.cum_last = &cum_table[0], cum_table[net.n_words - 1]
        if tree is not None:
            if syn1 is None:
                raise ValueError("hierarchical softmax needs syn1; build the vocabulary with hs=1 first")
            self._check_rows("syn1", syn1)
            self._take_tree(tree[0], tree[1], tree[2])
            net.syn1, net.hs = &syn1[0, 0], True
        net.generator = <bit_generator *>PyCapsule_GetPointer(random._bit_generator.capsule, "BitGenerator")
        self._arrays = (syn0, lockf, random, syn1neg, cum_table, guide_array, syn1, tree, sample_ints)

    @property
    def n_words(self):
        """Rows that can be trained."""
        return self.net.n_words

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
        # A vocabulary of one word has an empty path, and then there is no first element to point at.
        self.net.points = &points[0] if points.shape[0] else NULL
        self.net.codes = &codes[0] if codes.shape[0] else NULL
        return 0


# --- workers

cdef struct Center:
    # One center word and what was drawn for it; positions are indices into the job's kept tokens.
    int64_t position
    int64_t low                  # its context is low .. high - 1 without position
    int64_t high
    uint32_t *negatives          # skip-gram: `negative` for each context word in order; CBOW: `negative` in all
    int64_t capacity


cdef struct HotRows:
    # Private copies of the output rows that are drawn most often, so that two cores need not pass each of them to and
    # fro for every update (Vuurens, Eickhoff and de Vries, "Efficient Parallel Learning of Word2Vec", 2016). A copy
    # lives for HOT_USES uses at most; then what it has learnt is added to the shared row.
    int64_t n                    # rows 0 .. n - 1 of syn1neg: the vocabulary is sorted by frequency as a rule
    float *copies                # (n, dim)
    float *origins               # (n, dim): the shared rows as they were copied
    uint8_t *uses                # of each copy; 0: there is none now
    uint8_t *listed              # whether the word is in `used`
    int64_t *used                # words that had a copy in this job
    int64_t n_used


cdef struct Scratch:
    int32_t *kept                # tokens of the job that survived subsampling
    int64_t kept_capacity
    int32_t *reduced             # by how much the window of each is reduced
    int64_t reduced_capacity
    int64_t *ends                # end of each sentence in kept
    int64_t ends_capacity
    int64_t n_kept
    int64_t sentence             # where planning is: the sentence of the next center, and its bounds
    int64_t sentence_start
    uint64_t lcg
    Center center[2]             # the one at hand and the next, in turn
    float **contexts             # CBOW: input rows of the window
    int64_t contexts_capacity
    float *factors               # CBOW: lock factors of the window
    int64_t factors_capacity
    float **rows                 # target rows of the pair at hand, and what they are
    uint32_t *targets
    float *dots
    float *path_labels
    const float *noise_labels    # 1, 0, 0, ...
    float *neu1
    float *work
    HotRows hot
    int64_t examples             # tallies of the job at hand
    double loss


cdef struct Tally:
    # Published by one worker after each job, read by the calling thread.
    int64_t effective_words
    int64_t raw_words
    int64_t sentences
    int64_t examples
    int64_t loss_bits


cdef inline bint reserve(void **memory, int64_t *capacity, int64_t wanted, int64_t item_size) noexcept nogil:
    """Let memory hold at least `wanted` items; False if there is none."""
    cdef void *grown
    if wanted <= capacity[0]:
        return True
    wanted += wanted // 2
    grown = realloc(memory[0], wanted * item_size)
    if grown == NULL:
        return False
    memory[0], capacity[0] = grown, wanted
    return True


cdef bint subsample(const Net *net, Scratch *s, const Job *job) noexcept nogil:
    """Fill s.kept and s.ends; every token of the job costs one draw, even one that cannot be dropped."""
    cdef int64_t n_tokens = job.offsets[job.n_sentences] - job.offsets[0]
    cdef int64_t sentence, t, n = 0
    cdef int32_t word
    if not (reserve(<void **>&s.kept, &s.kept_capacity, n_tokens, sizeof(int32_t))
            and reserve(<void **>&s.ends, &s.ends_capacity, job.n_sentences + 1, sizeof(int64_t))):
        return False
    for sentence in range(job.n_sentences):
        for t in range(job.offsets[sentence], job.offsets[sentence + 1]):
            word = job.ids[t]
            s.kept[n] = word
            n += net.sample_ints == NULL or net.sample_ints[word] >= lcg_draw(&s.lcg)
        s.ends[sentence] = n
    s.n_kept = n
    return True


cdef bint draw_windows(const Net *net, Scratch *s) noexcept nogil:
    """Fill s.reduced from the shared Mersenne Twister; the caller holds its lock."""
    cdef uint32_t largest = <uint32_t>net.window - 1, mask = draw_mask(largest), value
    cdef int64_t n = 0
    if not reserve(<void **>&s.reduced, &s.reduced_capacity, s.n_kept, sizeof(int32_t)):
        return False
    if net.shrink_windows and largest > 0:
        while n < s.n_kept:
            value = net.generator.next_uint32(net.generator.state) & mask
            s.reduced[n] = <int32_t>value    # overwritten by the next draw if it is rejected
            n += value <= largest
    elif s.n_kept:
        memset(s.reduced, 0, s.n_kept * sizeof(int32_t))
    return True


cdef bint prepare_job(const Net *net, Scratch *s, const Job *job) noexcept nogil:
    """Make all the draws of a job but its negatives, in gensim's order."""
    cdef uint64_t high, low
    cdef bint prepared
    if net.draws_seed:
        PyThread_acquire_lock(net.generator_lock, 1)
        high = net.generator.next_uint32(net.generator.state) & SEED_HALF
        low = net.generator.next_uint32(net.generator.state) & SEED_HALF
        PyThread_release_lock(net.generator_lock)
        s.lcg = (high << 24) + low
    if not subsample(net, s, job):
        return False
    PyThread_acquire_lock(net.generator_lock, 1)
    prepared = draw_windows(net, s)
    PyThread_release_lock(net.generator_lock)
    s.sentence = s.sentence_start = 0
    return prepared


cdef inline float *row_of(float *matrix, const Net *net, int64_t word) noexcept nogil:
    return matrix + word * net.dim


cdef inline float lock_factor(const Net *net, int64_t word) noexcept nogil:
    if net.n_lockf == 1:
        return net.lockf[0]
    return net.lockf[word if word < net.n_lockf else word % net.n_lockf]


cdef bint plan_center(const Net *net, Scratch *s, Center *center, int64_t position) noexcept nogil:
    """Find the window of a center, draw its negatives, and send for the rows that it will need first."""
    cdef int64_t reach = net.window - s.reduced[position], n_negatives = net.negative, i, node, ahead
    cdef int64_t word = s.kept[position]
    while position >= s.ends[s.sentence]:
        s.sentence_start = s.ends[s.sentence]
        s.sentence += 1
    center.position = position
    center.low = max(s.sentence_start, position - reach)
    center.high = min(s.ends[s.sentence], position + reach + 1)
    ahead = min(position + net.window + 1, s.n_kept - 1)
    prefetch_row(row_of(net.syn0, net, s.kept[ahead]), net.row_lines)
    if net.negative:
        if net.skip_gram:
            n_negatives *= center.high - center.low - 1
        if not reserve(<void **>&center.negatives, &center.capacity, n_negatives, sizeof(uint32_t)):
            return False
        if word >= s.hot.n:
            prefetch_row(row_of(net.syn1neg, net, word), net.row_lines)
        for i in range(n_negatives):
            center.negatives[i] = draw_noise(&s.lcg, net)
    if net.hs:
        for node in range(net.path_starts[word], net.path_starts[word + 1]):
            prefetch_row(row_of(net.syn1, net, net.points[node]), net.row_lines)
    return True


cdef inline void prefetch_negatives(const Net *net, const HotRows *hot, const uint32_t *negatives) noexcept nogil:
    cdef int64_t d
    for d in range(net.negative):
        if negatives[d] < hot.n and hot.uses[negatives[d]]:
            prefetch_row(row_of(hot.copies, net, negatives[d]), net.row_lines)
        else:
            prefetch_row(row_of(net.syn1neg, net, negatives[d]), net.row_lines)


cdef inline void give_back(const Net *net, HotRows *hot, int64_t word) noexcept nogil:
    """Add what a copy has learnt to the shared row."""
    cdef float *row = row_of(net.syn1neg, net, word)
    cdef float *copy = row_of(hot.copies, net, word)
    cdef float *origin = row_of(hot.origins, net, word)
    cdef int64_t c
    for c in range(net.dim):
        row[c] += copy[c] - origin[c]
    hot.uses[word] = 0


cdef void give_all_back(const Net *net, HotRows *hot) noexcept nogil:
    cdef int64_t i
    for i in range(hot.n_used):
        if hot.uses[hot.used[i]]:
            give_back(net, hot, hot.used[i])
        hot.listed[hot.used[i]] = 0
    hot.n_used = 0


cdef inline float *noise_row(const Net *net, HotRows *hot, int64_t word) noexcept nogil:
    """The output row of a word, or this worker's copy of it."""
    if word >= hot.n:
        return row_of(net.syn1neg, net, word)
    if hot.uses[word] == HOT_USES:
        give_back(net, hot, word)
    if hot.uses[word] == 0:
        memcpy(row_of(hot.copies, net, word), row_of(net.syn1neg, net, word), net.dim * sizeof(float))
        memcpy(row_of(hot.origins, net, word), row_of(hot.copies, net, word), net.dim * sizeof(float))
        if not hot.listed[word]:
            hot.listed[word] = 1
            hot.used[hot.n_used] = word
            hot.n_used += 1
    hot.uses[word] += 1
    return row_of(hot.copies, net, word)


cdef inline int noise_targets(const Net *net, Scratch *s, uint32_t word, const uint32_t *negatives,
                              bint *distinct) noexcept nogil:
    """The word itself and its negatives as target rows; a negative that is the word itself is left out."""
    cdef int n = 1, d, e
    distinct[0] = True
    s.rows[0] = noise_row(net, &s.hot, word)
    for d in range(net.negative):
        if negatives[d] == word:
            continue
        for e in range(1, n if distinct[0] else 0):
            if s.targets[e] == negatives[d]:
                distinct[0] = False
        s.targets[n] = negatives[d]
        s.rows[n] = noise_row(net, &s.hot, negatives[d])
        n += 1
    return n


cdef inline int path_targets(const Net *net, Scratch *s, uint32_t word) noexcept nogil:
    """The inner nodes on the word's Huffman path as target rows; bit 0 is the positive label."""
    cdef int64_t start = net.path_starts[word]
    cdef int n = <int>(net.path_starts[word + 1] - start), d
    for d in range(n):
        s.rows[d] = row_of(net.syn1, net, net.points[start + d])
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
        net.kernels.train_targets(x, s.rows, labels, n, net.dim, alpha, s.work, False, s.dots)
    else:
        for k in range(n):
            net.kernels.train_targets(x, s.rows + k, labels + k, 1, net.dim, alpha, s.work, k > 0, s.dots + k)


cdef inline void train_pair(const Net *net, Scratch *s, int64_t input_word, const float *labels, int n, bint distinct,
                            float alpha) noexcept nogil:
    """One skip-gram pair: input row of the context word, target rows of the center."""
    cdef float *x = row_of(net.syn0, net, input_word)
    cdef float lockf = lock_factor(net, input_word)
    if distinct:
        net.kernels.train_pair(x, s.rows, labels, n, net.dim, alpha, lockf, s.work, s.dots)
    else:
        add_error(net, s, x, labels, n, distinct, alpha)
        net.kernels.add_rows(&x, 1, s.work, net.dim, &lockf, 0)
    if net.tally_loss:
        tally_loss(s, labels, n)


cdef bint train_skip_gram(const Net *net, Scratch *s, const Center *center, const Center *following,
                          float alpha) noexcept nogil:
    """Train every context word of a center against the center; `following` is the next center, or NULL."""
    cdef int64_t j, pair = 0, n_pairs = center.high - center.low - 1
    cdef uint32_t word = s.kept[center.position]
    cdef bint distinct
    cdef int n
    for j in range(center.low, center.high):
        if j == center.position:
            continue
        if net.negative:
            if pair + 1 < n_pairs:
                prefetch_negatives(net, &s.hot, center.negatives + (pair + 1) * net.negative)
            elif following != NULL and following.high - following.low > 1:
                prefetch_negatives(net, &s.hot, following.negatives)
        if net.hs:
            n = path_targets(net, s, word)
            train_pair(net, s, s.kept[j], s.path_labels, n, True, alpha)
        if net.negative:
            n = noise_targets(net, s, word, center.negatives + pair * net.negative, &distinct)
            train_pair(net, s, s.kept[j], s.noise_labels, n, distinct, alpha)
        pair += 1
    s.examples += n_pairs
    return True


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
        prefetch_negatives(net, &s.hot, following.negatives)
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
    if s.n_kept and not plan_center(net, s, &s.center[0], 0):
        return False
    for position in range(s.n_kept):
        if counter_load(&ring.stopped):
            s.n_kept = position
            break
        center = &s.center[position & 1]
        following = NULL
        if position + 1 < s.n_kept:
            following = &s.center[(position + 1) & 1]
            if not plan_center(net, s, following, position + 1):
                return False
        if net.skip_gram:
            train_skip_gram(net, s, center, following, job.alpha)
        elif not train_cbow(net, s, center, following, job.alpha):
            return False
    return True


cdef enum:
    HOT_USES = 16                    # of a private copy, until it is given back
    OWN_LINES = 128                  # processors fetch cache lines in pairs


cdef struct Carver:
    char *start
    int64_t used


cdef void *carve(Carver *carver, int64_t n_bytes) noexcept:
    """The next part of a block of memory, on cache lines of its own."""
    cdef void *part = carver.start + carver.used
    carver.used += (n_bytes + OWN_LINES - 1) // OWN_LINES * OWN_LINES
    return part


cdef int carve_worker(Carver *carver, Worker worker, int64_t n_targets, int64_t dim, int64_t n_hot) except -1:
    """Lay out a worker's memory; with no block to carve only the sizes are summed up."""
    cdef Scratch *s = <Scratch *>carve(carver, sizeof(Scratch))
    cdef Tally *tally = <Tally *>carve(carver, sizeof(Tally))
    cdef void *rows = carve(carver, n_targets * sizeof(float *))
    cdef void *targets = carve(carver, n_targets * sizeof(uint32_t))
    cdef float *noise_labels = <float *>carve(carver, n_targets * sizeof(float))
    cdef void *path_labels = carve(carver, n_targets * sizeof(float))
    cdef void *dots = carve(carver, n_targets * sizeof(float))
    cdef void *neu1 = carve(carver, dim * sizeof(float))
    cdef void *work = carve(carver, dim * sizeof(float))
    cdef void *copies = carve(carver, n_hot * dim * sizeof(float))
    cdef void *origins = carve(carver, n_hot * dim * sizeof(float))
    cdef void *uses = carve(carver, n_hot)
    cdef void *listed = carve(carver, n_hot)
    cdef void *used = carve(carver, n_hot * sizeof(int64_t))
    if carver.start == NULL:
        return 0
    noise_labels[0] = 1.0
    s.rows, s.targets = <float **>rows, <uint32_t *>targets
    s.noise_labels, s.path_labels, s.dots = noise_labels, <float *>path_labels, <float *>dots
    s.neu1, s.work = <float *>neu1, <float *>work
    s.hot.n = n_hot
    s.hot.copies, s.hot.origins = <float *>copies, <float *>origins
    s.hot.uses, s.hot.listed, s.hot.used = <uint8_t *>uses, <uint8_t *>listed, <int64_t *>used
    worker.s, worker.tally = s, tally
    return 0


cdef class Worker:
    """One thread's scratch memory and tallies.

    Parameters
    ----------
    network : Network
        What to train; the workers share it.
    hot_rows : int, default 0
        How many output rows of the most frequent words to keep private copies of; 0 for the exact order of updates.
    """

    cdef Network network
    cdef void *memory                # of one thread alone: no cache line of it is shared with another worker's
    cdef Scratch *s
    cdef Tally *tally
    cdef double loss

    def __cinit__(self, Network network not None, int64_t hot_rows=0):
        cdef Net *net = &network.net
        cdef int64_t n_hot = min(hot_rows, net.n_words) if net.negative else 0
        cdef int64_t n_targets = max(net.negative + 1, net.longest_path, 1)
        cdef Carver carver = Carver(NULL, 0)
        carve_worker(&carver, self, n_targets, net.dim, n_hot)          # how much, then where
        self.memory = calloc(carver.used + 2 * OWN_LINES, 1)
        if self.memory == NULL:
            raise MemoryError("no memory for a worker's buffers")
        carver = Carver(<char *>self.memory + OWN_LINES - <size_t>self.memory % OWN_LINES, 0)
        carve_worker(&carver, self, n_targets, net.dim, n_hot)
        self.network = network

    def __dealloc__(self):
        if self.memory == NULL:
            return
        free(self.s.kept)
        free(self.s.reduced)
        free(self.s.ends)
        free(self.s.contexts)
        free(self.s.factors)
        free(self.s.center[0].negatives)
        free(self.s.center[1].negatives)
        free(self.memory)

    def run(self, Feed feed not None):
        """Train jobs of the feed until it is closed and empty, or stopped.

        Raises
        ------
        MemoryError
            If the scratch memory of a job could not be had; the feed is stopped then.
        """
        cdef bint trained = True
        cdef int64_t number
        with nogil:
            while trained:
                number = feed.claim()
                if number < 0:
                    break
                trained = self.train(&feed.jobs[number % feed.capacity], &feed.ring)
                counter_store(&feed.done[number % feed.capacity], number + 1)
        if not trained:
            feed.stop()
            raise MemoryError("no memory for the tokens of a job; lower batch_words or cut long sentences")

    cdef bint train(self, const Job *job, const Ring *ring) noexcept nogil:
        cdef Tally *tally = self.tally
        cdef int64_t loss_bits
        cdef bint trained = train_job(&self.network.net, self.s, job, ring)
        give_all_back(&self.network.net, &self.s.hot)
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


# --- scoring

def score_sentences(Network network not None, const int32_t[::1] ids not None, const int64_t[::1] offsets not None):
    """Return the log-probability of each sentence under hierarchical softmax, float32 (sentences,).

    Whole windows, no subsampling, no draws (Taddy 2015). The network must have a tree.
    """
    cdef Net *net = &network.net
    cdef Worker worker = Worker(network)
    cdef int64_t n = offsets.shape[0] - 1, sentence
    cdef bint scored = True
    if not net.hs:
        raise ValueError("scoring needs hierarchical softmax (hs=1)")
    check_ids(ids, offsets[0], offsets[n], net.n_words)
    scores_array = np.zeros(n, dtype=np.float32)
    cdef float[::1] scores = scores_array
    with nogil:
        for sentence in range(n):
            if offsets[sentence] == offsets[sentence + 1]:
                continue
            scored = score_sentence(net, worker.s, &ids[offsets[sentence]],
                                    offsets[sentence + 1] - offsets[sentence], &scores[sentence])
            if not scored:
                break
    if not scored:
        raise MemoryError("no memory for the window of a sentence")
    return scores_array


cdef bint score_sentence(const Net *net, Scratch *s, const int32_t *tokens, int64_t n, float *score) noexcept nogil:
    cdef int64_t i, j, low, high, n_contexts
    cdef double total = 0.0
    cdef int n_targets
    for i in range(n):
        low, high = max(<int64_t>0, i - net.window), min(n, i + net.window + 1)
        if not reserve(<void **>&s.contexts, &s.contexts_capacity, high - low, sizeof(float *)):
            return False
        n_contexts = 0
        for j in range(low, high):
            if j != i:
                s.contexts[n_contexts] = row_of(net.syn0, net, tokens[j])
                n_contexts += 1
        n_targets = path_targets(net, s, tokens[i])
        if net.skip_gram:
            for j in range(n_contexts):
                total += path_log_probability(net, s, s.contexts[j], n_targets)
        else:
            net.kernels.sum_rows(s.neu1, s.contexts, n_contexts, net.dim,
                                 1.0 / n_contexts if net.cbow_mean and n_contexts else 1.0)
            total += path_log_probability(net, s, s.neu1, n_targets)
    score[0] = <float>total
    return True


cdef inline double path_log_probability(const Net *net, Scratch *s, const float *x, int n) noexcept nogil:
    """A sum of logarithms over the path; the dot products are few, so float64 scalars do."""
    cdef double total = 0.0, f
    cdef int64_t c
    cdef int k
    for k in range(n):
        f = 0.0
        for c in range(net.dim):
            f += x[c] * s.rows[k][c]
        total += log_sigmoid(<float>(f if s.path_labels[k] > 0.5 else -f))
    return total


# --- for tests

cdef class RowKernels:
    """The row kernels of one instruction set on Python's side, for the tests and the micro-benchmark."""

    cdef const row_kernels *table

    def __cinit__(self, str name=None):
        self.table = _kernels(name)

    @property
    def name(self):
        return self.table.name.decode()

    def train_pair(self, float[::1] x, float[:, ::1] matrix, const int64_t[::1] targets, const float[::1] labels,
                   float alpha, float lockf):
        """Train rows `targets` of `matrix` against x; return their dot products."""
        cdef int n = <int>targets.shape[0], k
        rows = np.empty(n, dtype=np.uintp)
        dots = np.empty(n, dtype=np.float32)
        work = np.empty(x.shape[0], dtype=np.float32)
        cdef size_t[::1] rows_view = rows
        cdef float[::1] dots_view = dots, work_view = work
        for k in range(n):
            rows_view[k] = <size_t>&matrix[targets[k], 0]
        self.table.train_pair(&x[0], <float **>&rows_view[0], &labels[0], n, x.shape[0], alpha, lockf, &work_view[0],
                              &dots_view[0])
        return dots

    def train_targets(self, float[::1] x, float[:, ::1] matrix, const int64_t[::1] targets, const float[::1] labels,
                      float alpha, float[::1] work, bint added):
        """Train rows `targets` of `matrix` against x, the error (added) to `work`; return their dot products."""
        cdef int n = <int>targets.shape[0], k
        rows = np.empty(n, dtype=np.uintp)
        dots = np.empty(n, dtype=np.float32)
        cdef size_t[::1] rows_view = rows
        cdef float[::1] dots_view = dots
        for k in range(n):
            rows_view[k] = <size_t>&matrix[targets[k], 0]
        self.table.train_targets(&x[0], <float **>&rows_view[0], &labels[0], n, x.shape[0], alpha, &work[0], added,
                                 &dots_view[0])
        return dots

    def sum_rows(self, float[:, ::1] matrix, const int64_t[::1] indices, float scale):
        """Return scale times the sum of rows `indices` of `matrix`."""
        cdef int64_t n = indices.shape[0], k
        rows = np.empty(n + 1, dtype=np.uintp)
        total = np.empty(matrix.shape[1], dtype=np.float32)
        cdef size_t[::1] rows_view = rows
        cdef float[::1] total_view = total
        for k in range(n):
            rows_view[k] = <size_t>&matrix[indices[k], 0]
        self.table.sum_rows(&total_view[0], <float **>&rows_view[0], n, matrix.shape[1], scale)
        return total

    def add_rows(self, float[:, ::1] matrix, const int64_t[::1] indices, const float[::1] delta,
                 const float[::1] factors):
        """Add factor times delta to rows `indices` of `matrix`, one after another; one factor, or one a row."""
        cdef int64_t n = indices.shape[0], k
        rows = np.empty(n + 1, dtype=np.uintp)
        cdef size_t[::1] rows_view = rows
        for k in range(n):
            rows_view[k] = <size_t>&matrix[indices[k], 0]
        self.table.add_rows(<float **>&rows_view[0], n, &delta[0], matrix.shape[1], &factors[0],
                            1 if factors.shape[0] > 1 else 0)
