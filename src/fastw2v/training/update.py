"""Training a grown model on, without losing what it knew: frozen and anchored rows, a rate of its own, replay.

`Update` is what a user asks for; `UpdateRun` is one training under it, between the model and the trainer. The trainer
itself knows nothing of it: it gets lock factors, chunks in which old sentences are mixed with new ones (`replay`), and
pauses at which old rows are pulled back.

References
----------
The pull towards old weights: Li, Grandvalet and Davoine, "Explicit Inductive Bias for Transfer Learning with
Convolutional Networks", ICML 2018 (L2-SP).
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastw2v import corpora
from fastw2v.common import memory
from fastw2v.compat import jobs
from fastw2v.text.encoding import EncodedCorpus, KeptStream, encode
from fastw2v.common.validation import check_number, check_whole
from fastw2v.training.barriers import Pause, Position, check_same
from fastw2v.training.replay import Mixture, Replay
from fastw2v.training.trainer import LearningRate
from fastw2v.vectors.row_table import MIXED

if TYPE_CHECKING:
    from fastw2v.word2vec import Word2Vec

P = ParamSpec("P")
R = TypeVar("R")
Matrix = NDArray[np.float32]

PULLS_AN_EPOCH = 20
SENTENCE_WORDS = 20  # where neither `train` nor the vocabulary scan knows the length of the text
BLOCK_ROWS = 1 << 14
NUMBERS = ("alpha", "min_alpha", "lockf", "anchor", "replay_ratio", "old_words")


@dataclass(frozen=True, kw_only=True, eq=False)
class Update:
    """How `Word2Vec.train` treats what a model knew before: ``model.train(new, ..., update=Update(...))``.

    Old words are those that the model had before its latest ``build_vocab(update=True)``; all of them, if there was
    none. Everything but `replay` concerns old words only: new words learn freely. Words may not be sorted or removed
    while the training lasts. A training within it, started by a callback, is under its own update or none.

    Parameters
    ----------
    alpha, min_alpha : float, optional
        Learning rates at the start and the end of this training alone; the model's own rates stay what they are.
    lockf : float, default 1.0
        Factor on the learning rate of the old words' vectors, on top of `wv.vectors_lockf`: 0.0 freezes them.
    anchor : float, default 0.0
        Pull of the old words' vectors towards their old values. At the full learning rate the distance from there
        shrinks by a factor of ``exp(-anchor)`` over an epoch; the pull falls as the learning rate does.
    outputs : bool, default False
        Freeze (where `lockf` is 0.0) and anchor the old rows of the output weights too.
    replay : iterable of lists of str, or path, optional
        Old sentences to mix in, drawn anew for each epoch; a path is a text file as in `corpus_file`. They count as
        trained words in what `train` returns.
    replay_ratio : float, default 1.0
        Raw words of old text for each raw word of new text; no epoch takes a sentence twice.
    old_words : int, optional
        Take the first so many words of the vocabulary for the old ones instead. That an update appended the new words
        is presumed: where the vocabulary was sorted since, old and new ones are mixed, and no count tells them apart.

    Raises
    ------
    ValueError
        If a number is negative or not finite.
    TypeError
        If one is no number, or `old_words` no whole one.
    """

    alpha: float | None = None
    min_alpha: float | None = None
    lockf: float = 1.0
    anchor: float = 0.0
    outputs: bool = False
    replay: Any = None
    replay_ratio: float = 1.0
    old_words: int | None = None

    def __post_init__(self) -> None:
        for name in NUMBERS:
            value = getattr(self, name)
            if value is None and name in ("alpha", "min_alpha", "old_words"):
                continue
            if name == "old_words":
                check_whole(f"Update.{name}", value, least=0)
            else:
                check_number(f"Update.{name}", value)


@dataclass(frozen=True, eq=False)
class Held:
    """A training under an `Update` that is under way, for a checkpoint: what cannot be told from the model.

    Attributes
    ----------
    numbers : dict
        Those of the `Update`, by name, as they are in force, with the number of old words that they came to.
    outputs : bool
        That of the `Update`.
    rates : (float, float)
        `alpha` and `min_alpha` of the model, to which it goes back in the end.
    pull_words : int or None
        Raw words from one pull towards the old values to the next.
    done : float
        Share of the epoch that was behind at the latest pull.
    replay : dict or None
        ``size`` (sentences, raw words) of the old text and ``seed`` of its order.
    old : dict of str to float32 array
        The old values of the rows that are held, by the names of their weights.
    """

    numbers: dict[str, Any]
    outputs: bool
    rates: Sequence[float]
    pull_words: int | None
    done: float
    replay: dict[str, Any] | None
    old: dict[str, Matrix] = field(default_factory=dict)

    def update(self, replay: Any = None) -> Update:
        """Return the update that goes on, with the old text given anew."""
        return Update(**self.numbers, outputs=self.outputs, replay=replay)

    def check(self, model: Word2Vec) -> None:
        """Refuse what no training of `model` leaves behind.

        Raises
        ------
        ValueError, TypeError, KeyError
            The message says what is wrong or lacking.
        """
        update = self.update()
        alpha, min_alpha = self.rates
        Update(alpha=alpha, min_alpha=min_alpha, anchor=self.done)  # which refuses nonsense
        Pause(self.pull_words, lambda position: None)
        rows = update.old_words
        if rows is None or rows > len(model.wv):
            raise ValueError(f"it tells of {rows!r} old words, and the model has {len(model.wv)}")
        for name, count in _rows_held(update, model, rows):
            if self.old[name].shape != (count, model.vector_size) or self.old[name].dtype != np.float32:
                raise ValueError(
                    f"its old values of {name} are not {count} rows of {model.vector_size} float32"
                )
        if self.replay is not None:
            for number in (*self.replay["size"], *self.replay["seed"]):
                if not isinstance(number, int) or number < 0:
                    raise ValueError(f"its replay holds {number!r:.80} for a number of at least 0")


def _rows_held(update: Update, model: Word2Vec, old_words: int) -> Iterator[tuple[str, int]]:
    """The weights that are held at pauses, and how many rows of each are old."""
    if update.anchor and update.lockf:
        yield "vectors", old_words
    if update.outputs and (update.anchor or not update.lockf):
        if model.negative and model.syn1neg is not None:
            yield "syn1neg", old_words
        if model.hs and model.syn1 is not None:
            yield "syn1", max(old_words - 1, 0)  # the inner nodes of a tree of so many words


class UpdateRun:
    """One training under an `Update`; what is old is what `model` holds now.

    Parameters
    ----------
    update : Update
    model : Word2Vec
    held : Held, optional
        Where the training goes on from a checkpoint: what it had reached, and what was old then.

    Raises
    ------
    ValueError
        If the model has fewer words than `Update.old_words`, does not know which ones are old, or trains by methods
        of its own, which get no replay; if the replay knows no word, or is not that of the checkpoint.
    TypeError
        If the replay cannot be read as a corpus.
    """

    def __init__(self, update: Update, model: Word2Vec, held: Held | None = None) -> None:
        self._update = update
        self._model = model
        self._own_rates = model.alpha, model.min_alpha
        self._keys = model.wv.index_to_key
        self._old_words = self._count_old_words()
        self._replay = _replay_of(update, model, held)
        self._mixture: Mixture | None = None
        self._rate: LearningRate | None = None
        self._done = 0.0 if held is None else held.done
        self._pull_words = None if held is None else held.pull_words
        self._anchors = [
            _Anchor(model, name, rows, None if held is None else held.old[name])
            for name, rows in _rows_held(update, model, self._old_words)
        ]

    def _count_old_words(self) -> int:
        known = len(self._keys)
        asked, before = self._update.old_words, self._model.words_before_update
        if asked is not None and asked > known:
            raise ValueError(f"Update(old_words={asked}) is more than the {known} words of the model")
        if asked is None and before == MIXED:
            raise ValueError(
                "words were sorted since the vocabulary grew, so it is not known which ones are old; take "
                "Update(old_words=N) for the first N of them, or sort before build_vocab(update=True)"
            )
        return next(count for count in (asked, before, known) if count is not None)

    def held(self) -> Held:
        """What a checkpoint keeps, to go on with."""
        model, replay = self._model, self._replay
        in_force = {"alpha": model.alpha, "min_alpha": model.min_alpha, "old_words": self._old_words}
        return Held(
            {**{name: getattr(self._update, name) for name in NUMBERS}, **in_force},
            bool(self._update.outputs),
            self._own_rates,
            self._pull_words,
            self._done,
            None if replay is None else {"size": replay.corpus.size, "seed": replay.seed},
            {anchor.name: anchor.values for anchor in self._anchors},
        )

    def begin(self) -> None:
        """Let the model learn at the rates of the update."""
        update, model = self._update, self._model
        model.alpha = model.alpha if update.alpha is None else update.alpha
        model.min_alpha = model.min_alpha if update.min_alpha is None else update.min_alpha

    def lock_factors(self, factors: Matrix) -> Matrix:
        """Return the factors of a training: the model's, and for old rows this update's on top."""
        if self._update.lockf == 1:
            return factors
        factors = np.resize(factors, len(self._keys)).astype(np.float32)
        factors[: self._old_words] *= np.float32(self._update.lockf)
        return factors

    def begin_epoch(
        self, corpus: EncodedCorpus | KeptStream | Iterable[Any], rate: LearningRate, start: Position
    ) -> list[Pause]:
        """Take note of an epoch that begins, or goes on at `start`; return what is to be done at its pauses.

        Raises
        ------
        RuntimeError
            If words have moved since the training began: lock factors, old values and replayed ids go by their rows.
        """
        self._check_order()
        self._rate, self._mixture = rate, None
        if not start.jobs:
            self._done = 0.0
        if not self._anchors:
            return []
        if self._pull_words is None:
            words = corpus.raw_words if isinstance(corpus, EncodedCorpus) else self._expected_words(rate)
            if self._replay is not None:
                words = int(words * (1 + self._replay.ratio))
            self._pull_words = max(words // PULLS_AN_EPOCH, 1)
        return [Pause(self._pull_words, self._pull)]

    def _expected_words(self, rate: LearningRate) -> int:
        """About how many words an epoch of a streamed text holds: what `train` was told, or the vocabulary scan saw."""
        model = self._model
        if rate.total_words:
            return rate.total_words
        length = (
            (model.corpus_total_words or 0) / model.corpus_count if model.corpus_count else SENTENCE_WORDS
        )
        return round((rate.total_examples or 0) * length)

    def mixed(
        self, corpus: EncodedCorpus | Iterable[EncodedCorpus], epoch: int
    ) -> EncodedCorpus | Iterable[EncodedCorpus]:
        """Return the new text of an epoch with old sentences mixed in."""
        if self._replay is None:
            return corpus
        self._mixture = self._replay.mixed(corpus, epoch)
        return self._mixture

    def of_new_text(self, sentences: Any, words: Any) -> tuple[Any, Any]:
        """How much of the new text is behind, where so much of what is trained is behind."""
        return (sentences, words) if self._mixture is None else self._mixture.of_new_text(sentences, words)

    def _check_order(self) -> None:
        if self._model.wv.index_to_key is not self._keys:
            raise RuntimeError(
                "words were reordered or removed during an update, so its old rows are not known any more"
            )

    def _pull(self, position: Position) -> None:
        self._check_order()
        done = self._progress(position)
        share, self._done = max(done - self._done, 0.0), done
        rate = self._model.min_alpha_yet_reached / self._model.alpha if self._model.alpha else 0.0
        kept = math.exp(-self._update.anchor * share * rate) if self._update.lockf else 0.0
        for anchor in self._anchors:
            anchor.pull(kept)

    def end(self) -> None:
        """Leave the rates and frozen rows as they were, however the training ended."""
        self._model.alpha, self._model.min_alpha = self._own_rates
        if not self._update.lockf and self._model.wv.index_to_key is self._keys:
            for anchor in self._anchors:
                anchor.pull(0.0)

    def _progress(self, position: Position) -> float:
        """The share of the epoch that is behind, as the learning rate has it."""
        assert self._rate is not None
        if position.complete:
            return 1.0
        sentences, words = self.of_new_text(position.sentences, position.raw_words)
        total = self._rate.total_examples
        return min(float(sentences / total if total else words / (self._rate.total_words or 1)), 1.0)


# Id of a model under training -> its update, if it is under one; so that no copy of the model has one.
_RUNS: dict[int, UpdateRun | None] = {}
SETTINGS = ("alpha", "min_alpha", "epochs", "compute_loss", "running_training_loss", "loss_history")

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_RUNS.clear)  # what the parent's threads train, no child does


def run_of(model: object) -> UpdateRun | None:
    """Return the update that a model is just trained under, if there is one."""
    return _RUNS.get(id(model))


def under_update(train: Callable[P, R]) -> Callable[P, R]:
    """Let a method ``train(self, ..., update=None)`` run under the update that it is given.

    Raises
    ------
    TypeError
        If `update` is no `Update`.
    ValueError
        If the update contradicts other arguments.
    """
    signature = inspect.signature(train)

    @functools.wraps(train)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        given = signature.bind(*args, **kwargs)
        model, update = given.arguments["self"], given.arguments.pop("update", None)
        if update is None:
            with _governed_by(None, model):
                return train(*args, **kwargs)
        _check(update, given.arguments)
        with _governed_by(UpdateRun(update, model), model):
            return train(*given.args, **given.kwargs)

    return guarded


@contextlib.contextmanager
def resumed_update(model: Word2Vec, held: Held | None, replay: Any) -> Iterator[None]:
    """Context manager: within, a training goes on under the update of its checkpoint, if it was under one.

    Raises
    ------
    ValueError
        If `replay`, the old text, is lacking, not what it was, or of no use.
    TypeError
        If it cannot be read as a corpus.
    """
    if held is None and replay is not None:
        raise ValueError("the training of the checkpoint replays no old sentences; leave out replay")
    with _governed_by(None if held is None else UpdateRun(held.update(replay), model, held), model):
        yield


@contextlib.contextmanager
def _governed_by(run: UpdateRun | None, model: Word2Vec) -> Iterator[None]:
    """Within, a model is trained under `run`; where a callback trains it, the training around goes on as it was."""
    around = {id(model): _RUNS[id(model)]} if id(model) in _RUNS else {}
    settings = {name: getattr(model, name) for name in SETTINGS} if around else {}
    _RUNS[id(model)] = run
    try:
        if run is not None:
            run.begin()
        yield
    finally:
        try:
            if run is not None:
                run.end()
        finally:
            model.__dict__.update(settings)
            del _RUNS[id(model)]
            _RUNS.update(around)


def _check(update: Any, arguments: Mapping[str, Any]) -> None:
    if not isinstance(update, Update):
        raise TypeError(f"update must be an Update, such as Update(anchor=1.0), not {type(update).__name__}")
    for name, instead in (("start_alpha", "Update(alpha=...)"), ("end_alpha", "Update(min_alpha=...)")):
        if arguments.get(name) is not None:
            raise ValueError(f"{name} would change the model's own rates; with update= use {instead}")


class _Anchor:
    """The old values of the first rows of some weights: those given, or else those of now."""

    def __init__(self, model: Word2Vec, name: str, rows: int, values: Matrix | None) -> None:
        self._owner: Any = model.wv if name == "vectors" else model
        self.name = name
        if values is None:
            weights: Matrix = getattr(self._owner, name)
            values = memory.empty((rows, weights.shape[1]))
            values[...] = weights[:rows]
        self.values = values

    def pull(self, kept: float) -> None:
        """Shrink the way from the old values to the present ones to the share `kept`."""
        present: Matrix = getattr(self._owner, self.name)
        for first in range(0, len(self.values), BLOCK_ROWS):
            rows = slice(first, min(first + BLOCK_ROWS, len(self.values)))
            if kept:
                moved = present[rows] - self.values[rows]
                moved *= np.float32(kept - 1)
                present[rows] += moved
            else:
                present[rows] = self.values[rows]


def _replay_of(update: Update, model: Word2Vec, held: Held | None) -> Replay | None:
    """The replay that an update asks for, or goes on with; None if it asks for none."""
    then = None if held is None else held.replay
    if then is not None and update.replay is None:
        raise ValueError(
            "the training of the checkpoint replays old sentences; give them again, resume(..., replay=old)"
        )
    if update.replay is None or not update.replay_ratio:
        return None
    if held is not None and then is None:
        raise ValueError("the training of the checkpoint replays no old sentences; leave out replay")
    if jobs.are_overridden(model):
        raise ValueError(
            f"{type(model).__name__} trains by methods of its own, which get no replay; leave it out, or mix old "
            "sentences into the corpus"
        )
    is_path = isinstance(update.replay, str) or hasattr(update.replay, "__fspath__")
    try:
        sentences = corpora.open_corpus(
            None if is_path else update.replay, update.replay if is_path else None, passes=1
        )
        encoded = encode(sentences, model.wv.key_to_index, budget=model.corpus_budget)
    except TypeError as error:
        raise TypeError(f"Update(replay=...) cannot be read: {error}") from error
    if then is not None:
        check_same(tuple(then["size"]), encoded.size, "replay")
        return Replay(encoded, update.replay_ratio, then["seed"])
    if not encoded.n_tokens:
        raise ValueError(
            f"Update(replay=...) has no word of the vocabulary in {encoded.n_sentences} sentences; give old sentences "
            "as lists of words, not an iterator that is at its end"
        )
    seed = [0 if model.seed is None else model.seed % (1 << 64), model.train_count]
    return Replay(encoded, update.replay_ratio, seed)
