"""What other modules of training loops use of `_inner.pyx`."""

from fastw2v.engine.job_queue cimport Job, QueueCounters
from fastw2v.engine.network cimport Net
from fastw2v.engine.scratch cimport Scratch


cdef bint train_job(const Net *net, Scratch *s, const Job *job, const QueueCounters *counters) noexcept nogil
