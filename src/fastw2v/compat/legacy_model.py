"""gensim 3's names on Word2Vec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from fastw2v.compat.legacy import Derived, Renamed, passed_on, warn
from fastw2v.compat.records import VocabView

if TYPE_CHECKING:
    from fastw2v.keyedvectors import KeyedVectors
    from fastw2v.word2vec import Word2Vec

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


class _Holder:
    """An object that held part of the model's state; today the model does."""

    def __init__(self, model: Any, paths: dict[str, str]) -> None:
        vars(self).update(_model=model, _paths=paths)

    def _place(self, name: str) -> tuple[Any, str]:
        path = self._paths.get(name) if not name.startswith("_") else None
        if path is None:
            raise AttributeError(f"there was no {name!r} here in gensim 3; known are {sorted(self._paths)}")
        return (self._model.wv, path[3:]) if path.startswith("wv.") else (self._model, path)

    def __getattr__(self, name: str) -> Any:
        return getattr(*self._place(name))

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(*self._place(name), value)

    def __dir__(self) -> list[str]:
        return sorted(self._paths)


class LegacyModel:
    """The names, each of which gives a DeprecationWarning."""

    iter = Renamed("epochs")
    size = Renamed("vector_size")
    syn0 = Renamed("wv.vectors")
    syn0_lockf = Renamed("wv.vectors_lockf")
    index2word = Renamed("wv.index_to_key")
    vocab = Derived(lambda model: VocabView(model.wv), "wv.key_to_index and wv.get_vecattr()")
    syn0norm = Derived(lambda model: model.wv.get_normed_vectors(), "wv.get_normed_vectors()")
    vocabulary = Derived(lambda model: _Holder(model, _VOCABULARY), "the attributes of the model itself")
    trainables = Derived(
        lambda model: _Holder(model, _TRAINABLES), "the attributes of the model itself, and wv.vectors_lockf"
    )

    most_similar = passed_on("most_similar")
    most_similar_cosmul = passed_on("most_similar_cosmul")
    similar_by_word = passed_on("similar_by_word")
    similar_by_vector = passed_on("similar_by_vector")
    doesnt_match = passed_on("doesnt_match")
    similarity = passed_on("similarity")
    n_similarity = passed_on("n_similarity")
    wmdistance = passed_on("wmdistance")
    evaluate_word_pairs = passed_on("evaluate_word_pairs")
    intersect_word2vec_format = passed_on("intersect_word2vec_format")
    save_word2vec_format = passed_on("save_word2vec_format")

    # With __getitem__ alone Python would try to iterate over the model; gensim's could not be iterated either.
    __iter__ = None

    def __getitem__(self, words: Any) -> Any:
        """Deprecated: use ``model.wv[words]``."""
        warn("model[...]", "model.wv[...]")
        return cast("Word2Vec", self).wv[words]

    def __contains__(self, word: Any) -> bool:
        """Deprecated: use ``word in model.wv``."""
        warn("word in model", "word in model.wv")
        return word in cast("Word2Vec", self).wv

    def accuracy(
        self,
        questions: Any,
        restrict_vocab: int | None = 30000,
        most_similar: Any = None,
        case_insensitive: bool = True,
    ) -> list[dict[str, Any]]:
        """Deprecated: use ``model.wv.evaluate_word_analogies``, of which these are the sections."""
        warn("model.accuracy", "model.wv.evaluate_word_analogies")
        wv = cast("Word2Vec", self).wv
        return wv.evaluate_word_analogies(questions, restrict_vocab, case_insensitive)[1]

    @classmethod
    def load_word2vec_format(cls, *args: Any, **kwargs: Any) -> KeyedVectors:
        """Deprecated: use `KeyedVectors.load_word2vec_format`; the result is `KeyedVectors`."""
        from fastw2v.keyedvectors import KeyedVectors

        warn("Word2Vec.load_word2vec_format", "KeyedVectors.load_word2vec_format")
        return KeyedVectors.load_word2vec_format(*args, **kwargs)

    def init_sims(self, replace: bool = False) -> None:
        """Deprecated: norms are computed when they are needed; ``replace=True`` normalizes the vectors in place."""
        warn("init_sims", "wv.fill_norms (or wv.unit_normalize_all in place of replace=True)")
        cast("Word2Vec", self).wv._init_sims(replace)

    def seeded_vector(self, seed_string: str, vector_size: int) -> Any:
        """Deprecated: a random vector that depends on a string alone."""
        from fastw2v.keyedvectors import pseudorandom_weak_vector

        warn("seeded_vector", "fastw2v.models.keyedvectors.pseudorandom_weak_vector")
        hash_function = cast("Word2Vec", self).hashfxn
        return pseudorandom_weak_vector(vector_size, seed_string=seed_string, hashfxn=hash_function)

    def clear_sims(self) -> None:
        """Deprecated: cached norms are forgotten when they become stale."""
        warn("clear_sims", "nothing")
        cast("Word2Vec", self).wv.invalidate_norms()

    def delete_temporary_training_data(self, replace_word_vectors_with_normalized: bool = False) -> None:
        """Deprecated: keep ``model.wv`` and drop the model. Frees the output weights; training is over then.

        Parameters
        ----------
        replace_word_vectors_with_normalized : bool, default False
            Scale the vectors to length 1, too.
        """
        warn("delete_temporary_training_data", "wv = model.wv; del model")
        model = cast("Word2Vec", self)
        model.syn1 = model.syn1neg = model.cum_table = model.huffman_tree = None
        if replace_word_vectors_with_normalized:
            model.wv.unit_normalize_all()
