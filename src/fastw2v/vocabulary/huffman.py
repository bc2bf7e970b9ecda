"""Huffman codes for hierarchical softmax, as flat arrays.

The tree equals that of gensim, ties included. gensim merges the nodes with `heapq`, in the order of the words, and the
internal order of a heap decides between equal counts. Therefore `heapq` merges the nodes here, too. All other steps are
vectorised.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

from fastw2v.common.validation import as_array

__all__ = ["HuffmanTree", "RaggedArray", "huffman"]

Counts = npt.NDArray[np.int64]

Scalar = TypeVar("Scalar", bound=np.generic)


class RaggedArray(Sequence[npt.NDArray[Scalar]], Generic[Scalar]):
    """A read-only sequence of one-dimensional arrays of different lengths, stored in one flat array.

    Parameters
    ----------
    values : ndarray, shape (offsets[-1],)
        All rows, one after the other.
    offsets : ndarray of int64, shape (rows + 1,)
        Row `i` is ``values[offsets[i]:offsets[i + 1]]``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.vocab import RaggedArray
    >>> rows = RaggedArray(np.array([1, 2, 3]), np.array([0, 2, 3]))
    >>> [row.tolist() for row in rows]
    [[1, 2], [3]]
    """

    def __init__(self, values: npt.NDArray[Scalar], offsets: npt.NDArray[np.int64]) -> None:
        self.values = values
        self.offsets = offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, row: int) -> npt.NDArray[Scalar]: ...

    @overload
    def __getitem__(self, row: slice) -> list[npt.NDArray[Scalar]]: ...

    def __getitem__(self, row: int | slice) -> npt.NDArray[Scalar] | list[npt.NDArray[Scalar]]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} is out of range for {len(self)} rows")
        row %= len(self)
        view = self.values[self.offsets[row] : self.offsets[row + 1]]
        view.flags.writeable = False
        return view

    def __repr__(self) -> str:
        return f"<RaggedArray of {len(self)} rows, {self.values.dtype}>"


@dataclass(frozen=True, eq=False)
class HuffmanTree:
    """The Huffman code of each word, as flat arrays.

    Attributes
    ----------
    offsets : ndarray of int64, shape (words + 1,)
        Word `i` has the entries ``offsets[i]:offsets[i + 1]`` of the other two arrays.
    points : ndarray of uint32, shape (offsets[-1],)
        The inner nodes on the path from the root to the word.
    codes : ndarray of uint8, shape (offsets[-1],)
        The branch at each of these nodes: 0 left, 1 right.

    Examples
    --------
    >>> from fastw2v.vocab import huffman
    >>> tree = huffman(np.array([4, 2, 1]))
    >>> [code.tolist() for code in tree.code_rows]
    [[1], [0, 1], [0, 0]]
    """

    offsets: npt.NDArray[np.int64]
    points: npt.NDArray[np.uint32]
    codes: npt.NDArray[np.uint8]

    @classmethod
    def from_rows(cls, points: Sequence[npt.ArrayLike], codes: Sequence[npt.ArrayLike]) -> HuffmanTree:
        """Return the tree whose inner nodes and branches are given as one sequence for each word.

        Raises
        ------
        ValueError
            If `points` and `codes` differ in their lengths.

        Examples
        --------
        >>> HuffmanTree.from_rows([[1], [1, 0], [1, 0]], [[1], [0, 1], [0, 0]]).max_depth
        2
        """
        point_rows = [np.asarray(row, dtype=np.uint32) for row in points]
        code_rows = [np.asarray(row, dtype=np.uint8) for row in codes]
        lengths = [len(row) for row in code_rows]
        if [len(row) for row in point_rows] != lengths:
            raise ValueError("points and codes must have the same length for every word")
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        empty_points, empty_codes = np.empty(0, np.uint32), np.empty(0, np.uint8)
        return cls(
            offsets, np.concatenate([empty_points, *point_rows]), np.concatenate([empty_codes, *code_rows])
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def check(self, n_words: int) -> None:
        """Check that the arrays are paths of at most `n_words` words.

        The inner nodes may be those of a larger tree, from which words were removed; training checks them.

        Raises
        ------
        ValueError
            If they are not: they were damaged, or belong to other words.

        Examples
        --------
        >>> HuffmanTree.from_rows([[1], [1, 0], [1, 0]], [[1], [0, 1], [0, 0]]).check(3)
        """
        offsets, points, codes = self.offsets, self.points, self.codes
        valid = (
            [array.dtype.str[1:] for array in (offsets, points, codes)] == ["i8", "u4", "u1"]
            and offsets.ndim == points.ndim == codes.ndim == 1
            and 1 <= len(offsets) <= n_words + 1
            and offsets[0] == 0
            and offsets[-1] == len(points) == len(codes)
            and bool((offsets[1:] >= offsets[:-1]).all())
            and codes.max(initial=0) <= 1
        )
        if not valid:
            raise ValueError(
                f"the Huffman tree (offsets, points, codes) is damaged or is not one of {n_words} words; build the "
                "vocabulary anew"
            )

    @property
    def max_depth(self) -> int:
        """Length of the longest code."""
        return int(np.diff(self.offsets).max(initial=0))

    @property
    def code_rows(self) -> RaggedArray[np.uint8]:
        """The codes, indexed by word."""
        return RaggedArray(self.codes, self.offsets)

    @property
    def point_rows(self) -> RaggedArray[np.uint32]:
        """The inner nodes, indexed by word."""
        return RaggedArray(self.points, self.offsets)

    def code(self, word: int) -> npt.NDArray[np.uint8]:
        """Return the code of the word with the index `word`."""
        return self.code_rows[word]

    def point(self, word: int) -> npt.NDArray[np.uint32]:
        """Return the inner nodes on the path to the word with the index `word`."""
        return self.point_rows[word]

    def take(self, words: npt.NDArray[np.intp]) -> HuffmanTree:
        """Return the tree of some words, in this order; each word keeps its path, and each inner node its number.

        An index that is not in the tree gets an empty path.
        """
        missing = max(int(words.max(initial=-1)) + 1 - len(self), 0)
        ends = np.append(self.offsets, np.full(missing, self.offsets[-1]))
        lengths = np.diff(ends)[words]
        offsets = np.zeros(len(words) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        sources = np.repeat(ends[words] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return HuffmanTree(offsets, self.points[sources], self.codes[sources])

    def has_grown_from(self, other: HuffmanTree) -> bool:
        """Return whether the path of each word is its path in `other` with some more inner nodes in between."""
        if len(self) != len(other):
            return False
        kept = np.isin(self.points, other.points)
        words = np.repeat(np.arange(len(self)), np.diff(self.offsets))[kept]
        return (
            np.array_equal(np.bincount(words, minlength=len(self)), np.diff(other.offsets))
            and np.array_equal(self.points[kept], other.points)
            and np.array_equal(self.codes[kept], other.codes)
        )


class _HeapNode(float):
    """A tree node, ordered by its count alone; counts are exact up to 2**53.

    The base class is float because `heapq` compares floats faster than other types that can have slots.
    """

    __slots__ = ("index",)

    index: int


def _heap_node(count: float, index: int) -> _HeapNode:
    node = _HeapNode(count)
    node.index = index
    return node


def _merge(counts: Counts) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return the parent and the branch of each node; node ``words + k`` is the `k`-th merge, the last one the root."""
    n = len(counts)
    parent = np.full(2 * n - 1, -1, dtype=np.int64)
    branch = np.zeros(2 * n - 1, dtype=np.uint8)
    heap = [_heap_node(count, index) for index, count in enumerate(counts.tolist())]
    heapq.heapify(heap)
    pop, push = heapq.heappop, heapq.heappush
    left, right = [], []
    for index in range(n, 2 * n - 1):
        first, second = pop(heap), pop(heap)
        push(heap, _heap_node(first + second, index))
        left.append(first.index)
        right.append(second.index)
    parent[left] = parent[right] = np.arange(n, 2 * n - 1)
    branch[right] = 1
    return parent, branch


def huffman(counts: Counts) -> HuffmanTree:
    """Return the Huffman tree of `counts`, which equals the tree of gensim.

    Parameters
    ----------
    counts : ndarray of int64, shape (words,)

    Notes
    -----
    All words climb to the root at the same time, one level a step: a first time to measure the depth of each word, and
    a second time to write the paths, each from its end.

    Examples
    --------
    >>> from fastw2v.vocab import huffman
    >>> huffman(np.array([4, 2, 1])).codes.tolist()
    [1, 0, 1, 0, 0]
    """
    counts = as_array("counts", counts, ndim=1)
    n = len(counts)
    if n < 2:
        return HuffmanTree(np.zeros(n + 1, np.int64), np.empty(0, np.uint32), np.empty(0, np.uint8))
    parent, branch = _merge(counts)
    depths = np.zeros(n, dtype=np.int64)
    for words, _ in _climb(n, parent):
        depths[words] += 1
    offsets = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(depths, out=offsets[1:])
    points = np.empty(offsets[-1], dtype=np.uint32)
    codes = np.empty(offsets[-1], dtype=np.uint8)
    position = offsets[1:].copy()
    for words, nodes in _climb(n, parent):
        position[words] -= 1
        points[position[words]] = parent[nodes] - n
        codes[position[words]] = branch[nodes]
    return HuffmanTree(offsets, points, codes)


def _climb(
    n: int, parent: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Yield for each level the words that are below the root, and the nodes that these have reached."""
    words = np.arange(n)
    nodes = words
    while len(words):
        yield words, nodes
        nodes = parent[nodes]
        below = parent[nodes] >= 0
        words, nodes = words[below], nodes[below]


def graft(tree: HuffmanTree, counts: Counts) -> HuffmanTree:
    """Return `tree` extended by new words, so that the present words keep their inner nodes.

    The new words form a Huffman tree of their own. It is joined to the present tree by one new inner node, above the
    node of that tree where the sum of all code lengths, weighted by the counts, grows least. The codes of the words
    below that node, which occur about as often as all new words together, get one bit longer; all other codes stay as
    they are.

    Inner nodes keep their numbers, and new ones get the smallest numbers that are not in use. Row `i` of the trained
    weights thus still belongs to inner node `i`, and there are enough rows if there is one for each word.

    Parameters
    ----------
    tree : HuffmanTree
    counts : ndarray of int64, shape (words,)
        Counts of all words, the present ones first. Words that have no path in `tree` are new.

    Raises
    ------
    ValueError
        If an inner node has a number for which there is no row of weights: the tree is damaged, or one of other words.
    """
    n_words, n_present = len(counts), len(tree)
    lengths = np.zeros(n_words, dtype=np.int64)
    lengths[:n_present] = np.diff(tree.offsets)
    new = np.flatnonzero(lengths == 0)
    if not len(tree.points):  # at most one word is in the tree, and no inner node
        return huffman(counts)
    if not len(new):
        return tree
    if int(tree.points.max()) >= n_words:
        raise ValueError(
            f"the Huffman tree has inner nodes that {n_words} words do not have: it is damaged, or words were removed "
            "since it was made; build the vocabulary anew"
        )
    depth, below = _cheapest_place(tree, counts, int(counts[new].sum()))
    is_used = np.zeros(n_words, dtype=np.bool_)
    is_used[tree.points] = True
    numbers = np.flatnonzero(~is_used)[: len(new)].astype(np.uint32)
    joint = numbers[-1]
    places = tree.offsets[below] + depth
    example = slice(int(tree.offsets[below[0]]), int(places[0]))
    branch = huffman(counts[new])
    branch = HuffmanTree(branch.offsets, numbers[branch.points], branch.codes)
    below_joint = _with_prefix(
        branch, np.append(tree.points[example], joint), np.append(tree.codes[example], np.uint8(0))
    )
    lengths[below] += 1
    offsets = np.zeros(n_present + 1, dtype=np.int64)
    np.cumsum(lengths[:n_present], out=offsets[1:])
    all_words = HuffmanTree(
        np.concatenate((offsets, offsets[-1] + below_joint.offsets[1:])),
        np.concatenate((np.insert(tree.points, places, joint), below_joint.points)),
        np.concatenate((np.insert(tree.codes, places, np.uint8(1)), below_joint.codes)),
    )
    if new[0] == n_present:  # all new words come after the present ones
        return all_words
    rows = np.arange(n_words)
    rows[new] = n_present + np.arange(len(new))
    return all_words.take(rows)


def _cheapest_place(tree: HuffmanTree, counts: Counts, added: int) -> tuple[int, npt.NDArray[np.intp]]:
    """Return the depth of the node above which words join most cheaply, and the words of the tree below that node.

    Above a node of depth d and weight w (the sum of the counts below it), words with the counts `added` cost w bits for
    the words below the node, whose codes get longer, and ``added * (d + 1)`` bits for the path that the added words
    share. The node may be a leaf.
    """
    lengths = np.diff(tree.offsets)
    words = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    depths = np.full(int(tree.points.max()) + 1, -1, dtype=np.int64)
    depths[tree.points] = np.arange(len(words)) - tree.offsets[words]
    present = counts[: len(lengths)]
    weights = np.bincount(tree.points, weights=present[words])
    costs = np.where(depths >= 0, weights + added * (depths + 1.0), np.inf)
    leaf_costs = np.where(lengths > 0, present + added * (lengths + 1.0), np.inf)
    node, leaf = int(np.argmin(costs)), int(np.argmin(leaf_costs))
    if leaf_costs[leaf] < costs[node]:
        return int(lengths[leaf]), np.array([leaf])
    return int(depths[node]), words[tree.points == node].astype(np.intp)


def _with_prefix(
    tree: HuffmanTree, points: npt.NDArray[np.uint32], codes: npt.NDArray[np.uint8]
) -> HuffmanTree:
    """Return `tree` with the same inner nodes and branches before the path of every word."""
    n_words, n_added = len(tree), len(points)
    lengths = np.diff(tree.offsets) + n_added
    offsets = np.zeros(n_words + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    is_added = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths) < n_added
    all_points, all_codes = np.empty(offsets[-1], np.uint32), np.empty(offsets[-1], np.uint8)
    all_points[is_added], all_codes[is_added] = np.tile(points, n_words), np.tile(codes, n_words)
    all_points[~is_added], all_codes[~is_added] = tree.points, tree.codes
    return HuffmanTree(offsets, all_points, all_codes)
