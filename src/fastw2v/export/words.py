"""What the functions of this package export: keys, their vectors, and their attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(eq=False)
class Words:
    """Keys with their vectors and attributes.

    Attributes
    ----------
    keys : list of str or int
        The key of each row.
    vectors : ndarray, shape (len(keys), vector_size)
    attributes : dict of str to ndarray, shape (len(keys),)
        Numbers that belong to the keys, such as ``count``.

    Raises
    ------
    ValueError
        If a row has no key.
    """

    keys: list[Any]
    vectors: Array
    attributes: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if None in self.keys:
            raise ValueError(
                f"row {self.keys.index(None)} has no key; name it with add_vector() or remove it"
            )
        self.attributes = {
            name: values
            for name, values in self.attributes.items()
            if values.ndim == 1 and values.dtype.kind in "biuf"
        }

    @property
    def names(self) -> list[str]:
        """The keys as strings, for formats that hold no other keys.

        Raises
        ------
        ValueError
            If two keys have the same text, or UTF-8 cannot express a key.
        """
        names = [key if isinstance(key, str) else str(key) for key in self.keys]
        if len(set(names)) != len(names):
            raise ValueError(
                "an integer and a string among the keys have the same text; rename one with rename_key()"
            )
        for name in names:
            if not name.isascii():
                try:
                    name.encode("utf-8")
                except UnicodeEncodeError:
                    raise ValueError(
                        f"key {name!r} cannot be encoded as UTF-8; rename it with rename_key()"
                    ) from None
        return names

    @property
    def floats(self) -> Array:
        """The vectors as float32, without a copy if they are."""
        return np.ascontiguousarray(self.vectors, dtype=np.float32)
