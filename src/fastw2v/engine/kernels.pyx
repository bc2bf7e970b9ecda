# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The row kernels of every instruction set of this architecture, chosen at run time.

The only module that compiles the headers of `_simd/` whole. The loops get a table of function pointers from
`kernels_named`; a call a pair or a window costs nothing beside the memory that it moves. `RowKernels` shows the same
table to Python, for the tests and the micro-benchmark; there the rows at hand stand for those that come.
"""

from libc.stdint cimport int64_t

import os

import numpy as np

cdef extern from "engine/simd/dispatch.h" nogil:
    const row_kernels *row_kernels_at(int index)
    void sigmoid_init()

sigmoid_init()

SIMD_VARIABLE = "FASTW2V_SIMD"


def instruction_sets():
    """Return the names of the kernel sets that this machine can run, fastest first."""
    cdef int i = 0
    names = []
    while row_kernels_at(i) != NULL:
        names.append(row_kernels_at(i).name.decode())
        i += 1
    return tuple(names)


cdef const row_kernels *kernels_named(str name) except NULL:
    """The kernel set of that name; the environment variable FASTW2V_SIMD, or else the fastest one, if it is None."""
    wanted = name or os.environ.get(SIMD_VARIABLE) or None
    names = instruction_sets()
    if wanted is None:
        return row_kernels_at(0)
    if wanted not in names:
        source = SIMD_VARIABLE if name is None else "simd"
        raise ValueError(f"{source}={wanted!r} is not available here; choose one of {', '.join(names)}")
    return row_kernels_at(names.index(wanted))


def active_instruction_set():
    """Return the name of the kernel set that training uses now."""
    return kernels_named(None).name.decode()


cdef class RowKernels:
    """The row kernels of one instruction set on Python's side, for the tests and the micro-benchmark."""

    cdef const row_kernels *table

    def __cinit__(self, str name=None):
        self.table = kernels_named(name)

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
        cdef coming_rows coming = coming_rows(<float **>&rows_view[0], n, 0)
        self.table.train_pair(&x[0], coming.rows, &labels[0], n, x.shape[0], alpha, lockf, &work_view[0],
                              &dots_view[0], &coming)
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
        cdef coming_rows coming = coming_rows(<float **>&rows_view[0], n, 0)
        self.table.train_targets(&x[0], coming.rows, &labels[0], n, x.shape[0], alpha, &work[0], added,
                                 &dots_view[0], &coming)
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

    def products(self, float[:, ::1] a, float[:, ::1] b, Py_ssize_t stride):
        """Return an array (len(a), stride) whose first len(b) columns are the products of the rows."""
        cdef size_t[::1] rows_a = row_pointers(a), rows_b = row_pointers(b)
        out = np.zeros((a.shape[0], stride), dtype=np.float32)
        cdef float[:, ::1] out_view = out
        self.table.products(<float **>&rows_a[0], <int>a.shape[0], <float **>&rows_b[0], <int>b.shape[0], a.shape[1],
                            &out_view[0, 0], stride)
        return out

    def gradients(self, const float[:, ::1] f, const float[::1] labels, const float[::1] rates, int n):
        """Return the errors of n columns of dot products f (rows, a multiple of 16), sigma without a table."""
        g = np.zeros((f.shape[0], f.shape[1]), dtype=np.float32)
        cdef float[:, ::1] g_view = g
        self.table.gradients(&f[0, 0], &labels[0], &rates[0], <int>f.shape[0], n, f.shape[1], &g_view[0, 0])
        return g

    def gradients_in_turn(self, float[:, ::1] f, const float[:, ::1] inner, const float[::1] labels,
                          const float[::1] rates, int n):
        """Return the errors of n columns of dot products f (rows, a multiple of 16), each row after those before.

        What the rows before have taught is added to f.
        """
        g = np.zeros((f.shape[0], f.shape[1]), dtype=np.float32)
        cdef float[:, ::1] g_view = g
        self.table.gradients_in_turn(&f[0, 0], &inner[0, 0], inner.shape[1], &labels[0], &rates[0], <int>f.shape[0],
                                     n, f.shape[1], &g_view[0, 0])
        return g

    def update(self, float[:, ::1] inputs, float[:, ::1] targets, const float[:, ::1] g, const float[::1] lockf):
        """Train the inputs in turn against all targets, with errors g (inputs, at least targets)."""
        cdef size_t[::1] input_rows = row_pointers(inputs), target_rows = row_pointers(targets)
        cdef coming_rows coming = coming_rows(<float **>&target_rows[0], <int>targets.shape[0], 0)
        self.table.update(<float **>&input_rows[0], <int>inputs.shape[0], coming.rows, coming.n, &g[0, 0], g.shape[1],
                          &lockf[0], inputs.shape[1], &coming)


def row_pointers(float[:, ::1] matrix):
    return np.array([<size_t>&matrix[i, 0] for i in range(matrix.shape[0])], dtype=np.uintp)
