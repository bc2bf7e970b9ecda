"""Update(keep_anchor=True): many updates keep what one keeps, however the model travels between them."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest

from fastw2v import Update, Word2Vec
from helpers.parameters import one_in

OPTIONS = {"vector_size": 16, "min_count": 1, "workers": 1, "epochs": 3, "batch_words": 500}
SCHEMES = {
    "negative": {"negative": 5},
    "hs": {"hs": 1, "negative": 0},
    "both": {"hs": 1, "negative": 3, "sg": 1},
    "softmax": {"sg": 1, "objective": "sampled_softmax", "negative": 8, "ns_exponent": 0.0},
}
KEPT = Update(anchor=3.0, keep_anchor=True, outputs=True)


def through_file(model, tmp_path):
    model.save(tmp_path / "model")
    return Word2Vec.load(tmp_path / "model")


TRAVELS = {
    "stays": lambda model, tmp_path: model,
    "file": through_file,
    "pickle": lambda model, tmp_path: pickle.loads(pickle.dumps(model)),
    "copy": lambda model, tmp_path: copy.deepcopy(model),
}


@pytest.fixture(scope="module")
def trained(old):
    return {name: Word2Vec(old, **OPTIONS, **scheme) for name, scheme in SCHEMES.items()}


def update(model, texts, how):
    model.build_vocab(texts, update=True)
    model.train(texts, total_examples=len(texts), epochs=1, update=how)


def distance(model, base):
    words = base.wv.index_to_key
    return float(np.linalg.norm(model.wv[words] - base.wv[words], axis=1).mean())


# An odd step, so that each scheme and each travel is among the quick ones.
@pytest.mark.parametrize(("scheme", "travel"), one_in(5, itertools.product(SCHEMES, TRAVELS)))
def test_many_updates_stay_near_the_first_model(tmp_path, trained, new, scheme, travel):
    base = trained[scheme]
    distances = []
    for how in (Update(anchor=3.0, outputs=True), KEPT):
        model = copy.deepcopy(base)
        for part in range(6):
            update(model, new[part::6], how)
            model = TRAVELS[travel](model, tmp_path)
        distances.append(distance(model, base))
    assert distances[1] < 0.6 * distances[0]
    kept = model.kept_anchor.arrays()
    n = len(base.wv)
    np.testing.assert_array_equal(kept["vectors"][:n], base.wv.vectors)
    for name in ("syn1neg", "syn1neg_bias", "syn1"):
        weights = getattr(base, name)
        assert (name in kept) == (weights is not None)
        if weights is not None:
            np.testing.assert_array_equal(kept[name][: n - 1], weights[: n - 1])


def test_words_that_come_later_are_anchored_to_what_their_first_training_gave(trained, new):
    model = copy.deepcopy(trained["negative"])
    update(model, new[::2], KEPT)
    words = model.wv.index_to_key[len(trained["negative"].wv) :]
    assert words
    learnt = model.wv[words].copy()
    for _ in range(3):
        update(model, new[1::2], KEPT)
    rows = [model.wv.key_to_index[word] for word in words]
    np.testing.assert_array_equal(model.kept_anchor.arrays()["vectors"][rows], learnt)


@pytest.mark.parametrize("change", ["sorted", "removed", "sorted between"])
def test_kept_values_move_with_the_words(trained, new, change):
    base = trained["negative"]
    model = copy.deepcopy(base)
    update(model, new[::2], KEPT)
    before = dict(zip(model.wv.index_to_key, model.kept_anchor.arrays()["vectors"], strict=False))
    if change == "sorted between":  # words of an update that nobody has trained have no value yet
        model.build_vocab([["zz"] * 500], update=True)
    if change == "removed":
        model.wv.remove_keys(model.wv.index_to_key[3:9])
    else:
        model.wv.sort_by_descending_frequency()
    model.train(
        new,
        total_examples=len(new),
        epochs=1,
        update=Update(anchor=1e6, keep_anchor=True, old_words=len(model.wv)),
    )
    kept = model.kept_anchor.arrays()["vectors"]
    assert kept.shape == model.wv.vectors.shape
    assert np.isfinite(kept).all()
    for word, values in before.items():
        if word in model.wv:
            np.testing.assert_array_equal(kept[model.wv.key_to_index[word]], values)
            np.testing.assert_allclose(model.wv[word], values, atol=0.05)


def test_a_new_start_is_asked_for_or_follows_from_new_weights(trained, old, new):
    model = copy.deepcopy(trained["both"])
    assert not model.kept_anchor
    update(model, new, KEPT)
    assert model.kept_anchor
    other = copy.deepcopy(model)
    other.create_binary_tree()
    assert set(other.kept_anchor.arrays()) == {"vectors", "syn1neg"}
    other.wv = trained["negative"].wv
    assert not other.kept_anchor
    other = copy.deepcopy(model)
    other.build_vocab(old)
    assert not other.kept_anchor
    model.discard_anchor()
    assert not model.kept_anchor
    vectors = model.wv.vectors.copy()
    update(model, new, KEPT)
    np.testing.assert_array_equal(model.kept_anchor.arrays()["vectors"], vectors)


def test_an_update_that_is_refused_keeps_nothing(trained, new):
    model = copy.deepcopy(trained["negative"])
    with pytest.raises(ValueError, match="epochs"):
        model.train(new, total_examples=len(new), epochs=0, update=KEPT)
    assert not model.kept_anchor
    with pytest.raises(ValueError, match=r"keep_anchor=True.* needs anchor="):
        Update(keep_anchor=True)
    with pytest.raises(ValueError, match="not both"):
        Update(anchor=1.0, keep_anchor=True, anchor_to=model)
    update(model, new, KEPT)
    model.wv.vectors = model.wv.vectors[:, :8].copy()
    model.vector_size, model.syn1neg = 8, model.syn1neg[:, :8].copy()
    with pytest.raises(ValueError, match=r"kept anchor.*discard_anchor\(\)"):
        model.train(new, total_examples=len(new), epochs=1, update=KEPT)


def test_a_file_for_gensim_holds_no_kept_values(tmp_path, trained, new):
    model = copy.deepcopy(trained["negative"])
    update(model, new, KEPT)
    model.save_gensim(tmp_path / "model")
    assert not Word2Vec.load(tmp_path / "model").kept_anchor


def test_the_values_of_inner_nodes_follow_a_tree_that_loses_words(old, new):
    model = Word2Vec(old, **OPTIONS, hs=1, negative=0, max_words=120)
    update(model, new, KEPT)
    kept = model.kept_anchor.arrays()["syn1"]
    model.syn1[: len(kept)] = kept
    model.build_vocab([[f"z{i}" for i in range(40)]] * 30, update=True)
    followed = model.kept_anchor.arrays()["syn1"]
    has_value = ~np.isnan(followed[:, 0])
    assert has_value.sum() > 50
    assert not np.array_equal(followed, kept[: len(followed)])  # nodes were renumbered
    np.testing.assert_array_equal(followed[has_value], model.syn1[: len(followed)][has_value])
    model.train(new, total_examples=len(new), epochs=1, update=KEPT)
    assert np.isfinite(model.syn1).all()
