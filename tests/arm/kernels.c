/* The fastest kernels of the machine that this is built for beside the plain C ones, which the Python tests hold against
 * naive twins: every kernel, dimensions 1..65, 100, 128, 300, 1 to 18 targets, up to 12 inputs. */
#include <stdio.h>
#include <stdlib.h>
#include "engine/simd/dispatch.h"

#define MOST_INPUTS 12
#define MOST_TARGETS 18
#define MOST_DIM 304
#define TOLERANCE 1e-5
#define ONE_STEP 1e-3 /* of the table of the logistic function: rare, where a product lies between two entries */

typedef struct { /* what one kernel set reads and writes; the padding of rows of gradients stays zero */
    float inputs[MOST_INPUTS * MOST_DIM], targets[MOST_TARGETS * MOST_DIM], sum[MOST_DIM], error[MOST_DIM];
    float logits[32], gradients[MOST_INPUTS * 32], products[MOST_INPUTS * 32], gram[MOST_INPUTS * 16];
} state;

static float any(void) { return (float)(rand() % 2001 - 1000) * 4e-4f; }

static void run(const row_kernels *kernels, state *s, int dim, int m, int n) {
    float *inputs[MOST_INPUTS], *targets[MOST_TARGETS], labels[32], learning_rates[32] = {0}, locks[MOST_INPUTS];
    const int stride = (n + 15) / 16 * 16;
    for (int j = 0; j < m; j++) inputs[j] = s->inputs + j * dim, locks[j] = j % 2 ? 1.0f : 0.5f;
    for (int k = 0; k < n; k++) targets[k] = s->targets + k * dim, learning_rates[k] = 0.05f;
    for (int k = 0; k < 32; k++) labels[k] = k % 3 == 0;
    const prefetch_queue prefetch = {targets, n, dim > 48 ? 16 : 0};

    kernels->train_pair(inputs[0], targets, labels, n, dim, 0.05f, 0.5f, s->sum, s->logits, &prefetch);
    kernels->train_targets(inputs[m - 1], targets, labels, n, dim, 0.05f, s->error, n & 1, s->logits, &prefetch);
    kernels->sum_rows(s->sum, inputs, m, dim, 0.25f);
    kernels->add_rows(inputs, m, s->sum, dim, locks, 1);
    kernels->weigh_rows(s->sum, inputs, locks, m, dim, 0.25f);
    kernels->add_rows(inputs, m, s->sum, dim, locks, 1);
    kernels->products(inputs, m, targets, n, dim, s->products, stride);
    kernels->products(inputs, m, inputs, m, dim, s->gram, 16);
    kernels->gradients(s->products, labels, learning_rates, m, n, stride, s->gradients);
    kernels->update(inputs, m, targets, n, s->gradients, stride, locks, dim, &prefetch);
    kernels->sequential_gradients(s->products, s->gram, 16, labels, learning_rates, m, n, stride, s->gradients);
    kernels->update(inputs, m, targets, n, s->gradients, stride, locks, dim, &prefetch);
    for (int k = 0; k < n; k++) learning_rates[k] = 1.0f + (float)(k % 2); /* multiplicities */
    kernels->softmax_gradients(s->products, learning_rates, n, 0.05f, s->gradients);
    kernels->step_targets(inputs[0], targets, s->gradients, s->gradients, n, dim, s->error, &prefetch);
}

static double difference(const state *a, const state *b) { /* relative to numbers above 1; NaN if there is one */
    const float *x = (const float *)a, *y = (const float *)b;
    double most = 0.0;
    for (size_t i = 0; i < sizeof(state) / sizeof(float); i++) {
        const double apart = fabs((double)x[i] - y[i]) / fmax(1.0, fabs((double)y[i]));
        if (!(apart <= most)) most = apart;
    }
    return most;
}

int main(void) {
    static state first, fast, plain;
    const row_kernels *fastest = row_kernels_at(0, cpu_features()), *last = NULL;
    int cases = 0, steps = 0;
    double worst = 0.0;
    sigmoid_init();
    for (int i = 0; row_kernels_at(i, cpu_features()); i++) last = row_kernels_at(i, cpu_features());
    if (fastest == last) return printf("there is nothing but %s\n", last->name), 2;
    for (int i = 1; i <= 68; i++) {
        const int dim = i <= 65 ? i : i == 66 ? 100 : i == 67 ? 128 : 300;
        for (int n = 1; n <= MOST_TARGETS; n++)
            for (int m = 1; m <= MOST_INPUTS; m++, cases++) {
                memset(&first, 0, sizeof first);
                for (int c = 0; c < m * dim; c++) first.inputs[c] = any();
                for (int c = 0; c < n * dim; c++) first.targets[c] = any();
                for (int c = 0; c < dim; c++) first.error[c] = any();
                fast = plain = first;
                run(fastest, &fast, dim, m, n);
                run(last, &plain, dim, m, n);
                const double most = difference(&fast, &plain);
                if (!(most <= worst)) worst = most;
                steps += !(most <= TOLERANCE);
                if (!(most <= ONE_STEP) || steps > 1 + cases / 500)
                    return printf("%s: dimension %d, %d inputs, %d targets: %g\n", fastest->name, dim, m, n, most), 1;
            }
    }
    printf("%s as %s in %d cases, %d of them another entry of a table: within %.2g\n", fastest->name, last->name, cases,
           steps, worst);
    return 0;
}
