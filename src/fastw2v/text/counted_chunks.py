"""Reading a text once: chunks of whole sentences, each counted and encoded by provisional ids in one pass.

A text of any length needs the memory of one chunk. The provisional ids of a chunk are the numbers of its words in the
order of first occurrence, as `scanning` has them for a whole corpus; `scanning.renumber` replaces them once the
vocabulary has taken up the words of the chunk.

Text files are read by the compiled reader, without a Python object for each token; all other corpora go token by token
through `token_encoder`. The chunks are the same. A chunk may end within a block of the reader. The words of a block
therefore get their provisional ids in each chunk anew, and the reader forgets its words after the block in which a
chunk ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.files import local_path
from fastw2v.text import file_reader, token_encoder
from fastw2v.text.corpus_builder import CorpusBuilder
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.tokenizer import SentenceSplitter, WordTable


@dataclass(frozen=True, eq=False)
class CountedChunk:
    """Some sentences of a text.

    Attributes
    ----------
    counts : dict of word to int
        The count of each word, in the order of first occurrence.
    provisional : EncodedCorpus
        The sentences; id ``i`` is the ``i``-th word of `counts`.
    """

    counts: dict[Any, int]
    provisional: EncodedCorpus


def counted_chunks(corpus: Iterable[Any], chunk_words: int) -> Iterator[CountedChunk]:
    """Yield a corpus in chunks of at least `chunk_words` raw words, the last one excepted.

    No sentence is read before the chunk that it belongs to is asked for, except that text files are read in blocks. A
    named pipe is not: a chunk is complete when its last line has arrived.

    Examples
    --------
    >>> from fastw2v.text.counted_chunks import counted_chunks
    >>> sentences = iter([["a", "rose"], ["is", "a", "rose"], ["is", "it"]])
    >>> for chunk in counted_chunks(sentences, chunk_words=4):
    ...     print(chunk.counts, chunk.provisional.ids.tolist())
    {'a': 2, 'rose': 2, 'is': 1} [0, 1, 2, 0, 1]
    {'is': 1, 'it': 1} [0, 1]
    """
    text = file_reader.files_of(corpus)
    if text is None or any(map(_is_pipe, text.paths)):
        return _chunks_of_sentences(iter(corpus), chunk_words)
    return _chunks_of_text(text, chunk_words)


def _is_pipe(path: Any) -> bool:
    """Return whether a file may receive its text while it is read, as a named pipe does."""
    if isinstance(path, file_reader.FilePart):  # of a plain file
        return False
    local = local_path(path)
    return local is not None and os.path.exists(local) and not os.path.isfile(local)


def _chunks_of_sentences(sentences: Iterator[Any], chunk_words: int) -> Iterator[CountedChunk]:
    more = True
    while more:
        with CorpusBuilder(float("inf")) as builder:
            encoder = token_encoder.TokenEncoder({}, True, builder.append)
            more = encoder.feed(sentences, chunk_words)
            chunk = CountedChunk(encoder.counts(), builder.finish())
        if chunk.provisional.n_sentences:
            yield chunk


def _chunks_of_text(text: file_reader.TextSource, chunk_words: int) -> Iterator[CountedChunk]:
    words = WordTable()
    # One tokenizer, so that no block is between the tokenizer and the table when their words are forgotten.
    tokenizers = file_reader.tokenizers_for(text, words, workers=1)
    splitter = SentenceSplitter(text.max_sentence_length, text.keep_empty)
    builder = _ChunkBuilder()
    n_open = 0  # tokens, in earlier blocks, of the sentence that the block continues
    for block in file_reader.blocks(text, words, tokenizers, ids=True):
        ids, lengths, _ = splitter.split(block)
        ends = np.cumsum(lengths) - n_open  # of the sentences in `ids`
        first = start = 0
        while True:
            enough = start + chunk_words - builder.n_tokens
            last = int(np.searchsorted(ends, enough))  # the sentence that completes the chunk
            if last >= len(ends):
                break
            stop = int(ends[last])
            builder.append(words, ids[start:stop], lengths[first : last + 1])
            yield builder.finish()
            builder, first, start = _ChunkBuilder(), last + 1, stop
        builder.append(words, ids[start:], lengths[first:])
        n_open = len(ids) - int(ends[-1]) if len(ends) else n_open + len(ids)
        if first:
            builder.forget_numbers()
            words.clear(tokenizers)
    chunk = builder.finish()
    if chunk.provisional.n_sentences:
        yield chunk


class _ChunkBuilder:
    """Collect the tokens of a chunk by the numbers of a `WordTable`, and number its words by first occurrence.

    Attributes
    ----------
    n_tokens : int
        Number of tokens that were appended.
    """

    def __init__(self) -> None:
        self.n_tokens = 0
        self._index: dict[str, int] = {}
        # The provisional id of each word of the table, -1 for those that do not occur in the chunk so far.
        self._provisional_ids = np.empty(0, dtype=np.int32)
        self._builder = CorpusBuilder(float("inf"))

    def append(self, words: WordTable, ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> None:
        """Add tokens, and the lengths of the sentences that end among them."""
        known = self._provisional_ids
        if len(known) < len(words):
            self._provisional_ids = np.full(len(words), -1, dtype=np.int32)
            self._provisional_ids[: len(known)] = known
        numbers = _first_occurrences(ids[self._provisional_ids[ids] < 0], len(words))
        index = self._index
        for number, word in zip(numbers.tolist(), words.decode(numbers), strict=True):
            self._provisional_ids[number] = index.setdefault(word, len(index))
        self._builder.append(self._provisional_ids[ids], lengths, lengths)
        self.n_tokens += len(ids)

    def forget_numbers(self) -> None:
        """Expect other numbers of the words from now on."""
        self._provisional_ids = np.empty(0, dtype=np.int32)

    def finish(self) -> CountedChunk:
        """Return the chunk; nothing may be appended afterwards."""
        corpus = self._builder.finish()
        counts = np.bincount(corpus.ids, minlength=len(self._index)).tolist()
        return CountedChunk(dict(zip(self._index, counts, strict=True)), corpus)


def _first_occurrences(numbers: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """Return the distinct ones of `numbers`, which are below `n`, in the order of first occurrence."""
    first = np.full(n, -1, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)  # the last assignment stays
    found = np.flatnonzero(first >= 0)
    return found[np.argsort(first[found])]
