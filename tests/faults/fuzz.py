"""Fuzzing: random inputs for every parser in `targets`.

`corpus.json` contains, for each parser, one input per outcome that earlier runs reached. The tests try them all again.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from . import harness
from .mutation import Mutator
from .targets import TARGETS

CORPUS = Path(__file__).with_name("corpus.json")
_MAX_LENGTH = 1500  # bytes of an input in the corpus
_MAX_INPUTS = 40  # per target in the corpus


def corpus() -> dict[str, list[bytes]]:
    """Return the inputs of the corpus by target."""
    if not CORPUS.exists():
        return {}
    return {
        name: [base64.b64decode(text) for text in texts]
        for name, texts in json.loads(CORPUS.read_text()).items()
    }


def fuzz(name: str, inputs: int, seed: int = 0) -> harness.Tally:
    """Try `inputs` random inputs on the target `name`."""
    target = TARGETS[name]
    seeds = [*target.seeds(), *corpus().get(name, [])]
    return harness.try_all(Mutator(seeds, target.words, seed), target.parse, target.exceptions, inputs)


def replay_corpus(name: str) -> harness.Tally:
    """Try the inputs of the corpus on the target `name`."""
    target = TARGETS[name]
    known = corpus().get(name, [])
    return harness.try_all(harness.FixedInputs(known), target.parse, target.exceptions, len(known))


def add_to_corpus(found: dict[str, dict[str, bytes]]) -> None:
    """Add inputs to the corpus and keep the shortest ones of each target."""
    known = corpus()
    for name, outcomes in found.items():
        inputs = {*known.get(name, []), *(data for data in outcomes.values() if len(data) <= _MAX_LENGTH)}
        known[name] = sorted(inputs, key=lambda data: (len(data), data))[:_MAX_INPUTS]
    texts = {
        name: [base64.b64encode(data).decode() for data in inputs] for name, inputs in sorted(known.items())
    }
    CORPUS.write_text(json.dumps(texts, indent=1) + "\n")


def main(inputs: int = 1_000_000, seed: int = 0, update: bool = False) -> None:
    """Distribute `inputs` among the targets by their weights, one process per core, and print the results."""
    total_weight = sum(target.weight for target in TARGETS.values())
    names = sorted(TARGETS, key=lambda name: -TARGETS[name].weight)
    total = harness.Tally()
    found = {}
    numbers = [-(-inputs * TARGETS[name].weight // total_weight) for name in names]
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("fork")) as pool:
        tallies = pool.map(fuzz, names, numbers, [seed] * len(names))
        for name, tally in zip(names, tallies, strict=True):
            print(tally.line(name), flush=True)
            for what, data in tally.failures:
                print(f"    {what}: {data!r:.400}")
            found[name] = tally.found
            total.add(tally)
    print(total.line("total"))
    if update:
        add_to_corpus(found)
    if total.failures:
        raise SystemExit(1)
