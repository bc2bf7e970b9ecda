/* The row kernels of every instruction set of this architecture, and which of them this machine can run. */
#ifndef FASTW2V_DISPATCH_H
#define FASTW2V_DISPATCH_H

#include <stddef.h>
#include <string.h>
#include "platform.h"
#include "sigmoid.h"

typedef struct {
    const char *name;
    void (*train_pair)(float *x, float *const *rows, const float *labels, int n, int64_t dim, float alpha, float lockf,
                       float *work, float *dots);
    void (*train_targets)(float *x, float *const *rows, const float *labels, int n, int64_t dim, float alpha,
                          float *work, float *dots);
    void (*sum_rows)(float *sum, float *const *rows, int64_t n, int64_t dim, float scale);
    void (*add_row)(float *row, const float *delta, int64_t dim, float factor);
} row_kernels;

#if defined(__x86_64__) || defined(_M_X64)
#  define FASTW2V_X86 1
#  include <immintrin.h>
#  include "avx512.h"
#  include "avx2.h"
#elif defined(__aarch64__) || defined(_M_ARM64)
#  define FASTW2V_ARM 1
#  include <arm_neon.h>
#  include "neon.h"
#endif
#include "scalar.h"

#if defined(FASTW2V_X86) && defined(_MSC_VER) && !defined(__clang__)
/* Leaf 7 flags that the operating system saves the registers for: bit 0 AVX2 with FMA, bit 1 AVX-512. */
static int x86_features(void) {
    int leaf[4];
    __cpuid(leaf, 1);
    if (!(leaf[2] & (1 << 27)) || !(leaf[2] & (1 << 12))) return 0;
    const unsigned long long saved = _xgetbv(0);
    if ((saved & 0x6) != 0x6) return 0;
    __cpuidex(leaf, 7, 0);
    const int avx2 = (leaf[1] >> 5) & 1;
    const int avx512 = avx2 && (saved & 0xe6) == 0xe6 && ((leaf[1] >> 16) & 1) && ((leaf[1] >> 17) & 1) &&
                       ((leaf[1] >> 30) & 1) && ((leaf[1] >> 31) & 1);
    return avx2 | (avx512 << 1);
}
#elif defined(FASTW2V_X86)
static int x86_features(void) {
    __builtin_cpu_init();
    const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    return avx2 | (avx512 << 1);
}
#endif

/* The index-th kernel table that this machine runs, fastest first; NULL past the last. */
static const row_kernels *row_kernels_at(int index) {
    const row_kernels *tables[4];
    int n = 0;
#if defined(FASTW2V_X86)
    const int features = x86_features();
    if (features & 2) tables[n++] = &avx512_table;
    if (features & 1) tables[n++] = &avx2_table;
#elif defined(FASTW2V_ARM)
    tables[n++] = &neon_table;
#endif
    tables[n++] = &scalar_table;
    return index < n ? tables[index] : NULL;
}

#endif
