"""``fastw2v completion``: the scripts that shells read."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from fastw2v.cli.commands import COMMANDS
from helpers.command_line import error_of, run

BASH = """\
cd "$1"
source ./script
for line in 'fastw2v co' 'fastw2v train --check' 'fastw2v train a.txt mod' 'fastw2v plot m' 'fastw2v word2vec -tr'; do
    COMP_WORDS=($line); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
    _shtab_fastw2v
    echo "${COMPREPLY[*]}"
done
"""


def script(capsys: pytest.CaptureFixture[str], shell: str) -> str:
    assert run("completion", shell) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_has_every_command_and_its_options(capsys, shell):
    pytest.importorskip("shtab")
    text = script(capsys, shell)
    assert all(name in text for name in COMMANDS)
    assert "vector-size" in text
    assert "restrict-vocab" in text


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_options_and_files(tmp_path, capsys):
    pytest.importorskip("shtab")
    (tmp_path / "script").write_text(script(capsys, "bash"))
    (tmp_path / "model.fw2v").touch()
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", tmp_path], capture_output=True, text=True, check=True
    )
    commands, options, paths, kinds, flags = map(str.split, done.stdout.splitlines())
    assert sorted(commands) == ["compare", "completion", "convert"]
    assert options == ["--checkpoint", "--checkpoint-every"]
    assert paths == ["model.fw2v"]
    assert kinds == ["map"]
    assert flags == ["-train"]


def test_without_the_library_the_extra_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert run("completion", "zsh") == 2
    assert "pip install 'fastw2v[completion]'" in error_of(capsys)
