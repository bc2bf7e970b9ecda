"""KeyedVectors: vectors looked up by key, similarity queries over them, evaluation, and files.

Storage and growth are in `vectorstore`, similarity queries in `queries`, the benchmarks in `evaluation`, what
goes into which file in `vectorfiles`; this module joins them under gensim's name. Signatures and results are
those of gensim 4.4's KeyedVectors; keyword-only parameters are additions.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v import formats
from fastw2v.compat.class_alias import ReplaceableClass
from fastw2v.compat.gensim3 import CompatVocab, DeprecatedVectorNames
from fastw2v.formats import vector_state, word2vec
from fastw2v.vectors import evaluation
from fastw2v.vectors.drift import Drift, drift
from fastw2v.vectors.initialization import REAL, prep_vectors, pseudorandom_weak_vector
from fastw2v.vectors.keyed_rows import KEY_TYPES, Array, Key
from fastw2v.vectors.queries import VectorQueries

__all__ = [
    "REAL",
    "CompatVocab",
    "Doc2VecKeyedVectors",
    "EuclideanKeyedVectors",
    "KeyedVectors",
    "Vocab",
    "Word2VecKeyedVectors",
    "load_word2vec_format",
    "prep_vectors",
    "pseudorandom_weak_vector",
]

logger = logging.getLogger("gensim.models.keyedvectors")

PathLike = str | os.PathLike[str]
KV = TypeVar("KV", bound="KeyedVectors")

# gensim's names for what counts as a key, and as an item of a query.
_KEY_TYPES = KEY_TYPES
_EXTENDED_KEY_TYPES = (*KEY_TYPES, np.ndarray)


class KeyedVectors(DeprecatedVectorNames, VectorQueries, metaclass=ReplaceableClass):
    """A map from keys (words, mostly) to vectors of one width.

    Parameters
    ----------
    vector_size : int
        Number of components of each vector.
    count : int, default 0
        Rows to allocate for keys that `add_vector` and `add_vectors` will name.
    dtype : dtype, default float32
        Type in which the vectors are stored.
    mapfile_path : str, optional
        Kept for gensim's signature; unused.

    Attributes
    ----------
    vectors : ndarray, shape (len, vector_size)
        Row ``i`` belongs to ``index_to_key[i]``. May be assigned; after writing into it in place call
        ``fill_norms(force=True)``.
    index_to_key : list
    key_to_index : dict
    expandos : dict of str to ndarray
        Attributes with one value a key, such as ``count``.
    norms : ndarray or None
        Euclidean norms of the rows, once they were needed.
    vectors_lockf : ndarray or None
        Factors on the learning rate, cycled over the rows; one factor 1.0 on a trained model.
    """

    # --- selection

    def vectors_for_all(
        self, keys: Iterable[Key], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> KeyedVectors:
        """Return new KeyedVectors of those of `keys` that are present, each once, in the order given.

        Parameters
        ----------
        keys : iterable of str or int
        allow_inference : bool, default True
            For models that can infer vectors of unknown keys; without meaning here.
        copy_vecattrs : bool, default False
            Copy the attributes; else ``count`` falls from the number of keys to 1.
        """
        known = self.key_to_index if not allow_inference else self
        present = [key for key in dict.fromkeys(keys) if key in known]
        rows = np.array([self.get_index(key) for key in present], dtype=np.intp)
        chosen = self._of_rows(present, rows)
        if not copy_vecattrs:
            chosen.expandos = {}
        if "count" not in chosen.expandos and present:
            chosen.expandos["count"] = np.arange(len(present), 0, -1, dtype=np.int64)
        return chosen

    # --- evaluation

    def evaluate_word_analogies(
        self,
        analogies: PathLike | Iterable[str],
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """Answer analogies "a is to b as c is to ?" and return (accuracy, sections).

        See `fastw2v.vectors.evaluation.word_analogies`. As in gensim, `similarity_function` changes nothing:
        questions are answered by the additive method (3CosAdd), so that scores compare across programs.
        """
        evaluation.check_similarity_function(similarity_function)
        return evaluation.word_analogies(
            self.index_to_key,
            self.vectors,
            self._known_norms(),
            analogies,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
            dummy4unknown=dummy4unknown,
        )

    def evaluate_word_pairs(
        self,
        pairs: PathLike | Iterable[str],
        delimiter: str = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        """Correlate similarities with human judgements: return (Pearson, Spearman, unknown pairs in %).

        See `fastw2v.vectors.evaluation.word_pairs`.
        """
        return evaluation.word_pairs(
            self.index_to_key,
            self.vectors,
            pairs,
            delimiter=delimiter,
            encoding=encoding,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
            dummy4unknown=dummy4unknown,
        )

    def drift(self, other: Any, *, topn: int = 10, sample: int | None = 1000) -> Drift:
        """Return how far the words that both know moved from `other`, and how their neighbourhoods changed.

        Parameters
        ----------
        other : KeyedVectors or Word2Vec
            The older vectors: those that these have grown out of. (Of two independent trainings, only the overlap
            of the neighbourhoods means something.)
        topn : int, default 10
            Size of the neighbourhoods; 0 leaves them out. They are made of shared words only.
        sample : int, optional
            Compare the neighbourhoods of so many words, evenly spread over the shared ones; None for all.

        Returns
        -------
        Drift
            Distance, cosine and overlap of neighbours for each shared word, and their means.

        Raises
        ------
        ValueError
            If the vectors differ in width, or a number is negative.
        TypeError
            If `other` is neither vectors nor a model.
        """
        older = getattr(other, "wv", other)
        if not (hasattr(older, "key_to_index") and hasattr(older, "vectors")):
            raise TypeError(
                f"drift is from KeyedVectors or a model, not {other!r:.80}; load what a file holds first"
            )
        words = [key for key in self.index_to_key if key is not None and key in older.key_to_index]
        old_rows, new_rows = (
            np.array([store.key_to_index[word] for word in words], dtype=np.intp) for store in (older, self)
        )
        return drift(words, old_rows, new_rows, older.vectors, self.vectors, topn=topn, sample=sample)

    log_accuracy = staticmethod(evaluation.log_accuracy)
    _log_evaluate_word_analogies = staticmethod(evaluation.log_accuracy)
    log_evaluate_word_pairs = staticmethod(evaluation.log_word_pairs)

    # --- files

    def save(
        self,
        fname: PathLike,
        separately: Any = None,
        sep_limit: int = 0,
        ignore: Collection[str] = frozenset(),
        pickle_protocol: int = 4,
    ) -> None:
        """Write one file (arrays in the safetensors layout, plus JSON) that `load` reads back.

        Parameters
        ----------
        fname : str or os.PathLike
            Written aside and renamed, so that a crash leaves an old file whole.
        ignore : collection of str, optional
            Attributes to leave out.
        separately, sep_limit, pickle_protocol
            gensim's; without meaning here, since there is one file and no pickle.

        Raises
        ------
        ValueError
            If an attribute cannot be stored; the message names it. Nothing is written then.
        """
        vector_state.save(fname, *self._to_state(ignore))

    @classmethod
    def load(cls: type[KV], fname: PathLike, mmap: str | None = None) -> KV:
        """Read what `save` wrote, the vectors of a saved Word2Vec, or KeyedVectors that gensim saved.

        Parameters
        ----------
        fname : str or os.PathLike
        mmap : {None, "r", "c", "r+"}, default None
            Map the vectors from the file rather than read them: read-only, copy on write, or writing through.
            What is mapped is not checked for damage.

        Raises
        ------
        ValueError, pickle.UnpicklingError
            If the file holds no vectors, is damaged or cut short; the message names it.
        OSError
            If it cannot be read.
        """
        arrays, metadata = vector_state.load(fname, mmap)
        with formats.describe_damage(fname):
            return cls._from_state(arrays, metadata, mapped=mmap is not None)

    def save_gensim(self, fname: PathLike) -> None:
        """Write a file that gensim 4 loads; large arrays go into files beside it, as gensim has it."""
        vector_state.save_gensim(self, fname)

    def _to_state(self, ignore: Collection[str] = frozenset()) -> tuple[dict[str, Array], dict[str, Any]]:
        """Everything worth keeping as (named arrays, JSON-able metadata)."""
        return vector_state.to_state(self, ignore)

    @classmethod
    def _from_state(
        cls: type[KV], arrays: dict[str, Array], metadata: dict[str, Any], mapped: bool = False
    ) -> KV:
        """The inverse of `_to_state`; the matrix is taken over, not copied, unless it is read-only."""
        new = cls(int(metadata["vector_size"]))
        vector_state.from_state(new, arrays, metadata, mapped)
        return new

    def save_word2vec_format(
        self,
        fname: PathLike,
        fvocab: PathLike | None = None,
        binary: bool = False,
        total_vec: int | None = None,
        write_header: bool = True,
        prefix: str = "",
        append: bool = False,
        sort_attr: str = "count",
    ) -> None:
        """Write the format of the original word2vec tool.

        Parameters
        ----------
        fname : str or os.PathLike
            Compressed by suffix (.gz, .bz2, .xz, .zst).
        fvocab : str or os.PathLike, optional
            Write lines "key value of `sort_attr`" here.
        binary : bool, default False
            Numbers as raw float32, else as the shortest text that reads back exactly.
        total_vec : int, optional
            Number of vectors to put into the header, if more will be appended.
        write_header : bool, default True
        prefix : str, default ""
            Put before each key.
        append : bool, default False
            Add to an existing file.
        sort_attr : str, default "count"
            Attribute by which keys fall; without it they come in order of row. Keys that are the integers of
            their own rows come first.

        Raises
        ------
        ValueError
            If `fvocab` is given and the attribute is missing, or a key could not be read back (a space in a
            binary file, a line break in a text file, an empty slot).
        """
        vector_state.save_word2vec_format(
            self, fname, fvocab, binary, total_vec, write_header, prefix, append, sort_attr
        )

    @classmethod
    def load_word2vec_format(
        cls: type[KV],
        fname: PathLike,
        fvocab: PathLike | None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: DTypeLike = REAL,
        no_header: bool = False,
    ) -> KV:
        """Read the format of the original word2vec tool; fastText's ``.vec`` and GloVe's files too.

        Parameters
        ----------
        fname : str or os.PathLike
            Decompressed by suffix.
        fvocab : str or os.PathLike, optional
            File of counts, lines "key count". Without it counts fall from the number of keys to 1.
        binary : bool, default False
        encoding, unicode_errors : str, default "utf8", "strict"
            How to decode keys; "ignore" or "replace" get past keys that were cut in the middle of a
            character.
        limit : int, optional
            Read the first so many vectors only.
        datatype : dtype, default float32
            Type to store the vectors in; float16 halves the memory.
        no_header : bool, default False
            The file begins with the first vector (GloVe). A text file without header is recognised anyway.

        Raises
        ------
        EOFError
            If the file ends before the number of vectors that its header promises.
        ValueError
            If a line, which the message names, or the header is malformed.
        UnicodeDecodeError
            If a key is not valid in `encoding`.
        """
        return _load_word2vec_format(
            cls, fname, fvocab, binary, encoding, unicode_errors, limit, datatype, no_header
        )

    def intersect_word2vec_format(
        self,
        fname: PathLike,
        lockf: float = 0.0,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
    ) -> None:
        """Take over the vectors of those keys that a word2vec file has too; add no key.

        Parameters
        ----------
        fname : str or os.PathLike
        lockf : float, default 0.0
            Factor on the learning rate of the vectors taken over: 0.0 freezes them, 1.0 lets them learn.
            `vectors_lockf` gets an entry for each key.
        binary, encoding, unicode_errors
            As for `load_word2vec_format`.

        Raises
        ------
        ValueError
            If the vectors in the file have another size.
        """
        merged = vector_state.intersect_word2vec_format(self, fname, lockf, binary, encoding, unicode_errors)
        logger.info("merged %d vectors into %s matrix from %s", merged, self.vectors.shape, fname)


Vocab = CompatVocab
Word2VecKeyedVectors = KeyedVectors
Doc2VecKeyedVectors = KeyedVectors
EuclideanKeyedVectors = KeyedVectors


def load_word2vec_format(*args: Any, **kwargs: Any) -> KeyedVectors:
    """Call `KeyedVectors.load_word2vec_format`."""
    return KeyedVectors.load_word2vec_format(*args, **kwargs)


def _load_word2vec_format(
    cls: type[KV],
    fname: PathLike,
    fvocab: PathLike | None = None,
    binary: bool = False,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    limit: int | None = None,
    datatype: DTypeLike = REAL,
    no_header: bool = False,
    binary_chunk_size: int = 1 << 20,
) -> KV:
    """Read a word2vec file into a new `cls`; `binary_chunk_size` bytes are read at a time."""
    if binary and no_header:
        raise NotImplementedError("no_header only available for text-format files")
    if binary:
        index, matrix = word2vec.read_binary(
            fname, limit, encoding, unicode_errors, datatype, chunk_size=binary_chunk_size
        )
    else:
        index, matrix = word2vec.read_text(fname, limit, encoding, unicode_errors, datatype, no_header)
    new = cls(matrix.shape[1], dtype=matrix.dtype)
    new.index_to_key = list(index)
    new.key_to_index = index
    new.next_index = len(index)
    new.vectors = matrix
    if index:
        new.expandos["count"] = _counts(new.index_to_key, fvocab, encoding, unicode_errors)
    logger.info("loaded %s matrix of type %s from %s", matrix.shape, matrix.dtype, fname)
    return new


def _counts(
    words: list[str], fvocab: PathLike | None, encoding: str, unicode_errors: str
) -> NDArray[np.int64]:
    """Counts from a vocabulary file, 0 where it lacks a word; without a file, V, V - 1, ..., 1."""
    if fvocab is None:
        return np.arange(len(words), 0, -1, dtype=np.int64)
    logger.info("loading word counts from %s", fvocab)
    counts = word2vec.read_counts(fvocab, encoding, unicode_errors)
    missing = [word for word in words if word not in counts]
    if missing:
        logger.warning(
            "vocabulary file is incomplete: %d words are missing, the first is %r", len(missing), missing[0]
        )
    return np.array([counts.get(word, 0) for word in words], dtype=np.int64)
