"""Distributed training: one member is the ordinary training, several have one model, errors and crashes end cleanly."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, EarlyStopping, StopTraining, Update, ValidationLoss, Word2Vec
from fastw2v.distributed import (
    CommunicatorError,
    MergeSchedule,
    SingleProcess,
    build_vocab,
    resume,
    run_threads,
    train,
)
from fastw2v.distributed.curvature import Curvature
from fastw2v.distributed.merging import SLOPE, Merger, Replicated, merge_factors, rows_of_merge
from fastw2v.training import checkpoints
from helpers.corpora import zipf_sentences
from helpers.parameters import one_in

CORPUS = zipf_sentences(6_000, 300, seed=4)
SCHEMES = [
    {"sg": 1},
    {"sg": 0},
    {"sg": 1, "hs": 1, "negative": 0},
    {"sg": 1, "objective": "sampled_softmax"},
    {"sg": 0, "objective": "sampled_softmax", "tied_weights": True},
]
SETTINGS = {"vector_size": 12, "min_count": 2, "epochs": 2, "workers": 1, "seed": 7, "batch_words": 100}
OFTEN = MergeSchedule(words=100, frequent_rows=200)


def text_file(folder):
    path = folder / "text"
    path.write_text("\n".join(map(" ".join, CORPUS)) + "\n")
    return path


def weights(model):
    found = [model.wv.vectors, model.syn1neg, model.syn1, model.syn1neg_bias, model.random.get_state()[1]]
    return [array for array in found if array is not None]


def assert_same(one, other):
    assert one.wv.index_to_key == other.wv.index_to_key
    for ours, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def trained(communicator, path, scheme=None, **options):
    model = Word2Vec(**{**SETTINGS, **(scheme or {})})
    build_vocab(model, corpus_file=path, communicator=communicator)
    counts = train(model, corpus_file=path, communicator=communicator, schedule=OFTEN, **options)
    assert counts[1] == 2 * sum(map(len, CORPUS))
    return model


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_one_member_is_the_ordinary_training(tmp_path, scheme):
    path = text_file(tmp_path)
    assert_same(trained(SingleProcess(), path, scheme), Word2Vec(corpus_file=path, **SETTINGS, **scheme))


def test_a_reproducible_training_does_not_depend_on_the_workers_of_the_members(tmp_path):
    path = text_file(tmp_path)
    assert_same(
        trained(SingleProcess(), path, {"reproducible": True, "workers": 2}),
        Word2Vec(corpus_file=path, **SETTINGS, reproducible=True),
    )
    of_one, of_three = (
        run_threads(
            2,
            lambda communicator, scheme={"reproducible": True, "workers": workers}: trained(
                communicator, path, scheme
            ),
        )[0]
        for workers in (1, 3)
    )
    assert_same(of_one, of_three)


@pytest.mark.parametrize("reproducible", [False, True])
def test_the_schedule_depends_on_the_number_of_threads_unless_the_training_is_reproducible(
    monkeypatch, reproducible
):
    monkeypatch.setattr("fastw2v.training.trainer.usable_cores", lambda: 10)
    corpus = zipf_sentences(100_000, 300, seed=4)

    merges = []
    monkeypatch.setattr(Merger, "merge", lambda merger, *arguments: merges.append(arguments))

    def n_merges(workers):
        def member(communicator):
            model = Word2Vec(**{**SETTINGS, "epochs": 1, "workers": workers, "reproducible": reproducible})
            part = corpus[communicator.rank :: 2]
            build_vocab(model, part, communicator=communicator)
            train(model, part, communicator=communicator)

        merges.clear()
        run_threads(2, member)
        return len(merges) / 2

    assert n_merges(-1) == n_merges(10) == (10 if reproducible else 5)


@pytest.mark.parametrize("scheme", one_in(2, SCHEMES), ids=str)
def test_all_members_have_one_model_which_learns_from_all_parts(tmp_path, scheme):
    path = text_file(tmp_path)
    first, *others = run_threads(3, lambda communicator: trained(communicator, path, scheme))
    for other in others:
        assert_same(other, first)
    whole = Word2Vec(corpus_file=path, **SETTINGS, **scheme)
    assert first.wv.index_to_key == whole.wv.index_to_key
    assert first.corpus_count == whole.corpus_count
    assert first.corpus_total_words == whole.corpus_total_words
    if "objective" not in scheme:
        untrained = Word2Vec(corpus_file=path, **{**SETTINGS, **scheme, "epochs": 1, "alpha": 1e-6})
        start, end, merged = (model.evaluate_loss(CORPUS) for model in (untrained, whole, first))
        assert merged < max(end, start - 0.5 * (start - end))  # overfitting makes `end` the larger one


@pytest.mark.slow
def test_jobs_are_small_enough_for_the_schedule(tmp_path):
    path = text_file(tmp_path)
    small, large = (
        run_threads(2, lambda communicator: trained(communicator, path, {"batch_words": size}))[0]  # noqa: B023
        for size in (100, 10_000)
    )
    assert_same(small, large)


@pytest.mark.slow
def test_the_same_parts_give_the_same_model(tmp_path):
    path = text_file(tmp_path)
    first, again = (run_threads(3, lambda communicator: trained(communicator, path))[0] for _ in range(2))
    assert_same(again, first)


def test_more_members_than_lines(tmp_path):
    path = tmp_path / "text"
    path.write_text("a b c d\n" * 3)

    def part(communicator):
        model = Word2Vec(vector_size=4, min_count=1, epochs=2, workers=1)
        build_vocab(model, corpus_file=path, communicator=communicator)
        return model, train(model, corpus_file=path, communicator=communicator)

    results = run_threads(5, part)
    for model, counts in results:
        assert_same(model, results[0][0])
        assert counts[1] == 24


class Iterated:
    """Sentences that can be iterated again, of a class that fastw2v does not know."""

    def __init__(self, sentences):
        self.sentences = sentences

    def __iter__(self):
        return iter(self.sentences)


PARTS = {
    "an empty part": ([], CORPUS[:300]),
    "a short part": (CORPUS[:20], CORPUS[20:300]),
    "a long sentence at the end": (
        CORPUS[:150],
        [*CORPUS[150:200], [word for line in CORPUS[200:300] for word in line]],
    ),
}


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_parts_of_other_lengths_are_merged_together(parts):
    def part(communicator):
        mine = parts[communicator.rank]
        model = Word2Vec(**SETTINGS)
        build_vocab(model, mine, communicator=communicator)
        return model, train(model, mine, communicator=communicator, schedule=MergeSchedule(words=300))

    (first, counts), (second, _) = run_threads(2, part)
    assert_same(second, first)
    assert counts[1] == 2 * sum(map(len, CORPUS[:300]))


@pytest.mark.parametrize("members", [1, 2])
def test_a_checkpoint_of_one_process_is_resumed_by_a_group(tmp_path, members):
    path, checkpoint = text_file(tmp_path), tmp_path / "run.ckpt"

    class Crash(CallbackAny2Vec):
        def on_epoch_end(self, model):
            raise KeyError("crash")

    with pytest.raises(KeyError, match="crash"):
        Word2Vec(
            corpus_file=path, checkpoint=checkpoint, checkpoint_every=2_000, callbacks=[Crash()], **SETTINGS
        )
    words = sum(map(len, CORPUS))
    for model in run_threads(
        members, lambda communicator: resume(checkpoint, corpus_file=path, communicator=communicator)
    ):
        assert [row["words"] for row in model.history()] == [words]
    assert checkpoints.read(checkpoint, Word2Vec._from_state)[1].position.complete


def test_a_member_without_sentences_resumes(tmp_path):
    checkpoint = tmp_path / "run.ckpt"

    class Crash(CallbackAny2Vec):
        def on_epoch_begin(self, model):
            if len(model.loss_history) == 1:
                raise KeyError("crash")

    def part(communicator):
        mine = Iterated([] if communicator.rank else CORPUS)
        model = Word2Vec(**{**SETTINGS, "epochs": 4, "compute_loss": True})
        build_vocab(model, mine, communicator=communicator)
        train(model, mine, communicator=communicator, checkpoint=checkpoint, callbacks=[Crash()])

    with pytest.raises(KeyError, match="crash"):
        run_threads(2, part)
    first, second = run_threads(
        2,
        lambda communicator: resume(
            checkpoint, Iterated([] if communicator.rank else CORPUS), communicator=communicator
        ),
    )
    assert_same(second, first)
    assert len(first.loss_history) == 4


def test_updates_and_further_trainings(tmp_path):
    path = text_file(tmp_path)
    new = [["new", "words", *CORPUS[0]]] * 40

    def part(communicator):
        model = trained(communicator, path)
        mine = new[communicator.rank :: communicator.size]
        build_vocab(model, mine, communicator=communicator, update=True)
        before = model.wv["new"].copy()
        train(model, mine, communicator=communicator, epochs=1, start_alpha=0.05)
        assert not np.array_equal(model.wv["new"], before)
        return model

    first, second = run_threads(2, part)
    assert_same(first, second)
    assert first.wv.get_vecattr("new", "count") == 40


@pytest.mark.parametrize("members", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_training_resumes_on_any_number_of_members(tmp_path, members):
    path, checkpoint = text_file(tmp_path), tmp_path / "checkpoint"

    class Crash(CallbackAny2Vec):
        def on_epoch_end(self, model):
            raise KeyError("crash")

    with pytest.raises(KeyError, match="crash"):
        run_threads(
            2, lambda communicator: trained(communicator, path, callbacks=[Crash()], checkpoint=checkpoint)
        )
    models = run_threads(
        members,
        lambda communicator: resume(checkpoint, corpus_file=path, communicator=communicator, schedule=OFTEN),
    )
    for model in models:
        assert_same(model, models[0])
        assert model.train_count == 1
    if members == 2:
        whole = run_threads(2, lambda communicator: trained(communicator, path))[0]
        for ours, theirs in zip(weights(models[0])[:2], weights(whole)[:2], strict=True):
            np.testing.assert_allclose(ours, theirs, atol=0.5)


class Recorder(CallbackAny2Vec):
    """Notes each event, and the training losses at that time; raises a KeyError at the end of one epoch."""

    def __init__(self, crash_after=None):
        self.events, self.crash_after = [], crash_after

    def on_train_begin(self, model):
        self.note("train begin", model)

    def on_epoch_begin(self, model):
        self.note("epoch begin", model)

    def on_epoch_end(self, model):
        self.note("epoch end", model)
        if len(model.loss_history) == self.crash_after:
            raise KeyError("crash")

    def on_train_end(self, model):
        self.note("train end", model)

    def note(self, event, model):
        self.events.append((event, list(model.loss_history)))


def without_times(model):
    """Return what a training leaves on a model beside the weights, without times."""
    rows = [
        {name: row[name] for name in row if name not in ("counted", "trained")} for row in model.text_history
    ]
    messages = [
        event["msg"].partition(" took")[0]
        for event in model.lifecycle_events
        if str(event.get("msg", "")).startswith("training on")
    ]
    losses = model.loss_history, model.validation_loss_history, model.running_training_loss
    return model.train_count, model.epochs, model.min_alpha_yet_reached, losses, rows, messages


@pytest.mark.parametrize("members", [1, 2])
def test_a_training_that_crashed_after_its_last_epoch_resumes_as_if_nothing_had_happened(tmp_path, members):
    """Its callbacks do not miss the epoch; all counters, losses and records are those of the uninterrupted training."""
    path, checkpoint = text_file(tmp_path), tmp_path / "checkpoint"

    def run(communicator, recorder, **options):
        validation = ValidationLoss(CORPUS[:20])
        return trained(
            communicator, path, {"compute_loss": True}, callbacks=[recorder, validation], **options
        )

    whole, crashed, resumed = Recorder(), Recorder(crash_after=2), Recorder()
    expected = run_threads(members, lambda communicator: run(communicator, whole))[0]
    with pytest.raises(KeyError, match="crash"):
        run_threads(members, lambda communicator: run(communicator, crashed, checkpoint=checkpoint))
    callbacks = [resumed, ValidationLoss(CORPUS[:20])]
    model, *others = run_threads(
        members,
        lambda communicator: resume(
            checkpoint, corpus_file=path, communicator=communicator, schedule=OFTEN, callbacks=callbacks
        ),
    )
    assert_same(model, expected)
    assert without_times(model) == without_times(expected)
    assert len(model.loss_history) == len(model.validation_loss_history) == 2
    assert crashed.events == whole.events[:5]
    assert [event for event, _ in resumed.events] == ["train begin", "epoch begin", "epoch end", "train end"]
    assert resumed.events[2:] == whole.events[4:]
    for other in others:
        assert_same(other, model)
        assert without_times(other)[3] == without_times(model)[3]


def test_a_training_that_crashed_earlier_resumes_with_the_losses_of_all_epochs(tmp_path):
    path, checkpoint = text_file(tmp_path), tmp_path / "checkpoint"
    crashed, resumed, validation = Recorder(crash_after=1), Recorder(), ValidationLoss(CORPUS[:20])
    with pytest.raises(KeyError, match="crash"):
        run_threads(
            2,
            lambda communicator: trained(
                communicator, path, {"compute_loss": True}, callbacks=[crashed], checkpoint=checkpoint
            ),
        )
    model = run_threads(
        3,
        lambda communicator: resume(
            checkpoint, corpus_file=path, communicator=communicator, callbacks=[resumed, validation]
        ),
    )[0]
    assert model.loss_history[:1] == crashed.events[-1][1]
    assert len(model.loss_history) == len(validation.losses) == len(model.validation_loss_history) == 2
    assert f"training on {2 * sum(map(len, CORPUS))} raw words" in model.lifecycle_events[-1]["msg"]


def test_a_resumed_training_stops_early_where_the_callback_says(tmp_path):
    path, checkpoint = text_file(tmp_path), tmp_path / "checkpoint"
    stopping = {"patience": 1, "min_delta": 100.0}  # the second epoch is no improvement
    with pytest.raises(KeyError, match="crash"):
        run_threads(
            2,
            lambda communicator: trained(
                communicator,
                path,
                {"epochs": 9, "compute_loss": True},
                callbacks=[EarlyStopping(CORPUS[:20], **stopping), Recorder(crash_after=2)],
                checkpoint=checkpoint,
            ),
        )
    callback = EarlyStopping(CORPUS[:20], **stopping)
    models = run_threads(
        2,
        lambda communicator: resume(
            checkpoint, corpus_file=path, communicator=communicator, callbacks=[callback]
        ),
    )
    assert [len(model.loss_history) for model in models] == [2, 2]
    assert (len(callback.losses), callback.best_epoch) == (2, 0)


def test_one_process_can_continue_from_the_checkpoint_of_a_group_and_the_reverse(tmp_path):
    path, checkpoint = text_file(tmp_path), tmp_path / "checkpoint"
    with pytest.raises(KeyError, match="crash"):
        run_threads(
            2,
            lambda communicator: trained(
                communicator, path, {"compute_loss": True}, callbacks=[Recorder(1)], checkpoint=checkpoint
            ),
        )
    alone = Word2Vec.resume(checkpoint, corpus_file=path)
    assert len(alone.loss_history) == 2
    group = run_threads(
        2, lambda communicator: resume(checkpoint, corpus_file=path, communicator=communicator)
    )
    assert [model.loss_history for model in group] == [alone.loss_history] * 2  # that was its last epoch


def test_checkpoints_that_a_group_cannot_continue_from_are_refused(tmp_path, monkeypatch):
    path, checkpoint = text_file(tmp_path), tmp_path / "checkpoint"
    one = SingleProcess()
    trained(one, path, checkpoint=checkpoint)
    with pytest.raises(ValueError, match="resume with the same corpus"):
        resume(checkpoint, CORPUS[:50], communicator=one)

    model = Word2Vec(**SETTINGS)
    model.build_vocab(CORPUS)
    arguments = {"total_examples": model.corpus_count, "epochs": 1, "checkpoint": checkpoint}
    for option in ({"update": Update(anchor=1.0)}, {"sample_weight": np.ones(len(CORPUS))}):
        model.train(CORPUS, **option, **arguments)
        with pytest.raises(ValueError, match="with an Update or with sample_weight"):
            resume(checkpoint, CORPUS, communicator=one)

    def write_and_interrupt(*values):
        write(*values)
        raise KeyboardInterrupt

    write = checkpoints.write
    monkeypatch.setattr(checkpoints, "write", write_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.train(CORPUS, **arguments, checkpoint_every=1_000)
    with pytest.raises(ValueError, match="within an epoch"):
        resume(checkpoint, CORPUS, communicator=one)


def test_members_that_differ_are_refused(tmp_path):
    path = text_file(tmp_path)

    def part(communicator):
        return trained(communicator, path, {"alpha": 0.02, "seed": 1 + communicator.rank})

    with pytest.raises(ValueError, match="differ in their weights"):
        run_threads(2, part)


def test_without_a_seed_all_members_still_have_one_model(tmp_path):
    path = text_file(tmp_path)
    first, second = run_threads(2, lambda communicator: trained(communicator, path, {"seed": None}))
    assert first.seed is None
    assert_same(first, second)
    assert not np.array_equal(first.wv.vectors, trained(SingleProcess(), path, {"seed": None}).wv.vectors)


def test_callbacks_of_rank_0_stop_all_members(tmp_path):
    path, epochs = text_file(tmp_path), []

    class Stop(CallbackAny2Vec):
        def on_epoch_end(self, model):
            epochs.append(len(model.wv))
            raise StopTraining

    def part(communicator):
        model = Word2Vec(**{**SETTINGS, "epochs": 50})
        build_vocab(model, corpus_file=path, communicator=communicator)
        counts = train(model, corpus_file=path, communicator=communicator, callbacks=[Stop()])
        return model, counts

    (first, counts), (second, _) = run_threads(2, part)
    assert counts[1] == sum(map(len, CORPUS))
    assert len(epochs) == 1
    assert_same(first, second)


class Halve(CallbackAny2Vec):
    """Replaces the vectors, which a callback may do between two epochs."""

    def on_epoch_end(self, model):
        model.wv.vectors = model.wv.vectors / 2


@pytest.mark.parametrize(
    "callback",
    one_in(2, [EarlyStopping(CORPUS[:20], min_delta=100.0, restore_best=True), Halve()]),
    ids=["best", "halve"],
)
def test_what_a_callback_changes_reaches_all_members(tmp_path, callback):
    path = text_file(tmp_path)
    models = run_threads(
        2, lambda communicator: trained(communicator, path, callbacks=[callback] * (communicator.rank == 0))
    )
    assert_same(*models)
    plain = run_threads(2, lambda communicator: trained(communicator, path))[0]
    assert np.linalg.norm(models[0].wv.vectors) < 0.9 * np.linalg.norm(plain.wv.vectors)


def test_a_callback_that_changes_the_words_of_rank_0_is_an_error(tmp_path):
    path = text_file(tmp_path)

    class Grow(CallbackAny2Vec):
        def on_epoch_end(self, model):
            model.build_vocab([["new"] * 5], update=True)

    with pytest.raises(RuntimeError, match="callback has added, sorted or removed words"):
        run_threads(2, lambda communicator: trained(communicator, path, callbacks=[Grow()]))


def test_an_error_of_one_member_ends_all():
    def part(communicator):
        if communicator.rank == 1:
            raise OSError("the disk of this member")
        with pytest.raises(CommunicatorError, match="another thread"):
            communicator.barrier()

    with pytest.raises(OSError, match="the disk of this member"):
        run_threads(3, part)


def test_arguments_that_are_refused(tmp_path):
    one = SingleProcess()
    with pytest.raises(ValueError, match="max_vocab_size"):
        build_vocab(Word2Vec(max_vocab_size=10), CORPUS, communicator=one)
    model = Word2Vec(min_count=1, vector_size=4)
    for arguments in ({}, {"corpus_iterable": CORPUS, "corpus_file": text_file(tmp_path)}):
        with pytest.raises(TypeError, match="either corpus_iterable"):
            build_vocab(model, communicator=one, **arguments)
    build_vocab(model, CORPUS, communicator=one)
    with pytest.raises(ValueError, match="empty"):
        train(model, [], communicator=one)
    for wrong in ({"words": 0}, {"frequent_rows": 0}):
        with pytest.raises(ValueError, match="must be"):
            MergeSchedule(**wrong)


# --- merging


def naive_merge(old, changes, updates, opposite, weights):
    """The definition in double precision, from all eigenvectors of the second moment of the opposite rows."""
    size = len(changes)
    values, directions = np.linalg.eigh((opposite.T * weights) @ opposite / weights.sum())
    steps = SLOPE * 0.025 * updates[:, None] * values
    factors = (1 - np.exp(-size * steps)) / (size * (1 - np.exp(-steps)))
    return old + np.sum(changes, axis=0, dtype=np.float64) @ directions * factors @ directions.T


@pytest.mark.parametrize("order", [None, "reversed"])
def test_merges_agree_with_the_definition(order):
    rng = np.random.default_rng(0)
    old, opposite = rng.standard_normal((2, 50, 7)).astype(np.float32) * [1, 2, 3, 4, 5, 6, 7]
    old, opposite = old.astype(np.float32), opposite.astype(np.float32)
    changes = rng.standard_normal((3, 50, 7)).astype(np.float32)
    updates, weights = rng.random((2, 50))
    rows = np.arange(50) if order is None else np.arange(50)[::-1]

    def part(communicator):
        values, order_or_none = old.copy(), None if order is None else rows
        arrays = [
            Replicated(values, updates, order_or_none, opposites=(1,)),
            Replicated(opposite.copy(), weights, opposites=(0,)),
        ]
        merger = Merger(communicator, arrays)
        values += changes[communicator.rank]
        merger.merge(20, 1_000, 0.025)
        return values

    expected = naive_merge(old, changes, updates * 1_000, opposite.astype(np.float64), weights)
    for rank, values in enumerate(run_threads(3, part)):
        np.testing.assert_allclose(values[rows[:20]], expected[rows[:20]], rtol=1e-3, atol=1e-3)
        np.testing.assert_array_equal(values[rows[20:]], (old + changes[rank])[rows[20:]])


def test_members_that_agree_are_added_up_only_where_the_loss_is_flat():
    """All members have moved a row by one in each of 40 directions; the loss curves strongly in the first one only."""
    opposite = np.zeros((4, 40), dtype=np.float32)
    opposite[:, 0] = 30.0

    def part(communicator):
        values = np.zeros((1, 40), dtype=np.float32)
        arrays = [
            Replicated(values, np.ones(1), opposites=(1,)),
            Replicated(opposite.copy(), np.ones(4), opposites=(0,)),
        ]
        merger = Merger(communicator, arrays)
        values += 1.0
        merger.merge(None, 100.0, 0.025)
        return values[0]

    for values in run_threads(8, part):
        np.testing.assert_allclose(values, [1.0, *[8.0] * 39], rtol=1e-3)


def test_second_moments_are_followed():
    rng = np.random.default_rng(1)
    scales = 0.8 ** np.arange(30)
    rows, weights = (rng.standard_normal((500, 30)) * scales).astype(np.float32), rng.random(500)
    curvature = Curvature.unknown(30)
    curvature.follow([(rows[:0], weights[:0]), (np.zeros_like(rows), weights)])
    assert curvature.rest == 0.0
    for _ in range(4):
        curvature.follow([(rows[:100], weights[:100]), (rows[100:], weights[100:])])
    moment = (rows.T * weights) @ rows / weights.sum()
    expected = np.linalg.eigvalsh(moment)
    np.testing.assert_allclose(curvature.values[-4:], expected[-4:], rtol=0.02)
    np.testing.assert_allclose(curvature.values.sum() + 18 * curvature.rest, expected.sum(), rtol=1e-3)


def test_factors_go_from_the_sum_to_the_mean():
    np.testing.assert_allclose(merge_factors(np.array([0.0, 1e9]), 4), [1.0, 0.25], rtol=1e-4)
    assert merge_factors(np.array([0.0, 1.0, 50.0]), 1).tolist() == [1, 1, 1]


def test_the_ruler_reaches_every_row():
    rows = [rows_of_merge(number, 4, 100) for number in range(1, 33)]
    assert rows[:8] == [4, 8, 4, 16, 4, 8, 4, 32]
    assert max(rows) == 100
