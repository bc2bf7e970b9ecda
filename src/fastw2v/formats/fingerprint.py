"""The fingerprint of a text: a hash of its words and sentences, taken while they are counted.

A scan numbers the words of a text in the order of first occurrence. The words in this order, the numbers of all tokens
and the lengths of the sentences describe the text completely, and in one way only. Their hash is therefore the same for
a list, an iterable, a plain or compressed file and a column with the same sentences. Sentences without words, which
files do not have, do not count.

`Fingerprint` receives the numbers and lengths in the batches that a scan passes to its sink. It keeps no text, and
costs little more than reading the numbers once. The words are hashed in pieces, so that those of a long text need not
all become strings at a time.

A scan that forgets rare words (`max_vocab_size`) has no such numbers, since a forgotten word that occurs again gets
another one. `Fingerprint.watch` then hashes the text of each token. This hash is the same for all forms of a text, too,
but differs from that of a scan which remembers all words.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.formats.xxh64 import XXH64
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.tokens import as_word
from fastw2v.text.word_counts import WordCounts

_BATCH = 1 << 18  # tokens and sentences of an encoded corpus that are renumbered at a time


class Fingerprint:
    """The hash of a text that is passed in batches of provisional ids.

    Examples
    --------
    >>> from fastw2v.corpora import scan
    >>> from fastw2v.formats.fingerprint import Fingerprint
    >>> def fingerprint_of(text):
    ...     fingerprint = Fingerprint()
    ...     return fingerprint.value(scan(text, digest=fingerprint).counts)
    >>> fingerprint_of([["a", "rose"], [], ["a"]])
    '25ccea7eacb40a1c'
    >>> fingerprint_of(iter([("a", "rose"), ("a",)])) == fingerprint_of([["a", "rose"], ["a"]])
    True
    >>> fingerprint_of([["a", "rose", "a"]]) == fingerprint_of([["a", "rose"], ["a"]])
    False
    """

    def __init__(self) -> None:
        self._ids, self._lengths = XXH64(), XXH64()
        self._watched: _TokenHash | None = None

    def append(
        self, ids: NDArray[np.int32], lengths: NDArray[np.int64], raw_lengths: NDArray[np.int64]
    ) -> None:
        """Add the next ids, and the lengths of the sentences that end within them."""
        self._ids.update(_bytes(ids, "<i4"))
        self._lengths.update(_bytes(raw_lengths[raw_lengths != 0], "<i8"))

    def append_corpus(self, corpus: EncodedCorpus) -> None:
        """Add a whole corpus that knows its words, by the order in which they occur."""
        assert corpus.first_seen is not None
        numbers = np.full(len(corpus.known_words()), -1, dtype=np.int32)
        numbers[corpus.first_seen] = np.arange(len(corpus.first_seen), dtype=np.int32)
        nothing = np.empty(0, dtype=np.int64)
        for first in range(0, corpus.n_tokens, _BATCH):
            self.append(numbers[corpus.ids[first : first + _BATCH]], nothing, nothing)
        for first in range(0, corpus.n_sentences, _BATCH):
            self.append(numbers[:0], nothing, np.asarray(corpus.raw_lengths[first : first + _BATCH]))

    def watch(self, sentences: Iterable[Any]) -> Iterator[Any]:
        """Yield sentences as they are, and hash the text of their tokens."""
        self._watched = watched = _TokenHash()
        for sentence in sentences:
            each = list(sentence) if isinstance(sentence, Iterator) else sentence
            yield each
            watched.add(each)  # not before the scan has accepted it

    def value(self, counts: Mapping[Any, int]) -> str:
        """Return the hash as 16 hexadecimal digits; `counts` are those of the scan, in its order."""
        if self._watched is not None:
            return self._watched.value()
        words, ends = XXH64(), XXH64()
        n_words = n_bytes = 0
        for keys in _pieces(counts):
            texts = list(map(_encode, keys))
            lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
            words.update(np.frombuffer(b"".join(texts), dtype=np.uint8))
            ends.update(_bytes(np.cumsum(lengths) + n_bytes, "<i8"))
            n_words, n_bytes = n_words + len(texts), n_bytes + int(lengths.sum())
        return _combined(self._ids, self._lengths, words, ends)


class _TokenHash:
    """The hash of the tokens and the lengths of sentences that are passed one by one."""

    def __init__(self) -> None:
        self._texts, self._token_lengths, self._lengths = XXH64(), XXH64(), XXH64()
        self._pending: tuple[list[bytes], list[int], list[int]] = ([], [], [])

    def add(self, sentence: Iterable[Any]) -> None:
        """Add a sentence that a scan has accepted; without tokens, it does not count."""
        texts, token_lengths, lengths = self._pending
        tokens: list[Any] = list(sentence)
        if not tokens:
            return
        try:
            text = _joined(tokens)
        except TypeError:  # some tokens are no str
            tokens = [as_word(token) for token in tokens]
            try:
                text = _joined(tokens)
            except TypeError:  # some words are integers
                tokens = [_encode(word) for word in tokens]
                text = b"".join(tokens)
        texts.append(text)
        token_lengths.extend(map(len, tokens))
        lengths.append(len(tokens))
        if len(token_lengths) >= _BATCH:
            self._flush()

    def value(self) -> str:
        """Return the hash as 16 hexadecimal digits."""
        self._flush()
        return _combined(self._texts, self._token_lengths, self._lengths)

    def _flush(self) -> None:
        texts, token_lengths, lengths = self._pending
        self._texts.update(np.frombuffer(b"".join(texts), dtype=np.uint8))
        self._token_lengths.update(_bytes(np.array(token_lengths, dtype=np.int64), "<i8"))
        self._lengths.update(_bytes(np.array(lengths, dtype=np.int64), "<i8"))
        self._pending = ([], [], [])


def _joined(words: Sequence[str]) -> bytes:
    return "".join(words).encode("utf-8", "surrogatepass")


def _combined(*checksums: XXH64) -> str:
    """Return the hash of some hashes as 16 hexadecimal digits."""
    whole = XXH64()
    for checksum in checksums:
        whole.update(int(checksum.value).to_bytes(8, "little"))
    return f"{whole.value:016x}"


def _pieces(counts: Mapping[Any, int]) -> Iterator[Sequence[Any]]:
    """Yield the words of a scan, some at a time."""
    if isinstance(counts, WordCounts):
        for first in range(0, len(counts), _BATCH):
            yield counts.select(np.arange(first, min(first + _BATCH, len(counts)), dtype=np.int64))
    else:
        words = iter(counts)
        while piece := list(itertools.islice(words, _BATCH)):
            yield piece


def _encode(key: Any) -> bytes:
    """Return a word as bytes; those of an integer, which is no text, begin with a byte that UTF-8 does not have."""
    if isinstance(key, str):
        return key.encode("utf-8", "surrogatepass")
    return b"\xff" + str(key).encode("ascii")


def _bytes(array: NDArray[Any], dtype: str) -> NDArray[np.uint8]:
    return np.ascontiguousarray(array, dtype=dtype).view(np.uint8)
