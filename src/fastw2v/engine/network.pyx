# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The network: weight arrays, sampling tables, settings and random state, as the engine needs them.

`Network` checks every array once, in its constructor, so that the loops need not check the indices that they read. It
copies nothing: the loops update the arrays of the caller in place.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.pythread cimport PyThread_allocate_lock, PyThread_free_lock
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from fastw2v.engine.negative_pool cimport FRESH_PERIOD, MAX_POOL_SIZE, SHARED_POOL_SIZE
from fastw2v.engine.noise cimport NOISE_STEP, STRIPE_BITS
from fastw2v.engine.kernels cimport kernels_named

import numpy as np


cdef enum:
    MAX_WINDOW = 1 << 30
    MAX_NEGATIVE = 1 << 20

# The width of a stripe of the noise distribution, in draws; each partition has every n-th stripe (noise.h).
STRIPE_DRAWS = 1 << STRIPE_BITS


def guide_table(const uint32_t[::1] cum_table):
    """Return the guide table of a cumulative noise table; `noise.h` describes the search that uses it.

    Parameters
    ----------
    cum_table : uint32 array (n_words,)
        Ascending.

    Returns
    -------
    guide : int32 array
        The search for a draw x starts at index ``guide[x >> shift]``. At least NOISE_STEP entries follow each start,
        unless the table is shorter. A bucket covers two to four words on average.
    shift : int

    Raises
    ------
    ValueError
        If the table is empty, all zero, or not ascending.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.engine.network import guide_table
    >>> guide, shift = guide_table(np.arange(1, 4097, dtype=np.uint32))
    >>> len(guide), shift, guide[100].item()
    (1025, 2, 399)
    """
    cdef int64_t n = cum_table.shape[0], n_buckets, bucket, index = 0, last_start = max(0, n - NOISE_STEP)
    cdef uint64_t last, min_buckets = <uint64_t>max(n // 4, 1024)
    cdef int shift = 31
    if n == 0 or cum_table[n - 1] == 0:
        raise ValueError("cum_table is empty or all zero; build the vocabulary first, or check its counts")
    if np.any(np.diff(np.asarray(cum_table).astype(np.int64)) < 0):
        raise ValueError("cum_table must be ascending: it is the cumulative distribution of the negatives")
    last = cum_table[n - 1]
    while shift > 0 and (last >> shift) < min_buckets:
        shift -= 1
    n_buckets = <int64_t>(last >> shift) + 1
    guide_array = np.empty(n_buckets, dtype=np.int32)
    cdef int32_t[::1] guide = guide_array
    for bucket in range(n_buckets):
        while cum_table[index] < (<uint64_t>bucket << shift):
            index += 1
        guide[bucket] = <int32_t>min(index, last_start)
    return guide_array, shift


cdef int64_t max_row_lines(int64_t dim) noexcept:
    """Return the largest number of cache lines that a row touches, wherever on a line it starts."""
    cdef int64_t step = 4
    while step < 64 and dim * 4 % (2 * step) == 0:
        step *= 2
    return (64 - step + dim * 4 + 63) // 64


cdef int64_t count_eager_lines(const Net *net) noexcept:
    """Return how many cache lines of a row to prefetch as soon as the row is known.

    The kernel that runs until the row is needed prefetches the others. The numbers were found by measurement. A
    skip-gram pair or a CBOW window takes so little time that short rows should be prefetched completely at once, and of
    long rows only the first lines. The window kernels run long enough to prefetch whole rows.
    """
    if net.skip_gram and (net.hs or net.shared_negatives):
        return 0
    return net.row_lines if net.row_lines <= 10 else 2


cdef class Network:
    """The weights of a model, and its tables and settings for training and scoring.

    All arrays are C-contiguous. The network refers to them without a copy.

    Parameters
    ----------
    syn0 : float32 array (n_words, dim)
        Input vectors. Training updates them in place, as it does `syn1neg` and `syn1`.
    lockf : float32 array (n_factors,)
        Factors on the updates of the input vectors: that of word i is ``lockf[i % n_factors]``. At least one.
    random : numpy.random.RandomState
        The source of job seeds and window reductions. No other code may use it while a worker runs.
    skip_gram : bool
        True: skip-gram; False: CBOW.
    window : int or (int, int)
        The largest distance between the center word and a context word, 1 to 2**30; or that of the left and that of the
        right side, of which one may be 0.
    window_weights : tuple of two float32 arrays (left,), (right,), optional
        The weights of the distances 1, 2, ... on either side: factors on the learning rates of skip-gram pairs, and the
        weights of the mean or sum of CBOW.
    full_windows : bool, default False
        Skip centers that have fewer context words than their window, because a sentence begins or ends.
    shrink_windows : bool, default True
        Reduce each window by a random number of words from 0 to ``window - 1`` on both sides. If the sides have
        different lengths, each has a random number of its own.
    cbow_mean : bool, default True
        CBOW: predict from the mean of the context vectors; False: from their sum.
    corrected_cbow : bool, default False
        CBOW: update the context vectors by the gradient of the loss. gensim's update is the gradient times the number
        of context words for the mean, and divided by it for the sum. Sampled softmax always uses the gradient.
    negative : int, default 0
        Negatives drawn for each skip-gram pair or CBOW window, 0 to 2**20. 0: no negative sampling.
    syn1neg : float32 array (n_words, dim), optional
        Output vectors; required if `negative` is not 0.
    cum_table : uint32 array (n_words,), optional
        The cumulative noise distribution, ascending; required if `negative` is not 0.
    syn1 : float32 array (n_words, dim), optional
        Vectors of the inner nodes of the Huffman tree; required with `tree`.
    tree : tuple of arrays, optional
        The Huffman paths of all words, for hierarchical softmax: (starts, points, codes) of int64 (n_words + 1,),
        uint32 (n_points,) and uint8 (n_points,). The path of word i is ``starts[i]:starts[i + 1]``. None: no
        hierarchical softmax.
    sample_ints : uint32 array (n_words,), optional
        Subsampling: a token is dropped if its 32-bit draw is greater than the entry of its word. None: keep all tokens.
    draws_seed : bool, default True
        Whether each job draws a seed from `random`. gensim draws one unless `negative` and `sample` are both 0.
    tally_loss : bool, default False
        Whether workers sum up the training loss.
    shared_negatives : bool, default False
        Skip-gram: draw one set of negatives for all pairs of a window. It has no effect on CBOW, which always does so.
    negative_pool : int, default 0
        Words of the pool from which 15 of 16 negatives are taken, 0 to 2**20. 0: all negatives are fresh, except that
        shared negatives have a pool of 512 words, from which three of four negatives are taken.
    sampled_softmax : bool, default False
        Train a softmax over the center word and its negatives instead of a logistic regression for each of them.
    tied_weights : bool, default False
        Sampled softmax: the output vectors are those of `syn0`, and `syn1neg` is None.
    max_norm : float, default 0
        The largest norm of input vectors: a longer one is scaled when it is updated. 0: no bound.
    biases : float32 array (n_words,), optional
        Sampled softmax: a bias of each output vector, which training updates.
    log_noise : float32 array (n_words,), optional
        Sampled softmax: the logarithm of the probability that a draw is this word, which is subtracted from its logit.
    simd : str, optional
        The name of an instruction set, from `kernels.instruction_sets()`. None: the fastest that the machine has.

    Raises
    ------
    ValueError
        If an array or a setting does not fit the others; the message names it.
    """

    def __cinit__(self):
        self.net.generator_lock = PyThread_allocate_lock()
        if self.net.generator_lock == NULL:
            raise MemoryError("no memory for the lock of the random generator")

    def __dealloc__(self):
        if self.net.generator_lock != NULL:
            PyThread_free_lock(self.net.generator_lock)

    def __init__(self, float[:, ::1] syn0 not None, *, const float[::1] lockf not None, object random not None,
                 bint skip_gram, object window, tuple window_weights=None, bint full_windows=False,
                 bint shrink_windows=True, bint cbow_mean=True, bint corrected_cbow=False, int negative=0,
                 float[:, ::1] syn1neg=None, const uint32_t[::1] cum_table=None, float[:, ::1] syn1=None,
                 tuple tree=None, const uint32_t[::1] sample_ints=None, bint draws_seed=True, bint tally_loss=False,
                 bint shared_negatives=False, Py_ssize_t negative_pool=0, bint sampled_softmax=False,
                 bint tied_weights=False, float max_norm=0, float[::1] biases=None,
                 const float[::1] log_noise=None, str simd=None):
        cdef Net *net = &self.net
        cdef int32_t[::1] guide = None
        net.n_words, net.dim = syn0.shape[0], syn0.shape[1]
        if net.n_words == 0 or net.dim == 0:
            raise ValueError(f"syn0 has shape ({net.n_words}, {net.dim}); there is nothing to train")
        self._set_windows(window if isinstance(window, tuple) else (window, window), window_weights)
        if negative < 0 or negative > MAX_NEGATIVE:
            raise ValueError(f"negative={negative} must be between 0 and {MAX_NEGATIVE}")
        if lockf.shape[0] == 0:
            raise ValueError("lockf is empty; it must hold at least one factor")
        net.syn0 = &syn0[0, 0]
        net.lockf, net.n_lockf = &lockf[0], lockf.shape[0]
        net.skip_gram, net.shrink_windows, net.cbow_mean = skip_gram, shrink_windows, cbow_mean
        net.full_windows, net.max_norm = full_windows, max_norm
        net.corrected_cbow = corrected_cbow
        net.negative, net.tally_loss, net.draws_seed = negative, tally_loss, draws_seed
        net.shared_negatives = shared_negatives and skip_gram and negative > 0
        if negative_pool < 0 or negative_pool > MAX_POOL_SIZE:
            raise ValueError(f"negative_pool={negative_pool} must be between 0 and {MAX_POOL_SIZE}")
        if negative_pool and negative:
            net.pool_size, net.pool_period = negative_pool, FRESH_PERIOD
        elif net.shared_negatives:
            net.pool_size = SHARED_POOL_SIZE
        net.kernels = kernels_named(simd)
        if sample_ints is not None:
            if sample_ints.shape[0] != net.n_words:
                raise ValueError(f"keep probabilities are known for {sample_ints.shape[0]} words, but there are "
                                 f"{net.n_words} vectors; build the vocabulary anew")
            net.sample_ints = &sample_ints[0]
        if not negative and tree is None:
            raise ValueError("nothing to train: negative is 0 and there is no Huffman tree; set negative or hs, and "
                             "build the vocabulary with it")
        if sampled_softmax:
            if not negative or tree is not None or net.shared_negatives:
                raise ValueError("sampled softmax needs negative=1 or more, hs=0 and shared_negatives=False")
            if tied_weights:
                syn1neg = syn0
            net.sampled_softmax, net.tied_weights = True, tied_weights
            net.biases = self._word_values("biases", biases)
            net.log_noise = self._word_values("log_noise", log_noise)
        if negative:
            if syn1neg is None or cum_table is None:
                raise ValueError("negative sampling needs syn1neg and cum_table; build the vocabulary first")
            self._check_shape("syn1neg", syn1neg)
            if cum_table.shape[0] != net.n_words:
                raise ValueError(f"cum_table holds {cum_table.shape[0]} words, but there are {net.n_words} vectors; "
                                 "call make_cum_table(), or build the vocabulary anew")
            net.syn1neg, net.noise.domain = &syn1neg[0, 0], cum_table[net.n_words - 1]
            guide, net.noise.shift = guide_table(cum_table)
            if net.n_words < NOISE_STEP:          # padding, which no draw reaches
                cum_table = np.pad(cum_table, (0, NOISE_STEP - net.n_words), constant_values=net.noise.domain)
            net.noise.cum_table, net.noise.n, net.noise.guide = &cum_table[0], cum_table.shape[0], &guide[0]
        if tree is not None:
            if syn1 is None:
                raise ValueError("hierarchical softmax needs syn1; build the vocabulary with hs=1 first")
            self._check_shape("syn1", syn1)
            self._set_tree(tree[0], tree[1], tree[2])
            net.syn1, net.hs = &syn1[0, 0], True
        net.row_lines = max_row_lines(net.dim)
        net.eager_lines = count_eager_lines(net)
        net.generator = <bit_generator *>PyCapsule_GetPointer(random._bit_generator.capsule, "BitGenerator")
        self._arrays = (syn0, lockf, random, syn1neg, cum_table, guide, syn1, tree, sample_ints, biases, log_noise,
                        window_weights)

    @property
    def n_words(self):
        """The number of words."""
        return self.net.n_words

    @property
    def dim(self):
        """The dimension of the vectors."""
        return self.net.dim

    @property
    def pair_negatives(self):
        """Whether each skip-gram pair has negatives of its own; otherwise a window has one set of them, or none."""
        return bool(self.net.skip_gram and self.net.negative and not self.net.shared_negatives)

    @property
    def cum_table(self):
        """The cumulative noise distribution of the words whose output rows can have replicas; None: there are none."""
        if self.net.negative == 0 or self.net.tied_weights:
            return None
        return np.asarray(self._arrays[4])[:self.net.n_words]

    cdef int _check_shape(self, str name, float[:, ::1] rows) except -1:
        if rows.shape[0] != self.net.n_words or rows.shape[1] != self.net.dim:
            raise ValueError(f"{name} has shape ({rows.shape[0]}, {rows.shape[1]}), but the vectors have shape "
                             f"({self.net.n_words}, {self.net.dim}): words were added or removed, or an array "
                             "replaced, since the vocabulary was built; build it anew, or assign an array that matches")
        return 0

    cdef float *_word_values(self, str name, const float[::1] values) except? NULL:
        """Return the address of an array with a value for each word, or NULL if there is none."""
        if values is None:
            return NULL
        if values.shape[0] != self.net.n_words:
            raise ValueError(f"{name} holds {values.shape[0]} values, but there are {self.net.n_words} words; build "
                             "the vocabulary anew, or assign an array that matches")
        return <float *>&values[0]

    cdef int _set_windows(self, tuple window, object weights) except -1:
        cdef const float[::1] side
        self.net.left, self.net.right = window
        if not (0 <= self.net.left <= MAX_WINDOW and 0 <= self.net.right <= MAX_WINDOW) or not any(window):
            raise ValueError(f"window={window} must be between 1 and {MAX_WINDOW} on one side at least")
        if weights is not None:
            if (len(weights[0]), len(weights[1])) != window:
                raise ValueError(
                    f"window_weights has {len(weights[0])} and {len(weights[1])} weights for window={window}")
            side = weights[0] if window[0] else weights[1]       # the weights of a side without words are not read
            self.net.left_weights = &side[0]
            side = weights[1] if window[1] else weights[0]
            self.net.right_weights = &side[0]
        return 0

    cdef int _set_tree(self, const int64_t[::1] starts, const uint32_t[::1] points,
                       const uint8_t[::1] codes) except -1:
        cdef int64_t word, length, node
        cdef bint valid = (starts.shape[0] == self.net.n_words + 1 and points.shape[0] == codes.shape[0]
                           and starts[0] == 0 and starts[self.net.n_words] == points.shape[0])
        if valid:
            for word in range(self.net.n_words):
                length = starts[word + 1] - starts[word]
                valid = valid and length >= 0
                self.net.longest_path = max(self.net.longest_path, length)
            for node in range(points.shape[0]):
                valid = valid and points[node] < self.net.n_words
        if not valid:
            raise ValueError("the Huffman tree does not belong to this vocabulary, or is damaged: words were removed, "
                             "or the file it came from was changed; build the vocabulary anew")
        self.net.path_starts = &starts[0]
        # The nodes of a new tree are numbered towards the root. The new words of an update join below the root, and
        # their nodes get higher numbers.
        self.net.root = points[0] if points.shape[0] else 0
        self.net.first_cached_node = self.net.root + 1 - N_CACHED_NODES
        # A vocabulary of one word has an empty path, and then there is no first element to point at.
        self.net.points = &points[0] if points.shape[0] else NULL
        self.net.codes = &codes[0] if codes.shape[0] else NULL
        return 0
