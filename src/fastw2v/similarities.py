"""An index of approximate nearest neighbours, for large vocabularies.

This module needs usearch: ``pip install 'fastw2v[ann]'``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastw2v.common.files import PathLike
from fastw2v.common.validation import check_integer
from fastw2v.export.optional import require
from fastw2v.export.words import Array, Words
from fastw2v.formats import describe_damage, native
from fastw2v.formats.keys import decode_keys, encode_keys
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.vectors import similarity
from fastw2v.word2vec import Word2Vec

__all__ = ["HnswIndexer"]

_KIND = "hnsw"


class HnswIndexer:
    """An index of nearest neighbours (HNSW, by usearch), for ``most_similar(..., indexer=...)``.

    A search takes a small part of the time of a full search, and misses a few of the nearest keys.

    Parameters
    ----------
    model : Word2Vec or KeyedVectors
        The index has the vectors of this moment; build it again when they have changed.
    connectivity : int, default 16
        Number of links of a vector. More links find more of the nearest keys and take more memory.
    expansion_add : int, default 128
        Number of candidates when the index is built. More give a better index and take longer.
    expansion_search : int, default 64
        Number of candidates in a search. More find more of the nearest keys and take longer.
    threads : int, default 0
        Number of threads that build the index; 0 uses one for each core.

    Raises
    ------
    ImportError
        If usearch is missing: ``pip install 'fastw2v[ann]'``.

    Examples
    --------
    >>> from fastw2v import KeyedVectors
    >>> from fastw2v.similarities import HnswIndexer
    >>> kv = KeyedVectors(2)
    >>> kv.add_vectors(["east", "north", "northeast"], [[1, 0], [0, 1], [1, 2]])
    >>> indexer = HnswIndexer(kv)
    >>> [key for key, cosine in kv.most_similar("north", topn=2, indexer=indexer)]
    ['north', 'northeast']
    """

    def __init__(
        self,
        model: Word2Vec | KeyedVectors,
        *,
        connectivity: int = 16,
        expansion_add: int = 128,
        expansion_search: int = 64,
        threads: int = 0,
    ) -> None:
        check_integer("connectivity", connectivity, 2)
        check_integer("expansion_add", expansion_add, 1)
        check_integer("expansion_search", expansion_search, 1)
        check_integer("threads", threads, 0)
        usearch = require("usearch.index", "ann")
        vectors = model.wv if isinstance(model, Word2Vec) else model
        words = Words(list(vectors.index_to_key), vectors.get_normed_vectors())
        self._keys = words.keys
        self._index = usearch.Index(
            ndim=words.vectors.shape[1],
            metric="ip",  # of unit vectors: the cosine, and 0 for a zero vector
            dtype="f32",
            connectivity=connectivity,
            expansion_add=expansion_add,
            expansion_search=expansion_search,
        )
        if words.keys:
            self._index.add(np.arange(len(words.keys), dtype=np.uint64), words.floats, threads=threads)

    def __len__(self) -> int:
        return len(self._keys)

    def most_similar(self, vector: Array, num_neighbors: int) -> list[tuple[Any, float]]:
        """Return the keys whose vectors have the highest cosine with `vector`, best first.

        Parameters
        ----------
        vector : ndarray, shape (vector_size,)
        num_neighbors : int

        Returns
        -------
        list of (key, float)
            Keys and cosines. A key whose own vector is asked for is among them.

        Examples
        --------
        >>> from fastw2v import KeyedVectors
        >>> from fastw2v.similarities import HnswIndexer
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north"], [[2, 0], [0, 2]])
        >>> HnswIndexer(kv).most_similar([0, 1], 1)
        [('north', 1.0)]
        """
        query = similarity.unit(np.asarray(vector, dtype=np.float32))
        if query.shape != (self._index.ndim,):
            raise ValueError(
                f"vector has the shape {query.shape}; the vectors of the index have ({self._index.ndim},)"
            )
        count = min(num_neighbors, len(self._keys))
        if count < 1:
            return []
        found = self._index.search(query, count)
        return [
            (self._keys[row], 1.0 - distance)
            for row, distance in zip(found.keys.tolist(), found.distances.tolist(), strict=True)
        ]

    def save(self, fname: PathLike) -> None:
        """Save the index and its keys to one file, atomically.

        Parameters
        ----------
        fname : str or os.PathLike

        Examples
        --------
        >>> import os, tempfile
        >>> from fastw2v import KeyedVectors
        >>> from fastw2v.similarities import HnswIndexer
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["east", "north"], [[2, 0], [0, 2]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     HnswIndexer(kv).save(os.path.join(folder, "index"))
        ...     print(len(HnswIndexer.load(os.path.join(folder, "index"))))
        2
        """
        index = np.frombuffer(self._index.save(), dtype=np.uint8)
        metadata = {"kind": _KIND, "expansion_search": int(self._index.expansion_search)}
        native.write(fname, {"index": index, **encode_keys(self._keys)}, metadata)

    @classmethod
    def load(cls, fname: PathLike) -> HnswIndexer:
        """Load an index that `save` saved.

        Raises
        ------
        ValueError
            If the file holds no index, or is damaged.
        ImportError
            If usearch is missing: ``pip install 'fastw2v[ann]'``.

        Examples
        --------
        See `save`.
        """
        usearch = require("usearch.index", "ann")
        arrays, metadata = native.read(fname)
        if metadata.get("kind") != _KIND:
            raise ValueError(
                f"{str(fname)!r} does not hold an index; name a file that HnswIndexer.save() wrote"
            )
        new = cls.__new__(cls)
        with describe_damage(fname):
            new._keys = decode_keys(arrays)
            new._index = usearch.Index.restore(arrays["index"].tobytes())
            if new._index is None or len(new._index) != len(new._keys):
                raise ValueError(f"the index does not have {len(new._keys)} vectors, one for each key")
            new._index.expansion_search = metadata["expansion_search"]
        return new
