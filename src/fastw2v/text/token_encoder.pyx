# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Encode Python tokens as int32 ids, and count them.

A `TokenEncoder` maps words to ids by a dict, and counts them in a C array by id. Short str tokens are first looked up
by their characters in a hash table, which the text reader also uses. This lookup needs neither Python's hash of the
token nor a comparison with a string elsewhere in memory. The dict is used for all other tokens. It must not be changed
from outside while the encoder uses it.

A token that the dict does not have, and that is neither a str nor an int, is replaced by the str or int that it stands
for (`tokens.as_word`). If it stands for none, it is refused where words are counted, and left out elsewhere.

The rows of a column (`RowBatch`) are encoded without a Python object for each token: their texts and integers have hash
tables of their own in front of the dict, and a token becomes an object only when it is not in them.

Ids are written to a buffer of fixed size, which is passed to a sink whenever it is full, even within a sentence. Only
the sink therefore determines how much memory is used. Between two calls of the sink, Python handles signals and other
threads run.

References are strong wherever another thread, or a token's own ``__eq__``, could drop a borrowed one.
"""

cimport cython
from cpython.exc cimport PyErr_CheckSignals, PyErr_Clear
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

import os
from collections.abc import Mapping

import numpy as np

from fastw2v.text.arrow cimport FW_NULL, FW_VALID, RowBatch, decode_text, fw_get_integer, fw_get_text
from fastw2v.text.tokens import as_word, check_sentence, describe_refusal

cdef extern from *:
    """
    /* Return the id of a token, -1 if index has none, -2 with an exception set. */
    static CYTHON_INLINE int64_t fastw2v_lookup(PyObject *index, PyObject *token) {
        long long id;
    #if PY_VERSION_HEX >= 0x030D0000
        PyObject *value;
        int found = PyDict_GetItemRef(index, token, &value);
        if (found <= 0) return found - 1;
        id = PyLong_AsLongLong(value);
        Py_DECREF(value);
    #else
        PyObject *value = PyDict_GetItemWithError(index, token);
        if (value == NULL) return PyErr_Occurred() ? -2 : -1;
        id = PyLong_AsLongLong(value);
    #endif
        if (id >= 0 && id <= 0x7fffffff) return id;
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "word indices must lie between 0 and 2**31 - 1");
        return -2;
    }

    /* Return list[i], or NULL without an exception if the list has become shorter. The reference is borrowed where the
     * GIL keeps other threads from dropping it; it is valid until other Python code runs. fastw2v_release ends its
     * use. */
    static CYTHON_INLINE PyObject *fastw2v_list_item(PyObject *list, Py_ssize_t i) {
    #ifdef Py_GIL_DISABLED
        PyObject *item;
        if (i >= PyList_GET_SIZE(list)) return NULL;
        item = PyList_GetItemRef(list, i);
        if (item == NULL) PyErr_Clear();
        return item;
    #else
        return i < PyList_GET_SIZE(list) ? PyList_GET_ITEM(list, i) : NULL;
    #endif
    }

    static CYTHON_INLINE void fastw2v_release(PyObject *item) {
    #ifdef Py_GIL_DISABLED
        Py_DECREF(item);
    #else
        (void)item;
    #endif
    }
    """
    ctypedef struct PyObject
    int64_t fastw2v_lookup(object index, object token)
    PyObject *fastw2v_list_item(object sequence, Py_ssize_t i)
    void fastw2v_release(PyObject *item)

cdef extern from "text/str_keys.h":
    ctypedef struct fw_entry:
        int32_t id
    ctypedef struct fw_bucket:
        pass
    ctypedef struct fw_table:
        fw_bucket *buckets
        uint64_t mask
        fw_entry *entries
        int64_t n_words
    ctypedef struct fw_key:
        uint64_t low
        uint64_t high
        uint64_t hash
        const uint8_t *text
        uint32_t length
    enum:
        FW_INLINE_BYTES
    void FW_PREFETCH_TO_READ(const void *address)
    uint64_t fw_hash(const fw_table *table, uint64_t low, uint64_t high, uint32_t length)
    void fw_make_key(const fw_table *table, const uint8_t *text, uint32_t length, fw_key *key)
    int64_t fw_find(const fw_table *table, const fw_key *key)
    int fw_table_init(fw_table *table, uint64_t seed0, uint64_t seed1)
    void fw_table_free(fw_table *table)
    int64_t fw_add(fw_table *table, const fw_key *key, int32_t id)
    int fw_str_key(const fw_table *tables, PyObject *token, fw_key *key)
    int64_t fw_find_short(const fw_table *table, const fw_key *key)
    void fw_prefetch_item(object sequence, Py_ssize_t i)

cdef enum:
    MAX_TABLE_WORDS = 1 << 20  # words of each hash table in front of the dict
    PREFETCH_DISTANCE = 16  # tokens
    KEYS = 64  # texts of a list that are looked up together
    MAX_KEY_BYTES = 1 << 20  # longer texts are not worth copying to a table
    ID_BUFFER_SIZE = 1 << 16
    SENTENCE_BUFFER_SIZE = 1 << 13
    TEXTS = 0  # the table of texts in UTF-8
    INTEGERS = 3


@cython.final  # calls of methods are then calls of C functions
cdef class TokenEncoder:
    """Encode sentences by one dict, and count the words if the dict grows.

    Parameters
    ----------
    index : dict
        Id of each word. With `grow` it is filled in the order of first occurrence and should be empty at first.
    grow : bool
        If True, an unknown word gets the next id, and words are counted; a token that is no word raises a TypeError.
        If False, unknown words are left out.
    sink : callable, optional
        Called as ``sink(ids, lengths, raw_lengths)`` with views of the internal buffers, which are valid only during
        the call: the next ids (int32), and the numbers of ids and of raw tokens (int64) of the sentences that were
        completed since the last call. By default only the counts are kept.
    observer : object, optional
        ``observer.report(number, raw_words, n_words)`` is called before each sentence whose number is a multiple of
        ``observer.every``, ``observer.warn_plain_text(sentence)`` for a sentence that is a str or bytes, and
        ``observer.prune(counts)``, which shrinks the dict of counts in place, after each sentence that leaves more than
        ``observer.max_words`` words.
    """

    cdef fw_table[5] _tables  # indexed by the bytes per character, and by TEXTS and INTEGERS
    cdef dict _index
    cdef bint _grow
    cdef object _sink
    cdef object _observer
    cdef object _checked_type  # the type of the sentence that was checked last
    cdef int64_t _every
    cdef int64_t _max_words
    cdef int64_t *_counts
    cdef Py_ssize_t _capacity
    cdef object _ids_array
    cdef object _lengths_array
    cdef object _raw_array
    cdef int32_t[::1] _ids
    cdef int64_t[::1] _lengths
    cdef int64_t[::1] _raw
    cdef Py_ssize_t _n_ids
    cdef Py_ssize_t _n_buffered_sentences
    cdef int64_t _n_kept
    cdef int64_t _n_raw
    cdef readonly int64_t n_sentences
    cdef readonly int64_t raw_words

    def __cinit__(self):
        self._counts = NULL
        memset(self._tables, 0, sizeof(self._tables))
        self._clear_tables()

    def __dealloc__(self):
        free(self._counts)
        for width in range(5):
            fw_table_free(&self._tables[width])

    cdef int _clear_tables(self) except -1:
        cdef const uint64_t[::1] seeds = np.frombuffer(os.urandom(16), dtype=np.uint64)
        for width in range(5):
            fw_table_free(&self._tables[width])
            if fw_table_init(&self._tables[width], seeds[0], seeds[1]) < 0:
                raise MemoryError("no memory for a table of words")
        return 0

    def __init__(self, dict index, bint grow, sink=None, observer=None):
        self._index = index
        self._grow = grow
        self._sink = sink
        self._observer = observer
        self._every = observer.every if observer is not None else 0
        self._max_words = (observer.max_words or 0) if observer is not None else 0
        self._ids_array = np.empty(ID_BUFFER_SIZE, dtype=np.int32)
        self._lengths_array = np.empty(SENTENCE_BUFFER_SIZE, dtype=np.int64)
        self._raw_array = np.empty(SENTENCE_BUFFER_SIZE, dtype=np.int64)
        self._ids = self._ids_array
        self._lengths = self._lengths_array
        self._raw = self._raw_array

    def feed(self, iterator, int64_t words=2**62):
        """Read sentences from an iterator, and pass everything that was read to the sink.

        Parameters
        ----------
        iterator : iterator
            Sentences, or batches of them (`RowBatch`).
        words : int, optional
            Stop after the sentence with which at least this many raw tokens were read. By default all sentences are
            read.

        Returns
        -------
        bool
            False if `iterator` is exhausted.
        """
        cdef int64_t stop = self.raw_words + words
        for sentence in iterator:
            if type(sentence) is RowBatch:
                self._rows(<RowBatch> sentence)
            else:
                self._sentence(sentence)
            if self.raw_words >= stop:
                self._flush()
                return True
        self._flush()
        return False

    def counts(self):
        """Return the count of each word as a new dict, in the order of the ids."""
        cdef Py_ssize_t n = len(self._index)
        if n == 0:
            return {}
        return dict(zip(self._index, np.asarray(<int64_t[:n]> self._counts).tolist()))

    cdef inline int _begin_sentence(self) except -1:
        if self._every and self.n_sentences % self._every == 0:
            self._observer.report(self.n_sentences, self.raw_words, len(self._index))
        self._n_kept = 0
        self._n_raw = 0
        return 0

    cdef inline int _end_sentence(self) except -1:
        self._lengths[self._n_buffered_sentences] = self._n_kept
        self._raw[self._n_buffered_sentences] = self._n_raw
        self._n_buffered_sentences += 1
        self.n_sentences += 1
        self.raw_words += self._n_raw
        if self._n_buffered_sentences == self._lengths.shape[0]:
            self._flush()
        if self._max_words and len(self._index) > self._max_words:
            self._prune()
        return 0

    cdef int _sentence(self, object sentence) except -1:
        self._begin_sentence()
        if type(sentence) is list:
            self._list(sentence)
        elif type(sentence) is tuple:
            self._tuple(<tuple> sentence)
        else:
            self._other(sentence)
        return self._end_sentence()

    cdef int _rows(self, RowBatch batch) except -1:
        """Encode the lists of a batch; lists and items that are null are left out."""
        cdef int64_t row, i, start, end
        for row in range(batch.n_rows):
            if batch.get_list(row, &start, &end) == FW_NULL:
                continue
            self._begin_sentence()
            if batch.has_text_items:
                self._texts(batch, row, start, end)
            else:
                for i in range(start, end):
                    self._integer(batch, row, i)
            self._end_sentence()
        return 0

    cdef int _texts(self, RowBatch batch, int64_t row, int64_t start, int64_t end) except -1:
        """Encode the texts of a list, some dozens at a time, so that the memory of their look-ups can be prefetched."""
        cdef const uint8_t *text
        cdef int64_t length, readable, i
        cdef uint8_t[KEYS * FW_INLINE_BYTES] padded
        cdef fw_key[KEYS] keys
        cdef int status, n = 0
        cdef fw_table *table = &self._tables[TEXTS]
        for i in range(start, end):
            status = fw_get_text(&batch.values, i, &text, &length, &readable)
            if status != FW_VALID:
                if status == FW_NULL:
                    continue
                batch.raise_damaged(row)
            if length == 0 or length > MAX_KEY_BYTES:  # no entry has either length
                self._look_up_texts(batch, row, keys, n)
                n = 0
                self._unknown_in_batch(decode_text(batch, row, text, length), -1, keys)
                continue
            if readable < FW_INLINE_BYTES:
                if length <= 12 <= readable:
                    memcpy(padded + n * FW_INLINE_BYTES, text, 12)  # a short view; the constant makes it two loads
                else:
                    memcpy(padded + n * FW_INLINE_BYTES, text, length)
                text = padded + n * FW_INLINE_BYTES
            fw_make_key(table, text, <uint32_t> length, &keys[n])
            FW_PREFETCH_TO_READ(&table.buckets[keys[n].hash & table.mask])
            n += 1
            if n == KEYS:
                self._look_up_texts(batch, row, keys, n)
                n = 0
        return self._look_up_texts(batch, row, keys, n)

    cdef int _look_up_texts(self, RowBatch batch, int64_t row, const fw_key *keys, int n) except -1:
        cdef fw_table *table = &self._tables[TEXTS]
        cdef int64_t number
        cdef int k
        for k in range(n):
            if keys[k].length <= FW_INLINE_BYTES:
                number = fw_find_short(table, &keys[k])
            else:
                number = fw_find(table, &keys[k])
            if number < 0:
                token = decode_text(batch, row, keys[k].text, keys[k].length)
                self._unknown_in_batch(token, TEXTS, &keys[k])
            else:
                self._found_in_batch(table.entries[number].id)
        return 0

    cdef inline int _integer(self, RowBatch batch, int64_t row, int64_t i) except -1:
        cdef int64_t integer, number
        cdef int is_large
        cdef fw_key key
        cdef int status = fw_get_integer(&batch.values, i, &integer, &is_large)
        if status != FW_VALID:
            return 0 if status == FW_NULL else batch.raise_damaged(row)
        key.low = <uint64_t> integer
        key.high = is_large
        key.length = 8
        key.text = <const uint8_t *> &integer
        key.hash = fw_hash(&self._tables[INTEGERS], key.low, key.high, key.length)
        number = fw_find_short(&self._tables[INTEGERS], &key)
        if number < 0:
            return self._unknown_in_batch(<uint64_t> integer if is_large else integer, INTEGERS, &key)
        return self._found_in_batch(self._tables[INTEGERS].entries[number].id)

    cdef inline int _found_in_batch(self, int64_t id) except -1:
        self._n_raw += 1
        return self._append_id(id) if id >= 0 else 0

    cdef int _unknown_in_batch(self, object token, int table, const fw_key *key) except -1:
        """Encode a token that table number `table` does not have, and add it there, even if it has no id.

        -1 means that the token belongs to no table.
        """
        self._n_raw += 1
        cdef int64_t id = self._id_from_dict(token)
        if (table >= 0 and self._tables[table].n_words < MAX_TABLE_WORDS
                and fw_add(&self._tables[table], key, <int32_t> id) < 0):
            raise MemoryError("no memory for a table of words")
        return self._append_id(id) if id >= 0 else 0

    cdef int _list(self, object sentence) except -1:
        cdef Py_ssize_t i = 0
        cdef PyObject *item = fastw2v_list_item(sentence, i)
        cdef fw_key key
        cdef int width
        cdef int64_t number
        while item is not NULL:
            fw_prefetch_item(sentence, i + PREFETCH_DISTANCE)
            width = fw_str_key(self._tables, item, &key)
            number = fw_find_short(&self._tables[width], &key) if width else -1
            if number >= 0:
                fastw2v_release(item)
                self._n_raw += 1
                self._append_id(self._tables[width].entries[number].id)
            else:
                token = <object> item
                fastw2v_release(item)
                self._unknown_to_table(token, width, &key)
            i += 1
            item = fastw2v_list_item(sentence, i)
        return 0

    cdef int _tuple(self, tuple sentence) except -1:
        for token in sentence:
            self._token(token)
        return 0

    cdef int _other(self, object sentence) except -1:
        if self._observer is not None and isinstance(sentence, (str, bytes)):
            self._observer.warn_plain_text(sentence)
        if type(sentence) is not self._checked_type:
            check_sentence(sentence, self.n_sentences)
            # Dicts differ: some are rows of a table, others are sets of tokens.
            self._checked_type = None if isinstance(sentence, Mapping) else type(sentence)
        try:
            tokens = iter(sentence)
        except TypeError as error:
            raise TypeError(
                f"sentence #{self.n_sentences} of the corpus is {sentence!r:.80} ({type(sentence).__name__})"
                "; each sentence must be an iterable of tokens, such as a list of str"
            ) from error
        for token in tokens:
            self._token(token)
        return 0

    cdef inline int _token(self, object token) except -1:
        cdef fw_key key
        cdef int width = fw_str_key(self._tables, <PyObject *> token, &key)
        cdef int64_t number = fw_find_short(&self._tables[width], &key) if width else -1
        if number < 0:
            return self._unknown_to_table(token, width, &key)
        self._n_raw += 1
        return self._append_id(self._tables[width].entries[number].id)

    cdef int _unknown_to_table(self, object token, int width, const fw_key *key) except -1:
        """Encode a token that its hash table does not have; `width` is 0 if there is no table for it."""
        self._n_raw += 1
        cdef int64_t id = self._id_from_dict(token)
        if id < 0:
            return 0
        if (width and self._tables[width].n_words < MAX_TABLE_WORDS
                and fw_add(&self._tables[width], key, <int32_t> id) < 0):
            raise MemoryError("no memory for a table of words")
        return self._append_id(id)

    cdef inline int _append_id(self, int64_t id) except -1:
        if self._grow:
            self._counts[id] += 1
        self._ids[self._n_ids] = <int32_t> id
        self._n_ids += 1
        self._n_kept += 1
        if self._n_ids == ID_BUFFER_SIZE:
            self._flush()
        return 0

    cdef int64_t _id_from_dict(self, object token) except -2:
        """Return the id of a token, a new one if the dict grows; -1 if it has none."""
        cdef int64_t id = fastw2v_lookup(self._index, token)
        if id == -1 and type(token) is not str and type(token) is not int:
            token = self._as_word(token)
            id = -1 if token is None else fastw2v_lookup(self._index, token)
        if id == -2:
            self._raise_lookup_error(token)
        if id == -1 and self._grow:
            id = self._new_word(token)
        return id

    cdef object _as_word(self, object token):
        """Return the str or int that a token stands for. If there is none, return None, or refuse to count it."""
        word = as_word(token)
        if word is None and self._grow:
            raise TypeError(f"token #{self._n_raw - 1} of sentence #{self.n_sentences} {describe_refusal(token)}")
        return word

    cdef int64_t _new_word(self, object token) except -1:
        cdef Py_ssize_t n = len(self._index)
        if n > 0x7fffffff:
            raise OverflowError("the corpus has more than 2**31 distinct words; prune by max_vocab_size")
        self._reserve(n + 1)
        self._index[token] = n
        self._counts[n] = 0
        return n

    cdef int _reserve(self, Py_ssize_t n) except -1:
        cdef Py_ssize_t capacity
        cdef int64_t *enlarged
        if n <= self._capacity:
            return 0
        capacity = max(n, 2 * self._capacity, 1024)
        enlarged = <int64_t *> realloc(self._counts, capacity * sizeof(int64_t))
        if enlarged is NULL:
            raise MemoryError(f"no memory to count {n} distinct words; prune by max_vocab_size")
        self._counts = enlarged
        self._capacity = capacity
        return 0

    cdef int _raise_lookup_error(self, object token) except -1:
        """Raise the exception of the failed look-up of `token`; if the token cannot be hashed, name it."""
        PyErr_Clear()
        try:
            hash(token)
        except TypeError as error:
            raise TypeError(
                f"token #{self._n_raw - 1} of sentence #{self.n_sentences} is a {type(token).__name__}, "
                "which cannot be hashed; a corpus is an iterable of sentences, and a sentence an iterable of "
                "hashable tokens, such as str"
            ) from error
        self._index.get(token)
        raise ValueError(f"the index of the word {token!r:.80} must lie between 0 and 2**31 - 1")

    cdef int _prune(self) except -1:
        cdef dict counts = self.counts()
        cdef Py_ssize_t i = 0
        self._observer.prune(counts)
        self._index = {}
        self._clear_tables()
        for word, count in counts.items():
            self._index[word] = i
            self._counts[i] = count
            i += 1
        return 0

    cdef int _flush(self) except -1:
        if self._sink is not None:
            self._sink(
                self._ids_array[:self._n_ids],
                self._lengths_array[:self._n_buffered_sentences],
                self._raw_array[:self._n_buffered_sentences],
            )
        self._n_ids = 0
        self._n_buffered_sentences = 0
        PyErr_CheckSignals()
        with nogil:
            pass
        return 0


def renumber(int32_t[::1] ids, int64_t[::1] offsets, const int32_t[::1] table):
    """Replace each id by ``table[id]`` and remove those that become -1, in place and without the GIL.

    Parameters
    ----------
    ids : ndarray of int32, shape (tokens,)
        The result is written to its front.
    offsets : ndarray of int64, shape (sentences + 1,)
        It receives the new sentence boundaries.
    table : ndarray of int32, shape (words,)
        New id of each old id, or -1.

    Returns
    -------
    int
        Number of ids that remain.

    Raises
    ------
    IndexError
        If an id lies outside `table`; the contents of `ids` and `offsets` are undefined then.
    """
    cdef int64_t kept
    with nogil:
        kept = _renumber(ids, offsets, table)
    if kept < 0:
        raise IndexError(f"an id lies outside the table of {table.shape[0]} words")
    return kept


cdef int64_t _renumber(int32_t[::1] ids, int64_t[::1] offsets, const int32_t[::1] table) noexcept nogil:
    cdef int64_t i, sentence, stop, start = 0, kept = 0
    cdef int32_t old, new
    for sentence in range(1, offsets.shape[0]):
        stop = offsets[sentence]
        for i in range(start, stop):
            old = ids[i]
            if old < 0 or old >= table.shape[0]:
                return -1
            new = table[old]
            if new >= 0:
                ids[kept] = new
                kept += 1
        offsets[sentence] = kept
        start = stop
    return kept
