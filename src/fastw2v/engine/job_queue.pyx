# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Jobs, and the ring that hands them from the calling thread to the workers without the GIL.

A job is a run of whole sentences with one learning rate. The calling thread pushes jobs and closes the feed; workers
claim them by an atomic counter, rest in short sleeps where none is ready, and mark them done. A worker that rests has
given back all that it learnt, and the feed counts those that have not. Nothing here blocks: every claim is answered at
once, by a stopped feed with "no more".
"""

from libc.stdlib cimport calloc, free

import numpy as np


def cut_jobs(const int64_t[::1] raw_lengths, int64_t batch_words, bint first=True):
    """Cut sentences into jobs of at most `batch_words` raw tokens; return the int64 sentence index each starts at.

    A longer sentence is a job of its own. Where the very first sentence of an epoch is one, gensim emits an empty job
    before it, whose seed is drawn all the same; so does this, if `first`.

    Returns
    -------
    int64 array (jobs + 1,)
        Job k holds sentences ``starts[k]:starts[k + 1]``.
    """
    cdef int64_t n = raw_lengths.shape[0], s, n_jobs = 0, words = 0
    starts_array = np.empty(n + 2, dtype=np.int64)
    cdef int64_t[::1] starts = starts_array
    starts[0] = 0
    for s in range(n):
        if words + raw_lengths[s] > batch_words and (s > 0 or first):
            n_jobs += 1
            starts[n_jobs] = s
            words = 0
        words += raw_lengths[s]
    if n:
        n_jobs += 1
        starts[n_jobs] = n
    return starts_array[:n_jobs + 1].copy()


cpdef int check_ids(const int32_t[::1] ids, int64_t start, int64_t end, int64_t n_words) except -1:
    """Raise IndexError unless ids[start:end] are indices of `n_words` words."""
    cdef int64_t t
    cdef int32_t least = 0, most = -1
    if not 0 <= start <= end <= ids.shape[0]:
        raise ValueError(f"sentences from token {start} to {end} do not lie within {ids.shape[0]} tokens")
    for t in range(start, end):
        least = min(least, ids[t])
        most = max(most, ids[t])
    if least < 0 or most >= n_words:
        raise IndexError(
            f"the corpus holds word index {least if least < 0 else most}, but {n_words} words can be trained: "
            "wv.key_to_index was changed since the vocabulary was built; use build_vocab(update=True) to add words")
    return 0


cdef class Feed:
    """A ring of jobs, filled by the calling thread, emptied by the workers without the GIL.

    Parameters
    ----------
    capacity : int
        Jobs that may wait or be under way at once.
    n_words : int
        Words of the network that will train them: no id may reach it.
    """

    def __cinit__(self, Py_ssize_t capacity, int64_t n_words):
        if capacity < 1:
            raise ValueError(f"capacity={capacity} must be at least 1")
        self.capacity, self.n_words = capacity, n_words
        self.jobs = <Job *>calloc(capacity, sizeof(Job))
        self.done = <int64_t *>calloc(capacity, sizeof(int64_t))
        if self.jobs == NULL or self.done == NULL:
            raise MemoryError(f"no memory for {capacity} jobs")
        self._chunks = []

    def __dealloc__(self):
        free(self.jobs)
        free(self.done)

    @property
    def room(self):
        """How many jobs `push` can take now; all, once nothing that was learnt is yet to reach the weights."""
        cdef int64_t under_way = self.ring.published - self._retire()
        return self.capacity - (under_way if under_way else min(counter_load(&self.ring.holding), 1))

    @property
    def waiting(self):
        """How many jobs no worker has taken yet."""
        return counter_load(&self.ring.published) - counter_load(&self.ring.claimed)

    cdef int64_t _retire(self):
        while self.retired < self.ring.published and \
                counter_load(&self.done[self.retired % self.capacity]) == self.retired + 1:
            self.retired += 1
        while self._chunks and self._chunks[0][0] <= self.retired:
            del self._chunks[0]
        return self.retired

    def push(self, const int32_t[::1] ids not None, const int64_t[::1] offsets not None,
             const int64_t[::1] raw_lengths not None, const int64_t[::1] starts not None,
             const float[::1] alphas not None):
        """Hand out jobs: an encoded corpus, the sentence index where each job starts, the alpha of each.

        Raises
        ------
        BufferError
            If there is no room for so many; nothing is handed out then.
        IndexError
            If an id is not that of a word of the network.
        """
        cdef int64_t n_jobs = starts.shape[0] - 1, k, s, number = self.ring.published
        cdef Job *job
        if n_jobs > self.room:
            raise BufferError(f"{n_jobs} jobs pushed, but there is room for {self.room}")
        if alphas.shape[0] != n_jobs or starts[n_jobs] > raw_lengths.shape[0] or \
                offsets.shape[0] != raw_lengths.shape[0] + 1:
            raise ValueError("alphas, starts, offsets and raw_lengths do not belong together")
        check_ids(ids, offsets[starts[0]], offsets[starts[n_jobs]], self.n_words)
        self._chunks.append((number + n_jobs, (ids, offsets)))
        for k in range(n_jobs):
            job = &self.jobs[(number + k) % self.capacity]
            # Sentences may all be empty, and then there is no first id to point at.
            job.ids = &ids[0] if ids.shape[0] else NULL
            job.offsets = &offsets[starts[k]]
            job.n_sentences = starts[k + 1] - starts[k]
            job.alpha = alphas[k]
            job.raw_words = 0
            for s in range(starts[k], starts[k + 1]):
                job.raw_words += raw_lengths[s]
        counter_store(&self.ring.published, number + n_jobs)

    def close(self):
        """Tell the workers that no more jobs will come."""
        counter_store(&self.ring.closed, 1)

    def stop(self):
        """Tell the workers to stop at the next center, leaving the rest untrained."""
        counter_store(&self.ring.stopped, 1)

    @property
    def stopped(self):
        return counter_load(&self.ring.stopped) != 0

    cdef int64_t claim(self) noexcept nogil:
        """The number of a job that is now the caller's, or NONE_YET, or NO_MORE."""
        cdef int64_t number, closed
        while not counter_load(&self.ring.stopped):
            closed = counter_load(&self.ring.closed)
            number = counter_load(&self.ring.claimed)
            if number < counter_load(&self.ring.published):
                if counter_advance(&self.ring.claimed, number):
                    return number
            else:
                return NO_MORE if closed else NONE_YET
        return NO_MORE
