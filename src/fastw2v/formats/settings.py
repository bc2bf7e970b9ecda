"""The settings of a model: their names, and the values that each of them may have.

Files and pickles hold settings as plain values, which anybody may have written. `checked_settings` is called before a
model is saved, copied or pickled and before one is made of a file or a pickle, so that a file that was written can be
read, and training meets no value that it does not expect.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastw2v.common.logs import get_logger
from fastw2v.common.windows import as_window, as_window_weights
from fastw2v.vocabulary.subsampling import as_sample

logger = get_logger(__name__, "models.word2vec")

MAX_WIDTH = 1 << 24  # components of a vector, as in the word2vec format
MAX_COUNT = (1 << 62) - 1  # of words and sentences, so that two of them can be added

NEGATIVE_SAMPLING = "negative_sampling"
SAMPLED_SOFTMAX = "sampled_softmax"
OBJECTIVES = (NEGATIVE_SAMPLING, SAMPLED_SOFTMAX)
WORD2VEC = "word2vec"
CORRECTED = "corrected"
CBOW_UPDATES = (WORD2VEC, CORRECTED)

INT31 = (1 << 31) - 1
MAX_TEXTS = 10_000  # that a model remembers
_UINT32 = (1 << 32) - 1
_LARGEST = 1e300  # of the numbers that count as finite, so that a small multiple of one is finite too

SAVED_PARTS = ("__numpys", "__scipys", "__ignoreds", "__recursive_saveloads")
"""Attributes that gensim's ``save`` gives an object: lists of the names of attributes that it stored in another form.

An object that was loaded from such a file has them, as in gensim. No file of ours holds them.
"""

Check = Callable[[str, Any], Any]
"""Returns the value of the setting of a name in the form that files have, or raises a ValueError."""


def integer(low: int, high: int, optional: bool = False) -> Check:
    """Return the check of an integer from `low` to `high`; with `optional`, None is one too."""

    def check(name: str, value: Any) -> Any:
        if value is None and optional:
            return None
        if not isinstance(value, (int, float)) or not low <= value <= high or value != int(value):
            raise unexpected(name, value, f"an integer from {low} to {high}{' or None' * optional}")
        return int(value) if isinstance(value, float) else value

    return check


def number(low: float = -math.inf, optional: bool = False) -> Check:
    """Return the check of a finite number of at least `low`; with `optional`, None is one too."""

    def check(name: str, value: Any) -> Any:
        if value is None and optional:
            return None
        if not isinstance(value, (int, float)) or not max(low, -_LARGEST) <= value <= _LARGEST:
            least = "" if low == -math.inf else f" of at least {low}"
            raise unexpected(name, value, f"a finite number{least}{' or None' * optional}")
        return value

    return check


def _switch(name: str, value: Any) -> Any:
    """Check a value of which only the truth matters; gensim accepts any number here."""
    if value is not None and not (isinstance(value, (int, float)) and -INT31 <= value <= INT31):
        raise unexpected(name, value, "0 or 1")
    return value


def _losses(name: str, value: Any) -> Any:
    losses = [] if value is None else value
    if not isinstance(losses, list) or not all(isinstance(loss, (int, float)) for loss in losses):
        raise unexpected(name, value, "a list of numbers")
    return losses


def _loss(name: str, value: Any) -> Any:
    if not isinstance(value, (int, float)):
        raise unexpected(name, value, "a number")
    return value


def _seed(name: str, value: Any) -> Any:
    if value is not None and not (isinstance(value, int) and 0 <= value <= _UINT32):
        raise unexpected(name, value, f"an integer from 0 to {_UINT32}, or None")
    return value


def _share(name: str, value: Any) -> Any:
    if not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise unexpected(name, value, "a number from 0 to 1")
    return value


def _one_of(*choices: str) -> Check:
    """Return the check of a value that is one of some strings."""

    def check(name: str, value: Any) -> Any:
        if value not in choices:
            raise unexpected(name, value, " or ".join(map(repr, choices)))
        return value

    return check


def _window(name: str, value: Any) -> Any:
    """Check a window: 0 in the settings of gensim's vectors, a number of words, or a pair of numbers."""
    if isinstance(value, (list, tuple)):
        try:
            return as_window(name, value)
        except (TypeError, ValueError):
            raise unexpected(name, value, "a number of words, or a pair of them") from None
    return integer(0, INT31)(name, value)


def _final_window(name: str, value: Any) -> Any:
    return None if value is None else _window(name, value)


def _window_weights(name: str, value: Any) -> Any:
    try:
        return as_window_weights(name, value)
    except (TypeError, ValueError):
        raise unexpected(
            name, value, "the name of window weights, numbers, or a pair of lists of numbers"
        ) from None


def _sample(name: str, value: Any) -> Any:
    if isinstance(value, str):
        try:
            return as_sample(name, value)
        except ValueError:
            raise unexpected(name, value, "a number, None, or a percentile such as 99%") from None
    return number(0, optional=True)(name, value)


def _events(name: str, value: Any) -> Any:
    if value is None or (isinstance(value, list) and all(isinstance(event, dict) for event in value)):
        return value
    raise unexpected(name, value, "a list of dicts, or None to record no events")


def _optional_text(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise unexpected(name, value, "a string or None")
    return value


def _texts(name: str, value: Any) -> Any:
    """Check the rows of `fastw2v.training.text_history`."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_TEXTS:
        raise unexpected(name, value, f"a list of at most {MAX_TEXTS} dicts")
    return [{**dict.fromkeys(_TEXT), **check_fields(row, _TEXT, name)} for row in value]


def _anything(name: str, value: Any) -> Any:
    return value


_TEXT: Mapping[str, Check] = {
    **dict.fromkeys(("text", "counted", "trained", "update", "fingerprint"), _optional_text),
    **dict.fromkeys(("words", "sentences", "new_words"), integer(0, MAX_COUNT, optional=True)),
    **dict.fromkeys(("epochs", "training"), integer(0, INT31, optional=True)),
    **dict.fromkeys(("alpha", "min_alpha", "neighbours_kept", "mean_cosine"), number(optional=True)),
}

SETTINGS: Mapping[str, Check] = {
    "vector_size": integer(0, MAX_WIDTH),
    "workers": integer(-INT31, INT31),
    "epochs": integer(0, INT31),
    "train_count": integer(0, INT31),
    "total_train_time": number(0),
    "batch_words": integer(0, INT31),
    "sg": _switch,
    "alpha": number(),
    "min_alpha": number(),
    "window": _window,
    "final_window": _final_window,
    "window_weights": _window_weights,
    "full_windows": _switch,
    "max_norm": number(0, optional=True),
    "shrink_windows": _switch,
    "hs": _switch,
    "negative": integer(0, INT31),
    "ns_exponent": number(),
    "cbow_mean": _switch,
    "compute_loss": _switch,
    "running_training_loss": _loss,
    "loss_history": _losses,
    "validation_loss_history": _losses,
    "min_alpha_yet_reached": number(),
    "corpus_count": integer(0, MAX_COUNT, optional=True),
    "corpus_total_words": integer(0, MAX_COUNT, optional=True),
    "max_final_vocab": integer(0, MAX_COUNT, optional=True),
    "max_vocab_size": integer(0, MAX_COUNT, optional=True),
    "max_words": integer(1, MAX_COUNT, optional=True),
    "count_decay": _share,
    "stream_sentences": integer(0, MAX_COUNT),
    "stream_words": integer(0, MAX_COUNT),
    "min_count": number(),
    "effective_min_count": number(),
    "sample": _sample,
    "sorted_vocab": _switch,
    "null_word": _switch,
    "seed": _seed,
    "comment": _anything,
    "corpus_budget": number(0, optional=True),
    "lifecycle_events": _events,
    "words_before_update": integer(-1, INT31, optional=True),
    "text_history": _texts,
    "shared_negatives": _switch,
    "negative_pool": integer(0, INT31),
    "reproducible": _switch,
    "virtual_workers": integer(1, INT31),
    "round_words": integer(1, INT31),
    "objective": _one_of(*OBJECTIVES),
    "cbow_update": _one_of(*CBOW_UPDATES),
    "tied_weights": _switch,
    "logq_correction": _switch,
}
"""The check of each setting, by its name."""


def check_fields(entry: Any, checks: Mapping[str, Check], name: str = "") -> dict[str, Any]:
    """Return a JSON object with each field in the form that its check returns.

    Parameters
    ----------
    entry : object
        The value to check.
    checks : mapping of str to callable
        The check of each field. Fields that are missing are not checked.
    name : str
        Name of the object.

    Raises
    ------
    ValueError
        If it is not an object, or a check fails; the message names the object and the field.
    """
    if not isinstance(entry, dict):
        raise unexpected(name, entry, "an object")
    prefix = f"{name}." if name else ""
    return {
        key: checks[key](f"{prefix}{key}", value) if key in checks else value for key, value in entry.items()
    }


def instance_of(*kinds: type) -> Check:
    """Return the check of an object of one of some types."""

    def check(name: str, value: Any) -> Any:
        if not isinstance(value, kinds):
            expected = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
            raise unexpected(name, value, expected)
        return value

    return check


def checked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in the form that files have; attributes that are not in `SETTINGS` stay as they are.

    Raises
    ------
    ValueError
        If a setting has a value that it has in no model; the message names it.
    """
    result = dict(settings)
    for name, check in SETTINGS.items():
        if name in result:
            value = result[name]
            result[name] = check(name, value.item() if isinstance(value, np.generic) else value)
    return result


def without_taken_names(attributes: Mapping[str, Any], cls: type) -> dict[str, Any]:
    """Return the attributes of a file that can be attributes of an object; a warning is logged for the others.

    An attribute named like a method would take its place: ``{"train": 5}`` would make `model.train` a number.

    Parameters
    ----------
    attributes : mapping of str to object
        What users have set on an object, as its file says.
    cls : type
        The class of the object.

    Examples
    --------
    >>> from fastw2v.formats.settings import without_taken_names
    >>> without_taken_names({"pop": 5, "topic": "news"}, dict)
    {'topic': 'news'}
    """
    free = {}
    for name, value in attributes.items():
        found = inspect.getattr_static(cls, name, None)
        if callable(found) or hasattr(found, "__get__") or (name.startswith("__") and name.endswith("__")):
            logger.warning(
                "attribute %.80r of the file is left out, because it is the name of a method or property of %s",
                name,
                cls.__name__,
            )
        else:
            free[name] = value
    return free


def unexpected(name: str, value: Any, expected: str) -> ValueError:
    """Return the error about a field; it shows the beginning of the value, and the type unless that is a number."""
    try:
        shown = f"{value!r:.60}"
    except ValueError:  # an integer of so many digits that Python does not print it
        shown = f"an integer of {value.bit_length()} bits"
    kind = "" if isinstance(value, (int, float)) or value is None else f"{type(value).__name__} "
    return ValueError(f"field {name!r} is {kind}{shown}; expected {expected}")
