"""Compare vectors of several texts in a common space: a compass, and independent models that are rotated.

    python -m benchmarks.slices --corpus FILE --results FILE [--other FILE]

Two slices are compared: the two halves of the corpus, or the corpus and ``--other``. In the second slice, some words
(``--replaced``) change their meaning: a word takes the place of another one of about the same frequency, and its own
occurrences are left out. The methods are:

* compass: ``fastw2v.train_slices``;
* Procrustes: an independent model of each slice, and the rotation of the second one that brings the vectors of all
  shared words as near to those of the first as possible (`scipy.linalg.orthogonal_procrustes`, Hamilton et al. 2016).

Measured, over the words with at least 20 occurrences in each slice: the fraction of unchanged words whose nearest
neighbor in the other slice is the word itself; for these, the mean reciprocal rank of the word; the fraction of the
replaced words that are among the same number of words with the lowest cosines between the slices; the mean rank of the
replaced words by this cosine; and the CPU time.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.arguments import number, numbers
from benchmarks.results_file import Results
from benchmarks.table import markdown
from fastw2v import KeyedVectors, Word2Vec, train_slices
from fastw2v.common.files import open_input

Sentences = list[list[str]]
Aligned = tuple[KeyedVectors, KeyedVectors]

MIN_OCCURRENCES = 20
QUERIES = 3_000  # number of unchanged words that are looked up in the other slice
FREQUENCIES = (50, 2_000)  # occurrences in the second slice of the words that are replaced

COLUMNS = {
    "found": ("same word nearest", "{:.3f}"),
    "reciprocal_rank": ("reciprocal rank", "{:.3f}"),
    "replaced_found": ("replaced words found", "{:.2f}"),
    "replaced_rank": ("their mean rank", "{:.0f}"),
    "cpu_seconds": ("CPU s", "{:.0f}"),
}


def with_compass(slices: dict[str, Sentences], parameters: dict[str, Any]) -> Aligned:
    """Return the vectors of `train_slices`."""
    vectors = train_slices(slices, **parameters)
    return vectors["first"], vectors["second"]


def with_procrustes(slices: dict[str, Sentences], parameters: dict[str, Any]) -> Aligned:
    """Return the vectors of independent models, those of the second one rotated."""
    from scipy.linalg import orthogonal_procrustes

    first, second = (Word2Vec(text, **parameters).wv for text in slices.values())
    shared = [word for word in first.index_to_key if word in second]
    rotation, _ = orthogonal_procrustes(*(_unit(wv, shared) for wv in (second, first)))
    second.vectors = (second.vectors @ rotation).astype(np.float32)
    return first, second


METHODS: dict[str, Callable[..., Aligned]] = {"compass": with_compass, "Procrustes": with_procrustes}


def replace_words(text: Sentences, counts: Counter[str], n: int, seed: int) -> tuple[Sentences, list[str]]:
    """Let `n` words take the places of others of about the same frequency; return the text and these words."""
    least, most = FREQUENCIES
    words = sorted(word for word, count in counts.items() if least <= count <= most)
    words.sort(key=counts.__getitem__)
    first = random.Random(seed).sample(range(0, len(words) - 1, 2), min(n, (len(words) - 1) // 2))
    successor = {words[i + 1]: words[i] for i in first}
    lost = set(successor.values())
    replaced = [[successor.get(word, word) for word in sentence if word not in lost] for sentence in text]
    return replaced, sorted(lost)


def measure(aligned: Aligned, words: list[str], replaced: list[str]) -> dict[str, float]:
    """Return the figures of two sets of vectors."""
    first, second = (_unit(wv, words) for wv in aligned)
    order = np.argsort(np.einsum("ij,ij->i", first, second))
    rank = {words[row]: position for position, row in enumerate(order.tolist())}
    changed = [rank[word] for word in replaced if word in rank]
    unchanged = [row for row, word in enumerate(words) if word not in set(replaced)][:QUERIES]
    scores = second[unchanged] @ first.T
    own = scores[np.arange(len(unchanged)), unchanged]
    ranks = 1 + (scores > own[:, None]).sum(axis=1)
    return {
        "words": len(words),
        "n_replaced": len(changed),
        "found": float((ranks == 1).mean()),
        "reciprocal_rank": float((1 / ranks).mean()),
        "replaced_found": float(np.mean([position < len(changed) for position in changed])),
        "replaced_rank": float(np.mean(changed)) + 1,
    }


def _unit(wv: KeyedVectors, words: list[str]) -> NDArray[np.float32]:
    return wv.subset(words).get_normed_vectors()


def _read(path: str) -> Sentences:
    with open_input(path) as file:
        return [line.decode("utf8").split() for line in file]


def main(argv: Sequence[str] | None = None) -> int:
    """Train and measure what is missing and print the table; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.slices",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--corpus", required=True, metavar="FILE", help="text, one sentence a line")
    parser.add_argument("--other", metavar="FILE", help="text of the second slice (default: the second half)")
    parser.add_argument(
        "--results", required=True, metavar="FILE", help="results file, one line a measurement"
    )
    parser.add_argument("--replaced", type=number, default=20, help="words that change (default: 20)")
    parser.add_argument("--seeds", type=numbers, default=[1])
    parser.add_argument("--workers", type=number, default=1)
    parser.add_argument("--vector-size", type=number, default=100)
    parser.add_argument("--epochs", type=number, default=5)
    options = parser.parse_args(argv)
    results = Results(options.results)
    try:
        _run(options, results)
    except OSError as error:
        print(f"benchmarks.slices: error: {error}", file=sys.stderr)
        return 1
    print(table([line for line in results.read() if line["text"] == _name(options)]))
    return 0


def _name(options: argparse.Namespace) -> str:
    return f"{options.corpus} {options.other or ''}"


def _run(options: argparse.Namespace, results: Results) -> None:
    done = {(line["method"], line["seed"], line["text"]) for line in results.read()}
    missing = [
        (seed, method)
        for seed in options.seeds
        for method in METHODS
        if (method, seed, _name(options)) not in done
    ]
    if not missing:
        return
    first = _read(options.corpus)
    second = _read(options.other) if options.other else first[len(first) // 2 :]
    first = first if options.other else first[: len(first) // 2]
    counts = Counter(word for sentence in second for word in sentence)
    for seed, method in missing:
        text, replaced = replace_words(second, counts, options.replaced, seed)
        parameters = {
            "sg": 1, "vector_size": options.vector_size, "epochs": options.epochs, "workers": options.workers,
            "seed": seed,
        }  # fmt: skip
        start = time.process_time()
        aligned = METHODS[method]({"first": first, "second": text}, parameters)
        seconds = time.process_time() - start
        words = _compared(first, text, aligned)
        line = {
            "method": method, "seed": seed, "text": _name(options), "cpu_seconds": seconds,
            **measure(aligned, words, replaced),
        }  # fmt: skip
        results.add(line)
        print(line, file=sys.stderr, flush=True)


def _compared(first: Sentences, second: Sentences, aligned: Aligned) -> list[str]:
    """Return the words that are frequent enough in both slices, the most frequent ones first."""
    counts = [Counter(word for sentence in text for word in sentence) for text in (first, second)]
    shared = [word for word in counts[0] if all(count[word] >= MIN_OCCURRENCES for count in counts)]
    shared = [word for word in shared if all(word in wv for wv in aligned)]
    return sorted(shared, key=counts[0].__getitem__, reverse=True)


def table(lines: list[dict[str, Any]]) -> str:
    """Return the table of the means over the seeds."""
    rows = [["method", "seeds", *(title for title, _ in COLUMNS.values())]]
    for method in METHODS:
        chosen = [line for line in lines if line["method"] == method]
        if chosen:
            means = [
                form.format(statistics.fmean(line[name] for line in chosen))
                for name, (_, form) in COLUMNS.items()
            ]
            rows.append([method, str(len(chosen)), *means])
    return markdown(rows, left={0})


if __name__ == "__main__":
    sys.exit(main())
