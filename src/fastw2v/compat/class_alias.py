"""The metaclass of `Word2Vec` and `KeyedVectors`, with which they can be installed in place of gensim's classes.

`install_as_gensim` changes three things about such a class, and `uninstall_as_gensim` undoes them:

* Its ``repr`` is that of gensim's class, for programs that search ``str(type(model))`` for gensim's name.
* Files that hold other classes of gensim's are loaded by gensim, if it is installed.
* gensim's own class of that name counts as a subclass. gensim's Doc2Vec derives from gensim's Word2Vec, so that
  ``isinstance(doc2vec, Word2Vec)`` stays true.

``__module__`` does not change, so that a pickle means the same in a process that has installed the classes and in one
that has not. Without an installation the metaclass does nothing.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Callable
from typing import Any


class ReplaceableClass(ABCMeta):  # derives from ABCMeta, so that users may mix in abstract base classes
    """Metaclass of classes that can be installed in place of another class."""

    # All are read from the namespace of the class itself, since its subclasses are not installed.
    _alias: str
    _replaced_class: type
    _loader: Callable[[Any, Any], Any]

    def set_alias(cls, name: str) -> None:
        """Let ``repr`` show the class as `name`, a full dotted name."""
        cls._alias = name

    def set_replaced_class(cls, replaced: type) -> None:
        """Count `replaced` and the classes that derive from it as subclasses."""
        cls._replaced_class = replaced

    def set_loader(cls, loader: Callable[[Any, Any], Any]) -> None:
        """Let `load_other` call `loader` with a path and `mmap`."""
        cls._loader = loader

    def load_other(cls, error: Exception, path: Any, mmap: Any) -> Any:
        """Return the object in a file that holds an object of another class of gensim's.

        Raises
        ------
        Exception
            `error`, if the class is not installed in place of gensim's, or gensim itself is not there.
        """
        loader = vars(cls).get("_loader")
        found = None if loader is None else loader(path, mmap)
        if found is None:
            raise error
        return found

    def names_in_pickles(cls, base: str) -> dict[tuple[str, str], str]:
        """Return the names under which pickles have this class and its bases, each with the name of gensim's class."""
        return {
            (each.__module__, each.__qualname__): base
            for each in cls.__mro__
            if isinstance(each, ReplaceableClass)
        }

    def clear_alias(cls) -> None:
        """Undo `set_alias`, `set_replaced_class` and `set_loader`."""
        for name in ("_alias", "_replaced_class", "_loader"):
            if name in vars(cls):
                delattr(cls, name)

    @property
    def is_installed(cls) -> bool:
        """Whether the class, or one that it derives from, is installed in place of gensim's."""
        return any("_alias" in vars(base) for base in cls.__mro__)

    def __instancecheck__(cls, instance: Any) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        if super().__subclasscheck__(subclass):
            return True
        replaced = vars(cls).get("_replaced_class")
        return replaced is not None and issubclass(subclass, replaced)

    def __repr__(cls) -> str:
        alias = vars(cls).get("_alias")
        return f"<class '{alias}'>" if alias else type.__repr__(cls)
