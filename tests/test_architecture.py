"""The arrows of docs/architecture.md, over the syntax trees: what may import what, and what stays small."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "fastw2v"

COMPILED = {path.stem for path in SOURCE.glob("*.pyx")}

# Rooms from the bottom up. A module imports only from rooms below its own, or its equals in the same room.
ROOMS = [
    COMPILED | {"memory", "parallel", "crew", "callbacks", "termination"},
    {
        "formats",
        "huffman",
        "sampling",
        "similarity",
        "initial",
        "progress",
        "pauses",
        "utils",
        "textfile",
        "spareroom",
        "parameters",
    },
    {"wordcounts"},
    {"drift", "encoding", "evaluation", "selection"},
    {"corpora", "heldout", "replay", "training"},
    {"epochs"},
    {"vocab", "keyedrows"},
    {"vectorstore"},
    {"queries", "vectorfiles"},
    {"keyedvectors"},
    {"anyvectors"},
    {"warmstart"},
    {"incremental"},
    {"weights"},
    {"growth", "lexicon", "modelstate", "network"},
    {"checkpoints"},
    {"trainable"},
    {"word2vec"},
    {"models", "scripts", "matutils", "anyfile", "demo"},
    {"commands"},
    {"cli"},
    {"__main__"},
]
LEVEL = {name: level for level, room in enumerate(ROOMS) for name in room}
LAYER_OF_COMPATIBILITY = (
    "compat"  # names of gensim's past beside every room; nothing of today's needs it to work
)
MODELS = {"word2vec", "keyedvectors", "vectorstore", "keyedrows", "lexicon", "vocab"}
NUMBERS_ONLY = {"formats", "evaluation", "drift", "similarity", "huffman", "sampling", "initial", "memory"}


def modules() -> list[Path]:
    return sorted(
        path for path in SOURCE.rglob("*.py") if path.name != "__init__.py" or path.parent != SOURCE
    )


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """Rooms of fastw2v that a file imports at run time, inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    rooms = set()
    for node in ast.walk(tree):
        if id(node) in for_types_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "fastw2v":
            rooms |= {alias.name for alias in node.names if alias.name in LEVEL or alias.name == "compat"}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fastw2v."):
            rooms.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            rooms |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("fastw2v.")}
    return rooms


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_arrows_point_one_way(path):
    room = room_of(path)
    if room == LAYER_OF_COMPATIBILITY:
        return
    assert room in LEVEL, f"{room} is in no room: name it here and in docs/architecture.md"
    for other in imported_rooms(path) - {room, LAYER_OF_COMPATIBILITY}:
        assert LEVEL[other] <= LEVEL[room], f"{room} imports {other}, which stands above it"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_plain_rooms_know_no_model(path):
    if room_of(path) in NUMBERS_ONLY:
        assert not imported_rooms(path) & MODELS


def test_every_room_is_on_the_map():
    page = (SOURCE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    for room in [*LEVEL, LAYER_OF_COMPATIBILITY]:
        assert room in page, f"docs/architecture.md does not show {room}"


def test_the_engine_knows_no_python_class():
    """The compiled rooms get arrays; none of them imports a Python module of this package."""
    for path in SOURCE.glob("_*.pyx"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(("from fastw2v", "import fastw2v")):
                assert line.startswith("from fastw2v._"), f"{path.name}: {line}"
                assert "cimport" in line


def test_importing_the_package_is_cheap():
    import subprocess
    import sys

    def printed(code: str) -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    heavy = "print(*{m.split('.')[0] for m in sys.modules} & {'scipy', 'tqdm', 'smart_open', 'ot', 'gensim'})"
    assert printed(f"import sys, fastw2v; {heavy}; print('numpy' in sys.modules)").split() == ["False"]
    assert printed(f"import sys; from fastw2v import Word2Vec, KeyedVectors; {heavy}").split() == []
