/* The products of all rows of a matrix with one query.
 *
 * Memory bandwidth limits this loop, and it is highest where the matrix is read from one end to the other. Several
 * running sums, which do not depend on each other, keep the arithmetic from taking longer than the loads. */
#ifndef FASTW2V_RANKING_PRODUCTS_H
#define FASTW2V_RANKING_PRODUCTS_H

#include <stddef.h>

static void fw_products_float(const float *row, ptrdiff_t n, ptrdiff_t dim, const float *query, float *products) {
    for (ptrdiff_t r = 0; r < n; r++, row += dim) {
        float sums[8] = {0}, rest = 0;
        ptrdiff_t c = 0;
        for (; c + 8 <= dim; c += 8)
            for (int i = 0; i < 8; i++)
                sums[i] += row[c + i] * query[c + i];
        for (; c < dim; c++)
            rest += row[c] * query[c];
        products[r] = ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7])) + rest;
    }
}

#if (defined(__GNUC__) || defined(__clang__)) && (defined(__x86_64__) || defined(__i386__))
#  include <immintrin.h>
__attribute__((target("avx2,fma"))) static void fw_products_avx2(const float *row, ptrdiff_t n, ptrdiff_t dim,
                                                                const float *query, float *products) {
    for (ptrdiff_t r = 0; r < n; r++, row += dim) {
        __m256 a = _mm256_setzero_ps(), b = a, c = a, d = a;
        __m128 sum;
        ptrdiff_t i = 0;
        for (; i + 32 <= dim; i += 32) {
            a = _mm256_fmadd_ps(_mm256_loadu_ps(row + i), _mm256_loadu_ps(query + i), a);
            b = _mm256_fmadd_ps(_mm256_loadu_ps(row + i + 8), _mm256_loadu_ps(query + i + 8), b);
            c = _mm256_fmadd_ps(_mm256_loadu_ps(row + i + 16), _mm256_loadu_ps(query + i + 16), c);
            d = _mm256_fmadd_ps(_mm256_loadu_ps(row + i + 24), _mm256_loadu_ps(query + i + 24), d);
        }
        for (; i + 8 <= dim; i += 8)
            a = _mm256_fmadd_ps(_mm256_loadu_ps(row + i), _mm256_loadu_ps(query + i), a);
        a = _mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d));
        sum = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        for (; i + 4 <= dim; i += 4)
            sum = _mm_fmadd_ps(_mm_loadu_ps(row + i), _mm_loadu_ps(query + i), sum);
        for (; i < dim; i++)
            sum = _mm_fmadd_ps(_mm_load_ss(row + i), _mm_load_ss(query + i), sum);
        sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
        products[r] = _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
    }
}
#else
#  define fw_products_avx2 fw_products_float
#endif

#endif
