"""Compare the objectives and options of fastw2v with gensim's defaults, over several seeds.

    python -m benchmarks.options --corpus FILE --evaluation DIR --results FILE

The table has a row for each option and architecture, and first of all one of gensim's defaults. Each training runs in a
fresh process. Its figures are appended to the results file, and trainings that are already there are skipped, as
`benchmarks.seeds` does; several commands can share a results file. Options that only make other vectors from the same
trained models share these models.

Time is processor time from the text to the vectors, which other processes on the machine disturb less than elapsed
time. They can only lengthen it, so the smallest one over the seeds counts: "seconds" is that, and "time" its ratio to
the one of gensim's defaults.

A new option is an element of `OPTIONS`: its name, the parameters in which it differs from the defaults, and, if the
vectors are made from the trained model by other means than training, a function for that.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import machine, measure, quality
from benchmarks.arguments import names, number, numbers
from benchmarks.configurations import COMMON
from benchmarks.corpus import unpacked
from benchmarks.results_file import Results, complete, results_parser
from benchmarks.table import markdown, mean_and_spread

ARCHITECTURES = {"sg": 1, "cbow": 0}
BASELINE = "defaults"
N_RUNS = 3  # that are averaged
SOFTMAX = {"objective": "sampled_softmax", "negative": 16, "ns_exponent": 0}
WHOLE_WINDOWS = {"shrink_windows": False}


@dataclass(frozen=True)
class Option:
    """A row of the table for each of its architectures.

    Attributes
    ----------
    parameters : mapping
        The parameters of `Word2Vec` that differ from `COMMON`, with which gensim trains by default.
    architectures : tuple of str
        Those of `ARCHITECTURES` that the option exists for.
    vectors : callable, optional
        From the list of trained models to the vectors that are evaluated; by default those of the only model.
    n_runs : int
        The number of models that are trained, with different seeds.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    architectures: tuple[str, ...] = tuple(ARCHITECTURES)
    vectors: Callable[[list[Any]], Any] = lambda models: models[0].wv
    n_runs: int = 1


def _mean_of_runs(models: list[Any]) -> Any:
    from fastw2v import mean_of_runs

    return mean_of_runs(models)


OPTIONS: dict[str, Option] = {
    BASELINE: Option(),
    "postprocess": Option(vectors=lambda models: models[0].wv.postprocess()),
    "combined_vectors": Option(vectors=lambda models: models[0].combined_vectors()),
    "alpha=0.05": Option({"alpha": 0.05}),
    "alpha=0.075": Option({"alpha": 0.075}, ("cbow",)),
    "corrected alpha=0.075": Option({"cbow_update": "corrected", "alpha": 0.075}, ("cbow",)),
    "cbow_mean=0": Option({"cbow_mean": 0}, ("cbow",)),
    "linear weights": Option({**WHOLE_WINDOWS, "window_weights": "linear"}),
    "harmonic weights": Option({**WHOLE_WINDOWS, "window_weights": "harmonic"}),
    "shrink_windows=0": Option(WHOLE_WINDOWS),
    "left window=5": Option({"window": (5, 0)}),
    "full_windows": Option({"full_windows": True}),
    "window 2 to 8": Option({"window": 2, "final_window": 8}),
    "softmax": Option(SOFTMAX),
    "softmax-tied": Option({**SOFTMAX, "tied_weights": True}),
    "softmax-logq": Option({**SOFTMAX, "ns_exponent": 0.75, "logq_correction": True}),
    "softmax-sum": Option({**SOFTMAX, "cbow_mean": 0}, ("cbow",)),
    "negative=16": Option({"negative": 16}),
    "negative_pool=1024": Option({"negative_pool": 1024}),
    "shared_negatives": Option({"shared_negatives": True, "negative": 10}, ("sg",)),
    "hs=1": Option({"hs": 1, "negative": 0}),
    "max_norm=2": Option({"max_norm": 2.0}),
    "sample=99%": Option({"sample": "99%"}),
    "mean_of_runs": Option(vectors=_mean_of_runs, n_runs=N_RUNS),
}


def parameters(option: str, architecture: str, epochs: int | None = None) -> dict[str, Any]:
    """Return the parameters of an option, without seed and workers."""
    chosen = {**COMMON, "sg": ARCHITECTURES[architecture], **OPTIONS[option].parameters}
    return chosen if epochs is None else {**chosen, "epochs": epochs}


def shared_models(option: str, architecture: str) -> list[str]:
    """Return the options whose vectors are made from the same trained models as those of `option`."""
    return [
        other
        for other, settings in OPTIONS.items()
        if architecture in settings.architectures
        and (settings.parameters, settings.n_runs) == (OPTIONS[option].parameters, OPTIONS[option].n_runs)
    ]


def run_seeds(option: str, seed: int) -> list[int]:
    """Return the seeds of the models that are trained for one seed of the table, which no other seed has."""
    n_runs = OPTIONS[option].n_runs
    return [seed] if n_runs == 1 else [1000 * seed + run for run in range(n_runs)]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the trainings that are missing and print the table; return the exit status."""
    return complete("benchmarks.options", make_parser(), argv, train_all, table)


def jobs(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield each training that is selected, ordered by seed, so that an early table has all rows."""
    for seed in options.seeds:
        for architecture in options.architectures:
            chosen = [name for name in options.options if architecture in OPTIONS[name].architectures]
            while chosen:
                shared = [name for name in shared_models(chosen[0], architecture) if name in chosen]
                yield {
                    "options": shared,
                    "architecture": architecture,
                    "parameters": {
                        **parameters(shared[0], architecture, options.epochs),
                        "workers": options.workers,
                    },
                    "seed": seed,
                }
                chosen = [name for name in chosen if name not in shared]


def train_all(options: argparse.Namespace, results: Results) -> None:
    """Run every training that `options` select and that is not in `results`."""
    quality.check_directory(options.evaluation)
    evaluation = os.path.abspath(options.evaluation)
    with unpacked(options.corpus) as corpus:
        for job in jobs(options):
            facts = {**job, "corpus": corpus.name, "tokens": corpus.tokens}
            rows = {name: {"option": name, **facts} for name in facts.pop("options")}
            label = f"{job['architecture']} {', '.join(rows)} seed={job['seed']}"
            with results.claim(_key(rows[job["options"][0]])) as claimed:
                done = {_key(result) for result in results.read()}
                missing = [name for name, row in rows.items() if _key(row) not in done]
                if not claimed or not missing:
                    reason = "already in the results" if claimed else "running in another process"
                    print(f"{label}: {reason}", file=sys.stderr, flush=True)
                    continue
                print(f"{label} ...", file=sys.stderr, flush=True)
                task = json.dumps({**job, "options": missing, "path": corpus.path, "evaluation": evaluation})
                figures = measure.run_module("benchmarks.options_child", task, name=label)
                for name in missing:
                    results.add({**rows[name], **figures[name], "measured_on": machine.conditions()})


def _key(result: dict[str, Any]) -> str:
    """Return a string that identifies a training."""
    identifying = ("option", "architecture", "parameters", "seed", "corpus", "tokens")
    return json.dumps({name: result.get(name) for name in identifying}, sort_keys=True)


def table(results: list[dict[str, Any]]) -> str:
    """Return a table with the mean and standard deviation of each measure over the seeds, and processor times.

    The rows are grouped by architecture, and in the order of `OPTIONS`. Results of options that are not there any more
    come last.
    """
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for result in results:
        rest = json.dumps([result["corpus"], result["parameters"]], sort_keys=True)
        groups.setdefault((result["architecture"], result["option"], rest), []).append(result)
    places = [*OPTIONS, *(option for _, option, _ in groups if option not in OPTIONS)]
    measures = [name for name in quality.MEASURES if any(result.get(name) is not None for result in results)]
    baselines: dict[str, float] = {}
    for result in results:
        if result["option"] == BASELINE:
            conditions = _conditions(result)
            baselines[conditions] = min(result["seconds"], baselines.get(conditions, result["seconds"]))
    rows = [["model", "option", "seeds", *measures, "seconds", "time"]]
    for key in sorted(groups, key=lambda key: (list(ARCHITECTURES).index(key[0]), places.index(key[1]))):
        members = groups[key]
        seconds = min(member["seconds"] for member in members)
        baseline = baselines.get(_conditions(members[0]))
        rows.append(
            [
                *key[:2],
                str(len(members)),
                *(mean_and_spread([member.get(name) for member in members]) for name in measures),
                f"{seconds:,.1f}",
                f"{seconds / baseline:.2f}" if baseline else "-",
            ]
        )
    return markdown(rows, left={0, 1})


def _conditions(result: dict[str, Any]) -> str:
    """Return a string that a result has in common with those of gensim's defaults that it is compared with."""
    parameters = {name: result["parameters"].get(name) for name in ("epochs", "workers")}
    return _key({**result, "option": BASELINE, "parameters": parameters, "seed": None})


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = results_parser("benchmarks.options", __doc__)
    parser.add_argument(
        "--options", type=names(OPTIONS), default=list(OPTIONS), metavar="NAME,...",
        help="options, of " + ", ".join(OPTIONS).replace("%", "%%") + " (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--architectures", type=names(ARCHITECTURES), default=list(ARCHITECTURES), metavar="NAME,...",
        help="sg, cbow or both (default: sg,cbow)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=numbers, default=[1, 2, 3, 4, 5], metavar="N,...", help="seeds (default: 1,2,3,4,5)"
    )
    parser.add_argument(
        "--workers", type=number, default=1, metavar="N", help="number of threads (default: 1)"
    )
    parser.add_argument(
        "--epochs", type=number, metavar="N", help=f"number of epochs (default: {COMMON['epochs']})"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
