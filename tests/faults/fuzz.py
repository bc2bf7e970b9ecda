"""The fuzz run: every target of `targets`, and the corpus of what it found.

What it found is one input for each outcome, in `corpus.json`: the tests try them all again.
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
_LONGEST_KEPT = 1500
_KEPT = 40  # inputs a target


def corpus() -> dict[str, list[bytes]]:
    """Inputs of earlier runs that led to outcomes of their own, by target."""
    if not CORPUS.exists():
        return {}
    return {
        name: [base64.b64decode(text) for text in texts]
        for name, texts in json.loads(CORPUS.read_text()).items()
    }


def fuzz(name: str, inputs: int, seed: int = 0) -> harness.Tally:
    """Try so many inputs on one target."""
    target = TARGETS[name]
    seeds = [*target.seeds(), *corpus().get(name, [])]
    return harness.try_all(Mutator(seeds, target.words, seed), target.act, target.kinds, inputs)


def again(name: str) -> harness.Tally:
    """Try what earlier runs found on one target."""
    target = TARGETS[name]
    known = corpus().get(name, [])
    return harness.try_all(harness.Listed(known), target.act, target.kinds, len(known))


def keep(found: dict[str, dict[str, bytes]]) -> None:
    """Add what was found to the corpus, the shortest first."""
    known = corpus()
    for name, outcomes in found.items():
        inputs = {*known.get(name, []), *(data for data in outcomes.values() if len(data) <= _LONGEST_KEPT)}
        known[name] = sorted(inputs, key=lambda data: (len(data), data))[:_KEPT]
    texts = {
        name: [base64.b64encode(data).decode() for data in inputs] for name, inputs in sorted(known.items())
    }
    CORPUS.write_text(json.dumps(texts, indent=1) + "\n")


def main(inputs: int = 1_000_000, seed: int = 0, update: bool = False) -> None:
    """Share `inputs` out among the targets, as many at a time as there are cores; print the figures."""
    shares = sum(target.share for target in TARGETS.values())
    names = sorted(TARGETS, key=lambda name: -TARGETS[name].share)
    total = harness.Tally()
    found = {}
    numbers = [-(-inputs * TARGETS[name].share // shares) for name in names]
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("fork")) as pool:
        tallies = pool.map(fuzz, names, numbers, [seed] * len(names))
        for name, tally in zip(names, tallies, strict=True):
            print(tally.line(name), flush=True)
            for what, data in tally.failures:
                print(f"    {what}: {data!r:.400}")
            found[name] = tally.found
            total.add(tally)
    print(total.line("in all"))
    if update:
        keep(found)
    if total.failures:
        raise SystemExit(1)
