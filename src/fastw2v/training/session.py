"""A training session: one call of `Word2Vec.train` or `Word2Vec.resume`, from its arguments to the returned counts.

The session owns everything that exists only while a model is trained: the learning rates, the epoch, the random state
of the workers, the update under way, the barriers, the checkpoints and the progress reports. When it ends, only the
weights, the counts and the history of the training stay on the model.

    TrainingSession.run -> train_epoch -> Trainer.train_epoch -> Worker.run (fastw2v._inner) -> row kernels

A callback may start another training of the same model. That training is a session of its own, and the settings of the
outer one are put back when it ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.logs import get_logger
from fastw2v.common.progress_bar import as_progress
from fastw2v.common.validation import (
    as_callbacks,
    as_flag,
    as_float,
    as_int,
    as_optional_float,
    as_optional_int,
)
from fastw2v.engine.job_queue import JobQueue
from fastw2v.engine.network import Network
from fastw2v.formats.model_state import ModelState
from fastw2v.text.corpus import gives_one_iterator, is_long_list, is_reusable, open_corpus
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.encoding import RecordingStream, encode, stream
from fastw2v.training import checkpoints, text_history
from fastw2v.training.barriers import Barrier, TrainingPosition, check_same_size
from fastw2v.training.checkpoints import TrainingState
from fastw2v.training.divergence import warn_if_diverged
from fastw2v.training.learning_rate import LearningRate
from fastw2v.training.network import NetworkModel, checked_lock_factors, make_network
from fastw2v.training.progress import ProgressReporter, Tally
from fastw2v.training.run_callbacks import run_callbacks
from fastw2v.training.sample_weights import SampleWeights, check_same_weights
from fastw2v.training.sentence_jobs import (
    SentenceQueue,
    SentenceTrainer,
    SentenceWorker,
    TrainingHooks,
    cut_sentences,
)
from fastw2v.training.trainer import (
    STREAM_WORDS,
    JobAlphas,
    Trainer,
    chunk_words,
    prepare_encoded,
    thread_count,
)
from fastw2v.training.update import Update, UpdatedModel, UpdateSession

logger = get_logger(__name__, "models.word2vec")

LONG_LIST_WORDS = 320_000  # a longer list is trained while it is encoded
SETTINGS = (
    "alpha", "min_alpha", "epochs", "compute_loss", "running_training_loss", "loss_history",
    "validation_loss_history",
)  # fmt: skip


class TrainableModel(NetworkModel, UpdatedModel, TrainingHooks, Protocol):
    """What a session reads of a model, and what it leaves there."""

    epochs: int
    workers: int
    batch_words: int
    running_training_loss: float
    loss_history: list[float]
    validation_loss_history: list[float]
    min_alpha_yet_reached: float
    train_count: int
    total_train_time: float
    text_history: list[dict[str, Any]]
    _session: TrainingSession | None

    def _check_training_sanity(
        self, epochs: int | None = 0, total_examples: int | None = None, total_words: int | None = None
    ) -> None: ...
    def _check_parameters(self) -> None: ...
    def _check_can_train(self) -> None: ...
    def _clear_post_train(self) -> None: ...
    def _to_state(self) -> ModelState: ...
    def add_lifecycle_event(self, event_name: str, **event: Any) -> None: ...


class TrainingSession:
    """One training of a model; made by `begin` or `resume`.

    Parameters
    ----------
    model : TrainableModel
    corpus : iterable of lists of str
        The sentences.
    encoded : EncodedCorpus, RecordingStream or None
        The corpus as ids, or None if `corpus` is iterated in each epoch.
    state : TrainingState
        Where to begin, and what was trained until then.
    checkpoint : str, path or None
        The file that checkpoints are written to.
    callbacks : sequence
        Callbacks of this training.
    update : UpdateSession, optional
        What old words keep.
    by_hooks : bool
        Train through the overridden methods of the model.
    report_delay : float
        Seconds between two progress lines in the log.
    progress : bool or None
        Show a progress bar; see `ProgressBar`.
    barriers : sequence of Barrier
        Additional barriers.
    n_scanned : int
        Sentences of `corpus` that the vocabulary was built from.
    sample_weight : SampleWeights, optional
        Weights of the sentences.
    """

    def __init__(
        self,
        model: TrainableModel,
        corpus: Iterable[Any],
        encoded: EncodedCorpus | RecordingStream | None,
        state: TrainingState,
        *,
        checkpoint: Any = None,
        callbacks: Sequence[Any] = (),
        update: UpdateSession | None = None,
        by_hooks: bool = False,
        report_delay: float = 1.0,
        progress: bool | None = None,
        barriers: Sequence[Barrier] = (),
        n_scanned: int = 0,
        sample_weight: SampleWeights | None = None,
    ) -> None:
        self._model = model
        self._corpus = corpus
        self._encoded = encoded
        self._encoded_words = list(model.wv.index_to_key)
        self._words: list[Any] = model.wv.index_to_key
        self._n_words = len(self._words)
        self._state = state
        self._checkpoint = checkpoint
        self._callbacks = callbacks
        self._update = update
        self._by_hooks = by_hooks
        self._barriers = barriers
        self._n_scanned = n_scanned
        self._sample_weight = sample_weight
        self._has_sentences = state.raw_words > 0
        self._epochs = model.epochs
        self._random = model.random
        self._trainer: Trainer | None = None
        self._outer: TrainingSession | None = None
        self._in_callbacks = False
        self._arrays: dict[str, Any] | None = None  # those that an epoch trains, while it does
        self._start = time.perf_counter()
        self._reporter = ProgressReporter(
            epochs=self._epochs,
            total_examples=state.total_examples,
            total_words=state.total_words,
            report_delay=report_delay,
            bar=progress,
        )
        self.learning_rate = self._make_learning_rate()
        self.sentence_trainer: SentenceTrainer | None = None
        if checkpoint is not None:
            checkpoints.check_callback_states(callbacks)
            checkpoints.check_model(model._to_state())

    @classmethod
    def begin(
        cls,
        model: TrainableModel,
        corpus_iterable: Iterable[Any] | None,
        corpus_file: Any,
        *,
        total_examples: int | None,
        total_words: int | None,
        epochs: int | None,
        start_alpha: float | None,
        end_alpha: float | None,
        compute_loss: bool | None,
        callbacks: Iterable[Any] | None,
        update: Update | None,
        checkpoint: Any,
        checkpoint_every: int | None,
        report_delay: float,
        progress: bool | None,
        scanned: EncodedCorpus | None,
        n_scanned: int,
        by_hooks: bool,
        sample_weight: Any = None,
        barriers: Sequence[Barrier] = (),
    ) -> TrainingSession:
        """Check the arguments of `Word2Vec.train` and return the session; an error leaves the model unchanged.

        The parameters are those of `Word2Vec.train`, and

        scanned : EncodedCorpus or None
            The corpus as ids, if the vocabulary scan has already encoded it.
        n_scanned : int
            Sentences of the corpus, if the constructor has built the vocabulary from it; otherwise 0.
        by_hooks : bool
            Whether the model overrides methods that train sentences.
        barriers : sequence of Barrier
            Additional barriers.
        """
        updating = None if update is None else _begin_update(update, model, start_alpha, end_alpha, by_hooks)
        start_alpha = as_optional_float("start_alpha", start_alpha, minimum=0)
        end_alpha = as_optional_float("end_alpha", end_alpha, minimum=0)
        report_delay = as_float("report_delay", report_delay, minimum=0)
        progress = as_progress("progress", progress)
        if compute_loss is not None:
            compute_loss = as_flag("compute_loss", compute_loss)
        callbacks = as_callbacks(callbacks)
        weights = _sample_weights(sample_weight, by_hooks)
        alpha = model.alpha if start_alpha is None else start_alpha
        if alpha > model.min_alpha_yet_reached and update is None:
            logger.warning("Effective 'alpha' higher than previous training cycles")
        model._check_training_sanity(epochs, total_examples, total_words)
        model._check_parameters()
        make_network(model)
        replay = None if update is None else update.replay
        checkpoint_every = checkpoints.check_arguments(
            checkpoint, checkpoint_every, (corpus_iterable, corpus_file, replay)
        )
        epochs = as_int("epochs", epochs)
        total_examples = as_optional_int("total_examples", total_examples)
        total_words = as_optional_int("total_words", total_words)
        corpus = open_corpus(corpus_iterable, corpus_file, passes=epochs)
        must_be_sized = checkpoint is not None or update is not None
        encoded: EncodedCorpus | RecordingStream | None = scanned
        if by_hooks:
            encoded = None
        elif scanned is None:
            encoded = _encode(model, corpus, epochs, must_be_sized)
        if weights is not None and isinstance(encoded, EncodedCorpus):
            weights.check_size(encoded.n_sentences)
        elif weights is not None and isinstance(corpus, (list, tuple)):
            weights.check_size(len(corpus))
        model.alpha = alpha
        model.min_alpha = model.min_alpha if end_alpha is None else end_alpha
        model.epochs = epochs
        if compute_loss is not None:
            model.compute_loss = compute_loss
        model.running_training_loss = 0.0
        model.loss_history = []
        model.validation_loss_history = []
        state = TrainingState(total_examples, total_words, checkpoint_every, corpus=_size_of(encoded))
        if weights is not None:
            state = replace(state, sample_weight=weights.digest)
        session = cls(
            model,
            corpus,
            encoded,
            state,
            checkpoint=checkpoint,
            callbacks=callbacks,
            update=updating,
            by_hooks=by_hooks,
            report_delay=report_delay,
            progress=progress,
            barriers=barriers,
            n_scanned=n_scanned,
            sample_weight=weights,
        )
        session._log(
            f"training model with {model.workers} workers on {len(model.wv)} vocabulary and {model.vector_size} "
            f"features, using sg={model.sg} hs={model.hs} sample={model.sample} negative={model.negative} "
            f"window={model.window} shrink_windows={model.shrink_windows}"
        )
        return session

    @classmethod
    def resume(
        cls,
        model: TrainableModel,
        corpus_iterable: Iterable[Any] | None,
        corpus_file: Any,
        *,
        state: TrainingState,
        checkpoint: Any,
        callbacks: Iterable[Any] | None,
        replay: Any,
        report_delay: float,
        progress: bool | None,
        by_hooks: bool,
        sample_weight: Any = None,
        barriers: Sequence[Barrier] = (),
    ) -> TrainingSession:
        """Check the arguments of `Word2Vec.resume` and return the session that continues at `state`."""
        report_delay = as_float("report_delay", report_delay, minimum=0)
        progress = as_progress("progress", progress)
        callbacks = as_callbacks(callbacks)
        weights = _sample_weights(sample_weight, by_hooks)
        check_same_weights(state.sample_weight, weights)
        model._check_can_train()
        corpora = (corpus_iterable, corpus_file, replay)
        checkpoints.check_arguments(checkpoint, state.checkpoint_every, corpora)
        corpus = open_corpus(corpus_iterable, corpus_file, passes=model.epochs - state.position.epoch)
        encoded = None if by_hooks else _encode(model, corpus, model.epochs, must_be_sized=True)
        check_same_size(state.corpus, _size_of(encoded))
        if state.update is None and replay is not None:
            raise ValueError("the training of the checkpoint replays no old sentences; leave out replay")
        update = None
        if state.update is not None:
            update = UpdateSession(
                state.update.update(replay), model, state.update, takes_replay=not by_hooks
            )
        session = cls(
            model,
            corpus,
            encoded,
            state,
            checkpoint=checkpoint,
            callbacks=callbacks,
            update=update,
            by_hooks=by_hooks,
            report_delay=report_delay,
            progress=progress,
            sample_weight=weights,
            barriers=barriers,
        )
        session._log(
            f"resuming training at epoch {state.position.epoch}, after {state.position.raw_words} raw words of it, "
            f"with {model.workers} workers"
        )
        return session

    def run(self) -> tuple[int, int]:
        """Train to the end of the last epoch; return the effective words and the raw words that were trained."""
        model = self._model
        self._outer, model._session = model._session, self
        try:
            stop = self._run_callbacks("on_train_begin")
            checkpoints.restore_callbacks(self._callbacks, self._state)
            self._state = replace(self._state, callback_arrays=[])  # the callbacks own them now
            first = n_epochs = self._state.position.epoch
            trains = not stop
            for epoch in range(first, first if stop else self._epochs):
                stop = self._run_callbacks("on_epoch_begin")
                self._encode_anew_if_words_moved()
                self._words, self._n_words = model.wv.index_to_key, len(model.wv)
                start = self._state.position if epoch == first else TrainingPosition(epoch)
                tally = self.train_epoch(start)
                self._state, n_epochs = self._state.after_epoch(tally), epoch + 1
                if self._run_callbacks("on_epoch_end") or stop:
                    break
            if trains:
                self._note_end(n_epochs)
                if self._update is not None:
                    self._update.warn_of_drift()
            seconds, trained, raw = self._seconds, self._state.trained_words, self._state.raw_words
            model.total_train_time += seconds
            model.train_count += 1
            model._clear_post_train()
            self._log(
                f"training on {raw} raw words ({trained} effective words) took {seconds:.1f}s, "
                f"{trained / max(seconds, 1e-9):.0f} effective words/s"
            )
            self._run_callbacks("on_train_end")
            return trained, raw
        finally:
            model._session = self._outer
            self._reporter.close()
            if self._update is not None:
                self._update.end()

    def _note_end(self, n_epochs: int) -> None:
        """Store on the model that a training has reached its end: no word is new, and the texts are trained."""
        model = self._model
        model._vocabulary.end_training(self._words, self._n_words)
        state, update = self._state, self._update
        rates = model if update is None else update
        values = {"epochs": n_epochs, "alpha": rates.alpha, "min_alpha": rates.min_alpha}
        if update is not None:
            values.update(update.record())
        size = state.corpus or (state.total_examples, state.total_words)
        model.text_history = text_history.after_training(model.text_history, model.train_count, size, values)

    @property
    def in_callbacks(self) -> bool:
        """Whether callbacks are running, so that words may be added; those of outer sessions, too."""
        return self._in_callbacks and (self._outer is None or self._outer.in_callbacks)

    def train_epoch(self, start: TrainingPosition) -> Tally:
        """Train one epoch from `start` on; return what the epoch has trained in all.

        Raises
        ------
        RuntimeError
            If the arrays of the model were replaced meanwhile. Workers train the arrays that the model had when the
            epoch began, so the model would lose what they train.
        ValueError
            If the corpus has no sentences any more: an exhausted iterator.
        """
        model = self._model
        self.learning_rate = self._make_learning_rate()
        barriers = self._make_barriers(start)
        self._reporter.begin_epoch(start.epoch, self._update.count_new if self._update else None)
        table = model.wv._table
        table.set_training(True)
        try:
            tally = (
                self._train_sentences(start, barriers)
                if self._by_hooks
                else self._train_encoded(start, barriers)
            )
        finally:
            table.set_training(False)
        if isinstance(self._encoded, RecordingStream):
            self._encoded = self._encoded.encoded
        self._reporter.end_epoch(tally, model.min_alpha_yet_reached)
        self._check_not_exhausted(start.epoch, tally)
        if model.compute_loss:
            model.running_training_loss += tally.loss
            model.loss_history.append(tally.mean_loss)
        weights = {"vectors": model.wv.vectors, "syn1neg": model.syn1neg, "syn1": model.syn1}
        warn_if_diverged(weights, model.alpha)
        return tally

    def _train_encoded(self, start: TrainingPosition, barriers: Sequence[Barrier]) -> Tally:
        model, update = self._model, self._update
        # The workers draw from a copy: the corpus, or another thread, may draw from `model.random` meanwhile.
        self._random = np.random.RandomState()
        self._random.set_state(model.random.get_state())
        queue, workers, jobs = prepare_encoded(
            self._make_network(start.epoch),
            self._epoch_corpus(start.epoch),
            workers=model.workers,
            batch_words=self._job_words(),
            first_partition=model.train_count + start.epoch,
        )

        def alphas(sentences: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.float64]:
            if update is not None:
                sentences, words = update.count_new(sentences, words)
            return self.learning_rate.of_jobs(start.epoch, sentences, words)

        try:
            make_queue = partial(JobQueue, 1, len(model.wv.vectors))
            tally = self._run_trainer(queue, make_queue, workers, jobs, alphas, barriers, start)
        finally:
            model.random.set_state(self._random.get_state())
        self._note_rate()
        return tally

    def _train_sentences(self, start: TrainingPosition, barriers: Sequence[Barrier]) -> Tally:
        model = self._model
        self._random = model.random
        n_threads = thread_count(model.workers)
        network = self._make_network(start.epoch)
        self.sentence_trainer = SentenceTrainer(network, model.wv.key_to_index)
        workers = [SentenceWorker(model, self.sentence_trainer if i == 0 else None) for i in range(n_threads)]

        def alphas(sentences: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.float64]:
            shares = self.learning_rate.progress(sentences, words)
            return np.array([model._get_next_alpha(float(share), start.epoch) for share in shares])

        jobs = cut_sentences(self._corpus, model, self._job_words())
        try:
            queue, make_queue = SentenceQueue(2 * n_threads), partial(SentenceQueue, 1)
            return self._run_trainer(queue, make_queue, workers, jobs, alphas, barriers, start)
        finally:
            self.sentence_trainer = None

    def _run_trainer(
        self,
        queue: Any,
        make_queue: Callable[[], Any],
        workers: Sequence[Any],
        jobs: Iterable[Any],
        alphas: JobAlphas,
        barriers: Sequence[Barrier],
        start: TrainingPosition,
    ) -> Tally:
        self._trainer = Trainer(
            queue,
            workers,
            alphas=alphas,
            reporter=self._reporter,
            barriers=barriers,
            start=start,
            make_queue=make_queue,
        )
        self._arrays = _trained_arrays(self._model)
        try:
            tally = self._trainer.train_epoch(self._checked_after_each(jobs))
            self._check_arrays()
        finally:
            self._arrays = None
        return tally

    def _checked_after_each(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield the batches of an epoch; raise an error once the corpus iterator has replaced an array."""
        for batch in batches:
            self._check_arrays()
            yield batch

    def _check_arrays(self) -> None:
        """Raise a RuntimeError if the model no longer has the arrays that the workers train."""
        assert self._arrays is not None
        present = _trained_arrays(self._model)
        for name, array in self._arrays.items():
            if present[name] is not array:
                raise RuntimeError(
                    f"{name} was replaced, sorted or grown while an epoch was trained, so the model has lost what the "
                    "epoch trained; change words and arrays before train(), or between epochs in on_epoch_begin or "
                    "on_epoch_end of a callback, but neither in the corpus iterator nor in another thread"
                )

    # --- the corpus

    def _epoch_corpus(self, epoch: int) -> EncodedCorpus | Iterable[EncodedCorpus]:
        """Return the corpus of an epoch: ids at hand, or chunks that are encoded while they are trained."""
        model = self._model
        corpus: EncodedCorpus | Iterable[EncodedCorpus]
        sizes = {"chunk_words": chunk_words(model.batch_words), "first_words": model.batch_words}
        if isinstance(self._encoded, EncodedCorpus):
            corpus = self._encoded
        elif self._encoded is not None:
            corpus = self._encoded.chunks(model.wv.key_to_index, **sizes)
        else:
            corpus = stream(self._corpus, model.wv.key_to_index, **sizes)
        if self._sample_weight is not None:
            corpus = self._sample_weight.attached(corpus)
        return corpus if self._update is None else self._update.mix(corpus, epoch)

    def _check_not_exhausted(self, epoch: int, tally: Tally) -> None:
        """Raise a ValueError if an epoch found no sentence because the corpus is an exhausted iterator.

        The corpus is exhausted if it is an iterator itself, if the constructor has found sentences in it, or if the
        last epoch finds none and either an earlier one did or the corpus gives the same iterator again. In other cases
        an epoch may be empty.
        """
        sentences: Any = tally.sentences
        if self._update is not None:
            sentences, _ = self._update.count_new(sentences, tally.raw_words)
        if sentences:
            self._has_sentences = True
        elif self._encoded is None and (
            isinstance(self._corpus, Iterator)
            or self._n_scanned
            or (epoch == self._epochs - 1 and (self._has_sentences or gives_one_iterator(self._corpus)))
        ):
            raise ValueError(
                f"the corpus had no sentences in epoch {epoch}, so nothing was trained: it is an iterator that was "
                "read to its end before. Pass a list, or an object whose __iter__ starts from the beginning each time, "
                "such as a class whose __iter__ is a generator function"
            )

    def _encode_anew_if_words_moved(self) -> None:
        """Encode the corpus again if a callback has sorted the words, for example."""
        model = self._model
        if self._encoded is None or model.wv.index_to_key == self._encoded_words:
            return
        self._encoded_words = list(model.wv.index_to_key)
        if isinstance(self._encoded, EncodedCorpus):
            self._encoded = encode(self._corpus, model.wv.key_to_index, budget=model.corpus_budget)

    # --- rates, barriers, checkpoints

    def _make_learning_rate(self) -> LearningRate:
        """Return the schedule; the rates of the model are read anew, since a callback may have changed them."""
        rates = self._model if self._update is None else self._update
        state = self._state
        return LearningRate(
            rates.alpha, rates.min_alpha, self._epochs, state.total_examples, state.total_words
        )

    def _note_rate(self) -> None:
        """Store the present learning rate on the model; overridden hooks do that themselves."""
        if not self._by_hooks and self._trainer is not None and self._trainer.alpha is not None:
            self._model.min_alpha_yet_reached = self._trainer.alpha

    def _make_network(self, epoch: int) -> Network:
        return make_network(
            self._model,
            random=self._random,
            lock_factors=self._lock_factors(),
            epoch=epoch,
            epochs=self._epochs,
        )

    def _lock_factors(self) -> NDArray[np.float32]:
        factors = checked_lock_factors(self._model.wv.vectors_lockf)
        return factors if self._update is None else self._update.lock_factors(factors)

    def _job_words(self) -> int:
        """Return how many words a job may have: as many as the model says, or as the barriers allow."""
        sizes = [barrier.job_words for barrier in self._barriers if barrier.job_words is not None]
        return min([self._model.batch_words, *sizes])

    def _make_barriers(self, start: TrainingPosition) -> list[Barrier]:
        barriers = list(self._barriers)
        if self._checkpoint is not None:
            barriers.insert(0, Barrier(self._state.checkpoint_every, self._write_checkpoint))
        if self._update is not None:
            every = self._update.begin_epoch(self._encoded, self.learning_rate, start)
            if every is not None:
                barriers.insert(0, Barrier(every, self._pull))
        return [replace(barrier, action=partial(self._at_barrier, barrier.action)) for barrier in barriers]

    def _at_barrier(self, action: Callable[[TrainingPosition], None], position: TrainingPosition) -> None:
        """Run the action of a barrier on the model as training has left it, its rate and random state included."""
        self._check_arrays()
        self._note_rate()
        self._model.random.set_state(self._random.get_state())
        action(position)

    def _pull(self, position: TrainingPosition) -> None:
        assert self._update is not None
        self._update.pull(position, self.learning_rate, self._model.min_alpha_yet_reached)

    def _write_checkpoint(self, position: TrainingPosition) -> None:
        """Write a checkpoint; a full disk, or a callback's state that cannot be stored, does not end the training."""
        if position.complete and position.epoch == self._epochs - 1:
            self._note_end(self._epochs)
        try:
            state = replace(
                self._state,
                position=position,
                seconds=self._seconds,
                callbacks=checkpoints.callback_states(self._callbacks),
                callback_arrays=checkpoints.callback_arrays(self._callbacks),
                update=None if self._update is None else self._update.state(),
            )
            checkpoints.write(self._checkpoint, self._model._to_state(), state)
        except (OSError, checkpoints.CallbackStateError) as error:
            logger.error("no checkpoint could be written, training goes on: %s", error)

    @property
    def _seconds(self) -> float:
        """Seconds spent on the training so far, without the time between a checkpoint and its resumption."""
        return self._state.seconds + time.perf_counter() - self._start

    def _run_callbacks(self, event: str) -> bool:
        self._in_callbacks = True
        try:
            return run_callbacks(self._callbacks, event, self._model)
        finally:
            self._in_callbacks = False

    def _log(self, message: str) -> None:
        self._model.add_lifecycle_event("train", msg=message)


class RestoredSettings:
    """Context manager that puts back the settings of a training in one of whose callbacks another training runs."""

    def __init__(self, model: TrainableModel) -> None:
        self._model = model
        self._settings = {name: getattr(model, name) for name in SETTINGS}

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        for name, value in self._settings.items():
            setattr(self._model, name, value)


def _begin_update(
    update: Any, model: TrainableModel, start_alpha: float | None, end_alpha: float | None, by_hooks: bool
) -> UpdateSession:
    if not isinstance(update, Update):
        raise TypeError(f"update must be an Update, such as Update(anchor=1.0), not {type(update).__name__}")
    for name, value, instead in (
        ("start_alpha", start_alpha, "Update(alpha=...)"),
        ("end_alpha", end_alpha, "Update(min_alpha=...)"),
    ):
        if value is not None:
            raise ValueError(f"{name} would change the model's own rates; with update= use {instead}")
    return UpdateSession(update, model, takes_replay=not by_hooks)


def _sample_weights(values: Any, by_hooks: bool) -> SampleWeights | None:
    if values is None:
        return None
    if by_hooks:
        raise ValueError(
            "sample_weight cannot be used with a subclass that overrides methods such as _do_train_job, because these "
            "methods get sentences without weights"
        )
    return SampleWeights(values)


def _encode(
    model: TrainableModel, corpus: Iterable[Any], epochs: int, must_be_sized: bool
) -> EncodedCorpus | RecordingStream | None:
    """Return the corpus as ids, or None if it is iterated in each epoch.

    A long list is encoded by its first epoch, while that is trained, unless its size must be known before. Its jobs are
    small, because the workers hold some of them in addition to what is recorded, and there are many of them, because a
    single job would be trained by a single worker.
    """
    if not is_reusable(corpus):
        return None
    small_jobs = model.batch_words <= STREAM_WORDS
    if not must_be_sized and small_jobs and is_long_list(corpus, LONG_LIST_WORDS, longest=STREAM_WORDS):
        # A tuple keeps the sentences of now, whatever callbacks do to the list.
        return None if epochs == 1 else RecordingStream(tuple(corpus), budget=model.corpus_budget)
    return encode(corpus, model.wv.key_to_index, budget=model.corpus_budget)


def _size_of(corpus: EncodedCorpus | RecordingStream | None) -> checkpoints.Size | None:
    """Return the sentences and raw words of a corpus that is completely encoded, None for any other."""
    return corpus.size if isinstance(corpus, EncodedCorpus) else None


def _trained_arrays(model: TrainableModel) -> dict[str, Any]:
    """Return the arrays that a training changes, by the names that users know."""
    return {
        "model.wv.vectors": model.wv.vectors,
        "model.syn1neg": model.syn1neg if model.negative else None,
        "model.syn1neg_bias": model.syn1neg_bias,
        "model.syn1": model.syn1 if model.hs else None,
    }
