/* The logistic function by table, with word2vec.c's resolution and gensim's compiled scale.
 *
 * 1000 entries over (-6, 6). The index scale is the whole number 83 (1000 / 6 / 2 in integer arithmetic), not 83.33, as
 * in the original C program: the values at the table's upper end are never used, and sigma(0) reads 0.494.
 * A dot product outside (-6, 6), a NaN included, has no entry: its target is left as it is.
 */
#ifndef FASTW2V_SIGMOID_H
#define FASTW2V_SIGMOID_H

#include <math.h>
#include <string.h>
#include "common/platform.h"

#define SIGMOID_SIZE 1000
#define SIGMOID_LIMIT 6.0
#define SIGMOID_SCALE 83.0

static float SIGMOID_TABLE[SIGMOID_SIZE];
static float LOG_SIGMOID_TABLE[SIGMOID_SIZE];

static void sigmoid_init(void) {
    for (int i = 0; i < SIGMOID_SIZE; i++) {
        const float position = (float)i / (float)SIGMOID_SIZE;
        const float e = (float)exp(((double)position * 2.0 - 1.0) * SIGMOID_LIMIT);
        SIGMOID_TABLE[i] = (float)((double)e / ((double)e + 1.0));
        LOG_SIGMOID_TABLE[i] = (float)log((double)SIGMOID_TABLE[i]);
    }
}

FW_INLINE int sigmoid_covers(float f) { return f > -6.0f && f < 6.0f; }
FW_INLINE int sigmoid_index(float f) { return (int)(((double)f + SIGMOID_LIMIT) * SIGMOID_SCALE); }

/* log sigma(f), or 0 where the table has no entry. */
FW_INLINE float log_sigmoid(float f) { return sigmoid_covers(f) ? LOG_SIGMOID_TABLE[sigmoid_index(f)] : 0.0f; }

/* (label - sigma(f)) * alpha, or 0 where the table has no entry. */
FW_INLINE float logistic_gradient(float f, float label, float alpha) {
    return sigmoid_covers(f) ? (label - SIGMOID_TABLE[sigmoid_index(f)]) * alpha : 0.0f;
}

/* The logistic function itself, for the trainers that owe their numbers to nobody: 1 / (1 + 2^x) with x = -f * log2(e),
 * 2^x = 2^k * 2^r with k the whole number next to x, and 2^r by its Taylor series to r^5, right to 3e-6. */
#define LOG2_E 1.44269504f
#define EXP2_1 6.9314718e-1f
#define EXP2_2 2.4022651e-1f
#define EXP2_3 5.5504109e-2f
#define EXP2_4 9.6181291e-3f
#define EXP2_5 1.3333558e-3f

FW_INLINE float smooth_gradient(float f, float label, float alpha) {
    if (!sigmoid_covers(f)) return 0.0f;
    const float x = f * -LOG2_E;
    const int k = (int)(x + (x < 0.0f ? -0.5f : 0.5f));
    const float r = x - (float)k;
    float power = ((((EXP2_5 * r + EXP2_4) * r + EXP2_3) * r + EXP2_2) * r + EXP2_1) * r + 1.0f;
    int32_t bits;
    memcpy(&bits, &power, sizeof bits);
    bits += (int32_t)((uint32_t)k << 23); /* |k| <= 9: the exponent cannot overflow */
    memcpy(&power, &bits, sizeof bits);
    return (label - 1.0f / (1.0f + power)) * alpha;
}

#endif
