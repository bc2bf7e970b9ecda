/* The words of a window against its targets, second part: the errors that follow from the dot products.
 *
 * In turn, the outcome is that of training the inputs one after another against all the targets. In between the targets
 * change: input x_j meets t_k + sum over l < j of g_lk * x_l. Its dot products are therefore x_j.t_k + sum over l < j of
 * (x_j.x_l) * g_lk, which `gradients_in_turn` makes from the products of the rows as they were. The inputs must be
 * distinct rows, and so must the targets.
 *
 * Expected from the includer, beside what row_kernels.h wants: vec_gradient(f, label, rate), which is
 * (label - sigma(f)) * rate in every lane, sigma by table, and vec_smooth_gradient, the same with sigma itself; both are
 * 0 where the table has no entry. */

/* m rows of n dot products f, `stride` floats apart (a multiple of 16), become errors g = (label - sigma(f)) * rate. */
static KERNEL_ATTR void KERNEL(gradients)(const float *f, const float *labels, const float *rates, int m, int n,
                                          int64_t stride, float *g) {
    for (int j = 0; j < m; j++)
        for (int64_t c = 0; c < n; c += LANES)
            vec_store(g + j * stride + c, vec_smooth_gradient(vec_load(f + j * stride + c), vec_load(labels + c),
                                                              vec_load(rates + c)));
}

/* The same in turn, sigma by table: f of row j first takes in what the inputs before it have taught the targets, by the
 * products of the inputs among each other (inner[j * inner_stride + l] for l < j), and is kept as the outcome. */
static KERNEL_ATTR void KERNEL(gradients_in_turn)(float *f, const float *inner, int64_t inner_stride, const float *labels,
                                                  const float *rates, int m, int n, int64_t stride, float *g) {
    for (int j = 0; j < m; j++)
        for (int64_t c = 0; c < n; c += LANES) {
            VEC sum = vec_load(f + j * stride + c);
            for (int l = 0; l < j; l++)
                sum = vec_fma(vec_set1(inner[j * inner_stride + l]), vec_load(g + l * stride + c), sum);
            vec_store(f + j * stride + c, sum);
            vec_store(g + j * stride + c, vec_gradient(sum, vec_load(labels + c), vec_load(rates + c)));
        }
}
