"""Count how many rows of the weight matrices workers pass to one another.

Two cores that update the same row transfer its cache lines back and forth, which takes longer than the arithmetic on
it. This benchmark replays a text with N workers that train consecutive jobs in step, one center word each in turn, and
counts for each effective word how many rows a worker updates that another worker wrote last. It computes no vectors
and needs no large machine. Windows, subsampling and negatives follow word2vec.

    python -m benchmarks.row_sharing --corpus TEXT [--workers 16] [--tokens 3000000]

The first scheme of the table is that of fastw2v as it is installed; its sizes are read from `training.sharing`. The
others are earlier schemes and alternatives. Columns: rows of `syn0`; the center's row of `syn1neg`; the negatives'
rows; flushes of replicas of output rows and of input rows; all of them together.
"""

from __future__ import annotations

import argparse
import collections
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastw2v.training import sharing

IntArray = NDArray[np.int64]
JOB_WORDS = 6_000  # effective words of a job of 10,000 raw words
COLUMNS = ("syn0", "center", "negatives", "flushes of syn1neg", "flushes of syn0")


@dataclass(frozen=True)
class Scheme:
    """How rows are divided among workers.

    Parameters
    ----------
    inputs, outputs : int
        How many of the first rows of `syn0` and of `syn1neg` each worker replicates.
    uses, input_uses : int
        Of a replica of an output and of an input row before it is flushed.
    inputs_end : bool
        Whether replicas of input rows are flushed at the end of a job, too.
    partitions : int
        Parts of the noise distribution from which the jobs draw in turn.
    whole_words : int
        The first words, whose draws are not divided among the parts.
    pool : int
        Words of the pool of negatives of a job; 0: all negatives are fresh.
    """

    inputs: int = 0
    outputs: int = 0
    uses: int = 16
    input_uses: int = 32
    inputs_end: bool = True
    partitions: int = 1
    whole_words: int = 0
    pool: int = 0


def installed_scheme(workers: int, dim: int, cum_table: NDArray[np.uint32], *, skip_gram: bool) -> Scheme:
    """Return the scheme of the installed engine for a long text."""
    jobs = workers * sharing.LONG_TEXT
    plan = sharing.plan_for(workers, dim, cum_table, jobs=jobs, pair_negatives=skip_gram)
    return Scheme(
        plan.inputs,
        plan.words,
        plan.uses,
        plan.input_uses,
        partitions=plan.partitions,
        whole_words=plan.whole_words,
    )


def schemes(workers: int, installed: Scheme) -> dict[str, Scheme]:
    """Return the schemes of the table by name."""
    uses = max(8, min(64, 128 // workers))
    earlier = Scheme(0, 1024, 16, partitions=16, whole_words=1024)
    return {
        "as installed": installed,
        "as installed, pool of 1,024 negatives": replace(installed, pool=1024),
        "as installed, but inputs flushed by uses alone": replace(installed, inputs_end=False),
        "as installed, but 8 uses of input rows": replace(installed, input_uses=8),
        "as installed, but 16 uses of input rows": replace(installed, input_uses=16),
        "as installed, but 16 uses of output rows": replace(installed, uses=16),
        "as installed, but 32 uses of output rows": replace(installed, uses=32),
        "as installed, but 48 uses of output rows": replace(installed, uses=48),
        "as installed, but 64 uses of output rows": replace(installed, uses=64),
        "as installed, without input rows": replace(installed, inputs=0),
        "no replicas, one distribution": Scheme(),
        "the same, pool of 1,024 negatives": Scheme(pool=1024),
        "4 parts of all words, 16 output rows": Scheme(0, 16, uses, partitions=4),
        "16 parts of all words, 256 output rows": Scheme(0, 256, 16, partitions=16),
        "1,024 output rows, tail in 16 parts, 16 uses": earlier,
        "the same, and 512 input rows": replace(earlier, inputs=512),
    }


@dataclass(frozen=True)
class Text:
    """An encoded text after subsampling.

    Parameters
    ----------
    ids, sentences : ndarray of int64, shape (n_tokens,)
        The word and the sentence of each token. Words are numbered by falling frequency.
    cumulative : ndarray of float64, shape (n_words,)
        The cumulative noise distribution; the last entry is 1.
    """

    ids: IntArray
    sentences: IntArray
    cumulative: NDArray[np.float64]


def read_text(path: Path, tokens: int, *, min_count: int = 5, sample: float = 1e-3, seed: int = 1) -> Text:
    """Read, encode and subsample the first `tokens` tokens of a file with a sentence on each line."""
    lines, n = [], 0
    with path.open(encoding="utf-8") as file:
        for line in file:
            lines.append(line.split())
            n += len(lines[-1])
            if n >= tokens:
                break
    counted = collections.Counter(word for line in lines for word in line).most_common()
    frequent = [(word, count) for word, count in counted if count >= min_count]
    index = {word: i for i, (word, _) in enumerate(frequent)}
    counts = np.array([count for _, count in frequent], dtype=np.float64)
    known = [[index[word] for word in line if word in index] for line in lines]
    ids = np.concatenate([np.asarray(line, dtype=np.int64) for line in known])
    sentences = np.repeat(np.arange(len(known)), [len(line) for line in known])
    threshold = sample * counts.sum()
    keep = np.minimum(1.0, (np.sqrt(counts / threshold) + 1) * threshold / counts)
    kept = np.random.default_rng(seed).random(ids.size) < keep[ids]
    cumulative = np.cumsum(counts**0.75)
    return Text(ids[kept], sentences[kept], cumulative / cumulative[-1])


class RowOwners:
    """The worker that wrote each row last, and each worker's uses of its replicas.

    Parameters
    ----------
    n_words, n_workers, replicated, uses : int
        The first `replicated` rows have replicas, which are flushed after `uses` uses.
    end : bool, default False
        Whether the end of a job flushes them, too.
    """

    def __init__(
        self, n_words: int, n_workers: int, replicated: int, uses: int, *, end: bool = False
    ) -> None:
        self._last = np.full(n_words, -1, dtype=np.int64)
        self._used = np.zeros((n_workers, replicated), dtype=np.int64)
        self._replicated, self._uses, self._end = replicated, uses, end

    def write(self, rows: IntArray, workers: IntArray, times: IntArray, kinds: IntArray, n: int) -> IntArray:
        """Count the rows that come from another worker, for each of `n` kinds of use; kind ``n`` is a flush."""
        kinds = np.where(rows < self._replicated, n, kinds)
        order = np.lexsort((times, rows))
        rows, workers, times, kinds = rows[order], workers[order], times[order], kinds[order]
        shared = self._reaches_the_matrix(rows, workers)
        if self._end:
            ended = self._flush_all()
            latest = np.full(len(ended), times.max() + 1)
            rows = np.concatenate([rows[shared], ended[:, 1]])
            workers = np.concatenate([workers[shared], ended[:, 0]])
            kinds = np.concatenate([kinds[shared], np.full(len(ended), n)])
            shared = np.lexsort((np.concatenate([times[shared], latest]), rows))
        rows, workers, kinds = rows[shared], workers[shared], kinds[shared]
        first = np.ones(rows.size, dtype=bool)
        first[1:] = rows[1:] != rows[:-1]
        before = np.empty(rows.size, dtype=np.int64)
        before[1:] = workers[:-1]
        before[first] = self._last[rows[first]]
        last = np.roll(first, -1)
        self._last[rows[last]] = workers[last]
        return np.bincount(kinds[before != workers], minlength=n + 1)

    def _reaches_the_matrix(self, rows: IntArray, workers: IntArray) -> NDArray[np.bool_]:
        """Tell which uses read or write the shared row: all of a row without replicas, one in `uses` of the others."""
        shared = rows >= self._replicated
        for worker in range(len(self._used)):
            mine = np.flatnonzero(~shared & (workers == worker))
            replicas = rows[mine]  # ascending
            starts = np.searchsorted(replicas, replicas)
            nth = self._used[worker, replicas] + np.arange(mine.size) - starts
            shared[mine] = nth % self._uses == 0
            self._used[worker] += np.bincount(replicas, minlength=self._replicated)
        return shared

    def _flush_all(self) -> IntArray:
        """Drop all replicas; return the worker and the row of each, shape (n, 2)."""
        flushed = np.argwhere(self._used > 0)
        self._used[:] = 0
        return flushed


def draw_negatives(
    text: Text, scheme: Scheme, jobs: IntArray, rng: np.random.Generator, stripes: int = 512
) -> IntArray:
    """Return one negative for each entry of `jobs`, the number of the job that draws it, in the order of the draws."""
    draws: NDArray[np.float64] = rng.random(jobs.size)
    n_whole = min(scheme.whole_words, text.cumulative.size)
    head = text.cumulative[n_whole - 1] if n_whole else 0.0
    stripe = np.floor(draws * stripes)
    moved = stripe // scheme.partitions * scheme.partitions + jobs % scheme.partitions
    moved = draws + (moved - stripe) / stripes
    draws = np.where((draws >= head) & (moved >= head) & (moved < 1.0), moved, draws)
    words: IntArray = np.minimum(np.searchsorted(text.cumulative, draws), text.cumulative.size - 1)
    if scheme.pool:
        for job in np.unique(jobs):
            mine = np.flatnonzero(jobs == job)
            words[mine] = words[mine][_pool_sources(mine.size, scheme.pool, rng)]
    return words


def _pool_sources(n: int, size: int, rng: np.random.Generator, period: int = 16) -> IntArray:
    """Return for each of a job's n negatives the fresh draw that it repeats: one of the latest `size`, or itself."""
    at = np.arange(n)
    fresh = np.flatnonzero((at < size) | (at % period == 0))
    n_before = np.searchsorted(fresh, at, side="right")
    pooled: IntArray = fresh[np.maximum(n_before - 1 - rng.integers(0, size, n), 0)]
    pooled[fresh] = fresh
    return pooled


def count_foreign_rows(
    text: Text,
    scheme: Scheme,
    *,
    workers: int,
    skip_gram: bool,
    negative: int = 5,
    window: int = 5,
    job: int = JOB_WORDS,
    seed: int = 1,
) -> NDArray[np.float64]:
    """Return the foreign rows of each effective word, by the kinds of COLUMNS."""
    rng = np.random.default_rng(seed)
    n_words = text.cumulative.size
    inputs = RowOwners(
        n_words, workers, min(scheme.inputs, n_words), scheme.input_uses, end=scheme.inputs_end
    )
    outputs = RowOwners(n_words, workers, min(scheme.outputs, n_words), scheme.uses)
    counts, trained = np.zeros(len(COLUMNS)), 0
    for first in range(0, text.ids.size - job * workers + 1, job * workers):
        # Tokens of the wave: those of each worker's job, at the times at which it trains them as centers.
        at = first + np.arange(job * workers)
        worker = np.arange(job * workers) // job
        time = np.arange(job * workers) % job * workers + worker
        reach = window - rng.integers(0, window, at.size)
        pairs = np.concatenate(list(_pairs(text, at, worker * job + first, job, reach, window)))
        centers, contexts = pairs[:, 0], pairs[:, 1]
        found = inputs.write(
            text.ids[first + contexts], worker[centers], time[centers], np.zeros_like(centers), 1
        )
        counts[0] += found[0]
        counts[4] += found[1]
        drawing = np.sort(centers) if skip_gram else np.unique(centers)
        centers_of_negatives = np.repeat(drawing, negative)
        negatives = draw_negatives(text, scheme, first // job + worker[centers_of_negatives], rng)
        rows = np.concatenate([text.ids[at[drawing]], negatives])
        kinds = np.concatenate([np.zeros_like(drawing), np.ones_like(negatives)])
        by = np.concatenate([drawing, centers_of_negatives])
        counts[1:4] += outputs.write(rows, worker[by], time[by], kinds, 2)
        trained += at.size
    return counts / max(trained, 1)


def _pairs(
    text: Text, at: IntArray, starts: IntArray, job: int, reach: IntArray, window: int
) -> Iterator[IntArray]:
    """Yield the (center, context) pairs of a wave, as positions in the wave, for each distance."""
    for distance in (*range(-window, 0), *range(1, window + 1)):
        context = at + distance
        inside = (context >= starts) & (context < starts + job) & (np.abs(distance) <= reach)
        centers = np.flatnonzero(inside)
        centers = centers[text.sentences[context[centers]] == text.sentences[at[centers]]]
        yield np.stack([centers, centers + distance], axis=1)


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.row_sharing",
        description="Count the rows of the weight matrices that workers pass to one another.",
    )
    parser.add_argument("--corpus", type=Path, required=True, help="a text with one sentence per line")
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--dimensions", type=int, default=100)
    parser.add_argument("--tokens", type=int, default=3_000_000, help="read so many tokens of the text")
    options = parser.parse_args(arguments)
    text = read_text(options.corpus, options.tokens)
    if text.ids.size < options.workers * JOB_WORDS:
        parser.error(
            f"the text has {text.ids.size:,} effective words, but a job of each worker needs {JOB_WORDS:,}"
        )
    cum_table = (text.cumulative * (2**31 - 1)).astype(np.uint32)
    print(f"{text.cumulative.size:,} words, {text.ids.size:,} effective words, {options.workers} workers")
    for skip_gram in (True, False):
        print(f"\n{'skip-gram' if skip_gram else 'CBOW':54} " + "  ".join(COLUMNS) + "  all")
        installed = installed_scheme(options.workers, options.dimensions, cum_table, skip_gram=skip_gram)
        for name, scheme in schemes(options.workers, installed).items():
            row = count_foreign_rows(text, scheme, workers=options.workers, skip_gram=skip_gram)
            cells = [f"{value:{len(column)}.2f}" for column, value in zip(COLUMNS, row, strict=True)]
            print(f"{name:54} " + "  ".join(cells) + f"  {row.sum():.2f}", flush=True)


if __name__ == "__main__":
    main()
