"""``fastw2v stream``: training in one pass from the command line."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fastw2v import KeyedVectors, LineSentence, Word2Vec
from helpers.command_line import Stream, error_of, lines, run

STREAM = ["--max-words", 8, "--vector-size", 8, "--min-count", 1, "--sample", 0, "--workers", 1]
CHUNKS = ["--chunk-words", 500]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "corpus.txt"
    path.write_text("\n".join(lines()) + "\n", encoding="utf8")
    return path


class Interrupted(io.BytesIO):
    """A stream that Ctrl-C interrupts when its text has been read."""

    def readinto(self, buffer):
        count = super().readinto(buffer)
        if not count:
            raise KeyboardInterrupt
        return count


def assert_same(path: Path, expected: KeyedVectors) -> None:
    vectors = KeyedVectors.load(path)
    assert vectors.index_to_key == expected.index_to_key
    np.testing.assert_array_equal(vectors.vectors, expected.vectors)


@pytest.mark.parametrize("source", ["file", "stdin", "compressed stdin"])
def test_the_model_is_that_of_train_stream(text, tmp_path, monkeypatch, capsys, source):
    content = text.read_bytes()
    given = gzip.compress(content) if source == "compressed stdin" else content
    monkeypatch.setattr("sys.stdin", Stream(given))
    path = tmp_path / "model.fw2v"
    options = [*STREAM, *CHUNKS, "--epochs", 2, "--total-words", "3K", "--sg", "--count-decay", 0.9, "--json"]
    assert run("stream", text if source == "file" else "-", path, *options) == 0
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert (summary["words"], summary["sentences"], summary["vocabulary"]) == (2400, 300, 8)
    assert "trained on 2,400 words in 300 sentences" in err
    model = Word2Vec(
        max_words=8, vector_size=8, min_count=1, sample=0, workers=1, sg=1, count_decay=0.9, epochs=2
    )
    model.train_stream(LineSentence(text), chunk_words=500, epochs=2, total_words=3000)
    assert_same(path, model.wv)
    assert Word2Vec.load(path).epochs == 2  # an update trains as many


def test_an_interruption_saves_the_model_and_a_resumed_stream_ends_as_if_there_were_none(
    text, tmp_path, monkeypatch, capsys
):
    whole, path, checkpoint = (tmp_path / name for name in ("whole.fw2v", "model.fw2v", "stream.ckpt"))
    assert run("stream", text, whole, *STREAM, *CHUNKS, "--quiet") == 0
    command = ["stream", text, path, *STREAM, *CHUNKS, "--checkpoint", checkpoint, "--quiet"]
    stdin = Stream()
    stdin.buffer = Interrupted("\n".join(lines()[:150]).encode())
    monkeypatch.setattr("sys.stdin", stdin)
    assert run(command[0], "-", *command[2:], "--resume") == 130
    n_sentences = Word2Vec.load(path).stream_sentences
    assert 100 < n_sentences < 150
    assert f"the model of the first {n_sentences} sentences was saved in {path}" in error_of(capsys)
    assert run(*command) == 2
    assert "add --resume" in error_of(capsys)
    assert run(*command, "--resume", "--vector-size", 9) == 2
    assert "--vector-size=8, not 9" in error_of(capsys)
    for _ in range(2):  # the second time, the checkpoint has the whole text
        assert run(*command, "--resume") == 0
        assert_same(path, KeyedVectors.load(whole))


def test_a_stream_without_a_chunk_saves_nothing(tmp_path, monkeypatch, capsys):
    stdin = Stream()
    stdin.buffer = Interrupted(b"one two\n")
    monkeypatch.setattr("sys.stdin", stdin)
    assert run("stream", "-", tmp_path / "model", *STREAM) == 130
    assert "nothing was saved" in error_of(capsys)
    assert not list(tmp_path.iterdir())


def test_a_queue_continues_where_the_checkpoint_ends(text, tmp_path, monkeypatch):
    checkpoint = tmp_path / "stream.ckpt"
    for part in (lines()[:100], lines()[100:]):
        monkeypatch.setattr("sys.stdin", Stream("\n".join(part).encode()))
        options = [*STREAM, "--checkpoint", checkpoint, "--resume", "--no-skip", "--quiet"]
        assert run("stream", "-", tmp_path / "model.fw2v", *options) == 0
    model = Word2Vec.load(tmp_path / "model.fw2v")
    assert (model.stream_sentences, model.stream_words) == (300, 2400)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_trained_while_it_is_written(tmp_path):
    pipe, checkpoint = tmp_path / "pipe", tmp_path / "stream.ckpt"
    os.mkfifo(pipe)
    seen = []

    def write():
        with open(pipe, "w") as file:
            file.write("\n".join(lines()) + "\n")
            file.flush()
            deadline = time.monotonic() + 60
            while not checkpoint.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            seen.append(checkpoint.exists())

    writer = threading.Thread(target=write)
    writer.start()
    options = [*STREAM, *CHUNKS, "--checkpoint", checkpoint, "--quiet"]
    assert run("stream", pipe, tmp_path / "model.fw2v", *options) == 0
    writer.join()
    assert seen == [True]
    assert Word2Vec.load(tmp_path / "model.fw2v").stream_sentences == 300


def test_what_cannot_be_streamed_is_refused_before_anything_is_read(text, tmp_path, capsys):
    output, empty = tmp_path / "model.fw2v", tmp_path / "empty.txt"
    empty.write_text("\n")
    for inputs, options, message in (
        ([text, output], STREAM[2:], "--max-words"),
        ([text, output], [*STREAM, "--no-skip"], "--no-skip needs --resume"),
        ([text, output], [*STREAM, "--resume"], "--resume needs --checkpoint"),
        ([text, text], STREAM, "would overwrite the corpus file"),
        ([text, output], [*STREAM, "--checkpoint", text], "the checkpoint would overwrite INPUT"),
        ([text, output], [*STREAM, "--checkpoint", output], "the checkpoint would overwrite OUTPUT"),
        ([tmp_path / "nosuch.txt", output], STREAM, "no such file"),
        ([text, output], [*STREAM, "--tokenizer", "nosuch:split"], "--tokenizer nosuch:split"),
        ([text, output], [*STREAM, "--max-final-vocab", 5], "unknown option --max-final-vocab"),
        ([empty, output], STREAM, "no sentences"),
        ([text, output], [*STREAM, "--min-count", 100_000], "--min-count=100000"),
    ):
        assert run("stream", *inputs, *options, "--quiet") == 2, message
        assert message in error_of(capsys)
        assert not output.exists()
