/* Window kernels, first step: the products of all inputs with all targets, or of the inputs with each other.
 *
 *     logits = inputs @ targets.T
 *     gram = inputs @ inputs.T
 *
 * The rows are divided into tiles of up to 4 by 4, 2 by 8 or similar, whose out_sums stay in registers; each load of a
 * row is used for several out_sums.
 *
 * The including file defines, in addition to what row_kernels.h needs: TILE_SUMS, the number of accumulators that the
 * registers hold (8, 12 or 16), and group_sums(out_sums, n, out), which reduces up to 8 accumulators. */

/* Add the products of columns c .. c + n - 1 to the n_a * n_b sums. */
FW_INLINE KERNEL_ATTR void KERNEL(product_columns)(float *const *a, const int n_a, float *const *b, const int n_b,
                                                   int64_t c, const int n, VEC *sums) {
    VEC x[4];
    FW_UNROLL for (int i = 0; i < n_a; i++) x[i] = n == LANES ? vec_load(a[i] + c) : vec_load_part(a[i] + c, n);
    FW_UNROLL for (int j = 0; j < n_b; j++) {
        VEC y = n == LANES ? vec_load(b[j] + c) : vec_load_part(b[j] + c, n);
        IN_REGISTER(y);
        FW_UNROLL for (int i = 0; i < n_a; i++) sums[i * n_b + j] = vec_fma(x[i], y, sums[i * n_b + j]);
    }
}

FW_INLINE KERNEL_ATTR void KERNEL(product_tile)(float *const *a, const int n_a, float *const *b, const int n_b,
                                                int64_t dim, float *out, int64_t stride) {
    VEC sums[TILE_SUMS];
    float *row_a[4], *row_b[8], out_sums[TILE_SUMS + 8];
    const int64_t full = dim - dim % LANES;
    const int part = (int)(dim - full), n = n_a * n_b;

    FW_UNROLL for (int i = 0; i < n_a; i++) row_a[i] = a[i];
    FW_UNROLL for (int j = 0; j < n_b; j++) row_b[j] = b[j];
    FW_UNROLL for (int k = 0; k < n; k++) sums[k] = vec_zero();
    for (int64_t c = 0; c < full; c += LANES) KERNEL(product_columns)(row_a, n_a, row_b, n_b, c, LANES, sums);
    if (part == LANES / 2) KERNEL(product_columns)(row_a, n_a, row_b, n_b, full, LANES / 2, sums);
    else if (part) KERNEL(product_columns)(row_a, n_a, row_b, n_b, full, part, sums);
    group_sums(sums, n < 8 ? n : 8, out_sums);
    if (n > 8) group_sums(sums + 8, n - 8, out_sums + 8);
    FW_UNROLL for (int i = 0; i < n_a; i++) memcpy(out + i * stride, out_sums + i * n_b, n_b * sizeof(float));
}

#define PRODUCT_CASE(A, B) \
    case 16 * A + B: KERNEL(product_tile)(a + i, A, b + j, B, dim, out + i * stride + j, stride); break;
#define PRODUCT_CASES_4(A) PRODUCT_CASE(A, 1) PRODUCT_CASE(A, 2) PRODUCT_CASE(A, 3) PRODUCT_CASE(A, 4)
#define PRODUCT_CASES_5(A) PRODUCT_CASES_4(A) PRODUCT_CASE(A, 5)
#define PRODUCT_CASES_6(A) PRODUCT_CASES_5(A) PRODUCT_CASE(A, 6)
#define PRODUCT_CASES_8(A) PRODUCT_CASES_6(A) PRODUCT_CASE(A, 7) PRODUCT_CASE(A, 8)

static KERNEL_ATTR void KERNEL(products)(float *const *a, int n_a, float *const *b, int n_b, int64_t dim, float *out,
                                         int64_t stride) {
    for (int i = 0, size; i < n_a; i += size) {
        size = tile_size(n_a - i, TILE_SUMS / 4);
        const int most_columns = TILE_SUMS / size < 8 ? TILE_SUMS / size : 8;
        for (int j = 0, columns; j < n_b; j += columns) {
            columns = tile_size(n_b - j, most_columns);
            switch (16 * size + columns) {
#if TILE_SUMS == 16
                PRODUCT_CASES_8(1) PRODUCT_CASES_8(2) PRODUCT_CASES_5(3) PRODUCT_CASES_4(4)
#elif TILE_SUMS == 12
                PRODUCT_CASES_8(1) PRODUCT_CASES_6(2) PRODUCT_CASES_4(3)
#else
                PRODUCT_CASES_8(1) PRODUCT_CASES_4(2)
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
