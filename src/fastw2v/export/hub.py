"""Folders and repositories of the Hugging Face hub: a native file named ``model.safetensors``, and a model card."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import Any

from fastw2v.common.files import PathLike, open_atomic
from fastw2v.export.optional import require

FILE = "model.safetensors"
CARD = "README.md"


def write_folder(folder: PathLike, save: Callable[[str], None], card: str) -> None:
    """Write the file of vectors, by `save`, and the model card into `folder`, which is created.

    A model card that the folder already has is kept.
    """
    os.makedirs(folder, exist_ok=True)
    save(os.path.join(folder, FILE))
    path = os.path.join(folder, CARD)
    if not os.path.exists(path):
        with open_atomic(path, "w", newline="\n") as stream:
            stream.write(card)


def push(
    repo_id: str,
    save: Callable[[str], None],
    card: str,
    *,
    private: bool | None = None,
    token: str | bool | None = None,
    revision: str | None = None,
    commit_message: str = "Upload vectors",
) -> str:
    """Upload the folder of `write_folder` to a repository, which is created, and return the address of the commit.

    A model card that the repository already has is kept.
    """
    hub = require("huggingface_hub", "hub")
    api = hub.HfApi(token=token)
    repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
    with tempfile.TemporaryDirectory() as folder:
        write_folder(folder, save, card)
        kept = [CARD] if api.file_exists(repo_id, CARD, revision=revision) else None
        done = api.upload_folder(
            repo_id=repo_id,
            folder_path=folder,
            revision=revision,
            commit_message=commit_message,
            ignore_patterns=kept,
        )
    return str(getattr(done, "commit_url", done))


def find(name: PathLike, **options: Any) -> str:
    """Return the path of the file of vectors in a local folder, or else in the hub's cache, after a download.

    Parameters
    ----------
    name : str or os.PathLike
        A folder, or the name of a repository.
    **options
        For `huggingface_hub.hf_hub_download`: ``revision``, ``token``, ``cache_dir``, ...

    Raises
    ------
    FileNotFoundError
        If the folder has no such file.
    """
    if os.path.isdir(name):
        path = os.path.join(name, FILE)
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f"{os.fspath(name)!r} has no file {FILE}; name a folder that save_pretrained() wrote"
            )
        return path
    hub = require("huggingface_hub", "hub")
    return str(hub.hf_hub_download(os.fspath(name), FILE, **options))


def model_card(title: str, n_words: int, size: int, examples: list[str], repo_id: str | None = None) -> str:
    """Return a model card: the hub's metadata, what the vectors are, and how to load them."""
    shown = ", ".join(f"`{word}`" for word in examples if "`" not in word and word.isprintable())
    return f"""---
library_name: fastw2v
tags:
- word2vec
- word-embeddings
---

# {title}

{n_words:,} word vectors with {size} dimensions{f", for example {shown}" if shown else ""}.

## Use

```python
from fastw2v import KeyedVectors  # pip install 'fastw2v[hub]'

vectors = KeyedVectors.from_pretrained({repo_id or "PATH_OR_NAME"!r})
```

The file `{FILE}` is in the safetensors format. Its tensor `vectors` has one row for each word.
"""
