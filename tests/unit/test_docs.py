"""The Python examples of README.md and docs/ run as they are printed, and the links between the pages are valid."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# An example that needs an optional library: ```python requires=NAME
OPTIONAL_EXAMPLE = re.compile(r"^```python(?: requires=(\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def examples(page: Path) -> str:
    """Return the Python examples of a page as one program, each at the line at which it stands in the page."""
    text = page.read_text(encoding="utf-8")
    program = ""
    for block in EXAMPLE.finditer(text):
        program += "\n" * (text.count("\n", 0, block.start(1)) - program.count("\n")) + block[1]
    return program


def anchors(page: Path) -> set[str]:
    """Return the names under which the headings of a page can be linked to."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=() if page.stem in ("README", "quickstart") else pytest.mark.slow)
        for page in PAGES
        if examples(page)
    ],
    ids=page_id,
)
def test_examples_run(page, tmp_path):
    code = "import sys; exec(compile(sys.stdin.read(), sys.argv[1], 'exec'), {'__name__': '__main__'})"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, page_id(page)],
        input=examples(page), cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python requires=" in page.read_text(encoding="utf-8")], ids=page_id
)
def test_examples_run_that_need_optional_libraries(page, tmp_path):
    """All examples of a page run as one program, except those whose library is not installed."""
    blocks = OPTIONAL_EXAMPLE.findall(page.read_text(encoding="utf-8"))
    program = "".join(code for library, code in blocks if not library or importlib.util.find_spec(library))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_are_valid(page):
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        linked = (page.parent / target).resolve() if target else page
        assert linked.exists(), f"{page_id(page)} links to {target}, which does not exist"
        if anchor:
            assert anchor in anchors(linked), (
                f"{page_id(page)} links to {target}#{anchor}, which is not a heading"
            )


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_source_files_and_tests_that_a_page_names_exist(page):
    folders = "src|tests|unit|oracle|compat|robustness|faults|sanitizers|arm"
    names = re.findall(rf"`((?:{folders})/[\w./]*)`", page.read_text(encoding="utf-8"))
    exists = {name: (ROOT / name).exists() or (ROOT / "tests" / name).exists() for name in names}
    assert not [name for name in names if not exists[name] and "NAME" not in name]


ARCHITECTURE = ROOT / "docs" / "development" / "architecture.md"
RE_EXPORTS = {"models", "scripts", "test"}


def modules_on_the_page(package: str) -> set[str]:
    """Return the names in the first column of the table of a package on the architecture page."""
    section = (
        ARCHITECTURE.read_text(encoding="utf-8").partition(f"\n### `{package}/`\n")[2].partition("\n#")[0]
    )
    first_column = " ".join(re.findall(r"^\| (`.*?) \|", section, re.MULTILINE))
    return set(re.findall(r"`([\w.]+)`", first_column))


def modules_of(package: Path) -> set[str]:
    files = [path.name for path in package.iterdir() if path.suffix in (".py", ".pyx", ".pxd", ".h")]
    return {name if name.endswith(".h") else name.partition(".")[0] for name in files} - {"__init__"}


def test_the_architecture_page_lists_the_modules():
    packages = {init.parent for init in (ROOT / "src" / "fastw2v").glob("*/__init__.py")}
    pairs = {
        package.name: (modules_of(package), modules_on_the_page(package.name))
        for package in packages
        if package.name not in RE_EXPORTS
    }
    missing = {name: found - listed for name, (found, listed) in pairs.items() if found - listed}
    surplus = {name: listed - found for name, (found, listed) in pairs.items() if listed - found}
    assert not missing, "modules that the page does not list"
    assert not surplus, "modules that do not exist"
