"""Adapters: how each library is called. Each module has two functions.

``versions() -> dict[str, str]``
    Return the versions of the library and of what it depends on.
``train(corpus, parameters) -> Trained``
    Train on a plain text with one sentence per line; the parameters have the names of gensim.

A module may also have ``ENVIRONMENT``, a mapping of environment variables that the process needs.

A library that accepts several kinds of corpus has one adapter for each. An adapter imports its library inside its
functions, so that a process imports only the library that it measures.
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
    """The result of an adapter: figures, and the vectors for the evaluation.

    Attributes
    ----------
    words : list of str
        The word of each row, most frequent first.
    vectors : float32 array (words, D)
    vocabulary_seconds : float or None
        Wall time of the constructor before the training starts; None if the library does not report it.
    training_seconds : float
        The remaining wall time of the constructor.
    epoch_seconds : list of float
        Wall time of each epoch.
    raw_words, effective_words : int
        Words of all epochs, before and after rare words are removed and frequent words are downsampled, as the
        library counts them; None if it does not report them.
    """

    words: list[str]
    vectors: NDArray[np.float32]
    vocabulary_seconds: float | None
    training_seconds: float
    raw_words: int
    effective_words: int | None
    epoch_seconds: list[float] = field(default_factory=list)


class Clock:
    """A training callback that measures when the training inside the constructor starts.

    Users call the constructor. Calling ``build_vocab`` and ``train`` separately could run different code.
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
    """Call a constructor with the signature of gensim and measure its time."""
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
    """Return the raw and the effective words of the last training, which only the event log of the model contains."""
    for event in reversed(lifecycle_events):
        found = _COUNTS.search(str(event.get("msg", "")))
        if found:
            return int(found[1]), int(found[2])
    raise RuntimeError("the model's lifecycle_events do not say how many words were trained")


def adapter(library: str) -> Any:
    """Return the adapter of a library, by its name on the command line."""
    return importlib.import_module(f"benchmarks.adapters.{ADAPTERS[library]}")
