"""Draw the results of ``python -m benchmarks --json`` as SVG: ``python -m benchmarks.plots RESULTS.json DIRECTORY``.

speed-and-quality.svg
    Effective words per second and accuracy of the analogies, one point per training.
scaling.svg
    Effective words per second by number of workers, one line per configuration and library.

The files contain no date and no random identifiers, so that two versions of a plot differ only in the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SPEED = "effective_words_per_second"
QUALITY = "analogies"
MARKERS = "osD^vP*X<>hp"
DATE = "2000-01-01"


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the plots for which the results suffice; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plots", description=__doc__)
    parser.add_argument("results", metavar="RESULTS.json", help="file written by python -m benchmarks --json")
    parser.add_argument("directory", metavar="DIRECTORY", help="directory for the plots")
    options = parser.parse_args(argv)
    try:
        summaries = json.loads(Path(options.results).read_text(encoding="utf8"))["summary"]
        os.makedirs(options.directory, exist_ok=True)
        drawn = draw(summaries, options.directory)
    except ImportError:
        message = "plots need Matplotlib: pip install 'fastw2v[benchmarks]'"
        print(f"benchmarks.plots: error: {message}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"benchmarks.plots: error: {error}", file=sys.stderr)
        return 1
    except (ValueError, KeyError) as error:
        print(f"benchmarks.plots: error: {options.results}: {error!r}", file=sys.stderr)
        return 1
    print(
        "\n".join(drawn)
        if drawn
        else "the results contain no training with a speed, so there is nothing to draw"
    )
    return 0


def draw(summaries: list[dict[str, Any]], directory: str) -> list[str]:
    """Write the plots for which the results suffice; return their paths."""
    measured = [summary for summary in summaries if summary.get(SPEED)]
    paths = []
    evaluated = [summary for summary in measured if summary.get(QUALITY) is not None]
    if evaluated:
        paths.append(_save(_speed_and_quality(evaluated), directory, "speed-and-quality.svg"))
    if len({summary["workers"] for summary in measured}) > 1:
        paths.append(_save(_scaling(measured), directory, "scaling.svg"))
    return paths


def _speed_and_quality(summaries: list[dict[str, Any]]) -> Any:
    figure, axes = _axes()
    styles = line_styles(summaries)
    for summary in summaries:
        axes.plot(
            summary[SPEED] / 1e6,
            summary[QUALITY],
            linestyle="none",
            fillstyle="full" if summary["workers"] == 1 else "none",
            **styles[summary["configuration"], summary["library"]],
        )
    axes.set_xscale("log")
    _plain_numbers(axes.xaxis)
    axes.set_xlabel("million effective words per second, training")
    axes.set_ylabel("accuracy of the Google analogies")
    axes.set_title("filled: one worker; hollow: several", fontsize="small")
    _legend(axes, styles)
    return figure


def _scaling(summaries: list[dict[str, Any]]) -> Any:
    figure, axes = _axes()
    lines: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for summary in summaries:
        point = (summary["workers"], summary[SPEED] / 1e6)
        lines.setdefault((summary["configuration"], summary["library"]), []).append(point)
    styles = line_styles(summaries)
    for (configuration, library), points in lines.items():
        axes.plot(*zip(*sorted(points), strict=True), **styles[configuration, library])
    workers = sorted({summary["workers"] for summary in summaries})
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    _plain_numbers(axes.yaxis)
    axes.set_xticks(workers, [str(number) for number in workers])
    axes.set_xlabel("workers")
    axes.set_ylabel("million effective words per second, training")
    _legend(axes, styles)
    return figure


def line_styles(summaries: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the style of each line: a color per library, a marker per configuration."""
    libraries = list(dict.fromkeys(summary["library"] for summary in summaries))
    configurations = list(dict.fromkeys(summary["configuration"] for summary in summaries))
    return {
        (configuration, library): {
            "color": f"C{libraries.index(library)}",
            "marker": MARKERS[configurations.index(configuration) % len(MARKERS)],
        }
        for configuration in configurations
        for library in libraries
    }


def _legend(axes: Any, styles: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Explain colors and markers separately; one entry per combination would need more space than the plot."""
    from matplotlib.lines import Line2D

    colors = {library: style["color"] for (_, library), style in styles.items()}
    markers = {configuration: style["marker"] for (configuration, _), style in styles.items()}
    handles = [Line2D([], [], color=color, label=library) for library, color in colors.items()]
    handles += [
        Line2D([], [], color="0.3", marker=marker, linestyle="none", label=configuration)
        for configuration, marker in markers.items()
    ]
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small", frameon=False)


def _axes() -> tuple[Any, Any]:
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update({"svg.hashsalt": "fastw2v", "svg.fonttype": "none"})
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.grid(alpha=0.3)
    return figure, axes


def _plain_numbers(axis: Any) -> None:
    """Label a logarithmic axis with plain numbers instead of powers of ten."""
    from matplotlib.ticker import FixedLocator, NullFormatter

    axis.set_major_locator(FixedLocator([0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _save(figure: Any, directory: str, name: str) -> str:
    path = os.path.join(directory, name)
    figure.savefig(path, format="svg", metadata={"Date": DATE, "Creator": "benchmarks.plots"})
    return path


if __name__ == "__main__":
    sys.exit(main())
