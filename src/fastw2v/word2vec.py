"""Word2Vec: the model as users know it from gensim. It holds parameters and weights and delegates the work.

`lexicon` builds the vocabulary and the weights, `encoding` turns text into ids, `training` trains ids, `modelstate`
turns a model into plain arrays and settings and back.

References
----------
Mikolov, Chen, Corrado and Dean, "Efficient Estimation of Word Representations in Vector Space", 2013.
Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed Representations of Words and Phrases and their
Compositionality", NIPS 2013.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastw2v import checkpoints, corpora, heldout, modelstate
from fastw2v._network import Network
from fastw2v._scoring import score_sentences
from fastw2v.callbacks import run_callbacks
from fastw2v.compat import jobs, pickled
from fastw2v.compat.legacy import class_only, renamed_arguments
from fastw2v.compat.legacy_model import LegacyModel
from fastw2v.compat.standin import StandIn
from fastw2v.encoding import EncodedCorpus, encode, stream
from fastw2v.incremental import Update, run_of, under_update
from fastw2v.lexicon import Lexicon, ReadOnce, TrimRule
from fastw2v.network import network_of
from fastw2v.pauses import Pause, Position
from fastw2v.progress import Reporter, Tally
from fastw2v.training import LearningRate, Trainer, by_one_thread, thread_count
from fastw2v.warmstart import warm_start

if TYPE_CHECKING:
    from typing_extensions import Self

logger = logging.getLogger("gensim.models.word2vec")  # the name that users of gensim filter and parse

DIVERGED = (
    1e3  # components of trained vectors stay below 10; rates that are too large carry them off by orders
)

SCORED_AT_ONCE = 1_000  # sentences, between two looks at Ctrl-C


class Word2Vec(jobs.TrainingHooks, LegacyModel, Lexicon, metaclass=StandIn):
    """A word2vec model: vocabulary, weights, and the settings they are trained with.

    Given a corpus, the constructor builds the vocabulary and trains. Without one it only takes the settings.

    Parameters
    ----------
    sentences : iterable of lists of str, optional
        The corpus, iterated ``epochs + 1`` times; a list or one of the library's readers is read once.
    corpus_file : str or path, optional
        Instead of `sentences`: a text of one sentence a line, tokens separated by white space, plain or compressed.
    vector_size : int, default 100
        Dimensions of the vectors.
    alpha : float, default 0.025
        Learning rate at the start.
    window : int, default 5
        Largest distance between a center and its context words.
    min_count : int, default 5
        Words seen less often are left out.
    max_vocab_size : int, optional
        Prune rare words whenever the scan holds more than so many distinct ones; approximate, to save memory.
    sample : float, default 1e-3
        Threshold for dropping tokens of frequent words: 0 off, below 1 a share of the corpus, else a count.
    seed : int, default 1
        Seed of the initial vectors and of all draws. With ``workers=1`` a training is reproducible.
    workers : int, default 3
        Threads to train with; -1 means one a core.
    min_alpha : float, default 0.0001
        Learning rate at the end.
    sg : {0, 1}, default 0
        1: skip-gram; 0: CBOW.
    hs : {0, 1}, default 0
        1: hierarchical softmax. May be on together with negative sampling.
    negative : int, default 5
        Noise words drawn for each target; 0: no negative sampling.
    ns_exponent : float, default 0.75
        Noise words are drawn by ``count ** ns_exponent``.
    cbow_mean : {0, 1}, default 1
        CBOW input is the mean (1) or the sum (0) of the context vectors.
    hashfxn : callable, default hash
        Kept for compatibility; nothing depends on it.
    epochs : int, default 5
        Passes over the corpus.
    null_word : {0, 1}, default 0
        1: add a word ``'\\0'`` of count 1.
    trim_rule : callable, optional
        ``(word, count, min_count)`` -> ``RULE_DEFAULT``, ``RULE_KEEP`` or ``RULE_DISCARD`` of `fastw2v.utils`.
    sorted_vocab : {0, 1}, default 1
        1: order the words by descending count.
    batch_words : int, default 10000
        Raw words of a job; the learning rate changes from job to job. No word is ever lost to this limit.
    compute_loss : bool, default False
        Tally the training loss.
    callbacks : iterable of CallbackAny2Vec
        Called at the boundaries of epochs; not kept.
    comment : object, optional
        Kept with the model.
    max_final_vocab : int, optional
        Raise `min_count` until no more than so many words are left.
    shrink_windows : bool, default True
        Draw each window's size uniformly from 1 to `window`.
    progress : bool, default False
        Show a progress bar while training.
    init_from : KeyedVectors, Word2Vec or path, optional
        Vectors that the words of the first vocabulary start from, where they are in it; a path to a file of any format
        that the library reads. Other words start as ever, and output weights at zero.
    init_lockf : float or mapping of word to float, default 1.0
        Factor on the learning rate of the vectors taken over: 0.0 freezes them. A mapping says it word by word, 1.0
        where it lacks one.
    shared_negatives : bool, default False
        Skip-gram with negative sampling: draw one set of `negative` noise words for all pairs of a window, in place of
        one set a pair, and take their errors together (HogBatch: Ji et al., "Parallelizing Word2Vec in Shared and
        Distributed Memory", 2016). Faster, and no longer gensim's numbers; ``negative=10`` makes up for the sharing.
        CBOW draws once a window anyway.
    corpus_budget : int, optional
        Bytes of memory for the encoded corpus before it goes to a temporary file; None: a quarter of what is free.
    checkpoint, checkpoint_every : optional
        As in `train`; not kept.

    Raises
    ------
    ValueError, TypeError
        If a parameter or the corpus cannot be used; the message names it.
    RuntimeError
        If no word of the corpus is left in the vocabulary.

    Attributes
    ----------
    wv : KeyedVectors
        Words and vectors.
    syn1neg, syn1 : float32 array (words, vector_size)
        Output weights of negative sampling and of hierarchical softmax.
    loss_history : list of float
        Mean loss of an example (skip-gram pair or CBOW window) in each epoch trained with `compute_loss`.
    """

    @renamed_arguments(size="vector_size", iter="epochs")
    def __init__(
        self,
        sentences: Iterable[Any] | None = None,
        corpus_file: Any = None,
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        sample: float | None = 1e-3,
        seed: int | None = 1,
        workers: int = 3,
        min_alpha: float = 0.0001,
        sg: int = 0,
        hs: int = 0,
        negative: int = 5,
        ns_exponent: float = 0.75,
        cbow_mean: int = 1,
        hashfxn: Callable[[Any], int] = hash,
        epochs: int = 5,
        null_word: int = 0,
        trim_rule: TrimRule | None = None,
        sorted_vocab: int = 1,
        batch_words: int = 10000,
        compute_loss: bool = False,
        callbacks: Iterable[Any] | None = (),
        comment: Any = None,
        max_final_vocab: int | None = None,
        shrink_windows: bool = True,
        *,
        progress: bool = False,
        shared_negatives: bool = False,
        corpus_budget: int | None = None,
        init_from: Any = None,
        init_lockf: float | Mapping[Any, float] = 1.0,
        checkpoint: Any = None,
        checkpoint_every: int | None = None,
    ) -> None:
        self.vector_size = int(vector_size)
        self.workers = int(workers)
        self.epochs = epochs
        self.train_count = 0
        self.total_train_time = 0.0
        self.batch_words = batch_words
        self.sg = int(sg)
        self.alpha = float(alpha)
        self.min_alpha = float(min_alpha)
        self.window = int(window)
        self.shrink_windows = bool(shrink_windows)
        self.hs = int(hs)
        self.negative = int(negative)
        self.ns_exponent = ns_exponent
        self.cbow_mean = int(cbow_mean)
        self.compute_loss = bool(compute_loss)
        self.running_training_loss = 0.0
        self.loss_history: list[float] = []
        self.min_alpha_yet_reached = float(alpha)
        self.max_final_vocab = max_final_vocab
        self.max_vocab_size = max_vocab_size
        self.min_count = min_count
        self.effective_min_count = min_count
        self.sample = sample
        self.sorted_vocab = sorted_vocab
        self.null_word = null_word
        self.seed = seed
        self.hashfxn = hashfxn
        self.comment = comment
        self.shared_negatives = bool(shared_negatives)
        self.corpus_budget = corpus_budget
        self._check_parameters()
        self.random = np.random.RandomState(seed)
        super().__init__()
        self._warm_start = warm_start(init_from, init_lockf, self.vector_size)

        callbacks = tuple(callbacks or ())
        if sentences is not None or corpus_file is not None:
            self._check_can_train()
            checkpoints.check_arguments(checkpoint, checkpoint_every)
            self._check_corpus_sanity(sentences, corpus_file, passes=self.epochs + 1)
            self._read_once = ReadOnce(sentences, corpus_file)
            try:
                self.build_vocab(corpus_iterable=sentences, corpus_file=corpus_file, trim_rule=trim_rule)
                self.train(
                    corpus_iterable=sentences,
                    corpus_file=corpus_file,
                    total_examples=self.corpus_count,
                    total_words=self.corpus_total_words,
                    epochs=self.epochs,
                    start_alpha=self.alpha,
                    end_alpha=self.min_alpha,
                    compute_loss=self.compute_loss,
                    callbacks=callbacks,
                    progress=progress,
                    checkpoint=checkpoint,
                    checkpoint_every=checkpoint_every,
                )
            finally:
                self._read_once = None
        else:
            if trim_rule is not None:
                logger.warning(
                    "trim_rule is not kept by the model; pass it to build_vocab(), where it is used"
                )
            if callbacks:
                logger.warning(
                    "callbacks are not kept by the model; pass them to train(), where they are used"
                )
        self.add_lifecycle_event("created", params=str(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        if pickled.is_gensims(state):
            modelstate.from_pickle(self, {**vars(Word2Vec()), "lifecycle_events": []}, state)
        else:
            self.__dict__.update(state)

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<vocab={len(self.wv)}, vector_size={self.vector_size}, alpha={self.alpha}>"
        )

    @property
    def layer1_size(self) -> int:
        """`vector_size`, under the name that word2vec.c gave it."""
        return self.vector_size

    # --- checks

    def _check_parameters(self) -> None:
        for name, least in (
            ("vector_size", 1),
            ("window", 1),
            ("negative", 0),
            ("epochs", 1),
            ("batch_words", 1),
        ):
            value = getattr(self, name)
            if value is None or not value >= least:
                raise ValueError(f"{name}={value!r} must be at least {least}")
        for name in ("alpha", "min_alpha", "sample"):
            _check_rate(name, getattr(self, name))

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
        if epochs is None or epochs <= 0:
            raise ValueError(f"You must specify an explicit epochs count, at least 1, got epochs={epochs!r}.")
        for name, total in (("total_examples", total_examples), ("total_words", total_words)):
            if total is not None and not total >= 0:
                raise ValueError(
                    f"{name}={total!r} must be a number of at least 1, as the learning rate falls by it; for the text "
                    "of the vocabulary pass total_examples=model.corpus_count"
                )
        if not total_examples and not total_words:
            raise ValueError(
                "You must specify either total_examples or total_words, for proper learning-rate and progress "
                "calculations. If you've just built the vocabulary using the same corpus, using the count cached in "
                "the model is sufficient: total_examples=model.corpus_count."
            )

    # --- training

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
            If the corpus cannot be used.
        OSError
            If no file could be written at `checkpoint`.
        Exception
            Whatever the corpus or a callback raises; the vectors keep what was trained until then.
        """
        settings = {name: getattr(self, name) for name in ("alpha", "min_alpha", "epochs", "compute_loss")}
        _check_rate("start_alpha", start_alpha)
        _check_rate("end_alpha", end_alpha)
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
            encoded = self._take_encoded(corpus, corpus_iterable, corpus_file, once=checkpoint is None)
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
        run = checkpoints.Run(
            total_examples, total_words, checkpoint_every, corpus=checkpoints.size_of(encoded)
        )
        return self._train_from(
            corpus, encoded, run, checkpoint, tuple(callbacks or ()), report_delay, progress
        )

    def _train_from(
        self,
        corpus: Iterable[Any],
        encoded: EncodedCorpus | None,
        run: checkpoints.Run,
        checkpoint: Any,
        callbacks: tuple[Any, ...],
        report_delay: float,
        progress: bool,
    ) -> tuple[int, int]:
        """Train, from where `run` is, to the end of the last epoch."""
        totals = {"total_examples": run.total_examples, "total_words": run.total_words}
        reporter = Reporter(epochs=self.epochs, **totals, report_delay=report_delay, bar=progress)
        saver = checkpoints.Checkpoints(self, checkpoint, run, callbacks)
        pauses: tuple[Pause, ...] = saver.pauses
        words = list(self.wv.index_to_key)
        stop = run_callbacks(callbacks, "on_train_begin", self)
        checkpoints.restore_callbacks(callbacks, run.callbacks)
        try:
            for epoch in range(run.position.epoch, run.position.epoch if stop else self.epochs):
                stop = run_callbacks(callbacks, "on_epoch_begin", self)
                if encoded is not None and self.wv.index_to_key != words:  # a callback sorted them, say
                    words = list(self.wv.index_to_key)
                    encoded = encode(corpus, self.wv.key_to_index, budget=self.corpus_budget)
                start = run.position if epoch == run.position.epoch else Position(epoch)
                rate = LearningRate(self.alpha, self.min_alpha, self.epochs, **totals)
                tally = self._train_epoch(
                    corpus if encoded is None else encoded, start, rate, reporter, pauses
                )
                saver.add_epoch(tally)
                if run_callbacks(callbacks, "on_epoch_end", self) or stop:
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
        run_callbacks(callbacks, "on_train_end", self)
        return trained_words, raw_words

    @class_only
    def resume(
        cls,  # noqa: N805
        path: Any,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: Any = None,
        *,
        workers: int | None = None,
        callbacks: Iterable[Any] | None = (),
        report_delay: float = 1.0,
        progress: bool = False,
    ) -> Self:
        """Go on with a training from its checkpoint, to its end; return the model.

        The training continues at the same epoch, position, learning rate and random state. With ``workers=1`` it
        gives, bit for bit, the vectors that it would have given had it not been interrupted. Checkpoints go on being
        written to the same file, which at the end holds the finished model.

        Parameters
        ----------
        path : str or path
            What `train` was given as `checkpoint`.
        corpus_iterable, corpus_file
            The corpus that was trained on. What was trained of it is read and skipped.
        workers : int, optional
            Threads to train with; None: as before.
        callbacks : iterable of CallbackAny2Vec
            Called as by `train`: ``on_train_begin`` first, ``on_epoch_begin`` for the epoch that goes on too. Those
            with methods ``state_dict`` and ``load_state_dict`` (as `EarlyStopping` has) get their state back between
            the two.
        report_delay, progress
            As in `train`.

        Raises
        ------
        ValueError
            If the file is no checkpoint, or the corpus not that of the checkpoint: it must have as many sentences and
            words, and as many of them before the position. One whose order changes from pass to pass can go on from
            the end of an epoch only, so train it without `checkpoint_every`.
        TypeError, OSError, Exception
            As from `train`.
        """
        model, run = checkpoints.read(cls, {**vars(Word2Vec()), "lifecycle_events": []}, path)
        model._resume(path, run, corpus_iterable, corpus_file, workers, callbacks, report_delay, progress)
        return model

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
    ) -> None:
        if workers is not None:
            self.workers = int(workers)
        self._check_can_train()
        checkpoints.check_arguments(path, run.checkpoint_every)
        corpus = corpora.open_corpus(corpus_iterable, corpus_file, passes=self.epochs - run.position.epoch)
        encoded = self._take_encoded(corpus, corpus_iterable, corpus_file, once=False)
        checkpoints.check_same(run.corpus, checkpoints.size_of(encoded))
        self.add_lifecycle_event(
            "train",
            msg=f"resuming training at epoch {run.position.epoch}, after {run.position.raw_words} raw words of it, "
            f"with {self.workers} workers",
        )
        self._train_from(corpus, encoded, run, path, tuple(callbacks or ()), report_delay, progress)

    def _take_encoded(
        self, corpus: Iterable[Any], corpus_iterable: Any, corpus_file: Any, *, once: bool
    ) -> EncodedCorpus | None:
        """Return the corpus as ids, or None if it must be iterated afresh each epoch.

        With `once`, one that is needed for a single epoch may be trained while it is encoded.
        """
        if jobs.are_overridden(self):
            return None
        read_once = self._read_once
        if (
            read_once is not None
            and read_once.encoded is not None
            and read_once.is_for(corpus_iterable, corpus_file)
        ):
            return read_once.encoded
        if not corpora.is_reusable(corpus):
            return None
        if once and self.epochs == 1 and isinstance(corpus, (list, tuple)):
            return None
        return encode(corpus, self.wv.key_to_index, budget=self.corpus_budget)

    def _train_epoch(
        self,
        corpus: EncodedCorpus | Iterable[Any],
        start: Position,
        rate: LearningRate,
        reporter: Reporter,
        pauses: Sequence[Pause],
    ) -> Tally:
        update = run_of(self)
        if update is not None:
            pauses = (*update.begin_epoch(corpus, rate), *pauses)
        reporter.begin_epoch(start.epoch, None if update is None else update.of_new_text)
        with self.wv.in_training():
            if isinstance(corpus, EncodedCorpus) or not jobs.are_overridden(self):
                tally = self._train_ids(corpus, start, rate, reporter, pauses)
            else:
                tally = jobs.train_epoch(self, corpus, start, rate, reporter, pauses)
        reporter.end_epoch(tally, self.min_alpha_yet_reached)
        if self.compute_loss:
            self.running_training_loss += tally.loss
            self.loss_history.append(tally.mean_loss)
        self._warn_if_diverged()
        return tally

    def _train_ids(
        self,
        corpus: EncodedCorpus | Iterable[Any],
        start: Position,
        rate: LearningRate,
        reporter: Reporter,
        pauses: Sequence[Pause],
    ) -> Tally:
        # Workers draw from a copy: the corpus, or another thread, may draw from `random` meanwhile.
        random = np.random.RandomState()
        random.set_state(self.random.get_state())
        network = self._network(random=random)

        def at_rest(action: Callable[[Position], None], position: Position) -> None:
            """Run the action of a pause on the model as training has left it, its random state included."""
            own, self.random = self.random, random
            self.min_alpha_yet_reached = trainer.last_alpha or self.min_alpha_yet_reached
            try:
                action(position)
            finally:
                self.random = own

        trainer = Trainer(
            network,
            workers=self.workers,
            batch_words=self.batch_words,
            reporter=reporter,
            pauses=[Pause(pause.every_words, partial(at_rest, pause.action)) for pause in pauses],
        )
        if not isinstance(corpus, EncodedCorpus):
            corpus = stream(
                corpus, self.wv.key_to_index, chunk_words=trainer.stream_words, first_words=self.batch_words
            )
        update = run_of(self)
        if update is not None:
            corpus = update.mixed(corpus, start.epoch)

        def rates(sentences: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.float64]:
            if update is not None:
                sentences, words = update.of_new_text(sentences, words)
            return rate.of_jobs(start.epoch, sentences, words)

        try:
            tally = trainer.train_epoch(corpus, rates, start)
        finally:
            self.random.set_state(random.get_state())
        if trainer.last_alpha is not None:
            self.min_alpha_yet_reached = trainer.last_alpha
        return tally

    def _network(self, **options: Any) -> Network:
        """Everything that training reads and writes, as it stands now; see `network.network_of`."""
        return network_of(self, **options)

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
        return heldout.mean_loss(self._network(scoring=True), encoded, seed)

    # --- queries

    def score(
        self,
        sentences: Iterable[Any],
        total_sentences: int = 1_000_000,
        chunksize: int = 100,
        queue_factor: int = 2,
        report_delay: float = 1.0,
    ) -> NDArray[np.float32]:
        """Return the log-probability of each sentence under the model.

        Implements the scoring of Taddy, "Document Classification by Inversion of Distributed Language
        Representations", 2015; for models trained by hierarchical softmax.

        Parameters
        ----------
        sentences : iterable of lists of str
            Words that are not in the vocabulary are skipped.
        total_sentences : int
            Score no more than so many.
        chunksize, queue_factor, report_delay
            Without effect; kept for compatibility.

        Raises
        ------
        RuntimeError
            If the model has no vocabulary, or no hierarchical softmax.
        """
        if not self.wv.key_to_index:
            raise RuntimeError("you must first build vocabulary before scoring new data")
        if not self.hs:
            raise RuntimeError(
                "We have currently only implemented score for the hierarchical softmax scheme, so you need to have "
                "run word2vec with hs=1 and negative=0 for this to work."
            )
        encoded = encode(sentences, self.wv.key_to_index, budget=self.corpus_budget)
        if encoded.n_sentences > total_sentences:
            logger.warning(
                "scored only the first %i sentences; raise total_sentences for more", total_sentences
            )
        network = self._network(scoring=True)
        n_scored = min(encoded.n_sentences, total_sentences)
        scores = np.empty(n_scored, dtype=np.float32)
        for first in range(0, n_scored, SCORED_AT_ONCE):
            offsets = encoded.offsets[first : min(first + SCORED_AT_ONCE, n_scored) + 1]
            scores[first : first + len(offsets) - 1] = score_sentences(network, encoded.ids, offsets)
        return scores

    def predict_output_word(
        self, context_words_list: Sequence[Any], topn: int = 10
    ) -> list[tuple[Any, np.float32]] | None:
        """Return the `topn` most probable center words for a context, or None if no context word is known.

        Parameters
        ----------
        context_words_list : sequence of str or int
            Words, or positions in the vocabulary.

        Raises
        ------
        RuntimeError
            If the model was not trained with negative sampling.
        """
        if not self.negative or self.syn1neg is None:
            raise RuntimeError(
                "We have currently only implemented predict_output_word for the negative sampling scheme, so you need "
                "to have run word2vec with negative > 0 for this to work."
            )
        known = [self.wv.get_index(word) for word in context_words_list if word in self.wv]
        if not known:
            logger.warning("All the input context words are out-of-vocabulary for the current model.")
            return None
        hidden = self.wv.vectors[known].sum(axis=0)
        if self.cbow_mean:
            hidden /= len(known)
        logits = self.syn1neg @ hidden
        probabilities = np.exp(logits - logits.max())
        probabilities /= probabilities.sum()
        best = np.argsort(-probabilities, kind="stable")[:topn]
        return [(self.wv.index_to_key[i], probabilities[i]) for i in best.tolist()]

    # --- files

    def save(self, fname: Any, *args: Any, **kwargs: Any) -> None:
        """Write the model, whole and ready for further training, to one file.

        The file is written aside and renamed, so that the old one stays whole whatever happens. It holds the arrays
        in the safetensors layout and everything else as JSON; nothing in it can be executed.

        Parameters
        ----------
        fname : str, path, URI or open binary file
            What goes to an open file is the content of such a file.
        *args, **kwargs
            gensim's ``separately``, ``sep_limit``, ``ignore`` and ``pickle_protocol``; there is nothing to separate,
            so they have no effect.
        """
        modelstate.save(self, fname)

    @class_only
    def load(cls, fname: Any, mmap: str | None = None, rethrow: bool = False) -> Self:  # noqa: N805
        """Return a model from a file of `save`, or from one that any version of gensim saved.

        Parameters
        ----------
        fname : str, path or URI
        mmap : {"r", "c", "r+"}, optional
            Map the arrays from the file instead of reading them: read-only, copy-on-write, or writing back.
        rethrow
            Without effect; kept for compatibility.

        Raises
        ------
        AttributeError
            If the file holds vectors without a model.
        ValueError, OSError, pickle.UnpicklingError
            If it is neither.
        """
        defaults = {**vars(Word2Vec()), "lifecycle_events": []}
        return modelstate.load(cls, defaults, fname, mmap)

    def save_gensim(self, fname: Any) -> None:
        """Write the model as gensim 4 would, so that gensim loads, queries and trains it further."""
        modelstate.save_gensim(self, fname)


def _check_rate(name: str, value: float | None) -> None:
    if value is not None and not 0 <= value < float("inf"):
        raise ValueError(f"{name}={value!r} must be a number of at least 0")
