/* The names that an instruction set defines are free for the next one. */

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
#undef vec_smooth_gradient
#undef group_gradients
#undef group_sums
#undef NARROW
#undef NARROW_LANES
#undef narrow_zero
#undef narrow_set1
#undef narrow_fma
#undef narrow_load_part
#undef narrow_store_part
