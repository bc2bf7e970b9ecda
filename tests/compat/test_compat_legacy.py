"""Code written for gensim 3.x: each old name works, and gives one warning that says what to write instead."""

from __future__ import annotations

import copy
import pickle
import sys
import types
import warnings

import numpy as np
import pytest

from fastw2v import KeyedVectors, Word2Vec
from fastw2v.models.keyedvectors import Vocab

SENTENCES = [["cat", "sat", "mat"], ["dog", "sat", "log"], ["cat", "dog"]] * 10
OPTIONS = {"min_count": 1, "vector_size": 8, "workers": 1, "epochs": 2}


@pytest.fixture(scope="module")
def trained():
    return Word2Vec(SENTENCES, **OPTIONS)


@pytest.fixture
def model(trained):
    return copy.deepcopy(trained)


def one_warning(use, current):
    """Return what `use()` returns, after checking that it gives one warning, at its own line, that names `current`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = use()
    assert [w.category for w in caught] == [DeprecationWarning]
    assert current in str(caught[0].message)
    assert caught[0].filename == __file__
    return value


# --- arguments


def test_constructor_arguments(trained):
    one_warning(lambda: Word2Vec(size=8), "vector_size=")
    one_warning(lambda: Word2Vec(iter=3), "epochs=")
    with pytest.warns(DeprecationWarning, match="gensim 3"):
        old = Word2Vec(SENTENCES, size=8, iter=2, min_count=1, workers=1)
    np.testing.assert_array_equal(old.wv.vectors, trained.wv.vectors)


def test_corpus_arguments():
    model = Word2Vec(**OPTIONS)
    assert one_warning(lambda: model.scan_vocab(sentences=SENTENCES), "corpus_iterable=") == (80, 30)
    one_warning(lambda: model.build_vocab(sentences=SENTENCES), "corpus_iterable=")
    train = {"total_examples": len(SENTENCES), "epochs": 2}
    trained, raw = one_warning(lambda: model.train(sentences=SENTENCES, **train), "corpus_iterable=")
    assert raw == 160
    assert trained <= raw


def test_both_names_of_an_argument_or_an_unknown_one_are_refused():
    with (
        pytest.warns(DeprecationWarning, match="gensim 3"),
        pytest.raises(TypeError, match=r"size= and vector_size="),
    ):
        Word2Vec(size=3, vector_size=4)
    with pytest.raises(TypeError, match="vectorsize"):
        Word2Vec(vectorsize=4)


def test_a_subclass_may_have_such_arguments_and_attributes_of_its_own():
    class Sized(Word2Vec):
        def __init__(self, size, iter):
            self.accuracy = "high"
            self.vocab = {"mine": 1}
            super().__init__(vector_size=size, epochs=iter)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = Sized(size=6, iter=4)
        assert (model.vector_size, model.epochs, model.accuracy, model.vocab) == (6, 4, "high", {"mine": 1})


# --- attributes


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("iter", "epochs"),
        ("size", "vector_size"),
        ("syn0", "wv.vectors"),
        ("syn0_lockf", "wv.vectors_lockf"),
        ("index2word", "wv.index_to_key"),
        ("wv.syn0", "vectors"),
        ("wv.index2word", "index_to_key"),
        ("wv.index2entity", "index_to_key"),
        ("trainables.syn1neg", "attributes of the model"),
        ("trainables.vectors_lockf", "wv.vectors_lockf"),
        ("trainables.layer1_size", "attributes of the model"),
        ("vocabulary.cum_table", "attributes of the model"),
        ("vocabulary.min_count", "attributes of the model"),
    ],
)
def test_attributes_to_read(model, old, new):
    today = {
        "trainables.syn1neg": "syn1neg",
        "trainables.vectors_lockf": "wv.vectors_lockf",
        "trainables.layer1_size": "layer1_size",
        "vocabulary.cum_table": "cum_table",
        "vocabulary.min_count": "min_count",
    }.get(old, f"wv.{new}" if old.startswith("wv.") else new)
    assert one_warning(lambda: _get(model, old), new) is _get(model, today)


def _get(thing, path):
    for name in path.split("."):
        thing = getattr(thing, name)
    return thing


def test_attributes_to_assign(model):
    def assign(thing, name, value):
        setattr(thing, name, value)

    vectors = np.ones((len(model.wv), 8), dtype=np.float32)
    lock = np.zeros(len(model.wv), dtype=np.float32)
    one_warning(lambda: assign(model, "iter", 9), "epochs")
    one_warning(lambda: assign(model.wv, "syn0", vectors), "vectors")
    one_warning(lambda: assign(model, "syn0_lockf", lock), "wv.vectors_lockf")
    one_warning(lambda: assign(model.wv, "index2word", list("abcde")), "index_to_key")
    one_warning(lambda: assign(model.wv, "vectors_norm", None), "get_normed_vectors()")
    assert model.epochs == 9
    assert model.wv.vectors is vectors
    assert model.wv.vectors_lockf is lock
    assert model.wv.index_to_key == list("abcde")
    with pytest.raises(AttributeError, match="add_vectors"):
        model.wv.vocab = {}
    with pytest.warns(DeprecationWarning, match="gensim 3"):
        holder = model.trainables
    holder.syn1neg = vectors
    assert model.syn1neg is vectors
    with pytest.raises(AttributeError, match="syn1negg"):
        holder.syn1negg = vectors


@pytest.mark.parametrize("name", ["wv.syn0norm", "wv.vectors_norm", "syn0norm"])
def test_normed_vectors(model, name):
    normed = one_warning(lambda: _get(model, name), "get_normed_vectors()")
    np.testing.assert_array_equal(normed, model.wv.get_normed_vectors())


def test_vocab_is_a_view_of_records(model):
    vocab = one_warning(lambda: model.wv.vocab, "key_to_index")
    assert list(vocab) == model.wv.index_to_key
    assert len(vocab) == 5
    assert "cat" in vocab
    assert 0 not in vocab
    assert {word: record.count for word, record in vocab.items()} == {
        "cat": 20, "sat": 20, "dog": 20, "mat": 10, "log": 10
    }  # fmt: skip
    cat = vocab["cat"]
    assert isinstance(cat, Vocab)
    assert cat.index == model.wv.key_to_index["cat"]
    assert cat.sample_int == model.wv.get_vecattr("cat", "sample_int")
    assert vocab["mat"] < cat
    assert "count:20" in str(cat)
    cat.count = 7
    assert model.wv.get_vecattr("cat", "count") == 7
    assert max(vocab, key=lambda word: vocab[word].count) in ("sat", "dog")
    with pytest.raises(KeyError):
        vocab["axolotl"]
    with pytest.raises(AttributeError, match="no_such"):
        _ = cat.no_such
    with pytest.warns(DeprecationWarning, match="gensim 3"):
        assert list(model.vocab) == list(vocab)


def test_huffman_codes_of_a_word():
    model = Word2Vec(SENTENCES, **OPTIONS, hs=1, negative=0)
    with pytest.warns(DeprecationWarning, match="gensim 3"):
        record = model.wv.vocab["mat"]
    np.testing.assert_array_equal(record.code, model.huffman_tree.code(model.wv.key_to_index["mat"]))
    np.testing.assert_array_equal(record.point, model.wv.get_vecattr("mat", "point"))


# --- methods


def test_queries_on_the_model(model):
    calls = {
        "most_similar": ("cat",),
        "most_similar_cosmul": (["cat"], ["dog"]),
        "similar_by_word": ("cat",),
        "similar_by_vector": (model.wv["cat"],),
        "doesnt_match": (["cat", "dog", "log"],),
        "similarity": ("cat", "dog"),
        "n_similarity": (["cat"], ["dog", "log"]),
    }
    for name, arguments in calls.items():
        old = one_warning(lambda name=name, args=arguments: getattr(model, name)(*args), f"model.wv.{name}")
        assert old == getattr(model.wv, name)(*arguments)


def test_the_model_as_a_mapping(model):
    np.testing.assert_array_equal(one_warning(lambda: model["cat"], "model.wv[...]"), model.wv["cat"])
    np.testing.assert_array_equal(
        one_warning(lambda: model[["cat", "dog"]], "model.wv[...]"), model.wv[["cat", "dog"]]
    )
    assert one_warning(lambda: "cat" in model, "in model.wv")
    assert not one_warning(lambda: "axolotl" in model, "in model.wv")
    with pytest.raises(TypeError, match="not iterable"):
        iter(model)


def test_vectors_by_older_methods(model):
    wv = model.wv
    old = one_warning(lambda: wv.word_vec("cat", use_norm=True), "get_vector")
    np.testing.assert_array_equal(old, wv.get_vector("cat", norm=True))
    one_warning(lambda: wv.add(["axolotl"], [np.ones(8)]), "add_vectors")
    assert wv["axolotl"].tolist() == [1.0] * 8
    one_warning(lambda: wv.add(["axolotl"], [np.zeros(8)], replace=True), "add_vectors")
    assert not wv["axolotl"].any()
    one_warning(lambda: model.clear_sims(), "clear_sims")


@pytest.mark.parametrize("owner", ["model", "wv"])
def test_init_sims_in_place(model, owner):
    normed = model.wv.get_normed_vectors()
    one_warning(lambda: (model if owner == "model" else model.wv).init_sims(replace=True), "fill_norms")
    np.testing.assert_allclose(model.wv.vectors, normed, rtol=1e-6)


def test_accuracy_gives_the_sections(model, tmp_path):
    questions = tmp_path / "questions"
    questions.write_text(": pets\ncat dog mat log\n")
    expected = model.wv.evaluate_word_analogies(str(questions))[1]
    assert one_warning(lambda: model.accuracy(str(questions)), "evaluate_word_analogies") == expected
    assert one_warning(lambda: model.wv.accuracy(str(questions)), "evaluate_word_analogies") == expected


def test_word2vec_files_by_way_of_the_model(model, tmp_path):
    path = str(tmp_path / "vectors.txt")
    one_warning(lambda: model.save_word2vec_format(path), "model.wv.save_word2vec_format")
    read = one_warning(lambda: Word2Vec.load_word2vec_format(path), "KeyedVectors.load_word2vec_format")
    assert type(read) is KeyedVectors
    np.testing.assert_array_equal(read["cat"], model.wv["cat"])
    model.wv.vectors[...] = 0
    one_warning(
        lambda: model.intersect_word2vec_format(path, lockf=1.0), "model.wv.intersect_word2vec_format"
    )
    np.testing.assert_array_equal(model.wv["cat"], read["cat"])


def test_training_data_can_be_dropped(model):
    one_warning(lambda: model.delete_temporary_training_data(), "model.wv")
    assert model.wv.most_similar("cat")
    assert model.syn1neg is None
    with pytest.raises((ValueError, RuntimeError), match="syn1neg"):
        model.train(SENTENCES, total_examples=len(SENTENCES), epochs=1)


def test_keras_embedding(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setitem(sys.modules, "keras.layers", None)
    with (
        pytest.warns(DeprecationWarning, match="gensim 3"),
        pytest.raises(ImportError, match="pip install keras"),
    ):
        model.wv.get_keras_embedding()
    layers = types.ModuleType("keras.layers")
    layers.Embedding = lambda **options: options
    monkeypatch.setitem(sys.modules, "keras", types.ModuleType("keras"))
    monkeypatch.setitem(sys.modules, "keras.layers", layers)
    layer = one_warning(lambda: model.wv.get_keras_embedding(train_embeddings=True), "keras.layers.Embedding")
    assert layer["trainable"] is True
    assert layer["weights"][0] is model.wv.vectors
    assert (layer["input_dim"], layer["output_dim"]) == model.wv.vectors.shape
    with pytest.warns(DeprecationWarning, match="gensim 3"):
        layer = model.wv.get_keras_embedding(word_index={"cat": 2, "axolotl": 1})
    assert layer["input_dim"] == 3
    np.testing.assert_array_equal(layer["weights"][0][2], model.wv["cat"])
    assert layer["weights"][0][1].any()


# --- the current names


@pytest.mark.parametrize("name", ["vocabb", "wv", "index2words", "syn00"])
def test_typing_errors_are_errors(model, name):
    with pytest.raises(AttributeError, match=name):
        getattr(model.wv, name)
    assert not hasattr(model.wv, name)


def test_copies_and_pickles_see_no_old_names(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for other in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert str(other) == str(model)
            np.testing.assert_array_equal(other.wv.vectors, model.wv.vectors)
            other.train(SENTENCES, total_examples=len(SENTENCES), epochs=1)


def test_load_is_no_method_of_a_model(model, tmp_path):
    model.save(tmp_path / "model")
    with pytest.raises(AttributeError, match=r"Word2Vec\.load"):
        model.load(tmp_path / "model")

    class Child(Word2Vec):
        @classmethod
        def load(cls, path):
            return super().load(path)

    assert type(Child.load(tmp_path / "model")) is Child


def test_saving_to_an_open_file(model, tmp_path):
    with open(tmp_path / "model", "wb") as file:
        model.save(file)
    np.testing.assert_array_equal(Word2Vec.load(tmp_path / "model").wv.vectors, model.wv.vectors)
