"""Checkpoints: the state of a training in a file, from which the training can be resumed.

A checkpoint is a model file of the native format with an additional entry `training` in its metadata: the arguments of
`train`, the position between two jobs, and the counts of what was trained before it. The random state of the model in
the file is that of the position, so with one worker the resumed training makes the same draws as the uninterrupted one.
With an `Update`, the old values of anchored and frozen rows are in the file too. `Word2Vec.load` reads a checkpoint
like any other model file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastw2v import formats
from fastw2v.common.files import check_writable
from fastw2v.common.validation import as_optional_int
from fastw2v.formats import model_state, native
from fastw2v.formats.model_state import ModelState
from fastw2v.formats.settings import INT31, MAX_COUNT, check_fields, integer, number, unexpected
from fastw2v.text.corpus import check_not_read
from fastw2v.training.barriers import TrainingPosition
from fastw2v.training.progress import Tally
from fastw2v.training.update import UpdatedModel, UpdateState

Size = tuple[int, int]  # sentences, raw words
Arrays = dict[str, NDArray[Any]]
Model = TypeVar("Model", bound=UpdatedModel)

METADATA_KEY = "training"
OLD_VALUES = "old."  # prefix of the arrays that hold the old values of weights under an update
CALLBACK = "callback."  # prefix of the arrays of callbacks, before the index in `callbacks` and a name


@dataclass(frozen=True)
class TrainingState:
    """One call of `train`, and its progress.

    Attributes
    ----------
    total_examples, total_words : int or None
        As given to `train`.
    checkpoint_every : int or None
        Raw words from one checkpoint to the next; None: one at the end of each epoch.
    position : TrainingPosition
        Where to continue.
    corpus : (int, int) or None
        Sentences and raw words of the corpus, if they are known before the corpus is trained.
    trained_words, raw_words : int
        The effective and raw words of the epochs before that of the position.
    seconds : float
        Seconds spent on the training before the position.
    callbacks : list of [str, object]
        The class name and the state of each callback that has a `state_dict`.
    callback_arrays : list of dict of str to ndarray
        For each element of `callbacks`, the result of its `state_arrays`; empty without that method.
    update : UpdateState or None
        The state of the update, if the training has one.
    sample_weight : int or None
        The checksum of the weights of the sentences; None: there are none.
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
    callback_arrays: list[Arrays] = field(default_factory=list)
    update: UpdateState | None = None
    sample_weight: int | None = None

    def after_epoch(self, tally: Tally) -> TrainingState:
        """Return the state after one more epoch."""
        return replace(
            self,
            trained_words=self.trained_words + tally.effective_words,
            raw_words=self.raw_words + tally.raw_words,
        )

    def of_text(self, size: Size) -> TrainingState:
        """Return this state at the end of an epoch for another part of the text, which has this size.

        A group stores the state for its whole text, and each member continues with that of its part. Groups write no
        checkpoints within an epoch.
        """
        sentences, raw_words = size
        position = replace(self.position, jobs=0, sentences=sentences, raw_words=raw_words)
        return replace(
            self,
            total_examples=max(1, sentences),
            total_words=None,
            checkpoint_every=None,
            position=position,
            corpus=size,
        )


def check_arguments(path: Any, every: Any, corpora: Iterable[Any]) -> int | None:
    """Check the arguments `checkpoint` and `checkpoint_every` of `train` before anything is trained; return the latter.

    Parameters
    ----------
    path, every : object
        The arguments.
    corpora : iterable
        The corpora that the training reads, of which `path` must not be a file; None means no corpus.

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
    for corpus in corpora:
        check_not_read("checkpoint", path, corpus)
    check_writable(path)
    return raw_words


def check_model(model: ModelState) -> None:
    """Raise, before the training, the errors that `write` would raise for settings that a file cannot hold."""
    model_state.to_arrays(model)


def write(path: Any, model: ModelState, state: TrainingState) -> None:
    """Write a checkpoint atomically: the previous file stays intact until the new one is complete."""
    arrays, metadata = model_state.to_arrays(model)
    entry = asdict(replace(state, update=None, callback_arrays=[]))
    del entry["callback_arrays"]
    for place, of_callback in enumerate(state.callback_arrays):
        arrays = {**arrays, **{f"{CALLBACK}{place}.{name}": array for name, array in of_callback.items()}}
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
    of_callbacks = {
        name.removeprefix(CALLBACK): arrays.pop(name) for name in list(arrays) if name.startswith(CALLBACK)
    }
    with formats.describe_damage(path):
        model = make_model(model_state.from_arrays(arrays, metadata))
        state = _state_from(entry, old, of_callbacks)
        if state.update is not None:
            state.update.check(model)
        return model, state


_COUNT = integer(0, MAX_COUNT)
_POSITION = {"epoch": integer(0, INT31), **dict.fromkeys(("jobs", "sentences", "raw_words"), _COUNT)}
_TALLY = dict.fromkeys(("effective_words", "raw_words", "sentences", "examples"), _COUNT)
_STATE = {
    **dict.fromkeys(("total_examples", "total_words"), number(0, optional=True)),
    "checkpoint_every": integer(1, MAX_COUNT, optional=True),
    **dict.fromkeys(("trained_words", "raw_words"), _COUNT),
    "seconds": number(0),
    "sample_weight": integer(0, 2**32 - 1, optional=True),
}


def _state_from(entry: Any, old: dict[str, Any], of_callbacks: Arrays) -> TrainingState:
    """Return the state that a metadata entry describes; raise a ValueError that names an invalid field."""
    entry = check_fields(entry, _STATE, METADATA_KEY)
    position = check_fields(entry["position"], _POSITION, "position")
    tally = check_fields(position["tally"], _TALLY, "position.tally")
    if not isinstance(tally["loss"], (int, float)):
        raise unexpected("position.tally.loss", tally["loss"], "a number")
    if not isinstance(position["complete"], bool):
        raise unexpected("position.complete", position["complete"], "true or false")
    corpus, callbacks, update = entry["corpus"], entry["callbacks"], entry.get("update")
    if corpus is not None:
        if not isinstance(corpus, list) or len(corpus) != 2:
            raise unexpected("corpus", corpus, "two integers, or None")
        corpus = _COUNT("corpus", corpus[0]), _COUNT("corpus", corpus[1])
    if not isinstance(callbacks, list) or not all(
        isinstance(state, list) and len(state) == 2 and isinstance(state[0], str) for state in callbacks
    ):
        raise unexpected("callbacks", callbacks, "a list of names with states")
    callback_arrays: list[Arrays] = [{} for _ in callbacks]
    for name, array in of_callbacks.items():
        place, _, own_name = name.partition(".")
        if not place.isdecimal() or int(place) >= len(callbacks):
            raise ValueError(
                f"array '{CALLBACK}{name}' belongs to none of the {len(callbacks)} callbacks of the file"
            )
        callback_arrays[int(place)][own_name] = array
    values = {
        **entry,
        "callback_arrays": callback_arrays,
        "position": TrainingPosition(**{**position, "tally": Tally(**tally)}),
        "corpus": corpus,
        "update": None if update is None else UpdateState.from_entry(update, old),
    }
    return TrainingState(**values)


class CallbackStateError(TypeError):
    """The `state_dict` of a callback cannot be written to a file."""


def callback_states(callbacks: Sequence[Any]) -> list[Any]:
    """Return the class name and the state of each callback that has a `state_dict`.

    Raises
    ------
    CallbackStateError
        If a state cannot be written as JSON.
    """
    return [
        [type(callback).__name__, _checked_state(callback, callback.state_dict())]
        for callback in callbacks
        if hasattr(callback, "state_dict")
    ]


def callback_arrays(callbacks: Sequence[Any]) -> list[Arrays]:
    """Return the result of `state_arrays` of each callback that has a `state_dict`.

    Raises
    ------
    CallbackStateError
        If the result is not a mapping of names to arrays of numbers.
    """
    found: list[Arrays] = []
    for callback in callbacks:
        if not hasattr(callback, "state_dict"):
            continue
        arrays = callback.state_arrays() if hasattr(callback, "state_arrays") else {}
        if not isinstance(arrays, dict) or not all(
            isinstance(name, str) and isinstance(array, np.ndarray) and array.dtype.kind in "biuf"
            for name, array in arrays.items()
        ):
            raise CallbackStateError(
                f"{type(callback).__name__}.state_arrays() returned {arrays!r:.80}, which a checkpoint cannot hold; "
                "return a dictionary of names to NumPy arrays of numbers"
            )
        found.append({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    return found


def check_callback_states(callbacks: Sequence[Any]) -> None:
    """Raise the errors that `callback_states` would raise after the first epoch, before the training."""
    for callback in callbacks:
        if hasattr(callback, "state_dict"):
            state = None
            with contextlib.suppress(Exception):  # it may require on_train_begin, which has not run
                state = callback.state_dict()
            _checked_state(callback, state)


def _checked_state(callback: Any, state: Any) -> Any:
    try:
        native.json_text(state)
    except (TypeError, ValueError, RecursionError) as error:
        raise CallbackStateError(
            f"{type(callback).__name__}.state_dict() returned what a checkpoint cannot hold: {error}; return numbers, "
            "strings, None, and lists and dictionaries of such"
        ) from None
    return state


def restore_callbacks(callbacks: Sequence[Any], state: TrainingState) -> None:
    """Give each callback with a `load_state_dict` the first unused state of a callback of the same class.

    Then call its `load_state_arrays` with the arrays, if it has that method.
    """
    arrays = state.callback_arrays or [{} for _ in state.callbacks]
    unused = list(zip(state.callbacks, arrays, strict=True))
    for callback in callbacks:
        if not hasattr(callback, "load_state_dict"):
            continue
        for place, ((name, values), of_callback) in enumerate(unused):
            if name == type(callback).__name__:
                del unused[place]
                callback.load_state_dict(values)
                if hasattr(callback, "load_state_arrays"):
                    callback.load_state_arrays(of_callback)
                break
