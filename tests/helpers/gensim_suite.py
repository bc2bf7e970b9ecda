"""Runs gensim's own tests on fastw2v in place of gensim, and prints what became of each as JSON."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import unittest


class Results(unittest.TestResult):
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
    who, *modules = sys.argv[1:]
    if who == "fastw2v":
        import fastw2v

        fastw2v.install_as_gensim()
    suite = unittest.defaultTestLoader.loadTestsFromNames(modules)
    results = Results()
    with tempfile.TemporaryDirectory() as directory:
        tempfile.tempdir = directory  # some of the tests leave files behind
        os.chdir(directory)  # and some write where they are
        suite.run(results)
        os.chdir("/")
    print(json.dumps(results.outcomes))


if __name__ == "__main__":
    main()
