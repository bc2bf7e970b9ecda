"""Word2Vec: the model as users know it from gensim. It holds parameters and weights and delegates the work.

`lexicon` builds the vocabulary and the weights, `trainable` trains them, `modelstate` turns a model into plain arrays
and settings and back; here are the constructor, the queries of a model, and its files.

References
----------
Mikolov, Chen, Corrado and Dean, "Efficient Estimation of Word Representations in Vector Space", 2013.
Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed Representations of Words and Phrases and their
Compositionality", NIPS 2013.
"""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.exclusive_lock import ExclusiveLock
from fastw2v.common.validation import (
    as_callbacks,
    as_float,
    as_int,
    check_integer,
    check_number,
    random_state,
)
from fastw2v.compat import pickle_state
from fastw2v.compat.class_alias import ReplaceableClass
from fastw2v.compat.descriptors import class_only, renamed_arguments
from fastw2v.compat.gensim3 import DeprecatedModelNames
from fastw2v.engine.scoring import score_sentences
from fastw2v.formats import model_state
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.text.corpus import open_corpus
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.encoding import encode
from fastw2v.training import checkpoints, held_out
from fastw2v.training.network import make_network
from fastw2v.training.progress import Tally
from fastw2v.training.sentence_jobs import SentenceTrainer, are_overridden
from fastw2v.training.session import TrainingSession, restored_settings
from fastw2v.training.trainer import thread_count
from fastw2v.training.update import Update as Update
from fastw2v.training.warm_start import warm_start
from fastw2v.vocabulary.lexicon import Lexicon, ReadOnce, TrimRule

if TYPE_CHECKING:
    from typing_extensions import Self

logger = logging.getLogger("gensim.models.word2vec")  # the name that users of gensim filter and parse


class Word2Vec(DeprecatedModelNames, Lexicon, metaclass=ReplaceableClass):
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
        Distributed Memory", 2016). Once a job has drawn 512 of them, a window draws a quarter of its set anew and the
        others from the 512, in which the new ones take places. Faster, and no longer gensim's numbers; ``negative=10``
        makes up for the sharing. CBOW draws once a window anyway.
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

    _vectors_class = KeyedVectors
    _lock: ExclusiveLock  # held while the model is trained or its vocabulary grows
    _session: TrainingSession | None  # the current training

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make the parts of a model that are neither copied nor saved."""
        model = super().__new__(cls)
        model._lock = ExclusiveLock(
            "another thread is training this model or growing its vocabulary; wait for it, or take a copy "
            "(copy.deepcopy(model)): workers=N trains one model by several threads"
        )
        model._session = None
        return model

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
        self.vector_size = as_int("vector_size", vector_size)
        self.workers = as_int("workers", workers)
        self.epochs = epochs
        self.train_count = 0
        self.total_train_time = 0.0
        self.batch_words = batch_words
        self.sg = as_int("sg", sg)
        self.alpha = as_float("alpha", alpha)
        self.min_alpha = as_float("min_alpha", min_alpha)
        self.window = as_int("window", window)
        self.shrink_windows = bool(shrink_windows)
        self.hs = as_int("hs", hs)
        self.negative = as_int("negative", negative)
        self.ns_exponent = ns_exponent
        self.cbow_mean = as_int("cbow_mean", cbow_mean)
        self.compute_loss = bool(compute_loss)
        self.running_training_loss = 0.0
        self.loss_history: list[float] = []
        self.min_alpha_yet_reached = self.alpha
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
        self.random = random_state(seed)
        super().__init__()
        self._warm_start = warm_start(init_from, init_lockf, self.vector_size)

        callbacks = as_callbacks(callbacks)
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

    def __getstate__(self) -> dict[str, Any]:
        # A copy made in a callback of the constructor must not take along the text that is just trained.
        state = {**self.__dict__, "_read_once": None}
        for name in ("_lock", "_session"):
            del state[name]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if pickle_state.is_gensim_model(state):
            model_state.from_pickle(self, {**vars(Word2Vec()), "lifecycle_events": []}, state)
        else:
            self.__dict__.update(state)

    def _to_state(self) -> checkpoints.ModelState:
        """Return what a file holds, as (named arrays, metadata)."""
        return model_state.to_state(self)

    @classmethod
    def _from_state(cls, arrays: dict[str, Any], metadata: dict[str, Any]) -> Self:
        """Return the model that `_to_state` described."""
        return model_state.from_state(cls, {**vars(Word2Vec()), "lifecycle_events": []}, arrays, metadata)

    def _scanned(self, corpus_iterable: Any, corpus_file: Any) -> EncodedCorpus | None:
        """Return the corpus as ids, if the vocabulary scan of the constructor has encoded it."""
        cache = self._read_once
        return cache.encoded if cache is not None and cache.is_for(corpus_iterable, corpus_file) else None

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<vocab={len(self.wv)}, vector_size={self.vector_size}, alpha={self.alpha}>"
        )

    @property
    def layer1_size(self) -> int:
        """`vector_size`, under the name that word2vec.c gave it."""
        return self.vector_size

    # --- training

    @renamed_arguments(sentences="corpus_iterable")
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
            iterable is iterated anew in each epoch.
        total_examples, total_words : int
            The number of sentences or of raw words of the corpus, for the learning rate; one of them is required.
        epochs : int
            The number of passes over the corpus; required.
        start_alpha, end_alpha : float, optional
            The learning rates at the start and the end; they replace `alpha` and `min_alpha` of the model.
        word_count, queue_factor
            Ignored; kept for compatibility.
        report_delay : float, default 1.0
            Seconds between two progress lines in the log.
        compute_loss : bool, optional
            Whether to compute the loss; None: as the constructor was told.
        callbacks : iterable of CallbackAny2Vec
            Called at the beginning and the end of the training and of each epoch. A callback may raise `StopTraining`
            to end the training early.
        progress : bool, default False
            Show a progress bar.
        update : Update, optional
            What old words keep: frozen or anchored rows, learning rates for this training alone, old sentences mixed
            in.
        checkpoint : str or path, optional
            A file that is replaced, at the end of each epoch and after every `checkpoint_every` words, by the model
            as it is then and all that `resume` needs to continue. It is written atomically. If it cannot be written,
            an error is logged and the training goes on. `load` reads it too. Under an `update`, it also holds the old
            values of anchored and frozen rows.
        checkpoint_every : int, optional
            Raw words from one checkpoint to the next within an epoch; None: only at the ends of epochs. No worker
            trains while a checkpoint is written, which takes as long as `save`.

        Returns
        -------
        (int, int)
            Over all epochs, the effective words (tokens in the vocabulary that subsampling kept) and the raw words.

        Raises
        ------
        ValueError
            If `epochs` or both totals are missing, or nothing could be trained.
        RuntimeError
            If there is no vocabulary, or another thread is training this model.
        TypeError
            If the corpus cannot be used, or `epochs` is not an integer.
        OSError
            If no file could be written at `checkpoint`, or there is no space on the disk for the encoded corpus.
        Exception
            Whatever the corpus or a callback raises; the vectors keep what was trained until then.

        Examples
        --------
        >>> from fastw2v import Word2Vec
        >>> sentences = [["a", "cat", "sat"], ["a", "dog", "barked"]] * 10
        >>> model = Word2Vec(vector_size=8, min_count=1)
        >>> model.build_vocab(sentences)
        >>> effective_words, raw_words = model.train(sentences, total_examples=model.corpus_count, epochs=2)
        >>> raw_words
        120
        """
        outer = self._session if self._lock.held else None
        with self._lock, restored_settings(self) if outer else contextlib.nullcontext():
            return TrainingSession.begin(
                self,
                corpus_iterable,
                corpus_file,
                total_examples=total_examples,
                total_words=total_words,
                epochs=epochs,
                start_alpha=start_alpha,
                end_alpha=end_alpha,
                compute_loss=compute_loss,
                callbacks=callbacks,
                update=update,
                checkpoint=checkpoint,
                checkpoint_every=checkpoint_every,
                report_delay=report_delay,
                progress=progress,
                scanned=self._scanned(corpus_iterable, corpus_file),
                by_hooks=are_overridden(self, Word2Vec),
            ).run()

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
        replay: Any = None,
    ) -> Self:
        """Resume a training from its checkpoint, train to its end, and return the model.

        The training continues at the same epoch, position, learning rate and random state. With ``workers=1`` it gives,
        bit for bit, the vectors that it would have given without the interruption. Checkpoints continue to be written
        to the same file. At the end the file holds the model as its last epoch left it, before ``on_epoch_end`` and
        ``on_train_end`` of callbacks; save the model to keep what these change.

        Parameters
        ----------
        path : str or path
            What `train` was given as `checkpoint`.
        corpus_iterable, corpus_file
            The corpus that was trained on. The part that was already trained is read and skipped.
        workers : int, optional
            The number of threads to train with; None: as before.
        callbacks : iterable of CallbackAny2Vec
            Called as by `train`: ``on_train_begin`` first, and ``on_epoch_begin`` for the epoch that continues too.
            Callbacks with methods ``state_dict`` and ``load_state_dict`` (as `EarlyStopping` has) get their state back
            between the two; it must be what JSON can hold.
        report_delay, progress
            As in `train`.
        replay : iterable of lists of str, or path, optional
            The old text, if the training was under ``update=Update(replay=...)``. Everything else of an update is in
            the checkpoint.

        Raises
        ------
        ValueError
            If the file is not a checkpoint or is damaged; if the corpus (or `replay`) is not that of the checkpoint: it
            must have as many sentences and words, and as many of them before the position; if `replay` is missing or
            not expected. A corpus whose order changes from pass to pass can be resumed at the end of an epoch only, so
            train it without `checkpoint_every`.
        TypeError, OSError, Exception
            As from `train`.
        """
        model, state = checkpoints.read(path, cls._from_state)
        if workers is not None:
            model.workers = as_int("workers", workers)
        with model._lock:
            TrainingSession.resume(
                model,
                corpus_iterable,
                corpus_file,
                state=state,
                checkpoint=path,
                callbacks=callbacks,
                replay=replay,
                report_delay=report_delay,
                progress=progress,
                by_hooks=are_overridden(model, Word2Vec),
            ).run()
        return model

    def get_latest_training_loss(self) -> float:
        """Return the summed loss of all examples of the latest `train`; 0.0 unless `compute_loss` was on."""
        return self.running_training_loss

    def evaluate_loss(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: Any = None,
        *,
        seed: int = 0,
    ) -> float:
        """Return the mean loss of an example of held-out sentences.

        An example is a skip-gram pair or a CBOW window. Its loss is what training would reduce: the negative
        log-likelihood of the target and of the negatives drawn for it. Windows are not reduced and no token is
        subsampled; the negatives depend on `seed` alone. The model is not changed, nor is its random state, so equal
        weights give equal losses.

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
        corpus = open_corpus(corpus_iterable, corpus_file, passes=1)
        encoded = encode(corpus, self.wv.key_to_index, budget=self.corpus_budget)
        return held_out.mean_loss(make_network(self, scoring=True), encoded, seed)

    # --- methods of gensim's that subclasses override; see `fastw2v.training.sentence_jobs`

    def _do_train_job(self, sentences: Sequence[Any], alpha: float, inits: Any) -> tuple[int, int]:
        """Train one job; return the effective words and the raw words.

        Parameters
        ----------
        sentences : sequence of sequences of tokens
        alpha : float
            The learning rate of this job.
        inits
            What `_get_thread_working_mem` returned to this thread.
        """
        trained = self._train_sentences(sentences, alpha).effective_words
        return trained, self._raw_word_count(sentences)

    def _raw_word_count(self, job: Sequence[Any]) -> int:
        """Return the number of tokens of a job; jobs are cut and progress is measured by it."""
        return sum(len(sentence) for sentence in job)

    def _get_thread_working_mem(self) -> Any:
        """Return what one thread passes to `_do_train_job` each time: two vectors to compute in."""
        return np.zeros(self.vector_size, dtype=np.float32), np.zeros(self.vector_size, dtype=np.float32)

    def _get_next_alpha(self, epoch_progress: float, cur_epoch: int) -> float:
        """Return the learning rate of a job, given the share of the epoch that was handed out before it."""
        rates = self if self._session is None else self._session.learning_rate
        progress = (cur_epoch + epoch_progress) / self.epochs
        alpha = max(rates.min_alpha, rates.alpha - (rates.alpha - rates.min_alpha) * progress)
        self.min_alpha_yet_reached = alpha
        return alpha

    def _clear_post_train(self) -> None:
        """Forget what training made stale; called once after the last epoch."""
        self.wv.invalidate_norms()

    def _train_sentences(
        self,
        sentences: Iterable[Any],
        alpha: float,
        *,
        sg: int | None = None,
        compute_loss: bool | None = None,
    ) -> Tally:
        """Train sentences as one job, on the network of the current session if the settings are the model's own."""
        trainer = None if self._session is None else self._session.sentence_trainer
        if trainer is not None and all(
            asked is None or bool(asked) == bool(own)
            for asked, own in ((sg, self.sg), (compute_loss, self.compute_loss))
        ):
            return trainer.train(sentences, alpha)
        network = make_network(self, sg=sg, compute_loss=compute_loss)
        tally = SentenceTrainer(network, self.wv.key_to_index).train(sentences, alpha)
        self.running_training_loss += tally.loss
        return tally

    # --- checks

    def _check_parameters(self) -> None:
        for name, least in (
            ("vector_size", 1),
            ("window", 1),
            ("negative", 0),
            ("epochs", 1),
            ("batch_words", 1),
        ):
            check_integer(name, getattr(self, name), least)
        for name in ("alpha", "min_alpha"):
            check_number(name, getattr(self, name))
        for name in ("ns_exponent", "min_count"):
            check_number(name, getattr(self, name), minimum=-math.inf)
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
        check_integer("epochs", epochs, minimum=1)
        for name, total in (("total_examples", total_examples), ("total_words", total_words)):
            if total is not None:
                check_number(name, total)
        if not total_examples and not total_words:
            raise ValueError(
                "You must specify either total_examples or total_words, for proper learning-rate and progress "
                "calculations. If you've just built the vocabulary using the same corpus, using the count cached in "
                "the model is sufficient: total_examples=model.corpus_count."
            )

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
        offsets = encoded.offsets[: max(min(encoded.n_sentences, total_sentences), 0) + 1]
        return score_sentences(make_network(self, scoring=True), encoded.ids, offsets)

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
        model_state.save(self, fname)

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
        return model_state.load(cls, defaults, fname, mmap)

    def save_gensim(self, fname: Any) -> None:
        """Write the model as gensim 4 would, so that gensim loads, queries and trains it further."""
        model_state.save_gensim(self, fname)
