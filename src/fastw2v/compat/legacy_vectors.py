"""gensim 3's names on KeyedVectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from fastw2v.compat.legacy import Derived, Renamed, warn
from fastw2v.compat.records import VocabView

if TYPE_CHECKING:
    from fastw2v.keyedvectors import KeyedVectors


class _Ignored(Derived):
    """A cache that is none today: assignments, which emptied it, change nothing."""

    def __set__(self, instance: Any, value: Any) -> None:
        warn(self.name, self.instead)


class _Fixed(Derived):
    """A view that cannot be replaced."""

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError(f"{self.name} cannot be assigned; use add_vectors() and set_vecattr() instead")


class LegacyVectors:
    """The names, each of which gives a DeprecationWarning."""

    vocab = _Fixed(VocabView, "key_to_index, index_to_key and get_vecattr()")
    index2word = Renamed("index_to_key")
    index2entity = Renamed("index_to_key")
    syn0 = Renamed("vectors")
    syn0norm = _Ignored(lambda wv: wv.get_normed_vectors(), "get_normed_vectors()")
    vectors_norm = _Ignored(lambda wv: wv.get_normed_vectors(), "get_normed_vectors()")

    def init_sims(self, replace: bool = False) -> None:
        """Deprecated: use `fill_norms`, or `unit_normalize_all` in place of ``replace=True``."""
        warn("init_sims", "fill_norms (or unit_normalize_all in place of replace=True)")
        self._init_sims(replace)

    def _init_sims(self, replace: bool) -> None:
        wv = cast("KeyedVectors", self)
        wv.fill_norms()
        if replace:
            wv.unit_normalize_all()

    def word_vec(self, *args: Any, **kwargs: Any) -> Any:
        """Deprecated: use `get_vector`; gensim 3's ``use_norm`` is its ``norm``."""
        warn("word_vec", "get_vector")
        if "use_norm" in kwargs:
            kwargs["norm"] = kwargs.pop("use_norm")
        return cast("KeyedVectors", self).get_vector(*args, **kwargs)

    def words_closer_than(self, word1: Any, word2: Any) -> list[Any]:
        """Deprecated: use `closer_than`."""
        warn("words_closer_than", "closer_than")
        return cast("KeyedVectors", self).closer_than(word1, word2)

    def add(self, entities: Any, weights: Any, replace: bool = False) -> None:
        """Deprecated: use `add_vectors`."""
        warn("add", "add_vectors")
        cast("KeyedVectors", self).add_vectors(entities, weights, replace=replace)

    def accuracy(
        self,
        questions: Any,
        restrict_vocab: int | None = 30000,
        most_similar: Any = None,
        case_insensitive: bool = True,
    ) -> list[dict[str, Any]]:
        """Deprecated: use `evaluate_word_analogies`, of which these are the sections; `most_similar` is ignored."""
        warn("accuracy", "evaluate_word_analogies")
        wv = cast("KeyedVectors", self)
        _, sections = wv.evaluate_word_analogies(questions, restrict_vocab, case_insensitive)
        return sections

    def get_keras_embedding(
        self, train_embeddings: bool = False, word_index: Mapping[Any, int] | None = None
    ) -> Any:
        """Deprecated: make the layer yourself, with `vectors` as its weights.

        Parameters
        ----------
        train_embeddings : bool, default False
            Whether the layer learns.
        word_index : mapping of word to row, optional
            Rows of the layer; words that are not here get small random vectors. By default the rows are `vectors`.

        Raises
        ------
        ImportError
            If Keras is not installed.
        """
        warn("get_keras_embedding", "keras.layers.Embedding with wv.vectors as weights")
        try:
            from keras.layers import Embedding
        except ImportError:
            raise ImportError("get_keras_embedding needs Keras: pip install keras tensorflow") from None
        wv = cast("KeyedVectors", self)
        weights = wv.vectors if word_index is None else _rows_for(wv, word_index.items())
        return Embedding(
            input_dim=weights.shape[0],
            output_dim=weights.shape[1],
            weights=[weights],
            trainable=train_embeddings,
        )


def _rows_for(wv: KeyedVectors, rows: Iterable[tuple[Any, int]]) -> Any:
    places = dict(rows)
    shape = (max(places.values(), default=-1) + 1, wv.vector_size)
    weights = np.random.default_rng(0).normal(scale=0.05, size=shape).astype(wv.vectors.dtype)
    for word, row in places.items():
        if word in wv.key_to_index:
            weights[row] = wv.vectors[wv.key_to_index[word]]
    return weights
