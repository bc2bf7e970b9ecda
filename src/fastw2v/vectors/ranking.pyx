# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The scores of many rows, and the best of them, found while the scores are still in the cache: nothing is sorted, and
nothing stored.

The rows of a matrix are scored a block at a time, and each function that looks for the best takes the scores of one
block further. Most scores are only compared, some dozen at once, with the least that would still count; so what is
looked at closer is rare, and the time is that of reading the block once.
"""

from libc.stdint cimport int64_t

import os

ctypedef fused real:
    float
    double

cdef extern from "vectors/above.h" nogil:
    enum:
        FW_LANES
    bint fw_has_avx2()
    Py_ssize_t fw_quotient_avx2(const float *scores, const float *divisors, Py_ssize_t at, Py_ssize_t n, float bound)
    Py_ssize_t fw_quotient_float(const float *scores, const float *divisors, Py_ssize_t at, Py_ssize_t n, float bound)
    Py_ssize_t fw_quotient_double(const double *scores, const double *divisors, Py_ssize_t at, Py_ssize_t n,
                                  double bound)
    Py_ssize_t fw_sum_avx2(const float *a, const float *b, const float *c, Py_ssize_t at, Py_ssize_t n, float bound)
    Py_ssize_t fw_sum_float(const float *a, const float *b, const float *c, Py_ssize_t at, Py_ssize_t n, float bound)
    Py_ssize_t fw_sum_double(const double *a, const double *b, const double *c, Py_ssize_t at, Py_ssize_t n,
                             double bound)

cdef extern from "vectors/products.h" nogil:
    void fw_products_avx2(const float *row, Py_ssize_t n, Py_ssize_t dim, const float *query, float *products)
    void fw_products_float(const float *row, Py_ssize_t n, Py_ssize_t dim, const float *query, float *products)

cdef bint HAS_AVX2 = fw_has_avx2() and os.environ.get("FASTW2V_SIMD") != "scalar"


def row_products(const float[:, ::1] matrix, const float[::1] query, float[::1] products):
    """Write the dot product of each row of `matrix`, shape (n, D), with `query` to `products`, without the GIL.

    Raises
    ------
    ValueError
        If shapes do not fit.
    """
    cdef Py_ssize_t n = matrix.shape[0], dim = matrix.shape[1]
    if query.shape[0] != dim or products.shape[0] != n:
        raise ValueError("matrix, query and products do not have shapes that fit each other")
    if n == 0 or dim == 0:
        products[:] = 0.0
        return
    with nogil:
        if HAS_AVX2:
            fw_products_avx2(&matrix[0, 0], n, dim, &query[0], &products[0])
        else:
            fw_products_float(&matrix[0, 0], n, dim, &query[0], &products[0])


def merge_best(const real[:, ::1] scores, const real[::1] divisors, int64_t first, real[:, ::1] best,
               int64_t[:, ::1] rows):
    """Take the scores of a block of rows into the best of each query.

    Parameters
    ----------
    scores : ndarray, shape (queries, n)
        Of the rows from number `first` on.
    divisors : ndarray, shape (n,)
        What the scores of each row are to be divided by.
    first : int
        Number of the first of these rows.
    best : ndarray, shape (queries, k)
        The k best scores of each query so far, in descending order; -inf where there are fewer. Changed in place.
        Of equal scores those of earlier rows come first. NaN is never among them.
    rows : ndarray of int64, shape (queries, k)
        The row of each.

    Raises
    ------
    ValueError
        If shapes do not fit.
    """
    cdef Py_ssize_t queries = scores.shape[0], n = scores.shape[1], k = best.shape[1], query
    if (divisors.shape[0] != n or best.shape[0] != queries or rows.shape[0] != queries or rows.shape[1] != k
            or k < 1):
        raise ValueError("scores, divisors, best and rows do not have shapes that fit each other")
    if n == 0:
        return
    with nogil:
        for query in range(queries):
            _merge(&scores[query, 0], &divisors[0], n, first, &best[query, 0], &rows[query, 0], k)


cdef void _merge(const real *scores, const real *divisors, Py_ssize_t n, int64_t first, real *best, int64_t *rows,
                 Py_ssize_t k) noexcept nogil:
    cdef Py_ssize_t at = 0, i, place
    cdef real score
    while at < n:
        if real is double:
            at = fw_quotient_double(scores, divisors, at, n, best[k - 1])
        elif HAS_AVX2:
            at = fw_quotient_avx2(scores, divisors, at, n, best[k - 1])
        else:
            at = fw_quotient_float(scores, divisors, at, n, best[k - 1])
        for i in range(at, min(at + FW_LANES, n)):
            score = scores[i] / divisors[i]
            if score > best[k - 1]:
                place = k - 1
                while place > 0 and best[place - 1] < score:
                    best[place] = best[place - 1]
                    rows[place] = rows[place - 1]
                    place -= 1
                best[place] = score
                rows[place] = first + i
        at += FW_LANES


def merge_answers(const real[:, ::1] cosines, const int64_t[:, ::1] terms, int64_t first, const int64_t[::1] starts,
                  const int64_t[::1] excluded, real[::1] best, int64_t[::1] answers):
    """Take a block of rows into the best answer of each question "a is to b as c is to ?".

    Parameters
    ----------
    cosines : ndarray, shape (m, n)
        The cosine of m words, those of which the questions consist, with n rows from number `first` on.
    terms : ndarray of int64, shape (questions, 3)
        For a, b and c, which of the m words it is. The score of a row is that of b, less that of a, plus that of c.
    first : int
    starts : ndarray of int64, shape (questions + 1,)
        The answers to question q must not be among ``excluded[starts[q]:starts[q + 1]]``.
    excluded : ndarray of int64
        Rows.
    best : ndarray, shape (questions,)
        The best score of each question so far, at first -inf. Changed in place.
    answers : ndarray of int64, shape (questions,)
        Its row; of equal ones the first.

    Raises
    ------
    ValueError
        If shapes do not fit, or a term is no word.
    """
    cdef Py_ssize_t questions = terms.shape[0], n = cosines.shape[1], m = cosines.shape[0], question, i
    if (terms.shape[1] != 3 or starts.shape[0] != questions + 1 or best.shape[0] != questions
            or answers.shape[0] != questions):
        raise ValueError("terms, starts, best and answers do not have shapes that fit each other")
    for question in range(questions):
        if starts[question] < 0 or starts[question] > starts[question + 1]:
            raise ValueError(f"the excluded rows of question {question} are out of order")
        for i in range(3):
            if not 0 <= terms[question, i] < m:
                raise ValueError(f"question {question} has a term that is none of {m} words")
    if starts[questions] > excluded.shape[0]:
        raise ValueError("there are fewer excluded rows than starts tells")
    if n == 0 or questions == 0:
        return
    with nogil:
        for question in range(questions):
            _answer(&cosines[terms[question, 0], 0], &cosines[terms[question, 1], 0],
                    &cosines[terms[question, 2], 0], n, first, excluded, starts[question], starts[question + 1],
                    &best[question], &answers[question])


cdef void _answer(const real *a, const real *b, const real *c, Py_ssize_t n, int64_t first,
                  const int64_t[::1] excluded, int64_t start, int64_t stop, real *best,
                  int64_t *answer) noexcept nogil:
    cdef Py_ssize_t at = 0, i
    cdef real score
    while at < n:
        if real is double:
            at = fw_sum_double(a, b, c, at, n, best[0])
        elif HAS_AVX2:
            at = fw_sum_avx2(a, b, c, at, n, best[0])
        else:
            at = fw_sum_float(a, b, c, at, n, best[0])
        for i in range(at, min(at + FW_LANES, n)):
            score = b[i] - a[i] + c[i]
            if score > best[0] and not _is_in(first + i, excluded, start, stop):
                best[0] = score
                answer[0] = first + i
        at += FW_LANES


cdef inline bint _is_in(int64_t row, const int64_t[::1] excluded, int64_t start, int64_t stop) noexcept nogil:
    cdef int64_t i
    for i in range(start, stop):
        if excluded[i] == row:
            return True
    return False
