"""fastw2v.install_as_gensim(): what a program that imports gensim gets, with gensim installed and without."""

from __future__ import annotations

import pickle

import pytest

from helpers.fresh import run_fresh
from helpers.oracle import import_gensim

gensim_models = import_gensim("gensim.models")

pytestmark = pytest.mark.slow  # starts many interpreters

INSTALL = "import fastw2v; fastw2v.install_as_gensim()\n"
EITHER_WAY = pytest.mark.parametrize("without_gensim", [False, True], ids=["with gensim", "without gensim"])
SENTENCES = [["human", "interface", "computer"], ["graph", "trees"], ["graph", "minors", "trees"]] * 5


@EITHER_WAY
def test_every_import_gets_fastw2v(without_gensim):
    run_fresh(
        INSTALL
        + """
import gensim
assert gensim.models.word2vec.FAST_VERSION >= 0
assert gensim.utils.RULE_KEEP == 2
assert gensim.models.Word2Vec is fastw2v.Word2Vec

import gensim.models.word2vec as word2vec, gensim.models.keyedvectors, gensim.models.callbacks
from gensim.models import KeyedVectors, Word2Vec, keyedvectors
from gensim.models.word2vec import *
from gensim.utils import keep_vocab_item, save_as_line_sentence, simple_preprocess
from gensim.matutils import unitvec
assert Word2Vec is word2vec.Word2Vec is fastw2v.Word2Vec is fastw2v.models.Word2Vec
assert LineSentence is fastw2v.LineSentence is word2vec.LineSentence
for name in ("KeyedVectors", "Word2VecKeyedVectors", "EuclideanKeyedVectors"):
    assert getattr(keyedvectors, name) is KeyedVectors is fastw2v.KeyedVectors
assert keyedvectors.Vocab is fastw2v.models.keyedvectors.Vocab is not fastw2v.Vocab
assert gensim.models.callbacks.CallbackAny2Vec is fastw2v.CallbackAny2Vec
assert simple_preprocess("The cat, 3 cats") == ["the", "cat", "cats"]
""",
        without_gensim=without_gensim,
    )


@EITHER_WAY
def test_what_programs_look_at(without_gensim):
    run_fresh(
        INSTALL
        + """
import importlib.metadata, importlib.util
import gensim
for version in (gensim.__version__, importlib.metadata.version("gensim")):
    assert tuple(map(int, version.split(".")[:2])) >= (4, 0), version
assert importlib.util.find_spec("gensim") is not None
model = gensim.models.Word2Vec([["a", "b"]], min_count=1, vector_size=4)
assert "gensim" in str(type(model)) and "gensim" in str(type(model.wv))
assert isinstance(model, gensim.models.Word2Vec) and isinstance(model.wv, gensim.models.KeyedVectors)
for owner, name in [(model.wv, "vocab"), (model.wv, "index2word"), (model.wv, "index2entity"), (model, "vocab")]:
    assert not hasattr(owner, name)  # programs ask for these to find out whether this is gensim 3

class Mine(gensim.models.Word2Vec):
    pass

assert "gensim" not in str(Mine)
assert hasattr(gensim.models, "Word2Vec") and not hasattr(gensim.models, "Word3Vec")
try:
    gensim.models.word2vec.no_such_name
except AttributeError as error:
    assert "no_such_name" in str(error)
""",
        without_gensim=without_gensim,
    )


@EITHER_WAY
def test_the_imports_of_tutorials(without_gensim):
    run_fresh(
        INSTALL
        + """
from gensim.test.utils import common_texts, get_tmpfile, datapath
from gensim.models import Word2Vec
from gensim.models.basemodel import BaseTopicModel
from gensim.scripts.glove2word2vec import glove2word2vec
import gensim.test.utils
assert glove2word2vec.__module__ == "fastw2v.scripts.glove2word2vec"
assert gensim.test.utils.common_texts is common_texts and len(common_texts) == 9
model = Word2Vec(sentences=common_texts, vector_size=4, window=5, min_count=1, workers=4)
assert type(model) is fastw2v.Word2Vec and not isinstance(model, BaseTopicModel)
try:
    assert datapath("euclidean_vectors.bin").endswith("euclidean_vectors.bin")
except FileNotFoundError as error:
    assert "pip install gensim" in str(error)
fastw2v.uninstall_as_gensim()
""",
        without_gensim=without_gensim,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "from gensim.models import LdaModel",
        "from gensim.models.ldamodel import LdaModel",
        "import gensim.corpora",
        "from gensim import similarities",
        "from gensim.utils import effective_n_jobs",
        "import gensim.downloader",
    ],
)
def test_without_gensim_what_is_missing_says_so(statement):
    run_fresh(
        INSTALL
        + f"""
try:
    {statement}
except ImportError as error:
    assert "gensim itself is not installed" in str(error), error
else:
    raise AssertionError("it was imported")
""",
        without_gensim=True,
    )


def test_with_gensim_the_rest_is_gensims():
    run_fresh(
        INSTALL
        + """
import sys
import gensim
from gensim.models import Word2Vec
assert "scipy" not in sys.modules, "gensim itself is not imported before something of it is needed"
import warnings
warnings.simplefilter("default")
import gensim.models.ldamodel, gensim.models.poincare
from gensim import corpora, similarities
from gensim.models import LdaModel, Phrases, phrases
assert LdaModel is gensim.models.ldamodel.LdaModel and LdaModel.__module__ == "gensim.models.ldamodel"
assert corpora is gensim.corpora and gensim.similarities is similarities
texts = [["new", "york", "cat"], ["new", "york", "dog"]] * 20
dictionary = corpora.Dictionary(texts)
LdaModel([dictionary.doc2bow(text) for text in texts], num_topics=2, id2word=dictionary)
bigrams = phrases.Phraser(Phrases(texts, min_count=1, threshold=0.01))
model = Word2Vec(bigrams[texts], min_count=1, vector_size=4, epochs=2)
assert "new_york" in model.wv and type(model) is fastw2v.Word2Vec
terms = similarities.WordEmbeddingSimilarityIndex(model.wv)
similarities.SparseTermSimilarityMatrix(terms, corpora.Dictionary(bigrams[texts]))
for saved in (model, model.wv, dictionary):
    assert isinstance(saved, gensim.utils.SaveLoad)
assert issubclass(Word2Vec, gensim.utils.SaveLoad) and not isinstance(texts, gensim.utils.SaveLoad)
try:
    from gensim.models import NoSuchModel
except ImportError:
    pass
"""
    )


@EITHER_WAY
def test_phrases_and_their_pickles(tmp_path, without_gensim):
    from gensim.models.phrases import Phrases

    phrases = Phrases(SENTENCES, min_count=1, threshold=0.1, connector_words=["graph"])
    joined = [list(phrases.freeze()[SENTENCES]), list(phrases[SENTENCES])]
    (tmp_path / "pickle").write_bytes(pickle.dumps([phrases.freeze(), phrases, joined, SENTENCES]))
    run_fresh(
        INSTALL
        + """
import pickle, sys
from gensim.models import Phrases
from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS, FrozenPhrases, Phraser, original_scorer
assert Phrases is fastw2v.Phrases and Phraser is FrozenPhrases is fastw2v.FrozenPhrases
with open(f"{sys.argv[1]}/pickle", "rb") as file:
    *models, joined, sentences = pickle.load(file)
assert [type(model) for model in models] == [FrozenPhrases, Phrases]
assert [list(model[sentences]) for model in models] == joined
models[1].add_vocab(sentences)
models[1].save(f"{sys.argv[1]}/phrases")
assert list(Phrases.load(f"{sys.argv[1]}/phrases")[sentences]) == list(models[1][sentences])
""",
        tmp_path,
        without_gensim=without_gensim,
    )


@pytest.mark.slow
def test_doc2vec_and_fasttext_keep_gensims_base_and_are_word2vec_all_the_same(tmp_path):
    run_fresh(
        INSTALL
        + """
import copy, pickle, sys
import warnings
warnings.simplefilter("default")
import numpy as np
from gensim.models import Doc2Vec, FastText, KeyedVectors, Word2Vec
from gensim.models.doc2vec import TaggedDocument

texts = [["human", "interface", "computer"], ["graph", "trees"], ["graph", "minors", "trees"]] * 5
documents = [TaggedDocument(text, [i]) for i, text in enumerate(texts)]
doc2vec = Doc2Vec(documents, vector_size=8, min_count=1, epochs=3, workers=1)
fasttext = FastText(texts, vector_size=8, min_count=1, epochs=2, workers=1)
for model in (doc2vec, fasttext):
    assert isinstance(model, Word2Vec) and issubclass(type(model), Word2Vec)
    assert isinstance(model.wv, KeyedVectors)
    assert not isinstance(model, fastw2v.LineSentence)
    copy.deepcopy(model)
    path = f"{sys.argv[1]}/{type(model).__name__}"
    model.save(path)
    for again in (type(model).load(path), pickle.loads(pickle.dumps(model))):
        assert type(again.wv) is type(model.wv)
        np.testing.assert_array_equal(again.wv.vectors, model.wv.vectors)
doc2vec.wv.save(f"{sys.argv[1]}/wv")
assert type(KeyedVectors.load(f"{sys.argv[1]}/wv")) is fastw2v.KeyedVectors
assert not isinstance(Word2Vec(vector_size=3), Doc2Vec)
""",
        tmp_path,
    )
    plain = gensim_models.Doc2Vec.load(
        str(tmp_path / "Doc2Vec")
    )  # gensim without fastw2v reads the saved model
    assert type(plain.dv) is gensim_models.KeyedVectors
    assert type(pickle.loads(pickle.dumps(plain)).wv) is gensim_models.KeyedVectors


def test_files_of_gensims_other_classes(tmp_path):
    model = gensim_models.FastText(SENTENCES, vector_size=4, min_count=1, epochs=1, bucket=20)
    model.save(str(tmp_path / "fasttext"))
    model.wv.save(str(tmp_path / "fasttext.kv"))
    run_fresh(
        INSTALL
        + """
import os, pickle, sys
from gensim.models import FastText, KeyedVectors, Word2Vec
model = Word2Vec.load(f"{sys.argv[1]}/fasttext")
vectors = KeyedVectors.load(f"{sys.argv[1]}/fasttext.kv")
assert type(model) is FastText and type(vectors) is type(model.wv) and isinstance(vectors, KeyedVectors)
assert vectors["no such word"].shape == (4,)

class Command:
    def __reduce__(self):
        return os.mkdir, (f"{sys.argv[1]}/executed",)

with open(f"{sys.argv[1]}/hostile", "wb") as file:
    pickle.dump([FastText.__new__(FastText), Command()], file)
try:
    Word2Vec.load(f"{sys.argv[1]}/hostile")
except pickle.UnpicklingError as error:
    assert "mkdir" in str(error)
assert not os.path.exists(f"{sys.argv[1]}/executed")
""",
        tmp_path,
    )


@pytest.mark.parametrize("options", [{"negative": 5}, {"hs": 1, "negative": 0}])
@EITHER_WAY
def test_pickles_of_gensims_models_and_of_what_holds_them(tmp_path, options, without_gensim):
    model = gensim_models.Word2Vec(SENTENCES, min_count=1, vector_size=6, workers=1, seed=3, **options)
    model.my_note = "kept"
    (tmp_path / "pickle").write_bytes(pickle.dumps({"model": model, "vectors": [model.wv]}))
    model.train(SENTENCES, total_examples=len(SENTENCES), epochs=2)
    (tmp_path / "trained").write_bytes(pickle.dumps(model.wv.vectors))
    run_fresh(
        INSTALL
        + """
import pickle, sys
import numpy as np
with open(f"{sys.argv[1]}/pickle", "rb") as file:
    held = pickle.load(file)
model = held["model"]
assert type(model) is fastw2v.Word2Vec and type(model.wv) is fastw2v.KeyedVectors
assert held["vectors"][0] is model.wv and model.my_note == "kept" and model.seed == 3
sentences = [["human", "interface", "computer"], ["graph", "trees"], ["graph", "minors", "trees"]] * 5
model.train(sentences, total_examples=len(sentences), epochs=2)
with open(f"{sys.argv[1]}/trained", "rb") as file:
    np.testing.assert_allclose(model.wv.vectors, pickle.load(file), atol=1e-5)
""",
        tmp_path,
        without_gensim=without_gensim,
    )


@pytest.mark.parametrize("name", ["w2v_0.12.0.mdl", "w2v_1.0.0.mdl", "w2v_3.2.0.mdl", "w2v_3.4.0.mdl"])
def test_plain_pickles_of_older_versions(name):
    from gensim.test.utils import datapath

    run_fresh(
        INSTALL
        + """
import pickle, sys
import warnings
import numpy as np
warnings.simplefilter("ignore")  # of NumPy, about pickles of its old versions
with open(sys.argv[1], "rb") as file:
    model = pickle.load(file, encoding="latin1")
expected = fastw2v.Word2Vec.load(sys.argv[1])
assert model.wv.index_to_key == expected.wv.index_to_key and str(model) == str(expected)
np.testing.assert_array_equal(model.wv.vectors, expected.wv.vectors)
for name in ("syn1", "syn1neg"):
    np.testing.assert_equal(getattr(model, name), getattr(expected, name))
assert (model.wv.expandos["sample_int"] == expected.wv.expandos["sample_int"]).all()
model.train([model.wv.index_to_key], total_examples=1, epochs=1)
""",
        datapath(f"old_w2v_models/{name}"),
        without_gensim=True,
    )


def test_pickles_made_while_installed_mean_the_same_without(tmp_path):
    run_fresh(
        INSTALL
        + """
import pickle, sys
from gensim.models import Word2Vec
model = Word2Vec([["a", "b", "c"]] * 5, min_count=1, vector_size=4)
with open(f"{sys.argv[1]}/pickle", "wb") as file:
    pickle.dump([model, model.wv, Word2Vec], file)
model.save(f"{sys.argv[1]}/saved")
""",
        tmp_path,
    )
    run_fresh(
        """
import pickle, sys
import fastw2v
with open(f"{sys.argv[1]}/pickle", "rb") as file:
    model, wv, kind = pickle.load(file)
assert kind is type(model) is fastw2v.Word2Vec and wv is model.wv
assert (fastw2v.Word2Vec.load(f"{sys.argv[1]}/saved").wv.vectors == wv.vectors).all()
assert "gensim" not in sys.modules
""",
        tmp_path,
        without_gensim=True,
    )


def test_installing_twice_and_uninstalling():
    run_fresh(
        """
import sys
import fastw2v
with fastw2v.install_as_gensim():
    fastw2v.install_as_gensim()
    from gensim.models import Word2Vec as ours, Doc2Vec
    import gensim.test.utils
assert ours is fastw2v.Word2Vec
assert "gensim" not in str(ours)
assert fastw2v.install_as_gensim is not None
from gensim.models import Word2Vec as theirs, KeyedVectors
import gensim.models.doc2vec
assert theirs is not ours and theirs.__module__ == "gensim.models.word2vec"
assert issubclass(Doc2Vec, theirs) and not issubclass(Doc2Vec, ours)
assert gensim.models.doc2vec.Doc2Vec is Doc2Vec and KeyedVectors.__qualname__ == "KeyedVectors"
import gensim.test.utils
fastw2v.uninstall_as_gensim()
"""
    )


def test_uninstalling_without_gensim_leaves_nothing():
    run_fresh(
        """
import sys, importlib.metadata
import fastw2v
with fastw2v.install_as_gensim():
    import gensim.models.word2vec
    assert importlib.metadata.version("gensim") == gensim.__version__
assert not [name for name in sys.modules if name.startswith("gensim")]
for get in (lambda: __import__("gensim"), lambda: importlib.metadata.version("gensim")):
    try:
        get()
    except ImportError:
        pass
    else:
        raise AssertionError("gensim is still there")
""",
        without_gensim=True,
    )


def test_whoever_imported_gensim_before_keeps_it_and_is_told():
    run_fresh(
        """
import warnings
import gensim
from gensim.models import Word2Vec as theirs
import fastw2v
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    fastw2v.install_as_gensim()
assert [w.category for w in caught] == [RuntimeWarning] and "first" in str(caught[0].message)
assert caught[0].filename == "<string>"
assert gensim.models.Word2Vec is theirs is not fastw2v.Word2Vec
from gensim.models import Word2Vec
assert Word2Vec is fastw2v.Word2Vec and issubclass(theirs, Word2Vec)
from gensim.models.doc2vec import Doc2Vec
assert Doc2Vec is gensim.models.Doc2Vec
import pickle
model = theirs(vector_size=3)
assert type(pickle.loads(pickle.dumps(model))) is theirs
"""
    )


def test_a_gensim_that_cannot_be_imported_is_told_from_one_that_is_not_there(tmp_path):
    package = tmp_path / "gensim"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('numpy.core is gone')\n")
    run_fresh(
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        + INSTALL
        + """
from gensim.models import Word2Vec
assert Word2Vec is fastw2v.Word2Vec
try:
    from gensim.models import LdaModel
except ImportError as error:
    assert "numpy.core is gone" in str(error)
else:
    raise AssertionError("it was imported")
""",
        tmp_path,
    )


def test_old_pickles_in_gensims_own_formats_load_through_gensims_loader(tmp_path):
    """gensim's other models, saved by gensim alone, load while fastw2v is installed."""
    from gensim.models.doc2vec import TaggedDocument

    documents = [TaggedDocument(text, [i]) for i, text in enumerate(SENTENCES)]
    saved = gensim_models.Doc2Vec(documents, vector_size=8, min_count=1, epochs=3, workers=1)
    saved.save(str(tmp_path / "d2v"), sep_limit=0)
    run_fresh(
        INSTALL
        + """
import sys
import warnings
warnings.simplefilter("default")
from gensim.models import Doc2Vec
model = Doc2Vec.load(f"{sys.argv[1]}/d2v", mmap="r")
assert model.dv.most_similar(0, topn=1) and type(model.dv) is not fastw2v.KeyedVectors
assert len(model.infer_vector(["graph", "trees"])) == 8
""",
        tmp_path,
    )
