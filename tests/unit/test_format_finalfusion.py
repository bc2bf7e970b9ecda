"""finalfusion's files: what is written, what is read back, and damaged and forged files."""

import gzip
import logging
import os
import struct
import threading
import tracemalloc

import numpy as np
import pytest

from fastw2v import KeyedVectors, Word2Vec
from fastw2v.cli import main
from fastw2v.keyedvectors import load_any
from faults import fasttext_file, finalfusion_file
from faults.finalfusion_file import VECTORS, WORDS

KINDS = {
    "with everything": {},
    "without norms": {"norms": False},
    "without metadata": {"metadata": None},
    "the least": {"metadata": None, "norms": False},
    **{f"{n} more bytes, for another padding": {"metadata": "t=1\n" + " " * n} for n in range(4)},
    "norms that the header does not list": {"n_chunks": 3, "listed": [5, 1, 2]},
}


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else finalfusion_file.content(data))
    return path


@pytest.fixture
def fields():
    return finalfusion_file.vectors()


@pytest.fixture
def kv():
    vectors = KeyedVectors(3)
    vectors.add_vectors(WORDS, VECTORS, extras={"count": [9, 7, 5, 3, 1]})
    return vectors


@pytest.mark.parametrize("kind", KINDS)
def test_words_vectors_and_metadata_are_read(tmp_path, kind):
    fields = finalfusion_file.vectors(**KINDS[kind])
    path = write(tmp_path / "v.fifu", fields)
    packed = write(tmp_path / "v.fifu.gz", gzip.compress(path.read_bytes()))
    for each in (KeyedVectors.load_finalfusion(path), KeyedVectors.load_finalfusion(packed), load_any(path)):
        assert type(each) is KeyedVectors
        assert each.index_to_key == WORDS
        assert each.vectors.dtype == np.float32
        np.testing.assert_allclose(each.vectors, VECTORS, rtol=3e-7)
        assert getattr(each, "finalfusion_metadata", None) == fields["metadata"]
        assert each.most_similar("the", topn=1)
        each["the"] = np.ones(3)


def test_padding_may_be_left_out_where_none_is_needed(tmp_path):
    saved = []
    for n in range(4):
        fields = finalfusion_file.vectors(metadata="t=1\n" + " " * n)
        data = finalfusion_file.content(fields, 0)
        saved.append(len(finalfusion_file.content(fields)) - len(data))
        loaded = KeyedVectors.load_finalfusion(write(tmp_path / "v.fifu", data))
        np.testing.assert_allclose(loaded.vectors, VECTORS, rtol=3e-7)
    assert sorted(saved) == [4, 4, 4, 8]  # the norms follow the matrix, and never need padding


@pytest.mark.parametrize("metadata", [None, "", "t = 1\n", "t = 12\n", 'é = "x"\n', 'title = "ü"\n'])
def test_the_file_is_as_the_specification_says(tmp_path, kv, metadata):
    if metadata is not None:
        kv.finalfusion_metadata = metadata
    kv.save_finalfusion(tmp_path / "v.fifu")
    expected = finalfusion_file.content(finalfusion_file.vectors(metadata=metadata))
    found = (tmp_path / "v.fifu").read_bytes()
    assert len(found) == len(expected)
    at = expected.index(finalfusion_file.vectors()["vectors"].tobytes()[:4])
    assert found[:at] == expected[:at]
    kv.save_finalfusion(tmp_path / "v.fifu.gz")
    assert gzip.decompress((tmp_path / "v.fifu.gz").read_bytes()) == found


def test_vectors_come_back_as_they_were_up_to_rounding(tmp_path):
    random = np.random.default_rng(3)
    matrix = (random.standard_normal((9000, 5)) * 10.0 ** random.integers(-30, 18, (9000, 1))).astype("f4")
    matrix[17] = 0
    kv = KeyedVectors(5)
    kv.add_vectors([f"w{row}" for row in range(9000)], matrix)
    kv.save_finalfusion(tmp_path / "v.fifu")
    again = KeyedVectors.load_finalfusion(tmp_path / "v.fifu")
    np.testing.assert_allclose(again.vectors, matrix, rtol=3e-7)
    assert again.index_to_key == kv.index_to_key
    assert not again.vectors[17].any()


@pytest.mark.parametrize("dtype", ["f2", "f8", "i4"])
def test_other_types_and_keys_become_float32_and_strings(tmp_path, dtype):
    kv = KeyedVectors(2, dtype=dtype)
    kv.add_vectors([10, "a"], [[3, 4], [0, 2]])
    kv.save_finalfusion(tmp_path / "v.fifu")
    again = load_any(tmp_path / "v.fifu")
    assert again.index_to_key == ["10", "a"]
    assert again.vectors.dtype == np.float32
    np.testing.assert_allclose(again.vectors, [[3, 4], [0, 2]])


def test_vectors_without_words(tmp_path):
    KeyedVectors(4).save_finalfusion(tmp_path / "v.fifu")
    assert load_any(tmp_path / "v.fifu").vectors.shape == (0, 4)


def test_what_the_format_cannot_hold_is_refused_and_nothing_is_written(tmp_path, kv):
    path = tmp_path / "v.fifu"
    for value in (np.nan, np.inf, 3e38):
        kv["the"] = [value] * 3
        with pytest.raises(ValueError, match=r"vector of 'the' has the norm .*remove_keys\(\)"):
            kv.save_finalfusion(path)
    kv["the"] = [1, 0, 0]
    kv.finalfusion_metadata = {"title": "x"}
    with pytest.raises(ValueError, match="finalfusion_metadata is a dict; assign a TOML text"):
        kv.save_finalfusion(path)
    del kv.finalfusion_metadata
    kv.rename_key("New York", "\ud800")
    with pytest.raises(ValueError, match="cannot be encoded as UTF-8; rename it"):
        kv.save_finalfusion(path)
    partly = KeyedVectors(2, count=3)
    partly.add_vector("a", [1, 0])
    with pytest.raises(ValueError, match="row 1 has no key"):
        partly.save_finalfusion(path)
    with pytest.raises(ValueError, match="vectors have 0 components"):
        KeyedVectors(0).save_finalfusion(path)
    assert not path.exists()


def test_ngrams_are_left_out_with_a_warning(tmp_path, caplog):
    (tmp_path / "model.bin").write_bytes(fasttext_file.content(fasttext_file.model()))
    with caplog.at_level(logging.WARNING):
        KeyedVectors.load_fasttext(tmp_path / "model.bin").save_finalfusion(tmp_path / "v.fifu")
    assert "n-grams are not written to files of finalfusion" in caplog.text
    assert load_any(tmp_path / "v.fifu").index_to_key == fasttext_file.WORDS


def test_metadata_survive_saving_in_the_native_format(tmp_path, fields):
    load_any(write(tmp_path / "v.fifu", fields)).save(tmp_path / "v.fw2v")
    KeyedVectors.load(tmp_path / "v.fw2v").save_finalfusion(tmp_path / "again.fifu")
    assert load_any(tmp_path / "again.fifu").finalfusion_metadata == fields["metadata"]


def test_the_format_is_recognised_by_its_content(tmp_path, fields):
    path = write(tmp_path / "vectors", fields)
    for wrong in (KeyedVectors.load, KeyedVectors.load_word2vec_format, Word2Vec.load):
        with pytest.raises(ValueError, match="load_finalfusion"):
            wrong(path)
    model = Word2Vec([["the", "naïve"]] * 5, min_count=1, vector_size=3, init_from=path, epochs=1)
    assert len(model.wv) == 2
    text = write(tmp_path / "text", b"FiFu 1 2\nother 3 4\n")
    assert load_any(text).index_to_key == ["FiFu", "other"]
    with pytest.raises(ValueError, match="not in the finalfusion format"):
        KeyedVectors.load_finalfusion(text)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_read(tmp_path, fields):
    data = finalfusion_file.content(fields)
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=write, args=(tmp_path / "pipe", data))
    writer.start()
    assert KeyedVectors.load_finalfusion(tmp_path / "pipe").index_to_key == WORDS
    writer.join()


def test_the_command_line_converts_both_ways(tmp_path, kv, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kv.rename_key("", "a")
    kv.save("v.fw2v")
    assert main(["convert", "v.fw2v", "v.fifu"]) == 0
    assert "(finalfusion format): vectors of 5 words" in capsys.readouterr().err
    assert main(["info", "v.fifu"]) == 0
    assert "finalfusion format" in capsys.readouterr().out
    assert main(["convert", "v.fw2v", "v.other", "--format", "finalfusion"]) == 0
    assert main(["convert", "v.fifu", "v.fifu.gz"]) == 0
    assert main(["convert", "v.fifu.gz", "v.txt"]) == 0
    np.testing.assert_allclose(KeyedVectors.load_word2vec_format("v.txt").vectors, VECTORS, rtol=3e-7)
    assert main(["similar", "v.other", "the"]) == 0
    capsys.readouterr()
    assert main(["convert", "v.fw2v", "model.fifu", "--kind", "model"]) == 2
    assert "holds vectors only" in capsys.readouterr().err
    assert main(["update", "v.fifu", "v.txt"]) == 2


# --- what is not read


@pytest.mark.parametrize(
    ("identifier", "what"), [(3, "buckets"), (7, "fastText"), (8, "explicit"), (4, "quantized")]
)
@pytest.mark.parametrize("listed", [True, False])
def test_ngrams_and_quantized_matrices_are_refused_with_the_remedy(
    tmp_path, fields, identifier, what, listed
):
    name = "matrix_id" if identifier == 4 else "vocabulary_id"
    position = fields["listed"].index(fields[name])
    fields[name] = identifier
    if listed:
        fields["listed"] = [*fields["listed"][:position], identifier, *fields["listed"][position + 1 :]]
    with pytest.raises(ValueError, match=rf"v\.fifu.*{what}.*ffp-convert -f finalfusion -t word2vec"):
        load_any(write(tmp_path / "v.fifu", fields))


def test_ngrams_of_floret_are_refused_with_another_remedy(tmp_path, fields):
    fields["listed"] = [5, 9, 2, 6]
    with pytest.raises(ValueError, match=r"n-grams of floret.*word2vec text in floret"):
        load_any(write(tmp_path / "v.fifu", fields))


# --- damaged and forged files


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["with everything", "without norms"])
def test_a_file_that_ends_early_is_refused(tmp_path, kind, packed):
    fields = finalfusion_file.vectors(**KINDS[kind])
    whole = finalfusion_file.content(fields)
    path = tmp_path / ("cut.fifu.gz" if packed else "cut.fifu")
    for length in range(len(whole)):
        path.write_bytes(gzip.compress(whole[:length], 1) if packed else whole[:length])
        with pytest.raises(ValueError, match=r"cut\.fifu"):
            KeyedVectors.load_finalfusion(path)
    path.write_bytes(gzip.compress(whole + b"\0") if packed else whole + b"\0")
    with pytest.raises(ValueError, match=r"cut\.fifu"):
        KeyedVectors.load_finalfusion(path)


FORGED = [
    ("version", 1), ("version", 2**32 - 1), ("n_chunks", 0), ("n_chunks", 2**32 - 1), ("n_chunks", 3),
    ("listed", [5, 1, 2, 2]), ("listed", [1, 5, 2, 6]), ("listed", [10, 1, 2, 6]), ("metadata_id", 1),
    ("metadata_length", 2**64 - 1), ("metadata_length", 3), ("metadata", b"\xff"),
    ("vocabulary_id", 2), ("vocabulary_id", 10), ("vocabulary_length", 0), ("vocabulary_length", 7),
    ("vocabulary_length", 2**63), ("vocabulary_length", 2**64 - 1), ("n_words", 2**64 - 1), ("n_words", 2**40),
    ("n_words", 4), ("n_words", 6), ("n_words", 0), ("words", ["the", "the", "a", "b", "c"]),
    ("words", [b"\xff", "a", "b", "c", "d"]), ("matrix_id", 1), ("matrix_length", 0), ("matrix_length", 2**64 - 1),
    ("rows", 0), ("rows", 4), ("rows", 2**64 - 1), ("columns", 0), ("columns", 2), ("columns", 2**24 + 1),
    ("columns", 2**32 - 1), ("matrix_type", 11), ("matrix_type", 0), ("norms_id", 2), ("norms_length", 1),
    ("norms_length", 2**64 - 1), ("n_norms", 0), ("n_norms", 2**62), ("norms_type", 1),
    ("norms", np.array([1, 1, np.nan, 1, 1], "<f4")), ("norms", np.array([1, 1, -1, 1, 1], "<f4")),
    ("norms", np.array([1, 1, np.inf, 1, 1], "<f4")),
]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("name", "value"), FORGED, ids=lambda part: str(part)[:24])
def test_a_forged_number_is_refused_without_much_memory(tmp_path, fields, name, value, packed):
    data = finalfusion_file.content({**fields, name: value})
    path = write(
        tmp_path / ("forged.fifu.gz" if packed else "forged.fifu"), gzip.compress(data) if packed else data
    )
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"forged\.fifu"):
            KeyedVectors.load_finalfusion(path)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < (70 << 20 if packed else 4 << 20)


def test_numbers_that_agree_on_a_huge_matrix_are_refused_without_much_memory(tmp_path, fields):
    length = 16 + 4 + 4 * 5 * (1 << 24)
    forged = {**fields, "columns": 1 << 24, "metadata": "t=1\n"}
    for padding in range(-3, 1):
        data = finalfusion_file.content({**forged, "matrix_length": length + padding})
        tracemalloc.start()
        try:
            for path in (tmp_path / "forged.fifu", tmp_path / "forged.fifu.gz"):
                with pytest.raises(ValueError, match=r"forged\.fifu"):
                    KeyedVectors.load_finalfusion(
                        write(path, gzip.compress(data) if path.suffix == ".gz" else data)
                    )
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 70 << 20


def test_a_word_longer_than_the_vocabulary_is_refused(tmp_path, fields):
    whole = finalfusion_file.content(fields)
    at = whole.index(struct.pack("<I", 3) + b"the")
    for length in (2**32 - 1, 200):
        forged = whole[:at] + struct.pack("<I", length) + whole[at + 4 :]
        with pytest.raises(ValueError, match="ends within word 1 of 5"):
            KeyedVectors.load_finalfusion(write(tmp_path / "v.fifu", forged))
