"""gensim's own modules, if gensim is installed, imported when a program first needs a part that fastw2v does not have.

gensim is imported under its own names while the overlays are taken out of ``sys.modules``, so that its modules import
each other and nothing of fastw2v. gensim's Doc2Vec and FastText therefore derive from gensim's Word2Vec and
KeyedVectors, and use the compiled code that belongs to those. Afterwards the overlays return to ``sys.modules``, and
four things are changed in gensim's modules. `InstalledGensim.restore` undoes the changes.

* ``isinstance(model, gensim.utils.SaveLoad)`` is true for fastw2v's models and vectors.
* Modules of gensim that only use Word2Vec or KeyedVectors get fastw2v's classes. Modules that derive classes from them
  keep gensim's.
* A pickle names classes, and the names of gensim's two classes now lead to fastw2v's. gensim's classes are therefore
  pickled under other names that gensim has for them, so that gensim without fastw2v can load such pickles too.
* gensim's function `unpickle` resolves the names to gensim's classes, so that its other models load what they saved.
"""

from __future__ import annotations

import contextvars
import functools
import importlib
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, cast

from fastw2v.common.locks import holding
from fastw2v.compat.class_alias import ReplaceableClass
from fastw2v.compat.overlay import COUNTERPARTS
from fastw2v.formats.pickle_globals import GLOBALS
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.word2vec import Word2Vec

# Whether a file is being loaded that may name nothing but parts of models.
_only_models: contextvars.ContextVar[bool] = contextvars.ContextVar("_only_models", default=False)

# Module of gensim's class of the same name -> fastw2v's class.
_REPLACEMENTS: tuple[tuple[str, ReplaceableClass], ...] = (
    ("gensim.models.word2vec", Word2Vec),
    ("gensim.models.keyedvectors", KeyedVectors),
)


def gensim_modules() -> dict[str, ModuleType]:
    """Return every module that ``sys.modules`` holds under a name of gensim's."""
    return {
        name: module
        for name, module in sys.modules.items()
        if module is not None and (name == "gensim" or name.startswith("gensim."))
    }


class InstalledGensim:
    """gensim's own modules.

    Parameters
    ----------
    spec : ModuleSpec or None
        Describes the package ``gensim``; None if it is not installed.

    Attributes
    ----------
    reason : str
        Why gensim's modules cannot be used, for error messages.
    """

    def __init__(self, spec: ModuleSpec | None) -> None:
        self.spec = spec
        self.reason = "gensim itself is not installed"
        self._modules: dict[str, ModuleType] | None = None
        self._lock = threading.RLock()
        self._importing_thread: int | None = None
        self._undo: list[Callable[[], None]] = []

    @property
    def is_being_imported(self) -> bool:
        """Whether the calling thread is importing gensim at this moment."""
        return self._importing_thread == threading.get_ident()

    def find_module(self, name: str) -> ModuleType | None:
        """Return gensim's own module `name`, imported if necessary, or None if there is none."""
        if not self.load():
            return None
        assert self._modules is not None
        if name not in self._modules:
            try:
                return self.import_module(name)
            except ModuleNotFoundError:
                return None
        return self._modules[name]

    def load_file(self, module: str, name: str, path: Any, mmap: Any) -> Any:
        """Return the object in a file that holds a model of gensim's, or None if gensim's modules cannot be used.

        The file may name what models consist of, and classes of ``gensim.models``, but no functions.
        """
        loader = self.find_module(module)
        if loader is None:
            return None
        token = _only_models.set(True)
        try:
            return getattr(loader, name).load(os.fspath(path), mmap=mmap)
        finally:
            _only_models.reset(token)

    def adopt(self, modules: dict[str, ModuleType]) -> None:
        """Use `modules`, which were imported before the installation."""
        if "gensim.models" in modules:
            self._modules = modules
            self._change_gensim()

    def load(self) -> bool:
        """Import gensim, unless that is done, and return whether its modules can be used."""
        with holding(self._lock):
            if self._modules is None and self.spec is not None:
                self._import_gensim()
            return self._modules is not None

    def _import_gensim(self) -> None:
        try:
            modules = self._import_without_overlays("gensim")
        except ImportError as error:
            self.spec = None
            self.reason = f"gensim itself is installed but cannot be imported ({error})"
        else:
            self._modules = modules
            self._change_gensim()

    def import_module(self, name: str) -> ModuleType:
        """Return gensim's own module `name`, which ``import gensim`` may not have imported; raise as an import does."""
        with holding(self._lock):
            assert self._modules is not None
            if name not in self._modules:
                before = set(self._modules)
                self._modules |= self._import_without_overlays(name)
                self._replace_classes_in(set(self._modules) - before)
            return self._modules[name]

    def _import_without_overlays(self, name: str) -> dict[str, ModuleType]:
        """Import a module of gensim's while the overlays are not in ``sys.modules``; return gensim's modules."""
        overlays = {known: module for known, module in gensim_modules().items() if known in COUNTERPARTS}
        for known in overlays:
            del sys.modules[known]
        sys.modules.update(self._modules or {})
        self._importing_thread = threading.get_ident()
        try:
            importlib.import_module(name)
            return gensim_modules()
        except ImportError:
            for known in gensim_modules():
                if known not in (self._modules or {}):
                    del sys.modules[known]
            raise
        finally:
            self._importing_thread = None
            for known in COUNTERPARTS:
                sys.modules.pop(known, None)
            sys.modules.update(overlays)

    # --- changes in gensim's modules

    def _class_pairs(self) -> list[tuple[type, ReplaceableClass]]:
        """Return gensim's classes, each with the class of fastw2v that replaces it."""
        assert self._modules is not None
        return [(getattr(self._modules[module], ours.__name__), ours) for module, ours in _REPLACEMENTS]

    def _change_gensim(self) -> None:
        assert self._modules is not None
        for theirs, ours in self._class_pairs():
            ours.set_replaced_class(theirs)
            self._pickle_under_other_name(theirs)
        self._replace_classes_in(self._modules)
        utils = self._modules["gensim.utils"]
        self._set(utils, "SaveLoad", _save_load_of(utils.SaveLoad))
        self._set(utils, "unpickle", functools.partial(_unpickle, self._modules))

    def _set(self, target: Any, name: str, value: Any) -> None:
        """Assign an attribute, and remember how to undo that."""
        self._undo.append(functools.partial(setattr, target, name, getattr(target, name)))
        setattr(target, name, value)

    def _pickle_under_other_name(self, theirs: type) -> None:
        if theirs.__name__ == "KeyedVectors":
            self._set(theirs, "__qualname__", "Doc2VecKeyedVectors")
        else:
            self._set(theirs, "__module__", "gensim.models.doc2vec")

    def _replace_classes_in(self, names: Iterable[str]) -> None:
        """Assign fastw2v's classes in those of gensim's modules that use the classes without deriving from them."""
        assert self._modules is not None
        pairs = self._class_pairs()
        bases = tuple(theirs for theirs, _ in pairs)
        for name in names:
            module = self._modules[name]
            derives_classes = any(
                isinstance(value, type) and issubclass(value, bases) and value.__module__ == name
                for value in vars(module).values()
            )
            if name in COUNTERPARTS or derives_classes:
                continue
            for theirs, ours in pairs:
                if vars(module).get(ours.__name__) is theirs:
                    self._set(module, ours.__name__, ours)

    def restore(self) -> dict[str, ModuleType]:
        """Undo the changes and return gensim's modules."""
        while self._undo:
            self._undo.pop()()
        for _, ours in _REPLACEMENTS:
            ours.clear_alias()
        return self._modules or {}


def _save_load_of(theirs: type) -> type:
    """Return a class in place of gensim's base class of all that can be saved, which counts fastw2v's classes too."""
    attributes = {"__module__": theirs.__module__, "__doc__": theirs.__doc__}
    save_load: Any = ReplaceableClass(theirs.__name__, (theirs,), attributes)
    save_load.set_replaced_class(theirs)
    for _, ours in _REPLACEMENTS:
        save_load.register(ours)
    return cast(type, save_load)


def _unpickle(modules: dict[str, ModuleType], fname: Any) -> Any:
    """Load a pickle as ``gensim.utils.unpickle`` does, with gensim's own classes."""
    with modules["gensim.utils"].open(fname, "rb") as stream:
        return _Unpickler(stream, modules).load()


def _is_class_of_models(module: str, name: str) -> bool:
    if not module.startswith("gensim.models.") or "." in name:
        return False
    return isinstance(getattr(importlib.import_module(module), name, None), type)


class _Unpickler(pickle.Unpickler):
    """Unpickler that looks up the names of overlaid modules in gensim's own modules."""

    def __init__(self, stream: Any, modules: dict[str, ModuleType]) -> None:
        super().__init__(stream, encoding="latin1")
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        if _only_models.get() and (module, name) not in GLOBALS and not _is_class_of_models(module, name):
            raise pickle.UnpicklingError(
                f"the file refers to {module}.{name}, which no model of gensim's needs; nothing was executed"
            )
        theirs = self._modules.get(module)
        if theirs is None or module not in COUNTERPARTS:
            return super().find_class(module, name)
        return functools.reduce(getattr, name.split("."), theirs)
