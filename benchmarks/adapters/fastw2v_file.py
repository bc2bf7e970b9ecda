"""fastw2v with ``corpus_file``."""

from __future__ import annotations

from typing import Any

from benchmarks.adapters import Trained, run_constructor


def versions() -> dict[str, str]:
    import fastw2v
    from fastw2v.engine import kernels

    return {"fastw2v": fastw2v.__version__, "instruction set": kernels.active_instruction_set()}


def train(corpus: str, parameters: dict[str, Any]) -> Trained:
    from fastw2v import Word2Vec

    return run_constructor(Word2Vec, {"corpus_file": corpus}, parameters)
