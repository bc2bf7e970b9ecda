"""The benchmark of distributed training."""

from __future__ import annotations

import argparse
import json

import pytest
from benchmarks.distributed import Training, main, training
from benchmarks.distributed_child import measure as measure_child

from benchmarks import measure
from helpers.corpora import zipf_sentences


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in zipf_sentences(3_000, 60, seed=1)))
    return path


@pytest.fixture
def evaluation(tmp_path):
    directory = tmp_path / "evaluation"
    directory.mkdir()
    (directory / "wordsim353.tsv").write_text("".join(f"w{i}\tw{i + 1}\t{i}\n" for i in range(1, 9)))
    return directory


def test_names_of_trainings():
    assert training("group:4:5000") == Training("group", 4, 5000)
    assert training("group:2:epoch") == Training("group", 2, "epoch")
    assert training("gensim:2") == Training("gensim", 2)
    for wrong in ("group:2", "fastw2v:2:5000", "fastw2v:0", "fasttext:1", "group:2:never"):
        with pytest.raises(argparse.ArgumentTypeError):
            training(wrong)


def test_a_group_that_merges_more_often_moves_more_bytes(corpus, evaluation):
    parameters = {"vector_size": 8, "sg": 1, "min_count": 2, "epochs": 1, "seed": 1}
    job = {"trainer": "group", "size": 2, "parameters": parameters, "tokens": 3_000}
    job |= {"path": str(corpus), "evaluation": str(evaluation)}
    often, once = (measure_child({**job, "words": words}) for words in (100, "epoch"))
    assert often["bytes_per_word"] > 2 * once["bytes_per_word"]
    rows = 2 * often["vocabulary"] * 8 * 4  # of both matrices, each of which is merged once
    assert once["bytes_per_word"] == pytest.approx(rows / 1_500, rel=0.05)
    assert often["words_per_second"] > 0
    assert -1 <= once["ws353"] <= 1


def test_the_table_has_the_means_and_trainings_are_not_repeated(
    corpus, evaluation, tmp_path, monkeypatch, capsys
):
    trained = []

    def child(module, task, *, name, settings):
        trained.append(name)
        job = json.loads(task)
        figures = {"ws353": 0.1 * job["parameters"]["seed"], "words_per_second": 1e5 * job["size"]}
        return figures if job["trainer"] != "group" else {**figures, "bytes_per_word": 212.3}

    monkeypatch.setattr(measure, "run_module", child)
    arguments = [
        "--corpus", str(corpus), "--evaluation", str(evaluation), "--results", str(tmp_path / "results"),
        "--trainings", "spark:1,group:2:epoch,group:2:500,fastw2v:1",
    ]  # fmt: skip
    assert main([*arguments, "--seeds", "1"]) == 0
    assert main([*arguments, "--seeds", "1,3"]) == 0
    assert trained == 2 * ["spark:1", "group:2:epoch", "group:2:500", "fastw2v:1"]
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()
    ]
    figures = ["2", "-", "0.200 ± 0.141", "-", "-", "-"]
    assert lines[-4:] == [
        ["fastw2v", "1", "", *figures, "100,000", ""],
        ["group", "2", "500", *figures, "200,000", "212"],
        ["group", "2", "epoch", *figures, "200,000", "212"],
        ["spark", "1", "", *figures, "100,000", ""],
    ]
