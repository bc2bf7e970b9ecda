"""`Column`: a column of a table or a data set as a corpus, read without a Python object for each token.

Anything that exports Arrow data (``__arrow_c_stream__`` or ``__arrow_c_array__``), Hugging Face data sets and NumPy
arrays of integers give batches of rows (`arrow`). Texts are copied line by line into the blocks of `file_reader`, which
several threads tokenise. Lists go through `token_encoder`. Everything else is read as Python objects; the results are
the same.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from fastw2v.text import file_reader
from fastw2v.text.arrow import RowBatch, read_array, read_column
from fastw2v.text.file_reader import TextSource
from fastw2v.text.tokenizer import MAX_BLOCK_SIZE, TextBlock

__all__ = ["Column", "open_source"]

_BATCH_ROWS = 1000  # rows of a Hugging Face data set that are read at a time
_BYTES_OF_ROW = 100  # typical, to estimate how many threads a text is worth


class Column:
    """A column of a table or a data set as a re-iterable corpus: each row is a sentence.

    A row is a text, which `tokenizer` splits, or a list of tokens (strings or integers). Rows that are null are no
    sentences, and tokens that are null are left out. A blank text is a sentence without tokens. The results of a
    training are those of a list with the same sentences, bit for bit.

    Parameters
    ----------
    data : object
        One of

        * an object with the method ``__arrow_c_stream__`` or ``__arrow_c_array__``: tables and columns of polars,
          pyarrow and pandas, relations of DuckDB;
        * a Hugging Face ``Dataset`` or ``IterableDataset``;
        * a NumPy array of integers with one sentence in each row, such as random walks in a graph;
        * any other iterable of rows, or a mapping of names to such iterables.
    name : str, optional
        Name of the column. It can be left out if `data` is or has a single column.
    tokenizer : callable, default str.split
        Splits a text into tokens. The default is executed by compiled code in several threads. With any other function,
        texts are tokenised anew in each epoch.

    Raises
    ------
    TypeError
        If `data` is no collection of rows, or `tokenizer` cannot be called. While iterating: if the column holds other
        types, or `data` can be read only once and was read before.
    ValueError
        While iterating: if there is no such column, or the data are malformed.

    Examples
    --------
    >>> from fastw2v.corpora import Column
    >>> table = {"text": ["a rose is", None, "a rose"], "year": [1913, 1914, 1915]}
    >>> list(Column(table, "text"))
    [['a', 'rose', 'is'], ['a', 'rose']]

    Random walks, each a row of node numbers:

    >>> import numpy as np
    >>> list(Column(np.array([[3, 1, 2], [1, 3, 1]])))
    [[3, 1, 2], [1, 3, 1]]

    Train on the column of a table:

    >>> import polars  # doctest: +SKIP
    >>> from fastw2v import Word2Vec
    >>> model = Word2Vec(Column(polars.read_parquet("reviews.parquet"), "text"))  # doctest: +SKIP
    """

    __module__ = "fastw2v.corpora"

    def __init__(
        self, data: Any, name: str | None = None, *, tokenizer: Callable[[str], Iterable[Any]] = str.split
    ) -> None:
        if isinstance(data, (str, bytes, bytearray)) or not (
            isinstance(data, Iterable) or _exports_arrow(data) or _is_dataset(data)
        ):
            raise TypeError(
                f"data must be a table, a data set or an iterable of rows, not {data!r:.80} ({type(data).__name__})"
            )
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be the name of a column, a str, not {name!r:.80}")
        if not callable(tokenizer):
            raise TypeError(
                f"tokenizer must be a function of a text, such as str.split, not {tokenizer!r:.80}"
            )
        if (
            isinstance(data, np.ndarray)
            and data.dtype != object
            and (data.ndim != 2 or data.dtype.kind not in "iu")
        ):
            raise TypeError(
                f"an array must have two dimensions and hold integers, one sentence in each row; data has the dtype "
                f"{data.dtype} and the shape {data.shape}"
            )
        self.data = data
        self.name = name
        self.tokenizer = tokenizer
        self._was_read = False
        self._had_rows = False

    @property
    def is_reusable(self) -> bool:
        """Whether the column may be encoded once and trained on many times: its tokenizer is ``str.split``."""
        return self.tokenizer is str.split

    def __iter__(self) -> Iterator[list[Any]]:
        batches = self._batches()
        rows = self._python_rows() if batches is None else _rows(batches)
        for row in rows:
            if isinstance(row, str):
                yield list(self.tokenizer(row))
            else:
                yield row

    def open_source(self) -> tuple[TextSource | None, Iterator[Any]]:
        """Begin a pass: return a text to tokenise, or None and sentences or batches of them."""
        batches = self._batches()
        if batches is None:
            return None, iter(self)
        start = list(itertools.islice(batches, 2))
        if not start:
            return None, iter(())
        batches = itertools.chain(start, batches)
        if not start[0].is_text:
            return None, batches
        if not self.is_reusable:
            return None, (list(self.tokenizer(row)) for row in _rows(batches))
        size = sys.maxsize if len(start) == 2 else start[0].n_rows * _BYTES_OF_ROW
        return _ColumnText(batches, size), iter(())

    def _batches(self) -> Iterator[RowBatch] | None:
        """Return the batches of a new pass, or None if the rows are Python objects."""
        data = self.data
        if isinstance(data, np.ndarray) and data.dtype != object:
            if self.name is not None:
                raise ValueError(f"an array has no columns with names; leave out the name {self.name!r}")
            return read_array(data)
        if _is_dataset(data):
            return self._dataset_batches() if _has_arrow_rows(data) else None
        if not _exports_arrow(data):
            return None
        if hasattr(data, "iloc") and importlib.util.find_spec("pyarrow") is None:
            return None  # pandas exports by pyarrow
        return self._checked(read_column(self._only_column(), self.name))

    def _only_column(self) -> Any:
        """Return the table without its other columns, if that is cheaper to export."""
        data, name = self.data, self.name
        if name is not None and hasattr(data, "columns") and name in list(data.columns):
            if hasattr(data, "iloc"):
                return data[[name]]
            if type(data).__module__.partition(".")[0] == "polars":
                return data.select(name)
        return data

    def _dataset(self) -> tuple[Any, str]:
        """Return the Hugging Face data set with nothing but the column, and the name of the column."""
        data, name = self.data, self.name
        names = getattr(data, "column_names", None)
        if name is None and names is not None and len(names) == 1:
            name = names[0]
        if name is None:
            raise ValueError(
                f"name the column to read of {', '.join(map(repr, (names or ['the data set'])[:20]))}"
            )
        if names is not None and name not in names:
            raise ValueError(f"there is no column {name!r}; name one of {', '.join(map(repr, names[:20]))}")
        return (data.select_columns([name]) if names is not None else data), name

    def _dataset_batches(self) -> Iterator[RowBatch]:
        data, name = self._dataset()
        row = 0
        for table in data.with_format("arrow").iter(_BATCH_ROWS):
            for batch in read_column(table, name):
                batch.first_row = row
                row += batch.n_rows
                yield batch

    def _dataset_rows(self) -> Iterator[Any]:
        data, name = self._dataset()
        for batch in data.iter(_BATCH_ROWS):
            yield from batch[name]

    def _checked(self, batches: Iterator[RowBatch]) -> Iterator[RowBatch]:
        """Yield the batches, and refuse data that a pass before has used up."""
        had_rows, is_text = False, None
        was_read, self._was_read = self._was_read, True
        try:
            batch = next(batches, None)
        except Exception as error:
            if was_read:
                raise self._used_up() from error
            raise
        while batch is not None:
            had_rows = had_rows or batch.n_rows > 0
            if is_text not in (None, batch.is_text):
                raise TypeError(f"{batch.column} holds texts in some of its batches and lists in others")
            is_text = batch.is_text
            yield batch
            batch = next(batches, None)
        if self._had_rows and not had_rows:
            raise self._used_up()
        self._had_rows = had_rows

    def _used_up(self) -> TypeError:
        return TypeError(
            f"the data of the column ({type(self.data).__name__}) can be read only once, and were read before; read "
            "them into a table first (read_all() of a pyarrow reader, to_arrow_table() of a DuckDB relation), or store "
            "them with EncodedCorpus.build"
        )

    def _python_rows(self) -> Iterator[Any]:
        """Yield the rows of data that are Python objects, without those that are null: None, NaN, pandas.NA."""
        rows = self.data
        if _is_dataset(rows):
            rows = self._dataset_rows()
        elif self.name is not None:
            try:
                rows = rows[self.name]
            except (KeyError, IndexError, TypeError) as error:
                raise ValueError(f"data has no column {self.name!r}") from error
        for number, row in enumerate(rows):
            if isinstance(row, str):
                yield row
            elif row is None or (isinstance(row, float) and row != row) or type(row).__name__ == "NAType":
                continue
            elif isinstance(row, Iterable) and not isinstance(row, (bytes, bytearray)):
                items = row.tolist() if isinstance(row, np.ndarray) else row
                yield [item for item in items if item is not None]
            else:
                raise TypeError(
                    f"row {number} of the column is {row!r:.80} ({type(row).__name__}); it must be a string or a list "
                    "of tokens"
                )


def open_source(corpus: Iterable[Any]) -> tuple[TextSource | None, Iterator[Any]]:
    """Begin a pass over any corpus.

    Parameters
    ----------
    corpus : iterable
        Sentences.

    Returns
    -------
    text : TextSource or None
        The text of a corpus that consists of one, for the compiled reader.
    sentences : iterator
        Otherwise the sentences, or batches of them.
    """
    if type(corpus) is Column:
        return corpus.open_source()
    files = file_reader.files_of(corpus)
    return files, iter(corpus) if files is None else iter(())


def _exports_arrow(data: Any) -> bool:
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")


def _is_dataset(data: Any) -> bool:
    """Return whether `data` is a Hugging Face data set."""
    return all(hasattr(data, name) for name in ("with_format", "iter", "select_columns"))


def _has_arrow_rows(data: Any) -> bool:
    """Return whether the rows of a Hugging Face data set can be read as Arrow tables.

    The rows of a streamed one may come as tables of different types, which it cannot join, and the rows of one with a
    transform function are made by that function. Both are read as Python objects.
    """
    form = getattr(data, "format", None)
    return hasattr(data, "__len__") and not (isinstance(form, dict) and form.get("type") == "custom")


def _rows(batches: Iterable[RowBatch]) -> Iterator[Any]:
    """Yield the rows of batches as str or list, without those that are null."""
    for batch in batches:
        for number in range(batch.n_rows):
            row = batch.row(number)
            if row is not None:
                yield row


class _ColumnText:
    """The texts of a column, one in each line.

    Parameters
    ----------
    batches : iterator of RowBatch
        The rows.
    size : int
        Their size in bytes, roughly.
    """

    max_sentence_length = 1 << 62
    lines = True
    keep_empty = True

    def __init__(self, batches: Iterator[RowBatch], size: int) -> None:
        self._batches, self._size = batches, size

    def size(self) -> int:
        """Return roughly the size of the texts in bytes."""
        return self._size

    def reader(self) -> _ColumnReader:
        """Return the reader of the blocks; it uses the batches up."""
        return _ColumnReader(self._batches)


class _ColumnReader:
    """Copy texts into blocks that end with a line. The name of a block tells which rows it has."""

    def __init__(self, batches: Iterator[RowBatch]) -> None:
        self._batches = batches
        self._batch: RowBatch | None = None
        self._row = 0

    def fill(self, block: TextBlock) -> bool:
        """Fill the next block; return False at the end of the column."""
        used = 0
        rows: list[tuple[RowBatch, range]] = []
        while self._batch is not None or self._next_batch():
            batch = self._batch
            assert batch is not None
            row, used, needed = batch.copy_lines(self._row, block.text, used, block.capacity)
            rows.append((batch, range(self._row, row)))
            self._row = row
            if not needed:
                self._batch = None
            elif used:
                break
            elif needed > MAX_BLOCK_SIZE:
                raise ValueError(
                    f"row {batch.first_row + row} of {batch.column} has {needed - 1} bytes, more than "
                    f"{MAX_BLOCK_SIZE}; cut it into several rows"
                )
            else:
                block.enlarge()
        block.name, block.length, block.ends_file = rows, used, True
        return bool(rows)

    def _next_batch(self) -> bool:
        self._batch, self._row = next(self._batches, None), 0
        return self._batch is not None

    def raise_decode_error(self, block: TextBlock, line: int) -> None:
        """Raise the error of decoding the row with the invalid byte."""
        for batch, rows in block.name:
            for row in rows:
                batch.row(row)
        raise AssertionError("Python decodes a row that the tokenizer rejected")

    def close(self) -> None:
        """Forget the batches."""
        self._batch, self._batches = None, iter(())
