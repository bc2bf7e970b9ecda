# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Jobs, and the queue that passes them from the calling thread to the workers without the GIL.

A job is a sequence of whole sentences with one learning rate. The queue is a ring buffer with one producer and many
consumers: the calling thread pushes jobs and closes the queue; each worker claims the next job with an atomic counter
and marks it as done. No operation blocks. A worker that finds the queue empty flushes its row replicas, sleeps for a
short time and tries again. The queue counts the workers that have not yet flushed theirs.
"""

from libc.stdlib cimport calloc, free

import numpy as np


def cut_jobs(const int64_t[::1] raw_lengths, int64_t batch_words, bint first=True):
    """Cut sentences into jobs of at most `batch_words` raw tokens.

    A longer sentence is a job of its own. If the first sentence of an epoch is longer, an empty job precedes it,
    because gensim makes one and draws a seed for it.

    Parameters
    ----------
    raw_lengths : int64 array (n_sentences,)
        Tokens of each sentence before unknown words were left out.
    batch_words : int
    first : bool, default True
        Whether the epoch begins with these sentences.

    Returns
    -------
    int64 array (n_jobs + 1,)
        Job k consists of the sentences ``starts[k]:starts[k + 1]``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.engine.job_queue import cut_jobs
    >>> cut_jobs(np.array([3, 3, 3, 8, 1]), batch_words=7).tolist()
    [0, 2, 3, 4, 5]
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
    """Check that ids[start:end] are indices of words.

    Raises
    ------
    ValueError
        If `start` and `end` are not a range of `ids`.
    IndexError
        If an id is negative, or not less than `n_words`.
    """
    cdef int64_t t
    cdef int32_t smallest = 0, largest = -1
    if not 0 <= start <= end <= ids.shape[0]:
        raise ValueError(f"offsets from {start} to {end} do not lie within the {ids.shape[0]} tokens of ids")
    for t in range(start, end):
        smallest = min(smallest, ids[t])
        largest = max(largest, ids[t])
    if smallest < 0 or largest >= n_words:
        raise IndexError(
            f"the corpus holds word index {smallest if smallest < 0 else largest}, but {n_words} words can be trained: "
            "wv.key_to_index was changed since the vocabulary was built; use build_vocab(update=True) to add words")
    return 0


cdef class JobQueue:
    """A ring buffer of jobs, filled by the calling thread and emptied by workers without the GIL.

    Parameters
    ----------
    capacity : int
        The largest number of jobs that are in the queue, or claimed and not done, at the same time.
    n_words : int
        The number of words of the network that trains the jobs; every id must be less.
    """

    def __cinit__(self, Py_ssize_t capacity, int64_t n_words):
        if capacity < 1:
            raise ValueError(f"capacity={capacity} must be at least 1")
        self.capacity, self.n_words = capacity, n_words
        self.jobs = <Job *>calloc(capacity, sizeof(Job))
        self.done = <int64_t *>calloc(capacity, sizeof(int64_t))
        if self.jobs == NULL or self.done == NULL:
            raise MemoryError(f"no memory for a queue of {capacity} jobs; use a smaller capacity")
        self._chunks = []

    def __dealloc__(self):
        free(self.jobs)
        free(self.done)

    @property
    def n_free(self):
        """The number of jobs that `push` accepts now.

        It equals the capacity only when all jobs are done and all workers have flushed their row replicas: the weights
        are then complete, and nobody writes to them.
        """
        cdef int64_t n_unfinished = self.counters.published - self._retire()
        return self.capacity - (n_unfinished if n_unfinished else min(counter_load(&self.counters.n_unflushed), 1))

    @property
    def n_waiting(self):
        """The number of jobs that no worker has claimed yet."""
        return counter_load(&self.counters.published) - counter_load(&self.counters.claimed)

    @property
    def stopped(self):
        """Whether `stop` was called, or a worker failed."""
        return counter_load(&self.counters.stopped) != 0

    def push(self, const int32_t[::1] ids not None, const int64_t[::1] offsets not None,
             const int64_t[::1] raw_lengths not None, const int64_t[::1] starts not None,
             const float[::1] alphas not None, const float[::1] weights=None):
        """Append the jobs of an encoded chunk of the corpus.

        Parameters
        ----------
        ids : int32 array (n_tokens,)
            Word indices of all sentences.
        offsets : int64 array (n_sentences + 1,)
            Sentence s holds ``ids[offsets[s]:offsets[s + 1]]``.
        raw_lengths : int64 array (n_sentences,)
            Tokens of each sentence before unknown words were left out.
        starts : int64 array (n_jobs + 1,)
            Job k holds the sentences ``starts[k]:starts[k + 1]``, as `cut_jobs` returns them.
        alphas : float32 array (n_jobs,)
            The learning rate of each job.
        weights : float32 array (n_sentences,), optional
            A factor on the learning rate of each sentence.

        Raises
        ------
        BufferError
            If there are more jobs than `n_free`; none is appended then.
        ValueError
            If the shapes of the arrays do not agree.
        IndexError
            If an id is not the index of a word of the network.
        """
        cdef int64_t n_jobs = starts.shape[0] - 1, k, s, number = self.counters.published
        cdef Job *job
        if n_jobs > self.n_free:
            raise BufferError(f"{n_jobs} jobs were pushed, but the queue has space for {self.n_free}; wait until "
                              "workers have finished more jobs")
        if alphas.shape[0] != n_jobs or starts[n_jobs] > raw_lengths.shape[0] or \
                offsets.shape[0] != raw_lengths.shape[0] + 1 or \
                (weights is not None and weights.shape[0] != raw_lengths.shape[0]):
            raise ValueError(
                f"starts ({starts.shape[0]}), alphas ({alphas.shape[0]}), offsets ({offsets.shape[0]}) and raw_lengths "
                f"({raw_lengths.shape[0]}) do not agree: pass one alpha a job, one offset more than "
                "sentences, and one weight a sentence or no weights")
        check_ids(ids, offsets[starts[0]], offsets[starts[n_jobs]], self.n_words)
        self._chunks.append((number + n_jobs, (ids, offsets, weights)))
        for k in range(n_jobs):
            job = &self.jobs[(number + k) % self.capacity]
            # If all sentences are empty, there is no first id to point at.
            job.ids = &ids[0] if ids.shape[0] else NULL
            job.offsets = &offsets[starts[k]]
            job.weights = NULL
            if weights is not None and starts[k] < weights.shape[0]:
                job.weights = &weights[starts[k]]
            job.n_sentences = starts[k + 1] - starts[k]
            job.alpha = alphas[k]
            job.raw_words = 0
            for s in range(starts[k], starts[k + 1]):
                job.raw_words += raw_lengths[s]
        counter_store(&self.counters.published, number + n_jobs)

    def close(self):
        """Tell the workers to return once the queue is empty."""
        counter_store(&self.counters.closed, 1)

    def stop(self):
        """Tell the workers to return at the next center word; the remaining words are not trained."""
        counter_store(&self.counters.stopped, 1)

    cdef int64_t _retire(self):
        """Release the arrays of chunks whose jobs are all done; return the number of the first job that is not."""
        while self.n_retired < self.counters.published and \
                counter_load(&self.done[self.n_retired % self.capacity]) == self.n_retired + 1:
            self.n_retired += 1
        while self._chunks and self._chunks[0][0] <= self.n_retired:
            del self._chunks[0]
        return self.n_retired

    cdef int64_t claim(self) noexcept nogil:
        """Return the number of a job that the caller must train now, or QUEUE_EMPTY, or QUEUE_CLOSED."""
        cdef int64_t number, closed
        while not counter_load(&self.counters.stopped):
            closed = counter_load(&self.counters.closed)     # before `published`: pushes come before the closing
            number = counter_load(&self.counters.claimed)
            if number < counter_load(&self.counters.published):
                if counter_advance(&self.counters.claimed, number):
                    return number
            else:
                return QUEUE_CLOSED if closed else QUEUE_EMPTY
        return QUEUE_CLOSED
