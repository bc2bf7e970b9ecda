"""The fingerprint of a text: a hash of its words and sentences, taken while they are counted.

A scan numbers the words of a text in the order of first occurrence. The words in this order, the numbers of all tokens
and the lengths of the sentences describe the text completely, and in one way only. Their hash is therefore the same for
a list, an iterable, a plain or compressed file and a column with the same sentences. Sentences without words, which
files do not have, do not count.

`Fingerprint` receives the numbers and lengths in the batches that a scan passes to its sink. It keeps no text, and
costs little more than reading the numbers once.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.formats.keys import encode_keys
from fastw2v.formats.xxh64 import XXH64
from fastw2v.text.encoded_corpus import EncodedCorpus

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
    '986890310a818c56'
    >>> fingerprint_of(iter([("a", "rose"), ("a",)])) == fingerprint_of([["a", "rose"], ["a"]])
    True
    >>> fingerprint_of([["a", "rose", "a"]]) == fingerprint_of([["a", "rose"], ["a"]])
    False
    """

    def __init__(self) -> None:
        self._ids, self._lengths = XXH64(), XXH64()

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

    def value(self, words: Iterable[Any]) -> str:
        """Return the hash as 16 hexadecimal digits; `words` are those of the text, in the order of first occurrence."""
        keys = encode_keys(list(words))
        parts = [_digest(self._ids), _digest(self._lengths)]
        for name in sorted(keys):
            checksum = XXH64()
            checksum.update(_bytes(keys[name], keys[name].dtype.newbyteorder("<").str))
            parts.append(name.encode("ascii") + _digest(checksum))
        whole = XXH64()
        whole.update(functools.reduce(bytes.__add__, parts))
        return f"{whole.value:016x}"


def _digest(checksum: XXH64) -> bytes:
    return int(checksum.value).to_bytes(8, "little")


def _bytes(array: NDArray[Any], dtype: str) -> NDArray[np.uint8]:
    return np.ascontiguousarray(array, dtype=dtype).view(np.uint8)
