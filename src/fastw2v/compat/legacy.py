"""gensim 3's spellings: each works, and gives one DeprecationWarning a use that names today's.

Python's own filters decide how often it is seen: by default once for each line of ``__main__`` that uses one. All of it
is descriptors and a decorator, so what is spelled as today costs nothing.
"""

from __future__ import annotations

import functools
import operator
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def warn(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn that `old` is gensim 3's name of `new`, at the caller of the caller."""
    warnings.warn(f"{old} is gensim 3's name; use {new} instead", DeprecationWarning, stacklevel=stacklevel)


class Renamed:
    """An attribute that is another one today, to read and to assign.

    Parameters
    ----------
    path : str
        Dotted path from the object to it.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        warn(self.name, self.path)
        return operator.attrgetter(self.path)(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        warn(self.name, self.path)
        *holders, last = self.path.split(".")
        setattr(operator.attrgetter(".".join(holders))(instance) if holders else instance, last, value)


class Derived:
    """An attribute that is computed today; an object may have one of its own under this name.

    Parameters
    ----------
    compute : callable
        The object -> the value.
    instead : str
        What to write today.
    """

    def __init__(self, compute: Callable[[Any], Any], instead: str) -> None:
        self.compute = compute
        self.instead = instead

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        warn(self.name, self.instead)
        return self.compute(instance)


def passed_on(name: str, attribute: str = "wv") -> Any:
    """Return a method that calls the one of the same name of an attribute."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        warn(f"model.{name}", f"model.{attribute}.{name}")
        return getattr(getattr(self, attribute), name)(*args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"Deprecated: use ``model.{attribute}.{name}``."
    return method


def renamed_arguments(**renamed: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take keyword arguments by older names; ``older="today's"``.

    Raises
    ------
    TypeError
        When called, if both names of one argument are given.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def taking_both(*args: P.args, **kwargs: P.kwargs) -> R:
            for old, new in renamed.items():
                if old in kwargs:
                    warn(f"{old}=", f"{new}=")
                    if new in kwargs:
                        raise TypeError(f"{function.__name__}() got both {old}= and {new}=; leave out {old}=")
                    kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return taking_both

    return decorate


if TYPE_CHECKING:
    class_only = classmethod
else:

    class class_only(classmethod):  # noqa: N801 - a decorator, as classmethod is
        """A class method that an instance does not have, as it would seem to change that instance."""

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is not None:
                name = self.__func__.__name__
                raise AttributeError(
                    f"{name}() makes a new object: call it on the class, {type(instance).__name__}.{name}(...)"
                )
            return super().__get__(None, owner)
