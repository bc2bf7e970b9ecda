/* NEON on 64-bit Arm: four floats per vector. */

FW_INLINE float32x4_t neon_load_part(const float *p, int n) {
    float lanes[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int i = 0; i < n; i++) lanes[i] = p[i];
    return vld1q_f32(lanes);
}
FW_INLINE void neon_store_part(float *p, int n, float32x4_t v) {
    float lanes[4];
    vst1q_f32(lanes, v);
    for (int i = 0; i < n; i++) p[i] = lanes[i];
}
FW_INLINE float32x4_t neon_fma(float32x4_t a, float32x4_t b, float32x4_t c) { return vfmaq_f32(c, a, b); }
FW_INLINE void neon_group_gradients(const float32x4_t *sums, const int n, const float *labels, float learning_rate,
                                    float *logits_out, float32x4_t *gradients) {
    for (int k = 0; k < n; k++) {
        logits_out[k] = vaddvq_f32(sums[k]);
        gradients[k] = vdupq_n_f32(logistic_gradient(logits_out[k], labels[k], learning_rate));
    }
}

FW_INLINE void neon_group_sums(const float32x4_t *sums, const int n, float *out) {
    for (int k = 0; k < n; k++) out[k] = vaddvq_f32(sums[k]);
}
FW_INLINE float32x4_t neon_gradient(float32x4_t logits, float32x4_t label, float32x4_t rate) {
    float out[4], labels[4], rates[4];
    vst1q_f32(out, logits), vst1q_f32(labels, label), vst1q_f32(rates, rate);
    for (int i = 0; i < 4; i++) out[i] = logistic_gradient(out[i], labels[i], rates[i]);
    return vld1q_f32(out);
}
FW_INLINE float32x4_t neon_smooth_gradient(float32x4_t logits, float32x4_t label, float32x4_t rate) {
    float out[4], labels[4], rates[4];
    vst1q_f32(out, logits), vst1q_f32(labels, label), vst1q_f32(rates, rate);
    for (int i = 0; i < 4; i++) out[i] = smooth_gradient(out[i], labels[i], rates[i]);
    return vld1q_f32(out);
}

#define KERNEL(name) neon_##name
#define KERNEL_NAME "neon"
#define KERNEL_FEATURES 0 /* NEON belongs to the baseline */
#define KERNEL_ATTR
#define VEC float32x4_t
#define LANES 4
#define vec_zero() vdupq_n_f32(0.0f)
#define vec_set1 vdupq_n_f32
#define vec_load vld1q_f32
#define vec_store vst1q_f32
#define vec_load_part neon_load_part
#define vec_store_part neon_store_part
#define vec_fma neon_fma
#define vec_add vaddq_f32
#define vec_mul vmulq_f32
#define vec_gradient neon_gradient
#define vec_smooth_gradient neon_smooth_gradient
#define group_gradients neon_group_gradients
#define group_sums neon_group_sums
#define GROUP 8
#define TILE_SUMS 16
#define UPDATE_INPUTS 6
#include "row_kernels.h"
#include "softmax.h"
#include "window_products.h"
#include "window_gradients.h"
#include "window_update.h"
#include "kernel_table.h"
