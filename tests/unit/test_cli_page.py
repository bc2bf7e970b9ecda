"""The commands of docs/command-line.md run as they are printed."""

from __future__ import annotations

import gzip
import importlib.util
import io
import itertools
import random
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from fastw2v.cli import entry_point
from fastw2v.cli.commands import COMMANDS

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
BLOCK = re.compile(r"^```console(?: requires=(\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WORDS = ["paris london berlin rome", "man woman king queen", "cat dog cow hen", "new york of the in"]


def command_lines() -> list[tuple[str, str]]:
    """Return the commands of the page, each with the library that it needs, or an empty string."""
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    return [(line[2:], library) for library, block in blocks for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with the files that the page names."""
    rng = random.Random(1)
    lines = [" ".join(rng.choices(rng.choice(WORDS).split(), k=8)) + "\n" for _ in range(900)]
    (tmp_path / "news").mkdir()
    (tmp_path / "archive" / "2025").mkdir(parents=True)
    (tmp_path / "corpus.txt").write_text("".join(lines[:300]))
    (tmp_path / "held-out.txt").write_text("".join(lines[600:650]))
    (tmp_path / "new.txt").write_text("quokka " + " quokka ".join(lines[:50]))
    (tmp_path / "news" / "a.txt").write_text("".join(lines[300:600]))
    (tmp_path / "archive" / "2025" / "b.txt.gz").write_bytes(gzip.compress("".join(lines[600:]).encode()))
    (tmp_path / "mytokens.py").write_text(
        "def split_at_commas(line):\n    return line.strip().split(',')[:1] * 5\n"
    )
    (tmp_path / "words.txt").write_text("paris\nlondon berlin\n")
    (tmp_path / "questions.txt").write_text(": people\nman king woman queen\nking man queen woman\n")
    (tmp_path / "similarities.tsv").write_text("paris\tlondon\t9\ncat\tking\t1\ncat\tdog\t8\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mytokens", raising=False)
    return tmp_path


def run_stage(command: str, given: bytes, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Run one command of a pipeline, fastw2v in this process, and return what it writes to stdout."""
    arguments = shlex.split(command)
    if arguments[0] != "fastw2v":
        return subprocess.run(arguments, input=given, capture_output=True, check=True).stdout
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
        patch.setattr("sys.stdout", out)
        assert entry_point.main(arguments[1:]) == 0, command
        out.flush()
        return out.buffer.getvalue()


@pytest.mark.slow
def test_every_command_of_the_page_runs(folder, monkeypatch):
    for line, library in command_lines():
        needs = library or ("matplotlib" if " plot " in line else "")
        if needs and importlib.util.find_spec(needs) is None:
            continue
        pipeline, _, target = line.partition(" > ")
        output = b""
        for stage in pipeline.split(" | "):
            output = run_stage(stage, output, monkeypatch)
        if target:
            assert output, line
            (folder / target).write_bytes(output)


def test_the_page_has_an_example_of_every_command():
    stages = itertools.chain(*(line.split(" | ") for line, _ in command_lines()))
    shown = {stage.split()[1] for stage in stages if stage.startswith("fastw2v ")}
    elsewhere = {"demo"}  # it has a test of its own, as it trains for some seconds
    assert set(COMMANDS) - shown - elsewhere == set()
    table = PAGE.read_text(encoding="utf-8").partition("## ")[0]
    assert [name for name in COMMANDS.keys() - elsewhere if f"`{name}`" not in table] == []
