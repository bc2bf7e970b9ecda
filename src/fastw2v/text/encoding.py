"""Sentences to int32 ids: `EncodedCorpus`, the one form that is trained on, and the passes that make it.

``scan`` counts the words of a corpus, and can write provisional ids (first-seen order) on the way, so that
text is read once: the finished vocabulary only renumbers them. ``encode`` and ``stream`` make ids with a
vocabulary that exists already, and a ``KeptStream`` first streams, then keeps them. Files of text go through
`textfile`, by several threads and without a Python object a token; all else through `_tokens`, token by token,
with the same results. Encoded tokens live in memory up to a budget, beyond it in an unnamed, memory-mapped
temporary file, which disappears with the arrays.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from fastw2v.text import file_reader
from fastw2v.text import token_encoder
from fastw2v.text import tokenizer
from fastw2v.common import memory
from fastw2v.utils import TrimRule, prune_vocab
from fastw2v.text.word_counts import WordCounts

__all__ = ["EncodedCorpus", "KeptStream", "Scan", "encode", "provisional_table", "renumber", "scan", "stream"]

logger = logging.getLogger("gensim.models.word2vec")

_WHOLE_CORPUS = 1 << 62
_FALLBACK_FREE_MEMORY = 2 << 30


@dataclass(frozen=True, eq=False)
class EncodedCorpus:
    """A corpus as int32 ids: the one form that is trained on.

    Attributes
    ----------
    ids : ndarray of int32, shape (n_tokens,)
        Vocabulary indices of the known tokens of all sentences, one after another.
    offsets : ndarray of int64, shape (n_sentences + 1,)
        Sentence ``s`` is ``ids[offsets[s]:offsets[s + 1]]``.
    raw_lengths : ndarray of int64, shape (n_sentences,)
        Tokens of each sentence before unknown ones were left out.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    raw_lengths: npt.NDArray[np.int64]

    @property
    def n_sentences(self) -> int:
        """Number of sentences, empty ones included."""
        return len(self.raw_lengths)

    @property
    def n_tokens(self) -> int:
        """Number of tokens that are in the vocabulary."""
        return len(self.ids)

    @property
    def raw_words(self) -> int:
        """Number of tokens, unknown ones included."""
        return int(self.raw_lengths.sum())

    @property
    def size(self) -> tuple[int, int]:
        """Sentences and raw words, by which a corpus is known again."""
        return self.n_sentences, self.raw_words

    def sentences(self, first: int, last: int) -> EncodedCorpus:
        """Return the sentences from `first` up to `last`, which is left out; their ids are not copied."""
        start, end = int(self.offsets[first]), int(self.offsets[last])
        offsets = self.offsets[first : last + 1] - start
        return EncodedCorpus(self.ids[start:end], offsets, self.raw_lengths[first:last])

    def joined(self, following: EncodedCorpus) -> EncodedCorpus:
        """Return a new corpus: these sentences, then those of `following`."""
        return EncodedCorpus(
            np.concatenate((self.ids, following.ids)),
            np.concatenate((self.offsets, following.offsets[1:] + self.offsets[-1])),
            np.concatenate((self.raw_lengths, following.raw_lengths)),
        )


def _read_int(path: str) -> int | None:
    try:
        with open(path) as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _free_memory() -> int:
    """Return about how many bytes this process may still allocate, by the system and by its control group."""
    limits: list[int] = []
    with contextlib.suppress(OSError), open("/proc/meminfo") as lines:
        limits += [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")]
    for most, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        limit, usage = _read_int(most), _read_int(used)
        if limit is not None and usage is not None:
            limits.append(max(0, limit - usage))
    if not limits:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            limits.append(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(limits, default=_FALLBACK_FREE_MEMORY)


class _Column:
    """A one-dimensional array that grows at its end, in memory or, once spilt, in a temporary file."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self._array: npt.NDArray[Any] = np.empty(0, dtype=dtype)
        self._size = 0
        self._file: IO[bytes] | None = None

    @property
    def nbytes(self) -> int:
        return self._size * self._array.itemsize

    def append(self, values: npt.NDArray[Any]) -> None:
        size = self._size + len(values)
        if self._file is not None:
            self._file.write(values.data)
        else:
            if size > len(self._array):
                # Growing in place: realloc moves the pages of a large array, where a new array would for a
                # while need its memory twice. Small steps, since NumPy touches all that it adds.
                self._array.resize(size + size // 8 + 1024, refcheck=False)
            self._array[self._size : size] = values
        self._size = size

    def spill(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="fastw2v-")  # noqa: SIM115  # closed by finish or close
        self._file.write(self._array[: self._size].data)
        self._array.resize(0, refcheck=False)

    def finish(self) -> npt.NDArray[Any]:
        if self._file is None:
            self._array.resize(self._size, refcheck=False)
            return self._array
        with self._file as file:
            file.flush()
            if self._size == 0:
                return self._array
            # The mapping keeps the unnamed file alive, and the array keeps the mapping.
            return np.frombuffer(mmap.mmap(file.fileno(), 0), dtype=self._array.dtype)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class _Sink:
    """Takes what a `TokenEncoder` hands over and makes an `EncodedCorpus` of it within a memory budget."""

    def __init__(self, budget: float | None) -> None:
        self._budget = _free_memory() // 4 if budget is None else budget
        self._spilt = False
        self._ids = _Column(np.int32)
        self._offsets = _Column(np.int64)
        self._raw = _Column(np.int64)
        self._columns = (self._ids, self._offsets, self._raw)
        self._offsets.append(np.zeros(1, dtype=np.int64))

    def __call__(
        self, ids: npt.NDArray[np.int32], kept: npt.NDArray[np.int64], raw: npt.NDArray[np.int64]
    ) -> None:
        try:
            self._ids.append(ids)
            self._offsets.append(kept)
            self._raw.append(raw)
            if not self._spilt and sum(column.nbytes for column in self._columns) > self._budget:
                self._spilt = True
                for column in self._columns:
                    column.spill()
        except OSError as error:
            raise OSError(
                error.errno,
                f"cannot write the encoded corpus to a temporary file in {tempfile.gettempdir()} "
                f"({error.strerror}); allow it more memory, or point TMPDIR at a larger disk",
            ) from error

    def finish(self) -> EncodedCorpus:
        offsets = self._offsets.finish()
        np.cumsum(offsets, out=offsets)
        return EncodedCorpus(self._ids.finish(), offsets, self._raw.finish())

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for column in self._columns:
            column.close()


# --- reading a corpus


@dataclass(frozen=True, eq=False)
class Scan:
    """What one pass over a corpus found.

    Attributes
    ----------
    counts : mapping of word to count
        Count of each word, in first-seen order. Pruning deletes words; one seen again later goes to the end.
    total_words : int
        Tokens read.
    n_sentences : int
        Sentences read, empty ones included.
    provisional : EncodedCorpus or None
        With ``keep_ids``, the corpus by provisional ids: id ``i`` is the ``i``-th word of `counts`.
    """

    counts: dict[Any, int] | WordCounts
    total_words: int
    n_sentences: int
    provisional: EncodedCorpus | None = None


class _ScanWatch:
    """What a scan does besides counting: progress, the warning about plain strings, pruning."""

    def __init__(
        self, log: logging.Logger, every: int, max_words: int | None, trim_rule: TrimRule | None
    ) -> None:
        self.every = every
        self.max_words = max_words
        self.logs = log.isEnabledFor(logging.INFO)
        self._log = log
        self._trim_rule = trim_rule
        self._min_reduce = 1
        self._warned = False

    def before(self, number: int, raw_words: int, n_words: int) -> None:
        self._log.info(
            "PROGRESS: at sentence #%i, processed %i words, keeping %i word types", number, raw_words, n_words
        )

    def plain_text(self, sentence: Any) -> None:
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
) -> Scan:
    """Count the words of `corpus` in one pass, logging its progress in gensim's wording.

    Parameters
    ----------
    corpus
        Iterable of sentences.
    max_vocab_size
        Whenever a sentence leaves more distinct words than this, drop those seen fewer than `r` times, where
        `r` starts at 1 and grows by one each time. None or 0: no limit.
    trim_rule
        ``(word, count, min_count)`` to a RULE constant; overrides the counts when pruning.
    progress_per
        Log a line every so many sentences.
    keep_ids
        Also return the corpus by provisional ids. Not possible with `max_vocab_size`.
    budget
        Bytes that those ids may take in memory, before they go to a temporary file; None for a quarter of the
        free memory.
    log
        Where the lines go.

    Raises
    ------
    TypeError
        If a sentence is None or otherwise not iterable, or a token not hashable; it says which.
    ValueError
        If `progress_per` is below 1, or `keep_ids` and `max_vocab_size` are given together.
    """
    if progress_per < 1:
        raise ValueError(f"progress_per must be at least 1, got {progress_per!r}")
    if keep_ids and max_vocab_size:
        raise ValueError("keep_ids needs the whole vocabulary; leave out either keep_ids or max_vocab_size")
    log.info("collecting all words and their counts")
    watch = _ScanWatch(log, progress_per, max_vocab_size, trim_rule)
    files = None if max_vocab_size else file_reader.of_corpus(corpus)
    with _Sink(budget) as sink:
        if files is not None:
            found = _scan_files(files, watch, sink if keep_ids else None)
        else:
            found = _scan_sentences(corpus, watch, sink if keep_ids else None)
    log.info(
        "collected %i word types from a corpus of %i raw words and %i sentences",
        len(found.counts),
        found.total_words,
        found.n_sentences,
    )
    return found


def _scan_sentences(corpus: Iterable[Any], watch: _ScanWatch, sink: _Sink | None) -> Scan:
    encoder = token_encoder.TokenEncoder({}, True, sink, watch)
    encoder.feed(iter(corpus), _WHOLE_CORPUS)
    provisional = None if sink is None else sink.finish()
    return Scan(encoder.counts(), encoder.raw_words, encoder.n_sentences, provisional)


def _scan_files(files: file_reader.TextFiles, watch: _ScanWatch, sink: _Sink | None) -> Scan:
    words = tokenizer.Words()
    tokenizers = file_reader.tokenizers_for(files, words)
    sentences = tokenizer.Sentences(files.max_sentence_length)
    total = number = 0
    for piece in file_reader.pieces(files, words, tokenizers, ids=sink is not None):
        ids, kept, raw = sentences.cut(piece)
        if sink is not None:
            sink(ids, kept, raw)
        if watch.logs:
            starts = total + np.cumsum(raw) - raw
            for i in range(-number % watch.every, len(raw), watch.every):
                watch.before(number + i, int(starts[i]), words.known_before(int(starts[i])))
        number += len(raw)
        total += int(raw.sum())
    provisional = None if sink is None else sink.finish()
    return Scan(WordCounts(words, words.counts(tokenizers)), total, number, provisional)


def provisional_table(counts: Mapping[Any, int], key_to_index: Mapping[Any, int]) -> npt.NDArray[np.int32]:
    """Return the table that `renumber` needs: for the words of `counts` in order, their index or -1."""
    if isinstance(counts, WordCounts):
        table = np.full(len(counts), -1, dtype=np.int32)
        numbers = counts.numbers(list(key_to_index))
        known = numbers >= 0
        table[numbers[known]] = np.fromiter(key_to_index.values(), dtype=np.int32, count=len(numbers))[known]
        return table
    indices = map(key_to_index.get, counts, itertools.repeat(-1))
    return np.fromiter(indices, dtype=np.int32, count=len(counts))


def renumber(provisional: EncodedCorpus, table: npt.NDArray[np.int32]) -> EncodedCorpus:
    """Return `provisional` with each id replaced by ``table[id]``, leaving out those that become -1.

    The arrays are changed in place, so that no second copy of the ids is needed, and `provisional` must not
    be used again.

    Parameters
    ----------
    provisional
        A corpus by provisional ids, from ``scan(..., keep_ids=True)``.
    table : ndarray of int32, shape (provisional words,)
        Index of each provisional id in the vocabulary, -1 for a word that is not in it.

    Raises
    ------
    IndexError
        If an id lies outside `table`.
    """
    ids = provisional.ids
    kept = token_encoder.renumber(ids, provisional.offsets, np.ascontiguousarray(table, dtype=np.int32))
    if ids.flags.owndata:
        ids.resize(kept, refcheck=False)
    memory.release_freed()
    return EncodedCorpus(ids[:kept], provisional.offsets, provisional.raw_lengths)


def _as_dict(key_to_index: Mapping[Any, int]) -> dict[Any, int]:
    return key_to_index if isinstance(key_to_index, dict) else dict(key_to_index)


def encode(
    corpus: Iterable[Any], key_to_index: Mapping[Any, int], *, budget: float | None = None
) -> EncodedCorpus:
    """Return `corpus` as indices into a vocabulary, unknown tokens left out.

    Parameters
    ----------
    corpus
        Iterable of sentences, iterated once.
    key_to_index
        Index of each word of the vocabulary; at its fastest as a dict.
    budget
        Bytes to hold in memory before going to a temporary file; None for a quarter of the free memory.

    Raises
    ------
    TypeError
        If a sentence is None or otherwise not iterable, or a token not hashable; it says which.
    ValueError
        If an index of `key_to_index` lies outside 0 to 2**31 - 1.
    """
    index = _as_dict(key_to_index)
    files = file_reader.of_corpus(corpus)
    with _Sink(budget) as sink:
        if files is not None:
            _encode_files(files, index, sink)
        else:
            encoder = token_encoder.TokenEncoder(index, False, sink)
            encoder.feed(iter(corpus), _WHOLE_CORPUS)
        return sink.finish()


def _encode_files(files: file_reader.TextFiles, index: dict[Any, int], sink: _Sink) -> None:
    words = tokenizer.Words(index)
    tokenizers = file_reader.tokenizers_for(files, words)
    sentences = tokenizer.Sentences(files.max_sentence_length)
    for piece in file_reader.pieces(files, words, tokenizers, ids=True):
        sink(*sentences.cut(piece))


def stream(
    corpus: Iterable[Any],
    key_to_index: Mapping[Any, int],
    *,
    chunk_words: int,
    first_words: int | None = None,
) -> Iterator[EncodedCorpus]:
    """Yield `corpus` in encoded chunks of whole sentences, one pass, reading no further than it yields.

    Parameters
    ----------
    corpus, key_to_index
        As for `encode`.
    chunk_words
        Each chunk but the last holds at least so many raw words.
    first_words
        The same for the first chunk, if it is to come earlier; None for `chunk_words`.

    Raises
    ------
    TypeError
        As `encode`, when the sentence is reached; what the corpus itself raises passes unchanged.
    """
    sink = _Sink(float("inf"))
    encoder = token_encoder.TokenEncoder(_as_dict(key_to_index), False, lambda ids, kept, raw: sink(ids, kept, raw))
    sentences = iter(corpus)
    words = chunk_words if first_words is None else first_words
    more = True
    while more:
        more = encoder.feed(sentences, words)
        chunk = sink.finish()
        if chunk.n_sentences:
            yield chunk
        sink = _Sink(float("inf"))
        words = chunk_words


class KeptStream:
    """A corpus that is trained while it is encoded, and kept as ids for the epochs after that.

    Parameters
    ----------
    corpus
        Iterable of sentences, iterated once.
    budget
        As for `encode`.

    Attributes
    ----------
    encoded : EncodedCorpus or None
        All of it, once `chunks` has come to its end.
    """

    def __init__(self, corpus: Iterable[Any], *, budget: float | None = None) -> None:
        self._corpus, self._budget = corpus, budget
        self.encoded: EncodedCorpus | None = None

    def chunks(
        self, key_to_index: Mapping[Any, int], *, chunk_words: int, first_words: int | None = None
    ) -> Iterator[EncodedCorpus]:
        """Yield it in chunks, as `stream` does."""
        with _Sink(self._budget) as sink:
            for chunk in stream(self._corpus, key_to_index, chunk_words=chunk_words, first_words=first_words):
                sink(chunk.ids, np.diff(chunk.offsets), chunk.raw_lengths)
                yield chunk
            self.encoded = sink.finish()
