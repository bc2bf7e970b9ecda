"""Phrases as plain values, and the files that hold them: native files, and the pickles of gensim 1.0 to 4.4.

A native file holds the texts ("keys.blob", "keys.offsets", see `keys`), one number for each ("counts", int64, or
"scores", float64), and the settings as metadata. A scoring function is saved by its name, "default" or "npmi".

A pickle is read by `unpickler`, as data. Versions before 4.0 had bytes in place of str, tuples in place of joined
phrases, and other names for some attributes.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import files
from fastw2v.common.files import PathLike
from fastw2v.formats import describe_damage, native
from fastw2v.formats.detect import detect_saved_format
from fastw2v.formats.keys import decode_keys, encode_keys
from fastw2v.formats.pickle_globals import Constant, Instance
from fastw2v.formats.unpickler import unpickle

__all__ = ["FROZEN_PHRASES", "PHRASES", "PhraseState", "read", "write"]

logger = logging.getLogger("gensim.models.phrases")

PHRASES, FROZEN_PHRASES = "phrases", "frozenphrases"

_ARRAYS = {PHRASES: ("counts", np.int64), FROZEN_PHRASES: ("scores", np.float64)}
_NUMBER = (int, float)
# The types of the settings in a file; the second group belongs to Phrases only.
_SETTINGS: dict[str, tuple[type, ...]] = {
    "min_count": _NUMBER, "threshold": _NUMBER, "delimiter": (str,), "scoring": (str, type(None)),
    "connector_words": (list,),
}  # fmt: skip
_COUNTING_SETTINGS: dict[str, tuple[type, ...]] = {
    "max_vocab_size": _NUMBER, "progress_per": (int,), "min_reduce": (int,), "corpus_word_count": (int,),
}  # fmt: skip
_DEFAULTS = {"max_vocab_size": 40_000_000, "progress_per": 10_000, "min_reduce": 1, "corpus_word_count": 0}
_SCORERS = {
    "gensim.models.phrases.original_scorer": "default",
    "gensim.models.phrases.npmi_scorer": "npmi",
}


@dataclass(eq=False)
class PhraseState:
    """The contents of `Phrases` or `FrozenPhrases`.

    Attributes
    ----------
    kind : str
        `PHRASES` or `FROZEN_PHRASES`.
    settings : dict of str to object
        min_count, threshold, delimiter, scoring ("default", "npmi" or None), connector_words (a list); for `PHRASES`
        max_vocab_size, progress_per, min_reduce and corpus_word_count, too.
    texts : list of str
        Words and candidates, or phrases.
    values : ndarray
        Their counts (int64), or scores (float64).
    """

    kind: str
    settings: dict[str, Any]
    texts: list[str]
    values: NDArray[Any]


def write(path: PathLike, state: PhraseState) -> None:
    """Write a native file.

    Raises
    ------
    ValueError
        If a text is no str.
    """
    name, dtype = _ARRAYS[state.kind]
    arrays = {**encode_keys(state.texts), name: np.asarray(state.values, dtype=dtype)}
    native.write(path, arrays, {"kind": state.kind, "settings": state.settings})


def read(path: PathLike) -> PhraseState:
    """Read a native file, or one that gensim saved.

    Raises
    ------
    ValueError, pickle.UnpicklingError
        If the file holds no phrases, or is damaged; the message names it.
    OSError
        If the file cannot be read.
    """
    if detect_saved_format(path) == "gensim":
        return _read_gensim(path)
    arrays, metadata = native.read(path)
    kind = metadata.get("kind")
    if kind not in _ARRAYS:
        raise ValueError(f"{str(path)!r} holds {kind or 'something else'!r:.80}, not phrases")
    with describe_damage(path):
        name, dtype = _ARRAYS[kind]
        texts, values = decode_keys(arrays), arrays[name]
        if not all(type(text) is str for text in texts):
            raise ValueError("its phrases are not all strings")
        if values.dtype != dtype or values.shape != (len(texts),):
            raise ValueError(f"array {name!r} is not one number for each of {len(texts)} phrases")
        return PhraseState(kind, _checked(kind, metadata["settings"]), texts, values)


def _checked(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a file; raise if one is missing or has another type."""
    types = {**_SETTINGS, **(_COUNTING_SETTINGS if kind == PHRASES else {})}
    for name, allowed in types.items():
        if not isinstance(settings[name], allowed):
            raise ValueError(f"field {name!r} is {settings[name]!r:.80}; the file is damaged")
    if settings["scoring"] not in ((*_SCORERS.values(),) if kind == PHRASES else (*_SCORERS.values(), None)):
        raise ValueError(f"unknown scoring {settings['scoring']!r:.80}")
    if not all(isinstance(word, str) for word in settings["connector_words"]):
        raise ValueError("field 'connector_words' is not a list of words; the file is damaged")
    return {name: settings[name] for name in types}


# --- files of gensim


def _read_gensim(path: PathLike) -> PhraseState:
    with files.open_input(path) as stream:
        data = stream.read()
    try:
        root = unpickle(data)
    except pickle.UnpicklingError as error:
        remedy = ""
        if "refers to" in str(error):
            remedy = (
                "; if this is the scoring function, load the file with gensim, and save freeze() of the phrases with "
                "its attribute scoring set to None"
            )
        raise pickle.UnpicklingError(f"cannot load {str(path)!r}: {error}{remedy}") from error
    if not isinstance(root, Instance) or root.name not in ("Phrases", "Phraser", "FrozenPhrases"):
        name = root.name if isinstance(root, Instance) else type(root).__name__
        raise ValueError(f"{str(path)!r} holds a {name:.80}, not phrases; load it by the class of that name")
    with describe_damage(path):
        return _decode(root)


def _decode(root: Instance) -> PhraseState:
    """Return the state that an object of gensim's holds, whatever version wrote it."""
    kind = PHRASES if root.name == "Phrases" else FROZEN_PHRASES
    found = root.state
    delimiter = _text(found["delimiter"])
    words = found.get("connector_words", found.get("common_terms")) or ()
    settings = {
        **_DEFAULTS,
        **{name: found[name] for name in (*_SETTINGS, *_COUNTING_SETTINGS) if name in found},
        "delimiter": delimiter,
        "scoring": _scoring(found),
        "connector_words": sorted(_text(word) for word in words),
    }
    items = found["vocab" if kind == PHRASES else "phrasegrams"]
    if not isinstance(items, dict):
        raise ValueError("its phrases are no dictionary")
    numbers = [value[1] if isinstance(value, tuple) else value for value in items.values()]
    if not all(type(number) in _NUMBER for number in numbers):
        raise ValueError("its counts or scores are not all numbers")
    values = np.array(numbers, dtype=_ARRAYS[kind][1])
    texts = [delimiter.join(map(_text, text)) if isinstance(text, tuple) else _text(text) for text in items]
    return PhraseState(kind, _checked(kind, settings), texts, values)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if not isinstance(value, str):
        raise ValueError(f"it has {value!r:.80} in place of a text")
    return value


def _scoring(found: Mapping[str, Any]) -> Any:
    """Return the name of the scoring function; versions before 3.0 had none, later ones a name."""
    scoring = found.get("scoring", "default")
    return _SCORERS.get(scoring.name, scoring.name) if isinstance(scoring, Constant) else scoring
