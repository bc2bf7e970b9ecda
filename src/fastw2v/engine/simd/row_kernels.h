/* Row kernels: one input row against a group of target rows, and sums of rows for CBOW. Written once over a vector
 * type.
 *
 * Training one input against targets, in NumPy:
 *
 *     logits = targets @ input
 *     gradients = (labels - sigmoid(logits)) * learning_rate
 *     error = gradients @ targets
 *     targets += outer(gradients, input)
 *     input += lock * error                        # train_pair; train_targets returns the error
 *
 * The first pass over the columns computes the logits of a group of targets together, so that the latencies of the
 * multiply-adds overlap and the group needs one reduction only. The second pass updates the targets and sums the error.
 * Because the targets of a group are distinct rows and the input changes last, the result is that of training the
 * targets one after another.
 *
 * Sums for CBOW, in NumPy:
 *
 *     total = scale * rows.sum(axis=0)             # sum_rows
 *     total = scale * (weights @ rows)             # weigh_rows
 *     for r in range(n): rows[r] += factors[r] * delta   # add_rows
 *
 * The file of an instruction set includes this file after it has defined: KERNEL(name), KERNEL_NAME, KERNEL_FEATURES,
 * KERNEL_ATTR; the type VEC of LANES floats; vec_zero, vec_set1, vec_load, vec_store, vec_fma(a, b, c) = a * b + c,
 * vec_add, vec_mul; vec_load_part(p, n) and vec_store_part(p, n, v), which access only n < LANES floats and read zeros
 * for the others; GROUP, the largest number of targets whose accumulators and gradients fit the registers, 6 or 8;
 * group_gradients(sums, n, labels, learning_rate, logits, gradients), which reduces n accumulators, stores the sums as
 * logits and sets every lane of gradients[k] to the gradient of target k. */

#define BLOCKS 8 /* vectors of a row that sum_rows and add_rows keep in registers */

/* Where the error of a group goes: into the input itself, added to an array, or written to an array. */
#ifndef ERROR_MODES
#define ERROR_MODES
enum { ERROR_TO_INPUT, ERROR_ADDED, ERROR_WRITTEN };
#endif

/* First pass: add the products of columns c .. c + size - 1, at most LANES of them, to the logits. */
FW_INLINE KERNEL_ATTR void KERNEL(group_logits)(const float *input, float *const *targets, const int n, int64_t c,
                                                const int size, VEC *sums) {
    const VEC x = size == LANES ? vec_load(input + c) : vec_load_part(input + c, size);
    FW_UNROLL for (int k = 0; k < n; k++)
        sums[k] = vec_fma(x, size == LANES ? vec_load(targets[k] + c) : vec_load_part(targets[k] + c, size), sums[k]);
}

/* Second pass: update these columns of the targets, and of the input or the error. */
FW_INLINE KERNEL_ATTR void KERNEL(group_update)(float *input, float *const *targets, const int n, int64_t c,
                                                const int size, const VEC *gradients, VEC lock, float *error,
                                                const int mode) {
    const VEC x = size == LANES ? vec_load(input + c) : vec_load_part(input + c, size);
    VEC sum = vec_zero();
    if (mode == ERROR_ADDED) sum = size == LANES ? vec_load(error + c) : vec_load_part(error + c, size);
    FW_UNROLL for (int k = 0; k < n; k++) {
        VEC target = size == LANES ? vec_load(targets[k] + c) : vec_load_part(targets[k] + c, size);
        IN_REGISTER(target);
        sum = vec_fma(gradients[k], target, sum);
        target = vec_fma(gradients[k], x, target);
        if (size == LANES) vec_store(targets[k] + c, target);
        else vec_store_part(targets[k] + c, size, target);
    }
    float *out = mode == ERROR_TO_INPUT ? input + c : error + c;
    if (mode == ERROR_TO_INPUT) sum = vec_fma(lock, sum, x);
    if (size == LANES) vec_store(out, sum);
    else vec_store_part(out, size, sum);
}

/* Both passes for n targets. The loops process the columns of one cache line per step to save loop overhead. */
FW_INLINE KERNEL_ATTR void KERNEL(group)(float *input, float *const *targets, const float *labels, const int n,
                                         int64_t dim, float learning_rate, float lock_factor, float *error,
                                         float *logits, prefetch_queue queue, const int mode) {
    VEC sums[GROUP], gradients[GROUP];
    float *rows[GROUP]; /* a copy stays in registers; the compiler must assume that an update may change targets[] */
    const int64_t lines = dim - dim % LINE_COLUMNS, full = dim - dim % LANES;
    const int part = (int)(dim - full);

    FW_UNROLL for (int k = 0; k < n; k++) rows[k] = targets[k];
    FW_UNROLL for (int k = 0; k < n; k++) sums[k] = vec_zero();
    int64_t c = 0;
    for (; c < lines; c += LINE_COLUMNS)
        FW_UNROLL for (int v = 0; v < LINE_COLUMNS; v += LANES)
            KERNEL(group_logits)(input, rows, n, c + v, LANES, sums);
    for (; c < full; c += LANES) KERNEL(group_logits)(input, rows, n, c, LANES, sums);
    if (part) KERNEL(group_logits)(input, rows, n, full, part, sums);
    group_gradients(sums, n, labels, learning_rate, logits, gradients);

    const VEC lock = vec_set1(lock_factor);
    for (c = 0; c < lines; c += LINE_COLUMNS) {
        prefetch_step(&queue, c, dim);
        FW_UNROLL for (int v = 0; v < LINE_COLUMNS; v += LANES)
            KERNEL(group_update)(input, rows, n, c + v, LANES, gradients, lock, error, mode);
    }
    if (lines < dim) prefetch_step(&queue, lines, dim);
    for (; c < full; c += LANES) KERNEL(group_update)(input, rows, n, c, LANES, gradients, lock, error, mode);
    if (part) KERNEL(group_update)(input, rows, n, full, part, gradients, lock, error, mode);
}

#define GROUP_CASE(N, MODE) \
    case N: KERNEL(group)(input, targets, labels, N, dim, learning_rate, lock, error, logits, queue, MODE); break;
#if GROUP == 8
#define GROUP_SWITCH(COUNT, MODE) \
    switch (COUNT) { \
        GROUP_CASE(1, MODE) GROUP_CASE(2, MODE) GROUP_CASE(3, MODE) GROUP_CASE(4, MODE) \
        GROUP_CASE(5, MODE) GROUP_CASE(6, MODE) GROUP_CASE(7, MODE) GROUP_CASE(8, MODE) \
    }
#else
#define GROUP_SWITCH(COUNT, MODE) \
    switch (COUNT) { \
        GROUP_CASE(1, MODE) GROUP_CASE(2, MODE) GROUP_CASE(3, MODE) \
        GROUP_CASE(4, MODE) GROUP_CASE(5, MODE) GROUP_CASE(6, MODE) \
    }
#endif

/* See kernels.h, as for all functions below without a comment. The first group issues the prefetches. */
static KERNEL_ATTR void KERNEL(train_targets)(float *input, float *const *targets, const float *labels, int n_targets,
                                              int64_t dim, float learning_rate, float *error, int added, float *logits,
                                              const prefetch_queue *prefetch) {
    const float lock = 0.0f;
    prefetch_queue queue = *prefetch;
    int k = 0;
    if (!added) {
        k = n_targets < GROUP ? n_targets : GROUP;
        if (k == 0) for (int64_t c = 0; c < dim; c++) error[c] = 0.0f;
        GROUP_SWITCH(k, ERROR_WRITTEN)
        if (k == n_targets) return;
        targets += k, labels += k, logits += k;
        queue.n = 0;
    }
    for (n_targets -= k; n_targets > 0; n_targets -= k, targets += k, labels += k, logits += k, queue.n = 0) {
        k = n_targets < GROUP ? n_targets : GROUP;
        GROUP_SWITCH(k, ERROR_ADDED)
    }
}

/* Sum `blocks` vectors of columns from c on, and `part` columns more; the sum stays in registers. */
FW_INLINE KERNEL_ATTR void KERNEL(sum_columns)(float *sum, float *const *rows, int64_t n, float scale, int64_t c,
                                               const int blocks, int part) {
    VEC sums[BLOCKS + 1];
    FW_UNROLL for (int b = 0; b <= blocks; b++) sums[b] = vec_zero();
    for (int64_t r = 0; r < n; r++) {
        const float *row = rows[r] + c;
        FW_UNROLL for (int b = 0; b < blocks; b++) sums[b] = vec_add(sums[b], vec_load(row + b * LANES));
        if (part) sums[blocks] = vec_add(sums[blocks], vec_load_part(row + blocks * LANES, part));
    }
    const VEC factor = vec_set1(scale);
    FW_UNROLL for (int b = 0; b < blocks; b++) vec_store(sum + c + b * LANES, vec_mul(sums[b], factor));
    if (part) vec_store_part(sum + c + blocks * LANES, part, vec_mul(sums[blocks], factor));
}

/* The same with a weight for each row. */
FW_INLINE KERNEL_ATTR void KERNEL(weigh_columns)(float *sum, float *const *rows, const float *weights, int64_t n,
                                                 float scale, int64_t c, const int blocks, int part) {
    VEC sums[BLOCKS + 1];
    FW_UNROLL for (int b = 0; b <= blocks; b++) sums[b] = vec_zero();
    for (int64_t r = 0; r < n; r++) {
        const float *row = rows[r] + c;
        const VEC weight = vec_set1(weights[r]);
        FW_UNROLL for (int b = 0; b < blocks; b++) sums[b] = vec_fma(weight, vec_load(row + b * LANES), sums[b]);
        if (part) sums[blocks] = vec_fma(weight, vec_load_part(row + blocks * LANES, part), sums[blocks]);
    }
    const VEC factor = vec_set1(scale);
    FW_UNROLL for (int b = 0; b < blocks; b++) vec_store(sum + c + b * LANES, vec_mul(sums[b], factor));
    if (part) vec_store_part(sum + c + blocks * LANES, part, vec_mul(sums[blocks], factor));
}

/* Add to the same columns of every row; delta stays in registers. */
FW_INLINE KERNEL_ATTR void KERNEL(add_columns)(float *const *rows, int64_t n, const float *delta, const float *factors,
                                               int64_t stride, int64_t c, const int blocks, int part) {
    VEC d[BLOCKS + 1];
    FW_UNROLL for (int b = 0; b < blocks; b++) d[b] = vec_load(delta + c + b * LANES);
    if (part) d[blocks] = vec_load_part(delta + c + blocks * LANES, part);
    for (int64_t r = 0; r < n; r++) {
        float *row = rows[r] + c;
        const VEC factor = vec_set1(factors[r * stride]);
        FW_UNROLL for (int b = 0; b < blocks; b++)
            vec_store(row + b * LANES, vec_fma(factor, d[b], vec_load(row + b * LANES)));
        if (part) {
            float *rest = row + blocks * LANES;
            vec_store_part(rest, part, vec_fma(factor, d[blocks], vec_load_part(rest, part)));
        }
    }
}

/* Call CALL(c, blocks, part) for all columns of a row; `blocks` is a compile-time constant in each call. */
#define COLUMN_CASE(CALL, N) \
    case N: CALL(c, N, part); break;
#define FOR_ALL_COLUMNS(CALL) \
    const int part = (int)(dim % LANES); \
    int64_t c = 0; \
    for (; dim - c >= (BLOCKS + 1) * LANES; c += BLOCKS * LANES) CALL(c, BLOCKS, 0); \
    switch ((dim - c) / LANES) { \
        COLUMN_CASE(CALL, 0) COLUMN_CASE(CALL, 1) COLUMN_CASE(CALL, 2) COLUMN_CASE(CALL, 3) COLUMN_CASE(CALL, 4) \
        COLUMN_CASE(CALL, 5) COLUMN_CASE(CALL, 6) COLUMN_CASE(CALL, 7) COLUMN_CASE(CALL, 8) \
    }

static KERNEL_ATTR void KERNEL(sum_rows)(float *sum, float *const *rows, int64_t n, int64_t dim, float scale) {
#define SUM_CALL(c, blocks, part) KERNEL(sum_columns)(sum, rows, n, scale, c, blocks, part)
    FOR_ALL_COLUMNS(SUM_CALL)
#undef SUM_CALL
}

static KERNEL_ATTR void KERNEL(weigh_rows)(float *sum, float *const *rows, const float *weights, int64_t n,
                                           int64_t dim, float scale) {
#define WEIGH_CALL(c, blocks, part) KERNEL(weigh_columns)(sum, rows, weights, n, scale, c, blocks, part)
    FOR_ALL_COLUMNS(WEIGH_CALL)
#undef WEIGH_CALL
}

static KERNEL_ATTR void KERNEL(add_rows)(float *const *rows, int64_t n, const float *delta, int64_t dim,
                                         const float *factors, int64_t stride) {
#define ADD_CALL(c, blocks, part) KERNEL(add_columns)(rows, n, delta, factors, stride, c, blocks, part)
    FOR_ALL_COLUMNS(ADD_CALL)
#undef ADD_CALL
}

static KERNEL_ATTR void KERNEL(train_pair)(float *input, float *const *targets, const float *labels, int n_targets,
                                           int64_t dim, float learning_rate, float lock, float *error, float *logits,
                                           const prefetch_queue *prefetch) {
    if (n_targets <= GROUP) {
        const prefetch_queue queue = *prefetch;
        GROUP_SWITCH(n_targets, ERROR_TO_INPUT)
        return;
    }
    KERNEL(train_targets)(input, targets, labels, n_targets, dim, learning_rate, error, 0, logits, prefetch);
    KERNEL(add_rows)(&input, 1, error, dim, &lock, 0);
}

#undef GROUP_CASE
#undef GROUP_SWITCH
#undef BLOCKS
#undef COLUMN_CASE
#undef FOR_ALL_COLUMNS
