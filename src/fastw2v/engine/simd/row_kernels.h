/* The row kernels, written once over a vector type; one instruction set's file defines that type and includes this.
 *
 * Two phases serve every objective. Phase one takes the dot products of one input row x with a group of target rows
 * together, so that their latencies overlap and one reduction serves them all. Phase two passes over the columns once
 * more, adds g * x to each target and collects the error (the sum of g * target, targets as they were). The targets of
 * a group must be distinct rows; x does not change before the last group is done. That is exactly the outcome of
 * training the targets one after another.
 *
 * Expected from the includer: KERNEL(name), KERNEL_ATTR, VEC, LANES, vec_zero, vec_set1, vec_load, vec_store,
 * vec_load_part, vec_store_part, vec_fma, vec_add, vec_mul, and group_gradients(acc, n, labels, alpha, dots, g), which
 * reduces n accumulators, stores them as dots and sets every lane of g[k] to (label - sigma(dot)) * alpha. */

#define GROUP 8   /* targets whose accumulators and gradients fit the registers beside x and the error */
#define COLUMNS 8 /* vectors of a row that are summed or added at a time */

/* What becomes of the error of a group: into x itself, added to work, or written to work. */
#ifndef ERROR_MODES
#define ERROR_MODES
enum { ERROR_TO_X, ERROR_ADDED, ERROR_WRITTEN };
#endif

/* Columns c .. c + size, a vector of them at most, of the dot products. */
FW_INLINE KERNEL_ATTR void KERNEL(group_dots)(const float *x, float *const *row, const int n, int64_t c, const int size,
                                              VEC *acc) {
    const VEC xv = size == LANES ? vec_load(x + c) : vec_load_part(x + c, size);
    FW_UNROLL for (int k = 0; k < n; k++)
        acc[k] = vec_fma(xv, size == LANES ? vec_load(row[k] + c) : vec_load_part(row[k] + c, size), acc[k]);
}

/* The same columns of the second phase. */
FW_INLINE KERNEL_ATTR void KERNEL(group_update)(float *x, float *const *row, const int n, int64_t c, const int size,
                                                const VEC *g, VEC lock, float *work, const int mode) {
    const VEC xv = size == LANES ? vec_load(x + c) : vec_load_part(x + c, size);
    VEC error = vec_zero();
    if (mode == ERROR_ADDED) error = size == LANES ? vec_load(work + c) : vec_load_part(work + c, size);
    FW_UNROLL for (int k = 0; k < n; k++) {
        VEC target = size == LANES ? vec_load(row[k] + c) : vec_load_part(row[k] + c, size);
        IN_REGISTER(target);
        error = vec_fma(g[k], target, error);
        target = vec_fma(g[k], xv, target);
        if (size == LANES) vec_store(row[k] + c, target);
        else vec_store_part(row[k] + c, size, target);
    }
    float *to = mode == ERROR_TO_X ? x + c : work + c;
    if (mode == ERROR_TO_X) error = vec_fma(lock, error, xv);
    if (size == LANES) vec_store(to, error);
    else vec_store_part(to, size, error);
}

/* Train n targets; dots[k] = x . rows[k]. The loops pass over a cache line's columns at a time, to count less. */
FW_INLINE KERNEL_ATTR void KERNEL(group)(float *x, float *const *rows, const float *labels, const int n,
                                         int64_t dim, float alpha, float lockf, float *work, float *dots,
                                         coming_rows coming, const int mode) {
    VEC acc[GROUP], g[GROUP];
    float *row[GROUP]; /* in registers: the compiler cannot know that no update overwrites a pointer of rows */
    const int64_t lines = dim - dim % LINE_COLUMNS, whole = dim - dim % LANES;
    const int part = (int)(dim - whole);

    FW_UNROLL for (int k = 0; k < n; k++) row[k] = rows[k];
    FW_UNROLL for (int k = 0; k < n; k++) acc[k] = vec_zero();
    int64_t c = 0;
    for (; c < lines; c += LINE_COLUMNS)
        FW_UNROLL for (int v = 0; v < LINE_COLUMNS; v += LANES)
            KERNEL(group_dots)(x, row, n, c + v, LANES, acc);
    for (; c < whole; c += LANES) KERNEL(group_dots)(x, row, n, c, LANES, acc);
    if (part) KERNEL(group_dots)(x, row, n, whole, part, acc);
    group_gradients(acc, n, labels, alpha, dots, g);

    const VEC lock = vec_set1(lockf);
    for (c = 0; c < lines; c += LINE_COLUMNS) {
        send_for(&coming, c, dim);
        FW_UNROLL for (int v = 0; v < LINE_COLUMNS; v += LANES)
            KERNEL(group_update)(x, row, n, c + v, LANES, g, lock, work, mode);
    }
    if (lines < dim) send_for(&coming, lines, dim);
    for (; c < whole; c += LANES) KERNEL(group_update)(x, row, n, c, LANES, g, lock, work, mode);
    if (part) KERNEL(group_update)(x, row, n, whole, part, g, lock, work, mode);
}

#define GROUP_CASE(N, MODE) \
    case N: KERNEL(group)(x, rows, labels, N, dim, alpha, lockf, work, dots, sent, MODE); break;
#define GROUP_SWITCH(COUNT, MODE) \
    switch (COUNT) { \
        GROUP_CASE(1, MODE) GROUP_CASE(2, MODE) GROUP_CASE(3, MODE) GROUP_CASE(4, MODE) \
        GROUP_CASE(5, MODE) GROUP_CASE(6, MODE) GROUP_CASE(7, MODE) GROUP_CASE(8, MODE) \
    }

/* Train n distinct targets against x; the error is written to work, or added to it. The first group sends for what
 * comes. */
static KERNEL_ATTR void KERNEL(train_targets)(float *x, float *const *rows, const float *labels, int n, int64_t dim,
                                              float alpha, float *work, int added, float *dots,
                                              const coming_rows *coming) {
    const float lockf = 0.0f;
    coming_rows sent = *coming;
    if (!added) {
        if (n <= GROUP) {
            if (n == 0) for (int64_t c = 0; c < dim; c++) work[c] = 0.0f;
            GROUP_SWITCH(n, ERROR_WRITTEN)
            return;
        }
        KERNEL(group)(x, rows, labels, GROUP, dim, alpha, lockf, work, dots, sent, ERROR_WRITTEN);
        sent.n = 0;
        n -= GROUP, rows += GROUP, labels += GROUP, dots += GROUP;
    }
    for (; n > GROUP; n -= GROUP, rows += GROUP, labels += GROUP, dots += GROUP) {
        KERNEL(group)(x, rows, labels, GROUP, dim, alpha, lockf, work, dots, sent, ERROR_ADDED);
        sent.n = 0;
    }
    GROUP_SWITCH(n, ERROR_ADDED)
}

/* Columns c .. c + blocks * LANES, and part columns more, of the sum: it stays in registers while the rows pass by. */
FW_INLINE KERNEL_ATTR void KERNEL(sum_columns)(float *sum, float *const *rows, int64_t n, float scale, int64_t c,
                                               const int blocks, int part) {
    VEC acc[COLUMNS + 1];
    FW_UNROLL for (int b = 0; b <= blocks; b++) acc[b] = vec_zero();
    for (int64_t r = 0; r < n; r++) {
        const float *row = rows[r] + c;
        FW_UNROLL for (int b = 0; b < blocks; b++) acc[b] = vec_add(acc[b], vec_load(row + b * LANES));
        if (part) acc[blocks] = vec_add(acc[blocks], vec_load_part(row + blocks * LANES, part));
    }
    const VEC factor = vec_set1(scale);
    FW_UNROLL for (int b = 0; b < blocks; b++) vec_store(sum + c + b * LANES, vec_mul(acc[b], factor));
    if (part) vec_store_part(sum + c + blocks * LANES, part, vec_mul(acc[blocks], factor));
}

/* The same columns of every row += factor * delta, which stays in registers. */
FW_INLINE KERNEL_ATTR void KERNEL(add_columns)(float *const *rows, int64_t n, const float *delta, const float *factors,
                                               int64_t stride, int64_t c, const int blocks, int part) {
    VEC d[COLUMNS + 1];
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

/* CALL(c, blocks, part) over all columns of a row, a constant number of blocks at a time. */
#define COLUMN_CASE(CALL, N) \
    case N: CALL(c, N, part); break;
#define OVER_COLUMNS(CALL) \
    const int part = (int)(dim % LANES); \
    int64_t c = 0; \
    for (; dim - c >= (COLUMNS + 1) * LANES; c += COLUMNS * LANES) CALL(c, COLUMNS, 0); \
    switch ((dim - c) / LANES) { \
        COLUMN_CASE(CALL, 0) COLUMN_CASE(CALL, 1) COLUMN_CASE(CALL, 2) COLUMN_CASE(CALL, 3) COLUMN_CASE(CALL, 4) \
        COLUMN_CASE(CALL, 5) COLUMN_CASE(CALL, 6) COLUMN_CASE(CALL, 7) COLUMN_CASE(CALL, 8) \
    }

/* sum = scale * (rows[0] + ... + rows[n - 1]), zero if n is 0 */
static KERNEL_ATTR void KERNEL(sum_rows)(float *sum, float *const *rows, int64_t n, int64_t dim, float scale) {
#define SUM_CALL(c, blocks, part) KERNEL(sum_columns)(sum, rows, n, scale, c, blocks, part)
    OVER_COLUMNS(SUM_CALL)
#undef SUM_CALL
}

/* rows[r] += factors[r * stride] * delta, one after another: a row may stand there twice */
static KERNEL_ATTR void KERNEL(add_rows)(float *const *rows, int64_t n, const float *delta, int64_t dim,
                                         const float *factors, int64_t stride) {
#define ADD_CALL(c, blocks, part) KERNEL(add_columns)(rows, n, delta, factors, stride, c, blocks, part)
    OVER_COLUMNS(ADD_CALL)
#undef ADD_CALL
}

/* Train n distinct targets against x, then x += lockf * error. work is scratch of dim floats. */
static KERNEL_ATTR void KERNEL(train_pair)(float *x, float *const *rows, const float *labels, int n, int64_t dim,
                                           float alpha, float lockf, float *work, float *dots,
                                           const coming_rows *coming) {
    if (n <= GROUP) {
        const coming_rows sent = *coming;
        GROUP_SWITCH(n, ERROR_TO_X)
        return;
    }
    KERNEL(train_targets)(x, rows, labels, n, dim, alpha, work, 0, dots, coming);
    KERNEL(add_rows)(&x, 1, work, dim, &lockf, 0);
}

#undef GROUP_CASE
#undef GROUP_SWITCH
#undef COLUMNS
#undef COLUMN_CASE
#undef OVER_COLUMNS
