"""The benchmarks run in a checkout, and their figures are consistent."""

from __future__ import annotations

import importlib
import json
import lzma
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastw2v
from fastw2v.training import trainer
from helpers.fresh import ENVIRONMENT

pytestmark = pytest.mark.slow  # starts many interpreters

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ["fastw2v", "gensim", "gensim-file", "fastw2v-list", "gensim-list"]


def program(module: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env={**ENVIRONMENT, **variables},
        capture_output=True,
        text=True,
        timeout=1200,
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.RandomState(1)
    words = np.minimum(random.zipf(1.3, (1500, 20)), 400)
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt.xz"
    with lzma.open(path, "wt", encoding="utf8") as file:
        file.writelines(" ".join(f"w{number}" for number in line) + "\n" for line in words)
    return path


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("evaluation")
    (directory / "questions-words.txt").write_text(": all\nw1 w2 w3 w4\nw2 w3 w4 w5\n", encoding="utf8")
    pairs = "".join(f"w{n}\tw{n + 1}\t{n % 7}\n" for n in range(1, 20))
    (directory / "wordsim353.tsv").write_text(pairs, encoding="utf8")
    return directory


@pytest.fixture(scope="module")
def report(corpus: Path, evaluation: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("report")
    temporary = directory / "temporary"
    temporary.mkdir()
    out = directory / "figures.json"
    done = program(
        "benchmarks", "--corpus", corpus, "--quick", "--workers", "1", "--json", out,
        "--only", "sg,vocabulary-list,load-text,analogies,queries,import",
        "--libraries", ",".join(LIBRARIES), "--evaluation", evaluation, TMPDIR=str(temporary),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list(temporary.iterdir()) == []
    return {**json.loads(out.read_text(encoding="utf8")), "printed": done.stdout}


@pytest.mark.slow
def test_every_library_has_all_figures(report):
    assert [line["library"] for line in report["summary"]] == LIBRARIES
    for line in report["summary"]:
        assert line["total_seconds"] == pytest.approx(line["vocabulary_seconds"] + line["training_seconds"])
        assert line["raw_words"] == 30_000
        assert 0 < line["effective_words"] < 30_000
        assert line["raw_words_per_second"] == pytest.approx(line["raw_words"] / line["training_seconds"])
        assert line["peak_rss"] > line["peak_rss_after_import"] > 10 << 20


@pytest.mark.slow
def test_one_seed_gives_every_library_the_same_words_and_quality(report):
    for name in ("vocabulary", "effective_words", "analogies"):
        assert len({line[name] for line in report["summary"] if line["library"] != "gensim-file"}) == 1, name
    scores = [line["ws353"] for line in report["summary"] if line["library"] != "gensim-file"]
    assert max(scores) - min(scores) < 0.02
    assert all("men" not in line for line in report["summary"])  # the directory has no such file


@pytest.mark.slow
def test_ratios_are_to_gensims_queue_in_the_same_run(report):
    lines = {line["library"]: line for line in report["summary"]}
    assert lines["gensim"]["ratio"] == {"vocabulary": 1.0, "training": 1.0, "total": 1.0, "peak_rss": 1.0}
    expected = lines["gensim"]["total_seconds"] / lines["fastw2v"]["total_seconds"]
    assert lines["fastw2v"]["ratio"]["total"] == pytest.approx(expected)


@pytest.mark.slow
def test_the_header_states_the_conditions(report):
    assert report["corpus"]["tokens"] == 30_000
    assert report["corpus"]["lines"] == 1500
    assert report["versions"]["gensim"] == "4.4.0"
    for told in (
        "cores",
        "commit",
        "date",
        "30,000 tokens",
        "window=5",
        "epochs=1",
        "negative=5",
        "VmHWM" if sys.platform == "linux" else "",
    ):
        assert told in report["printed"]


def test_runs_alternate_and_are_summarised_by_medians(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import measure

    seconds = iter([4.0, 8.0, 1.0, 2.0, 2.0, 30.0])
    order = []

    def child(job: dict[str, Any]) -> dict[str, Any]:
        order.append((job["library"], job["parameters"]["seed"]))
        total = next(seconds)
        return dict.fromkeys(measure.FIGURES, total)

    monkeypatch.setattr(measure, "run_child", child)
    cases = [measure.Case("sg", 1, library) for library in ("fastw2v", "gensim")]
    runs = list(
        measure.run_all(
            cases,
            lambda name, library: {"sg": 1},
            corpus=lambda configuration: "c",
            evaluation=None,
            repeat=3,
            seed=5,
            log=lambda text: None,
        )
    )
    assert order == [(library, seed) for seed in (5, 6, 7) for library in ("fastw2v", "gensim")]
    ours, theirs = measure.summarise(runs)
    assert (ours["total_seconds"], theirs["total_seconds"]) == (2.0, 8.0)
    assert ours["total_seconds_range"] == [1.0, 4.0]
    assert ours["ratio"]["total"] == 4.0


@pytest.mark.slow
def test_tasks_are_measured_for_both_libraries(report):
    assert [line["task"] for line in report["tasks"]] == [
        "vocabulary-list", "load-text", "analogies", "queries", "import",
    ]  # fmt: skip
    for line in report["tasks"]:
        ours, theirs = line["seconds"]["fastw2v"], line["seconds"]["gensim"]
        assert ours > 0
        assert line["ratio"]["seconds"] == pytest.approx(theirs / ours)
        assert line["peak_rss"]["fastw2v"] > 10 << 20
        assert line["title"] in report["printed"]


def test_an_artificial_text_contains_every_word(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.corpus import zipf

    with zipf(700, 3000) as path:
        words = Path(path).read_text(encoding="ascii").split()
    assert len(words) == 3000
    assert set(words) == {f"w{i}" for i in range(700)}
    assert words.count("w0") > 20 > words.count("w600")
    assert not Path(path).exists()


def test_plots_show_each_training_and_are_reproducible(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import plots

    summaries = [
        {
            "configuration": configuration, "library": library, "workers": workers,
            "effective_words_per_second": 1e5 * workers, "analogies": 0.3,
        }
        for configuration in ("sg", "cbow") for library in ("fastw2v", "gensim") for workers in (1, 2)
    ]  # fmt: skip
    styles = plots.line_styles(summaries)
    assert len({tuple(style.values()) for style in styles.values()}) == 4
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"summary": summaries}), encoding="utf8")
    arguments = [str(results), str(tmp_path)]
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        assert plots.main(arguments) == 1
        assert "fastw2v[benchmarks]" in capsys.readouterr().err
        return
    assert plots.main(arguments) == 0
    names = ("speed-and-quality.svg", "scaling.svg")
    first = [(tmp_path / name).read_text(encoding="utf8") for name in names]
    assert all(f">{name}<" in text for text in first for name in ("sg", "cbow", "fastw2v", "gensim"))
    assert plots.main(arguments) == 0
    assert [(tmp_path / name).read_text(encoding="utf8") for name in names] == first


def test_without_gensim_in_the_run_there_is_no_ratio(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import measure, table

    figures = dict.fromkeys(measure.FIGURES, 1.0)
    run = {"configuration": "sg", "workers": 1, "library": "fastw2v", "parameters": {}, **figures}
    summaries = measure.summarise([run])
    assert summaries[0]["ratio"] is None
    assert table.table(summaries).splitlines()[-1].split()[-3:] == ["-", "-", "-"]


def test_a_failing_child_is_reported_with_its_last_lines(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("each word once\n", encoding="utf8")  # no word reaches min_count
    done = program(
        "benchmarks", "--corpus", text, "--libraries", "fastw2v", "--workers", "1", "--quick", "--only", "sg"
    )
    assert done.returncode == 1
    assert "benchmarks: error: fastw2v exited with status" in done.stderr
    assert "vocabulary" in done.stderr


def test_invalid_arguments_are_rejected_before_anything_runs(corpus, tmp_path):
    done = program("benchmarks", "--corpus", corpus, "--evaluation", tmp_path)
    assert done.returncode == 1
    assert "questions-words.txt" in done.stderr
    done = program("benchmarks", "--corpus", corpus, "--only", "sg,unheard-of")
    assert done.returncode == 2
    assert "unheard-of" in done.stderr


def test_the_kernel_benchmark_covers_every_instruction_set():
    from fastw2v.engine import kernels

    done = program(
        "benchmarks.kernels", "--loops", "sg,cbow-hs", "--dim", "9", "--vocabulary", "60", "--seconds", 0.01,
        "--repeat", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith(("sg", "cbow-hs"))]
    assert [(row[0], row[3]) for row in rows] == [
        (loop, simd) for loop in ("sg", "cbow-hs") for simd in kernels.instruction_sets()
    ]
    assert all(float(row[4]) > 0 for row in rows)


@pytest.mark.slow
def test_two_builds_are_compared(corpus):
    source = Path(fastw2v.__file__).parent.parent
    done = program(
        "benchmarks.compare_builds", f"{sys.executable}:{source}", f"{sys.executable}:{source}", "--corpus", corpus,
        "--only", "cbow,sg-shared-5", "--workers", "1", "--rounds", "2", "--vector-size", "8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"build B   fastw2v {fastw2v.__version__}" in done.stdout
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line}
    for configuration in ("cbow", "sg-shared-5"):
        _, workers, vocabulary, raw_words, effective_words, *seconds = rows[configuration][:8]
        assert (workers, raw_words) == ("1", "30,000")
        assert 0 < int(vocabulary.replace(",", "")) < int(effective_words.replace(",", "")) < 30_000
        assert float(seconds[2]) == pytest.approx(float(seconds[0]) / float(seconds[1]), rel=0.2)
        assert float(rows[configuration][-1]) == pytest.approx(
            1.0, abs=0.2
        )  # the same build needs the same memory
    assert float(rows["import"][5]) > 0


def test_a_build_that_does_not_run_is_named(corpus):
    done = program(
        "benchmarks.compare_builds", sys.executable, "/no/such/python", "--corpus", corpus, "--rounds", "1"
    )
    assert done.returncode == 1
    assert "/no/such/python" in done.stderr


def test_the_time_outside_the_loops_is_split(corpus):
    done = program(
        "benchmarks.overhead", "--corpus", corpus, "--only", "cbow", "--workers", "2", "--epochs", "2",
        "--repeat", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line.split("  ") for line in done.stdout.splitlines() if line.startswith("cbow")]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert [line[:4] for line in cells] == [
        ["cbow", source, "2", call]
        for source in ("file", "list")
        for call in ("train()", "train() in constructor", "constructor")
    ]
    for line in cells:
        overhead, around, waiting, preempted = map(float, line[5:])
        assert 0 < overhead < 100
        assert overhead == pytest.approx(around + waiting, abs=0.2)
        assert 0 <= preempted < 100


def test_waiting_for_jobs_does_not_count_as_time_in_the_loops(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import overhead, overhead_child

    class Slow:
        def __iter__(self):
            yield from [["a", "b", "c"]] * 100
            time.sleep(0.5)

    model = fastw2v.Word2Vec(min_count=1, workers=1, vector_size=4)
    model.build_vocab([["a", "b", "c"]])
    with overhead_child.watched() as seconds:
        model.train(Slow(), total_examples=100, epochs=1)
    assert seconds["wall"] > seconds["run"] > 0.1
    assert seconds["run"] - seconds["loops"] > 0.1  # its sleeps cost some of that
    seconds = {"wall": 10.0, "run": 19.0, "loops": 15.0, "preempted": 3.0}
    shares = overhead.shares(seconds, 2)
    assert shares == pytest.approx(
        {"overhead": 2 / 17, "around": 1 / 17, "waiting": 1 / 17, "preempted": 3 / 20}
    )


def _module_instead(run_module, module: str, *_: str, name: str, settings: dict[str, str]) -> dict[str, Any]:
    return run_module(module, name=name, settings=settings)


def test_a_library_gets_its_environment_variables(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.adapters import fasttext_file

    from benchmarks import measure

    (tmp_path / "told.py").write_text(
        "import json, os, sys\n"
        "json.dump({name: os.environ.get(name) for name in ('MALLOC_PERTURB_', 'HOME')}, open(sys.argv[-1], 'w'))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(measure, "run_module", partial(_module_instead, measure.run_module, "told"))
    assert measure.run_child({"library": "fasttext"}) == {**fasttext_file.ENVIRONMENT, "HOME": str(tmp_path)}
    assert measure.run_child({"library": "gensim"}) == {"MALLOC_PERTURB_": None, "HOME": str(tmp_path)}


def test_pictures_of_the_documentation_are_drawn_from_its_tables(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import page_plots

    page = "text\n\n| task | speedup |\n| --- | ---: |\n| `load`, text | 18 to 20 |\n| save | 1,000 ms |\n\n| a | b |\n"
    rows = page_plots.read_table(page, "task")
    assert [row["task"] for row in rows] == ["`load`, text", "save"]
    assert [page_plots.number(row["speedup"]) for row in rows] == [19, 1000]
    with pytest.raises(ValueError, match="no table whose first column is 'trainer'"):
        page_plots.read_table(page, "trainer")

    pytest.importorskip("matplotlib")
    for name in ("performance.md", "many-cores.md", "gpu.md"):
        (tmp_path / name).write_text((ROOT / "docs" / name).read_text(encoding="utf8"), encoding="utf8")
    assert page_plots.main(["--docs", str(tmp_path)]) == 0
    drawn = {path.name: path.read_text(encoding="utf8") for path in (tmp_path / "pictures").iterdir()}
    times = page_plots.read_table((tmp_path / "performance.md").read_text(encoding="utf8"), "trainer")
    assert all(f">{row['gensim']}<" in drawn["training-time.svg"].replace("> ", ">") for row in times)
    assert all(
        "most_similar" in drawn["tasks.svg"] and name in drawn["many-cores.svg"]
        for name in ("CBOW", "workers")
    )
    assert all(name in drawn["gpu.svg"] for name in ("two Nvidia K20", "17.9", "16 workers"))
    assert "fastText" not in drawn["gpu.svg"]  # a ratio, not a number of words


def test_quality_over_seeds_resumes(corpus, evaluation, tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import measure, seeds

    trained = []

    def child(job: dict[str, Any]) -> dict[str, Any]:
        parameters = job["parameters"]
        trained.append((parameters["negative"], parameters["seed"]))
        if parameters["seed"] == 3:
            raise RuntimeError("interrupted")
        return {"analogies": 0.1 * parameters["seed"], "effective_words_per_second": 5000.0}

    monkeypatch.setattr(measure, "run_child", child)
    arguments = [
        "--corpus", str(corpus), "--evaluation", str(evaluation), "--results", str(tmp_path / "results"),
        "--config", "sg,sg-hs", "--workers", "1", "--negative", "5,10",
    ]  # fmt: skip
    assert seeds.main([*arguments, "--seeds", "1,3"]) == 1  # each result is written as soon as it is measured
    assert trained == [(5, 1), (10, 1), (0, 1), (5, 3)]
    trained.clear()
    capsys.readouterr()
    assert seeds.main([*arguments, "--seeds", "1,2"]) == 0
    assert trained == [(5, 2), (10, 2), (0, 2)]
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()
    ]
    assert lines[0] == [*seeds.GROUP_COLUMNS, "seeds", "analogies", "eff kw/s"]
    assert [line[:3] for line in lines[2:]] == [
        ["sg", "fastw2v", "5"], ["sg", "fastw2v", "10"], ["sg-hs", "fastw2v", "0"],
    ]  # fmt: skip
    assert all(line[4:] == ["2", "0.1500 ± 0.0707", "5"] for line in lines[2:])

    varied = [
        "--seeds",
        "1",
        "--config",
        "sg",
        "--negative",
        "5",
        "--vary",
        "window=2,5",
        "--vary",
        "sample=1e-05",
    ]
    assert seeds.main([*arguments, *varied]) == 0
    table = capsys.readouterr().out
    assert table.splitlines()[0].count("other parameters") == 1
    assert [table.count(change) for change in ("window=2", "window=5", "sample=1e-05")] == [1, 0, 1]
    with pytest.raises(SystemExit):
        seeds.main([*arguments, "--vary", "window=wide"])
    assert "holds a value that is not a number" in capsys.readouterr().err


def test_the_quality_of_many_workers_can_be_measured_on_few_cores(
    corpus, evaluation, tmp_path, monkeypatch, capsys
):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import measure, seeds, training_child

    trained = []

    def child(job: dict[str, Any]) -> dict[str, Any]:
        trained.append((job["parameters"]["workers"], job["cores"]))
        return {"analogies": 0.1, "effective_words_per_second": 5000.0}

    monkeypatch.setattr(measure, "run_child", child)
    arguments = [
        "--corpus", str(corpus), "--evaluation", str(evaluation), "--results", str(tmp_path / "results"),
        "--config", "sg", "--seeds", "1", "--workers", "1,16",
    ]  # fmt: skip
    assert seeds.main(arguments) == seeds.main([*arguments, "--cores", "16"]) == 0
    assert trained == [(1, None), (16, None), (16, 16)]  # one worker shares nothing, and is not trained again
    assert capsys.readouterr().out.splitlines()[-1].count("cores=16") == 1
    with training_child.as_on(16):
        assert trainer.usable_cores() == 16


@pytest.mark.parametrize("name", ["seeds", "options", "reproducible", "distributed"])
def test_the_help_of_a_command_with_a_results_file_is_printed(name, capsys):
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"benchmarks.{name}").main(["--help"])
    assert ended.value.code == 0
    assert f"python -m benchmarks.{name}" in capsys.readouterr().out


def test_a_training_that_another_process_runs_is_skipped(corpus, evaluation, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import results_file

    results = results_file.Results(str(tmp_path / "results"))
    attempt = (
        "import sys; from benchmarks import results_file\n"
        f"with results_file.Results({str(tmp_path / 'results')!r}).claim(sys.argv[1]) as mine: print(mine)"
    )

    def elsewhere(key: str) -> str:
        command = [sys.executable, "-c", attempt, key]
        return subprocess.run(
            command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True
        ).stdout.strip()

    with results.claim("one") as mine:
        assert mine
        assert elsewhere("one") == "False"
        assert elsewhere("another") == "True"
    assert elsewhere("one") == "True"


def test_many_workers_are_compared_with_separate_processes(corpus, evaluation):
    done = program(
        "benchmarks.many_cores", "--corpus", corpus, "--evaluation", evaluation, "--workers", "2",
        "--only", "sg,cbow", "--tokens", "20000", "--dim", "8", "--repeat", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = [line.split() for line in done.stdout.splitlines() if line.startswith(("sg", "cbow"))]
    assert [row[:2] for row in table] == [["sg", "1"], ["sg", "2"], ["cbow", "1"], ["cbow", "2"]]
    assert [row[3:6] for row in table if row[1] == "1"] == [["1.00"] * 3] * 2
    assert all(len(row) == 8 for row in table)  # two measures of quality


def test_the_memory_of_many_workers_is_interleaved_where_there_are_several_numa_nodes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import machine, many_cores

    for node, cores in enumerate(["0-3\n", "4-7\n", "\n"]):  # the last node has memory only
        (tmp_path / f"node{node}").mkdir()
        (tmp_path / f"node{node}" / "cpulist").write_text(cores, encoding="ascii")
    assert machine.numa_nodes(tmp_path) == 2
    assert machine.numa_nodes(tmp_path / "missing") == 1

    trained = []

    def train(job: dict[str, Any], n: int, prefix: Any = ()) -> list[dict[str, Any]]:
        trained.append((job["parameters"]["workers"], n, list(prefix)))
        return [{"seconds": 2.0 if prefix else 4.0}] * n

    monkeypatch.setattr(many_cores, "train_together", train)
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    options = many_cores.make_parser().parse_args(
        ["--corpus", "text", "--only", "sg", "--workers", "2,8", "--repeat", "1"]
    )
    for nodes in (1, 2):
        monkeypatch.setattr(machine, "numa_nodes", lambda nodes=nodes: nodes)
        runs = many_cores.measure(options, "text")
        assert [name for name, _ in runs] == ["sg"] * 3 + ["interleaved sg"] * (nodes - 1)
    assert trained[-1] == (8, 1, ["/bin/numactl", "--interleave=all"])
    assert all(not prefix for _, _, prefix in trained[:-1])
    assert list(many_cores.rows(runs))[-1] == ["interleaved sg", "8", "2.00", "2.00", "8.00", "0.25"]


def test_the_work_of_single_threads_is_compared_with_that_of_workers(corpus):
    done = program("benchmarks.serial_parts", "--corpus", corpus, "--only", "cbow", "--repeat", "1")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line]
    kinds = {row[1]: row[2:] for row in rows if row[0] == "cbow"}
    assert list(kinds) == ["EncodedCorpus", "file", "list", "iterable"]
    assert all(float(value.replace(",", "")) > 0 for row in kinds.values() for value in row[:2])
    parts = [row[0].rstrip(",") for row in rows[-6:]]
    assert parts == ["windows", "seeds", "set-up", "epoch", "tallies", "system"]


def test_rows_that_workers_pass_to_one_another_are_counted(tmp_path):
    words = np.random.RandomState(1).randint(0, 2000, (800, 50))
    text = tmp_path / "text"
    text.write_text(
        "".join(" ".join(f"w{number}" for number in line) + "\n" for line in words), encoding="utf8"
    )
    done = program("benchmarks.row_sharing", "--corpus", text, "--workers", "2", "--tokens", "100000")
    assert done.returncode == 0, done.stderr
    totals = {
        line[:54].strip(): float(line.split()[-1])
        for line in done.stdout.splitlines()
        if line.startswith(("as installed  ", "no replicas"))
    }
    assert totals["as installed"] < totals["no replicas, one distribution"]


def test_libraries_without_shared_negatives_train_with_five(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.configurations import parameters

    ours, theirs = (
        parameters("sg-shared-10", {"epochs": 2}, library) for library in ("fastw2v-list", "gensim")
    )
    assert (ours["negative"], ours["shared_negatives"], ours["epochs"]) == (10, True, 2)
    assert (theirs["negative"], "shared_negatives" in theirs, theirs["epochs"]) == (5, False, 2)


@pytest.mark.slow
def test_methods_of_updating_with_new_text(corpus: Path, evaluation: Path, tmp_path: Path) -> None:
    random = np.random.RandomState(2)
    new, results = tmp_path / "new.txt", tmp_path / "results.jsonl"
    words = np.minimum(random.zipf(1.3, (600, 20)), 60) * random.choice([1, 1001], (600, 20))
    new.write_text(
        "".join(" ".join(f"w{number}" for number in line) + "\n" for line in words), encoding="utf8"
    )
    arguments = ("--old", corpus, "--new", new, "--evaluation", evaluation, "--results", results)
    arguments = (*arguments, "--models", tmp_path, "--epochs", 1, "--vector-size", 8, "--workers", 1)
    first = program("benchmarks.incremental", *arguments)
    assert first.returncode == 0, first.stderr
    lines = {line["method"]: line for line in map(json.loads, results.read_text().splitlines())}
    assert list(lines) == [
        "old only",
        "retrain",
        "gensim",
        "plain",
        "frozen",
        "anchored",
        "replay",
        "replay-anchored",
    ]
    assert lines["frozen"]["kept"] == lines["old only"]["kept"] == 1.0
    assert lines["retrain"]["new_loss"] > 0
    assert lines["gensim"]["words"] == lines["plain"]["words"] <= lines["frozen"]["words"]
    assert "new_loss" not in lines["old only"]
    assert first.stdout.count("(n=1)") == len(lines)
    again = program("benchmarks.incremental", *arguments)
    assert again.stdout == first.stdout
    assert len(results.read_text().splitlines()) == len(lines)  # nothing was trained again


@pytest.mark.slow
def test_routes_of_repeated_updates(corpus: Path, evaluation: Path, tmp_path: Path) -> None:
    random = np.random.RandomState(2)
    new, results = tmp_path / "new.txt", tmp_path / "results.jsonl"
    words = np.minimum(random.zipf(1.3, (600, 20)), 60) * random.choice([1, 1001], (600, 20))
    new.write_text(
        "".join(" ".join(f"w{number}" for number in line) + "\n" for line in words), encoding="utf8"
    )
    arguments = ("--old", corpus, "--new", new, "--evaluation", evaluation, "--results", results)
    arguments = (*arguments, "--directory", tmp_path / "models", "--epochs", 1, "--vector-size", 8)
    arguments = (*arguments, "--updates", 3, "--lines", 200, "--after", 1, "--routes")
    routes = ("retrain", "gensim", "plain", "recommended", "lockf=0,outputs")
    first = program("benchmarks.repeated_updates", *arguments, *routes)
    assert first.returncode == 0, first.stderr
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert [(line["route"], line["updates"]) for line in lines] == [
        ("base", 0),
        *((route, n_updates) for route in routes for n_updates in (1, 3)),
    ]
    kept = {(line["route"], line["updates"]): line["kept"] for line in lines}
    assert kept["base", 0] == kept["lockf=0,outputs", 3] == 1.0
    assert not any(path.name.startswith("work") for path in (tmp_path / "models").iterdir())
    again = program("benchmarks.repeated_updates", *arguments, *routes)
    assert again.stdout == first.stdout
    assert len(results.read_text().splitlines()) == len(lines)  # nothing was trained again


@pytest.mark.slow
def test_a_stream_is_compared_with_the_ordinary_training(
    corpus: Path, evaluation: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results.jsonl"
    arguments = (
        "--corpus",
        corpus,
        "--evaluation",
        evaluation,
        "--results",
        results,
        "--directory",
        tmp_path,
    )
    arguments = (*arguments, "--repetitions", 2, "--max-words", 50, "--chunk-words", 1000, "--vector-size", 8)
    first = program("benchmarks.stream", *arguments, "--models", "cbow")
    assert first.returncode == 0, first.stderr
    ordinary, stream = [json.loads(line) for line in results.read_text().splitlines()]
    assert (ordinary["method"], stream["method"]) == ("ordinary", "stream")
    assert stream["vocabulary"] <= 50
    assert len(stream["memory_mib"]) == 10
    assert stream["loss"] > 0
    again = program("benchmarks.stream", *arguments, "--models", "cbow")
    assert again.stdout == first.stdout
    assert len(results.read_text().splitlines()) == 2  # nothing was trained again


@pytest.mark.slow
def test_slices_are_compared(tmp_path: Path) -> None:
    random = np.random.RandomState(2)
    words = np.minimum(random.zipf(1.2, (4000, 20)), 300)
    corpus, results = tmp_path / "corpus.txt", tmp_path / "results.jsonl"
    corpus.write_text(
        "".join(" ".join(f"w{number}" for number in line) + "\n" for line in words), encoding="utf8"
    )
    arguments = ("--corpus", corpus, "--results", results, "--epochs", 1, "--vector-size", 8, "--replaced", 3)
    first = program("benchmarks.slices", *arguments)
    assert first.returncode == 0, first.stderr
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert [line["method"] for line in lines] == ["compass", "Procrustes"]
    assert all(0 <= line["found"] <= 1 and line["n_replaced"] == 3 for line in lines)
    assert program("benchmarks.slices", *arguments).stdout == first.stdout
