"""word2vec text and binary files: fastw2v and gensim read each other's, and damage is reported."""

from __future__ import annotations

import bz2
import gzip
import lzma

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as arrays

from fastw2v.corpora import LineSentence, Text8Corpus, scan
from fastw2v.formats import word2vec
from fastw2v.keyedvectors import KeyedVectors, _load_word2vec_format, load_any, load_word2vec_format
from fastw2v.word2vec import Word2Vec
from helpers.oracle import gensim

WORDS = ["the", "naïve", "日本", "a_b", "Z", "\xa0nbsp"]
MATRIX = np.random.default_rng(4).standard_normal((6, 7)).astype(np.float32)
COUNTS = [3, 9, 9, 1, 4, 9]


def filled(kind=KeyedVectors, words=WORDS, matrix=MATRIX, counts=COUNTS):
    vectors = kind(matrix.shape[1])
    vectors.add_vectors(words, matrix)
    for word, count in zip(words, counts or (), strict=False):
        vectors.set_vecattr(word, "count", count)
    return vectors


def load(tmp_path, content, **options):
    path = tmp_path / "file"
    path.write_bytes(content)
    return KeyedVectors.load_word2vec_format(path, **options)


def as_dict(vectors):
    return {key: vectors.vectors[row].tolist() for key, row in vectors.key_to_index.items()}


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"write_header": False},
        {"prefix": "*dt_", "total_vec": 99},
        {"sort_attr": "absent"},
    ],
    ids=str,
)
def test_files_are_gensims_byte_for_byte(tmp_path, binary, options):
    for name, kind in (("ours", KeyedVectors), ("theirs", gensim.models.KeyedVectors)):
        filled(kind).save_word2vec_format(str(tmp_path / name), binary=binary, **options)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


@pytest.mark.parametrize("scale", [1e-30, 1e-4, 1.0, 1e6, 1e30])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numbers_in_text_are_gensims_whatever_their_size(tmp_path, scale, dtype):
    if dtype == np.float16 and scale != 1:
        scale = 8.0 if scale > 1 else 0.001
    matrix = (np.random.default_rng(9).standard_normal((40, 9)) * scale).astype(dtype)
    matrix[0, :6] = [0, -0.0, 1, 100, 0.5, 1e-4]
    for name, kind in (("ours", KeyedVectors), ("theirs", gensim.models.KeyedVectors)):
        vectors = kind(9, dtype=dtype)
        vectors.add_vectors([f"w{i}" for i in range(40)], matrix)
        vectors.save_word2vec_format(str(tmp_path / name))
    assert (tmp_path / "ours").read_text() == (tmp_path / "theirs").read_text()
    again = KeyedVectors.load_word2vec_format(tmp_path / "ours", datatype=dtype)
    assert np.array_equal(again.vectors, matrix)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(arrays.arrays(np.float32, (3, 4), elements=st.floats(width=32, allow_nan=False)))
def test_every_float_survives_a_round_trip_through_text(tmp_path_factory, matrix):
    path = tmp_path_factory.mktemp("floats") / "v"
    word2vec.write_text(path, ["a", "b", "c"], matrix, np.arange(3), "3 4")
    index, again = word2vec.read_text(path)
    assert index == {"a": 0, "b": 1, "c": 2}
    assert again.tobytes() == matrix.tobytes()


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_round_trips_keep_vectors_order_and_counts(tmp_path, binary, suffix):
    if suffix == ".zst":
        pytest.importorskip("zstandard")  # the tests of the wheels do not install it
    path, counts = tmp_path / f"v{suffix}", tmp_path / f"counts{suffix}"
    vectors = filled()
    vectors.save_word2vec_format(path, fvocab=counts, binary=binary)
    again = KeyedVectors.load_word2vec_format(path, fvocab=counts, binary=binary)
    assert again.index_to_key == ["naïve", "日本", "\xa0nbsp", "Z", "the", "a_b"]
    assert again.expandos["count"].tolist() == [9, 9, 9, 4, 3, 1]
    assert as_dict(again) == as_dict(vectors)
    plain = KeyedVectors.load_word2vec_format(path, binary=binary)
    assert plain.expandos["count"].tolist() == [6, 5, 4, 3, 2, 1]
    opener = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}.get(suffix)
    if opener:
        with opener(path) as stream:
            assert stream.readline() == b"6 7\n"


def test_vocabulary_files_are_gensims(tmp_path):
    for name, kind in (("ours", KeyedVectors), ("theirs", gensim.models.KeyedVectors)):
        filled(kind).save_word2vec_format(
            str(tmp_path / name), fvocab=str(tmp_path / f"{name}.vocab"), prefix="p_"
        )
    assert (tmp_path / "ours.vocab").read_bytes() == (tmp_path / "theirs.vocab").read_bytes()
    with pytest.raises(ValueError, match="absent"):
        filled().save_word2vec_format(tmp_path / "v", fvocab=tmp_path / "counts", sort_attr="absent")
    assert not (tmp_path / "counts").exists()


def test_appending_and_leading_integers(tmp_path):
    path = tmp_path / "v"
    filled(words=[0, 1, "a", "b"], matrix=MATRIX[:4], counts=[1, 2, 3, 4]).save_word2vec_format(
        path, total_vec=6
    )
    filled(words=["c", "d"], matrix=MATRIX[4:], counts=None).save_word2vec_format(
        path, append=True, write_header=False
    )
    again = KeyedVectors.load_word2vec_format(path)
    assert again.index_to_key == ["0", "1", "b", "a", "c", "d"]
    assert np.array_equal(again.vectors, MATRIX[[0, 1, 3, 2, 4, 5]])


@pytest.mark.parametrize("options", [{"limit": 2}, {"limit": 100}, {"limit": 0}, {"limit": None}], ids=str)
@pytest.mark.parametrize("datatype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("binary", [False, True])
def test_gensims_files_are_read_as_gensim_reads_them(tmp_path, options, datatype, binary):
    path = str(tmp_path / "v")
    filled(gensim.models.KeyedVectors).save_word2vec_format(path, binary=binary)
    ours = KeyedVectors.load_word2vec_format(path, binary=binary, datatype=datatype, **options)
    theirs = gensim.models.KeyedVectors.load_word2vec_format(
        path, binary=binary, datatype=datatype, **options
    )
    assert ours.index_to_key == theirs.index_to_key
    assert ours.vectors.dtype == theirs.vectors.dtype
    assert np.array_equal(ours.vectors, theirs.vectors)
    assert ours.expandos["count"].tolist() == theirs.expandos["count"].tolist()
    assert ours.next_index == theirs.next_index
    ours.add_vector("new", np.ones(7))
    assert ours.index_to_key[-1] == "new"


@pytest.mark.parametrize("chunk", [1, 5, 64, 1 << 20])
@pytest.mark.parametrize("limit", [1, 2, 6])
def test_binary_files_are_read_in_chunks_of_any_size(tmp_path, chunk, limit):
    path = tmp_path / "v"
    filled(counts=None).save_word2vec_format(path, binary=True)
    found = _load_word2vec_format(KeyedVectors, path, binary=True, limit=limit, binary_chunk_size=chunk)
    assert found.index_to_key == WORDS[:limit]
    assert np.array_equal(found.vectors, MATRIX[:limit])


def test_newlines_after_binary_records_are_not_part_of_words(tmp_path):
    records = b"\n".join(w.encode() + b" " + row.tobytes() for w, row in zip(WORDS, MATRIX, strict=True))
    found = load(tmp_path, b"6 7\n" + records + b"\n", binary=True)
    assert found.index_to_key == WORDS
    assert np.array_equal(found.vectors, MATRIX)


TEXT = b"2 3\nfirst 1 2.5 -3e-1\nsecond 4 5 6\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        TEXT.rstrip(),
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.replace(b" ", b"\t"),
        TEXT.replace(b" ", b"  "),
        TEXT.replace(b"\n", b" \n"),
        TEXT.replace(b"second", b"\nsecond"),
        TEXT + b"third 1 2 3\n",
        TEXT.removeprefix(b"2 3\n"),
    ],
)
def test_variants_of_text_files(tmp_path, content):
    found = load(tmp_path, content)
    assert found.index_to_key[:2] == ["first", "second"]
    assert np.array_equal(found.vectors[:2], np.array([[1, 2.5, -0.3], [4, 5, 6]], dtype=np.float32))
    assert len(found) == 2


def test_files_without_header(tmp_path):
    path = tmp_path / "v"
    filled(counts=None).save_word2vec_format(path, write_header=False)
    for options in ({"no_header": True}, {}, {"no_header": True, "limit": 3}):
        found = KeyedVectors.load_word2vec_format(path, **options)
        kept = options.get("limit", 6)
        assert found.index_to_key == WORDS[:kept]
        assert np.array_equal(found.vectors, MATRIX[:kept])
    with pytest.raises(NotImplementedError):
        KeyedVectors.load_word2vec_format(path, binary=True, no_header=True)
    many = np.random.default_rng(1).standard_normal((20000, 2)).astype(np.float32)
    for name in ("many", "many.gz"):  # with and without a file size that limits the number of rows
        word2vec.write_text(tmp_path / name, [f"w{i}" for i in range(20000)], many, np.arange(20000), None)
        assert np.array_equal(KeyedVectors.load_word2vec_format(tmp_path / name).vectors, many)


def test_words_with_spaces_are_cut_from_the_right(tmp_path):
    found = load(tmp_path, b"3 2\nplain 1 2\nNew York City 3 4\n. . . 5 6\n")
    assert found.index_to_key == ["plain", "New York City", ". . ."]
    assert found.vectors.tolist() == [[1, 2], [3, 4], [5, 6]]
    found.save_word2vec_format(tmp_path / "again")
    assert KeyedVectors.load_word2vec_format(tmp_path / "again").index_to_key == found.index_to_key


@pytest.mark.parametrize("binary", [False, True])
def test_of_duplicate_words_the_first_counts(tmp_path, binary, caplog):
    records = [(word, i * np.ones(2, "<f4")) for i, word in enumerate([b"a", b"b", b"a", b"c"], 1)]
    if binary:
        content = b"4 2\n" + b"".join(word + b" " + row.tobytes() for word, row in records)
    else:
        content = b"4 2\n" + b"".join(b"%s %d %d\n" % (word, row[0], row[1]) for word, row in records)
    found = load(tmp_path, content, binary=binary)
    assert found.index_to_key == ["a", "b", "c"]
    assert found.vectors.tolist() == [[1, 1], [2, 2], [4, 4]]
    assert found.expandos["count"].tolist() == [3, 2, 1]
    assert "duplicate word 'a'" in caplog.text


@pytest.mark.parametrize(
    ("content", "options", "error", "text"),
    [
        (b"3 2\na 1 2\nb 3 4\n", {}, EOFError, "promises 3 vectors and holds 2"),
        (b"3 1\na \x00\x00\x80?b \x00\x00\x80@", {"binary": True}, EOFError, "promises 3"),
        (b"2 1\na \x00\x00\x80?b \x00\x00", {"binary": True}, EOFError, "promises 2"),
        (b"2 2\na 1 2\nb 3 x\n", {}, ValueError, "line 3"),
        (b"2 2\na 1 2\nb 3\n", {}, ValueError, "line 3"),
        (b"2 2\na 1 2 3\nb 3 4 5\n", {}, ValueError, "line 2"),
        (b"a 1 2\nb x 4\n", {"no_header": True}, ValueError, "line 2"),
        (b"alone\n", {"no_header": True}, ValueError, "line 1"),
        (b"", {}, ValueError, "begin with the number of vectors"),
        (b"two words\n", {}, ValueError, "begin with the number of vectors"),
        (b"2 2 3\nb 3 4\n", {"binary": True}, ValueError, "begin with the number of vectors"),
        (b"-1 2\n", {}, ValueError, "cannot be"),
        (b"5 0\na\n", {}, ValueError, "cannot be"),
        (b"99999999999999 300\na 1 2\n", {}, ValueError, "cannot be"),
        (b"1 99999999999999\na 1 2\n", {"binary": True}, ValueError, "cannot be"),
        (b"9999999999999999999999 9999999999999\na 1\n", {"limit": 5}, ValueError, "cannot be"),
        (b"1 2\n\xffa 1 2\n", {}, UnicodeDecodeError, "utf-8"),
        (b"1 1\n\xffa \x00\x00\x80?", {"binary": True}, UnicodeDecodeError, "utf-8"),
        (TEXT, {"limit": -1}, ValueError, "limit"),
    ],
)
def test_damage_is_named(tmp_path, content, options, error, text):
    with pytest.raises(error, match=text):
        load(tmp_path, content, **options)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(("errors", "word"), [("replace", "\ufffda"), ("ignore", "a")])
def test_undecodable_words(tmp_path, binary, errors, word):
    content = b"1 1\n\xffa \x00\x00\x80?" if binary else b"1 1\n\xffa 1\n"
    assert load(tmp_path, content, binary=binary, unicode_errors=errors).index_to_key == [word]
    assert load(tmp_path, content, binary=binary, encoding="latin1").index_to_key == ["ÿa"]


def test_incomplete_and_damaged_vocabulary_files(tmp_path, caplog):
    counts = tmp_path / "counts"
    counts.write_bytes(b"first 7\n\n\xffodd 3\n")
    found = load(tmp_path, TEXT, fvocab=counts, unicode_errors="ignore")
    assert found.expandos["count"].tolist() == [7, 0]
    assert "incomplete" in caplog.text
    with pytest.raises(UnicodeDecodeError):
        load(tmp_path, TEXT, fvocab=counts)
    counts.write_bytes(b"first 7\nsecond\n")
    with pytest.raises(ValueError, match="line 2"):
        load(tmp_path, TEXT, fvocab=counts)


@pytest.mark.parametrize(
    ("word", "binary", "refused"),
    [
        ("a b", False, False),
        ("a b", True, True),
        ("a ", False, True),
        ("a\nb", False, True),
        ("a\nb", True, False),
        ("\na", True, True),
        ("\udc80", False, True),
    ],
)
def test_words_are_refused_only_where_they_could_not_be_read_back(tmp_path, word, binary, refused):
    path = tmp_path / "v"
    path.write_text("old")
    vectors = filled(words=["x", word], matrix=MATRIX[:2], counts=None)
    if refused:
        with pytest.raises(ValueError, match="rename_key"):
            vectors.save_word2vec_format(path, binary=binary)
        assert path.read_text() == "old"
    else:
        vectors.save_word2vec_format(path, binary=binary)
        assert as_dict(KeyedVectors.load_word2vec_format(path, binary=binary)) == as_dict(vectors)


def test_empty_slots_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="row 0 has no key"):
        KeyedVectors(3, count=2).save_word2vec_format(tmp_path / "v")


@pytest.mark.parametrize("binary", [False, True])
def test_empty_collections(tmp_path, binary):
    KeyedVectors(3).save_word2vec_format(tmp_path / "v", binary=binary)
    found = KeyedVectors.load_word2vec_format(tmp_path / "v", binary=binary)
    assert (len(found), found.vector_size) == (0, 3)


@pytest.mark.parametrize("binary", [False, True])
def test_intersection_takes_over_vectors_and_freezes_them(tmp_path, binary):
    source = filled(words=["naïve", "elsewhere", "Z"], matrix=MATRIX[:3] * 10, counts=None)
    source.save_word2vec_format(tmp_path / "v", binary=binary)
    vectors = filled()
    vectors.vectors_lockf = np.ones(1, np.float32)
    vectors.most_similar("the")
    vectors.intersect_word2vec_format(tmp_path / "v", binary=binary)
    assert vectors.index_to_key == WORDS
    assert np.array_equal(vectors["naïve"], MATRIX[0] * 10)
    assert np.array_equal(vectors["Z"], MATRIX[2] * 10)
    assert np.array_equal(vectors["the"], MATRIX[0])
    assert vectors.vectors_lockf.tolist() == [1, 0, 1, 1, 0, 1]
    assert dict(vectors.most_similar("the"))["naïve"] == pytest.approx(1, abs=1e-6)
    vectors.intersect_word2vec_format(tmp_path / "v", lockf=0.5, binary=binary)
    assert vectors.vectors_lockf.tolist() == [1, 0.5, 1, 1, 0.5, 1]


def test_intersection_without_lock_factors_and_with_another_size(tmp_path):
    vectors = filled()
    filled(words=["Z"], matrix=MATRIX[:1], counts=None).save_word2vec_format(tmp_path / "v")
    vectors.intersect_word2vec_format(tmp_path / "v", lockf=1.0)
    assert vectors.vectors_lockf.tolist() == [1.0] * 6
    filled(words=["Z"], matrix=MATRIX[:1, :3], counts=None).save_word2vec_format(tmp_path / "v")
    before = vectors.vectors.copy()
    with pytest.raises(ValueError, match="incompatible vector size 3"):
        vectors.intersect_word2vec_format(tmp_path / "v")
    assert np.array_equal(vectors.vectors, before)


def test_the_module_level_function(tmp_path):
    (tmp_path / "v").write_bytes(TEXT)
    assert isinstance(load_word2vec_format(str(tmp_path / "v")), KeyedVectors)


# --- what people pass by mistake


@pytest.mark.parametrize(
    "content",
    [
        b"2 2\na 1,5 2,5\nb 5,0 6,0\n",
        b"2 2\na 0:0.12 1:0.5\nb 0:1 1:2\n",
        b"2 2\na -nan(ind) 1\nb 1 2\n",
        b"2 2\na 1\nb 1 2\n",
        "2 2\nnaïve 1,5 2,5\nb 5,0 6,0\n".encode("latin-1"),
    ],
)
def test_printable_files_are_never_read_as_binary(tmp_path, content):
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="line 2"):
        load_any(path)
    with pytest.raises(ValueError, match="line 2"):
        Word2Vec([["a", "b"]] * 5, vector_size=2, min_count=1, init_from=path)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_text_read_as_binary_and_binary_read_as_text_name_the_argument(tmp_path, suffix):
    matrix = np.random.default_rng(1).standard_normal((200, 300)).astype(np.float32)
    vectors = filled(words=[f"w{i}" for i in range(200)], matrix=matrix, counts=None)
    vectors.save_word2vec_format(tmp_path / f"text{suffix}")
    vectors.save_word2vec_format(tmp_path / f"binary{suffix}", binary=True)
    vectors.save_word2vec_format(tmp_path / f"glove{suffix}", write_header=False)
    with pytest.raises(ValueError, match="leave out binary=True"):
        KeyedVectors.load_word2vec_format(tmp_path / f"text{suffix}", binary=True)
    with pytest.raises(ValueError, match="leave out binary=True"):
        KeyedVectors.load_word2vec_format(tmp_path / f"glove{suffix}", binary=True)
    with pytest.raises(ValueError, match="leave out binary=True"):
        vectors.intersect_word2vec_format(tmp_path / f"text{suffix}", binary=True)
    with pytest.raises(ValueError, match="pass binary=True"):
        KeyedVectors.load_word2vec_format(tmp_path / f"binary{suffix}")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"3 2\na 1 2\ndog 0.1 0.2 0.3\nb 1 2\n", 3),
        (b"3 2\na 1 2\ndog 0.1 0.2cat 0.3 0.4\nb 1 2\n", 3),
        (b"3 1\na 1\ndog 0.1cat 0.3\nb 1\n", 3),
        (b"a 1 2\nb 1 2\ndog 1e-05 2 3\n", 3),
    ],
)
def test_damaged_lines_are_no_keys(tmp_path, content, line):
    with pytest.raises(ValueError, match=f"line {line} "):
        load(tmp_path, content)


def test_phrases_with_whole_numbers_are_keys(tmp_path):
    words = ["a", "new 3", "catch 22", ". . .", "v 1.0.3"]
    filled(words=words, matrix=MATRIX[:5], counts=None).save_word2vec_format(tmp_path / "v")
    assert KeyedVectors.load_word2vec_format(tmp_path / "v").index_to_key == words
    with pytest.raises(ValueError, match="rename_key"):
        filled(words=["a", "pi 3.14"], matrix=MATRIX[:2], counts=None).save_word2vec_format(tmp_path / "v")


def test_a_header_is_no_vector(tmp_path, caplog):
    found = load(tmp_path, b"2 3\na 1 2 3\nb 4 5 6\n", no_header=True)
    assert as_dict(found) == {"a": [1, 2, 3], "b": [4, 5, 6]}
    assert "no_header=True" in caplog.text
    assert as_dict(load(tmp_path, b"2 3\n7 1\n", no_header=True)) == {"2": [3], "7": [1]}


@pytest.mark.parametrize(
    ("content", "options", "keys"),
    [
        (b"2 3\n  0.1 0.2 0.3\na 1 2 3\n", {}, [" ", "a"]),
        (b"2 3\n 0.1 0.2 0.3\na 1 2 3\n", {}, ["", "a"]),
        (b" 0.1 0.2 0.3\na 1 2 3\n", {"no_header": True}, ["", "a"]),
        (b" 0.1 0.2 0.3\na 1 2 3\n", {}, ["", "a"]),
    ],
)
def test_the_first_word_may_be_blank_or_empty(tmp_path, content, options, keys):
    found = load(tmp_path, content, **options)
    assert found.index_to_key == keys
    assert found.vectors.tolist() == [pytest.approx([0.1, 0.2, 0.3]), [1, 2, 3]]
    if not options:
        assert load_any(tmp_path / "file").index_to_key == keys


@pytest.mark.parametrize(
    ("content", "options", "place"),
    [
        (b"2 1\na 1\n\xff 2\n", {}, "line 3"),
        (b"a 1 1\n\n\xff 2 2\n", {}, "line 3"),
        (b"2 1\na 1\n\xff 2\n", {"datatype": np.float64}, "line 3"),
        (b"2 1\na \x00\x00\x80?\xff \x00\x00\x80?", {"binary": True}, "vector 2"),
    ],
)
def test_decoding_errors_name_the_place_and_the_remedy(tmp_path, content, options, place):
    with pytest.raises(UnicodeDecodeError) as caught:
        load(tmp_path, content, **options)
    for text in (place, str(tmp_path / "file"), "encoding=", "unicode_errors="):
        assert text in str(caught.value)
    counts = tmp_path / "counts"
    counts.write_bytes(b"a 1\n\xff 2\n")
    with pytest.raises(UnicodeDecodeError, match=r"line 2 of .*counts"):
        load(tmp_path, TEXT, fvocab=counts)


FASTTEXT = b"\xba\x16\x4f\x2f\x0c\x00\x00\x00" + bytes(64)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("v.txt.gz", TEXT, "not compressed; rename it to 'v.txt'"),
        ("v.txt.bz2", TEXT, "not compressed"),
        ("v.txt.xz", gzip.compress(TEXT, mtime=0), "holds gzip data"),
        ("v.txt", gzip.compress(TEXT, mtime=0), "ends in '.gz'"),
        ("v.txt", bz2.compress(TEXT), "ends in '.bz2'"),
        ("v.zip", b"PK\x03\x04" + bytes(40), "zip archive; unpack it"),
        ("v.txt", POINTER, "git lfs pull"),
        ("cc.en.300.bin", FASTTEXT, "fastText model"),
    ],
)
def test_other_formats_are_named(tmp_path, name, content, text):
    path = tmp_path / name
    path.write_bytes(content)
    readers = [
        KeyedVectors.load_word2vec_format,
        lambda each: KeyedVectors.load_word2vec_format(each, binary=True),
        lambda each: KeyedVectors.load_word2vec_format(each, no_header=True),
        load_any,
        lambda each: list(LineSentence(each)),
        lambda each: list(Text8Corpus(each)),
        lambda each: Word2Vec(corpus_file=str(each), min_count=1),
        filled().evaluate_word_pairs,
    ]
    for read in readers:
        with pytest.raises((ValueError, OSError), match=text):
            read(path)


# --- the same text in other forms


FORMS = st.fixed_dictionaries(
    {
        "mark": st.booleans(),
        "line_end": st.sampled_from([b"\n", b"\r\n", b" \n", b" \t\r\n"]),
        "blank_line": st.booleans(),
        "suffix": st.sampled_from(["", ".gz", ".bz2", ".xz"]),
        "as_path": st.booleans(),
    }
)


def read_in_every_way(write):
    """Return what each reader of text finds in a file that `write` makes of lines."""
    header, vectors = b"2 2", [b"first 1 2.5", b"second 3 4"]
    found = []
    for lines, options in (
        ([header, *vectors], {}),
        (vectors, {}),
        (vectors, {"no_header": True}),
        ([header, *vectors], {"encoding": "utf-8-sig"}),
    ):
        found.append(as_dict(KeyedVectors.load_word2vec_format(write(lines), **options)))
        found.append(as_dict(load_any(write(lines))))
    counts = write([b"first 7", b"second 8"])
    found.append(word2vec.read_counts(counts))
    text = write([b"first second first", b"third first"])
    found += [list(LineSentence(text)), list(Text8Corpus(text)), scan(LineSentence(text)).counts]
    found[-1] = dict(found[-1])
    model = Word2Vec(corpus_file=text, min_count=1, vector_size=2, workers=1)
    found.append(sorted(model.wv.index_to_key))
    kv = filled(words=["first", "second", "third"], matrix=MATRIX[:3], counts=None)
    found.append(
        kv.evaluate_word_pairs(write([b"first\tsecond\t1", b"first\tthird\t3", b"second\tthird\t2"]))
    )
    found.append(kv.evaluate_word_analogies(write([b": section", b"first second third first"])))
    return repr(found)


@settings(max_examples=10, deadline=None)
@given(FORMS)
def test_every_reader_accepts_the_same_text_in_other_forms(tmp_path_factory, form):
    folder = tmp_path_factory.mktemp("forms")
    made = iter(range(100))

    def write(lines, form=form):
        path = folder / f"{next(made)}.txt{form['suffix']}"
        content = b"\xef\xbb\xbf" * form["mark"] + form["line_end"].join([*lines, b""])
        content += form["line_end"] * form["blank_line"]
        opener = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}.get(form["suffix"], open)
        with opener(path, "wb") as stream:
            stream.write(content)
        return path if form["as_path"] else str(path)

    plain = {"mark": False, "line_end": b"\n", "blank_line": False, "suffix": "", "as_path": False}
    assert read_in_every_way(write) == read_in_every_way(lambda lines: write(lines, plain))


@pytest.mark.parametrize("options", [{}, {"binary": True}, {"no_header": True}])
@pytest.mark.parametrize("library", ["fastw2v", "gensim"])
def test_a_saved_model_is_recognised(tmp_path, options, library):
    model = Word2Vec([["a", "b"]] * 5, vector_size=2, min_count=1, workers=1)
    path = tmp_path / "model"
    (model.save if library == "fastw2v" else model.save_gensim)(path)
    with pytest.raises(ValueError, match=rf"{library}'s save\(\); read it with KeyedVectors.load"):
        KeyedVectors.load_word2vec_format(path, **options)
    if "no_header" not in options:
        with pytest.raises(ValueError, match=r"KeyedVectors.load"):
            model.wv.intersect_word2vec_format(path, **options)
