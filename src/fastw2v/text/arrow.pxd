from libc.stdint cimport int64_t, uint8_t

cdef extern from "text/arrow.h" nogil:
    struct ArrowSchema:
        const char *format
        const char *name
        int64_t n_children
        ArrowSchema **children
        ArrowSchema *dictionary
        void (*release)(ArrowSchema *) noexcept nogil
    struct ArrowArray:
        int64_t length
        int64_t offset
        int64_t n_buffers
        int64_t n_children
        const void **buffers
        ArrowArray **children
        ArrowArray *dictionary
        void (*release)(ArrowArray *) noexcept nogil
    struct ArrowArrayStream:
        int (*get_schema)(ArrowArrayStream *, ArrowSchema *) noexcept nogil
        int (*get_next)(ArrowArrayStream *, ArrowArray *) noexcept nogil
        const char *(*get_last_error)(ArrowArrayStream *) noexcept nogil
        void (*release)(ArrowArrayStream *) noexcept nogil
    enum:
        FW_INT8
        FW_UINT8
        FW_INT16
        FW_UINT16
        FW_INT32
        FW_UINT32
        FW_INT64
        FW_UINT64
        FW_TEXT_32
        FW_TEXT_64
        FW_TEXT_VIEW
        FW_LIST_32
        FW_LIST_64
        FW_LIST_FIXED
        FW_LIST_VIEW_32
        FW_LIST_VIEW_64
        FW_NULL
        FW_VALID
        FW_DAMAGED
    ctypedef struct fw_values:
        int kind
        int64_t length
        int64_t offset
        const uint8_t *validity
        const void *items
        const uint8_t *text
        const void **view_buffers
        const int64_t *view_sizes
        int64_t n_view_buffers
        const fw_values *dictionary
    ctypedef struct fw_lists:
        int kind
        int64_t length
        int64_t offset
        int64_t width
        const uint8_t *validity
        const uint8_t *outer_validity
        int64_t outer_offset
        const void *offsets
        const void *sizes
    int fw_get_integer(const fw_values *values, int64_t i, int64_t *integer, int *is_large)
    int fw_get_text(const fw_values *values, int64_t i, const uint8_t **text, int64_t *length, int64_t *readable)
    int fw_get_list(const fw_lists *lists, int64_t i, int64_t n_items, int64_t *start, int64_t *end)
    int fw_is_valid(const uint8_t *validity, int64_t i)
    void fw_copy_line(uint8_t *out, const uint8_t *text, int64_t length)


cdef class RowBatch:
    cdef ArrowArray _array
    cdef object _owner
    cdef fw_lists lists
    cdef fw_values values
    cdef fw_values _dictionary
    cdef readonly int64_t n_rows
    cdef readonly bint is_text
    cdef readonly bint has_text_items
    cdef public int64_t first_row
    cdef public str column

    cdef int get_text(self, int64_t row, const uint8_t **text, int64_t *length) except -2
    cdef int get_list(self, int64_t row, int64_t *start, int64_t *end) except -2
    cdef int raise_damaged(self, int64_t row) except -1


cdef object decode_text(RowBatch batch, int64_t row, const uint8_t *text, int64_t length)
