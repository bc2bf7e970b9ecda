"""Locks that no exception leaves held.

`ExclusiveLock` is for work that one thread at a time may do on an object, such as training a model. `threading.RLock`
waits for the thread that holds it; a second thread that enters an `ExclusiveLock` gets an error at once, because
waiting for a training is never what a caller wants.

A signal handler that raises can interrupt Python code between acquiring a lock and entering the block that releases
it: from Python 3.14 on even right after the call of a compiled ``__enter__``. A trace function, such as that of a
debugger, can also raise between the end of the block and the release. Therefore ``with lock.hold():``, and, for a lock
of `threading`, ``with holding(lock):`` create an object that acquires the lock, and that releases it at the latest when
the object itself is deleted. The ``with`` statement has the only reference to it.
"""

cimport cython
from cpython.pythread cimport (
    NOWAIT_LOCK, PyThread_acquire_lock, PyThread_allocate_lock, PyThread_free_lock, PyThread_get_thread_ident,
    PyThread_release_lock, PyThread_type_lock,
)

import os

cdef int n_forks = 0                 # how often this process and its ancestors were forked
cdef unsigned long surviving_thread = 0     # the thread that forked, which is the only one that the child has


def _note_fork():
    global n_forks, surviving_thread
    n_forks += 1
    surviving_thread = PyThread_get_thread_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


cdef class ExclusiveLock:
    """A lock that one thread holds at a time, and may acquire again; for any other thread, acquiring it is an error.

    Parameters
    ----------
    message : str
        The text of the RuntimeError that another thread gets.

    Examples
    --------
    >>> lock = ExclusiveLock("another thread is training this model")
    >>> with lock.hold():
    ...     with lock.hold():  # the same thread may acquire it again
    ...         lock.held
    True
    >>> lock.held
    False
    """

    cdef PyThread_type_lock lock
    cdef unsigned long owner         # identity of the thread that holds the lock; 0: none
    cdef int depth                   # how often it holds it
    cdef int forks                   # the number of forks when the lock was last acquired
    cdef str message

    def __cinit__(self, str message not None):
        self.message = message
        self.forks = n_forks
        self.lock = PyThread_allocate_lock()
        if self.lock == NULL:
            raise MemoryError("no memory for a lock")

    def __dealloc__(self):
        if self.lock != NULL:
            PyThread_free_lock(self.lock)

    def __reduce__(self):
        # A copy of an object is another object, which nobody works on, so its lock is new and not held.
        return ExclusiveLock, (self.message,)

    @property
    def held(self):
        """Whether the calling thread holds the lock."""
        return not self._held_in_parent() and self.owner == PyThread_get_thread_ident() and self.depth > 0

    @property
    def held_by_another_thread(self):
        """Whether a thread other than the calling one holds the lock."""
        return not self._held_in_parent() and self.owner != 0 and self.owner != PyThread_get_thread_ident()

    cdef bint _held_in_parent(self) noexcept:
        """Whether the thread that acquired the lock exists in the parent process only."""
        return self.forks != n_forks and self.owner != surviving_thread

    def hold(self):
        """Return a context manager that holds the lock while its block runs.

        Another thread that enters such a block gets a RuntimeError.
        """
        return _Hold(self)

    cpdef int acquire(self) except -1:
        """Acquire the lock, for `hold`, which also releases it."""
        cdef unsigned long me = PyThread_get_thread_ident()
        if self.forks != n_forks:
            self._forget_threads_of_the_parent()
        if self.owner != me:
            if not PyThread_acquire_lock(self.lock, NOWAIT_LOCK):
                raise RuntimeError(self.message)
            self.owner = me
        self.depth += 1
        return 0

    cpdef int release(self) except -1:
        """Release the lock, for `hold`."""
        self.depth -= 1
        if self.depth == 0:
            self.owner = 0
            PyThread_release_lock(self.lock)
        return 0

    cdef int _forget_threads_of_the_parent(self) except -1:
        """Replace a lock that a thread of the parent process held: in the child it would never be released."""
        cdef PyThread_type_lock replacement
        if self.owner == surviving_thread:
            self.forks = n_forks
            return 0
        replacement = PyThread_allocate_lock()
        if replacement == NULL:
            raise MemoryError("no memory for a lock")
        self.lock, self.owner, self.depth, self.forks = replacement, 0, 0, n_forks
        return 0


def holding(lock not None):
    """Return a context manager that holds a lock of `threading` while its block runs; other threads wait for it.

    Parameters
    ----------
    lock : threading.RLock or threading.Lock

    Examples
    --------
    >>> import threading
    >>> lock = threading.Lock()
    >>> with holding(lock):
    ...     lock.locked()
    True
    >>> lock.locked()
    False
    """
    return _Hold(lock)


@cython.no_gc  # no cycle can contain it, and the lock must still be there when it is deleted
cdef class _Hold:
    """One acquisition of a lock, which ends with its block or, if that is never entered, with this object."""

    cdef object lock                 # an ExclusiveLock, or a lock of `threading`
    cdef bint acquired

    def __cinit__(self, lock):
        self.lock = lock

    def __enter__(self):
        self.lock.acquire()
        self.acquired = True

    def __exit__(self, *error):
        self._release()

    def __dealloc__(self):
        self._release()

    cdef int _release(self) except -1:
        if self.acquired:
            self.acquired = False
            self.lock.release()
        return 0
