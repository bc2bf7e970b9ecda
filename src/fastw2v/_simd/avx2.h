/* AVX2 with FMA: eight floats a vector. */

#if defined(__clang__) || defined(__GNUC__)
#  define AVX2_ATTR __attribute__((target("avx2,fma")))
#else
#  define AVX2_ATTR
#endif

static const int32_t AVX2_PART_MASK[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

FW_INLINE AVX2_ATTR __m256 avx2_load_part(const float *p, int n) {
    return _mm256_maskload_ps(p, _mm256_loadu_si256((const __m256i *)(AVX2_PART_MASK + 8 - n)));
}

/* Not a masked store: those are microcoded on some processors. */
FW_INLINE AVX2_ATTR void avx2_store_part(float *p, int n, __m256 v) {
    __m128 rest = _mm256_castps256_ps128(v);
    if (n & 4) {
        _mm_storeu_ps(p, rest);
        rest = _mm256_extractf128_ps(v, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)p, rest);
        rest = _mm_movehl_ps(rest, rest);
        p += 2;
    }
    if (n & 1) _mm_store_ss(p, rest);
}

/* One reduction tree for all dot products of a group. */
FW_INLINE AVX2_ATTR void avx2_reduce(const __m256 *acc, const int n, float *dots) {
    const __m256 zero = _mm256_setzero_ps();
    const __m256 h01 = _mm256_hadd_ps(acc[0], n > 1 ? acc[1] : zero);
    const __m256 h23 = n > 2 ? _mm256_hadd_ps(acc[2], n > 3 ? acc[3] : zero) : zero;
    const __m256 first = _mm256_hadd_ps(h01, h23);
    if (n <= 4) {
        float sums[4];
        _mm_storeu_ps(sums, _mm_add_ps(_mm256_castps256_ps128(first), _mm256_extractf128_ps(first, 1)));
        for (int k = 0; k < n; k++) dots[k] = sums[k];
        return;
    }
    const __m256 h45 = _mm256_hadd_ps(acc[4], n > 5 ? acc[5] : zero);
    const __m256 h67 = n > 6 ? _mm256_hadd_ps(acc[6], n > 7 ? acc[7] : zero) : zero;
    const __m256 second = _mm256_hadd_ps(h45, h67);
    const __m256 sum = _mm256_add_ps(_mm256_permute2f128_ps(first, second, 0x20),
                                     _mm256_permute2f128_ps(first, second, 0x31));
    float sums[8];
    _mm256_storeu_ps(sums, sum);
    for (int k = 0; k < n; k++) dots[k] = sums[k];
}

FW_INLINE AVX2_ATTR void avx2_gradients(const float *dots, const float *labels, const int n, float alpha, float *g) {
    FW_UNROLL for (int k = 0; k < n; k++) g[k] = logistic_gradient(dots[k], labels[k], alpha);
}

#define KERNEL(name) avx2_##name
#define KERNEL_NAME "avx2"
#define KERNEL_ATTR AVX2_ATTR
#define VEC __m256
#define LANES 8
#define vec_zero _mm256_setzero_ps
#define vec_set1 _mm256_set1_ps
#define vec_load _mm256_loadu_ps
#define vec_store _mm256_storeu_ps
#define vec_load_part avx2_load_part
#define vec_store_part avx2_store_part
#define vec_fma _mm256_fmadd_ps
#define vec_add _mm256_add_ps
#define vec_mul _mm256_mul_ps
#define group_dots avx2_reduce
#define group_gradients avx2_gradients
#include "row_kernels.h"
