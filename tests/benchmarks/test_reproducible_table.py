"""The benchmark of reproducible training."""

from __future__ import annotations

import json
from typing import Any


def test_every_training_is_measured(corpus, evaluation, tmp_path, monkeypatch, capsys):
    from benchmarks import measure, reproducible, reproducible_child

    def child(module: str, task: str, *, name: str) -> dict[str, Any]:
        job = json.loads(task)
        job["parameters"]["vector_size"] = 8
        return reproducible_child.measure(job)

    monkeypatch.setattr(measure, "run_module", child)
    arguments = [
        "--corpus", str(corpus), "--evaluation", str(evaluation), "--results", str(tmp_path / "results"),
        "--rounds", "2x500", "--epochs", "1", "--seeds", "2,3",
    ]  # fmt: skip
    assert reproducible.main(arguments) == 0
    printed = capsys.readouterr()
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed.out.splitlines()]
    expected = ["one worker", "shared weights, 2 threads", "2x500, 2 threads"]
    assert [line[3] for line in lines[2:]] == 2 * expected
    assert {line[4] for line in lines[2:]} == {"2"}
    results = [json.loads(line) for line in (tmp_path / "results").read_text().splitlines()]
    assert all(0 < result["effective_words"] <= 3_000 for result in results)
    assert [result["parameters"].get("round_words") for result in results[:3]] == [None, None, 500]
    assert reproducible.main(arguments) == 0
    assert capsys.readouterr().err.count("already in the results") == 12


def test_the_table_compares_with_one_worker_and_with_shared_weights():
    from benchmarks import reproducible

    def result(training: str, seed: int, seconds: float, **scores: float) -> dict[str, Any]:
        return {
            "training": training, "architecture": "sg", "seed": seed, "corpus": "text", "tokens": 1_000,
            "parameters": {"epochs": 1, "workers": 1 if training == "one worker" else 2},
            "seconds": seconds, "effective_words": 10**9, **scores,
        }  # fmt: skip

    results = [
        result("one worker", 1, 50.0, ws353=0.1, men=0.50),
        result("one worker", 2, 60.0, ws353=0.3, men=0.52),
        result("shared weights", 1, 60.0, ws353=0.3, men=0.52),
        result("8x16000", 1, 90.0, ws353=0.1, men=0.50),
        result("8x16000", 2, 80.0, ws353=0.2, men=0.48),
    ]
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in reproducible.table(results).splitlines()
    ]
    assert lines[0][3:] == ["training", "seeds", "ws353", "men", "deficit", "ns", "speed"]
    assert [line[-3:] for line in lines[2:]] == [
        ["-", "50", "-"],
        ["0.0", "60", "1.00"],
        ["1.4 (men)", "80", "0.75"],
    ]
