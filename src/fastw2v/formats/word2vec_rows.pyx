# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Conversion of float32 rows to and from the word2vec formats, without the GIL and one block at a time.

`fastw2v.formats.word2vec` describes the formats and calls these functions. They process ordinary lines, and report the
others: those that need the rules of Python's ``float()`` and ``str.rsplit()``, or NumPy's rules for writing numbers.
The caller processes these in Python, so that the result is the same as without compiled code. The conversion of a
number is in the C header ``decimal.h``.
"""

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcpy

import numpy as np

cdef extern from "Python.h":
    PyObject *PyDict_SetDefault(object mapping, object key, object default) except NULL

cdef extern from "formats/decimal.h" nogil:
    enum:
        FW_NUMBER_BYTES
        FW_SLACK
    char *fw_write_row(const float *row, int64_t width, char *out)
    const uint8_t *fw_read_row(const uint8_t *line, const uint8_t *stop, int64_t width, float *row)
    int64_t fw_stripped(const uint8_t *line, int64_t length)


cdef class _WordPointers:
    """Pointers to the bytes of some words, for loops without the GIL. The object keeps the words alive."""

    cdef list words
    cdef const char **starts
    cdef Py_ssize_t *lengths
    cdef Py_ssize_t total

    def __cinit__(self, list words not None):
        cdef Py_ssize_t i, n = len(words)
        self.words = words
        self.starts = <const char **> malloc(max(1, n) * sizeof(char *))
        self.lengths = <Py_ssize_t *> malloc(max(1, n) * sizeof(Py_ssize_t))
        if self.starts is NULL or self.lengths is NULL:
            raise MemoryError("not enough memory for a block of words")
        for i in range(n):
            self.starts[i] = PyBytes_AS_STRING(words[i])
            self.lengths[i] = PyBytes_GET_SIZE(words[i])
            self.total += self.lengths[i]

    def __dealloc__(self):
        free(self.starts)
        free(self.lengths)


cdef int _check_rows(const float[:, ::1] matrix, const Py_ssize_t[::1] rows, list words) except -1:
    cdef Py_ssize_t i
    if len(words) != rows.shape[0]:
        raise ValueError(f"there are {len(words)} words for {rows.shape[0]} rows")
    for i in range(rows.shape[0]):
        if not 0 <= rows[i] < matrix.shape[0]:
            raise IndexError(f"row {rows[i]} is not one of {matrix.shape[0]}")
    return 0


def write_lines(const float[:, ::1] matrix, const Py_ssize_t[::1] rows, list words):
    """Return text lines, up to the first row with a number that `decimal.h` does not write.

    Parameters
    ----------
    matrix : ndarray of float32, shape (V, D)
    rows : ndarray of intp, shape (n,)
        Rows of `matrix` to write.
    words : list of bytes, length n
        The word of each row, in UTF-8.

    Returns
    -------
    lines : memoryview
    n : int
        Number of lines that were written.
    """
    cdef Py_ssize_t i, n = rows.shape[0], width = matrix.shape[1], done = 0
    cdef char *out
    cdef char *start
    cdef char *end
    _check_rows(matrix, rows, words)
    cdef _WordPointers names = _WordPointers(words)
    cdef bytearray text = PyByteArray_FromStringAndSize(
        NULL, names.total + n * (width * FW_NUMBER_BYTES + 1) + FW_SLACK)
    out = start = PyByteArray_AS_STRING(text)
    with nogil:
        for i in range(n):
            memcpy(out, names.starts[i], names.lengths[i])
            end = fw_write_row(&matrix[rows[i], 0], width, out + names.lengths[i])
            if end is NULL:
                break
            out = end
            done += 1
    return memoryview(text)[:out - start], done


def write_records(const float[:, ::1] matrix, const Py_ssize_t[::1] rows, list words):
    """Return binary records in the byte order of this machine; the parameters are those of `write_lines`."""
    cdef Py_ssize_t i, n = rows.shape[0], size = 4 * matrix.shape[1]
    cdef char *out
    _check_rows(matrix, rows, words)
    cdef _WordPointers names = _WordPointers(words)
    cdef bytearray text = PyByteArray_FromStringAndSize(NULL, names.total + n * (size + 1))
    out = PyByteArray_AS_STRING(text)
    with nogil:
        for i in range(n):
            memcpy(out, names.starts[i], names.lengths[i])
            out += names.lengths[i]
            out[0] = 32
            memcpy(out + 1, &matrix[rows[i], 0], size)
            out += size + 1
    return text


def read_lines(bytes text, Py_ssize_t width):
    """Read lines of a word and `width` numbers, each after one space.

    Returns
    -------
    starts, ends : ndarray of int64, shape (lines,)
        Where each word starts and ends in `text`. In place of the end: -1 for a line that this function cannot read, -2
        for a blank line, -3 for a line that is too short to hold a vector.
    vectors : ndarray of float32, shape (n, width)
        One row for each line that is neither blank nor too short; never much larger than the text.
    """
    cdef const uint8_t *data = <const uint8_t *> PyBytes_AS_STRING(text)
    cdef const uint8_t *stop = data + PyBytes_GET_SIZE(text)
    cdef const uint8_t *line = data
    cdef const uint8_t *line_end
    cdef const uint8_t *end
    cdef int64_t n = text.count(b"\n") + (not text.endswith(b"\n") and len(text) > 0), i = 0, length
    cdef int64_t[::1] starts = np.empty(n, dtype=np.int64)
    cdef int64_t[::1] ends = np.empty(n, dtype=np.int64)
    cdef int64_t least = max(1, 2 * width), used = 0  # a number and the space before it take two bytes
    cdef float[:, ::1] vectors = np.empty((min(n, PyBytes_GET_SIZE(text) // least), width), dtype=np.float32)
    with nogil:
        while line < stop:
            line_end = <const uint8_t *> memchr(line, 10, stop - line)
            if line_end is NULL:
                line_end = stop
            length = fw_stripped(line, line_end - line)
            starts[i] = line - data
            if length == 0:
                ends[i] = -2
            elif length < least:
                ends[i] = -3
            else:
                end = fw_read_row(line, line + length, width, &vectors[used, 0])
                ends[i] = -1 if end is NULL else end - data
                used += 1
            i += 1
            line = line_end + 1
    return np.asarray(starts), np.asarray(ends), np.asarray(vectors)[:used]


def find_records(const uint8_t[::1] data, Py_ssize_t most, Py_ssize_t size):
    """Find the complete records at the beginning of `data`: a word, a space and a vector each.

    Parameters
    ----------
    data : buffer of bytes
    most : int
        Find at most this many.
    size : int
        Size of a vector in bytes.

    Returns
    -------
    starts, ends : ndarray of int64
        Where each word starts and ends in `data`, without line feeds before it.
    position : int
        Where the first incomplete record begins.
    """
    cdef Py_ssize_t position = 0, n = 0, used = data.shape[0], start, i
    cdef const uint8_t *space
    if size < 1 or most < 0:
        raise ValueError(f"cannot find {most} records with vectors of {size} bytes; expected most >= 0 and size >= 1")
    most = min(most, used // (1 + size))
    cdef int64_t[::1] starts = np.empty(most, dtype=np.int64)
    cdef int64_t[::1] ends = np.empty(most, dtype=np.int64)
    with nogil:
        while n < most:
            space = <const uint8_t *> memchr(&data[position], 32, used - position)
            if space is NULL:
                break
            i = space - &data[0]
            if i + 1 + size > used:
                break
            start = position
            while data[start] == 10:
                start += 1
            starts[n] = start
            ends[n] = i
            position = i + 1 + size
            n += 1
            if position == used:
                break
    return np.asarray(starts)[:n], np.asarray(ends)[:n], position


def copy_records(const uint8_t[::1] data, const int64_t[::1] ends, uint8_t[:, ::1] vectors):
    """Copy the vectors that follow the words ending at `ends` in `data` to the rows of `vectors`."""
    cdef Py_ssize_t i, size = vectors.shape[1]
    if ends.shape[0] != vectors.shape[0]:
        raise ValueError(f"there are {ends.shape[0]} records for {vectors.shape[0]} rows")
    for i in range(ends.shape[0]):
        if not 0 <= ends[i] < data.shape[0] - size:
            raise IndexError(f"no vector of {size} bytes follows a word that ends at {ends[i]}")
    with nogil:
        for i in range(ends.shape[0]):
            memcpy(&vectors[i, 0], &data[ends[i] + 1], size)


def number_words(dict index not None, const uint8_t[::1] data, const int64_t[::1] starts, const int64_t[::1] ends):
    """Add words to `index`, numbered from ``len(index)``, up to the first word that is in it already.

    Parameters
    ----------
    index : dict of str to int
    data : buffer of bytes
        UTF-8.
    starts, ends : ndarray of int64, shape (n,)
        Where each word starts and ends in `data`.

    Returns
    -------
    int
        Number of words that were added.
    """
    cdef Py_ssize_t i, known = len(index)
    for i in range(starts.shape[0]):
        if not 0 <= starts[i] <= ends[i] <= data.shape[0]:
            raise IndexError(f"no word of {data.shape[0]} bytes lies from {starts[i]} to {ends[i]}")
        if starts[i] == ends[i]:
            word = ""
        else:
            word = PyUnicode_DecodeUTF8(<const char *> &data[starts[i]], ends[i] - starts[i], NULL)
        PyDict_SetDefault(index, word, known)
        if len(index) == known:
            return i
        known += 1
    return starts.shape[0]
