"""Figures of matplotlib: a map of words, a neighbourhood, losses, and drift.

The functions take words and numbers, and return a `matplotlib.figure.Figure`. pyplot is not used, so that no figure of
the caller changes and none is kept.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.vectors.drift import Drift

BLUE, ORANGE, GREY, DARK = "#2f74c0", "#d9642c", "#8a94a0", "#1f2933"
LINES = (BLUE, ORANGE, "#3a9a6b", "#8a5cc2", "#b8860b", "#4b5563")
_MARGIN = 0.02  # of a map, as a share of its width


def word_map(
    points: NDArray[Any], words: Sequence[Any], *, highlighted: Collection[int] = (), title: str | None = None
) -> Any:
    """Return a map of words; a word is written where it covers no other one, the first ones first.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    words : sequence, shape (n,)
    highlighted : collection of int
        Points that are drawn in another colour, and written first.
    title : str, optional
    """
    figure, axes = _map((8.0, 6.4), points, title)
    order = [*highlighted, *(i for i in range(len(words)) if i not in highlighted)]
    colours = [ORANGE if i in highlighted else BLUE for i in range(len(words))]
    axes.scatter(*points.T, s=14, c=colours, alpha=0.8, linewidths=0)
    _write_words(figure, axes, points, words, order, dict.fromkeys(highlighted, ORANGE))
    return figure


def neighbourhood(
    points: NDArray[Any],
    words: Sequence[Any],
    queries: Sequence[int],
    edges: Sequence[tuple[int, int, float]],
    *,
    title: str | None = None,
) -> Any:
    """Return a map of some words and their neighbours.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    words : sequence, shape (n,)
    queries : sequence of int
        The points whose neighbours the others are.
    edges : sequence of (int, int, float)
        Query, neighbour, and their cosine, which is the width of the line between them.
    title : str, optional
    """
    figure, axes = _map((8.0, 6.4), points, title)
    for query, neighbour, score in edges:
        share = min(1.0, max(0.0, score)) if math.isfinite(score) else 0.0
        axes.plot(
            *points[[query, neighbour]].T,
            color=GREY,
            alpha=0.15 + 0.6 * share,
            linewidth=0.4 + 2 * share,
            zorder=1,
        )
    others = [i for i in range(len(words)) if i not in set(queries)]
    axes.scatter(*points[others].T, s=26, c=BLUE, linewidths=0, zorder=2)
    axes.scatter(*points[list(queries)].T, s=70, c=ORANGE, linewidths=0, zorder=3)
    _write_words(figure, axes, points, words, [*queries, *others], dict.fromkeys(queries, ORANGE), size=10.5)
    return figure


def losses(histories: Mapping[str, Sequence[float]], *, title: str | None = None) -> Any:
    """Return the curves of the mean losses of the epochs, one for each name."""
    figure, axes = _plot((6.4, 4.0), title)
    for (name, history), colour in zip(histories.items(), _cycle(len(histories)), strict=True):
        epochs = range(1, len(history) + 1)
        axes.plot(
            epochs, history, color=colour, marker="o", markersize=4 if len(history) <= 40 else 0, label=name
        )
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean loss of an example")
    axes.xaxis.get_major_locator().set_params(integer=True)
    if len(histories) > 1:
        legend = axes.legend(frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
    return figure


def drift(moved: Drift, *, topn: int = 15, title: str | None = None) -> Any:
    """Return the distribution of the cosines of two sets of vectors, beside the words that moved most."""
    figure, (left, right) = _plot((9.0, 4.2), title, columns=2)
    cosines = moved.cosine[np.isfinite(moved.cosine)]
    left.hist(
        cosines, bins=40, range=(min(0.0, float(cosines.min(initial=0.0))), 1.0), color=BLUE, alpha=0.85
    )
    left.axvline(moved.mean_cosine, color=ORANGE, linewidth=1.5)
    left.set_title(f"mean {moved.mean_cosine:.3f}", fontsize=10, color=ORANGE, loc="left")
    left.set_xlabel("cosine of the old and the new vector")
    left.set_ylabel("words")
    words = moved.most_moved(topn)[::-1]
    right.barh(range(len(words)), [1 - score for _, score in words], color=BLUE, alpha=0.85, height=0.7)
    right.set_yticks(range(len(words)), [_shown(word) for word, _ in words])
    for text in right.get_yticklabels():
        text.set_parse_math(False)
    right.set_title("words that moved most", fontsize=10, loc="left")
    right.set_xlabel("1 - cosine")
    return figure


def _picture(size: tuple[float, float], **options: Any) -> Any:
    from fastw2v.display.picture import Picture

    return Picture(figsize=size, facecolor="white", **options)


def _map(size: tuple[float, float], points: NDArray[Any], title: str | None) -> tuple[Any, Any]:
    """Return a figure that is filled by axes without ticks, whose limits are those of `points`."""
    figure = _picture(size, dpi=100)
    top = 0.93 if title else 1.0
    axes = figure.add_axes((0, 0, 1, top))
    axes.set_axis_off()
    for limits, values in ((axes.set_xlim, points[:, 0]), (axes.set_ylim, points[:, 1])):
        low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
        spread = high - low
        if not 0 < spread < np.inf:
            low, high, spread = (low - 1, low + 1, 2.0) if math.isfinite(low) else (-1.0, 1.0, 2.0)
        limits(low - 0.09 * spread, high + 0.09 * spread)
    if title:
        figure.text(_MARGIN, 0.955, title, fontsize=13, weight="bold", color=DARK, parse_math=False)
    return figure, axes


def _plot(size: tuple[float, float], title: str | None, columns: int = 1) -> tuple[Any, Any]:
    """Return a figure with one or more axes with a frame on two sides."""
    figure = _picture(size, dpi=100, layout="constrained")
    axes = figure.subplots(1, columns)
    for each in np.atleast_1d(axes):
        each.spines[["top", "right"]].set_visible(False)
        each.spines[["left", "bottom"]].set_color(GREY)
        each.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.8)
        each.set_axisbelow(True)
    if title:
        figure.suptitle(title, fontsize=13, weight="bold", color=DARK, x=_MARGIN, ha="left").set_parse_math(
            False
        )
    return figure, axes


def _cycle(count: int) -> list[str]:
    return [LINES[i % len(LINES)] for i in range(count)]


def _shown(word: Any) -> str:
    text = str(word)
    return text if len(text) <= 28 else text[:27] + "\N{HORIZONTAL ELLIPSIS}"


def _write_words(
    figure: Any,
    axes: Any,
    points: NDArray[Any],
    words: Sequence[Any],
    order: Sequence[int],
    colours: Mapping[int, str],
    size: float = 9.0,
) -> None:
    """Write each word of `order` beside its point, unless it would cover a word that was written before."""
    background = {"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.6}
    places = axes.transData.transform(points) if len(points) else points
    width, height = figure.get_size_inches() * figure.dpi
    pixel = figure.dpi / 72
    boxes = np.empty((0, 4))
    for i in order:
        text = _shown(words[i])
        x, y = places[i]
        wide = sum(1.0 if ord(letter) > 0x2E80 else 0.62 for letter in text) * size * pixel
        high = 1.25 * size * pixel
        gap = (8 if i in colours else 5) * pixel
        for dx, dy, align in (
            (gap, 0, "left"),
            (-gap, 0, "right"),
            (0, high * 0.85, "center"),
            (0, -high * 0.85, "center"),
        ):
            left = x + dx - {"left": 0.0, "right": wide, "center": wide / 2}[align]
            box = np.array([left, y + dy - high / 2, left + wide, y + dy + high / 2])
            inside = box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height
            covers = (boxes[:, :2] < box[2:]).all(axis=1) & (boxes[:, 2:] > box[:2]).all(axis=1)
            if inside and not covers.any():
                axes.annotate(
                    text, points[i], (dx / pixel, dy / pixel), textcoords="offset points", ha=align, va="center",
                    fontsize=size, color=colours.get(i, DARK), weight="bold" if i in colours else "normal",
                    bbox=background,
                    parse_math=False, annotation_clip=False,
                )  # fmt: skip
                boxes = np.vstack([boxes, box])
                break
