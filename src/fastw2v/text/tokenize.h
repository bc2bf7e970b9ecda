/* Bytes to tokens to word numbers: one pass over a piece of text that ends where a token ends.
 *
 * 64 bytes at a time become bit masks; where white space begins or ends, a token ends or begins. Some dozens of tokens
 * at a time are looked up, after what that needs has been asked for from memory. Nine of ten are words that came up a
 * short while ago: a small table has the number of the word that last had each of some thousand hashes. The others are
 * looked for in the whole table. No branch hangs on which it is for a single token, as it would be guessed wrong.
 */
#ifndef FASTW2V_TEXT_TOKENIZE_H
#define FASTW2V_TEXT_TOKENIZE_H

#include "table.h"

#define FW_PADDING 128 /* bytes behind the text that must be readable */
#define FW_PENDING 64
#define FW_RECENT_BITS 16
#define FW_RECENT ((size_t)1 << FW_RECENT_BITS)

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

/* Tokens that wait until what they need has come from memory. */
typedef struct {
    int n;
    fw_key keys[FW_PENDING];
    int32_t at[FW_PENDING]; /* which token each is */
} fw_queue;

typedef struct {
    fw_table *table;
    fw_tokens *out;
    uint32_t *recent; /* by the highest bits of a hash: a number of a word, which may have that hash */
    fw_queue all;     /* of which those that `recent` does not know go on to the others */
    fw_queue others;
} fw_tokenizer;

/* A word that the bucket of its hash does not show at first sight. */
static int64_t fw_look_closer(fw_tokenizer *state, const fw_key *key, int64_t at, int grow) {
    fw_tokens *out = state->out;
    int64_t number = fw_find(state->table, key);
    if (number >= 0 || !grow)
        return number;
    if (fw_reserve((void **)&out->fresh_at, &out->fresh_capacity, out->n_fresh + 1, sizeof(int32_t)) < 0)
        return FW_NO_MEMORY;
    number = fw_add(state->table, key, (int32_t)state->table->n_words);
    if (number < 0)
        return FW_NO_MEMORY;
    out->fresh_at[out->n_fresh++] = (int32_t)at;
    return number;
}

/* Look for words in the whole table: first where each should be, so that memory is asked for in time, then whether it
 * is there. */
FW_APART int fw_look_everywhere(fw_tokenizer *state, int grow) {
    fw_table *table = state->table;
    fw_queue *queue = &state->others;
    int32_t *ids = state->out->ids;
    uint32_t likely[FW_PENDING];
    for (int i = 0; i < queue->n; i++) {
        const uint64_t hash = queue->keys[i].hash;
        const fw_bucket *bucket = &table->buckets[hash & table->mask];
        unsigned found = fw_matches(bucket, fw_tag(hash));
        likely[i] = found ? bucket->numbers[lowest_bit(found)] : FW_MAX_WORDS;
        FW_PREFETCH_TO_READ(&table->entries[likely[i]]);
    }
    for (int i = 0; i < queue->n; i++) {
        const fw_key *key = &queue->keys[i];
        int64_t number = likely[i];
        if (number == FW_MAX_WORDS || !fw_is(table, &table->entries[number], key)) {
            number = fw_look_closer(state, key, queue->at[i], grow);
            if (number == FW_NO_MEMORY)
                return FW_NO_MEMORY;
        }
        if (number >= 0)
            state->recent[key->hash >> (64 - FW_RECENT_BITS)] = (uint32_t)number;
        if (grow)
            table->entries[number].count++;
        if (ids != NULL)
            ids[queue->at[i]] = number < 0 ? -1 : table->entries[number].id;
    }
    queue->n = 0;
    return FW_DONE;
}

FW_INLINE int fw_look_up_with(fw_tokenizer *state, int grow, int32_t *ids) {
    fw_queue *queue = &state->all, *others = &state->others;
    fw_entry *entries = state->table->entries;
    uint32_t likely[FW_PENDING];
    int missed[FW_PENDING], n_missed = 0;
    for (int i = 0; i < queue->n; i++) {
        likely[i] = state->recent[queue->keys[i].hash >> (64 - FW_RECENT_BITS)];
        FW_PREFETCH_TO_READ(&entries[likely[i]]);
    }
    for (int i = 0; i < queue->n; i++) {
        const fw_key *key = &queue->keys[i];
        fw_entry *entry = &entries[likely[i]];
        const int differs = ((entry->low ^ key->low) | (entry->high ^ key->high) | (entry->length ^ key->length)) != 0;
        if (grow)
            entry->count += !differs;
        if (ids != NULL)
            ids[i] = entry->id;
        missed[n_missed] = i;
        n_missed += differs;
    }
    for (int i = 0; i < n_missed; i++) {
        const fw_key *key = &queue->keys[missed[i]];
        if (others->n == FW_PENDING && fw_look_everywhere(state, grow) < 0)
            return FW_NO_MEMORY;
        others->at[others->n] = (int32_t)(state->out->n_tokens + missed[i]);
        others->keys[others->n++] = *key;
        FW_PREFETCH_TO_READ(&state->table->buckets[key->hash & state->table->mask]);
    }
    state->out->n_tokens += queue->n;
    queue->n = 0;
    return FW_DONE;
}

/* Look up the tokens that wait. */
FW_APART int fw_look_up(fw_tokenizer *state, int grow) {
    int32_t *ids = state->out->ids == NULL ? NULL : state->out->ids + state->out->n_tokens;
    if (!grow)
        return fw_look_up_with(state, 0, ids);
    return ids == NULL ? fw_look_up_with(state, 1, NULL) : fw_look_up_with(state, 1, ids);
}

FW_INLINE int fw_token(fw_tokenizer *state, const uint8_t *text, uint32_t length, int grow) {
    fw_key *key = &state->all.keys[state->all.n++];
    fw_make_key(state->table, text, length, key);
    FW_PREFETCH_TO_READ(&state->recent[key->hash >> (64 - FW_RECENT_BITS)]);
    return state->all.n == FW_PENDING ? fw_look_up(state, grow) : FW_DONE;
}

/* The bits of 64 bytes outside ASCII, `high`, checked: those of white space are added to `found`. Bits of a sequence
 * that began in the last 64 bytes, `*spilt`, are of no concern any more; those that go on in the next become so. The
 * place of a byte that is no UTF-8, or -1. */
FW_INLINE int fw_beyond_ascii(const uint8_t *text, fw_classes *found, uint64_t *spilt, uint64_t *spilt_space) {
    uint64_t high = found->high & ~*spilt;
    found->space |= *spilt_space;
    *spilt = *spilt_space = 0;
    while (high) {
        int space, bit = lowest_bit(high);
        int bytes = fw_sequence(text + bit, &space);
        uint64_t sequence = (((uint64_t)1 << bytes) - 1) << bit;
        if (bytes == 0)
            return bit;
        high &= ~sequence;
        if (space)
            found->space |= sequence;
        if (bit + bytes > 64) {
            *spilt = ((uint64_t)1 << (bit + bytes - 64)) - 1;
            *spilt_space = space ? *spilt : 0;
        }
    }
    return -1;
}

/* Note how many tokens end before each of the line feeds of 64 bytes; `n_tokens` did before these. */
static int fw_note_lines(fw_tokens *out, uint64_t feeds, uint64_t ends, int32_t n_tokens) {
    for (; feeds; feeds &= feeds - 1) {
        uint64_t before = ends & (feeds ^ (feeds - 1));
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
    const uint8_t *start = NULL; /* of a token that began in the bytes before, and is to end yet */
    uint64_t was_space = 1, spilt = 0, spilt_space = 0;
    for (int64_t at = 0; at <= length; at += 64) {
        const uint8_t *here = text + at;
        uint64_t before, starts, ends;
#if FW_TEXT_SSE2
        fw_classes found = portable ? fw_classify_portably(here) : fw_classify_sse2(here);
#else
        fw_classes found = fw_classify_portably(here);
        (void)portable;
#endif
        if (found.high) {
            int invalid = fw_beyond_ascii(here, &found, &spilt, &spilt_space);
            if (invalid >= 0) {
                out->invalid_at = at + invalid;
                return FW_INVALID;
            }
        }
        before = found.space << 1 | was_space;
        starts = ~found.space & before;
        ends = found.space & ~before;
        was_space = found.space >> 63;
        if (lines && found.newline) {
            uint64_t feeds = length - at < 64 ? found.newline & (((uint64_t)1 << (length - at)) - 1) : found.newline;
            if (fw_note_lines(out, feeds, ends, (int32_t)(out->n_tokens + state->all.n)) < 0)
                return FW_NO_MEMORY;
        }
        if (start != NULL && ends) {
            if (fw_token(state, start, (uint32_t)(here + lowest_bit(ends) - start), grow) < 0)
                return FW_NO_MEMORY;
            start = NULL;
            ends &= ends - 1;
        }
        for (; ends; ends &= ends - 1, starts &= starts - 1) {
            int first = lowest_bit(starts);
            if (fw_token(state, here + first, (uint32_t)(lowest_bit(ends) - first), grow) < 0)
                return FW_NO_MEMORY;
        }
        if (starts)
            start = here + lowest_bit(starts);
    }
    return fw_look_up(state, grow) < 0 ? FW_NO_MEMORY : fw_look_everywhere(state, grow);
}

/* Tokenise `length` bytes of text, followed by FW_PADDING spaces, into `out`.
 *
 * `recent`: FW_RECENT numbers of words of this table, zero at first. `grow`: unknown words are added to the table, and
 * all are counted. `lines`: line feeds are noted. */
static int fw_tokenize(fw_table *table, uint32_t *recent, fw_tokens *out, const uint8_t *text, int64_t length, int grow,
                       int lines, int portable) {
    fw_tokenizer state;
    state.table = table;
    state.out = out;
    state.recent = recent;
    state.all.n = state.others.n = 0;
    out->n_tokens = out->n_lines = out->n_fresh = 0;
    out->invalid_at = -1;
    return portable ? fw_tokenize_with(&state, text, length, grow, lines, 1)
                    : fw_tokenize_with(&state, text, length, grow, lines, 0);
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
            FW_PREFETCH_TO_READ(&table->buckets[keys[i].hash & table->mask]);
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
