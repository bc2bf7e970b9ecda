"""gensim itself, where it is installed: imported when something is asked for that fastw2v does not have.

It is imported under its own names while the overlays stand aside, so that its modules see each other and nothing else:
gensim's Doc2Vec and FastText keep gensim's Word2Vec and KeyedVectors as their bases, with the compiled code that
belongs to them. Afterwards the overlays return, and three things are set right, all of which `release` undoes:

* Modules of gensim that only use Word2Vec or KeyedVectors get fastw2v's. Those that derive from them keep gensim's.
* Pickles name classes. gensim's two classes are pickled under another of gensim's own names for them, since an overlay
  has theirs; gensim without fastw2v reads such pickles too.
* gensim's loader resolves those names to gensim's classes, so that its other models load what they saved.
"""

from __future__ import annotations

import functools
import importlib
import pickle
import sys
import threading
from collections.abc import Callable, Iterable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from fastw2v.compat.overlay import SOURCES
from fastw2v.compat.standin import StandIn
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.word2vec import Word2Vec

_STAND_INS: tuple[tuple[str, StandIn], ...] = (
    ("gensim.models.word2vec", Word2Vec),
    ("gensim.models.keyedvectors", KeyedVectors),
)


def gensim_modules() -> dict[str, ModuleType]:
    """Every module that `sys.modules` has under gensim's name."""
    return {
        name: module
        for name, module in sys.modules.items()
        if module is not None and (name == "gensim" or name.startswith("gensim."))
    }


class Original:
    """gensim's own modules.

    Parameters
    ----------
    spec : ModuleSpec or None
        Where gensim is; None if it is not installed.
    """

    def __init__(self, spec: ModuleSpec | None) -> None:
        self.spec = spec
        self.reason = "gensim itself is not installed"
        self._modules: dict[str, ModuleType] | None = None
        self._lock = threading.RLock()
        self._loading_in: int | None = None
        self._undo: list[Callable[[], None]] = []

    @property
    def is_loading(self) -> bool:
        """Whether the calling thread is importing gensim at this moment."""
        return self._loading_in == threading.get_ident()

    def module(self, name: str) -> ModuleType | None:
        """Return gensim's own module of this name, or None if there is none."""
        if not self.load():
            return None
        assert self._modules is not None
        if name not in self._modules:
            try:
                return self.import_more(name)
            except ModuleNotFoundError:
                return None
        return self._modules[name]

    def adopt(self, modules: dict[str, ModuleType]) -> None:
        """Take over modules that were imported before."""
        if "gensim.models" in modules:
            self._modules = modules
            self._set_right()

    def load(self) -> bool:
        """Import gensim unless that was done; return whether it is there."""
        with self._lock:
            if self._modules is None and self.spec is not None:
                self._import()
            return self._modules is not None

    def _import(self) -> None:
        try:
            modules = self._import_aside("gensim")
        except ImportError as error:
            self.spec = None
            self.reason = f"gensim itself is installed but cannot be imported ({error})"
        else:
            self._modules = modules
            self._set_right()

    def import_more(self, name: str) -> ModuleType:
        """Import a module of gensim's that ``import gensim`` leaves out; raise as an import does."""
        with self._lock:
            assert self._modules is not None
            if name not in self._modules:
                before = set(self._modules)
                self._modules |= self._import_aside(name)
                self._hand_out(set(self._modules) - before)
            return self._modules[name]

    def _import_aside(self, name: str) -> dict[str, ModuleType]:
        """Import one of gensim's own modules while the overlays stand aside; return all that are there then."""
        overlays = {known: module for known, module in gensim_modules().items() if known in SOURCES}
        for known in overlays:
            del sys.modules[known]
        sys.modules.update(self._modules or {})
        self._loading_in = threading.get_ident()
        try:
            importlib.import_module(name)
            return gensim_modules()
        except ImportError:
            for known in gensim_modules():
                if known not in (self._modules or {}):
                    del sys.modules[known]
            raise
        finally:
            self._loading_in = None
            for known in SOURCES:
                sys.modules.pop(known, None)
            sys.modules.update(overlays)

    # --- setting right

    def _pairs(self) -> list[tuple[type, StandIn]]:
        """gensim's classes, each with the one of fastw2v that stands in for it."""
        assert self._modules is not None
        return [(getattr(self._modules[home], ours.__name__), ours) for home, ours in _STAND_INS]

    def _set_right(self) -> None:
        assert self._modules is not None
        for original, stand_in in self._pairs():
            stand_in.accept(original)
            self._rename(original)
        self._hand_out(self._modules)
        self._set(self._modules["gensim.utils"], "unpickle", functools.partial(_unpickle, self._modules))

    def _set(self, target: Any, name: str, value: Any) -> None:
        self._undo.append(functools.partial(setattr, target, name, getattr(target, name)))
        setattr(target, name, value)

    def _rename(self, original: type) -> None:
        """Let pickles name `original` by another of the names that gensim has for it."""
        if original.__name__ == "KeyedVectors":
            self._set(original, "__qualname__", "Doc2VecKeyedVectors")
        else:
            self._set(original, "__module__", "gensim.models.doc2vec")

    def _hand_out(self, names: Iterable[str]) -> None:
        """Give the stand-ins to those of the modules that have gensim's classes and do not build on them."""
        assert self._modules is not None
        pairs = self._pairs()
        bases = tuple(original for original, _ in pairs)
        for name in names:
            module = self._modules[name]
            builds_on_them = any(
                isinstance(value, type) and issubclass(value, bases) and value.__module__ == name
                for value in vars(module).values()
            )
            if name in SOURCES or builds_on_them:
                continue
            for original, stand_in in pairs:
                if vars(module).get(stand_in.__name__) is original:
                    self._set(module, stand_in.__name__, stand_in)

    def release(self) -> dict[str, ModuleType]:
        """Undo what was set right, and return gensim's modules."""
        while self._undo:
            self._undo.pop()()
        for _, stand_in in _STAND_INS:
            stand_in.stand_down()
        return self._modules or {}


def _unpickle(modules: dict[str, ModuleType], fname: Any) -> Any:
    """Load a pickle as gensim does, with gensim's own classes."""
    with modules["gensim.utils"].open(fname, "rb") as stream:
        return _Unpickler(stream, modules).load()


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: Any, modules: dict[str, ModuleType]) -> None:
        super().__init__(stream, encoding="latin1")
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        original = self._modules.get(module)
        if original is None or module not in SOURCES:
            return super().find_class(module, name)
        return functools.reduce(getattr, name.split("."), original)
