"""fastw2v in place of gensim, for programs that import gensim: what `install_as_gensim` does to the import system.

A finder at the head of ``sys.meta_path`` answers for every module of gensim's name, and `overlay` says which of them
are laid over. gensim need not be installed; where it is, everything else comes from it (`original`).
"""

from __future__ import annotations

import importlib.abc
import importlib.metadata
import importlib.util
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType, TracebackType
from typing import Any

from fastw2v.compat.original import Original, gensim_modules
from fastw2v.compat.overlay import PACKAGES, SOURCES, Overlay
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.word2vec import Word2Vec

GENSIM_VERSION = "4.4.0"  # whose interface this is

_lock = threading.RLock()
_finder: _Finder | None = None


def install_as_gensim() -> Installation:
    """Let every later ``import gensim`` get fastw2v, in other packages too.

    Call it before anything imports gensim: a module that has imported gensim's names already keeps them, of which a
    `RuntimeWarning` tells. Calling it again changes nothing.

    What fastw2v does not have comes from gensim itself where that is installed, imported when it is first asked for.
    Its Doc2Vec and FastText go on using gensim's own training; ``isinstance(doc2vec, Word2Vec)`` holds all the same.
    Where gensim is not installed, such an import raises an `ImportError` that says so.

    Returns
    -------
    Installation
        A context manager that calls `uninstall_as_gensim` at its end, for those who want that.

    Examples
    --------
    >>> import fastw2v
    >>> with fastw2v.install_as_gensim():
    ...     from gensim.models import Word2Vec
    >>> Word2Vec is fastw2v.Word2Vec
    True
    """
    global _finder
    with _lock:
        if _finder is None:
            earlier = gensim_modules()
            _finder = _Finder(Original(_spec_of_gensim()))
            _finder.install(earlier)
            if earlier:
                warnings.warn(
                    "gensim was imported before install_as_gensim(): modules that did so keep gensim's classes; "
                    "call fastw2v.install_as_gensim() first",
                    RuntimeWarning,
                    stacklevel=2,
                )
    return Installation()


def uninstall_as_gensim() -> None:
    """Undo `install_as_gensim`: later imports of gensim get gensim. Names already imported stay what they are."""
    global _finder
    with _lock:
        if _finder is not None:
            _finder.uninstall()
            _finder = None


class Installation:
    """What `install_as_gensim` returns; at the end of a ``with`` block it uninstalls."""

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        uninstall_as_gensim()


def _spec_of_gensim() -> ModuleSpec | None:
    """Where gensim itself is, without importing it."""
    if sys.modules.get("gensim", ...) is None:  # how programs forbid an import
        return None
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec("gensim", None)
        except ImportError:
            return None
        if spec is not None and spec.loader is not None:
            return spec
    return None


def _installed_version() -> str | None:
    try:
        return importlib.metadata.version("gensim")
    except importlib.metadata.PackageNotFoundError:
        return None


class _Finder(importlib.abc.MetaPathFinder):
    """Answers for every module of gensim's name, and for its version."""

    def __init__(self, original: Original) -> None:
        self._original = original
        self._overlays: dict[str, Overlay] = {}
        self._earlier: dict[str, ModuleType] = {}
        version = _installed_version()
        self._vouches = version is None or original.spec is None or int(version.split(".")[0]) < 4
        self._version = GENSIM_VERSION if self._vouches or version is None else version

    # --- coming and going

    def install(self, earlier: dict[str, ModuleType]) -> None:
        self._original.adopt(earlier)
        for name in earlier:
            if name in SOURCES:
                del sys.modules[name]
        sys.meta_path.insert(0, self)
        for name in SOURCES:
            self._overlay(name)
        Word2Vec.stand_in("gensim.models.word2vec.Word2Vec")
        KeyedVectors.stand_in("gensim.models.keyedvectors.KeyedVectors")

    def _overlay(self, name: str) -> Overlay:
        locations = self._locations(name)
        spec = ModuleSpec(name, _Laid(self), origin=None, is_package=True)
        spec.submodule_search_locations = locations
        overlay = self._overlays[name] = Overlay(name, spec, self._original.module)
        sys.modules[name] = overlay
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(self._overlays[parent], child, overlay)
        else:
            overlay.__dict__["__version__"] = self._version
            overlay.__file__ = os.path.join(locations[0], "__init__.py") if locations else __file__
        return overlay

    def _locations(self, name: str) -> list[str]:
        """Where the submodules of a package are that have no overlay."""
        if name not in PACKAGES or self._original.spec is None:
            return []
        roots = self._original.spec.submodule_search_locations or []
        return [os.path.join(root, *name.split(".")[1:]) for root in roots]

    def uninstall(self) -> None:
        sys.meta_path.remove(self)
        for name in gensim_modules():
            del sys.modules[name]
        sys.modules.update(self._original.release())

    # --- imports

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != "gensim" or self._original.is_loading:
            return None
        if fullname in self._overlays:
            return self._overlays[fullname].__spec__
        if not self._original.load():
            raise ModuleNotFoundError(
                f"{fullname} is not part of fastw2v, which stands in for gensim here, and {self._original.reason}; "
                "pip install gensim to have it",
                name="gensim",
            )
        if fullname.startswith("gensim.test"):
            return None  # found by its parent's path: what gensim's own tests import is what users get
        module = self._original.import_more(fullname)
        # It is in sys.modules by now, which the import system would take for a reason to execute it a second time.
        sys.modules.pop(fullname, None)
        return ModuleSpec(fullname, _Ready(module))

    # --- the version, as importlib.metadata has it

    def find_distributions(self, context: Any = None) -> Iterator[importlib.metadata.Distribution]:
        wanted = getattr(context, "name", None)
        if self._vouches and wanted is not None and wanted.lower() == "gensim":
            yield _Distribution(self._version)

    def restore(self, name: str) -> ModuleType:
        return self._overlays[name]


class _Laid(importlib.abc.Loader):
    """Gives back an overlay that was taken out of ``sys.modules``."""

    def __init__(self, finder: _Finder) -> None:
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._finder.restore(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


class _Ready(importlib.abc.Loader):
    """Gives out a module that is imported already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # the import system has put its own there


class _Distribution(importlib.metadata.Distribution):
    """The metadata of the gensim that fastw2v stands in for."""

    def __init__(self, version: str) -> None:
        self._text = (
            f"Metadata-Version: 2.1\nName: gensim\nVersion: {version}\nSummary: fastw2v in place of gensim\n"
        )

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        return importlib.metadata.PackagePath(path)
