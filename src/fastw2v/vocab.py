"""Vocab: a vocabulary on its own, without a model.

`Vocab` is the public facade of `vocabulary.Vocabulary`, the class that models use, with a table of words of its own. It
adds construction from a corpus or from counts, look-up in both directions, growth, and a file format.
"""

from __future__ import annotations

import json
import os
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from fastw2v import corpora
from fastw2v.common.files import open_atomic, open_input
from fastw2v.common.validation import (
    as_flag,
    as_float,
    as_int,
    as_list,
    as_optional_int,
    check_hashable,
    check_mapping,
    check_path,
)
from fastw2v.formats.settings import INT31, SETTINGS, check_fields, integer, unexpected
from fastw2v.text.trim_rule import TrimRule
from fastw2v.vectors.row_table import RowTable
from fastw2v.vocabulary.huffman import HuffmanTree, RaggedArray, huffman
from fastw2v.vocabulary.noise_distribution import noise_table
from fastw2v.vocabulary.selection import Counts, Selection, as_counts, frequency_order, select
from fastw2v.vocabulary.subsampling import (
    as_sample,
    downsampling,
    keep_probabilities,
    sample_ints,
    subsample_threshold,
)
from fastw2v.vocabulary.vocabulary import Vocabulary

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
_OPTIONS = {
    name: SETTINGS[name]
    for name in ("sample", "ns_exponent", "min_count", "max_vocab_size", "max_final_vocab")
}


class Vocab:
    """A vocabulary: words, counts, and the tables that training reads.

    Make one with `from_corpus`, `from_frequencies` or `load`.

    Parameters
    ----------
    words : iterable of hashable
        Distinct words, in the order of their indices.
    counts : sequence of int
        The count of each word.
    sample : float or str, default 1e-3
        Subsampling of frequent words; see `subsample_threshold`.
    ns_exponent : float, default 0.75
        Exponent of the noise distribution; see `noise_table`.
    min_count, max_vocab_size, max_final_vocab
        These limits are kept and apply to later calls of `update`; see `from_corpus`.

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
        If `words` and `counts` differ in length, a count is not a whole number of at least 0, or a word occurs
        twice.

    Examples
    --------
    >>> vocab = Vocab(["the", "cat"], [10, 3])
    >>> vocab["cat"], vocab.count("the")
    (1, 10)
    """

    def __init__(
        self,
        words: Iterable[Hashable],
        counts: Sequence[int] | Counts,
        *,
        sample: float | str | None = 1e-3,
        ns_exponent: float = 0.75,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        max_final_vocab: int | None = None,
    ) -> None:
        self.sample = as_sample("sample", sample)
        self.ns_exponent = as_float("ns_exponent", ns_exponent)
        self.min_count = as_int("min_count", min_count)
        self.max_vocab_size = as_optional_int("max_vocab_size", max_vocab_size, minimum=0)
        self.max_final_vocab = as_optional_int("max_final_vocab", max_final_vocab, minimum=0)
        word_list = as_list("words", words, "words")
        counts = counts if isinstance(counts, np.ndarray) else as_list("counts", counts, "integers")
        if len(counts) != len(word_list):
            raise ValueError(
                f"counts must hold one count a word, got {len(counts)} for {len(word_list)} words"
            )
        self._vocabulary = Vocabulary(RowTable(0))
        self._vocabulary.set_words(word_list, as_counts(counts, word_list), by_frequency=False)
        if len(self.key_to_index) != len(word_list):
            twice = next(word for i, word in enumerate(word_list) if self.key_to_index[word] != i)
            raise ValueError(f"words must be distinct, got {twice!r} more than once")

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name != "_vocabulary"}
        words = {"index_to_key": self.index_to_key, "key_to_index": self.key_to_index, "counts": self.counts}
        return {**words, **state}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        table = RowTable(0)
        table.index_to_key, table.key_to_index = state.pop("index_to_key"), state.pop("key_to_index")
        table.attributes["count"] = state.pop("counts")
        self._vocabulary = Vocabulary(table)
        vars(self).update(state)

    @property
    def index_to_key(self) -> list[Any]:
        """Words by index."""
        return self._vocabulary.table.index_to_key

    @property
    def key_to_index(self) -> dict[Any, int]:
        """Indices by word."""
        return self._vocabulary.table.key_to_index

    @property
    def counts(self) -> Counts:
        """Counts by index."""
        return self._vocabulary.counts

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
        sample: float | str | None = 1e-3,
        ns_exponent: float = 0.75,
        progress_per: int = 10000,
    ) -> Vocab:
        """Count the words of a corpus and make a vocabulary of them.

        Parameters
        ----------
        corpus : iterable of sentences, optional
            Each sentence is an iterable of tokens.
        corpus_file : path, optional
            A text file with one sentence in each line, instead of `corpus`.
        min_count, max_final_vocab, trim_rule
            Which words enter the vocabulary; see `select`.
        max_vocab_size : int, optional
            Delete rare words while counting; see `fastw2v.corpora.scan`.
        sorted_vocab : bool, default True
            Sort the words by descending count. Otherwise they are in the order of their first occurrence.
        sample, ns_exponent
            See `subsample_threshold` and `noise_table`.
        progress_per : int, default 10000
            Log a line after this number of sentences.

        Returns
        -------
        Vocab

        Raises
        ------
        TypeError
            Unless exactly one of `corpus` and `corpus_file` is given.

        Examples
        --------
        >>> Vocab.from_corpus([["the", "cat"], ["the", "dog"]], min_count=1).index_to_key
        ['the', 'dog', 'cat']
        """
        # The arguments are checked before the corpus is read.
        cls((), (), sample=sample, ns_exponent=ns_exponent, max_final_vocab=max_final_vocab)
        min_count = as_int("min_count", min_count)
        sorted_vocab = as_flag("sorted_vocab", sorted_vocab)
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
        sample: float | str | None = 1e-3,
        ns_exponent: float = 0.75,
    ) -> Vocab:
        """Make a vocabulary of counted words.

        Parameters
        ----------
        frequencies : mapping of hashable to int
            The count of each word.
        min_count, max_vocab_size, max_final_vocab, trim_rule, sorted_vocab, sample, ns_exponent
            As for `from_corpus`.

        Returns
        -------
        Vocab

        Examples
        --------
        >>> Vocab.from_frequencies({"rare": 1, "often": 9}, min_count=2).index_to_key
        ['often']
        """
        check_mapping("frequencies", frequencies, "words to counts")
        chosen = select(
            frequencies, min_count=min_count, max_final_vocab=max_final_vocab, trim_rule=trim_rule
        )
        new = cls(
            (),
            (),
            sample=sample,
            ns_exponent=ns_exponent,
            min_count=min_count,
            max_vocab_size=max_vocab_size,
            max_final_vocab=max_final_vocab,
        )
        new._vocabulary.set_words(
            chosen.words, chosen.counts, by_frequency=as_flag("sorted_vocab", sorted_vocab)
        )
        return new

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
        """Add the words and counts of another corpus.

        Known words keep their indices, and their counts are increased. A new word is added if it occurs at least
        `min_count` times in the new corpus. New words are appended in the order of their first occurrence. Keep
        probabilities, noise table and Huffman codes follow from the merged counts.

        Parameters
        ----------
        corpus, corpus_file, frequencies
            What to add; exactly one of them.
        min_count : int, optional
            Least count of a new word; by default that of the vocabulary.
        trim_rule, progress_per
            As for `from_corpus`.

        Returns
        -------
        int
            Number of words that were appended.

        Raises
        ------
        TypeError
            Unless exactly one source is given.

        Examples
        --------
        >>> vocab = Vocab(["the"], [10], min_count=2)
        >>> vocab.update([["the", "new", "word"], ["new"]])
        1
        >>> vocab.index_to_key, vocab.counts.tolist()
        (['the', 'new'], [11, 2])
        """
        min_count = self.min_count if min_count is None else as_int("min_count", min_count)
        if frequencies is None:
            frequencies = corpora.scan(
                corpora.open_corpus(corpus, corpus_file, 1),
                max_vocab_size=self.max_vocab_size,
                trim_rule=trim_rule,
                progress_per=progress_per,
            ).counts
        elif corpus is not None or corpus_file is not None:
            raise TypeError("frequencies must not be given together with corpus or corpus_file")
        check_mapping("frequencies", frequencies, "words to counts")
        chosen = select(
            frequencies,
            min_count=min_count,
            max_final_vocab=self.max_final_vocab,
            trim_rule=trim_rule,
        )
        n_new = self._vocabulary.add_counts(chosen, frequencies)
        for table in ("keep_probabilities", "noise_table", "huffman"):
            vars(self).pop(table, None)
        return n_new

    # --- tables, which are made when they are first used

    @cached_property
    def keep_probabilities(self) -> npt.NDArray[np.float64]:
        """Probability that an occurrence of a word is trained, by index, shape (words,)."""
        return keep_probabilities(self.counts, subsample_threshold(self.total, self.sample, self.counts))

    @cached_property
    def noise_table(self) -> npt.NDArray[np.uint32]:
        """Cumulative noise distribution, shape (words,); see the function `noise_table`."""
        return noise_table(self.counts, self.ns_exponent)

    @cached_property
    def huffman(self) -> HuffmanTree:
        """Huffman tree of the words."""
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
        except TypeError:
            check_hashable("a word", word)
            raise
        except KeyError:
            raise KeyError(f"{word!r} is not in the vocabulary") from None

    def get(self, word: Any, default: int | None = None) -> int | None:
        """Return the index of `word`, or `default` if it is unknown.

        Parameters
        ----------
        word : hashable
        default : int, optional

        Returns
        -------
        int or None

        Examples
        --------
        >>> vocab = Vocab(["the", "cat"], [10, 3])
        >>> vocab.get("cat"), vocab.get("dog", -1)
        (1, -1)
        """
        check_hashable("word", word)
        return self.key_to_index.get(word, default)

    def count(self, word: Any) -> int:
        """Return the count of `word`; 0 if it is unknown.

        Parameters
        ----------
        word : hashable

        Returns
        -------
        int

        Examples
        --------
        >>> vocab = Vocab(["the", "cat"], [10, 3])
        >>> vocab.count("cat"), vocab.count("dog")
        (3, 0)
        """
        check_hashable("word", word)
        index = self.key_to_index.get(word)
        return 0 if index is None else int(self.counts[index])

    def to_ids(self, words: Iterable[Any], default: int | None = None) -> npt.NDArray[np.int64]:
        """Return the indices of `words`.

        Parameters
        ----------
        words : iterable of hashable
        default : int, optional
            The index of unknown words; without it they are errors.

        Returns
        -------
        ndarray of int64, shape (len(words),)

        Raises
        ------
        KeyError
            If a word is unknown and `default` is None.

        Examples
        --------
        >>> vocab = Vocab(["the", "cat"], [10, 3])
        >>> vocab.to_ids(["cat", "dog"], default=-1).tolist()
        [1, -1]
        """
        words, default = as_list("words", words, "words"), as_optional_int("default", default)
        if default is None:
            return np.array([self._index(word) for word in words], dtype=np.int64)
        return np.array([self.key_to_index.get(word, default) for word in words], dtype=np.int64)

    def to_words(self, ids: Iterable[int]) -> list[Any]:
        """Return the words with the indices `ids`.

        Parameters
        ----------
        ids : iterable of int

        Returns
        -------
        list of hashable

        Raises
        ------
        IndexError
            If an index is negative or too large.

        Examples
        --------
        >>> Vocab(["the", "cat"], [10, 3]).to_words([1, 0])
        ['cat', 'the']
        """
        return [self.lookup_token(i) for i in as_list("ids", ids, "integers")]

    @property
    def stoi(self) -> dict[Any, int]:
        """Index of each word: `key_to_index`, under the name that PyTorch code uses."""
        return self.key_to_index

    @property
    def itos(self) -> list[Any]:
        """Word of each index: `index_to_key`, under the name that PyTorch code uses."""
        return self.index_to_key

    @overload
    def get_index(self, word: list[Any], default: int | None = None) -> list[int]: ...

    @overload
    def get_index(self, word: Any, default: int | None = None) -> int: ...

    def get_index(self, word: Any, default: int | None = None) -> Any:
        """Return the index of a word, or the indices of a list of words.

        `get_index`, `get_freq` and `lookup_token` have the names of the class `Vocab` in Breslow, "Implementing
        Word2vec in PyTorch from the Ground Up". That class has a special word for all unknown words; here, `default` is
        used instead.

        Parameters
        ----------
        word : hashable, or list or ndarray of these
        default : int, optional
            The index of unknown words; without it they are errors.

        Returns
        -------
        int or list of int

        Raises
        ------
        KeyError
            If a word is unknown and `default` is None.

        Examples
        --------
        >>> vocab = Vocab(["the", "cat"], [10, 3])
        >>> vocab.get_index("cat"), vocab.get_index(["cat", "dog"], default=-1)
        (1, [1, -1])
        """
        default = as_optional_int("default", default)
        if isinstance(word, (list, np.ndarray)):
            return [self.get_index(each, default) for each in word]
        return self._index(word) if default is None or word in self else default

    @overload
    def get_freq(self, word: list[Any]) -> list[int]: ...

    @overload
    def get_freq(self, word: Any) -> int: ...

    def get_freq(self, word: Any) -> Any:
        """Return the count of a word, or the counts of a list of words; that of an unknown word is 0.

        Parameters
        ----------
        word : hashable, or list or ndarray of these

        Returns
        -------
        int or list of int

        Examples
        --------
        >>> vocab = Vocab(["the", "cat"], [10, 3])
        >>> vocab.get_freq("the"), vocab.get_freq(["cat", "dog"])
        (10, [3, 0])
        """
        if isinstance(word, (list, np.ndarray)):
            return [self.count(each) for each in word]
        return self.count(word)

    def lookup_token(self, index: Any) -> Any:
        """Return the word with the index `index`, or the words with the indices in a list.

        Parameters
        ----------
        index : int, or list or ndarray of int

        Returns
        -------
        hashable or list of hashable

        Raises
        ------
        IndexError
            If an index is negative or too large.

        Examples
        --------
        >>> vocab = Vocab(["the", "cat"], [10, 3])
        >>> vocab.lookup_token(1), vocab.lookup_token([1, 0])
        ('cat', ['cat', 'the'])
        """
        if isinstance(index, (list, np.ndarray)):
            return self.to_words(index)
        index = as_int("index", index)
        if not 0 <= index < len(self):
            raise IndexError(f"index {index} is out of range for {len(self)} words")
        return self.index_to_key[index]

    def lookup_tokens(self, indices: Iterable[int]) -> list[Any]:
        """Return the words with the given indices; `to_words` under the name that PyTorch code uses.

        Parameters
        ----------
        indices : iterable of int

        Returns
        -------
        list of hashable

        Raises
        ------
        IndexError
            If an index is negative or too large.

        Examples
        --------
        >>> Vocab(["the", "cat"], [10, 3]).lookup_tokens([1, 0])
        ['cat', 'the']
        """
        return self.to_words(as_list("indices", indices, "integers"))

    def lookup_indices(self, tokens: Iterable[Any]) -> list[int]:
        """Return the indices of the given words, under the name that PyTorch code uses.

        Parameters
        ----------
        tokens : iterable of hashable

        Returns
        -------
        list of int

        Raises
        ------
        KeyError
            If a word is unknown.

        Examples
        --------
        >>> Vocab(["the", "cat"], [10, 3]).lookup_indices(["cat", "the"])
        [1, 0]
        """
        return [self._index(token) for token in as_list("tokens", tokens, "words")]

    # --- files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the vocabulary as one JSON document.

        Parameters
        ----------
        path : str or os.PathLike
            The file is saved atomically. It is compressed according to its suffix (".gz", ".bz2", ".xz", ".zst").

        Raises
        ------
        TypeError
            If a word is neither a str nor an int.
        ValueError
            If an option, such as `sample`, has a value that `load` refuses.

        Examples
        --------
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Vocab(["the", "cat"], [10, 3]).save(os.path.join(folder, "vocab.json"))
        ...     print(Vocab.load(os.path.join(folder, "vocab.json")))
        <Vocab of 2 words, 13 tokens>
        """
        check_fields(vars(self), _OPTIONS)
        document = {
            "format": _FORMAT,
            "version": _VERSION,
            "sample": self.sample,
            "ns_exponent": self.ns_exponent,
            "min_count": self.min_count,
            "max_vocab_size": self.max_vocab_size,
            "max_final_vocab": self.max_final_vocab,
            "counts": self.counts.tolist(),
            "words": [_as_json_key(word) for word in self.index_to_key],
        }
        with open_atomic(path, "w") as file:
            json.dump(document, file, allow_nan=False)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocab:
        """Load a vocabulary from a file of `save`.

        Parameters
        ----------
        path : str or os.PathLike

        Returns
        -------
        Vocab

        Raises
        ------
        ValueError
            If the file does not contain a vocabulary, or is damaged.

        Examples
        --------
        See `save`.
        """
        check_path("path", path)
        name = os.fspath(path)
        with open_input(path) as file:
            content = file.read()
        try:
            document = check_fields(json.loads(content), {"version": integer(1, INT31), **_OPTIONS})
            if document["format"] != _FORMAT:
                raise unexpected("format", document["format"], _FORMAT)
            if document["version"] > _VERSION:
                raise ValueError(f"its version {document['version']} needs a newer fastw2v")
            words, counts = document["words"], document["counts"]
            for field, value in (("words", words), ("counts", counts)):
                if not isinstance(value, list):
                    raise unexpected(field, value, "a list")
            return cls(map(_as_json_key, words), counts, **{option: document[option] for option in _OPTIONS})
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
            raise ValueError(f"{name} is not a vocabulary written by Vocab.save: {error}") from error


def _as_json_key(word: Any) -> str | int:
    if isinstance(word, str):
        return str(word)
    if isinstance(word, (int, np.integer)) and not isinstance(word, bool):
        return int(word)
    raise TypeError(f"only str and int words can be saved, got {word!r:.80} ({type(word).__name__})")


# Pickles name the public module.
for _class in (HuffmanTree, RaggedArray, Selection):
    _class.__module__ = __name__
