"""A training session: one call of `Word2Vec.train` or `Word2Vec.resume`, from its arguments to the returned counts.

The session owns everything that exists only while a model is trained: the learning rates, the epoch, the random state
of the workers, the update in progress, the barriers, the checkpoints and the progress reports. When it ends, only the
weights, the counts and the history of the training stay on the model.

    TrainingSession.run -> train_epoch -> Trainer.train_epoch -> Worker.run (fastw2v._inner) -> row kernels

A callback may start another training of the same model. That training is a session of its own. When it ends, the
settings of the outer session are restored.
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
from fastw2v.engine.job_queue import JobQueue
from fastw2v.engine.network import Network
from fastw2v.formats.model_state import ModelState
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.training import checkpoints, text_history
from fastw2v.training.arguments import CheckpointFile, Reports, Schedule, TrainingText
from fastw2v.training.barriers import Barrier, TrainingPosition, check_same_size
from fastw2v.training.checkpoints import TrainingState
from fastw2v.training.divergence import warn_if_diverged
from fastw2v.training.group import Group
from fastw2v.training.learning_rate import LearningRate
from fastw2v.training.network import NetworkModel, checked_lock_factors, make_network
from fastw2v.training.progress import ProgressReporter, Tally
from fastw2v.training.rounds import epoch_key, prepare_rounds
from fastw2v.training.run_callbacks import run_callbacks
from fastw2v.training.sample_weights import SampleWeights, check_same_weights
from fastw2v.training.sentence_jobs import (
    SentenceQueue,
    SentenceTrainer,
    SentenceWorker,
    TrainingHooks,
    cut_sentences,
)
from fastw2v.training.trainer import JobAlphas, Trainer, prepare_encoded, thread_count
from fastw2v.training.training_corpus import TrainingCorpus
from fastw2v.training.update import Update, UpdatedModel, UpdateSession

logger = get_logger(__name__, "models.word2vec")

NO_CHECKPOINTS = CheckpointFile()
SETTINGS = (
    "alpha", "min_alpha", "epochs", "compute_loss", "running_training_loss", "loss_history",
    "validation_loss_history",
)  # fmt: skip


class TrainableModel(NetworkModel, UpdatedModel, TrainingHooks, Protocol):
    """The attributes of a model that a session reads and changes."""

    epochs: int
    workers: int
    batch_words: int
    reproducible: bool
    virtual_workers: int
    round_words: int
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
    corpus : TrainingCorpus
    state : TrainingState
        Where to begin, and the counts of what was trained before.
    reports : Reports
        Callbacks, log lines and progress bar.
    checkpoint : str, path or None
        The file that checkpoints are written to.
    update : UpdateSession, optional
        The restraints on old words.
    by_hooks : bool
        Whether to train through the overridden methods of the model.
    barriers : sequence of Barrier
        Additional barriers, which a checkpoint at the same position comes after.
    group : Group, optional
        The sessions of other members that train the same model on other parts of the text.
    """

    def __init__(
        self,
        model: TrainableModel,
        corpus: TrainingCorpus,
        state: TrainingState,
        *,
        reports: Reports,
        checkpoint: Any = None,
        update: UpdateSession | None = None,
        by_hooks: bool = False,
        barriers: Sequence[Barrier] = (),
        group: Group | None = None,
    ) -> None:
        self._model = model
        self._corpus = corpus
        self._words: list[Any] = model.wv.index_to_key
        self._n_words = len(self._words)
        self._state = state
        self._checkpoint = checkpoint
        self._callbacks: Sequence[Any] = reports.callbacks
        self._update = update
        self._by_hooks = by_hooks
        self._barriers = barriers
        self._group = group
        self._epochs = model.epochs
        self._random = model.random
        self._trainer: Trainer | None = None
        self._outer: TrainingSession | None = None
        self._in_callbacks = False
        self._arrays: dict[str, Any] | None = None  # the arrays that the present epoch trains
        self._total: Tally | None = None  # of the group, at the end of an epoch
        self._start = time.perf_counter()
        self._reporter = ProgressReporter(
            epochs=self._epochs,
            total_examples=state.total_examples,
            total_words=state.total_words,
            report_delay=reports.report_delay,
            bar=reports.progress,
        )
        self.learning_rate = self._make_learning_rate()
        self.sentence_trainer: SentenceTrainer | None = None
        if state.raw_words and (
            group is None or state.position.sentences
        ):  # the part of a member may be empty
            corpus.note_sentences()
        if checkpoint is not None:
            checkpoints.check_callback_states(self._callbacks)
            checkpoints.check_model(model._to_state())

    @classmethod
    def begin(
        cls,
        model: TrainableModel,
        text: TrainingText,
        schedule: Schedule,
        *,
        reports: Reports,
        checkpoint: CheckpointFile = NO_CHECKPOINTS,
        update: Update | None = None,
        by_hooks: bool = False,
        barriers: Sequence[Barrier] = (),
        group: Group | None = None,
    ) -> TrainingSession:
        """Check the arguments of `Word2Vec.train` and return the session; an error leaves the model unchanged.

        Parameters
        ----------
        model : TrainableModel
        text : TrainingText
            What is trained.
        schedule : Schedule
            How often, and at which rates.
        reports : Reports
            Callbacks, log lines and progress bar.
        checkpoint : CheckpointFile
            Where checkpoints go.
        update : Update, optional
            As in `Word2Vec.train`.
        by_hooks : bool
            Whether the model overrides methods that train sentences.
        barriers, group
            As in `TrainingSession`.
        """
        updating = None if update is None else _begin_update(update, model, schedule, by_hooks)
        weights = _sample_weights(text.sample_weight, by_hooks)
        _check_reproducible(model, by_hooks)
        alpha = model.alpha if schedule.start_alpha is None else schedule.start_alpha
        if alpha > model.min_alpha_yet_reached and update is None:
            logger.warning("Effective 'alpha' higher than previous training cycles")
        model._check_training_sanity(schedule.epochs, schedule.total_examples, schedule.total_words)
        model._check_parameters()
        make_network(model)
        replay = None if update is None else update.replay
        corpora = (text.corpus_iterable, text.corpus_file, replay)
        checkpoint_every = checkpoints.check_arguments(checkpoint.path, checkpoint.every, corpora)
        epochs, total_examples, total_words = schedule.integers()
        must_be_sized = checkpoint.path is not None or update is not None
        corpus = TrainingCorpus.open(
            model, text, weights, passes=epochs, must_be_sized=must_be_sized, by_hooks=by_hooks
        )
        model.alpha = alpha
        model.min_alpha = model.min_alpha if schedule.end_alpha is None else schedule.end_alpha
        model.epochs = epochs
        if reports.compute_loss is not None:
            model.compute_loss = reports.compute_loss
        model.running_training_loss = 0.0
        model.loss_history = []
        model.validation_loss_history = []
        state = TrainingState(
            total_examples,
            total_words,
            checkpoint_every,
            corpus=corpus.size,
            sample_weight=None if weights is None else weights.digest,
        )
        session = cls(
            model,
            corpus,
            state,
            reports=reports,
            checkpoint=checkpoint.path,
            update=updating,
            by_hooks=by_hooks,
            barriers=barriers,
            group=group,
        )
        session._log(
            f"training model with {thread_count(model.workers)} workers on {len(model.wv)} vocabulary and "
            f"{model.vector_size} features, using sg={model.sg} hs={model.hs} sample={model.sample} "
            f"negative={model.negative} window={model.window} shrink_windows={model.shrink_windows}"
        )
        return session

    @classmethod
    def resume(
        cls,
        model: TrainableModel,
        text: TrainingText,
        state: TrainingState,
        *,
        reports: Reports,
        checkpoint: Any = None,
        replay: Any = None,
        by_hooks: bool = False,
        barriers: Sequence[Barrier] = (),
        group: Group | None = None,
    ) -> TrainingSession:
        """Check the arguments of `Word2Vec.resume` and return the session that continues at `state`.

        Parameters
        ----------
        model : TrainableModel
        text : TrainingText
            The text of the training.
        state : TrainingState
            Where to continue.
        reports : Reports
            Callbacks, log lines and progress bar.
        checkpoint : str, path or None
            The file that checkpoints are written to.
        replay : object
            As in `Word2Vec.resume`.
        by_hooks, barriers, group
            As in `begin`.
        """
        weights = _sample_weights(text.sample_weight, by_hooks)
        check_same_weights(state.sample_weight, weights)
        _check_reproducible(model, by_hooks)
        model._check_can_train()
        corpora = (text.corpus_iterable, text.corpus_file, replay)
        checkpoints.check_arguments(checkpoint, state.checkpoint_every, corpora)
        passes = model.epochs - state.position.epoch
        corpus = TrainingCorpus.open(
            model, text, weights, passes=passes, must_be_sized=True, by_hooks=by_hooks
        )
        check_same_size(state.corpus, corpus.size)
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
            state,
            reports=reports,
            checkpoint=checkpoint,
            update=update,
            by_hooks=by_hooks,
            barriers=barriers,
            group=group,
        )
        session._log(
            f"resuming training at epoch {state.position.epoch}, after {state.position.raw_words} raw words of it, "
            f"with {thread_count(model.workers)} workers"
        )
        return session

    def run(self) -> tuple[int, int]:
        """Train to the end of the last epoch; return the numbers of effective words and raw words that were trained."""
        model = self._model
        self._outer, model._session = model._session, self
        try:
            stop = self._run_callbacks("on_train_begin")
            checkpoints.restore_callbacks(self._callbacks, self._state)
            self._state = replace(self._state, callback_arrays=[])  # the callbacks have taken them over
            first = n_epochs = self._state.position.epoch
            trains = not stop
            for epoch in range(first, first if stop else self._epochs):
                stop = self._run_callbacks("on_epoch_begin")
                self._corpus.encode_anew_if_words_moved()
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
        """Record on the model that a training has ended: no word is new any more, and the texts are trained."""
        model = self._model
        model._vocabulary.end_training(self._words, self._n_words)
        state, update = self._state, self._update
        rates = model if update is None else update
        values = {"epochs": n_epochs, "alpha": rates.alpha, "min_alpha": rates.min_alpha}
        if update is not None:
            values.update(update.record())
        size = self._group.text if self._group else state.corpus or (state.total_examples, state.total_words)
        model.text_history = text_history.after_training(model.text_history, model.train_count, size, values)

    @property
    def in_callbacks(self) -> bool:
        """Whether callbacks of this or of an outer session are running, so that words may be added."""
        return self._in_callbacks and (self._outer is None or self._outer.in_callbacks)

    def train_epoch(self, start: TrainingPosition) -> Tally:
        """Train one epoch from `start` on; return the counts of the whole epoch.

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
        self._corpus.end_epoch()
        own, tally = self._own_and_total(start, tally)
        self._reporter.end_epoch(tally, model.min_alpha_yet_reached, own)
        self._note_sentences(start.epoch, own)
        if model.compute_loss:
            model.running_training_loss += tally.loss
            model.loss_history.append(tally.mean_loss)
        weights = {"vectors": model.wv.vectors, "syn1neg": model.syn1neg, "syn1": model.syn1}
        warn_if_diverged(weights, model.alpha, thread_count(model.workers))
        return tally

    def _train_encoded(self, start: TrainingPosition, barriers: Sequence[Barrier]) -> Tally:
        model, update = self._model, self._update
        # The workers draw from a copy: the corpus, or another thread, may draw from `model.random` meanwhile.
        self._random = np.random.RandomState()
        self._random.set_state(model.random.get_state())
        network, corpus = self._make_network(start.epoch), self._corpus_of_epoch(start.epoch)
        first_partition = model.train_count + start.epoch
        queue: JobQueue
        workers: Sequence[Any]
        if model.reproducible:
            queue, workers, jobs = prepare_rounds(
                network,
                corpus,
                workers=model.workers,
                virtual_workers=model.virtual_workers,
                round_words=self._round_words(),
                key=epoch_key(self._random, model.train_count, start.epoch),
                first_partition=first_partition,
                first_job=0 if start.complete else start.jobs,
            )
        else:
            queue, workers, jobs = prepare_encoded(
                network,
                corpus,
                workers=model.workers,
                batch_words=self._job_words(),
                first_partition=first_partition,
            )

        def alphas(sentences: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.float64]:
            if update is not None:
                sentences, words = update.count_new(sentences, words)
            return self.learning_rate.of_jobs(start.epoch, sentences, words)

        try:
            # A round needs a thread: the calling thread alone would train each job as a round of its own.
            make_queue = None if model.reproducible else partial(JobQueue, 1, len(model.wv.vectors))
            round_jobs = model.virtual_workers if model.reproducible else 1
            tally = self._run_trainer(queue, make_queue, workers, jobs, alphas, barriers, start, round_jobs)
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

        jobs = cut_sentences(self._corpus.sentences, model, self._job_words())
        try:
            queue, make_queue = SentenceQueue(2 * n_threads), partial(SentenceQueue, 1)
            return self._run_trainer(queue, make_queue, workers, jobs, alphas, barriers, start)
        finally:
            self.sentence_trainer = None

    def _run_trainer(
        self,
        queue: Any,
        make_queue: Callable[[], Any] | None,
        workers: Sequence[Any],
        jobs: Iterable[Any],
        alphas: JobAlphas,
        barriers: Sequence[Barrier],
        start: TrainingPosition,
        round_jobs: int = 1,
    ) -> Tally:
        self._trainer = Trainer(
            queue,
            workers,
            alphas=alphas,
            reporter=self._reporter,
            barriers=barriers,
            start=start,
            make_queue=make_queue,
            round_jobs=round_jobs,
        )
        self._arrays = _trained_arrays(self._model)
        try:
            tally = self._trainer.train_epoch(self._checked_after_each(jobs))
            self._check_arrays()
        finally:
            self._arrays = None
        return tally

    def _checked_after_each(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield the batches of an epoch; raise an error if the corpus iterator has replaced an array."""
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

    def _corpus_of_epoch(self, epoch: int) -> EncodedCorpus | Iterable[EncodedCorpus]:
        """Return the corpus of an epoch, with the old sentences that an update mixes in."""
        corpus = self._corpus.of_epoch()
        return corpus if self._update is None else self._update.mix(corpus, epoch)

    def _note_sentences(self, epoch: int, tally: Tally) -> None:
        """Record whether an epoch has found sentences; raise a ValueError if it found none in an exhausted iterator."""
        sentences: Any = tally.sentences
        if self._update is not None:
            sentences, _ = self._update.count_new(sentences, tally.raw_words)
        if sentences:
            self._corpus.note_sentences()
        else:
            self._corpus.check_not_exhausted(epoch, is_last=epoch == self._epochs - 1)

    def _own_and_total(self, start: TrainingPosition, tally: Tally) -> tuple[Tally, Tally]:
        """Return what this session has read in an epoch, and what all members of the group have trained in it."""
        if self._group is None:
            return tally, tally
        if start.complete:  # the tally of a checkpoint is that of the group
            return Tally(raw_words=start.raw_words, sentences=start.sentences), tally
        total, self._total = self._total_of_group(tally), None
        return tally, total

    def _total_of_group(self, tally: Tally) -> Tally:
        """Return what all members have trained in the epoch that is at its end; all of them call this."""
        if self._group is None:
            return tally
        if self._total is None:
            self._total = self._group.total(tally)
        return self._total

    # --- rates, barriers, checkpoints

    def _make_learning_rate(self) -> LearningRate:
        """Return the schedule; the rates of the model are read again, because a callback may have changed them."""
        rates = self._model if self._update is None else self._update
        state = self._state
        return LearningRate(
            rates.alpha, rates.min_alpha, self._epochs, state.total_examples, state.total_words
        )

    def _note_rate(self) -> None:
        """Store the present learning rate on the model; overridden methods do this themselves."""
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
        """Return the largest number of words of a job: that of the model, or the one that the barriers allow."""
        return self._at_most(self._model.batch_words, 1)

    def _round_words(self) -> int:
        """Return the largest number of words of a round: that of the model, or the one that the barriers allow."""
        return self._at_most(self._model.round_words, self._model.virtual_workers)

    def _at_most(self, words: int, n_jobs: int) -> int:
        """Return `words`, or fewer if the barriers do not allow so many for `n_jobs` jobs."""
        sizes = [barrier.job_words * n_jobs for barrier in self._barriers if barrier.job_words is not None]
        return min([words, *sizes])

    def _make_barriers(self, start: TrainingPosition) -> list[Barrier]:
        barriers = list(self._barriers)
        if self._checkpoint is not None:
            barriers.append(Barrier(self._state.checkpoint_every, self._write_checkpoint))
        if self._update is not None:
            every = self._update.begin_epoch(self._corpus.encoded, self.learning_rate, start)
            if every is not None:
                barriers.insert(0, Barrier(every, self._pull))
        return [replace(barrier, action=partial(self._at_barrier, barrier.action)) for barrier in barriers]

    def _at_barrier(self, action: Callable[[TrainingPosition], None], position: TrainingPosition) -> None:
        """Run the action of a barrier on the model in its present state, including its rate and random state."""
        self._check_arrays()
        self._note_rate()
        self._model.random.set_state(self._random.get_state())
        action(position)

    def _pull(self, position: TrainingPosition) -> None:
        assert self._update is not None
        self._update.pull(position, self.learning_rate, self._model.min_alpha_yet_reached)

    def _write_checkpoint(self, position: TrainingPosition) -> None:
        """Write a checkpoint; a full disk, or a callback's state that cannot be stored, does not end the training."""
        if position.complete:
            # Not before the other barriers: each member makes its last merges of the epoch there, and the members
            # must exchange merges and tallies in the same order.
            position = replace(position, tally=self._total_of_group(position.tally))
            if position.epoch == self._epochs - 1:
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
            if self._group is not None:
                state = state.of_text(self._group.text)
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
            stop = run_callbacks(self._callbacks, event, self._model)
        finally:
            self._in_callbacks = False
        return stop if self._group is None else self._group.after_callbacks(stop)

    def _log(self, message: str) -> None:
        self._model.add_lifecycle_event("train", msg=message)


class RestoredSettings:
    """Context manager that restores the settings of a training after one of its callbacks has run another training."""

    def __init__(self, model: TrainableModel) -> None:
        self._model = model
        self._settings = {name: getattr(model, name) for name in SETTINGS}

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        for name, value in self._settings.items():
            setattr(self._model, name, value)


def _begin_update(update: Any, model: TrainableModel, schedule: Schedule, by_hooks: bool) -> UpdateSession:
    if not isinstance(update, Update):
        raise TypeError(f"update must be an Update, such as Update(anchor=1.0), not {type(update).__name__}")
    for name, value, instead in (
        ("start_alpha", schedule.start_alpha, "Update(alpha=...)"),
        ("end_alpha", schedule.end_alpha, "Update(min_alpha=...)"),
    ):
        if value is not None:
            raise ValueError(f"{name} would change the model's own rates; with update= use {instead}")
    return UpdateSession(update, model, takes_replay=not by_hooks)


def _check_reproducible(model: TrainableModel, by_hooks: bool) -> None:
    if model.reproducible and by_hooks:
        raise ValueError(
            "reproducible=True cannot be used with a subclass that overrides methods such as _do_train_job, because "
            "its threads train in no fixed order; use workers=1 and reproducible=False"
        )


def _sample_weights(values: Any, by_hooks: bool) -> SampleWeights | None:
    if values is None:
        return None
    if by_hooks:
        raise ValueError(
            "sample_weight cannot be used with a subclass that overrides methods such as _do_train_job, because these "
            "methods get sentences without weights"
        )
    return SampleWeights(values)


def _trained_arrays(model: TrainableModel) -> dict[str, Any]:
    """Return the arrays that a training changes, by their public names."""
    return {
        "model.wv.vectors": model.wv.vectors,
        "model.syn1neg": model.syn1neg if model.negative else None,
        "model.syn1neg_bias": model.syn1neg_bias,
        "model.syn1": model.syn1 if model.hs else None,
    }
