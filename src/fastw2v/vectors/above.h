/* Where scores exceed a bound: loops without branches over FW_LANES scores at a time, for the compiler to vectorise.
 *
 * Each returns the start of the first whole group from `at` on that holds a score above the bound; where no whole
 * group is left, where that begins. On x86 a second copy is compiled for AVX2, whose vectors are twice as long. */
#ifndef FASTW2V_RANKING_ABOVE_H
#define FASTW2V_RANKING_ABOVE_H

#include <stddef.h>

#define FW_LANES 32

#define FW_ABOVE(NAME, REAL, TARGET)                                                                                  \
    TARGET static ptrdiff_t fw_quotient_##NAME(const REAL *scores, const REAL *divisors, ptrdiff_t at, ptrdiff_t n,   \
                                               REAL bound) {                                                          \
        for (; at + FW_LANES <= n; at += FW_LANES) {                                                                  \
            int found = 0;                                                                                            \
            for (int i = 0; i < FW_LANES; i++)                                                                        \
                found |= scores[at + i] / divisors[at + i] > bound;                                                   \
            if (found)                                                                                                \
                break;                                                                                                \
        }                                                                                                             \
        return at;                                                                                                    \
    }                                                                                                                 \
    TARGET static ptrdiff_t fw_sum_##NAME(const REAL *a, const REAL *b, const REAL *c, ptrdiff_t at, ptrdiff_t n,     \
                                          REAL bound) {                                                               \
        for (; at + FW_LANES <= n; at += FW_LANES) {                                                                  \
            int found = 0;                                                                                            \
            for (int i = 0; i < FW_LANES; i++)                                                                        \
                found |= b[at + i] - a[at + i] + c[at + i] > bound;                                                   \
            if (found)                                                                                                \
                break;                                                                                                \
        }                                                                                                             \
        return at;                                                                                                    \
    }

FW_ABOVE(float, float, )
FW_ABOVE(double, double, )

#if (defined(__GNUC__) || defined(__clang__)) && (defined(__x86_64__) || defined(__i386__))
FW_ABOVE(avx2, float, __attribute__((target("avx2"))))
static int fw_has_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
#  define fw_quotient_avx2 fw_quotient_float
#  define fw_sum_avx2 fw_sum_float
static int fw_has_avx2(void) { return 0; }
#endif

#endif
