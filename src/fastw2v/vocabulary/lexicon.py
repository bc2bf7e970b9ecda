"""The words of a model, their counts and sampling tables.

This is everything that happens to a model before ids are trained: counting a corpus, choosing the words, making the
tables from the counts. The weights that the number of words sizes are those of `weights.Weights`; `word2vec.Word2Vec`
adds training, queries and files.
"""

from __future__ import annotations

import datetime
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.compat.descriptors import renamed_arguments
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.text import corpus as corpora, scanning
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.word_counts import WordCounts
from fastw2v.training.warm_start import WarmStart
from fastw2v.vectors.drift import Drift
from fastw2v.vocab import Vocab
from fastw2v.vocabulary import growth, sampling
from fastw2v.vocabulary.huffman import HuffmanTree, graft, huffman
from fastw2v.vocabulary.selection import Selection, as_counts, frequency_order, in_order, select
from fastw2v.vocabulary.weights import Weights

logger = logging.getLogger("gensim.models.word2vec")  # the names that users of gensim filter and parse
lifecycle_logger = logging.getLogger("gensim.utils")

TrimRule = Callable[[Any, int, int], int]


@dataclass
class ReadOnce:
    """What the vocabulary scan of the constructor leaves for the training that follows: the text, already read."""

    sentences: Any
    corpus_file: Any
    corpus: Iterable[Any] | None = None
    encoded: EncodedCorpus | None = None

    def is_for(self, sentences: Any, corpus_file: Any) -> bool:
        return sentences is self.sentences and corpus_file is self.corpus_file


class Lexicon(Weights):
    """Words, counts and sampling tables of a model; the base of `Word2Vec`, which documents the parameters."""

    min_count: int
    effective_min_count: int
    max_vocab_size: int | None
    max_final_vocab: int | None
    sample: float | None
    ns_exponent: float
    sorted_vocab: int
    null_word: int
    corpus_budget: int | None
    hashfxn: Callable[[Any], int]
    random: np.random.RandomState
    _lock: Any

    def __init__(self) -> None:
        self.wv = KeyedVectors(self.vector_size)
        self.wv.vectors_lockf = np.ones(1, dtype=np.float32)
        self._raw_counts: dict[Any, int] | WordCounts | None = None
        self.syn1: NDArray[np.float32] | None = None
        self.syn1neg: NDArray[np.float32] | None = None
        self.cum_table: NDArray[np.uint32] | None = None
        self.corpus_count = 0
        self.corpus_total_words: int | None = 0
        self.lifecycle_events: list[dict[str, Any]] = []
        self._read_once: ReadOnce | None = None
        self._warm_start: WarmStart | None = None

    @property
    def raw_vocab(self) -> dict[Any, int] | None:
        """Raw counts: of the last scan until the vocabulary is made, longer only if they are to be kept."""
        if isinstance(self._raw_counts, WordCounts):
            self._raw_counts = self._raw_counts.as_dict()
        return self._raw_counts

    @raw_vocab.setter
    def raw_vocab(self, counts: dict[Any, int] | None) -> None:
        self._raw_counts = counts

    @property
    def huffman_tree(self) -> HuffmanTree | None:
        """Codes of the words, for hierarchical softmax; they move with the words of `wv`."""
        return self.wv.huffman_tree

    @huffman_tree.setter
    def huffman_tree(self, tree: HuffmanTree | None) -> None:
        self.wv.huffman_tree = tree

    @property
    def words_before_update(self) -> int | None:
        """Words before the latest ``build_vocab(update=True)``; None if there was none, -1 where old and new are mixed.

        It moves with the words of `wv`, which mixes them by sorting.
        """
        return self.wv.words_before_update

    @words_before_update.setter
    def words_before_update(self, count: int | None) -> None:
        self.wv.words_before_update = count

    def as_vocab(self) -> Vocab:
        """Return the model's words and counts as a `Vocab`."""
        return Vocab.from_frequencies(
            dict(zip(self.wv.index_to_key, self._counts().tolist(), strict=True)),
            min_count=0,
            sorted_vocab=False,
            sample=self.sample,
            ns_exponent=self.ns_exponent,
        )

    def drift(self, other: Any, *, topn: int = 10, sample: int | None = 1000) -> Drift:
        """Return how far words moved from `other`, vectors or a model; see `KeyedVectors.drift`."""
        return self.wv.drift(other, topn=topn, sample=sample)

    def add_lifecycle_event(self, event_name: str, log_level: int = logging.INFO, **event: Any) -> None:
        """Append an event to `lifecycle_events` and log it."""
        event["datetime"] = datetime.datetime.now().isoformat()
        event["event"] = event_name
        lifecycle_logger.log(log_level, "%s lifecycle event %s", type(self).__name__, event)
        self.lifecycle_events.append(event)

    def _check_corpus_sanity(
        self, corpus_iterable: Any = None, corpus_file: Any = None, passes: int = 1
    ) -> None:
        """Raise a TypeError if this is no corpus that can be read so often."""
        corpora.open_corpus(corpus_iterable, corpus_file, passes)

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
        **kwargs: Any,
    ) -> None:
        """Count the words of a corpus, make the vocabulary from them and the weights for it.

        Parameters
        ----------
        corpus_iterable, corpus_file
            The corpus, as in the constructor; one pass.
        update : bool
            Add the corpus's words to the present vocabulary and keep the weights. Where the raw counts of what came
            before were kept, new words are those that reach `min_count` in all text together, else those that
            reach it in this corpus; the log says which. An update that fails changes nothing.
        progress_per : int
            Log a line every so many sentences.
        keep_raw_vocab : bool
            Keep the raw counts in `raw_vocab`, and in the file of `save`, for later updates. Counts that were kept
            once stay kept and grow with each update; assign ``model.raw_vocab = None`` to be rid of them. Where an
            update is the first to keep them, the earlier text counts by the words of the vocabulary alone.
        trim_rule : callable, optional
            As in the constructor.
        **kwargs
            Passed on to `prepare_vocab`.

        Raises
        ------
        TypeError
            If the corpus cannot be used.
        RuntimeError
            If there is no vocabulary to update, or another thread is training this model.
        """
        self._check_corpus_sanity(corpus_iterable, corpus_file, passes=1)
        self._check_update(update)
        earlier = self.raw_vocab if update else None
        with self._lock, growth.unchanged_by_failure(self):
            total_words, corpus_count = self.scan_vocab(
                corpus_iterable=corpus_iterable,
                corpus_file=corpus_file,
                progress_per=progress_per,
                trim_rule=trim_rule,
            )
            self.corpus_count = corpus_count
            self.corpus_total_words = total_words
            self._adopt_raw_vocab(update, keep_raw_vocab, trim_rule, earlier, **kwargs)
        self.add_lifecycle_event("build_vocab", update=update, trim_rule=str(trim_rule))

    def build_vocab_from_freq(
        self,
        word_freq: Mapping[Any, int],
        keep_raw_vocab: bool = False,
        corpus_count: int | None = None,
        trim_rule: TrimRule | None = None,
        update: bool = False,
    ) -> None:
        """Make the vocabulary from known word counts instead of a corpus.

        Parameters
        ----------
        word_freq : mapping of word to count
        corpus_count : int, optional
            Sentences of the corpus behind the counts, for `train(total_examples=model.corpus_count)`.
        keep_raw_vocab, trim_rule, update
            As in `build_vocab`.

        Raises
        ------
        ValueError
            If a count is no whole number of at least 0.
        TypeError
            If `word_freq` is no mapping.
        RuntimeError
            As from `build_vocab`.
        """
        self._check_update(update)
        logger.info("Processing provided word frequencies")
        if not isinstance(word_freq, Mapping):
            raise TypeError(f"word_freq must map words to counts, as a dict does, not {word_freq!r:.80}")
        counts = as_counts(list(word_freq.values()), word_freq).tolist()
        raw_vocab = dict(zip(word_freq, counts, strict=True))
        logger.info("collected %i unique word types, with total frequency of %i", len(raw_vocab), sum(counts))
        earlier = self.raw_vocab if update else None
        with self._lock, growth.unchanged_by_failure(self):
            self.corpus_count = corpus_count or 0
            self.raw_vocab = raw_vocab
            self._adopt_raw_vocab(update, keep_raw_vocab, trim_rule, earlier)

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
        report = self.prepare_vocab(
            update=update, keep_raw_vocab=keep_raw_vocab, trim_rule=trim_rule, **kwargs
        )
        self.estimate_memory(vocab_size=len(self.wv), report=report)
        self.prepare_weights(update=update)
        if self._read_once is not None and self._read_once.encoded is not None:
            table = scanning.provisional_table(counts or {}, self.wv.key_to_index)
            self._read_once.encoded = scanning.renumber(self._read_once.encoded, table)

    @renamed_arguments(sentences="corpus_iterable")
    def scan_vocab(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: Any = None,
        progress_per: int = 10000,
        workers: int | None = None,
        trim_rule: TrimRule | None = None,
    ) -> tuple[int, int]:
        """Count the words of a corpus into `raw_vocab`; return (total words, sentences)."""
        corpus = corpora.open_corpus(corpus_iterable, corpus_file, passes=1)
        read_once = self._read_once
        if read_once is not None and read_once.is_for(corpus_iterable, corpus_file):
            read_once.corpus = corpus
        return self._scan_vocab(corpus, progress_per, trim_rule)

    def _scan_vocab(
        self, sentences: Iterable[Any], progress_per: int, trim_rule: TrimRule | None
    ) -> tuple[int, int]:
        """Do what `scan_vocab` does, for subclasses to override."""
        read_once = self._read_once
        scan = scanning.scan(
            sentences,
            max_vocab_size=self.max_vocab_size,
            trim_rule=trim_rule,
            progress_per=progress_per,
            keep_ids=(
                read_once is not None
                and sentences is read_once.corpus
                and corpora.is_reusable(sentences)
                and not self.max_vocab_size
            ),
            budget=self.corpus_budget,
        )
        self._raw_counts = scan.counts
        if read_once is not None:
            read_once.encoded = scan.provisional
        return scan.total_words, scan.n_sentences

    def prepare_vocab(
        self,
        update: bool = False,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        min_count: int | None = None,
        sample: float | None = None,
        dry_run: bool = False,
        *,
        earlier_counts: Mapping[Any, int] | None = None,
    ) -> dict[str, int]:
        """Turn `raw_vocab` into the vocabulary and its sampling tables.

        Parameters
        ----------
        update : bool
            Append the words that pass `min_count` to the present ones, and add the counts of those already there.
            Keep probabilities and noise table then follow from the merged counts of all words.
        keep_raw_vocab : bool
            Keep `raw_vocab` afterwards.
        trim_rule : callable, optional
            As in the constructor.
        min_count, sample : optional
            Instead of the model's; 0 or None means the model's. They are kept unless `dry_run`.
        dry_run : bool
            Only report what would be.
        earlier_counts : mapping of word to count, optional
            For an update: the raw counts of all text before this one. `min_count` is then judged on both together,
            and `raw_vocab` becomes their sum.

        Returns
        -------
        dict
            ``drop_unique``, ``retain_total``, ``downsample_unique``, ``downsample_total``, ``num_retained_words``.
        """
        if self._raw_counts is None:
            raise RuntimeError("there are no raw counts; call scan_vocab() or build_vocab() first")
        min_count = min_count or self.min_count
        sample = sample or self.sample
        counts = growth.merged(earlier_counts, self._raw_counts) if earlier_counts else self._raw_counts
        selection = select(
            counts, min_count=min_count, max_final_vocab=self.max_final_vocab, trim_rule=trim_rule
        )
        if update:
            growth.log_what_decides(selection.effective_min_count, earlier_counts)
        if not dry_run:
            self.min_count, self.sample = min_count, sample
            self.effective_min_count = selection.effective_min_count
        threshold = sampling.subsample_threshold(selection.retain_total, sample)
        probabilities = sampling.keep_probabilities(selection.counts, threshold)
        downsample_unique, downsample_total = sampling.downsampling(selection.counts, probabilities)
        report = {
            "drop_unique": selection.drop_unique,
            "retain_total": selection.retain_total,
            "downsample_unique": downsample_unique,
            "downsample_total": int(downsample_total),
            "num_retained_words": len(selection.words),
        }
        self._log_selection(selection, report, update)
        if dry_run:
            return report
        if update:
            self._append_words(selection, self._raw_counts)
        else:
            self._set_words(selection, probabilities)
        if earlier_counts:
            self._raw_counts = counts
        elif keep_raw_vocab:
            if update:
                known = dict(zip(self.wv.index_to_key, self._counts().tolist(), strict=True))
                self._raw_counts = growth.begun_late(known, self._raw_counts)
        else:
            logger.info("deleting the raw counts dictionary of %i items", len(self._raw_counts))
            self.raw_vocab = defaultdict(int)
        if self.hs:
            self._grow_tree() if update else self.create_binary_tree()
        if self.negative:
            self.make_cum_table()
        return report

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
            "sample=%g downsamples %i most-common words", self.sample or 0, report["downsample_unique"]
        )

    def _set_words(self, selection: Selection, probabilities: NDArray[np.float64]) -> None:
        words, counts = selection.words, selection.counts
        sample_ints = sampling.sample_ints(probabilities)
        if self.null_word:
            words = [*words, "\0"]
            counts = np.append(counts, 1)
            sample_ints = np.append(sample_ints, np.uint32(0))
        if self.sorted_vocab:
            order = frequency_order(counts)
            words = in_order(words, order)
            counts, sample_ints = counts[order], sample_ints[order]
        self.wv.index_to_key = list(words)
        self.wv.key_to_index = dict(zip(words, range(len(words)), strict=True))
        self.wv.expandos = {"count": counts.astype(np.int64), "sample_int": sample_ints}
        self.words_before_update = None

    def _append_words(self, selection: Selection, raw_counts: Mapping[Any, int]) -> None:
        key_to_index, index_to_key = self.wv.key_to_index, self.wv.index_to_key
        new = [word for word in selection.words if word not in key_to_index]
        known = [(key_to_index[word], count) for word, count in raw_counts.items() if word in key_to_index]
        is_new = np.array([word not in key_to_index for word in selection.words], dtype=np.bool_)
        counts = np.concatenate((self._counts(), selection.counts[is_new]))
        if known:
            indices, increments = zip(*known, strict=True)
            counts[list(indices)] += np.array(increments, dtype=np.int64)
        self.words_before_update = len(index_to_key)
        for word in new:
            key_to_index[word] = len(index_to_key)
            index_to_key.append(word)
        threshold = sampling.subsample_threshold(int(counts.sum()), self.sample)
        self.wv.expandos["count"] = counts
        self.wv.expandos["sample_int"] = sampling.sample_ints(sampling.keep_probabilities(counts, threshold))

    def add_null_word(self) -> None:
        """Append the word ``'\\0'`` with count 1."""
        self.wv.key_to_index["\0"] = len(self.wv.index_to_key)
        self.wv.index_to_key.append("\0")
        self.wv.expandos["count"] = np.append(self._counts(), 1)
        if "sample_int" in self.wv.expandos:
            self.wv.expandos["sample_int"] = np.append(self.wv.expandos["sample_int"], np.uint32(0))

    def _sample_ints(self) -> NDArray[np.uint32]:
        """The keep probabilities, from the counts if the vectors came without them."""
        known: NDArray[np.uint32] | None = self.wv.expandos.get("sample_int")
        if known is None:
            counts = self._counts()
            threshold = sampling.subsample_threshold(int(counts.sum()), self.sample)
            known = sampling.sample_ints(sampling.keep_probabilities(counts, threshold))
            self.wv.expandos["sample_int"] = known
        return known

    def create_binary_tree(self) -> None:
        """Make the Huffman tree of the present counts, for hierarchical softmax."""
        self.huffman_tree = huffman(self._counts())

    def _grow_tree(self) -> None:
        """Join the words of an update to the tree, whose inner nodes keep the weights they were trained to."""
        if self.huffman_tree is None:
            self.create_binary_tree()
        else:
            known = len(self.huffman_tree.offsets) - 1
            self.huffman_tree = graft(self.huffman_tree, self._counts()[known:])

    def make_cum_table(self, domain: int = 2**31 - 1) -> None:
        """Make the cumulative noise distribution of the present counts, for negative sampling."""
        self.cum_table = sampling.noise_table(self._counts(), self.ns_exponent, domain)

    def _counts(self) -> NDArray[np.int64]:
        counts: NDArray[np.int64] | None = self.wv.expandos.get("count")
        if counts is None or len(counts) != len(self.wv.index_to_key):
            raise RuntimeError(
                "the words have no counts, so no sampling tables can be made; build the vocabulary with build_vocab()"
            )
        return counts

    def reset_from(self, other_model: Lexicon) -> None:
        """Take over another model's vocabulary, sharing its structures, with fresh weights."""
        self.wv = KeyedVectors(self.vector_size)
        self.wv.vectors_lockf = np.ones(1, dtype=np.float32)
        self.wv.index_to_key = other_model.wv.index_to_key
        self.wv.key_to_index = other_model.wv.key_to_index
        self.wv.expandos = other_model.wv.expandos
        self.cum_table = other_model.cum_table
        self.huffman_tree = other_model.huffman_tree
        self.corpus_count = other_model.corpus_count
        if self.hs and self.huffman_tree is None:
            self.create_binary_tree()
        if self.negative and self.cum_table is None:
            self.make_cum_table()
        self.init_weights()
