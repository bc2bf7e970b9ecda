"""word2vec on CPUs, with gensim's interface and gensim's numbers, several times faster.

The public names are loaded when they are first used, so that ``import fastw2v`` takes little time. This module may
import everything.

Examples
--------
>>> import fastw2v
>>> sentences = [["the", "cat", "sat"], ["the", "dog", "sat"]]
>>> model = fastw2v.Word2Vec(sentences, vector_size=8, min_count=1, workers=1)
>>> model.wv["cat"].shape
(8,)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fastw2v.compat.moved_modules import install_finder

if TYPE_CHECKING:
    from fastw2v.alignment import mean_of_runs as mean_of_runs
    from fastw2v.callbacks import (
        CallbackAny2Vec as CallbackAny2Vec,
        EarlyStopping as EarlyStopping,
        ProbeWords as ProbeWords,
        StopTraining as StopTraining,
        ValidationLoss as ValidationLoss,
    )
    from fastw2v.compat.install import (
        install_as_gensim as install_as_gensim,
        uninstall_as_gensim as uninstall_as_gensim,
    )
    from fastw2v.corpora import (
        BrownCorpus as BrownCorpus,
        FileSentences as FileSentences,
        LineSentence as LineSentence,
        PathLineSentences as PathLineSentences,
        Text8Corpus as Text8Corpus,
    )
    from fastw2v.keyedvectors import (
        FastTextKeyedVectors as FastTextKeyedVectors,
        KeyedVectors as KeyedVectors,
    )
    from fastw2v.phrases import FrozenPhrases as FrozenPhrases, Phrases as Phrases
    from fastw2v.slices import train_slices as train_slices
    from fastw2v.training.replay_store import ReplayStore as ReplayStore
    from fastw2v.training.sigterm import (
        Terminated as Terminated,
        sigterm_as_interrupt as sigterm_as_interrupt,
    )
    from fastw2v.training.update import Update as Update
    from fastw2v.vocab import Vocab as Vocab
    from fastw2v.word2vec import Word2Vec as Word2Vec

    __version__: str

install_finder()  # for pickles and programs that name modules of version 0.1

# Public name -> module that defines it.
_MODULE_OF = {
    "BrownCorpus": "fastw2v.corpora",
    "CallbackAny2Vec": "fastw2v.callbacks",
    "EarlyStopping": "fastw2v.callbacks",
    "FastTextKeyedVectors": "fastw2v.keyedvectors",
    "FileSentences": "fastw2v.corpora",
    "FrozenPhrases": "fastw2v.phrases",
    "KeyedVectors": "fastw2v.keyedvectors",
    "LineSentence": "fastw2v.corpora",
    "PathLineSentences": "fastw2v.corpora",
    "Phrases": "fastw2v.phrases",
    "ProbeWords": "fastw2v.callbacks",
    "ReplayStore": "fastw2v.training.replay_store",
    "StopTraining": "fastw2v.callbacks",
    "Terminated": "fastw2v.training.sigterm",
    "Text8Corpus": "fastw2v.corpora",
    "Update": "fastw2v.training.update",
    "ValidationLoss": "fastw2v.callbacks",
    "Vocab": "fastw2v.vocab",
    "Word2Vec": "fastw2v.word2vec",
    "install_as_gensim": "fastw2v.compat.install",
    "mean_of_runs": "fastw2v.alignment",
    "sigterm_as_interrupt": "fastw2v.training.sigterm",
    "train_slices": "fastw2v.slices",
    "uninstall_as_gensim": "fastw2v.compat.install",
}
_SUBMODULES = {
    "alignment", "callbacks", "corpora", "keyedvectors", "matutils", "models", "phrases", "plotting", "scripts", "test",
    "utils", "vocab",
    "word2vec",
}  # fmt: skip

__all__ = ["__version__", "show_config", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> Any:
    value: Any
    if name == "__version__":
        value = _version()
    elif name in _MODULE_OF:
        value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    elif name in _SUBMODULES:
        value = importlib.import_module(f"fastw2v.{name}")
    else:
        raise AttributeError(f"module 'fastw2v' has no attribute {name!r}")
    globals()[name] = value
    return value


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("fastw2v")
    except PackageNotFoundError:  # a source tree on the path, not installed
        return "0+unknown"


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_SUBMODULES})


def show_config() -> dict[str, Any]:
    """Print and return what a bug report should contain: versions, instruction sets, numbers of cores.

    Returns
    -------
    dict of str to object

    Examples
    --------
    >>> import fastw2v
    >>> config = fastw2v.show_config()  # doctest: +ELLIPSIS
    fastw2v: ...
    >>> "numpy" in config
    True
    """
    import os
    import platform

    import numpy as np

    from fastw2v.common.cores import usable_cores
    from fastw2v.engine import kernels

    config = {
        "fastw2v": _version(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "usable cores": usable_cores(),
        "instruction sets": ", ".join(kernels.instruction_sets()),
        "in use": kernels.active_instruction_set(),
    }
    for name, value in config.items():
        print(f"{name}: {value}")
    return config
