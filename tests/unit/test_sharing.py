"""How several workers share the weights, and what the user notices of it: nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v._inner import Worker
from fastw2v.engine.network import STRIPE_DRAWS
from fastw2v.training.network import make_network
from fastw2v.training.sharing import MANY_WORKERS, SharingPlan, plan_for, replicated_rows
from fastw2v.vocabulary.noise_distribution import noise_table
from helpers.parameters import one_in

FALLING = np.cumsum(1e6 / np.arange(1, 20_001) ** 0.75).astype(np.uint32)
DOMAIN = noise_table(np.maximum(1, 1e9 / np.arange(1, 70_001)).astype(np.int64), 0.75)


def test_one_worker_shares_nothing():
    assert plan_for(1, 100, FALLING) == SharingPlan()


@pytest.mark.parametrize("dim", [1, 20, 100, 300, 5_000])
def test_many_workers_replicate_what_they_all_draw(dim):
    plan = plan_for(MANY_WORKERS, dim, FALLING)
    words, inputs, _ = replicated_rows(MANY_WORKERS, dim)
    assert 1 <= plan.words == plan.whole_words <= words <= 2_048
    assert 1 <= plan.inputs == inputs <= 1_024
    assert (plan.words + plan.inputs) * dim * 4 <= 1_300_000


@pytest.mark.parametrize("dim", [100, 300])
def test_the_divided_words_begin_with_a_stripe_of_each_partition(dim):
    """Otherwise some jobs would draw the first of them from the partitions of others."""
    plan = plan_for(MANY_WORKERS, dim, DOMAIN)
    whole = DOMAIN[plan.words - 1]
    behind = int(whole) % (plan.partitions * STRIPE_DRAWS)
    assert plan.words > 100
    assert behind < whole - DOMAIN[plan.words - 2]  # only the last replicated word reaches over the beginning


def test_replicas_are_flushed_more_often_in_short_texts_and_with_one_set_of_negatives_a_window():
    assert plan_for(16, 100, FALLING, jobs=2_000, pair_negatives=True).uses == 48
    assert plan_for(16, 100, FALLING, jobs=1_000, pair_negatives=True).uses == 16
    assert plan_for(16, 100, FALLING, pair_negatives=True).uses == 16
    assert plan_for(16, 100, FALLING, jobs=2_000).uses == 16


@pytest.mark.parametrize(
    ("cum_table", "words"),
    [
        (None, 16),  # hierarchical softmax alone, or output rows that cannot have replicas
        (FALLING[:1_000], 16),  # too few words to divide them
        (np.cumsum(1e6 / np.arange(20_000, 0, -1) ** 0.75).astype(np.uint32), 0),  # sorted_vocab=0
    ],
)
@pytest.mark.parametrize(("workers", "inputs"), [(2, 512), (MANY_WORKERS, 1_024)])
def test_a_noise_distribution_without_a_head_and_a_tail_is_divided_as_a_whole(
    cum_table, words, workers, inputs
):
    plan = plan_for(workers, 100, cum_table)
    assert (plan.words, plan.partitions, plan.whole_words) == (words, 4, 0)
    assert plan.inputs == inputs  # an input row is in no partition


def test_many_workers_on_few_cores_share_as_few_workers():
    few, many = plan_for(16, 100, FALLING, cores=4), plan_for(16, 100, FALLING, cores=16)
    assert (few.words, few.inputs) == (1_024, 512)
    assert (many.words, many.inputs) == (2_048, 1_024)


@pytest.mark.parametrize("workers", [2, 3, 7])
def test_a_few_workers_share_as_many_with_fewer_replicas(workers):
    few, many = plan_for(workers, 100, DOMAIN), plan_for(MANY_WORKERS, 100, DOMAIN)
    assert few.partitions == many.partitions
    assert 500 < few.words == few.whole_words <= 1_024 < many.words
    assert few.inputs == 512 < many.inputs
    assert few.uses == few.input_uses == 256 // workers  # so that they hold back no more updates of a row


SENTENCES = [[f"w{i}" for i in np.random.RandomState(k).zipf(1.5, 30) if i < 40] for k in range(60)]
SMALL = {"vector_size": 12, "min_count": 1, "seed": 3, "batch_words": 200, "alpha": 0.05}
TRAINERS = {
    "skip-gram": {"sg": 1},
    "skip-gram, hierarchical softmax": {"sg": 1, "hs": 1, "negative": 0},
    "skip-gram, both": {"sg": 1, "hs": 1},
    "shared negatives": {"sg": 1, "shared_negatives": True},
    "pool of negatives": {"sg": 1, "negative_pool": 16},
    "sampled softmax": {"sg": 1, "objective": "sampled_softmax"},
    "tied weights": {"sg": 1, "objective": "sampled_softmax", "tied_weights": True},
    "weights of distances": {"sg": 1, "window_weights": "harmonic"},
    "CBOW": {"sg": 0},
    "CBOW, hierarchical softmax": {"sg": 0, "hs": 1},
    "CBOW, sum": {"sg": 0, "cbow_mean": 0, "window_weights": "harmonic"},
    "CBOW, sampled softmax": {"sg": 0, "objective": "sampled_softmax"},
    "bound on norms, skip-gram": {"sg": 1, "max_norm": 0.3},
    "bound on norms, batches": {"sg": 1, "shared_negatives": True, "max_norm": 0.3},
    "bound on norms, CBOW": {"sg": 0, "max_norm": 0.3},
    "bound on norms, softmax": {"sg": 0, "objective": "sampled_softmax", "max_norm": 0.3},
}


def trained(settings, **more):
    model = Word2Vec(**{**SMALL, **settings, **more})
    model.build_vocab(SENTENCES)
    locks = np.ones(len(model.wv), dtype=np.float32)
    locks[:6] = [0, 0.5, 0, 2, 0, 1]
    model.wv.vectors_lockf = locks
    model.wv.vectors[2] = 10.0  # longer than the bound on norms
    before = model.wv.vectors.copy()
    model.train(SENTENCES, total_examples=len(SENTENCES), epochs=2)
    return model, before


@pytest.mark.parametrize("settings", TRAINERS.values(), ids=TRAINERS)
def test_a_worker_with_replicas_of_input_rows_trains_what_it_trains_without(settings, monkeypatch):
    """The replicas of one worker receive all updates of their rows, so that only the rounding differs."""
    expected, _ = trained(settings, workers=1)
    plan = SharingPlan(inputs=20, input_uses=3)
    monkeypatch.setattr("fastw2v.training.trainer.plan_for", lambda *args, **settings: plan)
    model, before = trained(settings, workers=1)
    np.testing.assert_allclose(model.wv.vectors, expected.wv.vectors, rtol=1e-4, atol=1e-5)
    for name in ("syn1neg", "syn1"):
        if getattr(expected, name, None) is not None:
            np.testing.assert_allclose(getattr(model, name), getattr(expected, name), rtol=1e-4, atol=1e-5)
    locked = np.flatnonzero(model.wv.vectors_lockf == 0)
    np.testing.assert_array_equal(model.wv.vectors[locked], before[locked])


def test_replicas_of_input_rows_reach_the_vectors(monkeypatch):
    """Each job ends with a flush, so that another worker, or a barrier, sees the updates of complete jobs."""
    monkeypatch.setattr(
        "fastw2v.training.trainer.plan_for", lambda *args, **settings: SharingPlan(inputs=20, input_uses=255)
    )
    model, before = trained({"sg": 1}, workers=1)
    moved = np.flatnonzero((model.wv.vectors != before).any(axis=1))
    assert set(moved) >= {1, 3, 5, 6, 7}


@pytest.mark.parametrize("sg", [0, 1])
def test_the_sum_of_the_updates_of_many_workers_obeys_the_bound_on_norms(sg, monkeypatch):
    monkeypatch.setattr("fastw2v.training.trainer.usable_cores", lambda: MANY_WORKERS)
    plan = SharingPlan(inputs=20, input_uses=200)
    monkeypatch.setattr("fastw2v.training.trainer.plan_for", lambda *args, **settings: plan)
    model, before = trained({"sg": sg, "max_norm": 0.3, "alpha": 0.5}, workers=MANY_WORKERS, batch_words=50)
    norms = np.linalg.norm(model.wv.vectors, axis=1)
    free = np.flatnonzero(np.resize(model.wv.vectors_lockf, len(norms)))
    assert norms[free].max() <= 0.3 * 1.001
    np.testing.assert_array_equal(model.wv.vectors[[0, 2, 4]], before[[0, 2, 4]])


@pytest.mark.parametrize("uses", [0, 256])
def test_the_number_of_uses_is_checked(uses):
    model = Word2Vec([["a", "b"]] * 5, **SMALL)
    with pytest.raises(ValueError, match=f"input_uses={uses} must be between 1 and 255"):
        Worker(make_network(model), replicated_inputs=1, input_uses=uses)


@pytest.mark.parametrize("sg", one_in(2, [0, 1]))
def test_many_workers_learn_the_topics_of_a_text(sg, monkeypatch):
    monkeypatch.setattr("fastw2v.training.trainer.usable_cores", lambda: MANY_WORKERS)
    rng = np.random.default_rng(1)
    topics = [[f"{name}{i}" for i in range(500)] for name in "abc"]
    weights = 1 / np.arange(5, 505)
    sentences = [rng.choice(topics[i % 3], 20, p=weights / weights.sum()).tolist() for i in range(4_000)]
    model = Word2Vec(
        sentences,
        sg=sg,
        vector_size=16,
        min_count=1,
        workers=MANY_WORKERS,
        batch_words=500,
        epochs=3,
        sample=0,
    )
    plan = plan_for(MANY_WORKERS, 16, model.cum_table)
    assert plan.partitions == 16
    assert 500 < plan.words <= len(model.wv) // 2
    for word in ("a1", "b2", "c3"):
        assert {near[0] for near, _ in model.wv.most_similar(word, topn=20)} == {word[0]}
