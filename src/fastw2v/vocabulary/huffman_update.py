"""The Huffman tree of a vocabulary whose words come, go and change their counts.

An update must keep what the inner nodes have learnt, so the tree cannot be made anew from the counts. `updated_tree`
changes it in three steps instead:

1. Words that were evicted leave the tree. An inner node with one branch left has no decision to make any more, so it
   disappears from all paths; each other node keeps its place and its weights.
2. Words whose codes are much longer or shorter than their counts ask for leave it in the same way.
3. These words and the new ones join it by `huffman.graft`, very frequent ones each by itself.

The second step moves as few words as necessary. The mean code length is therefore bounded over any number of updates.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fastw2v.vocabulary.huffman import Counts, HuffmanTree, graft, huffman

Nodes = npt.NDArray[np.intp]

MAX_EXCESS = 1.05  # mean code length, relative to that of a tree made from the counts
FREQUENT_SHARE = 1 / 64  # of all tokens, from which on a word joins the tree alone
TOLERATED_BITS = (
    math.inf,
    2.5,
    2.0,
    1.5,
    1.0,
)  # between the length of a code and the one that the count asks for


def mean_code_length(tree: HuffmanTree, counts: Counts) -> float:
    """Return the mean length of the code of a token, in bits.

    Examples
    --------
    >>> from fastw2v.vocabulary.huffman import huffman
    >>> from fastw2v.vocabulary.huffman_update import mean_code_length
    >>> counts = np.array([2, 1, 1])
    >>> mean_code_length(huffman(counts), counts)
    1.5
    """
    return float(np.diff(tree.offsets) @ counts) / max(int(counts.sum()), 1)


def contracted(tree: HuffmanTree) -> tuple[HuffmanTree, Nodes]:
    """Return the tree without the inner nodes that have only one branch, and the former number of each other node.

    The nodes are numbered anew without gaps, in the order of their former numbers.

    Examples
    --------
    >>> from fastw2v.vocabulary.huffman import huffman
    >>> from fastw2v.vocabulary.huffman_update import contracted
    >>> tree, nodes = contracted(huffman(np.array([4, 2, 1])).take(np.array([0, 1])))
    >>> tree.points.tolist(), tree.codes.tolist(), nodes.tolist()
    ([0, 0], [1, 0], [1])
    """
    has_branch = np.zeros((2, int(tree.points.max(initial=0)) + 1), dtype=np.bool_)
    has_branch[tree.codes, tree.points] = True
    decides = has_branch[0] & has_branch[1]
    nodes = np.flatnonzero(decides)
    numbers = np.cumsum(decides) - 1
    stays = decides[tree.points]
    before = np.zeros(len(stays) + 1, dtype=np.int64)
    np.cumsum(stays, out=before[1:])
    points = numbers[tree.points[stays]].astype(np.uint32)
    return HuffmanTree(before[tree.offsets], points, tree.codes[stays]), nodes


def updated_tree(tree: HuffmanTree, counts: Counts) -> tuple[HuffmanTree, Nodes]:
    """Return the tree of an updated vocabulary, whose mean code length is near that of a tree made from the counts.

    Parameters
    ----------
    tree : HuffmanTree
        The paths of the words that were kept, in their present order; words behind them are new.
    counts : ndarray of int64, shape (words,)

    Returns
    -------
    HuffmanTree
    Nodes : ndarray of intp, shape (kept nodes,)
        The former numbers of the inner nodes that were kept, which now have the numbers 0, 1, 2 and so on. All other
        nodes are new.
    """
    counts = np.maximum(counts, 1)
    total = int(counts.sum())
    asked = np.log2(total / counts)
    entropy = float(asked @ counts) / total  # no code is shorter in the mean
    limit = MAX_EXCESS * entropy
    is_exact = False
    lengths = np.diff(tree.offsets)
    differences = lengths - asked[: len(tree)]
    # If a few words have become very frequent, all other codes should be longer, and `graft` makes them so together.
    deviations = np.abs(differences - np.median(differences)) if len(differences) else differences
    for bits in TOLERATED_BITS:
        kept, nodes = contracted(_without(tree, deviations > bits))
        candidate = _grafted(kept, counts)
        length = mean_code_length(candidate, counts)
        if length <= limit:
            return candidate, nodes
        if not is_exact:
            is_exact = True
            limit = MAX_EXCESS * mean_code_length(huffman(counts), counts)
            if length <= limit:
                return candidate, nodes
    return huffman(counts), np.empty(0, dtype=np.intp)


def _grafted(tree: HuffmanTree, counts: Counts) -> HuffmanTree:
    """Return the tree with all words that have no path in it; see `graft`.

    Words that join together share a branch, which would make the code of a very frequent one longer. Such a word joins
    alone, after all less frequent ones.
    """
    n_words = len(counts)
    lengths = np.zeros(n_words, dtype=np.int64)
    lengths[: len(tree)] = np.diff(tree.offsets)
    frequent = np.flatnonzero((lengths == 0) & (counts > FREQUENT_SHARE * counts.sum()))
    frequent = frequent[np.argsort(counts[frequent], kind="stable")]
    for n_joined in range(len(frequent) + 1):
        rows = np.setdiff1d(np.arange(n_words), frequent[n_joined:])
        positions = np.full(
            n_words, len(rows)
        )  # of words that are not in the tree yet: `take` gives these no path
        positions[rows] = np.arange(len(rows))
        tree = graft(tree.take(rows), counts[rows]).take(positions)
    return tree


def _without(tree: HuffmanTree, leaves: npt.NDArray[np.bool_]) -> HuffmanTree:
    """Return the tree with empty paths for some words, which `graft` takes for new ones."""
    if not leaves.any():
        return tree
    lengths = np.diff(tree.offsets)
    stays = np.repeat(~leaves, lengths)
    offsets = np.zeros(len(tree) + 1, dtype=np.int64)
    np.cumsum(np.where(leaves, 0, lengths), out=offsets[1:])
    return HuffmanTree(offsets, tree.points[stays], tree.codes[stays])
