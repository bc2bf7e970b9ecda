"""The packages depend on one another in one direction; importing fastw2v stays cheap."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "fastw2v"

# From the bottom up: a package, or a public module at the top, imports only from those before it.
ORDER = [
    ["common"],
    ["engine"],
    ["_inner"],
    ["_rounds"],
    ["text"],
    ["vectors"],
    ["vocabulary"],
    ["formats"],
    ["export"],
    ["display"],
    ["training"],
    ["callbacks", "corpora", "utils", "matutils"],
    ["keyedvectors", "phrases"],
    ["vocab"],
    ["word2vec"],
    ["alignment", "scripts", "test", "plotting", "sklearn", "similarities", "slices"],
    ["distributed"],
    ["models", "compat"],
    ["cli"],
    ["__main__", "__init__"],
]
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}
# The public modules alone may import `compat`, which stands between them and code that was written for gensim.
PUBLIC = {
    "callbacks", "corpora", "keyedvectors", "matutils", "models", "phrases", "scripts", "utils", "vocab", "word2vec",
    "__init__",
}  # fmt: skip


def package_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@functools.cache
def syntax_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def python_imports(path: Path) -> set[str]:
    """Every module of fastw2v that a Python file imports: in functions and for type checking too."""
    found = set()
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "fastw2v"}
        elif isinstance(node, ast.ImportFrom) and node.module == "fastw2v":
            found |= {f"fastw2v.{alias.name}" for alias in node.names if alias.name in LEVEL}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fastw2v."):
            found.add(str(node.module))
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}: relative import"
    return found


def cython_imports(path: Path) -> set[str]:
    return set(re.findall(r"^\s*from (fastw2v[\w.]*) c?import", path.read_text(encoding="utf-8"), re.M))


@functools.cache
def dependencies() -> dict[tuple[str, str], list[str]]:
    """For each pair (package, package that it imports): the files that do so."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(SOURCE.rglob("*.p*")):
        if path.suffix not in (".py", ".pyx", ".pxd"):
            continue
        relative = path.relative_to(SOURCE)
        package = relative.parts[0].partition(".")[0]
        imports = python_imports(path) if path.suffix == ".py" else cython_imports(path)
        for module in imports:
            found.setdefault((package, package_of(module)), []).append(str(relative))
    return found


def violations(order: list[list[str]]) -> list[str]:
    level = {name: number for number, names in enumerate(order) for name in names}
    wrong = []
    for (package, imported), files in dependencies().items():
        if package not in level or imported not in level:
            wrong.append(f"{package} -> {imported} is not on the map ({', '.join(files)})")
        elif imported == "compat":
            if package not in PUBLIC | {"compat"}:
                wrong.append(f"{package} imports compat ({', '.join(files)})")
        elif package != imported and level[imported] >= level[package]:
            wrong.append(f"{package} imports {imported}, which does not stand below it ({', '.join(files)})")
    return wrong


def test_packages_depend_in_one_direction():
    assert not violations(ORDER)


@pytest.mark.parametrize("line", range(len(ORDER)))
def test_a_line_removed_from_the_map_is_noticed(line):
    assert violations(ORDER[:line] + ORDER[line + 1 :])


def module_of(path: Path) -> str:
    """Return the name of a module, given its file; a package is the module of its ``__init__.py``."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def statements(path: Path) -> list[tuple[str, list[str]]]:
    """Return (module, names imported from it) for every import statement of a file, wherever it stands."""
    if path.suffix != ".py":
        text = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8"))
        found = re.findall(r"^\s*from (fastw2v[\w.]*) c?import (\([^)]*\)|[^\n#]*)", text, re.M)
        found += [(module, "") for module in re.findall(r"^\s*c?import (fastw2v[\w.]*)", text, re.M)]
        return [(module, re.findall(r"(\w+)(?: as \w+)?", names)) for module, names in found]
    result: list[tuple[str, list[str]]] = []
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Import):
            result += [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            result.append((node.module or "", [alias.name for alias in node.names]))
    return [(module, names) for module, names in result if module.split(".")[0] == "fastw2v"]


def module_graph() -> dict[str, set[str]]:
    """Return the modules that each module imports, at its head, in functions and for type checking.

    ``from package import name`` imports the module ``package.name`` if there is one, and otherwise the package.
    """
    paths = [path for path in SOURCE.rglob("*.p*") if path.suffix in (".py", ".pyx", ".pxd")]
    graph: dict[str, set[str]] = {module_of(path): set() for path in paths}
    for path in paths:
        module = module_of(path)
        for imported, names in statements(path):
            submodules = {f"{imported}.{name}" for name in names} & graph.keys()
            graph[module] |= submodules
            if len(submodules) < max(1, len(names)):
                graph[module].add(imported)
        graph[module] &= graph.keys() - {module}
    return graph


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one module."""

    def reachable(start: str) -> set[str]:
        found, waiting = set[str](), [start]
        while waiting:
            new = graph[waiting.pop()] - found
            found |= new
            waiting += new
        return found

    reached = {module: reachable(module) for module in graph}
    components = {
        tuple(sorted(other for other in reached[module] if module in reached[other])) for module in graph
    }
    return sorted(list(component) for component in components if component)


def test_no_import_cycles():
    assert not cycles(module_graph())


def test_a_cycle_is_found():
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert cycles(graph) == [["a", "b", "c"], ["d", "e"]]


def test_the_directory_holds_what_the_map_names():
    present = {path.name.partition(".")[0] for path in SOURCE.iterdir() if path.name != "__pycache__"} - {
        "py"
    }
    assert present == set(LEVEL)


def test_every_package_states_its_purpose_and_what_it_imports():
    page = (SOURCE.parents[1] / "docs" / "development" / "architecture.md").read_text(encoding="utf-8")
    for init in SOURCE.glob("*/__init__.py"):
        purpose = ast.get_docstring(syntax_tree(init)) or ""
        assert "import" in purpose.lower(), f"{init} does not say what the package may import"
        assert f"`{init.parent.name}" in page or f"{init.parent.name}/" in page, (
            f"{init.parent.name} is not on the page"
        )


def printed(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_is_cheap():
    heavy = "print(*{m.split('.')[0] for m in sys.modules} & {'scipy', 'tqdm', 'smart_open', 'ot', 'gensim'})"
    assert printed(f"import sys, fastw2v; {heavy}; print('numpy' in sys.modules)").split() == ["False"]
    assert printed(f"import sys; from fastw2v import Word2Vec, KeyedVectors; {heavy}").split() == []
