"""Code in fresh interpreters, optionally without gensim."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import fastw2v

TESTS = Path(__file__).parents[1]  # the folder from which processes import the helpers
# The environment of a process that imports the same fastw2v as the tests.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(
        [str(Path(fastw2v.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    ),
}

# Makes gensim look as if it were not installed.
FORBID_GENSIM = """
import sys

class NoGensim:
    def find_spec(self, name, path=None, target=None):
        if name == "gensim" or name.startswith("gensim."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    def find_distributions(self, context=None):
        return ()

sys.meta_path.insert(0, NoGensim())

import importlib.metadata
_from_name = importlib.metadata.Distribution.from_name

def from_name(name):
    found = _from_name(name)
    if name == "gensim" and "fastw2v" not in (found.read_text("METADATA") or ""):
        raise importlib.metadata.PackageNotFoundError(name)
    return found

importlib.metadata.Distribution.from_name = staticmethod(from_name)
"""


def run_fresh(code: str, *arguments: object, without_gensim: bool = False) -> str:
    """Run `code` with warnings as errors and return its output; if it fails, the assertion shows its traceback."""
    script = (FORBID_GENSIM if without_gensim else "") + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
