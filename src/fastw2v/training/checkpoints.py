"""Checkpoints: a training on disk, whole, from which it goes on as if nothing had happened.

A checkpoint is a model file of the native format that says in addition how far the call of `train` was: its arguments,
the position between two jobs, what was trained until then. The random state of the model in it is that of the
position, so with one worker the rest of the training draws what it would have drawn. Where the training is under an
`Update`, the old values that it is held to are in the file too. `Word2Vec.load` takes it as a model like any other.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeVar

from fastw2v import formats
from fastw2v.common.files import check_writable
from fastw2v.formats import model_state, native
from fastw2v.formats.model_state import ModelState
from fastw2v.training.barriers import Pause, Position
from fastw2v.training.progress import Tally
from fastw2v.training.update import Held, run_of

if TYPE_CHECKING:
    from fastw2v.word2vec import Word2Vec

Model = TypeVar("Model", bound="Word2Vec")
Size = tuple[int, int]  # sentences, raw words

logger = logging.getLogger("gensim.models.word2vec")
KEY = "training"
OLD = "old."  # arrays of this prefix hold the old values of weights under an update


@dataclass(frozen=True)
class Run:
    """A call of `train`, and how far it is.

    Attributes
    ----------
    total_examples, total_words : int or None
        As given to `train`.
    checkpoint_every : int or None
        Raw words from one checkpoint to the next; None: one at the end of each epoch.
    position : Position
        Where to go on.
    corpus : (int, int) or None
        Sentences and raw words of the corpus, where it is known before it is trained.
    trained_words, raw_words : int
        Of the epochs before that of the position.
    seconds : float
        Spent until then.
    callbacks : list of [str, object]
        What callbacks with a `state_dict` want to be kept, with the names of their classes.
    update : Held or None
        What the call is under, if it is under an `Update`.
    """

    total_examples: int | None
    total_words: int | None
    checkpoint_every: int | None = None
    position: Position = field(default_factory=Position)
    corpus: Size | None = None
    trained_words: int = 0
    raw_words: int = 0
    seconds: float = 0.0
    callbacks: list[Any] = field(default_factory=list)
    update: Held | None = None


def check_arguments(path: Any, every: Any) -> None:
    """Refuse, before anything is trained, a checkpoint that could not be written.

    Raises
    ------
    ValueError, TypeError, OSError
        The message names the argument, or the path.
    """
    if path is None:
        if every is not None:
            raise ValueError(
                f"checkpoint_every={every!r} needs checkpoint=path, the file that checkpoints go to"
            )
        return
    if every is not None and (isinstance(every, bool) or not isinstance(every, Integral)):
        raise TypeError(
            f"checkpoint_every={every!r} must be an int, the raw words from one checkpoint to the next"
        )
    if every is not None and every < 1:
        raise ValueError(
            f"checkpoint_every={every} must be at least 1 raw word, or None for the ends of epochs"
        )
    check_writable(path)


class Checkpoints:
    """Writes the checkpoints of one call of `train`.

    Parameters
    ----------
    model : Word2Vec
    path : str or path
        The file, replaced each time.
    run : Run
        The call.
    callbacks : sequence
        Those of the call.

    Raises
    ------
    CallbackStateError
        If a callback wants to keep what a checkpoint cannot hold.
    """

    def __init__(self, model: Word2Vec, path: Any, run: Run, callbacks: Sequence[Any]) -> None:
        self.run = run
        self._model, self._path, self._callbacks = model, path, callbacks
        self._start = time.perf_counter()
        if path is not None:
            for callback in callbacks:
                _check_state_of(callback)

    @property
    def pauses(self) -> tuple[Pause, ...]:
        """When to write."""
        return () if self._path is None else (Pause(self.run.checkpoint_every, self.write),)

    @property
    def seconds(self) -> float:
        """Spent on the call so far, interruptions left out."""
        return self.run.seconds + time.perf_counter() - self._start

    def add_epoch(self, tally: Tally) -> None:
        """Count an epoch that is trained."""
        self.run = replace(
            self.run,
            trained_words=self.run.trained_words + tally.effective_words,
            raw_words=self.run.raw_words + tally.raw_words,
        )

    def write(self, position: Position) -> None:
        """Write a checkpoint; a disk or a state that does not let it is no reason to end the training."""
        try:
            update = run_of(self._model)
            run = replace(
                self.run,
                position=position,
                seconds=self.seconds,
                callbacks=_states_of(self._callbacks),
                update=None if update is None else update.held(),
            )
            write(self._path, self._model, run)
        except (OSError, CallbackStateError) as error:
            logger.error("no checkpoint could be written, training goes on: %s", error)


def write(path: Any, model: Word2Vec, run: Run) -> None:
    """Write a checkpoint, aside and then renamed, so that the last one stays whole whatever happens."""
    arrays, metadata = model_state.to_arrays(model._to_state())
    state = asdict(replace(run, update=None))
    if run.update is not None:
        arrays.update({f"{OLD}{name}": values for name, values in run.update.old.items()})
        metadata["settings"]["alpha"], metadata["settings"]["min_alpha"] = run.update.rates
        state["update"] = asdict(replace(run.update, old={}))
    native.write(path, arrays, {**metadata, KEY: state})


def read(build: Callable[[ModelState], Model], path: Any) -> tuple[Model, Run]:
    """Return the model and the call of `train` of a checkpoint; `build` makes the model from its state.

    Raises
    ------
    ValueError
        If the file is no checkpoint, or not a whole one.
    OSError
        If it cannot be read.
    """
    arrays, metadata = native.read(path)
    state = metadata.get(KEY)
    if state is None:
        raise ValueError(
            f"{path} is no checkpoint: it says nothing of a training to go on with; read it with load(), and call "
            "train()"
        )
    old = {name.removeprefix(OLD): arrays.pop(name) for name in list(arrays) if name.startswith(OLD)}
    with formats.describe_damage(path):
        model = build(model_state.from_arrays(arrays, metadata))
        run = _run_from(state, old)
        if run.update is not None:
            run.update.check(model)
        return model, run


def _run_from(state: dict[str, Any], old: dict[str, Any]) -> Run:
    """Return the call that a checkpoint describes; ValueError and the like if it lacks something or tells nonsense."""
    tally = Tally(**state["position"]["tally"])
    position = Position(**{**state["position"], "tally": tally})
    corpus = None
    if state["corpus"] is not None:
        sentences, words = state["corpus"]
        corpus = (sentences, words)
    update = None if state.get("update") is None else Held(**{**state["update"], "old": old})
    run = Run(**{**state, "position": position, "corpus": corpus, "update": update})
    counts = [
        *(position.epoch, position.jobs, position.sentences, position.raw_words),
        *(tally.effective_words, tally.raw_words, tally.sentences, tally.examples),
        *(run.trained_words, run.raw_words, *(corpus or ())),
    ]
    rest = [run.seconds, *(total for total in (run.total_examples, run.total_words) if total is not None)]
    for kind, numbers in ((int, counts), ((int, float), rest)):
        for number in numbers:
            if not (isinstance(number, kind) and number >= 0):
                raise ValueError(f"its place in the training holds {number!r:.80} for a number of at least 0")
    if not isinstance(tally.loss, (int, float)):
        raise ValueError(f"its loss is {tally.loss!r:.80}")
    Pause(run.checkpoint_every, lambda position: None)  # which refuses nonsense
    for name, _ in run.callbacks:
        if not isinstance(name, str):
            raise ValueError(f"it names a callback {name!r:.80}")
    return run


class CallbackStateError(TypeError):
    """What a callback's `state_dict` returned cannot go to a file."""


def _states_of(callbacks: Sequence[Any]) -> list[Any]:
    return [
        [type(callback).__name__, _checked_state(callback, callback.state_dict())]
        for callback in callbacks
        if hasattr(callback, "state_dict")
    ]


def _check_state_of(callback: Any) -> None:
    """Refuse before the training what would be refused after its first epoch."""
    if hasattr(callback, "state_dict"):
        state = None
        with contextlib.suppress(Exception):  # it may need its on_train_begin first, which has not run
            state = callback.state_dict()
        _checked_state(callback, state)


def _checked_state(callback: Any, state: Any) -> Any:
    try:
        json.dumps(state, default=native.plain_scalar)
    except (TypeError, ValueError, RecursionError) as error:
        raise CallbackStateError(
            f"{type(callback).__name__}.state_dict() returned what a checkpoint cannot hold: {error}; return numbers, "
            "strings, None, and lists and dictionaries of such"
        ) from None
    return state


def restore_callbacks(callbacks: Sequence[Any], states: Sequence[Any]) -> None:
    """Give back to callbacks, first to first, what those of the same class wanted to be kept."""
    left = list(states)
    for callback in callbacks:
        if not hasattr(callback, "load_state_dict"):
            continue
        for state in left:
            if state[0] == type(callback).__name__:
                left.remove(state)
                callback.load_state_dict(state[1])
                break
