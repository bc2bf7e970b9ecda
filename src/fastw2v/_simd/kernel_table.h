/* The end of an instruction set's file: its kernels as a table; the names are free for the next one. */

static const row_kernels KERNEL(table) = {
    KERNEL_NAME,      KERNEL(train_pair), KERNEL(train_targets), KERNEL(sum_rows),
    KERNEL(add_rows), KERNEL(products),   KERNEL(gradients),     KERNEL(update),
};

#undef GROUP
#undef KERNEL
#undef KERNEL_NAME
#undef KERNEL_ATTR
#undef VEC
#undef LANES
#undef vec_zero
#undef vec_set1
#undef vec_load
#undef vec_store
#undef vec_load_part
#undef vec_store_part
#undef vec_fma
#undef vec_add
#undef vec_mul
#undef vec_gradient
#undef group_gradients
#undef group_sums
