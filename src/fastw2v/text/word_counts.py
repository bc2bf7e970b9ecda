"""What a text was found to consist of: words and their counts, of which only those asked for become Python strings.

Most words of a text are rare and leave the vocabulary as soon as it is chosen. Making strings of them, and a dict of
the strings, would take longer than a processor core needs to count them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from fastw2v.text import tokenizer

__all__ = ["ChosenWords", "WordCounts"]


class WordCounts(Mapping[Any, int]):
    """The count of each word, in the order in which the words came up.

    Parameters
    ----------
    words : tokenizer.Words
        The words; no more may be added.
    totals : ndarray of int64, shape (words,)
        Their counts.
    """

    def __init__(self, words: tokenizer.Words, totals: NDArray[np.int64]) -> None:
        self._words = words
        self.totals = totals
        self._dict: dict[Any, int] | None = None

    def as_dict(self) -> dict[Any, int]:
        """Return all words and counts as a dict, the same one each time."""
        if self._dict is None:
            self._dict = dict(zip(self._words.decoded(), self.totals.tolist(), strict=True))
        return self._dict

    def chosen(self, numbers: NDArray[np.int64]) -> ChosenWords:
        """Return the words of those numbers, 0 being the first."""
        return ChosenWords(self._words, numbers)

    def numbers(self, words: Sequence[Any]) -> NDArray[np.int64]:
        """Return the number of each of `words`, -1 for one that did not come up."""
        return self._words.numbers(words)

    def __getitem__(self, word: Any) -> int:
        return self.as_dict()[word]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.as_dict())

    def __len__(self) -> int:
        return len(self.totals)


class ChosenWords(Sequence[str]):
    """Some words of a `WordCounts`, which become strings when they are looked at.

    Parameters
    ----------
    words : tokenizer.Words
    numbers : ndarray of int64
        Which words.
    """

    def __init__(self, words: tokenizer.Words, numbers: NDArray[np.int64]) -> None:
        self._words = words
        self._numbers = numbers
        self._list: list[str] | None = None

    def ordered(self, order: NDArray[np.int64]) -> list[str]:
        """Return ``[self[i] for i in order]``; strings made in their order also lie so in memory."""
        return self._words.decoded(self._numbers[order])

    def _all(self) -> list[str]:
        if self._list is None:
            self._list = self._words.decoded(self._numbers)
        return self._list

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self._all()[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._numbers)
