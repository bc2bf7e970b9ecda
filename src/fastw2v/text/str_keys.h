/* Keys of Python str objects, to look them up in a table of words (word_table.h) without Python's hash.
 *
 * A str stores its characters with 1, 2 or 4 bytes each. Equal strings have the same width and the same bytes, so there
 * is one table for each width, and the bytes are compared as they are stored. */
#ifndef FASTW2V_TEXT_STR_KEYS_H
#define FASTW2V_TEXT_STR_KEYS_H

#include <Python.h>

#include "word_table.h"

/* Make the key of a word of 1 to 16 bytes. The 16 bytes before its end are loaded, so they must be readable. */
FW_INLINE void fw_make_short_key(const fw_table *table, const uint8_t *text, uint32_t bytes, fw_key *key) {
    uint64_t high = fw_load(text + bytes - 8), low = fw_load(text + bytes - 16);
    key->text = text;
    key->length = bytes;
    if (bytes <= 8) {
        key->low = high >> (64 - 8 * bytes);
        key->high = 0;
    } else {
        key->low = bytes == 16 ? low : low >> (128 - 8 * bytes) | high << (8 * bytes - 64);
        key->high = high >> (128 - 8 * bytes);
    }
    key->hash = fw_hash(table, key->low, key->high, bytes);
}

/* Make the key of a str of 1 to 16 bytes. Returns the bytes per character (1, 2 or 4), which select the table, or 0 for
 * any other object: a longer str, a subclass of str, another type.
 *
 * The last 16 bytes are loaded, even of a shorter string: the header of the object lies in front, so they are readable. */
FW_INLINE int fw_str_key(const fw_table *tables, PyObject *token, fw_key *key) {
    Py_ssize_t bytes;
    int width;
    if (!PyUnicode_CheckExact(token) || !PyUnicode_IS_COMPACT(token))
        return 0;
    width = (int)PyUnicode_KIND(token);
    bytes = PyUnicode_GET_LENGTH(token) * width;
    if (bytes < 1 || bytes > FW_INLINE_BYTES)
        return 0;
    fw_make_short_key(&tables[width], (const uint8_t *)PyUnicode_DATA(token), (uint32_t)bytes, key);
    return width;
}

/* Return whether a str is ASCII and stored as such, so that its characters are its UTF-8 bytes. */
FW_INLINE int fw_is_ascii(PyObject *text) { return PyUnicode_IS_COMPACT_ASCII(text); }

/* Write the UTF-8 bytes of a str to `out`, which has space for four bytes per character. Returns their number. Lone
 * surrogates become three bytes, as with Python's error handler "surrogatepass". */
FW_INLINE Py_ssize_t fw_encode_utf8(PyObject *text, uint8_t *out) {
    int kind = (int)PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    Py_ssize_t n = PyUnicode_GET_LENGTH(text);
    uint8_t *start = out;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c < 0x80) {
            *out++ = (uint8_t)c;
        } else if (c < 0x800) {
            *out++ = (uint8_t)(0xC0 | c >> 6);
            *out++ = (uint8_t)(0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
            *out++ = (uint8_t)(0xE0 | c >> 12);
            *out++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
            *out++ = (uint8_t)(0x80 | (c & 0x3F));
        } else {
            *out++ = (uint8_t)(0xF0 | c >> 18);
            *out++ = (uint8_t)(0x80 | (c >> 12 & 0x3F));
            *out++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
            *out++ = (uint8_t)(0x80 | (c & 0x3F));
        }
    }
    return out - start;
}

/* Return the number of a word of at most 16 bytes, or -1. The first comparison nearly always suffices; otherwise fw_find
 * searches the table. */
FW_INLINE int64_t fw_find_short(const fw_table *table, const fw_key *key) {
    const fw_bucket *bucket = &table->buckets[key->hash & table->mask];
    unsigned found = fw_match_tags(bucket, fw_tag(key->hash));
    if (found) {
        uint32_t number = bucket->numbers[lowest_bit(found)];
        const fw_entry *entry = &table->entries[number];
        if (((entry->low ^ key->low) | (entry->high ^ key->high) | (entry->length ^ key->length)) == 0)
            return number;
    }
    return fw_find(table, key);
}

/* Prefetch item `i` of a list. The pointer may be out of date, as a prefetch is only a hint. */
FW_INLINE void fw_prefetch_item(PyObject *list, Py_ssize_t i) {
#ifndef Py_GIL_DISABLED
    if (i < PyList_GET_SIZE(list))
        FW_PREFETCH_TO_READ((const char *)PyList_GET_ITEM(list, i) + 16);
#else
    (void)list;
    (void)i;
#endif
}

#endif
