"""What `load` checks, `save` checks first: it never replaces a good file with one that cannot be loaded."""

from __future__ import annotations

import copy
import functools
import pickle

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, KeyedVectors, Word2Vec

SENTENCES = [["a", "b", "c"], ["a", "c", "d"]] * 10
OPTIONS = {"vector_size": 4, "min_count": 1, "epochs": 1, "workers": 1}
MORE = [["a", "new", "word"]] * 3


@functools.cache
def pickled(**options):
    return pickle.dumps(Word2Vec(SENTENCES, **OPTIONS, **options))


def trained(**options):
    return pickle.loads(pickled(**options))


def continue_with(model):
    """Train, grow and train a model again."""
    model.train(SENTENCES, total_examples=len(SENTENCES), epochs=1)
    model.build_vocab(MORE, update=True)
    model.train(MORE, total_examples=len(MORE), epochs=1)
    assert np.isfinite(model.wv["new"]).all()


def by_save(model, path):
    model.save(path)
    return Word2Vec.load(path)


def by_gensim(model, path):
    model.save_gensim(path)
    return Word2Vec.load(path)


def by_checkpoint(model, path):
    model.train(SENTENCES, total_examples=len(SENTENCES), epochs=2, checkpoint=path)
    return Word2Vec.resume(path, SENTENCES)


def by_copy(model, path):
    return copy.deepcopy(model)


def by_pickle(model, path):
    return pickle.loads(pickle.dumps(model))


WAYS = [by_save, by_gensim, by_checkpoint, by_copy, by_pickle]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("lifecycle_events", None, None),
        ("loss_history", None, []),
        ("sample", np.float64(1e-3), 1e-3),
        ("comment", {"source": ["web", 1]}, {"source": ["web", 1]}),
    ],
)
def test_what_trains_can_be_stored_and_trained_again(tmp_path, way, name, value, kept):
    model = trained()
    setattr(model, name, value)
    again = way(model, tmp_path / "model")
    if name != "loss_history" or way is by_save:  # each training begins a history; files of gensim have none
        assert getattr(again, name) == (value if way in (by_copy, by_pickle) else kept)
    continue_with(again)


@pytest.mark.parametrize("way", [by_save, by_gensim, by_copy, by_pickle])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window", -1),
        ("window", "5"),
        ("negative", 2**63),
        ("alpha", float("nan")),
        ("ns_exponent", float("inf")),
        ("workers", None),
        ("seed", "words"),
        ("seed", [1, 2]),
        ("null_word", "yes"),
        ("loss_history", 5),
        ("lifecycle_events", ["trained"]),
        ("total_train_time", float("inf")),
        ("corpus_count", -1),
    ],
)
def test_a_setting_that_no_model_has_is_refused_before_the_old_file_is_touched(tmp_path, way, name, value):
    model, path = trained(), tmp_path / "model"
    path.write_bytes(b"the good file")
    setattr(model, name, value)
    with pytest.raises(ValueError, match=f"field '{name}' is"):
        way(model, path)
    assert path.read_bytes() == b"the good file"


def repeated_key(model):
    model.wv.index_to_key = ["a"] * len(model.wv)


@pytest.mark.parametrize("save", [Word2Vec.save, Word2Vec.save_gensim])
@pytest.mark.parametrize(
    ("change", "field"),
    [
        (repeated_key, "index_to_key"),
        (lambda model: model.wv.expandos.update(count=-model.wv.expandos["count"]), "expandos.count"),
        (lambda model: model.wv.expandos.update(count=model.wv.expandos["count"] * 0.5), "expandos.count"),
        (lambda model: setattr(model, "syn1neg", np.ones(4, np.float32)), "syn1neg"),
        (lambda model: setattr(model, "raw_vocab", {"a": -1}), "raw_vocab"),
        (lambda model: setattr(model.wv, "vectors_lockf", np.ones((2, 2))), "vectors_lockf"),
        (lambda model: model.wv._table.replace_vectors(model.wv.vectors[1:]), "vectors"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused_before_the_old_file_is_touched(
    tmp_path, save, change, field
):
    model, path = trained(), tmp_path / "model"
    path.write_bytes(b"the good file")
    change(model)
    with pytest.raises(ValueError, match=rf"\b{field}\b"):
        save(model, path)
    assert path.read_bytes() == b"the good file"


@pytest.mark.parametrize(
    "change", [lambda wv: wv.remove_keys(["a"]), lambda wv: wv.add_vector("e", np.ones(4))]
)
def test_a_model_whose_weights_do_not_fit_its_words_is_saved_for_gensim_only_as_vectors(tmp_path, change):
    model = trained(hs=1)
    change(model.wv)
    assert by_save(model, tmp_path / "model").wv.index_to_key == model.wv.index_to_key
    with pytest.raises(ValueError, match=r"words were added or removed.*wv\.save_gensim"):
        model.save_gensim(tmp_path / "gensim")
    model.wv.save_gensim(tmp_path / "vectors")
    assert KeyedVectors.load(tmp_path / "vectors").index_to_key == model.wv.index_to_key


def test_words_that_are_cut_off_by_hand_leave_vectors_that_can_be_saved(tmp_path):
    wv = trained().wv
    wv.expandos.clear()
    wv.index_to_key, wv.key_to_index = ["a", "b"], {"a": 0, "b": 1}
    wv.vectors = wv.vectors[:2]
    wv.save(tmp_path / "vectors")
    assert KeyedVectors.load(tmp_path / "vectors").add_vector("c", np.ones(4)) == 2


def test_attributes_that_a_file_cannot_hold(tmp_path, caplog):
    model = trained()
    model.ambiguous = {1: "a", "1": "b"}
    assert not hasattr(by_save(model, tmp_path / "model"), "ambiguous")
    assert "attribute ambiguous" in caplog.text
    model.wv.cube = np.zeros((1,) * 33)
    with pytest.raises(ValueError, match="33 dimensions"):
        model.save(tmp_path / "model")
    assert Word2Vec.load(tmp_path / "model").wv.index_to_key == model.wv.index_to_key


def test_the_state_of_a_callback_with_two_equal_keys_is_refused_before_the_training(tmp_path):
    class Ambiguous(CallbackAny2Vec):
        def state_dict(self):
            return {1: "a", "1": "b"}

    with pytest.raises(TypeError, match="state_dict"):
        Word2Vec(SENTENCES, **OPTIONS, callbacks=[Ambiguous()], checkpoint=tmp_path / "checkpoint")


@pytest.mark.parametrize("dtype", [np.float64, object])
def test_counts_of_vectors_may_be_of_any_type(tmp_path, dtype):
    wv = KeyedVectors(2)
    wv.add_vectors(["a", "b"], np.eye(2))
    wv.expandos["count"] = np.array([0.5, 1.5], dtype)
    wv.expandos["code"] = np.array(["x", "y"], object)
    wv.save_gensim(tmp_path / "vectors")
    loaded = KeyedVectors.load(tmp_path / "vectors")
    assert loaded.get_vecattr("b", "count") == 1.5
    assert loaded.get_vecattr("b", "code") == "y"


@pytest.mark.parametrize("way", [by_save, by_gensim, by_copy, by_pickle])
def test_a_model_without_words_is_stored_and_trained_later(tmp_path, way):
    again = way(Word2Vec(hs=1, **OPTIONS), tmp_path / "model")
    again.build_vocab(SENTENCES)
    continue_with(again)


@pytest.mark.parametrize("save", [KeyedVectors.save, KeyedVectors.save_gensim])
def test_lock_factors_may_be_a_list(tmp_path, save):
    wv = trained().wv
    wv.vectors_lockf = [0.5]
    save(wv, tmp_path / "vectors")
    assert KeyedVectors.load(tmp_path / "vectors").vectors_lockf.tolist() == [0.5]
    wv.vectors_lockf = 0.5
    with pytest.raises(ValueError, match="field 'vectors_lockf' is"):
        save(wv, tmp_path / "vectors")


@pytest.mark.parametrize("name", ["train", "score", "__class__", "_make_missing_tables", "total_train"])
@pytest.mark.parametrize("save", ["save", "save_gensim"])
def test_an_attribute_of_a_file_does_not_take_the_place_of_a_method(tmp_path, caplog, name, save):
    from fastw2v.formats import gensim, model_state

    model = trained()
    if save == "save":
        state = model._to_state()
        state.settings.update({name: 5, "topic": "news"})
        model_state.write(tmp_path / "m", state)
    else:
        model.save_gensim(tmp_path / "m")
        state = gensim.read_model(tmp_path / "m")
        state.settings.update({name: 5, "topic": "news"})
        gensim.write_model(tmp_path / "m", state)
    loaded = Word2Vec.load(tmp_path / "m")
    assert loaded.topic == "news"
    continue_with(loaded)
    taken = hasattr(Word2Vec, name) and not (save == "save_gensim" and name.startswith("__"))
    assert ("is the name of a method" in caplog.text) == taken


def test_an_attribute_of_a_file_of_vectors_does_not_take_the_place_of_a_method(tmp_path, caplog):
    from fastw2v.formats import vector_state

    state = trained().wv._to_state()
    state.attributes.update(most_similar=5, save="x", topic="news")
    vector_state.write(tmp_path / "v", state)
    wv = KeyedVectors.load(tmp_path / "v")
    assert wv.topic == "news"
    assert len(wv.most_similar("a")) == 4 - 1
    wv.save(tmp_path / "v")
    assert "'most_similar' of the file is left out" in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key_to_index", "a text"), ("index_to_key", 5), ("expandos", {"count": {"x": 1}}), ("huffman_tree", [1]),
        ("expandos", 3), ("words_before_update", "x"),
    ],
)  # fmt: skip
def test_a_damaged_pickle_of_vectors_is_refused_by_name(name, value):
    state = {**trained().wv.__getstate__(), name: value}
    with pytest.raises(ValueError, match=f"field '{name}.* expected"):
        KeyedVectors.__new__(KeyedVectors).__setstate__(state)
    del state[name]
    if name.endswith(("key", "index")):
        with pytest.raises(ValueError, match=f"no field '{name}'"):
            KeyedVectors.__new__(KeyedVectors).__setstate__(state)


@pytest.mark.parametrize(
    ("name", "value"), [("wv", 5), ("random", -1), ("syn1neg", "x"), ("syn1", 1.5), ("_raw_counts", 3)]
)
def test_a_damaged_pickle_of_a_model_is_refused_by_name(name, value):
    state = {**trained().__getstate__(), name: value}
    with pytest.raises(ValueError, match=f"field '{name}' is .* expected"):
        Word2Vec.__new__(Word2Vec).__setstate__(state)
