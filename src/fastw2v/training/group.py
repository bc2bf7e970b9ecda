"""What a training session asks of the group if other sessions train the same model on other parts of a text.

The session of each member trains its part. What belongs to the whole text is the same on all members: the tallies and
the losses of the epochs, the size of the text, and whether the training ends early. `fastw2v.distributed` has the
groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastw2v.training.checkpoints import Size
from fastw2v.training.progress import Tally

__all__ = ["Group"]


@dataclass(frozen=True)
class Group:
    """The members that train one model.

    All members call the two functions at the same points of the training.

    Attributes
    ----------
    text : (int, int)
        Sentences and raw words of the text of all members.
    total : callable
        Takes the `Tally` of this member and returns the sum of those of all members.
    after_callbacks : callable
        Takes whether a callback of this member has ended the training, and returns whether it ends for all. All
        members have the same weights then, with what the callbacks have changed.
    """

    text: Size
    total: Callable[[Tally], Tally]
    after_callbacks: Callable[[bool], bool]
