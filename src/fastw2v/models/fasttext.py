"""The names of ``gensim.models.fasttext`` that read models of fastText; fastw2v does not train them.

`load_facebook_model` and `FastText` raise an error that says what to use instead.
"""

import logging
from typing import Any

from fastw2v.keyedvectors import FastTextKeyedVectors, KeyedVectors, PathLike

logger = logging.getLogger("gensim.models.fasttext")  # programs set its level or add handlers

__all__ = ["FastTextKeyedVectors", "load_facebook_model", "load_facebook_vectors"]

_REMEDY = (
    "fastw2v does not train models with n-grams: load_facebook_vectors() reads the vectors of words and n-grams; to "
    "train, use gensim's FastText (pip install gensim) or fastText itself, or train words alone with fastw2v.Word2Vec"
)


def load_facebook_vectors(path: PathLike, encoding: str = "utf-8") -> FastTextKeyedVectors:
    """Load the vectors of words and n-grams from a model of fastText; see `KeyedVectors.load_fasttext`.

    Parameters
    ----------
    path : str or os.PathLike
    encoding : str, default "utf-8"
        Encoding of the words in the file.

    Examples
    --------
    >>> vectors = load_facebook_vectors("cc.en.300.bin")  # doctest: +SKIP
    """
    return KeyedVectors.load_fasttext(path, encoding)


def load_facebook_model(path: PathLike, encoding: str = "utf-8") -> Any:
    """Raise NotImplementedError: fastw2v reads the vectors of such a model, and does not train it further."""
    raise NotImplementedError(_REMEDY)


def __getattr__(name: str) -> Any:
    if name in ("FastText", "FastTextTrainables", "save_facebook_model"):
        raise ImportError(f"fastw2v has no {name}: {_REMEDY}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
