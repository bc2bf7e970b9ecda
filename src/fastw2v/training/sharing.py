"""How several workers share the weights: which rows each of them replicates, and how the negatives are divided.

Two cores that update the same row transfer its cache lines back and forth at every update. If the cores share no cache,
that takes longer than the arithmetic. A plan avoids most of these transfers:

* Each worker trains replicas of the rows that all workers need: those of the most frequent words, as outputs and as
  inputs, and of the inner nodes next to the root of the Huffman tree (engine/row_replicas.pxd).
* The negatives of a job come from the head and one partition of the noise distribution (engine/noise.h), so workers
  whose jobs have different partitions use different rows.

All workers replicate the head of the distribution, which is its most frequent words, and draw negatives from the whole
head. Only the tail is divided into partitions. A replicated output row must not be in a partition, because a worker
that does not draw its word as a negative would update its replica with label 1 only. Input rows are not partitioned, so
any of them may be replicated. Many workers replicate more rows than a few. Where the distribution has no head and
tail, it is divided as a whole into a few partitions.

docs/development/many-cores.md derives the scheme, and ``python -m benchmarks.row_sharing`` counts the rows that workers
still pass to one another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastw2v.engine.network import STRIPE_DRAWS

MANY_WORKERS = 8

TAIL_PARTITIONS = 16
HEAD_BYTES = 819_200  # largest size of the head; fewer rows of long vectors are replicated

# A few workers. With 256 words, the tail would be so large that 16 partitions of it lower WordSim-353. The workers
# together hold back up to 256 updates of a row, as 16 workers with 16 uses each do.
FEW_HEAD_WORDS = 1_024
PENDING_USES = 256  # of all workers together
LEAST_USES = 8

# Many workers. The replicas of 2,048 output rows and 1,024 input rows of 100 dimensions take 1.2 MB of a cache.
HEAD_WORDS = 2_048
HEAD_USES = 16
INPUT_USES = 32
# With negatives for each pair, output rows are used five times as often, so that three times the uses are still less
# time. In a short text, so many uses would be a large part of all updates of a row.
PAIR_HEAD_USES = 48
LONG_TEXT = 64  # jobs of an epoch for each worker
MIN_WORDS = 1_024  # a larger vocabulary has a divided tail; at most half of its output rows are replicated
MAX_UNSORTED_NOISE = 0.05  # largest share of words behind the head that are more frequent than a word of it

# A distribution without a head and a tail. With four partitions, neighbouring jobs have different partitions even if
# one overtakes another. With more partitions of all words, the words of one topic, which occur in a few jobs only,
# would be trained with too few different negatives.
PARTITIONS = 4
REPLICATED_WORDS = 16
REPLICA_USES = 128  # of all workers together

REPLICATED_NODES_BYTES = 307_200  # inner nodes of the Huffman tree: 768 of 100 dimensions


@dataclass(frozen=True)
class SharingPlan:
    """What each worker replicates, and how the noise distribution is divided.

    Attributes
    ----------
    words, nodes : int
        Replicated rows of `syn1neg` and of `syn1`.
    uses : int
        Uses of such a replica before its change is added to the shared row.
    inputs, input_uses : int
        Replicated rows of `syn0`, and the uses of such a replica.
    partitions : int
        Number of partitions of the noise distribution, a power of two.
    whole_words : int
        How many of the first words are in all partitions.
    """

    words: int = 0
    nodes: int = 0
    uses: int = 1
    partitions: int = 1
    whole_words: int = 0
    inputs: int = 0
    input_uses: int = INPUT_USES


def plan_for(
    workers: int,
    dim: int,
    cum_table: NDArray[np.uint32] | None = None,
    *,
    cores: int | None = None,
    jobs: int | None = None,
    pair_negatives: bool = False,
) -> SharingPlan:
    """Return the plan for a number of workers and vectors of `dim` dimensions.

    A single worker replicates and divides nothing, so that its updates have gensim's order.

    Parameters
    ----------
    workers, dim : int
    cum_table : uint32 array, optional
        The cumulative noise distribution, which tells whether the first words are the most frequent ones. Without it,
        the whole distribution is divided.
    cores : int, optional
        The largest number of workers that run at the same time; by default the number of workers. Workers that share a
        core share its cache as well, where many replicas would evict one another.
    jobs : int, optional
        The number of jobs of an epoch. Without it, the text counts as short.
    pair_negatives : bool, default False
        Whether each skip-gram pair has negatives of its own; otherwise a window has one set of negatives.

    Returns
    -------
    SharingPlan

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.training.sharing import plan_for
    >>> cum_table = np.cumsum(1_000_000 / np.arange(1, 50_001)).astype(np.uint32)
    >>> [(plan.words, plan.inputs) for plan in (plan_for(workers, 100, cum_table) for workers in (1, 2, 16))]
    [(0, 0), (1024, 512), (2048, 1024)]
    """
    if workers < 2:
        return SharingPlan()
    at_once = min(workers, cores or workers)
    words, inputs, nodes = replicated_rows(at_once, dim)
    if at_once < MANY_WORKERS:
        uses = input_uses = max(LEAST_USES, PENDING_USES // workers)
    else:
        is_long = jobs is not None and jobs >= LONG_TEXT * workers
        uses, input_uses = PAIR_HEAD_USES if pair_negatives and is_long else HEAD_USES, INPUT_USES
    if cum_table is not None and len(cum_table) > MIN_WORDS:
        head = head_of_whole_stripes(cum_table, min(words, len(cum_table) // 2), TAIL_PARTITIONS)
        if _is_head(cum_table, head):
            return SharingPlan(head, nodes, uses, TAIL_PARTITIONS, head, inputs, input_uses)
    words = REPLICATED_WORDS if cum_table is None or _is_head(cum_table, REPLICATED_WORDS) else 0
    uses = max(LEAST_USES, REPLICA_USES // workers)
    return SharingPlan(words, nodes, uses, PARTITIONS, inputs=inputs, input_uses=input_uses)


def replicated_rows(at_once: int, dim: int) -> tuple[int, int, int]:
    """Return the largest numbers of output rows, input rows and inner nodes that each worker replicates.

    Parameters
    ----------
    at_once : int
        The number of workers that run at the same time, at least 1.
    dim : int
        The number of dimensions.
    """
    row_bytes = dim * np.dtype(np.float32).itemsize
    nodes = max(1, REPLICATED_NODES_BYTES // row_bytes)
    most = HEAD_WORDS if at_once >= MANY_WORKERS else FEW_HEAD_WORDS
    words = max(1, min(most, HEAD_BYTES // row_bytes))
    return words, (words + 1) // 2, nodes


def head_of_whole_stripes(cum_table: NDArray[np.uint32], n: int, partitions: int) -> int:
    """Return how many of the first n words are the head, so that the tail begins with a stripe of each partition.

    If it began elsewhere, some partitions would have no stripe to which the first draws of the tail could be moved, and
    all jobs would draw these words. If the first n words have a smaller share of the noise than the first such
    boundary, all of them are the head.
    """
    group = partitions * STRIPE_DRAWS
    begin = int(cum_table[n - 1]) // group * group
    return int(np.searchsorted(cum_table, begin)) + 1 if begin else n


def _is_head(cum_table: NDArray[np.uint32], n: int) -> bool:
    """Return whether words after the first n that are more frequent than these have hardly any share of the noise."""
    shares = np.diff(cum_table.astype(np.int64), prepend=0)
    tail = shares[n:]
    return bool(tail[tail > shares[:n].min() + 1].sum() <= MAX_UNSORTED_NOISE * shares.sum())  # + 1: rounding
