/* The words of a window against its targets, last part: every row takes what the errors teach it. A piece of a target is
 * held in registers while the inputs pass by in turn, and each row is stored once a window instead of once a pair.
 *
 * Beside the multiply-adds what bounds these loops is the number of instructions, the more so where another thread has the
 * other half of the core. In a piece of several vectors each load of an error serves all of them; the inputs, used once a
 * target, are operands in memory.
 *
 * Expected from the includer, beside what row_kernels.h wants: UPDATE_INPUTS, how many inputs are passed by at once, and
 * where it pays UPDATE_VECTORS(m), of how many vectors a piece is where there are m: the registers hold m errors a vector of
 * it, and the piece itself. An instruction set whose whole vectors may run as two halves gives a narrow one for the last columns of
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

#ifndef UPDATE_VECTORS
#define UPDATE_VECTORS(m) 1
#endif
#define MOST_VECTORS 4

/* Columns c .. c + w * LANES of all rows. */
FW_INLINE KERNEL_ATTR void KERNEL(update_piece)(float *const *inputs, const int m, float *const *targets, int n,
                                                const float *g, int64_t stride, const float *lockf, int64_t dim,
                                                int64_t c, const int w, coming_rows *coming) {
    float *x[UPDATE_INPUTS];
    VEC error[UPDATE_INPUTS][MOST_VECTORS], target[MOST_VECTORS];

    send_for_piece(coming, c + w * LANES, dim);
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
            const VEC factor = vec_set1(g[j * stride + k]);
            FW_UNROLL for (int v = 0; v < w; v++) {
                error[j][v] = vec_fma(factor, target[v], error[j][v]);
                target[v] = vec_fma(factor, vec_load(x[j] + v * LANES), target[v]);
            }
        }
        FW_UNROLL for (int v = 0; v < w; v++) vec_store(row + v * LANES, target[v]);
    }
    FW_UNROLL for (int j = 0; j < m; j++) {
        const VEC lock = vec_set1(lockf[j]);
        FW_UNROLL for (int v = 0; v < w; v++) {
            float *piece = x[j] + v * LANES;
            vec_store(piece, vec_fma(lock, error[j][v], vec_load(piece)));
        }
    }
}

/* A vector of columns, or the last ones of a row. The inputs are held in registers too. */
#define UPDATE_COLUMNS(NAME, TYPE, zero, set1, fma, LOAD, STORE) \
    FW_INLINE KERNEL_ATTR void KERNEL(NAME)(float *const *inputs, const int m, float *const *targets, int n, \
                                            const float *g, int64_t stride, const float *lockf, int64_t dim, int64_t c, \
                                            const int part, coming_rows *coming) { \
        TYPE x[UPDATE_INPUTS], error[UPDATE_INPUTS]; \
        send_for(coming, c, dim); \
        (void)part; \
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

FW_INLINE KERNEL_ATTR int64_t KERNEL(update_pieces)(float *const *inputs, const int m, float *const *targets, int n,
                                                    const float *g, const int64_t stride, const float *lockf,
                                                    int64_t dim, const int w, coming_rows *coming) {
    int64_t c = 0;
    for (; c + w * LANES <= dim; c += w * LANES)
        KERNEL(update_piece)(inputs, m, targets, n, g, stride, lockf, dim, c, w, coming);
    return c;
}

FW_INLINE KERNEL_ATTR void KERNEL(update_rest)(float *const *inputs, const int m, float *const *targets, int n,
                                               const float *g, int64_t stride, const float *lockf, int64_t dim,
                                               int64_t c, coming_rows *coming) {
    for (; c + LANES <= dim; c += LANES)
        KERNEL(update_columns)(inputs, m, targets, n, g, stride, lockf, dim, c, LANES, coming);
    for (; c + NARROW_LANES <= dim; c += NARROW_LANES)
        KERNEL(update_last_columns)(inputs, m, targets, n, g, stride, lockf, dim, c, NARROW_LANES, coming);
    if (c < dim) KERNEL(update_last_columns)(inputs, m, targets, n, g, stride, lockf, dim, c, (int)(dim - c), coming);
}

/* All columns of m inputs, for each m a function of its own: within one, compilers keep the pointers of some inputs in
 * memory. A stride that is known, that of up to 16 targets, spares them further registers. */
#define UPDATE_TILE(M) \
    FW_APART KERNEL_ATTR int64_t KERNEL(update_pieces_##M)(float *const *inputs, float *const *targets, int n, \
                                                           const float *g, const float *lockf, int64_t dim, \
                                                           coming_rows *coming) { \
        return KERNEL(update_pieces)(inputs, M, targets, n, g, 16, lockf, dim, UPDATE_VECTORS(M), coming); \
    } \
    FW_APART KERNEL_ATTR void KERNEL(update_##M)(float *const *inputs, float *const *targets, int n, const float *g, \
                                                 int64_t stride, const float *lockf, int64_t dim, \
                                                 coming_rows coming) { \
        const int by_pieces = UPDATE_VECTORS(M) > 1 && stride == 16; \
        const int64_t c = by_pieces ? KERNEL(update_pieces_##M)(inputs, targets, n, g, lockf, dim, &coming) : 0; \
        KERNEL(update_rest)(inputs, M, targets, n, g, stride, lockf, dim, c, &coming); \
    }
#define UPDATE_CASE(M) \
    case M: KERNEL(update_##M)(inputs + j, targets, n, g + j * stride, stride, lockf + j, dim, sent); break;

UPDATE_TILE(1) UPDATE_TILE(2) UPDATE_TILE(3) UPDATE_TILE(4) UPDATE_TILE(5) UPDATE_TILE(6)
#if UPDATE_INPUTS > 6
UPDATE_TILE(7) UPDATE_TILE(8) UPDATE_TILE(9) UPDATE_TILE(10) UPDATE_TILE(11) UPDATE_TILE(12)
#endif

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
#undef UPDATE_VECTORS
#undef MOST_VECTORS
#undef UPDATE_TILE
#undef UPDATE_CASE
