"""``python -m benchmarks.incremental --old FILE --new FILE --evaluation DIR``: three ways to learn from new text.

A model is trained on the old text. Then the new text comes, and is learnt

* from scratch: a new model of both texts, their lines shuffled;
* as gensim updates: ``build_vocab(update=True)`` and ``train`` with the settings of the first training, by gensim
  itself where it is installed, and by fastw2v;
* by an update under control: new words judged on merged counts, and `Update` as the routes below say.

What is measured of each: quality on the old text (analogies, word pairs, loss of lines of it), on the new text (loss of
lines kept aside, in all and around words that only the new text has; and for those words, how far their nearest
neighbours and their similarities to frequent words agree with a second model trained from scratch on both texts), how
many neighbours the old words kept, and time. One line of JSON a model goes to ``--results``; what has a line there is
not trained again. The models of the old text and the reference are kept in ``--models``.
"""

from __future__ import annotations

import argparse
import copy
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import quality
from benchmarks.arguments import names, number, numbers
from benchmarks.seeds import Results
from benchmarks.table import markdown
from fastw2v import KeyedVectors, Update, Word2Vec
from fastw2v.vocabulary import sampling
from fastw2v.common.files import open_input

Lines = list[list[str]]

KEPT_ASIDE = 50  # every so many lines of the new text
OLD_SAMPLE = 2_000  # lines of the old text that its loss is measured on
LEAST_SEEN = 10  # occurrences in the new text of the words whose neighbours are compared
FREQUENT = 3_000
TOPN = 10
NOISE_SEED = 1  # of held-out losses
REFERENCE_SEED = 99  # of the model that neighbours are compared with

COLUMNS = {
    "analogies": ("analogies", "{:.3f}"),
    "ws353": ("WordSim-353", "{:.3f}"),
    "simlex": ("SimLex-999", "{:.3f}"),
    "old_loss": ("loss, old", "{:.3f}"),
    "kept": ("neighbours kept", "{:.2f}"),
    "new_loss": ("loss, new", "{:.3f}"),
    "new_words_loss": ("loss, new words", "{:.3f}"),
    "neighbours": ("neighbours, new words", "{:.2f}"),
    "similarities": ("similarities, new words", "{:.2f}"),
    "cpu_seconds": ("CPU s", "{:.0f}"),
}


@dataclass
class Texts:
    """Old and new text, and what is kept aside of them."""

    old: Lines
    new: Lines
    aside: Lines
    both: Lines = field(default_factory=list)

    @classmethod
    def read(cls, old: str, new: str) -> Texts:
        """Read both files; every so many lines of the new one are kept aside."""
        lines = _lines(new)
        texts = cls(
            _lines(old), [line for i, line in enumerate(lines) if i % KEPT_ASIDE], lines[::KEPT_ASIDE]
        )
        texts.both = texts.old + texts.new
        random.Random(0).shuffle(texts.both)
        return texts


def _lines(path: str) -> Lines:
    with open_input(path) as file:
        return [line.decode("utf8").split() for line in file]


# --- routes: how a model of the old text learns the new one


def retrained(base: Word2Vec, texts: Texts, options: dict[str, Any]) -> Word2Vec:
    """A new model of both texts."""
    return Word2Vec(texts.both, **options)


def updated_by_gensim(base: Word2Vec, texts: Texts, options: dict[str, Any]) -> Word2Vec:
    """gensim's own update of gensim's own file."""
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


def updated_plainly(base: Word2Vec, texts: Texts, options: dict[str, Any]) -> Word2Vec:
    """The same calls, to fastw2v."""
    base.raw_vocab = None
    base.build_vocab(texts.new, update=True)
    base.train(texts.new, total_examples=base.corpus_count, epochs=base.epochs)
    return base


def under_control(control: Callable[[Texts], Update]) -> Callable[..., Word2Vec]:
    """An update with its controls."""

    def route(base: Word2Vec, texts: Texts, options: dict[str, Any]) -> Word2Vec:
        base.build_vocab(texts.new, update=True)
        base.train(texts.new, total_examples=base.corpus_count, epochs=base.epochs, update=control(texts))
        return base

    return route


ROUTES: dict[str, Callable[..., Word2Vec]] = {
    "retrain": retrained,
    "gensim": updated_by_gensim,
    "plain": updated_plainly,
    "frozen": under_control(lambda texts: Update(lockf=0.0, outputs=True)),
    "anchored": under_control(lambda texts: Update(anchor=1.0, outputs=True)),
    "replay": under_control(lambda texts: Update(replay=texts.old)),
    "replay-anchored": under_control(lambda texts: Update(replay=texts.old, anchor=1.0, outputs=True)),
}


# --- what is measured


class Judge:
    """Measures models against each other on what they all know."""

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
        self._compared = {word for word in self._only_new if seen[word] >= LEAST_SEEN}
        sample = random.Random(1).sample(texts.old, min(OLD_SAMPLE, len(texts.old)))
        self._old, self._aside = (self._as_trained(lines, reference) for lines in (sample, texts.aside))
        reach = reference.window
        self._around = [
            line[max(place - reach, 0) : place + reach + 1]
            for line in self._aside
            for place, word in enumerate(line)
            if word in self._only_new
        ]

    def _as_trained(self, lines: Lines, reference: Word2Vec) -> Lines:
        """The lines as a training would see them: without unknown words, frequent ones thinned out."""
        counts = reference.wv.expandos["count"]
        threshold = sampling.subsample_threshold(int(counts.sum()), reference.sample)
        probabilities = sampling.keep_probabilities(counts, threshold)
        keep = {word: probabilities[reference.wv.key_to_index[word]] for word in self._words}
        draw = random.Random(2).random
        return [[word for word in line if draw() < keep.get(word, 0)] for line in lines]

    def measure(self, model: Word2Vec) -> dict[str, Any]:
        """Return the figures of a model; those of new words are missing where it does not know them."""
        figures: dict[str, Any] = quality.evaluate(model.wv.index_to_key, model.wv.vectors, self._evaluation)
        figures["words"] = len(model.wv)
        figures["kept"] = model.drift(self._before, topn=TOPN).mean_overlap
        figures["old_loss"] = model.evaluate_loss(self._old, seed=NOISE_SEED)
        if self._only_new <= model.wv.key_to_index.keys():
            figures["new_loss"] = model.evaluate_loss(self._aside, seed=NOISE_SEED)
            figures["new_words_loss"] = model.evaluate_loss(self._around, seed=NOISE_SEED)
            figures |= self._agreement(model.wv)
        return figures

    def _agreement(self, wv: KeyedVectors) -> dict[str, float]:
        """How far new words have the neighbours and similarities that they have in the reference."""
        new = np.flatnonzero([word in self._compared for word in self._words])
        ours, theirs = (_similarities(store, self._words, new) for store in (wv, self._reference))
        nearest = [np.argpartition(-scores, TOPN, axis=1)[:, :TOPN] for scores in (ours, theirs)]
        shared = [len(np.intersect1d(a, b)) / TOPN for a, b in zip(*nearest, strict=True)]
        frequent = slice(0, FREQUENT)
        alike = [np.corrcoef(a[frequent], b[frequent])[0, 1] for a, b in zip(ours, theirs, strict=True)]
        return {
            "new_words": len(new),
            "neighbours": float(np.mean(shared)),
            "similarities": float(np.mean(alike)),
        }


def _similarities(wv: KeyedVectors, words: list[str], queries: NDArray[np.intp]) -> NDArray[np.float32]:
    """Cosines of some of `words` with all of them; each word's with itself are -1."""
    matrix = wv.subset(words).get_normed_vectors()
    scores: NDArray[np.float32] = matrix[queries] @ matrix.T
    scores[np.arange(len(queries)), queries] = -1
    return scores


# --- the run


def main(argv: Sequence[str] | None = None) -> int:
    """Train and measure what is missing, and print the table; return the exit status."""
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
        prog="python -m benchmarks.incremental", description=__doc__.split("\n\n")[1]
    )
    parser.add_argument(
        "--old", required=True, metavar="FILE", help="the text that the model knows; compressed or not"
    )
    parser.add_argument("--new", required=True, metavar="FILE", help="the text that comes later")
    parser.add_argument(
        "--evaluation", required=True, metavar="DIR", help="with questions-words.txt and the like"
    )
    parser.add_argument(
        "--results", required=True, metavar="FILE", help="one line of JSON a model is added here"
    )
    parser.add_argument(
        "--models", metavar="DIR", help="keep the models of the old text and the reference here"
    )
    parser.add_argument("--routes", type=names(ROUTES), default=list(ROUTES), help=f"of {','.join(ROUTES)}")
    parser.add_argument("--seeds", type=numbers, default=[1])
    parser.add_argument("--workers", type=number, default=os.cpu_count() or 1)
    parser.add_argument("--vector-size", type=number, default=100)
    parser.add_argument("--epochs", type=number, default=5)
    return parser


def run(options: argparse.Namespace, results: Results, directory: str) -> None:
    """Train and measure every route and seed that the results lack."""
    done = {(line["route"], line["seed"]) for line in results.read()}
    missing = {
        seed: [route for route in ("old only", *options.routes) if (route, seed) not in done]
        for seed in options.seeds
    }
    if not any(missing.values()):
        return
    quality.check_directory(options.evaluation)
    texts = Texts.read(options.old, options.new)
    settings = {
        "sg": 1, "vector_size": options.vector_size, "epochs": options.epochs, "workers": options.workers,
    }  # fmt: skip
    reference = _kept(directory, "reference", texts.both, {**settings, "seed": REFERENCE_SEED})
    for seed, routes in missing.items():
        settings["seed"] = seed
        base = _kept(directory, f"old-{seed}", texts.old, settings) if routes else None
        judge = Judge(texts, base, reference, options.evaluation) if base is not None else None
        for route in routes:
            assert base is not None
            assert judge is not None
            model, start = copy.deepcopy(base), (time.process_time(), time.perf_counter())
            if route in ROUTES:
                model = ROUTES[route](model, texts, settings)
            seconds = time.process_time() - start[0], time.perf_counter() - start[1]
            figures = {"cpu_seconds": seconds[0], "seconds": seconds[1], **judge.measure(model)}
            results.add({"route": route, "seed": seed, **figures})
            print(f"{route}, seed {seed}: {figures}", file=sys.stderr)


def _kept(directory: str, name: str, lines: Lines, settings: dict[str, Any]) -> Word2Vec:
    """A model from `directory`, trained and put there where it is missing."""
    path = os.path.join(directory, f"{name}.fw2v")
    if not os.path.exists(path):
        model = Word2Vec(**settings)
        model.build_vocab(lines, keep_raw_vocab=True)
        model.train(lines, total_examples=len(lines), epochs=model.epochs)
        model.save(path)
    return Word2Vec.load(path)


def table(lines: list[dict[str, Any]]) -> str:
    """Return the table: means over the seeds."""
    rows = [["route", *(title for title, _ in COLUMNS.values())]]
    for route in ("old only", *ROUTES):
        of_route = [line for line in lines if line["route"] == route]
        if of_route:
            rows.append([f"{route} (n={len(of_route)})", *(_mean(of_route, name) for name in COLUMNS)])
    return markdown(rows, left={0})


def _mean(lines: list[dict[str, Any]], name: str) -> str:
    values = [line[name] for line in lines if line.get(name) is not None]
    return COLUMNS[name][1].format(statistics.fmean(values)) if values else "-"


if __name__ == "__main__":
    sys.exit(main())
