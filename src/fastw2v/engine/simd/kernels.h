/* The table of row kernels that each instruction set fills in; row_kernels.h and the three window
 * headers say what each of them does. */
#ifndef FASTW2V_KERNELS_H
#define FASTW2V_KERNELS_H

#include <stdint.h>
#include "coming.h"

typedef struct {
    const char *name;
    void (*train_pair)(float *x, float *const *rows, const float *labels, int n, int64_t dim, float alpha, float lockf,
                       float *work, float *dots, const coming_rows *coming);
    void (*train_targets)(float *x, float *const *rows, const float *labels, int n, int64_t dim, float alpha,
                          float *work, int added, float *dots, const coming_rows *coming);
    void (*sum_rows)(float *sum, float *const *rows, int64_t n, int64_t dim, float scale);
    void (*add_rows)(float *const *rows, int64_t n, const float *delta, int64_t dim, const float *factors,
                     int64_t stride);
    void (*products)(float *const *a, int n_a, float *const *b, int n_b, int64_t dim, float *out, int64_t stride);
    void (*gradients)(const float *f, const float *labels, const float *rates, int m, int n, int64_t stride, float *g);
    void (*gradients_in_turn)(float *f, const float *inner, int64_t inner_stride, const float *labels,
                              const float *rates, int m, int n, int64_t stride, float *g);
    void (*update)(float *const *inputs, int m, float *const *targets, int n, const float *g, int64_t stride,
                   const float *lockf, int64_t dim, const coming_rows *coming);
} row_kernels;

#endif
