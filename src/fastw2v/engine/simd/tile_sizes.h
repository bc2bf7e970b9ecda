/* How the window kernels divide n rows into tiles of at most `most` rows, which fit the registers. */
#ifndef FASTW2V_TILE_SIZES_H
#define FASTW2V_TILE_SIZES_H

#include "common/platform.h"

/* The size of the next tile. The last two are equal or differ by one row: 3 and 3 rows are faster than 4 and 2. */
FW_INLINE int tile_size(int n, int most) { return n <= most ? n : n <= 2 * most ? (n + 1) / 2 : most; }

#endif
