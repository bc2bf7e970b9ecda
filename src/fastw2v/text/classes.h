/* Which of 64 bytes are white space, line feeds, or outside ASCII: one bit each.
 *
 * ASCII white space is what str.split() takes for it: 0x09-0x0D, 0x1C-0x1F and 0x20. The last two ranges are
 * neighbours, so two range checks suffice. SSE2 is part of every x86-64; elsewhere eight bytes at a time are
 * compared inside a 64-bit word (Lamport, "Multiple Byte Processing with Full-Word Instructions", CACM 1975).
 */
#ifndef FASTW2V_TEXT_CLASSES_H
#define FASTW2V_TEXT_CLASSES_H

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

/* Eight bytes as a number whose lowest byte is the first one. */
FW_INLINE uint64_t fw_load(const uint8_t *text) {
    uint64_t word;
    memcpy(&word, text, 8);
#if FW_TEXT_BIG_ENDIAN
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The inverse of fw_load. */
FW_INLINE void fw_store(void *text, uint64_t word) {
#if FW_TEXT_BIG_ENDIAN
    word = __builtin_bswap64(word);
#endif
    memcpy(text, &word, 8);
}

typedef struct {
    uint64_t space, newline, high;
} fw_classes;

/* The highest bits of the eight bytes of `word`, as the lowest eight bits of a number. */
FW_INLINE uint64_t fw_gather(uint64_t word) {
    return (((word >> 7) & 0x0101010101010101u) * 0x0102040810204080u) >> 56;
}

FW_INLINE fw_classes fw_classify_portably(const uint8_t *text) {
    const uint64_t ones = 0x0101010101010101u;
    fw_classes found = {0, 0, 0};
    for (int i = 0; i < 8; i++) {
        uint64_t word = fw_load(text + 8 * i), low = word & 0x7F * ones;
        /* The highest bit of each byte: at least first, and at most last, in each range. */
        uint64_t blanks = (low + (0x80 - 0x09) * ones) & ~(low + (0x7F - 0x0D) * ones);
        uint64_t others = (low + (0x80 - 0x1C) * ones) & ~(low + (0x7F - 0x20) * ones);
        uint64_t feeds = (low + (0x80 - 0x0A) * ones) & ~(low + (0x7F - 0x0A) * ones);
        found.space |= fw_gather((blanks | others) & ~word) << 8 * i;
        found.newline |= fw_gather(feeds & ~word) << 8 * i;
        found.high |= fw_gather(word) << 8 * i;
    }
    return found;
}

#if FW_TEXT_SSE2
FW_INLINE fw_classes fw_classify_sse2(const uint8_t *text) {
    const __m128i four = _mm_set1_epi8(4), tab = _mm_set1_epi8(0x09), separator = _mm_set1_epi8(0x1C);
    const __m128i feed = _mm_set1_epi8('\n');
    fw_classes found = {0, 0, 0};
    for (int i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(text + 16 * i));
        __m128i blank = _mm_sub_epi8(bytes, tab), other = _mm_sub_epi8(bytes, separator);
        __m128i space = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(blank, four), blank),
                                     _mm_cmpeq_epi8(_mm_min_epu8(other, four), other));
        found.space |= (uint64_t)(uint32_t)_mm_movemask_epi8(space) << 16 * i;
        found.newline |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, feed)) << 16 * i;
        found.high |= (uint64_t)(uint32_t)_mm_movemask_epi8(bytes) << 16 * i;
    }
    return found;
}
#endif

FW_INLINE int fw_continues(uint8_t byte) { return (byte & 0xC0) == 0x80; }

/* The length of the UTF-8 sequence at `text`, which starts with a byte outside ASCII; 0 if it is invalid: cut
 * short, overlong, a surrogate or beyond U+10FFFF (The Unicode Standard, table 3-7). At least one ASCII byte must
 * follow the text. `*space` tells whether it is white space: U+0085, 00A0, 1680, 2000-200A, 2028, 2029, 202F, 205F
 * or 3000. */
FW_INLINE int fw_sequence(const uint8_t *text, int *space) {
    uint8_t lead = text[0], second = text[1];
    *space = 0;
    if (!fw_continues(second) || lead < 0xC2)
        return 0;
    if (lead < 0xE0) {
        *space = lead == 0xC2 && (second == 0x85 || second == 0xA0);
        return 2;
    }
    if (!fw_continues(text[2]))
        return 0;
    if (lead < 0xF0) {
        if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F))
            return 0;
        if (lead <= 0xE3) {
            uint8_t third = text[2];
            if (lead == 0xE2)
                *space = (second == 0x80 && (third <= 0x8A || third == 0xA8 || third == 0xA9 || third == 0xAF)) ||
                         (second == 0x81 && third == 0x9F);
            else if (lead == 0xE1)
                *space = second == 0x9A && third == 0x80;
            else if (lead == 0xE3)
                *space = second == 0x80 && third == 0x80;
        }
        return 3;
    }
    if (!fw_continues(text[3]) || lead > 0xF4 || (lead == 0xF0 && second < 0x90) ||
        (lead == 0xF4 && second > 0x8F))
        return 0;
    return 4;
}

#endif
