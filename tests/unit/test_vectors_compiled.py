"""The compiled reader and writer of vectors against NumPy and Python, number by number and line by line."""

import io
import random

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fastw2v.common import memory, parallel
from fastw2v.formats import word2vec, word2vec_rows
from helpers.threads import assert_threads_ended


def written(numbers):
    """Each number as the compiled writer has it, None where it leaves it to NumPy."""
    matrix = np.ascontiguousarray(numbers, dtype=np.float32).reshape(-1, 1)
    rows, words, texts = np.arange(len(matrix)), [b"w"] * len(matrix), []
    while len(texts) < len(matrix):
        start = len(texts)
        lines, count = word2vec_rows.write_lines(matrix, rows[start:], words[start:])
        texts += [line.removeprefix("w ") for line in bytes(lines).decode().splitlines()]
        assert len(texts) == start + count
        if len(texts) < len(matrix):
            texts.append(None)
    return texts


def assert_written_as_numpy(numbers):
    numbers = np.asarray(numbers, dtype=np.float32).ravel()
    texts = written(numbers)
    assert [text for text in texts if text is not None] == [
        str(number) for number, text in zip(numbers, texts, strict=True) if text is not None
    ]
    return texts


RANGE = np.array([1.01e-10, 99999], dtype=np.float32).view(np.uint32)


@pytest.mark.parametrize("seed", range(3))
def test_random_bit_patterns_are_written_as_numpy_writes_them(seed):
    rng = np.random.default_rng(seed)
    bits = rng.integers(RANGE[0], RANGE[1], 100_000, dtype=np.uint32)
    signs = rng.integers(0, 2, len(bits), dtype=np.uint32) << np.uint32(31)
    assert None not in assert_written_as_numpy((bits | signs).view(np.float32))


def test_short_and_round_numbers_are_written_as_numpy_writes_them():
    rng = np.random.default_rng(5)
    assert_written_as_numpy(rng.integers(-(10**6), 10**6, 50_000) / 10.0 ** rng.integers(0, 12, 50_000))
    assert None not in assert_written_as_numpy(
        rng.integers(1, 2**16, 50_000) / 2.0 ** rng.integers(0, 24, 50_000)
    )
    powers = np.array([sign * 2.0**e for e in range(-33, 17) for sign in (1, -1)], dtype=np.float32)
    beside = [np.nextafter(powers, np.float32(end)) for end in (np.inf, -np.inf)]
    for numbers in (powers, *beside, np.arange(-50, 50), [0.0, -0.0, 0.1, 0.25, 99999, 1.00390625, 1.5e-5]):
        assert None not in assert_written_as_numpy(numbers)


def test_numbers_beyond_the_range_are_left_to_numpy():
    beyond = np.array([np.nan, np.inf, -np.inf, 1e5, 1e16, 3e38, 1e-10, 1e-45, 1e-4], dtype=np.float32)
    assert written(beyond) == [None] * len(beyond)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_what_is_written_is_the_str_of_each_number(tmp_path, dtype):
    rng = np.random.default_rng(1)
    matrix = (
        (rng.standard_normal((700, 7)) * 10.0 ** rng.integers(-8, 9, (700, 7))).clip(-6e4, 6e4).astype(dtype)
    )
    matrix[5, 3], matrix[300, 0], matrix[699] = np.nan, np.inf, 0
    rows = rng.permutation(len(matrix))
    words = [f"wörd x{i}" for i in rows]
    for given_matrix in (matrix, np.asfortranarray(matrix), matrix[::-1]):
        word2vec.write_text(tmp_path / "text", words, given_matrix, rows, "700 7")
        lines = (
            f"{word} {' '.join(map(str, given_matrix[row]))}" for word, row in zip(words, rows, strict=True)
        )
        assert (tmp_path / "text").read_text(encoding="utf8") == "\n".join(["700 7", *lines, ""])
        index, back = word2vec.read_text(tmp_path / "text", datatype=np.dtype(dtype).newbyteorder("="))
        assert list(index) == words
        np.testing.assert_array_equal(back, given_matrix[rows].astype(back.dtype))


def test_rows_out_of_range_are_refused():
    matrix = np.zeros((2, 2), dtype=np.float32)
    for write in (word2vec_rows.write_lines, word2vec_rows.write_records):
        for row in (-1, 2):
            with pytest.raises(IndexError, match="is not one of 2"):
                write(matrix, np.array([row]), [b"w"])


# --- reading


def read(lines, width=1):
    """Vectors by the compiled reader, None for a line that it leaves, or that is blank or too short."""
    starts, ends, vectors = word2vec_rows.read_lines(b"".join(lines), width)
    assert len(starts) == len(lines)
    rows = iter(vectors)
    found = [next(rows) if end >= -1 else None for end in ends.tolist()]
    assert next(rows, None) is None
    return [vector if end >= 0 else None for end, vector in zip(ends.tolist(), found, strict=True)]


def assert_read_as_float(texts):
    """Read each text as Python's float and NumPy's cast do, or leave it; return how many were left."""
    left = 0
    for text, vector in zip(texts, read([b"w " + text.encode() + b"\n" for text in texts]), strict=True):
        if vector is None:
            left += 1
        else:
            expected = np.array([text.encode()], dtype=np.float32)
            assert vector.tobytes() == expected.tobytes(), text
    return left


@pytest.mark.parametrize("digits", [1, 5, 6, 9, 15, 16, 17, 19, 25])
def test_numbers_are_read_as_float_reads_them(digits):
    rng = random.Random(digits)
    texts = [
        f"{rng.uniform(-2, 2) * 10.0 ** rng.randint(-12, 6):.{digits}{style}}"
        for style in "gfe"
        for _ in range(4000)
    ]
    assert assert_read_as_float(texts) < len(texts) / 5


def test_near_the_middle_of_two_floats_the_exact_number_decides():
    rng = np.random.default_rng(3)
    floats = rng.integers(RANGE[0], RANGE[1], 3000, dtype=np.uint32).view(np.float32)
    middles = (floats.astype(np.float64) + np.nextafter(floats, np.float32(np.inf))) / 2
    texts = []
    for middle in middles:
        for number in (middle, np.nextafter(middle, 0), np.nextafter(middle, np.inf)):
            texts += [f"{number:.17g}", f"{number:.25f}", repr(float(number))]
    assert_read_as_float(texts)


def test_other_kinds_of_numbers_are_left_to_python():
    texts = [
        "nan",
        "inf",
        "-Infinity",
        "1_0",
        "0x1p3",
        "1e",
        "e5",
        ".",
        "-",
        "1e400",
        "1e39",
        "1e-40",
        "--1",
        "1 ",
        "１",
    ]
    assert (
        assert_read_as_float(["0", "-0", "-0.0", "1.", ".5", "+2", "1e5", "1E+2", "00012.50", "0e999"]) == 0
    )
    for vector in read([b"w " + text.encode() + b"x\n" for text in texts]):
        assert vector is None
    assert read([b"w " + text.encode() + b"\n" for text in texts if text != "1 "]) == [None] * (
        len(texts) - 1
    )


@given(st.text(st.sampled_from("0123456789.eE+-_ nai"), max_size=12))
@settings(max_examples=500)
def test_whatever_is_read_is_what_float_reads(text):
    (vector,) = read([b"w " + text.encode() + b"\n"])
    if vector is not None:
        assert vector.tobytes() == np.array([text.strip().encode()], dtype=np.float32).tobytes()


LINES = st.lists(
    st.one_of(
        st.tuples(
            st.text(st.sampled_from("ab é\t"), min_size=1, max_size=4),
            st.lists(st.sampled_from(["0.5", "-1e-3", "nan", "7", "1_0", "1e50"]), min_size=2, max_size=2),
            st.sampled_from(["\n", " \n", "\r\n", "\t\r\n"]),
        ).map(lambda parts: f"{parts[0]} {' '.join(parts[1])}{parts[2]}"),
        st.sampled_from(["\n", "  \n", "\r\n"]),
        st.tuples(st.sampled_from("cd"), st.just("\t0.25  0.5\n")).map("".join),
    ),
    min_size=1,
    max_size=12,
)


def twin(lines, width):
    """The same as `read_text` of lines without a header, in a few lines of Python."""
    found = {}
    for line in lines:
        if line.strip():
            for separator in (b" ", None):
                fields = line.rstrip().rsplit(separator, width)
                if len(fields) == width + 1 and all(fields[1:]):
                    break
            found.setdefault(fields[0].decode(), np.array(fields[1:], dtype=np.float32))
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
@given(LINES, st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_lines_of_all_kinds_are_read_as_by_the_twin(tmp_path_factory, lines, block_size):
    path = tmp_path_factory.mktemp("vectors") / "text"
    encoded = [b"first 1.0 2.0\n", *(line.encode() for line in lines)]
    path.write_bytes(b"".join(encoded))
    expected = twin(encoded, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word2vec, "_BLOCK_SIZE", block_size)
        index, matrix = word2vec.read_text(path, no_header=True)
    assert list(index) == list(expected)
    np.testing.assert_array_equal(matrix, np.stack(list(expected.values())))


@pytest.mark.parametrize("wanted", [1, 2, 300, 999, 1000])
def test_a_limit_leaves_the_rest_unread(tmp_path, wanted):
    lines = [f"w{i} {i}.5 1\n" for i in range(1000)]
    lines[wanted:] = ["not a vector\n"] * (1000 - wanted)
    (tmp_path / "text").write_text("1000 2\n" + "".join(lines))
    index, matrix = word2vec.read_text(tmp_path / "text", limit=wanted)
    assert list(index) == [f"w{i}" for i in range(wanted)]
    np.testing.assert_array_equal(matrix[:, 0], np.arange(wanted) + 0.5)
    if wanted < 1000:
        with pytest.raises(ValueError, match=f"invalid vector on line {wanted + 2} of"):
            word2vec.read_text(tmp_path / "text")


@pytest.mark.parametrize("chunk_size", [1, 7, 64, 1000, 1 << 20])
def test_records_are_read_whatever_is_read_at_a_time(tmp_path, chunk_size):
    rng = np.random.default_rng(2)
    matrix = rng.standard_normal((300, 5)).astype(np.float32)
    words = [f"w{i % 250}\u3000é" for i in range(300)]  # the last fifty come twice
    stream = io.BytesIO()
    stream.write(b"300 5\n")
    for i, (word, row) in enumerate(zip(words, matrix, strict=True)):
        stream.write(b"\n" * (i % 3) + word.encode() + b" " + row.astype("<f4").tobytes())
    (tmp_path / "binary").write_bytes(stream.getvalue())
    for options, dtype in (({}, np.float32), ({"datatype": np.float64}, np.float64)):
        index, back = word2vec.read_binary(tmp_path / "binary", chunk_size=chunk_size, **options)
        assert index == {word: row for row, word in enumerate(words[:250])}
        assert back.dtype == dtype
        np.testing.assert_array_equal(back, matrix[:250])
    index, back = word2vec.read_binary(tmp_path / "binary", chunk_size=chunk_size, only={words[3], words[9]})
    assert index == {words[3]: 0, words[9]: 1}
    np.testing.assert_array_equal(back, matrix[[3, 9]])
    (tmp_path / "binary").write_bytes(stream.getvalue()[:-1])
    with pytest.raises(EOFError, match="promises 300 vectors and holds 299"):
        word2vec.read_binary(tmp_path / "binary", chunk_size=chunk_size)


# --- threads


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_order_and_errors_in_their_turn(workers):
    assert list(parallel.ordered_map(str, range(100), workers)) == list(map(str, range(100)))
    results = parallel.ordered_map(lambda i: 1 // (i - 30), range(100), workers)
    assert [next(results) for _ in range(30)] == [1 // (i - 30) for i in range(30)]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_items_are_taken_only_a_little_ahead():
    taken = []
    results = parallel.ordered_map(str, (taken.append(i) or i for i in range(100)), 2)
    next(results)
    assert len(taken) <= 5
    results.close()


# --- words and records one by one


def spans(words):
    """Some words in one piece, and where each starts and ends."""
    lengths = [len(word) for word in words]
    ends = np.cumsum(lengths, dtype=np.int64)
    return np.frombuffer(b"".join(words), np.uint8), ends - lengths, ends


def test_words_are_numbered_up_to_the_first_known_one():
    text, starts, ends = spans([b"a", "日本".encode(), b"", b"a", b"z"])
    index = {"known": 0}
    assert word2vec_rows.number_words(index, text, starts, ends) == 3
    assert index == {"known": 0, "a": 1, "日本": 2, "": 3}
    assert word2vec_rows.number_words(index, text, starts[4:], ends[4:]) == 1
    assert index["z"] == 4
    with pytest.raises(UnicodeDecodeError):
        word2vec_rows.number_words(index, *spans([b"\xff"]))
    with pytest.raises(IndexError, match="of 6 bytes lies from"):
        word2vec_rows.number_words(index, text[:6], starts[4:], ends[4:])


def test_records_out_of_the_text_are_refused():
    text = np.frombuffer(b"w 12345678", np.uint8)
    rows = np.zeros((1, 8), np.uint8)
    word2vec_rows.copy_records(text, np.array([1]), rows)
    assert rows.tobytes() == b"12345678"
    for end in (-1, 2, 99):
        with pytest.raises(IndexError, match="no vector of 8 bytes"):
            word2vec_rows.copy_records(text, np.array([end]), rows)
    with pytest.raises(ValueError, match="1 records for 0 rows"):
        word2vec_rows.copy_records(text, np.array([1]), rows[:0])


@pytest.mark.slow
def test_a_binary_file_whose_rows_are_touched_by_threads(tmp_path, caplog):
    rows = memory._PREFAULT_MINIMUM // 4000 + 300
    matrix = np.arange(rows * 1000, dtype=np.float32).reshape(rows, 1000)
    words = [f"w{i}" for i in range(rows)]
    words[200] = words[100]
    word2vec.write_binary(tmp_path / "v", words, matrix, np.arange(rows), f"{rows} 1000")
    index, back = word2vec.read_binary(tmp_path / "v")
    assert list(index) == list(dict.fromkeys(words))
    np.testing.assert_array_equal(back, np.delete(matrix, 200, axis=0))
    assert "duplicate word 'w100'" in caplog.text


def test_touching_pages_keeps_what_is_filled(monkeypatch):
    monkeypatch.setattr(memory, "_PREFAULT_MINIMUM", 1)
    array = memory.empty((3000, 500), np.float64)
    with memory.prefault(array):
        for row in range(len(array)):
            array[row] = row
    assert (array == np.arange(3000)[:, None]).all()


def test_touching_pages_ends_when_filling_fails():
    array = memory.empty((memory._PREFAULT_MINIMUM // 4, 1))
    with pytest.raises(KeyError), memory.prefault(array):
        raise KeyError
    assert_threads_ended()
