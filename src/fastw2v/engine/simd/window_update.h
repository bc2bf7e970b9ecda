/* Window kernels, last step: both updates of a window.
 *
 *     for j in range(n_inputs):
 *         error = gradients[j] @ targets
 *         targets += outer(gradients[j], inputs[j])
 *         inputs[j] += locks[j] * error
 *
 * The columns are independent of each other, so the loops can be exchanged. For a few columns at a time, a target is
 * loaded, updated by all inputs in turn, and stored once for each window instead of once for each pair.
 *
 * The number of instructions limits these loops, even more if another thread runs on the same core. There are therefore
 * two versions. `update_piece` processes several vectors of columns, so that each load of a gradient is used for all of
 * them; the inputs are memory operands. `update_columns` and `update_last_columns` process one vector, with the inputs
 * in registers. With only one of the versions, training is 4 to 5 % slower (docs/development/experiments.md).
 *
 * The including file defines, in addition to what row_kernels.h needs:
 * - UPDATE_INPUTS: the largest number of inputs in a tile, 6 or 12;
 * - UPDATE_VECTORS(m), optional: how many vectors `update_piece` processes for m inputs (1: do not use it). The
 *   registers hold m + 1 vectors for each of them;
 * - NARROW, NARROW_LANES, narrow_load_part, ..., optional: a vector type of half the width for the last columns of a
 *   row, cheaper than a masked vector of full width. Without it these loops are 2 to 6 % slower at 100 dimensions with
 *   AVX2. */

#ifndef NARROW
#define NARROW VEC
#define NARROW_LANES LANES
#define narrow_zero vec_zero
#define narrow_set1 vec_set1
#define narrow_fma vec_fma
#define narrow_load_part vec_load_part
#define narrow_store_part vec_store_part
#endif

#ifndef UPDATE_VECTORS
#define UPDATE_VECTORS(m) 1
#endif
#define MAX_VECTORS 4

/* Columns c .. c + w * LANES - 1 of all rows. */
FW_INLINE KERNEL_ATTR void KERNEL(update_piece)(float *const *inputs, const int m, float *const *targets, int n,
                                                const float *gradients, int64_t stride, const float *locks, int64_t dim,
                                                int64_t c, const int w, prefetch_queue *prefetch) {
    float *x[UPDATE_INPUTS];
    VEC error[UPDATE_INPUTS][MAX_VECTORS], target[MAX_VECTORS];

    prefetch_until(prefetch, c + w * LANES, dim);
    FW_UNROLL for (int j = 0; j < m; j++) {
        x[j] = inputs[j] + c;
        FW_UNROLL for (int v = 0; v < w; v++) error[j][v] = vec_zero();
    }
    for (int k = 0; k < n; k++) {
        float *row = targets[k] + c;
        FW_UNROLL for (int v = 0; v < w; v++) {
            target[v] = vec_load(row + v * LANES);
            IN_REGISTER(target[v]);
        }
        FW_UNROLL for (int j = 0; j < m; j++) {
            const VEC factor = vec_set1(gradients[j * stride + k]);
            FW_UNROLL for (int v = 0; v < w; v++) {
                error[j][v] = vec_fma(factor, target[v], error[j][v]);
                target[v] = vec_fma(factor, vec_load(x[j] + v * LANES), target[v]);
            }
        }
        FW_UNROLL for (int v = 0; v < w; v++) vec_store(row + v * LANES, target[v]);
    }
    FW_UNROLL for (int j = 0; j < m; j++) {
        const VEC lock = vec_set1(locks[j]);
        FW_UNROLL for (int v = 0; v < w; v++) {
            float *piece = x[j] + v * LANES;
            vec_store(piece, vec_fma(lock, error[j][v], vec_load(piece)));
        }
    }
}

/* One vector of columns, or the last `part` columns of a row; the inputs are held in registers, too. */
#define UPDATE_COLUMNS(NAME, TYPE, zero, set1, fma, LOAD, STORE) \
    FW_INLINE KERNEL_ATTR void KERNEL(NAME)(float *const *inputs, const int m, float *const *targets, int n, \
                                            const float *gradients, int64_t stride, const float *locks, int64_t dim, \
                                            int64_t c, const int part, prefetch_queue *prefetch) { \
        TYPE x[UPDATE_INPUTS], error[UPDATE_INPUTS]; \
        prefetch_step(prefetch, c, dim); \
        (void)part; \
        FW_UNROLL for (int j = 0; j < m; j++) { \
            x[j] = LOAD(inputs[j] + c); \
            error[j] = zero(); \
        } \
        for (int k = 0; k < n; k++) { \
            float *row = targets[k] + c; \
            TYPE target = LOAD(row); \
            FW_UNROLL for (int j = 0; j < m; j++) { \
                const TYPE factor = set1(gradients[j * stride + k]); \
                error[j] = fma(factor, target, error[j]); \
                target = fma(factor, x[j], target); \
            } \
            STORE(row, target); \
        } \
        FW_UNROLL for (int j = 0; j < m; j++) STORE(inputs[j] + c, fma(set1(locks[j]), error[j], x[j])); \
    }

#define NARROW_LOAD(p) narrow_load_part(p, part)
#define NARROW_STORE(p, v) narrow_store_part(p, part, v)

UPDATE_COLUMNS(update_columns, VEC, vec_zero, vec_set1, vec_fma, vec_load, vec_store)
UPDATE_COLUMNS(update_last_columns, NARROW, narrow_zero, narrow_set1, narrow_fma, NARROW_LOAD, NARROW_STORE)

FW_INLINE KERNEL_ATTR int64_t KERNEL(update_pieces)(float *const *inputs, const int m, float *const *targets, int n,
                                                    const float *gradients, const int64_t stride, const float *locks,
                                                    int64_t dim, const int w, prefetch_queue *prefetch) {
    int64_t c = 0;
    for (; c + w * LANES <= dim; c += w * LANES)
        KERNEL(update_piece)(inputs, m, targets, n, gradients, stride, locks, dim, c, w, prefetch);
    return c;
}

FW_INLINE KERNEL_ATTR void KERNEL(update_remaining)(float *const *inputs, const int m, float *const *targets, int n,
                                                    const float *gradients, int64_t stride, const float *locks,
                                                    int64_t dim, int64_t c, prefetch_queue *prefetch) {
    for (; c + LANES <= dim; c += LANES)
        KERNEL(update_columns)(inputs, m, targets, n, gradients, stride, locks, dim, c, LANES, prefetch);
    for (; c + NARROW_LANES <= dim; c += NARROW_LANES)
        KERNEL(update_last_columns)(inputs, m, targets, n, gradients, stride, locks, dim, c, NARROW_LANES, prefetch);
    if (c < dim)
        KERNEL(update_last_columns)(inputs, m, targets, n, gradients, stride, locks, dim, c, (int)(dim - c), prefetch);
}

/* All columns of M inputs. Each M has a function of its own: in a common function, compilers keep the pointers of some
 * inputs in memory. A constant stride (for up to 16 targets) saves further registers. */
#define UPDATE_TILE(M) \
    FW_APART KERNEL_ATTR int64_t KERNEL(update_pieces_##M)(float *const *inputs, float *const *targets, int n, \
                                                           const float *gradients, const float *locks, int64_t dim, \
                                                           prefetch_queue *prefetch) { \
        return KERNEL(update_pieces)(inputs, M, targets, n, gradients, 16, locks, dim, UPDATE_VECTORS(M), prefetch); \
    } \
    FW_APART KERNEL_ATTR void KERNEL(update_##M)(float *const *inputs, float *const *targets, int n, \
                                                 const float *gradients, int64_t stride, const float *locks, \
                                                 int64_t dim, prefetch_queue prefetch) { \
        int64_t c = 0; \
        if (UPDATE_VECTORS(M) > 1 && stride == 16) \
            c = KERNEL(update_pieces_##M)(inputs, targets, n, gradients, locks, dim, &prefetch); \
        KERNEL(update_remaining)(inputs, M, targets, n, gradients, stride, locks, dim, c, &prefetch); \
    }
#define UPDATE_CASE(M) \
    case M: \
        KERNEL(update_##M)(inputs + j, targets, n_targets, gradients + j * stride, stride, locks + j, dim, queue); \
        break;

UPDATE_TILE(1) UPDATE_TILE(2) UPDATE_TILE(3) UPDATE_TILE(4) UPDATE_TILE(5) UPDATE_TILE(6)
#if UPDATE_INPUTS > 6
UPDATE_TILE(7) UPDATE_TILE(8) UPDATE_TILE(9) UPDATE_TILE(10) UPDATE_TILE(11) UPDATE_TILE(12)
#endif

/* The first tile of inputs issues the prefetches. */
static KERNEL_ATTR void KERNEL(update)(float *const *inputs, int n_inputs, float *const *targets, int n_targets,
                                       const float *gradients, int64_t stride, const float *locks, int64_t dim,
                                       const prefetch_queue *prefetch) {
    prefetch_queue queue = *prefetch;
    for (int j = 0, size; j < n_inputs; j += size) {
        size = tile_size(n_inputs - j, UPDATE_INPUTS);
        switch (size) {
            UPDATE_CASE(1) UPDATE_CASE(2) UPDATE_CASE(3) UPDATE_CASE(4) UPDATE_CASE(5) UPDATE_CASE(6)
#if UPDATE_INPUTS > 6
            UPDATE_CASE(7) UPDATE_CASE(8) UPDATE_CASE(9) UPDATE_CASE(10) UPDATE_CASE(11) UPDATE_CASE(12)
#endif
        }
        queue.n = 0;
    }
}

#undef UPDATE_COLUMNS
#undef NARROW_LOAD
#undef NARROW_STORE
#undef UPDATE_INPUTS
#undef UPDATE_VECTORS
#undef MAX_VECTORS
#undef UPDATE_TILE
#undef UPDATE_CASE
