# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The vectors of words as means of the vectors of their character n-grams, as fastText computes them.

Design. fastText writes a word as ``<word>`` and takes every run of `min_n` to `max_n` characters of it, a character
being a lead byte with the continuation bytes of UTF-8 that follow. The hash of the bytes of an n-gram, modulo the
number of buckets, is the number of its vector. All n-grams that begin with the same character share the beginning of
their hash, so each takes one step more than the one before. The rows are added one after the other, in float32 and in
fastText's order, so that the result equals fastText's.

Bojanowski et al., "Enriching Word Vectors with Subword Information" (TACL 2017).
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t


cdef inline bint _continues(uint8_t byte) noexcept nogil:
    """Return whether a byte continues a character of UTF-8."""
    return (byte & 0xC0) == 0x80


cdef inline int64_t _row_of(int64_t bucket, const int32_t[::1] kept, const int32_t[::1] rows,
                            bint pruned) noexcept nogil:
    """Return the row of a bucket; -1 if a pruned model does not have it."""
    cdef Py_ssize_t low = 0, high = kept.shape[0], middle
    if not pruned:
        return bucket
    while low < high:
        middle = (low + high) // 2
        if kept[middle] < bucket:
            low = middle + 1
        else:
            high = middle
    return rows[low] if low < kept.shape[0] and kept[low] == bucket else -1


def average(float[:, ::1] out, const float[:, ::1] ngrams, const uint8_t[::1] text, const int64_t[::1] starts,
            int min_n, int max_n, int64_t n_buckets, const int32_t[::1] kept, const int32_t[::1] rows, bint pruned,
            bint with_word):
    """Replace each row of `out` by the mean of the vectors of the n-grams of a word, without the GIL.

    Parameters
    ----------
    out : ndarray of float32, shape (words, D)
        With `with_word`, the vector of the word itself, which is one of those of which the mean is taken; otherwise
        zeros. A word without n-grams keeps its row.
    ngrams : ndarray of float32, shape (n, D)
    text : ndarray of uint8
        The words with ``<`` before and ``>`` behind each, one after the other. An empty word has no n-grams.
    starts : ndarray of int64, shape (words + 1,)
        Word i is ``text[starts[i]:starts[i + 1]]``.
    min_n, max_n : int
        The least and the largest number of characters of an n-gram.
    n_buckets : int
        The hashes are taken modulo this number, which is at most 2**32 - 1.
    kept, rows : ndarray of int32, shape (m,)
        The buckets that a pruned model has, in ascending order, and the row of `ngrams` of each.
    pruned : bool
        Whether there are only those; otherwise each bucket is its own row.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a row is out of range.
    """
    cdef Py_ssize_t words = out.shape[0], dim = out.shape[1], word, begin, i, j, end, c
    cdef int64_t row, count
    cdef int n
    cdef uint32_t hash_value
    cdef float factor
    if ngrams.shape[1] != dim or starts.shape[0] != words + 1 or kept.shape[0] != rows.shape[0]:
        raise ValueError("out, ngrams, starts, kept and rows do not have shapes that fit each other")
    if starts[0] < 0 or starts[words] > text.shape[0]:
        raise ValueError("a word is outside of the text")
    for word in range(words):
        if starts[word] > starts[word + 1]:
            raise ValueError("the starts of the words are out of order")
    if pruned:
        for i in range(rows.shape[0]):
            if not 0 <= rows[i] < ngrams.shape[0]:
                raise ValueError("the row of an n-gram is out of range")
    elif not 0 <= n_buckets <= ngrams.shape[0]:
        raise ValueError("there are fewer n-grams than buckets")
    if n_buckets < 1 or n_buckets > 0xFFFFFFFF:
        return
    with nogil:
        for word in range(words):
            begin, end = starts[word], starts[word + 1]
            count = 1 if with_word else 0
            for i in range(begin, end):
                if _continues(text[i]):
                    continue
                hash_value = 2166136261
                j, n = i, 0
                while j < end and n < max_n:
                    n += 1
                    # fastText extends a byte as a signed number.
                    hash_value = (hash_value ^ <uint32_t> <int8_t> text[j]) * 16777619
                    j += 1
                    while j < end and _continues(text[j]):
                        hash_value = (hash_value ^ <uint32_t> <int8_t> text[j]) * 16777619
                        j += 1
                    if n < min_n or (n == 1 and (i == begin or j == end)):
                        continue
                    row = _row_of(hash_value % <uint32_t> n_buckets, kept, rows, pruned)
                    if row >= 0:
                        count += 1
                        for c in range(dim):
                            out[word, c] += ngrams[row, c]
            if count > 1:
                factor = <float> (1.0 / count)
                for c in range(dim):
                    out[word, c] *= factor
