"""The metaclass of `Word2Vec` and `KeyedVectors`, by which they can stand in for gensim's classes of these names.

Without `install_as_gensim` it does nothing. Afterwards, a stand-in shows itself under gensim's name, for programs that
search ``str(type(model))`` for it, and counts gensim's own class of that name as a subclass: gensim's Doc2Vec derives
from that one, and still is a Word2Vec to whoever asks. ``__module__`` stays as it is, so that a pickle made in one
process means the same in another, installed or not.
"""

from __future__ import annotations

from abc import ABCMeta
from typing import Any, ClassVar


class StandIn(ABCMeta):  # a kind of ABCMeta, so that users may mix in abstract base classes
    """Class of classes that can be installed in place of another one."""

    _shown_as: ClassVar[dict[type, str]] = {}
    _counterparts: ClassVar[dict[type, type]] = {}

    def stand_in(cls, shown_as: str) -> None:
        """Show the class as `shown_as`, a full dotted name."""
        StandIn._shown_as[cls] = shown_as

    def accept(cls, counterpart: type) -> None:
        """Count `counterpart` and what derives from it as subclasses."""
        StandIn._counterparts[cls] = counterpart

    def stand_down(cls) -> None:
        """Be an ordinary class again."""
        StandIn._shown_as.pop(cls, None)
        StandIn._counterparts.pop(cls, None)

    def __instancecheck__(cls, instance: Any) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        if super().__subclasscheck__(subclass):
            return True
        counterpart = StandIn._counterparts.get(cls)
        return counterpart is not None and issubclass(subclass, counterpart)

    def __repr__(cls) -> str:
        shown_as = StandIn._shown_as.get(cls)
        return f"<class '{shown_as}'>" if shown_as else type.__repr__(cls)
