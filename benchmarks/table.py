"""The printed report: a header with the conditions of the measurement, and tables."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.quality import MEASURES, RESTRICT_VOCAB

COLUMNS = {
    "vocabulary": ("vocab", "{:,.0f}", 1.0),
    "raw_words": ("raw words", "{:,.0f}", 1.0),
    "effective_words": ("eff words", "{:,.0f}", 1.0),
    "vocabulary_seconds": ("vocab s", "{:.2f}", 1.0),
    "training_seconds": ("train s", "{:.2f}", 1.0),
    "total_seconds": ("total s", "{:.2f}", 1.0),
    "effective_words_per_second": ("eff kw/s", "{:,.0f}", 1e-3),
    "raw_words_per_second": ("raw kw/s", "{:,.0f}", 1e-3),
    "peak_rss": ("peak MiB", "{:,.0f}", 2.0**-20),
}
RATIO_COLUMNS = {"total": "x total", "training": "x train", "peak_rss": "x memory"}


def header(report: dict[str, Any]) -> str:
    """Return the machine, the versions, the corpus and the parameters as lines."""
    machine, corpus = report["machine"], report["corpus"]
    shared = ", ".join(f"{name}={value}" for name, value in report["parameters"].items())
    lines = [
        f"machine   {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB; "
        f"{machine['system']}",
        f"date      {machine['date']}, commit {machine['commit'] or 'unknown'}",
        "versions  " + ", ".join(f"{name} {value}" for name, value in report["versions"].items()),
        f"corpus    {corpus['name']}: {corpus['tokens']:,} tokens, {corpus['types']:,} types, "
        f"{corpus['lines']:,} lines",
        f"common    {shared}",
        f"figures   medians of {report['repeat']} interleaved rounds, each run in a fresh process; total s is the time "
        "of the constructor",
        "words     raw: all words of the text; eff: without rare words and after downsampling; both times the epochs; "
        "kw/s: thousand words per second of training",
        "memory    peak MiB of the process after training, including imports "
        f"({', '.join(report['peak_rss_sources'])})",
        "ratios    x: gensim with an iterable corpus divided by this library, same configuration and workers",
    ]
    if report["evaluation"]:
        lines.append(
            f"quality   analogies: 3CosAdd accuracy, restrict_vocab {RESTRICT_VOCAB}; "
            "the others: Spearman's correlation with human judgements"
        )
    return "\n".join(lines)


def table(summaries: list[dict[str, Any]]) -> str:
    """Return the table of the trainings, grouped by configuration."""
    measures = [name for name in MEASURES if any(name in summary for summary in summaries)]
    titles = ["configuration", "dim", "workers", "library", *(title for title, _, _ in COLUMNS.values())]
    rows = [[*titles, *RATIO_COLUMNS.values(), *measures]]
    for summary in sorted(summaries, key=_order(summaries)):
        ratio = summary["ratio"] or {}
        rows.append(
            [
                summary["configuration"],
                str(summary["parameters"].get("vector_size", "-")),
                str(summary["workers"]),
                summary["library"],
            ]
            + [
                form.format(summary[name] * scale) if name in summary else "-"
                for name, (_, form, scale) in COLUMNS.items()
            ]
            + [f"{ratio[name]:.2f}" if name in ratio else "-" for name in RATIO_COLUMNS]
            + [f"{summary[name]:.3f}" if name in summary else "-" for name in measures]
        )
    return aligned(rows, left={0, 3})


def task_table(summaries: list[dict[str, Any]]) -> str:
    """Return the table of the other tasks."""
    rows = [["task", "fastw2v ms", "gensim ms", "x time", "fastw2v MiB", "gensim MiB", "x memory"]]
    for summary in summaries:
        row = [summary["title"]]
        for figure, scale, form in (("seconds", 1e3, "{:,.1f}"), ("peak_rss", 2.0**-20, "{:,.0f}")):
            for library in ("fastw2v", "gensim"):
                value = summary[figure].get(library)
                row.append("-" if value is None else form.format(value * scale))
            ratio = summary["ratio"].get(figure)
            row.append("-" if ratio is None else f"{ratio:.2f}")
        rows.append(row)
    return aligned(rows, left={0})


def markdown(rows: list[list[str]], left: set[int]) -> str:
    """Return rows as an aligned Markdown table; the columns in `left` are aligned to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * width if place in left else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    lines = [rows[0], rule, *rows[1:]]
    return "\n".join("| " + " | ".join(_padded(row, widths, left)) + " |" for row in lines)


def aligned(rows: list[list[str]], left: set[int]) -> str:
    """Return rows as lines of aligned columns; the columns in `left` are aligned to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_padded(row, widths, left)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _padded(row: list[str], widths: list[int], left: set[int]) -> list[str]:
    return [
        cell.ljust(width) if place in left else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def _order(summaries: list[dict[str, Any]]) -> Any:
    """Return a sort key: configurations in the order of the command line, then workers, then libraries."""
    configurations = list(dict.fromkeys(summary["configuration"] for summary in summaries))
    libraries = list(dict.fromkeys(summary["library"] for summary in summaries))
    return lambda summary: (
        configurations.index(summary["configuration"]),
        summary["workers"],
        libraries.index(summary["library"]),
    )


def mean_and_spread(values: Sequence[float | None], digits: int = 3) -> str:
    """Return the mean and the standard deviation of the values that are known, as text."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    spread = f" ± {statistics.stdev(known):.{digits}f}" if len(known) > 1 else ""
    return f"{statistics.mean(known):.{digits}f}{spread}"
