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

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.training import checkpoints
from fastw2v.formats import model_state
from fastw2v.engine.scoring import score_sentences
from fastw2v.compat import pickle_state
from fastw2v.compat.class_alias import ReplaceableClass
from fastw2v.compat.descriptors import class_only, renamed_arguments
from fastw2v.compat.gensim3 import DeprecatedModelNames
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.text.encoding import encode
from fastw2v.vocabulary.lexicon import ReadOnce, TrimRule
from fastw2v.common.validation import as_callbacks, as_float, as_int, random_state
from fastw2v.training.trainable import Trainable
from fastw2v.training.warm_start import warm_start

if TYPE_CHECKING:
    from typing_extensions import Self

logger = logging.getLogger("gensim.models.word2vec")  # the name that users of gensim filter and parse


class Word2Vec(DeprecatedModelNames, Trainable, metaclass=ReplaceableClass):
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
        return {**self.__dict__, "_read_once": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if pickle_state.is_gensim_model(state):
            model_state.from_pickle(self, {**vars(Word2Vec()), "lifecycle_events": []}, state)
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
        return score_sentences(self._network(scoring=True), encoded.ids, offsets)

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
        """Go on with a training from its checkpoint, to its end; return the model.

        The training continues at the same epoch, position, learning rate and random state. With ``workers=1`` it
        gives, bit for bit, the vectors that it would have given had it not been interrupted. Checkpoints go on being
        written to the same file, which at the end holds the model as its last epoch left it, before
        ``on_epoch_end`` and ``on_train_end`` of callbacks; save the model for what they make of it.

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
            the two; it must be what JSON can hold.
        report_delay, progress
            As in `train`.
        replay : iterable of lists of str, or path, optional
            The old text, where the training was under ``update=Update(replay=...)``. All else of an update is in the
            checkpoint.

        Raises
        ------
        ValueError
            If the file is no checkpoint or not a whole one, or the corpus (or `replay`) not that of the checkpoint: it
            must have as many sentences and words, and as many of them before the position. One whose order changes
            from pass to pass can go on from the end of an epoch only, so train it without `checkpoint_every`. Or
            `replay` is lacking, or of no use.
        TypeError, OSError, Exception
            As from `train`.
        """
        model, run = checkpoints.read(cls, {**vars(Word2Vec()), "lifecycle_events": []}, path)
        model._resume(
            path, run, corpus_iterable, corpus_file, workers, callbacks, report_delay, progress, replay
        )
        return model

    def save_gensim(self, fname: Any) -> None:
        """Write the model as gensim 4 would, so that gensim loads, queries and trains it further."""
        model_state.save_gensim(self, fname)
