"""Where in a training the calling thread may look at, or change, a model that no worker is touching.

Jobs are handed out one after another; a pause stands between two of them. There the calling thread hands out no more
until every job is done, runs an action, and goes on. Pauses fall on the first boundary of jobs at or after each
multiple of so many raw words of the epoch, and at the end of each epoch: a training that is resumed at one of them
meets the following ones where the uninterrupted training meets them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fastw2v.training.progress import Tally

NEVER = 1 << 62  # raw words


@dataclass(frozen=True)
class Position:
    """How far a training is: what has been handed out, and trained, at a boundary of jobs.

    Attributes
    ----------
    epoch : int
        Number of the epoch, from 0.
    jobs, sentences, raw_words : int
        What was handed out since the beginning of the epoch.
    complete : bool
        Whether the epoch is at its end.
    tally : Tally
        What the epoch has trained so far.
    """

    epoch: int = 0
    jobs: int = 0
    sentences: int = 0
    raw_words: int = 0
    complete: bool = False
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Pause:
    """Something to do at regular distances of a training, by the calling thread, while all workers rest.

    Attributes
    ----------
    every_words : int or None
        Raw words from one pause to the next; None: at the ends of epochs only.
    action : callable
        What to do, given the `Position`. An exception ends the training and reaches the caller of `train`.
    """

    every_words: int | None
    action: Callable[[Position], None]

    def __post_init__(self) -> None:
        if self.every_words is not None and not self.every_words >= 1:
            raise ValueError(
                f"every_words={self.every_words!r} must be at least 1, or None for epoch ends only"
            )


class Timetable:
    """When the pauses of an epoch are due; actions of the same moment run in the order of `pauses`.

    Parameters
    ----------
    pauses : sequence of Pause
    start : Position
        Where the training of the epoch begins; what was due there is done.
    """

    def __init__(self, pauses: Sequence[Pause], start: Position) -> None:
        self._pauses = pauses
        self._next = [_after(start.raw_words, pause.every_words) for pause in pauses]

    @property
    def next_words(self) -> int:
        """Raw words of the epoch from which on something is due."""
        return min(self._next, default=NEVER)

    def run(self, position: Position) -> None:
        """Do what is due at a position, which is all there is at the end of an epoch."""
        for i, pause in enumerate(self._pauses):
            if position.complete or position.raw_words >= self._next[i]:
                self._next[i] = _after(position.raw_words, pause.every_words)
                pause.action(position)


def _after(words: int, every: int | None) -> int:
    """The first multiple of `every` above `words`."""
    return NEVER if every is None else (words // every + 1) * every


class CorpusChangedError(ValueError):
    """The corpus is not the one that the position to resume at was reached in."""


def check_same(then: tuple[int, ...] | None, now: tuple[int, ...] | None, what: str = "corpus") -> None:
    """Refuse a text that has not as many sentences and words as at the checkpoint, where both are known.

    Raises
    ------
    CorpusChangedError
    """
    if then is not None and now is not None and then != now:
        raise CorpusChangedError(
            f"the {what} is not that of the checkpoint, which had {then[0]} sentences of {then[1]} words and not "
            f"{now[0]} of {now[1]}; resume with the same {what}"
        )


def check_reached(start: Position, sentences: int, raw_words: int) -> None:
    """Raise `CorpusChangedError` unless the corpus has as many sentences and words before `start` as it had then."""
    if (sentences, raw_words) == (start.sentences, start.raw_words):
        return
    where = "epoch" if start.complete else f"first {start.jobs} jobs of an epoch"
    raise CorpusChangedError(
        f"the corpus is not that of the checkpoint: its {where} had {start.sentences} sentences of {start.raw_words} "
        f"words then, and has {sentences} of {raw_words} now; resume with the same corpus"
    )
