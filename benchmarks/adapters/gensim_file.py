"""gensim with ``corpus_file``: each worker reads its part of the file.

With several workers, gensim does not train every word exactly once, so its raw words differ from those of the corpus.
"""

from __future__ import annotations

from typing import Any

from benchmarks.adapters import Trained, run_constructor
from benchmarks.adapters.gensim_queue import versions as versions


def train(corpus: str, parameters: dict[str, Any]) -> Trained:
    from gensim.models.word2vec import Word2Vec

    return run_constructor(Word2Vec, {"corpus_file": corpus}, parameters)
