"""Huffman codes for hierarchical softmax, as flat arrays.

The tree is gensim's, ties included: those are broken by the mechanics of heapq over the words in index order,
so heapq itself merges the nodes, and everything else is vectorised.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

__all__ = ["HuffmanTree", "RaggedArray", "huffman"]

Counts = npt.NDArray[np.int64]

Scalar = TypeVar("Scalar", bound=np.generic)


class RaggedArray(Sequence[npt.NDArray[Scalar]], Generic[Scalar]):
    """A read-only sequence of one-dimensional arrays of different lengths over one flat array.

    Parameters
    ----------
    values : ndarray, shape (offsets[-1],)
        All rows, one after another.
    offsets : ndarray of int64, shape (rows + 1,)
        Row ``i`` is ``values[offsets[i]:offsets[i + 1]]``.
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
    """The Huffman code of every word, as flat arrays.

    Attributes
    ----------
    offsets : ndarray of int64, shape (words + 1,)
        Word ``i`` has the entries ``offsets[i]:offsets[i + 1]`` of the other two.
    points : ndarray of uint32, shape (offsets[-1],)
        Inner nodes from the root to the word.
    codes : ndarray of uint8, shape (offsets[-1],)
        The branch taken at each: 0 left, 1 right.
    """

    offsets: npt.NDArray[np.int64]
    points: npt.NDArray[np.uint32]
    codes: npt.NDArray[np.uint8]

    @classmethod
    def from_rows(cls, points: Sequence[npt.ArrayLike], codes: Sequence[npt.ArrayLike]) -> HuffmanTree:
        """Return the tree whose inner nodes and branches are given as one sequence a word.

        Raises
        ------
        ValueError
            If `points` and `codes` differ in their lengths.
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
        """Return the code of the word with index `word`."""
        return self.code_rows[word]

    def point(self, word: int) -> npt.NDArray[np.uint32]:
        """Return the inner nodes on the way to the word with index `word`."""
        return self.point_rows[word]


class _HeapNode(float):
    """A tree node ordered by its count alone, which is exact up to 2**53.

    Among the types that have slots, float is the one that heapq compares fastest.
    """

    __slots__ = ("index",)

    index: int


def _heap_node(count: float, index: int) -> _HeapNode:
    node = _HeapNode(count)
    node.index = index
    return node


def _merge(counts: Counts) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return parent and branch of each node; node ``words + k`` is the ``k``-th merge, the last the root."""
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
    """Return the Huffman tree of `counts`, with ties broken as heapq breaks them over the words in order.

    Parameters
    ----------
    counts : ndarray of int64, shape (words,)

    Notes
    -----
    All words climb to the root together, a level at a time: once to measure their depth, once to write their
    paths from the far end.
    """
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
    place = offsets[1:].copy()
    for words, nodes in _climb(n, parent):
        place[words] -= 1
        points[place[words]] = parent[nodes] - n
        codes[place[words]] = branch[nodes]
    return HuffmanTree(offsets, points, codes)


def _climb(
    n: int, parent: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Yield, a level at a time, the words not yet at the root and the nodes that they have reached."""
    words = np.arange(n)
    nodes = words
    while len(words):
        yield words, nodes
        nodes = parent[nodes]
        below = parent[nodes] >= 0
        words, nodes = words[below], nodes[below]


def graft(tree: HuffmanTree, counts: Counts) -> HuffmanTree:
    """Return `tree` with new words joined to it, so that the words it has keep their paths and inner nodes.

    The new words form a Huffman tree of their own; one new root has it to the left and the old root to the right.
    Inner nodes keep their numbers, new ones follow: row ``i`` of the weights that belong to `tree` stays the row of
    inner node ``i``, and as many rows as there are words hold them all.

    Parameters
    ----------
    tree : HuffmanTree
        Of at least one word.
    counts : ndarray of int64, shape (new words,)
    """
    n_old, n_new = len(tree.offsets) - 1, len(counts)
    if n_new == 0:
        return tree
    young = huffman(counts)
    first_node, root = n_old - 1, n_old + n_new - 2
    lengths = np.concatenate((np.diff(tree.offsets), np.diff(young.offsets))) + 1
    offsets = np.zeros(n_old + n_new + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    points = np.full(offsets[-1], root, dtype=np.uint32)
    codes = np.zeros(offsets[-1], dtype=np.uint8)
    inherited = np.ones(offsets[-1], dtype=bool)
    inherited[offsets[:-1]] = False  # the first step of every word, at the new root
    points[inherited] = np.concatenate((tree.points, young.points + np.uint32(first_node)))
    codes[inherited] = np.concatenate((tree.codes, young.codes))
    codes[offsets[:n_old]] = 1
    return HuffmanTree(offsets, points, codes)
