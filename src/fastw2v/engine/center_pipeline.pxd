"""The plan of a job: which tokens are kept, their windows, the negatives of each center.

The draws and their order are those of gensim's iterable mode. Per job: the two halves of the seed of a 48-bit linear
congruential generator come from the model's Mersenne Twister; the generator decides for every token whether it is
kept; one reduced window per kept token comes from the Mersenne Twister again; then the generator draws the negatives,
pair by pair. Within a job nothing depends on other threads, so a corpus of one job is trained the same by any number
of workers.

A center is prepared in three stages, each while another center is trained, which changes no draw (nothing else draws in
between): its negatives are drawn as numbers; where these lie in the noise table is looked up; they become words, whose
rows are sent for. So what a stage reads has had the time of a center to come from memory. Many negatives wait for the
table together, and become words at once.
"""

from cpython.pythread cimport PyThread_acquire_lock, PyThread_release_lock
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memset

from fastw2v.engine.negative_sampling cimport SEED_HALF, draw_mask, draw_noise, expect_entries, find_negatives, lcg_draw
from fastw2v.engine.row_replicas cimport shared_or_copied
from fastw2v.engine.job_queue cimport Job
from fastw2v.engine.network cimport Net, row_of
from fastw2v.engine.negative_pool cimport claim_places, draw_slots, drawn_anew, fill_or_take
from fastw2v.engine.scratch cimport CENTERS, Center, Scratch, reserve

cdef extern from "common/platform.h" nogil:
    void prefetch_row(const float *row, int64_t n_lines)

cdef enum:
    FEW = 16                         # negatives of a center, at most, that go through the stages apart


cdef inline bint subsample(const Net *net, Scratch *s, const Job *job) noexcept nogil:
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


cdef inline bint draw_windows(const Net *net, Scratch *s) noexcept nogil:
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


cdef inline bint prepare_job(const Net *net, Scratch *s, const Job *job) noexcept nogil:
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
    s.sentence = s.sentence_start = s.pool.n = 0
    return prepared


cdef inline void expect_row(const Net *net, Scratch *s, float *row) noexcept nogil:
    """A row comes: its first lines are sent for now, those left by the next kernel that runs."""
    prefetch_row(row, net.early_lines)
    if net.early_lines < net.row_lines:
        s.coming.rows[s.coming.n] = row
        s.coming.n += 1


cdef inline void expect_negatives(const Net *net, Scratch *s, const uint32_t *negatives) noexcept nogil:
    cdef int64_t d
    for d in range(net.negative):
        expect_row(net, s, shared_or_copied(&s.words, negatives[d]))


cdef inline Center *center_at(Scratch *s, int64_t position) noexcept nogil:
    return &s.centers[position & (CENTERS - 1)]


cdef inline bint draw_center(const Net *net, Scratch *s, int64_t position) noexcept nogil:
    """Find the window of a center and draw its negatives, as numbers yet."""
    cdef int64_t reach = net.window - s.reduced[position], n = net.negative
    cdef Center *center = center_at(s, position)
    while position >= s.ends[s.sentence]:
        s.sentence_start = s.ends[s.sentence]
        s.sentence += 1
    center.position = position
    center.low = max(s.sentence_start, position - reach)
    center.high = min(s.ends[s.sentence], position + reach + 1)
    if net.skip_gram and not net.shared_negatives:
        n *= center.high - center.low - 1
    if not reserve(<void **>&center.negatives, &center.capacity, n, sizeof(uint32_t)):
        return False
    if net.shared_negatives:
        center.place = claim_places(&s.pool, net.negative)
        n = drawn_anew(center.place, net.negative)
    if net.negative:
        draw_noise(&net.noise, s.part, &s.lcg, center.negatives, n)
    if net.shared_negatives:
        draw_slots(&s.lcg, center.negatives, n, net.negative)
    center.n_drawn = n
    if n > FEW:
        expect_entries(&net.noise, center.negatives, n)
        find_negatives(&net.noise, center.negatives, n)
        center.n_drawn = 0
    return True


cdef inline void plan_center(const Net *net, Scratch *s, Center *center) noexcept nogil:
    """Find the negatives of a center, and expect the rows that it will need whatever these are."""
    cdef int64_t ahead = min(center.position + net.window + 1, s.n_kept - 1), node
    cdef int64_t word = s.kept[center.position]
    s.coming.n = 0
    expect_row(net, s, row_of(net.syn0, net, s.kept[ahead]))
    if net.negative:
        expect_row(net, s, shared_or_copied(&s.words, word))
        find_negatives(&net.noise, center.negatives, center.n_drawn)
    if net.shared_negatives:
        fill_or_take(&s.pool, center.place, center.negatives, net.negative)
    if net.hs:
        node = net.path_starts[word + 1] - 1
        while node >= net.path_starts[word] and net.points[node] < net.near_nodes:
            expect_row(net, s, row_of(net.syn1, net, net.points[node]))
            node -= 1


cdef inline bint prepare_centers(const Net *net, Scratch *s, int64_t position) noexcept nogil:
    """Take the centers after a position each one stage further; False if memory ran out."""
    cdef Center *center
    if 0 <= position + 1 < s.n_kept:
        plan_center(net, s, center_at(s, position + 1))
    if 0 <= position + 2 < s.n_kept:
        center = center_at(s, position + 2)
        expect_entries(&net.noise, center.negatives, center.n_drawn)
    return position + 3 >= s.n_kept or draw_center(net, s, position + 3)
