/* Plain C: eight independent lanes, which a compiler maps to the vectors of its baseline. For GCC and Clang the lanes
 * are a vector type of these compilers, because GCC needs a minute to compile and vectorise loops over arrays. A vector
 * takes two of the usual 16 registers, so groups and tiles are small, which also keeps the compiled code small. */

#if defined(__GNUC__) && !defined(__clang__)
#  pragma GCC push_options
#  pragma GCC optimize("O2")
#endif
#if defined(__clang__) || defined(__GNUC__)
typedef float scalar_vec __attribute__((vector_size(32)));
#  define LANE(v, i) (v)[i]
FW_INLINE scalar_vec scalar_fma(scalar_vec a, scalar_vec b, scalar_vec c) { return c + a * b; }
FW_INLINE scalar_vec scalar_add(scalar_vec a, scalar_vec b) { return a + b; }
FW_INLINE scalar_vec scalar_mul(scalar_vec a, scalar_vec b) { return a * b; }
FW_INLINE scalar_vec scalar_set1(float x) { return (scalar_vec){x, x, x, x, x, x, x, x}; }
#else
typedef struct { float lane[8]; } scalar_vec;
#  define LANE(v, i) (v).lane[i]
FW_INLINE scalar_vec scalar_fma(scalar_vec a, scalar_vec b, scalar_vec c) {
    for (int i = 0; i < 8; i++) c.lane[i] += a.lane[i] * b.lane[i];
    return c;
}
FW_INLINE scalar_vec scalar_add(scalar_vec a, scalar_vec b) {
    for (int i = 0; i < 8; i++) a.lane[i] += b.lane[i];
    return a;
}
FW_INLINE scalar_vec scalar_mul(scalar_vec a, scalar_vec b) {
    for (int i = 0; i < 8; i++) a.lane[i] *= b.lane[i];
    return a;
}
FW_INLINE scalar_vec scalar_set1(float x) {
    scalar_vec v;
    for (int i = 0; i < 8; i++) v.lane[i] = x;
    return v;
}
#endif

FW_INLINE scalar_vec scalar_load(const float *p) {
    scalar_vec v;
    memcpy(&v, p, sizeof(v));
    return v;
}
FW_INLINE void scalar_store(float *p, scalar_vec v) { memcpy(p, &v, sizeof(v)); }
FW_INLINE scalar_vec scalar_load_part(const float *p, int n) {
    float lanes[8] = {0};
    for (int i = 0; i < n; i++) lanes[i] = p[i];
    return scalar_load(lanes);
}
FW_INLINE void scalar_store_part(float *p, int n, scalar_vec v) {
    float lanes[8];
    scalar_store(lanes, v);
    for (int i = 0; i < n; i++) p[i] = lanes[i];
}
FW_INLINE void scalar_group_sums(const scalar_vec *sums, const int n, float *out) {
    for (int k = 0; k < n; k++) {
        const scalar_vec a = sums[k];
        out[k] = ((LANE(a, 0) + LANE(a, 4)) + (LANE(a, 1) + LANE(a, 5))) +
                  ((LANE(a, 2) + LANE(a, 6)) + (LANE(a, 3) + LANE(a, 7)));
    }
}
FW_INLINE void scalar_group_gradients(const scalar_vec *sums, const int n, const float *labels, float learning_rate,
                                      float *logits_out, scalar_vec *gradients) {
    scalar_group_sums(sums, n, logits_out);
    for (int k = 0; k < n; k++) gradients[k] = scalar_set1(logistic_gradient(logits_out[k], labels[k], learning_rate));
}
FW_INLINE scalar_vec scalar_gradient(scalar_vec logits, scalar_vec label, scalar_vec rate) {
    for (int i = 0; i < 8; i++) LANE(logits, i) = logistic_gradient(LANE(logits, i), LANE(label, i), LANE(rate, i));
    return logits;
}
FW_INLINE scalar_vec scalar_smooth_gradient(scalar_vec logits, scalar_vec label, scalar_vec rate) {
    for (int i = 0; i < 8; i++) LANE(logits, i) = smooth_gradient(LANE(logits, i), LANE(label, i), LANE(rate, i));
    return logits;
}

#undef IN_REGISTER
#define IN_REGISTER(v) ((void)0)

#define KERNEL(name) scalar_##name
#define KERNEL_NAME "scalar"
#define KERNEL_FEATURES 0
#define KERNEL_ATTR
#define VEC scalar_vec
#define LANES 8
#define vec_zero() scalar_set1(0.0f)
#define vec_set1 scalar_set1
#define vec_load scalar_load
#define vec_store scalar_store
#define vec_load_part scalar_load_part
#define vec_store_part scalar_store_part
#define vec_fma scalar_fma
#define vec_add scalar_add
#define vec_mul scalar_mul
#define vec_gradient scalar_gradient
#define vec_smooth_gradient scalar_smooth_gradient
#define group_gradients scalar_group_gradients
#define group_sums scalar_group_sums
#define GROUP 6
#define TILE_SUMS 8
#define UPDATE_INPUTS 6
#include "row_kernels.h"
#include "softmax.h"
#include "window_products.h"
#include "window_gradients.h"
#include "window_update.h"
#include "kernel_table.h"

#if defined(__GNUC__) && !defined(__clang__)
#  pragma GCC pop_options
#endif
