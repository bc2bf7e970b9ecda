"""The methods of `fastw2v.KeyedVectors` that give the vectors to other libraries."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fastw2v.common.files import PathLike
from fastw2v.common.validation import as_flag, check_path, check_str
from fastw2v.export.words import Array, Words

if TYPE_CHECKING:
    import pandas
    import polars
    from spacy.language import Language

V = TypeVar("V", bound="ExportMethods")

_SPACE = re.compile(r"\s")


class ExportMethods:
    """Methods that write vectors in the formats of other libraries, or return objects of them.

    The class that inherits them has keys, vectors and attributes of keys, and saves and loads files. If a library is
    missing, an ImportError names the extra of fastw2v that installs it.
    """

    if TYPE_CHECKING:

        @property
        def index_to_key(self) -> list[Any]: ...
        @property
        def vectors(self) -> Array: ...
        @property
        def expandos(self) -> Mapping[str, Array]: ...
        @property
        def vector_size(self) -> int: ...

        def save(self, fname: PathLike) -> None: ...
        def save_word2vec_format(self, fname: PathLike, *, write_header: bool) -> None: ...
        @classmethod
        def load(cls: type[V], fname: PathLike, mmap: str | None = None) -> V: ...

    def _words(self) -> Words:
        return Words(list(self.index_to_key), np.asarray(self.vectors), dict(self.expandos))

    # --- files

    def save_glove_format(self, fname: PathLike) -> None:
        """Save in the text format of GloVe: lines of a word and its numbers, without a header.

        Parameters
        ----------
        fname : str or os.PathLike
            The file is compressed according to its suffix (.gz, .bz2, .xz, .zst). `load_word2vec_format` reads it.

        Raises
        ------
        ValueError
            If a key is empty or contains white space, at which programs that read the format divide a line.

        Examples
        --------
        >>> import os, tempfile
        >>> from pathlib import Path
        >>> from fastw2v import KeyedVectors
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]], extras={"count": [7, 5]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kv.save_glove_format(os.path.join(folder, "vectors.txt"))
        ...     print(Path(folder, "vectors.txt").read_text(), end="")
        a 1.0 0.0
        b 0.0 1.0
        """
        for name in self._words().names:
            if not name or _SPACE.search(name):
                raise ValueError(
                    f"key {name!r} is empty or contains white space, which a GloVe file cannot hold; rename it with "
                    "rename_key(), or use save()"
                )
        self.save_word2vec_format(fname, write_header=False)

    def save_npz(self, fname: PathLike) -> None:
        """Save to an ``.npz`` file of NumPy with the arrays ``words`` and ``vectors``, and one for each attribute.

        Parameters
        ----------
        fname : str or os.PathLike
            `numpy.load` reads the file without ``allow_pickle``. Keys that are integers become strings.

        Raises
        ------
        ValueError
            If the file cannot hold a key or the name of an attribute.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from fastw2v import KeyedVectors
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kv.save_npz(os.path.join(folder, "vectors.npz"))
        ...     with np.load(os.path.join(folder, "vectors.npz")) as arrays:
        ...         print(arrays["words"].tolist(), arrays["vectors"].tolist())
        ['a', 'b'] [[1.0, 0.0], [0.0, 1.0]]
        """
        check_path("fname", fname)
        from fastw2v.export import archive

        archive.write(fname, self._words())

    def save_tensorboard(self, folder: PathLike) -> None:
        """Save ``tensors.tsv`` and ``metadata.tsv``, which the TensorBoard embedding projector loads.

        Parameters
        ----------
        folder : str or os.PathLike
            It is created if it does not exist. The metadata are the keys and their attributes, such as ``count``.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from fastw2v import KeyedVectors
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kv.save_tensorboard(folder)
        ...     print(Path(folder, "metadata.tsv").read_text().split())
        ['a', 'b']
        """
        check_path("folder", folder)
        from fastw2v.export import tensorboard

        tensorboard.write(folder, self._words())

    def save_static_embedding(self, folder: PathLike, *, lowercase: bool = False) -> None:
        """Save a model that ``SentenceTransformer(folder)`` and model2vec's ``StaticModel.from_pretrained`` load.

        The embedding of a text is the mean of the vectors of its words, which are separated by white space. A word
        that is not a key counts as a zero vector in sentence-transformers, and is left out in model2vec.

        Parameters
        ----------
        folder : str or os.PathLike
            Created if it does not exist.
        lowercase : bool, default False
            Convert texts to lower case first; choose it if the words of the training text were in lower case.

        Examples
        --------
        >>> import os, tempfile
        >>> from fastw2v import KeyedVectors
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kv.save_static_embedding(folder)
        ...     print(sorted(os.listdir(folder)))
        ['config.json', 'model.safetensors', 'modules.json', 'tokenizer.json']
        """
        check_path("folder", folder)
        lowercase = as_flag("lowercase", lowercase)
        from fastw2v.export import static_embedding

        static_embedding.write(folder, self._words(), lowercase)

    def save_parquet(self, fname: PathLike) -> None:
        """Save to a Parquet file with the columns ``word`` and ``vector``, and one for each attribute.

        Parameters
        ----------
        fname : str or os.PathLike
            Libraries for data frames read the file, and ``embedding-atlas FILE --text word --vector vector`` shows it.

        Raises
        ------
        ImportError
            If pyarrow is missing: ``pip install 'fastw2v[parquet]'``.

        Examples
        --------
        >>> from fastw2v import KeyedVectors
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> kv.save_parquet("vectors.parquet")  # doctest: +SKIP
        """
        check_path("fname", fname)
        from fastw2v.export import tables

        tables.write_parquet(fname, self._words())

    # --- objects of other libraries

    def to_pandas(self) -> pandas.DataFrame:
        """Return a data frame with one row for each key and one column for each dimension.

        Returns
        -------
        pandas.DataFrame
            Its index has the keys.

        Raises
        ------
        ImportError
            If pandas is missing: ``pip install 'fastw2v[pandas]'``.

        Examples
        --------
        >>> from fastw2v import KeyedVectors
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> kv.to_pandas().loc["b"].tolist()  # doctest: +SKIP
        [0.0, 1.0]
        """
        from fastw2v.export import tables

        return tables.to_pandas(self._words())

    def to_polars(self) -> polars.DataFrame:
        """Return a data frame with the columns ``word`` and ``vector``, and one for each attribute.

        Returns
        -------
        polars.DataFrame

        Raises
        ------
        ImportError
            If polars is missing: ``pip install 'fastw2v[polars]'``.

        Examples
        --------
        >>> from fastw2v import KeyedVectors
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> kv.to_polars().columns  # doctest: +SKIP
        ['word', 'vector']
        """
        from fastw2v.export import tables

        return tables.to_polars(self._words())

    def to_spacy(self, lang: str = "xx") -> Language:
        """Return a blank spaCy pipeline of a language that has the vectors.

        Parameters
        ----------
        lang : str, default "xx"
            spaCy's code of the language, which determines the tokenizer; "xx" means any language.

        Returns
        -------
        spacy.language.Language
            Its ``vocab.vectors`` is the table. ``to_disk(folder)`` saves a pipeline that ``spacy.load(folder)`` loads,
            and that spaCy's training configuration accepts as ``vectors``.

        Raises
        ------
        ImportError
            If spaCy is missing: ``pip install 'fastw2v[spacy]'``.

        Examples
        --------
        >>> from fastw2v import KeyedVectors
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> kv.to_spacy("en")("a b").vector.tolist()  # doctest: +SKIP
        [0.5, 0.5]
        """
        from fastw2v.export import spacy_pipeline

        return spacy_pipeline.to_spacy(self._words(), lang)

    def embedding_matrix(
        self, *, padding: str | None = "<pad>", unknown: str | None = "<unk>"
    ) -> tuple[Array, dict[Any, int]]:
        """Return a matrix for the embedding layer of a neural network, and the row of each word in it.

        Parameters
        ----------
        padding : str or None, default "<pad>"
            Name of the first row, which is zeros. None leaves it out.
        unknown : str or None, default "<unk>"
            Name of the next row, the mean of all vectors. None leaves it out.

        Returns
        -------
        matrix : ndarray of float32
            A copy, for ``torch.nn.Embedding.from_pretrained(torch.from_numpy(matrix), padding_idx=0)``.
        word_to_index : dict

        Raises
        ------
        ValueError
            If one of the names is a key, or both are the same.

        Examples
        --------
        >>> from fastw2v import KeyedVectors
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> matrix, word_to_index = kv.embedding_matrix()
        >>> matrix.tolist()
        [[0.0, 0.0], [0.5, 0.5], [1.0, 0.0], [0.0, 1.0]]
        >>> [word_to_index.get(word, word_to_index["<unk>"]) for word in ["b", "c"]]
        [3, 1]
        """
        for name, value in (("padding", padding), ("unknown", unknown)):
            if value is not None:
                check_str(name, value)
        from fastw2v.export.embedding_matrix import embedding_matrix

        return embedding_matrix(self._words(), padding, unknown)

    # --- the Hugging Face hub

    def save_pretrained(self, folder: PathLike) -> None:
        """Save ``model.safetensors`` and a model card into a folder, which `from_pretrained` loads.

        Parameters
        ----------
        folder : str or os.PathLike
            It is created if it does not exist. An existing ``README.md`` is kept.

        Examples
        --------
        >>> import tempfile
        >>> from fastw2v import KeyedVectors
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kv.save_pretrained(folder)
        ...     print(KeyedVectors.from_pretrained(folder))
        KeyedVectors<vector_size=2, 2 keys>
        """
        check_path("folder", folder)
        from fastw2v.export import hub

        title = os.path.basename(os.path.abspath(folder))
        hub.write_folder(folder, self.save, self._model_card(title))

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool | None = None,
        token: str | bool | None = None,
        revision: str | None = None,
        commit_message: str = "Upload vectors",
    ) -> str:
        """Upload the vectors and a model card to a repository of the Hugging Face hub.

        Parameters
        ----------
        repo_id : str
            Name of the repository, such as "user/vectors". It is created if it does not exist.
        private : bool, optional
            Create a private repository.
        token : str or bool, optional
            By default the token that ``hf auth login`` has saved.
        revision : str, optional
            An existing branch; by default the main branch.
        commit_message : str, default "Upload vectors"

        Returns
        -------
        str
            The address of the commit.

        Raises
        ------
        ImportError
            If huggingface_hub is missing: ``pip install 'fastw2v[hub]'``.

        Examples
        --------
        >>> from fastw2v import KeyedVectors
        >>> kv = KeyedVectors(2)
        >>> kv.add_vectors(["a", "b"], [[1, 0], [0, 1]])
        >>> address = kv.push_to_hub("user/vectors")  # doctest: +SKIP
        """
        check_str("repo_id", repo_id)
        from fastw2v.export import hub

        return hub.push(
            repo_id,
            self.save,
            self._model_card(repo_id.rpartition("/")[2], repo_id),
            private=private,
            token=token,
            revision=revision,
            commit_message=commit_message,
        )

    @classmethod
    def from_pretrained(cls: type[V], repo_id: PathLike, *, mmap: str | None = None, **options: Any) -> V:
        """Load vectors from a folder of `save_pretrained`, or from a repository of `push_to_hub`.

        Parameters
        ----------
        repo_id : str or os.PathLike
            The path of a folder if it exists, and otherwise the name of a repository.
        mmap : str, optional
            As for `load`.
        **options
            Arguments of `huggingface_hub.hf_hub_download`, such as ``revision``, ``token`` and ``cache_dir``.

        Returns
        -------
        KeyedVectors

        Raises
        ------
        ImportError
            If there is no such folder, and huggingface_hub is missing: ``pip install 'fastw2v[hub]'``.
        FileNotFoundError
            If the folder does not contain ``model.safetensors``.

        Examples
        --------
        See `save_pretrained`.
        """
        from fastw2v.export import hub

        return cls.load(hub.find(repo_id, **options), mmap=mmap)

    def _model_card(self, title: str, repo_id: str | None = None) -> str:
        from fastw2v.export import hub

        examples = [str(key) for key in self.index_to_key[:10] if key is not None]
        return hub.model_card(title, len(self.index_to_key), self.vector_size, examples, repo_id)
