"""Compare one pass over a long stream, in bounded memory, with the ordinary training of the same text.

    python -m benchmarks.stream --corpus FILE --evaluation DIR --results FILE --directory DIR

The text is the corpus less its last lines, which are held out, repeated several times with its lines in another order
each time. It is trained once:

* ordinary: by the constructor, which counts the words of the whole file before it trains, and keeps the ids of the text
  in memory;
* stream: by `Word2Vec.train_stream`, which gets its sentences from an iterator.

``max_words`` bounds the vocabulary of both, and the learning rate of both falls over the whole text. Measured:
analogies and word similarities, the loss of the held-out lines, CPU time, and the peak memory of the process; for the
stream, also its memory after each tenth of the text.

Each training runs in a fresh process and adds one line of JSON to the file of ``--results``; trainings in that file are
not repeated. The text is kept in ``--directory``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks import machine, measure, quality
from benchmarks.arguments import names, number, numbers
from benchmarks.results_file import Results
from benchmarks.table import markdown
from fastw2v.common.files import open_input

HELD_OUT = 2_000  # last lines of the corpus, at most a tenth of it
METHODS = ("ordinary", "stream")
MODELS = {"cbow": {"sg": 0}, "sg": {"sg": 1}}
COLUMNS = {
    "analogies": ("analogies", "{:.3f}"),
    "ws353": ("WordSim-353", "{:.3f}"),
    "simlex": ("SimLex-999", "{:.3f}"),
    "men": ("MEN", "{:.3f}"),
    "loss": ("loss", "{:.3f}"),
    "cpu_seconds": ("CPU s", "{:.0f}"),
    "peak_mib": ("peak MiB", "{:.0f}"),
    "memory_mib": ("MiB after each tenth", "{}"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the trainings that are missing and print the table; return the exit status."""
    options = make_parser().parse_args(argv)
    results = Results(options.results)
    try:
        run(options, results)
    except (OSError, RuntimeError) as error:
        print(f"benchmarks.stream: error: {error}", file=sys.stderr)
        return 1
    print(table(results.read()))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stream",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--corpus", required=True, metavar="FILE", help="text, plain or compressed")
    parser.add_argument("--evaluation", required=True, metavar="DIR", help="directory with evaluation sets")
    parser.add_argument("--results", required=True, metavar="FILE", help="results file, one line a training")
    parser.add_argument("--directory", required=True, metavar="DIR", help="directory for the long text")
    parser.add_argument(
        "--repetitions", type=number, default=6, help="how often the corpus is repeated (default: 6)"
    )
    parser.add_argument("--max-words", type=number, default=30_000, help="of the vocabulary (default: 30000)")
    parser.add_argument("--chunk-words", type=number, default=1_000_000, help="default: 1000000")
    parser.add_argument("--models", type=names(MODELS), default=list(MODELS), help="default: cbow,sg")
    parser.add_argument("--methods", type=names(METHODS), default=list(METHODS), help="default: both")
    parser.add_argument("--seeds", type=numbers, default=[1])
    parser.add_argument("--workers", type=number, default=1)
    parser.add_argument("--vector-size", type=number, default=100)
    return parser


def run(options: argparse.Namespace, results: Results) -> None:
    """Run every training that is not in the results."""
    quality.check_directory(options.evaluation)
    facts = {"repetitions": options.repetitions, "max_words": options.max_words}
    done = {_key(line) for line in results.read() if facts.items() <= line.items()}
    text = prepare(options)
    for seed in options.seeds:
        for model in options.models:
            for method in options.methods:
                if (method, model, seed) in done:
                    continue
                parameters = {
                    **MODELS[model], "vector_size": options.vector_size, "workers": options.workers, "seed": seed,
                }  # fmt: skip
                job = {
                    **text, "method": method, "parameters": parameters, "max_words": options.max_words,
                    "chunk_words": options.chunk_words, "evaluation": os.path.abspath(options.evaluation),
                }  # fmt: skip
                figures = measure.run_module("benchmarks.stream_child", json.dumps(job), name=method)
                line = {
                    "method": method, "model": model, "seed": seed, "words": text["words"], **facts, **figures,
                    "measured_on": machine.conditions(),
                }  # fmt: skip
                results.add(line)
                print(line, file=sys.stderr, flush=True)


def prepare(options: argparse.Namespace) -> dict[str, Any]:
    """Write the long text and the held-out lines, and return their paths and the number of words."""
    os.makedirs(options.directory, exist_ok=True)
    path = os.path.join(options.directory, f"stream-{options.repetitions}.txt")
    held_out = os.path.join(options.directory, "held-out.txt")
    with open_input(options.corpus) as file:
        lines = file.read().splitlines(keepends=True)
    n_held_out = min(HELD_OUT, max(len(lines) // 10, 1))
    with open(held_out, "wb") as file:
        file.writelines(lines[-n_held_out:])
    del lines[-n_held_out:]
    n_words = options.repetitions * sum(len(line.decode("utf8").split()) for line in lines)
    if not os.path.exists(path):
        with open(f"{path}.new", "wb") as file:
            for repetition in range(options.repetitions):
                random.Random(repetition).shuffle(lines)
                file.writelines(lines)
        os.replace(f"{path}.new", path)
    return {"text": path, "held_out": held_out, "words": n_words}


def _key(line: dict[str, Any]) -> tuple[str, str, int]:
    return line["method"], line["model"], line["seed"]


def table(lines: list[dict[str, Any]]) -> str:
    """Return the table of all trainings."""
    rows = [["model", "million words", "", "seed", *(title for title, _ in COLUMNS.values())]]
    for line in sorted(lines, key=lambda line: (line["model"], line["words"], line["seed"], line["method"])):
        cells = [
            "-" if line.get(name) is None else form.format(_shown(line[name]))
            for name, (_, form) in COLUMNS.items()
        ]
        rows.append([line["model"], f"{line['words'] / 1e6:.0f}", line["method"], str(line["seed"]), *cells])
    return markdown(rows, left={0, 2})


def _shown(value: Any) -> Any:
    return ", ".join(map(str, value)) or "-" if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
