"""Pictures, tables for notebooks, and the page to explore a vocabulary."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from fastw2v import KeyedVectors, Word2Vec, plotting
from fastw2v.cli import entry_point
from fastw2v.display import explorer, html, projection

figure_module = pytest.importorskip("matplotlib.figure")


def vectors(n_words: int = 60, size: int = 12) -> KeyedVectors:
    random = np.random.RandomState(1)
    wv = KeyedVectors(size)
    groups = random.standard_normal((4, size)) * 2
    rows = groups[np.arange(n_words) % 4] + random.standard_normal((n_words, size))
    wv.add_vectors([f"word{i}" for i in range(n_words)], rows.astype(np.float32))
    wv.allocate_vecattrs(["count"], [int])
    wv.expandos["count"][:] = np.arange(n_words, 0, -1)
    return wv


@pytest.fixture(scope="module")
def wv() -> KeyedVectors:
    return vectors()


@pytest.fixture(scope="module")
def model() -> Word2Vec:
    sentences = [["cat", "dog", "hen"], ["red", "blue", "green"]] * 50
    return Word2Vec(sentences, vector_size=8, min_count=1, epochs=4, compute_loss=True, workers=1, seed=3)


def texts_of(figure):
    return {text.get_text() for axes in figure.axes for text in axes.texts}


# --- projection


def test_principal_components_are_those_of_the_singular_value_decomposition():
    rows = np.random.RandomState(2).standard_normal((50, 6)).astype(np.float32)
    rows[:, 0] *= 3
    centred = rows - rows.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    found = projection.principal_components(rows, 2)
    np.testing.assert_allclose(np.abs(found), np.abs(u[:, :2] * s[:2]), atol=1e-4)
    assert projection.principal_components(rows[:, :1], 2)[:, 1].tolist() == [0.0] * 50


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (2, 1), (4, 2)])
def test_few_words_are_placed(shape):
    points = projection.project(np.ones(shape))
    assert points.shape == (shape[0], 2)
    assert np.isfinite(points).all()


def test_a_zero_vector_and_one_with_nan_do_not_spoil_the_map():
    rows = np.random.RandomState(2).standard_normal((20, 4))
    rows[3], rows[7, 1] = 0, np.nan
    assert np.isfinite(projection.project(rows)).all()


@pytest.mark.parametrize(
    ("method", "module", "extra"), [("umap", "umap", "umap"), ("tsne", "sklearn", "sklearn")]
)
def test_a_missing_library_is_named_with_its_extra(wv, method, module, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, f"{module}.manifold", raising=False)
    with pytest.raises(ImportError, match=re.escape(f"fastw2v[{extra}]")):
        plotting.plot_map(wv, method=method)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("method", "module"), [("umap", "umap"), ("tsne", "sklearn")])
def test_neighbour_embeddings_keep_groups_together(wv, method, module):
    pytest.importorskip(module)
    points = projection.project(wv.vectors, method)
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distances, np.inf)
    same_group = distances.argmin(axis=1) % 4 == np.arange(len(points)) % 4
    assert same_group.mean() > 0.8


# --- figures


@pytest.mark.slow
def test_figures_do_not_touch_pyplot(wv, model):
    code = (
        "import sys, numpy as np; from fastw2v import KeyedVectors, plotting; wv = KeyedVectors(3);"
        "wv.add_vectors(list('abcdef'), np.random.RandomState(0).rand(6, 3));"
        "assert 'matplotlib' not in sys.modules, 'imported before it is needed';"
        "plotting.plot_map(wv, method='pca'); plotting.plot_neighbours(wv, 'a'); plotting.plot_loss([2, 1]);"
        "plotting.plot_drift(wv.drift(wv));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["png", pytest.param("svg", marks=pytest.mark.slow)])
def test_every_figure_can_be_saved(wv, model, suffix):
    drift = wv.drift(vectors(50))
    pictures = [
        plotting.plot_map(wv, method="pca", title="Words"),
        plotting.plot_neighbours(wv, ["word1", "word2"], topn=3),
        plotting.plot_loss(model),
        plotting.plot_drift(drift),
    ]
    for picture in pictures:
        assert isinstance(picture, figure_module.Figure)
        stream = io.BytesIO()
        picture.savefig(stream, format=suffix)
        assert stream.getvalue().startswith(b"\x89PNG" if suffix == "png" else b"<?xml")
    assert pictures[0]._repr_png_().startswith(b"\x89PNG")  # what a notebook shows


def test_a_map_names_its_words_and_treats_no_word_as_markup():
    wv = KeyedVectors(2)
    words = ["$100", "$a^$", "x_y", "100%", "\\frac", "中文"]
    wv.add_vectors(words, np.eye(6, 2) + np.arange(12).reshape(6, 2))
    picture = plotting.plot_map(wv, words[:5], method="pca", highlight="x_y")
    picture.savefig(io.BytesIO())
    assert texts_of(picture) <= set(words[:5])
    assert {"x_y", "$100"} <= texts_of(picture)
    picture = plotting.plot_loss({"$a": [1.0, 0.5], "b$": [2, 1]}, title="$\\frac$")
    picture.savefig(io.BytesIO())


def test_words_on_a_map_do_not_cover_one_another():
    wv = KeyedVectors(2)
    wv.add_vectors([f"word{i}" for i in range(30)], np.ones((30, 2)))
    assert 1 <= len(texts_of(plotting.plot_map(wv, method="pca"))) <= 4


def test_an_unknown_word_raises_a_key_error(wv):
    with pytest.raises(KeyError, match="absent"):
        plotting.plot_map(wv, ["word1", "absent"], method="pca")


def test_a_model_without_losses_says_what_to_do(wv, model):
    with pytest.raises(ValueError, match="compute_loss=True"):
        plotting.plot_loss([])
    with pytest.raises(TypeError, match="model must be"):
        plotting.plot_loss(wv)


# --- notebooks


class TestNotebooks:
    def test_a_model_shows_what_it_is(self, model):
        text = model._repr_html_()
        ElementTree.fromstring(text)
        for part in (
            "6 words",
            "8 dimensions",
            "CBOW, negative sampling (5 words)",
            "4 epochs",
            "words/s",
            "<svg",
        ):
            assert part in text
        assert "<script" not in text
        assert "<style" not in text

    def test_a_model_that_is_not_trained_is_shown(self):
        text = Word2Vec(vector_size=5)._repr_html_()
        assert "not yet" in text
        assert "<svg" not in text

    def test_vectors_are_shown_with_their_words_escaped(self):
        wv = KeyedVectors(2)
        wv.add_vectors(["<b>&", 7], [[1, 0], [0, 1]])
        text = wv._repr_html_()
        ElementTree.fromstring(text)
        assert "&lt;b&gt;&amp;, 7" in text
        assert "2 words" in KeyedVectors._repr_html_(wv)
        assert "0 words" in KeyedVectors(3)._repr_html_()

    def test_losses_that_are_not_finite_are_left_out(self):
        for losses in ([1.0, float("nan"), 0.5], [float("inf")] * 3, [2.0, 2.0]):
            assert "nan" not in html.curve(losses).lower().replace("nance", "")
            assert 'points="' in html.curve(losses)

    def test_neighbours_are_a_table_and_the_lists_of_most_similar(self, wv):
        table = plotting.neighbours_table(wv, ["word1", "word2"], topn=3)
        assert dict(table) == {word: wv.most_similar(word, topn=3) for word in ("word1", "word2")}
        ElementTree.fromstring(table._repr_html_())
        assert repr(table).splitlines()[0] == "word1"
        assert type(wv.most_similar("word1")) is list


# --- the page


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def array(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


class TestExplore:
    def test_the_page_holds_words_places_and_neighbours(self, wv, tmp_path):
        plotting.explore(wv, tmp_path / "map.html", topn=5, title="A map")
        data = data_of((tmp_path / "map.html").read_text(encoding="utf-8"))
        assert data["words"] == wv.index_to_key
        assert data["counts"] == list(range(60, 0, -1))
        places = array(data["places"], "<i2").reshape(-1, 2)
        np.testing.assert_allclose(places / 32767, projection.project(wv.vectors), atol=1e-4)
        neighbours = array(data["neighbours"], "<u2").reshape(-1, 5)
        scores = array(data["scores"], "i1").reshape(-1, 5) / 127
        for row, word in enumerate(wv.index_to_key):
            expected = wv.most_similar(word, topn=5)
            assert [wv.index_to_key[i] for i in neighbours[row]] == [key for key, _ in expected]
            np.testing.assert_allclose(scores[row], [score for _, score in expected], atol=0.01)
        assert set(array(data["hues"], "u1").tolist()) == set(range(8))

    def test_the_page_loads_nothing(self, wv):
        page = explorer.page(wv.index_to_key, wv.vectors)
        assert "default-src 'none'" in page
        assert not re.search(
            r"https?://|\bsrc=|@import|url\(|fetch\(|XMLHttpRequest|<link(?! rel=\"icon\" href=\"data:,\")",
            page,
        )

    def test_no_word_can_leave_the_data(self):
        words = ["</script><script>alert(1)</script>", "<!--", "\u2028", "\udc80", 'a"\\b', "__DATA__", 5]
        page = explorer.page(words, np.eye(7), title="</title>__DATA__")
        assert page.count("</script>") == 2
        assert page.count("</title>") == 1
        assert data_of(page)["words"] == [str(word) for word in words]
        page.encode("utf-8")

    @pytest.mark.parametrize("count", [1, 2])
    def test_a_page_of_few_words(self, count):
        data = data_of(explorer.page(list("ab")[:count], np.eye(2)[:count]))
        assert data["topn"] == count - 1

    def test_equal_vectors_are_neighbours_of_one_another_and_not_of_themselves(self):
        rows, _ = explorer.nearest(np.ones((5, 2)), 2)
        assert not (rows == np.arange(5)[:, None]).any()

    def test_the_first_words_are_shown_and_the_place_is_checked_first(self, wv, tmp_path):
        plotting.explore(wv, tmp_path / "map.html", n_words=7)
        assert len(data_of((tmp_path / "map.html").read_text())["words"]) == 7
        with pytest.raises(OSError, match="absent"):
            plotting.explore(wv, tmp_path / "absent" / "map.html")


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed, which would open the page")
def test_a_browser_opens_the_page(wv, tmp_path):
    page = tmp_path / "map.html"
    plotting.explore(wv, page)
    document = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
            "--timeout=4000", "--dump-dom", f"{page.as_uri()}#word3",
        ],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    ready = re.search(r'data-ready="(\d+)"', document)
    assert ready, "the script of the page did not run to its end"
    assert int(ready[1]) < 2000
    card = re.search(r'<div id="card".*?</div><ol>(.*?)</ol>', document, re.S)
    assert card, "the neighbours of the word of the address are not shown"
    names = re.findall(r"<span title=\"(\w+)\"", card[1])
    assert names == [key for key, _ in wv.most_similar("word3")]


# --- the command line


class TestCommands:
    @pytest.fixture
    def files(self, tmp_path: Path, model: Word2Vec) -> Path:
        model.save(tmp_path / "model.fw2v")
        model.wv.save_word2vec_format(tmp_path / "old.txt")
        return tmp_path

    @pytest.mark.parametrize(
        "arguments",
        [
            ["map", "--method", "pca"], ["map", "cat", "dog", "red", "--method", "pca"], ["neighbours", "cat", "red"],
            ["loss"], ["drift", "--before", "old.txt"],
        ],
    )  # fmt: skip
    def test_plot_writes_a_picture(self, files, arguments, monkeypatch):
        monkeypatch.chdir(files)
        kind, *rest = arguments
        assert entry_point.main(["plot", kind, "model.fw2v", *rest, "-o", "out.svg", "--quiet"]) == 0
        ElementTree.parse(files / "out.svg")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["neighbours", "model.fw2v"], "at least one word"),
            (["loss", "model.fw2v", "cat"], "takes no words"),
            (["drift", "model.fw2v"], "--before"),
            (["map", "model.fw2v", "catt"], "did you mean cat"),
            (["loss", "old.txt"], "--compute-loss"),
        ],
    )
    def test_wrong_arguments_are_explained(self, files, arguments, message, monkeypatch, capsys):
        monkeypatch.chdir(files)
        assert entry_point.main(["plot", *arguments, "-o", "out.png"]) == 2
        assert message in capsys.readouterr().err
        assert not (files / "out.png").exists()

    def test_the_suffix_selects_the_format(self, files, capsys):
        assert entry_point.main(["plot", "map", str(files / "model.fw2v"), "-o", "out.xyz"]) == 2
        assert ".svg" in capsys.readouterr().err

    def test_explore_writes_a_page(self, files, capsys):
        page = files / "map.html"
        assert entry_point.main(["explore", str(files / "model.fw2v"), "-o", str(page), "--words", "4"]) == 0
        assert data_of(page.read_text())["title"] == "model.fw2v"
        assert "4 words" in capsys.readouterr().err
