/* Negatives: draws of a 48-bit linear congruential generator, each the index that bisect_left(cum_table, draw) gives.
 *
 * A guide table tells where the search for a draw may start; from there the entries below the draw are counted, eight at
 * a time, without a branch that hangs on their number. A bucket of the guide stands for some words, as a table of fewer
 * buckets stays in the cache beside the rows that are trained; even so these push the tables out of the nearest caches
 * again and again. So negatives are drawn in three steps, each of which sends for what the next one reads.
 *
 * Where there are several workers, a job draws from a part of the distribution. Cores that train the same row pass its
 * cache lines to and fro, which costs more than the arithmetic, and most of the rows that skip-gram and CBOW train are
 * negatives. So all possible draws are cut into stripes of equal width, and these dealt out in turn to the parts: workers at
 * jobs of different parts meet in the most frequent words, which are wider than a stripe, and in those on the border of two.
 * A draw from a stripe of another part is moved to the same place of the own stripe next to it. Each job takes the part
 * after that of the job before it, so that jobs together draw from the whole. */
#ifndef FASTW2V_NOISE_H
#define FASTW2V_NOISE_H

#include <stdint.h>
#include "common/platform.h"

#if defined(__SSE2__) || defined(_M_X64)
#  include <emmintrin.h>
#endif

#define NOISE_STEP 8   /* entries that are compared with a draw at once; a table has at least as many */
#define MERSENNE_31 0x7FFFFFFFu
#define STRIPE_BITS 22 /* of 31: 512 stripes */

typedef struct {
    const uint32_t *cum_table; /* n entries, ascending */
    int64_t n;
    uint32_t domain; /* the last of them, which no draw reaches */
    const int32_t *guide; /* of a draw's highest bits: an index that is not behind the draw's, at most n - NOISE_STEP */
    int shift;
} noise_table;

typedef struct {
    uint32_t choosing; /* the bits of a draw that tell in whose stripe it lies; 0: all stripes are own */
    uint32_t own; /* what they are in the own stripes */
} noise_part;

/* One of so many parts, which are a power of two. */
FW_INLINE noise_part part_of_noise(uint32_t part, uint32_t n_parts) {
    const noise_part chosen = {(n_parts - 1) << STRIPE_BITS, (part & (n_parts - 1)) << STRIPE_BITS};
    return chosen;
}

FW_INLINE uint32_t lcg_draw(uint64_t *state) {
    const uint32_t value = (uint32_t)(*state >> 16);
    *state = (*state * 25214903917u + 11) & 0xFFFFFFFFFFFFu;
    return value;
}

/* How many of eight ascending entries are below a draw. */
FW_INLINE int entries_below(const uint32_t *entries, uint32_t draw) {
#if defined(__SSE2__) || defined(_M_X64)
    /* SSE2 compares signed numbers only: both sides are moved to where the order is the same. */
    const __m128i sign = _mm_set1_epi32(INT32_MIN), wanted = _mm_xor_si128(_mm_set1_epi32((int)draw), sign);
    const __m128i low = _mm_xor_si128(_mm_loadu_si128((const __m128i *)entries), sign);
    const __m128i high = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(entries + 4)), sign);
    const __m128i below = _mm_packs_epi32(_mm_cmpgt_epi32(wanted, low), _mm_cmpgt_epi32(wanted, high));
    return lowest_bit(~(unsigned)_mm_movemask_epi8(_mm_packs_epi16(below, _mm_setzero_si128())));
#else
    int below = 0;
    for (int k = 0; k < NOISE_STEP; k++) below += entries[k] < draw;
    return below;
#endif
}

FW_INLINE uint32_t index_of_draw(const noise_table *noise, uint32_t draw) {
    int64_t index = noise->guide[draw >> noise->shift];
    for (;;) {
        const int below = entries_below(noise->cum_table + index, draw);
        if (below < NOISE_STEP) return (uint32_t)(index + below);
        index = index + NOISE_STEP < noise->n - NOISE_STEP ? index + NOISE_STEP : noise->n - NOISE_STEP;
    }
}

/* First step: n draws of 32 bits modulo the domain, moved into a part. gensim's domain, where the counts are not too many
 * for it, is a number by which nothing need be divided. Here and below the table is copied: for all that a compiler knows,
 * it might change with each draw that is stored. */
FW_INLINE void draw_noise(const noise_table *noise, noise_part part, uint64_t *state, uint32_t *draws, int64_t n) {
    const noise_table table = *noise;
    uint64_t s = *state;
    for (int64_t i = 0; i < n; i++) {
        uint32_t draw = lcg_draw(&s);
        if (table.domain == MERSENNE_31) {
            draw = (draw & MERSENNE_31) + (draw >> 31);
            draw = draw >= MERSENNE_31 ? draw - MERSENNE_31 : draw;
        } else draw %= table.domain;
        const uint32_t moved = (draw & ~part.choosing) | part.own;
        draw = moved < table.domain ? moved : draw;
        draws[i] = draw;
        FW_PREFETCH_TO_READ(table.guide + (draw >> table.shift));
    }
    *state = s;
}

/* Second step: where the entries of the draws are. */
FW_INLINE void expect_entries(const noise_table *noise, const uint32_t *draws, int64_t n) {
    const noise_table table = *noise;
    for (int64_t i = 0; i < n; i++) FW_PREFETCH_TO_READ(table.cum_table + table.guide[draws[i] >> table.shift]);
}

/* Third step: the indices that the draws stand for, in their place. */
FW_INLINE void find_negatives(const noise_table *noise, uint32_t *draws, int64_t n) {
    const noise_table table = *noise;
    for (int64_t i = 0; i < n; i++) draws[i] = index_of_draw(&table, draws[i]);
}

#endif
