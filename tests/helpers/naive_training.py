"""A naive trainer of one job in float64, which the tests compare with the compiled loops.

It draws its random numbers in the order of the engine (engine/center_pipeline.pxd) and follows the formulas of
docs/development/mathematics.md example by example: skip-gram and CBOW; negative sampling, hierarchical softmax and
sampled softmax. Shared negatives have a definition of their own in tests/unit/test_shared_negatives.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from fastw2v import Word2Vec
from helpers.negatives import Draws


def sigmoid_table() -> np.ndarray:
    positions = (np.arange(1000, dtype=np.float32) / np.float32(1000)).astype(np.float64)
    exps = np.exp((positions * 2 - 1) * 6).astype(np.float32).astype(np.float64)
    return (exps / (exps + 1)).astype(np.float32)


TABLE = sigmoid_table()


@dataclass
class Example:
    """The context words of one example with their weights; the center word with its draws; the factor on the rate."""

    contexts: list[int]
    weights: np.ndarray
    word: int
    negatives: list[int]
    rate: float = 1.0


def side_weights(weights: object, length: int, side: int) -> np.ndarray:
    """Return the weights of the distances 1 to `length` on one side of a window; side 0 is the left one."""
    distances = np.arange(1, length + 1)
    if weights is None:
        return np.ones(length)
    if isinstance(weights, str):
        return {"linear": (length + 1 - distances) / max(length, 1), "harmonic": 1 / distances}[weights]
    if np.ndim(weights[0]):
        weights = weights[side]
    return np.asarray(weights, dtype=np.float64)[:length]


def examples(
    model: Word2Vec, sentences: list[list[str]], sample_weight: Sequence[float] | None = None
) -> Iterator[Example]:
    """Yield the examples of one job in their order, with the random numbers that the engine draws for it."""
    random = np.random.RandomState()
    random.set_state(model.random.get_state())
    draws = Draws(random, model.cum_table, pool_size=0, period=0)
    negatives = partial(draws.negatives, model.negative)
    sample_ints = model.wv.expandos["sample_int"]
    ids = [[model.wv.key_to_index[word] for word in line] for line in sentences]
    kept = [[word for word in line if sample_ints[word] >= draws.draw()] for line in ids]
    n_kept = sum(map(len, kept))
    lengths = model.window if isinstance(model.window, tuple) else (model.window, model.window)
    left, right = lengths
    reduced_left = reduced_right = np.zeros(n_kept, dtype=np.int64)
    if model.shrink_windows and left:
        reduced_left = reduced_right = random.randint(0, left, n_kept)
    if left != right:
        reduced_right = (
            random.randint(0, right, n_kept) if model.shrink_windows and right else 0 * reduced_left
        )
    by_distance = [
        side_weights(getattr(model, "window_weights", None), lengths[side], side) for side in (0, 1)
    ]
    full = getattr(model, "full_windows", False)
    position = 0
    for line, line_weight in zip(kept, sample_weight or [1.0] * len(kept), strict=True):
        for i, word in enumerate(line):
            first, last = i - left + reduced_left[position], i + right - reduced_right[position]
            position += 1
            complete = first >= 0 and last < len(line)
            places = [j for j in range(max(first, 0), min(last + 1, len(line))) if j != i]
            if full and not complete:
                places = []
            weights = np.array([by_distance[int(j > i)][abs(j - i) - 1] for j in places])
            contexts = [line[j] for j in places]
            if model.sg:
                for context, weight in zip(contexts, weights, strict=True):
                    yield Example([context], np.ones(1), word, negatives(), line_weight * weight)
            else:
                drawn = negatives()
                if contexts:
                    yield Example(contexts, weights, word, drawn, line_weight)


def assert_is_gradient(
    trainer: NaiveTrainer, update: np.ndarray, loss: Callable[[], float], rows: Iterable[int]
) -> None:
    """Assert that `update` is minus the gradient of the loss by rows of the inputs, by central differences."""
    for row, column in itertools.product(rows, range(trainer.inputs.shape[1])):
        value = trainer.inputs[row, column]
        trainer.inputs[row, column] = value + 1e-6
        above = loss()
        trainer.inputs[row, column] = value - 1e-6
        below = loss()
        trainer.inputs[row, column] = value
        assert -update[row, column] == pytest.approx((above - below) / 2e-6, abs=1e-8)


class NaiveTrainer:
    """The weights of a model in float64, trained by definition."""

    def __init__(self, model: Word2Vec) -> None:
        self.model = model
        self.inputs = model.wv.vectors.astype(np.float64)
        self.outputs = self.nodes = self.biases = None
        if model.negative:
            self.outputs = self.inputs if model.tied_weights else model.syn1neg.astype(np.float64)
        if model.syn1neg_bias is not None:
            self.biases = model.syn1neg_bias.astype(np.float64)
        if model.hs:
            self.nodes = model.syn1.astype(np.float64)
        self.softmax = model.objective == "sampled_softmax"
        self.sums = bool(not model.sg and not model.cbow_mean)

    def train(
        self, sentences: list[list[str]], alpha: float, sample_weight: Sequence[float] | None = None
    ) -> None:
        """Train one job."""
        for example in examples(self.model, sentences, sample_weight):
            if self.model.hs:
                tree = self.model.huffman_tree
                path = slice(tree.offsets[example.word], tree.offsets[example.word + 1])
                self.logistic(example, self.nodes, tree.points[path], 1.0 - tree.codes[path], alpha)
            if self.softmax:
                self.softmax_step(example, alpha)
            elif self.model.negative:
                targets = [example.word, *(word for word in example.negatives if word != example.word)]
                self.logistic(example, self.outputs, targets, [1.0] + [0.0] * (len(targets) - 1), alpha)

    def hidden(self, example: Example) -> np.ndarray:
        """Return the input: the weighted sum of the context rows, or the weighted mean."""
        total = example.weights @ self.inputs[example.contexts]
        return total if self.sums else total / example.weights.sum()

    def factors(self, example: Example) -> np.ndarray:
        """Return the factor on the error for each context word."""
        total = example.weights.sum()
        if self.softmax or self.model.cbow_update == "corrected":
            return example.weights if self.sums else example.weights / total
        return example.weights / total if self.sums else example.weights

    def logistic(
        self, example: Example, rows: np.ndarray, targets: list[int], labels: list[float], alpha: float
    ) -> None:
        """Make a step of negative sampling or hierarchical softmax, one target after another."""
        hidden, error = self.hidden(example), np.zeros(self.inputs.shape[1])
        for target, label in zip(targets, labels, strict=True):
            logit = rows[target] @ hidden
            if abs(logit) < 6:
                gradient = (label - TABLE[int((logit + 6.0) * 83.0)]) * alpha * example.rate
                error += gradient * rows[target]
                rows[target] += gradient * hidden
        np.add.at(self.inputs, example.contexts, np.outer(self.factors(example), error))
        self.limit(self.inputs, example.contexts)

    def softmax_step(self, example: Example, alpha: float) -> None:
        """Make a step of sampled softmax; a repeated negative is several targets with equal logits."""
        targets = [example.word, *(word for word in example.negatives if word != example.word)]
        hidden = self.hidden(example)
        logits = self.outputs[targets] @ hidden
        if self.biases is not None:
            logits += self.biases[targets]
        errors = -np.exp(logits - logits.max())
        errors /= -errors.sum()
        errors[0] += 1.0
        errors *= alpha * example.rate
        error = errors @ self.outputs[targets]
        np.add.at(self.outputs, targets, np.outer(errors, hidden))
        if self.biases is not None:
            np.add.at(self.biases, targets, errors)
        np.add.at(self.inputs, example.contexts, np.outer(self.factors(example), error))
        self.limit(self.inputs, example.contexts)
        if self.model.tied_weights:
            self.limit(self.inputs, targets)

    def limit(self, rows: np.ndarray, indices: list[int]) -> None:
        """Shorten the rows whose norm is larger than `max_norm`."""
        limit = getattr(self.model, "max_norm", None)
        for index in set(indices) if limit is not None else ():
            norm = np.linalg.norm(rows[index])
            if norm > limit:
                rows[index] *= limit / norm


def assert_trains_as_defined(
    model: Word2Vec,
    sentences: list[list[str]],
    alpha: float = 0.05,
    sample_weight: Sequence[float] | None = None,
) -> None:
    """Train a model that has a vocabulary on one job, and compare it with the naive trainer."""
    for name in ("syn1neg", "syn1"):
        rows = getattr(model, name)
        if rows is not None:  # zeros would hide errors
            rows[:] = np.random.default_rng(1).standard_normal(rows.shape) / 10
    naive, before = NaiveTrainer(model), model.wv.vectors.copy()
    naive.train(sentences, alpha, sample_weight)
    options = {} if sample_weight is None else {"sample_weight": sample_weight}
    model.train(
        sentences, total_examples=len(sentences), epochs=1, start_alpha=alpha, end_alpha=alpha, **options
    )
    assert np.abs(before - model.wv.vectors).max() > 1e-3
    assert_close(model.wv.vectors, naive.inputs)
    for name, rows in (("syn1neg", naive.outputs), ("syn1", naive.nodes), ("syn1neg_bias", naive.biases)):
        if rows is not None and not (name == "syn1neg" and model.tied_weights):
            assert_close(getattr(model, name), rows)


def assert_close(actual: np.ndarray, expected: np.ndarray) -> None:
    """Compare weights. A logit between two entries of the table of the logistic function may take either of them."""
    np.testing.assert_allclose(actual, expected, atol=2e-4)
    assert np.abs(actual - expected).mean() < 3e-6
