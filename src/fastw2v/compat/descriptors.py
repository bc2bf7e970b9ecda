"""Descriptors and decorators for names and arguments that have changed since gensim 3.

An old name goes on working, and each use gives one `DeprecationWarning` that says what to write instead. Python's
warning filters decide how often the user sees it: by default once for each line of ``__main__`` that uses an old name.
A use of the current name costs nothing, because no attribute access is intercepted.
"""

from __future__ import annotations

import functools
import operator
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def warn_deprecated(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn that `old` is gensim 3's name of `new`.

    Parameters
    ----------
    old, new : str
        What the caller wrote, and what to write instead.
    stacklevel : int, default 3
        The frame to blame, as for `warnings.warn`. The default is the caller of the function that calls this one.
    """
    warnings.warn(f"{old} is gensim 3's name; use {new} instead", DeprecationWarning, stacklevel=stacklevel)


class RenamedAttribute:
    """An attribute under its old name; reading and assigning go to the new one.

    Parameters
    ----------
    path : str
        Dotted path from the object to the new attribute.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        warn_deprecated(self.name, self.path)
        return operator.attrgetter(self.path)(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        warn_deprecated(self.name, self.path)
        *parents, last = self.path.split(".")
        setattr(operator.attrgetter(".".join(parents))(instance) if parents else instance, last, value)


class ComputedAttribute:
    """An attribute that is no longer stored, and is computed when it is read.

    It defines no ``__set__``, so that an object may store an attribute of its own under this name.

    Parameters
    ----------
    compute : callable
        Takes the object and returns the value.
    instead : str
        What to write instead.
    """

    def __init__(self, compute: Callable[[Any], Any], instead: str) -> None:
        self.compute = compute
        self.instead = instead

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        warn_deprecated(self.name, self.instead)
        return self.compute(instance)


def delegated_method(name: str, attribute: str = "wv") -> Any:
    """Return a deprecated method that calls the method `name` of the object's `attribute`."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        warn_deprecated(f"model.{name}", f"model.{attribute}.{name}")
        return getattr(getattr(self, attribute), name)(*args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"Deprecated: use ``model.{attribute}.{name}``."
    return method


def renamed_arguments(**renamed: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function accept keyword arguments under their old names; ``old="new"``.

    Raises
    ------
    TypeError
        When the function is called with both names of one argument.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def accepting_old_names(*args: P.args, **kwargs: P.kwargs) -> R:
            for old, new in renamed.items():
                if old in kwargs:
                    warn_deprecated(f"{old}=", f"{new}=")
                    if new in kwargs:
                        raise TypeError(f"{function.__name__}() got both {old}= and {new}=; leave out {old}=")
                    kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return accepting_old_names

    return decorate


if TYPE_CHECKING:
    class_only = classmethod
else:

    class class_only(classmethod):  # noqa: N801 - a decorator, as classmethod is
        """A class method that cannot be called on an instance, because the call would not change that instance."""

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is not None:
                name = self.__func__.__name__
                raise AttributeError(
                    f"{name}() makes a new object: call it on the class, {type(instance).__name__}.{name}(...)"
                )
            return super().__get__(None, owner)
