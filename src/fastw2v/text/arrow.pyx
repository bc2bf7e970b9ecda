# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Read columns of texts and lists from the Arrow C data interface, without pyarrow.

`read_column` takes the stream or the array that an object exports (``__arrow_c_stream__``, ``__arrow_c_array__``) and
yields `RowBatch` objects, which refer to the memory of the producer. `read_array` does the same for a NumPy array of
integers. The structures are checked when they are opened, and each offset and index when it is used (`arrow.h`), so
that a malformed one raises a ValueError.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_IsValid
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.string cimport memset, strcmp

import numpy as np

_INTEGERS = {
    "c": FW_INT8, "C": FW_UINT8, "s": FW_INT16, "S": FW_UINT16,
    "i": FW_INT32, "I": FW_UINT32, "l": FW_INT64, "L": FW_UINT64,
}
_TEXTS = {"u": FW_TEXT_32, "U": FW_TEXT_64, "vu": FW_TEXT_VIEW}
_LISTS = {"+l": FW_LIST_32, "+L": FW_LIST_64, "+vl": FW_LIST_VIEW_32, "+vL": FW_LIST_VIEW_64}
_ROWS_OF_ARRAY = 1 << 14  # rows of a NumPy array that are read at a time
_LARGEST = 1 << 62  # of lengths and offsets, whose sums then fit


cdef class RowBatch:
    """Consecutive rows of a column: texts, lists of texts, or lists of integers.

    Attributes
    ----------
    n_rows : int
        Number of rows, those that are null included.
    is_text : bool
        Whether a row is a text. Otherwise it is a list.
    has_text_items : bool
        Whether the items of the lists are texts. Otherwise they are integers.
    first_row : int
        Number of the first row within the column, for messages.
    column : str
        Name of the column, for messages.
    """

    def __cinit__(self):
        memset(&self._array, 0, sizeof(ArrowArray))
        memset(&self.lists, 0, sizeof(fw_lists))
        memset(&self.values, 0, sizeof(fw_values))
        memset(&self._dictionary, 0, sizeof(fw_values))

    def __dealloc__(self):
        if self._array.release is not NULL:
            self._array.release(&self._array)

    cdef int raise_damaged(self, int64_t row) except -1:
        raise ValueError(
            f"row {self.first_row + row} of {self.column} is damaged: an offset or an index of its Arrow array is out "
            "of range; make the data anew with the library that made it"
        )

    cdef int get_text(self, int64_t row, const uint8_t **text, int64_t *length) except -2:
        """Get the text of a row; return FW_VALID or FW_NULL."""
        cdef int64_t readable
        cdef int status
        if not fw_is_valid(self.lists.outer_validity, self.lists.outer_offset + row):
            return FW_NULL
        status = fw_get_text(&self.values, row, text, length, &readable)
        if status == FW_DAMAGED:
            self.raise_damaged(row)
        return status

    cdef int get_list(self, int64_t row, int64_t *start, int64_t *end) except -2:
        """Get the range of the items of a row; return FW_VALID or FW_NULL."""
        cdef int status = fw_get_list(&self.lists, row, self.values.length, start, end)
        if status == FW_DAMAGED:
            self.raise_damaged(row)
        return status

    def copy_lines(self, int64_t row, uint8_t[::1] buffer not None, int64_t used, int64_t capacity):
        """Copy texts to a buffer, each followed by a line feed, until the next one does not fit.

        Line feeds within a text become spaces. Rows that are null are left out.

        Parameters
        ----------
        row : int
            The first row to copy.
        buffer : bytearray
            The buffer.
        used, capacity : int
            Where to begin, and where to end at the latest.

        Returns
        -------
        row, used : int
            The next row, and the end of what was copied.
        needed : int
            The size of the next text with its line feed; 0 if there is none.
        """
        cdef const uint8_t *text
        cdef int64_t length
        capacity = min(capacity, buffer.shape[0])
        while row < self.n_rows:
            if self.get_text(row, &text, &length) == FW_VALID:
                if length >= capacity - used:
                    return row, used, length + 1
                fw_copy_line(&buffer[used], text, length)
                used += length + 1
            row += 1
        return row, used, 0

    def row(self, int64_t row):
        """Return a row as a str or a list; None for a row that is null."""
        cdef const uint8_t *text
        cdef int64_t length, readable, start, end, i, integer
        cdef int is_large, status
        if not 0 <= row < self.n_rows:
            raise IndexError(f"there are {self.n_rows} rows, so there is no row {row}")
        if self.is_text:
            if self.get_text(row, &text, &length) == FW_NULL:
                return None
            return decode_text(self, row, text, length)
        if self.get_list(row, &start, &end) == FW_NULL:
            return None
        items = []
        for i in range(start, end):
            if self.has_text_items:
                status = fw_get_text(&self.values, i, &text, &length, &readable)
                if status == FW_VALID:
                    items.append(decode_text(self, row, text, length))
            else:
                status = fw_get_integer(&self.values, i, &integer, &is_large)
                if status == FW_VALID:
                    items.append(integer + (1 << 64) if is_large else integer)
            if status == FW_DAMAGED:
                self.raise_damaged(row)
        return items


cdef object decode_text(RowBatch batch, int64_t row, const uint8_t *text, int64_t length):
    """Return a text as a str; the error of a text that is not UTF-8 names the row."""
    try:
        return PyUnicode_DecodeUTF8(<const char *> text, length, NULL)
    except UnicodeDecodeError as error:
        where = f"{error.reason} (row {batch.first_row + row} of {batch.column})"
        raise UnicodeDecodeError(error.encoding, error.object, error.start, error.end, where) from None


# --- the structures that a producer hands over

cdef class _Schema:
    cdef ArrowSchema schema

    def __cinit__(self):
        memset(&self.schema, 0, sizeof(ArrowSchema))

    def __dealloc__(self):
        if self.schema.release is not NULL:
            self.schema.release(&self.schema)


cdef class _Stream:
    cdef ArrowArrayStream stream

    def __cinit__(self):
        memset(&self.stream, 0, sizeof(ArrowArrayStream))

    def __dealloc__(self):
        if self.stream.release is not NULL:
            self.stream.release(&self.stream)

    cdef int check(self, int code) except -1:
        """Raise the error that the producer reports, if there is one."""
        cdef const char *message
        if code == 0:
            return 0
        message = self.stream.get_last_error(&self.stream)
        text = "" if message is NULL else (<bytes> message).decode("utf-8", "replace")
        raise OSError(code, f"the producer of the Arrow stream failed: {text or 'it gives no reason'}")


cdef void *_pointer(object capsule, const char *name) except NULL:
    if not PyCapsule_IsValid(capsule, name):
        raise TypeError(
            f"the object exports {type(capsule).__name__} where the Arrow interface needs a capsule named "
            f"{(<bytes> name).decode()}; update the library of the object"
        )
    return PyCapsule_GetPointer(capsule, name)


cdef _Schema _take_schema(object capsule):
    cdef _Schema taken = _Schema()
    cdef ArrowSchema *schema = <ArrowSchema *> _pointer(capsule, b"arrow_schema")
    taken.schema = schema[0]
    schema.release = NULL
    return taken


def read_column(source, name):
    """Yield the rows of a column in batches.

    Parameters
    ----------
    source : object
        It has the method ``__arrow_c_stream__`` or ``__arrow_c_array__``, which is called once.
    name : str or None
        The column of a table. None is for an array that is the column itself, and for a table with one column.

    Yields
    ------
    RowBatch

    Raises
    ------
    TypeError
        If the column holds neither texts nor lists of texts or integers.
    ValueError
        If there is no such column, or an Arrow structure is malformed.
    OSError
        If the producer fails.
    """
    cdef _Stream stream
    cdef _Schema schema
    cdef RowBatch batch
    cdef ArrowArrayStream *exported
    cdef ArrowArray *array
    cdef int code
    cdef int64_t row = 0
    if not hasattr(source, "__arrow_c_stream__"):
        schema_capsule, array_capsule = source.__arrow_c_array__()
        schema = _take_schema(schema_capsule)
        batch = RowBatch()
        array = <ArrowArray *> _pointer(array_capsule, b"arrow_array")
        batch._array = array[0]
        array.release = NULL
        _Layout(schema, name).apply(batch)
        yield batch
        return
    stream, schema = _Stream(), _Schema()
    capsule = source.__arrow_c_stream__()
    exported = <ArrowArrayStream *> _pointer(capsule, b"arrow_array_stream")
    if exported.release is NULL:
        raise ValueError("the Arrow stream has already been read; export it again")
    stream.stream = exported[0]
    exported.release = NULL
    with nogil:
        code = stream.stream.get_schema(&stream.stream, &schema.schema)
    stream.check(code)
    layout = _Layout(schema, name)
    while True:
        batch = RowBatch()
        with nogil:
            code = stream.stream.get_next(&stream.stream, &batch._array)
        stream.check(code)
        if batch._array.release is NULL:
            return
        layout.apply(batch)
        batch.first_row = row
        row += batch.n_rows
        yield batch


def read_array(array):
    """Yield the rows of a two-dimensional NumPy array of integers, each a list of integers, in batches."""
    cdef RowBatch batch
    cdef const uint8_t[::1] data
    kind = {1: "cC", 2: "sS", 4: "iI", 8: "lL"}[array.dtype.itemsize][array.dtype.kind == "u"]
    dtype = array.dtype.newbyteorder("=")
    for first in range(0, len(array), _ROWS_OF_ARRAY):
        rows = np.ascontiguousarray(array[first:first + _ROWS_OF_ARRAY], dtype=dtype)
        batch = RowBatch()
        batch._owner = rows
        batch.n_rows = batch.lists.length = rows.shape[0]
        batch.lists.kind = FW_LIST_FIXED
        batch.lists.width = rows.shape[1]
        batch.values.kind = _INTEGERS[kind]
        batch.values.length = rows.size
        if rows.size:
            data = rows.reshape(-1).view(np.uint8)
            batch.values.items = &data[0]
        batch.first_row = first
        batch.column = "the array"
        yield batch


# --- the layout of the column

cdef class _Layout:
    """Where a column is in the arrays of a schema, and what it holds.

    Parameters
    ----------
    owner : _Schema
        The schema.
    name : str or None
        As for `read_column`.
    """

    cdef _Schema _owner
    cdef ArrowSchema *_column
    cdef int64_t _child  # the column of a table; -1 if the array is the column itself
    cdef int64_t _n_children
    cdef int _list_kind
    cdef int64_t _width
    cdef int _item_kind
    cdef int _dictionary_kind
    cdef bint _all_null
    cdef str _name

    def __init__(self, _Schema owner, name):
        cdef ArrowSchema *schema = &owner.schema
        self._owner = owner
        self._child = -1
        self._name = "the column"
        if schema.format is NULL:
            raise ValueError("the Arrow schema has no format; make the data anew with the library that made it")
        if strcmp(schema.format, b"+s") == 0:
            self._choose_child(schema, name)
            schema = schema.children[self._child]
        elif name is not None:
            raise ValueError(f"the data are one column without others; leave out the name {name!r}")
        self._column = schema
        self._choose_kinds(schema)

    cdef int _choose_child(self, ArrowSchema *schema, object name) except -1:
        cdef int64_t i
        self._n_children = schema.n_children
        if schema.n_children < 0 or (schema.n_children and schema.children is NULL):
            raise ValueError("the Arrow schema has no columns where it announces some")
        names = []
        for i in range(schema.n_children):
            if schema.children[i] is NULL or schema.children[i].format is NULL:
                raise ValueError(f"column {i} of the Arrow schema has no format")
            text = schema.children[i].name
            names.append("" if text is NULL else (<bytes> text).decode("utf-8", "replace"))
        if name is None and len(names) == 1:
            name = names[0]
        if name is None or names.count(name) != 1:
            problem = "name the column to read" if name is None else (
                f"there are {names.count(name)} columns {name!r}; name one" if name in names
                else f"there is no column {name!r}; name one")
            raise ValueError(f"{problem} of {', '.join(map(repr, names[:20]))}")
        self._child = names.index(name)
        self._name = f"column {name!r}"
        return 0

    cdef int _choose_kinds(self, ArrowSchema *schema) except -1:
        format = (<bytes> schema.format).decode("utf-8", "replace")
        if format == "n":
            self._all_null = True
            return 0
        if format in _LISTS or format.startswith("+w:"):
            if format in _LISTS:
                self._list_kind = _LISTS[format]
            else:
                self._list_kind = FW_LIST_FIXED
                width = format[3:]
                self._width = int(width) if width.isdecimal() and len(width) < 10 else -1
            if self._width < 0 or schema.n_children != 1 or schema.children is NULL or schema.children[0] is NULL:
                raise ValueError(f"the lists of {self._name} have no items in the Arrow schema")
            schema = schema.children[0]
            if schema.format is NULL:
                raise ValueError(f"the items of {self._name} have no format in the Arrow schema")
            format = (<bytes> schema.format).decode("utf-8", "replace")
            if format == "n":
                self._all_null = True  # lists without any item
        self._item_kind = _INTEGERS.get(format) or _TEXTS.get(format, 0)
        values = format
        if schema.dictionary is not NULL and self._item_kind and schema.dictionary.format is not NULL:
            values = (<bytes> schema.dictionary.format).decode("utf-8", "replace")
            self._dictionary_kind = _INTEGERS.get(values) or _TEXTS.get(values, 0)
            if self._item_kind >= FW_TEXT_32:
                self._dictionary_kind = 0
            if not self._dictionary_kind:
                self._item_kind = 0
        if self._all_null:
            return 0
        is_text = values in _TEXTS
        if not self._item_kind or not (self._list_kind or is_text):
            what = f"{'lists of ' if self._list_kind else ''}values of the Arrow type {values!r}"
            raise TypeError(
                f"{self._name} holds {what}; it must hold strings, lists of strings or lists of integers: cast it, or "
                "pass another column"
            )
        return 0

    cdef int apply(self, RowBatch batch) except -1:
        """Check the array of a batch, and describe its rows."""
        cdef ArrowArray *array = &batch._array
        cdef ArrowArray *items
        cdef int64_t outer_offset = 0, needed
        batch.column = self._name
        self._check(array)
        batch.n_rows = array.length
        if self._child >= 0:
            if array.n_children != self._n_children or array.children is NULL or array.children[self._child] is NULL:
                raise ValueError(f"the Arrow array has {array.n_children} columns and its schema {self._n_children}")
            batch.lists.outer_validity = self._validity(array)
            batch.lists.outer_offset = outer_offset = array.offset
            needed = array.offset + array.length
            array = array.children[self._child]
            self._check(array)
            if array.length < needed:
                raise ValueError(f"{self._name} has {array.length} rows where its Arrow table has {needed}")
        if self._all_null:
            batch.n_rows = 0 if not self._list_kind else batch.n_rows
        if self._list_kind == 0:
            batch.is_text = True
            if not self._all_null:
                self._values(&batch.values, &batch._dictionary, array)
                batch.values.offset += outer_offset
                batch.values.length -= outer_offset
            return 0
        batch.has_text_items = (self._dictionary_kind or self._item_kind) >= FW_TEXT_32
        batch.lists.kind = self._list_kind
        batch.lists.width = self._width
        batch.lists.length = batch.n_rows
        batch.lists.offset = array.offset + outer_offset
        batch.lists.validity = self._validity(array)
        if self._list_kind != FW_LIST_FIXED and batch.n_rows:
            batch.lists.offsets = self._buffer(array, 1)
            if self._list_kind >= FW_LIST_VIEW_32:
                batch.lists.sizes = self._buffer(array, 2)
        if self._width and batch.lists.offset + batch.n_rows > _LARGEST // self._width:
            raise ValueError(f"the lists of {self._name} are too long for an Arrow array")
        if array.n_children != 1 or array.children is NULL or array.children[0] is NULL:
            raise ValueError(f"the lists of {self._name} have no items in the Arrow array")
        items = array.children[0]
        self._check(items)
        if self._all_null:
            self._nothing(batch, items)
        else:
            self._values(&batch.values, &batch._dictionary, items)
        return 0

    cdef int _nothing(self, RowBatch batch, ArrowArray *items) except -1:
        """Describe items that are all null."""
        batch._owner = np.zeros(items.length // 8 + 1, dtype=np.uint8)
        cdef const uint8_t[::1] validity = batch._owner
        batch.has_text_items = True
        batch.values.kind = FW_TEXT_32
        batch.values.length = items.length
        batch.values.validity = &validity[0]
        return 0

    cdef int _check(self, ArrowArray *array) except -1:
        if not (0 <= array.length <= _LARGEST and 0 <= array.offset <= _LARGEST):
            raise ValueError(
                f"the Arrow array of {self._name} has the length {array.length} and the offset {array.offset}, which "
                "are out of range"
            )
        return 0

    cdef const uint8_t *_validity(self, ArrowArray *array) noexcept:
        if array.n_buffers < 1 or array.buffers is NULL:
            return NULL
        return <const uint8_t *> array.buffers[0]

    cdef const void *_buffer(self, ArrowArray *array, int64_t number) except NULL:
        if array.buffers is NULL or array.n_buffers <= number or array.buffers[number] is NULL:
            raise ValueError(f"the Arrow array of {self._name} lacks its buffer {number}")
        return array.buffers[number]

    cdef int _values(self, fw_values *values, fw_values *dictionary, ArrowArray *array) except -1:
        self._items(values, array, self._item_kind)
        if self._dictionary_kind:
            if array.dictionary is NULL:
                raise ValueError(f"the Arrow array of {self._name} lacks its dictionary")
            self._check(array.dictionary)
            self._items(dictionary, array.dictionary, self._dictionary_kind)
            values.dictionary = dictionary
        return 0

    cdef int _items(self, fw_values *values, ArrowArray *array, int kind) except -1:
        cdef int64_t n_views
        values.kind = kind
        values.length = array.length
        values.offset = array.offset
        values.validity = self._validity(array)
        if array.length == 0:
            return 0  # the buffers of an empty array may be missing
        values.items = self._buffer(array, 1)
        if kind == FW_TEXT_VIEW:
            n_views = array.n_buffers - 3
            if n_views < 0:
                raise ValueError(f"the Arrow array of {self._name} has {array.n_buffers} buffers, not at least 3")
            values.n_view_buffers = n_views
            if n_views:
                values.view_buffers = array.buffers + 2
                values.view_sizes = <const int64_t *> self._buffer(array, array.n_buffers - 1)
        elif kind >= FW_TEXT_32 and array.n_buffers > 2:
            values.text = <const uint8_t *> array.buffers[2]
        return 0
