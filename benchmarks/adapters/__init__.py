"""One file a library, each with two functions.

``versions() -> dict[str, str]``
    What was measured, by name.
``train(corpus, parameters) -> Trained``
    Run the library's constructor on a plain text of one sentence a line, with gensim's parameter names.

and, if its process needs any, ``ENVIRONMENT``, a mapping of variables to set.

A library that reads text in several ways has one adapter each. An adapter imports its library inside its
functions, so that a process holds the library that it measures and no other.
"""

from __future__ import annotations

import importlib
import re
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

ADAPTERS = {
    "fastw2v": "fastw2v_file",
    "fastw2v-list": "fastw2v_list",
    "gensim": "gensim_queue",
    "gensim-file": "gensim_file",
    "gensim-list": "gensim_list",
    "fasttext": "fasttext_file",
}

_COUNTS = re.compile(r"training on (\d+) raw words \((\d+) effective words\)")


@dataclass
class Trained:
    """What an adapter hands back: figures, and the vectors for their evaluation.

    Attributes
    ----------
    words : list of str
        The word of each row, most frequent first.
    vectors : float32 array (words, D)
    vocabulary_seconds : float or None
        The first part of the constructor's wall time; None where a library does not tell it.
    training_seconds : float
        The rest.
    epoch_seconds : list of float
        Wall time of each epoch.
    raw_words, effective_words : int
        Words that were trained over all epochs, before and after the rare and the subsampled ones were left
        out, as the library itself counts them; None where it does not tell.
    """

    words: list[str]
    vectors: NDArray[np.float32]
    vocabulary_seconds: float | None
    training_seconds: float
    raw_words: int
    effective_words: int | None
    epoch_seconds: list[float] = field(default_factory=list)


class Clock:
    """A training callback that splits the constructor's time where training begins.

    Calling ``build_vocab`` and ``train`` apart would tell the same, but might take another way through the
    library than the constructor, which is what users call.
    """

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.training_start = self.start
        self.epoch_start = self.start
        self.epoch_seconds: list[float] = []

    def on_train_begin(self, model: Any) -> None:
        self.training_start = time.perf_counter()

    def on_epoch_begin(self, model: Any) -> None:
        self.epoch_start = time.perf_counter()

    def on_epoch_end(self, model: Any) -> None:
        self.epoch_seconds.append(time.perf_counter() - self.epoch_start)

    def on_train_end(self, model: Any) -> None:
        pass


def run_constructor(model_class: Any, corpus: dict[str, Any], parameters: dict[str, Any]) -> Trained:
    """Time a constructor with gensim's signature from before its call until after it."""
    clock = Clock()
    model = model_class(**corpus, **parameters, callbacks=[clock])
    end = time.perf_counter()
    raw_words, effective_words = trained_words(model.lifecycle_events)
    return Trained(
        words=list(model.wv.index_to_key),
        vectors=model.wv.vectors,
        vocabulary_seconds=clock.training_start - clock.start,
        training_seconds=end - clock.training_start,
        raw_words=raw_words,
        effective_words=effective_words,
        epoch_seconds=clock.epoch_seconds,
    )


def trained_words(lifecycle_events: list[dict[str, Any]]) -> tuple[int, int]:
    """Return (raw, effective) words of the last training; the constructor tells them nowhere else."""
    for event in reversed(lifecycle_events):
        found = _COUNTS.search(str(event.get("msg", "")))
        if found:
            return int(found[1]), int(found[2])
    raise RuntimeError("the model's lifecycle_events do not say how many words were trained")


def adapter(library: str) -> Any:
    """Return the module of a library, named as on the command line."""
    return importlib.import_module(f"benchmarks.adapters.{ADAPTERS[library]}")
