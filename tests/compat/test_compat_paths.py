"""gensim's import paths with fastw2v's name, and the command line of the original word2vec tool."""

from __future__ import annotations

import importlib
import logging
import subprocess
import sys

import numpy as np
import pytest

import fastw2v
from fastw2v import KeyedVectors, Word2Vec
from fastw2v.models import word2vec as models_word2vec
from fastw2v.scripts import word2vec_standalone
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
        "import gensim.models.word2vec, gensim.models.keyedvectors, gensim.utils, gensim.scripts.word2vec_standalone",
    ],
)
def test_replacing_the_name_in_an_import_is_enough(line):
    names = {}
    exec(line.replace("gensim", "fastw2v"), names)


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


def test_loggers_have_gensims_names(caplog, tmp_path):
    with caplog.at_level(logging.INFO):
        model = Word2Vec([["a", "b"]] * 5, min_count=1, vector_size=2)
        model.wv.save_word2vec_format(tmp_path / "vectors")
    assert {"gensim.models.word2vec", "gensim.models.keyedvectors", "gensim.utils"} >= {
        record.name for record in caplog.records
    }
    assert {"gensim.models.word2vec", "gensim.utils"} <= {record.name for record in caplog.records}


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
