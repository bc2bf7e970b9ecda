"""Declarations of the job queue for the training loops; `job_queue.pyx` describes it."""

from libc.stdint cimport int32_t, int64_t

cdef extern from "common/platform.h" nogil:
    int64_t counter_load(const int64_t *counter)
    void counter_store(int64_t *counter, int64_t value)
    bint counter_advance(int64_t *counter, int64_t seen)
    void counter_add(int64_t *counter, int64_t value)
    void short_sleep()

cdef struct Job:
    # Consecutive whole sentences that one worker trains with one learning rate.
    const int32_t *ids           # the tokens of the whole chunk: word indices
    const int64_t *offsets       # (n_sentences + 1,): where each sentence of the job starts in ids
    const float *weights         # (n_sentences,): factors on the learning rate; NULL: all are 1
    int64_t n_sentences
    int64_t raw_words            # tokens before unknown words were left out
    float alpha


cdef struct QueueCounters:
    # Atomic counters. Those that different threads write are 128 bytes apart, to prevent false sharing.
    int64_t claimed              # number of the next job to be claimed
    int64_t pad0[15]
    int64_t published            # number of the next job to be pushed
    int64_t pad1[15]
    int64_t closed
    int64_t stopped
    int64_t pad2[14]
    int64_t n_unflushed          # workers whose row replicas may hold updates that the shared rows lack
    int64_t pad3[15]


cdef enum:
    # What `claim` returns instead of the number of a job.
    QUEUE_EMPTY = -1                 # there is no job now, but there may be later
    QUEUE_CLOSED = -2                # there will be no further job


cdef class JobQueue:
    cdef QueueCounters counters
    cdef Job *jobs                   # (capacity,): job k is at k % capacity
    cdef int64_t *done               # (capacity,): done[k % capacity] == k + 1 once job k is trained
    cdef int64_t capacity
    cdef int64_t n_words             # words of the network that trains the jobs
    cdef int64_t n_retired           # all jobs before this one are done; used by the calling thread only
    cdef list _chunks                # (number of the first job after the chunk, its arrays): keeps the arrays alive

    cdef int64_t _retire(self)
    cdef int64_t claim(self) noexcept nogil


cpdef int check_ids(const int32_t[::1] ids, int64_t start, int64_t end, int64_t n_words) except -1
