/* Window kernels, second step: the gradients of the targets from the logits.
 *
 * `gradients` uses the logits as they were before the window:
 *
 *     gradients = (labels - sigmoid(logits)) * learning_rates
 *
 * `sequential_gradients` gives the gradients of training the inputs one after another. Input j is then trained against
 * targets to which each earlier input l has added gradients[l, k] * inputs[l]. The logits of input j follow from the
 * Gram matrix of the inputs:
 *
 *     for j in range(n_inputs):
 *         logits[j] += gram[j, :j] @ gradients[:j]
 *         gradients[j] = (labels - sigmoid(logits[j])) * learning_rates
 *
 * The including file defines, in addition to what row_kernels.h needs, vec_gradient(logits, labels, learning_rates)
 * with the table of the logistic function, and vec_smooth_gradient with the function itself. Both give 0 outside (-6,
 * 6). */

static KERNEL_ATTR void KERNEL(gradients)(const float *logits, const float *labels, const float *learning_rates,
                                          int n_inputs, int n_targets, int64_t stride, float *gradients) {
    for (int j = 0; j < n_inputs; j++)
        for (int64_t c = 0; c < n_targets; c += LANES)
            vec_store(gradients + j * stride + c,
                      vec_smooth_gradient(vec_load(logits + j * stride + c), vec_load(labels + c),
                                          vec_load(learning_rates + c)));
}

static KERNEL_ATTR void KERNEL(sequential_gradients)(float *logits, const float *gram, int64_t gram_stride,
                                                     const float *labels, const float *learning_rates, int n_inputs,
                                                     int n_targets, int64_t stride, float *gradients) {
    for (int j = 0; j < n_inputs; j++)
        for (int64_t c = 0; c < n_targets; c += LANES) {
            VEC logit = vec_load(logits + j * stride + c);
            for (int l = 0; l < j; l++)
                logit = vec_fma(vec_set1(gram[j * gram_stride + l]), vec_load(gradients + l * stride + c), logit);
            vec_store(logits + j * stride + c, logit);
            vec_store(gradients + j * stride + c,
                      vec_gradient(logit, vec_load(labels + c), vec_load(learning_rates + c)));
        }
}
