/* A table of pairs of numbers: an open-addressing hash table with linear probing, at most half full.
 *
 * The first number of a pair is a context, the second one a word. A context is the word before, or, if connector words
 * lie between, a node: FW_NODE plus a number of its own, which the table holds for the pair of the context before and the
 * connector word. A sequence of words is therefore a path of pairs, and equal sequences have equal paths.
 *
 * A slot takes 16 bytes and holds the count of its pair, so that counting a pair again touches one cache line. */
#ifndef FASTW2V_TEXT_PAIR_TABLE_H
#define FASTW2V_TEXT_PAIR_TABLE_H

#include "word_table.h"

#define FW_NODE ((uint32_t)1 << 31)
#define FW_NO_CONTEXT 0xFFFFFFFFu /* no word precedes */

typedef struct {
    uint64_t key; /* 0: free */
    uint32_t value; /* what the owner of the table stores; 0 in a new slot */
    uint32_t count;
} fw_pair;

typedef struct {
    fw_pair *slots;
    void *memory; /* the allocation that holds the slots */
    uint64_t mask;
    int64_t used;
    uint64_t seed;
} fw_pairs;

FW_INLINE uint64_t fw_pair_key(uint32_t context, uint32_t word) { return (uint64_t)(context + 1) << 32 | word; }

FW_INLINE uint64_t fw_pair_hash(const fw_pairs *pairs, uint64_t key) {
    return fw_fold(key ^ pairs->seed, (uint64_t)0x9E3779B97F4A7C15u);
}

/* Make an empty table. Returns 0, or -1 without memory. */
static int fw_pairs_init(fw_pairs *pairs, uint64_t seed) {
    memset(pairs, 0, sizeof(*pairs));
    pairs->mask = (1 << 10) - 1;
    pairs->seed = seed;
    pairs->slots = (fw_pair *)fw_alloc_buckets((pairs->mask + 1) * sizeof(fw_pair) / sizeof(fw_bucket), &pairs->memory);
    return pairs->slots == NULL ? -1 : 0;
}

static void fw_pairs_free(fw_pairs *pairs) {
    free(pairs->memory);
    memset(pairs, 0, sizeof(*pairs));
}

/* Return the slot of a pair: the one that holds it, or the free one where it belongs. */
FW_INLINE fw_pair *fw_pair_slot(const fw_pairs *pairs, uint64_t key) {
    uint64_t i = fw_pair_hash(pairs, key) & pairs->mask;
    while (pairs->slots[i].key != key && pairs->slots[i].key != 0)
        i = (i + 1) & pairs->mask;
    return &pairs->slots[i];
}

FW_INLINE void fw_prefetch_pair(const fw_pairs *pairs, uint64_t key) {
    FW_PREFETCH(&pairs->slots[fw_pair_hash(pairs, key) & pairs->mask]);
}

/* Quadruple the number of slots. Returns 0, or -1 without memory. */
static int fw_pairs_grow(fw_pairs *pairs) {
    fw_pairs grown = *pairs;
    grown.mask = 4 * pairs->mask + 3;
    grown.slots = (fw_pair *)fw_alloc_buckets((grown.mask + 1) * sizeof(fw_pair) / sizeof(fw_bucket), &grown.memory);
    if (grown.slots == NULL)
        return -1;
    for (uint64_t i = 0; i <= pairs->mask; i++)
        if (pairs->slots[i].key != 0)
            *fw_pair_slot(&grown, pairs->slots[i].key) = pairs->slots[i];
    free(pairs->memory);
    *pairs = grown;
    return 0;
}

/* Return the slot of a pair, which is added if it is new. NULL without memory. Adding moves the other slots. */
FW_INLINE fw_pair *fw_pair_add(fw_pairs *pairs, uint32_t context, uint32_t word) {
    uint64_t key = fw_pair_key(context, word);
    fw_pair *slot = fw_pair_slot(pairs, key);
    if (slot->key == key)
        return slot;
    if (2 * (uint64_t)pairs->used > pairs->mask) {
        if (fw_pairs_grow(pairs) < 0)
            return NULL;
        slot = fw_pair_slot(pairs, key);
    }
    slot->key = key;
    pairs->used++;
    return slot;
}

#endif
