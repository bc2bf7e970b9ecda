"""File formats: one module for each format, and what models and vectors consist of in a file.

* `native`: fastw2v's own format, with `checksums`, `xxh64` and `streams`.
* `word2vec`: the text and binary formats of the original word2vec tool, and GloVe's, with `word2vec_rows`.
* `gensim`: gensim's pickles, with `unpickler`, `pickle_globals`, `pickler` and `npy`.
* `keys`: words and integers as arrays.
* `model_state`, `vector_state`: the arrays and settings of a model and of vectors, independent of the format.
* `detect`: which format a file has.

The modules of a format take words and arrays, and know no model class. The package may import `common`, `engine`,
`text`, `vectors` and `vocabulary`; the modules of a format import `common` only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fastw2v.common.files import PathLike, check_regular, local_path, open_input

_FIRST_BYTES = 64


@contextlib.contextmanager
def describe_damage(path: PathLike) -> Iterator[None]:
    """Context manager that turns the errors caused by the contents of a file into one that names the file.

    Use it around code that makes an object of the arrays and metadata of `path`, which may be missing or of any type.

    Raises
    ------
    ValueError
        In place of an error that wrong types, shapes or missing parts cause.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"the field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"cannot load {str(path)!r}: {what}; get the file again from its source") from error


def detect_saved_format(path: PathLike) -> str:
    """Return the format of a file that was saved by fastw2v or gensim: "native" or "gensim".

    Parameters
    ----------
    path : str or os.PathLike
        The file, which is decompressed if its suffix says so.

    Raises
    ------
    ValueError
        If the file has neither format.
    OSError
        If the file cannot be read, or is a pipe or device, which could block.
    """
    from fastw2v.formats import native

    if local_path(path) is not None:
        check_regular(path)
    with open_input(path, "rb") as stream:
        first_bytes = stream.read(_FIRST_BYTES)
    if native.is_native(first_bytes):
        return "native"

    from fastw2v.formats import gensim  # imported only if needed, because it is large

    if gensim.is_gensim(first_bytes):
        return "gensim"
    raise ValueError(
        f"{str(path)!r} is neither a file that fastw2v saved nor one that gensim saved; "
        "vectors in the word2vec, fastText or GloVe format are read by KeyedVectors.load_word2vec_format()"
    )
