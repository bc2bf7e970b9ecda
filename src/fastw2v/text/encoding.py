"""Encoding a corpus with a finished vocabulary: whole, in chunks, or in chunks that are recorded.

`encode` returns the whole corpus as an `EncodedCorpus`. `stream` yields it in chunks, so that training can begin before
the corpus has been read, and a corpus of any length needs little memory. A `RecordingStream` yields chunks in the first
epoch and keeps them for the later ones.

Text files are read by several threads (`file_reader`), without a Python object for each token. All other corpora go
token by token through `token_encoder`. The results are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from fastw2v.common.validation import as_budget, as_int, as_optional_int, check_mapping
from fastw2v.text import file_reader, token_encoder, tokenizer
from fastw2v.text.corpus import check_corpus
from fastw2v.text.corpus_builder import CorpusBuilder
from fastw2v.text.encoded_corpus import EncodedCorpus

__all__ = ["RecordingStream", "encode", "stream"]


def _as_dict(key_to_index: Mapping[Any, int]) -> dict[Any, int]:
    check_mapping("key_to_index", key_to_index, "words to integers")
    return key_to_index if isinstance(key_to_index, dict) else dict(key_to_index)


def encode(
    corpus: Iterable[Any], key_to_index: Mapping[Any, int], *, budget: float | None = None
) -> EncodedCorpus:
    """Encode a corpus as indices into a vocabulary; unknown tokens are left out.

    Parameters
    ----------
    corpus : iterable
        Sentences. It is iterated once.
    key_to_index : mapping of word to int
        Index of each word of the vocabulary. A dict is fastest.
    budget : float, optional
        Bytes to hold in memory, or infinity; beyond it the ids go to a temporary file. By default it is a quarter of
        the free memory.

    Returns
    -------
    EncodedCorpus

    Raises
    ------
    TypeError
        If a sentence is not iterable (None, for example), or a token is not hashable; the message says which.
    ValueError
        If an index of `key_to_index` lies outside 0 to 2**31 - 1.

    Examples
    --------
    >>> from fastw2v.corpora import encode
    >>> encode([["a", "rose", "is", "a", "rose"]], {"rose": 0, "a": 1}).ids
    array([1, 0, 1, 0], dtype=int32)
    """
    check_corpus(corpus)
    budget = as_budget("budget", budget)
    index = _as_dict(key_to_index)
    files = file_reader.files_of(corpus)
    with CorpusBuilder(budget) as builder:
        if files is not None:
            _encode_files(files, index, builder)
        else:
            token_encoder.TokenEncoder(index, False, builder.append).feed(iter(corpus))
        return builder.finish()


def _encode_files(files: file_reader.TextFiles, index: dict[Any, int], builder: CorpusBuilder) -> None:
    words = tokenizer.WordTable(index)
    tokenizers = file_reader.tokenizers_for(files, words)
    splitter = tokenizer.SentenceSplitter(files.max_sentence_length)
    for block in file_reader.blocks(files, words, tokenizers, ids=True):
        builder.append(*splitter.split(block))


def stream(
    corpus: Iterable[Any],
    key_to_index: Mapping[Any, int],
    *,
    chunk_words: int,
    first_words: int | None = None,
) -> Iterator[EncodedCorpus]:
    """Yield a corpus in encoded chunks of whole sentences, without reading further than the chunk at hand.

    Parameters
    ----------
    corpus : iterable
        Sentences. It is iterated once.
    key_to_index : mapping of word to int
        Index of each word of the vocabulary. A dict is fastest.
    chunk_words : int
        Each chunk but the last holds at least this many raw words.
    first_words : int, optional
        Minimum for the first chunk. By default it is `chunk_words`.

    Yields
    ------
    EncodedCorpus

    Raises
    ------
    TypeError
        As `encode`, when the sentence is reached. Exceptions of the corpus itself pass unchanged.

    Examples
    --------
    >>> from fastw2v.corpora import stream
    >>> sentences = [["a", "rose"], ["is", "a", "rose"], ["is", "it"]]
    >>> [chunk.raw_words for chunk in stream(sentences, {"rose": 0}, chunk_words=4)]
    [5, 2]
    """
    check_corpus(corpus)
    chunk_words = as_int("chunk_words", chunk_words, minimum=1)
    first_words = as_optional_int("first_words", first_words, minimum=1)
    builder = CorpusBuilder(float("inf"))
    encoder = token_encoder.TokenEncoder(
        _as_dict(key_to_index),
        False,
        lambda ids, lengths, raw_lengths: builder.append(ids, lengths, raw_lengths),
    )
    sentences = iter(corpus)
    words = chunk_words if first_words is None else first_words
    more = True
    while more:
        more = encoder.feed(sentences, words)
        chunk = builder.finish()
        if chunk.n_sentences:
            yield chunk
        builder = CorpusBuilder(float("inf"))
        words = chunk_words


class RecordingStream:
    """A corpus that is encoded while the first epoch is trained, and kept as ids for the later epochs.

    Parameters
    ----------
    corpus : iterable
        Sentences. It is iterated once.
    budget : float, optional
        As for `encode`.

    Attributes
    ----------
    encoded : EncodedCorpus or None
        The whole corpus, once `chunks` is exhausted.

    Examples
    --------
    >>> from fastw2v.text.encoding import RecordingStream
    >>> recording = RecordingStream([["a", "rose"], ["is", "a", "rose"]])
    >>> for chunk in recording.chunks({"rose": 0}, chunk_words=1):
    ...     print(chunk.raw_words, recording.encoded)
    2 None
    3 None
    >>> recording.encoded.raw_words
    5
    """

    def __init__(self, corpus: Iterable[Any], *, budget: float | None = None) -> None:
        self._corpus, self._budget = corpus, budget
        self.encoded: EncodedCorpus | None = None

    def chunks(
        self, key_to_index: Mapping[Any, int], *, chunk_words: int, first_words: int | None = None
    ) -> Iterator[EncodedCorpus]:
        """Yield the corpus in chunks, as `stream` does, and keep a copy of each."""
        with CorpusBuilder(self._budget) as builder:
            for chunk in stream(self._corpus, key_to_index, chunk_words=chunk_words, first_words=first_words):
                builder.append(chunk.ids, np.diff(chunk.offsets), chunk.raw_lengths)
                yield chunk
            self.encoded = builder.finish()


for _function in (encode, stream):
    _function.__module__ = "fastw2v.corpora"
