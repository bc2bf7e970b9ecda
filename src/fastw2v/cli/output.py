"""What commands print: results on stdout, as text or JSON, and messages on stderr."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from fastw2v.cli.files import STANDARD_STREAM


def report(options: argparse.Namespace, summary: dict[str, Any], message: str) -> None:
    """Print what a command has done: the summary to stdout with --json, the message to stderr without --quiet."""
    if options.json:
        print_json(summary)
    if not options.quiet:
        print_message(message)


def print_message(text: str) -> None:
    """Print a message that is not part of the result to stderr."""
    print(f"fastw2v: {text}", file=sys.stderr)


def print_table(lines: list[list[str]]) -> None:
    """Print rows in columns; the first column is aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        print("  ".join(cells).rstrip())


def print_json(value: Any) -> None:
    """Print a value as JSON with indents."""
    json.dump(value, sys.stdout, indent=1, ensure_ascii=False, default=str)
    print()


def print_json_line(value: Any) -> None:
    """Print a value as JSON in one line."""
    print(json.dumps(value, ensure_ascii=False, default=str))


def print_ranking(ranking: list[tuple[Any, float]]) -> None:
    """Print words and their scores, one pair per line."""
    width = max((len(str(key)) for key, _ in ranking), default=0)
    for key, score in ranking:
        print(f"  {key!s:{width}}  {score:.4f}")


def as_records(ranking: list[tuple[Any, float]]) -> list[dict[str, Any]]:
    """Return words and their scores for JSON."""
    return [{"word": key, "score": round(float(score), 6)} for key, score in ranking]


def human_size(size: float) -> str:
    """Return a number of bytes with a suitable unit."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def shown(path: str, stream: str) -> str:
    """Return a path for a message; ``-`` is shown as the name of the stream."""
    return stream if path == STANDARD_STREAM else path
