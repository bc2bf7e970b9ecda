"""Words and vectors of a word2vec file as they are read: the first of each word, in a matrix that grows if it must."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.formats import word2vec_rows
from fastw2v.common import memory

logger = logging.getLogger("gensim.models.keyedvectors")

Array = NDArray[Any]
Positions = NDArray[np.int64]


class Rows:
    """A matrix and the words of its rows.

    Parameters
    ----------
    width : int
        Components of a vector.
    datatype : dtype-like
        Type of the matrix.
    only : collection of str, optional
        Words to keep.
    expected : int
        Rows to make room for at first.
    encoding, errors : str
        How to decode words.

    Attributes
    ----------
    index : dict of str to int
        The row of each word, in the order of the rows.
    room : ndarray, shape (rows, width)
        Memory for the rows, more than are taken.
    """

    def __init__(
        self,
        width: int,
        datatype: DTypeLike,
        only: Collection[str] | None,
        expected: int,
        encoding: str,
        errors: str,
    ) -> None:
        self.index: dict[str, int] = {}
        self._only = only
        self._encoding = encoding
        self._errors = errors
        self._plain = (
            only is None and errors == "strict" and encoding.lower() in ("utf8", "utf-8", "utf_8")
        )  # the compiled reader of words knows no other way
        self.room = memory.empty((expected if only is None else min(expected, len(only)), width), datatype)

    @property
    def width(self) -> int:
        """Components of a vector."""
        return int(self.room.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the matrix."""
        return self.room.dtype

    def take(self, text: Any, starts: Positions, ends: Positions) -> tuple[Positions | None, Array]:
        """Number the words of a block, of which only those have a row that are wanted and new.

        Parameters
        ----------
        text : buffer of bytes
        starts, ends : ndarray of int64, shape (n,)
            Where each word is.

        Returns
        -------
        kept : ndarray of int64, or None
            Which of the words have a row; None if all of them have, as nearly always.
        target : ndarray, shape (words kept, width)
            The rows, which the caller fills.

        Raises
        ------
        UnicodeDecodeError
            If a word is not valid in the encoding.
        """
        used = len(self.index)
        left_out = self._number(text, starts, ends)
        kept = np.delete(np.arange(len(starts)), left_out) if left_out else None
        needed = len(self.index)
        if needed > len(self.room):
            room = memory.empty((max(needed, len(self.room) * 3 // 2), self.width), self.dtype)
            room[:used] = self.room[:used]
            self.room = room
        return kept, self.room[used:needed]

    def matrix(self) -> Array:
        """The rows of all words; if much more was set aside, a copy without it."""
        rows = self.room[: len(self.index)]
        if 2 * len(rows) >= len(self.room):
            return rows
        copy = memory.empty(rows.shape, rows.dtype)
        copy[...] = rows
        return copy

    def _number(self, text: Any, starts: Positions, ends: Positions) -> list[int]:
        """Enter the words into the index; return the positions of those that are left out."""
        left_out: list[int] = []
        at = 0
        while at < len(starts):
            if self._plain:
                at += word2vec_rows.number_words(self.index, text, starts[at:], ends[at:])
                if at == len(starts):
                    break
            word = bytes(text[starts[at] : ends[at]]).decode(self._encoding, self._errors)
            if not self._wants(word):
                left_out.append(at)
            at += 1
        return left_out

    def _wants(self, word: str) -> bool:
        """Whether the vector of `word` is to be kept; if so, gives it the next row."""
        if self._only is not None and word not in self._only:
            return False
        if word in self.index:
            logger.warning("duplicate word %r in word2vec file, ignoring all but first", word)
            return False
        self.index[word] = len(self.index)
        return True
