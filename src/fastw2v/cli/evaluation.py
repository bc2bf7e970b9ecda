"""``fastw2v eval``: the scores of vectors on analogies and on word similarities."""

from __future__ import annotations

import argparse
import math
import os
import sys
from typing import Any

from fastw2v.cli import files
from fastw2v.cli.files import STANDARD_STREAM
from fastw2v.cli.output import print_json, print_message, print_table
from fastw2v.cli.parser import UsageError
from fastw2v.cli.streams import reads_stdin
from fastw2v.common.files import open_input
from fastw2v.keyedvectors import KeyedVectors

Rows = list[dict[str, Any]]
# Column of the table -> how its values are shown.
COLUMNS = {
    "score": "{:.4f}",
    "pearson": "{:.4f}",
    "spearman": "{:.4f}",
    "oov": "{:.1f}%",
    "items": "{:,}",
}


@reads_stdin("model")
def evaluate(options: argparse.Namespace) -> None:
    """Score vectors on analogies and on word similarities, and print a table."""
    if not options.analogies and not options.pairs:
        raise UsageError("there is nothing to evaluate; add --analogies FILE, --pairs FILE or both")
    sets = EvaluationSets(options)
    rows = sets.score(files.load_any(options.model))
    if options.json:
        print_json(rows)
    else:
        print_table([["name", *COLUMNS], *([row["name"], *_cells(row, COLUMNS)] for row in rows)])
    check_evaluated(rows)


def check_evaluated(rows: Rows) -> None:
    """Raise a ValueError if no row has a score."""
    if all(row.get("score") is None and row.get("pearson") is None for row in rows):
        raise ValueError(
            "nothing was evaluated: no question and no pair of the files has all its words in the vocabulary; check "
            "the files, --delimiter and --restrict-vocab"
        )


class EvaluationSets:
    """The files of --analogies and --pairs, read once.

    Parameters
    ----------
    options : argparse.Namespace
        The options of the command.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        from_stdin = [path for path in (*options.analogies, *options.pairs) if path == STANDARD_STREAM]
        if len(from_stdin) + hasattr(options, "stdin_copy") > 1:
            raise UsageError("only one file can be stdin (-); name the others")
        self._analogies = [(path, _lines(path)) for path in options.analogies]
        self._pairs = [(path, _lines(path)) for path in options.pairs]

    def score(self, vectors: KeyedVectors) -> Rows:
        """Return one row for each file; for analogies also one for each section, if the options ask for them."""
        rows = [
            row
            for path, lines in self._analogies
            for row in _analogy_rows(vectors, path, lines, self._options)
        ]
        return rows + [_pairs_row(vectors, path, lines, self._options) for path, lines in self._pairs]


def _cells(row: dict[str, Any], columns: dict[str, str]) -> list[str]:
    return [
        "-" if row.get(name) is None else template.format(row[name]) for name, template in columns.items()
    ]


def _lines(path: str) -> list[str]:
    """Return the lines of a file. It is read only once, so it may be a pipe; ``-`` stands for stdin."""
    try:
        if path == STANDARD_STREAM:
            return sys.stdin.buffer.read().decode("utf-8-sig").splitlines(keepends=True)
        with open_input(path, "r") as lines:
            return list(lines)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: the file is not UTF-8 text ({error}); convert it to UTF-8, for example with iconv"
        ) from error


def _analogy_rows(
    vectors: KeyedVectors, path: str, lines: list[str], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return the row of all questions, followed by one row per section if the options ask for them."""
    try:
        _, sections = vectors.evaluate_word_analogies(
            lines,
            restrict_vocab=options.restrict_vocab,
            case_insensitive=not options.case_sensitive,
            dummy4unknown=options.dummy4unknown,
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    counts = _question_counts(lines)
    *sections, total = sections
    rows = [_analogy_row(_name(path), total, sum(counts.values()))]
    if options.sections:
        rows += [_analogy_row(f"  {each['section']}", each, counts[each["section"]]) for each in sections]
    return rows


def _analogy_row(name: str, section: dict[str, Any], n_questions: int) -> dict[str, Any]:
    n_correct, n_incorrect = len(section["correct"]), len(section["incorrect"])
    n_answered = n_correct + n_incorrect
    return {
        "name": name,
        "score": n_correct / n_answered if n_answered else None,
        "oov": 100.0 * (1 - n_answered / n_questions) if n_questions else None,
        "items": n_questions,
    }


def _question_counts(lines: list[str]) -> dict[str, int]:
    """Return the number of questions in each section of a file of analogies."""
    counts: dict[str, int] = {}
    section = ""
    for line in lines:
        if line.startswith(": "):
            section = line[2:].strip()
            counts.setdefault(section, 0)
        elif len(line.split()) == 4:
            counts[section] = counts.get(section, 0) + 1
    return counts


def _pairs_row(
    vectors: KeyedVectors, path: str, lines: list[str], options: argparse.Namespace
) -> dict[str, Any]:
    try:
        pearson, spearman, oov = vectors.evaluate_word_pairs(
            lines,
            delimiter=options.delimiter,
            case_insensitive=not options.case_sensitive,
            dummy4unknown=options.dummy4unknown,
        )
    except ValueError as error:  # the other files are scored nevertheless
        if not options.quiet:
            print_message(f"warning: {path}: {error}")
        return {"name": _name(path), "pearson": None, "spearman": None, "oov": None}
    return {
        "name": _name(path),
        "pearson": _finite(pearson[0]),
        "spearman": _finite(spearman[0]),
        "oov": float(oov),
    }


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _name(path: str) -> str:
    return os.path.basename(path).split(".")[0]
