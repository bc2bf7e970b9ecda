# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Count the words and phrases of a corpus, and join the phrases of sentences: the compiled part of `fastw2v.phrases`.

A phrase candidate is a word, any number of connector words, and another word. It is counted under the text that joins
all of them by the delimiter, and words and candidates share one table of counts, as they do in gensim: a token
"new_york" and the words "new", "york" are one entry.

Data flow:

1. The readers of this package turn a corpus into batches of word ids (`token_encoder` or `tokenizer`).
2. `PhraseCounter` looks up each pair of neighbouring ids in a hash table of pairs (pair_table.h), whose slots count
   them. The text of a candidate is joined, and looked up in the table of all texts, only when a pair is new. So an
   occurrence of a known candidate costs one look-up by two integers, and no string is made.
3. `PhraseTable` holds the result: UTF-8 texts and counts in the order of first occurrence.
4. `PhraseMatcher` joins phrases. It turns the tokens of a sentence into numbers by a hash table of their characters,
   and looks up pairs of numbers in a table of pairs, in which the decision on each candidate is kept.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.unicode cimport PyUnicode_Check, PyUnicode_DecodeUTF8
from libc.math cimport INFINITY, log
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

import os

import numpy as np

from fastw2v.text.tokens import as_word

cdef extern from *:
    ctypedef struct PyObject

cdef extern from "Python.h":
    Py_ssize_t PyUnicode_GET_LENGTH(PyObject *text)
    void *PyUnicode_DATA(PyObject *text)
    int PyUnicode_CheckObject "PyUnicode_Check"(PyObject *item)

cdef extern from "text/str_keys.h" nogil:
    enum:
        FW_INLINE_BYTES
    ctypedef struct fw_entry:
        uint32_t length
        int32_t id
        int64_t count
    ctypedef struct fw_table:
        fw_entry *entries
        int64_t n_words
        uint64_t[2] seeds
    ctypedef struct fw_key:
        pass
    int fw_table_init(fw_table *table, uint64_t seed0, uint64_t seed1)
    void fw_table_free(fw_table *table)
    int64_t fw_add(fw_table *table, const fw_key *key, int32_t id)
    int64_t fw_find(const fw_table *table, const fw_key *key)
    int64_t fw_find_short(const fw_table *table, const fw_key *key)
    void fw_make_key(const fw_table *table, const uint8_t *text, uint32_t length, fw_key *key)
    const uint8_t *fw_word_bytes(const fw_table *table, const fw_entry *entry, uint8_t *buffer)
    int fw_reserve(void **array, int64_t *capacity, int64_t needed, size_t item)

cdef extern from "text/str_keys.h":
    void fw_make_short_key(const fw_table *table, const uint8_t *text, uint32_t length, fw_key *key)
    int fw_is_ascii(PyObject *text)
    Py_ssize_t fw_encode_utf8(PyObject *text, uint8_t *out)

cdef extern from "text/pair_table.h" nogil:
    enum:
        FW_NODE
        FW_NO_CONTEXT
    ctypedef struct fw_pair:
        uint64_t key
        uint32_t value
        uint32_t count
    ctypedef struct fw_pairs:
        fw_pair *slots
        uint64_t mask
        int64_t used
    int fw_pairs_init(fw_pairs *pairs, uint64_t seed)
    void fw_pairs_free(fw_pairs *pairs)
    uint64_t fw_pair_key(uint32_t context, uint32_t word)
    void fw_prefetch_pair(const fw_pairs *pairs, uint64_t key)
    fw_pair *fw_pair_add(fw_pairs *pairs, uint32_t context, uint32_t word)

cdef enum:
    PADDING = 16  # bytes that must be readable behind a text for which a key is made
    PREFETCH_DISTANCE = 12  # tokens
    MAX_LENGTH = 0x7fffffff  # bytes of a text
    MAY_BEGIN = 1
    MAY_END = 2
    NO_PHRASE = 1  # value of a pair that was decided against; a phrase has its number plus FIRST_PHRASE
    FIRST_PHRASE = 2

cdef int64_t MAX_CACHED_PAIRS = 1 << 22
cdef uint32_t MAX_COUNT = <uint32_t> -1

ORIGINAL, NPMI = 1, 2  # the scorers that are compiled


def _no_memory():
    return MemoryError("no memory for the words and phrases; count fewer by max_vocab_size")


cdef uint64_t _seed():
    return int.from_bytes(os.urandom(8), "little")


cdef class PhraseTable:
    """Texts and their counts, in the order in which the texts were added.

    Threads may use a table at the same time; no method releases the GIL while it reads or changes it.

    Parameters
    ----------
    counts : mapping of str to int, optional
        Contents of a new table.

    Examples
    --------
    >>> from fastw2v.text.phrase_table import PhraseTable
    >>> table = PhraseTable({"new": 3, "new_york": 2})
    >>> table.get("new_york"), table.get("york"), len(table)
    (2, None, 2)
    """

    cdef fw_table _table
    cdef uint8_t *_buffer
    cdef int64_t _capacity

    def __cinit__(self, counts=None):
        memset(&self._table, 0, sizeof(fw_table))
        self._buffer = NULL
        self._capacity = 0
        if fw_table_init(&self._table, _seed(), _seed()) < 0:
            raise _no_memory()
        if counts is not None:
            for text, count in counts.items():
                self.add(text, count)

    def __dealloc__(self):
        fw_table_free(&self._table)
        free(self._buffer)

    def __len__(self):
        return self._table.n_words

    cdef int _key(self, PyObject *text, fw_key *key) except -1:
        """Make the key of a str. It is valid until the next call."""
        cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text)
        if fw_is_ascii(text) and 0 < length <= MAX_LENGTH:
            if length <= FW_INLINE_BYTES:
                fw_make_short_key(&self._table, <const uint8_t *> PyUnicode_DATA(text), <uint32_t> length, key)
            else:
                fw_make_key(&self._table, <const uint8_t *> PyUnicode_DATA(text), <uint32_t> length, key)
            return 0
        if fw_reserve(<void **> &self._buffer, &self._capacity, 4 * length + PADDING, 1) < 0:
            raise _no_memory()
        length = fw_encode_utf8(text, self._buffer)
        if length > MAX_LENGTH:
            raise OverflowError("a token has more than 2**31 bytes")
        fw_make_key(&self._table, self._buffer, <uint32_t> length, key)
        return 0

    cdef int64_t _find(self, PyObject *text) except -2:
        """Return the number of a str, or -1."""
        cdef fw_key key
        self._key(text, &key)
        return fw_find(&self._table, &key)

    cdef int64_t _find_joined(self, tuple tokens, Py_ssize_t start, Py_ssize_t end, bytes separator) except -2:
        """Return the number of the text that joins the str `start` to `end`, inclusive; -1 if there is none."""
        cdef Py_ssize_t separator_length = PyBytes_GET_SIZE(separator), i, length = 0
        cdef int64_t bound = PADDING
        cdef fw_key key
        for i in range(start, end + 1):
            bound += 4 * PyUnicode_GET_LENGTH(PyTuple_GET_ITEM(tokens, i)) + separator_length
        if fw_reserve(<void **> &self._buffer, &self._capacity, bound, 1) < 0:
            raise _no_memory()
        for i in range(start, end + 1):
            if i > start:
                memcpy(self._buffer + length, PyBytes_AS_STRING(separator), separator_length)
                length += separator_length
            length += fw_encode_utf8(PyTuple_GET_ITEM(tokens, i), self._buffer + length)
        if length > MAX_LENGTH:
            return -1
        fw_make_key(&self._table, self._buffer, <uint32_t> length, &key)
        return fw_find(&self._table, &key)

    cdef int64_t _number(self, const uint8_t *text, int64_t length) noexcept nogil:
        """Return the number of a text, which is added if it is new; -1 without memory. `PADDING` bytes must follow."""
        cdef fw_key key
        cdef int64_t number
        if length > MAX_LENGTH:
            return -1
        fw_make_key(&self._table, text, <uint32_t> length, &key)
        number = fw_find(&self._table, &key)
        return number if number >= 0 else fw_add(&self._table, &key, 0)

    cdef void _add_count(self, int64_t number, int64_t count) noexcept nogil:
        self._table.entries[number].count += count

    cdef str _text(self, int64_t number):
        cdef uint8_t[FW_INLINE_BYTES] buffer
        cdef const fw_entry *entry = &self._table.entries[number]
        return PyUnicode_DecodeUTF8(
            <char *> fw_word_bytes(&self._table, entry, buffer), entry.length, "surrogatepass"
        )

    @cython.critical_section
    def get(self, text):
        """Return the count of a text, or None if the table does not have it."""
        cdef int64_t number
        if not PyUnicode_Check(text):
            return None
        number = self._find(<PyObject *> text)
        return None if number < 0 else self._table.entries[number].count

    @cython.critical_section
    def add(self, str text not None, int64_t count):
        """Add to the count of a text."""
        cdef fw_key key
        cdef int64_t number
        self._key(<PyObject *> text, &key)
        number = fw_find(&self._table, &key)
        if number < 0:
            number = fw_add(&self._table, &key, 0)
            if number < 0:
                raise _no_memory()
        self._table.entries[number].count += count

    @cython.critical_section
    def texts(self):
        """Return all texts."""
        return self._texts()

    cdef list _texts(self):
        return [self._text(number) for number in range(self._table.n_words)]

    @cython.critical_section
    def counts(self):
        """Return all counts as an array of int64."""
        return self._all_counts()

    cdef object _all_counts(self):
        cdef int64_t[::1] counts = np.empty(self._table.n_words, dtype=np.int64)
        cdef int64_t number
        for number in range(self._table.n_words):
            counts[number] = self._table.entries[number].count
        return np.asarray(counts)

    @cython.critical_section
    def merge(self, PhraseTable other not None):
        """Add the texts and counts of another table."""
        cdef int64_t number, own
        cdef uint8_t[FW_INLINE_BYTES] buffer
        cdef const fw_entry *entry
        for number in range(other._table.n_words):
            entry = &other._table.entries[number]
            own = self._number(fw_word_bytes(&other._table, entry, buffer), entry.length)
            if own < 0:
                raise _no_memory()
            self._table.entries[own].count += entry.count

    cdef int _prune(self, int64_t min_count) except -1:
        """Delete the texts with smaller counts."""
        cdef fw_table kept
        cdef int64_t number, new
        cdef uint8_t[FW_INLINE_BYTES] buffer
        cdef const fw_entry *entry
        cdef fw_key key
        if fw_table_init(&kept, self._table.seeds[0], self._table.seeds[1]) < 0:
            fw_table_free(&kept)
            raise _no_memory()
        for number in range(self._table.n_words):
            entry = &self._table.entries[number]
            if entry.count >= min_count:
                fw_make_key(&kept, fw_word_bytes(&self._table, entry, buffer), entry.length, &key)
                new = fw_add(&kept, &key, 0)
                if new < 0:
                    fw_table_free(&kept)
                    raise _no_memory()
                kept.entries[new].count = entry.count
        fw_table_free(&self._table)
        self._table = kept
        return 0

    @cython.critical_section
    def prune(self, int64_t min_count):
        """Delete the texts with a count below `min_count`; the others keep their order."""
        self._prune(min_count)

    @cython.critical_section
    def candidates(self, str delimiter not None):
        """Return the texts that consist of several parts, of which the first and the last one are in the table, too.

        Parameters
        ----------
        delimiter : str
            Separates the parts, as `str.split` does. It must not be empty.

        Returns
        -------
        numbers, first, last, counts : ndarray of int64
            The number of each text, the counts of its first and last part, and its own count. All counts are positive.
        """
        return self._candidates(delimiter.encode("utf-8", "surrogatepass"))

    cdef tuple _candidates(self, bytes separator):
        cdef const uint8_t *sep = <const uint8_t *> PyBytes_AS_STRING(separator)
        cdef int64_t sep_length = PyBytes_GET_SIZE(separator)
        cdef int64_t n = self._table.n_words, number, found = 0, length, i, first_end, last_start, a, b
        cdef int64_t[:, ::1] rows = np.empty((4, n), dtype=np.int64)
        cdef uint8_t[FW_INLINE_BYTES] buffer
        cdef const uint8_t *text
        cdef const fw_entry *entry
        if sep_length == 0:
            raise ValueError("empty separator")
        for number in range(n):
            entry = &self._table.entries[number]
            length = entry.length
            text = fw_word_bytes(&self._table, entry, buffer)
            first_end = -1
            last_start = 0
            i = 0
            while i + sep_length <= length:
                if text[i] == sep[0] and _equal(text + i, sep, sep_length):
                    if first_end < 0:
                        first_end = i
                    i += sep_length
                    last_start = i
                else:
                    i += 1
            if first_end < 0 or entry.count <= 0:
                continue
            a = self._part(text, first_end)
            if a <= 0:
                continue
            b = self._part(text + last_start, length - last_start)
            if b <= 0:
                continue
            rows[0, found] = number
            rows[1, found] = a
            rows[2, found] = b
            rows[3, found] = entry.count
            found += 1
        return tuple(np.asarray(rows)[:, :found])

    cdef int64_t _part(self, const uint8_t *text, int64_t length) except -1:
        """Return the count of a part of a text, 0 if it is not in the table."""
        cdef fw_key key
        cdef int64_t number
        if fw_reserve(<void **> &self._buffer, &self._capacity, length + PADDING, 1) < 0:
            raise _no_memory()
        memcpy(self._buffer, text, length)
        fw_make_key(&self._table, self._buffer, <uint32_t> length, &key)
        number = fw_find(&self._table, &key)
        return 0 if number < 0 else max(0, self._table.entries[number].count)

    @cython.critical_section
    def texts_of(self, const int64_t[::1] numbers):
        """Return the texts with these numbers."""
        return self._texts_of(numbers)

    cdef list _texts_of(self, const int64_t[::1] numbers):
        cdef int64_t i
        return [self._text(numbers[i]) for i in range(numbers.shape[0])]


cdef bint _equal(const uint8_t *a, const uint8_t *b, int64_t length) noexcept nogil:
    cdef int64_t i
    for i in range(length):
        if a[i] != b[i]:
            return False
    return True


# --- scoring


cdef inline double _score(int kind, double a, double b, double ab, double len_vocab, double min_count,
                          double words) noexcept nogil:
    """Return the score of a phrase by one of the compiled scorers; all counts are positive."""
    cdef double share
    if kind == 1:
        return (ab - min_count) / (a * b) * len_vocab
    if ab < min_count:
        return -INFINITY
    share = ab / words
    return log(share / (a / words * (b / words))) / -log(share)


def scores(int kind, const int64_t[::1] first, const int64_t[::1] last, const int64_t[::1] counts, double len_vocab,
           double min_count, double words):
    """Return the score of each candidate by a compiled scorer, `ORIGINAL` or `NPMI`."""
    cdef double[::1] result = np.empty(counts.shape[0], dtype=np.float64)
    cdef int64_t i
    for i in range(counts.shape[0]):
        result[i] = _score(kind, <double> first[i], <double> last[i], <double> counts[i], len_vocab, min_count, words)
    return np.asarray(result)


# --- counting


cdef struct Word:
    int64_t start  # of its UTF-8 bytes in the buffer of all words
    int64_t count  # not yet added to the table
    uint32_t length
    int32_t entry  # its number in the table, or -1
    bint connector


cdef struct Node:
    uint32_t context
    uint32_t word


cdef class PhraseCounter:
    """Count the words and phrase candidates of a corpus that is given as word ids.

    Parameters
    ----------
    delimiter : str
        Joins the words of a candidate.
    connector_words : collection of str
        Words that may stand within a phrase.
    max_vocab_size : int
        When there are more texts than this at the end of a sentence, those with a count below `min_reduce` are
        deleted, and `min_reduce` is raised by one.
    progress_per : int
        Report before each sentence whose number is a multiple of this.
    report : callable
        Called as ``report(sentence, words, texts)``.
    report_pruning : callable
        Called as ``report_pruning(min_reduce, before, after)``.

    Attributes
    ----------
    table : PhraseTable
        It is complete after `finish`.
    total_words, n_sentences, min_reduce : int
    """

    cdef readonly PhraseTable table
    cdef readonly int64_t total_words
    cdef readonly int64_t n_sentences
    cdef readonly int64_t min_reduce
    cdef bytes _delimiter
    cdef const char *_separator  # the bytes of the delimiter
    cdef int64_t _separator_length
    cdef object _connector_words
    cdef object _report
    cdef object _report_pruning
    cdef int64_t _max_texts
    cdef int64_t _max_pairs
    cdef int64_t _every
    cdef Word *_words
    cdef int64_t _n_words
    cdef int64_t _words_capacity
    cdef uint8_t *_bytes  # of all words
    cdef int64_t _n_bytes
    cdef int64_t _bytes_capacity
    cdef Node *_nodes
    cdef int64_t _n_nodes
    cdef int64_t _nodes_capacity
    cdef uint8_t *_joined
    cdef int64_t _joined_capacity
    cdef fw_pairs _pairs
    cdef uint32_t _context
    cdef int64_t _open  # ids of the current sentence in earlier batches

    def __cinit__(self, str delimiter not None, connector_words, max_vocab_size, progress_per, report,
                  report_pruning):
        memset(&self._pairs, 0, sizeof(fw_pairs))
        self._words = NULL
        self._bytes = NULL
        self._nodes = NULL
        self._joined = NULL
        self._n_words = self._words_capacity = self._n_bytes = self._bytes_capacity = 0
        self._n_nodes = self._nodes_capacity = self._joined_capacity = 0
        self._context = FW_NO_CONTEXT
        self._open = 0
        self.table = PhraseTable()
        self.min_reduce = 1
        self._delimiter = delimiter.encode("utf-8", "surrogatepass")
        self._separator = PyBytes_AS_STRING(self._delimiter)
        self._separator_length = PyBytes_GET_SIZE(self._delimiter)
        self._connector_words = connector_words
        self._max_texts = min(max_vocab_size, 2**31 - 1)
        self._max_pairs = max(MAX_CACHED_PAIRS, 2 * self._max_texts)
        self._every = progress_per
        self._report = report
        self._report_pruning = report_pruning
        if fw_pairs_init(&self._pairs, _seed()) < 0:
            raise _no_memory()

    def __dealloc__(self):
        free(self._words)
        free(self._bytes)
        free(self._nodes)
        free(self._joined)
        fw_pairs_free(&self._pairs)

    @property
    def n_words(self):
        """Number of words that have an id."""
        return self._n_words

    def add_words(self, words):
        """Give the next ids to `words`.

        Raises
        ------
        TypeError
            If a word is no str.
        """
        cdef Word *word
        cdef Py_ssize_t length
        for token in words:
            if not PyUnicode_Check(token):
                token = as_word(token)
                if type(token) is not str:
                    raise TypeError(
                        f"the token {token!r:.80} ({type(token).__name__}) cannot be part of a phrase; "
                        "convert it to a str, for example by str(token)"
                    )
            length = PyUnicode_GET_LENGTH(<PyObject *> token)
            if (fw_reserve(<void **> &self._words, &self._words_capacity, self._n_words + 1, sizeof(Word)) < 0
                    or fw_reserve(<void **> &self._bytes, &self._bytes_capacity,
                                  self._n_bytes + 4 * length + PADDING, 1) < 0):
                raise _no_memory()
            word = &self._words[self._n_words]
            word.start = self._n_bytes
            word.length = <uint32_t> fw_encode_utf8(<PyObject *> token, self._bytes + self._n_bytes)
            word.entry = -1
            word.count = 0
            word.connector = token in self._connector_words
            self._n_bytes += word.length
            self._n_words += 1

    def forget_words(self):
        """Take back all ids; the counts are kept. A sentence must have been completed."""
        self._flush()
        self._clear_pairs()
        self._n_words = self._n_bytes = 0

    def finish(self):
        """Complete the counts of `table`."""
        self._flush()

    def feed(self, const int32_t[::1] ids, const int64_t[::1] lengths):
        """Count a batch of ids.

        Parameters
        ----------
        ids : ndarray of int32
            The next ids. All of them must have been given to a word.
        lengths : ndarray of int64
            Numbers of ids of the sentences that were completed since the last call.
        """
        cdef int64_t position = 0, end, sentence
        cdef bint failed
        for sentence in range(lengths.shape[0]):
            if self._open == 0:
                self._begin()
            end = position + lengths[sentence] - self._open
            with nogil:
                failed = end > position and self._count(&ids[position], end - position) < 0
            if failed:
                raise _no_memory()
            position = end
            self._open = 0
            self._end()
        end = ids.shape[0]
        if end > position:
            if self._open == 0:
                self._begin()
            with nogil:
                failed = self._count(&ids[position], end - position) < 0
            if failed:
                raise _no_memory()
            self._open += end - position

    cdef int _begin(self) except -1:
        if self.n_sentences % self._every == 0:
            self._report(self.n_sentences, self.total_words, self.table._table.n_words)
        return 0

    cdef int _end(self) except -1:
        cdef int64_t before = self.table._table.n_words
        self.n_sentences += 1
        self._context = FW_NO_CONTEXT
        if before > self._max_texts:
            self._flush()
            self._clear_pairs()
            self.table._prune(self.min_reduce)
            self._report_pruning(self.min_reduce, before, self.table._table.n_words)
            self.min_reduce += 1
        elif self._pairs.used > self._max_pairs:
            self._flush()
            self._clear_pairs()
        return 0

    cdef int _count(self, const int32_t *ids, int64_t n) noexcept nogil:
        """Count `n` ids of one sentence. Returns 0, or -1 without memory."""
        cdef uint32_t context = self._context
        cdef int64_t i, number
        cdef Word *word
        cdef fw_pair *pair
        for i in range(n):
            if i + PREFETCH_DISTANCE < n:
                fw_prefetch_pair(&self._pairs, fw_pair_key(
                    <uint32_t> ids[i + PREFETCH_DISTANCE - 1], <uint32_t> ids[i + PREFETCH_DISTANCE]))
            word = &self._words[ids[i]]
            if word.connector:
                if context != FW_NO_CONTEXT:
                    context = self._node(context, <uint32_t> ids[i])
                    if context == FW_NO_CONTEXT:
                        return -1
                continue
            if word.entry < 0:
                number = self.table._number(self._bytes + word.start, word.length)
                if number < 0:
                    return -1
                word.entry = <int32_t> number
            word.count += 1
            if context != FW_NO_CONTEXT:
                pair = fw_pair_add(&self._pairs, context, <uint32_t> ids[i])
                if pair is NULL:
                    return -1
                if pair.value == 0:
                    number = self._join(context, <uint32_t> ids[i])
                    if number < 0:
                        return -1
                    pair.value = <uint32_t> number + 1
                pair.count += 1
                if pair.count == MAX_COUNT:
                    self.table._add_count(pair.value - 1, pair.count)
                    pair.count = 0
            context = <uint32_t> ids[i]
        self._context = context
        self.total_words += n
        return 0

    cdef uint32_t _node(self, uint32_t context, uint32_t word) noexcept nogil:
        """Return the context that a connector word makes of a context; FW_NO_CONTEXT without memory."""
        cdef fw_pair *pair = fw_pair_add(&self._pairs, context, word)
        if pair is NULL:
            return FW_NO_CONTEXT
        if pair.value == 0:
            if (self._n_nodes >= MAX_LENGTH - 1 or fw_reserve(
                    <void **> &self._nodes, &self._nodes_capacity, self._n_nodes + 1, sizeof(Node)) < 0):
                return FW_NO_CONTEXT
            self._nodes[self._n_nodes].context = context
            self._nodes[self._n_nodes].word = word
            self._n_nodes += 1
            pair.value = <uint32_t> self._n_nodes
        return <uint32_t> FW_NODE | (pair.value - 1)

    cdef int64_t _join(self, uint32_t context, uint32_t last) noexcept nogil:
        """Return the number of the text that joins the words of a context and a last word; -1 without memory."""
        cdef int64_t separator = self._separator_length, length, end
        cdef uint32_t step = context, word = last
        length = self._words[last].length
        while True:
            word = self._nodes[step ^ <uint32_t> FW_NODE].word if step & <uint32_t> FW_NODE else step
            length += separator + self._words[word].length
            if not step & <uint32_t> FW_NODE:
                break
            step = self._nodes[step ^ <uint32_t> FW_NODE].context
        if fw_reserve(<void **> &self._joined, &self._joined_capacity, length + PADDING, 1) < 0:
            return -1
        end = length
        word = last
        step = context
        while True:
            end -= self._words[word].length
            memcpy(self._joined + end, self._bytes + self._words[word].start, self._words[word].length)
            if end == 0:
                break
            end -= separator
            memcpy(self._joined + end, self._separator, separator)
            if step & <uint32_t> FW_NODE:
                word = self._nodes[step ^ <uint32_t> FW_NODE].word
                step = self._nodes[step ^ <uint32_t> FW_NODE].context
            else:
                word = step
        return self.table._number(self._joined, length)

    cdef int _flush(self) except -1:
        """Add the counts of words and pairs to the table."""
        cdef int64_t i
        cdef fw_entry *entries = self.table._table.entries
        cdef fw_pair *pair
        for i in range(self._n_words):
            if self._words[i].count:
                entries[self._words[i].entry].count += self._words[i].count
                self._words[i].count = 0
        for i in range(<int64_t> self._pairs.mask + 1):
            pair = &self._pairs.slots[i]
            if pair.count:
                entries[pair.value - 1].count += pair.count
                pair.count = 0
        return 0

    cdef int _clear_pairs(self) except -1:
        """Forget the pairs, and which entries the words have; the counts must have been added to the table."""
        cdef int64_t i
        fw_pairs_free(&self._pairs)
        if fw_pairs_init(&self._pairs, _seed()) < 0:
            raise _no_memory()
        self._n_nodes = 0
        for i in range(self._n_words):
            self._words[i].entry = -1
        return 0


# --- joining


cdef class PhraseMatcher:
    """Join the phrases of sentences.

    A matcher decides on each pair of words once and keeps the decision. Make a new one when anything that it was made
    of has changed, or when it `is_full`.

    Parameters
    ----------
    phrases : PhraseTable or mapping of str to float
        Counts of words and candidates, which are scored when they occur, or the scores of accepted phrases.
    delimiter : str
        Joins the words of a phrase.
    connector_words : collection of str
        Words that may stand within a phrase.
    threshold : float
        A phrase must have a higher score.
    scorer : int or callable, optional
        `ORIGINAL`, `NPMI`, or a function of gensim's keyword arguments. Without effect for a mapping.
    min_count, corpus_word_count : float, optional
        Arguments of the scorer.
    """

    cdef PhraseTable _words  # all words of which a phrase may consist
    cdef PhraseTable _table
    cdef object _phrases  # None where `_table` holds counts
    cdef PhraseTable _connectors
    cdef str _delimiter
    cdef bytes _separator  # the UTF-8 bytes of the delimiter
    cdef object _threshold
    cdef double _threshold_number
    cdef int _kind
    cdef object _scorer
    cdef object _min_count
    cdef double _min_count_number
    cdef int64_t _corpus_word_count
    cdef fw_pairs _pairs
    cdef int64_t _n_nodes
    cdef list _joined
    cdef list _scores

    def __cinit__(self, phrases, str delimiter not None, connector_words, threshold, scorer=None, min_count=0,
                  corpus_word_count=0):
        memset(&self._pairs, 0, sizeof(fw_pairs))
        if fw_pairs_init(&self._pairs, _seed()) < 0:
            raise _no_memory()
        self._delimiter = delimiter
        self._separator = delimiter.encode("utf-8", "surrogatepass")
        self._threshold = threshold
        self._threshold_number = threshold
        self._scorer = scorer
        self._kind = scorer if isinstance(scorer, int) else 0
        self._min_count = min_count
        self._min_count_number = min_count
        self._corpus_word_count = corpus_word_count
        self._joined = []
        self._scores = []
        self._n_nodes = 0
        self._connectors = PhraseTable({word: 0 for word in connector_words if isinstance(word, str)})
        if isinstance(phrases, PhraseTable):
            self._words = self._table = phrases
            self._phrases = None
        else:
            self._phrases = phrases
            self._words = PhraseTable()
            for phrase in phrases:
                self._add_parts(phrase)

    def __dealloc__(self):
        fw_pairs_free(&self._pairs)

    cdef int _add_parts(self, str phrase) except -1:
        """Add the words with which a phrase may begin or end, wherever the delimiter divides it."""
        cdef Py_ssize_t at = phrase.find(self._delimiter)
        while at >= 0:
            self._add_part(phrase[:at], MAY_BEGIN)
            self._add_part(phrase[at + len(self._delimiter):], MAY_END)
            at = phrase.find(self._delimiter, at + 1)
        return 0

    cdef int _add_part(self, str part, int role) except -1:
        self._words.add(part, 0)
        self._words._table.entries[self._words._find(<PyObject *> part)].id |= role
        return 0

    @property
    def is_full(self):
        """Whether so many decisions are kept that a new matcher should be made."""
        return self._pairs.used > MAX_CACHED_PAIRS

    def transform(self, sentence, dict found=None):
        """Return a sentence in which the words of each phrase are joined.

        Parameters
        ----------
        sentence : iterable
            Its tokens. Those that are no str belong to no phrase.
        found : dict, optional
            Receives the score of each phrase.

        Returns
        -------
        list
        """
        cdef tuple tokens = tuple(sentence)
        cdef list out
        with cython.critical_section(self, self._words):
            out = self._transform(tokens, found)
        return out

    cdef list _transform(self, tuple tokens, dict found):
        cdef list out = []
        cdef Py_ssize_t n = PyTuple_GET_SIZE(tokens), i, j, start = -1
        cdef PyObject *token
        cdef int64_t number, phrase
        cdef uint32_t context = FW_NO_CONTEXT  # also if the phrase cannot begin with the word at `start`
        cdef bint has_connectors = len(self._connectors) > 0
        cdef int roles
        for i in range(n):
            token = <PyObject *> PyTuple_GET_ITEM(tokens, i)
            number = -1
            roles = 0
            if PyUnicode_CheckObject(token):
                if has_connectors:
                    number = self._connectors._find(token)
                    if number >= 0:
                        if start < 0:
                            out.append(<object> token)
                        elif context != FW_NO_CONTEXT:
                            context = self._node(context, <uint32_t> number)
                        continue
                number = self._words._find(token)
                if number >= 0:
                    roles = self._roles(number)
            if start >= 0:
                phrase = -1
                if context != FW_NO_CONTEXT and roles & MAY_END:
                    phrase = self._decide(context, number, tokens, start, i)
                if phrase >= 0:
                    joined = self._joined[phrase]
                    out.append(joined)
                    if found is not None:
                        found[joined] = self._scores[phrase]
                    start = -1
                    continue
                for j in range(start, i):
                    out.append(<object> PyTuple_GET_ITEM(tokens, j))
            # gensim drops an empty token that does not end a phrase.
            start = -1 if PyUnicode_CheckObject(token) and PyUnicode_GET_LENGTH(token) == 0 else i
            context = <uint32_t> number if roles & MAY_BEGIN else FW_NO_CONTEXT
        if start >= 0:
            for j in range(start, n):
                out.append(<object> PyTuple_GET_ITEM(tokens, j))
        return out

    cdef int _roles(self, int64_t number) noexcept:
        cdef const fw_entry *entry = &self._words._table.entries[number]
        if self._phrases is None:
            return MAY_BEGIN | MAY_END if entry.count > 0 else 0
        return entry.id

    cdef uint32_t _node(self, uint32_t context, uint32_t connector) except? 0xFFFFFFFF:
        cdef fw_pair *pair = fw_pair_add(&self._pairs, context, <uint32_t> FW_NODE | connector)
        if pair is NULL:
            raise _no_memory()
        if pair.value == 0:
            self._n_nodes += 1
            pair.value = <uint32_t> self._n_nodes
        return <uint32_t> FW_NODE | (pair.value - 1)

    cdef int64_t _decide(self, uint32_t context, int64_t last, tuple tokens, Py_ssize_t start,
                         Py_ssize_t end) except -2:
        """Return the number of the phrase that tokens `start` to `end`, inclusive, form; -1 if they form none."""
        cdef fw_pair *pair = fw_pair_add(&self._pairs, context, <uint32_t> last)
        cdef uint32_t value
        if pair is NULL:
            raise _no_memory()
        if pair.value == 0:
            value = self._decided(last, tokens, start, end)
            pair = fw_pair_add(&self._pairs, context, <uint32_t> last)  # the slots may have moved meanwhile
            if pair is NULL:
                raise _no_memory()
            pair.value = value
        return <int64_t> pair.value - FIRST_PHRASE

    cdef uint32_t _decided(self, int64_t last, tuple tokens, Py_ssize_t start, Py_ssize_t end) except 0:
        """Decide on a candidate that was not seen before; return NO_PHRASE or FIRST_PHRASE plus its number."""
        cdef int64_t a, b, ab
        cdef double number
        if self._phrases is None:
            ab = self._table._find_joined(tokens, start, end, self._separator)
            if ab < 0:
                return NO_PHRASE
            ab = self._table._table.entries[ab].count
            if ab <= 0:
                return NO_PHRASE
            a = self._table._find(PyTuple_GET_ITEM(tokens, start))
            if a < 0:  # a scoring function has changed the table
                return NO_PHRASE
            a = self._table._table.entries[a].count
            b = self._table._table.entries[last].count
            if self._kind:
                number = _score(self._kind, <double> a, <double> b, <double> ab, <double> self._table._table.n_words,
                                self._min_count_number, self._corpus_word_count)
                if number <= self._threshold_number:
                    return NO_PHRASE
                score = number
            else:
                score = self._scorer(
                    worda_count=a, wordb_count=b, bigram_count=ab, len_vocab=self._table._table.n_words,
                    min_count=self._min_count, corpus_word_count=self._corpus_word_count,
                )
                if score <= self._threshold:
                    return NO_PHRASE
            phrase = self._delimiter.join(tokens[start:end + 1])
        else:
            phrase = self._delimiter.join(tokens[start:end + 1])
            score = self._phrases.get(phrase)
            if score is None or not score > self._threshold:
                return NO_PHRASE
        self._joined.append(phrase)
        self._scores.append(score)
        return <uint32_t> (len(self._joined) - 1 + FIRST_PHRASE)
