"""NumPy's ``.npz`` archives."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastw2v.common.files import PathLike, open_atomic
from fastw2v.export.words import Words


def write(path: PathLike, words: Words) -> None:
    """Write the arrays ``words`` (strings), ``vectors``, and one for each attribute; nothing in them is pickled.

    Raises
    ------
    ValueError
        If a key ends in a null character, which arrays of strings cannot hold, or an attribute has the name of another
        array.
    """
    names = words.names
    for name in names:
        if name.endswith("\0"):
            raise ValueError(
                f"key {name!r} ends in a null character, which .npz cannot hold; rename it with rename_key()"
            )
    taken = {"words", "vectors", "file"} & words.attributes.keys()
    if taken:
        raise ValueError(f"the attribute {min(taken)!r} has the name of an array of the .npz; remove it")
    with open_atomic(path, "wb") as stream:
        arrays: dict[str, Any] = {"words": np.array(names, dtype=np.str_), "vectors": words.vectors}
        np.savez(stream, **(arrays | words.attributes))
