"""The objectives of fastw2v in PyTorch, on the CPU: the same loss from the same start, and the ratio of words/s.

For each architecture and objective, the first job of the corpus is taken with the windows and negatives that fastw2v
draws. A training of fastw2v at a learning rate of 0 gives its loss; the PyTorch model computes it for the same weights
and examples. Then both train the corpus. PyTorch draws windows and negatives in NumPy and trains batches of examples by
`torch.optim.SGD`, as tutorials do (`torch.nn.Embedding`, sparse gradients).

    pip install torch
    python -m benchmarks.pytorch_objectives --corpus TEXT [--dimensions 128] [--negative 16]
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v import LineSentence, Word2Vec

LCG_MASK = (1 << 48) - 1
OBJECTIVES = {
    "negative sampling": {},
    "sampled softmax": {"objective": "sampled_softmax"},
    "sampled softmax, tied weights": {"objective": "sampled_softmax", "tied_weights": True},
}
BATCH = 4_096  # examples of a batch in PyTorch
Example = tuple[list[int], list[int]]  # context words; the center and its negatives


def examples_of_one_job(model: Word2Vec, sentences: list[list[str]]) -> Iterator[Example]:
    """Yield the examples of one job with the random numbers that the engine draws for it, in gensim's order."""
    random = np.random.RandomState()
    random.set_state(model.random.get_state())
    lcg = (int(random.randint(0, 2**24)) << 24) + int(random.randint(0, 2**24))

    def draw() -> int:
        nonlocal lcg
        value = lcg >> 16
        lcg = (lcg * 25214903917 + 11) & LCG_MASK
        return value

    def negatives() -> list[int]:
        domain = int(model.cum_table[-1])
        return [int(np.searchsorted(model.cum_table, draw() % domain)) for _ in range(model.negative)]

    sample_ints = model.wv.expandos["sample_int"]
    ids = [
        [model.wv.key_to_index[word] for word in line if word in model.wv.key_to_index] for line in sentences
    ]
    kept = [[word for word in line if sample_ints[word] >= draw()] for line in ids]
    reductions = random.randint(0, model.window, sum(map(len, kept)))
    position = 0
    for line in kept:
        for i, word in enumerate(line):
            reach = model.window - reductions[position]
            position += 1
            window = line[max(0, i - reach) : i] + line[i + 1 : i + reach + 1]
            for contexts in [[context] for context in window] if model.sg else [window]:
                targets = [word, *(drawn for drawn in negatives() if drawn != word)]
                if contexts:
                    yield contexts, targets


def make_modules(torch: Any, model: Word2Vec) -> tuple[Any, Any, Any]:
    """Return the input, output and bias embeddings of a model as PyTorch modules; the biases may be None."""

    def embedding(weights: NDArray[np.float32]) -> Any:
        return torch.nn.Embedding.from_pretrained(torch.from_numpy(weights.copy()), freeze=False, sparse=True)

    inputs = embedding(model.wv.vectors)
    if model.tied_weights:
        return inputs, inputs, None
    biases = model.syn1neg_bias
    return inputs, embedding(model.syn1neg), None if biases is None else embedding(biases[:, np.newaxis])


def torch_loss(
    torch: Any, modules: tuple[Any, Any, Any], model: Word2Vec, contexts: Any, targets: Any
) -> Any:
    """Return the summed loss of a batch; contexts and targets are padded with -1, and column 0 holds the centers."""
    inputs, outputs, biases = modules
    known, drawn = contexts >= 0, targets >= 0
    hidden = (inputs(contexts.clamp(min=0)) * known.unsqueeze(-1)).sum(dim=1)
    if model.sg or model.cbow_mean:
        hidden = hidden / known.sum(dim=1, keepdim=True)
    logits = torch.bmm(outputs(targets.clamp(min=0)), hidden.unsqueeze(-1)).squeeze(-1)
    if biases is not None:
        logits = logits + biases(targets.clamp(min=0)).squeeze(-1)
    if model.objective == "sampled_softmax":
        logits = logits.masked_fill(~drawn, float("-inf"))
        return -torch.log_softmax(logits, dim=1)[:, 0].sum()
    signs = torch.ones_like(logits)
    signs[:, 1:] = -1.0
    return -(torch.nn.functional.logsigmoid(signs * logits) * drawn).sum()


def padded(torch: Any, rows: list[list[int]]) -> Any:
    """Return lists of ids as one array, padded with -1."""
    array = np.full((len(rows), max(map(len, rows))), -1, dtype=np.int64)
    for i, row in enumerate(rows):
        array[i, : len(row)] = row
    return torch.from_numpy(array)


def compare_losses(torch: Any, model: Word2Vec, sentences: list[list[str]]) -> tuple[float, float]:
    """Return the loss of one job by fastw2v and by PyTorch, from the same weights."""
    contexts, targets = zip(*examples_of_one_job(model, sentences), strict=True)
    modules, loss = make_modules(torch, model), 0.0
    with torch.no_grad():
        for first in range(0, len(contexts), BATCH):
            some = padded(torch, list(contexts[first : first + BATCH]))
            others = padded(torch, list(targets[first : first + BATCH]))
            loss += float(torch_loss(torch, modules, model, some, others))
    model.train(
        sentences, total_examples=len(sentences), epochs=1, start_alpha=0.0, end_alpha=0.0, compute_loss=True
    )
    return model.get_latest_training_loss(), loss


def torch_seconds(torch: Any, model: Word2Vec, ids: list[NDArray[np.int64]]) -> tuple[float, int]:
    """Train one epoch in PyTorch; return the seconds and the number of center words."""
    rng = np.random.default_rng(1)
    cumulative = model.cum_table.astype(np.float64) / float(model.cum_table[-1])
    keep = model.wv.expandos["sample_int"] / 2.0**32
    modules = make_modules(torch, model)
    parameters = {id(p): p for m in modules if m is not None for p in m.parameters()}.values()
    optimizer = torch.optim.SGD(list(parameters), lr=model.alpha)
    start, words = time.perf_counter(), 0
    text = np.concatenate(ids)
    line = np.repeat(np.arange(len(ids)), [len(row) for row in ids])
    kept = rng.random(text.size) < keep[text]
    text, line = text[kept], line[kept]
    offsets = np.array([*range(-model.window, 0), *range(1, model.window + 1)])
    for first in range(0, text.size, BATCH):
        at = np.arange(first, min(first + BATCH, text.size))
        reach = model.window - rng.integers(0, model.window, at.size)
        around = at[:, np.newaxis] + offsets
        inside = (around >= 0) & (around < text.size) & (np.abs(offsets) <= reach[:, np.newaxis])
        around = np.where(inside, around, 0)
        inside &= line[around] == line[at][:, np.newaxis]
        contexts = np.where(inside, text[around], -1)
        centers = text[at]
        if model.sg:
            centers = np.repeat(centers, inside.sum(axis=1))
            contexts = contexts[inside][:, np.newaxis]
        else:
            centers, contexts = centers[inside.any(axis=1)], contexts[inside.any(axis=1)]
        draws = np.searchsorted(cumulative, rng.random((centers.size, model.negative)))
        draws = np.where(draws == centers[:, np.newaxis], -1, draws)
        targets = np.concatenate([centers[:, np.newaxis], draws], axis=1)
        loss = torch_loss(torch, modules, model, torch.from_numpy(contexts), torch.from_numpy(targets))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        words += at.size
    return time.perf_counter() - start, words


def main(arguments: list[str] | None = None) -> None:
    """Print a table of losses and speeds."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pytorch_objectives",
        description="Compare the objectives of fastw2v with PyTorch on the CPU.",
    )
    parser.add_argument("--corpus", type=Path, required=True, help="a text with one sentence per line")
    parser.add_argument("--dimensions", type=int, default=128)
    parser.add_argument("--negative", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=100_000, help="train so many tokens of the text")
    parser.add_argument("--threads", type=int, default=1, help="of both libraries")
    options = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(options.threads)
    sentences, n = [], 0
    for sentence in LineSentence(options.corpus):
        sentences.append(sentence)
        n += len(sentence)
        if n >= options.tokens:
            break
    job = sentences[:100]
    print(
        f"{n:,} tokens, {options.dimensions} dimensions, {options.negative} negatives, {options.threads} thread(s)"
    )
    print(f"{'':42}  loss: fastw2v, PyTorch   words/s: fastw2v, PyTorch   ratio")
    for (name, settings), sg in itertools.product(OBJECTIVES.items(), (1, 0)):
        model = Word2Vec(
            vector_size=options.dimensions, negative=options.negative, sg=sg, workers=options.threads,
            ns_exponent=0, min_count=2, epochs=1, **settings,
        )  # fmt: skip
        model.build_vocab(sentences)
        start = time.perf_counter()
        effective, _ = model.train(sentences, total_examples=len(sentences), epochs=1)
        speed = effective / (time.perf_counter() - start)
        ours, theirs = compare_losses(torch, model, job)
        known = model.wv.key_to_index
        ids = [np.array([known[w] for w in s if w in known], dtype=np.int64) for s in sentences]
        seconds, words = torch_seconds(torch, model, [row for row in ids if row.size])
        architecture = "skip-gram" if sg else "CBOW"
        print(
            f"{architecture + ', ' + name:42}  {ours:13.2f}  {theirs:13.2f}  {speed:12,.0f}  {words / seconds:12,.0f}"
            f"  {speed * seconds / words:6.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
