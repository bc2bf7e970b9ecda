"""Words and their counts, as bytes that become Python strings only on request.

Most words of a text are rare and leave the vocabulary as soon as it is chosen. Making strings of all words, and a
dict of the strings, would take longer than counting the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from fastw2v.text.tokenizer import WordTable

__all__ = ["SelectedWords", "WordCounts"]


class WordCounts(Mapping[Any, int]):
    """The count of each word, in the order of first occurrence.

    A word has a number: its position in that order, from 0.

    Parameters
    ----------
    words : WordTable
        The words. No word may be added afterwards.
    totals : ndarray of int64, shape (words,)
        Their counts.
    """

    def __init__(self, words: WordTable, totals: NDArray[np.int64]) -> None:
        self._words = words
        self.totals = totals
        self._dict: dict[Any, int] | None = None

    def as_dict(self) -> dict[Any, int]:
        """Return all words and counts as a dict, the same object on each call."""
        if self._dict is None:
            self._dict = dict(zip(self._words.decode(), self.totals.tolist(), strict=True))
        return self._dict

    def select(self, numbers: NDArray[np.int64]) -> SelectedWords:
        """Return the words with the given numbers."""
        return SelectedWords(self._words, numbers)

    def numbers(self, words: Sequence[Any]) -> NDArray[np.int64]:
        """Return the number of each of `words`, -1 for a word that did not occur."""
        return self._words.numbers(words)

    def __getitem__(self, word: Any) -> int:
        return self.as_dict()[word]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.as_dict())

    def __len__(self) -> int:
        return len(self.totals)


class SelectedWords(Sequence[str]):
    """Some words of a `WordCounts`, which become strings on first access.

    Parameters
    ----------
    words : WordTable
        All words.
    numbers : ndarray of int64
        Numbers of the selected words.
    """

    def __init__(self, words: WordTable, numbers: NDArray[np.int64]) -> None:
        self._words = words
        self._numbers = numbers
        self._list: list[str] | None = None

    def reordered(self, order: NDArray[np.int64]) -> list[str]:
        """Return ``[self[i] for i in order]``.

        The strings are made in this order, so that they also lie in memory in this order.
        """
        return self._words.decode(self._numbers[order])

    def _as_list(self) -> list[str]:
        if self._list is None:
            self._list = self._words.decode(self._numbers)
        return self._list

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self._as_list()[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._as_list())

    def __len__(self) -> int:
        return len(self._numbers)
