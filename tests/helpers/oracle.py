"""Access to gensim, the reference implementation that many tests compare fastw2v with.

gensim cannot be installed everywhere; for example, it does not support Python 3.14. A test that uses it is then
skipped, and the other tests of the same module run.
"""

from __future__ import annotations

import os
from types import ModuleType

import pytest


def import_gensim(module: str = "gensim") -> ModuleType:
    """Import and return gensim or one of its modules.

    If it is not installed, a call inside a test skips the test, and a call at the top of a module skips the module.
    """
    return pytest.importorskip(module, reason="gensim, the reference implementation, is not installed")  # type: ignore[no-any-return]


class _LazyGensim:
    """Stand-in for the package gensim that imports it when one of its submodules is accessed.

    A test module can import the stand-in without gensim; only a test that accesses a submodule is skipped. Outside of a
    running test it has no attributes.
    """

    def __getattr__(self, name: str) -> ModuleType:
        # pytest looks for its own attributes in every global, and pytest-run-parallel follows the calls of each test.
        if name not in ("matutils", "models", "utils") or "PYTEST_CURRENT_TEST" not in os.environ:
            raise AttributeError(name)
        return import_gensim(f"gensim.{name}")


gensim = _LazyGensim()
