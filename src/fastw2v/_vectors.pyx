# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Rows of float32 to and from the word2vec formats, a block of lines or records at a time and without the GIL.

These functions do what is plain, and say which lines they have left: those that need the rules of Python's float(),
of str.rsplit() or of NumPy's way to write numbers. So results are the same as without them. The arithmetic is in the
C header `_text/decimal.h`.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memchr, memcpy

import numpy as np

cdef extern from "_text/decimal.h" nogil:
    enum:
        FW_NUMBER_BYTES
        FW_SLACK
    char *fw_write_row(const float *row, int64_t width, char *out)
    const uint8_t *fw_read_row(const uint8_t *line, const uint8_t *stop, int64_t width, float *row)
    int64_t fw_stripped(const uint8_t *line, int64_t length)


def write_lines(const float[:, ::1] matrix, const Py_ssize_t[::1] rows, list words):
    """Return the lines of some vectors, up to the first that has an unusual number.

    Parameters
    ----------
    matrix : ndarray of float32, shape (V, D)
    rows : ndarray of intp, shape (n,)
        Rows to write.
    words : list of bytes, length n

    Returns
    -------
    lines : bytes
    n : int
        How many lines were written.
    """
    cdef int64_t i, n = rows.shape[0], width = matrix.shape[1], done = 0
    cdef Py_ssize_t most = 0, row
    cdef const char *word
    cdef Py_ssize_t length
    cdef char *out
    cdef char *start
    cdef char *end
    cdef bytes text
    for i in range(n):
        most += PyBytes_GET_SIZE(words[i])
    text = PyBytes_FromStringAndSize(NULL, most + n * (width * FW_NUMBER_BYTES + 1) + FW_SLACK)
    out = start = PyBytes_AS_STRING(text)
    for i in range(n):
        row = rows[i]
        if not 0 <= row < matrix.shape[0]:
            raise IndexError(f"row {row} is not one of {matrix.shape[0]}")
        word = PyBytes_AS_STRING(words[i])
        length = PyBytes_GET_SIZE(words[i])
        with nogil:
            memcpy(out, word, length)
            end = fw_write_row(&matrix[row, 0], width, out + length)
        if end is NULL:
            break
        out = end
        done += 1
    return text[:out - start], done


def write_records(const float[:, ::1] matrix, const Py_ssize_t[::1] rows, list words):
    """Return the binary records of some vectors, in the byte order of this machine; see `write_lines`."""
    cdef int64_t i, n = rows.shape[0]
    cdef Py_ssize_t most = 0, row, length, size = 4 * matrix.shape[1]
    cdef char *out
    cdef bytes text
    for i in range(n):
        most += PyBytes_GET_SIZE(words[i])
    text = PyBytes_FromStringAndSize(NULL, most + n * (size + 1))
    out = PyBytes_AS_STRING(text)
    for i in range(n):
        row = rows[i]
        if not 0 <= row < matrix.shape[0]:
            raise IndexError(f"row {row} is not one of {matrix.shape[0]}")
        length = PyBytes_GET_SIZE(words[i])
        memcpy(out, PyBytes_AS_STRING(words[i]), length)
        out[length] = 32
        memcpy(out + length + 1, &matrix[row, 0], size)
        out += length + 1 + size
    return text


def read_lines(bytes text, Py_ssize_t width):
    """Read the lines of a text: a word and `width` numbers, each after one space.

    Returns
    -------
    starts, ends : ndarray of int64, shape (lines,)
        Where each word is. Otherwise, in place of its end: -1 for a line that is left to read by other means, -2 for
        one that is blank, -3 for one that is too short to hold a vector, whatever it holds.
    vectors : ndarray of float32, shape (n, width)
        A row for each line but the blank and the short ones; never much larger than the text.
    """
    cdef const uint8_t *data = <const uint8_t *> PyBytes_AS_STRING(text)
    cdef const uint8_t *stop = data + PyBytes_GET_SIZE(text)
    cdef const uint8_t *line = data
    cdef const uint8_t *feed
    cdef const uint8_t *end
    cdef int64_t n = text.count(b"\n") + (not text.endswith(b"\n") and len(text) > 0), i = 0, length
    cdef int64_t[::1] starts = np.empty(n, dtype=np.int64)
    cdef int64_t[::1] ends = np.empty(n, dtype=np.int64)
    cdef int64_t least = max(1, 2 * width), used = 0  # a number takes a byte, and one before it
    cdef float[:, ::1] vectors = np.empty((min(n, PyBytes_GET_SIZE(text) // least), width), dtype=np.float32)
    with nogil:
        while line < stop:
            feed = <const uint8_t *> memchr(line, 10, stop - line)
            if feed is NULL:
                feed = stop
            length = fw_stripped(line, feed - line)
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
            line = feed + 1
    return np.asarray(starts), np.asarray(ends), np.asarray(vectors)[:used]


def read_records(const uint8_t[::1] data, Py_ssize_t used, uint8_t[:, ::1] vectors):
    """Cut whole records from the front of ``data[:used]``, at most one a row of `vectors`.

    Parameters
    ----------
    data : buffer of bytes
    used : int
        How many of them count.
    vectors : ndarray of uint8, shape (n, 4 * D)
        Receives the vectors.

    Returns
    -------
    starts, ends : list of int
        Where each word is, line feeds before it left out.
    position : int
        Where the first record that is not whole begins.
    """
    cdef Py_ssize_t position = 0, n = 0, size = vectors.shape[1], start, i
    cdef const uint8_t *space
    cdef int64_t[::1] starts = np.empty(vectors.shape[0], dtype=np.int64)
    cdef int64_t[::1] ends = np.empty(vectors.shape[0], dtype=np.int64)
    with nogil:
        while n < vectors.shape[0] and position < used:
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
            memcpy(&vectors[n, 0], space + 1, size)
            position = i + 1 + size
            n += 1
    return np.asarray(starts)[:n].tolist(), np.asarray(ends)[:n].tolist(), position
