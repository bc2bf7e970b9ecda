"""How several workers share the output rows, and what the user notices of it: nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.training.sharing import MANY_WORKERS, SharingPlan, plan_for, replicated_rows
from helpers.parameters import one_in

FALLING = np.cumsum(1e6 / np.arange(1, 20_001) ** 0.75).astype(np.uint32)


def test_one_worker_shares_nothing():
    assert plan_for(1, 100, FALLING) == SharingPlan()


@pytest.mark.parametrize("dim", [1, 20, 100, 300, 5_000])
def test_many_workers_replicate_what_they_all_draw(dim):
    plan = plan_for(MANY_WORKERS, dim, FALLING)
    assert plan.words == plan.whole_words == replicated_rows(MANY_WORKERS, dim)[0]
    assert 1 <= plan.words <= 1_024
    assert plan.words * dim * 4 <= 500_000


@pytest.mark.parametrize(
    "cum_table",
    [
        None,  # hierarchical softmax alone, or output rows that cannot have replicas
        FALLING[:500],  # no more words than would be replicated
        np.cumsum(1e6 / np.arange(20_000, 0, -1) ** 0.75).astype(np.uint32),  # sorted_vocab=0
    ],
)
def test_a_noise_distribution_without_a_head_and_a_tail_is_shared_as_by_few_workers(cum_table):
    plan = plan_for(MANY_WORKERS, 100, cum_table)
    assert (plan.words, plan.partitions, plan.whole_words) == (16, 4, 0)


def test_many_workers_on_few_cores_share_as_few_workers():
    assert plan_for(16, 100, FALLING, cores=4).words == 16
    assert plan_for(16, 100, FALLING, cores=16).words == 1_024


@pytest.mark.parametrize("sg", one_in(2, [0, 1]))
def test_many_workers_learn_the_topics_of_a_text(sg, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: MANY_WORKERS)
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
    assert len(model.wv) > replicated_rows(MANY_WORKERS, 16)[0]
    for word in ("a1", "b2", "c3"):
        assert {near[0] for near, _ in model.wv.most_similar(word, topn=20)} == {word[0]}
