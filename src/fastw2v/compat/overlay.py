"""The modules that `install_as_gensim` puts into ``sys.modules`` under gensim's names.

An overlay has no attributes of its own. An attribute is looked up when it is first used: in the module of fastw2v that
corresponds to the overlay (`COUNTERPARTS`), then in gensim's own module, if gensim is installed. For the names in
`PREFER_GENSIM` the order is reversed.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

COUNTERPARTS: dict[str, str | None] = {
    "gensim": None,
    "gensim.matutils": "fastw2v.matutils",
    "gensim.models": "fastw2v.models",
    "gensim.models.callbacks": "fastw2v.models.callbacks",
    "gensim.models.keyedvectors": "fastw2v.models.keyedvectors",
    "gensim.models.phrases": "fastw2v.models.phrases",
    "gensim.models.word2vec": "fastw2v.models.word2vec",
    "gensim.scripts": None,
    "gensim.scripts.glove2word2vec": "fastw2v.scripts.glove2word2vec",
    "gensim.scripts.word2vec_standalone": "fastw2v.scripts.word2vec_standalone",
    "gensim.utils": "fastw2v.utils",
}
"""Name of each overlay -> module of fastw2v that has its attributes; None for a package that has submodules only."""

SUBSTITUTES: dict[str, str | None] = {
    "gensim.models.basemodel": "fastw2v.models.basemodel",
    "gensim.test": None,
    "gensim.test.utils": "fastw2v.test.utils",
}
"""The same for modules that come from gensim itself where it is installed."""

PACKAGES = ("gensim", "gensim.models", "gensim.scripts")

# Where gensim is installed, these come from gensim: the pickles of its other models refer to them by these names, or
# gensim's version supports more kinds of vectors.
PREFER_GENSIM = {
    "gensim.matutils": {"argsort", "unitvec", "zeros_aligned"},
    "gensim.models.keyedvectors": {"Doc2VecKeyedVectors"},
    "gensim.utils": {"SaveLoad", "call_on_class_only", "pickle", "unpickle"},
}

FindModule = Callable[[str], ModuleType | None]


class Overlay(ModuleType):
    """A module under a name of gensim's; its attributes are looked up when they are first used.

    Parameters
    ----------
    name : str
        The full name, a key of `COUNTERPARTS` or `SUBSTITUTES`.
    spec : ModuleSpec
        Describes the module to the import system.
    find_gensim_module : callable
        Takes the name of a module and returns gensim's own module, or None if there is none.
    """

    def __init__(self, name: str, spec: ModuleSpec, find_gensim_module: FindModule) -> None:
        super().__init__(name, f"fastw2v in place of {name}.")
        self.__spec__ = spec
        self.__loader__ = spec.loader
        # Every overlay is a package, even if its path is empty. The import system then looks for a missing name as a
        # submodule, and the finder can raise an error that says why the name is missing.
        self.__path__ = list(spec.submodule_search_locations or [])
        self.__package__ = name
        self._find_gensim_module = find_gensim_module
        self._counterpart = {**COUNTERPARTS, **SUBSTITUTES}[name]

    def _sources(self, attribute: str) -> list[Callable[[], ModuleType | None]]:
        """Return functions that import the modules to look for `attribute` in, in this order."""
        name = self.__name__
        counterpart = self._counterpart
        sources: list[Callable[[], ModuleType | None]] = [lambda: self._find_gensim_module(name)]
        if counterpart is not None:
            position = 1 if attribute in PREFER_GENSIM.get(name, ()) else 0
            sources.insert(position, functools.partial(importlib.import_module, counterpart))
        return sources

    def __getattr__(self, attribute: str) -> Any:
        if attribute == "__all__" and self._counterpart is not None:
            return importlib.import_module(self._counterpart).__all__
        if attribute.startswith("__"):
            self._raise_attribute_error(attribute)
        submodule = sys.modules.get(f"{self.__name__}.{attribute}")
        if submodule is not None:
            return submodule
        for source in self._sources(attribute):
            module = source()
            if module is not None and hasattr(module, attribute):
                value = getattr(module, attribute)
                setattr(self, attribute, value)
                return value
        self._raise_attribute_error(attribute)

    def _raise_attribute_error(self, attribute: str) -> NoReturn:
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
