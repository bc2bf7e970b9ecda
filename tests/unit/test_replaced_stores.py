"""Stores that users change by assignment, and subclasses with methods and constructors of their own."""

from __future__ import annotations

import copy
import inspect
import logging
import weakref

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.keyedvectors import KeyedVectors, load_any

WORDS = ["a", "b", "c", "d"]
MATRIX = np.random.default_rng(5).standard_normal((4, 3)).astype(np.float32)
KEEP = ["c", "a"]
PARTS = ("vectors", "index_to_key", "key_to_index")


def filled(kind=KeyedVectors):
    vectors = kind(3)
    vectors.add_vectors(WORDS, MATRIX, extras={"count": [4, 3, 2, 1]})
    return vectors


def parts_of(words, matrix):
    return {
        "vectors": matrix,
        "index_to_key": list(words),
        "key_to_index": {word: row for row, word in enumerate(words)},
    }


def trained():
    return Word2Vec([WORDS] * 20, vector_size=3, min_count=1, workers=1, epochs=1)


# --- assignments in any order


@pytest.mark.parametrize("order", [PARTS, PARTS[::-1], (PARTS[1], PARTS[0], PARTS[2])])
def test_keys_and_vectors_are_assigned_in_any_order(order, tmp_path):
    smaller = parts_of(KEEP, MATRIX[[2, 0]])
    larger = parts_of([*WORDS, "e"], np.vstack([MATRIX, np.ones((1, 3), np.float32)]))
    for parts in (smaller, larger, parts_of([], np.empty(0)), parts_of(WORDS, MATRIX)):
        vectors = filled()
        for name in order:
            setattr(vectors, name, parts[name])
        assert len(vectors) == len(parts["index_to_key"])
        for word, row in parts["key_to_index"].items():
            assert np.array_equal(vectors[word], parts["vectors"][row])
        vectors.save(tmp_path / "v")
        assert KeyedVectors.load(tmp_path / "v").index_to_key == parts["index_to_key"]
        vectors.add_vector("new", np.ones(3))
        assert vectors["new"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "use",
    [
        lambda kv, path: kv["a"],
        lambda kv, path: kv[["a", "b"]],
        lambda kv, path: kv.most_similar("a"),
        lambda kv, path: kv.most_similar_batch(["a"]),
        lambda kv, path: kv.distances("a"),
        lambda kv, path: kv.get_normed_vectors(),
        lambda kv, path: kv.add_vector("e", np.ones(3)),
        lambda kv, path: kv.remove_keys(["a"]),
        lambda kv, path: kv.subset(["a"]),
        lambda kv, path: kv.astype("float16"),
        lambda kv, path: kv.save(path),
        lambda kv, path: kv.save_gensim(path),
        lambda kv, path: kv.save_word2vec_format(path),
        lambda kv, path: kv.evaluate_word_analogies([": s", "a b c d"]),
    ],
)
def test_vectors_that_contradict_the_keys_are_refused_where_they_are_used(use, tmp_path):
    vectors = filled()
    vectors.vectors = MATRIX[:3]
    with pytest.raises(ValueError, match="3 rows for 4 keys"):
        use(vectors, tmp_path / "v")
    assert not list(tmp_path.iterdir())
    vectors.vectors = MATRIX
    use(vectors, tmp_path / "v")


def test_vectors_are_deleted_and_assigned_again():
    vectors = filled()
    for remove in (lambda: setattr(vectors, "vectors", None), lambda: delattr(vectors, "vectors")):
        remove()
        assert vectors.vectors is None
        assert "a" in vectors
        with pytest.raises(ValueError, match="0 rows for 4 keys"):
            vectors.most_similar("a")
        vectors.vectors = MATRIX
        assert np.array_equal(vectors["b"], MATRIX[1])
    vectors.vectors = None
    vectors.resize_vectors(seed=1)
    assert vectors.vectors.shape == (4, 3)


def test_keys_that_contradict_each_other_are_not_saved(tmp_path):
    vectors = filled()
    vectors.index_to_key = KEEP
    vectors.vectors = MATRIX[[2, 0]]
    with pytest.raises(ValueError, match="4 keys and index_to_key 2"):
        vectors["a"]
    vectors.key_to_index = {"a": 0, "c": 1}
    with pytest.raises(ValueError, match="first for 'c' in row 0"):
        vectors.save(tmp_path / "v")


def test_a_model_is_not_trained_with_vectors_that_contradict_its_words(tmp_path):
    model = trained()
    model.wv.vectors = model.wv.vectors[:2]
    uses = [
        lambda: model.train([WORDS], total_examples=1, epochs=1),
        lambda: model.save(tmp_path / "m"),
        lambda: model.predict_output_word(["a"]),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="2 rows for 4 keys"):
            use()
    model.wv.key_to_index = {word: row for row, word in enumerate(KEEP)}
    model.wv.index_to_key = KEEP
    with pytest.raises(RuntimeError, match="no counts"):
        model.train([WORDS], total_examples=1, epochs=1)
    with pytest.raises(RuntimeError, match=r"syn1neg has the shape \(4, 3\)"):
        model.predict_output_word(["a"])


def test_a_model_whose_words_were_cut_is_saved_and_loaded(tmp_path, caplog):
    model = Word2Vec([WORDS] * 20, vector_size=3, min_count=1, workers=1, epochs=1)
    matrix = model.wv[KEEP]
    for name, part in parts_of(KEEP, matrix).items():
        setattr(model.wv, name, part)
    with caplog.at_level(logging.WARNING):
        model.save(tmp_path / "m")
    assert "expandos['count'] has 4 values for 2 keys" in caplog.text
    for loaded in (Word2Vec.load(tmp_path / "m").wv, load_any(tmp_path / "m")):
        assert loaded.index_to_key == KEEP
        assert np.array_equal(loaded.vectors, matrix)
    with pytest.raises(ValueError, match=r"wv\.save_gensim\(\) for the vectors"):
        model.save_gensim(tmp_path / "gensim")
    model.wv.save_gensim(tmp_path / "gensim")
    assert np.array_equal(load_any(tmp_path / "gensim").vectors, matrix)


def test_attributes_of_keys_that_were_replaced_are_dropped(caplog):
    """Nobody knows which of the four counts are those of the two keys."""
    for use in (
        lambda kv: kv.remove_keys(["a"]),
        lambda kv: kv.add_vectors(["e", "f"], np.ones((2, 3))),
        lambda kv: kv.subset(["a"]),
    ):
        vectors = filled()
        for name, part in parts_of(KEEP, MATRIX[[2, 0]]).items():
            setattr(vectors, name, part)
        caplog.clear()
        changed = use(vectors) or vectors
        assert "count" not in changed.expandos
        assert "4 values for 2 keys" in caplog.text


def test_a_sparse_matrix_is_read_back_and_refused_by_queries():
    sparse = pytest.importorskip("scipy.sparse")
    vectors, matrix = filled(), sparse.csr_matrix(MATRIX)
    vectors.vectors = matrix
    assert vectors.vectors is matrix
    assert vars(vectors)["vectors"] is matrix
    with pytest.raises(TypeError, match="toarray"):
        vectors.most_similar("a")
    assert "csr" in repr(vectors)
    vectors.vectors = matrix.toarray()
    assert len(vectors.most_similar("a")) == 3


def test_a_look_up_sees_what_was_replaced_since_the_one_before():
    vectors = filled()
    old = vectors.vectors
    assert np.shares_memory(vectors["a"], old)
    assert not vectors["a"].flags.writeable
    old_reference = weakref.ref(old)
    vectors.vectors = MATRIX[::-1].copy()
    del old
    assert old_reference() is None
    assert np.array_equal(vectors["a"], MATRIX[3])
    vectors.vectors[0] = 7
    assert np.array_equal(vectors["a"], [7] * MATRIX.shape[1])
    vectors.vector_size += 1
    with pytest.raises(ValueError, match="columns for vector_size"):
        vectors["a"]
    vectors.vector_size -= 1
    vectors.index_to_key.append("more")
    with pytest.raises(ValueError, match="rows for 5 keys"):
        vectors["a"]


# --- the attributes of the object


def test_the_dictionary_of_attributes_has_the_vectors():
    vectors = filled()
    vectors.note = "mine"
    attributes = vars(vectors)
    assert isinstance(attributes, dict)
    assert attributes["vectors"] is vectors.vectors
    assert attributes["index_to_key"] is vectors.index_to_key
    assert attributes["note"] == "mine"
    assert "_table" not in attributes
    assert "note" in dir(vectors)
    vectors.__dict__["vectors"] = MATRIX[::-1]
    assert np.array_equal(vectors["a"], MATRIX[3])
    vectors.__dict__["other"] = 1
    assert vectors.other == 1
    del vectors.__dict__["other"]
    assert not hasattr(vectors, "other")


def test_the_dictionary_of_a_model_has_its_weights():
    model = small_model()
    attributes = vars(model)
    assert attributes["wv"] is model.wv
    assert attributes["syn1neg"] is model.syn1neg
    assert attributes["layer1_size"] == 4
    assert "syn1" not in attributes
    assert not [name for name in attributes if name.startswith("_")]
    del model.__dict__["syn1neg"]
    assert model.syn1neg is None
    assert "syn1neg" not in vars(model)


@pytest.mark.parametrize(
    "take", [vars, lambda model: copy.copy(vars(model)), lambda model: dict(vars(model))]
)
def test_a_model_takes_over_the_attributes_of_another_one(take):
    class Mine(Word2Vec):
        def __init__(self, other):
            self.__dict__.update(take(other))

    model = small_model(ns_exponent=0.5)
    mine = Mine(model)
    assert vars(mine).keys() == vars(model).keys()
    assert mine.syn1neg is model.syn1neg
    for each in (mine, copy.deepcopy(mine)):
        each.build_vocab([["c", "d"]] * 3, update=True)
        each.train([["a", "d"]], total_examples=1, epochs=1)


def test_attributes_are_taken_over_by_another_class():
    class Mine(KeyedVectors):
        def __init__(self, other):
            self.__dict__.update(other.__dict__)

    class Shared(KeyedVectors):
        def __init__(self, other):
            self.__dict__ = other.__dict__

    for kind in (Mine, Shared):
        vectors = filled()
        vectors.note = "mine"
        new = kind(vectors)
        assert new.most_similar("a") == vectors.most_similar("a")
        assert new.note == "mine"
        assert new.vectors is vectors.vectors


# --- subclasses


class AssignsBefore(KeyedVectors):
    def __init__(self, words, matrix):
        self.vectors = np.asarray(matrix)
        super().__init__(self.vectors.shape[1])
        self.add_vectors(words, matrix)


class NeverCallsInit(KeyedVectors):
    def __init__(self, words, matrix):
        self.vectors = matrix
        self.index_to_key = list(words)
        self.key_to_index = {word: row for row, word in enumerate(words)}


class MakesItInNew(KeyedVectors):
    def __new__(cls, words=(), matrix=None):
        self = object.__new__(cls)
        if matrix is not None:
            for name, part in parts_of(words, matrix).items():
                setattr(self, name, part)
        return self

    def __init__(self, words, matrix):
        pass


@pytest.mark.parametrize("kind", [AssignsBefore, NeverCallsInit, MakesItInNew])
def test_subclasses_with_constructors_of_their_own(kind, tmp_path):
    vectors = kind(WORDS, MATRIX)
    assert vectors.vector_size == 3
    assert vectors.most_similar("a") == filled().most_similar("a")
    vectors.add_vector("e", np.ones(3))
    vectors.save(tmp_path / "v")
    loaded = kind.load(tmp_path / "v")
    assert type(loaded) is kind
    assert np.array_equal(loaded["e"], np.ones(3))
    assert vectors.subset(["e", "a"]).index_to_key == ["e", "a"]
    assert vectors.astype("float16")["e"].tolist() == [1, 1, 1]
    assert vectors.vectors_for_all(["e"]).index_to_key == ["e"]


class Negated(KeyedVectors):
    """Its vectors point into the opposite direction."""

    def get_vector(self, key, norm=False):
        return -super().get_vector(key, norm)


def on_instance():
    vectors = filled()
    original = vectors.get_vector
    vectors.get_vector = lambda key, norm=False: -original(key, norm)
    return vectors


@pytest.mark.parametrize("make", [lambda: filled(Negated), on_instance])
def test_an_overridden_get_vector_is_used_by_all_queries(make, tmp_path):
    ours, plain = make(), filled()
    assert np.array_equal(ours[["a", "b"]], -MATRIX[:2])
    assert ours.most_similar("a")[-1][0] == plain.most_similar("a")[0][0]
    assert ours.most_similar_cosmul("a")[-1][0] == plain.most_similar_cosmul("a")[0][0]
    np.testing.assert_allclose(ours.distances("a"), 2 - plain.distances("a"), atol=1e-6)
    assert np.array_equal(ours.vectors_for_all(["b", "a"]).vectors, -MATRIX[[1, 0]])
    ours.save_word2vec_format(tmp_path / "v.txt")
    assert np.array_equal(KeyedVectors.load_word2vec_format(tmp_path / "v.txt")["a"], -MATRIX[0])


def test_overridden_methods_are_used_by_those_that_gensim_builds_on_them():
    class Mine(KeyedVectors):
        def get_index(self, key, default=None):
            return super().get_index(key.lower() if isinstance(key, str) else key, default)

        def similarity(self, w1, w2):
            return {"a": 1.0, "b": 2.0, "c": 3.0}[w2]

        def most_similar(self, *args, **kwargs):
            return [("d", 1.0)]

        def cosine_similarities(self, vector, vectors):
            return np.arange(4.0)

        def fill_norms(self, force=False):
            calls.append("fill_norms")
            super().fill_norms(force)

    calls: list[str] = []
    vectors = filled(Mine)
    assert "A" in vectors
    assert np.array_equal(vectors["A"], MATRIX[0])
    assert np.array_equal(vectors[["A", "B"]], MATRIX[:2])
    assert vectors.similar_by_word("a") == [("d", 1.0)]
    assert vectors.distances("a").tolist() == [1.0, 0.0, -1.0, -2.0]
    assert vectors.evaluate_word_analogies([": s", "a b c d", "a b d c"])[0] == 0.5
    assert vectors.evaluate_word_pairs(["d\ta\t1", "d\tb\t2", "d\tc\t3"])[1][0] == pytest.approx(1)
    calls.clear()
    vectors.get_normed_vectors()
    assert calls == ["fill_norms"]


# --- what cannot be meant


def test_iteration_is_refused_with_a_hint():
    with pytest.raises(TypeError, match="index_to_key"):
        list(filled())


@pytest.mark.parametrize(
    "query",
    [
        lambda kv: kv[b"ab"],
        lambda kv: kv.most_similar(b"ab"),
        lambda kv: kv.most_similar_cosmul(b"ab"),
        lambda kv: kv.n_similarity(b"ab", ["a"]),
        lambda kv: kv.doesnt_match(b"ab"),
        lambda kv: kv.wmdistance(b"ab", ["a"]),
        lambda kv: kv.remove_keys(b"ab"),
        lambda kv: kv.vectors_for_all(b"ab"),
        lambda kv: kv.add_vectors(b"ab", MATRIX[:2]),
        lambda kv: kv.__setitem__(b"ab", MATRIX[:2]),
    ],
)
def test_bytes_are_not_taken_as_rows(query):
    vectors = filled()
    with pytest.raises(TypeError, match="index_to_key"):
        query(vectors)
    assert vectors.index_to_key == WORDS


def test_wmdistance_names_a_word_whose_vector_is_not_finite():
    pytest.importorskip("ot")
    vectors = filled()
    vectors.vectors[1, 1] = np.nan
    vectors.invalidate_norms()
    for norm in (True, False):
        with pytest.raises(ValueError, match="'b'"):
            vectors.wmdistance(["a", "b"], ["c"], norm=norm)


def test_representations_are_informative():
    model = trained()
    assert repr(model.wv) == "<KeyedVectors: 4 keys, vector_size=3, float32>"
    assert repr(model) == (
        "<Word2Vec: 4 words, vector_size=3, CBOW, negative=5, window=5, epochs=1, train_count=1>"
    )
    assert str(model) == "Word2Vec<vocab=4, vector_size=3, alpha=0.025>"
    assert "Word2Vec" in repr(Word2Vec.__new__(Word2Vec))


def test_docstrings_have_their_sections_on_lines_of_their_own():
    methods = [value for kind in (KeyedVectors, Word2Vec) for value in vars(kind).values() if callable(value)]
    for method in methods:
        lines = (inspect.getdoc(method) or "").splitlines()
        assert not [line for line in lines if "-----" in line and line.strip("- ")]


def test_unit_normalization_of_read_only_vectors(tmp_path):
    filled().save(tmp_path / "v")
    content = (tmp_path / "v").read_bytes()
    vectors = KeyedVectors.load(tmp_path / "v", mmap="r")
    with pytest.warns(DeprecationWarning, match="unit_normalize_all"):
        vectors.init_sims(replace=True)
    np.testing.assert_allclose(np.linalg.norm(vectors.vectors, axis=1), 1, rtol=1e-6)
    assert (tmp_path / "v").read_bytes() == content


def small_model(**options):
    return Word2Vec([["a", "b"], ["b", "c"]] * 5, vector_size=4, min_count=1, workers=1, **options)


def test_the_attributes_of_a_model_can_be_copied():
    model = small_model()
    attributes = copy.deepcopy(
        vars(model)
    )  # programs that store models in a format of their own start from these
    assert attributes["window"] == model.window
    model.train([["a", "b"]], total_examples=1, epochs=1)


@pytest.mark.parametrize(
    ("name", "options"),
    [("syn1neg", {}), ("syn1", {"hs": 1, "negative": 0}), ("cum_table", {}), ("raw_vocab", {})],
)
def test_what_only_a_training_needs_can_be_deleted(name, options, tmp_path):
    model = small_model(**options)
    delattr(model, name)
    assert getattr(model, name) is None
    assert model.wv.most_similar("a")
    model.save(tmp_path / "model")
    assert np.array_equal(Word2Vec.load(tmp_path / "model").wv["a"], model.wv["a"])
    assert copy.deepcopy(model).wv.key_to_index == model.wv.key_to_index
    if name.startswith("syn1"):
        with pytest.raises(ValueError, match=name):
            model.train([["a", "b"]], total_examples=1, epochs=1)


def test_vectors_of_a_model_are_deleted_and_assigned_again():
    model = small_model()
    vectors = model.wv
    del model.wv
    assert not hasattr(model, "wv")
    vectors.add_vector("d", np.ones(4))
    assert len(model.syn1neg) == 3  # it was not a part of these vectors then
    vectors.remove_keys(["d"])
    model.wv = vectors
    model.train([["a", "b"]], total_examples=1, epochs=1)
    vectors.sort_by_descending_frequency()
    assert len(model.syn1neg) == 3


@pytest.mark.parametrize("name", ["vectors_lockf", "expandos", "norms"])
def test_attributes_of_vectors_can_be_taken_out_of_their_dictionary(name):
    vectors = small_model().wv
    vectors.fill_norms()
    assert vars(vectors).pop(name) is not None
    assert not getattr(vectors, name)
    assert vectors.most_similar("a")
