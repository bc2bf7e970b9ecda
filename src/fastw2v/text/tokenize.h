/* Bytes to tokens to word numbers, in one pass over a block of text that ends where a token ends.
 *
 * 64 bytes at a time are classified into bit masks; the edges of the white space in them are where tokens begin and end.
 * Tokens are looked up in batches, so that the memory that the look-ups need can be prefetched. Nine of ten tokens are
 * words that occurred a short while ago: a small cache holds, for each of some thousand hashes, the number of the word
 * that last had it. All other tokens are looked up in the table. No branch depends on where a single token is found,
 * because it would often be mispredicted.
 *
 * At the end, fw_split_sentences cuts the tokens of the block into sentences.
 */
#ifndef FASTW2V_TEXT_TOKENIZE_H
#define FASTW2V_TEXT_TOKENIZE_H

#include "word_table.h"

#define FW_PADDING 128 /* bytes that must be readable behind the text */
#define FW_BATCH 64    /* tokens of a batch */
#define FW_CACHE_BITS 16
#define FW_CACHE_SIZE ((size_t)1 << FW_CACHE_BITS)

enum { FW_DONE = 0, FW_NO_MEMORY = -2, FW_INVALID = -3 };

/* The result for a block. */
typedef struct {
    int32_t *ids; /* of each token, -1 for an unknown one; NULL if only counts are needed */
    int64_t n_tokens;
    int32_t *line_ends; /* for each line feed, the number of tokens before it */
    int64_t n_lines, line_capacity;
    int32_t *new_word_at; /* for each word that was added to the table, the number of its first token */
    int64_t n_new_words, new_word_capacity;
    int64_t invalid_at; /* offset of the first byte that is not UTF-8, or -1 */
} fw_tokens;

/* Tokens that wait for the memory that their look-up needs. */
typedef struct {
    int n;
    fw_key keys[FW_BATCH];
    int32_t positions[FW_BATCH]; /* number of each token within the block */
} fw_batch;

typedef struct {
    fw_table *table;
    fw_tokens *out;
    uint32_t *cache;      /* the highest bits of a hash -> number of a word that may have it */
    fw_batch cache_batch; /* tokens to look up in the cache */
    fw_batch table_batch; /* tokens that the cache did not have, to look up in the table */
} fw_tokenizer;

/* Find a word that is not in the first matching slot of its bucket; with `grow`, add it if the table does not have it.
 * Returns its number, -1 if it is unknown, or FW_NO_MEMORY. */
static int64_t fw_find_or_add(fw_tokenizer *state, const fw_key *key, int64_t position, int grow) {
    fw_tokens *out = state->out;
    int64_t number = fw_find(state->table, key);
    if (number >= 0 || !grow)
        return number;
    if (fw_reserve((void **)&out->new_word_at, &out->new_word_capacity, out->n_new_words + 1, sizeof(int32_t)) < 0)
        return FW_NO_MEMORY;
    number = fw_add(state->table, key, (int32_t)state->table->n_words);
    if (number < 0)
        return FW_NO_MEMORY;
    out->new_word_at[out->n_new_words++] = (int32_t)position;
    return number;
}

/* Look up the tokens of `table_batch`: first compute where each entry should be and prefetch it, then compare. */
FW_APART int fw_look_up_in_table(fw_tokenizer *state, int grow) {
    fw_table *table = state->table;
    fw_batch *batch = &state->table_batch;
    int32_t *ids = state->out->ids;
    uint32_t candidates[FW_BATCH];
    for (int i = 0; i < batch->n; i++) {
        const uint64_t hash = batch->keys[i].hash;
        const fw_bucket *bucket = &table->buckets[hash & table->mask];
        unsigned found = fw_match_tags(bucket, fw_tag(hash));
        candidates[i] = found ? bucket->numbers[lowest_bit(found)] : FW_MAX_WORDS;
        FW_PREFETCH_TO_READ(&table->entries[candidates[i]]);
    }
    for (int i = 0; i < batch->n; i++) {
        const fw_key *key = &batch->keys[i];
        int64_t number = candidates[i];
        if (number == FW_MAX_WORDS || !fw_equals(table, &table->entries[number], key)) {
            number = fw_find_or_add(state, key, batch->positions[i], grow);
            if (number == FW_NO_MEMORY)
                return FW_NO_MEMORY;
        }
        if (number >= 0)
            state->cache[key->hash >> (64 - FW_CACHE_BITS)] = (uint32_t)number;
        if (grow)
            table->entries[number].count++;
        if (ids != NULL)
            ids[batch->positions[i]] = number < 0 ? -1 : table->entries[number].id;
    }
    batch->n = 0;
    return FW_DONE;
}

/* Look up the tokens of `cache_batch`; `ids` points to the id of its first token, or is NULL. */
FW_INLINE int fw_look_up_in_cache(fw_tokenizer *state, int grow, int32_t *ids) {
    fw_batch *batch = &state->cache_batch, *table_batch = &state->table_batch;
    fw_entry *entries = state->table->entries;
    uint32_t candidates[FW_BATCH];
    int missed[FW_BATCH], n_missed = 0;
    for (int i = 0; i < batch->n; i++) {
        candidates[i] = state->cache[batch->keys[i].hash >> (64 - FW_CACHE_BITS)];
        FW_PREFETCH_TO_READ(&entries[candidates[i]]);
    }
    for (int i = 0; i < batch->n; i++) {
        const fw_key *key = &batch->keys[i];
        fw_entry *entry = &entries[candidates[i]];
        const int differs = ((entry->low ^ key->low) | (entry->high ^ key->high) | (entry->length ^ key->length)) != 0;
        if (grow)
            entry->count += !differs;
        if (ids != NULL)
            ids[i] = entry->id;
        missed[n_missed] = i;
        n_missed += differs;
    }
    for (int i = 0; i < n_missed; i++) {
        const fw_key *key = &batch->keys[missed[i]];
        if (table_batch->n == FW_BATCH && fw_look_up_in_table(state, grow) < 0)
            return FW_NO_MEMORY;
        table_batch->positions[table_batch->n] = (int32_t)(state->out->n_tokens + missed[i]);
        table_batch->keys[table_batch->n++] = *key;
        FW_PREFETCH_TO_READ(&state->table->buckets[key->hash & state->table->mask]);
    }
    state->out->n_tokens += batch->n;
    batch->n = 0;
    return FW_DONE;
}

/* Look up the tokens that wait: a copy of the loop for each case that occurs. */
FW_APART int fw_look_up(fw_tokenizer *state, int grow) {
    int32_t *ids = state->out->ids == NULL ? NULL : state->out->ids + state->out->n_tokens;
    if (!grow)
        return fw_look_up_in_cache(state, 0, ids);
    return ids == NULL ? fw_look_up_in_cache(state, 1, NULL) : fw_look_up_in_cache(state, 1, ids);
}

/* Add a token to the batch, and look the batch up when it is full. */
FW_INLINE int fw_add_token(fw_tokenizer *state, const uint8_t *text, uint32_t length, int grow) {
    fw_key *key = &state->cache_batch.keys[state->cache_batch.n++];
    fw_make_key(state->table, text, length, key);
    FW_PREFETCH_TO_READ(&state->cache[key->hash >> (64 - FW_CACHE_BITS)]);
    return state->cache_batch.n == FW_BATCH ? fw_look_up(state, grow) : FW_DONE;
}

/* Validate the bytes outside ASCII of 64 bytes, and add those that are white space to `found->space`.
 *
 * `*carry` marks the bytes of a sequence that began in the previous 64 bytes and was validated there, `*carry_space` those
 * of them that are white space. Both receive the values for the next 64 bytes. Returns the offset of the first byte that
 * is not UTF-8, or -1. */
FW_INLINE int fw_check_utf8(const uint8_t *text, fw_classes *found, uint64_t *carry, uint64_t *carry_space) {
    uint64_t remaining = found->non_ascii & ~*carry;
    found->space |= *carry_space;
    *carry = *carry_space = 0;
    while (remaining) {
        int space, bit = lowest_bit(remaining);
        int n_bytes = fw_utf8_length(text + bit, &space);
        uint64_t sequence = (((uint64_t)1 << n_bytes) - 1) << bit;
        if (n_bytes == 0)
            return bit;
        remaining &= ~sequence;
        if (space)
            found->space |= sequence;
        if (bit + n_bytes > 64) {
            *carry = ((uint64_t)1 << (bit + n_bytes - 64)) - 1;
            *carry_space = space ? *carry : 0;
        }
    }
    return -1;
}

/* Record the number of tokens that end before each line feed of 64 bytes. `newlines` and `ends` mark the line feeds and
 * the ends of tokens; `n_tokens` tokens ended before these 64 bytes. */
static int fw_record_lines(fw_tokens *out, uint64_t newlines, uint64_t ends, int32_t n_tokens) {
    for (; newlines; newlines &= newlines - 1) {
        uint64_t before = ends & (newlines ^ (newlines - 1));
        if (fw_reserve((void **)&out->line_ends, &out->line_capacity, out->n_lines + 1, sizeof(int32_t)) < 0)
            return FW_NO_MEMORY;
        ends &= ~before;
        for (; before; before &= before - 1)
            n_tokens++;
        out->line_ends[out->n_lines++] = n_tokens;
    }
    return FW_DONE;
}

FW_INLINE int fw_tokenize_with(fw_tokenizer *state, const uint8_t *text, int64_t length, int grow, int lines,
                               int portable) {
    fw_tokens *out = state->out;
    const uint8_t *start = NULL; /* of a token that began in earlier bytes and has not ended */
    uint64_t was_space = 1, carry = 0, carry_space = 0;
    for (int64_t offset = 0; offset <= length; offset += 64) {
        const uint8_t *chunk = text + offset;
        uint64_t after_space, starts, ends;
#if FW_TEXT_SSE2
        fw_classes found = portable ? fw_classify_portable(chunk) : fw_classify_sse2(chunk);
#else
        fw_classes found = fw_classify_portable(chunk);
        (void)portable;
#endif
        if (found.non_ascii) {
            int invalid = fw_check_utf8(chunk, &found, &carry, &carry_space);
            if (invalid >= 0) {
                out->invalid_at = offset + invalid;
                return FW_INVALID;
            }
        }
        after_space = found.space << 1 | was_space;
        starts = ~found.space & after_space;
        ends = found.space & ~after_space;
        was_space = found.space >> 63;
        if (lines && found.newline) {
            uint64_t within = length - offset < 64 ? ((uint64_t)1 << (length - offset)) - 1 : ~(uint64_t)0;
            int32_t n_tokens = (int32_t)(out->n_tokens + state->cache_batch.n);
            if (fw_record_lines(out, found.newline & within, ends, n_tokens) < 0)
                return FW_NO_MEMORY;
        }
        if (start != NULL && ends) {
            if (fw_add_token(state, start, (uint32_t)(chunk + lowest_bit(ends) - start), grow) < 0)
                return FW_NO_MEMORY;
            start = NULL;
            ends &= ends - 1;
        }
        for (; ends; ends &= ends - 1, starts &= starts - 1) {
            int first = lowest_bit(starts);
            if (fw_add_token(state, chunk + first, (uint32_t)(lowest_bit(ends) - first), grow) < 0)
                return FW_NO_MEMORY;
        }
        if (starts)
            start = chunk + lowest_bit(starts);
    }
    return fw_look_up(state, grow) < 0 ? FW_NO_MEMORY : fw_look_up_in_table(state, grow);
}

/* Tokenise `length` bytes of text, followed by FW_PADDING spaces, into `out`.
 *
 * cache:    FW_CACHE_SIZE word numbers of this table, zero at first
 * grow:     add unknown words to the table, and count all words
 * lines:    record the line feeds
 * portable: use no vector instructions
 *
 * Returns FW_DONE, FW_NO_MEMORY, or FW_INVALID if the text is not UTF-8. */
static int fw_tokenize(fw_table *table, uint32_t *cache, fw_tokens *out, const uint8_t *text, int64_t length, int grow,
                       int lines, int portable) {
    fw_tokenizer state;
    state.table = table;
    state.out = out;
    state.cache = cache;
    state.cache_batch.n = state.table_batch.n = 0;
    out->n_tokens = out->n_lines = out->n_new_words = 0;
    out->invalid_at = -1;
    return portable ? fw_tokenize_with(&state, text, length, grow, lines, 1)
                    : fw_tokenize_with(&state, text, length, grow, lines, 0);
}

/* Add words to a table that does not count; `numbers` receives the number of each.
 *
 * `text` holds the bytes of the words one after another, and `lengths` their lengths. FW_PADDING bytes must be readable
 * behind the text. Returns FW_DONE or FW_NO_MEMORY. */
static int fw_merge_words(fw_table *table, const uint8_t *text, const uint32_t *lengths, int64_t n, int32_t *numbers) {
    fw_key keys[FW_BATCH];
    for (int64_t start = 0; start < n; start += FW_BATCH) {
        int size = n - start < FW_BATCH ? (int)(n - start) : FW_BATCH;
        for (int i = 0; i < size; i++) {
            fw_make_key(table, text, lengths[start + i], &keys[i]);
            text += lengths[start + i];
            FW_PREFETCH_TO_READ(&table->buckets[keys[i].hash & table->mask]);
        }
        for (int i = 0; i < size; i++) {
            int64_t number = fw_find(table, &keys[i]);
            if (number < 0)
                number = fw_add(table, &keys[i], (int32_t)table->n_words);
            if (number < 0)
                return FW_NO_MEMORY;
            numbers[start + i] = (int32_t)number;
        }
    }
    return FW_DONE;
}

/* The sentence at the end of a block, which may continue in the next block. */
typedef struct {
    int64_t max_length; /* tokens of a sentence */
    int64_t raw, kept;  /* tokens read so far: all of them, and those with an id */
    int keep_empty;     /* whether a line without tokens is a sentence */
} fw_open_sentence;

/* Cut the tokens of a block into sentences, and remove the ids of unknown words.
 *
 * `ids` may be NULL. `raw_lengths` and `kept_lengths` receive the lengths of the sentences that end in the block; there
 * must be room for n_lines + (n_tokens + open->raw) / max_length + 2. `*n_kept` receives the number of ids that remain.
 * With `ends_file` the last line ends with the block, even without a line feed. Returns the number of sentences. */
static int64_t fw_split_sentences(fw_open_sentence *open, const fw_tokens *tokens, int32_t *ids, int64_t *raw_lengths,
                                  int64_t *kept_lengths, int ends_file, int64_t *n_kept) {
    int64_t n = 0, token = 0, kept = 0;
    for (int64_t line = 0; line <= tokens->n_lines; line++) {
        int is_last = line == tokens->n_lines;
        int64_t line_end = is_last ? tokens->n_tokens : tokens->line_ends[line];
        while (token < line_end) {
            int64_t kept_before = kept, end = token + (open->max_length - open->raw);
            if (end > line_end)
                end = line_end;
            open->raw += end - token;
            if (ids == NULL) {
                kept += end - token;
                token = end;
            } else {
                for (; token < end; token++) {
                    int32_t id = ids[token];
                    ids[kept] = id;
                    kept += id >= 0;
                }
            }
            open->kept += kept - kept_before;
            if (open->raw == open->max_length) {
                raw_lengths[n] = open->raw;
                kept_lengths[n++] = open->kept;
                open->raw = open->kept = 0;
            }
        }
        if (is_last ? ends_file && open->raw : open->raw || open->keep_empty) {
            raw_lengths[n] = open->raw;
            kept_lengths[n++] = open->kept;
            open->raw = open->kept = 0;
        }
    }
    *n_kept = kept;
    return n;
}

#endif
