# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The row kernels of every instruction set of this architecture, chosen at run time.

Design. The kernels are C headers in engine/simd/, written once over a vector type and compiled once per instruction
set. This is the only module that includes them, so it owns the table of the logistic function. `kernels_named` chooses
a set: by name, by the environment variable FASTW2V_SIMD, or the fastest that the processor can run. No other code reads
that variable. The training loops call the kernels through the table of function pointers; one indirect call for each
pair or window takes no noticeable time.

`RowKernels` makes the same table available in Python, for the tests and the micro-benchmark. Its methods prefetch the
rows that they change.
"""

from libc.stdint cimport int64_t

import os

import numpy as np

cdef extern from "common/cpu_features.h" nogil:
    int cpu_features()

cdef extern from "engine/simd/sigmoid.h" nogil:
    const float *LOG_SIGMOID_TABLE
    void sigmoid_init()
    bint sigmoid_covers(float logit)
    int sigmoid_index(float logit)

cdef extern from "engine/simd/dispatch.h" nogil:
    const row_kernels *row_kernels_at(int index, int features)

sigmoid_init()

cdef int FEATURES = cpu_features()

SIMD_VARIABLE = "FASTW2V_SIMD"


def instruction_sets():
    """Return the names of the instruction sets that this machine can run, fastest first."""
    cdef int i = 0
    names = []
    while row_kernels_at(i, FEATURES) != NULL:
        names.append(row_kernels_at(i, FEATURES).name.decode())
        i += 1
    return tuple(names)


cdef const row_kernels *kernels_named(str name) except NULL:
    """Return the kernels of the instruction set `name`; None means FASTW2V_SIMD, or else the fastest set.

    Raises
    ------
    ValueError
        If this machine cannot run that set, or there is no such set.
    """
    chosen = name or os.environ.get(SIMD_VARIABLE)
    if not chosen:
        return row_kernels_at(0, FEATURES)
    names = instruction_sets()
    if chosen not in names:
        source = "simd" if name else SIMD_VARIABLE
        raise ValueError(f"{source}={chosen!r} is not available here; choose one of {', '.join(names)}")
    return row_kernels_at(names.index(chosen), FEATURES)


def active_instruction_set():
    """Return the name of the instruction set that training and queries use now."""
    return kernels_named(None).name.decode()


cdef float log_sigmoid(float logit) noexcept nogil:
    """Return log(sigmoid(logit)) by gensim's table; 0 where the table has no entry."""
    return LOG_SIGMOID_TABLE[sigmoid_index(logit)] if sigmoid_covers(logit) else 0.0


cdef class RowKernels:
    """The row kernels of one instruction set, callable from Python.

    Parameters
    ----------
    name : str, optional
        The name of the instruction set; see `kernels_named`.

    Notes
    -----
    All arrays are float32 and C-contiguous, indices int64. Shapes and formulas are those of engine/simd/kernels.h. The
    methods check nothing: a wrong index or shape makes them read or write out of bounds.
    """

    cdef const row_kernels *table

    def __cinit__(self, str name=None):
        self.table = kernels_named(name)

    @property
    def name(self):
        """The name of the instruction set."""
        return self.table.name.decode()

    def train_pair(self, float[::1] x, float[:, ::1] matrix, const int64_t[::1] targets, const float[::1] labels,
                   float learning_rate, float lock):
        """Train rows `targets` of `matrix` and the input `x` in place; return the logits."""
        cdef int n = <int>targets.shape[0]
        cdef size_t[::1] rows = selected_rows(matrix, targets)
        logits = np.empty(n, dtype=np.float32)
        cdef float[::1] logits_view = logits, error = np.empty(x.shape[0], dtype=np.float32)
        cdef prefetch_queue prefetch = prefetch_queue(<float **>&rows[0], n, 0)
        self.table.train_pair(&x[0], prefetch.rows, &labels[0], n, x.shape[0], learning_rate, lock, &error[0],
                              &logits_view[0], &prefetch)
        return logits

    def train_targets(self, float[::1] x, float[:, ::1] matrix, const int64_t[::1] targets, const float[::1] labels,
                      float learning_rate, float[::1] error, bint added):
        """Train rows `targets` of `matrix` in place; write the error to `error`, or add it; return the logits."""
        cdef int n = <int>targets.shape[0]
        cdef size_t[::1] rows = selected_rows(matrix, targets)
        logits = np.empty(n, dtype=np.float32)
        cdef float[::1] logits_view = logits
        cdef prefetch_queue prefetch = prefetch_queue(<float **>&rows[0], n, 0)
        self.table.train_targets(&x[0], prefetch.rows, &labels[0], n, x.shape[0], learning_rate, &error[0], added,
                                 &logits_view[0], &prefetch)
        return logits

    def softmax_gradients(self, const float[::1] logits, const float[::1] multiplicities, float learning_rate):
        """Return the gradients of sampled softmax, and the loss."""
        gradients = np.zeros(logits.shape[0], dtype=np.float32)
        cdef float[::1] gradients_view = gradients
        loss = self.table.softmax_gradients(&logits[0], &multiplicities[0], <int>logits.shape[0], learning_rate,
                                            &gradients_view[0])
        return gradients, loss

    def step_targets(self, const float[::1] x, float[:, ::1] matrix, const int64_t[::1] targets,
                     const float[::1] gradients, const float[::1] steps):
        """Update rows `targets` of `matrix` in place with given gradients; return the error."""
        cdef size_t[::1] rows = selected_rows(matrix, targets)
        cdef int n = <int>targets.shape[0]
        error = np.full(x.shape[0], np.nan, dtype=np.float32)
        cdef float[::1] error_view = error
        cdef prefetch_queue prefetch = prefetch_queue(<float **>&rows[0], n, 0)
        self.table.step_targets(&x[0], prefetch.rows, &gradients[0], &steps[0], n, x.shape[0], &error_view[0],
                                &prefetch)
        return error

    def sum_rows(self, float[:, ::1] matrix, const int64_t[::1] indices, float scale):
        """Return `scale` times the sum of rows `indices` of `matrix`."""
        cdef size_t[::1] rows = selected_rows(matrix, indices)
        total = np.empty(matrix.shape[1], dtype=np.float32)
        cdef float[::1] total_view = total
        self.table.sum_rows(&total_view[0], <float **>&rows[0], indices.shape[0], matrix.shape[1], scale)
        return total

    def weigh_rows(self, float[:, ::1] matrix, const int64_t[::1] indices, const float[::1] weights, float scale):
        """Return `scale` times the sum of rows `indices` of `matrix`, each times its weight."""
        cdef size_t[::1] rows = selected_rows(matrix, indices)
        total = np.empty(matrix.shape[1], dtype=np.float32)
        cdef float[::1] total_view = total
        self.table.weigh_rows(&total_view[0], <float **>&rows[0], &weights[0], indices.shape[0], matrix.shape[1], scale)
        return total

    def add_rows(self, float[:, ::1] matrix, const int64_t[::1] indices, const float[::1] delta,
                 const float[::1] factors):
        """Add ``factor * delta`` to rows `indices` of `matrix` in turn; one factor for all rows, or one each."""
        cdef size_t[::1] rows = selected_rows(matrix, indices)
        self.table.add_rows(<float **>&rows[0], indices.shape[0], &delta[0], matrix.shape[1], &factors[0],
                            1 if factors.shape[0] > 1 else 0)

    def products(self, float[:, ::1] a, float[:, ::1] b, Py_ssize_t stride):
        """Return ``a @ b.T`` in the first columns of an array of shape (len(a), stride), zeros behind them."""
        cdef size_t[::1] rows_a = all_rows(a), rows_b = all_rows(b)
        out = np.zeros((a.shape[0], stride), dtype=np.float32)
        cdef float[:, ::1] out_view = out
        self.table.products(<float **>&rows_a[0], <int>a.shape[0], <float **>&rows_b[0], <int>b.shape[0], a.shape[1],
                            &out_view[0, 0], stride)
        return out

    def gradients(self, const float[:, ::1] logits, const float[::1] labels, const float[::1] learning_rates,
                  int n_targets):
        """Return the gradients of the first `n_targets` columns of `logits`, by the logistic function itself."""
        gradients = np.zeros((logits.shape[0], logits.shape[1]), dtype=np.float32)
        cdef float[:, ::1] gradients_view = gradients
        self.table.gradients(&logits[0, 0], &labels[0], &learning_rates[0], <int>logits.shape[0], n_targets,
                             logits.shape[1], &gradients_view[0, 0])
        return gradients

    def sequential_gradients(self, float[:, ::1] logits, const float[:, ::1] gram, const float[::1] labels,
                             const float[::1] learning_rates, int n_targets):
        """Return the gradients of training the rows of `logits` one after another; `logits` is corrected in place."""
        gradients = np.zeros((logits.shape[0], logits.shape[1]), dtype=np.float32)
        cdef float[:, ::1] gradients_view = gradients
        self.table.sequential_gradients(&logits[0, 0], &gram[0, 0], gram.shape[1], &labels[0], &learning_rates[0],
                                        <int>logits.shape[0], n_targets, logits.shape[1], &gradients_view[0, 0])
        return gradients

    def update(self, float[:, ::1] inputs, float[:, ::1] targets, const float[:, ::1] gradients,
               const float[::1] locks):
        """Update `inputs` and `targets` in place, one input after another."""
        cdef size_t[::1] input_rows = all_rows(inputs), target_rows = all_rows(targets)
        cdef prefetch_queue prefetch = prefetch_queue(<float **>&target_rows[0], <int>targets.shape[0], 0)
        self.table.update(<float **>&input_rows[0], <int>inputs.shape[0], prefetch.rows, prefetch.n, &gradients[0, 0],
                          gradients.shape[1], &locks[0], inputs.shape[1], &prefetch)


cdef size_t[::1] selected_rows(float[:, ::1] matrix, const int64_t[::1] indices):
    """Return the addresses of rows of `matrix`, and one element more, so that the first one exists."""
    cdef size_t[::1] rows = np.zeros(indices.shape[0] + 1, dtype=np.uintp)
    cdef Py_ssize_t k
    for k in range(indices.shape[0]):
        rows[k] = <size_t>&matrix[indices[k], 0]
    return rows


cdef size_t[::1] all_rows(float[:, ::1] matrix):
    """Return the addresses of all rows of `matrix`."""
    return selected_rows(matrix, np.arange(matrix.shape[0], dtype=np.int64))
