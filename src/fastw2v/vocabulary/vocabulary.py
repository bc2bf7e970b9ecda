"""The vocabulary: words and counts in a table of rows, and what training derives from the counts.

A `Vocabulary` is a view of a `RowTable`, so that the words and counts of a model exist once: `model.wv` shows the same
table. It adds what follows from the counts. The Huffman tree and the number of words before the latest updates are
followers of the table, and the noise table is a column of it. They therefore stay correct when words are sorted or
removed, whoever does that.

Settings such as `sample` and `ns_exponent` belong to the model, which passes them to the methods.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import memory
from fastw2v.text.trim_rule import TrimRule
from fastw2v.vectors.row_table import MIXED, Array, Column, LeadingRows, RowTable, take_rows
from fastw2v.vocabulary import bounded, noise_distribution, subsampling
from fastw2v.vocabulary.huffman import HuffmanTree, graft, huffman
from fastw2v.vocabulary.huffman_update import updated_tree
from fastw2v.vocabulary.selection import Selection, frequency_order, in_order

NULL_WORD = "\0"
PINNED = "pinned"  # attribute of the words that are never evicted


@dataclass(frozen=True, eq=False)
class Eviction:
    """What an update of a bounded vocabulary does to the words, before it is done.

    Attributes
    ----------
    rows : ndarray of intp
        The present rows that stay, in their new order.
    selection : Selection
        The words that are added.
    """

    rows: NDArray[np.intp]
    selection: Selection


class NoiseTable(Column):
    """The cumulative distribution of the noise words, as a column of the table.

    Attributes
    ----------
    values : ndarray of uint32, shape (words,), or None
        See `noise_distribution.noise_table`. Users may replace it by a distribution of their own.
    ns_exponent : float
        The exponent by which the table was made.
    """

    def __init__(self, values: Array | None = None, ns_exponent: float = 0.75) -> None:
        super().__init__(values)
        self.ns_exponent = ns_exponent

    def taken(self, table: RowTable, rows: NDArray[np.intp]) -> Array | None:
        """Return the distribution for a table that keeps `rows`: each word keeps its share.

        The result is made from the counts, if the present one was, so that it is the one that a model has after it was
        saved and loaded. Any other distribution is taken apart into the shares of the words.
        """
        values, n_words = self.values, len(table)
        if values is None or values.ndim != 1 or len(values) > n_words:
            return values
        counts = table.attributes.get("count")
        if counts is not None and 0 < len(values) == len(counts) == n_words:
            domain = int(values[-1])
            if np.array_equal(values, noise_distribution.noise_table(counts, self.ns_exponent, domain)):
                return noise_distribution.noise_table(counts[rows], self.ns_exponent, domain)
        shares = np.zeros(n_words, dtype=np.int64)
        shares[: len(values)] = np.diff(values.astype(np.int64), prepend=0)
        cumulative: Array = np.cumsum(shares[rows]).astype(values.dtype)
        return cumulative

    def grown(self, rows: int) -> Array | None:
        """Return the distribution as it is: it is made anew from the counts of all words."""
        return self.values


class Vocabulary:
    """Words, counts and the tables that follow from them.

    Parameters
    ----------
    table : RowTable
        Holds the words as keys, and the attributes ``count`` and ``sample_int``.
    """

    def __init__(self, table: RowTable) -> None:
        self.table = table
        self.noise = NoiseTable()
        table.attach(self.noise)

    def move_to(self, table: RowTable) -> None:
        """Use the words of another table from now on; the noise table stays as it is."""
        self.table.detach(self.noise)
        self.table = table
        table.attach(self.noise)

    # --- words and counts

    def __len__(self) -> int:
        return len(self.table)

    @property
    def words(self) -> list[Any]:
        """Words by index."""
        return self.table.index_to_key

    @property
    def counts(self) -> NDArray[np.int64]:
        """Counts by index, shape (words,).

        Raises
        ------
        RuntimeError
            If the table has no counts.
        """
        counts: NDArray[np.int64] | None = self.table.attributes.get("count")
        if counts is None or len(counts) != len(self.table):
            raise RuntimeError(
                "the words have no counts, so no sampling tables can be made; build the vocabulary with build_vocab()"
            )
        return counts

    def as_dict(self) -> dict[Any, int]:
        """Return words and counts as a dict."""
        return dict(zip(self.words, self.counts.tolist(), strict=True))

    def set_words(
        self,
        words: Sequence[Any],
        counts: NDArray[np.int64],
        sample_ints: NDArray[np.uint32] | None = None,
        *,
        null_word: bool = False,
        by_frequency: bool = True,
    ) -> None:
        """Replace all words and their attributes.

        Parameters
        ----------
        words : sequence
            Distinct words.
        counts : ndarray of int64, shape (words,)
        sample_ints : ndarray of uint32, shape (words,), optional
            Keep probabilities, see `subsampling.sample_ints`.
        null_word : bool, default False
            Add the word ``'\\0'`` with the count 1, which subsampling always drops.
        by_frequency : bool, default True
            Sort the words by descending count.
        """
        if null_word:
            words, counts = [*words, NULL_WORD], np.append(counts, 1)
            sample_ints = None if sample_ints is None else np.append(sample_ints, np.uint32(0))
        attributes: dict[str, Array] = {"count": counts.astype(np.int64)}
        if sample_ints is not None:
            attributes["sample_int"] = sample_ints
        if by_frequency:
            order = frequency_order(counts)
            words = in_order(words, order)
            attributes = {name: values[order] for name, values in attributes.items()}
        table = self.table
        table.index_to_key = list(words)
        table.key_to_index = dict(zip(words, range(len(words)), strict=True))
        table.attributes = attributes
        self.words_before_update = None

    def add_counts(self, selection: Selection, raw_counts: Mapping[Any, int]) -> int:
        """Add the counts of a text: known words get larger counts, new words of the selection are appended.

        Parameters
        ----------
        selection : Selection
            The words of the text that enter the vocabulary.
        raw_counts : mapping of word to int
            The counts of all words of the text.

        Returns
        -------
        int
            Number of words that were appended.
        """
        index = self.table.key_to_index
        is_new = np.array([word not in index for word in selection.words], dtype=np.bool_)
        new = list(itertools.compress(selection.words, is_new))
        counts = np.concatenate((self._increased(self.counts, raw_counts), selection.counts[is_new]))
        self.table.append_keys(new)
        self.table.attributes["count"] = counts
        return len(new)

    def _increased(self, counts: NDArray[np.int64], raw_counts: Mapping[Any, int]) -> NDArray[np.int64]:
        """Return `counts` of the words of the table with the counts of a text added."""
        index = self.table.key_to_index
        known = [(index[word], count) for word, count in raw_counts.items() if word in index]
        counts = counts.copy()
        if known:
            rows, increments = zip(*known, strict=True)
            counts[list(rows)] += np.array(increments, dtype=np.int64)
            if counts.min() < 0:
                raise ValueError("the count of a word is larger than 2**63 - 1 now; start a new vocabulary")
        return counts

    # --- a bounded vocabulary

    def plan_update(
        self,
        counts: NDArray[np.int64],
        selection: Selection,
        raw_counts: Mapping[Any, int],
        *,
        max_words: int | None,
        trim_rule: TrimRule | None,
        by_frequency: bool,
    ) -> Eviction:
        """Choose the words that an update keeps and those that it adds; nothing is changed.

        Parameters
        ----------
        counts : ndarray of int64, shape (words,)
            Counts of the present words before the update.
        selection : Selection
            Words that are frequent enough to be added, or are present already. They must occur in `raw_counts`, since
            a word without a text would keep its random vector.
        raw_counts : mapping of word to int
            Counts of the text of the update.
        max_words : int or None
            The bound; with None, all words stay.
        trim_rule : callable or None
            Where there is a bound, the rule decides about the present words too.
        by_frequency : bool
            Sort the words that are not new by descending merged counts. Words that an earlier call has added since the
            latest training stay behind them, so that the number of old words stays known.

        Raises
        ------
        ValueError
            If `max_words` is less than the number of words that must stay.
        """
        table = self.table
        merged = self._increased(counts, raw_counts)
        is_added = np.array(
            [word not in table.key_to_index and word in raw_counts for word in selection.words],
            dtype=np.bool_,
        )
        added = list(itertools.compress(selection.words, is_added))
        n_present = len(merged)
        stays = np.ones(n_present + len(added), dtype=np.bool_)
        if max_words is not None:
            words = [*table.index_to_key, *added]
            all_counts = np.concatenate((merged, selection.counts[is_added]))
            is_kept, is_discarded = bounded.verdicts(
                words, all_counts, selection.effective_min_count, trim_rule
            )
            is_kept[:n_present] |= self.is_pinned
            stays = np.zeros_like(stays)
            candidates = np.flatnonzero(is_kept | ~is_discarded)
            stays[candidates] = bounded.retained(all_counts[candidates], is_kept[candidates], max_words)
        rows = np.flatnonzero(stays[:n_present])
        n_old = n_present if self.words_before_update is None else self.words_before_update
        if by_frequency and n_old != MIXED:
            n_old = int(np.count_nonzero(rows < n_old))
            order = np.argsort(-merged[rows[:n_old]], kind="stable")
            rows = np.concatenate((rows[:n_old][order], rows[n_old:]))
        is_taken = stays[n_present:]
        return Eviction(
            rows,
            replace(
                selection,
                words=list(itertools.compress(added, is_taken)),
                counts=selection.counts[is_added][is_taken],
            ),
        )

    @property
    def is_pinned(self) -> NDArray[np.bool_]:
        """Whether each word is never evicted, shape (words,): pinned words and the null word."""
        table = self.table
        pinned = np.zeros(len(table), dtype=np.bool_)
        marks = table.attributes.get(PINNED)
        if marks is not None:
            n_marks = min(len(marks), len(table))
            pinned[:n_marks] = np.asarray(marks[:n_marks]).astype(np.bool_)
        if NULL_WORD in table.key_to_index:
            pinned[table.key_to_index[NULL_WORD]] = True
        return pinned

    def pin(self, words: Sequence[Any], pinned: bool) -> None:
        """Mark words that are never evicted, or remove the marks; nothing is changed if a word is missing."""
        rows = [self.table.row_of(word) for word in words]
        marks = np.zeros(len(self), dtype=np.bool_)
        present = self.table.attributes.get(PINNED)
        if present is not None:
            marks[: len(present)] = present[: len(self)]
        marks[rows] = pinned
        self.table.attributes[PINNED] = marks

    def keep_rows(self, rows: NDArray[np.intp]) -> None:
        """Keep these rows of all arrays, in this order; the norms and tables are those of the remaining words."""
        if not np.array_equal(rows, np.arange(len(self))):
            self.table.take(rows)

    def add_null_word(self) -> None:
        """Append the word ``'\\0'`` with the count 1; subsampling always drops it."""
        counts, sample_ints = self.counts, self.table.attributes.get("sample_int")
        self.table.append_keys([NULL_WORD])
        self.table.attributes["count"] = np.append(counts, 1)
        if sample_ints is not None:
            self.table.attributes["sample_int"] = np.append(sample_ints, np.uint32(0))

    @property
    def words_before_update(self) -> int | None:
        """Number of words before the updates since the latest training; the words after them are new.

        None means that no word is new, -1 that the words were sorted since and old and new ones are mixed.
        """
        leading = self.table.followers.get("words_before_update")
        return leading.count if isinstance(leading, LeadingRows) else None

    @words_before_update.setter
    def words_before_update(self, count: int | None) -> None:
        if count is None:
            self.table.followers.pop("words_before_update", None)
        else:
            self.table.followers["words_before_update"] = LeadingRows(count)

    def begin_update(self) -> None:
        """Count all present words as old, unless there are words that an earlier update added and nobody trained."""
        if self.words_before_update is None:
            self.words_before_update = len(self)

    def end_training(self, words: list[Any], n_words: int) -> None:
        """Count the words that a training has had as old.

        Parameters
        ----------
        words : list
            The object that `words` was in its last epoch.
        n_words : int
            Number of words in that epoch. Callbacks may have added others since.
        """
        if len(self) <= n_words:
            self.words_before_update = None
        else:
            self.words_before_update = n_words if self.words is words else MIXED

    # --- what follows from the counts

    def make_sample_ints(self, sample: float | str | None) -> NDArray[np.uint32]:
        """Make the keep probabilities from the counts, and return them."""
        counts = self.counts
        threshold = subsampling.subsample_threshold(int(counts.sum()), sample, counts)
        sample_ints = subsampling.sample_ints(subsampling.keep_probabilities(counts, threshold))
        self.table.attributes["sample_int"] = sample_ints
        return sample_ints

    def sample_ints(self, sample: float | str | None) -> NDArray[np.uint32]:
        """Return the keep probabilities; they are made from the counts if the vectors came without them."""
        known: NDArray[np.uint32] | None = self.table.attributes.get("sample_int")
        return self.make_sample_ints(sample) if known is None else known

    def make_noise_table(self, ns_exponent: float, domain: int = 2**31 - 1) -> None:
        """Make the noise distribution from the counts, for negative sampling."""
        self.noise.values = noise_distribution.noise_table(self.counts, ns_exponent, domain)
        self.noise.ns_exponent = ns_exponent

    @property
    def huffman_tree(self) -> HuffmanTree | None:
        """Huffman tree of the words, for hierarchical softmax."""
        tree = self.table.followers.get("huffman_tree")
        return tree if isinstance(tree, HuffmanTree) else None

    @huffman_tree.setter
    def huffman_tree(self, tree: HuffmanTree | None) -> None:
        if tree is None:
            self.table.followers.pop("huffman_tree", None)
        else:
            self.table.followers["huffman_tree"] = tree

    def make_huffman_tree(self) -> None:
        """Make the Huffman tree from the counts."""
        self.huffman_tree = huffman(self.counts)

    def grow_huffman_tree(self) -> None:
        """Add new words to the tree, whose present inner nodes keep their numbers and their trained weights."""
        tree = self.huffman_tree
        if tree is None:
            self.make_huffman_tree()
        else:
            tree.check(len(self))
            self.huffman_tree = graft(tree, self.counts)

    def update_huffman_tree(self) -> NDArray[np.intp]:
        """Let the tree follow evicted words, new words and changed counts.

        Returns
        -------
        ndarray of intp
            The present inner nodes that were kept, in the order of their new numbers; new nodes follow them.
        """
        tree = self.huffman_tree
        if tree is None:
            self.make_huffman_tree()
            return np.empty(0, dtype=np.intp)
        tree.check(len(self))
        self.huffman_tree, nodes = updated_tree(tree, self.counts)
        return nodes


def node_weights(weights: NDArray[np.float32], nodes: NDArray[np.intp], n_words: int) -> NDArray[np.float32]:
    """Return the weights of the inner nodes of an updated tree.

    Parameters
    ----------
    weights : ndarray of float32, shape (rows, dim)
        The weights of the inner nodes of the tree before.
    nodes : ndarray of intp
        Those that were kept, see `Vocabulary.update_huffman_tree`.
    n_words : int
        Number of words of the updated tree.

    Returns
    -------
    ndarray of float32, shape (n_words, dim)
        The weights of nodes that were kept, then zeros for new ones. It is `weights` itself if all nodes keep their
        numbers; rows are to be appended then.
    """
    if len(weights) <= n_words and np.array_equal(nodes, np.arange(len(weights) - 1)):
        return weights
    if nodes.max(initial=-1) >= len(weights):
        raise ValueError(
            f"the Huffman tree has inner nodes that syn1, with {len(weights)} rows, does not have; build the "
            "vocabulary anew"
        )
    renewed = memory.zeros((n_words, weights.shape[1]))
    renewed[: len(nodes)] = take_rows(weights, nodes)
    return renewed


def subsampling_report(
    selection: Selection, sample: float | str | None
) -> tuple[NDArray[np.float64], dict[str, int]]:
    """Return the keep probabilities of a selection, and the numbers that gensim reports about it.

    Parameters
    ----------
    selection : Selection
    sample : float, str or None
        See `subsampling.subsample_threshold`.
    """
    threshold = subsampling.subsample_threshold(selection.retain_total, sample, selection.counts)
    probabilities = subsampling.keep_probabilities(selection.counts, threshold)
    downsample_unique, downsample_total = subsampling.downsampling(selection.counts, probabilities)
    report = {
        "drop_unique": selection.drop_unique,
        "retain_total": selection.retain_total,
        "downsample_unique": downsample_unique,
        "downsample_total": int(downsample_total),
        "num_retained_words": len(selection.words),
    }
    return probabilities, report
