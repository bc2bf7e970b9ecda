"""Packages from PyPI that are written for gensim, unmodified, with fastw2v in place of gensim.

They are optional: the test of a package that is not installed is skipped. Install them with ``--no-deps``, because
karateclub and wefe require an older NumPy than they need::

    pip install --no-deps node2vec karateclub wefe
    pip install joblib networkx decorator python-louvain scikit-learn pygsp pandas python-Levenshtein plotly \
        requests semantic_version six
"""

from __future__ import annotations

import importlib.util

import pytest

from helpers.fresh import run_fresh

INSTALL = """
import warnings
import fastw2v
fastw2v.install_as_gensim()
warnings.simplefilter("ignore")  # warnings of these packages themselves
"""
EITHER_WAY = pytest.mark.parametrize("without_gensim", [False, True], ids=["with gensim", "without gensim"])


def need(*packages: str) -> None:
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed; the head of this file says how to get it")


@EITHER_WAY
def test_node2vec(without_gensim):
    need("node2vec", "networkx")
    run_fresh(
        INSTALL
        + """
import networkx
from node2vec import Node2Vec
from node2vec.edges import HadamardEmbedder
graph = networkx.barbell_graph(8, 1)
walks = Node2Vec(graph, dimensions=16, walk_length=20, num_walks=20, workers=1, quiet=True, seed=1)
model = walks.fit(window=5, min_count=1, batch_words=4, seed=1, epochs=20)
assert type(model) is fastw2v.Word2Vec and len(model.wv) == 17
assert model.wv.similarity("0", "5") > model.wv.similarity("0", "12")
assert type(HadamardEmbedder(keyed_vectors=model.wv).as_keyed_vectors()) is fastw2v.KeyedVectors
""",
        without_gensim=without_gensim,
    )


def test_karateclub():
    need("karateclub", "networkx")
    run_fresh(
        INSTALL
        + """
import networkx
import numpy as np
from karateclub import DeepWalk, Diff2Vec, Node2Vec, Role2Vec, Walklets
seen = []
train = fastw2v.Word2Vec.train
fastw2v.Word2Vec.train = lambda self, *args, **kwargs: seen.append(type(self)) or train(self, *args, **kwargs)
graph = networkx.barbell_graph(8, 1)
for model in (
    DeepWalk(dimensions=8, epochs=10),
    Node2Vec(dimensions=8, epochs=10),
    Walklets(dimensions=8, window_size=2),
    Diff2Vec(dimensions=8, diffusion_number=2, diffusion_cover=8),
):
    seen.clear()
    model.fit(graph)
    embedding = model.get_embedding()
    assert len(embedding) == 17 and np.isfinite(embedding).all(), model
    assert set(seen) == {fastw2v.Word2Vec}, model
role2vec = Role2Vec(dimensions=8)  # gensim's Doc2Vec
role2vec.fit(graph)
assert role2vec.get_embedding().shape == (17, 8)
""",
    )


@EITHER_WAY
def test_wefe(without_gensim):
    need("wefe")
    run_fresh(
        INSTALL
        + """
from gensim.models import Word2Vec
from wefe.debias.hard_debias import HardDebias
from wefe.metrics import WEAT
from wefe.query import Query
from wefe.word_embedding_model import WordEmbeddingModel

sentences = [["he", "doctor", "good"], ["she", "nurse", "bad"], ["man", "engineer"], ["woman", "teacher"]] * 50
vectors = Word2Vec(sentences, min_count=1, vector_size=10, epochs=20, seed=1, workers=1).wv
model = WordEmbeddingModel(vectors, "toy")
query = Query([["he", "man"], ["she", "woman"]], [["doctor", "engineer"], ["nurse", "teacher"]])
result = WEAT().run_query(query, model)
assert result["result"] == result["weat"] != 0.0
method = HardDebias(pca_args={"n_components": 2})
method.fit(model, definitional_pairs=[["he", "she"], ["man", "woman"]])
changed = method.transform(model, copy=True)
assert type(changed.wv) is fastw2v.KeyedVectors and (changed.wv["doctor"] != vectors["doctor"]).any()
""",
        without_gensim=without_gensim,
    )


def test_pandas_series_as_a_corpus():
    pandas = pytest.importorskip("pandas", reason="a Series is a corpus only where there is pandas")
    from fastw2v import Word2Vec

    sentences = [["human", "interface"], ["graph", "trees"], ["graph", "minors", "trees"]] * 5
    series = pandas.Series(sentences, index=range(100, 115))
    options = {"min_count": 1, "vector_size": 4, "workers": 1}
    model, expected = Word2Vec(series, **options), Word2Vec(sentences, **options)
    assert (model.wv.vectors == expected.wv.vectors).all()
