"""fastText on a file, with word vectors alone: no n-grams of characters.

Its wheels are optional (``fasttext-numpy2`` or another that provides the module ``fasttext``). It tells neither how
long its vocabulary takes nor how many words it keeps in training, so that words a second are raw words over the whole
run. It takes no seed here; its noise distribution (square roots of counts) and its treatment of the ends of lines are
its own.
"""

from __future__ import annotations

import time
from importlib import metadata
from typing import Any

import numpy as np

from benchmarks.adapters import Trained

# Where the process has used memory before, training mostly ends with "Encountered NaN" (fastText's issue 1278): it
# reads some that it has not written. With this, glibc hands out zeros.
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
    """Whether there is a fastText to measure."""
    from importlib.util import find_spec

    return find_spec("fasttext") is not None
