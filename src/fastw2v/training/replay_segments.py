"""Segments of a replay store: sentences in random order, and how they are drawn.

The order of the sentences in a segment is random, so the first n sentences are a random sample of it, and so is any run
of consecutive sentences. A store therefore drops sentences by reducing the number n that it uses, without writing the
segment again, and draws runs of sentences that are adjacent in the file. A draw takes the runs of all segments in
random order and mixes some dozens of them at a time. It takes each sentence once, and reads only the runs that it
needs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.text.corpus_builder import CorpusBuilder
from fastw2v.text.encoded_corpus import EncodedCorpus

RUN = 64  # adjacent sentences of a segment that are drawn together
RUNS_AT_ONCE = 64  # runs that are mixed with each other
_SENTENCES = 1 << 14  # sentences that are copied at a time

Part = tuple[EncodedCorpus, NDArray[np.int64]]
"""A corpus with its words, and the numbers of the sentences to take from it."""


def build_segment(
    parts: Sequence[Part], generator: np.random.Generator, budget: float | None = None
) -> EncodedCorpus:
    """Return sentences of some corpora, each once, in random order, as one corpus with its words and counts.

    Parameters
    ----------
    parts : sequence of (EncodedCorpus, ndarray of int64)
    generator : numpy.random.Generator
        Draws the order.
    budget : float, optional
        Bytes to hold in memory; more ids are written to a temporary file.
    """
    words, tables = _merged_words([corpus.known_words() for corpus, _ in parts])
    part_of = np.repeat(np.arange(len(parts)), [len(sentences) for _, sentences in parts])
    sentences = np.concatenate([sentences for _, sentences in parts])
    order = generator.permutation(len(sentences))
    n_words = len(words)
    counts, first_at = np.zeros(n_words, dtype=np.int64), np.full(n_words, -1, dtype=np.int64)
    n_tokens = 0
    with CorpusBuilder(budget) as builder:
        for first in range(0, len(order), _SENTENCES):
            batch = order[first : first + _SENTENCES]
            piece = _gathered(parts, tables, part_of[batch], sentences[batch])
            counts += np.bincount(piece.ids, minlength=n_words)
            unseen = np.flatnonzero(first_at[piece.ids] < 0)[::-1]
            first_at[piece.ids[unseen]] = (
                unseen + n_tokens
            )  # the earliest is the last of equal ids, which stays
            n_tokens += piece.n_tokens
            builder.append(piece.ids, np.diff(piece.offsets), piece.raw_lengths)
        whole = builder.finish()
    used = np.flatnonzero(counts)
    used = used[np.argsort(first_at[used])]
    number_of = np.full(n_words, -1, dtype=np.int32)
    number_of[used] = np.arange(len(used))
    for start in range(0, len(whole.ids), 1 << 20):
        part = whole.ids[start : start + (1 << 20)]
        part[:] = number_of[part]
    return EncodedCorpus(
        whole.ids,
        whole.offsets,
        whole.raw_lengths,
        words=[words[i] for i in used.tolist()],
        counts=counts[used],
        first_seen=np.arange(len(used), dtype=np.int64),
    )


def _merged_words(
    words: Sequence[Sequence[Any]],
) -> tuple[Sequence[Any], list[NDArray[np.int32] | None]]:
    """Return the words of all corpora, each once, and the table of the new ids of each corpus; None means equal ids."""
    if len(words) == 1:
        return words[0], [None]
    index: dict[Any, int] = {}
    tables: list[NDArray[np.int32] | None] = []
    for known in words:
        new = [word for word in known if word not in index]
        index.update(zip(new, range(len(index), len(index) + len(new)), strict=True))
        tables.append(table_of(known, index))
    return list(index), tables


def table_of(words: Sequence[Any], key_to_index: Mapping[Any, int]) -> NDArray[np.int32]:
    """Return the id of each word in a vocabulary, -1 for a word that it lacks."""
    return np.fromiter(map(key_to_index.get, words, itertools.repeat(-1)), dtype=np.int32, count=len(words))


def _gathered(
    parts: Sequence[Part],
    tables: Sequence[NDArray[np.int32] | None],
    part_of: NDArray[np.int64],
    sentences: NDArray[np.int64],
) -> EncodedCorpus:
    """Return sentences of several corpora in the given order, with the ids of the tables."""
    if len(parts) == 1:
        return parts[0][0].selected(sentences)
    pieces = []
    for number, ((corpus, _), table) in enumerate(zip(parts, tables, strict=True)):
        piece = corpus.selected(sentences[part_of == number])
        pieces.append(piece if table is None else piece.renumbered(table))
    back = np.empty(len(sentences), dtype=np.int64)
    back[np.argsort(part_of, kind="stable")] = np.arange(len(sentences))
    return _concatenated(pieces).selected(back)


def _concatenated(pieces: Sequence[EncodedCorpus]) -> EncodedCorpus:
    offsets = np.zeros(sum(piece.n_sentences for piece in pieces) + 1, dtype=np.int64)
    np.cumsum(np.concatenate([np.diff(piece.offsets) for piece in pieces]), out=offsets[1:])
    return EncodedCorpus(
        np.concatenate([piece.ids for piece in pieces]),
        offsets,
        np.concatenate([piece.raw_lengths for piece in pieces]),
    )


class StoredText:
    """The sentences of a store at the time when it was opened, by the ids of a vocabulary: an `OldText`.

    Parameters
    ----------
    segments : iterable of EncodedCorpus
        Each without the sentences that are no longer in the store. They may be mapped files. Their words are not kept,
        so only the words of one segment need memory at a time.
    key_to_index : mapping of word to int
        The vocabulary. Words that it lacks are left out.
    """

    def __init__(self, segments: Iterable[EncodedCorpus], key_to_index: Mapping[Any, int]) -> None:
        self._segments: list[EncodedCorpus] = []
        self._tables: list[NDArray[np.int32]] = []
        for segment in segments:
            self._tables.append(table_of(segment.known_words(), key_to_index))
            self._segments.append(replace(segment, words=None))
        self.size = (
            sum(segment.n_sentences for segment in self._segments),
            sum(segment.raw_words for segment in self._segments),
        )

    @property
    def has_known_words(self) -> bool:
        """Whether a word of the segments is in the vocabulary."""
        return any((table >= 0).any() for table in self._tables)

    def draw(self, generator: np.random.Generator) -> StoreDraw:
        """Return all sentences, to be taken in random order."""
        return StoreDraw(self._mixed_runs(generator))

    def _mixed_runs(self, generator: np.random.Generator) -> Iterator[EncodedCorpus]:
        sizes = np.array([segment.n_sentences for segment in self._segments], dtype=np.int64)
        runs_before = np.concatenate(([0], np.cumsum(-(-sizes // RUN))))
        order = generator.permutation(int(runs_before[-1]))
        for start in range(0, len(order), RUNS_AT_ONCE):
            runs = order[start : start + RUNS_AT_ONCE]
            numbers = np.searchsorted(runs_before, runs, side="right") - 1
            pieces = []
            for number, run in zip(numbers.tolist(), (runs - runs_before[numbers]).tolist(), strict=True):
                segment = self._segments[number]
                piece = segment.sentences(run * RUN, min((run + 1) * RUN, segment.n_sentences))
                pieces.append(piece.renumbered(self._tables[number]))
            window = _concatenated(pieces)
            yield window.selected(generator.permutation(window.n_sentences))


class StoreDraw:
    """A draw from a `StoredText`."""

    def __init__(self, windows: Iterator[EncodedCorpus]) -> None:
        self._windows = windows
        self._waiting: EncodedCorpus | None = None  # sentences that were read and not yet taken
        self._n_taken = 0  # raw words

    def take(self, words: float) -> EncodedCorpus:
        """Return the next sentences, up to a total of `words` raw words in all calls together."""
        waiting = [] if self._waiting is None else [self._waiting]
        n_waiting = sum(piece.raw_words for piece in waiting)
        while self._n_taken + n_waiting <= words:
            window = next(self._windows, None)
            if window is None:
                break
            waiting.append(window)
            n_waiting += window.raw_words
        if not waiting:
            return EncodedCorpus(
                np.empty(0, dtype=np.int32), np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int64)
            )
        read = _concatenated(waiting)
        words_at = self._n_taken + np.cumsum(read.raw_lengths)
        last = int(np.searchsorted(words_at, words, side="right"))
        taken = read.sentences(0, last)
        self._n_taken += taken.raw_words
        self._waiting = read.sentences(last, read.n_sentences)
        return taken


def sentences_of(segments: Iterable[EncodedCorpus]) -> Iterator[list[Any]]:
    """Yield the sentences of some corpora as lists of words."""
    for segment in segments:
        word_of = segment.known_words().__getitem__
        for number in range(segment.n_sentences):
            yield list(
                map(word_of, segment.ids[segment.offsets[number] : segment.offsets[number + 1]].tolist())
            )
