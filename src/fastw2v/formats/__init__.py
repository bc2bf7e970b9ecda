"""File formats, one a module: functions on paths, words and arrays that know no model class.

A saved file says by its first bytes which of them reads it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fastw2v.common.files import PathLike, check_regular, local_path, open_input

_FIRST_BYTES = 64


@contextlib.contextmanager
def sound(path: PathLike) -> Iterator[None]:
    """Context manager around what makes an object of a file's arrays and metadata, which may lack or hold anything.

    Raises
    ------
    ValueError
        Instead of what parts of the wrong type or shape lead to; it names the file.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"cannot load {str(path)!r}: {what}; get it again from its source") from error


def recognise(path: PathLike) -> str:
    """Return which format a saved file is in: "native" or "gensim".

    Parameters
    ----------
    path : str or os.PathLike
        Decompressed by suffix.

    Raises
    ------
    ValueError
        If it is neither.
    OSError
        If it cannot be read, or is a pipe or device, which could block for ever.
    """
    from fastw2v.formats import native

    if local_path(path) is not None:
        check_regular(path)
    with open_input(path, "rb") as stream:
        first_bytes = stream.read(_FIRST_BYTES)
    if native.is_native(first_bytes):
        return "native"

    from fastw2v.formats import gensim  # after the usual case: it is the larger one

    if gensim.is_gensim(first_bytes):
        return "gensim"
    raise ValueError(
        f"{str(path)!r} is neither a file that fastw2v saved nor one that gensim saved; "
        "vectors in the word2vec, fastText or GloVe format are read by KeyedVectors.load_word2vec_format()"
    )
