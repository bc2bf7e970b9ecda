"""fastw2v with a list of lists of words, which is created before the time is measured."""

from __future__ import annotations

from typing import Any

from benchmarks.adapters import Trained, run_constructor
from benchmarks.adapters.fastw2v_file import versions as versions


def train(corpus: str, parameters: dict[str, Any]) -> Trained:
    from fastw2v import LineSentence, Word2Vec

    return run_constructor(Word2Vec, {"sentences": list(LineSentence(corpus))}, parameters)
