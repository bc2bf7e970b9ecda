"""How a model trains: arguments checked, the corpus turned into ids, epochs run, losses and rates kept.

`Trainable` is a base of `word2vec.Word2Vec`, which owns the words and the weights. The loop over epochs is here; one
epoch is `training.Trainer`'s.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from fastw2v import corpora
from fastw2v.training import checkpoints
from fastw2v.training import held_out
from fastw2v.engine.network import Network
from fastw2v.callbacks import run_callbacks
from fastw2v.compat import jobs
from fastw2v.compat.descriptors import renamed_arguments
from fastw2v.text.encoding import EncodedCorpus, KeptStream, encode, stream
from fastw2v.training.epoch import Epoch
from fastw2v.training.update import Update, resumed_update, run_of, under_update
from fastw2v.vocabulary.scan_cache import ScanCache
from fastw2v.training.network import network_of
from fastw2v.common.validation import as_callbacks, as_int, check_number, check_whole
from fastw2v.training.barriers import Pause, Position, check_same
from fastw2v.training.progress import Reporter, Tally
from fastw2v.training.trainer import STREAM_WORDS, LearningRate, Trainer, by_one_thread, thread_count

if TYPE_CHECKING:
    from fastw2v.keyedvectors import KeyedVectors
    from fastw2v.word2vec import Word2Vec

logger = logging.getLogger("gensim.models.word2vec")  # the name that users of gensim filter and parse

# A list of more words is trained while it is encoded; to encode less takes no time worth saving.
LONG_LIST_WORDS = 320_000
DIVERGED = (
    1e3  # components of trained vectors stay below 10; rates that are too large carry them off by orders
)


class Trainable(jobs.TrainingHooks):
    """Words and weights that can be trained; the base of `Word2Vec`, which documents the parameters."""

    alpha: float
    min_alpha: float
    epochs: int
    sg: int
    window: int
    shrink_windows: bool
    workers: int
    batch_words: int
    compute_loss: bool
    running_training_loss: float
    loss_history: list[float]
    min_alpha_yet_reached: float
    train_count: int
    total_train_time: float
    wv: KeyedVectors
    syn1: NDArray[np.float32] | None
    syn1neg: NDArray[np.float32] | None
    random: np.random.RandomState
    vector_size: int
    hs: int
    negative: int
    sample: float | None
    min_count: int
    corpus_count: int
    corpus_total_words: int | None
    corpus_budget: int | None
    add_lifecycle_event: Callable[..., None]
    _scan_cache: ScanCache | None

    def _check_parameters(self) -> None:
        for name, least in (
            ("vector_size", 1),
            ("window", 1),
            ("negative", 0),
            ("epochs", 1),
            ("batch_words", 1),
        ):
            check_whole(name, getattr(self, name), least)
        for name in ("alpha", "min_alpha"):
            check_number(name, getattr(self, name))
        for name in ("ns_exponent", "min_count"):
            check_number(name, getattr(self, name), least=-math.inf)
        for name in ("sample", "max_vocab_size", "max_final_vocab", "corpus_budget"):
            value = getattr(self, name)
            if value is not None:
                check_number(name, value)

    def _check_can_train(self) -> None:
        """Refuse, before a corpus is read, settings that could train nothing."""
        thread_count(self.workers)
        if not self.hs and not self.negative:
            raise ValueError(
                "You must set either 'hs' or 'negative' to be positive for proper training. "
                "When both 'hs=0' and 'negative=0', there will be no training."
            )

    def _check_training_sanity(
        self,
        epochs: int | None = 0,
        total_examples: int | None = None,
        total_words: int | None = None,
        **kwargs: Any,
    ) -> None:
        if self.alpha > self.min_alpha_yet_reached and run_of(self) is None:
            logger.warning("Effective 'alpha' higher than previous training cycles")
        self._check_can_train()
        if self.hs and self.negative:
            logger.warning(
                "Both hierarchical softmax and negative sampling are activated. This is probably a mistake."
            )
        if not self.wv.key_to_index:
            raise RuntimeError(
                "you must first build vocabulary before training the model"
                if not self.corpus_total_words
                else f"no word of the corpus is left in the vocabulary, so you must first build vocabulary anew: "
                f"none of its {self.corpus_total_words} tokens occurs min_count={self.min_count} times"
            )
        if not len(self.wv.vectors):
            raise RuntimeError("you must initialize vectors before training the model")
        if epochs is None:
            raise ValueError("You must specify an explicit epochs count, at least 1, got epochs=None.")
        check_whole("epochs", epochs, least=1)
        for name, total in (("total_examples", total_examples), ("total_words", total_words)):
            if total is not None:
                check_number(name, total)
        if not total_examples and not total_words:
            raise ValueError(
                "You must specify either total_examples or total_words, for proper learning-rate and progress "
                "calculations. If you've just built the vocabulary using the same corpus, using the count cached in "
                "the model is sufficient: total_examples=model.corpus_count."
            )

    @renamed_arguments(sentences="corpus_iterable")
    @by_one_thread
    @under_update
    def train(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: Any = None,
        total_examples: int | None = None,
        total_words: int | None = None,
        epochs: int | None = None,
        start_alpha: float | None = None,
        end_alpha: float | None = None,
        word_count: int = 0,
        queue_factor: int = 2,
        report_delay: float = 1.0,
        compute_loss: bool | None = None,
        callbacks: Iterable[Any] | None = (),
        *,
        progress: bool = False,
        update: Update | None = None,
        checkpoint: Any = None,
        checkpoint_every: int | None = None,
    ) -> tuple[int, int]:
        """Train the vectors on a corpus.

        Parameters
        ----------
        corpus_iterable, corpus_file
            The corpus, as in the constructor. A list or one of the library's readers is encoded once; any other
            iterable is iterated afresh each epoch.
        total_examples, total_words : int
            Sentences or raw words of the corpus, for the learning rate; one of them is required.
        epochs : int
            Passes over the corpus; required.
        start_alpha, end_alpha : float, optional
            Learning rates at the start and the end; they replace `alpha` and `min_alpha` for good.
        word_count, queue_factor
            Without effect; kept for compatibility.
        report_delay : float, default 1.0
            Seconds between two progress lines in the log.
        compute_loss : bool, optional
            Tally the loss; None: as the constructor said.
        callbacks : iterable of CallbackAny2Vec
            Called at the boundaries of epochs. One may raise `StopTraining` to end the training early.
        progress : bool, default False
            Show a progress bar.
        update : Update, optional
            What may not be forgotten: old rows frozen or anchored, a rate for this training alone, old sentences
            mixed in.
        checkpoint : str or path, optional
            A file that is replaced, at the end of each epoch and as `checkpoint_every` says, by the model as it then
            is and all that `resume` needs to go on from there. It is written aside and renamed, so it is whole
            whatever happens; if it cannot be written, the log says so and the training goes on. `load` reads it too.
            With `update`, it holds the old values of what is anchored and of frozen outputs as well.
        checkpoint_every : int, optional
            Raw words from one checkpoint to the next within an epoch; None: only at the ends of epochs. The workers
            rest while one is written, which takes as long as `save`.

        Returns
        -------
        (int, int)
            Words trained (those in the vocabulary that subsampling kept), and raw words, over all epochs.

        Raises
        ------
        ValueError
            If `epochs` or both totals are missing, or there is nothing that could be trained.
        RuntimeError
            If there is no vocabulary, or another thread is training this model.
        TypeError
            If the corpus cannot be used, or `epochs` is no whole number.
        OSError
            If no file could be written at `checkpoint`, or the encoded corpus found no room on the disk.
        Exception
            Whatever the corpus or a callback raises; the vectors keep what was trained until then.
        """
        settings = {name: getattr(self, name) for name in ("alpha", "min_alpha", "epochs", "compute_loss")}
        for name, rate in (("start_alpha", start_alpha), ("end_alpha", end_alpha)):
            if rate is not None:
                check_number(name, rate)
        check_number("report_delay", report_delay)
        callbacks = as_callbacks(callbacks)
        self.alpha = start_alpha or self.alpha
        self.min_alpha = end_alpha or self.min_alpha
        if epochs is not None:
            self.epochs = epochs
        if compute_loss is not None:
            self.compute_loss = compute_loss
        try:
            self._check_training_sanity(epochs, total_examples, total_words)
            self._check_parameters()
            self._network()
            checkpoints.check_arguments(checkpoint, checkpoint_every)
            corpus = corpora.open_corpus(corpus_iterable, corpus_file, passes=self.epochs)
            sized = checkpoint is not None or run_of(self) is not None
            encoded = self._take_encoded(corpus, corpus_iterable, corpus_file, sized=sized)
        except BaseException:
            self.__dict__.update(settings)
            raise
        self.running_training_loss = 0.0
        self.loss_history = []
        self.add_lifecycle_event(
            "train",
            msg=f"training model with {self.workers} workers on {len(self.wv)} vocabulary and {self.vector_size} "
            f"features, using sg={self.sg} hs={self.hs} sample={self.sample} negative={self.negative} "
            f"window={self.window} shrink_windows={self.shrink_windows}",
        )
        run = checkpoints.Run(total_examples, total_words, checkpoint_every, corpus=_size_of(encoded))
        return self._train_from(corpus, encoded, run, checkpoint, callbacks, report_delay, progress)

    def _train_from(
        self,
        corpus: Iterable[Any],
        encoded: EncodedCorpus | KeptStream | None,
        run: checkpoints.Run,
        checkpoint: Any,
        callbacks: tuple[Any, ...],
        report_delay: float,
        progress: bool,
    ) -> tuple[int, int]:
        """Train, from where `run` is, to the end of the last epoch."""
        model = cast("Word2Vec", self)
        totals = {"total_examples": run.total_examples, "total_words": run.total_words}
        reporter = Reporter(epochs=self.epochs, **totals, report_delay=report_delay, bar=progress)
        saver = checkpoints.Checkpoints(model, checkpoint, run, callbacks)
        pauses: tuple[Pause, ...] = saver.pauses
        words = list(self.wv.index_to_key)
        stop = run_callbacks(callbacks, "on_train_begin", model)
        checkpoints.restore_callbacks(callbacks, run.callbacks)
        try:
            for epoch in range(run.position.epoch, run.position.epoch if stop else self.epochs):
                stop = run_callbacks(callbacks, "on_epoch_begin", model)
                if encoded is not None and self.wv.index_to_key != words:  # a callback sorted them, say
                    words = list(self.wv.index_to_key)
                    if isinstance(encoded, EncodedCorpus):
                        encoded = encode(corpus, self.wv.key_to_index, budget=self.corpus_budget)
                start = run.position if epoch == run.position.epoch else Position(epoch)
                rate = LearningRate(self.alpha, self.min_alpha, self.epochs, **totals)
                tally = self._train_epoch(
                    corpus if encoded is None else encoded, Epoch(start, rate, reporter, pauses)
                )
                if isinstance(encoded, KeptStream):
                    encoded = encoded.encoded
                saver.add_epoch(tally)
                if run_callbacks(callbacks, "on_epoch_end", model) or stop:
                    break
        finally:
            reporter.close()
        seconds, trained_words, raw_words = saver.seconds, saver.run.trained_words, saver.run.raw_words
        self.total_train_time += seconds
        self.train_count += 1
        self._clear_post_train()
        self.add_lifecycle_event(
            "train",
            msg=f"training on {raw_words} raw words ({trained_words} effective words) took {seconds:.1f}s, "
            f"{trained_words / max(seconds, 1e-9):.0f} effective words/s",
        )
        run_callbacks(callbacks, "on_train_end", model)
        return trained_words, raw_words

    @by_one_thread
    def _resume(
        self,
        path: Any,
        run: checkpoints.Run,
        corpus_iterable: Iterable[Any] | None,
        corpus_file: Any,
        workers: int | None,
        callbacks: Iterable[Any] | None,
        report_delay: float,
        progress: bool,
        replay: Any,
    ) -> None:
        if workers is not None:
            self.workers = as_int("workers", workers)
        self._check_can_train()
        checkpoints.check_arguments(path, run.checkpoint_every)
        corpus = corpora.open_corpus(corpus_iterable, corpus_file, passes=self.epochs - run.position.epoch)
        encoded = self._take_encoded(corpus, corpus_iterable, corpus_file, sized=True)
        check_same(run.corpus, _size_of(encoded))
        self.add_lifecycle_event(
            "train",
            msg=f"resuming training at epoch {run.position.epoch}, after {run.position.raw_words} raw words of it, "
            f"with {self.workers} workers",
        )
        with resumed_update(cast("Word2Vec", self), run.update, replay):
            self._train_from(corpus, encoded, run, path, as_callbacks(callbacks), report_delay, progress)

    def _take_encoded(
        self, corpus: Iterable[Any], corpus_iterable: Any, corpus_file: Any, *, sized: bool
    ) -> EncodedCorpus | KeptStream | None:
        """Return the corpus as ids, or None if it is iterated in each epoch: afresh, or as there is but one.

        A long list is encoded by its first epoch, while that is trained, unless it must be `sized` before. Its jobs are
        small, as the workers hold some of them beside what is kept, and many, as a single one is for a single worker.
        """
        if jobs.are_overridden(self):
            return None
        cache = self._scan_cache
        if cache is not None and cache.encoded is not None and cache.is_for(corpus_iterable, corpus_file):
            return cache.encoded
        if not corpora.is_reusable(corpus):
            return None
        small = self.batch_words <= STREAM_WORDS
        if not sized and small and corpora.is_long_list(corpus, LONG_LIST_WORDS, longest=STREAM_WORDS):
            # The sentences are those of now, whatever callbacks do to the list.
            return None if self.epochs == 1 else KeptStream(tuple(corpus), budget=self.corpus_budget)
        return encode(corpus, self.wv.key_to_index, budget=self.corpus_budget)

    def _train_epoch(self, corpus: EncodedCorpus | KeptStream | Iterable[Any], epoch: Epoch) -> Tally:
        update = run_of(self)
        if update is not None:
            pulls = update.begin_epoch(corpus, epoch.rate, epoch.start)
            epoch = replace(epoch, pauses=(*pulls, *epoch.pauses))
        epoch.reporter.begin_epoch(epoch.start.epoch, None if update is None else update.of_new_text)
        with self.wv.in_training():
            if isinstance(corpus, EncodedCorpus | KeptStream) or not jobs.are_overridden(self):
                tally = self._train_ids(corpus, epoch)
            else:
                tally = jobs.train_epoch(cast("Word2Vec", self), corpus, epoch)
        epoch.reporter.end_epoch(tally, self.min_alpha_yet_reached)
        if self.compute_loss:
            self.running_training_loss += tally.loss
            self.loss_history.append(tally.mean_loss)
        self._warn_if_diverged()
        return tally

    def _train_ids(self, corpus: EncodedCorpus | KeptStream | Iterable[Any], epoch: Epoch) -> Tally:
        # Workers draw from a copy: the corpus, or another thread, may draw from `random` meanwhile.
        random = np.random.RandomState()
        random.set_state(self.random.get_state())
        network = self._network(random=random)

        def note_rate() -> None:
            if trainer.last_alpha is not None:
                self.min_alpha_yet_reached = trainer.last_alpha

        def at_rest(action: Callable[[Position], None], position: Position) -> None:
            """Run the action of a pause on the model as training has left it, its random state included."""
            own, self.random = self.random, random
            note_rate()
            try:
                action(position)
            finally:
                self.random = own

        trainer = Trainer(
            network,
            workers=self.workers,
            batch_words=self.batch_words,
            reporter=epoch.reporter,
            pauses=[Pause(pause.every_words, partial(at_rest, pause.action)) for pause in epoch.pauses],
            turn=self.train_count + epoch.start.epoch,
        )
        sizes = {"chunk_words": trainer.stream_words, "first_words": self.batch_words}
        if isinstance(corpus, KeptStream):
            corpus = corpus.chunks(self.wv.key_to_index, **sizes)
        elif not isinstance(corpus, EncodedCorpus):
            corpus = stream(corpus, self.wv.key_to_index, **sizes)
        update = run_of(self)
        if update is not None:
            corpus = update.mixed(corpus, epoch.start.epoch)

        def rates(sentences: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.float64]:
            if update is not None:
                sentences, words = update.of_new_text(sentences, words)
            return epoch.rate.of_jobs(epoch.start.epoch, sentences, words)

        try:
            tally = trainer.train_epoch(corpus, rates, epoch.start)
        finally:
            self.random.set_state(random.get_state())
        note_rate()
        return tally

    def _network(self, **options: Any) -> Network:
        """Everything that training reads and writes, as it stands now; see `network.network_of`."""
        return network_of(cast("Word2Vec", self), **options)

    def _warn_if_diverged(self) -> None:
        # Output weights too: once they are large enough every gradient is 0, and the vectors stay as they are.
        for name, weights in (("vectors", self.wv.vectors), ("syn1neg", self.syn1neg), ("syn1", self.syn1)):
            if weights is None:
                continue
            largest = max(-weights.min(initial=0.0), weights.max(initial=0.0))
            if not largest < DIVERGED:  # NaN included
                logger.warning(
                    "training diverged: %s hold values up to %g at alpha=%g; start again with a smaller alpha",
                    name, largest, self.alpha,
                )  # fmt: skip
                return

    def get_latest_training_loss(self) -> float:
        """Return the loss summed over all examples of the latest `train`, if it was tallied (`compute_loss`)."""
        return self.running_training_loss

    def evaluate_loss(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: Any = None,
        *,
        seed: int = 0,
    ) -> float:
        """Return the loss of an average example of sentences that are not trained on.

        An example is a skip-gram pair or a CBOW window; its loss is what training would lower, the negative
        log-likelihood of the target and of the noise words drawn for it. Windows are whole and no token is dropped;
        the noise words come from `seed` alone. The model is not changed, its random state included: equal weights
        give equal losses.

        Parameters
        ----------
        corpus_iterable, corpus_file
            The held-out sentences, as in `train`. Words that are not in the vocabulary are skipped.
        seed : int, default 0
            Of the noise words; losses are comparable under the same one.

        Raises
        ------
        RuntimeError
            If there is no vocabulary.
        ValueError
            If no sentence has two known words.
        """
        if not self.wv.key_to_index:
            raise RuntimeError("you must first build vocabulary before evaluating a loss")
        self._check_can_train()
        corpus = corpora.open_corpus(corpus_iterable, corpus_file, passes=1)
        encoded = encode(corpus, self.wv.key_to_index, budget=self.corpus_budget)
        return held_out.mean_loss(self._network(scoring=True), encoded, seed)


def _size_of(corpus: EncodedCorpus | KeptStream | None) -> tuple[int, int] | None:
    """Sentences and raw words of a corpus, if it is wholly encoded."""
    return corpus.size if isinstance(corpus, EncodedCorpus) else None
