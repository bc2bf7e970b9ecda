"""Compare ways to update one model again and again: each route is followed over several updates.

    python -m benchmarks.repeated_updates --old FILE --new FILE --evaluation DIR --results FILE --directory DIR

A model is trained on the old text less its last lines, which are held out. The new text is divided into updates of
``--lines`` lines. Every route starts from that model, and saves and loads it around each update. The routes are:

* retrain: a new model of all text until then, with shuffled lines;
* gensim: what the tutorial of gensim says, ``build_vocab(update=True)`` and ``train``, by gensim;
* plain: the same calls by fastw2v;
* recommended: ``Update.recommended``;
* any other route is a list of options of `Update` and of ``epochs``, such as ``replay,anchor=1,outputs,epochs=2``. The
  option ``replay`` stands for the old text and all earlier updates.

Measured after the updates of ``--after``: analogies and word similarities; the losses of held-out old and new lines;
the fraction of the nearest neighbors that words of the first model keep; the correlation of the similarities of new
words with those of a model that was trained from scratch on all text with another seed, separately for the words of the
first update and of later ones; and the CPU time of all updates until then, reading and writing the model included.

Each measurement adds one line of JSON to the file of ``--results``; routes that are complete there are skipped. Texts
and models of the first trainings are kept in ``--directory``.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import quality
from benchmarks.arguments import number, numbers
from benchmarks.results_file import Results
from benchmarks.table import markdown
from benchmarks.update_figures import (
    FREQUENT,
    MIN_OCCURRENCES,
    NOISE_SEED,
    REFERENCE_SEED,
    Sentences,
    cosines,
    downsampled,
    load_or_train,
    mean_cells,
    mean_correlation,
    mean_overlap,
    nearest,
)
from fastw2v import Update, Word2Vec
from fastw2v.common.files import open_input

OLD_HELD_OUT = 2_000  # last lines of the old text, at most a tenth of it
NEW_HELD_OUT_EVERY = 50  # every 50th line of the new text is held out
MIN_NEW_HELD_OUT = 250  # where these are fewer, lines that follow the new text are held out too
KEPT_WORDS = 5_000  # number of words whose neighbors are compared
NAMED_ROUTES = ("retrain", "gensim", "plain", "recommended")
DEFAULT_ROUTES = (
    *NAMED_ROUTES,
    "anchor=1,outputs",
    "replay,anchor=1,outputs",
    "replay,anchor=1,outputs,keep_anchor",
    "replay,anchor=1,outputs,alpha=0.005",
)

COLUMNS = {
    "ws353": ("WordSim-353", "{:.3f}"),
    "men": ("MEN", "{:.3f}"),
    "analogies": ("analogies", "{:.3f}"),
    "old_loss": ("loss, old", "{:.3f}"),
    "new_loss": ("loss, new", "{:.3f}"),
    "kept": ("kept", "{:.2f}"),
    "first_words": ("new words, first update", "{:.2f}"),
    "later_words": ("later ones", "{:.2f}"),
    "cpu_seconds": ("CPU s", "{:.0f}"),
}


# --- texts


@dataclass
class Texts:
    """The texts of the first training and of the updates, in files, and the held-out lines of both."""

    old: str
    updates: list[str]
    old_held_out: Sentences
    new_held_out: Sentences
    counts: list[Counter[str]]  # of the words of each update

    @classmethod
    def prepare(cls, options: argparse.Namespace) -> Texts:
        """Write the files that are missing and return the texts."""
        directory = options.directory
        old, new = _read_lines(options.old), _read_lines(options.new)
        n_new = options.updates * options.lines
        new, following = new[:n_new], new[n_new:]
        held_out = new[::NEW_HELD_OUT_EVERY]
        held_out += following[: max(MIN_NEW_HELD_OUT - len(held_out), 0)]
        paths, counts = [], []
        for i in range(options.updates):
            first = i * options.lines
            lines = [
                new[j] for j in range(first, min(first + options.lines, len(new))) if j % NEW_HELD_OUT_EVERY
            ]
            paths.append(_write(os.path.join(directory, f"new-{options.lines}-{i + 1}.txt"), lines))
            counts.append(Counter(word for line in lines for word in line.decode("utf8").split()))
        n_held_out = min(OLD_HELD_OUT, max(len(old) // 10, 1))
        path = _write(os.path.join(directory, "old.txt"), old[:-n_held_out])
        return cls(path, paths, _sentences(old[-n_held_out:]), _sentences(held_out), counts)

    def all_text(self, n_updates: int, path: str) -> str:
        """Write the old text and that of the first updates to `path`, with shuffled lines, and return it."""
        lines = [line for source in (self.old, *self.updates[:n_updates]) for line in _read_lines(source)]
        random.Random(0).shuffle(lines)
        return _write(path, lines, replace=True)


def _read_lines(path: str) -> list[bytes]:
    with open_input(path) as file:
        return file.read().splitlines(keepends=True)


def _write(path: str, lines: list[bytes], replace: bool = False) -> str:
    if replace or not os.path.exists(path):
        with open(f"{path}.new", "wb") as file:
            file.writelines(lines)
        os.replace(f"{path}.new", path)
    return path


def _sentences(lines: list[bytes]) -> Sentences:
    return [line.decode("utf8").split() for line in lines]


# --- routes


@dataclass
class Step:
    """What a route knows at one of its updates: the number of the update, from 0 on, and where the model lies."""

    texts: Texts
    i: int
    path: str
    options: argparse.Namespace

    @property
    def new(self) -> str:
        """The file of the new text."""
        return self.texts.updates[self.i]

    @property
    def known(self) -> list[str]:
        """The files of all earlier text."""
        return [self.texts.old, *self.texts.updates[: self.i]]


def update_with_gensim(step: Step) -> None:
    """Update the model as the tutorial of gensim does."""
    from gensim.models import Word2Vec as GensimWord2Vec

    if not step.i:
        model = Word2Vec.load(step.path)
        model.raw_vocab = None
        model.save_gensim(step.path)
    gensim_model = GensimWord2Vec.load(step.path)
    sentences = _sentences(_read_lines(step.new))
    gensim_model.workers = step.options.workers
    gensim_model.build_vocab(sentences, update=True)
    gensim_model.train(sentences, total_examples=gensim_model.corpus_count, epochs=gensim_model.epochs)
    gensim_model.save(step.path)


def update_without_options(step: Step) -> None:
    """Update the model with the same calls as gensim."""
    model = Word2Vec.load(step.path)
    if not step.i:
        model.raw_vocab = None
    model.build_vocab(corpus_file=step.new, update=True)
    model.train(corpus_file=step.new, total_examples=model.corpus_count, epochs=model.epochs)
    model.save(step.path)


def update_as_recommended(step: Step) -> None:
    """Update the model with `Update.recommended`."""
    model = Word2Vec.load(step.path)
    model.build_vocab(corpus_file=step.new, update=True)
    model.train(
        corpus_file=step.new,
        total_examples=model.corpus_count,
        epochs=model.epochs,
        update=Update.recommended(replay=step.known),
    )
    model.save(step.path)


def update_with_options(route: str) -> Callable[[Step], None]:
    """Return the route that passes the options of a list such as ``replay,anchor=1`` to `Update`."""
    options: dict[str, Any] = {}
    for option in route.split(","):
        name, _, value = option.partition("=")
        options[name] = float(value) if value else True
    epochs = options.pop("epochs", None)
    replays = options.pop("replay", False)

    def follow(step: Step) -> None:
        model = Word2Vec.load(step.path)
        model.build_vocab(corpus_file=step.new, update=True)
        model.train(
            corpus_file=step.new,
            total_examples=model.corpus_count,
            epochs=int(epochs or model.epochs),
            update=Update(**options, replay=step.known if replays else None),
        )
        model.save(step.path)

    return follow


def route_of(name: str) -> Callable[[Step], None]:
    """Return the function that updates the model at a path."""
    named = {
        "gensim": update_with_gensim,
        "plain": update_without_options,
        "recommended": update_as_recommended,
    }
    return named[name] if name in named else update_with_options(name)


# --- measurements


class Evaluator:
    """Measures all models on the same words and lines."""

    def __init__(
        self, texts: Texts, base: Word2Vec, reference: Word2Vec, options: argparse.Namespace
    ) -> None:
        self._evaluation = options.evaluation
        self._reference = reference.wv
        known = base.wv.key_to_index
        chosen = random.Random(1).sample(base.wv.index_to_key, min(KEPT_WORDS, len(base.wv)))
        self._chosen = chosen
        self._base_words = list(base.wv.index_to_key)
        self._neighbors = nearest(base.wv, chosen, self._base_words)
        self._frequent = [word for word in reference.wv.index_to_key if word in known][:FREQUENT]
        total = sum(texts.counts, Counter())
        earlier = base.raw_vocab or {}
        self._first, self._later = [], []
        for word in reference.wv.index_to_key:
            if word not in known and total[word] >= MIN_OCCURRENCES:
                in_first = texts.counts[0][word] + earlier.get(word, 0) >= base.min_count
                (self._first if in_first else self._later).append(word)
        self._old, self._new = (
            downsampled(lines, reference, reference.wv.index_to_key)
            for lines in (texts.old_held_out, texts.new_held_out)
        )

    def measure(self, model: Word2Vec) -> dict[str, Any]:
        """Return the figures of a model."""
        wv = model.wv
        figures: dict[str, Any] = quality.evaluate(wv.index_to_key, wv.vectors, self._evaluation)
        figures["words"] = len(wv)
        figures["kept"] = mean_overlap(nearest(wv, self._chosen, self._base_words), self._neighbors)
        figures["old_loss"] = model.evaluate_loss(self._old, seed=NOISE_SEED)
        figures["new_loss"] = model.evaluate_loss(self._new, seed=NOISE_SEED)
        for name, words in (("first_words", self._first), ("later_words", self._later)):
            compared = [word for word in words if word in wv.key_to_index]
            if compared:
                figures[name] = mean_correlation(
                    *(cosines(store, compared, self._frequent) for store in (wv, self._reference))
                )
                figures[f"n_{name}"] = len(compared)
        return figures


# --- command line


def main(argv: Sequence[str] | None = None) -> int:
    """Follow the routes that are missing and print the table; return the exit status."""
    options = make_parser().parse_args(argv)
    options.after = sorted({*(n for n in options.after if n < options.updates), options.updates})
    results = Results(options.results)
    try:
        if not options.table:
            run(options, results)
    except OSError as error:
        print(f"benchmarks.repeated_updates: error: {error}", file=sys.stderr)
        return 1
    print(table(results.read(), options))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.repeated_updates",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--old", required=True, metavar="FILE", help="text of the first training")
    parser.add_argument("--new", required=True, metavar="FILE", help="text of the updates")
    parser.add_argument("--evaluation", required=True, metavar="DIR", help="directory with evaluation sets")
    parser.add_argument(
        "--results", required=True, metavar="FILE", help="results file, one line a measurement"
    )
    parser.add_argument(
        "--directory", required=True, metavar="DIR", help="directory for texts and models that are kept"
    )
    parser.add_argument(
        "--routes", nargs="+", default=list(DEFAULT_ROUTES), metavar="ROUTE",
        help="retrain, gensim, plain, recommended, or options of Update such as replay,anchor=1,epochs=2",
    )  # fmt: skip
    parser.add_argument("--updates", type=number, default=10, help="number of updates (default: 10)")
    parser.add_argument("--lines", type=number, default=12_000, help="lines of an update (default: 12000)")
    parser.add_argument(
        "--after", type=numbers, default=[1, 3], metavar="N,...",
        help="updates after which the models are measured, besides the last (default: 1,3)",
    )  # fmt: skip
    parser.add_argument("--seeds", type=numbers, default=[1])
    parser.add_argument("--workers", type=number, default=1)
    parser.add_argument("--vector-size", type=number, default=100)
    parser.add_argument("--epochs", type=number, default=3)
    parser.add_argument("--table", action="store_true", help="only print the table of the results file")
    return parser


def run(options: argparse.Namespace, results: Results) -> None:
    """Follow and measure every route and seed that is not in the results."""
    quality.check_directory(options.evaluation)
    os.makedirs(options.directory, exist_ok=True)
    texts = Texts.prepare(options)
    work = os.path.join(options.directory, f"work-{os.getpid()}")
    os.makedirs(work, exist_ok=True)
    try:
        reference = load_or_train(
            os.path.join(options.directory, f"reference-{options.updates}-{options.lines}.fw2v"),
            lambda: _train(
                texts.all_text(options.updates, os.path.join(work, "all.txt")), options, REFERENCE_SEED
            ),
        )
        for seed in options.seeds:
            done = {line["route"] for line in results.read() if _matches(line, seed, options)}
            missing = [route for route in ("base", *options.routes) if route not in done]
            if not missing:
                continue
            path = os.path.join(options.directory, f"base-{seed}.fw2v")
            base = load_or_train(path, partial(_train, texts.old, options, seed))
            evaluator = Evaluator(texts, base, reference, options)
            for route in missing:
                for n_updates, figures in _follow(route, texts, path, work, seed, evaluator, options):
                    line = {
                        "route": route, "seed": seed, "updates": n_updates, "of": options.updates,
                        "lines": options.lines, **figures,
                    }  # fmt: skip
                    results.add(line)
                    print(line, file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(work)


def _matches(line: dict[str, Any], seed: int, options: argparse.Namespace) -> bool:
    """Return whether a line of the results is the last one of a route with these options."""
    return (line["seed"], line["of"], line["lines"]) == (seed, options.updates, options.lines) and (
        line["updates"] in (options.updates, 0)
    )


def _follow(
    route: str,
    texts: Texts,
    base: str,
    work: str,
    seed: int,
    evaluator: Evaluator,
    options: argparse.Namespace,
) -> Any:
    """Yield (number of updates, figures) after those updates of a route that are measured."""
    path = os.path.join(work, "model")
    if route == "base":
        yield 0, evaluator.measure(Word2Vec.load(base))
        return
    if route == "retrain":
        for n_updates in options.after:
            text = texts.all_text(n_updates, os.path.join(work, "all.txt"))
            start = time.process_time()
            model = _train(text, options, seed)
            seconds = time.process_time() - start
            yield n_updates, {"cpu_seconds": seconds, **evaluator.measure(model)}
        return
    shutil.copyfile(base, path)
    update, seconds = route_of(route), 0.0
    for i in range(options.updates):
        start = time.process_time()
        update(Step(texts, i, path, options))
        seconds += time.process_time() - start
        if i + 1 in options.after:
            yield i + 1, {"cpu_seconds": seconds, **evaluator.measure(Word2Vec.load(path))}


def _train(text: str, options: argparse.Namespace, seed: int) -> Word2Vec:
    model = Word2Vec(
        sg=1, vector_size=options.vector_size, epochs=options.epochs, workers=options.workers, seed=seed
    )
    model.build_vocab(corpus_file=text, keep_raw_vocab=True)
    model.train(corpus_file=text, total_examples=model.corpus_count, epochs=model.epochs)
    return model


def table(lines: list[dict[str, Any]], options: argparse.Namespace) -> str:
    """Return the table of the means over the seeds, one part for each number of updates."""
    lines = [line for line in lines if (line["of"], line["lines"]) == (options.updates, options.lines)]
    routes = list(dict.fromkeys(line["route"] for line in lines))
    rows = [["route", "updates", "seeds", *(title for title, _ in COLUMNS.values())]]
    for route in routes:
        for n_updates in (0, *options.after):
            chosen = [line for line in lines if (line["route"], line["updates"]) == (route, n_updates)]
            if chosen:
                rows.append([route, str(n_updates), str(len(chosen)), *mean_cells(chosen, COLUMNS)])
    return markdown(rows, left={0})


if __name__ == "__main__":
    sys.exit(main())
