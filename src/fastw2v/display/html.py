"""Tables and curves in HTML, as notebooks show them.

The markup has no scripts and no style sheets, and its colours follow the page's, so that it is readable on light and
on dark pages and does not change other cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from math import isfinite
from typing import Any

LINE = "#4a90d9"  # visible on white and on black
_CELL = "text-align:left;padding:1px 12px 1px 0;background:none;border:none;vertical-align:top"
_NUMBER = (
    "text-align:right;padding:1px 0 1px 8px;background:none;border:none;font-variant-numeric:tabular-nums"
)
_MUTED = "opacity:.65"


def facts(title: str, rows: Iterable[tuple[str, str]], losses: Sequence[float] = ()) -> str:
    """Return a table of names and values, below a title, with the curve of `losses` if there are two or more.

    Examples
    --------
    >>> from fastw2v.display.html import facts
    >>> "2 words" in facts("KeyedVectors", [("vocabulary", "2 words")])
    True
    """
    body = "".join(
        f'<tr style="background:none"><td style="{_CELL};{_MUTED}">{escape(name)}</td>'
        f'<td style="{_CELL}">{escape(value)}</td></tr>'
        for name, value in rows
    )
    table = f'<table style="border:none;margin:0">{body}</table>'
    if len(losses) > 1:
        table = f'<div style="display:flex;flex-wrap:wrap;gap:24px;align-items:flex-start">{table}{curve(losses)}</div>'
    return f'<div><div style="font-weight:600;margin-bottom:2px">{escape(title)}</div>{table}</div>'


def curve(losses: Sequence[float], width: int = 280, height: int = 110) -> str:
    """Return the losses of all epochs as an SVG element; losses that are not finite are left out.

    Examples
    --------
    >>> from fastw2v.display.html import curve
    >>> curve([2.0, 1.0]).count("<polyline")
    1
    """
    left, right, top, bottom = 44, 8, 14, 22
    finite = [loss for loss in losses if isfinite(loss)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    spread = high - low or 1.0

    def x(epoch: int) -> float:
        return left + (width - left - right) * epoch / max(1, len(losses) - 1)

    def y(loss: float) -> float:
        return top + (height - top - bottom) * (high - loss) / spread

    points = [(x(i), y(loss)) for i, loss in enumerate(losses) if isfinite(loss)]
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    text = 'fill="currentColor" fill-opacity=".65" font-size="10"'
    base = height - bottom
    dots = points if len(points) <= 30 else points[-1:]
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        'style="font-family:inherit" xmlns="http://www.w3.org/2000/svg">'
        "<title>mean loss of each epoch</title>"
        f'<path d="M{left} {top - 4}V{base}H{width - right}" fill="none" stroke="currentColor" stroke-opacity=".3"/>'
        f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="1.8" stroke-linejoin="round"/>'
        + "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.2" fill="{LINE}"/>' for a, b in dots)
        + f'<text x="{left - 5}" y="{y(high) + 3:.1f}" text-anchor="end" {text}>{high:.4g}</text>'
        + (
            f'<text x="{left - 5}" y="{base + 3}" text-anchor="end" {text}>{low:.4g}</text>'
            if low < high
            else ""
        )
        + f'<text x="{left}" y="{height - 8}" text-anchor="middle" {text}>1</text>'
        f'<text x="{(left + width - right) / 2}" y="{height - 8}" text-anchor="middle" {text}>loss by epoch</text>'
        f'<text x="{width - right}" y="{height - 8}" text-anchor="end" {text}>{len(losses)}</text></svg>'
    )


class NeighboursTable(Mapping[Any, list[tuple[Any, float]]]):
    """The nearest neighbours of some words, which a notebook shows as a table.

    It is a mapping from each word to the list that `KeyedVectors.most_similar` returns.

    Parameters
    ----------
    rankings : mapping of word to list of (key, float)

    Examples
    --------
    >>> from fastw2v.display.html import NeighboursTable
    >>> table = NeighboursTable({"north": [("northeast", 0.7071), ("east", 0.0)]})
    >>> table
    north
      northeast  0.7071
      east       0.0000
    >>> table["north"][0]
    ('northeast', 0.7071)
    """

    def __init__(self, rankings: Mapping[Any, list[tuple[Any, float]]]) -> None:
        self._rankings: dict[Any, list[tuple[Any, float]]] = dict(rankings)

    def __getitem__(self, word: Any) -> list[tuple[Any, float]]:
        return self._rankings[word]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rankings)

    def __len__(self) -> int:
        return len(self._rankings)

    def __repr__(self) -> str:
        lines: list[str] = []
        for word, ranking in self._rankings.items():
            width = max((len(str(key)) for key, _ in ranking), default=0)
            lines += [str(word), *(f"  {key!s:{width}}  {score:.4f}" for key, score in ranking)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        columns = "".join(_column(word, ranking) for word, ranking in self._rankings.items())
        return f'<div style="display:flex;flex-wrap:wrap;gap:28px;align-items:flex-start">{columns}</div>'


def _column(word: Any, ranking: Sequence[tuple[Any, float]]) -> str:
    rows = "".join(
        f'<tr style="background:none"><td style="{_CELL}">{escape(str(key))}</td>'
        f'<td style="{_CELL};padding:0;width:60px;vertical-align:middle"><div style="height:6px;border-radius:3px;'
        f'background:{LINE};width:{_share(score):.0%}"></div></td>'
        f'<td style="{_NUMBER}">{score:.3f}</td></tr>'
        for key, score in ranking
    )
    return (
        f'<table style="border:none;margin:0"><caption style="caption-side:top;text-align:left;font-weight:600;'
        f'color:inherit;padding:0 0 2px">{escape(str(word))}</caption><tbody>{rows}</tbody></table>'
    )


def _share(score: float) -> float:
    return min(1.0, max(0.0, score)) if isfinite(score) else 0.0
