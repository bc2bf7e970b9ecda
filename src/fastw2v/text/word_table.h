/* A table of words and their counts: an open-addressing hash table of UTF-8 byte strings.
 *
 * A bucket is one cache line with eight 32-bit tags, cut from the hash, and eight word numbers. All tags of a bucket are
 * compared at once, so nearly every look-up takes the same path; a mispredicted branch would cost more than everything
 * else. A full bucket overflows into the next one. (Swiss tables compare tags in the same way, with tags of one byte in a
 * separate array: Benzaquen and Kulukundis, CppCon 2017.)
 *
 * The entries lie in the order in which the words first occurred. Frequent words occur early, so their entries share
 * cache lines. An entry holds a word of up to 16 bytes itself. For a longer word it holds the offset of the bytes and 64
 * bits of the hash. The bytes of all words lie in one buffer, in the order of the entries.
 *
 * The hash folds the two halves of a 64 x 64 bit product. It is keyed, so that nobody can make up a text whose words
 * collide.
 */
#ifndef FASTW2V_TEXT_WORD_TABLE_H
#define FASTW2V_TEXT_WORD_TABLE_H

#include <stdlib.h>

#if defined(__linux__)
#  include <sys/mman.h>
#endif

#include "byte_classes.h"

#define FW_INLINE_BYTES 16
#define FW_BUCKET_SIZE 8
#define FW_HUGE_PAGE ((uint64_t)1 << 21)
#define FW_MAX_WORDS 0x7FFFFFFF

typedef struct {
    uint32_t tags[FW_BUCKET_SIZE]; /* 0: free; the slots fill from the front */
    uint32_t numbers[FW_BUCKET_SIZE];
} fw_bucket;

typedef struct {
    uint64_t low, high; /* the bytes, padded with zeros; of a long word: its offset in the buffer, and the hash */
    uint32_t length;
    int32_t id; /* vocabulary index; the word number where there is no vocabulary yet */
    int64_t count;
} fw_entry;

/* A word to look up; see fw_entry for `low` and `high`. */
typedef struct {
    uint64_t low, high, hash;
    const uint8_t *text;
    uint32_t length;
} fw_key;

typedef struct {
    fw_bucket *buckets;
    void *memory; /* the allocation that holds the buckets */
    uint64_t mask;
    fw_entry *entries;
    int64_t n_words, capacity;
    uint8_t *bytes; /* of all words */
    int64_t n_bytes, bytes_capacity;
    uint64_t seeds[2];
} fw_table;

/* fw_masks[8 + n] keeps the first n of the bytes 0-7 of a word (all of them for n > 8), and fw_masks[n] keeps those of
 * the bytes 8-15 that belong to a word of n bytes. */
#define FW_FIRST_BYTES(bytes) (((uint64_t)1 << 8 * (bytes)) - 1)
static const uint64_t fw_masks[25] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0,
    FW_FIRST_BYTES(1), FW_FIRST_BYTES(2), FW_FIRST_BYTES(3), FW_FIRST_BYTES(4), FW_FIRST_BYTES(5), FW_FIRST_BYTES(6),
    FW_FIRST_BYTES(7),
    ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0,
    ~(uint64_t)0};

/* Multiply two 64-bit numbers and fold the halves of the product. */
FW_INLINE uint64_t fw_fold(uint64_t a, uint64_t b) {
#if defined(__SIZEOF_INT128__)
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#elif defined(_M_X64)
    uint64_t high, low = _umul128(a, b, &high);
    return low ^ high;
#else
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (uint32_t)middle;
    return (a * b) ^ (a1 * b1 + (middle >> 32) + (other >> 32));
#endif
}

/* Return the hash of a word. */
FW_INLINE uint64_t fw_hash(const fw_table *table, uint64_t low, uint64_t high, uint32_t length) {
    if (length > FW_INLINE_BYTES)
        return high;
    return fw_fold(low ^ table->seeds[0], high ^ table->seeds[1] ^ (uint64_t)length << 56);
}

/* Make the key of a word. 16 bytes must be readable at `text`, whatever the length. */
FW_INLINE void fw_make_key(const fw_table *table, const uint8_t *text, uint32_t length, fw_key *key) {
    key->text = text;
    key->length = length;
    if (length <= FW_INLINE_BYTES) {
        /* The lengths of words have no pattern: branches would be mispredicted, so the masks come from a table. */
        uint64_t low = fw_load(text) & fw_masks[8 + length], high = fw_load(text + 8) & fw_masks[length];
        key->low = low;
        key->high = high;
        key->hash = fw_hash(table, low, high, length);
    } else {
        uint64_t hash = table->seeds[0] ^ length;
        uint32_t i = 0;
        for (; i + 16 < length; i += 16)
            hash = fw_fold(fw_load(text + i) ^ hash, fw_load(text + i + 8) ^ table->seeds[1]);
        hash = fw_fold(fw_load(text + length - 16) ^ hash, fw_load(text + length - 8) ^ table->seeds[1]);
        key->low = ~(uint64_t)0; /* no word has this offset */
        key->high = key->hash = hash;
    }
}

/* Return whether an entry holds the word of a key. */
FW_INLINE int fw_equals(const fw_table *table, const fw_entry *entry, const fw_key *key) {
    if (entry->high != key->high || entry->length != key->length)
        return 0;
    if (key->length <= FW_INLINE_BYTES)
        return entry->low == key->low;
    return memcmp(table->bytes + entry->low, key->text, key->length) == 0;
}

/* Return the bytes of a word. If the entry itself holds them, they are copied to `buffer`. */
FW_INLINE const uint8_t *fw_word_bytes(const fw_table *table, const fw_entry *entry, uint8_t buffer[FW_INLINE_BYTES]) {
    if (entry->length > FW_INLINE_BYTES)
        return table->bytes + entry->low;
    fw_store(buffer, entry->low);
    fw_store(buffer + 8, entry->high);
    return buffer;
}

/* Cut the tag of a slot from a hash; it is never 0, which marks a free slot. */
FW_INLINE uint32_t fw_tag(uint64_t hash) { return (uint32_t)(hash >> 32) | 1; }

/* Return a bit mask of the slots of a bucket whose tag equals `tag`. */
FW_INLINE unsigned fw_match_tags(const fw_bucket *bucket, uint32_t tag) {
#if FW_TEXT_SSE2
    const __m128i tag4 = _mm_set1_epi32((int)tag), *tags = (const __m128i *)bucket->tags;
    unsigned first = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(_mm_load_si128(tags), tag4)));
    unsigned second = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(_mm_load_si128(tags + 1), tag4)));
    return first | second << 4;
#else
    unsigned found = 0;
    for (int i = 0; i < FW_BUCKET_SIZE; i++)
        found |= (unsigned)(bucket->tags[i] == tag) << i;
    return found;
#endif
}

/* Return the number of a word, or -1 if the table does not have it. */
static int64_t fw_find(const fw_table *table, const fw_key *key) {
    uint32_t tag = fw_tag(key->hash);
    for (uint64_t i = key->hash & table->mask;; i = (i + 1) & table->mask) {
        const fw_bucket *bucket = &table->buckets[i];
        for (unsigned found = fw_match_tags(bucket, tag); found; found &= found - 1) {
            uint32_t number = bucket->numbers[lowest_bit(found)];
            if (fw_equals(table, &table->entries[number], key))
                return number;
        }
        if (bucket->tags[FW_BUCKET_SIZE - 1] == 0) /* the bucket is not full, so none of its words overflowed */
            return -1;
    }
}

/* Put a word number into the first free slot for its hash. */
FW_INLINE void fw_insert(fw_bucket *buckets, uint64_t mask, uint64_t hash, uint32_t number) {
    uint64_t i = hash & mask;
    int slot = 0;
    while (buckets[i].tags[FW_BUCKET_SIZE - 1] != 0)
        i = (i + 1) & mask;
    while (buckets[i].tags[slot] != 0)
        slot++;
    buckets[i].tags[slot] = fw_tag(hash);
    buckets[i].numbers[slot] = number;
}

/* Allocate `n` empty buckets, aligned to cache lines. `*memory` receives the pointer to free; NULL without memory.
 *
 * A large table lies on huge pages where the system has them: its buckets are accessed at random, and with small pages
 * much of the time goes into address translation. */
static fw_bucket *fw_alloc_buckets(uint64_t n, void **memory) {
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

/* Make room in a growing array for `needed` items of `item` bytes. Returns 0, or -1 without memory. */
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

/* Make an empty table. Returns 0, or -1 without memory. */
static int fw_table_init(fw_table *table, uint64_t seed0, uint64_t seed1) {
    memset(table, 0, sizeof(*table));
    table->mask = (1 << 8) - 1;
    table->seeds[0] = seed0;
    table->seeds[1] = seed1;
    table->buckets = fw_alloc_buckets(table->mask + 1, &table->memory);
    if (table->buckets == NULL ||
        fw_reserve((void **)&table->entries, &table->capacity, 1, sizeof(fw_entry)) < 0)
        return -1;
    /* Entry 0 is compared with tokens before it has a word; a length of 0 makes it equal to none of them. */
    memset(table->entries, 0, sizeof(fw_entry));
    return 0;
}

/* Free the memory of a table. */
static void fw_table_free(fw_table *table) {
    free(table->memory);
    free(table->entries);
    free(table->bytes);
    memset(table, 0, sizeof(*table));
}

/* Quadruple the number of buckets. Returns 0, or -1 without memory. */
static int fw_table_grow(fw_table *table) {
    void *memory;
    uint64_t mask = 4 * table->mask + 3;
    fw_bucket *buckets = fw_alloc_buckets(mask + 1, &memory);
    if (buckets == NULL)
        return -1;
    for (int64_t i = 0; i < table->n_words; i++) {
        const fw_entry *entry = &table->entries[i];
        fw_insert(buckets, mask, fw_hash(table, entry->low, entry->high, entry->length), (uint32_t)i);
    }
    free(table->memory);
    table->buckets = buckets;
    table->memory = memory;
    table->mask = mask;
    return 0;
}

/* Add a word that the table does not have. Returns its number, or -1 without memory. */
static int64_t fw_add(fw_table *table, const fw_key *key, int32_t id) {
    fw_entry *entry;
    if (table->n_words >= FW_MAX_WORDS ||
        fw_reserve((void **)&table->entries, &table->capacity, table->n_words + 1, sizeof(fw_entry)) < 0 ||
        fw_reserve((void **)&table->bytes, &table->bytes_capacity, table->n_bytes + key->length, 1) < 0)
        return -1;
    /* With at most five words per bucket on average, few buckets are full. */
    if ((uint64_t)table->n_words >= 5 * (table->mask + 1) && fw_table_grow(table) < 0)
        return -1;
    entry = &table->entries[table->n_words];
    memcpy(table->bytes + table->n_bytes, key->text, key->length);
    entry->low = key->length <= FW_INLINE_BYTES ? key->low : (uint64_t)table->n_bytes;
    entry->high = key->high;
    entry->length = key->length;
    entry->id = id;
    entry->count = 0;
    fw_insert(table->buckets, table->mask, key->hash, (uint32_t)table->n_words);
    table->n_bytes += key->length;
    return table->n_words++;
}

#endif
