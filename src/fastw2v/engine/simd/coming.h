/* The rows that the next kernels want, sent for while one computes: a line of each with every 16 columns that it is
 * through with. More at once than a core can wait for would stop it, and those sent for too soon would push the rows at
 * hand out of the first cache. */
#ifndef FASTW2V_COMING_H
#define FASTW2V_COMING_H

#include <stdint.h>
#include "common/platform.h"

typedef struct {
    float **rows;
    int n;
    int64_t next; /* column, a multiple of LINE_COLUMNS, from which on to send for them: the others are on their way */
} coming_rows;

#define LINE_COLUMNS (FW_CACHE_LINE / (int64_t)sizeof(float))

/* Rows do not start on a line: behind the line of column c, their last one, their end may lie in one more. */
FW_INLINE void send_for_end(const coming_rows *coming, int64_t c, int64_t dim) {
    if (c + LINE_COLUMNS < dim) return;
    for (int k = 0; k < coming->n; k++) FW_PREFETCH(coming->rows[k] + dim - 1);
}

/* A kernel is at column c of its rows, of dim columns as those that come. */
FW_INLINE void send_for(coming_rows *coming, int64_t c, int64_t dim) {
    if (c != coming->next) return;
    coming->next += LINE_COLUMNS;
    for (int k = 0; k < coming->n; k++) FW_PREFETCH(coming->rows[k] + c);
    send_for_end(coming, c, dim);
}

/* The same for a kernel that is about to pass over columns up to `end`, of dim at most, at once, and often enough for the
 * loop over rows to be worth unrolling. */
FW_INLINE void send_for_piece(coming_rows *coming, int64_t end, int64_t dim) {
    for (int64_t c = coming->next; c < end; c += LINE_COLUMNS) {
        FW_UNROLL_4 for (int k = 0; k < coming->n; k++) FW_PREFETCH(coming->rows[k] + c);
        send_for_end(coming, c, dim);
        coming->next = c + LINE_COLUMNS;
    }
}

#endif
