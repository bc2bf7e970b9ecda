/* The interface of the row kernels: one table of function pointers for each instruction set.
 *
 * docs/development/mathematics.md derives the formulas and defines the notation. Common to all functions:
 *
 * - A row is `dim` consecutive floats, dim >= 1. Inputs are rows of the input matrix (syn0) or their CBOW mean, targets
 *   are rows of an output matrix (syn1neg, syn1). Rows are passed as arrays of pointers, because they are scattered in
 *   memory.
 * - Alignment: no array needs more than the alignment of a float.
 * - Bounds: a kernel reads and writes exactly the dim columns of a row. It never accesses the memory after the last
 *   column, which is another row that another thread may be training.
 * - Window arrays (logits, gradients, learning_rates, labels) have rows of `stride` floats, a multiple of 16 and at
 *   least n_targets. `gradients` and `sequential_gradients` read and write these arrays in whole vectors, up to the
 *   next multiple of 16 after n_targets. In the columns from n_targets on, the learning rate must be 0 and the label
 *   finite; the logits may have any value.
 * - Aliasing: arrays do not overlap, unless a function says so. Other threads may write to the rows at any time
 *   (Hogwild).
 * - `prefetch` names rows that later kernels need; see prefetch.h. It never changes a result. */
#ifndef FASTW2V_KERNELS_H
#define FASTW2V_KERNELS_H

#include <stdint.h>
#include "prefetch.h"

typedef struct {
    const char *name;
    int cpu_features; /* those that the kernels need, flags of common/cpu_features.h */

    /* One input against n_targets distinct targets, n_targets >= 0, by the table of the logistic function:
     *     logits[k]    = input . targets[k]
     *     gradient[k]  = (labels[k] - sigmoid(logits[k])) * learning_rate
     *     error        = sum over k of gradient[k] * targets[k]       (targets before the update)
     *     targets[k]  += gradient[k] * input                         (input before the update)
     *     input       += lock * error
     * labels, logits: (n_targets,). error: (dim,) scratch; its content afterwards is undefined. The input must not be
     * one of the targets. */
    void (*train_pair)(float *input, float *const *targets, const float *labels, int n_targets, int64_t dim,
                       float learning_rate, float lock, float *error, float *logits, const prefetch_queue *prefetch);

    /* The same without the update of the input: the error is added to `error`, (dim,), if `added` is not 0, and else
     * written to it (zeros if n_targets is 0). */
    void (*train_targets)(float *input, float *const *targets, const float *labels, int n_targets, int64_t dim,
                          float learning_rate, float *error, int added, float *logits, const prefetch_queue *prefetch);

    /* sum = scale * (rows[0] + ... + rows[n - 1]), zeros if n is 0. sum: (dim,). Rows may repeat. */
    void (*sum_rows)(float *sum, float *const *rows, int64_t n, int64_t dim, float scale);

    /* sum = scale * (weights[0] * rows[0] + ... + weights[n - 1] * rows[n - 1]), as sum_rows. weights: (n,). */
    void (*weigh_rows)(float *sum, float *const *rows, const float *weights, int64_t n, int64_t dim, float scale);

    /* rows[r] += factors[r * stride] * delta for r = 0 .. n - 1, in this order. delta: (dim,). Rows may repeat. stride
     * is 1, or 0 for one factor for all rows. */
    void (*add_rows)(float *const *rows, int64_t n, const float *delta, int64_t dim, const float *factors,
                     int64_t stride);

    /* out[i * stride + j] = a[i] . b[j] for i < n_a, j < n_b; other elements of `out` stay unchanged. stride >= n_b,
     * any number. a and b may have rows in common. */
    void (*products)(float *const *a, int n_a, float *const *b, int n_b, int64_t dim, float *out, int64_t stride);

    /* gradients[j, k] = (labels[k] - sigmoid(logits[j, k])) * learning_rates[k], or 0 where the logit is not within
     * (-6, 6), by the logistic function itself. logits, gradients: (n_inputs, stride). labels, learning_rates:
     * (stride,). */
    void (*gradients)(const float *logits, const float *labels, const float *learning_rates, int n_inputs,
                      int n_targets, int64_t stride, float *gradients);

    /* The gradients of training the inputs one after another, by the table of the logistic function:
     *     logits[j, k]   += sum over l < j of gram[j, l] * gradients[l, k]
     *     gradients[j, k] = (labels[k] - sigmoid(logits[j, k])) * learning_rates[k]
     * gram: (n_inputs, gram_stride), the products of the inputs; only the elements below the diagonal are read. The
     * other arrays are those of `gradients`. */
    void (*sequential_gradients)(float *logits, const float *gram, int64_t gram_stride, const float *labels,
                                 const float *learning_rates, int n_inputs, int n_targets, int64_t stride,
                                 float *gradients);

    /* Both updates of a window, for j = 0 .. n_inputs - 1 in this order:
     *     error       = sum over k of gradients[j, k] * targets[k]   (targets as the inputs before j left them)
     *     targets[k] += gradients[j, k] * inputs[j]                 (input j before its update)
     *     inputs[j]  += locks[j] * error
     * gradients: (n_inputs, stride), stride a multiple of 16; only n_targets columns are read. locks: (n_inputs,). The
     * inputs and the targets must all be distinct rows. */
    void (*update)(float *const *inputs, int n_inputs, float *const *targets, int n_targets, const float *gradients,
                   int64_t stride, const float *locks, int64_t dim, const prefetch_queue *prefetch);

    /* Sampled softmax of one input, n_targets >= 1. Target k represents multiplicities[k] draws; target 0 is the center
     * word, with multiplicity 1:
     *     p            = multiplicities * exp(logits) / sum(multiplicities * exp(logits))
     *     gradients[k] = ((k == 0) - p[k]) * learning_rate
     * Returns the loss, -log p[0]. If a logit is not finite, all gradients and the loss are 0. All arrays:
     * (n_targets,). */
    float (*softmax_gradients)(const float *logits, const float *multiplicities, int n_targets, float learning_rate,
                               float *gradients);

    /* Both updates of one input with given gradients, for distinct targets:
     *     error       = sum over k of gradients[k] * targets[k]       (targets before the update; zeros if there are none)
     *     targets[k] += steps[k] * input
     * gradients, steps: (n_targets,), may be the same array. error: (dim,). The input must not be one of the targets. */
    void (*step_targets)(const float *input, float *const *targets, const float *gradients, const float *steps,
                         int n_targets, int64_t dim, float *error, const prefetch_queue *prefetch);
} row_kernels;

#endif
