"""Check an installed fastw2v as a user does: import, train, save, load, query, and the command line.

It is a script, not a pytest module, and needs nothing but the package: cibuildwheel runs it on every wheel, also where
there is no gensim. It fails if Python imports the package from a source tree, or if the package is incomplete.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import numpy as np

import fastw2v
from fastw2v import KeyedVectors, Word2Vec

SENTENCES = [["the", "cat", "sat", "on", "the", "mat"], ["the", "dog", "barked", "at", "the", "cat"]] * 200
BASELINE = {
    "x86_64": {"scalar"},
    "amd64": {"scalar"},
    "aarch64": {"neon", "scalar"},
    "arm64": {"neon", "scalar"},
}


def check_files() -> None:
    """Check that the package comes from the wheel, with its stubs and without generated C."""
    package = Path(fastw2v.__file__).parent
    assert package.is_relative_to(sysconfig.get_path("platlib")), f"{package} is not the installed package"
    assert (package / "py.typed").is_file(), "py.typed is missing"
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    compiled = sorted(package.rglob(f"*{suffix}"))
    assert len(compiled) >= 10, f"only {len(compiled)} compiled modules"
    for module in compiled:
        stub = module.with_name(module.name.removesuffix(suffix) + ".pyi")
        assert stub.is_file(), f"{stub} is missing"
        name = ".".join(stub.relative_to(package.parent).with_suffix("").parts)
        assert importlib.util.find_spec(name), f"{name} cannot be found"
    sources = [path for path in package.rglob("*") if path.suffix in {".c", ".h", ".pxd", ".pyx"}]
    assert not sources, f"the wheel holds sources: {sources}"
    assert importlib.metadata.version("fastw2v") == fastw2v.__version__


def check_instruction_sets() -> None:
    """Check that the kernels of this architecture were compiled, and print what `show_config` reports."""
    config = fastw2v.show_config()
    found = set(config["instruction sets"].split(", "))
    expected = BASELINE.get(platform.machine().lower(), {"scalar"})
    assert expected <= found, f"instruction sets {found} lack {expected - found}"
    assert config["in use"] in found


def check_training(folder: Path) -> None:
    """Train with each objective, with one and with several workers; save, load and query."""
    for sg in (0, 1):
        for objective in ({"negative": 5}, {"negative": 0, "hs": 1}):
            first, second = (
                Word2Vec(SENTENCES, vector_size=20, min_count=1, seed=1, workers=1, sg=sg, **objective)
                for _ in range(2)
            )
            assert np.array_equal(first.wv.vectors, second.wv.vectors), "one worker is not reproducible"
    model = Word2Vec(SENTENCES, vector_size=20, min_count=1, workers=3, epochs=2, sg=1)
    assert np.isfinite(model.wv.vectors).all()

    model.save(folder / "model.fw2v")
    loaded = Word2Vec.load(folder / "model.fw2v")
    assert np.array_equal(loaded.wv.vectors, model.wv.vectors)
    loaded.train(SENTENCES, total_examples=loaded.corpus_count, epochs=1)
    assert not np.array_equal(loaded.wv.vectors, model.wv.vectors)
    for name, binary in (("vectors.txt", False), ("vectors.bin", True)):
        model.wv.save_word2vec_format(folder / name, binary=binary)
        vectors = KeyedVectors.load_word2vec_format(folder / name, binary=binary)
        np.testing.assert_allclose(vectors.vectors, model.wv.vectors, rtol=1e-5, atol=1e-7)
        assert vectors.index_to_key == model.wv.index_to_key

    similar = model.wv.most_similar("cat", topn=3)
    assert len(similar) == 3
    assert similar[0][1] == max(score for _, score in similar)
    assert abs(model.wv.similarity("cat", "cat") - 1) < 1e-5
    assert model.wv.doesnt_match(["cat", "dog", "mat"]) in {"cat", "dog", "mat"}


def check_command_line(folder: Path) -> None:
    """Train and query by the command line."""
    text = folder / "text.txt"
    text.write_text("\n".join(map(" ".join, SENTENCES)), encoding="utf-8")
    command_line("train", text, folder / "cli.fw2v", "--vector-size", 10, "--workers", 2, "--quiet")
    assert len(command_line("similar", folder / "cli.fw2v", "cat", "--topn", 2).splitlines()) == 2
    assert fastw2v.__version__ in command_line("--version")


def command_line(*arguments: object) -> str:
    """Run ``fastw2v`` as installed beside this Python, and return what it prints."""
    program = Path(sysconfig.get_path("scripts")) / ("fastw2v.exe" if sys.platform == "win32" else "fastw2v")
    run = subprocess.run(
        [str(program), *map(str, arguments)], capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert run.returncode == 0, f"fastw2v {arguments} failed: {run.stderr}"
    return run.stdout


def main() -> None:
    """Run all checks."""
    check_files()
    check_instruction_sets()
    with tempfile.TemporaryDirectory() as folder:
        check_training(Path(folder))
        check_command_line(Path(folder))
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert not sys._is_gil_enabled(), "an import has enabled the global interpreter lock"
    print("the installed package works")


if __name__ == "__main__":
    main()
