/* Sampling of negatives: random draws, and the words that they represent.
 *
 * The noise distribution is a cumulative table: `cum_table[w]` is proportional to the probability of all words up to w.
 * A draw is a random number below the table's last entry (the domain), and the negative that it represents is
 * bisect_left(cum_table, draw), as in gensim. The draws come from gensim's 48-bit linear congruential generator.
 *
 * Guide table. `guide[draw >> shift]` is an index at or before the one that is searched for. From there, the search
 * counts the entries below the draw, NOISE_STEP at a time, without a branch that depends on the count. A bucket of the
 * guide covers two to four words on average: a small guide stays in the cache together with the trained rows.
 *
 * Three stages. The trained rows repeatedly evict the tables from the L1 and L2 caches. Sampling therefore consists of
 * three functions, each of which prefetches what the next one reads: draw_noise, prefetch_noise_entries, look_up_noise.
 * The type noise_draw distinguishes draws from word indices.
 *
 * Noise partitions. With several workers a job draws from one partition of the distribution. Cores that update the same
 * row transfer its cache lines back and forth, which costs more than the arithmetic, and most of the rows that
 * skip-gram and CBOW update belong to negatives. The range of all draws is divided into 512 stripes of equal width, and
 * stripe i belongs to partition i modulo the number of partitions. A draw from a stripe of another partition is moved
 * to the same offset in a nearby stripe of the job's own partition. Jobs of different partitions share only the most
 * frequent words, whose ranges of draws are wider than a stripe, and the words on a border between stripes. Consecutive
 * jobs use consecutive partitions, so the jobs together draw from the whole distribution.
 *
 * Draws below `undivided` are not moved, and no draw is moved below it. They belong to the first words of the table,
 * which every worker replicates. The jobs of all partitions together still draw each word as often
 * as the distribution says: at each offset into a stripe, a draw is moved only between stripes in which this offset is
 * not below `undivided`. */
#ifndef FASTW2V_NOISE_H
#define FASTW2V_NOISE_H

#include <stdint.h>
#include "common/platform.h"

#if defined(__SSE2__) || defined(_M_X64)
#  include <emmintrin.h>
#endif

#define NOISE_STEP 8   /* entries that one step of the search compares; a table has at least this many */
#define MERSENNE_31 0x7FFFFFFFu
#define STRIPE_BITS 22 /* a stripe is 2^22 draws wide: there are 512 below 2^31 */

/* A random number below the domain of the noise table. */
typedef struct {
    uint32_t value;
} noise_draw;

typedef struct {
    const uint32_t *cum_table; /* n entries, ascending */
    int64_t n;
    uint32_t domain;      /* the last entry; all draws are below it */
    const int32_t *guide; /* where the search for a draw starts, by draw >> shift; at most n - NOISE_STEP */
    int shift;
} noise_table;

/* The draws below `undivided`, and the draws d with (d & mask) == stripe. A mask of 0 is the whole distribution. */
typedef struct {
    uint32_t mask;
    uint32_t stripe;
    uint32_t undivided;
} noise_partition;

/* Partition `index` modulo `n_partitions`, which is a power of two; one partition is the whole distribution. All
 * partitions have the draws below `undivided` in common. */
FW_INLINE noise_partition make_noise_partition(uint32_t index, uint32_t n_partitions, uint32_t undivided) {
    const noise_partition partition = {(n_partitions - 1) << STRIPE_BITS, (index & (n_partitions - 1)) << STRIPE_BITS,
                                       undivided};
    return partition;
}

/* Return 32 random bits and advance the generator. */
FW_INLINE uint32_t lcg_draw(uint64_t *state) {
    const uint32_t value = (uint32_t)(*state >> 16);
    *state = (*state * 25214903917u + 11) & 0xFFFFFFFFFFFFu;
    return value;
}

/* Count which of NOISE_STEP ascending entries are below a draw. */
FW_INLINE int count_entries_below(const uint32_t *entries, uint32_t draw) {
#if defined(__SSE2__) || defined(_M_X64)
    /* SSE2 compares signed integers only; flipping the sign bit of both sides maps unsigned order to signed order. */
    const __m128i sign = _mm_set1_epi32(INT32_MIN), value = _mm_xor_si128(_mm_set1_epi32((int)draw), sign);
    const __m128i low = _mm_xor_si128(_mm_loadu_si128((const __m128i *)entries), sign);
    const __m128i high = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(entries + 4)), sign);
    const __m128i below = _mm_packs_epi32(_mm_cmpgt_epi32(value, low), _mm_cmpgt_epi32(value, high));
    return lowest_bit(~(unsigned)_mm_movemask_epi8(_mm_packs_epi16(below, _mm_setzero_si128())));
#else
    int below = 0;
    for (int k = 0; k < NOISE_STEP; k++) below += entries[k] < draw;
    return below;
#endif
}

/* Return bisect_left(cum_table, draw). */
FW_INLINE uint32_t search_noise_table(const noise_table *noise, uint32_t draw) {
    int64_t index = noise->guide[draw >> noise->shift];
    for (;;) {
        const int below = count_entries_below(noise->cum_table + index, draw);
        if (below < NOISE_STEP) return (uint32_t)(index + below);
        index = index + NOISE_STEP < noise->n - NOISE_STEP ? index + NOISE_STEP : noise->n - NOISE_STEP;
    }
}

/* Stage 1: make n draws from a partition, and prefetch their entries of the guide.
 *
 * A draw is 32 random bits modulo the domain. gensim's domain is 2^31 - 1 unless the counts are too large for it, and a
 * remainder by 2^31 - 1 needs no division. Here and below the table is copied to a local variable: otherwise the
 * compiler must assume that storing a draw changes it. */
FW_INLINE void draw_noise(const noise_table *noise, noise_partition partition, uint64_t *state, noise_draw *draws,
                          int64_t n) {
    const noise_table table = *noise;
    uint64_t s = *state;
    for (int64_t i = 0; i < n; i++) {
        uint32_t draw = lcg_draw(&s);
        if (table.domain == MERSENNE_31) {
            draw = (draw & MERSENNE_31) + (draw >> 31);
            draw = draw >= MERSENNE_31 ? draw - MERSENNE_31 : draw;
        } else draw %= table.domain;
        if (partition.mask) { /* a predictable branch: one worker has no partitions */
            const uint32_t moved = (draw & ~partition.mask) | partition.stripe;
            draw = draw >= partition.undivided && moved >= partition.undivided && moved < table.domain ? moved : draw;
        }
        draws[i].value = draw;
        FW_PREFETCH_TO_READ(table.guide + (draw >> table.shift));
    }
    *state = s;
}

/* Stage 2: prefetch the entries of the cumulative table where the searches for n draws start. */
FW_INLINE void prefetch_noise_entries(const noise_table *noise, const noise_draw *draws, int64_t n) {
    const noise_table table = *noise;
    for (int64_t i = 0; i < n; i++) FW_PREFETCH_TO_READ(table.cum_table + table.guide[draws[i].value >> table.shift]);
}

/* Stage 3: find the words that n draws represent. */
FW_INLINE void look_up_noise(const noise_table *noise, const noise_draw *draws, int64_t n, uint32_t *words) {
    const noise_table table = *noise;
    for (int64_t i = 0; i < n; i++) words[i] = search_noise_table(&table, draws[i].value);
}

#endif
