"""The command line: results, files, messages and exit statuses."""

from __future__ import annotations

import bz2
import gzip
import inspect
import io
import itertools
import json
import lzma
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastw2v import KeyedVectors, Word2Vec
from fastw2v.cli import commands, entry_point, parser
from fastw2v.formats import native
from faults import fasttext_file
from helpers.command_line import ANIMALS, SMALL, Stream, error_of, lines, run
from helpers.fresh import ENVIRONMENT, run_fresh
from helpers.oracle import gensim
from helpers.parameters import one_in


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "corpus.txt"
    path.write_text("\n".join(lines()) + "\n", encoding="utf8")
    return path


@pytest.fixture(scope="module")
def model(text: Path) -> Path:
    path = text.parent / "model.fw2v"
    assert (
        entry_point.main(
            ["train", str(text), str(path), *SMALL, "--epochs", "20", "--alpha", "0.1", "--quiet"]
        )
        == 0
    )
    return path


def fastw2v_process(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "fastw2v", *map(str, arguments)]
    return subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, **options)


# --- train


def test_fast_stands_for_options(text, tmp_path):
    def parameters(*options: str) -> dict[str, object]:
        parsed = vars(parser.make_parser().parse_args(["train", "in.txt", "out.fw2v", *options]))
        return {name: parsed[name] for name in ("sg", "negative", "shared_negatives")}

    assert parameters("--fast") == {"sg": 1, "negative": 5, "shared_negatives": 1}
    assert parameters("--negative", "20", "--fast") == parameters("--fast")
    assert parameters("--fast", "--negative", "10") == {"sg": 1, "negative": 10, "shared_negatives": 1}
    assert run("train", text, tmp_path / "m", "--fast", *SMALL, "--quiet") == 0
    model = Word2Vec.load(tmp_path / "m")
    assert (model.sg, model.negative, model.shared_negatives) == (1, 5, True)


def test_every_parameter_of_the_constructor_is_an_option_with_its_default():
    options = vars(parser.make_parser().parse_args(["train", "in", "out"]))
    for name, parameter in inspect.signature(Word2Vec.__init__).parameters.items():
        if name in (
            "self", "sentences", "corpus_file", "hashfxn", "trim_rule", "callbacks", "progress", "sample_weight",
        ):  # fmt: skip
            continue
        assert options[name] == (-1 if name == "workers" else parameter.default), name


def test_train_gives_the_model_of_the_constructor(text, tmp_path, capsys):
    given = "--vector-size 12 --window 3 --min-count 2 --sg 1 --negative 4 --epochs 2 --seed 7 --workers 1"
    options = f"{given} --alpha 0.03 --sample 0.01 --shrink-windows 0"
    assert run("train", text, tmp_path / "m.fw2v", *options.split()) == 0
    expected = Word2Vec(
        corpus_file=text, vector_size=12, window=3, min_count=2, sg=1, negative=4, epochs=2, workers=1,
        seed=7, alpha=0.03, sample=0.01, shrink_windows=False,
    )  # fmt: skip
    trained = Word2Vec.load(tmp_path / "m.fw2v")
    assert trained.wv.index_to_key == expected.wv.index_to_key
    np.testing.assert_array_equal(trained.wv.vectors, expected.wv.vectors)
    np.testing.assert_array_equal(trained.syn1neg, expected.syn1neg)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "2,400 words in 300 sentences for 2 epochs, vocabulary of 10 words" in captured.err
    assert "words/s" in captured.err


def test_train_starts_from_vectors_of_a_file(text, tmp_path):
    assert run("train", text, tmp_path / "older.txt", *SMALL, "--quiet") == 0
    older = tmp_path / "older.txt"
    options = [*SMALL, "--seed", 5, "--init-from", older, "--init-lockf", 0, "--quiet"]
    assert run("train", text, tmp_path / "m.fw2v", *options) == 0
    before, after = KeyedVectors.load_word2vec_format(older), KeyedVectors.load(tmp_path / "m.fw2v")
    for word in before.index_to_key:
        np.testing.assert_array_equal(after[word], before[word])


def test_a_bare_switch_means_one(text, tmp_path):
    assert run("train", "--sg", text, tmp_path / "m.fw2v", *SMALL, "--hs", "--negative", 0, "--quiet") == 0
    trained = Word2Vec.load(tmp_path / "m.fw2v")
    assert (trained.sg, trained.hs, trained.cbow_mean) == (1, 1, 1)


@pytest.mark.parametrize(("suffix", "opener"), [(".gz", gzip.open), (".bz2", bz2.open), (".xz", lzma.open)])
def test_train_reads_compressed_text(text, tmp_path, suffix, opener):
    packed = tmp_path / f"corpus.txt{suffix}"
    with opener(packed, "wb") as file:
        file.write(text.read_bytes())
    assert run("train", packed, tmp_path / "packed.fw2v", *SMALL, "--quiet") == 0
    assert run("train", text, tmp_path / "plain.fw2v", *SMALL, "--quiet") == 0
    packed_vectors, plain_vectors = (
        KeyedVectors.load(tmp_path / f"{name}.fw2v") for name in ("packed", "plain")
    )
    np.testing.assert_array_equal(packed_vectors.vectors, plain_vectors.vectors)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, bz2.compress])
def test_train_reads_stdin_plain_or_compressed(text, tmp_path, monkeypatch, pack):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(pack(text.read_bytes()))))
    assert run("train", "-", tmp_path / "stdin.fw2v", *SMALL, "--quiet") == 0
    assert run("train", text, tmp_path / "file.fw2v", *SMALL, "--quiet") == 0
    stdin_vectors, file_vectors = (KeyedVectors.load(tmp_path / f"{name}.fw2v") for name in ("stdin", "file"))
    np.testing.assert_array_equal(stdin_vectors.vectors, file_vectors.vectors)
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_train_and_eval_read_pipes(text, model, judged, tmp_path, capsys):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(text.read_bytes()))
    writer.start()
    assert run("train", pipe, tmp_path / "m.fw2v", *SMALL, "--quiet") == 0
    writer.join()
    assert Word2Vec.load(tmp_path / "m.fw2v").corpus_total_words == 2400
    writer = threading.Thread(target=lambda: pipe.write_bytes(judged[0].read_bytes()))
    writer.start()
    assert run("eval", model, "--analogies", pipe, "--json") == 0
    writer.join()
    assert json.loads(capsys.readouterr().out)[0]["items"] == 4


def test_train_does_not_overwrite_its_input(text, capsys):
    before = text.read_bytes()
    assert run("train", text, text.parent / "." / text.name, *SMALL) == 2
    assert "overwrite" in error_of(capsys)
    (text.parent / "link").symlink_to(text)
    assert run("train", text, text.parent / "link", *SMALL) == 2
    assert "overwrite" in error_of(capsys)
    (text.parent / "link").unlink()
    assert run("train", text.parent, text, *SMALL) == 2  # all files of a directory
    assert "overwrite" in error_of(capsys)
    assert text.read_bytes() == before


def test_train_reads_all_files_of_a_directory(text, tmp_path):
    directory = tmp_path / "texts"
    directory.mkdir()
    halves = text.read_text(encoding="utf8").splitlines(keepends=True)
    (directory / "a.txt").write_text("".join(halves[:100]), encoding="utf8")
    (directory / "b.txt").write_text("".join(halves[100:]), encoding="utf8")
    assert run("train", directory, tmp_path / "m.fw2v", *SMALL, "--quiet") == 0
    assert Word2Vec.load(tmp_path / "m.fw2v").corpus_count == 300


@pytest.mark.parametrize(
    ("name", "option", "binary"),
    [("v.txt", None, False), ("v.vec.gz", None, False), ("v.bin", None, True), ("v.txt", "binary", True)],
)
def test_train_writes_the_format_of_the_suffix_or_the_option(text, tmp_path, name, option, binary):
    chosen = ["--format", option] if option else []
    assert run("train", text, tmp_path / name, *SMALL, "--quiet", *chosen) == 0
    assert run("train", text, tmp_path / "m.fw2v", *SMALL, "--quiet") == 0
    theirs = gensim.models.KeyedVectors.load_word2vec_format(str(tmp_path / name), binary=binary)
    ours = KeyedVectors.load(tmp_path / "m.fw2v")
    assert theirs.index_to_key == ours.index_to_key
    np.testing.assert_array_equal(theirs.vectors, ours.vectors)


def test_train_summary_as_json(text, tmp_path, capsys):
    assert run("train", text, tmp_path / "m.fw2v", *SMALL, "--json", "--quiet") == 0
    captured = capsys.readouterr()
    summary = json.loads(captured.out)
    assert (summary["words"], summary["sentences"], summary["vocabulary"]) == (2400, 300, 10)
    assert summary["raw_words_per_second"] > 0
    assert captured.err == ""


def test_verbose_logs_the_training_and_leaves_no_handler(text, tmp_path, capsys):
    import logging

    before = list(logging.getLogger().handlers)
    assert run("train", text, tmp_path / "m.fw2v", *SMALL, "--verbose") == 0
    assert "EPOCH 2: training on 2400 raw words" in capsys.readouterr().err
    assert logging.getLogger().handlers == before


def test_the_output_is_checked_before_the_input_is_read(tmp_path, monkeypatch, capsys):
    unread = io.BytesIO(b"a b c\n" * 100)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=unread))
    assert run("train", "-", tmp_path / "missing" / "m.fw2v", *SMALL) == 2
    assert str(tmp_path / "missing") in error_of(capsys)
    assert unread.tell() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nosuch.txt", "{out}"], "nosuch.txt"),
        (["{text}", "{out}", "--min-count", "100000"], "--min-count=100000"),
        (["{text}", "{out}", "--vector-size", "0"], "vector_size=0"),
        (["{text}", "{out}", "--window", "wide"], "--window"),
        (["{text}", "{out}", "--sg", "2"], "fastw2v train --help"),
        (["{text}", "{out}", "--corpus-budget", "much"], "500M"),
        (["{text}", "{out}", "--negative", "0"], "'hs' or 'negative'"),
        (["{text}"], "OUTPUT"),
        (["{text}", "{out}", "--no-such-option"], "--no-such-option"),
    ],
)
def test_train_reports_invalid_arguments_in_one_line(text, tmp_path, capsys, arguments, message):
    out = tmp_path / "m.fw2v"
    assert run("train", *(argument.format(text=text, out=out) for argument in arguments)) == 2
    assert message in error_of(capsys)
    assert list(tmp_path.iterdir()) == []


def test_text_that_is_not_utf8_is_named_with_its_line(tmp_path, capsys):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"one two\nca\xe9 four\n")
    assert run("train", path, tmp_path / "m.fw2v", *SMALL) == 2
    assert "line 2" in error_of(capsys)


@pytest.mark.skipif(os.name != "posix", reason="the test sends SIGINT, which needs POSIX")
@pytest.mark.parametrize("keep", [False, True])
def test_interrupt_leaves_no_model_unless_asked(text, tmp_path, keep):
    out = tmp_path / "m.fw2v"
    options = [*SMALL, "--epochs", "10000000", "--verbose", *(["--keep-partial"] if keep else [])]
    process = fastw2v_process("train", text, out, *options)
    assert process.stderr is not None
    with process.stderr:
        for line in process.stderr:
            if b"EPOCH 1:" in line:
                break
        process.send_signal(signal.SIGINT)
        last = process.stderr.read().splitlines()[-1]
    assert process.wait(timeout=20) == 130
    assert last.startswith(b"fastw2v: error: interrupted")
    assert out.exists() == keep
    if keep:
        assert len(Word2Vec.load(out).wv) == 10


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="the test sends SIGTERM, which needs POSIX")
@pytest.mark.parametrize("keep", one_in(2, [False, True]))
def test_sigterm_ends_the_training_and_the_checkpoint_can_be_resumed(text, tmp_path, keep):
    out, checkpoint = tmp_path / "m.fw2v", tmp_path / "run.ckpt"
    options = [*SMALL, "--epochs", "10000000", "--checkpoint", checkpoint, "--resume"]
    options += ["--keep-partial"] if keep else []
    epochs = []
    for _ in range(2):
        process = fastw2v_process("train", text, out, *options, "--verbose")
        assert process.stderr is not None
        with process.stderr:
            seen = 0
            for line in process.stderr:
                seen += b"raw words (" in line
                if seen == 20:
                    break
            process.send_signal(signal.SIGTERM)
            last = process.stderr.read().splitlines()[-1]
        assert process.wait(timeout=20) == 143
        assert last.startswith(b"fastw2v: error: interrupted")
        assert (b"--resume" in last) is not keep
        epochs.append(native.read(checkpoint)[1]["training"]["position"]["epoch"])
    assert 15 <= epochs[0] < epochs[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == (["m.fw2v"] if keep else []) + ["run.ckpt"]
    if keep:
        assert len(Word2Vec.load(out).wv) == 10


def test_train_resumes_to_the_same_model(text, tmp_path, monkeypatch, capsys):
    def numbers(path):
        model = Word2Vec.load(path)
        return model.wv.vectors.tobytes(), model.syn1neg.tobytes()

    options = [*SMALL, "--quiet", "--workers", "1", "--epochs", "4"]
    whole, parts, checkpoint = tmp_path / "whole", tmp_path / "parts", tmp_path / "run.ckpt"
    assert run("train", text, whole, *options) == 0
    options += ["--checkpoint", checkpoint]

    def interrupt(self, model):
        if len(epochs) == 2:
            raise KeyboardInterrupt
        epochs.append(model)

    epochs: list[Word2Vec] = []
    with monkeypatch.context() as patch:
        patch.setattr(commands.TrainingObserver, "on_epoch_end", interrupt)
        assert run("train", text, parts, *options, "--checkpoint-every", "0.1K") == 130
    assert "--resume" in error_of(capsys)
    assert run("train", text, parts, *options) == 2
    assert "exists" in error_of(capsys)
    assert run("train", text, parts, *options, "--resume", "--vector-size", "9") == 2
    assert "--vector-size=" in error_of(capsys)
    assert run("train", text, parts, *options, "--resume") == 0
    assert numbers(parts) == numbers(whole)
    other = tmp_path / "other.txt"
    other.write_text("another text\n" * 50)
    assert run("train", other, parts, *options, "--resume") == 2
    assert "not that of the checkpoint" in error_of(capsys)


def test_contradictory_checkpoint_options_are_rejected(text, tmp_path, capsys):
    out = tmp_path / "m"
    for options, message in (
        (["--resume"], "--checkpoint"),
        (["--checkpoint-every", "5M"], "--checkpoint"),
        (["--checkpoint", out], "OUTPUT"),
        (["--checkpoint", text], "INPUT"),
        (["--checkpoint", tmp_path / "c", "--checkpoint-every", "0"], "number of words"),
        (["--checkpoint", tmp_path / "c", "--checkpoint-every", "many"], "number of words"),
        (["--checkpoint", tmp_path / "none" / "c"], "directory"),
    ):
        assert run("train", text, out, *SMALL, *options) == 2
        assert message in error_of(capsys)
        assert not out.exists()


# --- similar, analogy


def test_similar_lists_the_neighbours_of_each_word(model, capsys):
    assert run("similar", model, "cat", "red", "--topn", 4, "--json") == 0
    rankings = json.loads(capsys.readouterr().out)
    wv = KeyedVectors.load(model)
    assert list(rankings) == ["cat", "red"]
    assert {record["word"] for record in rankings["cat"]} == set(ANIMALS) - {"cat"}
    for word, ranking in rankings.items():
        expected = wv.most_similar(word, topn=4)
        assert [record["word"] for record in ranking] == [key for key, _ in expected]
        np.testing.assert_allclose(
            [record["score"] for record in ranking], [s for _, s in expected], atol=1e-5
        )


def test_similar_prints_words_and_cosines(model, capsys):
    assert run("similar", model, "cat", "--topn", 3) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [word for word, _ in rows] == [
        word for word, _ in KeyedVectors.load(model).most_similar("cat", topn=3)
    ]
    assert all(-1 <= float(score) <= 1 for _, score in rows)


def test_models_of_fasttext_are_converted_and_queried(tmp_path, capsys):
    (tmp_path / "model.bin").write_bytes(fasttext_file.content(fasttext_file.model()))
    assert run("convert", tmp_path / "model.bin", tmp_path / "model.fw2v") == 0
    for name in ("model.bin", "model.fw2v"):
        capsys.readouterr()
        assert run("similar", tmp_path / name, "dog") == 0
        assert len(capsys.readouterr().out.splitlines()) == len(fasttext_file.WORDS)
    assert run("convert", tmp_path / "model.bin", tmp_path / "model.txt") == 0
    assert run("similar", tmp_path / "model.txt", "dog") == 2


def test_similar_together_asks_for_the_mean(model, capsys):
    assert run("similar", model, "cat", "dog", "--together", "--topn", 2, "--json") == 0
    (ranking,) = json.loads(capsys.readouterr().out).values()
    expected = KeyedVectors.load(model).most_similar(["cat", "dog"], topn=2)
    assert [record["word"] for record in ranking] == [word for word, _ in expected]


def test_unknown_words_are_named_with_suggestions(model, capsys):
    assert run("similar", model, "cat", "Dog", "grean") == 2
    told = error_of(capsys)
    assert "'Dog', 'grean'" in told
    assert "did you mean dog, green" in told


@pytest.mark.parametrize("cosmul", [False, True])
def test_analogy_is_b_minus_a_plus_c(model, capsys, cosmul):
    assert (
        run("analogy", model, "cat", "dog", "red", "--topn", 3, "--json", *(["--cosmul"] if cosmul else []))
        == 0
    )
    wv = KeyedVectors.load(model)
    search = wv.most_similar_cosmul if cosmul else wv.most_similar
    expected = search(positive=["dog", "red"], negative=["cat"], topn=3)
    assert [record["word"] for record in json.loads(capsys.readouterr().out)] == [
        word for word, _ in expected
    ]


@pytest.mark.skipif(os.name != "posix", reason="broken pipes raise SIGPIPE only on POSIX")
def test_a_closed_pipe_is_silent(model):
    process = fastw2v_process("similar", model, "cat", stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait(timeout=20) == 141


# --- eval


@pytest.fixture
def judged(tmp_path: Path) -> tuple[Path, Path]:
    analogies, pairs = tmp_path / "analogies.txt", tmp_path / "pairs.tsv"
    analogies.write_text(
        ": animals\ncat dog cow hen\ncat dog cow unknown\n: mixed\ncat red dog blue\nCAT dog hen pig\n",
        encoding="utf8",
    )
    pairs.write_text(
        "# words\ncat\tdog\t9\ncat\tred\t1\nred\tblue\t8.5\nhen\tblack\t2\ncat\tunknown\t5\n", encoding="utf8"
    )
    return analogies, pairs


def test_eval_agrees_with_gensim(model, judged, tmp_path, capsys):
    analogies, pairs = judged
    assert run("eval", model, "--analogies", analogies, "--pairs", pairs, "--json") == 0
    questions, similarity = json.loads(capsys.readouterr().out)
    assert run("convert", model, tmp_path / "v.bin", "--quiet") == 0
    theirs = gensim.models.KeyedVectors.load_word2vec_format(str(tmp_path / "v.bin"), binary=True)
    accuracy, _ = theirs.evaluate_word_analogies(str(analogies), restrict_vocab=30000)
    pearson, spearman, oov = theirs.evaluate_word_pairs(str(pairs))
    assert (questions["name"], similarity["name"]) == ("analogies", "pairs")
    assert questions["score"] == pytest.approx(accuracy)
    assert (questions["items"], questions["oov"]) == (4, 25.0)
    assert similarity["pearson"] == pytest.approx(pearson[0], abs=1e-5)
    assert similarity["spearman"] == pytest.approx(spearman[0], abs=1e-5)
    assert similarity["oov"] == pytest.approx(oov)


def test_eval_prints_a_table(model, judged, capsys):
    analogies, pairs = judged
    assert run("eval", model, "--analogies", analogies, "--pairs", pairs, "--sections") == 0
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert table[0] == ["name", "score", "pearson", "spearman", "oov", "items"]
    assert [row[0] for row in table[1:]] == ["analogies", "animals", "mixed", "pairs"]
    assert len({len(row) for row in table}) == 1


def test_a_set_without_a_score_does_not_affect_the_others(model, judged, tmp_path, capsys):
    unknown = tmp_path / "unknown.tsv"
    unknown.write_text("one\ttwo\t3\nthree\tfour\t5\n", encoding="utf8")
    assert run("eval", model, "--pairs", unknown, judged[1], "--json") == 0
    captured = capsys.readouterr()
    first, second = json.loads(captured.out)
    assert first["spearman"] is None
    assert second["spearman"] is not None
    assert "unknown.tsv" in captured.err


@pytest.mark.parametrize("kind", ["--analogies", "--pairs"])
@pytest.mark.parametrize(
    "content", ["", ": unknown\none two three four\n", "one\ttwo\t3\nthree\tfour\t5\n", "cat;dog;3\n"]
)
def test_eval_fails_if_nothing_was_evaluated(model, tmp_path, capsys, kind, content):
    (tmp_path / "file").write_text(": s\n" + content if kind == "--analogies" else content, encoding="utf8")
    for options in ((), ("--json",)):
        assert run("eval", model, kind, tmp_path / "file", *options) == 2
        assert "nothing was evaluated" in capsys.readouterr().err


def test_eval_rejects_missing_files(model, capsys):
    assert run("eval", model) == 2
    assert "--analogies" in error_of(capsys)
    assert run("eval", model, "--pairs", "nosuch.tsv") == 2
    assert "nosuch.tsv" in error_of(capsys)


# --- info, convert


@pytest.fixture(scope="module")
def gensim_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gensim") / "gensim.model"
    sentences = [line.split() for line in lines()]
    gensim.models.Word2Vec(sentences, vector_size=16, min_count=1, epochs=2, workers=1).save(str(path))
    return path


def test_info_on_a_model(model, capsys):
    assert run("info", model, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["format"], facts["words"], facts["vector_size"]) == (
        "model",
        "native",
        10,
        16,
    )
    assert facts["bytes"] == model.stat().st_size
    assert facts["tokens"] == 2400
    assert facts["parameters"]["epochs"] == 20
    assert any("raw words" in str(event.get("msg")) for event in facts["history"])
    assert run("info", model) == 0
    told = capsys.readouterr().out
    assert "10 words, 16 dimensions, float32" in told
    assert "training on 48000 raw words" in told


def test_info_on_gensims_model_and_on_bare_vectors(gensim_model, tmp_path, capsys):
    assert run("info", gensim_model, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["format"], facts["words"]) == ("model", "gensim", 10)
    assert run("convert", gensim_model, tmp_path / "v.txt") == 0
    capsys.readouterr()
    assert run("info", tmp_path / "v.txt", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["format"], facts["words"]) == ("vectors", "text", 10)
    assert "parameters" not in facts


def test_convert_converts_a_gensim_model_through_all_formats(gensim_model, tmp_path, capsys):
    theirs = gensim.models.Word2Vec.load(str(gensim_model))
    chain = [gensim_model, *(tmp_path / name for name in ("a.fw2v", "b.txt.gz", "c.bin", "d.vec", "e.fw2v"))]
    for source, target in itertools.pairwise(chain):
        assert run("convert", source, target) == 0
        assert f"to {target}" in capsys.readouterr().err
    whole = Word2Vec.load(chain[1])
    np.testing.assert_array_equal(whole.syn1neg, theirs.syn1neg)
    assert whole.train([["cat", "dog"]], total_examples=1, epochs=1) is not None
    last = KeyedVectors.load(chain[-1])
    assert last.index_to_key == theirs.wv.index_to_key
    np.testing.assert_array_equal(last.vectors, theirs.wv.vectors)


@pytest.mark.parametrize("kind", ["model", "vectors"])
def test_convert_writes_what_gensim_loads(model, tmp_path, kind):
    target = tmp_path / "for-gensim.model"
    assert run("convert", model, target, "--format", "gensim", "--kind", kind, "--quiet") == 0
    theirs = (gensim.models.Word2Vec if kind == "model" else gensim.models.KeyedVectors).load(str(target))
    vectors = theirs.wv if kind == "model" else theirs
    np.testing.assert_array_equal(vectors.vectors, KeyedVectors.load(model).vectors)


def test_convert_keeps_the_vectors_alone_if_asked(model, tmp_path, capsys):
    assert run("convert", model, tmp_path / "v.fw2v", "--kind", "vectors", "--quiet") == 0
    assert capsys.readouterr().err == ""
    assert (tmp_path / "v.fw2v").stat().st_size < model.stat().st_size
    with pytest.raises(AttributeError):
        Word2Vec.load(tmp_path / "v.fw2v")


def test_convert_rejects_a_format_that_cannot_hold_the_model(model, tmp_path, capsys):
    assert run("convert", model, tmp_path / "v.txt", "--kind", "model") == 2
    assert "vectors only" in error_of(capsys)
    assert run("convert", model, tmp_path / "v.txt", "--quiet") == 0
    assert run("convert", tmp_path / "v.txt", tmp_path / "m.fw2v", "--kind", "model") == 2
    assert "holds vectors only" in error_of(capsys)
    assert not (tmp_path / "m.fw2v").exists()


def test_vectors_without_a_header_are_read(tmp_path, capsys):
    path = tmp_path / "glove.txt"
    path.write_text("cat 1 0 0\ndog 0.9 0.1 0\nred 0 0 1\n", encoding="utf8")
    assert run("similar", path, "cat", "--topn", 1, "--json") == 0
    assert json.loads(capsys.readouterr().out)["cat"][0]["word"] == "dog"


@pytest.mark.parametrize("command", ["info", "similar", "convert"])
def test_files_without_a_model_are_rejected(tmp_path, capsys, command):
    extra = {"info": [], "similar": ["cat"], "convert": [tmp_path / "out.fw2v"]}[command]
    for name, content in (
        ("text.txt", b"just some words\n"),
        ("empty", b""),
        ("noise", bytes(range(256)) * 9),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        assert run(command, path, *extra) == 2
        assert name in error_of(capsys)
    assert run(command, tmp_path / "missing", *extra) == 2
    assert "missing: no such file" in error_of(capsys)
    assert run(command, tmp_path, *extra) == 2
    assert "directory" in error_of(capsys)


# --- program


def test_usage_errors_and_help(capsys):
    assert run() == 2
    assert "COMMAND" in error_of(capsys)
    assert run("trian") == 2
    assert "trian" in error_of(capsys)
    with pytest.raises(SystemExit) as exit_of_help:
        run("--help")
    assert exit_of_help.value.code == 0
    assert "fastw2v demo" in capsys.readouterr().out


def test_help_does_not_import_what_it_does_not_need():
    printed = run_fresh("""
        import contextlib, sys
        from fastw2v.cli import main
        with contextlib.suppress(SystemExit):
            main(["--help"])
        print({"numpy", "smart_open", "fastw2v.word2vec"} & set(sys.modules))
    """)
    assert printed.splitlines()[-1] == "set()"


def test_a_traceback_only_with_debug(capsys):
    assert run("info", "nosuch", "--debug") == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_internal_error_has_its_own_exit_status(model, monkeypatch, capsys):
    monkeypatch.setattr("fastw2v.cli.queries.print_ranking", lambda ranking: ranking.no_such_method())
    assert run("similar", model, "cat") == 1
    assert "--debug" in error_of(capsys)


def test_the_module_runs_as_a_program(text, tmp_path):
    process = fastw2v_process("train", "-", tmp_path / "m.fw2v", *SMALL, stdin=subprocess.PIPE)
    _, errors = process.communicate(text.read_bytes(), timeout=60)
    assert process.returncode == 0
    assert b"2,400 words in 300 sentences" in errors
    assert b"\r" not in errors  # no progress bar off a terminal
    assert len(Word2Vec.load(tmp_path / "m.fw2v").wv) == 10


# --- stdin, stdout, names of files and options


@pytest.mark.parametrize(("options", "signature"), [([], b"10 16\n"), (["--format", "native"], b"")])
def test_train_and_convert_write_to_stdout(text, model, tmp_path, monkeypatch, capsys, options, signature):
    monkeypatch.chdir(tmp_path)
    for command in (["train", text, "-", *SMALL], ["convert", model, "-"]):
        monkeypatch.setattr("sys.stdout", Stream())
        assert run(*command, *options) == 0
        output = sys.stdout.buffer.getvalue()
        assert output.startswith(signature)
        (tmp_path / "output").write_bytes(output)
        assert len(commands.files.load_any("output")) == 10
        assert "stdout" in capsys.readouterr().err
        assert os.listdir(tmp_path) == ["output"]


def test_every_command_reads_a_model_from_stdin(model, tmp_path, monkeypatch, capsys):
    (tmp_path / "pairs").write_text("cat\tdog\t3\nred\tblue\t2\ncat\tred\t1\n")
    for command in (
        ["similar", "-", "cat"],
        ["analogy", "-", "cat", "dog", "red"],
        ["eval", "-", "--pairs", tmp_path / "pairs"],
        ["info", "-"],
        ["convert", "-", tmp_path / "vectors.bin"],
    ):
        monkeypatch.setattr("sys.stdin", Stream(model.read_bytes()))
        assert run(*command) == 0
        captured = capsys.readouterr()
        assert "fastw2v-stdin" not in captured.out + captured.err
    assert len(commands.files.load_any(tmp_path / "vectors.bin")) == 10
    monkeypatch.setattr("sys.stdin", Stream((tmp_path / "pairs").read_bytes()))
    assert run("eval", model, "--pairs", "-") == 0


def test_what_cannot_be_written_to_stdout_is_refused(text, model, capsys):
    for command in (
        ["train", text, "-", *SMALL, "--json"],
        ["convert", model, "-", "--format", "gensim"],
        ["train", text, "m.fw2v", "--checkpoint", "-"],
        ["demo", "--save", "-"],
    ):
        assert run(*command) == 2
        assert "name a file" in error_of(capsys)


@pytest.mark.parametrize("name", ["v.npy", "v.csv", "v.json", "v.zip", "v.csv.gz", "V.NPY"])
def test_a_suffix_of_another_format_is_refused(text, model, tmp_path, capsys, name):
    for command in (["train", text], ["convert", model]):
        assert run(*command, tmp_path / name) == 2
        message = error_of(capsys)
        assert all(
            part in message for part in (name, ".txt", ".bin", ".fw2v", "native, text, binary, gensim")
        )
    assert not (tmp_path / name).exists()
    assert run("convert", model, tmp_path / name, "--format", "text", "--quiet") == 0


@pytest.mark.parametrize(
    ("option", "suggestion"),
    [
        ("--vector_size", "did you mean --vector-size?"),
        ("--vectr-size=5", "did you mean --vector-size?"),
        ("--size", "use --vector-size"),
        ("-size", "use --vector-size"),
        ("--min_count", "did you mean --min-count?"),
        ("--iter", "use --epochs"),
        ("-threads", "use --workers"),
        ("-cbow", "use --sg 0"),
    ],
)
def test_an_unknown_option_gets_a_suggestion(text, tmp_path, capsys, option, suggestion):
    assert run("train", text, tmp_path / "m", option, "5") == 2
    message = error_of(capsys)
    assert option in message
    assert suggestion in message


@pytest.mark.parametrize("link", [None, "symlink", "hard link"])
@pytest.mark.parametrize("options", [[], ["--format", "text"], ["--format", "gensim"]])
def test_convert_does_not_write_over_its_input(model, tmp_path, capsys, link, options):
    source, target = tmp_path / "model.fw2v", tmp_path / "other.fw2v"
    source.write_bytes(Path(model).read_bytes())
    if link is None:
        target = source
    elif link == "symlink":
        target.symlink_to(source)
    else:
        target.hardlink_to(source)
    before = source.read_bytes()
    assert run("convert", source, target, *options) == 2
    assert "would overwrite INPUT" in capsys.readouterr().err
    assert source.read_bytes() == before


def test_outputs_do_not_overwrite_separate_files(text, tmp_path, capsys, monkeypatch):
    # the array of a gensim model that is the input
    (tmp_path / "m").write_bytes(b"")
    (tmp_path / "m.wv.vectors.npy").write_bytes(b"")
    assert run("convert", tmp_path / "m", tmp_path / "m.wv.vectors.npy", "--format", "text") == 2
    assert "would overwrite INPUT" in capsys.readouterr().err
    # the array of a gensim model that is the output
    corpus = tmp_path / "out.wv.vectors.npy"
    corpus.write_bytes(Path(text).read_bytes())
    assert run("train", corpus, tmp_path / "out", "--format", "gensim", *SMALL) == 2
    assert "would overwrite the corpus file" in capsys.readouterr().err
    assert corpus.read_bytes() == Path(text).read_bytes()
