/* The last include of an instruction set: it collects the kernels in a table and frees the macros for the next set. */

static const row_kernels KERNEL(table) = {
    KERNEL_NAME,      KERNEL_FEATURES,  KERNEL(train_pair),           KERNEL(train_targets), KERNEL(sum_rows),
    KERNEL(weigh_rows),
    KERNEL(add_rows), KERNEL(products), KERNEL(gradients), KERNEL(sequential_gradients), KERNEL(update),
    KERNEL(softmax_gradients), KERNEL(step_targets),
};

#include "undef_isa.h"
