/* Keys of Python str objects, for the hash table of words. */
#ifndef FASTW2V_TEXT_OBJECTS_H
#define FASTW2V_TEXT_OBJECTS_H

#include <Python.h>

#include "table.h"

/* Make the key of a token whose characters take 1 to 16 bytes as they are stored, one width a character. Returns that
 * width (1, 2 or 4), which is part of the key: equal strings have equal bytes of equal width. 0 for any other object.
 *
 * The bytes are read from the end: what lies before them is the head of the object, so that all 16 are readable. */
FW_INLINE int fw_token_key(const fw_table *tables, PyObject *token, fw_key *key) {
    uint64_t low, high;
    Py_ssize_t bytes;
    int kind;
    if (!PyUnicode_CheckExact(token) || !PyUnicode_IS_COMPACT(token))
        return 0;
    kind = (int)PyUnicode_KIND(token);
    bytes = PyUnicode_GET_LENGTH(token) * kind;
    if (bytes < 1 || bytes > FW_INLINE_BYTES)
        return 0;
    key->text = (const uint8_t *)PyUnicode_DATA(token);
    key->length = (uint32_t)bytes;
    high = fw_load(key->text + bytes - 8);
    low = fw_load(key->text + bytes - 16);
    if (bytes <= 8) {
        key->low = high >> (64 - 8 * bytes);
        key->high = 0;
    } else {
        key->low = bytes == 16 ? low : low >> (128 - 8 * bytes) | high << (8 * bytes - 64);
        key->high = high >> (128 - 8 * bytes);
    }
    key->hash = fw_hash(&tables[kind], key->low, key->high, key->length);
    return kind;
}

/* The number of a word of at most 16 bytes, or -1: the first look of fw_find, which nearly always suffices. */
FW_INLINE int64_t fw_find_short(const fw_table *table, const fw_key *key) {
    const fw_bucket *bucket = &table->buckets[key->hash & table->mask];
    unsigned found = fw_matches(bucket, fw_tag(key->hash));
    if (found) {
        uint32_t number = bucket->numbers[lowest_bit(found)];
        const fw_entry *entry = &table->entries[number];
        if (((entry->low ^ key->low) | (entry->high ^ key->high) | (entry->length ^ key->length)) == 0)
            return number;
    }
    return fw_find(table, key);
}

/* Ask for the object that comes some places later in a list; its value may be out of date, as it is only a hint. */
FW_INLINE void fw_ask_for_item(PyObject *list, Py_ssize_t i) {
#ifndef Py_GIL_DISABLED
    if (i < PyList_GET_SIZE(list))
        FW_PREFETCH_TO_READ((const char *)PyList_GET_ITEM(list, i) + 16);
#else
    (void)list;
    (void)i;
#endif
}

#endif
