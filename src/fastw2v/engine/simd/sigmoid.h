/* The logistic function and the gradient of a target.
 *
 * The function is read from a table of 1000 entries over (-6, 6), as in word2vec.c and gensim. The index scale is 83,
 * which is 1000 / 6 / 2 in integer arithmetic, and not 83.33. Therefore the upper entries are never read, and
 * sigmoid(0) gives 0.494. A logit outside (-6, 6), or NaN, has no entry, and its target is not updated.
 *
 * Only engine/kernels.pyx includes this file, and calls `sigmoid_init` at import. Other modules read the
 * log-likelihoods through engine/kernels.pxd. */
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

FW_INLINE int sigmoid_covers(float logit) { return logit > -6.0f && logit < 6.0f; }
FW_INLINE int sigmoid_index(float logit) { return (int)(((double)logit + SIGMOID_LIMIT) * SIGMOID_SCALE); }

/* (label - sigmoid(logit)) * learning_rate, or 0 where the table has no entry. */
FW_INLINE float logistic_gradient(float logit, float label, float learning_rate) {
    return sigmoid_covers(logit) ? (label - SIGMOID_TABLE[sigmoid_index(logit)]) * learning_rate : 0.0f;
}

/* The same by the logistic function itself, for shared negatives, which gensim does not have:
 * sigmoid(logit) = 1 / (1 + 2^x) with x = -logit * log2(e). 2^x = 2^k * 2^r, where k is the integer nearest to x, and
 * 2^r is its Taylor polynomial of degree 5 (error 3e-6). */
#define LOG2_E 1.44269504f
#define EXP2_1 6.9314718e-1f
#define EXP2_2 2.4022651e-1f
#define EXP2_3 5.5504109e-2f
#define EXP2_4 9.6181291e-3f
#define EXP2_5 1.3333558e-3f

FW_INLINE float smooth_gradient(float logit, float label, float learning_rate) {
    if (!sigmoid_covers(logit)) return 0.0f;
    const float x = logit * -LOG2_E;
    const int k = (int)(x + (x < 0.0f ? -0.5f : 0.5f));
    const float r = x - (float)k;
    float power = ((((EXP2_5 * r + EXP2_4) * r + EXP2_3) * r + EXP2_2) * r + EXP2_1) * r + 1.0f;
    int32_t bits;
    memcpy(&bits, &power, sizeof bits);
    bits += (int32_t)((uint32_t)k << 23); /* |k| <= 9, so the exponent cannot overflow */
    memcpy(&power, &bits, sizeof bits);
    return (label - 1.0f / (1.0f + power)) * learning_rate;
}

#endif
