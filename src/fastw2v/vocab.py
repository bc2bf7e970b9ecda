"""The whole vocabulary as a public class: words, counts, and all that follows from them.

`Vocab` puts the choice of words (`selection`), the sampling tables and the Huffman codes together as a vocabulary
that can be grown, looked up both ways, saved and loaded on its own.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from fastw2v import corpora
from fastw2v.common.files import open_atomic, open_input
from fastw2v.text.trim_rule import TrimRule
from fastw2v.vocabulary.huffman import HuffmanTree, RaggedArray, huffman
from fastw2v.vocabulary.sampling import (
    downsampling,
    keep_probabilities,
    noise_table,
    sample_ints,
    subsample_threshold,
)
from fastw2v.vocabulary.selection import Counts, Selection, as_counts, frequency_order, in_order, select

__all__ = [
    "HuffmanTree",
    "RaggedArray",
    "Selection",
    "Vocab",
    "downsampling",
    "frequency_order",
    "huffman",
    "keep_probabilities",
    "noise_table",
    "sample_ints",
    "select",
    "subsample_threshold",
]

_FORMAT = "fastw2v vocabulary"
_VERSION = 1


class Vocab:
    """A whole vocabulary: words, counts, and the tables that training draws from.

    Make one with :meth:`from_corpus`, :meth:`from_frequencies` or :meth:`load`.

    Parameters
    ----------
    words
        Distinct hashable words, in the order of their indices.
    counts
        Count of each.
    sample
        Subsampling of frequent words, see `fastw2v.vocabulary.sampling.subsample_threshold`.
    ns_exponent
        Exponent of the noise distribution, see `fastw2v.vocabulary.sampling.noise_table`.
    min_count, max_vocab_size, max_final_vocab
        Kept for :meth:`update`.

    Attributes
    ----------
    index_to_key : list
        Words by index.
    key_to_index : dict
        Indices by word.
    counts : ndarray of int64, shape (words,)
        Counts by index.

    Raises
    ------
    ValueError
        If `words` and `counts` differ in length, a count is no whole number of at least 0, or a word occurs
        twice.
    """

    def __init__(
        self,
        words: Iterable[Hashable],
        counts: Sequence[int] | Counts,
        *,
        sample: float | None = 1e-3,
        ns_exponent: float = 0.75,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        max_final_vocab: int | None = None,
    ) -> None:
        self.index_to_key: list[Any] = list(words)
        self.key_to_index: dict[Any, int] = {word: i for i, word in enumerate(self.index_to_key)}
        self.sample = sample
        self.ns_exponent = ns_exponent
        self.min_count = min_count
        self.max_vocab_size = max_vocab_size
        self.max_final_vocab = max_final_vocab
        if len(counts) != len(self.index_to_key):
            raise ValueError(
                f"counts must hold one count a word, got {len(counts)} for {len(self.index_to_key)} words"
            )
        self.counts: Counts = as_counts(counts, self.index_to_key)
        if len(self.key_to_index) != len(self.index_to_key):
            twice = next(w for i, w in enumerate(self.index_to_key) if self.key_to_index[w] != i)
            raise ValueError(f"words must be distinct, got {twice!r} more than once")

    @classmethod
    def from_corpus(
        cls,
        corpus: Iterable[Any] | None = None,
        *,
        corpus_file: corpora.Source | None = None,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        max_final_vocab: int | None = None,
        trim_rule: TrimRule | None = None,
        sorted_vocab: bool = True,
        sample: float | None = 1e-3,
        ns_exponent: float = 0.75,
        progress_per: int = 10000,
    ) -> Vocab:
        """Count the words of a corpus and make a vocabulary of them.

        Parameters
        ----------
        corpus, corpus_file
            An iterable of sentences (each an iterable of tokens), or the path of a text with one sentence a
            line.
        min_count, max_final_vocab, trim_rule
            Which words stay, see :func:`select`.
        max_vocab_size
            Prune rare words while counting, see `fastw2v.corpora.scan`.
        sorted_vocab
            Order the words by descending count; else they stay in first-seen order.
        sample, ns_exponent
            See `subsample_threshold` and `noise_table` of `fastw2v.vocabulary.sampling`.
        progress_per
            Log a line every so many sentences.
        """
        found = corpora.scan(
            corpora.open_corpus(corpus, corpus_file, 1),
            max_vocab_size=max_vocab_size,
            trim_rule=trim_rule,
            progress_per=progress_per,
        )
        return cls.from_frequencies(
            found.counts,
            min_count=min_count,
            max_vocab_size=max_vocab_size,
            max_final_vocab=max_final_vocab,
            trim_rule=trim_rule,
            sorted_vocab=sorted_vocab,
            sample=sample,
            ns_exponent=ns_exponent,
        )

    @classmethod
    def from_frequencies(
        cls,
        frequencies: Mapping[Any, int],
        *,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        max_final_vocab: int | None = None,
        trim_rule: TrimRule | None = None,
        sorted_vocab: bool = True,
        sample: float | None = 1e-3,
        ns_exponent: float = 0.75,
    ) -> Vocab:
        """Make a vocabulary of words counted elsewhere; the parameters are those of `from_corpus`."""
        chosen = select(
            frequencies, min_count=min_count, max_final_vocab=max_final_vocab, trim_rule=trim_rule
        )
        words, counts = chosen.words, chosen.counts
        if sorted_vocab:
            order = frequency_order(counts)
            words, counts = in_order(words, order), counts[order]
        return cls(
            words,
            counts,
            sample=sample,
            ns_exponent=ns_exponent,
            min_count=min_count,
            max_vocab_size=max_vocab_size,
            max_final_vocab=max_final_vocab,
        )

    def update(
        self,
        corpus: Iterable[Any] | None = None,
        *,
        corpus_file: corpora.Source | None = None,
        frequencies: Mapping[Any, int] | None = None,
        min_count: int | None = None,
        trim_rule: TrimRule | None = None,
        progress_per: int = 10000,
    ) -> int:
        """Grow the vocabulary by another corpus, or by frequencies.

        Words already known keep their indices and add their new count. New words that pass `min_count` within
        what is added are appended in the order in which they were seen. Keep probabilities, noise table and
        Huffman codes follow from the merged counts.

        Parameters
        ----------
        corpus, corpus_file, frequencies
            What to add, exactly one of them.
        min_count
            Least count of a new word; None for the vocabulary's own.
        trim_rule, progress_per
            As for `from_corpus`.

        Returns
        -------
        int
            How many words were appended.

        Raises
        ------
        TypeError
            Unless exactly one source is given.
        """
        if frequencies is None:
            frequencies = corpora.scan(
                corpora.open_corpus(corpus, corpus_file, 1),
                max_vocab_size=self.max_vocab_size,
                trim_rule=trim_rule,
                progress_per=progress_per,
            ).counts
        elif corpus is not None or corpus_file is not None:
            raise TypeError("frequencies must not be given together with corpus or corpus_file")
        chosen = select(
            frequencies,
            min_count=self.min_count if min_count is None else min_count,
            max_final_vocab=self.max_final_vocab,
            trim_rule=trim_rule,
        )
        counts = self.counts.copy()
        for word, count in frequencies.items():
            index = self.key_to_index.get(word)
            if index is not None:
                counts[index] += count
        new = [word not in self.key_to_index for word in chosen.words]
        words = list(itertools.compress(chosen.words, new))
        first = len(self)
        self.counts = np.concatenate((counts, chosen.counts[np.array(new, dtype=np.bool_)]))
        self.index_to_key += words
        self.key_to_index.update(zip(words, itertools.count(first)))
        for table in ("keep_probabilities", "noise_table", "huffman"):
            self.__dict__.pop(table, None)
        return len(words)

    # --- tables, made on first use

    @cached_property
    def keep_probabilities(self) -> npt.NDArray[np.float64]:
        """Probability with which each occurrence of a word is trained on, shape (words,)."""
        return keep_probabilities(self.counts, subsample_threshold(self.total, self.sample))

    @cached_property
    def noise_table(self) -> npt.NDArray[np.uint32]:
        """Cumulative noise distribution, shape (words,); see the function of that name."""
        return noise_table(self.counts, self.ns_exponent)

    @cached_property
    def huffman(self) -> HuffmanTree:
        """Huffman codes of the words."""
        return huffman(self.counts)

    @property
    def total(self) -> int:
        """Sum of all counts."""
        return int(self.counts.sum())

    # --- look-ups

    def __len__(self) -> int:
        return len(self.index_to_key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.index_to_key)

    def __contains__(self, word: object) -> bool:
        return word in self.key_to_index

    def __repr__(self) -> str:
        return f"<Vocab of {len(self)} words, {self.total} tokens>"

    @overload
    def __getitem__(self, word: list[Any]) -> list[int]: ...

    @overload
    def __getitem__(self, word: Any) -> int: ...

    def __getitem__(self, word: Any) -> Any:
        """Return the index of one word, or the indices of a list or array of them; KeyError if unknown."""
        if isinstance(word, (list, np.ndarray)):
            return [self._index(each) for each in word]
        return self._index(word)

    def _index(self, word: Any) -> int:
        try:
            return self.key_to_index[word]
        except KeyError:
            raise KeyError(f"{word!r} is not in the vocabulary") from None

    def get(self, word: Any, default: int | None = None) -> int | None:
        """Return the index of `word`, or `default` if it is unknown."""
        return self.key_to_index.get(word, default)

    def count(self, word: Any) -> int:
        """Return how often `word` was seen; 0 if it is unknown."""
        index = self.key_to_index.get(word)
        return 0 if index is None else int(self.counts[index])

    def to_ids(self, words: Iterable[Any], default: int | None = None) -> npt.NDArray[np.int64]:
        """Return the indices of `words`, with `default` for unknown ones.

        Raises
        ------
        KeyError
            If a word is unknown and `default` is None.
        """
        if default is None:
            return np.array([self._index(word) for word in words], dtype=np.int64)
        return np.array([self.key_to_index.get(word, default) for word in words], dtype=np.int64)

    def to_words(self, ids: Iterable[int]) -> list[Any]:
        """Return the words with the indices `ids`.

        Raises
        ------
        IndexError
            If an index is negative or too large.
        """
        return [self.lookup_token(i) for i in ids]

    @property
    def stoi(self) -> dict[Any, int]:
        """Index of each word: `key_to_index` under the name that PyTorch code uses."""
        return self.key_to_index

    @property
    def itos(self) -> list[Any]:
        """Word of each index: `index_to_key` under the name that PyTorch code uses."""
        return self.index_to_key

    def lookup_token(self, index: int) -> Any:
        """Return the word with that index."""
        if not 0 <= index < len(self):
            raise IndexError(f"index {index} is out of range for {len(self)} words")
        return self.index_to_key[index]

    def lookup_tokens(self, indices: Iterable[int]) -> list[Any]:
        """Return the words with those indices."""
        return self.to_words(indices)

    def lookup_indices(self, tokens: Iterable[Any]) -> list[int]:
        """Return the indices of those words."""
        return [self._index(token) for token in tokens]

    # --- files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the vocabulary to `path` as one JSON document, replacing an older file only once it is whole.

        A suffix ".gz", ".bz2", ".xz" or ".zst" compresses it.

        Raises
        ------
        TypeError
            If a word is neither a str nor an int.
        """
        document = {
            "format": _FORMAT,
            "version": _VERSION,
            "sample": self.sample,
            "ns_exponent": self.ns_exponent,
            "min_count": self.min_count,
            "max_vocab_size": self.max_vocab_size,
            "max_final_vocab": self.max_final_vocab,
            "counts": self.counts.tolist(),
            "words": [_plain(word) for word in self.index_to_key],
        }
        with open_atomic(path, "w") as file:
            json.dump(document, file, allow_nan=False)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocab:
        """Read a vocabulary that :meth:`save` wrote.

        Raises
        ------
        ValueError
            If the file is something else, or damaged.
        """
        name = os.fspath(path)
        with open_input(path) as file:
            content = file.read()
        try:
            document = json.loads(content)
            if document["format"] != _FORMAT:
                raise ValueError(f"its format is {document['format']!r}")
            if document["version"] > _VERSION:
                raise ValueError(f"its version {document['version']} needs a newer fastw2v")
            words, counts = document["words"], document["counts"]
            if not (isinstance(words, list) and isinstance(counts, list)):
                raise ValueError("its words and counts are no lists")
            options = ("sample", "ns_exponent", "min_count", "max_vocab_size", "max_final_vocab")
            return cls(map(_plain, words), counts, **{option: document[option] for option in options})
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
            raise ValueError(f"{name} is not a vocabulary written by Vocab.save: {error}") from error


def _plain(word: Any) -> str | int:
    if isinstance(word, str):
        return str(word)
    if isinstance(word, (int, np.integer)) and not isinstance(word, bool):
        return int(word)
    raise TypeError(f"only str and int words can be saved, got {word!r:.80} ({type(word).__name__})")
