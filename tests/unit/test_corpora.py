"""Readers, scanning and encoding against gensim, and what a corpus may do wrong."""

import bz2
import gc
import gzip
import io
import itertools
import logging
import lzma
import os
import pathlib
import pickle
import sys
import tempfile

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings, strategies as st

import fastw2v
from fastw2v import corpora
from fastw2v.corpora import (
    BrownCorpus,
    LineSentence,
    PathLineSentences,
    Text8Corpus,
    encode,
    open_corpus,
    provisional_table,
    renumber,
    scan,
    stream,
)
from fastw2v.text import corpus_builder
from helpers.corpora import Reiterable, ragged_sentences
from helpers.oracle import gensim

ARRAYS = ("ids", "offsets", "raw_lengths")
LOGGER = "gensim.models.word2vec"


def assert_same(ours, theirs):
    for name in ARRAYS:
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def index_of(counts, min_count=2):
    kept = sorted(
        (word for word, count in counts.items() if count >= min_count), key=counts.get, reverse=True
    )
    return {word: i for i, word in enumerate(kept)}


# --- readers


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("a b\u00a0c d\u3000e\n\n \t\nf\x1cg\x85h\r\nlong ".encode() + b"x y " * 30 + b"\nlast")
    return path


@pytest.mark.parametrize("options", [{}, {"max_sentence_length": 2}, {"limit": 4}, {"limit": 0}])
def test_line_sentence_reads_what_gensim_reads(text, options):
    expected = list(gensim.models.word2vec.LineSentence(str(text), **options))
    for source in (str(text), text, f"file://{text}"):
        reader = LineSentence(source, **options)
        assert list(reader) == list(reader) == expected
        assert list(pickle.loads(pickle.dumps(reader))) == expected
    with open(text, "rb") as binary, open(text, encoding="utf8", newline="\n") as decoded:
        for source in (binary, decoded, io.BytesIO(text.read_bytes())):
            reader = LineSentence(source, **options)
            assert list(reader) == list(reader) == expected


@pytest.mark.slow
@given(
    st.text(
        alphabet=st.one_of(
            st.sampled_from("ab \n\r\t\x0b\x0c\x1c\x1f\x85\xa0\u2028\u3000"), st.characters(codec="utf8")
        )
    ),
    st.integers(1, 5),
)
@settings(max_examples=150)
def test_line_sentence_splits_as_gensim_splits(content, length):
    without_mark = content.removeprefix(
        "\ufeff"
    )  # fastw2v skips a byte order mark; for gensim it is part of a word
    expected = list(gensim.models.word2vec.LineSentence(io.BytesIO(without_mark.encode()), length))
    assert list(LineSentence(io.BytesIO(content.encode()), length)) == expected


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress), (".zst", zstandard.compress)],
)
def test_compressed_files(text, suffix, compress):
    packed = text.with_name("text.txt" + suffix)
    packed.write_bytes(compress(text.read_bytes()))
    assert list(LineSentence(packed)) == list(LineSentence(text))
    assert list(Text8Corpus(packed)) == list(Text8Corpus(text))
    assert list(open_corpus(None, str(packed), 6)) == list(LineSentence(text))


def test_no_token_of_a_long_line_is_lost(tmp_path):
    path = tmp_path / "long.txt"
    tokens = [str(i) for i in range(25_003)]
    path.write_text(" ".join(tokens) + "\n")
    sentences = list(LineSentence(path))
    assert [len(sentence) for sentence in sentences] == [10_000, 10_000, 5_003]
    assert list(itertools.chain(*sentences)) == tokens


def test_bad_utf8_names_file_and_line(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"good\n\nalso good\ncaf\xe9 au lait\n")
    for reader in (LineSentence(path), PathLineSentences(tmp_path), Text8Corpus(path), BrownCorpus(tmp_path)):
        with pytest.raises(UnicodeDecodeError, match=r"line 4 of .*latin\.txt") as caught:
            list(reader)
        assert caught.value.object[caught.value.start] == 0xE9


def test_text8_error_late_in_a_file_names_the_line(tmp_path):
    path = tmp_path / "late.txt"
    path.write_bytes(b"word\n" * 100_000 + b"word\xff\n")
    with pytest.raises(UnicodeDecodeError, match="line 100001 of"):
        list(Text8Corpus(path))


def test_text8_cut_inside_a_character_at_the_end(tmp_path):
    path = tmp_path / "cut.txt"
    path.write_bytes("a é".encode()[:-1])
    with pytest.raises(UnicodeDecodeError, match="line 1 of"):
        list(Text8Corpus(path))


@pytest.mark.parametrize("length", [1, 3, 7, 1000, 10**9])
def test_text8_is_the_whole_text_cut(tmp_path, length):
    rng = np.random.default_rng(5)
    spaces = np.array([" ", "  ", "\n", "\t", "\u3000"])
    words = [f"wörd{i}" for i in rng.integers(0, 10**6, 60_000)]
    text = "".join(itertools.chain(*zip(words, spaces[rng.integers(0, 5, len(words))], strict=True)))
    path = tmp_path / "text8"
    path.write_text(text, encoding="utf8", newline="")
    sentences = list(Text8Corpus(str(path), length))
    assert list(itertools.chain(*sentences)) == words
    assert {len(sentence) for sentence in sentences[:-1]} <= {length}
    assert 0 < len(sentences[-1]) <= length


def test_text8_agrees_with_gensim_on_spaces(tmp_path):
    path = tmp_path / "text8"
    path.write_text(" ".join(itertools.chain(*ragged_sentences(2, 3000))))
    assert list(Text8Corpus(path, 700)) == list(gensim.models.word2vec.Text8Corpus(str(path), 700))


def test_text8_of_nothing(tmp_path):
    path = tmp_path / "empty"
    path.write_bytes(b" \n ")
    assert list(Text8Corpus(path)) == []


def test_brown_corpus(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "ca01").write_text(
        "The/AT-TL Fulton/NP 1/2/3 ,/, bare said/VBD\n\n./.\nÉA/n /x y/\n", encoding="utf8"
    )
    (tmp_path / "ca02").write_text("It/PPS is/BEZ ok/JJ ./.\n")
    assert list(BrownCorpus(tmp_path)) == list(gensim.models.word2vec.BrownCorpus(str(tmp_path)))


def test_path_line_sentences(tmp_path):
    (tmp_path / "b.txt").write_text("b b\nb2\n")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"a a a\n"))
    theirs = gensim.models.word2vec.PathLineSentences(str(tmp_path), 2, 1)
    for source in (tmp_path, str(tmp_path), str(tmp_path) + os.sep):
        ours = PathLineSentences(source, 2, 1)
        assert vars(ours) == vars(theirs)
        assert list(ours) == list(ours) == list(theirs)
    one = PathLineSentences(tmp_path / "b.txt")
    assert one.input_files == [str(tmp_path / "b.txt")]
    assert list(one) == [["b", "b"], ["b2"]]


def test_path_line_sentences_leaves_subdirectories_out(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a").write_text("a\n")
    assert list(PathLineSentences(tmp_path)) == [["a"]]


def test_readers_refuse_what_they_cannot_read(tmp_path):
    with pytest.raises(ValueError, match="neither a file nor a directory"):
        PathLineSentences(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError):
        list(LineSentence(tmp_path / "nothing"))
    with pytest.raises(TypeError, match="source must be a path"):
        LineSentence(["a", "b"])
    for reader in (LineSentence, Text8Corpus):
        with pytest.raises(ValueError, match=r"max_sentence_length=\d+ must be at least 1"):
            reader(tmp_path / "x", 0)


# --- which corpus


def gensim_refusal(*args, **kwargs):
    with pytest.raises(TypeError) as caught:
        gensim.models.Word2Vec(*args, **kwargs)
    return str(caught.value)


def test_the_pair_of_arguments_is_refused_in_gensims_words(tmp_path):
    missing = str(tmp_path / "nothing")
    for pair, gensims in (
        (([["a"]], missing), gensim_refusal([["a"]], corpus_file=missing)),
        ((None, missing), gensim_refusal(corpus_file=missing)),
        (((s for s in [["a"]]), None), gensim_refusal(s for s in [["a"]])),
    ):
        with pytest.raises(TypeError) as caught:
            open_corpus(*pair, passes=6)
        assert gensims.rstrip(".") in str(caught.value)
        assert len(str(caught.value)) > len(gensims)
    with pytest.raises(
        TypeError, match="Either one of corpus_file or corpus_iterable value must be provided"
    ):
        open_corpus(None, None, 1)
    with pytest.raises(TypeError, match="must be an iterable of lists of strings, got 5 "):
        open_corpus(5, None, 1)


def test_corpus_file_must_be_a_file(tmp_path):
    for wrong in (tmp_path, 5, ["a"], b"x"):
        with pytest.raises(TypeError, match="Parameter corpus_file must be a valid path to a file"):
            open_corpus(None, wrong, 1)


@pytest.mark.parametrize("wrong", ["corpus.txt", b"bytes", pathlib.Path("corpus.txt")])
def test_text_is_no_corpus(wrong):
    with pytest.raises(TypeError, match=r"corpus_file=path or LineSentence\(path\)"):
        open_corpus(wrong, None, 1)


LISTS = [["a", "b"], ["b", "c"]]


class Frame:
    """A table as pandas, polars, Dask and PySpark have it: its iteration gives the names of columns."""

    columns = dtypes = property(lambda self: ["text", "tokens"])

    def __iter__(self):
        return iter(self.columns)


class ArrowTable:
    """A table as pyarrow has it; it is iterated by `__getitem__`."""

    column_names = schema = property(lambda self: ["tokens"])

    def __getitem__(self, i):
        return [LISTS][i]


def column_of_texts():
    return type("Series", (list,), {"__module__": "pandas.core.series"})(["a b", "b c"])


TABLES = {
    "pandas": (lambda: pytest.importorskip("pandas").DataFrame({"tokens": LISTS}), r"df\['tokens'\]"),
    "polars": (lambda: pytest.importorskip("polars").DataFrame({"tokens": LISTS}), r"df\['tokens'\]"),
    "polars, lazy": (
        lambda: pytest.importorskip("polars").LazyFrame({"tokens": LISTS}),
        r"collect\(\)\['tokens'\]",
    ),
    "pyarrow": (lambda: pytest.importorskip("pyarrow").table({"tokens": LISTS}), r"table\['tokens'\]"),
    "datasets": (
        lambda: pytest.importorskip("datasets").Dataset.from_dict({"tokens": LISTS}),
        r"dataset\['tokens'\]",
    ),
    "DataFrame": (Frame, r"pass one column of token lists, such as df\['tokens'\]"),
    "Table": (ArrowTable, r"pass one column of token lists, such as table\['tokens'\].to_pylist\(\)"),
    "dict of columns": (lambda: {"tokens": LISTS}, r"columns\['tokens'\]"),
    "column of texts": (column_of_texts, r"\[text.split\(\) for text in texts\]"),
    "pandas texts": (lambda: pytest.importorskip("pandas").Series(["a b"]), r"text.split\(\)"),
    "pyarrow texts": (lambda: pytest.importorskip("pyarrow").array(["a b"]), r"text.split\(\)"),
}


@pytest.mark.parametrize(("make", "remedy"), TABLES.values(), ids=TABLES)
def test_a_table_is_no_corpus(make, remedy):
    with pytest.raises(TypeError, match=rf"iterable of lists of strings, got .* instead; .*{remedy}"):
        open_corpus(make(), None, 1)


@pytest.mark.parametrize(
    ("sentence", "remedy"),
    [
        (Frame(), r"Frame, not a list of tokens: pass one column of token lists"),
        ({"id": 1, "tokens": ["a"]}, r"dict, .*names of columns; .*\[row\['tokens'\] for row in rows\]"),
        ({"text": "a b"}, r"\[row\['text'\].split\(\) for row in rows\]"),
    ],
)
def test_a_row_of_a_table_is_no_sentence(sentence, remedy):
    for corpus in ([["a"], sentence], [dict.fromkeys("ab"), sentence]):
        for read in (scan, lambda corpus: encode(corpus, {"a": 0})):
            with pytest.raises(TypeError, match=rf"sentence #1 of the corpus is a .*{remedy}"):
                read(corpus)


@pytest.mark.parametrize(
    "make",
    [
        lambda: pytest.importorskip("pandas").Series(LISTS),
        lambda: pytest.importorskip("polars").Series(LISTS),
        lambda: pytest.importorskip("pyarrow").array(LISTS),
        lambda: pytest.importorskip("datasets").Dataset.from_dict({"tokens": LISTS})["tokens"],
        lambda: {("a", "b"): 1, ("b", "c"): 2},
        lambda: [dict.fromkeys(sentence) for sentence in LISTS],
    ],
    ids=["pandas", "polars", "pyarrow", "datasets", "dict of sentences", "ordered sets"],
)
def test_a_column_of_token_lists_is_a_corpus(make):
    counts = scan(open_corpus(make(), None, 1)).counts
    assert counts == {"a": 1, "b": 2, "c": 1}
    assert set(map(type, counts)) == {str}


def test_one_shot_iterators_serve_one_pass_only(text):
    with open(text) as file:
        for corpus in (
            (s for s in [["a"]]),
            iter([["a"]]),
            map(list, ["ab"]),
            itertools.chain([["a"]]),
            file,
        ):
            assert open_corpus(corpus, None, 1) is corpus
            with pytest.raises(TypeError, match=r"can't support 2 passes\. Try a re-iterable"):
                open_corpus(corpus, None, 2)


def test_a_class_that_rewinds_itself_is_re_iterable():
    class Rewinding:
        def __iter__(self):
            self.left = 2
            return self

        def __next__(self):
            if not self.left:
                raise StopIteration
            self.left -= 1
            return ["a", "b"]

    corpus = open_corpus(Rewinding(), None, 5)
    assert scan(corpus).total_words == scan(corpus).total_words == 4


def test_an_object_with_getitem_alone_is_a_corpus():
    class Indexed:
        def __getitem__(self, i):
            return [["a", "b"], ["a"]][i]

    assert scan(open_corpus(Indexed(), None, 5)).counts == {"a": 2, "b": 1}


def test_only_lists_tuples_and_readers_are_read_once(tmp_path):
    (tmp_path / "x").write_text("a\n")
    path = tmp_path / "x"
    for corpus in (
        [],
        (),
        LineSentence(path),
        PathLineSentences(path),
        Text8Corpus(path),
        BrownCorpus(tmp_path),
    ):
        assert corpora.is_reusable(corpus)
        if type(corpus) is not tuple:
            sub = type("Sub", (type(corpus),), {})
            assert not corpora.is_reusable(sub.__new__(sub))
    for corpus in (Reiterable([]), np.empty((2, 2)), iter([]), {}, (s for s in [])):
        assert not corpora.is_reusable(corpus)


# --- scanning


def log_lines(caplog, action):
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="gensim"):
        result = action()
    return result, [(record.name, record.levelname, record.getMessage()) for record in caplog.records]


RULES = [None, lambda word, count, min_count: 2 if word.endswith("7") else (1 if word.endswith("3") else 0)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("max_vocab_size", [None, 0, 1, 40, 150, 10**6])
@pytest.mark.parametrize("seed", [0, 1])
def test_scan_counts_orders_and_logs_as_gensim(caplog, seed, max_vocab_size, rule):
    corpus = ragged_sentences(seed)

    def theirs():
        model = gensim.models.Word2Vec(max_vocab_size=max_vocab_size)
        caplog.clear()
        return (*model.scan_vocab(corpus, progress_per=97, trim_rule=rule), list(model.raw_vocab.items()))

    def ours():
        found = scan(corpus, max_vocab_size=max_vocab_size, trim_rule=rule, progress_per=97)
        return found.total_words, found.n_sentences, list(found.counts.items())

    expected, lines = log_lines(caplog, theirs)
    assert log_lines(caplog, ours) == (expected, lines)
    assert any("PROGRESS: at sentence #97," in message for _, _, message in lines)


def test_scan_of_nothing():
    found = scan([], keep_ids=True)
    assert (found.counts, found.total_words, found.n_sentences) == ({}, 0, 0)
    assert found.provisional.ids.shape == (0,)
    assert found.provisional.offsets.tolist() == [0]
    assert found.provisional.raw_words == 0


@pytest.mark.parametrize("corpus", [["ab", "ca"], [b"ab", b"c"], [["x"], "ab", "cd"]])
def test_plain_strings_are_warned_of_once_and_counted_as_characters(caplog, corpus):
    found, lines = log_lines(caplog, lambda: scan(corpus))
    warned = [line for line in lines if line[1] == "WARNING"]
    kind = type(corpus[-1])
    phrase = "Each 'sentences' item should be a list of words (usually unicode strings). "
    assert warned == [(LOGGER, "WARNING", f"{phrase}First item here is instead plain {kind}.")]
    assert list(found.counts) == list(dict.fromkeys(itertools.chain(*corpus)))


def test_the_warning_about_strings_is_gensims(caplog):
    corpus = ["human machine"]
    _, lines = log_lines(caplog, lambda: scan(corpus))
    _, expected = log_lines(caplog, lambda: gensim.models.Word2Vec().scan_vocab(corpus))
    assert [line for line in lines if line[1] == "WARNING"] == [
        line for line in expected if line[1] == "WARNING"
    ]


def test_scan_logs_where_it_is_told(caplog):
    with caplog.at_level(logging.INFO):
        scan([["a"]], log=logging.getLogger("mine"))
    assert {record.name for record in caplog.records} == {"mine"}


def test_scan_refuses_contradictions():
    with pytest.raises(ValueError, match="progress_per=0 must be at least 1"):
        scan([], progress_per=0)
    with pytest.raises(ValueError, match="keep_ids needs the whole vocabulary"):
        scan([], keep_ids=True, max_vocab_size=5)


def test_an_error_of_the_trim_rule_passes_unchanged():
    def rule(word, count, min_count):
        raise LookupError(word)

    with pytest.raises(LookupError):
        scan([["a", "b"]], max_vocab_size=1, trim_rule=rule)


# --- encoding


@pytest.mark.parametrize("seed", range(3))
def test_one_corpus_in_every_form_encodes_alike(tmp_path, seed):
    corpus = [sentence for sentence in ragged_sentences(seed) if sentence]
    index = index_of(scan(corpus).counts)
    path = tmp_path / "corpus.txt"
    path.write_text("".join(" ".join(sentence) + "\n\n" for sentence in corpus))
    expected = encode(corpus, index)
    assert expected.raw_lengths.tolist() == list(map(len, corpus))
    for s, sentence in enumerate(corpus):
        ids = expected.ids[expected.offsets[s] : expected.offsets[s + 1]]
        assert ids.tolist() == [index[word] for word in sentence if word in index]
    for form in (
        tuple(map(tuple, corpus)),
        Reiterable(corpus),
        (np.array(sentence) for sentence in corpus),
        LineSentence(path),
        open_corpus(None, path, 3),
    ):
        assert_same(encode(form, index), expected)
    assert (expected.n_sentences, expected.n_tokens) == (len(corpus), len(expected.ids))
    assert expected.raw_words == sum(map(len, corpus))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("budget", [None, 0, 500, 10**9])
def test_scan_and_renumber_is_encode(seed, budget):
    corpus = ragged_sentences(seed)
    found = scan(corpus, keep_ids=True, budget=budget)
    index = index_of(found.counts, 1 + seed)
    assert list(found.counts.items()) == list(scan(corpus).counts.items())
    words = list(found.counts)
    assert [words[i] for i in found.provisional.ids] == list(itertools.chain(*corpus))
    assert_same(renumber(found.provisional, provisional_table(found.counts, index)), encode(corpus, index))


def test_renumber_needs_a_table_of_all_words():
    found = scan([["a", "b"]], keep_ids=True)
    with pytest.raises(IndexError, match="outside the table of 1 words"):
        renumber(found.provisional, np.zeros(1, dtype=np.int32))


def test_any_mapping_is_a_vocabulary():
    from types import MappingProxyType

    corpus = ragged_sentences(3)
    index = index_of(scan(corpus).counts)
    assert_same(encode(corpus, MappingProxyType(index)), encode(corpus, index))


@pytest.mark.parametrize("chunk_words", [1, 50, 1000, 10**9])
@pytest.mark.parametrize("first_words", [None, 1])
def test_stream_is_encode_in_chunks_of_whole_sentences(chunk_words, first_words):
    corpus = ragged_sentences(4)
    index = index_of(scan(corpus).counts)
    whole = encode(corpus, index)
    chunks = list(stream(Reiterable(corpus), index, chunk_words=chunk_words, first_words=first_words))
    assert chunks[0].raw_words >= (first_words or min(chunk_words, whole.raw_words))
    for chunk in chunks[1:-1]:
        assert chunk.raw_words >= chunk_words
        assert chunk.raw_words - chunk.raw_lengths[-1] < chunk_words
    assert all(chunk.offsets[0] == 0 and chunk.offsets[-1] == len(chunk.ids) for chunk in chunks)
    np.testing.assert_array_equal(np.concatenate([chunk.ids for chunk in chunks]), whole.ids)
    np.testing.assert_array_equal(np.concatenate([chunk.raw_lengths for chunk in chunks]), whole.raw_lengths)
    kept = np.concatenate([np.diff(chunk.offsets) for chunk in chunks])
    np.testing.assert_array_equal(kept, np.diff(whole.offsets))


def test_stream_reads_no_further_than_it_yields():
    read = 0

    def corpus():
        nonlocal read
        while True:
            read += 1
            yield ["a"] * 10

    chunks = stream(corpus(), {"a": 0}, chunk_words=1000, first_words=20)
    assert next(chunks).raw_words == 20
    assert read == 2
    assert next(chunks).raw_words == 1000
    assert read == 102


def test_stream_of_nothing():
    assert list(stream([], {"a": 0}, chunk_words=10)) == []


PASSES = [
    lambda corpus: scan(corpus),
    lambda corpus: scan(corpus, keep_ids=True, budget=0),
    lambda corpus: encode(corpus, {"a": 0}),
    lambda corpus: list(stream(corpus, {"a": 0}, chunk_words=1)),
]


@pytest.mark.parametrize("run", PASSES)
def test_bad_sentences_are_named_in_every_pass(run):
    with pytest.raises(TypeError, match="sentence #1 of the corpus is None"):
        run([["a"], None])
    with pytest.raises(TypeError, match="token #0 of sentence #0 is a list, which cannot be hashed"):
        run(((sentence for sentence in [["a"], ["b"]]),))


@pytest.mark.parametrize("run", PASSES)
def test_errors_of_the_iterator_pass_unchanged(run):
    error = ZeroDivisionError("mine")

    def corpus():
        yield ["a"] * 100_000
        raise error

    with pytest.raises(ZeroDivisionError) as caught:
        run(corpus())
    assert caught.value is error


# --- the temporary file


@pytest.fixture
def spill_dir(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def open_files():
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def test_beyond_the_budget_ids_live_in_a_file_that_vanishes(spill_dir):
    corpus = ragged_sentences(6, sentences=9000)
    index = index_of(scan(corpus).counts)
    expected = encode(corpus, index, budget=1 << 40)
    spilt = encode(corpus, index, budget=100_000)
    assert not spilt.ids.flags.owndata
    assert spilt.ids.flags.writeable
    assert_same(spilt, expected)
    del spilt
    gc.collect()
    assert list(spill_dir.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files through /proc")
def test_no_file_stays_open(spill_dir):
    def broken():
        yield from ragged_sentences(6, sentences=9000)
        raise KeyboardInterrupt

    before = open_files()
    spilt = encode(ragged_sentences(6), {"w1": 0}, budget=0)
    assert open_files() > before
    del spilt
    with pytest.raises(KeyboardInterrupt):
        encode(broken(), {"w1": 0}, budget=0)
    assert open_files() == before
    assert list(spill_dir.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_full_disk_is_explained(spill_dir):
    import resource
    import signal

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        with pytest.raises(OSError, match=r"temporary file in .*allow it more memory, or point TMPDIR"):
            encode([["a"] * 100_000] * 5, {"a": 0}, budget=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert list(spill_dir.iterdir()) == []


def test_the_budget_defaults_to_a_quarter_of_the_free_memory(monkeypatch, spill_dir):
    corpus = ragged_sentences(7)
    monkeypatch.setattr(corpus_builder, "free_memory", lambda: 4000)
    assert not encode(corpus, {"w1": 0}).ids.flags.owndata
    monkeypatch.undo()
    assert encode(corpus, {"w1": 0}).ids.flags.owndata
    assert (1 << 20) < corpus_builder.free_memory() < (1 << 50)


def test_nobody_asks_for_the_repr_of_a_corpus():
    class Shy(list):
        def __repr__(self):
            raise AssertionError("a corpus may be huge")

    model = fastw2v.Word2Vec(min_count=1)
    model.build_vocab(Shy([Shy(["a", "b"]), Shy(["a"])]))
    assert model.wv.index_to_key == ["a", "b"]
