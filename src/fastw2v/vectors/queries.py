"""Queries on keyed vectors: means, nearest keys, similarities of given keys.

Keys become rows here, `similarity` computes on rows, and rows become keys again. Zero vectors have similarity
0.0 with everything, where gensim answers NaN.
"""

from __future__ import annotations

import logging
import operator
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.vectors import similarity
from fastw2v.vectors.keyed_rows import KEY_TYPES, Array, Key
from fastw2v.vectors.vector_store import VectorStore

logger = logging.getLogger("gensim.models.keyedvectors")

Item = Key | Array | tuple[Key | Array, float]
Items = Item | Sequence[Item] | None
Ranking = list[tuple[Any, float]]

_EXTENDED_KEY_TYPES = (*KEY_TYPES, np.ndarray)


class VectorQueries(VectorStore):
    """The queries of `fastw2v.KeyedVectors`."""

    def get_mean_vector(
        self,
        keys: Iterable[Key | Array],
        weights: Iterable[float] | Array | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Array:
        """Return the weighted mean of the vectors of some keys, divided by the sum of the absolute weights.

        Parameters
        ----------
        keys : iterable of str, int or ndarray of shape (vector_size,)
            Arrays enter the mean as they are. A single key, or array, may stand alone.
        weights : iterable of float, optional
            One for each of `keys`; 1.0 by default.
        pre_normalize : bool, default True
            Scale the vector of each key to length 1 first.
        post_normalize : bool, default False
            Scale the mean to length 1.
        ignore_missing : bool, default True
            Leave out keys that are missing. If all are, the result is zero.

        Returns
        -------
        ndarray, shape (vector_size,)
            float64 where the vectors are stored so, else float32.

        Raises
        ------
        KeyError
            If a key is missing and `ignore_missing` is false.
        ValueError
            If there are no keys, or not as many weights, or an array has another size.
        """
        items = _as_list(keys)
        if not items:
            raise ValueError("cannot compute mean with no input")
        factors = [1.0] * len(items) if weights is None else [float(weight) for weight in weights]
        if len(factors) != len(items):
            raise ValueError(
                "keys and weights array must have same number of elements, "
                f"got {len(items)} and {len(factors)}"
            )
        mean = np.zeros(self.vector_size, dtype=similarity.compute_dtype(self.vectors.dtype))
        total = 0.0
        for item, factor in zip(items, factors, strict=True):
            if isinstance(item, np.ndarray):
                vector = self._checked(item)
            elif self.has_index_for(item):
                vector = self.get_vector(item, norm=pre_normalize)
            elif ignore_missing:
                continue
            else:
                raise KeyError(f"Key '{item}' not present in vocabulary")
            mean += vector * mean.dtype.type(factor)
            total += abs(factor)
        if total > 0:
            mean /= mean.dtype.type(total)
        return similarity.unit(mean) if post_normalize else mean

    def most_similar(
        self,
        positive: Items = None,
        negative: Items = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: Any = None,
        *,
        candidates: Iterable[Key] | None = None,
    ) -> Any:
        """Return the keys whose vectors point most nearly in the direction of a mean of vectors.

        Parameters ---------- positive, negative : str, int, ndarray, or sequence of these and of ``(key or
        ndarray, weight)``, optional
            What to add and what to subtract. Keys enter the mean as unit vectors, arrays as they are. A
            weight is taken as given, on either side. A two-dimensional array is a sequence of vectors.
        topn : int or None, default 10
            Number of keys. None asks for all similarities as an array; 0 or less gives [].
        clip_start, clip_end : int, optional
            Search these rows only.
        restrict_vocab : int, optional
            Search the first so many rows; overrides the clip.
        indexer : object, optional
            An index of nearest neighbours, whose ``most_similar(vector, topn)`` is asked in place of a full
            search.
        candidates : iterable of str or int, optional
            Search these keys only.

        Returns
        -------
        list of (key, float), or ndarray of float32
            Best first, without the keys of the query. With ``topn=None`` the cosines of all rows searched (of
            `candidates` in their order), the query's own included.

        Raises
        ------
        KeyError
            If a key is missing.
        ValueError
            If there is nothing to search for, or `candidates` is combined with a clip.
        """
        if isinstance(topn, (int, np.integer)) and topn < 1:
            return []
        query, own_rows = self._query(positive, negative)
        if indexer is not None and isinstance(topn, int):
            return indexer.most_similar(query, topn)
        rows = self._searched(clip_start, clip_end, restrict_vocab, candidates)
        scores = similarity.cosines(self.vectors[rows], self._known_norms()[rows], query)
        return scores if not topn else self._ranking(scores, operator.index(topn), rows, own_rows)

    def most_similar_batch(
        self,
        queries: Iterable[Item | Sequence[Item]] | Array,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
        *,
        candidates: Iterable[Key] | None = None,
    ) -> Any:
        """Answer many `most_similar` queries at once, by products of matrices.

        Parameters
        ----------
        queries : iterable of queries, or ndarray of shape (queries, vector_size)
            Each is what `most_similar` takes as `positive`: a key, a vector, or a list of these; subtract a
            key as ``(key, -1.0)``.
        topn, restrict_vocab, candidates
            As for `most_similar`.

        Returns
        -------
        list of list of (key, float), or ndarray of shape (queries, rows)
            One ranking a query; with ``topn=None`` the matrix of cosines.
        """
        parsed = [self._query(query, None) for query in queries]
        if isinstance(topn, (int, np.integer)) and topn < 1:
            return [[] for _ in parsed]
        rows = self._searched(0, None, restrict_vocab, candidates)
        matrix, norms = self.vectors[rows], self._known_norms()[rows]
        stacked = np.array([vector for vector, _ in parsed], dtype=norms.dtype).reshape(-1, self.vector_size)
        if not topn:
            return similarity.cosines(matrix, norms, stacked)
        topn = operator.index(topn)
        count = topn + max((len(own_rows) for _, own_rows in parsed), default=0)
        best = similarity.nearest_rows(matrix, norms, stacked, count)
        return [
            self._with_keys(places, scores, topn, rows, own_rows)
            for places, scores, (_, own_rows) in zip(*map(np.ndarray.tolist, best), parsed, strict=True)
        ]

    def similar_by_word(self, word: Key, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """Return the keys most similar to `word`; see `most_similar`."""
        return self.similar_by_key(word, topn, restrict_vocab)

    def similar_by_key(self, key: Key, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """Return the keys most similar to `key`; see `most_similar`."""
        return self.most_similar(positive=[key], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_vector(
        self, vector: Array | Sequence[float], topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Return the keys most similar to `vector`, shape (vector_size,); see `most_similar`."""
        return self.most_similar(positive=[np.asarray(vector)], topn=topn, restrict_vocab=restrict_vocab)

    def most_similar_cosmul(
        self,
        positive: Items = None,
        negative: Items = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
        *,
        candidates: Iterable[Key] | None = None,
    ) -> Any:
        """Return the keys that are best by the multiplicative 3CosMul (Levy and Goldberg, CoNLL 2014).

        Parameters
        ----------
        positive, negative : str, int, ndarray, or sequence of these, optional
            Arrays are taken as they are; weights are not supported.
        topn, restrict_vocab, candidates
            As for `most_similar`. (gensim ignores `restrict_vocab` here.)

        Returns
        -------
        list of (key, float), or ndarray
            As for `most_similar`; the scores are not cosines.
        """
        if isinstance(topn, (int, np.integer)) and topn < 1:
            return []
        positive_terms, negative_terms = _as_list(positive), _as_list(negative)
        if not positive_terms:
            raise ValueError("cannot compute similarity with no input")
        rows = self._searched(0, None, restrict_vocab, candidates)
        scores = similarity.multiplicative(
            self.vectors[rows],
            self._known_norms()[rows],
            [self._term(term) for term in positive_terms],
            [self._term(term) for term in negative_terms],
        )
        own_rows = {
            self.get_index(term) for term in positive_terms + negative_terms if isinstance(term, KEY_TYPES)
        }
        return scores if not topn else self._ranking(scores, operator.index(topn), rows, own_rows)

    def _query(self, positive: Any, negative: Any) -> tuple[Array, set[int]]:
        """The unit mean of a query, and the rows of its keys."""
        keys: list[Any] = []
        weights: list[float] = []
        for items, weight in ((positive, 1.0), (negative, -1.0)):
            for item in _as_list(items):
                if isinstance(item, _EXTENDED_KEY_TYPES):
                    keys.append(item)
                    weights.append(weight)
                elif isinstance(item, (tuple, list)) and len(item) == 2:
                    keys.append(item[0])
                    weights.append(float(item[1]))
                else:
                    raise TypeError(
                        f"{item!r} is neither a key, nor a vector, nor a pair of one of them and its weight"
                    )
        mean = self.get_mean_vector(
            keys, weights, pre_normalize=True, post_normalize=True, ignore_missing=False
        )
        return mean, {self.get_index(key) for key in keys if not isinstance(key, np.ndarray)}

    def _term(self, item: Any) -> Array:
        """One factor of a multiplicative query."""
        if isinstance(item, np.ndarray):
            return self._checked(item)
        if isinstance(item, KEY_TYPES):
            return self.get_vector(item, norm=True)
        raise TypeError(f"{item!r} is neither a key nor a vector; most_similar_cosmul takes no weights")

    def _checked(self, vector: Array) -> Array:
        if vector.shape != (self.vector_size,):
            raise ValueError(f"a vector must have shape {(self.vector_size,)}, not {vector.shape}")
        return vector

    def _searched(
        self,
        clip_start: int,
        clip_end: int | None,
        restrict_vocab: int | None,
        candidates: Iterable[Key] | None,
    ) -> slice | NDArray[np.intp]:
        """The rows that a query looks at."""
        if candidates is not None:
            if clip_start or clip_end or restrict_vocab:
                raise ValueError(
                    "candidates cannot be combined with restrict_vocab, clip_start or clip_end; give one"
                )
            return np.array([self.get_index(key) for key in dict.fromkeys(candidates)], dtype=np.intp)
        if restrict_vocab:
            clip_start, clip_end = 0, restrict_vocab
        start, stop, _ = slice(clip_start or 0, clip_end or None).indices(len(self.vectors))
        return slice(start, stop)

    def _ranking(
        self, scores: Array, topn: int, rows: slice | NDArray[np.intp], own_rows: set[int]
    ) -> Ranking:
        """The `topn` best keys; `scores` belong to `rows`, `own_rows` are left out."""
        places = similarity.top_indices(scores, topn + len(own_rows))
        return self._with_keys(places.tolist(), scores[places].tolist(), topn, rows, own_rows)

    def _with_keys(
        self,
        places: Sequence[int],
        scores: Sequence[float],
        topn: int,
        rows: slice | NDArray[np.intp],
        own_rows: set[int],
    ) -> Ranking:
        """The first `topn` keys of a ranking of places in `rows`, without `own_rows`."""
        ranking: Ranking = []
        for place, score in zip(places, scores, strict=True):
            row = rows.start + place if isinstance(rows, slice) else int(rows[place])
            if row not in own_rows:
                ranking.append((self.index_to_key[row], score))
        return ranking[:topn]

    # --- similarities of given keys

    def similarity(self, w1: Key, w2: Key) -> np.float32:
        """Return the cosine of two keys; exactly 1 for a key and itself."""
        return similarity.cosine(self[w1], self[w2])

    def distance(self, w1: Key, w2: Key) -> np.float32:
        """Return ``1 - similarity(w1, w2)``."""
        return np.float32(1) - self.similarity(w1, w2)

    def n_similarity(self, ws1: Iterable[Key], ws2: Iterable[Key]) -> np.float32:
        """Return the cosine of the mean vectors of two lists of keys, ignoring missing keys.

        Raises
        ------
        ZeroDivisionError
            If a list is empty.
        """
        first, second = list(ws1), list(ws2)
        if not (first and second):
            raise ZeroDivisionError("At least one of the passed list is empty.")
        return similarity.cosine(
            self.get_mean_vector(first, pre_normalize=False),
            self.get_mean_vector(second, pre_normalize=False),
        )

    @staticmethod
    def cosine_similarities(vector_1: Array, vectors_all: Array) -> Array:
        """Return the cosines of `vector_1`, shape (D,), with each row of `vectors_all`, shape (n, D)."""
        return similarity.cosines_with(np.asarray(vector_1), np.asarray(vectors_all))

    def distances(
        self, word_or_vector: Key | Array | Sequence[float], other_words: Iterable[Key] = ()
    ) -> Array:
        """Return ``1 - cosine`` of a key or vector with each of `other_words`, or with every row."""
        if isinstance(word_or_vector, KEY_TYPES):
            vector = self.get_vector(word_or_vector)
        else:
            vector = self._checked(np.asarray(word_or_vector))
        rows: Any = [self.get_index(key) for key in other_words] or slice(None)
        unit = similarity.unit(vector.astype(similarity.compute_dtype(self.vectors.dtype)))
        cosines = similarity.cosines(self.vectors[rows], self._known_norms()[rows], unit)
        distances: Array = 1 - cosines
        return distances

    def most_similar_to_given(self, key1: Key, keys_list: Sequence[Key]) -> Key:
        """Return the one of `keys_list` that is most similar to `key1`."""
        if not len(keys_list):
            raise ValueError("keys_list is empty: give at least one key to choose from")
        return keys_list[int(np.argmax([self.similarity(key1, key) for key in keys_list]))]

    def closer_than(self, key1: Key, key2: Key) -> list[Any]:
        """Return the keys that are closer to `key1` than `key2` is, in order of row."""
        first, second = self.get_index(key1), self.get_index(key2)
        if first == second:
            return []
        distances = self.distances(key1)
        return [
            self.index_to_key[row] for row in np.flatnonzero(distances < distances[second]) if row != first
        ]

    def rank(self, key1: Key, key2: Key) -> int:
        """Return the rank of `key2` among the keys by distance from `key1`, counting from 1."""
        return len(self.closer_than(key1, key2)) + 1

    def rank_by_centrality(self, words: Iterable[Key], use_norm: bool = True) -> list[tuple[np.float32, Any]]:
        """Return ``(closeness to the mean, key)`` of some keys, closest first.

        Parameters
        ----------
        words : iterable of str or int
            Missing ones are left out with a logged warning.
        use_norm : bool, default True
            Scale the vectors to length 1 first.

        Raises
        ------
        ValueError
            If none of the keys is present.
        """
        given = list(words)
        present = [word for word in given if word in self]
        if len(present) != len(given):
            missing = set(given) - set(present)
            logger.warning("vectors for words %s are not present in the model, ignoring these words", missing)
        if not present:
            raise ValueError("cannot select a word from an empty list")
        vectors = np.stack([self.get_vector(word, norm=use_norm) for word in present])
        closeness = similarity.centrality(vectors.astype(similarity.compute_dtype(vectors.dtype), copy=False))
        order = sorted(range(len(present)), key=lambda i: (closeness[i], present[i]), reverse=True)
        return [(closeness[i], present[i]) for i in order]

    def doesnt_match(self, words: Iterable[Key]) -> Any:
        """Return the one of `words` that is farthest from their mean."""
        return self.rank_by_centrality(words)[-1][1]

    def relative_cosine_similarity(self, wa: Key, wb: Key, topn: int = 10) -> float:
        """Return the similarity of two keys, relative to the sum of those of the `topn` keys nearest to `wa`.

        Leeuwenberg et al., "A Minimally Supervised Approach for Synonym Extraction with Word Embeddings"
        (2016): above 0.10 suggests synonyms.
        """
        nearest: Ranking = self.similar_by_key(wa, topn)
        if not nearest:
            raise ValueError("Cannot calculate relative cosine similarity without any similar words.")
        return float(self.similarity(wa, wb)) / sum(score for _, score in nearest)

    def wmdistance(self, document1: Iterable[Key], document2: Iterable[Key], norm: bool = True) -> float:
        """Return the Word Mover's Distance of two lists of keys (Kusner et al., ICML 2015).

        Parameters
        ----------
        document1, document2 : iterable of str or int
            Missing keys are left out.
        norm : bool, default True
            Scale the vectors to length 1 first.

        Returns
        -------
        float
            inf if a document has no key that is present.

        Raises
        ------
        ImportError
            If the package POT is missing: ``pip install 'fastw2v[wmd]'``.
        """
        given = list(document1), list(document2)
        first, second = (Counter(key for key in document if key in self) for document in given)
        dropped = len(given[0]) - first.total(), len(given[1]) - second.total()
        if any(dropped):
            logger.info("Removed %d and %d OOV words from document 1 and 2 (respectively).", *dropped)
        if not first or not second:
            logger.warning("At least one of the documents had no words that were in the vocabulary.")
            return float("inf")
        sides = []
        for document in (first, second):
            sides.append(np.stack([self.get_vector(key, norm=norm) for key in document]))
            sides.append(np.array(list(document.values()), dtype=np.float64) / document.total())
        return similarity.word_movers_distance(*sides)

    def similarity_unseen_docs(self, *args: Any, **kwargs: Any) -> None:
        """Not for word vectors; gensim's Doc2Vec has it."""
        raise NotImplementedError("Call similarity_unseen_docs on a Doc2Vec model instead.")


def _as_list(items: Any) -> list[Any]:
    """The items of a query: nothing, one key, one vector, or several of them."""
    if items is None:
        return []
    if isinstance(items, KEY_TYPES) or (
        isinstance(items, np.ndarray) and items.ndim == 1 and items.dtype.kind in "fiub"
    ):
        return [items]
    return list(items)
