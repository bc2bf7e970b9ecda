"""Old sentences mixed into a new text while it is trained: drawn anew each epoch, spread among the new ones.

The new text is mixed piece by piece, and the pieces are the same whether it comes whole or in chunks, so that lists,
files and streams are trained alike, and a training that is resumed meets the mixture that it left.

References
----------
Ratcliff, "Connectionist models of recognition memory: constraints imposed by learning and forgetting functions",
Psychological Review 97, 1990.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.text.encoded_corpus import EncodedCorpus

PIECE_WORDS = 200_000  # raw words of the new text into which old sentences are mixed at a time


class Replay:
    """Old sentences, in another order each epoch.

    Parameters
    ----------
    corpus : EncodedCorpus
        The old sentences.
    ratio : float
        Raw words of theirs for each raw word of new text; no epoch takes a sentence twice.
    seed : sequence of int
        Of the order in which they are drawn; the number of the epoch goes with it.
    """

    def __init__(self, corpus: EncodedCorpus, ratio: float, seed: Sequence[int]) -> None:
        self.corpus, self.ratio, self.seed = corpus, ratio, list(seed)

    def mixed(self, corpus: EncodedCorpus | Iterable[EncodedCorpus], epoch: int) -> Mixture:
        """Return the new text of an epoch, given whole or as its consecutive chunks, with old sentences mixed in."""
        chunks = [corpus] if isinstance(corpus, EncodedCorpus) else corpus
        return Mixture(chunks, _Draw(self.corpus, self.ratio, np.random.default_rng([*self.seed, epoch])))


class Mixture:
    """The chunks of an epoch's mixture, to be iterated once; it knows how much of it at which point is new text."""

    def __init__(self, chunks: Iterable[EncodedCorpus], draw: _Draw) -> None:
        self._chunks, self._draw = chunks, draw
        self._knots = np.zeros((4, 1))  # sentences and words of the mixture, then of the new text

    def __iter__(self) -> Iterator[EncodedCorpus]:
        for piece in _pieces(self._chunks):
            mixed = self._draw.mix(piece)
            step = [mixed.n_sentences, mixed.raw_words, piece.n_sentences, piece.raw_words]
            self._knots = np.column_stack((self._knots, self._knots[:, -1] + step))
            yield mixed

    def of_new_text(self, sentences: Any, words: Any) -> tuple[Any, Any]:
        """The new sentences and words behind, for so many sentences and words of the mixture."""
        mixed_sentences, mixed_words, new_sentences, new_words = self._knots
        return (
            np.interp(sentences, mixed_sentences, new_sentences),
            np.interp(words, mixed_words, new_words),
        )


class _Draw:
    """Old sentences in the order of one epoch, taken bit by bit."""

    def __init__(self, corpus: EncodedCorpus, ratio: float, generator: np.random.Generator) -> None:
        self._corpus, self._ratio, self._generator = corpus, ratio, generator
        self._order = generator.permutation(corpus.n_sentences)
        self._words_at = np.cumsum(corpus.raw_lengths[self._order])
        self._taken = 0
        self._owed = 0.0

    def mix(self, new: EncodedCorpus) -> EncodedCorpus:
        """Return `new`, its sentences in order, with the next old sentences spread among them."""
        self._owed += self._ratio * new.raw_words
        last = int(np.searchsorted(self._words_at, self._owed, side="right"))
        old = self._order[self._taken : last]
        self._taken = last
        places = np.concatenate(
            ((np.arange(new.n_sentences) + 0.5) / max(new.n_sentences, 1), self._generator.random(len(old)))
        )
        order = np.argsort(places, kind="stable")
        corpus = self._corpus
        starts = np.concatenate((new.offsets[:-1], corpus.offsets[old] + new.n_tokens))[order]
        kept = np.concatenate((np.diff(new.offsets), corpus.offsets[old + 1] - corpus.offsets[old]))[order]
        raw = np.concatenate((new.raw_lengths, corpus.raw_lengths[old]))[order]
        return _gathered(new.ids, corpus.ids, starts, kept, raw)


def _gathered(
    new: NDArray[np.int32],
    old: NDArray[np.int32],
    starts: NDArray[np.int64],
    kept: NDArray[np.int64],
    raw: NDArray[np.int64],
) -> EncodedCorpus:
    """The sentences that begin at `starts` and hold `kept` ids; beyond the end of `new`, counting goes on in `old`."""
    offsets = np.zeros(len(kept) + 1, dtype=np.int64)
    np.cumsum(kept, out=offsets[1:])
    places = np.repeat(starts - offsets[:-1], kept) + np.arange(offsets[-1])
    ids = np.empty(len(places), dtype=np.int32)
    of_new = places < len(new)
    ids[of_new] = new[places[of_new]]
    ids[~of_new] = old[places[~of_new] - len(new)]
    return EncodedCorpus(ids, offsets, raw)


def _pieces(chunks: Iterable[EncodedCorpus]) -> Iterator[EncodedCorpus]:
    """Cut consecutive chunks anew: as many whole sentences as have `PIECE_WORDS` raw words, but one at least."""
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
