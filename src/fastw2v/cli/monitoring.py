"""``fastw2v train --validation`` and ``--probe``: what the command shows of the model after each epoch.

The callbacks of the Python API do the work, `EarlyStopping` and `ProbeWords`, under their own names: a checkpoint of
the command can be resumed in Python with these callbacks, and the other way round. `EarlyStopping` serves without
``--patience`` and ``--keep-best`` too, so that a resumed training may add or leave them out and still has all losses.

The callbacks of this file stand around those two. `_Checks` comes first and reports what the user has to change about
the options. `_EpochLines` comes last, after the others have finished the epoch, and prints.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import Any

from fastw2v.callbacks import CallbackAny2Vec, EarlyStopping, ProbeWords
from fastw2v.cli import texts
from fastw2v.cli.files import STANDARD_STREAM
from fastw2v.cli.output import as_records
from fastw2v.cli.parser import UsageError
from fastw2v.common.files import is_same_file
from fastw2v.common.progress_bar import print_above
from fastw2v.corpora import FileSentences


class Monitoring:
    """The callbacks of one training, and what they have found.

    Parameters
    ----------
    options : argparse.Namespace
        Those of ``fastw2v train``.
    held_out : FileSentences or None
        The text of ``--validation``.
    """

    def __init__(self, options: argparse.Namespace, held_out: FileSentences | None) -> None:
        self._stopping = self._probe = None
        if held_out is not None:
            never = max(options.epochs, 1)  # as many epochs without improvement do not exist
            self._stopping = EarlyStopping(
                held_out, patience=options.patience or never, restore_best=options.keep_best
            )
        if options.probe:
            self._probe = ProbeWords(options.probe, topn=options.probe_topn, display=False)
        found = [callback for callback in (self._stopping, self._probe) if callback is not None]
        self.callbacks: list[CallbackAny2Vec] = [*found]
        if found:
            lines = [] if options.quiet else [_EpochLines(self._stopping, self._probe, options.keep_best)]
            self.callbacks = [_Checks(options, held_out), *found, *lines]

    def summary(self) -> dict[str, Any]:
        """Return the fields of the summary that ``--json`` prints; epochs are counted from 1."""
        summary: dict[str, Any] = {}
        if self._stopping is not None:
            best = self._stopping.best_epoch
            summary["validation_losses"] = self._stopping.losses
            summary["best_epoch"] = None if best is None else best + 1
        if self._probe is not None and self._probe.history:
            last = self._probe.history[max(self._probe.history)]
            summary["neighbours"] = {str(word): as_records(ranking) for word, ranking in last.items()}
        return summary


@contextlib.contextmanager
def monitoring(
    options: argparse.Namespace, held_out: list[str], is_first: bool = True
) -> Iterator[Monitoring]:
    """Yield the callbacks of a training, while the text of ``--validation`` is open.

    Parameters
    ----------
    options : argparse.Namespace
        Those of ``fastw2v train``.
    held_out : list of str
        The files that `check_options` returned.
    is_first : bool, default True
        Whether this process is the first or the only one, which alone reads the held-out text.
    """
    with contextlib.ExitStack() as stack:
        corpus = None
        if held_out and is_first:
            corpus = stack.enter_context(texts.open_texts(held_out, options.tokenizer, options.lower))
        yield Monitoring(options, corpus)


def check_options(options: argparse.Namespace, inputs: list[str]) -> list[str]:
    """Return the files of the text of ``--validation``.

    Raises
    ------
    UsageError
        If an option needs another one, or a file of the text is trained or would be overwritten.
    """
    if options.validation is None:
        for name in ("keep_best", "patience"):
            if getattr(options, name):
                raise UsageError(
                    f"--{name.replace('_', '-')} needs --validation FILE, a text that is not trained"
                )
        return []
    held_out = texts.find_files([options.validation])
    for path in held_out:
        if path in inputs or any(
            is_same_file(path, other) for other in inputs if STANDARD_STREAM not in (path, other)
        ):
            raise UsageError(
                f"--validation {path} is trained too, as INPUT; its loss says something only if it is not trained"
            )
        for name, other in (("OUTPUT", options.output), ("--checkpoint", options.checkpoint)):
            if other not in (None, STANDARD_STREAM) and path != STANDARD_STREAM and is_same_file(path, other):
                raise UsageError(
                    f"{name} {other} would overwrite --validation {path}; choose another file name"
                )
    return held_out


class _Checks(CallbackAny2Vec):
    """What must be right before the first epoch, with messages that name the options.

    Parameters
    ----------
    options : argparse.Namespace
        Those of ``fastw2v train``.
    held_out : FileSentences or None
        The text of ``--validation``.
    """

    def __init__(self, options: argparse.Namespace, held_out: FileSentences | None) -> None:
        self._options, self._held_out = options, held_out

    def on_train_begin(self, model: Any) -> None:
        """Check that the held-out text has an example and that a probe word is known.

        Raises
        ------
        UsageError
            If not.
        """
        known = model.wv.key_to_index
        if self._options.probe and not any(word in known for word in self._options.probe):
            raise UsageError(
                f"--probe {','.join(self._options.probe)}: none of these words is in the vocabulary of {len(known):,} "
                "words; name words that occur at least --min-count times"
            )
        if self._held_out is not None and not any(
            sum(word in known for word in sentence) >= 2 for sentence in self._held_out
        ):
            raise UsageError(
                f"--validation {self._options.validation}: no sentence has two words of the vocabulary; give text of "
                "the same kind as INPUT, one sentence a line"
            )


class _EpochLines(CallbackAny2Vec):
    """The lines on stderr after each epoch: losses, and the neighbours of the probe words.

    Parameters
    ----------
    stopping : EarlyStopping or None
    probe : ProbeWords or None
        They have run when this callback runs.
    keep_best : bool
        Whether `stopping` restores the best weights.
    """

    def __init__(self, stopping: EarlyStopping | None, probe: ProbeWords | None, keep_best: bool) -> None:
        self._stopping, self._probe, self._keep_best = stopping, probe, keep_best
        self._shown: Any = None  # the neighbours that were printed last

    def on_epoch_end(self, model: Any) -> None:
        """Print the losses of the epoch and the neighbours after it."""
        if self._stopping is not None:
            losses = self._stopping.losses
            epoch = f"epoch {len(losses)} of {model.epochs}"
            best = " (the lowest so far)" if self._stopping.best_epoch == len(losses) - 1 else ""
            trained = (
                f", training loss {model.loss_history[-1]:.4f}"
                if model.compute_loss and model.loss_history
                else ""
            )
            print_above(f"fastw2v: {epoch}: validation loss {losses[-1]:.4f}{best}{trained}")
        self._print_neighbours(model, "after")

    def on_train_end(self, model: Any) -> None:
        """Print which weights the model has, if they are not those of the last epoch."""
        stopping = self._stopping
        if stopping is None or stopping.best_epoch is None or not self._keep_best:
            return
        if stopping.best_epoch < len(stopping.losses) - 1:
            print_above(f"fastw2v: the model has the weights of epoch {stopping.best_epoch + 1}")
            self._print_neighbours(model, "with the best weights, at the end of")

    def _print_neighbours(self, model: Any, when: str) -> None:
        if self._probe is None or not self._probe.history:
            return
        last = max(self._probe.history)
        table = {str(word): list(ranking) for word, ranking in self._probe.history[last].items()}
        if table == self._shown:
            return
        self._shown = table
        for word, ranking in table.items():
            neighbours = ", ".join(f"{key} {score:.2f}" for key, score in ranking)
            print_above(
                f"fastw2v: neighbours of {word} {when} epoch {last + 1} of {model.epochs}: {neighbours}"
            )
