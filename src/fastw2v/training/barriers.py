"""Barriers: points between two jobs at which no worker holds a job, so that a model can be read or changed safely.

Jobs are handed out in order. At a barrier, the calling thread waits until every job that was handed out is done, runs
an action (such as writing a checkpoint, or pulling rows towards an anchor), and then continues. A barrier is due at the
first job boundary at or after each multiple of `every_words` raw words of the epoch, and at the end of each epoch. The
position of a barrier depends only on the corpus, so a training that is resumed at one of them has the remaining
barriers at the same positions as the uninterrupted training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fastw2v.training.progress import Tally

NEVER = 1 << 62  # raw words


@dataclass(frozen=True)
class TrainingPosition:
    """The progress of a training, at a boundary between two jobs.

    Attributes
    ----------
    epoch : int
        The number of the epoch, from 0.
    jobs, sentences, raw_words : int
        Numbers of jobs, sentences and raw words that were handed out since the beginning of the epoch.
    complete : bool
        Whether the epoch has ended.
    tally : Tally
        The counts of what the epoch has trained so far.
    """

    epoch: int = 0
    jobs: int = 0
    sentences: int = 0
    raw_words: int = 0
    complete: bool = False
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Barrier:
    """An action that the calling thread runs at regular intervals of the text, while no worker trains.

    Attributes
    ----------
    every_words : int or None
        Raw words from one barrier to the next; None: only at the end of each epoch.
    action : callable
        Called with the `TrainingPosition`. An exception ends the training and reaches the caller of `train`.
    job_words : int or None
        The largest size of a job with which the barriers can be this frequent; None: any.
    """

    every_words: int | None
    action: Callable[[TrainingPosition], None]
    job_words: int | None = None

    def __post_init__(self) -> None:
        if self.every_words is not None and not self.every_words >= 1:
            raise ValueError(
                f"every_words={self.every_words!r} must be at least 1, or None for epoch ends only"
            )


class BarrierSchedule:
    """The barriers of one epoch; actions that are due at the same position run in the order of `barriers`.

    Parameters
    ----------
    barriers : sequence of Barrier
    start : TrainingPosition
        Where the training of the epoch begins; earlier barriers are no longer due.
    """

    def __init__(self, barriers: Sequence[Barrier], start: TrainingPosition) -> None:
        self._barriers = barriers
        self._next_words = [_next_multiple(start.raw_words, barrier.every_words) for barrier in barriers]

    @property
    def next_words(self) -> int:
        """The number of raw words of the epoch at which the next barrier is due."""
        return min(self._next_words, default=NEVER)

    def run(self, position: TrainingPosition) -> None:
        """Run the actions that are due at `position`; at the end of an epoch, all actions are due."""
        for i, barrier in enumerate(self._barriers):
            if position.complete or position.raw_words >= self._next_words[i]:
                self._next_words[i] = _next_multiple(position.raw_words, barrier.every_words)
                barrier.action(position)


def _next_multiple(words: int, every: int | None) -> int:
    """Return the first multiple of `every` above `words`."""
    return NEVER if every is None else (words // every + 1) * every


class CorpusChangedError(ValueError):
    """The corpus is not the one for which the checkpoint was written."""


def check_same_size(
    expected: tuple[int, ...] | None, found: tuple[int, ...] | None, what: str = "corpus"
) -> None:
    """Raise `CorpusChangedError` unless a text has as many sentences and raw words as at the checkpoint.

    Sizes that are not known (None) are not compared.
    """
    if expected is not None and found is not None and expected != found:
        raise CorpusChangedError(
            f"the {what} is not that of the checkpoint: it had {expected[0]} sentences of {expected[1]} words, and now "
            f"has {found[0]} of {found[1]}; resume with the same {what}"
        )


def check_same_position(start: TrainingPosition, sentences: int, raw_words: int) -> None:
    """Raise `CorpusChangedError` if the numbers of sentences and raw words before `start` are not those of `start`."""
    if (sentences, raw_words) == (start.sentences, start.raw_words):
        return
    where = "epoch" if start.complete else f"first {start.jobs} jobs of an epoch"
    raise CorpusChangedError(
        f"the corpus is not that of the checkpoint: its {where} had {start.sentences} sentences of {start.raw_words} "
        f"words, and now has {sentences} of {raw_words}; resume with the same corpus"
    )
