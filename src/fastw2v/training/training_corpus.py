"""The corpus of one training: its sentences, and their ids if these are kept.

A corpus that can be read again is encoded once, before the first epoch or while it is trained. Any other corpus is
encoded anew in each epoch, in chunks that are trained while the corpus is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from fastw2v.text.corpus import gives_one_iterator, is_long_list, is_reusable, open_corpus
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.encoding import RecordingStream, encode, stream
from fastw2v.training.arguments import TrainingText
from fastw2v.training.checkpoints import Size
from fastw2v.training.sample_weights import SampleWeights
from fastw2v.training.trainer import STREAM_WORDS, chunk_words

__all__ = ["LONG_LIST_WORDS", "TrainingCorpus"]

LONG_LIST_WORDS = 320_000  # a longer list is trained while it is encoded


class EncodingModel(Protocol):
    """The attributes of the trained model that a corpus reads."""

    wv: Any
    batch_words: int
    corpus_budget: int | None


class TrainingCorpus:
    """The corpus of one training; made by `open`.

    Parameters
    ----------
    model : EncodingModel
    sentences : iterable of lists of str
    encoded : EncodedCorpus, RecordingStream or None
        The corpus as ids, or None if `sentences` is iterated in each epoch.
    weights : SampleWeights, optional
        Weights of the sentences.
    n_scanned : int
        Number of sentences from which the vocabulary was built, if it was built from this corpus.

    Attributes
    ----------
    sentences : iterable of lists of str
    encoded : EncodedCorpus, RecordingStream or None

    Raises
    ------
    ValueError
        If the number of sentences is already known and is not the number of weights.
    """

    def __init__(
        self,
        model: EncodingModel,
        sentences: Iterable[Any],
        encoded: EncodedCorpus | RecordingStream | None = None,
        *,
        weights: SampleWeights | None = None,
        n_scanned: int = 0,
    ) -> None:
        self._model = model
        self.sentences = sentences
        self.encoded = encoded
        self._encoded_words = list(model.wv.index_to_key)
        self._weights = weights
        self._n_scanned = n_scanned
        self._has_sentences = False
        if weights is not None and isinstance(encoded, EncodedCorpus):
            weights.check_size(encoded.n_sentences)
        elif weights is not None and isinstance(sentences, (list, tuple)):
            weights.check_size(len(sentences))

    @classmethod
    def open(
        cls,
        model: EncodingModel,
        text: TrainingText,
        weights: SampleWeights | None,
        *,
        passes: int,
        must_be_sized: bool,
        by_hooks: bool,
    ) -> TrainingCorpus:
        """Open a text, and encode it if it is encoded before the first epoch.

        Parameters
        ----------
        model : EncodingModel
        text : TrainingText
        weights : SampleWeights or None
            The weights of the sentences of `text`.
        passes : int
            How often the text will be read.
        must_be_sized : bool
            Whether the number of its sentences must be known before the training, if it can be known.
        by_hooks : bool
            Whether methods of the model train the sentences, so that no ids are needed.
        """
        sentences = open_corpus(text.corpus_iterable, text.corpus_file, passes=passes)
        encoded: EncodedCorpus | RecordingStream | None = None
        if not by_hooks:
            encoded = text.scanned or _encode(model, sentences, passes, must_be_sized)
        return cls(model, sentences, encoded, weights=weights, n_scanned=text.n_scanned)

    @property
    def size(self) -> Size | None:
        """The numbers of sentences and raw words of a completely encoded corpus, None for any other."""
        return self.encoded.size if isinstance(self.encoded, EncodedCorpus) else None

    def of_epoch(self) -> EncodedCorpus | Iterable[EncodedCorpus]:
        """Return the corpus of an epoch: ids that are kept, or chunks that are encoded while they are trained."""
        model = self._model
        corpus: EncodedCorpus | Iterable[EncodedCorpus]
        sizes = {"chunk_words": chunk_words(model.batch_words), "first_words": model.batch_words}
        if isinstance(self.encoded, EncodedCorpus):
            corpus = self.encoded
        elif self.encoded is not None:
            corpus = self.encoded.chunks(model.wv.key_to_index, **sizes)
        else:
            corpus = stream(self.sentences, model.wv.key_to_index, **sizes)
        return corpus if self._weights is None else self._weights.attached(corpus)

    def end_epoch(self) -> None:
        """Take the ids that the epoch has recorded, if there are any."""
        if isinstance(self.encoded, RecordingStream):
            self.encoded = self.encoded.encoded

    def encode_anew_if_words_moved(self) -> None:
        """Encode the corpus again if a callback has changed the ids of words, for example by sorting them."""
        wv = self._model.wv
        if self.encoded is None or wv.index_to_key == self._encoded_words:
            return
        self._encoded_words = list(wv.index_to_key)
        if isinstance(self.encoded, EncodedCorpus):
            self.encoded = encode(self.sentences, wv.key_to_index, budget=self._model.corpus_budget)

    def note_sentences(self) -> None:
        """Record that an epoch has found sentences, in this process or before a checkpoint."""
        self._has_sentences = True

    def check_not_exhausted(self, epoch: int, *, is_last: bool) -> None:
        """Raise a ValueError if `epoch` found no sentence because the corpus is an exhausted iterator.

        The corpus is exhausted if it is an iterator itself, if the constructor has found sentences in it, or if the
        last epoch finds none and either an earlier one did or the corpus gives the same iterator again. In other cases
        an epoch may be empty.
        """
        if self.encoded is None and (
            isinstance(self.sentences, Iterator)
            or self._n_scanned
            or (is_last and (self._has_sentences or gives_one_iterator(self.sentences)))
        ):
            raise ValueError(
                f"the corpus had no sentences in epoch {epoch}, so nothing was trained: it is an iterator that was "
                "read to its end before. Pass a list, or an object whose __iter__ starts from the beginning each time, "
                "such as a class whose __iter__ is a generator function"
            )


def _encode(
    model: EncodingModel, corpus: Iterable[Any], passes: int, must_be_sized: bool
) -> EncodedCorpus | RecordingStream | None:
    """Return the corpus as ids, or None if it is iterated in each epoch.

    A long list is encoded during its first epoch, unless its size must be known before. It is divided into many small
    jobs: small, because the workers hold some of them in addition to the recorded ids, and many, because a single job
    would be trained by a single worker.
    """
    if not is_reusable(corpus):
        return None
    small_jobs = model.batch_words <= STREAM_WORDS
    if not must_be_sized and small_jobs and is_long_list(corpus, LONG_LIST_WORDS, longest=STREAM_WORDS):
        # A tuple keeps the present sentences, even if callbacks change the list.
        return None if passes == 1 else RecordingStream(tuple(corpus), budget=model.corpus_budget)
    return encode(corpus, model.wv.key_to_index, budget=model.corpus_budget)
