"""A folder with a static embedding model, which sentence-transformers and model2vec load.

The embedding of a text is the mean of the vectors of its words. The folder has model2vec's layout, which
sentence-transformers reads too: the vectors, a tokenizer in the format of the library `tokenizers`, and two small files
of settings. None of these libraries is needed to write it.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from fastw2v.common.files import PathLike, open_atomic
from fastw2v.export.words import Words
from fastw2v.formats import native

UNKNOWN = "[UNK]"


def write(folder: PathLike, words: Words, lowercase: bool = False) -> None:
    """Write the model into `folder`, which is created.

    Texts are divided at white space, as the corpus readers do it. A word that is not in the vocabulary counts as a
    zero vector in sentence-transformers, and is left out in model2vec.

    Parameters
    ----------
    folder : str or os.PathLike
    words : Words
    lowercase : bool, default False
        Convert texts to lower case first.
    """
    vocabulary = {name: row for row, name in enumerate(words.names)}
    matrix = words.floats
    if UNKNOWN not in vocabulary:
        vocabulary[UNKNOWN] = len(matrix)
        matrix = np.concatenate([matrix, np.zeros((1, matrix.shape[1]), dtype=np.float32)])
    os.makedirs(folder, exist_ok=True)
    native.write(os.path.join(folder, "model.safetensors"), {"embeddings": matrix}, {})
    _write_json(folder, "tokenizer.json", _tokenizer(vocabulary, lowercase))
    _write_json(
        folder,
        "config.json",
        {
            "model_type": "model2vec",
            "architectures": ["StaticModel"],
            "hidden_dim": matrix.shape[1],
            "normalize": False,
            "embedding_dtype": "float32",
        },
    )
    module = {"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"}
    _write_json(folder, "modules.json", [module])


def _tokenizer(vocabulary: dict[str, int], lowercase: bool) -> dict[str, Any]:
    """Return a tokenizer that divides at white space and looks whole words up."""
    unknown = {
        "id": vocabulary[UNKNOWN],
        "content": UNKNOWN,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [unknown],
        "normalizer": {"type": "Lowercase"} if lowercase else None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN},
    }


def _write_json(folder: PathLike, name: str, value: Any) -> None:
    with open_atomic(os.path.join(folder, name), "w") as stream:
        json.dump(value, stream, ensure_ascii=False, indent=1)
