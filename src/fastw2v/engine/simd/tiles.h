/* Into which tiles the words of a window are divided: as few as can be, and as even ones. */
#ifndef FASTW2V_TILES_H
#define FASTW2V_TILES_H

#include <stdint.h>
#include "common/platform.h"

#define MOST_OF_A_TILE 12

#define TILES(n, most) (((n) + (most) - 1) / (most))
#define SHARE(n, most) (((n) + TILES(n, most) - 1) / TILES(n, most))
#define SHARES(most) \
    {0, SHARE(1, most), SHARE(2, most), SHARE(3, most), SHARE(4, most), SHARE(5, most), SHARE(6, most), \
     SHARE(7, most), SHARE(8, most), SHARE(9, most), SHARE(10, most), SHARE(11, most), SHARE(12, most), \
     SHARE(13, most), SHARE(14, most), SHARE(15, most), SHARE(16, most)}

/* The size of the first tile of n rows where a tile has so many at most; a table, as two divisions would take longer
 * than some tiles. Where there are more rows than it has columns the first tile is a full one. */
static const uint8_t FIRST_TILES[MOST_OF_A_TILE + 1][17] = {
    {0}, SHARES(1), SHARES(2), SHARES(3), SHARES(4), SHARES(5), SHARES(6), SHARES(7), SHARES(8), SHARES(9), SHARES(10),
    SHARES(11), SHARES(12)};

FW_INLINE int first_tile(int n, int most) { return n > 16 ? most : FIRST_TILES[most][n]; }

#undef TILES
#undef SHARE
#undef SHARES

#endif
