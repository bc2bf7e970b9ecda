"""KeyedVectors as a container: look-up, growth, attributes, norms, removal, order, saving."""

from __future__ import annotations

import copy
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fastw2v import keyedvectors
from fastw2v.formats.keys import decode_keys, encode_keys
from fastw2v.keyedvectors import KeyedVectors
from helpers.oracle import gensim

WORDS = [f"w{i}" for i in range(30)]
MATRIX = np.random.default_rng(3).standard_normal((30, 5)).astype(np.float32)


def filled(kind=KeyedVectors, words=WORDS, matrix=MATRIX, **options):
    vectors = kind(matrix.shape[1], **options)
    vectors.add_vectors(words, matrix)
    return vectors


@pytest.fixture
def vectors():
    return filled()


def assert_consistent(vectors):
    """Keys, rows, attributes and norms agree, and the matrix is what compiled code expects."""
    assert len(vectors) == len(vectors.index_to_key) == len(vectors.vectors)
    named = [(key, row) for row, key in enumerate(vectors.index_to_key) if key is not None]
    assert vectors.key_to_index == dict(named)
    assert all(len(values) == len(vectors) for values in vectors.expandos.values())
    assert vectors.vectors.flags.c_contiguous
    vectors.fill_norms()
    exact = np.linalg.norm(vectors.vectors.astype(np.float64), axis=1)
    np.testing.assert_allclose(vectors.norms, exact, rtol=1e-5)


# --- look-up


def test_a_fresh_store_has_empty_slots_of_zeros():
    ours, theirs = KeyedVectors(4, count=3), gensim.models.KeyedVectors(4, count=3)
    assert ours.index_to_key == theirs.index_to_key
    assert str(ours) == str(theirs) == "KeyedVectors<vector_size=4, 3 keys>"
    assert np.array_equal(ours.vectors, theirs.vectors)
    assert ours.vectors.dtype == theirs.vectors.dtype
    assert (ours.key_to_index, ours.next_index, ours.expandos, ours.norms) == ({}, 0, {}, None)
    with pytest.raises(ValueError, match="count=-1 must be at least 0"):
        KeyedVectors(4, count=-1)


def test_vectors_are_read_by_key_by_row_and_in_lists(vectors):
    assert np.array_equal(vectors["w3"], MATRIX[3])
    assert np.array_equal(vectors[3], MATRIX[3])
    assert np.array_equal(vectors[np.int64(3)], MATRIX[3])
    assert np.array_equal(vectors[["w3", 5, "w3"]], MATRIX[[3, 5, 3]])
    assert np.array_equal(vectors[("w3", "w1")], MATRIX[[3, 1]])
    assert np.array_equal(vectors[np.array([0, 2])], MATRIX[[0, 2]])
    assert np.array_equal(vectors[(word for word in ["w9"])], MATRIX[[9]])
    unit = vectors.get_vector("w3", norm=True)
    np.testing.assert_allclose(
        unit, filled(gensim.models.KeyedVectors).get_vector("w3", norm=True), atol=1e-7
    )
    assert not unit.flags.writeable


def test_single_vectors_are_read_only_views_and_lists_are_copies(vectors):
    row = vectors["w3"]
    with pytest.raises(ValueError, match="read-only"):
        row[0] = 1
    vectors.vectors[3] = 7
    assert (row == 7).all()
    several = vectors[["w3", "w4"]]
    several[:] = 0
    assert (vectors["w3"] == 7).all()


@pytest.mark.parametrize("key", ["absent", 30, -1, np.int64(99), ["w1", "absent"]])
def test_missing_keys_raise_key_error(vectors, key):
    with pytest.raises(KeyError, match="not present"):
        vectors[key]


def test_membership_and_indices_are_gensims(vectors):
    theirs = filled(gensim.models.KeyedVectors)
    for key in ["w3", "absent", 5, 29, 30, -1, np.int64(3), None]:
        assert (key in vectors) == (key in theirs)
        assert vectors.get_index(key, default=-7) == theirs.get_index(key, default=-7)
        assert vectors.has_index_for(key) == theirs.has_index_for(key)
    assert vectors.get_index("absent", 0) == 0
    with pytest.raises(KeyError, match="Key 'absent' not present"):
        vectors.get_index("absent")
    with pytest.raises(ValueError, match="no keys"):
        vectors[[]]
    with pytest.raises(TypeError):
        vectors[None]


def test_integer_keys_win_over_rows():
    vectors = filled(words=[4, 0, 2], matrix=MATRIX[:3])
    assert np.array_equal(vectors[4], MATRIX[0])
    assert np.array_equal(vectors[0], MATRIX[1])
    assert np.array_equal(vectors[1], MATRIX[1])  # no key 1: row 1, as in gensim
    vectors.add_vector(1, MATRIX[9])
    assert np.array_equal(vectors[1], MATRIX[9])
    vectors[3] = MATRIX[8]
    assert vectors.index_to_key == [4, 0, 2, 1, 3]
    assert_consistent(vectors)


# --- growth


def test_added_vectors_take_the_stores_type(vectors):
    vectors.add_vectors(["a", "b"], np.full((2, 5), 0.1))
    assert vectors.vectors.dtype == np.float32
    assert np.array_equal(vectors["b"], np.full(5, 0.1, np.float32))
    vectors["c"] = np.arange(5)
    vectors[["d", "w1"]] = [np.arange(5), np.arange(5) + 1]
    vectors["e"] = [1, 2, 3, 4, 5]
    assert np.array_equal(vectors["w1"], np.arange(5) + 1)
    assert vectors.index_to_key == [*WORDS, "a", "b", "c", "d", "e"]
    assert_consistent(vectors)


def test_old_vectors_stay_unless_replaced_and_duplicates_share_a_row(vectors):
    new = np.arange(15, dtype=np.float32).reshape(3, 5)
    vectors.add_vectors(["w0", "x", "x"], new)
    assert np.array_equal(vectors["w0"], MATRIX[0])
    assert np.array_equal(vectors["x"], new[1])
    vectors.add_vectors(["w0", "x", "x"], new, replace=True)
    assert np.array_equal(vectors["w0"], new[0])
    assert np.array_equal(vectors["x"], new[2])
    assert len(vectors) == 31
    assert vectors.add_vector("w0", MATRIX[5]) == 0
    assert np.array_equal(vectors["w0"], new[0])
    assert_consistent(vectors)


def test_setting_a_row_by_number_changes_that_row(vectors):
    vectors[3] = np.arange(5)
    assert np.array_equal(vectors["w3"], np.arange(5))
    assert len(vectors) == 30


def test_empty_slots_are_filled_before_the_store_grows():
    vectors = KeyedVectors(5, count=3)
    assert vectors.add_vector("a", MATRIX[0]) == 0
    vectors.add_vectors(["b", "c", "d"], MATRIX[1:4])
    assert vectors.index_to_key == ["a", "b", "c", "d"]
    assert np.array_equal(vectors.vectors, MATRIX[:4])
    assert vectors.add_vector("e", MATRIX[4]) == 4
    assert_consistent(vectors)


def test_growth_one_by_one_moves_the_matrix_rarely():
    vectors = KeyedVectors(5)
    addresses = set()
    for i in range(3000):
        assert vectors.add_vector(f"k{i}", MATRIX[i % 30]) == i
        vectors.set_vecattr(f"k{i}", "count", i)
        addresses.add(vectors.vectors.ctypes.data)
        assert len(vectors.vectors) == i + 1
    assert len(addresses) < 30
    assert np.array_equal(vectors.vectors, np.resize(MATRIX, (3000, 5)))
    assert np.array_equal(vectors.expandos["count"], np.arange(3000))
    assert_consistent(vectors)


def test_growth_never_writes_into_an_assigned_array(vectors):
    whole = np.ones((40, 5), np.float32)
    vectors.vectors = whole[:30]
    vectors.add_vector("new", np.zeros(5))
    assert whole.all()
    assert_consistent(vectors)


def test_copies_grow_apart():
    first = filled()
    first.add_vector("x", MATRIX[0])  # leaves room to spare
    second = copy.copy(first)
    first.vectors = first.vectors.copy()
    second.index_to_key, second.key_to_index = list(second.index_to_key), dict(second.key_to_index)
    second.add_vector("y", MATRIX[1])
    first.add_vector("z", MATRIX[2])
    assert np.array_equal(second["y"], MATRIX[1])
    assert np.array_equal(first["z"], MATRIX[2])


def test_adding_keeps_attributes_in_step(vectors):
    vectors.set_vecattr("w1", "count", 7)
    vectors.add_vectors(["x", "w1", "y"], MATRIX[:3], extras={"count": [5, 9, 6], "tag": ["a", "b", "c"]})
    assert vectors.get_vecattr("x", "count") == 5
    assert vectors.get_vecattr("w1", "count") == 7
    assert vectors.get_vecattr("y", "tag") == "c"
    assert vectors.expandos["count"].dtype == np.int64
    vectors.add_vectors(["w1"], MATRIX[:1], extras={"count": [11]}, replace=True)
    assert vectors.get_vecattr("w1", "count") == 11
    assert_consistent(vectors)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((["x", "y"], MATRIX[:1]), ValueError, "weights"),
        ((["x"], MATRIX[:1, :4]), ValueError, "weights"),
        (("x", np.ones(4)), ValueError, "weights"),
        (([None], MATRIX[:1]), ValueError, "None"),
        ((["x"], MATRIX[:1], {"count": [1, 2]}), ValueError, "count"),
        ((["x"], MATRIX[:1], {"count": ["many"]}), TypeError, "count"),
        ((["x"], [["a"] * 5]), TypeError, "weights must hold numbers"),
    ],
)
def test_a_refused_addition_changes_nothing(vectors, arguments, error, text):
    vectors.set_vecattr("w0", "count", 3)
    before = pickle.dumps(vectors)
    with pytest.raises(error, match=text):
        vectors.add_vectors(*arguments)
    assert pickle.dumps(vectors) == before


def test_full_lock_factors_grow_with_the_store(vectors):
    vectors.vectors_lockf = np.zeros(30, np.float32)
    vectors.add_vectors(["x", "y"], MATRIX[:2])
    assert vectors.vectors_lockf.tolist() == [0.0] * 30 + [1.0, 1.0]
    vectors.remove_keys(WORDS[:29])
    assert vectors.vectors_lockf.tolist() == [0.0, 1.0, 1.0]


# --- attributes


def test_attributes_have_gensims_types_and_conflicts():
    ours, theirs = filled(), filled(gensim.models.KeyedVectors)
    for attribute, value in [
        ("i", 5),
        ("f", 2.5),
        ("s", "text"),
        ("u", np.uint32(3)),
        ("b", True),
        ("l", [1]),
    ]:
        for store in (ours, theirs):
            store.set_vecattr("w4", attribute, value)
            assert store.get_vecattr("w4", attribute) == value
        assert ours.expandos[attribute].dtype == theirs.expandos[attribute].dtype
        assert ours.expandos[attribute].tolist() == theirs.expandos[attribute].tolist()
    for attribute, value in [("i", "text"), ("i", 2.5), ("f", 3), ("s", 1)]:
        for store in (ours, theirs):
            with pytest.raises(TypeError, match="conflicts with its existing type"):
                store.set_vecattr("w4", attribute, value)
    with pytest.raises(KeyError):
        ours.get_vecattr("w4", "absent")
    with pytest.raises(KeyError):
        ours.get_vecattr("absent", "i")


def test_attributes_follow_the_number_of_keys(vectors):
    vectors.allocate_vecattrs(["count"], [int])
    vectors.index_to_key.append("x")
    vectors.allocate_vecattrs()
    assert len(vectors.expandos["count"]) == 31
    del vectors.index_to_key[20:]
    vectors.allocate_vecattrs()
    assert len(vectors.expandos["count"]) == 20
    with pytest.raises(ValueError, match="types"):
        vectors.allocate_vecattrs(["a", "b"], [int])


# --- the matrix and its norms


CHANGES = {
    "assignment": lambda v: setattr(v, "vectors", v.vectors * 3),
    "setting": lambda v: v.__setitem__("w2", np.full(5, 9.0)),
    "adding": lambda v: v.add_vectors(["x"], np.full((1, 5), 9.0)),
    "sorting": lambda v: (v.expandos.update(count=np.arange(30)), v.sort_by_descending_frequency()),
    "resizing": lambda v: (v.index_to_key.append("x"), v.key_to_index.update(x=30), v.resize_vectors(seed=1)),
    "removing": lambda v: v.remove_keys(["w0", "w7"]),
    "normalising": lambda v: v.unit_normalize_all(),
    "training": lambda v: (v.vectors.__imul__(3), v.invalidate_norms()),
    "writing in place": lambda v: (v.vectors.__imul__(3), v.fill_norms(force=True)),
}


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_norms_are_never_stale(vectors, change):
    vectors.most_similar("w1")
    CHANGES[change](vectors)
    assert_consistent(vectors)
    rows, vector = vectors.vectors.astype(np.float64), vectors["w1"].astype(np.float64)
    lengths = np.sqrt((rows**2).sum(axis=1) * (vector**2).sum())
    exact = (rows * vector).sum(axis=1) / lengths
    np.testing.assert_allclose(vectors.most_similar("w1", topn=None), exact, atol=2e-6)


def test_assigned_arrays_are_kept_as_they_are(vectors, tmp_path):
    other = MATRIX * 2
    vectors.vectors = other
    assert vectors.vectors is other
    mapped = np.memmap(tmp_path / "rows", np.float32, "w+", shape=(30, 5))
    vectors.vectors = mapped
    assert vectors.vectors is mapped
    vectors.vectors = MATRIX[:, :3]
    assert vectors.vector_size == 3
    assert len(vectors.most_similar("w1")) == 10


def test_assignment_checks_shape_but_follows_replaced_keys(vectors):
    with pytest.raises(ValueError, match="2 dimensions"):
        vectors.vectors = np.ones(5)
    vectors.vectors = MATRIX[:29]
    with pytest.raises(ValueError, match="29 rows for 30 keys"):
        vectors.most_similar("w1")
    vectors.key_to_index = {word: i for i, word in enumerate(WORDS[:3])}
    vectors.vectors = MATRIX[:3]
    vectors.index_to_key = WORDS[:3]
    assert_consistent(vectors)
    fresh = KeyedVectors(5)
    fresh.vectors = MATRIX
    fresh.index_to_key, fresh.key_to_index = list(WORDS), {word: i for i, word in enumerate(WORDS)}
    assert fresh.most_similar("w1") == filled().most_similar("w1")


def test_normalised_matrices(vectors):
    theirs = filled(gensim.models.KeyedVectors)
    unit = vectors.get_normed_vectors()
    np.testing.assert_allclose(unit, theirs.get_normed_vectors(), atol=1e-6)
    assert np.array_equal(vectors.vectors, MATRIX)
    vectors.unit_normalize_all()
    np.testing.assert_array_equal(vectors.vectors, unit)
    np.testing.assert_array_equal(vectors.norms, np.ones(30))


def test_deprecated_names_warn_and_work(vectors):
    with pytest.warns(DeprecationWarning, match="get_vector"):
        assert np.array_equal(vectors.word_vec("w3"), MATRIX[3])
    with pytest.warns(DeprecationWarning, match="get_vector"):
        assert np.array_equal(vectors.word_vec("w3", use_norm=True), vectors.get_vector("w3", norm=True))
    with pytest.warns(DeprecationWarning, match="closer_than"):
        assert vectors.words_closer_than("w3", "w4") == vectors.closer_than("w3", "w4")
    with pytest.warns(DeprecationWarning, match="fill_norms"):
        vectors.init_sims()
    assert np.array_equal(vectors.vectors, MATRIX)
    with pytest.warns(DeprecationWarning, match="fill_norms"):
        vectors.init_sims(replace=True)
    np.testing.assert_allclose(np.linalg.norm(vectors.vectors, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("old", [0, 2, 3, 7])
def test_initial_vectors_are_gensims(dtype, old):
    prior = np.ones((old, 3), dtype)
    ours = keyedvectors.prep_vectors((7, 3), prior, seed=5, dtype=dtype)
    assert np.array_equal(ours, gensim.models.keyedvectors.prep_vectors((7, 3), prior, seed=5, dtype=dtype))
    assert ours.dtype == dtype
    assert (ours is prior) == (old == 7)


def test_initial_vectors_of_narrow_types_and_bad_shapes():
    half = keyedvectors.prep_vectors((7, 3), np.ones((2, 3), np.float16), seed=5, dtype=np.float16)
    full = keyedvectors.prep_vectors((7, 3), np.ones((2, 3), np.float32), seed=5)
    assert np.array_equal(half, full.astype(np.float16))
    with pytest.raises(ValueError, match="prior_vectors"):
        keyedvectors.prep_vectors((2, 3), np.ones((3, 3)))
    with pytest.raises(ValueError, match="prior_vectors"):
        keyedvectors.prep_vectors((4, 2), np.ones((3, 3)))


def test_resizing_gives_new_keys_the_rows_of_the_seed(vectors):
    theirs = filled(gensim.models.KeyedVectors)
    for store in (vectors, theirs):
        store.set_vecattr("w0", "count", 4)
        store.index_to_key += ["x", "y"]
        store.key_to_index.update(x=30, y=31)
        store.resize_vectors(seed=11)
    assert np.array_equal(vectors.vectors, theirs.vectors)
    assert vectors.expandos["count"].tolist() == theirs.expandos["count"].tolist()


def test_weak_vectors_are_gensims():
    assert np.array_equal(
        keyedvectors.pseudorandom_weak_vector(9, "seed", hashfxn=len),
        gensim.models.keyedvectors.pseudorandom_weak_vector(9, "seed", hashfxn=len),
    )
    vector = keyedvectors.pseudorandom_weak_vector(500)
    assert vector.dtype == np.float32
    assert np.abs(vector).max() <= 0.5 / 500
    assert len(set(vector.tolist())) > 400


def test_names_of_other_versions():
    assert keyedvectors.Vocab is keyedvectors.CompatVocab
    for alias in ("Word2VecKeyedVectors", "Doc2VecKeyedVectors", "EuclideanKeyedVectors"):
        assert getattr(keyedvectors, alias) is KeyedVectors
    record = keyedvectors.CompatVocab(count=1, index=0)
    assert str(record) == "CompatVocab<count:1, index:0>"
    assert record < keyedvectors.CompatVocab(count=2)
    assert keyedvectors.CompatVocab().count == 0
    assert keyedvectors.REAL is np.float32


# --- removal, renaming, order, subsets


def test_removing_keys(vectors):
    vectors.allocate_vecattrs(["count"], [int])
    vectors.expandos["count"][:] = np.arange(30)
    vectors.remove_keys(["w0", "w29", "w0"])
    vectors.remove_keys("w5")
    kept = [i for i in range(30) if i not in (0, 5, 29)]
    assert vectors.index_to_key == [WORDS[i] for i in kept]
    assert np.array_equal(vectors.vectors, MATRIX[kept])
    assert vectors.expandos["count"].tolist() == kept
    assert "w5" not in vectors
    assert_consistent(vectors)
    with pytest.raises(KeyError, match="w5"):
        vectors.remove_keys(["w1", "w5"])
    assert "w1" in vectors
    vectors.add_vector("w5", MATRIX[5])
    assert np.array_equal(vectors["w5"], MATRIX[5])
    assert_consistent(vectors)


def test_renaming_a_key(vectors):
    vectors.rename_key("w3", "three")
    assert np.array_equal(vectors["three"], MATRIX[3])
    assert "w3" not in vectors
    assert_consistent(vectors)
    vectors.rename_key("three", "three")
    for old, new, error in [("w4", "w5", ValueError), ("absent", "x", KeyError), ("w4", None, ValueError)]:
        with pytest.raises(error):
            vectors.rename_key(old, new)
    assert_consistent(vectors)


def test_subsets(vectors):
    vectors.allocate_vecattrs(["count"], [int])
    vectors.expandos["count"][:] = np.arange(30)
    some = vectors.subset(["w9", "w2", "w9"])
    assert some.index_to_key == ["w9", "w2"]
    assert some.expandos["count"].tolist() == [9, 2]
    some.vectors[:] = 0
    assert np.array_equal(vectors.vectors, MATRIX)
    assert_consistent(some)
    assert len(vectors.subset([])) == 0
    with pytest.raises(KeyError, match="absent"):
        vectors.subset(["w1", "absent"])


@pytest.mark.parametrize("options", [{}, {"copy_vecattrs": True}, {"allow_inference": False}], ids=str)
def test_vectors_for_all_is_gensims(options):
    ours, theirs = filled(), filled(gensim.models.KeyedVectors)
    for store in (ours, theirs):
        for i, word in enumerate(WORDS):
            store.set_vecattr(word, "count", 100 + i)
    for keys in (["w3", "absent", "w0", "w3"], {"w5": 1, "w1": 2}, ["absent"]):
        found, expected = ours.vectors_for_all(keys, **options), theirs.vectors_for_all(keys, **options)
        assert found.index_to_key == expected.index_to_key
        assert np.array_equal(found.vectors, expected.vectors)
        if len(expected):
            assert found.expandos["count"].tolist() == expected.expandos["count"].tolist()


def test_sorting_is_gensims(vectors, caplog):
    theirs = filled(gensim.models.KeyedVectors)
    with pytest.raises(KeyError):
        vectors.sort_by_descending_frequency()
    counts = np.random.default_rng(1).integers(1, 5, 30)
    vectors.vectors_lockf = np.arange(30, dtype=np.float32)
    for store in (vectors, theirs):
        store.allocate_vecattrs(["count", "place"], [int, int])
        store.expandos["count"][:] = counts
        store.expandos["place"][:] = np.arange(30)
        store.sort_by_descending_frequency()
    assert vectors.index_to_key == theirs.index_to_key
    assert np.array_equal(vectors.vectors, theirs.vectors)
    assert vectors.expandos["place"].tolist() == theirs.expandos["place"].tolist()
    assert vectors.vectors_lockf.tolist() == vectors.expandos["place"].tolist()
    assert "sorting after vectors have been allocated" in caplog.text
    assert_consistent(vectors)
    vectors.index_to_key.append("x")
    with pytest.raises(ValueError, match="resize_vectors"):
        vectors.sort_by_descending_frequency()


@pytest.mark.parametrize("counts", [np.zeros((30, 2)), [[0, 1]] * 30, np.zeros((30, 0))])
def test_sorting_needs_one_count_for_each_key(vectors, counts):
    vectors.expandos["count"] = counts
    keys = list(vectors.index_to_key)
    with pytest.raises(ValueError, match="'count' has the shape"):
        vectors.sort_by_descending_frequency()
    assert vectors.index_to_key == keys


def test_half_precision_copies(vectors):
    half = vectors.astype(np.float16)
    assert half.vectors.nbytes * 2 == vectors.vectors.nbytes
    assert np.array_equal(half.vectors, MATRIX.astype(np.float16))
    assert [k for k, _ in half.most_similar("w1", topn=5)] == [
        k for k, _ in vectors.most_similar("w1", topn=5)
    ]
    vectors.vectors[0, 0] = 1e6
    with pytest.raises(ValueError, match="too large"):
        vectors.astype(np.float16)
    with pytest.raises(ValueError, match="floating"):
        vectors.astype(np.int8)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.lists(st.integers(0, 25), max_size=6), st.booleans()),
            st.tuples(st.just("remove"), st.integers(0, 25), st.none()),
            st.tuples(st.just("rename"), st.integers(0, 25), st.integers(0, 25)),
        ),
        max_size=25,
    ),
    st.integers(0, 4),
)
def test_any_sequence_of_changes_keeps_every_vector_with_its_key(steps, slots):
    """A plain dict plays the store; whatever is added, removed and renamed, both agree."""
    store, model, stamp = KeyedVectors(2, count=slots), {}, 0.0
    for name, first, second in steps:
        if name == "add":
            rows = np.arange(2 * len(first), dtype=np.float32).reshape(-1, 2) + stamp
            stamp += 100
            store.add_vectors([f"k{i}" for i in first], rows, extras={"number": first}, replace=second)
            known = set(model)
            for i, row in zip(first, rows, strict=True):
                key = f"k{i}"
                if second or key not in model:
                    model[key] = (row.tolist(), i)
            assert known <= set(model)
        elif name == "remove" and f"k{first}" in model:
            del model[f"k{first}"]
            store.remove_keys([f"k{first}"])
        elif name == "rename" and f"k{first}" in model and f"k{second}" not in model:
            model[f"k{second}"] = model.pop(f"k{first}")
            store.rename_key(f"k{first}", f"k{second}")
        assert_consistent(store)
    for key, (row, number) in model.items():
        assert store[key].tolist() == row
        assert store.get_vecattr(key, "number") == number
    assert set(store.key_to_index) == set(model)


# --- copies and files


def decorated():
    vectors = filled(words=[*WORDS[:26], 7, "\udcff", "line\nbreak", "\N{SNOWMAN}"])
    for i, key in enumerate(vectors.index_to_key):
        vectors.set_vecattr(key, "count", 50 - i)
        vectors.set_vecattr(key, "tag", f"t{i}")
        vectors.set_vecattr(key, "share", np.float32(i / 7))
    vectors.vectors_lockf = np.linspace(0, 1, 30, dtype=np.float32)
    vectors.expandos["marks"] = np.empty(30, dtype=object)
    for i in range(30):
        vectors.expandos["marks"][i] = np.arange(i % 4, dtype=np.uint8)
    return vectors


def assert_equal_stores(found, expected):
    assert type(found) is type(expected)
    assert found.index_to_key == expected.index_to_key
    assert list(map(type, found.index_to_key)) == list(map(type, expected.index_to_key))
    assert np.array_equal(found.vectors, expected.vectors)
    assert found.vectors.dtype == expected.vectors.dtype
    assert list(found.expandos) == list(expected.expandos)
    for name, values in expected.expandos.items():
        assert found.expandos[name].dtype == values.dtype
        assert all(np.array_equal(a, b) for a, b in zip(found.expandos[name], values, strict=True))
    if expected.vectors_lockf is None:
        assert found.vectors_lockf is None
    else:
        assert np.array_equal(found.vectors_lockf, expected.vectors_lockf)
    assert_consistent(found)
    assert found.most_similar(0, topn=9) == expected.most_similar(0, topn=9)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies_and_pickles_are_equal_and_independent(duplicate):
    vectors = decorated()
    vectors.fill_norms()
    twin = duplicate(vectors)
    assert_equal_stores(twin, vectors)
    twin.add_vector("new", MATRIX[0])
    twin.vectors[:] = 0
    assert len(vectors) == 30
    assert np.array_equal(vectors.vectors, MATRIX)


@pytest.mark.parametrize("as_path", [str, Path])
def test_saved_vectors_come_back(tmp_path, as_path):
    vectors = decorated()
    vectors.remark = {"source": "test", "runs": [1, 2]}
    vectors.weights = np.arange(4)
    target = as_path(tmp_path / "vectors.fw2v")
    vectors.save(target)
    again = KeyedVectors.load(target)
    assert_equal_stores(again, vectors)
    assert again.remark == vectors.remark
    assert np.array_equal(again.weights, vectors.weights)
    again.add_vector("new", MATRIX[0])
    again.vectors[:] = 1


@pytest.mark.parametrize("words", [WORDS, list(range(30)), [np.int64(i * 3) for i in range(30)]])
def test_words_and_integers_come_back(tmp_path, words):
    vectors = filled(words=words)
    vectors.save(tmp_path / "v")
    assert KeyedVectors.load(tmp_path / "v").index_to_key == words


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_mapped_vectors(tmp_path, mode):
    vectors = decorated()
    vectors.save(tmp_path / "v")
    mapped = KeyedVectors.load(tmp_path / "v", mmap=mode)
    assert isinstance(mapped.vectors, np.memmap)
    assert mapped.vectors.flags.writeable == (mode != "r")
    assert_equal_stores(mapped, vectors)
    mapped.set_vecattr("w1", "count", 3)
    mapped.add_vector("new", MATRIX[0])
    assert_consistent(mapped)
    assert_equal_stores(KeyedVectors.load(tmp_path / "v"), vectors)


def test_gensims_arguments_of_save(tmp_path):
    vectors = decorated()
    vectors.save(
        tmp_path / "v",
        separately=["vectors"],
        sep_limit=0,
        ignore=["tag", "vectors_lockf"],
        pickle_protocol=2,
    )
    again = KeyedVectors.load(tmp_path / "v")
    assert list(again.expandos) == ["count", "share", "marks"]
    assert again.vectors_lockf is None
    assert [p.name for p in tmp_path.iterdir()] == ["v"]


def test_what_cannot_be_saved_is_named_and_the_old_file_stays(tmp_path):
    vectors = filled()
    vectors.save(tmp_path / "v")
    vectors.handler = print
    with pytest.raises(ValueError, match=r"handler.*ignore"):
        vectors.save(tmp_path / "v")
    del vectors.handler
    vectors.set_vecattr("w1", "things", {1, 2})
    with pytest.raises(ValueError, match="things"):
        vectors.save(tmp_path / "v")
    vectors.save(tmp_path / "w", ignore={"things"})
    vectors.index_to_key[3] = ("a", "b")
    with pytest.raises(ValueError, match=r"\('a', 'b'\)"):
        vectors.save(tmp_path / "v", ignore={"things"})
    assert_equal_stores(KeyedVectors.load(tmp_path / "v"), filled())


def test_an_empty_store_and_empty_slots_come_back(tmp_path):
    KeyedVectors(6).save(tmp_path / "empty")
    again = KeyedVectors.load(tmp_path / "empty")
    assert (len(again), again.vector_size) == (0, 6)
    slots = KeyedVectors(2, count=3)
    slots.add_vector("a", [1, 2])
    slots.save(tmp_path / "slots")
    again = KeyedVectors.load(tmp_path / "slots")
    assert again.index_to_key == ["a", None, None]
    assert again.add_vector("b", [3, 4]) == 1


def test_other_files_are_refused_with_a_hint(tmp_path):
    (tmp_path / "v.txt").write_text("1 2\na 1 2\n")
    with pytest.raises(ValueError, match="load_word2vec_format"):
        KeyedVectors.load(tmp_path / "v.txt")
    with pytest.raises(FileNotFoundError):
        KeyedVectors.load(tmp_path / "absent")


def test_threads_may_query_while_norms_are_forgotten(vectors):
    errors = []

    def query():
        try:
            for word in WORDS * 20:
                vectors.most_similar(word)
        except Exception as error:  # any error at all is a failure
            errors.append(error)

    threads = [threading.Thread(target=query) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(2000):
        vectors.invalidate_norms()
    for thread in threads:
        thread.join()
    assert errors == []


@given(st.lists(st.one_of(st.text(max_size=4), st.integers(-(2**70), 2**70), st.none()), max_size=8))
def test_keys_survive_their_encoding(keys):
    assert decode_keys(encode_keys(keys)) == keys


def test_damaged_key_arrays_are_refused():
    arrays = encode_keys(["a", 1])
    with pytest.raises(ValueError, match="offsets"):
        decode_keys({**arrays, "keys.offsets": np.array([0, 9, 2])})
    with pytest.raises(ValueError, match="kinds"):
        decode_keys({**arrays, "keys.kinds": np.zeros(1, np.uint8)})
    with pytest.raises(ValueError, match="no keys"):
        decode_keys({})


@pytest.mark.parametrize("mmap", [None, "r"])
def test_vectors_that_gensim_saved(tmp_path, mmap):
    theirs = filled(gensim.models.KeyedVectors)
    for i, word in enumerate(WORDS):
        theirs.set_vecattr(word, "count", i + 1)
    theirs.save(str(tmp_path / "theirs"), sep_limit=0)
    ours = KeyedVectors.load(tmp_path / "theirs", mmap=mmap)
    assert ours.index_to_key == theirs.index_to_key
    assert np.array_equal(ours.vectors, theirs.vectors)
    assert ours.expandos["count"].tolist() == theirs.expandos["count"].tolist()
    ours.save(tmp_path / "ours")
    assert_equal_stores(KeyedVectors.load(tmp_path / "ours"), ours)


def test_gensim_loads_what_is_saved_for_it(tmp_path):
    vectors = decorated()
    vectors.save_gensim(tmp_path / "v")
    theirs = gensim.models.KeyedVectors.load(str(tmp_path / "v"))
    assert theirs.index_to_key == vectors.index_to_key
    assert np.array_equal(theirs.vectors, vectors.vectors)
    assert theirs.get_vecattr("w3", "count") == 47
    assert np.array_equal(theirs.expandos["marks"][7], vectors.expandos["marks"][7])
    assert_equal_stores(KeyedVectors.load(tmp_path / "v"), vectors)


def test_gensims_pickles_become_these_classes():
    theirs = filled(gensim.models.KeyedVectors)
    theirs.fill_norms()
    ours = KeyedVectors.__new__(KeyedVectors)
    ours.__setstate__(theirs.__dict__)
    assert ours.most_similar("w1") == filled().most_similar("w1")
    assert_consistent(ours)


def test_rows_may_be_set_from_other_rows_of_the_same_matrix(vectors):
    vectors[WORDS] = vectors.vectors[::-1]
    assert np.array_equal(vectors.vectors, MATRIX[::-1])
    vectors.add_vectors(["x", "y"], vectors.vectors[:2])
    assert np.array_equal(vectors.vectors[30:], MATRIX[:-3:-1])
