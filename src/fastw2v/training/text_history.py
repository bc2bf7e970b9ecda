"""The record of the texts that a model was trained on, which is saved with it.

A row is made when the words of a text are counted, and completed when a training ends: all texts that were counted
since the latest training belong to the next one, as new words do. A text that is counted a second time is recognised by
its fingerprint. Rows are plain dicts. A change makes new rows, so an update that fails can restore the old list.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from fastw2v.formats.settings import MAX_TEXTS

Row = dict[str, Any]


def now() -> str:
    """Return the present date and time in the form of the rows."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def new_row(**values: Any) -> Row:
    """Return a row with some values; the others are None."""
    row: Row = dict.fromkeys((
        "text", "words", "sentences", "new_words", "counted", "trained", "epochs", "alpha", "min_alpha", "update",
        "neighbours_kept", "mean_cosine", "fingerprint", "training",
    ))  # fmt: skip
    return {**row, **values}


def with_row(rows: Sequence[Row], row: Row) -> list[Row]:
    """Return the rows with another one; of more than `MAX_TEXTS`, the oldest are left out."""
    return [*rows, row][-MAX_TEXTS:]


def with_chunk(row: Row, sentences: int, words: int, new_words: int) -> Row:
    """Return the row of a text that is read in chunks, with one chunk more.

    Examples
    --------
    >>> from fastw2v.training.text_history import new_row, with_chunk
    >>> row = with_chunk(with_chunk(new_row(), 2, 10, 5), 3, 20, 1)
    >>> row["sentences"], row["words"], row["new_words"]
    (5, 30, 6)
    """
    chunk = {"sentences": sentences, "words": words, "new_words": new_words}
    return {**row, **{name: (row[name] or 0) + size for name, size in chunk.items()}}


def find(rows: Sequence[Row], fingerprint: str | None) -> Row | None:
    """Return the latest row of a text, or None.

    Examples
    --------
    >>> from fastw2v.training.text_history import find, new_row
    >>> find([new_row(fingerprint="1", text="a"), new_row(fingerprint=None)], "1")["text"]
    'a'
    >>> find([new_row(fingerprint=None)], None)
    """
    matches = (row for row in reversed(rows) if row.get("fingerprint") == fingerprint)
    return None if fingerprint is None else next(matches, None)


def describe(row: Row) -> str:
    """Return the text of a message about a text that was counted before."""
    text = f"this text of {row.get('words') or 0:,} words"
    if row.get("trained"):
        return f"the model was trained on {text} on {row['trained']}"
    return f"the model has counted {text} on {row.get('counted')}, and was not trained since"


def after_training(
    rows: Sequence[Row], training: int, size: tuple[int | None, int | None], values: Mapping[str, Any]
) -> list[Row]:
    """Return the rows after a training that has reached its end.

    Parameters
    ----------
    rows : sequence of dict
    training : int
        The number of trainings before. A training that was resumed after its last epoch is not recorded twice.
    size : (int or None, int or None)
        Sentences and words of the corpus.
    values : mapping of str to object
        ``epochs``, ``alpha`` and other values of the training.

    Returns
    -------
    list of dict
        The texts that were counted since the latest training have the values. If there are none and the latest text
        has the size of the corpus, it was trained further: its epochs are added up. Otherwise there is a row for a
        text that was not counted.
    """
    present = {**values, "trained": now(), "training": training}
    if any(row.get("training") == training for row in rows):
        return list(rows)
    if any(row.get("trained") is None for row in rows):
        return [{**row, **present} if row.get("trained") is None else row for row in rows]
    sentences, words = size
    if (
        rows
        and sentences is not None
        and (rows[-1]["sentences"], rows[-1]["words"]) in (size, (sentences, None))
    ):
        epochs = (rows[-1].get("epochs") or 0) + values["epochs"]
        return [*rows[:-1], {**rows[-1], **present, "epochs": epochs}]
    return with_row(rows, new_row(sentences=sentences, words=words, **present))
