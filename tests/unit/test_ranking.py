"""The compiled search for best scores finds what sorting all of them finds."""

import numpy as np
import pytest

from fastw2v.vectors import ranking, similarity

SIZES = [(1, 1, 1), (3, 31, 4), (2, 32, 1), (5, 200, 7), (4, 1000, 40)]


def made(queries, n, dtype, seed=0):
    random = np.random.RandomState(seed)
    matrix = random.standard_normal((n, 6)).astype(dtype)
    matrix[random.randint(0, n, n // 3)] = matrix[0]  # equal scores
    matrix[n // 2] = 0
    return matrix, similarity.row_norms(matrix), random.standard_normal((queries, 6)).astype(dtype)


@pytest.mark.parametrize("dim", [*range(1, 66), 100, 128, 300])
def test_products_with_one_query_are_those_of_a_plain_sum(dim):
    random = np.random.RandomState(dim)
    matrix, query = random.standard_normal((7, dim)).astype(np.float32), random.standard_normal(dim)
    matrix[5] = matrix[1]
    query = query.astype(np.float32)
    found = similarity.products(matrix, query)
    expected = [sum(float(a) * float(b) for a, b in zip(row, query, strict=True)) for row in matrix]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * dim)
    assert found[5] == found[1]


def test_products_of_a_large_matrix_are_those_of_its_parts(monkeypatch):
    monkeypatch.setattr(similarity, "_WORTH_THREADS", 1)
    monkeypatch.setattr("fastw2v.vectors.similarity.usable_cores", lambda: 3)
    for n in (0, 1, 2, 3, 4, 100):
        matrix = np.random.RandomState(n).standard_normal((n, 10)).astype(np.float32)
        query = np.arange(10, dtype=np.float32)
        one_by_one = [similarity.products(matrix[i : i + 1], query)[0] for i in range(n)]
        np.testing.assert_array_equal(similarity.products(matrix, query), one_by_one)


def test_products_of_shapes_that_do_not_fit_are_refused():
    matrix, query, out = (np.ones(shape, dtype=np.float32) for shape in ((3, 4), 4, 3))
    for wrong in ((matrix, query[1:], out), (matrix, query, out[1:])):
        with pytest.raises(ValueError, match="shapes that fit"):
            ranking.row_products(*wrong)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("queries", "n", "count"), SIZES)
def test_the_best_products_are_those_of_a_full_sort(queries, n, count, dtype, monkeypatch):
    matrix, norms, asked = made(queries, n, dtype)
    monkeypatch.setattr(similarity, "_LEAST_ROWS", 50)
    monkeypatch.setattr(similarity, "_SCORES_CACHED", 1)
    monkeypatch.setattr(similarity, "_QUERIES_TOGETHER", 2)
    rows, scores = similarity.nearest_rows(matrix, norms, asked, count)
    everything = similarity.cosines(matrix, norms, asked)
    tolerance = 1e-6
    for line, found, best in zip(everything, rows, scores, strict=True):
        assert best == pytest.approx(np.sort(line)[::-1][:count], abs=tolerance)
        assert best == pytest.approx(line[found], abs=tolerance)
        assert len(set(found.tolist())) == min(count, n)
        ties = [found[i] < found[i + 1] for i in range(len(best) - 1) if best[i] == best[i + 1]]
        assert all(ties)


def test_nan_and_more_answers_than_rows_leave_nothing_out():
    matrix, norms, asked = made(3, 40, np.float32)
    matrix[5:] = np.nan
    norms = similarity.row_norms(matrix)
    rows, scores = similarity.nearest_rows(matrix, norms, asked, 99)
    assert rows.shape == (3, 40)
    assert all(sorted(line) == list(range(40)) for line in rows.tolist())
    assert (rows[:, :5] < 5).all()
    assert np.isnan(scores[:, 5:]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_answers_are_the_first_of_the_best_that_are_not_excluded(dtype):
    random = np.random.RandomState(1)
    cosines = random.randint(-3, 4, (9, 500)).astype(dtype)  # many equal sums
    terms = random.randint(0, 9, (60, 3)).astype(np.int64)
    excluded = [random.choice(500, size, replace=False).tolist() for size in random.randint(0, 300, 60)]
    starts = np.cumsum([0, *map(len, excluded)]).astype(np.int64)
    best, answers = np.full(60, -np.inf, dtype), np.full(60, -1, np.int64)
    for first in range(0, 500, 70):
        block = np.ascontiguousarray(cosines[:, first : first + 70])
        ranking.merge_answers(
            block, terms, first, starts, np.concatenate(excluded).astype(np.int64), best, answers
        )
    for (a, b, c), struck, score, answer in zip(terms, excluded, best, answers, strict=True):
        sums = cosines[b] - cosines[a] + cosines[c]
        sums[struck] = -np.inf
        assert (score, answer) == (sums.max(), sums.argmax())


def test_a_question_without_an_admissible_answer_has_none():
    best, answers = np.full(1, -np.inf, np.float32), np.full(1, -1, np.int64)
    everything = np.arange(3, dtype=np.int64)
    ranking.merge_answers(
        np.ones((3, 3), np.float32), np.array([[0, 1, 2]]), 0, np.array([0, 3]), everything, best, answers
    )
    assert answers[0] == -1


def test_arrays_that_do_not_fit_are_refused():
    floats, one = np.ones((2, 4), np.float32), np.zeros((2, 1), np.int64)
    with pytest.raises(ValueError, match="shapes that fit"):
        ranking.merge_best(floats, np.ones(3, np.float32), 0, np.zeros((2, 1), np.float32), one)
    empty = np.zeros(0, np.int64)
    for terms, starts, complaint in (
        ([[0, 1, 2]], [0, 0], "none of 2 words"),
        ([[0, 1, 1]], [0], "shapes that fit"),
        ([[0, 1, 1]], [0, 3], "fewer excluded rows"),
        ([[0, 1, 1]], [1, 0], "out of order"),
    ):
        with pytest.raises(ValueError, match=complaint):
            ranking.merge_answers(
                floats,
                np.array(terms),
                0,
                np.array(starts),
                empty,
                np.zeros(1, np.float32),
                np.zeros(1, np.int64),
            )
