"""The settings of a model that determine its objective, and their checks."""

from __future__ import annotations

from typing import Any, Protocol

from fastw2v.common.validation import as_choice
from fastw2v.formats.settings import (
    CBOW_UPDATES,
    CORRECTED,
    NEGATIVE_SAMPLING,
    OBJECTIVES,
    SAMPLED_SOFTMAX,
    WORD2VEC,
)

__all__ = ["CORRECTED", "NEGATIVE_SAMPLING", "OBJECTIVES", "SAMPLED_SOFTMAX", "WORD2VEC", "check_objective"]


class ObjectiveSettings(Protocol):
    """The settings on which the objective depends."""

    objective: Any
    tied_weights: bool
    logq_correction: bool
    negative: int
    hs: int
    shared_negatives: bool
    cbow_update: Any


def check_objective(settings: ObjectiveSettings) -> None:
    """Raise a ValueError if the settings of the objective are unknown or contradict one another."""
    as_choice("cbow_update", settings.cbow_update, CBOW_UPDATES)
    objective = settings.objective
    if objective not in OBJECTIVES:
        raise ValueError(f"objective={objective!r:.80} must be one of {', '.join(map(repr, OBJECTIVES))}")
    if objective == NEGATIVE_SAMPLING:
        for name in ("tied_weights", "logq_correction"):
            if getattr(settings, name):
                raise ValueError(f"{name}=True needs objective={SAMPLED_SOFTMAX!r}")
        return
    if not settings.negative:
        raise ValueError(f"objective={SAMPLED_SOFTMAX!r} needs negative=1 or more words to draw; 16 is usual")
    if settings.hs:
        raise ValueError(
            f"objective={SAMPLED_SOFTMAX!r} cannot be trained beside hierarchical softmax; set hs=0"
        )
    if settings.shared_negatives:
        raise ValueError(f"objective={SAMPLED_SOFTMAX!r} needs shared_negatives=False")
