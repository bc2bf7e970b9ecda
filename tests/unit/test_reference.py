"""The reference of the documentation (``docs/reference``) has every public name of the package.

The pages name each object in a directive of Sphinx, and the methods of a class follow from its docstrings. A class or a
function that several modules export is on the pages under one of its names.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import types
from pathlib import Path
from typing import Any

import pytest

import fastw2v

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "fastw2v"
DIRECTIVE = re.compile(r"^\.\. (?:auto(?:class|function|exception|data)|data):: (\S+)$", re.MULTILINE)
# The modules that users import from; the packages behind them are described in docs/development/architecture.md.
MODULES = [
    "fastw2v",
    *(f"fastw2v.{file.stem}" for file in sorted(SOURCE.glob("[!_]*.py"))),
    *(f"fastw2v.models.{file.stem}" for file in sorted((SOURCE / "models").glob("[!_]*.py"))),
    "fastw2v.models",
    "fastw2v.distributed",
    "fastw2v.distributed.ray",
    "fastw2v.distributed.spark",
    "fastw2v.test.utils",
]


def names_on_the_pages() -> set[str]:
    return {
        name for page in DOCS.glob("reference/*.md") for name in DIRECTIVE.findall(page.read_text("utf-8"))
    }


def look_up(name: str) -> Any:
    """Return the object of a dotted name, or None if its module needs a library that is not installed."""
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError:
        return None


def public_names(module: str) -> list[str]:
    """Return ``__all__`` of a module; it is read from the source if the module cannot be imported."""
    try:
        return list(getattr(importlib.import_module(module), "__all__", []))
    except ImportError:
        tree = ast.parse((SOURCE / f"{module.removeprefix('fastw2v.')}.py").read_text(encoding="utf-8"))
        (names,) = (
            node.value for node in tree.body if isinstance(node, ast.Assign) and "__all__" in ast.dump(node)
        )
        return list(ast.literal_eval(names))


@pytest.fixture(scope="module")
def documented_objects() -> set[int]:
    found = map(look_up, names_on_the_pages())
    return {id(value) for value in found if inspect.isclass(value) or inspect.isfunction(value)}


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_in_the_reference(module, documented_objects):
    documented = names_on_the_pages()
    missing = []
    for name in public_names(module):
        value = look_up(f"{module}.{name}")
        if f"{module}.{name}" in documented or isinstance(value, types.ModuleType):
            continue
        elsewhere = (other for other in documented if other.rpartition(".")[2] == name)
        if id(value) not in documented_objects and not any(look_up(other) is value for other in elsewhere):
            missing.append(name)
    assert not missing, f"add these names of {module} to a page of docs/reference"


def test_every_function_and_class_of_the_reference_has_an_example():
    """The names of gensim (gensim.md) that exist for old programs and pickles, and exceptions, need none."""
    others = set(DIRECTIVE.findall((DOCS / "reference" / "gensim.md").read_text("utf-8")))
    found = {name: look_up(name) for name in names_on_the_pages() - others}
    assert not [
        name
        for name, value in found.items()
        if (inspect.isfunction(value) or (inspect.isclass(value) and not issubclass(value, BaseException)))
        and ">>> " not in (inspect.getdoc(value) or "")
    ]


def test_the_reference_names_only_what_exists():
    assert not [name for name in names_on_the_pages() if look_up(name) is None and "sklearn" not in name]


@pytest.mark.parametrize("name", sorted({"show_config", *fastw2v._MODULE_OF}))
def test_no_public_method_is_left_out_for_want_of_a_docstring(name):
    value = getattr(fastw2v, name)
    if inspect.isclass(value):
        methods = inspect.getmembers(
            value, lambda member: inspect.isfunction(member) or inspect.ismethod(member)
        )
        methods += inspect.getmembers(value, lambda member: isinstance(member, property))
        assert not [method for method, member in methods if method[0] != "_" and not inspect.getdoc(member)]


def test_the_table_of_contents_lists_every_page():
    listed = set(
        re.findall(r"^\s*(?:- file|root): (\S+)$", (DOCS / "_toc.yml").read_text("utf-8"), re.MULTILINE)
    )
    pages = {page.relative_to(DOCS).with_suffix("").as_posix() for page in DOCS.rglob("*.md")}
    assert listed == {page for page in pages if not page.startswith("_build")}
