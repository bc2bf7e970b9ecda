"""The row kernels of an instruction set as a table of function pointers; engine/simd/kernels.h describes each one."""

from libc.stdint cimport int64_t

cdef extern from "common/cpu_features.h" nogil:
    enum:
        CPU_AVX2

cdef extern from "engine/simd/prefetch.h" nogil:
    ctypedef struct prefetch_queue:
        float **rows
        int n
        int64_t next
    const int64_t LINE_COLUMNS

cdef extern from "engine/simd/kernels.h" nogil:
    ctypedef struct row_kernels:
        const char *name
        int cpu_features
        void (*train_pair)(float *input, float **targets, const float *labels, int n_targets, int64_t dim,
                           float learning_rate, float lock, float *error, float *logits,
                           const prefetch_queue *prefetch) noexcept nogil
        void (*train_targets)(float *input, float **targets, const float *labels, int n_targets, int64_t dim,
                              float learning_rate, float *error, int added, float *logits,
                              const prefetch_queue *prefetch) noexcept nogil
        void (*sum_rows)(float *total, float **rows, int64_t n, int64_t dim, float scale) noexcept nogil
        void (*weigh_rows)(float *total, float **rows, const float *weights, int64_t n, int64_t dim,
                           float scale) noexcept nogil
        void (*add_rows)(float **rows, int64_t n, const float *delta, int64_t dim, const float *factors,
                         int64_t stride) noexcept nogil
        void (*products)(float **a, int n_a, float **b, int n_b, int64_t dim, float *out, int64_t stride) noexcept nogil
        void (*gradients)(const float *logits, const float *labels, const float *learning_rates, int n_inputs,
                          int n_targets, int64_t stride, float *gradients) noexcept nogil
        void (*sequential_gradients)(float *logits, const float *gram, int64_t gram_stride, const float *labels,
                                     const float *learning_rates, int n_inputs, int n_targets, int64_t stride,
                                     float *gradients) noexcept nogil
        void (*update)(float **inputs, int n_inputs, float **targets, int n_targets, const float *gradients,
                       int64_t stride, const float *locks, int64_t dim, const prefetch_queue *prefetch) noexcept nogil
        float (*softmax_gradients)(const float *logits, const float *multiplicities, int n_targets,
                                   float learning_rate, float *gradients) noexcept nogil
        void (*step_targets)(const float *input, float **targets, const float *gradients, const float *steps,
                             int n_targets, int64_t dim, float *error, const prefetch_queue *prefetch) noexcept nogil

cdef const row_kernels *kernels_named(str name) except NULL
cdef float log_sigmoid(float logit) noexcept nogil
