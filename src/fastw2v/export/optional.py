"""Importing a library that is an extra of fastw2v."""

from __future__ import annotations

import importlib
from typing import Any


def require(module: str, extra: str) -> Any:
    """Return the imported `module`, which ``pip install 'fastw2v[extra]'`` installs.

    Raises
    ------
    ImportError
        If the library is not installed; the message names the extra. An error within the library is raised as it is.

    Examples
    --------
    >>> from fastw2v.export.optional import require
    >>> require("json", "json").dumps([1])
    '[1]'
    >>> require("no_such_library", "table")
    Traceback (most recent call last):
    ImportError: no_such_library is not installed: pip install 'fastw2v[table]'
    """
    library = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        raise ImportError(
            f"{library} is not installed: pip install 'fastw2v[{extra}]'", name=library
        ) from None
