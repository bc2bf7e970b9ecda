"""Modules that go by gensim's names and hold fastw2v's things, then, where gensim is installed, gensim's own."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

# Each module that is laid over gensim's: where its names come from here. The packages take submodules only.
SOURCES: dict[str, str | None] = {
    "gensim": None,
    "gensim.matutils": "fastw2v.matutils",
    "gensim.models": "fastw2v.models",
    "gensim.models.callbacks": "fastw2v.models.callbacks",
    "gensim.models.keyedvectors": "fastw2v.models.keyedvectors",
    "gensim.models.word2vec": "fastw2v.models.word2vec",
    "gensim.scripts": None,
    "gensim.scripts.word2vec_standalone": "fastw2v.scripts.word2vec_standalone",
    "gensim.utils": "fastw2v.utils",
}
PACKAGES = ("gensim", "gensim.models", "gensim.scripts")

# What stays gensim's where gensim is installed: pickles of its other models refer to it by these names, or it knows
# more kinds of vectors.
GENSIMS_OWN = {
    "gensim.matutils": {"argsort", "unitvec", "zeros_aligned"},
    "gensim.models.keyedvectors": {"Doc2VecKeyedVectors"},
    "gensim.utils": {"SaveLoad", "call_on_class_only", "pickle", "unpickle"},
}

Lookup = Callable[[str], ModuleType | None]


class Overlay(ModuleType):
    """A module of gensim's name; attributes are found when they are first asked for.

    Parameters
    ----------
    name : str
        The full name, one of `SOURCES`.
    spec : ModuleSpec
        How the import system sees it.
    original : callable
        Name of a module -> gensim's own module, or None.
    """

    def __init__(self, name: str, spec: ModuleSpec, original: Lookup) -> None:
        super().__init__(name, f"fastw2v in place of {name}.")
        self.__spec__ = spec
        self.__loader__ = spec.loader
        # Names that are missing from a package are looked for as submodules, whose import can say what is the matter;
        # with an empty path every module may have some.
        self.__path__ = list(spec.submodule_search_locations or [])
        self.__package__ = name
        self._original = original

    def _sources(self, attribute: str) -> list[Callable[[], ModuleType | None]]:
        name = self.__name__
        ours = SOURCES[name]
        sources: list[Callable[[], ModuleType | None]] = [lambda: self._original(name)]
        if ours is not None:
            place = 1 if attribute in GENSIMS_OWN.get(name, ()) else 0
            sources.insert(place, functools.partial(importlib.import_module, ours))
        return sources

    def __getattr__(self, attribute: str) -> Any:
        if attribute == "__all__":
            ours = SOURCES[self.__name__]
            if ours is not None:
                return importlib.import_module(ours).__all__
        if attribute.startswith("__"):
            self._fail(attribute)
        child = sys.modules.get(f"{self.__name__}.{attribute}")
        if child is not None:
            return child
        for source in self._sources(attribute):
            module = source()
            if module is not None and hasattr(module, attribute):
                value = getattr(module, attribute)
                setattr(self, attribute, value)
                return value
        self._fail(attribute)

    def _fail(self, attribute: str) -> NoReturn:
        raise AttributeError(
            f"module {self.__name__!r} (fastw2v in place of gensim) has no attribute {attribute!r}",
            name=attribute,
            obj=self,
        )

    def __dir__(self) -> list[str]:
        names = set(vars(self))
        for source in self._sources(""):
            module = source()
            names.update(dir(module) if module is not None else ())
        return sorted(names)

    def __repr__(self) -> str:
        return f"<module {self.__name__!r} (fastw2v in place of gensim)>"
