"""Whoever sorts or removes words of a model: every array with a row for each word goes with them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from fastw2v import KeyedVectors, Update, Word2Vec
from helpers.corpora import zipf_sentences

OPTIONS = {"vector_size": 12, "min_count": 2, "workers": 1, "epochs": 2, "sorted_vocab": 0}
NEGATIVE = {"negative": 5, "sg": 1}
TREE = {"negative": 0, "hs": 1}


@pytest.fixture(scope="module")
def texts():
    return zipf_sentences(6_000, 200, seed=3)


@pytest.fixture(scope="module")
def new_texts():
    fresh = [[f"new{i}" for i in range(5)] for _ in range(10)]
    return fresh + zipf_sentences(2_000, 200, seed=5)


def sort(model):
    model.wv.sort_by_descending_frequency()


def remove(model):
    model.wv.remove_keys(model.wv.index_to_key[::3])


MOVES = {"sorted": [sort], "removed": [remove], "removed and sorted": [remove, sort]}


def saved(model, tmp_path):
    model.save(tmp_path / "model")
    return Word2Vec.load(tmp_path / "model")


def as_gensim(model, tmp_path):
    model.save_gensim(tmp_path / "model")
    return Word2Vec.load(tmp_path / "model")


COPIES = {
    "itself": lambda model, _: model,
    "deepcopy": lambda model, _: copy.deepcopy(model),
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "file": saved,
    "file of gensim": as_gensim,
}


def shares(model):
    """The probability of each word to be drawn as noise."""
    steps = np.diff(model.cum_table.astype(np.int64), prepend=0) / int(model.cum_table[-1])
    return dict(zip(model.wv.index_to_key, steps.tolist(), strict=True))


def by_word(model, rows):
    return dict(zip(model.wv.index_to_key, rows, strict=True))


def assert_same_words(moved, before, words):
    for name in ("vectors", "syn1neg"):
        after, expected = (
            by_word(each, each.wv.vectors if name == "vectors" else each.syn1neg) for each in (moved, before)
        )
        for word in words:
            np.testing.assert_array_equal(after[word], expected[word])
    for word in words:
        for attribute in ("count", "sample_int"):
            assert moved.wv.get_vecattr(word, attribute) == before.wv.get_vecattr(word, attribute)


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("move", MOVES)
def test_output_weights_and_noise_move_with_the_words(tmp_path, texts, move, copied):
    before = Word2Vec(texts, **OPTIONS, **NEGATIVE)
    model = copy.deepcopy(before)
    for step in MOVES[move]:
        step(model)
    model = COPIES[copied](model, tmp_path)
    words = model.wv.index_to_key
    assert words != before.wv.index_to_key
    assert_same_words(model, before, words)
    after, expected = shares(model), shares(before)
    total = sum(expected[word] for word in words)
    for word in words:
        assert after[word] == pytest.approx(expected[word] / total, abs=1e-8)
    context = words[:4]
    everything = dict(before.predict_output_word(context, topn=len(before.wv)))
    left = sum(expected_probability for word, expected_probability in everything.items() if word in words)
    for word, probability in model.predict_output_word(context, topn=len(words)):
        assert probability == pytest.approx(everything[word] / left, rel=1e-3)


@pytest.mark.parametrize("copied", COPIES)
def test_the_tree_moves_with_sorted_words(tmp_path, texts, copied):
    before = Word2Vec(texts, **OPTIONS, **TREE)
    model = copy.deepcopy(before)
    sort(model)
    model = COPIES[copied](model, tmp_path)
    assert model.wv.index_to_key != before.wv.index_to_key
    for word, row in model.wv.key_to_index.items():
        old = before.wv.key_to_index[word]
        np.testing.assert_array_equal(model.huffman_tree.code(row), before.huffman_tree.code(old))
        np.testing.assert_array_equal(model.huffman_tree.point(row), before.huffman_tree.point(old))
        np.testing.assert_array_equal(model.wv.get_vecattr(word, "code"), model.huffman_tree.code(row))
    np.testing.assert_array_equal(model.syn1, before.syn1)
    np.testing.assert_allclose(model.score(texts[:20]), before.score(texts[:20]), rtol=1e-5)


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("copied", ["itself", "file"])
def test_training_goes_on_as_before(tmp_path, texts, move, copied):
    model = Word2Vec(texts, **OPTIONS, **NEGATIVE)
    words = set(model.wv.index_to_key)
    for step in MOVES[move]:
        step(model)
    words &= set(model.wv.index_to_key)
    held_out = [[word for word in sentence if word in words] for sentence in texts]
    held_out = [sentence for sentence in held_out if len(sentence) > 1]
    reference = Word2Vec(texts, **OPTIONS, **NEGATIVE)
    model = COPIES[copied](model, tmp_path)
    assert model.evaluate_loss(held_out) == pytest.approx(reference.evaluate_loss(held_out), rel=0.03)
    loss = model.evaluate_loss(held_out)
    model.train(held_out, total_examples=len(held_out), epochs=1, start_alpha=0.01)
    assert model.evaluate_loss(held_out) < loss * 1.01


def test_noise_tables_of_users_keep_the_share_of_each_word(texts):
    model = Word2Vec(texts, **OPTIONS, **NEGATIVE)
    n_words = len(model.wv)
    model.cum_table = np.cumsum(np.arange(1, n_words + 1)).astype(np.uint32)
    weights = dict(zip(model.wv.index_to_key, range(1, n_words + 1), strict=True))
    sort(model)
    remove(model)
    steps = np.diff(model.cum_table.astype(np.int64), prepend=0)
    assert dict(zip(model.wv.index_to_key, steps.tolist(), strict=True)) == {
        word: weights[word] for word in model.wv.index_to_key
    }


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("move", MOVES)
def test_a_moved_vocabulary_grows(tmp_path, texts, new_texts, move, copied):
    model = Word2Vec(texts, **OPTIONS, **NEGATIVE)
    for step in MOVES[move]:
        step(model)
    before = copy.deepcopy(model)
    model = COPIES[copied](model, tmp_path)
    model.build_vocab(new_texts, update=True)
    known = before.wv.index_to_key
    assert model.wv.index_to_key[: len(known)] == known
    assert model.words_before_update == len(known)
    np.testing.assert_array_equal(model.wv.vectors[: len(known)], before.wv.vectors)
    np.testing.assert_array_equal(model.syn1neg[: len(known)], before.syn1neg)
    assert not model.syn1neg[len(known) :].any()
    assert len(model.cum_table) == len(model.wv) == len(model.syn1neg) > len(known)
    model.train(new_texts, total_examples=len(new_texts), epochs=1)
    assert np.isfinite(model.wv.vectors).all()


def test_a_sorted_tree_grows(texts, new_texts):
    model = Word2Vec(texts, **OPTIONS, **TREE)
    sort(model)
    paths = by_word(model, [point.tolist() for point in model.huffman_tree.point_rows])
    model.build_vocab(new_texts, update=True)
    for word, path in paths.items():
        nodes = model.huffman_tree.point(model.wv.key_to_index[word]).tolist()
        assert [node for node in nodes if node < len(paths) - 1] == path
    sort(model)
    model.train(new_texts, total_examples=len(new_texts), epochs=1)


@pytest.mark.parametrize("scheme", [NEGATIVE, TREE], ids=["negative", "hs"])
def test_an_updated_model_is_sorted_and_updated_again(texts, new_texts, scheme):
    """Sorting by the merged counts keeps what was trained, and all words are old then."""
    model = Word2Vec(texts, **OPTIONS, **scheme)
    model.build_vocab(new_texts * 20, update=True)
    model.train(new_texts * 20, total_examples=len(new_texts) * 20, epochs=1)
    loss, words = model.evaluate_loss(texts), len(model.wv)
    sort(model)
    assert model.wv.key_to_index["new0"] < words // 2
    assert model.evaluate_loss(texts) == pytest.approx(loss, rel=0.03)
    before = copy.deepcopy(model)
    model.build_vocab([["newest", "new0"]] * 9, update=True)
    model.train([["newest", "new0"]] * 9, total_examples=9, epochs=2, update=Update(lockf=0.0, outputs=True))
    np.testing.assert_array_equal(model.wv.vectors[:words], before.wv.vectors)
    for name in ("syn1neg", "syn1"):
        if getattr(before, name) is not None:
            kept = words if name == "syn1neg" else words - 1  # a tree of n words has n - 1 inner nodes
            np.testing.assert_array_equal(getattr(model, name)[:kept], getattr(before, name)[:kept])


def test_removal_under_hierarchical_softmax_is_refused_when_trained(texts, new_texts):
    model = Word2Vec(texts, **OPTIONS, **TREE)
    remove(model)
    with pytest.raises(ValueError, match="syn1 has shape"):
        model.train(texts, total_examples=len(texts), epochs=1)
    with pytest.raises(RuntimeError, match="words were removed"):
        model.build_vocab(new_texts, update=True)


def test_vectors_alone_do_not_carry_output_weights(tmp_path, texts):
    model = Word2Vec(texts, **OPTIONS, **NEGATIVE)
    small = KeyedVectors(12)
    small.add_vectors(model.wv.index_to_key, model.wv.vectors, extras=dict(model.wv.expandos))
    assert len(pickle.dumps(model.wv)) < len(pickle.dumps(small)) + 500
    assert set(vars(pickle.loads(pickle.dumps(model.wv)))) == set(vars(small))
    model.wv.save(tmp_path / "vectors")
    assert b"syn1neg" not in (tmp_path / "vectors").read_bytes()
    wv, output = model.wv, model.syn1neg
    del model
    wv.sort_by_descending_frequency()
    assert len(output) == len(wv)


def test_vectors_that_two_models_share(texts):
    """Each model keeps its own output weights, and both follow."""
    first, second = Word2Vec(texts, **OPTIONS, **NEGATIVE), Word2Vec(texts, **OPTIONS, **NEGATIVE, seed=7)
    output = by_word(first, first.syn1neg), by_word(second, second.syn1neg)
    second.wv = first.wv
    sort(first)
    for model, expected in zip((first, second), output, strict=True):
        for word, row in by_word(model, model.syn1neg).items():
            np.testing.assert_array_equal(row, expected[word])


def test_assigned_vectors_leave_the_former_ones_alone(texts):
    model = Word2Vec(texts, **OPTIONS, **NEGATIVE)
    former, output = model.wv, model.syn1neg
    model.wv = copy.deepcopy(former)
    former.sort_by_descending_frequency()
    assert model.syn1neg is output
    model.wv.sort_by_descending_frequency()
    assert model.syn1neg is not output
    with pytest.raises(TypeError, match=r"must be fastw2v\.KeyedVectors"):
        model.wv = {"a": 1}


def test_arrays_are_plain_and_may_be_assigned(texts):
    model = Word2Vec(texts, **OPTIONS, **NEGATIVE)
    for holder, name in (
        (model, "syn1neg"),
        (model, "cum_table"),
        (model.wv, "vectors"),
        (model.wv, "vectors_lockf"),
    ):
        array = getattr(holder, name).copy()
        setattr(holder, name, array)
        assert getattr(holder, name) is array
        assert type(array) is np.ndarray
    model.train(texts, total_examples=len(texts), epochs=1)
    model.syn1neg = np.zeros((3, 12), dtype=np.float32)
    with pytest.raises(ValueError, match="syn1neg has shape"):
        model.train(texts, total_examples=len(texts), epochs=1)


def test_words_added_to_the_vectors_get_zero_output_weights_when_sorted(texts):
    model = Word2Vec(texts, **OPTIONS, **NEGATIVE)
    before = copy.deepcopy(model)
    model.wv.add_vector("added", np.ones(12, dtype=np.float32))
    sort(model)
    assert_same_words(model, before, before.wv.index_to_key)
    assert not model.syn1neg[model.wv.key_to_index["added"]].any()
    assert shares(model)["added"] == 0


def test_a_model_made_from_another_shares_until_it_is_sorted(texts):
    first = Word2Vec(texts, **OPTIONS, **NEGATIVE)
    second = Word2Vec(**OPTIONS, **NEGATIVE)
    second.reset_from(first)
    assert second.wv.key_to_index is first.wv.key_to_index
    assert second.wv.expandos is first.wv.expandos
    assert second.cum_table is first.cum_table
    words, table = list(first.wv.index_to_key), first.cum_table.copy()
    sort(second)
    assert first.wv.index_to_key == words
    np.testing.assert_array_equal(first.cum_table, table)
    assert shares(first) == pytest.approx(shares(second), abs=1e-8)


def test_an_update_that_fails_in_any_step_changes_nothing(texts, new_texts, monkeypatch):
    def fail(*args, **kwargs):
        raise MemoryError

    model = Word2Vec(texts, **OPTIONS, negative=5, hs=1)
    expandos, words = model.wv.expandos, model.wv.index_to_key
    state = pickle.dumps({**model.__getstate__(), "lifecycle_events": []})
    for name in (
        "fastw2v.vocabulary.noise_distribution.noise_table", "fastw2v.vocabulary.vocabulary.graft",
        "fastw2v.word2vec.memory.grown", "fastw2v.vectors.row_table.extend_vectors",
        "fastw2v.word2vec.Word2Vec.estimate_memory",
    ):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setattr(name, fail)
            with pytest.raises(MemoryError):
                model.build_vocab(new_texts, update=True)
        assert model.wv.expandos is expandos
        assert model.wv.index_to_key is words
        assert pickle.dumps({**model.__getstate__(), "lifecycle_events": []}) == state
