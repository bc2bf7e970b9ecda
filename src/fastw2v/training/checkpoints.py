"""Checkpoints: the state of a training in a file, from which the training can be resumed.

A checkpoint is a model file of the native format with an additional entry `training` in its metadata: the arguments of
`train`, the position between two jobs, and what was trained until then. The random state of the model in the file is
that of the position, so with one worker the resumed training draws what the uninterrupted one would have drawn. Under
an `Update`, the old values of anchored and frozen rows are in the file too. `Word2Vec.load` reads a checkpoint like any
other model file.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from fastw2v import formats
from fastw2v.common.files import check_writable
from fastw2v.common.validation import as_optional_int
from fastw2v.formats import model_state, native
from fastw2v.formats.model_state import ModelState
from fastw2v.training.barriers import Barrier, TrainingPosition
from fastw2v.training.progress import Tally
from fastw2v.training.update import UpdatedModel, UpdateState

Size = tuple[int, int]  # sentences, raw words
Model = TypeVar("Model", bound=UpdatedModel)

METADATA_KEY = "training"
OLD_VALUES = "old."  # prefix of the arrays that hold the old values of weights under an update


@dataclass(frozen=True)
class TrainingState:
    """One call of `train`, and how far it is.

    Attributes
    ----------
    total_examples, total_words : int or None
        As given to `train`.
    checkpoint_every : int or None
        Raw words from one checkpoint to the next; None: one at the end of each epoch.
    position : TrainingPosition
        Where to continue.
    corpus : (int, int) or None
        Sentences and raw words of the corpus, where that is known before the corpus is trained.
    trained_words, raw_words : int
        The effective and raw words of the epochs before that of the position.
    seconds : float
        Seconds spent on the training until then.
    callbacks : list of [str, object]
        The class name and the state of each callback that has a `state_dict`.
    update : UpdateState or None
        The state of the update that the training is under.
    """

    total_examples: int | None
    total_words: int | None
    checkpoint_every: int | None = None
    position: TrainingPosition = field(default_factory=TrainingPosition)
    corpus: Size | None = None
    trained_words: int = 0
    raw_words: int = 0
    seconds: float = 0.0
    callbacks: list[Any] = field(default_factory=list)
    update: UpdateState | None = None

    def after_epoch(self, tally: Tally) -> TrainingState:
        """Return the state with one more epoch counted."""
        return replace(
            self,
            trained_words=self.trained_words + tally.effective_words,
            raw_words=self.raw_words + tally.raw_words,
        )


def check_arguments(path: Any, every: Any) -> int | None:
    """Check the arguments `checkpoint` and `checkpoint_every` of `train` before anything is trained; return the latter.

    Raises
    ------
    ValueError, TypeError, OSError
        The message names the argument or the path.
    """
    if path is None:
        if every is not None:
            raise ValueError(
                f"checkpoint_every={every!r} needs checkpoint=path, the file that checkpoints go to"
            )
        return None
    if isinstance(every, bool):
        raise TypeError(
            f"checkpoint_every={every!r} must be an int, the raw words from one checkpoint to the next"
        )
    raw_words = as_optional_int("checkpoint_every", every, minimum=1)
    check_writable(path)
    return raw_words


def write(path: Any, model: ModelState, state: TrainingState) -> None:
    """Write a checkpoint atomically: the previous file stays intact until the new one is complete."""
    arrays, metadata = model_state.to_arrays(model)
    entry = asdict(replace(state, update=None))
    if state.update is not None:
        arrays = {**arrays, **{f"{OLD_VALUES}{name}": values for name, values in state.update.old.items()}}
        entry["update"] = asdict(replace(state.update, old={}))
    native.write(path, arrays, {**metadata, METADATA_KEY: entry})


def read(path: Any, make_model: Callable[[ModelState], Model]) -> tuple[Model, TrainingState]:
    """Return the model and the state of the training that a checkpoint holds.

    Parameters
    ----------
    path : str or path
    make_model : callable
        Called with the `ModelState` that the file holds; returns the model.

    Raises
    ------
    ValueError
        If the file is not a checkpoint, or is damaged.
    OSError
        If it cannot be read.
    """
    arrays, metadata = native.read(path)
    entry = metadata.get(METADATA_KEY)
    if entry is None:
        raise ValueError(
            f"{path} is no checkpoint: it holds no training to resume; read it with load(), and call train()"
        )
    old = {
        name.removeprefix(OLD_VALUES): arrays.pop(name)
        for name in list(arrays)
        if name.startswith(OLD_VALUES)
    }
    with formats.describe_damage(path):
        model = make_model(model_state.from_arrays(arrays, metadata))
        state = _state_from(entry, old)
        if state.update is not None:
            state.update.check(model)
        return model, state


def _state_from(entry: dict[str, Any], old: dict[str, Any]) -> TrainingState:
    """Return the state that a metadata entry describes; raise an error that names the field that is wrong."""
    tally = Tally(**entry["position"]["tally"])
    position = TrainingPosition(**{**entry["position"], "tally": tally})
    corpus = None
    if entry["corpus"] is not None:
        sentences, words = entry["corpus"]
        corpus = (sentences, words)
    update = None if entry.get("update") is None else UpdateState(**{**entry["update"], "old": old})
    state = TrainingState(**{**entry, "position": position, "corpus": corpus, "update": update})
    for name, value in _counts_in(state):
        if not isinstance(value, int) or value < 0:
            raise ValueError(f"field {name!r} is {value!r:.80}; expected an integer >= 0")
    for name in ("seconds", "total_examples", "total_words"):
        value = getattr(state, name)
        optional = name != "seconds"
        if not (optional and value is None) and not (isinstance(value, (int, float)) and value >= 0):
            raise ValueError(f"field {name!r} is {value!r:.80}; expected a number >= 0")
    if not isinstance(tally.loss, (int, float)):
        raise ValueError(f"field 'position.tally.loss' is {tally.loss!r:.80}; expected a number")
    Barrier(state.checkpoint_every, lambda position: None)  # checks the distance
    for name, _ in state.callbacks:
        if not isinstance(name, str):
            raise ValueError(f"field 'callbacks' holds the name {name!r:.80}; expected a string")
    return state


def _counts_in(state: TrainingState) -> Iterator[tuple[str, Any]]:
    for name in ("epoch", "jobs", "sentences", "raw_words"):
        yield f"position.{name}", getattr(state.position, name)
    for name in ("effective_words", "raw_words", "sentences", "examples"):
        yield f"position.tally.{name}", getattr(state.position.tally, name)
    for name in ("trained_words", "raw_words"):
        yield name, getattr(state, name)
    for value in state.corpus or ():
        yield "corpus", value


class CallbackStateError(TypeError):
    """The `state_dict` of a callback cannot be written to a file."""


def callback_states(callbacks: Sequence[Any]) -> list[Any]:
    """Return the class name and the state of each callback that has a `state_dict`.

    Raises
    ------
    CallbackStateError
        If a state is not what JSON can hold.
    """
    return [
        [type(callback).__name__, _checked_state(callback, callback.state_dict())]
        for callback in callbacks
        if hasattr(callback, "state_dict")
    ]


def check_callback_states(callbacks: Sequence[Any]) -> None:
    """Raise before the training what `callback_states` would raise after its first epoch."""
    for callback in callbacks:
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
    """Give each callback with a `load_state_dict` the first unused state of a callback of the same class."""
    unused = list(states)
    for callback in callbacks:
        if not hasattr(callback, "load_state_dict"):
            continue
        for state in unused:
            if state[0] == type(callback).__name__:
                unused.remove(state)
                callback.load_state_dict(state[1])
                break
