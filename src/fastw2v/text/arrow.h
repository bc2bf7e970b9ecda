/* The rows of a column in the Arrow C data interface: https://arrow.apache.org/docs/format/CDataInterface.html
 *
 * A row is a text or a list of items, and an item a text or an integer. The interface does not carry the sizes of most
 * buffers, so a producer has to be trusted with its pointers. Everything else is checked where it is used: offsets go up
 * and end within the child or the last offset, views lie within their buffers, dictionary indices within the dictionary.
 */
#ifndef FASTW2V_TEXT_ARROW_H
#define FASTW2V_TEXT_ARROW_H

#include <stdint.h>
#include <string.h>
#include "common/platform.h"

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif
#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};
#endif

enum { FW_INT8 = 1, FW_UINT8, FW_INT16, FW_UINT16, FW_INT32, FW_UINT32, FW_INT64, FW_UINT64,
       FW_TEXT_32, FW_TEXT_64, FW_TEXT_VIEW };                                       /* kinds of items */
enum { FW_LIST_32 = 1, FW_LIST_64, FW_LIST_FIXED, FW_LIST_VIEW_32, FW_LIST_VIEW_64 }; /* kinds of lists */
enum { FW_NULL = 0, FW_VALID = 1, FW_DAMAGED = -1 };

/* Texts, integers, or indices into a dictionary of either. */
typedef struct fw_values {
    int kind;
    int64_t length, offset;
    const uint8_t *validity; /* a bit for each item, or NULL if all are valid */
    const void *items;       /* integers, indices, offsets of texts, or views */
    const uint8_t *text;     /* the bytes of all texts */
    const void *const *view_buffers;
    const int64_t *view_sizes;
    int64_t n_view_buffers;
    const struct fw_values *dictionary; /* or NULL */
} fw_values;

/* Lists; a column of texts has none. */
typedef struct {
    int kind;
    int64_t length, offset, width;
    const uint8_t *validity, *outer_validity; /* of the lists, and of the record batch around them */
    int64_t outer_offset;
    const void *offsets, *sizes;
} fw_lists;

FW_INLINE int fw_is_valid(const uint8_t *validity, int64_t i) {
    return validity == NULL || (validity[i >> 3] >> (i & 7) & 1);
}

/* Return integer `i` of an array; `*is_large` receives whether it is at least 2**63. */
FW_INLINE int64_t fw_load_integer(const void *items, int kind, int64_t i, int *is_large) {
    *is_large = 0;
    switch (kind) {
    case FW_INT8: return ((const int8_t *)items)[i];
    case FW_UINT8: return ((const uint8_t *)items)[i];
    case FW_INT16: return ((const int16_t *)items)[i];
    case FW_UINT16: return ((const uint16_t *)items)[i];
    case FW_INT32: return ((const int32_t *)items)[i];
    case FW_UINT32: return ((const uint32_t *)items)[i];
    case FW_INT64: return ((const int64_t *)items)[i];
    default: *is_large = ((const int64_t *)items)[i] < 0; return ((const int64_t *)items)[i];
    }
}

/* Find where item `*i` is: in `**values` itself or in its dictionary. Both receive the position, `*i` with the offset
 * of the array added. Returns FW_VALID, FW_NULL or FW_DAMAGED. */
FW_INLINE int fw_find_item(const fw_values **values, int64_t *i) {
    const fw_values *array = *values;
    int64_t at = array->offset + *i, index;
    int is_large;
    if (*i < 0 || *i >= array->length)
        return FW_DAMAGED;
    if (!fw_is_valid(array->validity, at))
        return FW_NULL;
    if (array->dictionary != NULL) {
        index = fw_load_integer(array->items, array->kind, at, &is_large);
        array = array->dictionary;
        if (index < 0 || index >= array->length)
            return FW_DAMAGED;
        at = array->offset + index;
        if (!fw_is_valid(array->validity, at))
            return FW_NULL;
    }
    *values = array;
    *i = at;
    return FW_VALID;
}

/* Get integer `i`. Returns FW_VALID, FW_NULL or FW_DAMAGED. */
FW_INLINE int fw_get_integer(const fw_values *values, int64_t i, int64_t *integer, int *is_large) {
    int status = fw_find_item(&values, &i);
    if (status == FW_VALID)
        *integer = fw_load_integer(values->items, values->kind, i, is_large);
    return status;
}

/* Get text `i`; at least `*readable` bytes can be read from `*text`. Returns FW_VALID, FW_NULL or FW_DAMAGED. */
FW_INLINE int fw_get_text(const fw_values *values, int64_t i, const uint8_t **text, int64_t *length, int64_t *readable) {
    int64_t start, end, last;
    int status = fw_find_item(&values, &i);
    if (status != FW_VALID)
        return status;
    if (values->kind == FW_TEXT_VIEW) {
        const uint8_t *view = (const uint8_t *)values->items + 16 * i;
        int32_t header[4];
        memcpy(header, view, 16);
        *length = header[0];
        if (header[0] < 0)
            return FW_DAMAGED;
        if (header[0] <= 12) {
            *text = view + 4;
            *readable = 12;
            return FW_VALID;
        }
        if (header[2] < 0 || header[2] >= values->n_view_buffers || header[3] < 0 ||
            header[0] > values->view_sizes[header[2]] - header[3] || values->view_buffers[header[2]] == NULL)
            return FW_DAMAGED;
        *text = (const uint8_t *)values->view_buffers[header[2]] + header[3];
        *readable = values->view_sizes[header[2]] - header[3];
        return FW_VALID;
    }
    if (values->kind == FW_TEXT_32) {
        const int32_t *offsets = (const int32_t *)values->items;
        start = offsets[i], end = offsets[i + 1], last = offsets[values->offset + values->length];
    } else {
        const int64_t *offsets = (const int64_t *)values->items;
        start = offsets[i], end = offsets[i + 1], last = offsets[values->offset + values->length];
    }
    if (start < 0 || end < start || last < end || (end > start && values->text == NULL))
        return FW_DAMAGED;
    *text = values->text + start;
    *length = end - start;
    *readable = last - start;
    return FW_VALID;
}

/* Get the items of list `i`, from `*start` to `*end` of an array of `n_items`. Returns FW_VALID, FW_NULL or FW_DAMAGED. */
FW_INLINE int fw_get_list(const fw_lists *lists, int64_t i, int64_t n_items, int64_t *start, int64_t *end) {
    int64_t at = lists->offset + i;
    if (!fw_is_valid(lists->outer_validity, lists->outer_offset + i) || !fw_is_valid(lists->validity, at))
        return FW_NULL;
    switch (lists->kind) {
    case FW_LIST_32:
        *start = ((const int32_t *)lists->offsets)[at], *end = ((const int32_t *)lists->offsets)[at + 1];
        break;
    case FW_LIST_64:
        *start = ((const int64_t *)lists->offsets)[at], *end = ((const int64_t *)lists->offsets)[at + 1];
        break;
    case FW_LIST_FIXED:
        *start = at * lists->width, *end = *start + lists->width;
        break;
    case FW_LIST_VIEW_32:
        *start = ((const int32_t *)lists->offsets)[at], *end = *start + ((const int32_t *)lists->sizes)[at];
        break;
    default:
        *start = ((const int64_t *)lists->offsets)[at];
        if (*start < 0 || *start > n_items || ((const int64_t *)lists->sizes)[at] > n_items)
            return FW_DAMAGED;
        *end = *start + ((const int64_t *)lists->sizes)[at];
    }
    return *start < 0 || *end < *start || *end > n_items ? FW_DAMAGED : FW_VALID;
}

/* Copy a text and a line feed to `out`; line feeds within the text, white space like any other, become spaces. */
FW_INLINE void fw_copy_line(uint8_t *out, const uint8_t *text, int64_t length) {
    uint8_t *end = out + length, *found = out;
    if (length)
        memcpy(out, text, (size_t)length);
    while (found < end && (found = (uint8_t *)memchr(found, '\n', (size_t)(end - found))) != NULL)
        *found++ = ' ';
    *end = '\n';
}

#endif
