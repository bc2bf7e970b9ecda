"""Whatever `save` accepts, `load` returns: in every format, for stores that users have changed in every way."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fastw2v.keyedvectors import KeyedVectors, load_any

WIDTH = 3
VECTOR_DTYPES = ["<f4", ">f4", "f2", "f8", "i4", "b1", "c8", "O", "longdouble"]
COLUMN_DTYPES = ["i8", ">i4", "f4", "f8", "b1", "O", "U3", "S3", "c8", "M8[s]"]

SAVE = {
    "native": lambda kv, path: kv.save(path),
    "gensim": lambda kv, path: kv.save_gensim(path),
    "text": lambda kv, path: kv.save_word2vec_format(path),
    "binary": lambda kv, path: kv.save_word2vec_format(path, binary=True),
}
LOAD = {
    "native": KeyedVectors.load,
    "gensim": KeyedVectors.load,
    "text": KeyedVectors.load_word2vec_format,
    "binary": lambda path: KeyedVectors.load_word2vec_format(path, binary=True),
}


def matrix_of(rows, seed, dtype="<f4"):
    numbers = np.random.default_rng(seed).standard_normal((rows, WIDTH)) * 10
    return numbers.astype(dtype)


def names(rows, seed):
    return [f"k{seed % 97}_{row}" for row in range(rows)]


def add(kv, draw):
    count, seed = draw(st.integers(1, 3)), draw(st.integers(0, 99))
    kv.add_vectors(names(count, seed), matrix_of(count, seed), extras={"count": np.arange(count)})


def remove(kv, draw):
    if kv.key_to_index:
        kv.remove_keys([draw(st.sampled_from(sorted(kv.key_to_index, key=str)))])


def sort(kv, draw):
    if "count" in kv.expandos:
        kv.sort_by_descending_frequency()


def rename(kv, draw):
    if kv.key_to_index:
        kv.rename_key(
            draw(st.sampled_from(sorted(kv.key_to_index, key=str))), draw(st.sampled_from(["new", 7]))
        )


def grow(kv, draw):
    for key in names(draw(st.integers(1, 2)), 11):
        if key not in kv.key_to_index:
            kv.key_to_index[key] = len(kv.index_to_key)
            kv.index_to_key.append(key)
    if draw(st.booleans()):
        kv.resize_vectors(seed=1)


def cut(kv, draw):
    """Replace some of the three parts, as programs do that forget one."""
    keep = draw(st.integers(0, len(kv)))
    keys = kv.index_to_key[:keep]
    parts = {
        "vectors": matrix_of(keep, 1),
        "index_to_key": keys,
        "key_to_index": {key: row for row, key in enumerate(keys) if key is not None},
    }
    left_out = draw(st.sampled_from([None, None, *parts]))
    for name in draw(st.permutations(sorted(parts))):
        if name != left_out:
            setattr(kv, name, parts[name])


def replace_vectors(kv, draw):
    rows = draw(st.sampled_from([len(kv), len(kv), len(kv) + 1, 0]))
    dtype = draw(st.sampled_from(VECTOR_DTYPES))
    with np.errstate(all="ignore"):
        kv.vectors = draw(st.sampled_from([matrix_of(rows, 2, dtype), matrix_of(rows, 2).tolist(), None]))


def write_numbers(kv, draw):
    vectors = kv.vectors
    if isinstance(vectors, np.ndarray) and vectors.size and vectors.dtype.kind == "f":
        vectors[0, 0] = draw(st.sampled_from([np.nan, np.inf, -0.0, 1e-30]))


def set_column(kv, draw):
    rows = max(0, len(kv) + draw(st.sampled_from([0, 0, 0, -1, 1])))
    shape = draw(st.sampled_from([(rows,), (rows, 2)]))
    values = np.zeros(shape, draw(st.sampled_from(COLUMN_DTYPES)))
    name = draw(st.sampled_from(["count", "x", "index", "code", "", "a.b", 5]))
    kv.expandos[name] = draw(st.sampled_from([values, values.tolist(), [np.arange(2)] * rows]))


def set_lock_factors(kv, draw):
    kv.vectors_lockf = draw(st.sampled_from([None, np.ones(1, "f"), np.ones(2, "f"), [1, 0]]))


def set_attribute(kv, draw):
    kv.note = draw(st.sampled_from(["text", 1.5, [1, 2], np.arange(3), {"a": None}, (1, 2), print]))


CHANGES = [add, remove, sort, rename, grow, cut, replace_vectors, write_numbers, set_column]
CHANGES += [set_lock_factors, set_attribute]


def assert_same(loaded, kv, form):
    assert [key for key in loaded.index_to_key if key is not None] or not any(
        key is not None for key in kv.index_to_key
    )
    if form in ("native", "gensim"):
        assert loaded.index_to_key == kv.index_to_key
        assert loaded.key_to_index == kv.key_to_index
        for name, values in kv.expandos.items():
            if np.ndim(values) and len(values) == len(kv) and name != "index":  # which gensim 3 kept
                assert np.array_equal(np.asarray(loaded.expandos[name]).tolist(), np.asarray(values).tolist())
    else:
        assert {str(key) for key in kv.key_to_index} == set(loaded.key_to_index)
    rows = kv._table.allocated_rows
    if len(rows):
        names_in_file = str if form in ("text", "binary") else lambda key: key
        found = np.array([loaded.vectors[loaded.key_to_index[names_in_file(key)]] for key in kv.key_to_index])
        expected = np.array([rows[row] for row in kv.key_to_index.values()])
        kind = expected.dtype if expected.dtype == np.float16 else found.dtype
        assert np.array_equal(
            found.astype(kind), expected.astype(kind), equal_nan=True
        )  # text is the shortest form


@pytest.mark.parametrize("form", sorted(SAVE))
@settings(max_examples=15)
@given(data=st.data())
def test_whatever_is_saved_is_loaded(form, data):
    check_save_and_load(form, data)


@pytest.mark.slow
@pytest.mark.parametrize("form", sorted(SAVE))
@settings(max_examples=200)
@given(data=st.data())
def test_whatever_is_saved_is_loaded_in_many_examples(form, data):
    check_save_and_load(form, data)


def check_save_and_load(form, data):
    kv = KeyedVectors(WIDTH, count=data.draw(st.sampled_from([0, 0, 1])))
    kv.add_vectors(["a", "b", "c"], matrix_of(3, 0))
    logging.disable()
    try:
        for change in data.draw(st.lists(st.sampled_from(CHANGES), max_size=5)):
            with contextlib.suppress(ValueError, TypeError, KeyError):  # a refused change
                change(kv, data.draw)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "vectors")
            try:
                SAVE[form](kv, path)
            except (ValueError, TypeError):
                assert not path.exists()
                return
            assert_same(LOAD[form](path), kv, form)
            load_any(path)
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("link", [False, True])
def test_the_vectors_and_their_counts_are_two_files(tmp_path, link):
    wv = KeyedVectors(2)
    wv.add_vectors(["a", "b"], [[1, 0], [0, 1]], extras={"count": [5, 7]})
    (tmp_path / "vectors").write_bytes(b"kept")
    vocabulary = tmp_path / "counts" if link else tmp_path / "vectors"
    if link:
        vocabulary.symlink_to(tmp_path / "vectors")
    with pytest.raises(ValueError, match="are one file"):
        wv.save_word2vec_format(tmp_path / "vectors", fvocab=vocabulary)
    assert (tmp_path / "vectors").read_bytes() == b"kept"


@pytest.mark.parametrize("form", sorted(SAVE))
def test_a_key_in_two_rows_is_refused(tmp_path, form):
    kv = KeyedVectors(WIDTH)
    kv.add_vectors(["a", "b"], matrix_of(2, 0))
    kv.index_to_key, kv.key_to_index = ["a", "a"], {"a": 1}
    with pytest.raises(ValueError, match="holds a key twice"):
        SAVE[form](kv, tmp_path / "vectors")
    assert not (tmp_path / "vectors").exists()
