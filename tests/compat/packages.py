"""Run the test suites of packages that use gensim, with gensim and with fastw2v in its place, and compare them by name.

Usage::

    python tests/compat/packages.py [--work DIRECTORY] [NAME ...]

For each package, the command creates a virtual environment, gets the source (from PyPI or from its Git repository),
installs what the tests need, and runs the tests twice: as they are, and after `fastw2v.install_as_gensim()`. The table
has the number of tests that passed, and the log below it names each test whose outcome differs. The exit status is 1 if
a test passes with gensim and not with fastw2v, or a package cannot be installed.

Tests that need a network, or a newer or older version of some library, fail both ways and do not count. The command
needs the compiled modules of this checkout (``python setup.py build_ext --inplace``), pip, git and some minutes
for each package. It is not a part of the test suite.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENSIM = "gensim==4.4.0"
TIME_LIMIT = 1200  # seconds for one run of a test suite

PLUGIN = '''
"""pytest plugin: put fastw2v in place of gensim before anything imports gensim."""
import fastw2v

fastw2v.install_as_gensim()
'''


@dataclasses.dataclass(frozen=True)
class Package:
    """A package with a test suite.

    Attributes
    ----------
    name : str
        The name on PyPI.
    version : str
        The version on PyPI, or a tag or commit of the repository.
    tests : str
        Files and directories of tests, relative to the root of the source, separated by spaces.
    needs : str
        What the tests need besides gensim and pytest. The requirements of the package itself are ignored, because
        many forbid the current NumPy without need.
    repository : str, optional
        The address of the Git repository. Default: the source archive on PyPI has the tests.
    left_out : list of str
        Directories of the repository that the tests do not need.
    install : bool, default True
        Whether to install the package.
    translate : list of str
        Modules whose C code has to be generated again, because that of the release does not compile any more.
    from_source : bool, default False
        Whether the tests import the package from the root of the source.
    """

    name: str
    version: str
    tests: str
    needs: str = ""
    repository: str | None = None
    left_out: list[str] = dataclasses.field(default_factory=list)
    install: bool = True
    translate: list[str] = dataclasses.field(default_factory=list)
    from_source: bool = False


PACKAGES = [
    Package("cade", "64c3345", "tests", "numpy", repository="https://github.com/vinid/cade"),
    Package(
        "fse",
        "v1.0.0",
        "test",
        "psutil wordfreq huggingface_hub scikit-learn requests",
        repository="https://github.com/oborchers/Fast_Sentence_Embeddings",
        translate=["fse/models/average_inner.pyx"],
    ),
    Package(
        "gensim",
        "4.4.0",
        "test_doc2vec.py test_fasttext.py test_phrases.py test_similarities.py test_translation_matrix.py "
        "test_utils.py test_matutils.py",
        "testfixtures POT annoy python-Levenshtein",
        install=False,
    ),
    Package(
        "karateclub",
        "cb46a91",
        "test/neighbourhod_based_node_embedding_test.py test/structral_node_embedding_test.py "
        "test/attributed_node_embedding_test.py test/graph_embedding_test.py",
        "networkx pygsp scikit-learn python-louvain pandas decorator tqdm six python-Levenshtein",
        repository="https://github.com/benedekrozemberczki/karateclub",
        left_out=["dataset", "docs", "*.jpg", "*.pdf"],
    ),
    Package(
        "nodevectors",
        "0.1.23",
        "tests",
        "csrgraph numba networkx<3 scikit-learn pandas",
        repository="https://github.com/VHRanger/nodevectors",
    ),
    Package("pecanpy", "2.0.9", "test", "numba numba-progress nptyping parameterized typing_extensions"),
    Package(
        "pyrdf2vec",
        "940ef53",
        "tests",
        "rdflib networkx pandas scikit-learn python-louvain tqdm aiohttp attrs cachetools toml requests nest_asyncio "
        "matplotlib",
        repository="https://github.com/predict-idlab/pyRDF2Vec",
    ),
    Package(
        "scattertext",
        "0.2.2",
        "scattertext/test/test_word2VecFromParsedCorpus.py scattertext/test/test_embeddingsResolver.py "
        "scattertext/test/test_gensimPhraseAdder.py",
        "pandas scikit-learn statsmodels flashtext spacy tqdm future six",
    ),
    Package(
        "spec2vec",
        "0.9.1",
        "tests",
        "matchms<0.28 numba tqdm",
        repository="https://github.com/iomega/spec2vec",
    ),
    Package(
        "ttta",
        "0.9.9",
        "tests/test_word2vec_semantic_shift.py",
        "pandas nltk scikit-learn matplotlib tqdm python-dateutil HanTa seaborn pyLDAvis",
        from_source=True,
    ),
    Package("wefe", "1.0.1", "tests", "pandas scikit-learn plotly requests semantic_version tqdm patsy"),
]


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """Run a command; if it fails, raise a `RuntimeError` with the end of what it printed."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{(done.stdout + done.stderr)[-2000:]}")


def get_source(package: Package, work: Path, pip: list[str | Path]) -> Path:
    """Download the source of a package and return its directory."""
    source = work / "source"
    if source.exists():
        return source
    if package.repository is not None:
        run("git", "clone", "-q", "--no-checkout", "--filter=blob:none", package.repository, source)
        left_out = [f"!/{path}" for path in package.left_out]
        run("git", "sparse-checkout", "set", "--no-cone", "/*", *left_out, cwd=source)
        run("git", "checkout", "-q", package.version, cwd=source)
        return source
    archives = work / "archive"
    name = package.name
    run(
        *pip, "download", "-q", "--no-deps", "--no-binary", name, "-d", archives, f"{name}=={package.version}"
    )
    with tarfile.open(next(archives.glob("*.tar.gz"))) as archive:
        archive.extractall(work / "unpacked", filter="data")
    next((work / "unpacked").iterdir()).rename(source)
    return source


def prepare(package: Package, work: Path) -> tuple[Path, Path]:
    """Create the environment of a package and return its Python and the source of the package."""
    environment = work / "environment"
    python = environment / "bin" / "python"
    if not python.exists():
        run(sys.executable, "-m", "venv", environment)
    pip: list[str | Path] = [python, "-m", "pip"]
    source = get_source(package, work, pip)
    finished = work / "installed"
    if not finished.exists():
        run(*pip, "install", "-q", "setuptools<81", "wheel", "pytest", GENSIM, *package.needs.split())
        if package.translate:
            run(*pip, "install", "-q", "cython")
            run(python, "-m", "cython", *package.translate, cwd=source)
        if package.install:
            run(*pip, "install", "-q", "--no-deps", source)
        finished.touch()
    return python, source


def run_tests(package: Package, python: Path, source: Path, work: Path, *, fastw2v: bool) -> dict[str, str]:
    """Run the tests of a package and return the outcome of each, by name."""
    name = "fastw2v" if fastw2v else "gensim"
    report = work / f"{name}.xml"
    report.unlink(missing_ok=True)
    arguments = [
        "-q",
        f"--junitxml={report}",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
        "--import-mode=importlib",
    ]
    arguments += ["--continue-on-collection-errors"]
    paths = [str(source)] if package.from_source else []
    if fastw2v:
        (work / "put_fastw2v_in_place.py").write_text(PLUGIN)
        arguments += ["-p", "put_fastw2v_in_place"]
        paths += [str(ROOT / "src"), str(work)]
    tests = package.tests.split()
    if (
        package.name == "gensim"
    ):  # its tests are in the package, and only gensim itself has the compiled modules
        tests = [f"{installed_directory(python, 'gensim')}/test/{test}" for test in tests]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0"}
    environment["PATH"] = os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])  # their commands
    with open(work / f"{name}.log", "w") as log:
        subprocess.run(
            [python, "-P", "-m", "pytest", *arguments, *tests],
            cwd=source,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=TIME_LIMIT,
        )
    if not report.exists():
        raise RuntimeError(f"pytest wrote no report; see {log.name}")
    outcomes = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        failed = {child.tag for child in case} & {"failure", "error", "skipped"}
        outcomes[f"{case.get('classname')}::{case.get('name')}"] = "passed" if not failed else failed.pop()
    return outcomes


def installed_directory(python: Path, module: str) -> str:
    """Return the directory of an installed package."""
    code = f"import importlib.util; print(importlib.util.find_spec({module!r}).submodule_search_locations[0])"
    return subprocess.run(
        [python, "-P", "-c", code], check=True, capture_output=True, text=True, cwd=python.parent
    ).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="packages to try; default: all")
    parser.add_argument(
        "--work", type=Path, help="directory to keep; default: a temporary one, deleted at the end"
    )
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {package.name for package in PACKAGES}
    if unknown:
        parser.error(f"unknown packages: {', '.join(sorted(unknown))}")
    temporary = tempfile.TemporaryDirectory() if arguments.work is None else None
    work = Path(temporary.name) if temporary is not None else arguments.work.resolve()

    wrong = False
    print("| package | version | tests | passed with gensim | passed with fastw2v | different |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for package in PACKAGES:
        if arguments.names and package.name not in arguments.names:
            continue
        directory = work / package.name
        directory.mkdir(parents=True, exist_ok=True)
        try:
            python, source = prepare(package, directory)
            theirs, ours = (
                run_tests(package, python, source, directory, fastw2v=flag) for flag in (False, True)
            )
        except (RuntimeError, subprocess.TimeoutExpired, StopIteration) as error:
            print(
                f"| {package.name} | {package.version} | not run | | | |\n{error}",
                file=sys.stderr,
                flush=True,
            )
            wrong = True
            continue
        names = sorted(theirs.keys() | ours.keys())
        different = [name for name in names if (theirs.get(name) == "passed") != (ours.get(name) == "passed")]
        passed = [sum(outcome == "passed" for outcome in outcomes.values()) for outcomes in (theirs, ours)]
        row = (package.name, package.version, len(names), *passed, len(different))
        print("| " + " | ".join(map(str, row)) + " |", flush=True)
        if not passed[0]:
            print(
                f"  no test passes with gensim; see {directory / 'gensim.log'}", file=sys.stderr, flush=True
            )
            wrong = True
        for name in different:
            print(
                f"  {name}: gensim {theirs.get(name)}, fastw2v {ours.get(name)}", file=sys.stderr, flush=True
            )
            wrong = wrong or theirs.get(name) == "passed"
    if temporary is not None:
        temporary.cleanup()
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
