/* Prefetching of the rows that the following kernels need.
 *
 * While the kernels compute the current pair or window, the rows of the next one are already known to the training
 * loops. They pass these rows to a kernel as a `prefetch_queue`. The kernel issues the prefetches gradually: one cache
 * line of each row for every 16 columns that it has processed. More prefetches at once would exceed the number of cache
 * misses that a core can have outstanding, and prefetches that are issued too early would evict the current rows from
 * the first-level cache. A kernel never reads the queued rows; a queue with n == 0 is empty. */
#ifndef FASTW2V_PREFETCH_H
#define FASTW2V_PREFETCH_H

#include <stdint.h>
#include "common/platform.h"

typedef struct {
    float **rows; /* n rows, each with as many columns as the rows of the kernel */
    int n;
    int64_t next; /* the first column that has not been prefetched, a multiple of LINE_COLUMNS */
} prefetch_queue;

#define LINE_COLUMNS (FW_CACHE_LINE / (int64_t)sizeof(float)) /* columns in a cache line */

/* Prefetch the last element of each row if column c lies in the last line. A row need not start on a cache line, so it
 * may touch one line more than its length requires. */
FW_INLINE void prefetch_end(const prefetch_queue *queue, int64_t c, int64_t dim) {
    if (c + LINE_COLUMNS < dim) return;
    for (int k = 0; k < queue->n; k++) FW_PREFETCH(queue->rows[k] + dim - 1);
}

/* Prefetch the line of column c, if that is the next one. For a kernel that processes one line of columns at a time. */
FW_INLINE void prefetch_step(prefetch_queue *queue, int64_t c, int64_t dim) {
    if (c != queue->next) return;
    queue->next += LINE_COLUMNS;
    for (int k = 0; k < queue->n; k++) FW_PREFETCH(queue->rows[k] + c);
    prefetch_end(queue, c, dim);
}

/* Prefetch all columns before `end`, at most dim. For a kernel that processes several lines of columns at a time and
 * takes so long for them that unrolling the loop over the rows saves time. */
FW_INLINE void prefetch_until(prefetch_queue *queue, int64_t end, int64_t dim) {
    for (int64_t c = queue->next; c < end; c += LINE_COLUMNS) {
        FW_UNROLL_4 for (int k = 0; k < queue->n; k++) FW_PREFETCH(queue->rows[k] + c);
        prefetch_end(queue, c, dim);
        queue->next = c + LINE_COLUMNS;
    }
}

#endif
