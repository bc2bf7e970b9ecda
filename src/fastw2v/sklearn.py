"""A transformer for scikit-learn: documents to the mean of the vectors of their words.

This module needs scikit-learn: ``pip install 'fastw2v[sklearn]'``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.export.optional import require
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.word2vec import Word2Vec

require("sklearn", "sklearn")

from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin  # noqa: E402
from sklearn.utils.validation import check_is_fitted  # noqa: E402

__all__ = ["Word2VecTransformer"]

POOLINGS = ("mean", "tfidf")


class Word2VecTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Train word vectors on documents, and represent a document by the mean of the vectors of its words.

    Parameters
    ----------
    tokenizer : callable, optional
        Returns the words of a text. By default a text is divided at white space. Documents that are lists of words are
        taken as they are.
    pooling : {"mean", "tfidf"}, default "mean"
        With "tfidf", words have the weight ln((1 + n) / (1 + df)) + 1, where n is the number of documents of the
        training and df the number of those that contain the word.
    vector_size, window, min_count, sg, hs, negative, alpha, sample, epochs, seed
        Parameters of `fastw2v.Word2Vec`.
    workers : int, default 1
        Number of threads. With one, equal documents give equal vectors.
    word2vec_params : mapping of str to object, optional
        Other parameters of `fastw2v.Word2Vec`.

    Attributes
    ----------
    model_ : Word2Vec
    wv_ : KeyedVectors
        The vectors of the words.
    idf_ : ndarray, shape (words,), or None
        The weights of the words, with ``pooling="tfidf"``.

    Examples
    --------
    >>> from fastw2v.sklearn import Word2VecTransformer
    >>> texts = ["the cat sat", "the dog sat", "a cat and a dog"]
    >>> transformer = Word2VecTransformer(vector_size=8, min_count=1)
    >>> transformer.fit_transform(texts).shape
    (3, 8)
    """

    def __init__(
        self,
        *,
        tokenizer: Callable[[str], Iterable[str]] | None = None,
        pooling: str = "mean",
        vector_size: int = 100,
        window: int = 5,
        min_count: int = 5,
        sg: int = 0,
        hs: int = 0,
        negative: int = 5,
        alpha: float = 0.025,
        sample: float = 1e-3,
        epochs: int = 5,
        seed: int = 1,
        workers: int = 1,
        word2vec_params: Mapping[str, Any] | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.pooling = pooling
        self.vector_size = vector_size
        self.window = window
        self.min_count = min_count
        self.sg = sg
        self.hs = hs
        self.negative = negative
        self.alpha = alpha
        self.sample = sample
        self.epochs = epochs
        self.seed = seed
        self.workers = workers
        self.word2vec_params = word2vec_params

    def fit(
        self,
        X: Iterable[str | Sequence[str]],  # noqa: N803
        y: Any = None,
        sample_weight: Any = None,
    ) -> Word2VecTransformer:
        """Train the vectors on documents.

        Parameters
        ----------
        X : iterable of str or of list of str
            Each document is a text, or its words.
        y : object, optional
            Without effect; kept for pipelines.
        sample_weight : array-like of float, shape (documents,), optional
            A factor of at least 0 on the learning rate of each document. Vocabulary and subsampling count all documents
            alike.

        Returns
        -------
        Word2VecTransformer

        Raises
        ------
        ValueError
            If no word occurs `min_count` times, `pooling` is not known, or `word2vec_params` names a parameter that
            is an argument of its own.
        TypeError
            If a document is neither a text nor a list of words.

        Examples
        --------
        >>> from fastw2v.sklearn import Word2VecTransformer
        >>> Word2VecTransformer(min_count=1).fit(["the cat sat"]).wv_.index_to_key
        ['sat', 'cat', 'the']
        """
        if self.pooling not in POOLINGS:
            raise ValueError(f"pooling must be one of {', '.join(map(repr, POOLINGS))}, not {self.pooling!r}")
        documents = self._tokenized(X)
        parameters = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name not in ("tokenizer", "pooling", "word2vec_params")
        }
        others = dict(self.word2vec_params or {})
        if twice := parameters.keys() & others.keys():
            raise ValueError(f"word2vec_params must not name {min(twice)!r}, which is an argument of its own")
        model = Word2Vec(**parameters, **others)
        if documents:
            model.build_vocab(documents)
        if not len(model.wv):
            raise ValueError(
                f"no word occurs at least {self.min_count} times in {len(documents)} documents; "
                "choose a smaller min_count or give more documents"
            )
        model.train(
            documents,
            total_examples=model.corpus_count,
            epochs=model.epochs,
            sample_weight=sample_weight,
        )
        self.model_ = model
        self.idf_ = _inverse_document_frequencies(model.wv, documents) if self.pooling == "tfidf" else None
        return self

    def transform(self, X: Iterable[str | Sequence[str]]) -> NDArray[np.float32]:  # noqa: N803
        """Return the vectors of documents.

        Parameters
        ----------
        X : iterable of str or of list of str

        Returns
        -------
        ndarray of float32, shape (documents, vector_size)
            Words that are not in the vocabulary are left out; a document without any word is a zero vector.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` has not been called.

        Examples
        --------
        >>> from fastw2v.sklearn import Word2VecTransformer
        >>> transformer = Word2VecTransformer(vector_size=2, min_count=1).fit(["the cat sat"])
        >>> transformer.transform([["unheard-of"]]).tolist()
        [[0.0, 0.0]]
        """
        check_is_fitted(self, "model_")
        documents = self._tokenized(X)
        matrix = self.wv_.vectors
        pooled = np.zeros((len(documents), matrix.shape[1]), dtype=np.float32)
        for number, words in enumerate(documents):
            rows = _rows(self.wv_, words)
            if len(rows):
                weights = None if self.idf_ is None else self.idf_[rows]
                pooled[number] = np.average(matrix[rows], axis=0, weights=weights)
        return pooled

    @property
    def wv_(self) -> KeyedVectors:
        """The vectors of the words."""
        check_is_fitted(self, "model_")
        return self.model_.wv

    @property
    def _n_features_out(self) -> int:
        return self.wv_.vector_size

    def _tokenized(self, documents: Iterable[str | Sequence[str]]) -> list[list[str]]:
        """Return the words of each document."""
        if isinstance(documents, (str, bytes)):
            raise ValueError("X must be an iterable of documents, not a single text; use [text]")
        tokenize = str.split if self.tokenizer is None else self.tokenizer
        found = []
        for number, document in enumerate(documents):
            if isinstance(document, str):
                found.append(list(tokenize(document)))
            elif isinstance(document, (list, tuple)):
                found.append(list(document))
            else:
                raise TypeError(
                    f"document {number} of X is a {type(document).__name__}; each must be a text or a list of words"
                )
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _rows(vectors: KeyedVectors, words: list[str]) -> NDArray[np.intp]:
    """Return the rows of those words that have one."""
    index = vectors.key_to_index
    return np.array([index[word] for word in words if word in index], dtype=np.intp)


def _inverse_document_frequencies(vectors: KeyedVectors, documents: list[list[str]]) -> NDArray[np.float32]:
    """Return ln((1 + n) / (1 + df)) + 1 for each word, where n is the number of documents."""
    counts = np.zeros(len(vectors), dtype=np.int64)
    for words in documents:
        counts[np.unique(_rows(vectors, words))] += 1
    weights: NDArray[np.float32] = (np.log((1 + len(documents)) / (1 + counts)) + 1).astype(np.float32)
    return weights
