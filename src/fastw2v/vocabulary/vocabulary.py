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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.vectors.row_table import MIXED, Array, Column, LeadingRows, RowTable
from fastw2v.vocabulary import noise_distribution, subsampling
from fastw2v.vocabulary.huffman import HuffmanTree, graft, huffman
from fastw2v.vocabulary.selection import Selection, frequency_order, in_order

NULL_WORD = "\0"


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
        counts = np.concatenate((self.counts, selection.counts[is_new]))
        known = [(index[word], count) for word, count in raw_counts.items() if word in index]
        if known:
            rows, increments = zip(*known, strict=True)
            counts[list(rows)] += np.array(increments, dtype=np.int64)
            if counts.min() < 0:
                raise ValueError("the count of a word is larger than 2**63 - 1 now; start a new vocabulary")
        self.table.append_keys(new)
        self.table.attributes["count"] = counts
        return len(new)

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
