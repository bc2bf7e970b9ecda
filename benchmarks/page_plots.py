"""Draw the tables of the documentation as pictures: ``python -m benchmarks.page_plots``.

The pages state the measurements, and the pictures are drawn from the tables on the pages, so that both agree. Run the
command after a table has changed. It writes these files of ``docs/pictures``:

training-time.svg
    Seconds of a training by fastw2v and gensim, from docs/performance.md.
tasks.svg
    How many times as fast as gensim the other tasks are, from docs/performance.md.
many-cores.svg
    Words per second by number of workers, from docs/many-cores.md.
gpu.svg
    Words per second of programs for GPUs, as published, and of fastw2v, from docs/gpu.md.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"
DATE = "2000-01-01"  # a fixed date, so that two versions of a file differ only in the figures
GENSIM, FASTW2V, ACCENT = "#9aa5b1", "#1f77b4", "#d98232"
TOKENS = 17.0  # millions, of the text in the tables


def main(argv: Sequence[str] | None = None) -> int:
    """Draw all pictures; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.page_plots",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--docs", metavar="DIRECTORY", type=Path, default=DOCS, help="the pages (default: docs)"
    )
    options = parser.parse_args(argv)
    pictures: list[tuple[str, tuple[str, ...], str, Callable[..., Any]]] = [
        ("performance.md", ("trainer",), "training-time.svg", training_time),
        ("performance.md", ("task",), "tasks.svg", tasks),
        ("many-cores.md", ("workers",), "many-cores.svg", many_cores),
        ("gpu.md", ("source", "trainer"), "gpu.svg", gpu),
    ]
    try:
        (options.docs / "pictures").mkdir(exist_ok=True)
        for name, first_columns, picture, draw in pictures:
            page = (options.docs / name).read_text(encoding="utf-8")
            path = options.docs / "pictures" / picture
            draw(*(read_table(page, column) for column in first_columns)).savefig(
                path, format="svg", metadata={"Date": DATE, "Creator": "benchmarks.page_plots"}
            )
            print(path)
    except ImportError:
        print(
            "benchmarks.page_plots: error: plots need Matplotlib: pip install 'fastw2v[benchmarks]'",
            file=sys.stderr,
        )
        return 1
    except (OSError, ValueError, KeyError) as error:
        print(f"benchmarks.page_plots: error: {error!r}", file=sys.stderr)
        return 1
    return 0


def read_table(page: str, first_column: str) -> list[dict[str, str]]:
    """Return the rows of the first Markdown table whose first column has this name.

    Raises
    ------
    ValueError
        If the page has no such table.
    """
    rows: list[list[str]] = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if rows and not cells:
            break
        if rows or (cells and cells[0] == first_column):
            rows.append(cells)
    if len(rows) < 3:
        raise ValueError(f"the page has no table whose first column is {first_column!r}")
    header, _, *body = rows
    return [dict(zip(header, row, strict=True)) for row in body]


def number(cell: str) -> float:
    """Return the first number of a cell, such as 10 of "10 ms", and the mean of a range, such as "1.2 to 2.1"."""
    found = [float(text.replace(",", "")) for text in re.findall(r"\d[\d,]*(?:\.\d+)?", cell)]
    if not found:
        raise ValueError(f"the cell {cell!r} has no number")
    return sum(found[:2]) / 2 if " to " in cell else found[0]


def training_time(rows: list[dict[str, str]]) -> Any:
    """Return bars of the seconds of each training."""
    figure, axes = new_figure(0.55 * len(rows) + 1.2)
    for row, facts in enumerate(rows):
        for offset, library, color in ((0.19, "gensim", GENSIM), (-0.19, "fastw2v", FASTW2V)):
            seconds = number(facts[library])
            axes.barh(row - offset, seconds, height=0.36, color=color, label=library if row == 0 else None)
            axes.annotate(f" {facts[library]}", (seconds, row - offset), va="center", fontsize="small")
    axes.set_yticks(range(len(rows)), [f"{facts['trainer']}, {plural(facts['workers'])}" for facts in rows])
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set_xlabel("seconds: vocabulary and one epoch of 17.0 million tokens, two cores")
    axes.legend(frameon=False, loc="lower right")
    return figure


def plural(workers: str) -> str:
    return f"{workers} worker" + ("" if workers == "1" else "s")


def tasks(rows: list[dict[str, str]]) -> Any:
    """Return bars of the speedups of the tasks, on a logarithmic axis."""
    from matplotlib.ticker import NullFormatter

    rows = sorted(rows, key=lambda facts: number(facts["speedup"]))
    figure, axes = new_figure(0.36 * len(rows) + 1.2)
    speedups = [number(facts["speedup"]) for facts in rows]
    axes.barh(range(len(rows)), speedups, color=FASTW2V)
    for row, facts in enumerate(rows):
        axes.annotate(f" {facts['speedup']}", (speedups[row], row), va="center", fontsize="small")
    axes.set_yticks(range(len(rows)), [facts["task"].replace("`", "").partition(", 1")[0] for facts in rows])
    axes.set_xscale("log")
    axes.set_xlim(1, 100)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("times as fast as gensim")
    return figure


def many_cores(rows: list[dict[str, str]]) -> Any:
    """Return a line for each trainer, which shows its words per second by the number of workers."""
    from matplotlib.ticker import NullFormatter, NullLocator

    figure, axes = new_figure(4.5)
    workers = [int(facts["workers"]) for facts in rows]
    for trainer, marker in zip(list(rows[0])[1:], "os^D", strict=True):
        axes.plot(workers, [TOKENS / number(facts[trainer]) for facts in rows], marker=marker, label=trainer)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(workers, [str(count) for count in workers])
    axes.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("workers")
    axes.set_ylabel("million words of the text per second")
    axes.legend(frameon=False)
    axes.grid(axis="y", alpha=0.3)
    return figure


def gpu(published: list[dict[str, str]], measured: list[dict[str, str]]) -> Any:
    """Return bars of the words per second: those that papers state in words, and those of fastw2v on each machine."""
    bars = []  # a label, million words per second, and the kind of the hardware and the program
    for facts in published:
        words = re.search(r"(\d[\d.]*) million words/s", facts["result"])
        if words:
            source = re.sub(r" *\[\d\]", "", facts["source"])
            kind = "GPU" if "Nvidia" in facts["hardware"] else "CPU"
            bars.append((f"{source}: {facts['hardware']}", float(words[1]), kind))
    for machine in list(measured[0])[1:]:
        bars += [
            (f"{facts['trainer']}: {machine}", number(facts[machine]), "fastw2v, CPU") for facts in measured
        ]
    colors = {"GPU": ACCENT, "CPU": GENSIM, "fastw2v, CPU": FASTW2V}
    figure, axes = new_figure(0.36 * len(bars) + 1.0)
    for kind, color in colors.items():
        rows = [row for row, bar in enumerate(bars) if bar[2] == kind]
        axes.barh(rows, [bars[row][1] for row in rows], color=color, label=kind)
    for row, (_, speed, _) in enumerate(bars):
        axes.annotate(f" {speed:g}", (speed, row), va="center", fontsize="small")
    axes.set_yticks(range(len(bars)), [label for label, _, _ in bars])
    axes.invert_yaxis()
    axes.margins(x=0.08)
    axes.set_xlabel("million words of the text per second")
    axes.legend(frameon=False, loc="center right")
    return figure


def new_figure(height: float) -> tuple[Any, Any]:
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update({"svg.hashsalt": "fastw2v", "svg.fonttype": "none", "font.size": 9})
    figure = Figure(figsize=(8, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


if __name__ == "__main__":
    sys.exit(main())
