"""The utilities against gensim's own, over random text and counts."""

import logging
import pickle
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fastw2v import utils
from helpers.oracle import gensim

TEXT = st.text(
    alphabet=st.one_of(
        st.characters(exclude_categories=["Cs"]), st.sampled_from("ab_1 éŠß²٣\u0301\u3000\n-'")
    ),
    max_size=60,
)
RULES = [
    None,
    lambda word, count, min_count: utils.RULE_KEEP,
    lambda word, count, min_count: utils.RULE_DISCARD,
    lambda word, count, min_count: utils.RULE_DEFAULT,
    lambda word, count, min_count: [utils.RULE_KEEP, utils.RULE_DISCARD, utils.RULE_DEFAULT, None][word % 4],
]


def test_constants():
    for name in ("RULE_DEFAULT", "RULE_DISCARD", "RULE_KEEP"):
        assert getattr(utils, name) == getattr(gensim.utils, name)


@given(TEXT, st.booleans(), st.integers(0, 4), st.integers(1, 20))
def test_simple_preprocess(text, deacc, min_len, max_len):
    expected = gensim.utils.simple_preprocess(text, deacc, min_len, max_len)
    assert utils.simple_preprocess(text, deacc, min_len, max_len) == expected


@given(st.binary(max_size=40))
def test_simple_preprocess_ignores_bytes_that_are_no_text(data):
    assert utils.simple_preprocess(data) == gensim.utils.simple_preprocess(data)


@given(TEXT, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_tokenize(text, lowercase, deacc, to_lower, lower):
    switches = {"lowercase": lowercase, "deacc": deacc, "to_lower": to_lower, "lower": lower}
    assert list(utils.tokenize(text, **switches)) == list(gensim.utils.tokenize(text, **switches))
    assert list(utils.simple_tokenize(text)) == list(gensim.utils.simple_tokenize(text))


@given(TEXT)
def test_deaccent_and_conversions(text):
    assert utils.deaccent(text) == gensim.utils.deaccent(text)
    assert utils.deaccent(text.encode()) == gensim.utils.deaccent(text.encode())
    for value in (text, text.encode()):
        assert utils.to_unicode(value) == text
        assert utils.to_utf8(value) == text.encode()


def test_conversions_of_other_encodings():
    assert utils.any2unicode(b"\xe9", "latin1") == "é"
    assert utils.any2utf8(b"\xe9", encoding="latin1") == b"\xc3\xa9"
    assert utils.any2unicode(b"a\xff", errors="replace") == gensim.utils.any2unicode(
        b"a\xff", errors="replace"
    )
    for convert in (utils.any2unicode, utils.any2utf8):
        with pytest.raises(UnicodeDecodeError):
            convert(b"\xff")
        with pytest.raises(TypeError):
            convert(5)


@given(st.integers(0, 7), st.integers(0, 5), st.integers(0, 5), st.sampled_from(RULES))
def test_keep_vocab_item(word, count, min_count, rule):
    expected = gensim.utils.keep_vocab_item(word, count, min_count, rule)
    assert utils.keep_vocab_item(word, count, min_count, rule) is expected


@given(st.dictionaries(st.integers(0, 20), st.integers(0, 6)), st.integers(0, 6), st.sampled_from(RULES))
@settings(max_examples=60)
def test_prune_vocab(counts, min_reduce, rule):
    ours, theirs = dict(counts), dict(counts)
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    log = logging.getLogger("gensim.utils")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        assert utils.prune_vocab(ours, min_reduce, rule) == gensim.utils.prune_vocab(theirs, min_reduce, rule)
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    assert list(ours.items()) == list(theirs.items())
    assert lines[0] == lines[1]


def test_save_as_line_sentence_writes_gensims_bytes(tmp_path):
    corpus = [["a", "b"], [], "xy", ("é", "\u3000")]
    utils.save_as_line_sentence(corpus, tmp_path / "ours.txt")
    gensim.utils.save_as_line_sentence(corpus, str(tmp_path / "theirs.txt"))
    assert (tmp_path / "ours.txt").read_bytes() == (tmp_path / "theirs.txt").read_bytes()


def test_save_as_line_sentence_leaves_the_old_file_when_it_fails(tmp_path):
    path = tmp_path / "corpus.txt"
    utils.save_as_line_sentence([["old"]], str(path))
    with pytest.raises(TypeError):
        utils.save_as_line_sentence([["new"], [1]], path)
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_open_reads_compressed_files(tmp_path):
    with utils.open(str(tmp_path / "x.gz"), "wt", encoding="utf8") as file:
        file.write("é\n")
    assert (tmp_path / "x.gz").read_bytes()[:2] == b"\x1f\x8b"
    with utils.open(str(tmp_path / "x.gz"), encoding="utf8") as file:
        assert file.read() == "é\n"


class Streamed:
    """A corpus that can be iterated and nothing else."""

    def __iter__(self):
        return iter("abcdef")


@pytest.mark.parametrize("corpus", [list("abcdef"), [], Streamed()])
def test_repeating_corpora(corpus):
    for ours, theirs in (
        (utils.RepeatCorpus(corpus, 8), gensim.utils.RepeatCorpus(corpus, 8)),
        (utils.RepeatCorpusNTimes(corpus, 3), gensim.utils.RepeatCorpusNTimes(corpus, 3)),
        (utils.ClippedCorpus(corpus, 4), gensim.utils.ClippedCorpus(corpus, 4)),
        (utils.ClippedCorpus(corpus), gensim.utils.ClippedCorpus(corpus)),
    ):
        assert list(ours) == list(ours) == list(theirs)
        assert vars(ours) == vars(theirs)


def test_clipped_length():
    assert len(utils.ClippedCorpus("abc", 2)) == 2
    assert len(utils.ClippedCorpus("abc", 9)) == 3
    assert len(utils.ClippedCorpus("abc")) == 3


@pytest.mark.parametrize(
    "chosen",
    [slice(1, 4), slice(None, None, 2), slice(0), slice(2, 99), slice(-2, None), slice(None, None, -1)],
)
def test_sliced_like_a_list(chosen):
    corpus = list("abcdef")
    sliced = utils.SlicedCorpus(corpus, chosen)
    assert list(sliced) == list(sliced) == corpus[chosen]
    assert len(sliced) == len(corpus[chosen])
    assert list(pickle.loads(pickle.dumps(sliced))) == corpus[chosen]


def test_sliced_stream_and_positions():
    sliced = utils.SlicedCorpus(Streamed(), slice(1, 4))
    assert list(sliced) == ["b", "c", "d"]
    assert len(sliced) == 3
    for positions in ([3, 0, 0], np.array([3, 0, 0])):
        sliced = utils.SlicedCorpus(list("abcdef"), positions)
        assert list(sliced) == ["d", "a", "a"]
        assert len(sliced) == 3


@pytest.mark.parametrize("size", [0, 1, 2, 5, 9])
def test_chunkize_serial(size):
    items = [[1, 2], [3], [], [4], [5]]
    assert list(utils.chunkize_serial(items, size)) == list(gensim.utils.chunkize_serial(items, size))
    ours = list(utils.grouper(iter(items), size, as_numpy=True, dtype=np.int16))
    theirs = list(gensim.utils.grouper(iter(items), size, as_numpy=True, dtype=np.int16))
    assert [len(chunk) for chunk in ours] == [len(chunk) for chunk in theirs]
    for mine, its in zip(chain(*ours), chain(*theirs), strict=True):
        assert mine.dtype == its.dtype
        np.testing.assert_array_equal(mine, its)
