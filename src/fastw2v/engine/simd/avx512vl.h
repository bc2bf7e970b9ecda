/* AVX-512VL: 256-bit vectors with the masks and the 32 registers of AVX-512. Only `products` is compiled with it, for
 * processors on which 512-bit loads that cross cache lines are slower than 256-bit loads. */

FW_INLINE AVX512_ATTR void avx512vl_group_sums(const __m256 *sums, const int n, float *out) {
    _mm256_storeu_ps(out, avx2_reduce(sums, n));
}

#define KERNEL(name) avx512vl_##name
#define KERNEL_ATTR AVX512_ATTR
#define VEC __m256
#define LANES 8
#define vec_zero _mm256_setzero_ps
#define vec_set1 _mm256_set1_ps
#define vec_load _mm256_loadu_ps
#define vec_load_part avx512vl_load_part
#define vec_fma _mm256_fmadd_ps
#define group_sums avx512vl_group_sums
#define TILE_SUMS 16
#include "window_products.h"
#include "undef_isa.h"
