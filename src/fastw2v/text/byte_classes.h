/* Classify 64 bytes of text at a time: white space, line feeds, bytes outside ASCII. Each class is a bit mask.
 *
 * ASCII white space is what str.split() treats as such: 0x09-0x0D, 0x1C-0x1F and 0x20. The last two ranges are
 * adjacent, so two range checks suffice. SSE2 is part of every x86-64 processor. Elsewhere, eight bytes at a time are
 * compared within a 64-bit word (Lamport, "Multiple Byte Processing with Full-Word Instructions", CACM 1975).
 */
#ifndef FASTW2V_TEXT_BYTE_CLASSES_H
#define FASTW2V_TEXT_BYTE_CLASSES_H

#include <stdint.h>
#include <string.h>
#include "common/platform.h"

#if defined(__SSE2__) || defined(_M_X64)
#  include <emmintrin.h>
#  define FW_TEXT_SSE2 1
#else
#  define FW_TEXT_SSE2 0
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#  define FW_TEXT_BIG_ENDIAN 1
#else
#  define FW_TEXT_BIG_ENDIAN 0
#endif

/* Load eight bytes as a number whose lowest byte is the first one. */
FW_INLINE uint64_t fw_load(const uint8_t *text) {
    uint64_t word;
    memcpy(&word, text, 8);
#if FW_TEXT_BIG_ENDIAN
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Store eight bytes: the inverse of fw_load. */
FW_INLINE void fw_store(void *text, uint64_t word) {
#if FW_TEXT_BIG_ENDIAN
    word = __builtin_bswap64(word);
#endif
    memcpy(text, &word, 8);
}

/* Bit i of each mask describes byte i. */
typedef struct {
    uint64_t space, newline, non_ascii;
} fw_classes;

/* Gather the highest bits of eight bytes into the lowest eight bits of a number. */
FW_INLINE uint64_t fw_gather_high_bits(uint64_t word) {
    return (((word >> 7) & 0x0101010101010101u) * 0x0102040810204080u) >> 56;
}

/* Classify 64 bytes without vector instructions. */
FW_INLINE fw_classes fw_classify_portable(const uint8_t *text) {
    const uint64_t ones = 0x0101010101010101u;
    fw_classes found = {0, 0, 0};
    for (int i = 0; i < 8; i++) {
        uint64_t word = fw_load(text + 8 * i), low = word & 0x7F * ones;
        /* The highest bit of each byte is set if the byte is at least the first and at most the last of the range. */
        uint64_t controls = (low + (0x80 - 0x09) * ones) & ~(low + (0x7F - 0x0D) * ones);
        uint64_t separators = (low + (0x80 - 0x1C) * ones) & ~(low + (0x7F - 0x20) * ones);
        uint64_t newlines = (low + (0x80 - 0x0A) * ones) & ~(low + (0x7F - 0x0A) * ones);
        found.space |= fw_gather_high_bits((controls | separators) & ~word) << 8 * i;
        found.newline |= fw_gather_high_bits(newlines & ~word) << 8 * i;
        found.non_ascii |= fw_gather_high_bits(word) << 8 * i;
    }
    return found;
}

#if FW_TEXT_SSE2
/* Classify 64 bytes with SSE2. */
FW_INLINE fw_classes fw_classify_sse2(const uint8_t *text) {
    const __m128i four = _mm_set1_epi8(4), tab = _mm_set1_epi8(0x09), file_separator = _mm_set1_epi8(0x1C);
    const __m128i line_feed = _mm_set1_epi8('\n');
    fw_classes found = {0, 0, 0};
    for (int i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(text + 16 * i));
        /* An unsigned difference of at most four: both ranges hold five bytes. */
        __m128i control = _mm_sub_epi8(bytes, tab), separator = _mm_sub_epi8(bytes, file_separator);
        __m128i space = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(control, four), control),
                                     _mm_cmpeq_epi8(_mm_min_epu8(separator, four), separator));
        found.space |= (uint64_t)(uint32_t)_mm_movemask_epi8(space) << 16 * i;
        found.newline |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, line_feed)) << 16 * i;
        found.non_ascii |= (uint64_t)(uint32_t)_mm_movemask_epi8(bytes) << 16 * i;
    }
    return found;
}
#endif

FW_INLINE int fw_is_continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

/* Return the length of the UTF-8 sequence at `text`, which starts with a byte outside ASCII.
 *
 * Return 0 if the sequence is invalid: truncated, overlong, a surrogate or beyond U+10FFFF (The Unicode Standard, table
 * 3-7). At least one ASCII byte must follow the text. `*space` receives whether the character is white space: U+0085,
 * 00A0, 1680, 2000-200A, 2028, 2029, 202F, 205F or 3000. */
FW_INLINE int fw_utf8_length(const uint8_t *text, int *space) {
    uint8_t first = text[0], second = text[1];
    *space = 0;
    if (!fw_is_continuation(second) || first < 0xC2)
        return 0;
    if (first < 0xE0) {
        *space = first == 0xC2 && (second == 0x85 || second == 0xA0);
        return 2;
    }
    if (!fw_is_continuation(text[2]))
        return 0;
    if (first < 0xF0) {
        if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F))
            return 0;
        if (first <= 0xE3) {
            uint8_t third = text[2];
            if (first == 0xE2)
                *space = (second == 0x80 && (third <= 0x8A || third == 0xA8 || third == 0xA9 || third == 0xAF)) ||
                         (second == 0x81 && third == 0x9F);
            else if (first == 0xE1)
                *space = second == 0x9A && third == 0x80;
            else if (first == 0xE3)
                *space = second == 0x80 && third == 0x80;
        }
        return 3;
    }
    if (!fw_is_continuation(text[3]) || first > 0xF4 || (first == 0xF0 && second < 0x90) ||
        (first == 0xF4 && second > 0x8F))
        return 0;
    return 4;
}

#endif
