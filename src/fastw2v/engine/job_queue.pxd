from libc.stdint cimport int32_t, int64_t

cdef extern from "common/platform.h" nogil:
    int64_t counter_load(const int64_t *counter)
    void counter_store(int64_t *counter, int64_t value)
    bint counter_advance(int64_t *counter, int64_t seen)
    void counter_add(int64_t *counter, int64_t value)
    void short_sleep()

cdef struct Job:
    const int32_t *ids
    const int64_t *offsets       # of its sentences, into ids
    int64_t n_sentences
    int64_t raw_words
    float alpha


cdef struct Ring:
    # Counters that different threads write stand on cache lines of their own.
    int64_t claimed
    int64_t pad0[15]
    int64_t published
    int64_t pad1[15]
    int64_t closed
    int64_t stopped
    int64_t pad2[14]
    int64_t holding              # workers that have yet to give back what their private copies have learnt
    int64_t pad3[15]


cdef enum:
    NONE_YET = -1                # answers to a claim, in place of the number of a job
    NO_MORE = -2


cdef class Feed:
    cdef Ring ring
    cdef Job *jobs
    cdef int64_t *done               # done[k % capacity] == k + 1 once job k is trained
    cdef int64_t capacity
    cdef int64_t n_words             # of the network that the jobs are for
    cdef int64_t retired             # every job before this one is done; known to the calling thread alone
    cdef list _chunks                # (number of the first job after it, arrays), kept alive until then

    cdef int64_t _retire(self)
    cdef int64_t claim(self) noexcept nogil


cpdef int check_ids(const int32_t[::1] ids, int64_t start, int64_t end, int64_t n_words) except -1
