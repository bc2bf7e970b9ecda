/* The words of a window against its targets, first half: all dot products as small matrix products held in registers, and
 * the errors that follow from them. Each load of a row serves several sums.
 *
 * In turn, the outcome is that of training the inputs one after another against all the targets. In between the targets
 * change: input x_j meets t_k + sum over l < j of g_lk * x_l. Its dot products are therefore x_j.t_k + sum over l < j of
 * (x_j.x_l) * g_lk, which `gradients_in_turn` makes from the products of the rows as they were. The inputs must be
 * distinct rows, and so must the targets.
 *
 * Expected from the includer, beside what row_kernels.h wants: vec_gradient(f, label, rate), which is
 * (label - sigma(f)) * rate in every lane, sigma by table, and vec_smooth_gradient, the same with sigma itself; both are
 * 0 where the table has no entry. group_sums(acc, n, sums) for up to 8 accumulators. TILE_SUMS: how many accumulators
 * the registers hold, 12 or 16. */

FW_INLINE KERNEL_ATTR void KERNEL(product_tile)(float *const *a, const int n_a, float *const *b, const int n_b,
                                                int64_t dim, float *out, int64_t stride) {
    VEC acc[TILE_SUMS];
    float *row_a[4], *row_b[8], sums[TILE_SUMS + 8];
    const int64_t whole = dim - dim % LANES;
    const int part = (int)(dim - whole), n = n_a * n_b;

    FW_UNROLL for (int i = 0; i < n_a; i++) row_a[i] = a[i];
    FW_UNROLL for (int j = 0; j < n_b; j++) row_b[j] = b[j];
    FW_UNROLL for (int k = 0; k < n; k++) acc[k] = vec_zero();
    for (int64_t c = 0; c < whole; c += LANES) {
        VEC x[4];
        FW_UNROLL for (int i = 0; i < n_a; i++) x[i] = vec_load(row_a[i] + c);
        FW_UNROLL for (int j = 0; j < n_b; j++) {
            VEC y = vec_load(row_b[j] + c);
            IN_REGISTER(y);
            FW_UNROLL for (int i = 0; i < n_a; i++) acc[i * n_b + j] = vec_fma(x[i], y, acc[i * n_b + j]);
        }
    }
    if (part) {
        VEC x[4];
        FW_UNROLL for (int i = 0; i < n_a; i++) x[i] = vec_load_part(row_a[i] + whole, part);
        FW_UNROLL for (int j = 0; j < n_b; j++) {
            const VEC y = vec_load_part(row_b[j] + whole, part);
            FW_UNROLL for (int i = 0; i < n_a; i++) acc[i * n_b + j] = vec_fma(x[i], y, acc[i * n_b + j]);
        }
    }
    group_sums(acc, n < 8 ? n : 8, sums);
    if (n > 8) group_sums(acc + 8, n - 8, sums + 8);
    FW_UNROLL for (int i = 0; i < n_a; i++) memcpy(out + i * stride, sums + i * n_b, n_b * sizeof(float));
}

#define PRODUCT_CASE(A, B) \
    case 16 * A + B: KERNEL(product_tile)(a + i, A, b + j, B, dim, out + i * stride + j, stride); break;
#define PRODUCT_CASES_4(A) PRODUCT_CASE(A, 1) PRODUCT_CASE(A, 2) PRODUCT_CASE(A, 3) PRODUCT_CASE(A, 4)
#define PRODUCT_CASES_5(A) PRODUCT_CASES_4(A) PRODUCT_CASE(A, 5)
#define PRODUCT_CASES_6(A) PRODUCT_CASES_5(A) PRODUCT_CASE(A, 6)
#define PRODUCT_CASES_8(A) PRODUCT_CASES_6(A) PRODUCT_CASE(A, 7) PRODUCT_CASE(A, 8)

/* out[i * stride + j] = a[i] . b[j] */
static KERNEL_ATTR void KERNEL(products)(float *const *a, int n_a, float *const *b, int n_b, int64_t dim, float *out,
                                         int64_t stride) {
    const int most_inputs = TILE_SUMS / 4;
    for (int i = 0, size; i < n_a; i += size) {
        /* Tiles of even size: 3 and 3 inputs are faster than 4 and 2; few inputs meet more targets at once. */
        const int tiles = (n_a - i + most_inputs - 1) / most_inputs;
        size = (n_a - i + tiles - 1) / tiles;
        const int most_targets = TILE_SUMS / size < 8 ? TILE_SUMS / size : 8;
        for (int j = 0, columns; j < n_b; j += columns) {
            const int left = (n_b - j + most_targets - 1) / most_targets;
            columns = (n_b - j + left - 1) / left;
            switch (16 * size + columns) {
#if TILE_SUMS == 16
                PRODUCT_CASES_8(1) PRODUCT_CASES_8(2) PRODUCT_CASES_5(3) PRODUCT_CASES_4(4)
#else
                PRODUCT_CASES_8(1) PRODUCT_CASES_6(2) PRODUCT_CASES_4(3)
#endif
            }
        }
    }
}

/* m rows of n dot products f, `stride` floats apart (a multiple of 16), become errors g = (label - sigma(f)) * rate. */
static KERNEL_ATTR void KERNEL(gradients)(const float *f, const float *labels, const float *rates, int m, int n,
                                          int64_t stride, float *g) {
    for (int j = 0; j < m; j++)
        for (int64_t c = 0; c < n; c += LANES)
            vec_store(g + j * stride + c, vec_smooth_gradient(vec_load(f + j * stride + c), vec_load(labels + c),
                                                              vec_load(rates + c)));
}

/* The same in turn, sigma by table: f of row j first takes in what the inputs before it have taught the targets, by the
 * products of the inputs among each other (inner[j * inner_stride + l] for l < j), and is kept as the outcome. */
static KERNEL_ATTR void KERNEL(gradients_in_turn)(float *f, const float *inner, int64_t inner_stride, const float *labels,
                                                  const float *rates, int m, int n, int64_t stride, float *g) {
    for (int j = 0; j < m; j++)
        for (int64_t c = 0; c < n; c += LANES) {
            VEC sum = vec_load(f + j * stride + c);
            for (int l = 0; l < j; l++)
                sum = vec_fma(vec_set1(inner[j * inner_stride + l]), vec_load(g + l * stride + c), sum);
            vec_store(f + j * stride + c, sum);
            vec_store(g + j * stride + c, vec_gradient(sum, vec_load(labels + c), vec_load(rates + c)));
        }
}

#undef TILE_SUMS
#undef PRODUCT_CASE
#undef PRODUCT_CASES_4
#undef PRODUCT_CASES_5
#undef PRODUCT_CASES_6
#undef PRODUCT_CASES_8
