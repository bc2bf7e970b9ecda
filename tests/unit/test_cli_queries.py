"""Queries from stdin: a prompt at a terminal, one query a line from a pipe."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time

import pytest

from fastw2v import KeyedVectors
from helpers.command_line import Stream, error_of, run
from helpers.fresh import ENVIRONMENT


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    kv = KeyedVectors(2)
    kv.add_vectors(["east", "north", "northeast", "west"], [[1, 0], [0, 1], [0.9, 1], [-1, 0]])
    path = tmp_path_factory.mktemp("vectors") / "v.txt"
    kv.save_word2vec_format(path)
    return path


def ask(monkeypatch, text: str, *arguments: object) -> int:
    monkeypatch.setattr("sys.stdin", Stream(text.encode()))
    return run(*arguments)


def test_each_line_of_a_pipe_is_a_query(vectors, monkeypatch, capsys):
    assert ask(monkeypatch, "east\n\nwest north\n", "similar", vectors, "--topn", 1, "--json") == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["query"] for answer in answers] == [["east"], ["west", "north"]]
    expected = KeyedVectors.load_word2vec_format(vectors).most_similar(["west", "north"], topn=1)[0][0]
    assert [answer["answers"][0]["word"] for answer in answers] == ["northeast", expected]
    assert ask(monkeypatch, "east\nnorth\n", "similar", vectors, "--topn", 1) == 0
    told = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert told == ["east", "northeast", "north", "northeast"]
    assert ask(monkeypatch, "east north west\n", "analogy", vectors, "--topn", 1) == 0
    assert capsys.readouterr().out.split()[:3] == ["east", "north", "west"]


def test_queries_that_cannot_be_answered_do_not_end_the_others(vectors, monkeypatch, capsys):
    assert ask(monkeypatch, "eats\neast\n", "similar", vectors, "--json", "--topn", 1) == 2
    captured = capsys.readouterr()
    first, second = map(json.loads, captured.out.splitlines())
    assert "did you mean east" in first["error"]
    assert second["answers"]
    assert "line 1: not in the vocabulary" in captured.err
    assert "1 of 2 queries were not answered" in captured.err
    assert ask(monkeypatch, "east north\n", "analogy", vectors) == 2
    assert "three words" in capsys.readouterr().err


def test_words_after_options_are_words(vectors, capsys):
    assert run("similar", vectors, "--topn", 1, "east", "--json", "west") == 0
    assert list(json.loads(capsys.readouterr().out)) == ["east", "west"]
    assert run("analogy", "--topn", 1, vectors, "east", "--json", "north", "west") == 0
    assert json.loads(capsys.readouterr().out)


def test_stdin_cannot_be_the_model_and_the_queries(vectors, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Stream(vectors.read_bytes()))
    assert run("similar", "-") == 2
    assert "add the words to the command line" in error_of(capsys)
    assert run("analogy", vectors, "east", "north") == 2
    assert "three words" in error_of(capsys)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="the test needs a pseudo-terminal")
@pytest.mark.parametrize("end", [b"\x04", b"\x03"])
def test_a_terminal_gets_a_prompt(vectors, end):
    import pty

    def read(until, sent):
        """Read from the terminal until a suffix comes, or its end; send again what had no effect for two seconds.

        CPython misses a signal that comes after readline has shown the prompt and before it waits for input.
        """
        shown, deadline = b"", time.monotonic() + 60
        while not shown.endswith(until):
            assert time.monotonic() < deadline, shown
            if not select.select([ours], [], [], 2)[0]:
                os.write(ours, sent)
                continue
            try:
                more = os.read(ours, 1000)
            except OSError:  # the terminal has no other end
                break
            if not more:
                break
            shown += more
        return shown

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "fastw2v", "similar", str(vectors), "--topn", "1"]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    ) as process:  # fmt: skip
        os.close(theirs)
        try:
            shown = read(b"> ", b"")
            for line in (b"east\n", b"eats\n"):
                os.write(ours, line)
                shown += read(b"> ", b"")
            os.write(ours, end)
            shown += read(b"\0", end)
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
    os.close(ours)
    assert b"northeast  0." in shown
    assert b"did you mean east" in shown
    assert b"Traceback" not in shown
