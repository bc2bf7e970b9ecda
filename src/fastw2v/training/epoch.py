"""One epoch of a training, as it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastw2v.training.barriers import Pause, Position
from fastw2v.training.progress import Reporter
from fastw2v.training.trainer import LearningRate


@dataclass(frozen=True)
class Epoch:
    """What an epoch goes by, whoever trains it.

    Attributes
    ----------
    start : Position
        Where to begin; what is before it was trained already.
    rate : LearningRate
        Of all epochs.
    reporter : Reporter
        Told how far it is.
    pauses : sequence of Pause
        What to do between jobs, while all workers rest.
    """

    start: Position
    rate: LearningRate
    reporter: Reporter
    pauses: Sequence[Pause]
