"""The native format: files are read back as they were written, by other readers too, and damage is reported."""

import gzip
import io
import itertools
import json
import os
import random
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import zstandard
from hypothesis import given, settings, strategies as st

import fastw2v
from fastw2v.common.files import open_atomic
from fastw2v.formats import native
from fastw2v.formats.xxh64 import XXH64

DTYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]


def sample(dtype, shape, seed=0):
    values = np.random.RandomState(seed).randint(0, 2 if dtype == "?" else 100, shape)
    return values.astype(dtype)


@pytest.fixture
def arrays():
    result = {dtype: sample(dtype, (5, 3)) for dtype in DTYPES}
    result |= {
        "empty": np.zeros((0, 7), np.float32),
        "scalar": np.array(2.5),
        "cube": sample("f4", (3, 4, 16)),
    }
    return result


METADATA = {
    "epochs": 5,
    "words": ["a", "字", "\0", "\ud800"],
    "nested": {"x": None, "y": [1.5, True]},
    "": "é",
}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("kind", [str, Path])
def test_round_trip(tmp_path, arrays, suffix, kind):
    path = kind(tmp_path / f"model{suffix}")
    native.write(path, arrays, METADATA)
    found, metadata = native.read(path)
    assert_same(found, arrays)
    assert metadata == METADATA
    assert all(array.flags.writeable and array.flags.c_contiguous for array in found.values())


def test_safetensors_reads_it(tmp_path, arrays):
    native.write(tmp_path / "model", arrays, METADATA)
    found = safetensors.numpy.load_file(tmp_path / "model")
    assert found.pop("__checksums__").shape == (len(arrays) + 1, 8)
    assert_same(found, arrays)
    with safetensors.safe_open(tmp_path / "model", "np") as file:
        texts = file.metadata()
    assert texts["format"] == "fastw2v"
    assert json.loads(texts["nested"]) == METADATA["nested"]


def test_any_layout_in_memory_is_written_in_order(tmp_path):
    base = np.arange(240, dtype=np.float32).reshape(12, 20)
    views = {
        "fortran": np.asfortranarray(base),
        "reversed": base[::-1, ::-2],
        "big_endian": base.astype(">f4"),
        "column": base[:, 3],
        "broadcast": np.broadcast_to(np.float32(3), (4, 5)),
    }
    native.write(tmp_path / "model", views, {})
    found, _ = native.read(tmp_path / "model")
    for name, view in views.items():
        np.testing.assert_array_equal(found[name], view)


def test_writing_copies_no_array(tmp_path):
    array = np.ones((1000, 4000), np.float32)
    for layout in (array, np.asfortranarray(array)[:, 1:]):
        tracemalloc.start()
        native.write(tmp_path / "model", {"a": layout}, {})
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < (1_300_000 if layout is array else 40_000_000)
    tracemalloc.start()
    native.write(tmp_path / "model", {"a": np.broadcast_to(np.float32(1), (8_000, 4000))}, {})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.parametrize("dimension", [1, 3, 100, 300])
def test_arrays_are_aligned_in_the_file(tmp_path, dimension):
    arrays = {
        "count": np.zeros(1001, np.int64),
        "flags": np.zeros(13, bool),
        "half": np.zeros((1001, dimension), np.float16),
        "sample_int": np.zeros(1001, np.uint32),
        "syn1neg": np.zeros((1001, dimension), np.float32),
        "vectors": np.zeros((1001, dimension), np.float32),
    }
    native.write(tmp_path / "model", arrays, {"odd": "x" * dimension})
    mapped, _ = native.read(tmp_path / "model", mmap="r")
    for name, array in mapped.items():
        assert array.ctypes.data % array.itemsize == 0, name
    assert max(mapped.values(), key=lambda array: array.nbytes % 64 == 0).ctypes.data % 64 == 0
    read, _ = native.read(tmp_path / "model")
    assert read["vectors"].ctypes.data % 64 == 0


def test_memory_maps(tmp_path, arrays):
    path = tmp_path / "model"
    native.write(path, arrays, METADATA)
    for mode in ("r", "c", "r+"):
        mapped, metadata = native.read(path, mmap=mode)
        assert_same(mapped, arrays)
        assert metadata == METADATA
        assert all(isinstance(array, np.memmap) for array in mapped.values() if array.size)
    assert not native.read(path, mmap="r")[0]["f4"].flags.writeable
    native.read(path, mmap="c")[0]["f4"][0, 0] = -1
    assert native.read(path)[0]["f4"][0, 0] == arrays["f4"][0, 0]
    mapped = native.read(path, mmap="r+")[0]["f4"]
    mapped[0, 0] = -1
    mapped.flush()
    assert native.read(path)[0]["f4"][0, 0] == -1


def test_a_mapped_file_can_be_replaced_from_its_own_map(tmp_path):
    path = tmp_path / "model"
    native.write(path, {"a": np.arange(10.0)}, {})
    mapped, _ = native.read(path, mmap="r")
    native.write(path, {"b": mapped["a"]}, {})
    np.testing.assert_array_equal(native.read(path)[0]["b"], np.arange(10.0))
    np.testing.assert_array_equal(mapped["a"], np.arange(10.0))


def test_checksums_are_xxh64():
    """A Zstandard frame ends with the lower half of the XXH64 of its contents, which gives the expected result."""
    rng = random.Random(0)
    for size in [*range(100), 1000, 70_001]:
        data = rng.randbytes(size)
        checksum, position = XXH64(), 0
        while position < size:
            step = rng.randint(1, 70)
            checksum.update(data[position : position + step])
            position += step
        frame = zstandard.ZstdCompressor(write_checksum=True).compress(data)
        assert checksum.value & 0xFFFFFFFF == int.from_bytes(frame[-4:], "little")
    assert XXH64().value == 0xEF46DB3751D8E999


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_every_flipped_bit_is_noticed(tmp_path, suffix):
    path = tmp_path / "model"
    native.write(path, {"vectors": sample("f4", (4, 3)), "flags": sample("?", 5)}, {"epochs": 5})
    whole = path.read_bytes()
    for place, bit in itertools.product(range(len(whole)), range(8)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << bit
        (tmp_path / f"damaged{suffix}").write_bytes(gzip.compress(damaged, 1) if suffix else damaged)
        with pytest.raises(ValueError, match=r"damaged|get it again|upgrade|safetensors|truncated"):
            native.read(tmp_path / f"damaged{suffix}")


def test_damage_of_a_large_array_names_it(tmp_path):
    path = tmp_path / "model"
    native.write(path, {"small": np.arange(10), "large": np.zeros((5000, 1000), np.float32)}, {})
    native.read(path)
    with open(path, "r+b") as file:
        file.seek(10_000_000)
        file.write(b"x")
    with pytest.raises(ValueError, match="array 'large' does not match its checksum"):
        native.read(path)
    assert native.read(path, mmap="r")[0]["large"].max() > 0  # mapped arrays are not read, so not verified


def test_an_array_that_changes_while_it_is_written_makes_a_sound_file(tmp_path, monkeypatch):
    array = np.zeros(3_000_000, np.float32)

    class Meddling:
        def __init__(self):
            self._own = XXH64()

        def update(self, data):
            self._own.update(data)
            array[:] += 1

        value = property(lambda self: self._own.value)

    monkeypatch.setattr(native, "XXH64", Meddling)
    native.write(tmp_path / "model", {"a": array}, {})
    assert len(set(native.read(tmp_path / "model")[0]["a"].tolist())) > 5


def test_a_header_must_match_its_checksum_even_where_the_arrays_are_mapped(tmp_path):
    native.write(tmp_path / "model", {"a": np.arange(3)}, {"epochs": 5})
    damaged = (tmp_path / "model").read_bytes().replace(b'"epochs":"5"', b'"epochs":"4"')
    (tmp_path / "model").write_bytes(damaged)
    for mmap in (None, "r", "c", "r+"):
        with pytest.raises(ValueError, match="its header does not match its checksum"):
            native.read(tmp_path / "model", mmap=mmap)


def test_files_of_version_1_have_no_checksums_and_are_read(tmp_path):
    (tmp_path / "model").write_bytes(with_entries(entry(), data=np.array([1.5, 2], "<f4").tobytes()))
    for mmap in (None, "r", "r+"):
        np.testing.assert_array_equal(native.read(tmp_path / "model", mmap=mmap)[0]["a0"], [1.5, 2])


def test_mmap_refusals(tmp_path):
    native.write(tmp_path / "model.gz", {"a": np.zeros(3)}, {})
    with pytest.raises(io.UnsupportedOperation, match=r"load it without mmap"):
        native.read(tmp_path / "model.gz", mmap="r")
    with pytest.raises(io.UnsupportedOperation, match="uncompressed local file"):
        native.read("s3://bucket/model", mmap="r")
    with pytest.raises(ValueError, match=r"mmap must be None, 'r', 'c' or 'r\+', not 'w'"):
        native.read(tmp_path / "model.gz", mmap="w")


def test_numpy_scalars_are_metadata_too(tmp_path):
    native.write(tmp_path / "m", {}, {"a": np.int64(3), "b": np.float32(0.5), "c": np.bool_(True)})
    assert native.read(tmp_path / "m") == ({}, {"a": 3, "b": 0.5, "c": True})


@pytest.mark.parametrize(
    ("arrays", "metadata", "error", "match"),
    [
        ({"a": np.array(["x"])}, {}, TypeError, "array 'a' has dtype <U1"),
        ({"a": np.array([object()])}, {}, TypeError, "array 'a' has dtype object"),
        ({"a": np.zeros(2, complex)}, {}, TypeError, "complex128"),
        ({"__metadata__": np.zeros(2)}, {}, ValueError, "reserves it"),
        ({"__checksums__": np.zeros(2)}, {}, ValueError, "reserves it"),
        ({"\ud800": np.zeros(2)}, {}, ValueError, "UTF-8"),
        ({3: np.zeros(2)}, {}, TypeError, "must be str, not int"),
        ({}, {"f": len}, TypeError, "metadata\\['f'\\]"),
        ({}, {"format": 1}, ValueError, "reserved"),
        ({}, {"x": "y" * 10_001}, ValueError, "store long lists as arrays"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_file_is_touched(
    tmp_path, monkeypatch, arrays, metadata, error, match
):
    monkeypatch.setattr(native, "MAX_HEADER", 10_000)
    path = tmp_path / "model"
    path.write_bytes(b"old")
    with pytest.raises(error, match=match):
        native.write(path, arrays, metadata)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model"]


def test_is_native(tmp_path):
    native.write(tmp_path / "m", {"a": np.zeros(3)}, {})
    assert native.is_native((tmp_path / "m").read_bytes()[:16])
    for other in (b"", b"\x80\x04\x95\x10\0\0\0\0\0\0\0", b"71291 100\nthe 0.1", b"\x1f\x8b\x08" + bytes(9)):
        assert not native.is_native(other)


def file_of(header, data=b""):
    """Return a file with the given header."""
    if not isinstance(header, bytes):
        header = json.dumps(header).encode()
    return len(header).to_bytes(8, "little") + header + data


MARK = {"format": "fastw2v", "format_version": "1"}


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def with_entries(*entries, data=bytes(8)):
    return file_of({"__metadata__": MARK} | {f"a{i}": e for i, e in enumerate(entries)}, data)


DAMAGED = {
    "nothing": (b"", "empty"),
    "a few bytes": (b"\x10\0\0", "truncated"),
    "header length beyond the file": (
        (1 << 40).to_bytes(8, "little") + b"{}",
        "cannot be 1,099,511,627,776 bytes",
    ),
    "header length beyond any file": (b"\xff" * 8 + b"{}", "damaged"),
    "header length zero": (bytes(8), "cannot be 0 bytes"),
    "no JSON": (file_of(b"{nonsense}"), "not valid JSON"),
    "bad UTF-8": (file_of(b'{"\xff": 1}'), "not valid JSON"),
    "nested to exhaustion": (file_of(b"[" * 200_000), "not valid JSON"),
    "a number of many digits": (file_of(b'{"a": ' + b"9" * 10_000 + b"}"), "not valid JSON"),
    "not an object": (file_of([1, 2]), "not a JSON object"),
    "a key twice": (file_of(b'{"a": 1, "a": 2}'), "twice"),
    "foreign safetensors": (
        safetensors.numpy.save({"a": np.zeros(2, np.float32)}),
        "not one that fastw2v wrote",
    ),
    "a later version": (file_of({"__metadata__": MARK | {"format_version": "3"}}), "upgrade fastw2v"),
    "metadata that is no string": (file_of({"__metadata__": MARK | {"x": 1}}), "not a string"),
    "metadata that is no JSON": (
        file_of({"__metadata__": MARK | {"x": "{"}}),
        "metadata value 'x' is not valid",
    ),
    "metadata that is no object": (file_of({"__metadata__": 3}), "not one that fastw2v wrote"),
    "bfloat16": (
        with_entries(entry("BF16", (4,))),
        "dtype 'BF16', which is not supported; convert it to F32",
    ),
    "dtype of another type": (with_entries(entry(["F32"])), "not supported"),
    "entry of another type": (with_entries([1]), "malformed"),
    "entry without offsets": (with_entries({"dtype": "F32", "shape": [2]}), "malformed"),
    "three offsets": (with_entries(entry(offsets=(0, 4, 8))), "malformed"),
    "negative dimension": (with_entries(entry(shape=(-2,))), "impossible"),
    "negative offset": (with_entries(entry(offsets=(-8, 0))), "impossible"),
    "fractional dimension": (with_entries(entry(shape=(2.0,))), "impossible"),
    "boolean dimension": (with_entries(entry(shape=(2, True))), "impossible"),
    "too many dimensions": (with_entries(entry(shape=(1,) * 40 + (2,))), "impossible"),
    "overflowing shape": (with_entries(entry(shape=(1 << 33, 1 << 33))), "larger than any memory"),
    "overflowing empty shape": (
        with_entries(entry(shape=(0, 1 << 62), offsets=(0, 0))),
        "larger than any memory",
    ),
    "shape unlike offsets": (with_entries(entry(shape=(3,))), "disagree"),
    "reversed offsets": (with_entries(entry(offsets=(8, 0))), "disagree"),
    "beyond the file": (with_entries(entry(shape=(1 << 30,), offsets=(0, 1 << 32))), "truncated"),
    "cut data": (with_entries(entry(), data=bytes(7)), "truncated"),
    "more data": (with_entries(entry(), data=bytes(9)), "followed by something else"),
    "a gap": (with_entries(entry(offsets=(4, 12)), data=bytes(12)), "begins at 4, not at 0"),
    "an overlap": (with_entries(entry(), entry(offsets=(4, 12)), data=bytes(12)), "begins at 4, not at 8"),
    "no checksums in version 2": (
        file_of({"__metadata__": MARK | {"format_version": "2"}, "a": entry()}, bytes(8)),
        "holds no checksums",
    ),
    "checksums of another shape": (
        file_of(
            {"__metadata__": MARK | {"format_version": "2"}, "__checksums__": entry("U8", (8,))}, bytes(8)
        ),
        "not one for each array",
    ),
    "false booleans": (with_entries(entry("BOOL", (2,), (0, 2)), data=b"\1\2"), "no booleans"),
}


@pytest.mark.parametrize("mmap", [None, "r"])
@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_named(tmp_path, name, mmap):
    content, match = DAMAGED[name]
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=match) as caught:
        native.read(path, mmap=mmap)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", [name for name in DAMAGED if name != "more data"])
def test_damage_within_a_compressed_file_is_named(tmp_path, name):
    content, _ = DAMAGED[name]
    with open_atomic(tmp_path / "model.gz") as handle:
        handle.write(content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"cannot read .*model\.gz"):
        native.read(tmp_path / "model.gz")
    assert tracemalloc.get_traced_memory()[1] < 150_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_cut_compressed_files(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    native.write(path, {"a": np.random.RandomState(0).rand(1000)}, {})
    whole = path.read_bytes()
    for length in (0, 1, 10, len(whole) // 2, len(whole) - 9):
        path.write_bytes(whole[:length])
        with pytest.raises((ValueError, OSError)) as caught:
            native.read(path)
        assert str(path) in str(caught.value)


def test_what_is_no_file_is_refused_at_once(tmp_path):
    with pytest.raises(IsADirectoryError, match="inside it"):
        native.read(tmp_path)
    with pytest.raises(FileNotFoundError, match="check the name"):
        native.read(tmp_path / "absent")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="pipe or device"):
        native.read(tmp_path / "pipe")


def whole_file():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "model")
        native.write(
            path,
            {"vectors": sample("f4", (4, 3)), "count": sample("i8", 4), "flags": sample("?", 5)},
            {"words": ["a", "b"], "epochs": 5},
        )
        return Path(path).read_bytes()


WHOLE = whole_file()
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "flip", "insert", "delete", "cut", "digit"]),
        st.integers(0, len(WHOLE) - 1),
        st.binary(min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=4,
)


def edited(edits):
    content = bytearray(WHOLE)
    for kind, place, value in edits:
        place %= len(content) or 1
        if kind == "set":
            content[place : place + len(value)] = value
        elif kind == "flip" and content:
            content[place] ^= 1 << value[0] % 8
        elif kind == "insert":
            content[place:place] = value
        elif kind == "delete":
            del content[place : place + len(value)]
        elif kind == "cut":
            del content[place:]
        elif content:
            digits = [i for i, octet in enumerate(content) if 48 <= octet <= 57]
            if digits:
                content[digits[place % len(digits)]] = 48 + value[0] % 10
    return bytes(content)


def read_or_refused(path, mmap):
    """Return the contents of the file, or None if it was refused with a documented error."""
    try:
        return native.read(path, mmap=mmap)
    except (ValueError, OSError) as error:
        return None if path in str(error) else pytest.fail(f"the message lacks the path: {error}")


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(EDITS)
def test_mutated_files_are_refused_or_read_whole(edits):
    content = edited(edits)
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        for mmap in (None, "r"):
            result = read_or_refused(file.name, mmap)
            if result is not None:
                assert sum(array.nbytes for array in result[0].values()) <= len(content)
                assert isinstance(result[1], dict)


@pytest.mark.parametrize(
    ("field", "value"),
    [("position", value) for value in (10**6, 625, -5, 2**63, 1.5, None, "1", float("nan"))]
    + [("has_gauss", 2), ("has_gauss", None), ("cached_gaussian", float("nan")), ("cached_gaussian", "x")],
)
def test_a_forged_random_state_is_refused_by_name(tmp_path, field, value):
    """NumPy reads outside of a state whose position is wrong, which could end the process."""
    path = tmp_path / "model"
    sentences = [["a", "b", "c"]] * 20
    fastw2v.Word2Vec(sentences, min_count=1, vector_size=4, checkpoint=path)
    arrays, metadata = native.read(path)
    metadata["random"][field] = value
    try:
        native.write(path, arrays, metadata)
    except ValueError:  # NaN, which the format does not hold
        return
    for read in (fastw2v.Word2Vec.load, lambda path: fastw2v.Word2Vec.resume(path, sentences)):
        with pytest.raises(ValueError, match=rf"model.*field 'random\.{field}' is"):
            read(path)


def test_a_forged_random_state_of_a_model_is_not_drawn_from():
    model = fastw2v.Word2Vec([["a", "b", "c"]] * 20, min_count=1, vector_size=4)
    state = list(model.random.get_state())
    state[2] = 10**6
    try:
        model.random.set_state(tuple(state))
    except ValueError:  # NumPy checks the position since version 2.5
        pytest.skip("this NumPy takes no such state")
    with pytest.raises(ValueError, match=r"field 'random\.position' is 1000000"):
        model.train([["a", "b"]], total_examples=1, epochs=1)
