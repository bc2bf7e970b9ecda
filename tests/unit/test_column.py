"""Columns of tables and data sets as corpora: the same results as the list of their sentences."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v import Word2Vec, corpora
from fastw2v.corpora import Column

TEXTS = [
    "the cat sat on the mat", "", None, " two\nlines\u2003and\tspaces ", "the dog",
    "naïve \U0001f600 a-word-of-more-than-16-bytes", "the  cat \x1c sat", "   ", "x",
] * 40  # fmt: skip
SENTENCES = [text.split() for text in TEXTS if text is not None]
TOKENS = [
    ["the", "cat", "", "sat"], [], None, ["a b", "naïve", "a-word-of-more-than-16-bytes", None], ["the"], ["cat"] * 3,
] * 40  # fmt: skip
TOKEN_SENTENCES = [[token for token in row if token is not None] for row in TOKENS if row is not None]
IDS = [[3, 1, 2], [], None, [1, None, -7, 2**40], [3]] * 40
ID_SENTENCES = [[token for token in row if token is not None] for row in IDS if row is not None]


def same_corpus(column, sentences):
    """Assert that a column gives the sentences, counts and ids of a list."""
    assert list(column) == sentences
    assert [type(token) for row in column for token in row] == [
        type(token) for row in sentences for token in row
    ]
    found, expected = (corpora.scan(corpus, keep_ids=True) for corpus in (column, sentences))
    assert list(found.counts.items()) == list(expected.counts.items())
    assert (found.total_words, found.n_sentences) == (expected.total_words, expected.n_sentences)
    same_ids(found.provisional, expected.provisional)
    index = {word: i for i, word in enumerate(list(expected.counts)[::2])}
    same_ids(corpora.encode(column, index), corpora.encode(sentences, index))


def same_ids(found, expected):
    for name in ("ids", "offsets", "raw_lengths"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_python_rows():
    same_corpus(Column(TEXTS), SENTENCES)
    same_corpus(Column({"text": [*TEXTS, float("nan")]}, "text"), SENTENCES)
    same_corpus(Column(np.array(TEXTS, dtype=object)), SENTENCES)
    same_corpus(Column(TOKENS), TOKEN_SENTENCES)
    same_corpus(Column([np.array([1, 2]), (3,)]), [[1, 2], [3]])


@pytest.mark.parametrize("dtype", ["i1", "u1", "<i2", ">i4", "u4", "i8", "u8"])
def test_arrays_of_walks(dtype):
    walks = np.arange(120).reshape(20, 6).astype(dtype)
    same_corpus(Column(walks), walks.tolist())
    same_corpus(Column(walks[::-2, ::2]), walks[::-2, ::2].tolist())


def test_extreme_integers_are_distinct_words():
    walks = np.array([[2**64 - 1, 1], [2**63, 2**63 - 1]], dtype=np.uint64)
    same_corpus(Column(walks), walks.tolist())
    same_corpus(Column(np.empty((3, 0), dtype=np.int64)), [[], [], []])


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view", "dictionary"])
@pytest.mark.parametrize("rows", ["text", "tokens"])
def test_arrow_types_of_texts(kind, rows):
    pa = pytest.importorskip("pyarrow")
    value = pa.dictionary(pa.int8(), pa.string()) if kind == "dictionary" else getattr(pa, kind)()
    data, sentences = (TEXTS, SENTENCES) if rows == "text" else (TOKENS, TOKEN_SENTENCES)
    types = [value] if rows == "text" else [pa.list_(value), pa.large_list(value)]
    for type_ in types:
        array = pa.array(data, type=type_)
        same_corpus(Column(array), sentences)
        same_corpus(Column(pa.chunked_array([array, array[:0], array])), sentences * 2)
        start = 1 + len(data) // 2
        expected = sentences[len([row for row in data[:start] if row is not None]) :]
        same_corpus(Column(array[start:]), expected)
        table = pa.table({"year": range(len(data)), "text": array})
        same_corpus(Column(table, "text"), sentences)
        same_corpus(Column(table[start:].to_batches()[0], "text"), expected)
        same_corpus(Column(pa.table({"text": array})), sentences)


def test_arrow_types_of_ids():
    pa = pytest.importorskip("pyarrow")
    for item in (pa.int64(), pa.dictionary(pa.int16(), pa.int64())):
        array = pa.array(IDS, type=pa.list_(item))
        same_corpus(Column(array), ID_SENTENCES)
        same_corpus(Column(array[3:]), ID_SENTENCES[2:])
    pairs = pa.array([[1, 2], None, [3, None]], type=pa.list_(pa.uint8(), 2))
    same_corpus(Column(pairs), [[1, 2], [3]])
    same_corpus(Column(pairs[2:]), [[3]])
    views = pa.array([["a", "b"], None, ["a"]], type=pa.list_view(pa.string()))
    same_corpus(Column(views), [["a", "b"], ["a"]])
    same_corpus(Column(pa.array([None, None])), [])
    same_corpus(Column(pa.array([[], None, [None]])), [[], []])
    masked = pa.StructArray.from_arrays(
        [pa.array(["a", "b", "c", "d"])], names=["text"], mask=pa.array([False, True, False, False])
    )
    same_corpus(Column(masked[1:], "text"), [["c"], ["d"]])


def test_tables_of_polars_and_pandas():
    pl = pytest.importorskip("polars")
    for data, sentences in ((TEXTS, SENTENCES), (TOKENS, TOKEN_SENTENCES), (IDS, ID_SENTENCES)):
        frame = pl.DataFrame({"n": range(len(data)), "text": data})
        same_corpus(Column(frame, "text"), sentences)
        same_corpus(Column(frame["text"]), sentences)
        same_corpus(Column(pl.concat([frame[5:50], frame[50:]]), "text"), list(Column(data[5:])))
    same_corpus(Column(pl.Series(TEXTS, dtype=pl.Categorical)), SENTENCES)


def test_tables_of_pandas(monkeypatch):
    pd = pytest.importorskip("pandas")
    for data, sentences in ((TEXTS, SENTENCES), (TOKENS, TOKEN_SENTENCES)):
        frame = pd.DataFrame({"n": range(len(data)), "text": data})
        same_corpus(Column(frame, "text"), sentences)
        same_corpus(Column(frame["text"]), sentences)
        with monkeypatch.context() as patch:
            patch.setattr("importlib.util.find_spec", lambda name: None)
            same_corpus(Column(frame, "text"), sentences)


def test_relations_of_duckdb():
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    relation = duckdb.sql("select 'the cat ' || range as text, range as n from range(3000)")
    same_corpus(Column(relation, "text"), [["the", "cat", str(i)] for i in range(3000)])


def test_data_sets_of_hugging_face(tmp_path):
    datasets = pytest.importorskip("datasets")
    tokens = [["the", str(i)] for i in range(len(TEXTS))]
    data = datasets.Dataset.from_dict({"n": list(range(len(TEXTS))), "text": TEXTS, "tokens": tokens})
    same_corpus(Column(data, "text"), SENTENCES)
    same_corpus(Column(data, "tokens"), tokens)
    shuffled = data.shuffle(seed=1)
    same_corpus(Column(shuffled, "text"), [text.split() for text in shuffled["text"] if text is not None])
    stream = data.to_iterable_dataset().filter(lambda row: row["n"] >= 9)
    same_corpus(Column(stream, "text"), SENTENCES[len(SENTENCES) // 40 :])
    upper = data.with_transform(lambda batch: {"text": [str(text).upper() for text in batch["text"]]})
    assert next(iter(Column(upper, "text"))) == TEXTS[0].upper().split()


class Exported:
    """An object that exports Arrow data, and counts how often it does."""

    def __init__(self, data):
        self.data, self.exports = data, 0

    def __arrow_c_stream__(self, requested_schema=None):
        self.exports += 1
        return self.data.__arrow_c_stream__(requested_schema)


def test_training_gives_the_results_of_a_list():
    pa = pytest.importorskip("pyarrow")
    for array, sentences in ((pa.array(TEXTS), SENTENCES), (pa.array(TOKENS), TOKEN_SENTENCES)):
        table = Exported(pa.table({"text": array}))
        settings = {"vector_size": 8, "min_count": 1, "workers": 1, "epochs": 2, "seed": 3}
        expected = Word2Vec(sentences, **settings)
        model = Word2Vec(Column(table, "text"), **settings)
        assert table.exports == 1
        assert model.wv.index_to_key == expected.wv.index_to_key
        np.testing.assert_array_equal(model.wv.vectors, expected.wv.vectors)
        np.testing.assert_array_equal(model.syn1neg, expected.syn1neg)
        separate = Word2Vec(**settings)
        separate.build_vocab(Column(table, "text"))
        separate.train(Column(table, "text"), total_examples=separate.corpus_count, epochs=2)
        np.testing.assert_array_equal(separate.wv.vectors, expected.wv.vectors)


def test_other_tokenizers_and_limits_of_the_vocabulary():
    pa = pytest.importorskip("pyarrow")

    def letters(text):
        return list(text[:5])

    same_corpus(
        Column(pa.array(TEXTS), tokenizer=letters), [letters(text) for text in TEXTS if text is not None]
    )
    for data, sentences in ((TEXTS, SENTENCES), (TOKENS, TOKEN_SENTENCES), (IDS, ID_SENTENCES)):
        found, expected = (
            corpora.scan(corpus, max_vocab_size=3) for corpus in (Column(pa.array(data)), sentences)
        )
        assert list(found.counts.items()) == list(expected.counts.items())
    settings = {"vector_size": 8, "min_count": 1, "workers": 1, "epochs": 2}
    model = Word2Vec(Column(pa.array(TEXTS), tokenizer=letters), **settings)
    expected = Word2Vec([letters(text) for text in TEXTS if text is not None], **settings)
    np.testing.assert_array_equal(model.wv.vectors, expected.wv.vectors)


def test_long_rows_and_many_blocks():
    pa = pytest.importorskip("pyarrow")
    rows = ["word" + " other" * 300_000, "x " * 100, *(f"{i} y z" for i in range(30_000))]
    same_corpus(Column(pa.array(rows)), [row.split() for row in rows])


def test_a_stream_that_can_be_read_once_is_refused_the_second_time():
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"text": TEXTS})
    reader = Column(table.to_reader(), "text")
    model = Word2Vec(reader, vector_size=4, min_count=1, workers=1)  # reads it once
    assert model.corpus_count == len(SENTENCES)
    with pytest.raises(
        TypeError, match="can be read only once, and were read before; read them into a table"
    ):
        list(reader)
    with pytest.raises(TypeError, match="can be read only once"):
        model.train(reader, total_examples=model.corpus_count, epochs=1)


@pytest.mark.parametrize("data", [[1.5], [1], [[1.5]], [b"a"], [True], [[[1]]], [{"a": 1}]])
def test_columns_of_other_types_are_refused(data):
    pa = pytest.importorskip("pyarrow")
    with pytest.raises(TypeError, match="it must hold strings, lists of strings or lists of integers"):
        list(Column(pa.table({"x": pa.array(data)}), "x"))


def test_errors_name_the_column_and_the_remedy():
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"a": ["x"], "b": ["y"]})
    for name, message in (
        (None, "name the column to read of 'a', 'b'"),
        ("c", "no column 'c'; name one of 'a', 'b'"),
    ):
        with pytest.raises(ValueError, match=message):
            list(Column(table, name))
    with pytest.raises(ValueError, match="leave out the name 'x'"):
        list(Column(pa.array(["x"]), "x"))
    with pytest.raises(ValueError, match="no column 'x'"):
        list(Column({"y": []}, "x"))
    for data in ("text", 3, np.zeros(3), np.zeros((2, 2))):
        with pytest.raises(TypeError, match=r"data must be a table|an array must have two dimensions"):
            Column(data)
    with pytest.raises(TypeError, match="tokenizer must be a function"):
        Column([], tokenizer=3)
    with pytest.raises(TypeError, match="row 0 of the column is 3"):
        list(Column([3]))


def test_text_that_is_not_utf8_is_refused_with_its_row():
    pa = pytest.importorskip("pyarrow")
    texts = pa.array([b"fine", None, b"bad \xff here"]).cast(pa.binary())
    broken = pa.Array.from_buffers(pa.string(), 3, texts.buffers())
    tokens = pa.ListArray.from_arrays([0, 1, 3], broken)
    for column, row in ((Column(broken), 2), (Column(tokens), 1)):
        for read in (list, corpora.scan):
            with pytest.raises(UnicodeDecodeError, match=f"row {row} of the column"):
                read(column)


def damaged(pa):
    """Yield arrays whose buffers were overwritten after pyarrow had checked them."""
    text, words = pa.py_buffer(b"abcdef"), pa.array(["a", "b", "c", "d", "e", "f"])
    for values in ([0, 4, 2, 6], [0, -1, 3, 6], [2, 1, 0, 0], [0, 2**31 - 1, 3, 6]):
        offsets = np.array([0, 1, 2, 6], np.int32)
        buffers = [None, pa.py_buffer(offsets)]
        arrays = [
            pa.Array.from_buffers(pa.string(), 3, [*buffers, text]),
            pa.Array.from_buffers(pa.list_(pa.string()), 3, buffers, children=[words]),
        ]
        offsets[:] = values
        yield from arrays
    for index in (9, -1):
        indices = np.array([0, 0], np.int32)
        indices[1] = index
        yield pa.DictionaryArray.from_arrays(pa.array(indices), pa.array(["a"]), safe=False)
    for values in ([20, 0, 1, 0], [20, 0, 0, 1 << 30], [20, 0, -1, 0], [-5, 0, 0, 0]):
        view = np.zeros(4, np.int32)
        array = pa.Array.from_buffers(
            pa.string_view(), 1, [None, pa.py_buffer(view), pa.py_buffer(b"x" * 10)]
        )
        view[:] = values
        yield array


def test_damaged_arrays_are_refused():
    pa = pytest.importorskip("pyarrow")
    for array in damaged(pa):
        for read in (list, corpora.scan):
            with pytest.raises(ValueError, match=r"row \d of the column is damaged"):
                read(Column(array))


def test_errors_of_the_producer_reach_the_caller():
    pa = pytest.importorskip("pyarrow")

    def batches():
        yield pa.record_batch({"text": ["a b"]})
        raise ValueError("the disk is on fire")

    for read in (list, corpora.scan):
        reader = pa.RecordBatchReader.from_batches(pa.schema([("text", pa.string())]), batches())
        with pytest.raises(OSError, match="the disk is on fire"):
            read(Column(reader, "text"))
