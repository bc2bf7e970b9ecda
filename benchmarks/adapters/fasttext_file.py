"""fastText on a file, without character n-grams.

fastText is optional: install ``fasttext-numpy2`` or another package that provides the module ``fasttext``. It reports
neither the time for the vocabulary nor the number of effective words, so its words per second are raw words over the
whole run. It is not given a seed. Its noise distribution (square roots of the counts) and its treatment of line ends
differ from word2vec.
"""

from __future__ import annotations

import time
from importlib import metadata
from typing import Any

import numpy as np

from benchmarks.adapters import Trained

# fastText reads uninitialized memory, and the training mostly ends with "Encountered NaN" if the memory was used before
# (its issue 1278). This setting makes glibc fill new memory with zeros.
ENVIRONMENT = {"MALLOC_PERTURB_": "255"}


def versions() -> dict[str, str]:
    import fasttext

    return {"fastText": next(map(metadata.version, metadata.packages_distributions()[fasttext.__name__]))}


def train(corpus: str, parameters: dict[str, Any]) -> Trained:
    import fasttext

    begin = time.perf_counter()
    model = fasttext.train_unsupervised(
        corpus,
        model="skipgram" if parameters["sg"] else "cbow",
        loss="hs" if parameters["hs"] else "ns",
        dim=parameters["vector_size"],
        ws=parameters["window"],
        neg=parameters["negative"],
        minCount=parameters["min_count"],
        t=parameters["sample"],
        epoch=parameters["epochs"],
        thread=parameters["workers"],
        lr=parameters.get("alpha", 0.025),
        minn=0,
        maxn=0,
        bucket=1,
        verbose=0,
    )
    seconds = time.perf_counter() - begin
    words, counts = model.get_words(include_freq=True)
    kept = [i for i, word in enumerate(words) if word != "</s>"]
    raw_words = int(np.asarray(counts)[kept].sum()) * parameters["epochs"]
    return Trained(
        words=[words[i] for i in kept],
        vectors=np.ascontiguousarray(model.get_input_matrix()[kept], dtype=np.float32),
        vocabulary_seconds=None,
        training_seconds=seconds,
        raw_words=raw_words,
        effective_words=None,
    )


def installed() -> bool:
    """Return whether fastText is installed."""
    from importlib.util import find_spec

    return find_spec("fasttext") is not None
