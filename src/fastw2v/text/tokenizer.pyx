# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""UTF-8 text to word counts and int32 ids, without a Python object a token and without the GIL.

A ``Piece`` of text, cut where a token ends, is tokenised by one of several ``Tokenizer`` at once. Each has a hash
table of its own, so that threads share nothing; a piece leaves it with that table's numbers and with the words that
were new to it. ``Words`` takes the pieces in the order of the text, numbers each word when it first comes up there
(as a dict that saw one token after another would), and translates the ids. With a known vocabulary all tokenizers
read one table, and there is nothing to translate. ``Sentences`` cuts what it gets into sentences.

The bytes are handled by the C headers in `_text`.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

import os

import numpy as np

cdef extern from "text/tokenize.h" nogil:
    enum:
        FW_PADDING
        FW_RECENT
        FW_INLINE_BYTES
        FW_DONE
        FW_NO_MEMORY
    ctypedef struct fw_entry:
        uint32_t length
        int64_t count
    ctypedef struct fw_table:
        fw_entry *entries
        int64_t n_words
        uint8_t *arena
        int64_t arena_used
    ctypedef struct fw_key:
        pass
    ctypedef struct fw_tokens:
        int32_t *ids
        int64_t n_tokens
        int32_t *line_ends
        int64_t n_lines
        int32_t *fresh_at
        int64_t n_fresh
        int64_t invalid_at
    ctypedef struct fw_sentence:
        int64_t most
        int64_t raw
        int64_t kept
    const uint8_t *fw_spelling(const fw_table *table, const fw_entry *entry, uint8_t *room)
    int fw_table_init(fw_table *table, uint64_t seed0, uint64_t seed1)
    void fw_table_free(fw_table *table)
    int fw_reserve(void **array, int64_t *capacity, int64_t needed, size_t item)
    void fw_make_key(const fw_table *table, const uint8_t *text, uint32_t length, fw_key *key)
    int64_t fw_add(fw_table *table, const fw_key *key, int32_t id)
    int64_t fw_find(const fw_table *table, const fw_key *key)
    int fw_adopt(fw_table *table, const uint8_t *text, const uint32_t *lengths, int64_t n, int32_t *numbers)
    int fw_tokenize(fw_table *table, uint32_t *recent, fw_tokens *out, const uint8_t *text, int64_t length, int grow,
                    int lines, int portable)
    int64_t fw_cut(fw_sentence *open, const fw_tokens *tokens, int32_t *ids, int64_t *raw_lengths,
                   int64_t *kept_lengths, int ends_file, int64_t *n_kept)

LARGEST_PIECE = 1 << 30


def _no_memory():
    return MemoryError("no memory for the words of the text; count fewer by max_vocab_size")


cdef class Piece:
    """Some text, and what became of it.

    Parameters
    ----------
    size : int
        Bytes to make room for at first.

    Attributes
    ----------
    number : int
        Place among the pieces of the corpus.
    name : object
        The file that it is from.
    ends_file : bool
        The text after it, if any, belongs to another line, whether or not a line feed says so.
    error : BaseException or None
        What went wrong while it was read or tokenised.
    """

    cdef public int64_t number
    cdef public object name
    cdef public bint ends_file
    cdef public object error
    cdef object _buffer
    cdef int64_t _length
    cdef fw_tokens _tokens
    cdef int64_t _ids_capacity
    cdef uint8_t *_fresh_text
    cdef int64_t _fresh_text_capacity
    cdef uint32_t *_fresh_lengths
    cdef int64_t _fresh_lengths_capacity
    cdef Tokenizer _by

    def __cinit__(self, int64_t size):
        memset(&self._tokens, 0, sizeof(fw_tokens))
        self._ids_capacity = self._fresh_text_capacity = self._fresh_lengths_capacity = 0
        self._fresh_text = NULL
        self._fresh_lengths = NULL
        self._buffer = bytearray(size + FW_PADDING)

    def __dealloc__(self):
        free(self._tokens.ids)
        free(self._tokens.line_ends)
        free(self._tokens.fresh_at)
        free(self._fresh_text)
        free(self._fresh_lengths)

    @property
    def text(self):
        """The buffer of the text (bytearray): bytes beyond `length` are without meaning."""
        return self._buffer

    @property
    def room(self):
        """Bytes that the buffer can hold."""
        return len(self._buffer) - FW_PADDING

    def enlarge(self):
        """Double the buffer, keeping its content.

        Raises
        ------
        ValueError
            If it has reached its limit.
        """
        if len(self._buffer) > LARGEST_PIECE:
            raise ValueError(f"{self.name} has more than {LARGEST_PIECE} bytes without ASCII white space")
        grown = bytearray(2 * self.room + FW_PADDING)
        grown[:self.room] = memoryview(self._buffer)[:self.room]
        self._buffer = grown

    @property
    def length(self):
        """Bytes of the text."""
        return self._length

    @length.setter
    def length(self, int64_t length):
        if not 0 <= length <= self.room:
            raise ValueError(f"length must be between 0 and {self.room}, got {length}")
        self._length = length

    @property
    def n_tokens(self):
        """Tokens found."""
        return self._tokens.n_tokens

    @property
    def n_lines(self):
        """Line feeds found."""
        return self._tokens.n_lines

    @property
    def invalid_at(self):
        """Offset of the first byte that is not UTF-8, or -1; nothing else is of use then."""
        return self._tokens.invalid_at

    cdef int _run(self, Tokenizer by, bint ids) except -1:
        cdef uint8_t[::1] text = self._buffer
        cdef int64_t before = by._table.n_words, arena_before = by._table.arena_used, size, i
        cdef int result
        cdef fw_table *table = by._table
        memset(&text[self._length], 32, FW_PADDING)
        if ids and self._ids_capacity < self._length // 2 + 1:
            free(self._tokens.ids)
            self._ids_capacity = 0
            self._tokens.ids = <int32_t *> malloc((text.shape[0] // 2 + 1) * sizeof(int32_t))
            if self._tokens.ids is NULL:
                raise _no_memory()
            self._ids_capacity = text.shape[0] // 2 + 1
        self._by = by
        with nogil:
            result = fw_tokenize(table, by._recent, &self._tokens, &text[0], self._length, by._grow, by._lines,
                                 by._portable)
            if result == FW_DONE:
                # The words new to this table: copies, since the table goes on while these wait for their turn.
                size = table.arena_used - arena_before
                if (fw_reserve(<void **> &self._fresh_text, &self._fresh_text_capacity, size + FW_PADDING, 1) < 0
                        or fw_reserve(<void **> &self._fresh_lengths, &self._fresh_lengths_capacity,
                                      self._tokens.n_fresh, sizeof(uint32_t)) < 0):
                    result = FW_NO_MEMORY
                elif self._tokens.n_fresh:
                    memcpy(self._fresh_text, table.arena + arena_before, size)
                    for i in range(self._tokens.n_fresh):
                        self._fresh_lengths[i] = table.entries[before + i].length
        if result == FW_NO_MEMORY:
            raise _no_memory()
        return 0


cdef class Tokenizer:
    """One thread's table of words.

    Parameters
    ----------
    words : Words
        Whose seeds, and if `words` is a known vocabulary, whose table it uses.
    lines : bool
        Line feeds end sentences.
    portable : bool
        Use no vector instructions, as on machines that have none.
    """

    cdef fw_table _own
    cdef fw_table *_table
    cdef uint32_t *_recent
    cdef bint _grow
    cdef bint _lines
    cdef bint _portable
    cdef Words _words
    cdef int32_t *_numbers  # of each word of the table, that in Words
    cdef int64_t _numbers_capacity
    cdef int64_t _n_numbers

    def __cinit__(self, Words words not None, bint lines=True, bint portable=False):
        memset(&self._own, 0, sizeof(fw_table))
        self._recent = NULL
        self._numbers = NULL
        self._numbers_capacity = self._n_numbers = 0
        self._words = words
        self._lines = lines
        self._portable = portable
        self._grow = not words._known
        self._recent = <uint32_t *> calloc(FW_RECENT, sizeof(uint32_t))
        if self._recent is NULL:
            raise _no_memory()
        if words._known:
            self._table = &words._table
            return
        self._table = &self._own
        if fw_table_init(&self._own, words._seeds[0], words._seeds[1]) < 0:
            raise _no_memory()

    def __dealloc__(self):
        fw_table_free(&self._own)
        free(self._recent)
        free(self._numbers)

    def run(self, Piece piece not None, bint ids):
        """Tokenise `piece`, with the ids of its tokens or only counting them."""
        piece._run(self, ids or not self._grow)


cdef class Words:
    """All words of a corpus in the order in which they come up, or those of a known vocabulary.

    Parameters
    ----------
    index : dict or None
        Index of each word of a known vocabulary. Keys that are not str stand for no token.

    Raises
    ------
    ValueError
        If an index does not lie between 0 and 2**31 - 1.
    """

    cdef fw_table _table
    cdef bint _known
    cdef uint64_t[2] _seeds
    cdef int64_t *_first
    cdef int64_t _first_capacity
    cdef int64_t _n_tokens

    def __cinit__(self, dict index=None):
        cdef const uint8_t[::1] seeds = os.urandom(16)
        memcpy(self._seeds, &seeds[0], 16)
        self._known = index is not None
        self._first = NULL
        self._first_capacity = self._n_tokens = 0
        if fw_table_init(&self._table, self._seeds[0], self._seeds[1]) < 0:
            raise _no_memory()
        if self._known:
            self._learn(index)

    def __dealloc__(self):
        fw_table_free(&self._table)
        free(self._first)

    cdef int _learn(self, dict index) except -1:
        cdef fw_key key
        cdef int64_t value
        cdef uint8_t[FW_PADDING] padded
        for word, number in index.items():
            if not isinstance(word, str):
                continue
            value = number
            if not 0 <= value <= 0x7fffffff:
                raise ValueError(f"the index of the word {word!r:.80} must lie between 0 and 2**31 - 1")
            text = self._key(word, &key, padded)
            if text is not None and fw_add(&self._table, &key, <int32_t> value) < 0:
                raise _no_memory()
        return 0

    cdef bytes _key(self, str word, fw_key *key, uint8_t *padded):
        """Make the key of a word; return the bytes that it points to, None if no text has such a word."""
        cdef bytes text
        cdef const uint8_t *start
        cdef Py_ssize_t length
        try:
            text = word.encode("utf-8")
        except UnicodeEncodeError:
            return None
        length = PyBytes_GET_SIZE(text)
        if length == 0 or length > 0x7fffffff:
            return None
        start = <const uint8_t *> PyBytes_AS_STRING(text)
        if length < 16:
            memcpy(padded, start, length)
            start = padded
        fw_make_key(&self._table, start, <uint32_t> length, key)
        return text

    def __len__(self):
        return self._table.n_words

    def adopt(self, Piece piece not None):
        """Number the words of the next piece of the text, and translate its ids."""
        cdef int64_t i, known = self._table.n_words
        cdef fw_tokens *tokens = &piece._tokens
        cdef Tokenizer by = piece._by
        cdef bint failed
        if self._known:
            self._n_tokens += tokens.n_tokens
            return
        with nogil:
            failed = (
                fw_reserve(<void **> &by._numbers, &by._numbers_capacity, by._n_numbers + tokens.n_fresh,
                           sizeof(int32_t)) < 0
                or fw_reserve(<void **> &self._first, &self._first_capacity, known + tokens.n_fresh,
                              sizeof(int64_t)) < 0
                or fw_adopt(&self._table, piece._fresh_text, piece._fresh_lengths, tokens.n_fresh,
                            by._numbers + by._n_numbers) < 0
            )
            if not failed:
                self._note_first(tokens, by._numbers + by._n_numbers, known)
                if tokens.ids is not NULL:
                    for i in range(tokens.n_tokens):
                        tokens.ids[i] = by._numbers[tokens.ids[i]]
        if failed:
            raise _no_memory()
        by._n_numbers += tokens.n_fresh
        self._n_tokens += tokens.n_tokens

    cdef void _note_first(self, fw_tokens *tokens, int32_t *numbers, int64_t known) noexcept nogil:
        """Note at which token each new word came up; words new to the piece are new to all from `known` on."""
        cdef int64_t i
        for i in range(tokens.n_fresh):
            if numbers[i] == known:
                self._first[known] = self._n_tokens + tokens.fresh_at[i]
                known += 1

    def decoded(self, const int64_t[::1] numbers=None):
        """Return the words of those numbers as a list of str, or all words."""
        cdef int64_t i, number, n = self._table.n_words if numbers is None else numbers.shape[0]
        cdef list words = [None] * n
        cdef uint8_t[FW_INLINE_BYTES] room
        cdef const fw_entry *entry
        for i in range(n):
            number = i if numbers is None else numbers[i]
            if not 0 <= number < self._table.n_words:
                raise IndexError(f"there is no word of number {number}, but {self._table.n_words} words")
            entry = &self._table.entries[number]
            words[i] = PyUnicode_DecodeUTF8(
                <const char *> fw_spelling(&self._table, entry, room), entry.length, NULL)
        return words

    def numbers(self, words):
        """Return the number of each of `words`, -1 for one that is not there, as an array of int64."""
        cdef int64_t[::1] found = np.full(len(words), -1, dtype=np.int64)
        cdef int64_t i = 0
        cdef fw_key key
        cdef uint8_t[FW_PADDING] padded
        for word in words:
            if isinstance(word, str):
                text = self._key(word, &key, padded)
                if text is not None:
                    found[i] = fw_find(&self._table, &key)
            i += 1
        return np.asarray(found)

    def known_before(self, int64_t token):
        """Return how many words had come up before the token of that number."""
        cdef int64_t low = 0, high = self._table.n_words, middle
        while low < high:
            middle = (low + high) // 2
            if self._first[middle] < token:
                low = middle + 1
            else:
                high = middle
        return low

    def counts(self, tokenizers):
        """Return how often `tokenizers` met each word, by number, as an array of int64."""
        cdef int64_t[::1] total = np.zeros(max(1, self._table.n_words), dtype=np.int64)
        cdef Tokenizer by
        cdef int64_t i
        for by in tokenizers:
            with nogil:
                for i in range(by._n_numbers):
                    total[by._numbers[i]] += by._own.entries[i].count
        return np.asarray(total)[:self._table.n_words]


cdef class Sentences:
    """Cut the tokens of pieces into sentences.

    Parameters
    ----------
    most : int
        Tokens of one sentence; a longer line becomes several.
    """

    cdef fw_sentence _open

    def __cinit__(self, int64_t most):
        self._open.most = most
        self._open.raw = self._open.kept = 0

    def cut(self, Piece piece not None):
        """Return what the next piece adds.

        Returns
        -------
        ids : ndarray of int32
            The ids of the known tokens, a view that holds until the piece is used again; empty if the piece was
            tokenised without.
        kept, raw : ndarray of int64
            Tokens, known and all, of each sentence that ends in the piece.
        """
        cdef fw_tokens *tokens = &piece._tokens
        cdef int64_t most = tokens.n_lines + (tokens.n_tokens + self._open.raw) // self._open.most + 2
        cdef int64_t[::1] raw = np.empty(most, dtype=np.int64)
        cdef int64_t[::1] kept = np.empty(most, dtype=np.int64)
        cdef int64_t n, n_kept
        with nogil:
            n = fw_cut(&self._open, tokens, tokens.ids, &raw[0], &kept[0], piece.ends_file, &n_kept)
        if tokens.ids is NULL or n_kept == 0:
            ids = np.empty(0, dtype=np.int32)
        else:
            ids = np.asarray(<int32_t[:n_kept]> tokens.ids)
        return ids, np.asarray(kept)[:n], np.asarray(raw)[:n]
