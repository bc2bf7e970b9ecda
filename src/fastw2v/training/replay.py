"""Replay: sentences of old text mixed into the new text while it is trained.

The old sentences are drawn in another order in each epoch and spread evenly among the new ones. The new text is mixed
piece by piece, and the pieces are the same whether the text is given whole or in chunks. Lists, files and streams
therefore give the same training, and a training that is resumed trains the same mixture. Old text is an
`EncodedCorpus`, or a `fastw2v.training.replay_store.StoredText`, which reads only the sentences that it draws from its
files.

References
----------
Ratcliff, "Connectionist models of recognition memory: constraints imposed by learning and forgetting functions",
Psychological Review 97, 1990.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastw2v.text.encoded_corpus import EncodedCorpus

PIECE_WORDS = 200_000  # raw words of new text into which old sentences are mixed at a time


class Draw(Protocol):
    """Old sentences in random order, each of them once."""

    def take(self, words: float) -> EncodedCorpus:
        """Return the next sentences, up to a total of `words` raw words in all calls together."""


class OldText(Protocol):
    """Old text to draw sentences from.

    Attributes
    ----------
    size : (int, int)
        Numbers of sentences and raw words, by which a checkpoint recognises the text.
    has_known_words : bool
        Whether any of its words is in the vocabulary.
    """

    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def has_known_words(self) -> bool: ...
    def draw(self, generator: np.random.Generator) -> Draw: ...


class EncodedText:
    """Old text that is completely encoded, as an `OldText`."""

    def __init__(self, corpus: EncodedCorpus) -> None:
        self.corpus = corpus

    @property
    def size(self) -> tuple[int, int]:
        return self.corpus.size

    @property
    def has_known_words(self) -> bool:
        return self.corpus.n_tokens > 0

    def draw(self, generator: np.random.Generator) -> Draw:
        return _EncodedDraw(self.corpus, generator)


class _EncodedDraw:
    def __init__(self, corpus: EncodedCorpus, generator: np.random.Generator) -> None:
        self._corpus = corpus
        self._order = generator.permutation(corpus.n_sentences)
        self._words_at = np.cumsum(corpus.raw_lengths[self._order])
        self._n_taken = 0

    def take(self, words: float) -> EncodedCorpus:
        last = int(np.searchsorted(self._words_at, words, side="right"))
        sentences = self._order[self._n_taken : last]
        self._n_taken = last
        return self._corpus.selected(sentences)


class Replay:
    """Old sentences, in another order in each epoch.

    Parameters
    ----------
    text : OldText
        The old sentences.
    ratio : float
        Raw words of old text for each raw word of new text. No epoch uses a sentence twice.
    seed : sequence of int
        The seed of the order of the old sentences; the number of the epoch is added to it.
    """

    def __init__(self, text: OldText, ratio: float, seed: Sequence[int]) -> None:
        self.text, self.ratio, self.seed = text, ratio, list(seed)

    def mix(self, corpus: EncodedCorpus | Iterable[EncodedCorpus], epoch: int) -> Mixture:
        """Return the new text of an epoch, given whole or as consecutive chunks, with old sentences mixed in."""
        chunks = [corpus] if isinstance(corpus, EncodedCorpus) else corpus
        return Mixture(chunks, _Sampler(self.text, self.ratio, np.random.default_rng([*self.seed, epoch])))


class Mixture:
    """The chunks of an epoch's mixture, to be iterated once.

    The object records how much of the mixture is new text, because the learning rate depends only on the new text.
    """

    def __init__(self, chunks: Iterable[EncodedCorpus], sampler: _Sampler) -> None:
        self._chunks, self._sampler = chunks, sampler
        # Cumulative counts at the end of each piece: sentences and words of the mixture, then of the new text.
        self._counts = np.zeros((4, 1))

    def __iter__(self) -> Iterator[EncodedCorpus]:
        for piece in _cut_into_pieces(self._chunks):
            mixed = self._sampler.mix(piece)
            step = [mixed.n_sentences, mixed.raw_words, piece.n_sentences, piece.raw_words]
            self._counts = np.column_stack((self._counts, self._counts[:, -1] + step))
            yield mixed

    def count_new(self, sentences: Any, words: Any) -> tuple[Any, Any]:
        """Return the numbers of new sentences and new raw words among the first sentences and words of the mixture."""
        mixed_sentences, mixed_words, new_sentences, new_words = self._counts
        return (
            np.interp(sentences, mixed_sentences, new_sentences),
            np.interp(words, mixed_words, new_words),
        )


class _Sampler:
    """Takes the old sentences of one epoch in random order, several at a time."""

    def __init__(self, text: OldText, ratio: float, generator: np.random.Generator) -> None:
        self._draw, self._ratio, self._generator = text.draw(generator), ratio, generator
        self._words_due = 0.0

    def mix(self, new: EncodedCorpus) -> EncodedCorpus:
        """Return the sentences of `new`, in order, with the next old sentences spread evenly among them."""
        self._words_due += self._ratio * new.raw_words
        old = self._draw.take(self._words_due)
        places = np.concatenate(
            (
                (np.arange(new.n_sentences) + 0.5) / max(new.n_sentences, 1),
                self._generator.random(old.n_sentences),
            )
        )
        order = np.argsort(places, kind="stable")
        starts = np.concatenate((new.offsets[:-1], old.offsets[:-1] + new.n_tokens))[order]
        lengths = np.concatenate((np.diff(new.offsets), np.diff(old.offsets)))[order]
        raw_lengths = np.concatenate((new.raw_lengths, old.raw_lengths))[order]
        weights = None
        if new.weights is not None:  # old sentences have the weight 1
            weights = np.concatenate((new.weights, np.ones(old.n_sentences, dtype=np.float32)))[order]
        return replace(_gather(new.ids, old.ids, starts, lengths, raw_lengths), weights=weights)


def _gather(
    new: NDArray[np.int32],
    old: NDArray[np.int32],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    raw_lengths: NDArray[np.int64],
) -> EncodedCorpus:
    """Return the corpus of the sentences ``ids[start : start + length]``, where `ids` is `new` followed by `old`."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    indices = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
    ids = np.empty(len(indices), dtype=np.int32)
    is_new = indices < len(new)
    ids[is_new] = new[indices[is_new]]
    ids[~is_new] = old[indices[~is_new] - len(new)]
    return EncodedCorpus(ids, offsets, raw_lengths)


def _cut_into_pieces(chunks: Iterable[EncodedCorpus]) -> Iterator[EncodedCorpus]:
    """Cut consecutive chunks into pieces of whole sentences: `PIECE_WORDS` raw words at most, one sentence at least."""
    pending: EncodedCorpus | None = None
    for chunk in chunks:
        pending = chunk if pending is None else pending.joined(chunk)
        words_at = np.cumsum(pending.raw_lengths)
        first, before = 0, 0
        while first < pending.n_sentences and words_at[-1] - before > PIECE_WORDS:
            last = max(int(np.searchsorted(words_at, before + PIECE_WORDS, side="right")), first + 1)
            yield pending.sentences(first, last)
            first, before = last, int(words_at[last - 1])
        pending = pending.sentences(first, pending.n_sentences)
    if pending is not None and pending.n_sentences:
        yield pending
