"""The record of events of a model is bounded."""

from __future__ import annotations

from fastw2v import Word2Vec


def test_the_record_of_events_is_bounded(tmp_path):
    model = Word2Vec(vector_size=4)
    for number in range(2500):
        model.add_lifecycle_event("update", number=number)
    model.save(tmp_path / "model")
    events = Word2Vec.load(tmp_path / "model").lifecycle_events
    assert len(events) <= 1000
    assert events[-1]["number"] == 2499
    assert events[0]["event"] == "summary"
    assert events[0]["counts"]["created"] == 1
    assert events[0]["counts"]["update"] + sum(event["event"] == "update" for event in events) == 2500
    assert events[0]["first"] <= events[0]["datetime"] <= events[1]["datetime"]


def test_a_record_of_events_with_many_names_is_bounded_too():
    model = Word2Vec(vector_size=4)
    for number in range(3000):
        model.add_lifecycle_event(f"event {number}")
    assert len(model.lifecycle_events[0]["counts"]) <= 101
    assert sum(model.lifecycle_events[0]["counts"].values()) + len(model.lifecycle_events) - 1 >= 3000


def test_no_events_are_recorded_if_the_record_is_none():
    model = Word2Vec(vector_size=4, min_count=1)
    model.lifecycle_events = None
    model.build_vocab([["a", "b"]])
    model.train([["a", "b"]], total_examples=1, epochs=1)
    assert model.lifecycle_events is None
