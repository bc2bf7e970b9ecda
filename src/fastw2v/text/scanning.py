"""Counting the words of a corpus, and encoding it by provisional ids in the same pass.

The vocabulary is chosen by the counts, so a corpus would have to be read twice: to count its words, and to encode it.
`scan` can write provisional ids while it counts: the number of each word in the order of first occurrence. When the
vocabulary is finished, `renumber` replaces the provisional ids in place, with the table that `provisional_table`
makes.

Text files and columns of texts are read by several threads (`file_reader`), without a Python object for each token. All
other corpora go token by token through `token_encoder`. The results are the same.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fastw2v.common import memory
from fastw2v.common.logs import get_logger
from fastw2v.common.progress_bar import ProgressBar, as_progress
from fastw2v.common.validation import (
    as_array,
    as_budget,
    as_flag,
    as_int,
    as_optional_int,
    check_function,
    check_mapping,
)
from fastw2v.text import file_reader, token_encoder, tokenizer
from fastw2v.text.column import open_source
from fastw2v.text.corpus import check_corpus
from fastw2v.text.corpus_builder import CorpusBuilder
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.trim_rule import TrimRule, prune_vocab
from fastw2v.text.word_counts import WordCounts

__all__ = ["Scan", "provisional_table", "renumber", "scan"]

logger = get_logger(__name__, "models.word2vec")

Sink = Callable[..., None]  # takes ids, lengths and raw lengths, as `CorpusBuilder.append` does


class Digest(Protocol):
    """What may receive a corpus while it is scanned.

    It receives batches of provisional ids, or an encoded corpus. Where words are pruned, which changes their ids, it
    receives the sentences.
    """

    def append(
        self,
        ids: npt.NDArray[np.int32],
        lengths: npt.NDArray[np.int64],
        raw_lengths: npt.NDArray[np.int64],
    ) -> None: ...
    def append_corpus(self, corpus: EncodedCorpus) -> None: ...
    def watch(self, sentences: Iterable[Any]) -> Iterator[Any]: ...


@dataclass(frozen=True, eq=False)
class Scan:
    """The result of one pass over a corpus.

    Attributes
    ----------
    counts : mapping of word to count
        The count of each word, in the order of first occurrence. Pruning deletes words; a deleted word that occurs
        again goes to the end.
    total_words : int
        Number of tokens read.
    n_sentences : int
        Number of sentences read, empty ones included.
    provisional : EncodedCorpus or None
        With ``keep_ids``, the corpus by provisional ids: id ``i`` is the ``i``-th word of `counts`. None for an
        `EncodedCorpus`, which has ids.

    Examples
    --------
    >>> from fastw2v.corpora import scan
    >>> result = scan([["a", "cat"], ["a", "dog"]])
    >>> dict(result.counts), result.total_words, result.n_sentences
    ({'a': 2, 'cat': 1, 'dog': 1}, 4, 2)
    """

    counts: dict[Any, int] | WordCounts
    total_words: int
    n_sentences: int
    provisional: EncodedCorpus | None = None


class _ScanObserver:
    """What a scan does besides counting: it logs progress, warns about plain strings, and prunes the counts.

    Parameters
    ----------
    log : logging.Logger
        Receives the log lines.
    every : int
        Log a line after this many sentences.
    max_words : int or None
        Prune the counts when there are more words than this. None or 0 means no limit.
    trim_rule : callable or None
        See `prune_vocab`.
    bar : ProgressBar
        Shows the number of words.
    """

    def __init__(
        self,
        log: logging.Logger,
        every: int,
        max_words: int | None,
        trim_rule: TrimRule | None,
        bar: ProgressBar,
    ) -> None:
        self.every = every
        self.max_words = max_words
        self.logs = log.isEnabledFor(logging.INFO)
        self.bar = bar
        self._log = log
        self._trim_rule = trim_rule
        self._min_reduce = 1
        self._warned = False

    def report(self, number: int, raw_words: int, n_words: int) -> None:
        self.bar.move_to(raw_words, sentences=f"{number:,}", vocabulary=f"{n_words:,}")
        self._log.info(
            "PROGRESS: at sentence #%i, processed %i words, keeping %i word types", number, raw_words, n_words
        )

    def warn_plain_text(self, sentence: Any) -> None:
        if not self._warned:
            self._warned = True
            self._log.warning(
                "Each 'sentences' item should be a list of words (usually unicode strings). "
                "First item here is instead plain %s.",
                type(sentence),
            )

    def prune(self, counts: dict[Any, int]) -> None:
        prune_vocab(counts, self._min_reduce, self._trim_rule)
        self._min_reduce += 1


def scan(
    corpus: Iterable[Any],
    *,
    max_vocab_size: int | None = None,
    trim_rule: TrimRule | None = None,
    progress_per: int = 10000,
    keep_ids: bool = False,
    budget: float | None = None,
    log: logging.Logger = logger,
    progress: bool | None = False,
    digest: Digest | None = None,
) -> Scan:
    """Count the words of a corpus in one pass, and log the progress in gensim's wording.

    Parameters
    ----------
    corpus : iterable
        Sentences.
    max_vocab_size : int, optional
        Whenever a sentence leaves more distinct words than this, the words with a count below `r` are deleted, where
        `r` starts at 1 and grows by one each time. None or 0 means no limit.
    trim_rule : callable, optional
        ``(word, count, min_count)`` -> one of the RULE constants of `fastw2v.utils`. It overrides the counts when
        words are deleted.
    progress_per : int, default 10000
        Log a line after this many sentences.
    keep_ids : bool, default False
        Also return the corpus by provisional ids. This cannot be combined with `max_vocab_size`.
    budget : float, optional
        Bytes of memory for these ids, or infinity; beyond it they go to a temporary file. By default it is a quarter
        of the free memory.
    log : logging.Logger, optional
        Receives the log lines. By default it is the logger of this module.
    progress : bool or None, default False
        Show a progress bar; with None, on a terminal or in a notebook, after two seconds, unless the log shows the
        progress.
    digest : object with methods `append`, `append_corpus` and `watch`, optional
        Receives the corpus while it is read, and keeps of it what it needs; see `fastw2v.formats.fingerprint`.

    Returns
    -------
    Scan

    Raises
    ------
    TypeError
        If a sentence is a table or not iterable (None, for example), or a token is neither a str nor an int; the
        message says which.
    ValueError
        If `progress_per` is less than 1, or `max_vocab_size` is given together with `keep_ids`.

    Examples
    --------
    >>> from fastw2v.corpora import scan
    >>> found = scan([["a", "rose", "is", "a", "rose"]], keep_ids=True)
    >>> found.counts
    {'a': 2, 'rose': 2, 'is': 1}
    >>> found.provisional.ids
    array([0, 1, 2, 0, 1], dtype=int32)
    """
    progress_per = as_int("progress_per", progress_per, minimum=1)
    max_vocab_size = as_optional_int("max_vocab_size", max_vocab_size, minimum=0)
    keep_ids = as_flag("keep_ids", keep_ids)
    check_function("trim_rule", trim_rule)
    budget = as_budget("budget", budget)
    check_corpus(corpus)
    if not hasattr(log, "isEnabledFor"):
        raise TypeError(f"log must be a logging.Logger, not {log!r:.80}")
    if keep_ids and max_vocab_size:
        raise ValueError("keep_ids needs the whole vocabulary; leave out either keep_ids or max_vocab_size")
    if digest is not None and not hasattr(digest, "append_corpus"):
        raise TypeError(
            "digest must have methods append, append_corpus and watch, as Fingerprint has, not "
            f"{digest!r:.80}"
        )
    progress = as_progress("progress", progress)
    log.info("collecting all words and their counts")
    if isinstance(corpus, EncodedCorpus) and not max_vocab_size:
        result = Scan(corpus.word_counts(), corpus.raw_words, corpus.n_sentences)
        if digest is not None:
            digest.append_corpus(corpus)
    else:
        sinks: list[Any] = [] if digest is None else [digest]
        if max_vocab_size:
            text, sentences = None, iter(corpus)
            if digest is not None:
                sinks, sentences = [], digest.watch(sentences)
        else:
            text, sentences = open_source(corpus)
        bar = ProgressBar("counting words", unit=" words", show=progress, log=log)
        with CorpusBuilder(budget) as builder, bar:
            observer = _ScanObserver(log, progress_per, max_vocab_size, trim_rule, bar)
            sink = _sink_of([builder] * keep_ids + sinks)
            if text is not None:
                result = _scan_text(text, observer, sink)
            else:
                result = _scan_sentences(sentences, observer, sink)
            if keep_ids:
                result = replace(result, provisional=builder.finish())
            bar.finish_at(
                result.total_words, sentences=f"{result.n_sentences:,}", vocabulary=f"{len(result.counts):,}"
            )
    log.info(
        "collected %i word types from a corpus of %i raw words and %i sentences",
        len(result.counts),
        result.total_words,
        result.n_sentences,
    )
    if not result.total_words:
        log.warning(
            "the corpus is empty: it has %i sentences, and no token in them. An iterator that was read to its end "
            "before has none; pass a list, or an object whose __iter__ starts from the beginning",
            result.n_sentences,
        )
    return result


def _sink_of(receivers: Sequence[Any]) -> Sink | None:
    """Return the function that passes ids and lengths to all receivers; None if there are none."""
    if len(receivers) < 2:
        return receivers[0].append if receivers else None

    def append_to_all(*batch: npt.NDArray[Any]) -> None:
        for receiver in receivers:
            receiver.append(*batch)

    return append_to_all


def _scan_sentences(sentences: Iterator[Any], observer: _ScanObserver, sink: Sink | None) -> Scan:
    encoder = token_encoder.TokenEncoder({}, True, sink, observer)
    encoder.feed(sentences)
    return Scan(encoder.counts(), encoder.raw_words, encoder.n_sentences)


def _scan_text(text: file_reader.TextSource, observer: _ScanObserver, sink: Sink | None) -> Scan:
    words = tokenizer.WordTable()
    tokenizers = file_reader.tokenizers_for(text, words)
    splitter = tokenizer.SentenceSplitter(text.max_sentence_length, text.keep_empty)
    total = number = 0
    for block in file_reader.blocks(text, words, tokenizers, ids=sink is not None):
        ids, lengths, raw_lengths = splitter.split(block)
        if sink is not None:
            sink(ids, lengths, raw_lengths)
        if observer.logs:
            starts = total + np.cumsum(raw_lengths) - raw_lengths
            for i in range(-number % observer.every, len(raw_lengths), observer.every):
                n_words = words.count_before(int(starts[i]))
                observer.report(number + i, int(starts[i]), n_words)
        number += len(raw_lengths)
        total += int(raw_lengths.sum())
        observer.bar.move_to(total, sentences=f"{number:,}")
    return Scan(WordCounts(words, words.counts(tokenizers)), total, number)


def provisional_table(counts: Mapping[Any, int], key_to_index: Mapping[Any, int]) -> npt.NDArray[np.int32]:
    """Return the table that `renumber` needs.

    Parameters
    ----------
    counts : mapping of word to count
        The counts of a `Scan`, whose order defines the provisional ids.
    key_to_index : mapping of word to int
        The vocabulary.

    Returns
    -------
    ndarray of int32, shape (len(counts),)
        Index of each word of `counts` in the vocabulary, or -1.

    Examples
    --------
    >>> from fastw2v.corpora import provisional_table
    >>> provisional_table({"a": 2, "rose": 2, "is": 1}, {"rose": 0, "a": 1})
    array([ 1,  0, -1], dtype=int32)
    """
    check_mapping("key_to_index", key_to_index, "words to integers")
    if isinstance(counts, WordCounts):
        table = np.full(len(counts), -1, dtype=np.int32)
        numbers = counts.numbers(list(key_to_index))
        known = numbers >= 0
        table[numbers[known]] = np.fromiter(key_to_index.values(), dtype=np.int32, count=len(numbers))[known]
        return table
    check_mapping("counts", counts, "words to counts")
    indices = map(key_to_index.get, counts, itertools.repeat(-1))
    return np.fromiter(indices, dtype=np.int32, count=len(counts))


def renumber(provisional: EncodedCorpus, table: npt.NDArray[np.int32]) -> EncodedCorpus:
    """Replace each id of a corpus by ``table[id]``, and leave out the ids that become -1.

    The arrays are changed in place, so that no second copy of the ids is needed. `provisional` must not be used
    afterwards.

    Parameters
    ----------
    provisional : EncodedCorpus
        A corpus by provisional ids, from ``scan(..., keep_ids=True)``.
    table : ndarray of int32, shape (provisional words,)
        Vocabulary index of each provisional id, or -1 for a word that is not in the vocabulary.

    Returns
    -------
    EncodedCorpus

    Raises
    ------
    IndexError
        If an id lies outside `table`.

    Examples
    --------
    >>> from fastw2v.corpora import provisional_table, renumber, scan
    >>> found = scan([["a", "rose", "is", "a", "rose"]], keep_ids=True)
    >>> renumber(found.provisional, provisional_table(found.counts, {"rose": 0})).ids
    array([0, 0], dtype=int32)
    """
    if not isinstance(provisional, EncodedCorpus):
        raise TypeError(f"provisional must be an EncodedCorpus, not {provisional!r:.80}")
    table = as_array("table", table, ndim=1)
    ids = provisional.ids
    n_kept = token_encoder.renumber(ids, provisional.offsets, np.ascontiguousarray(table, dtype=np.int32))
    if ids.flags.owndata:
        ids.resize(n_kept, refcheck=False)
    memory.release_freed()
    return EncodedCorpus(ids[:n_kept], provisional.offsets, provisional.raw_lengths)


for _function in (provisional_table, renumber, scan):
    _function.__module__ = "fastw2v.corpora"
Scan.__module__ = "fastw2v.corpora"
