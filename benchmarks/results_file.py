"""Results files of the benchmarks that train many models, and the command that completes one and prints its table.

A training that is in the file is skipped, so that a command can be stopped and started again. Several commands can
share a file: each training is claimed by a lock, which the system releases when the process ends.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Results", "complete", "results_parser"]


class Results:
    """A file of results, one line of JSON each, to which several processes can append."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def read(self) -> list[dict[str, Any]]:
        """Return all complete results; an unfinished last line is ignored."""
        if not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def add(self, result: dict[str, Any]) -> None:
        """Append one result as a line, with a single write."""
        line = (json.dumps(result) + "\n").encode()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    @contextmanager
    def claim(self, key: str) -> Iterator[bool]:
        """Claim the training with this key; yield False if another process is running it.

        A claim is a lock on one byte of a lock file beside the results file. The system releases it when the process
        ends.
        """
        with open(f"{self._path}.lock", "ab") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, zlib.crc32(key.encode()))
            except OSError:
                yield False
                return
            yield True


def results_parser(program: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the arguments of all these commands."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {program}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--results", metavar="FILE", required=True,
        help="results file with one line of JSON per training; trainings in it are skipped",
    )  # fmt: skip
    parser.add_argument(
        "--corpus", metavar="FILE", help="text file with one sentence per line, plain or compressed"
    )
    parser.add_argument("--evaluation", metavar="DIR", help="directory with evaluation sets")
    parser.add_argument("--table", action="store_true", help="only print the table of the results file")
    return parser


def complete(
    program: str,
    parser: argparse.ArgumentParser,
    argv: Sequence[str] | None,
    train_all: Callable[[argparse.Namespace, Results], None],
    table: Callable[[list[dict[str, Any]]], str],
) -> int:
    """Run the trainings that are missing and print the table; return the exit status."""
    options = parser.parse_args(argv)
    if not options.table and not (options.corpus and options.evaluation):
        parser.error("--corpus and --evaluation are required without --table")
    results = Results(options.results)
    try:
        if not options.table:
            train_all(options, results)
    except (OSError, RuntimeError) as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return 1
    print(table(results.read()))
    return 0
