"""train_slices: one set of vectors for each text, in a common space."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fastw2v import KeyedVectors, LineSentence, Update, Word2Vec, train_slices

OPTIONS = {"vector_size": 24, "min_count": 3, "workers": 1, "seed": 1, "window": 3, "alpha": 0.05}
TOPICS = [[f"t{topic}w{word}" for word in range(12)] for topic in range(6)]


def text(seed, moved="t0w0", to=None, sentences=400):
    """Sentences of one topic each; with `to`, the word `moved` occurs in that topic instead of its own."""
    draw = random.Random(seed)
    result = []
    for _ in range(sentences):
        topic = draw.randrange(len(TOPICS))
        words = [word for word in TOPICS[topic] if word != moved or to is None]
        if topic == to:
            words = [*words, moved]
        result.append([draw.choice(words) for _ in range(8)])
    return result


SLICES = {"early": text(1), "late": text(2, to=3)}


@pytest.fixture(scope="module")
def vectors():
    return train_slices(SLICES, epochs=10, **OPTIONS)


def test_a_word_whose_meaning_is_replaced_is_the_most_changed(vectors):
    report = vectors["late"].drift(vectors["early"])
    assert report.most_moved(1)[0][0] == "t0w0"
    others = [cosine for word, cosine in zip(report.words, report.cosine, strict=True) if word != "t0w0"]
    assert min(others) > report.cosine[report.words.index("t0w0")] + 0.2


def test_words_are_found_across_slices(vectors):
    nearest = vectors["late"].most_similar([vectors["early"]["t1w2"]], topn=5)
    assert all(word.startswith("t1") for word, _ in nearest)
    assert {word[:2] for word, _ in vectors["late"].most_similar("t0w0", topn=5)} == {"t3"}
    assert {word[:2] for word, _ in vectors["early"].most_similar("t0w0", topn=5)} == {"t0"}


def test_each_slice_has_its_own_words_and_counts(tmp_path):
    path = tmp_path / "late.txt"
    path.write_text("\n".join(" ".join(sentence) for sentence in [*SLICES["late"], ["new"] * 3, ["rare"]]))
    slices = {2000: SLICES["early"], 2001: [LineSentence(path)], 2002: str(path)}
    found = train_slices(slices, epochs=1, **OPTIONS)
    assert list(found) == [2000, 2001, 2002]
    assert all(type(wv) is KeyedVectors for wv in found.values())
    assert "new" in found[2001]
    assert "new" not in found[2000]
    assert "rare" not in found[2001]  # it occurs once in the slice
    assert found[2001].get_vecattr("new", "count") == 3
    np.testing.assert_array_equal(found[2001].vectors, found[2002].vectors)  # one text, however it is given


@pytest.mark.parametrize("scheme", [{"sg": 1}, {"hs": 1, "negative": 0}])
def test_a_compass_is_used_and_not_changed(scheme):
    compass = Word2Vec([*SLICES["early"], *SLICES["late"]], **OPTIONS, **scheme)
    before = compass.wv.vectors.copy()
    found = train_slices(SLICES, compass=compass, epochs=2, min_count=1)
    np.testing.assert_array_equal(compass.wv.vectors, before)
    assert (found["early"].vectors != found["late"].vectors).any()
    own = train_slices(SLICES, epochs=2, **OPTIONS, **scheme)  # the same compass, trained within
    assert set(own["late"].index_to_key) == set(found["late"].index_to_key)


@pytest.mark.parametrize("scheme", [{"sg": 1}, {"hs": 1, "negative": 3}])
def test_output_weights_alone_are_frozen(scheme):
    model = Word2Vec(SLICES["early"], **OPTIONS, **scheme)
    names = [name for name in ("syn1neg", "syn1") if getattr(model, name) is not None]
    before = {name: getattr(model, name).copy() for name in names}
    vectors = model.wv.vectors.copy()
    update = Update(freeze_outputs=True)
    model.train(SLICES["late"], total_examples=len(SLICES["late"]), epochs=1, update=update)
    for name in names:
        np.testing.assert_array_equal(getattr(model, name), before[name])
    assert (model.wv.vectors != vectors).any(axis=1).all()


def test_what_cannot_be_sliced_is_refused_by_name():
    compass = Word2Vec(SLICES["early"], **OPTIONS)
    tied = Word2Vec(SLICES["early"], **OPTIONS, sg=1, objective="sampled_softmax", tied_weights=True)
    for slices, options, error, message in (
        ({}, {}, ValueError, "slices is empty"),
        ([["a"]], {}, TypeError, "slices"),
        ({"x": iter(SLICES["early"])}, OPTIONS, TypeError, r"slices\['x'\] is an iterator"),
        ({"x": ["plain text"]}, OPTIONS, TypeError, r"slices\['x'\] cannot be read"),
        ({"x": [["unknown"]]}, {"compass": compass}, ValueError, r"slices\['x'\] has no word"),
        (SLICES, {"compass": compass, "sg": 1}, ValueError, "sg given together with a compass"),
        (SLICES, {"compass": tied}, ValueError, "compass has no output weights"),
        (SLICES, {"compass": "a path"}, TypeError, "compass must be a Word2Vec model"),
        (SLICES, {"epochs": 0, **OPTIONS}, ValueError, "epochs"),
    ):
        with pytest.raises(error, match=message):
            train_slices(slices, **options)
