"""The table of row kernels of an instruction set, for the loops that call them."""

from libc.stdint cimport int64_t

cdef extern from "engine/simd/coming.h" nogil:
    ctypedef struct coming_rows:
        float **rows
        int n
        int64_t next
    const int64_t LINE_COLUMNS

cdef extern from "engine/simd/kernels.h" nogil:
    ctypedef struct row_kernels:
        const char *name
        void (*train_pair)(float *x, float **rows, const float *labels, int n, int64_t dim, float alpha, float lockf,
                           float *work, float *dots, const coming_rows *coming) noexcept nogil
        void (*train_targets)(float *x, float **rows, const float *labels, int n, int64_t dim, float alpha,
                              float *work, int added, float *dots, const coming_rows *coming) noexcept nogil
        void (*sum_rows)(float *total, float **rows, int64_t n, int64_t dim, float scale) noexcept nogil
        void (*add_rows)(float **rows, int64_t n, const float *delta, int64_t dim, const float *factors,
                         int64_t stride) noexcept nogil
        void (*products)(float **a, int n_a, float **b, int n_b, int64_t dim, float *out, int64_t stride) noexcept nogil
        void (*gradients)(const float *f, const float *labels, const float *rates, int m, int n, int64_t stride,
                          float *g) noexcept nogil
        void (*gradients_in_turn)(float *f, const float *inner, int64_t inner_stride, const float *labels,
                                  const float *rates, int m, int n, int64_t stride, float *g) noexcept nogil
        void (*update)(float **inputs, int m, float **targets, int n, const float *g, int64_t stride,
                       const float *lockf, int64_t dim, const coming_rows *coming) noexcept nogil

cdef const row_kernels *kernels_named(str name) except NULL
