/* Bytes to tokens to word numbers: one pass over a piece of text that ends where a token ends.
 *
 * 64 bytes at a time become bit masks; where white space begins or ends, a token ends or begins. Tokens are
 * looked up some dozens at a time, after their slots have been asked for from memory.
 */
#ifndef FASTW2V_TEXT_TOKENIZE_H
#define FASTW2V_TEXT_TOKENIZE_H

#include "table.h"

#define FW_PADDING 128 /* bytes behind the text that must be readable */
#define FW_PENDING 64

enum { FW_DONE = 0, FW_NO_MEMORY = -2, FW_INVALID = -3 };

typedef struct {
    int32_t *ids;       /* of each token, -1 for an unknown one; NULL if only counts are wanted */
    int64_t n_tokens;
    int32_t *line_ends; /* tokens read when each line feed was met */
    int64_t n_lines, line_capacity;
    int32_t *fresh_at; /* token at which each word that the table had not held came up */
    int64_t n_fresh, fresh_capacity;
    int64_t invalid_at; /* where the text is no UTF-8 */
} fw_tokens;

typedef struct {
    fw_table *table;
    fw_tokens *out;
    int grow;
    int n_pending;
    fw_key pending[FW_PENDING];
} fw_tokenizer;

/* A word that the bucket of its hash does not show at first sight. */
static int64_t fw_look_closer(fw_tokenizer *state, const fw_key *key, int64_t at) {
    fw_tokens *out = state->out;
    int64_t number = fw_find(state->table, key);
    if (number >= 0 || !state->grow)
        return number;
    if (fw_reserve((void **)&out->fresh_at, &out->fresh_capacity, out->n_fresh + 1, sizeof(int32_t)) < 0)
        return FW_NO_MEMORY;
    number = fw_add(state->table, key, (int32_t)state->table->n_words);
    if (number < 0)
        return FW_NO_MEMORY;
    out->fresh_at[out->n_fresh++] = (int32_t)at;
    return number;
}


/* Look up what is pending: first where each word should be, so that memory is asked for in time, then whether it
 * is there. */
FW_TEXT_INLINE int fw_look_up_with(fw_tokenizer *state, int grow, int32_t *ids) {
    fw_table *table = state->table;
    const fw_bucket *buckets = table->buckets;
    fw_entry *entries = table->entries;
    const uint64_t mask = table->mask;
    const int n = state->n_pending;
    uint32_t likely[FW_PENDING];
    for (int i = 0; i < n; i++) {
        const uint64_t hash = state->pending[i].hash;
        const fw_bucket *bucket = &buckets[hash & mask];
        unsigned found = fw_matches(bucket, fw_tag(hash));
        likely[i] = found ? bucket->numbers[fw_lowest_bit(found)] : FW_MAX_WORDS;
        FW_TEXT_PREFETCH(&entries[likely[i]]);
    }
    for (int i = 0; i < n; i++) {
        const fw_key *key = &state->pending[i];
        int64_t number = likely[i];
        if (number == FW_MAX_WORDS || !fw_is(table, &entries[number], key)) {
            number = fw_look_closer(state, key, state->out->n_tokens + i);
            if (number == FW_NO_MEMORY)
                return FW_NO_MEMORY;
            entries = table->entries;
        }
        if (grow)
            entries[number].count++;
        if (ids != NULL)
            ids[i] = number < 0 ? -1 : entries[number].id;
    }
    state->out->n_tokens += n;
    state->n_pending = 0;
    return FW_DONE;
}

static int fw_look_up(fw_tokenizer *state) {
    int32_t *ids = state->out->ids == NULL ? NULL : state->out->ids + state->out->n_tokens;
    if (!state->grow)
        return fw_look_up_with(state, 0, ids);
    return ids == NULL ? fw_look_up_with(state, 1, NULL) : fw_look_up_with(state, 1, ids);
}

FW_TEXT_INLINE int fw_token(fw_tokenizer *state, const uint8_t *text, int64_t start, int64_t stop) {
    fw_key *key = &state->pending[state->n_pending++];
    fw_make_key(state->table, text + start, (uint32_t)(stop - start), key);
    FW_TEXT_PREFETCH(&state->table->buckets[key->hash & state->table->mask]);
    return state->n_pending == FW_PENDING ? fw_look_up(state) : FW_DONE;
}

FW_TEXT_INLINE int fw_tokenize_with(fw_tokenizer *state, const uint8_t *text, int64_t length, int lines,
                                    int portable) {
    fw_tokens *out = state->out;
    int64_t start = 0;
    uint64_t was_space = 1, spilt = 0, spilt_space = 0; /* bits of a sequence that began in the last 64 bytes */
    int inside = 0;
    for (int64_t at = 0; at <= length; at += 64) {
#if FW_TEXT_SSE2
        fw_classes found = portable ? fw_classify_portably(text + at) : fw_classify_sse2(text + at);
#else
        fw_classes found = fw_classify_portably(text + at);
        (void)portable;
#endif
        uint64_t before, starts, ends, feeds;
        if (found.high) {
            uint64_t high = found.high & ~spilt;
            found.space |= spilt_space;
            spilt = spilt_space = 0;
            while (high) {
                int space, bit = fw_lowest_bit(high);
                int bytes = fw_sequence(text + at + bit, &space);
                uint64_t sequence = (((uint64_t)1 << bytes) - 1) << bit;
                if (bytes == 0) {
                    out->invalid_at = at + bit;
                    return FW_INVALID;
                }
                high &= ~sequence;
                if (space)
                    found.space |= sequence;
                if (bit + bytes > 64) {
                    spilt = ((uint64_t)1 << (bit + bytes - 64)) - 1;
                    spilt_space = space ? spilt : 0;
                }
            }
        }
        before = found.space << 1 | was_space;
        starts = ~found.space & before;
        ends = found.space & ~before;
        was_space = found.space >> 63;
        feeds = lines && at < length ? found.newline : 0;
        if (feeds && length - at < 64)
            feeds &= ((uint64_t)1 << (length - at)) - 1;
        for (;;) {
            uint64_t now = ends;
            if (feeds) {
                uint64_t feed = feeds & (~feeds + 1);
                now &= feed | (feed - 1);
            }
            ends &= ~now;
            for (; now; now &= now - 1) {
                if (!inside) {
                    start = at + fw_lowest_bit(starts);
                    starts &= starts - 1;
                }
                inside = 0;
                if (fw_token(state, text, start, at + fw_lowest_bit(now)) < 0)
                    return FW_NO_MEMORY;
            }
            if (!feeds)
                break;
            if (fw_reserve((void **)&out->line_ends, &out->line_capacity, out->n_lines + 1, sizeof(int32_t)) < 0)
                return FW_NO_MEMORY;
            out->line_ends[out->n_lines++] = (int32_t)(out->n_tokens + state->n_pending);
            feeds &= feeds - 1;
        }
        if (starts) {
            start = at + fw_lowest_bit(starts);
            inside = 1;
        }
    }
    return fw_look_up(state);
}

/* Tokenise `length` bytes of text, followed by FW_PADDING spaces, into `out`.
 *
 * `grow`: unknown words are added to the table, and all are counted. `lines`: line feeds are noted. */
static int fw_tokenize(fw_table *table, fw_tokens *out, const uint8_t *text, int64_t length, int grow, int lines,
                       int portable) {
    fw_tokenizer state;
    state.table = table;
    state.out = out;
    state.grow = grow;
    state.n_pending = 0;
    out->n_tokens = out->n_lines = out->n_fresh = 0;
    out->invalid_at = -1;
    return portable ? fw_tokenize_with(&state, text, length, lines, 1)
                    : fw_tokenize_with(&state, text, length, lines, 0);
}

/* Add the words of `text`, of so many bytes each, to a table that counts nothing; `numbers` receives theirs.
 *
 * FW_PADDING bytes must be readable behind the text. Numbers are given in the order in which words come. */
static int fw_adopt(fw_table *table, const uint8_t *text, const uint32_t *lengths, int64_t n, int32_t *numbers) {
    fw_key keys[FW_PENDING];
    for (int64_t start = 0; start < n; start += FW_PENDING) {
        int some = n - start < FW_PENDING ? (int)(n - start) : FW_PENDING;
        for (int i = 0; i < some; i++) {
            fw_make_key(table, text, lengths[start + i], &keys[i]);
            text += lengths[start + i];
            FW_TEXT_PREFETCH(&table->buckets[keys[i].hash & table->mask]);
        }
        for (int i = 0; i < some; i++) {
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

/* A line that is being read may have begun in an earlier piece. */
typedef struct {
    int64_t most;      /* tokens of one sentence */
    int64_t raw, kept; /* tokens of the sentence so far */
} fw_sentence;

/* Cut the tokens of a piece into sentences, and close up `ids` (may be NULL) over unknown words.
 *
 * `raw_lengths` and `kept_lengths` receive the sentences that end here. Returns their number; `*n_kept` is that of
 * the ids that remain. `ends_file`: the last line ends here though no line feed says so. */
static int64_t fw_cut(fw_sentence *open, const fw_tokens *tokens, int32_t *ids, int64_t *raw_lengths,
                      int64_t *kept_lengths, int ends_file, int64_t *n_kept) {
    int64_t n = 0, at = 0, kept = 0;
    for (int64_t line = 0; line <= tokens->n_lines; line++) {
        int last = line == tokens->n_lines;
        int64_t stop = last ? tokens->n_tokens : tokens->line_ends[line];
        while (at < stop) {
            int64_t first = kept, until = at + (open->most - open->raw);
            if (until > stop)
                until = stop;
            open->raw += until - at;
            if (ids == NULL) {
                kept += until - at;
                at = until;
            } else {
                for (; at < until; at++) {
                    int32_t id = ids[at];
                    ids[kept] = id;
                    kept += id >= 0;
                }
            }
            open->kept += kept - first;
            if (open->raw == open->most) {
                raw_lengths[n] = open->raw;
                kept_lengths[n++] = open->kept;
                open->raw = open->kept = 0;
            }
        }
        if ((!last || ends_file) && open->raw) {
            raw_lengths[n] = open->raw;
            kept_lengths[n++] = open->kept;
            open->raw = open->kept = 0;
        }
    }
    *n_kept = kept;
    return n;
}

#endif
