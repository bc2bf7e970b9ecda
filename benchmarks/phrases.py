"""Phrases against gensim: the time to count them, to join them and to export them.

``python -m benchmarks.phrases --corpus TEXT`` measures both libraries in turn, in one process, and prints the medians.
The results of both are compared.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import gensim.models.phrases as theirs
from gensim.models.word2vec import LineSentence as TheirLineSentence

from fastw2v import LineSentence, phrases as ours

Task = Callable[[], Any]


def tasks(corpus: str) -> dict[str, tuple[Task, Task]]:
    """Return what to measure: for each task a function of fastw2v and one of gensim, with equal results."""
    with open(corpus, encoding="utf-8") as lines:
        sentences = [line.split() for line in lines]
    models = ours.Phrases(sentences), theirs.Phrases(sentences)
    frozen = [model.freeze() for model in models]
    readers = LineSentence(corpus), TheirLineSentence(corpus)

    def fit(which: int, text: Any, **options: Any) -> Task:
        module: Any = (ours, theirs)[which]

        def task() -> Any:
            model = module.Phrases(text, **options)
            return len(model.vocab), model.corpus_word_count

        return task

    def join(phrases: Any, text: Any) -> Task:
        return lambda: sum(map(len, phrases[text]))

    def first_join() -> Any:
        models[0]._forget_matcher()
        return join(models[0], sentences)()

    words = ours.ENGLISH_CONNECTOR_WORDS
    return {
        "count, from a file": (fit(0, readers[0]), fit(1, readers[1])),
        "count, from a list": (fit(0, sentences), fit(1, sentences)),
        "count, with connector words": (
            fit(0, sentences, connector_words=words),
            fit(1, sentences, connector_words=words),
        ),
        "export": (models[0].export_phrases, models[1].export_phrases),
        "join by `Phrases`, the first time": (first_join, join(models[1], sentences)),
        "join by `Phrases`, later": (join(models[0], sentences), join(models[1], sentences)),
        "join by `FrozenPhrases`": (join(frozen[0], sentences), join(frozen[1], sentences)),
        "join by `FrozenPhrases`, from a file": (join(frozen[0], readers[0]), join(frozen[1], readers[1])),
    }


def measure(pair: tuple[Task, Task], rounds: int) -> list[float]:
    """Return the median seconds of both functions, which are called in turn."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        results = []
        for task, times in zip(pair, seconds, strict=True):
            start = time.perf_counter()
            results.append(task())
            times.append(time.perf_counter() - start)
        assert results[0] == results[1], "the libraries give different results"
    return [statistics.median(times) for times in seconds]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="a text with one sentence per line")
    parser.add_argument("--rounds", type=int, default=5, help="calls of each function (default: 5)")
    options = parser.parse_args()
    print("| task | fastw2v | gensim | speedup |\n| --- | ---: | ---: | ---: |")
    for name, pair in tasks(options.corpus).items():
        mine, other = measure(pair, options.rounds)
        print(f"| {name} | {mine:.2f} s | {other:.2f} s | {other / mine:.1f} |", flush=True)


if __name__ == "__main__":
    main()
