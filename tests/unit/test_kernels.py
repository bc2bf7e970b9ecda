"""Compare every row kernel with a naive implementation, on every instruction set of this machine."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from fastw2v.engine import kernels
from helpers.parameters import one_in

# The step is odd, so that the quick tests, too, meet every remainder by the width of a vector register.
DIMENSIONS = [*range(1, 18), *one_in(5, range(18, 66)), 100, 128, 300]
SETS = kernels.instruction_sets()


def sigmoid_table() -> np.ndarray:
    positions = (np.arange(1000, dtype=np.float32) / np.float32(1000)).astype(np.float64)
    exps = np.exp((positions * 2 - 1) * 6).astype(np.float32).astype(np.float64)
    return (exps / (exps + 1)).astype(np.float32)


TABLE = sigmoid_table()


def naive_gradient(logit: float, label: float, learning_rate: float) -> np.float32:
    if not -6 < logit < 6:
        return np.float32(0)
    return (np.float32(label) - TABLE[int((float(logit) + 6.0) * 83.0)]) * np.float32(learning_rate)


def naive_targets(x, matrix, targets, labels, learning_rate, error, logits):
    """Train one target after another, as word2vec.c does, with the given logits.

    The logits come from the kernel, which chooses the order of their sums: another order may select another entry
    of the table.
    """
    for target, label, logit in zip(targets, labels, logits, strict=True):
        gradient = naive_gradient(logit, label, learning_rate)
        error += gradient * matrix[target]
        matrix[target] += gradient * x


def naive_logits(rows, x):
    """Return the products of the rows with x. Some BLAS kernels read beyond the rows and cause warnings."""
    return (rows.astype(np.float64) * x).sum(axis=1)


def operands(rng, dim, n, scale=1.0):
    x = (rng.standard_normal(dim) * scale / np.sqrt(dim)).astype(np.float32)
    matrix = (rng.standard_normal((n + 3, dim)) * scale).astype(np.float32)
    targets = rng.permutation(n + 3)[:n].astype(np.int64)
    labels = (rng.random(n) < 0.3).astype(np.float32)
    return x, matrix, targets, labels


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("dim", DIMENSIONS)
def test_train_targets(simd, dim):
    rng = np.random.default_rng(dim)
    table = kernels.RowKernels(simd)
    for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 21):
        x, matrix, targets, labels = operands(rng, dim, n)
        expected_matrix = matrix.copy()
        error = rng.standard_normal(dim).astype(np.float32)
        expected_error = error.copy()
        logits = table.train_targets(x, matrix, targets, labels, 0.05, error, added=True)
        np.testing.assert_allclose(logits, naive_logits(expected_matrix[targets], x), rtol=2e-5, atol=2e-6)
        naive_targets(x, expected_matrix, targets, labels, 0.05, expected_error, logits)
        np.testing.assert_allclose(matrix, expected_matrix, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(error, expected_error, rtol=1e-5, atol=1e-5)

        x, matrix, targets, labels = operands(rng, dim, n)
        expected_matrix, expected_error = matrix.copy(), np.zeros(dim, dtype=np.float32)
        logits = table.train_targets(x, matrix, targets, labels, 0.05, error, added=False)
        np.testing.assert_allclose(logits, naive_logits(expected_matrix[targets], x), rtol=2e-5, atol=2e-6)
        naive_targets(x, expected_matrix, targets, labels, 0.05, expected_error, logits)
        np.testing.assert_allclose(matrix, expected_matrix, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(error, expected_error, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("dim", DIMENSIONS)
def test_train_pair(simd, dim):
    rng = np.random.default_rng(1000 + dim)
    table = kernels.RowKernels(simd)
    for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 17):
        x, matrix, targets, labels = operands(rng, dim, n)
        before = x.copy()
        expected_matrix, error = matrix.copy(), np.zeros(dim, dtype=np.float32)
        logits = table.train_pair(x, matrix, targets, labels, 0.05, 0.5)
        np.testing.assert_allclose(
            logits, naive_logits(expected_matrix[targets], before), rtol=2e-5, atol=2e-6
        )
        naive_targets(before, expected_matrix, targets, labels, 0.05, error, logits)
        np.testing.assert_allclose(matrix, expected_matrix, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(x, before + np.float32(0.5) * error, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("dim", DIMENSIONS)
def test_sum_and_add(simd, dim):
    rng = np.random.default_rng(2000 + dim)
    table = kernels.RowKernels(simd)
    matrix = rng.standard_normal((12, dim)).astype(np.float32)
    for n in (0, 1, 2, 7, 10):
        indices = rng.integers(0, 12, n)  # a word may occur in a window twice
        weights = rng.standard_normal(len(indices)).astype(np.float32)
        weighted = table.weigh_rows(matrix, indices, weights, 0.25)
        np.testing.assert_allclose(weighted, 0.25 * (weights @ matrix[indices]), atol=1e-5)
        total = table.sum_rows(matrix, indices, 0.25)
        expected = np.zeros(dim, dtype=np.float32)
        for index in indices:
            expected += matrix[index]
        np.testing.assert_array_equal(total, expected * np.float32(0.25))
    delta = rng.standard_normal(dim).astype(np.float32)
    for factors in (np.float32([0.3]), rng.random(5).astype(np.float32)):
        indices = rng.integers(0, 12, 5)
        expected, rows = matrix.copy(), matrix.copy()
        for k, index in enumerate(indices):
            expected[index] += factors[k % len(factors)] * delta
        table.add_rows(rows, indices, delta, factors)
        np.testing.assert_allclose(rows, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("dim", DIMENSIONS)
def test_products(simd, dim):
    rng = np.random.default_rng(3000 + dim)
    table = kernels.RowKernels(simd)
    shapes = [*itertools.product((1, 2, 3, 4), range(1, 9)), (6, 11), (5, 6), (16, 2), (7, 20)]  # every tile
    for n_inputs, n_targets in shapes:
        inputs = rng.standard_normal((n_inputs, dim)).astype(np.float32)
        targets = rng.standard_normal((n_targets, dim)).astype(np.float32)
        stride = (n_targets + 15) // 16 * 16
        logits = table.products(inputs, targets, stride)
        exact = inputs.astype(np.float64) @ targets.astype(np.float64).T
        np.testing.assert_allclose(logits[:, :n_targets], exact, rtol=1e-5, atol=1e-5 * np.sqrt(dim))
        assert not logits[:, n_targets:].any()


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("dim", DIMENSIONS)
def test_update(simd, dim):
    rng = np.random.default_rng(4000 + dim)
    table = kernels.RowKernels(simd)
    for n_inputs, n_targets in ((1, 1), (2, 4), (3, 5), (4, 3), (6, 11), (5, 6), (8, 3), (13, 2), (16, 7)):
        inputs = rng.standard_normal((n_inputs, dim)).astype(np.float32)
        targets = rng.standard_normal((n_targets, dim)).astype(np.float32)
        gradients = (rng.standard_normal((n_inputs, 16)) / 4).astype(np.float32)
        locks = rng.random(n_inputs).astype(np.float32)
        updated_targets, updated_inputs = targets.astype(np.float64), inputs.astype(np.float64)
        for j, x in enumerate(inputs.astype(np.float64)):
            updated_inputs[j] += locks[j] * (gradients[j, :n_targets] @ updated_targets)
            updated_targets += np.outer(gradients[j, :n_targets], x)
        table.update(inputs, targets, gradients, locks)
        np.testing.assert_allclose(targets, updated_targets, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(inputs, updated_inputs, rtol=1e-5, atol=1e-5)


def logits_of_a_window(n_targets: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return seven rows of logits, some of them at the limits of the table or not finite, with labels and rates."""
    rng = np.random.default_rng(n_targets)
    stride = (n_targets + 15) // 16 * 16
    labels, learning_rates = np.zeros(stride, dtype=np.float32), np.zeros(stride, dtype=np.float32)
    labels[0] = 1.0
    learning_rates[:n_targets] = rng.random(n_targets)
    logits = (rng.standard_normal((7, stride)) * 4).astype(np.float32)
    logits[0, 0], logits[1, 0], logits[2, 0], logits[3, 0], logits[4, 0] = 6.0, -6.0, np.nan, np.inf, -np.inf
    logits[:, n_targets:] = np.nan  # never written by `products`
    return logits, labels, learning_rates


def naive_softmax(logits, multiplicities, learning_rate):
    """Return the gradients and the loss of sampled softmax in double precision."""
    logits = logits.astype(np.float64)
    log_total = logits.max() + np.log(np.sum(multiplicities * np.exp(logits - logits.max())))
    labels = np.arange(len(logits)) == 0
    return (labels - multiplicities * np.exp(logits - log_total)) * learning_rate, log_total - logits[0]


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("scale", [0.1, 3.0, 30.0, 300.0])
def test_softmax_gradients(simd, scale):
    rng = np.random.default_rng(7)
    table = kernels.RowKernels(simd)
    for n in (1, 2, 5, 8, 9, 16, 17, 40, 101):
        logits = (rng.standard_normal(n) * scale).astype(np.float32)
        multiplicities = rng.integers(1, 4, n).astype(np.float32)
        multiplicities[0] = 1.0
        gradients, loss = table.softmax_gradients(logits, multiplicities, 0.05)
        expected, expected_loss = naive_softmax(logits, multiplicities, 0.05)
        np.testing.assert_allclose(gradients, expected, rtol=1e-4, atol=2e-8)
        assert loss == pytest.approx(expected_loss, rel=1e-5, abs=2e-6)


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("logit", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("at", [0, 2])
def test_no_softmax_update_where_weights_have_overflowed(simd, logit, at):
    logits = np.zeros(5, dtype=np.float32)
    logits[at] = logit
    gradients, loss = kernels.RowKernels(simd).softmax_gradients(logits, np.ones(5, dtype=np.float32), 0.05)
    assert not gradients.any()
    assert loss == 0.0


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("dim", DIMENSIONS)
def test_step_targets(simd, dim):
    rng = np.random.default_rng(8000 + dim)
    table = kernels.RowKernels(simd)
    for n in (0, 1, 2, 5, 6, 7, 12, 17):
        x, matrix, targets, _ = operands(rng, dim, n)
        gradients, steps = rng.standard_normal((2, n + 1)).astype(np.float32)  # an empty array has no address
        expected = matrix.copy()
        expected[targets] += np.outer(steps[:n], x)
        expected_error = gradients[:n].astype(np.float64) @ matrix[targets]
        error = table.step_targets(x, matrix, targets, gradients, steps)
        np.testing.assert_allclose(error, expected_error, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(matrix, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("n_targets", [1, 5, 16, 21])
def test_sequential_gradients(simd, n_targets):
    """Without a Gram matrix each gradient follows the naive rule; columns with a learning rate of 0 give 0."""
    logits, labels, learning_rates = logits_of_a_window(n_targets)
    gram = np.zeros((7, 7), dtype=np.float32)
    gradients = kernels.RowKernels(simd).sequential_gradients(
        logits.copy(), gram, labels, learning_rates, n_targets
    )
    expected = [
        [naive_gradient(logits[j, k], labels[k], learning_rates[k]) for k in range(n_targets)]
        for j in range(7)
    ]
    np.testing.assert_array_equal(gradients[:, :n_targets], np.float32(expected))
    assert not gradients[:, n_targets:].any()


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("n_targets", [1, 5, 16, 21])
def test_gradients_by_the_logistic_function(simd, n_targets):
    """The gradient uses the logistic function where the table has an entry, and is 0 elsewhere."""
    logits, labels, learning_rates = logits_of_a_window(n_targets)
    logits[5, :n_targets] = np.linspace(-5.999, 5.999, n_targets)
    gradients = kernels.RowKernels(simd).gradients(logits, labels, learning_rates, n_targets)
    covered = np.abs(logits[:, :n_targets]) < 6
    exact = 1 / (1 + np.exp(-np.where(covered, logits[:, :n_targets], 0).astype(np.float64)))
    expected = np.where(covered, (labels[:n_targets] - exact) * learning_rates[:n_targets], 0)
    np.testing.assert_allclose(gradients[:, :n_targets], expected, rtol=0, atol=1e-6)
    assert not gradients[:, :n_targets][~covered].any()
    assert not gradients[:, n_targets:].any()


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("n_targets", [1, 5, 13, 16, 21])
@pytest.mark.parametrize("dim", [3, 33, 100])
def test_a_window_equals_its_pairs_trained_one_after_another(simd, n_targets, dim):
    """The window kernels together give the result of training the inputs one after another."""
    rng = np.random.default_rng(n_targets + dim)
    table = kernels.RowKernels(simd)
    inputs = (rng.standard_normal((9, dim)) / np.sqrt(dim)).astype(np.float32)
    targets = rng.standard_normal((n_targets, dim)).astype(np.float32)
    stride = (n_targets + 15) // 16 * 16
    labels, learning_rates = np.zeros(stride, dtype=np.float32), np.zeros(stride, dtype=np.float32)
    labels[:n_targets] = rng.random(n_targets) < 0.5
    learning_rates[:n_targets] = 0.4
    logits = table.products(inputs, targets, stride)
    gradients = table.sequential_gradients(
        logits, table.products(inputs, inputs, 12), labels, learning_rates, n_targets
    )
    updated_targets, updated_inputs = targets.copy(), inputs.copy()
    table.update(updated_inputs, updated_targets, gradients, np.ones(9, dtype=np.float32))

    for j in range(9):  # with the given logits, as in naive_targets
        np.testing.assert_allclose(
            logits[j, :n_targets], naive_logits(targets, inputs[j]), rtol=2e-5, atol=2e-5
        )
        error, x = np.zeros(dim, dtype=np.float32), inputs[j].copy()
        row_logits = logits[j, :n_targets].copy()
        naive_targets(x, targets, np.arange(n_targets), labels[:n_targets], 0.4, error, row_logits)
        np.testing.assert_allclose(updated_inputs[j], x + error, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(updated_targets, targets, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("logit", [6.0, -6.0, 7.5, -1e30, np.inf, -np.inf, np.nan])
def test_no_update_outside_the_table(simd, logit):
    """A target whose logit is outside (-6, 6) is not updated, as in gensim."""
    table = kernels.RowKernels(simd)
    matrix = np.array([[logit], [0.5]], dtype=np.float32)
    x, work = np.ones(1, dtype=np.float32), np.zeros(1, dtype=np.float32)
    table.train_targets(x, matrix, np.array([1]), np.ones(1, dtype=np.float32), 0.1, work, True)
    trained, error = matrix[1].copy(), work.copy()
    assert trained > 0.5
    if np.isfinite(logit):
        table.train_targets(x, matrix, np.array([0]), np.ones(1, dtype=np.float32), 0.1, work, True)
        np.testing.assert_array_equal(matrix[0], np.float32(logit))
        np.testing.assert_array_equal(work, error)
    else:  # the result has no meaning, but the table must not be read out of bounds
        logits = table.train_targets(x, matrix, np.array([0]), np.ones(1, dtype=np.float32), 0.1, work, True)
        assert not np.isfinite(logits[0])


@pytest.mark.parametrize("simd", SETS)
@pytest.mark.parametrize("n", [2, 3, 5, 6, 8, 11])
def test_groups_with_some_logits_outside_the_table(simd, n):
    rng = np.random.default_rng(n)
    table = kernels.RowKernels(simd)
    for _ in range(20):
        x, matrix, targets, labels = operands(rng, 20, n, scale=3.0)
        expected_matrix, error, work = matrix.copy(), np.zeros(20, np.float32), np.zeros(20, np.float32)
        logits = table.train_targets(x, matrix, targets, labels, 0.05, work, added=False)
        naive_targets(x, expected_matrix, targets, labels, 0.05, error, logits)
        np.testing.assert_allclose(matrix, expected_matrix, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(work, error, rtol=1e-5, atol=1e-5)
        if 0 < (np.abs(logits) < 6).sum() < n:
            return
    raise AssertionError("no group had logits both inside and outside the table")


@pytest.mark.parametrize("simd", SETS)
def test_the_edges_of_the_table(simd):
    """Values next to +-6 and next to every boundary between entries select the entry of the scalar rule."""
    table = kernels.RowKernels(simd)
    edges = (np.arange(1, 996) / 83.0 - 6.0).astype(np.float32)
    values = np.concatenate(
        [edges, np.nextafter(edges, np.float32(-7)), np.nextafter(edges, np.float32(7)),
         np.float32([np.nextafter(np.float32(6), np.float32(0)), np.nextafter(np.float32(-6), np.float32(0))])]
    )  # fmt: skip
    labels, learning_rates = np.zeros(16, dtype=np.float32), np.ones(16, dtype=np.float32)
    rows = np.resize(values, (len(values) // 16 + 1, 16))  # through the gradients of a window, in every lane
    gram = np.zeros((len(rows), len(rows)), np.float32)
    gradients = table.sequential_gradients(rows.copy(), gram, labels, learning_rates, 16)
    np.testing.assert_array_equal(
        gradients, [[naive_gradient(logit, 0.0, 1.0) for logit in row] for row in rows]
    )
    for start in range(0, len(values) - 8, 8):  # through a group, in every lane
        column, error = values[start : start + 8].reshape(8, 1).copy(), np.zeros(1, dtype=np.float32)
        expected = [value + naive_gradient(value, 0.0, 1.0) for value in values[start : start + 8]]
        table.train_targets(
            np.ones(1, np.float32), column, np.arange(8), np.zeros(8, np.float32), 1.0, error, False
        )
        np.testing.assert_allclose(column[:, 0], expected, rtol=1e-6, atol=1e-7)
    for value in values:
        matrix, error = np.array([[value]], dtype=np.float32), np.zeros(1, dtype=np.float32)
        table.train_targets(
            np.ones(1, dtype=np.float32),
            matrix,
            np.array([0]),
            np.zeros(1, dtype=np.float32),
            1.0,
            error,
            True,
        )
        np.testing.assert_allclose(
            matrix[0, 0], value + naive_gradient(value, 0.0, 1.0), rtol=1e-6, atol=1e-7
        )


def test_the_environment_variable_selects_the_kernels():
    for name in SETS:
        code = "from fastw2v.engine import kernels; print(kernels.active_instruction_set())"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "FASTW2V_SIMD": name}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == name


def test_an_unknown_instruction_set_is_an_error(monkeypatch):
    monkeypatch.setenv("FASTW2V_SIMD", "mmx")
    with pytest.raises(ValueError, match=r"FASTW2V_SIMD='mmx' is not available here; choose one of .*scalar"):
        kernels.active_instruction_set()
