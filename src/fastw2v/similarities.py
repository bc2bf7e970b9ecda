"""An index of approximate nearest neighbours, for large vocabularies.

This module needs Faiss: ``pip install 'fastw2v[ann]'``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastw2v.common.files import PathLike
from fastw2v.common.validation import as_int
from fastw2v.export.optional import require
from fastw2v.export.words import Array, Words
from fastw2v.formats import describe_damage, native
from fastw2v.formats.keys import decode_keys, encode_keys
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.vectors import similarity
from fastw2v.word2vec import Word2Vec

# So that an import of gensim's modules below this name gets an error that says what to use.
__path__: list[str] = []

__all__ = ["HnswIndexer"]

_KIND = "hnsw"


class HnswIndexer:
    """An index of nearest neighbours (HNSW, by Faiss), for ``most_similar(..., indexer=...)``.

    A search takes a small part of the time of a full search, and misses a few of the nearest keys.

    Parameters
    ----------
    model : Word2Vec or KeyedVectors
        The index has the vectors of this moment; build it again when they have changed.
    connectivity : int, default 16
        Number of links of a vector. More links find more of the nearest keys and take more memory.
    ef_construction : int, default 128
        Number of candidates when the index is built. More give a better index and take longer.
    ef_search : int, default 128
        Number of candidates in a search. More find more of the nearest keys and take longer.

    Raises
    ------
    ImportError
        If Faiss is missing: ``pip install 'fastw2v[ann]'``.

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
        ef_construction: int = 128,
        ef_search: int = 128,
    ) -> None:
        connectivity = as_int("connectivity", connectivity, minimum=2)
        ef_construction = as_int("ef_construction", ef_construction, minimum=1)
        ef_search = as_int("ef_search", ef_search, minimum=1)
        faiss = require("faiss", "ann")
        vectors = model.wv if isinstance(model, Word2Vec) else model
        words = Words(list(vectors.index_to_key), vectors.get_normed_vectors())
        self._keys = words.keys
        # The inner product of unit vectors is the cosine, and 0 for a zero vector.
        self._index = faiss.IndexHNSWFlat(words.vectors.shape[1], connectivity, faiss.METRIC_INNER_PRODUCT)
        self._index.hnsw.efConstruction = ef_construction
        self._index.hnsw.efSearch = ef_search
        self._index.add(words.floats)

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
        if query.shape != (self._index.d,):
            raise ValueError(
                f"vector has the shape {query.shape}; the vectors of the index have ({self._index.d},)"
            )
        count = min(num_neighbors, len(self._keys))
        if count < 1:
            return []
        cosines, rows = self._index.search(query[None], count)
        return [
            (self._keys[row], cosine)
            for row, cosine in zip(rows[0].tolist(), cosines[0].tolist(), strict=True)
            if row >= 0
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
        arrays = {"index": require("faiss", "ann").serialize_index(self._index), **encode_keys(self._keys)}
        native.write(fname, arrays, {"kind": _KIND})

    @classmethod
    def load(cls, fname: PathLike) -> HnswIndexer:
        """Load an index that `save` saved.

        Damage is detected. Faiss reads the index itself and does not defend against forged files, so load only files
        from sources that you trust.

        Raises
        ------
        ValueError
            If the file holds no index, or is damaged.
        ImportError
            If Faiss is missing: ``pip install 'fastw2v[ann]'``.

        Examples
        --------
        See `save`.
        """
        faiss = require("faiss", "ann")
        arrays, metadata = native.read(fname)
        if metadata.get("kind") != _KIND:
            raise ValueError(
                f"{str(fname)!r} does not hold an index; name a file that HnswIndexer.save() wrote"
            )
        new = cls.__new__(cls)
        with describe_damage(fname):
            new._keys = decode_keys(arrays)
            new._index = faiss.deserialize_index(np.array(arrays["index"]))
            if new._index.ntotal != len(new._keys):
                raise ValueError(f"the index does not have {len(new._keys)} vectors, one for each key")
        return new
