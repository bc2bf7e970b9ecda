"""Counting the words and phrase candidates of a corpus, as `fastw2v.Phrases` needs it.

The corpus becomes batches of word ids by the readers that count words, too: text files are read by several threads
(`file_reader`), and all other corpora go through `token_encoder`. `PhraseCounter` counts the ids.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from fastw2v.text import file_reader, token_encoder, tokenizer
from fastw2v.text.phrase_table import PhraseCounter
from fastw2v.text.trim_rule import logger as pruning_logger

__all__ = ["DEFAULT_MAX_VOCAB_SIZE", "log_pruning", "scan_phrases"]

DEFAULT_MAX_VOCAB_SIZE = 40_000_000

_CHUNK_WORDS = 1 << 20
_MIN_ENCODED_WORDS = 1 << 20


class _PlainTextObserver:
    """An observer of `TokenEncoder` that only warns about the first sentence that is a plain string."""

    every: int = 0
    max_words: int | None = None

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._warned = False

    def report(self, number: int, raw_words: int, n_words: int) -> None:
        """Do nothing; `PhraseCounter` reports."""

    def prune(self, counts: dict[Any, int]) -> None:
        """Do nothing; `PhraseCounter` prunes."""

    def warn_plain_text(self, sentence: Any) -> None:
        if not self._warned:
            self._warned = True
            self._log.warning(
                "Each 'sentences' item should be a list of words (usually unicode strings). "
                "First item here is instead plain %s.",
                type(sentence),
            )


def log_pruning(min_reduce: int, before: int, after: int) -> None:
    """Log how many texts were deleted because their counts are below `min_reduce`."""
    pruning_logger.info(
        "pruned out %i tokens with count <=%i (before %i, after %i)",
        before - after, min_reduce, before, after,
    )  # fmt: skip


def scan_phrases(
    corpus: Iterable[Any],
    *,
    delimiter: str,
    connector_words: Collection[str],
    max_vocab_size: int,
    progress_per: int,
    log: logging.Logger,
) -> PhraseCounter:
    """Count the words and phrase candidates of a corpus in one pass, and log the progress in gensim's wording.

    Parameters
    ----------
    corpus : iterable
        Sentences.
    delimiter : str
        Joins the words of a candidate.
    connector_words : collection of str
        Words that may stand within a phrase; they are not counted.
    max_vocab_size : int
        Whenever a sentence leaves more distinct texts than this, those with a count below `r` are deleted, where `r`
        starts at 1 and grows by one each time.
    progress_per : int
        Log a line after this many sentences.
    log : logging.Logger
        Receives the log lines.

    Returns
    -------
    PhraseCounter
        Its attributes `table`, `total_words`, `n_sentences` and `min_reduce` are the result.

    Raises
    ------
    TypeError
        If a sentence is not iterable, or a token is no str.
    """

    def report(number: int, words: int, texts: int) -> None:
        log.info("PROGRESS: at sentence #%i, processed %i words and %i word types", number, words, texts)

    log.info("collecting all words and their counts")
    counter = PhraseCounter(delimiter, connector_words, max_vocab_size, progress_per, report, log_pruning)
    # The compiled reader keeps all words of the text, so it does not serve a corpus whose words must be pruned.
    files = file_reader.files_of(corpus) if max_vocab_size >= DEFAULT_MAX_VOCAB_SIZE else None
    if files is not None:
        _count_files(files, counter)
    else:
        _count_sentences(corpus, counter, max(_MIN_ENCODED_WORDS, max_vocab_size), log)
    counter.finish()
    log.info(
        "collected %i token types (unigram + bigrams) from a corpus of %i words and %i sentences",
        len(counter.table), counter.total_words, counter.n_sentences,
    )  # fmt: skip
    return counter


def _count_files(files: file_reader.TextFiles, counter: PhraseCounter) -> None:
    words = tokenizer.WordTable()
    tokenizers = file_reader.tokenizers_for(files, words)
    splitter = tokenizer.SentenceSplitter(files.max_sentence_length)
    for block in file_reader.blocks(files, words, tokenizers, ids=True):
        ids, lengths, _ = splitter.split(block)
        counter.add_words(words.decode(np.arange(counter.n_words, len(words))))
        counter.feed(ids, lengths)


def _count_sentences(
    corpus: Iterable[Any], counter: PhraseCounter, max_words: int, log: logging.Logger
) -> None:
    """Count sentences; the words that have ids are forgotten when there are more than `max_words`."""
    sentences = iter(corpus)
    observer = _PlainTextObserver(log)
    more = True
    while more:
        index: dict[Any, int] = {}

        def count(
            ids: npt.NDArray[np.int32],
            lengths: npt.NDArray[np.int64],
            _: npt.NDArray[np.int64],
            index: dict[Any, int] = index,
        ) -> None:
            new = list(itertools.islice(reversed(index), len(index) - counter.n_words))
            counter.add_words(reversed(new))
            counter.feed(ids, lengths)

        encoder = token_encoder.TokenEncoder(index, True, count, observer)
        while more and len(index) <= max_words:
            more = encoder.feed(sentences, _CHUNK_WORDS)
        counter.forget_words()
