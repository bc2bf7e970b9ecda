"""Data-parallel training: every member of a group trains its part of the text on a replica of the model.

    build_vocab   count the part -> gather -> merge the counts -> broadcast -> the same vocabulary on every member
    train         for each epoch: train the part, merging replicas at barriers -> merge all rows -> add up the tallies
                  -> checkpoint and callbacks (rank 0)

All members begin with the same weights, because these follow from the seed. Each trains with the ordinary engine, which
runs the merges at its barriers, between two jobs. The learning rate falls with the trained share of the part; the
members wait for one another at every merge, so this is also the share of the whole text. The interval between merges is
counted in words and not in seconds, and every member makes the same number of merges, whatever the size of its part.
"""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.validation import as_int, as_optional_int, random_state
from fastw2v.corpora import TextShard, scan
from fastw2v.distributed.communicator import Communicator
from fastw2v.distributed.merging import Merger, Replicated, rows_of_merge
from fastw2v.formats.checksums import compute
from fastw2v.formats.xxh64 import XXH64
from fastw2v.training import checkpoints
from fastw2v.training.arguments import CheckpointFile, Reports, Schedule, TrainingText
from fastw2v.training.barriers import Barrier, TrainingPosition, check_same_size
from fastw2v.training.checkpoints import TrainingState
from fastw2v.training.group import Group
from fastw2v.training.progress import Tally
from fastw2v.training.session import TrainingSession
from fastw2v.training.trainer import thread_count
from fastw2v.word2vec import Word2Vec

__all__ = ["MergeSchedule", "build_vocab", "resume", "train"]

# Largest number of words between two merges, unless the jobs of the workers would be too small:
_MEMBER_WORDS = 5_000  # of each member
_GROUP_WORDS = 40_000  # of all members together
_JOB_WORDS = 1_000
_SEED_STEP = 1_000_003  # difference between the seeds of two members
_COUNTS = ("effective_words", "raw_words", "sentences", "examples")  # the whole numbers of a tally


@dataclass(frozen=True)
class MergeSchedule:
    """How often the replicas of a model are merged.

    Parameters
    ----------
    words : int, optional
        Mean number of raw words that each member trains from one merge to the next. The default is 5,000, or, with more
        than eight members, 40,000 divided by their number, but at least 1,000 for each worker. Merges are made between
        two jobs, so the jobs of a group of several members have at most this number of words divided by `workers`.
    frequent_rows : int, default 256
        Number of the most frequent rows that every merge takes. Every second merge takes twice as many, every fourth
        four times as many, and so on; the last merge of an epoch takes all.

    Examples
    --------
    >>> from fastw2v.distributed import MergeSchedule
    >>> MergeSchedule(words=50_000).words
    50000
    """

    words: int | None = None
    frequent_rows: int = 256

    def __post_init__(self) -> None:
        as_optional_int("words", self.words, minimum=1)
        as_int("frequent_rows", self.frequent_rows, minimum=1)


def build_vocab(
    model: Word2Vec,
    corpus_iterable: Iterable[Any] | None = None,
    corpus_file: Any = None,
    *,
    communicator: Communicator,
    update: bool = False,
    keep_raw_vocab: bool = False,
    trim_rule: Any = None,
) -> None:
    """Build, or with `update` extend, the vocabulary of a model from the parts of a text that the members hold.

    Every member calls this with a model of the same settings. All members then have the same vocabulary and the same
    initial weights.

    Parameters
    ----------
    model : Word2Vec
    corpus_iterable : iterable of lists of str, optional
        The part of this member.
    corpus_file : str, os.PathLike, or a list of these, optional
        The whole text: files, directories or URIs, of which this member takes its part.
    communicator : Communicator
    update, keep_raw_vocab, trim_rule
        As in `Word2Vec.build_vocab`.

    Raises
    ------
    ValueError
        If the model has a `max_vocab_size`, because each member would leave out different words.

    Examples
    --------
    >>> from fastw2v import Word2Vec
    >>> from fastw2v.distributed import build_vocab, run_threads
    >>> texts = [[["a", "cat"], ["a", "dog"]], [["a", "cow"], ["the", "cat"]]]
    >>> def count(communicator):
    ...     model = Word2Vec(vector_size=8, min_count=2)
    ...     build_vocab(model, texts[communicator.rank], communicator=communicator)
    ...     return model.wv.index_to_key
    >>> run_threads(2, count)
    [['a', 'cat'], ['a', 'cat']]
    """
    if model.max_vocab_size:
        raise ValueError(
            "max_vocab_size would make each member leave out other words; use min_count or max_final_vocab"
        )
    with communicator.abort_on_error():
        part = _part(corpus_iterable, corpus_file, communicator)
        found = scan(part, trim_rule=trim_rule)
        parts = communicator.gather((dict(found.counts), found.n_sentences, found.total_words))
        merged = None if parts is None else _merge_counts(parts)
        counts, n_sentences, total_words = communicator.broadcast(merged)
        with _shared_seed(model, communicator):
            model.build_vocab_from_freq(
                counts,
                corpus_count=n_sentences,
                update=update,
                keep_raw_vocab=keep_raw_vocab,
                trim_rule=trim_rule,
            )
        model.corpus_total_words = total_words


@contextlib.contextmanager
def _shared_seed(model: Word2Vec, communicator: Communicator) -> Iterator[None]:
    """Context manager in which a model with ``seed=None`` has the same new seed on all members."""
    drawn = communicator.broadcast(int(np.random.RandomState().randint(2**32, dtype=np.uint32)))
    seed = model.seed
    model.seed = drawn if seed is None else seed
    try:
        yield
    finally:
        model.seed = seed


def _merge_counts(parts: Sequence[tuple[dict[Any, int], int, int]]) -> tuple[dict[Any, int], int, int]:
    """Return the sums of the counts, with the words in the order of the whole text."""
    counts: dict[Any, int] = {}
    for part, _, _ in parts:
        for word, count in part.items():
            counts[word] = counts.get(word, 0) + count
    return counts, sum(part[1] for part in parts), sum(part[2] for part in parts)


def train(
    model: Word2Vec,
    corpus_iterable: Iterable[Any] | None = None,
    corpus_file: Any = None,
    *,
    communicator: Communicator,
    epochs: int | None = None,
    start_alpha: float | None = None,
    end_alpha: float | None = None,
    schedule: MergeSchedule | None = None,
    compute_loss: bool | None = None,
    callbacks: Iterable[Any] | None = (),
    checkpoint: Any = None,
    report_delay: float = 1.0,
    progress: bool | None = None,
) -> tuple[int, int]:
    """Train a model on the parts of a text that the members hold; all members have the same model then.

    Parameters
    ----------
    model : Word2Vec
        The model, equal on all members: from `build_vocab`, or loaded from one file.
    corpus_iterable, corpus_file
        The text, as in `build_vocab`. An iterable is iterated once to count its sentences, and once in each epoch.
    communicator : Communicator
    epochs : int, optional
        By default, that of the model.
    start_alpha, end_alpha, compute_loss, report_delay, progress
        As in `Word2Vec.train`.
    schedule : MergeSchedule, optional
        How often the replicas are merged.
    callbacks : iterable of CallbackAny2Vec
        They are called on rank 0. What they change in the weights reaches all members, and if one raises
        `StopTraining`, the training of all members ends. They must not change the words. Checkpoints have the state of
        each callback that has a `state_dict`.
    checkpoint : str or path, optional
        A file that rank 0 replaces at the end of each epoch, for `resume`. If it cannot be written, an error is logged
        and the training continues.

    Returns
    -------
    (int, int)
        The numbers of effective words and raw words that all members have trained.

    Raises
    ------
    CommunicatorError
        If another member failed.
    RuntimeError, ValueError, TypeError, Exception
        As from `Word2Vec.train`.

    Examples
    --------
    >>> from fastw2v import Word2Vec
    >>> from fastw2v.distributed import build_vocab, run_threads, train
    >>> text = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
    >>> def part(communicator):
    ...     sentences = text[communicator.rank :: communicator.size]
    ...     model = Word2Vec(vector_size=8, min_count=1)
    ...     build_vocab(model, sentences, communicator=communicator)
    ...     train(model, sentences, communicator=communicator)
    ...     return model
    >>> first, second = run_threads(2, part)
    >>> bool((first.wv.vectors == second.wv.vectors).all())
    True
    """
    with communicator.abort_on_error():
        part = _part(corpus_iterable, corpus_file, communicator)
        epochs = model.epochs if epochs is None else as_int("epochs", epochs, minimum=1)
        model._check_training_sanity(epochs, 1)
        if communicator.rank:
            checkpoint, callbacks, progress = None, (), False
        checkpoints.check_arguments(checkpoint, None, (part,))
        run = _Run(model, part, communicator, schedule or MergeSchedule(), epochs, bool(callbacks))
        model._check_not_within_growth()
        with model._lock.hold():
            session = TrainingSession.begin(
                model,
                TrainingText(corpus_iterable=part),
                Schedule(
                    epochs=epochs,
                    total_examples=max(1, run.part[0]),
                    start_alpha=start_alpha,
                    end_alpha=end_alpha,
                ),
                reports=Reports(
                    callbacks=callbacks,
                    report_delay=report_delay,
                    progress=progress,
                    compute_loss=compute_loss,
                ),
                checkpoint=CheckpointFile(checkpoint),
                barriers=[run.barrier],
                group=run.group,
            )
            return run.train(session)


def resume(
    path: Any,
    corpus_iterable: Iterable[Any] | None = None,
    corpus_file: Any = None,
    *,
    communicator: Communicator,
    workers: int | None = None,
    schedule: MergeSchedule | None = None,
    callbacks: Iterable[Any] | None = (),
    report_delay: float = 1.0,
    progress: bool | None = None,
) -> Word2Vec:
    """Resume a training from the `checkpoint` of `train`; the group may have another size.

    As `Word2Vec.resume`, it begins with the callbacks: those that have a `state_dict` get their state back, and
    ``on_epoch_begin`` and ``on_epoch_end`` are called for the epoch of the checkpoint again, with the same weights. If
    that was the last epoch, nothing else is left to do.

    Parameters
    ----------
    path : str or path
        The checkpoint. Only rank 0 reads it.
    corpus_iterable, corpus_file, communicator, schedule, callbacks, report_delay, progress
        As in `train`.
    workers : int, optional
        The number of threads of each member; by default that of the interrupted training.

    Returns
    -------
    Word2Vec
        The trained model, on every member.

    Raises
    ------
    ValueError
        If the file is not a checkpoint or is damaged; if it was written by `Word2Vec.train` within an epoch, with an
        `Update` or with `sample_weight`; if the text has not as many sentences and words as that of the checkpoint.

    Examples
    --------
    A training that was interrupted, here by a callback after the first of three epochs:

    >>> import os, tempfile
    >>> from fastw2v import CallbackAny2Vec, Word2Vec
    >>> from fastw2v.distributed import SingleProcess, resume, train
    >>> class Interrupt(CallbackAny2Vec):
    ...     def on_epoch_begin(self, model):
    ...         if len(model.loss_history) == 1:
    ...             raise KeyboardInterrupt
    >>> text = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
    >>> model = Word2Vec(vector_size=8, min_count=1, epochs=3, workers=1, compute_loss=True)
    >>> model.build_vocab(text)
    >>> path = os.path.join(tempfile.mkdtemp(), "checkpoint")
    >>> try:
    ...     train(model, text, communicator=SingleProcess(), checkpoint=path, callbacks=[Interrupt()])
    ... except KeyboardInterrupt:
    ...     model = resume(path, text, communicator=SingleProcess())
    >>> len(model.loss_history)
    3
    """
    model: Word2Vec
    with communicator.abort_on_error():
        saved = None
        if communicator.rank == 0:
            model, state = checkpoints.read(path, Word2Vec._from_checkpoint)
            _check_resumable(path, state)
            saved = pickle.dumps((model, replace(state, callbacks=[], callback_arrays=[])))
            of_callbacks = {"callbacks": state.callbacks, "callback_arrays": state.callback_arrays}
        model, state = pickle.loads(communicator.broadcast(saved))  # a model of its own for each member
        if communicator.rank:
            path, callbacks, progress = None, (), False
        else:
            state = replace(state, **of_callbacks)
        if workers is not None:
            model.workers = as_int("workers", workers)
        part = _part(corpus_iterable, corpus_file, communicator)
        first = state.position.epoch + 1  # the position is the end of an epoch
        run = _Run(
            model, part, communicator, schedule or MergeSchedule(), model.epochs, bool(callbacks), first=first
        )
        check_same_size(state.corpus, run.group.text)
        with model._lock.hold():
            session = TrainingSession.resume(
                model,
                TrainingText(corpus_iterable=part),
                state.of_text(run.part),
                reports=Reports(callbacks=callbacks, report_delay=report_delay, progress=progress),
                checkpoint=path,
                barriers=[run.barrier],
                group=run.group,
            )
            run.train(session)
        return model


def _check_resumable(path: Any, state: TrainingState) -> None:
    """Raise a ValueError if a group cannot continue from a checkpoint of one process."""
    if not state.position.complete:
        raise ValueError(
            f"{path!r} is a checkpoint within an epoch, which checkpoint_every has written; a group can continue only "
            "from the end of an epoch, so use Word2Vec.resume"
        )
    if state.update is not None or state.sample_weight is not None:
        raise ValueError(
            f"{path!r} is the checkpoint of a training with an Update or with sample_weight, which a group does not "
            "support; use Word2Vec.resume"
        )


class _Run:
    """The actions of a member besides the training itself: merges, and the exchange with the other members.

    Attributes
    ----------
    part : (int, int)
        Sentences and raw words of the part.
    group : Group
        What the session asks of the other members.
    barrier : Barrier
        The merges.
    """

    def __init__(
        self,
        model: Word2Vec,
        part: Iterable[Any],
        communicator: Communicator,
        schedule: MergeSchedule,
        epochs: int,
        has_callbacks: bool,
        first: int = 0,
    ) -> None:
        self._model, self._communicator, self._schedule = model, communicator, schedule
        self._epochs, self._first = epochs, first
        self._has_callbacks = communicator.broadcast(has_callbacks) and communicator.size > 1
        found = scan(part)
        self.part = (found.n_sentences, found.total_words)
        n_sentences, n_words = self._sum(np.array(self.part, dtype=np.int64)).tolist()
        if not n_words:
            raise ValueError(
                "the text of all members is empty; pass the corpus that the vocabulary was built from"
            )
        self.group = Group((n_sentences, n_words), self._total, self._after_callbacks)
        self._words = n_words / communicator.size
        # The merges of a reproducible training must not depend on the number of threads.
        threads = 1 if model.reproducible else thread_count(model.workers)
        words = schedule.words or max(
            min(_MEMBER_WORDS, _GROUP_WORDS // communicator.size), threads * _JOB_WORDS
        )
        self._n_merges = max(1, round(self._words / words))
        self._n_merged = 0
        self._merger = Merger(communicator, _replicated(model))
        every = max(1, -(-self.part[1] // self._n_merges))
        jobs = model.virtual_workers if model.reproducible else threads
        job_words = max(1, words // jobs) if communicator.size > 1 else None
        self.barrier = Barrier(every, self._at_barrier, job_words)

    def train(self, session: TrainingSession) -> tuple[int, int]:
        model, communicator = self._model, self._communicator
        self._check_equal()
        self._alpha, self._min_alpha = model.alpha, model.min_alpha  # after `begin`, which may have set them
        if communicator.rank:  # each member draws its own negatives
            seed = model.seed
            model.random = random_state(
                None if seed is None else (seed + communicator.rank * _SEED_STEP) % 2**32
            )
        counts = session.run()
        model.random.set_state(communicator.broadcast(model.random.get_state()))
        return counts

    def _sum(self, numbers: NDArray[Any]) -> NDArray[Any]:
        self._communicator.allreduce(numbers)
        return numbers

    def _total(self, tally: Tally) -> Tally:
        counts = np.array([getattr(tally, name) for name in _COUNTS], dtype=np.int64)
        totals = dict(zip(_COUNTS, self._sum(counts).tolist(), strict=True))
        return Tally(**totals, loss=float(self._sum(np.array([tally.loss]))[0]))

    def _after_callbacks(self, stop: bool) -> bool:
        """Give all members what the callbacks of rank 0 have changed; return whether the training ends."""
        if self._has_callbacks:
            differing = self._differing({"words": self._words_of_model(), "weights": self._checksum()})
            if "words" in differing:
                raise RuntimeError(
                    "a callback has added, sorted or removed words, but callbacks run on rank 0 only, so the models of "
                    "the members do not fit together any more; change words between two trainings, on all members"
                )
            if differing:
                own = (
                    [array.copy() for array in _weights(self._model)]
                    if self._communicator.rank == 0
                    else None
                )
                for array, changed in zip(
                    _weights(self._model), self._communicator.broadcast(own), strict=True
                ):
                    np.copyto(array, changed)
                self._model.wv.invalidate_norms()
            self._merger.take(_replicated(self._model))
            losses = self._communicator.broadcast(self._model.validation_loss_history)
            self._model.validation_loss_history = list(losses)
        return bool(self._communicator.broadcast(stop))

    def _check_equal(self) -> None:
        """Raise an error on all members if their models or settings differ, which would make merges meaningless."""
        model = self._model
        facts = {
            "words": self._words_of_model(),
            "weights": self._checksum(),
            "alpha, min_alpha, epochs": (model.alpha, model.min_alpha, self._epochs),
            "schedule": (self._n_merges, self._schedule),
        }
        if different := self._differing(facts):
            raise ValueError(
                f"the members differ in their {' and '.join(different)}; every member must call build_vocab and train "
                "with the same settings, or load the same file"
            )

    def _differing(self, facts: dict[str, Any]) -> list[str]:
        """Return the names of the facts that are not the same on all members; all of them get this list."""
        gathered = self._communicator.gather(facts)
        wrong = gathered and [name for name in facts if any(each[name] != facts[name] for each in gathered)]
        differing: list[str] = self._communicator.broadcast(wrong)
        return differing

    def _words_of_model(self) -> tuple[int, int]:
        return len(self._model.wv), compute(self._model._vocabulary.counts.tobytes())

    def _checksum(self) -> int:
        weights = XXH64()
        for array in _weights(self._model):
            weights.update(array.reshape(-1).view(np.uint8))
        return weights.value

    def _at_barrier(self, position: TrainingPosition) -> None:
        """Make the merges that are due at a position in the part."""
        due = self._n_merges
        if not position.complete:
            due = min(due - 1, self._n_merges * position.raw_words // max(1, self.part[1]))
        while self._n_merged < due:
            self._n_merged += 1
            last = self._n_merged == self._n_merges
            n_rows = rows_of_merge(self._n_merged, self._schedule.frequent_rows, len(self._model.wv))
            share = position.epoch - self._first + self._n_merged / self._n_merges
            progress = (self._first + share) / self._epochs
            alpha = self._alpha + (self._min_alpha - self._alpha) * progress
            self._merger.merge(None if last else n_rows, share * self._words, alpha)
        if position.complete:
            self._n_merged = 0


def _weights(model: Word2Vec) -> list[NDArray[np.float32]]:
    arrays = (model.wv.vectors, model.syn1neg, model.syn1, model.syn1neg_bias)
    return [array for array in arrays if array is not None]


def _replicated(model: Word2Vec) -> list[Replicated]:
    """Return the arrays that a training changes, with the number of updates that a raw word brings to each row."""
    counts = model._vocabulary.counts
    falling = bool((counts[:-1] >= counts[1:]).all())
    order = None if falling else np.argsort(-counts, kind="stable")
    kept = counts.astype(np.float64)
    if model.sample or model.sample is None:
        kept *= model._vocabulary.sample_ints(model.sample) / 2.0**32
    centers = kept / max(1, counts.sum())  # how often a word is a center, for each raw word
    sides = model.window if isinstance(model.window, tuple) else (model.window, model.window)
    contexts = sum((side + 1) / 2 if model.shrink_windows else float(side) for side in sides)
    uses = contexts if model.sg else 1.0  # of the output rows of a center
    targets, tree = float(model.negative and model.negative + 1), model.huffman_tree if model.hs else None
    if tree is not None:
        targets += float(np.average(np.diff(tree.offsets), weights=counts))
    opposites = (0,) if tree is None else ()  # `merging` says why
    inputs = Replicated(model.wv.vectors, centers * contexts * targets, order, opposites)
    outputs = []
    if (
        model.negative
        and model.syn1neg is not None
        and model.cum_table is not None
        and not model.tied_weights
    ):
        noise = np.diff(model.cum_table.astype(np.float64), prepend=0.0) / max(1, int(model.cum_table[-1]))
        updates = uses * (centers + centers.sum() * model.negative * noise)
        outputs.append(Replicated(model.syn1neg, updates, order, opposites))
        inputs = replace(inputs, opposites=(1,) if opposites else ())
        if model.syn1neg_bias is not None:
            outputs.append(Replicated(model.syn1neg_bias, updates, order))
    if tree is not None and model.syn1 is not None:
        paths = np.repeat(centers, np.diff(tree.offsets))
        visits = np.bincount(tree.points, weights=paths, minlength=len(model.syn1)).astype(np.float64)
        outputs.append(Replicated(model.syn1, uses * visits, np.argsort(-visits, kind="stable")))
    return [inputs, *outputs]


def _part(corpus_iterable: Any, corpus_file: Any, communicator: Communicator) -> Any:
    """Return the part of the text that this member trains."""
    if (corpus_iterable is None) == (corpus_file is None):
        raise TypeError(
            "pass either corpus_iterable, the sentences of this member, or corpus_file, the whole text in files"
        )
    if corpus_file is not None:
        return TextShard(corpus_file, communicator.rank, communicator.size)
    return corpus_iterable
