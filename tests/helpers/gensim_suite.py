"""Run the test suite of gensim with fastw2v in place of gensim, and print the outcome of each test as JSON."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import unittest


class Results(unittest.TestResult):
    """Record the outcome of each test: "passed", the reason for skipping it, or the traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: dict[str, str] = {}

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        self.outcomes[test.id()] = "passed"

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        self.outcomes[test.id()] = f"skipped: {reason}"

    def addFailure(self, test: unittest.TestCase, err: object) -> None:  # noqa: N802
        self.outcomes[test.id()] = self._exc_info_to_string(err, test)

    addError = addFailure  # noqa: N815


def main() -> None:
    """Run the modules that the command line names with the library that it names first."""
    library, *modules = sys.argv[1:]
    if library == "fastw2v":
        import fastw2v

        fastw2v.install_as_gensim()
    suite = unittest.defaultTestLoader.loadTestsFromNames(modules)
    results = Results()
    with tempfile.TemporaryDirectory() as directory:
        tempfile.tempdir = directory  # some tests do not delete their temporary files
        os.chdir(directory)  # some tests write to the current directory
        suite.run(results)
        os.chdir("/")
    print(json.dumps(results.outcomes))


if __name__ == "__main__":
    main()
