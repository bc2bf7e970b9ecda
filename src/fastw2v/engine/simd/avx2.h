/* AVX2 with FMA: eight floats per vector. */

#if defined(__clang__) || defined(__GNUC__)
#  define AVX2_ATTR __attribute__((target("avx2,fma")))
#else
#  define AVX2_ATTR
#endif

static const int32_t AVX2_PART_MASK[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

/* The last columns of 100 or 300 are half a vector, which is loaded without a mask. */
FW_INLINE AVX2_ATTR __m256 avx2_load_part(const float *p, int n) {
    if (n == 4) return _mm256_zextps128_ps256(_mm_loadu_ps(p));
    return _mm256_maskload_ps(p, _mm256_loadu_si256((const __m256i *)(AVX2_PART_MASK + 8 - n)));
}

FW_INLINE AVX2_ATTR __m128 avx2_load_narrow(const float *p, int n) {
    return n == 4 ? _mm_loadu_ps(p) : _mm_maskload_ps(p, _mm_loadu_si128((const __m128i *)(AVX2_PART_MASK + 8 - n)));
}

/* Store without masked stores, which some processors execute as microcode. */
FW_INLINE AVX2_ATTR void avx2_store_narrow(float *p, int n, __m128 v) {
    if (n == 4) {
        _mm_storeu_ps(p, v);
        return;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)p, v);
        v = _mm_movehl_ps(v, v);
        p += 2;
    }
    if (n & 1) _mm_store_ss(p, v);
}
FW_INLINE AVX2_ATTR void avx2_store_part(float *p, int n, __m256 v) {
    if (n < 4) {
        avx2_store_narrow(p, n, _mm256_castps256_ps128(v));
        return;
    }
    _mm_storeu_ps(p, _mm256_castps256_ps128(v));
    if (n > 4) avx2_store_narrow(p + 4, n - 4, _mm256_extractf128_ps(v, 1));
}

FW_INLINE AVX2_ATTR __m256 avx2_pairs(__m256 a, __m256 b) {
    return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x88), _mm256_shuffle_ps(a, b, 0xdd));
}

/* Reduce all accumulators of a group in one tree: lane k of the result is the sum of the lanes of sums[k]. */
FW_INLINE AVX2_ATTR __m256 avx2_reduce(const __m256 *sums, const int n) {
    const __m256 zero = _mm256_setzero_ps();
    const __m256 h01 = avx2_pairs(sums[0], n > 1 ? sums[1] : zero);
    const __m256 h23 = n > 2 ? avx2_pairs(sums[2], n > 3 ? sums[3] : zero) : zero;
    const __m256 h45 = n > 4 ? avx2_pairs(sums[4], n > 5 ? sums[5] : zero) : zero;
    const __m256 h67 = n > 6 ? avx2_pairs(sums[6], n > 7 ? sums[7] : zero) : zero;
    const __m256 first = avx2_pairs(h01, h23);
    const __m256 second = n > 4 ? avx2_pairs(h45, h67) : zero;
    return _mm256_add_ps(_mm256_permute2f128_ps(first, second, 0x20), _mm256_permute2f128_ps(first, second, 0x31));
}

/* `logistic_gradient` for a group. Like the scalar function it computes the index in double precision. Broadcast loads
 * of the table's entries are faster than a gather followed by permutations. */
FW_INLINE AVX2_ATTR void avx2_group_gradients(const __m256 *sums, const int n, const float *labels,
                                              float learning_rate, float *logits_out, __m256 *gradients) {
    const __m256 logits = avx2_reduce(sums, n);
    const __m256d limit = _mm256_set1_pd(SIGMOID_LIMIT), scale = _mm256_set1_pd(SIGMOID_SCALE);
    const __m256 covered = _mm256_and_ps(_mm256_cmp_ps(logits, _mm256_set1_ps(-6.0f), _CMP_GT_OQ),
                                         _mm256_cmp_ps(logits, _mm256_set1_ps(6.0f), _CMP_LT_OQ));
    float out[8];
    _mm256_storeu_ps(out, logits);
    FW_UNROLL for (int k = 0; k < n; k++) logits_out[k] = out[k];
    if ((_mm256_movemask_ps(covered) & ((1 << n) - 1)) != (1 << n) - 1) {
        FW_UNROLL for (int k = 0; k < n; k++)
            gradients[k] = _mm256_set1_ps(logistic_gradient(out[k], labels[k], learning_rate));
        return;
    }
    int32_t index[8];
    _mm_storeu_si128((__m128i *)index, _mm256_cvttpd_epi32(_mm256_mul_pd(
        _mm256_add_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(logits)), limit), scale)));
    if (n > 4)
        _mm_storeu_si128((__m128i *)(index + 4), _mm256_cvttpd_epi32(_mm256_mul_pd(
            _mm256_add_pd(_mm256_cvtps_pd(_mm256_extractf128_ps(logits, 1)), limit), scale)));
    const __m256 rate = _mm256_set1_ps(learning_rate);
    FW_UNROLL for (int k = 0; k < n; k++)
        gradients[k] = _mm256_mul_ps(
            _mm256_sub_ps(_mm256_broadcast_ss(labels + k), _mm256_broadcast_ss(SIGMOID_TABLE + index[k])), rate);
}

FW_INLINE AVX2_ATTR void avx2_group_sums(const __m256 *sums, const int n, float *out) {
    _mm256_storeu_ps(out, avx2_reduce(sums, n));
}

FW_INLINE AVX2_ATTR __m256 avx2_gradient(__m256 logits, __m256 label, __m256 rate) {
    const __m256d limit = _mm256_set1_pd(SIGMOID_LIMIT), scale = _mm256_set1_pd(SIGMOID_SCALE);
    const __m256 covered = _mm256_and_ps(_mm256_cmp_ps(logits, _mm256_set1_ps(-6.0f), _CMP_GT_OQ),
                                         _mm256_cmp_ps(logits, _mm256_set1_ps(6.0f), _CMP_LT_OQ));
    logits = _mm256_and_ps(logits, covered);
    const __m128i low = _mm256_cvttpd_epi32(_mm256_mul_pd(
        _mm256_add_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(logits)), limit), scale));
    const __m128i high = _mm256_cvttpd_epi32(_mm256_mul_pd(
        _mm256_add_pd(_mm256_cvtps_pd(_mm256_extractf128_ps(logits, 1)), limit), scale));
    const __m256 sigma = _mm256_i32gather_ps(SIGMOID_TABLE, _mm256_set_m128i(high, low), 4);
    return _mm256_and_ps(covered, _mm256_mul_ps(_mm256_sub_ps(label, sigma), rate));
}

FW_INLINE AVX2_ATTR __m256 avx2_smooth_gradient(__m256 logits, __m256 label, __m256 rate) {
    const __m256 covered = _mm256_and_ps(_mm256_cmp_ps(logits, _mm256_set1_ps(-6.0f), _CMP_GT_OQ),
                                         _mm256_cmp_ps(logits, _mm256_set1_ps(6.0f), _CMP_LT_OQ));
    const __m256 x = _mm256_mul_ps(_mm256_and_ps(logits, covered), _mm256_set1_ps(-LOG2_E));
    const __m256i k = _mm256_cvtps_epi32(x);
    const __m256 r = _mm256_sub_ps(x, _mm256_cvtepi32_ps(k)), one = _mm256_set1_ps(1.0f);
    __m256 power = _mm256_set1_ps(EXP2_5);
    power = _mm256_fmadd_ps(power, r, _mm256_set1_ps(EXP2_4));
    power = _mm256_fmadd_ps(power, r, _mm256_set1_ps(EXP2_3));
    power = _mm256_fmadd_ps(power, r, _mm256_set1_ps(EXP2_2));
    power = _mm256_fmadd_ps(power, r, _mm256_set1_ps(EXP2_1));
    power = _mm256_fmadd_ps(power, r, one);
    /* |k| <= 9, so adding it to the exponent cannot overflow. */
    power = _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(power), _mm256_slli_epi32(k, 23)));
    const __m256 sigma = _mm256_div_ps(one, _mm256_add_ps(one, power));
    return _mm256_and_ps(covered, _mm256_mul_ps(_mm256_sub_ps(label, sigma), rate));
}

#define KERNEL(name) avx2_##name
#define KERNEL_NAME "avx2"
#define KERNEL_FEATURES CPU_AVX2
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
#define vec_gradient avx2_gradient
#define vec_smooth_gradient avx2_smooth_gradient
#define group_gradients avx2_group_gradients
#define group_sums avx2_group_sums
#define GROUP 8
#define TILE_SUMS 12
#define UPDATE_INPUTS 6
#define UPDATE_VECTORS(m) ((m) > 4 ? 2 : (m) > 2 ? 3 : 4)
#define NARROW __m128
#define NARROW_LANES 4
#define narrow_zero _mm_setzero_ps
#define narrow_set1 _mm_set1_ps
#define narrow_fma _mm_fmadd_ps
#define narrow_load_part avx2_load_narrow
#define narrow_store_part avx2_store_narrow
#include "row_kernels.h"
#include "softmax.h"
#include "window_products.h"
#include "window_gradients.h"
#include "window_update.h"
#include "kernel_table.h"
