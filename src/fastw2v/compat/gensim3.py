"""gensim 3's names on `Word2Vec` and `KeyedVectors`, each of which gives a `DeprecationWarning`.

`DeprecatedModelNames` and `DeprecatedVectorNames` are bases of the two classes. They hold no state. What they need of
the class that derives from them is written down as the protocols `Model` and `Vectors`, so that this module does not
import the public modules that import it.

gensim 3 kept a record for each word in a dictionary, ``wv.vocab``. `VocabView` shows the current arrays in that form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np

from fastw2v.common.validation import as_flag, as_int, as_list, check_lines, check_mapping
from fastw2v.compat.descriptors import (
    ComputedAttribute,
    RenamedAttribute,
    delegated_method,
    warn_deprecated,
)
from fastw2v.vectors.initialization import pseudorandom_weak_vector
from fastw2v.vectors.row_table import KEY_TYPES

# --- the words of wv.vocab


class WordAttributes(Protocol):
    """What `VocabView` needs of a `KeyedVectors`."""

    key_to_index: dict[Any, int]

    def get_vecattr(self, key: Any, attr: str) -> Any:
        """Return one attribute of one word."""

    def set_vecattr(self, key: Any, attr: str, val: Any) -> None:
        """Assign one attribute of one word."""


class CompatVocab:
    """What gensim 3 kept of each word: any attributes, ordered by `count`. Its pickles name this class."""

    __module__ = "fastw2v.keyedvectors"  # which exports it; pickles name the module

    def __init__(self, **kwargs: Any) -> None:
        self.count = 0
        self.__dict__.update(kwargs)

    def __lt__(self, other: CompatVocab) -> bool:
        return bool(self.count < other.count)

    def __str__(self) -> str:
        values = ", ".join(
            f"{name}:{self.__dict__[name]!r}" for name in sorted(self.__dict__) if name[0] != "_"
        )
        return f"{type(self).__name__}<{values}>"


class WordRecord(CompatVocab):
    """One word of a `KeyedVectors`; its attributes are read when they are used, and `count` may be assigned."""

    __module__ = __name__

    def __init__(self, wv: WordAttributes, word: Any) -> None:
        self._wv = wv
        self._word = word

    @property
    def index(self) -> int:
        """The row of the word."""
        return self._wv.key_to_index[self._word]

    @property
    def count(self) -> int:
        """How often the word occurs in the corpus."""
        return int(self._wv.get_vecattr(self._word, "count"))

    @count.setter
    def count(self, value: int) -> None:
        self._wv.set_vecattr(self._word, "count", value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            value = self._wv.get_vecattr(self._word, name)
        except KeyError:
            raise AttributeError(f"the word {self._word!r} has no attribute {name!r}") from None
        return value.item() if hasattr(value, "item") and not getattr(value, "ndim", 0) else value

    def __str__(self) -> str:
        return f"Vocab(count:{self.count}, index:{self.index})"

    __repr__ = __str__


class VocabView(Mapping[Any, WordRecord]):
    """``wv.vocab``: a live view of the words, from each word to its record, in the order of the rows."""

    def __init__(self, wv: WordAttributes) -> None:
        self._wv = wv

    def __getitem__(self, word: Any) -> WordRecord:
        if word not in self._wv.key_to_index:
            raise KeyError(word)
        return WordRecord(self._wv, word)

    def __contains__(self, word: object) -> bool:
        return word in self._wv.key_to_index

    def __iter__(self) -> Iterator[Any]:
        return iter(self._wv.key_to_index)

    def __len__(self) -> int:
        return len(self._wv.key_to_index)

    def __repr__(self) -> str:
        return f"VocabView({len(self)} words)"


# --- names on KeyedVectors


class Vectors(Protocol):
    """What `DeprecatedVectorNames` needs of the class that derives from it."""

    key_to_index: dict[Any, int]
    vector_size: int

    @property
    def vectors(self) -> Any: ...

    @property
    def get_vector(self) -> Callable[..., Any]: ...

    @property
    def closer_than(self) -> Callable[..., Any]: ...

    @property
    def add_vectors(self) -> Callable[..., Any]: ...

    @property
    def evaluate_word_analogies(self) -> Callable[..., Any]: ...

    @property
    def fill_norms(self) -> Callable[..., Any]: ...

    @property
    def unit_normalize_all(self) -> Callable[..., Any]: ...


class _FormerCache(ComputedAttribute):
    """A matrix that gensim 3 cached. Programs assign None to it to empty the cache, which does nothing here."""

    def __set__(self, instance: Any, value: Any) -> None:
        warn_deprecated(self.name, self.instead)


class _ReadOnlyView(ComputedAttribute):
    """A view of the object, which cannot be replaced."""

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError(f"{self.name} cannot be assigned; use add_vectors() and set_vecattr() instead")


class DeprecatedVectorNames:
    """gensim 3's names on `KeyedVectors`."""

    vocab = _ReadOnlyView(VocabView, "key_to_index, index_to_key and get_vecattr()")
    index2word = RenamedAttribute("index_to_key")
    index2entity = RenamedAttribute("index_to_key")
    syn0 = RenamedAttribute("vectors")
    syn0norm = _FormerCache(lambda wv: wv.get_normed_vectors(), "get_normed_vectors()")
    vectors_norm = _FormerCache(lambda wv: wv.get_normed_vectors(), "get_normed_vectors()")

    def init_sims(self: Vectors, replace: bool = False) -> None:
        """Deprecated: use `fill_norms`, or `unit_normalize_all` in place of ``replace=True``."""
        warn_deprecated("init_sims", "fill_norms (or unit_normalize_all in place of replace=True)")
        _compute_norms(self, replace)

    def word_vec(self: Vectors, *args: Any, **kwargs: Any) -> Any:
        """Deprecated: use `get_vector`, whose argument ``norm`` was called ``use_norm``."""
        warn_deprecated("word_vec", "get_vector")
        if "use_norm" in kwargs:
            kwargs["norm"] = kwargs.pop("use_norm")
        return self.get_vector(*args, **kwargs)

    def words_closer_than(self: Vectors, word1: Any, word2: Any) -> Any:
        """Deprecated: use `closer_than`."""
        warn_deprecated("words_closer_than", "closer_than")
        return self.closer_than(word1, word2)

    def add(self: Vectors, entities: Any, weights: Any, replace: bool = False) -> None:
        """Deprecated: use `add_vectors`."""
        warn_deprecated("add", "add_vectors")
        entities = entities if isinstance(entities, KEY_TYPES) else as_list("entities", entities, "keys")
        self.add_vectors(entities, weights, replace=replace)

    def accuracy(
        self: Vectors,
        questions: Any,
        restrict_vocab: int | None = 30000,
        most_similar: Any = None,
        case_insensitive: bool = True,
    ) -> Any:
        """Deprecated: use `evaluate_word_analogies`, whose sections this method returns.

        `most_similar` is ignored.
        """
        warn_deprecated("accuracy", "evaluate_word_analogies")
        check_lines("questions", questions)
        _, sections = self.evaluate_word_analogies(questions, restrict_vocab, case_insensitive)
        return sections

    def get_keras_embedding(
        self: Vectors, train_embeddings: bool = False, word_index: Mapping[Any, int] | None = None
    ) -> Any:
        """Deprecated: create the layer yourself, with `vectors` as its weights.

        Parameters
        ----------
        train_embeddings : bool, default False
            Whether Keras trains the layer.
        word_index : mapping of word to row, optional
            Rows of the layer. Words that have no vector get small random ones. By default the rows are `vectors`.

        Raises
        ------
        ImportError
            If Keras is not installed.
        """
        warn_deprecated("get_keras_embedding", "keras.layers.Embedding with wv.vectors as weights")
        try:
            from keras.layers import Embedding
        except ImportError:
            raise ImportError("get_keras_embedding needs Keras: pip install keras tensorflow") from None
        if word_index is not None:
            check_mapping("word_index", word_index, "words to rows")
        weights = self.vectors if word_index is None else _select_rows(self, word_index.items())
        return Embedding(
            input_dim=weights.shape[0],
            output_dim=weights.shape[1],
            weights=[weights],
            trainable=train_embeddings,
        )


def _compute_norms(wv: Vectors, replace: bool) -> None:
    replace = as_flag("replace", replace)
    wv.fill_norms()
    if replace:
        wv.unit_normalize_all()


def _select_rows(wv: Vectors, rows: Iterable[tuple[Any, int]]) -> Any:
    """Return a matrix with the vector of each word in the row that `rows` names; unknown words get random ones."""
    row_of_word = dict(rows)
    shape = (max(row_of_word.values(), default=-1) + 1, wv.vector_size)
    weights = np.random.default_rng(0).normal(scale=0.05, size=shape).astype(wv.vectors.dtype)
    for word, row in row_of_word.items():
        if word in wv.key_to_index:
            weights[row] = wv.vectors[wv.key_to_index[word]]
    return weights


# --- names on Word2Vec

_VOCABULARY = {
    name: name
    for name in (
        "max_vocab_size", "min_count", "effective_min_count", "sample", "sorted_vocab", "null_word", "cum_table",
        "raw_vocab", "max_final_vocab", "ns_exponent",
    )
}  # fmt: skip
_TRAINABLES = {
    **{name: name for name in ("hashfxn", "layer1_size", "seed", "syn1", "syn1neg")},
    "vectors_lockf": "wv.vectors_lockf",
}


class Model(Protocol):
    """What `DeprecatedModelNames` needs of the class that derives from it."""

    wv: Any
    hashfxn: Any
    syn1: Any
    syn1neg: Any
    cum_table: Any
    huffman_tree: Any


class _FormerPart:
    """``model.vocabulary`` and ``model.trainables``, whose attributes are attributes of the model now."""

    def __init__(self, model: Any, paths: dict[str, str]) -> None:
        vars(self).update(_model=model, _paths=paths)

    def _resolve(self, name: str) -> tuple[Any, str]:
        path = self._paths.get(name) if not name.startswith("_") else None
        if path is None:
            raise AttributeError(f"there was no {name!r} here in gensim 3; known are {sorted(self._paths)}")
        return (self._model.wv, path[3:]) if path.startswith("wv.") else (self._model, path)

    def __getattr__(self, name: str) -> Any:
        return getattr(*self._resolve(name))

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(*self._resolve(name), value)

    def __dir__(self) -> list[str]:
        return sorted(self._paths)


class DeprecatedModelNames:
    """gensim 3's names on `Word2Vec`."""

    _vectors_class: ClassVar[Any]
    """The class of ``wv``, `KeyedVectors`; the deriving class assigns it."""

    iter = RenamedAttribute("epochs")
    size = RenamedAttribute("vector_size")
    syn0 = RenamedAttribute("wv.vectors")
    syn0_lockf = RenamedAttribute("wv.vectors_lockf")
    index2word = RenamedAttribute("wv.index_to_key")
    vocab = ComputedAttribute(lambda model: VocabView(model.wv), "wv.key_to_index and wv.get_vecattr()")
    syn0norm = ComputedAttribute(lambda model: model.wv.get_normed_vectors(), "wv.get_normed_vectors()")
    vocabulary = ComputedAttribute(
        lambda model: _FormerPart(model, _VOCABULARY), "the attributes of the model itself"
    )
    trainables = ComputedAttribute(
        lambda model: _FormerPart(model, _TRAINABLES),
        "the attributes of the model itself, and wv.vectors_lockf",
    )

    most_similar = delegated_method("most_similar")
    most_similar_cosmul = delegated_method("most_similar_cosmul")
    similar_by_word = delegated_method("similar_by_word")
    similar_by_vector = delegated_method("similar_by_vector")
    doesnt_match = delegated_method("doesnt_match")
    similarity = delegated_method("similarity")
    n_similarity = delegated_method("n_similarity")
    wmdistance = delegated_method("wmdistance")
    evaluate_word_pairs = delegated_method("evaluate_word_pairs")
    intersect_word2vec_format = delegated_method("intersect_word2vec_format")
    save_word2vec_format = delegated_method("save_word2vec_format")

    # A class with __getitem__ is iterable unless __iter__ is None. gensim's models could not be iterated either.
    __iter__ = None

    def __getitem__(self: Model, words: Any) -> Any:
        """Deprecated: use ``model.wv[words]``."""
        warn_deprecated("model[...]", "model.wv[...]")
        return self.wv[words]

    def __contains__(self: Model, word: Any) -> bool:
        """Deprecated: use ``word in model.wv``."""
        warn_deprecated("word in model", "word in model.wv")
        return word in self.wv

    def accuracy(
        self: Model,
        questions: Any,
        restrict_vocab: int | None = 30000,
        most_similar: Any = None,
        case_insensitive: bool = True,
    ) -> Any:
        """Deprecated: use ``model.wv.evaluate_word_analogies``, whose sections this method returns.

        `most_similar` is ignored.
        """
        warn_deprecated("model.accuracy", "model.wv.evaluate_word_analogies")
        check_lines("questions", questions)
        return self.wv.evaluate_word_analogies(questions, restrict_vocab, case_insensitive)[1]

    @classmethod
    def load_word2vec_format(cls, *args: Any, **kwargs: Any) -> Any:
        """Deprecated: use `KeyedVectors.load_word2vec_format`; the result is a `KeyedVectors`."""
        warn_deprecated("Word2Vec.load_word2vec_format", "KeyedVectors.load_word2vec_format")
        return cls._vectors_class.load_word2vec_format(*args, **kwargs)

    def init_sims(self: Model, replace: bool = False) -> None:
        """Deprecated: norms are computed when they are needed; ``replace=True`` normalizes the vectors in place."""
        warn_deprecated("init_sims", "wv.fill_norms (or wv.unit_normalize_all in place of replace=True)")
        _compute_norms(self.wv, replace)

    def seeded_vector(self: Model, seed_string: str, vector_size: int) -> Any:
        """Deprecated: use `fastw2v.models.keyedvectors.pseudorandom_weak_vector`."""
        warn_deprecated("seeded_vector", "fastw2v.models.keyedvectors.pseudorandom_weak_vector")
        vector_size = as_int("vector_size", vector_size, minimum=1)
        return pseudorandom_weak_vector(vector_size, seed_string=seed_string, hashfxn=self.hashfxn)

    def clear_sims(self: Model) -> None:
        """Deprecated: cached norms are discarded when they become stale."""
        warn_deprecated("clear_sims", "nothing")
        self.wv.invalidate_norms()

    def delete_temporary_training_data(
        self: Model, replace_word_vectors_with_normalized: bool = False
    ) -> None:
        """Deprecated: keep ``model.wv`` and delete the model.

        Frees the output weights, after which the model cannot be trained.

        Parameters
        ----------
        replace_word_vectors_with_normalized : bool, default False
            Scale the vectors to length 1, too.
        """
        warn_deprecated("delete_temporary_training_data", "wv = model.wv; del model")
        name = "replace_word_vectors_with_normalized"
        normalize = as_flag(name, replace_word_vectors_with_normalized)
        _delete_output_weights(self)
        if normalize:
            self.wv.unit_normalize_all()


def _delete_output_weights(model: Model) -> None:
    model.syn1 = model.syn1neg = model.cum_table = model.huffman_tree = None
