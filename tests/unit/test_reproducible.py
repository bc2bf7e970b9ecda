"""Reproducible training: the same vectors, bit for bit, for every number of workers and every kind of corpus."""

from __future__ import annotations

import copy
import pickle
import random
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastw2v import ReplayStore, Update, Word2Vec, _rounds as rounds_engine
from fastw2v._rounds import Rounds, RoundWorker
from fastw2v.engine.job_queue import JobQueue
from fastw2v.engine.network import STRIPE_DRAWS
from fastw2v.training import rounds, trainer
from fastw2v.training.network import make_network
from helpers.corpora import Reiterable, zipf_sentences
from helpers.interruptions import FailingCorpus
from helpers.parameters import one_in

CORPUS = zipf_sentences(6_000, 200, seed=6)
NEW = [[f"n{word}" if i % 3 else word for i, word in enumerate(s)] for s in zipf_sentences(3_000, 60, seed=7)]
SETTINGS: dict[str, Any] = {
    "vector_size": 12, "min_count": 1, "epochs": 2, "seed": 3, "compute_loss": True, "reproducible": True,
    "virtual_workers": 5, "round_words": 1_000, "batch_words": 500,
}  # fmt: skip
SCHEMES: dict[str, dict[str, Any]] = {
    "skip-gram": {"sg": 1},
    "cbow": {"cbow_mean": 0, "sample": 0},
    "hierarchical softmax": {"sg": 1, "hs": 1, "negative": 0},
    "both": {"hs": 1, "negative": 3},
    "shared negatives": {"sg": 1, "shared_negatives": True},
    "pool": {"sg": 1, "negative_pool": 60},
    "sampled softmax": {"objective": "sampled_softmax", "negative": 20},
    "tied": {"sg": 1, "objective": "sampled_softmax", "tied_weights": True, "logq_correction": True},
    "windows": {
        "sg": 1,
        "window": (3, 1),
        "window_weights": "linear",
        "final_window": (6, 1),
        "max_norm": 0.2,
    },
}


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "STREAM_WORDS", 700)


def arrays_of(model: Word2Vec) -> list[np.ndarray]:
    found = (model.wv.vectors, model.syn1neg, model.syn1, model.syn1neg_bias)
    return [array for array in found if array is not None]


def assert_same(first: Word2Vec, second: Word2Vec) -> None:
    assert first.wv.index_to_key == second.wv.index_to_key
    for one, other in zip(arrays_of(first), arrays_of(second), strict=True):
        np.testing.assert_array_equal(one, other)
    assert first.loss_history == second.loss_history


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_number_of_workers_gives_the_same_vectors(scheme: str) -> None:
    models = [Word2Vec(CORPUS, workers=workers, **SETTINGS, **SCHEMES[scheme]) for workers in (1, 2, 7)]
    assert_same(models[1], models[0])
    assert_same(models[2], models[0])
    assert np.isfinite(models[0].wv.vectors).all()
    if scheme != "tied":  # too short a text for tied weights
        assert models[0].loss_history[1] < models[0].loss_history[0]


def test_every_kind_of_corpus_gives_the_same_vectors(tmp_path: Any) -> None:
    path = tmp_path / "text.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in CORPUS))
    whole = Word2Vec(CORPUS, workers=1, **SETTINGS)
    for workers, corpus in ((2, Reiterable(CORPUS)), (3, FailingCorpus(CORPUS))):
        assert_same(Word2Vec(corpus, workers=workers, **SETTINGS), whole)
    assert_same(Word2Vec(corpus_file=path, workers=2, **SETTINGS), whole)


def test_delays_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class LateWorker(RoundWorker):
        def run(self, queue: JobQueue) -> None:
            time.sleep(random.random() / 50)
            super().run(queue)

    class SlowCorpus(Reiterable):
        def __iter__(self) -> Any:
            for sentence in super().__iter__():
                if random.random() < 0.1:
                    time.sleep(random.random() / 500)
                yield sentence

    whole = Word2Vec(CORPUS, workers=1, **SETTINGS)
    monkeypatch.setattr(rounds, "RoundWorker", LateWorker)
    for workers in (2, 5):
        assert_same(Word2Vec(SlowCorpus(CORPUS), workers=workers, **SETTINGS), whole)


@pytest.mark.slow
def test_64_workers_and_a_long_text() -> None:
    text = zipf_sentences(120_000, 3_000, seed=8)
    for scheme in ({"sg": 1}, {"sg": 0}):
        models = [
            Word2Vec(
                text, workers=workers, **{**SETTINGS, "virtual_workers": 16, "round_words": 8_000, **scheme}
            )
            for workers in (1, 2, 7, 16, 64)
        ]
        for model in models[1:]:
            assert_same(model, models[0])


@pytest.mark.parametrize("scheme", ["skip-gram", "both"])
@pytest.mark.parametrize("stops_after", one_in(2, [150, 400], first=1), ids=["first epoch", "second epoch"])
def test_a_training_is_resumed_on_another_number_of_workers(
    tmp_path: Any, scheme: str, stops_after: int
) -> None:
    path = tmp_path / "run.ckpt"
    whole = Word2Vec(Reiterable(CORPUS), workers=2, **SETTINGS, **SCHEMES[scheme])
    model = Word2Vec(workers=1, **SETTINGS, **SCHEMES[scheme])
    model.build_vocab(CORPUS)
    with pytest.raises(KeyError, match="my own"):
        model.train(
            FailingCorpus(CORPUS, stops_after), total_examples=model.corpus_count, total_words=6_000, epochs=2,
            checkpoint=path, checkpoint_every=1_500,
        )  # fmt: skip
    resumed = Word2Vec.resume(path, Reiterable(CORPUS), workers=3)
    for one, other in zip(arrays_of(resumed), arrays_of(whole), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(resumed.loss_history, whole.loss_history, rtol=1e-12)


@pytest.mark.parametrize("scheme", ["skip-gram", "cbow", "hierarchical softmax"])
def test_updates_are_reproducible(tmp_path: Any, scheme: str) -> None:
    store = ReplayStore(tmp_path / "store")
    store.add(CORPUS)
    updates = [
        Update(anchor=0.5, lockf=0.5),
        Update(replay=store, replay_ratio=0.5, freeze_outputs=True, lockf=0.0),
    ]
    start = Word2Vec(CORPUS, workers=1, **SETTINGS, **SCHEMES[scheme])
    for update in updates:
        models = []
        for workers in (1, 3):
            model = copy.deepcopy(start)
            model.workers = workers
            model.build_vocab(NEW, update=True)
            model.train(NEW, total_examples=model.corpus_count, epochs=2, update=update)
            models.append(model)
        assert_same(models[1], models[0])
        assert "nw1" in models[0].wv


def test_lock_factors_hold() -> None:
    model = Word2Vec(workers=2, **SETTINGS)
    model.build_vocab(CORPUS)
    model.wv.vectors_lockf = np.ones(len(model.wv), dtype=np.float32)
    model.wv.vectors_lockf[:5] = 0
    before = model.wv.vectors.copy()
    model.train(CORPUS, total_examples=model.corpus_count, epochs=1)
    changed = (model.wv.vectors != before).any(axis=1)
    assert not changed[:5].any()
    assert changed[5:].all()


def test_norms_stay_below_max_norm_after_a_merge() -> None:
    model = Word2Vec(CORPUS, workers=2, sg=1, max_norm=0.2, **{**SETTINGS, "alpha": 0.2})
    assert np.linalg.norm(model.wv.vectors, axis=1).max() <= 0.2 * (1 + 1e-6)


def test_the_settings_are_saved_and_the_training_goes_on(tmp_path: Any) -> None:
    model = Word2Vec(CORPUS, workers=2, **SETTINGS)
    model.save(tmp_path / "model")
    copies = [Word2Vec.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))]
    for one in (model, *copies):
        assert (one.reproducible, one.virtual_workers, one.round_words) == (True, 5, 1_000)
        one.train(CORPUS, total_examples=one.corpus_count, epochs=1)
        assert_same(one, model)


def test_a_pickle_without_the_settings_has_their_defaults() -> None:
    model = Word2Vec(vector_size=4)
    state = copy.copy(model).__getstate__()
    for name in ("reproducible", "virtual_workers", "round_words"):
        del state[name]
    old = Word2Vec.__new__(Word2Vec)
    old.__setstate__(state)
    assert (old.reproducible, old.virtual_workers, old.round_words) == (False, 8, 16_000)


def test_the_random_state_of_the_model_is_not_used_up() -> None:
    model = Word2Vec(workers=2, **SETTINGS)
    model.build_vocab(CORPUS)
    before = model.random.get_state()[1].copy()
    model.train(CORPUS, total_examples=model.corpus_count, epochs=1)
    np.testing.assert_array_equal(model.random.get_state()[1], before)
    first = model.wv.vectors.copy()
    other = Word2Vec(workers=2, **{**SETTINGS, "seed": 4})
    other.build_vocab(CORPUS)
    other.wv.vectors[:] = Word2Vec(CORPUS, workers=1, **SETTINGS).wv.vectors
    other.train(CORPUS, total_examples=model.corpus_count, epochs=1)
    assert not np.array_equal(other.wv.vectors, first)  # another seed draws other negatives


def test_short_jobs_have_small_partitions_that_begin_at_whole_stripes() -> None:
    counts = 1e9 / np.arange(1, 50_001)
    table = (np.cumsum(counts**0.75) / (counts**0.75).sum() * (2**31 - 1)).astype(np.uint32)
    for job_words, partitions in ((500, 128), (2_000, 64), (10_000, 16)):
        network = SimpleNamespace(dim=100, cum_table=table, pair_negatives=False)
        n, common = rounds._partitions(network, job_words)
        group = n * STRIPE_DRAWS
        assert n == partitions
        assert common <= rounds.COMMON_WORDS
        assert (
            table[common - 1] // group > table[common - 2] // group or table[rounds.COMMON_WORDS - 1] < group
        )
        pairs = SimpleNamespace(dim=100, cum_table=table, pair_negatives=True)
        assert rounds._partitions(pairs, job_words)[1] > rounds.COMMON_WORDS
    few = SimpleNamespace(dim=100, cum_table=table[:500], pair_negatives=False)
    assert rounds._partitions(few, 2_000)[1] == 0


class Hooked(Word2Vec):
    def _do_train_job(self, *job: Any) -> Any:
        return super()._do_train_job(*job)


def test_what_cannot_be_reproduced_is_refused() -> None:
    with pytest.raises(ValueError, match=r"reproducible=True needs a seed; seed=None"):
        Word2Vec(CORPUS, **{**SETTINGS, "seed": None})
    with pytest.raises(ValueError, match=r"reproducible=True cannot be used with a subclass"):
        Hooked(CORPUS, **SETTINGS)
    for name, value in (("virtual_workers", 0), ("virtual_workers", 65_537), ("round_words", 0)):
        with pytest.raises(ValueError, match=name):
            Word2Vec(CORPUS, **{**SETTINGS, name: value})


# --- the merge, by its definition

N_JOBS, ALPHA = 3, 0.05


def trained(model: Word2Vec, jobs: range, curvature: float, virtual_workers: int) -> Word2Vec:
    """Return a copy of the model, after the jobs of a range; each job is a third of the corpus."""
    model = copy.deepcopy(model)
    size = len(CORPUS) // N_JOBS
    network = make_network(model)
    shared = Rounds(network, virtual_workers, 77, first_job=jobs.start, curvature=curvature)
    ids = [[model.wv.key_to_index[word] for word in s] for s in CORPUS[jobs.start * size : jobs.stop * size]]
    lengths = np.array([len(s) for s in ids], dtype=np.int64)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    queue = JobQueue(len(jobs), len(model.wv))
    queue.push(
        np.concatenate(ids).astype(np.int32), offsets, lengths,
        np.arange(len(jobs) + 1, dtype=np.int64) * size, np.full(len(jobs), ALPHA, dtype=np.float32),
    )  # fmt: skip
    queue.close()
    RoundWorker(shared).run(queue)
    return model


@pytest.fixture(scope="module")
def start() -> Word2Vec:
    """Return a model that has been trained with both objectives."""
    return Word2Vec(CORPUS, workers=1, sg=1, hs=1, sample=0, **SETTINGS)


def changes(start: Word2Vec) -> tuple[list[Word2Vec], list[np.ndarray], list[np.ndarray]]:
    """Return each job trained alone, and for each array the changes by job and which rows they reach."""
    alone = [trained(start, range(job, job + 1), 0.0, 1) for job in range(N_JOBS)]
    moves = [
        np.array(list(map(np.subtract, own, [old] * N_JOBS)))
        for old, *own in zip(*map(arrays_of, (start, *alone)), strict=True)
    ]
    return alone, moves, [(move != 0).any(axis=2) for move in moves]


@pytest.mark.parametrize("curvature", [0.0, 1e12], ids=["sum", "mean"])
def test_the_limits_of_the_rule_are_the_sum_and_the_mean(start: Word2Vec, curvature: float) -> None:
    _, moves, reached = changes(start)
    merged = trained(start, range(N_JOBS), curvature, N_JOBS)
    for old, new, move, rows in zip(*map(arrays_of, (start, merged)), moves, reached, strict=True):
        change = move.sum(axis=0)
        if curvature:
            change /= np.maximum(rows.sum(axis=0), 1)[:, None]
        np.testing.assert_allclose(new, old + change, atol=2e-6)


def test_one_round_merges_as_the_rule_says(start: Word2Vec) -> None:
    model = copy.deepcopy(start)
    model.negative = 0  # the updates by hierarchical softmax alone can be counted
    alone, moves, _ = changes(model)
    tree, size, contexts, curvature = model.huffman_tree, len(CORPUS) // N_JOBS, (5 + 5 + 2) / 2, 3.0
    updates: list[list[np.ndarray]] = [[], []]
    for job in range(N_JOBS):
        ids = [model.wv.key_to_index[word] for s in CORPUS[job * size : (job + 1) * size] for word in s]
        tokens = np.bincount(ids, minlength=len(model.wv)).astype(float)
        visits = np.zeros(len(model.wv))
        for word, count in enumerate(tokens):
            visits[tree.points[tree.offsets[word] : tree.offsets[word + 1]]] += count
        updates[0].append(tokens * contexts * visits.sum() / len(ids))
        updates[1].append(visits * contexts)
    directions, curvatures = [], []
    for matrices, weights in zip(
        zip(*(arrays_of(own)[::2] for own in alone), strict=True), updates, strict=True
    ):
        rows, weights_of_rows = np.concatenate(matrices), np.concatenate(weights)
        mean = np.average(rows, axis=0, weights=weights_of_rows)
        variance = np.average((rows**2).sum(axis=1), weights=weights_of_rows) - mean @ mean
        directions.append(mean / np.linalg.norm(mean))
        across = curvature * rounds_engine.ACROSS_SHARE * variance
        curvatures.append((curvature * mean @ mean + across, across))
    merged = trained(model, range(N_JOBS), curvature, N_JOBS)
    for side, (old, new, move) in enumerate(
        zip(arrays_of(start)[::2], arrays_of(merged)[::2], moves[::2], strict=True)
    ):
        total, direction = move.sum(axis=0), directions[1 - side]
        part_along = np.outer(total @ direction, direction)
        expected = old.astype(float)
        for part, of_part in zip((part_along, total - part_along), curvatures[1 - side], strict=True):
            c = ALPHA * of_part * np.array(updates[side])
            shares, sums = (c / (1 + c)).sum(axis=0), c.sum(axis=0)
            factors = np.divide(sums / (1 + sums), shares, out=np.ones_like(sums), where=shares > 0)
            assert factors.min() < 0.8
            expected += factors[:, None] * part
        np.testing.assert_allclose(new, expected, atol=5e-6)
