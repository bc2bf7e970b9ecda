/* The row kernels, written once over a vector type; one instruction set's file defines that type and includes this.
 *
 * Two phases serve every objective. Phase one takes the dot products of one input row x with a group of target rows
 * together, so that their latencies overlap and one reduction serves them all. Phase two passes over the columns once
 * more, adds g * x to each target and collects the error (the sum of g * target, targets as they were). The targets of
 * a group must be distinct rows; x does not change before the last group is done. That is exactly the outcome of
 * training the targets one after another.
 *
 * Expected from the includer: KERNEL(name), KERNEL_ATTR, VEC, LANES, vec_zero, vec_set1, vec_load, vec_store,
 * vec_load_part,
 * vec_store_part, vec_fma, vec_add, vec_mul; GRADIENTS with group_gradients(acc, n, labels, alpha, dots), which reduces
 * n accumulators, stores them as dots and returns (label - sigma(dot)) * alpha; vec_spread(gradients, k), the k-th of
 * them in every lane.
 */

#define GROUP 8 /* targets whose accumulators and gradients fit the registers beside x and the error */

/* x (fused) or work (not fused) += the error of n targets; dots[k] = x . rows[k]. */
FW_INLINE KERNEL_ATTR void KERNEL(group)(float *x, float *const *rows, const float *labels, const int n,
                                         int64_t dim, float alpha, float lockf, float *work, float *dots,
                                         const int fused) {
    VEC acc[GROUP], g[GROUP];
    float *row[GROUP]; /* in registers: the compiler cannot know that no update overwrites a pointer of rows */
    const int64_t whole = dim - dim % LANES;
    const int part = (int)(dim - whole);

    FW_UNROLL for (int k = 0; k < n; k++) row[k] = rows[k];
    FW_UNROLL for (int k = 0; k < n; k++) acc[k] = vec_zero();
    for (int64_t c = 0; c < whole; c += LANES) {
        const VEC xv = vec_load(x + c);
        FW_UNROLL for (int k = 0; k < n; k++) acc[k] = vec_fma(xv, vec_load(row[k] + c), acc[k]);
    }
    if (part) {
        const VEC xv = vec_load_part(x + whole, part);
        FW_UNROLL for (int k = 0; k < n; k++) acc[k] = vec_fma(xv, vec_load_part(row[k] + whole, part), acc[k]);
    }
    const GRADIENTS gradients = group_gradients(acc, n, labels, alpha, dots);

    const VEC lock = vec_set1(lockf);
    FW_UNROLL for (int k = 0; k < n; k++) g[k] = vec_spread(gradients, k);
    for (int64_t c = 0; c < whole; c += LANES) {
        const VEC xv = vec_load(x + c);
        VEC error = fused ? vec_zero() : vec_load(work + c);
        FW_UNROLL for (int k = 0; k < n; k++) {
            const VEC target = vec_load(row[k] + c);
            error = vec_fma(g[k], target, error);
            vec_store(row[k] + c, vec_fma(g[k], xv, target));
        }
        if (fused) vec_store(x + c, vec_fma(lock, error, xv));
        else vec_store(work + c, error);
    }
    if (part) {
        const VEC xv = vec_load_part(x + whole, part);
        VEC error = fused ? vec_zero() : vec_load_part(work + whole, part);
        FW_UNROLL for (int k = 0; k < n; k++) {
            const VEC target = vec_load_part(row[k] + whole, part);
            error = vec_fma(g[k], target, error);
            vec_store_part(row[k] + whole, part, vec_fma(g[k], xv, target));
        }
        if (fused) vec_store_part(x + whole, part, vec_fma(lock, error, xv));
        else vec_store_part(work + whole, part, error);
    }
}

#define GROUP_CASE(N, FUSED) \
    case N: KERNEL(group)(x, rows, labels, N, dim, alpha, lockf, work, dots, FUSED); break;
#define GROUP_SWITCH(COUNT, FUSED) \
    switch (COUNT) { \
        GROUP_CASE(1, FUSED) GROUP_CASE(2, FUSED) GROUP_CASE(3, FUSED) GROUP_CASE(4, FUSED) \
        GROUP_CASE(5, FUSED) GROUP_CASE(6, FUSED) GROUP_CASE(7, FUSED) GROUP_CASE(8, FUSED) \
    }

/* row += factor * delta */
static KERNEL_ATTR void KERNEL(add_row)(float *row, const float *delta, int64_t dim, float factor) {
    const int64_t whole = dim - dim % LANES;
    const int part = (int)(dim - whole);
    const VEC f = vec_set1(factor);
    for (int64_t c = 0; c < whole; c += LANES)
        vec_store(row + c, vec_fma(f, vec_load(delta + c), vec_load(row + c)));
    if (part)
        vec_store_part(row + whole, part,
                       vec_fma(f, vec_load_part(delta + whole, part), vec_load_part(row + whole, part)));
}

/* Train n distinct targets against x; the error is added to work. */
static KERNEL_ATTR void KERNEL(train_targets)(float *x, float *const *rows, const float *labels, int n, int64_t dim,
                                              float alpha, float *work, float *dots) {
    const float lockf = 0.0f;
    for (; n > GROUP; n -= GROUP, rows += GROUP, labels += GROUP, dots += GROUP)
        KERNEL(group)(x, rows, labels, GROUP, dim, alpha, lockf, work, dots, 0);
    GROUP_SWITCH(n, 0)
}

/* Train n distinct targets against x, then x += lockf * error. work is scratch of dim floats. */
static KERNEL_ATTR void KERNEL(train_pair)(float *x, float *const *rows, const float *labels, int n, int64_t dim,
                                           float alpha, float lockf, float *work, float *dots) {
    if (n <= GROUP) {
        GROUP_SWITCH(n, 1)
        return;
    }
    for (int64_t c = 0; c < dim; c++) work[c] = 0.0f;
    KERNEL(train_targets)(x, rows, labels, n, dim, alpha, work, dots);
    KERNEL(add_row)(x, work, dim, lockf);
}

/* Columns c .. c + blocks * LANES of the sum: the running sums stay in registers while the rows pass by. */
FW_INLINE KERNEL_ATTR void KERNEL(sum_columns)(float *sum, float *const *rows, int64_t n, float scale, int64_t c,
                                               const int blocks) {
    VEC acc[GROUP];
    FW_UNROLL for (int b = 0; b < blocks; b++) acc[b] = vec_zero();
    for (int64_t r = 0; r < n; r++) {
        FW_UNROLL for (int b = 0; b < blocks; b++) acc[b] = vec_add(acc[b], vec_load(rows[r] + c + b * LANES));
    }
    FW_UNROLL for (int b = 0; b < blocks; b++) vec_store(sum + c + b * LANES, vec_mul(acc[b], vec_set1(scale)));
}

/* sum = scale * (rows[0] + ... + rows[n - 1]), zero if n is 0 */
static KERNEL_ATTR void KERNEL(sum_rows)(float *sum, float *const *rows, int64_t n, int64_t dim, float scale) {
    const int64_t whole = dim - dim % LANES;
    const int part = (int)(dim - whole);
    int64_t c = 0;
    for (; c + 4 * LANES <= whole; c += 4 * LANES) KERNEL(sum_columns)(sum, rows, n, scale, c, 4);
    for (; c < whole; c += LANES) KERNEL(sum_columns)(sum, rows, n, scale, c, 1);
    if (part) {
        VEC acc = vec_zero();
        for (int64_t r = 0; r < n; r++) acc = vec_add(acc, vec_load_part(rows[r] + whole, part));
        vec_store_part(sum + whole, part, vec_mul(acc, vec_set1(scale)));
    }
}

static const row_kernels KERNEL(table) = {
    KERNEL_NAME, KERNEL(train_pair), KERNEL(train_targets), KERNEL(sum_rows), KERNEL(add_row),
};

#undef GROUP
#undef GROUP_CASE
#undef GROUP_SWITCH
#undef KERNEL
#undef KERNEL_NAME
#undef KERNEL_ATTR
#undef VEC
#undef LANES
#undef vec_zero
#undef vec_set1
#undef vec_load
#undef vec_store
#undef vec_load_part
#undef vec_store_part
#undef vec_fma
#undef vec_add
#undef vec_mul
#undef GRADIENTS
#undef group_gradients
#undef vec_spread
