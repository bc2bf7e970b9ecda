/* The window kernels: several input rows against several target rows, as small matrix products held in registers.
 *
 * `products` takes all dot products of two sets of rows, `gradients` turns them into errors, `update` adds to every row
 * what it learns. Each load of a row serves several sums, and each row is stored once a window instead of once a pair.
 *
 * With `inner` given, the outcome is that of training the inputs one after another against all the targets. In between the targets change:
 * input x_j meets t_k + sum over l < j of g_lk * x_l. Its dot products are therefore x_j.t_k + sum over l < j of
 * (x_j.x_l) * g_lk, which `gradients` makes from the products of the rows as they were; and `update` holds a piece of a
 * target in a register while the inputs pass by in turn. The inputs must be distinct rows, and so must the targets.
 *
 * Expected from the includer, beside what row_kernels.h wants: vec_gradient(f, label, rate), which is
 * (label - sigma(f)) * rate in every lane, 0 where the table has no entry; group_sums(acc, n, sums) for up to 8
 * accumulators; TILE_INPUTS and UPDATE_INPUTS, how many inputs the registers hold in `products` and in `update`. */

#define TILE_TARGETS 4

FW_INLINE KERNEL_ATTR void KERNEL(product_tile)(float *const *a, const int n_a, float *const *b, const int n_b,
                                                int64_t dim, float *out, int64_t stride) {
    VEC acc[TILE_INPUTS * TILE_TARGETS];
    float *row_a[TILE_INPUTS], *row_b[TILE_TARGETS], sums[2 * GROUP + TILE_TARGETS];
    const int64_t whole = dim - dim % LANES;
    const int part = (int)(dim - whole), n = n_a * n_b;

    FW_UNROLL for (int i = 0; i < n_a; i++) row_a[i] = a[i];
    FW_UNROLL for (int j = 0; j < n_b; j++) row_b[j] = b[j];
    FW_UNROLL for (int k = 0; k < n; k++) acc[k] = vec_zero();
    for (int64_t c = 0; c < whole; c += LANES) {
        VEC x[TILE_INPUTS];
        FW_UNROLL for (int i = 0; i < n_a; i++) x[i] = vec_load(row_a[i] + c);
        FW_UNROLL for (int j = 0; j < n_b; j++) {
            VEC y = vec_load(row_b[j] + c);
            IN_REGISTER(y);
            FW_UNROLL for (int i = 0; i < n_a; i++) acc[i * n_b + j] = vec_fma(x[i], y, acc[i * n_b + j]);
        }
    }
    if (part) {
        VEC x[TILE_INPUTS];
        FW_UNROLL for (int i = 0; i < n_a; i++) x[i] = vec_load_part(row_a[i] + whole, part);
        FW_UNROLL for (int j = 0; j < n_b; j++) {
            const VEC y = vec_load_part(row_b[j] + whole, part);
            FW_UNROLL for (int i = 0; i < n_a; i++) acc[i * n_b + j] = vec_fma(x[i], y, acc[i * n_b + j]);
        }
    }
    group_sums(acc, n < GROUP ? n : GROUP, sums);
    if (n > GROUP) group_sums(acc + GROUP, n - GROUP, sums + GROUP);
    FW_UNROLL for (int i = 0; i < n_a; i++) memcpy(out + i * stride, sums + i * n_b, TILE_TARGETS * sizeof(float));
}

#define PRODUCT_CASE(A, B) \
    case 8 * A + B: KERNEL(product_tile)(a + i, A, b + j, B, dim, out + i * stride + j, stride); break;
#define PRODUCT_CASES(A) PRODUCT_CASE(A, 1) PRODUCT_CASE(A, 2) PRODUCT_CASE(A, 3) PRODUCT_CASE(A, 4)

/* out[i * stride + j] = a[i] . b[j]; stride is a multiple of 4, and a row is written up to a multiple of 4. */
static KERNEL_ATTR void KERNEL(products)(float *const *a, int n_a, float *const *b, int n_b, int64_t dim, float *out,
                                         int64_t stride) {
    for (int i = 0, size; i < n_a; i += size) {
        const int tiles = (n_a - i + TILE_INPUTS - 1) / TILE_INPUTS;
        size = (n_a - i + tiles - 1) / tiles; /* tiles of even size: 2 and 2 inputs are faster than 3 and 1 */
        for (int j = 0; j < n_b; j += TILE_TARGETS) {
            const int columns = n_b - j < TILE_TARGETS ? n_b - j : TILE_TARGETS;
            switch (8 * size + columns) {
                PRODUCT_CASES(1) PRODUCT_CASES(2) PRODUCT_CASES(3)
#if TILE_INPUTS > 3
                PRODUCT_CASES(4)
#endif
            }
        }
    }
}

/* m rows of n dot products f, `stride` floats apart (a multiple of 16), become errors g = (label - sigma(f)) * rate. f of
 * row j first takes in what the inputs before it have taught the targets, by the products of the inputs among each other
 * (inner[j * inner_stride + l] for l < j), and is kept as the outcome. Without `inner` every row is treated as the
 * first. */
static KERNEL_ATTR void KERNEL(gradients)(float *f, const float *inner, int64_t inner_stride, const float *labels,
                                          const float *rates, int m, int n, int64_t stride, float *g) {
    for (int j = 0; j < m; j++)
        for (int64_t c = 0; c < n; c += LANES) {
            VEC sum = vec_load(f + j * stride + c);
            if (inner) {
                for (int l = 0; l < j; l++)
                    sum = vec_fma(vec_set1(inner[j * inner_stride + l]), vec_load(g + l * stride + c), sum);
                vec_store(f + j * stride + c, sum);
            }
            vec_store(g + j * stride + c, vec_gradient(sum, vec_load(labels + c), vec_load(rates + c)));
        }
}

FW_INLINE KERNEL_ATTR void KERNEL(update_columns)(float *const *inputs, const int m, float *const *targets, int n,
                                                  const float *g, int64_t stride, const float *lockf, int64_t c,
                                                  const int part) {
    VEC x[UPDATE_INPUTS], error[UPDATE_INPUTS];
    FW_UNROLL for (int j = 0; j < m; j++) {
        x[j] = part ? vec_load_part(inputs[j] + c, part) : vec_load(inputs[j] + c);
        error[j] = vec_zero();
    }
    for (int k = 0; k < n; k++) {
        float *row = targets[k] + c;
        VEC target = part ? vec_load_part(row, part) : vec_load(row);
        FW_UNROLL for (int j = 0; j < m; j++) {
            const VEC factor = vec_set1(g[j * stride + k]);
            error[j] = vec_fma(factor, target, error[j]);
            target = vec_fma(factor, x[j], target);
        }
        if (part) vec_store_part(row, part, target);
        else vec_store(row, target);
    }
    FW_UNROLL for (int j = 0; j < m; j++) {
        x[j] = vec_fma(vec_set1(lockf[j]), error[j], x[j]);
        if (part) vec_store_part(inputs[j] + c, part, x[j]);
        else vec_store(inputs[j] + c, x[j]);
    }
}

FW_INLINE KERNEL_ATTR void KERNEL(update_tile)(float *const *inputs, const int m, float *const *targets, int n,
                                               const float *g, int64_t stride, const float *lockf, int64_t dim) {
    int64_t c = 0;
    for (; c + LANES <= dim; c += LANES) KERNEL(update_columns)(inputs, m, targets, n, g, stride, lockf, c, 0);
    if (c < dim) KERNEL(update_columns)(inputs, m, targets, n, g, stride, lockf, c, (int)(dim - c));
}

#define UPDATE_CASE(M) \
    case M: KERNEL(update_tile)(inputs + j, M, targets, n, g + j * stride, stride, lockf + j, dim); break;

/* For each of m inputs in turn: input += lockf * (sum over k of g_k * target_k), target_k += g_k * input as it was. */
static KERNEL_ATTR void KERNEL(update)(float *const *inputs, int m, float *const *targets, int n, const float *g,
                                       int64_t stride, const float *lockf, int64_t dim) {
    for (int j = 0, size; j < m; j += size) {
        const int tiles = (m - j + UPDATE_INPUTS - 1) / UPDATE_INPUTS;
        size = (m - j + tiles - 1) / tiles;
        switch (size) {
            UPDATE_CASE(1) UPDATE_CASE(2) UPDATE_CASE(3) UPDATE_CASE(4) UPDATE_CASE(5) UPDATE_CASE(6)
#if UPDATE_INPUTS > 6
            UPDATE_CASE(7) UPDATE_CASE(8) UPDATE_CASE(9) UPDATE_CASE(10) UPDATE_CASE(11) UPDATE_CASE(12)
#endif
        }
    }
}

#undef TILE_INPUTS
#undef TILE_TARGETS
#undef UPDATE_INPUTS
#undef PRODUCT_CASE
#undef PRODUCT_CASES
#undef UPDATE_CASE
