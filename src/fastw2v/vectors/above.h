/* Search for scores above a bound: loops without branches over FW_LANES scores at a time, which compilers vectorise.
 *
 * `fw_quotient_*` compares scores[i] / divisors[i] with the bound, `fw_sum_*` compares b[i] - a[i] + c[i]. Each returns
 * the start of the first full group, from `at` on, that has a score above the bound; if there is none, the index behind
 * the last full group. On x86 a second copy is compiled for AVX2, whose vectors are twice as long. */
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
#else
#  define fw_quotient_avx2 fw_quotient_float
#  define fw_sum_avx2 fw_sum_float
#endif

#endif
