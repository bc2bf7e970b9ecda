"""``vars(wv)`` and ``vars(model)`` with gensim's attributes, which our classes keep elsewhere.

Exporters read ``wv.__dict__["vectors"]``, and programs that convert objects to a class of their own write
``new.__dict__.update(wv.__dict__)``. An `AttributeDict` serves both. It is a dictionary of the attributes of an object
at the time when it is asked for; a change of it is also an assignment to the object.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Any, ClassVar


class _Base:
    """The class that has the real dictionary of an object."""


_REAL_DICT: Any = vars(_Base)["__dict__"]


def own_attributes(instance: ExposesAttributes) -> dict[str, Any]:
    """Return the dictionary in which Python keeps the attributes of `instance`."""
    real: dict[str, Any] = _REAL_DICT.__get__(instance)
    return real


class ExposesAttributes(_Base):
    """Base of a class whose ``__dict__`` shows some properties, and hides some attributes.

    Attributes
    ----------
    _shown : tuple of str
        The properties. One that raises an AttributeError, because the object is not complete yet, is left out.
    _optional : tuple of str
        Properties and attributes that are shown unless they are None.
    _hidden : collection of str
        The attributes that are not shown.
    """

    _shown: ClassVar[tuple[str, ...]] = ()
    _optional: ClassVar[tuple[str, ...]] = ()
    _hidden: ClassVar[Collection[str]] = ()

    @property
    def __dict__(self) -> AttributeDict:
        return AttributeDict(self)

    @__dict__.setter
    def __dict__(self, attributes: dict[str, Any]) -> None:
        if isinstance(attributes, AttributeDict):  # obj.__dict__ = other.__dict__ shares everything
            _REAL_DICT.__set__(self, own_attributes(attributes.owner))
        else:
            shown = AttributeDict(self)
            shown.clear()
            shown.update(attributes)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *own_attributes(self)})


class AttributeDict(dict[str, Any]):
    """The attributes of an object; changes are assignments to the object.

    Parameters
    ----------
    owner : ExposesAttributes
    """

    def __init__(self, owner: ExposesAttributes) -> None:
        self.owner = owner
        for name in (*owner._shown, *owner._optional):
            with contextlib.suppress(AttributeError):
                value = getattr(owner, name)
                if value is not None or name in owner._shown:
                    super().__setitem__(name, value)
        super().update(
            (name, value)
            for name, value in own_attributes(owner).items()
            if name not in owner._hidden and (value is not None or name not in owner._optional)
        )

    def _is_property(self, name: str) -> bool:
        return isinstance(getattr(type(self.owner), name, None), property)

    def __setitem__(self, name: str, value: Any) -> None:
        if self._is_property(name):
            if (
                getattr(type(self.owner), name).fset is not None
            ):  # without one, it follows from other attributes
                setattr(self.owner, name, value)
        else:
            own_attributes(self.owner)[name] = value
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        delattr(self.owner, name)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Assign several attributes."""
        for name, value in dict(*args, **kwargs).items():
            self[name] = value

    def __ior__(self, other: Any) -> AttributeDict:  # type: ignore[override, misc]
        self.update(other)
        return self

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return an attribute, which is assigned first if it is missing."""
        if name not in self:
            self[name] = default
        return self[name]

    def pop(self, name: str, *default: Any) -> Any:
        """Delete an attribute and return its value."""
        if name not in self and default:
            return default[0]
        value = self[name]
        del self[name]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Delete the last attribute and return its name and value."""
        name = next(reversed(self))
        return name, self.pop(name)

    def clear(self) -> None:
        """Delete all attributes but those that every object of the class has."""
        for name in list(self):
            if name == "vectors" or not self._is_property(name):
                del self[name]

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)
