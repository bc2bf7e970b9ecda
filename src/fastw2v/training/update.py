"""Training a grown model further without forgetting: frozen and anchored rows, separate learning rates, replay.

`Update` holds the settings of a user, `UpdateSession` is one training with them, and `UpdateState` is the part of it
that a checkpoint keeps. The trainer does not distinguish updates from other trainings. It receives lock factors, chunks
in which old sentences are mixed with new ones (`replay`), and barriers at which old rows are pulled towards their old
values.

References
----------
The pull towards old weights: Li, Grandvalet and Davoine, "Explicit Inductive Bias for Transfer Learning with
Convolutional Networks", ICML 2018 (L2-SP).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import memory
from fastw2v.common.logs import get_logger
from fastw2v.common.validation import as_flag, as_float, as_int
from fastw2v.formats.settings import MAX_COUNT, check_fields, integer, number, unexpected
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.texts import encode_texts, open_texts
from fastw2v.training.barriers import TrainingPosition, check_same_size
from fastw2v.training.kept_anchor import KeptAnchor
from fastw2v.training.learning_rate import LearningRate
from fastw2v.training.replay import EncodedText, Mixture, OldText, Replay
from fastw2v.training.replay_store import ReplayStore
from fastw2v.vectors.drift import Drift, drift
from fastw2v.vectors.initialization import starting_rows
from fastw2v.vectors.row_table import MIXED

logger = get_logger(__name__, "models.word2vec")

Matrix = NDArray[np.float32]

PULLS_PER_EPOCH = 20
MEAN_SENTENCE_WORDS = 20  # assumed if neither `train` nor the vocabulary scan has the length of the text
BLOCK_ROWS = 1 << 14
FLAGS = ("outputs", "keep_anchor", "freeze_outputs")
RECOMMENDED = {  # measured; see `Update.recommended`
    "lockf": 0.5, "rare_count": 40.0, "frequent_count": 120.0, "anchor": 1.0, "replay_ratio": 3.0,
}  # fmt: skip
NUMBERS = (
    "alpha", "min_alpha", "lockf", "rare_count", "frequent_count", "anchor", "replay_ratio", "old_words",
    "drift_threshold",
)  # fmt: skip
OPTIONAL_NUMBERS = ("alpha", "min_alpha", "frequent_count", "old_words", "drift_threshold")
# Checkpoints of earlier versions lack these.
LATER_NUMBERS = ("rare_count", "frequent_count", "drift_threshold")
RARE_POWER = 2  # of the share of `rare_count` that a word has, in its factor
DRIFT_WORDS = 20_000  # old words among which neighbours are compared
DRIFT = "drift"  # the name of their old vectors in a checkpoint


@dataclass(frozen=True, kw_only=True, eq=False)
class Update:
    """How `Word2Vec.train` treats words that a model has already: ``model.train(new, ..., update=Update(...))``.

    New words are those that any number of calls ``build_vocab(update=True)`` have added since the latest training; all
    others are old, those of the first vocabulary included. The state is saved with the model, and a training that
    reaches its end makes all words old. The learning rates and `replay` apply to the whole training; all other
    parameters concern old words only. Words must not be sorted or removed during the training. A training that a
    callback starts within it does not inherit the update.

    Parameters
    ----------
    alpha, min_alpha : float, optional
        The learning rates at the start and the end of this training alone. The model's own rates do not change.
    lockf : float, default 1.0
        Factor on the learning rate of the old words' vectors, in addition to `wv.vectors_lockf`; 0.0 freezes them.
    rare_count : float, default 0.0
        Old words with fewer occurrences than this, in all text so far, learn at a rate that is lower by the factor
        ``(count / rare_count) ** 2``. The few occurrences of a rare word in the new text move its vector mainly by
        chance.
    frequent_count : float, optional
        Old words with more occurrences than this learn at a rate that is lower by the factor
        ``frequent_count / count``. As in a running mean, each further occurrence then weighs less, the more there were
        before. None: their rate is not lower.
    anchor : float, default 0.0
        Strength of a pull of the old words' vectors towards their old values. At the full learning rate, the distance
        shrinks by a factor of ``exp(-anchor)`` over an epoch; the pull decreases as the learning rate does.
    anchor_to : KeyedVectors, Word2Vec or path, optional
        Vectors or a model whose vectors are the old values, towards which `anchor` pulls. Old words that are missing
        there are pulled towards their values at the start of this training, which is the default for all old words.
        With the same `anchor_to` at every update, the vectors move no farther in many updates than in one. By default
        each update may move them farther.
    keep_anchor : bool, default False
        Store the old values, towards which `anchor` pulls, in the model and in its files and copies, and pull towards
        them at each later update with `keep_anchor`. The vectors then move no farther in many updates than in one. The
        kept values of a word are those at the start of the first such update in which the word is old. They take as
        much memory as the vectors, and with `outputs` also as much as the output weights. `Word2Vec.discard_anchor`
        discards them.
    outputs : bool, default False
        Also freeze (if `lockf` is 0.0) and anchor the old rows of the output weights. They are anchored to those of
        `anchor_to` if that is a model with output weights of the same kind.
    freeze_outputs : bool, default False
        Freeze the old rows of the output weights while the vectors of old words are trained, so that the vectors stay
        comparable with their former values. `train_slices` does this for texts of different times. A frozen row is
        restored at intervals during the training, and at its end.
    replay : iterable of lists of str, path, ReplayStore, or list of these, optional
        Old sentences to mix in, in a new random order in each epoch: a corpus, a reader, the path of a text file as for
        `corpus_file`, that of a directory of such files, or a list of several of them. Only the sentences that are
        trained are read from a `ReplayStore`, or from its path. The word counts that `train` returns include the
        replayed words.
    replay_ratio : float, default 1.0
        Raw words of old text for each raw word of new text. No epoch uses a sentence twice.
    old_words : int, optional
        Take the first `old_words` words of the vocabulary as the old ones. This is needed if the vocabulary was sorted
        after new words were added, because fastw2v then no longer knows which words are new.
    drift_threshold : float, optional
        Measure how far the old words move, and log a warning if the share of their 10 nearest neighbours that stay the
        same is smaller than this; 0.0 only measures. The neighbours of 1,000 words among the first 20,000 old words are
        compared. The row of the text in ``model.history()`` has the results. See also `Word2Vec.drift`.

    Raises
    ------
    ValueError
        If a number is negative or not finite, `drift_threshold` greater than 1, `anchor_to` or `keep_anchor` is given
        without `anchor`, or both of them are given.
    TypeError
        If a parameter is not a number, `old_words` not an integer, or `anchor_to` neither vectors, a model nor a path.

    Examples
    --------
    >>> from fastw2v import Update, Word2Vec
    >>> model = Word2Vec([["a", "b"], ["b", "c"]] * 5, vector_size=4, min_count=1)
    >>> new = [["c", "d"]] * 5
    >>> model.build_vocab(new, update=True)
    >>> old_vectors = model.wv.vectors[:3].copy()
    >>> _ = model.train(new, total_examples=len(new), epochs=2, update=Update(lockf=0.0))
    >>> bool((model.wv.vectors[:3] == old_vectors).all())
    True
    """

    alpha: float | None = None
    min_alpha: float | None = None
    lockf: float = 1.0
    rare_count: float = 0.0
    frequent_count: float | None = None
    anchor: float = 0.0
    outputs: bool = False
    replay: Any = None
    replay_ratio: float = 1.0
    old_words: int | None = None
    anchor_to: Any = None
    keep_anchor: bool = False
    freeze_outputs: bool = False
    drift_threshold: float | None = None

    @classmethod
    def recommended(cls, replay: Any, **changes: Any) -> Update:
        """Return the update that is recommended for a model that is updated repeatedly while old text is available.

        It replays three old words for each new one, trains the vectors of old words at lower learning rates, and
        anchors them to their values at the start of the update. Words with 40 to 120 occurrences have half the rate of
        new words. The rate is lower for rarer words, which a few occurrences move by chance, and for more frequent
        words, which many occurrences have determined already. New words and all output weights learn at the full rate.
        Many settings were compared in ten updates of two models; see docs/incremental.md.

        Parameters
        ----------
        replay : iterable of lists of str, path, or list of these
            The old text, including that of earlier updates; see `Update`.
        **changes
            Parameters of `Update` that replace the recommended ones.

        Raises
        ------
        ValueError, TypeError
            As from `Update`, or if `replay` is None.

        Examples
        --------
        >>> from fastw2v import Update, Word2Vec
        >>> old, new = [["a", "b"], ["b", "c"]] * 5, [["c", "d"]] * 5
        >>> model = Word2Vec(old, vector_size=4, min_count=1)
        >>> model.build_vocab(new, update=True)
        >>> update = Update.recommended(replay=old)
        >>> model.train(new, total_examples=len(new), epochs=2, update=update)[1]
        40
        """
        if replay is None:
            raise ValueError(
                "Update.recommended needs replay=, the old text; without it, use Update(anchor=1.0, outputs=True)"
            )
        return cls(**{**RECOMMENDED, "replay": replay, **changes})

    def __post_init__(self) -> None:
        for name in NUMBERS:
            value = getattr(self, name)
            if value is None and name in OPTIONAL_NUMBERS:
                continue
            check = as_int if name == "old_words" else as_float
            object.__setattr__(self, name, check(f"Update.{name}", value, minimum=0))
        for name in FLAGS:
            object.__setattr__(self, name, as_flag(f"Update.{name}", getattr(self, name)))
        if self.drift_threshold is not None and self.drift_threshold > 1:
            raise ValueError(
                f"Update.drift_threshold={self.drift_threshold} must be a share, from 0.0 to 1.0"
            )
        if self.keep_anchor and not self.anchor:
            raise ValueError(
                "Update(keep_anchor=True) needs anchor=, the strength of the pull, for example anchor=1.0"
            )
        if self.anchor_to is None:
            return
        if self.keep_anchor:
            raise ValueError(
                "Update takes anchor_to=, or keep_anchor=True for the values that the model keeps, but not both"
            )
        is_path = isinstance(self.anchor_to, (str, bytes, os.PathLike))
        if not is_path and not hasattr(getattr(self.anchor_to, "wv", self.anchor_to), "key_to_index"):
            raise TypeError(
                "Update.anchor_to must be KeyedVectors, a model, or a path to either, not "
                f"{type(self.anchor_to).__name__}"
            )
        if not self.anchor:
            raise ValueError(
                "Update(anchor_to=...) needs anchor=, the strength of the pull, for example anchor=1.0"
            )


Update.__module__ = "fastw2v.word2vec"  # the public module that exports it, which pickles name


_STATE = {"pull_words": integer(1, MAX_COUNT, optional=True), "done": number(0)}
_REPLAY = {"size": integer(0, MAX_COUNT), "seed": integer(0, (1 << 64) - 1)}


@dataclass(frozen=True, eq=False)
class UpdateState:
    """The state of a training under an `Update`, as a checkpoint keeps it.

    Attributes
    ----------
    numbers : dict
        The numbers of the `Update` by name, with the rates and the number of old words that are used.
    outputs : bool
        `Update.outputs`.
    rates : (float, float)
        `alpha` and `min_alpha` of the model itself.
    pull_words : int or None
        Raw words from one pull towards the old values to the next.
    done : float
        The share of the epoch that was done at the latest pull.
    replay : dict or None
        ``size`` (sentences, raw words) of the old text and ``seed`` of its order.
    old : dict of str to float32 array
        The old values of anchored and frozen rows, by the names of their weights, and those from which the drift is
        measured, by the name `DRIFT`. Values that the model keeps are not among them.
    keep_anchor, freeze_outputs : bool
        Those of the `Update`.
    """

    numbers: dict[str, Any]
    outputs: bool
    rates: Sequence[float]
    pull_words: int | None
    done: float
    replay: dict[str, Any] | None
    old: dict[str, Matrix] = field(default_factory=dict)
    keep_anchor: bool = False  # entries of earlier versions lack this field and the next one
    freeze_outputs: bool = False

    def update(self, replay: Any = None) -> Update:
        """Return the `Update` to resume with; `replay` is the old text, which a checkpoint does not hold."""
        flags = {name: getattr(self, name) for name in FLAGS}
        return Update(**self.numbers, **flags, replay=replay)

    @classmethod
    def from_entry(cls, entry: Any, old: dict[str, Matrix]) -> UpdateState:
        """Return the state that the metadata of a checkpoint describes.

        Raises
        ------
        ValueError, TypeError, KeyError
            If a field has a value that no training can have; the message names it.
        """
        entry = check_fields(entry, _STATE, "update")
        numbers, rates, replay = entry["numbers"], entry["rates"], entry["replay"]
        if not isinstance(numbers, dict) or {*numbers, *LATER_NUMBERS} != set(NUMBERS):
            raise unexpected("update.numbers", numbers, f"an object of {', '.join(NUMBERS)}")
        if not isinstance(rates, list) or len(rates) != 2:
            raise unexpected("update.rates", rates, "two numbers")
        for rate in rates:
            number(0)("update.rates", rate)
        for name in FLAGS:
            value = entry["outputs"] if name == "outputs" else entry.get(name, False)
            if not isinstance(value, bool):
                raise unexpected(f"update.{name}", value, "true or false")
        if replay is not None:
            replay = check_fields(replay, {}, "update.replay")
            for name, length in (("size", 2), ("seed", None)):
                values = replay[name]
                if not isinstance(values, list) or len(values) != (length or len(values)) or not values:
                    raise unexpected(f"update.replay.{name}", values, "a list of integers")
                for value in values:
                    _REPLAY[name](f"update.replay.{name}", value)
        return cls(**{**entry, "old": old})

    def check(self, model: UpdatedModel) -> None:
        """Raise an error that names the field if no training of `model` can have left this state.

        Raises
        ------
        ValueError, TypeError, KeyError
        """
        update = self.update()
        rows = update.old_words
        if rows is None or rows > len(model.wv.index_to_key):
            raise ValueError(
                f"field 'old_words' is {rows!r}; expected an integer from 0 to {len(model.wv.index_to_key)}, the "
                "number of words"
            )
        kept = model.kept_anchor.arrays()
        for name, count in _restrained_rows(update, model, rows):
            if _keeps(update, name):
                if len(kept.get(name, ())) < count:
                    raise ValueError(
                        f"the kept anchor of {name} has {len(kept.get(name, ()))} rows; expected at least {count} by "
                        "field 'old_words'"
                    )
                continue
            if name == "syn1":  # the training may have included nodes that were new when it began
                count = min(len(self.old[name]), count)
            shape = (count,) if name == "syn1neg_bias" else (count, model.vector_size)
            if self.old[name].shape != shape or self.old[name].dtype != np.float32:
                raise ValueError(
                    f"the old values of {name} are a {self.old[name].dtype} array of shape {self.old[name].shape}; "
                    f"expected float32 of shape {shape} by field 'old_words'"
                )
        if update.drift_threshold is not None:
            if DRIFT not in self.old:
                raise ValueError(
                    f"field 'drift_threshold' is {update.drift_threshold}, but the old vectors to compare with are "
                    "missing; expected None"
                )
            values, shape = self.old[DRIFT], (min(rows, DRIFT_WORDS), model.vector_size)
            if values.shape != shape or values.dtype != np.float32:
                raise ValueError(
                    f"the old values of {DRIFT} are a {values.dtype} array of shape {values.shape}; expected float32 "
                    f"of shape {shape} by fields 'old_words' and 'drift_threshold'"
                )


def describe(update: Update) -> str:
    """Return the parameters that are not those of a plain training, as text; the rates are left out.

    Examples
    --------
    >>> from fastw2v.training.update import Update, describe
    >>> describe(Update(replay=[["an", "old", "sentence"]], anchor=1.0, alpha=0.01))
    'anchor=1.0, replay'
    """
    objects = ("replay", "anchor_to")
    numbers = [
        f"{entry.name}={getattr(update, entry.name)}"
        for entry in fields(update)
        if entry.name not in ("alpha", "min_alpha", *objects) and getattr(update, entry.name) != entry.default
    ]
    return ", ".join(numbers + [name for name in objects if getattr(update, name) is not None])


class UpdatedModel(Protocol):
    """The attributes of a model that an update reads."""

    wv: Any
    syn1neg: Any
    syn1neg_bias: Any
    syn1: Any
    alpha: float
    min_alpha: float
    negative: int
    hs: int
    vector_size: int
    seed: Any
    train_count: int
    corpus_count: int
    corpus_total_words: int | None
    corpus_budget: int | None
    max_words: int | None
    count_decay: float

    @property
    def huffman_tree(self) -> Any: ...
    @property
    def words_before_update(self) -> int | None: ...
    @property
    def kept_anchor(self) -> KeptAnchor: ...


def _factors_of_counts(update: Update, counts: NDArray[Any]) -> Matrix:
    """Return the factors on the learning rates of words by their numbers of occurrences."""
    counts = np.maximum(counts, 1).astype(np.float64)
    factors = np.ones(len(counts))
    if update.rare_count:
        factors *= np.minimum(counts / update.rare_count, 1.0) ** RARE_POWER
    if update.frequent_count is not None:
        factors *= np.minimum(update.frequent_count / counts, 1.0)
    return factors.astype(np.float32)


def _freezes(update: Update, name: str) -> bool:
    """Return whether the restrained rows of some weights are frozen; otherwise they are anchored."""
    return not update.lockf or (update.freeze_outputs and name != "vectors")


def _keeps(update: Update, name: str) -> bool:
    """Return whether the old values of some weights are those that the model keeps; frozen rows stay as they are."""
    return update.keep_anchor and not _freezes(update, name)


def _restrained_rows(update: Update, model: UpdatedModel, old_words: int) -> list[tuple[str, int]]:
    """Return the weights that are anchored or frozen at barriers, with the number of old rows of each."""
    rows = []
    if update.anchor and update.lockf:
        rows.append(("vectors", old_words))
    if update.freeze_outputs or (update.outputs and (update.anchor or not update.lockf)):
        if model.negative and model.syn1neg is not None:
            rows.append(("syn1neg", old_words))
        if model.negative and model.syn1neg_bias is not None:
            rows.append(("syn1neg_bias", old_words))
        if model.hs and model.syn1 is not None:
            rows.append(("syn1", _old_nodes(model, old_words)))
    return rows


def _old_nodes(model: UpdatedModel, old_words: int) -> int:
    """Return how many inner nodes, from the first one on, are not new; the weights of new nodes are 0."""
    nodes = max(old_words - 1, 0)  # a tree of n words has n - 1 inner nodes
    if model.max_words is None and model.count_decay == 1:
        return nodes
    # An update of such a vocabulary may have moved old words to new nodes, which follow all old ones.
    trained = np.flatnonzero(model.syn1[:nodes].any(axis=1))
    return int(trained[-1]) + 1 if len(trained) else 0


class UpdateSession:
    """One training under an `Update`; the old values are those of `model` when the session is created.

    Parameters
    ----------
    update : Update
    model : UpdatedModel
    state : UpdateState, optional
        The state at the checkpoint, if the training is resumed.
    takes_replay : bool, default True
        Whether the training can mix in old sentences. It cannot if a subclass trains sentences by its own methods.

    Raises
    ------
    ValueError
        If the model has fewer words than `Update.old_words`, or its old words are not known; if the replay is not
        possible, holds no known word, or is not that of the checkpoint.
    TypeError
        If the replay cannot be read as a corpus.
    """

    def __init__(
        self,
        update: Update,
        model: UpdatedModel,
        state: UpdateState | None = None,
        *,
        takes_replay: bool = True,
    ) -> None:
        self._update = update
        self._model = model
        self._keys = model.wv.index_to_key
        self._old_words = self._count_old_words()
        self._replay = _replay_of(update, model, state, takes_replay)
        self._mixture: Mixture | None = None
        self._done = 0.0 if state is None else state.done
        self._pull_words = None if state is None else state.pull_words
        self._kept: dict[str, Matrix] = {}  # the values that the model will keep when the training begins
        self._anchors = [
            _Anchor(model, name, rows, self._old_values(name, rows, state))
            for name, rows in _restrained_rows(update, model, self._old_words)
        ]
        self._first_vectors: Matrix | None = None
        self._moved: Drift | None = None
        if update.drift_threshold is not None:
            first = model.wv.vectors[: min(self._old_words, DRIFT_WORDS)]
            self._first_vectors = np.array(first) if state is None else state.old[DRIFT]
        if update.anchor_to is not None and update.lockf and state is None:
            reference = Reference(update.anchor_to, model, self._old_words)
            for anchor in self._anchors:
                if _freezes(update, anchor.name):
                    continue
                reference.copy_rows(anchor.name, anchor.values)

    def _old_values(self, name: str, rows: int, state: UpdateState | None) -> Matrix | None:
        """Return the old values of some weights; None means the present values."""
        if _keeps(self._update, name):
            weights = getattr(self._model.wv if name == "vectors" else self._model, name)
            self._kept[name] = self._model.kept_anchor.values_of(name, weights, rows)
            return self._kept[name][:rows]
        return None if state is None else state.old[name]

    def _count_old_words(self) -> int:
        known = len(self._keys)
        requested, before = self._update.old_words, self._model.words_before_update
        if requested is not None and requested > known:
            raise ValueError(f"Update(old_words={requested}) is more than the {known} words of the model")
        if requested is None and before == MIXED:
            raise ValueError(
                "words were sorted since the vocabulary grew, so it is not known which ones are old; take "
                "Update(old_words=N) for the first N of them, or sort before build_vocab(update=True)"
            )
        return next(count for count in (requested, before, known) if count is not None)

    @property
    def alpha(self) -> float:
        """The learning rate at the start of the training."""
        return self._model.alpha if self._update.alpha is None else self._update.alpha

    @property
    def min_alpha(self) -> float:
        """The learning rate at the end of the training."""
        return self._model.min_alpha if self._update.min_alpha is None else self._update.min_alpha

    def record(self) -> dict[str, Any]:
        """Return the entries about the update for the model's record of texts, when its training has ended."""
        record: dict[str, Any] = {"update": describe(self._update)}
        self._moved = self._drift()
        if self._moved is not None:
            report = self._moved.as_dict(0)
            record.update({name: report[name] for name in ("neighbours_kept", "mean_cosine")})
        return record

    def warn_of_drift(self) -> None:
        """Log a warning if, by the latest `record`, the old words have moved farther than the update allows."""
        moved, threshold = self._moved, self._update.drift_threshold
        if moved is None or threshold is None or not moved.mean_overlap < threshold:
            return
        logger.warning(
            "the update moved old words farther than Update(drift_threshold=%g) allows: %.1f %% of their %i nearest "
            "neighbours stayed (mean cosine %.3f, mean distance %.3g; moved farthest: %s). Go back to the saved model, "
            "and use replay, a higher anchor, anchor_to or a lower alpha",
            threshold, 100 * moved.mean_overlap, moved.topn, moved.mean_cosine, moved.mean_distance,
            ", ".join(str(word) for word, _ in moved.most_moved(5)),
        )  # fmt: skip

    def _drift(self) -> Drift | None:
        """Return how far the first old words have moved since the training began, if the update measures this."""
        before = self._first_vectors
        if before is None or self._model.wv.index_to_key is not self._keys:
            return None
        rows = np.arange(len(before))
        return drift(self._keys[: len(before)], rows, rows, before, self._model.wv.vectors)

    def state(self) -> UpdateState:
        """Return the state for a checkpoint."""
        in_force = {"alpha": self.alpha, "min_alpha": self.min_alpha, "old_words": self._old_words}
        replay = self._replay
        return UpdateState(
            {**{name: getattr(self._update, name) for name in NUMBERS}, **in_force},
            bool(self._update.outputs),
            (self._model.alpha, self._model.min_alpha),
            self._pull_words,
            self._done,
            None if replay is None else {"size": replay.text.size, "seed": replay.seed},
            {
                **{
                    anchor.name: anchor.values
                    for anchor in self._anchors
                    if not _keeps(self._update, anchor.name)
                },
                **({} if self._first_vectors is None else {DRIFT: self._first_vectors}),
            },
            bool(self._update.keep_anchor),
            bool(self._update.freeze_outputs),
        )

    def lock_factors(self, factors: Matrix) -> Matrix:
        """Return the model's lock factors, multiplied by those of the update for old rows."""
        update = self._update
        if update.lockf == 1 and not update.rare_count and update.frequent_count is None:
            return factors
        factors = np.resize(factors, len(self._keys)).astype(np.float32)
        counts = self._model.wv.expandos["count"][: self._old_words]
        factors[: self._old_words] *= np.float32(update.lockf) * _factors_of_counts(update, counts)
        return factors

    def begin_epoch(self, corpus: Any, rate: LearningRate, start: TrainingPosition) -> int | None:
        """Begin an epoch, or continue it at `start`; return the raw words between two pulls, None for no pulls.

        Raises
        ------
        RuntimeError
            If words were moved since the training began: lock factors, old values and replayed ids refer to rows.
        """
        self.check_order()
        for name, values in self._kept.items():
            self._model.kept_anchor.keep(name, values)
        self._kept = {}
        self._mixture = None
        if not start.jobs:
            self._done = 0.0
        if not self._anchors:
            return None
        if self._pull_words is None:
            words = corpus.raw_words if isinstance(corpus, EncodedCorpus) else self._estimate_words(rate)
            if self._replay is not None:
                words = int(words * (1 + self._replay.ratio))
            self._pull_words = max(words // PULLS_PER_EPOCH, 1)
        return self._pull_words

    def _estimate_words(self, rate: LearningRate) -> int:
        """Estimate the raw words of an epoch, from what `train` was given or what the vocabulary scan counted."""
        if rate.total_words:
            return rate.total_words
        sentences, words = self._model.corpus_count, self._model.corpus_total_words or 0
        return round((rate.total_examples or 0) * (words / sentences if sentences else MEAN_SENTENCE_WORDS))

    def mix(
        self, corpus: EncodedCorpus | Iterable[EncodedCorpus], epoch: int
    ) -> EncodedCorpus | Iterable[EncodedCorpus]:
        """Return the new text of an epoch with old sentences mixed in."""
        if self._replay is None:
            return corpus
        self._mixture = self._replay.mix(corpus, epoch)
        return self._mixture

    def count_new(self, sentences: Any, words: Any) -> tuple[Any, Any]:
        """Return how many of the sentences and raw words that were trained are new text."""
        return (sentences, words) if self._mixture is None else self._mixture.count_new(sentences, words)

    def check_order(self) -> None:
        """Raise a RuntimeError if the rows of the model moved since the training began."""
        if self._model.wv.index_to_key is not self._keys:
            raise RuntimeError(
                "words were reordered or removed during an update, so its old rows are not known any more"
            )

    def pull(self, position: TrainingPosition, rate: LearningRate, alpha: float) -> None:
        """Pull anchored rows towards their old values, and reset frozen ones; `alpha` is the present rate."""
        self.check_order()
        done = self._share_done(position, rate)
        share, self._done = max(done - self._done, 0.0), done
        relative_rate = alpha / self.alpha if self.alpha else 0.0
        kept = math.exp(-self._update.anchor * share * relative_rate)
        for anchor in self._anchors:
            anchor.pull(0.0 if _freezes(self._update, anchor.name) else kept)

    def end(self) -> None:
        """Reset frozen rows, however the training ended."""
        if self._model.wv.index_to_key is self._keys:
            for anchor in self._anchors:
                if _freezes(self._update, anchor.name):
                    anchor.pull(0.0)

    def _share_done(self, position: TrainingPosition, rate: LearningRate) -> float:
        """Return the share of the epoch that is done, as the learning rate counts it."""
        if position.complete:
            return 1.0
        return min(float(rate.progress(*self.count_new(position.sentences, position.raw_words))), 1.0)


class Reference:
    """Vectors or a model whose rows are the old values of words that it shares with the updated model.

    Parameters
    ----------
    source : KeyedVectors or Word2Vec
    model : UpdatedModel
    old_words : int
        Number of words of `model` that are old.

    Raises
    ------
    ValueError
        If the vectors have another width or are not finite, or if the two share no old word.
    """

    def __init__(self, source: Any, model: UpdatedModel, old_words: int) -> None:
        self._source, self._model = source, model
        self._wv: Any = getattr(source, "wv", source)
        self._keys = model.wv.index_to_key[:old_words]
        if self._wv.vector_size != model.vector_size:
            raise ValueError(
                f"Update(anchor_to=...) holds vectors of {self._wv.vector_size} dimensions, and the model has "
                f"{model.vector_size}; only vectors of the same training, or of one like it, can be anchored to"
            )
        if not any(key in self._wv.key_to_index for key in self._keys):
            raise ValueError(f"Update(anchor_to=...) has none of the {old_words} old words of the model")

    def copy_rows(self, name: str, values: Matrix) -> None:
        """Replace those rows of some old values that the reference has; `name` is that of the weights."""
        weights = self._wv.vectors if name == "vectors" else getattr(self._source, name, None)
        if weights is not None and name == "syn1":
            self._copy_nodes(weights, values)
        elif weights is not None:
            self._copy_words(weights, values)

    def _copy_words(self, weights: Matrix, values: Matrix) -> None:
        if len(weights) < len(self._wv.key_to_index):
            raise ValueError(
                f"Update(anchor_to=...) has {len(weights)} rows of weights for {len(self._wv.key_to_index)} words: "
                "words were added to it since its vocabulary was built"
            )
        rows, vectors = starting_rows(self._keys, self._wv.key_to_index, weights, "Update(anchor_to=...)")
        values[rows] = vectors

    def _copy_nodes(self, weights: Matrix, values: Matrix) -> None:
        """Copy the rows of inner nodes; two trees have the same nodes if one has grown from the other."""
        tree, grown = self._source.huffman_tree, self._model.huffman_tree
        if tree is None or grown is None:
            return
        index = self._wv.key_to_index
        words = np.array([row for row, key in enumerate(self._keys) if key in index], dtype=np.intp)
        present = grown.take(words)
        former = tree.take(np.array([index[self._keys[row]] for row in words.tolist()], dtype=np.intp))
        if len(weights) <= former.points.max(initial=0) or not present.has_grown_from(former):
            raise ValueError(
                "the Huffman tree of Update(anchor_to=...) is not one from which that of the model has grown, so their "
                "inner nodes cannot be compared; leave out outputs, or pass the vectors alone, anchor_to=older.wv"
            )
        nodes = np.unique(former.points)
        nodes = nodes[nodes < len(values)]
        values[nodes] = weights[nodes]


class _Anchor:
    """The old values of the first rows of some weights: `values`, or a copy of the present values if that is None."""

    def __init__(self, model: UpdatedModel, name: str, rows: int, values: Matrix | None) -> None:
        self._owner: Any = model.wv if name == "vectors" else model
        self.name = name
        if values is None:
            weights: Matrix = getattr(self._owner, name)
            values = memory.empty((rows, *weights.shape[1:]))
            values[...] = weights[:rows]
        self.values = values

    def pull(self, kept: float) -> None:
        """Multiply the difference between the present and the old values by `kept`."""
        present: Matrix = getattr(self._owner, self.name)
        for first in range(0, len(self.values), BLOCK_ROWS):
            rows = slice(first, min(first + BLOCK_ROWS, len(self.values)))
            if kept:
                difference = present[rows] - self.values[rows]
                difference *= np.float32(kept - 1)
                present[rows] += difference
            else:
                present[rows] = self.values[rows]


def _replay_of(
    update: Update, model: UpdatedModel, state: UpdateState | None, takes_replay: bool
) -> Replay | None:
    """Return the replay of an update, or None; with a state, the replay that is resumed."""
    before = None if state is None else state.replay
    if before is not None and update.replay is None:
        raise ValueError(
            "the training of the checkpoint replays old sentences; give them again, resume(..., replay=old)"
        )
    if update.replay is None or not update.replay_ratio:
        return None
    if state is not None and before is None:
        raise ValueError("the training of the checkpoint replays no old sentences; leave out replay")
    if not takes_replay:
        raise ValueError(
            f"{type(model).__name__} overrides methods that train sentences, and these cannot replay old ones; leave "
            "out replay, or add old sentences to the corpus"
        )
    text = _old_text(update.replay, model)
    if before is not None:
        check_same_size(tuple(before["size"]), text.size, "replay")
        return Replay(text, update.replay_ratio, before["seed"])
    if not text.has_known_words:
        raise ValueError(
            f"Update(replay=...) has no word of the vocabulary in {text.size[0]} sentences; give old sentences "
            "as lists of words, not an iterator that is at its end"
        )
    return Replay(text, update.replay_ratio, [(model.seed or 0) % (1 << 64), model.train_count])


def _old_text(replay: Any, model: UpdatedModel) -> OldText:
    """Return the text of `Update.replay` by the ids of the model: a store, or completely encoded text."""
    if isinstance(replay, (str, os.PathLike)) and ReplayStore.exists(replay):
        replay = ReplayStore(replay)
    if isinstance(replay, ReplayStore):
        return replay.encoded(model.wv.key_to_index)
    try:
        texts = open_texts(replay)
        return EncodedText(encode_texts(texts, model.wv.key_to_index, budget=model.corpus_budget))
    except TypeError as error:
        raise TypeError(f"Update(replay=...) cannot be read: {error}") from error
