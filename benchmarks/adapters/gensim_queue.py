"""gensim with an iterable of sentences: one thread reads the sentences into a queue, and the workers train."""

from __future__ import annotations

from typing import Any

from benchmarks.adapters import Trained, run_constructor


def versions() -> dict[str, str]:
    import gensim

    return {"gensim": gensim.__version__}


def train(corpus: str, parameters: dict[str, Any]) -> Trained:
    from gensim.models.word2vec import LineSentence, Word2Vec

    return run_constructor(Word2Vec, {"sentences": LineSentence(corpus)}, parameters)
