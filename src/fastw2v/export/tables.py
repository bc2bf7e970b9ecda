"""Data frames of pandas and polars, and Parquet files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastw2v.common.files import PathLike, open_atomic
from fastw2v.export.optional import require
from fastw2v.export.words import Words

if TYPE_CHECKING:
    import pandas
    import polars

_OWN_COLUMNS = ("word", "vector")


def to_pandas(words: Words) -> pandas.DataFrame:
    """Return a frame with one row for each key, its index, and one column for each dimension."""
    pd = require("pandas", "pandas")
    return pd.DataFrame(words.vectors, index=pd.Index(words.keys, name="word"), copy=True)


def to_polars(words: Words) -> polars.DataFrame:
    """Return a frame with the columns ``word`` and ``vector`` (an array), and one for each attribute."""
    pl = require("polars", "polars")
    return pl.DataFrame(
        {
            "word": _column_of_keys(words),
            "vector": pl.Series(np.ascontiguousarray(words.vectors), dtype=_polars_array(pl, words)),
            **_attributes(words),
        }
    )


def _polars_array(pl: Any, words: Words) -> Any:
    inner = pl.Float64 if words.vectors.dtype == np.float64 else pl.Float32
    return pl.Array(inner, words.vectors.shape[1])


def write_parquet(path: PathLike, words: Words) -> None:
    """Write a Parquet file with the columns ``word`` and ``vector`` (lists of equal length) and the attributes."""
    pa = require("pyarrow", "parquet")
    parquet = require("pyarrow.parquet", "parquet")
    matrix = np.ascontiguousarray(words.vectors)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), matrix.shape[1])
    table = pa.table({"word": _column_of_keys(words), "vector": vectors, **_attributes(words)})
    with open_atomic(path, "wb") as stream:
        parquet.write_table(table, stream)


def _column_of_keys(words: Words) -> list[Any]:
    """Return the keys as one type: integers if all are, and otherwise strings."""
    are_integers = all(isinstance(key, (int, np.integer)) for key in words.keys)
    return words.keys if are_integers and words.keys else words.names


def _attributes(words: Words) -> dict[str, Any]:
    for name in _OWN_COLUMNS:
        if name in words.attributes:
            raise ValueError(f"the attribute {name!r} has the name of another column; remove it")
    return words.attributes
