/* The row kernels of every instruction set of this architecture, and which of them this machine can run. */
#ifndef FASTW2V_DISPATCH_H
#define FASTW2V_DISPATCH_H

#include <stddef.h>
#include <string.h>
#include "kernels.h"
#include "common/platform.h"
#include "sigmoid.h"
#include "tiles.h"

#if defined(__x86_64__) || defined(_M_X64)
#  define FASTW2V_X86 1
#  include <immintrin.h>
#  include "avx512.h"
#  include "avx2.h"
#  include "avx512vl.h"
#elif defined(__aarch64__) || defined(_M_ARM64)
#  define FASTW2V_ARM 1
#  include <arm_neon.h>
#  include "neon.h"
#endif
#include "scalar.h"

#if defined(FASTW2V_X86)
/* Where 512-bit operations run as two halves, loads that cross cache lines cost more than fewer instructions save; the
 * update, which loads little for what it computes, still gains. */
static const row_kernels mixed_table = {
    "avx512-mixed", avx2_train_pair,   avx2_train_targets, avx2_sum_rows,
    avx2_add_rows,  avx512vl_products, avx512_gradients,   avx2_gradients_in_turn,
    avx512_update,
};
#endif

#if defined(FASTW2V_X86)
enum { HAS_AVX2 = 1, HAS_AVX512 = 2, HALVES_512 = 4 };

#  if defined(_MSC_VER) && !defined(__clang__)
static void cpuid(int leaf, int registers[4]) { __cpuidex(registers, leaf, 0); }
static int saved_registers(void) { return (int)_xgetbv(0); }
#  else
#    include <cpuid.h>
static void cpuid(int leaf, int r[4]) { __cpuid_count(leaf, 0, r[0], r[1], r[2], r[3]); }
static int saved_registers(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (int)low;
}
#  endif

/* What the processor has and the operating system saves. */
static int x86_features(void) {
    int r[4], features = 0;
    cpuid(0, r);
    const int leaves = r[0], amd = r[1] == 0x68747541; /* "Auth" */
    cpuid(1, r);
    const int family = ((r[0] >> 8) & 15) + ((r[0] >> 20) & 255);
    const int fma = (r[2] >> 12) & 1, osxsave = (r[2] >> 27) & 1;
    if (leaves < 7 || !osxsave) return 0;
    const int saved = saved_registers();
    cpuid(7, r);
    if ((saved & 0x06) == 0x06 && fma && (r[1] >> 5) & 1) features |= HAS_AVX2;
    if (features && (saved & 0xe6) == 0xe6 && (r[1] >> 16) & (r[1] >> 17) & (r[1] >> 30) & (r[1] >> 31) & 1)
        features |= HAS_AVX512; /* F, DQ, BW, VL */
    if (amd && family == 0x19) features |= HALVES_512; /* Zen 4 runs each 512-bit operation as two halves */
    return features;
}
#endif

/* The index-th kernel table that this machine runs, fastest first; NULL past the last. */
static const row_kernels *row_kernels_at(int index) {
    const row_kernels *tables[5];
    int n = 0;
#if defined(FASTW2V_X86)
    const int features = x86_features();
    if ((features & HAS_AVX512) && (features & HALVES_512)) tables[n++] = &mixed_table;
    if ((features & HAS_AVX512) && !(features & HALVES_512)) tables[n++] = &avx512_table;
    if (features & HAS_AVX2) tables[n++] = &avx2_table;
    if ((features & HAS_AVX512) && (features & HALVES_512)) tables[n++] = &avx512_table;
#elif defined(FASTW2V_ARM)
    tables[n++] = &neon_table;
#endif
    tables[n++] = &scalar_table;
    return index < n ? tables[index] : NULL;
}

#endif
