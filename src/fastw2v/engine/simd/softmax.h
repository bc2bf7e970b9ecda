/* Sampled softmax: the gradients of one input's targets from the logits, and both updates.
 *
 * A target that was drawn m times has the multiplicity m. With labels[0] = 1 for the center word, and 0 for the other
 * targets:
 *
 *     p = multiplicities * exp(logits);  p /= p.sum()
 *     gradients = (labels - p) * learning_rate
 *     error = gradients @ targets
 *     targets += outer(steps, input)
 *
 * `steps` are the gradients, unless the updates of the targets have additional factors. The caller adds the error to
 * the input row. The softmax needs all logits before the first gradient, so the two passes over the rows are two
 * functions here. The logits are computed by the products of window_products.h. */

#ifndef FASTW2V_EXP_OF_NEGATIVE
#define FASTW2V_EXP_OF_NEGATIVE
/* exp(x) for x <= 0, with a relative error of 2e-7: 2^(k + r) with k the nearest integer and a Taylor polynomial. */
FW_INLINE float exp_of_negative(float x) {
    const float y = x * LOG2_E, z = y >= -125.0f ? y : -125.0f; /* -125 also for NaN, which has no integer */
    const int k = (int)(z - 0.5f);
    const float r = z - (float)k;
    const float power =
        (((((1.5403530e-4f * r + EXP2_5) * r + EXP2_4) * r + EXP2_3) * r + EXP2_2) * r + EXP2_1) * r + 1.0f;
    const int32_t exponent = (k + 127) << 23;
    float scale;
    memcpy(&scale, &exponent, sizeof scale);
    return power * scale;
}
#endif

/* See kernels.h. Logits that are not finite come from weights that have overflowed, which training cannot correct. */
static KERNEL_ATTR float KERNEL(softmax_gradients)(const float *logits, const float *multiplicities, int n_targets,
                                                   float learning_rate, float *gradients) {
    float largest = logits[0], total = 0.0f;
    int n_finite = 0;
    for (int k = 0; k < n_targets; k++) n_finite += logits[k] - logits[k] == 0.0f;
    if (n_finite < n_targets) {
        memset(gradients, 0, (size_t)n_targets * sizeof(float));
        return 0.0f;
    }
    for (int k = 1; k < n_targets; k++) largest = logits[k] > largest ? logits[k] : largest;
    for (int k = 0; k < n_targets; k++) gradients[k] = multiplicities[k] * exp_of_negative(logits[k] - largest);
    for (int k = 0; k < n_targets; k++) total += gradients[k];
    const float scale = -learning_rate / total; /* the total is at least 1, which is the term of the largest logit */
    for (int k = 0; k < n_targets; k++) gradients[k] *= scale;
    gradients[0] += learning_rate;
    return largest - logits[0] + logf(total);
}

/* Columns c .. c + size - 1, at most LANES of them, of n targets. */
FW_INLINE KERNEL_ATTR void KERNEL(step_columns)(const float *input, float *const *targets, const int n, int64_t c,
                                                const int size, const VEC *gradients, const VEC *steps, float *error,
                                                int added) {
    const VEC x = size == LANES ? vec_load(input + c) : vec_load_part(input + c, size);
    VEC sum = vec_zero();
    if (added) sum = size == LANES ? vec_load(error + c) : vec_load_part(error + c, size);
    FW_UNROLL for (int k = 0; k < n; k++) {
        VEC target = size == LANES ? vec_load(targets[k] + c) : vec_load_part(targets[k] + c, size);
        IN_REGISTER(target);
        sum = vec_fma(gradients[k], target, sum);
        target = vec_fma(steps[k], x, target);
        if (size == LANES) vec_store(targets[k] + c, target);
        else vec_store_part(targets[k] + c, size, target);
    }
    if (size == LANES) vec_store(error + c, sum);
    else vec_store_part(error + c, size, sum);
}

FW_INLINE KERNEL_ATTR void KERNEL(step_group)(const float *input, float *const *targets, const float *gradients,
                                              const float *steps, const int n, int64_t dim, float *error, int added,
                                              prefetch_queue *queue) {
    VEC g[STEP_GROUP], s[STEP_GROUP];
    float *rows[STEP_GROUP];
    const int64_t full = dim - dim % LANES;
    FW_UNROLL for (int k = 0; k < n; k++) {
        rows[k] = targets[k];
        g[k] = vec_set1(gradients[k]);
        s[k] = vec_set1(steps[k]);
    }
    for (int64_t c = 0; c < full; c += LANES) {
        prefetch_step(queue, c, dim);
        KERNEL(step_columns)(input, rows, n, c, LANES, g, s, error, added);
    }
    if (full < dim) {
        prefetch_step(queue, full, dim);
        KERNEL(step_columns)(input, rows, n, full, (int)(dim - full), g, s, error, added);
    }
}

#define STEP_CASE(N) \
    case N: KERNEL(step_group)(input, targets, gradients, steps, N, dim, error, added, &queue); break;
static KERNEL_ATTR void KERNEL(step_targets)(const float *input, float *const *targets, const float *gradients,
                                             const float *steps, int n_targets, int64_t dim, float *error,
                                             const prefetch_queue *prefetch) {
    prefetch_queue queue = *prefetch;
    int added = 0;
    if (n_targets == 0) memset(error, 0, (size_t)dim * sizeof(float));
    while (n_targets > 0) {
        const int n = n_targets < STEP_GROUP ? n_targets : STEP_GROUP;
        switch (n) { STEP_CASE(1) STEP_CASE(2) STEP_CASE(3) STEP_CASE(4) STEP_CASE(5) STEP_CASE(6) }
        targets += n, gradients += n, steps += n, n_targets -= n;
        added = 1;
        queue.n = 0;
    }
}
#undef STEP_CASE
