"""File formats: one module for each format, and what models and vectors consist of in a file.

* `native`: fastw2v's own format, with `checksums`, `xxh64` and `streams`, which other binary formats use, too.
* `word2vec`: the text and binary formats of the original word2vec tool, and GloVe's, with `word2vec_rows`.
* `fasttext`: models of fastText.
* `finalfusion`: vectors of the finalfusion project.
* `gensim`: gensim's pickles, with `unpickler`, `pickle_globals`, `pickler` and `npy`.
* `keys`: words and integers as arrays.
* `model_state`, `vector_state`: the arrays and settings of a model and of vectors, independent of the format.
* `settings`: the settings of a model, and the values that each of them may have.
* `phrase_state`: phrases, and the native and gensim's files of them.
* `detect`: which format a file has.

The modules of a format take words and arrays, and know no model class. The package may import `common`, `engine`,
`text`, `vectors` and `vocabulary`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fastw2v.common.files import PathLike


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
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        what = f"the field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"cannot load {str(path)!r}: {what}; get the file again from its source") from error
