"""What a token may be: a str or an int, the types that a vocabulary holds and that every file format can store.

`as_word` turns the scalars of other libraries into the str or int that they stand for, so that a word is found by the
plain value, before a model is saved and after. Everything else is refused where words are counted, before anything is
trained. `check_sentence` and `describe_table` recognise tables, whose iteration gives the names of their columns. No
other library is imported for that.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from fastw2v.text.word_counts import WordCounts

__all__ = [
    "as_word",
    "as_word_counts",
    "check_sentence",
    "describe_refusal",
    "describe_table",
    "is_column",
]

Counts = TypeVar("Counts", bound=Mapping[Any, int])

_WORD_TYPES = {str, int}


def as_word(token: Any) -> str | int | None:
    """Return the str or int that a token stands for, or None if it stands for neither.

    These become a str: NumPy's strings (bytes are decoded as UTF-8), pyarrow's, and instances of subclasses of str.
    These become an int: all objects with a method ``__index__``, such as NumPy's and PyTorch's integers, and pyarrow's.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.text.tokens import as_word
    >>> as_word(np.str_("rose")), as_word(np.int64(7)), as_word(2.5)
    ('rose', 7, None)
    """
    if isinstance(token, str):
        return str.__str__(token)
    if isinstance(token, np.bytes_):
        return token.decode("utf-8", "surrogateescape")
    if isinstance(token, np.bool_):
        return int(token)
    if _is_arrow_scalar(token):
        value = token.as_py()
        return as_word(value) if isinstance(value, (str, int)) else None
    try:
        return int(operator.index(token))
    except TypeError:
        return None


def _is_arrow_scalar(token: Any) -> bool:
    return type(token).__module__.partition(".")[0] == "pyarrow" and hasattr(token, "as_py")


def describe_refusal(token: Any) -> str:
    """Return the part of an error message that says why an object is no token, and what to do.

    Examples
    --------
    >>> from fastw2v.text.tokens import describe_refusal
    >>> describe_refusal(None)
    'is None; a token must be a str or an int: leave missing values out'
    """
    if _is_arrow_scalar(token):
        token = token.as_py()
    if token is None or type(token).__name__ in ("NAType", "NaTType"):
        remedy = "leave missing values out"
    elif isinstance(token, (float, np.floating)):
        remedy = "leave missing values (NaN) out, and convert numbers by str()"
    elif isinstance(token, (bytes, bytearray)):
        remedy = "decode it, for example by token.decode('utf-8')"
    elif isinstance(token, (tuple, frozenset)):
        remedy = "join its parts to one str, for example by ' '.join(map(str, token))"
    else:
        remedy = "convert it, for example by str(token)"
    kind = "None" if token is None else f"{token!r:.80} ({type(token).__name__})"
    return f"is {kind}; a token must be a str or an int: {remedy}"


def as_word_counts(counts: Counts, name: str) -> Counts | dict[Any, int]:
    """Return counts by words that are str and int; `counts` itself if all of them are.

    The counts of words that become the same one are added up.

    Parameters
    ----------
    counts : dict or WordCounts
    name : str
        The argument that holds them, for the message.

    Raises
    ------
    TypeError
        If a word is neither a str nor an int; the message shows it.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.text.tokens import as_word_counts
    >>> as_word_counts({"a": 2, np.bytes_(b"a"): 3}, "word_freq")
    {'a': 5}
    """
    if isinstance(counts, WordCounts) or set(map(type, counts)) <= _WORD_TYPES:
        return counts
    merged: dict[Any, int] = {}
    for position, (token, count) in enumerate(counts.items()):
        word = as_word(token)
        if word is None:
            raise TypeError(f"word #{position} of {name} {describe_refusal(token)}")
        merged[word] = merged.get(word, 0) + count
    return merged


# --- tables and columns

_COLUMN_LIBRARIES = {"pandas", "polars", "pyarrow", "datasets"}


def is_column(value: Any) -> bool:
    """Return whether `value` is a column of a table: a Series of pandas or polars, an array of pyarrow, ..."""
    return any(base.__module__.partition(".")[0] in _COLUMN_LIBRARIES for base in type(value).__mro__)


def describe_table(value: Any) -> str | None:
    """Return what to pass in place of a table, or None if `value` is no table.

    Iterating over a table gives the names of its columns, its columns, or its rows as dicts; none of them is a sentence
    of tokens. A column of token lists is a corpus, and a column of tokens a sentence.

    Parameters
    ----------
    value : object
        What is given as a corpus, or as a sentence.
    """
    kind = type(value)
    if hasattr(kind, "columns") and hasattr(kind, "dtypes"):  # pandas, polars, Dask, PySpark, DuckDB
        collected = "df.collect()" if kind.__name__ == "LazyFrame" else "df"
        return f"pass one column of token lists, such as {collected}['tokens'].to_list()"
    if hasattr(kind, "column_names") and hasattr(kind, "schema"):  # pyarrow
        return "pass one column of token lists, such as table['tokens'].to_pylist()"
    if hasattr(kind, "column_names") and hasattr(kind, "features"):  # Hugging Face
        return "pass one column of token lists, such as dataset['tokens']"
    return None


def check_sentence(sentence: Any, number: int) -> None:
    """Raise a TypeError if a sentence is a table, or a row of one: a dict of the values of columns.

    A dict whose values are None or numbers, such as an ordered set of tokens or their counts, is a sentence of its
    keys.

    Parameters
    ----------
    sentence : object
    number : int
        Its number, for the message.
    """
    remedy = describe_table(sentence)
    if remedy is None and isinstance(sentence, Mapping):
        for name, value in sentence.items():
            if isinstance(value, (str, bytes, list, tuple, np.ndarray)):
                tokens = f"row[{name!r:.40}]" + (".split()" if isinstance(value, str) else "")
                remedy = (
                    "its keys are the names of columns; pass the tokens of each row, such as "
                    f"[{tokens} for row in rows]"
                )
                break
    if remedy is not None:
        raise TypeError(
            f"sentence #{number} of the corpus is a {type(sentence).__name__}, not a list of tokens: {remedy}"
        )
