"""Vectors of the same words in several texts, such as those of different years, in a common space.

Two trainings give vectors that differ by a rotation at least, so that their numbers cannot be compared. `train_slices`
avoids this by a compass: a model of all the text is trained, and its output weights are frozen. The vectors of each
slice are then trained against the same output weights, which fix the space. A word whose contexts differ between two
slices gets different vectors there, and all other words keep theirs.

References
----------
Di Carlo, Bianchi and Palmonari, "Training Temporal Word Embeddings with a Compass", AAAI 2019. There, the vectors of a
slice start from random numbers; here they start from the compass, so that words that are rare in a slice stay near it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from fastw2v.common.validation import as_optional_int, check_mapping
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.texts import encode_texts, open_texts
from fastw2v.word2vec import Update, Word2Vec


def train_slices(
    slices: Mapping[Any, Any],
    *,
    compass: Word2Vec | None = None,
    epochs: int | None = None,
    min_count: int | None = None,
    **parameters: Any,
) -> dict[Any, KeyedVectors]:
    """Train vectors of each slice of a text in a common space.

    A model of all slices is trained first, the compass. Then a copy of it is trained on each slice with frozen output
    weights. The vectors of a word in two slices can therefore be compared: see `KeyedVectors.drift` for the words that
    changed most, and `KeyedVectors.most_similar` with the vector of a word of another slice.

    Parameters
    ----------
    slices : mapping of name to corpus
        The text of each slice: a list of sentences, an iterable that can be iterated several times, a reader, the path
        of a text file or of a directory of text files, or a list of these.
    compass : Word2Vec, optional
        The model whose output weights are used, which does not change; by default it is trained here. Words that it
        lacks are left out.
    epochs : int, optional
        Number of passes over each slice; by default that of the compass.
    min_count : int, optional
        Occurrences in a slice that a word needs to get a vector of it; by default the `min_count` of the compass. Words
        that are rare in the slice stay near their vector of all the text.
    **parameters
        The parameters of the compass, those of `Word2Vec`.

    Returns
    -------
    dict of name to KeyedVectors
        The vectors of each slice, with its counts as the attribute ``count``, sorted by the order of the compass.

    Raises
    ------
    ValueError
        If there are no slices, a slice holds no word of the compass, parameters are given together with a compass, or
        the compass has no output weights.
    TypeError
        If a slice cannot be read as a text, or can be iterated only once.

    Examples
    --------
    >>> from fastw2v import train_slices
    >>> early = [["the", "mouse", "eats", "cheese"], ["the", "cat", "eats", "fish"]] * 50
    >>> late = [["click", "the", "mouse", "button"], ["the", "cat", "eats", "fish"]] * 50
    >>> vectors = train_slices({1950: early, 2000: late}, vector_size=16, min_count=1, workers=1)
    >>> sorted(vectors[2000].drift(vectors[1950]).words)
    ['cat', 'eats', 'fish', 'mouse', 'the']
    """
    check_mapping("slices", slices, "names to corpora")
    if not slices:
        raise ValueError(
            "slices is empty; give one corpus for each slice, such as {2019: [...], 2020: [...]}"
        )
    epochs, min_count = as_optional_int("epochs", epochs, minimum=1), as_optional_int("min_count", min_count)
    texts = {name: _opened(name, corpus) for name, corpus in slices.items()}
    if compass is None:
        if min_count is not None:
            parameters["min_count"] = min_count
        compass = _trained_compass(texts, parameters)
    elif not isinstance(compass, Word2Vec):
        raise TypeError(
            f"compass must be a Word2Vec model, not {type(compass).__name__}; load a file with Word2Vec.load"
        )
    elif parameters:
        raise ValueError(
            f"{', '.join(parameters)} given together with a compass, which has its own parameters; leave out one"
        )
    if compass.syn1neg is None and compass.syn1 is None:
        raise ValueError(
            "compass has no output weights, which fix the space of the slices; train it with tied_weights=False"
        )
    least = compass.min_count if min_count is None else min_count
    return {
        name: _slice_vectors(compass, name, text, compass.epochs if epochs is None else epochs, least)
        for name, text in texts.items()
    }


class _Text:
    """A slice, or all of them, as one corpus that can be iterated again and again."""

    is_reusable = True  # it is encoded once for all epochs

    def __init__(self, corpora: list[Iterable[Any]]) -> None:
        self.corpora = corpora

    def __iter__(self) -> Iterator[Any]:
        for corpus in self.corpora:
            yield from corpus


def _opened(name: Any, corpus: Any) -> _Text:
    if isinstance(corpus, Iterator):
        raise TypeError(
            f"slices[{name!r}] is an iterator, which can be read only once, but each slice is read several times; "
            "pass a list or a reader"
        )
    try:
        return _Text(open_texts(corpus))
    except TypeError as error:
        raise TypeError(f"slices[{name!r}] cannot be read: {error}") from error


def _trained_compass(texts: Mapping[Any, _Text], parameters: dict[str, Any]) -> Word2Vec:
    return Word2Vec(_Text([corpus for text in texts.values() for corpus in text.corpora]), **parameters)


def _slice_vectors(compass: Word2Vec, name: Any, text: _Text, epochs: int, min_count: int) -> KeyedVectors:
    """Return the vectors of one slice."""
    encoded: EncodedCorpus = encode_texts(text.corpora, compass.wv.key_to_index, budget=compass.corpus_budget)
    counts = np.bincount(encoded.ids, minlength=len(compass.wv))
    rows = np.flatnonzero(counts >= max(min_count, 1))
    if not len(rows):
        raise ValueError(
            f"slices[{name!r}] has no word of the compass at least {max(min_count, 1)} times in "
            f"{encoded.n_sentences} sentences; lower min_count, or leave the slice out"
        )
    model = copy.deepcopy(compass)
    model.train(
        text,
        total_examples=encoded.n_sentences,
        epochs=epochs,
        update=Update(freeze_outputs=True, old_words=len(model.wv)),
    )
    words = [model.wv.index_to_key[row] for row in rows.tolist()]
    vectors = KeyedVectors(model.vector_size)
    vectors.add_vectors(words, model.wv.vectors[rows], extras={"count": counts[rows]})
    return vectors
