"""Training on a stream: each chunk of a text updates the vocabulary and is trained, and is then discarded.

    counted_chunks -> the model updates its vocabulary with the counts -> the chunk is renumbered -> TrainingSession

Each chunk is a training of its own with the learning rates of its part of the stream. The state of the stream,
`stream_sentences` and `stream_words`, is stored on the model and advances after each chunk, so a model that is saved
between two chunks continues with the second of them.

References
----------
Kaji and Kobayashi, "Incremental Skip-gram Model with Negative Sampling", EMNLP 2017.
May et al., "Streaming Word Embeddings with the Space-Saving Algorithm", 2017.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fastw2v.common.locks import ExclusiveLock
from fastw2v.common.logs import get_logger
from fastw2v.common.progress_bar import ProgressBar, as_progress
from fastw2v.common.validation import as_int, as_optional_int, check_function
from fastw2v.text.corpus import name_of
from fastw2v.text.counted_chunks import CountedChunk, counted_chunks
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.scanning import provisional_table, renumber
from fastw2v.training import checkpoints, text_history
from fastw2v.training.arguments import Reports, Schedule, TrainingText
from fastw2v.training.learning_rate import LearningRate
from fastw2v.training.session import TrainableModel, TrainingSession

__all__ = ["StreamSettings", "StreamedModel", "train_stream"]

logger = get_logger(__name__, "models.word2vec")


@dataclass(kw_only=True)
class StreamSettings:
    """The arguments of `Word2Vec.train_stream` except for the text.

    Parameters
    ----------
    chunk_words, epochs, total_words, trim_rule, progress, checkpoint
        As in `Word2Vec.train_stream`.

    Raises
    ------
    TypeError, ValueError
        The message names the argument.
    """

    chunk_words: int = 1_000_000
    epochs: int = 1
    total_words: int | None = None
    trim_rule: Any = None
    progress: bool | None = None
    checkpoint: Any = None

    def __post_init__(self) -> None:
        self.chunk_words = as_int("chunk_words", self.chunk_words, minimum=1)
        self.epochs = as_int("epochs", self.epochs, minimum=1)
        self.total_words = as_optional_int("total_words", self.total_words, minimum=0) or None
        check_function("trim_rule", self.trim_rule)
        self.progress = as_progress("progress", self.progress)


class StreamedModel(TrainableModel, Protocol):
    """The attributes of a model that the training on a stream reads and changes."""

    _lock: ExclusiveLock
    max_words: int | None
    stream_sentences: int
    stream_words: int
    text_history: list[dict[str, Any]]

    def _check_not_within_growth(self) -> None: ...
    def _update_vocab_by_chunk(self, chunk: CountedChunk, trim_rule: Any) -> None: ...
    def save(self, fname: Any) -> None: ...


def train_stream(
    model: StreamedModel, corpus: Iterable[Any], settings: StreamSettings, *, by_hooks: bool
) -> tuple[int, int]:
    """Train a model on a stream; see `Word2Vec.train_stream`.

    Parameters
    ----------
    model : StreamedModel
    corpus : iterable of lists of str
    settings : StreamSettings
    by_hooks : bool
        Whether the model overrides methods that train sentences, which a stream does not call.

    Returns
    -------
    (int, int)
        The effective words and the raw words that were trained.
    """
    checkpoints.check_arguments(settings.checkpoint, None, (corpus,))
    _check_model(model, by_hooks)
    effective_words = raw_words = n_chunks = 0
    total = settings.total_words or 0
    row = text_history.new_row(text=name_of(corpus), counted=text_history.now())
    is_recorded = False
    with ProgressBar("training", total=total, unit=" words", show=settings.progress, log=logger) as bar:
        for chunk in counted_chunks(corpus, settings.chunk_words):
            rows, n_before = model.text_history, len(model.wv)
            model._update_vocab_by_chunk(chunk, settings.trim_rule)
            size = chunk.provisional.n_sentences, chunk.provisional.raw_words, len(model.wv) - n_before
            row = text_history.with_chunk(row, *size)
            if len(model.wv):
                model.text_history = text_history.with_row(rows[:-1] if is_recorded else rows, row)
                try:
                    trained = _train_chunk(model, chunk, settings)
                except BaseException:
                    model.text_history = rows  # without the chunk
                    raise
                is_recorded = True
                effective_words, raw_words = effective_words + trained[0], raw_words + trained[1]
            model.stream_sentences += chunk.provisional.n_sentences
            model.stream_words += chunk.provisional.raw_words
            n_chunks += 1
            bar.move_to(model.stream_words, vocabulary=f"{len(model.wv):,}")
            if settings.checkpoint is not None:
                try:
                    model.save(settings.checkpoint)
                except OSError as error:
                    logger.error("no checkpoint could be written, training goes on: %s", error)
    if not n_chunks:
        raise ValueError(
            "the text has no sentences, so nothing was trained; an iterator that was read to its end has none"
        )
    return effective_words, raw_words


def _check_model(model: StreamedModel, by_hooks: bool) -> None:
    """Raise an error if the model cannot be trained on a stream, or not now."""
    model._check_not_within_growth()
    if model._lock.held:
        raise RuntimeError(
            "train_stream() was called by a callback, or by the corpus iterator, of a training of this model; call "
            "it when that training has ended"
        )
    model._check_parameters()
    model._check_can_train()
    if model.max_words is None:
        raise ValueError(
            "train_stream() needs a bound of the vocabulary; set it by Word2Vec(max_words=100_000), or by "
            "model.max_words = 100_000"
        )
    if by_hooks:
        raise TypeError(
            f"{type(model).__name__} overrides methods that train sentences, and train_stream() does not call "
            "them; use build_vocab(update=True) and train()"
        )


def _train_chunk(model: StreamedModel, chunk: CountedChunk, settings: StreamSettings) -> tuple[int, int]:
    """Train a chunk; return the effective words and the raw words."""
    encoded = renumber(chunk.provisional, provisional_table(chunk.counts, model.wv.key_to_index))
    start_alpha, end_alpha = _rates(model, encoded, settings.total_words)
    alpha, min_alpha, epochs = model.alpha, model.min_alpha, model.epochs
    try:
        with model._lock.hold():
            # If Ctrl-C came at the very end of an earlier training, its session is still on the model.
            model._session = None
            return TrainingSession.begin(
                model,
                TrainingText(corpus_iterable=encoded, scanned=encoded),
                Schedule(
                    epochs=settings.epochs,
                    total_words=max(encoded.raw_words, 1),
                    start_alpha=start_alpha,
                    end_alpha=end_alpha,
                ),
                reports=Reports(progress=False),
            ).run()
    finally:
        model.alpha, model.min_alpha, model.epochs = alpha, min_alpha, epochs


def _rates(model: StreamedModel, chunk: EncodedCorpus, total_words: int | None) -> tuple[float, float]:
    """Return the learning rates at the start and the end of the next chunk of the stream."""
    if total_words is None:
        return model.alpha, model.alpha
    words = np.array([model.stream_words, model.stream_words + chunk.raw_words])
    schedule = LearningRate(model.alpha, model.min_alpha, 1, None, total_words)
    first, last = schedule.at(np.minimum(words / total_words, 1.0)).tolist()
    return first, last
