"""The benchmark of objectives and options."""

from __future__ import annotations

import json
from typing import Any


def test_every_option_trains(corpus, evaluation):
    from benchmarks import options, options_child

    for job in options.jobs(
        options.make_parser().parse_args(["--results", "x", "--seeds", "2", "--epochs", "1"])
    ):
        job["parameters"]["vector_size"] = 8
        measured = options_child.measure({**job, "path": str(corpus), "evaluation": str(evaluation)})
        assert list(measured) == job["options"]
        for figures in measured.values():
            assert figures["seconds"] > 0, job
            assert -1 <= figures["ws353"] <= 1, job


def test_options_that_only_change_the_vectors_share_a_training():
    from benchmarks import options

    chosen = ["--results", "x", "--seeds", "1", "--architectures", "cbow"]
    chosen += ["--options", "postprocess,max_norm=2,defaults,mean_of_runs"]
    jobs = list(options.jobs(options.make_parser().parse_args(chosen)))
    assert [job["options"] for job in jobs] == [["defaults", "postprocess"], ["max_norm=2"], ["mean_of_runs"]]


def test_the_models_of_a_mean_have_different_seeds_in_every_row():
    from benchmarks import options

    seeds = [seed for row in (1, 2, 3) for seed in options.run_seeds("mean_of_runs", row)]
    assert len(set(seeds)) == 3 * options.N_RUNS
    assert options.run_seeds(options.BASELINE, 2) == [2]


def test_the_table_has_a_row_for_each_option_and_the_command_resumes(
    corpus, evaluation, tmp_path, monkeypatch, capsys
):
    from benchmarks import measure, options

    trained = []

    def child(module: str, task: str, *, name: str) -> dict[str, Any]:
        job = json.loads(task)
        trained.extend((job["architecture"], option, job["seed"]) for option in job["options"])
        if job["seed"] == 3:
            raise RuntimeError("interrupted")
        seconds = 2.0 if job["architecture"] == "sg" else 1.0
        return {
            option: {"ws353": 0.1 * job["seed"], "seconds": seconds * (1 + (option != "defaults"))}
            for option in job["options"]
        }

    monkeypatch.setattr(measure, "run_module", child)
    results = str(tmp_path / "results")
    arguments = [
        "--corpus", str(corpus), "--evaluation", str(evaluation), "--results", results,
        "--options", "cbow_mean=0,defaults",
    ]  # fmt: skip
    assert (
        options.main([*arguments, "--seeds", "1,3"]) == 1
    )  # each result is written as soon as it is measured
    assert trained == [
        ("sg", "defaults", 1), ("cbow", "cbow_mean=0", 1), ("cbow", "defaults", 1), ("sg", "defaults", 3),
    ]  # fmt: skip
    trained.clear()
    capsys.readouterr()
    assert options.main([*arguments, "--seeds", "1,2"]) == 0
    assert {seed for _, _, seed in trained} == {2}
    printed = capsys.readouterr().out
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines()]
    assert lines[0] == ["model", "option", "seeds", "ws353", "seconds", "time"]
    assert lines[2:] == [
        ["sg", "defaults", "2", "0.150 ± 0.071", "2.0", "1.00"],
        ["cbow", "defaults", "2", "0.150 ± 0.071", "1.0", "1.00"],
        ["cbow", "cbow_mean=0", "2", "0.150 ± 0.071", "2.0", "2.00"],
    ]
    assert options.main(["--results", results, "--table"]) == 0
    assert capsys.readouterr().out == printed
