"""What examples that were written for gensim import from ``gensim.test.utils``: short texts and paths of files.

The texts are not gensim's, but have their shape: nine short lists of words.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator

__all__ = ["common_texts", "datapath", "get_tmpfile", "temporary_file"]

common_texts = [
    ["river", "water", "boat"],
    ["harbor", "boat", "crew", "sail", "wind", "water"],
    ["wind", "boat", "sail", "harbor"],
    ["crew", "river", "boat", "water"],
    ["wind", "sail", "harbor"],
    ["forest"],
    ["forest", "leaf"],
    ["forest", "leaf", "tree"],
    ["tree", "leaf", "river"],
]
"""Nine short texts, as lists of words."""


def datapath(fname: str) -> str:
    """Return the path of a file of gensim's test data, if gensim is installed.

    Parameters
    ----------
    fname : str
        The path of the file within gensim's test data.

    Raises
    ------
    FileNotFoundError
        If gensim is not installed: fastw2v has no such files.

    Examples
    --------
    >>> datapath("lee_background.cor")  # doctest: +SKIP
    '/usr/lib/python3/site-packages/gensim/test/test_data/lee_background.cor'
    """
    spec = importlib.util.find_spec("gensim")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    if folders:
        return os.path.join(folders[0], "test", "test_data", fname)
    raise FileNotFoundError(
        f"{fname!r} is a file of gensim's test data, which fastw2v does not have; pip install gensim to have it, or "
        "use a text of your own, or fastw2v.test.utils.common_texts"
    )


def get_tmpfile(suffix: str) -> str:
    """Return the path of a file in the folder for temporary files. The file is not created.

    Parameters
    ----------
    suffix : str
        The name of the file.

    Examples
    --------
    >>> import os
    >>> os.path.basename(get_tmpfile("vectors.kv"))
    'vectors.kv'
    """
    return os.path.join(tempfile.gettempdir(), suffix)


@contextlib.contextmanager
def temporary_file(name: str = "") -> Iterator[str]:
    """Yield the path of a file in a new temporary folder, which is removed at the end of the block.

    Parameters
    ----------
    name : str
        The name of the file.

    Examples
    --------
    >>> from fastw2v import Word2Vec
    >>> with temporary_file("model") as path:
    ...     Word2Vec(common_texts, vector_size=8, min_count=1).save(path)
    ...     "boat" in Word2Vec.load(path).wv
    True
    """
    folder = tempfile.mkdtemp()
    try:
        yield os.path.join(folder, name)
    finally:
        shutil.rmtree(folder)
