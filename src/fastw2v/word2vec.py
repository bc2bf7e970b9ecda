"""Word2Vec: the model as users know it from gensim.

`Word2Vec` is a facade. It holds the settings and the arrays of a model, documents the parameters, and delegates:

* `vocabulary` chooses the words and makes the tables that follow from their counts. The words, the vectors and the
  counts are rows of the `RowTable` of ``model.wv``; the output weights `syn1neg` are a column of this table.
* `training` trains the weights.
* `formats` writes and reads files.

Methods that gensim's subclasses override are methods of the facade, and its other methods call them.

References
----------
Mikolov, Chen, Corrado and Dean, "Efficient Estimation of Word Representations in Vector Space", 2013.
Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed Representations of Words and Phrases and their
Compositionality", NIPS 2013.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import itertools
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import memory
from fastw2v.common.locks import ExclusiveLock
from fastw2v.common.logs import get_logger
from fastw2v.common.progress_bar import as_progress
from fastw2v.common.undo import UndoOnError
from fastw2v.common.validation import (
    LARGEST_INT,
    as_callbacks,
    as_choice,
    as_flag,
    as_float,
    as_int,
    as_list,
    as_optional_float,
    as_optional_int,
    check_function,
    check_mapping,
    check_path,
    checked_random_state,
    random_state,
)
from fastw2v.common.windows import as_window, as_window_weights, check_windows, sides_of
from fastw2v.compat import pickle_state
from fastw2v.compat.attribute_dict import ExposesAttributes, own_attributes
from fastw2v.compat.class_alias import ReplaceableClass
from fastw2v.compat.descriptors import class_only, renamed_arguments
from fastw2v.compat.gensim3 import DeprecatedModelNames
from fastw2v.display import html
from fastw2v.display.history import History
from fastw2v.engine.scoring import score_sentences
from fastw2v.formats import describe_damage, detect, model_state
from fastw2v.formats.fingerprint import Fingerprint
from fastw2v.formats.model_state import ModelState
from fastw2v.formats.pickle_globals import OtherClassError
from fastw2v.formats.settings import (
    SAVED_PARTS,
    SETTINGS,
    check_fields,
    checked_settings,
    instance_of,
    without_taken_names,
)
from fastw2v.keyedvectors import KeyedVectors, load_any
from fastw2v.text.corpus import check_corpus, check_not_read, is_reusable, name_of, open_corpus
from fastw2v.text.counted_chunks import CountedChunk
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.encoding import encode
from fastw2v.text.readers import LineSentence
from fastw2v.text.scanning import provisional_table, renumber, scan
from fastw2v.text.tokens import as_word_counts
from fastw2v.text.trim_rule import TrimRule
from fastw2v.text.word_counts import WordCounts
from fastw2v.training import checkpoints, held_out, streaming, text_history
from fastw2v.training.arguments import CheckpointFile, Reports, Schedule, TrainingText
from fastw2v.training.kept_anchor import KeptAnchor
from fastw2v.training.learning_rate import LearningRate
from fastw2v.training.lifecycle import append_event
from fastw2v.training.log_probabilities import WordDistribution, log_noise
from fastw2v.training.network import make_network
from fastw2v.training.objective_settings import NEGATIVE_SAMPLING, SAMPLED_SOFTMAX, WORD2VEC, check_objective
from fastw2v.training.progress import Tally
from fastw2v.training.replay_store import ReplayStore as ReplayStore
from fastw2v.training.rounds import MAX_VIRTUAL_WORKERS, ROUND_WORDS, VIRTUAL_WORKERS
from fastw2v.training.sample_weights import SampleWeights
from fastw2v.training.sentence_jobs import SentenceTrainer, are_overridden
from fastw2v.training.session import RestoredSettings, TrainingSession
from fastw2v.training.sharing import replicated_rows
from fastw2v.training.streaming import StreamSettings
from fastw2v.training.trainer import thread_count
from fastw2v.training.update import Update as Update
from fastw2v.vectors.drift import Drift
from fastw2v.vectors.initialization import prep_vectors, starting_lock_factors, starting_rows
from fastw2v.vectors.row_table import Column, RowTable, UnmovedRows
from fastw2v.vocab import Vocab
from fastw2v.vocabulary import bounded, merged_counts, subsampling
from fastw2v.vocabulary.huffman import HuffmanTree
from fastw2v.vocabulary.scan_cache import ScanCache
from fastw2v.vocabulary.selection import Selection, as_counts, select
from fastw2v.vocabulary.vocabulary import Vocabulary, node_weights, subsampling_report

if TYPE_CHECKING:
    from typing_extensions import Self

logger = get_logger(__name__, "models.word2vec")
lifecycle_logger = get_logger(__name__, "utils")

# Attributes that are not settings: files hold them in another form, or not at all.
_PARTS = {
    "_wv",
    "_vocabulary",
    "_output_rows",
    "_output_biases",
    "_kept_anchor",
    "_scan_cache",
    "_lock",
    "_session",
    "_growth",
    "_progress",
    "_unmoved",
    "_scanned_fingerprint",
}
_NOT_SETTINGS = _PARTS | {"_raw_counts", "_initial_vectors", "random", "hashfxn", "syn1"}
_PICKLED = {
    "wv": instance_of(KeyedVectors),
    "random": instance_of(np.random.RandomState),
    **dict.fromkeys(("syn1", "syn1neg", "syn1neg_bias"), instance_of(np.ndarray, type(None))),
    "_raw_counts": instance_of(dict, WordCounts, type(None)),
    "_kept_anchor": instance_of(dict, type(None)),
}
_NOT_SETTINGS |= {"wv", "syn1neg", "syn1neg_bias", "cum_table", "huffman_tree", *SAVED_PARTS}
# Settings that are integers, with the smallest valid value; `Network` knows the largest ones.
_INTEGERS = {
    "vector_size": 1,
    "negative": 0,
    "negative_pool": 0,
    "virtual_workers": 1,
    "round_words": 1,
    "epochs": 1,
    "batch_words": 1,
    "min_count": -LARGEST_INT,
    "workers": -LARGEST_INT,
}
# What a vocabulary update changes besides the table of rows.
_CHANGED_BY_BUILDING = (
    "min_count", "effective_min_count", "sample", "corpus_count", "corpus_total_words", "syn1", "_raw_counts",
    "_initial_vectors", "text_history",
)  # fmt: skip
# Settings that pickles of earlier versions lack, with the values that they stand for.
_LATER_SETTINGS = {
    "objective": NEGATIVE_SAMPLING, "tied_weights": False, "logq_correction": False, "cbow_update": WORD2VEC,
    "window_weights": None, "full_windows": False, "final_window": None,
    "max_norm": None, "max_words": None, "count_decay": 1.0, "stream_sentences": 0, "stream_words": 0,
    "negative_pool": 0, "reproducible": False, "virtual_workers": VIRTUAL_WORKERS,
    "round_words": ROUND_WORDS,
}  # fmt: skip
# A mark of files: their `words_before_update` is None after a training. Version 0.1 kept the number from then on.
_RESET_BY_TRAINING = "words_before_update_is_reset"


class Word2Vec(ExposesAttributes, DeprecatedModelNames, metaclass=ReplaceableClass):
    """A word2vec model: the vocabulary, the weights, and the settings of the training.

    If a corpus is given, the constructor builds the vocabulary and trains the model. Otherwise it only stores the
    settings; call `build_vocab` and `train` then.

    Parameters
    ----------
    sentences : iterable of lists of str, optional
        The corpus. It is iterated ``epochs + 1`` times, so it must not be a generator. A list, or one of the readers of
        `fastw2v.corpora`, is read only once; `fastw2v.corpora.Column` reads tables and data sets.
    corpus_file : str or path, optional
        A text file to use instead of `sentences`, with one sentence per line and tokens separated by white space. It
        may be compressed (.gz, .bz2, .xz, .zst).
    vector_size : int, default 100
        The number of dimensions of the vectors.
    alpha : float, default 0.025
        The learning rate at the start of the training.
    window : int or (int, int), default 5
        The largest distance between a center word and its context words. A pair gives the largest distance of words
        before the center word and of words after it; one of the two may be 0.
    min_count : int, default 5
        Words that occur less often are left out of the vocabulary.
    max_vocab_size : int, optional
        To save memory, delete rare words whenever the vocabulary scan has more distinct words than this. The counts
        are approximate then.
    sample : float or str, default 1e-3
        The threshold for subsampling frequent words. 0 keeps all tokens, a value below 1 is a share of the corpus, and
        any other value is a count. ``"99%"`` is the 99th percentile of the counts of all words in the vocabulary: words
        that occur much more often than this are subsampled.
    seed : int, default 1
        The seed of the initial vectors and of all random draws. With ``workers=1``, and with ``reproducible=True``, a
        training is reproducible.
    workers : int, default 3
        The number of threads to train with; -1 means one for each core that the process may use.
    min_alpha : float, default 0.0001
        The learning rate at the end of the training.
    sg : {0, 1}, default 0
        1 selects skip-gram, 0 selects CBOW.
    hs : {0, 1}, default 0
        1 turns on hierarchical softmax. It can be used together with negative sampling.
    negative : int, default 5
        The number of negatives (noise words) that are drawn for each target; 0 turns negative sampling off.
    ns_exponent : float, default 0.75
        Negatives are drawn with probabilities proportional to ``count ** ns_exponent``.
    cbow_mean : {0, 1}, default 1
        With CBOW, 1 uses the mean and 0 the sum of the context vectors.
    hashfxn : callable, default hash
        Ignored; kept for compatibility.
    epochs : int, default 5
        The number of passes over the corpus.
    null_word : {0, 1}, default 0
        1 adds the word ``'\\0'`` with the count 1.
    trim_rule : callable, optional
        A function of (word, count, min_count) that returns ``RULE_DEFAULT``, ``RULE_KEEP`` or ``RULE_DISCARD`` of
        `fastw2v.utils`. It is not saved with the model.
    sorted_vocab : {0, 1}, default 1
        1 sorts the words by descending count.
    batch_words : int, default 10000
        The number of raw words of a job. The learning rate changes from job to job. A longer sentence is a job of its
        own, and none of its words is lost.
    compute_loss : bool, default False
        Compute the training loss; see `get_latest_training_loss` and `loss_history`.
    callbacks : iterable of CallbackAny2Vec
        Called at the beginning and the end of the training and of each epoch. They are not saved with the model.
    comment : object, optional
        A note that is saved with the model.
    max_final_vocab : int, optional
        Raise `min_count` until at most this number of words is left.
    shrink_windows : bool, default True
        Draw the size of each window uniformly from 1 to `window`, as word2vec.c does. If the two sides of the window
        have different lengths, the size of each side is drawn separately, uniformly from 1 to its length.
    progress : bool, optional
        Show a progress bar while the words are counted, and during the training. By default it is shown on a terminal
        or in a notebook, after two seconds, unless the log shows the progress.
    init_from : KeyedVectors, Word2Vec or path, optional
        Initial vectors of the words of the first vocabulary. A path may lead to a file in any format that the library
        reads. Words that have no vector there start from random vectors, and output weights from zero.
    init_lockf : float or mapping of word to float, default 1.0
        Factor on the learning rate of these vectors: 0.0 freezes them. A mapping gives factors for single words, and
        missing words have the factor 1.0.
    reproducible : bool, default False
        Train so that the vectors depend on the text, the settings and the seed alone, bit for bit, whatever `workers`
        is. The text is trained in rounds of `virtual_workers` jobs: each job trains copies of the rows that it needs,
        and the changes are merged in a fixed order at the end of the round. The vectors differ from those of
        ``reproducible=False``, which is reproducible only with ``workers=1``. Processors with different instruction
        sets may differ by rounding. A `seed` is required.
    virtual_workers : int, default 8
        Reproducible training: the number of jobs of a round, 1 to 65,536. The vectors depend on it. At most this number
        of threads can work at a time, so more cores need a larger number.
    round_words : int, default 16000
        Reproducible training: the raw words of a round, of which each job has an equal part. It takes the place of
        `batch_words`. The vectors depend on it. In a longer round, less time is spent on copies, and the words are
        trained on older weights; the vectors get worse if a text has fewer than a few hundred rounds in all epochs.
    shared_negatives : bool, default False
        For skip-gram with negative sampling: draw one set of `negative` negatives for all pairs of a window instead of
        one set for each pair, and compute the gradients of the window together (HogBatch: Ji et al., "Parallelizing
        Word2Vec in Shared and Distributed Memory", 2016). Once a job has drawn 512 negatives, a window draws a quarter
        of its set and takes the others from the latest 512. This is faster, and the vectors differ from gensim's.
        CBOW always draws one set for each window.
    negative_pool : int, default 0
        The size, up to 2**20, of a pool from which most negatives are taken. A job keeps the words that it has drawn
        lately in the pool. It draws one of 16 negatives from the noise distribution, and takes the others from the pool
        at random. The rows of these words are still in the cache of the processor, so every trainer with negatives is
        faster; 1024 is a usual size. The vectors differ from gensim's. With 0, all negatives are drawn from the noise
        distribution, except with `shared_negatives`.
    objective : {"negative_sampling", "sampled_softmax"}, default "negative_sampling"
        How the center word and its `negative` negatives are trained. Negative sampling decides for each word alone
        whether it is the center word. Sampled softmax decides which of the words is the center word; its loss is the
        cross-entropy of a softmax over their logits, and the model gives probabilities, see `log_proba`. Sampled
        softmax needs ``hs=0`` and ``shared_negatives=False``, and is often used with ``negative=16`` and uniform draws,
        ``ns_exponent=0``.
    cbow_update : {"word2vec", "corrected"}, default "word2vec"
        The update of the context vectors of CBOW. ``"word2vec"`` is that of word2vec.c and gensim: with the mean, each
        context vector gets the whole error, as if it had predicted alone. ``"corrected"`` is the gradient of the loss:
        with ``cbow_mean=1`` the error divided by the number of context vectors, with ``cbow_mean=0`` the whole error
        (İrsoy, Benton and Stratos, "Corrected CBOW Performs as well as Skip-gram", 2021). The mean then needs a larger
        learning rate; the authors use ``alpha=0.075``. Sampled softmax always uses the gradient.
    window_weights : {"linear", "harmonic"}, array-like or pair of array-likes, optional
        The weight of a context word by its distance d from the center word: (n - d + 1) / n for ``"linear"`` on a side
        of n words, 1 / d for ``"harmonic"``, or one number of at least 0 for each distance 1, 2, ... of the largest
        window; a pair gives the numbers of the left and of the right side. With skip-gram, the weight is a factor on
        the learning rate of the pair. With CBOW, the mean or the sum of the context vectors is weighted, and so are
        their updates. `shrink_windows` has a similar effect, and both together multiply: use ``shrink_windows=False``
        for weights alone.
    full_windows : bool, default False
        Train only center words that have all context words of their window, and skip those next to the beginning or
        the end of a sentence.
    final_window : int or (int, int), optional
        The window of the last epoch: the window grows or shrinks linearly from `window` in the first epoch, in whole
        words. By default it is `window` in every epoch.
    max_norm : float, optional
        An upper bound, above 0, on the Euclidean norm of the vectors, as `max_norm` of ``torch.nn.Embedding``: a vector
        that is longer after an update is scaled to this norm. It applies to `wv.vectors`, and not to separate output
        weights. Vectors that are never trained, or whose lock factor is 0, stay as they are.
    tied_weights : bool, default False
        Sampled softmax: use the input vectors as output vectors, without biases. Otherwise, the output vectors are a
        matrix of their own, `syn1neg`, with a bias for each word.
    logq_correction : bool, default False
        Sampled softmax: subtract the logarithm of the noise probability from each logit in training, so that the
        logits approach log-probabilities for every `ns_exponent`.
    max_words : int, optional
        The largest size of the vocabulary. If a call of ``build_vocab(update=True)`` leaves more words, those with the
        smallest merged counts are evicted with all their weights; words that `pin` has marked stay. `max_final_vocab`,
        as in gensim, only selects words of the text at hand, and never removes a word from the model.
    count_decay : float, default 1.0
        A factor from 0 to 1 on all earlier counts, applied by the first ``build_vocab(update=True)`` after a training.
        With 0.9, the text of ten updates ago counts about a third. The vocabulary, the subsampling and the noise
        distribution then follow the recent texts.
    corpus_budget : int, optional
        Bytes of memory that the encoded corpus may use before it is moved to a temporary file; by default a quarter of
        the free memory.
    checkpoint, checkpoint_every, sample_weight : optional
        As in `train`.

    Raises
    ------
    ValueError, TypeError
        If a parameter or the corpus cannot be used; the message names it.
    RuntimeError
        If no word of the corpus is left in the vocabulary.
    KeyboardInterrupt, Exception
        If the training is interrupted, by Ctrl-C or by an exception of the corpus or of a callback. The model, with
        what was trained until then, is the attribute `model` of the exception.

    Attributes
    ----------
    wv : KeyedVectors
        The words and their vectors.
    syn1neg, syn1 : float32 array (words, vector_size)
        The output weights of negative sampling or sampled softmax, and of hierarchical softmax.
    syn1neg_bias : float32 array (words,)
        The biases of the output weights of sampled softmax.
    loss_history : list of float
        The mean loss of an example (skip-gram pair or CBOW window) in each epoch, if `compute_loss` was on.
    stream_sentences, stream_words : int
        Sentences and raw words that `train_stream` has trained.
    validation_loss_history : list of float
        The mean loss of an example of held-out sentences after each epoch, if the callbacks had a `ValidationLoss`.

    Examples
    --------
    >>> from fastw2v import Word2Vec
    >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
    >>> model = Word2Vec(sentences, vector_size=16, min_count=1, sg=1, workers=1)
    >>> len(model.wv)
    5
    >>> model.wv["cat"].shape
    (16,)
    """

    _vectors_class = KeyedVectors
    _shown = ("wv", "layer1_size", "raw_vocab")
    _optional = ("syn1neg", "syn1neg_bias", "cum_table", "syn1")
    _hidden = frozenset(_PARTS | {"_raw_counts", "_initial_vectors"})

    syn1: NDArray[np.float32] | None = None  # of the class, so that the attribute of a model can be deleted

    _lock: ExclusiveLock  # held while the model is trained or its vocabulary grows
    _session: TrainingSession | None  # the current training
    _growth: ExclusiveLock  # held, besides `_lock`, while the vocabulary grows
    _progress: bool | None  # whether scans show a progress bar; see `ProgressBar`
    _scanned_fingerprint: str | None  # of the text that `scan_vocab` has counted last

    @renamed_arguments(size="vector_size", iter="epochs")
    def __init__(
        self,
        sentences: Iterable[Any] | None = None,
        corpus_file: Any = None,
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int | tuple[int, int] = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        sample: float | str | None = 1e-3,
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
        progress: bool | None = None,
        reproducible: bool = False,
        virtual_workers: int = VIRTUAL_WORKERS,
        round_words: int = ROUND_WORDS,
        shared_negatives: bool = False,
        negative_pool: int = 0,
        objective: str = NEGATIVE_SAMPLING,
        tied_weights: bool = False,
        logq_correction: bool = False,
        cbow_update: str = WORD2VEC,
        window_weights: Any = None,
        full_windows: bool = False,
        final_window: int | tuple[int, int] | None = None,
        max_norm: float | None = None,
        corpus_budget: int | None = None,
        max_words: int | None = None,
        count_decay: float = 1.0,
        init_from: Any = None,
        init_lockf: float | Mapping[Any, float] = 1.0,
        checkpoint: Any = None,
        checkpoint_every: int | None = None,
        sample_weight: Any = None,
    ) -> None:
        self.vector_size = vector_size
        self.workers = workers
        self.epochs = epochs
        self.train_count = 0
        self.total_train_time = 0.0
        self.batch_words = batch_words
        self.sg = sg
        self.alpha = alpha
        self.min_alpha = min_alpha
        self.window = window
        self.final_window = final_window
        self.window_weights = window_weights
        self.full_windows = full_windows
        self.max_norm = max_norm
        self.shrink_windows = shrink_windows
        self.hs = hs
        self.negative = negative
        self.ns_exponent = ns_exponent
        self.cbow_mean = cbow_mean
        self.compute_loss = compute_loss
        self.running_training_loss = 0.0
        self.loss_history: list[float] = []
        self.stream_sentences = 0
        self.stream_words = 0
        self.validation_loss_history: list[float] = []
        self.max_final_vocab = max_final_vocab
        self.max_vocab_size = max_vocab_size
        self.min_count = min_count
        self.sample = sample
        self.sorted_vocab = sorted_vocab
        self.null_word = null_word
        self.seed = seed
        self.hashfxn = hashfxn
        self.comment = comment
        self.reproducible = reproducible
        self.virtual_workers = virtual_workers
        self.round_words = round_words
        self.shared_negatives = shared_negatives
        self.negative_pool = negative_pool
        self.objective = objective
        self.tied_weights = tied_weights
        self.logq_correction = logq_correction
        self.cbow_update = cbow_update
        self.corpus_budget = corpus_budget
        self.max_words = max_words
        self.count_decay = count_decay
        self._check_parameters()
        self.min_alpha_yet_reached = self.alpha
        self.effective_min_count = self.min_count
        self.random = random_state(self.seed)
        self.corpus_count = 0
        self.corpus_total_words: int | None = 0
        self.lifecycle_events: list[dict[str, Any]] | None = []
        self.text_history: list[dict[str, Any]] = []
        self.syn1 = None
        self._raw_counts: dict[Any, int] | WordCounts | None = None
        self._scan_cache: ScanCache | None = None
        self._make_lock()
        self._set_vectors(KeyedVectors(self.vector_size))
        self._initial_vectors = _checked_initial_vectors(init_from, init_lockf, self.vector_size)

        callbacks = as_callbacks(callbacks)
        check_function("trim_rule", trim_rule)
        progress = as_progress("progress", progress)
        if sample_weight is not None:
            SampleWeights(sample_weight)  # wrong weights are refused before the corpus is read
        checkpoint_every = checkpoints.check_arguments(checkpoint, checkpoint_every, (sentences, corpus_file))
        if checkpoint is not None:
            check_not_read("checkpoint", checkpoint, init_from, "the file of init_from,")
        if sentences is not None or corpus_file is not None:
            self._check_can_train()
            self._check_corpus_sanity(sentences, corpus_file, passes=self.epochs + 1)
            self._scan_cache = ScanCache(sentences, corpus_file)
            try:
                self._progress = progress
                self.build_vocab(corpus_iterable=sentences, corpus_file=corpus_file, trim_rule=trim_rule)
                with _attached_to_errors(self):
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
                        **({} if sample_weight is None else {"sample_weight": sample_weight}),
                    )
            finally:
                self._scan_cache = self._progress = None
        else:
            if trim_rule is not None:
                logger.warning(
                    "trim_rule is not kept by the model; pass it to build_vocab(), where it is used"
                )
            if sample_weight is not None:
                logger.warning("sample_weight is not kept by the model; pass it to train(), where it is used")
            if callbacks:
                logger.warning(
                    "callbacks are not kept by the model; pass them to train(), where they are used"
                )
        self.add_lifecycle_event("created", params=str(self))

    # --- parts

    def _make_lock(self) -> None:
        """Make what is neither copied nor saved: the locks, and what belongs to one scan or training."""
        message = (
            "another thread is training this model or growing its vocabulary; wait for it. To train several models at "
            "a time, take copies before (copy.deepcopy(model)); workers=N trains one model by several threads"
        )
        self._lock = ExclusiveLock(message)
        self._growth = ExclusiveLock(message)
        self._session = None
        self._progress = None
        self._scanned_fingerprint = None

    def _set_vectors(
        self,
        wv: KeyedVectors,
        syn1neg: Any = None,
        cum_table: Any = None,
        syn1neg_bias: Any = None,
        _kept_anchor: Mapping[str, Any] | None = None,
    ) -> None:
        """Use `wv`, with output weights, a noise table and the values that updates are anchored to for its rows."""
        self._wv = wv
        self._vocabulary = Vocabulary(wv._table)
        self._vocabulary.noise.values = cum_table
        self._output_rows, self._output_biases = Column(syn1neg), Column(syn1neg_bias)
        for column in (self._output_rows, self._output_biases):
            wv._table.attach(column)
        self._kept_anchor = KeptAnchor(_kept_anchor)
        self._kept_anchor.attach(wv._table)
        if wv.vectors_lockf is None:
            wv.vectors_lockf = np.ones(1, dtype=np.float32)

    @property
    def wv(self) -> KeyedVectors:
        """Words and vectors.

        Other vectors may be assigned. The output weights stay as they are; values that ``Update(keep_anchor=True)`` has
        kept are discarded, because they belong to the former vectors.
        """
        return self._wv

    @wv.setter
    def wv(self, wv: KeyedVectors) -> None:
        table = getattr(wv, "_table", None)
        if not isinstance(table, RowTable):
            raise TypeError(f"model.wv must be fastw2v.KeyedVectors, not {type(wv).__name__}")
        if "_vocabulary" not in own_attributes(self):  # a new object gets the attributes of another one
            self._make_lock()
            self._scan_cache = self._initial_vectors = self._raw_counts = None
            self._set_vectors(wv)
            return
        if "_wv" in own_attributes(self):
            del self.wv
        self._wv = wv
        self._vocabulary.move_to(table)
        for column in (self._output_rows, self._output_biases):
            table.attach(column)
        self._kept_anchor = KeptAnchor()
        self._kept_anchor.attach(table)

    @wv.deleter
    def wv(self) -> None:
        for column in (self._output_rows, self._output_biases):
            self._wv._table.detach(column)
        self._kept_anchor.detach(self._wv._table)
        del self._wv

    @property
    def syn1neg(self) -> NDArray[np.float32] | None:
        """Output weights of negative sampling, with one row for each word; they are sorted and removed with `wv`."""
        return self._output_rows.values

    @syn1neg.setter
    def syn1neg(self, weights: NDArray[np.float32] | None) -> None:
        self._output_rows.values = weights

    @syn1neg.deleter
    def syn1neg(self) -> None:  # programs that train no more delete the output weights to save memory
        self._output_rows.values = None

    @property
    def syn1neg_bias(self) -> NDArray[np.float32] | None:
        """Biases of the output weights of sampled softmax, one for each word; None without such weights."""
        return self._output_biases.values

    @syn1neg_bias.setter
    def syn1neg_bias(self, biases: NDArray[np.float32] | None) -> None:
        self._output_biases.values = biases

    @property
    def cum_table(self) -> NDArray[np.uint32] | None:
        """Cumulative distribution of the noise words; see `make_cum_table`."""
        return self._vocabulary.noise.values

    @cum_table.setter
    def cum_table(self, table: NDArray[np.uint32] | None) -> None:
        self._vocabulary.noise.values = table

    @cum_table.deleter
    def cum_table(self) -> None:
        self._vocabulary.noise.values = None

    @property
    def huffman_tree(self) -> HuffmanTree | None:
        """Huffman tree of the words, for hierarchical softmax."""
        return self._vocabulary.huffman_tree

    @huffman_tree.setter
    def huffman_tree(self, tree: HuffmanTree | None) -> None:
        self._vocabulary.huffman_tree = tree

    @property
    def words_before_update(self) -> int | None:
        """Number of words before the calls of ``build_vocab(update=True)`` since the latest training.

        The words after them are new. None means that no word is new, -1 that the words were sorted since these calls
        and old and new ones are mixed.
        """
        return self._vocabulary.words_before_update

    @words_before_update.setter
    def words_before_update(self, count: int | None) -> None:
        self._vocabulary.words_before_update = count

    @property
    def kept_anchor(self) -> KeptAnchor:
        """The values that ``Update(keep_anchor=True)`` has kept; it is false if there are none."""
        return self._kept_anchor

    def discard_anchor(self) -> None:
        """Discard the values that ``Update(keep_anchor=True)`` has kept; the next such update keeps new ones.

        Call this to let the vectors follow changes of meaning again, for example once a year, or to save memory.

        Raises
        ------
        RuntimeError
            If another thread is training the model.

        Examples
        --------
        >>> from fastw2v import Update
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, workers=1)
        >>> update = Update(anchor=1.0, keep_anchor=True)
        >>> _ = model.train(sentences, total_examples=len(sentences), epochs=1, update=update)
        >>> model.discard_anchor()
        >>> bool(model.kept_anchor)
        False
        """
        with self._lock.hold():
            self._kept_anchor.clear()

    @property
    def raw_vocab(self) -> dict[Any, int] | None:
        """Raw counts of the latest scan; deleted once the vocabulary is made, unless ``keep_raw_vocab=True``."""
        if isinstance(self._raw_counts, WordCounts):
            self._raw_counts = self._raw_counts.as_dict()
        return self._raw_counts

    @raw_vocab.setter
    def raw_vocab(self, counts: dict[Any, int] | None) -> None:
        self._raw_counts = counts

    @raw_vocab.deleter
    def raw_vocab(self) -> None:
        self._raw_counts = None

    def __getstate__(self) -> dict[str, Any]:
        # The cached scan is left out: a copy that a callback makes does not need the text that is being trained.
        def read() -> dict[str, Any]:
            self._check_not_growing()
            state = {name: value for name, value in own_attributes(self).items() if name not in _PARTS}
            if isinstance(self._raw_counts, dict):
                state["_raw_counts"] = self._raw_counts.copy()
            state.update(
                wv=self._wv, syn1neg=self.syn1neg, syn1neg_bias=self.syn1neg_bias, cum_table=self.cum_table
            )
            if self._kept_anchor:
                state["_kept_anchor"] = self._kept_anchor.arrays()
            self._check_not_growing()
            return state

        state = self._wv._table.read_unmoved(read)
        checked_settings(state)
        return state

    def __reduce_ex__(self, protocol: Any) -> Any:
        unmoved = UnmovedRows(self._wv._table)
        reduced: Any = super().__reduce_ex__(protocol)
        create, arguments, state, *rest = reduced
        if isinstance(state, dict):  # a subclass may have another state
            state = {**state, "_unmoved": unmoved}  # the last entry, so that it is pickled after the vectors
        return create, arguments, state, *rest

    def __setstate__(self, state: dict[str, Any]) -> None:
        if not pickle_state.is_gensim_model(state):
            self._set_attributes(state)
            return
        attributes = pickle_state.model_state(state)
        wv = attributes.pop("wv")
        if isinstance(wv, dict):
            vectors = KeyedVectors.__new__(KeyedVectors)
            vectors.__setstate__(wv)
            wv = vectors
        lock_factors = attributes.pop("vectors_lockf", None)
        if wv.vectors_lockf is None:
            wv.vectors_lockf = lock_factors
        codes, points = wv.expandos.pop("code", None), wv.expandos.pop("point", None)
        random = attributes.get("random")
        if not isinstance(random, np.random.RandomState):
            random = np.random.RandomState(attributes.get("seed", 1))
        raw_counts = defaultdict(int, attributes.pop("raw_vocab", None) or {})
        attributes.pop("cum_table", None)
        self._set_attributes(
            {**_default_attributes(), **attributes, "wv": wv, "random": random, "_raw_counts": raw_counts}
        )
        if self.hs and codes is not None and points is not None:
            self.huffman_tree = HuffmanTree.from_rows(points.tolist(), codes.tolist())
        self._make_missing_tables()

    def _set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set all attributes of a new object, given what `__getstate__` returns, or returned in version 0.1."""
        checked_settings(attributes)
        self._make_lock()
        attributes = check_fields({"wv": None, "syn1": None, "_raw_counts": None, **attributes}, _PICKLED)
        parts = {
            name: attributes.pop(name, None)
            for name in ("syn1neg", "syn1neg_bias", "cum_table", "_kept_anchor")
        }
        self._set_vectors(attributes.pop("wv"), **parts)
        if "_read_once" in attributes and _ends_with_training(attributes):
            self.words_before_update = None
        for name in ("_unmoved", "_read_once", "_warm_start"):  # the last two are of version 0.1
            attributes.pop(name, None)
        self._scan_cache = None
        self._initial_vectors = None
        later = {**_LATER_SETTINGS, "text_history": [], "validation_loss_history": []}
        own_attributes(self).update({**later, **attributes})
        self._vocabulary.noise.ns_exponent = self.ns_exponent

    def _make_missing_tables(self) -> None:
        """Make the Huffman tree and the noise table that the settings require, from the counts."""
        counts = self.wv.expandos.get("count")
        if counts is None or len(counts) != len(self.wv):
            return  # there is no vocabulary yet, or its words were replaced; training says so
        if self.hs and self.huffman_tree is None:
            self.create_binary_tree()
        if self.negative:
            self.make_cum_table()

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<vocab={len(self.wv)}, vector_size={self.vector_size}, alpha={self.alpha}>"
        )

    def __repr__(self) -> str:
        if "_wv" not in own_attributes(self):  # a subclass has not called __init__ yet
            return object.__repr__(self)
        algorithm = "skip-gram" if self.sg else "CBOW"
        output = f"hierarchical softmax, negative={self.negative}" if self.hs else f"negative={self.negative}"
        return (
            f"<{type(self).__name__}: {len(self.wv)} words, vector_size={self.vector_size}, {algorithm}, {output}, "
            f"window={self.window}, epochs={self.epochs}, train_count={self.train_count}>"
        )

    def _repr_html_(self) -> str | None:
        if "_wv" not in own_attributes(self):
            # A subclass has not called __init__ yet; notebooks show its __repr__.
            return None
        pool = f", from a pool of {self.negative_pool:,}" if self.negative_pool else ""
        output = [f"negative sampling ({self.negative} words{pool})"] if self.negative else []
        output += ["hierarchical softmax"] if self.hs else []
        fixed = "" if self.shrink_windows else ", always"
        trained = f"{self.epochs} epochs" if self.train_count else "not yet"
        rows = [
            ("vocabulary", f"{len(self.wv):,} words"),
            ("vectors", f"{self.vector_size} dimensions, {getattr(self.wv.vectors, 'dtype', 'none yet')}"),
            (
                "algorithm",
                f"{'skip-gram' if self.sg else 'CBOW'}, {' and '.join(output) or 'no output layer'}",
            ),
            ("window", f"{' and '.join(map(str, dict.fromkeys(sides_of(self.window))))} words{fixed}"),
            (
                "trained",
                trained if self.train_count < 2 else f"{self.train_count} times, the last time {trained}",
            ),
        ]
        if self.corpus_total_words:
            rows.append(
                ("corpus", f"{self.corpus_total_words:,} words in {self.corpus_count or 0:,} sentences")
            )
        if self.corpus_total_words and self.train_count == 1 and self.total_train_time > 0:
            speed = self.corpus_total_words * self.epochs / self.total_train_time
            rows.append(("speed", f"{speed:,.0f} words/s ({self.total_train_time:.3g} s)"))
        if self.loss_history:
            rows.append(("loss", f"{self.loss_history[-1]:.4f} in the last epoch"))
        if self.validation_loss_history:
            rows.append(("validation loss", f"{self.validation_loss_history[-1]:.4f} after the last epoch"))
        return html.facts(type(self).__name__, rows, self.loss_history)

    @property
    def layer1_size(self) -> int:
        """`vector_size`, under the name that word2vec.c gave it."""
        return self.vector_size

    def as_vocab(self) -> Vocab:
        """Return the model's words and counts as a `Vocab`.

        Examples
        --------
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, workers=1)
        >>> model.as_vocab().count("the")
        100
        """
        return Vocab.from_frequencies(
            self._vocabulary.as_dict(),
            min_count=0,
            sorted_vocab=False,
            sample=self.sample,
            ns_exponent=self.ns_exponent,
        )

    def drift(self, other: Any, *, topn: int = 10, sample: int | None = 1000) -> Drift:
        """Return how far the words have moved since `other`.

        Parameters
        ----------
        other, topn, sample
            The older vectors or model, and the size and the number of the compared neighbourhoods, as in
            `KeyedVectors.drift`.

        Returns
        -------
        Drift

        Examples
        --------
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, workers=1)
        >>> model.drift(model).mean_distance
        0.0
        """
        return self.wv.drift(other, topn=topn, sample=sample)

    def history(self) -> History:
        """Return what is known of each text that the model was trained on, the oldest first.

        Returns
        -------
        list of dict
            The list prints as a table, and `pandas.DataFrame` takes it. The keys of each dict are:

            * ``text``: the name of the file or directory, or the type of the object; None if it was not counted;
            * ``words``, ``sentences``, ``new_words``: how many the text has, and how many words it has added;
            * ``counted``: when `build_vocab` has counted its words, as an ISO 8601 date;
            * ``trained``: when the latest training on it has ended; None for a text that is not trained yet;
            * ``epochs``, ``alpha``, ``min_alpha``, ``update``: those of the training;
            * ``neighbours_kept``, ``mean_cosine``: what ``Update(drift_threshold=...)`` has measured;
            * ``fingerprint``: a hash of the sentences, by which the text is recognised; models with and without
              `max_vocab_size` compute it in different ways; None for a text that was not counted;
            * ``training``: the number of trainings of the model before the training of the text.

            All texts that were counted since the latest training belong to the next one that reaches its end. The text
            of one call of `train_stream` is a row, with the chunks that were trained.

        Examples
        --------
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, workers=1, epochs=3)
        >>> model.build_vocab([["the", "axolotl"]] * 5, update=True)
        >>> [(row["words"], row["new_words"], row["epochs"]) for row in model.history()]
        [(300, 5, 3), (10, 1, None)]
        """
        return History(dict(row) for row in self.text_history)

    def _note_counted(
        self, corpus_iterable: Any, corpus_file: Any, update: bool, n_before: int, words: int | None
    ) -> None:
        """Add a row to the record of texts; a new vocabulary begins a new record."""
        corpus = corpus_iterable if corpus_file is None else LineSentence(corpus_file)
        row = text_history.new_row(
            text=name_of(corpus),
            words=words,
            sentences=self.corpus_count,
            new_words=len(self.wv) - n_before,
            counted=text_history.now(),
            fingerprint=self._scanned_fingerprint,
        )
        self.text_history = text_history.with_row(self.text_history if update else [], row)

    def _skips_known_text(self, known_text: str) -> bool:
        """Say that the text which was scanned is in the model already; return whether it shall not be counted again.

        Raises
        ------
        ValueError
            If `known_text` is "refuse".
        """
        row = text_history.find(self.text_history, self._scanned_fingerprint)
        if row is None:
            return False
        known = text_history.describe(row)
        if known_text == "refuse":
            raise ValueError(f"{known}; leave it out, or count it again with build_vocab(known_text='warn')")
        if known_text == "skip":
            logger.info("%s; its words are not counted again", known)
            return True
        logger.warning(
            "%s; its words are counted twice now. build_vocab(known_text='skip') counts them once", known
        )
        return False

    def add_lifecycle_event(self, event_name: str, log_level: int = logging.INFO, **event: Any) -> None:
        """Append an event to `lifecycle_events` and log it; only log it if `lifecycle_events` is None.

        At most 1000 events are kept: one event "summary" takes the place of the oldest ones. It holds their number by
        name, and the times of the first and the last of them.
        """
        log_level = as_int("log_level", 0 if log_level is None else log_level)
        event["datetime"] = datetime.datetime.now().isoformat()
        event["event"] = event_name
        lifecycle_logger.log(log_level, "%s lifecycle event %s", type(self).__name__, event)
        if self.lifecycle_events is not None:
            append_event(self.lifecycle_events, event)

    def _check_corpus_sanity(
        self, corpus_iterable: Any = None, corpus_file: Any = None, passes: int = 1
    ) -> None:
        """Raise a TypeError if the corpus cannot be read `passes` times."""
        open_corpus(corpus_iterable, corpus_file, passes)

    # --- vocabulary

    @renamed_arguments(sentences="corpus_iterable")
    def build_vocab(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: Any = None,
        update: bool = False,
        progress_per: int = 10000,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        *,
        init_from: Any = None,
        init_lockf: float | Mapping[Any, float] = 1.0,
        known_text: str = "warn",
        **kwargs: Any,
    ) -> None:
        """Count the words of a corpus, and make the vocabulary and its weights.

        Parameters
        ----------
        corpus_iterable, corpus_file
            The corpus, as in the constructor. It is read once.
        update : bool, default False
            Add the words of the corpus to the present vocabulary and keep the weights. If the raw counts of the
            earlier text were kept, a new word needs `min_count` occurrences in all text together; otherwise, in this
            corpus alone. The log says which rule applies. An update that fails changes nothing.
        progress_per : int, default 10000
            Log a line after this number of sentences.
        keep_raw_vocab : bool, default False
            Keep the raw counts in `raw_vocab`, and in the file of `save`, for later updates. Counts that were kept
            once are kept by all later updates; assign ``model.raw_vocab = None`` to delete them. If an update is the
            first one to keep them, they contain only those words of the earlier text that are in the vocabulary.
        trim_rule : callable, optional
            As in the constructor.
        init_from, init_lockf : optional
            As in the constructor, for the words that this call adds; words that the model had before an update keep
            their vectors. By default, the first vocabulary uses the arguments of the constructor; an update does not.
        known_text : {"warn", "refuse", "skip"}, default "warn"
            What an update does with a text that the model has counted before, see `history`: count it again and log a
            warning, raise a ValueError, or not count it again. With "skip", an update that was interrupted can be
            repeated. `corpus_count` and `corpus_total_words` are set to those of the text in all cases.
        **kwargs
            `progress`, as in the constructor, and arguments for `prepare_vocab`.

        Raises
        ------
        TypeError
            If the corpus cannot be used.
        ValueError
            If `known_text` is "refuse" and the text is known.
        RuntimeError
            If there is no vocabulary to update, another thread is training this model, or the calling thread is
            training an epoch of it.

        Examples
        --------
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(vector_size=16, min_count=1)
        >>> model.build_vocab(sentences)
        >>> len(model.wv), model.corpus_count
        (5, 100)
        >>> model.build_vocab([["the", "axolotl"]] * 5, update=True)
        >>> "axolotl" in model.wv
        True
        """
        self._check_corpus_sanity(corpus_iterable, corpus_file, passes=1)
        update, keep_raw_vocab = as_flag("update", update), as_flag("keep_raw_vocab", keep_raw_vocab)
        check_function("trim_rule", trim_rule)
        known_text = as_choice("known_text", known_text, ("warn", "refuse", "skip"))
        progress = as_progress("progress", kwargs.pop("progress", self._progress))
        if update:
            self._check_can_update()
        initial_vectors = _checked_initial_vectors(init_from, init_lockf, self.vector_size)
        earlier = self.raw_vocab if update else None
        self._check_may_grow()
        with self._lock.hold(), self._growth.hold(), self._unchanged_by_failure():
            self._initial_vectors = initial_vectors or self._initial_vectors
            self._scanned_fingerprint = None
            n_before, counts_before = len(self.wv) if update else 0, self._raw_counts
            earlier_progress, self._progress = self._progress, progress
            try:
                total_words, corpus_count = self.scan_vocab(
                    corpus_iterable=corpus_iterable,
                    corpus_file=corpus_file,
                    progress_per=progress_per,
                    trim_rule=trim_rule,
                )
            finally:
                self._progress = earlier_progress
            self.corpus_count = corpus_count
            self.corpus_total_words = total_words
            if update and self._skips_known_text(known_text):
                self._raw_counts, self._initial_vectors = counts_before, None
                return
            self._adopt_raw_vocab(update, keep_raw_vocab, trim_rule, earlier, **kwargs)
            self._note_counted(corpus_iterable, corpus_file, update, n_before, total_words)
        self.add_lifecycle_event("build_vocab", update=update, trim_rule=str(trim_rule))

    def build_vocab_from_freq(
        self,
        word_freq: Mapping[Any, int],
        keep_raw_vocab: bool = False,
        corpus_count: int | None = None,
        trim_rule: TrimRule | None = None,
        update: bool = False,
        *,
        init_from: Any = None,
        init_lockf: float | Mapping[Any, float] = 1.0,
    ) -> None:
        """Make the vocabulary from known word counts instead of a corpus.

        Parameters
        ----------
        word_freq : mapping of word to count
        corpus_count : int, optional
            Number of sentences of the counted corpus, for `train(total_examples=model.corpus_count)`.
        keep_raw_vocab, trim_rule, update, init_from, init_lockf
            As in `build_vocab`.

        Raises
        ------
        ValueError
            If a count is not a whole number of at least 0.
        TypeError
            If `word_freq` is not a mapping, or a word is neither a str nor an int.
        RuntimeError
            As from `build_vocab`.

        Examples
        --------
        >>> model = Word2Vec(vector_size=16, min_count=2)
        >>> model.build_vocab_from_freq({"the": 5, "cat": 2, "dog": 1})
        >>> model.wv.index_to_key
        ['the', 'cat']
        """
        update, keep_raw_vocab = as_flag("update", update), as_flag("keep_raw_vocab", keep_raw_vocab)
        check_function("trim_rule", trim_rule)
        check_mapping("word_freq", word_freq, "words to counts")
        corpus_count = as_optional_int("corpus_count", corpus_count, minimum=0)
        if update:
            self._check_can_update()
        initial_vectors = _checked_initial_vectors(init_from, init_lockf, self.vector_size)
        logger.info("Processing provided word frequencies")
        counts = as_counts(list(word_freq.values()), word_freq).tolist()
        raw_vocab = as_word_counts(dict(zip(word_freq, counts, strict=True)), "word_freq")
        logger.info("collected %i unique word types, with total frequency of %i", len(raw_vocab), sum(counts))
        earlier = self.raw_vocab if update else None
        self._check_may_grow()
        with self._lock.hold(), self._growth.hold(), self._unchanged_by_failure():
            self._initial_vectors = initial_vectors or self._initial_vectors
            n_before, self._scanned_fingerprint = len(self.wv) if update else 0, None
            self.corpus_count = corpus_count or 0
            self.raw_vocab = raw_vocab
            self._adopt_raw_vocab(update, keep_raw_vocab, trim_rule, earlier)
            self._note_counted(word_freq, None, update, n_before, sum(counts))

    def _scanned(self, corpus_iterable: Any, corpus_file: Any) -> EncodedCorpus | None:
        """Return the corpus as ids, if the vocabulary scan of the constructor has encoded it."""
        cache = self._scan_cache
        return cache.encoded if cache is not None and self._is_scanned(corpus_iterable, corpus_file) else None

    def _is_scanned(self, corpus_iterable: Any, corpus_file: Any) -> bool:
        """Return whether the constructor has built the vocabulary from this corpus, to train on it now."""
        return self._scan_cache is not None and self._scan_cache.is_for(corpus_iterable, corpus_file)

    def _adopt_raw_vocab(
        self,
        update: bool,
        keep_raw_vocab: bool,
        trim_rule: TrimRule | None,
        earlier: Mapping[Any, int] | None,
        **kwargs: Any,
    ) -> None:
        counts = self._raw_counts
        if earlier:
            kwargs["earlier_counts"] = earlier
        with self._vocabulary.table.changing.hold():
            report = self.prepare_vocab(
                update=update, keep_raw_vocab=keep_raw_vocab, trim_rule=trim_rule, **kwargs
            )
            self.estimate_memory(vocab_size=len(self.wv), report=report)
            self.prepare_weights(update=update)
        self.min_alpha_yet_reached = self.alpha  # the training of the new weights starts at the first rate
        cache = self._scan_cache
        if cache is not None and cache.encoded is not None:
            table = provisional_table(counts or {}, self.wv.key_to_index)
            cache.encoded = renumber(cache.encoded, table)

    @renamed_arguments(sentences="corpus_iterable")
    def scan_vocab(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: Any = None,
        progress_per: int = 10000,
        workers: int | None = None,
        trim_rule: TrimRule | None = None,
    ) -> tuple[int, int]:
        """Count the words of a corpus into `raw_vocab`, and return (number of words, number of sentences).

        Parameters
        ----------
        corpus_iterable, corpus_file, progress_per, trim_rule
            As in `build_vocab`.
        workers : int, optional
            Without effect; kept for compatibility.

        Examples
        --------
        >>> model = Word2Vec(vector_size=16)
        >>> model.scan_vocab([["the", "cat"], ["the"]])
        (3, 2)
        """
        corpus = open_corpus(corpus_iterable, corpus_file, passes=1)
        if self._scan_cache is not None and self._scan_cache.is_for(corpus_iterable, corpus_file):
            self._scan_cache.corpus = corpus
        return self._scan_vocab(corpus, progress_per, trim_rule)

    def _scan_vocab(
        self, sentences: Iterable[Any], progress_per: int, trim_rule: TrimRule | None
    ) -> tuple[int, int]:
        """Count the words of an opened corpus for `scan_vocab`; subclasses may override this method."""
        cache = self._scan_cache
        fingerprint = Fingerprint()
        found = scan(
            sentences,
            max_vocab_size=self.max_vocab_size,
            trim_rule=trim_rule,
            progress_per=progress_per,
            keep_ids=(
                cache is not None
                and sentences is cache.corpus
                and is_reusable(sentences)
                and not self.max_vocab_size
            ),
            budget=self.corpus_budget,
            progress=self._progress,
            digest=fingerprint,
        )
        self._scanned_fingerprint = fingerprint.value(found.counts)
        self._raw_counts = found.counts
        if cache is not None:
            cache.encoded = found.provisional
        return found.total_words, found.n_sentences

    def prepare_vocab(
        self,
        update: bool = False,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        min_count: int | None = None,
        sample: float | str | None = None,
        dry_run: bool = False,
        *,
        earlier_counts: Mapping[Any, int] | None = None,
    ) -> dict[str, int]:
        """Turn `raw_vocab` into the vocabulary and its sampling tables.

        Parameters
        ----------
        update : bool, default False
            Append the words that reach `min_count` to the present ones, and add the counts of the words that are
            present already. The subsampling and the noise table then follow from the merged counts of all words.
        keep_raw_vocab : bool, default False
            Keep `raw_vocab` afterwards.
        trim_rule : callable, optional
            As in the constructor.
        min_count, sample : optional
            Values to use, and to keep, in place of the model's; 0 or None means the model's value. With `dry_run`
            they are not kept.
        dry_run : bool, default False
            Only return the report.
        earlier_counts : mapping of word to int, optional
            For an update: the raw counts of all text before this one. The sums of both are then compared with
            `min_count`, and become `raw_vocab`.

        Returns
        -------
        dict
            ``drop_unique``, ``retain_total``, ``downsample_unique``, ``downsample_total``, ``num_retained_words``.

        Examples
        --------
        >>> model = Word2Vec(vector_size=16, min_count=2)
        >>> _ = model.scan_vocab([["the", "cat"], ["the"]])
        >>> model.prepare_vocab(dry_run=True)["num_retained_words"]
        1
        """
        update, dry_run = as_flag("update", update), as_flag("dry_run", dry_run)
        keep_raw_vocab = as_flag("keep_raw_vocab", keep_raw_vocab)
        check_function("trim_rule", trim_rule)
        min_count = as_optional_int("min_count", min_count) or self.min_count
        sample = subsampling.as_sample("sample", sample) or self.sample
        if earlier_counts is not None:
            check_mapping("earlier_counts", earlier_counts, "words to counts")
        if self._raw_counts is None:
            raise RuntimeError("there are no raw counts; call scan_vocab() or build_vocab() first")
        self._check_bound()
        raw_counts = self._raw_counts = as_word_counts(self._raw_counts, "raw_vocab")
        vocabulary = self._vocabulary
        # A callback may add words between the epochs of a training, but not move the rows that it trains.
        in_training = self._session is not None and self._session.in_callbacks
        is_maintained = not in_training and (self.max_words is not None or self.count_decay != 1)
        present = None
        if update and is_maintained:
            present, earlier_counts = self._decayed_counts(earlier_counts)
        counts = merged_counts.merge_counts(earlier_counts, raw_counts) if earlier_counts else raw_counts
        selection = select(
            counts, min_count=min_count, max_final_vocab=self.max_final_vocab, trim_rule=trim_rule
        )
        rows = None
        if present is not None:
            eviction = vocabulary.plan_update(
                present,
                selection,
                raw_counts,
                max_words=self.max_words,
                trim_rule=trim_rule,
                by_frequency=bool(self.sorted_vocab),
            )
            rows, selection = eviction.rows, eviction.selection
        elif self.max_words is not None and not update:
            n_words = self.max_words - bool(self.null_word)
            selection = bounded.bounded_selection(selection, n_words, trim_rule)
        if update:
            merged_counts.log_counts_in_use(selection.effective_min_count, earlier_counts)
        if not dry_run:
            self.min_count, self.sample = min_count, sample
            self.effective_min_count = selection.effective_min_count
        probabilities, report = subsampling_report(selection, sample)
        self._log_selection(selection, report, update)
        if dry_run:
            return report
        if update:
            vocabulary.begin_update()
            if present is not None and rows is not None:
                vocabulary.table.attributes["count"] = present
                self._evict(rows)
            vocabulary.add_counts(selection, raw_counts)
            vocabulary.make_sample_ints(self.sample)
        else:
            vocabulary.set_words(
                selection.words,
                selection.counts,
                subsampling.sample_ints(probabilities),
                null_word=bool(self.null_word),
                by_frequency=bool(self.sorted_vocab),
            )
        if earlier_counts:
            self._raw_counts = counts
        elif keep_raw_vocab:
            if update:
                self._raw_counts = merged_counts.first_kept_counts(vocabulary.as_dict(), raw_counts)
        else:
            logger.info("deleting the raw counts dictionary of %i items", len(raw_counts))
            self.raw_vocab = defaultdict(int)
        if self.max_words is not None and self._raw_counts:
            self._bound_raw_counts(self.max_words)
        if self.hs:
            if not update:
                self.create_binary_tree()
            elif is_maintained:
                nodes = vocabulary.update_huffman_tree()
                self._kept_anchor.take_nodes(nodes)
                if self.syn1 is not None:
                    self.syn1 = node_weights(self.syn1, nodes, len(self.wv))
            else:
                vocabulary.grow_huffman_tree()
        if self.negative:
            self.make_cum_table()
        return report

    def _decayed_counts(
        self, earlier_counts: Mapping[Any, int] | None
    ) -> tuple[NDArray[np.int64], Mapping[Any, int] | None]:
        """Return the counts of the words and the raw counts of earlier text as an update has to take them.

        They decay once for all calls of `build_vocab` between two trainings. The random numbers depend on the seed and
        on the counts, so that an update is reproducible.
        """
        vocabulary = self._vocabulary
        counts = vocabulary.counts
        if self.count_decay == 1 or vocabulary.words_before_update is not None:
            return counts, earlier_counts
        random = np.random.default_rng([self.seed or 0, int(counts.sum())])
        present = np.maximum(bounded.decayed(counts, self.count_decay, random), 1)
        if earlier_counts:
            words = dict(zip(vocabulary.words, present.tolist(), strict=True))
            earlier_counts = bounded.decayed_raw_counts(earlier_counts, words, self.count_decay, random)
        return present, earlier_counts

    def _evict(self, rows: NDArray[np.intp]) -> None:
        """Keep these rows of all arrays with one row for each word, in this order."""
        n_evicted = len(self.wv) - len(rows)
        if n_evicted:
            self._warn_of_mapped_weights()
            self.add_lifecycle_event(
                "prepare_vocab", msg=f"evicted {n_evicted} words to hold max_words={self.max_words}"
            )
        self._vocabulary.keep_rows(rows)

    def _bound_raw_counts(self, max_words: int) -> None:
        """Forget the raw counts of rare words, so that their number is bounded too."""
        counts = self.raw_vocab
        if counts is not None:
            limit = bounded.CANDIDATES_PER_WORD * max_words
            self._raw_counts = bounded.bounded_counts(counts, self.wv.key_to_index, limit)

    def pin(self, words: Iterable[Any], pinned: bool = True) -> None:
        """Keep words in the vocabulary whatever their counts are, where `max_words` bounds it.

        The marks are the attribute ``"pinned"`` of the words. They are saved with the model.

        Parameters
        ----------
        words : iterable of str or int
            Words of the vocabulary.
        pinned : bool, default True
            False removes the marks.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary. No mark is changed then.

        Examples
        --------
        >>> model = Word2Vec([["a", "b"]] * 9 + [["c", "a"]], vector_size=4, min_count=1, max_words=3)
        >>> model.pin(["c"])
        >>> model.build_vocab([["a", "new"]] * 5, update=True)
        >>> model.wv.index_to_key
        ['a', 'b', 'c']
        """
        pinned = as_flag("pinned", pinned)
        self._vocabulary.pin(as_list("words", words, "words"), pinned)

    def _log_selection(self, selection: Selection, report: dict[str, int], update: bool) -> None:
        n_raw = max(len(selection.words) + selection.drop_unique, 1)
        total = max(selection.retain_total + selection.drop_total, 1)
        if update:
            known = sum(word in self.wv.key_to_index for word in self.raw_vocab or ())
            new = sum(word not in self.wv.key_to_index for word in selection.words)
            self.add_lifecycle_event(
                "prepare_vocab",
                msg=f"added {new} new unique words ({100 * new / n_raw:.2f}% of original {n_raw}) and increased the "
                f"count of {known} pre-existing words ({100 * known / n_raw:.2f}% of original {n_raw})",
            )
        else:
            n_kept, least = len(selection.words), selection.effective_min_count
            self.add_lifecycle_event(
                "prepare_vocab",
                msg=f"effective_min_count={least} retains {n_kept} unique words ({100 * n_kept / n_raw:.2f}% of "
                f"original {n_raw}, drops {selection.drop_unique})",
            )
            self.add_lifecycle_event(
                "prepare_vocab",
                msg=f"effective_min_count={least} leaves {selection.retain_total} word corpus "
                f"({100 * selection.retain_total / total:.2f}% of original {total}, drops {selection.drop_total})",
            )
        logger.info(
            "sample=%s downsamples %i most-common words",
            self.sample if isinstance(self.sample, str) else f"{self.sample or 0:g}",
            report["downsample_unique"],
        )

    def add_null_word(self) -> None:
        """Append the word ``'\\0'`` with the count 1."""
        self._vocabulary.add_null_word()

    def create_binary_tree(self) -> None:
        """Make the Huffman tree from the present counts, for hierarchical softmax."""
        self._vocabulary.make_huffman_tree()
        self._kept_anchor.forget_nodes()

    def make_cum_table(self, domain: int = 2**31 - 1) -> None:
        """Make the cumulative noise distribution from the present counts, for negative sampling.

        Parameters
        ----------
        domain : int, default 2**31 - 1
            Value of the last entry.
        """
        self._vocabulary.make_noise_table(self.ns_exponent, as_int("domain", domain, 1, 2**31 - 1))

    def reset_from(self, other_model: Word2Vec) -> None:
        """Use the vocabulary of another model, sharing its structures, with new initial weights.

        The two models share the words, the attributes of the words, the noise table and the Huffman tree until one of
        them replaces its own, for example by sorting the words.
        """
        if not isinstance(other_model, Word2Vec):
            raise TypeError(f"other_model must be a Word2Vec model, not {other_model!r:.80}")
        wv = KeyedVectors(self.vector_size)
        wv.index_to_key = other_model.wv.index_to_key
        wv.key_to_index = other_model.wv.key_to_index
        wv.expandos = other_model.wv.expandos
        self._set_vectors(wv, self.syn1neg, other_model.cum_table)
        self._vocabulary.noise.ns_exponent = other_model.ns_exponent
        self.huffman_tree = other_model.huffman_tree
        self.corpus_count = other_model.corpus_count
        self.text_history = [{**row, "trained": None, "training": None} for row in other_model.text_history]
        if self.hs and self.huffman_tree is None:
            self.create_binary_tree()
        if self.negative and self.cum_table is None:
            self.make_cum_table()
        self.init_weights()

    def _check_may_grow(self) -> None:
        """Raise an error if the calling thread is training the model or changing its vocabulary.

        This is a call by its corpus iterator or by a signal handler then. Callbacks may let the vocabulary grow.
        """
        self._check_not_within_growth()
        if self._lock.held and not (self._session is not None and self._session.in_callbacks):
            raise RuntimeError(
                "build_vocab() was called while an epoch is trained, by the corpus iterator of train() or a signal "
                "handler; call it before train(), or between epochs in on_epoch_begin or on_epoch_end of a callback"
            )

    def _check_not_within_growth(self) -> None:
        if self._growth.held:
            raise RuntimeError(
                "the model was trained or its vocabulary built within a call of build_vocab(), by its corpus iterator "
                "or a signal handler; do it when build_vocab() has returned"
            )

    def _check_not_growing(self) -> None:
        """Raise an error if another thread lets the vocabulary grow.

        A state is read by `RowTable.read_unmoved`, between two of these checks: a growth that begins after the
        first one waits before it moves rows, and the second one notices it.
        """
        if self._growth.held_by_another_thread:
            raise RuntimeError(
                "another thread is growing the vocabulary of this model, so it can be neither saved nor copied; wait "
                "until build_vocab() of that thread has returned"
            )

    def _unchanged_by_failure(self) -> UndoOnError:
        """Return a context manager that restores words, tables, weights and settings if the block raises an error."""
        settings = {name: getattr(self, name) for name in _CHANGED_BY_BUILDING}
        table = self._vocabulary.table
        snapshot = table.snapshot()

        def undo() -> None:
            table.restore(snapshot)
            own_attributes(self).update(settings)

        return UndoOnError(undo)

    def _check_can_update(self) -> None:
        if not len(self.wv):
            raise RuntimeError(
                "You cannot do an online vocabulary-update of a model which has no prior vocabulary. First build the "
                "vocabulary of your model with a corpus before doing an online update."
            )
        for name in ("syn1neg", "syn1"):
            weights = getattr(self, name)
            if weights is not None and len(weights) > len(self.wv):
                raise RuntimeError(
                    f"{name} has {len(weights)} rows for {len(self.wv)} words: words were removed since the vocabulary "
                    "was built, and the output weights no longer belong to the rest; train a new model to grow it"
                )

    # --- weights

    def estimate_memory(
        self, vocab_size: int | None = None, report: dict[str, int] | None = None
    ) -> dict[str, int]:
        """Return the peak number of bytes that training and saving a model of this size takes.

        Parameters
        ----------
        vocab_size : int, optional
            Number of words; by default that of the model.
        report : dict, optional
            The results are added to this dict.

        Returns
        -------
        dict
            gensim's keys ``vocab``, ``vectors``, ``syn1`` and ``syn1neg``; ``workers``, the copies of rows that several
            workers keep; and ``total``, the sum of all. ``vocab`` contains the words, their dictionary, counts and
            tables, and the temporary memory for making and saving them: 500 bytes for a word of usual length, 700
            with hierarchical softmax. A corpus that is kept as ids needs another 4 bytes for each token and 16 for
            each sentence, at most `corpus_budget`.

        Examples
        --------
        >>> model = Word2Vec(vector_size=100, workers=1)
        >>> model.estimate_memory(vocab_size=1_000_000)["vectors"]
        400000000
        """
        vocab_size = as_optional_int("vocab_size", vocab_size, minimum=0) or len(self.wv)
        if report is not None:
            check_mapping("report", report, "names to numbers")
        report = report if report is not None else {}
        row = self.vector_size * np.dtype(np.float32).itemsize
        report["vocab"] = vocab_size * (700 if self.hs else 500)
        report["vectors"] = vocab_size * row
        if self.hs:
            report["syn1"] = vocab_size * row
        if self.negative and not self.tied_weights:
            report["syn1neg"] = vocab_size * row
        n_copies = 0  # rows that each worker copies
        workers = thread_count(self.workers) if self.workers else 0
        if workers >= 2:
            words, inputs, nodes = replicated_rows(min(workers, thread_count(-1)), self.vector_size)
            n_copies += min(inputs, vocab_size) if not self.tied_weights else 0
            n_copies += min(words, vocab_size) if self.negative and not self.tied_weights else 0
            n_copies += min(nodes, vocab_size) if self.hs else 0
        copied = -(-self.vector_size // 16) * 16 * np.dtype(np.float32).itemsize  # whole cache lines
        report["workers"] = workers * 2 * n_copies * copied  # the copies, and the values that were copied
        report["total"] = sum(
            report.get(name, 0) for name in ("vocab", "vectors", "syn1", "syn1neg", "workers")
        )
        logger.info(
            "estimated required memory for %i words and %i dimensions: %i bytes",
            vocab_size, self.vector_size, report["total"],
        )  # fmt: skip
        return report

    def prepare_weights(self, update: bool = False) -> None:
        """Make the weights of a new vocabulary, or extend them to an updated one."""
        if as_flag("update", update):
            self.update_weights()
        else:
            self.init_weights()

    def init_weights(self) -> None:
        """Make initial vectors and zero output weights for the present vocabulary; present weights are discarded."""
        logger.info("resetting layer weights")
        shape = (len(self.wv), self.vector_size)
        vectors = prep_vectors(shape, seed=self.seed)
        syn1 = memory.zeros(shape) if self.hs else self.syn1
        syn1neg, biases = self.syn1neg, self.syn1neg_bias
        if self.negative:
            has_biases = self.objective == SAMPLED_SOFTMAX and not self.tied_weights
            syn1neg = None if self.tied_weights else memory.zeros(shape)
            biases = memory.zeros(shape[:1]) if has_biases else None
        self.wv.allocate_vecattrs()
        self.wv.vectors, self.syn1, self.syn1neg, self.syn1neg_bias = vectors, syn1, syn1neg, biases
        self._kept_anchor.clear()
        self._start_from_initial_vectors(0)

    def _start_from_initial_vectors(self, first: int) -> None:
        """Replace the vectors from row `first` on of those words that `init_from` has, and set their lock factors."""
        if self._initial_vectors is None:
            return
        source, lock_factors = self._initial_vectors
        self._initial_vectors = None
        keys = self.wv.index_to_key[first:]
        rows, vectors = starting_rows(keys, source.key_to_index, source._table.matrix)
        factors = starting_lock_factors([keys[row] for row in rows.tolist()], lock_factors)
        if len(rows):
            self._vocabulary.table.overwrite(rows + first, vectors, factors)
        logger.info(
            "initialised %i of %i words from %s; %i of them learn at another rate",
            len(rows), len(keys), source, 0 if factors is None else int(np.count_nonzero(factors != 1)),
        )  # fmt: skip

    def update_weights(self) -> None:
        """Give the words that an update added their initial vectors and zero output weights."""
        n_rows = len(self.wv._table.allocated_rows)
        if not n_rows:
            self._check_can_update()
        logger.info("updating layer weights")
        if n_rows < len(self.wv):
            self._warn_of_mapped_weights()
        syn1 = None if self.syn1 is None else memory.grown(self.syn1, len(self.wv))
        seed = self.seed
        if self.max_words is not None:
            # Rows are used again, and must not get the initial vectors of evicted words.
            seed = ((seed or 0) + self.train_count) % 2**32
        self.wv.resize_vectors(seed=seed)  # extends syn1neg and its biases, too
        self._start_from_initial_vectors(n_rows)
        self.syn1 = syn1
        self.wv.invalidate_norms()

    def _warn_of_mapped_weights(self) -> None:
        """Log a warning if arrays are mapped for writing: the file cannot grow with them."""
        matrices = {"wv.vectors": self.wv.vectors, "syn1": self.syn1, "syn1neg": self.syn1neg}
        mapped = [name for name, matrix in matrices.items() if _is_written_to_file(matrix)]
        if mapped:
            logger.warning(
                "%s grow in memory: the file that was loaded with mmap='r+' does not follow any more; save() the model",
                ", ".join(mapped),
            )  # fmt: skip

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
        progress: bool | None = None,
        update: Update | None = None,
        checkpoint: Any = None,
        checkpoint_every: int | None = None,
        sample_weight: Any = None,
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
            The learning rates at the start and the end; they replace `alpha` and `min_alpha` of the model. None: these
            remain. The rate never falls below `end_alpha`. With 0.0 for both, nothing is trained.
        word_count, queue_factor
            Ignored; kept for compatibility.
        report_delay : float, default 1.0
            Seconds between two progress lines in the log.
        compute_loss : bool, optional
            Whether to compute the loss; by default as `compute_loss` of the constructor says.
        callbacks : iterable of CallbackAny2Vec
            Called at the beginning and the end of the training and of each epoch. A callback may raise `StopTraining`
            to end the training early.
        progress : bool, optional
            Show a progress bar; by default on a terminal or in a notebook, after two seconds, unless the log shows the
            progress.
        update : Update, optional
            How the training treats what the model knew before: it can freeze or anchor the rows of old words, mix in
            old sentences, and use learning rates of its own.
        checkpoint : str or path, optional
            A file that is written, atomically, at the end of each epoch and after every `checkpoint_every` words. It
            holds the model as it is then, and all that `resume` needs to continue; `load` reads it too. With an
            `update`, it also holds the old values of anchored and frozen rows. If the file cannot be written, an error
            is logged and the training goes on.
        checkpoint_every : int, optional
            Raw words from one checkpoint to the next within an epoch; None: only at the ends of epochs. No worker
            trains while a checkpoint is written, which takes as long as `save`.
        sample_weight : array-like of float, shape (sentences,), optional
            A factor of at least 0 on the learning rate of each sentence, in the order of the corpus; None: all are 1.
            There is one for each sentence that `build_vocab` counts in `corpus_count`: empty lists are sentences, blank
            lines of a file are not, and a line of more than 10,000 words is several.

        Returns
        -------
        (int, int)
            Over all epochs, the effective words (tokens in the vocabulary that subsampling kept) and the raw words.

        Raises
        ------
        ValueError
            If `epochs` or both totals are missing, nothing could be trained, or `checkpoint` is a file that the corpus
            is read from.
        RuntimeError
            If there is no vocabulary, another thread is training this model, or its arrays are replaced while an epoch
            is trained.
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
        self._check_not_within_growth()
        outer = self._session if self._lock.held else None
        with self._lock.hold(), RestoredSettings(self) if outer else contextlib.nullcontext():
            self._session = (
                outer  # not one that an earlier training has left because Ctrl-C came at its very end
            )
            return TrainingSession.begin(
                self,
                TrainingText(
                    corpus_iterable=corpus_iterable,
                    corpus_file=corpus_file,
                    sample_weight=sample_weight,
                    scanned=self._scanned(corpus_iterable, corpus_file),
                    n_scanned=self.corpus_count if self._is_scanned(corpus_iterable, corpus_file) else 0,
                ),
                Schedule(
                    epochs=epochs,
                    total_examples=total_examples,
                    total_words=total_words,
                    start_alpha=start_alpha,
                    end_alpha=end_alpha,
                ),
                reports=Reports(
                    callbacks=callbacks,
                    report_delay=report_delay,
                    progress=progress,
                    compute_loss=compute_loss,
                ),
                checkpoint=CheckpointFile(checkpoint, checkpoint_every),
                update=_with_reference(update),
                by_hooks=are_overridden(self, Word2Vec),
            ).run()

    def train_stream(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: Any = None,
        *,
        chunk_words: int = 1_000_000,
        epochs: int = 1,
        total_words: int | None = None,
        trim_rule: TrimRule | None = None,
        progress: bool | None = None,
        checkpoint: Any = None,
    ) -> tuple[int, int]:
        """Build the vocabulary and train in one pass over a text of any length, in bounded memory.

        The text is read in chunks. Each chunk is an update of the model: its words are counted, the vocabulary is
        updated within `max_words`, and the chunk is trained. Counts of words outside the vocabulary are remembered, at
        most ``4 * max_words`` of them, so that a word enters once it has `min_count` occurrences in several chunks
        together. The model is usable at any time: if the training is interrupted, it has learnt the chunks before.

        Parameters
        ----------
        corpus_iterable, corpus_file
            The text, as in `train`. It may also be an iterator, even one that never ends.
        chunk_words : int, default 1_000_000
            Raw words of a chunk. A chunk takes about 4 bytes of memory for each of them, and more for its distinct
            words.
        epochs : int, default 1
            Number of passes over each chunk, while it is in memory.
        total_words : int, optional
            Raw words of the whole stream, over all calls, during which the learning rate falls from `alpha` to
            `min_alpha`. With None or 0, the rate stays `alpha`.
        trim_rule : callable, optional
            As in `build_vocab`.
        progress : bool, optional
            As in `train`.
        checkpoint : str or path, optional
            A file to which the model is saved after each chunk. If it cannot be written, an error is logged and the
            training goes on. To continue, `load` it, and pass the rest of the text, which begins after
            ``model.stream_sentences`` sentences.

        Returns
        -------
        (int, int)
            The effective words and the raw words that this call has trained, all epochs included.

        Raises
        ------
        ValueError
            If the model has no `max_words`, or the text has no sentences.
        TypeError
            If the corpus cannot be used, or a subclass overrides methods that train sentences.
        RuntimeError
            If another thread is training the model, or a callback of its training calls this method.

        Notes
        -----
        The vocabulary of a stream was proposed by Kaji and Kobayashi, "Incremental Skip-gram Model with Negative
        Sampling", EMNLP 2017, and by May et al., "Streaming Word Embeddings with the Space-Saving Algorithm", 2017.

        Examples
        --------
        >>> import itertools
        >>> endless = itertools.cycle([["the", "cat", "sat"], ["the", "dog", "barked"]])
        >>> model = Word2Vec(vector_size=8, max_words=100, workers=1)
        >>> model.train_stream(itertools.islice(endless, 1000), chunk_words=300)[1]
        3000
        >>> len(model.wv), model.stream_sentences
        (5, 1000)
        """
        settings = StreamSettings(
            chunk_words=chunk_words,
            epochs=epochs,
            total_words=total_words,
            trim_rule=trim_rule,
            progress=progress,
            checkpoint=checkpoint,
        )
        corpus = open_corpus(corpus_iterable, corpus_file, passes=1)
        return streaming.train_stream(self, corpus, settings, by_hooks=are_overridden(self, Word2Vec))

    def _update_vocab_by_chunk(self, chunk: CountedChunk, trim_rule: TrimRule | None) -> None:
        """Update the vocabulary, or make it, with the words of a chunk of a stream; raw counts are kept."""
        self._check_may_grow()
        update = len(self.wv) > 0
        with self._lock.hold(), self._growth.hold(), self._unchanged_by_failure():
            earlier = self.raw_vocab
            self._raw_counts = chunk.counts
            if not update and earlier:  # no word of the earlier chunks was frequent enough
                self._raw_counts = merged_counts.merge_counts(earlier, chunk.counts)
            self.corpus_count = chunk.provisional.n_sentences
            self.corpus_total_words = chunk.provisional.raw_words
            self._adopt_raw_vocab(update, True, trim_rule, earlier if update else None)

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
        progress: bool | None = None,
        replay: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Resume a training from its checkpoint, train to its end, and return the model.

        The training continues at the same epoch, position, learning rate and random state. With ``workers=1``, and with
        ``reproducible=True`` on any number of workers, it gives, bit for bit, the vectors that it would have given
        without the interruption. Checkpoints continue to be written to the same file. At the end the file holds the
        model as its last epoch left it, before ``on_epoch_end`` and ``on_train_end`` of callbacks; save the
        model to keep what these change.

        Parameters
        ----------
        path : str or path
            The file that was given to `train` as `checkpoint`.
        corpus_iterable, corpus_file
            The corpus that was trained on. The part that was already trained is read and skipped.
        workers : int, optional
            The number of threads to train with; None: as before.
        callbacks : iterable of CallbackAny2Vec
            Called as by `train`: ``on_train_begin`` first, then ``on_epoch_begin``, for the epoch that continues too.
            In between, callbacks with the methods ``state_dict`` and ``load_state_dict``, such as `EarlyStopping`, get
            back their state, which consists of what JSON can hold. The methods ``state_arrays`` and
            ``load_state_arrays`` do the same for arrays of numbers, by name.
        report_delay, progress
            As in `train`.
        replay : iterable of lists of str, path, or list of these, optional
            The old text, if the training was under ``update=Update(replay=...)``. Everything else of an update is in
            the checkpoint.
        sample_weight : array-like, optional
            The weights of the sentences, if the training had some: the same array.

        Raises
        ------
        ValueError
            If the file is not a checkpoint or is damaged; if the corpus or `replay` has another number of sentences or
            words than that of the checkpoint, in total or before the position; or if `replay` is missing or not
            expected. A corpus whose order changes from pass to pass can be resumed only at the end of an epoch, so
            train it without `checkpoint_every`.
        TypeError, OSError, Exception
            As from `train`. If the training is interrupted, the model is the attribute `model` of the exception.

        Examples
        --------
        >>> import os, tempfile
        >>> from fastw2v import CallbackAny2Vec
        >>> class Crash(CallbackAny2Vec):
        ...     def on_epoch_begin(self, model):
        ...         if model.min_alpha_yet_reached < model.alpha:
        ...             raise KeyboardInterrupt
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "training.checkpoint")
        ...     options = {"vector_size": 16, "min_count": 1, "batch_words": 100}
        ...     try:
        ...         model = Word2Vec(sentences, checkpoint=path, callbacks=[Crash()], **options)
        ...     except KeyboardInterrupt:
        ...         model = Word2Vec.resume(path, sentences)
        >>> model.train_count
        1
        """
        check_path("path", path)
        model, state = checkpoints.read(path, cls._from_checkpoint)
        if workers is not None:
            model.workers = as_int("workers", workers)
        with model._lock.hold(), _attached_to_errors(model):
            TrainingSession.resume(
                model,
                TrainingText(
                    corpus_iterable=corpus_iterable, corpus_file=corpus_file, sample_weight=sample_weight
                ),
                state,
                reports=Reports(callbacks=callbacks, report_delay=report_delay, progress=progress),
                checkpoint=path,
                replay=replay,
                by_hooks=are_overridden(model, Word2Vec),
            ).run()
        return model

    def get_latest_training_loss(self) -> float:
        """Return the summed loss of all examples of the latest `train`; 0.0 unless `compute_loss` was on.

        Examples
        --------
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, compute_loss=True)
        >>> model.get_latest_training_loss() > 0
        True
        """
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
            The seed of the noise words. Losses can be compared only if they were computed with the same seed.

        Raises
        ------
        RuntimeError
            If there is no vocabulary.
        ValueError
            If no sentence has two known words.

        Examples
        --------
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, workers=1)
        >>> model.evaluate_loss([["the", "cat", "barked"]]) > 0
        True
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
        if self._session is None:
            schedule = LearningRate(self.alpha, self.min_alpha, self.epochs, None, None)
        else:
            schedule = self._session.learning_rate
        alpha = float(schedule.at(np.array([(cur_epoch + epoch_progress) / self.epochs]))[0])
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
        """Check the settings, and convert them to the types that they are used in."""
        for name, least in _INTEGERS.items():
            setattr(self, name, as_int(name, getattr(self, name), least))
        self.window = as_window("window", self.window)
        if self.final_window is not None:
            self.final_window = as_window("final_window", self.final_window)
        self.window_weights = as_window_weights("window_weights", self.window_weights)
        check_windows(self.window, self.final_window, self.window_weights)
        for name in ("max_vocab_size", "max_final_vocab"):
            setattr(self, name, as_optional_int(name, getattr(self, name), minimum=0))
        for name in ("alpha", "min_alpha"):
            setattr(self, name, as_float(name, getattr(self, name), minimum=0))
        for name in ("max_norm", "corpus_budget"):
            setattr(self, name, as_optional_float(name, getattr(self, name), minimum=0))
        if self.max_norm == 0:
            raise ValueError("max_norm=0 would make all vectors zero; use None for no bound")
        self.sample = subsampling.as_sample("sample", self.sample)
        self.ns_exponent = as_float("ns_exponent", self.ns_exponent)
        self._check_bound()
        self.seed = as_optional_int("seed", self.seed, 0, 2**32 - 1)
        for name in (
            "shrink_windows", "full_windows", "compute_loss", "reproducible", "shared_negatives", "tied_weights",
            "logq_correction",
        ):  # fmt: skip
            setattr(self, name, as_flag(name, getattr(self, name)))
        for name in ("sg", "hs", "cbow_mean", "sorted_vocab", "null_word"):
            setattr(self, name, int(as_flag(name, getattr(self, name))))
        check_objective(self)
        if self.virtual_workers > MAX_VIRTUAL_WORKERS:
            raise ValueError(
                f"virtual_workers={self.virtual_workers} must be at most {MAX_VIRTUAL_WORKERS}, as each of them needs "
                "copies of the rows that it trains"
            )
        if self.reproducible and self.seed is None:
            raise ValueError(
                "reproducible=True needs a seed; seed=None draws another one each time, so pass a number"
            )

    def _check_bound(self) -> None:
        """Check what bounds the vocabulary."""
        self.max_words = as_optional_int("max_words", self.max_words, minimum=1)
        self.count_decay = as_float("count_decay", self.count_decay, minimum=0)
        if self.count_decay > 1:
            raise ValueError(f"count_decay={self.count_decay} must be at most 1.0, which keeps all counts")

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
                f"you must first build vocabulary before training the model, {self._why_no_words()}"
                if not self.corpus_total_words
                else f"no word of the corpus is left in the vocabulary, so you must first build vocabulary anew: "
                f"none of its {self.corpus_total_words} tokens occurs min_count={self.min_count} times"
            )
        if not len(self.wv._table.allocated_rows):
            raise RuntimeError("you must initialize vectors before training the model")
        self.wv._table.matrix  # noqa: B018 - raises an error if the keys and the vectors contradict each other
        if epochs is None:
            raise ValueError("You must specify an explicit epochs count, at least 1, got epochs=None.")
        as_int("epochs", epochs, minimum=1)
        for name, total in (("total_examples", total_examples), ("total_words", total_words)):
            as_optional_float(name, total, minimum=0)  # a ValueError for NaN and infinity
            as_optional_int(name, total)
        for name, total in (("total_examples", total_examples), ("total_words", total_words)):
            if total is not None and not total_examples and not total_words:
                raise ValueError(
                    f"{name}=0 says that there is nothing to train. If the corpus is empty, leave out train(). "
                    "Otherwise pass its size as total_examples or total_words (model.corpus_count after build_vocab(), "
                    "or after build_vocab_from_freq() with corpus_count)"
                )
        if not total_examples and not total_words:
            raise ValueError(
                "You must specify either total_examples or total_words, for proper learning-rate and progress "
                "calculations. If you've just built the vocabulary using the same corpus, using the count cached in "
                "the model is sufficient: total_examples=model.corpus_count."
            )

    def _why_no_words(self) -> str:
        if self._scan_cache is not None:
            return f"but the corpus is empty: it has {self.corpus_count} sentences, and no token in them"
        return "which has no words yet: call build_vocab() with a corpus that is not empty"

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
            The largest number of sentences to score. No further sentence of an iterator is read.
        chunksize, queue_factor, report_delay
            Without effect; kept for compatibility.

        Raises
        ------
        RuntimeError
            If the model has no vocabulary, or no hierarchical softmax.

        Examples
        --------
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, hs=1, negative=0, workers=1)
        >>> model.score([["the", "cat"], ["the", "dog"]]).shape
        (2,)
        """
        if not self.wv.key_to_index:
            raise RuntimeError("you must first build vocabulary before scoring new data")
        if not self.hs:
            raise RuntimeError(
                "We have currently only implemented score for the hierarchical softmax scheme, so you need to have "
                "run word2vec with hs=1 and negative=0 for this to work."
            )
        check_corpus(sentences)
        total_sentences = as_int("total_sentences", total_sentences)
        remaining, nothing = iter(sentences), object()
        scored = itertools.islice(remaining, max(total_sentences, 0))
        encoded = encode(scored, self.wv.key_to_index, budget=self.corpus_budget)
        if remaining is not sentences and next(remaining, nothing) is not nothing:
            logger.warning(
                "scored only the first %i sentences; raise total_sentences for more", total_sentences
            )
        return score_sentences(make_network(self, scoring=True), encoded.ids, encoded.offsets)

    def predict_output_word(
        self, context_words_list: Sequence[Any], topn: int | None = 10
    ) -> list[tuple[Any, np.float32]] | None:
        """Return the `topn` most probable center words for a context, or None if no context word is known.

        Parameters
        ----------
        context_words_list : sequence of str or int
            Words, or positions in the vocabulary.
        topn : int or None, default 10
            The number of words; with 0 or less, the result is [], and with None it has all words.

        Raises
        ------
        RuntimeError
            If the model was not trained with negative sampling.

        Examples
        --------
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, workers=1)
        >>> len(model.predict_output_word(["the", "cat"], topn=2))
        2
        """
        if not self.negative or (self.syn1neg is None and not self.tied_weights):
            raise RuntimeError(
                "We have currently only implemented predict_output_word for the negative sampling scheme, so you need "
                "to have run word2vec with negative > 0 for this to work."
            )
        topn = as_optional_int("topn", topn)
        words = as_list("context_words_list", context_words_list, "words")
        known = [self.wv.get_index(word) for word in words if word in self.wv]
        if not known:
            logger.warning("All the input context words are out-of-vocabulary for the current model.")
            return None
        if self.objective == SAMPLED_SOFTMAX:
            probabilities = np.exp(self.log_proba([known])[0])
            best = np.argsort(-probabilities, kind="stable")[:topn]
            return [(self.wv.index_to_key[i], probabilities[i]) for i in best.tolist()]
        assert self.syn1neg is not None
        vectors = self.wv._table.matrix
        if self.syn1neg.shape != vectors.shape:
            raise RuntimeError(
                f"syn1neg has the shape {self.syn1neg.shape} and wv.vectors {vectors.shape}: words were added "
                "or removed since the vocabulary was built, so the output weights do not belong to the words"
            )
        hidden = vectors[known].sum(axis=0)
        if self.cbow_mean:
            hidden /= len(known)
        logits = self.syn1neg @ hidden
        probabilities = np.exp(logits - logits.max())
        probabilities /= probabilities.sum()
        best = np.argsort(-probabilities, kind="stable")[: None if topn is None else max(topn, 0)]
        return [(self.wv.index_to_key[i], probabilities[i]) for i in best.tolist()]

    def log_proba(self, context_words: Sequence[Any]) -> NDArray[np.float32]:
        """Return the log-probability of every word as a center word, given context words.

        CBOW predicts from the mean or the sum of the context vectors. With skip-gram, each context word alone predicts
        the center word; the predictions are combined by Bayes' rule, as if the context words were independent given
        the center word, with the shares of the words in the text as prior probabilities.

        Parameters
        ----------
        context_words : sequence of str or int, or a sequence of such sequences
            Words, or positions in the vocabulary. Unknown words are left out.

        Returns
        -------
        float32 array (n_words,) or (n_contexts, n_words)
            In the order of ``wv.index_to_key``. The probabilities of a context sum to 1.

        Raises
        ------
        RuntimeError
            If the model was not trained with ``objective="sampled_softmax"``: logits of negative sampling do not give
            probabilities.
        ValueError
            If no word of a context is in the vocabulary.

        Examples
        --------
        >>> import numpy as np
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, objective="sampled_softmax", workers=1)
        >>> log_probabilities = model.log_proba(["the", "sat"])
        >>> log_probabilities.shape, round(float(np.exp(log_probabilities).sum()), 3)
        ((5,), 1.0)
        >>> model.log_proba([["the", "sat"], ["cat"]]).shape
        (2, 5)
        """
        if self.objective != SAMPLED_SOFTMAX:
            raise RuntimeError(
                f"log_proba() needs a model trained with objective={SAMPLED_SOFTMAX!r}; the logits of "
                "objective='negative_sampling' are no log-probabilities. predict_output_word() ranks words for those"
            )
        batched = bool(len(context_words)) and isinstance(context_words[0], (list, tuple, np.ndarray))
        contexts = context_words if batched else [context_words]
        ids = [[self.wv.get_index(word) for word in words if word in self.wv] for words in contexts]
        for number, words in enumerate(ids):
            if not words:
                raise ValueError(f"context_words: no word of context {number} is in the vocabulary")
        distribution = self._word_distribution()
        if self.sg:
            result = distribution.of_words(ids, np.maximum(self.wv.expandos["count"], 1).astype(np.float64))
        else:
            result = distribution.of_windows(ids, mean=bool(self.cbow_mean))
        return result if batched else result[0]

    def _word_distribution(self) -> WordDistribution:
        """Return the distribution that the weights of sampled softmax describe."""
        outputs = self.wv.vectors if self.tied_weights else self.syn1neg
        assert outputs is not None
        assert self.cum_table is not None
        offsets = np.zeros(len(outputs), dtype=np.float32)
        if self.syn1neg_bias is not None:
            offsets += self.syn1neg_bias
        if not self.logq_correction:
            offsets += log_noise(self.cum_table)
        return WordDistribution(self.wv.vectors, outputs, offsets)

    def combined_vectors(self) -> KeyedVectors:
        """Return new vectors: the sum of the input vector and the output vector of each word.

        Input vectors alone are near one another if the words occur in similar contexts; the sum also brings words
        together that occur beside one another (Levy, Goldberg and Dagan, "Improving Distributional Similarity with
        Lessons Learned from Word Embeddings", 2015).

        Raises
        ------
        RuntimeError
            If the model has no output vector for each word: it was trained with hierarchical softmax alone or with tied
            weights, or its words were replaced.

        Examples
        --------
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, workers=1)
        >>> combined = model.combined_vectors()
        >>> bool((combined["cat"] == model.wv["cat"] + model.syn1neg[model.wv.key_to_index["cat"]]).all())
        True
        """
        matrix = self.wv._table.matrix
        if self.syn1neg is None or self.syn1neg.shape != matrix.shape:
            raise RuntimeError(
                "combined_vectors() needs an output vector for each word, which training with negative=1 or more and "
                "without tied_weights makes"
            )
        combined = self.wv.astype(matrix.dtype)
        combined._table.replace_vectors(matrix + self.syn1neg)
        return combined

    # --- files

    def save(self, fname: Any, *args: Any, **kwargs: Any) -> None:
        """Save the model, complete and ready for further training, to one file.

        The file is saved atomically: if saving fails, an existing file stays as it was. It holds the arrays in the
        safetensors layout and everything else as JSON. Nothing in it can be executed.

        Parameters
        ----------
        fname : str, path, URI or open binary file
        *args, **kwargs
            gensim's ``separately``, ``sep_limit``, ``ignore`` and ``pickle_protocol``. They have no effect, because
            there is only one file.

        Examples
        --------
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, workers=1)
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(os.path.join(folder, "cats.model"))
        ...     loaded = Word2Vec.load(os.path.join(folder, "cats.model"))
        >>> bool((loaded.wv["cat"] == model.wv["cat"]).all())
        True
        """
        model_state.write(fname, self._to_state())

    @class_only
    def load(cls, fname: Any, mmap: str | None = None, rethrow: bool = False) -> Self:  # noqa: N805
        """Load a model from a file of `save`, or from a file that any version of gensim saved.

        Parameters
        ----------
        fname : str, path or URI
        mmap : {"r", "c", "r+"}, optional
            Map the arrays from the file instead of reading them: read-only, copy-on-write, or with changes written
            to the file.
        rethrow
            Without effect; kept for gensim's signature.

        Raises
        ------
        AttributeError
            If the file holds vectors without a model.
        ValueError, OSError, pickle.UnpicklingError
            If the file holds something else, is damaged, or cannot be read.

        Examples
        --------
        See `save`.
        """
        try:
            state = model_state.read(fname, mmap, cls.names_in_pickles("Word2Vec"))
        except OtherClassError as error:
            other: Self = cls.load_other(error, fname, mmap)
            return other
        with describe_damage(fname):
            return cls._from_state(state, mapped=mmap is not None)

    def _to_state(self) -> ModelState:
        """Return everything that files hold of the model."""
        if self.hashfxn is not hash:
            logger.warning(
                "hashfxn is code and is not saved; nothing depends on it, and a loaded model has hash()"
            )
        if self._initial_vectors is not None:
            logger.warning(
                "init_from is not saved, and this model has no vocabulary yet to take its vectors over; build the "
                "vocabulary before saving, or the loaded model starts from random vectors"
            )

        def read() -> ModelState:
            self._check_not_growing()
            settings = {name: getattr(self, name) for name in SETTINGS}
            own = own_attributes(self)
            settings.update((name, value) for name, value in own.items() if name not in _NOT_SETTINGS)
            settings[_RESET_BY_TRAINING] = True
            weights = {"syn1neg": self.syn1neg, "syn1neg_bias": self.syn1neg_bias, "syn1": self.syn1}
            tree = self.huffman_tree
            random: Any = self.random.get_state()
            state = ModelState(
                settings,
                self.wv._to_state(),
                {name: array for name, array in weights.items() if array is not None},
                None if tree is None else (tree.offsets, tree.points, tree.codes),
                dict(self.raw_vocab or {}),
                random,
                self._kept_anchor.arrays(),
            )
            self._check_not_growing()
            return state

        return self._wv._table.read_unmoved(read)

    @classmethod
    def _from_state(cls, state: ModelState, mapped: bool = False) -> Self:
        """Return the model that `state` describes; arrays are taken over without a copy."""
        settings = {name: value for name, value in state.settings.items() if name not in _NOT_SETTINGS}
        words_before_update = settings.pop("words_before_update", None)
        if not settings.pop(_RESET_BY_TRAINING, False) and _ends_with_training(settings):
            words_before_update = None
        further = {name: settings.pop(name) for name in list(settings) if name not in SETTINGS}
        settings.update(without_taken_names(further, cls))
        random = np.random.RandomState(settings.get("seed", 1) if state.random_state is None else None)
        if state.random_state is not None:
            random.set_state(checked_random_state(state.random_state))
        model = cls.__new__(cls)
        model._set_attributes(
            {
                **_default_attributes(),
                **settings,
                "wv": KeyedVectors._from_state(state.vectors, mapped),
                "random": random,
                "syn1": state.weights.get("syn1"),
                "syn1neg": state.weights.get("syn1neg"),
                "syn1neg_bias": state.weights.get("syn1neg_bias"),
                "_kept_anchor": state.anchors,
                "_raw_counts": defaultdict(int, state.raw_counts),
            }
        )
        own_attributes(model).update(state.saved_parts)
        model.words_before_update = words_before_update
        if state.tree is not None:
            model.huffman_tree = HuffmanTree(*state.tree)
        model._make_missing_tables()
        return model

    @classmethod
    def _from_checkpoint(cls, state: ModelState) -> Self:
        """Return the model that the checkpoint of a training describes, which must be able to train."""
        model = cls._from_state(state)
        model._check_parameters()
        make_network(model)
        return model

    def save_gensim(self, fname: Any) -> None:
        """Save the model to a file that gensim loads, queries and trains further.

        gensim has only negative sampling and hierarchical softmax. It can query a model of sampled softmax, but not
        train it further.

        Parameters
        ----------
        fname : str or path
            The file to write. As in gensim, an array of more than 10 million numbers is written to a file of its own
            beside it.

        Examples
        --------
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
        >>> model = Word2Vec(sentences, vector_size=16, min_count=1, workers=1)
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save_gensim(os.path.join(folder, "cats.gensim"))
        ...     loaded = Word2Vec.load(os.path.join(folder, "cats.gensim"))
        >>> len(loaded.wv)
        5
        """
        check_path("fname", fname)
        model_state.write_gensim(fname, self._to_state())


@contextlib.contextmanager
def _attached_to_errors(model: Word2Vec) -> Iterator[None]:
    """Context manager: an exception that leaves the block has the model as its attribute `model`.

    A call that would have returned the model returns nothing if its training is interrupted.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(
            getattr(error, "model", model), Word2Vec
        ):  # another attribute of this name is the user's
            with contextlib.suppress(AttributeError, TypeError):
                error.model = model  # type: ignore[attr-defined]
                if isinstance(error, KeyboardInterrupt) and hasattr(error, "add_note"):  # from Python 3.11 on
                    error.add_note("The partly trained model is the attribute 'model' of this exception.")
        raise


class _Defaults(Word2Vec):
    """A model that stands for no model of the user, so that its creation is no event and is not logged."""

    def add_lifecycle_event(self, event_name: str, log_level: int = logging.INFO, **event: Any) -> None:
        """Do nothing."""


def _ends_with_training(settings: Mapping[str, Any]) -> bool:
    """Return whether a model was trained since its vocabulary was built or updated, by its lifecycle events."""
    events = [event.get("event") for event in settings.get("lifecycle_events") or ()]
    return next((event for event in reversed(events) if event in ("train", "build_vocab")), None) == "train"


def _default_attributes() -> dict[str, Any]:
    """Return the attributes of a new model, for files and pickles that lack some."""
    return _Defaults().__getstate__()


def _checked_initial_vectors(
    init_from: Any, lock_factors: float | Mapping[Any, float], vector_size: int
) -> tuple[KeyedVectors, float | Mapping[Any, float]] | None:
    """Return the vectors and lock factors that `init_from` and `init_lockf` ask for, or None.

    Raises
    ------
    ValueError
        If the vectors have another width, a factor is not a finite number or there are no vectors for it, or a file
        has no known format.
    TypeError
        If `init_from` is neither vectors, nor a model, nor a path.
    OSError
        If a file cannot be read.
    """
    factors = list(lock_factors.values()) if isinstance(lock_factors, Mapping) else [lock_factors]
    if not all(isinstance(factor, (int, float, np.number)) and np.isfinite(factor) for factor in factors):
        raise ValueError(
            f"init_lockf={lock_factors!r:.80} must be a finite number, or a mapping of words to finite numbers"
        )
    if init_from is None:
        if isinstance(lock_factors, Mapping) or lock_factors != 1:
            raise ValueError(f"init_lockf={lock_factors!r:.80} needs init_from=, the vectors that it is for")
        return None
    source = _model_or_vectors("init_from", init_from)
    vectors: KeyedVectors = getattr(source, "wv", source)
    if vectors.vector_size != vector_size:
        raise ValueError(
            f"init_from holds vectors of {vectors.vector_size} dimensions and vector_size={vector_size}; "
            f"use vector_size={vectors.vector_size}"
        )
    return vectors, lock_factors


def _model_or_vectors(name: str, source: Any, *, with_weights: bool = False) -> Any:
    """Return a model or vectors; a path is loaded, with the output weights of a model only if these are asked for.

    Raises
    ------
    TypeError
        If `source` is neither; `name` is that of the argument.
    ValueError, OSError
        If a file has no known format, or cannot be read.
    """
    if isinstance(source, (str, bytes)) or hasattr(source, "__fspath__"):
        form = detect.input_format(source)
        if with_weights and form not in detect.VECTORS_ONLY:
            with contextlib.suppress(AttributeError):  # the file holds vectors alone
                return Word2Vec.load(source, mmap=detect.mapping_of(source, form))
        return load_any(source)
    if not isinstance(getattr(source, "wv", source), KeyedVectors):
        raise TypeError(
            f"{name} must be KeyedVectors, a model, or a path to either, not {type(source).__name__}"
        )
    return source


def _with_reference(update: Update | None) -> Update | None:
    """Return an update whose `anchor_to` is loaded, if it is a path."""
    if not isinstance(update, Update) or update.anchor_to is None:
        return update
    reference = _model_or_vectors("Update.anchor_to", update.anchor_to, with_weights=update.outputs)
    return dataclasses.replace(update, anchor_to=reference)


def _is_written_to_file(array: Any) -> bool:
    """Return whether `array` is a part of a memory map that writes changes to its file."""
    while array is not None and not isinstance(array, np.memmap):
        array = getattr(array, "base", None)
    return array is not None and array.mode == "r+"
