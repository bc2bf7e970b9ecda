"""Pictures of models and vectors: maps of words, neighbourhoods, losses, drift, and a page to explore a vocabulary.

The functions whose names begin with ``plot`` return a `matplotlib.figure.Figure`, which notebooks show and which
``figure.savefig("file.svg")`` saves. They need matplotlib: ``pip install 'fastw2v[plot]'``. They do not use
``matplotlib.pyplot``, so that they neither change the figure that a program is drawing nor open a window.
`neighbours_table` and `explore` need no other library.

Words are placed in two dimensions by UMAP if umap-learn is installed, otherwise by t-SNE if scikit-learn is installed,
and otherwise by their principal components.

Examples
--------
>>> from fastw2v import KeyedVectors, plotting
>>> kv = KeyedVectors(2)
>>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
>>> figure = plotting.plot_map(kv, method="pca")
>>> figure.savefig("map.png")  # doctest: +SKIP
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.files import check_writable, open_atomic
from fastw2v.common.progress_bar import ProgressBar, as_progress
from fastw2v.common.validation import as_choice, as_int, as_optional_int, check_path, check_str
from fastw2v.display import explorer, figures, projection
from fastw2v.display.html import NeighboursTable as NeighboursTable
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.vectors import queries
from fastw2v.vectors.drift import Drift
from fastw2v.word2vec import Word2Vec

__all__ = ["explore", "neighbours_table", "plot_drift", "plot_loss", "plot_map", "plot_neighbours"]

PathLike = str | os.PathLike[str]
Vectors = KeyedVectors | Word2Vec


def plot_map(
    model: Vectors,
    words: str | Iterable[Any] | None = None,
    *,
    n_words: int = 200,
    highlight: str | Iterable[Any] = (),
    method: str = "auto",
    title: str | None = None,
) -> Any:
    """Draw a map of words, on which similar words are near one another.

    Parameters
    ----------
    model : Word2Vec or KeyedVectors
    words : iterable of str, optional
        The words of the map. By default they are the first `n_words` of the vocabulary, which are the most frequent
        ones.
    n_words : int, default 200
        Number of words if `words` is not given.
    highlight : iterable of str, optional
        Words to draw in another colour; they are added to the map.
    method : {"auto", "umap", "tsne", "pca"}
        How the words are placed: UMAP, t-SNE or principal components; "auto" is the first of them that is installed.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        A word is written unless it would cover another one.

    Raises
    ------
    ImportError
        If matplotlib, or the library of `method`, is not installed.
    KeyError
        If a word is not in the vocabulary.

    Examples
    --------
    >>> from fastw2v import KeyedVectors, plotting
    >>> kv = KeyedVectors(2)
    >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
    >>> plotting.plot_map(kv, highlight=["north"], method="pca").axes
    [<Axes: >]
    """
    vectors = _vectors_of(model)
    n_words = as_int("n_words", n_words, minimum=1)
    method = as_choice("method", method, projection.METHODS)
    _check_title(title)
    highlighted = _rows(vectors, "highlight", highlight)
    if words is None:
        rows = [row for row, key in enumerate(vectors.index_to_key[:n_words]) if key is not None]
    else:
        rows = _rows(vectors, "words", words)
    rows = list(dict.fromkeys([*rows, *highlighted]))
    points = projection.project(_matrix(vectors, rows), method)
    chosen = [rows.index(row) for row in highlighted]
    return figures.word_map(points, _keys(vectors, rows), highlighted=chosen, title=title)


def plot_neighbours(
    model: Vectors,
    words: str | Iterable[Any],
    *,
    topn: int = 15,
    method: str = "pca",
    restrict_vocab: int | None = None,
    title: str | None = None,
) -> Any:
    """Draw words with their nearest neighbours, and a line to each of them, wider for a higher cosine.

    Parameters
    ----------
    model : Word2Vec or KeyedVectors
    words : str or iterable of str
    topn : int, default 15
        Number of neighbours of each word.
    method : {"pca", "tsne", "umap", "auto"}
        As for `plot_map`.
    restrict_vocab : int, optional
        As for `KeyedVectors.most_similar`.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib, or the library of `method`, is not installed.
    KeyError
        If a word is not in the vocabulary.

    Examples
    --------
    >>> from fastw2v import KeyedVectors, plotting
    >>> kv = KeyedVectors(2)
    >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
    >>> figure = plotting.plot_neighbours(kv, "north", topn=2)
    """
    vectors = _vectors_of(model)
    topn = as_int("topn", topn, minimum=1)
    method = as_choice("method", method, projection.METHODS)
    _check_title(title)
    queried = _keys(vectors, _rows(vectors, "words", words))
    rankings = _rankings(vectors, queried, topn, restrict_vocab)
    keys = list(dict.fromkeys([*queried, *(key for ranking in rankings.values() for key, _ in ranking)]))
    position = {key: i for i, key in enumerate(keys)}
    edges = [
        (position[query], position[key], float(score))
        for query, ranking in rankings.items()
        for key, score in ranking
    ]
    points = projection.project(_matrix(vectors, [vectors.key_to_index[key] for key in keys]), method)
    return figures.neighbourhood(points, keys, range(len(queried)), edges, title=title)


def plot_loss(model: Word2Vec | Sequence[float] | Mapping[str, Any], *, title: str | None = None) -> Any:
    """Draw the loss over the epochs of a training.

    Parameters
    ----------
    model : Word2Vec, sequence of float, or mapping of str to one of these
        A model that was trained with ``compute_loss=True`` or with the callback `ValidationLoss`, its `loss_history`,
        or several of them with their names. A model alone with both losses gives two curves.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no loss.

    Examples
    --------
    >>> from fastw2v import plotting
    >>> figure = plotting.plot_loss({"skip-gram": [2.5, 2.1, 1.9], "CBOW": [2.2, 2.0, 1.95]})
    """
    _check_title(title)
    named: Mapping[str, Any] = model if isinstance(model, Mapping) else {"": model}
    if isinstance(model, Word2Vec) and model.validation_loss_history:
        both = {"training": model.loss_history, "validation": model.validation_loss_history}
        named = {name: losses for name, losses in both.items() if losses}
    if not named:
        raise ValueError("model is empty: pass at least one model or list of losses")
    return figures.losses({str(name): _losses(one) for name, one in named.items()}, title=title)


def plot_drift(drift: Drift, *, topn: int = 15, title: str | None = None) -> Any:
    """Draw how far an update has moved the words.

    Parameters
    ----------
    drift : Drift
        The result of ``model.drift(old_model)``.
    topn : int, default 15
        Number of the words that moved most.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        The distribution of the cosines of the old and new vectors, and the words that moved most.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from fastw2v import KeyedVectors, plotting
    >>> old, new = KeyedVectors(2), KeyedVectors(2)
    >>> old.add_vectors(["a", "b"], [[1, 0], [0, 1]])
    >>> new.add_vectors(["a", "b"], [[1, 0], [3, 1]])
    >>> figure = plotting.plot_drift(new.drift(old))
    """
    if not isinstance(drift, Drift):
        raise TypeError(f"drift must be the result of model.drift(old_model), not {drift!r:.80}")
    topn = as_int("topn", topn, minimum=1)
    _check_title(title)
    return figures.drift(drift, topn=topn, title=title)


def neighbours_table(
    model: Vectors, words: str | Iterable[Any], *, topn: int = 10, restrict_vocab: int | None = None
) -> NeighboursTable:
    """Return the nearest neighbours of words as a table, which a notebook shows with bars.

    Parameters
    ----------
    model : Word2Vec or KeyedVectors
    words : str or iterable of str
    topn : int, default 10
        Number of neighbours of each word.
    restrict_vocab : int, optional
        As for `KeyedVectors.most_similar`.

    Returns
    -------
    NeighboursTable
        A mapping of each word to the list that `KeyedVectors.most_similar` returns.

    Raises
    ------
    KeyError
        If a word is not in the vocabulary.

    Examples
    --------
    >>> from fastw2v import KeyedVectors, plotting
    >>> kv = KeyedVectors(2)
    >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
    >>> plotting.neighbours_table(kv, ["north", "east"], topn=1)
    north
      northeast  0.7071
    east
      northeast  0.7071
    """
    vectors = _vectors_of(model)
    topn = as_int("topn", topn, minimum=1)
    queried = _keys(vectors, _rows(vectors, "words", words))
    return NeighboursTable(_rankings(vectors, queried, topn, restrict_vocab))


def explore(
    model: Vectors,
    path: PathLike,
    *,
    n_words: int = 20_000,
    method: str = "pca",
    topn: int = 10,
    title: str | None = None,
    progress: bool | None = None,
) -> None:
    """Write a page with a map of words, in which one can search, zoom and move, and read the neighbours of each word.

    The page is one HTML file of some megabytes. It contains everything that it needs and loads nothing from the
    network. It holds no vectors.

    Parameters
    ----------
    model : Word2Vec or KeyedVectors
    path : str or os.PathLike
        The HTML file, which is saved atomically.
    n_words : int, default 20000
        Number of words from the start of the vocabulary, at most 50,000. Neighbours are searched among them, which
        takes some seconds for 20,000 words and about six times as long for 50,000.
    method : {"pca", "tsne", "umap", "auto"}
        How the words are placed, as for `plot_map`. Principal components take a second; UMAP and t-SNE take minutes
        for 50,000 words.
    topn : int, default 10
        Number of neighbours of each word, at most 100.
    title : str, optional
    progress : bool, optional
        Show a progress bar. By default it is shown on a terminal or in a notebook, after two seconds.

    Raises
    ------
    ImportError
        If the library of `method` is not installed.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from fastw2v import KeyedVectors, plotting
    >>> kv = KeyedVectors(2)
    >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 1]])
    >>> plotting.explore(kv, "map.html")  # doctest: +SKIP
    """
    vectors = _vectors_of(model)
    check_path("path", path)
    n_words = as_int("n_words", n_words, minimum=1, maximum=explorer.MAX_WORDS)
    method = as_choice("method", method, projection.METHODS)
    topn = as_int("topn", topn, minimum=1, maximum=100)
    _check_title(title)
    progress = as_progress("progress", progress)
    check_writable(path)
    rows = [row for row, key in enumerate(vectors.index_to_key[:n_words]) if key is not None]
    counts = vectors.expandos.get("count")
    counts = counts[rows] if counts is not None and len(counts) == len(vectors) else None
    with ProgressBar("neighbours", total=len(rows), unit=" words", show=progress) as bar:
        page = explorer.page(
            _keys(vectors, rows),
            _matrix(vectors, rows),
            counts=counts,
            method=method,
            topn=topn,
            title="Word vectors" if title is None else title,
            report=bar.move_to,
        )
    with open_atomic(path, "w") as file:
        file.write(page)


def _vectors_of(model: Any) -> KeyedVectors:
    vectors = model.wv if isinstance(model, Word2Vec) else model
    if not isinstance(vectors, KeyedVectors):
        raise TypeError(
            f"model must be a Word2Vec or KeyedVectors, not {model!r:.80}; load what a file holds first"
        )
    if not len(vectors):
        raise ValueError("model has no words; train it or build its vocabulary first")
    return vectors


def _check_title(title: Any) -> None:
    if title is not None:
        check_str("title", title)


def _rows(vectors: KeyedVectors, name: str, words: Any) -> list[int]:
    """Return the rows of one word or several, each once."""
    listed = [words] if isinstance(words, str) else queries.key_list(name, words)
    return list(dict.fromkeys(vectors.get_index(word) for word in listed))


def _keys(vectors: KeyedVectors, rows: Sequence[int]) -> list[Any]:
    keys = vectors.index_to_key
    return [keys[row] for row in rows]


def _matrix(vectors: KeyedVectors, rows: Sequence[int]) -> NDArray[Any]:
    return np.asarray(vectors.vectors)[np.asarray(rows, dtype=np.intp)]


def _rankings(
    vectors: KeyedVectors, words: Sequence[Any], topn: int, restrict_vocab: int | None
) -> dict[Any, list[tuple[Any, float]]]:
    restrict_vocab = as_optional_int("restrict_vocab", restrict_vocab, minimum=0)
    return {word: vectors.most_similar([word], topn=topn, restrict_vocab=restrict_vocab) for word in words}


def _losses(model: Any) -> list[float]:
    losses = model.loss_history if isinstance(model, Word2Vec) else model
    if isinstance(losses, (str, bytes)) or not isinstance(losses, (Sequence, np.ndarray)):
        raise TypeError(
            f"model must be a Word2Vec, a list of losses, or a dict of these by name, not {model!r:.80}"
        )
    try:
        numbers = [float(loss) for loss in losses]
    except (TypeError, ValueError):
        raise TypeError(f"model must hold losses, which are numbers, not {losses!r:.80}") from None
    if not numbers:
        raise ValueError("model has no losses; train it with compute_loss=True")
    return numbers
