/* The words of a window against its targets, first part: all dot products, as small matrix products held in registers.
 * Each load of a row serves several sums.
 *
 * Expected from the includer, beside what row_kernels.h wants: group_sums(acc, n, sums) for up to 8 accumulators, and
 * TILE_SUMS: how many accumulators the registers hold, 12 or 16. */

/* Columns c .. c + n of all products. */
FW_INLINE KERNEL_ATTR void KERNEL(product_columns)(float *const *a, const int n_a, float *const *b, const int n_b,
                                                   int64_t c, const int n, VEC *acc) {
    VEC x[4];
    FW_UNROLL for (int i = 0; i < n_a; i++) x[i] = n == LANES ? vec_load(a[i] + c) : vec_load_part(a[i] + c, n);
    FW_UNROLL for (int j = 0; j < n_b; j++) {
        VEC y = n == LANES ? vec_load(b[j] + c) : vec_load_part(b[j] + c, n);
        IN_REGISTER(y);
        FW_UNROLL for (int i = 0; i < n_a; i++) acc[i * n_b + j] = vec_fma(x[i], y, acc[i * n_b + j]);
    }
}

FW_INLINE KERNEL_ATTR void KERNEL(product_tile)(float *const *a, const int n_a, float *const *b, const int n_b,
                                                int64_t dim, float *out, int64_t stride) {
    VEC acc[TILE_SUMS];
    float *row_a[4], *row_b[8], sums[TILE_SUMS + 8];
    const int64_t whole = dim - dim % LANES;
    const int part = (int)(dim - whole), n = n_a * n_b;

    FW_UNROLL for (int i = 0; i < n_a; i++) row_a[i] = a[i];
    FW_UNROLL for (int j = 0; j < n_b; j++) row_b[j] = b[j];
    FW_UNROLL for (int k = 0; k < n; k++) acc[k] = vec_zero();
    for (int64_t c = 0; c < whole; c += LANES) KERNEL(product_columns)(row_a, n_a, row_b, n_b, c, LANES, acc);
    if (part == LANES / 2) KERNEL(product_columns)(row_a, n_a, row_b, n_b, whole, LANES / 2, acc);
    else if (part) KERNEL(product_columns)(row_a, n_a, row_b, n_b, whole, part, acc);
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
    for (int i = 0, size; i < n_a; i += size) {
        /* Tiles of even size: 3 and 3 inputs are faster than 4 and 2; few inputs meet more targets at once. */
        size = first_tile(n_a - i, TILE_SUMS / 4);
        const int most_targets = TILE_SUMS / size < 8 ? TILE_SUMS / size : 8;
        for (int j = 0, columns; j < n_b; j += columns) {
            columns = first_tile(n_b - j, most_targets);
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

#undef TILE_SUMS
#undef PRODUCT_CASE
#undef PRODUCT_CASES_4
#undef PRODUCT_CASES_5
#undef PRODUCT_CASES_6
#undef PRODUCT_CASES_8
