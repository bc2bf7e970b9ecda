"""Measure the training loops alone, in nanoseconds per example: ``python -m benchmarks.kernels``.

The result is shown by instruction set, dimension and vocabulary size. The benchmark needs no text and no model: word
ids are drawn from a Zipf-Mandelbrot law, and one worker trains them in one call without the GIL. Unlike real text,
the ids have no bursts of the same word, so the caches help less than they would on a corpus. An example is a (center,
context) pair of skip-gram, or a window of CBOW. The instruction sets alternate, and the best of several rounds is
shown, because a disturbance can only make a loop slower.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.arguments import names, number, numbers
from benchmarks.table import aligned
from fastw2v import _inner
from fastw2v.common import memory
from fastw2v.engine import job_queue, kernels, network
from fastw2v.vectors.initialization import prep_vectors
from fastw2v.vocabulary import noise_distribution, subsampling
from fastw2v.vocabulary.huffman import huffman

ALGORITHMS: dict[str, dict[str, Any]] = {
    "sg": {"skip_gram": True, "negative": 5},
    "cbow": {"skip_gram": False, "negative": 5},
    "sg-pool": {"skip_gram": True, "negative": 5, "negative_pool": 1024},
    "cbow-pool": {"skip_gram": False, "negative": 5, "negative_pool": 1024},
    "sg-shared": {"skip_gram": True, "negative": 10, "shared_negatives": True},
    "sg-hs": {"skip_gram": True, "hs": True},
    "cbow-hs": {"skip_gram": False, "hs": True},
}
WINDOW = 5
SAMPLE = 1e-3
NS_EXPONENT = 0.75
ALPHA = 0.025
SENTENCE_WORDS = 1000
JOB_WORDS = 10_000
LAW_EXPONENT, LAW_SHIFT = 1.07, 2.7
CORPUS_WORDS = 1_000_000
FIRST_WORDS = 20_000


def _zipf_weights(vocabulary: int) -> NDArray[np.float64]:
    weights = (np.arange(1, vocabulary + 1) + LAW_SHIFT) ** -LAW_EXPONENT
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def zipf_ids(vocabulary: int, words: int, seed: int) -> NDArray[np.int32]:
    """Draw `words` ids below `vocabulary`, P(rank r) proportional to (r + 2.7) ** -1.07."""
    law = np.cumsum(_zipf_weights(vocabulary))
    ids: NDArray[np.intp] = np.searchsorted(law, np.random.default_rng(seed).random(words) * law[-1])
    return ids.astype(np.int32)


@dataclass(frozen=True)
class Corpus:
    """Artificial word ids in the layout of the training loops, and the counts of the words."""

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    raw_lengths: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def zipf(cls, vocabulary: int, words: int, seed: int = 1) -> Corpus:
        """Draw `words` ids.

        The counts are those of a corpus with 60 occurrences per distinct word, so that the rarest words are as rare
        as in real text.
        """
        ids = zipf_ids(vocabulary, words, seed)
        weights = _zipf_weights(vocabulary)
        lengths = np.full(words // SENTENCE_WORDS, SENTENCE_WORDS, dtype=np.int64)
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        counts = np.maximum(1, 60 * vocabulary * weights).astype(np.int64)
        return cls(ids[: offsets[-1]], offsets, lengths, counts)


@dataclass(frozen=True)
class Timing:
    """The time of one call of a worker, and what it trained."""

    seconds: float
    examples: int
    effective_words: int

    @property
    def ns_per_example(self) -> float:
        return 1e9 * self.seconds / max(self.examples, 1)

    @property
    def words_per_second(self) -> float:
        return self.effective_words / self.seconds


def make_network(corpus: Corpus, algorithm: str, dim: int, simd: str) -> network.Network:
    """Return a newly initialized network for the corpus, with the default settings of gensim."""
    settings = dict(ALGORITHMS[algorithm])
    n_words = len(corpus.counts)
    if settings.pop("hs", False):
        tree = huffman(corpus.counts)
        settings.update(syn1=memory.zeros((n_words, dim)), tree=(tree.offsets, tree.points, tree.codes))
    else:
        settings.update(
            syn1neg=memory.zeros((n_words, dim)),
            cum_table=noise_distribution.noise_table(corpus.counts, NS_EXPONENT),
        )
    threshold = subsampling.subsample_threshold(float(corpus.counts.sum()), SAMPLE)
    return network.Network(
        prep_vectors((n_words, dim), seed=1),
        lockf=np.ones(1, dtype=np.float32),
        random=np.random.RandomState(1),
        window=WINDOW,
        sample_ints=subsampling.sample_ints(subsampling.keep_probabilities(corpus.counts, threshold)),
        simd=simd,
        **settings,
    )


def train(net: network.Network, corpus: Corpus, words: int) -> Timing:
    """Train the first `words` words of the corpus as one list of jobs, and return the time."""
    sentences = max(1, min(words // SENTENCE_WORDS, len(corpus.raw_lengths)))
    lengths = corpus.raw_lengths[:sentences]
    starts = job_queue.cut_jobs(lengths, JOB_WORDS)
    queue = job_queue.JobQueue(len(starts), net.n_words)
    queue.push(
        corpus.ids,
        corpus.offsets[: sentences + 1],
        lengths,
        starts,
        np.full(len(starts) - 1, ALPHA, dtype=np.float32),
    )
    queue.close()
    worker = _inner.Worker(net)
    begin = time.perf_counter()
    worker.run(queue)
    seconds = time.perf_counter() - begin
    effective_words, _, _, examples, _ = worker.tallies()
    return Timing(seconds, examples, effective_words)


def best_timings(
    corpus: Corpus, algorithm: str, dim: int, instruction_sets: Sequence[str], *, seconds: float, repeat: int
) -> dict[str, Timing]:
    """Return the best timing of each instruction set, each call lasting about `seconds`."""
    networks = {simd: make_network(corpus, algorithm, dim, simd) for simd in instruction_sets}
    words = {}
    for simd, net in networks.items():
        first = train(net, corpus, FIRST_WORDS)
        words[simd] = max(FIRST_WORDS, int(FIRST_WORDS * seconds / first.seconds))
    best: dict[str, Timing] = {}
    for _ in range(repeat):
        for simd, net in networks.items():
            timing = train(net, corpus, words[simd])
            if simd not in best or timing.ns_per_example < best[simd].ns_per_example:
                best[simd] = timing
    return best


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table of all combinations that the arguments select; return the exit status."""
    options = make_parser().parse_args(argv)
    print(
        f"{machine.conditions()}; window {WINDOW}, negative 5 (10 shared), sample {SAMPLE}, one worker; "
        f"best of {options.repeat}"
    )
    print(
        "examples: pairs (sg) or windows (cbow); "
        f"ids: Zipf-Mandelbrot, exponent {LAW_EXPONENT}, shift {LAW_SHIFT}\n"
    )
    rows = [["loop", "dim", "vocab", "simd", "ns/example", "eff kw/s", "x slowest"]]
    for vocabulary in options.vocabulary:
        corpus = Corpus.zipf(vocabulary, CORPUS_WORDS)
        for algorithm, dim in itertools.product(options.loops, options.dim):
            timings = best_timings(
                corpus, algorithm, dim, options.simd, seconds=options.seconds, repeat=options.repeat
            )
            slowest = max(timing.ns_per_example for timing in timings.values())
            for simd, timing in timings.items():
                figures = [f"{timing.ns_per_example:.0f}", f"{timing.words_per_second / 1e3:,.0f}"]
                ratio = f"{slowest / timing.ns_per_example:.2f}"
                rows.append([algorithm, str(dim), f"{vocabulary:,}", simd, *figures, ratio])
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(aligned(rows, left={0, 3}))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    sets = kernels.instruction_sets()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kernels",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--loops", type=names(ALGORITHMS), default=["sg", "cbow"], metavar="NAME,...",
                        help="training loops, of " + ", ".join(ALGORITHMS) + " (default: sg,cbow)")  # fmt: skip
    parser.add_argument(
        "--dim", type=numbers, default=[100, 300], metavar="N,...", help="dimensions (default: 100,300)"
    )
    parser.add_argument("--vocabulary", type=numbers, default=[2000, 71000], metavar="N,...",
                        help="vocabulary sizes (default: 2000,71000)")  # fmt: skip
    parser.add_argument("--simd", type=names(sets), default=list(sets), metavar="NAME,...",
                        help="instruction sets, of " + ", ".join(sets) + " (default: all)")  # fmt: skip
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="approximate duration of each call (default: 0.5)"
    )
    parser.add_argument("--repeat", type=number, default=3, metavar="N", help="number of rounds (default: 3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
