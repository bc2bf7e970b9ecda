/* What the processor offers beyond the baseline of its architecture, and the operating system supports.
 *
 * The only detector of the package. `kernels_named` in engine/kernels.pyx combines its answer with the environment
 * variable FASTW2V_SIMD; other modules follow that choice through the field `cpu_features` of the chosen kernels. */
#ifndef FASTW2V_CPU_FEATURES_H
#define FASTW2V_CPU_FEATURES_H

#include <stdint.h>

enum {
    CPU_AVX2 = 1,       /* AVX2 and FMA */
    CPU_AVX512 = 2,     /* AVX-512 F, DQ, BW and VL */
    CPU_NARROW_PAIRS = 4, /* with AVX-512, but pairs are trained faster with 256-bit vectors: AMD's Zen 4, Intel */
};

#if defined(__x86_64__) || defined(_M_X64)
#  if defined(_MSC_VER) && !defined(__clang__)
#    include <intrin.h>
static void fw_cpuid(int leaf, int registers[4]) { __cpuidex(registers, leaf, 0); }
static int fw_saved_registers(void) { return (int)_xgetbv(0); }
#  else
#    include <cpuid.h>
static void fw_cpuid(int leaf, int r[4]) { __cpuid_count(leaf, 0, r[0], r[1], r[2], r[3]); }
static int fw_saved_registers(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (int)low;
}
#  endif

static int cpu_features(void) {
    int r[4], features = 0;
    fw_cpuid(0, r);
    const int leaves = r[0], amd = r[1] == 0x68747541, intel = r[1] == 0x756e6547; /* "Auth", "Genu" */
    fw_cpuid(1, r);
    const int family = ((r[0] >> 8) & 15) + ((r[0] >> 20) & 255);
    const int fma = (r[2] >> 12) & 1, osxsave = (r[2] >> 27) & 1;
    if (leaves < 7 || !osxsave) return 0;
    const int saved = fw_saved_registers();
    fw_cpuid(7, r);
    if ((saved & 0x06) == 0x06 && fma && (r[1] >> 5) & 1) features |= CPU_AVX2;
    if (features && (saved & 0xe6) == 0xe6 && (r[1] >> 16) & (r[1] >> 17) & (r[1] >> 30) & (r[1] >> 31) & 1)
        features |= CPU_AVX512;
    if (intel || (amd && family == 0x19)) features |= CPU_NARROW_PAIRS;
    return features;
}
#else
static int cpu_features(void) { return 0; }
#endif

#endif
