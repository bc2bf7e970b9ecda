"""gensim's import paths with fastw2v's name, and the command line of the original word2vec tool."""

from __future__ import annotations

import importlib
import logging
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import fastw2v
from fastw2v import KeyedVectors, Word2Vec
from fastw2v.common.logs import prefer_gensims_names
from fastw2v.models import word2vec as models_word2vec
from fastw2v.scripts import glove2word2vec, word2vec_standalone
from fastw2v.test import utils as test_utils
from helpers.oracle import import_gensim

SENTENCES = "the cat sat on the mat\nthe dog sat on the log\n" * 20


@pytest.mark.parametrize(
    "line",
    [
        "from gensim.models import KeyedVectors, Word2Vec, word2vec, keyedvectors, callbacks, FAST_VERSION",
        "from gensim.models.word2vec import Word2Vec, LineSentence, PathLineSentences, Text8Corpus, BrownCorpus",
        "from gensim.models.word2vec import Vocab, Heapitem, Word2VecVocab, Word2VecTrainables, FAST_VERSION, REAL",
        "from gensim.models.word2vec import MAX_WORDS_IN_BATCH, CORPUSFILE_VERSION, train_batch_sg, train_batch_cbow",
        "from gensim.models.keyedvectors import KeyedVectors, Word2VecKeyedVectors, Vocab, pseudorandom_weak_vector",
        "from gensim.models.callbacks import CallbackAny2Vec",
        "from gensim.models import Phrases, phrases",
        "from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS, FrozenPhrases, Phraser",
        "from gensim.models.phrases import original_scorer, npmi_scorer",
        "from gensim.utils import simple_preprocess, RULE_KEEP, RULE_DISCARD, RULE_DEFAULT, tokenize, deaccent",
        "from gensim import models, utils, matutils",
        "from gensim.matutils import unitvec, argsort, zeros_aligned",
        "from gensim.test.utils import common_texts, datapath, get_tmpfile, temporary_file",
        "from gensim.scripts.glove2word2vec import glove2word2vec",
        "from gensim.models.basemodel import BaseTopicModel",
        "from gensim.models.fasttext import FastTextKeyedVectors, load_facebook_model, load_facebook_vectors",
        "import gensim.models.word2vec, gensim.models.keyedvectors, gensim.utils, gensim.scripts.word2vec_standalone",
    ],
)
def test_replacing_the_name_in_an_import_is_enough(line):
    names = {}
    exec(line.replace("gensim", "fastw2v"), names)


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("import gensim.downloader as api", "KeyedVectors.load_word2vec_format"),
        ("from gensim import downloader", "KeyedVectors.load_word2vec_format"),
        ("from gensim.models import FastText", "use gensim's FastText"),
        ("from gensim.models.fasttext import FastText", "use gensim's FastText"),
        ("from gensim.models.doc2vec import Doc2Vec, TaggedDocument", "use gensim's Doc2Vec"),
        ("from gensim.models import LdaModel", "take other models from gensim"),
        ("from gensim.corpora.dictionary import Dictionary", "gensim.corpora (pip install gensim)"),
        ("from gensim.corpora import Dictionary", "gensim.corpora (pip install gensim)"),
        ("from gensim.similarities.annoy import AnnoyIndexer", "most_similar"),
        ("from gensim.parsing.preprocessing import STOPWORDS", "simple_preprocess"),
        ("from gensim.scripts.word2vec2tensor import word2vec2tensor", "fastw2v convert"),
    ],
)
def test_an_import_of_what_is_missing_says_what_to_use(line, remedy):
    with pytest.raises(ImportError, match=re.escape(remedy)):
        exec(line.replace("gensim", "fastw2v"), {})


def test_names_that_are_nowhere_get_pythons_error():
    for line in ("import fastw2v.no_such_name", "from fastw2v.word2vec import no_such_name"):
        with pytest.raises(ImportError, match="no_such_name") as raised:
            exec(line, {})
        assert "gensim" not in str(raised.value)
    assert not hasattr(fastw2v.models, "LdaModel")
    assert not hasattr(fastw2v.corpora, "Dictionary")


def test_the_texts_and_paths_of_tutorials(tmp_path, monkeypatch):
    texts = test_utils.common_texts
    assert len(texts) == 9
    assert all(isinstance(word, str) for text in texts for word in text)
    path = test_utils.get_tmpfile("word2vec.model")
    assert os.path.isabs(path)
    assert os.path.basename(path) == "word2vec.model"
    with test_utils.temporary_file("word2vec.model") as path:
        Word2Vec(texts, vector_size=4, min_count=1, workers=1).save(path)
        assert len(Word2Vec.load(path).wv) == len({word for text in texts for word in text})
    assert not os.path.exists(os.path.dirname(path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match=r"'lee.txt' .* pip install gensim"):
        test_utils.datapath("lee.txt")


def test_glove2word2vec(tmp_path, caplog):
    (tmp_path / "glove.txt").write_text("the 0.25 -1.5 2\n. . 1 2 3\nnaïve 4 5 6\n", encoding="utf-8")
    output = tmp_path / "vectors.txt"
    assert glove2word2vec.glove2word2vec(tmp_path / "glove.txt", output) == (3, 3)
    vectors = KeyedVectors.load_word2vec_format(output)
    assert vectors.index_to_key == ["the", ". .", "naïve"]
    np.testing.assert_array_equal(vectors["the"], [0.25, -1.5, 2])
    caplog.set_level(logging.INFO)
    glove2word2vec.main(["--input", str(tmp_path / "glove.txt"), "--output", str(tmp_path / "again.txt")])
    assert (tmp_path / "again.txt").read_bytes() == output.read_bytes()
    assert "converted 3 vectors of 3 dimensions" in caplog.text


def test_one_class_under_every_path():
    homes = [fastw2v, fastw2v.models, models_word2vec, importlib.import_module("fastw2v.word2vec")]
    assert {home.Word2Vec for home in homes} == {Word2Vec}
    keyedvectors = fastw2v.models.keyedvectors
    aliases = ("KeyedVectors", "Word2VecKeyedVectors", "EuclideanKeyedVectors", "Doc2VecKeyedVectors")
    assert {getattr(keyedvectors, alias) for alias in aliases} == {KeyedVectors}
    assert models_word2vec.Vocab is keyedvectors.Vocab is keyedvectors.CompatVocab
    assert keyedvectors.Vocab is not fastw2v.Vocab


def test_a_bare_import_reaches_everything():
    code = """if True:
        import sys
        import fastw2v
        assert "fastw2v.word2vec" not in sys.modules  # loaded when first used
        assert fastw2v.models.word2vec.FAST_VERSION >= 0
        assert fastw2v.utils.RULE_KEEP == 2
        assert not {"scipy", "smart_open", "gensim"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def logged_names(caplog, tmp_path):
    caplog.clear()
    model = Word2Vec([["a", "b"]] * 5, min_count=1, vector_size=2)
    model.wv.save_word2vec_format(tmp_path / "vectors")
    return {record.name for record in caplog.records}


GENSIMS_LOGGERS = {"gensim.models.word2vec", "gensim.models.keyedvectors", "gensim.utils"}


def test_loggers_have_the_names_of_the_package(caplog, tmp_path):
    caplog.set_level(logging.INFO)
    names = logged_names(caplog, tmp_path)
    assert {"fastw2v.training.progress", "fastw2v.word2vec"} <= names
    assert all(name.startswith("fastw2v.") for name in names)


def test_loggers_have_gensims_names_for_programs_that_configure_them(caplog, tmp_path):
    caplog.set_level(logging.INFO, "gensim")
    assert logged_names(caplog, tmp_path) == GENSIMS_LOGGERS
    caplog.set_level(logging.ERROR, "fastw2v")  # its own name decides, where both are configured
    assert logged_names(caplog, tmp_path) == set()


def test_a_level_of_gensims_logger_silences_its_lines_only(caplog, tmp_path):
    caplog.set_level(logging.INFO)
    logger = models_word2vec.logger  # as programs do: gensim.models.word2vec.logger.setLevel(...)
    assert logger is logging.getLogger("gensim.models.word2vec")
    logger.setLevel(logging.ERROR)
    try:
        names = logged_names(caplog, tmp_path)
    finally:
        logger.setLevel(logging.NOTSET)
    assert "fastw2v.word2vec" in names
    assert "fastw2v.training.progress" not in names
    assert not any(name.startswith("gensim") for name in names)


def test_loggers_have_gensims_names_while_installed_as_gensim(caplog, tmp_path):
    caplog.set_level(logging.INFO)
    prefer_gensims_names(True)
    try:
        assert logged_names(caplog, tmp_path) == GENSIMS_LOGGERS
    finally:
        prefer_gensims_names(False)


def test_heap_items_are_ordered_by_count():
    low, high = models_word2vec.Heapitem(1, 9, None, None), models_word2vec.Heapitem(2, 0, None, None)
    assert low < high
    assert not high < low
    assert (low.count, low.index) == (1, 9)


@pytest.mark.parametrize("module", ["fastw2v.models.word2vec", "fastw2v.scripts.word2vec_standalone"])
def test_the_command_line_of_word2vec(tmp_path, module):
    (tmp_path / "text").write_text(SENTENCES)
    files = ["-train", str(tmp_path / "text"), "-output", str(tmp_path / "vectors")]
    arguments = [*files, "-size", "6", "-iter", "2", "-cbow", "0", "-binary", "1"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore::RuntimeWarning:runpy", "-m", module, *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == ""
    vectors = KeyedVectors.load_word2vec_format(tmp_path / "vectors", binary=True)
    assert vectors.vectors.shape == (7, 6)


def test_the_command_line_without_output_keeps_the_model(tmp_path):
    text, questions = tmp_path / "text.txt", tmp_path / "questions"
    text.write_text(SENTENCES)
    questions.write_text(": pets\ncat mat dog log\n")
    word2vec_standalone.main(
        ["-train", str(text), "-size", "6", "-threads", "1", "-accuracy", str(questions)]
    )
    model = Word2Vec.load(tmp_path / "text.model")
    assert (model.alpha, model.sg, model.vector_size) == (0.05, 0, 6)
    vectors = KeyedVectors.load_word2vec_format(tmp_path / "text.model.txt")
    np.testing.assert_array_equal(vectors["cat"], model.wv["cat"])


# --- matutils


@pytest.mark.parametrize(
    "vector",
    [np.array([3, 4]), np.array([3, 4], dtype=np.float32), np.zeros(3), np.array([1e-3, -2.0])],
    ids=str,
)
@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_unitvec(vector, norm):
    theirs = import_gensim("gensim.matutils")
    ours = fastw2v.matutils.unitvec(vector, norm, return_norm=True)
    expected = theirs.unitvec(vector, norm, return_norm=True)
    np.testing.assert_allclose(ours[0], expected[0], rtol=1e-6)
    assert (ours[0].dtype, ours[1]) == (expected[0].dtype, pytest.approx(expected[1]))


def test_unitvec_of_a_sparse_row_and_unknown_norms():
    sparse = pytest.importorskip("scipy.sparse")
    unit = fastw2v.matutils.unitvec(sparse.csr_matrix([[0, 3, 4]]))
    np.testing.assert_allclose(unit.toarray(), [[0, 0.6, 0.8]])
    with pytest.raises(ValueError, match="l3"):
        fastw2v.matutils.unitvec(np.ones(2), "l3")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("topn", [None, 0, 1, 3, 5, 9])
def test_argsort(reverse, topn):
    theirs = import_gensim("gensim.matutils")
    values = [3.0, 1.0, 2.0, 5.0, 4.0]
    assert list(fastw2v.matutils.argsort(values, topn, reverse)) == list(
        theirs.argsort(values, topn, reverse)
    )


def test_zeros_aligned():
    for shape in ((3, 5), (0, 4), 7):
        zeros = fastw2v.matutils.zeros_aligned(shape, np.float32, align=256)
        assert zeros.ctypes.data % 256 == 0
        assert zeros.shape == np.zeros(shape).shape
        assert not zeros.any()
