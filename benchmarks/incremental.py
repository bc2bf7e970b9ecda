"""Compare ways to update a model with new text.

    python -m benchmarks.incremental --old FILE --new FILE --evaluation DIR --results FILE

A model is trained on the old text and then updated with the new text by several methods:

* retrain: train a new model on both texts, with the lines shuffled;
* gensim, plain: ``build_vocab(update=True)`` and ``train`` with the settings of the first training, by gensim and by
  fastw2v;
* the other methods: the same calls with the options of `Update` that `METHODS` lists.

Measured for each method:

* quality on the old text: analogies, word similarities, the loss of a sample of its lines, and the fraction of nearest
  neighbors that the old words keep;
* quality on the new text: the loss of held-out lines, in total and around words that only the new text contains. For
  these words also the agreement of their nearest neighbors, and of their similarities to frequent words, with a
  reference model that was trained from scratch on both texts with another seed;
* CPU time.

Each model adds one line of JSON to the file of ``--results``. Models in that file are not trained again. The models of
the old text and the reference model are saved in the directory of ``--models``.
"""

from __future__ import annotations

import argparse
import copy
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import quality
from benchmarks.arguments import names, number, numbers
from benchmarks.results_file import Results
from benchmarks.table import markdown
from benchmarks.update_figures import (
    FREQUENT,
    MIN_OCCURRENCES,
    NOISE_SEED,
    REFERENCE_SEED,
    TOPN,
    Sentences,
    cosines,
    downsampled,
    load_or_train,
    mean_cells,
    mean_correlation,
    mean_overlap,
    nearest,
)
from fastw2v import KeyedVectors, Update, Word2Vec
from fastw2v.common.files import open_input

HELD_OUT_EVERY = 50  # every 50th line of the new text is held out
OLD_SAMPLE = 2_000  # number of lines of the old text whose loss is measured

COLUMNS = {
    "analogies": ("analogies", "{:.3f}"),
    "ws353": ("WordSim-353", "{:.3f}"),
    "simlex": ("SimLex-999", "{:.3f}"),
    "old_loss": ("loss, old", "{:.3f}"),
    "kept": ("neighbors kept", "{:.2f}"),
    "new_loss": ("loss, new", "{:.3f}"),
    "new_words_loss": ("loss, new words", "{:.3f}"),
    "neighbors": ("neighbors, new words", "{:.2f}"),
    "similarities": ("similarities, new words", "{:.2f}"),
    "cpu_seconds": ("CPU s", "{:.0f}"),
}


@dataclass
class Texts:
    """The old text, the new text, and held-out lines of the new text."""

    old: Sentences
    new: Sentences
    held_out: Sentences
    both: Sentences = field(default_factory=list)

    @classmethod
    def read(cls, old: str, new: str) -> Texts:
        """Read both files; every `HELD_OUT_EVERY`-th line of the new text is held out."""
        lines = _lines(new)
        texts = cls(
            _lines(old), [line for i, line in enumerate(lines) if i % HELD_OUT_EVERY], lines[::HELD_OUT_EVERY]
        )
        texts.both = texts.old + texts.new
        random.Random(0).shuffle(texts.both)
        return texts


def _lines(path: str) -> Sentences:
    with open_input(path) as file:
        return [line.decode("utf8").split() for line in file]


# --- methods of updating a model with the new text


def retrain(base: Word2Vec, texts: Texts, options: dict[str, Any]) -> Word2Vec:
    """Return a new model of both texts."""
    return Word2Vec(texts.both, **options)


def update_with_gensim(base: Word2Vec, texts: Texts, options: dict[str, Any]) -> Word2Vec:
    """Update the model with gensim, through files of gensim."""
    from gensim.models import Word2Vec as GensimWord2Vec

    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "model")
        base.raw_vocab = None
        base.save_gensim(path)
        model = GensimWord2Vec.load(path)
        model.workers = options["workers"]
        model.build_vocab(texts.new, update=True)
        model.train(texts.new, total_examples=model.corpus_count, epochs=model.epochs)
        model.save(path)
        return Word2Vec.load(path)


def update_without_options(base: Word2Vec, texts: Texts, options: dict[str, Any]) -> Word2Vec:
    """Update the model with the same calls as gensim."""
    base.raw_vocab = None
    base.build_vocab(texts.new, update=True)
    base.train(texts.new, total_examples=base.corpus_count, epochs=base.epochs)
    return base


def update_with(make_update: Callable[[Texts], Update]) -> Callable[..., Word2Vec]:
    """Return the method that passes an `Update` to ``train``."""

    def method(base: Word2Vec, texts: Texts, options: dict[str, Any]) -> Word2Vec:
        base.build_vocab(texts.new, update=True)
        base.train(texts.new, total_examples=base.corpus_count, epochs=base.epochs, update=make_update(texts))
        return base

    return method


METHODS: dict[str, Callable[..., Word2Vec]] = {
    "retrain": retrain,
    "gensim": update_with_gensim,
    "plain": update_without_options,
    "frozen": update_with(lambda texts: Update(lockf=0.0, outputs=True)),
    "anchored": update_with(lambda texts: Update(anchor=1.0, outputs=True)),
    "replay": update_with(lambda texts: Update(replay=texts.old)),
    "replay-anchored": update_with(lambda texts: Update(replay=texts.old, anchor=1.0, outputs=True)),
}


# --- measurements


class Evaluator:
    """Measures all models on the same words and lines."""

    def __init__(self, texts: Texts, base: Word2Vec, reference: Word2Vec, evaluation: str) -> None:
        self._evaluation = evaluation
        self._reference = reference.wv
        self._before = base.wv.subset(base.wv.index_to_key)
        known = base.wv.key_to_index
        seen = Counter(word for line in texts.new for word in line)
        self._words = [
            word for word in reference.wv.index_to_key if word in known or seen[word] >= base.min_count
        ]
        self._only_new = {word for word in self._words if word not in known}
        self._compared = {word for word in self._only_new if seen[word] >= MIN_OCCURRENCES}
        sample = random.Random(1).sample(texts.old, min(OLD_SAMPLE, len(texts.old)))
        self._old, self._held_out = (
            downsampled(lines, reference, self._words) for lines in (sample, texts.held_out)
        )
        window = reference.window
        self._around = [
            line[max(position - window, 0) : position + window + 1]
            for line in self._held_out
            for position, word in enumerate(line)
            if word in self._only_new
        ]

    def measure(self, model: Word2Vec) -> dict[str, Any]:
        """Return the figures of a model; those of the new words only if the model contains all of them."""
        figures: dict[str, Any] = quality.evaluate(model.wv.index_to_key, model.wv.vectors, self._evaluation)
        figures["words"] = len(model.wv)
        figures["kept"] = model.drift(self._before, topn=TOPN).mean_overlap
        figures["old_loss"] = model.evaluate_loss(self._old, seed=NOISE_SEED)
        if self._only_new <= model.wv.key_to_index.keys():
            figures["new_loss"] = model.evaluate_loss(self._held_out, seed=NOISE_SEED)
            figures["new_words_loss"] = model.evaluate_loss(self._around, seed=NOISE_SEED)
            figures |= self._agreement(model.wv)
        return figures

    def _agreement(self, wv: KeyedVectors) -> dict[str, float]:
        """Return how well the neighbors and similarities of new words agree with the reference model."""
        new = [word for word in self._words if word in self._compared]
        frequent = self._words[:FREQUENT]
        stores = (wv, self._reference)
        return {
            "new_words": len(new),
            "neighbors": mean_overlap(*(nearest(store, new, self._words) for store in stores)),
            "similarities": mean_correlation(*(cosines(store, new, frequent) for store in stores)),
        }


# --- command line


def main(argv: Sequence[str] | None = None) -> int:
    """Train and measure the models that are missing and print the table; return the exit status."""
    options = make_parser().parse_args(argv)
    results = Results(options.results)
    try:
        with tempfile.TemporaryDirectory() as temporary:
            run(options, results, options.models or temporary)
    except OSError as error:
        print(f"benchmarks.incremental: error: {error}", file=sys.stderr)
        return 1
    print(table(results.read()))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.incremental",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--old", required=True, metavar="FILE", help="text of the first training, plain or compressed"
    )
    parser.add_argument("--new", required=True, metavar="FILE", help="text of the update")
    parser.add_argument("--evaluation", required=True, metavar="DIR", help="directory with evaluation sets")
    parser.add_argument(
        "--results",
        required=True,
        metavar="FILE",
        help="results file with one line of JSON per model; models in it are skipped",
    )
    parser.add_argument(
        "--models",
        metavar="DIR",
        help="directory for the models of the old text and the reference model (default: a temporary one)",
    )
    parser.add_argument(
        "--methods",
        type=names(METHODS),
        default=list(METHODS),
        help=f"methods, of {','.join(METHODS)} (default: all)",
    )
    parser.add_argument("--seeds", type=numbers, default=[1])
    parser.add_argument("--workers", type=number, default=os.cpu_count() or 1)
    parser.add_argument("--vector-size", type=number, default=100)
    parser.add_argument("--epochs", type=number, default=5)
    return parser


def run(options: argparse.Namespace, results: Results, directory: str) -> None:
    """Train and measure every method and seed that is not in the results."""
    done = {(line["method"], line["seed"]) for line in results.read()}
    missing = {
        seed: [method for method in ("old only", *options.methods) if (method, seed) not in done]
        for seed in options.seeds
    }
    if not any(missing.values()):
        return
    quality.check_directory(options.evaluation)
    texts = Texts.read(options.old, options.new)
    settings = {
        "sg": 1, "vector_size": options.vector_size, "epochs": options.epochs, "workers": options.workers,
    }  # fmt: skip
    reference = _load_or_train(directory, "reference", texts.both, {**settings, "seed": REFERENCE_SEED})
    for seed, methods in missing.items():
        settings["seed"] = seed
        base = _load_or_train(directory, f"old-{seed}", texts.old, settings) if methods else None
        evaluator = Evaluator(texts, base, reference, options.evaluation) if base is not None else None
        for method in methods:
            assert base is not None
            assert evaluator is not None
            model, start = copy.deepcopy(base), (time.process_time(), time.perf_counter())
            if method in METHODS:
                model = METHODS[method](model, texts, settings)
            seconds = time.process_time() - start[0], time.perf_counter() - start[1]
            figures = {"cpu_seconds": seconds[0], "seconds": seconds[1], **evaluator.measure(model)}
            results.add({"method": method, "seed": seed, **figures})
            print(f"{method}, seed {seed}: {figures}", file=sys.stderr)


def _load_or_train(directory: str, name: str, lines: Sentences, settings: dict[str, Any]) -> Word2Vec:
    """Return the model `name` in `directory`; train and save it if it is missing."""

    def train() -> Word2Vec:
        model = Word2Vec(**settings)
        model.build_vocab(lines, keep_raw_vocab=True)
        model.train(lines, total_examples=len(lines), epochs=model.epochs)
        return model

    return load_or_train(os.path.join(directory, f"{name}.fw2v"), train)


def table(lines: list[dict[str, Any]]) -> str:
    """Return the table of the means over the seeds."""
    rows = [["method", *(title for title, _ in COLUMNS.values())]]
    for method in ("old only", *METHODS):
        of_method = [line for line in lines if line["method"] == method]
        if of_method:
            rows.append([f"{method} (n={len(of_method)})", *mean_cells(of_method, COLUMNS)])
    return markdown(rows, left={0})


if __name__ == "__main__":
    sys.exit(main())
