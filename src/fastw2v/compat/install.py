"""``install_as_gensim()``: let programs that import gensim get fastw2v.

The mechanism has three parts:

1. For each module of gensim that fastw2v replaces, an `Overlay` is put into ``sys.modules`` under gensim's name. An
   import statement looks there first, so ``from gensim.models import Word2Vec`` finds fastw2v's class (`overlay`).
2. A finder at the front of ``sys.meta_path`` answers for all other names of gensim's. If gensim is installed, it
   imports gensim's own module and makes it work beside the overlays (`installed_gensim`). Otherwise it raises an
   error that says what is missing.
3. The finder also answers ``importlib.metadata.version("gensim")`` if gensim is not installed or too old, because
   programs decide by that version which interface they use.

gensim itself is not imported before a program needs a part of it that fastw2v does not have.
"""

from __future__ import annotations

import functools
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

from fastw2v.common.locks import holding
from fastw2v.common.logs import prefer_gensims_names
from fastw2v.compat.installed_gensim import InstalledGensim, gensim_modules
from fastw2v.compat.overlay import COUNTERPARTS, PACKAGES, SUBSTITUTES, Overlay
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.word2vec import Word2Vec

GENSIM_VERSION = "4.4.0"  # the version whose interface fastw2v has

_lock = threading.RLock()
_finder: _Finder | None = None  # in sys.meta_path; None while fastw2v is not installed as gensim


def install_as_gensim() -> Installation:
    """Let every later ``import gensim`` get fastw2v, in other packages too.

    Call it before anything imports gensim. A module that has imported gensim's names already keeps them, and a
    `RuntimeWarning` is given. Calling the function again changes nothing.

    What fastw2v does not have comes from gensim itself, if gensim is installed; it is imported when it is first used.
    gensim's Doc2Vec and FastText go on using gensim's own training code, and ``isinstance(doc2vec, Word2Vec)`` stays
    true. If gensim is not installed, importing such a part raises an `ImportError` that says so.

    Returns
    -------
    Installation
        A context manager that calls `uninstall_as_gensim` at the end of a ``with`` block. It need not be used.

    Examples
    --------
    >>> import fastw2v
    >>> with fastw2v.install_as_gensim():
    ...     from gensim.models import Word2Vec
    >>> Word2Vec is fastw2v.Word2Vec
    True
    """
    global _finder
    with holding(_lock):
        if _finder is None:
            imported_before = gensim_modules()
            _finder = _Finder(InstalledGensim(_find_gensim()))
            _finder.install(imported_before)
            if imported_before:
                warnings.warn(
                    "gensim was imported before install_as_gensim(): modules that did so keep gensim's classes; "
                    "call fastw2v.install_as_gensim() first",
                    RuntimeWarning,
                    stacklevel=2,
                )
    return Installation()


def uninstall_as_gensim() -> None:
    """Undo `install_as_gensim`: later imports of gensim get gensim. Names that were imported before do not change.

    Examples
    --------
    >>> import fastw2v
    >>> installation = fastw2v.install_as_gensim()
    >>> fastw2v.uninstall_as_gensim()
    """
    global _finder
    with holding(_lock):
        if _finder is not None:
            _finder.uninstall()
            _finder = None


class Installation:
    """Context manager returned by `install_as_gensim`; it calls `uninstall_as_gensim` when its block ends."""

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        uninstall_as_gensim()


def _find_gensim() -> ModuleSpec | None:
    """Return the spec of the installed gensim, without importing it; None if it is not installed."""
    if sys.modules.get("gensim", ...) is None:  # a program that assigns None forbids the import
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
    """Meta path finder for every module of gensim's name, and for the version of gensim."""

    def __init__(self, gensim: InstalledGensim) -> None:
        self._gensim = gensim
        self._overlays: dict[str, Overlay] = {}
        version = _installed_version()
        self._provides_version = version is None or gensim.spec is None or int(version.split(".")[0]) < 4
        self._version = GENSIM_VERSION if self._provides_version or version is None else version

    def install(self, imported_before: dict[str, ModuleType]) -> None:
        """Put the overlays into ``sys.modules`` and the finder into ``sys.meta_path``."""
        self._gensim.adopt(imported_before)
        for name in imported_before:
            if name in COUNTERPARTS:
                del sys.modules[name]
        sys.meta_path.insert(0, self)
        for name in COUNTERPARTS if self._gensim.spec is not None else [*COUNTERPARTS, *SUBSTITUTES]:
            self._add_overlay(name)
        Word2Vec.set_alias("gensim.models.word2vec.Word2Vec")
        KeyedVectors.set_alias("gensim.models.keyedvectors.KeyedVectors")
        Word2Vec.set_loader(functools.partial(self._gensim.load_file, "gensim.models.word2vec", "Word2Vec"))
        KeyedVectors.set_loader(
            functools.partial(self._gensim.load_file, "gensim.models.keyedvectors", "KeyedVectors")
        )
        prefer_gensims_names(True)

    def _add_overlay(self, name: str) -> None:
        locations = self._submodule_locations(name)
        spec = ModuleSpec(name, _OverlayLoader(self._overlays), origin=None, is_package=True)
        spec.submodule_search_locations = locations
        overlay = self._overlays[name] = Overlay(name, spec, self._gensim.find_module)
        sys.modules[name] = overlay
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(self._overlays[parent], child, overlay)
        else:
            overlay.__dict__["__version__"] = self._version
            overlay.__file__ = os.path.join(locations[0], "__init__.py") if locations else __file__

    def _submodule_locations(self, name: str) -> list[str]:
        """Return the directories of gensim's submodules that have no overlay."""
        if name not in PACKAGES or self._gensim.spec is None:
            return []
        roots = self._gensim.spec.submodule_search_locations or []
        return [os.path.join(root, *name.split(".")[1:]) for root in roots]

    def uninstall(self) -> None:
        """Undo `install`."""
        prefer_gensims_names(False)
        sys.meta_path.remove(self)
        for name in gensim_modules():
            del sys.modules[name]
        sys.modules.update(self._gensim.restore())

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != "gensim" or self._gensim.is_being_imported:
            return None
        if fullname in self._overlays:
            return self._overlays[fullname].__spec__
        if not self._gensim.load():
            raise ModuleNotFoundError(
                f"{fullname} is not part of fastw2v, which is installed in place of gensim, and "
                f"{self._gensim.reason}; pip install gensim to have it",
                name="gensim",
            )
        if fullname.startswith("gensim.test"):
            return None  # found through the path of its parent, so that gensim's tests see the overlays as users do
        module = self._gensim.import_module(fullname)
        # The module is in sys.modules now, which the import system would take for a reason to execute it again.
        sys.modules.pop(fullname, None)
        return ModuleSpec(fullname, _LoadedModuleLoader(module))

    def find_distributions(self, context: Any = None) -> Iterator[importlib.metadata.Distribution]:
        """Answer ``importlib.metadata`` for gensim."""
        name = getattr(context, "name", None)
        if self._provides_version and name is not None and name.lower() == "gensim":
            yield _Distribution(self._version)


class _OverlayLoader(importlib.abc.Loader):
    """Loader that returns the existing overlay, after a program has removed it from ``sys.modules``."""

    def __init__(self, overlays: dict[str, Overlay]) -> None:
        self._overlays = overlays

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._overlays[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: an overlay has no code."""


class _LoadedModuleLoader(importlib.abc.Loader):
    """Loader that returns a module that is imported already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # the import system has replaced it


class _Distribution(importlib.metadata.Distribution):
    """Package metadata of the gensim that fastw2v replaces."""

    def __init__(self, version: str) -> None:
        self._text = (
            f"Metadata-Version: 2.1\nName: gensim\nVersion: {version}\nSummary: fastw2v in place of gensim\n"
        )

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        return importlib.metadata.PackagePath(path)
