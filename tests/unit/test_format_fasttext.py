"""fastText's models: words, n-grams and the vectors of unknown words; damaged and forged files."""

import copy
import gzip
import logging
import pickle
import tracemalloc

import numpy as np
import pytest

import fastw2v
from fastw2v import FastTextKeyedVectors, KeyedVectors, Word2Vec
from fastw2v.keyedvectors import load_any
from fastw2v.models.fasttext import load_facebook_model, load_facebook_vectors
from faults import fasttext_file

UNKNOWN = ["dog", "naïf", "文", "x", "", "cat", "a longer one"]
KINDS = {
    "plain": {},
    "supervised": {"supervised": True},
    "pruned": {"pruned": True, "supervised": True},
    "quantized": {"quantized": True},
    "quantized and pruned": {"quantized": True, "pruned": True, "supervised": True},
    "without norms": {"quantized": True, "qnorm": 0},
    "single characters": {"minn": 1, "maxn": 2},
}


def write(path, fields):
    path.write_bytes(fasttext_file.content(fields))
    return path


@pytest.fixture
def fields():
    return fasttext_file.model()


@pytest.fixture
def loaded(tmp_path, fields):
    return KeyedVectors.load_fasttext(write(tmp_path / "model.bin", fields))


@pytest.mark.parametrize("kind", KINDS)
def test_words_and_unknown_words_have_the_vectors_of_fasttext(tmp_path, kind):
    fields = fasttext_file.model(**KINDS[kind])
    vectors = KeyedVectors.load_fasttext(write(tmp_path / "model.bin", fields))
    assert isinstance(vectors, FastTextKeyedVectors)
    assert vectors.index_to_key == fasttext_file.WORDS
    assert vectors.expandos["count"].tolist() == [50, 49, 48, 47, 46]
    assert getattr(vectors, "labels", []) == (fasttext_file.LABELS if "supervised" in KINDS[kind] else [])
    for word in [*fasttext_file.WORDS, *UNKNOWN]:
        assert word in vectors
        np.testing.assert_array_equal(vectors[word], fasttext_file.vector(fields, word), err_msg=word)
    np.testing.assert_array_equal(vectors[["dog", "the"]], [vectors["dog"], vectors["the"]])


def test_version_11_and_models_without_ngrams(tmp_path):
    older = fasttext_file.model(supervised=True, version=11)
    without = fasttext_file.model(maxn=0, minn=0)
    for fields in (older, without):
        vectors = load_any(write(tmp_path / "model.bin", fields))
        np.testing.assert_array_equal(vectors.vectors, fields["vectors"][:5])
        assert "dog" not in vectors
        assert vectors.bucket == 0
        with pytest.raises(KeyError, match="dog"):
            vectors["dog"]


def test_queries_take_unknown_words(loaded):
    assert {word for word, _ in loaded.most_similar("dog")} == set(fasttext_file.WORDS)
    expected = dict(loaded.most_similar(loaded.get_vector("dog", norm=True)))
    assert dict(loaded.most_similar("dog")) == pytest.approx(expected)
    assert len(loaded.most_similar(positive=["the", "dog"], negative=["wolf"])) == 4
    assert len(loaded.most_similar_cosmul("dog")) == 5
    assert loaded.similarity("dog", "dog") == 1
    assert loaded.n_similarity(["dog"], ["the", "dog"]) < 1
    assert loaded.distances("dog").shape == (5,)
    assert loaded.doesnt_match(["the", "dog", "cats"]) in ("the", "dog", "cats")
    assert loaded.get_sentence_vector(["the", "dog"]).shape == (5,)
    assert np.isclose(np.linalg.norm(loaded.get_vector("dog", norm=True)), 1)
    assert not loaded["dog"].flags.writeable
    assert not loaded.has_index_for("dog")
    assert loaded.vectors_for_all(["dog", "the"]).index_to_key == ["dog", "the"]
    with pytest.raises(KeyError):
        loaded.rank("dog", "the")
    with pytest.raises(ValueError, match="cannot be written in utf8"):
        loaded["\ud800"]


def test_saving_and_copying_keep_the_ngrams(tmp_path):
    for kind in ("plain", "pruned"):
        vectors = KeyedVectors.load_fasttext(write(tmp_path / "m", fasttext_file.model(**KINDS[kind])))
        vectors.save(tmp_path / "native")
        copies = [
            KeyedVectors.load(tmp_path / "native"),
            FastTextKeyedVectors.load(tmp_path / "native", mmap="r"),
            load_any(tmp_path / "native"),
            pickle.loads(pickle.dumps(vectors)),
            copy.deepcopy(vectors),
            vectors.subset(["the"]),
        ]
        for each in copies:
            assert type(each) is FastTextKeyedVectors
            assert (each.min_n, each.max_n, each.bucket) == (2, 4, 40)
            np.testing.assert_array_equal(each["dog"], vectors["dog"])
            np.testing.assert_array_equal(each["the"], vectors["the"])
        assert getattr(copies[0], "labels", None) == getattr(vectors, "labels", None)


def test_other_formats_have_the_words_only(tmp_path, loaded, caplog):
    loaded.save_word2vec_format(tmp_path / "v.txt")
    assert "dog" not in KeyedVectors.load_word2vec_format(tmp_path / "v.txt")
    with caplog.at_level(logging.WARNING):
        loaded.save_gensim(tmp_path / "v.kv")
    assert "n-grams are not written" in caplog.text
    assert type(KeyedVectors.load(tmp_path / "v.kv")) is KeyedVectors
    assert type(loaded.postprocess(remove=0)) is KeyedVectors
    half = loaded.astype("float16")
    assert half["dog"].dtype == np.float16
    np.testing.assert_allclose(half["dog"], loaded["dog"], atol=1e-3)


def test_words_may_be_added_and_replaced(loaded):
    before = loaded["dog"].copy()
    loaded["dog"] = np.ones(5)
    assert loaded["dog"].tolist() == [1] * 5
    loaded.remove_keys(["dog"])
    np.testing.assert_array_equal(loaded["dog"], before)


def test_gensims_names_and_compressed_files(tmp_path, fields, loaded):
    packed = tmp_path / "model.bin.gz"
    packed.write_bytes(gzip.compress(fasttext_file.content(fields)))
    for each in (load_facebook_vectors(packed), load_any(packed), fastw2v.KeyedVectors.load_fasttext(packed)):
        np.testing.assert_array_equal(each["dog"], loaded["dog"])
    with pytest.raises(NotImplementedError, match="load_facebook_vectors"):
        load_facebook_model(packed)
    model = Word2Vec(
        [["the", "cats"]] * 5, min_count=1, vector_size=5, init_from=tmp_path / "model.bin", epochs=1
    )
    assert len(model.wv) == 2
    for wrong in (KeyedVectors.load, KeyedVectors.load_word2vec_format):
        with pytest.raises(ValueError, match="load_fasttext"):
            wrong(tmp_path / "model.bin")


def test_words_of_another_encoding(tmp_path, fields):
    fields["entries"][2][0] = "naïve".encode("cp1252")
    with_bytes = KeyedVectors.load_fasttext(write(tmp_path / "m", fields))
    assert with_bytes.index_to_key[2] == "na\\xefve"
    decoded = KeyedVectors.load_fasttext(tmp_path / "m", encoding="cp1252")
    assert decoded.index_to_key[2] == "naïve"
    np.testing.assert_array_equal(decoded.vectors[2], with_bytes.vectors[2])
    with pytest.raises(LookupError):
        KeyedVectors.load_fasttext(tmp_path / "m", encoding="no such")


# --- damaged and forged files


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_ends_early_is_refused(tmp_path, packed):
    for kind in ("plain", "quantized and pruned"):
        whole = fasttext_file.content(fasttext_file.model(**KINDS[kind]))
        path = tmp_path / ("cut.bin.gz" if packed else "cut.bin")
        end_of_input = len(whole) - 17 - 4 * 5 * 4
        for length in [
            *range(8, end_of_input, 41 if packed else 17),
            *([] if packed else [end_of_input + 1, len(whole) - 1]),
        ]:
            path.write_bytes(gzip.compress(whole[:length]) if packed else whole[:length])
            with pytest.raises(ValueError, match=r"cut\.bin"):
                KeyedVectors.load_fasttext(path)


FORGED = [
    ("version", 10), ("dim", 0), ("dim", -5), ("dim", 1 << 24), ("bucket", -1), ("bucket", 2**31 - 1), ("bucket", 41),
    ("minn", -1), ("maxn", 2**31 - 1), ("size", 2**31 - 1), ("nwords", 2**31 - 1), ("nwords", -1), ("nlabels", 7),
    ("pruneidx_size", 2**40), ("pruneidx_size", -2), ("rows", 2**62), ("columns", 2**62), ("rows", -1),
    ("quant_input", 7), ("output_rows", 2**61), ("output_columns", 4),
]  # fmt: skip
FORGED_QUANTIZED = [
    ("codesize", 2**31 - 1), ("codesize", -1), ("codesize", 3), ("quantizer", [5, 3, 0, 1]),
    ("quantizer", [5, 1, 1000, 1]), ("quantizer", [2**31 - 1, 3, 2, 1]), ("quantizer", [5, 3, 2, 2]),
    ("norm_quantizer", [5, 3, 2, 1]), ("qnorm", 9),
    ("kept", [[39, 0], [39, 1], [17, 2], [8, 3], [21, 4], [30, 5]]),
    ("kept", [[40, 0], [3, 1], [17, 2], [8, 3], [21, 4], [30, 5]]),
    ("kept", [[39, 6], [3, 1], [17, 2], [8, 3], [21, 4], [30, 5]]),
    ("kept", [[39, -1], [3, 1], [17, 2], [8, 3], [21, 4], [30, 5]]),
]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [("plain", *each) for each in FORGED]
    + [
        ("quantized and pruned", name, value)
        for name, value in FORGED + FORGED_QUANTIZED
        if name != "bucket" or value < 0  # a pruned model does not have a row for each bucket
    ],
)
def test_a_forged_number_is_refused_without_much_memory(tmp_path, kind, name, value, packed):
    data = fasttext_file.content(fasttext_file.model(**{**KINDS[kind], name: value}))
    path = tmp_path / ("forged.bin.gz" if packed else "forged.bin")
    path.write_bytes(gzip.compress(data) if packed else data)
    if packed and name.startswith("output_"):
        return  # the output matrix is not read, and the length of compressed data is not known
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"forged\.bin"):
            KeyedVectors.load_fasttext(path)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 70 << 20


def test_a_forged_dictionary_is_refused(tmp_path, fields):
    entries = fields["entries"]
    for changed in (
        [entries[0], *entries[:4]],
        [["the", -1, 0], *entries[1:]],
        [["the", 1, 1], *entries[1:]],
        [["x" * (1 << 17), 1, 0], *entries[1:]],
    ):
        with pytest.raises(ValueError, match="fastText model"):
            KeyedVectors.load_fasttext(write(tmp_path / "m", {**fields, "entries": changed}))


def test_changed_ngrams_of_a_native_file_are_refused(loaded):
    from fastw2v.formats import vector_state

    arrays, metadata = vector_state.to_arrays(loaded._to_state())
    for name, value in (
        ("bucket", 41),
        ("max_n", 1 << 20),
        ("min_n", "2"),
        ("encoding", "none"),
        ("encoding", 3),
    ):
        forged = {**metadata, "ngrams": {**metadata["ngrams"], name: value}}
        with pytest.raises(ValueError, match=name):
            vector_state.from_arrays(arrays, forged)
    with pytest.raises(ValueError, match=r"ngrams\.rows"):
        vector_state.from_arrays({**arrays, "ngrams.kept": np.zeros(40, np.int32)}, metadata)
    with pytest.raises(ValueError, match=r"ngrams\.vectors"):
        vector_state.from_arrays({**arrays, "ngrams.vectors": np.zeros((40, 4), np.float32)}, metadata)
