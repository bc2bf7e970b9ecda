"""The compiled reader of text against reading the same file line by line in Python."""

import bz2
import gzip
import itertools
import logging
import random
import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fastw2v.common.codecs import check_content
from fastw2v.corpora import LineSentence, PathLineSentences, Text8Corpus, encode, scan
from fastw2v.text import file_reader, tokenizer
from helpers.parameters import one_in
from helpers.threads import assert_threads_ended

SPACES = [chr(c) for c in range(sys.maxunicode + 1) if chr(c).isspace()]
CHARACTERS = st.one_of(st.sampled_from([*"ab\n\n\r\0é漢😀", *SPACES]), st.characters(codec="utf8"))


class Twin:
    """The same sentences as those of a reader, token by token."""

    def __init__(self, reader):
        self.reader = reader

    def __iter__(self):
        return iter(self.reader)


@pytest.fixture(params=[1, 3], ids=["alone", "threads"])
def workers(request, monkeypatch):
    """The number of threads; blocks are tiny, so that even a short text has many."""
    choose = file_reader.tokenizers_for
    monkeypatch.setattr(file_reader, "BLOCK_SIZE", 40)
    monkeypatch.setattr(
        file_reader,
        "tokenizers_for",
        lambda files, words, n=None: choose(files, words, request.param),
    )
    return request.param


def assert_same_arrays(ours, theirs):
    for name in ("ids", "offsets", "raw_lengths"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def assert_reads_as_twin(reader):
    ours, theirs = scan(reader, keep_ids=True), scan(Twin(reader), keep_ids=True)
    assert list(ours.counts.items()) == list(theirs.counts.items())
    assert (ours.total_words, ours.n_sentences) == (theirs.total_words, theirs.n_sentences)
    assert_same_arrays(ours.provisional, theirs.provisional)
    counted = scan(reader)
    assert list(counted.counts.items()) == list(theirs.counts.items())
    assert (counted.total_words, counted.n_sentences) == (theirs.total_words, theirs.n_sentences)
    index = {word: i * 7 for i, word in enumerate(reversed(list(theirs.counts))) if i % 3}
    assert_same_arrays(encode(reader, index), encode(Twin(reader), index))


def random_text(seed, size):
    rng = random.Random(seed)
    letters = "abcé漢😀\0"
    tokens = ["".join(rng.choices(letters, k=int(rng.expovariate(0.3)) + 1)) for _ in range(size // 4)]
    gaps = [rng.choice([" ", " ", " ", " ", "\n", "\r\n", "\n\n", *SPACES]) for _ in tokens]
    return "".join(rng.choice(tokens) + gap for gap in gaps)


@pytest.mark.slow
@given(st.text(CHARACTERS, max_size=300), st.integers(1, 5), st.none() | st.integers(0, 4))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_as_by_the_twin(tmp_path_factory, content, length, limit):
    path = tmp_path_factory.mktemp("text") / "text"
    path.write_bytes(content.encode())
    assert_reads_as_twin(LineSentence(path, length, limit))
    assert_reads_as_twin(Text8Corpus(path, length))


@pytest.mark.parametrize("seed", one_in(6, range(12)))
def test_blocks_join_as_if_there_were_none(tmp_path, workers, seed):
    path = tmp_path / "text"
    path.write_bytes(random_text(seed, 3000).encode())
    for length, limit in itertools.product((1, 4, 10_000), (None, 0, 1, 30, 10**9)):
        assert_reads_as_twin(LineSentence(path, length, limit))
    assert_reads_as_twin(Text8Corpus(path, 7))


@pytest.mark.parametrize("portable", [False, True])
def test_both_ways_to_classify_find_the_same_tokens(portable):
    for seed in range(20):
        content = random_text(seed, 2000)
        block, words = tokenizer.TextBlock(1 << 16), tokenizer.WordTable()
        data = content.encode()
        block.text[: len(data)] = data
        block.length, block.ends_file = len(data), True
        tokenizer.Tokenizer(words, True, portable).tokenize(block, True)
        words.merge(block)
        ids, kept, raw = tokenizer.SentenceSplitter(10**9).split(block)
        found = [line.split() for line in content.split("\n")]
        assert raw.tolist() == kept.tolist() == [len(line) for line in found if line]
        numbers = {word: i for i, word in enumerate(dict.fromkeys(itertools.chain(*found)))}
        assert ids.tolist() == [numbers[word] for word in itertools.chain(*found)]


def test_all_white_space_and_nothing_else_separates(tmp_path, workers, monkeypatch):
    monkeypatch.setattr(file_reader, "BLOCK_SIZE", 50_000)
    characters = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF]
    path = tmp_path / "text"
    path.write_bytes("".join(f"a{c}b" for c in characters).encode())
    found = scan(LineSentence(path)).counts
    expected = {}
    for token in itertools.chain(*LineSentence(path)):
        expected[token] = expected.get(token, 0) + 1
    assert found == expected


@pytest.mark.parametrize("size", [15, 16, 17, 31, 32, 33, 63, 64, 65, 1000, 70_000])
def test_tokens_of_all_lengths_differ_by_any_byte(tmp_path, workers, size):
    base = "x" * size
    tokens = [
        base,
        base + "\0",
        base[:-1],
        *(base[:i] + "y" + base[i + 1 :] for i in {0, 7, 8, size // 2, size - 1}),
    ]
    path = tmp_path / "text"
    path.write_bytes(" ".join(tokens * 2).encode())
    assert scan(LineSentence(path)).counts == dict.fromkeys(tokens, 2)
    assert_reads_as_twin(LineSentence(path))


@pytest.mark.slow
def test_many_words_and_many_blocks(tmp_path):
    rng = np.random.default_rng(1)
    words = [f"wörd{i}" for i in (rng.zipf(1.2, 300_000) % 90_000).tolist()]
    path = tmp_path / "text"
    path.write_text(
        "".join(word + ("\n" if i % 17 == 0 else " ") for i, word in enumerate(words)), encoding="utf8"
    )
    for reader in (LineSentence(path), LineSentence(path, 5), Text8Corpus(path, 1000)):
        assert_reads_as_twin(reader)


@pytest.mark.slow
def test_one_huge_line(tmp_path, workers):
    path = tmp_path / "text"
    path.write_text(" ".join(f"w{i % 999}" for i in range(30_000)))
    assert_reads_as_twin(LineSentence(path))


def test_a_token_longer_than_a_block(tmp_path, workers):
    path = tmp_path / "text"
    path.write_bytes(b"a " + b"b" * 5000 + b"\n" + "\u3000".join("cd" * 300).encode() + b"\nlast")
    assert_reads_as_twin(LineSentence(path))


def test_several_files_with_and_without_a_last_line_feed(tmp_path, workers):
    for name, content in {"a": b"x y", "b": b"", "c": b"\n\n", "d": b"z\n", "e": b"x z"}.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "f.gz").write_bytes(gzip.compress(b"packed x\n"))
    for options in ((), (1,), (10, 1), (10, 0)):
        assert_reads_as_twin(PathLineSentences(tmp_path, *options))
    assert scan(PathLineSentences(tmp_path)).n_sentences == 4


def test_compressed_text(tmp_path, workers):
    content = random_text(3, 20_000).encode()
    for suffix, compress in ((".gz", gzip.compress), (".bz2", bz2.compress)):
        path = tmp_path / f"text{suffix}"
        path.write_bytes(compress(content))
        assert_reads_as_twin(LineSentence(path))
        path.write_bytes(compress(content)[:-50])
        with pytest.raises(OSError, match="damaged or cut short"):
            scan(LineSentence(path))


BAD = {
    "lone continuation": b"\x80",
    "overlong 2": b"\xc0\xaf",
    "overlong 3": b"\xe0\x80\xaf",
    "overlong 4": b"\xf0\x80\x80\xaf",
    "surrogate": b"\xed\xa0\x80",
    "beyond": b"\xf4\x90\x80\x80",
    "far beyond": b"\xf5\x80\x80\x80",
    "cut 2": b"\xc3",
    "cut 3": b"\xe6\xbc",
    "cut 4": b"\xf0\x9f\x98",
    "never": b"\xff",
}


def refusal(action, *args):
    with pytest.raises(UnicodeDecodeError) as caught:
        action(*args)
    error = caught.value
    return error.object, error.start, error.end, error.reason


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_bytes_that_are_no_utf8_are_refused_as_by_the_twin(tmp_path, workers, bad):
    path = tmp_path / "text"
    good = "one twö\nthree 漢字\n\nfour".encode()
    places = [i for i in range(len(good) + 1) if i == len(good) or good[i] & 0xC0 != 0x80]
    for place in places:
        path.write_bytes(good[:place] + bad + good[place:])
        reader = LineSentence(path)
        assert refusal(scan, reader) == refusal(list, reader)
        assert refusal(encode, reader, {"one": 0}) == refusal(list, reader)


@pytest.mark.slow
@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_taken_or_refused_as_by_the_twin(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "text"
    path.write_bytes(content)
    reader = LineSentence(path)
    try:
        check_content(content, path)
        content.decode()
    except UnicodeDecodeError:
        assert refusal(scan, reader) == refusal(list, reader)
    except ValueError as foreign:
        for read in (scan, list):
            with pytest.raises(ValueError, match=re.escape(str(foreign))):
                read(reader)
    else:
        assert_reads_as_twin(reader)


def test_the_first_bad_line_is_named_whatever_thread_meets_another_first(tmp_path, workers):
    path = tmp_path / "text"
    path.write_bytes(b"good line of words\n" * 400 + b"bad \xff\n" + b"worse \xff\n" * 400)
    with pytest.raises(UnicodeDecodeError, match=r"line 401 of .*text\)"):
        scan(LineSentence(path))
    assert_threads_ended()


@pytest.mark.parametrize("every", [1, 3, 10_000])
def test_progress_is_logged_as_by_the_twin(tmp_path, workers, caplog, every):
    path = tmp_path / "text"
    path.write_bytes(random_text(5, 3000).encode())

    def lines(corpus):
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="gensim.models.word2vec"):
            scan(corpus, progress_per=every)
        return [record.getMessage() for record in caplog.records]

    ours = lines(LineSentence(path, 9))
    assert ours == lines(Twin(LineSentence(path, 9)))
    assert "PROGRESS: at sentence #0, processed 0 words, keeping 0 word types" in ours


def test_beyond_the_budget_the_ids_are_the_same(tmp_path, workers):
    path = tmp_path / "text"
    path.write_bytes(random_text(6, 3000).encode())
    reader = LineSentence(path)
    assert_same_arrays(
        scan(reader, keep_ids=True, budget=0).provisional, scan(reader, keep_ids=True).provisional
    )


def test_a_subclass_with_an_iterator_of_its_own_is_iterated(tmp_path):
    class Shouting(LineSentence):
        def __iter__(self):
            return ([token.upper() for token in sentence] for sentence in super().__iter__())

    (tmp_path / "text").write_text("a b\n")
    assert scan(Shouting(tmp_path / "text")).counts == {"A": 1, "B": 1}


def test_keys_that_are_no_text_stand_for_no_token(tmp_path):
    (tmp_path / "text").write_text("1 a\n")
    index = {1: 5, "a": 2**31 - 1, "\ud800": 3, "": 4}
    assert encode(LineSentence(tmp_path / "text"), index).ids.tolist() == [2**31 - 1]
    with pytest.raises(ValueError, match=r"between 0 and 2\*\*31 - 1"):
        encode(LineSentence(tmp_path / "text"), {"a": -1})


def test_a_file_that_shrinks_is_only_shorter(tmp_path, monkeypatch):
    path = tmp_path / "text"
    path.write_bytes(b"some words\n" * 100_000)
    fill = file_reader._BlockReader.fill

    def shrinking(self, block):
        more = fill(self, block)
        with open(path, "r+b") as file:
            file.truncate(0)
        return more

    monkeypatch.setattr(file_reader._BlockReader, "fill", shrinking)
    found = scan(LineSentence(path))
    assert 0 < found.total_words < 200_000


def test_an_error_of_the_reader_reaches_the_caller_and_ends_the_threads(tmp_path, workers, monkeypatch):
    (tmp_path / "text").write_bytes(b"some words\n" * 1000)
    fill = file_reader._BlockReader.fill

    def failing(self, block):
        self.count = getattr(self, "count", 0) + 1
        if self.count > 20:
            raise ZeroDivisionError("mine")
        return fill(self, block)

    monkeypatch.setattr(file_reader._BlockReader, "fill", failing)
    with pytest.raises(ZeroDivisionError, match="mine"):
        scan(LineSentence(tmp_path / "text"))
    assert_threads_ended()


def test_words_of_every_length_are_told_from_one_another(tmp_path):
    """Some thousand words whose hashes share the slots of a small table, long ones among them, again and again."""
    rng = random.Random(3)
    words = [f"{i:x}" * (i % 9 + 1) for i in range(30000)] + [
        "",
        "\0",
        "a\0",
        "a",
        "a" * 16,
        "a" * 17,
        "a\0" * 9,
    ]
    tokens = [word for word in rng.choices(words, k=100_000) if word]
    path = tmp_path / "text"
    path.write_text("\n".join(" ".join(tokens[i : i + 20]) for i in range(0, len(tokens), 20)))
    assert_reads_as_twin(LineSentence(path))
