"""Copies of the rows that one job trains, for training in rounds.

In a reproducible training, all jobs of a round begin with the weights at the start of the round. Each job trains its
own copies of the rows that it needs. The copies are stored one after another, in the order in which their words first
occur in the job. The position of a copy is the slot of its word.

The training loops do not distinguish copies from weights. `RowNumbering` holds a network of its own (`Net`), whose
weights are the copies and whose words are the slots. Two steps of the center pipeline replace words by slots: the kept
tokens of the job, right after they are known (`number_tokens`), and the negatives, right after they are looked up
(`number_words`). A word that is new to the job gets the next slot, and its rows are copied. The kept words come first,
so the input vectors of words that are only negatives are not copied, unless they are the output vectors as well (tied
weights). All other tables with an entry for each word that the loops read are gathered by slot: lock factors, Huffman
paths, and the logarithms of the noise probabilities.

`JobRows` is kept until the end of the round, when the copies are merged (`fastw2v._rounds`). It also counts
approximately how often each row was trained, because the merge depends on this number.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

from fastw2v.engine.arena cimport reserve
from fastw2v.engine.network cimport Net, lock_factor
from fastw2v.engine.row_merging cimport Moments, add_row
from fastw2v.engine.row_replicas cimport RowReplicas

cdef extern from "common/platform.h" nogil:
    void prefetch_row(const float *row, int64_t n_lines)
    void prefetch_row_to_read(const float *row, int64_t n_lines)

cdef enum:
    MOMENT_SAMPLE = 256              # largest number of rows of a job that count for its moments
    COPY_DISTANCE = 6                # number of rows by which a prefetch is ahead of the copy
    N_RANGES = 256                   # ranges of consecutive rows of a matrix, each merged by one thread


cdef struct RowCopies:
    # Copies of rows of one matrix. Slot i is the copy of row rows[i].
    int64_t n
    uint32_t *rows               # (n,)
    float *values                # (n, dim)
    float *updates               # (n,): approximately how often the job has trained the row
    int32_t *order               # (n,): the slots, grouped by the range of their rows
    int64_t range_starts[N_RANGES + 1]       # in `order`
    int64_t rows_capacity
    int64_t values_capacity
    int64_t updates_capacity
    int64_t order_capacity


cdef struct JobRows:
    # What a job has trained, until it is merged.
    RowCopies syn0
    RowCopies syn1neg                # empty with tied weights
    RowCopies syn1
    float *biases                    # one for each slot of syn1neg, if the network has biases
    int64_t biases_capacity
    float alpha                      # the learning rate
    Moments inputs                   # of a sample of the rows, after the job
    Moments targets
    # the tallies of the job
    int64_t effective_words
    int64_t examples
    double loss


cdef struct RowNumbering:
    const Net *shared                # the network that is trained
    Net *net                         # the network of the job: its words are slots
    RowReplicas *syn0                # in the scratch memory of the thread; they hold no replicas
    RowReplicas *syn1neg
    RowReplicas *syn1
    JobRows *job
    int64_t n_copied                 # words of the job whose rows are copied
    int32_t *word_slots              # (n_words,): -1 if the word has no slot
    int32_t *node_slots              # (n_words,): slots of the inner nodes of the Huffman tree
    float contexts                   # context words of a center, on the average
    float *lockf                     # the tables of the job, by slot
    float *log_noise
    int64_t *path_starts
    uint32_t *points
    uint8_t *codes
    int64_t lockf_capacity
    int64_t log_noise_capacity
    int64_t starts_capacity
    int64_t points_capacity
    int64_t codes_capacity
    # `number_words`, behind a pointer so that its code stays out of the loops of ordinary training.
    bint (*number)(RowNumbering *, uint32_t *, int64_t) noexcept nogil


cdef inline void free_copies(RowCopies *copies) noexcept:
    free(copies.rows)
    free(copies.values)
    free(copies.updates)
    free(copies.order)


cdef inline void free_job_rows(JobRows *job) noexcept:
    free(job.inputs.rows)
    free(job.targets.rows)
    free_copies(&job.syn0)
    free_copies(&job.syn1neg)
    free_copies(&job.syn1)
    free(job.biases)


cdef inline void free_numbering(RowNumbering *numbering) noexcept:
    free(numbering.word_slots)
    free(numbering.node_slots)
    free(numbering.lockf)
    free(numbering.log_noise)
    free(numbering.path_starts)
    free(numbering.points)
    free(numbering.codes)


cdef inline RowCopies *word_copies(RowNumbering *numbering) noexcept nogil:
    """Return the copies whose slots are those of all words of the job."""
    if numbering.shared.negative and not numbering.shared.tied_weights:
        return &numbering.job.syn1neg
    return &numbering.job.syn0


cdef inline bint reserve_copies(RowCopies *copies, int64_t n, int64_t dim) noexcept nogil:
    """Make space for n slots; return False if memory runs out."""
    return (reserve(<void **>&copies.rows, &copies.rows_capacity, n, sizeof(uint32_t))
            and reserve(<void **>&copies.updates, &copies.updates_capacity, n, sizeof(float))
            and reserve(<void **>&copies.values, &copies.values_capacity, n, dim * sizeof(float)))


cdef inline void copy_rows(RowCopies *copies, const float *matrix, const Net *net, int64_t start) noexcept nogil:
    """Copy the rows of the slots from `start` on."""
    cdef int64_t dim = net.dim, i
    for i in range(start, copies.n):
        if i + COPY_DISTANCE < copies.n:
            prefetch_row_to_read(matrix + copies.rows[i + COPY_DISTANCE] * dim, net.row_lines)
            prefetch_row(copies.values + (i + COPY_DISTANCE) * dim, net.row_lines)
        memcpy(copies.values + i * dim, matrix + copies.rows[i] * dim, dim * sizeof(float))


cdef inline int32_t slot_of(RowCopies *copies, int32_t *slots, uint32_t row) noexcept nogil:
    """Return the slot of a row; a row without a slot gets a new one. Space for a new slot must be reserved."""
    cdef int32_t slot = slots[row]
    if slot < 0:
        slot = slots[row] = <int32_t>copies.n
        copies.rows[slot], copies.updates[slot] = row, 0.0
        copies.n += 1
    return slot


cdef inline void point_at_copies(RowNumbering *numbering) noexcept nogil:
    """Set the pointers of the network of the job to the present arrays of copies and tables."""
    cdef Net *net = numbering.net
    cdef JobRows *job = numbering.job
    net.syn0, net.syn1 = job.syn0.values, job.syn1.values
    net.syn1neg = net.syn0 if net.tied_weights else job.syn1neg.values
    numbering.syn0.matrix, numbering.syn1neg.matrix, numbering.syn1.matrix = net.syn0, net.syn1neg, net.syn1
    if net.biases != NULL:
        net.biases = job.biases
    if net.log_noise != NULL:
        net.log_noise = numbering.log_noise
    if numbering.shared.n_lockf > 1:
        net.lockf, net.n_lockf = numbering.lockf, word_copies(numbering).n


cdef inline bint fill_tables(RowNumbering *numbering, int64_t start) noexcept nogil:
    """Set the tables of the words from slot `start` on; return False if memory runs out."""
    cdef const Net *shared = numbering.shared
    cdef const RowCopies *words = word_copies(numbering)
    cdef int64_t n = words.n, i
    if shared.n_lockf > 1:
        if not reserve(<void **>&numbering.lockf, &numbering.lockf_capacity, n, sizeof(float)):
            return False
        for i in range(start, n):
            numbering.lockf[i] = lock_factor(shared, words.rows[i])
    if shared.log_noise != NULL:
        if not reserve(<void **>&numbering.log_noise, &numbering.log_noise_capacity, n, sizeof(float)):
            return False
        for i in range(start, n):
            numbering.log_noise[i] = shared.log_noise[words.rows[i]]
    if shared.biases != NULL:
        if not reserve(<void **>&numbering.job.biases, &numbering.job.biases_capacity, n, sizeof(float)):
            return False
        for i in range(start, n):
            numbering.job.biases[i] = shared.biases[words.rows[i]]
    return True


cdef inline bint number_tokens(RowNumbering *numbering, int32_t *kept, int64_t n_kept) noexcept nogil:
    """Begin a job: replace its kept tokens by slots, and copy their rows; return False if memory runs out."""
    cdef const Net *shared = numbering.shared
    cdef JobRows *job = numbering.job
    cdef RowCopies *words = word_copies(numbering)
    cdef int64_t most = min(n_kept, shared.n_words), dim = shared.dim, n, i
    cdef float n_targets = shared.negative + 1 if shared.negative else 0
    cdef float center_updates = numbering.contexts if shared.skip_gram else 1.0, updates
    job.syn0.n = job.syn1neg.n = job.syn1.n = 0
    if not (reserve_copies(words, most, dim) and reserve_copies(&job.syn0, most, dim)):
        return False
    for i in range(n_kept):
        kept[i] = slot_of(words, numbering.word_slots, kept[i])
        words.updates[kept[i]] += 1
    n = words.n
    if shared.hs:
        if not number_paths(numbering, words, center_updates):
            return False
        updates = 0
        for i in range(job.syn1.n):
            updates += job.syn1.updates[i]
        n_targets += updates / (center_updates * max(n_kept, <int64_t>1))    # nodes of a center, on the average
    if words == &job.syn1neg:
        job.syn0.n = n
        memcpy(job.syn0.rows, words.rows, n * sizeof(uint32_t))
        memcpy(job.syn0.updates, words.updates, n * sizeof(float))
        for i in range(n):
            words.updates[i] *= center_updates
        copy_rows(words, shared.syn1neg, shared, 0)
    for i in range(n):
        job.syn0.updates[i] *= numbering.contexts * n_targets
    copy_rows(&job.syn0, shared.syn0, shared, 0)
    numbering.n_copied = n
    if not fill_tables(numbering, 0):
        return False
    point_at_copies(numbering)
    return True


cdef inline bint number_paths(RowNumbering *numbering, const RowCopies *words, float weight) noexcept nogil:
    """Gather the Huffman paths of the kept words, with slots instead of inner nodes, and copy the rows of the nodes.

    `words.updates` holds the number of tokens of each word. Each token trains its path `weight` times.
    """
    cdef const Net *shared = numbering.shared
    cdef RowCopies *nodes = &numbering.job.syn1
    cdef int64_t n_points = 0, i, point
    cdef int32_t slot
    for i in range(words.n):
        n_points += shared.path_starts[words.rows[i] + 1] - shared.path_starts[words.rows[i]]
    if not (reserve(<void **>&numbering.path_starts, &numbering.starts_capacity, words.n + 1, sizeof(int64_t))
            and reserve(<void **>&numbering.points, &numbering.points_capacity, n_points, sizeof(uint32_t))
            and reserve(<void **>&numbering.codes, &numbering.codes_capacity, n_points, sizeof(uint8_t))
            and reserve_copies(nodes, min(n_points, shared.n_words), shared.dim)):
        return False
    n_points = 0
    for i in range(words.n):
        numbering.path_starts[i] = n_points
        for point in range(shared.path_starts[words.rows[i]], shared.path_starts[words.rows[i] + 1]):
            slot = slot_of(nodes, numbering.node_slots, shared.points[point])
            nodes.updates[slot] += weight * words.updates[i]
            numbering.points[n_points], numbering.codes[n_points] = slot, shared.codes[point]
            n_points += 1
    numbering.path_starts[words.n] = n_points
    copy_rows(nodes, shared.syn1, shared, 0)
    numbering.net.path_starts, numbering.net.points = numbering.path_starts, numbering.points
    numbering.net.codes = numbering.codes
    return True


cdef inline bint number_words(RowNumbering *numbering, uint32_t *words, int64_t n) noexcept nogil:
    """Replace negatives by slots; return False if memory runs out.

    The rows of those that are new are prefetched. `copy_new_rows` must copy them before they are trained.
    """
    cdef const Net *shared = numbering.shared
    cdef RowCopies *copies = word_copies(numbering)
    cdef int64_t start = copies.n, i
    if not reserve_copies(copies, min(start + n, shared.n_words), shared.dim):
        return False
    for i in range(n):
        words[i] = <uint32_t>slot_of(copies, numbering.word_slots, words[i])
    count_negatives(numbering, words, n)
    for i in range(start, copies.n):
        prefetch_row_to_read(output_row(shared, copies.rows[i]), shared.row_lines)
    if copies.n > start and not fill_tables(numbering, start):
        return False
    point_at_copies(numbering)               # also without new words: the copies may have been moved to a larger array
    return True


cdef inline const float *output_row(const Net *net, int64_t word) noexcept nogil:
    return (net.syn0 if net.tied_weights else net.syn1neg) + word * net.dim


cdef inline void copy_new_rows(RowNumbering *numbering) noexcept nogil:
    """Copy the rows of the negatives that have got slots since the last call."""
    cdef RowCopies *copies = word_copies(numbering)
    if numbering.n_copied < copies.n:
        copy_rows(copies, output_row(numbering.shared, 0), numbering.shared, numbering.n_copied)
        numbering.n_copied = copies.n


cdef inline void count_negatives(RowNumbering *numbering, const uint32_t *slots, int64_t n) noexcept nogil:
    """Count the updates of the rows of negatives: one for each pair or window that has the negative."""
    cdef float *updates = word_copies(numbering).updates
    cdef float each = numbering.contexts if numbering.shared.shared_negatives else 1.0
    cdef int64_t i
    for i in range(n):
        updates[slots[i]] += each


cdef inline void add_sample(Moments *moments, const RowCopies *copies, int64_t dim) noexcept nogil:
    """Add the first copies, which are those of the words that come first in the job."""
    cdef int64_t i
    for i in range(min(copies.n, <int64_t>MOMENT_SAMPLE)):
        add_row(moments, copies.values + i * dim, dim, copies.updates[i])


cdef inline bint order_copies(RowCopies *copies, int64_t n_rows) noexcept nogil:
    """Group the slots by the range of their rows, by counting; return False if memory runs out."""
    cdef int64_t *starts = copies.range_starts
    cdef int64_t in_range = rows_in_range(n_rows), i, range_
    if not reserve(<void **>&copies.order, &copies.order_capacity, copies.n, sizeof(int32_t)):
        return False
    memset(starts, 0, (N_RANGES + 1) * sizeof(int64_t))
    for i in range(copies.n):
        starts[copies.rows[i] // in_range + 1] += 1
    for i in range(N_RANGES):
        starts[i + 1] += starts[i]
    for i in range(copies.n):                # starts[r] becomes the end of range r
        range_ = copies.rows[i] // in_range
        copies.order[starts[range_]] = <int32_t>i
        starts[range_] += 1
    for i in range(N_RANGES, 0, -1):
        starts[i] = starts[i - 1]
    starts[0] = 0
    return True


cdef inline int64_t rows_in_range(int64_t n_rows) noexcept nogil:
    """Return how many consecutive rows are one range."""
    return (n_rows + N_RANGES - 1) // N_RANGES


cdef inline void forget_slots(const RowCopies *copies, int32_t *slots) noexcept nogil:
    """End a job: no row has a slot any more."""
    cdef int64_t i
    for i in range(copies.n):
        slots[copies.rows[i]] = -1
