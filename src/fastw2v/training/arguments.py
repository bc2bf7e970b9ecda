"""The arguments of one call of `Word2Vec.train` or `Word2Vec.resume`, in groups.

* `TrainingText`: the sentences, and their ids if the vocabulary scan has encoded them.
* `Schedule`: the epochs, the size of an epoch, and the learning rates.
* `Reports`: callbacks, log lines, the progress bar, and whether the loss is computed.
* `CheckpointFile`: where checkpoints go, and how often.

The constructor of each class checks its values. `TrainingSession.begin` and `resume` check those that need the model or
other arguments for this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastw2v.common.progress_bar import as_progress
from fastw2v.common.validation import (
    as_callbacks,
    as_flag,
    as_float,
    as_int,
    as_optional_float,
    as_optional_int,
)
from fastw2v.text.encoded_corpus import EncodedCorpus

__all__ = ["CheckpointFile", "Reports", "Schedule", "TrainingText"]


@dataclass(kw_only=True)
class TrainingText:
    """The text that a call of `train` gives.

    Parameters
    ----------
    corpus_iterable, corpus_file, sample_weight
        As in `Word2Vec.train`.
    scanned : EncodedCorpus, optional
        The text as ids, if the vocabulary scan has already encoded it.
    n_scanned : int, default 0
        Sentences of the text, if the constructor has built the vocabulary from it; otherwise 0.
    """

    corpus_iterable: Any = None
    corpus_file: Any = None
    sample_weight: Any = None
    scanned: EncodedCorpus | None = None
    n_scanned: int = 0


@dataclass(kw_only=True)
class Schedule:
    """How long a training is, and its learning rates.

    Parameters
    ----------
    epochs, total_examples, total_words, start_alpha, end_alpha
        As in `Word2Vec.train`. The model's method `_check_training_sanity`, which subclasses may override, checks the
        first three.

    Raises
    ------
    TypeError, ValueError
        If a rate is not a number of at least 0.
    """

    epochs: int | None
    total_examples: int | None = None
    total_words: int | None = None
    start_alpha: float | None = None
    end_alpha: float | None = None

    def __post_init__(self) -> None:
        self.start_alpha = as_optional_float("start_alpha", self.start_alpha, minimum=0)
        self.end_alpha = as_optional_float("end_alpha", self.end_alpha, minimum=0)

    def integers(self) -> tuple[int, int | None, int | None]:
        """Return the epochs and the two totals as Python integers, after the model has checked them."""
        return (
            as_int("epochs", self.epochs),
            as_optional_int("total_examples", self.total_examples),
            as_optional_int("total_words", self.total_words),
        )


@dataclass(kw_only=True)
class Reports:
    """The recipients of reports about a training.

    Parameters
    ----------
    callbacks, report_delay, progress, compute_loss
        As in `Word2Vec.train`.

    Raises
    ------
    TypeError, ValueError
        The message names the argument.
    """

    callbacks: Any = ()
    report_delay: float = 1.0
    progress: bool | None = None
    compute_loss: bool | None = None

    def __post_init__(self) -> None:
        self.report_delay = as_float("report_delay", self.report_delay, minimum=0)
        self.progress = as_progress("progress", self.progress)
        if self.compute_loss is not None:
            self.compute_loss = as_flag("compute_loss", self.compute_loss)
        self.callbacks = as_callbacks(self.callbacks)


@dataclass(frozen=True)
class CheckpointFile:
    """Where the checkpoints of a training go; `checkpoints.check_arguments` checks the values.

    Parameters
    ----------
    path : str or path, optional
        The file; None: no checkpoints are written.
    every : int, optional
        Raw words from one checkpoint to the next; None: one at the end of each epoch.
    """

    path: Any = None
    every: int | None = None
