/* The end of an instruction set's file: its kernels as a table; the names are free for the next one. */

static const row_kernels KERNEL(table) = {
    KERNEL_NAME,          KERNEL(train_pair),        KERNEL(train_targets), KERNEL(sum_rows),
    KERNEL(add_rows),     KERNEL(products),          KERNEL(gradients),     KERNEL(gradients_in_turn),
    KERNEL(update),
};

#include "end_of_set.h"
