# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Tokenise UTF-8 text into word counts and int32 ids, without a Python object for each token and without the GIL.

Several `Tokenizer` objects work at the same time, each on a `TextBlock` that ends where a token ends. Each has a hash
table of its own, so that threads share no data. After tokenising, a block holds the word numbers of that table and
copies of the words that were new to it. A `WordTable` merges the blocks in the order of the text: it numbers each word
when it first occurs there, as a dict would that saw one token after another, and translates the ids. With a known
vocabulary, all tokenizers read one table, and nothing is translated. A `SentenceSplitter` cuts the tokens into
sentences.

The C headers process the bytes: `tokenize.h`, `word_table.h` and `byte_classes.h`.
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
        FW_CACHE_SIZE
        FW_INLINE_BYTES
        FW_DONE
        FW_NO_MEMORY
    ctypedef struct fw_entry:
        uint32_t length
        int64_t count
    ctypedef struct fw_table:
        fw_entry *entries
        int64_t n_words
        uint8_t *bytes
        int64_t n_bytes
    ctypedef struct fw_key:
        pass
    ctypedef struct fw_tokens:
        int32_t *ids
        int64_t n_tokens
        int32_t *line_ends
        int64_t n_lines
        int32_t *new_word_at
        int64_t n_new_words
        int64_t invalid_at
    ctypedef struct fw_open_sentence:
        int64_t max_length
        int64_t raw
        int64_t kept
        int keep_empty
    const uint8_t *fw_word_bytes(const fw_table *table, const fw_entry *entry, uint8_t *buffer)
    int fw_table_init(fw_table *table, uint64_t seed0, uint64_t seed1)
    void fw_table_free(fw_table *table)
    int fw_reserve(void **array, int64_t *capacity, int64_t needed, size_t item)
    void fw_make_key(const fw_table *table, const uint8_t *text, uint32_t length, fw_key *key)
    int64_t fw_add(fw_table *table, const fw_key *key, int32_t id)
    int64_t fw_find(const fw_table *table, const fw_key *key)
    int fw_merge_words(fw_table *table, const uint8_t *text, const uint32_t *lengths, int64_t n, int32_t *numbers)
    int fw_tokenize(fw_table *table, uint32_t *cache, fw_tokens *out, const uint8_t *text, int64_t length, int grow,
                    int lines, int portable)
    int64_t fw_split_sentences(fw_open_sentence *open, const fw_tokens *tokens, int32_t *ids, int64_t *raw_lengths,
                               int64_t *kept_lengths, int ends_file, int64_t *n_kept)

MAX_BLOCK_SIZE = 1 << 30


def _memory_error():
    return MemoryError("no memory for the words of the text; count fewer by max_vocab_size")


cdef class TextBlock:
    """A block of text and its tokens.

    Parameters
    ----------
    size : int
        Initial capacity in bytes.

    Attributes
    ----------
    name : object
        The file of the text.
    ends_file : bool
        Whether the block ends its file. A line that ends with the block is then complete, even without a line feed.
    """

    cdef public object name
    cdef public bint ends_file
    cdef object _buffer
    cdef int64_t _length
    cdef fw_tokens _tokens
    cdef int64_t _ids_capacity
    cdef uint8_t *_new_words_text
    cdef int64_t _new_words_text_capacity
    cdef uint32_t *_new_words_lengths
    cdef int64_t _new_words_lengths_capacity
    cdef Tokenizer _tokenizer

    def __cinit__(self, int64_t size):
        memset(&self._tokens, 0, sizeof(fw_tokens))
        self._ids_capacity = self._new_words_text_capacity = self._new_words_lengths_capacity = 0
        self._new_words_text = NULL
        self._new_words_lengths = NULL
        self._buffer = bytearray(size + FW_PADDING)

    def __dealloc__(self):
        free(self._tokens.ids)
        free(self._tokens.line_ends)
        free(self._tokens.new_word_at)
        free(self._new_words_text)
        free(self._new_words_lengths)

    @property
    def text(self):
        """The buffer of the text, a bytearray; bytes beyond `length` have no meaning."""
        return self._buffer

    @property
    def capacity(self):
        """Number of bytes of text that the buffer can hold."""
        return len(self._buffer) - FW_PADDING

    def enlarge(self):
        """Double the capacity, and keep the text.

        Raises
        ------
        ValueError
            If the buffer has reached its limit.
        """
        if len(self._buffer) > MAX_BLOCK_SIZE:
            raise ValueError(f"{self.name} has more than {MAX_BLOCK_SIZE} bytes without ASCII white space")
        enlarged = bytearray(2 * self.capacity + FW_PADDING)
        enlarged[:self.capacity] = memoryview(self._buffer)[:self.capacity]
        self._buffer = enlarged

    @property
    def length(self):
        """Number of bytes of the text."""
        return self._length

    @length.setter
    def length(self, int64_t length):
        if not 0 <= length <= self.capacity:
            raise ValueError(f"length must be between 0 and {self.capacity}, got {length}")
        self._length = length

    @property
    def n_tokens(self):
        """Number of tokens."""
        return self._tokens.n_tokens

    @property
    def n_lines(self):
        """Number of line feeds."""
        return self._tokens.n_lines

    @property
    def invalid_at(self):
        """Offset of the first byte that is not UTF-8, or -1. All other results are undefined if there is one."""
        return self._tokens.invalid_at

    cdef int _tokenize(self, Tokenizer tokenizer, bint ids) except -1:
        cdef uint8_t[::1] text = self._buffer
        cdef fw_table *table = tokenizer._table
        cdef int64_t n_words_before = table.n_words, n_bytes_before = table.n_bytes, n_new_bytes, i
        cdef int result
        memset(&text[self._length], 32, FW_PADDING)
        if ids and self._ids_capacity < self._length // 2 + 1:
            free(self._tokens.ids)
            self._ids_capacity = 0
            self._tokens.ids = <int32_t *> malloc((text.shape[0] // 2 + 1) * sizeof(int32_t))
            if self._tokens.ids is NULL:
                raise _memory_error()
            self._ids_capacity = text.shape[0] // 2 + 1
        self._tokenizer = tokenizer
        with nogil:
            result = fw_tokenize(table, tokenizer._cache, &self._tokens, &text[0], self._length, tokenizer._grow,
                                 tokenizer._lines, tokenizer._portable)
            if result == FW_DONE:
                # The words that are new to this table are copied, because the table changes before they are merged.
                n_new_bytes = table.n_bytes - n_bytes_before
                if (fw_reserve(<void **> &self._new_words_text, &self._new_words_text_capacity,
                               n_new_bytes + FW_PADDING, 1) < 0
                        or fw_reserve(<void **> &self._new_words_lengths, &self._new_words_lengths_capacity,
                                      self._tokens.n_new_words, sizeof(uint32_t)) < 0):
                    result = FW_NO_MEMORY
                elif self._tokens.n_new_words:
                    memcpy(self._new_words_text, table.bytes + n_bytes_before, n_new_bytes)
                    for i in range(self._tokens.n_new_words):
                        self._new_words_lengths[i] = table.entries[n_words_before + i].length
        if result == FW_NO_MEMORY:
            raise _memory_error()
        return 0


cdef class Tokenizer:
    """Tokenise blocks with a table of words of its own; to be used by one thread at a time.

    Parameters
    ----------
    words : WordTable
        The table that the blocks are merged into. If it holds a known vocabulary, that table is read instead of an own
        one.
    lines : bool, default True
        Whether line feeds end sentences.
    portable : bool, default False
        Use no vector instructions, as on machines that have none.
    """

    cdef fw_table _own
    cdef fw_table *_table
    cdef uint32_t *_cache
    cdef bint _grow
    cdef bint _lines
    cdef bint _portable
    cdef WordTable _words
    cdef int32_t *_numbers  # number in the WordTable of each word of the own table
    cdef int64_t _numbers_capacity
    cdef int64_t _n_numbers

    def __cinit__(self, WordTable words not None, bint lines=True, bint portable=False):
        memset(&self._own, 0, sizeof(fw_table))
        self._cache = NULL
        self._numbers = NULL
        self._numbers_capacity = self._n_numbers = 0
        self._words = words
        self._lines = lines
        self._portable = portable
        self._grow = not words._known
        self._cache = <uint32_t *> calloc(FW_CACHE_SIZE, sizeof(uint32_t))
        if self._cache is NULL:
            raise _memory_error()
        if words._known:
            self._table = &words._table
            return
        self._table = &self._own
        if fw_table_init(&self._own, words._seeds[0], words._seeds[1]) < 0:
            raise _memory_error()

    def __dealloc__(self):
        fw_table_free(&self._own)
        free(self._cache)
        free(self._numbers)

    def tokenize(self, TextBlock block not None, bint ids):
        """Tokenise a block.

        Parameters
        ----------
        block : TextBlock
            Its tokens are replaced. Blocks must be merged in the order in which a tokenizer gets them.
        ids : bool
            Whether the block receives the ids of its tokens; without them, words are only counted. With a known
            vocabulary there are always ids.
        """
        block._tokenize(self, ids or not self._grow)

    cdef int _clear(self) except -1:
        """Forget all words of the own table."""
        fw_table_free(&self._own)
        memset(self._cache, 0, FW_CACHE_SIZE * sizeof(uint32_t))
        self._n_numbers = 0
        if fw_table_init(&self._own, self._words._seeds[0], self._words._seeds[1]) < 0:
            raise _memory_error()
        return 0


cdef class WordTable:
    """The words of a corpus in the order of first occurrence, or those of a known vocabulary.

    Parameters
    ----------
    index : dict, optional
        Index of each word of a known vocabulary. Keys that are not str match no token. By default the table is empty
        and receives the words of the text.

    Raises
    ------
    ValueError
        If an index does not lie between 0 and 2**31 - 1.
    """

    cdef fw_table _table
    cdef bint _known
    cdef uint64_t[2] _seeds
    cdef int64_t *_first_token  # number of the first token of each word
    cdef int64_t _first_token_capacity
    cdef int64_t _n_tokens

    def __cinit__(self, dict index=None):
        cdef const uint8_t[::1] seeds = os.urandom(16)
        memcpy(self._seeds, &seeds[0], 16)
        self._known = index is not None
        self._first_token = NULL
        self._first_token_capacity = self._n_tokens = 0
        if fw_table_init(&self._table, self._seeds[0], self._seeds[1]) < 0:
            raise _memory_error()
        if self._known:
            self._add_index(index)

    def __dealloc__(self):
        fw_table_free(&self._table)
        free(self._first_token)

    cdef int _add_index(self, dict index) except -1:
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
                raise _memory_error()
        return 0

    cdef bytes _key(self, str word, fw_key *key, uint8_t *padded):
        """Make the key of a word; return the bytes that the key points to, or None if the word cannot be a token."""
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

    def merge(self, TextBlock block not None):
        """Number the new words of the next block of the text, and translate the ids of the block."""
        cdef int64_t i, n_words_before = self._table.n_words
        cdef fw_tokens *tokens = &block._tokens
        cdef Tokenizer tokenizer = block._tokenizer
        cdef bint failed
        if self._known:
            self._n_tokens += tokens.n_tokens
            return
        with nogil:
            failed = (
                fw_reserve(<void **> &tokenizer._numbers, &tokenizer._numbers_capacity,
                           tokenizer._n_numbers + tokens.n_new_words, sizeof(int32_t)) < 0
                or fw_reserve(<void **> &self._first_token, &self._first_token_capacity,
                              n_words_before + tokens.n_new_words, sizeof(int64_t)) < 0
                or fw_merge_words(&self._table, block._new_words_text, block._new_words_lengths, tokens.n_new_words,
                                  tokenizer._numbers + tokenizer._n_numbers) < 0
            )
            if not failed:
                self._record_first_tokens(tokens, tokenizer._numbers + tokenizer._n_numbers, n_words_before)
                if tokens.ids is not NULL:
                    for i in range(tokens.n_tokens):
                        tokens.ids[i] = tokenizer._numbers[tokens.ids[i]]
        if failed:
            raise _memory_error()
        tokenizer._n_numbers += tokens.n_new_words
        self._n_tokens += tokens.n_tokens

    cdef void _record_first_tokens(self, fw_tokens *tokens, int32_t *numbers, int64_t n_words_before) noexcept nogil:
        """Record the first token of each word that is new to this table: its numbers go up from `n_words_before`."""
        cdef int64_t i, number = n_words_before
        for i in range(tokens.n_new_words):
            if numbers[i] == number:
                self._first_token[number] = self._n_tokens + tokens.new_word_at[i]
                number += 1

    def clear(self, tokenizers):
        """Forget all words, so that the next block begins a new table; a text of any length then needs bounded memory.

        Parameters
        ----------
        tokenizers : sequence of Tokenizer
            Those that work for this table. All blocks that they have tokenised must have been merged.

        Raises
        ------
        ValueError
            If the table holds a known vocabulary.
        """
        cdef Tokenizer tokenizer
        if self._known:
            raise ValueError("a table of a known vocabulary cannot be cleared")
        fw_table_free(&self._table)
        self._n_tokens = 0
        if fw_table_init(&self._table, self._seeds[0], self._seeds[1]) < 0:
            raise _memory_error()
        for tokenizer in tokenizers:
            tokenizer._clear()

    def decode(self, const int64_t[::1] numbers=None):
        """Return the words with the given numbers as a list of str; all words by default."""
        cdef int64_t i, number, n = self._table.n_words if numbers is None else numbers.shape[0]
        cdef list words = [None] * n
        cdef uint8_t[FW_INLINE_BYTES] buffer
        cdef const fw_entry *entry
        for i in range(n):
            number = i if numbers is None else numbers[i]
            if not 0 <= number < self._table.n_words:
                raise IndexError(f"word number {number} is out of range: there are {self._table.n_words} words")
            entry = &self._table.entries[number]
            words[i] = PyUnicode_DecodeUTF8(
                <const char *> fw_word_bytes(&self._table, entry, buffer), entry.length, NULL)
        return words

    def numbers(self, words):
        """Return the number of each of `words`, or -1, as an array of int64."""
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

    def count_before(self, int64_t token):
        """Return the number of distinct words before the given token of the text; 0 is the first token."""
        cdef int64_t low = 0, high = self._table.n_words, middle
        while low < high:
            middle = (low + high) // 2
            if self._first_token[middle] < token:
                low = middle + 1
            else:
                high = middle
        return low

    def counts(self, tokenizers):
        """Return the number of occurrences of each word in all that `tokenizers` have read, as an array of int64."""
        cdef int64_t[::1] total = np.zeros(max(1, self._table.n_words), dtype=np.int64)
        cdef Tokenizer tokenizer
        cdef int64_t i
        for tokenizer in tokenizers:
            with nogil:
                for i in range(tokenizer._n_numbers):
                    total[tokenizer._numbers[i]] += tokenizer._own.entries[i].count
        return np.asarray(total)[:self._table.n_words]


cdef class SentenceSplitter:
    """Cut the tokens of consecutive blocks into sentences.

    Parameters
    ----------
    max_length : int
        Maximum number of tokens of a sentence; a longer line becomes several sentences.
    keep_empty : bool, default False
        Whether a line without tokens is a sentence without tokens. By default it is skipped.
    """

    cdef fw_open_sentence _open

    def __cinit__(self, int64_t max_length, bint keep_empty=False):
        self._open.keep_empty = keep_empty
        self._open.max_length = max_length
        self._open.raw = self._open.kept = 0

    def split(self, TextBlock block not None):
        """Return the ids and the sentences of the next block.

        Returns
        -------
        ids : ndarray of int32
            The ids of the known tokens, as a view that is valid until the block is used again. It is empty if the block
            was tokenised without ids.
        lengths, raw_lengths : ndarray of int64
            Number of known tokens, and of all tokens, of each sentence that ends in the block.
        """
        cdef fw_tokens *tokens = &block._tokens
        cdef int64_t capacity = tokens.n_lines + (tokens.n_tokens + self._open.raw) // self._open.max_length + 2
        cdef int64_t[::1] raw_lengths = np.empty(capacity, dtype=np.int64)
        cdef int64_t[::1] lengths = np.empty(capacity, dtype=np.int64)
        cdef int64_t n, n_kept
        with nogil:
            n = fw_split_sentences(&self._open, tokens, tokens.ids, &raw_lengths[0], &lengths[0], block.ends_file,
                                   &n_kept)
        if tokens.ids is NULL or n_kept == 0:
            ids = np.empty(0, dtype=np.int32)
        else:
            ids = np.asarray(<int32_t[:n_kept]> tokens.ids)
        return ids, np.asarray(lengths)[:n], np.asarray(raw_lengths)[:n]
