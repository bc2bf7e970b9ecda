"""The parsers that are fuzzed, each with seed inputs and the exceptions that it documents.

Where possible, a target compares the result with a naive implementation in Python. A difference raises an
`AssertionError`, which no parser documents, and is therefore reported as a failure.
"""

from __future__ import annotations

import gzip
import io
import lzma
import operator
import os
import pickle
import tempfile
from bz2 import compress as bz2_compress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from fastw2v import KeyedVectors, Phrases, Word2Vec, formats
from fastw2v.common.files import open_input
from fastw2v.formats import fasttext, finalfusion, gensim, keys, native, unpickler, word2vec, word2vec_rows
from fastw2v.formats.vector_state import from_arrays
from fastw2v.text import file_reader, token_encoder, tokenizer

from . import fasttext_file, finalfusion_file, samples

DOCUMENTED_ERRORS = (ValueError, OSError, EOFError, pickle.UnpicklingError)


@dataclass(frozen=True)
class Target:
    """A parser: a function of the input, seed inputs, tokens to insert, and documented exceptions."""

    parse: Callable[[bytes], Any]
    seeds: Callable[[], list[bytes]]
    words: Sequence[bytes] = ()
    exceptions: tuple[type[BaseException], ...] = DOCUMENTED_ERRORS
    weight: int = 1  # share of the inputs in a full run


def _file(data: bytes, suffix: str = "") -> str:
    """Write `data` to a file of this process and return the name."""
    directory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
    name = f"{directory}/fastw2v-fault-{os.getpid()}{suffix}"
    Path(name).write_bytes(data)
    return name


def _with_file(read: Callable[[str], Any], suffix: str = "") -> Callable[[bytes], Any]:
    def parse(data: bytes) -> Any:
        name = _file(data, suffix)
        try:
            return read(name)
        finally:
            os.unlink(name)

    return parse


def _shape(matrix: Any) -> str:
    return f"{min(len(matrix), 9)} rows"


# --- text and tokens


def _text_piece(data: bytes) -> str:
    """Compare the tokenizer, with both classifiers, with `str.split`."""
    try:
        lines = [line.split() for line in data.decode("utf-8").split("\n")]
        invalid = -1
    except UnicodeDecodeError as error:
        invalid = error.start
    for portable in (False, True):
        piece, words = tokenizer.TextBlock(max(len(data), 1)), tokenizer.WordTable()
        piece.text[: len(data)] = data
        piece.length, piece.ends_file = len(data), True
        reader = tokenizer.Tokenizer(words, True, portable)
        reader.tokenize(piece, True)
        assert piece.invalid_at == invalid, (piece.invalid_at, invalid)
        if invalid >= 0:
            continue
        words.merge(piece)
        ids, kept, raw = tokenizer.SentenceSplitter(10**9).split(piece)
        assert raw.tolist() == kept.tolist() == [len(line) for line in lines if line]
        numbers: dict[str, int] = {}
        expected = [numbers.setdefault(word, len(numbers)) for line in lines for word in line]
        assert ids.tolist() == expected
        assert words.decode() == list(numbers)
        counts = words.counts([reader])
        assert counts.tolist()[: len(numbers)] == np.bincount(expected, minlength=len(numbers)).tolist()
        wanted = [*numbers, "absent", "", 3]
        assert words.numbers(wanted).tolist() == [numbers.get(word, -1) for word in wanted]
    return f"invalid {invalid >= 0}" if invalid >= 0 else f"{min(len(lines), 5)} lines"


def _text_file(name: str) -> str:
    """Compare reading a file in tiny blocks with reading lines in Python."""
    file_reader.BLOCK_SIZE = 24
    files = file_reader.TextFiles([name], 3)
    words = tokenizer.WordTable()
    sentences = tokenizer.SentenceSplitter(files.max_sentence_length)
    found = []
    for piece in file_reader.blocks(files, words, [tokenizer.Tokenizer(words, True)], ids=True):
        found += sentences.split(piece)[2].tolist()
    expected = []
    for line in Path(name).read_bytes().decode("utf-8").split("\n"):
        tokens = line.split()
        expected += [len(tokens[i : i + 3]) for i in range(0, len(tokens), 3)]
    assert found == expected
    return f"{min(len(found), 5)} sentences"


def _token(data: bytes, depth: int = 0) -> Any:
    """Return an object, chosen by the data, that a user may pass as a token by mistake."""
    kind = data[0] % 12 if data else 0
    rest = data[1:]
    makers: list[Callable[[], Any]] = [
        lambda: rest.decode("utf-8", "replace"),
        lambda: rest.decode("utf-8", "surrogateescape"),
        lambda: rest,
        lambda: int.from_bytes(rest, "little"),
        lambda: None,
        lambda: float(len(rest)),
        lambda: tuple(rest),
        lambda: list(rest),
        lambda: dict.fromkeys(rest),
        lambda: np.frombuffer(rest, np.uint8),
        lambda: float("nan"),
        lambda: frozenset(rest),
    ]
    return makers[kind]()


def _sentence(data: bytes) -> Any:
    if not data:
        return []
    if data[0] % 16 == 0:
        return _token(data[1:])
    tokens = [_token(part) for part in data[1:].split(b"\xff")]
    return [tuple, iter, list, lambda t: np.array([*t, None], dtype=object), list][data[0] % 5](tokens)


def _token_encoder(data: bytes) -> str:
    """Compare the encoder of Python tokens with a dict."""
    chunks = data.split(b"\xfe")
    corpus = [_sentence(chunk) for chunk in chunks]
    naive: dict[Any, int] = {}
    expected, lengths = [], []
    failed = None
    try:
        for sentence in [_sentence(chunk) for chunk in chunks]:
            count = 0
            for token in sentence:
                if token not in naive and not isinstance(token, str):
                    token = operator.index(
                        token
                    )  # an integer of NumPy stands for an int; others raise TypeError
                expected.append(naive.setdefault(token, len(naive)))
                count += 1
            lengths.append(count)
    except TypeError:
        failed = TypeError
    ids: list[int] = []
    raw: list[int] = []

    def sink(*arrays: Any) -> None:
        ids.extend(arrays[0].tolist())
        raw.extend(arrays[2].tolist())

    encoder = token_encoder.TokenEncoder({}, True, sink)
    try:
        encoder.feed(iter(corpus), 1 << 60)
    except TypeError:
        assert failed is TypeError
        return "refused"
    assert failed is None
    assert ids == expected
    assert raw == lengths
    return f"{min(len(raw), 5)} sentences"


# --- vectors


def _read_lines(data: bytes) -> str:
    """Compare the compiled reader of vectors with NumPy's parsing of each number."""
    width = data[0] % 5 + 1 if data else 1
    text = data[1:]
    starts, ends, vectors = word2vec_rows.read_lines(text, width)
    lines = text.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    assert len(lines) == len(starts) == len(ends)
    row = read = 0
    for line, start, end in zip(lines, starts.tolist(), ends.tolist(), strict=True):
        assert text[start : start + len(line)] == line
        if end == -2:
            assert not line.strip()
            continue
        if end == -3:
            assert len(line.rstrip()) < 2 * width
            continue
        if end >= 0:
            fields = line.rstrip().rsplit(b" ", width)
            assert fields[0] == text[start:end]
            assert vectors[row].tobytes() == np.array(fields[1:], dtype=np.float32).tobytes(), fields
            read += 1
        row += 1
    assert row == len(vectors)
    return f"{min(read, 5)} read of {min(len(lines), 5)}"


def _write_lines(data: bytes) -> str:
    """The compiled writer of vectors, against NumPy's writing of each number, and back."""
    matrix = np.frombuffer(data[: len(data) // 12 * 12], "<f4").reshape(-1, 3)
    words = [b"w%d" % row for row in range(len(matrix))]
    lines, written = word2vec_rows.write_lines(matrix, np.arange(len(matrix)), words)
    text = bytes(lines)
    expected = b"".join(
        word + b" " + " ".join(map(str, row)).encode() + b"\n"
        for word, row in zip(words[:written], matrix[:written], strict=True)
    )
    assert text == expected
    _, ends, vectors = word2vec_rows.read_lines(text, 3)
    whole = ends >= 0
    assert vectors[whole].tobytes() == matrix[:written][whole].tobytes()
    return f"{min(written, 3)} of {min(len(words), 3)}"


def _find_records(data: bytes) -> str:
    """The compiled cutter of binary records, against a few lines of Python."""
    size = (data[0] % 4 + 1) * 4 if data else 4
    body = bytearray(data[1:])
    most = min(8, len(body) // (size + 1))
    octets = np.frombuffer(body, np.uint8)
    starts, ends, position = word2vec_rows.find_records(octets, most, size)
    vectors = np.zeros((len(ends), size), np.uint8)
    word2vec_rows.copy_records(octets, ends, vectors)
    at = row = 0
    while row < most and (space := body.find(b" ", at)) >= 0 and space + 1 + size <= len(body):
        word = bytes(body[at:space]).lstrip(b"\n")
        assert bytes(body[starts[row] : ends[row]]) == word
        assert vectors[row].tobytes() == bytes(body[space + 1 : space + 1 + size])
        at, row = space + 1 + size, row + 1
    assert (len(starts), position) == (row, at)
    return f"{row} records"


def _word2vec_text(name: str) -> str:
    index, matrix = word2vec.read_text(name, unicode_errors="replace")
    assert list(index.values()) == list(range(len(matrix)))
    return _shape(matrix)


def _word2vec_binary(name: str) -> str:
    index, matrix = word2vec.read_binary(name, unicode_errors="replace", chunk_size=32)
    assert list(index.values()) == list(range(len(matrix)))
    return _shape(matrix)


def _fasttext(name: str) -> str:
    found = fasttext.read(name)
    assert len(found.words) == len(found.counts) == len(found.vectors)
    found.ngrams.vector("dog")
    return _shape(found.vectors)


def _fasttext_files() -> list[bytes]:
    kinds = ({}, {"quantized": True, "pruned": True, "supervised": True})
    return [fasttext_file.content(fasttext_file.model(**kind)) for kind in kinds]


def _finalfusion(name: str) -> str:
    found = finalfusion.read(name)
    assert len(set(found.words)) == len(found.vectors)
    return f"{_shape(found.vectors)}, metadata {found.metadata is not None}"


def _finalfusion_files() -> list[bytes]:
    kinds = ({}, {"metadata": None, "norms": False}, {"n_chunks": 3, "listed": [5, 1, 2]})
    return [finalfusion_file.content(finalfusion_file.vectors(**kind)) for kind in kinds]


def _counts(name: str) -> str:
    return f"{min(len(word2vec.read_counts(name, unicode_errors='replace')), 5)} words"


# --- models


def _native(name: str) -> str:
    """The native file, read and mapped, and what is made of its content."""
    arrays, metadata = native.read(name)
    mapped, again = native.read(name, mmap="r")
    assert again == metadata
    for key, array in arrays.items():
        assert mapped[key].tobytes() == array.tobytes()
    size = os.path.getsize(name)
    assert sum(array.nbytes for array in arrays.values()) <= size
    if metadata.get("kind") == "Word2Vec":
        return f"model of {_shape(Word2Vec.load(name).wv)}"
    return f"vectors of {_shape(KeyedVectors.load(name))}"


def _changed(array: Any, change: int, value: int) -> Any:
    changes: list[Callable[[], Any]] = [
        lambda: array[: value % (len(array) + 1)],
        lambda: array.astype(["f4", "i8", "u1", "?", "f2"][value % 5]),
        lambda: np.concatenate([array, array]),
        lambda: array.reshape(1, -1),
        lambda: np.where(
            np.arange(array.size).reshape(array.shape) == value, np.array(-value).astype(array.dtype), array
        ),
    ]
    return changes[change - 1]()


def _state(data: bytes) -> str:
    """Vectors made of arrays and metadata that are sound as a file, and may contradict each other."""
    arrays, metadata = pickle.loads(samples.state_of_vectors())
    octets = iter(data)
    names = list(arrays)
    for octet in octets:
        name = names[octet % len(names)]
        change = next(octets, 0)
        if change % 8 == 0:
            arrays.pop(name, None)
        elif name in arrays and change % 8 < 6:
            arrays[name] = _changed(arrays[name], change % 8, next(octets, 0))
        else:
            key = list(metadata)[octet % len(metadata)]
            metadata[key] = [None, -1, 10**30, "x", [], {}, 1.5, [1, "vectors"], {"vectors": 1}][
                change // 8 % 9
            ]
    with formats.describe_damage("the state"):
        store = KeyedVectors._from_state(from_arrays(arrays, metadata))
    return _shape(store)


def _keys(data: bytes) -> str:
    """Keys of arrays of any content."""
    body = data[1:]
    cut = min(data[0] % 8 if data else 0, len(body) // 8) * 8
    offsets, blob = np.frombuffer(body[:cut], np.int64), np.frombuffer(body[cut:], np.uint8)
    arrays = {"keys.blob": blob, "keys.offsets": offsets}
    if data[:1] < b"\x80":
        arrays["keys.kinds"] = blob[-max(len(offsets) - 1, 0) :]
    found = keys.decode_keys(arrays)
    assert len(found) == len(offsets) - 1
    return f"{min(len(found), 5)} keys"


def _unpickler(data: bytes) -> str:
    try:
        return type(unpickler.unpickle(data)).__name__
    except pickle.UnpicklingError as error:
        if "more memory than there is" in str(error):
            raise MemoryError(str(error)) from error
        raise


def _gensim(name: str) -> str:
    state = gensim.read_model(name)
    if state.kind == "word2vec":
        return f"model of {_shape(Word2Vec.load(name).wv)}"
    return f"vectors of {_shape(KeyedVectors.load(name))}"


def _phrase_file(name: str) -> str:
    phrases = Phrases.load(name)
    sentence = ["a", "é", "of", "b", "a", "b"]
    assert len(phrases[sentence]) <= len(sentence)
    if isinstance(phrases, Phrases):
        phrases.add_vocab([sentence])
        phrases.freeze()
    return type(phrases).__name__


def _phrases(data: bytes) -> str:
    """Words of few letters, counted and joined; the counts are compared with those of a dict."""
    text = data.decode("latin1")
    sentences = [line.split(" ") for line in text.split("\n")]
    limit = len(data) % 64 or None
    phrases = Phrases(
        sentences, min_count=1, threshold=0.1, connector_words=["c"], max_vocab_size=limit or 10**9
    )
    expected: dict[str, int] = {}
    for sentence in sentences:
        before: list[str] = []
        for word in sentence:
            if word == "c":
                before += [word] * bool(before)
                continue
            for counted in [word, "_".join([*before, word])] if before else [word]:
                expected[counted] = expected.get(counted, 0) + 1
            before = [word]
    if limit is None:
        assert list(phrases.vocab.items()) == list(expected.items())
    assert all(count <= expected[word] for word, count in phrases.vocab.items())
    for model in (phrases, phrases.freeze()):
        for sentence in sentences:
            assert model[sentence] == [token for token, _ in model.analyze_sentence(sentence)]
    return f"{min(len(phrases.vocab), 5)} texts, {min(len(phrases.export_phrases()), 3)} phrases"


def _companion(suffix: str, main_suffix: str = "") -> Callable[[bytes], Any]:
    def parse(data: bytes) -> str:
        name = _file(data, f"{main_suffix}.vectors{suffix}")
        try:
            return str(
                gensim.read_separate_array(name.removesuffix(f".vectors{suffix}"), "", "vectors", None).ndim
            )
        finally:
            os.unlink(name)

    return parse


def _decompressed(name: str) -> str:
    with open_input(name) as stream:
        return f"{min(len(stream.read(1 << 22)), 100)} bytes"


# --- seeds

TEXT = [
    b"the quick  brown fox\njumps\tover\r\n\n the lazy dog ",
    "naïve 漢字 😀 \u3000 wide\u2028line \x85 next\n".encode(),
    b"a" * 15 + b" " + b"b" * 16 + b" " + b"c" * 17 + b"\n" + b"d" * 64,
    b"\xed\xa0\x80 \xf4\x90\x80\x80 \xc0\x80 \xe2\x80\x8b",
    b"",
]
SPACES = [c.encode() for c in map(chr, range(0x3001)) if c.isspace()]
VECTORS = [
    b"\x02the 0.1 -2 3e-5\nof 1 2 3\n\n  \na b 1.5 inf nan\n",
    b"\x00w 16777217\nx 3.4028236e38\ny 1e-46\nz 0.30000001192092896\n",
    b"\x01w +1 -.5\nw 1. 1_0\nw 00000000000000000000000000000001 9999999999999999999999\n",
]
NUMBERS = [
    b"e-45",
    b"3.4028235e38",
    b"1.17549435e-38",
    b"0.1",
    b" ",
    b"\n",
    b"nan",
    b"-inf",
    b"1_000",
    b"0x1p3",
    b"\x00",
]
TEXT_FILES = [
    b"3 2\nthe 0.1 -2\nof 1 2\na 3e-5 7\n",
    b"the 0.1 -2\nof 1 2\na 3e-5 7\n",
    b"2 3\nNew York 1 2 3\n\n\xc3\xa9 nan inf -inf\n",
]
BINARY_FILES = [
    b"3 2\nthe " + np.array([0.1, -2], "<f4").tobytes() + b"\nof " + bytes(8) + b"a " + b" \n \n \n \n",
    b"1 1\n\xc3\xa9\xff " + b"\x00\x00\xc0\x7f",
]


def _compressed() -> list[bytes]:
    data = TEXT[0] * 20
    return [gzip.compress(data), bz2_compress(data), lzma.compress(data), zstandard.compress(data)]


def _act_compressed(data: bytes) -> str:
    """Decompress data with the codec that its first byte selects."""
    first_bytes = {b"\x1f": ".gz", b"B": ".bz2", b"\xfd": ".xz", b"\x28": ".zst"}
    return _with_file(_decompressed, first_bytes.get(data[:1], ".gz"))(data)  # type: ignore[no-any-return]


def _npy() -> list[bytes]:
    files = []
    for array in (
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.ones((2, 2))),
        np.array(1),
    ):
        stream = io.BytesIO()
        np.save(stream, array)
        files.append(stream.getvalue())
    return files


def _npz() -> list[bytes]:
    files = []
    for save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        save(stream, val=np.arange(6, dtype=np.float32).reshape(2, 3))
        files.append(stream.getvalue())
    return files


def _key_seeds() -> list[bytes]:
    offsets = np.array([0, 3, 5, 5], np.int64).tobytes()
    return [
        bytes([kind | 4]) + offsets + b"abc\xc3\xa9" + tail for kind, tail in ((128, b""), (0, b"\0\0\2"))
    ]


_JSON = [
    b'"dtype"',
    b'"F32"',
    b'"U8"',
    b'"I64"',
    b'"BOOL"',
    b'"shape"',
    b'"data_offsets"',
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b":",
    b'"__metadata__"',
    b'"vectors"',
    b'"keys.blob"',
    b'\\"',
    b'"format_version":"1"',
    b"null",
]
_OPCODES = [
    bytes([octet])
    for octet in b"\x80\x95(012NIJLFGSTUBCVX]})ldtaesugpqrcRb\x81\x82\x85\x86\x87\x88\x89\x8a\x8b"
]
_OPCODES += [bytes([octet]) for octet in b"\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x96.jhoi"]
_OPCODES += [
    b"cnumpy\ndtype\n",
    b"c_codecs\nencode\n",
    b"cbuiltins\nset\n",
    b"cnumpy.core.multiarray\n_reconstruct\n",
]

TARGETS: dict[str, Target] = {
    "text": Target(_text_piece, lambda: TEXT, SPACES, (), weight=6),
    "text file": Target(_with_file(_text_file), lambda: TEXT, SPACES, (UnicodeDecodeError,), weight=3),
    "tokens": Target(
        _token_encoder,
        lambda: [b"\1\0a\xff\0b\xfe\2\3x", b"\1\7ab\xfe\0\4"],
        [b"\xfe", b"\xff"],
        (),
        weight=6,
    ),
    "read lines": Target(_read_lines, lambda: VECTORS, NUMBERS, (), weight=6),
    "write lines": Target(
        _write_lines, lambda: [np.arange(12, dtype="<f4").tobytes()], weight=4, exceptions=()
    ),
    "records": Target(
        _find_records, lambda: [b"\0" + BINARY_FILES[0][4:], b"\1a 12345678"], [b" ", b"\n"], (), weight=5
    ),
    "w2v text": Target(_with_file(_word2vec_text), lambda: TEXT_FILES, NUMBERS, weight=3),
    "w2v text gz": Target(
        lambda data: _with_file(_word2vec_text, ".gz")(gzip.compress(data, 1)), lambda: TEXT_FILES, NUMBERS
    ),
    "w2v binary": Target(_with_file(_word2vec_binary), lambda: BINARY_FILES, NUMBERS, weight=3),
    "w2v binary gz": Target(
        lambda data: _with_file(_word2vec_binary, ".gz")(gzip.compress(data, 1)),
        lambda: BINARY_FILES,
        NUMBERS,
    ),
    "fasttext": Target(_with_file(_fasttext), _fasttext_files, [b"\0\0\0\0", b"\xff\xff\xff\xff"], weight=3),
    "fasttext gz": Target(
        lambda data: _with_file(_fasttext, ".gz")(gzip.compress(data, 1)),
        _fasttext_files,
        [b"\xff\xff\xff\x7f"],
    ),
    "finalfusion": Target(
        _with_file(_finalfusion), _finalfusion_files, [b"\0\0\0\0", b"\xff\xff\xff\xff"], weight=3
    ),
    "finalfusion gz": Target(
        lambda data: _with_file(_finalfusion, ".gz")(gzip.compress(data, 1)),
        _finalfusion_files,
        [b"\xff\xff\xff\x7f"],
    ),
    "counts": Target(_with_file(_counts), lambda: [b"the 5\nof 3\n\na b 7\n"], NUMBERS, weight=2),
    "native": Target(_with_file(_native), samples.native_files, _JSON, weight=4),
    "native gz": Target(
        lambda data: _with_file(lambda name: f"{len(native.read(name)[0])} arrays", ".gz")(
            gzip.compress(data, 1)
        ),
        samples.native_files,
        _JSON,
    ),
    "state": Target(_state, lambda: [b"\0\1\2", b"\1\2\3\2\4\5", b"\3\6\1\4\7"], weight=2),
    "keys": Target(_keys, _key_seeds, weight=5),
    "unpickler": Target(_unpickler, samples.gensim_files, _OPCODES, (pickle.UnpicklingError,), weight=8),
    "gensim": Target(_with_file(_gensim), samples.gensim_files, _OPCODES, weight=3),
    "phrase files": Target(_with_file(_phrase_file), samples.phrase_files, [*_JSON, *_OPCODES], weight=2),
    "phrases": Target(
        _phrases,
        lambda: [b"a b a b c a b\na c b a_b a b\n\xe9 a c c b " * 3],
        [b" ", b"_", b"c", b"\n", b" a b"],
        (),
    ),
    "npy": Target(
        _companion(".npy"), _npy, [b"'descr'", b"'<f4'", b"'|O'", b"(", b")", b"True", b"-"], weight=2
    ),
    "npz": Target(
        _companion(".npz", ".gz"), _npz, [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"val.npy"], weight=2
    ),
    "compressed": Target(_act_compressed, _compressed, weight=2),
}
