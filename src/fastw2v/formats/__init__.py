"""File formats, one a module: functions on paths, words and arrays that know no model class.

A saved file says by its first bytes which of them reads it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fastw2v.common.files import PathLike


@contextlib.contextmanager
def describe_damage(path: PathLike) -> Iterator[None]:
    """Context manager for code that builds an object from the arrays and metadata of a file.

    A damaged file can lack any part, and a part can have any type or shape.

    Raises
    ------
    ValueError
        In place of the exceptions that such parts lead to. The message names the file.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"cannot load {str(path)!r}: {what}; get it again from its source") from error
