"""Vectors that are exported load in the libraries for which they are exported."""

from __future__ import annotations

import inspect
import subprocess
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

from fastw2v import KeyedVectors
from fastw2v.cli import main
from fastw2v.export import hub, optional

WORDS = ["the", "cat", "été", "猫"]
MATRIX = np.array([[1, 0, 0.1], [0, 1, 0], [0.5, -2, 3], [0, 0, 1]], dtype=np.float32)
COUNTS = [9, 5, 2, 1]


@pytest.fixture
def kv() -> KeyedVectors:
    vectors = KeyedVectors(3)
    vectors.add_vectors(WORDS, MATRIX, extras={"count": COUNTS})
    return vectors


def library(name: str) -> types.ModuleType:
    """Import a library, whose own warnings are none of ours, or skip the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


def test_glove(kv, tmp_path):
    path = tmp_path / "vectors.glove"
    kv.save_glove_format(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line.split(" ")[0] for line in lines] == WORDS
    np.testing.assert_array_equal(
        [[float(n) for n in line.split(" ")[1:]] for line in lines],
        [[float(str(n)) for n in row] for row in MATRIX],
    )
    assert KeyedVectors.load_word2vec_format(path, no_header=True).index_to_key == WORDS
    kv.rename_key("cat", "big cat")
    with pytest.raises(ValueError, match=r"'big cat' is empty or contains white space.*rename_key"):
        kv.save_glove_format(path)


@pytest.mark.parametrize("metadata", [None, 'title = "x"\n', 't = "é"\n'])
def test_finalfusion_reads_and_writes_the_same_files(kv, tmp_path, metadata):
    finalfusion = library("finalfusion")
    if metadata is not None:
        kv.finalfusion_metadata = metadata
    path, again = tmp_path / "vectors.fifu", tmp_path / "again.fifu"
    kv.save_finalfusion(path)
    for mmap in (False, True):
        embeddings = finalfusion.load_finalfusion(path, mmap=mmap)
        assert embeddings.vocab.words == WORDS
        norms = np.linalg.norm(MATRIX, axis=1)
        np.testing.assert_allclose(embeddings.norms, norms, rtol=1e-6)
        np.testing.assert_allclose(embeddings.storage, MATRIX / norms[:, None], rtol=1e-6)
        assert (embeddings.metadata is None) == (metadata is None)
    embeddings.write(again)
    assert again.read_bytes() == path.read_bytes()
    np.testing.assert_allclose(KeyedVectors.load_finalfusion(again).vectors, MATRIX, rtol=1e-6)


def test_the_command_of_finalfusion_converts_what_is_not_read(kv, tmp_path):
    finalfusion = library("finalfusion")
    indexer = finalfusion.subword.FinalfusionHashIndexer(4, 2, 3)
    vocabulary = finalfusion.vocab.FinalfusionBucketVocab(WORDS, indexer)
    matrix = np.ones((vocabulary.upper_bound, 3), np.float32)
    matrix[: len(WORDS)] = MATRIX
    embeddings = finalfusion.Embeddings(finalfusion.storage.NdArray(matrix), vocabulary)
    embeddings.write(tmp_path / "ngrams.fifu")
    with pytest.raises(ValueError, match="'ffp-convert -f finalfusion -t word2vec INPUT OUTPUT'"):
        KeyedVectors.load_finalfusion(tmp_path / "ngrams.fifu")
    command = [sys.executable, "-m", "finalfusion.scripts.convert", "-f", "finalfusion", "-t", "word2vec"]
    subprocess.run([*command, tmp_path / "ngrams.fifu", tmp_path / "v.bin"], check=True)
    vectors = KeyedVectors.load_word2vec_format(tmp_path / "v.bin", binary=True)
    assert vectors.index_to_key == WORDS
    np.testing.assert_array_equal(vectors.vectors, MATRIX)


def test_npz(kv, tmp_path):
    kv.save_npz(tmp_path / "vectors.npz")
    with np.load(tmp_path / "vectors.npz") as arrays:
        assert sorted(arrays.files) == ["count", "vectors", "words"]
        assert arrays["words"].tolist() == WORDS
        assert arrays["count"].tolist() == COUNTS
        np.testing.assert_array_equal(arrays["vectors"], MATRIX)


def test_tensorboard(kv, tmp_path):
    kv.rename_key("cat", "a\tcat\n")
    kv.save_tensorboard(tmp_path / "projector")
    np.testing.assert_array_equal(
        np.loadtxt(tmp_path / "projector" / "tensors.tsv", dtype="f4", delimiter="\t"), MATRIX
    )
    lines = (tmp_path / "projector" / "metadata.tsv").read_text(encoding="utf-8").split("\n")
    assert lines == ["word\tcount", "the\t9", "a cat \t5", "été\t2", "猫\t1", ""]
    del kv.expandos["count"]
    kv.save_tensorboard(tmp_path / "projector")
    assert (tmp_path / "projector" / "metadata.tsv").read_text(encoding="utf-8").startswith("the\n")


def test_safetensors(kv, tmp_path):
    load_file = pytest.importorskip("safetensors.numpy").load_file
    kv.save(tmp_path / "vectors.safetensors")
    np.testing.assert_array_equal(load_file(tmp_path / "vectors.safetensors")["vectors"], MATRIX)


@pytest.mark.slow
def test_static_embedding_in_sentence_transformers(kv, tmp_path):
    module = library("sentence_transformers")
    kv.save_static_embedding(tmp_path / "model", lowercase=True)
    model = module.SentenceTransformer(str(tmp_path / "model"), device="cpu")
    found = model.encode(["The cat", "猫 été", "unheard-of"])
    np.testing.assert_allclose(
        found, [(MATRIX[0] + MATRIX[1]) / 2, (MATRIX[2] + MATRIX[3]) / 2, [0, 0, 0]], atol=1e-6
    )


def test_static_embedding_in_model2vec(kv, tmp_path):
    module = library("model2vec")
    kv.save_static_embedding(tmp_path / "model")
    model = module.StaticModel.from_pretrained(str(tmp_path / "model"))
    found = model.encode(["the unheard-of cat", "the,cat 猫"])
    np.testing.assert_allclose(found, [(MATRIX[0] + MATRIX[1]) / 2, MATRIX[3]], atol=1e-6)


@pytest.mark.slow
def test_spacy(kv, tmp_path):
    spacy = library("spacy")
    kv.to_spacy("en").to_disk(tmp_path / "pipeline")
    pipeline = spacy.load(tmp_path / "pipeline")
    document = pipeline("the cat barks")
    np.testing.assert_array_equal(document[1].vector, MATRIX[1])
    assert [token.has_vector for token in document] == [True, True, False]
    assert pipeline.vocab.strings[pipeline.vocab.vectors.most_similar(MATRIX[3:])[0][0, 0]] == "猫"


def test_parquet(kv, tmp_path):
    parquet = library("pyarrow.parquet")
    kv.save_parquet(tmp_path / "vectors.parquet")
    table = parquet.read_table(tmp_path / "vectors.parquet").to_pydict()
    assert (table["word"], table["count"]) == (WORDS, COUNTS)
    np.testing.assert_array_equal(np.array(table["vector"], dtype="f4"), MATRIX)


def test_pandas(kv):
    library("pandas")
    frame = kv.to_pandas()
    assert frame.index.tolist() == WORDS
    assert frame.index.name == "word"
    np.testing.assert_array_equal(frame.loc["été"], MATRIX[2])
    frame.loc["été"] = 0
    assert kv["été"].any()


def test_polars(kv):
    library("polars")
    frame = kv.to_polars()
    assert frame["word"].to_list() == WORDS
    assert frame["count"].to_list() == COUNTS
    np.testing.assert_array_equal(frame["vector"].to_numpy(), MATRIX)
    assert kv.astype(np.float16).to_polars()["vector"].to_list()[1] == [0, 1, 0]


def test_embedding_matrix(kv):
    matrix, word_to_index = kv.embedding_matrix()
    assert list(word_to_index) == ["<pad>", "<unk>", *WORDS]
    assert list(word_to_index.values()) == list(range(6))
    assert not matrix[0].any()
    np.testing.assert_allclose(matrix[1], MATRIX.mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(matrix[2:], MATRIX)
    matrix, word_to_index = kv.embedding_matrix(padding=None, unknown=None)
    assert word_to_index == kv.key_to_index
    with pytest.raises(ValueError, match="unknown='cat' is a key"):
        kv.embedding_matrix(unknown="cat")
    with pytest.raises(ValueError, match="padding and unknown are both"):
        kv.embedding_matrix(padding="<x>", unknown="<x>")


@pytest.mark.slow
def test_embedding_matrix_in_torch(kv):
    torch = library("torch")
    matrix, word_to_index = kv.embedding_matrix()
    layer = torch.nn.Embedding.from_pretrained(torch.from_numpy(matrix), freeze=False, padding_idx=0)
    found = layer(torch.tensor([word_to_index["猫"], word_to_index["<pad>"]])).detach().numpy()
    np.testing.assert_array_equal(found, [MATRIX[3], [0, 0, 0]])


def test_a_folder_of_pretrained_vectors(kv, tmp_path):
    kv.save_pretrained(tmp_path / "vectors")
    loaded = KeyedVectors.from_pretrained(tmp_path / "vectors")
    assert loaded.index_to_key == WORDS
    assert loaded.get_vecattr("cat", "count") == 5
    card = (tmp_path / "vectors" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlibrary_name: fastw2v\n")
    (tmp_path / "vectors" / "README.md").write_text("mine", encoding="utf-8")
    kv.save_pretrained(tmp_path / "vectors")
    assert (tmp_path / "vectors" / "README.md").read_text(encoding="utf-8") == "mine"
    with pytest.raises(FileNotFoundError, match=r"no file model\.safetensors"):
        KeyedVectors.from_pretrained(tmp_path)


class Api:
    """A hub in a folder, with the calls of `huggingface_hub` that are used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create_repo(self, repo_id, *, private=None, exist_ok=False):
        (self.folder / "me" / repo_id.rpartition("/")[2]).mkdir(parents=True, exist_ok=exist_ok)
        return types.SimpleNamespace(repo_id="me/" + repo_id.rpartition("/")[2])

    def file_exists(self, repo_id, filename, *, revision=None):
        return (self.folder / repo_id / filename).exists()

    def upload_folder(self, *, repo_id, folder_path, revision, commit_message, ignore_patterns):
        for path in Path(folder_path).iterdir():
            if path.name not in (ignore_patterns or ()):
                (self.folder / repo_id / path.name).write_bytes(path.read_bytes())
        return types.SimpleNamespace(commit_url=f"https://hub/{repo_id}/commit/1")

    def download(self, repo_id, filename, *, revision=None):
        return str(self.folder / repo_id / filename)


def test_the_hub(kv, tmp_path, monkeypatch):
    api = Api(tmp_path)
    stub = types.SimpleNamespace(HfApi=lambda token: api, hf_hub_download=api.download)
    monkeypatch.setattr(hub, "require", lambda module, extra: stub)
    assert kv.push_to_hub("animals", private=True) == "https://hub/me/animals/commit/1"
    assert KeyedVectors.from_pretrained("me/animals", revision="main").index_to_key == WORDS
    card = tmp_path / "me" / "animals" / "README.md"
    assert "4 word vectors with 3 dimensions, for example `the`" in card.read_text(encoding="utf-8")
    card.write_text("mine", encoding="utf-8")
    kv.push_to_hub("me/animals")
    assert card.read_text(encoding="utf-8") == "mine"


def test_the_hub_has_the_functions_that_are_called():
    module = library("huggingface_hub")
    for name, call in inspect.getmembers(Api, inspect.isfunction):
        if not name.startswith("_"):
            real = module.hf_hub_download if name == "download" else getattr(module.HfApi, name)
            assert (
                inspect.signature(call).parameters.keys() - {"self"}
                <= inspect.signature(real).parameters.keys()
            )


@pytest.mark.parametrize(
    ("extra", "module", "call"),
    [
        ("pandas", "pandas", lambda kv: kv.to_pandas()),
        ("polars", "polars", lambda kv: kv.to_polars()),
        ("parquet", "pyarrow", lambda kv: kv.save_parquet("vectors.parquet")),
        ("spacy", "spacy", lambda kv: kv.to_spacy()),
        ("hub", "huggingface_hub", lambda kv: kv.push_to_hub("me/vectors")),
        ("hub", "huggingface_hub", lambda kv: KeyedVectors.from_pretrained("me/vectors")),
    ],
)
def test_a_missing_library_is_an_error_that_names_the_extra(kv, monkeypatch, tmp_path, extra, module, call):
    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name == module:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImportError, match=rf"{module} is not installed: pip install 'fastw2v\[{extra}\]'"):
        call(kv)


def test_an_error_within_a_library_is_not_hidden(tmp_path, monkeypatch):
    (tmp_path / "broken_library.py").write_text("import what_it_needs")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="what_it_needs"):
        optional.require("broken_library", "broken")


def test_a_row_without_a_key_is_refused(kv, tmp_path):
    kv = KeyedVectors(2, count=3)
    kv.add_vector("a", [1, 0])
    with pytest.raises(ValueError, match="row 1 has no key"):
        kv.save_npz(tmp_path / "vectors.npz")


def test_a_key_that_is_not_unicode_is_refused_before_anything_is_written(kv, tmp_path):
    kv.rename_key("cat", "\ud800")
    for save in (kv.save_static_embedding, kv.save_tensorboard, kv.save_npz, kv.save_glove_format):
        with pytest.raises(ValueError, match=r"cannot be encoded as UTF-8; rename it"):
            save(tmp_path / "output")
    assert not (tmp_path / "output" / "model.safetensors").exists()


def test_keys_that_are_integers(tmp_path):
    kv = KeyedVectors(2)
    kv.add_vectors([10, 20], [[1, 0], [0, 1]])
    kv.save_npz(tmp_path / "vectors.npz")
    with np.load(tmp_path / "vectors.npz") as arrays:
        assert arrays["words"].tolist() == ["10", "20"]
    assert kv.embedding_matrix()[1][20] == 3
    kv.add_vector("10", [1, 1])
    with pytest.raises(ValueError, match="same text"):
        kv.save_npz(tmp_path / "vectors.npz")


def test_the_command_line_converts_to_the_formats(kv, tmp_path, capsys):
    def convert(output, *options):
        return main(["convert", str(tmp_path / "vectors"), str(tmp_path / output), *options])

    kv.save(tmp_path / "vectors")
    assert convert("v.glove", "--quiet") == convert("v.npz") == convert("v.safetensors") == 0
    assert "(npz format): vectors of 4 words" in capsys.readouterr().err
    assert KeyedVectors.load_word2vec_format(tmp_path / "v.glove").index_to_key == WORDS
    with np.load(tmp_path / "v.npz") as arrays:
        assert arrays["words"].tolist() == WORDS
    assert KeyedVectors.load(tmp_path / "v.safetensors").index_to_key == WORDS
    for name in ("tensorboard", "static-embedding", "hub"):
        assert convert(name, "--format", name) == 0
        assert convert(name, "--format", name) == 0, "again into the folder that exists"
    assert (tmp_path / "tensorboard" / "tensors.tsv").exists()
    assert (tmp_path / "static-embedding" / "tokenizer.json").exists()
    assert KeyedVectors.from_pretrained(tmp_path / "hub").index_to_key == WORDS
    assert convert("v.npz", "--format", "tensorboard") != 0
    assert "this format is a folder" in capsys.readouterr().err
