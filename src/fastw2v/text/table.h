/* Words and their counts: an open-addressing hash table of UTF-8 byte strings.
 *
 * A bucket is a cache line of eight 32-bit tags, cut from the hash, and eight numbers of words. All tags are compared
 * at once, so that nearly every look-up takes the same path, which is what makes it fast: a wrong guess of a branch
 * costs more than all the rest. A full bucket spills into the next. (Swiss tables, Benzaquen and Kulukundis, CppCon
 * 2017, compare tags like this, of one byte and apart from the rest.)
 *
 * The entries lie in the order in which the words came up, so that the frequent ones, which come up early, stay in
 * the cache together. An entry holds a word of up to 16 bytes itself. A longer one has the offset of its bytes and 64
 * bits of its hash there. The bytes of all words lie in one arena, in the order of the entries.
 *
 * The hash folds the two halves of a 64 x 64 bit product, and is keyed, so that no text can be made up to collide.
 */
#ifndef FASTW2V_TEXT_TABLE_H
#define FASTW2V_TEXT_TABLE_H

#include <stdlib.h>

#if defined(__linux__)
#  include <sys/mman.h>
#endif

#include "classes.h"

#define FW_INLINE_BYTES 16
#define FW_BUCKET 8
#define FW_HUGE_PAGE ((uint64_t)1 << 21)
#define FW_MAX_WORDS 0x7FFFFFFF

typedef struct {
    uint32_t tags[FW_BUCKET]; /* 0: free */
    uint32_t numbers[FW_BUCKET];
} fw_bucket;

typedef struct {
    uint64_t low, high; /* the bytes, zero-padded; of a longer word: offset into the arena, and the hash */
    uint32_t length;
    int32_t id;
    int64_t count;
} fw_entry;

typedef struct {
    uint64_t low, high, hash;
    const uint8_t *text;
    uint32_t length;
} fw_key;

typedef struct {
    fw_bucket *buckets;
    void *memory; /* that the buckets are in */
    uint64_t mask;
    fw_entry *entries;
    int64_t n_words, capacity;
    uint8_t *arena;
    int64_t arena_used, arena_capacity;
    uint64_t seeds[2];
} fw_table;

/* fw_masks[8 + n] keeps the first n of eight bytes, all for n > 8; fw_masks[n] none for n < 9, then n - 8. */
#define FW_KEEP(bytes) (((uint64_t)1 << 8 * (bytes)) - 1)
static const uint64_t fw_masks[25] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, FW_KEEP(1), FW_KEEP(2), FW_KEEP(3), FW_KEEP(4), FW_KEEP(5), FW_KEEP(6), FW_KEEP(7),
    ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0,
    ~(uint64_t)0};

FW_INLINE uint64_t fw_fold(uint64_t a, uint64_t b) {
#if defined(__SIZEOF_INT128__)
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#elif defined(_M_X64)
    uint64_t above, below = _umul128(a, b, &above);
    return below ^ above;
#else
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (uint32_t)middle;
    return (a * b) ^ (a1 * b1 + (middle >> 32) + (other >> 32));
#endif
}

FW_INLINE uint64_t fw_hash(const fw_table *table, uint64_t low, uint64_t high, uint32_t length) {
    if (length > FW_INLINE_BYTES)
        return high;
    return fw_fold(low ^ table->seeds[0], high ^ table->seeds[1] ^ (uint64_t)length << 56);
}

/* Make the key of a word; 16 bytes must be readable at `text`, whatever its length. */
FW_INLINE void fw_make_key(const fw_table *table, const uint8_t *text, uint32_t length, fw_key *key) {
    key->text = text;
    key->length = length;
    if (length <= FW_INLINE_BYTES) {
        /* Lengths follow one another without a pattern: masks from a table, where branches would be guessed wrong. */
        uint64_t low = fw_load(text) & fw_masks[8 + length], high = fw_load(text + 8) & fw_masks[length];
        key->low = low;
        key->high = high;
        key->hash = fw_hash(table, low, high, length);
    } else {
        uint64_t hash = table->seeds[0] ^ length;
        uint32_t at = 0;
        for (; at + 16 < length; at += 16)
            hash = fw_fold(fw_load(text + at) ^ hash, fw_load(text + at + 8) ^ table->seeds[1]);
        hash = fw_fold(fw_load(text + length - 16) ^ hash, fw_load(text + length - 8) ^ table->seeds[1]);
        key->low = ~(uint64_t)0; /* which is the place of no word */
        key->high = key->hash = hash;
    }
}

FW_INLINE int fw_is(const fw_table *table, const fw_entry *entry, const fw_key *key) {
    if (entry->high != key->high || entry->length != key->length)
        return 0;
    if (key->length <= FW_INLINE_BYTES)
        return entry->low == key->low;
    return memcmp(table->arena + entry->low, key->text, key->length) == 0;
}

/* Where the bytes of a word are; `room` receives them if the entry itself holds them. */
FW_INLINE const uint8_t *fw_spelling(const fw_table *table, const fw_entry *entry, uint8_t room[FW_INLINE_BYTES]) {
    if (entry->length > FW_INLINE_BYTES)
        return table->arena + entry->low;
    fw_store(room, entry->low);
    fw_store(room + 8, entry->high);
    return room;
}

FW_INLINE uint32_t fw_tag(uint64_t hash) { return (uint32_t)(hash >> 32) | 1; }

/* A bit for each of the eight that equals `tag`. */
FW_INLINE unsigned fw_matches(const fw_bucket *bucket, uint32_t tag) {
#if FW_TEXT_SSE2
    const __m128i wanted = _mm_set1_epi32((int)tag), *tags = (const __m128i *)bucket->tags;
    unsigned first = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(_mm_load_si128(tags), wanted)));
    unsigned rest = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(_mm_load_si128(tags + 1), wanted)));
    return first | rest << 4;
#else
    unsigned found = 0;
    for (int i = 0; i < FW_BUCKET; i++)
        found |= (unsigned)(bucket->tags[i] == tag) << i;
    return found;
#endif
}

/* The number of a word, or -1. */
static int64_t fw_find(const fw_table *table, const fw_key *key) {
    uint32_t tag = fw_tag(key->hash);
    for (uint64_t at = key->hash & table->mask;; at = (at + 1) & table->mask) {
        const fw_bucket *bucket = &table->buckets[at];
        for (unsigned found = fw_matches(bucket, tag); found; found &= found - 1) {
            uint32_t number = bucket->numbers[lowest_bit(found)];
            if (fw_is(table, &table->entries[number], key))
                return number;
        }
        if (bucket->tags[FW_BUCKET - 1] == 0) /* buckets fill from the front */
            return -1;
    }
}

FW_INLINE void fw_place(fw_bucket *buckets, uint64_t mask, uint64_t hash, uint32_t number) {
    uint64_t at = hash & mask;
    int i = 0;
    while (buckets[at].tags[FW_BUCKET - 1] != 0)
        at = (at + 1) & mask;
    while (buckets[at].tags[i] != 0)
        i++;
    buckets[at].tags[i] = fw_tag(hash);
    buckets[at].numbers[i] = number;
}

/* Empty buckets, each a cache line, on huge pages where the system has them: they are met in no order, and with
 * small pages much of the time goes into finding where they are. `*memory` is what to free. */
static fw_bucket *fw_buckets(uint64_t n, void **memory) {
    uint64_t bytes = n * sizeof(fw_bucket), alignment = bytes < FW_HUGE_PAGE ? sizeof(fw_bucket) : FW_HUGE_PAGE;
    uintptr_t start;
    *memory = calloc(bytes + alignment, 1);
    if (*memory == NULL)
        return NULL;
    start = ((uintptr_t)*memory + alignment - 1) & ~(uintptr_t)(alignment - 1);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (bytes >= FW_HUGE_PAGE)
        madvise((void *)start, bytes, MADV_HUGEPAGE);
#endif
    return (fw_bucket *)start;
}

static int fw_reserve(void **array, int64_t *capacity, int64_t needed, size_t item) {
    void *grown;
    int64_t size = *capacity + *capacity / 2 + 1024;
    if (needed <= *capacity)
        return 0;
    if (size < needed)
        size = needed;
    grown = realloc(*array, (size_t)size * item);
    if (grown == NULL)
        return -1;
    *array = grown;
    *capacity = size;
    return 0;
}

static int fw_table_init(fw_table *table, uint64_t seed0, uint64_t seed1) {
    memset(table, 0, sizeof(*table));
    table->mask = (1 << 8) - 1;
    table->seeds[0] = seed0;
    table->seeds[1] = seed1;
    table->buckets = fw_buckets(table->mask + 1, &table->memory);
    if (table->buckets == NULL ||
        fw_reserve((void **)&table->entries, &table->capacity, 1, sizeof(fw_entry)) < 0)
        return -1;
    memset(table->entries, 0, sizeof(fw_entry)); /* no token has no bytes: number 0 may be asked for before it is given */
    return 0;
}

static void fw_table_free(fw_table *table) {
    free(table->memory);
    free(table->entries);
    free(table->arena);
    memset(table, 0, sizeof(*table));
}

/* Four times the buckets. */
static int fw_table_grow(fw_table *table) {
    void *memory;
    uint64_t mask = 4 * table->mask + 3;
    fw_bucket *buckets = fw_buckets(mask + 1, &memory);
    if (buckets == NULL)
        return -1;
    for (int64_t i = 0; i < table->n_words; i++) {
        const fw_entry *entry = &table->entries[i];
        fw_place(buckets, mask, fw_hash(table, entry->low, entry->high, entry->length), (uint32_t)i);
    }
    free(table->memory);
    table->buckets = buckets;
    table->memory = memory;
    table->mask = mask;
    return 0;
}

/* Add a word that is not there yet; its number, or -1 without memory. */
static int64_t fw_add(fw_table *table, const fw_key *key, int32_t id) {
    fw_entry *entry;
    if (table->n_words >= FW_MAX_WORDS ||
        fw_reserve((void **)&table->entries, &table->capacity, table->n_words + 1, sizeof(fw_entry)) < 0 ||
        fw_reserve((void **)&table->arena, &table->arena_capacity, table->arena_used + key->length, 1) < 0)
        return -1;
    /* Five words a bucket on average: few buckets are full. */
    if ((uint64_t)table->n_words >= 5 * (table->mask + 1) && fw_table_grow(table) < 0)
        return -1;
    entry = &table->entries[table->n_words];
    memcpy(table->arena + table->arena_used, key->text, key->length);
    entry->low = key->length <= FW_INLINE_BYTES ? key->low : (uint64_t)table->arena_used;
    entry->high = key->high;
    entry->length = key->length;
    entry->id = id;
    entry->count = 0;
    fw_place(table->buckets, table->mask, key->hash, (uint32_t)table->n_words);
    table->arena_used += key->length;
    return table->n_words++;
}

#endif
