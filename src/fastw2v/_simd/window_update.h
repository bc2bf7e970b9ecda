/* The words of a window against its targets, last part: every row takes what the errors teach it. A piece of a target is
 * held in a register while the inputs pass by in turn, and each row is stored once a window instead of once a pair.
 *
 * Expected from the includer, beside what row_kernels.h wants: UPDATE_INPUTS, how many inputs and their errors the
 * registers hold. An instruction set whose whole vectors may run as two halves gives a narrow one for the last columns of
 * a row (NARROW, NARROW_LANES, narrow_load_part, ...), which costs less than a masked whole one. */

#ifndef NARROW
#define NARROW VEC
#define NARROW_LANES LANES
#define narrow_zero vec_zero
#define narrow_set1 vec_set1
#define narrow_fma vec_fma
#define narrow_load_part vec_load_part
#define narrow_store_part vec_store_part
#endif

#define UPDATE_COLUMNS(NAME, TYPE, zero, set1, fma, LOAD, STORE) \
    FW_INLINE KERNEL_ATTR void KERNEL(NAME)(float *const *inputs, const int m, float *const *targets, int n, \
                                            const float *g, int64_t stride, const float *lockf, int64_t dim, int64_t c, \
                                            const int part, coming_rows *coming) { \
        TYPE x[UPDATE_INPUTS], error[UPDATE_INPUTS]; \
        (void)part; \
        send_for(coming, c, dim); \
        FW_UNROLL for (int j = 0; j < m; j++) { \
            x[j] = LOAD(inputs[j] + c); \
            error[j] = zero(); \
        } \
        for (int k = 0; k < n; k++) { \
            float *row = targets[k] + c; \
            TYPE target = LOAD(row); \
            FW_UNROLL for (int j = 0; j < m; j++) { \
                const TYPE factor = set1(g[j * stride + k]); \
                error[j] = fma(factor, target, error[j]); \
                target = fma(factor, x[j], target); \
            } \
            STORE(row, target); \
        } \
        FW_UNROLL for (int j = 0; j < m; j++) STORE(inputs[j] + c, fma(set1(lockf[j]), error[j], x[j])); \
    }

#define NARROW_LOAD(p) narrow_load_part(p, part)
#define NARROW_STORE(p, v) narrow_store_part(p, part, v)

UPDATE_COLUMNS(update_columns, VEC, vec_zero, vec_set1, vec_fma, vec_load, vec_store)
UPDATE_COLUMNS(update_last_columns, NARROW, narrow_zero, narrow_set1, narrow_fma, NARROW_LOAD, NARROW_STORE)

FW_INLINE KERNEL_ATTR void KERNEL(update_tile)(float *const *inputs, const int m, float *const *targets, int n,
                                               const float *g, int64_t stride, const float *lockf, int64_t dim,
                                               coming_rows coming) {
    int64_t c = 0;
    for (; c + LANES <= dim; c += LANES)
        KERNEL(update_columns)(inputs, m, targets, n, g, stride, lockf, dim, c, LANES, &coming);
    for (; c < dim; c += NARROW_LANES)
        KERNEL(update_last_columns)(inputs, m, targets, n, g, stride, lockf, dim, c,
                                    dim - c < NARROW_LANES ? (int)(dim - c) : NARROW_LANES, &coming);
}

#define UPDATE_CASE(M) \
    case M: KERNEL(update_tile)(inputs + j, M, targets, n, g + j * stride, stride, lockf + j, dim, sent); break;

/* For each of m inputs in turn: input += lockf * (sum over k of g_k * target_k), target_k += g_k * input as it was.
 * The first inputs send for what comes. */
static KERNEL_ATTR void KERNEL(update)(float *const *inputs, int m, float *const *targets, int n, const float *g,
                                       int64_t stride, const float *lockf, int64_t dim, const coming_rows *coming) {
    coming_rows sent = *coming;
    for (int j = 0, size; j < m; j += size) {
        size = first_tile(m - j, UPDATE_INPUTS);
        switch (size) {
            UPDATE_CASE(1) UPDATE_CASE(2) UPDATE_CASE(3) UPDATE_CASE(4) UPDATE_CASE(5) UPDATE_CASE(6)
#if UPDATE_INPUTS > 6
            UPDATE_CASE(7) UPDATE_CASE(8) UPDATE_CASE(9) UPDATE_CASE(10) UPDATE_CASE(11) UPDATE_CASE(12)
#endif
        }
        sent.n = 0;
    }
}

#undef UPDATE_COLUMNS
#undef NARROW_LOAD
#undef NARROW_STORE
#undef UPDATE_INPUTS
#undef UPDATE_CASE
