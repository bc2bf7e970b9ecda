"""The reports of a running training: tallies, gensim's log lines, and a progress bar."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fastw2v.common.logs import get_logger
from fastw2v.common.progress_bar import ProgressBar

logger = get_logger(__name__, "models.word2vec")

Counted = Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Tally:
    """The counts of what was trained in one epoch, so far or in total.

    Attributes
    ----------
    effective_words : int
        Tokens that were trained: those in the vocabulary that subsampling kept.
    raw_words, sentences : int
        Tokens and sentences that were read.
    examples : int
        Skip-gram pairs, or CBOW windows.
    loss : float
        The sum of the losses of all examples; 0 unless the loss is computed.
    """

    effective_words: int = 0
    raw_words: int = 0
    sentences: int = 0
    examples: int = 0
    loss: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.effective_words + other.effective_words,
            self.raw_words + other.raw_words,
            self.sentences + other.sentences,
            self.examples + other.examples,
            self.loss + other.loss,
        )

    @property
    def mean_loss(self) -> float:
        """The mean loss of an example."""
        return self.loss / self.examples if self.examples else 0.0


class ProgressReporter:
    """Log lines in gensim's wording, at most one every `report_delay` seconds, and a progress bar.

    Parameters
    ----------
    epochs : int
        The number of epochs of the training.
    total_examples, total_words : int or None
        The expected sentences and raw words of one epoch, as given to `train`.
    report_delay : float
        Seconds between two log lines of one epoch.
    bar : bool or None
        Whether to show a progress bar; see `ProgressBar`.
    """

    def __init__(
        self,
        *,
        epochs: int,
        total_examples: int | None,
        total_words: int | None,
        report_delay: float,
        bar: bool | None,
    ) -> None:
        self._epochs = epochs
        self._total_examples = total_examples
        self._total_words = total_words
        self._report_delay = report_delay
        self._counted: Counted = _count_all
        self._bar = ProgressBar(
            "training",
            total=(total_words or total_examples or 0) * epochs,
            unit=" words" if total_words else " sentences",
            show=bar,
            log=logger,
        )
        self._epoch = 0
        self._epoch_start = self._next_line = 0.0

    @property
    def is_observed(self) -> bool:
        """Whether reports within an epoch are shown anywhere."""
        return self._bar.is_wanted or logger.isEnabledFor(logging.INFO)

    def begin_epoch(self, epoch: int, counted: Counted | None = None) -> None:
        """Begin an epoch.

        Parameters
        ----------
        epoch : int
        counted : callable, optional
            Maps (sentences trained, raw words trained) to the numbers of those that count towards `total_examples` and
            `total_words`; by default all of them do. Replayed sentences do not count.
        """
        self._epoch = epoch
        self._counted = counted or _count_all
        self._epoch_start = time.perf_counter()
        self._next_line = self._epoch_start + 1.0

    def report(self, tally: Tally, alpha: float, jobs_waiting: int) -> None:
        """Report the progress of the epoch; a call takes little time, so it may be called often."""
        now = time.perf_counter()
        self._redraw(self._bar.move_to, tally, alpha)
        if now < self._next_line:
            return
        self._next_line = now + self._report_delay
        speed = tally.effective_words / max(now - self._epoch_start, 1e-9)
        share, unit = self._share_done(tally)
        logger.info(
            "EPOCH %i - PROGRESS: at %.2f%% %s, %.0f words/s, in_qsize %i, out_qsize %i",
            self._epoch, 100.0 * share, unit, speed, jobs_waiting, 0,
        )  # fmt: skip

    def end_epoch(self, tally: Tally, alpha: float, own: Tally) -> None:
        """Report a finished epoch; warn if the corpus did not have the size that `train` was given.

        Parameters
        ----------
        tally : Tally
            What was trained, by all members of a group.
        alpha : float
            The learning rate at the end of the epoch.
        own : Tally
            What this session has trained of it. The progress and `total_examples` or `total_words` count this.
        """
        self._redraw(self._bar.finish_at, replace(own, examples=tally.examples, loss=tally.loss), alpha)
        seconds = time.perf_counter() - self._epoch_start
        logger.info(
            "EPOCH %i: training on %i raw words (%i effective words) took %.1fs, %.0f effective words/s",
            self._epoch, tally.raw_words, tally.effective_words, seconds,
            tally.effective_words / max(seconds, 1e-9),
        )  # fmt: skip
        sentences, words = self._counted(own.sentences, own.raw_words)
        for what, expected, found in (
            ("example", self._total_examples, sentences),
            ("raw word", self._total_words, words),
        ):
            if expected and expected != found:
                logger.warning(
                    "EPOCH %i: supplied %s count (%i) did not equal expected count (%i)",
                    self._epoch, what, found, expected,
                )  # fmt: skip

    def close(self) -> None:
        """Close the progress bar."""
        self._bar.close()

    def _share_done(self, tally: Tally) -> tuple[float, str]:
        sentences, words = self._counted(tally.sentences, tally.raw_words)
        if self._total_examples:
            return sentences / self._total_examples, "examples"
        return words / (self._total_words or 1), "words"

    def _redraw(self, show: Callable[..., None], tally: Tally, alpha: float) -> None:
        if not self._bar.is_wanted:
            return
        sentences, words = self._counted(tally.sentences, tally.raw_words)
        done, per_epoch = (
            (words, self._total_words) if self._total_words else (sentences, self._total_examples or 0)
        )
        loss = {"loss": f"{tally.mean_loss:.4f}"} if tally.loss else {}
        show(
            self._epoch * (per_epoch or 0) + int(done),
            epoch=f"{self._epoch + 1}/{self._epochs}",
            alpha=f"{alpha:.5f}",
            **loss,
        )


def _count_all(sentences: Any, words: Any) -> tuple[Any, Any]:
    return sentences, words
