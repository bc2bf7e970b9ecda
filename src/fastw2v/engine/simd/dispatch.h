/* The row kernels of every instruction set of this architecture, fastest first.
 *
 * Each set is one file: it defines a vector type and a few operations, then includes the kernels, which are written
 * once. To add a set, write such a file, include it here and add its table to `row_kernels_at`. */
#ifndef FASTW2V_DISPATCH_H
#define FASTW2V_DISPATCH_H

#include <stddef.h>
#include <string.h>
#include "kernels.h"
#include "common/cpu_features.h"
#include "common/platform.h"
#include "sigmoid.h"
#include "tile_sizes.h"

#define STEP_GROUP 6 /* targets of a group in softmax.h: each needs two registers of the 16 of AVX2 */

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
/* This table is for processors on which wider loads, which cross cache lines more often, lose more time than fewer
 * instructions save. Only the update, which loads little for its amount of arithmetic, gains from 512-bit vectors. */
static const row_kernels mixed_table = {
    "avx512-mixed", CPU_AVX2 | CPU_AVX512, avx2_train_pair,  avx2_train_targets,        avx2_sum_rows,
    avx2_weigh_rows,
    avx2_add_rows,  avx512vl_products,     avx512_gradients, avx2_sequential_gradients, avx512_update,
    avx2_softmax_gradients, avx2_step_targets,
};
#endif

/* Return the index-th table that a processor with these features can run, fastest first; NULL after the last one. */
static const row_kernels *row_kernels_at(int index, int features) {
    const row_kernels *tables[5];
    int n = 0;
#if defined(FASTW2V_X86)
    const int avx512 = features & CPU_AVX512, narrow_pairs = features & CPU_NARROW_PAIRS;
    if (avx512 && narrow_pairs) tables[n++] = &mixed_table;
    if (avx512 && !narrow_pairs) tables[n++] = &avx512_table;
    if (features & CPU_AVX2) tables[n++] = &avx2_table;
    if (avx512 && narrow_pairs) tables[n++] = &avx512_table;
#elif defined(FASTW2V_ARM)
    tables[n++] = &neon_table;
#endif
    (void)features;
    tables[n++] = &scalar_table;
    return index < n ? tables[index] : NULL;
}

#endif
