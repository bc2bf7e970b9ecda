# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The scores of the rows of a matrix, and the best rows.

Design. The callers score the rows of a matrix block by block. `merge_best` and `merge_answers` take the scores of one
block, while these are in the cache, into the best rows so far: no array has all scores, and nothing is sorted. Most
scores are only compared, some dozen at once, with the lowest score that still counts (above.h), so that the search
takes about the time of reading the scores.

There are two functions because the scores of an analogy are sums of three cosines: thousands of questions share the
cosines of a few hundred words, and computing the sums on the fly avoids an array of questions times rows.

The vector code follows the instruction set that `engine.kernels` chooses.
"""

from libc.stdint cimport int64_t

from fastw2v.engine.kernels cimport CPU_AVX2, kernels_named

ctypedef fused real:
    float
    double

cdef extern from "vectors/above.h" nogil:
    enum:
        FW_LANES
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


cdef bint use_avx2() except -1:
    """Return whether the chosen instruction set has AVX2."""
    return (kernels_named(None).cpu_features & CPU_AVX2) != 0


def row_products(const float[:, ::1] matrix, const float[::1] query, float[::1] products):
    """Write the dot product of each row of `matrix`, shape (n, D), with `query` to `products`, without the GIL.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    cdef Py_ssize_t n = matrix.shape[0], dim = matrix.shape[1]
    cdef bint avx2 = use_avx2()
    if query.shape[0] != dim or products.shape[0] != n:
        raise ValueError("matrix, query and products do not have shapes that fit each other")
    if n == 0 or dim == 0:
        products[:] = 0.0
        return
    with nogil:
        if avx2:
            fw_products_avx2(&matrix[0, 0], n, dim, &query[0], &products[0])
        else:
            fw_products_float(&matrix[0, 0], n, dim, &query[0], &products[0])


def merge_best(const real[:, ::1] scores, const real[::1] divisors, int64_t first, real[:, ::1] best,
               int64_t[:, ::1] rows):
    """Take the scores of a block of rows into the best scores of each query.

    Parameters
    ----------
    scores : ndarray, shape (queries, n)
        Scores of rows ``first`` to ``first + n - 1``.
    divisors : ndarray, shape (n,)
        The score of each row is divided by its divisor.
    first : int
        Index of the first of these rows. Blocks must come in ascending order.
    best : ndarray, shape (queries, k)
        The k best scores of each query so far, -inf where there are fewer; changed in place. They form a binary heap
        with the lowest one first; `sort_best` puts them in order. Of equal scores, those of earlier rows are kept. NaN
        and -inf never enter.
    rows : ndarray of int64, shape (queries, k)
        The row of each of these scores; -1 where there are fewer. Changed in place.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    cdef Py_ssize_t queries = scores.shape[0], n = scores.shape[1], k = best.shape[1], query
    cdef bint avx2 = use_avx2()
    if (divisors.shape[0] != n or best.shape[0] != queries or rows.shape[0] != queries or rows.shape[1] != k
            or k < 1):
        raise ValueError("scores, divisors, best and rows do not have shapes that fit each other")
    if n == 0:
        return
    with nogil:
        for query in range(queries):
            _merge(&scores[query, 0], &divisors[0], n, first, &best[query, 0], &rows[query, 0], k, avx2)


def sort_best(real[:, ::1] best, int64_t[:, ::1] rows):
    """Sort the heaps of `merge_best` in place: highest score first, equal scores by row.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    cdef Py_ssize_t query, size
    cdef real score
    cdef int64_t row
    if best.shape[0] != rows.shape[0] or best.shape[1] != rows.shape[1]:
        raise ValueError("best and rows do not have shapes that fit each other")
    with nogil:
        for query in range(best.shape[0]):
            for size in range(best.shape[1] - 1, 0, -1):     # heap sort: the lowest score goes to the end
                score, row = best[query, size], rows[query, size]
                best[query, size], rows[query, size] = best[query, 0], rows[query, 0]
                _sift_down(&best[query, 0], &rows[query, 0], size, score, row)


cdef void _merge(const real *scores, const real *divisors, Py_ssize_t n, int64_t first, real *best, int64_t *rows,
                 Py_ssize_t k, bint avx2) noexcept nogil:
    cdef Py_ssize_t at = 0, i
    cdef real score
    while at < n:
        if real is double:
            at = fw_quotient_double(scores, divisors, at, n, best[0])
        elif avx2:
            at = fw_quotient_avx2(scores, divisors, at, n, best[0])
        else:
            at = fw_quotient_float(scores, divisors, at, n, best[0])
        for i in range(at, min(at + FW_LANES, n)):
            score = scores[i] / divisors[i]
            if score > best[0]:
                _sift_down(best, rows, k, score, first + i)
        at += FW_LANES


cdef inline bint _worse(real score, int64_t row, real other, int64_t other_row) noexcept nogil:
    """Return whether the first entry ranks behind the other: its score is lower, or equal and its row is later."""
    return score < other or (score == other and row > other_row)


cdef void _sift_down(real *best, int64_t *rows, Py_ssize_t k, real score, int64_t row) noexcept nogil:
    """Replace the first entry of a heap of k entries and restore the order of the heap."""
    cdef Py_ssize_t place = 0, child = 1
    while child < k:
        if child + 1 < k and _worse(best[child + 1], rows[child + 1], best[child], rows[child]):
            child += 1
        if not _worse(best[child], rows[child], score, row):
            break
        best[place], rows[place] = best[child], rows[child]
        place, child = child, 2 * child + 1
    best[place], rows[place] = score, row


def merge_answers(const real[:, ::1] cosines, const int64_t[:, ::1] terms, int64_t first, const int64_t[::1] starts,
                  const int64_t[::1] excluded, real[::1] best, int64_t[::1] answers):
    """Take the scores of a block of rows into the best answer of each question "a is to b as c is to ?".

    Parameters
    ----------
    cosines : ndarray, shape (m, n)
        The cosines of m words, those of which the questions consist, with rows ``first`` to ``first + n - 1``.
    terms : ndarray of int64, shape (questions, 3)
        The indices of a, b and c among the m words. The score of a row is its cosine with b, minus that with a, plus
        that with c.
    first : int
    starts : ndarray of int64, shape (questions + 1,)
        The answers to question q must not be among ``excluded[starts[q]:starts[q + 1]]``.
    excluded : ndarray of int64
        Indices of rows.
    best : ndarray, shape (questions,)
        The best score of each question so far, at first -inf. Changed in place.
    answers : ndarray of int64, shape (questions,)
        Its row; of equal scores the first row. Changed in place.

    Raises
    ------
    ValueError
        If the shapes do not fit, or an index is out of range.
    """
    cdef Py_ssize_t questions = terms.shape[0], n = cosines.shape[1], m = cosines.shape[0], question, i
    cdef bint avx2 = use_avx2()
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
                    &best[question], &answers[question], avx2)


cdef void _answer(const real *a, const real *b, const real *c, Py_ssize_t n, int64_t first,
                  const int64_t[::1] excluded, int64_t start, int64_t stop, real *best,
                  int64_t *answer, bint avx2) noexcept nogil:
    cdef Py_ssize_t at = 0, i
    cdef real score
    while at < n:
        if real is double:
            at = fw_sum_double(a, b, c, at, n, best[0])
        elif avx2:
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
