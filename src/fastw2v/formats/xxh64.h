/* XXH64, the 64-bit hash of the xxHash family, of data that is passed in pieces.
 *
 * It runs about as fast as memory is read. A change within one 8-byte word always changes the result.
 *
 * Specification: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
#ifndef FASTW2V_XXH64_H
#define FASTW2V_XXH64_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FW_XXH_1 UINT64_C(0x9E3779B185EBCA87)
#define FW_XXH_2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define FW_XXH_3 UINT64_C(0x165667B19E3779F9)
#define FW_XXH_4 UINT64_C(0x85EBCA77C2B2AE63)
#define FW_XXH_5 UINT64_C(0x27D4EB2F165667C5)
#define FW_XXH_STRIPE 32

typedef struct {
    uint64_t lanes[4];
    uint64_t length;
    uint8_t rest[FW_XXH_STRIPE]; /* the last `length % 32` bytes, which do not fill a stripe */
} fw_xxh64;

static inline uint64_t fw_rotate_left(uint64_t value, int bits) { return (value << bits) | (value >> (64 - bits)); }

static inline uint64_t fw_load_le64(const uint8_t *data)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = (value << 8) | data[i];
    return value;
#else
    uint64_t value;
    memcpy(&value, data, 8);
    return value;
#endif
}

static inline uint64_t fw_load_le32(const uint8_t *data)
{
    return data[0] | (uint64_t)data[1] << 8 | (uint64_t)data[2] << 16 | (uint64_t)data[3] << 24;
}

static inline uint64_t fw_xxh_round(uint64_t lane, uint64_t word)
{
    return fw_rotate_left(lane + word * FW_XXH_2, 31) * FW_XXH_1;
}

static inline void fw_xxh64_init(fw_xxh64 *state)
{
    state->lanes[0] = FW_XXH_1 + FW_XXH_2;
    state->lanes[1] = FW_XXH_2;
    state->lanes[2] = 0;
    state->lanes[3] = 0 - FW_XXH_1;
    state->length = 0;
}

static inline const uint8_t *fw_xxh_stripes(fw_xxh64 *state, const uint8_t *data, size_t n)
{
    uint64_t a = state->lanes[0], b = state->lanes[1], c = state->lanes[2], d = state->lanes[3];
    for (; n; n--, data += FW_XXH_STRIPE) {
        a = fw_xxh_round(a, fw_load_le64(data));
        b = fw_xxh_round(b, fw_load_le64(data + 8));
        c = fw_xxh_round(c, fw_load_le64(data + 16));
        d = fw_xxh_round(d, fw_load_le64(data + 24));
    }
    state->lanes[0] = a;
    state->lanes[1] = b;
    state->lanes[2] = c;
    state->lanes[3] = d;
    return data;
}

static inline void fw_xxh64_update(fw_xxh64 *state, const uint8_t *data, size_t length)
{
    size_t n_rest = (size_t)(state->length % FW_XXH_STRIPE), missing = FW_XXH_STRIPE - n_rest;
    state->length += length;
    if (n_rest && length >= missing) {
        memcpy(state->rest + n_rest, data, missing);
        fw_xxh_stripes(state, state->rest, 1);
        data += missing;
        length -= missing;
        n_rest = 0;
    }
    if (!n_rest) {
        data = fw_xxh_stripes(state, data, length / FW_XXH_STRIPE);
        length %= FW_XXH_STRIPE;
    }
    if (length)
        memcpy(state->rest + n_rest, data, length);
}

static inline uint64_t fw_xxh64_value(const fw_xxh64 *state)
{
    const uint64_t *lanes = state->lanes;
    const uint8_t *data = state->rest, *end = data + state->length % FW_XXH_STRIPE;
    uint64_t hash = FW_XXH_5;
    if (state->length >= FW_XXH_STRIPE) {
        hash = fw_rotate_left(lanes[0], 1) + fw_rotate_left(lanes[1], 7);
        hash += fw_rotate_left(lanes[2], 12) + fw_rotate_left(lanes[3], 18);
        for (int i = 0; i < 4; i++)
            hash = (hash ^ fw_xxh_round(0, lanes[i])) * FW_XXH_1 + FW_XXH_4;
    }
    hash += state->length;
    for (; end - data >= 8; data += 8)
        hash = fw_rotate_left(hash ^ fw_xxh_round(0, fw_load_le64(data)), 27) * FW_XXH_1 + FW_XXH_4;
    if (end - data >= 4) {
        hash = fw_rotate_left(hash ^ fw_load_le32(data) * FW_XXH_1, 23) * FW_XXH_2 + FW_XXH_3;
        data += 4;
    }
    for (; data < end; data++)
        hash = fw_rotate_left(hash ^ *data * FW_XXH_5, 11) * FW_XXH_1;
    hash = (hash ^ hash >> 33) * FW_XXH_2;
    hash = (hash ^ hash >> 29) * FW_XXH_3;
    return hash ^ hash >> 32;
}

#endif
