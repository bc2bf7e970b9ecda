/* AVX-512 (F, DQ, BW, VL): sixteen floats per vector; masks select the last columns of a row. */

#if defined(__clang__) || defined(__GNUC__)
#  define AVX512_ATTR __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")))
#else
#  define AVX512_ATTR
#endif

FW_INLINE AVX512_ATTR __m512 avx512_load_part(const float *p, int n) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
FW_INLINE AVX512_ATTR void avx512_store_part(float *p, int n, __m512 v) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
}
FW_INLINE AVX512_ATTR __m256 avx512_fold(__m512 v) {
    return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
}

FW_INLINE AVX512_ATTR __m256 avx512vl_load_part(const float *p, int n) {
    return _mm256_maskz_loadu_ps((__mmask8)((1u << n) - 1), p);
}
FW_INLINE AVX512_ATTR void avx512vl_store_part(float *p, int n, __m256 v) {
    _mm256_mask_storeu_ps(p, (__mmask8)((1u << n) - 1), v);
}

/* Reduce all accumulators of a group in one tree: lane k of the result is the sum of the lanes of sums[k]. */
FW_INLINE AVX512_ATTR __m256 avx512_reduce(const __m512 *sums, const int n) {
    __m256 fold[8];
    FW_UNROLL for (int k = 0; k < 8; k++) fold[k] = k < n ? avx512_fold(sums[k]) : _mm256_setzero_ps();
    const __m256 first = _mm256_hadd_ps(_mm256_hadd_ps(fold[0], fold[1]), _mm256_hadd_ps(fold[2], fold[3]));
    const __m256 second = _mm256_hadd_ps(_mm256_hadd_ps(fold[4], fold[5]), _mm256_hadd_ps(fold[6], fold[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(first, second, 0x20), _mm256_permute2f128_ps(first, second, 0x31));
}

/* `logistic_gradient` for a group. Like the scalar function it computes the index in double precision. Broadcast loads
 * of the table's entries are faster than a gather followed by permutations. */
FW_INLINE AVX512_ATTR void avx512_group_gradients(const __m512 *sums, const int n, const float *labels,
                                                  float learning_rate, float *logits_out, __m512 *gradients) {
    const __mmask8 used = (__mmask8)((1u << n) - 1);
    const __m256 logits = avx512_reduce(sums, n);
    _mm256_mask_storeu_ps(logits_out, used, logits);
    const __mmask8 covered = _mm256_cmp_ps_mask(logits, _mm256_set1_ps(-6.0f), _CMP_GT_OQ) &
                             _mm256_cmp_ps_mask(logits, _mm256_set1_ps(6.0f), _CMP_LT_OQ) & used;
    if (covered != used) {
        FW_UNROLL for (int k = 0; k < n; k++)
            gradients[k] = _mm512_set1_ps(logistic_gradient(logits_out[k], labels[k], learning_rate));
        return;
    }
    int32_t index[8];
    _mm256_storeu_si256((__m256i *)index, _mm512_cvttpd_epi32(_mm512_mul_pd(
        _mm512_add_pd(_mm512_cvtps_pd(logits), _mm512_set1_pd(SIGMOID_LIMIT)), _mm512_set1_pd(SIGMOID_SCALE))));
    const __m512 rate = _mm512_set1_ps(learning_rate);
    FW_UNROLL for (int k = 0; k < n; k++)
        gradients[k] = _mm512_mul_ps(
            _mm512_sub_ps(_mm512_set1_ps(labels[k]), _mm512_set1_ps(SIGMOID_TABLE[index[k]])), rate);
}

FW_INLINE AVX512_ATTR void avx512_group_sums(const __m512 *sums, const int n, float *out) {
    _mm256_storeu_ps(out, avx512_reduce(sums, n));
}

FW_INLINE AVX512_ATTR __m256i avx512_sigmoid_index(__m256 logits) {
    return _mm512_cvttpd_epi32(_mm512_mul_pd(_mm512_add_pd(_mm512_cvtps_pd(logits), _mm512_set1_pd(SIGMOID_LIMIT)),
                                             _mm512_set1_pd(SIGMOID_SCALE)));
}
FW_INLINE AVX512_ATTR __m512 avx512_gradient(__m512 logits, __m512 label, __m512 rate) {
    const __mmask16 covered = _mm512_cmp_ps_mask(logits, _mm512_set1_ps(-6.0f), _CMP_GT_OQ) &
                              _mm512_cmp_ps_mask(logits, _mm512_set1_ps(6.0f), _CMP_LT_OQ);
    logits = _mm512_maskz_mov_ps(covered, logits);
    const __m256i low = avx512_sigmoid_index(_mm512_castps512_ps256(logits));
    const __m256i high = avx512_sigmoid_index(_mm512_extractf32x8_ps(logits, 1));
    const __m512i index = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    return _mm512_maskz_mul_ps(covered, _mm512_sub_ps(label, _mm512_i32gather_ps(index, SIGMOID_TABLE, 4)), rate);
}

FW_INLINE AVX512_ATTR __m512 avx512_smooth_gradient(__m512 logits, __m512 label, __m512 rate) {
    const __mmask16 covered = _mm512_cmp_ps_mask(logits, _mm512_set1_ps(-6.0f), _CMP_GT_OQ) &
                              _mm512_cmp_ps_mask(logits, _mm512_set1_ps(6.0f), _CMP_LT_OQ);
    const __m512 x = _mm512_mul_ps(_mm512_maskz_mov_ps(covered, logits), _mm512_set1_ps(-LOG2_E));
    const __m512 k = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), r = _mm512_sub_ps(x, k);
    __m512 power = _mm512_set1_ps(EXP2_5);
    power = _mm512_fmadd_ps(power, r, _mm512_set1_ps(EXP2_4));
    power = _mm512_fmadd_ps(power, r, _mm512_set1_ps(EXP2_3));
    power = _mm512_fmadd_ps(power, r, _mm512_set1_ps(EXP2_2));
    power = _mm512_fmadd_ps(power, r, _mm512_set1_ps(EXP2_1));
    power = _mm512_scalef_ps(_mm512_fmadd_ps(power, r, _mm512_set1_ps(1.0f)), k);
    const __m512 sigma = _mm512_div_ps(_mm512_set1_ps(1.0f), _mm512_add_ps(_mm512_set1_ps(1.0f), power));
    return _mm512_maskz_mul_ps(covered, _mm512_sub_ps(label, sigma), rate);
}

#define KERNEL(name) avx512_##name
#define KERNEL_NAME "avx512"
#define KERNEL_FEATURES (CPU_AVX2 | CPU_AVX512)
#define KERNEL_ATTR AVX512_ATTR
#define VEC __m512
#define LANES 16
#define vec_zero _mm512_setzero_ps
#define vec_set1 _mm512_set1_ps
#define vec_load _mm512_loadu_ps
#define vec_store _mm512_storeu_ps
#define vec_load_part avx512_load_part
#define vec_store_part avx512_store_part
#define vec_fma _mm512_fmadd_ps
#define vec_add _mm512_add_ps
#define vec_mul _mm512_mul_ps
#define vec_gradient avx512_gradient
#define vec_smooth_gradient avx512_smooth_gradient
#define group_gradients avx512_group_gradients
#define group_sums avx512_group_sums
#define GROUP 8
#define TILE_SUMS 16
#define UPDATE_INPUTS 12
#define NARROW __m256
#define NARROW_LANES 8
#define narrow_zero _mm256_setzero_ps
#define narrow_set1 _mm256_set1_ps
#define narrow_fma _mm256_fmadd_ps
#define narrow_load_part avx512vl_load_part
#define narrow_store_part avx512vl_store_part
#include "row_kernels.h"
#include "softmax.h"
#include "window_products.h"
#include "window_gradients.h"
#include "window_update.h"
#include "kernel_table.h"
