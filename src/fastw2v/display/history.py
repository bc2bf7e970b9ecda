"""The texts of a model as a list that prints, and that notebooks show, as a table."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

_COLUMNS = ("text", "words", "new_words", "trained", "epochs", "alpha", "update", "neighbours_kept")
_NUMBERS = frozenset({"words", "new_words", "epochs", "alpha", "neighbours_kept"})


class History(list[dict[str, Any]]):
    """A list of dicts with equal keys, one for each text, which `pandas.DataFrame` takes.

    Examples
    --------
    >>> from fastw2v.display.history import History
    >>> History([{"text": "2026-W01.txt", "words": 51200, "trained": "2026-01-05", "epochs": 3, "alpha": 0.025}])
    text           words  new_words  trained     epochs  alpha  update  neighbours_kept
    2026-W01.txt  51,200          -  2026-01-05       3  0.025  -                     -
    """

    def __repr__(self) -> str:
        lines = [_COLUMNS, *self._cells()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if name in _NUMBERS else cell.ljust(width)
                for cell, width, name in zip(line, widths, _COLUMNS, strict=True)
            ).rstrip()
            for line in lines
        )

    def _repr_html_(self) -> str:
        align = ["right" if name in _NUMBERS else "left" for name in _COLUMNS]
        rows = "".join(
            f"<tr>{_row(line, align, tag)}</tr>"
            for line, tag in [(_COLUMNS, "th"), *((cells, "td") for cells in self._cells())]
        )
        return f'<table style="border:none;margin:0">{rows}</table>'

    def _cells(self) -> list[tuple[str, ...]]:
        return [tuple(_shown(row.get(name)) for name in _COLUMNS) for row in self]


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _row(cells: Iterable[str], align: Iterable[str], tag: str) -> str:
    return "".join(
        f'<{tag} style="text-align:{side};padding:1px 12px 1px 0">{escape(cell)}</{tag}>'
        for cell, side in zip(cells, align, strict=True)
    )
